//! What every backend promises, as tests over a [`Backend`]: SQLite runs them always, PostgreSQL will
//! run the same ones.
//!
//! A backend's tests are made by `contract_tests!(path::to::backend)`, where `backend()` makes a fresh
//! place to store things. Opening it again sees what was committed, as after a crash.

pub(in crate::store) mod accept;
pub(in crate::store) mod commands;
pub(in crate::store) mod model;
pub(in crate::store) mod sends;
pub(in crate::store) mod turns;
pub(in crate::store) mod upkeep;

use super::*;

/// A place that can be opened, and opened again.
pub(in crate::store) trait Backend {
    /// Its store.
    type Store: Store;
    /// Opens it, as a process that starts does.
    fn open(&self) -> Self::Store;
}

/// Makes a `#[tokio::test]` of each contract test for a backend.
macro_rules! contract_tests {
    ($backend:path: $($group:ident: $($name:ident),*;)*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::store::contract::$group::$name(&$backend()).await;
            }
        )*)*
    };
    ($backend:path) => {
        crate::store::contract::contract_tests!($backend:
            accept:
                the_same_event_is_stored_once,
                the_same_batch_five_times_in_parallel_is_stored_once,
                an_event_is_new_again_after_48_hours;
            turns:
                a_turn_goes_from_event_to_sent_message,
                inputs_come_in_order_of_event_time_then_arrival,
                an_input_added_during_a_lease_waits_for_the_commit,
                a_turn_gets_at_most_sixteen_inputs,
                inputs_not_done_come_again,
                a_conversation_is_leased_once_at_a_time,
                a_stale_fence_changes_nothing,
                a_commit_after_expiry_is_good_until_someone_else_leases,
                a_commit_of_an_input_that_was_not_leased_is_refused,
                a_failed_turn_is_tried_again_later,
                a_poisoned_input_is_buried_and_blocks_nobody,
                an_input_that_was_tried_before_comes_alone,
                state_is_kept_when_a_turn_sets_none,
                work_that_arrives_before_the_wait_is_not_missed,
                a_crash_between_any_two_steps_loses_and_doubles_nothing,
                conversations_run_side_by_side;
            sends:
                sends_of_a_conversation_go_one_at_a_time_in_order,
                sends_of_different_conversations_go_side_by_side,
                urgent_overtakes_between_turns_and_never_inside_one,
                an_expired_send_may_be_out_and_waits_for_its_echo,
                an_echo_settles_a_send_in_flight,
                an_echo_corrects_the_time_and_even_a_death,
                a_send_that_dies_takes_the_rest_of_its_turn_along,
                a_send_is_tried_again_at_its_time,
                a_paused_page_sends_nothing,
                send_times_are_forgotten_after_48_hours;
            commands:
                a_command_is_leased_once_and_settled,
                an_expired_command_is_never_ready_again,
                a_command_whose_time_passed_is_known_as_unsent,
                an_unknown_command_is_checked_when_due,
                a_command_retried_is_as_if_never_sent,
                the_same_command_twice_is_refused,
                a_stale_command_fence_changes_nothing;
            upkeep:
                a_timer_fires_once_as_an_input,
                a_timer_set_again_moves,
                cases_are_opened_changed_and_listed,
                a_case_of_another_conversation_is_not_overwritten,
                the_audit_chain_grows_and_verifies,
                records_are_kept_erased_and_swept,
                what_is_due_next_is_known,
                depths_count_what_waits,
                a_view_is_spent_once_and_ends,
                forgetting_waits_and_then_leaves_only_the_proof;
        );
    };
}
pub(in crate::store) use contract_tests;

/// Tests' time: a Sunday in November 2026.
pub(in crate::store) const NOW: i64 = 1_795_350_000_000;
const LEASE: i64 = 30_000;
/// The default wait for an echo.
const ECHO_WAIT: i64 = 20_000;
const NODE: NodeId = NodeId([7; 16]);
const FOREVER: Retention = Retention {
    records_ms: i64::MAX,
};

pub(in crate::store) fn conversation(number: u8) -> ConversationId {
    ConversationId([number; 16])
}

pub(in crate::store) fn sealed(text: &str) -> Sealed {
    Sealed(text.as_bytes().to_vec())
}

fn text(sealed: &Sealed) -> String {
    String::from_utf8(sealed.0.clone()).unwrap()
}

fn hash(text: &str) -> [u8; 16] {
    use sha2::{Digest, Sha256};
    *Sha256::digest(text).first_chunk().unwrap()
}

pub(in crate::store) fn input(conversation: ConversationId, at_ms: i64, body: &str) -> NewInput {
    NewInput {
        conversation,
        at_ms,
        body: sealed(body),
    }
}

pub(in crate::store) fn arrival(conversation: ConversationId, at_ms: i64, body: &str) -> Arrival {
    let key = format!("{conversation} {at_ms} {body}");
    Arrival {
        seen: SeenKey {
            at_ms,
            hash: hash(&key),
        },
        input: input(conversation, at_ms, body),
    }
}

