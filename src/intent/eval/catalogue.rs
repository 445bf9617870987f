//! Measuring the catalogue itself: what the matcher makes of examples that neither its classifier was trained on nor
//! its list of examples holds, and how it does on messages written down with what they mean. Counts only, so that
//! two runs compare to the last one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::intent::catalogue::Catalogue;
use crate::intent::classify::{Classifier, border_cases};
use crate::intent::matcher::{Context, Matcher, MatcherError};
use crate::intent::model::{Example, Hyper, Model, RIGHT_LEVELS, Scratch};
use crate::intent::normalize::normalize;
use crate::intent::scorecard::{self, Row, Tally};
use crate::intent::{Decision, Expecting, Language};

use super::figures::ratio;

/// Parts the examples are split into, every fifth into the same.
const FOLDS: usize = 5;

/// Confusions named.
const CONFUSIONS: usize = 20;

/// What one language's, or one intent's, examples came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Examples asked about.
    pub examples: usize,
    /// Those whose best reading is right.
    pub right: usize,
    /// Those acted on as they were meant, or whose meaning is among the readings offered.
    pub resolved: usize,
    /// Those acted on.
    pub acted: usize,
    /// Of those, the ones acted on as they were meant.
    pub acted_right: usize,
    /// Those answered at the threshold for 99 % right answers.
    pub answered_at_99: usize,
    /// Of those, the right ones.
    pub right_at_99: usize,
}

/// One intent taken for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// What was meant.
    pub meant: String,
    /// What it was taken for.
    pub taken: String,
    /// How often.
    pub times: usize,
}

/// The catalogue's report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scorecard {
    /// By language: `en`, `es`.
    pub languages: BTreeMap<String, Count>,
    /// By intent, both languages together.
    pub intents: BTreeMap<String, Count>,
    /// The commonest confusions.
    pub confusions: Vec<Confusion>,
    /// The tables of messages, by name.
    pub tables: BTreeMap<String, Tally>,
}

/// Measures a catalogue with its matcher; `tables` are messages with what they mean.
pub fn measure(
    catalogue: &Arc<Catalogue>,
    matcher: &Matcher,
    tables: &BTreeMap<String, Vec<Row>>,
) -> Result<Scorecard, MatcherError> {
    let mut card = Scorecard {
        tables: tables
            .iter()
            .map(|(name, rows)| (name.clone(), scorecard::run(matcher, name, rows).tally))
            .collect(),
        ..Scorecard::default()
    };
    let mut confusions: BTreeMap<(String, String), usize> = BTreeMap::new();
    let parts = parts(catalogue);
    for fold in 0..FOLDS {
        let learnt: Vec<Example<'_>> = parts
            .iter()
            .filter(|part| part.fold != fold)
            .map(|part| part.example)
            .chain(border_cases(catalogue))
            .collect();
        let model = Model::train_like(matcher.classifier().model(), &learnt, &Hyper::default());
        let classifier = Classifier::new(model, catalogue);
        let mut judge = Judge {
            matcher: Matcher::with_classifier(Arc::clone(catalogue), classifier)?.blind(),
            scratch: Scratch::default(),
        };
        for part in parts.iter().filter(|part| part.fold == fold) {
            let (count, taken) = judge.ask(part);
            let language = card.languages.entry(part.language.code().to_owned());
            add(language.or_default(), count);
            let meant = part.example.label;
            add(card.intents.entry(meant.to_owned()).or_default(), count);
            if let Some(taken) = taken.filter(|_| count.right == 0) {
                *confusions.entry((meant.to_owned(), taken)).or_default() += 1;
            }
        }
    }
    let mut confusions: Vec<Confusion> = confusions
        .into_iter()
        .map(|((meant, taken), times)| Confusion {
            meant,
            taken,
            times,
        })
        .collect();
    confusions.sort_by_key(|confusion| std::cmp::Reverse(confusion.times));
    confusions.truncate(CONFUSIONS);
    card.confusions = confusions;
    Ok(card)
}

/// An example, its language, and the fold in which it is asked about.
struct Part<'c> {
    example: Example<'c>,
    language: Language,
    fold: usize,
}

