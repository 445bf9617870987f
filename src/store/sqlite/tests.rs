//! SQLite against the contract, and what is its own: files, locks, the writer, a full disk.

use tempfile::TempDir;

use super::*;
use crate::store::SendClass;
use crate::store::contract::{
    Backend, NOW, arrival, contract_tests, done, input, sealed, send, unit,
};

/// A database file in a folder of its own.
pub(super) struct Folder {
    folder: TempDir,
    options: SqliteOptions,
}

impl Folder {
    fn with(options: SqliteOptions) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            options,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("bursar.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }
}

impl Backend for Folder {
    type Store = SqliteStore;

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.url(), self.options.clone()).unwrap()
    }
}

/// Tests need not outlive a power cut, and the contract is that of several nodes.
fn quick() -> SqliteOptions {
    SqliteOptions {
        durable: false,
        serve: true,
        take_over_commands: false,
        ..SqliteOptions::default()
    }
}

mod contract {
    use super::*;

    fn sqlite() -> Folder {
        Folder::with(quick())
    }

    contract_tests!(sqlite);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn random_interleavings_lose_and_double_nothing() {
        crate::store::contract::model::random_interleavings_lose_and_double_nothing(sqlite).await;
    }
}

mod contract_in_a_small_window {
    use super::*;

    /// The ready queue holds two inputs; the rest is on disk and taken in as there is room.
    fn sqlite() -> Folder {
        Folder::with(SqliteOptions {
            ready_window: 2,
            ..quick()
        })
    }

    crate::store::contract::contract_tests!(sqlite:
        turns: a_turn_goes_from_event_to_sent_message, inputs_not_done_come_again,
            an_input_added_during_a_lease_waits_for_the_commit,
            a_crash_between_any_two_steps_loses_and_doubles_nothing,
            conversations_run_side_by_side;
        upkeep: depths_count_what_waits;
    );
}

/// Polls a future once, so that what it asks for is queued.
async fn begin<F: Future + Unpin>(future: &mut F) {
    assert!(futures::poll!(future).is_pending());
}

fn wal_pages(path: &std::path::Path) -> i64 {
    let conn = Connection::open(path).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
        .unwrap()
}

fn event(number: u32, at_ms: i64) -> Accept {
    let mut who = [0; 16];
    who[..4].copy_from_slice(&number.to_be_bytes());
    unit(vec![arrival(ConversationId(who), at_ms, "hi")], at_ms)
}

/// An event that takes up more room than what its turn leaves behind.
fn big_event(number: u32, at_ms: i64) -> Accept {
    let mut unit = event(number, at_ms);
    unit.arrivals[0].input.body = sealed(&"x".repeat(1_000));
    unit
}

#[tokio::test]
async fn a_second_process_may_look_but_not_serve() {
    let folder = Folder::with(quick());
    let serving = folder.open();
    let second = SqliteStore::open(&folder.url(), quick());
    assert!(matches!(second, Err(StoreError::InUse)));
    serving.accept(event(1, NOW)).await.unwrap();
    let looking = SqliteOptions {
        serve: false,
        ..quick()
    };
    let looking = SqliteStore::open(&folder.url(), looking).unwrap();
    assert_eq!(looking.depths(NOW).await.unwrap().inbox, 1);
    drop(looking);
    drop(serving);
    drop(folder.open());
}

#[tokio::test]
async fn the_process_that_serves_takes_over_commands_at_once_and_one_that_looks_does_not() {
    let taking = SqliteOptions {
        take_over_commands: true,
        ..quick()
    };
    let folder = Folder::with(taking.clone());
    let first = folder.open();
    first.accept(event(1, NOW)).await.unwrap();
    let node = crate::store::NodeId([1; 16]);
    let lease = first.lease_turns(node, NOW, 60_000, 1).await.unwrap();
    let mut commit = crate::store::contract::done(&lease[0], NOW);
    commit.commands = vec![crate::store::contract::command(1, NOW + 120_000)];
    first.commit_turn(commit).await.unwrap();
    let leased = first.lease_commands(node, NOW, 60_000, 9).await.unwrap();
    assert_eq!(leased.len(), 1);
    let looking = SqliteOptions {
        serve: false,
        ..taking
    };
    let looking = SqliteStore::open(&folder.url(), looking).unwrap();
    let none = looking.lease_commands(node, NOW, 60_000, 9).await.unwrap();
    assert!(none.is_empty(), "the one that serves has it");
    drop((looking, first));
    let second = folder.open();
    let again = second.lease_commands(node, NOW, 60_000, 9).await.unwrap();
    assert_eq!(again[0].attempt, 2, "it may have reached the bank");
    let none = second.lease_commands(node, NOW, 60_000, 9).await.unwrap();
    assert!(none.is_empty(), "taken over once");
}

