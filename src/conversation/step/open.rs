//! What the customer's words and taps do to a question that is open: answer it, change it, leave it, miss it.

use std::collections::VecDeque;

use crate::intent::{Expecting, Reading, Understanding};
use crate::reply::render::RenderError;

use super::super::offer::{Offer, Role};
use super::super::request::Request;
use super::super::skill::Say;
use super::Turn;
use super::customer::WITHIN;

/// Bindings that hold what the customer chose and that a change of something else leaves alone.
const CHOSEN: [&str; 4] = ["payee", "from", "to", "account"];

impl Turn<'_> {
    /// Drops an offer past its time. Returns whether it was a confirmation.
    pub(super) fn expire(&mut self) -> bool {
        let Some(offer) = &self.state.offer else {
            return false;
        };
        if offer.expires_ms() > self.input.now_ms {
            return false;
        }
        let confirmation = offer.expecting == Some(Expecting::Confirmation);
        self.state.offer = None;
        self.state.later.clear();
        confirmation
    }

    /// Reads a message as an answer to what is open: a typed title, a number, yes, no, a change.
    ///
    /// `None`: it is no answer. `Some(None)`: it was one, and all is said.
    #[expect(
        clippy::option_option,
        reason = "no answer, an answer that is dealt with, an answer that makes a request"
    )]
    pub(super) fn answer_to_offer(
        &mut self,
        text: &str,
        understanding: &Understanding,
        expired: bool,
    ) -> Result<Option<Option<Request>>, RenderError> {
        let within = understanding
            .intents
            .first()
            .filter(|reading| WITHIN.contains(&reading.name.as_str()))
            .cloned();
        let Some(offer) = self.state.offer.clone() else {
            return match within {
                Some(reading) if expired && is_answer(&reading) => {
                    self.say(&Say::shared("confirm_expired"))?;
                    Ok(Some(None))
                }
                Some(reading) if is_leaving(&reading) && !self.state.later.is_empty() => {
                    self.leave().map(Some)
                }
                _ => Ok(None),
            };
        };
        if let Some(option) = offer.typed(text) {
            if offer.expecting == Some(Expecting::Confirmation) && !self.after_prompt() {
                return self.missed(&offer, "answered_before").map(Some);
            }
            // "Cancel" typed where a button says the same leaves everything, also what waits (A11).
            if option.role == Role::No
                && within
                    .as_ref()
                    .is_some_and(|reading| reading.name == *"cancel")
            {
                return self.leave().map(Some);
            }
            let request = option.request.clone();
            self.state.offer = None;
            return Ok(Some(Some(request)));
        }
        let Some(reading) = within else {
            return Ok(None);
        };
        let Some(expecting) = offer.expecting else {
            if is_leaving(&reading) && !self.state.later.is_empty() {
                return self.leave().map(Some);
            }
            return Ok(None);
        };
        let role = match (reading.name.as_str(), reading.slots.text("answer")) {
            ("affirm", _) | ("fraud_alert_reply", Some("yes")) => Some(Role::Yes),
            ("deny", _) | ("fraud_alert_reply", Some("no")) => Some(Role::No),
            _ => None,
        };
        if expecting == Expecting::Choice && role == Some(Role::Yes) {
            // "Yes" to "which one?" chooses nothing.
            return self.missed(&offer, "pick_one").map(Some);
        }
        if expecting == Expecting::Confirmation && role == Some(Role::Yes) && !self.after_prompt() {
            return self.missed(&offer, "answered_before").map(Some);
        }
        if let Some(option) = role.and_then(|role| offer.role(role)) {
            let request = option.request.clone();
            self.state.offer = None;
            return Ok(Some(Some(request)));
        }
        match reading.name.as_str() {
            "deny" | "cancel" | "back" => self.leave().map(Some),
            "select" => match reading
                .slots
                .text("index")
                .and_then(|index| offer.at(index))
            {
                Some(option) => {
                    let request = option.request.clone();
                    self.state.offer = None;
                    Ok(Some(Some(request)))
                }
                None => self.missed(&offer, "pick_one").map(Some),
            },
            "edit" => match &offer.base {
                Some(base) if self.can_change(base, &reading) => {
                    // C6: a change makes a new confirmation and executes nothing.
                    let mut changed = base.clone();
                    for (name, value) in reading.slots.iter() {
                        let known = self.known_slot(base, name).unwrap_or(name);
                        changed.slots.insert(known, value.clone());
                    }
                    // What was chosen stays, unless it is what changes: "yes but 70" to the same Jessica.
                    changed.bound.retain(|name, _| {
                        CHOSEN.contains(&name.as_str()) && !reading.slots.contains(name)
                    });
                    self.state.offer = None;
                    Ok(Some(Some(changed)))
                }
                _ => self.missed(&offer, "repair_in_flow").map(Some),
            },
            "repeat" => self.ask_again(&offer),
            _ => Ok(None),
        }
    }

    /// A typed yes counts only if it was written after the prompt went out (design 2.4).
    pub(super) fn after_prompt(&self) -> bool {
        self.input
            .prompt_sent_ms
            .is_some_and(|sent| self.input.at_ms > sent)
    }

    /// Asks the open question again, as a new prompt.
    #[expect(clippy::option_option, reason = "the shape of answer_to_offer")]
    pub(super) fn ask_again(
        &mut self,
        offer: &Offer,
    ) -> Result<Option<Option<Request>>, RenderError> {
        self.state.offer = None;
        if let Some(base) = &offer.base {
            Ok(Some(Some(base.clone())))
        } else {
            self.remark("nothing_open", "nothing_open_again")?;
            Ok(Some(None))
        }
    }

    /// Tells whether a change names something the request knows.
    pub(super) fn can_change(&self, base: &Request, change: &Reading) -> bool {
        let mut slots = change.slots.iter();
        slots.any(|(name, _)| self.known_slot(base, name).is_some())
    }

    /// Returns what a request calls a slot of a change: a date is the period of what lasts for days,
    /// an amount is what an alert goes by.
    pub(super) fn known_slot(&self, base: &Request, name: &str) -> Option<&'static str> {
        const CHANGED: [(&str, &[&str]); 5] = [
            ("amount", &["amount", "threshold"]),
            ("factor", &["factor"]),
            ("date", &["date", "period"]),
            ("from", &["from"]),
            ("payee", &["payee"]),
        ];
        let intent = self.knowledge.catalogue.intent(&base.intent)?;
        let (_, known_as) = CHANGED.iter().find(|(changed, _)| *changed == name)?;
        known_as
            .iter()
            .copied()
            .find(|known| intent.slots.iter().any(|slot| slot.name == *known))
    }

    /// Drops what is open and what waits; a person who was asked for still comes (A7).
    pub(super) fn leave(&mut self) -> Result<Option<Request>, RenderError> {
        self.state.misses = 0;
        self.state.offer = None;
        let waited = std::mem::take(&mut self.state.later);
        self.say(&Say::shared("confirm_cancelled"))?;
        if let Some(person) = waited.into_iter().find(|request| request.intent == "human") {
            self.start([person].into(), "")?;
        }
        Ok(None)
    }

    /// An answer that answers nothing: says why and asks again once, then offers a way out (A8).
    pub(super) fn missed(
        &mut self,
        offer: &Offer,
        why: &'static str,
    ) -> Result<Option<Request>, RenderError> {
        self.state.misses = self.state.misses.saturating_add(1);
        self.state.offer = None;
        match &offer.base {
            Some(base) if self.state.misses < 2 && base.intent != "help" => {
                self.say(&Say::shared(why))?;
                self.start(VecDeque::from([base.clone()]), "")?;
            }
            _ => self.fallback()?,
        }
        Ok(None)
    }
}

/// Tells whether a reading answers a yes-or-no question.
fn is_answer(reading: &Reading) -> bool {
    matches!(reading.name.as_str(), "affirm" | "deny" | "edit")
}

/// Tells whether a reading leaves what is open.
fn is_leaving(reading: &Reading) -> bool {
    matches!(reading.name.as_str(), "cancel" | "deny" | "back")
}
