//! Messages nobody tuned for, through `bursar understand --jsonl`, held against the figures that are kept.
//!
//! `fixtures/understanding/heldout.jsonl` was written from the vocabulary alone, and none of it may become an example or a
//! pattern. A line holds `set`, `text`, `history`, `expecting`, and `accept`: what a fair reader takes for right, best first.
//! There a slot `name?` may be left out, a list holds values of which any is right, and no `slots` at all means any.
//! `secrets` must be gone from `redacted`. `heldout_floor.json` beside it holds, for each set, what may not get worse.
//!
//! `unseen.jsonl` and `unseen_floor.json` are a second examination, of real people's hurry. Each of its lines has a `half`: what
//! `dev` holds may be read when mending, what `blind` holds may only be counted, so no failure prints it. With `harmless` a
//! line is also right when nothing is done and nobody is alarmed.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What does something to money, cards, cases or data: no trap may lead here.
const ACTS: [&str; 30] = [
    "account_close",
    "affirm",
    "alert_remove",
    "alert_set",
    "card_activate",
    "card_freeze",
    "card_lost_stolen",
    "card_pin",
    "card_replace",
    "card_unfreeze",
    "credit_limit_change",
    "data_delete",
    "dispute",
    "dispute_withdraw",
    "fraud_alert_reply",
    "international_transfer",
    "pay_bill",
    "pay_card",
    "pay_person",
    "payee_add",
    "payee_remove",
    "payment_cancel",
    "profile_change",
    "recurring_stop",
    "report_fraud",
    "request_money",
    "stop_messages",
    "transfer_own",
    "unlink_account",
    "virtual_card",
];

/// What alarms a person or takes the bot's everyday help away, beside what [`ACTS`] holds.
const ALARMS: [&str; 5] = ["bereavement", "crisis", "hardship", "human", "lost_device"];

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Half {
    Dev,
    Blind,
}

#[derive(Deserialize)]
struct Line {
    set: String,
    half: Option<Half>,
    text: String,
    accept: Vec<Accepted>,
    #[serde(default)]
    harmless: bool,
    #[serde(default)]
    secrets: Vec<String>,
}

#[derive(Deserialize)]
struct Accepted {
    decision: String,
    #[serde(default)]
    intents: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    slots: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Answer {
    decision: String,
    intents: Vec<Got>,
    redacted: String,
}

#[derive(Deserialize)]
struct Got {
    name: String,
    slots: BTreeMap<String, Value>,
}

/// The counts of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    lines: usize,
    /// Lines with the right decision and intents in the right order.
    intents: usize,
    /// Of those, lines whose slots are right to the letter.
    exact: usize,
    /// Lines in which something is done that nobody asked for.
    false_actions: usize,
    /// Lines in which a secret stayed.
    leaks: usize,
}

impl Wanted {
    fn slots_match(&self, got: &BTreeMap<String, Value>) -> bool {
        let Some(wanted) = &self.slots else {
            return true;
        };
        let all_there = wanted.iter().all(|(name, value)| {
            let (name, optional) = match name.strip_suffix('?') {
                Some(name) => (name, true),
                None => (name.as_str(), false),
            };
            match (got.get(name), value) {
                (None, _) => optional,
                (Some(got), Value::Array(any)) => any.contains(got) || got == value,
                (Some(got), _) => got == value,
            }
        });
        let nothing_else = got
            .keys()
            .all(|name| wanted.contains_key(name) || wanted.contains_key(&format!("{name}?")));
        all_there && nothing_else
    }
}

impl Accepted {
    fn intents_match(&self, answer: &Answer) -> bool {
        self.decision == answer.decision
            && self.intents.len() == answer.intents.len()
            && self
                .intents
                .iter()
                .zip(&answer.intents)
                .all(|(wanted, got)| wanted.name == got.name)
    }

    fn slots_match(&self, answer: &Answer) -> bool {
        self.intents
            .iter()
            .zip(&answer.intents)
            .all(|(wanted, got)| wanted.slots_match(&got.slots))
    }
}

impl Line {
    /// The set it counts for: `traps`, or `traps dev` and `traps blind` where there are halves.
    fn counted_in(&self) -> String {
        match self.half {
            None => self.set.clone(),
            Some(Half::Dev) => format!("{} dev", self.set),
            Some(Half::Blind) => format!("{} blind", self.set),
        }
    }

