//! What every backend promises, as tests over a [`Backend`]: SQLite runs them always, PostgreSQL will
//! run the same ones.
//!
//! A backend's tests are made by `contract_tests!(path::to::backend)`, where `backend()` makes a fresh
//! place to store things. Opening it again sees what was committed, as after a crash.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::{self, Opened, Verdict};
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
    ($backend:path: $($name:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::store::contract::$name(&$backend()).await;
            }
        )*
    };
    ($backend:path) => {
        crate::store::contract::contract_tests!($backend:
            a_turn_goes_from_event_to_sent_message,
            the_same_event_is_stored_once,
            the_same_batch_five_times_in_parallel_is_stored_once,
            an_event_is_new_again_after_48_hours,
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

fn command(id: u8, not_after_ms: i64) -> NewCommand {
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

fn is_lost<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(
        matches!(result, Err(StoreError::LeaseLost)),
        "the lease should be lost: {result:?}"
    );
}

fn is_inconsistent<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(
        matches!(result, Err(StoreError::Inconsistent { .. })),
        "should be refused as inconsistent: {result:?}"
    );
}

pub(in crate::store) async fn a_turn_goes_from_event_to_sent_message<B: Backend>(backend: &B) {
    let store = backend.open();
    let event = arrival(conversation(1), NOW - 5, "hello");
    let accepted = store.accept(unit(vec![event], NOW)).await.unwrap();
    assert_eq!((accepted.stored, accepted.duplicates), (1, 0));

    let lease = lease_one(&store, NOW).await;
    assert_eq!(lease.conversation, conversation(1));
    assert_eq!(lease.state, None);
    assert_eq!(lease.audit_head, [0; 32]);
    let [leased] = lease.inputs.as_slice() else {
        panic!("one input")
    };
    assert_eq!(
        (leased.at_ms, leased.stored_ms, leased.attempt),
        (NOW - 5, NOW, 1)
    );
    assert_eq!(text(&leased.body), "hello");

    let mut commit = done(&lease, NOW + 1);
    commit.state = Some(sealed("state 1"));
    commit.sends = vec![send(1, 0, SendClass::Answer)];
    store.commit_turn(commit).await.unwrap();
    nothing_to_lease(&store, NOW + 1).await;
    assert_eq!(
        store.state(conversation(1)).await.unwrap(),
        Some(sealed("state 1"))
    );

    let sending = lease_send(&store, NOW + 2).await;
    assert_eq!(sending.conversation, conversation(1));
    assert_eq!(sending.page, PageId::from("page-1"));
    assert_eq!((sending.attempt, sending.maybe_sent), (1, false));
    assert_eq!(
        (sending.queued_ms, sending.not_after_ms),
        (NOW + 1, Some(NOW + 120_000))
    );
    assert_eq!(text(&sending.body), "say 1.0");
    assert_eq!(store.sent_at(sending.id).await.unwrap(), None);
    settle(
        &store,
        &sending,
        SendOutcome::Sent { at_ms: NOW + 3 },
        NOW + 3,
    )
    .await;
    assert_eq!(store.sent_at(sending.id).await.unwrap(), Some(NOW + 3));
    assert!(lease_sends(&store, NOW + 1_000_000).await.is_empty());

    let lease = turn(&store, 1, NOW + 10).await;
    assert_eq!(lease.state, Some(sealed("state 1")));
}

pub(in crate::store) async fn the_same_event_is_stored_once<B: Backend>(backend: &B) {
    let store = backend.open();
    let event = arrival(conversation(1), NOW, "balance?");
    let accepted = store
        .accept(unit(vec![event.clone(), event.clone()], NOW))
        .await
        .unwrap();
    assert_eq!((accepted.stored, accepted.duplicates), (1, 1));
    let accepted = store
        .accept(unit(vec![event.clone()], NOW + 9))
        .await
        .unwrap();
    assert_eq!((accepted.stored, accepted.duplicates), (0, 1));
    let lease = lease_one(&store, NOW).await;
    assert_eq!(lease.inputs.len(), 1);
    store.commit_turn(done(&lease, NOW)).await.unwrap();

    // Done, and even forgotten by the process: still seen.
    drop(store);
    let store = backend.open();
    let accepted = store.accept(unit(vec![event], NOW + 60_000)).await.unwrap();
    assert_eq!((accepted.stored, accepted.duplicates), (0, 1));
    nothing_to_lease(&store, NOW + 60_000).await;
}

pub(in crate::store) async fn the_same_batch_five_times_in_parallel_is_stored_once<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    let batch: Vec<Arrival> = (0..40)
        .map(|number| arrival(conversation(number % 7), NOW + i64::from(number), "hi"))
        .collect();
    let attempts = (0..5).map(|_| store.accept(unit(batch.clone(), NOW)));
    let accepted = futures::future::try_join_all(attempts).await.unwrap();
    assert_eq!(accepted.iter().map(|one| one.stored).sum::<usize>(), 40);
    assert_eq!(
        accepted.iter().map(|one| one.duplicates).sum::<usize>(),
        160
    );
    let leases = store.lease_turns(NODE, NOW, LEASE, 99).await.unwrap();
    assert_eq!(leases.len(), 7);
    assert_eq!(
        leases.iter().map(|lease| lease.inputs.len()).sum::<usize>(),
        40
    );
}

