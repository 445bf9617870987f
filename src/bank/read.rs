//! Asking a bank the questions of one turn, in parallel, within a budget (design 2.1).

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;

use super::model::{AccountId, DateRange};
use super::query::{Answer, Answers, Failure, Query};
use super::{Bank, Connection};

/// How long a turn waits for the bank before it says so.
pub const BUDGET: Duration = Duration::from_secs(8);

/// How one question went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// Its name.
    pub query: &'static str,
    /// From asking to the answer, or to giving up.
    pub took: Duration,
    /// Why there is no answer.
    pub failure: Option<Failure>,
}

/// Asks a bank's ports; parts may fail. What has no answer when the budget is spent is
/// [`Failure::Slow`]; what was answered by then stays. Tells how long each question took as well.
pub async fn read(
    bank: &Bank,
    connection: &Connection,
    queries: &[Query],
    budget: Duration,
) -> (Answers, Vec<Timed>) {
    let one = |query: Query| async move {
        let started = Instant::now();
        let answer = tokio::time::timeout(budget, ask(bank, connection, &query))
            .await
            .unwrap_or(Err(Failure::Slow));
        let timed = Timed {
            query: query.name(),
            took: started.elapsed(),
            failure: answer.as_ref().err().copied(),
        };
        (query, answer, timed)
    };
    let mut answers = Answers::new();
    let mut times = Vec::with_capacity(queries.len());
    for (query, answer, timed) in join_all(queries.iter().cloned().map(one)).await {
        answers.put(query, answer);
        times.push(timed);
    }
    (answers, times)
}

async fn ask(bank: &Bank, connection: &Connection, query: &Query) -> Result<Answer, Failure> {
    let answer = match query {
        Query::Accounts => {
            let port = offered(bank.reading.as_ref())?;
            port.accounts(connection).await.map(Answer::Accounts)
        }
        Query::Transactions {
            account: Some(account),
            range,
        } => {
            let port = offered(bank.reading.as_ref())?;
            let entries = port.transactions(connection, account, *range).await;
            entries.map(|entries| Answer::Transactions {
                entries,
                missing: Vec::new(),
            })
        }
        Query::Transactions {
            account: None,
            range,
        } => return everywhere(bank, connection, *range).await,
        Query::Statements { account } => {
            let port = offered(bank.reading.as_ref())?;
            let statements = port.statements(connection, account).await;
            statements.map(Answer::Statements)
        }
        Query::TaxForms => {
            let port = offered(bank.papers.as_ref())?;
            port.tax_forms(connection).await.map(Answer::TaxForms)
        }
        Query::Cards => {
            let port = offered(bank.cards.as_ref())?;
            port.cards(connection).await.map(Answer::Cards)
        }
        Query::Disputes => {
            let port = offered(bank.disputes.as_ref())?;
            port.disputes(connection).await.map(Answer::Disputes)
        }
        Query::Payees => {
            let port = offered(bank.payments.as_ref())?;
            port.payees(connection).await.map(Answer::Payees)
        }
        Query::Payments => {
            let port = offered(bank.payments.as_ref())?;
            port.payments(connection).await.map(Answer::Payments)
        }
        Query::StandingOrders => {
            let port = offered(bank.standing_orders.as_ref())?;
            let orders = port.standing_orders(connection).await;
            orders.map(Answer::StandingOrders)
        }
        Query::ExchangeRate { from, to } => {
            let port = offered(bank.rates.as_ref())?;
            let rate = port.rate(connection, *from, *to).await;
            rate.map(Answer::ExchangeRate)
        }
        Query::CardLimits { card } => {
            let port = offered(bank.card_services.as_ref())?;
            port.limits(connection, card).await.map(Answer::CardLimits)
        }
        Query::CardOrders => {
            let port = offered(bank.card_services.as_ref())?;
            port.orders(connection).await.map(Answer::CardOrders)
        }
        Query::Rewards => {
            let port = offered(bank.rewards.as_ref())?;
            port.programs(connection).await.map(Answer::Rewards)
        }
        Query::Alerts => {
            let port = offered(bank.alerts.as_ref())?;
            port.alerts(connection).await.map(Answer::Alerts)
        }
        // Numbers come from the store; the turn answers this one itself.
        Query::CaseNumber => return Err(Failure::NotOffered),
    };
    answer.map_err(|error| {
        tracing::warn!(
            bank.query = query.name(),
            bank.error = error.name(),
            "the bank gave no answer"
        );
        Failure::from(&error)
    })
}

fn offered<T: ?Sized>(port: Option<&Arc<T>>) -> Result<&T, Failure> {
    port.map(AsRef::as_ref).ok_or(Failure::NotOffered)
}

/// Reads the entries of every account at once; an account that cannot be read is named, not dropped.
async fn everywhere(
    bank: &Bank,
    connection: &Connection,
    range: DateRange,
) -> Result<Answer, Failure> {
    let port = bank.reading.as_ref().ok_or(Failure::NotOffered)?;
    let accounts = port
        .accounts(connection)
        .await
        .map_err(|error| Failure::from(&error))?;
    let mut missing = accounts.missing;
    let one = |id: AccountId, name: String| async move {
        (name, port.transactions(connection, &id, range).await)
    };
    let all = join_all(
        accounts
            .accounts
            .iter()
            .map(|account| one(account.id.clone(), account.name.clone())),
    )
    .await;
    let mut entries = Vec::new();
    let mut failure = None;
    let mut good = 0_usize;
    for (name, result) in all {
        match result {
            Ok(mut some) => {
                good += 1;
                entries.append(&mut some);
            }
            Err(error) => {
                failure = Some(Failure::from(&error));
                missing.push(name);
            }
        }
    }
    if let (0, Some(failure)) = (good, failure) {
        return Err(failure);
    }
    entries.sort_by(|a, b| {
        let day = |entry: &super::Transaction| entry.date(&bank.zone);
        day(b)
            .cmp(&day(a))
            .then_with(|| b.occurred_at.cmp(&a.occurred_at))
            .then_with(|| a.id.cmp(&b.id))
    });
    Ok(Answer::Transactions { entries, missing })
}
