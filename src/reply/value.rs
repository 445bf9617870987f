//! Values that may appear in a reply: typed, and knowing where they come from (requirement B1).
//!
//! Plain strings do not coerce. A [`Value::Text`] is made by [`Value::quoted`], which cleans what a
//! bank or a person wrote (requirement I1), or by [`Value::word`] from the program's own words.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::locale::{self, Locale};
use crate::money::Money;

/// The longest quoted text shown, in graphemes.
const QUOTE_LIMIT: usize = 40;

/// What a placeholder may hold.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "v", rename_all = "snake_case")]
pub enum Value {
    /// An amount, shown without its direction.
    Money(Money),
    /// An amount shown with its currency code, where an answer holds several currencies.
    MoneyWithCode(Money),
    /// A day: `Nov 22`.
    Day(Date),
    /// A day with its weekday: `Fri, Nov 20`.
    Weekday(Date),
    /// An instant in the customer's zone: `Nov 22, 10:41`.
    Moment(Timestamp),
    /// A number of things; also picks plurals.
    Count(u64),
    /// Basis points: `19.99%`.
    Percent(u32),
    /// Cleaned text.
    Text(String),
    /// A word that picks an arm of a `select`; never shown.
    Key(String),
}

/// Shows the type only: values are what the customer's money and people are.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Money(_) | Self::MoneyWithCode(_) => "Money(…)",
            Self::Day(_) | Self::Weekday(_) => "Day(…)",
            Self::Moment(_) => "Moment(…)",
            Self::Count(_) => "Count(…)",
            Self::Percent(_) => "Percent(…)",
            Self::Text(_) => "Text(…)",
            Self::Key(_) => "Key(…)",
        })
    }
}

impl Value {
    /// Cleans a text that a bank, a shop or a person wrote, so that it is data and nothing else: control and
    /// direction characters out, no link, cut at 40 graphemes (requirements I1, I4).
    pub fn quoted(text: &str) -> Self {
        Self::Text(clean(text))
    }

    /// Takes a word of the configuration or of the program.
    pub fn word(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Takes a word that picks an arm of a `select`.
    pub fn key(text: impl Into<String>) -> Self {
        Self::Key(text.into())
    }

    /// Writes it for a locale and zone.
    pub fn show(&self, place: &Place) -> String {
        match self {
            Self::Money(_) | Self::MoneyWithCode(_) if place.hide_amounts => {
                locale::hidden(place.locale).to_owned()
            }
            Self::Money(amount) => locale::money(*amount, place.locale, false),
            Self::MoneyWithCode(amount) => locale::money(*amount, place.locale, true),
            Self::Day(date) => locale::day(*date, place.today(), place.locale),
            Self::Weekday(date) => locale::weekday(*date, place.locale),
            Self::Moment(at) => {
                let there = at.to_zoned(place.zone.clone());
                let day = locale::day(there.date(), place.today(), place.locale);
                format!("{day}, {}", locale::time(there.time()))
            }
            Self::Count(count) => locale::number(&count.to_string(), place.locale),
            Self::Percent(points) => locale::percent(*points, place.locale),
            Self::Text(text) => text.clone(),
            Self::Key(_) => String::new(),
        }
    }
}

/// Where and when words are made: locale, zone, and the present instant.
#[derive(Debug, Clone)]
pub struct Place {
    /// Language and region.
    pub locale: Locale,
    /// The customer's zone.
    pub zone: jiff::tz::TimeZone,
    /// The turn's time.
    pub now: Timestamp,
    /// The customer wants no amounts in the chat (requirement D9): each is said as a word instead.
    pub hide_amounts: bool,
}

impl Place {
    /// Returns today's date where the customer is.
    pub fn today(&self) -> Date {
        self.now.to_zoned(self.zone.clone()).date()
    }

    /// Returns the present instant where the customer is.
    pub fn zoned(&self) -> jiff::Zoned {
        self.now.to_zoned(self.zone.clone())
    }
}

/// Where a value comes from (requirements B1, B9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    /// A field of the bank's answer, as of a time if it said one.
    Bank {
        /// Port and field, for example `account.available`.
        field: String,
        /// The bank's own time.
        as_of: Option<Timestamp>,
    },
    /// A key of the configuration.
    Config {
        /// The key.
        key: String,
    },
    /// Computed by a declared rule.
    Computed {
        /// The rule's name, which `how do you know` explains.
        rule: String,
    },
    /// The customer said it in this conversation.
    Customer,
    /// Our own record: case numbers, times of notice.
    Record,
}

