//! What the customer said or tapped: which requests it makes. What answers an open question is in `open`, what makes no
//! request in `repair`.

use std::collections::VecDeque;

use crate::intent::matcher::holds_marker;
use crate::intent::{Decision, Expecting, Understanding, foreign};
use crate::redact::redact_after;
use crate::reply::render::RenderError;
use crate::reply::value::Values;

use super::super::effect::Effect;
use super::super::input::What;
use super::super::offer::is_stateful;
use super::super::request::Request;
use super::super::skill::{Say, skill};
use super::{CONTEXT_MS, Heard, Turn, Waiting};

/// Answers to what is open rather than new requests.
pub(super) const WITHIN: [&str; 8] = [
    "affirm",
    "deny",
    "cancel",
    "back",
    "edit",
    "select",
    "repeat",
    "fraud_alert_reply",
];

/// A reading is offered from here on; below it is a guess that would puzzle more than help.
pub(super) const OFFERED_AT: f32 = 0.2;

/// What may be asked however the thread stands: it is never read as an answer to something open, and a
/// flow is not resumed after it.
pub(super) const FIRST: [&str; 8] = [
    "human",
    "stop_messages",
    "crisis",
    "dispute",
    "report_fraud",
    "card_lost_stolen",
    "data_delete",
    "lost_device",
];

/// The binding of a request that a side question came back to.
pub(in crate::conversation) const RESUMED: &str = "resumed";

