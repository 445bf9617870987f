//! A folded view of a text: one ASCII byte a character, disguises undone, with the way back.
//!
//! Folding here is coarser than the matcher's normalising (accents go, every unknown symbol is
//! one byte): it only has to find secrets, and its text is never shown or kept.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Stands for a symbol: something between words, like punctuation.
pub(super) const SYMBOL: u8 = 0x01;
/// Stands for a letter without an ASCII twin: part of a word.
pub(super) const LETTER: u8 = 0x02;
/// Stands between two messages that are looked at together.
pub(super) const BOUNDARY: u8 = 0x03;

/// The folded text and, for each of its bytes, where the character lies in the original.
pub(super) struct Folded<'a> {
    original: &'a str,
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
}

impl<'a> Folded<'a> {
    pub(super) fn new(original: &'a str) -> Folded<'a> {
        Folded::fold(original, None)
    }

    /// Folds several messages that were joined with `separator`, which becomes a [`BOUNDARY`].
    pub(super) fn joined(original: &'a str, separator: char) -> Folded<'a> {
        Folded::fold(original, Some(separator))
    }

    fn fold(original: &'a str, separator: Option<char>) -> Folded<'a> {
        let mut folded = Folded {
            original,
            bytes: Vec::with_capacity(original.len()),
            spans: Vec::with_capacity(original.len()),
        };
        for (start, c) in original.char_indices() {
            let span = Span {
                start,
                end: start + c.len_utf8(),
            };
            if Some(c) == separator {
                folded.push(BOUNDARY, span);
            } else if let Ok(byte) = u8::try_from(c)
                && byte.is_ascii()
            {
                folded.push(fold_ascii(byte), span);
            } else if !is_ignorable(c) {
                folded.push_folded(c, span);
            }
        }
        folded
    }

    /// The folded bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The original bytes of `start..end` in the folded text.
    pub(super) fn original_range(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let first = self.spans.get(start)?;
        let last = self.spans.get(end.checked_sub(1)?)?;
        Some((first.start, last.end))
    }

    /// The original character behind a folded byte where that is one ASCII byte, so with its case.
    pub(super) fn original_byte(&self, at: usize) -> u8 {
        self.spans
            .get(at)
            .filter(|span| span.end - span.start == 1)
            .and_then(|span| self.original.as_bytes().get(span.start))
            .copied()
            .unwrap_or_else(|| self.bytes.get(at).copied().unwrap_or(SYMBOL))
    }

    fn push(&mut self, byte: u8, span: Span) {
        self.bytes.push(byte);
        self.spans.push(span);
    }

    fn push_folded(&mut self, c: char, span: Span) {
        if let Some(byte) = fold_known(c) {
            self.push(byte, span);
            return;
        }
        // Compatibility forms: full-width, circled, mathematical, superscript, with accents.
        let mut any = false;
        decompose_compatible(c, |part| {
            if let Ok(byte) = u8::try_from(part)
                && byte.is_ascii()
            {
                any = true;
                self.push(fold_ascii(byte), span);
            } else if let Some(byte) = fold_known(part) {
                any = true;
                self.push(byte, span);
            } else if part != c && is_ignorable(part) {
                // The accent of a composed letter.
                any = true;
            }
        });
        if !any {
            let byte = if c.is_whitespace() {
                b' '
            } else if c.is_alphanumeric() {
                LETTER
            } else {
                SYMBOL
            };
            self.push(byte, span);
        }
    }
}

fn fold_ascii(byte: u8) -> u8 {
    match byte {
        b'\n' | b'\t' | b' ' | b'\r' => byte,
        // Customers' own control characters must not pass for our marks.
        0..=0x1F | 0x7F => SYMBOL,
        _ => byte.to_ascii_lowercase(),
    }
}

/// Characters that take no room on the screen, or sit on top of another.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
        || is_combining_mark(c)
}

/// Digits of other scripts, dashes, quotes, and the letters most often used in place of Latin ones.
fn fold_known(c: char) -> Option<u8> {
    if let Some(digit) = digit_of(c) {
        return Some(b'0' + digit);
    }
    let byte = match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' | '\u{FE58}' | '\u{30FC}' => b'-',
        '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{2BC}' => b'\'',
        '\u{201C}'..='\u{201F}' | '\u{AB}' | '\u{BB}' => b'"',
        // One sign for every currency: it only matters that an amount begins or ends here.
        '\u{A2}'..='\u{A5}' | '\u{20A0}'..='\u{20CF}' => b'$',
        // Cyrillic and Greek letters drawn like Latin ones; З and б like digits.
        'а' | 'А' | 'α' | 'Α' => b'a',
        'в' | 'В' | 'Β' | 'β' => b'b',
        'с' | 'С' | 'ϲ' | 'Ϲ' => b'c',
        'ԁ' => b'd',
        'е' | 'Е' | 'Ε' | 'ё' | 'Ё' => b'e',
        'Ԍ' => b'g',
        'н' | 'Н' | 'Η' => b'h',
        'і' | 'І' | 'ι' | 'Ι' | 'ı' | 'ї' => b'i',
        'ј' | 'Ј' => b'j',
        'к' | 'К' | 'κ' | 'Κ' => b'k',
        'ӏ' | 'Ӏ' | 'ǀ' => b'l',
        'м' | 'М' | 'Μ' => b'm',
        'Ν' => b'n',
        'о' | 'О' | 'ο' | 'Ο' | 'օ' | 'Օ' => b'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => b'p',
        'ԛ' => b'q',
        'ѕ' | 'Ѕ' => b's',
        'т' | 'Т' | 'τ' | 'Τ' => b't',
        'υ' => b'u',
        'ν' => b'v',
        'ԝ' => b'w',
        'х' | 'Х' | 'χ' | 'Χ' => b'x',
        'у' | 'У' | 'Υ' => b'y',
        'Ζ' => b'z',
        'З' | 'з' | 'Ʒ' => b'3',
        'б' => b'6',
        _ => return None,
    };
    Some(byte)
}

/// The code point of the zero of each decimal digit block of Unicode 16, ASCII apart.
const ZEROS: [u32; 75] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6,
    0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50,
    0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0,
    0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50,
    0x11DA0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8,
    0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
];