pub(in crate::store) fn unit(arrivals: Vec<Arrival>, now_ms: i64) -> Accept {
    Accept {
        arrivals,
        echoes: Vec::new(),
        now_ms,
    }
}

fn echo(row: OutboxId, at_ms: i64) -> Accept {
    Accept {
        arrivals: Vec::new(),
        echoes: vec![EchoSignal { row, at_ms }],
        now_ms: at_ms,
    }
}

/// A commit that does all inputs of the lease and nothing else.
pub(in crate::store) fn done(lease: &TurnLease, now_ms: i64) -> TurnCommit {
    TurnCommit {
        conversation: lease.conversation,
        fence: lease.fence,
        now_ms,
        done: lease.inputs.iter().map(|input| input.id).collect(),
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
    }
}

pub(in crate::store) fn send(turn: u8, ordinal: u8, class: SendClass) -> NewSend {
    let mut id = [turn; 16];
    id[15] = ordinal;
    NewSend {
        id: OutboxId(id),
        page: PageId::from("page-1"),
        turn: [turn; 16],
        ordinal: u32::from(ordinal),
        class,
        not_after_ms: Some(NOW + 120_000),
        body: sealed(&format!("say {turn}.{ordinal}")),
    }
}

pub(in crate::store) fn command(id: u8, not_after_ms: i64) -> NewCommand {
    NewCommand {
        id: CommandId([id; 16]),
        kind: "freeze_card",
        not_after_ms,
        body: sealed("freeze"),
    }
}

fn entry(kind: &str, number: u8) -> NewAudit {
    NewAudit {
        id: [number; 16],
        kind: kind.to_owned(),
        at_ms: NOW,
        digest: [number; 32],
        body: sealed("payload"),
    }
}

/// Stores an event and leases its turn.
async fn turn<S: Store>(store: &S, number: u8, at_ms: i64) -> TurnLease {
    let event = arrival(conversation(number), at_ms, &format!("event at {at_ms}"));
    store.accept(unit(vec![event], at_ms)).await.unwrap();
    lease_one(store, at_ms).await
}

async fn lease_one<S: Store>(store: &S, now_ms: i64) -> TurnLease {
    let mut leases = store.lease_turns(NODE, now_ms, LEASE, 1).await.unwrap();
    assert_eq!(leases.len(), 1, "one conversation should be ready");
    leases.remove(0)
}

async fn nothing_to_lease<S: Store>(store: &S, now_ms: i64) {
    let leases = store.lease_turns(NODE, now_ms, LEASE, 9).await.unwrap();
    assert!(leases.is_empty(), "nothing should be ready: {leases:?}");
}

/// Commits a turn that says `sends`.
async fn say<S: Store>(store: &S, number: u8, at_ms: i64, sends: Vec<NewSend>) {
    let lease = turn(store, number, at_ms).await;
    let mut commit = done(&lease, at_ms);
    commit.sends = sends;
    store.commit_turn(commit).await.unwrap();
}

async fn lease_sends<S: Store>(store: &S, now_ms: i64) -> Vec<SendLease> {
    store.lease_sends(NODE, now_ms, LEASE, 9).await.unwrap()
}

async fn lease_send<S: Store>(store: &S, now_ms: i64) -> SendLease {
    let mut leases = lease_sends(store, now_ms).await;
    assert_eq!(leases.len(), 1, "one send should be due: {leases:?}");
    leases.remove(0)
}

async fn settle<S: Store>(store: &S, lease: &SendLease, outcome: SendOutcome, now_ms: i64) {
    store
        .settle_send(lease.id, lease.fence, outcome, now_ms)
        .await
        .unwrap();
}

async fn order_a_command<S: Store>(store: &S, id: u8) {
    let lease = turn(store, id, NOW).await;
    let mut commit = done(&lease, NOW);
    commit.commands = vec![command(id, NOW + 120_000)];
    store.commit_turn(commit).await.unwrap();
}

async fn lease_command<S: Store>(store: &S, now_ms: i64) -> CommandLease {
    let mut leases = store.lease_commands(NODE, now_ms, LEASE, 9).await.unwrap();
    assert_eq!(leases.len(), 1, "one command should be due: {leases:?}");
    leases.remove(0)
}

async fn no_command<S: Store>(store: &S, now_ms: i64) {
    let leases = store.lease_commands(NODE, now_ms, LEASE, 9).await.unwrap();
    assert!(leases.is_empty(), "no command should be due: {leases:?}");
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "reads better where it is called"
)]
fn is_lost<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(
        matches!(result, Err(StoreError::LeaseLost)),
        "the lease should be lost: {result:?}"
    );
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "reads better where it is called"
)]
fn is_inconsistent<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(
        matches!(result, Err(StoreError::Inconsistent { .. })),
        "should be refused as inconsistent: {result:?}"
    );
}
