//! Turns: leases, fences, order, failure, crashes.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

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

pub(in crate::store) async fn state_is_kept_when_a_turn_sets_none<B: Backend>(backend: &B) {
    let store = backend.open();
    let lease = turn(&store, 1, NOW).await;
    let mut commit = done(&lease, NOW);
    commit.state = Some(sealed("one"));
    store.commit_turn(commit).await.unwrap();
    let lease = turn(&store, 1, NOW + 2).await;
    assert_eq!(lease.state, Some(sealed("one")));
    store.commit_turn(done(&lease, NOW + 2)).await.unwrap();
    assert_eq!(
        store.state(conversation(1)).await.unwrap(),
        Some(sealed("one"))
    );
}

pub(in crate::store) async fn work_that_arrives_before_the_wait_is_not_missed<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    let arrived = store.work_arrived();
    nothing_to_lease(&store, NOW).await;
    let event = arrival(conversation(1), NOW, "hi");
    store.accept(unit(vec![event.clone()], NOW)).await.unwrap();
    arrived.await;
    // A duplicate makes no work.
    let arrived = store.work_arrived();
    store.accept(unit(vec![event], NOW)).await.unwrap();
    assert!(futures::FutureExt::now_or_never(arrived).is_none());
    // Each kind of work wakes a waiter.
    let arrived = store.work_arrived();
    let lease = lease_one(&store, NOW).await;
    let mut commit = done(&lease, NOW);
    commit.sends = vec![send(1, 0, SendClass::Answer)];
    commit.commands = vec![command(1, NOW)];
    store.commit_turn(commit).await.unwrap();
    arrived.await;
}

/// Walks one conversation through all queues, dropping the store after every step, and counts.
pub(in crate::store) async fn a_crash_between_any_two_steps_loses_and_doubles_nothing<
    B: Backend,
>(
    backend: &B,
) {
    let event = arrival(conversation(1), NOW, "freeze my card");
    let store = backend.open();
    store.accept(unit(vec![event.clone()], NOW)).await.unwrap();
    drop(store);

    // Redelivered since the 200 was lost, and the process dies holding the turn.
    let store = backend.open();
    assert_eq!(
        store
            .accept(unit(vec![event], NOW))
            .await
            .unwrap()
            .duplicates,
        1
    );
    let lost = lease_one(&store, NOW).await;
    drop(store);

    // T1.
    let store = backend.open();
    is_lost(store.commit_turn(done(&lost, NOW)).await);
    let lease = lease_one(&store, NOW).await;
    assert_eq!(lease.inputs.len(), 1);
    let mut commit = done(&lease, NOW);
    commit.commands = vec![command(1, NOW + 120_000)];
    commit.sends = vec![send(1, 0, SendClass::Answer)];
    commit.audit = vec![entry("ordered", 1)];
    commit.state = Some(sealed("executing"));
    store.commit_turn(commit).await.unwrap();
    drop(store);

    // T2, then nothing is known.
    let store = backend.open();
    nothing_to_lease(&store, NOW).await;
    assert_eq!(lease_command(&store, NOW).await.attempt, 1);
    assert_eq!(lease_send(&store, NOW).await.attempt, 1);
    drop(store);

    // T3.
    let store = backend.open();
    no_command(&store, NOW + LEASE - 1).await;
    let lease = lease_command(&store, NOW + LEASE).await;
    assert_eq!(lease.attempt, 2);
    let settled = CommandSettled::Final {
        outcome: "done",
        input: input(conversation(1), NOW + 2, "frozen"),
    };
    store
        .settle_command(lease.id, lease.fence, settled, NOW + LEASE)
        .await
        .unwrap();
    drop(store);

    let store = backend.open();
    no_command(&store, NOW + 86_400_000).await;
    let late = NOW + 100_000;
    assert!(
        lease_sends(&store, late).await.is_empty(),
        "its echo gets time"
    );
    let sending = lease_send(&store, late + 60_000).await;
    assert!(sending.maybe_sent);
    settle(&store, &sending, SendOutcome::Sent { at_ms: late }, late).await;
    drop(store);

    let store = backend.open();
    assert!(lease_sends(&store, NOW + 86_400_000).await.is_empty());
    let lease = lease_one(&store, late).await;
    assert_eq!(text(&lease.inputs[0].body), "frozen");
    assert_eq!(lease.state, Some(sealed("executing")));
    store.commit_turn(done(&lease, late)).await.unwrap();
    assert_eq!(store.audit(conversation(1)).await.unwrap().len(), 1);
    drop(store);
    nothing_to_lease(&backend.open(), NOW + 86_400_000).await;
}

/// Many workers, many conversations: every input is done once, in order within its conversation.
pub(in crate::store) async fn conversations_run_side_by_side<B: Backend>(backend: &B) {
    let store = std::sync::Arc::new(backend.open());
    let feed = async {
        for round in 0..30 {
            let events = (0..20)
                .map(|number| arrival(conversation(number), NOW + round, &format!("{round:02}")))
                .collect();
            store.accept(unit(events, NOW + round)).await.unwrap();
        }
    };
    let seen = std::sync::Mutex::new(BTreeMap::<ConversationId, Vec<String>>::new());
    let count = std::sync::atomic::AtomicUsize::new(0);
    let worker = || async {
        use std::sync::atomic::Ordering::Relaxed;
        while count.load(Relaxed) < 600 {
            let arrived = store.work_arrived();
            let leases = store.lease_turns(NODE, NOW, LEASE, 3).await.unwrap();
            if leases.is_empty() && count.load(Relaxed) < 600 {
                arrived.await;
            }
            for lease in leases {
                let bodies = lease.inputs.iter().map(|input| text(&input.body));
                seen.lock()
                    .unwrap()
                    .entry(lease.conversation)
                    .or_default()
                    .extend(bodies);
                let inputs = lease.inputs.len();
                store.commit_turn(done(&lease, NOW)).await.unwrap();
                count.fetch_add(inputs, Relaxed);
            }
        }
        // Whoever sees the end tells the others, who wait for work.
        let nobody = PageId::from("nobody");
        store.pause_page(&nobody, None).await.unwrap();
    };
    let ((), _) = futures::join!(feed, futures::future::join_all((0..6).map(|_| worker())));
    let expected: Vec<String> = (0..30).map(|round| format!("{round:02}")).collect();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 20);
    assert!(seen.values().all(|bodies| *bodies == expected));
    nothing_to_lease(&*store, NOW).await;
}
