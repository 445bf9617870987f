//! The matcher: a message in, what it is taken to mean out.
//!
//! Stages, in order: redact, normalise, language, safety rules, examples with patterns and classifier, slots, decision,
//! composition. Each is a pure function in its own file; this one only leads from one to the next, and says what each found
//! when somebody asks (`explain`).

use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

use super::catalogue::Catalogue;
use super::classify::Classify;
use super::compose::{self, Cut};
use super::decide::{self, Thresholds, Verdict};
use super::explain::Trace;
use super::nearest::Nearest;
use super::rules::Rules;
use super::safety::{Safety, SafetyError};
use super::utterance::Utterance;
use super::weigh::{Examples, Weighed, weigh};
use super::{Decision, Expecting, IntentName, Language, Reading, Slots, Understanding};
use crate::redact::redact;

/// How sure a safety rule is: it has exceptions for all that was foreseen.
const ALARM: f32 = 0.95;
/// How sure each part of a message must be for the message to be cut.
const PART: f32 = 0.6;
/// Requests served of one message at most.
const REQUESTS_MAX: usize = 4;

/// Why a matcher cannot be made.
#[derive(Debug, Error)]
pub enum MatcherError {
    /// The built-in safety rules are broken.
    #[error(transparent)]
    Safety(#[from] SafetyError),
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
    classifier: Box<dyn Classify>,
    thresholds: Thresholds,
    languages: super::guess::Languages,
}

/// What a part of a message is taken for.
#[derive(Clone, Debug)]
struct Part {
    words: Range<usize>,
    weighed: Weighed,
}

impl Matcher {
    /// Compiles a catalogue.
    pub fn new(catalogue: Arc<Catalogue>) -> Result<Self, MatcherError> {
        Ok(Self {
            examples: Examples::new(&catalogue),
            rules: Rules::new(&catalogue),
            safety: Safety::built_in()?,
            classifier: Box::new(Nearest::new(&catalogue)),
            thresholds: Thresholds::default(),
            languages: super::guess::Languages::new(&catalogue),
            catalogue,
        })
    }

    /// Returns the catalogue.
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Takes a message for what it means.
    pub fn understand(&self, text: &str, context: &Context<'_>) -> Understanding {
        self.read(text, context, &mut Trace::off())
    }

    /// Like [`Matcher::understand`], and returns what each stage found.
    pub fn explain(&self, text: &str, context: &Context<'_>) -> (Understanding, Trace) {
        let mut trace = Trace::on();
        let understanding = self.read(text, context, &mut trace);
        (understanding, trace)
    }

    fn read(&self, text: &str, context: &Context<'_>, trace: &mut Trace) -> Understanding {
        let redacted = redact(text);
        trace.note("redact", || match redacted.found.iter().count() {
            0 => "nothing to remove".to_owned(),
            _ => redacted.text.clone(),
        });
        let utterance = Utterance::new(&redacted.text);
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
        if !utterance.is_empty() {
            self.settle(&utterance, context, &mut understanding, trace);
        }
        if understanding.intents.is_empty()
            && understanding.alternatives.is_empty()
            && !redacted.found.is_empty()
        {
            understanding
                .intents
                .push(Reading::new("sensitive_data", 1.0));
            understanding.decision = Decision::Act;
        }
        trace.note("decide", || super::explain::verdict(&understanding));
        understanding
    }

