//! Timers, cases, audit, records, and what operators see.

use super::*;
use crate::store::audit::{self, Opened, Verdict};

fn timer(subject: &str, due_ms: Option<i64>) -> NewTimer {
    NewTimer {
        kind: "reminder".to_owned(),
        subject: subject.to_owned(),
        due_ms,
        body: sealed(&format!("{subject} at {due_ms:?}")),
    }
}

pub(in crate::store) async fn a_timer_fires_once_as_an_input<B: Backend>(backend: &B) {
    let store = backend.open();
    let lease = turn(&store, 1, NOW).await;
    let mut commit = done(&lease, NOW);
    commit.timers = vec![timer("a", Some(NOW + 100)), timer("b", Some(NOW + 50))];
    store.commit_turn(commit).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(NOW + 50));
    assert_eq!(store.due_timers(NOW + 49, 9).await.unwrap(), 0);
    drop(store);
    let store = backend.open();
    assert_eq!(store.due_timers(NOW + 500, 1).await.unwrap(), 1);
    assert_eq!(store.due_timers(NOW + 500, 9).await.unwrap(), 1);
    assert_eq!(store.due_timers(NOW + 500, 9).await.unwrap(), 0);
    let lease = lease_one(&store, NOW + 500).await;
    let fired: Vec<(i64, String)> = lease
        .inputs
        .iter()
        .map(|input| (input.at_ms, text(&input.body)))
        .collect();
    let expected = [("b", NOW + 50), ("a", NOW + 100)];
    assert_eq!(
        fired,
        expected.map(|(name, at)| (at, format!("{name} at {:?}", Some(at))))
    );
}

pub(in crate::store) async fn a_timer_set_again_moves<B: Backend>(backend: &B) {
    let store = backend.open();
    let lease = turn(&store, 1, NOW).await;
    let mut commit = done(&lease, NOW);
    commit.timers = vec![
        timer("moved", Some(NOW + 50)),
        timer("moved", Some(NOW + 80)),
        timer("gone", Some(NOW + 50)),
        timer("gone", None),
        timer("never there", None),
    ];
    store.commit_turn(commit).await.unwrap();
    assert_eq!(store.due_timers(NOW + 79, 9).await.unwrap(), 0);
    assert_eq!(store.due_timers(NOW + 80, 9).await.unwrap(), 1);
}

pub(in crate::store) async fn cases_are_opened_changed_and_listed<B: Backend>(backend: &B) {
    let store = backend.open();
    let first = store.next_case_number().await.unwrap();
    let second = store.next_case_number().await.unwrap();
    assert_eq!((first, second), (CaseNumber(1), CaseNumber(2)));
    let case = |number, status: &str| CaseWrite {
        number,
        kind: "dispute".to_owned(),
        status: status.to_owned(),
        opened_ms: NOW,
        body: sealed(status),
    };
    let lease = turn(&store, 1, NOW).await;
    let mut commit = done(&lease, NOW);
    commit.cases = vec![case(first, "open"), case(second, "open")];
    store.commit_turn(commit).await.unwrap();
    let lease = turn(&store, 1, NOW + 5).await;
    let mut commit = done(&lease, NOW + 5);
    commit.cases = vec![case(first, "closed")];
    store.commit_turn(commit).await.unwrap();

    let shape = |cases: Vec<CaseRow>| -> Vec<(i64, String, i64)> {
        let shape = |row: CaseRow| (row.case.number.0, row.case.status, row.changed_ms);
        cases.into_iter().map(shape).collect()
    };
    let all = shape(store.cases(false, 9).await.unwrap());
    assert_eq!(
        all,
        [
            (2, "open".to_owned(), NOW),
            (1, "closed".to_owned(), NOW + 5)
        ]
    );
    let open = shape(store.cases(true, 9).await.unwrap());
    assert_eq!(open, [(2, "open".to_owned(), NOW)]);
    assert_eq!(store.cases(false, 1).await.unwrap().len(), 1);
    let case = store.case(first).await.unwrap().unwrap();
    assert_eq!(case.conversation, conversation(1));
    assert_eq!(
        (case.case.kind.as_str(), case.case.opened_ms),
        ("dispute", NOW)
    );
    assert_eq!(case.case.body, sealed("closed"));
    assert!(store.case(CaseNumber(77)).await.unwrap().is_none());
    drop(store);
    let store = backend.open();
    assert_eq!(store.next_case_number().await.unwrap(), CaseNumber(3));
}

