//! Cuts a message into tokens: what every recogniser of slots reads.
//!
//! Unlike the normal form that the classifier reads, punctuation and capitals are kept, since a
//! comma ends a name and a capital may begin one. Each token knows its bytes in the original.

use std::ops::Range;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use super::grammar::Holds;
use super::lexicon::{Entry, lexicon};
use crate::intent::Language;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, with apostrophes inside.
    Word,
    /// ASCII digits.
    Number,
    /// One character of another sort.
    Sign(char),
    /// An end of line.
    Break,
}

/// A piece of the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Bytes in the original.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Bytes in [`Text::folded`].
    folded: (u32, u32),
    /// Nothing stands between this token and the one before.
    pub(super) glued: bool,
    /// The original begins with a capital letter.
    pub(super) capital: bool,
    /// What the grammar knows of the word.
    pub(super) entry: Entry,
    /// The value of a number that fits.
    pub(super) number: Option<u64>,
}

/// A message in tokens.
pub(super) struct Text<'a> {
    pub(super) original: &'a str,
    pub(super) language: Language,
    folded: String,
    pub(super) tokens: Vec<Token>,
    /// What patterns may find in it.
    pub(super) holds: Holds,
}

impl<'a> Text<'a> {
    pub(super) fn new(original: &'a str, language: Language) -> Text<'a> {
        let mut text = Text {
            original,
            language,
            folded: String::with_capacity(original.len() + 8),
            tokens: Vec::with_capacity(original.len() / 4 + 4),
            holds: Holds::default(),
        };
        let mut reader = Reader::default();
        for (start, c) in original.char_indices() {
            let end = start + c.len_utf8();
            if c.is_ascii() {
                text.push(&mut reader, c, start..end);
            } else {
                text.push_foreign(&mut reader, c, start..end);
            }
        }
        text.close(&mut reader);
        for token in &text.tokens {
            text.holds.add(token);
        }
        text
    }

    /// The folded text of a token: lower case, without accents.
    pub(super) fn word(&self, token: &Token) -> &str {
        self.folded
            .get(token.folded.0 as usize..token.folded.1 as usize)
            .unwrap_or_default()
    }

    /// The folded text of the token at a position; empty past the end.
    pub(super) fn word_at(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| self.word(token))
    }

