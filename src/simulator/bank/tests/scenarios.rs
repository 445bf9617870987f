//! Scenario files: that the built-in ones are right, and that wrong ones are told where they are wrong.

use super::{account, range, run};
use crate::bank::model::{AccountKind, BalanceKind};
use crate::simulator::bank::Scenarios;
use crate::simulator::bank::activity::Activity;
use crate::simulator::bank::scenario::ScenarioError;

const NOW: &str = "2026-11-22T10:41:00-05:00";

#[test]
fn every_built_in_scenario_is_right() {
    let scenarios = Scenarios::built_in();
    scenarios.check_all().unwrap();
    let names: Vec<&str> = scenarios.names().collect();
    assert_eq!(
        names,
        [
            "big",
            "contradictory",
            "empty",
            "euro",
            "everyday",
            "hostile",
            "loan",
            "many_accounts",
            "mixed_currencies",
            "no_cards",
            "one_account",
            "overdrawn",
            "reference"
        ]
    );
}

#[test]
fn generation_is_the_same_each_time_and_sums_up() {
    let scenarios = Scenarios::built_in();
    let at = NOW.parse().unwrap();
    for name in scenarios.names() {
        let scenario = scenarios.load(name).unwrap();
        let activity = Activity::generate(&scenario, at);
        let again = Activity::generate(&scenarios.load(name).unwrap(), at);
        assert_eq!(activity, again, "{name}");
        for index in 0..scenario.account.len() {
            let sum: i64 = activity
                .entries
                .iter()
                .filter(|entry| {
                    entry.account == index && entry.posted.is_some_and(|posted| posted <= at)
                })
                .map(|entry| entry.minor)
                .sum();
            assert_eq!(
                activity.opening[index] + sum,
                activity.booked(index, at),
                "{name}"
            );
        }
    }
}

/// The scenario with one line changed, and the problem that must be told.
fn problem(from: &str, to: &str) -> String {
    let text = r#"description = "d"
bank = "b"
customer = "c"
zone = "America/New_York"
locale = "en_US"
currency = "USD"
starts = 2026-01-01
[[account]]
id = "a"
name = "A"
kind = "checking"
number = "1234"
[[card]]
id = "k"
account = "a"
last4 = "1234"
brand = "visa"
[[regular]]
name = "rent"
account = "a"
amount = "-10.00"
every = "month"
first = 2026-01-01
time = 09:00:00
description = "RENT"
[[sweep]]
name = "save"
from = "a"
to = "a"
every = "month"
first = 2026-01-01
time = 09:00:00
keep = "1.00"
least = "1.00"
step = "1.00"
description = "SAVE"
[[anchor]]
at = 2026-02-01T00:00:00
account = "a"
booked = "50.00"
by = "opening"
"#;
    assert!(text.contains(from), "{from}");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("one.toml"), text.replacen(from, to, 1)).unwrap();
    match Scenarios::from_dir(dir.path()) {
        Ok(_) => String::new(),
        Err(ScenarioError::Problems(problems)) => problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn problems_name_file_and_line() {
    assert_eq!(problem("RENT", "RENT"), "");
    for (from, to, expected) in [
        (
            "bank = \"b\"",
            "banc = \"b\"",
            "one.toml:2: unknown field `banc`",
        ),
        (
            "America/New_York",
            "America/Nowhere",
            "one.toml:4: `America/Nowhere` is no IANA zone",
        ),
        (
            "\"USD\"",
            "\"DOLLAR\"",
            "one.toml:6: `DOLLAR` is no currency code",
        ),
        ("starts = 2026-01-01", "starts = \"soon\"", "one.toml:7: "),
        (
            "kind = \"checking\"",
            "kind = \"chequing\"",
            "one.toml:11: unknown variant `chequing`",
        ),
        (
            "number = \"1234\"",
            "number = \"12345\"",
            "one.toml:9: `number` is the last two to four digits",
        ),
        (
            "account = \"a\"\nlast4",
            "account = \"b\"\nlast4",
            "one.toml:15: there is no account `b`",
        ),
        (
            "last4 = \"1234\"",
            "last4 = \"12\"",
            "one.toml:14: `last4` is four digits",
        ),
        (
            "amount = \"-10.00\"",
            "amount = \"ten\"",
            "one.toml:21: an amount is written",
        ),
        (
            "every = \"month\"",
            "every = \"full moon\"",
            "one.toml:22: a rhythm is",
        ),
        (
            "time = 09:00:00",
            "time = 2026-01-01",
            "one.toml:24: a time of day is written 09:00:00",
        ),
        (
            "name = \"save\"",
            "name = \"rent\"",
            "one.toml:27: the rule `rent` is there twice",
        ),
        (
            "step = \"1.00\"",
            "step = \"0.00\"",
            "one.toml:27: `step` is more than nothing",
        ),
        (
            "by = \"opening\"",
            "by = \"magic\"",
            "one.toml:41: `by` is \"opening\" or the name of a sweep, not `magic`",
        ),
        (
            "by = \"opening\"",
            "pending = 2\nby = \"opening\"",
            "one.toml:38: the anchor wants pending entries: 2, but the rules give 0",
        ),
        (
            "by = \"opening\"",
            "available = \"1.00\"\nby = \"opening\"",
            "one.toml:38: the anchor wants available 1.00, but the rules give 50.00",
        ),
    ] {
        let told = problem(from, to);
        assert!(told.contains(expected), "{to}: {told:?} lacks {expected:?}");
    }
}

#[test]
fn all_problems_of_all_files_are_told_together() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("one.toml"), "x = 1").unwrap();
    std::fs::write(dir.path().join("two.toml"), "y = 1").unwrap();
    let told = Scenarios::from_dir(dir.path()).unwrap_err().to_string();
    assert!(
        told.contains("one.toml:1:") && told.contains("two.toml:1:"),
        "{told}"
    );
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(
        Scenarios::from_dir(empty.path()),
        Err(ScenarioError::Empty(_))
    ));
    assert!(matches!(
        Scenarios::from_dir(&empty.path().join("none")),
        Err(ScenarioError::Io { .. })
    ));
    let told = Scenarios::built_in().load("nope").unwrap_err().to_string();
    assert!(told.contains("everyday"), "{told}");
}

