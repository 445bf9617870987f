//! The matcher: a message in, what it is taken to mean out.
//!
//! Stages, in order: redact, normalise, language, safety rules, answers to what was asked, follow-ups, examples with patterns
//! and classifier, guard, decision, composition, slots. Each is a pure function in its own file; this one only leads
//! from one to the next, and says what each found when somebody asks (`explain`).

use std::sync::Arc;

use thiserror::Error;

use super::catalogue::Catalogue;
use super::classify::Classifier;
use super::compose::answers::Answers;
use super::compose::follow::Past;
use super::decide::Thresholds;
use super::explain::{self, Trace};
use super::foreign::is_foreign;
use super::guard::Guard;
use super::guess::Languages;
use super::model::FormatError;
use super::rules::Rules;
use super::ruleset::RuleSetError;
use super::safety::Safety;
use super::slot::{self, SlotContext};
use super::utterance::Utterance;
use super::weigh::Examples;
use super::{
    Decision, Expecting, IntentName, Language, Reading, Slots, Understanding, compose, trained,
};
use crate::redact::{Kind, redact};

mod piece;
mod segment;
mod settle;
mod things;
mod tidy;
mod verdict;

/// How many of the earlier messages a follow-up looks back at.
const LOOK_BACK: usize = 5;

/// Why a matcher cannot be made.
#[derive(Debug, Error)]
pub enum MatcherError {
    /// The rules built into the binary are broken.
    #[error(transparent)]
    Rules(#[from] RuleSetError),
    /// The model built into the binary is broken.
    #[error("the built-in model cannot be read")]
    Model(#[from] FormatError),
}

/// Tells whether a secret was removed from a text.
pub fn holds_marker(text: &str) -> bool {
    Kind::ALL.iter().any(|kind| text.contains(kind.marker()))
}

/// A removed secret says nothing about what is wanted.
fn without_markers(redacted: &str) -> String {
    let mut text = redacted.to_owned();
    for kind in Kind::ALL {
        text = text.replace(kind.marker(), " ");
    }
    text
}

/// A guess at a language that is not spoken here is never acted on, but what must not be missed is not missed.
fn only_alarms(understanding: &mut Understanding, catalogue: &Catalogue) {
    understanding.intents.retain(|reading| {
        catalogue
            .intent(&reading.name)
            .is_some_and(|intent| intent.safety)
    });
    understanding.alternatives.clear();
    if understanding.intents.is_empty() {
        understanding.decision = Decision::Reject;
    }
}

/// How likely, and how much likelier than the next, a reading must be to be served beside a removed secret.
const LIKELY: f32 = 0.4;
const CLEAR: f32 = 2.0;
/// What a few words must be to be served all the same: "freeze [card]".
const PLAIN: f32 = 0.9;
/// Fewer words than this only name the secret: "my card is [card]".
const SENTENCE: usize = 4;

/// The message held something private: that is said first, and what else it asks for is still served (D3).
fn say_what_was_removed(understanding: &mut Understanding) {
    const NOTICE: &str = "sensitive_data";
    let other = |reading: &Reading| {
        !matches!(
            reading.name.as_str(),
            NOTICE | "unknown" | "out_of_scope" | "smalltalk"
        )
    };
    // "My card is [card]" leaves little to tell a wish from.
    let words = without_markers(&understanding.redacted)
        .split_whitespace()
        .count();
    let likely = |reading: &Reading| {
        reading.confidence >= LIKELY && (words >= SENTENCE || reading.confidence >= PLAIN)
    };
    understanding
        .intents
        .retain(|reading| other(reading) && likely(reading));
    understanding.alternatives.retain(other);
    if understanding.decision == Decision::Clarify {
        let clear = match understanding.alternatives.as_slice() {
            [best] => likely(best),
            [best, next, ..] => likely(best) && best.confidence >= CLEAR * next.confidence,
            [] => false,
        };
        if clear {
            understanding.alternatives.truncate(1);
            understanding.intents = std::mem::take(&mut understanding.alternatives);
        }
    } else {
        understanding.alternatives.clear();
    }
    if understanding.alternatives.len() > 1
        && understanding.alternatives.first().is_some_and(likely)
    {
        return;
    }
    understanding.alternatives.clear();
    understanding.intents.insert(0, Reading::new(NOTICE, 1.0));
    understanding.decision = Decision::Act;
}

/// What is around a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'c> {
    /// The conversation's language, where there is one yet.
    pub language: Option<Language>,
    /// What the bot's last message asked for.
    pub expecting: Option<Expecting>,
    /// The customer's earlier messages within the follow-up time, oldest first.
    pub history: &'c [&'c str],
}

/// A catalogue, compiled.
pub struct Matcher {
    catalogue: Arc<Catalogue>,
    examples: Examples,
    rules: Rules,
    safety: Safety,
    answers: Answers,
    guard: Guard,
    classifier: Classifier,
    thresholds: Thresholds,
    languages: Languages,
}

impl Matcher {
    /// Compiles a catalogue with the model built into the binary, which was trained on the catalogue built into it.
    pub fn new(catalogue: Arc<Catalogue>) -> Result<Self, MatcherError> {
        let classifier = Classifier::built_in(&catalogue)?;
        Self::with_classifier(catalogue, classifier)
    }

