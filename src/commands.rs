//! Bank commands: T2 and T3 of design 2.2. No conversation lease is held while a bank is told something.
//!
//! A leased command is `Sent` before a byte leaves. What an earlier attempt may have done is found out
//! by the command's repeatability; what cannot be proven is `Unknown`, told to the customer, and checked
//! again after a minute, five, an hour and a day.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::bank::{
    BankCommand, BankError, CommandOutcome, Commands, Connection, IdempotencyKey, Repeat,
};
use crate::inbox::stored::StoredInput;
use crate::store::keys::{Class, KeyError};
use crate::store::{CommandLease, CommandSettled, NewInput, StoreError};
use crate::work::Work;

/// Whose command, and the exact request: the same bytes at every attempt.
#[derive(Serialize, Deserialize)]
pub struct Order {
    /// Whose.
    pub connection: Connection,
    /// What.
    pub command: BankCommand,
}

/// How long a command may be under way, ms. Longer than the bank client's own limit.
const LEASE_MS: i64 = 60_000;

/// When an unknown outcome is looked at again, ms after the last look (design 2.2).
const CHECKS_MS: [i64; 4] = [60_000, 5 * 60_000, 60 * 60_000, 24 * 60 * 60_000];

/// Waits before another attempt of what surely did not arrive, ms.
const RETRY_MS: i64 = 2_000;

/// One call may take this long before its outcome is unknown.
const CALL: Duration = Duration::from_secs(25);

/// Runs bank commands.
#[derive(Clone)]
pub struct CommandRunner {
    app: Arc<App>,
}

/// What an attempt came to.
enum Attempt {
    /// The bank's word.
    Outcome(CommandOutcome),
    /// It surely did not arrive.
    NotArrived,
}

impl Work for CommandRunner {
    type Lease = CommandLease;
    const NAME: &'static str = "commands";

    fn app(&self) -> &App {
        &self.app
    }

    async fn lease(&self, max: usize) -> Result<Vec<CommandLease>, StoreError> {
        self.app
            .store
            .lease_commands(self.app.node, self.app.clock.now_ms(), LEASE_MS, max)
            .await
    }

    async fn perform(&self, lease: CommandLease) {
        self.run_one(lease).await;
    }
}

impl CommandRunner {
    /// Makes a runner.
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    async fn run_one(&self, lease: CommandLease) {
        let kind = lease.kind.clone();
        let conversation = lease.conversation;
        match self.settle(lease).await {
            Ok(outcome) => {
                self.app.metrics.command(&kind, outcome);
                tracing::info!(conversation.id = %conversation, command.kind = kind, command.outcome = outcome, "settled a command");
            }
            Err(error) => {
                self.app.metrics.error("command", "settle");
                tracing::error!(conversation.id = %conversation, error = %error, "cannot settle a command");
            }
        }
    }

