//! What the bot is and what it keeps: its name, hidden amounts, the link, a lost phone, a privacy report
//! (requirements D4, D9, D11, E10).

use crate::bank::{Answers, CommandKind};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::{Change, Context, Next, Outcome, Say, Skill, ask_nothing, counted};

pub(super) const IDENTITY: Skill = Skill {
    name: "bot_identity",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer: identity,
    variants: &["answer", "name"],
    report: None,
};

pub(super) const MODE: Skill = Skill {
    name: "privacy_mode",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer: mode,
    variants: &["on", "off"],
    report: None,
};

pub(super) const UNLINK: Skill = unlinking("unlink_account");
pub(super) const LOGOUT: Skill = unlinking("logout");

pub(super) const LOST_DEVICE: Skill = Skill {
    name: "lost_device",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer: lost_device,
    variants: &["answer", "linked"],
    report: None,
};

pub(super) const REPORT: Skill = Skill {
    name: "privacy_report",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer: report,
    variants: &[
        "report",
        "ads",
        "security",
        "meta",
        "linked",
        "not_linked",
        "recent",
        "cases",
        "stopped",
    ],
    report: None,
};

const fn unlinking(name: &'static str) -> Skill {
    Skill {
        name,
        access: Access::Anonymous,
        ask: ask_nothing,
        answer: unlink,
        variants: &["confirm", "kept", "done", "not_linked"],
        report: None,
    }
}

fn identity(request: &Request, _: &Answers, _: &Context<'_>) -> Next {
    let variant = match request.said("field") {
        Some("name") => "name",
        _ => "answer",
    };
    Outcome::say(Say::new("bot_identity", variant, Values::new())).into()
}

/// Hides amounts at once, or shows them again (D9).
fn mode(request: &Request, _: &Answers, _: &Context<'_>) -> Next {
    let on = request.said("on") != Some("false");
    let other = Request::new("privacy_mode").slot("on", if on { "false" } else { "true" });
    let say =
        Say::new("privacy_mode", if on { "on" } else { "off" }, Values::new()).on("switch", other);
    Outcome::say(say)
        .change(Change::Private(on))
        .change(Change::Audit(
            "privacy_mode",
            serde_json::json!({ "on": on }),
        ))
        .into()
}

/// Cuts the link. It makes things safer, so no step-up stands before it; it is asked once, since amounts and
/// cards are out of reach afterwards.
fn unlink(request: &Request, _: &Answers, context: &Context<'_>) -> Next {
    let intent = request.intent.as_str();
    let say = |variant| Outcome::say(Say::new(intent, variant, Values::new()));
    if request.bound("keep").is_some() {
        return say("kept").into();
    }
    if context.state.link.is_none() {
        return say("not_linked").into();
    }
    if request.bound("confirmed").is_some() {
        return say("done")
            .change(Change::Unlink)
            .change(Change::Forget)
            .change(Change::Audit("unlinked", serde_json::Value::Null))
            .into();
    }
    let yes = Request::new(intent).bind("confirmed", "yes");
    let no = Request::new(intent).bind("keep", "yes");
    say("confirm").confirm(request, yes, no).into()
}

/// Whoever holds the phone may read this chat: cards first, then the link. The link is kept until then,
/// since a card cannot be stopped without it.
fn lost_device(_: &Request, _: &Answers, context: &Context<'_>) -> Next {
    let variant = if context.state.link.is_some() {
        "linked"
    } else {
        "answer"
    };
    let mut say = Say::new("lost_device", variant, Values::new());
    if !context.policy.can(CommandKind::FreezeCard) {
        say = say.without("stop_card");
    }
    Outcome::say(say).into()
}

fn report(request: &Request, _: &Answers, context: &Context<'_>) -> Next {
    let state = context.state;
    let lead = match (request.said("field"), request.said("recipient")) {
        (Some("ads"), _) => "ads",
        (Some("security"), _) => "security",
        (_, Some("meta")) => "meta",
        _ => "report",
    };
    if lead != "report" {
        return Outcome::say(Say::new("privacy_report", lead, Values::new())).into();
    }
    let mut say = Say::new("privacy_report", "report", Values::new());
    say = match &state.link {
        Some(link) => {
            let since = jiff::Timestamp::from_millisecond(link.since_ms)
                .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
                .to_zoned(context.place.zone.clone())
                .date();
            say.item(
                "linked",
                Values::new().with("since", Value::Day(since), Origin::Record),
            )
        }
        None => say.item("not_linked", Values::new()),
    };
    let (count, _) = counted(state.recent.len(), "");
    say = say.item("recent", Values::new().with("count", count, Origin::Record));
    if !state.cases.is_empty() {
        let (count, _) = counted(state.cases.len(), "");
        say = say.item("cases", Values::new().with("count", count, Origin::Record));
    }
    if state.stopped {
        say = say.item("stopped", Values::new());
    }
    Outcome::say(say).into()
}
