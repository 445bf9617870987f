//! From what a message holds to the slots of an intent: which amount is the threshold and which
//! the price, which period is only compared to, which words mean a fixed value.

mod amount;
mod choice;

use super::cue::Cue;
use super::scan::{FoundWhen, Scan};
use super::when::{Edge, Point, Span, When};
use crate::intent::{Language, Slots};

/// The slots of the built-in intents, as in `intents/`; a test compares the two.
pub(super) const INTENTS: &[(&str, &[&str])] = &[
    ("account_close", &["product"]),
    ("account_details", &["account", "field"]),
    (
        "affordability",
        &["amount", "category", "merchant", "biller", "until"],
    ),
    ("alert_list", &["kind"]),
    ("alert_remove", &["kind", "account"]),
    (
        "alert_set",
        &[
            "kind",
            "threshold",
            "account",
            "lead_days",
            "product",
            "schedule",
            "merchant",
            "currency",
        ],
    ),
    ("application_status", &["product"]),
    ("available_credit", &["card", "account", "amount", "field"]),
    ("balance", &["account", "card", "kind"]),
    ("balance_explain", &["amounts", "account"]),
    ("bill_due", &["product", "card", "field"]),
    ("bot_identity", &["field"]),
    ("branch_hours", &["date", "place"]),
    ("card_activate", &["card"]),
    ("card_declined", &["card", "merchant"]),
    ("card_delivery", &["card"]),
    ("card_freeze", &["card"]),
    ("card_limits", &["card", "channel"]),
    ("card_lost_stolen", &["card", "state"]),
    ("card_pin", &["action", "card"]),
    ("card_replace", &["card", "reason"]),
    ("card_status", &["card"]),
    ("card_unfreeze", &["card"]),
    ("change_language", &["language"]),
    ("credit_limit_change", &["amount"]),
    ("credit_score", &["field"]),
    ("crisis", &["kind"]),
    ("deposit_hold", &["type", "amount", "period"]),
    (
        "dispute",
        &[
            "merchant",
            "amount",
            "date",
            "category",
            "place",
            "rail",
            "order",
            "reason",
            "expected_amount",
            "received",
        ],
    ),
    ("dispute_status", &["case"]),
    ("dispute_withdraw", &["case", "merchant"]),
    ("edit", &["amount", "factor", "date", "from", "payee"]),
    ("exchange_rate", &["from", "to", "amount", "date"]),
    ("faq", &["topic"]),
    ("fee_explain", &["fee_type", "amount", "period", "agg"]),
    ("fee_waiver", &["fee_type", "amount"]),
    ("fraud_alert_reply", &["answer"]),
    ("hardship", &["product"]),
    ("human", &["channel"]),
    (
        "income_check",
        &["source", "payer", "amount", "period", "agg", "field"],
    ),
    ("interest_rate", &["product", "card", "account"]),
    ("international_transfer", &["place", "amount", "currency"]),
    ("loan_info", &["product", "field"]),
    ("locate", &["kind", "place"]),
    ("order_status", &["merchant", "tracking", "order"]),
    (
        "pay_bill",
        &["biller", "amount", "currency", "date", "product", "from"],
    ),
    (
        "pay_card",
        &[
            "card",
            "amount",
            "amount_kind",
            "currency",
            "date",
            "from",
            "schedule",
        ],
    ),
    (
        "pay_person",
        &[
            "payee",
            "amount",
            "currency",
            "date",
            "rail",
            "memo",
            "amount_ref",
            "ref",
            "from",
            "schedule",
        ],
    ),
    ("payee_add", &["payee", "account"]),
    ("payee_list", &["payee"]),
    ("payee_remove", &["payee"]),
    (
        "payment_cancel",
        &[
            "payee", "biller", "amount", "currency", "period", "kind", "ref",
        ],
    ),
    (
        "payment_proof",
        &["payee", "biller", "amount", "currency", "period", "ref"],
    ),
    (
        "payment_status",
        &[
            "payee", "biller", "amount", "currency", "period", "kind", "ref",
        ],
    ),
    ("pending", &["merchant", "category", "amount", "direction"]),
    ("privacy_mode", &["on"]),
    ("privacy_report", &["recipient", "field"]),
    ("product_apply", &["product", "amount"]),
    ("profile_change", &["field"]),
    ("receipt", &["merchant", "period", "amount", "category"]),
    ("recurring_list", &["merchant", "kind", "field", "agg"]),
    ("recurring_stop", &["merchant", "payee", "amount", "kind"]),
    (
        "refund_status",
        &["merchant", "category", "amount", "period"],
    ),
    ("report_fraud", &["rail", "amount", "kind"]),
    ("request_money", &["payer", "amount", "memo"]),
    ("rewards_balance", &["card", "merchant", "period"]),
    ("rewards_redeem", &["card", "amount"]),
    ("select", &["index"]),
    (
        "spending",
        &[
            "merchant",
            "payee",
            "category",
            "period",
            "account",
            "agg",
            "compare_to",
        ],
    ),
    ("spending_summary", &["period", "compare_to", "field"]),
    ("statement", &["period", "account"]),
    ("tax_document", &["type", "period"]),
    (
        "transaction_explain",
        &["merchant", "amount", "date", "direction"],
    ),
    (
        "transactions",
        &[
            "merchant",
            "payee",
            "category",
            "period",
            "count",
            "direction",
            "min_amount",
            "max_amount",
            "amount",
            "account",
            "type",
            "page",
        ],
    ),
    (
        "transfer_own",
        &[
            "amount",
            "amount_kind",
            "from",
            "to",
            "date",
            "schedule",
            "currency",
        ],
    ),
    ("travel_notice", &["place", "period", "card"]),
    ("unlink_account", &["account"]),
    ("upcoming_bills", &["until", "biller", "period", "amount"]),
];

