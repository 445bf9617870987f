//! The classifier: which intent a message is likeliest to have, how likely, and whether it is ours at all.
//!
//! A linear model over words, word pairs and pieces of words (TF-IDF), joined with the mean of static word vectors.
//! Trained in a second or two from examples, deterministic, a few microseconds a message. It knows nothing of
//! intents' meaning, of patterns or of safety; what to do with its ranking is decided elsewhere
//! ([`super::decide`]). A sentence encoder could be asked where [`Ranked::certainty`] is low; there is none here.

mod blob;
mod calibration;
mod encoder;
mod features;
mod format;
mod linear;
mod logistic;
mod math;
mod neighbours;
mod rows;
mod softmax;
mod svm;
mod training;
mod translations;
mod vectors;
mod vocabulary;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use blob::FormatError;
pub use calibration::{RIGHT_LEVELS, SET_LEVELS, Thresholds};
pub use training::Hyper;
pub use vectors::Vectors;

pub(super) use math::Random;

use calibration::{Calibration, Evidence};
use encoder::{Encoded, Encoder};
pub(super) use features::hash_word as hash_text;
use features::{hash_pair, hash_word};
use linear::Linear;
use neighbours::{Nearness, Neighbours};
use training::{Labelled, Prepared};

use super::normalize::normalize;
use super::spelling::{Lexicon, Speller};

/// Everyday requests that are no bank's business, which the gate learns from.
const OUT_OF_SCOPE: &str = include_str!("model/out_of_scope.txt");

/// Candidates a ranking holds at most.
pub const CANDIDATES: usize = 8;

/// A text with its label.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// As somebody would write it; it is brought into normal form.
    pub text: &'a str,
    /// Any name.
    pub label: &'a str,
}

/// A trained classifier.
#[derive(Clone, Debug)]
pub struct Model {
    labels: Vec<Box<str>>,
    core: Core,
    speller: Speller,
    calibration: Calibration,
    fingerprint: [u8; 32],
}

/// What gives scores, without knowing what they are worth.
#[derive(Clone, Debug)]
struct Core {
    encoder: Encoder,
    linear: Linear,
    neighbours: Neighbours,
}

/// Working space, reused from message to message so that classifying allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    encoded: Encoded,
    scores: Vec<f32>,
    query: Vec<u8>,
    repaired: String,
}

/// A label, as its position in [`Model::labels`], with its probability.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Candidate {
    /// Position of the label.
    pub label: usize,
    /// From 0 to 1; all labels' sum to one.
    pub probability: f32,
}

/// What the model says about one message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ranked {
    best: [Candidate; CANDIDATES],
    length: usize,
    /// Probability that the message is about any of the labels at all.
    pub in_scope: f32,
    /// Probability that the best candidate is right, from all that is known and not only its score.
    pub certainty: f32,
    /// For each of [`SET_LEVELS`], how many labels are needed to hold the right one at that rate.
    pub set_sizes: [usize; SET_LEVELS.len()],
}

impl Ranked {
    /// Returns the likeliest candidates, best first.
    pub fn candidates(&self) -> &[Candidate] {
        self.best.get(..self.length).unwrap_or_default()
    }
}

/// How long the two parts of training took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Durations {
    /// Fitting the model to all examples.
    pub fit: Duration,
    /// Cross-validation.
    pub calibration: Duration,
}

/// Examples, normalised and counted.
struct ReadExamples {
    vectors: Arc<Vectors>,
    labels: Vec<Box<str>>,
    words: HashMap<Box<str>, u32>,
    prepared: Vec<(Prepared, u32)>,
}

impl ReadExamples {
    fn new(examples: &[Example<'_>]) -> Self {
        let vectors = Vectors::builtin();
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut labels: Vec<Box<str>> = Vec::new();
        let mut words: HashMap<Box<str>, u32> = HashMap::new();
        let mut prepared = Vec::with_capacity(examples.len());
        for example in examples {
            let number = *numbers.entry(example.label).or_insert_with(|| {
                labels.push(example.label.into());
                u32::try_from(labels.len() - 1).unwrap_or(u32::MAX)
            });
            let form = normalize(example.text);
            for word in form.words() {
                *words.entry(word.into()).or_default() += 1;
            }
            prepared.push((Prepared::new(&form.text, &vectors), number));
        }
        Self {
            vectors,
            labels,
            words,
            prepared,
        }
    }

    fn labelled(&self) -> Vec<Labelled<'_>> {
        self.prepared
            .iter()
            .map(|(text, label)| (text, *label))
            .collect()
    }

