//! What FDX's JSON looks like: the list envelope with its three ways of paging, elements that are flat
//! (6.x) or wrapped in one key (4.x, 5.x), numbers kept as text, times with and without a zone.
//!
//! Nothing here knows the neutral model; [`account`](super::account) and
//! [`transaction`](super::transaction) do.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use crate::bank::BankError;

/// Why an answer cannot be read. Names the place, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not the JSON that was expected.
    #[error("not the expected JSON (line {line}, column {column})")]
    Json {
        /// Line of the answer or of the element.
        line: usize,
        /// Column.
        column: usize,
    },
    /// A required field is not there.
    #[error("the field `{0}` is missing")]
    Missing(&'static str),
    /// A field holds what it cannot hold.
    #[error("the field `{0}` cannot be read")]
    Field(&'static str),
    /// More pages than any honest answer has.
    #[error("the list has too many pages")]
    Endless,
    /// A link to the next page that leads elsewhere.
    #[error("the link to the next page leaves the bank's address")]
    ForeignLink,
}

impl From<serde_json::Error> for WireError {
    // The error's own text may quote the value, so only the place is kept.
    fn from(error: serde_json::Error) -> Self {
        Self::Json {
            line: error.line(),
            column: error.column(),
        }
    }
}

impl From<WireError> for BankError {
    fn from(error: WireError) -> Self {
        Self::Unexpected(Some(Box::new(error)))
    }
}

/// A number as its text: `642.18`, `0.8`, `1e2`; quoted numbers are accepted too.
///
/// A binary float between the bank and [`Money`](crate::money::Money) could change a cent.
#[derive(Clone, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// Returns the decimal text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(…)")
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar_text(deserializer, "a number").map(Self)
    }
}

/// A code or token that banks send as text or as a number (`"701"` and `500`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar_text(deserializer, "text or a number").map(Self)
    }
}

/// Reads a JSON string or number as text, without going through a float.
fn scalar_text<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
) -> Result<String, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text).map_err(de::Error::custom),
        Some(b'-' | b'0'..=b'9') => Ok(text.to_owned()),
        _ => Err(de::Error::custom(expected)),
    }
}

/// A point in time as precise as the bank gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// With a zone.
    Instant(Timestamp),
    /// A wall clock without a zone: the institution's.
    Wall(DateTime),
    /// A day only.
    Day(Date),
}

impl Moment {
    /// Parses `2026-10-31T23:15:00-04:00`, `2026-10-31T23:15:00` and `2026-10-31`.
    ///
    /// Midnight UTC to the nanosecond is taken as a day: banks that keep dates only write them so,
    /// and as an instant it would fall on the day before anywhere west of Greenwich.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(day) = text.parse::<Date>()
            && text.len() <= 10
        {
            return Some(Self::Day(day));
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            let utc = at.to_zoned(TimeZone::UTC);
            let written_in_utc = text.ends_with(['Z', 'z']) || text.ends_with("+00:00");
            let midnight = utc.datetime() == utc.date().to_datetime(jiff::civil::Time::midnight());
            return Some(if written_in_utc && midnight {
                Self::Day(utc.date())
            } else {
                Self::Instant(at)
            });
        }
        text.parse::<DateTime>().ok().map(Self::Wall)
    }

    /// Returns the day in the institution's zone.
    pub fn day(self, zone: &TimeZone) -> Date {
        match self {
            Self::Instant(at) => Zoned::new(at, zone.clone()).date(),
            Self::Wall(wall) => wall.date(),
            Self::Day(day) => day,
        }
    }

    /// Returns the instant, unless only the day is known.
    pub fn instant(self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Instant(at) => Some(at),
            Self::Wall(wall) => wall
                .to_zoned(zone.clone())
                .ok()
                .map(|zoned| zoned.timestamp()),
            Self::Day(_) => None,
        }
    }
}

/// Which family an account or transaction belongs to: the wrapper's key, or `accountCategory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Category {
    /// Deposits.
    Deposit,
    /// Lines of credit, cards among them.
    Credit,
    /// Loans.
    Loan,
    /// Investments.
    Investment,
    /// Wallets.
    Wallet,
    /// Insurance, annuities and what comes later.
    #[default]
    Other,
}

impl Category {
    /// Reads `DEPOSIT_ACCOUNT` and its kin.
    pub fn from_code(code: &str) -> Self {
        match code {
            "DEPOSIT_ACCOUNT" => Self::Deposit,
            "LOC_ACCOUNT" => Self::Credit,
            "LOAN_ACCOUNT" => Self::Loan,
            "INVESTMENT_ACCOUNT" => Self::Investment,
            "DIGITAL_WALLET" => Self::Wallet,
            _ => Self::Other,
        }
    }