    /// The original text of a range of tokens.
    pub(super) fn slice(&self, tokens: Range<usize>) -> &'a str {
        let (Some(first), Some(last)) = (
            self.tokens.get(tokens.start),
            tokens
                .end
                .checked_sub(1)
                .and_then(|last| self.tokens.get(last)),
        ) else {
            return "";
        };
        self.original.get(first.start..last.end).unwrap_or_default()
    }

    /// The bytes in the original of a range of tokens.
    pub(super) fn span(&self, tokens: &Range<usize>) -> Range<usize> {
        let start = self.tokens.get(tokens.start).map_or(0, |token| token.start);
        let end = tokens
            .end
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last));
        start..end.map_or(start, |token| token.end)
    }

    pub(super) fn sign_at(&self, at: usize) -> Option<char> {
        match self.tokens.get(at)?.kind {
            Kind::Sign(c) => Some(c),
            _ => None,
        }
    }

    fn push(&mut self, reader: &mut Reader, c: char, span: Range<usize>) {
        match c {
            'a'..='z' | 'A'..='Z' => {
                self.letter(reader, c.to_ascii_lowercase(), span, c.is_ascii_uppercase());
            }
            '0'..='9' => self.extend(reader, Open::Number, c, span, false),
            '\'' if reader.open == Open::Word => {
                // Inside a word only: what follows decides.
                reader.apostrophe = true;
            }
            '\n' | '\r' => {
                self.close(reader);
                self.single(reader, Kind::Break, '\n', span);
                reader.apart = true;
            }
            ' ' | '\t' => {
                self.close(reader);
                reader.apart = true;
            }
            _ => {
                self.close(reader);
                self.single(reader, Kind::Sign(c), c, span);
            }
        }
    }

    fn push_foreign(&mut self, reader: &mut Reader, c: char, span: Range<usize>) {
        match c {
            '\u{2018}' | '\u{2019}' | '\u{2BC}' | '\u{B4}' => self.push(reader, '\'', span),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => self.push(reader, '-', span),
            '\u{201C}'..='\u{201F}' => self.push(reader, '"', span),
            '€' | '£' | '¥' | '₹' | '¢' | '¿' | '¡' => self.push(reader, c, span),
            // An ordinal sign, not the letter it decomposes to.
            'º' | 'ª' | '°' => {
                self.close(reader);
                self.single(reader, Kind::Sign('º'), 'º', span);
            }
            '\u{AD}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' => {}
            _ if is_combining_mark(c) => {}
            _ if c.is_whitespace() => self.push(reader, ' ', span),
            _ if c.is_alphanumeric() => {
                let mut any = false;
                decompose_compatible(c, |part| {
                    if part.is_ascii_alphanumeric() {
                        any = true;
                        let upper = part.is_ascii_uppercase() || c.is_uppercase();
                        if part.is_ascii_digit() {
                            self.extend(reader, Open::Number, part, span.clone(), false);
                        } else {
                            self.letter(reader, part.to_ascii_lowercase(), span.clone(), upper);
                        }
                    }
                });
                if !any {
                    for lower in c.to_lowercase() {
                        self.letter(reader, lower, span.clone(), c.is_uppercase());
                    }
                }
            }
            _ => {
                self.close(reader);
                self.single(reader, Kind::Sign(c), c, span);
            }
        }
    }

    fn letter(&mut self, reader: &mut Reader, c: char, span: Range<usize>, upper: bool) {
        if reader.apostrophe {
            reader.apostrophe = false;
            self.folded.push('\'');
        }
        self.extend(reader, Open::Word, c, span, upper);
    }

    fn extend(
        &mut self,
        reader: &mut Reader,
        kind: Open,
        c: char,
        span: Range<usize>,
        upper: bool,
    ) {
        if reader.open != kind {
            self.close(reader);
            reader.open = kind;
            reader.start = span.start;
            reader.folded = position(self.folded.len());
            reader.capital = upper;
        }
        self.folded.push(c);
        reader.end = span.end;
    }

    fn single(&mut self, reader: &mut Reader, kind: Kind, c: char, span: Range<usize>) {
        let folded = position(self.folded.len());
        self.folded.push(c);
        let entry = lexicon().sign(c);
        self.tokens.push(Token {
            kind,
            start: span.start,
            end: span.end,
            folded: (folded, position(self.folded.len())),
            glued: !reader.apart && !self.tokens.is_empty(),
            capital: false,
            entry,
            number: None,
        });
        reader.apart = false;
    }

    fn close(&mut self, reader: &mut Reader) {
        reader.apostrophe = false;
        let kind = match std::mem::take(&mut reader.open) {
            Open::Nothing => return,
            Open::Word => Kind::Word,
            Open::Number => Kind::Number,
        };
        let folded = (reader.folded, position(self.folded.len()));
        let text = self
            .folded
            .get(folded.0 as usize..folded.1 as usize)
            .unwrap_or_default();
        let number = if kind == Kind::Number {
            text.parse().ok()
        } else {
            None
        };
        self.tokens.push(Token {
            kind,
            start: reader.start,
            end: reader.end,
            folded,
            glued: !reader.apart && !self.tokens.is_empty(),
            capital: reader.capital,
            entry: lexicon().word(text),
            number,
        });
        reader.apart = false;
    }
}

/// The token being read.
#[derive(Default)]
struct Reader {
    open: Open,
    start: usize,
    end: usize,
    folded: u32,
    capital: bool,
    /// White space was seen since the last token.
    apart: bool,
    apostrophe: bool,
}

#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum Open {
    #[default]
    Nothing,
    Word,
    Number,
}

/// Positions past 4 GiB saturate; no channel carries such a message.
fn position(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
