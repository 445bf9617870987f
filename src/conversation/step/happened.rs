//! What happened without the customer: outcomes of commands, failed sends, step-up, control of the thread.

use std::collections::VecDeque;

use crate::bank::CommandOutcome;
use crate::message::ThreadControl;
use crate::reply::render::RenderError;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::effect::Effect;
use super::super::input::What;
use super::super::skill::{Line, Outcome, Say, skill};
use super::super::state::Owner;
use super::{Turn, Waiting};

impl Turn<'_> {
    pub(super) fn happened(&mut self) -> Result<(), RenderError> {
        match &self.input.what {
            What::Reported { id, outcome, case } => {
                let (id, outcome, case) = (*id, outcome.clone(), *case);
                self.reported(id, &outcome, case)
            }
            What::Operated(act) => {
                let act = act.clone();
                self.operated(act);
                Ok(())
            }
            What::SteppedUp { secret } => {
                let secret = secret.clone();
                self.stepped_up(&secret)
            }
            What::Viewed { what } => {
                let payload = serde_json::json!({"what": what});
                self.effects.push(Effect::Audit {
                    kind: "viewed",
                    payload,
                });
                Ok(())
            }
            What::SendFailed { row } => {
                // A prompt that failed to send voids its confirmation (design 2.4).
                if self
                    .state
                    .offer
                    .as_ref()
                    .is_some_and(|offer| offer.row == *row)
                {
                    self.state.offer = None;
                }
                Ok(())
            }
            What::Control { control, ours } => {
                let ours = *ours;
                match control {
                    ThreadControl::Requested { .. } => {}
                    ThreadControl::Passed { .. } | ThreadControl::Taken { .. } if ours => {
                        self.state.owner = Owner::Bot;
                        // Moving from a person to a bot is said (E10).
                        self.state.disclosed_ms = None;
                    }
                    ThreadControl::Passed { .. } | ThreadControl::Taken { .. } => {
                        self.state.owner = Owner::Human;
                        self.state.offer = None;
                    }
                }
                Ok(())
            }
            What::Timer { kind, .. } => {
                let kind = kind.clone();
                self.read_again(&kind)
            }
            _ => Ok(()),
        }
    }

    fn reported(
        &mut self,
        id: crate::store::CommandId,
        outcome: &CommandOutcome,
        case: Option<i64>,
    ) -> Result<(), RenderError> {
        let Some(at) = self.state.executing.iter().position(|e| e.id == id) else {
            return Ok(());
        };
        let Some(mut executing) = self.state.executing.get(at).cloned() else {
            return Ok(());
        };
        self.effects.push(Effect::Audit {
            kind: "command_outcome",
            payload: serde_json::json!({
                "kind": executing.kind.name(), "id": id.to_string(), "outcome": outcome.name()
            }),
        });
        let place = self.place();
        let skill = self
            .knowledge
            .catalogue
            .intent(&executing.request.intent)
            .and_then(|intent| intent.skill.as_ref())
            .and_then(|name| skill(&name.value));
        let mut said = match skill.and_then(|skill| skill.report) {
            Some(report) => report(&executing, outcome, &self.context(&place, "")),
            None => Outcome::say(Say::shared(match outcome {
                CommandOutcome::Unknown => "unknown_outcome",
                _ => "something_wrong",
            })),
        };
        if let (CommandOutcome::Unknown, Some(number), Some(last)) =
            (outcome, case, said.says.last_mut())
        {
            last.tail.get_or_insert_with(|| Line {
                variant: "unknown_case",
                values: Values::new().with("case", Value::word(number.to_string()), Origin::Record),
            });
        }
        for say in &mut said.says {
            say.class = say.class.max(SendClass::Outcome);
        }
        if matches!(
            outcome,
            CommandOutcome::Rejected { .. } | CommandOutcome::NotSent
        ) {
            // What surely did not happen does not count against the limits.
            self.state.moved.retain(|moved| moved.id != id);
        }
        if *outcome == CommandOutcome::Unknown {
            // It stays under way: a late truth is another input (design 2.2).
            executing.told_unknown = true;
            self.open_unknown(&mut executing, case);
            if let Some(kept) = self.state.executing.get_mut(at) {
                *kept = executing.clone();
            }
        } else {
            self.close_unknown(&executing, outcome.name());
            self.state.executing.remove(at);
        }
        let request = executing.request.clone();
        self.expire();
        let open = self
            .state
            .offer
            .take_if(|offer| offer.expecting.is_some() && !said.says.is_empty());
        let asks = said.asks.is_some();
        self.apply(&request, said)?;
        // The next request waited for the report, or the report took the buttons of an open question away.
        let open = open.filter(|open| open.resumes).and_then(|open| open.base);
        if asks {
            // The report asks something itself: one thing waits behind it.
            if self.state.later.is_empty() {
                self.state.later.extend(open);
            }
            return Ok(());
        }
        let waited = std::mem::take(&mut self.state.later).into_iter().next();
        match waited.or(open) {
            Some(next) => self.start(VecDeque::from([next]), ""),
            None => Ok(()),
        }
    }

    /// The customer came back from the step-up page: what was waiting is done, once (5.5).
    fn stepped_up(&mut self, secret: &str) -> Result<(), RenderError> {
        let mut pages = self.state.step_ups.iter();
        let Some(at) = pages.position(|open| open.secret == secret) else {
            return Ok(());
        };
        let open = self.state.step_ups.remove(at);
        if open.expires_ms <= self.input.now_ms {
            return self.say(&Say::shared("confirm_expired"));
        }
        self.effects.push(Effect::Audit {
            kind: "stepped_up",
            payload: serde_json::json!({"intent": open.request.intent}),
        });
        let request = open.request.bind("stepped_up", "yes");
        self.serve(Waiting {
            requests: [request].into(),
            ..Waiting::default()
        })
    }
}
