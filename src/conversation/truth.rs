//! The proof that replies hold nothing but what was given (requirements B1, B8, D9, I1).
//!
//! Random accounts and entries go through every reading skill, in both languages, with and without slots. What
//! is said is then taken apart: each value must be in the data it names as its origin, each calculation must
//! be a declared one, and each number in the finished text must come from one of those values.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;

use super::policy::{Policy, Ports};
use super::request::Request;
use super::skill::{Context, Line, Next, Say, Shape, skill};
use super::speak::Speaker;
use super::{State, TurnId};
use crate::bank::CommandKind;
use crate::intent::Language;
use crate::intent::catalogue::Catalogue;
use crate::message::{Button, OutboundMessage, PageId, Psid};
use crate::reply::locale::Locale;
use crate::reply::value::{Origin, Place, Value, clean};

use world::{Bank, SHOP, TODAY};

mod hostile;
mod services;
mod world;

/// The skills that tell what the bank knows.
const READING: [&str; 29] = [
    "account_details",
    "affordability",
    "alert_list",
    "available_credit",
    "balance",
    "balance_explain",
    "bill_due",
    "card_declined",
    "card_delivery",
    "card_limits",
    "card_status",
    "deposit_hold",
    "fee_explain",
    "income_check",
    "interest_rate",
    "loan_info",
    "order_status",
    "pending",
    "receipt",
    "recurring_list",
    "refund_status",
    "rewards_balance",
    "spending",
    "spending_summary",
    "statement",
    "tax_document",
    "transaction_explain",
    "transactions",
    "upcoming_bills",
];

/// Every calculation a reading skill may declare; a new one is added here and explained by `how_do_you_know`.
const CALCULATIONS: [&str; 34] = [
    "alerts the bank has",
    "accounts not listed",
    "accounts the bank shows",
    "average of the last three",
    "deposits found",
    "earlier entries of the same name",
    "entries asked for",
    "entries found",
    "entries not shown yet",
    "entries that are not final",
    "fees found",
    "money that came in and is final",
    "payments expected",
    "payments not listed",
    "payments that are final",
    "payments that are not final",
    "payments that came at even gaps",
    "payments that came in",
    "pending charges of this account",
    "read now",
    "refunds",
    "refunds found",
    "repeating payments that cost more than before",
    "spent less refunds",
    "statements the bank has",
    "sum of the fees that are final",
    "the day pay usually comes",
    "the order has no card yet",
    "the last one and its usual gap",
    "the usual period of this question",
    "to use now against final",
    "to use now, less what is likely due",
    "what the fee's own text says",
    "spent less refunds, by the week",
];

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::built_in().unwrap());

/// Words a person hears, with what they were made of.
struct Reply {
    say: Say,
    texts: Vec<String>,
    titles: Vec<String>,
    json: String,
}

struct Scene<'a> {
    bank: &'a Bank,
    place: Place,
    policy: Policy,
    state: State,
}

impl<'a> Scene<'a> {
    fn new(bank: &'a Bank, locale: &str, private: bool) -> Self {
        let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
        let locale: Locale = locale.parse().unwrap();
        let mut state = State::new(PageId::from("PAGE-0001"), Psid::from("PSID-0001"));
        state.private = private;
        state.link = Some(super::state::Link {
            bank: crate::bank::BankId("acme".to_owned()),
            subject: crate::bank::Subject("customer-1".to_owned()),
            since_ms: 0,
        });
        Self {
            bank,
            place: Place {
                locale,
                zone: zone.clone(),
                now: now(),
                hide_amounts: private,
            },
            policy: Policy {
                limits: crate::conversation::policy::Limits::default(),
                brand: "Acme Bank".to_owned(),
                phone: Some("1-800-555-0100".to_owned()),
                hours_text: Some("9 to 5".to_owned()),
                hours: None,
                places: None,
                fees: None,
                locale,
                zone: zone.clone(),
                bank_zone: zone,
                offers: CommandKind::ALL.into(),
                actions: CommandKind::ALL.into(),
                ports: Ports {
                    reading: true,
                    cards: true,
                    disputes: true,
                    standing_orders: true,
                    rates: true,
                    card_services: true,
                    rewards: true,
                    alerts: true,
                    papers: true,
                    payments: true,
                },
                public_url: Some("https://bot.example".to_owned()),
                disclosure_lapse_ms: 0,
                chat_is_notice_address: false,
                notice_address: None,
                rights: crate::conversation::legal::Rights::default(),
            },
            state,
        }
    }

