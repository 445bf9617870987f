//! New cards, limits, rewards and alerts, asked for through the adapter.

use crate::bank::alert::{AlertKind, AlertSetting};
use crate::bank::card_service::{CardOrderState, LimitKind, ReplaceReason};
use crate::bank::model::{AccountId, CardId, CardState};
use crate::bank::rewards::RewardAmount;
use crate::bank::{BankCommand, CommandOutcome};

use super::{NOW, Running, run, usd};

fn order() -> BankCommand {
    BankCommand::OrderCard {
        card: CardId("card-4417".into()),
        reason: ReplaceReason::Damaged,
    }
}

async fn states(running: &Running) -> Vec<CardState> {
    let cards = running.bank.cards.clone().unwrap();
    let cards = cards.cards(&running.connection).await.unwrap();
    cards.iter().map(|card| card.state).collect()
}

#[tokio::test]
async fn a_new_card_comes_by_post_and_ends_the_old_one_when_it_is_switched_on() {
    let running = run("everyday:a", NOW).await;
    let services = running.bank.card_services.clone().unwrap();
    assert_eq!(running.find(&order(), "k").await, None);
    assert_eq!(running.execute(&order(), "k").await.unwrap().name(), "done");
    // The same reference is the same order; another one for the same card is refused.
    assert_eq!(running.execute(&order(), "k").await.unwrap().name(), "done");
    assert!(matches!(
        running.find(&order(), "k").await,
        Some(CommandOutcome::Done { .. })
    ));
    assert_eq!(
        running.execute(&order(), "other").await.unwrap().name(),
        "rejected"
    );
    for (at, state) in [
        (NOW, CardOrderState::Ordered),
        ("2026-11-25T10:41:00-05:00", CardOrderState::Sent),
        ("2026-12-01T10:41:00-05:00", CardOrderState::Delivered),
    ] {
        running.move_to(at);
        let orders = services.orders(&running.connection).await.unwrap();
        assert_eq!(orders.len(), 1);
        assert_eq!(orders[0].state, state, "{at}");
        assert_eq!(
            orders[0].sent_on.is_some(),
            state != CardOrderState::Ordered
        );
    }
    let card = CardId("card-4417-r".into());
    assert_eq!(
        states(&running).await,
        [
            CardState::Active,
            CardState::Active,
            CardState::NotActivated
        ]
    );
    let activate = BankCommand::ActivateCard { card };
    assert_eq!(running.find(&activate, "k2").await, None);
    for _ in 0..2 {
        let outcome = running.execute(&activate, "k2").await.unwrap();
        assert_eq!(outcome.name(), "done");
    }
    assert_eq!(
        states(&running).await,
        [CardState::Cancelled, CardState::Active, CardState::Active]
    );
}

#[tokio::test]
async fn what_is_left_of_a_limit_counts_today_only() {
    let running = run("everyday:a", NOW).await;
    let services = running.bank.card_services.clone().unwrap();
    let card = CardId("card-4417".into());
    let limits = services.limits(&running.connection, &card).await.unwrap();
    let kinds: Vec<_> = limits.limits.iter().map(|limit| limit.kind).collect();
    assert_eq!(kinds, [LimitKind::Purchase, LimitKind::Cash]);
    for limit in &limits.limits {
        assert!(limit.left.unwrap().minor() <= limit.per_day.minor());
    }
    assert_eq!(limits.limits[1].left, Some(usd(50_000)), "no cash today");
}

#[tokio::test]
async fn rewards_are_whole_numbers_with_what_ends() {
    let running = run("everyday:a", NOW).await;
    let rewards = running.bank.rewards.clone().unwrap();
    let programs = rewards.programs(&running.connection).await.unwrap();
    assert_eq!(programs.len(), 1);
    assert_eq!(programs[0].balance, RewardAmount::Points(12_450));
    let (ends, on) = programs[0].expiring.unwrap();
    assert_eq!(ends, RewardAmount::Points(800));
    assert_eq!(on.to_string(), "2026-12-31");
}

#[tokio::test]
async fn one_alert_a_kind_and_account_is_set_read_back_and_removed() {
    let running = run("everyday:a", NOW).await;
    let alerts = running.bank.alerts.clone().unwrap();
    let set = |minor| BankCommand::SetAlert {
        setting: AlertSetting {
            kind: AlertKind::LowBalance,
            account: AccountId("chk-1234".into()),
            threshold: Some(usd(minor)),
            lead_days: None,
            rhythm: None,
        },
    };
    for minor in [10_000, 20_000] {
        assert_eq!(
            running.execute(&set(minor), "k").await.unwrap().name(),
            "done"
        );
    }
    assert_eq!(
        running.find(&set(10_000), "k").await,
        None,
        "it was replaced"
    );
    let found = alerts.alerts(&running.connection).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].setting.threshold, Some(usd(20_000)));
    let nothing = running.execute(&set(0), "k0").await.unwrap();
    assert_eq!(nothing.name(), "rejected");
    let remove = BankCommand::RemoveAlert {
        alert: found[0].id.clone(),
    };
    assert_eq!(running.find(&remove, "k3").await, None);
    for _ in 0..2 {
        assert_eq!(running.execute(&remove, "k3").await.unwrap().name(), "done");
    }
    assert!(alerts.alerts(&running.connection).await.unwrap().is_empty());
}
