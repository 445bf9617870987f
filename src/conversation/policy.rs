//! What is allowed and what is there: the operator's switches, the bank's ports, people and their hours.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::{Time, Weekday};

use super::fees::FeeList;
use super::legal::Rights;
use super::places::Places;
use crate::bank::CommandKind;
use crate::reply::locale::Locale;

mod limits;

pub use limits::{Asked, Limits, Verdict};

/// Who may use a skill (5.5). Minimum access lives with the skill; data may only raise it.
pub use crate::intent::catalogue::Access;

/// Which reading ports the linked bank has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one flag a port: a set of names would say the same less plainly"
)]
pub struct Ports {
    /// Accounts, transactions, statements.
    pub reading: bool,
    /// Cards.
    pub cards: bool,
    /// Disputes.
    pub disputes: bool,
    /// Payees and payments.
    pub payments: bool,
    /// What the bank pays again and again.
    pub standing_orders: bool,
    /// Exchange rates.
    pub rates: bool,
    /// Limits of cards, new cards.
    pub card_services: bool,
    /// Points, miles, money back.
    pub rewards: bool,
    /// Alerts the bank sends.
    pub alerts: bool,
    /// Full numbers and documents, on a page.
    pub papers: bool,
}

/// When people answer, in the Page's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// On which days.
    pub days: Vec<Weekday>,
    /// From.
    pub opens: Time,
    /// Until.
    pub closes: Time,
}

/// Everything a turn may need to know that is neither the conversation nor the catalogue.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The bank's name as customers know it.
    pub brand: String,
    /// Whom to call; none: the number on the back of the card.
    pub phone: Option<String>,
    /// When people answer, in words of the operator; none: business hours.
    pub hours_text: Option<String>,
    /// When people answer; none: always.
    pub hours: Option<Hours>,
    /// Branches and cash machines; none: the operator gave no list.
    pub places: Option<Arc<Places>>,
    /// What fees cost; none: the operator gave no list.
    pub fees: Option<Arc<FeeList>>,
    /// The Page's locale.
    pub locale: Locale,
    /// The zone where the customer did not choose one.
    pub zone: jiff::tz::TimeZone,
    /// The bank's zone, for legal dates.
    pub bank_zone: jiff::tz::TimeZone,
    /// What the bank can be told to do.
    pub offers: BTreeSet<CommandKind>,
    /// What the operator switched on (design section 7).
    pub actions: BTreeSet<CommandKind>,
    /// How much may leave an account through the chat.
    pub limits: Limits,
    /// What can be read.
    pub ports: Ports,
    /// Where our pages are; none: no page to send the customer to.
    pub public_url: Option<String>,
    /// After which silence it is said again that a bot is speaking, ms (E10).
    pub disclosure_lapse_ms: i64,
    /// Whether chat is an accepted address for written notices on credit cards (A5).
    pub chat_is_notice_address: bool,
    /// The address for written notices.
    pub notice_address: Option<String>,
    /// Whose law holds for disputes (N11).
    pub rights: Rights,
}

impl Policy {
    /// Tells whether a kind of command is offered: the bank has it and the operator allows it.
    pub fn can(&self, kind: CommandKind) -> bool {
        self.offers.contains(&kind) && self.actions.contains(&kind)
    }

    /// Returns what is on without the operator's word: what makes things safer (design section 7).
    pub fn default_actions() -> BTreeSet<CommandKind> {
        BTreeSet::from([
            CommandKind::FreezeCard,
            CommandKind::UnfreezeCard,
            CommandKind::ReportCard,
            CommandKind::FileDispute,
            CommandKind::WithdrawDispute,
            CommandKind::TravelNotice,
            CommandKind::OrderCard,
            CommandKind::ActivateCard,
            CommandKind::SetAlert,
            CommandKind::RemoveAlert,
            CommandKind::RemovePayee,
            CommandKind::StopStandingOrder,
        ])
    }

    /// Tells whether people answer at this instant.
    pub fn people_answer(&self, now: &jiff::Zoned) -> bool {
        let there = now.with_time_zone(self.zone.clone());
        self.hours.as_ref().is_none_or(|hours| {
            hours.days.contains(&there.weekday())
                && hours.opens <= there.time()
                && there.time() < hours.closes
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C10: what moves money is off until the operator switches it on.
    #[test]
    fn a_fresh_install_moves_no_money() {
        let on = Policy::default_actions();
        assert!(on.iter().all(|kind| !kind.moves_money()), "{on:?}");
        assert!(on.contains(&CommandKind::FreezeCard), "what saves is on");
    }
}
