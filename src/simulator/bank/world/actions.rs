//! What a customer can change in their world.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};

use super::super::activity::{Entry, instant};
use super::super::chance::Chance;
use super::super::scenario::values::EntryKind;
use super::{CardLife, DisputeLife, KeptAnswer, Movement, MovementState, World};
use crate::bank::model::{CardState, DisputeState};

/// The bank keeps an idempotency key so long.
pub(crate) const KEY_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// A payment is under way so long before it is booked.
const UNDER_WAY: SignedDuration = SignedDuration::from_hours(1);

/// A dispute is looked into after so long.
const LOOKED_INTO: SignedDuration = SignedDuration::from_hours(24);

/// Why the bank does not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No such card, account, payee, dispute or payment.
    Unknown,
    /// The card is stopped for good.
    CardGone,
    /// The id or reference was used before.
    Duplicate,
    /// The idempotency key was used for something else.
    KeyReused,
    /// Amount, date or accounts make no sense.
    Invalid,
    /// Not enough money.
    NoFunds,
    /// Too late to change.
    TooLate,
}

/// A transfer as it is asked for.
#[derive(Debug, Clone)]
pub struct TransferRequest {
    /// The caller's id.
    pub id: String,
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// Positive minor units.
    pub minor: i64,
    /// On which day; today if left out.
    pub date: Option<Date>,
    /// What for.
    pub memo: Option<String>,
}

/// A payment as it is asked for.
#[derive(Debug, Clone)]
pub struct PaymentRequest {
    /// The idempotency key.
    pub key: String,
    /// The bytes of the request, to tell a repetition from another request.
    pub request: Vec<u8>,
    /// From.
    pub from: String,
    /// To whom.
    pub payee: String,
    /// Positive minor units.
    pub minor: i64,
    /// On which day.
    pub date: Date,
    /// What for.
    pub memo: Option<String>,
}

/// A dispute as it is filed.
#[derive(Debug, Clone)]
pub struct DisputeRequest {
    /// The caller's reference.
    pub reference: String,
    /// The account.
    pub account: Option<String>,
    /// The entry.
    pub transaction: Option<String>,
    /// Why.
    pub reason: String,
}

/// Returns the card that takes another's place: not switched on, with a number of its own.
pub(super) fn successor(card: &CardLife, seed: u64) -> CardLife {
    let number = Chance::of(seed, &["replacement", &card.id]).below(10_000);
    CardLife {
        id: format!("{}-r", card.id),
        last4: format!("{number:04}"),
        state: CardState::NotActivated,
        stopped: Vec::new(),
        ..card.clone()
    }
}

impl World {
    pub(super) fn cards_mut(&mut self) -> &mut Vec<CardLife> {
        let fresh = self.card_views();
        self.cards.get_or_insert(fresh)
    }

    pub(super) fn card_mut(&mut self, id: &str) -> Result<&mut CardLife, Denied> {
        self.cards_mut()
            .iter_mut()
            .find(|card| card.id == id)
            .ok_or(Denied::Unknown)
    }

    /// Stops a card for now, or lets it go again. Repeating changes nothing.
    pub fn set_frozen(&mut self, id: &str, frozen: bool) -> Result<CardLife, Denied> {
        let now = self.now();
        let card = self.card_mut(id)?;
        match (card.state, frozen) {
            (CardState::Active, true) => {
                card.state = CardState::Frozen;
                card.stopped.push((now, None));
            }
            (CardState::Frozen, false) => {
                card.state = CardState::Active;
                if let Some((_, until)) = card.stopped.last_mut() {
                    *until = Some(now);
                }
            }
            (CardState::Frozen, true) | (CardState::Active, false) => {}
            (
                CardState::Blocked
                | CardState::Cancelled
                | CardState::Expired
                | CardState::NotActivated,
                _,
            ) => return Err(Denied::CardGone),
        }
        Ok(card.clone())
    }

    /// Stops a card for good and, if asked, issues another one.
    pub fn report_card(
        &mut self,
        id: &str,
        replace: bool,
    ) -> Result<(CardLife, Option<CardLife>), Denied> {
        let now = self.now();
        let seed = self.scenario().seed;
        let card = self.card_mut(id)?;
        if card.state == CardState::Cancelled {
            return Err(Denied::CardGone);
        }
        card.state = CardState::Cancelled;
        card.stopped.push((now, None));
        let gone = card.clone();
        let replacement = replace.then(|| successor(&gone, seed));
        if let Some(card) = &replacement {
            self.cards_mut().push(card.clone());
            self.send_card(None, card.id.clone(), id.to_owned());
        }
        Ok((gone, replacement))
    }

