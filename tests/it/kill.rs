//! The process is killed with -9 between two steps and started again on the same files: nothing that was
//! answered 200 is lost, no command runs twice, nothing is said twice (requirement H6).

use std::time::Duration;

use bursar::bank::model::CardState;
use bursar::message::Psid;
use bursar::simulator::bank::{Fault, SetFault};

use crate::process::World;

fn frozen(world: &World, psid: &Psid) -> bool {
    world
        .bank
        .control()
        .cards(&World::subject(psid))
        .unwrap()
        .iter()
        .any(|card| card.state == CardState::Frozen)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_taken_before_the_kill_is_answered_after_it_once() {
    let world = World::start().await;
    let psid = Psid::from("PSID-0001");
    let process = world.spawn("first.log");
    world.say(&process, &psid, "hello").await;
    world
        .until("the greeting", || !world.texts(&psid).is_empty())
        .await;
    // Killed before it knows that the greeting went out, it would say it again: no echo comes here.
    world
        .until("the greeting is settled", || world.settled())
        .await;
    let before = world.texts(&psid).len();

    // The turn is under way: the bank takes its time.
    world
        .bank
        .control()
        .set_fault(&World::subject(&psid), Fault::Slow(Duration::from_secs(3)))
        .unwrap();
    world.say(&process, &psid, "balance").await;
    process.kill();
    world
        .bank
        .control()
        .clear_faults(&World::subject(&psid))
        .unwrap();

    let again = world.spawn("second.log");
    world
        .until("the balance", || world.texts(&psid).len() > before)
        .await;
    let texts = world.texts(&psid);
    assert_eq!(texts.len(), before + 1, "answered once");
    assert!(texts.last().unwrap().contains("Checking"));
    drop(again);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_killed_at_the_bank_is_repeated_and_told_once() {
    let world = World::start().await;
    let psid = Psid::from("PSID-0002");
    let process = world.spawn("first.log");
    world.say(&process, &psid, "hello").await;
    world
        .until("the greeting", || !world.texts(&psid).is_empty())
        .await;
    world.say(&process, &psid, "freeze my card").await;
    world
        .until("the question", || {
            world
                .texts(&psid)
                .last()
                .is_some_and(|text| text.contains("Which card"))
        })
        .await;
    world
        .until("the question is settled", || world.settled())
        .await;
    let choice = world.tap(&psid, "Visa ••4417");

    // The request reaches the bank, and no answer ever comes back to this process.
    let fault = SetFault::from(Fault::Hangs);
    world
        .bank
        .control()
        .set_fault(&World::subject(&psid), fault)
        .unwrap();
    let calls = || world.bank.calls(&World::subject(&psid)).unwrap().len();
    let asked = calls();
    world.act(&process, &psid, &choice).await;
    world.until("the call", || calls() > asked).await;
    process.kill();
    world
        .bank
        .control()
        .clear_faults(&World::subject(&psid))
        .unwrap();

    let again = world.spawn("second.log");
    world
        .until("the outcome", || {
            world
                .texts(&psid)
                .iter()
                .any(|text| text.contains("is stopped"))
        })
        .await;
    assert!(frozen(&world, &psid));
    let told = world
        .texts(&psid)
        .iter()
        .filter(|text| text.contains("is stopped"))
        .count();
    assert_eq!(told, 1);
    drop(again);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_five_times_in_parallel_is_answered_once() {
    let world = World::start().await;
    let psid = Psid::from("PSID-0003");
    let process = world.spawn("first.log");
    let done = world.graph.control().act(
        &psid,
        &bursar::simulator::messenger::Act::Write {
            text: "hello".to_owned(),
        },
    );
    let webhook = done.webhook.unwrap();
    let posts = (0..5).map(|_| world.post(&process, webhook.body.to_vec(), &webhook.signature));
    for status in futures::future::join_all(posts).await {
        assert_eq!(status, 200);
    }
    // The greeting, then a second message: whatever was doubled would be there by then.
    world
        .until("the greeting", || !world.texts(&psid).is_empty())
        .await;
    world.say(&process, &psid, "thanks").await;
    world
        .until("the reply", || world.texts(&psid).len() >= 2)
        .await;
    assert_eq!(world.texts(&psid).len(), 2);
}
