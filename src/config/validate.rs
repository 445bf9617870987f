//! Checking a configuration: all problems together, each with its key and what to do.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Weekday;
use secrecy::{ExposeSecret, SecretString};

use super::file::{
    ActionsSection, BankSection, File, LimitsSection, MessengerSection, PageSection, PeopleSection,
    ServerSection, StoreSection,
};
use super::{
    BankConfig, BankKind, Config, ConfigError, Messenger, PageConfig, People, Server, StoreConfig,
    Telemetry,
};
use crate::bank::CommandKind;
use crate::conversation::legal::{Region, Rights};
use crate::conversation::policy::{Hours, Limits, Policy};
use crate::message::PageId;
use crate::money::{Currency, Money};
use crate::reply::locale::Locale;

/// The name shown where the operator gave none and the bank is the simulator.
const DEMO_BRAND: &str = "Acme Bank";

struct Problems<'a> {
    found: Vec<String>,
    directory: &'a Path,
}

impl Problems<'_> {
    /// Adds a problem; a key that could not be read is not missing as well.
    fn add(&mut self, problem: String) {
        let known = problem.split_once(": missing").is_some_and(|(key, _)| {
            let key = key.trim_end_matches("_file");
            let unread = |found: &String| found.split(':').next() == Some(key);
            self.found.iter().any(unread)
        });
        if !known {
            self.found.push(problem);
        }
    }

    fn required(&mut self, key: &str, value: Option<String>) -> String {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            value
        } else {
            self.add(format!("{key}: missing"));
            String::new()
        }
    }

    fn address(&mut self, key: &str, value: Option<String>) -> SocketAddr {
        let fallback = SocketAddr::from(([127, 0, 0, 1], 0));
        let text = self.required(key, value);
        if text.is_empty() {
            return fallback;
        }
        text.parse().unwrap_or_else(|_| {
            self.add(format!(
                "{key}: `{text}` is not an address such as 127.0.0.1:8080"
            ));
            fallback
        })
    }

    /// Plain `http` is for loopback only (design 8.2).
    fn url(&mut self, key: &str, url: &str) -> String {
        let trimmed = url.trim_end_matches('/').to_owned();
        match reqwest::Url::parse(&trimmed) {
            Ok(parsed) => {
                let loopback = parsed.host_str().is_some_and(|host| {
                    host == "localhost"
                        || host
                            .trim_matches(['[', ']'])
                            .parse::<std::net::IpAddr>()
                            .is_ok_and(|ip| ip.is_loopback())
                });
                match parsed.scheme() {
                    "https" => {}
                    "http" if loopback => {}
                    "http" => self.add(format!(
                        "{key}: plain http is accepted for loopback only; use https"
                    )),
                    _ => self.add(format!("{key}: must begin with https://")),
                }
            }
            Err(_) => self.add(format!("{key}: not a URL")),
        }
        trimmed
    }

    /// A secret given inline or in a file, never both.
    fn secret(
        &mut self,
        key: &str,
        inline: Option<String>,
        file: Option<String>,
    ) -> Option<SecretString> {
        match (inline, file) {
            (Some(_), Some(_)) => {
                self.add(format!("{key}: given twice, inline and as {key}_file"));
                None
            }
            (Some(inline), None) => Some(inline.trim().to_owned().into()),
            (None, Some(file)) => {
                let path = self.directory.join(&file);
                match std::fs::read_to_string(&path) {
                    Ok(text) => Some(text.trim().to_owned().into()),
                    Err(error) => {
                        self.add(format!(
                            "{key}_file: cannot read {}: {error}",
                            path.display()
                        ));
                        None
                    }
                }
            }
            (None, None) => None,
        }
        .filter(|secret: &SecretString| !secret.expose_secret().is_empty())
    }

    fn zone(&mut self, key: &str, name: Option<&str>) -> jiff::tz::TimeZone {
        let name = name.unwrap_or("America/New_York");
        jiff::tz::TimeZone::get(name).unwrap_or_else(|_| {
            self.add(format!(
                "{key}: `{name}` is not an IANA zone such as America/New_York"
            ));
            jiff::tz::TimeZone::UTC
        })
    }

    fn locale(&mut self, key: &str, text: Option<&str>) -> Locale {
        let text = text.unwrap_or("en_US");
        text.parse().unwrap_or_else(|error| {
            self.add(format!("{key}: `{text}` is {error}"));
            Locale::EN_US
        })
    }
}

