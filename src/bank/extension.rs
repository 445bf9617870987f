//! The simulator's own JSON calls for what FDX lacks: cards, disputes, travel notices, alerts, rewards (`/ext/v1`).
//!
//! It plays every way a bank may let a command be repeated (design 2.2): freezing, activating and alerts are
//! [`Repeat::Natural`], payments are [`Repeat::Keyed`], transfers, disputes and orders of cards are found by our id
//! ([`Repeat::Lookup`]), and a lost card or a travel notice can be neither repeated nor found ([`Repeat::None`]).

mod alerts;
mod card_services;
mod payees;
mod rates;
mod rewards;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::command::LossReason;
use super::fdx::Fdx;
use super::fdx::wire::WireError;
use super::http::{Answer, BearerClient, Request};
use super::model::{
    AccountId, Card, CardId, CardState, Connection, Dispute, DisputeState, TransactionId,
};
use super::{
    BankCommand, BankError, Cards, CommandKind, CommandOutcome, Commands, Disputes, IdempotencyKey,
    Repeat,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What changes a card's state: the operation's name, the end of its path, the state to be read back.
const FREEZE: (&str, &str, CardState) = ("card_freeze", "freeze", CardState::Frozen);
const UNFREEZE: (&str, &str, CardState) = ("card_unfreeze", "unfreeze", CardState::Active);
const ACTIVATE: (&str, &str, CardState) = ("card_activate", "activate", CardState::Active);

/// The adapter; money moves through FDX.
pub struct Extension {
    client: BearerClient,
    fdx: Arc<Fdx>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCard {
    card_id: String,
    account_id: String,
    last4: String,
    network: String,
    credit: bool,
    // A state nobody knows fails the call: a card is never taken for stopped on a guess.
    state: CardState,
}

impl From<WireCard> for Card {
    fn from(wire: WireCard) -> Self {
        Self {
            id: CardId(wire.card_id),
            account: AccountId(wire.account_id),
            mask: wire.last4,
            brand: wire.network,
            credit: wire.credit,
            state: wire.state,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDispute {
    dispute_id: String,
    #[serde(default)]
    transaction_id: Option<String>,
    state: DisputeState,
    opened_at: Timestamp,
}

impl From<WireDispute> for Dispute {
    fn from(wire: WireDispute) -> Self {
        Self {
            id: wire.dispute_id,
            transaction: wire.transaction_id.map(TransactionId),
            state: wire.state,
            opened_at: wire.opened_at,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportBody {
    reason: LossReason,
    replace: bool,
}

#[derive(Deserialize)]
struct WireReport {
    card: WireCard,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DisputeBody<'a> {
    client_reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
    reason: &'a str,
    description: &'a str,
    noticed_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NoticeBody<'a> {
    place: &'a str,
    first: jiff::civil::Date,
    last: jiff::civil::Date,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireNotice {
    notice_id: String,
}

/// What a removal answers.
#[derive(Deserialize)]
struct WireRemoval {}

#[derive(Deserialize)]
struct WireFailure {
    #[serde(default)]
    code: Option<String>,
}

/// What a write came to, before it is read.
enum Written<T> {
    Done(T),
    /// Refused for a reason of the bank's.
    Rejected(Option<String>),
    /// Our reference was seen before.
    Duplicate,
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, BankError> {
    if !answer.status.is_success() {
        return Err(answer.status_error());
    }
    Ok(serde_json::from_slice(&answer.body).map_err(WireError::from)?)
}

/// A list, whatever it is a list of.
#[derive(Deserialize)]
struct WireList<T> {
    #[serde(
        alias = "cards",
        alias = "disputes",
        alias = "cardOrders",
        alias = "programs",
        alias = "alerts"
    )]
    items: Vec<T>,
}

fn read_list<T: DeserializeOwned>(answer: &Answer) -> Result<Vec<T>, BankError> {
    read::<WireList<T>>(answer).map(|list| list.items)
}

fn read_written<T: DeserializeOwned>(answer: &Answer) -> Result<Written<T>, BankError> {
    let code = || {
        serde_json::from_slice::<WireFailure>(&answer.body)
            .ok()
            .and_then(|failure| failure.code)
    };
    match answer.status.as_u16() {
        200..=299 => Ok(Written::Done(
            serde_json::from_slice(&answer.body).map_err(WireError::from)?,
        )),
        409 if code().as_deref() == Some("409") => Ok(Written::Duplicate),
        400 | 409 | 422 => Ok(Written::Rejected(code())),
        _ => Err(answer.status_error()),
    }
}

const fn done(reference: Option<String>, card_state: Option<CardState>) -> CommandOutcome {
    CommandOutcome::Done {
        reference,
        card_state,
    }
}

impl Extension {
    /// Joins the extension's client with the adapter that moves money.
    pub fn new(client: BearerClient, fdx: Arc<Fdx>) -> Self {
        Self { client, fdx }
    }

    async fn get<T>(
        &self,
        connection: &Connection,
        operation: &'static str,
        url: Url,
        read: impl Fn(&Answer) -> Result<T, BankError> + Send + Sync,
    ) -> Result<T, BankError> {
        self.client
            .call(
                connection,
                || {
                    Request::get(operation, url.clone())
                        .header(ACCEPT, HeaderValue::from_static("application/json"))
                },
                |answer| read(&answer),
            )
            .await
    }

    async fn write<T: DeserializeOwned>(
        &self,
        connection: &Connection,
        operation: &'static str,
        path: &[&str],
        key: &IdempotencyKey,
        body: Vec<u8>,
    ) -> Result<Written<T>, BankError> {
        let url = self.client.url(path)?;
        let key = HeaderValue::try_from(key.0.as_str())
            .map_err(|_| BankError::from(WireError::Field("idempotency-key")))?;
        self.client
            .call(
                connection,
                || {
                    Request::write(operation, Method::POST, url.clone())
                        .header(ACCEPT, HeaderValue::from_static("application/json"))
                        .header(IDEMPOTENCY_KEY, key.clone())
                        .body("application/json", body.clone())
                },
                |answer| read_written(&answer),
            )
            .await
    }

    /// Tells the bank to take something away; returns its refusal. What is not there is gone, and only what is read back
    /// afterwards is believed.
    async fn remove(
        &self,
        connection: &Connection,
        operation: &'static str,
        path: &[&str],
        key: &IdempotencyKey,
    ) -> Result<Option<CommandOutcome>, BankError> {
        let written = self
            .write::<WireRemoval>(connection, operation, path, key, Vec::from("{}"))
            .await;
        match written {
            Ok(Written::Rejected(code)) => Ok(Some(CommandOutcome::Rejected { code })),
            Ok(Written::Done(_) | Written::Duplicate) | Err(BankError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn card(&self, connection: &Connection, card: &CardId) -> Result<Card, BankError> {
        let url = self.client.url(&["cards", card.as_str()])?;
        let wire: WireCard = self.get(connection, "card", url, read).await?;
        Ok(wire.into())
    }

    /// Brings a card into a state, and believes only what is read back (`bank-apis.md` section 13).
    async fn bring(
        &self,
        connection: &Connection,
        card: &CardId,
        key: &IdempotencyKey,
        (operation, action, wanted): (&'static str, &str, CardState),
    ) -> Result<CommandOutcome, BankError> {
        let path = ["cards", card.as_str(), action];
        match self
            .write::<WireCard>(connection, operation, &path, key, Vec::from("{}"))
            .await?
        {
            Written::Rejected(code) => return Ok(CommandOutcome::Rejected { code }),
            Written::Done(_) | Written::Duplicate => {}
        }
        let state = self.card(connection, card).await?.state;
        Ok(if state == wanted {
            done(None, Some(state))
        } else {
            CommandOutcome::Unknown
        })
    }

    async fn report(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        card: &CardId,
        report: &ReportBody,
    ) -> Result<CommandOutcome, BankError> {
        let body = serde_json::to_vec(report).map_err(WireError::from)?;
        let path = ["cards", card.as_str(), "report"];
        let written = self
            .write::<WireReport>(connection, "card_report", &path, key, body)
            .await?;
        Ok(match written {
            Written::Done(report) => done(None, Some(report.card.state)),
            Written::Rejected(code) => CommandOutcome::Rejected { code },
            Written::Duplicate => CommandOutcome::Unknown,
        })
    }

    async fn file(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        dispute: &DisputeBody<'_>,
    ) -> Result<CommandOutcome, BankError> {
        let body = serde_json::to_vec(dispute).map_err(WireError::from)?;
        let written = self
            .write::<WireDispute>(connection, "dispute_create", &["disputes"], key, body)
            .await?;
        match written {
            Written::Done(dispute) => Ok(done(Some(dispute.dispute_id), None)),
            Written::Rejected(code) => Ok(CommandOutcome::Rejected { code }),
            // Our reference was seen before: what came of it is there to be read.
            Written::Duplicate => Ok(self
                .filed(connection, key)
                .await?
                .unwrap_or(CommandOutcome::Unknown)),
        }
    }

    async fn withdraw(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        dispute: &str,
    ) -> Result<CommandOutcome, BankError> {
        let path = ["disputes", dispute, "withdrawal"];
        let written = self
            .write::<WireDispute>(connection, "dispute_withdraw", &path, key, Vec::from("{}"))
            .await?;
        Ok(match written {
            Written::Done(dispute) if dispute.state == DisputeState::Withdrawn => {
                done(Some(dispute.dispute_id), None)
            }
            Written::Rejected(code) => CommandOutcome::Rejected { code },
            Written::Done(_) | Written::Duplicate => CommandOutcome::Unknown,
        })
    }

    async fn notify(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        notice: &NoticeBody<'_>,
    ) -> Result<CommandOutcome, BankError> {
        let body = serde_json::to_vec(notice).map_err(WireError::from)?;
        let written = self
            .write::<WireNotice>(connection, "travel_notice", &["travel-notices"], key, body)
            .await?;
        Ok(match written {
            Written::Done(notice) => done(Some(notice.notice_id), None),
            Written::Rejected(code) => CommandOutcome::Rejected { code },
            Written::Duplicate => CommandOutcome::Unknown,
        })
    }

    async fn disputes_by(
        &self,
        connection: &Connection,
        reference: Option<&str>,
    ) -> Result<Vec<Dispute>, BankError> {
        let mut url = self.client.url(&["disputes"])?;
        if let Some(reference) = reference {
            url.query_pairs_mut()
                .append_pair("clientReference", reference);
        }
        let found: Vec<WireDispute> = self.get(connection, "disputes", url, read_list).await?;
        Ok(found.into_iter().map(Dispute::from).collect())
    }

    async fn filed(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
    ) -> Result<Option<CommandOutcome>, BankError> {
        let found = self.disputes_by(connection, Some(&key.0)).await?;
        Ok(found
            .into_iter()
            .next()
            .map(|dispute| done(Some(dispute.id), None)))
    }
}

#[async_trait]
impl Cards for Extension {
    async fn cards(&self, connection: &Connection) -> Result<Vec<Card>, BankError> {
        let url = self.client.url(&["cards"])?;
        let cards: Vec<WireCard> = self.get(connection, "cards", url, read_list).await?;
        Ok(cards.into_iter().map(Card::from).collect())
    }
}

#[async_trait]
impl Disputes for Extension {
    async fn disputes(&self, connection: &Connection) -> Result<Vec<Dispute>, BankError> {
        let mut found = self.disputes_by(connection, None).await?;
        found.sort_by_key(|dispute| std::cmp::Reverse((dispute.opened_at, dispute.id.clone())));
        Ok(found)
    }
}

#[async_trait]
impl Commands for Extension {
    fn offers(&self, kind: CommandKind) -> Option<Repeat> {
        match kind {
            CommandKind::FreezeCard
            | CommandKind::UnfreezeCard
            | CommandKind::ActivateCard
            | CommandKind::WithdrawDispute
            | CommandKind::SetAlert
            | CommandKind::RemoveAlert
            | CommandKind::RemovePayee => Some(Repeat::Natural),
            CommandKind::FileDispute | CommandKind::OrderCard => Some(Repeat::Lookup),
            CommandKind::ReportCard | CommandKind::TravelNotice => Some(Repeat::None),
            CommandKind::TransferOwn
            | CommandKind::PayPayee
            | CommandKind::CancelPayment
            | CommandKind::StopStandingOrder => self.fdx.offers(kind),
        }
    }

    async fn execute(
        &self,
        connection: &Connection,
        command: &BankCommand,
        key: &IdempotencyKey,
    ) -> Result<CommandOutcome, BankError> {
        match command {
            BankCommand::FreezeCard { card } => self.bring(connection, card, key, FREEZE).await,
            BankCommand::UnfreezeCard { card } => self.bring(connection, card, key, UNFREEZE).await,
            BankCommand::ActivateCard { card } => self.bring(connection, card, key, ACTIVATE).await,
            BankCommand::OrderCard { card, reason } => {
                self.order_card(connection, key, card, *reason).await
            }
            BankCommand::SetAlert { setting } => self.set_alert(connection, key, setting).await,
            BankCommand::RemoveAlert { alert } => self.remove_alert(connection, key, alert).await,
            BankCommand::RemovePayee { payee } => self.remove_payee(connection, key, payee).await,
            BankCommand::ReportCard {
                card,
                reason,
                replace,
            } => {
                let report = ReportBody {
                    reason: *reason,
                    replace: *replace,
                };
                self.report(connection, key, card, &report).await
            }
            BankCommand::FileDispute {
                account,
                transaction,
                reason,
                words,
                noticed_at_ms,
            } => {
                let noticed = Timestamp::from_millisecond(*noticed_at_ms)
                    .map_err(|_| BankError::from(WireError::Field("noticedAt")))?;
                let dispute = DisputeBody {
                    client_reference: &key.0,
                    account_id: account.as_ref().map(AccountId::as_str),
                    transaction_id: transaction.as_ref().map(TransactionId::as_str),
                    reason,
                    description: words,
                    noticed_at: noticed.to_string(),
                };
                self.file(connection, key, &dispute).await
            }
            BankCommand::WithdrawDispute { dispute } => {
                self.withdraw(connection, key, dispute).await
            }
            BankCommand::TravelNotice { place, first, last } => {
                let notice = NoticeBody {
                    place,
                    first: *first,
                    last: *last,
                };
                self.notify(connection, key, &notice).await
            }
            BankCommand::TransferOwn { .. }
            | BankCommand::PayPayee { .. }
            | BankCommand::CancelPayment { .. }
            | BankCommand::StopStandingOrder { .. } => {
                self.fdx.execute(connection, command, key).await
            }
        }
    }

    async fn find(
        &self,
        connection: &Connection,
        command: &BankCommand,
        key: &IdempotencyKey,
    ) -> Result<Option<CommandOutcome>, BankError> {
        match command {
            BankCommand::FreezeCard { card } => {
                let state = self.card(connection, card).await?.state;
                Ok((state == CardState::Frozen).then(|| done(None, Some(state))))
            }
            BankCommand::UnfreezeCard { card } | BankCommand::ActivateCard { card } => {
                let state = self.card(connection, card).await?.state;
                Ok((state == CardState::Active).then(|| done(None, Some(state))))
            }
            // A card that is gone was reported; one that is not may still be about to be.
            BankCommand::ReportCard { card, .. } => {
                let state = self.card(connection, card).await?.state;
                Ok(Some(if state == CardState::Cancelled {
                    done(None, Some(state))
                } else {
                    CommandOutcome::Unknown
                }))
            }
            BankCommand::FileDispute { .. } => self.filed(connection, key).await,
            BankCommand::WithdrawDispute { dispute } => {
                let url = self.client.url(&["disputes", dispute])?;
                let wire: WireDispute = self.get(connection, "dispute", url, read).await?;
                Ok((wire.state == DisputeState::Withdrawn)
                    .then(|| done(Some(wire.dispute_id), None)))
            }
            BankCommand::OrderCard { .. } => self.ordered(connection, key).await,
            BankCommand::SetAlert { setting } => self.alert_as_set(connection, setting).await,
            BankCommand::RemoveAlert { alert } => self.alert_gone(connection, alert).await,
            BankCommand::RemovePayee { payee } => self.payee_gone(connection, payee).await,
            BankCommand::TravelNotice { .. } => Ok(Some(CommandOutcome::Unknown)),
            BankCommand::TransferOwn { .. }
            | BankCommand::PayPayee { .. }
            | BankCommand::CancelPayment { .. }
            | BankCommand::StopStandingOrder { .. } => {
                self.fdx.find(connection, command, key).await
            }
        }
    }
}
