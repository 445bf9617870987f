//! Receiving: from parsed events to inbox rows. Redact, key, seal; the caller answers 200 only after the
//! store has them (design section 2).

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::channel::messenger::webhook::Intake;
use crate::intent::normalize::normalize;
use crate::message::{ConversationId, InboundEvent, InboundKind, ThreadControl};
use crate::redact::redact;
use crate::store::{
    Accept, Accepted, Arrival, EchoSignal, NewInput, OutboxId, SeenKey, StoreError,
};

use super::stored::StoredInput;

/// Events older than this are acknowledged, counted and dropped (design section 9).
const OLDEST_MS: i64 = 48 * 60 * 60 * 1000;

/// Takes a request's events in: durable when it returns. Echoes settle sends; events nobody reacts to are
/// counted and dropped; the rest goes to the inbox, de-duplicated.
pub async fn receive(app: &App, events: Vec<InboundEvent>) -> Result<Accepted, StoreError> {
    let now_ms = app.clock.now_ms();
    let mut unit = Accept {
        now_ms,
        ..Accept::default()
    };
    for mut event in events {
        let kind = event.kind.name();
        if app.policies.get(&event.page).is_none() {
            app.metrics.event(kind, "other_page");
            continue;
        }
        if event.at_ms != 0 && now_ms.saturating_sub(event.at_ms) > OLDEST_MS {
            app.metrics.event(kind, "too_old");
            continue;
        }
        if let InboundKind::Echo { metadata, .. } = &event.kind {
            app.metrics.event(kind, "echo");
            if let Some(row) = metadata.as_deref().and_then(outbox_id) {
                unit.echoes.push(EchoSignal {
                    row,
                    at_ms: event.at_ms,
                });
            }
            continue;
        }
        redact_event(&mut event);
        let conversation = ConversationId::derive(
            app.keys.index_key(),
            event.channel,
            &event.page,
            &event.psid,
        );
        let seen = seen_key(&event);
        let Some(stored) = worth_storing(event, app) else {
            app.metrics.event(kind, "dropped");
            continue;
        };
        app.metrics.event(kind, "accepted");
        if cuts_short(&stored) {
            app.interrupts.interrupt(conversation);
        }
        let at_ms = if seen.at_ms == 0 { now_ms } else { seen.at_ms };
        let Ok(bytes) = serde_json::to_vec(&stored) else {
            continue;
        };
        let body = app
            .keys
            .seal_ingest(now_ms, &conversation.0, &bytes)
            .map_err(|error| StoreError::Unavailable(Some(Box::new(error))))?;
        unit.arrivals.push(Arrival {
            seen,
            input: NewInput {
                conversation,
                at_ms,
                body,
            },
        });
    }
    if unit.arrivals.is_empty() && unit.echoes.is_empty() {
        return Ok(Accepted::default());
    }
    let accepted = app.store.accept(unit).await?;
    app.metrics.accepted(accepted);
    Ok(accepted)
}

#[async_trait]
impl Intake for App {
    async fn receive(&self, events: Vec<InboundEvent>) -> Result<Accepted, StoreError> {
        receive(self, events).await
    }
}

/// Returns the input of an event that a conversation reacts to, or one that must be kept in its order.
fn worth_storing(event: InboundEvent, app: &App) -> Option<StoredInput> {
    // Standby events are another app's to answer (platform 2.12).
    if event.standby {
        return None;
    }
    let ours = match &event.kind {
        InboundKind::ThreadControl(
            ThreadControl::Passed { to_app: app_id } | ThreadControl::Taken { by_app: app_id },
        ) => app_id.as_deref() == app.app_id.as_deref() && app_id.is_some(),
        _ => false,
    };
    let stored = StoredInput::Event { event, ours };
    stored.clone().what().map(|_| stored)
}

/// Redaction happens before anything else sees a text (requirement D1).
fn redact_event(event: &mut InboundEvent) {
    match &mut event.kind {
        InboundKind::Message { text, .. } | InboundKind::Edit { text, .. } => {
            let clean = redact(text);
            *text = clean.text;
        }
        InboundKind::Postback { title, .. } => {
            let clean = redact(title);
            *title = clean.text;
        }
        _ => {}
    }
}

/// The seen key of design 2.5. An event without a timestamp has time 0, never `entry.time`.
pub fn seen_key(event: &InboundEvent) -> SeenKey {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(event.page.as_str().as_bytes());
    part(event.psid.as_str().as_bytes());
    part(event.kind.name().as_bytes());
    match &event.kind {
        // Without an id, what was said has to tell them apart.
        InboundKind::Message { mid, .. } | InboundKind::Postback { mid: Some(mid), .. }
            if !mid.as_str().is_empty() =>
        {
            part(mid.as_str().as_bytes());
        }
        InboundKind::Edit { mid, number, .. } => {
            part(mid.as_str().as_bytes());
            part(&number.to_be_bytes());
        }
        InboundKind::Reaction { mid, reaction } => {
            part(mid.as_str().as_bytes());
            part(if reaction.is_some() {
                b"react"
            } else {
                b"unreact"
            });
            part(reaction.as_deref().unwrap_or_default().as_bytes());
        }
        other => part(&serde_json::to_vec(other).unwrap_or_default()),
    }
    let digest = hash.finalize();
    let mut short = [0; 16];
    short
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    SeenKey {
        at_ms: event.at_ms,
        hash: short,
    }
}

/// A cheap look for the words that cut a pending bank read short; the turn decides what they mean.
fn cuts_short(stored: &StoredInput) -> bool {
    const WORDS: [&str; 14] = [
        "person", "human", "agent", "stop", "stolen", "lost", "fraud", "scam", "persona", "humano",
        "agente", "robada", "perdi", "fraude",
    ];
    let StoredInput::Event { event, .. } = stored else {
        return false;
    };
    match &event.kind {
        InboundKind::Message { text, .. } if !text.is_empty() && text.len() < 400 => {
            normalize(text).words().any(|word| WORDS.contains(&word))
        }
        _ => false,
    }
}

fn outbox_id(metadata: &str) -> Option<OutboxId> {
    let mut id = [0; 16];
    hex::decode_to_slice(metadata, &mut id).ok()?;
    Some(OutboxId(id))
}

/// The webhook's way into an app.
pub struct AppIntake(pub std::sync::Arc<App>);

#[async_trait::async_trait]
impl crate::channel::messenger::webhook::Intake for AppIntake {
    async fn receive(&self, events: Vec<InboundEvent>) -> Result<Accepted, StoreError> {
        receive(&self.0, events).await
    }
}
