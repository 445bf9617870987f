//! Pending twins (`bank-apis.md` 3.4): most banks show a charge twice for a while, once pending and once
//! booked, under different ids. The pending one is dropped, so that nothing is counted twice.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

use super::model::{Transaction, TransactionStatus};

/// How much later than its pending twin a booked entry may be.
const WINDOW_DAYS: i64 = 10;

/// How much earlier a booked entry's instant may be than its twin's: clocks of shop and bank differ, but
/// yesterday's coffee is not the twin of today's.
const EARLIER: SignedDuration = SignedDuration::from_hours(12);

/// Drops pending entries whose booked form is there too. Each booked entry accounts for one pending
/// entry at most.
pub fn drop_pending_twins(entries: Vec<Transaction>, zone: &TimeZone) -> Vec<Transaction> {
    let booked: Vec<&Transaction> = entries
        .iter()
        .filter(|entry| entry.status == TransactionStatus::Booked)
        .collect();
    let mut used = vec![false; booked.len()];
    let mut dropped = vec![false; entries.len()];
    // The bank's own word first, so that a guess cannot take the entry it is about.
    for by_word in [true, false] {
        for (entry, gone) in entries.iter().zip(dropped.iter_mut()) {
            if entry.status != TransactionStatus::Pending || *gone {
                continue;
            }
            let twin = booked.iter().zip(used.iter_mut()).find(|(other, taken)| {
                !**taken
                    && if by_word {
                        other.pending_id.as_ref() == Some(&entry.id)
                    } else {
                        looks_like_twin(entry, other, zone)
                    }
            });
            if let Some((_, taken)) = twin {
                *taken = true;
                *gone = true;
            }
        }
    }
    entries
        .into_iter()
        .zip(dropped)
        .filter_map(|(entry, gone)| (!gone).then_some(entry))
        .collect()
}

/// Same account, sign and merchant; booked up to ten days later; the same amount or up to 30 % more
/// (tips, fuel).
fn looks_like_twin(pending: &Transaction, booked: &Transaction, zone: &TimeZone) -> bool {
    if pending.account != booked.account
        || pending.amount.currency() != booked.amount.currency()
        || pending.amount.is_negative() != booked.amount.is_negative()
    {
        return false;
    }
    // A bank that names another pending entry as its origin has answered the question.
    if booked.pending_id.is_some() {
        return false;
    }
    let held = i128::from(pending.amount.abs().minor());
    let settled = i128::from(booked.amount.abs().minor());
    if settled < held || settled * 10 > held * 13 {
        return false;
    }
    same_merchant(pending, booked) && in_time(pending, booked, zone)
}

fn in_time(pending: &Transaction, booked: &Transaction, zone: &TimeZone) -> bool {
    if let (Some(first), Some(second)) = (pending.occurred_at, booked.occurred_at)
        && first.duration_since(second) > EARLIER
    {
        return false;
    }
    let Some(first) = pending.date(zone) else {
        return false;
    };
    let days: Vec<Date> = [booked.date(zone), booked.booking_date]
        .into_iter()
        .flatten()
        .collect();
    let latest = first
        .checked_add(Span::new().days(WINDOW_DAYS))
        .unwrap_or(Date::MAX);
    // Booked on the day or after it; nothing is booked before it is held.
    days.iter().any(|day| *day >= first) && days.iter().all(|day| *day <= latest)
}

fn same_merchant(one: &Transaction, other: &Transaction) -> bool {
    if let (Some(one), Some(other)) = (&one.merchant, &other.merchant) {
        return letters(one) == letters(other);
    }
    let (one, other) = (letters(&one.description), letters(&other.description));
    // Store numbers, cities and references differ between the two forms; the name leads.
    let one: String = one.chars().take(8).collect();
    !one.is_empty() && other.starts_with(&one)
}

fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bank::model::{AccountId, TransactionId, TransactionKind};
    use crate::money::{Currency, Money};

    fn entry(id: &str, minor: i64, at: &str, booked_on: Option<&str>) -> Transaction {
        Transaction {
            id: TransactionId(id.into()),
            account: AccountId("a".into()),
            amount: Money::from_minor(minor, Currency::USD),
            status: if booked_on.is_some() {
                TransactionStatus::Booked
            } else {
                TransactionStatus::Pending
            },
            booking_date: booked_on.map(|day| day.parse().unwrap()),
            value_date: None,
            occurred_at: Some(at.parse().unwrap()),
            description: "TRATTORIA ROMA 0042 NEW YORK NY".into(),
            merchant: Some("Trattoria Roma".into()),
            mcc: Some(5812),
            category: None,
            kind: TransactionKind::Purchase,
            original_amount: None,
            pending_id: None,
        }
    }

    fn left(entries: Vec<Transaction>) -> Vec<String> {
        drop_pending_twins(entries, &TimeZone::UTC)
            .into_iter()
            .map(|entry| entry.id.0)
            .collect()
    }

    #[test]
    fn drops_the_pending_form_of_a_booked_charge_with_tip() {
        let entries = vec![
            entry("p", -3125, "2026-11-20T20:00:00Z", None),
            entry("b", -3725, "2026-11-20T20:00:00Z", Some("2026-11-22")),
        ];
        assert_eq!(left(entries), ["b"]);
    }

    #[test]
    fn keeps_today_when_the_same_was_booked_before() {
        let entries = vec![
            entry("p", -475, "2026-11-20T08:05:00Z", None),
            entry("b", -475, "2026-11-19T08:05:00Z", Some("2026-11-20")),
        ];
        assert_eq!(left(entries), ["p", "b"]);
    }

    #[test]
    fn one_booked_entry_stands_for_one_pending_entry() {
        let entries = vec![
            entry("p1", -475, "2026-11-20T08:05:00Z", None),
            entry("p2", -475, "2026-11-20T08:06:00Z", None),
            entry("b", -475, "2026-11-20T08:05:00Z", Some("2026-11-21")),
        ];
        assert_eq!(left(entries), ["p2", "b"]);
    }

    #[test]
    fn keeps_what_differs_in_amount_sign_merchant_or_time() {
        let pending = || entry("p", -1000, "2026-11-01T12:00:00Z", None);
        let mut other_shop = entry("b", -1000, "2026-11-01T12:00:00Z", Some("2026-11-02"));
        other_shop.merchant = Some("Elec World".into());
        for other in [
            entry("b", -1301, "2026-11-01T12:00:00Z", Some("2026-11-02")),
            entry("b", -999, "2026-11-01T12:00:00Z", Some("2026-11-02")),
            entry("b", 1000, "2026-11-01T12:00:00Z", Some("2026-11-02")),
            entry("b", -1000, "2026-11-13T12:00:00Z", Some("2026-11-13")),
            other_shop,
        ] {
            assert_eq!(left(vec![pending(), other]).len(), 2);
        }
    }

    #[test]
    fn believes_the_bank_when_it_names_the_pending_entry() {
        let mut booked = entry("b", -3820, "2026-11-03T12:00:00Z", Some("2026-11-03"));
        booked.pending_id = Some(TransactionId("p".into()));
        let entries = vec![entry("p", -10_000, "2026-11-01T12:00:00Z", None), booked];
        assert_eq!(left(entries), ["b"]);
    }
}
