//! The simulated bank, reached as production reaches a bank: adapter, HTTP, tokens.

mod behaviour;
mod everyday;
mod oauth;
mod scenarios;
mod services;
mod steer;

use std::sync::{Arc, Mutex};

use super::{BankSimulator, Control, Options, Scenarios};
use crate::bank::connect::{Kind, SimulatorLink, connect};
use crate::bank::http::{CallObserver, HttpLimits, ObservedCall};
use crate::bank::model::{AccountId, Connection, DateRange, Subject};
use crate::bank::{Bank, BankCommand, BankError, BankId, CommandOutcome, IdempotencyKey};
use crate::clock::{ManualClock, SharedClock};
use crate::message::ConversationId;
use crate::money::{Currency, Money};

/// Sunday morning.
const NOW: &str = "2026-11-22T10:41:00-05:00";

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey(text.into())
}

/// Keeps what the adapter tells.
#[derive(Default)]
pub(super) struct Heard(pub(super) Mutex<Vec<ObservedCall>>);

impl CallObserver for Heard {
    fn observe(&self, call: &ObservedCall) {
        self.0.lock().unwrap().push(call.clone());
    }
}

/// A running bank with one customer linked.
pub(super) struct Running {
    pub(super) simulator: BankSimulator,
    pub(super) bank: Bank,
    pub(super) connection: Connection,
    pub(super) clock: Arc<ManualClock>,
    pub(super) heard: Arc<Heard>,
}

impl Running {
    pub(super) fn control(&self) -> Control {
        self.simulator.control()
    }

    pub(super) fn subject(&self) -> &str {
        self.connection.subject.as_str()
    }

    /// Moves the clock and forgets nothing.
    pub(super) fn move_to(&self, at: &str) {
        self.clock.set(at.parse().unwrap());
    }

    pub(super) async fn execute(
        &self,
        command: &BankCommand,
        name: &str,
    ) -> Result<CommandOutcome, BankError> {
        let commands = self.bank.commands.clone().unwrap();
        commands
            .execute(&self.connection, command, &key(name))
            .await
    }

    pub(super) async fn find(&self, command: &BankCommand, name: &str) -> Option<CommandOutcome> {
        let commands = self.bank.commands.clone().unwrap();
        commands
            .find(&self.connection, command, &key(name))
            .await
            .unwrap()
    }

    pub(super) fn operations(&self) -> Vec<&'static str> {
        let calls = self.simulator.calls(self.subject()).unwrap();
        calls.iter().map(|call| call.operation).collect()
    }
}

/// Short waits, so that faults do not hold the tests up.
pub(super) fn quick_limits() -> HttpLimits {
    HttpLimits {
        total: std::time::Duration::from_millis(1500),
        first_wait: std::time::Duration::from_millis(1),
        longest_wait: std::time::Duration::from_millis(50),
        ..HttpLimits::default()
    }
}

pub(super) fn connection(subject: &str) -> Connection {
    Connection::new(
        ConversationId([7; 16]),
        BankId("main".into()),
        Subject(subject.into()),
    )
}

pub(super) async fn run(subject: &str, at: &str) -> Running {
    run_with(subject, at, Options::default(), false).await
}

pub(super) async fn run_with(subject: &str, at: &str, options: Options, wrapped: bool) -> Running {
    let clock = Arc::new(ManualClock::new(at.parse().unwrap()));
    let shared: SharedClock = clock.clone();
    let options = Options {
        recorded_calls: 1000,
        ..options
    };
    let scenarios = Scenarios::built_in();
    let name = subject.split(':').next().unwrap();
    let zone = scenarios.load(name).unwrap().zone.0;
    let simulator = BankSimulator::start(scenarios, shared.clone(), options)
        .await
        .unwrap();
    let heard = Arc::new(Heard::default());
    let bank = connect(
        BankId("main".into()),
        "Acme Bank".into(),
        Kind::Simulator(SimulatorLink {
            url: simulator.url().to_owned(),
            zone,
            wrapped,
            clock: shared,
        }),
        quick_limits(),
        heard.clone(),
    )
    .unwrap();
    Running {
        simulator,
        bank,
        connection: connection(subject),
        clock,
        heard,
    }
}

pub(super) fn account(id: &str) -> AccountId {
    AccountId(id.into())
}

pub(super) fn range(first: &str, last: &str) -> DateRange {
    DateRange {
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
    }
}
