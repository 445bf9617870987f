//! Transfers and payments: what is sent, what the answers mean, and what is found again.

use std::time::Duration;

use super::super::movement::Offer;
use super::*;
use crate::bank::http::peer::{Act, json};
use crate::bank::model::{PayeeId, PaymentState};
use crate::bank::{
    BankCommand, CommandKind, CommandOutcome, Commands, IdempotencyKey, Payments, Repeat,
    StandingOrders,
};
use crate::money::{Currency, Money};

fn moving() -> Settings {
    Settings {
        movement: Some(Offer {
            key_window: Duration::from_hours(24),
            transfer_dates: false,
            recurring: true,
        }),
        ..settings()
    }
}

fn key() -> IdempotencyKey {
    IdempotencyKey("key-1".into())
}

fn transfer() -> BankCommand {
    BankCommand::TransferOwn {
        from: account("a"),
        to: account("b"),
        amount: Money::from_minor(2500, Currency::USD),
        date: "2026-11-22".parse().unwrap(),
    }
}

fn payment() -> BankCommand {
    BankCommand::PayPayee {
        from: account("a"),
        payee: PayeeId("p".into()),
        amount: Money::from_minor(4000, Currency::USD),
        date: "2026-11-22".parse().unwrap(),
        memo: None,
    }
}

async fn executed(
    command: &BankCommand,
    act: impl Fn(&crate::bank::http::peer::Seen, usize) -> Act + Send + Sync + 'static,
) -> (Peer, Result<CommandOutcome, BankError>) {
    let peer = Peer::start(act).await;
    let outcome = adapter(&peer, moving())
        .execute(&connection(), command, &key())
        .await;
    (peer, outcome)
}

fn done(reference: &str) -> CommandOutcome {
    CommandOutcome::Done {
        reference: Some(reference.to_owned()),
        card_state: None,
    }
}

#[tokio::test]
async fn a_transfer_carries_our_id_and_an_exact_amount() {
    let (peer, outcome) = executed(&transfer(), |_, _| {
        json(
            201,
            r#"{"transferId":"key-1","referenceId":"ref","status":"PROCESSING"}"#,
        )
    })
    .await;
    assert_eq!(outcome.unwrap(), done("ref"));
    let seen = &peer.seen()[0];
    assert_eq!(
        (seen.method.as_str(), seen.path()),
        ("POST", "/fdx/v6/transfers")
    );
    assert_eq!(seen.header("idempotency-key"), Some("key-1"));
    assert_eq!(
        seen.body,
        r#"{"transferId":"key-1","fromAccountId":"a","toAccountId":"b","amount":25.00}"#
    );
}

