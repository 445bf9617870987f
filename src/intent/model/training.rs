//! Fitting the model to examples, and learning from cross-validation what its scores are worth.
//!
//! Everything is the same to the last bit in every run: orders come from fixed seeds, classes and folds are
//! independent of each other, so that the number of threads changes nothing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::calibration::{
    self, Calibration, Evidence, RIGHT_LEVELS, SET_LEVELS, SIGNALS, Thresholds,
};
use super::encoder::{Encoded, Encoder, Parts};
use super::features::Grams;
use super::linear::Linear;
use super::logistic::{Logistic, Observation};
use super::math::Random;
use super::neighbours::{Nearness, Neighbours};
use super::rows::Rows;
use super::vectors::Vectors;
use super::vocabulary::Vocabulary;
use super::{Core, Scratch, softmax, svm};

/// What is chosen by hand, once for every data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyper {
    /// Length of the part of a row that holds words and word pairs.
    pub words: f32,
    /// Length of the part that holds pieces of words.
    pub pieces: f32,
    /// Length of the part that holds the mean of the word vectors.
    pub meaning: f32,
    /// Examples that must hold a word or word pair for it to be kept.
    pub words_at_least: u32,
    /// The same for a piece.
    pub pieces_at_least: u32,
    /// Cost of an error to the support vector machine.
    pub margin_cost: f32,
    /// Violation at which it stops.
    pub margin_tolerance: f32,
    /// Passes at most.
    pub margin_passes: usize,
    /// Passes of the logistic regression.
    pub softmax_passes: usize,
    /// Its first step.
    pub softmax_rate: f32,
    /// Cost of an error to it.
    pub softmax_cost: f32,
    /// Its share in the sum of both.
    pub softmax_share: f32,
    /// Parts into which the examples are split for cross-validation.
    pub folds: usize,
    /// Parts into which the labels are split, each left out once, to learn what an unknown request looks like.
    pub label_groups: usize,
}

impl Default for Hyper {
    fn default() -> Self {
        Self {
            words: 1.0,
            pieces: 1.0,
            meaning: 1.5,
            words_at_least: 2,
            pieces_at_least: 3,
            margin_cost: 1.0,
            margin_tolerance: 0.1,
            margin_passes: 200,
            softmax_passes: 6,
            softmax_rate: 2.0,
            softmax_cost: 20.0,
            softmax_share: 0.25,
            folds: 5,
            label_groups: 4,
        }
    }
}

/// In-scope messages that cross-validation may lose to the gate: answered, and offered.
const LOST_TO_ANSWERS: f32 = 0.05;
const LOST_TO_OFFERS: f32 = 0.005;

/// How much left-out labels count against the requests of the out-of-scope file when the gate is fitted.
const LEFT_OUT_SHARE: f32 = 0.3;

/// A text read once, for all folds.
pub(super) struct Prepared {
    grams: Grams,
    meaning: Vec<f32>,
}

impl Prepared {
    pub(super) fn new(form: &str, vectors: &Vectors) -> Self {
        let mut prepared = Self {
            grams: Grams::default(),
            meaning: Vec::new(),
        };
        prepared.grams.read(form);
        vectors.mean(form, &mut prepared.meaning);
        prepared
    }
}

/// A training text with the position of its label.
pub(super) type Labelled<'a> = (&'a Prepared, u32);