pub(in crate::store) async fn a_case_of_another_conversation_is_not_overwritten<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    let number = store.next_case_number().await.unwrap();
    for (customer, good) in [(1, true), (2, false)] {
        let lease = turn(&store, customer, NOW).await;
        let mut commit = done(&lease, NOW);
        commit.cases = vec![CaseWrite {
            number,
            kind: "dispute".to_owned(),
            status: "open".to_owned(),
            opened_ms: NOW,
            body: sealed("mine"),
        }];
        let committed = store.commit_turn(commit).await;
        assert_eq!(committed.is_ok(), good);
    }
    let case = store.case(number).await.unwrap().unwrap();
    assert_eq!(case.conversation, conversation(1));
}

pub(in crate::store) async fn the_audit_chain_grows_and_verifies<B: Backend>(backend: &B) {
    let store = backend.open();
    let mut head = [0; 32];
    for number in 1..=3 {
        let lease = turn(&store, 1, NOW + i64::from(number)).await;
        assert_eq!(lease.audit_head, head);
        let entries = vec![entry("said", number), entry("shown", 10 + number)];
        for entry in &entries {
            head = audit::entry_hash(&head, entry);
        }
        let mut commit = done(&lease, NOW);
        commit.audit = entries;
        store.commit_turn(commit).await.unwrap();
    }
    let rows = store.audit(conversation(1)).await.unwrap();
    let end = store.audit_head(conversation(1)).await.unwrap();
    assert_eq!(
        end,
        audit::Head {
            hash: head,
            length: 6
        }
    );
    let verdict = audit::verify(&rows, end, |_| Opened::Erased);
    let whole = Verdict::Verified {
        entries: 6,
        erased: 6,
    };
    assert_eq!(verdict, whole);
    assert_eq!(
        store.audit_head(conversation(2)).await.unwrap(),
        audit::Head::default()
    );
}

pub(in crate::store) async fn records_are_kept_erased_and_swept<B: Backend>(backend: &B) {
    let store = backend.open();
    for at_ms in [NOW, NOW + 10, NOW + 20] {
        let lease = turn(&store, 1, at_ms).await;
        let mut commit = done(&lease, at_ms);
        commit.record = Some((at_ms, sealed(&format!("turn at {}", at_ms - NOW))));
        store.commit_turn(commit).await.unwrap();
    }
    let lease = turn(&store, 1, NOW + 30).await;
    let mut commit = done(&lease, NOW + 30);
    commit.erase_records_since_ms = Some(NOW + 10);
    commit.record = Some((NOW + 30, sealed("after the erasure")));
    store.commit_turn(commit).await.unwrap();
    let kept = |records: Vec<(i64, Sealed)>| -> Vec<String> {
        records.iter().map(|(_, body)| text(body)).collect()
    };
    let records = kept(store.records(conversation(1)).await.unwrap());
    assert_eq!(records, ["turn at 0", "after the erasure"]);
    let month = Retention {
        records_ms: 30 * 86_400_000,
    };
    let swept = store.sweep(NOW + month.records_ms, month).await.unwrap();
    assert_eq!(swept.records, 1);
    let records = kept(store.records(conversation(1)).await.unwrap());
    assert_eq!(records, ["after the erasure"]);
}

