//! The first pass: entries that depend on no balance.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::super::chance::Chance;
use super::super::scenario::values::{EntryKind, Every};
use super::super::scenario::{Merchant, Regular, Scenario, Shopping, Single};
use super::{Entry, day_of, instant};
use crate::money::Money;

/// Returns the days of a scenario up to and with the day of `until`.
pub(super) fn days(scenario: &Scenario, until: Timestamp) -> Vec<Date> {
    let last = day_of(until, &scenario.zone.0);
    let mut days = Vec::new();
    let mut day = scenario.starts.0;
    while day <= last {
        days.push(day);
        match day.tomorrow() {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    days
}

/// Returns the days on which a rhythm falls, from `first` to `until`.
pub(in super::super) fn rhythm(every: Every, first: Date, until: Date) -> Vec<Date> {
    let mut found = Vec::new();
    for count in 0_i64.. {
        let step = match every {
            Every::Days(days) => Span::new().try_days(days.saturating_mul(count)),
            Every::Months(months) => Span::new().try_months(months.saturating_mul(count)),
        };
        let Ok(day) = step.and_then(|step| first.checked_add(step)) else {
            break;
        };
        if day > until {
            break;
        }
        found.push(day);
    }
    found
}

/// Makes the entries of all rules that need no balance, in no order.
pub(super) fn entries(scenario: &Scenario, days: &[Date]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (at, single) in scenario.transaction.iter().enumerate() {
        singles(scenario, single, at, &mut entries);
    }
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return entries;
    };
    for rule in &scenario.regular {
        regulars(scenario, rule, *first, *last, &mut entries);
    }
    for rule in &scenario.shopping {
        for day in days {
            shopping(scenario, rule, *day, &mut entries);
        }
    }
    entries
}

/// Makes an id out of names, the same at every run.
pub(super) fn id(scenario: &Scenario, names: &[&str]) -> String {
    format!("t{:012x}", Chance::of(scenario.seed, names).bits() >> 16)
}

fn pending_id(id: &str) -> String {
    format!("h{}", id.trim_start_matches('t'))
}

/// Makes the entry of a transfer on the other account.
pub(super) fn counterpart(scenario: &Scenario, entry: &Entry, account: usize) -> Entry {
    let from = scenario.account.get(entry.account);
    let to = scenario.account.get(account);
    let settles_card = to.is_some_and(|to| to.kind.is_debt());
    let description = match from {
        _ if settles_card => "PAYMENT THANK YOU".to_owned(),
        Some(from) => {
            let way = if entry.minor < 0 { "FROM" } else { "TO" };
            format!(
                "TRANSFER {way} {} ••{}",
                from.name.to_uppercase(),
                from.number
            )
        }
        None => "TRANSFER".to_owned(),
    };
    Entry {
        id: format!("{}c", entry.id),
        pending_id: format!("{}c", entry.pending_id),
        account,
        card: None,
        minor: entry.minor.saturating_neg(),
        held_minor: entry.held_minor.saturating_neg(),
        description,
        merchant: None,
        mcc: None,
        kind: if settles_card {
            EntryKind::CardPayment
        } else {
            EntryKind::Transfer
        },
        original: None,
        ..entry.clone()
    }
}

fn singles(scenario: &Scenario, single: &Single, at: usize, entries: &mut Vec<Entry>) {
    let zone = &scenario.zone.0;
    let Some(account) = scenario.account_of(single.account.as_ref(), single.card.as_ref()) else {
        return;
    };
    let currency = scenario.currency_of(account);
    let occurred = single.at.instant(zone);
    let minor = single.amount.minor(currency);
    let id = single.id.as_ref().map_or_else(
        || id(scenario, &["transaction", &at.to_string()]),
        |id| id.get_ref().clone(),
    );
    let posted = match (single.posted, single.released) {
        (Some(posted), _) => Some(posted.instant(zone)),
        (None, Some(_)) => None,
        (None, None) => Some(occurred),
    };
    let entry = Entry {
        pending_id: single.pending_id.clone().unwrap_or_else(|| pending_id(&id)),
        id,
        account,
        card: single
            .card
            .as_ref()
            .and_then(|card| scenario.card_index(card.get_ref())),
        minor,
        held_minor: single
            .hold
            .as_ref()
            .map_or(minor, |hold| hold.minor(currency)),
        occurred,
        posted,
        released: single.released.map(|released| released.instant(zone)),
        description: single.description.clone(),
        merchant: single.merchant.clone(),
        mcc: single.mcc,
        kind: single.kind,
        original: single.original.as_ref().map(|original| {
            let currency = original.currency.0;
            Money::from_minor(original.amount.minor(currency), currency).abs()
        }),
    };
    if let Some(other) = &single.moves_to
        && let Some(other) = scenario.account_index(other.get_ref())
    {
        entries.push(counterpart(scenario, &entry, other));
    }
    entries.push(entry);
}

fn regulars(
    scenario: &Scenario,
    rule: &Regular,
    first: Date,
    last: Date,
    entries: &mut Vec<Entry>,
) {
    let zone = &scenario.zone.0;
    let Some(account) = scenario.account_of(rule.account.as_ref(), rule.card.as_ref()) else {
        return;
    };
    let currency = scenario.currency_of(account);
    let until = rule.last.map_or(last, |end| end.0.min(last));
    for day in rhythm(rule.every, rule.first.0, until) {
        if day < first {
            continue;
        }
        let name = day.to_string();
        let mut chance = Chance::of(scenario.seed, &[rule.name.get_ref(), &name]);
        let amount = rule
            .change
            .iter()
            .rev()
            .find(|change| change.from.0 <= day)
            .map_or(&rule.amount, |change| &change.amount);
        let vary = rule
            .vary
            .as_ref()
            .map_or(0, |vary| vary.minor(currency).abs());
        let minor = amount
            .minor(currency)
            .saturating_add(chance.between(-vary, vary));
        let occurred = instant(day, rule.time.0, zone);
        let posted = if rule.posts_after_days == 0 {
            occurred
        } else {
            let due = day
                .checked_add(Span::new().days(rule.posts_after_days))
                .unwrap_or(day);
            instant(due, Time::constant(5, 0, 0, 0), zone).max(occurred)
        };
        let id = super::id_of_regular(scenario, rule.name.get_ref(), day);
        let entry = Entry {
            pending_id: pending_id(&id),
            id,
            account,
            card: rule
                .card
                .as_ref()
                .and_then(|card| scenario.card_index(card.get_ref())),
            minor,
            held_minor: minor,
            occurred,
            posted: Some(posted),
            released: None,
            description: text(&rule.description, day, &mut chance),
            merchant: rule.merchant.clone(),
            mcc: rule.mcc,
            kind: rule.kind,
            original: None,
        };
        if let Some(other) = &rule.moves_to
            && let Some(other) = scenario.account_index(other.get_ref())
        {
            entries.push(counterpart(scenario, &entry, other));
        }
        entries.push(entry);
    }
}

fn shopping(scenario: &Scenario, rule: &Shopping, day: Date, entries: &mut Vec<Entry>) {
    let Some(account) = scenario.account_of(rule.account.as_ref(), rule.card.as_ref()) else {
        return;
    };
    let name = day.to_string();
    let mut chance = Chance::of(scenario.seed, &[rule.name.get_ref(), &name]);
    let times = rule.per_ten_weeks / 70 + u64::from(chance.happens(rule.per_ten_weeks % 70, 70));
    for ordinal in 0..times {
        let Some(shop) = pick(&rule.merchant, &mut chance) else {
            return;
        };
        let bought = Bought {
            scenario,
            rule,
            shop,
            account,
            day,
            id: id(
                scenario,
                &[rule.name.get_ref(), &name, &ordinal.to_string()],
            ),
        };
        let (entry, refund) = bought.entries(&mut chance);
        if !is_quiet(scenario, account, entry.occurred) {
            entries.push(entry);
            entries.extend(refund);
        }
    }
}

fn pick<'a>(shops: &'a [Merchant], chance: &mut Chance) -> Option<&'a Merchant> {
    let mut at = chance.below(shops.iter().map(|shop| shop.weight).sum());
    for shop in shops {
        if at < shop.weight {
            return Some(shop);
        }
        at -= shop.weight;
    }
    None
}

