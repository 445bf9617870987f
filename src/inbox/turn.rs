//! One turn: open, step, ask the bank, step again, seal, commit.

mod seal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument;

use crate::app::{App, TurnSeen};
use crate::bank::query::{Answer, Answers, Failure, Query};
use crate::bank::{Connection, read};
use crate::conversation::policy::Policy;
use crate::conversation::state::Link;
use crate::conversation::{Effect, Input, Knowledge, State, Step, What, step};
use crate::message::{Channel, InboundEvent, PageId, Psid};
use crate::reply::RenderError;
use crate::store::keys::{Class, CustomerKeys, KeyError, SealedUnder, sealed_under};
use crate::store::{LeasedInput, StoreError, TurnCommit, TurnFailure, TurnLease};

use super::stored::StoredInput;
use super::{ATTEMPTS, RETRY_MS};

/// When an answer takes longer than this, the customer sees that one is being made (design 2.3).
const TYPING_AFTER: Duration = Duration::from_millis(700);

/// Why an input could not be turned into a turn. Names no data.
#[derive(Debug, thiserror::Error)]
enum TurnError {
    #[error("the input cannot be opened")]
    Keys(#[from] KeyError),
    #[error("the input cannot be read")]
    Body(#[from] serde_json::Error),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error("the state was written by a newer version")]
    NewerState,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no page of that id is served")]
    Page,
}

/// Runs a leased conversation's inputs and commits them; failures are given back or buried.
pub(super) async fn run(app: &Arc<App>, lease: TurnLease) {
    let conversation = lease.conversation;
    let span =
        tracing::info_span!("turn", conversation.id = %conversation, inputs = lease.inputs.len());
    async {
        if let Err(error) = run_inputs(app, &lease).await {
            match error {
                StoreError::LeaseLost => tracing::info!("lost the lease; the turn is discarded"),
                error => {
                    app.metrics.error("turn", "store");
                    tracing::error!(error = %error, "cannot commit the turn");
                }
            }
        }
    }
    .instrument(span)
    .await;
}

async fn run_inputs(app: &Arc<App>, lease: &TurnLease) -> Result<(), StoreError> {
    let started = Instant::now();
    let mut work = match Work::open(app, lease).await {
        Ok(work) => work,
        Err((input, error)) => return fail(app, lease, input, &error).await,
    };
    for (at, input) in lease.inputs.iter().enumerate() {
        match work.take(input).await {
            Ok(()) => {}
            Err(error) if at == 0 => return fail(app, lease, input, &error).await,
            // What went before is committed; this one comes first next time.
            Err(_) => break,
        }
    }
    let observed = work.commit(lease, started).await?;
    for seen in observed {
        if let Some(witness) = &app.witness {
            witness.turn(seen);
        }
    }
    Ok(())
}

async fn fail(
    app: &Arc<App>,
    lease: &TurnLease,
    input: &LeasedInput,
    error: &TurnError,
) -> Result<(), StoreError> {
    let now_ms = app.clock.now_ms();
    let failure = if input.attempt >= ATTEMPTS {
        app.metrics.error("turn", "dead_letter");
        tracing::error!(error = %error, attempt = input.attempt, "buried an input");
        TurnFailure::Dead {
            error: error.to_string(),
        }
    } else {
        app.metrics.error("turn", "retry");
        tracing::warn!(error = %error, attempt = input.attempt, "a turn failed, will try again");
        let wait = usize::try_from(input.attempt.saturating_sub(1))
            .ok()
            .and_then(|at| RETRY_MS.get(at))
            .copied()
            .unwrap_or(30_000);
        TurnFailure::Retry {
            at_ms: now_ms.saturating_add(wait),
        }
    };
    app.store
        .fail_turn(lease.conversation, lease.fence, input.id, failure, now_ms)
        .await
}

/// The turns of one lease in the making.
struct Work<'a> {
    app: &'a Arc<App>,
    keys: CustomerKeys,
    policy: Arc<Policy>,
    state: State,
    conversation: crate::message::ConversationId,
    commit: TurnCommit,
    seen: Vec<TurnSeen>,
}

impl<'a> Work<'a> {
    async fn open(
        app: &'a Arc<App>,
        lease: &'a TurnLease,
    ) -> Result<Self, (&'a LeasedInput, TurnError)> {
        let Some(first) = lease.inputs.first() else {
            // A lease without inputs is the store's mistake; nothing can be failed, so say so there.
            return Err((
                &EMPTY,
                TurnError::Store(StoreError::Inconsistent {
                    table: "inbox",
                    id: lease.conversation.to_string(),
                }),
            ));
        };
        Self::begin(app, lease, first)
            .await
            .map_err(|error| (first, error))
    }

