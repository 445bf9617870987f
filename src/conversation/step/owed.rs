//! Answers owed: the bank could not be read, the customer was told so and that the answer follows (B6). A
//! timer reads the bank again, at growing distances; the answer is said once, and so is giving up.

use crate::bank::query::Failure;
use crate::reply::render::RenderError;

use super::super::effect::Effect;
use super::super::offer::Role;
use super::super::request::Request;
use super::super::skill::{Outcome, Say, skill};
use super::super::state::Owed;
use super::{Turn, Waiting};

/// What the timer is called.
const TIMER: &str = "owed_answer";

/// When the bank is read again, ms after the last try. All lies within the messaging window of the request.
const AGAIN_MS: [i64; 6] = [
    20_000,
    60_000,
    5 * 60_000,
    30 * 60_000,
    2 * 60 * 60_000,
    6 * 60 * 60_000,
];

/// An answer that comes later than this needs a word about what it answers.
const SOON_MS: i64 = 3 * 60_000;

/// The binding that makes a request wait for the bank.
const WHEN_BACK: &str = "when_back";

impl Turn<'_> {
    /// Completes what is said about a bank that could not be read. Returns whether it is said at all.
    pub(super) fn unread(
        &mut self,
        request: &Request,
        outcome: &mut Outcome,
        failure: Failure,
    ) -> bool {
        if self.retrying {
            if self.read_later(request) {
                return false;
            }
            outcome.says = vec![Say::shared("still_down")];
            return true;
        }
        match failure {
            // Money and cards are never acted on later by themselves.
            Failure::Slow | Failure::Down if self.acts(request) => {
                outcome.says = vec![Say::shared("nothing_done")];
            }
            Failure::Slow => self.owe(request.clone()),
            Failure::Down => {
                let later = request.clone().bind(WHEN_BACK, "yes");
                for say in &mut outcome.says {
                    say.on.push(("tell_me", Role::Plain, later.clone()));
                }
            }
            Failure::Relink | Failure::Forbidden | Failure::NotFound | Failure::NotOffered => {}
        }
        true
    }

    /// Tells whether a request asks to be answered once the bank can be read; if so, it is owed.
    pub(super) fn owes(&mut self, request: &Request) -> bool {
        if request.bound(WHEN_BACK).is_none() {
            return false;
        }
        let mut request = request.clone();
        request.bound.remove(WHEN_BACK);
        self.owe(request);
        true
    }

    /// The bank was read: what was asked for is no longer owed.
    pub(super) fn read_well(&mut self, request: &Request) -> Result<(), RenderError> {
        let Some(owed) = self
            .state
            .owed
            .take_if(|owed| owed.request.intent == request.intent)
        else {
            return Ok(());
        };
        self.timer(None);
        if self.retrying && self.input.now_ms.saturating_sub(owed.since_ms) > SOON_MS {
            self.say(&Say::shared("bank_is_back"))?;
        }
        Ok(())
    }

    /// The timer fired.
    pub(super) fn read_again(&mut self, kind: &str) -> Result<(), RenderError> {
        if kind != TIMER {
            return Ok(());
        }
        let Some(owed) = self.state.owed.clone() else {
            return Ok(());
        };
        let silent = self.with_a_person()
            || self.state.link.is_none()
            || self.input.now_ms >= self.state.window_until_ms;
        if silent {
            self.state.owed = None;
            return Ok(());
        }
        let asking = self.state.offer.as_ref().is_some_and(|offer| {
            offer.expecting.is_some() && offer.expires_ms() > self.input.now_ms
        });
        if asking {
            // An answer in between would void the open question (design 2.4).
            self.timer(AGAIN_MS.get(1).copied());
            return Ok(());
        }
        self.retrying = true;
        self.serve(Waiting {
            requests: [owed.request].into(),
            retrying: true,
            ..Waiting::default()
        })
    }

    fn owe(&mut self, request: Request) {
        self.state.owed = Some(Owed {
            request,
            since_ms: self.input.now_ms,
            tries: 0,
        });
        self.timer(AGAIN_MS.first().copied());
    }

    /// Plans the next try. Returns `false` after the last: then it is said that there is no answer.
    fn read_later(&mut self, request: &Request) -> bool {
        let Some(owed) = self
            .state
            .owed
            .as_mut()
            .filter(|owed| owed.request.intent == request.intent)
        else {
            return false;
        };
        owed.tries = owed.tries.saturating_add(1);
        let next = AGAIN_MS.get(usize::from(owed.tries)).copied();
        if next.is_none() {
            self.state.owed = None;
        }
        self.timer(next);
        next.is_some()
    }

    fn timer(&mut self, after_ms: Option<i64>) {
        self.effects.push(Effect::Timer {
            kind: TIMER.to_owned(),
            subject: String::new(),
            due_ms: after_ms.map(|after| self.input.now_ms.saturating_add(after)),
        });
    }

    /// Tells whether a request's skill can tell the bank to do something.
    pub(super) fn acts(&self, request: &Request) -> bool {
        self.knowledge
            .catalogue
            .intent(&request.intent)
            .and_then(|intent| intent.skill.as_ref())
            .and_then(|name| skill(&name.value))
            .is_some_and(|skill| skill.report.is_some())
    }
}
