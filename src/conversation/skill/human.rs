//! A person (requirements A7, A9, A10): a case that carries everything, and the truth about the hours.

use std::collections::BTreeMap;

use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::case::{Case, OPEN};
use super::super::request::Request;
use super::{Change, Context, Next, Outcome, Say, Skill};

pub(super) const SKILL: Skill = Skill {
    name: "human",
    access: Access::Anonymous,
    ask,
    answer,
    variants: &["answer"],
    report: None,
};

/// The binding of a request whose case was opened before the thread could be given away.
pub(in crate::conversation) const ANNOUNCED: &str = "announced";

fn announced(request: &Request) -> Option<i64> {
    request.bound(ANNOUNCED)?.parse().ok()
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if announced(request).or_else(|| open_case(context)).is_some() {
        Vec::new()
    } else {
        vec![Query::CaseNumber]
    }
}

/// A second "person" within a day belongs to the same case: nothing is asked twice.
fn open_case(context: &Context<'_>) -> Option<i64> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    context
        .state
        .cases
        .iter()
        .rev()
        .find(|case| case.kind == "human" && !case.closed && context.at_ms - case.at_ms < DAY_MS)
        .map(|case| case.number)
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let announced = announced(request);
    let known = announced.or_else(|| open_case(context));
    let number = match known {
        Some(number) => number,
        None => match answers.case_number() {
            Ok(number) => number,
            // The store could not give a number; the phone still works.
            Err(_) => {
                return Outcome::say(Say::new("human", "answer", Values::new())).into();
            }
        },
    };
    let values = Values::new().with("case", Value::word(number.to_string()), Origin::Record);
    let open = context.policy.people_answer(&context.place.zoned());
    // What was announced was not said yet.
    let variant = match (open, known.is_some() && announced.is_none()) {
        (true, false) => "human_handed",
        (true, true) => "human_handed_again",
        (false, false) => "human_closed",
        (false, true) => "human_closed_again",
    };
    let mut outcome =
        Outcome::say(Say::new("", variant, values)).case(case(number, "human", request, context));
    if open {
        outcome = outcome.change(Change::HandOver);
    }
    outcome.into()
}

/// Gathers what a person needs, so that nothing has to be said twice (A9).
pub(super) fn case(number: i64, kind: &str, request: &Request, context: &Context<'_>) -> Case {
    let mut details: BTreeMap<String, String> = request
        .slots
        .iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.as_text()?.to_owned())))
        .chain(request.bound.clone())
        .collect();
    if let Some(topic) = &context.state.topic {
        details.insert("last_topic".to_owned(), topic.request.intent.clone());
    }
    details.insert(
        "linked".to_owned(),
        if context.state.link.is_some() {
            "yes"
        } else {
            "no"
        }
        .to_owned(),
    );
    details.insert("language".to_owned(), context.language().code().to_owned());
    Case {
        number,
        kind: kind.to_owned(),
        opened_ms: context.at_ms,
        words: context.words.to_owned(),
        summary: format!("{kind}: {}", request.intent),
        details,
        transcript: context
            .state
            .recent
            .iter()
            .map(|recent| recent.text.clone())
            .collect(),
        status: OPEN.to_owned(),
        notes: Vec::new(),
    }
}
