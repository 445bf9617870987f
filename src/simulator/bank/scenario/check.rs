//! What a scenario file can get wrong although it reads: names that point nowhere, amounts that cannot
//! be, dates in the wrong order, anchors that the rules cannot meet.

use std::collections::HashSet;
use std::ops::Range;

use super::{Name, RewardUnit, Scenario};
use crate::money::Money;
use crate::simulator::bank::activity;

type Found = Vec<(Range<usize>, String)>;

/// Returns every problem with the place it stands at.
pub(super) fn problems(scenario: &Scenario) -> Found {
    let mut found = Found::new();
    unique(
        &mut found,
        "account",
        scenario.account.iter().map(|a| &a.id),
    );
    unique(&mut found, "card", scenario.card.iter().map(|c| &c.id));
    unique(&mut found, "payee", scenario.payee.iter().map(|p| &p.id));
    unique(
        &mut found,
        "transaction",
        scenario.transaction.iter().filter_map(|t| t.id.as_ref()),
    );
    unique(
        &mut found,
        "rule",
        scenario
            .regular
            .iter()
            .map(|r| &r.name)
            .chain(scenario.shopping.iter().map(|s| &s.name))
            .chain(scenario.sweep.iter().map(|s| &s.name))
            .chain(scenario.card_payment.iter().map(|c| &c.name)),
    );
    accounts_named(&mut found, scenario);
    rewards(&mut found, scenario);
    places(&mut found, scenario);
    shapes(&mut found, scenario);
    // Anchors are tried only on rules that make sense.
    if found.is_empty() {
        anchors(&mut found, scenario);
    }
    found
}

fn unique<'a>(found: &mut Found, what: &str, names: impl Iterator<Item = &'a Name>) {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.get_ref()) {
            found.push((
                name.span(),
                format!("the {what} `{}` is there twice", name.get_ref()),
            ));
        }
        if name.get_ref().trim().is_empty() {
            found.push((name.span(), format!("the {what} needs a name")));
        }
    }
}

fn rewards(found: &mut Found, scenario: &Scenario) {
    for reward in &scenario.reward {
        let account = scenario.account_index(reward.account.get_ref());
        let currency = scenario.currency_of(account.unwrap_or(0));
        let can_be = |text: &str| match reward.unit {
            RewardUnit::Points | RewardUnit::Miles => text.parse::<u64>().is_ok(),
            RewardUnit::Cash => Money::parse(text, currency).is_ok(),
        };
        let amounts = std::iter::once(&reward.balance).chain(&reward.expiring);
        for text in amounts.filter(|text| !can_be(text)) {
            found.push((
                reward.account.span(),
                format!(
                    "`{text}` cannot be collected: write a whole number, or an amount for `cash`"
                ),
            ));
        }
        if reward.expiring.is_some() != reward.expires.is_some() {
            found.push((
                reward.account.span(),
                "`expiring` and `expires` go together".to_owned(),
            ));
        }
    }
}

fn accounts_named(found: &mut Found, scenario: &Scenario) {
    let accounts = scenario
        .card
        .iter()
        .map(|card| &card.account)
        .chain(scenario.reward.iter().map(|reward| &reward.account))
        .chain(
            scenario
                .transaction
                .iter()
                .filter_map(|t| t.account.as_ref()),
        )
        .chain(
            scenario
                .transaction
                .iter()
                .filter_map(|t| t.moves_to.as_ref()),
        )
        .chain(scenario.regular.iter().filter_map(|r| r.account.as_ref()))
        .chain(scenario.regular.iter().filter_map(|r| r.moves_to.as_ref()))
        .chain(scenario.shopping.iter().filter_map(|s| s.account.as_ref()))
        .chain(scenario.sweep.iter().flat_map(|s| [&s.from, &s.to]))
        .chain(
            scenario
                .card_payment
                .iter()
                .flat_map(|c| [&c.account, &c.pays_from]),
        )
        .chain(scenario.interest.iter().map(|i| &i.account))
        .chain(scenario.overdraft.iter().map(|o| &o.account))
        .chain(scenario.quiet.iter().map(|q| &q.account))
        .chain(scenario.anchor.iter().map(|a| &a.account));
    for name in accounts {
        if scenario.account_index(name.get_ref()).is_none() {
            found.push((
                name.span(),
                format!("there is no account `{}`", name.get_ref()),
            ));
        }
    }
    for name in scenario.regular.iter().filter_map(|r| r.payee.as_ref()) {
        if scenario
            .payee
            .iter()
            .all(|payee| payee.id.get_ref() != name.get_ref())
        {
            found.push((
                name.span(),
                format!("there is no payee `{}`", name.get_ref()),
            ));
        }
    }
    let cards = scenario
        .transaction
        .iter()
        .filter_map(|t| t.card.as_ref())
        .chain(scenario.regular.iter().filter_map(|r| r.card.as_ref()))
        .chain(scenario.shopping.iter().filter_map(|s| s.card.as_ref()));
    for name in cards {
        if scenario.card_index(name.get_ref()).is_none() {
            found.push((
                name.span(),
                format!("there is no card `{}`", name.get_ref()),
            ));
        }
    }
}

