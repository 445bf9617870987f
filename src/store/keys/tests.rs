use std::path::Path;

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::clock::ManualClock;

const NOW: i64 = 1_795_350_000_000;
const HOUR: i64 = HOUR_MS;

struct Place {
    folder: TempDir,
    clock: Arc<ManualClock>,
}

impl Place {
    fn new() -> Self {
        let at = Timestamp::from_millisecond(NOW).unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::new(at)),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("bursar.db.keys")
    }

    fn open(&self) -> Keys {
        self.open_with(&master('a')).unwrap()
    }

    fn open_with(&self, master: &MasterKey) -> Result<Keys, KeyError> {
        let url = format!("sqlite:{}", self.path().display());
        Keys::open_with(&url, master, self.clock.clone(), false)
    }
}

fn master(digit: char) -> MasterKey {
    MasterKey::from_hex(&digit.to_string().repeat(64)).unwrap()
}

fn who(number: u8) -> ConversationId {
    ConversationId([number; 16])
}

async fn make(keys: &Keys, number: u8) -> CustomerKeys {
    keys.customer(who(number), true).await.unwrap().unwrap()
}

/// Tells whether the bytes appear in the key file or its log.
fn on_disk(path: &Path, needle: &[u8]) -> bool {
    [path.to_owned(), beside(path, "-wal")].iter().any(|path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        memchr::memmem::find(&bytes, needle).is_some()
    })
}

#[test]
fn a_master_key_is_64_hex_digits_with_white_space_around() {
    assert!(MasterKey::from_hex(&format!(" {}\n", "0F".repeat(32))).is_ok());
    for wrong in ["", "abc", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66)] {
        let read = MasterKey::from_hex(wrong);
        assert!(matches!(read, Err(KeyError::MalformedMasterKey)), "{wrong}");
    }
    assert_eq!(format!("{:?}", master('a')), "MasterKey(…)");
}

#[test]
fn another_master_key_is_refused() {
    let place = Place::new();
    drop(place.open());
    let opened = place.open_with(&master('b'));
    assert!(matches!(opened, Err(KeyError::WrongMasterKey)));
    drop(place.open());
}

#[test]
fn a_newer_key_store_is_refused() {
    let place = Place::new();
    drop(place.open());
    let conn = rusqlite::Connection::open(place.path()).unwrap();
    conn.pragma_update(None, "user_version", 9).unwrap();
    drop(conn);
    let opened = place.open_with(&master('a'));
    let newer = StoreError::NewerSchema { found: 9, known: 1 };
    assert_eq!(
        opened.unwrap_err().to_string(),
        KeyError::Store(newer).to_string()
    );
}

#[test]
fn the_index_key_is_made_once() {
    let place = Place::new();
    let keys = place.open();
    let index = *keys.index_key();
    let blind = keys.blind_index("subject", b"customer 1");
    assert_ne!(blind, keys.blind_index("subject", b"customer 2"));
    assert_ne!(blind, keys.blind_index("other", b"customer 1"));
    drop(keys);
    let keys = place.open();
    assert_eq!(*keys.index_key(), index);
    assert_eq!(keys.blind_index("subject", b"customer 1"), blind);
    drop(keys);
    assert!(!on_disk(&place.path(), &index), "never in clear");
    assert_ne!(*Place::new().open().index_key(), index);
}

#[test]
fn an_event_opens_only_unchanged_and_in_its_place() {
    let keys = Place::new().open();
    let sealed = keys.seal_ingest(NOW, b"inbox", b"my balance?").unwrap();
    assert_eq!(sealed_under(&sealed).unwrap(), SealedUnder::Ingest);
    assert_eq!(
        **keys.open_ingest(b"inbox", &sealed).unwrap(),
        *b"my balance?"
    );
    assert!(memchr::memmem::find(&sealed.0, b"balance").is_none());
    assert_ne!(
        sealed,
        keys.seal_ingest(NOW, b"inbox", b"my balance?").unwrap()
    );
    let elsewhere = keys.open_ingest(b"outbox", &sealed);
    assert!(matches!(elsewhere, Err(KeyError::Damaged)));
    for at in 0..sealed.0.len() {
        for bit in [1, 128] {
            let mut changed = sealed.clone();
            changed.0[at] ^= bit;
            let opened = keys.open_ingest(b"inbox", &changed);
            // A changed hour names a key that does not exist.
            assert!(
                matches!(opened, Err(KeyError::Damaged | KeyError::Erased)),
                "byte {at}"
            );
        }
        let cut = Sealed(sealed.0[..at].to_vec());
        assert!(matches!(
            keys.open_ingest(b"inbox", &cut),
            Err(KeyError::Damaged)
        ));
    }
}

