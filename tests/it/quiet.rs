//! Nothing personal in logs: a whole conversation with names, amounts and a card number, at debug level.

use std::path::Path;
use std::process::Command;

use bursar::message::Psid;

use crate::process::{World, read};

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_psid_no_amount_no_words_of_the_customer() {
    let world = World::start().await;
    let psid = Psid::from("PSID-7351926840");
    let process = world.spawn("serve.log");
    for (text, parts) in [
        ("hello", 1),
        ("how much is in checking", 2),
        ("my card is 4111 1111 1111 1111", 3),
        ("i didnt make the zelcorp charge", 4),
    ] {
        world.say(&process, &psid, text).await;
        world
            .until(text, || world.texts(&psid).len() >= parts)
            .await;
    }
    let log = without_chance(&read(&process.log));
    assert!(log.contains("ran a turn"), "the log is there");
    for secret in [
        "PSID-7351926840",
        "4111",
        "zelcorp",
        "ZELCORP",
        "89.99",
        "page-token",
        "app-secret",
        "how much is in checking",
    ] {
        assert!(!log.contains(secret), "the log shows {secret}");
    }
    for text in world.texts(&psid) {
        for word in text.split_whitespace().filter(|word| word.starts_with('$')) {
            let amount = word.trim_matches(|c: char| !c.is_ascii_digit());
            assert!(!log.contains(amount), "the log shows an amount");
        }
    }
}

/// The same for every conversation there is: no PSID, no amount, nothing a customer wrote, no name of the bank's
/// customers or of those they paid, in all that the whole replay logs at debug level.
#[test]
fn the_whole_replay_logs_nothing_personal() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_bursar"))
        .arg("replay")
        .env("BURSAR_LOG", "debug")
        .env("NO_COLOR", "1")
        .current_dir(root)
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(log.matches("ran a turn").count() > 300, "the log is there");
    assert!(!log.contains("PSID-"), "the log shows a PSID");
    let log = without_chance(&log);
    let amount = regex::Regex::new(r"[$€£]\s?\d|\d\s?[$€£]").unwrap();
    let found = amount.find(&log).map(|found| found.as_str().to_owned());
    assert_eq!(found, None, "the log shows an amount");
    for words in said(&root.join("fixtures/conversations")) {
        assert!(
            !log.contains(&words),
            "the log shows what was said: {words}"
        );
    }
    for name in [
        "Checking",
        "Savings",
        "Zelcorp",
        "Starbucks",
        "Uber",
        "Trattoria",
        "4417",
        "9921",
        "1234",
    ] {
        let word = regex::Regex::new(&format!(r"\b(?i){name}\b")).unwrap();
        assert!(!word.is_match(&log), "the log shows {name}");
    }
    // What is printed names files and counts, never what was said.
    assert!(!shown.contains("PSID-"));
}

/// Takes away what may hold any four digits: a request may take 4417 microseconds; times and random ids.
fn without_chance(log: &str) -> String {
    let chance = concat!(
        r#"_us"?[=:]\s*\d+"#,
        r"|\d{4}-\d{2}-\d{2}T[\d:.]+Z",
        r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"|\b[0-9a-f]{16,}\b",
    );
    let chance = regex::Regex::new(chance).unwrap();
    chance.replace_all(log, "").into_owned()
}

/// All that customers write in the fixtures, where it is long enough not to stand in a log by chance.
fn said(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(said(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let written = text.lines().filter_map(|line| line.strip_prefix("> "));
        all.extend(
            written
                .filter(|words| !words.starts_with(['[', '(', '{']) && words.chars().count() > 12)
                .map(str::to_owned),
        );
    }
    all
}