/// Fits encoder, weights and neighbours to all examples. `threads` share the classes.
pub(super) fn fit(
    examples: &[Labelled<'_>],
    classes: usize,
    hyper: &Hyper,
    vectors: &Arc<Vectors>,
    threads: usize,
) -> Core {
    let encoder = Encoder {
        words: Vocabulary::count(
            examples.iter().map(|(text, _)| text.grams.words.as_slice()),
            hyper.words_at_least,
        ),
        pieces: Vocabulary::count(
            examples
                .iter()
                .map(|(text, _)| text.grams.pieces.as_slice()),
            hyper.pieces_at_least,
        ),
        vectors: Arc::clone(vectors),
        parts: Parts {
            words: hyper.words,
            pieces: hyper.pieces,
            meaning: hyper.meaning,
        },
    };
    let mut rows = Rows::new(encoder.columns(), vectors.dimensions());
    let mut numbers = Encoded::default();
    for (text, _) in examples {
        encoder.encode_prepared(&text.grams, &text.meaning, &mut numbers);
        rows.push(numbers.row());
    }
    let labels: Vec<u32> = examples.iter().map(|(_, label)| *label).collect();
    let weights = weights(&rows, &labels, classes, hyper, threads);
    let meanings = examples
        .iter()
        .map(|(text, label)| (*label, text.meaning.as_slice()));
    Core {
        linear: Linear::quantise(&weights, encoder.columns(), classes),
        neighbours: Neighbours::new(&meanings, classes, vectors.dimensions()),
        encoder,
    }
}

/// What one job of training found.
enum Part {
    Margin(Vec<f32>),
    Softmax(Vec<f32>),
}

/// Returns the sum of both machines' weights, row by row.
fn weights(rows: &Rows, labels: &[u32], classes: usize, hyper: &Hyper, threads: usize) -> Vec<f32> {
    if classes == 0 || rows.len() == 0 {
        return vec![0.0; (rows.columns + rows.dimensions + 1) * classes];
    }
    let effort = svm::Effort {
        cost: hyper.margin_cost,
        tolerance: hyper.margin_tolerance,
        passes: hyper.margin_passes,
    };
    let descent = softmax::Descent {
        passes: hyper.softmax_passes,
        rate: hyper.softmax_rate,
        cost: hyper.softmax_cost,
    };
    let parts = in_parallel(classes + 1, threads, |job| match job.checked_sub(1) {
        // First, since it is the longest.
        None => Part::Softmax(softmax::train(rows, labels, classes, descent)),
        Some(class) => {
            let class = u32::try_from(class).unwrap_or(u32::MAX);
            Part::Margin(svm::train(rows, labels, class, effort))
        }
    });
    let mut sum = Vec::new();
    let mut class = 0;
    for part in parts {
        match part {
            Part::Softmax(weights) => {
                sum = weights;
                for weight in &mut sum {
                    *weight *= hyper.softmax_share;
                }
            }
            Part::Margin(weights) => {
                for (row, weight) in sum.chunks_exact_mut(classes).zip(weights) {
                    if let Some(place) = row.get_mut(class) {
                        *place += weight;
                    }
                }
                class += 1;
            }
        }
    }
    sum
}

/// Runs jobs `0..jobs` on some threads and returns their results in order.
pub(super) fn in_parallel<T: Send>(
    jobs: usize,
    threads: usize,
    run: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(jobs));
    let work = || {
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                return;
            }
            let result = run(job);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((job, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(jobs) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(job, _)| *job);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What a model said about a text it had not seen.
pub(super) struct Probe {
    scores: Vec<f32>,
    nearness: Nearness,
    coverage: [f32; 2],
    /// Its true label in that model's numbering, none for what is out of its scope.
    label: Option<u32>,
}

impl Probe {
    fn new(core: &Core, text: &Prepared, label: Option<u32>, scratch: &mut Scratch) -> Self {
        core.encoder
            .encode_prepared(&text.grams, &text.meaning, &mut scratch.encoded);
        let nearness = core.score_encoded(scratch);
        Self {
            scores: scratch.scores.clone(),
            nearness,
            coverage: scratch.encoded.coverage,
            label,
        }
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            scores: &self.scores,
            nearness: self.nearness,
            coverage: self.coverage,
        }
    }

    fn is_right(&self) -> bool {
        let best = self.scores.iter().copied().fold(f32::MIN, f32::max);
        self.label.is_some_and(|label| {
            self.scores
                .get(label as usize)
                .is_some_and(|score| *score >= best)
        })
    }
}

/// Trains on parts of the examples and asks about the rest; `outside` are texts out of any scope.
pub(super) fn calibrate(
    examples: &[Labelled<'_>],
    classes: usize,
    outside: &[Prepared],
    hyper: &Hyper,
    vectors: &Arc<Vectors>,
    threads: usize,
) -> Calibration {
    let fold_of = folds(examples, classes, hyper.folds);
    let group_of = label_groups(classes, hyper.label_groups);
    let folds = hyper.folds.min(examples.len());
    // Leaving out labels needs some to stay.
    let groups = if classes >= 2 * hyper.label_groups {
        hyper.label_groups
    } else {
        0
    };
    let probes = in_parallel(folds + groups, threads, |job| {
        if job < folds {
            probe_fold(examples, classes, outside, &fold_of, job, hyper, vectors)
        } else {
            probe_group(examples, classes, &group_of, job - folds, hyper, vectors)
        }
    });
    let (mut inside, mut unknown, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (job, probe) in probes
        .into_iter()
        .enumerate()
        .flat_map(|(job, probes)| probes.into_iter().map(move |p| (job, p)))
    {
        match (job < folds, probe.label) {
            (true, Some(_)) => inside.push(probe),
            (true, None) => unknown.push(probe),
            (false, _) => left_out.push(probe),
        }
    }
    learn(&inside, &unknown, &left_out)
}

/// Splits each label's examples evenly, neighbours together.
///
/// People write examples in runs that resemble each other; spread over the folds they would make every held-out
/// text look easier than the next customer's.
fn folds(examples: &[Labelled<'_>], classes: usize, folds: usize) -> Vec<usize> {
    let mut totals = vec![0_usize; classes];
    for (_, label) in examples {
        if let Some(total) = totals.get_mut(*label as usize) {
            *total += 1;
        }
    }
    let mut seen = vec![0_usize; classes];
    let mut place = |(_, label): &Labelled<'_>| {
        let at = *label as usize;
        let (seen, total) = (seen.get_mut(at)?, totals.get(at)?);
        *seen += 1;
        // Which fold begins is shifted by the label, so that rare labels do not all fall into the first ones.
        Some(((*seen - 1) * folds / total + at) % folds.max(1))
    };
    examples
        .iter()
        .map(|example| place(example).unwrap_or_default())
        .collect()
}

fn label_groups(classes: usize, groups: usize) -> Vec<usize> {
    let mut group_of: Vec<usize> = (0..classes).map(|class| class % groups.max(1)).collect();
    Random::new(3).shuffle(&mut group_of);
    group_of
}

fn probe_fold(
    examples: &[Labelled<'_>],
    classes: usize,
    outside: &[Prepared],
    fold_of: &[usize],
    fold: usize,
    hyper: &Hyper,
    vectors: &Arc<Vectors>,
) -> Vec<Probe> {
    let part = |held: bool| {
        let chosen = examples
            .iter()
            .zip(fold_of)
            .filter(move |(_, of)| (**of == fold) == held);
        chosen.map(|(example, _)| *example)
    };
    let core = fit(&part(false).collect::<Vec<_>>(), classes, hyper, vectors, 1);
    let mut scratch = Scratch::default();
    let mut probes: Vec<Probe> = part(true)
        .map(|(text, label)| Probe::new(&core, text, Some(label), &mut scratch))
        .collect();
    probes.extend(
        outside
            .iter()
            .map(|text| Probe::new(&core, text, None, &mut scratch)),
    );
    probes
}

fn probe_group(
    examples: &[Labelled<'_>],
    classes: usize,
    group_of: &[usize],
    group: usize,
    hyper: &Hyper,
    vectors: &Arc<Vectors>,
) -> Vec<Probe> {
    let is_out = |label: u32| group_of.get(label as usize) == Some(&group);
    // The labels that stay are numbered anew, without gaps.
    let mut kept = 0;
    let renumbered: Vec<u32> = (0..u32::try_from(classes).unwrap_or(u32::MAX))
        .map(|label| {
            let number = kept;
            kept += u32::from(!is_out(label));
            number
        })
        .collect();
    let stay: Vec<Labelled<'_>> = examples
        .iter()
        .filter(|(_, label)| !is_out(*label))
        .map(|(text, label)| {
            (
                *text,
                renumbered.get(*label as usize).copied().unwrap_or_default(),
            )
        })
        .collect();
    let core = fit(&stay, kept as usize, hyper, vectors, 1);
    let mut scratch = Scratch::default();
    let out = examples.iter().filter(|(_, label)| is_out(*label));
    out.map(|(text, _)| Probe::new(&core, text, None, &mut scratch))
        .collect()
}

/// Learns probabilities, gate, certainty and thresholds from what was asked.
fn learn(inside: &[Probe], unknown: &[Probe], left_out: &[Probe]) -> Calibration {
    let cases: Vec<(&[f32], u32)> = inside
        .iter()
        .filter_map(|probe| Some((probe.scores.as_slice(), probe.label?)))
        .collect();
    let temperature = calibration::temperature(&cases);
    let signals = |probe: &Probe| probe.evidence().signals(temperature);
    let weigh = |probes: &[Probe], in_scope: bool, share: f32| -> Vec<Observation<SIGNALS>> {
        let weight = share / super::math::count(probes.len().max(1));
        probes
            .iter()
            .map(|probe| (signals(probe), in_scope, weight))
            .collect()
    };
    let mut observations = weigh(inside, true, 1.0);
    observations.extend(weigh(unknown, false, 1.0 / (1.0 + LEFT_OUT_SHARE)));
    observations.extend(weigh(
        left_out,
        false,
        LEFT_OUT_SHARE / (1.0 + LEFT_OUT_SHARE),
    ));
    let gate = Logistic::fit(&observations);
    let rightness: Vec<Observation<SIGNALS>> = inside
        .iter()
        .map(|probe| (signals(probe), probe.is_right(), 1.0))
        .collect();
    let certainty = Logistic::fit(&rightness);

    let mut scopes: Vec<f32> = inside
        .iter()
        .map(|probe| gate.probability(&signals(probe)))
        .collect();
    let answer_scope = calibration::quantile(&mut scopes, LOST_TO_ANSWERS);
    let offer_scope = calibration::quantile(&mut scopes, LOST_TO_OFFERS);
    let mut answerable: Vec<(f32, bool)> = inside
        .iter()
        .map(|probe| (signals(probe), probe.is_right()))
        .filter(|(signals, _)| gate.probability(signals) >= answer_scope)
        .map(|(signals, is_right)| (certainty.probability(&signals), is_right))
        .collect();
    let mut truths: Vec<f32> = inside
        .iter()
        .filter_map(|probe| truth(probe, temperature))
        .collect();
    Calibration {
        temperature,
        gate,
        certainty,
        thresholds: Thresholds {
            right: RIGHT_LEVELS.map(|level| calibration::threshold_for(&mut answerable, level)),
            set: SET_LEVELS.map(|level| calibration::quantile(&mut truths, 1.0 - level)),
            answer_scope,
            offer_scope,
        },
    }
}

/// Returns the probability that was given to the right class.
fn truth(probe: &Probe, temperature: f32) -> Option<f32> {
    let mut scores: Vec<f32> = probe
        .scores
        .iter()
        .map(|score| score * temperature)
        .collect();
    softmax::to_probabilities(&mut scores);
    scores.get(probe.label? as usize).copied()
}