    async fn begin(
        app: &'a Arc<App>,
        lease: &TurnLease,
        first: &LeasedInput,
    ) -> Result<Self, TurnError> {
        let conversation = lease.conversation;
        let keys = app
            .keys
            .customer(conversation, true)
            .await?
            .ok_or(KeyError::Erased)?;
        let state = if let Some(sealed) = &lease.state {
            let bytes = keys.open(&conversation.0, sealed)?;
            let state: State = serde_json::from_slice(&bytes)?;
            if state.version > crate::conversation::state::VERSION {
                return Err(TurnError::NewerState);
            }
            state
        } else {
            let (page, psid) = who(app, &keys, conversation, first)?;
            State::new(page, psid)
        };
        let policy = app.policies.get(&state.page).ok_or(TurnError::Page)?;
        let policy = Arc::clone(policy);
        let mut work = Self {
            app,
            keys,
            policy,
            state,
            conversation,
            commit: TurnCommit {
                conversation,
                fence: lease.fence,
                now_ms: app.clock.now_ms(),
                done: Vec::new(),
                state: None,
                sends: Vec::new(),
                commands: Vec::new(),
                audit: Vec::new(),
                timers: Vec::new(),
                cases: Vec::new(),
                views: Vec::new(),
                inputs: Vec::new(),
                record: None,
                erase_records_since_ms: None,
            },
            seen: Vec::new(),
        };
        work.link();
        Ok(work)
    }

    /// Links a conversation that needs no link page.
    fn link(&mut self) {
        if self.state.link.is_some() || self.state.unlinked {
            return;
        }
        let Some(subject) = self
            .app
            .auto_link
            .as_ref()
            .and_then(|link| link.subject(&self.state.page, &self.state.psid))
        else {
            return;
        };
        self.state.link = Some(Link {
            bank: self.app.bank.id.clone(),
            subject,
            since_ms: self.commit.now_ms,
        });
    }