/// Checks a file that was read with the problems `found`. Relative paths are seen from `directory`.
pub(super) fn check(
    file: File,
    directory: &Path,
    found: Vec<String>,
) -> Result<Config, ConfigError> {
    let mut problems = Problems { found, directory };
    let messenger_section = file.messenger;
    let bank = bank(file.bank, &mut problems);
    let pages = pages(&messenger_section, file.page, &bank, &mut problems);
    let config = Config {
        server: server(file.server, &mut problems),
        messenger: messenger(messenger_section, &pages, &mut problems),
        pages,
        store: store(file.store, &mut problems),
        bank,
        intents_dir: file.intents.dir.map(|dir| directory.join(dir)),
        actions: actions(&file.actions),
        limits: limits(file.limits, &mut problems),
        people: people(file.people, &mut problems),
        telemetry: Telemetry {
            format: file.telemetry.format.unwrap_or_default(),
            filter: file.telemetry.filter.unwrap_or_else(|| "info".to_owned()),
        },
    };
    if let Some(dir) = &config.intents_dir
        && !dir.is_dir()
    {
        problems.add(format!("intents.dir: {} is not a directory", dir.display()));
    }
    if problems.found.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError(problems.found))
    }
}

fn server(section: ServerSection, problems: &mut Problems<'_>) -> Server {
    let max_body_bytes = section.max_body_bytes.unwrap_or(1024 * 1024);
    if !(1024..=64 * 1024 * 1024).contains(&max_body_bytes) {
        problems.add("server.max_body_bytes: must lie between 1024 and 67108864".to_owned());
    }
    Server {
        listen: problems.address("server.listen", section.listen),
        admin_listen: problems.address("server.admin_listen", section.admin_listen),
        public_url: section
            .public_url
            .map(|url| problems.url("server.public_url", &url)),
        max_body_bytes,
        accept_queue: section.accept_queue.unwrap_or(8192).max(1),
        workers: section.workers.unwrap_or(64).max(1),
    }
}

fn messenger(
    section: MessengerSection,
    pages: &[PageConfig],
    problems: &mut Problems<'_>,
) -> Messenger {
    let mut app_secrets: Vec<SecretString> = section
        .app_secrets
        .unwrap_or_default()
        .into_iter()
        .filter(|secret| !secret.trim().is_empty())
        .map(SecretString::from)
        .collect();
    if let Some(file) = problems.secret("messenger.app_secrets", None, section.app_secrets_file) {
        app_secrets.extend(
            file.expose_secret()
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(|line| SecretString::from(line.to_owned())),
        );
    }
    if app_secrets.is_empty() {
        problems.add(
            "messenger.app_secrets: missing; without one no webhook can be verified".to_owned(),
        );
    }
    let verify_token = problems.secret(
        "messenger.verify_token",
        section.verify_token,
        section.verify_token_file,
    );
    if verify_token.is_none() {
        problems.add("messenger.verify_token: missing".to_owned());
    }
    let graph = section
        .graph_base_url
        .unwrap_or_else(|| "https://graph.facebook.com".to_owned());
    let version = section.graph_version.unwrap_or_else(|| "v26.0".to_owned());
    if !version.strip_prefix('v').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    }) {
        problems.add(format!(
            "messenger.graph_version: `{version}` is not of the form v26.0"
        ));
    }
    Messenger {
        app_id: problems.required("messenger.app_id", section.app_id),
        app_secrets,
        verify_token: verify_token.unwrap_or_default(),
        page_access_token: pages
            .first()
            .map(|page| page.token.clone())
            .unwrap_or_default(),
        graph_base_url: problems.url("messenger.graph_base_url", &graph),
        graph_version: version,
        max_sends_per_second: section.max_sends_per_second.unwrap_or(250).max(1),
    }
}

