//! Who was paid, in words a person knows: statement codes cleaned, and a customer's word found among them
//! (requirement B7: "Uber" and "Uber Eats" are shown, never merged silently).

use std::collections::BTreeMap;

use crate::bank::model::Transaction;
use crate::intent::normalize::normalize;
use crate::reply::value::clean;

/// Prefixes that payment companies put before the shop's name.
const PREFIXES: [&str; 12] = [
    "sq *",
    "tst*",
    "tst* ",
    "paypal *",
    "pp*",
    "sp ",
    "sp * ",
    "py *",
    "in *",
    "ic* ",
    "zsk*",
    "pos debit ",
];

/// Statement codes whose first words stand for a name everybody knows.
const KNOWN: [(&str, &str); 8] = [
    ("amzn mktp", "Amazon"),
    ("amazon", "Amazon"),
    ("wholefds", "Whole Foods"),
    ("wm supercenter", "Walmart"),
    ("apple.com/bill", "Apple"),
    ("google *", "Google"),
    ("nflx", "Netflix"),
    ("uber *eats", "Uber Eats"),
];

/// Returns what an entry's other side is called: the bank's merchant name, else the cleaned statement text.
pub fn name(entry: &Transaction) -> String {
    // A name of invisible characters is none.
    if let Some(merchant) = entry
        .merchant
        .as_deref()
        .map(clean)
        .filter(|name| !name.is_empty())
    {
        return merchant;
    }
    from_statement(&entry.description)
}

/// Cleans a statement text to a name.
pub fn from_statement(description: &str) -> String {
    let lower = description.trim().to_lowercase();
    if let Some((_, known)) = KNOWN.iter().find(|(code, _)| lower.starts_with(code)) {
        return (*known).to_owned();
    }
    let start = PREFIXES
        .iter()
        .find(|prefix| lower.starts_with(*prefix))
        .map_or(0, |prefix| prefix.len());
    let rest = description.trim().get(start..).unwrap_or(description);
    // What follows a star, a number sign or a long number is a reference, not a name.
    let cut = rest
        .char_indices()
        .find(|(at, c)| *at > 2 && matches!(c, '*' | '#'))
        .map_or(rest, |(at, _)| rest.get(..at).unwrap_or(rest));
    let words: Vec<&str> = cut
        .split_whitespace()
        .take_while(|word| word.bytes().filter(u8::is_ascii_digit).count() < 3)
        .collect();
    let joined = if words.is_empty() {
        cut.to_owned()
    } else {
        words.join(" ")
    };
    title(&clean(&joined))
}

/// Shouting statement texts become names; mixed case stays as the shop writes it.
fn title(text: &str) -> String {
    if text.chars().any(char::is_lowercase) {
        return text.to_owned();
    }
    text.split(' ')
        .map(|word| {
            let mut characters = word.chars();
            characters
                .next()
                .map(|first| {
                    first
                        .to_uppercase()
                        .chain(characters.flat_map(char::to_lowercase))
                        .collect::<String>()
                })
                .unwrap_or_default()
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// How a customer's word and a name belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The same name.
    Same,
    /// The name holds the word: "Uber" in "Uber Eats".
    Holds,
    /// Nearly the same letters.
    Near,
}

/// Tells how a name is like a customer's word.
pub fn likeness(name: &str, word: &str) -> Option<Likeness> {
    let (name, word) = (letters(name), letters(word));
    if word.is_empty() || name.is_empty() {
        return None;
    }
    let (plain_name, plain_word) = (name.replace(' ', ""), word.replace(' ', ""));
    if plain_name == plain_word {
        return Some(Likeness::Same);
    }
    let whole_words = format!(" {name} ").contains(&format!(" {word} "))
        || format!(" {word} ").contains(&format!(" {name} "));
    if whole_words || (plain_word.len() >= 4 && plain_name.starts_with(&plain_word)) {
        return Some(Likeness::Holds);
    }
    if plain_word.len() >= 5
        && (strsim::osa_distance(&plain_name, &plain_word) <= 1
            || strsim::jaro_winkler(&plain_name, &plain_word) >= 0.93)
    {
        return Some(Likeness::Near);
    }
    None
}

fn letters(text: &str) -> String {
    normalize(text)
        .text
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == ' ' {
                c
            } else {
                ' '
            }
        })
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Finds the names among entries that a customer's word means: those that are the same if there are any,
/// else those that hold it, else near ones. Others that hold it come second.
pub fn find<'a>(
    entries: &[&'a Transaction],
    word: &str,
) -> (BTreeMap<String, Vec<&'a Transaction>>, Vec<String>) {
    let mut by_likeness: BTreeMap<Likeness, BTreeMap<String, Vec<&'a Transaction>>> =
        BTreeMap::new();
    for entry in entries {
        let name = name(entry);
        let found = likeness(&name, word).or_else(|| likeness(&entry.description, word));
        if let Some(found) = found {
            by_likeness
                .entry(found)
                .or_default()
                .entry(name)
                .or_default()
                .push(entry);
        }
    }
    let mut groups = by_likeness.into_values();
    let best = groups.next().unwrap_or_default();
    let others = groups.next().map(|group| group.into_keys().collect());
    (best, others.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statement_codes_become_names() {
        for (code, name) in [
            ("SQ *BLUE BOTTLE COFFEE", "Blue Bottle Coffee"),
            ("AMZN MKTP US*2K4QX1", "Amazon"),
            ("TST* JOES PIZZA 00123", "Joes Pizza"),
            ("ZELCORP 8005551234 DE", "Zelcorp"),
            ("Oakwood Properties RENT", "Oakwood Properties RENT"),
        ] {
            assert_eq!(from_statement(code), name, "{code}");
        }
    }

    #[test]
    fn uber_is_not_uber_eats() {
        assert_eq!(likeness("Uber", "uber"), Some(Likeness::Same));
        assert_eq!(likeness("Uber Eats", "uber"), Some(Likeness::Holds));
        assert_eq!(likeness("Starbucks", "starbuks"), Some(Likeness::Near));
        assert_eq!(likeness("Walgreens", "walmart"), None);
    }
}
