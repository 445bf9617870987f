//! New cards on their way, what a card may spend, and the alerts a customer has set.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use super::actions::successor;
use super::{Denied, World};
use crate::bank::alert::{AlertKind, Rhythm};
use crate::bank::card_service::{CardOrderState, LimitKind};
use crate::bank::model::CardState;
use crate::simulator::bank::activity::Stage;
use crate::simulator::bank::scenario::Payee;
use crate::simulator::bank::scenario::values::EntryKind;

/// A card is made in so many days.
const MADE_AFTER_DAYS: i64 = 2;

/// The post takes so many days more.
const POST_DAYS: i64 = 6;

/// A new card on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLife {
    /// The bank's id.
    pub id: String,
    /// The caller's reference, where it was ordered by itself.
    pub reference: Option<String>,
    /// The new card.
    pub card: String,
    /// The card whose place it takes.
    pub replaces: String,
    /// When it was ordered.
    pub ordered: Timestamp,
}

/// An alert as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRequest {
    /// On what.
    pub kind: AlertKind,
    /// The account.
    pub account: String,
    /// Positive minor units of the account's currency.
    pub threshold: Option<i64>,
    /// So many days before.
    pub lead_days: Option<u8>,
    /// How often.
    pub rhythm: Option<Rhythm>,
}

/// An alert that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertLife {
    /// The bank's id.
    pub id: String,
    /// To what it is set.
    pub setting: AlertRequest,
}

/// What a card may spend in a day, and what is left of it: minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitView {
    /// For what.
    pub kind: LimitKind,
    /// In a day.
    pub per_day: i64,
    /// Today.
    pub left: i64,
}

impl World {
    /// Takes the order of a new card. The same reference again is a duplicate.
    pub fn order_card(&mut self, id: &str, reference: String) -> Result<OrderLife, Denied> {
        let known = Some(reference.as_str());
        if self
            .orders
            .iter()
            .any(|order| order.reference.as_deref() == known)
        {
            return Err(Denied::Duplicate);
        }
        let seed = self.scenario().seed;
        let old = self.card_mut(id)?.clone();
        let under_way = self.orders.iter().any(|order| order.replaces == id);
        if old.state == CardState::Cancelled || under_way {
            return Err(Denied::CardGone);
        }
        let card = successor(&old, seed);
        self.cards_mut().push(card.clone());
        Ok(self.send_card(Some(reference), card.id, id.to_owned()))
    }

    /// Puts a new card on its way.
    pub(super) fn send_card(
        &mut self,
        reference: Option<String>,
        card: String,
        replaces: String,
    ) -> OrderLife {
        let order = OrderLife {
            id: format!("C{:04}", 701 + self.orders.len()),
            reference,
            card,
            replaces,
            ordered: self.now(),
        };
        self.orders.push(order.clone());
        order
    }

    /// Switches on a new card; the one it replaces is off from then on. Repeating changes nothing.
    pub fn activate_card(&mut self, id: &str) -> Result<super::CardLife, Denied> {
        let now = self.now();
        let replaces = self
            .orders
            .iter()
            .find(|order| order.card == id)
            .map(|order| order.replaces.clone());
        let card = self.card_mut(id)?;
        match card.state {
            CardState::NotActivated => card.state = CardState::Active,
            CardState::Active => {}
            _ => return Err(Denied::CardGone),
        }
        let card = card.clone();
        if let Some(old) = replaces.and_then(|old| self.card_mut(&old).ok())
            && old.state != CardState::Cancelled
        {
            old.state = CardState::Cancelled;
            old.stopped.push((now, None));
        }
        Ok(card)
    }

    /// Returns the new cards, newest first.
    pub fn order_views(&self) -> Vec<OrderLife> {
        let mut found = self.orders.clone();
        found.reverse();
        found
    }