pub(in crate::store) async fn an_event_is_new_again_after_48_hours<B: Backend>(backend: &B) {
    let store = backend.open();
    // Without a time of its own the key is at 0, and retention counts from the arrival.
    let timeless = arrival(conversation(1), 0, "no time");
    let late = arrival(conversation(2), NOW - SEEN_MS + 1, "late");
    let ahead = arrival(conversation(3), NOW + 10 * SEEN_MS, "from the future");
    let all = vec![timeless, late, ahead];
    assert_eq!(
        store.accept(unit(all.clone(), NOW)).await.unwrap().stored,
        3
    );
    let just_before = NOW + SEEN_MS - 1;
    let swept = store.sweep(just_before, FOREVER).await.unwrap();
    assert_eq!(swept.seen, 0);
    assert_eq!(
        store
            .accept(unit(all.clone(), just_before))
            .await
            .unwrap()
            .stored,
        0
    );
    // Unswept rows past 48 hours count as not there.
    let [timeless, late, ahead] = all.as_slice() else {
        unreachable!()
    };
    let after = NOW + SEEN_MS;
    let again = store
        .accept(unit(vec![timeless.clone()], after))
        .await
        .unwrap();
    assert_eq!(again.stored, 1);
    let swept = store.sweep(after, FOREVER).await.unwrap();
    assert_eq!(swept.seen, 2, "the other two");
    let again = vec![timeless.clone(), late.clone(), ahead.clone()];
    assert_eq!(store.accept(unit(again, after)).await.unwrap().stored, 2);
}

pub(in crate::store) async fn inputs_come_in_order_of_event_time_then_arrival<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    for (at_ms, body) in [
        (NOW + 5, "c"),
        (NOW + 9, "e"),
        (NOW + 1, "a"),
        (NOW + 5, "d"),
        (NOW + 2, "b"),
    ] {
        let event = arrival(conversation(1), at_ms, body);
        store.accept(unit(vec![event], NOW + 10)).await.unwrap();
    }
    drop(store);
    let store = backend.open();
    let lease = lease_one(&store, NOW + 10).await;
    let bodies: Vec<String> = lease.inputs.iter().map(|input| text(&input.body)).collect();
    assert_eq!(bodies, ["a", "b", "c", "d", "e"]);
}

pub(in crate::store) async fn an_input_added_during_a_lease_waits_for_the_commit<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    let lease = turn(&store, 1, NOW).await;
    let event = arrival(conversation(1), NOW + 1, "second");
    store.accept(unit(vec![event], NOW + 1)).await.unwrap();
    store
        .insert_input(input(conversation(1), NOW + 2, "third"), NOW + 2)
        .await
        .unwrap();
    nothing_to_lease(&store, NOW + 2).await;
    let mut commit = done(&lease, NOW + 3);
    commit.inputs = vec![input(conversation(1), NOW + 3, "fourth")];
    store.commit_turn(commit).await.unwrap();
    let lease = lease_one(&store, NOW + 3).await;
    let bodies: Vec<String> = lease.inputs.iter().map(|input| text(&input.body)).collect();
    assert_eq!(bodies, ["second", "third", "fourth"]);
}

pub(in crate::store) async fn a_turn_gets_at_most_sixteen_inputs<B: Backend>(backend: &B) {
    let store = backend.open();
    let events = (0..20)
        .map(|n| arrival(conversation(1), NOW + n, "more"))
        .collect();
    store.accept(unit(events, NOW)).await.unwrap();
    let lease = lease_one(&store, NOW).await;
    assert_eq!(lease.inputs.len(), 16);
    store.commit_turn(done(&lease, NOW)).await.unwrap();
    let lease = lease_one(&store, NOW).await;
    assert_eq!(lease.inputs.len(), 4);
    assert_eq!(lease.inputs[0].at_ms, NOW + 16);
}

