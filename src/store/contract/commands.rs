//! Bank commands: T1 to T3, and what is never done twice.

use super::*;

pub(in crate::store) async fn a_command_is_leased_once_and_settled<B: Backend>(backend: &B) {
    let store = backend.open();
    for (number, outcome) in (1..).zip(["done", "rejected", "needs_approval", "not_sent"]) {
        order_a_command(&store, number).await;
        assert_eq!(store.depths(NOW).await.unwrap().commands, 1);
        let lease = lease_command(&store, NOW + 1).await;
        assert_eq!(lease.id, CommandId([number; 16]));
        assert_eq!(lease.conversation, conversation(number));
        assert_eq!((lease.attempt, lease.checks, lease.checking), (1, 0, false));
        assert_eq!(
            (lease.kind.as_str(), lease.not_after_ms),
            ("freeze_card", NOW + 120_000)
        );
        assert_eq!(text(&lease.body), "freeze");
        no_command(&store, NOW + 1).await;
        let settled = CommandSettled::Final {
            outcome,
            input: input(conversation(number), NOW + 2, "reported"),
        };
        store
            .settle_command(lease.id, lease.fence, settled.clone(), NOW + 2)
            .await
            .unwrap();
        is_lost(
            store
                .settle_command(lease.id, lease.fence, settled, NOW + 2)
                .await,
        );
        no_command(&store, NOW + 86_400_000).await;
        let reported = lease_one(&store, NOW + 2).await;
        assert_eq!(text(&reported.inputs[0].body), "reported");
        store.commit_turn(done(&reported, NOW + 2)).await.unwrap();
        assert_eq!(store.depths(NOW).await.unwrap().commands, 0);
    }
    order_a_command(&store, 9).await;
    let lease = lease_command(&store, NOW).await;
    let settled = CommandSettled::Final {
        outcome: "perhaps",
        input: input(conversation(9), NOW, "?"),
    };
    is_inconsistent(
        store
            .settle_command(lease.id, lease.fence, settled, NOW)
            .await,
    );
}

pub(in crate::store) async fn an_expired_command_is_never_ready_again<B: Backend>(backend: &B) {
    let store = backend.open();
    order_a_command(&store, 1).await;
    let first = lease_command(&store, NOW).await;
    no_command(&store, NOW + LEASE - 1).await;
    drop(store);
    let store = backend.open();
    // Even past its time: it may have reached the bank, so somebody must find out.
    let second = lease_command(&store, NOW + 500_000).await;
    assert_eq!((second.attempt, second.checking), (2, false));
    assert!(second.fence > first.fence);
    // A second try that surely failed does not make the first one undone.
    let retry = CommandSettled::Retry {
        at_ms: NOW + 500_001,
    };
    store
        .settle_command(second.id, second.fence, retry, NOW + 500_000)
        .await
        .unwrap();
    assert_eq!(lease_command(&store, NOW + 500_001).await.attempt, 2);
}

pub(in crate::store) async fn a_command_whose_time_passed_is_known_as_unsent<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    order_a_command(&store, 1).await;
    let late = NOW + 120_001;
    let first = lease_command(&store, late).await;
    assert_eq!(first.attempt, 1);
    drop(store);
    let store = backend.open();
    // The process died before it could say so: still the first try, still unsent.
    let again = lease_command(&store, late + LEASE).await;
    assert_eq!(again.attempt, 1);
    let settled = CommandSettled::Final {
        outcome: "not_sent",
        input: input(conversation(1), late, "not sent"),
    };
    store
        .settle_command(again.id, again.fence, settled, late + LEASE)
        .await
        .unwrap();
    no_command(&store, late + 9 * LEASE).await;
}