impl Origin {
    /// A field of the bank's answer.
    pub fn bank(field: &str) -> Self {
        Self::Bank {
            field: field.to_owned(),
            as_of: None,
        }
    }

    /// A field of the bank's answer with the bank's time.
    pub fn bank_at(field: &str, as_of: Option<Timestamp>) -> Self {
        Self::Bank {
            field: field.to_owned(),
            as_of,
        }
    }

    /// A key of the configuration.
    pub fn config(key: &str) -> Self {
        Self::Config {
            key: key.to_owned(),
        }
    }

    /// A declared calculation.
    pub fn rule(rule: &str) -> Self {
        Self::Computed {
            rule: rule.to_owned(),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What is shown.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// The values of one reply, by placeholder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(BTreeMap<String, Shown>);

impl Values {
    /// Returns an empty set.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value, origin: Origin) -> Self {
        self.0.insert(name.to_owned(), Shown { value, origin });
        self
    }

    /// Adds all values of `more`; where both have one of a name, that of `more` stays.
    #[must_use]
    pub fn with_all(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// Returns the value of a placeholder.
    pub fn get(&self, name: &str) -> Option<&Shown> {
        self.0.get(name)
    }

    /// Goes through the values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Shown)> {
        self.0.iter().map(|(name, shown)| (name.as_str(), shown))
    }
}

/// Cleans a text for quoting; see [`Value::quoted`].
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(160));
    let mut characters = text.chars().take(400).peekable();
    let mut before: Option<char> = None;
    while let Some(c) = characters.next() {
        let keep = match c {
            // Nobody's name needs these; they could break out of the sentence around them.
            '{' | '}' | '<' | '>' | '[' | ']' | '`' | '|' | '\\' => ' ',
            // `shop.example` would become a link in the chat, and so would `://`.
            '.' | ':' | '/' | '@'
                if before.is_some_and(char::is_alphanumeric)
                    && characters.peek().is_some_and(|next| {
                        next.is_alphanumeric() || matches!(next, '/' | ':')
                    })
                    && !(before.is_some_and(|b| b.is_ascii_digit())
                        && characters.peek().is_some_and(char::is_ascii_digit)) =>
            {
                ' '
            }
            '/' if before == Some(' ') => ' ',
            c if c.is_control() || is_format(c) => ' ',
            c if c.is_whitespace() => ' ',
            c => c,
        };
        if keep == ' ' && (out.is_empty() || out.ends_with(' ')) {
            before = Some(' ');
            continue;
        }
        out.push(keep);
        before = Some(keep);
    }
    let trimmed = out.trim_end();
    let mut graphemes = trimmed.graphemes(true);
    let cut: String = graphemes.by_ref().take(QUOTE_LIMIT).collect();
    if graphemes.next().is_some() {
        format!("{}…", cut.trim_end())
    } else {
        cut
    }
}

/// Zero-width, direction, tag and other format characters.
fn is_format(c: char) -> bool {
    matches!(
        u32::from(c),
        0xAD | 0x061C
            | 0x180E
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0xFEFF
            | 0xFFF9..=0xFFFB
            | 0xE0000..=0xE007F
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quoted_text_is_no_link_and_no_markup() {
        for (raw, clean_text) in [
            ("AMAZON.COM", "AMAZON COM"),
            (
                "visit http://evil.example/x now",
                "visit http evil example x now",
            ),
            ("St. Mary's", "St. Mary's"),
            ("Mom (Rosa D., ••8812)", "Mom (Rosa D., ••8812)"),
            ("7.50 COFFEE", "7.50 COFFEE"),
            ("<b>\u{202E}abc\u{0007}</b>", "b abc b"),
            ("me@evil.example", "me evil example"),
        ] {
            assert_eq!(clean(raw), clean_text, "{raw:?}");
        }
    }

    #[test]
    fn of_two_values_of_one_name_the_added_one_stays() {
        let one = |text: &str| Values::new().with("a", Value::word(text), Origin::Record);
        let kept = Values::new().with("b", Value::Count(2), Origin::Customer);
        let both = one("old").with_all(kept.clone()).with_all(one("new"));
        assert_eq!(both.iter().count(), 2);
        assert_eq!(both.get("a"), one("new").get("a"));
        assert_eq!(both.get("b"), kept.get("b"));
    }

    #[test]
    fn quoted_text_is_cut() {
        assert_eq!(clean(&"x".repeat(100)).chars().count(), 41);
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing_more(text in ".{0,60}") {
            let once = clean(&text);
            prop_assume!(!once.ends_with('…'));
            prop_assert_eq!(clean(&once), once);
        }
    }
}
