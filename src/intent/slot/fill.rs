//! From what a message holds to the slots of an intent: which amount is the threshold and which
//! the price, which account the money leaves, which period is only compared to.

use super::scan::{FoundWhen, Scan};
use super::token::Kind;
use super::when::{Edge, Point, When};
use super::{number, when::Span};
use crate::intent::{Language, Slots};

/// The slots of the built-in intents, as in `intents/`; a test compares the two.
pub(super) const INTENTS: &[(&str, &[&str])] = &[
    ("account_close", &["account", "product"]),
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
    ("credit_limit_change", &["amount", "card", "action"]),
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
    (
        "international_transfer",
        &["place", "amount", "currency", "payee"],
    ),
    ("loan_info", &["product", "field"]),
    ("locate", &["kind", "place"]),
    ("order_status", &["merchant", "tracking", "order"]),
    (
        "pay_bill",
        &["biller", "amount", "currency", "date", "product"],
    ),
    (
        "pay_card",
        &["card", "amount", "amount_kind", "date", "from"],
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
    ("rewards_balance", &["card", "merchant", "period", "type"]),
    ("rewards_redeem", &["card", "amount", "type"]),
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
    ("statement", &["period", "account", "type"]),
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
    ("virtual_card", &["action", "merchant"]),
];

/// Fills the named slots of an intent.
pub(super) fn fill(scan: &Scan<'_>, intent: &str, names: &[&str]) -> Slots {
    let mut slots = Slots::new();
    for name in names {
        if let Some(value) = value(scan, intent, name, names, &slots) {
            slots.insert(*name, value);
        }
    }
    match intent {
        "dispute" => dispute_amounts(scan, &mut slots),
        "transactions" => bounds(scan, &mut slots),
        "balance_explain" if !scan.amounts.is_empty() => {
            let list: Vec<String> = scan.amounts.iter().map(super::Amount::to_text).collect();
            slots.insert("amounts", list);
        }
        _ => {}
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
    let has = |other: &str| names.contains(&other);
    match name {
        "amount" | "threshold" => scan.amounts.first().map(super::Amount::to_text),
        "currency" => currency(scan),
        "account" => account(scan, intent),
        "from" | "to" if intent == "exchange_rate" => exchange(scan, name),
        "from" | "to" => transfer_side(scan, name),
        "card" => card(scan, intent),
        "product" => product(scan, intent),
        "merchant" => scan.merchant(has("category")),
        "payee" => payee(scan, intent, slots),
        "payer" => payer(scan, intent),
        "biller" => biller(scan, intent, slots),
        "memo" => scan.memo(slots.text("payee").or(slots.text("payer"))),
        "category" => category(scan),
        "place" => scan.place(matches!(
            intent,
            "locate" | "branch_hours" | "travel_notice"
        )),
        "rail" => rail(scan, intent),
        "period" if intent == "upcoming_bills" => None,
        "period" => scan
            .whens
            .iter()
            .find(|found| !found.compared)
            .map(|found| looking_back(found.when).to_string()),
        "compare_to" => scan
            .whens
            .iter()
            .find(|found| found.compared)
            .map(|found| looking_back(found.when).to_string()),
        "date" => scan.whens.iter().find_map(|found| date(found, intent)),
        "until" => scan.whens.iter().find_map(until),
        "schedule" => scan.schedules.first().map(ToString::to_string),
        "count" => count(scan),
        "index" => index(scan),
        "lead_days" => scan.lead_days().map(|days| days.to_string()),
        "factor" => factor(scan),
        "language" => language(scan),
        "case" => case(scan),
        "order" => identifier(scan, &["order", "pedido", "orden"]),
        "tracking" => identifier(
            scan,
            &["tracking", "track", "rastreo", "seguimiento", "guia"],
        ),
        "expected_amount" | "received" | "min_amount" | "max_amount" | "amounts" => None,
        "reason" if intent == "dispute" => scan
            .grammar
            .vocabulary
            .value(intent, name, &scan.context())
            .map(str::to_owned),
        _ => scan
            .grammar
            .vocabulary
            .value(intent, name, &scan.context())
            .map(str::to_owned),
    }
}

/// ISO 4217, unless it is one that the customer's own country calls so.
fn currency(scan: &Scan<'_>) -> Option<String> {
    let currency = scan.amounts.iter().find_map(|amount| amount.currency)?;
    let own = scan.known.home_currency.is_some_and(|home| {
        let family = |family: &[&str]| family.contains(&home) && family.contains(&currency.code);
        currency.shared && (family(&super::lexicon::DOLLARS) || family(&super::lexicon::PESOS))
    });
    (!own).then(|| currency.code.to_owned())
}

fn account(scan: &Scan<'_>, intent: &str) -> Option<String> {
    let card_slot = matches!(intent, "available_credit" | "interest_rate");
    scan.accounts
        .iter()
        .find(|account| !(card_slot && account.value == "credit_card"))
        .map(|account| account.value.clone())
}

/// Which account money leaves or enters, by the word before it.
fn transfer_side(scan: &Scan<'_>, side: &str) -> Option<String> {
    #[derive(PartialEq, Clone, Copy)]
    enum Role {
        From,
        To,
        Unsaid,
    }
    let keeps = scan.has_word(&[
        "leave", "keep", "deja", "dejando", "leaving", "keeping", "dejar",
    ]);
    let role = |start: usize| {
        let mut at = start;
        while at > 0
            && matches!(
                scan.word(at - 1),
                "my" | "the"
                    | "mi"
                    | "mis"
                    | "la"
                    | "el"
                    | "our"
                    | "cuenta"
                    | "de"
                    | "account"
                    | "cuentas"
                    | "los"
                    | "las"
                    | "main"
                    | "over"
            )
            && (scan.word(at - 1) != "de"
                || matches!(scan.before(at - 1, 1), "cuenta" | "caja" | "cuentas"))
        {
            at -= 1;
        }
        match (scan.before(at, 1), scan.before(at, 2)) {
            ("in" | "en" | "into", _) if keeps && scan.before(at, 1) != "into" => Role::From,
            ("from" | "de" | "del" | "desde" | "off", _) | ("of", "out") => Role::From,
            (
                "to" | "into" | "in" | "a" | "al" | "hacia" | "en" | "para" | "onto" | "towards",
                _,
            ) => Role::To,
            _ => Role::Unsaid,
        }
    };
    let all: Vec<(Role, &str)> = scan
        .accounts
        .iter()
        .filter(|account| account.value != "all")
        .map(|account| (role(account.tokens.start), account.value.as_str()))
        .collect();
    let find = |wanted: Role| {
        all.iter()
            .find(|(role, _)| *role == wanted)
            .map(|(_, value)| *value)
    };
    let (from, to) = (find(Role::From), find(Role::To));
    let unsaid = find(Role::Unsaid);
    let found = match side {
        // "savings to checking", "cover my checking with 80 from savings"
        "from" => from.or_else(|| to.and(unsaid)),
        _ => to
            .or_else(|| from.and(unsaid))
            .or_else(|| if from.is_none() { unsaid } else { None }),
    };
    found.map(str::to_owned)
}

/// The currencies of an exchange: the first is given, the second wanted.
fn exchange(scan: &Scan<'_>, side: &str) -> Option<String> {
    let mut codes: Vec<(usize, &str)> = Vec::new();
    for (at, token) in scan.text.tokens.iter().enumerate() {
        if let Some(currency) = token.entry.currency
            && !codes.iter().any(|(_, code)| *code == currency.code)
        {
            codes.push((at, currency.code));
        }
    }
    let role_to = |at: usize| {
        let step = if matches!(
            scan.before(at, 1),
            "the" | "us" | "el" | "los" | "un" | "a" | "british" | "mexican"
        ) {
            2
        } else {
            1
        };
        matches!(
            scan.before(at, step),
            "to" | "into" | "in" | "a" | "en" | "for"
        )
    };
    // "How many pesos for a dollar": the first is what comes out.
    let reversed = matches!(codes.first(), Some((at, _)) if matches!(scan.before(*at, 1), "many" | "much" | "cuantos" | "cuantas"));
    let (from, to) = match codes.as_slice() {
        [] => (None, None),
        [(at, code)] => {
            let has_amount = scan.amounts.iter().any(|amount| amount.currency.is_some());
            if has_amount || (scan.before(*at, 1) == "from") {
                (Some(*code), None)
            } else {
                (None, Some(*code))
            }
        }
        [(first_at, first), (_, second), ..] => {
            if reversed
                || (role_to(*first_at) && scan.amounts.is_empty() && scan.has_word(&["from", "de"]))
            {
                (Some(*second), Some(*first))
            } else {
                (Some(*first), Some(*second))
            }
        }
    };
    if side == "from" { from } else { to }.map(str::to_owned)
}

fn card(scan: &Scan<'_>, intent: &str) -> Option<String> {
    if let Some(digits) = &scan.last_four {
        return Some(format!("last4:{digits}"));
    }
    let found = scan.grammar.vocabulary.cards.all(&scan.context());
    let kind = |value: &str| matches!(value, "debit" | "credit");
    let brand = found.iter().find(|found| !kind(found.value));
    let debit = found.iter().any(|found| found.value == "debit");
    // For these, the credit card is the account whose balance or entries are asked for.
    let as_account = matches!(intent, "balance");
    let plain = found
        .iter()
        .find(|found| kind(found.value) && !(as_account && found.value == "credit"));
    match brand {
        Some(_) if debit => Some("debit".to_owned()),
        Some(brand) => Some(brand.value.to_owned()),
        None => plain.map(|found| found.value.to_owned()),
    }
}

fn product(scan: &Scan<'_>, intent: &str) -> Option<String> {
    let vocabulary = &scan.grammar.vocabulary;
    let found = vocabulary.products.all(&scan.context());
    let vague = |value: &str| matches!(value, "loan" | "account");
    if let Some(found) = found.iter().find(|found| !vague(found.value)) {
        return Some(found.value.to_owned());
    }
    if matches!(
        intent,
        "bill_due"
            | "alert_set"
            | "hardship"
            | "interest_rate"
            | "product_apply"
            | "application_status"
    ) && !(intent == "alert_set"
        && scan.lead_days().is_none()
        && !scan.has_word(&["due", "pay", "pagar", "remind", "venza", "vence"]))
        && let Some(found) = vocabulary.card_as_product.all(&scan.context()).first()
    {
        return Some(found.value.to_owned());
    }
    let loan = found.iter().any(|found| found.value == "loan");
    (loan && intent == "product_apply").then(|| "personal_loan".to_owned())
}

fn payee(scan: &Scan<'_>, intent: &str, slots: &Slots) -> Option<String> {
    match intent {
        // Here a merchant is the rule, and only a person is a payee.
        "transactions" | "spending" | "recurring_stop" | "edit" => {
            if slots.contains("merchant") && intent != "edit" {
                return None;
            }
            let people = &scan.grammar.vocabulary.people;
            let known = scan
                .known
                .payees
                .iter()
                .find_map(|name| scan.find_phrase(name));
            let context = scan.context();
            let person = known.or_else(|| {
                (0..scan.len())
                    .find_map(|at| people.at(&context, at))
                    .map(|found| found.tokens)
            })?;
            Some(scan.name_text(person))
        }
        "payment_status" | "payment_cancel" | "payment_proof" => {
            let bill = scan.has_word(&[
                "bill", "bills", "recibo", "recibos", "factura", "rent", "luz", "agua", "gas",
            ]);
            if bill && !scan.has_word(&["zelle", "sent", "mande"]) {
                None
            } else {
                scan.payee()
            }
        }
        "payee_list" => {
            let found = scan.payee()?;
            (!matches!(found.as_str(), "payees" | "contacts" | "list")).then_some(found)
        }
        _ => scan.payee(),
    }
}

fn payer(scan: &Scan<'_>, intent: &str) -> Option<String> {
    if intent == "income_check" {
        // Only a person: whoever pays wages is the source.
        let people = &scan.grammar.vocabulary.people;
        let context = scan.context();
        let known = scan
            .known
            .payees
            .iter()
            .find_map(|name| scan.find_phrase(name));
        let person = known.or_else(|| {
            (0..scan.len())
                .filter_map(|at| people.at(&context, at))
                .map(|found| found.tokens)
                .find(|tokens| {
                    !matches!(
                        scan.word(tokens.start),
                        "boss"
                            | "jefe"
                            | "jefa"
                            | "ex"
                            | "kids"
                            | "tenant"
                            | "inquilino"
                            | "inquilina"
                    )
                })
        })?;
        return Some(scan.name_text(person));
    }
    scan.payer()
}

fn biller(scan: &Scan<'_>, intent: &str, slots: &Slots) -> Option<String> {
    match intent {
        "pay_bill" => scan
            .biller()
            .filter(|name| !matches!(name.as_str(), "bill" | "bills" | "credit")),
        // A question about bills in general names none.
        "upcoming_bills" | "affordability" => {
            let merchant = slots.contains("merchant") || slots.contains("category");
            if merchant { None } else { bill_word(scan) }
        }
        _ if slots.contains("payee") => None,
        _ => bill_word(scan),
    }
}

/// "electric bill", "recibo de la luz": a bill that is named as one.
fn bill_word(scan: &Scan<'_>) -> Option<String> {
    let named = scan.has_word(&[
        "bill", "bills", "recibo", "factura", "recibos", "facturas", "rent", "renta", "mortgage",
        "hipoteca", "luz", "agua", "internet",
    ]);
    let found = named.then(|| scan.biller()).flatten()?;
    (!matches!(
        found.as_str(),
        "bill"
            | "bills"
            | "upcoming"
            | "proximos"
            | "due"
            | "coming"
            | "recibos"
            | "facturas"
            | "week"
            | "month"
    ))
    .then_some(found)
}

/// Categories joined with a plus; one the bot has not, as `unknown:<word>`.
fn category(scan: &Scan<'_>) -> Option<String> {
    let vocabulary = &scan.grammar.vocabulary;
    let context = scan.context();
    let mut values: Vec<&str> = Vec::new();
    for found in vocabulary.categories.all(&context) {
        // "super" is a shop in Spanish only.
        let wrong_language =
            scan.text.language == Language::En && scan.word(found.tokens.start) == "super";
        let free = found.tokens.clone().all(|at| scan.is_free(at));
        if free && !wrong_language && !values.contains(&found.value) {
            values.push(found.value);
        }
    }
    if values.is_empty() {
        let other = vocabulary
            .other_categories
            .all(&context)
            .into_iter()
            .next()?;
        return Some(format!("unknown:{}", scan.name_text(other.tokens)));
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
    let when = if matches!(intent, "dispute" | "transaction_explain") {
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

/// "last 5", "10 transactions", "my last purchase".
fn count(scan: &Scan<'_>) -> Option<String> {
    let entry = |word: &str| {
        matches!(
            word.trim_end_matches('s'),
            "transaction"
                | "charge"
                | "purchase"
                | "payment"
                | "movimiento"
                | "compra"
                | "cargo"
                | "pago"
                | "entry"
                | "transfer"
                | "transferencia"
                | "operacion"
                | "deposit"
                | "deposito"
                | "transaccion"
                | "withdrawal"
                | "retiro"
                | "check"
                | "cheque"
                | "entrie"
                | "transaccione"
                | "operacione"
                | "item"
                | "consumo"
                | "thing"
                | "one"
                | "gasto"
                | "zelle"
                | "bizum"
        )
    };
    let last = |word: &str| {
        matches!(
            word,
            "last"
                | "latest"
                | "recent"
                | "first"
                | "past"
                | "previous"
                | "ultimo"
                | "ultimos"
                | "ultima"
                | "ultimas"
                | "top"
                | "lst"
                | "next"
        )
    };
    (0..scan.len()).find_map(|at| {
        if !scan.is_free(at) && scan.taken.get(at) != Some(&super::scan::Taken::Money) {
            return None;
        }
        if let Some((count, end)) = number::count(&scan.text, at)
            && (1..=500).contains(&count)
            && !matches!(scan.word(at), "one" | "una" | "uno" | "once")
        {
            let before = last(scan.before(at, 1)) || last(scan.before(at, 2));
            let after = (end..end + 3).any(|at| entry(scan.word(at)));
            let recent = (end..end + 2).any(|at| last(scan.word(at)));
            let money = scan
                .amounts
                .iter()
                .any(|amount| amount.tokens.contains(&at) && amount.marked);
            return ((before || after || recent) && !money).then(|| count.to_string());
        }
        let single = |word: &str| entry(word) && !word.ends_with('s');
        let one = matches!(scan.word(at), "last" | "latest" | "ultimo" | "ultima")
            && (single(scan.word(at + 1))
                || (!scan.word(at + 1).ends_with('s')
                    && scan.is_name(at + 1)
                    && single(scan.word(at + 2))));
        one.then(|| "1".to_owned())
    })
}

/// The position of a choice: "2", "the second one", "la primera".
fn index(scan: &Scan<'_>) -> Option<String> {
    (0..scan.len()).find_map(|at| {
        let word = scan.word(at);
        if let Some((nth, _)) = number::ordinal(&scan.text, at) {
            return Some(nth.to_string());
        }
        if matches!(word, "last" | "ultimo" | "ultima" | "bottom") {
            return Some("last".to_owned());
        }
        if matches!(word, "top") {
            return Some("1".to_owned());
        }
        if matches!(scan.before(at, 1), "option" | "opcion" | "letter" | "letra") {
            let letter = word
                .bytes()
                .next()
                .filter(|_| word.len() == 1)
                .filter(u8::is_ascii_lowercase);
            if let Some(letter) = letter.filter(|letter| *letter < b'k') {
                return Some((letter - b'a' + 1).to_string());
            }
        }
        // "This one", "that one", "el uno" as a pronoun.
        let pronoun = word == "one"
            && at > 0
            && !matches!(scan.before(at, 1), "number" | "option" | "choice" | "#");
        if pronoun {
            return None;
        }
        let (value, _) = number::count(&scan.text, at)?;
        (1..=20).contains(&value).then(|| value.to_string())
    })
}

fn factor(scan: &Scan<'_>) -> Option<String> {
    (0..scan.len()).find_map(|at| {
        let factor = match scan.word(at) {
            "double" | "doble" | "twice" | "duplica" | "duplicalo" => "2",
            "half" | "mitad" | "halve" => "0.5",
            "triple" => "3",
            _ => return None,
        };
        Some(factor.to_owned())
    })
}

fn language(scan: &Scan<'_>) -> Option<String> {
    let found = scan.grammar.vocabulary.languages.all(&scan.context());
    let refused = |start: usize| {
        matches!(scan.before(start, 1), "not" | "no" | "from" | "stop")
            || scan.before(start, 2) == "not"
            || scan.before(start, 2) == "no"
    };
    let target = found.iter().find(|found| {
        matches!(
            scan.before(found.tokens.start, 1),
            "to" | "in" | "en" | "a" | "al"
        )
    });
    target
        .filter(|found| !refused(found.tokens.start))
        .or_else(|| found.iter().find(|found| !refused(found.tokens.start)))
        .map(|found| found.value.to_owned())
}

/// The number of a case.
fn case(scan: &Scan<'_>) -> Option<String> {
    let named = |at: usize| {
        (1..=3).any(|steps| {
            matches!(
                scan.before(at, steps),
                "case"
                    | "caso"
                    | "#"
                    | "ticket"
                    | "claim"
                    | "reference"
                    | "ref"
                    | "folio"
                    | "number"
                    | "numero"
                    | "dispute"
                    | "reclamo"
                    | "disputa"
            )
        })
    };
    let numbers = || {
        (0..scan.len()).filter(|at| {
            scan.token(*at)
                .is_some_and(|token| token.kind == Kind::Number && token.end - token.start >= 3)
        })
    };
    let found = numbers()
        .find(|at| named(*at))
        .or_else(|| numbers().find(|at| scan.word(*at).len() >= 4 && scan.is_free(*at)))?;
    Some(scan.word(found).to_owned())
}

/// The number of an order or a parcel, as the customer wrote it.
fn identifier(scan: &Scan<'_>, names: &[&str]) -> Option<String> {
    (0..scan.len()).find_map(|at| {
        if !names.contains(&scan.word(at)) {
            return None;
        }
        (at + 1..at + 6).find_map(|start| {
            let token = scan
                .token(start)
                .filter(|token| !token.glued || scan.text.sign_at(start - 1) == Some('#'))?;
            if !matches!(token.kind, Kind::Number | Kind::Word) {
                return None;
            }
            let glued = |at: usize| {
                scan.token(at).is_some_and(|token| {
                    token.glued
                        && (matches!(token.kind, Kind::Number | Kind::Word)
                            || (token.kind == Kind::Sign('-')
                                && scan.token(at + 1).is_some_and(|next| next.glued)))
                })
            };
            let end = (start + 1..start + 16)
                .find(|at| !glued(*at))
                .unwrap_or(start + 16);
            let text = scan.text.slice(start..end);
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            (digits >= 4).then(|| text.to_owned())
        })
    })
}

/// What was charged, what it should have been, and what came out of the machine.
fn dispute_amounts(scan: &Scan<'_>, slots: &mut Slots) {
    let [first, second, ..] = scan.amounts.as_slice() else {
        return;
    };
    let said_before = |amount: &super::Amount, words: &[&str], reach: usize| {
        (1..=reach).any(|steps| {
            let at = amount.tokens.start.checked_sub(steps);
            at.is_some_and(|at| words.contains(&scan.word(at)))
        })
    };
    let expected = |amount: &super::Amount| {
        said_before(
            amount,
            &[
                "instead",
                "should",
                "supposed",
                "expected",
                "was",
                "says",
                "agreed",
                "quoted",
                "vez",
                "lugar",
                "debia",
                "era",
                "quedo",
                "ticket",
                "of",
                "asked",
                "pedi",
                "for",
                "requested",
                "solo",
                "only",
            ],
            3,
        )
    };
    let received = |amount: &super::Amount| {
        said_before(
            amount,
            &[
                "got",
                "gave",
                "received",
                "dispensed",
                "shows",
                "show",
                "only",
                "dio",
                "salio",
                "recibi",
                "entrego",
                "aparecen",
                "aparece",
                "solo",
                "just",
                "came",
                "salieron",
                "put",
                "dieron",
            ],
            3,
        )
    };
    let cash = matches!(slots.text("reason"), Some("atm_short" | "deposit_missing"));
    let (amount, other, slot) = if cash {
        if received(second) || !received(first) {
            (first, second, "received")
        } else {
            (second, first, "received")
        }
    } else if slots.text("reason") == Some("wrong_amount") {
        if expected(first) && !said_before(second, &["instead", "vez", "lugar", "of"], 3) {
            (second, first, "expected_amount")
        } else {
            (first, second, "expected_amount")
        }
    } else {
        return;
    };
    slots.insert("amount", amount.to_text());
    slots.insert(slot, other.to_text());
}

/// "over 50", "under 20", "between 10 and 30".
fn bounds(scan: &Scan<'_>, slots: &mut Slots) {
    let lead = |amount: &super::Amount, words: &[&str]| {
        (1..=3).any(|steps| {
            amount
                .tokens
                .start
                .checked_sub(steps)
                .is_some_and(|at| words.contains(&scan.word(at)))
        })
    };
    let over = [
        "over",
        "above",
        "greater",
        "bigger",
        "larger",
        "least",
        "exceeding",
        "mayores",
        "mayor",
        "superiores",
        "superior",
        "arriba",
        "minimo",
        "higher",
        "mas",
        "more",
    ];
    let under = [
        "under",
        "below",
        "less",
        "smaller",
        "most",
        "menos",
        "menores",
        "menor",
        "inferiores",
        "inferior",
        "debajo",
        "lower",
        "hasta",
        "maximo",
    ];
    match scan.amounts.as_slice() {
        [low, high, ..] if lead(low, &["between", "entre", "from", "de"]) => {
            slots.insert("min_amount", low.to_text());
            slots.insert("max_amount", high.to_text());
            slots.remove("amount");
        }
        amounts => {
            for amount in amounts {
                let slot = if lead(amount, &under) {
                    "max_amount"
                } else if lead(amount, &over) {
                    "min_amount"
                } else {
                    continue;
                };
                slots.insert(slot, amount.to_text());
                if slots.text("amount") == Some(amount.to_text().as_str()) {
                    slots.remove("amount");
                }
            }
        }
    }
}
