//! The stage of one conversation: its own store, clock, bank world and thread, and the real router and
//! workers over them, stepped until nothing is left to do.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use jiff::Timestamp;
use secrecy::SecretString;
use tower::ServiceExt as _;

use crate::app::{App, TurnSeen, Witness};
use crate::assembly::{self, LinkToScenario, Parts, PolicyParts};
use crate::channel::Outlet;
use crate::channel::messenger::webhook::Webhook;
use crate::clock::{Clock, ManualClock, SharedClock};
use crate::commands::CommandRunner;
use crate::config::{PageConfig, People};
use crate::conversation::Case;
use crate::conversation::fees::FeeList;
use crate::conversation::legal::Rights;
use crate::conversation::places::Places;
use crate::conversation::policy::{Limits as PaymentLimits, Policy};
use crate::conversation::step::Understand;
use crate::inbox::Inbox;
use crate::inbox::receive::AppIntake;
use crate::intent::catalogue::Catalogue;
use crate::message::{PageId, Psid};
use crate::money::Money;
use crate::operate::Cases;
use crate::outbox::Outbox;
use crate::simulator::bank::BankSimulator;
use crate::simulator::messenger::MessengerSimulator;
use crate::store::Store;
use crate::telemetry::Metrics;
use crate::work::Work as _;

use super::backstage::{Backstage, Pool, page};
use super::fixture::Header;

/// The Page of every replayed conversation.
pub(super) const PAGE: &str = "100000000000001";
/// Our app at the stand-in.
pub(super) const APP: &str = "200000000000001";
/// What webhooks are signed with.
pub(super) const SECRET: &str = "app-secret";
/// The Page's token.
pub(super) const TOKEN: &str = "page-token";

/// What all conversations of a run share.
pub(super) struct Shared {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) matcher: Arc<dyn Understand>,
    pub(super) bank: BankSimulator,
    pub(super) messenger: MessengerSimulator,
    pub(super) places: Arc<Places>,
    pub(super) fees: Arc<FeeList>,
    pub(super) pool: Pool,
}

/// Sees the turns of one conversation, and plays a slow bank without anybody waiting.
#[derive(Default)]
pub(super) struct Watcher {
    seen: Mutex<Vec<TurnSeen>>,
    latency: Mutex<Duration>,
}

impl Watcher {
    pub(super) fn take(&self) -> Vec<TurnSeen> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_latency(&self, latency: Duration) {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }
}

#[async_trait]
impl Witness for Watcher {
    fn turn(&self, seen: TurnSeen) {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
    }

