//! Scenarios: one customer of the simulated bank, written as data (`docs/scenarios.md`).
//!
//! A file names accounts, cards and payees, and the rules their activity follows. [`activity`] turns the
//! rules into entries. Files are built into the binary; a directory can be given instead.
//!
//! [`activity`]: super::activity

mod check;
mod load;
pub mod values;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::bank::model::CardState;
pub use load::{Problem, ScenarioError, Scenarios};
use values::{AccountState, Amount, At, Clock, Code, Day, EntryKind, Every, Kind, Zone};

/// A name with the place where it stands, for errors found after reading.
pub type Name = Spanned<String>;

/// One customer and what happens on their accounts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's stem; not part of the file.
    #[serde(skip)]
    pub name: String,
    /// For lists of scenarios.
    pub description: String,
    /// The bank as the customer knows it.
    pub bank: String,
    /// The customer's full name.
    pub customer: String,
    /// The zone of the bank and its customer.
    pub zone: Zone,
    /// `en_US`, for lists and defaults.
    pub locale: String,
    /// The currency of accounts that name none.
    pub currency: Code,
    /// What chance is made from.
    #[serde(default)]
    pub seed: u64,
    /// The first day of activity.
    pub starts: Day,
    /// Accounts, in the order they are listed.
    #[serde(default)]
    pub account: Vec<Account>,
    /// Cards.
    #[serde(default)]
    pub card: Vec<Card>,
    /// Programmes.
    #[serde(default)]
    pub reward: Vec<Reward>,
    /// Whom the customer pays.
    #[serde(default)]
    pub payee: Vec<Payee>,
    /// Single entries.
    #[serde(default)]
    pub transaction: Vec<Single>,
    /// Entries on a schedule.
    #[serde(default)]
    pub regular: Vec<Regular>,
    /// Entries by chance.
    #[serde(default)]
    pub shopping: Vec<Shopping>,
    /// What is left over goes to savings.
    #[serde(default)]
    pub sweep: Vec<Sweep>,
    /// Cards paid from another account.
    #[serde(default)]
    pub card_payment: Vec<CardPayment>,
    /// Interest at the end of each month.
    #[serde(default)]
    pub interest: Vec<Interest>,
    /// The fee for spending more than there is.
    #[serde(default)]
    pub overdraft: Vec<Overdraft>,
    /// Days without shopping, so that anchors can be met.
    #[serde(default)]
    pub quiet: Vec<Quiet>,
    /// Balances that must come out.
    #[serde(default)]
    pub anchor: Vec<Anchor>,
}

/// An account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its id at the bank.
    pub id: Name,
    /// What the customer calls it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The last digits.
    pub number: String,
    /// Other than the scenario's.
    pub currency: Option<Code>,
    /// The balance before the first day; what is owed is negative.
    pub opening: Option<Amount>,
    /// The credit limit.
    pub limit: Option<Amount>,
    /// Yearly percentage, as shown.
    pub interest_percent: Option<Amount>,
    /// Whether it can be used.
    #[serde(default)]
    pub state: AccountState,
    /// The day of the month statements are made (cards: the bill).
    pub statement_day: Option<i8>,
    /// Days from the bill to its due date.
    pub due_days: Option<i64>,
    /// The smallest payment of a bill.
    pub minimum: Option<Amount>,
    /// A fixed due date, instead of the bill's.
    pub due_date: Option<Day>,
    /// Shown instead of what can be spent, for banks that contradict themselves.
    pub shown_available: Option<Amount>,
    /// No available balance is sent.
    #[serde(default)]
    pub hides_available: bool,
}

/// A card.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Its id at the bank.
    pub id: Name,
    /// The account it draws on.
    pub account: Name,
    /// The last four digits.
    pub last4: String,
    /// `visa`, `mastercard`, …
    pub brand: String,
    /// What it can do at the start.
    #[serde(default = "active")]
    pub state: CardState,
    /// What it may pay in a day.
    pub daily_purchase: Option<Amount>,
    /// What it may take out in a day.
    pub daily_cash: Option<Amount>,
}

