//! The FDX adapter and the simulated bank judged by descriptions nobody here can bend: Prism stands between
//! them as a proxy, and plays the bank itself as a mock.
//!
//! The descriptions in `contract/fdx` were written for this project from public facts about the interface (CC0).
//! Needs Prism (`tests/servers/prism.sh install`); without it the tests say so and pass, unless
//! `$BURSAR_REQUIRE_SERVERS` or `$CI` is set.

mod prism;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bursar::bank::connect::{FdxLink, Kind, SimulatorLink, connect};
use bursar::bank::fdx::{Settings, movement::Offer};
use bursar::bank::http::hosts::parse_base;
use bursar::bank::http::{HttpClient, HttpLimits, NoObserver};
use bursar::bank::model::{AccountId, DateRange, PayeeId, Subject, TransactionStatus};
use bursar::bank::token::SimulatorTokens;
use bursar::bank::{Bank, BankCommand, BankError, BankId, Connection, IdempotencyKey, TokenSource};
use bursar::clock::{ManualClock, SharedClock};
use bursar::message::ConversationId;
use bursar::money::{Currency, Money};
use bursar::simulator::bank::{BankSimulator, Options, Scenarios, SetFault};
use jiff::tz::TimeZone;
use prism::{Prism, Tee};
use secrecy::SecretString;

struct AnyToken;

#[async_trait]
impl TokenSource for AnyToken {
    async fn access_token(&self, _: &Connection) -> Result<SecretString, BankError> {
        Ok(SecretString::from("any"))
    }

    async fn refused(&self, _: &Connection) {}
}

fn limits() -> HttpLimits {
    HttpLimits {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(20),
        ..HttpLimits::default()
    }
}

fn connection(subject: &str) -> Connection {
    Connection::new(
        ConversationId([9; 16]),
        BankId("main".into()),
        Subject(subject.into()),
    )
}

fn fdx(base_url: &str, tokens: Arc<dyn TokenSource>) -> Bank {
    let mut settings = Settings::new("Bank", TimeZone::get("America/New_York").unwrap());
    settings.movement = Some(Offer {
        key_window: Duration::from_hours(24),
        transfer_dates: false,
        recurring: true,
    });
    settings.page_size = 40;
    connect(
        BankId("main".into()),
        "Bank".into(),
        Kind::Fdx(FdxLink {
            base_url: base_url.to_owned(),
            settings,
            tokens,
        }),
        limits(),
        Arc::new(NoObserver),
    )
    .unwrap()
}

/// Everything a bank tells, as lines.
async fn told(bank: &Bank, who: &Connection, range: DateRange) -> Vec<String> {
    let reading = bank.reading.as_ref().unwrap();
    let found = reading.accounts(who).await.unwrap();
    let mut lines = Vec::new();
    for account in &found.accounts {
        let balances: Vec<String> = account
            .balances
            .iter()
            .map(|balance| format!("{:?} {}", balance.kind, balance.amount.to_decimal()))
            .collect();
        lines.push(format!(
            "{} {:?} {} {balances:?} {:?}",
            account.name, account.kind, account.mask, account.due_date
        ));
        for entry in reading.transactions(who, &account.id, range).await.unwrap() {
            lines.push(format!(
                "{} {} {:?} {:?} {:?} {:?} {:?} {}",
                entry.id.as_str(),
                entry.amount.to_decimal(),
                entry.status,
                entry.booking_date,
                entry.occurred_at,
                entry.mcc,
                entry.kind,
                entry.description
            ));
        }
        for statement in reading.statements(who, &account.id).await.unwrap() {
            lines.push(format!("{} {}", statement.id, statement.date));
        }
    }
    let payments = bank.payments.as_ref().unwrap();
    for payee in payments.payees(who).await.unwrap() {
        lines.push(format!("{} {}", payee.name, payee.account_hint));
    }
    lines
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey(text.into())
}

