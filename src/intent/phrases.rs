//! A small language for phrases: word classes, and sequences of them with gaps.
//!
//! Regular expressions over text are right for what is exact. What people say when they are frightened is not: "somebody
//! went and used my card", "alguien me uso la tarjeta". Here a table names classes of words once, in both languages,
//! since people mix them, and a phrase is a short sequence of classes with room between. A phrase is tried only when all its
//! classes are in the message, which is a comparison of bit sets.
//!
//! | In a phrase | Stands for |
//! | --- | --- |
//! | `word` | that word |
//! | `<class>` | an entry of that class, which may be several words |
//! | `(a\|<b>\|c d)` | one of these |
//! | `x?` | `x` or nothing |
//! | `..` `..2` `...` | up to 4, 2, 10 other words of the same sentence |
//! | `^` `$` | the sentence begins, ends here |
//! | `^^` `$$` | the message begins, ends here |
//! | `@` | in an exception: what the phrase matched |
//!
//! A class entry that ends in `*` stands for every word that begins so. `<number>` is there without a definition: any word
//! that begins with a digit, its currency sign apart.

use std::collections::HashMap;
use std::ops::Range;

use thiserror::Error;

/// Words `..` and `...` may skip.
const SHORT_GAP: usize = 4;
const LONG_GAP: usize = 10;
/// Classes a book can hold, literal words counted.
const CLASSES_MAX: usize = 64 * PRESENT_WORDS;
const PRESENT_WORDS: usize = 64;

/// Why a book of phrases cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PhraseError {
    /// A class nobody defined.
    #[error("there is no class `{0}`")]
    Class(String),
    /// A piece of a phrase that is not in the table above.
    #[error("`{piece}` in `{phrase}` is no word, class or mark")]
    Piece {
        /// The piece.
        piece: String,
        /// Where it stands.
        phrase: String,
    },
    /// More classes and words than fit.
    #[error("more than {CLASSES_MAX} classes and words")]
    TooMany,
}

/// The position of a class in a book.
pub type ClassId = u16;

/// Word classes, and the words of phrases.
#[derive(Debug, Default)]
pub struct Book {
    names: HashMap<String, ClassId>,
    words: HashMap<String, Vec<Entry>>,
    prefixes: HashMap<String, Vec<ClassId>>,
    shortest_prefix: usize,
    number: Option<ClassId>,
}

/// What follows a first word to make an entry of a class.
#[derive(Debug)]
struct Entry {
    class: ClassId,
    rest: Vec<String>,
}

/// A compiled phrase.
#[derive(Debug)]
pub struct Phrase {
    elements: Vec<Element>,
    /// Classes without which it cannot match.
    needs: Vec<ClassId>,
    /// Sets of classes of each of which it needs one.
    choices: Vec<Classes>,
    /// The phrase as written, to explain with.
    pub source: String,
}

#[derive(Clone, Debug)]
enum Element {
    One(Classes),
    Maybe(Classes),
    Gap(usize),
    SentenceStart,
    SentenceEnd,
    TextStart,
    TextEnd,
    Matched,
}

/// Some classes, of which a word must have one.
#[derive(Clone, Debug)]
struct Classes {
    ids: Box<[ClassId]>,
    mask: u64,
}

impl Classes {
    fn new(ids: Vec<ClassId>) -> Self {
        let mask = ids.iter().fold(0, |mask, class| mask | bit(*class));
        Self {
            ids: ids.into(),
            mask,
        }
    }

    fn hold(&self, class: ClassId) -> bool {
        self.ids.contains(&class)
    }
}

/// The bit a class has in the masks that tell at once, of most words, that they have none of some classes.
const fn bit(class: ClassId) -> u64 {
    1 << (class % 64)
}

/// Which classes a message holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Present([u64; PRESENT_WORDS]);

impl Present {
    const fn none() -> Self {
        Self([0; PRESENT_WORDS])
    }

    fn add(&mut self, class: ClassId) {
        if let Some(bits) = self.0.get_mut(usize::from(class) / 64) {
            *bits |= bit(class);
        }
    }

    fn has(&self, class: ClassId) -> bool {
        let bits = self.0.get(usize::from(class) / 64).copied().unwrap_or(0);
        bits & bit(class) != 0
    }

    fn allows(&self, phrase: &Phrase) -> bool {
        phrase.needs.iter().all(|class| self.has(*class))
            && phrase
                .choices
                .iter()
                .all(|classes| classes.ids.iter().any(|class| self.has(*class)))
    }
}

/// The words of a message and where its sentences begin.
#[derive(Clone, Copy, Debug)]
pub struct Words<'w> {
    /// The words of the normal form, or their repaired spelling.
    pub words: &'w [&'w str],
    /// Where sentences begin, as positions of words; the first is 0.
    pub sentences: &'w [usize],
}

