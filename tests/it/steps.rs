//! kill -9 at each step of the flow, for each way a bank lets a command be repeated (design 2.2): nothing
//! that was answered 200 is lost, no command is done twice, and nothing is said twice where echoes come.
//!
//! A step is held from outside: a trigger in the database refuses exactly the commit that would follow, or
//! the bank or Graph takes the request and never answers. While it is held the process is killed; what is on
//! disk and at the other side is then what a power cut at that step leaves. The hold is taken away and the
//! process starts again on the same files.

use std::time::Duration;

use bursar::bank::model::CardState;
use bursar::message::Psid;
use bursar::simulator::messenger::{Act, Fault, Webhooks};
use futures::StreamExt as _;

use crate::process::{Process, World, read};

/// Worlds at once: the steps that wait for an echo take a minute, the others seconds.
const AT_ONCE: usize = 4;

/// How a step is held.
#[derive(Debug, Clone, Copy)]
enum Hold {
    /// A trigger on a table refuses the commit; the process says so in its log.
    Commit {
        trigger: &'static str,
        log: &'static str,
    },
    /// The bank takes the command and does nothing with it.
    Bank,
    /// Graph takes the message and does nothing with it.
    Graph,
}

const BEFORE_INBOX: (&str, Hold) = (
    "before the inbox commit",
    Hold::Commit {
        trigger: "BEFORE INSERT ON inbox",
        log: "cannot store events",
    },
);
const BEFORE_T1: (&str, Hold) = (
    "after the inbox commit, before T1",
    Hold::Commit {
        trigger: "BEFORE INSERT ON command",
        log: "cannot commit the turn",
    },
);
const BEFORE_T2: (&str, Hold) = (
    "after T1, before T2",
    Hold::Commit {
        trigger: "BEFORE UPDATE ON command WHEN old.state = 'ready'",
        log: "cannot lease commands",
    },
);
const BEFORE_BANK: (&str, Hold) = ("after T2, before the bank did anything", Hold::Bank);
const BEFORE_T3: (&str, Hold) = (
    "after the bank did it, before T3",
    Hold::Commit {
        trigger: "BEFORE UPDATE ON command WHEN old.state = 'sent' AND new.state <> 'sent'",
        log: "cannot settle a command",
    },
);
const BEFORE_TOLD: (&str, Hold) = (
    "after T3, before the turn that tells",
    Hold::Commit {
        trigger: "BEFORE INSERT ON outbox",
        log: "cannot commit the turn",
    },
);
const BEFORE_SEND: (&str, Hold) = (
    "before the send is leased",
    Hold::Commit {
        trigger: "BEFORE UPDATE ON outbox WHEN new.rank = -1",
        log: "cannot lease sends",
    },
);
const BEFORE_GRAPH: (&str, Hold) = ("the send is leased, Graph did nothing", Hold::Graph);
const BEFORE_SETTLED: (&str, Hold) = (
    "after Graph took it, before it is settled",
    Hold::Commit {
        trigger: "BEFORE INSERT ON settled_send",
        log: "cannot settle a send",
    },
);

/// A command under test: what the customer does, what the bank then has, what the customer is told.
struct Class {
    name: &'static str,
    /// The operation of the bank that must not be done twice.
    operation: &'static str,
    /// Said and tapped (in brackets) before, each with words of the answer to wait for.
    before: &'static [(&'static str, &'static str)],
    /// The last thing the customer does.
    trigger: &'static str,
    /// Words of the outcome.
    told: &'static str,
    /// Words of the outcome where it cannot be proven.
    told_unknown: Option<&'static str>,
    /// How often the bank did it.
    done: fn(&World, &Psid) -> usize,
}

const NATURAL: Class = Class {
    name: "Natural",
    operation: "card_freeze",
    before: &[("freeze my card", "Which card")],
    trigger: "[Visa ••4417]",
    told: "is stopped. Nobody can pay with it now.",
    told_unknown: None,
    done: |world, psid| {
        let cards = world.bank.control().cards(&World::subject(psid)).unwrap();
        let states = cards.iter().map(|card| card.state);
        states.filter(|state| *state == CardState::Frozen).count()
    },
};