#[test]
fn a_newer_or_foreign_database_is_refused() {
    let folder = Folder::with(quick());
    drop(folder.open());
    let conn = Connection::open(folder.path()).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    let newer = SqliteStore::open(&folder.url(), quick()).unwrap_err();
    assert!(matches!(newer, StoreError::NewerSchema { found: 99, .. }));

    let foreign = Folder::with(quick());
    let conn = Connection::open(foreign.path()).unwrap();
    conn.execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    let refused = SqliteStore::open(&foreign.url(), quick()).unwrap_err();
    assert!(matches!(refused, StoreError::Inconsistent { .. }));
    // The key store and the database are not taken for each other.
    conn.execute_batch("DROP TABLE recipes").unwrap();
    conn.pragma_update(None, "application_id", 1).unwrap();
    let refused = SqliteStore::open(&foreign.url(), quick()).unwrap_err();
    assert!(matches!(refused, StoreError::Inconsistent { .. }));
}

#[test]
fn an_address_is_a_file_or_memory() {
    let path = |url| connection::path_of(url);
    assert_eq!(path("sqlite:bursar.db"), Some(PathBuf::from("bursar.db")));
    assert_eq!(path("sqlite:///var/b.db"), Some(PathBuf::from("/var/b.db")));
    assert_eq!(path("/var/b.db"), Some(PathBuf::from("/var/b.db")));
    assert_eq!(path("sqlite::memory:"), None);
    let nowhere = SqliteStore::open("sqlite:/nowhere/at/all/b.db", quick());
    assert!(matches!(nowhere, Err(StoreError::Unavailable(Some(_)))));
}

#[tokio::test]
async fn the_in_memory_store_has_all_verbs() {
    let store = SqliteStore::in_memory().unwrap();
    store.accept(event(1, NOW)).await.unwrap();
    let lease = store
        .lease_turns(NodeId([1; 16]), NOW, 1_000, 1)
        .await
        .unwrap()
        .remove(0);
    let mut commit = done(&lease, NOW);
    commit.state = Some(sealed("state"));
    store.commit_turn(commit).await.unwrap();
    assert!(store.state(lease.conversation).await.unwrap().is_some());
    assert_eq!(store.depths(NOW).await.unwrap(), Depths::default());
}

