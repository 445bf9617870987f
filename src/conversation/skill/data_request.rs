//! What a person at the bank must do with the customer's own data: send a copy, or erase it (requirement D5).
//! Nothing is erased or sent by the bot; it opens a case with the words and the time of the request, and says so.

use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::{Context, Next, Outcome, Say, Skill, human};

pub(super) const EXPORT: Skill = asked_of_a_person("data_export");
pub(super) const DELETE: Skill = asked_of_a_person("data_delete");

const KIND: &str = "data_request";

const fn asked_of_a_person(name: &'static str) -> Skill {
    Skill {
        name,
        access: Access::Anonymous,
        ask,
        answer,
        variants: &["answer", "kept", "noted", "no_number"],
        report: None,
    }
}

/// A request made before belongs to the same case, whichever of the two it is.
fn open_case(context: &Context<'_>) -> Option<i64> {
    let cases = context.state.cases.iter().rev();
    cases
        .filter(|case| case.kind == KIND)
        .map(|case| case.number)
        .next()
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if request.bound("confirmed").is_some() && open_case(context).is_none() {
        vec![Query::CaseNumber]
    } else {
        Vec::new()
    }
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let intent = request.intent.as_str();
    let say = |variant, values| Outcome::say(Say::new(intent, variant, values));
    if request.bound("keep").is_some() {
        return say("kept", Values::new()).into();
    }
    if request.bound("confirmed").is_none() {
        let yes = Request::new(intent).bind("confirmed", "yes");
        let no = Request::new(intent).bind("keep", "yes");
        return say("answer", Values::new())
            .confirm(request, yes, no)
            .into();
    }
    let Some(number) = open_case(context).or_else(|| answers.case_number().ok()) else {
        return say("no_number", Values::new()).into();
    };
    let values = Values::new()
        .with("case", Value::word(number.to_string()), Origin::Record)
        .with("noted", Value::Moment(context.place.now), Origin::Record);
    say("noted", values)
        .case(human::case(number, KIND, request, context))
        .into()
}