impl Words<'_> {
    /// Returns the sentence a word is in.
    fn sentence(&self, at: usize) -> Range<usize> {
        let next = self.sentences.partition_point(|start| *start <= at);
        let start = next
            .checked_sub(1)
            .and_then(|last| self.sentences.get(last))
            .copied();
        start.unwrap_or(0)
            ..self
                .sentences
                .get(next)
                .copied()
                .unwrap_or(self.words.len())
    }
}

/// A message with its classes found.
#[derive(Debug)]
pub struct Sighted<'w> {
    words: Words<'w>,
    /// For each word, where its hits begin in `hits`; one more at the end.
    starts: Vec<usize>,
    /// A class, and how many words its entry takes.
    hits: Vec<(ClassId, usize)>,
    /// For each word, the bits of its classes.
    masks: Vec<u64>,
    present: Present,
}

/// The class every book has: numbers and amounts.
const NUMBER: &str = "<number>";

impl Book {
    /// Adds a class. Entries are parted by commas.
    pub fn define(&mut self, name: &str, entries: &str) -> Result<(), PhraseError> {
        let class = self.class(&format!("<{name}>"))?;
        for entry in entries
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            self.entry(class, entry);
        }
        Ok(())
    }

    /// Returns the class of this name, `None` where it was not defined.
    pub fn class_of(&self, name: &str) -> Option<ClassId> {
        self.names.get(&format!("<{name}>")).copied()
    }

    fn class(&mut self, name: &str) -> Result<ClassId, PhraseError> {
        if let Some(class) = self.names.get(name) {
            return Ok(*class);
        }
        let class = self.names.len();
        if class >= CLASSES_MAX {
            return Err(PhraseError::TooMany);
        }
        let class = ClassId::try_from(class).map_err(|_| PhraseError::TooMany)?;
        self.names.insert(name.to_owned(), class);
        Ok(class)
    }

    fn entry(&mut self, class: ClassId, entry: &str) {
        if let Some(prefix) = entry.strip_suffix('*') {
            let shortest = self.shortest_prefix;
            self.shortest_prefix = if shortest == 0 {
                prefix.len()
            } else {
                shortest.min(prefix.len())
            };
            self.prefixes
                .entry(prefix.to_owned())
                .or_default()
                .push(class);
            return;
        }
        let mut words = entry.split_whitespace().map(str::to_owned);
        if let Some(first) = words.next() {
            let rest = words.collect();
            let entries = self.words.entry(first).or_default();
            // Nearly every word begins one entry; room for four would be half of the book.
            entries.reserve_exact(1);
            entries.push(Entry { class, rest });
        }
    }

    /// Compiles a phrase. Classes must have been defined before.
    pub fn phrase(&mut self, source: &str) -> Result<Phrase, PhraseError> {
        let mut elements = Vec::new();
        let (mut needs, mut choices) = (Vec::new(), Vec::new());
        for piece in pieces(source) {
            let wrong = || PhraseError::Piece {
                piece: piece.to_owned(),
                phrase: source.to_owned(),
            };
            let element = match piece {
                "^" => Element::SentenceStart,
                "$" => Element::SentenceEnd,
                "^^" => Element::TextStart,
                "$$" => Element::TextEnd,
                "@" => Element::Matched,
                ".." => Element::Gap(SHORT_GAP),
                "..." => Element::Gap(LONG_GAP),
                _ => {
                    if let Some(most) = piece.strip_prefix("..") {
                        Element::Gap(most.parse().map_err(|_| wrong())?)
                    } else {
                        let (body, optional) = piece
                            .strip_suffix('?')
                            .map_or((piece, false), |body| (body, true));
                        let names = match body.strip_prefix('(') {
                            Some(rest) => rest.strip_suffix(')').ok_or_else(wrong)?,
                            None => body,
                        };
                        let mut classes = Vec::new();
                        for name in names.split('|') {
                            classes.push(self.named(name.trim(), source)?);
                        }
                        let classes = Classes::new(classes);
                        if optional {
                            Element::Maybe(classes)
                        } else {
                            match *classes.ids {
                                [class] => needs.push(class),
                                _ => choices.push(classes.clone()),
                            }
                            Element::One(classes)
                        }
                    }
                }
            };
            elements.push(element);
        }
        Ok(Phrase {
            elements,
            needs,
            choices,
            source: source.to_owned(),
        })
    }

    fn named(&mut self, name: &str, phrase: &str) -> Result<ClassId, PhraseError> {
        if name == NUMBER {
            let class = self.class(name)?;
            self.number = Some(class);
            return Ok(class);
        }
        if name.starts_with('<') && name.ends_with('>') {
            let known = self.names.get(name).copied();
            return known.ok_or_else(|| PhraseError::Class(name.to_owned()));
        }
        let stem = name.strip_suffix('*').unwrap_or(name);
        let plain = !stem.is_empty() && stem.chars().all(|c| c.is_alphanumeric() || c == ' ');
        if !plain {
            return Err(PhraseError::Piece {
                piece: name.to_owned(),
                phrase: phrase.to_owned(),
            });
        }
        let new = !self.names.contains_key(name);
        let class = self.class(name)?;
        if new {
            self.entry(class, name);
        }
        Ok(class)
    }

    /// Finds the classes of every word of a message.
    pub fn read<'w>(&self, words: Words<'w>) -> Sighted<'w> {
        let mut sighted = Sighted {
            words,
            starts: Vec::with_capacity(words.words.len() + 1),
            hits: Vec::with_capacity(words.words.len() * 3),
            masks: Vec::with_capacity(words.words.len()),
            present: Present::none(),
        };
        for (at, word) in words.words.iter().enumerate() {
            let before = sighted.hits.len();
            sighted.starts.push(before);
            for entry in self.words.get(*word).into_iter().flatten() {
                let following = words.words.get(at + 1..at + 1 + entry.rest.len());
                if following.is_some_and(|following| following.iter().eq(entry.rest.iter())) {
                    sighted.hits.push((entry.class, 1 + entry.rest.len()));
                    sighted.present.add(entry.class);
                }
            }
            if let (Some(class), true) = (self.number, is_number(word)) {
                sighted.hits.push((class, 1));
                sighted.present.add(class);
            }
            if self.shortest_prefix > 0 {
                for end in self.shortest_prefix..=word.len() {
                    let classes = word.get(..end).and_then(|prefix| self.prefixes.get(prefix));
                    for class in classes.into_iter().flatten() {
                        sighted.hits.push((*class, 1));
                        sighted.present.add(*class);
                    }
                }
            }
            let own = sighted.hits.iter().skip(before);
            let mask = own.fold(0, |mask, (class, _)| mask | bit(*class));
            sighted.masks.push(mask);
        }
        sighted.starts.push(sighted.hits.len());
        sighted
    }
}