fn pages(
    shorthand: &MessengerSection,
    sections: Vec<PageSection>,
    bank: &BankConfig,
    problems: &mut Problems<'_>,
) -> Vec<PageConfig> {
    let default_brand = || match bank.kind {
        BankKind::Simulator => DEMO_BRAND.to_owned(),
        BankKind::Fdx => "Bank".to_owned(),
    };
    if sections.is_empty() {
        let token = problems.secret(
            "messenger.page_access_token",
            shorthand.page_access_token.clone(),
            shorthand.page_access_token_file.clone(),
        );
        if token.is_none() {
            problems.add("messenger.page_access_token: missing".to_owned());
        }
        return vec![PageConfig {
            id: shorthand.page_id.clone().map(PageId),
            token: token.unwrap_or_default(),
            brand: shorthand.brand.clone().unwrap_or_else(default_brand),
            locale: problems.locale("messenger.locale", shorthand.locale.as_deref()),
            zone: problems.zone("messenger.zone", shorthand.zone.as_deref()),
        }];
    }
    if shorthand.page_access_token.is_some() || shorthand.page_access_token_file.is_some() {
        problems.add(
            "messenger.page_access_token: not together with [[page]]; give each page its token"
                .to_owned(),
        );
    }
    let mut seen = BTreeSet::new();
    sections
        .into_iter()
        .enumerate()
        .map(|(at, page)| {
            let key = |name: &str| format!("page[{at}].{name}");
            let id = problems.required(&key("id"), page.id);
            if !id.is_empty() && !seen.insert(id.clone()) {
                problems.add(format!("{}: `{id}` is there twice", key("id")));
            }
            for wanted in page.banks.unwrap_or_default() {
                if wanted != bank.id {
                    problems.add(format!("{}: there is no bank `{wanted}`", key("banks")));
                }
            }
            let token = problems.secret(&key("token"), page.token, page.token_file);
            if token.is_none() {
                problems.add(format!("{}: missing", key("token")));
            }
            PageConfig {
                id: Some(PageId(id)),
                token: token.unwrap_or_default(),
                brand: page.brand.unwrap_or_else(default_brand),
                locale: problems.locale(&key("locale"), page.locale.as_deref()),
                zone: problems.zone(&key("zone"), page.zone.as_deref()),
            }
        })
        .collect()
}

fn store(section: StoreSection, problems: &mut Problems<'_>) -> StoreConfig {
    let url = problems.required("store.url", section.url);
    if url.starts_with("postgres") {
        problems.add("store.url: PostgreSQL is not supported yet; use sqlite:FILE".to_owned());
    } else if !url.is_empty() && !url.starts_with("sqlite:") {
        problems.add("store.url: must begin with sqlite:".to_owned());
    }
    // A relative file is seen from the configuration's directory, as every other file is.
    let here = |url: String| match url.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() && path != ":memory:" => {
            format!("sqlite:{}", problems.directory.join(path).display())
        }
        _ => url,
    };
    let url = here(url);
    let keys_url = section.keys_url.map_or_else(|| format!("{url}.keys"), here);
    let master_key = problems.secret(
        "store.master_key",
        section.master_key,
        section.master_key_file,
    );
    match &master_key {
        None => problems.add(
            "store.master_key_file: missing; make one with `openssl rand -hex 32 > master.key`"
                .to_owned(),
        ),
        Some(key) => {
            let key = key.expose_secret();
            if key.len() != 64 || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
                problems.add("store.master_key: must be 64 hex digits".to_owned());
            }
        }
    }
    StoreConfig {
        url,
        keys_url,
        master_key: master_key.unwrap_or_default(),
        retention_ms: i64::from(section.retention_days.unwrap_or(30)) * 24 * 60 * 60 * 1000,
    }
}

