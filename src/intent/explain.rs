//! Why a message was taken for what it was: what each stage contributed, in words.

use std::fmt;

use super::matcher::Matcher;
use super::weigh::Weighed;
use super::{Decision, Reading, Understanding};

/// How many of the classifier's candidates are shown.
const SHOWN: usize = 4;

/// The notes of the stages, in order. Off, it costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Vec<Note>>);

/// What one stage says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The stage.
    pub stage: &'static str,
    /// What it found.
    pub found: String,
}

impl Trace {
    /// Returns a trace that drops everything.
    pub const fn off() -> Self {
        Self(None)
    }

    /// Returns a trace that keeps everything.
    pub const fn on() -> Self {
        Self(Some(Vec::new()))
    }

    /// Keeps a note; `found` is only asked for when somebody will read it.
    pub fn note(&mut self, stage: &'static str, found: impl FnOnce() -> String) {
        if let Some(notes) = &mut self.0 {
            notes.push(Note {
                stage,
                found: found(),
            });
        }
    }

    /// Returns the notes.
    pub fn notes(&self) -> &[Note] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Notes what examples, patterns and classifier made of a text.
    pub(super) fn weighed(&mut self, matcher: &Matcher, form: &str, weighed: &Weighed) {
        let name = |intent: usize| matcher.name(intent).map_or("?", |name| name.as_str());
        if let (Some(intent), true) = (weighed.known, weighed.example) {
            self.note("example", || {
                format!("`{form}` is an example of {}", name(intent))
            });
        }
        for found in &weighed.patterns {
            let source = matcher.rules().patterns().get(found.pattern);
            self.note("pattern", || {
                let source = source.map_or("?", |pattern| &pattern.source);
                let part = if found.whole { "all" } else { "a part" };
                format!(
                    "{} matches {part} of `{form}`: {source}",
                    name(found.intent)
                )
            });
        }
        if weighed.known.is_none() {
            self.note("classifier", || {
                let list: Vec<String> = weighed
                    .classified
                    .ranked
                    .iter()
                    .take(SHOWN)
                    .map(|(intent, p)| format!("{} {p:.2}", name(*intent)))
                    .collect();
                let list = if list.is_empty() {
                    "nothing".to_owned()
                } else {
                    list.join(", ")
                };
                format!(
                    "`{form}`: {list} (certain {:.2}, in scope {:.2})",
                    weighed.certainty, weighed.in_scope
                )
            });
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in self.notes() {
            writeln!(f, "{:<11} {}", note.stage, note.found)?;
        }
        Ok(())
    }
}

/// Puts a verdict in words.
pub(super) fn verdict(understanding: &Understanding) -> String {
    let list = |readings: &[Reading]| {
        let list: Vec<String> = readings
            .iter()
            .map(|reading| {
                let slots: Vec<String> = reading
                    .slots
                    .iter()
                    .map(|(name, value)| format!("{name}={}", value.as_text().unwrap_or("…")))
                    .collect();
                format!(
                    "{}({}) {:.2}",
                    reading.name,
                    slots.join(" "),
                    reading.confidence
                )
            })
            .collect();
        list.join(", ")
    };
    match understanding.decision {
        Decision::Act if understanding.alternatives.is_empty() => {
            format!("act: {}", list(&understanding.intents))
        }
        Decision::Act => format!(
            "act: {}; offer beside: {}",
            list(&understanding.intents),
            list(&understanding.alternatives)
        ),
        Decision::Clarify => format!("offer: {}", list(&understanding.alternatives)),
        Decision::Reject => "reject".to_owned(),
    }
}