#[tokio::test]
async fn states_of_a_movement_mean_what_they_say() {
    for (status, expected) in [
        ("SCHEDULED", "done"),
        ("PROCESSING", "done"),
        ("PROCESSED", "done"),
        ("NOFUNDS", "rejected"),
        ("FAILED", "rejected"),
        ("CANCELLED", "rejected"),
        ("FLYING", "unknown"),
    ] {
        let (_, outcome) = executed(&transfer(), move |_, _| {
            json(
                201,
                &format!(r#"{{"transferId":"key-1","status":"{status}"}}"#),
            )
        })
        .await;
        assert_eq!(outcome.unwrap().name(), expected, "{status}");
    }
    let (_, outcome) = executed(&transfer(), |_, _| json(201, r#"{"transferId":"key-1"}"#)).await;
    assert_eq!(outcome.unwrap(), CommandOutcome::Unknown);
}

#[tokio::test]
async fn a_transfer_seen_before_is_read_back() {
    let (peer, outcome) = executed(&transfer(), |seen, _| match seen.method.as_str() {
        "POST" => json(409, r#"{"code":"409","message":"Duplicate request"}"#),
        _ => json(
            200,
            r#"{"transferId":"key-1","referenceId":"ref","status":"PROCESSED"}"#,
        ),
    })
    .await;
    assert_eq!(outcome.unwrap(), done("ref"));
    assert_eq!(peer.seen()[1].path(), "/fdx/v6/transfers/key-1");
}

#[tokio::test]
async fn refusals_are_rejections_and_failures_are_not() {
    for (status, body) in [
        (400, r#"{"code":"703","message":"m"}"#),
        (409, r#"{"code":"705","message":"m"}"#),
        (422, r#"{"code":"NOFUNDS","message":"m"}"#),
    ] {
        let (_, outcome) = executed(&payment(), move |_, _| json(status, body)).await;
        assert_eq!(outcome.unwrap().name(), "rejected", "{status}");
    }
    for (status, surely_nothing) in [
        (500, false),
        (503, false),
        (403, true),
        (404, true),
        (429, true),
    ] {
        let (peer, outcome) = executed(&payment(), move |_, _| json(status, "{}")).await;
        assert_eq!(
            outcome.unwrap_err().nothing_was_done(),
            surely_nothing,
            "{status}"
        );
        assert_eq!(peer.seen().len(), 1, "a write is sent once");
    }
    let (_, outcome) = executed(&payment(), |_, _| {
        json(409, r#"{"code":"409","message":"m"}"#)
    })
    .await;
    assert_eq!(
        outcome.unwrap(),
        CommandOutcome::Unknown,
        "the key was seen, no more is known"
    );
    let (_, outcome) = executed(&payment(), |_, _| json(201, "<html>")).await;
    assert!(!outcome.unwrap_err().nothing_was_done());
}

#[tokio::test]
async fn the_same_command_is_the_same_bytes() {
    let (peer, _) = executed(&payment(), |_, _| json(500, "{}")).await;
    let (again, _) = executed(&payment(), |_, _| json(500, "{}")).await;
    assert_eq!(peer.seen()[0].body, again.seen()[0].body);
    assert_eq!(
        peer.seen()[0].body,
        r#"{"fromAccountId":"a","toPayeeId":"p","amount":40.00,"dueDate":"2026-11-22"}"#
    );
}

#[tokio::test]
async fn a_transfer_is_found_by_our_id_or_is_not_there() {
    let peer =
        Peer::start(|_, _| json(200, r#"{"transferId":"key-1","status":"PROCESSED"}"#)).await;
    let found = adapter(&peer, moving())
        .find(&connection(), &transfer(), &key())
        .await;
    assert_eq!(found.unwrap(), Some(done("key-1")));
    let peer = Peer::start(|_, _| json(404, r#"{"code":"801","message":"m"}"#)).await;
    let fdx = adapter(&peer, moving());
    assert_eq!(
        fdx.find(&connection(), &transfer(), &key()).await.unwrap(),
        None
    );
    assert_eq!(
        fdx.find(&connection(), &payment(), &key()).await.unwrap(),
        Some(CommandOutcome::Unknown),
        "a payment has no id of ours"
    );
}

#[tokio::test]
async fn a_cancellation_reaches_payments_and_transfers() {
    let cancel = BankCommand::CancelPayment {
        payment: "x".into(),
    };
    let (peer, outcome) = executed(&cancel, |seen, _| {
        if seen.path() == "/fdx/v6/transfers/x" {
            json(204, "")
        } else {
            json(404, r#"{"code":"801","message":"m"}"#)
        }
    })
    .await;
    assert_eq!(outcome.unwrap().name(), "done");
    assert_eq!(peer.seen().len(), 2);
    let (_, outcome) = executed(&cancel, |_, _| json(404, "{}")).await;
    assert!(matches!(outcome, Err(BankError::NotFound)));
    let (_, outcome) = executed(&cancel, |_, _| {
        json(400, r#"{"code":"TOOLATE","message":"m"}"#)
    })
    .await;
    assert_eq!(outcome.unwrap().name(), "rejected");
}

#[tokio::test]
async fn a_bank_without_movement_offers_none() {
    let peer = Peer::start(|_, _| json(500, "{}")).await;
    let reading_only = adapter(&peer, settings());
    let moving = adapter(&peer, moving());
    assert_eq!(reading_only.offers(CommandKind::TransferOwn), None);
    assert_eq!(
        moving.offers(CommandKind::TransferOwn),
        Some(Repeat::Lookup)
    );
    assert_eq!(
        moving.offers(CommandKind::PayPayee),
        Some(Repeat::Keyed {
            window: Duration::from_hours(24)
        })
    );
    assert_eq!(
        moving.offers(CommandKind::CancelPayment),
        Some(Repeat::Natural)
    );
    assert_eq!(moving.offers(CommandKind::FreezeCard), None);
}

#[tokio::test]
async fn payments_name_whom_they_go_to() {
    let peer = Peer::start(|seen, _| match seen.path() {
        "/fdx/v6/payees" => json(
            200,
            r#"{"payees":[{"merchant":{"payeeId":"p","displayName":"Oakwood","merchantAccountIds":["9933067"]}}]}"#,
        ),
        "/fdx/v6/payments" => json(
            200,
            r#"{"payments":[{"paymentId":"x","fromAccountId":"a","toPayeeId":"p","amount":1450.0,"dueDate":"2026-12-01",
               "status":"SCHEDULED","scheduledTimestamp":"2026-11-15T17:00:00.000Z"}]}"#,
        ),
        "/fdx/v6/transfers" => json(
            200,
            r#"{"transfers":[{"transferId":"y","fromAccountId":"a","toAccountId":"b","amount":25,"status":"PROCESSED",
               "transferTime":"2026-11-15T17:00:00.000Z","referenceId":"ref"}]}"#,
        ),
        _ => json(200, r#"{"accountId":"a","status":"OPEN"}"#),
    })
    .await;
    let fdx = adapter(&peer, moving());
    let payees = fdx.payees(&connection()).await.unwrap();
    assert_eq!(payees[0].account_hint, "••3067");
    assert!(payees[0].biller);
    assert!(
        !payees[0].paid_before,
        "without the bank's word nobody was paid before"
    );
    let found = fdx.payments(&connection()).await.unwrap();
    let shown: Vec<(&str, &str, i64, PaymentState, String)> = found
        .iter()
        .map(|p| {
            (
                p.id.as_str(),
                p.to.as_str(),
                p.amount.minor(),
                p.state,
                p.date.unwrap().to_string(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (
                "x",
                "Oakwood",
                145_000,
                PaymentState::Pending,
                "2026-12-01".to_owned()
            ),
            (
                "y",
                "b",
                2500,
                PaymentState::Executed,
                "2026-11-15".to_owned()
            ),
        ]
    );
}

fn stop() -> BankCommand {
    BankCommand::StopStandingOrder {
        order: "r1".to_owned(),
    }
}

#[tokio::test]
async fn a_stopped_order_is_believed_only_when_it_reads_as_ended() {
    for (written, read, expected) in [
        (204, (200, r#"{"status":"CANCELLED"}"#), "done"),
        (204, (404, "{}"), "done"),
        (404, (404, "{}"), "done"),
        (409, (200, r#"{"status":"CANCELLED"}"#), "done"),
        (204, (200, r#"{"status":"SCHEDULED"}"#), "unknown"),
        (204, (200, "{}"), "unknown"),
        (422, (200, r#"{"status":"CANCELLED"}"#), "rejected"),
    ] {
        let (peer, outcome) = executed(&stop(), move |seen, _| match seen.method.as_str() {
            "DELETE" => json(written, "{}"),
            _ => json(read.0, read.1),
        })
        .await;
        assert_eq!(outcome.unwrap().name(), expected, "{written} {read:?}");
        assert_eq!(peer.seen()[0].path(), "/fdx/v6/recurring-payments/r1");
    }
    let (_, outcome) = executed(&stop(), |seen, _| match seen.method.as_str() {
        "DELETE" => json(204, "{}"),
        _ => json(503, "{}"),
    })
    .await;
    assert!(!outcome.unwrap_err().nothing_was_done());
}

#[tokio::test]
async fn orders_that_have_not_ended_are_listed_with_the_name_of_their_payee() {
    let peer = Peer::start(|seen, _| match seen.path() {
        "/fdx/v6/payees" => json(
            200,
            r#"{"payees":[{"merchant":{"payeeId":"p","displayName":"Landlord"}}]}"#,
        ),
        "/fdx/v6/recurring-payments" => json(
            200,
            r#"{"recurringPayments":[
                {"recurringPaymentId":"r2","fromAccountId":"a","toPayeeId":"p","amount":5.5,"frequency":"FORTNIGHTLY"},
                {"recurringPaymentId":"r1","fromAccountId":"a","toPayeeId":"p","amount":1450.00,"frequency":"MONTHLY","dueDate":"2026-12-01","status":"SCHEDULED"},
                {"recurringPaymentId":"r0","fromAccountId":"a","toPayeeId":"p","amount":1.00,"frequency":"WEEKLY","status":"CANCELLED"}]}"#,
        ),
        _ => json(
            200,
            r#"{"accountCategory":"DEPOSIT_ACCOUNT","accountId":"a","accountType":"CHECKING","currency":{"currencyCode":"USD"}}"#,
        ),
    })
    .await;
    let orders = adapter(&peer, moving())
        .standing_orders(&connection())
        .await
        .unwrap();
    let told: Vec<_> = orders
        .iter()
        .map(|one| {
            (
                one.id.as_str(),
                one.to.as_str(),
                one.amount.minor(),
                one.every.key(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("r2", "Landlord", 550, "other"),
            ("r1", "Landlord", 145_000, "month"),
        ]
    );
    assert_eq!(orders[1].next, Some("2026-12-01".parse().unwrap()));
}
