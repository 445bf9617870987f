//! Slots that pick or name one thing: a choice, a factor, a language, a case, an order.

use crate::intent::slot::cue::Cue;
use crate::intent::slot::number;
use crate::intent::slot::scan::Scan;
use crate::intent::slot::token::Kind;

/// The position of a choice: "2", "the second one", "la primera".
pub(super) fn index(scan: &Scan<'_>) -> Option<String> {
    (0..scan.len()).find_map(|at| {
        if let Some((nth, _)) = number::ordinal(&scan.text, at) {
            return Some(nth.to_string());
        }
        let word = scan.word(at);
        match word {
            "last" | "ultimo" | "ultima" | "bottom" | "abajo" | "latter" => {
                return Some("last".to_owned());
            }
            "top" | "arriba" | "former" => return Some("1".to_owned()),
            _ => {}
        }
        let letter = word
            .bytes()
            .next()
            .filter(|letter| word.len() == 1 && (b'a'..=b'j').contains(letter));
        let alone = scan.len() == 1;
        if let Some(letter) = letter.filter(|_| alone || scan.was(at, 1, Cue::Option)) {
            return Some((letter - b'a' + 1).to_string());
        }
        // "this one" is a pronoun, "number one" and "one" alone are not.
        if matches!(word, "one" | "una" | "a" | "an" | "un")
            && !alone
            && !scan.was(at, 1, Cue::Option)
            && scan.before(at, 1) != "number"
        {
            return None;
        }
        let (value, _) = number::count(&scan.text, at)?;
        (1..=20).contains(&value).then(|| value.to_string())
    })
}

/// "double it", "half".
pub(super) fn factor(scan: &Scan<'_>) -> Option<String> {
    (0..scan.len()).find_map(|at| {
        let factor = match scan.word(at) {
            "double" | "doble" | "twice" | "duplica" | "duplicalo" => "2",
            "half" | "mitad" | "halve" => "0.5",
            "triple" => "3",
            _ => return None,
        };
        Some(factor.to_owned())
    })
}

/// The language that is wanted, not the one refused.
pub(super) fn language(scan: &Scan<'_>) -> Option<String> {
    let found = scan.grammar.vocabulary.languages.all(&scan.context());
    let refused = |start: usize| scan.within(start, 2, Cue::Refuses);
    let wanted = |start: usize| matches!(scan.before(start, 1), "to" | "in" | "en" | "a" | "al");
    found
        .iter()
        .find(|found| wanted(found.tokens.start) && !refused(found.tokens.start))
        .or_else(|| found.iter().find(|found| !refused(found.tokens.start)))
        .map(|found| found.value.to_owned())
}

/// The number of a case.
pub(super) fn case(scan: &Scan<'_>) -> Option<String> {
    let is_number = |at: usize| {
        scan.token(at)
            .is_some_and(|token| token.kind == Kind::Number)
    };
    let numbers = || (0..scan.len()).filter(|at| is_number(*at) && scan.word(*at).len() >= 3);
    // A bank that begins has small numbers: only right behind the word.
    let right_behind = || {
        (1..scan.len()).find(|at| {
            is_number(*at)
                && at
                    .checked_sub(1)
                    .is_some_and(|before| scan.is(before, Cue::Case))
        })
    };
    let named = numbers()
        .find(|at| scan.within(*at, 3, Cue::Case))
        .or_else(right_behind);
    let any = || numbers().find(|at| scan.word(*at).len() >= 4 && scan.is_free(*at));
    Some(scan.word(named.or_else(any)?).to_owned())
}

/// The number of an order or a parcel, as the customer wrote it.
pub(super) fn identifier(scan: &Scan<'_>, cue: Cue) -> Option<String> {
    const LONGEST: usize = 16;
    (0..scan.len())
        .filter(|at| scan.is(*at, cue))
        .find_map(|at| {
            (at + 1..at + 6).find_map(|start| {
                let token = scan.token(start)?;
                let begins = !token.glued
                    || start.checked_sub(1).and_then(|at| scan.text.sign_at(at)) == Some('#');
                if !(begins && matches!(token.kind, Kind::Number | Kind::Word)) {
                    return None;
                }
                let glued = |at: usize| {
                    scan.token(at).is_some_and(|token| {
                        let dash = token.kind == Kind::Sign('-')
                            && scan.token(at + 1).is_some_and(|next| next.glued);
                        token.glued && (matches!(token.kind, Kind::Number | Kind::Word) || dash)
                    })
                };
                let end = (start + 1..start + LONGEST)
                    .find(|at| !glued(*at))
                    .unwrap_or(start + LONGEST);
                let text = scan.text.slice(start..end.min(scan.len()));
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                (digits >= 4).then(|| text.to_owned())
            })
        })
}