fn is_quiet(scenario: &Scenario, account: usize, at: Timestamp) -> bool {
    let zone = &scenario.zone.0;
    scenario.quiet.iter().any(|quiet| {
        scenario.account_index(quiet.account.get_ref()) == Some(account)
            && quiet.from.instant(zone) <= at
            && at <= quiet.until.instant(zone)
    })
}

/// One purchase about to be made.
struct Bought<'a> {
    scenario: &'a Scenario,
    rule: &'a Shopping,
    shop: &'a Merchant,
    account: usize,
    day: Date,
    id: String,
}

impl Bought<'_> {
    fn entries(self, chance: &mut Chance) -> (Entry, Option<Entry>) {
        let zone = &self.scenario.zone.0;
        let currency = self.scenario.currency_of(self.account);
        let low = self.shop.from.as_ref().unwrap_or(&self.rule.from);
        let high = self.shop.to.as_ref().unwrap_or(&self.rule.to);
        let price = chance.price(low.minor(currency), high.minor(currency));
        let [opens, closes] = self.rule.hours;
        let hour = chance.between(i64::from(opens), i64::from(closes));
        let minute = chance.between(0, 59);
        let second = chance.between(0, 59);
        let time = Time::new(small(hour), small(minute), small(second), 0)
            .unwrap_or(Time::constant(12, 0, 0, 0));
        let occurred = instant(self.day, time, zone);
        let settled = if self.shop.tip {
            price.saturating_mul(chance.between(115, 122)) / 100
        } else {
            price
        };
        let held = self
            .shop
            .hold
            .as_ref()
            .map_or(price, |hold| hold.minor(currency));
        let at_once = matches!(self.rule.kind, EntryKind::Cash);
        let posted = if at_once {
            occurred
        } else {
            booked_on(self.day, chance, zone)
        };
        let entry = Entry {
            pending_id: pending_id(&self.id),
            id: self.id,
            account: self.account,
            card: self
                .rule
                .card
                .as_ref()
                .and_then(|card| self.scenario.card_index(card.get_ref())),
            minor: settled.saturating_neg(),
            held_minor: held.saturating_neg(),
            occurred,
            posted: Some(posted.max(occurred)),
            released: None,
            description: text(&self.shop.description, self.day, chance),
            merchant: self.shop.name.clone(),
            mcc: self.shop.mcc,
            kind: self.rule.kind,
            original: None,
        };
        let refund = chance
            .happens(self.rule.returned_percent, 100)
            .then(|| refund_of(&entry, self.day, chance, zone));
        (entry, refund)
    }
}

