//! A bank in memory that answers at once: three accounts, two cards, a few entries, payees and payments.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};

use crate::bank::alert::{Alert, AlertChannel, AlertKind, AlertSetting};
use crate::bank::card_service::{CardLimit, CardOrderState, LimitKind};
use crate::bank::model::{
    Account, AccountKind, AccountStatus, Accounts, Balance, BalanceKind, Card, CardId, CardState,
    Dispute, DisputeState, Payee, PayeeId, Payment, PaymentState, Statement, Transaction,
    TransactionId, TransactionKind, TransactionStatus,
};
use crate::bank::papers::TaxForm;
use crate::bank::query::Answer;
use crate::bank::rewards::RewardAmount;
use crate::bank::standing_order::Frequency;
use crate::bank::{
    AccountId, Answers, BankCommand, CardLimits, CardOrder, CommandOutcome, ExchangeRate, Failure,
    Query, RewardsProgram, StandingOrder,
};
use crate::money::{Currency, Money};

/// The customer's things at the bank. Cards change state when the bank is told so; nothing else moves.
#[derive(Clone)]
pub(super) struct SmallBank {
    cards: Vec<Card>,
    case: i64,
}

impl SmallBank {
    pub(super) fn new() -> Self {
        let card = |id: &str, account: &str, mask: &str, credit| Card {
            id: CardId(id.to_owned()),
            account: AccountId(account.to_owned()),
            mask: mask.to_owned(),
            brand: "visa".to_owned(),
            credit,
            state: CardState::Active,
        };
        Self {
            cards: vec![
                card("card-1", "checking", "4417", false),
                card("card-2", "credit", "1005", true),
            ],
            case: 20_930,
        }
    }

    /// Returns the states of the cards, for the abstraction.
    pub(super) fn card_states(&self) -> BTreeSet<String> {
        self.cards
            .iter()
            .map(|card| format!("{:?}", card.state))
            .collect()
    }

    /// Answers a turn's questions; a bank that is down answers none but our own case number.
    pub(super) fn answer(&mut self, queries: &[Query], down: bool) -> Answers {
        let mut answers = Answers::new();
        for query in queries {
            let answer = match query {
                Query::CaseNumber => {
                    self.case += 1;
                    Ok(Answer::CaseNumber(self.case))
                }
                _ if down => Err(Failure::Down),
                Query::Accounts => Ok(Answer::Accounts(accounts())),
                Query::Transactions { account, range } => Ok(Answer::Transactions {
                    entries: entries()
                        .into_iter()
                        .filter(|entry| account.as_ref().is_none_or(|id| *id == entry.account))
                        .filter(|entry| entry.booking_date.is_none_or(|day| range.contains(day)))
                        .collect(),
                    missing: Vec::new(),
                }),
                Query::Cards => Ok(Answer::Cards(self.cards.clone())),
                Query::Statements { account } => Ok(Answer::Statements(vec![Statement {
                    id: "statement-1".to_owned(),
                    account: account.clone(),
                    date: date(2026, 10, 31),
                    description: None,
                }])),
                Query::TaxForms => Ok(Answer::TaxForms(
                    [("form-1", "1099-INT"), ("form-2", "1098")]
                        .map(|(id, name)| TaxForm {
                            id: id.to_owned(),
                            name: name.to_owned(),
                            year: 2025,
                        })
                        .into(),
                )),
                Query::Disputes => Ok(Answer::Disputes(vec![Dispute {
                    id: "dispute-1".to_owned(),
                    transaction: Some(TransactionId("entry-3".to_owned())),
                    state: DisputeState::Investigating,
                    opened_at: "2026-11-18T15:00:00Z".parse().unwrap(),
                }])),
                Query::ExchangeRate { from, to } => ExchangeRate::parse(
                    *from,
                    *to,
                    "1.0834",
                    "2026-11-22T15:00:00Z".parse().unwrap(),
                )
                .map(Answer::ExchangeRate)
                .map_err(|_| Failure::Down),
                Query::CardLimits { .. } => Ok(Answer::CardLimits(CardLimits {
                    as_of: "2026-11-22T15:00:00Z".parse().unwrap(),
                    limits: vec![CardLimit {
                        kind: LimitKind::Cash,
                        per_day: usd(50_000),
                        left: Some(usd(32_000)),
                    }],
                })),
                Query::CardOrders => Ok(Answer::CardOrders(vec![CardOrder {
                    id: "order-1".to_owned(),
                    card: None,
                    replaces: Some(CardId("card-2".to_owned())),
                    state: CardOrderState::Sent,
                    ordered_at: "2026-11-18T15:00:00Z".parse().unwrap(),
                    sent_on: Some(date(2026, 11, 20)),
                    expected: Some(date(2026, 11, 26)),
                }])),
                Query::Rewards => Ok(Answer::Rewards(vec![RewardsProgram {
                    name: "Acme Points".to_owned(),
                    account: AccountId("credit".to_owned()),
                    balance: RewardAmount::Points(12_450),
                    expiring: None,
                    as_of: "2026-11-22T15:00:00Z".parse().unwrap(),
                }])),
                Query::Alerts => Ok(Answer::Alerts(vec![
                    alert("alert-1", AlertKind::LowBalance, Some(10_000)),
                    alert("alert-2", AlertKind::Deposit, None),
                ])),
                Query::Payees => Ok(Answer::Payees(payees())),
                Query::Payments => Ok(Answer::Payments(payments())),
                Query::StandingOrders => Ok(Answer::StandingOrders(vec![standing_order()])),
            };
            answers.put(query.clone(), answer);
        }
        answers
    }

