//! Sends: order, echoes, overtaking, death.

use std::collections::BTreeMap;

use super::*;

pub(in crate::store) async fn sends_of_a_conversation_go_one_at_a_time_in_order<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    // Given out of order: the ordinal decides within a turn, the commit between turns.
    let parts = vec![
        send(1, 1, SendClass::Answer),
        send(1, 0, SendClass::Answer),
        send(1, 2, SendClass::Prompt),
    ];
    say(&store, 1, NOW, parts).await;
    say(&store, 1, NOW + 1, vec![send(2, 0, SendClass::Notice)]).await;
    for expected in ["say 1.0", "say 1.1", "say 1.2", "say 2.0"] {
        let lease = lease_send(&store, NOW + 2).await;
        assert_eq!(text(&lease.body), expected);
        assert!(
            lease_sends(&store, NOW + 2).await.is_empty(),
            "one in flight"
        );
        settle(
            &store,
            &lease,
            SendOutcome::Sent { at_ms: NOW + 2 },
            NOW + 2,
        )
        .await;
    }
    assert!(lease_sends(&store, NOW + 2).await.is_empty());
}

pub(in crate::store) async fn sends_of_different_conversations_go_side_by_side<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    for number in 1..=5 {
        say(
            &store,
            number,
            NOW + i64::from(number),
            vec![send(number, 0, SendClass::Answer)],
        )
        .await;
    }
    let first = store.lease_sends(NODE, NOW + 9, LEASE, 2).await.unwrap();
    assert_eq!(first.len(), 2, "no more than asked for");
    assert_eq!(
        first[0].conversation,
        conversation(1),
        "the one that has waited longest"
    );
    assert_eq!(lease_sends(&store, NOW + 9).await.len(), 3);
    // A retry of one holds up nobody else.
    let retry = SendOutcome::Retry {
        at_ms: NOW + 60_000,
        maybe_sent: false,
    };
    settle(&store, &first[0], retry, NOW + 9).await;
    settle(
        &store,
        &first[1],
        SendOutcome::Sent { at_ms: NOW + 9 },
        NOW + 9,
    )
    .await;
    say(&store, 2, NOW + 10, vec![send(22, 0, SendClass::Answer)]).await;
    assert_eq!(
        lease_send(&store, NOW + 10).await.conversation,
        conversation(2)
    );
}

pub(in crate::store) async fn urgent_overtakes_between_turns_and_never_inside_one<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    let two = |turn| {
        vec![
            send(turn, 0, SendClass::Answer),
            send(turn, 1, SendClass::Outcome),
        ]
    };
    say(&store, 1, NOW, two(1)).await;
    say(&store, 1, NOW + 1, two(2)).await;
    let begun = lease_send(&store, NOW + 1).await;
    let urgent = vec![send(3, 0, SendClass::Urgent), send(3, 1, SendClass::Answer)];
    say(&store, 1, NOW + 2, urgent).await;
    // Turn 1 has begun, so it ends first; then the urgent turn, whole; then turn 2.
    settle(
        &store,
        &begun,
        SendOutcome::Sent { at_ms: NOW + 2 },
        NOW + 2,
    )
    .await;
    for expected in ["say 1.1", "say 3.0", "say 3.1", "say 2.0", "say 2.1"] {
        let lease = lease_send(&store, NOW + 3).await;
        assert_eq!(text(&lease.body), expected);
        settle(
            &store,
            &lease,
            SendOutcome::Sent { at_ms: NOW + 3 },
            NOW + 3,
        )
        .await;
    }

    // A turn whose first part surely did not go out has not begun: it can be overtaken while it waits.
    say(&store, 1, NOW + 4, two(4)).await;
    let held_up = lease_send(&store, NOW + 4).await;
    let retry = SendOutcome::Retry {
        at_ms: NOW + 600_000,
        maybe_sent: false,
    };
    settle(&store, &held_up, retry, NOW + 4).await;
    say(&store, 1, NOW + 5, vec![send(5, 0, SendClass::Urgent)]).await;
    assert_eq!(text(&lease_send(&store, NOW + 5).await.body), "say 5.0");
}

