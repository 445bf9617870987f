//! The second pass: through time, with running balances, adding what depends on them.

use std::collections::HashMap;

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp};

use super::super::scenario::values::EntryKind;
use super::super::scenario::{Anchor, Scenario};
use super::rules::{counterpart, id, rhythm};
use super::{Activity, Entry, instant};

/// Anchors settle each other in a few rounds, more where a sweep stops at an empty account; if they do not,
/// they contradict each other.
const ROUNDS: usize = 40;

/// Something to do at a time; the order of the variants is the order at equal times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A draft is booked.
    Books(usize),
    /// A sweep is due.
    Sweep(usize),
    /// A card's bill is made.
    Bill(usize, Date),
    /// A card's bill is paid.
    Pay(usize, Date),
    /// A month's interest.
    Interest(usize, Date),
    /// The end of a day, where overdrafts cost.
    Overdraft(usize, Date),
}

/// What the anchors made of the rules.
#[derive(Default, Clone, PartialEq, Eq)]
struct Adjusted {
    opening: Vec<i64>,
    /// Moved more (or less) by a sweep on a day.
    sweeps: HashMap<(usize, Timestamp), i64>,
}

/// Adds to the drafts what depends on balances, and lets the anchors' rules take up the differences.
pub(super) fn complete(
    scenario: &Scenario,
    days: &[Date],
    drafts: &[Entry],
    until: Timestamp,
) -> Activity {
    let events = events(scenario, days, drafts);
    let mut adjusted = Adjusted {
        opening: scenario
            .account
            .iter()
            .enumerate()
            .map(|(at, account)| {
                account
                    .opening
                    .as_ref()
                    .map_or(0, |opening| opening.minor(scenario.currency_of(at)))
            })
            .collect(),
        sweeps: HashMap::new(),
    };
    let mut entries = walk(scenario, &events, drafts, &adjusted);
    for _ in 0..ROUNDS {
        let activity = Activity {
            until,
            opening: adjusted.opening.clone(),
            entries,
        };
        let before = adjusted.clone();
        for anchor in &scenario.anchor {
            adjust(scenario, anchor, &events, &activity, &mut adjusted);
        }
        if adjusted == before {
            entries = activity.entries;
            break;
        }
        entries = walk(scenario, &events, drafts, &adjusted);
    }
    entries.sort_by(|one, other| (one.occurred, &one.id).cmp(&(other.occurred, &other.id)));
    Activity {
        until,
        opening: adjusted.opening,
        entries,
    }
}

fn adjust(
    scenario: &Scenario,
    anchor: &Anchor,
    events: &[(Timestamp, Event)],
    activity: &Activity,
    adjusted: &mut Adjusted,
) {
    let Some(account) = scenario.account_index(anchor.account.get_ref()) else {
        return;
    };
    let at = anchor.at.get_ref().instant(&scenario.zone.0);
    let wanted = anchor.booked.minor(scenario.currency_of(account));
    let missing = wanted.saturating_sub(activity.booked(account, at));
    if missing == 0 {
        return;
    }
    let by = anchor.by.get_ref();
    if by == "opening" {
        if let Some(opening) = adjusted.opening.get_mut(account) {
            *opening = opening.saturating_add(missing);
        }
        return;
    }
    let last = events.iter().rev().find(|(time, event)| {
        *time <= at
            && matches!(event, Event::Sweep(rule)
                if scenario.sweep.get(*rule).is_some_and(|rule| rule.name.get_ref() == by))
    });
    if let Some((time, Event::Sweep(rule))) = last {
        let from = scenario
            .sweep
            .get(*rule)
            .and_then(|rule| scenario.account_index(rule.from.get_ref()));
        // What is missing where the sweep takes from is moved less; where it brings to, more.
        let more = if from == Some(account) {
            missing.saturating_neg()
        } else {
            missing
        };
        let known = adjusted.sweeps.entry((*rule, *time)).or_insert(0);
        *known = known.saturating_add(more);
    }
}

