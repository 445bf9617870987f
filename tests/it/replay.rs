//! `bursar replay` from outside: its exit codes, its reports, `--update` and `--record`.

use std::path::Path;
use std::process::{Command, Output};

use bursar::message::Psid;

use crate::process::{World, read};

const PASSES: &str = "bank: everyday\n\n> hello\n<*\n? intent greeting\n";
const FAILS: &str = "bank: everyday\n\n> how much is in checking\n< Nothing at all.\n";

fn replay(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bursar"))
        .arg("replay")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn files(all: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in all {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

#[test]
fn passing_failing_and_nothing_run_have_their_exit_codes() {
    let folder = files(&[("topic/good.txt", PASSES), ("topic/bad.txt", FAILS)]);
    let good = folder.path().join("topic/good.txt");
    let all = text(folder.path());
    assert_eq!(replay(&[text(&good)]).status.code(), Some(0));
    assert_eq!(replay(&[all, "--filter", "good"]).status.code(), Some(0));
    let failed = replay(&[all, "--jobs", "1"]);
    assert_eq!(failed.status.code(), Some(1));
    let report = printed(&failed);
    assert!(report.contains("bad.txt:4: other words"), "{report}");
    assert!(report.contains("expected: Nothing at all."), "{report}");
    assert!(report.contains("1 passed, 1 failed"), "{report}");
    let none = replay(&[all, "--filter", "no such topic"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(printed(&none).contains("no conversation ran"));
    let missing = replay(&["no/such/folder"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no/such/folder"));
}

#[test]
fn unknown_keys_and_names_there_twice_are_failures_even_beside_what_passes() {
    let unknown = files(&[
        ("topic/good.txt", PASSES),
        ("topic/odd.txt", "bnak: everyday\n\n> hello\n<*\n"),
    ]);
    let output = replay(&[text(unknown.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed(&output).contains("odd.txt:1: unknown key `bnak`; did you mean `bank`?"));
    let twice = files(&[("a/topic/case.txt", PASSES), ("b/topic/case.txt", PASSES)]);
    let output = replay(&[text(twice.path())]);
    assert_eq!(output.status.code(), Some(1));
    let report = printed(&output);
    assert!(report.contains("the name is taken by"), "{report}");
    assert!(report.contains("b/topic/case.txt"), "{report}");
    let output = replay(&[text(twice.path()), "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["problems"].as_array().unwrap().len(), 1);
}

#[test]
fn reports_are_what_machines_read() {
    let folder = files(&[("topic/good.txt", PASSES), ("topic/bad.txt", FAILS)]);
    let junit = folder.path().join("report.xml");
    let output = replay(&[text(folder.path()), "--json", "--junit", text(&junit)]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["conversations"], 2);
    assert_eq!(report["failed"], 1);
    assert_eq!(report["failures"][0]["line"], 4);
    assert_eq!(report["failures"][0]["difference"], "other words");
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    assert!(xml.contains("<failure message=\"other words\">"), "{xml}");
}

#[test]
fn update_writes_what_was_said_and_then_it_passes() {
    let folder = files(&[("topic/bad.txt", FAILS)]);
    let file = folder.path().join("topic/bad.txt");
    assert_eq!(replay(&[text(&file), "--update"]).status.code(), Some(0));
    let rewritten = std::fs::read_to_string(&file).unwrap();
    assert!(rewritten.contains("\n< Checking ••1234: $"), "{rewritten}");
    assert_eq!(replay(&[text(&file)]).status.code(), Some(0));
    assert_eq!(replay(&[text(&file), "--update"]).status.code(), Some(0));
    assert_eq!(
        rewritten,
        std::fs::read_to_string(&file).unwrap(),
        "a second update changes nothing"
    );
}

#[test]
fn coverage_names_what_no_fixture_touches() {
    let folder = files(&[("topic/good.txt", PASSES)]);
    let output = printed(&replay(&[text(folder.path()), "--coverage"]));
    assert!(output.contains("1 of "), "{output}");
    assert!(output.contains("balance"), "{output}");
    assert!(
        output.contains("bank calls not touched: accounts"),
        "{output}"
    );
}

/// What a customer went through becomes a fixture that passes, beside a server that still runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_conversation_becomes_a_fixture() {
    let world = World::start().await;
    let psid = Psid::from("PSID-5550199");
    let process = world.spawn("serve.log");
    // Nothing that depends on the day: the server's bank lives now, the fixture's on a day of its own.
    for (at, words) in ["hello", "how much is in savings", "what can you do"]
        .into_iter()
        .enumerate()
    {
        world.say(&process, &psid, words).await;
        world.until(words, || world.texts(&psid).len() > at).await;
    }
    let log = read(&process.log);
    let id = regex::Regex::new("\"conversation.id\":\"([0-9a-f]{32})\"").unwrap();
    let id = id.captures(&log).unwrap()[1].to_owned();
    let config = world.folder.path().join("bursar.toml");
    let recorded = replay(&["--record", &id, "--config", text(&config)]);
    assert_eq!(recorded.status.code(), Some(0), "{recorded:?}");
    let fixture = printed(&recorded);
    assert!(
        fixture.contains("> how much is in savings\n<*\n"),
        "{fixture}"
    );
    for personal in ["PSID", &id, "$", "1234"] {
        assert!(!fixture.contains(personal), "{personal} in {fixture}");
    }
    let folder = files(&[("topic/recorded.txt", &fixture)]);
    let played = replay(&[text(folder.path())]);
    assert_eq!(
        played.status.code(),
        Some(0),
        "{fixture}\n{}",
        printed(&played)
    );
    let unknown = replay(&["--record", &"0".repeat(32), "--config", text(&config)]);
    assert_eq!(unknown.status.code(), Some(3));
    assert_eq!(
        replay(&["--record", "7"]).status.code(),
        Some(2),
        "no --config"
    );
}
