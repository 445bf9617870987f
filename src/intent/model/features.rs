//! What the linear model sees of a message: hashes of its words, word pairs, and pieces of words. A word that has a translation,
//! or is a number, counts as what it means too, alone and in pairs.

use super::translations::Translations;

/// Shortest and longest run of characters taken from a word, its edges (a space each) included.
const PIECE: std::ops::RangeInclusive<usize> = 2..=5;

/// Stands for any number.
const NUMBER: u64 = 0x5f3a_90c1_77e2_d4b9;

/// Stand before the first word and behind the last: "freeze …" orders, "… freeze" may not.
const START: u64 = 0x11;
const END: u64 = 0x13;

/// The hashes of one message's n-grams, with repetitions, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Grams {
    /// Words, pairs of neighbouring words, and both once more for what they mean.
    pub(super) words: Vec<u64>,
    /// Runs of 2 to 5 characters inside one word.
    pub(super) pieces: Vec<u64>,
    letters: Vec<u32>,
}

impl Grams {
    /// Reads a message in normal form.
    pub(super) fn read(&mut self, form: &str) {
        self.words.clear();
        self.pieces.clear();
        let translations = Translations::builtin();
        let mut previous: Option<(u64, u64)> = None;
        for word in form.split(' ').filter(|word| !word.is_empty()) {
            let hash = hash_word(word);
            let concept = if word.starts_with(|first: char| first.is_ascii_digit()) {
                Some(NUMBER)
            } else {
                translations.find(hash)
            };
            self.words.push(hash);
            self.words.extend(concept);
            let meant = concept.unwrap_or(hash);
            if let Some((previous, meant_before)) = previous {
                self.words.push(hash_pair(previous, hash));
                if previous != meant_before || hash != meant {
                    self.words.push(hash_pair(meant_before, meant));
                }
            } else {
                self.words.push(hash_pair(START, meant));
            }
            previous = Some((hash, meant));
            self.letters.clear();
            self.letters.push(u32::from(' '));
            self.letters.extend(word.chars().map(u32::from));
            self.letters.push(u32::from(' '));
            let mut rest = self.letters.as_slice();
            while let Some((_, tail)) = rest.split_first() {
                let mut hash = 0x51;
                for (length, letter) in (1..=*PIECE.end()).zip(rest) {
                    hash = step(hash, u64::from(*letter));
                    if length >= *PIECE.start() {
                        self.pieces.push(finish(hash));
                    }
                }
                rest = tail;
            }
        }
        if let Some((_, last)) = previous {
            self.words.push(hash_pair(last, END));
        }
    }
}

/// Returns the hash of one word.
pub(in crate::intent) fn hash_word(word: &str) -> u64 {
    finish(
        word.bytes()
            .fold(0x57, |hash, byte| step(hash, u64::from(byte))),
    )
}

/// Returns the hash of two neighbouring words, given theirs.
pub(super) fn hash_pair(first: u64, second: u64) -> u64 {
    finish(first.rotate_left(17) ^ second)
}

fn step(hash: u64, unit: u64) -> u64 {
    (hash ^ unit)
        .wrapping_mul(0x0000_0100_0000_01b3)
        .rotate_left(23)
}

/// Spreads the bits (the finaliser of splitmix64), so that tables may use any of them.
fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_words_pairs_and_pieces() {
        let mut grams = Grams::default();
        grams.read("my card");
        assert_eq!(grams.words.len(), 5);
        // Two words, what begins, their pair, what ends.
        // " my " has 3 + 2 + 1 runs, " card " has 5 + 4 + 3 + 2.
        assert_eq!(grams.pieces.len(), 6 + 14);
        grams.read("");
        assert!(grams.words.is_empty() && grams.pieces.is_empty());
    }

    #[test]
    fn the_same_text_has_the_same_hashes() {
        let (mut a, mut b) = (Grams::default(), Grams::default());
        a.read("card declined");
        b.read("card  declined");
        assert_eq!(a.words, b.words);
        b.read("declined card");
        assert_ne!(a.words, b.words);
    }
}
