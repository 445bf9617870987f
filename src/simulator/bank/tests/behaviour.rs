//! State, faults, worlds and tokens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{NOW, Running, account, connection, range, run, run_with, usd};
use crate::bank::model::{
    Account, BalanceKind, CardId, CardState, DisputeState, PayeeId, TransactionId,
    TransactionStatus,
};
use crate::bank::{
    BankCommand, BankError, CommandKind, CommandOutcome, Repeat, command::LossReason,
};
use crate::clock::ManualClock;
use crate::simulator::bank::world::MovementState;
use crate::simulator::bank::{Fault, Options, Paging, Sudden};

impl Running {
    async fn accounts(&self) -> Result<Vec<Account>, BankError> {
        let reading = self.bank.reading.clone().unwrap();
        Ok(reading.accounts(&self.connection).await?.accounts)
    }

    async fn booked(&self, id: &str) -> i64 {
        let accounts = self.accounts().await.unwrap();
        let account = accounts.iter().find(|a| a.id.as_str() == id).unwrap();
        account.balance(BalanceKind::Booked).unwrap().amount.minor()
    }

    fn fault(&self, text: &str) {
        let control = self.control();
        control.clear_faults(self.subject()).unwrap();
        control
            .set_fault(
                self.subject(),
                text.parse::<crate::simulator::bank::SetFault>().unwrap(),
            )
            .unwrap();
    }
}

fn card_state(outcome: &CommandOutcome) -> Option<CardState> {
    match outcome {
        CommandOutcome::Done { card_state, .. } => *card_state,
        other => panic!("{other:?}"),
    }
}

fn freeze() -> BankCommand {
    BankCommand::FreezeCard {
        card: CardId("card-4417".into()),
    }
}

fn unfreeze() -> BankCommand {
    BankCommand::UnfreezeCard {
        card: CardId("card-4417".into()),
    }
}

fn transfer(minor: i64, date: &str) -> BankCommand {
    BankCommand::TransferOwn {
        from: account("sav-5678"),
        to: account("chk-1234"),
        amount: usd(minor),
        date: date.parse().unwrap(),
    }
}

fn pay(minor: i64, date: &str) -> BankCommand {
    BankCommand::PayPayee {
        from: account("chk-1234"),
        payee: PayeeId("payee-mom".into()),
        amount: usd(minor),
        date: date.parse().unwrap(),
        memo: None,
    }
}

#[tokio::test]
async fn every_way_of_repeating_is_played() {
    let running = run("everyday:a", NOW).await;
    for (kind, repeat) in [
        (CommandKind::FreezeCard, Repeat::Natural),
        (CommandKind::UnfreezeCard, Repeat::Natural),
        (CommandKind::WithdrawDispute, Repeat::Natural),
        (CommandKind::ActivateCard, Repeat::Natural),
        (CommandKind::SetAlert, Repeat::Natural),
        (CommandKind::RemoveAlert, Repeat::Natural),
        (CommandKind::RemovePayee, Repeat::Natural),
        (CommandKind::StopStandingOrder, Repeat::Natural),
        (CommandKind::OrderCard, Repeat::Lookup),
        (CommandKind::CancelPayment, Repeat::Natural),
        (
            CommandKind::PayPayee,
            Repeat::Keyed {
                window: Duration::from_hours(24),
            },
        ),
        (CommandKind::TransferOwn, Repeat::Lookup),
        (CommandKind::FileDispute, Repeat::Lookup),
        (CommandKind::ReportCard, Repeat::None),
        (CommandKind::TravelNotice, Repeat::None),
    ] {
        assert_eq!(running.bank.offers(kind), Some(repeat), "{kind:?}");
    }
}