    /// Runs one input to the end of its effects; on an error the state stays as it was before it.
    async fn take(&mut self, leased: &LeasedInput) -> Result<(), TurnError> {
        let started = Instant::now();
        let bytes = open_input(self.app, &self.keys, self.conversation, leased)?;
        let stored: StoredInput = serde_json::from_slice(&bytes)?;
        let (redacted, tapped) = words(&stored);
        let mid = message_id(&stored);
        let Some(what) = stored.what() else {
            self.commit.done.push(leased.id);
            return Ok(());
        };
        let turn = self.app.turn_id(self.conversation, leased.id);
        let mut seen = TurnSeen {
            conversation: self.conversation,
            psid: self.state.psid.clone(),
            began: what.name(),
            mid,
            understanding: None,
            queries: Vec::new(),
            reads: Vec::new(),
            commands: Vec::new(),
            spoken: Vec::new(),
            audit: Vec::new(),
            cases: Vec::new(),

            handed_over: false,
            took: Duration::ZERO,
        };
        let now_ms = self.app.clock.now_ms();
        let mut input = Input {
            at_ms: leased.at_ms,
            now_ms,
            conversation: self.conversation,
            turn,
            prompt_sent_ms: self.prompt_sent().await?,
            what,
        };
        let mut state = self.state.clone();
        let mut waiting = None;
        let mut effects = Vec::new();
        loop {
            let knowledge = Knowledge {
                catalogue: &self.app.catalogue,
                matcher: self.app.matcher.as_ref(),
                policy: &self.policy,
            };
            let Step {
                state: next,
                effects: more,
                waiting: pending,
                understanding,
            } = step(state, &input, waiting.take(), knowledge)?;
            state = next;
            seen.understanding = understanding.or(seen.understanding);
            let mut asked = None;
            for effect in more {
                match effect {
                    Effect::Ask(queries) => asked = Some(queries),
                    other => effects.push(other),
                }
            }
            let Some(queries) = asked else { break };
            seen.queries.extend(queries.iter().map(Query::name));
            input.what = self.ask(&state, &queries, &mut seen.reads).await?;
            waiting = pending;
        }
        for effect in &mut effects {
            if let Effect::Case(case) = effect {
                self.extend_stored(case).await?;
            }
        }
        let messages = self.seal(effects, turn.0, now_ms, &mut seen)?;
        self.app.metrics.turn(
            seen.understanding.as_ref(),
            leased.stored_ms,
            now_ms,
            started.elapsed(),
        );
        tracing::info!(
            intent.name = seen
                .understanding
                .as_ref()
                .and_then(|u| u.intents.first())
                .map_or("none", |reading| reading.name.as_str()),
            bank.queries = seen.queries.len(),
            messages,
            "ran a turn"
        );
        self.state = state;
        // The second half of a split card number is in no record either (D1).
        let words = redacted.filter(|_| self.commit.erase_records_since_ms.is_none());
        self.record((words.as_deref(), tapped), &seen, leased.at_ms)?;
        seen.took = started.elapsed();
        self.seen.push(seen);
        self.commit.done.push(leased.id);
        Ok(())
    }

    /// Returns when the open prompt went out (design 2.4).
    async fn prompt_sent(&self) -> Result<Option<i64>, StoreError> {
        match self.state.prompt_row() {
            Some(row) => self.app.store.sent_at(row).await,
            None => Ok(None),
        }
    }

    /// Asks the bank, within the budget; a safety message of the same customer cuts it short.
    async fn ask(
        &self,
        state: &State,
        queries: &[Query],
        times: &mut Vec<read::Timed>,
    ) -> Result<What, TurnError> {
        let mut answers = Answers::new();
        let mut for_bank = Vec::new();
        for query in queries {
            if *query == Query::CaseNumber {
                let number = self.app.store.next_case_number().await?;
                answers.put(query.clone(), Ok(Answer::CaseNumber(number.0)));
            } else {
                for_bank.push(query.clone());
            }
        }
        let Some(link) = state.link.as_ref().filter(|_| !for_bank.is_empty()) else {
            for query in for_bank {
                answers.put(query, Err(Failure::Relink));
            }
            return Ok(What::Answered(answers));
        };
        let connection =
            Connection::new(self.conversation, link.bank.clone(), link.subject.clone());
        let latency = self
            .app
            .witness
            .as_ref()
            .map_or(Duration::ZERO, |witness| witness.bank_latency(&state.psid));
        if latency > TYPING_AFTER {
            self.app.outlet.typing(&state.page, &state.psid).await;
        }
        if latency >= self.app.read_budget {
            for query in for_bank {
                times.push(read::Timed {
                    query: query.name(),
                    took: latency,
                    failure: Some(Failure::Slow),
                });
                answers.put(query, Err(Failure::Slow));
            }
            return Ok(What::Answered(answers));
        }
        let started = Instant::now();
        let reading = self.app.interrupts.reading(self.conversation);
        let read = read::read(&self.app.bank, &connection, &for_bank, self.app.read_budget);
        tokio::pin!(read);
        let mut typing = false;
        let (read, timed) = loop {
            tokio::select! {
                read = &mut read => break read,
                () = reading.interrupted() => {
                    self.app.metrics.bank_read("interrupted", started.elapsed());
                    return Ok(What::Interrupted);
                }
                () = tokio::time::sleep(TYPING_AFTER), if !typing => {
                    typing = true;
                    self.app.outlet.typing(&state.page, &state.psid).await;
                }
            }
        };
        self.app.metrics.bank_read("answered", started.elapsed());
        times.extend(timed);
        answers.merge(read);
        Ok(What::Answered(answers))
    }