async fn judged(version: &str) {
    let Some(spec) = prism::spec(version) else {
        return;
    };
    let clock: SharedClock = Arc::new(ManualClock::new(
        "2026-11-22T10:41:00-05:00".parse().unwrap(),
    ));
    let simulator = BankSimulator::start(Scenarios::built_in(), clock.clone(), Options::default())
        .await
        .unwrap();
    let root = parse_base(simulator.url()).unwrap();
    let http = HttpClient::new(BankId("main".into()), &root, limits(), Arc::new(NoObserver));
    let tokens = Arc::new(SimulatorTokens::new(
        Arc::new(http.unwrap()),
        root.join("oauth2/token").unwrap(),
        clock.clone(),
    ));
    let upstream = format!("{}/fdx/{version}", simulator.url());
    let gate = Prism::proxy(&spec, &upstream).await;
    let gated = fdx(&gate.url, tokens);
    let direct = connect(
        BankId("main".into()),
        "Bank".into(),
        Kind::Simulator(SimulatorLink {
            url: simulator.url().to_owned(),
            zone: TimeZone::get("America/New_York").unwrap(),
            wrapped: version == "v5",
            clock,
        }),
        limits(),
        Arc::new(NoObserver),
    )
    .unwrap();
    let autumn = DateRange {
        first: "2026-08-01".parse().unwrap(),
        last: "2026-11-22".parse().unwrap(),
    };
    for scenario in ["everyday", "reference", "loan", "mixed_currencies", "empty"] {
        let who = connection(&format!("{scenario}:gate"));
        let through = told(&gated, &who, autumn).await;
        assert_eq!(through, told(&direct, &who, autumn).await, "{scenario}");
        assert!(!through.is_empty());
    }
    moves_money(&gated).await;
    fails(&gated, &simulator).await;
    simulator.stop().await;
}

/// Transfers and payments through the gate.
async fn moves_money(bank: &Bank) {
    let who = connection("everyday:mover");
    let commands = bank.commands.as_ref().unwrap();
    let today = "2026-11-22".parse().unwrap();
    let transfer = BankCommand::TransferOwn {
        from: AccountId("sav-5678".into()),
        to: AccountId("chk-1234".into()),
        amount: Money::from_minor(2500, Currency::USD),
        date: today,
    };
    let first = commands.execute(&who, &transfer, &key("k1")).await.unwrap();
    assert_eq!(first.name(), "done");
    // The duplicate's 409 passes the gate too.
    assert_eq!(
        commands.execute(&who, &transfer, &key("k1")).await.unwrap(),
        first
    );
    assert_eq!(
        commands.find(&who, &transfer, &key("k1")).await.unwrap(),
        Some(first)
    );
    assert_eq!(
        commands.find(&who, &transfer, &key("k2")).await.unwrap(),
        None
    );
    let pay = |day: &str| BankCommand::PayPayee {
        from: AccountId("chk-1234".into()),
        payee: PayeeId("payee-mom".into()),
        amount: Money::from_minor(4000, Currency::USD),
        date: day.parse().unwrap(),
        memo: Some("thanks".into()),
    };
    let paid = commands
        .execute(&who, &pay("2026-12-01"), &key("k3"))
        .await
        .unwrap();
    assert_eq!(paid.name(), "done");
    let payments = bank
        .payments
        .as_ref()
        .unwrap()
        .payments(&who)
        .await
        .unwrap();
    assert_eq!(payments.len(), 2);
    let cancel = BankCommand::CancelPayment {
        payment: payments[0].id.clone(),
    };
    let cancelled = commands.execute(&who, &cancel, &key("k4")).await.unwrap();
    assert_eq!(cancelled.name(), "done");
    let unknown = BankCommand::PayPayee {
        from: AccountId("chk-1234".into()),
        payee: PayeeId("nobody".into()),
        amount: Money::from_minor(4000, Currency::USD),
        date: today,
        memo: None,
    };
    assert!(
        commands
            .execute(&who, &unknown, &key("k5"))
            .await
            .is_err_and(|error| error.nothing_was_done())
    );
}

