//! Careful cases: hardship, a death, a complaint, anger, danger, scams. Short, kind, a person first; nothing
//! is sold, nobody is blamed (5.1 rules 7 and 8; requirements A2, C9).

use crate::bank::{Answers, CommandKind, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::human::case;
use super::{Change, Context, Next, Outcome, Say, Skill, ask_nothing, dispute};

pub(super) const HARDSHIP: Skill = person_first("hardship");
pub(super) const BEREAVEMENT: Skill = person_first("bereavement");
pub(super) const COMPLAINT: Skill = person_first("complaint");
pub(super) const FRUSTRATION: Skill = person_first("frustration");

pub(super) const CRISIS: Skill = Skill {
    name: "crisis",
    access: Access::Anonymous,
    ask: ask_number,
    answer: crisis,
    variants: &["answer", "coercion", "financial_abuse", "self_harm"],
    report: None,
};

pub(super) const FRAUD: Skill = Skill {
    name: "report_fraud",
    access: Access::Anonymous,
    ask: ask_number,
    answer: fraud,
    variants: &[
        "answer",
        "noted",
        "phishing",
        "account_takeover",
        "sent_to_scammer",
        "never_call",
    ],
    report: None,
};

pub(super) const ALERT_REPLY: Skill = Skill {
    name: "fraud_alert_reply",
    access: Access::Anonymous,
    ask: ask_alert,
    answer: alert_reply,
    variants: &["answer", "own"],
    report: None,
};

const fn person_first(name: &'static str) -> Skill {
    Skill {
        name,
        access: Access::Anonymous,
        ask: ask_nothing,
        answer: offer_person,
        variants: &["answer", "kept"],
        report: None,
    }
}

/// Offers a person; the case is opened when the customer wants one.
fn offer_person(request: &Request, _: &Answers, _: &Context<'_>) -> Next {
    let intent = request.intent.as_str();
    if request.bound("keep").is_some() {
        return Outcome::say(Say::new(intent, "kept", Values::new())).into();
    }
    let yes = Request::new("human").bind("about", intent);
    let no = Request::new(intent).bind("keep", "yes");
    Outcome::say(Say::new(intent, "answer", Values::new()))
        .confirm(request, yes, no)
        .into()
}

/// A second word on the same matter within a day belongs to the same case.
fn open_case(kind: &str, context: &Context<'_>) -> Option<i64> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    context
        .state
        .cases
        .iter()
        .rev()
        .find(|case| case.kind == kind && context.at_ms - case.at_ms < DAY_MS)
        .map(|case| case.number)
}

/// The kind of case of an intent of this file.
fn case_kind(intent: &str) -> &'static str {
    if intent == "crisis" {
        "crisis"
    } else {
        "fraud"
    }
}

fn ask_number(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if open_case(case_kind(&request.intent), context).is_some() {
        Vec::new()
    } else {
        vec![Query::CaseNumber]
    }
}

/// Words first, then the truth about people: handed over now, or when they are there.
fn crisis(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let variant = match request.said("kind") {
        Some("coercion") => "coercion",
        Some("financial_abuse") => "financial_abuse",
        Some("self_harm") => "self_harm",
        _ => "answer",
    };
    let say = Say::new("crisis", variant, Values::new()).class(SendClass::Urgent);
    let number = open_case("crisis", context).or_else(|| answers.case_number().ok());
    let Some(number) = number else {
        return Outcome::say(say).into();
    };
    let there = context.policy.people_answer(&context.place.zoned());
    let tail = if there {
        "human_handed"
    } else {
        "human_closed"
    };
    let values = Values::new().with("case", Value::word(number.to_string()), Origin::Record);
    let outcome =
        Outcome::say(say.tail(tail, values)).case(case(number, "crisis", request, context));
    if there {
        outcome.change(Change::HandOver).into()
    } else {
        outcome.into()
    }
}

/// A scam: noted with its time and words before anything is asked (A2); stopping a card is offered.
fn fraud(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let number = open_case("fraud", context).or_else(|| answers.case_number().ok());
    let Some(number) = number else {
        // The store gave no number; the phone still works.
        return Outcome::say(Say::new("report_fraud", "answer", Values::new())).into();
    };
    let variant = match request.said("kind") {
        Some("phishing") => "phishing",
        Some("account_takeover") => "account_takeover",
        Some("sent_to_scammer") => "sent_to_scammer",
        _ => "noted",
    };
    let at = jiff::Timestamp::from_millisecond(context.at_ms).unwrap_or(context.place.now);
    let values = Values::new()
        .with("case", Value::word(number.to_string()), Origin::Record)
        .with("noted", Value::Moment(at), Origin::Record);
    let mut say = Say::new("report_fraud", variant, values)
        .class(SendClass::Urgent)
        .tail("never_call", Values::new());
    if context.state.link.is_none() || !context.policy.can(CommandKind::FreezeCard) {
        say = say.without("stop_card");
    }
    Outcome::say(say)
        .case(case(number, "fraud", request, context))
        .into()
}

/// The request for the dispute that a "no" stands for.
fn as_dispute(request: &Request) -> Request {
    let mut dispute = request.clone();
    "dispute".clone_into(&mut dispute.intent);
    dispute.slots.remove("answer");
    dispute
}

fn ask_alert(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if request.said("answer") == Some("no") {
        (dispute::SKILL.ask)(&as_dispute(request), context)
    } else {
        Vec::new()
    }
}

/// An answer to an alert with no alert open: "it wasn't me" is a notice all the same (A1).
fn alert_reply(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    match request.said("answer") {
        Some("no") => (dispute::SKILL.answer)(&as_dispute(request), answers, context),
        Some("yes") => Outcome::say(Say::new("fraud_alert_reply", "own", Values::new())).into(),
        _ => Outcome::say(Say::new("fraud_alert_reply", "answer", Values::new())).into(),
    }
}