    fn bank_latency(&self, _: &Psid) -> Duration {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One conversation's stage.
pub(super) struct Stage {
    pub(super) psid: Psid,
    pub(super) subject: String,
    pub(super) clock: Arc<ManualClock>,
    pub(super) watcher: Arc<Watcher>,
    pub(super) zone: jiff::tz::TimeZone,
    header: Header,
    folder: Option<tempfile_dir::Folder>,
    backstage: Backstage,
    app: Arc<App>,
    router: Router,
    inbox: Inbox,
    outbox: Outbox,
    commands: CommandRunner,
}

impl Stage {
    /// Sets a stage. `durable` keeps the store in files, so that a crash can be played.
    pub(super) fn set(
        shared: &Shared,
        header: &Header,
        psid: &str,
        durable: bool,
    ) -> anyhow::Result<Self> {
        let folder = durable.then(tempfile_dir::Folder::new).transpose()?;
        let backstage = match &folder {
            Some(folder) => folder.backstage(Arc::new(ManualClock::new(header.clock)), shared)?,
            None => match shared.pool.take() {
                Some(idle) => idle,
                None => Backstage::in_memory(shared)?,
            },
        };
        let clock = Arc::clone(&backstage.clock);
        clock.set(header.clock);
        let psid = Psid::from(psid);
        let link = LinkToScenario::new(&header.bank);
        let subject = link.subject_of(&PageId::from(PAGE), &psid).0;
        let control = shared.bank.control();
        control
            .set_clock(&subject, Arc::clone(&clock) as SharedClock)
            .with_context(|| format!("bank `{}`", header.bank))?;
        shared
            .messenger
            .control()
            .follow_clock(&psid, Some(Arc::clone(&clock) as SharedClock));
        let zone = jiff::tz::TimeZone::get(&header.zone)
            .with_context(|| format!("zone `{}`", header.zone))?;
        let watcher = Arc::new(Watcher::default());
        let (app, router) = build(shared, header, &backstage, &watcher, &zone)?;
        Ok(Self {
            psid,
            subject,
            clock,
            watcher,
            zone,
            header: header.clone(),
            folder,
            backstage,
            inbox: Inbox::new(Arc::clone(&app)),
            outbox: Outbox::new(Arc::clone(&app), 100_000),
            commands: CommandRunner::new(Arc::clone(&app)),
            app,
            router,
        })
    }

    /// The process dies here and starts again on the same store.
    pub(super) fn crash(&mut self, shared: &Shared) -> anyhow::Result<()> {
        // Let go of the old files first: a process that died holds no lock.
        let empty = Backstage::in_memory(shared)?;
        self.replace(shared, empty)?;
        let folder = self.folder.as_ref().context("only files outlive a crash")?;
        let again = folder.backstage(Arc::clone(&self.clock), shared)?;
        self.replace(shared, again)
    }

    fn replace(&mut self, shared: &Shared, backstage: Backstage) -> anyhow::Result<()> {
        let (app, router) = build(shared, &self.header, &backstage, &self.watcher, &self.zone)?;
        self.inbox = Inbox::new(Arc::clone(&app));
        self.outbox = Outbox::new(Arc::clone(&app), 100_000);
        self.commands = CommandRunner::new(Arc::clone(&app));
        self.app = app;
        self.router = router;
        self.backstage = backstage;
        Ok(())
    }

    /// Posts a webhook through the router.
    pub(super) async fn post(&self, body: Vec<u8>, signature: &str) -> anyhow::Result<StatusCode> {
        let request = Request::post("/webhooks/messenger")
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature)
            .body(Body::from(body))?;
        Ok(self.router.clone().oneshot(request).await?.status())
    }

    /// Opens one of our pages and presses its button; returns what it then shows: the status and the words.
    pub(super) async fn visit(&self, url: &str) -> anyhow::Result<(StatusCode, String)> {
        let path = ["/stepup/", "/view/"]
            .iter()
            .find_map(|page| url.find(page))
            .and_then(|at| url.get(at..))
            .unwrap_or(url);
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::empty())?;
        let response = self.router.clone().oneshot(request).await?;
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), MOST_OF_A_PAGE).await?;
        Ok((status, words_of(&body)))
    }

    /// Runs everything that is due until nothing is left.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        for _ in 0..200 {
            let now_ms = self.clock.now_ms();
            let fired = self.app.store.due_timers(now_ms, 64).await?;
            let turns = self.inbox.run_once(8).await?;
            // One after the other: which of two commands ends first is the bank's chance.
            let told = self.commands.run_once(1).await?;
            let sent = self.outbox.run_once(8).await?;
            if fired + turns + told + sent == 0 {
                let depths = self.app.store.depths(now_ms).await?;
                anyhow::ensure!(
                    depths.inbox == 0,
                    "a turn failed; run again with BURSAR_LOG=warn to see why"
                );
                return Ok(());
            }
        }
        anyhow::bail!("the conversation never came to rest")
    }

    /// Moves time on.
    pub(super) fn pass(&self, ms: i64) {
        self.clock.advance_ms(ms);
    }

    /// Returns the instant of a wall clock time in the customer's zone.
    pub(super) fn instant(&self, civil: jiff::civil::DateTime) -> anyhow::Result<Timestamp> {
        Ok(civil.to_zoned(self.zone.clone())?.timestamp())
    }

    /// Returns the instant that lies so far ahead.
    pub(super) fn ahead(&self, ms: i64) -> Timestamp {
        let at_ms = self.clock.now_ms().saturating_add(ms);
        Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MAX)
    }

    /// Moves on to the next thing that is due before `until`, or to `until`. Returns whether it is there.
    pub(super) async fn move_towards(&self, until: Timestamp) -> anyhow::Result<bool> {
        let now_ms = self.clock.now_ms();
        let due_ms = self.app.store.next_due().await?;
        let due = due_ms
            .filter(|due_ms| *due_ms > now_ms)
            .and_then(|due_ms| Timestamp::from_millisecond(due_ms).ok())
            .filter(|due| *due < until);
        self.clock.set(due.unwrap_or(until));
        Ok(due.is_none())
    }

    /// Returns the desk at which staff see and close cases.
    pub(super) fn desk(&self) -> Cases {
        Cases::new(
            Arc::clone(&self.app.store),
            Arc::clone(&self.app.keys),
            Arc::clone(&self.clock) as SharedClock,
        )
    }

    /// Returns the cases of the store, for assertions.
    pub(super) async fn cases(&self) -> anyhow::Result<Vec<Case>> {
        let desk = self.desk();
        let mut cases = Vec::new();
        for row in desk.list(false, 100).await? {
            cases.push(desk.show(row.case.number.0).await?.1);
        }
        Ok(cases)
    }

    /// Forgets the conversation's world and thread, and leaves the rest to the next.
    pub(super) fn leave(self, shared: &Shared) {
        shared.bank.control().drop_world(&self.subject);
        shared.messenger.control().forget(&self.psid);
        if self.folder.is_none() {
            shared.pool.give_back(self.backstage);
        }
    }
}