    fn from_wrapper(key: &str) -> Option<Self> {
        let family = key
            .strip_suffix("Account")
            .or_else(|| key.strip_suffix("Transaction"))
            .unwrap_or(key);
        match family {
            "deposit" => Some(Self::Deposit),
            "loc" => Some(Self::Credit),
            "loan" => Some(Self::Loan),
            "investment" => Some(Self::Investment),
            "digitalWallet" => Some(Self::Wallet),
            "insurance" | "annuity" | "commercial" => Some(Self::Other),
            _ => None,
        }
    }
}

/// An element of a list, out of its wrapper if it had one.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// The family the wrapper's key names.
    pub wrapper: Option<Category>,
    /// The object itself.
    pub object: &'a RawValue,
}

impl<'a> Element<'a> {
    /// Decides by what is there, not by the version in the address (`bank-apis.md` section 5).
    pub fn of(raw: &'a RawValue) -> Result<Self, WireError> {
        let wrapped: Wrapped<'a> = serde_json::from_str(raw.get())?;
        Ok(match wrapped.0 {
            Some((category, object)) => Self {
                wrapper: Some(category),
                object,
            },
            None => Self {
                wrapper: None,
                object: raw,
            },
        })
    }
}

/// The first member whose key is a wrapper's and whose value is an object.
struct Wrapped<'a>(Option<(Category, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Wrapped<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Wrapped<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = None;
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    let value: &'de RawValue = map.next_value()?;
                    if found.is_none()
                        && value.get().starts_with('{')
                        && let Some(category) = Category::from_wrapper(&key)
                    {
                        found = Some((category, value));
                    }
                }
                Ok(Wrapped(found))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A page of a list.
#[derive(Deserialize)]
pub struct Envelope<'a> {
    #[serde(default)]
    page: Option<PageMarks>,
    #[serde(borrow, default)]
    links: Option<&'a RawValue>,
    /// The elements, unread.
    #[serde(
        borrow,
        alias = "accounts",
        alias = "transactions",
        alias = "statements",
        alias = "payees",
        alias = "payments",
        alias = "recurringPayments",
        alias = "transfers"
    )]
    pub items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMarks {
    #[serde(default)]
    next_offset: Option<Token>,
    #[serde(default)]
    next_page_key: Option<Token>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    href: Option<String>,
    #[serde(default)]
    rel: Option<String>,
}

#[derive(Deserialize)]
struct NamedLinks {
    #[serde(default)]
    next: Option<Link>,
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Next {
    /// Query `offset`.
    Offset(String),
    /// Query `pageKey`.
    PageKey(String),
    /// An address, perhaps relative.
    Link(String),
}

impl<'a> Envelope<'a> {
    /// Reads a page.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        Ok(serde_json::from_slice(body)?)
    }

    /// Returns where the next page begins, if there is one. An empty mark is no mark.
    pub fn next(&self) -> Option<Next> {
        let marks = self.page.as_ref();
        let offset = marks.and_then(|page| page.next_offset.clone());
        let page_key = marks.and_then(|page| page.next_page_key.clone());
        let filled = |token: Token| (!token.0.is_empty()).then_some(token.0);
        offset
            .and_then(filled)
            .map(Next::Offset)
            .or_else(|| page_key.and_then(filled).map(Next::PageKey))
            .or_else(|| self.next_href().map(Next::Link))
    }

    /// Reads `{"next":{"href"}}` and the older `[{"rel":"next","href"}]`; anything else is no link.
    fn next_href(&self) -> Option<String> {
        let raw = self.links?.get();
        let href = if raw.starts_with('[') {
            let links: Vec<Link> = serde_json::from_str(raw).ok()?;
            links
                .into_iter()
                .find(|link| link.rel.as_deref() == Some("next"))?
                .href
        } else {
            let links: NamedLinks = serde_json::from_str(raw).ok()?;
            links.next?.href
        };
        href.filter(|href| !href.is_empty())
    }
}

/// Reads one object, wrapped or flat, into its wire type and family.
pub fn read_object<T: de::DeserializeOwned>(
    raw: &RawValue,
) -> Result<(Option<Category>, T), WireError> {
    let element = Element::of(raw)?;
    Ok((element.wrapper, serde_json::from_str(element.object.get())?))
}