#[tokio::test]
async fn a_frozen_card_stays_frozen_and_buys_nothing() {
    let running = run("everyday:a", NOW).await;
    assert_eq!(running.find(&freeze(), "k").await, None);
    let outcome = running.execute(&freeze(), "k").await.unwrap();
    assert_eq!(card_state(&outcome), Some(CardState::Frozen));
    // Repeating changes nothing more.
    assert_eq!(running.execute(&freeze(), "k").await.unwrap(), outcome);
    assert_eq!(running.find(&freeze(), "k").await, Some(outcome));
    running.move_to("2026-12-22T10:41:00-05:00");
    assert_eq!(
        running.control().cards(running.subject()).unwrap()[0].state,
        CardState::Frozen
    );
    let reading = running.bank.reading.clone().unwrap();
    let count = |entries: &[crate::bank::Transaction]| {
        entries
            .iter()
            .filter(|entry| entry.mcc == Some(5411))
            .count()
    };
    let month = range("2026-11-23", "2026-12-22");
    let frozen = reading
        .transactions(&running.connection, &account("chk-1234"), month)
        .await
        .unwrap();
    assert_eq!(count(&frozen), 0);
    let outcome = running.execute(&unfreeze(), "k2").await.unwrap();
    assert_eq!(card_state(&outcome), Some(CardState::Active));
    running.move_to("2027-01-22T10:41:00-05:00");
    let later = reading
        .transactions(
            &running.connection,
            &account("chk-1234"),
            range("2026-11-23", "2027-01-22"),
        )
        .await
        .unwrap();
    assert!(count(&later) > 0);
    assert!(
        later
            .iter()
            .filter(|entry| entry.mcc == Some(5411))
            .all(
                |entry| entry.date(&running.bank.zone).unwrap().to_string().as_str()
                    >= "2026-12-22"
            )
    );
}

#[tokio::test]
async fn a_reported_card_is_gone_and_another_one_comes() {
    let running = run("everyday:a", NOW).await;
    let report = BankCommand::ReportCard {
        card: CardId("card-4417".into()),
        reason: LossReason::Stolen,
        replace: true,
    };
    assert_eq!(
        running.find(&report, "k").await,
        Some(CommandOutcome::Unknown)
    );
    let outcome = running.execute(&report, "k").await.unwrap();
    assert_eq!(card_state(&outcome), Some(CardState::Cancelled));
    let cards = running.bank.cards.clone().unwrap();
    let cards = cards.cards(&running.connection).await.unwrap();
    assert_eq!(cards.len(), 3);
    assert_eq!(cards[0].state, CardState::Cancelled);
    assert_eq!(cards[2].state, CardState::NotActivated);
    assert_ne!(cards[2].mask, "4417");
    // Once is enough, and it cannot be unfrozen.
    assert_eq!(
        running.execute(&report, "k").await.unwrap().name(),
        "rejected"
    );
    assert_eq!(
        running.execute(&unfreeze(), "k").await.unwrap().name(),
        "rejected"
    );
}

#[tokio::test]
async fn disputes_are_filed_found_withdrawn_and_decided() {
    let running = run("everyday:a", NOW).await;
    let dispute = BankCommand::FileDispute {
        account: Some(account("chk-1234")),
        transaction: Some(TransactionId("t-zelcorp".into())),
        reason: "unrecognised".into(),
        words: "not me".into(),
        noticed_at_ms: 1_795_000_000_000,
    };
    assert_eq!(running.find(&dispute, "k").await, None);
    let outcome = running.execute(&dispute, "k").await.unwrap();
    assert_eq!(running.find(&dispute, "k").await, Some(outcome.clone()));
    // The same again is the same dispute.
    assert_eq!(running.execute(&dispute, "k").await.unwrap(), outcome);
    let port = running.bank.disputes.clone().unwrap();
    let found = port.disputes(&running.connection).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].state, DisputeState::Open);
    running.move_to("2026-11-24T10:41:00-05:00");
    let found = port.disputes(&running.connection).await.unwrap();
    assert_eq!(found[0].state, DisputeState::Investigating);

    let before = running.booked("chk-1234").await;
    running
        .control()
        .decide_dispute(running.subject(), &found[0].id, true)
        .unwrap();
    assert_eq!(running.booked("chk-1234").await, before + 8999);
    let withdraw = BankCommand::WithdrawDispute {
        dispute: found[0].id.clone(),
    };
    assert_eq!(
        running.execute(&withdraw, "w").await.unwrap().name(),
        "rejected"
    );

    running.execute(&dispute, "k2").await.unwrap();
    let found = port.disputes(&running.connection).await.unwrap();
    let withdraw = BankCommand::WithdrawDispute {
        dispute: found
            .iter()
            .find(|dispute| dispute.state == DisputeState::Open)
            .unwrap()
            .id
            .clone(),
    };
    let outcome = running.execute(&withdraw, "w2").await.unwrap();
    assert_eq!(outcome.name(), "done");
    assert_eq!(running.find(&withdraw, "w2").await, Some(outcome));
}

