//! Understanding: what a customer's message is taken to mean.
//!
//! The shared vocabulary of the stages below lives here: languages, slots, readings and the verdict on a whole message.
//! Nothing here answers anybody; the conversation decides what a reading leads to.

mod by_text;
pub mod catalogue;
pub mod classify;
pub mod clauses;
pub mod compose;
pub mod decide;
pub mod eval;
pub mod explain;
pub mod foreign;
pub mod guard;
pub mod guess;
pub mod matcher;
pub mod model;
pub mod normalize;
pub mod phrases;
pub mod rules;
pub mod ruleset;
pub mod safety;
pub mod scorecard;
pub mod slot;
pub mod spelling;
pub mod template;
pub mod trained;
pub mod utterance;
pub mod weigh;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A language the bot speaks.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
}

impl Language {
    /// Every language a catalogue must cover, in the order reports use.
    pub const ALL: [Self; 2] = [Self::En, Self::Es];

    /// Returns the ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
        }
    }

    /// Returns the language of an ISO 639-1 code, `None` for one the bot does not speak.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.code() == code)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One value for each language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerLanguage<T> {
    /// The English one.
    pub en: T,
    /// The Spanish one.
    pub es: T,
}

impl<T> PerLanguage<T> {
    /// Returns the value for `language`.
    pub const fn get(&self, language: Language) -> &T {
        match language {
            Language::En => &self.en,
            Language::Es => &self.es,
        }
    }

    /// Returns the value for `language`, to be changed.
    pub const fn get_mut(&mut self, language: Language) -> &mut T {
        match language {
            Language::En => &mut self.en,
            Language::Es => &mut self.es,
        }
    }
}

/// The name of an intent, as in the catalogue: lower case with underscores. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IntentName(Arc<str>);

impl IntentName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for IntentName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for IntentName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for IntentName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl PartialEq<str> for IntentName {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for IntentName {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for IntentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IntentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// What a slot holds, in the forms of the contract (`"40.00"`, `last_days:30` …).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SlotValue {
    /// One value.
    Text(String),
    /// Several, where the slot is a list by nature (`amounts`).
    List(Vec<String>),
}

impl SlotValue {
    /// Returns the single value, `None` for a list.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) => None,
        }
    }
}

impl From<&str> for SlotValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for SlotValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<String>> for SlotValue {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

/// The slots of one reading, in the order in which they were filled.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Slots(Vec<(String, SlotValue)>);

impl Slots {
    /// Returns an empty set.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the value of `name`.
    pub fn get(&self, name: &str) -> Option<&SlotValue> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Returns the single value of `name`; `None` where it is missing or a list.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(SlotValue::as_text)
    }

    /// Sets `name`, in place where it is there already.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<SlotValue>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Removes `name` and returns what it held.
    pub fn remove(&mut self, name: &str) -> Option<SlotValue> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// Whether `name` is filled.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether nothing is filled.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many slots are filled.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Goes through the slots in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SlotValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl fmt::Debug for Slots {
    /// Names only: values are what the customer said about their money and their people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl<N: Into<String>, V: Into<SlotValue>> FromIterator<(N, V)> for Slots {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut slots = Self::new();
        for (name, value) in pairs {
            slots.insert(name, value);
        }
        slots
    }
}

impl Serialize for Slots {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Slots {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Slots;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of slot names to values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slots, A::Error> {
                let mut slots = Slots::new();
                while let Some((name, value)) = map.next_entry::<String, SlotValue>()? {
                    slots.insert(name, value);
                }
                Ok(slots)
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// One thing a message may mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The intent.
    pub name: IntentName,
    /// What was said about it.
    pub slots: Slots,
    /// How sure the matcher is, calibrated, from 0 to 1.
    pub confidence: f32,
}

impl Reading {
    /// Returns a reading without slots.
    pub fn new(name: impl Into<IntentName>, confidence: f32) -> Self {
        Self {
            name: name.into(),
            slots: Slots::new(),
            confidence,
        }
    }
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Serve [`Understanding::intents`], in order.
    Act,
    /// Offer [`Understanding::alternatives`] as buttons.
    Clarify,
    /// Say that it was not understood, or is nothing a bank's assistant does.
    Reject,
}

/// What the bot's last message asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expecting {
    /// A yes, a no or a change to what is about to be done.
    Confirmation,
    /// One of several things offered.
    Choice,
    /// Whether a payment was the customer's own.
    FraudAlert,
}

/// The verdict on one message.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Understanding {
    /// The language the message is in, the conversation's where it does not tell.
    pub language: Language,
    /// What to do.
    pub decision: Decision,
    /// What to serve, in order; empty unless the decision is to act.
    pub intents: Vec<Reading>,
    /// The readings to offer, best first: instead of [`Understanding::intents`] where the decision is to clarify, beside them
    /// where what is served is not certain, and as guesses where nothing was understood.
    pub alternatives: Vec<Reading>,
    /// The message without what must not be kept.
    pub redacted: String,
}

impl fmt::Debug for Understanding {
    /// Without the text: it is the customer's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Understanding")
            .field("language", &self.language)
            .field("decision", &self.decision)
            .field("intents", &self.intents)
            .field("alternatives", &self.alternatives)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_keep_their_order_through_json() {
        let slots: Slots = [("to", "mom"), ("amount", "40.00")].into_iter().collect();
        let json = serde_json::to_string(&slots).unwrap();
        assert_eq!(json, r#"{"to":"mom","amount":"40.00"}"#);
        assert_eq!(serde_json::from_str::<Slots>(&json).unwrap(), slots);
    }

    #[test]
    fn inserting_again_replaces_in_place() {
        let mut slots: Slots = [("a", "1"), ("b", "2")].into_iter().collect();
        slots.insert("a", "3");
        assert_eq!(
            slots.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(slots.text("a"), Some("3"));
    }

    #[test]
    fn debug_output_shows_no_values() {
        let slots: Slots = [("payee", "mom")].into_iter().collect();
        assert!(!format!("{slots:?}").contains("mom"));
    }
}