    /// Asks and answers until something is said.
    fn reply(&self, request: &Request) -> Vec<Reply> {
        let skill = skill(&request.intent).unwrap();
        let context = Context {
            state: &self.state,
            policy: &self.policy,
            place: &self.place,
            catalogue: &CATALOGUE,
            at_ms: now().as_millisecond(),
            words: "",
        };
        let mut answers = self.bank.answer(&(skill.ask)(request, &context));
        let outcome = loop {
            match (skill.answer)(request, &answers, &context) {
                Next::Ask(queries) => answers.merge(self.bank.answer(&queries)),
                Next::Done(outcome) => break outcome,
            }
        };
        let speaker = Speaker {
            catalogue: &CATALOGUE,
            policy: &self.policy,
            place: &self.place,
            turn: TurnId([7; 16]),
        };
        let last = outcome.says.len().saturating_sub(1);
        let asks = outcome.asks;
        outcome
            .says
            .into_iter()
            .enumerate()
            .map(|(at, say)| {
                let ask = asks.as_ref().filter(|_| at == last);
                let (spoken, _) = speaker.speak(&say, ask, 0, 0).unwrap();
                let mut reply = Reply {
                    say,
                    texts: Vec::new(),
                    titles: Vec::new(),
                    json: String::new(),
                };
                for one in spoken {
                    reply
                        .json
                        .push_str(&serde_json::to_string(&one.message).unwrap());
                    let (text, buttons) = match one.message {
                        OutboundMessage::Text {
                            text,
                            quick_replies,
                        } => (text, quick_replies),
                        OutboundMessage::Buttons { text, buttons } => (text, buttons),
                        OutboundMessage::Image {
                            alt, quick_replies, ..
                        } => (alt, quick_replies),
                        OutboundMessage::Receipt(_) | OutboundMessage::Cards { .. } => continue,
                    };
                    reply.texts.push(text);
                    reply
                        .titles
                        .extend(buttons.into_iter().filter_map(|button| match button {
                            Button::Postback { title, .. } => Some(title),
                            _ => None,
                        }));
                }
                reply
            })
            .collect()
    }
}

fn now() -> Timestamp {
    TODAY
        .at(10, 41, 0, 0)
        .in_tz("America/New_York")
        .unwrap()
        .timestamp()
}

/// Requests for every reading skill: bare, and with each slot a customer might fill.
fn requests() -> Vec<Request> {
    let slots: [(&str, &str); 19] = [
        ("merchant", SHOP),
        ("merchant", "nobody at all"),
        ("category", "groceries"),
        ("category", "unknown:zebras"),
        ("period", "last_month"),
        ("period", "last_days:30"),
        ("account", "checking"),
        ("account", "savings"),
        ("product", "credit_card"),
        ("kind", "booked"),
        ("field", "top_category"),
        ("field", "minimum"),
        ("field", "limit"),
        ("field", "payoff"),
        ("direction", "in"),
        ("compare_to", "last_month"),
        ("agg", "avg_week"),
        ("type", "1099"),
        ("period", "last_year"),
    ];
    READING
        .iter()
        .flat_map(|intent| {
            let with_slots = slots
                .iter()
                .map(|(name, value)| Request::new(intent).slot(name, value));
            std::iter::once(Request::new(intent)).chain(with_slots)
        })
        .chain([Request::new("spending_summary").bind("chart", "yes")])
        .collect()
}

fn lines(say: &Say) -> impl Iterator<Item = &Line> {
    std::iter::once(&say.lead)
        .chain(&say.items)
        .chain(&say.tail)
}