#[tokio::test]
async fn each_migration_applies_to_a_database_that_is_not_empty() {
    for version in 1..=migrations::SAMPLES.len() {
        let folder = Folder::with(quick());
        let mut conn = Connection::open(folder.path()).unwrap();
        migrations::migrate_up_to(&mut conn, version).unwrap();
        // Each sample adds what its version added.
        for sample in &migrations::SAMPLES[..version] {
            conn.execute_batch(sample).unwrap();
        }
        drop(conn);
        let store = folder.open();
        let version_now: u32 = Connection::open(folder.path())
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version_now as usize, migrations::SAMPLES.len());

        // The rows do what they did.
        let node = NodeId([1; 16]);
        let lease = store.lease_turns(node, NOW, 9, 9).await.unwrap().remove(0);
        assert_eq!(
            (lease.inputs[0].id, lease.inputs[0].attempt),
            (InboxId(17), 2)
        );
        assert!(lease.fence.0 > 10_000 && lease.state.is_some());
        store.commit_turn(done(&lease, NOW)).await.unwrap();
        assert_eq!(store.lease_sends(node, NOW, 9, 9).await.unwrap().len(), 1);
        assert_eq!(
            store.lease_commands(node, NOW, 9, 9).await.unwrap()[0].attempt,
            2
        );
        assert_eq!(store.due_timers(NOW, 9).await.unwrap(), 1);
        assert_eq!(store.cases(true, 9).await.unwrap().len(), 1);
        assert_eq!(store.next_case_number().await.unwrap().0, 2);
        assert_eq!(store.audit(ConversationId([2; 16])).await.unwrap().len(), 1);
        assert_eq!(
            store.records(ConversationId([1; 16])).await.unwrap().len(),
            1
        );
        assert_eq!(store.page_pauses().await.unwrap().len(), 1);
        assert_eq!(store.dead_letters(9).await.unwrap().len(), 1);
        assert!(store.sent_at(OutboxId([0x0c; 16])).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_writer_that_fails_starts_again_and_loses_nothing() {
    let folder = Folder::with(quick());
    let store = folder.open();
    store.accept(event(1, NOW)).await.unwrap();
    let node = NodeId([1; 16]);
    let lease = store
        .lease_turns(node, NOW, 9_999, 9)
        .await
        .unwrap()
        .remove(0);

    // What is in the same batch gets an answer: none of it was committed. What comes after works.
    let blocker = Connection::open(folder.path()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut held = store.accept(event(2, NOW));
    begin(&mut held).await;
    store.panic_writer();
    let mut after = store.accept(event(3, NOW));
    begin(&mut after).await;
    blocker.execute_batch("ROLLBACK").unwrap();
    let (held, after) = (held.await, after.await);
    let stored = 1 + usize::from(held.is_ok()) + usize::from(after.is_ok());
    for failed in [held, after].into_iter().filter_map(Result::err) {
        assert!(matches!(failed, StoreError::Unavailable(_)));
    }

    store.accept(event(4, NOW)).await.unwrap();
    let lost = store.commit_turn(done(&lease, NOW)).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    let leases = store.lease_turns(node, NOW, 9_999, 9).await.unwrap();
    assert_eq!(
        leases.len(),
        stored + 1,
        "those that were answered, and no others"
    );
    for lease in leases {
        store.commit_turn(done(&lease, NOW)).await.unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_changes_nothing_and_ends_when_there_is_room() {
    let folder = Folder::with(SqliteOptions {
        max_pages: Some(200),
        ..quick()
    });
    let store = folder.open();
    let mut stored: u32 = 0;
    let failed = loop {
        match store.accept(big_event(stored, NOW)).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(failed, StoreError::Unavailable(Some(_))),
        "{failed:?}"
    );
    assert!(stored > 100);
    assert_eq!(store.depths(NOW).await.unwrap().inbox, u64::from(stored));
    // The one that failed left no trace: it is not taken for a duplicate later.
    // Turns that make room go through, even in one batch with messages that find none.
    let node = NodeId([1; 16]);
    let count = usize::try_from(stored).unwrap();
    let leases = store.lease_turns(node, NOW, 9_999, count).await.unwrap();
    assert_eq!(leases.len(), count);
    let blocker = Connection::open(folder.path()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let accepts: Vec<_> = (0..8)
        .map(|n| store.accept(big_event(stored + n, NOW)))
        .collect();
    let commits = leases
        .iter()
        .map(|lease| store.commit_turn(done(lease, NOW)));
    let mut accepts = futures::future::join_all(accepts);
    let mut commits = futures::future::join_all(commits);
    begin(&mut accepts).await;
    begin(&mut commits).await;
    blocker.execute_batch("ROLLBACK").unwrap();
    for accepted in accepts.await {
        assert!(matches!(accepted, Ok(_) | Err(StoreError::Unavailable(_))));
    }
    for (committed, lease) in commits.await.into_iter().zip(&leases) {
        if committed.is_err() {
            // The lease is still good: nothing was changed.
            store.commit_turn(done(lease, NOW)).await.unwrap();
        }
    }
    let accepted = store.accept(big_event(stored, NOW)).await.unwrap();
    assert_eq!(accepted.stored + accepted.duplicates, 1);
    let again = store.accept(big_event(0, NOW)).await.unwrap();
    assert_eq!(again.duplicates, 1);
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let folder = Folder::with(SqliteOptions {
        accept_queue: 2,
        accept_wait: Duration::ZERO,
        ..quick()
    });
    let store = folder.open();
    let blocker = Connection::open(folder.path()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut first = store.accept(event(1, NOW));
    let mut second = store.accept(event(2, NOW));
    begin(&mut first).await;
    begin(&mut second).await;
    let third = store.accept(event(3, NOW)).await;
    assert!(matches!(third, Err(StoreError::Overloaded)));
    blocker.execute_batch("ROLLBACK").unwrap();
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(store.accept(event(3, NOW)).await.unwrap().stored, 1);
}

#[tokio::test]
async fn one_bad_unit_in_a_batch_fails_alone() {
    let folder = Folder::with(quick());
    let store = folder.open();
    for number in 0..20 {
        store.accept(event(number, NOW)).await.unwrap();
    }
    let node = NodeId([1; 16]);
    let leases = store.lease_turns(node, NOW, 9_999, 20).await.unwrap();
    let blocker = Connection::open(folder.path()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let commits = leases.iter().enumerate().map(|(number, lease)| {
        let mut commit = done(lease, NOW);
        // The third says the same twice, after it has written other things.
        let ordinal = if number == 2 { [0, 0] } else { [0, 1] };
        let turn = u8::try_from(number).unwrap();
        commit.sends = ordinal.map(|n| send(turn, n, SendClass::Answer)).to_vec();
        commit.state = Some(sealed("state"));
        store.commit_turn(commit)
    });
    let mut commits = futures::future::join_all(commits);
    begin(&mut commits).await;
    blocker.execute_batch("ROLLBACK").unwrap();
    for (number, committed) in commits.await.into_iter().enumerate() {
        assert_eq!(committed.is_ok(), number != 2, "{committed:?}");
    }
    assert_eq!(store.state(leases[2].conversation).await.unwrap(), None);
    assert_eq!(store.depths(NOW).await.unwrap().outbox, 38);
    store.commit_turn(done(&leases[2], NOW)).await.unwrap();
}

#[tokio::test]
async fn inputs_beyond_the_window_wait_on_disk_and_keep_their_order() {
    let folder = Folder::with(SqliteOptions {
        ready_window: 10,
        ..quick()
    });
    let store = folder.open();
    for number in 0..500 {
        store
            .accept(event(number, NOW + i64::from(number)))
            .await
            .unwrap();
    }
    assert_eq!(store.depths(NOW).await.unwrap().inbox, 500);
    drop(store);
    let store = folder.open();
    assert_eq!(store.depths(NOW).await.unwrap().inbox, 500);
    let mut order = Vec::new();
    loop {
        let leases = store
            .lease_turns(NodeId([1; 16]), NOW, 99, 7)
            .await
            .unwrap();
        if leases.is_empty() {
            break;
        }
        for lease in leases {
            order.push(lease.inputs[0].at_ms - NOW);
            store.commit_turn(done(&lease, NOW)).await.unwrap();
        }
    }
    assert_eq!(order, (0..500).collect::<Vec<i64>>());
    assert_eq!(store.depths(NOW).await.unwrap().inbox, 0);
}

#[tokio::test]
async fn the_log_starts_over_when_it_is_long() {
    let folder = Folder::with(quick());
    let store = folder.open();
    let long = u32::try_from(checkpoint::LONG).unwrap();
    let fill = |from: u32| {
        let store = &store;
        async move {
            // Each a commit of its own, of at least two pages.
            for number in from..from + long / 2 {
                store.accept(event(number, NOW)).await.unwrap();
            }
        }
    };
    fill(0).await;
    // As the thread does, at a moment of our choosing.
    let checkpointer = Checkpointer::new(folder.path(), false);
    assert!(checkpointer.pass(&mut None).unwrap() > 0);
    checkpointer.ask_to_finish();
    checkpointer.finish(&Connection::open(folder.path()).unwrap());
    store.accept(event(long, NOW)).await.unwrap();
    assert!(wal_pages(&folder.path()) < 100, "the log began again");
}

#[test]
fn dropping_the_store_commits_what_was_asked() {
    let folder = Folder::with(quick());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = folder.open();
        // Asked, and the caller is gone before the answer.
        let mut accept = store.accept(event(1, NOW));
        drop(futures::poll!(&mut accept));
        drop(accept);
        drop(store);
        assert_eq!(folder.open().depths(NOW).await.unwrap().inbox, 1);
    });
}

#[tokio::test]
async fn inputs_of_another_process_are_noticed() {
    let folder = Folder::with(quick());
    let serving = folder.open();
    serving.accept(event(1, NOW)).await.unwrap();
    let node = NodeId([1; 16]);
    assert_eq!(
        serving
            .lease_turns(node, NOW, 9_999, 9)
            .await
            .unwrap()
            .len(),
        1
    );
    let other = SqliteOptions {
        serve: false,
        ..quick()
    };
    // An operator's command puts an input there, between inputs of ours.
    let command = SqliteStore::open(&folder.url(), other).unwrap();
    let orders = input(ConversationId([9; 16]), NOW, "an operator's order");
    command.insert_input(orders, NOW).await.unwrap();
    for number in 2..5 {
        serving.accept(event(number, NOW)).await.unwrap();
    }
    drop(command);
    let leases = serving.lease_turns(node, NOW, 9_999, 9).await.unwrap();
    let ids: std::collections::BTreeSet<InboxId> =
        leases.iter().map(|lease| lease.inputs[0].id).collect();
    assert_eq!((leases.len(), ids.len()), (4, 4));
    for lease in leases {
        serving.commit_turn(done(&lease, NOW)).await.unwrap();
    }
    assert!(
        serving
            .lease_turns(node, NOW, 9_999, 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        serving.depths(NOW).await.unwrap().inbox,
        1,
        "the one under lease"
    );
}

#[tokio::test]
async fn commits_wait_for_the_disk_after_a_lease_that_did_not() {
    let folder = Folder::with(SqliteOptions {
        durable: true,
        ..quick()
    });
    let store = folder.open();
    let synchronous = || {
        store.look(|tx| {
            let level: i64 = tx
                .conn
                .pragma_query_value(None, "synchronous", |row| row.get(0))?;
            Ok(level)
        })
    };
    let full = 2;
    store.accept(event(1, NOW)).await.unwrap();
    assert_eq!(synchronous().await.unwrap(), full);
    let node = NodeId([1; 16]);
    let lease = store
        .lease_turns(node, NOW, 9_999, 9)
        .await
        .unwrap()
        .remove(0);
    assert_ne!(
        synchronous().await.unwrap(),
        full,
        "the mark of a lease need not outlive a power cut"
    );
    store.commit_turn(done(&lease, NOW)).await.unwrap();
    assert_eq!(synchronous().await.unwrap(), full);
}

/// The child of the test below: receives, and tells what was stored, until it is killed.
#[tokio::test]
#[ignore = "run by a_killed_process_loses_nothing_it_answered"]
async fn child_that_is_killed() {
    let Ok(url) = std::env::var("BURSAR_TEST_STORE") else {
        return;
    };
    let store = SqliteStore::open(&url, SqliteOptions::default()).unwrap();
    for number in 0.. {
        let units = (0..16).map(|n| store.accept(event(number * 16 + n, NOW)));
        let accepted = futures::future::try_join_all(units).await.unwrap();
        assert!(accepted.iter().all(|one| one.stored == 1));
        let leases = store.lease_turns(NodeId([1; 16]), NOW, 9, 4).await.unwrap();
        for lease in &leases {
            let mut commit = done(lease, NOW);
            commit.state = Some(sealed("done"));
            store.commit_turn(commit).await.unwrap();
        }
        let done = leases.iter().map(|lease| lease.conversation.to_string());
        println!("answered {number} {}", done.collect::<Vec<_>>().join(" "));
    }
}

#[tokio::test]
async fn a_store_in_memory_is_emptied_for_the_next_run_and_a_file_never() {
    let store = SqliteStore::in_memory().unwrap();
    let node = NodeId([1; 16]);
    store.accept(event(1, NOW)).await.unwrap();
    store.accept(event(2, NOW)).await.unwrap();
    let first = store.lease_turns(node, NOW, 9_999, 1).await.unwrap();
    store.clear().unwrap();

    assert_eq!(store.depths(NOW).await.unwrap().inbox, 0);
    assert!(
        store
            .lease_turns(node, NOW, 9_999, 9)
            .await
            .unwrap()
            .is_empty()
    );
    // The lease went with the rest, and the same event is new again.
    let late = store.commit_turn(done(&first[0], NOW)).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)));
    store.accept(event(1, NOW)).await.unwrap();
    let again = store.lease_turns(node, NOW, 9_999, 9).await.unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].inputs[0].id, first[0].inputs[0].id);

    let folder = Folder::with(quick());
    let file = folder.open();
    file.accept(event(1, NOW)).await.unwrap();
    assert!(file.clear().is_err());
    assert_eq!(file.depths(NOW).await.unwrap().inbox, 1);
}

#[tokio::test]
async fn a_killed_process_loses_nothing_it_answered() {
    use std::io::BufRead;
    let folder = Folder::with(quick());
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture"])
        .arg("store::sqlite::tests::child_that_is_killed")
        .env("BURSAR_TEST_STORE", folder.url())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let answered: Vec<String> = lines
        .map(|line| line.unwrap())
        .filter(|line| line.starts_with("answered"))
        .take(12)
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();

    let store = folder.open();
    let mut turns = 0;
    for line in &answered {
        let mut words = line.split(' ').skip(1);
        let number: u32 = words.next().unwrap().parse().unwrap();
        for n in 0..16 {
            let again = store.accept(event(number * 16 + n, NOW)).await.unwrap();
            assert_eq!(again.duplicates, 1);
        }
        for done in words.filter(|word| !word.is_empty()) {
            let mut who = [0; 16];
            hex::decode_to_slice(done, &mut who).unwrap();
            assert!(store.state(ConversationId(who)).await.unwrap().is_some());
            turns += 1;
        }
    }
    assert_eq!((answered.len(), turns), (12, 48));
    // Every conversation has its input waiting or its state, never both.
    let leases = store
        .lease_turns(NodeId([2; 16]), NOW, 9_999, 100_000)
        .await
        .unwrap();
    assert!(leases.len() >= 12 * 16 - 48);
    assert!(leases.iter().all(|lease| lease.state.is_none()));
}