#[tokio::test]
async fn ingest_keys_outlive_the_process_and_end_after_48_hours() {
    let place = Place::new();
    let keys = place.open();
    let sealed = keys.seal_ingest(NOW, b"inbox", b"hi").unwrap();
    let next_hour = keys.seal_ingest(NOW + HOUR, b"inbox", b"hi").unwrap();
    drop(keys);
    let keys = place.open();
    assert_eq!(**keys.open_ingest(b"inbox", &sealed).unwrap(), *b"hi");

    place.clock.advance_ms(47 * HOUR);
    assert_eq!(keys.sweep(None).await.unwrap(), 0);
    place.clock.advance_ms(3 * HOUR);
    assert_eq!(
        keys.sweep(Some(NOW)).await.unwrap(),
        0,
        "a stored event needs it"
    );
    // Sealed just before the hour was over, stored just after.
    let hour_end = (NOW / HOUR + 1) * HOUR;
    assert_eq!(keys.sweep(Some(hour_end + 1)).await.unwrap(), 0);
    assert_eq!(keys.sweep(None).await.unwrap(), 1);
    assert!(matches!(
        keys.open_ingest(b"inbox", &sealed),
        Err(KeyError::Erased)
    ));
    assert!(keys.open_ingest(b"inbox", &next_hour).is_ok());
    drop(keys);
    let keys = place.open();
    assert!(matches!(
        keys.open_ingest(b"inbox", &sealed),
        Err(KeyError::Erased)
    ));
}

