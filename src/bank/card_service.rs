//! What a bank tells of a card beyond its state: how much it may spend, and where a new one is.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::model::CardId;
use crate::money::Money;

/// What a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Paying in shops and online.
    Purchase,
    /// Cash from a machine.
    Cash,
}

/// How much a card may spend in a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLimit {
    /// For what.
    pub kind: LimitKind,
    /// In one day.
    pub per_day: Money,
    /// What of it is left today, where the bank says so.
    pub left: Option<Money>,
}

/// The limits of a card at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLimits {
    /// When the bank looked.
    pub as_of: Timestamp,
    /// Those the bank tells.
    pub limits: Vec<CardLimit>,
}

/// How far a new card is. An order in a state nobody knows fails the call: a card is never said to be on its way on a
/// guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardOrderState {
    /// Taken, not made yet.
    Ordered,
    /// In the post.
    Sent,
    /// Handed over.
    Delivered,
    /// It came back to the bank.
    Returned,
}

/// A new card on its way.
#[derive(Clone, PartialEq, Eq)]
pub struct CardOrder {
    /// The bank's id of the order.
    pub id: String,
    /// The new card, once it has a number.
    pub card: Option<CardId>,
    /// The card whose place it takes.
    pub replaces: Option<CardId>,
    /// How far it is.
    pub state: CardOrderState,
    /// When it was ordered.
    pub ordered_at: Timestamp,
    /// On which day it was sent.
    pub sent_on: Option<Date>,
    /// By which day the bank expects it to be there.
    pub expected: Option<Date>,
}

impl CardOrder {
    /// Tells whether the card has not reached the customer yet.
    pub const fn is_under_way(&self) -> bool {
        matches!(self.state, CardOrderState::Ordered | CardOrderState::Sent)
    }
}

impl std::fmt::Debug for CardOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CardOrder({:?}, …)", self.state)
    }
}

/// Why a card that is not lost is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceReason {
    /// Broken, bent, the chip does not work.
    Damaged,
    /// Its time is over.
    Expired,
    /// Any other.
    Other,
}