    fn settle(
        &self,
        utterance: &Utterance,
        _context: &Context<'_>,
        understanding: &mut Understanding,
        trace: &mut Trace,
    ) {
        let mut readings: Vec<(usize, Reading)> = Vec::new();
        let words = utterance.words();
        for alarm in self.safety.alarms(utterance.phrase_words(&words)) {
            trace.note("safety", || {
                format!("{} by `{}`", alarm.intent, alarm.phrase)
            });
            let reading = Reading {
                name: alarm.intent.clone(),
                slots: alarm.slots.clone(),
                confidence: ALARM,
            };
            readings.push((alarm.words.start, reading));
        }
        let mut verdict = Verdict::Reject;
        for part in self.parts(utterance, trace) {
            let found = decide::decide(
                &part.weighed.ranked,
                part.weighed.in_scope,
                &self.thresholds,
                |intent| self.name(intent).is_some_and(decide::is_money),
            );
            match found {
                Verdict::Act(intent, confidence) => {
                    if let Some(name) = self.name(intent) {
                        let reading = Reading {
                            name: name.clone(),
                            slots: Slots::new(),
                            confidence,
                        };
                        readings.push((part.words.start, reading));
                    }
                }
                other => verdict = other,
            }
        }
        tidy(&mut readings);
        if !readings.is_empty() {
            understanding.decision = Decision::Act;
            understanding.intents = readings.into_iter().map(|(_, reading)| reading).collect();
        } else if let Verdict::Clarify(offered) = verdict {
            let offered = offered.into_iter().filter_map(|(intent, confidence)| {
                let name = self.name(intent)?;
                Some(Reading {
                    name: name.clone(),
                    slots: Slots::new(),
                    confidence,
                })
            });
            understanding.alternatives.extend(offered);
            understanding.decision = Decision::Clarify;
        }
    }

    /// Cuts a message where each part carries an intent of its own, and weighs the parts.
    fn parts(&self, utterance: &Utterance, trace: &mut Trace) -> Vec<Part> {
        let whole = 0..utterance.len();
        let weighed = self.weigh(utterance, &whole);
        trace.weighed(self, utterance.form(), &weighed);
        let mut parts = vec![Part {
            words: whole,
            weighed,
        }];
        let mut settled = 0;
        while let Some(part) = parts.get(settled) {
            match self.cut(utterance, part, trace) {
                Some((first, second)) => {
                    parts.splice(settled..=settled, [first, second]);
                    if parts.len() >= REQUESTS_MAX {
                        break;
                    }
                }
                None => settled += 1,
            }
        }
        parts
    }

    fn cut(&self, utterance: &Utterance, part: &Part, trace: &mut Trace) -> Option<(Part, Part)> {
        if part.weighed.example.is_some() || part.weighed.patterns.iter().any(|found| found.whole) {
            return None;
        }
        for Cut { end, start, .. } in compose::cuts(utterance, &part.words) {
            let first = part.words.start..end;
            let second = start..part.words.end;
            let (left, right) = (
                self.weigh(utterance, &first),
                self.weigh(utterance, &second),
            );
            let (Some(a), Some(b)) = (sure(&left), sure(&right)) else {
                continue;
            };
            if a == b {
                continue;
            }
            trace.weighed(self, utterance.form_of(first.clone()), &left);
            trace.weighed(self, utterance.form_of(second.clone()), &right);
            return Some((
                Part {
                    words: first,
                    weighed: left,
                },
                Part {
                    words: second,
                    weighed: right,
                },
            ));
        }
        None
    }

    fn weigh(&self, utterance: &Utterance, words: &Range<usize>) -> Weighed {
        let form = utterance.form_of(words.clone());
        weigh(form, &self.examples, &self.rules, self.classifier.as_ref())
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

/// Returns the intent a part surely carries.
fn sure(weighed: &Weighed) -> Option<usize> {
    let (intent, probability) = weighed.ranked.first().copied()?;
    (probability >= PART && weighed.in_scope >= PART).then_some(intent)
}

/// Drops what was said twice and what only accompanies a request, and orders the rest as it is served.
fn tidy(readings: &mut Vec<(usize, Reading)>) {
    readings.sort_by_key(|(at, reading)| (compose::rank(&reading.name), *at));
    let mut seen: Vec<IntentName> = Vec::new();
    readings.retain(|(_, reading)| {
        let new = !seen.contains(&reading.name);
        seen.push(reading.name.clone());
        new
    });
    if readings
        .iter()
        .any(|(_, reading)| !compose::is_courtesy(&reading.name))
    {
        readings.retain(|(_, reading)| !compose::is_courtesy(&reading.name));
    }
    readings.truncate(REQUESTS_MAX);
    readings.retain(|(_, reading)| !matches!(reading.name.as_str(), "unknown" | "out_of_scope"));
}
