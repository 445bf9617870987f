//! From a scenario's rules to entries: the same rules and the same seed give the same entries, and a later
//! end only adds to them.
//!
//! Two passes. The first makes what does not depend on balances (singles, schedules, chance), each day from
//! its own seed. The second walks through time and adds what does (sweeps, card bills, interest, overdraft
//! fees), and lets each anchor's rule take up the difference.

mod rules;
mod walk;

use std::fmt;

use jiff::{Span, Timestamp, Zoned};

use super::scenario::Scenario;
use super::scenario::values::EntryKind;
use crate::money::{Currency, Money};

pub(super) use rules::rhythm;

/// Generation ends so many years after the first day: a clock gone mad must not eat the memory.
const MOST_YEARS: i64 = 30;

/// One thing that happened on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id once booked.
    pub id: String,
    /// Its id while pending; banks change ids when they book.
    pub pending_id: String,
    /// The account's position in the scenario.
    pub account: usize,
    /// The card's position in the scenario.
    pub card: Option<usize>,
    /// Signed minor units: negative is money out.
    pub minor: i64,
    /// What is held while it is pending.
    pub held_minor: i64,
    /// When it happened.
    pub occurred: Timestamp,
    /// When it is booked, if ever.
    pub posted: Option<Timestamp>,
    /// When a hold that is never booked is let go.
    pub released: Option<Timestamp>,
    /// The text of the statement.
    pub description: String,
    /// The shop's name.
    pub merchant: Option<String>,
    /// Merchant category code.
    pub mcc: Option<u16>,
    /// What it is.
    pub kind: EntryKind,
    /// Unsigned, in the shop's currency.
    pub original: Option<Money>,
}

/// How an entry looks at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Held, not final.
    Pending,
    /// Booked.
    Booked,
}

impl Entry {
    /// Returns how it looks at a time; `None` before it happened and after its hold was let go.
    pub fn stage(&self, at: Timestamp) -> Option<Stage> {
        if self.occurred > at {
            return None;
        }
        if self.posted.is_some_and(|posted| posted <= at) {
            return Some(Stage::Booked);
        }
        if self.released.is_some_and(|released| released <= at) {
            return None;
        }
        Some(Stage::Pending)
    }
}

/// All entries of a scenario up to a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Complete up to here.
    pub until: Timestamp,
    /// Minor units per account before the first entry.
    pub opening: Vec<i64>,
    /// In the order in which they happened.
    pub entries: Vec<Entry>,
}

impl Activity {
    /// Makes everything that happens up to `until`, and up to the last anchor at least, since what an
    /// anchor adjusts comes before it.
    pub fn generate(scenario: &Scenario, until: Timestamp) -> Self {
        let zone = &scenario.zone.0;
        let start = scenario.starts.0.to_datetime(jiff::civil::Time::midnight());
        let latest = start
            .to_zoned(zone.clone())
            .and_then(|start| start.checked_add(Span::new().years(MOST_YEARS)))
            .map_or(Timestamp::MAX, |zoned| zoned.timestamp());
        let last_anchor = scenario
            .anchor
            .iter()
            .map(|anchor| anchor.at.get_ref().instant(zone))
            .max()
            .unwrap_or(Timestamp::MIN);
        let until = until.max(last_anchor).min(latest);
        let days = rules::days(scenario, until);
        let drafts = rules::entries(scenario, &days);
        walk::complete(scenario, &days, &drafts, until)
    }

    /// Returns the booked balance of an account in minor units.
    pub fn booked(&self, account: usize, at: Timestamp) -> i64 {
        let opening = self.opening.get(account).copied().unwrap_or(0);
        self.entries
            .iter()
            .filter(|entry| entry.account == account && entry.stage(at) == Some(Stage::Booked))
            .fold(opening, |sum, entry| sum.saturating_add(entry.minor))
    }

    /// Returns the amounts held on an account: negative, and how many.
    pub fn held(&self, account: usize, at: Timestamp) -> (i64, usize) {
        self.entries
            .iter()
            .filter(|entry| entry.account == account && entry.stage(at) == Some(Stage::Pending))
            .fold((0, 0), |(sum, count), entry| {
                // Money that is announced cannot be spent yet.
                (sum.saturating_add(entry.held_minor.min(0)), count + 1)
            })
    }
}

/// An anchor that the rules do not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// Its position.
    pub anchor: usize,
    what: &'static str,
    wanted: String,
    got: String,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the anchor wants {} {}, but the rules give {}",
            self.what, self.wanted, self.got
        )
    }
}

/// Returns the anchors of a scenario that do not come out.
pub fn missed_anchors(scenario: &Scenario) -> Vec<Missed> {
    if scenario.anchor.is_empty() {
        return Vec::new();
    }
    let activity = Activity::generate(scenario, Timestamp::MIN);
    let mut missed = Vec::new();
    for (at, anchor) in scenario.anchor.iter().enumerate() {
        let Some(account) = scenario.account_index(anchor.account.get_ref()) else {
            continue;
        };
        let currency = scenario.currency_of(account);
        let time = anchor.at.get_ref().instant(&scenario.zone.0);
        let booked = activity.booked(account, time);
        let (held, count) = activity.held(account, time);
        let mut compare = |what, wanted: i64, got: i64| {
            if wanted != got {
                missed.push(Missed {
                    anchor: at,
                    what,
                    wanted: decimal(wanted, currency),
                    got: decimal(got, currency),
                });
            }
        };
        compare("booked", anchor.booked.minor(currency), booked);
        if let Some(available) = &anchor.available {
            let limit = scenario
                .account
                .get(account)
                .and_then(|account| account.limit.as_ref())
                .map_or(0, |limit| limit.minor(currency));
            let left = booked.saturating_add(held).saturating_add(limit);
            compare("available", available.minor(currency), left);
        }
        if let Some(pending) = anchor.pending
            && pending != count
        {
            missed.push(Missed {
                anchor: at,
                what: "pending entries:",
                wanted: pending.to_string(),
                got: count.to_string(),
            });
        }
    }
    missed
}

fn decimal(minor: i64, currency: Currency) -> String {
    Money::from_minor(minor, currency).to_decimal()
}

/// Returns the id of what a rule makes on a day.
pub(super) fn id_of_regular(scenario: &Scenario, rule: &str, day: jiff::civil::Date) -> String {
    rules::id(scenario, &["regular", rule, &day.to_string()])
}

/// Returns a wall clock of a day as an instant; in a gap, the next valid one.
pub(super) fn instant(
    day: jiff::civil::Date,
    time: jiff::civil::Time,
    zone: &jiff::tz::TimeZone,
) -> Timestamp {
    day.to_datetime(time)
        .to_zoned(zone.clone())
        .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// Returns the day of an instant in a zone.
pub(super) fn day_of(at: Timestamp, zone: &jiff::tz::TimeZone) -> jiff::civil::Date {
    Zoned::new(at, zone.clone()).date()
}
