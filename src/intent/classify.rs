//! The classifier as the matcher sees it: a trained model over the intents of one catalogue.

use std::cell::RefCell;
use std::collections::HashSet;

use super::Language;
use super::catalogue::Catalogue;
use super::model::{self, Durations, Example, FormatError, Hyper, Model, Scratch, Thresholds};
use super::normalize::normalize;

/// The model trained from the built-in catalogue, checked in so that no start has to wait for training. Made by
/// `bursar intents train`.
const BUILT_IN: &[u8] = include_bytes!("builtin.model");

thread_local! {
    /// Working space: a message is classified without allocating.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// What the classifier says about a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Classified {
    /// Intents, as positions in the catalogue, with their probability, best first. Unlikely ones are left out.
    pub ranked: Vec<(usize, f32)>,
    /// How sure it is that the text is about anything in the catalogue, from 0 to 1.
    pub in_scope: f32,
    /// How sure it is that the first of `ranked` is right, from 0 to 1.
    pub certainty: f32,
}

/// A model with its labels found in a catalogue.
#[derive(Debug)]
pub struct Classifier {
    model: Model,
    /// For each label, the position of the intent.
    positions: Vec<Option<usize>>,
}

impl Classifier {
    /// Returns the built-in model for a catalogue. Intents it was not trained on are left to patterns.
    pub fn built_in(catalogue: &Catalogue) -> Result<Self, FormatError> {
        Model::from_static(BUILT_IN).map(|model| Self::new(model, catalogue))
    }

    /// Tells whether this is the model of exactly this catalogue, trained as this program trains.
    pub fn is_of(&self, catalogue: &Catalogue) -> bool {
        *self.model.fingerprint() == fingerprint(catalogue)
    }

    /// Takes a trained model for a catalogue.
    pub fn new(model: Model, catalogue: &Catalogue) -> Self {
        let positions = model
            .labels()
            .iter()
            .map(|label| catalogue.position(label))
            .collect();
        Self { model, positions }
    }

    /// Returns the model.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Returns the thresholds that cross-validation chose.
    pub const fn thresholds(&self) -> &Thresholds {
        self.model.thresholds()
    }

    /// Returns the normal form with misspelt words repaired, `None` where nothing is to be repaired.
    pub fn repair(&self, form: &str) -> Option<String> {
        let mut repaired = String::new();
        (self.model.repair(form, &mut repaired) && repaired != form).then_some(repaired)
    }

    /// Ranks the intents for a text in normal form.
    pub fn classify(&self, form: &str) -> Classified {
        let ranked = SCRATCH.with_borrow_mut(|scratch| self.model.classify(form, scratch));
        let known = ranked.candidates().iter().filter_map(|candidate| {
            let position = self.positions.get(candidate.label).copied().flatten()?;
            Some((position, candidate.probability))
        });
        Classified {
            ranked: known.collect(),
            in_scope: ranked.in_scope,
            certainty: ranked.certainty,
        }
    }
}

/// Returns what a catalogue's model is trained on, in the catalogue's order: its examples, then the border cases.
pub fn examples(catalogue: &Catalogue) -> Vec<Example<'_>> {
    let mut examples = Vec::new();
    for intent in catalogue.intents() {
        for language in Language::ALL {
            for example in intent.examples.get(language) {
                examples.push(Example {
                    text: &example.value,
                    label: &intent.name,
                });
            }
        }
    }
    examples.extend(border_cases(catalogue));
    examples
}

/// Returns the negative examples of each intent as examples of the one they belong to, without those that are examples
/// there already.
pub fn border_cases(catalogue: &Catalogue) -> Vec<Example<'_>> {
    let known: HashSet<String> = catalogue
        .intents()
        .iter()
        .flat_map(|intent| Language::ALL.map(|language| intent.examples.get(language)))
        .flatten()
        .map(|example| normalize(&example.value).text)
        .collect();
    let mut cases = Vec::new();
    for intent in catalogue.intents() {
        for language in Language::ALL {
            for negative in intent.negatives.get(language) {
                let owner = negative.owner.as_deref();
                if let Some(label) = owner.filter(|owner| catalogue.position(owner).is_some())
                    && !known.contains(&normalize(&negative.text).text)
                {
                    cases.push(Example {
                        text: &negative.text,
                        label,
                    });
                }
            }
        }
    }
    cases
}

/// Returns the hash of what a catalogue's model is trained on.
pub fn fingerprint(catalogue: &Catalogue) -> [u8; 32] {
    model::fingerprint(&examples(catalogue), &Hyper::default())
}

/// Trains and calibrates the model of a catalogue: half a minute on two cores.
pub fn train(catalogue: &Catalogue) -> (Model, Durations) {
    Model::train_timed(&examples(catalogue), &Hyper::default())
}

/// Trains the model of a catalogue that is another than the one built in, in a few seconds: the calibration is
/// that of the built-in model.
pub fn train_like_built_in(catalogue: &Catalogue) -> Result<Model, FormatError> {
    let built_in = Model::from_static(BUILT_IN)?;
    Ok(Model::train_like(
        &built_in,
        &examples(catalogue),
        &Hyper::default(),
    ))
}