/// Fills the named slots of an intent.
pub(super) fn fill(scan: &Scan<'_>, intent: &str, names: &[&str], given: &Slots) -> Slots {
    let mut slots = given.clone();
    // What a rule tells, it knows from what raised it.
    for name in names.iter().filter(|name| !given.contains(name)) {
        if let Some(value) = value(scan, intent, name, names, &slots) {
            slots.insert(*name, value);
        }
    }
    amount::settle(scan, intent, names, &mut slots);
    // "The venmo payment" and "my card in Liverpool" name one thing each.
    for (name, other) in [("merchant", "rail"), ("place", "merchant")] {
        if slots.contains(name) && slots.text(name) == slots.text(other) {
            slots.remove(name);
        }
    }
    // "Pay off my credit card": what is paid pays nothing.
    if intent == "pay_card" && slots.text("from") == Some("credit_card") {
        slots.remove("from");
    }
    if slots.contains("product") {
        // "Interest on my savings": the product says it already.
        slots.remove("account");
    }
    slots
}

fn value(
    scan: &Scan<'_>,
    intent: &str,
    name: &str,
    names: &[&str],
    slots: &Slots,
) -> Option<String> {
    match name {
        "amount" | "threshold" => scan.amounts.first().map(super::Amount::to_text),
        "currency" => amount::currency(scan),
        "account" => scan.account(intent),
        "from" if intent == "exchange_rate" => amount::exchange(scan).0,
        "to" if intent == "exchange_rate" => amount::exchange(scan).1,
        "from" => scan.transfer_from(),
        "to" => scan.transfer_to(),
        "card" => scan.card(intent),
        "product" => product(scan, intent),
        // "what happened with case 20931" names no shop.
        "merchant" if slots.contains("case") => None,
        "merchant" => merchant(scan, intent, names),
        "payee" => payee(scan, intent, slots),
        "payer" if intent == "income_check" => scan.paying_person(),
        "payer" => scan.payer(),
        "biller" => biller(scan, intent, slots),
        "memo" => scan.memo(slots.text("payee").or(slots.text("payer"))),
        "category" => category(scan, intent, slots),
        "place" => scan.place(matches!(
            intent,
            "locate" | "branch_hours" | "travel_notice"
        )),
        "rail" => rail(scan, intent),
        "period" if intent == "upcoming_bills" => None,
        "period" => period(scan, intent),
        "compare_to" => compare_to(scan),
        "date" => scan.whens.iter().find_map(|found| date(found, intent)),
        "until" => scan.whens.iter().find_map(until),
        "schedule" => schedule(scan),
        "count" => scan.count.map(|count| count.to_string()),
        "lead_days" => scan.lead_days().map(|days| days.to_string()),
        "index" => choice::index(scan),
        "factor" => choice::factor(scan),
        "language" => choice::language(scan),
        "case" => choice::case(scan),
        "order" => choice::identifier(scan, Cue::Order),
        "tracking" => choice::identifier(scan, Cue::Tracking),
        // Settled together once the rest is known.
        "expected_amount" | "received" | "min_amount" | "max_amount" | "amounts" => None,
        _ => scan
            .grammar
            .vocabulary
            .value(intent, name, &scan.context())
            .map(str::to_owned),
    }
}