fn events(scenario: &Scenario, days: &[Date], drafts: &[Entry]) -> Vec<(Timestamp, Event)> {
    let zone = &scenario.zone.0;
    let (Some(first), Some(last)) = (days.first().copied(), days.last().copied()) else {
        return Vec::new();
    };
    let mut events: Vec<(Timestamp, Event)> = drafts
        .iter()
        .enumerate()
        .filter_map(|(at, draft)| Some((draft.posted?, Event::Books(at))))
        .collect();
    for (at, rule) in scenario.sweep.iter().enumerate() {
        for day in rhythm(rule.every, rule.first.0, last) {
            if day >= first {
                events.push((instant(day, rule.time.0, zone), Event::Sweep(at)));
            }
        }
    }
    for (at, rule) in scenario.card_payment.iter().enumerate() {
        let bill_day = scenario
            .account_index(rule.account.get_ref())
            .and_then(|account| scenario.account.get(account)?.statement_day)
            .unwrap_or(1);
        for day in days.iter().filter(|day| day.day() == bill_day) {
            let pays = day
                .checked_add(Span::new().days(rule.after_days))
                .unwrap_or(*day);
            events.push((
                instant(*day, Time::constant(23, 59, 0, 0), zone),
                Event::Bill(at, *day),
            ));
            if pays <= last {
                events.push((
                    instant(pays, Time::constant(9, 0, 0, 0), zone),
                    Event::Pay(at, *day),
                ));
            }
        }
    }
    for (at, _) in scenario.interest.iter().enumerate() {
        for day in days.iter().filter(|day| **day == day.last_of_month()) {
            events.push((
                instant(*day, Time::constant(23, 30, 0, 0), zone),
                Event::Interest(at, *day),
            ));
        }
    }
    for (at, _) in scenario.overdraft.iter().enumerate() {
        for day in days {
            events.push((
                instant(*day, Time::constant(21, 0, 0, 0), zone),
                Event::Overdraft(at, *day),
            ));
        }
    }
    events.sort_unstable();
    events
}

fn walk(
    scenario: &Scenario,
    events: &[(Timestamp, Event)],
    drafts: &[Entry],
    adjusted: &Adjusted,
) -> Vec<Entry> {
    let mut walk = Walk {
        scenario,
        adjusted,
        balances: adjusted.opening.clone(),
        debited: vec![false; scenario.account.len()],
        bills: HashMap::new(),
        added: Vec::new(),
    };
    for (at, event) in events {
        match event {
            Event::Books(draft) => {
                if let Some(draft) = drafts.get(*draft) {
                    walk.book(draft);
                }
            }
            Event::Sweep(rule) => walk.sweep(*rule, *at),
            Event::Bill(rule, day) => walk.bill(*rule, *day),
            Event::Pay(rule, day) => walk.pay(*rule, *day, *at),
            Event::Interest(rule, day) => walk.interest(*rule, *day, *at),
            Event::Overdraft(rule, day) => walk.overdraft(*rule, *day, *at),
        }
    }
    let mut entries = drafts.to_vec();
    entries.extend(walk.added);
    entries
}

struct Walk<'a> {
    scenario: &'a Scenario,
    adjusted: &'a Adjusted,
    balances: Vec<i64>,
    /// Whether money went out since the last look for overdrafts.
    debited: Vec<bool>,
    bills: HashMap<(usize, Date), i64>,
    added: Vec<Entry>,
}

