//! How things at a bank work, from the texts of `intents/faq.toml` and nothing else (requirement B3). Each answer
//! says what it is and from which day; a question no text answers is said to have none, and a person is offered.

use crate::bank::Answers;
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::{Context, Next, Outcome, Say, Skill, ask_nothing};

pub(super) const SKILL: Skill = Skill {
    name: "faq",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer,
    variants: &[
        "answer",
        "unknown_topic",
        "source",
        "version",
        "topic_foreign_transaction_fee",
        "topic_out_of_network_atm_fee",
        "topic_card_freeze",
        "topic_lost_card",
        "topic_card_abroad",
        "topic_mobile_wallet",
        "topic_mobile_deposit",
        "topic_what_is_apr",
        "topic_overdraft",
        "topic_transfer_times",
        "topic_dispute_process",
        "topic_minimum_payment",
        "topic_pending_charges",
        "topic_direct_deposit_setup",
        "topic_wire_fee",
        "topic_credit_score_basics",
        "topic_account_opening",
        "topic_joint_account",
        "topic_security",
        "topic_fdic_insurance",
        "topic_statement_cycle",
        "topic_check_order",
        "topic_card_expired",
        "topic_contactless",
        "topic_limits",
        "topic_zelle",
        "topic_routing_number",
        "topic_close_account",
        "topic_interest_basics",
        "topic_privacy",
    ],
    report: None,
};

const INTENT: &str = "faq";

fn answer(request: &Request, _: &Answers, context: &Context<'_>) -> Next {
    let Some(topic) = request.said("topic") else {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    };
    let known = SKILL
        .variants
        .iter()
        .find(|variant| variant.strip_prefix("topic_") == Some(topic));
    let Some(variant) = known else {
        return Outcome::say(Say::new(INTENT, "unknown_topic", Values::new())).into();
    };
    let mut say = Say::new(INTENT, variant, Values::new());
    if let Some(version) = version(context) {
        let values = Values::new().with(
            "version",
            Value::Day(version),
            Origin::config("intents.faq.version"),
        );
        say = say.item("source", values);
    }
    Outcome::say(say).into()
}

/// The day the texts were last checked; it stands in the same file as the texts.
fn version(context: &Context<'_>) -> Option<jiff::civil::Date> {
    context
        .catalogue
        .reply(INTENT, context.language(), "version")?
        .source
        .parse()
        .ok()
}
