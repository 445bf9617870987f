//! Small skills about the conversation itself: linking, stopping messages, the language.

use crate::bank::Answers;
use crate::intent::Language;
use crate::intent::catalogue::Access;
use crate::reply::value::Values;

use super::super::request::Request;
use super::{Change, Context, Next, Outcome, Say, Skill, ask_nothing};

pub(super) const LINK: Skill = Skill {
    name: "link_account",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer: link,
    variants: &["answer", "linked_already"],
    report: None,
};

pub(super) const STOP: Skill = Skill {
    name: "stop_messages",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer: stop,
    variants: &["answer", "stopped_already"],
    report: None,
};

pub(super) const LANGUAGE: Skill = Skill {
    name: "change_language",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer: language,
    variants: &["answer", "now", "unsupported"],
    report: None,
};

fn link(_: &Request, _: &Answers, context: &Context<'_>) -> Next {
    let variant = if context.state.link.is_some() {
        "linked_already"
    } else {
        "answer"
    };
    Outcome::say(Say::new("link_account", variant, Values::new()))
        .change(Change::MayLink)
        .into()
}

/// One message ends all messages on our own initiative (F1); what is open is dropped too.
fn stop(_: &Request, _: &Answers, context: &Context<'_>) -> Next {
    let variant = if context.state.stopped {
        "stopped_already"
    } else {
        "answer"
    };
    Outcome::say(Say::new("stop_messages", variant, Values::new()))
        .change(Change::StopMessages)
        .change(Change::Forget)
        .change(Change::Audit("stopped_messages", serde_json::Value::Null))
        .into()
}

fn language(request: &Request, _: &Answers, _: &Context<'_>) -> Next {
    let Some(code) = request.said("language") else {
        return Outcome::say(Say::new("change_language", "answer", Values::new())).into();
    };
    match Language::from_code(code) {
        // Changes come before what is said, so the answer is in the new language.
        Some(language) => Outcome::say(Say::new("change_language", "now", Values::new()))
            .change(Change::Language(language))
            .into(),
        None => Outcome::say(Say::new("change_language", "unsupported", Values::new())).into(),
    }
}
