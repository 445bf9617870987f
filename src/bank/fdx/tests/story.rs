//! Recorded answers, flat and wrapped, tell one story: three accounts and nine entries in New York.

use super::*;
use crate::bank::Reading;
use crate::bank::http::peer::json;
use crate::bank::model::{
    AccountKind, AccountStatus, BalanceKind, Transaction, TransactionKind, TransactionStatus,
};
use crate::money::{Currency, Money};

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

/// A bank that answers with the recorded files of one wire form.
async fn recorded(form: &'static str) -> Peer {
    Peer::start(move |seen, _| {
        let name = match seen.path() {
            "/fdx/v6/accounts" => format!("accounts-{form}"),
            "/fdx/v6/accounts/acc-chk-4321/statements" => "statements".to_owned(),
            path => match path
                .strip_prefix("/fdx/v6/accounts/")
                .and_then(|rest| rest.strip_suffix("/transactions"))
            {
                Some(id) => format!("transactions-{id}-{form}"),
                None => return json(404, r#"{"code":"701","message":"no"}"#),
            },
        };
        let path = format!(
            "{}/fixtures/bank/fdx/{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        json(200, &std::fs::read_to_string(path).unwrap())
    })
    .await
}

#[tokio::test]
async fn accounts_come_out_the_same_in_both_forms() {
    for form in ["flat", "wrapped"] {
        let peer = recorded(form).await;
        let fdx = adapter(&peer, settings());
        let found = fdx.accounts(&connection()).await.unwrap();
        assert!(found.missing.is_empty());
        let shown: Vec<(&str, &str, AccountKind, &str, AccountStatus)> = found
            .accounts
            .iter()
            .map(|a| {
                (
                    a.id.as_str(),
                    a.name.as_str(),
                    a.kind,
                    a.mask.as_str(),
                    a.status,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (
                    "acc-chk-4321",
                    "Everyday Checking",
                    AccountKind::Checking,
                    "4321",
                    AccountStatus::Open
                ),
                (
                    "acc-sav-8765",
                    "Rainy Day Savings",
                    AccountKind::Savings,
                    "8765",
                    AccountStatus::Open
                ),
                (
                    "acc-card-1005",
                    "Platinum Card",
                    AccountKind::CreditCard,
                    "1005",
                    AccountStatus::Open
                ),
            ]
        );
        let balance = |at: usize, kind| found.accounts[at].balance(kind).map(|b| b.amount);
        assert_eq!(balance(0, BalanceKind::Booked), Some(usd("2345.67")));
        assert_eq!(balance(0, BalanceKind::Available), Some(usd("2225.17")));
        assert_eq!(balance(1, BalanceKind::Booked), Some(usd("10000.00")));
        assert_eq!(balance(2, BalanceKind::Booked), Some(usd("-642.18")));
        assert_eq!(balance(2, BalanceKind::Available), Some(usd("4353.07")));
        assert_eq!(balance(2, BalanceKind::CreditLimit), Some(usd("5000.00")));
        assert_eq!(balance(2, BalanceKind::MinimumDue), Some(usd("35.00")));
        assert_eq!(
            found.accounts[2].due_date.unwrap().to_string(),
            "2026-12-14"
        );
        let as_of = found.accounts[0].balances[0].as_of.unwrap();
        assert_eq!(as_of.to_string(), "2026-11-15T17:00:00Z");
        let request = &peer.seen()[0];
        assert!(request.target.contains("resultType=details"));
        assert_eq!(request.header("authorization"), Some("Bearer token-0"));
        assert_eq!(request.header("fdx-api-actor-type"), Some("USER"));
    }
}

type Line = (
    String,
    Money,
    bool,
    Option<String>,
    String,
    Option<String>,
    Option<u16>,
);

fn line(entry: &Transaction) -> Line {
    let zone = TimeZone::get("America/New_York").unwrap();
    (
        entry.id.0.clone(),
        entry.amount,
        entry.status == TransactionStatus::Pending,
        entry.booking_date.map(|day| day.to_string()),
        entry.date(&zone).unwrap().to_string(),
        entry.merchant.clone(),
        entry.mcc,
    )
}

/// Id, amount, booking day, day, merchant, merchant category code.
type Expected = (
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    Option<&'static str>,
    Option<u16>,
);

const CHECKING: [Expected; 6] = [
    (
        "t-1006",
        "-120.50",
        None,
        "2026-11-14",
        Some("Whole Foods Market"),
        Some(5411),
    ),
    (
        "t-1005",
        "-1450.00",
        Some("2026-11-02"),
        "2026-11-02",
        Some("Oakwood Properties"),
        Some(6513),
    ),
    (
        "t-1004",
        "-23.45",
        Some("2026-10-31"),
        "2026-10-31",
        Some("Amazon"),
        Some(5942),
    ),
    (
        "t-1003",
        "3200.00",
        Some("2026-10-30"),
        "2026-10-30",
        Some("Acme Corp"),
        None,
    ),
    (
        "t-1002",
        "12.00",
        Some("2026-10-21"),
        "2026-10-20",
        Some("Amazon"),
        Some(5942),
    ),
    (
        "t-1001",
        "-54.99",
        Some("2026-10-03"),
        "2026-10-02",
        Some("Amazon"),
        Some(5942),
    ),
];
const CARD: [Expected; 3] = [
    (
        "t-2003",
        "-4.75",
        None,
        "2026-11-15",
        Some("Blue Bottle Coffee"),
        Some(5814),
    ),
    (
        "t-2002",
        "300.00",
        Some("2026-11-10"),
        "2026-11-10",
        None,
        None,
    ),
    (
        "t-2001",
        "-88.10",
        Some("2026-10-09"),
        "2026-10-08",
        Some("Amazon"),
        Some(5942),
    ),
];

#[tokio::test]
async fn entries_come_out_the_same_in_both_forms() {
    for form in ["flat", "wrapped"] {
        let peer = recorded(form).await;
        let fdx = adapter(&peer, settings());
        fdx.accounts(&connection()).await.unwrap();
        for (id, expected) in [
            ("acc-chk-4321", &CHECKING[..]),
            ("acc-card-1005", &CARD[..]),
            ("acc-sav-8765", &[]),
        ] {
            let entries = fdx
                .transactions(
                    &connection(),
                    &account(id),
                    range("2026-10-01", "2026-11-15"),
                )
                .await
                .unwrap();
            let got: Vec<Line> = entries.iter().map(line).collect();
            let wanted: Vec<Line> = expected
                .iter()
                .map(|(id, amount, booked, day, merchant, mcc)| {
                    (
                        (*id).to_owned(),
                        usd(amount),
                        booked.is_none(),
                        booked.map(str::to_owned),
                        (*day).to_owned(),
                        merchant.map(str::to_owned),
                        *mcc,
                    )
                })
                .collect();
            assert_eq!(got, wanted, "{form} {id}");
        }
    }
}

#[tokio::test]
async fn a_charge_late_on_the_last_evening_stays_in_its_month() {
    let peer = recorded("flat").await;
    let fdx = adapter(&peer, settings());
    let ids = |entries: Vec<Transaction>| -> Vec<String> {
        entries.into_iter().map(|entry| entry.id.0).collect()
    };
    let october = range("2026-10-01", "2026-10-31");
    let entries = fdx
        .transactions(&connection(), &account("acc-chk-4321"), october)
        .await
        // The account was not listed before, and this bank has no details of it.
        .unwrap_err();
    assert!(matches!(entries, BankError::NotFound));
    fdx.accounts(&connection()).await.unwrap();
    let entries = fdx
        .transactions(&connection(), &account("acc-chk-4321"), october)
        .await
        .unwrap();
    assert_eq!(ids(entries), ["t-1004", "t-1003", "t-1002", "t-1001"]);
    let november = range("2026-11-01", "2026-11-30");
    let entries = fdx
        .transactions(&connection(), &account("acc-chk-4321"), november)
        .await
        .unwrap();
    assert_eq!(ids(entries), ["t-1006", "t-1005"]);
    // One day more is asked for on both sides.
    let target = peer.seen().last().unwrap().target.clone();
    assert!(target.contains("startTime=2026-10-31"), "{target}");
    assert!(target.contains("endTime=2026-12-01"), "{target}");
}

#[tokio::test]
async fn kinds_follow_type_code_and_words() {
    let peer = recorded("flat").await;
    let fdx = adapter(&peer, settings());
    fdx.accounts(&connection()).await.unwrap();
    let mut kinds = Vec::new();
    for id in ["acc-chk-4321", "acc-card-1005"] {
        let entries = fdx
            .transactions(
                &connection(),
                &account(id),
                range("2026-10-01", "2026-11-15"),
            )
            .await
            .unwrap();
        kinds.extend(entries.into_iter().map(|entry| (entry.id.0, entry.kind)));
    }
    let kind = |id: &str| kinds.iter().find(|(known, _)| known == id).unwrap().1;
    assert_eq!(kind("t-1001"), TransactionKind::Purchase);
    assert_eq!(kind("t-1002"), TransactionKind::Refund);
    assert_eq!(kind("t-1003"), TransactionKind::Salary);
    assert_eq!(kind("t-2002"), TransactionKind::CardPayment);
    assert_eq!(kind("t-2003"), TransactionKind::Purchase);
}

#[tokio::test]
async fn statements_are_listed() {
    let peer = recorded("flat").await;
    let found = adapter(&peer, settings())
        .statements(&connection(), &account("acc-chk-4321"))
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, "stmt-2026-10");
    assert_eq!(found[0].date.to_string(), "2026-10-31");
    assert_eq!(found[0].description.as_deref(), Some("October statement"));
}