#[tokio::test]
async fn the_reference_is_the_story_the_adapters_are_tested_with() {
    let running = run("reference:a", "2026-11-15T12:00:00-05:00").await;
    let reading = running.bank.reading.clone().unwrap();
    let found = reading.accounts(&running.connection).await.unwrap();
    let balances: Vec<(&str, String, Option<String>)> = found
        .accounts
        .iter()
        .map(|a| {
            let amount = |kind| a.balance(kind).map(|b| b.amount.to_decimal());
            (
                a.id.as_str(),
                amount(BalanceKind::Booked).unwrap(),
                amount(BalanceKind::Available),
            )
        })
        .collect();
    assert_eq!(
        balances,
        [
            (
                "acc-chk-4321",
                "2345.67".to_owned(),
                Some("2225.17".to_owned())
            ),
            (
                "acc-sav-8765",
                "10000.00".to_owned(),
                Some("10000.00".to_owned())
            ),
            (
                "acc-card-1005",
                "-642.18".to_owned(),
                Some("4353.07".to_owned())
            ),
        ]
    );
    let mut lines = Vec::new();
    for id in ["acc-chk-4321", "acc-card-1005"] {
        let entries = reading
            .transactions(
                &running.connection,
                &account(id),
                range("2026-10-01", "2026-11-15"),
            )
            .await
            .unwrap();
        lines.extend(entries.into_iter().map(|entry| {
            format!(
                "{} {} {} {}",
                entry.id.as_str(),
                entry.amount.to_decimal(),
                entry
                    .booking_date
                    .map_or("pending".to_owned(), |day| day.to_string()),
                entry.date(&running.bank.zone).unwrap()
            )
        }));
    }
    assert_eq!(
        lines,
        [
            "t-1006 -120.50 pending 2026-11-14",
            "t-1005 -1450.00 2026-11-02 2026-11-02",
            "t-1004 -23.45 2026-10-31 2026-10-31",
            "t-1003 3200.00 2026-10-30 2026-10-30",
            "t-1002 12.00 2026-10-21 2026-10-20",
            "t-1001 -54.99 2026-10-03 2026-10-02",
            "t-2003 -4.75 pending 2026-11-15",
            "t-2002 300.00 2026-11-10 2026-11-10",
            "t-2001 -88.10 2026-10-09 2026-10-08",
        ]
    );
}

