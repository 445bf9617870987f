//! The configuration file as it is written.

use serde::Deserialize;
use toml::{Table, Value};

use super::{BankKind, ConfigError, LogFormat};

/// The prefix of environment overrides.
const PREFIX: &str = "BURSAR__";

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// `[server]`
    pub server: Option<ServerSection>,
    /// `[messenger]`
    pub messenger: Option<MessengerSection>,
    /// `[[page]]`
    #[serde(default)]
    pub page: Vec<PageSection>,
    /// `[store]`
    pub store: Option<StoreSection>,
    /// `[bank]` or `[[bank]]`
    pub bank: Option<OneOrMany<BankSection>>,
    /// `[intents]`
    #[serde(default)]
    pub intents: IntentsSection,
    /// `[actions]`
    #[serde(default)]
    pub actions: ActionsSection,
    /// `[people]`
    #[serde(default)]
    pub people: PeopleSection,
    /// `[telemetry]`
    #[serde(default)]
    pub telemetry: TelemetrySection,
}

/// A table, or an array of tables.
#[derive(Debug)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        // Not an untagged enum: its error would not name the key that is wrong.
        let value = Value::deserialize(deserializer)?;
        let all = match value {
            Value::Array(all) => all,
            one => vec![one],
        };
        all.into_iter()
            .map(|one| T::deserialize(one).map_err(D::Error::custom))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<$type>,)*
        }
    };
}

section!(
    /// Listeners and limits.
    ServerSection {
        /// Public address.
        listen: String,
        /// Private address.
        admin_listen: String,
        /// Public URL.
        public_url: String,
        /// Largest body.
        max_body_bytes: usize,
        /// Events waiting for the store.
        accept_queue: usize,
        /// Turns at once.
        workers: usize,
    }
);

section!(
    /// The app at Meta, and its one Page.
    MessengerSection {
        /// App id.
        app_id: String,
        /// App secrets.
        app_secrets: Vec<String>,
        /// A file with one secret a line.
        app_secrets_file: String,
        /// Verify token.
        verify_token: String,
        /// The same in a file.
        verify_token_file: String,
        /// Page token.
        page_access_token: String,
        /// The same in a file.
        page_access_token_file: String,
        /// Graph's address.
        graph_base_url: String,
        /// Graph's version.
        graph_version: String,
        /// Sends a second, a Page.
        max_sends_per_second: u32,
        /// The Page's id.
        page_id: String,
        /// The bank's name.
        brand: String,
        /// `en_US`
        locale: String,
        /// IANA zone.
        zone: String,
    }
);

section!(
    /// One Page of several.
    PageSection {
        /// Its id.
        id: String,
        /// Its token.
        token: String,
        /// The same in a file.
        token_file: String,
        /// The bank's name.
        brand: String,
        /// `en_US`
        locale: String,
        /// IANA zone.
        zone: String,
        /// Ids of the banks it serves.
        banks: Vec<String>,
    }
);

section!(
    /// Where things are kept.
    StoreSection {
        /// `sqlite:FILE`
        url: String,
        /// The key store.
        keys_url: String,
        /// 64 hex digits.
        master_key: String,
        /// The same in a file.
        master_key_file: String,
        /// Days for which turn records are kept.
        retention_days: u32,
    }
);

section!(
    /// A bank.
    BankSection {
        /// Its id.
        id: String,
        /// What it is.
        kind: BankKind,
        /// Where it is.
        base_url: String,
        /// The simulator's scenario.
        scenario: String,
        /// The simulator links nobody by itself.
        require_link: bool,
        /// IANA zone of its dates.
        zone: String,
        /// `positive` or `negative`: the sign of what a card owes.
        card_balance_sign: String,
        /// Chat is an accepted address for written notices.
        chat_is_notice_address: bool,
        /// The address for written notices.
        notice_address: String,
    }
);

section!(
    /// The catalogue.
    IntentsSection {
        /// Overrides the built-in one.
        dir: String,
    }
);

section!(
    /// What is switched on (design section 7).
    ActionsSection {
        /// Stop a card.
        freeze: bool,
        /// Let a card work again.
        unfreeze: bool,
        /// Lost or stolen.
        lost_card: bool,
        /// Disputes.
        dispute: bool,
        /// Travel notices.
        travel_notice: bool,
        /// Between own accounts.
        transfer_own: bool,
        /// To a known payee.
        pay: bool,
        /// Cancel a payment.
        cancel_payment: bool,
        /// Alerts.
        alerts: bool,
    }
);

