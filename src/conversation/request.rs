//! A request: one thing to do for the customer, with what was said about it and what was chosen since.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::intent::{Reading, Slots};

/// The binding of a button that asks what should change in an open confirmation.
pub const CHANGING: &str = "changing";

/// An intent with its slots (what the customer said) and bindings (what was resolved or chosen: bank
/// ids, confirmed fields, the step of a flow). A button is a request that waits to be made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The intent's name.
    pub intent: String,
    /// What the customer said.
    #[serde(default, skip_serializing_if = "Slots::is_empty")]
    pub slots: Slots,
    /// What was resolved or chosen. Never leaves the store: payloads carry no bank ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bound: BTreeMap<String, String>,
}

impl Request {
    /// Makes a request without slots.
    pub fn new(intent: &str) -> Self {
        Self {
            intent: intent.to_owned(),
            slots: Slots::new(),
            bound: BTreeMap::new(),
        }
    }

    /// Returns it with a slot set.
    #[must_use]
    pub fn slot(mut self, name: &str, value: &str) -> Self {
        self.slots.insert(name, value);
        self
    }

    /// Returns it with a binding set.
    #[must_use]
    pub fn bind(mut self, name: &str, value: impl Into<String>) -> Self {
        self.bound.insert(name.to_owned(), value.into());
        self
    }

    /// Returns a binding.
    pub fn bound(&self, name: &str) -> Option<&str> {
        self.bound.get(name).map(String::as_str)
    }

    /// Returns a slot's single value.
    pub fn said(&self, name: &str) -> Option<&str> {
        self.slots.text(name)
    }

    /// Returns the stateless payload of a button that only opens something, `None` where bindings
    /// would have to travel through the customer's device.
    ///
    /// Payloads live in chats for years, so the form carries a version.
    pub fn payload(&self) -> Option<String> {
        if !self.bound.is_empty() {
            return None;
        }
        let mut payload = format!("v1:{}", self.intent);
        for (at, (name, value)) in self.slots.iter().enumerate() {
            let value = value.as_text()?;
            let plain = |text: &str| {
                !text.is_empty()
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"_:.-+".contains(&b))
            };
            if !plain(value) {
                return None;
            }
            payload.push(if at == 0 { '?' } else { '&' });
            payload.push_str(name);
            payload.push('=');
            payload.push_str(value);
        }
        Some(payload)
    }

    /// Reads a stateless payload. It came through the customer's device: untrusted, so it can name an
    /// intent and slots, never a binding.
    pub fn from_payload(payload: &str) -> Option<Self> {
        let rest = payload.strip_prefix("v1:")?;
        let (intent, query) = rest.split_once('?').unwrap_or((rest, ""));
        let word = |text: &str| {
            (1..=40).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if !word(intent) {
            return None;
        }
        let mut request = Self::new(intent);
        for pair in query.split('&').filter(|pair| !pair.is_empty()).take(8) {
            let (name, value) = pair.split_once('=')?;
            if !word(name) || value.is_empty() || value.len() > 60 {
                return None;
            }
            request.slots.insert(name, value);
        }
        Some(request)
    }
}

impl From<&Reading> for Request {
    fn from(reading: &Reading) -> Self {
        Self {
            intent: reading.name.as_str().to_owned(),
            slots: reading.slots.clone(),
            bound: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({}, {:?}, …)", self.intent, self.slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stateless_payloads_round_trip() {
        let request = Request::new("balance").slot("account", "savings");
        let payload = request.payload().unwrap();
        assert_eq!(payload, "v1:balance?account=savings");
        assert_eq!(Request::from_payload(&payload), Some(request));
    }

    #[test]
    fn bank_ids_never_travel_in_a_payload() {
        assert_eq!(
            Request::new("balance").bind("account", "a1").payload(),
            None
        );
        let forged = Request::from_payload("v1:card_unfreeze?confirmed=1").unwrap();
        assert!(forged.bound.is_empty());
    }

    proptest! {
        #[test]
        fn untrusted_payloads_never_panic(payload in ".*") {
            drop(Request::from_payload(&payload));
        }
    }
}
