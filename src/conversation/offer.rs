//! What the last message offered: its buttons, and what a tap, a typed title, a number, a "yes" or a "no"
//! would do (requirements C1, C2, G3; design 2.4).

use serde::{Deserialize, Serialize};

use super::request::Request;
use crate::intent::Expecting;
use crate::intent::normalize::normalize;
use crate::store::OutboxId;

/// How long a confirmation stays open, ms (5.6).
pub const CONFIRMATION_MS: i64 = 5 * 60 * 1000;

/// How long an offered choice or button with bindings can be used, ms: the follow-up context (5.6).
pub const CHOICE_MS: i64 = 30 * 60 * 1000;

/// What an option means to a typed answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// What "yes" does.
    Yes,
    /// What "no" does.
    No,
    /// One of several things.
    Plain,
    /// What else the customer's words may have meant: no answer to what is asked.
    Aside,
}

/// A button and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferOption {
    /// The words on it.
    pub title: String,
    /// What typed answers it takes.
    pub role: Role,
    /// What it does.
    pub request: Request,
}

/// The buttons of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Names it in payloads.
    pub id: String,
    /// The outbox row of the message.
    pub row: OutboxId,
    /// When it was made, ms.
    pub at_ms: i64,
    /// What it asked for; `None` when it only offered shortcuts.
    pub expecting: Option<Expecting>,
    /// The request a change ("yes but 70") starts from.
    pub base: Option<Request>,
    /// Whether a side question comes back to it (A11).
    #[serde(default = "yes")]
    pub resumes: bool,
    /// The buttons in order.
    pub options: Vec<OfferOption>,
}

/// Offers stored before there were any that a side question leaves behind.
const fn yes() -> bool {
    true
}

impl Offer {
    /// Tells until when it can be used, ms.
    pub const fn expires_ms(&self) -> i64 {
        match self.expecting {
            Some(Expecting::Confirmation) => self.at_ms.saturating_add(CONFIRMATION_MS),
            _ => self.at_ms.saturating_add(CHOICE_MS),
        }
    }

    /// Returns the payload of an option: stateless where nothing but a shortcut is behind it.
    pub fn payload(&self, index: usize) -> Option<String> {
        let option = self.options.get(index)?;
        if self.expecting.is_none()
            && let Some(payload) = option.request.payload()
        {
            return Some(payload);
        }
        Some(format!("v1#{}.{index}", self.id))
    }

    /// Returns the option a payload of this offer names.
    pub fn tapped(&self, payload: &str) -> Option<&OfferOption> {
        let (id, index) = payload.strip_prefix("v1#")?.split_once('.')?;
        if id != self.id {
            return None;
        }
        self.options.get(index.parse::<usize>().ok()?)
    }

    /// Returns the option whose title or number was typed.
    pub fn typed(&self, text: &str) -> Option<&OfferOption> {
        let typed = normalize(text);
        if typed.is_empty() {
            return None;
        }
        if let Some(option) = self
            .options
            .iter()
            .find(|option| normalize(&option.title).text == typed.text)
        {
            return Some(option);
        }
        let number: usize = typed.text.parse().ok()?;
        self.options.get(number.checked_sub(1)?)
    }

    /// Returns the option at a position counted from 1; `last` counts from the end.
    pub fn at(&self, index: &str) -> Option<&OfferOption> {
        match index {
            "last" => self
                .options
                .iter()
                .rfind(|option| option.role != Role::Aside),
            number => self
                .options
                .get(number.parse::<usize>().ok()?.checked_sub(1)?),
        }
    }

    /// Returns what "yes" or "no" does.
    pub fn role(&self, role: Role) -> Option<&OfferOption> {
        self.options.iter().find(|option| option.role == role)
    }
}

/// Tells whether a payload names a stateful offer, whichever it was.
pub fn is_stateful(payload: &str) -> bool {
    payload.starts_with("v1#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_is_the_last_answer() {
        let option = |title: &str, role| OfferOption {
            title: title.to_owned(),
            role,
            request: Request::new("balance"),
        };
        let offer = Offer {
            id: String::new(),
            row: OutboxId([0; 16]),
            at_ms: 0,
            expecting: Some(Expecting::Choice),
            base: None,
            resumes: true,
            options: vec![
                option("Checking", Role::Plain),
                option("Savings", Role::Plain),
                option("See charges", Role::Aside),
            ],
        };
        let title = |index| offer.at(index).map(|option| option.title.as_str());
        assert_eq!(title("last"), Some("Savings"));
        assert_eq!(title("1"), Some("Checking"));
        assert_eq!(
            offer.typed("see charges").map(|option| option.role),
            Some(Role::Aside)
        );
    }
}
