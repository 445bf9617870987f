//! From the effects of a turn to the rows of its commit, each sealed under the customer's key of its class.

use crate::app::TurnSeen;
use crate::bank::Connection;
use crate::conversation::case::Case;
use crate::conversation::{Effect, Spoken};
use crate::inbox::stored::StoredInput;
use crate::store::keys::Class;
use crate::store::{CaseNumber, CaseWrite, NewCommand, NewSend, NewTimer, NewView, audit};

use super::{TurnError, Work};

/// Answers made from reads are not sent later than this (design 2.3).
const ANSWER_MS: i64 = 2 * 60 * 1000;

impl Work<'_> {
    /// Seals what follows from a turn into the commit. Returns how many messages it says.
    pub(super) fn seal(
        &mut self,
        effects: Vec<Effect>,
        turn: [u8; 16],
        now_ms: i64,
        seen: &mut TurnSeen,
    ) -> Result<usize, TurnError> {
        let mut ordinal = 0;
        for effect in effects {
            match effect {
                // The loop above answers these.
                Effect::Ask(_) => {}
                Effect::Say(spoken) => {
                    self.send(&spoken, turn, ordinal, now_ms)?;
                    ordinal += 1;
                    seen.spoken.push(*spoken);
                }
                Effect::Command {
                    id,
                    bank,
                    subject,
                    command,
                    not_after_ms,
                } => {
                    let kind = command.kind().name();
                    seen.commands.push(kind);
                    let connection = Connection::new(self.conversation, bank, subject);
                    let body = serde_json::to_vec(&crate::commands::Order {
                        connection,
                        command,
                    })?;
                    let body = self.keys.seal(Class::Chat, &self.conversation.0, &body)?;
                    self.commit.commands.push(NewCommand {
                        id,
                        kind,
                        not_after_ms,
                        body,
                    });
                }
                Effect::Case(case) => {
                    seen.cases.push(case.kind.clone());
                    self.case(&case)?;
                }
                Effect::Timer {
                    kind,
                    subject,
                    due_ms,
                } => {
                    let body = serde_json::to_vec(&StoredInput::Timer {
                        kind: kind.clone(),
                        subject: subject.clone(),
                    })?;
                    let body = self.keys.seal(Class::Chat, &self.conversation.0, &body)?;
                    self.commit.timers.push(NewTimer {
                        kind,
                        subject,
                        due_ms,
                        body,
                    });
                }
                Effect::View {
                    id,
                    expires_ms,
                    view,
                } => {
                    let body = serde_json::to_vec(&view)?;
                    let body = self.keys.seal(Class::Chat, &self.conversation.0, &body)?;
                    self.commit.views.push(NewView {
                        id,
                        expires_ms,
                        body,
                    });
                }
                Effect::Audit { kind, payload } => {
                    seen.audit.push(kind);
                    self.audit(kind, &payload, now_ms)?;
                }
                Effect::HandOver => {
                    seen.handed_over = true;
                    self.hand_over(turn, ordinal)?;
                    ordinal += 1;
                }
                Effect::EraseRecent { since_ms } => {
                    self.commit.erase_records_since_ms = Some(since_ms);
                    // The first half may have come in this very commit.
                    self.commit.record = None;
                }
            }
        }
        Ok(ordinal as usize)
    }

    pub(super) fn send(
        &mut self,
        spoken: &Spoken,
        turn: [u8; 16],
        ordinal: u32,
        now_ms: i64,
    ) -> Result<(), TurnError> {
        let package = crate::outbox::Package::Message {
            psid: self.state.psid.clone(),
            message: spoken.message.clone(),
        };
        let body = self.keys.seal(
            Class::Chat,
            &self.conversation.0,
            &serde_json::to_vec(&package)?,
        )?;
        let not_after_ms = matches!(spoken.class, crate::store::SendClass::Answer)
            .then(|| now_ms.saturating_add(ANSWER_MS));
        self.commit.sends.push(NewSend {
            id: spoken.row,
            page: self.state.page.clone(),
            turn,
            ordinal,
            class: spoken.class,
            not_after_ms,
            body,
        });
        Ok(())
    }

    /// Handing the thread over goes through the outbox, after the words that announce it.
    pub(super) fn hand_over(&mut self, turn: [u8; 16], ordinal: u32) -> Result<(), TurnError> {
        let package = crate::outbox::Package::HandOver {
            psid: self.state.psid.clone(),
        };
        let body = self.keys.seal(
            Class::Chat,
            &self.conversation.0,
            &serde_json::to_vec(&package)?,
        )?;
        self.commit.sends.push(NewSend {
            id: crate::conversation::speak::row_id(crate::conversation::TurnId(turn), u32::MAX),
            page: self.state.page.clone(),
            turn,
            ordinal,
            class: crate::store::SendClass::Prompt,
            not_after_ms: None,
            body,
        });
        Ok(())
    }

    /// Joins a case with what is stored under its number: a case is extended, never replaced.
    pub(super) async fn extend_stored(&self, case: &mut Case) -> Result<(), TurnError> {
        let number = CaseNumber(case.number);
        let mut written = self.commit.cases.iter().rev();
        let stored = match written.find(|written| written.number == number) {
            Some(written) => Some(written.body.clone()),
            None => self
                .app
                .store
                .case(number)
                .await?
                .filter(|row| row.conversation == self.conversation)
                .map(|row| row.case.body),
        };
        if let Some(stored) = stored {
            let bytes = self.keys.open(&self.conversation.0, &stored)?;
            let stored: Case = serde_json::from_slice(&bytes)?;
            *case = stored.extended_by(case.clone());
        }
        Ok(())
    }

    pub(super) fn case(&mut self, case: &Case) -> Result<(), TurnError> {
        let body = self.keys.seal(
            Class::Evidence,
            &self.conversation.0,
            &serde_json::to_vec(case)?,
        )?;
        self.commit.cases.push(CaseWrite {
            number: CaseNumber(case.number),
            kind: case.kind.clone(),
            status: case.status.clone(),
            opened_ms: case.opened_ms,
            body,
        });
        Ok(())
    }

    pub(super) fn audit(
        &mut self,
        kind: &str,
        payload: &serde_json::Value,
        at_ms: i64,
    ) -> Result<(), TurnError> {
        self.commit.audit.push(audit::seal_entry(
            &self.keys,
            Class::Evidence,
            kind,
            at_ms,
            &serde_json::to_vec(payload)?,
        )?);
        Ok(())
    }

    /// Keeps what a past reply can be rendered from again (design section 5).
    pub(super) fn record(
        &mut self,
        (redacted, tapped): (Option<&str>, bool),
        seen: &TurnSeen,
        at_ms: i64,
    ) -> Result<(), TurnError> {
        let record = serde_json::json!({
            "version": 1,
            "at_ms": at_ms,
            "words": redacted,
            "tapped": tapped,
            "catalogue": hex::encode(self.app.catalogue.hash()),
            "renderer": env!("CARGO_PKG_VERSION"),
            "spoken": seen.spoken.iter().map(|spoken| serde_json::json!({
                "intent": spoken.intent,
                "variant": spoken.variant,
                "values": spoken.values,
            })).collect::<Vec<_>>(),
        });
        // Several inputs of one commit share a record: a list, in order.
        let mut all = match self.commit.record.take() {
            Some((_, sealed)) => {
                let bytes = self.keys.open(&self.conversation.0, &sealed)?;
                serde_json::from_slice::<Vec<serde_json::Value>>(&bytes)?
            }
            None => Vec::new(),
        };
        all.push(record);
        let body = self.keys.seal(
            Class::Chat,
            &self.conversation.0,
            &serde_json::to_vec(&all)?,
        )?;
        self.commit.record = Some((self.commit.now_ms, body));
        Ok(())
    }
}