#[tokio::test]
async fn a_transfer_moves_money_once() {
    let running = run("everyday:a", NOW).await;
    let (checking, savings) = (
        running.booked("chk-1234").await,
        running.booked("sav-5678").await,
    );
    for _ in 0..2 {
        let outcome = running
            .execute(&transfer(2500, "2026-11-22"), "k")
            .await
            .unwrap();
        assert_eq!(outcome.name(), "done");
    }
    assert_eq!(running.booked("chk-1234").await, checking + 2500);
    assert_eq!(running.booked("sav-5678").await, savings - 2500);
    // A later day waits, and can be taken back until then.
    running
        .execute(&transfer(100, "2026-11-25"), "later")
        .await
        .unwrap();
    assert_eq!(running.booked("chk-1234").await, checking + 2500);
    running
        .execute(&transfer(200, "2026-11-25"), "never")
        .await
        .unwrap();
    let cancel = BankCommand::CancelPayment {
        payment: "never".into(),
    };
    assert_eq!(running.find(&cancel, "c").await, None);
    assert_eq!(running.execute(&cancel, "c").await.unwrap().name(), "done");
    assert_eq!(running.execute(&cancel, "c").await.unwrap().name(), "done");
    assert_eq!(running.find(&cancel, "c").await.unwrap().name(), "done");
    running.move_to("2026-11-25T12:00:00-05:00");
    assert_eq!(running.booked("sav-5678").await, savings - 2600);
    // More than there is.
    let outcome = running
        .execute(&transfer(99_999_999, "2026-11-25"), "rich")
        .await
        .unwrap();
    assert_eq!(outcome.name(), "rejected");
}

#[tokio::test]
async fn a_payment_is_made_once_for_its_key_and_its_window() {
    let running = run("everyday:a", NOW).await;
    let available = |accounts: Vec<Account>| {
        accounts[0]
            .balance(BalanceKind::Available)
            .unwrap()
            .amount
            .minor()
    };
    let before = available(running.accounts().await.unwrap());
    let first = running
        .execute(&pay(4000, "2026-11-22"), "k")
        .await
        .unwrap();
    let again = running
        .execute(&pay(4000, "2026-11-22"), "k")
        .await
        .unwrap();
    assert_eq!(first, again);
    assert_eq!(available(running.accounts().await.unwrap()), before - 4000);
    // The same key for something else is refused.
    let other = running
        .execute(&pay(4100, "2026-11-22"), "k")
        .await
        .unwrap();
    assert_eq!(other.name(), "rejected");
    let payments = running.control().payments(running.subject()).unwrap();
    assert_eq!(payments.len(), 1);
    assert_eq!(payments[0].state, MovementState::Processing);
    running.move_to("2026-11-22T12:41:00-05:00");
    let payments = running.control().payments(running.subject()).unwrap();
    assert_eq!(payments[0].state, MovementState::Processed);
    // After the window the key means nothing any more.
    running.move_to("2026-11-23T10:41:01-05:00");
    running
        .execute(&pay(4000, "2026-11-23"), "k")
        .await
        .unwrap();
    assert_eq!(
        running.control().payments(running.subject()).unwrap().len(),
        2
    );
}

#[tokio::test]
async fn a_travel_notice_is_another_one_each_time() {
    let running = run("everyday:a", NOW).await;
    let notice = BankCommand::TravelNotice {
        place: "Portugal".into(),
        first: "2026-12-01".parse().unwrap(),
        last: "2026-12-10".parse().unwrap(),
    };
    for _ in 0..2 {
        assert_eq!(running.execute(&notice, "k").await.unwrap().name(), "done");
    }
    assert_eq!(running.control().notices(running.subject()).unwrap(), 2);
    assert_eq!(
        running.find(&notice, "k").await,
        Some(CommandOutcome::Unknown)
    );
}

#[tokio::test]
async fn what_was_done_before_a_500_is_found_again() {
    let running = run("everyday:a", NOW).await;
    let savings = running.booked("sav-5678").await;
    running.fault("fails after doing on transfer_create x1");
    let command = transfer(2500, "2026-11-22");
    let error = running.execute(&command, "k").await.unwrap_err();
    assert!(matches!(error, BankError::Unavailable(_)));
    assert!(!error.nothing_was_done());
    assert_eq!(running.find(&command, "k").await.unwrap().name(), "done");
    assert_eq!(running.booked("sav-5678").await, savings - 2500);

    running.fault("fails after doing on card_freeze x1");
    assert!(running.execute(&freeze(), "f").await.is_err());
    assert_eq!(
        card_state(&running.find(&freeze(), "f").await.unwrap()),
        Some(CardState::Frozen)
    );
}