section!(
    /// The people behind the bot.
    PeopleSection {
        /// Whom to call.
        phone: String,
        /// Hours in words.
        hours_text: String,
        /// `mon`, `tue`, …
        days: Vec<String>,
        /// `09:00`
        opens: String,
        /// `17:30`
        closes: String,
    }
);

section!(
    /// Logs.
    TelemetrySection {
        /// `json` or `pretty`.
        format: LogFormat,
        /// `info`
        filter: String,
    }
);

/// Parses the text to a table. A syntax error shows its line, never a secret's value.
pub(super) fn table(text: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map(|span| {
            text.get(..span.start)
                .unwrap_or_default()
                .matches('\n')
                .count()
                + 1
        });
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        ConfigError(vec![format!("{place}not valid TOML: {}", error.message())])
    })
}

/// Sets what the environment overrides.
pub(super) fn apply_environment(
    table: &mut Table,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    let mut problems = Vec::new();
    for (name, value) in environment {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let path = path.to_ascii_lowercase();
        let Some((section, key)) = path.split_once("__") else {
            problems.push(format!(
                "{name}: must name a section and a key, as in {PREFIX}SERVER__LISTEN"
            ));
            continue;
        };
        let section = table
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        match section.as_table_mut() {
            Some(section) => {
                section.insert(key.to_owned(), typed(key, &value));
            }
            None => problems.push(format!(
                "{name}: `{path}` is an array of tables in the file; override it there"
            )),
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ConfigError(problems))
    }
}

/// The keys that hold numbers: an id or token made of digits stays a string.
const NUMBERS: [&str; 5] = [
    "max_body_bytes",
    "accept_queue",
    "workers",
    "max_sends_per_second",
    "retention_days",
];

/// Reads a value as TOML where it is a number, a boolean or an array; anything else is a string.
fn typed(key: &str, value: &str) -> Value {
    let looks_typed =
        value.starts_with('[') || value == "true" || value == "false" || NUMBERS.contains(&key);
    if looks_typed
        && let Ok(mut table) = format!("value = {value}").parse::<Table>()
        && let Some(parsed) = table.remove("value")
    {
        return parsed;
    }
    Value::String(value.to_owned())
}

/// Reads the table, section by section, so that one wrong section does not hide the others.
pub(super) fn read(table: Table) -> Result<File, ConfigError> {
    let mut problems = Vec::new();
    let mut file = File {
        server: None,
        messenger: None,
        page: Vec::new(),
        store: None,
        bank: None,
        intents: IntentsSection::default(),
        actions: ActionsSection::default(),
        people: PeopleSection::default(),
        telemetry: TelemetrySection::default(),
    };
    for (name, value) in table {
        let problem = match name.as_str() {
            "server" => section(value, &mut file.server),
            "messenger" => section(value, &mut file.messenger),
            "store" => section(value, &mut file.store),
            "bank" => section(value, &mut file.bank),
            "page" => whole(value, &mut file.page),
            "intents" => whole(value, &mut file.intents),
            "actions" => whole(value, &mut file.actions),
            "people" => whole(value, &mut file.people),
            "telemetry" => whole(value, &mut file.telemetry),
            _ => Some("unknown section".to_owned()),
        };
        if let Some(problem) = problem {
            problems.push(format!("[{name}]: {problem}"));
        }
    }
    if problems.is_empty() {
        Ok(file)
    } else {
        Err(ConfigError(problems))
    }
}

fn section<T: serde::de::DeserializeOwned>(value: Value, into: &mut Option<T>) -> Option<String> {
    match T::deserialize(value) {
        Ok(read) => {
            *into = Some(read);
            None
        }
        Err(error) => Some(one_line(&error)),
    }
}

fn whole<T: serde::de::DeserializeOwned>(value: Value, into: &mut T) -> Option<String> {
    match T::deserialize(value) {
        Ok(read) => {
            *into = read;
            None
        }
        Err(error) => Some(one_line(&error)),
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', " ")
}
