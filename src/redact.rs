//! Takes card numbers, codes, PINs, social security numbers and passwords out of a text before
//! anything else sees it: before the inbox commit, the log, the matcher and the metrics (D1).
//!
//! [`redact`] is total, pure and quick: a byte scan settles a usual message. What is left goes
//! through a folded view (`fold`) that undoes the disguises (full-width and other scripts'
//! digits, letters that look like digits, zero-width characters, any separators) and keeps the
//! original offsets, so that only the secret is replaced by a neutral marker such as `[card]`.
//!
//! A number is a card number when it has 13 to 19 digits and passes the Luhn check. One in ten
//! tracking or order numbers of that length passes by chance and is redacted as well: the
//! customer can write it again in parts, a stored card number cannot be taken back. Phone
//! numbers, amounts, dates, IBANs, CLABEs and account numbers of up to 12 digits stay.
//!
//! This is not validation of cards, and nothing here keeps or reports what was removed beyond
//! its [`Kind`].

use std::borrow::Cow;

mod card;
mod context;
mod fold;
mod password;
mod split;

use fold::Folded;

pub use split::{Joined, Rewrite, redact_after};

/// What kind of secret was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A payment card number (PAN).
    CardNumber,
    /// The three or four digits printed on a card (CVV, CVC, CID).
    SecurityCode,
    /// A PIN.
    Pin,
    /// A one-time or verification code.
    OneTimeCode,
    /// A US social security number, or its last four digits where named as such.
    SocialSecurity,
    /// A password.
    Password,
}

impl Kind {
    /// Every kind, in the order in which [`Kinds::iter`] gives them.
    pub const ALL: [Kind; 6] = [
        Kind::CardNumber,
        Kind::SecurityCode,
        Kind::Pin,
        Kind::OneTimeCode,
        Kind::SocialSecurity,
        Kind::Password,
    ];

    /// Returns the text that stands in the secret's place. It is plain lower-case ASCII, so that
    /// normalising leaves it alone, and holds nothing that could be taken for a secret again.
    pub const fn marker(self) -> &'static str {
        match self {
            Kind::CardNumber => "[card]",
            Kind::SecurityCode | Kind::OneTimeCode => "[code]",
            Kind::Pin => "[pin]",
            Kind::SocialSecurity => "[ssn]",
            Kind::Password => "[password]",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Kind::CardNumber => 1,
            Kind::SecurityCode => 1 << 1,
            Kind::Pin => 1 << 2,
            Kind::OneTimeCode => 1 << 3,
            Kind::SocialSecurity => 1 << 4,
            Kind::Password => 1 << 5,
        }
    }
}

/// A set of [`Kind`]s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Kinds(u8);

impl Kinds {
    /// Returns whether nothing was found.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether `kind` was found.
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Returns the kinds that are in either set.
    #[must_use]
    pub const fn union(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Yields the kinds found.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }

    fn insert(&mut self, kind: Kind) {
        self.0 |= kind.bit();
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Kinds {
        let mut set = Kinds::default();
        for kind in kinds {
            set.insert(kind);
        }
        set
    }
}

/// A text without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text, each secret replaced by its marker, the rest unchanged byte for byte.
    pub text: String,
    /// What was removed.
    pub found: Kinds,
}

/// Removes every secret from a text.
pub fn redact(text: &str) -> Redacted {
    let mut current = Cow::Borrowed(text);
    let mut found = Kinds::default();
    // A cut can lay bare a number that was part of a longer run, so the cutting is repeated until
    // there is nothing to cut; this also makes redaction idempotent by construction. Every round
    // removes digits or a password, so it ends; the bound only guards against a mistake here.
    for _ in 0..ROUNDS {
        if !is_suspicious(&current) {
            break;
        }
        let folded = Folded::new(&current);
        let mut cuts = Vec::new();
        card::find(&folded, &mut cuts);
        context::find(&folded, &mut cuts);
        password::find(&folded, &mut cuts);
        if cuts.is_empty() {
            break;
        }
        current = Cow::Owned(apply(&current, &mut cuts, &mut found));
    }
    Redacted {
        text: current.into_owned(),
        found,
    }
}

const ROUNDS: usize = 64;

/// A stretch of the text to replace, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    start: usize,
    end: usize,
    kind: Kind,
}

/// Whether a text needs a closer look. Most messages hold fewer than three digits, no letters
/// from outside ASCII, no long stretch of digits and their look-alikes, and no password's name.
fn is_suspicious(text: &str) -> bool {
    let mut digits = 0_usize;
    let mut foreign = false;
    let mut stretch = 0_usize;
    let mut longest = 0_usize;
    for byte in text.bytes() {
        let digit = byte.is_ascii_digit();
        digits += usize::from(digit);
        foreign |= byte >= 0x80;
        if digit || matches!(byte, b'o' | b'O' | b'l' | b'L' | b'i' | b'I') {
            stretch += 1;
            longest = longest.max(stretch);
        } else if byte.is_ascii_alphabetic() {
            stretch = 0;
        }
    }
    digits >= 3
        || foreign
        || (digits >= 1 && longest >= card::SHORTEST)
        || password::is_mentioned(text)
        || card::is_spelled(text)
}

/// Replaces the cuts, which may overlap: the first one's marker then stands for both.
fn apply(text: &str, cuts: &mut Vec<Cut>, found: &mut Kinds) -> String {
    cuts.sort_by_key(|cut| (cut.start, std::cmp::Reverse(cut.end)));
    let mut merged: Vec<Cut> = Vec::with_capacity(cuts.len());
    for cut in cuts.drain(..) {
        found.insert(cut.kind);
        match merged.last_mut() {
            Some(last) if cut.start < last.end => last.end = last.end.max(cut.end),
            _ => merged.push(cut),
        }
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut done = 0;
    for cut in merged {
        out.push_str(text.get(done..cut.start).unwrap_or_default());
        out.push_str(cut.kind.marker());
        done = cut.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests;
