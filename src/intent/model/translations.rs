//! What Spanish words mean, by an English word each.
//!
//! The vectors are English and most of what the model knows of English it should know of Spanish too: a word of the table counts as
//! itself and as its translation, so that both languages learn from each other's examples. A word that means something in
//! both ("once", "sale") is not in the table.

use std::sync::LazyLock;

use super::features::hash_word;
use super::vocabulary::Index;

/// Lines of `english: spanish …`.
const TEXT: &str = include_str!("translations.txt");

/// Hashes of words with those of their translations.
#[derive(Debug)]
pub(super) struct Translations {
    words: Vec<u64>,
    english: Vec<u64>,
    index: Index,
}

impl Translations {
    /// Returns the table that is part of the program.
    pub(super) fn builtin() -> &'static Self {
        static TABLE: LazyLock<Translations> = LazyLock::new(|| Translations::read(TEXT));
        &TABLE
    }

    fn read(text: &str) -> Self {
        let (words, english): (Vec<u64>, Vec<u64>) = pairs(text)
            .map(|(word, english)| (hash_word(word), hash_word(english)))
            .unzip();
        Self {
            index: Index::new(&words),
            words,
            english,
        }
    }

    /// Returns the hash of the English word for that of a Spanish one.
    pub(super) fn find(&self, word: u64) -> Option<u64> {
        let at = self.index.find(word, &self.words)?;
        self.english.get(at as usize).copied()
    }
}

/// Returns each Spanish word of a table with its translation.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .flat_map(|(english, words)| words.split_whitespace().map(move |word| (word, english)))
}

#[cfg(test)]
mod tests {
    use super::super::vectors::Vectors;
    use super::*;
    use crate::intent::normalize::normalize;

    #[test]
    fn most_translations_have_a_vector_and_every_word_is_in_normal_form_and_once() {
        let vectors = Vectors::builtin();
        let mut seen = std::collections::HashSet::new();
        let mut with_vector = 0;
        for (word, english) in pairs(TEXT) {
            with_vector += usize::from(vectors.rank(english).is_some());
            assert_eq!(normalize(word).text, word);
            assert!(seen.insert(word), "{word} is there twice");
        }
        assert!(seen.len() > 1000);
        // What has none is still shared by the n-grams.
        assert!(with_vector * 20 > seen.len() * 19, "{with_vector}");
    }

    #[test]
    fn finds_translations() {
        let table = Translations::builtin();
        assert_eq!(table.find(hash_word("saldo")), Some(hash_word("balance")));
        assert_eq!(table.find(hash_word("balance")), None);
    }
}
