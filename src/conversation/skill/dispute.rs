//! A charge is wrong or not theirs, in any words (requirements A1 to A5).
//!
//! The notice is stored with its time and words before anything is asked, and stays even if the customer
//! goes silent. Nothing is demanded first: no shop, no police, no form.

use jiff::Span;
use jiff::civil::Date;

use crate::bank::model::{
    Account, Card, CardState, DateRange, Transaction, TransactionKind, TransactionStatus,
};
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::case::{CLOSED, Charge, KnownCase};
use super::super::legal::{Circumstances, Region, Term};
use super::super::request::Request;
use super::super::state::Executing;
use super::human::case;
use super::{Context, Next, Outcome, Say, Skill, card_freeze, ledger, merchant};

pub(super) const SKILL: Skill = Skill {
    name: "dispute",
    access: Access::Anonymous,
    ask,
    answer,
    variants: &[
        "answer",
        "received",
        "received_credit",
        "received_credit_by_post",
        "received_eu",
        "received_eu_unauthorised",
        "already",
        "stop_it_too",
        "stop_one_too",
        "which",
        "which_other",
        "noted_unlinked",
        "noted_cannot_read",
        "noted_none_found",
        "kept",
        "not_filed",
        "title_charge",
    ],
    report: Some(report),
};

const INTENT: &str = "dispute";

/// Sixty days from the statement (Reg E) that may be a month long.
const DAYS: i32 = 95;

pub(super) fn range(context: &Context<'_>) -> DateRange {
    let today = context.place.today();
    DateRange {
        first: today.saturating_sub(Span::new().days(DAYS)),
        last: today.saturating_add(Span::new().days(1)),
    }
}

fn entries_query(context: &Context<'_>) -> Query {
    Query::Transactions {
        account: None,
        range: range(context),
    }
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if request.bound("keep").is_some() {
        return Vec::new();
    }
    let mut queries = Vec::new();
    if request.bound("case").is_none() {
        queries.push(Query::CaseNumber);
    }
    if context.state.link.is_some() {
        queries.push(entries_query(context));
        queries.push(Query::Accounts);
        if context.policy.can(CommandKind::FreezeCard) {
            queries.push(Query::Cards);
        }
    }
    queries
}

fn answer(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    if request.bound("keep").is_some() {
        return Outcome::say(Say::new(INTENT, "kept", Values::new())).into();
    }
    let known = request
        .bound("case")
        .and_then(|number| number.parse::<i64>().ok());
    let Some(number) = known.or_else(|| answers.case_number().ok()) else {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    };
    let noticed_ms = request
        .bound("noticed_ms")
        .and_then(|ms| ms.parse::<i64>().ok())
        .unwrap_or(context.at_ms);
    let request = &request
        .clone()
        .bind("case", number.to_string())
        .bind("noticed_ms", noticed_ms.to_string());
    let notice = |outcome: Outcome| {
        if known.is_some() || !outcome.cases.is_empty() {
            outcome
        } else {
            outcome.case(case(number, "dispute", request, context))
        }
    };
    let values = noted(number, noticed_ms);
    if context.state.link.is_none() {
        return notice(Outcome::say(Say::new(INTENT, "noted_unlinked", values))).into();
    }
    let Ok((entries, _)) = answers.transactions(&entries_query(context)) else {
        return notice(Outcome::say(Say::new(INTENT, "noted_cannot_read", values))).into();
    };
    let charges: Vec<&Transaction> = entries
        .iter()
        .filter(|entry| entry.status != TransactionStatus::Declined && entry.amount.is_negative())
        .collect();
    if let Some(id) = request.bound("transaction") {
        return match charges.iter().find(|entry| entry.id.as_str() == id) {
            Some(entry) => found(request, entry, (number, noticed_ms), answers, context).into(),
            None => notice(Outcome::say(Say::new(INTENT, "noted_none_found", values))).into(),
        };
    }
    let candidates = candidates(request, &charges, context);
    let outcome = match candidates.as_slice() {
        [one] => found(request, one, (number, noticed_ms), answers, context),
        [] if said_which(request) && request.bound("other").is_none() => which(
            request,
            "which_other",
            &charges,
            number,
            noticed_ms,
            context,
        ),
        [] => which(request, "which", &charges, number, noticed_ms, context),
        several => which(request, "which", several, number, noticed_ms, context),
    };
    notice(outcome).into()
}

