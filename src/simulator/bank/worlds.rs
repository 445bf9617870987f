//! All worlds of one simulated bank, by subject, and the handle tests and `replay` steer them with.
//!
//! A subject is `<scenario>:<world>`. A world is kept only while it differs from its scenario, so that a
//! hundred thousand customers who only look cost nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::activity::Entry;
use super::fault::SetFault;
use super::scenario::values::EntryKind;
use super::scenario::{ScenarioError, Scenarios};
use super::world::{Backdrop, CardLife, Denied, DisputeLife, Movement, RecordedCall, World};
use crate::clock::SharedClock;
use crate::money::Money;

/// Why a subject has no world.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// Its scenario is not there or is wrong.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The scenario lacks what was named.
    #[error("the scenario has no {0} of this id")]
    Missing(&'static str),
}

/// The worlds.
pub(super) struct Worlds {
    scenarios: Scenarios,
    default: String,
    clock: SharedClock,
    most_calls: usize,
    backdrops: RwLock<HashMap<String, Arc<Backdrop>>>,
    kept: Mutex<HashMap<String, Arc<Mutex<World>>>>,
}

impl Worlds {
    pub(super) fn new(
        scenarios: Scenarios,
        default: String,
        clock: SharedClock,
        most_calls: usize,
    ) -> Self {
        Self {
            scenarios,
            default,
            clock,
            most_calls,
            backdrops: RwLock::default(),
            kept: Mutex::default(),
        }
    }

    pub(super) const fn scenarios(&self) -> &Scenarios {
        &self.scenarios
    }

    pub(super) fn default_scenario(&self) -> &str {
        &self.default
    }

    /// Returns the scenario a subject belongs to.
    fn scenario_of<'a>(&'a self, subject: &'a str) -> &'a str {
        match subject.split_once(':') {
            Some((scenario, _)) => scenario,
            None if self.scenarios.contains(subject) => subject,
            None => &self.default,
        }
    }