fn bank(mut sections: Vec<BankSection>, problems: &mut Problems<'_>) -> BankConfig {
    if sections.len() > 1 {
        problems.add("bank: several banks are not supported yet; keep one".to_owned());
    }
    let section = if sections.is_empty() {
        BankSection::default()
    } else {
        sections.remove(0)
    };
    let kind = section.kind.unwrap_or_else(|| {
        problems.add("bank.kind: missing; `simulator` needs nothing else".to_owned());
        BankKind::Simulator
    });
    let base_url = section
        .base_url
        .map(|url| problems.url("bank.base_url", &url));
    if kind == BankKind::Fdx && base_url.is_none() {
        problems.add("bank.base_url: missing; the address that ends in /fdx/v6".to_owned());
    }
    let positive = match section.card_balance_sign.as_deref() {
        None | Some("positive") => true,
        Some("negative") => false,
        Some(other) => {
            problems.add(format!(
                "bank.card_balance_sign: `{other}` is neither positive nor negative"
            ));
            true
        }
    };
    BankConfig {
        id: section.id.unwrap_or_else(|| "bank".to_owned()),
        kind,
        base_url,
        scenario: section.scenario.unwrap_or_else(|| "everyday".to_owned()),
        require_link: section.require_link.unwrap_or(false),
        zone: problems.zone("bank.zone", section.zone.as_deref()),
        card_balance_positive_is_owed: positive,
        chat_is_notice_address: section.chat_is_notice_address.unwrap_or(false),
        notice_address: section.notice_address,
        rights: rights(section.rights.as_deref(), section.closed_days, problems),
        fees: read_list("bank.fees_file", section.fees_file, problems),
    }
}

fn rights(
    region: Option<&str>,
    closed: Option<Vec<String>>,
    problems: &mut Problems<'_>,
) -> Rights {
    let region = region.map_or(Ok(Region::default()), |text| {
        text.parse().map_err(|()| text.to_owned())
    });
    let region = region.unwrap_or_else(|text| {
        problems.add(format!("bank.rights: `{text}` is neither us nor eu"));
        Region::default()
    });
    let mut days = BTreeSet::new();
    for text in closed.unwrap_or_default() {
        match text.parse() {
            Ok(day) => {
                days.insert(day);
            }
            Err(_) => problems.add(format!(
                "bank.closed_days: `{text}` is no day such as 2026-12-24"
            )),
        }
    }
    Rights {
        region,
        closed: days,
    }
}

/// Reads the limits; what is left out keeps its default in the currency that was given.
fn limits(section: LimitsSection, problems: &mut Problems<'_>) -> Limits {
    let currency = match section.currency.as_deref().map(str::parse::<Currency>) {
        None => Currency::USD,
        Some(Ok(currency)) => currency,
        Some(Err(_)) => {
            problems.add("limits.currency: write an ISO 4217 code such as \"USD\"".to_owned());
            Currency::USD
        }
    };
    let usual = Limits::in_currency(currency);
    let mut amount = |key: &str, text: Option<String>| {
        let text = text?;
        match Money::parse(&text, currency) {
            Ok(amount) if !amount.is_negative() => Some(amount),
            _ => {
                problems.add(format!(
                    "limits.{key}: write an amount in quotes such as \"250.00\", not below zero"
                ));
                None
            }
        }
    };
    let limits = Limits {
        per_payment: amount("per_payment", section.per_payment).unwrap_or(usual.per_payment),
        per_day: amount("per_day", section.per_day).unwrap_or(usual.per_day),
        new_payee: amount("new_payee", section.new_payee).unwrap_or(usual.new_payee),
        step_up_above: amount("step_up_above", section.step_up_above)
            .unwrap_or(usual.step_up_above),
        fee: amount("fee", section.fee),
        cooling_ms: section.cooling_hours.map_or(usual.cooling_ms, |hours| {
            i64::from(hours).saturating_mul(60 * 60 * 1000)
        }),
        step_up_first: section.step_up_first.unwrap_or(usual.step_up_first),
    };
    if limits.per_payment.minor() > limits.per_day.minor() {
        problems.add(
            "limits.per_payment: is above limits.per_day; lower it or raise the day".to_owned(),
        );
    }
    limits
}

