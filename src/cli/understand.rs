//! `bursar understand`: what a message is taken to mean, for people and, with `--jsonl`, for programs.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::intent::matcher::{Context, Matcher};
use crate::intent::{Decision, Expecting, Language, Reading, Understanding};

/// One line of `--jsonl` input. Keys that mean nothing here are left alone, so that a test set can carry its own.
#[derive(Debug, Deserialize)]
struct Request {
    text: String,
    #[serde(default)]
    history: Option<Vec<String>>,
    #[serde(default)]
    expecting: Option<Expecting>,
    #[serde(default)]
    language: Option<Language>,
}

/// One line of `--jsonl` output; the order of the fields is part of the contract.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    text: &'a str,
    decision: Decision,
    language: Language,
    intents: Vec<Shown<'a>>,
    alternatives: Vec<Shown<'a>>,
    redacted: &'a str,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    name: &'a str,
    slots: &'a crate::intent::Slots,
    confidence: f64,
}

#[derive(Debug, Serialize)]
struct Failure {
    error: String,
}

/// Reads one JSON object a line and writes one a line, in order. Returns whether every line could be read; one that
/// cannot is answered by an object with `error`, and the rest goes on.
pub fn jsonl(matcher: &Matcher, input: impl BufRead, mut out: impl Write) -> io::Result<bool> {
    let mut all_read = true;
    for (number, line) in input.split(b'\n').enumerate() {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<Request>(&line) {
            Ok(request) => answer(matcher, &request, &mut out)?,
            Err(error) => {
                all_read = false;
                let failure = Failure {
                    error: format!("line {}: {}", number + 1, without_place(&error)),
                };
                write_line(&mut out, &failure)?;
            }
        }
    }
    out.flush()?;
    Ok(all_read)
}

/// Writes what one message is taken to mean as one line of JSON.
pub fn json(matcher: &Matcher, text: &str, mut out: impl Write) -> io::Result<()> {
    let request = Request {
        text: text.to_owned(),
        history: None,
        expecting: None,
        language: None,
    };
    answer(matcher, &request, &mut out)
}

/// Writes what one message is taken to mean for a person to read.
pub fn plain(matcher: &Matcher, text: &str, mut out: impl Write) -> io::Result<()> {
    let understanding = matcher.understand(text, &Context::default());
    let heading = match understanding.decision {
        Decision::Act => "does",
        Decision::Clarify => "asks which",
        Decision::Reject => "says that it did not understand",
    };
    writeln!(out, "{} ({})", heading, understanding.language)?;
    for reading in understanding
        .intents
        .iter()
        .chain(&understanding.alternatives)
    {
        write!(out, "  {} {:.2}", reading.name, reading.confidence)?;
        for (name, value) in reading.slots.iter() {
            write!(out, "  {name}: {}", serde_json::to_string(value)?)?;
        }
        writeln!(out)?;
    }
    if understanding.redacted != text {
        writeln!(out, "  kept as: {}", understanding.redacted)?;
    }
    Ok(())
}

fn answer(matcher: &Matcher, request: &Request, out: &mut impl Write) -> io::Result<()> {
    let history: Vec<&str> = request
        .history
        .iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let context = Context {
        language: request.language,
        expecting: request.expecting,
        history: &history,
    };
    let understanding = matcher.understand(&request.text, &context);
    write_line(out, &shown(&request.text, &understanding))
}

fn shown<'a>(text: &'a str, understanding: &'a Understanding) -> Answer<'a> {
    let list = |readings: &'a [Reading]| {
        readings
            .iter()
            .map(|reading| Shown {
                name: &reading.name,
                slots: &reading.slots,
                confidence: (f64::from(reading.confidence) * 1e4).round() / 1e4,
            })
            .collect()
    };
    Answer {
        text,
        decision: understanding.decision,
        language: understanding.language,
        intents: list(&understanding.intents),
        alternatives: list(&understanding.alternatives),
        redacted: &understanding.redacted,
    }
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// The parser counts lines from its own beginning, which is always the first; ours is told apart.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.find(" at line ") {
        Some(at) => format!(
            "{} at column {}",
            text.get(..at).unwrap_or(&text),
            error.column()
        ),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use super::*;
    use crate::intent::catalogue::Catalogue;

    static MATCHER: LazyLock<Matcher> =
        LazyLock::new(|| Matcher::new(Arc::new(Catalogue::built_in().unwrap())).unwrap());

    fn lines(input: &str) -> (bool, Vec<serde_json::Value>) {
        let mut out = Vec::new();
        let all_read = jsonl(&MATCHER, input.as_bytes(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        (
            all_read,
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        )
    }

    #[test]
    fn answers_line_by_line_with_the_fields_of_the_contract() {
        let mut out = Vec::new();
        jsonl(&MATCHER, &br#"{"text": "balance"}"#[..], &mut out).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert_eq!(
            line,
            "{\"text\":\"balance\",\"decision\":\"act\",\"language\":\"en\",\"intents\":[{\"name\":\"balance\",\
             \"slots\":{},\"confidence\":0.99}],\"alternatives\":[],\"redacted\":\"balance\"}\n"
        );
    }

    #[test]
    fn a_bad_line_is_answered_in_its_place() {
        let (all_read, lines) = lines(
            "{\"text\": \"saldo\"}\n{\"txt\": 1}\n\nnot json\n{\"text\": \"\", \"expecting\": null}\n",
        );
        assert!(!all_read);
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0]["language"], "es");
        assert!(
            lines[1]["error"]
                .as_str()
                .unwrap()
                .starts_with("line 2: missing field `text`")
        );
        assert!(lines[2]["error"].as_str().unwrap().starts_with("line 4: "));
        assert_eq!(lines[3]["decision"], "reject");
    }

    #[test]
    fn invalid_utf_8_is_one_bad_line() {
        let mut out = Vec::new();
        let all_read = jsonl(
            &MATCHER,
            &b"{\"text\": \"\xff\"}\n{\"text\": \"hi\"}"[..],
            &mut out,
        )
        .unwrap();
        assert!(!all_read);
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 2);
    }
}
