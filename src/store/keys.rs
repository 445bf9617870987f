//! The key store: every key that data is sealed under, in a file of its own, wrapped by the master key.
//!
//! Received events are sealed under an hourly **ingest key**, so that the customer is not looked up
//! before the 200; the turn seals what it keeps under **customer keys**, one for each [`Class`], made in
//! the first turn and durable here before the first ciphertext exists. Destroying a key erases what is
//! under it, in backups too: this file is never in the data backup (design section 6).
//!
//! Not here: signing keys, and the bank's tokens (they are data, sealed under `Credentials`).

mod cipher;
mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use self::cipher::{Cipher, Kind, Secret};
use self::file::{Cache, CustomerRequest, KeyFile, Request};
use super::sqlite::{beside, desk::Desk, path_of};
use super::{SEEN_MS, Sealed, StoreError};
use crate::clock::SharedClock;
use crate::message::ConversationId;

/// An ingest key's life, ms.
const HOUR_MS: i64 = 3_600_000;

/// Customers whose keys are kept in memory; about 400 bytes each.
const CACHED: usize = 8192;

/// Why a key, or what is under it, cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key was destroyed: what was under it is gone for good.
    #[error("erased: its key was destroyed")]
    Erased,
    /// It was changed, cut, or belongs elsewhere.
    #[error("does not open: changed, or sealed for another place")]
    Damaged,
    /// More than AES-GCM can seal at once (64 GB).
    #[error("too long to seal")]
    TooLong,
    /// Not 64 hexadecimal digits.
    #[error("a master key is 64 hexadecimal digits")]
    MalformedMasterKey,
    /// The key store was made with another master key.
    #[error("the key store was made with another master key")]
    WrongMasterKey,
    /// The key store's file.
    #[error("the key store: {0}")]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for KeyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The key that wraps all others; it comes from the configuration and is never stored.
#[derive(Clone)]
pub struct MasterKey(Secret);

impl MasterKey {
    /// Reads 64 hexadecimal digits; white space around them is trimmed.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *key).map_err(|_| KeyError::MalformedMasterKey)?;
        Ok(Self(Secret(key)))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// What a customer's data is for; each class has a key of its own, so that each can end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// What was said, and the conversation's state.
    Chat,
    /// Tokens and consents.
    Credentials,
    /// What the law keeps: disputes, notices of loss.
    Evidence,
}

impl Class {
    const ALL: [Self; 3] = [Self::Chat, Self::Credentials, Self::Evidence];

    /// The number stored; never changes meaning. 0 is the ingest keys' kind.
    fn number(self) -> u8 {
        match self {
            Self::Chat => 1,
            Self::Credentials => 2,
            Self::Evidence => 3,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.number() == number)
    }
}

/// One key of a customer.
#[derive(Debug)]
struct Ring {
    class: Class,
    id: u64,
    secret: Secret,
    /// False for a key that is kept only to open what is under it.
    seals: bool,
}

/// A customer's keys; cheap to clone. Wiped from memory with the last clone.
#[derive(Debug, Clone)]
pub struct CustomerKeys(Arc<Held>);

#[derive(Debug)]
struct Held {
    conversation: ConversationId,
    ring: Vec<Ring>,
}

impl CustomerKeys {
    fn of(conversation: ConversationId, ring: Vec<Ring>) -> Option<Self> {
        (!ring.is_empty()).then(|| Self(Arc::new(Held { conversation, ring })))
    }

    /// Seals under the key of a class. `place` names the table or use; the same is needed to open.
    ///
    /// # Errors
    /// `Erased` when the customer was forgotten and only kept evidence is left.
    pub fn seal(&self, class: Class, place: &[u8], plain: &[u8]) -> Result<Sealed, KeyError> {
        let key = self
            .0
            .ring
            .iter()
            .rfind(|key| key.class == class && key.seals)
            .ok_or(KeyError::Erased)?;
        let names: [&[u8]; 2] = [&self.0.conversation.0, place];
        key.secret
            .cipher()
            .seal(Kind(class.number()), key.id, &names, plain)
    }

    /// Opens what was sealed for this customer and place.
    pub fn open(&self, place: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (kind, id) = cipher::key_of(sealed)?;
        Class::from_number(kind.0).ok_or(KeyError::Damaged)?;
        let key = self
            .0
            .ring
            .iter()
            .find(|key| key.class.number() == kind.0 && key.id == id)
            .ok_or(KeyError::Erased)?;
        let names: [&[u8]; 2] = [&self.0.conversation.0, place];
        key.secret.cipher().open(sealed, &names)
    }