fn actions(section: &ActionsSection) -> BTreeSet<CommandKind> {
    let mut on = Policy::default_actions();
    for kind in CommandKind::ALL {
        let switch = match kind {
            CommandKind::FreezeCard => section.freeze,
            CommandKind::UnfreezeCard => section.unfreeze,
            CommandKind::ReportCard => section.lost_card,
            CommandKind::FileDispute | CommandKind::WithdrawDispute => section.dispute,
            CommandKind::TravelNotice => section.travel_notice,
            CommandKind::TransferOwn => section.transfer_own,
            CommandKind::PayPayee => section.pay,
            CommandKind::CancelPayment => section.cancel_payment,
            CommandKind::OrderCard => section.order_card,
            CommandKind::ActivateCard => section.activate_card,
            CommandKind::SetAlert | CommandKind::RemoveAlert => section.alerts,
            CommandKind::RemovePayee => section.payees,
            CommandKind::StopStandingOrder => section.standing_orders,
        };
        match switch {
            Some(true) => {
                on.insert(kind);
            }
            Some(false) => {
                on.remove(&kind);
            }
            None => {}
        }
    }
    on
}

fn people(section: PeopleSection, problems: &mut Problems<'_>) -> People {
    let time = |problems: &mut Problems<'_>, key: &str, text: Option<String>| {
        text.and_then(|text| {
            text.parse().map_or_else(
                |_| {
                    problems.add(format!("{key}: `{text}` is not a time such as 09:00"));
                    None
                },
                Some,
            )
        })
    };
    let opens = time(problems, "people.opens", section.opens);
    let closes = time(problems, "people.closes", section.closes);
    let days = section.days.unwrap_or_default();
    let days: Vec<Weekday> = if days.is_empty() {
        vec![
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
        ]
    } else {
        days.iter()
            .filter_map(|day| {
                let found = weekday(day);
                if found.is_none() {
                    problems.add(format!("people.days: `{day}` is none of mon … sun"));
                }
                found
            })
            .collect()
    };
    let hours = match (opens, closes) {
        (Some(opens), Some(closes)) => Some(Hours {
            days,
            opens,
            closes,
        }),
        (None, None) => None,
        _ => {
            problems.add("people.opens, people.closes: give both or none".to_owned());
            None
        }
    };
    let places = read_list("people.places_file", section.places_file, problems);
    People {
        phone: section.phone,
        hours_text: section.hours_text,
        hours,
        places,
    }
}