#[tokio::test]
async fn customers_have_keys_of_their_own_for_each_class() {
    let place = Place::new();
    let keys = place.open();
    assert!(keys.customer(who(1), false).await.unwrap().is_none());
    let mine = make(&keys, 1).await;
    let other = make(&keys, 2).await;
    let sealed = mine.seal(Class::Chat, b"state", b"secret").unwrap();
    assert_eq!(
        sealed_under(&sealed).unwrap(),
        SealedUnder::Customer(Class::Chat)
    );
    assert_eq!(**mine.open(b"state", &sealed).unwrap(), *b"secret");
    assert!(matches!(
        mine.open(b"outbox", &sealed),
        Err(KeyError::Damaged)
    ));
    assert!(matches!(
        other.open(b"state", &sealed),
        Err(KeyError::Erased)
    ));
    let mut class_changed = sealed.clone();
    class_changed.0[1] = Class::Evidence.number();
    assert!(mine.open(b"state", &class_changed).is_err());
    assert!(
        mine.open(b"state", &keys.seal_ingest(NOW, b"state", b"x").unwrap())
            .is_err()
    );
    assert!(keys.open_ingest(b"state", &sealed).is_err());

    drop(keys);
    let keys = place.open();
    let again = keys.customer(who(1), false).await.unwrap().unwrap();
    assert_eq!(**again.open(b"state", &sealed).unwrap(), *b"secret");
    assert_eq!(format!("{again:?}").matches("Secret(…)").count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_new_customers_at_once_get_one_set_of_keys_each() {
    let place = Place::new();
    let keys = place.open();
    let numbers: Vec<u8> = (0..100).flat_map(|number| [number, number]).collect();
    let made = futures::future::join_all(numbers.iter().map(|number| make(&keys, *number))).await;
    let sealed: Vec<Sealed> = made
        .iter()
        .map(|keys| keys.seal(Class::Credentials, b"token", b"t").unwrap())
        .collect();
    drop(keys);
    let keys = place.open();
    for (number, sealed) in numbers.iter().zip(&sealed) {
        let keys = keys.customer(who(*number), false).await.unwrap().unwrap();
        assert!(keys.open(b"token", sealed).is_ok());
        assert_eq!(keys.0.ring.len(), 3);
    }
}

#[tokio::test]
async fn a_forgotten_customer_is_erased_and_remembered_as_forgotten() {
    let place = Place::new();
    let keys = place.open();
    let before = make(&keys, 1).await;
    let sealed = before.seal(Class::Chat, b"state", b"secret").unwrap();
    let evidence = before.seal(Class::Evidence, b"case", b"proof").unwrap();
    let wrapped: Vec<u8> = rusqlite::Connection::open(place.path())
        .unwrap()
        .query_row(
            "SELECT wrapped FROM customer_key WHERE class = 1",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(on_disk(&place.path(), &wrapped));
    keys.forget(who(1), None).await.unwrap();
    assert!(
        !on_disk(&place.path(), &wrapped),
        "nor in free pages or the log"
    );
    assert!(keys.customer(who(1), false).await.unwrap().is_none());
    assert_eq!(keys.forgotten().await.unwrap(), [(who(1), NOW)]);

    // Who comes back is new.
    place.clock.advance_ms(5);
    let after = make(&keys, 1).await;
    assert!(matches!(
        after.open(b"state", &sealed),
        Err(KeyError::Erased)
    ));
    assert!(matches!(
        after.open(b"case", &evidence),
        Err(KeyError::Erased)
    ));
    let new = after.seal(Class::Chat, b"state", b"new").unwrap();

    // A restored backup gets the list: old keys go, new ones stay.
    keys.apply_forgotten(vec![(who(1), NOW), (who(2), NOW)])
        .await
        .unwrap();
    let after = keys.customer(who(1), false).await.unwrap().unwrap();
    assert!(after.open(b"state", &new).is_ok());
    keys.apply_forgotten(vec![(who(1), NOW + 5)]).await.unwrap();
    assert!(keys.customer(who(1), false).await.unwrap().is_none());
    assert_eq!(
        keys.forgotten().await.unwrap(),
        [(who(2), NOW), (who(1), NOW + 5)]
    );
}

#[tokio::test]
async fn evidence_the_law_keeps_opens_until_its_end() {
    let place = Place::new();
    let keys = place.open();
    let before = make(&keys, 1).await;
    let chat = before.seal(Class::Chat, b"state", b"chat").unwrap();
    let evidence = before.seal(Class::Evidence, b"case", b"proof").unwrap();
    keys.forget(who(1), Some(NOW + 50)).await.unwrap();
    let kept = keys.customer(who(1), false).await.unwrap().unwrap();
    assert!(kept.open(b"case", &evidence).is_ok());
    assert!(matches!(kept.open(b"state", &chat), Err(KeyError::Erased)));
    assert!(matches!(
        kept.seal(Class::Evidence, b"case", b"x"),
        Err(KeyError::Erased)
    ));

    let again = make(&keys, 1).await;
    let new = again.seal(Class::Evidence, b"case", b"new").unwrap();
    assert!(again.open(b"case", &evidence).is_ok());
    place.clock.advance_ms(49);
    assert_eq!(keys.sweep(None).await.unwrap(), 0);
    place.clock.advance_ms(1);
    assert_eq!(keys.sweep(None).await.unwrap(), 1);
    let again = keys.customer(who(1), false).await.unwrap().unwrap();
    assert!(matches!(
        again.open(b"case", &evidence),
        Err(KeyError::Erased)
    ));
    assert!(again.open(b"case", &new).is_ok());
}

#[tokio::test]
async fn the_master_key_can_be_changed() {
    let place = Place::new();
    let keys = place.open();
    let index = *keys.index_key();
    let event = keys.seal_ingest(NOW, b"inbox", b"hi").unwrap();
    let state = make(&keys, 1)
        .await
        .seal(Class::Chat, b"state", b"s")
        .unwrap();
    keys.rewrap(master('b')).await.unwrap();
    // Goes on working, and makes what is new under the new one.
    let later = make(&keys, 2)
        .await
        .seal(Class::Chat, b"state", b"s")
        .unwrap();
    drop(keys);
    assert!(matches!(
        place.open_with(&master('a')),
        Err(KeyError::WrongMasterKey)
    ));
    let keys = place.open_with(&master('b')).unwrap();
    assert_eq!(*keys.index_key(), index);
    assert!(keys.open_ingest(b"inbox", &event).is_ok());
    let one = keys.customer(who(1), false).await.unwrap().unwrap();
    assert!(one.open(b"state", &state).is_ok());
    let two = keys.customer(who(2), false).await.unwrap().unwrap();
    assert!(two.open(b"state", &later).is_ok());
}

#[test]
fn the_default_place_is_beside_the_database() {
    assert_eq!(
        Keys::default_url("sqlite:/var/lib/b.db"),
        "sqlite:/var/lib/b.db.keys"
    );
    assert_eq!(Keys::default_url("bursar.db"), "sqlite:bursar.db.keys");
    assert_eq!(Keys::default_url("sqlite::memory:"), "sqlite::memory:");
}

#[tokio::test]
async fn the_cache_is_bounded_and_keeps_what_is_used() {
    let keys = Place::new().open();
    let one = make(&keys, 1).await;
    let mut cache = Cache::new(10);
    for number in 0..100 {
        cache.insert(who(number), one.clone());
        assert!(cache.get(who(0)).is_some(), "used each time");
        assert!(cache.len() <= 10);
    }
    assert!(cache.get(who(50)).is_none());
}