pub(in crate::store) async fn inputs_not_done_come_again<B: Backend>(backend: &B) {
    let store = backend.open();
    let events = (0..3)
        .map(|n| arrival(conversation(1), NOW + n, "more"))
        .collect();
    store.accept(unit(events, NOW)).await.unwrap();
    let lease = lease_one(&store, NOW).await;
    let mut commit = done(&lease, NOW);
    commit.done.truncate(1);
    store.commit_turn(commit).await.unwrap();
    let lease = lease_one(&store, NOW).await;
    assert_eq!(lease.inputs.len(), 2, "both, since neither was tried");
    assert_eq!(
        (lease.inputs[0].at_ms, lease.inputs[0].attempt),
        (NOW + 1, 1)
    );
}

pub(in crate::store) async fn a_conversation_is_leased_once_at_a_time<B: Backend>(backend: &B) {
    let store = backend.open();
    for number in 0..50 {
        let event = arrival(conversation(number), NOW, "hi");
        store.accept(unit(vec![event], NOW)).await.unwrap();
    }
    let workers = (0..8).map(|_| store.lease_turns(NODE, NOW, LEASE, 10));
    let leases = futures::future::try_join_all(workers).await.unwrap();
    let all: Vec<ConversationId> = leases
        .iter()
        .flatten()
        .map(|lease| lease.conversation)
        .collect();
    assert_eq!(all.len(), 50);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 50);
}

pub(in crate::store) async fn a_stale_fence_changes_nothing<B: Backend>(backend: &B) {
    let store = backend.open();
    let stale = turn(&store, 1, NOW).await;
    let expired = NOW + LEASE;
    let lease = lease_one(&store, expired).await;
    assert!(lease.fence > stale.fence);
    assert_eq!(lease.inputs[0].attempt, 2);

    let mut commit = done(&stale, expired);
    commit.state = Some(sealed("stale"));
    commit.sends = vec![send(1, 0, SendClass::Answer)];
    commit.audit = vec![entry("stale", 1)];
    is_lost(store.commit_turn(commit.clone()).await);
    let retry = TurnFailure::Retry { at_ms: expired };
    let first = stale.inputs[0].id;
    is_lost(
        store
            .fail_turn(stale.conversation, stale.fence, first, retry, expired)
            .await,
    );
    assert_eq!(store.state(conversation(1)).await.unwrap(), None);
    assert!(store.audit(conversation(1)).await.unwrap().is_empty());
    assert!(lease_sends(&store, expired).await.is_empty());

    // The good one commits once; its fence is used up then.
    store.commit_turn(done(&lease, expired)).await.unwrap();
    is_lost(store.commit_turn(done(&lease, expired)).await);
    // And a lease of an earlier process is no lease.
    let lease = turn(&store, 2, NOW).await;
    drop(store);
    let store = backend.open();
    is_lost(store.commit_turn(done(&lease, NOW)).await);
    let again = lease_one(&store, NOW).await;
    assert!(again.fence > lease.fence, "fences grow across restarts");
}

pub(in crate::store) async fn a_commit_after_expiry_is_good_until_someone_else_leases<
    B: Backend,
>(
    backend: &B,
) {
    let store = backend.open();
    let lease = turn(&store, 1, NOW).await;
    store
        .commit_turn(done(&lease, NOW + 10 * LEASE))
        .await
        .unwrap();
    nothing_to_lease(&store, NOW + 10 * LEASE).await;
}

pub(in crate::store) async fn a_commit_of_an_input_that_was_not_leased_is_refused<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    let mine = turn(&store, 1, NOW).await;
    let other = turn(&store, 2, NOW).await;
    let mut commit = done(&mine, NOW);
    commit.done.push(other.inputs[0].id);
    commit.state = Some(sealed("wrong"));
    is_inconsistent(store.commit_turn(commit).await);
    assert_eq!(store.state(conversation(1)).await.unwrap(), None);
    // The lease is still good.
    store.commit_turn(done(&mine, NOW)).await.unwrap();
    store.commit_turn(done(&other, NOW)).await.unwrap();
}

