//! What became of a report, and taking one back (A3, A9): from the bank's own record of it and from the case of this
//! chat, whichever there is.

use crate::bank::model::{Dispute, DisputeState, Transaction};
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::case::{CLOSED, KnownCase};
use super::super::request::Request;
use super::super::state::Executing;
use super::human::case;
use super::merchant::{self, Likeness};
use super::{Context, Next, Outcome, Say, Skill, counted, dispute, movement, told_as};

pub(super) const STATUS: Skill = Skill {
    name: "dispute_status",
    access: Access::Anonymous,
    ask,
    answer: status,
    variants: &[
        "answer",
        "none",
        "none_of_these",
        "under_way",
        "under_way_credit",
        "won",
        "lost",
        "withdrawn",
        "closed",
        "not_filed",
        "cannot_read",
        "case_only",
        "case_closed",
        "list",
        "item",
    ],
    report: None,
};

pub(super) const WITHDRAW: Skill = Skill {
    name: "dispute_withdraw",
    access: Access::Linked,
    ask,
    answer: withdraw,
    variants: &[
        "answer",
        "none",
        "decided",
        "which",
        "confirm",
        "kept",
        "done",
        "refused",
        "unknown",
        "not_sent",
        "by_a_person",
    ],
    report: Some(withdrawn),
};

/// As many reports are listed.
const LISTED: usize = 4;

/// One report: the chat's case of it, the bank's record of it, or both.
struct Report<'a> {
    case: Option<&'a KnownCase>,
    dispute: Option<&'a Dispute>,
    entry: Option<&'a Transaction>,
    /// Whether it is on a credit card, as far as that is known: another law.
    credit: bool,
}

fn ask(request: &Request, context: &Context<'_>) -> Vec<Query> {
    if request.bound("declined").is_some() || context.state.link.is_none() {
        return Vec::new();
    }
    let mut queries = vec![entries_query(context), Query::Accounts];
    if context.policy.ports.disputes {
        queries.push(Query::Disputes);
    }
    queries
}

fn entries_query(context: &Context<'_>) -> Query {
    Query::Transactions {
        account: None,
        range: dispute::range(context),
    }
}

/// Returns the reports of this customer, newest first.
fn reports<'a>(
    disputes: &'a [Dispute],
    answers: &'a Answers,
    context: &'a Context<'_>,
) -> Vec<Report<'a>> {
    let entries = answers.transactions(&entries_query(context));
    let entries = entries.map_or(&[][..], |(entries, _)| entries);
    let accounts = answers.accounts().map_or(&[][..], |all| &all.accounts);
    let on_credit = |entry: &Transaction| {
        accounts
            .iter()
            .any(|account| account.id == entry.account && account.kind.is_debt())
    };
    let cases = || {
        let cases = context.state.cases.iter().rev();
        cases.filter(|case| case.kind == "dispute")
    };
    let about = |case: &KnownCase| {
        case.charge
            .as_ref()
            .map(|charge| charge.transaction.clone())
    };
    let named = |dispute: &Dispute| {
        dispute
            .transaction
            .as_ref()
            .map(|id| id.as_str().to_owned())
    };
    let mut found: Vec<Report<'_>> = disputes
        .iter()
        .map(|dispute| {
            // Of two cases about a charge the one that is open is the one that counts.
            let case = named(dispute).and_then(|id| {
                cases()
                    .filter(|case| about(case).as_ref() == Some(&id))
                    .min_by_key(|case| case.closed)
            });
            let id = dispute.transaction.as_ref();
            let entry = id.and_then(|id| entries.iter().find(|entry| entry.id == *id));
            Report {
                case,
                dispute: Some(dispute),
                entry,
                credit: case.is_some_and(KnownCase::is_of_credit) || entry.is_some_and(on_credit),
            }
        })
        .collect();
    let filed = |case: &KnownCase| {
        about(case).is_some_and(|id| {
            disputes
                .iter()
                .any(|dispute| named(dispute).as_ref() == Some(&id))
        })
    };
    found.extend(cases().filter(|case| !filed(case)).map(|case| Report {
        case: Some(case),
        dispute: None,
        entry: None,
        credit: case.is_of_credit(),
    }));
    found.sort_by_key(|report| std::cmp::Reverse(report.since_ms()));
    found
}

/// Returns the reports that a request means; all of them where it names none.
fn meant<'a>(
    all: &'a [Report<'a>],
    request: &Request,
    context: &Context<'_>,
) -> Vec<&'a Report<'a>> {
    let mut meant: Vec<&Report<'_>> = all
        .iter()
        .filter(|report| report.is_meant(request))
        .collect();
    if meant.iter().any(|report| report.is_named_in(context.words)) {
        meant.retain(|report| report.is_named_in(context.words));
    }
    // A closed case that is about no charge is history; it is told where it is all there is.
    if meant.iter().any(|report| !report.is_history()) {
        meant.retain(|report| !report.is_history());
    }
    meant
}

