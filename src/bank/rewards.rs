//! What a customer has collected: points, miles, money back.

use jiff::Timestamp;
use jiff::civil::Date;

use super::model::AccountId;
use crate::money::Money;

/// So much of what a programme gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RewardAmount {
    /// Points.
    Points(u64),
    /// Miles.
    Miles(u64),
    /// Money back.
    Cash(Money),
}

/// A programme the customer collects in.
#[derive(Clone, PartialEq, Eq)]
pub struct RewardsProgram {
    /// Its name at the bank: untrusted text.
    pub name: String,
    /// The account that collects.
    pub account: AccountId,
    /// What is there.
    pub balance: RewardAmount,
    /// What ends next, and on which day.
    pub expiring: Option<(RewardAmount, Date)>,
    /// When the bank counted.
    pub as_of: Timestamp,
}

impl std::fmt::Debug for RewardsProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RewardsProgram(…)")
    }
}
