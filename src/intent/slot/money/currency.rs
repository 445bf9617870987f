//! Reads the currency beside a number: signs, codes, names, and whose dollar it is.

use crate::intent::slot::lexicon::Currency;
use crate::intent::slot::token::{Kind, Text};

/// A currency before the number: "$", "usd", "rs.", "us$".
pub(super) fn leading_currency(text: &Text<'_>, at: usize) -> (Option<Currency>, usize) {
    let Some(token) = text.tokens.get(at) else {
        return (None, at);
    };
    let Some(currency) = token.entry.currency else {
        // "us$40", "c$40", "mx$40"
        let code = match text.word(token) {
            "us" | "u" => "USD",
            "ca" | "c" | "can" => "CAD",
            "au" | "a" | "aus" => "AUD",
            "mx" | "mex" => "MXN",
            "nz" => "NZD",
            "r" => "BRL",
            "hk" => "HKD",
            _ => return (None, at),
        };
        let glued = text.sign_at(at + 1) == Some('$')
            && text.tokens.get(at + 1).is_some_and(|token| token.glued);
        return if glued {
            (
                Some(Currency {
                    code,
                    shared: false,
                }),
                at + 2,
            )
        } else {
            (None, at)
        };
    };
    let next = at + 1;
    let dot = text.sign_at(next) == Some('.') && text.word(token) == "rs";
    let next = if dot { next + 1 } else { next };
    let number = text.tokens.get(next).is_some_and(|token| {
        token.kind == Kind::Number
            || (token.entry.number.is_some()
                && matches!(text.tokens.get(at), Some(token) if token.kind != Kind::Word))
    });
    if number {
        (Some(currency), next)
    } else {
        (None, at)
    }
}

/// A currency after the number: "€", "dollars", "us dollars", "pesos mexicanos".
pub(super) fn trailing_currency(text: &Text<'_>, at: usize) -> (Option<Currency>, usize) {
    let at = if text.word_at(at) == "of" || text.word_at(at) == "de" {
        // "a couple of bucks", "un millón de pesos"
        let money = text
            .tokens
            .get(at + 1)
            .is_some_and(|token| token.entry.currency.is_some());
        if money { at + 1 } else { at }
    } else {
        at
    };
    let Some(token) = text.tokens.get(at) else {
        return (None, at);
    };
    if let Some(currency) = token.entry.currency {
        // "40 $50": the sign belongs to the next number.
        let next = text.tokens.get(at + 1);
        let belongs_ahead = token.kind != Kind::Word
            && !token.glued
            && next.is_some_and(|next| next.glued && next.kind == Kind::Number);
        if belongs_ahead {
            return (None, at);
        }
        let named = nationality(text.word_at(at + 1), currency);
        return match named {
            Some(code) => (
                Some(Currency {
                    code,
                    shared: false,
                }),
                at + 2,
            ),
            None => (Some(currency), at + 1),
        };
    }
    if let Some(next) = text.tokens.get(at + 1).and_then(|next| next.entry.currency)
        && let Some(code) = nationality(text.word(token), next)
    {
        return (
            Some(Currency {
                code,
                shared: false,
            }),
            at + 2,
        );
    }
    (None, at)
}

/// The code of the currency at a token, where the word beside it says whose: "colombian pesos".
pub(in crate::intent::slot) fn with_nationality(
    text: &Text<'_>,
    at: usize,
) -> Option<&'static str> {
    let currency = text.tokens.get(at)?.entry.currency?;
    let before = at.checked_sub(1).map_or("", |at| text.word_at(at));
    nationality(before, currency).or_else(|| nationality(text.word_at(at + 1), currency))
}

/// "us dollars", "canadian dollars", "pesos colombianos": which of those that share the name.
fn nationality(word: &str, currency: Currency) -> Option<&'static str> {
    const PLACES: [(&str, &str, &str); 19] = [
        ("us", "USD", ""),
        ("u", "USD", ""),
        ("american", "USD", ""),
        ("americanos", "USD", ""),
        ("estadounidenses", "USD", ""),
        ("canadian", "CAD", ""),
        ("canadienses", "CAD", ""),
        ("australian", "AUD", ""),
        ("aussie", "AUD", ""),
        ("australianos", "AUD", ""),
        ("singapore", "SGD", ""),
        ("mexican", "", "MXN"),
        ("mexicanos", "", "MXN"),
        ("colombian", "", "COP"),
        ("colombianos", "", "COP"),
        ("argentine", "", "ARS"),
        ("argentinos", "", "ARS"),
        ("chilenos", "", "CLP"),
        ("dominicanos", "", "DOP"),
    ];
    let (_, dollar, peso) = PLACES.iter().find(|(name, ..)| *name == word)?;
    let code = match currency.code {
        "USD" => *dollar,
        "MXN" => *peso,
        _ => "",
    };
    (currency.shared && !code.is_empty()).then_some(code)
}
