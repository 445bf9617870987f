//! The whole local world in one process: bank, Messenger and the bot, with real HTTP between them.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;

use super::bank::{self, BankSimulator, Fault, Scenarios};
use super::messenger::{Beside, MessengerSimulator, Options, Page, Surroundings, Switch, Webhooks};
use crate::app::{AutoLink, TurnSeen, Witness};
use crate::assembly::LinkToScenario;
use crate::bank::Subject;
use crate::clock::{SharedClock, ShiftedClock};
use crate::config::Config;
use crate::message::{PageId, Psid};
use crate::serve::{Hooks, Server};

/// The Page of the local world.
const PAGE: &str = "100000000000001";

/// How a local world runs.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// Where Messenger and its chat page listen; 0 takes any port.
    pub port: u16,
    /// The bank's scenario.
    pub scenario: String,
    /// Where state is kept; none: a temporary folder that goes with the world.
    pub state: Option<PathBuf>,
    /// When it is there at the start; none: now.
    pub starts: Option<jiff::Timestamp>,
}

/// A running local world.
pub struct World {
    messenger: MessengerSimulator,
    server: Server,
    /// Lives as long as the world.
    _bank: Arc<BankSimulator>,
    folder: Folder,
}

impl World {
    /// Starts everything; returns once all listeners accept. `witness` sees turns beside the inspector.
    pub async fn start(
        options: &WorldOptions,
        witness: Option<Arc<dyn Witness>>,
    ) -> anyhow::Result<Self> {
        let folder = Folder::make(options.state.as_deref())?;
        let shifted = Arc::new(match options.starts {
            Some(at) => ShiftedClock::starting_at(at),
            None => ShiftedClock::default(),
        });
        let clock = Arc::clone(&shifted) as SharedClock;
        let bank_options = bank::Options {
            scenario: options.scenario.clone(),
            recorded_calls: 200,
            ..bank::Options::default()
        };
        let bank = BankSimulator::start(Scenarios::built_in(), Arc::clone(&clock), bank_options)
            .await
            .context("the simulated bank")?;
        let bank = Arc::new(bank);
        let messenger_options = Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)),
            webhooks: Webhooks::Posted(None),
            beside: Beside::ChatPage,
            require_proof: true,
            ..Options::default()
        };
        let config = config(options, &folder.path, &messenger_options).await?;
        let messenger = MessengerSimulator::start(messenger_options, Arc::clone(&clock)).await?;
        let config = Config {
            messenger: crate::config::Messenger {
                graph_base_url: messenger.url().to_owned(),
                ..config.messenger
            },
            ..config
        };
        let around = Arc::new(Around {
            link: LinkToScenario::new(&options.scenario),
            bank: bank.control(),
            clock: shifted,
            unlinked: Mutex::default(),
            chosen: Mutex::default(),
        });
        let control = messenger.control();
        control.surround(Arc::clone(&around) as Arc<dyn Surroundings>);
        let inspector = messenger.inspector();
        let hooks = Hooks {
            witness: Some(match witness {
                Some(other) => Arc::new(Both(inspector, other)),
                None => inspector,
            }),
            bank_simulator: Some(Arc::clone(&bank)),
            auto_link: Some(around),
            ..Hooks::default()
        };
        let server = Server::start(&config, clock, hooks).await?;
        control.post_webhooks_to(format!("http://{}/webhooks/messenger", server.public()));
        Ok(Self {
            messenger,
            server,
            _bank: bank,
            folder,
        })
    }

    /// Returns Messenger, where people act.
    pub const fn messenger(&self) -> &MessengerSimulator {
        &self.messenger
    }

    /// Returns the bot.
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Returns where state is kept.
    pub fn state(&self) -> &Path {
        &self.folder.path
    }

    /// Runs until the bot is stopped or a part of it ends.
    pub async fn run(self) -> anyhow::Result<()> {
        let ended = self.server.run().await;
        self.messenger.stop().await;
        ended
    }
}

/// Makes the configuration an operator would write for this world.
async fn config(
    options: &WorldOptions,
    folder: &Path,
    messenger: &Options,
) -> anyhow::Result<Config> {
    // Links in replies name the port, so it is chosen before anything listens.
    let free = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let public = free.local_addr()?;
    drop(free);
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let token = messenger
        .pages
        .first()
        .map_or("", |page: &Page| &page.token);
    let text = format!(
        "[server]\nlisten = {listen}\nadmin_listen = \"127.0.0.1:0\"\npublic_url = {url}\n\
         [messenger]\napp_id = {app}\napp_secrets = [{secret}]\nverify_token = \"local\"\n\
         page_access_token = {token}\nbrand = \"Acme Bank\"\n\
         [store]\nurl = {store}\nmaster_key = {key}\n\
         [bank]\nkind = \"simulator\"\nscenario = {scenario}\n\
         [actions]\ntransfer_own = true\npay = true\ncancel_payment = true\n\
         [limits]\nfee = \"0.00\"\n",
        listen = quoted(&public.to_string()),
        url = quoted(&format!("http://{public}")),
        app = quoted(&messenger.app_id),
        secret = quoted(&messenger.app_secret),
        token = quoted(token),
        store = quoted(&format!("sqlite:{}", folder.join("bursar.db").display())),
        key = quoted(&master_key(folder)?),
        scenario = quoted(&options.scenario),
    );
    // The money is made up, so everything can be tried.
    Ok(Config::parse(&text, folder, std::iter::empty())?)
}