    /// Takes a dispute. The same reference again is a duplicate.
    pub fn file_dispute(&mut self, request: DisputeRequest) -> Result<DisputeLife, Denied> {
        if self
            .disputes
            .iter()
            .any(|dispute| dispute.reference == request.reference)
        {
            return Err(Denied::Duplicate);
        }
        if let Some(id) = &request.transaction
            && self.entry_by_id(id).is_none()
        {
            return Err(Denied::Unknown);
        }
        let dispute = DisputeLife {
            id: format!("D{:05}", 20_931 + self.disputes.len()),
            reference: request.reference,
            transaction: request.transaction,
            account: request.account,
            reason: request.reason,
            state: DisputeState::Open,
            opened: self.now(),
        };
        self.disputes.push(dispute.clone());
        Ok(dispute)
    }

    /// Takes a dispute back. Repeating changes nothing.
    pub fn withdraw_dispute(&mut self, id: &str) -> Result<DisputeLife, Denied> {
        let dispute = self
            .disputes
            .iter_mut()
            .find(|dispute| dispute.id == id)
            .ok_or(Denied::Unknown)?;
        match dispute.state {
            DisputeState::Open | DisputeState::Investigating | DisputeState::Withdrawn => {
                dispute.state = DisputeState::Withdrawn;
                Ok(dispute.clone())
            }
            DisputeState::Won | DisputeState::Lost => Err(Denied::TooLate),
        }
    }

    /// Ends a dispute; a won one brings the money back.
    pub fn decide_dispute(&mut self, id: &str, won: bool) -> Result<DisputeLife, Denied> {
        let now = self.now();
        let dispute = self
            .disputes
            .iter_mut()
            .find(|dispute| dispute.id == id)
            .ok_or(Denied::Unknown)?;
        dispute.state = if won {
            DisputeState::Won
        } else {
            DisputeState::Lost
        };
        let decided = dispute.clone();
        if won
            && let Some(view) = decided
                .transaction
                .as_deref()
                .and_then(|id| self.entry_by_id(id))
        {
            let entry = view.entry;
            self.added.push(Entry {
                id: format!("{}d", entry.id),
                pending_id: format!("{}d", entry.pending_id),
                card: None,
                minor: entry.minor.saturating_neg(),
                held_minor: entry.minor.saturating_neg(),
                occurred: now,
                posted: Some(now),
                released: None,
                description: format!("DISPUTE CREDIT {}", decided.id),
                kind: EntryKind::Other,
                ..entry
            });
        }
        Ok(decided)
    }

    /// Takes a travel notice. Each call is another notice.
    pub const fn take_notice(&mut self) -> usize {
        self.notices = self.notices.saturating_add(1);
        self.notices
    }

    /// Makes or schedules a transfer between own accounts.
    pub fn transfer(&mut self, request: TransferRequest) -> Result<Movement, Denied> {
        if self.transfers.iter().any(|known| known.id == request.id) {
            return Err(Denied::Duplicate);
        }
        let from = self.account(&request.from)?;
        let to = self.account(&request.to)?;
        let now = self.now();
        let date = request.date.unwrap_or_else(|| self.today(now));
        if from == to || request.minor <= 0 || date < self.today(now) {
            return Err(Denied::Invalid);
        }
        self.transfers.push(Movement {
            id: request.id,
            from,
            to_account: Some(to),
            to_payee: None,
            minor: request.minor,
            date,
            created: now,
            state: MovementState::Scheduled,
            memo: request.memo,
        });
        self.settle();
        self.transfers.last().cloned().ok_or(Denied::Unknown)
    }

    /// Makes or schedules a payment. The same key and request again, inside the window, is the same
    /// payment.
    pub fn pay(&mut self, request: PaymentRequest) -> Result<Movement, Denied> {
        let now = self.now();
        self.keys.retain(|_, kept| kept.until > now);
        if let Some(kept) = self.keys.get(&request.key) {
            if kept.request != request.request {
                return Err(Denied::KeyReused);
            }
            let at = kept.movement;
            self.settle();
            return self.payments.get(at).cloned().ok_or(Denied::Unknown);
        }
        let from = self.account(&request.from)?;
        if self
            .payee_views()
            .all(|payee| *payee.id.get_ref() != request.payee)
        {
            return Err(Denied::Unknown);
        }
        let today = self.today(now);
        if request.minor <= 0 || request.date < today {
            return Err(Denied::Invalid);
        }
        let (booked, held) = self.balance(from, now);
        if request.date == today && booked.saturating_add(held) < request.minor {
            return Err(Denied::NoFunds);
        }
        let at = self.payments.len();
        self.keys.insert(
            request.key,
            KeptAnswer {
                until: now.saturating_add(KEY_WINDOW).unwrap_or(Timestamp::MAX),
                request: request.request,
                movement: at,
            },
        );
        self.payments.push(Movement {
            id: format!("pay-{:05}", 50_001 + at),
            from,
            to_account: None,
            to_payee: Some(request.payee),
            minor: request.minor,
            date: request.date,
            created: now,
            state: MovementState::Scheduled,
            memo: request.memo,
        });
        self.settle();
        self.payments.get(at).cloned().ok_or(Denied::Unknown)
    }