const LOOKUP: Class = Class {
    name: "Lookup",
    operation: "dispute_create",
    before: &[],
    trigger: "i didnt make the zelcorp charge",
    told: "that this charge is wrong: $89.99",
    told_unknown: None,
    done: |world, psid| {
        let disputes = world.bank.control().disputes(&World::subject(psid));
        disputes.unwrap().len()
    },
};

const KEYED: Class = Class {
    name: "Keyed",
    operation: "payment_create",
    before: &[("send 40 to mom", "Send $40.00 to Mom")],
    trigger: "[Send $40.00]",
    told: "has taken the order: $40.00",
    told_unknown: None,
    done: |world, psid| {
        let payments = world.bank.control().payments(&World::subject(psid));
        let payments = payments.unwrap();
        // Those of the scenario itself have other ids.
        let ours = payments
            .iter()
            .filter(|payment| payment.id.starts_with("pay-5"));
        ours.count()
    },
};

const NONE: Class = Class {
    name: "None",
    operation: "card_report",
    before: &[
        ("i lost my debit card", "Stop Visa"),
        ("[Stop card]", "is stopped. Nobody"),
    ],
    trigger: "[Send a new card]",
    told: "is off for good",
    told_unknown: Some("has not confirmed the new card yet"),
    done: |world, psid| {
        let calls = world.bank.calls(&World::subject(psid)).unwrap();
        let done = calls
            .iter()
            .filter(|call| call.operation == "card_report" && call.status == 200);
        done.count()
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeatable_command_survives_a_kill_at_each_step() {
    let steps = [
        BEFORE_INBOX,
        BEFORE_T1,
        BEFORE_T2,
        BEFORE_BANK,
        BEFORE_T3,
        BEFORE_TOLD,
        BEFORE_SEND,
        BEFORE_GRAPH,
        BEFORE_SETTLED,
    ];
    survives(&NATURAL, &steps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_found_by_our_id_survives_a_kill_at_each_step() {
    let steps = [BEFORE_INBOX, BEFORE_T1, BEFORE_T2, BEFORE_BANK, BEFORE_T3];
    survives(&LOOKUP, &steps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_a_key_is_made_once_whatever_the_step() {
    let steps = [
        BEFORE_INBOX,
        BEFORE_T1,
        BEFORE_T2,
        BEFORE_BANK,
        BEFORE_T3,
        BEFORE_TOLD,
    ];
    survives(&KEYED, &steps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_can_be_neither_repeated_nor_found_is_never_repeated() {
    let steps = [BEFORE_T1, BEFORE_T2, BEFORE_BANK, BEFORE_T3, BEFORE_TOLD];
    survives(&NONE, &steps).await;
}

async fn survives(class: &'static Class, steps: &[(&'static str, Hold)]) {
    let worlds = steps
        .iter()
        .map(|(name, hold)| tokio::spawn(killed(class, name, *hold)));
    let mut ended = futures::stream::iter(worlds).buffer_unordered(AT_ONCE);
    while let Some(ended) = ended.next().await {
        ended.unwrap();
    }
}

async fn killed(class: &Class, step: &str, hold: Hold) {
    let at = format!("{}, {step}", class.name);
    let world = World::with_webhooks(Webhooks::Posted(None)).await;
    let psid = Psid::from("PSID-0001");
    let process = world.spawn("first.log");
    world.receive_at(&process);
    converse(&world, &psid, class).await;

    set(&world, &psid, class, hold);
    act(&world, &psid, class.trigger);
    until_held(&world, &psid, &process, class, hold, &at).await;
    process.kill();
    lift(&world, &psid, hold);

    let again = world.spawn("second.log");
    world.receive_at(&again);
    // What may have reached the bank and can be neither repeated nor found stays unproven.
    let unproven = matches!(step, s if s == BEFORE_BANK.0 || s == BEFORE_T3.0);
    let (words, done) = match class.told_unknown {
        Some(words) if unproven => (words, usize::from(step == BEFORE_T3.0)),
        _ => (class.told, 1),
    };
    world
        .until(&format!("{at}: the outcome"), || {
            count(&world, &psid, words) >= 1
                && (class.done)(&world, &psid) == done
                && world.settled()
        })
        .await;
    // One more answer: whatever was doubled would be there by then.
    act(&world, &psid, "thanks");
    let before = world.texts(&psid).len();
    world
        .until(&format!("{at}: the next answer"), || {
            world.texts(&psid).len() > before
        })
        .await;
    assert_eq!(count(&world, &psid, words), 1, "{at}: told once");
    assert_eq!((class.done)(&world, &psid), done, "{at}: done once");
    if class.told_unknown.is_some() {
        let calls = world.bank.calls(&World::subject(&psid)).unwrap();
        let calls = calls
            .iter()
            .filter(|call| call.operation == class.operation);
        assert_eq!(calls.count(), 1, "{at}: the bank was told once");
    }
    drop(again);
}

/// Leads the conversation to just before the command.
async fn converse(world: &World, psid: &Psid, class: &Class) {
    act(world, psid, "hello");
    world
        .until("the greeting", || !world.texts(psid).is_empty())
        .await;
    for (what, answer) in class.before {
        act(world, psid, what);
        world
            .until(answer, || {
                world
                    .texts(psid)
                    .last()
                    .is_some_and(|text| text.contains(answer))
            })
            .await;
    }
    // Echoes of all that are in, and nothing is under way.
    world.until("rest", || world.settled()).await;
}

/// Writes, or taps what is in brackets.
fn act(world: &World, psid: &Psid, what: &str) {
    let act = match what.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        Some(title) => world.tap(psid, title),
        None => Act::Write {
            text: what.to_owned(),
        },
    };
    world.graph.control().act(psid, &act);
}

fn set(world: &World, psid: &Psid, class: &Class, hold: Hold) {
    match hold {
        Hold::Commit { trigger, .. } => {
            let (timing, when) = trigger.split_once(" WHEN ").unwrap_or((trigger, "1"));
            let sql = format!(
                "CREATE TRIGGER held {timing} WHEN {when} BEGIN SELECT RAISE(ABORT, 'held'); END"
            );
            world.database().execute_batch(&sql).unwrap();
        }
        Hold::Bank => {
            let fault = format!("hangs on {}", class.operation);
            let control = world.bank.control();
            control
                .set_fault(
                    &World::subject(psid),
                    fault.parse::<bursar::simulator::bank::SetFault>().unwrap(),
                )
                .unwrap();
        }
        Hold::Graph => world.graph.control().fault(Fault::Hangs),
    }
}

async fn until_held(
    world: &World,
    psid: &Psid,
    process: &Process,
    class: &Class,
    hold: Hold,
    at: &str,
) {
    let what = format!("{at}: the hold");
    match hold {
        Hold::Commit { log, .. } => {
            world
                .until(&what, || read(&process.log).contains(log))
                .await;
        }
        Hold::Bank => {
            let hangs = || {
                let calls = world.bank.calls(&World::subject(psid)).unwrap();
                calls
                    .iter()
                    .any(|call| call.operation == class.operation && call.fault == Some("hangs"))
            };
            world.until(&what, hangs).await;
        }
        Hold::Graph => {
            world
                .until(&what, || world.rows("outbox WHERE fence <> 0") > 0)
                .await;
        }
    }
}

fn lift(world: &World, psid: &Psid, hold: Hold) {
    match hold {
        Hold::Commit { .. } => world.database().execute_batch("DROP TRIGGER held").unwrap(),
        Hold::Bank => {
            let control = world.bank.control();
            control.clear_faults(&World::subject(psid)).unwrap();
        }
        Hold::Graph => world.graph.control().clear_faults(None),
    }
}

fn count(world: &World, psid: &Psid, words: &str) -> usize {
    let texts = world.texts(psid);
    texts.iter().filter(|text| text.contains(words)).count()
}

/// What a kill leaves does not lie about for longer than the start takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_under_way_at_the_kill_goes_on_at_once() {
    let world = World::with_webhooks(Webhooks::Posted(None)).await;
    let psid = Psid::from("PSID-0001");
    let process = world.spawn("first.log");
    world.receive_at(&process);
    converse(&world, &psid, &NATURAL).await;
    set(&world, &psid, &NATURAL, Hold::Bank);
    act(&world, &psid, NATURAL.trigger);
    until_held(&world, &psid, &process, &NATURAL, Hold::Bank, "at once").await;
    process.kill();
    lift(&world, &psid, Hold::Bank);
    let again = world.spawn("second.log");
    world.receive_at(&again);
    let told = world.until("the outcome", || count(&world, &psid, NATURAL.told) == 1);
    // Its lease was for a minute.
    tokio::time::timeout(Duration::from_secs(30), told)
        .await
        .unwrap();
}