fn build(
    shared: &Shared,
    header: &Header,
    backstage: &Backstage,
    watcher: &Arc<Watcher>,
    zone: &jiff::tz::TimeZone,
) -> anyhow::Result<(Arc<App>, Router)> {
    let locale = header
        .locale
        .parse()
        .with_context(|| format!("locale `{}`", header.locale))?;
    let bank = backstage.bank(shared, zone)?;
    let metrics = Arc::new(Metrics::new());
    let page = PageConfig {
        brand: setting(header, "page.brand")
            .unwrap_or("Acme Bank")
            .to_owned(),
        locale,
        zone: zone.clone(),
        ..page()
    };
    let people = people(header, &shared.places)?;
    let mut policies = crate::app::Policies::default();
    let parts = PolicyParts {
        brand: &page.brand,
        locale,
        zone: zone.clone(),
        actions: actions(header),
        limits: limits(header)?,
        people: &people,
        public_url: Some("http://127.0.0.1:8080".to_owned()),
        chat_is_notice_address: setting(header, "bank.chat_is_notice_address") == Some("true"),
        notice_address: setting(header, "bank.notice_address").map(str::to_owned),
        rights: rights(header)?,
        fees: (setting(header, "bank.fees") != Some("none")).then(|| Arc::clone(&shared.fees)),
    };
    policies.add(page.id.clone(), assembly::policy(parts, &bank));
    let app = assembly::app(Parts {
        clock: Arc::clone(&backstage.clock) as SharedClock,
        store: Arc::clone(&backstage.store) as Arc<dyn Store>,
        keys: Arc::clone(&backstage.keys),
        catalogue: Arc::clone(&shared.catalogue),
        matcher: Arc::clone(&shared.matcher),
        bank,
        auto_link: header
            .linked
            .then(|| Arc::new(LinkToScenario::new(&header.bank)) as Arc<dyn crate::app::AutoLink>),
        outlet: Arc::clone(&backstage.outlet) as Arc<dyn Outlet>,
        policies,
        metrics: Arc::clone(&metrics),
        app_id: Some(APP.to_owned()),
        witness: Some(Arc::clone(watcher) as Arc<dyn Witness>),
    });
    let secrets: Vec<SecretString> = vec![SECRET.to_owned().into()];
    let webhook = Webhook::new(
        &secrets,
        &"verify".to_owned().into(),
        1024 * 1024,
        Arc::new(AppIntake(Arc::clone(&app))),
        metrics,
    );
    let router = crate::http::public(&app, webhook, true);
    Ok((app, router))
}

/// A page or a document is smaller.
const MOST_OF_A_PAGE: usize = 1024 * 1024;