#[tokio::test]
async fn ten_thousand_entries_arrive_whole() {
    let running = run("big:a", NOW).await;
    let reading = running.bank.reading.clone().unwrap();
    let entries = reading
        .transactions(
            &running.connection,
            &account("chk-9000"),
            range("2025-11-22", "2026-11-22"),
        )
        .await
        .unwrap();
    assert!(
        (9_900..10_400).contains(&entries.len()),
        "{}",
        entries.len()
    );
}

#[tokio::test]
async fn odd_scenarios_show_what_they_are_for() {
    let of = |name: &'static str| async move {
        let running = run(&format!("{name}:a"), NOW).await;
        let reading = running.bank.reading.clone().unwrap();
        let accounts = reading
            .accounts(&running.connection)
            .await
            .unwrap()
            .accounts;
        let cards = running.bank.cards.clone().unwrap();
        let cards = cards.cards(&running.connection).await.unwrap();
        (accounts, cards.len())
    };
    let (empty, _) = of("empty").await;
    assert_eq!(empty.len(), 1);
    let (many, _) = of("many_accounts").await;
    assert_eq!(many.len(), 30);
    let (none, cards) = of("no_cards").await;
    assert_eq!((none.len(), cards), (2, 0));
    let (loan, _) = of("loan").await;
    let kinds: Vec<AccountKind> = loan.iter().map(|account| account.kind).collect();
    assert_eq!(
        kinds,
        [
            AccountKind::Checking,
            AccountKind::Loan,
            AccountKind::Mortgage
        ]
    );
    assert!(
        loan[1]
            .balance(BalanceKind::Booked)
            .unwrap()
            .amount
            .is_negative()
    );
    assert!(loan[1].due_date.is_some());
    assert_eq!(loan[1].interest_rate_bp, Some(690));
    let (mixed, _) = of("mixed_currencies").await;
    let codes: Vec<&str> = mixed
        .iter()
        .map(|account| account.currency.code())
        .collect();
    assert_eq!(codes, ["USD", "EUR", "JPY"]);
    let (odd, _) = of("contradictory").await;
    let amount = |at: usize, kind| odd[at].balance(kind).map(|b| b.amount.minor());
    assert!(amount(0, BalanceKind::Available) > amount(0, BalanceKind::Booked));
    assert!(amount(1, BalanceKind::Available) > amount(1, BalanceKind::CreditLimit));
    assert_eq!(amount(2, BalanceKind::Available), None);
    let (below, _) = of("overdrawn").await;
    assert!(
        below[0]
            .balance(BalanceKind::Booked)
            .unwrap()
            .amount
            .is_negative()
    );
    let (euro, _) = of("euro").await;
    assert_eq!(
        euro[0]
            .balance(BalanceKind::Available)
            .unwrap()
            .amount
            .to_decimal(),
        "1262.40"
    );
}

#[tokio::test]
async fn hostile_texts_arrive_as_they_are() {
    let running = run("hostile:a", NOW).await;
    let reading = running.bank.reading.clone().unwrap();
    let entries = reading
        .transactions(
            &running.connection,
            &account("chk-6600"),
            range("2026-11-01", "2026-11-22"),
        )
        .await
        .unwrap();
    assert!(entries.len() >= 15);
    let all: String = entries
        .iter()
        .map(|entry| entry.description.as_str())
        .collect();
    for mark in ['\u{202e}', '\u{0}', '\u{1b}', '\u{1f355}', '\n'] {
        assert!(all.contains(mark), "{mark:?}");
    }
}

#[test]
fn the_documentation_names_every_scenario() {
    let text = include_str!("../../../../docs/scenarios.md");
    for name in Scenarios::built_in().names() {
        assert!(text.contains(&format!("`{name}`")), "{name}");
    }
}