pub(in crate::store) async fn what_is_due_next_is_known<B: Backend>(backend: &B) {
    let store = backend.open();
    assert_eq!(store.next_due().await.unwrap(), None);
    let lease = turn(&store, 1, NOW).await;
    assert_eq!(
        store.next_due().await.unwrap(),
        Some(NOW + LEASE),
        "when the lease ends"
    );
    let mut commit = done(&lease, NOW);
    commit.commands = vec![command(1, NOW + 120_000)];
    commit.timers = vec![timer("t", Some(NOW + 70))];
    store.commit_turn(commit).await.unwrap();
    assert_eq!(
        store.next_due().await.unwrap(),
        Some(NOW),
        "the command is ready"
    );
    let lease = lease_command(&store, NOW).await;
    assert_eq!(store.next_due().await.unwrap(), Some(NOW + 70), "the timer");
    assert_eq!(store.due_timers(NOW + 70, 9).await.unwrap(), 1);
    let ready = store.next_due().await.unwrap().unwrap();
    assert!(ready <= NOW + 70, "the timer's input is ready");
    let turn = lease_one(&store, NOW + 70).await;
    store.commit_turn(done(&turn, NOW + 70)).await.unwrap();
    assert_eq!(
        store.next_due().await.unwrap(),
        Some(NOW + LEASE),
        "the command's lease ends"
    );
    let unknown = CommandSettled::Unknown {
        at_ms: None,
        input: None,
    };
    store
        .settle_command(lease.id, lease.fence, unknown, NOW)
        .await
        .unwrap();
    assert_eq!(store.next_due().await.unwrap(), None);
}

pub(in crate::store) async fn depths_count_what_waits<B: Backend>(backend: &B) {
    let store = backend.open();
    assert_eq!(store.depths(NOW).await.unwrap(), Depths::default());
    say(
        &store,
        1,
        NOW,
        vec![send(1, 0, SendClass::Answer), send(1, 1, SendClass::Answer)],
    )
    .await;
    order_a_command(&store, 2).await;
    for number in 3..6 {
        let event = arrival(conversation(number), NOW, "waits");
        store.accept(unit(vec![event], NOW + 100)).await.unwrap();
    }
    let expected = Depths {
        inbox: 3,
        inbox_oldest_ms: 900,
        outbox: 2,
        outbox_oldest_ms: 1_000,
        commands: 1,
        dead_letters: 0,
    };
    assert_eq!(store.depths(NOW + 1_000).await.unwrap(), expected);
    drop(store);
    let store = backend.open();
    assert_eq!(store.depths(NOW + 1_000).await.unwrap(), expected);
    // A clock that was set back shows no negative age.
    assert_eq!(store.depths(NOW - 1_000).await.unwrap().inbox_oldest_ms, 0);
}

pub(in crate::store) async fn a_view_is_spent_once_and_ends<B: Backend>(backend: &B) {
    let store = backend.open();
    let view = |secret: &str, expires_ms| NewView {
        id: ViewId::of(secret),
        expires_ms,
        body: sealed(secret),
    };
    let lease = turn(&store, 1, NOW).await;
    let mut commit = done(&lease, NOW);
    commit.views = vec![
        view("one", NOW + 100),
        view("two", NOW + 100),
        view("three", NOW + 200),
    ];
    store.commit_turn(commit).await.unwrap();
    drop(store);
    let store = backend.open();
    let one = ViewId::of("one");
    let found = store.view(one, NOW).await.unwrap().unwrap();
    assert_eq!(found.conversation, conversation(1));
    assert_eq!(text(&found.body), "one");
    assert!(
        store.view(one, NOW).await.unwrap().is_some(),
        "looking spends nothing"
    );
    assert!(store.view(ViewId::of("none"), NOW).await.unwrap().is_none());
    assert!(store.spend_view(one, NOW + 99).await.unwrap());
    assert!(!store.spend_view(one, NOW + 99).await.unwrap(), "once");
    assert!(store.view(one, NOW).await.unwrap().is_none());
    let two = ViewId::of("two");
    assert!(
        store.view(two, NOW + 100).await.unwrap().is_none(),
        "expired"
    );
    assert!(!store.spend_view(two, NOW + 100).await.unwrap());
    store.sweep(NOW + 150, FOREVER).await.unwrap();
    assert!(store.view(two, NOW).await.unwrap().is_none(), "swept");
    assert!(
        store
            .view(ViewId::of("three"), NOW + 150)
            .await
            .unwrap()
            .is_some()
    );
    assert!(store.forget(conversation(1)).await.unwrap());
    assert!(
        store
            .view(ViewId::of("three"), NOW)
            .await
            .unwrap()
            .is_none()
    );
}

