//! Standing orders: the rules of a scenario that name a payee, until the customer stops them.

use jiff::Span;
use jiff::civil::Date;

use super::{Denied, World};
use crate::simulator::bank::activity::{Entry, day_of, id_of_regular, instant, rhythm};
use crate::simulator::bank::scenario::Regular;
use crate::simulator::bank::scenario::values::Every;

/// A standing order as the bank shows it.
#[derive(Debug)]
pub struct StandingOrderView<'a> {
    /// Its rule's name.
    pub id: &'a str,
    /// The account's position in the scenario.
    pub account: usize,
    /// Whom it pays.
    pub payee: &'a str,
    /// Positive minor units.
    pub minor: i64,
    /// How often.
    pub every: Every,
    /// When it pays next.
    pub next: Option<Date>,
    /// Whether it was stopped.
    pub cancelled: bool,
}

impl World {
    fn orders(&self) -> impl Iterator<Item = &Regular> {
        let rules = self.scenario().regular.iter();
        rules.filter(|rule| rule.payee.is_some())
    }

    /// Returns the standing orders, those that were stopped too.
    pub fn standing_order_views(&self) -> Vec<StandingOrderView<'_>> {
        let shown = |rule| self.order_view(rule);
        self.orders().filter_map(shown).collect()
    }

    fn order_view<'a>(&'a self, rule: &'a Regular) -> Option<StandingOrderView<'a>> {
        let scenario = self.scenario();
        let now = self.now();
        let account = scenario.account_of(rule.account.as_ref(), rule.card.as_ref())?;
        let id = rule.name.get_ref().as_str();
        let ahead = match rule.every {
            Every::Days(days) => Span::new().try_days(days),
            Every::Months(months) => Span::new().try_months(months),
        };
        // One rhythm ahead and a day holds the next one, or there is none.
        let horizon = self
            .today(now)
            .saturating_add(ahead.ok()?)
            .saturating_add(Span::new().days(1));
        let until = rule.last.map_or(horizon, |last| last.0.min(horizon));
        let next = rhythm(rule.every, rule.first.0, until)
            .into_iter()
            .find(|day| instant(*day, rule.time.0, &scenario.zone.0) > now);
        let day = next.unwrap_or_else(|| self.today(now));
        let amount = rule
            .change
            .iter()
            .rev()
            .find(|change| change.from.0 <= day)
            .map_or(&rule.amount, |change| &change.amount);
        Some(StandingOrderView {
            id,
            account,
            payee: rule.payee.as_ref()?.get_ref(),
            minor: amount.minor(scenario.currency_of(account)).abs(),
            every: rule.every,
            next,
            cancelled: self.stopped_orders.contains_key(id),
        })
    }

    /// Stops a standing order. Repeating changes nothing.
    pub fn stop_order(&mut self, id: &str) -> Result<(), Denied> {
        if self.orders().all(|rule| rule.name.get_ref() != id) {
            return Err(Denied::Unknown);
        }
        let now = self.now();
        self.stopped_orders.entry(id.to_owned()).or_insert(now);
        Ok(())
    }

    /// Tells whether an entry would have been made by an order that was stopped before.
    pub(super) fn order_was_stopped(&self, entry: &Entry) -> bool {
        let scenario = self.scenario();
        self.stopped_orders.iter().any(|(rule, stopped)| {
            *stopped <= entry.occurred
                && id_of_regular(scenario, rule, day_of(entry.occurred, &scenario.zone.0))
                    == entry.id
        })
    }
}