pub(in crate::store) async fn an_expired_send_may_be_out_and_waits_for_its_echo<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    say(&store, 1, NOW, vec![send(1, 0, SendClass::Outcome)]).await;
    let first = lease_send(&store, NOW).await;
    let early = NOW + LEASE + ECHO_WAIT - 1;
    assert!(lease_sends(&store, early).await.is_empty());
    assert_eq!(store.next_due().await.unwrap(), Some(early + 1));
    let again = lease_send(&store, early + 1).await;
    assert_eq!(again.id, first.id);
    assert_eq!((again.attempt, again.maybe_sent), (2, true));
    let sent = SendOutcome::Sent { at_ms: early };
    is_lost(store.settle_send(first.id, first.fence, sent, early).await);

    // A time-out after sending waits as well, and what may be out stays so.
    let retry = |maybe_sent| SendOutcome::Retry {
        at_ms: early + 1_000,
        maybe_sent,
    };
    settle(&store, &again, retry(true), early).await;
    assert!(lease_sends(&store, early + ECHO_WAIT - 1).await.is_empty());
    let again = lease_send(&store, early + ECHO_WAIT).await;
    assert!(again.maybe_sent);
    settle(&store, &again, retry(false), early).await;
    assert!(lease_send(&store, early + 1_000).await.maybe_sent);

    // In flight when the process ended: the echo gets time to arrive after the start.
    drop(store);
    let store = backend.open();
    let start = NOW + 86_400_000;
    assert!(lease_sends(&store, start).await.is_empty());
    assert!(lease_sends(&store, start + ECHO_WAIT).await.is_empty());
    assert!(lease_send(&store, start + 60_000).await.maybe_sent);
}

pub(in crate::store) async fn an_echo_settles_a_send_in_flight<B: Backend>(backend: &B) {
    let store = backend.open();
    let parts = vec![send(1, 0, SendClass::Answer), send(1, 1, SendClass::Answer)];
    say(&store, 1, NOW, parts).await;
    let lease = lease_send(&store, NOW).await;
    let accepted = store.accept(echo(lease.id, NOW + 3)).await.unwrap();
    assert_eq!(accepted.settled, 1);
    assert_eq!(store.sent_at(lease.id).await.unwrap(), Some(NOW + 3));
    // The next part goes at once; whatever the first call still answers changes nothing.
    let next = lease_send(&store, NOW + 4).await;
    assert_eq!(text(&next.body), "say 1.1");
    let dead = SendOutcome::Dead {
        reason: "rejected",
        input: Some(input(conversation(1), NOW, "the prompt failed")),
    };
    settle(&store, &lease, dead, NOW + 5).await;
    assert_eq!(store.sent_at(lease.id).await.unwrap(), Some(NOW + 3));
    nothing_to_lease(&store, NOW + 5).await;
    settle(&store, &next, SendOutcome::Sent { at_ms: NOW + 6 }, NOW + 6).await;
    assert_eq!(
        store
            .accept(echo(OutboxId([99; 16]), NOW))
            .await
            .unwrap()
            .settled,
        0
    );
}

pub(in crate::store) async fn an_echo_corrects_the_time_and_even_a_death<B: Backend>(backend: &B) {
    let store = backend.open();
    say(&store, 1, NOW, vec![send(1, 0, SendClass::Prompt)]).await;
    let lease = lease_send(&store, NOW).await;
    settle(
        &store,
        &lease,
        SendOutcome::Sent { at_ms: NOW + 500 },
        NOW + 500,
    )
    .await;
    let accepted = store.accept(echo(lease.id, NOW + 100)).await.unwrap();
    assert_eq!(accepted.settled, 0, "it was settled");
    assert_eq!(store.sent_at(lease.id).await.unwrap(), Some(NOW + 100));

    say(&store, 1, NOW + 1, vec![send(2, 0, SendClass::Prompt)]).await;
    let lease = lease_send(&store, NOW + 1).await;
    let dead = SendOutcome::Dead {
        reason: "rejected",
        input: None,
    };
    settle(&store, &lease, dead, NOW + 1).await;
    assert_eq!(store.sent_at(lease.id).await.unwrap(), None);
    store.accept(echo(lease.id, NOW + 2)).await.unwrap();
    assert_eq!(store.sent_at(lease.id).await.unwrap(), Some(NOW + 2));
}