impl Walk<'_> {
    fn balance(&self, account: usize) -> i64 {
        self.balances.get(account).copied().unwrap_or(0)
    }

    fn book(&mut self, entry: &Entry) {
        if let Some(balance) = self.balances.get_mut(entry.account) {
            *balance = balance.saturating_add(entry.minor);
        }
        if entry.minor < 0
            && let Some(debited) = self.debited.get_mut(entry.account)
        {
            *debited = true;
        }
    }

    fn add(&mut self, entry: Entry) {
        self.book(&entry);
        self.added.push(entry);
    }

    fn sweep(&mut self, at_rule: usize, at: Timestamp) {
        let Some(rule) = self.scenario.sweep.get(at_rule) else {
            return;
        };
        let (Some(from), Some(to)) = (
            self.scenario.account_index(rule.from.get_ref()),
            self.scenario.account_index(rule.to.get_ref()),
        ) else {
            return;
        };
        let currency = self.scenario.currency_of(from);
        let step = rule.step.minor(currency).max(1);
        let keep = rule.keep.minor(currency);
        let over = self.balance(from).saturating_sub(keep);
        let mut moved = over.max(0) / step * step;
        if moved < rule.least.minor(currency) {
            moved = 0;
        }
        let low = rule
            .refill_below
            .as_ref()
            .map_or(i64::MIN, |low| low.minor(currency));
        if self.balance(from) < low {
            let wanted = over.saturating_neg().saturating_add(step - 1) / step * step;
            moved = wanted.min(self.balance(to).max(0)).saturating_neg();
        }
        moved = moved.saturating_add(
            self.adjusted
                .sweeps
                .get(&(at_rule, at))
                .copied()
                .unwrap_or(0),
        );
        if moved == 0 {
            return;
        }
        let name = format!("{}:{at}", rule.name.get_ref());
        let mut entry = self.entry(&name, from, moved.saturating_neg(), at, EntryKind::Transfer);
        entry.description = if moved > 0 {
            rule.description.clone()
        } else {
            rule.description.replace(" TO ", " FROM ")
        };
        let other = counterpart(self.scenario, &entry, to);
        self.add(entry);
        self.add(other);
    }

    fn bill(&mut self, at_rule: usize, day: Date) {
        let account = self
            .scenario
            .card_payment
            .get(at_rule)
            .and_then(|rule| self.scenario.account_index(rule.account.get_ref()));
        if let Some(account) = account {
            let owed = self.balance(account).saturating_neg().max(0);
            self.bills.insert((at_rule, day), owed);
        }
    }

    fn pay(&mut self, at_rule: usize, day: Date, at: Timestamp) {
        let Some(rule) = self.scenario.card_payment.get(at_rule) else {
            return;
        };
        let (Some(card), Some(from)) = (
            self.scenario.account_index(rule.account.get_ref()),
            self.scenario.account_index(rule.pays_from.get_ref()),
        ) else {
            return;
        };
        let owed = self.bills.get(&(at_rule, day)).copied().unwrap_or(0);
        let amount = rule.amount.as_ref().map_or(owed, |amount| {
            amount.minor(self.scenario.currency_of(from)).min(owed)
        });
        if amount == 0 {
            return;
        }
        let name = format!("{}:{day}", rule.name.get_ref());
        let mut entry = self.entry(
            &name,
            from,
            amount.saturating_neg(),
            at,
            EntryKind::CardPayment,
        );
        entry.description.clone_from(&rule.description);
        let mut other = counterpart(self.scenario, &entry, card);
        other.description.clone_from(&rule.card_description);
        self.add(entry);
        self.add(other);
    }

    fn interest(&mut self, at_rule: usize, day: Date, at: Timestamp) {
        let Some(rule) = self.scenario.interest.get(at_rule) else {
            return;
        };
        let Some(account) = self.scenario.account_index(rule.account.get_ref()) else {
            return;
        };
        // Hundredths of a percent, for the month's days of a year of 365; rounded down.
        let rate = i128::from(rule.percent.minor(crate::money::Currency::USD));
        let days = i128::from(day.days_in_month());
        let minor = i128::from(self.balance(account)) * rate * days / (10_000 * 365);
        let minor = i64::try_from(minor).unwrap_or(0);
        if minor == 0 {
            return;
        }
        let name = format!("interest:{}:{day}", rule.account.get_ref());
        let mut entry = self.entry(&name, account, minor, at, EntryKind::Interest);
        entry.description.clone_from(&rule.description);
        self.add(entry);
    }

    fn overdraft(&mut self, at_rule: usize, day: Date, at: Timestamp) {
        let Some(rule) = self.scenario.overdraft.get(at_rule) else {
            return;
        };
        let Some(account) = self.scenario.account_index(rule.account.get_ref()) else {
            return;
        };
        let spent = self
            .debited
            .get_mut(account)
            .is_some_and(|debited| std::mem::replace(debited, false));
        if !spent || self.balance(account) >= 0 {
            return;
        }
        let fee = rule.fee.minor(self.scenario.currency_of(account)).abs();
        let name = format!("overdraft:{}:{day}", rule.account.get_ref());
        let mut entry = self.entry(&name, account, fee.saturating_neg(), at, EntryKind::Fee);
        entry.description.clone_from(&rule.description);
        self.add(entry);
        // The fee itself is no reason for the next one.
        if let Some(debited) = self.debited.get_mut(account) {
            *debited = false;
        }
    }

    fn entry(
        &self,
        name: &str,
        account: usize,
        minor: i64,
        at: Timestamp,
        kind: EntryKind,
    ) -> Entry {
        let id = id(self.scenario, &["walk", name]);
        Entry {
            pending_id: format!("h{}", id.trim_start_matches('t')),
            id,
            account,
            card: None,
            minor,
            held_minor: minor,
            occurred: at,
            posted: Some(at),
            released: None,
            description: String::new(),
            merchant: None,
            mcc: None,
            kind,
            original: None,
        }
    }
}
