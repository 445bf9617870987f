//! The inspector's view of turns, for the chat page: what was understood, asked, said and noted.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Core, MessengerSimulator};
use crate::app::{TurnSeen, Witness};
use crate::bank::query::Failure;
use crate::conversation::Spoken;
use crate::message::OutboundMessage;
use crate::reply::locale::Locale;
use crate::reply::value::{Origin, Place, Shown, Value};

/// Watches turns for the chat page.
struct Inspector(Arc<Core>);

impl Witness for Inspector {
    fn turn(&self, seen: TurnSeen) {
        let number = self.0.next_turn();
        let at_ms = self.0.threads.now_ms(&seen.psid);
        let calls = self
            .0
            .world()
            .map(|world| world.bank_calls(&seen.psid))
            .unwrap_or_default();
        self.0.feed.put(&seen.psid, &format!("turn-{number}"), || {
            describe(&seen, at_ms, &calls)
        });
    }
}

impl MessengerSimulator {
    /// Returns what the bot of the same process shows its turns to.
    pub fn inspector(&self) -> Arc<dyn Witness> {
        Arc::new(Inspector(Arc::clone(&self.core)))
    }
}

fn describe(seen: &TurnSeen, at_ms: i64, calls: &[String]) -> Json {
    json!({
        "kind": "turn",
        "at": at_ms,
        "began": seen.began,
        "mid": seen.mid,
        "understanding": seen.understanding,
        "reads": seen.reads.iter().map(|read| json!({
            "query": read.query,
            "ms": milliseconds(read.took),
            "failure": read.failure.map(failure),
        })).collect::<Vec<_>>(),
        "calls": calls,
        "commands": seen.commands,
        "audit": seen.audit,
        "cases": seen.cases,
        "handed_over": seen.handed_over,
        "said": seen.spoken.iter().map(said).collect::<Vec<_>>(),
        "ms": milliseconds(seen.took),
    })
}

fn said(spoken: &Spoken) -> Json {
    let alt = match &spoken.message {
        OutboundMessage::Image { alt, .. } => Some(alt),
        _ => None,
    };
    json!({
        "row": spoken.row,
        "intent": spoken.intent,
        "variant": spoken.variant,
        "values": spoken.values.iter().map(|(name, shown)| json!({
            "name": name,
            "value": value(shown),
            "origin": origin(&shown.origin),
        })).collect::<Vec<_>>(),
        "alt": alt,
    })
}

/// Writes a value apart from any customer's place: amounts and counts as in US English, instants in UTC.
fn value(shown: &Shown) -> String {
    match &shown.value {
        Value::Key(key) => key.clone(),
        Value::Moment(at) => at.to_string(),
        Value::Day(date) | Value::Weekday(date) => date.to_string(),
        value => value.show(&Place {
            locale: Locale::EN_US,
            zone: jiff::tz::TimeZone::UTC,
            now: jiff::Timestamp::UNIX_EPOCH,
            hide_amounts: false,
        }),
    }
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Bank {
            field,
            as_of: Some(as_of),
        } => format!("bank: {field} as of {as_of}"),
        Origin::Bank { field, as_of: None } => format!("bank: {field}"),
        Origin::Config { key } => format!("config: {key}"),
        Origin::Computed { rule } => format!("rule: {rule}"),
        Origin::Customer => "the customer".to_owned(),
        Origin::Record => "our record".to_owned(),
    }
}

const fn failure(failure: Failure) -> &'static str {
    match failure {
        Failure::Down => "down",
        Failure::Slow => "slow",
        Failure::Relink => "relink",
        Failure::Forbidden => "forbidden",
        Failure::NotFound => "not found",
        Failure::NotOffered => "not offered",
    }
}

/// Milliseconds with one decimal, as text: `3.4`.
fn milliseconds(took: Duration) -> String {
    let tenths = took.as_micros() / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_decimal() {
        assert_eq!(milliseconds(Duration::from_micros(3_449)), "3.4");
        assert_eq!(milliseconds(Duration::from_secs(2)), "2000.0");
    }
}