fn parts(catalogue: &Catalogue) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for (at, intent) in catalogue.intents().iter().enumerate() {
        for language in Language::ALL {
            let examples = intent.examples.get(language);
            for (nth, example) in examples.iter().enumerate() {
                parts.push(Part {
                    example: Example {
                        text: &example.value,
                        label: &intent.name,
                    },
                    language,
                    // Where it begins is shifted by the intent, so that no fold gets all first examples.
                    fold: (nth + at) % FOLDS,
                });
            }
        }
    }
    parts
}

struct Judge {
    matcher: Matcher,
    scratch: Scratch,
}

impl Judge {
    /// Asks about an example; returns its count and the reading that came first.
    fn ask(&mut self, part: &Part<'_>) -> (Count, Option<String>) {
        let Example { text, label } = part.example;
        let context = Context {
            language: None,
            expecting: expecting(label),
            history: &[],
        };
        let understanding = self.matcher.understand(text, &context);
        let is_meant = |reading: &crate::intent::Reading| reading.name == *label;
        let acted = understanding.decision == Decision::Act;
        let served = understanding.intents.iter().any(is_meant);
        let offered = understanding.alternatives.iter().any(is_meant);
        // What nobody can serve is rightly not acted on.
        let refused = matches!(label, "unknown" | "out_of_scope")
            && understanding.decision == Decision::Reject;
        let first_offered = !acted && understanding.alternatives.first().is_some_and(is_meant);
        let right = served || refused || first_offered;
        let first = understanding.intents.first();
        let taken = first
            .or(understanding.alternatives.first())
            .map(|reading| reading.name.to_string());
        let (sure, sure_right) = self.classifier_alone(text, label);
        let count = Count {
            examples: 1,
            right: usize::from(right),
            resolved: usize::from(served || refused || offered),
            acted: usize::from(acted),
            acted_right: usize::from(acted && served),
            answered_at_99: usize::from(sure),
            right_at_99: usize::from(sure && sure_right),
        };
        (count, taken.or_else(|| Some("nothing".to_owned())))
    }

    /// Tells whether the classifier by itself would answer at its threshold for 99 %, and whether rightly.
    fn classifier_alone(&mut self, text: &str, label: &str) -> (bool, bool) {
        let model = self.matcher.classifier().model();
        let ranked = model.classify(&normalize(text).text, &mut self.scratch);
        let thresholds = model.thresholds();
        let needed = RIGHT_LEVELS
            .iter()
            .zip(thresholds.right)
            .find(|(level, _)| **level >= 0.99)
            .map(|(_, threshold)| threshold);
        let sure = ranked.in_scope >= thresholds.answer_scope
            && needed.is_some_and(|needed| ranked.certainty >= needed);
        let best = ranked.candidates().first();
        let right = best
            .and_then(|best| model.labels().get(best.label))
            .is_some_and(|best| &**best == label);
        (sure, right)
    }
}

/// Returns what must have been asked for an answer to make sense.
fn expecting(intent: &str) -> Option<Expecting> {
    match intent {
        "affirm" | "deny" | "cancel" | "back" | "repeat" | "edit" => Some(Expecting::Confirmation),
        "select" => Some(Expecting::Choice),
        "fraud_alert_reply" => Some(Expecting::FraudAlert),
        _ => None,
    }
}

fn add(sum: &mut Count, one: Count) {
    sum.examples += one.examples;
    sum.right += one.right;
    sum.resolved += one.resolved;
    sum.acted += one.acted;
    sum.acted_right += one.acted_right;
    sum.answered_at_99 += one.answered_at_99;
    sum.right_at_99 += one.right_at_99;
}

/// A share may fall by this much before it is a drop: a catalogue that grows asks harder questions.
const SLACK: f64 = 0.002;