/// Digits in a row; separators end a run.
fn numbers(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Checks one value against the data it says it is from.
fn is_given(value: &Value, origin: &Origin, request: &Request, scene: &Scene<'_>) -> bool {
    let bank = scene.bank;
    match origin {
        Origin::Computed { rule } => CALCULATIONS.contains(&rule.as_str()),
        Origin::Config { .. } => true,
        Origin::Record => matches!(value, Value::Moment(_) | Value::Count(_) | Value::Text(_)),
        Origin::Customer => match value {
            Value::Text(text) => {
                request
                    .slots
                    .iter()
                    .filter_map(|(_, slot)| slot.as_text())
                    .any(|slot| slot.ends_with(text.as_str()) || clean(slot) == *text)
                    || is_own_word(text)
            }
            Value::Day(_) | Value::Weekday(_) => true,
            _ => false,
        },
        Origin::Bank { .. } => match value {
            Value::Money(amount) | Value::MoneyWithCode(amount) => {
                bank.amounts().contains(&amount.minor().abs())
            }
            Value::Day(day) | Value::Weekday(day) => bank.dates(&scene.place.zone).contains(day),
            Value::Moment(at) => bank.instants().contains(at) || *at == now(),
            Value::Percent(points) => bank.rates().contains(points),
            Value::Count(count) => {
                bank.services.counts().any(|known| known == *count)
                    || *count <= u64::try_from(bank.entries.len()).unwrap()
            }
            Value::Text(text) => bank.names().contains(text) || is_own_word(text),
            Value::Key(_) => true,
        },
    }
}

/// Tells whether a text is put together from the catalogue's own words: kinds of accounts, categories.
fn is_own_word(text: &str) -> bool {
    const WORDS: [&str; 26] = [
        "no_name",
        "kind_checking",
        "kind_savings",
        "kind_credit_card",
        "kind_credit_line",
        "kind_loan",
        "kind_mortgage",
        "kind_wallet",
        "kind_investment",
        "kind_other",
        "category_groceries",
        "category_dining",
        "category_gas",
        "category_rent",
        "category_utilities",
        "category_shopping",
        "category_travel",
        "category_health",
        "category_entertainment",
        "category_transport",
        "category_cash",
        "category_insurance",
        "category_education",
        "category_charity",
        "category_personal",
        "category_unsorted",
    ];
    [Language::En, Language::Es].into_iter().any(|language| {
        WORDS
            .iter()
            .filter_map(|name| CATALOGUE.shared_reply(language, name))
            .any(|variant| {
                text == variant.source || text.starts_with(&format!("{} ••", variant.source))
            })
    })
}

fn check(reply: &Reply, request: &Request, scene: &Scene<'_>) -> Result<(), TestCaseError> {
    let mut shown = numbers("1-800-555-0100 9 to 5");
    for line in lines(&reply.say) {
        for (name, value) in line.values.iter() {
            prop_assert!(
                is_given(&value.value, &value.origin, request, scene),
                "{request:?}: {}.{} says {{{name}}} = {} and has it from {:?}",
                reply.say.intent,
                line.variant,
                value.value.show(&scene.place),
                value.origin,
            );
            shown.append(&mut numbers(&value.value.show(&scene.place)));
        }
        let template = CATALOGUE
            .reply(&reply.say.intent, scene.place.locale.language, line.variant)
            .unwrap();
        prop_assert!(numbers(&template.source).is_empty(), "{}", template.source);
    }
    for text in &reply.texts {
        let extra: Vec<String> = numbers(text).difference(&shown).cloned().collect();
        prop_assert!(extra.is_empty(), "{request:?}: {extra:?} in {text:?}");
    }
    let known = scene.bank.numbers(&scene.place);
    for title in &reply.titles {
        let extra: Vec<String> = numbers(title).difference(&known).cloned().collect();
        prop_assert!(extra.is_empty(), "{request:?}: {extra:?} on [{title}]");
    }
    if let Shape::Receipt(receipt) = &reply.say.shape {
        let total = receipt.total.replace('.', "").parse::<i64>().unwrap();
        prop_assert!(scene.bank.amounts().contains(&total));
        let name = receipt.merchant_name.as_ref().unwrap();
        prop_assert!(scene.bank.names().contains(name));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn nothing_is_said_that_was_not_given(bank in world::any_bank(), locale in prop::sample::select(vec!["en_US", "es_US", "es_ES"])) {
        let scene = Scene::new(&bank, locale, false);
        for request in requests() {
            for reply in scene.reply(&request) {
                check(&reply, &request, &scene)?;
            }
        }
    }

    #[test]
    fn the_same_data_makes_the_same_bytes(bank in world::any_bank()) {
        let said = |bank: &Bank| {
            let scene = Scene::new(bank, "en_US", false);
            requests()
                .iter()
                .flat_map(|request| scene.reply(request))
                .map(|reply| reply.json)
                .collect::<Vec<_>>()
        };
        prop_assert_eq!(said(&bank), said(&bank.clone()));
    }

    /// A bank that gives no papers, or a bot without pages: no link, and where the papers are is said instead.
    #[test]
    fn without_a_page_there_is_no_link(bank in world::any_bank(), locale in prop::sample::select(vec!["en_US", "es_US"]), pages in any::<bool>()) {
        let mut scene = Scene::new(&bank, locale, false);
        if pages {
            scene.policy.ports.papers = false;
        } else {
            scene.policy.public_url = None;
        }
        for intent in ["account_details", "statement", "tax_document"] {
            for request in requests().iter().filter(|request| request.intent == intent) {
                for reply in scene.reply(request) {
                    prop_assert!(matches!(reply.say.shape, Shape::Words), "{request:?}");
                    prop_assert!(!reply.json.contains("/view/"), "{request:?}");
                    prop_assert!(intent != "tax_document" || reply.say.lead.variant == "answer");
                    check(&reply, request, &scene)?;
                }
            }
        }
    }

    #[test]
    fn privacy_mode_says_no_amount(bank in world::any_bank(), locale in prop::sample::select(vec!["en_US", "es_US"])) {
        let scene = Scene::new(&bank, locale, true);
        for request in requests() {
            for reply in scene.reply(&request) {
                prop_assert!(matches!(reply.say.shape, Shape::Words | Shape::Link { .. }), "{request:?}");
                for text in reply.texts.iter().chain(&reply.titles) {
                    prop_assert!(!holds_an_amount(text), "{request:?}: {text:?}");
                }
            }
        }
    }
}

/// Amounts have a sign, a code or two decimals; names in the random bank have none. A rate is no amount.
fn holds_an_amount(text: &str) -> bool {
    static AMOUNT: LazyLock<regex::Regex> =
        LazyLock::new(|| regex::Regex::new(r"[$€]|\bUSD\b|\d[.,]\d\d\b").unwrap());
    static RATE: LazyLock<regex::Regex> =
        LazyLock::new(|| regex::Regex::new(r"\d+[.,]\d+\s?%").unwrap());
    AMOUNT.is_match(&RATE.replace_all(text, ""))
}