impl Report<'_> {
    fn since_ms(&self) -> i64 {
        match (self.case, self.dispute) {
            (Some(case), _) => case.at_ms,
            (None, Some(dispute)) => dispute.opened_at.as_millisecond(),
            (None, None) => 0,
        }
    }

    /// The number the customer was told, else the bank's own.
    fn number(&self) -> Value {
        match (self.case, self.dispute) {
            (Some(case), _) => Value::word(case.number.to_string()),
            (None, Some(dispute)) => Value::quoted(&dispute.id),
            (None, None) => Value::word("–"),
        }
    }

    fn name(&self) -> Option<String> {
        let case = self.case.and_then(|case| case.charge.as_ref());
        case.map(|charge| charge.name.clone())
            .or_else(|| self.entry.map(merchant::name))
    }

    /// Tells whether the customer's words mean this one.
    fn is_meant(&self, request: &Request) -> bool {
        if let Some(number) = request.bound("case").or_else(|| request.said("case")) {
            let digits = |text: &str| {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                digits.trim_start_matches('0').to_owned()
            };
            return self
                .case
                .is_some_and(|case| case.number.to_string() == digits(number))
                || self
                    .dispute
                    .is_some_and(|dispute| digits(&dispute.id) == digits(number));
        }
        request.said("merchant").is_none_or(|word| {
            self.name()
                .is_some_and(|name| merchant::likeness(&name, word).is_some())
        })
    }

    /// Tells whether the customer's words name its shop: "hows the zelcorp dispute going".
    fn is_named_in(&self, words: &str) -> bool {
        self.name()
            .and_then(|name| merchant::likeness(&name, words))
            .is_some_and(|likeness| likeness <= Likeness::Holds)
    }

    fn is_history(&self) -> bool {
        self.name().is_none() && !self.is_under_way()
    }

    /// What the bank still has to do is open to the customer.
    fn is_under_way(&self) -> bool {
        match (self.dispute, self.case) {
            (Some(dispute), _) => matches!(
                dispute.state,
                DisputeState::Open | DisputeState::Investigating
            ),
            (None, Some(case)) => !case.closed,
            (None, None) => false,
        }
    }

    fn values(&self, context: &Context<'_>) -> Values {
        let state = match self.dispute.map(|dispute| dispute.state) {
            Some(DisputeState::Open) => "open",
            Some(DisputeState::Investigating) => "investigating",
            Some(DisputeState::Won) => "won",
            Some(DisputeState::Lost) => "lost",
            Some(DisputeState::Withdrawn) => "withdrawn",
            None if self.case.is_some_and(|case| case.closed) => "closed",
            None => "noted",
        };
        let at = jiff::Timestamp::from_millisecond(self.since_ms())
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let noted = if self.case.is_some() {
            Origin::Record
        } else {
            Origin::bank("dispute.opened_at")
        };
        let mut values = Values::new()
            .with("case", self.number(), noted.clone())
            .with("noted", Value::Moment(at), noted)
            .with("state", Value::key(state), Origin::bank("dispute.state"));
        values = dispute::with_deadlines(values, self.since_ms(), self.credit, context);
        let charge = self.case.and_then(|case| case.charge.as_ref());
        let (what, amount, name, day) = match (self.entry, charge) {
            (Some(entry), _) => (
                "charge",
                entry.amount,
                merchant::name(entry),
                entry.date(&context.place.zone),
            ),
            (None, Some(charge)) => (
                "charge",
                charge.amount,
                charge.name.clone(),
                Some(charge.day),
            ),
            (None, None) => {
                return values.with("what", Value::key("unnamed"), Origin::Record);
            }
        };
        let shown = self
            .entry
            .map_or(Origin::Record, |_| Origin::bank("transaction.amount"));
        values = values
            .with("what", Value::key(what), Origin::Record)
            .with("amount", Value::Money(amount), shown.clone())
            .with("name", Value::quoted(&name), shown.clone());
        values.with(
            "day",
            Value::Day(day.unwrap_or_else(|| context.place.today())),
            shown,
        )
    }

    fn title(&self, context: &Context<'_>) -> String {
        let number = self.number().show(context.place);
        match self.name() {
            Some(name) => {
                let room = super::super::speak::TITLE_CHARS.saturating_sub(number.len() + 1);
                let short: String = name.chars().take(room).collect();
                format!("{number} {}", short.trim_end())
            }
            None => number,
        }
    }
}

fn status(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "dispute_status";
    let read = context.state.link.is_some() && context.policy.ports.disputes;
    let disputes = answers.disputes();
    let all = reports(disputes.unwrap_or_default(), answers, context);
    if read
        && let Err(failure) = disputes
        && all.is_empty()
    {
        // Nothing is said of what the bank has while it cannot be read (B6).
        return Outcome::failed(failure).into();
    }
    let meant = meant(&all, request, context);
    let outcome = match (meant.as_slice(), all.as_slice()) {
        ([], []) if context.state.link.is_none() => {
            Outcome::say(Say::new(INTENT, "answer", Values::new()))
        }
        ([], []) => Outcome::say(Say::new(INTENT, "none", Values::new())),
        ([], _) => listed(
            INTENT,
            "none_of_these",
            &all.iter().collect::<Vec<_>>(),
            context,
        ),
        ([one], _) => Outcome::say(Say::new(
            INTENT,
            how_it_stands(one, disputes.is_ok(), context),
            one.values(context),
        )),
        (several, _) => listed(INTENT, "list", several, context),
    };
    outcome.into()
}