    /// Compiles a catalogue with its own model: built in, kept from an earlier run, or trained now and kept.
    pub fn load(catalogue: Arc<Catalogue>) -> Result<Self, MatcherError> {
        let classifier = trained::find(&catalogue, trained::cache_folder().as_deref())?;
        Self::with_classifier(catalogue, classifier)
    }

    /// Compiles a catalogue with a model of its own.
    pub fn with_classifier(
        catalogue: Arc<Catalogue>,
        classifier: Classifier,
    ) -> Result<Self, MatcherError> {
        Ok(Self {
            examples: Examples::new(&catalogue),
            rules: Rules::new(&catalogue),
            safety: Safety::built_in()?,
            answers: Answers::built_in()?,
            guard: Guard::built_in()?,
            thresholds: Thresholds::new(classifier.thresholds()),
            classifier,
            languages: Languages::new(&catalogue),
            catalogue,
        })
    }

    /// Takes away the list of examples, for measuring: an example is then read like any other message.
    #[must_use]
    pub fn blind(mut self) -> Self {
        self.examples = Examples::default();
        self
    }

    /// Returns the catalogue.
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Returns the classifier.
    pub const fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Takes a message for what it means.
    pub fn understand(&self, text: &str, context: &Context<'_>) -> Understanding {
        self.read(text, context, &self.past(context), &mut Trace::off())
    }

    /// Like [`Matcher::understand`], and returns what each stage found.
    pub fn explain(&self, text: &str, context: &Context<'_>) -> (Understanding, Trace) {
        let mut trace = Trace::on();
        let understanding = self.read(text, context, &self.past(context), &mut trace);
        (understanding, trace)
    }

    /// Returns what the customer asked for last, worked out from the earlier messages when somebody wants to know.
    fn past<'p>(&'p self, context: &Context<'p>) -> Past<'p> {
        if context.history.is_empty() {
            return Past::known(None);
        }
        let Context {
            language, history, ..
        } = *context;
        Past::lazy(move || {
            let from = history.len().saturating_sub(LOOK_BACK);
            let mut last = None;
            for text in history.get(from..).unwrap_or_default() {
                let context = Context {
                    language,
                    expecting: None,
                    history: &[],
                };
                let past = Past::known(last.clone());
                let understanding = self.read(text, &context, &past, &mut Trace::off());
                let asked = understanding.intents.into_iter().rev().find(|reading| {
                    !compose::is_courtesy(&reading.name)
                        && !compose::answers::is_within(&reading.name)
                });
                last = asked.or(last);
            }
            last
        })
    }

    fn read(
        &self,
        text: &str,
        context: &Context<'_>,
        past: &Past<'_>,
        trace: &mut Trace,
    ) -> Understanding {
        let redacted = redact(text);
        trace.note("redact", || {
            if redacted.found.is_empty() {
                "nothing to remove".to_owned()
            } else {
                redacted.text.clone()
            }
        });
        // Stored messages come with their markers already.
        let private = !redacted.found.is_empty() || holds_marker(&redacted.text);
        let heard = if private {
            without_markers(&redacted.text)
        } else {
            redacted.text.clone()
        };
        let utterance = Utterance::new(&heard);
        trace.note("normalize", || utterance.form().to_owned());
        let language = self.languages.guess(utterance.form(), context.language);
        trace.note("language", || language.to_string());
        let mut understanding = Understanding {
            language,
            decision: Decision::Reject,
            intents: Vec::new(),
            alternatives: Vec::new(),
            redacted: redacted.text,
        };
        let foreign = is_foreign(&heard);
        if foreign {
            trace.note("foreign", || {
                "a language that is not spoken here".to_owned()
            });
        }
        if !utterance.is_empty() {
            self.settle(
                &utterance,
                context.expecting,
                past,
                &mut understanding,
                trace,
            );
        }
        if foreign {
            only_alarms(&mut understanding, &self.catalogue);
        }
        if private {
            say_what_was_removed(&mut understanding);
        }
        trace.note("decide", || explain::verdict(&understanding));
        understanding
    }

    /// Cuts the slots of an intent out of a text.
    #[expect(
        clippy::unused_self,
        reason = "names known of the customer will be among what is compiled"
    )]
    fn fill(&self, intent: &IntentName, text: &str, language: Language) -> Slots {
        slot::fill(intent, text, language, &SlotContext::default())
    }

    /// Cuts named slots out of a text.
    #[expect(clippy::unused_self, reason = "as for fill")]
    fn fill_named(&self, intent: &str, names: &[&str], text: &str, language: Language) -> Slots {
        slot::fill_named(intent, names, text, language, &SlotContext::default())
    }

    /// Returns the name of the intent at a position of the catalogue.
    pub(super) fn name(&self, intent: usize) -> Option<&IntentName> {
        self.catalogue
            .intents()
            .get(intent)
            .map(|intent| &intent.name)
    }

    /// Returns the patterns, to explain with.
    pub(super) const fn rules(&self) -> &Rules {
        &self.rules
    }
}