    /// Tells how far a new card is: the state, when it was or will be sent, when it should be there.
    pub fn order_stage(&self, order: &OrderLife) -> (CardOrderState, Date, Date) {
        let later = |days| {
            let day = self.today(order.ordered);
            day.checked_add(Span::new().days(days)).unwrap_or(day)
        };
        let (sent, there) = (later(MADE_AFTER_DAYS), later(MADE_AFTER_DAYS + POST_DAYS));
        let today = self.today(self.now());
        let state = if today < sent {
            CardOrderState::Ordered
        } else if today < there {
            CardOrderState::Sent
        } else {
            CardOrderState::Delivered
        };
        (state, sent, there)
    }

    /// Returns what a card may spend; a limit the scenario does not name is not told.
    pub fn limit_views(&self, id: &str) -> Result<Vec<LimitView>, Denied> {
        let card_at = self.scenario().card_index(id);
        // A card that took another's place has that one's limits.
        let at = card_at.or_else(|| {
            let order = self.orders.iter().find(|order| order.card == id)?;
            self.scenario().card_index(&order.replaces)
        });
        let at = at.ok_or(Denied::Unknown)?;
        let card = self.scenario().card.get(at).ok_or(Denied::Unknown)?;
        let account = self.scenario().account_index(card.account.get_ref());
        let currency = self.scenario().currency_of(account.unwrap_or(0));
        let now = self.now();
        let today = self.today(now);
        let spent = |cash: bool| -> i64 {
            let of_today = self.entries(now, |entry| {
                entry.card == card_at
                    && card_at.is_some()
                    && (entry.kind == EntryKind::Cash) == cash
                    && self.today(entry.occurred) == today
            });
            let out = of_today.iter().map(|(entry, stage)| match stage {
                Stage::Booked => entry.minor,
                Stage::Pending => entry.held_minor,
            });
            out.filter(|minor| *minor < 0).sum::<i64>().saturating_neg()
        };
        let limits = [
            (LimitKind::Purchase, &card.daily_purchase, false),
            (LimitKind::Cash, &card.daily_cash, true),
        ];
        let told = limits.into_iter().filter_map(|(kind, limit, cash)| {
            let per_day = limit.as_ref()?.minor(currency);
            Some(LimitView {
                kind,
                per_day,
                left: per_day.saturating_sub(spent(cash)).max(0),
            })
        });
        Ok(told.collect())
    }

    /// Sets an alert; what was set for the kind and account before is replaced.
    pub fn set_alert(&mut self, setting: AlertRequest) -> Result<AlertLife, Denied> {
        if self.scenario().account_index(&setting.account).is_none() {
            return Err(Denied::Unknown);
        }
        let needs_amount = matches!(
            setting.kind,
            AlertKind::LowBalance | AlertKind::LargePurchase
        );
        if needs_amount && setting.threshold.is_none_or(|threshold| threshold <= 0) {
            return Err(Denied::Invalid);
        }
        let id = format!("{}-{}", setting.kind.name(), setting.account);
        let alert = AlertLife { id, setting };
        self.alerts.retain(|known| known.id != alert.id);
        self.alerts.push(alert.clone());
        Ok(alert)
    }

    /// Takes an alert away.
    pub fn remove_alert(&mut self, id: &str) -> Result<(), Denied> {
        let before = self.alerts.len();
        self.alerts.retain(|known| known.id != id);
        if self.alerts.len() == before {
            return Err(Denied::Unknown);
        }
        Ok(())
    }

    /// Returns whom the customer can pay.
    pub fn payee_views(&self) -> impl Iterator<Item = &Payee> {
        let there = |payee: &&Payee| !self.removed_payees.contains(payee.id.get_ref());
        self.scenario().payee.iter().filter(there)
    }

    /// Takes somebody off the list.
    pub fn remove_payee(&mut self, id: &str) -> Result<(), Denied> {
        if self.payee_views().all(|payee| payee.id.get_ref() != id) {
            return Err(Denied::Unknown);
        }
        self.removed_payees.insert(id.to_owned());
        Ok(())
    }

    /// Returns the alerts that are set.
    pub fn alert_views(&self) -> &[AlertLife] {
        &self.alerts
    }
}