    async fn commit(
        mut self,
        lease: &TurnLease,
        started: Instant,
    ) -> Result<Vec<TurnSeen>, StoreError> {
        let state = serde_json::to_vec(&self.state)
            .map_err(|error| StoreError::Unavailable(Some(Box::new(error))))?;
        let sealed = self
            .keys
            .seal(Class::Chat, &self.conversation.0, &state)
            .map_err(|error| StoreError::Unavailable(Some(Box::new(error))))?;
        self.commit.state = Some(sealed);
        self.commit.now_ms = self.app.clock.now_ms();
        debug_assert_eq!(lease.fence, self.commit.fence, "one lease, one commit");
        self.app.store.commit_turn(self.commit).await?;
        self.app.metrics.turn_committed(started.elapsed());
        Ok(self.seen)
    }
}

/// Stands for the input of a lease that has none.
static EMPTY: LeasedInput = LeasedInput {
    id: crate::store::InboxId(0),
    at_ms: 0,
    stored_ms: 0,
    body: crate::store::Sealed(Vec::new()),
    attempt: ATTEMPTS,
};

/// Events are sealed under the hour's ingest key, inputs from inside under the customer's.
fn open_input(
    app: &App,
    keys: &CustomerKeys,
    conversation: crate::message::ConversationId,
    input: &LeasedInput,
) -> Result<Vec<u8>, KeyError> {
    let bytes = match sealed_under(&input.body)? {
        SealedUnder::Ingest => app.keys.open_ingest(&conversation.0, &input.body)?,
        SealedUnder::Customer(_) => keys.open(&conversation.0, &input.body)?,
    };
    Ok(bytes.to_vec())
}

/// Returns who a new conversation is with, from its first event.
fn who(
    app: &App,
    keys: &CustomerKeys,
    conversation: crate::message::ConversationId,
    first: &LeasedInput,
) -> Result<(PageId, Psid), TurnError> {
    let bytes = open_input(app, keys, conversation, first)?;
    match serde_json::from_slice::<StoredInput>(&bytes)? {
        StoredInput::Event {
            event:
                InboundEvent {
                    channel: Channel::Messenger,
                    page,
                    psid,
                    ..
                },
            ..
        } => Ok((page, psid)),
        _ => Err(TurnError::Page),
    }
}

/// Returns the customer's message that is the input, for who watches.
fn message_id(stored: &StoredInput) -> Option<crate::message::Mid> {
    use crate::message::InboundKind;
    match stored {
        StoredInput::Event { event, .. } => match &event.kind {
            InboundKind::Message { mid, .. } | InboundKind::Edit { mid, .. } => Some(mid.clone()),
            InboundKind::Postback { mid, .. } => mid.clone(),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the customer's redacted words, for the turn record, and whether they are the title of a tap.
fn words(stored: &StoredInput) -> (Option<String>, bool) {
    use crate::message::InboundKind;
    let StoredInput::Event { event, .. } = stored else {
        return (None, false);
    };
    match &event.kind {
        InboundKind::Message {
            text, quick_reply, ..
        } if !text.is_empty() => (Some(text.clone()), quick_reply.is_some()),
        InboundKind::Postback { title, .. } if !title.is_empty() => (Some(title.clone()), true),
        _ => (None, false),
    }
}
