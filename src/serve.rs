//! A running bursar: listeners and workers under one cancellation token.
//!
//! Stopping: no new connections, leased work is finished, then the process may end. If a part ends by itself,
//! the whole ends, loudly.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures::FutureExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::{App, AutoLink, Witness};
use crate::assembly::{self, LinkToScenario, Parts};
use crate::bank::connect::{FdxLink, Kind, SimulatorLink, connect};
use crate::bank::http::{CallObserver, HttpLimits};
use crate::bank::{Bank, BankId, fdx};
use crate::channel::messenger::send_api::{Limits, SendApi};
use crate::channel::messenger::webhook::Webhook;
use crate::clock::SharedClock;
use crate::commands::CommandRunner;
use crate::config::{BankKind, Config};
use crate::http::health::Health;
use crate::http::{self, serve::Bounds};
use crate::inbox::Inbox;
use crate::inbox::receive::AppIntake;
use crate::intent::catalogue::Catalogue;
use crate::intent::matcher::Matcher;
use crate::operate;
use crate::outbox::Outbox;
use crate::simulator::bank::{self as bank_simulator, BankSimulator, Scenarios};
use crate::store::Retention;
use crate::store::keys::Keys;
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::telemetry::Metrics;
use crate::work::Work as _;

/// Sends under way at once.
const SENDS_AT_ONCE: usize = 128;

/// Bank commands under way at once: a bank that hangs holds up no other customer's freeze.
const COMMANDS_AT_ONCE: usize = 128;

/// How often timers are looked at and old rows taken away.
const HOUSEKEEPING: Duration = Duration::from_millis(500);

/// Every so many rounds of housekeeping, old rows are swept.
const SWEEP_ROUNDS: u32 = 120;

/// What a running server differs in from production.
#[derive(Default)]
pub struct Hooks {
    /// Watches turns.
    pub witness: Option<Arc<dyn Witness>>,
    /// A simulated bank that is there already.
    pub bank_simulator: Option<Arc<BankSimulator>>,
    /// Says who is linked to the simulated bank without a link page; none: everybody.
    pub auto_link: Option<Arc<dyn AutoLink>>,
    /// Hears bank calls beside the metrics.
    pub observer: Option<Arc<dyn CallObserver>>,
}

/// A running server.
pub struct Server {
    app: Arc<App>,
    public: SocketAddr,
    admin: SocketAddr,
    stop: CancellationToken,
    parts: JoinSet<&'static str>,
    /// Lives as long as the server.
    bank_simulator: Option<Arc<BankSimulator>>,
}

impl Server {
    /// Starts everything; returns once both listeners accept.
    pub async fn start(config: &Config, clock: SharedClock, hooks: Hooks) -> anyhow::Result<Self> {
        let public_listener = bind(config.server.listen, "server.listen").await?;
        let admin_listener = bind(config.server.admin_listen, "server.admin_listen").await?;
        let metrics = Arc::new(Metrics::new());
        let health = Arc::new(Health::new(Arc::clone(&metrics)));
        let catalogue = Arc::new(match &config.intents_dir {
            Some(dir) => Catalogue::from_dir(dir)?,
            None => Catalogue::built_in()?,
        });
        let matcher = Matcher::load(Arc::clone(&catalogue))?;
        let bank_simulator = match (config.bank.kind, hooks.bank_simulator) {
            (BankKind::Simulator, Some(running)) => Some(running),
            // One that runs elsewhere (`bursar simulate bank`) is used, not started.
            (BankKind::Simulator, None) if config.bank.base_url.is_some() => None,
            (BankKind::Simulator, None) => Some(Arc::new(simulated(config, &clock).await?)),
            (BankKind::Fdx, _) => None,
        };
        let observer = hooks
            .observer
            .unwrap_or_else(|| Arc::clone(&health) as Arc<dyn CallObserver>);
        let bank = bank(config, bank_simulator.as_deref(), &clock, observer)?;
        let (store, keys) = open_store(config, &clock)?;
        let outlet = SendApi::new(&config.messenger, &config.pages, Limits::default())?;
        let links_itself = config.bank.kind == BankKind::Simulator && !config.bank.require_link;
        let app = assembly::app(Parts {
            clock,
            store: Arc::new(store),
            keys: Arc::new(keys),
            catalogue,
            matcher: Arc::new(matcher),
            policies: assembly::policies(config, &bank),
            bank,
            auto_link: links_itself.then(|| {
                hooks.auto_link.unwrap_or_else(|| {
                    Arc::new(LinkToScenario::new(&config.bank.scenario)) as Arc<dyn AutoLink>
                })
            }),
            outlet: Arc::new(outlet),
            metrics: Arc::clone(&metrics),
            app_id: Some(config.messenger.app_id.clone()),
            witness: hooks.witness,
        });
        let stop = CancellationToken::new();
        let public = public_listener.local_addr()?;
        let admin = admin_listener.local_addr()?;
        let mut parts = JoinSet::new();
        let webhook = Webhook::new(
            &config.messenger.app_secrets,
            &config.messenger.verify_token,
            config.server.max_body_bytes,
            Arc::new(AppIntake(Arc::clone(&app))),
            metrics,
        );
        let public_router = http::public(&app, webhook, config.bank.kind == BankKind::Simulator);
        let admin_router = http::admin(&app, Arc::clone(&health));
        health.public_is_up();
        health.admin_is_up();
        let token = stop.clone();
        parts.spawn(async move {
            http::serve::serve(public_listener, public_router, Bounds::default(), token).await;
            "the public listener"
        });
        let token = stop.clone();
        parts.spawn(async move {
            http::serve::serve(admin_listener, admin_router, Bounds::default(), token).await;
            "the admin listener"
        });
        workers(config, &app, &stop, &mut parts);
        Ok(Self {
            app,
            public,
            admin,
            stop,
            parts,
            bank_simulator,
        })
    }