impl Sighted<'_> {
    /// Returns the words of the first match of a phrase, `None` where it has none.
    pub fn find(&self, phrase: &Phrase) -> Option<Range<usize>> {
        self.find_from(phrase, 0)
    }

    /// Like [`Sighted::find`], beginning at a word.
    pub fn find_from(&self, phrase: &Phrase, from: usize) -> Option<Range<usize>> {
        if !self.present.allows(phrase) {
            return None;
        }
        (from..self.words.words.len()).find_map(|start| {
            let end = self.matches(&phrase.elements, start, None)?;
            Some(start..end)
        })
    }

    /// Whether an exception holds around `matched`. One without `@` must lie in the sentence `matched` begins in.
    pub fn excepts(&self, phrase: &Phrase, matched: &Range<usize>) -> bool {
        if !self.present.allows(phrase) {
            return false;
        }
        let sentence = self.words.sentence(matched.start);
        sentence.into_iter().any(|start| {
            self.matches(&phrase.elements, start, Some(matched))
                .is_some()
        })
    }

    /// Whether an entry of a class begins within some words.
    pub fn holds(&self, class: ClassId, mut words: Range<usize>) -> bool {
        words.any(|at| self.hits(at).iter().any(|(hit, _)| *hit == class))
    }

    fn hits(&self, at: usize) -> &[(ClassId, usize)] {
        let from = self.starts.get(at).copied().unwrap_or(self.hits.len());
        let to = self.starts.get(at + 1).copied().unwrap_or(self.hits.len());
        self.hits.get(from..to).unwrap_or_default()
    }

    /// Returns where the elements end when they begin at a word.
    fn matches(
        &self,
        elements: &[Element],
        at: usize,
        matched: Option<&Range<usize>>,
    ) -> Option<usize> {
        let Some((first, rest)) = elements.split_first() else {
            return Some(at);
        };
        let after = |classes: &Classes| {
            let mask = self.masks.get(at).copied().unwrap_or(0);
            if mask & classes.mask == 0 {
                return None;
            }
            self.hits(at)
                .iter()
                .filter(|(class, _)| classes.hold(*class))
                .find_map(|(_, length)| self.matches(rest, at + length, matched))
        };
        match first {
            Element::One(classes) => after(classes),
            Element::Maybe(classes) => after(classes).or_else(|| self.matches(rest, at, matched)),
            Element::Gap(most) => {
                // A gap stays in the sentence of the word before it.
                let sentence = self.words.sentence(at.saturating_sub(1));
                (0..=*most)
                    .take_while(|skip| at + skip <= sentence.end)
                    .find_map(|skip| self.matches(rest, at + skip, matched))
            }
            Element::SentenceStart => {
                let starts = at == 0 || self.words.sentences.contains(&at);
                starts.then(|| self.matches(rest, at, matched)).flatten()
            }
            Element::SentenceEnd => {
                let ends = at == self.words.words.len() || self.words.sentences.contains(&at);
                ends.then(|| self.matches(rest, at, matched)).flatten()
            }
            Element::TextStart => (at == 0).then(|| self.matches(rest, at, matched)).flatten(),
            Element::TextEnd => (at == self.words.words.len())
                .then(|| self.matches(rest, at, matched))
                .flatten(),
            Element::Matched => {
                let matched = matched?;
                (matched.start == at)
                    .then(|| self.matches(rest, matched.end, Some(matched)))
                    .flatten()
            }
        }
    }
}

