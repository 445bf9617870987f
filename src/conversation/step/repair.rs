//! What is said when a message makes no request: offers of readings, remarks, the steps of repair (A7, A8).

use std::collections::VecDeque;

use crate::intent::catalogue::Catalogue;
use crate::intent::{Expecting, Language, Reading};
use crate::message::Attachment;
use crate::reply::render::RenderError;
use crate::store::SendClass;

use super::super::effect::Effect;
use super::super::offer::Role;
use super::super::request::Request;
use super::super::skill::{Ask, Outcome, Say};
use super::Turn;
use super::answer::repair;
use super::customer::OFFERED_AT;

/// The buttons of the first repair that stand in for guesses.
const GUESSED: [&str; 3] = ["see_charges", "stop_card", "something_else"];

impl Turn<'_> {
    /// Says in both languages which ones there are, with a person (G7).
    pub(super) fn unsupported_language(&mut self) -> Result<(), RenderError> {
        self.state.misses = self.state.misses.saturating_add(1);
        if self.state.misses > 2
            || self.state.last_fallback.as_deref() == Some("unsupported_language")
        {
            return self.fallback();
        }
        self.remark("unsupported_language", "repair_second")
    }

    /// Says something that is no answer; the second time in a row in other words (A8).
    pub(super) fn remark(
        &mut self,
        variant: &'static str,
        again: &'static str,
    ) -> Result<(), RenderError> {
        let variant = if self.state.last_fallback.as_deref() == Some(variant) {
            again
        } else {
            variant
        };
        self.state.last_fallback = Some(variant.to_owned());
        self.remarked = true;
        self.say(&Say::shared(variant))
    }

    /// Remarks on something that is no message; a question that was open is asked anew.
    pub(super) fn remark_and_ask_again(
        &mut self,
        variant: &'static str,
        again: &'static str,
    ) -> Result<(), RenderError> {
        self.expire();
        let base = self
            .state
            .offer
            .take_if(|offer| offer.expecting.is_some())
            .and_then(|offer| offer.base)
            .filter(|base| base.intent != "help");
        self.remark(variant, again)?;
        base.map_or(Ok(()), |base| self.start([base].into(), ""))
    }

    pub(super) fn attached(&mut self, attachment: Attachment) -> Result<(), RenderError> {
        if attachment == Attachment::ThumbsUp {
            self.expire();
            let open = self
                .state
                .offer
                .clone()
                .filter(|offer| offer.expecting == Some(Expecting::Confirmation));
            if let Some(offer) = open
                && let Some(yes) = offer.role(Role::Yes)
            {
                if !self.after_prompt() {
                    return self.missed(&offer, "answered_before").map(|_| ());
                }
                self.state.offer = None;
                return self.run(yes.request.clone(), "");
            }
        }
        match attachment {
            Attachment::ThumbsUp | Attachment::Sticker => {
                self.remark_and_ask_again("sticker_ack", "sticker_ack_again")
            }
            _ => {
                self.remark_and_ask_again("attachment_unsupported", "attachment_unsupported_again")
            }
        }
    }

    /// Offers two or three readings as buttons; "something else" and a person stay in reach.
    pub(super) fn clarify(&mut self, alternatives: &[Reading]) -> Result<(), RenderError> {
        let mut likely = alternatives.to_vec();
        likely.truncate(3);
        likely.retain(|reading| reading.confidence >= OFFERED_AT);
        let options = self.options(&likely);
        if options.is_empty() {
            return self.reject(false, &[]);
        }
        self.state.misses = self.state.misses.saturating_add(1);
        if self.state.misses > 2 {
            return self.fallback();
        }
        // The question that was open waits until it is clear what was meant (A11).
        if let Some(base) = self
            .state
            .offer
            .take_if(|offer| offer.expecting.is_some())
            .and_then(|offer| offer.base)
            .filter(|base| base.intent != "help")
        {
            self.state.later = vec![base];
        }
        let variant = if self.state.last_fallback.as_deref() == Some("choose_reading") {
            "choose_reading_again"
        } else {
            "choose_reading"
        };
        self.choose(&Say::shared(variant).class(SendClass::Prompt), options)
    }

    /// Asks which of some readings is meant, or something else.
    fn choose(
        &mut self,
        say: &Say,
        mut options: Vec<(String, Role, Request)>,
    ) -> Result<(), RenderError> {
        let other = word("something_else", self.knowledge.catalogue, self.language());
        options.push((other, Role::Plain, Request::new("help")));
        self.state.last_fallback = Some(say.lead.variant.to_owned());
        self.remarked = true;
        let ask = Ask {
            expecting: Expecting::Choice,
            base: Request::new("help"),
            resumes: false,
            options,
        };
        self.say_and_ask(say, Some(&ask))
    }

    /// Returns the buttons of readings.
    fn options(&self, readings: &[Reading]) -> Vec<(String, Role, Request)> {
        let option = |reading| Some((self.title(reading)?, Role::Plain, Request::from(reading)));
        readings.iter().filter_map(option).collect()
    }

    /// Offers what else the customer may have meant beside what is said: what is served was likely, not certain.
    pub(super) fn set_beside(&mut self, outcome: &mut Outcome) {
        let asides = std::mem::take(&mut self.asides);
        if let Some(say) = outcome.says.last_mut() {
            // A general answer about nothing in particular is no other meaning.
            let is_general =
                |reading: &&Reading| reading.name == *"faq" && !reading.slots.contains("topic");
            say.asides = asides
                .iter()
                .filter(|reading| !is_general(reading))
                .filter_map(|reading| Some((self.title(reading)?, Request::from(reading))))
                .collect();
        }
    }

    /// Returns what a button calls a reading; what has no name on a button is no thing to do: courtesies, answers,
    /// "unknown".
    fn title(&self, reading: &Reading) -> Option<String> {
        let title = format!("title_{}", reading.name);
        let title = self
            .knowledge
            .catalogue
            .shared_reply(self.language(), &title)?;
        Some(sentence(&title.source))
    }

    /// Says that nothing was understood; the first time `guesses` at what was meant are the buttons.
    pub(super) fn reject(&mut self, private: bool, guesses: &[Reading]) -> Result<(), RenderError> {
        if private {
            // The message was a number or code and nothing else; that was answered already.
            return Ok(());
        }
        self.state.misses = self.state.misses.saturating_add(1);
        let base = self
            .state
            .offer
            .take()
            .filter(|offer| offer.expecting.is_some() && offer.resumes)
            .and_then(|offer| offer.base);
        match base {
            // A flow goes on after one miss: say so, and ask again.
            Some(base) if self.state.misses < 2 => {
                self.say(&Say::shared("repair_in_flow"))?;
                self.start(VecDeque::from([base]), "")
            }
            _ => {
                let options = self.options(guesses);
                if self.state.misses > 1 || options.is_empty() {
                    return self.fallback();
                }
                self.state.later.clear();
                self.note_miss();
                let say = GUESSED
                    .iter()
                    .fold(repair(self.state.misses, None), |say, button| {
                        say.without(button)
                    });
                self.choose(&say, options)
            }
        }
    }

    fn note_miss(&mut self) {
        self.effects.push(Effect::Audit {
            kind: "not_understood",
            payload: serde_json::json!({"misses": self.state.misses}),
        });
    }

    pub(super) fn fallback(&mut self) -> Result<(), RenderError> {
        self.state.offer = None;
        self.state.later.clear();
        let say = repair(self.state.misses, self.state.last_fallback.as_deref());
        self.state.last_fallback = Some(say.lead.variant.to_owned());
        self.remarked = true;
        self.note_miss();
        self.say(&say)
    }
}

/// Returns a shared word of the catalogue.
fn word(variant: &str, catalogue: &Catalogue, language: Language) -> String {
    catalogue
        .shared_reply(language, variant)
        .map(|variant| variant.source.clone())
        .unwrap_or_default()
}

/// Makes a button title of a description: its first letter upper case.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}
