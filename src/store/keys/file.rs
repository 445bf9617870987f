//! The key store's file, for whoever serves it.
//!
//! New customers that come at the same time share one commit. Nothing is answered before it.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;

use super::cipher::{self, Cipher, Secret};
use super::{Class, CustomerKeys, KeyError, MasterKey, Ring};
use crate::message::ConversationId;
use crate::store::sqlite::{configure, desk::Serve, migrate_to};
use crate::store::{Sealed, StoreError};

/// Marks the file as a key store (`bark` in ASCII).
const APPLICATION_ID: i64 = 0x6261_726b;

const MIGRATIONS: &[&str] = &[include_str!("migrations/0001.sql")];

/// What the thread is asked.
pub(super) enum Request {
    /// The keys of a customer, made if `create`.
    Customer(CustomerRequest),
    /// Anything else, one after the other.
    Job(Box<dyn FnOnce(&mut KeyFile) + Send>),
}

/// A request for a customer's keys.
pub(super) struct CustomerRequest {
    pub(super) conversation: ConversationId,
    pub(super) create: bool,
    pub(super) now_ms: i64,
    pub(super) reply: oneshot::Sender<Result<Option<CustomerKeys>, KeyError>>,
}

/// Keys in memory, the ones used lately: two generations, the older dropped when the younger is full.
#[derive(Debug)]
pub(super) struct Cache {
    young: HashMap<ConversationId, CustomerKeys>,
    old: HashMap<ConversationId, CustomerKeys>,
    generation: usize,
}

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            generation: (capacity / 2).max(1),
        }
    }

    pub(super) fn get(&mut self, conversation: ConversationId) -> Option<CustomerKeys> {
        if let Some(keys) = self.young.get(&conversation) {
            return Some(keys.clone());
        }
        let keys = self.old.remove(&conversation)?;
        self.insert(conversation, keys.clone());
        Some(keys)
    }

    pub(super) fn insert(&mut self, conversation: ConversationId, keys: CustomerKeys) {
        if self.young.len() >= self.generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(conversation, keys);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    fn remove(&mut self, conversation: ConversationId) {
        self.young.remove(&conversation);
        self.old.remove(&conversation);
    }

    fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

/// The open file.
pub(super) struct KeyFile {
    conn: Connection,
    wrap: Cipher,
    cache: Arc<Mutex<Cache>>,
}

impl Serve<Request> for KeyFile {
    fn serve(&mut self, gathered: &mut VecDeque<Request>) {
        let mut customers = Vec::new();
        let mut jobs = Vec::new();
        for request in gathered.drain(..) {
            match request {
                Request::Customer(request) => customers.push(request),
                Request::Job(job) => jobs.push(job),
            }
        }
        if !customers.is_empty() {
            self.customers(customers);
        }
        for job in jobs {
            job(self);
        }
    }
}

impl KeyFile {
    /// Opens the file, makes it if need be, and checks the master key against it.
    pub(super) fn open(
        path: Option<&Path>,
        durable: bool,
        master: &MasterKey,
        cache: Arc<Mutex<Cache>>,
    ) -> Result<Self, KeyError> {
        let mut conn = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        configure(&conn, durable)?;
        // A destroyed key must not stay in a free page.
        conn.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        conn.pragma_update(None, "cache_size", -2_000)?;
        migrate_to(&mut conn, MIGRATIONS, APPLICATION_ID)?;
        check_master(&mut conn, master)?;
        let wrap = wrapping(master);
        Ok(Self { conn, wrap, cache })
    }

    fn customers(&mut self, requests: Vec<CustomerRequest>) {
        let found = self.find_or_make(&requests);
        match found {
            Ok(found) => {
                for (request, keys) in requests.into_iter().zip(found) {
                    if let Some(keys) = &keys {
                        self.cache().insert(request.conversation, keys.clone());
                    }
                    drop(request.reply.send(Ok(keys)));
                }
            }
            Err(error) => {
                tracing::error!(%error, "The key store failed");
                for request in requests {
                    let unavailable = KeyError::Store(StoreError::Unavailable(None));
                    drop(request.reply.send(Err(unavailable)));
                }
            }
        }
    }

    fn find_or_make(
        &mut self,
        requests: &[CustomerRequest],
    ) -> Result<Vec<Option<CustomerKeys>>, KeyError> {
        let Self { conn, wrap, .. } = self;
        let mut found = Vec::with_capacity(requests.len());
        if requests.iter().any(|request| request.create) {
            let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for request in requests {
                let mut ring = read_ring(&tx, wrap, request.conversation)?;
                if request.create {
                    complete(&tx, wrap, request, &mut ring)?;
                }
                found.push(CustomerKeys::of(request.conversation, ring));
            }
            tx.commit()?;
        } else {
            for request in requests {
                let ring = read_ring(conn, wrap, request.conversation)?;
                found.push(CustomerKeys::of(request.conversation, ring));
            }
        }
        Ok(found)
    }

    /// Reads the index key; makes it the first time.
    pub(super) fn index_key(&mut self) -> Result<Secret, KeyError> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let names: [&[u8]; 1] = [b"index"];
        let wrapped: Option<Sealed> = tx
            .query_row("SELECT value FROM fixed WHERE name = 'index'", [], |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(wrapped) = wrapped {
            return Secret::from_slice(&self.wrap.open(&wrapped, &names)?);
        }
        let key = Secret::random();
        let wrapped = self.wrap.seal(cipher::WRAP, 0, &names, &*key.0)?;
        tx.execute(
            "INSERT INTO fixed (name, value) VALUES ('index', ?1)",
            [wrapped],
        )?;
        tx.commit()?;
        Ok(key)
    }

    /// Reads the ingest key of an hour; makes it if asked to.
    pub(super) fn ingest_key(
        &mut self,
        hour: u64,
        create: bool,
    ) -> Result<Option<Secret>, KeyError> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let row = hour.cast_signed();
        let number = hour.to_be_bytes();
        let names: [&[u8]; 2] = [b"ingest", &number];
        let wrapped: Option<Sealed> = tx
            .query_row(
                "SELECT wrapped FROM ingest_key WHERE hour = ?1",
                [row],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(wrapped) = wrapped {
            return Secret::from_slice(&self.wrap.open(&wrapped, &names)?).map(Some);
        }
        if !create {
            return Ok(None);
        }
        let key = Secret::random();
        let wrapped = self.wrap.seal(cipher::WRAP, 0, &names, &*key.0)?;
        tx.execute(
            "INSERT INTO ingest_key (hour, wrapped) VALUES (?1, ?2)",
            (row, wrapped),
        )?;
        tx.commit()?;
        Ok(Some(key))
    }

    /// Destroys a customer's keys and remembers the id. With `evidence_until_ms` the evidence key goes
    /// on opening until then.
    pub(super) fn forget(
        &mut self,
        conversation: ConversationId,
        evidence_until_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<(), KeyError> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(until_ms) = evidence_until_ms {
            tx.execute(
                "UPDATE customer_key SET until_ms = ?3
                 WHERE conversation = ?1 AND class = ?2 AND until_ms IS NULL",
                (conversation, Class::Evidence.number(), until_ms),
            )?;
            tx.execute(
                "DELETE FROM customer_key WHERE conversation = ?1 AND class <> ?2",
                (conversation, Class::Evidence.number()),
            )?;
        } else {
            tx.execute(
                "DELETE FROM customer_key WHERE conversation = ?1",
                [conversation],
            )?;
        }
        tx.execute(
            "INSERT INTO forgotten (conversation, at_ms) VALUES (?1, ?2)
             ON CONFLICT (conversation) DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)",
            (conversation, now_ms),
        )?;
        tx.commit()?;
        self.cache().remove(conversation);
        self.wipe_log()
    }

    /// Returns the ids that were forgotten, and when (ms).
    pub(super) fn forgotten(&self) -> Result<Vec<(ConversationId, i64)>, KeyError> {
        let rows = self
            .conn
            .prepare_cached("SELECT conversation, at_ms FROM forgotten ORDER BY at_ms")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Returns when a customer was last forgotten, ms.
    pub(super) fn forgotten_ms(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<i64>, KeyError> {
        let at_ms = self
            .conn
            .prepare_cached("SELECT at_ms FROM forgotten WHERE conversation = ?1")?
            .query_row([conversation], |row| row.get(0))
            .optional()?;
        Ok(at_ms)
    }

    /// Destroys again what was forgotten after a backup of this file was made.
    pub(super) fn apply_forgotten(
        &mut self,
        forgotten: &[(ConversationId, i64)],
    ) -> Result<(), KeyError> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (conversation, at_ms) in forgotten {
            // Keys made later belong to a customer who came back.
            tx.execute(
                "DELETE FROM customer_key WHERE conversation = ?1 AND made_ms <= ?2 AND until_ms IS NULL",
                (conversation, at_ms),
            )?;
            tx.execute(
                "INSERT INTO forgotten (conversation, at_ms) VALUES (?1, ?2)
                 ON CONFLICT (conversation) DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)",
                (conversation, at_ms),
            )?;
        }
        tx.commit()?;
        self.cache().clear();
        self.wipe_log()
    }

    /// Destroys ingest keys of hours before `before` and customer keys past their end; returns how many.
    pub(super) fn sweep(&mut self, before: u64, now_ms: i64) -> Result<u64, KeyError> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let hours = tx.execute(
            "DELETE FROM ingest_key WHERE hour < ?1",
            [before.cast_signed()],
        )?;
        let ended = tx.execute("DELETE FROM customer_key WHERE until_ms <= ?1", [now_ms])?;
        tx.commit()?;
        if ended > 0 {
            self.cache().clear();
        }
        if hours + ended > 0 {
            self.wipe_log()?;
        }
        Ok((hours + ended) as u64)
    }

    /// Wraps every key anew under another master key, all or none.
    pub(super) fn rewrap(&mut self, master: &MasterKey) -> Result<(), KeyError> {
        let wrap = wrapping(master);
        let Self {
            conn, wrap: old, ..
        } = self;
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rewrapped = |sealed: &Sealed, names: &[&[u8]]| -> Result<Sealed, KeyError> {
            wrap.seal(cipher::WRAP, 0, names, &old.open(sealed, names)?)
        };
        let index: Option<Sealed> = tx
            .query_row("SELECT value FROM fixed WHERE name = 'index'", [], |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(index) = index {
            tx.execute(
                "UPDATE fixed SET value = ?1 WHERE name = 'index'",
                [rewrapped(&index, &[b"index"])?],
            )?;
        }
        let hours = tx
            .prepare("SELECT hour, wrapped FROM ingest_key")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(i64, Sealed)>, _>>()?;
        for (hour, sealed) in hours {
            tx.execute(
                "UPDATE ingest_key SET wrapped = ?2 WHERE hour = ?1",
                (hour, rewrapped(&sealed, &[b"ingest", &hour.to_be_bytes()])?),
            )?;
        }
        // In pieces: a table must not be read while it is written, nor held in memory.
        let mut last = (ConversationId([0; 16]), 0, i64::MIN);
        loop {
            let keys = key_rows_after(&tx, last)?;
            let Some((conversation, class, id, _)) = keys.last() else {
                break;
            };
            last = (*conversation, *class, *id);
            for (conversation, class, id, sealed) in keys {
                let names = key_names(&conversation, class, id);
                let names: [&[u8]; 4] = [b"customer", &names.0, &names.1, &names.2];
                tx.prepare_cached(
                    "UPDATE customer_key SET wrapped = ?4
                     WHERE conversation = ?1 AND class = ?2 AND id = ?3",
                )?
                .execute((
                    conversation,
                    class,
                    id,
                    rewrapped(&sealed, &names)?,
                ))?;
            }
        }
        tx.execute(
            "UPDATE fixed SET value = ?1 WHERE name = 'check'",
            [check_value(master)],
        )?;
        tx.commit()?;
        self.wrap = wrap;
        self.wipe_log()
    }

    /// Empties the write-ahead log, where destroyed keys would outlive their rows.
    fn wipe_log(&self) -> Result<(), KeyError> {
        self.conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type KeyRow = (ConversationId, u8, i64, Sealed);

/// Reads the next rows of wrapped customer keys in the order of their key.
fn key_rows_after(
    conn: &Connection,
    last: (ConversationId, u8, i64),
) -> Result<Vec<KeyRow>, KeyError> {
    let rows = conn
        .prepare_cached(
            "SELECT conversation, class, id, wrapped FROM customer_key
             WHERE (conversation, class, id) > (?1, ?2, ?3)
             ORDER BY conversation, class, id LIMIT 1000",
        )?
        .query_map(last, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

fn read_ring(
    conn: &Connection,
    wrap: &Cipher,
    conversation: ConversationId,
) -> Result<Vec<Ring>, KeyError> {
    let mut statement = conn.prepare_cached(
        "SELECT class, id, wrapped, until_ms FROM customer_key WHERE conversation = ?1
         ORDER BY made_ms",
    )?;
    let mut rows = statement.query([conversation])?;
    let mut ring = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, id): (u8, i64) = (row.get(0)?, row.get(1)?);
        let wrapped: Sealed = row.get(2)?;
        let names = key_names(&conversation, number, id);
        let names: [&[u8]; 4] = [b"customer", &names.0, &names.1, &names.2];
        ring.push(Ring {
            class: Class::from_number(number).ok_or(KeyError::Damaged)?,
            id: id.cast_unsigned(),
            secret: Secret::from_slice(&wrap.open(&wrapped, &names)?)?,
            seals: row.get::<_, Option<i64>>(3)?.is_none(),
        });
    }
    Ok(ring)
}

/// Makes the keys a customer does not have.
fn complete(
    conn: &Connection,
    wrap: &Cipher,
    request: &CustomerRequest,
    ring: &mut Vec<Ring>,
) -> Result<(), KeyError> {
    for class in Class::ALL {
        if ring.iter().any(|key| key.class == class && key.seals) {
            continue;
        }
        let secret = Secret::random();
        let id: u64 = rand::random();
        let row = id.cast_signed();
        let names = key_names(&request.conversation, class.number(), row);
        let names: [&[u8]; 4] = [b"customer", &names.0, &names.1, &names.2];
        let wrapped = wrap.seal(cipher::WRAP, 0, &names, &*secret.0)?;
        conn.prepare_cached(
            "INSERT INTO customer_key (conversation, class, id, wrapped, made_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            request.conversation,
            class.number(),
            row,
            wrapped,
            request.now_ms,
        ))?;
        ring.push(Ring {
            class,
            id,
            secret,
            seals: true,
        });
    }
    Ok(())
}

fn key_names(conversation: &ConversationId, class: u8, id: i64) -> ([u8; 16], [u8; 1], [u8; 8]) {
    (conversation.0, [class], id.to_be_bytes())
}

/// Compares the master key with the value left by the one the file was made with.
fn check_master(conn: &mut Connection, master: &MasterKey) -> Result<(), KeyError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let expected = check_value(master);
    let stored: Option<Vec<u8>> = tx
        .query_row("SELECT value FROM fixed WHERE name = 'check'", [], |row| {
            row.get(0)
        })
        .optional()?;
    match stored {
        Some(stored) if bool::from(stored.ct_eq(&expected)) => Ok(()),
        Some(_) => Err(KeyError::WrongMasterKey),
        None => {
            tx.execute(
                "INSERT INTO fixed (name, value) VALUES ('check', ?1)",
                [expected],
            )?;
            tx.commit()?;
            Ok(())
        }
    }
}

fn check_value(master: &MasterKey) -> Vec<u8> {
    derive(master, b"bursar master key check").to_vec()
}

fn wrapping(master: &MasterKey) -> Cipher {
    Secret(derive(master, b"bursar key wrapping")).cipher()
}

/// Derives a key for one purpose: HMAC-SHA-256 of its name.
fn derive(master: &MasterKey, purpose: &[u8]) -> zeroize::Zeroizing<[u8; 32]> {
    zeroize::Zeroizing::new(mac(&master.0.0, purpose))
}

/// Returns HMAC-SHA-256.
pub(super) fn mac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        // HMAC takes a key of any length; the crate's signature allows for those that do not.
        return [0; 32];
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}