/// It is known which charge is meant: the case says so, and the bank is told, unless that was done before.
fn found(
    request: &Request,
    entry: &Transaction,
    (number, noticed_ms): (i64, i64),
    answers: &Answers,
    context: &Context<'_>,
) -> Outcome {
    let earlier = context.state.cases.iter().find(|earlier| {
        earlier.number != number
            && !earlier.closed
            && earlier
                .charge
                .as_ref()
                .is_some_and(|charge| charge.transaction == entry.id.as_str())
    });
    if let Some(earlier) = earlier {
        return already(request, entry, earlier, number, answers, context);
    }
    received(request, entry, number, noticed_ms, answers, context)
}

/// A charge that was disputed before stays one case: what is new is added to it. A case that was opened for this
/// notice before it was known which charge is meant is closed.
fn already(
    request: &Request,
    entry: &Transaction,
    earlier: &KnownCase,
    number: i64,
    answers: &Answers,
    context: &Context<'_>,
) -> Outcome {
    let values =
        ledger::entry_values(entry, false, context).with_all(noted(earlier.number, earlier.at_ms));
    let request_of_it = request
        .clone()
        .bind("case", earlier.number.to_string())
        .bind("noticed_ms", earlier.at_ms.to_string());
    let kept = case(earlier.number, "dispute", &request_of_it, context);
    let say = Say::new(INTENT, "already", values).on(
        "dispute_status",
        Request::new("dispute_status").bind("case", earlier.number.to_string()),
    );
    let outcome = offer_to_stop(Outcome::say(say), request, entry, answers).case(kept);
    let opened = context
        .state
        .cases
        .iter()
        .any(|known| known.number == number);
    if !opened {
        return outcome;
    }
    let mut double = case(number, "dispute", request, context);
    CLOSED.clone_into(&mut double.status);
    double
        .details
        .insert("same_as".to_owned(), earlier.number.to_string());
    outcome.case(double)
}

fn said_which(request: &Request) -> bool {
    ledger::wanted(request).is_some() || request.slots.contains("amount")
}

