//! Weighing: what examples, patterns and classifier make of a text, brought together.

use super::Language;
use super::by_text::{ByText, Gathered};
use super::catalogue::Catalogue;
use super::classify::{Classified, Classifier};
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
    /// How sure it is that the first of `ranked` is right.
    pub certainty: f32,
    /// The intent that the text is known to be: an example, or all of a pattern.
    pub known: Option<usize>,
    /// Whether it is an example.
    pub example: bool,
    /// The patterns that matched.
    pub patterns: Vec<PatternMatch>,
    /// What the classifier alone says; empty where it was not asked.
    pub classified: Classified,
}

impl Weighed {
    fn known(intent: usize, probability: f32, example: bool, patterns: Vec<PatternMatch>) -> Self {
        Self {
            ranked: vec![(intent, probability)],
            in_scope: 1.0,
            certainty: probability,
            known: Some(intent),
            example,
            patterns,
            classified: Classified::default(),
        }
    }

    /// Returns the best intent and its probability.
    pub fn best(&self) -> Option<(usize, f32)> {
        self.ranked.first().copied()
    }
}

/// Tells whether something was removed from an example: `[card]` stands for a card's number, and the word that is left
/// in its normal form says no such thing.
pub fn lacks_something(example: &str) -> bool {
    example.contains('[')
}

/// Examples by their normal form.
#[derive(Debug, Default)]
pub struct Examples(ByText<u16>);

impl Examples {
    /// Indexes the examples of a catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut known = Gathered::default();
        for (at, intent) in (0_u16..).zip(catalogue.intents()) {
            for language in Language::ALL {
                for example in intent.examples.get(language) {
                    let form = normalize(&example.value).text;
                    if !form.is_empty() && !lacks_something(&example.value) {
                        known.add(&form, at);
                    }
                }
            }
        }
        // The border cases too, behind: each names the intent it belongs to.
        for intent in catalogue.intents() {
            for language in Language::ALL {
                for negative in intent.negatives.get(language) {
                    let owner = negative.owner.as_deref();
                    let at = owner.and_then(|owner| catalogue.position(owner));
                    if let Some(at) = at.and_then(|at| u16::try_from(at).ok()) {
                        known.add(&normalize(&negative.text).text, at);
                    }
                }
            }
        }
        Self(known.finish())
    }

    /// Returns the intent a normal form is an example of.
    pub fn find(&self, form: &str) -> Option<usize> {
        self.0.first(form).map(|at| usize::from(*at))
    }
}

/// Weighs a text in normal form. Examples and patterns see it as it is, then with its spelling repaired.
pub fn weigh(form: &str, examples: &Examples, rules: &Rules, classifier: &Classifier) -> Weighed {
    let mut patterns = rules.find(form);
    if let Some(weighed) = settled(form, examples, &mut patterns) {
        return weighed;
    }
    if let Some(repaired) = classifier.repair(form) {
        let mut others = rules.find(&repaired);
        if let Some(weighed) = settled(&repaired, examples, &mut others) {
            return weighed;
        }
        if patterns.is_empty() {
            patterns = others;
        }
    }
    let classified = classifier.classify(form);
    let mut ranked = classified.ranked.clone();
    let Classified {
        mut in_scope,
        mut certainty,
        ..
    } = classified;
    if let Some(intent) = only_intent(patterns.iter()) {
        let objected = ranked
            .first()
            .is_some_and(|(best, p)| *best != intent && *p >= OBJECTION);
        if !objected {
            raise(&mut ranked, intent, PART_PATTERN);
            in_scope = in_scope.max(PART_PATTERN);
            certainty = certainty.max(PART_PATTERN);
        }
    }
    Weighed {
        ranked,
        in_scope,
        certainty,
        known: None,
        example: false,
        patterns,
        classified,
    }
}

/// Returns what a text is known to be, where it is an example or all of it matches patterns that agree.
fn settled(form: &str, examples: &Examples, patterns: &mut Vec<PatternMatch>) -> Option<Weighed> {
    if let Some(intent) = examples.find(form) {
        return Some(Weighed::known(
            intent,
            EXAMPLE,
            true,
            std::mem::take(patterns),
        ));
    }
    let intent = only_intent(patterns.iter().filter(|found| found.whole))?;
    Some(Weighed::known(
        intent,
        WHOLE_PATTERN,
        false,
        std::mem::take(patterns),
    ))
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