/// A programme the customer collects in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reward {
    /// The account that collects.
    pub account: Name,
    /// What the bank calls it.
    pub name: String,
    /// What it gives.
    pub unit: RewardUnit,
    /// What is there: a whole number, or an amount in the account's currency.
    pub balance: String,
    /// What of it ends next.
    pub expiring: Option<String>,
    /// On which day.
    pub expires: Option<Day>,
}

/// What a programme gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RewardUnit {
    /// Points.
    Points,
    /// Miles.
    Miles,
    /// Money back.
    Cash,
}

const fn active() -> CardState {
    CardState::Active
}

/// Whom the customer pays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payee {
    /// Its id at the bank.
    pub id: Name,
    /// The name the customer gave.
    pub name: String,
    /// The last digits of the account.
    pub number: String,
    /// A company that sends bills.
    #[serde(default)]
    pub biller: bool,
    /// Whether money was sent there before.
    #[serde(default)]
    pub paid_before: bool,
}

/// One entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Single {
    /// Its id, if it must be this one.
    pub id: Option<Name>,
    /// Its id while it is pending, if it must be this one.
    pub pending_id: Option<String>,
    /// The account; may be left out when a card is named.
    pub account: Option<Name>,
    /// The card it was made with.
    pub card: Option<Name>,
    /// Signed; negative is money out.
    pub amount: Amount,
    /// When it happened.
    pub at: At,
    /// When it was booked; left out: at once.
    pub posted: Option<At>,
    /// While pending, this amount is held instead.
    pub hold: Option<Amount>,
    /// Never booked; the hold is let go at this time.
    pub released: Option<At>,
    /// The text of the statement.
    pub description: String,
    /// The shop's name.
    pub merchant: Option<String>,
    /// Merchant category code.
    pub mcc: Option<u16>,
    /// What it is.
    #[serde(default)]
    pub kind: EntryKind,
    /// The amount in the shop's currency.
    pub original: Option<Original>,
    /// The other account of a transfer.
    pub moves_to: Option<Name>,
}

/// An amount in another currency.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    /// Unsigned.
    pub amount: Amount,
    /// Its currency.
    pub currency: Code,
}

/// Entries on a schedule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regular {
    /// The rule's name.
    pub name: Name,
    /// The account; may be left out when a card is named.
    pub account: Option<Name>,
    /// The card.
    pub card: Option<Name>,
    /// Signed.
    pub amount: Amount,
    /// Up to this much more or less, by chance.
    pub vary: Option<Amount>,
    /// New amounts from a day on.
    #[serde(default)]
    pub change: Vec<Change>,
    /// How often.
    pub every: Every,
    /// The first day; gives the weekday or the day of the month.
    pub first: Day,
    /// The last day.
    pub last: Option<Day>,
    /// The time of day.
    pub time: Clock,
    /// Booked so many days later, before that pending.
    #[serde(default)]
    pub posts_after_days: i64,
    /// The text of the statement; `{code}` becomes a reference, `{month}` the month.
    pub description: String,
    /// The merchant's name.
    pub merchant: Option<String>,
    /// Merchant category code.
    pub mcc: Option<u16>,
    /// What it is.
    #[serde(default)]
    pub kind: EntryKind,
    /// The other account of a transfer.
    pub moves_to: Option<Name>,
    /// The payee of a standing order that the bank lets its customer stop.
    pub payee: Option<Name>,
}

/// A new amount from a day on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// From this day.
    pub from: Day,
    /// The amount.
    pub amount: Amount,
}

/// Entries by chance.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shopping {
    /// The rule's name.
    pub name: Name,
    /// The account; may be left out when a card is named.
    pub account: Option<Name>,
    /// The card.
    pub card: Option<Name>,
    /// How often in ten weeks, on average.
    pub per_ten_weeks: u64,
    /// The smallest amount (positive).
    pub from: Amount,
    /// The largest amount (positive).
    pub to: Amount,
    /// First and last full hour of the day.
    #[serde(default = "opening_hours")]
    pub hours: [i8; 2],
    /// In a hundred, how many come back as refunds.
    #[serde(default)]
    pub returned_percent: u64,
    /// What it is.
    #[serde(default)]
    pub kind: EntryKind,
    /// Where.
    #[serde(default)]
    pub merchant: Vec<Merchant>,
}