    /// Returns a scenario with its activity, read once.
    pub(super) fn backdrop(&self, name: &str) -> Result<Arc<Backdrop>, ScenarioError> {
        let known = self
            .backdrops
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some(backdrop) = known {
            return Ok(backdrop);
        }
        let fresh = Arc::new(Backdrop::new(self.scenarios.load(name)?));
        let mut kept = self
            .backdrops
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(kept.entry(name.to_owned()).or_insert(fresh)))
    }

    /// Does something in a subject's world, after time has had its effect there.
    pub(super) fn within<R>(
        &self,
        subject: &str,
        act: impl FnOnce(&mut World) -> R,
    ) -> Result<R, WorldError> {
        let backdrop = self.backdrop(self.scenario_of(subject))?;
        let world = {
            let mut worlds = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(worlds.entry(subject.to_owned()).or_insert_with(|| {
                Arc::new(Mutex::new(World::new(
                    backdrop,
                    Arc::clone(&self.clock),
                    self.most_calls,
                )))
            }))
        };
        let (result, pristine) = {
            let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
            world.settle();
            let result = act(&mut world);
            (result, world.is_pristine())
        };
        if pristine {
            let mut worlds = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            // The map's and ours: nobody else is about to change it.
            if Arc::strong_count(&world) == 2 {
                worlds.remove(subject);
            }
        }
        Ok(result)
    }

    fn drop_world(&self, subject: &str) {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(subject);
    }

    fn kept(&self) -> usize {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

/// Steers a running simulator from the same process.
#[derive(Clone)]
pub struct Control(pub(super) Arc<Worlds>);

/// A charge that appears out of the blue.
#[derive(Debug, Clone)]
pub struct Sudden {
    /// The account's id.
    pub account: String,
    /// The card's id.
    pub card: Option<String>,
    /// Signed.
    pub amount: Money,
    /// The text of the statement.
    pub description: String,
    /// The shop's name.
    pub merchant: Option<String>,
    /// Merchant category code.
    pub mcc: Option<u16>,
    /// Booked at once rather than pending.
    pub booked: bool,
}

impl Control {
    /// Makes something go wrong for a subject from now on.
    pub fn set_fault(&self, subject: &str, fault: impl Into<SetFault>) -> Result<(), WorldError> {
        self.0
            .within(subject, |world| world.faults.set(fault.into()))
    }

    /// Makes everything work again for a subject.
    pub fn clear_faults(&self, subject: &str) -> Result<(), WorldError> {
        self.0.within(subject, |world| world.faults.clear())
    }

    /// Gives a subject's world a clock of its own.
    pub fn set_clock(&self, subject: &str, clock: SharedClock) -> Result<(), WorldError> {
        self.0.within(subject, |world| world.set_clock(clock))
    }

    /// Refuses every token made so far for a subject.
    pub fn expire_tokens(&self, subject: &str) -> Result<(), WorldError> {
        self.0.within(subject, |world| {
            world.token_epoch = world.token_epoch.wrapping_add(1);
        })
    }

    /// Returns what was asked in a subject's world, oldest first.
    pub fn calls(&self, subject: &str) -> Result<Vec<RecordedCall>, WorldError> {
        self.0
            .within(subject, |world| world.calls().cloned().collect())
    }

    /// Forgets what was asked in a subject's world.
    pub fn forget_calls(&self, subject: &str) -> Result<(), WorldError> {
        self.0.within(subject, World::forget_calls)
    }

    /// Returns the cards of a subject.
    pub fn cards(&self, subject: &str) -> Result<Vec<CardLife>, WorldError> {
        self.0.within(subject, |world| world.card_views())
    }

    /// Returns the disputes of a subject, newest first.
    pub fn disputes(&self, subject: &str) -> Result<Vec<DisputeLife>, WorldError> {
        self.0.within(subject, |world| world.dispute_views())
    }

    /// Ends a dispute; a won one brings the money back.
    pub fn decide_dispute(&self, subject: &str, id: &str, won: bool) -> Result<(), WorldError> {
        self.0
            .within(subject, |world| world.decide_dispute(id, won))?
            .map(|_| ())
            .map_err(|_: Denied| WorldError::Missing("dispute"))
    }

    /// Returns the transfers of a subject, newest first.
    pub fn transfers(&self, subject: &str) -> Result<Vec<Movement>, WorldError> {
        self.0.within(subject, |world| world.transfer_views())
    }

    /// Returns the payments of a subject, newest first.
    pub fn payments(&self, subject: &str) -> Result<Vec<Movement>, WorldError> {
        self.0.within(subject, |world| world.payment_views())
    }

    /// Returns how many travel notices a subject gave.
    pub fn notices(&self, subject: &str) -> Result<usize, WorldError> {
        self.0.within(subject, |world| world.notices())
    }

    /// Adds a charge or deposit to a subject's account now; returns its id while pending or booked.
    pub fn add_sudden(&self, subject: &str, sudden: &Sudden) -> Result<String, WorldError> {
        self.0.within(subject, |world| {
            let account = world
                .scenario()
                .account_index(&sudden.account)
                .ok_or(WorldError::Missing("account"))?;
            let card = sudden
                .card
                .as_ref()
                .map(|card| {
                    world
                        .scenario()
                        .card_index(card)
                        .ok_or(WorldError::Missing("card"))
                })
                .transpose()?;
            let now = world.now();
            let ordinal = world.entry_views(account, None, None).len();
            let id = format!("s{ordinal}-{}", now.as_millisecond());
            let pending_id = format!("h{id}");
            world.add_entry(Entry {
                id: id.clone(),
                pending_id: pending_id.clone(),
                account,
                card,
                minor: sudden.amount.minor(),
                held_minor: sudden.amount.minor(),
                occurred: now,
                posted: Some(if sudden.booked {
                    now
                } else {
                    now.saturating_add(jiff::SignedDuration::from_hours(48))
                        .unwrap_or(now)
                }),
                released: None,
                description: sudden.description.clone(),
                merchant: sudden.merchant.clone(),
                mcc: sudden.mcc,
                kind: if sudden.amount.is_negative() {
                    EntryKind::Purchase
                } else {
                    EntryKind::Other
                },
                original: None,
            });
            Ok(if sudden.booked { id } else { pending_id })
        })?
    }

    /// Forgets a subject's world: it begins again as its scenario has it.
    pub fn drop_world(&self, subject: &str) {
        self.0.drop_world(subject);
    }

    /// Returns how many worlds differ from their scenario.
    pub fn kept_worlds(&self) -> usize {
        self.0.kept()
    }
}