fn how_it_stands(report: &Report<'_>, read: bool, context: &Context<'_>) -> &'static str {
    let letter = context.policy.rights.profile(report.credit).written_notice;
    let named = report.name().is_some();
    match (report.dispute.map(|dispute| dispute.state), report.case) {
        (Some(_), _) if !named && report.is_under_way() => "case_only",
        (Some(_), _) if !named => "case_closed",
        (Some(DisputeState::Open | DisputeState::Investigating), _) if letter => "under_way_credit",
        (Some(DisputeState::Open | DisputeState::Investigating), _) => "under_way",
        (Some(DisputeState::Won), _) => "won",
        (Some(DisputeState::Lost), _) => "lost",
        (Some(DisputeState::Withdrawn), _) => "withdrawn",
        (None, Some(case)) if case.closed && named => "closed",
        (None, Some(case)) if case.closed => "case_closed",
        // The bank's system was read and does not have it.
        (None, _) if named && read => "not_filed",
        (None, _) if named => "cannot_read",
        (None, _) => "case_only",
    }
}

fn listed(
    intent: &str,
    variant: &'static str,
    reports: &[&Report<'_>],
    context: &Context<'_>,
) -> Outcome {
    let shown = reports.len().min(LISTED);
    let (count, origin) = counted(shown, "reports of this customer");
    let mut say = Say::new(intent, variant, Values::new().with("count", count, origin));
    for report in reports.iter().take(LISTED) {
        say = say.item("item", report.values(context));
    }
    Outcome::say(say)
}

fn withdraw(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "dispute_withdraw";
    if request.bound("declined").is_some() {
        return Outcome::say(Say::new(INTENT, "kept", Values::new())).into();
    }
    if !context.policy.can(CommandKind::WithdrawDispute) {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let disputes = match answers.disputes() {
        Ok(disputes) => disputes,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let all = reports(disputes, answers, context);
    let meant = meant(&all, request, context);
    let open: Vec<&Report<'_>> = meant
        .iter()
        .copied()
        .filter(|report| report.is_under_way())
        .collect();
    let report = match (open.as_slice(), meant.first()) {
        ([], None) => return Outcome::say(Say::new(INTENT, "none", Values::new())).into(),
        ([], Some(newest)) => {
            let variant = if newest.name().is_some() {
                "decided"
            } else {
                "none"
            };
            return Outcome::say(Say::new(INTENT, variant, newest.values(context))).into();
        }
        ([one], _) => *one,
        (several, _) => {
            let mut options: Vec<(String, Request)> = several
                .iter()
                .take(LISTED)
                .map(|report| {
                    let number = report.number().show(context.place);
                    (report.title(context), request.clone().bind("case", number))
                })
                .collect();
            options.push(movement::something_else(context));
            return Outcome::say(Say::new(INTENT, "which", Values::new()))
                .choose(request, options)
                .into();
        }
    };
    let values = report.values(context);
    let Some(dispute) = report.dispute.filter(|_| report.name().is_some()) else {
        // The bank's system does not have it: whoever files it must hear that it is taken back.
        let mut outcome = Outcome::say(Say::new(INTENT, "by_a_person", values));
        if let Some(known) = report.case {
            let mut kept = case(known.number, "dispute", request, context);
            kept.details
                .insert("customer_takes_back".to_owned(), "yes".to_owned());
            outcome = outcome.case(kept);
        }
        return outcome.into();
    };
    let bound = request
        .clone()
        .bind("case", report.number().show(context.place))
        .bind("dispute", dispute.id.as_str());
    if request.bound("confirmed").is_some() {
        let command = BankCommand::WithdrawDispute {
            dispute: dispute.id.clone(),
        };
        return Outcome::default().command(command, bound).into();
    }
    let yes = bound.clone().bind("confirmed", "yes");
    let no = Request::new(INTENT).bind("declined", "yes");
    Outcome::say(Say::new(INTENT, "confirm", values))
        .confirm(&bound, yes, no)
        .into()
}

fn withdrawn(executing: &Executing, outcome: &CommandOutcome, context: &Context<'_>) -> Outcome {
    let variant = told_as(outcome);
    let number = executing.request.bound("case").unwrap_or("–");
    let values = Values::new().with("case", Value::quoted(number), Origin::Record);
    let said =
        Outcome::say(Say::new("dispute_withdraw", variant, values).class(SendClass::Outcome));
    let known = number.parse::<i64>().ok().filter(|number| {
        context
            .state
            .cases
            .iter()
            .any(|known| known.number == *number)
    });
    match (known, outcome) {
        (Some(number), CommandOutcome::Done { .. }) => {
            let mut kept = case(number, "dispute", &executing.request, context);
            CLOSED.clone_into(&mut kept.status);
            said.case(kept)
        }
        _ => said,
    }
}
