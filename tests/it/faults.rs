//! Bank and Graph at their worst, and the ends a process can come to.

use std::process::Command;

use bursar::message::Psid;
use bursar::simulator::bank;
use bursar::simulator::messenger::{self, Act, Webhooks};

use crate::process::{World, read};

/// What the customer hears when the bank gives no answer.
const NO_ANSWER: [&str; 2] = ["can't read your account", "taking longer than usual"];

fn write(world: &World, psid: &Psid, text: &str) {
    let text = text.to_owned();
    world.graph.control().act(psid, &Act::Write { text });
}

async fn answered(world: &World, psid: &Psid, what: &str, said: usize) -> String {
    world.until(what, || world.texts(psid).len() > said).await;
    world.texts(psid).last().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_at_its_worst_is_told_of_and_read_again_when_it_is_back() {
    let world = World::with_webhooks(Webhooks::Posted(None)).await;
    let process = world.spawn("serve.log");
    world.receive_at(&process);
    for (at, words) in ["html", "closes", "refuses", "down", "hangs"]
        .into_iter()
        .enumerate()
    {
        let psid = Psid::from(format!("PSID-{at}").as_str());
        write(&world, &psid, "hello");
        answered(&world, &psid, "the greeting", 0).await;
        let control = world.bank.control();
        let subject = World::subject(&psid);
        let fault: bank::SetFault = words.parse().unwrap();
        control.set_fault(&subject, fault).unwrap();
        write(&world, &psid, "how much is in checking");
        let heard = answered(&world, &psid, words, 1).await;
        assert!(
            NO_ANSWER.iter().any(|words| heard.contains(words)),
            "{words}: {heard}"
        );
        assert!(!heard.contains('$'), "{words}: nothing is guessed");
        control.clear_faults(&subject).unwrap();
        let said = world.texts(&psid).len();
        write(&world, &psid, "how much is in checking");
        let heard = answered(&world, &psid, "the balance", said).await;
        assert!(heard.contains("Checking"), "{words}, then back: {heard}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graph_at_its_worst_gets_each_message_once() {
    let world = World::with_webhooks(Webhooks::Posted(None)).await;
    let process = world.spawn("serve.log");
    world.receive_at(&process);
    // The first three send nothing, the others lose the answer of what was sent.
    let faults = [
        "http 503 x1",
        "refuses x1",
        "html x1",
        "closes x1",
        "swallows x1",
    ];
    let people: Vec<_> = faults
        .iter()
        .enumerate()
        .map(|(at, words)| (Psid::from(format!("PSID-{at}").as_str()), *words))
        .collect();
    for (psid, _) in &people {
        write(&world, psid, "hello");
        answered(&world, psid, "the greeting", 0).await;
    }
    for (psid, words) in &people {
        let fault: messenger::SetFault = words.parse().unwrap();
        world.graph.control().fault(fault.for_person(psid.clone()));
        write(&world, psid, "how much is in checking");
    }
    for (psid, words) in &people {
        answered(&world, psid, words, 1).await;
        write(&world, psid, "thanks");
        answered(&world, psid, words, 2).await;
        let balances = world
            .texts(psid)
            .iter()
            .filter(|text| text.contains("Checking"))
            .count();
        assert_eq!(balances, 1, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_pauses_the_page_and_is_named_everywhere_an_operator_looks() {
    let world = World::with_webhooks(Webhooks::Posted(None)).await;
    let psid = Psid::from("PSID-0001");
    let process = world.spawn("serve.log");
    world.receive_at(&process);
    let fault: messenger::SetFault = "190".parse().unwrap();
    world.graph.control().fault(fault);
    write(&world, &psid, "hello");
    world
        .until("the pause", || {
            read(&process.log).contains("paused a page's sender")
        })
        .await;
    let ready = world.get(&process, "/readyz").await;
    assert_eq!(ready.0, 200, "webhooks are still taken");
    let body: serde_json::Value = serde_json::from_str(&ready.1).unwrap();
    assert_eq!(body["pages"][0]["page"], "100000000000001");
    assert_eq!(body["pages"][0]["reason"], "token");
    assert_eq!(body["pages"][0]["code"], 190);
    let metrics = world.get(&process, "/metrics").await.1;
    assert!(
        metrics.contains("bursar_page_paused{page=\"100000000000001\",reason=\"token\"} 1"),
        "{metrics}"
    );
    assert!(!read(&process.log).contains("page-token"));
}

/// The first signal: nobody new, what is leased is finished, exit 0.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_leased_work_end_and_accepts_nobody() {
    let world = World::start().await;
    let psid = Psid::from("PSID-0001");
    let mut process = world.spawn("serve.log");
    world.say(&process, &psid, "hello").await;
    world
        .until("the greeting", || !world.texts(&psid).is_empty())
        .await;
    let slow: bank::SetFault = "slow 2s".parse().unwrap();
    let control = world.bank.control();
    control.set_fault(&World::subject(&psid), slow).unwrap();
    world.say(&process, &psid, "how much is in checking").await;
    let subject = World::subject(&psid);
    world
        .until("the call", || {
            read(&process.log).contains("\"http.status\":200")
        })
        .await;
    process.signal("TERM");
    let status = process.wait().await;
    assert!(status.success(), "{status}; {}", read(&process.log));
    assert!(
        std::net::TcpStream::connect(process.url.trim_start_matches("http://")).is_err(),
        "nobody new"
    );
    // The turn was finished or waits in the inbox: after the next start the answer is there, once.
    control.clear_faults(&subject).unwrap();
    let again = world.spawn("second.log");
    world
        .until("the balance", || world.texts(&psid).len() == 2)
        .await;
    assert!(world.texts(&psid)[1].contains("Checking"));
    drop(again);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_stops_at_once() {
    let world = World::start().await;
    let psid = Psid::from("PSID-0001");
    let mut process = world.spawn("serve.log");
    world.say(&process, &psid, "hello").await;
    world
        .until("the greeting", || !world.texts(&psid).is_empty())
        .await;
    let control = world.bank.control();
    let hangs: bank::SetFault = "slow 7s".parse().unwrap();
    control.set_fault(&World::subject(&psid), hangs).unwrap();
    let turns = || read(&process.log).matches("answered a request").count();
    let before = turns();
    world.say(&process, &psid, "how much is in checking").await;
    world.until("the 200", || turns() > before).await;
    process.signal("TERM");
    world
        .until("the drain", || {
            read(&process.log).contains("a second signal")
        })
        .await;
    process.signal("TERM");
    process.wait().await;
    // Let end, the turn would have answered.
    assert_eq!(world.texts(&psid).len(), 1, "at once");
}

#[test]
fn a_wrong_configuration_names_all_its_keys_and_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("bursar.toml");
    std::fs::write(
        &config,
        "[server]\nlisten = \"nowhere\"\nport = 1\n[messenger]\napp_secrets = [\"hush-hush\"]\n[store]\nurl = \"mysql:x\"\nmaster_key = \"short-secret\"\n[bank]\nkind = \"piggy\"\n",
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bursar"))
        .args(["serve", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    for key in [
        "server.listen",
        "server.port",
        "messenger.verify_token",
        "messenger.page_access_token",
        "store.url",
        "store.master_key",
        "bank.kind",
    ] {
        assert!(errors.contains(key), "{key} is missing in {errors}");
    }
    for secret in ["hush-hush", "short-secret"] {
        assert!(!errors.contains(secret), "{errors}");
    }
    let missing = Command::new(env!("CARGO_BIN_EXE_bursar"))
        .args(["serve", "--config", "no-such-file.toml"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(2));
}