/// Reads a list that the operator keeps in a file of its own.
fn read_list<T: std::str::FromStr<Err = String>>(
    key: &str,
    path: Option<String>,
    problems: &mut Problems<'_>,
) -> Option<Arc<T>> {
    let path = path?;
    let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
    match read.and_then(|text| text.parse()) {
        Ok(list) => Some(Arc::new(list)),
        Err(error) => {
            problems.add(format!("{key}: {path}: {error}"));
            None
        }
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name.to_ascii_lowercase().get(..3)? {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
[server]
listen = "127.0.0.1:8080"
admin_listen = "127.0.0.1:8081"
public_url = "https://bot.example"
[messenger]
app_id = "1"
app_secrets = ["s"]
verify_token = "v"
page_access_token = "t"
graph_base_url = "https://graph.facebook.com"
graph_version = "v26.0"
[store]
url = "sqlite:bursar.db"
master_key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
[bank]
kind = "simulator"
"#;

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::parse(text, Path::new("."), environment)
    }

    #[test]
    fn the_contracts_own_keys_are_enough() {
        let config = parse(WHOLE, &[]).unwrap();
        assert_eq!(config.bank.kind, BankKind::Simulator);
        assert!(config.store.keys_url.ends_with("bursar.db.keys"));
        assert!(!config.actions.contains(&CommandKind::PayPayee));
    }

    #[test]
    fn all_problems_come_together_with_their_keys() {
        let error = parse("[server]\nlisten = \"x\"\n[bank]\nkind = \"fdx\"\n", &[]).unwrap_err();
        let text = error.to_string();
        for key in [
            "server.listen",
            "server.admin_listen",
            "messenger.app_id",
            "messenger.app_secrets",
            "messenger.verify_token",
            "messenger.page_access_token",
            "store.url",
            "store.master_key",
            "bank.base_url",
        ] {
            assert!(text.contains(key), "{key} missing in:\n{text}");
        }
    }

    #[test]
    fn rights_and_closed_days_are_read() {
        let text = format!("{WHOLE}rights = \"eu\"\nclosed_days = [\"2026-12-24\"]\n");
        let rights = parse(&text, &[]).unwrap().bank.rights;
        assert_eq!(rights.region, Region::Eu);
        assert!(rights.closed.contains(&jiff::civil::date(2026, 12, 24)));
        assert_eq!(parse(WHOLE, &[]).unwrap().bank.rights, Rights::default());

        let text = format!("{WHOLE}rights = \"mars\"\nclosed_days = [\"24 Dec\"]\n");
        assert_eq!(
            parse(&text, &[]).unwrap_err().0,
            [
                "bank.rights: `mars` is neither us nor eu",
                "bank.closed_days: `24 Dec` is no day such as 2026-12-24",
            ]
        );
    }

    #[test]
    fn a_wrong_key_hides_no_other_and_shows_no_value() {
        let text = WHOLE
            .replace(
                r#"app_secrets = ["s"]"#,
                r#"app_secrets = "hunter2-secret""#,
            )
            .replace("public_url", "publik_url")
            .replace(r#"kind = "simulator""#, r#"kind = "mainframe""#)
            .replace(r#""127.0.0.1:8081""#, "8081")
            .replace("sqlite:bursar.db", "mysql://db");
        let found = parse(&text, &[]).unwrap_err().0;
        assert_eq!(
            found,
            [
                r#"bank.kind: must be "simulator" or "fdx""#,
                "messenger.app_secrets: must be a list of texts in quotes",
                "server.admin_listen: must be text in quotes",
                "server.publik_url: unknown; did you mean `public_url`?",
                "store.url: must begin with sqlite:",
            ]
        );
    }

    #[test]
    fn unknown_keys_and_sections_are_refused_by_name() {
        let text = parse(&WHOLE.replace("app_id", "appid"), &[])
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("messenger.appid: unknown; did you mean `app_id`?"),
            "{text}"
        );
        let text = parse(&format!("{WHOLE}\n[nonsense]\na = 1\n"), &[])
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("nonsense: unknown; there are server, "),
            "{text}"
        );
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let config = parse(
            WHOLE,
            &[
                ("BURSAR__SERVER__LISTEN", "127.0.0.1:9999"),
                ("BURSAR__MESSENGER__APP_SECRETS", "[\"a\", \"b\"]"),
                ("BURSAR__MESSENGER__APP_ID", "123456789012345678"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 9999);
        assert_eq!(config.messenger.app_secrets.len(), 2);
        assert_eq!(config.messenger.app_id, "123456789012345678");
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        let far = WHOLE.replace("https://graph.facebook.com", "http://graph.example");
        assert!(
            parse(&far, &[])
                .unwrap_err()
                .to_string()
                .contains("graph_base_url")
        );
        let near = WHOLE.replace("https://graph.facebook.com", "http://127.0.0.1:9000");
        assert!(parse(&near, &[]).is_ok());
    }

    #[test]
    fn secrets_never_show_in_errors_or_debug() {
        let config = parse(&WHOLE.replace("\"t\"", "\"super-secret-token\""), &[]).unwrap();
        assert!(!format!("{config:?}").contains("super-secret-token"));
    }
}
