//! A piece of JSON that is not looked into before somebody asks.
//!
//! Nested values are skipped without recursion and without being interpreted, so that neither depth nor a
//! number out of range nor a lone surrogate somewhere fails what is around it. Asking a value for what it is
//! not gives `None`.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A value, as text.
#[derive(Clone, Copy)]
pub(super) struct Json<'a>(&'a RawValue);

/// Reads a whole text; `None` when it is not JSON.
pub(super) fn root(text: &str) -> Option<Json<'_>> {
    serde_json::from_str(text).ok().map(Json)
}

impl<'a> Json<'a> {
    /// Goes through an object's fields in order; false when it is no object. A key given twice comes twice.
    pub(super) fn fields(self, each: impl FnMut(&[u8], Json<'a>)) -> bool {
        let raw: &'a str = self.0.get();
        if !raw.starts_with('{') {
            return false;
        }
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        deserializer.deserialize_map(Fields(each)).is_ok()
    }

    /// Returns a field's value; of a key given twice, the last one's.
    pub(super) fn get(self, name: &str) -> Option<Json<'a>> {
        let mut found = None;
        self.fields(|key, value| {
            if key == name.as_bytes() {
                found = Some(value);
            }
        });
        found.filter(|value| !value.is_null())
    }

    /// Returns an array's elements; nothing of what is no array.
    pub(super) fn items(self) -> Vec<Json<'a>> {
        let all: Vec<&'a RawValue> = if self.0.get().starts_with('[') {
            serde_json::from_str(self.0.get()).unwrap_or_default()
        } else {
            Vec::new()
        };
        all.into_iter().map(Json).collect()
    }

    /// Whether it is `null`.
    pub(super) fn is_null(self) -> bool {
        self.0.get() == "null"
    }

    /// Whether it is an object.
    pub(super) fn is_object(self) -> bool {
        self.0.get().starts_with('{')
    }

    /// Returns a string's content. Halves of surrogate pairs, as a text cut in the middle of an emoji
    /// leaves them, become U+FFFD.
    pub(super) fn text(self) -> Option<String> {
        let raw = self.0.get();
        if !raw.starts_with('"') {
            return None;
        }
        serde_json::from_str(raw).ok().or_else(|| {
            let mut deserializer = serde_json::Deserializer::from_str(raw);
            deserializer.deserialize_bytes(Lossy).ok()
        })
    }

    /// Returns an opaque id: a string, or a number's digits as they are written.
    pub(super) fn id(self) -> Option<String> {
        let raw = self.0.get();
        match raw.as_bytes().first() {
            Some(b'"') => self.text().filter(|id| !id.is_empty()),
            Some(b'-' | b'0'..=b'9') => Some(raw.to_owned()),
            _ => None,
        }
    }

    /// Returns whether it is true: `true` or `"true"`.
    pub(super) fn is_true(self) -> bool {
        matches!(self.0.get(), "true" | "\"true\"")
    }

    /// Returns a small count: a number, or a string that holds one.
    pub(super) fn count(self) -> Option<u32> {
        self.0.get().trim_matches('"').parse().ok()
    }

    /// Returns an instant in milliseconds since 1970. Seen on the wire: integers, strings and floats, in
    /// milliseconds and in seconds. A value below 1,000,000,000,000 is seconds (platform 1.3). What is no
    /// instant between 1970 and 9999 is none.
    pub(super) fn instant_ms(self) -> Option<i64> {
        instant_ms(self.0.get().trim_matches('"').trim())
    }
}

const FIRST_IN_MS: i64 = 1_000_000_000_000;
const END_OF_9999_MS: i64 = 253_402_300_799_999;

fn instant_ms(text: &str) -> Option<i64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<usize>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || exponent > 15 || mantissa.len() > 40 {
        return None;
    }
    // The point is moved by the exponent, in text: a float would already be another number.
    let moved = fraction.chars().chain(std::iter::repeat('0'));
    let digits: String = whole.chars().chain(moved.clone().take(exponent)).collect();
    let thousandths: String = moved.skip(exponent).take(3).collect();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(&digits) || !is_digits(fraction) {
        return None;
    }
    let whole: i64 = digits.parse().ok()?;
    let ms = if whole < FIRST_IN_MS {
        whole
            .checked_mul(1000)?
            .checked_add(thousandths.parse().ok()?)?
    } else {
        whole
    };
    (1..=END_OF_9999_MS).contains(&ms).then_some(ms)
}