/// Turns an empty text into none: several banks send `""` for what they do not have.
pub fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// Logs once per field that a bank uses a word nobody here knows; the call goes on.
pub fn note_unknown(field: &'static str, word: &str) {
    static NOTED: std::sync::Mutex<std::collections::BTreeSet<&'static str>> =
        std::sync::Mutex::new(std::collections::BTreeSet::new());
    let fresh = NOTED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .insert(field);
    if fresh {
        // Code words only; whatever else stands there is not ours to log.
        let code = word.len() <= 40
            && word
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let shown = if code { word } else { "…" };
        tracing::warn!(field, word = shown, "The bank uses an unknown word");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn next_of(json: &str) -> Option<Next> {
        Envelope::read(json.as_bytes()).unwrap().next()
    }

    #[test]
    fn finds_the_next_page_in_each_of_its_forms() {
        assert_eq!(
            next_of(r#"{"page":{"nextOffset":"abc"},"accounts":[]}"#),
            Some(Next::Offset("abc".into()))
        );
        assert_eq!(
            next_of(r#"{"page":{"nextOffset":50},"transactions":[]}"#),
            Some(Next::Offset("50".into()))
        );
        assert_eq!(
            next_of(r#"{"page":{"nextPageKey":"k1"},"statements":[]}"#),
            Some(Next::PageKey("k1".into()))
        );
        assert_eq!(
            next_of(r#"{"links":{"next":{"href":"/accounts?offset=2"}},"accounts":[]}"#),
            Some(Next::Link("/accounts?offset=2".into()))
        );
        assert_eq!(
            next_of(
                r#"{"links":[{"rel":"prev","href":"/a"},{"rel":"next","href":"/b"}],"accounts":[]}"#
            ),
            Some(Next::Link("/b".into()))
        );
        for last in [
            r#"{"accounts":[]}"#,
            r#"{"page":{},"links":{},"accounts":[]}"#,
            r#"{"page":{"nextOffset":""},"accounts":[]}"#,
            r#"{"page":null,"links":null,"accounts":[]}"#,
        ] {
            assert_eq!(next_of(last), None, "{last}");
        }
    }

    #[test]
    fn a_list_without_its_list_is_an_error() {
        assert!(Envelope::read(b"{}").is_err());
        assert!(Envelope::read(b"<html></html>").is_err());
        assert!(Envelope::read(br#"{"accounts":null}"#).is_err());
    }

    #[test]
    fn takes_an_element_out_of_its_wrapper() {
        let flat = RawValue::from_string(r#"{"accountId":"a"}"#.into()).unwrap();
        assert!(Element::of(&flat).unwrap().wrapper.is_none());
        let wrapped = RawValue::from_string(r#"{"locAccount":{"accountId":"a"}}"#.into()).unwrap();
        let element = Element::of(&wrapped).unwrap();
        assert_eq!(element.wrapper, Some(Category::Credit));
        assert_eq!(element.object.get(), r#"{"accountId":"a"}"#);
    }

    #[test]
    fn keeps_numbers_as_they_are_written() {
        let read = |text: &str| serde_json::from_str::<Number>(text).map(|number| number.0);
        assert_eq!(read("642.18").unwrap(), "642.18");
        assert_eq!(
            read("0.1000000000000000000001").unwrap(),
            "0.1000000000000000000001"
        );
        assert_eq!(read("\"25.00\"").unwrap(), "25.00");
        assert!(read("true").is_err());
        assert!(read("{}").is_err());
        assert!(read("[1]").is_err());
    }

    #[test]
    fn reads_times_as_precisely_as_they_are_given() {
        let new_york = TimeZone::get("America/New_York").unwrap();
        let late = Moment::parse("2026-10-31T23:15:00-04:00").unwrap();
        assert_eq!(late.day(&new_york).to_string(), "2026-10-31");
        let late_in_utc = Moment::parse("2026-11-01T03:15:00.000Z").unwrap();
        assert_eq!(late_in_utc.day(&new_york).to_string(), "2026-10-31");
        assert_eq!(late.instant(&new_york), late_in_utc.instant(&new_york));
        let day = Moment::parse("2026-11-01").unwrap();
        assert_eq!(day.day(&new_york).to_string(), "2026-11-01");
        assert_eq!(day.instant(&new_york), None);
        let midnight = Moment::parse("2026-11-01T00:00:00.000Z").unwrap();
        assert_eq!(midnight.day(&new_york).to_string(), "2026-11-01");
        let wall = Moment::parse("2026-10-31T23:15:00").unwrap();
        assert_eq!(wall.instant(&new_york), late.instant(&new_york));
        assert_eq!(Moment::parse("yesterday"), None);
        assert_eq!(Moment::parse(""), None);
    }

    proptest! {
        #[test]
        fn reading_never_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(envelope) = Envelope::read(&body) {
                envelope.next();
            }
        }

        #[test]
        fn times_never_panic(text in ".{0,40}") {
            if let Some(moment) = Moment::parse(&text) {
                moment.instant(&TimeZone::UTC);
            }
        }

        #[test]
        fn elements_never_panic(text in r#"\{("(locAccount|amount|a)":(\{\}|1e5|"x"|null|\[\]),?){0,3}\}"#) {
            if let Ok(raw) = RawValue::from_string(text) {
                Element::of(&raw).ok();
            }
        }
    }
}