#[tokio::test]
async fn each_fault_is_felt_as_what_it_is() {
    let running = run("everyday:a", NOW).await;
    running.accounts().await.unwrap();
    for (fault, expected) in [
        ("down", "unavailable"),
        ("refuses", "unavailable"),
        ("closes", "unavailable"),
        ("hangs", "unavailable"),
        ("html", "unexpected"),
        ("429", "rate_limited"),
        ("429 30", "rate_limited"),
        ("consent revoked", "consent_expired"),
        ("fails after doing", "unavailable"),
    ] {
        running.fault(fault);
        let error = running.accounts().await.unwrap_err();
        assert_eq!(error.name(), expected, "{fault}");
        if fault == "429 30" {
            let BankError::RateLimited { retry_after } = error else {
                panic!("{error}");
            };
            assert_eq!(retry_after, Some(Duration::from_secs(30)));
        }
    }
    running.fault("slow 60ms");
    let began = Instant::now();
    running.accounts().await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(60));
    running.fault("partial sav-5678");
    let reading = running.bank.reading.clone().unwrap();
    let found = reading.accounts(&running.connection).await.unwrap();
    assert_eq!(found.accounts.len(), 2);
    assert_eq!(found.missing, ["Savings"]);
    running.control().clear_faults(running.subject()).unwrap();
    running
        .control()
        .set_fault(
            running.subject(),
            Fault::Answers {
                status: 200,
                body: r#"{"accounts":[]}"#.into(),
            },
        )
        .unwrap();
    assert!(running.accounts().await.unwrap().is_empty());
    running.control().clear_faults(running.subject()).unwrap();
    assert_eq!(running.accounts().await.unwrap().len(), 3);
    // One `down` was tried three times, since it was a read.
    let down = running
        .simulator
        .calls(running.subject())
        .unwrap()
        .into_iter()
        .filter(|call| call.fault == Some("down"))
        .count();
    assert_eq!(down, 3);
}

#[tokio::test]
async fn worlds_are_apart_and_only_kept_while_they_differ() {
    let running = run_with("everyday:a", NOW, Options::default(), false).await;
    let other = connection("everyday:b");
    running.execute(&freeze(), "k").await.unwrap();
    let cards = running.bank.cards.clone().unwrap();
    assert_eq!(
        cards.cards(&other).await.unwrap()[0].state,
        CardState::Active
    );
    let control = running.control();
    control.set_fault("everyday:b", Fault::Down).unwrap();
    assert!(cards.cards(&other).await.is_err());
    assert!(cards.cards(&running.connection).await.is_ok());
    // A clock of its own.
    let clock = Arc::new(ManualClock::new(
        "2026-06-01T12:00:00-04:00".parse().unwrap(),
    ));
    control.clear_faults("everyday:b").unwrap();
    control.set_clock("everyday:b", clock).unwrap();
    let reading = running.bank.reading.clone().unwrap();
    let elsewhen = reading.accounts(&other).await.unwrap().accounts;
    assert_eq!(
        elsewhen[0].balances[0].as_of.unwrap().to_string(),
        "2026-06-01T16:00:00Z"
    );
    control.drop_world("everyday:a");
    assert_eq!(
        cards.cards(&running.connection).await.unwrap()[0].state,
        CardState::Active
    );
}

#[tokio::test]
async fn worlds_that_only_look_are_not_kept() {
    let clock: crate::clock::SharedClock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
    let simulator = crate::simulator::bank::BankSimulator::start(
        crate::simulator::bank::Scenarios::built_in(),
        clock.clone(),
        Options::default(),
    )
    .await
    .unwrap();
    let bank = crate::bank::connect::connect(
        crate::bank::BankId("main".into()),
        "Acme Bank".into(),
        crate::bank::connect::Kind::Simulator(crate::bank::connect::SimulatorLink {
            url: simulator.url().to_owned(),
            zone: jiff::tz::TimeZone::UTC,
            wrapped: false,
            clock,
        }),
        super::quick_limits(),
        Arc::new(crate::bank::http::NoObserver),
    )
    .unwrap();
    let reading = bank.reading.unwrap();
    for number in 0..50 {
        let other = connection(&format!("everyday:{number}"));
        reading.accounts(&other).await.unwrap();
    }
    assert_eq!(simulator.control().kept_worlds(), 0);
}

#[tokio::test]
async fn an_unknown_scenario_is_no_customer() {
    let running = run("everyday:a", NOW).await;
    let reading = running.bank.reading.clone().unwrap();
    let error = reading
        .accounts(&connection("nowhere:a"))
        .await
        .unwrap_err();
    assert!(matches!(error, BankError::ConsentExpired), "{error}");
}

