//! Configuration: one TOML file, environment overrides, every problem at once (design 8.2).
//!
//! `BURSAR__SECTION__KEY` overrides a key; every secret can be given as `<key>_file`. Unknown keys are
//! refused. What the program runs on is [`Config`], checked and complete; what the file says is
//! [`file::File`], which nothing else sees.

pub mod file;
mod validate;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::bank::CommandKind;
use crate::conversation::legal::Rights;
use crate::conversation::policy::{Hours, Limits};
use crate::message::PageId;
use crate::reply::locale::Locale;

/// Everything that is wrong with a configuration, each with its key.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Listeners and limits.
    pub server: Server,
    /// The app at Meta.
    pub messenger: Messenger,
    /// The Pages served; empty: every Page that the app's token serves.
    pub pages: Vec<PageConfig>,
    /// Where things are kept.
    pub store: StoreConfig,
    /// The bank.
    pub bank: BankConfig,
    /// Overrides the built-in catalogue.
    pub intents_dir: Option<PathBuf>,
    /// What is switched on.
    pub actions: BTreeSet<CommandKind>,
    /// How much may leave an account through the chat.
    pub limits: Limits,
    /// The people behind the bot.
    pub people: People,
    /// Logs.
    pub telemetry: Telemetry,
}

/// Listeners and limits.
#[derive(Debug, Clone)]
pub struct Server {
    /// Public: webhooks, link pages, callbacks.
    pub listen: SocketAddr,
    /// Health, metrics: never public.
    pub admin_listen: SocketAddr,
    /// For links in replies and OAuth redirects.
    pub public_url: Option<String>,
    /// Larger bodies are answered 413 before they are read.
    pub max_body_bytes: usize,
    /// Events waiting for the store beyond this are answered 503.
    pub accept_queue: usize,
    /// How many turns run at once.
    pub workers: usize,
}

/// The app at Meta.
#[derive(Debug, Clone)]
pub struct Messenger {
    /// Its id.
    pub app_id: String,
    /// Several during a rotation.
    pub app_secrets: Vec<SecretString>,
    /// For the verification request.
    pub verify_token: SecretString,
    /// The token where no page is configured.
    pub page_access_token: SecretString,
    /// Graph.
    pub graph_base_url: String,
    /// For example `v26.0`.
    pub graph_version: String,
    /// The only throttle on ordinary replies, a Page.
    pub max_sends_per_second: u32,
}

/// One Page.
#[derive(Debug, Clone)]
pub struct PageConfig {
    /// Its id; none: every page.
    pub id: Option<PageId>,
    /// Its token.
    pub token: SecretString,
    /// The bank's name as customers know it.
    pub brand: String,
    /// Language and region.
    pub locale: Locale,
    /// The customers' zone where they did not choose one.
    pub zone: jiff::tz::TimeZone,
}

/// Where things are kept.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite:FILE`.
    pub url: String,
    /// The key store.
    pub keys_url: String,
    /// Wraps all keys: 64 hex digits.
    pub master_key: SecretString,
    /// How long turn records are kept, ms.
    pub retention_ms: i64,
}

/// Kinds of bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankKind {
    /// The simulated bank, inside `serve`: for tests and demonstrations.
    Simulator,
    /// Financial Data Exchange 4.x to 6.x.
    Fdx,
}

/// The bank.
#[derive(Debug, Clone)]
pub struct BankConfig {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: BankKind,
    /// Where it is; none for the simulator.
    pub base_url: Option<String>,
    /// The simulator's scenario.
    pub scenario: String,
    /// The simulator links nobody by itself.
    pub require_link: bool,
    /// The zone of its dates.
    pub zone: jiff::tz::TimeZone,
    /// Whether what a card owes is sent as a positive number.
    pub card_balance_positive_is_owed: bool,
    /// Whether chat is an accepted address for written notices (A5).
    pub chat_is_notice_address: bool,
    /// The address for written notices.
    pub notice_address: Option<String>,
    /// Whose law holds for disputes (N11).
    pub rights: Rights,
    /// What fees cost.
    pub fees: Option<std::sync::Arc<crate::conversation::fees::FeeList>>,
}

/// The people behind the bot.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Whom to call.
    pub phone: Option<String>,
    /// Their hours in words.
    pub hours_text: Option<String>,
    /// Their hours.
    pub hours: Option<Hours>,
    /// Branches and cash machines.
    pub places: Option<std::sync::Arc<crate::conversation::places::Places>>,
}

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Pretty,
}

/// Logs.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Their form.
    pub format: LogFormat,
    /// For example `info` or `bursar=debug`.
    pub filter: String,
}

/// Returns the keys of a section of the file; none where there is no such section.
pub fn keys(section: &str) -> &'static [&'static str] {
    file::keys(section)
}

impl Config {
    /// Reads a file, applies the environment, and checks everything.
    pub fn load(
        path: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError(vec![format!(
                "cannot read {}: {error}\n  hint: copy the example from docs/configuration.md",
                path.display()
            )])
        })?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, directory, environment)
    }

    /// Reads a configuration from its text; relative files are looked for in `directory`.
    pub fn parse(
        text: &str,
        directory: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = file::table(text)?;
        let mut problems = Vec::new();
        file::apply_environment(&mut table, environment, &mut problems);
        let file = file::read(table, &mut problems);
        validate::check(file, directory, problems)
    }
}
