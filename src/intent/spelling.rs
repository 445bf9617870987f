//! Repair of misspelt words, for the classifier's eyes only: slots and replies keep what the customer wrote.
//!
//! A word nobody taught us and that is not common either is replaced by the training word it is one slip away from
//! (two in long words), or parted where two words ran together. Anything with a digit or a sign is left alone, and
//! so are words the table of common words knows, which covers most names.

use super::by_text::{ByText, Gathered};

/// Shortest word that is repaired: below, nearly every edit makes another word.
const SHORTEST: usize = 3;
/// From here on two slips are forgiven.
const LONG: usize = 7;
/// The most that [`slips`] counts for a single one.
const ONE_SLIP: f32 = 1.3;
/// Longest word looked at; real words are shorter, and the work grows with the square.
const LONGEST: usize = 24;

/// What is asked about words that the speller was not taught.
pub trait Lexicon {
    /// Whether a word is common in the languages the bot speaks.
    fn is_common(&self, word: &str) -> bool;
    /// Whether two words were seen side by side in training.
    fn is_pair(&self, first: &str, second: &str) -> bool;
}

/// Words to correct to, with an index of their one-letter deletions.
#[derive(Clone, Debug, Default)]
pub struct Speller {
    words: Vec<(Box<str>, u32)>,
    exact: ByText<u32>,
    /// From a word, or a word with one letter left out, to the word it may stand for; in order.
    deletions: Vec<(u64, u32)>,
}

impl Speller {
    /// Takes the words of the training texts with how often each occurs.
    ///
    /// Every word is known from then on; only those in at least two texts are corrected to, since a single
    /// occurrence may itself be a slip.
    pub fn new(words: impl IntoIterator<Item = (Box<str>, u32)>) -> Self {
        let mut words: Vec<(Box<str>, u32)> = words.into_iter().collect();
        words.sort_unstable();
        words.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            earlier.1 += if same { later.1 } else { 0 };
            same
        });
        let mut deletions: Vec<(u64, u32)> = Vec::new();
        for (number, (word, count)) in (0_u32..).zip(&words) {
            if *count < 2 || !is_repairable(word) {
                continue;
            }
            let letters: Vec<char> = word.chars().collect();
            deletions.push((key(&letters, &[]), number));
            deletions.extend((0..letters.len()).map(|at| (key(&letters, &[at]), number)));
        }
        deletions.sort_unstable();
        deletions.dedup();
        deletions.shrink_to_fit();
        let mut exact = Gathered::default();
        for (word, count) in &words {
            exact.add(word, *count);
        }
        Self {
            words,
            exact: exact.finish(),
            deletions,
        }
    }

    /// Returns the words it was made of, in alphabetical order.
    pub fn words(&self) -> &[(Box<str>, u32)] {
        &self.words
    }

    /// Writes the repaired form; returns whether anything was changed.
    pub fn repair(&self, form: &str, lexicon: &impl Lexicon, repaired: &mut String) -> bool {
        repaired.clear();
        let mut changed = false;
        let mut words = form.split(' ').peekable();
        let mut previous = "";
        while let Some(word) = words.next() {
            let next = words.peek().copied().unwrap_or_default();
            if !repaired.is_empty() {
                repaired.push(' ');
            }
            if self.is_known(word, lexicon) || !is_repairable(word) {
                repaired.push_str(word);
                previous = word;
                continue;
            }
            let mut score = |candidate: &str| {
                f32::from(u8::from(lexicon.is_pair(previous, candidate)))
                    + f32::from(u8::from(lexicon.is_pair(candidate, next)))
            };
            let near = self.nearest(word, &mut score);
            let one_slip = near.filter(|(slips, _)| *slips <= ONE_SLIP);
            // Two words that ran together are likelier than one word with two slips.
            let parted = || self.parted(word, lexicon);
            if let Some((_, better)) = one_slip {
                repaired.push_str(better);
                previous = better;
                changed = true;
            } else if let Some((left, right)) = parted() {
                repaired.push_str(left);
                repaired.push(' ');
                repaired.push_str(right);
                previous = right;
                changed = true;
            } else if let Some((_, better)) = near {
                repaired.push_str(better);
                previous = better;
                changed = true;
            } else {
                repaired.push_str(word);
                previous = word;
            }
        }
        changed
    }

    fn is_known(&self, word: &str, lexicon: &impl Lexicon) -> bool {
        self.exact.first(word).is_some() || lexicon.is_common(word)
    }

    /// Returns the likeliest word within one slip, or two of a long word, with how many those are.
    fn nearest(&self, word: &str, context: &mut impl FnMut(&str) -> f32) -> Option<(f32, &str)> {
        let letters: Vec<char> = word.chars().collect();
        if !(SHORTEST..=LONGEST).contains(&letters.len()) {
            return None;
        }
        let mut candidates: Vec<u32> = Vec::new();
        let mut look_up = |left_out: &[usize]| {
            let key = key(&letters, left_out);
            let start = self.deletions.partition_point(|(other, _)| *other < key);
            let found = self
                .deletions
                .iter()
                .skip(start)
                .take_while(|(other, _)| *other == key);
            candidates.extend(found.map(|(_, number)| *number));
        };
        look_up(&[]);
        (0..letters.len()).for_each(|at| look_up(&[at]));
        let forgiven = if letters.len() >= LONG {
            for first in 0..letters.len() {
                (first + 1..letters.len()).for_each(|second| look_up(&[first, second]));
            }
            2
        } else {
            1
        };
        candidates.sort_unstable();
        candidates.dedup();
        let mut best: Option<(f32, f32, &str)> = None;
        let mut other: Vec<char> = Vec::new();
        for candidate in candidates {
            let Some((candidate, count)) = self.words.get(candidate as usize) else {
                continue;
            };
            other.clear();
            other.extend(candidate.chars());
            let Some(slips) = slips(&letters, &other, forgiven) else {
                continue;
            };
            let frequent = f32::from(u16::try_from(*count).unwrap_or(u16::MAX)).ln();
            let fits = context(candidate);
            // Three letters make a word with almost any slip: only a missing letter, or a neighbour, speaks for one.
            if letters.len() <= SHORTEST && other.len() <= letters.len() && fits <= 0.0 {
                continue;
            }
            let score = slips - 0.12 * frequent - 0.5 * fits;
            if best.is_none_or(|(lowest, ..)| score < lowest) {
                best = Some((score, slips, candidate));
            }
        }
        best.map(|(_, slips, word)| (slips, word))
    }

    /// Parts a word into two known ones, the likelier the more often the rarer of them was seen.
    fn parted<'a>(&self, word: &'a str, lexicon: &impl Lexicon) -> Option<(&'a str, &'a str)> {
        if word.len() > LONGEST {
            return None;
        }
        let taught = |part: &str| self.exact.first(part).copied().filter(|count| *count >= 2);
        let parts = word.char_indices().skip(1).filter_map(|(at, _)| {
            let (left, right) = word.split_at_checked(at)?;
            let rarer = taught(left)?.min(taught(right)?);
            let short = left.len().min(right.len()) < 2 || word.len() < 5;
            let pair = lexicon.is_pair(left, right);
            (pair || !short).then_some(((pair, rarer), (left, right)))
        });
        parts
            .max_by_key(|(worth, _)| *worth)
            .map(|(_, parts)| parts)
    }
}

