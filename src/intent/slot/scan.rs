//! One pass over a message for what every slot needs: cards, dates, schedules, counts, amounts and
//! accounts, in that order. What one of them took is no longer free for the next.

use std::ops::Range;

use super::SlotContext;
use super::cue::Cue;
use super::grammar::{Context, Grammar, grammar};
use super::lexicon::Unit;
use super::money::{self, Amount};
use super::number;
use super::schedule::Schedule;
use super::token::{Kind, Text, Token};
use super::when::When;
use crate::intent::Language;

/// What a token was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Taken {
    #[default]
    Free,
    Identifier,
    When,
    Count,
    Money,
    Account,
}

/// A day or period in a message.
#[derive(Debug, Clone)]
pub(super) struct FoundWhen {
    pub(super) when: When,
    pub(super) tokens: Range<usize>,
    /// It is what something is compared to.
    pub(super) compared: bool,
}

/// An account in a message.
#[derive(Debug, Clone)]
pub(super) struct FoundAccount {
    pub(super) value: String,
    pub(super) tokens: Range<usize>,
}

/// A message with all that was found in it.
pub(super) struct Scan<'a> {
    pub(super) text: Text<'a>,
    pub(super) known: &'a SlotContext<'a>,
    pub(super) grammar: &'static Grammar,
    taken: Vec<Taken>,
    pub(super) last_four: Option<String>,
    pub(super) schedules: Vec<Schedule>,
    pub(super) whens: Vec<FoundWhen>,
    pub(super) count: Option<u32>,
    pub(super) amounts: Vec<Amount>,
    pub(super) accounts: Vec<FoundAccount>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        message: &'a str,
        language: Language,
        known: &'a SlotContext<'a>,
    ) -> Scan<'a> {
        let text = Text::new(message, language);
        let mut scan = Scan {
            taken: vec![Taken::Free; text.tokens.len()],
            text,
            known,
            grammar: grammar(),
            last_four: None,
            schedules: Vec::new(),
            whens: Vec::new(),
            count: None,
            amounts: Vec::new(),
            accounts: Vec::new(),
        };
        scan.find_last_four();
        // The customer's own names for accounts come before dates: one may hold a month.
        scan.find_known_accounts();
        scan.find_times();
        scan.find_schedules();
        scan.find_whens();
        scan.find_count();
        scan.find_amounts();
        scan.find_accounts();
        scan
    }

    /// What patterns are matched against.
    pub(super) fn context(&self) -> Context<'_> {
        let day_first = self
            .known
            .day_first
            .unwrap_or(self.text.language == Language::Es);
        Context {
            text: &self.text,
            day_first,
        }
    }

    pub(super) fn token(&self, at: usize) -> Option<&Token> {
        self.text.tokens.get(at)
    }

    pub(super) fn word(&self, at: usize) -> &str {
        self.text.word_at(at)
    }

    /// Whether a token is such a cue.
    pub(super) fn is(&self, at: usize, cue: Cue) -> bool {
        self.token(at).is_some_and(|token| token.entry.is(cue))
    }

    /// Whether the token so many steps before a position is such a cue.
    pub(super) fn was(&self, at: usize, steps: usize, cue: Cue) -> bool {
        at.checked_sub(steps).is_some_and(|at| self.is(at, cue))
    }

    /// Whether such a cue stands within so many steps before a position.
    pub(super) fn within(&self, at: usize, steps: usize, cue: Cue) -> bool {
        (1..=steps).any(|step| self.was(at, step, cue))
    }

    /// Whether such a cue stands anywhere.
    pub(super) fn has(&self, cue: Cue) -> bool {
        self.text.tokens.iter().any(|token| token.entry.is(cue))
    }

    /// The word so many tokens before a position.
    pub(super) fn before(&self, at: usize, steps: usize) -> &str {
        at.checked_sub(steps).map_or("", |at| self.text.word_at(at))
    }

    pub(super) fn is_free(&self, at: usize) -> bool {
        self.taken.get(at) == Some(&Taken::Free)
    }

    pub(super) fn taken(&self, at: usize) -> Option<Taken> {
        self.taken.get(at).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.text.tokens.len()
    }

    pub(super) fn take(&mut self, tokens: Range<usize>, by: Taken) {
        if let Some(tokens) = self.taken.get_mut(tokens) {
            tokens.fill(by);
        }
    }

    fn find_times(&mut self) {
        let mut at = 0;
        while at < self.len() {
            let times = &self.grammar.times;
            let found = if self.is_free(at) {
                times.longest(&self.context(), at)
            } else {
                None
            };
            match found {
                Some(((), end)) => {
                    self.take(at..end, Taken::Identifier);
                    at = end;
                }
                None => at += 1,
            }
        }
    }

    fn find_schedules(&mut self) {
        let mut at = 0;
        while at < self.len() {
            let schedules = &self.grammar.schedules;
            let found = if self.is_free(at) {
                schedules.longest(&self.context(), at)
            } else {
                None
            };
            match found {
                Some((schedule, end)) if !self.is_single(at, end) => {
                    self.take(at..end, Taken::When);
                    self.schedules.push(schedule);
                    at = end;
                }
                _ => at += 1,
            }
        }
    }

    /// "a week ago" and "in a month" repeat nothing.
    fn is_single(&self, start: usize, end: usize) -> bool {
        let article = matches!(self.word(start), "a" | "al" | "por");
        article
            && (self.is(end, Cue::NotRepeatedAfter) || self.was(start, 1, Cue::NotRepeatedBefore))
    }

    fn find_whens(&mut self) {
        let mut at = 0;
        while at < self.len() {
            let Some((when, end)) = self.when_at(at) else {
                at += 1;
                continue;
            };
            // "for Apr 7": what begins inside and reaches further says more.
            let further = (at + 1..end).find_map(|inside| {
                self.when_at(inside)
                    .filter(|(_, further)| *further > end)
                    .map(|(when, further)| (when, inside..further))
            });
            let (when, tokens) = further.unwrap_or((when, at..end));
            at = tokens.end;
            let compared = self.is_compared(tokens.start);
            self.take(tokens.clone(), Taken::When);
            self.whens.push(FoundWhen {
                when,
                tokens,
                compared,
            });
        }
    }

    fn when_at(&self, at: usize) -> Option<(When, usize)> {
        if !self.is_free(at) {
            return None;
        }
        let (when, end) = self.grammar.periods.longest(&self.context(), at)?;
        (at..end).all(|at| self.is_free(at)).then_some((when, end))
    }

    /// Whether "compared to", "than" or "vs" stands before.
    fn is_compared(&self, at: usize) -> bool {
        let preposition = matches!(self.before(at, 1), "to" | "with" | "con" | "a" | "al");
        self.was(at, 1, Cue::Compares)
            || (preposition && self.compares_before(at))
            || (self.before(at, 1) == "." && self.was(at, 2, Cue::Compares))
            || (self.before(at, 1) == "que"
                && self
                    .text
                    .tokens
                    .iter()
                    .any(|token| token.entry.is(Cue::Over) || token.entry.is(Cue::Under)))
            || (matches!(self.before(at, 1), "en" | "in")
                && (self.was(at, 2, Cue::Compares) || self.before(at, 2) == "que"))
    }

    /// "Compare my grocery spend to last month": what is compared may stand between.
    fn compares_before(&self, at: usize) -> bool {
        const BETWEEN: usize = 8;
        (2..=BETWEEN).any(|steps| self.was(at, steps, Cue::ComparesTo))
    }

    /// "last 5", "10 transactions", "my last purchase".
    fn find_count(&mut self) {
        for at in 0..self.len() {
            if !self.is_free(at) {
                continue;
            }
            if let Some((count, end)) = number::count(&self.text, at)
                && !self.ends_figures(at)
                && (1..=500).contains(&count)
                && !matches!(self.word(at), "one" | "una" | "uno" | "once" | "a" | "un")
            {
                let money = self
                    .token(end)
                    .is_some_and(|next| next.entry.currency.is_some())
                    || self
                        .token(at.wrapping_sub(1))
                        .is_some_and(|before| before.entry.currency.is_some());
                let entry =
                    self.is(end, Cue::Entry) || (self.is_name(end) && self.is(end + 1, Cue::Entry));
                let last = self.was(at, 1, Cue::Last)
                    || self.is(end, Cue::Last)
                    || self.is(end + 1, Cue::Last);
                let alone = end >= self.len()
                    || !matches!(
                        self.token(end).map(|token| token.kind),
                        Some(Kind::Word | Kind::Number)
                    );
                let counted =
                    entry || (last && (alone || (end..end + 4).any(|at| self.is(at, Cue::Entry))));
                if counted && !money {
                    self.count = Some(count);
                    self.take(at..end, Taken::Count);
                }
                return;
            }
            // "my last purchase" is one, "my last purchases" are some.
            let singular = |at: usize| self.is(at, Cue::Entry) && !self.word(at).ends_with('s');
            let last = matches!(self.word(at), "last" | "latest" | "ultimo" | "ultima");
            if last && (singular(at + 1) || (self.is_name(at + 1) && singular(at + 2))) {
                self.count = Some(1);
                return;
            }
        }
    }

    /// Whether a number is the end of figures: the 99 of "14.99".
    fn ends_figures(&self, at: usize) -> bool {
        let glued = |at: usize| self.token(at).is_some_and(|token| token.glued);
        let figures = |at: usize| {
            self.token(at)
                .is_some_and(|token| token.kind == Kind::Number)
        };
        glued(at) && at.checked_sub(1).is_some_and(glued) && at.checked_sub(2).is_some_and(figures)
    }

    fn find_amounts(&mut self) {
        let amounts = money::amounts(&self.text, |at| !self.is_free(at));
        for amount in amounts {
            self.take(amount.tokens.clone(), Taken::Money);
            self.amounts.push(amount);
        }
    }

    /// Finds a known name as whole words.
    pub(super) fn find_phrase(&self, name: &str) -> Option<Range<usize>> {
        let name = Text::new(name, self.text.language);
        let length = name.tokens.len();
        if length == 0 {
            return None;
        }
        let starts = 0..(self.len() + 1).saturating_sub(length);
        starts.map(|at| at..at + length).find(|tokens| {
            tokens.clone().enumerate().all(|(nth, at)| {
                let own = self.word(at);
                let known = name.word_at(nth);
                own == known || own.strip_suffix("'s") == Some(known)
            })
        })
    }

    /// How many tokens from a position can belong to a name.
    pub(super) fn names_from(&self, at: usize, most: usize) -> usize {
        (at..at + most).take_while(|at| self.is_name(*at)).count()
    }

    /// How many tokens before a position can belong to a name.
    pub(super) fn names_before(&self, at: usize, most: usize) -> usize {
        (1..=most)
            .take_while(|steps| at.checked_sub(*steps).is_some_and(|at| self.is_name(at)))
            .count()
    }

    /// Whether a token can belong to a name.
    pub(super) fn is_name(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| {
            let entry = token.entry;
            // The letters of "1Z999" are no name.
            let in_code = token.glued
                && at
                    .checked_sub(1)
                    .and_then(|at| self.token(at))
                    .is_some_and(|before| before.kind == Kind::Number);
            self.is_free(at)
                && token.kind == Kind::Word
                && !in_code
                && !entry.function
                && !entry.counted
                && entry.unit.is_none()
                && entry.currency.is_none()
                && entry.number.is_none()
                && entry.ordinal == 0
        })
    }

    /// "3 days before", "un día antes": how many days ahead a reminder is wanted.
    pub(super) fn lead_days(&self) -> Option<u32> {
        (0..self.len()).find_map(|at| {
            let article = matches!(self.word(at), "a" | "an" | "un" | "una" | "the" | "one");
            let (count, unit_at) = if article {
                (1, at + 1)
            } else {
                number::count(&self.text, at)?
            };
            let days = match self.token(unit_at)?.entry.unit? {
                Unit::Day => 1,
                Unit::Week => 7,
                Unit::Fortnight => 14,
                _ => return None,
            };
            let ahead = (1..=2).any(|steps| self.is(unit_at + steps, Cue::Ahead));
            ahead.then(|| count.saturating_mul(days))
        })
    }
}
