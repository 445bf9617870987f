//! What the linear model sees of a message: hashes of its words, word pairs, and pieces of words.

/// Shortest and longest run of characters taken from a word, its edges (a space each) included.
const PIECE: std::ops::RangeInclusive<usize> = 2..=5;

/// The hashes of one message's n-grams, with repetitions, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Grams {
    /// Words and pairs of neighbouring words.
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
        let mut previous = None;
        for word in form.split(' ').filter(|word| !word.is_empty()) {
            let hash = hash_word(word);
            self.words.push(hash);
            if let Some(previous) = previous {
                self.words.push(hash_pair(previous, hash));
            }
            previous = Some(hash);
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
        assert_eq!(grams.words.len(), 3);
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