/// Letters only, at least three.
fn is_repairable(word: &str) -> bool {
    word.len() >= SHORTEST && word.chars().all(char::is_alphabetic)
}

/// The hash of a word with some letters left out.
fn key(letters: &[char], left_out: &[usize]) -> u64 {
    let kept = letters
        .iter()
        .enumerate()
        .filter(|(at, _)| !left_out.contains(at));
    kept.fold(0xcbf2_9ce4_8422_2325, |hash, (_, letter)| {
        (hash ^ u64::from(u32::from(*letter)))
            .wrapping_mul(0x0000_0100_0000_01b3)
            .rotate_left(5)
    })
}

/// Returns how far apart two words are in slips of the hand, none where it takes more than `forgiven`.
///
/// Neighbouring keys, swapped letters, and a letter too many or too few of a double weigh less than one.
fn slips(written: &[char], meant: &[char], forgiven: usize) -> Option<f32> {
    if written.len().abs_diff(meant.len()) > forgiven {
        return None;
    }
    let same_start = written
        .iter()
        .zip(meant)
        .take_while(|(a, b)| a == b)
        .count();
    let (Some(rest), Some(other)) = (written.get(same_start..), meant.get(same_start..)) else {
        return None;
    };
    let (Some(a), Some(b)) = (rest.first().copied(), other.first().copied()) else {
        // One is the beginning of the other.
        let over = rest.len().max(other.len());
        let start = if same_start == 0 { 0.3 } else { 0.0 };
        let cost = if over <= 1 { 0.9 } else { 1.8 };
        return (over <= forgiven).then_some(cost + start);
    };
    let forgiven = forgiven.checked_sub(1)?;
    let before = same_start
        .checked_sub(1)
        .and_then(|at| written.get(at))
        .copied();
    let start = if same_start == 0 { 0.3 } else { 0.0 };
    let tail = |letters: &[char], skip: usize| {
        letters
            .get(skip..)
            .map(<[char]>::to_vec)
            .unwrap_or_default()
    };
    let mut best: Option<f32> = None;
    let mut consider = |cost: f32, rest: Vec<char>, other: Vec<char>| {
        let more = if rest == other {
            Some(0.0)
        } else {
            slips(&rest, &other, forgiven)
        };
        if let Some(more) = more {
            let total = cost + more + start;
            best = Some(best.map_or(total, |best| best.min(total)));
        }
    };
    let swapped = rest.get(1) == Some(&b) && other.get(1) == Some(&a);
    if swapped {
        consider(0.8, tail(rest, 2), tail(other, 2));
    }
    consider(
        if is_beside(a, b) { 0.8 } else { 1.0 },
        tail(rest, 1),
        tail(other, 1),
    );
    let doubled = |letter: char| before == Some(letter);
    consider(
        if doubled(a) { 0.7 } else { 0.95 },
        tail(rest, 1),
        other.to_vec(),
    );
    consider(
        if doubled(b) { 0.7 } else { 0.85 },
        rest.to_vec(),
        tail(other, 1),
    );
    best
}