    /// Takes a scheduled payment or transfer back. Repeating changes nothing.
    pub fn cancel(&mut self, id: &str, transfer: bool) -> Result<(), Denied> {
        self.settle();
        let list = if transfer {
            &mut self.transfers
        } else {
            &mut self.payments
        };
        let movement = list
            .iter_mut()
            .find(|movement| movement.id == id)
            .ok_or(Denied::Unknown)?;
        match movement.state {
            MovementState::Scheduled | MovementState::Cancelled => {
                movement.state = MovementState::Cancelled;
                Ok(())
            }
            MovementState::Processing | MovementState::Processed | MovementState::NoFunds => {
                Err(Denied::TooLate)
            }
        }
    }

    /// Adds an entry from outside, for example a charge the customer did not make.
    pub fn add_entry(&mut self, entry: Entry) {
        self.added.push(entry);
    }

    fn account(&self, id: &str) -> Result<usize, Denied> {
        self.scenario().account_index(id).ok_or(Denied::Unknown)
    }

    /// Lets pass what time has brought: scheduled movements go out, payments settle, disputes move on.
    pub fn settle(&mut self) {
        let now = self.now();
        for dispute in &mut self.disputes {
            if dispute.state == DisputeState::Open
                && now.duration_since(dispute.opened) >= LOOKED_INTO
            {
                dispute.state = DisputeState::Investigating;
            }
        }
        let mut transfers = std::mem::take(&mut self.transfers);
        let mut payments = std::mem::take(&mut self.payments);
        for movement in transfers.iter_mut().chain(&mut payments) {
            self.settle_movement(movement, now);
        }
        self.transfers = transfers;
        self.payments = payments;
    }

    fn settle_movement(&mut self, movement: &mut Movement, now: Timestamp) {
        let zone = self.scenario().zone.0.clone();
        let due = instant(movement.date, Time::constant(6, 0, 0, 0), &zone).max(movement.created);
        if movement.state == MovementState::Scheduled && due <= now {
            let (booked, held) = self.balance(movement.from, due);
            if booked.saturating_add(held) < movement.minor {
                movement.state = MovementState::NoFunds;
                return;
            }
            movement.state = MovementState::Processing;
            self.move_money(movement, due);
        }
        if movement.state == MovementState::Processing {
            let done = movement.to_account.is_some() || now.duration_since(due) >= UNDER_WAY;
            if done {
                movement.state = MovementState::Processed;
            }
        }
    }

    fn move_money(&mut self, movement: &Movement, at: Timestamp) {
        let payee = movement
            .to_payee
            .as_deref()
            .and_then(|id| {
                self.scenario()
                    .payee
                    .iter()
                    .find(|payee| payee.id.get_ref() == id)
            })
            .map(|payee| payee.name.clone());
        let label = |account: usize| {
            self.scenario().account.get(account).map_or_else(
                || "ACCOUNT".to_owned(),
                |account| format!("{} ••{}", account.name.to_uppercase(), account.number),
            )
        };
        let (description, other) = match movement.to_account {
            Some(to) => (
                format!("TRANSFER TO {}", label(to)),
                Some((to, format!("TRANSFER FROM {}", label(movement.from)))),
            ),
            None => (
                format!(
                    "PAYMENT TO {}",
                    payee.as_deref().unwrap_or("PAYEE").to_uppercase()
                ),
                None,
            ),
        };
        let posted = if movement.to_account.is_some() {
            at
        } else {
            at.saturating_add(UNDER_WAY).unwrap_or(at)
        };
        let entry = Entry {
            id: format!("t-{}", movement.id),
            pending_id: format!("h-{}", movement.id),
            account: movement.from,
            card: None,
            minor: movement.minor.saturating_neg(),
            held_minor: movement.minor.saturating_neg(),
            occurred: at,
            posted: Some(posted),
            released: None,
            description,
            merchant: payee,
            mcc: None,
            kind: if movement.to_account.is_some() {
                EntryKind::Transfer
            } else {
                EntryKind::DirectDebit
            },
            original: None,
        };
        if let Some((to, description)) = other {
            self.added.push(Entry {
                id: format!("{}c", entry.id),
                pending_id: format!("{}c", entry.pending_id),
                account: to,
                minor: movement.minor,
                held_minor: movement.minor,
                description,
                ..entry.clone()
            });
        }
        self.added.push(entry);
    }
}
