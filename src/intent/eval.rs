//! Measuring the classifier on foreign data sets (`bursar intents eval --train FILE --test FILE`).
//!
//! The classifier is the one production uses, with the same hyper-parameters for every data set. Thresholds are
//! frozen on the training side; neither the test file nor the out-of-scope file is looked at before it is scored.

pub mod catalogue;
mod corpus;
mod figures;

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::model::{Example, Hyper, Model, RIGHT_LEVELS, Ranked, Scratch};
use super::normalize::normalize;

pub use corpus::CorpusError;

/// Position of the 97 % level in the set sizes.
const AT_97: usize = 2;

/// Readings that are offered where the bot is not sure: three buttons.
const OFFERED: usize = 3;

/// What to measure.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// CSV with header `text,category`.
    pub train: PathBuf,
    /// The same.
    pub test: PathBuf,
    /// The same; the category is not read.
    pub oos: Option<PathBuf>,
    /// Train on so many examples a category, chosen by a fixed seed.
    pub shots: Option<usize>,
    /// Also measure with one slip a message.
    pub typos: bool,
    /// How to train; the default is what production uses.
    pub hyper: Hyper,
}

/// What was measured. Shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Examples trained on.
    pub train_examples: usize,
    /// Messages scored.
    pub test_examples: usize,
    /// Categories.
    pub categories: usize,
    /// Messages whose best category is right, without rejecting any.
    pub accuracy: f64,
    /// Mean of the categories' F1.
    pub macro_f1: f64,
    /// Share answered at the threshold for 98 % right answers.
    pub coverage_at_98: f64,
    /// Share of those that are right.
    pub precision_at_98: f64,
    /// Share answered at the threshold for 99 %.
    pub coverage_at_99: f64,
    /// Share of those that are right.
    pub precision_at_99: f64,
    /// Answered right at the 99 % threshold, or among the readings offered instead.
    pub resolved: f64,
    /// Messages whose true category is in the set promised to hold it 97 times in 100.
    pub set_coverage_at_97: f64,
    /// Mean size of that set.
    pub set_size_at_97: f64,
    /// Right and not rejected by the gate.
    pub in_scope_accuracy: f64,
    /// How well the gate tells in scope from out (1 is perfect, 0.5 is chance).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oos_auroc: Option<f64>,
    /// Out-of-scope messages kept out where 95 % of in-scope ones are let in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oos_recall_at_95: Option<f64>,
    /// Out-of-scope messages that the frozen gate rejects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oos_rejected: Option<f64>,
    /// Out-of-scope messages answered as if they were in scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oos_answered: Option<f64>,
    /// Accuracy with one random slip in one word of each message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy_typo: Option<f64>,
    /// Fitting the model, calibration apart.
    pub train_seconds: f64,
    /// Cross-validation.
    pub calibrate_seconds: f64,
    /// Normalising, repairing and classifying one message, on one thread.
    pub microseconds_per_message: f64,
    /// The model as a file, in bytes.
    pub model_bytes: usize,
}

/// Measures.
///
/// # Errors
/// Where a file cannot be read, is not `text,category`, or is empty.
pub fn run(options: &Options) -> Result<Report, CorpusError> {
    let mut train = corpus::read(&options.train)?;
    let test = corpus::read(&options.test)?;
    let oos = options.oos.as_deref().map(corpus::read).transpose()?;
    if let Some(shots) = options.shots {
        train = corpus::few(&train, shots);
    }
    let examples: Vec<Example<'_>> = train
        .iter()
        .map(|row| Example {
            text: &row.text,
            label: &row.category,
        })
        .collect();
    let (model, durations) = Model::train_timed(&examples, &options.hyper);
    let mut judge = Judge {
        model: &model,
        scratch: Scratch::default(),
    };
    let start = Instant::now();
    let scored: Vec<Scored> = test
        .iter()
        .map(|row| judge.score(&row.text, &row.category))
        .collect();
    let elapsed = start.elapsed();
    let mut report = measure(&model, &scored);
    report.train_examples = train.len();
    report.train_seconds = durations.fit.as_secs_f64();
    report.calibrate_seconds = durations.calibration.as_secs_f64();
    report.microseconds_per_message =
        elapsed.as_secs_f64() * 1e6 / figures::count(scored.len().max(1));
    report.model_bytes = model.to_bytes().len();
    if let Some(oos) = &oos {
        let outside: Vec<Scored> = oos.iter().map(|row| judge.score(&row.text, "")).collect();
        measure_outside(&mut report, &model, &scored, &outside);
    }
    if options.typos {
        let spoilt = corpus::with_slips(&test);
        let scored: Vec<Scored> = spoilt
            .iter()
            .map(|row| judge.score(&row.text, &row.category))
            .collect();
        report.accuracy_typo = Some(share(&scored, Scored::is_right));
    }
    Ok(report)
}