pub(super) fn noted(number: i64, noticed_ms: i64) -> Values {
    let at = jiff::Timestamp::from_millisecond(noticed_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Values::new()
        .with("case", Value::word(number.to_string()), Origin::Record)
        .with("noted", Value::Moment(at), Origin::Record)
}

/// Adds the dates that follow from a notice by the law that holds (A3).
pub(super) fn with_deadlines(
    mut values: Values,
    noticed_ms: i64,
    credit: bool,
    context: &Context<'_>,
) -> Values {
    let rights = &context.policy.rights;
    let notice = notice_day(noticed_ms, context);
    let dates = rights.deadlines(notice, credit, Circumstances::default());
    let source = &rights.profile(credit).source;
    // Where the law knows no earlier word, the end of the investigation is the only date.
    let limit = if dates.decide_by.is_some() {
        "decide"
    } else {
        "finish"
    };
    values = values.with("limit", Value::key(limit), Origin::rule(source));
    for (name, day, rule) in [
        ("decide_by", dates.decide_by, "time to decide"),
        ("refund_by", dates.refund_by, "time to refund"),
        (
            "finish_by",
            Some(dates.finish_by),
            "end of a longer investigation",
        ),
    ] {
        if let Some(day) = day {
            let rule = format!("{source}: {rule}, counted from the notice");
            values = values.with(name, Value::Day(day), Origin::rule(&rule));
        }
    }
    values
}

/// Finds the entries a notice can mean: by name and amount, by being there twice, or by what was last
/// talked about.
fn candidates<'a>(
    request: &Request,
    charges: &[&'a Transaction],
    context: &Context<'_>,
) -> Vec<&'a Transaction> {
    if request.bound("other").is_some() {
        return Vec::new();
    }
    let mut found: Vec<&Transaction> = charges.to_vec();
    let mut narrowed = false;
    if let Some(word) = ledger::wanted(request) {
        found = merchant::find(&found, word)
            .0
            .into_values()
            .flatten()
            .collect();
        narrowed = true;
    }
    if let Some(text) = request.said("amount") {
        let exactly: Vec<&Transaction> = found
            .iter()
            .copied()
            .filter(|entry| {
                Money::parse(text, entry.amount.currency())
                    .is_ok_and(|amount| amount.minor() == entry.amount.abs().minor())
            })
            .collect();
        // A customer rounds: "that 90 dollar charge" is 89.99.
        found = if exactly.is_empty() {
            found
                .into_iter()
                .filter(|entry| {
                    Money::parse(text, entry.amount.currency()).is_ok_and(|amount| {
                        (amount.minor() - entry.amount.abs().minor()).abs() <= 100
                    })
                })
                .collect()
        } else {
            exactly
        };
        narrowed = true;
    }
    if request.said("date").is_some() {
        let (days, _) = ledger::range(request, ledger::Usual::Days(DAYS), context);
        found.retain(|entry| {
            entry
                .date(&context.place.zone)
                .is_some_and(|day| days.contains(day))
        });
        narrowed = true;
    }
    if request.said("reason") == Some("duplicate") {
        let twice = later_of_pairs(&found);
        if !twice.is_empty() {
            return twice;
        }
    }
    if !narrowed {
        return Vec::new();
    }
    found.sort_by_key(|entry| std::cmp::Reverse(entry.date(&context.place.zone)));
    found
}

/// Entries of the same shop and amount within three days: the later one of each pair is the second.
fn later_of_pairs<'a>(entries: &[&'a Transaction]) -> Vec<&'a Transaction> {
    entries
        .iter()
        .copied()
        .filter(|entry| {
            entries.iter().any(|earlier| {
                earlier.id != entry.id
                    && earlier.amount == entry.amount
                    && merchant::name(earlier) == merchant::name(entry)
                    && within_days(earlier, entry, 3)
            })
        })
        .collect()
}

fn within_days(earlier: &Transaction, later: &Transaction, days: i32) -> bool {
    let day = |entry: &Transaction| entry.booking_date.or(entry.value_date);
    match (earlier.occurred_at, later.occurred_at) {
        (Some(first), Some(second)) => {
            first < second && second.duration_since(first).as_hours() <= i64::from(days) * 24
        }
        _ => match (day(earlier), day(later)) {
            (Some(first), Some(second)) => {
                first < second && first.saturating_add(Span::new().days(days)) >= second
            }
            _ => false,
        },
    }
}

/// Asks which one, with the customer's own charges as buttons; the notice is kept already.
fn which(
    request: &Request,
    variant: &'static str,
    charges: &[&Transaction],
    number: i64,
    noticed_ms: i64,
    context: &Context<'_>,
) -> Outcome {
    if charges.is_empty() {
        return Outcome::say(Say::new(
            INTENT,
            "noted_none_found",
            noted(number, noticed_ms),
        ));
    }
    let mut say = Say::new(INTENT, variant, noted(number, noticed_ms)).class(SendClass::Prompt);
    let mut options = Vec::new();
    for entry in charges.iter().take(4) {
        say = say.item("item", ledger::entry_values(entry, false, context));
        let same = |other: &&Transaction| title(other, context) == title(entry, context);
        let alone = charges.iter().take(4).filter(|other| same(other)).count() == 1;
        options.push((
            if alone {
                title(entry, context)
            } else {
                dated_title(entry, context)
            },
            request.clone().bind("transaction", entry.id.as_str()),
        ));
    }
    say.on.push((
        "not_listed",
        super::super::offer::Role::Plain,
        Request::new("human"),
    ));
    Outcome::say(say).choose(request, options)
}