/// Failing answers are described too, so the gate lets them pass as they are.
async fn fails(bank: &Bank, simulator: &BankSimulator) {
    let who = connection("everyday:faulty");
    let reading = bank.reading.as_ref().unwrap();
    for (fault, expected) in [
        ("down", "unavailable"),
        ("429 30", "rate_limited"),
        ("fails after doing", "unavailable"),
        ("consent revoked", "consent_expired"),
    ] {
        simulator.control().clear_faults("everyday:faulty").unwrap();
        let fault: SetFault = fault.parse().unwrap();
        simulator
            .control()
            .set_fault("everyday:faulty", fault)
            .unwrap();
        let error = reading.accounts(&who).await.unwrap_err();
        assert_eq!(error.name(), expected);
    }
    simulator.control().clear_faults("everyday:faulty").unwrap();
    let partial: SetFault = "partial sav-5678".parse().unwrap();
    simulator
        .control()
        .set_fault("everyday:faulty", partial)
        .unwrap();
    let found = reading.accounts(&who).await.unwrap();
    assert_eq!(found.missing, ["Savings"]);
    let missing = AccountId("nowhere".into());
    simulator.control().clear_faults("everyday:faulty").unwrap();
    assert!(matches!(
        reading.statements(&who, &missing).await,
        Err(BankError::NotFound)
    ));
}

async fn mocked(version: &str) {
    let Some(spec) = prism::spec(version) else {
        return;
    };
    let mock = Prism::mock(&spec).await;
    let tee = Tee::start(&mock.url).await;
    let bank = fdx(&tee.url, Arc::new(AnyToken));
    let who = connection("story");
    let story = DateRange {
        first: "2026-10-01".parse().unwrap(),
        last: "2026-11-15".parse().unwrap(),
    };
    let reading = bank.reading.as_ref().unwrap();
    let accounts = reading.accounts(&who).await.unwrap().accounts;
    let mut october_at_amazon = Vec::new();
    let mut pending = Vec::new();
    for account in &accounts {
        for entry in reading
            .transactions(&who, &account.id, story)
            .await
            .unwrap()
        {
            let day = entry.date(&bank.zone).unwrap();
            if entry.merchant.as_deref() == Some("Amazon") && day.month() == 10 {
                october_at_amazon.push(entry.amount);
            }
            if entry.status == TransactionStatus::Pending {
                pending.push(entry.id.0.clone());
            }
        }
        reading.statements(&who, &account.id).await.unwrap();
    }
    let spent = |negative: bool| {
        let sum = Money::sum(
            october_at_amazon
                .iter()
                .copied()
                .filter(|amount| amount.is_negative() == negative),
            Currency::USD,
        );
        sum.unwrap().abs().to_decimal()
    };
    assert_eq!(accounts.len(), 3);
    assert_eq!(
        (spent(true), spent(false)),
        ("166.54".into(), "12.00".into())
    );
    assert_eq!(pending, ["t-1006", "t-2003"]);

    let payments = bank.payments.as_ref().unwrap();
    assert_eq!(payments.payees(&who).await.unwrap().len(), 1);
    assert_eq!(payments.payments(&who).await.unwrap().len(), 2);
    let commands = bank.commands.as_ref().unwrap();
    let transfer = BankCommand::TransferOwn {
        from: AccountId("acc-chk-4321".into()),
        to: AccountId("acc-sav-8765".into()),
        amount: Money::from_minor(2500, Currency::USD),
        date: "2026-11-15".parse().unwrap(),
    };
    let pay = BankCommand::PayPayee {
        from: AccountId("acc-chk-4321".into()),
        payee: PayeeId("payee-1".into()),
        amount: Money::from_minor(145_000, Currency::USD),
        date: "2026-12-01".parse().unwrap(),
        memo: None,
    };
    let cancel = BankCommand::CancelPayment {
        payment: "pay-1".into(),
    };
    for (command, name) in [(transfer, "k1"), (pay, "k2"), (cancel, "k3")] {
        let outcome = commands.execute(&who, &command, &key(name)).await.unwrap();
        assert_eq!(outcome.name(), "done", "{command:?}");
    }
    let violations = tee.request_violations();
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(tee.calls() > 10);
}

#[tokio::test]
async fn simulator_and_adapter_keep_to_the_flat_description() {
    judged("v6").await;
}

#[tokio::test]
async fn simulator_and_adapter_keep_to_the_wrapped_description() {
    judged("v5").await;
}

#[tokio::test]
async fn the_adapter_asks_a_flat_bank_as_described() {
    mocked("v6").await;
}

#[tokio::test]
async fn the_adapter_asks_a_wrapped_bank_as_described() {
    mocked("v5").await;
}