    /// Tells whether new data can be sealed: not when only kept evidence is left.
    fn is_complete(&self) -> bool {
        Class::ALL.iter().all(|class| {
            self.0
                .ring
                .iter()
                .any(|key| key.class == *class && key.seals)
        })
    }
}

/// Which key a body is under: for the inbox, where events and inputs from inside lie together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedUnder {
    /// An hourly ingest key.
    Ingest,
    /// A customer's key.
    Customer(Class),
}

/// Tells which key a body is under, without opening it.
///
/// # Errors
/// `Damaged` if it is none of ours.
pub fn sealed_under(sealed: &Sealed) -> Result<SealedUnder, KeyError> {
    match cipher::key_of(sealed)?.0 {
        cipher::INGEST => Ok(SealedUnder::Ingest),
        Kind(number) => Class::from_number(number)
            .map(SealedUnder::Customer)
            .ok_or(KeyError::Damaged),
    }
}

/// The key store.
#[derive(Debug)]
pub struct Keys {
    desk: Desk<Request, KeyFile>,
    clock: SharedClock,
    index: Secret,
    cache: Arc<Mutex<Cache>>,
    /// Expanded ingest keys by hour, those of the last days.
    ingest: RwLock<BTreeMap<u64, Arc<Cipher>>>,
}

impl Keys {
    /// Opens the key store at `sqlite:<path>` or `sqlite::memory:`, making it if need be.
    ///
    /// # Errors
    /// `WrongMasterKey`, or `Store` for what is wrong with the file.
    pub fn open(url: &str, master: &MasterKey, clock: SharedClock) -> Result<Self, KeyError> {
        Self::open_with(url, master, clock, true)
    }

    /// The same; with `durable` false commits do not wait for the disk (tests, `replay`).
    pub fn open_with(
        url: &str,
        master: &MasterKey,
        clock: SharedClock,
        durable: bool,
    ) -> Result<Self, KeyError> {
        let cache = Arc::new(Mutex::new(Cache::new(CACHED)));
        let path = path_of(url);
        let mut file = KeyFile::open(path.as_deref(), durable, master, Arc::clone(&cache))?;
        let index = file.index_key()?;
        let desk = match path {
            Some(_) => Desk::with_thread("keys", file)?,
            None => Desk::without_thread(file),
        };
        Ok(Self {
            desk,
            clock,
            index,
            cache,
            ingest: RwLock::new(BTreeMap::new()),
        })
    }

    /// Returns where the key store lies when the configuration does not say: beside the database.
    pub fn default_url(store_url: &str) -> String {
        match path_of(store_url) {
            Some(path) => format!("sqlite:{}", beside(&path, ".keys").display()),
            None => store_url.to_owned(),
        }
    }

    /// Returns the key conversation ids are made with; it never rotates.
    pub fn index_key(&self) -> &[u8; 32] {
        &self.index.0
    }

    /// Returns a blind index: finds rows by something personal without storing it.
    pub fn blind_index(&self, purpose: &str, value: &[u8]) -> [u8; 32] {
        let key = Zeroizing::new(file::mac(&self.index.0, purpose.as_bytes()));
        file::mac(&key, value)
    }

    /// Seals an event under the key of the hour of `now_ms`. `place` names where it belongs; the same is
    /// needed to open. The first call of an hour makes the key and waits for the disk.
    pub fn seal_ingest(&self, now_ms: i64, place: &[u8], plain: &[u8]) -> Result<Sealed, KeyError> {
        let hour = hour_of(now_ms);
        let cipher = self.ingest_cipher(hour, true)?.ok_or(KeyError::Erased)?;
        cipher.seal(cipher::INGEST, hour, &[place], plain)
    }

    /// Opens what [`Keys::seal_ingest`] sealed for the same place.
    pub fn open_ingest(
        &self,
        place: &[u8],
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (kind, hour) = cipher::key_of(sealed)?;
        if kind != cipher::INGEST {
            return Err(KeyError::Damaged);
        }
        let cipher = self.ingest_cipher(hour, false)?.ok_or(KeyError::Erased)?;
        cipher.open(sealed, &[place])
    }