/// Decorated digits that do not start at zero: the code point of the one, in runs of nine.
const ONES: [u32; 5] = [0x2460, 0x24F5, 0x2776, 0x2780, 0x278A];

fn digit_of(c: char) -> Option<u8> {
    let code = u32::from(c);
    if code < 0x660 {
        return None;
    }
    if c == '\u{24EA}' || c == '\u{24FF}' {
        return Some(0);
    }
    // U+1F100 is "0." and the ten after it "0," to "9,".
    if (0x1F100..=0x1F10A).contains(&code) {
        return u8::try_from(code.saturating_sub(0x1F101)).ok();
    }
    let before = ZEROS.partition_point(|zero| *zero <= code);
    let from_zero = before
        .checked_sub(1)
        .and_then(|last| ZEROS.get(last))
        .and_then(|zero| code.checked_sub(*zero))
        .filter(|digit| *digit < 10);
    let from_one = || {
        let one = ONES.iter().find(|one| (**one..**one + 9).contains(&code))?;
        Some(code - one + 1)
    };
    u8::try_from(from_zero.or_else(from_one)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        String::from_utf8(Folded::new(text).bytes().to_vec()).unwrap()
    }

    #[test]
    fn every_decimal_digit_of_unicode_folds_to_a_digit() {
        let decimal = regex::Regex::new(r"^\p{Nd}$").unwrap();
        let mut buffer = [0; 4];
        for c in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            if decimal.is_match(c.encode_utf8(&mut buffer)) {
                let folded = fold(&c.to_string());
                assert!(
                    folded.len() == 1 && folded.as_bytes()[0].is_ascii_digit(),
                    "U+{:04X} folds to {folded:?}",
                    u32::from(c)
                );
            }
        }
    }

    #[test]
    fn digit_blocks_are_sorted_and_count_from_zero() {
        assert!(ZEROS.is_sorted());
        assert_eq!(fold("٠١٢٣٤٥٦٧٨٩"), "0123456789");
        assert_eq!(fold("४५"), "45");
        assert_eq!(fold("𝟘𝟙𝟿"), "019");
        assert_eq!(fold("①②⑨⓪"), "1290");
        assert_eq!(fold("⁴₄"), "44");
    }

    #[test]
    fn keycaps_zero_width_and_accents_fold_away() {
        assert_eq!(fold("4\u{FE0F}\u{20E3}1\u{200B}1"), "411");
        assert_eq!(fold("Contraseña CÓDIGO"), "contrasena codigo");
        assert_eq!(fold("pаsswоrd"), "password");
    }

    #[test]
    fn spans_lead_back_to_the_original_characters() {
        let text = "a４\u{200B}5é";
        let folded = Folded::new(text);
        assert_eq!(folded.bytes(), b"a45e");
        let (start, end) = folded.original_range(1, 3).unwrap();
        assert_eq!(&text[start..end], "４\u{200B}5");
    }
}
