//! The `everyday` scenario: what conversations rely on, and that its year is believable.

use super::{account, range, run, run_with};
use crate::bank::model::{BalanceKind, CardState, TransactionKind, TransactionStatus};
use crate::money::{Currency, Money};
use crate::simulator::bank::activity::Activity;
use crate::simulator::bank::{Options, Scenarios};

const ANCHOR: &str = "2026-11-22T10:41:00-05:00";

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

#[tokio::test]
async fn the_design_example_comes_out_in_both_wire_forms() {
    for wrapped in [false, true] {
        let running = run_with("everyday:a", ANCHOR, Options::default(), wrapped).await;
        let reading = running.bank.reading.clone().unwrap();
        let accounts = reading.accounts(&running.connection).await.unwrap();
        assert!(accounts.missing.is_empty());
        let masks: Vec<&str> = accounts
            .accounts
            .iter()
            .map(|account| account.mask.as_str())
            .collect();
        assert_eq!(masks, ["1234", "5678", "9921"]);
        let checking = &accounts.accounts[0];
        assert_eq!(checking.name, "Checking");
        assert_eq!(
            checking.balance(BalanceKind::Available).unwrap().amount,
            usd("412.10")
        );
        assert_eq!(
            checking.balance(BalanceKind::Booked).unwrap().amount,
            usd("455.60")
        );
        let entries = reading
            .transactions(
                &running.connection,
                &account("chk-1234"),
                range("2026-11-01", "2026-11-22"),
            )
            .await
            .unwrap();
        let pending: Vec<Money> = entries
            .iter()
            .filter(|entry| entry.status == TransactionStatus::Pending)
            .map(|entry| entry.amount)
            .collect();
        assert_eq!(pending, [usd("-12.25"), usd("-31.25")]);
        let zelcorp = entries
            .iter()
            .find(|entry| entry.merchant.as_deref() == Some("Zelcorp"))
            .unwrap();
        assert_eq!(zelcorp.amount, usd("-89.99"));
        assert_eq!(
            zelcorp.date(&running.bank.zone).unwrap().to_string(),
            "2026-11-18"
        );
        assert_eq!(zelcorp.status, TransactionStatus::Booked);
    }
}

#[tokio::test]
async fn two_cards_are_there_and_work() {
    let running = run("everyday:a", ANCHOR).await;
    let cards = running
        .bank
        .cards
        .clone()
        .unwrap()
        .cards(&running.connection)
        .await
        .unwrap();
    let shown: Vec<(&str, &str, bool, CardState)> = cards
        .iter()
        .map(|card| {
            (
                card.mask.as_str(),
                card.brand.as_str(),
                card.credit,
                card.state,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("4417", "visa", false, CardState::Active),
            ("9921", "mastercard", true, CardState::Active)
        ]
    );
}

#[tokio::test]
async fn every_kind_of_entry_is_there() {
    let running = run("everyday:a", ANCHOR).await;
    let reading = running.bank.reading.clone().unwrap();
    let mut kinds = std::collections::HashSet::new();
    for id in ["chk-1234", "sav-5678", "crd-9921"] {
        let entries = reading
            .transactions(
                &running.connection,
                &account(id),
                range("2025-10-01", "2026-11-22"),
            )
            .await
            .unwrap();
        assert!(entries.len() > 20, "{id}: {}", entries.len());
        kinds.extend(entries.iter().map(|entry| entry.kind));
    }
    for kind in [
        TransactionKind::Purchase,
        TransactionKind::Refund,
        TransactionKind::TransferIn,
        TransactionKind::TransferOut,
        TransactionKind::CardPayment,
        TransactionKind::Fee,
        TransactionKind::Interest,
        TransactionKind::Salary,
        TransactionKind::Cash,
        TransactionKind::DirectDebit,
        TransactionKind::StandingOrder,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}

#[test]
fn running_balances_stay_believable_for_years() {
    let scenario = Scenarios::built_in().load("everyday").unwrap();
    let until = "2028-12-31T12:00:00-05:00".parse().unwrap();
    let activity = Activity::generate(&scenario, until);
    let mut day: jiff::civil::Date = "2025-11-01".parse().unwrap();
    let (mut lowest, mut highest, mut below) = (i64::MAX, i64::MIN, 0);
    while day.year() < 2029 {
        let at = day
            .to_datetime(jiff::civil::Time::midnight())
            .to_zoned(scenario.zone.0.clone())
            .unwrap()
            .timestamp();
        let checking = activity.booked(0, at);
        lowest = lowest.min(checking);
        highest = highest.max(checking);
        below += i32::from(checking < 0);
        assert!(activity.booked(1, at) >= 0, "savings on {day}");
        assert!(activity.booked(2, at) > -400_000, "card on {day}");
        day = day.tomorrow().unwrap();
    }
    assert!(lowest > -120_000, "{lowest}");
    assert!(highest < 700_000, "{highest}");
    assert!((1..40).contains(&below), "{below} days overdrawn");
}

#[test]
fn a_later_end_only_adds_entries() {
    let scenario = Scenarios::built_in().load("everyday").unwrap();
    let near = Activity::generate(&scenario, ANCHOR.parse().unwrap());
    let far = Activity::generate(&scenario, "2027-11-22T10:41:00-05:00".parse().unwrap());
    assert_eq!(near.opening, far.opening);
    let old: Vec<_> = far
        .entries
        .iter()
        .filter(|entry| entry.occurred <= near.until)
        .collect();
    let all: Vec<_> = near
        .entries
        .iter()
        .filter(|entry| entry.occurred <= near.until)
        .collect();
    assert_eq!(old, all);
    assert!(far.entries.len() > near.entries.len() + 300);
}

#[test]
fn ids_are_unique() {
    let scenario = Scenarios::built_in().load("everyday").unwrap();
    let activity = Activity::generate(&scenario, "2030-01-01T00:00:00Z".parse().unwrap());
    let mut ids = std::collections::HashSet::new();
    for entry in &activity.entries {
        assert!(ids.insert(&entry.id), "{}", entry.id);
        assert!(ids.insert(&entry.pending_id), "{}", entry.pending_id);
    }
}