/// Hands each field to a closure.
struct Fields<F>(F);

impl<'de, F: FnMut(&[u8], Json<'de>)> Visitor<'de> for Fields<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key, length)) = map.next_key_seed(KeySeed)? {
            let value = Json(map.next_value()?);
            // A key longer than any we know is none of ours.
            if let Some(key) = key.get(..length) {
                (self.0)(key, value);
            }
        }
        Ok(())
    }
}

/// Longer than the longest key we look for (`take_thread_control` and the like).
const LONGEST_KEY: usize = 32;

/// A key on the stack, and its length, which may be more than there is room for.
struct Key([u8; LONGEST_KEY], usize);

/// Reads a key as bytes, since a lone surrogate in one must not fail the object.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Key, E> {
        let mut key = [0; LONGEST_KEY];
        key.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(Key(key, bytes.len()))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Key, E> {
        self.visit_bytes(text.as_bytes())
    }
}

/// Reads a string that is not quite Unicode.
struct Lossy;

impl Visitor<'_> for Lossy {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
        // Half a surrogate pair comes as three bytes, each of which becomes a replacement character.
        Ok(String::from_utf8_lossy(bytes).replace("\u{fffd}\u{fffd}\u{fffd}", "\u{fffd}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Option<i64> {
        root(text).unwrap().instant_ms()
    }

    #[test]
    fn instants_are_read_in_every_form_seen() {
        for (text, expected) in [
            ("1763769600001", Some(1_763_769_600_001)),
            ("\"1763769600001\"", Some(1_763_769_600_001)),
            ("1763769600", Some(1_763_769_600_000)),
            ("\"1763769600\"", Some(1_763_769_600_000)),
            ("1492414608999.0", Some(1_492_414_608_999)),
            ("1492414608.999", Some(1_492_414_608_999)),
            ("1.763769600001e12", Some(1_763_769_600_001)),
            ("1.7637696E9", Some(1_763_769_600_000)),
            ("999999999999", None),
            ("1000000000000", Some(1_000_000_000_000)),
            ("1", Some(1_000)),
            ("0", None),
            ("-5", None),
            ("\"\"", None),
            ("\"soon\"", None),
            ("null", None),
            ("true", None),
            ("{}", None),
            ("1e999999", None),
            ("123456789012345678901234567890", None),
            ("253402300800000", None),
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_past_2_to_the_53_keep_every_digit() {
        for digits in ["9007199254740993", "18446744073709551617", "-3"] {
            assert_eq!(root(digits).unwrap().id().as_deref(), Some(digits));
        }
    }

    #[test]
    fn halves_of_surrogate_pairs_become_replacement_characters() {
        for (raw, expected) in [
            (r#""hi \ud83d""#, "hi \u{fffd}"),
            (r#""\udc00 hi""#, "\u{fffd} hi"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""fine \u00e4\/""#, "fine ä/"),
        ] {
            assert_eq!(root(raw).unwrap().text().as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_lone_surrogate_in_a_key_does_not_hide_its_neighbours() {
        let json = root(r#"{"\ud83d": 1, "id": "7"}"#).unwrap();
        assert_eq!(json.get("id").and_then(Json::id).as_deref(), Some("7"));
    }

    #[test]
    fn of_a_doubled_key_the_last_counts() {
        let json = root(r#"{"id": "1", "id": "2"}"#).unwrap();
        assert_eq!(json.get("id").and_then(Json::id).as_deref(), Some("2"));
    }

    #[test]
    fn asking_for_what_it_is_not_gives_nothing() {
        for raw in ["null", "true", "[]", "{}", "1.5"] {
            let json = root(raw).unwrap();
            assert_eq!(json.text(), None);
            assert_eq!(json.count(), None);
            assert!(json.items().is_empty());
            assert!(json.get("a").is_none());
        }
    }
}