/// How often. "Daily balance text in the morning": the time of day may stand apart.
fn schedule(scan: &Scan<'_>) -> Option<String> {
    const DAILY: &str = "daily";
    let said = scan.schedules.first()?.to_string();
    if said != DAILY {
        return Some(said);
    }
    let time = (0..scan.len()).find_map(|at| match scan.word(at) {
        "morning" | "mornings" => Some("morning"),
        "manana" | "mananas" if matches!(scan.before(at, 2), "por" | "en" | "de" | "cada") => {
            Some("morning")
        }
        "evening" | "evenings" | "night" | "noche" | "noches" => Some("evening"),
        _ => None,
    });
    Some(time.map_or(said, |time| format!("{DAILY}:{time}")))
}

fn merchant(scan: &Scan<'_>, intent: &str, names: &[&str]) -> Option<String> {
    // "money I sent to Carlos" is with a person.
    let sent = matches!(intent, "transactions" | "spending")
        && names.contains(&"payee")
        && scan.has(Cue::Sent);
    let found = scan.merchant(names.contains(&"category"))?;
    let person = sent && scan.person().is_some_and(|person| person == found);
    // An alert or what can be afforded names a shop only where everybody knows it.
    let only_known = matches!(intent, "alert_set" | "affordability");
    let known = || {
        let brands = &scan.grammar.vocabulary.brands;
        brands.holds(&found)
            || scan
                .known
                .merchants
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&found))
    };
    (!person && (!only_known || known())).then_some(found)
}

fn product(scan: &Scan<'_>, intent: &str) -> Option<String> {
    let vocabulary = &scan.grammar.vocabulary;
    let found = vocabulary.products.all(&scan.context());
    let reminder = scan.lead_days().is_some()
        || scan
            .grammar
            .vocabulary
            .value(intent, "kind", &scan.context())
            == Some("due_date");
    if intent == "alert_set" && !reminder {
        return None;
    }
    let vague = |value: &str| matches!(value, "loan" | "account");
    if let Some(found) = found.iter().find(|found| !vague(found.value)) {
        // "pay t-mobile from checking" pays no product.
        let account = matches!(found.value, "checking" | "savings" | "insurance");
        return (!(account && matches!(intent, "pay_bill" | "alert_set")))
            .then(|| found.value.to_owned());
    }
    let card_is_product = matches!(
        intent,
        "bill_due"
            | "alert_set"
            | "hardship"
            | "interest_rate"
            | "product_apply"
            | "application_status"
    );
    if card_is_product && let Some(found) = vocabulary.card_as_product.all(&scan.context()).first()
    {
        return Some(found.value.to_owned());
    }
    let loan = found.iter().any(|found| found.value == "loan");
    (loan && intent == "product_apply").then(|| "personal_loan".to_owned())
}

fn payee(scan: &Scan<'_>, intent: &str, slots: &Slots) -> Option<String> {
    match intent {
        // Here a merchant is the rule, and only a person is a payee.
        "transactions" | "spending" | "recurring_stop" if slots.contains("merchant") => None,
        "transactions" | "spending" | "recurring_stop" | "edit" => {
            // "I told my husband how much we spend on food" is about food.
            let about = intent == "spending" && !scan.has(Cue::Sent);
            scan.person().filter(|_| !about)
        }
        "payment_status" | "payment_cancel" | "payment_proof" => {
            let bill = scan.has(Cue::Bill) && !scan.has(Cue::Sent);
            if bill { None } else { scan.payee() }
        }
        _ => scan.payee(),
    }
}

fn biller(scan: &Scan<'_>, intent: &str, slots: &Slots) -> Option<String> {
    match intent {
        "pay_bill" => scan.biller(),
        "upcoming_bills" => scan.named_bill(),
        "affordability" => {
            let said = slots.contains("merchant") || slots.contains("category");
            if said { None } else { scan.named_bill() }
        }
        _ if slots.contains("payee") => None,
        _ => scan.named_bill(),
    }
}

/// Categories joined with a plus; one the bot has not, as `unknown:<word>`.
fn category(scan: &Scan<'_>, intent: &str, slots: &Slots) -> Option<String> {
    let vocabulary = &scan.grammar.vocabulary;
    let context = scan.context();
    let mut values: Vec<&str> = Vec::new();
    for found in vocabulary.categories.all(&context) {
        // "super" is a shop in Spanish only; a shop's own name says nothing of categories.
        let wrong_language =
            scan.text.language == Language::En && scan.word(found.tokens.start) == "super";
        let free = found.tokens.clone().all(|at| scan.is_free(at));
        let shop = slots
            .text("merchant")
            .is_some_and(|merchant| merchant.contains(scan.word(found.tokens.start)));
        if free && !wrong_language && !shop && !values.contains(&found.value) {
            values.push(found.value);
        }
    }
    let beside_shop = matches!(intent, "receipt" | "refund_status") && slots.contains("merchant");
    if beside_shop {
        return None;
    }
    if intent == "dispute" {
        // "cash that the machine kept" is no kind of shop, and a named shop needs none.
        let kept =
            |value: &&str| !matches!(*value, "cash" | "fees" | "subscriptions" | "insurance");
        values.retain(kept);
        if slots.contains("merchant") {
            return None;
        }
    }
    if values.is_empty() {
        if matches!(
            intent,
            "dispute" | "refund_status" | "receipt" | "pending" | "affordability"
        ) {
            return None;
        }
        let other = vocabulary
            .other_categories
            .all(&context)
            .into_iter()
            .next()?;
        return Some(format!(
            "unknown:{}",
            scan.text.slice(other.tokens).to_lowercase()
        ));
    }
    // "dining+groceries" holds the others.
    if let Some(food) = values.iter().find(|value| value.contains('+')) {
        return Some((*food).to_owned());
    }
    values.sort_unstable();
    Some(values.join("+"))
}