pub(in crate::store) async fn a_failed_turn_is_tried_again_later<B: Backend>(backend: &B) {
    let store = backend.open();
    let lease = turn(&store, 1, NOW).await;
    let failed = lease.inputs[0].id;
    let retry = TurnFailure::Retry { at_ms: NOW + 5_000 };
    store
        .fail_turn(lease.conversation, lease.fence, failed, retry, NOW)
        .await
        .unwrap();
    is_lost(store.commit_turn(done(&lease, NOW)).await);
    let later = arrival(conversation(1), NOW + 1, "later");
    store.accept(unit(vec![later], NOW + 1)).await.unwrap();
    nothing_to_lease(&store, NOW + 4_999).await;
    assert_eq!(store.next_due().await.unwrap(), Some(NOW + 5_000));

    drop(store);
    let store = backend.open();
    nothing_to_lease(&store, NOW + 4_999).await;
    let lease = lease_one(&store, NOW + 5_000).await;
    assert_eq!(lease.inputs[0].id, failed);
    assert_eq!(lease.inputs[0].attempt, 2);
    store.commit_turn(done(&lease, NOW + 5_000)).await.unwrap();
    let lease = lease_one(&store, NOW + 5_000).await;
    assert_eq!(text(&lease.inputs[0].body), "later");
    assert_eq!(lease.inputs[0].attempt, 1);
}

pub(in crate::store) async fn a_poisoned_input_is_buried_and_blocks_nobody<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    let events = ["good", "poison", "after"];
    let events = (0..)
        .zip(events)
        .map(|(n, body)| arrival(conversation(1), NOW + n, body));
    store.accept(unit(events.collect(), NOW)).await.unwrap();
    let lease = lease_one(&store, NOW).await;
    let poison = lease.inputs[1].id;
    let dead = TurnFailure::Dead {
        error: "it does not parse".to_owned(),
    };
    store
        .fail_turn(lease.conversation, lease.fence, poison, dead, NOW + 7)
        .await
        .unwrap();
    let lease = lease_one(&store, NOW + 7).await;
    let bodies: Vec<String> = lease.inputs.iter().map(|input| text(&input.body)).collect();
    assert_eq!(bodies, ["good", "after"]);
    assert!(lease.inputs.iter().all(|input| input.attempt == 1));
    store.commit_turn(done(&lease, NOW + 7)).await.unwrap();

    let letters = store.dead_letters(9).await.unwrap();
    let [letter] = letters.as_slice() else {
        panic!("one dead letter")
    };
    assert_eq!(
        (letter.lane, letter.conversation),
        (Lane::Inbox, conversation(1))
    );
    assert_eq!(
        (letter.at_ms, letter.buried_ms, letter.attempts),
        (NOW + 1, NOW + 7, 1)
    );
    assert_eq!(letter.error, "it does not parse");
    assert_eq!(text(&letter.body), "poison");
    assert_eq!(store.depths(NOW).await.unwrap().dead_letters, 1);
    // Its ingest key is still needed.
    assert_eq!(store.oldest_input_ms().await.unwrap(), Some(NOW));
    assert!(store.remove_dead_letter(letter.id).await.unwrap());
    assert!(!store.remove_dead_letter(letter.id).await.unwrap());
    assert_eq!(store.oldest_input_ms().await.unwrap(), None);
}

pub(in crate::store) async fn an_input_that_was_tried_before_comes_alone<B: Backend>(backend: &B) {
    let store = backend.open();
    let events = ["a", "b", "c"];
    let events = (0..)
        .zip(events)
        .map(|(n, body)| arrival(conversation(1), NOW + n, body));
    store.accept(unit(events.collect(), NOW)).await.unwrap();
    assert_eq!(lease_one(&store, NOW).await.inputs.len(), 3);
    // The process dies in the turn, nobody knows over which of them.
    drop(store);
    let store = backend.open();
    for body in ["a", "b", "c"] {
        let lease = lease_one(&store, NOW).await;
        assert_eq!(lease.inputs.len(), 1);
        assert_eq!(text(&lease.inputs[0].body), body);
        assert_eq!(lease.inputs[0].attempt, 2);
        store.commit_turn(done(&lease, NOW)).await.unwrap();
    }

    // When a turn says which one failed, those before it go together, then it alone, then the rest.
    let events = ["d", "e", "bad", "f", "g"];
    let events = (10..)
        .zip(events)
        .map(|(n, body)| arrival(conversation(1), NOW + n, body));
    store.accept(unit(events.collect(), NOW)).await.unwrap();
    let lease = lease_one(&store, NOW).await;
    let retry = TurnFailure::Retry { at_ms: NOW };
    store
        .fail_turn(
            lease.conversation,
            lease.fence,
            lease.inputs[2].id,
            retry,
            NOW,
        )
        .await
        .unwrap();
    for bodies in [vec!["d", "e"], vec!["bad"], vec!["f", "g"]] {
        let lease = lease_one(&store, NOW).await;
        let leased: Vec<String> = lease.inputs.iter().map(|input| text(&input.body)).collect();
        assert_eq!(leased, bodies);
        store.commit_turn(done(&lease, NOW)).await.unwrap();
    }
}