impl Turn<'_> {
    pub(super) fn customer(&mut self) -> Result<(), RenderError> {
        let before = self.state.last_customer_ms;
        self.note_customer();
        if self.with_a_person() {
            // The bot is silent while a person has the thread (platform 8.3).
            if let What::Said { text } = &self.input.what {
                self.state.remember(self.input.at_ms, text);
            }
            return Ok(());
        }
        match &self.input.what {
            What::Said { text } => {
                let text = text.clone();
                self.said(&text, before)
            }
            What::Tapped { payload } => {
                let payload = payload.clone();
                self.disclose(before)?;
                self.tapped(&payload)
            }
            What::Attached(attachment) => {
                let attachment = *attachment;
                self.disclose(before)?;
                self.attached(attachment)
            }
            What::Edited => {
                self.disclose(before)?;
                self.remark_and_ask_again("edit_ignored", "edit_ignored_again")
            }
            _ => Ok(()),
        }
    }

    /// Says that a bot is speaking, at first contact and after a lapse (E10).
    ///
    /// Returns whether it was said.
    fn disclose(&mut self, before_ms: i64) -> Result<bool, RenderError> {
        let lapse = self.knowledge.policy.disclosure_lapse_ms;
        let variant = match self.state.disclosed_ms {
            None => "first_contact",
            Some(at) if self.input.at_ms.saturating_sub(at.max(before_ms)) >= lapse => {
                "bot_reminder"
            }
            Some(_) => return Ok(false),
        };
        self.state.disclosed_ms = Some(self.input.now_ms);
        self.say(&Say::shared(variant))?;
        Ok(true)
    }

    fn said(&mut self, text: &str, before_ms: i64) -> Result<(), RenderError> {
        let whole = self.take_out_split_number(text);
        let text = whole.as_deref().unwrap_or(text);
        let mut understanding = self.understand(text);
        if is_clear(&understanding) && !self.state.language_set {
            self.state.language = Some(understanding.language);
        }
        let introduced = self.state.disclosed_ms.is_none();
        let disclosed = self.disclose(before_ms)?;
        self.state.remember(self.input.at_ms, text);
        let private = holds_marker(text);
        if private {
            self.say(&Say::shared("sensitive_removed"))?;
        }
        self.understanding = Some(understanding.clone());
        if private {
            // It was said; what is left is what was asked for.
            understanding
                .intents
                .retain(|reading| reading.name != *"sensitive_data");
        }
        if introduced {
            // The introduction is the greeting.
            understanding
                .intents
                .retain(|reading| reading.name != *"greeting");
        }
        let expired = self.expire();
        let urgent = understanding
            .intents
            .iter()
            .any(|reading| FIRST.contains(&reading.name.as_str()));
        // The buttons of an introduction that the customer has not seen yet are not answered by this message.
        // The words on a button are an answer, whatever they would mean by themselves (G3).
        let on_a_button = self
            .state
            .offer
            .as_ref()
            .is_some_and(|offer| offer.typed(text).is_some());
        if (!urgent || on_a_button)
            && !disclosed
            && let Some(request) = self.answer_to_offer(text, &understanding, expired)?
        {
            return request.map_or(Ok(()), |request| self.run(request, text));
        }
        match understanding.decision {
            Decision::Act => self.act(&understanding, urgent, private, text),
            _ if !private && foreign::is_foreign(text) => self.unsupported_language(),
            Decision::Clarify => self.clarify(&understanding.alternatives),
            Decision::Reject => self.reject(private, &understanding.alternatives),
        }
    }

    /// Finds a card number whose beginning came in messages before (D1). The parts are removed from what is
    /// remembered and recorded, and the message is returned without its own.
    fn take_out_split_number(&mut self, text: &str) -> Option<String> {
        const TOGETHER_MS: i64 = 10 * 60 * 1000;
        let since = self.input.at_ms.saturating_sub(TOGETHER_MS);
        let first = self
            .state
            .recent
            .iter()
            .position(|recent| recent.at_ms >= since)?;
        let recent = self.state.recent.get(first..)?;
        let earlier: Vec<&str> = recent.iter().map(|recent| recent.text.as_str()).collect();
        let joined = redact_after(&earlier, text);
        let oldest = joined.rewrites.first()?.message;
        let since_ms = recent.get(oldest)?.at_ms;
        for rewrite in joined.rewrites {
            if let Some(recent) = self.state.recent.get_mut(first + rewrite.message) {
                recent.text = rewrite.text;
            }
        }
        self.effects.push(Effect::EraseRecent { since_ms });
        self.effects.push(Effect::Audit {
            kind: "redacted",
            payload: serde_json::json!({"kind": "card_number", "split": true}),
        });
        Some(joined.redacted.text)
    }

    /// Takes a message for what it means. Words that choose none of what was offered are read for
    /// themselves: "bal" after "which card?" asks for the balance.
    fn understand(&self, text: &str) -> Understanding {
        let expecting = self
            .state
            .offer
            .as_ref()
            .filter(|offer| offer.expires_ms() > self.input.now_ms)
            .and_then(|offer| offer.expecting);
        let understanding = self.understand_expecting(text, expecting);
        let chooses_nothing = expecting.is_some()
            && understanding.intents.first().is_some_and(|reading| {
                reading.name == *"select" && reading.slots.text("index").is_none()
            });
        if chooses_nothing {
            let alone = self.understand_expecting(text, None);
            let asks = alone.decision == Decision::Act
                && alone
                    .intents
                    .first()
                    .is_some_and(|reading| !WITHIN.contains(&reading.name.as_str()));
            if asks {
                return alone;
            }
        }
        understanding
    }

    fn understand_expecting(&self, text: &str, expecting: Option<Expecting>) -> Understanding {
        let since = self.input.at_ms.saturating_sub(CONTEXT_MS);
        let history: Vec<&str> = self
            .state
            .recent
            .iter()
            .filter(|recent| recent.at_ms >= since)
            .map(|recent| recent.text.as_str())
            .collect();
        self.knowledge.matcher.understand(
            text,
            &Heard {
                language: Some(self.language()),
                expecting,
                history: &history,
            },
        )
    }

    fn act(
        &mut self,
        understanding: &Understanding,
        urgent: bool,
        private: bool,
        text: &str,
    ) -> Result<(), RenderError> {
        let mut requests: VecDeque<Request> =
            understanding.intents.iter().map(Request::from).collect();
        if requests.is_empty() {
            return Ok(());
        }
        if requests.iter().any(is_pressure) {
            self.state.pressure_ms = Some(self.input.at_ms);
        }
        // Nothing was written that had to be removed: do not say that something was (B1).
        if !private
            && requests
                .iter()
                .all(|request| request.intent == "sensitive_data")
        {
            return self.say(&Say::new("sensitive_data", "not_needed", Values::new()));
        }
        // What comes along with an order that is refused is not done either.
        if requests.iter().any(|request| request.intent == "refuse") && !urgent {
            requests.retain(|request| request.intent == "refuse");
        }
        if requests.iter().all(is_within) {
            self.state.misses = 0;
            return match self.again(&requests) {
                Some(request) => self.start([request].into(), text),
                None => self.remark("nothing_open", "nothing_open_again"),
            };
        }
        // "No, that wasn't me" is one notice, not two.
        let disputed = requests.iter().any(|request| request.intent == "dispute");
        requests.retain(|request| {
            let said_twice = disputed && request.intent == "fraud_alert_reply";
            !is_within(request) && !said_twice
        });
        if requests
            .iter()
            .all(|r| matches!(r.intent.as_str(), "unknown" | "out_of_scope"))
        {
            return self.reject(private, &[]);
        }
        self.state.misses = 0;
        // A side question voids an open question; the flow resumes with a new one (A11, design 2.4).
        if let Some(open) = self.state.offer.take()
            && open.expecting.is_some()
            && open.resumes
            && !urgent
            && let Some(base) = open.base
            && !requests.iter().any(|request| request.intent == base.intent)
            // A question about reading that was passed over twice is not wanted any more.
            && (base.bound(RESUMED).is_none() || self.acts(&base))
        {
            requests.push_back(base.bind(RESUMED, "yes"));
        }
        self.asides.clone_from(&understanding.alternatives);
        self.start(requests, text)
    }

    /// Returns what "say that again" repeats: the last question, read anew, if it was only a question.
    /// What was chosen since is dropped, so that nothing is done twice.
    fn again(&self, requests: &VecDeque<Request>) -> Option<Request> {
        if !requests.iter().any(|request| request.intent == "repeat") {
            return None;
        }
        let topic = self
            .state
            .topic
            .as_ref()
            .filter(|topic| self.input.now_ms.saturating_sub(topic.at_ms) < CONTEXT_MS)?;
        let intent = self.knowledge.catalogue.intent(&topic.request.intent)?;
        let acts = intent
            .skill
            .as_ref()
            .and_then(|name| skill(&name.value))
            .is_some_and(|skill| skill.report.is_some());
        let mut request = topic.request.clone();
        request.bound.clear();
        (!acts).then_some(request)
    }

    /// Runs one request that an answer or a tap made, then whatever was set aside.
    pub(super) fn run(&mut self, request: Request, text: &str) -> Result<(), RenderError> {
        self.state.misses = 0;
        let mut requests = VecDeque::from([request]);
        requests.extend(self.state.later.drain(..).take(1));
        self.start(requests, text)
    }

    pub(super) fn start(
        &mut self,
        requests: VecDeque<Request>,
        words: &str,
    ) -> Result<(), RenderError> {
        self.serve(Waiting {
            requests,
            words: words.to_owned(),
            ..Waiting::default()
        })
    }

    fn tapped(&mut self, payload: &str) -> Result<(), RenderError> {
        if payload == "GET_STARTED" {
            self.state.misses = 0;
            return self.run(Request::new("help"), "");
        }
        if is_stateful(payload) {
            let expired = self.expire();
            let option = self
                .state
                .offer
                .as_ref()
                .and_then(|offer| offer.tapped(payload))
                .map(|option| option.request.clone());
            return match option {
                Some(request) => {
                    self.state.offer = None;
                    self.run(request, "")
                }
                None if expired => self.say(&Say::shared("confirm_expired")),
                // The first of two taps is being done: "nothing was sent" would be untrue.
                None if !self.state.executing.is_empty() => {
                    self.remark_and_ask_again("already_under_way", "stale_button")
                }
                // C2: works once, only while open. Say what happened (5.1 rule 16).
                None => self.remark_and_ask_again("stale_button", "stale_button_again"),
            };
        }
        match Request::from_payload(payload) {
            Some(request) if self.knowledge.catalogue.intent(&request.intent).is_some() => {
                self.state.offer = None;
                self.run(request, "")
            }
            _ => self.remark_and_ask_again("stale_button", "stale_button_again"),
        }
    }
}

/// Tells whether a request only makes sense within something open. An answer to a fraud alert is a notice
/// even where no alert is open (A1).
fn is_within(request: &Request) -> bool {
    WITHIN.contains(&request.intent.as_str()) && request.intent != "fraud_alert_reply"
}

/// Tells whether a message shows the customer's language: answers do not ("no" is a word of both), and
/// nonsense does not.
fn is_clear(understanding: &Understanding) -> bool {
    match understanding.decision {
        Decision::Act => !understanding
            .intents
            .first()
            .is_some_and(|reading| WITHIN.contains(&reading.name.as_str())),
        Decision::Clarify => understanding.alternatives.first().is_some_and(|reading| {
            reading.confidence >= OFFERED_AT
                && !matches!(reading.name.as_str(), "unknown" | "out_of_scope")
        }),
        Decision::Reject => false,
    }
}

/// Tells whether a request is a sign that somebody presses or deceives the customer (C9).
fn is_pressure(request: &Request) -> bool {
    match request.intent.as_str() {
        "crisis" => request.said("kind") == Some("coercion"),
        "report_fraud" => true,
        _ => false,
    }
}