struct Judge<'a> {
    model: &'a Model,
    scratch: Scratch,
}

impl Judge<'_> {
    fn score(&mut self, text: &str, category: &str) -> Scored {
        let form = normalize(text);
        Scored {
            truth: self
                .model
                .labels()
                .iter()
                .position(|label| &**label == category),
            ranked: self.model.classify(&form.text, &mut self.scratch),
        }
    }
}

/// A message with its true category, none where training had no such category.
struct Scored {
    truth: Option<usize>,
    ranked: Ranked,
}

impl Scored {
    fn best(&self) -> Option<usize> {
        self.ranked
            .candidates()
            .first()
            .map(|candidate| candidate.label)
    }

    fn is_right(&self) -> bool {
        self.truth.is_some() && self.best() == self.truth
    }

    fn is_among(&self, offered: usize) -> bool {
        let mut candidates = self.ranked.candidates().iter().take(offered);
        self.truth
            .is_some_and(|truth| candidates.any(|candidate| candidate.label == truth))
    }

    fn is_answered(&self, model: &Model, level: f32) -> bool {
        let thresholds = model.thresholds();
        let certainty = RIGHT_LEVELS
            .iter()
            .zip(thresholds.right)
            .find(|(at, _)| **at >= level);
        self.ranked.in_scope >= thresholds.answer_scope
            && certainty.is_some_and(|(_, threshold)| self.ranked.certainty >= threshold)
    }
}

fn measure(model: &Model, scored: &[Scored]) -> Report {
    let thresholds = model.thresholds();
    let precision = |level: f32| {
        let answered = scored.iter().filter(|one| one.is_answered(model, level));
        let (answered, right) = answered.fold((0, 0), |(all, right), one| {
            (all + 1, right + usize::from(one.is_right()))
        });
        figures::ratio(right, answered)
    };
    let resolved = |one: &Scored| {
        if one.is_answered(model, 0.99) {
            one.is_right()
        } else {
            one.ranked.in_scope >= thresholds.offer_scope && one.is_among(OFFERED)
        }
    };
    let set_size = |one: &Scored| one.ranked.set_sizes.get(AT_97).copied().unwrap_or_default();
    Report {
        train_examples: 0,
        test_examples: scored.len(),
        categories: model.labels().len(),
        accuracy: share(scored, Scored::is_right),
        macro_f1: figures::macro_f1(
            scored.iter().map(|one| (one.truth, one.best())),
            model.labels().len(),
        ),
        coverage_at_98: share(scored, |one| one.is_answered(model, 0.98)),
        precision_at_98: precision(0.98),
        coverage_at_99: share(scored, |one| one.is_answered(model, 0.99)),
        precision_at_99: precision(0.99),
        resolved: share(scored, resolved),
        set_coverage_at_97: share(scored, |one| one.is_among(set_size(one))),
        set_size_at_97: figures::ratio(scored.iter().map(set_size).sum(), scored.len()),
        in_scope_accuracy: share(scored, |one| {
            one.is_right() && one.ranked.in_scope >= thresholds.answer_scope
        }),
        oos_auroc: None,
        oos_recall_at_95: None,
        oos_rejected: None,
        oos_answered: None,
        accuracy_typo: None,
        train_seconds: 0.0,
        calibrate_seconds: 0.0,
        microseconds_per_message: 0.0,
        model_bytes: 0,
    }
}

fn measure_outside(report: &mut Report, model: &Model, inside: &[Scored], outside: &[Scored]) {
    let scopes = |scored: &[Scored]| {
        scored
            .iter()
            .map(|one| one.ranked.in_scope)
            .collect::<Vec<f32>>()
    };
    let (kept, others) = (scopes(inside), scopes(outside));
    report.oos_auroc = Some(figures::auroc(&kept, &others));
    report.oos_recall_at_95 = Some(figures::recall_at_95(&kept, &others));
    report.oos_rejected = Some(share(outside, |one| {
        one.ranked.in_scope < model.thresholds().answer_scope
    }));
    report.oos_answered = Some(share(outside, |one| one.is_answered(model, 0.98)));
}

fn share(scored: &[Scored], so: impl Fn(&Scored) -> bool) -> f64 {
    figures::ratio(scored.iter().filter(|one| so(one)).count(), scored.len())
}