fn rail(scan: &Scan<'_>, intent: &str) -> Option<String> {
    scan.grammar
        .vocabulary
        .rails
        .all(&scan.context())
        .into_iter()
        .find(|found| {
            intent == "report_fraud" || !matches!(found.value, "gift_card" | "crypto" | "check")
        })
        .map(|found| found.value.to_owned())
}

/// The first period that is not only compared to.
fn period(scan: &Scan<'_>, intent: &str) -> Option<String> {
    let ahead = intent == "travel_notice";
    scan.whens
        .iter()
        .filter(|found| !found.compared)
        .map(|found| found.when)
        // "How much do I spend in a week" is about no week to come.
        .find(|when| ahead || !lies_ahead(*when))
        .map(|when| match compared_pair(scan, when) {
            Some((first, _)) => When::Span(first).to_string(),
            None => looking_back(when).to_string(),
        })
}

fn compare_to(scan: &Scan<'_>) -> Option<String> {
    let said = scan
        .whens
        .iter()
        .find(|found| found.compared)
        .map(|found| looking_back(found.when));
    let pair = || {
        scan.whens
            .iter()
            .find_map(|found| compared_pair(scan, found.when))
            .map(|(_, second)| When::Span(second))
    };
    said.or_else(pair).map(|when| when.to_string())
}

/// "compare October and November": two periods, not one from the first to the second.
fn compared_pair(scan: &Scan<'_>, when: When) -> Option<(Span, Span)> {
    match when {
        When::Range(Edge::Span(first), Edge::Span(second)) if scan.has(Cue::ComparesTo) => {
            Some((first, second))
        }
        _ => None,
    }
}

fn lies_ahead(when: When) -> bool {
    match when {
        When::Point(Point::Days(by) | Point::Months(by) | Point::Years(by)) => by > 0,
        When::Span(Span::NextDays(_) | Span::NextMonths(_)) => true,
        _ => false,
    }
}

/// Where entries are looked for, "last saturday" is the nearest Saturday.
fn looking_back(when: When) -> When {
    let point = |point: Point| match point {
        Point::LastWeekday(weekday) => Point::Weekday(weekday),
        point => point,
    };
    let edge = |edge: Edge| match edge {
        Edge::Point(inner) => Edge::Point(point(inner)),
        edge @ Edge::Span(_) => edge,
    };
    match when {
        When::Point(inner) => When::Point(point(inner)),
        When::Since(inner) => When::Since(edge(inner)),
        When::Until(inner) => When::Until(edge(inner)),
        When::Range(first, last) => When::Range(edge(first), edge(last)),
        when @ When::Span(_) => when,
    }
}

fn date(found: &FoundWhen, intent: &str) -> Option<String> {
    let back = matches!(intent, "dispute" | "transaction_explain");
    let when = if back {
        looking_back(found.when)
    } else {
        found.when
    };
    match when {
        When::Point(point) | When::Until(Edge::Point(point)) | When::Since(Edge::Point(point)) => {
            Some(point.to_string())
        }
        When::Span(span) | When::Until(Edge::Span(span)) => Some(span.to_string()),
        When::Since(Edge::Span(_)) => None,
        When::Range(..) => Some(when.to_string()),
    }
}

fn until(found: &FoundWhen) -> Option<String> {
    match found.when {
        When::Point(point)
        | When::Until(Edge::Point(point))
        | When::Range(_, Edge::Point(point)) => Some(point.to_string()),
        When::Span(Span::NextDays(days)) => {
            Some(Point::Days(i16::try_from(days).ok()?).to_string())
        }
        When::Span(span) | When::Until(Edge::Span(span)) | When::Range(_, Edge::Span(span)) => {
            Some(span.to_string())
        }
        When::Since(_) => None,
    }
}
