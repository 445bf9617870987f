//! The tables of words, compiled: finds accounts, cards, rails, categories, names of shops and
//! the value words of an intent's slots.

use std::ops::Range;

use super::grammar::{Context, Pattern};
use super::lexicon::Lexicon;
use super::tables::{self, Row};

/// Every table of words.
pub(super) struct Vocabulary {
    pub(super) accounts: Words,
    pub(super) cards: Words,
    pub(super) products: Words,
    pub(super) card_as_product: Words,
    pub(super) rails: Words,
    pub(super) categories: Words,
    pub(super) other_categories: Words,
    pub(super) people: Words,
    pub(super) languages: Words,
    pub(super) brands: Words,
    pub(super) places: Words,
    pub(super) bills: Words,
    values: Vec<Values>,
}

/// The wordings of one slot's values, for the intents named.
struct Values {
    intents: Vec<&'static str>,
    slot: &'static str,
    words: Words,
}

impl Vocabulary {
    pub(super) fn new(lexicon: &mut Lexicon) -> Vocabulary {
        Vocabulary {
            accounts: Words::of_rows(lexicon, tables::rows("accounts")),
            cards: Words::of_rows(lexicon, tables::rows("cards")),
            products: Words::of_rows(lexicon, tables::rows("products")),
            card_as_product: Words::of_rows(lexicon, tables::rows("card_as_product")),
            rails: Words::of_rows(lexicon, tables::rows("rails")),
            categories: Words::of_rows(lexicon, tables::rows("categories")),
            languages: Words::of_rows(lexicon, tables::rows("languages")),
            other_categories: Words::of_list(lexicon, tables::list("other_categories")),
            people: Words::of_list(lexicon, tables::list("people")),
            brands: Words::of_list(lexicon, tables::list("brands")),
            places: Words::of_list(lexicon, tables::list("places")),
            bills: Words::of_list(lexicon, tables::list("bills")),
            values: tables::values()
                .map(|(intents, slot, rows)| Values {
                    intents,
                    slot,
                    words: Words::of_rows(lexicon, rows),
                })
                .collect(),
        }
    }

    /// Finds the value of a slot whose values are words of a table: the first row that matches.
    pub(super) fn value(
        &self,
        intent: &str,
        slot: &str,
        context: &Context<'_>,
    ) -> Option<&'static str> {
        self.values
            .iter()
            .filter(|values| values.slot == slot && values.intents.contains(&intent))
            .find_map(|values| values.words.first_row(context))
    }
}

/// A found word or phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) value: &'static str,
    pub(super) tokens: Range<usize>,
}

/// A compiled table of wordings.
pub(super) struct Words {
    patterns: Vec<(Pattern, &'static str)>,
    /// First word and pattern, sorted.
    by_word: Vec<(u16, u16)>,
    /// Patterns that can begin with anything.
    anywhere: Vec<u16>,
}

impl Words {
    fn of_rows(lexicon: &mut Lexicon, rows: Vec<Row>) -> Words {
        let patterns = rows
            .into_iter()
            .map(|(value, pattern)| (Pattern::new(lexicon, pattern), value));
        Words::new(patterns.collect())
    }

    /// Plain texts, cut into words as a message is.
    fn of_list(lexicon: &mut Lexicon, list: Vec<&'static str>) -> Words {
        let patterns = list
            .into_iter()
            .map(|text| (Pattern::of_text(lexicon, text), text));
        Words::new(patterns.collect())
    }

    fn new(patterns: Vec<(Pattern, &'static str)>) -> Words {
        let mut by_word = Vec::new();
        let mut anywhere = Vec::new();
        for (at, (pattern, _)) in patterns.iter().enumerate() {
            let at = u16::try_from(at).unwrap_or(u16::MAX);
            match pattern.first_words() {
                Some(firsts) => by_word.extend(firsts.into_iter().map(|word| (word, at))),
                None => anywhere.push(at),
            }
        }
        by_word.sort_unstable();
        Words {
            patterns,
            by_word,
            anywhere,
        }
    }

    fn candidates(&self, context: &Context<'_>, at: usize) -> impl Iterator<Item = u16> {
        let id = context
            .text
            .tokens
            .get(at)
            .map_or(0, |token| token.entry.id);
        let first = self.by_word.partition_point(|(word, _)| *word < id);
        let rest = self.by_word.get(first..).unwrap_or_default();
        rest.iter()
            .take_while(move |(word, _)| *word == id && id != 0)
            .map(|(_, pattern)| *pattern)
            .chain(self.anywhere.iter().copied())
    }

    /// The longest match that begins at a token, of equals the one that stands first.
    pub(super) fn at(&self, context: &Context<'_>, at: usize) -> Option<Found> {
        let mut best: Option<(usize, u16)> = None;
        for candidate in self.candidates(context, at) {
            let Some((pattern, _)) = self.patterns.get(usize::from(candidate)) else {
                continue;
            };
            let Some((end, _)) = pattern.matches(context, at) else {
                continue;
            };
            if best.is_none_or(|(longest, first)| {
                end > longest || (end == longest && candidate < first)
            }) {
                best = Some((end, candidate));
            }
        }
        let (end, row) = best?;
        let (_, value) = self.patterns.get(usize::from(row))?;
        Some(Found {
            value,
            tokens: at..end,
        })
    }

    /// Every match, from left to right, none over another.
    pub(super) fn all(&self, context: &Context<'_>) -> Vec<Found> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < context.text.tokens.len() {
            match self.at(context, at) {
                Some(hit) => {
                    at = hit.tokens.end;
                    found.push(hit);
                }
                None => at += 1,
            }
        }
        found
    }

    /// Whether a text is one of the values.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.patterns.iter().any(|(_, value)| *value == text)
    }

    /// The value of the first row of the table that matches anywhere.
    fn first_row(&self, context: &Context<'_>) -> Option<&'static str> {
        let mut best: Option<u16> = None;
        for at in 0..context.text.tokens.len() {
            for candidate in self.candidates(context, at) {
                if best.is_some_and(|best| best <= candidate) {
                    continue;
                }
                if let Some((pattern, _)) = self.patterns.get(usize::from(candidate))
                    && pattern.matches(context, at).is_some()
                {
                    best = Some(candidate);
                }
            }
        }
        self.patterns
            .get(usize::from(best?))
            .map(|(_, value)| *value)
    }
}