    /// No act and no alarm came of it, where that is enough.
    fn no_harm_done(&self, answer: &Answer) -> bool {
        self.harmless
            && answer.intents.iter().all(|got| {
                let name = got.name.as_str();
                !ACTS.contains(&name) && !ALARMS.contains(&name)
            })
    }

    fn count(&self, answer: &Answer, tally: &mut Tally) -> bool {
        let right: Vec<&Accepted> = self
            .accept
            .iter()
            .filter(|accepted| accepted.intents_match(answer))
            .collect();
        let harmless = self.no_harm_done(answer);
        let exact = harmless || right.iter().any(|accepted| accepted.slots_match(answer));
        let wanted = |name: &str| {
            self.accept
                .iter()
                .flat_map(|accepted| &accepted.intents)
                .any(|intent| intent.name == name)
        };
        tally.lines += 1;
        tally.intents += usize::from(harmless || !right.is_empty());
        tally.exact += usize::from(exact);
        tally.false_actions += usize::from(
            answer
                .intents
                .iter()
                .any(|got| ACTS.contains(&got.name.as_str()) && !wanted(&got.name)),
        );
        tally.leaks += usize::from(
            self.secrets
                .iter()
                .any(|secret| answer.redacted.contains(secret.as_str())),
        );
        exact
    }
}

fn fixture(name: &str) -> String {
    let path = format!(
        "{}/fixtures/understanding/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

fn understand(lines: &str) -> Vec<Answer> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bursar"))
        .args(["understand", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines = lines.to_owned();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Holds the messages of one file against the floor beside it.
fn hold(messages: &str, floor: &str) {
    let text = fixture(messages);
    let lines: Vec<Line> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let answers = understand(&text);
    assert_eq!(answers.len(), lines.len(), "one answer a line");

    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut misses: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (line, answer) in lines.iter().zip(&answers) {
        let set = line.counted_in();
        let right = line.count(answer, tallies.entry(set.clone()).or_default());
        if !right && line.half != Some(Half::Blind) {
            misses.entry(set).or_default().push(&line.text);
        }
    }

    let kept: BTreeMap<String, Tally> = serde_json::from_str(&fixture(floor)).unwrap();
    let worse: Vec<&str> = kept
        .iter()
        .filter(|(set, kept)| {
            let now = tallies.get(*set).copied().unwrap_or_default();
            now.lines != kept.lines
                || now.intents < kept.intents
                || now.exact < kept.exact
                || now.false_actions > kept.false_actions
                || now.leaks > kept.leaks
        })
        .map(|(set, _)| set.as_str())
        .collect();
    assert_eq!(
        kept.keys().collect::<Vec<_>>(),
        tallies.keys().collect::<Vec<_>>(),
        "each set has a floor"
    );
    assert!(
        worse.is_empty(),
        "worse than {floor} in {worse:?}\nnow {}\nnot exact: {:#?}",
        serde_json::to_string(&tallies).unwrap(),
        worse.iter().map(|set| misses.get(*set)).collect::<Vec<_>>(),
    );
}

#[test]
fn understanding_of_messages_nobody_tuned_for_does_not_get_worse() {
    hold("heldout.jsonl", "heldout_floor.json");
}

#[test]
fn understanding_of_the_second_examination_does_not_get_worse() {
    hold("unseen.jsonl", "unseen_floor.json");
}

#[test]
fn no_held_out_message_is_an_example() {
    let mut examples = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(format!("{}/intents", env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let file: toml::Table =
            toml::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        for part in ["examples", "negatives"] {
            let of_languages = file.get(part).and_then(toml::Value::as_table);
            for texts in of_languages.into_iter().flat_map(toml::Table::values) {
                let texts = texts.as_array().into_iter().flatten();
                examples.extend(texts.filter_map(toml::Value::as_str).map(str::to_lowercase));
            }
        }
    }
    assert!(examples.len() > 1000, "the examples were found");
    for messages in ["heldout.jsonl", "unseen.jsonl"] {
        let text = fixture(messages);
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Line>(line).unwrap());
        let known: Vec<String> = lines
            .map(|line| line.text)
            .filter(|text| examples.contains(&text.to_lowercase()))
            .collect();
        assert!(known.is_empty(), "no longer held out: {known:?}");
    }
}
