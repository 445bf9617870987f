//! Receiving: once, whatever Meta delivers how often.

use super::*;

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