#[tokio::test]
async fn tokens_are_fetched_once_and_renewed_when_refused_or_old() {
    let running = run("everyday:a", NOW).await;
    running.accounts().await.unwrap();
    running.accounts().await.unwrap();
    assert_eq!(running.operations(), ["token", "accounts", "accounts"]);
    running.control().expire_tokens(running.subject()).unwrap();
    running.control().forget_calls(running.subject()).unwrap();
    running.accounts().await.unwrap();
    assert_eq!(running.operations(), ["token", "accounts"]);
    // Ten minutes later it is too old and not even tried.
    running.clock.advance_ms(601_000);
    running.control().forget_calls(running.subject()).unwrap();
    running.accounts().await.unwrap();
    assert_eq!(running.operations(), ["token", "accounts"]);
    let heard = running.heard.0.lock().unwrap();
    assert!(heard.iter().any(|call| call.outcome == "consent_expired"));
    assert!(heard.iter().all(|call| call.conversation.is_some()));
}

#[tokio::test]
async fn pages_of_every_form_add_up_to_the_same_list() {
    let whole = run("everyday:a", NOW).await;
    let year = range("2025-11-22", "2026-11-22");
    let list = async |running: &Running| {
        let reading = running.bank.reading.clone().unwrap();
        reading
            .transactions(&running.connection, &account("chk-1234"), year)
            .await
            .unwrap()
    };
    let all = list(&whole).await;
    assert!(all.len() > 250, "{}", all.len());
    for paging in [Paging::Offset, Paging::PageKey, Paging::Link] {
        let options = Options {
            page_size: 37,
            paging,
            ..Options::default()
        };
        let paged = run_with("everyday:a", NOW, options, false).await;
        assert!(list(&paged).await == all, "{paging:?}");
    }
}

#[tokio::test]
async fn pending_entries_settle_with_time() {
    let running = run("everyday:a", NOW).await;
    let reading = running.bank.reading.clone().unwrap();
    let november = range("2026-11-20", "2026-11-22");
    let find = |entries: &[crate::bank::Transaction], merchant: &str| {
        entries
            .iter()
            .find(|entry| entry.merchant.as_deref() == Some(merchant))
            .map(|entry| (entry.id.0.clone(), entry.amount.minor(), entry.status))
    };
    let before = reading
        .transactions(&running.connection, &account("chk-1234"), november)
        .await
        .unwrap();
    let (held_id, held, status) = find(&before, "Trattoria Roma").unwrap();
    assert_eq!((held, status), (-3125, TransactionStatus::Pending));
    let card = reading
        .transactions(&running.connection, &account("crd-9921"), november)
        .await
        .unwrap();
    assert_eq!(find(&card, "Harbor View Hotel").unwrap().1, -15_000);
    running.move_to("2026-11-28T12:00:00-05:00");
    let after = reading
        .transactions(&running.connection, &account("chk-1234"), november)
        .await
        .unwrap();
    let (id, amount, status) = find(&after, "Trattoria Roma").unwrap();
    assert_eq!((amount, status), (-3750, TransactionStatus::Booked));
    assert_ne!(id, held_id);
    let card = reading
        .transactions(&running.connection, &account("crd-9921"), november)
        .await
        .unwrap();
    assert_eq!(find(&card, "Harbor View Hotel"), None, "let go");
}

#[tokio::test]
async fn a_sudden_charge_is_there_at_once() {
    let running = run("everyday:a", NOW).await;
    let id = running
        .control()
        .add_sudden(
            running.subject(),
            &Sudden {
                account: "chk-1234".into(),
                card: Some("card-4417".into()),
                amount: usd(-31_240),
                description: "ELEC-WORLD 0017".into(),
                merchant: Some("Elec-World".into()),
                mcc: Some(5732),
                booked: false,
            },
        )
        .unwrap();
    let reading = running.bank.reading.clone().unwrap();
    let today = reading
        .transactions(
            &running.connection,
            &account("chk-1234"),
            range("2026-11-22", "2026-11-22"),
        )
        .await
        .unwrap();
    assert!(today.iter().any(|entry| entry.id.0 == id));
}

#[tokio::test]
async fn stopping_does_not_wait_for_calls_that_hang() {
    let running = run("everyday:a", NOW).await;
    running.accounts().await.unwrap();
    running.fault("hangs");
    let reading = running.bank.reading.clone().unwrap();
    let connection = running.connection.clone();
    let asking = tokio::spawn(async move { reading.accounts(&connection).await });
    // The call is under way once its fault has struck.
    while !running
        .simulator
        .calls(running.subject())
        .unwrap()
        .iter()
        .any(|call| call.fault == Some("hangs"))
    {
        tokio::task::yield_now().await;
    }
    let began = Instant::now();
    running.simulator.stop().await;
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(asking.await.unwrap().is_err());
}