    /// Does what it is told, and says so.
    pub(super) fn carry_out(&mut self, command: &BankCommand) -> CommandOutcome {
        let (card, state) = match command {
            BankCommand::FreezeCard { card } => (card, CardState::Frozen),
            BankCommand::UnfreezeCard { card } | BankCommand::ActivateCard { card } => {
                (card, CardState::Active)
            }
            BankCommand::ReportCard { card, .. } => (card, CardState::Cancelled),
            _ => {
                return CommandOutcome::Done {
                    reference: Some("R-1".to_owned()),
                    card_state: None,
                };
            }
        };
        for known in self.cards.iter_mut().filter(|known| known.id == *card) {
            known.state = state;
        }
        CommandOutcome::Done {
            reference: None,
            card_state: Some(state),
        }
    }
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn alert(id: &str, kind: AlertKind, threshold: Option<i64>) -> Alert {
    Alert {
        id: id.to_owned(),
        setting: AlertSetting {
            kind,
            account: AccountId("checking".to_owned()),
            threshold: threshold.map(usd),
            lead_days: None,
            rhythm: None,
        },
        channel: AlertChannel::Text,
    }
}

fn standing_order() -> StandingOrder {
    StandingOrder {
        id: "order-1".to_owned(),
        from: AccountId("checking".to_owned()),
        payee: PayeeId("payee-1".to_owned()),
        to: "Landlord".to_owned(),
        amount: usd(145_000),
        every: Frequency::Month,
        next: Some(date(2026, 12, 1)),
    }
}

fn accounts() -> Accounts {
    let account = |id: &str, kind, mask: &str, balances: &[(BalanceKind, i64)]| Account {
        id: AccountId(id.to_owned()),
        institution: "Acme Bank".to_owned(),
        kind,
        name: String::new(),
        mask: mask.to_owned(),
        currency: Currency::USD,
        status: AccountStatus::Open,
        balances: balances
            .iter()
            .map(|(kind, minor)| Balance {
                kind: *kind,
                amount: usd(*minor),
                as_of: None,
                includes_credit: Some(false),
            })
            .collect(),
        due_date: Some(date(2026, 12, 5)),
        interest_rate_bp: Some(2_199),
    };
    Accounts {
        accounts: vec![
            account(
                "checking",
                AccountKind::Checking,
                "1234",
                &[
                    (BalanceKind::Booked, 45_560),
                    (BalanceKind::Available, 41_210),
                ],
            ),
            account(
                "savings",
                AccountKind::Savings,
                "8765",
                &[
                    (BalanceKind::Booked, 120_000),
                    (BalanceKind::Available, 120_000),
                ],
            ),
            account(
                "credit",
                AccountKind::CreditCard,
                "1005",
                &[
                    (BalanceKind::Booked, -21_240),
                    (BalanceKind::Available, 278_760),
                    (BalanceKind::CreditLimit, 300_000),
                    (BalanceKind::MinimumDue, 2_500),
                    (BalanceKind::StatementBalance, 18_000),
                ],
            ),
        ],
        missing: Vec::new(),
    }
}

fn entries() -> Vec<Transaction> {
    use TransactionKind::{Fee, Purchase, Salary};

    let entry = |id: &str, account: &str, minor, day: Date, shop: &str, kind| Transaction {
        id: TransactionId(id.to_owned()),
        account: AccountId(account.to_owned()),
        amount: usd(minor),
        status: TransactionStatus::Booked,
        booking_date: Some(day),
        value_date: Some(day),
        occurred_at: None,
        description: shop.to_owned(),
        merchant: Some(shop.to_owned()),
        mcc: None,
        category: None,
        kind,
        original_amount: None,
        pending_id: None,
    };
    vec![
        entry(
            "entry-1",
            "checking",
            -4_520,
            date(2026, 11, 20),
            "Corner Market",
            Purchase,
        ),
        entry(
            "entry-2",
            "credit",
            -8_999,
            date(2026, 11, 18),
            "Zelcorp",
            Purchase,
        ),
        entry(
            "entry-3",
            "checking",
            -1_200,
            date(2026, 11, 17),
            "Zelcorp",
            Purchase,
        ),
        entry(
            "entry-4",
            "checking",
            210_000,
            date(2026, 11, 13),
            "Northwind Payroll",
            Salary,
        ),
        entry(
            "entry-5",
            "checking",
            -3_500,
            date(2026, 11, 10),
            "Overdraft fee",
            Fee,
        ),
        entry(
            "entry-6",
            "credit",
            -1_599,
            date(2026, 11, 5),
            "Streamly",
            Purchase,
        ),
        entry(
            "entry-7",
            "credit",
            -1_599,
            date(2026, 10, 5),
            "Streamly",
            Purchase,
        ),
        entry(
            "entry-8",
            "credit",
            -1_599,
            date(2026, 9, 5),
            "Streamly",
            Purchase,
        ),
    ]
}

fn payees() -> Vec<Payee> {
    let payee = |id: &str, name: &str, hint: &str, biller| Payee {
        id: PayeeId(id.to_owned()),
        name: name.to_owned(),
        account_hint: hint.to_owned(),
        biller,
        paid_before: true,
    };
    vec![
        payee("payee-1", "Rosa Delgado", "••8812", false),
        payee("payee-2", "City Power", "••2001", true),
    ]
}

fn payments() -> Vec<Payment> {
    let payment = |id: &str, minor, to: &str, state| Payment {
        id: id.to_owned(),
        amount: usd(minor),
        from: AccountId("checking".to_owned()),
        to: to.to_owned(),
        state,
        date: Some(date(2026, 11, 25)),
        reference: None,
    };
    vec![
        payment("payment-1", 4_000, "Rosa Delgado", PaymentState::Pending),
        payment("payment-2", 6_100, "City Power", PaymentState::Pending),
    ]
}
