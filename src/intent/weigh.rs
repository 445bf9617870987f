//! Weighing: what examples, patterns and classifier make of a text, brought together.

use std::collections::HashMap;

use super::Language;
use super::catalogue::Catalogue;
use super::classify::Classify;
use super::normalize::normalize;
use super::rules::{PatternMatch, Rules};

/// What an example, word for word, is worth.
const EXAMPLE: f32 = 0.99;
/// What a pattern over the whole text is worth.
const WHOLE_PATTERN: f32 = 0.98;
/// What a pattern over a part of it is worth, where nothing speaks against it.
const PART_PATTERN: f32 = 0.9;
/// A classifier as sure as this of something else speaks against a pattern over a part.
const OBJECTION: f32 = 0.8;

/// The readings of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weighed {
    /// Intents with their probability, best first.
    pub ranked: Vec<(usize, f32)>,
    /// How sure it is that the text is about anything in the catalogue.
    pub in_scope: f32,
    /// The intent of which the text is an example, word for word.
    pub example: Option<usize>,
    /// The patterns that matched.
    pub patterns: Vec<PatternMatch>,
    /// What the classifier alone says.
    pub classified: Vec<(usize, f32)>,
}

/// Examples by their normal form.
#[derive(Debug, Default)]
pub struct Examples(HashMap<String, usize>);

impl Examples {
    /// Indexes the examples of a catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut known = HashMap::new();
        for (at, intent) in catalogue.intents().iter().enumerate() {
            for language in Language::ALL {
                for example in intent.examples.get(language) {
                    let form = normalize(&example.value).text;
                    if !form.is_empty() {
                        known.entry(form).or_insert(at);
                    }
                }
            }
        }
        Self(known)
    }

    /// Returns the intent a normal form is an example of.
    pub fn find(&self, form: &str) -> Option<usize> {
        self.0.get(form).copied()
    }
}

/// Weighs a text in normal form.
pub fn weigh(form: &str, examples: &Examples, rules: &Rules, classifier: &dyn Classify) -> Weighed {
    let example = examples.find(form);
    let patterns = rules.find(form);
    if let Some(intent) = example {
        return Weighed {
            ranked: vec![(intent, EXAMPLE)],
            in_scope: 1.0,
            example,
            patterns,
            classified: Vec::new(),
        };
    }
    if let Some(intent) = only_intent(patterns.iter().filter(|found| found.whole)) {
        return Weighed {
            ranked: vec![(intent, WHOLE_PATTERN)],
            in_scope: 1.0,
            example: None,
            patterns,
            classified: Vec::new(),
        };
    }
    let ranking = classifier.classify(form);
    let mut ranked = ranking.ranked.clone();
    let mut in_scope = ranking.in_scope;
    if let Some(intent) = only_intent(patterns.iter()) {
        let objected = ranked
            .first()
            .is_some_and(|(best, p)| *best != intent && *p >= OBJECTION);
        if !objected {
            raise(&mut ranked, intent, PART_PATTERN);
            in_scope = in_scope.max(PART_PATTERN);
        }
    }
    Weighed {
        ranked,
        in_scope,
        example: None,
        patterns,
        classified: ranking.ranked,
    }
}

/// Returns the intent all these matches agree on.
fn only_intent<'m>(mut matches: impl Iterator<Item = &'m PatternMatch>) -> Option<usize> {
    let first = matches.next()?.intent;
    matches.all(|found| found.intent == first).then_some(first)
}

/// Lifts an intent to a probability and shares the rest among the others in proportion.
pub fn raise(ranked: &mut Vec<(usize, f32)>, intent: usize, to: f32) {
    let now = ranked
        .iter()
        .find(|(at, _)| *at == intent)
        .map_or(0.0, |(_, p)| *p);
    if now >= to {
        return;
    }
    let others = 1.0 - now;
    for (at, p) in ranked.iter_mut() {
        if *at != intent && others > 0.0 {
            *p *= (1.0 - to) / others;
        }
    }
    match ranked.iter_mut().find(|(at, _)| *at == intent) {
        Some((_, p)) => *p = to,
        None => ranked.push((intent, to)),
    }
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raising_keeps_a_distribution() {
        let mut ranked = vec![(1, 0.6), (2, 0.4)];
        raise(&mut ranked, 2, 0.9);
        assert_eq!(ranked.first().map(|(at, _)| *at), Some(2));
        let sum: f32 = ranked.iter().map(|(_, p)| p).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        raise(&mut ranked, 3, 0.5);
        assert_eq!(ranked.first(), Some(&(3, 0.5)));
    }
}