fn places(found: &mut Found, scenario: &Scenario) {
    let start = 0..0;
    for (at, entry) in scenario.transaction.iter().enumerate() {
        let span = entry
            .id
            .as_ref()
            .or(entry.account.as_ref())
            .or(entry.card.as_ref())
            .map_or(start.clone(), Name::span);
        if entry.account.is_none() && entry.card.is_none() {
            found.push((
                span.clone(),
                format!("transaction {} needs an account or a card", at + 1),
            ));
        }
        let happened = entry.at.instant(&scenario.zone.0);
        let later = [entry.posted, entry.released];
        if later
            .iter()
            .flatten()
            .any(|at| at.instant(&scenario.zone.0) < happened)
        {
            found.push((
                span.clone(),
                "a transaction is booked or released after it happened".to_owned(),
            ));
        }
        if entry.posted.is_some() && entry.released.is_some() {
            found.push((
                span,
                "a transaction is either booked or released, not both".to_owned(),
            ));
        }
    }
    for rule in &scenario.regular {
        if rule.account.is_none() && rule.card.is_none() {
            found.push((
                rule.name.span(),
                "the rule needs an account or a card".into(),
            ));
        }
        if rule.last.is_some_and(|last| last < rule.first) {
            found.push((rule.name.span(), "`last` is before `first`".into()));
        }
        if !(0..=30).contains(&rule.posts_after_days) {
            found.push((rule.name.span(), "`posts_after_days` is 0 to 30".into()));
        }
    }
    for rule in &scenario.shopping {
        if rule.account.is_none() && rule.card.is_none() {
            found.push((
                rule.name.span(),
                "the rule needs an account or a card".into(),
            ));
        }
        if rule.merchant.iter().map(|m| m.weight).sum::<u64>() == 0 {
            found.push((rule.name.span(), "the rule needs a merchant".into()));
        }
        let [first, last] = rule.hours;
        if !(0..=23).contains(&first) || !(first..=23).contains(&last) {
            found.push((
                rule.name.span(),
                "`hours` are two of 0 to 23, in order".into(),
            ));
        }
        if rule.per_ten_weeks > 70 * 50 {
            found.push((rule.name.span(), "`per_ten_weeks` is at most 3500".into()));
        }
    }
}

fn shapes(found: &mut Found, scenario: &Scenario) {
    for account in &scenario.account {
        if !(2..=4).contains(&account.number.len())
            || !account.number.bytes().all(|byte| byte.is_ascii_digit())
        {
            found.push((
                account.id.span(),
                "`number` is the last two to four digits".into(),
            ));
        }
        if account
            .statement_day
            .is_some_and(|day| !(1..=28).contains(&day))
        {
            found.push((account.id.span(), "`statement_day` is 1 to 28".into()));
        }
    }
    for card in &scenario.card {
        if card.last4.len() != 4 || !card.last4.bytes().all(|byte| byte.is_ascii_digit()) {
            found.push((card.id.span(), "`last4` is four digits".into()));
        }
    }
    for rule in &scenario.card_payment {
        let bill = scenario
            .account_index(rule.account.get_ref())
            .and_then(|at| scenario.account.get(at));
        if bill.is_some_and(|account| account.statement_day.is_none()) {
            found.push((
                rule.account.span(),
                "the account that is paid needs a `statement_day`".into(),
            ));
        }
    }
    for rule in &scenario.sweep {
        if rule.step.minor(scenario.currency.0) <= 0 {
            found.push((rule.name.span(), "`step` is more than nothing".into()));
        }
    }
    for anchor in &scenario.anchor {
        let by = anchor.by.get_ref();
        if by != "opening" && !scenario.sweep.iter().any(|rule| rule.name.get_ref() == by) {
            found.push((
                anchor.by.span(),
                format!("`by` is \"opening\" or the name of a sweep, not `{by}`"),
            ));
        }
    }
}

fn anchors(found: &mut Found, scenario: &Scenario) {
    for missed in activity::missed_anchors(scenario) {
        if let Some(anchor) = scenario.anchor.get(missed.anchor) {
            found.push((anchor.at.span(), missed.to_string()));
        }
    }
}