    /// Returns the public address.
    pub const fn public(&self) -> SocketAddr {
        self.public
    }

    /// Returns the admin address.
    pub const fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// Returns what the parts share.
    pub const fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Returns the simulated bank, where there is one.
    pub const fn bank_simulator(&self) -> Option<&Arc<BankSimulator>> {
        self.bank_simulator.as_ref()
    }

    /// Returns the token that stops it.
    pub fn stopper(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs until stopped; an error if a part ended by itself.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let first = self.parts.join_next().await;
        let stopped = self.stop.is_cancelled();
        self.stop.cancel();
        while self.parts.join_next().await.is_some() {}
        match first {
            _ if stopped => Ok(()),
            Some(Ok(part)) => anyhow::bail!("{part} ended by itself"),
            Some(Err(error)) => Err(error).context("a part failed"),
            None => Ok(()),
        }
    }
}

fn workers(
    config: &Config,
    app: &Arc<App>,
    stop: &CancellationToken,
    parts: &mut JoinSet<&'static str>,
) {
    let sends_per_second = config.messenger.max_sends_per_second;
    let turns = Inbox::new(Arc::clone(app)).run(config.server.workers, stop.clone());
    let sends = Outbox::new(Arc::clone(app), sends_per_second).run(SENDS_AT_ONCE, stop.clone());
    let commands = CommandRunner::new(Arc::clone(app)).run(COMMANDS_AT_ONCE, stop.clone());
    parts.spawn(turns.map(|()| "the inbox worker"));
    parts.spawn(sends.map(|()| "the outbox worker"));
    parts.spawn(commands.map(|()| "the command worker"));
    let app = Arc::clone(app);
    let token = stop.clone();
    let retention = Retention {
        records_ms: config.store.retention_ms,
    };
    parts.spawn(async move {
        housekeeping(&app, retention, &token).await;
        "housekeeping"
    });
}

async fn housekeeping(app: &App, retention: Retention, stop: &CancellationToken) {
    let mut round: u32 = 0;
    loop {
        tokio::select! {
            () = tokio::time::sleep(HOUSEKEEPING) => {}
            () = stop.cancelled() => return,
        }
        let now_ms = app.clock.now_ms();
        if let Err(error) = app.store.due_timers(now_ms, 256).await {
            tracing::warn!(error = %error, "cannot fire timers");
        }
        round = round.wrapping_add(1);
        if round.is_multiple_of(SWEEP_ROUNDS) {
            if let Err(error) = app.store.sweep(now_ms, retention).await {
                tracing::warn!(error = %error, "cannot sweep the store");
            }
            let oldest = app.store.oldest_input_ms().await.unwrap_or(None);
            if let Err(error) = app.keys.sweep(oldest).await {
                tracing::warn!(error = %error, "cannot sweep the key store");
            }
        }
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{key}: cannot listen on {address}"))
}

/// Opens the store and the key store of a configuration.
pub fn open_store(config: &Config, clock: &SharedClock) -> anyhow::Result<(SqliteStore, Keys)> {
    make_folder(&config.store.url)?;
    make_folder(&config.store.keys_url)?;
    let options = SqliteOptions {
        serve: true,
        accept_queue: config.server.accept_queue,
        ..SqliteOptions::default()
    };
    operate::open_with(config, options, clock)
}

fn make_folder(url: &str) -> anyhow::Result<()> {
    let Some(folder) = url
        .strip_prefix("sqlite:")
        .and_then(|path| Path::new(path).parent())
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

async fn simulated(config: &Config, clock: &SharedClock) -> anyhow::Result<BankSimulator> {
    let options = bank_simulator::Options {
        scenario: config.bank.scenario.clone(),
        ..bank_simulator::Options::default()
    };
    BankSimulator::start(Scenarios::built_in(), Arc::clone(clock), options)
        .await
        .context("bank.scenario: cannot start the simulated bank")
}

fn bank(
    config: &Config,
    simulator: Option<&BankSimulator>,
    clock: &SharedClock,
    observer: Arc<dyn CallObserver>,
) -> anyhow::Result<Bank> {
    let simulated_at = match (simulator, config.bank.kind) {
        (Some(simulator), _) => Some(simulator.url().to_owned()),
        (None, BankKind::Simulator) => config.bank.base_url.clone(),
        (None, BankKind::Fdx) => None,
    };
    let kind = if let Some(url) = simulated_at {
        Kind::Simulator(SimulatorLink {
            url,
            zone: config.bank.zone.clone(),
            wrapped: false,
            clock: Arc::clone(clock),
        })
    } else {
        let mut settings = fdx::Settings::new(config.bank.id.clone(), config.bank.zone.clone());
        settings.balance_sign = if config.bank.card_balance_positive_is_owed {
            fdx::BalanceSign::OwedIsPositive
        } else {
            fdx::BalanceSign::OwedIsNegative
        };
        Kind::Fdx(FdxLink {
            base_url: config.bank.base_url.clone().unwrap_or_default(),
            settings,
            // Nobody is linked until account linking brings customers' tokens: every read says so.
            tokens: Arc::new(crate::bank::token::NotLinked),
        })
    };
    let brand = config
        .pages
        .first()
        .map_or_else(|| config.bank.id.clone(), |page| page.brand.clone());
    Ok(connect(
        BankId(config.bank.id.clone()),
        brand,
        kind,
        HttpLimits::default(),
        observer,
    )?)
}
