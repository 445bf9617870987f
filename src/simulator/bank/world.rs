//! One customer's world: the scenario's activity up to now, and what this customer has changed since.
//!
//! Only the changes are kept here; the activity is shared by all worlds of a scenario. Time is the
//! world's clock: scheduled payments go out and holds settle when it passes them.

mod actions;
mod services;
mod standing_orders;
mod view;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::civil::Date;
use jiff::{Span, Timestamp, Zoned};
use serde::Serialize;

use super::activity::{Activity, Entry, Stage};
use super::fault::Faults;
use super::scenario::Scenario;
use crate::bank::model::{CardState, DisputeState};
use crate::clock::SharedClock;

pub use actions::{Denied, DisputeRequest, PaymentRequest, TransferRequest};
pub use services::{AlertLife, AlertRequest, OrderLife};
pub use standing_orders::StandingOrderView;
pub use view::{AccountView, EntryView, StatementView, TaxFormKind, TaxFormView};

/// Activity is made ahead by this much, so that a clock that runs does not remake it at every call.
const AHEAD_DAYS: i64 = 62;

/// A scenario and its activity so far, shared by its worlds.
#[derive(Debug)]
pub struct Backdrop {
    /// The scenario.
    pub scenario: Scenario,
    activity: RwLock<Option<Arc<Activity>>>,
}

impl Backdrop {
    /// Prepares a scenario; its activity is made when it is first asked for.
    pub const fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            activity: RwLock::new(None),
        }
    }

    /// Returns the activity, complete up to `at` at least.
    pub fn activity(&self, at: Timestamp) -> Arc<Activity> {
        let known = self
            .activity
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(activity) = known
            && activity.until >= at
        {
            return activity;
        }
        let until = Zoned::new(at, self.scenario.zone.0.clone())
            .checked_add(Span::new().days(AHEAD_DAYS))
            .map_or(at, |zoned| zoned.timestamp());
        let made = Arc::new(Activity::generate(&self.scenario, until));
        // Two may make it at once; the result is the same, and the longer one stays.
        let mut kept = self
            .activity
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref() {
            Some(other) if other.until >= made.until => Arc::clone(other),
            _ => {
                *kept = Some(Arc::clone(&made));
                made
            }
        }
    }
}

/// A card in this world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLife {
    /// Its id.
    pub id: String,
    /// Its account's position in the scenario.
    pub account: usize,
    /// The last four digits.
    pub last4: String,
    /// `visa`, …
    pub brand: String,
    /// What it can do.
    pub state: CardState,
    /// When it could not be used: from, and until unless it still cannot.
    pub stopped: Vec<(Timestamp, Option<Timestamp>)>,
}

/// How far a transfer or payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MovementState {
    /// Waits for its day.
    Scheduled,
    /// Under way.
    Processing,
    /// Done.
    Processed,
    /// There was not enough money.
    NoFunds,
    /// Taken back.
    Cancelled,
}

/// Money told to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Its id: the caller's for transfers, the bank's for payments.
    pub id: String,
    /// From.
    pub from: usize,
    /// To an own account.
    pub to_account: Option<usize>,
    /// To a payee.
    pub to_payee: Option<String>,
    /// Positive minor units.
    pub minor: i64,
    /// On this day.
    pub date: Date,
    /// When it was asked for.
    pub created: Timestamp,
    /// How far it is.
    pub state: MovementState,
    /// What for.
    pub memo: Option<String>,
}

/// A dispute in this world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeLife {
    /// The bank's id.
    pub id: String,
    /// The caller's reference.
    pub reference: String,
    /// The entry.
    pub transaction: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// Why.
    pub reason: String,
    /// How far.
    pub state: DisputeState,
    /// When it was received.
    pub opened: Timestamp,
}

/// A call as it was asked, for assertions and the inspector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedCall {
    /// When, by the world's clock.
    pub at: Timestamp,
    /// A fixed name.
    pub operation: &'static str,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The status of the answer; 0 when there was none.
    pub status: u16,
    /// What went wrong on purpose.
    pub fault: Option<&'static str>,
}

/// An answer kept for a repeated idempotency key.
#[derive(Debug, Clone)]
pub(super) struct KeptAnswer {
    pub(super) until: Timestamp,
    pub(super) request: Vec<u8>,
    pub(super) movement: usize,
}