pub(in crate::store) async fn an_unknown_command_is_checked_when_due<B: Backend>(backend: &B) {
    let store = backend.open();
    order_a_command(&store, 1).await;
    let lease = lease_command(&store, NOW).await;
    let unknown = |at_ms, input| CommandSettled::Unknown { at_ms, input };
    let told = input(conversation(1), NOW, "not known yet");
    let settled = unknown(Some(NOW + 60_000), Some(told));
    store
        .settle_command(lease.id, lease.fence, settled, NOW)
        .await
        .unwrap();
    assert_eq!(
        text(&lease_one(&store, NOW).await.inputs[0].body),
        "not known yet"
    );
    no_command(&store, NOW + 59_999).await;
    assert_eq!(store.depths(NOW).await.unwrap().commands, 1);

    let check = lease_command(&store, NOW + 60_000).await;
    assert_eq!((check.attempt, check.checks, check.checking), (1, 1, true));
    // The bank could not be asked: this check does not count.
    let retry = CommandSettled::Retry {
        at_ms: NOW + 61_000,
    };
    store
        .settle_command(check.id, check.fence, retry, NOW + 60_000)
        .await
        .unwrap();
    let check = lease_command(&store, NOW + 61_000).await;
    assert_eq!((check.attempt, check.checks, check.checking), (1, 1, true));
    // The process dies in a check: checked again, still only asked about.
    drop(store);
    let store = backend.open();
    let check = lease_command(&store, NOW + 61_000 + LEASE).await;
    assert_eq!((check.attempt, check.checks, check.checking), (1, 2, true));
    store
        .settle_command(check.id, check.fence, unknown(None, None), NOW + 99_000)
        .await
        .unwrap();
    no_command(&store, NOW + 86_400_000).await;
}

pub(in crate::store) async fn a_command_retried_is_as_if_never_sent<B: Backend>(backend: &B) {
    let store = backend.open();
    order_a_command(&store, 1).await;
    let lease = lease_command(&store, NOW).await;
    let retry = CommandSettled::Retry { at_ms: NOW + 1_000 };
    store
        .settle_command(lease.id, lease.fence, retry, NOW)
        .await
        .unwrap();
    no_command(&store, NOW + 999).await;
    let again = lease_command(&store, NOW + 1_000).await;
    assert_eq!(again.attempt, 1, "it surely did not reach the bank");
}

pub(in crate::store) async fn the_same_command_twice_is_refused<B: Backend>(backend: &B) {
    let store = backend.open();
    order_a_command(&store, 1).await;
    let lease = turn(&store, 2, NOW).await;
    let mut commit = done(&lease, NOW);
    commit.state = Some(sealed("state"));
    commit.sends = vec![send(2, 0, SendClass::Answer)];
    commit.commands = vec![command(1, NOW)];
    is_inconsistent(store.commit_turn(commit).await);
    assert_eq!(store.state(conversation(2)).await.unwrap(), None);
    assert!(lease_sends(&store, NOW).await.is_empty(), "all or nothing");
    let mut commit = done(&lease, NOW);
    commit.sends = vec![send(2, 0, SendClass::Answer), send(2, 0, SendClass::Answer)];
    is_inconsistent(store.commit_turn(commit).await);
    assert!(lease_sends(&store, NOW).await.is_empty(), "all or nothing");
    store.commit_turn(done(&lease, NOW)).await.unwrap();
}

pub(in crate::store) async fn a_stale_command_fence_changes_nothing<B: Backend>(backend: &B) {
    let store = backend.open();
    order_a_command(&store, 1).await;
    let stale = lease_command(&store, NOW).await;
    let lease = lease_command(&store, NOW + LEASE).await;
    let settled = CommandSettled::Final {
        outcome: "not_sent",
        input: input(conversation(1), NOW, "stale"),
    };
    is_lost(
        store
            .settle_command(stale.id, stale.fence, settled.clone(), NOW)
            .await,
    );
    is_lost(
        store
            .settle_command(CommandId([9; 16]), stale.fence, settled, NOW)
            .await,
    );
    nothing_to_lease(&store, NOW).await;
    let settled = CommandSettled::Unknown {
        at_ms: None,
        input: None,
    };
    store
        .settle_command(lease.id, lease.fence, settled, NOW)
        .await
        .unwrap();
}
