//! Reads names that no table holds: where one may begin, how far it goes, and its text in a slot.
//!
//! Whose name it is, is decided in [`who`]. Values are lower case and as the customer wrote them,
//! without articles and possessives.

mod who;

use std::ops::Range;

use super::cue::Cue;
use super::scan::{Scan, Taken};
use super::token::Kind;
use super::vocabulary::Words;

/// The longest name in words.
const LONGEST: usize = 4;

/// How a name is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// A shop, a bill, a place.
    Thing,
    /// A person, who may be described: "la señora de la limpieza".
    Person,
}

impl Scan<'_> {
    /// The text of a name in a slot: lower case, without a possessive, and without the relation
    /// where a name follows it ("my friend Carlos").
    pub(super) fn name_text(&self, tokens: Range<usize>) -> String {
        let next = tokens.start + 1;
        let named = next < tokens.end
            && self.is(tokens.start, Cue::Relation)
            && self
                .token(next)
                .is_some_and(|token| token.kind == Kind::Word && !token.entry.function);
        let start = tokens.start + usize::from(named);
        let text = self.text.slice(start..tokens.end).to_lowercase();
        let edge = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | ',' | '.' | '?' | '!');
        let text = text.trim_matches(edge);
        // A shop is called that: "domino's", "wendy's".
        let brand = self.grammar.vocabulary.brands.at(&self.context(), start);
        if brand.is_some_and(|brand| brand.tokens.end == tokens.end && brand.value.ends_with("'s"))
        {
            return text.to_owned();
        }
        let bare = text
            .strip_suffix("'s")
            .or_else(|| text.strip_suffix("’s"))
            .unwrap_or(text);
        // "my moms account": the apostrophe is often left out.
        let person = bare
            .strip_suffix('s')
            .filter(|person| tokens.len() == 1 && self.grammar.vocabulary.people.holds(person));
        person.unwrap_or(bare).to_owned()
    }

    /// The names that follow such a cue, from left to right.
    fn after(&self, cue: Cue, style: Style) -> impl Iterator<Item = Range<usize>> + '_ {
        (0..self.len())
            .filter(move |at| {
                self.is(*at, cue) && (self.is_free(*at) || self.taken(*at) == Some(Taken::Count))
            })
            .filter_map(move |at| {
                let start = self.skip_determiners(at + 1);
                let end = self.name_end(start, style);
                (end > start).then_some(start..end)
            })
    }

    /// Past articles, possessives and amounts.
    fn skip_determiners(&self, at: usize) -> usize {
        let mut at = at;
        while self.is(at, Cue::Determiner) && self.is_free(at)
            || self.taken(at) == Some(Taken::Money)
        {
            at += 1;
        }
        at
    }

    fn name_end(&self, start: usize, style: Style) -> usize {
        let most = start + LONGEST + 2;
        let mut end = start;
        while end < self.len() && end < most {
            if self.is_name(end) || self.is_inside_name(start, end) {
                end += 1;
                continue;
            }
            let of = style == Style::Person
                && end > start
                && matches!(self.word(end), "de" | "del" | "of");
            let next = end
                + 1
                + usize::from(matches!(
                    self.word(end + 1),
                    "la" | "los" | "el" | "las" | "the"
                ));
            if !(of && self.is_name(next)) {
                break;
            }
            end = next + 1;
        }
        end.min(most)
    }

    /// "at&t", "coca-cola", "amazon.com", "7-eleven": signs and numbers inside a name.
    fn is_inside_name(&self, start: usize, at: usize) -> bool {
        let glued = |at: usize| self.token(at).is_some_and(|token| token.glued);
        self.token(at).is_some_and(|token| match token.kind {
            Kind::Sign(sign) => {
                let joins = matches!(sign, '&' | '-' | '.' | '*' | '/' | '_' | '+' | '#' | '\'');
                (joins && glued(at) && glued(at + 1))
                    || (sign == '&' && at > start && self.is_name(at + 1))
            }
            Kind::Number => at > start && token.glued && self.is_free(at),
            _ => false,
        })
    }

    /// The name that ends before a token.
    fn back_from(&self, end: usize) -> Option<Range<usize>> {
        let mut start = end;
        while start > 0 && end - start < LONGEST {
            let at = start - 1;
            let joined = self.token(at).is_some_and(|token| {
                token.glued
                    && matches!(token.kind, Kind::Sign('&' | '-' | '.' | '*'))
                    && self.token(at + 1).is_some_and(|next| next.glued)
            });
            if !(self.is_name(at) || joined) {
                break;
            }
            start = at;
        }
        (start < end && self.text.slice(start..end).len() > 1).then_some(start..end)
    }

    /// The names that end before such a cue.
    fn before_cue(&self, cue: Cue) -> impl Iterator<Item = Range<usize>> + '_ {
        (1..self.len())
            .filter(move |at| self.is(*at, cue))
            .filter_map(|at| self.back_from(at))
    }

    /// The words right after an amount: "zelle 40 mom", "50 a jessica".
    fn after_amount(&self) -> Option<Range<usize>> {
        self.amounts.iter().find_map(|amount| {
            let start = self.skip_determiners(amount.tokens.end);
            let end = self.name_end(start, Style::Person);
            (end > start).then_some(start..end)
        })
    }

    /// Words that begin with a capital where no sentence does.
    fn capitals(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        // A shouted message has capitals everywhere.
        let words = self
            .text
            .tokens
            .iter()
            .filter(|token| token.kind == Kind::Word);
        let capitals = words.clone().filter(|token| token.capital).count();
        let shouted = capitals * 2 > words.count().max(3);
        let capital = move |at: usize| {
            !shouted && self.is_name(at) && self.token(at).is_some_and(|token| token.capital)
        };
        let mut next = 1;
        std::iter::from_fn(move || {
            while next < self.len() {
                let start = next;
                let begins = matches!(
                    self.token(start - 1).map(|token| token.kind),
                    Some(Kind::Sign('.' | '!' | '?' | '¿' | '¡') | Kind::Break)
                );
                let length = (start..start + LONGEST)
                    .take_while(|at| capital(*at))
                    .count();
                next = start + length.max(1);
                if length > 0 && !begins {
                    return Some(start..start + length);
                }
            }
            None
        })
    }

    /// "SQ *BLUE BOTTLE", "AMZN MKTP US*2K4QX1": as printed on a statement.
    fn statement_code(&self) -> Option<Range<usize>> {
        let word_after = |at: usize| {
            self.token(at + 1)
                .is_some_and(|next| next.glued && matches!(next.kind, Kind::Word | Kind::Number))
        };
        let star =
            (1..self.len()).find(|at| self.text.sign_at(*at) == Some('*') && word_after(*at))?;
        let shouted = |at: usize| {
            self.token(at).is_some_and(|token| {
                let text = self
                    .text
                    .original
                    .get(token.start..token.end)
                    .unwrap_or_default();
                token.kind == Kind::Word && !text.chars().any(char::is_lowercase)
            })
        };
        let capitals = shouted(star + 1) || shouted(star - 1);
        let mut start = star;
        while start > 0 && star - start < LONGEST {
            let word = self
                .token(start - 1)
                .is_some_and(|token| token.kind == Kind::Word);
            let code = if capitals {
                shouted(start - 1)
            } else {
                start == star && word
            };
            if !code {
                break;
            }
            start -= 1;
        }
        let mut end = star + 1;
        while let Some(token) = self.token(end) {
            let glued = token.glued
                && matches!(
                    token.kind,
                    Kind::Word | Kind::Number | Kind::Sign('*' | '.' | '-' | '&' | '/')
                );
            let word = if capitals {
                shouted(end) && !token.entry.function
            } else {
                end - star < 3 && self.is_name(end)
            };
            if !(glued || word) || end - star > 2 * LONGEST {
                break;
            }
            end += 1;
        }
        // A full stop at the end is the sentence's.
        let stop = matches!(
            self.token(end - 1).map(|token| token.kind),
            Some(Kind::Sign('.' | '-'))
        );
        (start < star).then_some(start..end - usize::from(stop))
    }

    /// The first entry of a list that stands free in the message.
    fn listed(&self, words: &Words) -> Option<Range<usize>> {
        let context = self.context();
        (0..self.len())
            .filter_map(|at| words.at(&context, at))
            .map(|found| found.tokens)
            .find(|tokens| tokens.clone().all(|at| self.is_free(at)))
    }

    /// Whether the range is an entry of a list and nothing else: "Roma", not "Trattoria Roma".
    fn is_all(&self, words: &Words, tokens: &Range<usize>) -> bool {
        words
            .at(&self.context(), tokens.start)
            .is_some_and(|found| found.tokens.end >= tokens.end)
    }

    /// Whether a listed phrase of several words begins at a token.
    fn begins(&self, words: &Words, at: usize) -> bool {
        words
            .at(&self.context(), at)
            .is_some_and(|found| found.tokens.len() > 1)
    }

    /// Whether an entry of a list lies in the range.
    fn holds_any(&self, words: &Words, tokens: &Range<usize>) -> bool {
        let context = self.context();
        tokens.clone().any(|at| {
            words
                .at(&context, at)
                .is_some_and(|found| found.tokens.end <= tokens.end)
        })
    }
}