/// Returns the state's master key; a new state gets one.
fn master_key(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("master.key");
    match std::fs::read_to_string(&path) {
        Ok(key) => Ok(key.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = hex::encode(rand::random::<[u8; 32]>());
            std::fs::write(&path, &key)
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Where state is kept.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn make(given: Option<&Path>) -> anyhow::Result<Self> {
        let temporary = given.is_none();
        let path = given.map_or_else(
            || {
                let name = format!("bursar-{}", hex::encode(rand::random::<[u8; 8]>()));
                std::env::temp_dir().join(name)
            },
            Path::to_path_buf,
        );
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path, temporary })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // Left behind at worst: the system's temporary folder is cleaned by others.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

/// Shows turns to two.
struct Both(Arc<dyn Witness>, Arc<dyn Witness>);

#[async_trait]
impl Witness for Both {
    fn turn(&self, seen: TurnSeen) {
        self.0.turn(seen.clone());
        self.1.turn(seen);
    }
}

/// What the chat page steers.
struct Around {
    link: LinkToScenario,
    bank: bank::Control,
    clock: Arc<ShiftedClock>,
    unlinked: Mutex<HashSet<Psid>>,
    chosen: Mutex<HashMap<Psid, String>>,
}

impl Around {
    fn subject_of(&self, psid: &Psid) -> String {
        self.link.subject_of(&PageId::from(PAGE), psid).0
    }

    fn chosen(&self) -> MutexGuard<'_, HashMap<Psid, String>> {
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unlinked(&self) -> MutexGuard<'_, HashSet<Psid>> {
        self.unlinked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AutoLink for Around {
    fn subject(&self, page: &PageId, psid: &Psid) -> Option<Subject> {
        (!self.unlinked().contains(psid)).then(|| self.link.subject_of(page, psid))
    }
}

impl Surroundings for Around {
    fn switches(&self, psid: &Psid) -> Vec<Switch> {
        let chosen = self.chosen().get(psid).cloned();
        vec![Switch {
            name: "bank",
            label: "Bank".to_owned(),
            choices: vec![
                ("up", "works".to_owned()),
                ("slow", "takes 3 seconds".to_owned()),
                ("down", "down for maintenance".to_owned()),
                ("hangs", "does not answer".to_owned()),
            ],
            chosen: chosen.unwrap_or_else(|| "up".to_owned()),
        }]
    }

    fn set(&self, psid: &Psid, name: &str, choice: &str) -> Result<(), String> {
        if name != "bank" {
            return Err(format!("there is no switch `{name}`"));
        }
        let fault = match choice {
            "up" => None,
            "slow" => Some(Fault::Slow(Duration::from_secs(3))),
            "down" => Some(Fault::Down),
            "hangs" => Some(Fault::Hangs),
            _ => return Err(format!("the bank cannot be `{choice}`")),
        };
        let subject = self.subject_of(psid);
        self.bank
            .clear_faults(&subject)
            .and_then(|()| match fault {
                Some(fault) => self.bank.set_fault(&subject, fault),
                None => Ok(()),
            })
            .map_err(|error| error.to_string())?;
        self.chosen().insert(psid.clone(), choice.to_owned());
        Ok(())
    }

    fn advance(&self, ms: i64) -> Result<(), String> {
        self.clock.advance_ms(ms);
        Ok(())
    }

    fn greet(&self, psid: &Psid, linked: bool) {
        if !linked {
            self.unlinked().insert(psid.clone());
        }
    }

    fn bank_calls(&self, psid: &Psid) -> Vec<String> {
        let subject = self.subject_of(psid);
        let calls = self.bank.calls(&subject).unwrap_or_default();
        drop(self.bank.forget_calls(&subject));
        let line = |call: bank::RecordedCall| {
            let fault = call.fault.map(|fault| format!(" ({fault})"));
            let fault = fault.unwrap_or_default();
            format!("{} {} {}{fault}", call.status, call.method, call.path)
        };
        calls.into_iter().map(line).collect()
    }
}