fn is_number(word: &str) -> bool {
    let bare = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    bare.starts_with(|c: char| c.is_ascii_digit())
}

/// Splits a phrase at spaces, except those between brackets.
fn pieces(source: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    source
        .split(move |c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ' ' && depth == 0
        })
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn book() -> Book {
        let mut book = Book::default();
        book.define("card", "card, debit card, tarjeta").unwrap();
        book.define("lost", "lost, cant find, perdi*").unwrap();
        book
    }

    fn found(phrase: &str, text: &str) -> Option<Range<usize>> {
        let mut book = book();
        let phrase = book.phrase(phrase).unwrap();
        let (words, sentences) = split(text);
        let sighted = book.read(Words {
            words: &words,
            sentences: &sentences,
        });
        sighted.find(&phrase)
    }

    fn split(text: &str) -> (Vec<&str>, Vec<usize>) {
        let mut words = Vec::new();
        let mut sentences = vec![0];
        for sentence in text.split(" . ") {
            words.extend(sentence.split_whitespace());
            sentences.push(words.len());
        }
        sentences.pop();
        (words, sentences)
    }

    #[test]
    fn finds_classes_words_and_gaps() {
        assert_eq!(
            found("<lost> .. <card>", "help i lost my new debit card today"),
            Some(2..7)
        );
        assert_eq!(found("<lost> .. <card>", "i cant find my card"), Some(1..5));
        assert_eq!(found("<lost> .. <card>", "perdimos la tarjeta"), Some(0..3));
        assert_eq!(found("<lost> ..1 <card>", "lost my very own card"), None);
        assert_eq!(found("(my|the) <card> $", "block the card"), Some(1..3));
        assert_eq!(found("^ <card> gone? $", "card gone"), Some(0..2));
        assert_eq!(found("^^ <card> $$", "card . gone"), None);
    }

    #[test]
    fn gaps_stay_in_their_sentence() {
        assert_eq!(found("<lost> .. <card>", "i am lost . my card works"), None);
        assert_eq!(found("^ <card>", "i am lost . card works"), Some(3..4));
    }

    #[test]
    fn exceptions_look_around_the_match() {
        let mut book = book();
        let phrase = book.phrase("<lost> .. <card>").unwrap();
        let unless = book.phrase("(if|not) ..2 @").unwrap();
        let (words, sentences) = split("if i lost my card . i lost my card");
        let sighted = book.read(Words {
            words: &words,
            sentences: &sentences,
        });
        let first = sighted.find(&phrase).unwrap();
        assert!(sighted.excepts(&unless, &first));
        let second = sighted.find_from(&phrase, first.end).unwrap();
        assert!(!sighted.excepts(&unless, &second));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert_eq!(
            book().phrase("<crad>").unwrap_err(),
            PhraseError::Class("<crad>".into())
        );
        assert!(matches!(
            book().phrase("a ..x b"),
            Err(PhraseError::Piece { .. })
        ));
        assert!(matches!(
            book().phrase("(a|b"),
            Err(PhraseError::Piece { .. })
        ));
        assert!(matches!(
            book().phrase("don't"),
            Err(PhraseError::Piece { .. })
        ));
    }

    proptest! {
        #[test]
        fn a_match_lies_within_the_message(text in "(lost|my|card|cant|find|perdida|x|\\.| ){0,30}") {
            let mut book = book();
            let phrase = book.phrase("x? <lost> .. (<card>|x) ...").unwrap();
            let (words, sentences) = split(&text);
            let sighted = book.read(Words { words: &words, sentences: &sentences });
            if let Some(found) = sighted.find(&phrase) {
                prop_assert!(found.start < found.end && found.end <= words.len());
            }
        }
    }
}
