//! What the customer does: writes, taps, sends pictures; and how it is delivered.

use std::path::Path;

use axum::http::StatusCode;

use crate::clock::Clock as _;
use crate::simulator::messenger::Act;

use super::super::fixture::{Delivery, Said, StepKind};
use super::super::report::{Difference, Failure};
use super::super::shown::Tap;
use super::super::stage::PAGE;
use super::{OTHER_STICKER, Played, Player, TYPING_MS};

impl Player<'_> {
    pub(super) async fn customer(
        &mut self,
        line: usize,
        said: &Said,
        delivery: &Delivery,
    ) -> Played {
        self.seen.clear();
        self.verdict.turns += 1;
        self.said_at = line;
        self.stage.pass(TYPING_MS);
        if let Said::Raw(file) = said {
            let path = self
                .fixture
                .path
                .parent()
                .unwrap_or(Path::new("."))
                .join(file);
            let body = std::fs::read(&path)
                .map_err(|error| self.bad(line, &format!("{}: {error}", path.display())))?;
            let signature = self.shared.messenger.sign(&body);
            return self.deliver(line, body, &signature, delivery).await;
        }
        if let Some(url) = self.url_tap(said) {
            let (status, words) = self
                .stage
                .visit(&url)
                .await
                .map_err(|error| self.bad(line, &format!("{error:#}")))?;
            self.last_status = Some(status);
            self.last_page = words;
            self.put_last(&url);
            return self.settle(line).await;
        }
        let act = self.act(line, said)?;
        let was = self.stage.clock.now_ms();
        self.stage.pass(-delivery.late_ms);
        let done = self.shared.messenger.control().act(&self.stage.psid, &act);
        self.stage.pass(was - self.stage.clock.now_ms());
        if matches!(said, Said::Text(_)) {
            self.last_mid = done.mid.map(|mid| mid.0);
            self.edits = 0;
        }
        let Some(webhook) = done.webhook else {
            return Ok(());
        };
        let mut body = webhook.body.to_vec();
        if delivery.standby {
            body = String::from_utf8_lossy(&body)
                .replacen("\"messaging\":", "\"standby\":", 1)
                .into_bytes();
        }
        if delivery.echo {
            body = self.as_echo(&body);
        }
        let signature = self.shared.messenger.sign(&body);
        self.deliver(line, body, &signature, delivery).await
    }

    /// Turns the customer's event into an echo: the Page said it.
    fn as_echo(&self, body: &[u8]) -> Vec<u8> {
        let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(body) else {
            return body.to_vec();
        };
        if let Some(event) = value
            .pointer_mut("/entry/0/messaging/0")
            .and_then(serde_json::Value::as_object_mut)
        {
            event.insert("sender".to_owned(), serde_json::json!({"id": PAGE}));
            let psid = self.stage.psid.as_str();
            event.insert("recipient".to_owned(), serde_json::json!({"id": psid}));
            if let Some(message) = event
                .get_mut("message")
                .and_then(serde_json::Value::as_object_mut)
            {
                message.insert("is_echo".to_owned(), true.into());
            }
        }
        serde_json::to_vec(&value).unwrap_or_default()
    }

    async fn deliver(
        &mut self,
        line: usize,
        body: Vec<u8>,
        signature: &str,
        delivery: &Delivery,
    ) -> Played {
        let body = batched(body, delivery.batch);
        let signature = if delivery.bad_signature {
            format!("sha256={}", "0".repeat(64))
        } else if delivery.batch > 1 {
            self.shared.messenger.sign(&body)
        } else {
            signature.to_owned()
        };
        for _ in 0..delivery.times {
            let status = self
                .stage
                .post(body.clone(), &signature)
                .await
                .map_err(|error| self.bad(line, &format!("{error:#}")))?;
            self.last_status = Some(status);
            let wanted = if delivery.bad_signature {
                StatusCode::UNAUTHORIZED
            } else {
                StatusCode::OK
            };
            if status != wanted {
                return Err(self.failure(
                    line,
                    Difference::AssertionFailed,
                    &format!("the webhook answers {wanted}"),
                    &format!("{status}"),
                ));
            }
        }
        // A crash right after the 200 comes before anything was done about the event.
        if self.crash_follows(line) {
            return Ok(());
        }
        self.settle(line).await
    }

    fn crash_follows(&self, line: usize) -> bool {
        let mut steps = self
            .fixture
            .steps
            .iter()
            .skip_while(|step| step.line <= line);
        matches!(
            steps.next().map(|step| &step.kind),
            Some(StepKind::Outside(what)) if what.starts_with("crash")
        )
    }

    pub(super) fn url_tap(&self, said: &Said) -> Option<String> {
        let Said::Tap(title) = said else { return None };
        self.last_buttons
            .iter()
            .find(|button| button.title == *title)
            .and_then(|button| match &button.does {
                Tap::Url(url) => Some(url.clone()),
                _ => None,
            })
    }

    /// Of two pages behind buttons of the same title the one that was not opened comes next.
    fn put_last(&mut self, url: &str) {
        let opened = |button: &super::super::shown::Tappable| matches!(&button.does, Tap::Url(other) if other == url);
        self.last_buttons.sort_by_key(opened);
    }

    pub(super) fn act(&mut self, line: usize, said: &Said) -> Result<Act, Box<Failure>> {
        Ok(match said {
            Said::Text(text) => Act::Write { text: text.clone() },
            Said::Tap(title) => {
                let found = self
                    .last_buttons
                    .iter()
                    .find(|button| button.title == *title)
                    .cloned();
                match found.map(|button| button.does) {
                    Some(Tap::QuickReply(payload)) => Act::QuickReply {
                        title: title.clone(),
                        payload,
                    },
                    Some(Tap::Postback(payload)) => Act::Postback {
                        title: title.clone(),
                        payload,
                    },
                    _ => {
                        let offered = self
                            .last_buttons
                            .iter()
                            .map(|button| format!("[{}]", button.title))
                            .collect::<Vec<_>>()
                            .join(" ");
                        return Err(self.failure(
                            line,
                            Difference::BadStep,
                            &format!("a button [{title}]"),
                            &offered,
                        ));
                    }
                }
            }
            Said::Medium(kind) => Act::Attach { kind: kind.clone() },
            Said::Sticker => Act::Sticker { id: OTHER_STICKER },
            Said::ThumbsUp => Act::ThumbsUp,
            Said::Edit(text) => {
                self.edits += 1;
                Act::Edit {
                    mid: self.last_mid.clone().unwrap_or_else(|| "m_none".to_owned()),
                    text: text.clone(),
                    number: self.edits,
                }
            }
            Said::Reaction(reaction) => Act::React {
                mid: self.last_mid.clone().unwrap_or_else(|| "m_none".to_owned()),
                reaction: reaction.clone(),
            },
            Said::Raw(_) => return Err(self.bad(line, "raw bodies are posted, not acted")),
        })
    }
}

/// Repeats an event's neighbours: `batch 5` posts five events of the customer at once, with ids of their own.
fn batched(body: Vec<u8>, batch: usize) -> Vec<u8> {
    if batch <= 1 {
        return body;
    }
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(&body) else {
        return body;
    };
    let Some(events) = value
        .pointer_mut("/entry/0/messaging")
        .and_then(serde_json::Value::as_array_mut)
    else {
        return body;
    };
    let Some(first) = events.first().cloned() else {
        return body;
    };
    for at in 1..batch {
        let mut event = first.clone();
        if let Some(mid) = event.pointer_mut("/message/mid") {
            let text = format!("{}-{at}", mid.as_str().unwrap_or_default());
            *mid = text.into();
        }
        if let Some(time) = event.get("timestamp").and_then(serde_json::Value::as_i64) {
            let later = time.saturating_add(i64::try_from(at).unwrap_or(0));
            if let Some(event) = event.as_object_mut() {
                event.insert("timestamp".to_owned(), later.into());
            }
        }
        events.push(event);
    }
    serde_json::to_vec(&value).unwrap_or(body)
}
