//! What the next conversation can use again: a store with its statements compiled, keys, open connections.
//!
//! Making them anew for each conversation was two fifths of a run. A conversation finds the store empty, its numbers
//! at the start; nothing of another's is in it. A conversation that plays a crash needs files and makes its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::bank::connect::{Kind, SimulatorLink, connect};
use crate::bank::http::{HttpLimits, NoObserver};
use crate::bank::{Bank, BankId};
use crate::channel::messenger::send_api::{Limits, SendApi};
use crate::clock::{ManualClock, SharedClock};
use crate::config::{Messenger, PageConfig};
use crate::reply::locale::Locale;
use crate::store::keys::{Keys, MasterKey};
use crate::store::sqlite::{SqliteOptions, SqliteStore};

use super::stage::{APP, PAGE, SECRET, Shared, TOKEN};

/// Idle ones, for whoever plays next.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Backstage>>);

impl Pool {
    pub(super) fn take(&self) -> Option<Backstage> {
        self.idle().pop()
    }

    /// Takes one back, once its store is empty. One that cannot be emptied is thrown away.
    pub(super) fn give_back(&self, backstage: Backstage) {
        match backstage.store.clear() {
            Ok(()) => self.idle().push(backstage),
            Err(error) => {
                tracing::warn!(%error, "a store could not be emptied and is not used again");
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Backstage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is used by one conversation at a time.
pub(super) struct Backstage {
    pub(super) clock: Arc<ManualClock>,
    pub(super) store: Arc<SqliteStore>,
    pub(super) keys: Arc<Keys>,
    pub(super) outlet: Arc<SendApi>,
    banks: Mutex<HashMap<String, Bank>>,
}

impl Backstage {
    /// Makes one with its store in memory.
    pub(super) fn in_memory(shared: &Shared) -> anyhow::Result<Self> {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        Self::at("sqlite::memory:", "sqlite::memory:", clock, shared)
    }

    /// Makes one over these files.
    pub(super) fn at(
        url: &str,
        keys_url: &str,
        clock: Arc<ManualClock>,
        shared: &Shared,
    ) -> anyhow::Result<Self> {
        let options = SqliteOptions {
            durable: false,
            echo_wait_after_restart_ms: 20_000,
            ..SqliteOptions::default()
        };
        let store = SqliteStore::open(url, options)?;
        let master = MasterKey::from_hex(&"42".repeat(32))?;
        let keys = Keys::open(keys_url, &master, Arc::clone(&clock) as SharedClock)?;
        let page = page();
        let outlet = SendApi::new(
            &messenger(shared.messenger.url()),
            std::slice::from_ref(&page),
            Limits::default(),
        )?;
        Ok(Self {
            clock,
            store: Arc::new(store),
            keys: Arc::new(keys),
            outlet: Arc::new(outlet),
            banks: Mutex::default(),
        })
    }

    /// Returns the bank as seen from a zone.
    pub(super) fn bank(&self, shared: &Shared, zone: &TimeZone) -> anyhow::Result<Bank> {
        let name = zone.iana_name().unwrap_or_default().to_owned();
        let mut banks = self.banks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bank) = banks.get(&name) {
            return Ok(bank.clone());
        }
        let link = SimulatorLink {
            url: shared.bank.url().to_owned(),
            zone: zone.clone(),
            wrapped: false,
            clock: Arc::clone(&self.clock) as SharedClock,
        };
        // A bank that is down stays down: there is nothing to wait for.
        let limits = HttpLimits {
            tries: 2,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(2),
            total: Duration::from_secs(3),
            ..HttpLimits::default()
        };
        let bank = connect(
            BankId("bank".to_owned()),
            "Acme Bank".to_owned(),
            Kind::Simulator(link),
            limits,
            Arc::new(NoObserver),
        )?;
        banks.insert(name, bank.clone());
        Ok(bank)
    }
}

/// The Page of every conversation, short of what a header can set.
pub(super) fn page() -> PageConfig {
    PageConfig {
        id: Some(crate::message::PageId::from(PAGE)),
        token: TOKEN.to_owned().into(),
        brand: "Acme Bank".to_owned(),
        locale: Locale::EN_US,
        zone: TimeZone::UTC,
    }
}

fn messenger(graph_base_url: &str) -> Messenger {
    Messenger {
        app_id: APP.to_owned(),
        app_secrets: vec![SECRET.to_owned().into()],
        verify_token: "verify".to_owned().into(),
        page_access_token: TOKEN.to_owned().into(),
        graph_base_url: graph_base_url.to_owned(),
        graph_version: "v26.0".to_owned(),
        max_sends_per_second: 100_000,
    }
}