/// Returns the words of a page, or a document's bytes as text.
fn words_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let (mut words, mut within) = (String::new(), false);
    for letter in text.chars() {
        match letter {
            '<' => within = true,
            '>' if within => {
                within = false;
                words.push(' ');
            }
            other if !within => words.push(other),
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn setting<'a>(header: &'a Header, key: &str) -> Option<&'a str> {
    header
        .settings
        .iter()
        .rev()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.as_str())
}

fn people(header: &Header, places: &Arc<Places>) -> anyhow::Result<People> {
    let hours = match (
        setting(header, "people.opens"),
        setting(header, "people.closes"),
    ) {
        (Some(opens), Some(closes)) => Some(crate::conversation::policy::Hours {
            days: vec![
                jiff::civil::Weekday::Monday,
                jiff::civil::Weekday::Tuesday,
                jiff::civil::Weekday::Wednesday,
                jiff::civil::Weekday::Thursday,
                jiff::civil::Weekday::Friday,
            ],
            opens: opens.parse().context("people.opens")?,
            closes: closes.parse().context("people.closes")?,
        }),
        _ => None,
    };
    Ok(People {
        phone: setting(header, "people.phone").map(str::to_owned),
        hours_text: setting(header, "people.hours_text").map(str::to_owned),
        hours,
        places: (setting(header, "people.places") != Some("none")).then(|| Arc::clone(places)),
    })
}

/// The limits of the default configuration, with what the header says instead. The simulated bank takes no fee.
fn limits(header: &Header) -> anyhow::Result<PaymentLimits> {
    let mut limits = PaymentLimits::default();
    let currency = limits.per_payment.currency();
    limits.fee = Some(Money::zero(currency));
    let amount = |key: &str| -> anyhow::Result<Option<Money>> {
        setting(header, key)
            .map(|text| Money::parse(text, currency).with_context(|| key.to_owned()))
            .transpose()
    };
    if let Some(most) = amount("limits.per_payment")? {
        limits.per_payment = most;
    }
    if let Some(most) = amount("limits.per_day")? {
        limits.per_day = most;
    }
    if let Some(most) = amount("limits.new_payee")? {
        limits.new_payee = most;
    }
    if let Some(above) = amount("limits.step_up_above")? {
        limits.step_up_above = above;
    }
    if let Some(fee) = amount("limits.fee")? {
        limits.fee = Some(fee);
    }
    if let Some(first) = setting(header, "limits.step_up_first") {
        limits.step_up_first = matches!(first, "true" | "on");
    }
    Ok(limits)
}

fn rights(header: &Header) -> anyhow::Result<Rights> {
    let region = setting(header, "bank.rights").map(str::parse);
    let region = region
        .transpose()
        .map_err(|()| anyhow::anyhow!("bank.rights: us or eu"))?;
    Ok(Rights {
        region: region.unwrap_or_default(),
        ..Rights::default()
    })
}

fn actions(header: &Header) -> std::collections::BTreeSet<crate::bank::CommandKind> {
    use crate::bank::CommandKind;

    let mut on = Policy::default_actions();
    for kind in CommandKind::ALL {
        match setting(header, &format!("actions.{}", kind.switch())) {
            Some("true" | "on") => {
                on.insert(kind);
            }
            Some("false" | "off") => {
                on.remove(&kind);
            }
            _ => {}
        }
    }
    on
}

/// A folder that goes away with the stage.
mod tempfile_dir {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::{Backstage, Shared};
    use crate::clock::ManualClock;

    pub(super) struct Folder(PathBuf);

    impl Folder {
        pub(super) fn new() -> std::io::Result<Self> {
            let name = format!("bursar-replay-{}", hex::encode(rand::random::<[u8; 8]>()));
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path)?;
            Ok(Self(path))
        }

        /// Opens what is there, or makes it.
        pub(super) fn backstage(
            &self,
            clock: Arc<ManualClock>,
            shared: &Shared,
        ) -> anyhow::Result<Backstage> {
            Backstage::at(
                &self.url("bursar.db"),
                &self.url("bursar.keys"),
                clock,
                shared,
            )
        }

        fn url(&self, file: &str) -> String {
            format!("sqlite:{}", self.0.join(file).display())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // Left behind at worst: the system's temporary folder is cleaned by others.
            drop(std::fs::remove_dir_all(&self.0));
        }
    }
}