/// Whether two letters are neighbours on a QWERTY keyboard.
fn is_beside(a: char, b: char) -> bool {
    const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let place = |letter: char| {
        ROWS.iter()
            .enumerate()
            .find_map(|(row, letters)| letters.find(letter).map(|column| (row, column)))
    };
    match (place(a), place(b)) {
        (Some((row, column)), Some((other_row, other_column))) => {
            // A lower row is shifted half a key to the right.
            let shifted = match row.cmp(&other_row) {
                std::cmp::Ordering::Equal => column.abs_diff(other_column) == 1,
                std::cmp::Ordering::Less => column == other_column || column == other_column + 1,
                std::cmp::Ordering::Greater => column == other_column || column + 1 == other_column,
            };
            row.abs_diff(other_row) <= 1 && shifted
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Common;

    impl Lexicon for Common {
        fn is_common(&self, word: &str) -> bool {
            ["john", "bold", "the"].contains(&word)
        }

        fn is_pair(&self, first: &str, second: &str) -> bool {
            (first, second) == ("my", "card")
        }
    }

    fn speller() -> Speller {
        let words = [
            ("my", 90),
            ("card", 40),
            ("cart", 3),
            ("balance", 50),
            ("transfer", 30),
            ("declined", 9),
            ("account", 60),
            ("need", 20),
            ("tarjeta", 30),
            ("saldo", 30),
            ("to", 80),
            ("oddity", 1),
            ("blocked", 12),
        ];
        Speller::new(words.map(|(word, count)| (word.into(), count)))
    }

    fn repaired(form: &str) -> String {
        let mut repaired = String::new();
        speller().repair(form, &Common, &mut repaired);
        repaired
    }

    #[test]
    fn repairs_single_slips() {
        assert_eq!(repaired("my balnce"), "my balance");
        assert_eq!(repaired("ballance"), "balance");
        assert_eq!(repaired("acount"), "account");
        assert_eq!(repaired("trasnfer"), "transfer");
        assert_eq!(repaired("tarjrta"), "tarjeta");
        assert_eq!(repaired("xalance"), "balance");
        assert_eq!(repaired("blockedd"), "blocked");
    }

    #[test]
    fn repairs_two_slips_in_long_words_only() {
        assert_eq!(repaired("trasnferr"), "transfer");
        assert_eq!(repaired("deklinedd"), "declined");
        assert_eq!(repaired("crtx"), "crtx");
    }

    #[test]
    fn the_neighbouring_word_decides_between_equals() {
        assert_eq!(repaired("my carr"), "my card");
    }

    #[test]
    fn parts_words_that_ran_together() {
        assert_eq!(repaired("mybalance"), "my balance");
        assert_eq!(repaired("needto"), "need to");
    }

    #[test]
    fn leaves_names_numbers_codes_and_known_words_alone() {
        for form in [
            "john", "bold", "1234", "$50", "sq *blu", "ca3d", "oddity", "", "👍", "xqzv",
        ] {
            assert_eq!(repaired(form), form);
        }
    }

    #[test]
    fn never_corrects_to_a_word_seen_once() {
        assert_eq!(repaired("oditty"), "oditty");
    }

    #[test]
    fn takes_very_long_words() {
        let long = "a".repeat(10_000);
        assert_eq!(repaired(&long), long);
    }

    #[test]
    fn neighbouring_keys_are_near() {
        assert!(
            is_beside('q', 'w')
                && is_beside('q', 'a')
                && is_beside('s', 'w')
                && is_beside('g', 'b')
        );
        assert!(!is_beside('q', 'p') && !is_beside('q', 'z') && !is_beside('a', 'á'));
    }
}