    async fn settle(&self, lease: CommandLease) -> Result<&'static str, StoreError> {
        let attempt = self.attempt(&lease).await;
        let now_ms = self.app.clock.now_ms();
        let (settled, name) = match attempt {
            Attempt::Outcome(CommandOutcome::Unknown) => {
                let next = usize::try_from(lease.checks)
                    .ok()
                    .and_then(|at| CHECKS_MS.get(at))
                    .map(|wait| now_ms.saturating_add(*wait));
                let input = if lease.checking {
                    None
                } else {
                    Some(self.report(&lease, &CommandOutcome::Unknown).await?)
                };
                (CommandSettled::Unknown { at_ms: next, input }, "unknown")
            }
            Attempt::Outcome(outcome) => {
                let name = outcome.name();
                let input = self.report(&lease, &outcome).await?;
                (
                    CommandSettled::Final {
                        outcome: name,
                        input,
                    },
                    name,
                )
            }
            Attempt::NotArrived => (
                CommandSettled::Retry {
                    at_ms: now_ms.saturating_add(RETRY_MS),
                },
                "retry",
            ),
        };
        self.app
            .store
            .settle_command(lease.id, lease.fence, settled, now_ms)
            .await?;
        Ok(name)
    }

    /// Makes the input by which an ordinary turn tells the customer.
    async fn report(
        &self,
        lease: &CommandLease,
        outcome: &CommandOutcome,
    ) -> Result<NewInput, StoreError> {
        let unavailable =
            |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Unavailable(Some(error));
        let keys = self
            .app
            .keys
            .customer(lease.conversation, false)
            .await
            .map_err(|error| unavailable(Box::new(error)))?
            .ok_or_else(|| unavailable(Box::new(KeyError::Erased)))?;
        // Nobody can say what the bank did: a person has to look (design 2.2).
        let case = match outcome {
            CommandOutcome::Unknown => Some(self.app.store.next_case_number().await?.0),
            _ => None,
        };
        let bytes = serde_json::to_vec(&StoredInput::Reported {
            id: lease.id,
            outcome: outcome.clone(),
            case,
        })
        .map_err(|error| unavailable(Box::new(error)))?;
        let body = keys
            .seal(Class::Chat, &lease.conversation.0, &bytes)
            .map_err(|error| unavailable(Box::new(error)))?;
        Ok(NewInput {
            conversation: lease.conversation,
            at_ms: self.app.clock.now_ms(),
            body,
        })
    }

    async fn attempt(&self, lease: &CommandLease) -> Attempt {
        let Ok(order) = self.open(lease).await else {
            // Without its key nothing can be sent: the customer was forgotten meanwhile.
            return Attempt::Outcome(if lease.attempt > 1 {
                CommandOutcome::Unknown
            } else {
                CommandOutcome::NotSent
            });
        };
        let Some(port) = self.app.bank.commands.clone() else {
            return Attempt::Outcome(CommandOutcome::NotSent);
        };
        let Some(repeat) = port.offers(order.command.kind()) else {
            return Attempt::Outcome(CommandOutcome::NotSent);
        };
        let key = IdempotencyKey(lease.id.to_string());
        if lease.attempt <= 1 && !lease.checking {
            if lease.not_after_ms < self.app.clock.now_ms()
                || !self.app.policies.allow(order.command.kind())
            {
                return Attempt::Outcome(CommandOutcome::NotSent);
            }
            return self.first(port.as_ref(), &order, &key).await;
        }
        self.again(port.as_ref(), repeat, lease, &order, &key).await
    }

    async fn open(&self, lease: &CommandLease) -> Result<Order, ()> {
        let keys = self
            .app
            .keys
            .customer(lease.conversation, false)
            .await
            .map_err(drop)?
            .ok_or(())?;
        let bytes = keys
            .open(&lease.conversation.0, &lease.body)
            .map_err(drop)?;
        serde_json::from_slice(&bytes).map_err(drop)
    }

    async fn first(&self, port: &dyn Commands, order: &Order, key: &IdempotencyKey) -> Attempt {
        match call(port.execute(&order.connection, &order.command, key)).await {
            Ok(outcome) => Attempt::Outcome(outcome),
            Err(error) => refused(&error),
        }
    }

    /// An earlier attempt may have reached the bank: what may be done now depends on the operation.
    async fn again(
        &self,
        port: &dyn Commands,
        repeat: Repeat,
        lease: &CommandLease,
        order: &Order,
        key: &IdempotencyKey,
    ) -> Attempt {
        match repeat {
            Repeat::Natural => self.first(port, order, key).await,
            Repeat::Keyed { window } => {
                // T1 allows two minutes before the first attempt; the window counts from there at the latest.
                let window_ms = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
                let until = lease
                    .not_after_ms
                    .saturating_sub(120_000)
                    .saturating_add(window_ms);
                if self.app.clock.now_ms() < until {
                    self.first(port, order, key).await
                } else {
                    Attempt::Outcome(CommandOutcome::Unknown)
                }
            }
            Repeat::Lookup => {
                match call(port.find(&order.connection, &order.command, key)).await {
                    Ok(Some(outcome)) => Attempt::Outcome(outcome),
                    // It is surely not there, and there is still time: do it.
                    Ok(None) if self.app.clock.now_ms() <= lease.not_after_ms => {
                        self.first(port, order, key).await
                    }
                    Ok(None) => Attempt::Outcome(CommandOutcome::NotSent),
                    Err(_) => Attempt::Outcome(CommandOutcome::Unknown),
                }
            }
            Repeat::None => Attempt::Outcome(CommandOutcome::Unknown),
        }
    }
}

async fn call<T>(future: impl Future<Output = Result<T, BankError>>) -> Result<T, BankError> {
    tokio::time::timeout(CALL, future)
        .await
        .unwrap_or(Err(BankError::Unavailable(None)))
}

/// Reads an error of a command: only what the bank surely refused is not done.
fn refused(error: &BankError) -> Attempt {
    match error {
        BankError::ConsentExpired | BankError::Forbidden | BankError::NotFound => {
            Attempt::Outcome(CommandOutcome::Rejected {
                code: Some(error.name().to_owned()),
            })
        }
        BankError::RateLimited { .. } => Attempt::NotArrived,
        BankError::Unavailable(_) | BankError::Unexpected(_) => {
            Attempt::Outcome(CommandOutcome::Unknown)
        }
    }
}