    /// Returns a customer's keys. With `create`, those missing are made, and durable on return; several
    /// customers at once share a commit. Without, `None` if there are none.
    pub async fn customer(
        &self,
        conversation: ConversationId,
        create: bool,
    ) -> Result<Option<CustomerKeys>, KeyError> {
        let cached = self.cache().get(conversation);
        if let Some(keys) = cached
            && (!create || keys.is_complete())
        {
            return Ok(Some(keys));
        }
        let (reply, answer) = oneshot::channel();
        self.send(Request::Customer(CustomerRequest {
            conversation,
            create,
            now_ms: self.clock.now_ms(),
            reply,
        }))?;
        answer.await.map_err(|_| unavailable())?
    }

    /// Destroys a customer's keys and remembers the id. With `evidence_until_ms`, what the law keeps can
    /// be opened until then.
    pub async fn forget(
        &self,
        conversation: ConversationId,
        evidence_until_ms: Option<i64>,
    ) -> Result<(), KeyError> {
        let now_ms = self.clock.now_ms();
        self.run(move |file| file.forget(conversation, evidence_until_ms, now_ms))
            .await
    }

    /// Returns the forgotten ids and when, oldest first: what a restore applies before serving.
    pub async fn forgotten(&self) -> Result<Vec<(ConversationId, i64)>, KeyError> {
        self.run(|file| file.forgotten()).await
    }

    /// Returns when the customer was last forgotten, ms.
    pub async fn forgotten_ms(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<i64>, KeyError> {
        self.run(move |file| file.forgotten_ms(conversation)).await
    }

    /// After a restore: destroys again the keys that were destroyed since the backup.
    pub async fn apply_forgotten(
        &self,
        forgotten: Vec<(ConversationId, i64)>,
    ) -> Result<(), KeyError> {
        self.run(move |file| file.apply_forgotten(&forgotten)).await
    }

    /// Destroys ingest keys older than 48 hours that no stored event needs (`oldest_input_ms`, see
    /// [`Store::oldest_input_ms`](super::Store::oldest_input_ms)), and evidence keys past their end.
    /// Returns how many.
    pub async fn sweep(&self, oldest_input_ms: Option<i64>) -> Result<u64, KeyError> {
        let now_ms = self.clock.now_ms();
        let needed = oldest_input_ms.map_or(now_ms, |oldest| oldest.min(now_ms));
        // A key lives to the end of its hour, and an event is sealed a moment before it is stored: an
        // hour more.
        let before = hour_of(needed.min(now_ms - SEEN_MS) - HOUR_MS);
        let destroyed = self.run(move |file| file.sweep(before, now_ms)).await?;
        self.ingest
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|hour, _| *hour >= before);
        Ok(destroyed)
    }

    /// Wraps every key under a new master key (`bursar keys rotate`); data stays as it is.
    pub async fn rewrap(&self, master: MasterKey) -> Result<(), KeyError> {
        self.run(move |file| file.rewrap(&master)).await
    }

    fn ingest_cipher(&self, hour: u64, create: bool) -> Result<Option<Arc<Cipher>>, KeyError> {
        let known = self
            .ingest
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&hour)
            .cloned();
        if known.is_some() {
            return Ok(known);
        }
        // Once an hour, and for old rows after a restart: a short wait of this thread.
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        self.send(Request::Job(Box::new(move |file: &mut KeyFile| {
            drop(reply.send(file.ingest_key(hour, create)));
        })))?;
        let Some(secret) = answer.recv().map_err(|_| unavailable())?? else {
            return Ok(None);
        };
        let mut ingest = self.ingest.write().unwrap_or_else(PoisonError::into_inner);
        let cipher = ingest
            .entry(hour)
            .or_insert_with(|| Arc::new(secret.cipher()));
        Ok(Some(Arc::clone(cipher)))
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut KeyFile) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<T, KeyError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Job(Box::new(move |file: &mut KeyFile| {
            drop(reply.send(job(file)));
        })))?;
        answer.await.map_err(|_| unavailable())?
    }

    fn send(&self, request: Request) -> Result<(), KeyError> {
        Ok(self.desk.ask(request)?)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable() -> KeyError {
    KeyError::Store(StoreError::Unavailable(None))
}

/// Returns the hour since 1970; times before are the first.
fn hour_of(ms: i64) -> u64 {
    u64::try_from(ms.div_euclid(HOUR_MS)).unwrap_or(0)
}
