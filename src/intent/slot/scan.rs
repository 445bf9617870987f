//! One pass over a message for what every slot needs: identifiers, dates, schedules, amounts and
//! accounts, in that order. What one of them took is no longer free for the next.

use std::ops::Range;

use super::SlotContext;
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
    pub(super) taken: Vec<Taken>,
    pub(super) last_four: Option<String>,
    pub(super) schedules: Vec<Schedule>,
    pub(super) whens: Vec<FoundWhen>,
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
            amounts: Vec::new(),
            accounts: Vec::new(),
        };
        scan.find_last_four();
        scan.find_names_of_accounts();
        scan.find_times();
        scan.find_schedules();
        scan.find_whens();
        scan.find_amounts();
        scan.find_accounts();
        scan
    }

    /// What patterns are matched against.
    pub(super) fn context(&self) -> Context<'_> {
        Context {
            text: &self.text,
            day_first: self
                .known
                .day_first
                .unwrap_or(self.text.language == Language::Es),
        }
    }

    pub(super) fn token(&self, at: usize) -> Option<&Token> {
        self.text.tokens.get(at)
    }

    pub(super) fn word(&self, at: usize) -> &str {
        self.text.word_at(at)
    }

    /// The word so many tokens before a position.
    pub(super) fn before(&self, at: usize, steps: usize) -> &str {
        at.checked_sub(steps).map_or("", |at| self.text.word_at(at))
    }

    pub(super) fn is_free(&self, at: usize) -> bool {
        self.taken.get(at) == Some(&Taken::Free)
    }

    pub(super) fn len(&self) -> usize {
        self.text.tokens.len()
    }

    /// The folded words of the whole message, for cues that may stand anywhere.
    pub(super) fn has_word(&self, words: &[&str]) -> bool {
        (0..self.len()).any(|at| words.contains(&self.word(at)))
    }

    fn take(&mut self, tokens: Range<usize>, by: Taken) {
        if let Some(tokens) = self.taken.get_mut(tokens) {
            tokens.fill(by);
        }
    }

    /// "ending in 4417", "card 4417", "••4417", "the 4417 card".
    fn find_last_four(&mut self) {
        for at in 0..self.len() {
            let Some(token) = self.token(at) else { break };
            if token.kind != Kind::Number || token.end - token.start != 4 {
                continue;
            }
            let next_glued = self.token(at + 1).is_some_and(|next| {
                next.glued
                    && next.kind != Kind::Sign('.')
                    && !matches!(next.kind, Kind::Sign('?' | ',' | '!' | ')') | Kind::Break)
            });
            let masked = token.glued
                && matches!(
                    self.text.sign_at(at.wrapping_sub(1)),
                    Some('•' | '*' | '#' | '…' | '·')
                )
                || token.glued
                    && matches!(
                        self.before(at, 1),
                        "x" | "xx" | "xxx" | "xxxx" | "xxxxxxxxxxxx"
                    );
            let lead: Vec<&str> = (1..=4).map(|steps| self.before(at, steps)).collect();
            let ends = |word: &str| {
                matches!(
                    word,
                    "ending"
                        | "ends"
                        | "end"
                        | "terminada"
                        | "termina"
                        | "terminado"
                        | "terminacion"
                        | "acabada"
                        | "acaba"
                        | "terminan"
                )
            };
            let ending = lead.iter().take(3).any(|word| ends(word))
                || (matches!(lead.as_slice(), [a, b, ..] if matches!(*a, "four" | "4" | "digits" | "digitos" | "cuatro") && matches!(*b, "last" | "four" | "4" | "ultimos" | "cuatro")))
                || matches!(lead.as_slice(), [is, _, b, c] if matches!(*is, "is" | "are" | "son") && (matches!(*b, "last" | "ultimos") || matches!(*c, "last" | "ultimos")));
            let year = token
                .number
                .is_some_and(|value| (1990..2040).contains(&value));
            let card_before = matches!(
                lead.first(),
                Some(
                    &("card"
                        | "tarjeta"
                        | "visa"
                        | "mastercard"
                        | "amex"
                        | "debit"
                        | "credit"
                        | "debito"
                        | "credito")
                )
            );
            let card_after =
                matches!(self.word(at + 1), "card" | "tarjeta") && self.before(at, 1) != "$";
            if !next_glued && (masked || ending || ((card_before || card_after) && !year)) {
                self.last_four = Some(self.word(at).to_owned());
                let start = if masked { at - 1 } else { at };
                self.take(start..at + 1, Taken::Identifier);
                return;
            }
        }
    }

    fn find_times(&mut self) {
        let mut at = 0;
        while at < self.len() {
            let found = self
                .is_free(at)
                .then(|| self.grammar.times.longest(&self.context(), at))
                .flatten();
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
            let found = self
                .is_free(at)
                .then(|| self.grammar.schedules.longest(&self.context(), at))
                .flatten();
            match found {
                // "a week ago" and "in a month" repeat nothing.
                Some((_, end))
                    if matches!(
                        self.word(end),
                        "ago" | "from" | "back" | "later" | "earlier" | "before" | "atras"
                    ) || matches!(
                        self.before(at, 1),
                        "in" | "within"
                            | "past"
                            | "last"
                            | "over"
                            | "than"
                            | "half"
                            | "like"
                            | "about"
                            | "hace"
                    ) =>
                {
                    at += 1;
                }
                Some((schedule, end)) => {
                    self.take(at..end, Taken::When);
                    self.schedules.push(schedule);
                    at = end;
                }
                None => at += 1,
            }
        }
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
        let (one, two) = (self.before(at, 1), self.before(at, 2));
        matches!(
            one,
            "vs" | "versus" | "than" | "against" | "comparado" | "comparada"
        ) || (matches!(one, "to" | "with" | "con" | "a" | "al")
            && matches!(
                two,
                "compared"
                    | "compare"
                    | "comparison"
                    | "relative"
                    | "comparado"
                    | "comparada"
                    | "comparacion"
                    | "frente"
                    | "respecto"
                    | "relacion"
            ))
            || (matches!(one, "." | "y") && two == "vs")
            || (one == "que" && self.has_word(&["mas", "menos", "mayor", "menor"]))
            || (matches!(one, "en" | "in") && matches!(two, "que" | "than"))
    }

    fn find_amounts(&mut self) {
        let amounts = {
            let taken = &self.taken;
            money::amounts(&self.text, |at| {
                taken.get(at).is_none_or(|taken| *taken != Taken::Free)
            })
        };
        for amount in amounts {
            self.take(amount.tokens.clone(), Taken::Money);
            self.amounts.push(amount);
        }
    }

    /// The customer's own names for accounts come before anything else: one may hold a month.
    fn find_names_of_accounts(&mut self) {
        let mut found = Vec::new();
        for name in self.known.accounts {
            if let Some(tokens) = self.find_phrase(name) {
                found.push(FoundAccount {
                    value: name.to_lowercase(),
                    tokens,
                });
            }
        }
        for account in found {
            self.take(account.tokens.clone(), Taken::Account);
            self.accounts.push(account);
        }
    }

    /// Finds a known name as whole words.
    pub(super) fn find_phrase(&self, name: &str) -> Option<Range<usize>> {
        let name = Text::new(name, self.text.language);
        let length = name.tokens.len();
        if length == 0 {
            return None;
        }
        (0..self.len().saturating_sub(length - 1))
            .map(|at| at..at + length)
            .find(|tokens| {
                tokens.clone().enumerate().all(|(nth, at)| {
                    let own = self.word(at);
                    let known = name.word_at(nth);
                    own == known || own.strip_suffix("'s") == Some(known)
                })
            })
    }

    fn find_accounts(&mut self) {
        let mut found = Vec::new();
        for hit in self.grammar.vocabulary.accounts.all(&self.context()) {
            if hit.tokens.clone().all(|at| self.is_free(at)) {
                found.push(FoundAccount {
                    value: hit.value.to_owned(),
                    tokens: hit.tokens,
                });
            }
        }
        for account in &found {
            self.take(account.tokens.clone(), Taken::Account);
        }
        for account in self.nicknames() {
            self.take(account.tokens.clone(), Taken::Account);
            found.push(account);
        }
        self.accounts.extend(found);
        self.accounts.sort_by_key(|account| account.tokens.start);
    }

    /// "the vacation fund", "my joint account", "cuenta de gastos": a name given by the customer.
    fn nicknames(&self) -> Vec<FoundAccount> {
        const KINDS: [&str; 10] = [
            "account", "acct", "fund", "pot", "jar", "cuenta", "fondo", "bolsillo", "goal", "vault",
        ];
        let mut found = Vec::new();
        for at in 0..self.len() {
            let kind = self.word(at);
            if !KINDS.contains(&kind) || !self.is_free(at) {
                continue;
            }
            let spanish = matches!(kind, "cuenta" | "fondo" | "bolsillo");
            let tokens = if spanish {
                let skip = usize::from(matches!(self.word(at + 1), "de" | "del" | "para"));
                let end = at + 1 + skip + self.names_from(at + 1 + skip, 2);
                at + 1 + skip..end
            } else {
                let count = self.names_before(at, 2);
                at - count..at
            };
            let first = self.word(tokens.start);
            let vague = matches!(
                first,
                "one"
                    | "own"
                    | "other"
                    | "mine"
                    | "mia"
                    | "mias"
                    | "propia"
                    | "propias"
                    | "same"
                    | "another"
                    | "bank"
                    | "online"
                    | "checking"
                    | "nueva"
                    | "kindly"
                    | "ahorra"
            );
            if tokens.is_empty() || vague || self.text.slice(tokens.clone()).len() < 2 {
                continue;
            }
            // A fund is named with its kind, an account without.
            let named = match kind {
                "fund" | "pot" | "jar" => tokens.start..at + 1,
                "fondo" => at..tokens.end,
                _ => tokens,
            };
            found.push(FoundAccount {
                value: self.text.slice(named.clone()).to_lowercase(),
                tokens: named,
            });
        }
        found
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
            self.is_free(at)
                && token.kind == Kind::Word
                && !token.entry.function
                && !token.entry.counted
                && token.entry.unit.is_none()
                && token.entry.currency.is_none()
        })
    }

    /// "3 days before", "un día antes": how many days ahead a reminder is wanted.
    pub(super) fn lead_days(&self) -> Option<u32> {
        (0..self.len()).find_map(|at| {
            let article = matches!(self.word(at), "a" | "an" | "un" | "una" | "the");
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
            let ahead = (1..=2).any(|steps| {
                matches!(
                    self.word(unit_at + steps),
                    "before"
                        | "ahead"
                        | "prior"
                        | "earlier"
                        | "advance"
                        | "antes"
                        | "beforehand"
                        | "early"
                        | "notice"
                        | "anticipacion"
                )
            });
            ahead.then(|| count.saturating_mul(days))
        })
    }
}