/// A button's title for a charge: amount and the beginning of the name.
pub(super) fn title(entry: &Transaction, context: &Context<'_>) -> String {
    let amount = Value::Money(entry.amount).show(context.place);
    let name = merchant::name(entry);
    let room = super::super::speak::TITLE_CHARS.saturating_sub(amount.chars().count() + 1);
    let short: String = name.chars().take(room).collect();
    format!("{amount} {}", short.trim_end())
}

/// A button's title where name and amount do not tell charges apart: the day and the amount.
fn dated_title(entry: &Transaction, context: &Context<'_>) -> String {
    let day = entry
        .date(&context.place.zone)
        .unwrap_or_else(|| context.place.today());
    let day = Value::Day(day).show(context.place);
    format!("{day}: {}", Value::Money(entry.amount).show(context.place))
}

fn received(
    request: &Request,
    entry: &Transaction,
    number: i64,
    noticed_ms: i64,
    answers: &Answers,
    context: &Context<'_>,
) -> Outcome {
    let account = answers.accounts().ok().and_then(|all| {
        all.accounts
            .iter()
            .find(|account| account.id == entry.account)
    });
    let mut values =
        ledger::entry_values(entry, false, context).with_all(noted(number, noticed_ms));
    let credit = account.is_some_and(|account: &Account| account.kind.is_debt());
    values = with_deadlines(values, noticed_ms, credit, context);
    let rights = &context.policy.rights;
    let letter = rights.profile(credit).written_notice;
    let unauthorised = matches!(
        request.said("reason"),
        None | Some("unrecognised" | "unauthorised_known_person" | "family_member")
    );
    let variant = match (rights.region, letter, context.policy.chat_is_notice_address) {
        (Region::Eu, ..) if unauthorised => "received_eu_unauthorised",
        (Region::Eu, ..) => "received_eu",
        (Region::Us, false, _) => "received",
        (Region::Us, true, true) => "received_credit",
        (Region::Us, true, false) => "received_credit_by_post",
    };
    if let (true, Some(address)) = (letter, &context.policy.notice_address) {
        values = values.with(
            "address",
            Value::word(address),
            Origin::config("bank.notice_address"),
        );
    } else if letter {
        let words = super::resolve::word("default_notice_address", context);
        values = values.with(
            "address",
            Value::word(words),
            Origin::config("bank.notice_address"),
        );
    }
    let say = Say::new(INTENT, variant, values)
        .class(SendClass::Outcome)
        .on("wrong_one", request.clone().bind("other", "yes"));
    let mut outcome = offer_to_stop(Outcome::say(say), request, entry, answers);
    let charge = charge(entry, credit, context);
    let mut kept = case(number, "dispute", request, context);
    kept.details
        .extend(for_staff(entry, credit, noticed_ms, context));
    for (name, value) in [
        ("transaction", charge.transaction.clone()),
        ("amount", charge.amount.to_decimal()),
        ("currency", charge.amount.currency().code().to_owned()),
        ("merchant", charge.name.clone()),
        ("day", charge.day.to_string()),
    ] {
        kept.details.insert(name.to_owned(), value);
    }
    outcome.charge = Some(charge);
    outcome = outcome.case(kept);
    if context.policy.can(CommandKind::FileDispute) && request.bound("filed").is_none() {
        let command = BankCommand::FileDispute {
            account: Some(entry.account.clone()),
            transaction: Some(entry.id.clone()),
            reason: request.said("reason").unwrap_or("unrecognised").to_owned(),
            words: first_words(noticed_ms, context),
            noticed_at_ms: noticed_ms,
        };
        outcome = outcome.command(command, request.clone().bind("filed", "yes"));
    }
    outcome
}