fn refund_of(entry: &Entry, day: Date, chance: &mut Chance, zone: &TimeZone) -> Entry {
    let back = day
        .checked_add(Span::new().days(chance.between(4, 11)))
        .unwrap_or(day);
    let part = if chance.happens(1, 2) { 100 } else { 40 };
    let minor = entry.minor.saturating_neg().saturating_mul(part) / 100;
    let id = format!("{}r", entry.id);
    let shop: String = entry
        .description
        .split(['*', '#'])
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    let occurred = instant(back, Time::constant(11, 0, 0, 0), zone);
    Entry {
        pending_id: format!("{}r", entry.pending_id),
        id,
        minor,
        held_minor: minor,
        occurred,
        posted: Some(booked_on(back, chance, zone).max(occurred)),
        description: format!("{shop} REFUND"),
        kind: EntryKind::Refund,
        ..entry.clone()
    }
}

/// Banks book in the early morning, one to three days later, and not on Sundays.
fn booked_on(day: Date, chance: &mut Chance, zone: &TimeZone) -> Timestamp {
    let mut due = day
        .checked_add(Span::new().days(chance.between(1, 3)))
        .unwrap_or(day);
    if due.weekday() == Weekday::Sunday {
        due = due.tomorrow().unwrap_or(due);
    }
    let minute = small(chance.between(0, 59));
    instant(
        due,
        Time::new(4, minute, 0, 0).unwrap_or(Time::midnight()),
        zone,
    )
}

fn small(number: i64) -> i8 {
    i8::try_from(number).unwrap_or(0)
}

/// Fills `{code}` and `{month}`.
fn text(pattern: &str, day: Date, chance: &mut Chance) -> String {
    let mut text = pattern.to_owned();
    if text.contains("{code}") {
        text = text.replace("{code}", &chance.code(8));
    }
    if text.contains("{month}") {
        text = text.replace(
            "{month}",
            &day.strftime("%b").to_string().to_ascii_uppercase(),
        );
    }
    text
}
