//! `--record`: a fixture from the turn records of a stored conversation, with nothing of the person in it.
//!
//! Ids are not in a record; time is kept only as the pause between turns, in whole minutes. In what the customer
//! wrote, the people and shops named, addresses and every amount or longer number give way to made-up ones,
//! the same ones for the same. What the bot said was about the customer's own money: of it only the reply chosen
//! is kept, as an assertion, so that the fixture runs against any scenario; `--update` then fills in the words.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::Deserialize;

use crate::conversation::step::Understand;
use crate::intent::matcher::Context;
use crate::reply::value::{Value, Values};

/// A turn record, as `inbox` writes it.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    /// When, ms.
    pub at_ms: i64,
    /// What the customer wrote or tapped, redacted; none for what happened otherwise.
    pub words: Option<String>,
    /// Whether the words are the title of what was tapped.
    #[serde(default)]
    pub tapped: bool,
    /// What was said.
    pub spoken: Vec<Said>,
}

/// One reply of a record.
#[derive(Debug, Clone, Deserialize)]
pub struct Said {
    /// The intent whose reply it is.
    pub intent: String,
    /// The variant chosen.
    pub variant: String,
    /// The values shown.
    pub values: Values,
}

/// Amounts, addresses, and numbers that may name an account, a card or a telephone.
static PERSONAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x) (?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
             | (?P<link>https?://\S+)
             | (?P<number>[$€£]\s?\d[\d.,]*\d|[$€£]\s?\d|\d[\d\s.,-]*\d{2,}|\d+[.,]\d{2}\b)",
    )
    .ok()
});

/// Slots that name people, shops and what the customer calls their own things.
const NAMES: [&str; 5] = ["payee", "merchant", "name", "memo", "requester"];

const STAND_INS: [&str; 6] = [
    "rosa",
    "acme store",
    "oakwood",
    "lena",
    "corner shop",
    "milo",
];

/// Writes a fixture from a conversation's records, oldest first.
pub fn fixture(records: &[Record], matcher: &dyn Understand) -> String {
    let mut masks = Masks::default();
    let mut text =
        String::from("# recorded; ids, times and personal data are replaced\nbank: everyday\n");
    let greeted = records
        .iter()
        .flat_map(|record| &record.spoken)
        .any(|said| said.intent == "bot_identity" || said.variant.contains("first"));
    if greeted {
        text.push_str("greeted: no\n");
    }
    text.push('\n');
    let mut before = None;
    for record in records {
        let minutes = before.map_or(0, |before: i64| {
            record.at_ms.saturating_sub(before) / 60_000
        });
        if minutes > 0 {
            pass(&mut text, minutes);
        }
        before = Some(record.at_ms);
        if let Some(words) = &record.words {
            let line = words.replace('\n', "\\n");
            if record.tapped {
                writeln!(text, "> [{line}]").ok();
            } else {
                writeln!(text, "> {}", masks.hide(&line, &record.spoken, matcher)).ok();
            }
        } else if record.spoken.is_empty() {
            continue;
        } else {
            text.push_str("# not something the customer said or tapped:\n");
        }
        for _ in &record.spoken {
            text.push_str("<*\n");
        }
        for said in &record.spoken {
            writeln!(text, "? variant {}.{}", said.intent, said.variant).ok();
        }
    }
    text
}

fn pass(text: &mut String, minutes: i64) {
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match (hours, minutes) {
        (0, minutes) => writeln!(text, "+ {minutes}m").ok(),
        (hours, 0) => writeln!(text, "+ {hours}h").ok(),
        (hours, minutes) => writeln!(text, "+ {hours}h {minutes}m").ok(),
    };
}

/// What stands for what: the same for the same throughout a conversation.
#[derive(Default)]
struct Masks {
    names: BTreeMap<String, &'static str>,
    numbers: BTreeMap<String, usize>,
}