/// One customer's world.
#[derive(Debug)]
pub struct World {
    stage: Arc<Backdrop>,
    clock: SharedClock,
    own_clock: bool,
    most_calls: usize,
    /// What goes wrong.
    pub faults: Faults,
    /// Tokens made before are refused.
    pub token_epoch: u32,
    cards: Option<Vec<CardLife>>,
    transfers: Vec<Movement>,
    payments: Vec<Movement>,
    disputes: Vec<DisputeLife>,
    notices: usize,
    orders: Vec<OrderLife>,
    alerts: Vec<AlertLife>,
    removed_payees: HashSet<String>,
    /// Rules that were stopped, and when.
    stopped_orders: HashMap<String, Timestamp>,
    added: Vec<Entry>,
    keys: HashMap<String, KeptAnswer>,
    calls: VecDeque<RecordedCall>,
}

impl World {
    /// Begins a world.
    pub fn new(stage: Arc<Backdrop>, clock: SharedClock, most_calls: usize) -> Self {
        Self {
            stage,
            clock,
            own_clock: false,
            most_calls,
            faults: Faults::default(),
            token_epoch: 0,
            cards: None,
            transfers: Vec::new(),
            payments: Vec::new(),
            disputes: Vec::new(),
            notices: 0,
            orders: Vec::new(),
            alerts: Vec::new(),
            removed_payees: HashSet::new(),
            stopped_orders: HashMap::new(),
            added: Vec::new(),
            keys: HashMap::new(),
            calls: VecDeque::new(),
        }
    }

    /// Gives the world a clock of its own.
    pub fn set_clock(&mut self, clock: SharedClock) {
        self.clock = clock;
        self.own_clock = true;
    }

    /// Returns the time here.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.stage.scenario
    }

    /// Tells whether forgetting this world would lose nothing.
    pub fn is_pristine(&self) -> bool {
        !self.own_clock
            && self.faults.is_empty()
            && self.token_epoch == 0
            && self.cards.is_none()
            && self.transfers.is_empty()
            && self.payments.is_empty()
            && self.disputes.is_empty()
            && self.notices == 0
            && self.orders.is_empty()
            && self.alerts.is_empty()
            && self.removed_payees.is_empty()
            && self.stopped_orders.is_empty()
            && self.added.is_empty()
            && self.calls.is_empty()
    }

    /// Writes a call down, if calls are recorded; the oldest go first.
    pub fn record(&mut self, call: RecordedCall) {
        if self.most_calls == 0 {
            return;
        }
        if self.calls.len() >= self.most_calls {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// Returns the recorded calls, oldest first.
    pub fn calls(&self) -> impl Iterator<Item = &RecordedCall> {
        self.calls.iter()
    }

    /// Forgets the recorded calls.
    pub fn forget_calls(&mut self) {
        self.calls.clear();
    }

    /// Returns how many travel notices came in.
    pub const fn notices(&self) -> usize {
        self.notices
    }

    fn today(&self, at: Timestamp) -> Date {
        Zoned::new(at, self.scenario().zone.0.clone()).date()
    }

    /// Returns what happened up to `at`, changes of this world included, and how each looks then: those that are
    /// asked for, since a year of activity is long to copy.
    fn entries(&self, at: Timestamp, asked_for: impl Fn(&Entry) -> bool) -> Vec<(Entry, Stage)> {
        let activity = self.stage.activity(at);
        activity
            .entries
            .iter()
            .chain(&self.added)
            .filter(|entry| asked_for(entry))
            .filter_map(|entry| {
                let stage = entry.stage(at)?;
                (!self.was_stopped(entry)).then(|| (entry.clone(), stage))
            })
            .collect()
    }

    /// A stopped card buys nothing, and a stopped order pays nobody.
    fn was_stopped(&self, entry: &Entry) -> bool {
        if self.order_was_stopped(entry) {
            return true;
        }
        let (Some(cards), Some(card)) = (&self.cards, entry.card) else {
            return false;
        };
        cards.get(card).is_some_and(|card| {
            card.stopped.iter().any(|(from, until)| {
                *from <= entry.occurred && until.is_none_or(|until| entry.occurred < until)
            })
        })
    }

    /// Returns booked balance and held amount (negative) of an account, in minor units.
    fn balance(&self, account: usize, at: Timestamp) -> (i64, i64) {
        let activity = self.stage.activity(at);
        let opening = activity.opening.get(account).copied().unwrap_or(0);
        activity
            .entries
            .iter()
            .chain(&self.added)
            .filter(|entry| entry.account == account && !self.was_stopped(entry))
            .fold((opening, 0), |(booked, held): (i64, i64), entry| {
                match entry.stage(at) {
                    Some(Stage::Booked) => (booked.saturating_add(entry.minor), held),
                    Some(Stage::Pending) => (
                        booked,
                        // Money that is announced cannot be spent yet.
                        held.saturating_add(entry.held_minor.min(0)),
                    ),
                    None => (booked, held),
                }
            })
    }
}
