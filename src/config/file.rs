//! The configuration file as it is written: read key by key, so that one wrong key hides no other, and no
//! value is ever shown, since it may be a secret.

use serde::Deserialize;
use toml::{Table, Value};

use super::{BankKind, ConfigError, LogFormat};
use crate::suggest::did_you_mean;

/// The prefix of environment overrides.
const PREFIX: &str = "BURSAR__";

/// The file.
#[derive(Debug, Default)]
pub struct File {
    /// `[server]`
    pub server: ServerSection,
    /// `[messenger]`
    pub messenger: MessengerSection,
    /// `[[page]]`
    pub page: Vec<PageSection>,
    /// `[store]`
    pub store: StoreSection,
    /// `[bank]` or `[[bank]]`
    pub bank: Vec<BankSection>,
    /// `[intents]`
    pub intents: IntentsSection,
    /// `[actions]`
    pub actions: ActionsSection,
    /// `[limits]`
    pub limits: LimitsSection,
    /// `[people]`
    pub people: PeopleSection,
    /// `[telemetry]`
    pub telemetry: TelemetrySection,
}

/// The sections, for suggestions.
const SECTIONS: [&str; 10] = [
    "server",
    "messenger",
    "page",
    "store",
    "bank",
    "intents",
    "actions",
    "limits",
    "people",
    "telemetry",
];

/// A type that a key can have.
trait Kind: for<'de> Deserialize<'de> {
    /// What must be written there.
    const MUST_BE: &'static str;
}

impl Kind for String {
    const MUST_BE: &'static str = "text in quotes";
}

impl Kind for Vec<String> {
    const MUST_BE: &'static str = "a list of texts in quotes";
}

impl Kind for usize {
    const MUST_BE: &'static str = "a whole number";
}

impl Kind for u32 {
    const MUST_BE: &'static str = "a whole number";
}

impl Kind for bool {
    const MUST_BE: &'static str = "true or false";
}

impl Kind for BankKind {
    const MUST_BE: &'static str = "\"simulator\" or \"fdx\"";
}

impl Kind for LogFormat {
    const MUST_BE: &'static str = "\"json\" or \"pretty\"";
}

/// A section, made from its table.
trait Section: Default {
    /// The names of its keys.
    const KEYS: &'static [&'static str];

    /// Reads each key; what is wrong is added to `problems` under `path`.
    fn read(path: &str, table: Table, problems: &mut Vec<String>) -> Self;
}

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<$type>,)*
        }

        impl Section for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn read(path: &str, table: Table, problems: &mut Vec<String>) -> Self {
                let mut this = Self::default();
                for (key, value) in table {
                    match key.as_str() {
                        $(stringify!($field) => match <$type>::deserialize(value) {
                            Ok(value) => this.$field = Some(value),
                            Err(_) => problems.push(format!(
                                "{path}.{key}: must be {}",
                                <$type as Kind>::MUST_BE
                            )),
                        },)*
                        _ => problems.push(unknown(
                            &format!("{path}.{key}"),
                            &key,
                            Self::KEYS,
                        )),
                    }
                }
                this
            }
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
        /// Whose law holds for disputes: `us` or `eu`.
        rights: String,
        /// What fees cost: a file as `fixtures/fees/sample.toml`.
        fees_file: String,
        /// Days on which the bank does not work, beside public holidays.
        closed_days: Vec<String>,
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
        /// Order a new card.
        order_card: bool,
        /// Switch on a new card.
        activate_card: bool,
        /// Alerts that the bank sends.
        alerts: bool,
        /// Take somebody off the list of payees.
        payees: bool,
        /// Stop what the bank pays again and again.
        standing_orders: bool,
    }
);

section!(
    /// How much may leave an account through the chat (requirement C5).
    LimitsSection {
        /// ISO 4217, for all amounts of this section.
        currency: String,
        /// The most one payment may be.
        per_payment: String,
        /// The most a day's payments may be.
        per_day: String,
        /// The most that may go to a new payee within the cooling time.
        new_payee: String,
        /// How long a payee is new after the first payment.
        cooling_hours: u32,
        /// A larger payment needs the bank's page.
        step_up_above: String,
        /// The first payment after linking needs the bank's page.
        step_up_first: bool,
        /// What the bank takes for a payment.
        fee: String,
    }
);

section!(
    /// The people behind the bot.
    PeopleSection {
        /// Whom to call.
        phone: String,
        /// Hours in words.
        hours_text: String,
        /// Branches and cash machines: a file as `fixtures/places/sample.toml`.
        places_file: String,
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
    problems: &mut Vec<String>,
) {
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
}

/// Returns the keys of a section.
pub(super) fn keys(section: &str) -> &'static [&'static str] {
    match section {
        "server" => ServerSection::KEYS,
        "messenger" => MessengerSection::KEYS,
        "page" => PageSection::KEYS,
        "store" => StoreSection::KEYS,
        "bank" => BankSection::KEYS,
        "intents" => IntentsSection::KEYS,
        "actions" => ActionsSection::KEYS,
        "limits" => LimitsSection::KEYS,
        "people" => PeopleSection::KEYS,
        "telemetry" => TelemetrySection::KEYS,
        _ => &[],
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

/// Reads the table; what could not be read is named in `problems`.
pub(super) fn read(table: Table, problems: &mut Vec<String>) -> File {
    let mut file = File::default();
    for (name, value) in table {
        match name.as_str() {
            "server" => file.server = one(&name, value, problems),
            "messenger" => file.messenger = one(&name, value, problems),
            "page" => file.page = several(&name, value, problems),
            "store" => file.store = one(&name, value, problems),
            "bank" => file.bank = several(&name, value, problems),
            "intents" => file.intents = one(&name, value, problems),
            "actions" => file.actions = one(&name, value, problems),
            "limits" => file.limits = one(&name, value, problems),
            "people" => file.people = one(&name, value, problems),
            "telemetry" => file.telemetry = one(&name, value, problems),
            _ => problems.push(unknown(&name, &name, &SECTIONS)),
        }
    }
    file
}

/// Reads a section that is there once.
fn one<S: Section>(path: &str, value: Value, problems: &mut Vec<String>) -> S {
    if let Value::Table(table) = value {
        S::read(path, table, problems)
    } else {
        problems.push(format!("{path}: must be a section, [{path}]"));
        S::default()
    }
}

/// Reads a table, or an array of tables.
fn several<S: Section>(path: &str, value: Value, problems: &mut Vec<String>) -> Vec<S> {
    let Value::Array(all) = value else {
        return vec![one(path, value, problems)];
    };
    all.into_iter()
        .enumerate()
        .map(|(at, value)| one(&format!("{path}[{at}]"), value, problems))
        .collect()
}

/// Says that a key is unknown, and which one was meant if one is near.
fn unknown(path: &str, key: &str, known: &[&str]) -> String {
    match did_you_mean(key, known.iter().copied()) {
        Some(suggestion) => format!("{path}: unknown; {suggestion}"),
        None => format!("{path}: unknown; there are {}", known.join(", ")),
    }
}