/// The law and its dates, for the people who work on it (A3). What the bank does not tell, such as a new account, they add.
fn for_staff(
    entry: &Transaction,
    credit: bool,
    noticed_ms: i64,
    context: &Context<'_>,
) -> impl Iterator<Item = (String, String)> + use<> {
    let rights = &context.policy.rights;
    let profile = rights.profile(credit);
    let notice = notice_day(noticed_ms, context);
    let circumstances = Circumstances {
        new_account: false,
        point_of_sale_or_foreign: entry.kind == TransactionKind::Purchase
            || entry.original_amount.is_some(),
    };
    let dates = rights.deadlines(notice, credit, circumstances);
    // The statement comes after the entry, so a notice in time for the entry is in time for the statement.
    let in_time = entry
        .date(&context.policy.bank_zone)
        .is_none_or(|day| notice <= profile.notice_until(day));
    let day = |day: Option<Date>| day.map(|day| day.to_string());
    let term = |term: Option<Term>| term.map(|term| term.to_string());
    [
        ("law", Some(profile.source.clone())),
        ("law_checked", Some(profile.checked.to_string())),
        ("acknowledge_by", day(dates.acknowledge_by)),
        ("refund_by", day(dates.refund_by)),
        ("decide_by", day(dates.decide_by)),
        ("finish_by", day(Some(dates.finish_by))),
        ("report_within", term(profile.report)),
        ("correct_within", term(profile.correct)),
        (
            "notice",
            Some(
                if in_time {
                    "in time"
                } else {
                    "look at the date of the statement"
                }
                .to_owned(),
            ),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
}

/// The day of a notice in the bank's zone, from which the law counts.
fn notice_day(noticed_ms: i64, context: &Context<'_>) -> Date {
    jiff::Timestamp::from_millisecond(noticed_ms)
        .unwrap_or(context.place.now)
        .to_zoned(context.policy.bank_zone.clone())
        .date()
}

/// What the conversation remembers of a charge.
fn charge(entry: &Transaction, credit: bool, context: &Context<'_>) -> Charge {
    Charge {
        transaction: entry.id.as_str().to_owned(),
        amount: entry.amount,
        name: merchant::name(entry),
        day: entry
            .date(&context.place.zone)
            .unwrap_or_else(|| context.place.today()),
        credit,
    }
}

/// The customer's words at first notice (A2), not those of a tap that came later.
pub(super) fn first_words(noticed_ms: i64, context: &Context<'_>) -> String {
    let mut recent = context.state.recent.iter();
    recent
        .find(|recent| recent.at_ms == noticed_ms)
        .map_or(context.words, |recent| recent.text.as_str())
        .to_owned()
}

/// Offers to stop the card of the charge; where it cannot be told which one that is, a card. Where none works
/// there is nothing to offer.
fn offer_to_stop(
    mut outcome: Outcome,
    request: &Request,
    entry: &Transaction,
    answers: &Answers,
) -> Outcome {
    let working: Vec<&Card> = answers
        .cards()
        .unwrap_or_default()
        .iter()
        .filter(|card| card.state == CardState::Active)
        .collect();
    let mut of_account = working.iter().filter(|card| card.account == entry.account);
    let freeze = Request::new("card_freeze");
    let (variant, values, freeze) = match (of_account.next(), of_account.next()) {
        (Some(card), None) => {
            let freeze = freeze
                .bind("card", card.id.as_str())
                .bind("confirmed", "yes");
            ("stop_it_too", card_freeze::with_card(card), freeze)
        }
        // The charge's card is stopped already, or the charge came without one.
        (None, _) => return outcome,
        (Some(_), Some(_)) => ("stop_one_too", Values::new(), freeze),
    };
    outcome.says = outcome
        .says
        .into_iter()
        .map(|say| say.tail(variant, values.clone()))
        .collect();
    outcome.ask_beside(
        &request.clone().bind("filed", "yes"),
        ("stop_card", freeze),
        ("not_now", Request::new(INTENT).bind("keep", "yes")),
    )
}

/// A filed dispute was told already; only what went wrong is told again, and the notice stands.
fn report(executing: &Executing, outcome: &CommandOutcome, _: &Context<'_>) -> Outcome {
    let number = executing.request.bound("case").unwrap_or("–");
    match outcome {
        CommandOutcome::Done { .. } => Outcome::default(),
        _ => Outcome::say(Say::new(
            INTENT,
            "not_filed",
            Values::new().with("case", Value::word(number), Origin::Record),
        )),
    }
}