pub(in crate::store) async fn forgetting_waits_and_then_leaves_only_the_proof<B: Backend>(
    backend: &B,
) {
    let store = backend.open();
    let lease = turn(&store, 1, NOW).await;
    assert!(!store.forget(conversation(1)).await.unwrap(), "a turn");
    let number = store.next_case_number().await.unwrap();
    let mut commit = done(&lease, NOW);
    commit.state = Some(sealed("state"));
    commit.record = Some((NOW, sealed("record")));
    commit.audit = vec![entry("said", 1)];
    commit.sends = vec![
        send(1, 0, SendClass::Answer),
        send(1, 1, SendClass::Answer),
        send(1, 2, SendClass::Answer),
    ];
    commit.commands = vec![command(1, NOW + 1)];
    commit.timers = vec![timer("t", Some(NOW + 70))];
    commit.cases = vec![CaseWrite {
        number,
        kind: "dispute".to_owned(),
        status: "open".to_owned(),
        opened_ms: NOW,
        body: sealed("evidence"),
    }];
    store.commit_turn(commit).await.unwrap();
    assert!(!store.forget(conversation(1)).await.unwrap(), "a command");
    let command = lease_command(&store, NOW).await;
    let unknown = |at_ms| CommandSettled::Unknown { at_ms, input: None };
    store
        .settle_command(command.id, command.fence, unknown(Some(NOW + 9)), NOW)
        .await
        .unwrap();
    assert!(!store.forget(conversation(1)).await.unwrap(), "a check");
    let command = lease_command(&store, NOW + 9).await;
    store
        .settle_command(command.id, command.fence, unknown(None), NOW)
        .await
        .unwrap();
    let sending = lease_send(&store, NOW).await;
    assert!(!store.forget(conversation(1)).await.unwrap(), "a send");
    assert!(
        store.state(conversation(1)).await.unwrap().is_some(),
        "nothing changed"
    );
    settle(&store, &sending, SendOutcome::Sent { at_ms: NOW }, NOW).await;
    say(&store, 2, NOW, vec![send(2, 0, SendClass::Answer)]).await;

    assert!(store.forget(conversation(1)).await.unwrap());
    assert!(
        store.forget(conversation(1)).await.unwrap(),
        "again does no harm"
    );
    assert!(
        store.forget(conversation(77)).await.unwrap(),
        "nor of nobody"
    );
    assert_eq!(store.state(conversation(1)).await.unwrap(), None);
    assert!(store.records(conversation(1)).await.unwrap().is_empty());
    assert_eq!(store.due_timers(NOW + 70, 9).await.unwrap(), 0);
    assert_eq!(lease_send(&store, NOW).await.conversation, conversation(2));
    assert_eq!(store.audit(conversation(1)).await.unwrap().len(), 1);
    assert_eq!(store.cases(true, 9).await.unwrap().len(), 1);
    let event = arrival(conversation(1), NOW, &format!("event at {NOW}"));
    assert_eq!(
        store
            .accept(unit(vec![event], NOW))
            .await
            .unwrap()
            .duplicates,
        1
    );
    // Who writes again goes on with the same chain.
    let lease = turn(&store, 1, NOW + 1).await;
    assert_eq!(lease.state, None);
    assert_eq!(
        lease.audit_head,
        store.audit_head(conversation(1)).await.unwrap().hash
    );
    assert_ne!(lease.audit_head, [0; 32]);
}
