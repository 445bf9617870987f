//! "How do you know?" (requirement B9): the rule, the data's time and the source of the last answer, from
//! what was noted when it was said. The values themselves are not kept there and not repeated.

use crate::bank::Answers;
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};

use super::super::request::Request;
use super::{Context, Next, Outcome, Say, Skill, ask_nothing};

pub(super) const SKILL: Skill = Skill {
    name: "how_do_you_know",
    access: Access::Anonymous,
    ask: ask_nothing,
    answer,
    variants: &[
        "nothing",
        "from_bank",
        "from_record",
        "from_list",
        "from_words",
        "bank_time",
        "rule_net",
        "rule_week",
        "rule_even_gaps",
        "rule_average",
        "rule_left",
        "rule_difference",
        "rule_fee_text",
        "fee_list",
        "rule_ten_days",
        "rule_counted",
        "rule_period",
        "customer",
    ],
    report: None,
};

const INTENT: &str = "how_do_you_know";

/// Declared rules and the sentence that explains each.
const RULES: &[(&str, &str)] = &[
    ("spent less refunds", "rule_net"),
    ("spent less refunds, by the week", "rule_week"),
    ("payments that came at even gaps", "rule_even_gaps"),
    ("the last one and its usual gap", "rule_even_gaps"),
    ("the day pay usually comes", "rule_even_gaps"),
    ("average of the last three", "rule_average"),
    ("to use now, less what is likely due", "rule_left"),
    ("to use now against final", "rule_difference"),
    ("what the fee's own text says", "rule_fee_text"),
    ("Reg E: ten business days from the notice", "rule_ten_days"),
    ("the usual period of this question", "rule_period"),
];

/// More than this many rules are no explanation.
const EXPLAINED: usize = 3;

fn answer(_: &Request, _: &Answers, context: &Context<'_>) -> Next {
    let Some(told) = &context.state.told else {
        return Outcome::say(Say::new(INTENT, "nothing", Values::new())).into();
    };
    let origins = || told.origins.iter().map(|(_, origin)| origin);
    let from_bank = origins().any(|origin| matches!(origin, Origin::Bank { .. }));
    let computed = origins().any(|origin| matches!(origin, Origin::Computed { .. }));
    let recorded = origins().any(|origin| matches!(origin, Origin::Record));
    let listed = origins()
        .any(|origin| matches!(origin, Origin::Config { key } if key == "people.places_file"));
    let lead = if listed {
        "from_list"
    } else if from_bank || computed {
        "from_bank"
    } else if recorded {
        "from_record"
    } else {
        "from_words"
    };
    let at = jiff::Timestamp::from_millisecond(told.at_ms).unwrap_or(context.place.now);
    let values = Values::new().with("at", Value::Moment(at), Origin::Record);
    let mut say = Say::new(INTENT, lead, values);
    let newest = origins()
        .filter_map(|origin| match origin {
            Origin::Bank { as_of, .. } => *as_of,
            _ => None,
        })
        .max();
    if let Some(newest) = newest {
        let origin = Origin::bank_at("as_of", Some(newest));
        say = say.item(
            "bank_time",
            Values::new().with("time", Value::Moment(newest), origin),
        );
    }
    for variant in explanations(origins()) {
        if variant == "rule_counted" && (from_bank || listed) {
            continue;
        }
        say = say.item(variant, Values::new());
    }
    if origins().any(|origin| matches!(origin, Origin::Config { key } if key == "bank.fees_file")) {
        say = say.item("fee_list", Values::new());
    }
    if from_bank && origins().any(|origin| matches!(origin, Origin::Customer)) {
        say = say.item("customer", Values::new());
    }
    Outcome::say(say).into()
}

/// Chooses the sentences for the rules behind an answer, each once; mere counting is said only alone.
fn explanations<'a>(origins: impl Iterator<Item = &'a Origin>) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    let mut counted = false;
    for origin in origins {
        let Origin::Computed { rule } = origin else {
            continue;
        };
        match RULES.iter().find(|(known, _)| known == rule) {
            Some((_, variant)) if !found.contains(variant) => found.push(variant),
            Some(_) => {}
            None => counted = true,
        }
    }
    if found.is_empty() && counted {
        found.push("rule_counted");
    }
    found.truncate(EXPLAINED);
    found
}