impl Masks {
    fn hide(&mut self, words: &str, spoken: &[Said], matcher: &dyn Understand) -> String {
        let mut words = words.to_owned();
        for name in named(&words, spoken, matcher) {
            let next = STAND_INS
                .get(self.names.len() % STAND_INS.len())
                .copied()
                .unwrap_or("rosa");
            let stand_in = *self.names.entry(name.clone()).or_insert(next);
            if let Ok(pattern) = Regex::new(&format!(r"(?i){}", regex::escape(&name))) {
                words = pattern.replace_all(&words, stand_in).into_owned();
            }
        }
        let Some(personal) = &*PERSONAL else {
            return words;
        };
        let hidden = personal.replace_all(&words, |found: &Captures<'_>| {
            if found.name("mail").is_some() {
                return "rosa@example.com".to_owned();
            }
            if found.name("link").is_some() {
                return "https://example.com/".to_owned();
            }
            let number = found.get(0).map_or("", |found| found.as_str());
            let count = self.numbers.len();
            let place = *self.numbers.entry(number.to_owned()).or_insert(count);
            let sign: String = number.chars().take_while(|c| !c.is_ascii_digit()).collect();
            format!("{sign}{}", 40 + 15 * place)
        });
        hidden.into_owned()
    }
}

/// Returns the names in what was written: what the matcher takes for one, and what the bank said and the
/// customer repeated. Longest first, so that a part does not spoil the whole.
fn named(words: &str, spoken: &[Said], matcher: &dyn Understand) -> Vec<String> {
    let lower = words.to_lowercase();
    let understanding = matcher.understand(words, &Context::default());
    let readings = understanding
        .intents
        .iter()
        .chain(&understanding.alternatives);
    let slots =
        readings.flat_map(|reading| NAMES.iter().filter_map(|name| reading.slots.text(name)));
    let shown = spoken
        .iter()
        .flat_map(|said| said.values.iter())
        .filter_map(|(_, shown)| match &shown.value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        });
    let mut names: Vec<String> = slots
        .chain(shown)
        .map(str::to_lowercase)
        .filter(|name| name.chars().count() > 2 && lower.contains(name.as_str()))
        .collect();
    names.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::intent::catalogue::Catalogue;
    use crate::intent::matcher::Matcher;
    use crate::reply::value::Origin;

    fn said(variant: &str, values: Values) -> Said {
        Said {
            intent: "spending".to_owned(),
            variant: variant.to_owned(),
            values,
        }
    }

    #[test]
    fn nothing_of_the_person_is_left_and_the_fixture_is_read() {
        let catalogue = Arc::new(Catalogue::built_in().unwrap());
        let matcher = Matcher::new(catalogue).unwrap();
        let shop = Values::new().with(
            "merchant",
            Value::Text("Pierogi Palace".to_owned()),
            Origin::bank("transaction.merchant"),
        );
        let record = |at_ms, words: &str, tapped, spoken| Record {
            at_ms,
            words: Some(words.to_owned()),
            tapped,
            spoken,
        };
        let records = [
            record(
                1_764_000_000_000,
                "how much did I spend at pierogi palace",
                false,
                vec![said("answer", shop)],
            ),
            record(
                1_764_000_190_000,
                "was it $1,234.56 or 98.76? mail wanda@example.org or call 555-867-5309",
                false,
                vec![said("answer", Values::new())],
            ),
            record(1_764_004_000_000, "See charges", true, Vec::new()),
        ];
        let text = fixture(&records, &matcher);
        for personal in ["pierogi", "1,234", "98.76", "wanda", "867", "1764"] {
            assert!(
                !text.to_lowercase().contains(personal),
                "{personal}: {text}"
            );
        }
        assert!(text.contains("+ 3m\n"), "{text}");
        assert!(text.contains("+ 1h 3m\n> [See charges]\n"), "{text}");
        assert!(text.contains("<*\n? variant spending.answer\n"), "{text}");
        let read = super::super::fixture::parse(std::path::Path::new("x.txt"), &text).unwrap();
        assert_eq!(read.steps.len(), 9);
    }
}