impl Scorecard {
    /// Returns what is worse here than in `before`, a line each.
    pub fn drops_since(&self, before: &Self) -> Vec<String> {
        let mut drops = Vec::new();
        let mut compare = |what: String, now: (usize, usize), then: (usize, usize), slack: f64| {
            let (now, then) = (ratio(now.0, now.1), ratio(then.0, then.1));
            if now + slack < then {
                drops.push(format!(
                    "{what}: {:.2} %, was {:.2} %",
                    now * 100.0,
                    then * 100.0
                ));
            }
        };
        for (language, then) in &before.languages {
            let now = self.languages.get(language).copied().unwrap_or_default();
            let of = |count: Count, part: usize| (part, count.examples);
            for (name, now, then) in [
                ("right", of(now, now.right), of(*then, then.right)),
                ("resolved", of(now, now.resolved), of(*then, then.resolved)),
            ] {
                compare(format!("{language} {name}"), now, then, SLACK);
            }
        }
        for (table, then) in &before.tables {
            let now = self.tables.get(table).copied().unwrap_or_default();
            let intents = ((now.right, now.rows), (then.right, then.rows));
            compare(format!("table {table}"), intents.0, intents.1, 0.0);
            let slots = (
                (now.slots_right, now.with_slots),
                (then.slots_right, then.with_slots),
            );
            compare(format!("table {table}, slots"), slots.0, slots.1, 0.0);
        }
        drops
    }
}

impl fmt::Display for Scorecard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: usize, whole: usize| ratio(part, whole) * 100.0;
        writeln!(
            f,
            "Examples that were left out of training and of the list of examples:"
        )?;
        for (language, count) in &self.languages {
            writeln!(
                f,
                "  {language}: {} examples, {:.1} % right, {:.1} % right or among the readings offered; acted on {:.1} %, of which {:.1} % right; classifier alone, sure at 99 %: {:.1} %, of which {:.1} % right",
                count.examples,
                percent(count.right, count.examples),
                percent(count.resolved, count.examples),
                percent(count.acted, count.examples),
                percent(count.acted_right, count.acted),
                percent(count.answered_at_99, count.examples),
                percent(count.right_at_99, count.answered_at_99),
            )?;
        }
        writeln!(f, "\nIntents found least often:")?;
        let mut intents: Vec<_> = self.intents.iter().collect();
        intents.sort_by(|(_, a), (_, b)| {
            ratio(a.right, a.examples).total_cmp(&ratio(b.right, b.examples))
        });
        for (name, count) in intents.iter().take(15) {
            writeln!(
                f,
                "  {:5.1} % of {:4}  {name}",
                percent(count.right, count.examples),
                count.examples
            )?;
        }
        writeln!(f, "\nCommonest confusions:")?;
        for confusion in &self.confusions {
            writeln!(
                f,
                "  {:4}  {} taken for {}",
                confusion.times, confusion.meant, confusion.taken
            )?;
        }
        writeln!(
            f,
            "\nMessages written down with what they mean, through the whole matcher:"
        )?;
        for (name, tally) in &self.tables {
            writeln!(
                f,
                "  {name}: {} of {} right; slots {} of {}",
                tally.right, tally.rows, tally.slots_right, tally.with_slots
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(right: usize, table: usize) -> Scorecard {
        let count = Count {
            examples: 1000,
            right,
            resolved: 990,
            ..Count::default()
        };
        let tally = Tally {
            rows: 10,
            right: table,
            ..Tally::default()
        };
        Scorecard {
            languages: [("en".to_owned(), count)].into(),
            tables: [("safety".to_owned(), tally)].into(),
            ..Scorecard::default()
        }
    }

    #[test]
    fn a_drop_is_named_with_its_figures() {
        assert_eq!(card(930, 10).drops_since(&card(930, 10)), [""; 0]);
        assert_eq!(card(929, 10).drops_since(&card(930, 10)), [""; 0]);
        assert_eq!(
            card(920, 9).drops_since(&card(930, 10)),
            [
                "en right: 92.00 %, was 93.00 %",
                "table safety: 90.00 %, was 100.00 %"
            ]
        );
    }

    #[test]
    fn a_missing_language_or_table_is_a_drop() {
        assert_eq!(Scorecard::default().drops_since(&card(930, 10)).len(), 3);
    }
}