    fn fit(&self, hyper: &Hyper, threads: usize) -> Core {
        let classes = self.labels.len();
        training::fit(&self.labelled(), classes, hyper, &self.vectors, threads)
    }

    fn into_model(self, core: Core, calibration: Calibration, fingerprint: [u8; 32]) -> Model {
        Model {
            labels: self.labels,
            core,
            speller: Speller::new(self.words),
            calibration,
            fingerprint,
        }
    }
}

impl Model {
    /// Trains on examples, in the given order, with the built-in word vectors and out-of-scope requests.
    ///
    /// Labels are numbered as they first appear. The result depends on nothing but the arguments and the program.
    pub fn train(examples: &[Example<'_>], hyper: &Hyper) -> Self {
        Self::train_timed(examples, hyper).0
    }

    /// Trains and says how long it took.
    pub fn train_timed(examples: &[Example<'_>], hyper: &Hyper) -> (Self, Durations) {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let start = Instant::now();
        let read = ReadExamples::new(examples);
        let core = read.fit(hyper, threads);
        let fit = start.elapsed();
        let outside: Vec<Prepared> = out_of_scope()
            .map(|text| Prepared::new(&normalize(text).text, &read.vectors))
            .collect();
        let calibration = training::calibrate(
            &read.labelled(),
            read.labels.len(),
            &outside,
            hyper,
            &read.vectors,
            threads,
        );
        let durations = Durations {
            fit,
            calibration: start.elapsed().saturating_sub(fit),
        };
        let model = read.into_model(core, calibration, fingerprint(examples, hyper));
        (model, durations)
    }

    /// Trains on examples much like those of `like` and takes over its calibration: what its scores are worth is
    /// not measured anew, which takes most of the time.
    pub fn train_like(like: &Self, examples: &[Example<'_>], hyper: &Hyper) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let read = ReadExamples::new(examples);
        let core = read.fit(hyper, threads);
        let calibration = like.calibration.clone();
        read.into_model(core, calibration, fingerprint(examples, hyper))
    }

    /// Returns the labels; candidates refer to them by position.
    pub fn labels(&self) -> &[Box<str>] {
        &self.labels
    }

    /// Returns the thresholds that cross-validation chose.
    pub const fn thresholds(&self) -> &Thresholds {
        &self.calibration.thresholds
    }

    /// Returns the hash of what the model was trained from, as [`fingerprint`] computes it.
    pub const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Writes the form with misspelt words repaired, as the classifier sees it; returns whether anything changed.
    pub fn repair(&self, form: &str, repaired: &mut String) -> bool {
        self.speller.repair(form, &self.core.encoder, repaired)
    }

    /// Ranks the labels for a message in normal form.
    pub fn classify(&self, form: &str, scratch: &mut Scratch) -> Ranked {
        let mut repaired = std::mem::take(&mut scratch.repaired);
        let changed = self.repair(form, &mut repaired);
        self.core
            .encoder
            .encode(if changed { &repaired } else { form }, &mut scratch.encoded);
        scratch.repaired = repaired;
        let nearness = self.core.score_encoded(scratch);
        let Scratch {
            encoded, scores, ..
        } = scratch;
        let evidence = Evidence {
            scores,
            nearness,
            coverage: encoded.coverage,
        };
        let signals = evidence.signals(self.calibration.temperature);
        let mut ranked = Ranked {
            in_scope: self.calibration.gate.probability(&signals),
            certainty: self.calibration.certainty.probability(&signals),
            ..Ranked::default()
        };
        if scores.is_empty() {
            ranked.in_scope = 0.0;
            ranked.certainty = 0.0;
            return ranked;
        }
        for score in scores.iter_mut() {
            *score *= self.calibration.temperature;
        }
        softmax::to_probabilities(scores);
        for (size, threshold) in ranked
            .set_sizes
            .iter_mut()
            .zip(self.calibration.thresholds.set)
        {
            *size = scores
                .iter()
                .filter(|probability| **probability >= threshold)
                .count();
        }
        for (label, probability) in best(scores).take(CANDIDATES) {
            if let Some(place) = ranked.best.get_mut(ranked.length) {
                *place = Candidate { label, probability };
                ranked.length += 1;
            }
        }
        ranked
    }
}

/// Words below this rank in the table of word pieces are common enough to be meant. Short ones must be commoner:
/// the table holds many syllables and abbreviations.
const COMMON_RANK: u32 = 27_000;
const COMMON_SHORT_RANK: u32 = 8_000;

impl Lexicon for Encoder {
    fn is_common(&self, word: &str) -> bool {
        let limit = if word.len() <= 3 {
            COMMON_SHORT_RANK
        } else {
            COMMON_RANK
        };
        self.vectors.rank(word).is_some_and(|rank| rank < limit)
    }

    fn is_pair(&self, first: &str, second: &str) -> bool {
        self.words
            .contains(hash_pair(hash_word(first), hash_word(second)))
    }
}

impl Core {
    /// Scores what was encoded into the working space.
    fn score_encoded(&self, scratch: &mut Scratch) -> Nearness {
        let Scratch {
            encoded,
            scores,
            query,
            ..
        } = scratch;
        self.linear
            .score(encoded.row(), self.encoder.columns(), scores);
        let likeliest = best(scores).map(|(class, _)| u32::try_from(class).unwrap_or(u32::MAX));
        self.neighbours.nearness(&encoded.meaning, likeliest, query)
    }
}

/// Goes through values from the highest to the lowest, the first of equals first.
fn best(values: &[f32]) -> impl Iterator<Item = (usize, f32)> {
    let mut last: Option<(usize, f32)> = None;
    std::iter::from_fn(move || {
        let after = |at: usize, value: f32| match last {
            None => true,
            Some((last_at, last)) => value < last || (value <= last && at > last_at),
        };
        let mut next: Option<(usize, f32)> = None;
        for (at, value) in values.iter().copied().enumerate() {
            if after(at, value) && next.is_none_or(|(_, best)| value > best) {
                next = Some((at, value));
            }
        }
        last = next;
        next
    })
}

/// Returns the built-in out-of-scope requests.
fn out_of_scope() -> impl Iterator<Item = &'static str> {
    OUT_OF_SCOPE
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Returns the hash of everything that training depends on, so that a stored model can be told to be current.
pub fn fingerprint(examples: &[Example<'_>], hyper: &Hyper) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    hash.update(format::VERSION.to_le_bytes());
    hash.update(Vectors::builtin().source());
    hash.update(format!("{hyper:?}"));
    hash.update(OUT_OF_SCOPE);
    for example in examples {
        for part in [example.label, example.text] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part);
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [(&str, &str); 24] = [
        ("balance", "whats my balance"),
        ("balance", "how much money do i have"),
        ("balance", "balance please"),
        ("balance", "show me my account balance"),
        ("balance", "how much is in checking"),
        ("balance", "current balance of savings"),
        ("freeze", "freeze my card"),
        ("freeze", "lock my debit card now"),
        ("freeze", "please freeze the visa"),
        ("freeze", "block my card"),
        ("freeze", "put a hold on my card"),
        ("freeze", "stop my card from working"),
        ("pay", "send 20 dollars to maria"),
        ("pay", "pay john 50"),
        ("pay", "transfer money to my brother"),
        ("pay", "i want to send money"),
        ("pay", "zelle 30 to anna"),
        ("pay", "give tom ten bucks"),
        ("saldo", "cual es mi saldo"),
        ("saldo", "cuanto dinero tengo"),
        ("saldo", "saldo de ahorros"),
        ("saldo", "dime mi saldo por favor"),
        ("saldo", "cuanto hay en mi cuenta"),
        ("saldo", "quiero ver mi saldo"),
    ];

    fn examples() -> Vec<Example<'static>> {
        TEXTS
            .iter()
            .map(|(label, text)| Example { text, label })
            .collect()
    }

    fn model() -> Model {
        Model::train(&examples(), &Hyper::default())
    }

    fn best_label(model: &Model, form: &str) -> String {
        let ranked = model.classify(form, &mut Scratch::default());
        model.labels()[ranked.candidates()[0].label].to_string()
    }

    #[test]
    fn ranks_messages_it_has_not_seen() {
        let model = model();
        assert_eq!(best_label(&model, "my balance now"), "balance");
        assert_eq!(best_label(&model, "freeze the card please"), "freeze");
        assert_eq!(best_label(&model, "send maria 5 dollars"), "pay");
        assert_eq!(best_label(&model, "cuanto saldo tengo"), "saldo");
    }

    #[test]
    fn probabilities_are_in_order_and_sum_to_one() {
        let ranked = model().classify("whats the balance of my card", &mut Scratch::default());
        let probabilities: Vec<f32> = ranked
            .candidates()
            .iter()
            .map(|candidate| candidate.probability)
            .collect();
        assert_eq!(probabilities.len(), 4);
        assert!(probabilities.is_sorted_by(|a, b| a >= b));
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(ranked.set_sizes.is_sorted());
    }

    #[test]
    fn what_is_no_banks_business_is_less_in_scope() {
        let model = model();
        let scope = |form: &str| model.classify(form, &mut Scratch::default()).in_scope;
        assert!(scope("whats my balance") > scope("how do i bake a chocolate cake"));
    }

    #[test]
    fn training_twice_gives_the_same_bytes() {
        assert_eq!(model().to_bytes(), model().to_bytes());
    }

    #[test]
    fn a_read_model_says_the_same() {
        let model = model();
        let read = Model::from_vec(model.to_bytes()).unwrap();
        assert_eq!(read.fingerprint(), model.fingerprint());
        assert_eq!(read.to_bytes(), model.to_bytes());
        let mut scratch = Scratch::default();
        for form in ["my balance", "pay tom", "", "asdf qwer", "👍", "бред"] {
            assert_eq!(
                model.classify(form, &mut scratch),
                read.classify(form, &mut scratch),
                "{form}"
            );
        }
    }

    #[test]
    fn broken_bytes_are_refused() {
        let bytes = model().to_bytes();
        assert_eq!(
            Model::from_vec(b"nonsense".to_vec()).err(),
            Some(FormatError::Foreign("model"))
        );
        for length in [0, 9, 40, 100, bytes.len() / 2, bytes.len() - 1] {
            assert!(
                Model::from_vec(bytes[..length].to_vec()).is_err(),
                "{length}"
            );
        }
        let mut newer = bytes.clone();
        newer[8] = 99;
        assert!(matches!(
            Model::from_vec(newer).err(),
            Some(FormatError::Version { .. })
        ));
        let mut longer = bytes;
        longer.push(0);
        assert!(Model::from_vec(longer).is_err());
    }

    #[test]
    fn few_or_no_examples_make_a_model_all_the_same() {
        let empty = Model::train(&[], &Hyper::default());
        let ranked = empty.classify("balance", &mut Scratch::default());
        assert!(ranked.candidates().is_empty() && ranked.in_scope.abs() < f32::EPSILON);
        let one = Model::train(
            &[Example {
                text: "balance",
                label: "balance",
            }],
            &Hyper::default(),
        );
        assert_eq!(
            one.classify("balance", &mut Scratch::default())
                .candidates()
                .len(),
            1
        );
    }

    #[test]
    fn best_goes_down_and_keeps_ties_in_order() {
        let order: Vec<usize> = best(&[0.1, 0.5, 0.5, 0.9]).map(|(at, _)| at).collect();
        assert_eq!(order, [3, 1, 2, 0]);
    }

    #[test]
    fn the_fingerprint_follows_the_examples() {
        let mut other = examples();
        assert_eq!(
            fingerprint(&examples(), &Hyper::default()),
            fingerprint(&other, &Hyper::default())
        );
        other.swap(0, 23);
        assert_ne!(
            fingerprint(&examples(), &Hyper::default()),
            fingerprint(&other, &Hyper::default())
        );
    }
}