const fn opening_hours() -> [i8; 2] {
    [9, 20]
}

/// A shop.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merchant {
    /// Its name; left out where a bank sends none.
    pub name: Option<String>,
    /// Merchant category code.
    pub mcc: Option<u16>,
    /// The text of the statement.
    pub description: String,
    /// How often compared with the others.
    #[serde(default = "once")]
    pub weight: u64,
    /// The smallest amount, other than the rule's.
    pub from: Option<Amount>,
    /// The largest amount, other than the rule's.
    pub to: Option<Amount>,
    /// Held while pending, whatever the amount (fuel pumps).
    pub hold: Option<Amount>,
    /// Booked with a tip on top of what was pending.
    #[serde(default)]
    pub tip: bool,
}

const fn once() -> u64 {
    1
}

/// What is left over goes to savings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// The rule's name.
    pub name: Name,
    /// From.
    pub from: Name,
    /// To.
    pub to: Name,
    /// How often.
    pub every: Every,
    /// The first day.
    pub first: Day,
    /// The time of day.
    pub time: Clock,
    /// What stays.
    pub keep: Amount,
    /// Less than this is not moved.
    pub least: Amount,
    /// Moved in whole steps of this.
    pub step: Amount,
    /// Below this, money comes back so that `keep` is there again.
    pub refill_below: Option<Amount>,
    /// The text of the statement.
    pub description: String,
}

/// A card paid from another account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardPayment {
    /// The rule's name.
    pub name: Name,
    /// The card's account.
    pub account: Name,
    /// The account it is paid from.
    pub pays_from: Name,
    /// Days from the bill to the payment.
    pub after_days: i64,
    /// A fixed amount (positive) instead of the whole bill.
    pub amount: Option<Amount>,
    /// The text on the paying account.
    pub description: String,
    /// The text on the card.
    pub card_description: String,
}

/// Interest at the end of each month: earned on money held, paid on money owed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interest {
    /// The account.
    pub account: Name,
    /// A year.
    pub percent: Amount,
    /// The text of the statement.
    pub description: String,
}

/// The fee for spending more than there is, once a day at most.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overdraft {
    /// The account.
    pub account: Name,
    /// The fee (positive).
    pub fee: Amount,
    /// The text of the statement.
    pub description: String,
}

/// Days without shopping.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Where.
    pub account: Name,
    /// From.
    pub from: At,
    /// Until.
    pub until: At,
}

/// A balance that must come out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// When.
    pub at: Spanned<At>,
    /// Where.
    pub account: Name,
    /// Booked entries only.
    pub booked: Amount,
    /// What can be spent.
    pub available: Option<Amount>,
    /// How many entries are pending.
    pub pending: Option<usize>,
    /// What takes up the difference: `opening`, or the name of a sweep.
    pub by: Name,
}

impl Scenario {
    /// Returns the position of an account by its id.
    pub fn account_index(&self, id: &str) -> Option<usize> {
        self.account
            .iter()
            .position(|account| account.id.get_ref() == id)
    }

    /// Returns the position of a card by its id.
    pub fn card_index(&self, id: &str) -> Option<usize> {
        self.card.iter().position(|card| card.id.get_ref() == id)
    }

    /// Returns the currency of an account.
    pub fn currency_of(&self, account: usize) -> crate::money::Currency {
        self.account
            .get(account)
            .and_then(|account| account.currency)
            .unwrap_or(self.currency)
            .0
    }

    /// Returns the account an entry belongs to: the one named, or the card's.
    pub fn account_of(&self, account: Option<&Name>, card: Option<&Name>) -> Option<usize> {
        match (account, card) {
            (Some(account), _) => self.account_index(account.get_ref()),
            (None, Some(card)) => {
                let card = self.card.get(self.card_index(card.get_ref())?)?;
                self.account_index(card.account.get_ref())
            }
            (None, None) => None,
        }
    }
}