pub(in crate::store) async fn a_send_that_dies_takes_the_rest_of_its_turn_along<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    let parts = (0..3).map(|n| send(1, n, SendClass::Prompt)).collect();
    say(&store, 1, NOW, parts).await;
    say(&store, 1, NOW + 1, vec![send(2, 0, SendClass::Answer)]).await;
    let first = lease_send(&store, NOW + 1).await;
    settle(
        &store,
        &first,
        SendOutcome::Sent { at_ms: NOW + 1 },
        NOW + 1,
    )
    .await;
    let second = lease_send(&store, NOW + 1).await;
    let dead = SendOutcome::Dead {
        reason: "window_closed",
        input: Some(input(conversation(1), NOW + 2, "the prompt failed")),
    };
    settle(&store, &second, dead.clone(), NOW + 2).await;
    is_lost(
        store
            .settle_send(OutboxId([98; 16]), second.fence, dead, NOW)
            .await,
    );
    // The other turn goes on, and the conversation hears of it.
    assert_eq!(text(&lease_send(&store, NOW + 2).await.body), "say 2.0");
    assert_eq!(
        text(&lease_one(&store, NOW + 2).await.inputs[0].body),
        "the prompt failed"
    );
    let letters = store.dead_letters(9).await.unwrap();
    let buried: BTreeMap<String, &str> = letters
        .iter()
        .map(|letter| (text(&letter.body), letter.error.as_str()))
        .collect();
    let expected = [("say 1.1", "window_closed"), ("say 1.2", "cancelled")];
    let expected = expected.map(|(body, error)| (body.to_owned(), error));
    assert_eq!(buried, BTreeMap::from(expected));
    assert!(letters.iter().all(|letter| letter.lane == Lane::Outbox));
}

pub(in crate::store) async fn a_send_is_tried_again_at_its_time<B: Backend>(backend: &B) {
    let store = backend.open();
    let parts = vec![send(1, 0, SendClass::Answer), send(1, 1, SendClass::Answer)];
    say(&store, 1, NOW, parts).await;
    let lease = lease_send(&store, NOW).await;
    let retry = SendOutcome::Retry {
        at_ms: NOW + 1_000,
        maybe_sent: false,
    };
    settle(&store, &lease, retry.clone(), NOW).await;
    is_lost(store.settle_send(lease.id, lease.fence, retry, NOW).await);
    assert!(
        lease_sends(&store, NOW + 999).await.is_empty(),
        "the second part waits too"
    );
    let again = lease_send(&store, NOW + 1_000).await;
    assert_eq!(again.id, lease.id);
    assert_eq!((again.attempt, again.maybe_sent), (2, false));
}

pub(in crate::store) async fn a_paused_page_sends_nothing<B: Backend>(backend: &B) {
    let store = backend.open();
    let page = PageId::from("page-1");
    let pause = |until_ms| PagePause {
        page: page.clone(),
        until_ms,
        reason: "token".to_owned(),
        code: Some(190),
    };
    say(&store, 1, NOW, vec![send(1, 0, SendClass::Answer)]).await;
    let mut other = send(2, 0, SendClass::Answer);
    other.page = PageId::from("page-2");
    say(&store, 2, NOW, vec![other]).await;
    store.pause_page(&page, Some(pause(None))).await.unwrap();
    assert_eq!(store.page_pauses().await.unwrap(), [pause(None)]);
    let lease = lease_send(&store, NOW).await;
    assert_eq!(lease.page, PageId::from("page-2"));
    settle(&store, &lease, SendOutcome::Sent { at_ms: NOW }, NOW).await;
    assert_eq!(store.next_due().await.unwrap(), None);

    // A pause with an end ends by itself, and survives a restart.
    store
        .pause_page(&page, Some(pause(Some(NOW + 500))))
        .await
        .unwrap();
    drop(store);
    let store = backend.open();
    assert_eq!(store.next_due().await.unwrap(), Some(NOW + 500));
    assert!(lease_sends(&store, NOW + 499).await.is_empty());
    store.pause_page(&page, Some(pause(None))).await.unwrap();
    assert!(lease_sends(&store, NOW + 500).await.is_empty());
    store.pause_page(&page, None).await.unwrap();
    assert!(store.page_pauses().await.unwrap().is_empty());
    assert_eq!(
        lease_send(&store, NOW + 500).await.conversation,
        conversation(1)
    );
}

pub(in crate::store) async fn send_times_are_forgotten_after_48_hours<B: Backend>(backend: &B) {
    let store = backend.open();
    say(&store, 1, NOW, vec![send(1, 0, SendClass::Answer)]).await;
    let lease = lease_send(&store, NOW).await;
    settle(&store, &lease, SendOutcome::Sent { at_ms: NOW }, NOW).await;
    let swept = store.sweep(NOW + SEEN_MS - 1, FOREVER).await.unwrap();
    assert_eq!(swept.sends, 0);
    assert_eq!(store.sent_at(lease.id).await.unwrap(), Some(NOW));
    let swept = store.sweep(NOW + SEEN_MS, FOREVER).await.unwrap();
    assert_eq!(swept.sends, 1);
    assert_eq!(store.sent_at(lease.id).await.unwrap(), None);
}
