//! Alerts that the bank itself sends: set, listed, turned off. What is set takes the customer's own words (F1), so it is not
//! asked again; turning one off is.

use crate::bank::alert::{Alert, AlertKind, AlertSetting, Rhythm};
use crate::bank::model::{Account, AccountId};
use crate::bank::{Answers, BankCommand, CommandKind, CommandOutcome, Query};
use crate::intent::catalogue::Access;
use crate::money::Money;
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::super::state::Executing;
use super::resolve::{self, Which};
use super::{Context, Next, Outcome, Say, Skill, told_as};

pub(super) const SET: Skill = Skill {
    name: "alert_set",
    access: Access::Linked,
    ask: ask_set,
    answer: set,
    variants: &[
        "answer",
        "which",
        "below_what",
        "above_what",
        "no_account",
        "done",
        "unknown",
        "refused",
        "not_sent",
        "word_low_balance",
        "word_large_purchase",
        "word_deposit",
        "word_due_date",
        "word_balance_digest",
    ],
    report: Some(report),
};

pub(super) const LIST: Skill = Skill {
    name: "alert_list",
    access: Access::Linked,
    ask: ask_list,
    answer: list,
    variants: &["answer", "list", "none"],
    report: None,
};

pub(super) const REMOVE: Skill = Skill {
    name: "alert_remove",
    access: Access::Linked,
    ask: ask_remove,
    answer: remove,
    variants: &[
        "answer", "confirm", "which", "kept", "none", "done", "unknown", "refused", "not_sent",
        "word_all",
    ],
    report: Some(report_removed),
};

/// A due date is told so many days before where the customer named no number.
const LEAD_DAYS: u8 = 3;

/// More than this is no reminder.
const MOST_LEAD_DAYS: u8 = 28;

fn ask_set(_: &Request, context: &Context<'_>) -> Vec<Query> {
    if context.policy.can(CommandKind::SetAlert) {
        vec![Query::Accounts]
    } else {
        Vec::new()
    }
}

fn set(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "alert_set";
    let say = |variant, values| Outcome::say(Say::new(INTENT, variant, values));
    if !context.policy.can(CommandKind::SetAlert) {
        return say("answer", Values::new()).into();
    }
    let Some(kind) = request.said("kind").and_then(AlertKind::of) else {
        let kinds = [
            AlertKind::LowBalance,
            AlertKind::LargePurchase,
            AlertKind::Deposit,
            AlertKind::DueDate,
            AlertKind::BalanceDigest,
        ];
        let options = kinds.map(|kind| (word(kind, context), of_kind(request, kind)));
        return say("which", Values::new())
            .choose(request, options.to_vec())
            .into();
    };
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let account = match account_for(kind, &all.accounts, request) {
        Which::One(account) => account,
        Which::Nothing => return say("no_account", Values::new()).into(),
        Which::Several(several) => {
            let options = several.iter().take(4).map(|account| {
                (
                    resolve::label_text(account, context),
                    request.clone().bind("account", account.id.as_str()),
                )
            });
            return Outcome::say(Say::shared("choose_account"))
                .choose(request, options.collect())
                .into();
        }
    };
    let threshold = request
        .said("threshold")
        .and_then(|text| Money::parse(text, account.currency).ok())
        .filter(|amount| amount.minor() > 0);
    let missing = match kind {
        AlertKind::LowBalance => Some("below_what"),
        AlertKind::LargePurchase => Some("above_what"),
        AlertKind::Deposit | AlertKind::DueDate | AlertKind::BalanceDigest => None,
    };
    if let Some(variant) = missing.filter(|_| threshold.is_none()) {
        let values = resolve::with_account(Values::new(), "account", account, context);
        let request = request.clone().bind("account", account.id.as_str());
        return say(variant, values).ask_for_words(&request).into();
    }
    let setting = AlertSetting {
        kind,
        account: account.id.clone(),
        threshold: threshold
            .filter(|_| kind != AlertKind::DueDate && kind != AlertKind::BalanceDigest),
        lead_days: (kind == AlertKind::DueDate).then(|| lead_days(request)),
        rhythm: (kind == AlertKind::BalanceDigest).then(|| rhythm(request)),
    };
    let kept = keep(request, &setting, resolve::label_text(account, context));
    Outcome::default()
        .command(BankCommand::SetAlert { setting }, kept)
        .into()
}

fn of_kind(request: &Request, kind: AlertKind) -> Request {
    request.clone().slot("kind", kind.name())
}

/// Finds the account by what the alert is about: a due date belongs to a debt, the others to money that is there or, for
/// purchases, to whatever has a card.
fn account_for<'a>(kind: AlertKind, all: &'a [Account], request: &Request) -> Which<'a, Account> {
    let fits = |account: &Account| match kind {
        AlertKind::DueDate => account.kind.is_debt(),
        AlertKind::LowBalance | AlertKind::Deposit | AlertKind::BalanceDigest => {
            !account.kind.is_debt()
        }
        AlertKind::LargePurchase => true,
    };
    // "before my credit card is due" names a product.
    let named = match request.said("product") {
        Some(product) if request.said("account").is_none() => {
            request.clone().slot("account", product)
        }
        _ => request.clone(),
    };
    let found = match resolve::accounts(all, &named) {
        Which::One(account) => vec![account],
        Which::Several(several) => several,
        Which::Nothing => all.iter().collect(),
    };
    let fitting: Vec<&Account> = found.into_iter().filter(|account| fits(account)).collect();
    match fitting.as_slice() {
        [] => Which::Nothing,
        [one] => Which::One(one),
        _ => Which::Several(fitting),
    }
}

fn lead_days(request: &Request) -> u8 {
    let said = request.said("lead_days").and_then(|days| days.parse().ok());
    said.unwrap_or(LEAD_DAYS).clamp(1, MOST_LEAD_DAYS)
}

/// The nearest the bank has to what was said: the part of the day and the weekday are the bank's.
fn rhythm(request: &Request) -> Rhythm {
    match request.said("schedule") {
        Some(said) if said.starts_with("daily") => Rhythm::Daily,
        Some(said) if said.starts_with("month") || said.starts_with("year") => Rhythm::Monthly,
        _ => Rhythm::Weekly,
    }
}

/// Keeps with the command what its report says.
fn keep(request: &Request, setting: &AlertSetting, label: String) -> Request {
    let mut kept = request
        .clone()
        .bind("label", label)
        .bind("what", what(setting));
    if let Some(amount) = setting.threshold {
        kept = kept
            .bind("minor", amount.minor().to_string())
            .bind("currency", amount.currency().code());
    }
    if let Some(days) = setting.lead_days {
        kept = kept.bind("days", days.to_string());
    }
    kept
}

/// Returns the key that templates select an alert's words by.
const fn what(setting: &AlertSetting) -> &'static str {
    match (setting.kind, setting.threshold, setting.rhythm) {
        (AlertKind::LowBalance, _, _) => "low_balance",
        (AlertKind::LargePurchase, _, _) => "large_purchase",
        (AlertKind::Deposit, None, _) => "deposit",
        (AlertKind::Deposit, Some(_), _) => "deposit_from",
        (AlertKind::DueDate, _, _) => "due_date",
        (AlertKind::BalanceDigest, _, Some(Rhythm::Daily)) => "daily",
        (AlertKind::BalanceDigest, _, Some(Rhythm::Monthly)) => "monthly",
        (AlertKind::BalanceDigest, _, _) => "weekly",
    }
}

/// Returns the values of the words that tell what an alert is set to: those its kind has.
fn told(
    key: &str,
    account: Value,
    threshold: Option<Money>,
    days: Option<u8>,
    origin: &Origin,
) -> Values {
    let mut values = Values::new()
        .with("what", Value::key(key), origin.clone())
        .with("account", account, Origin::bank("account.name"));
    if let Some(amount) = threshold {
        values = values.with("amount", Value::Money(amount), origin.clone());
    }
    if let Some(days) = days {
        values = values.with("days", Value::Count(u64::from(days)), origin.clone());
    }
    values
}

fn kept_values(request: &Request) -> Values {
    let amount = || {
        let minor = request.bound("minor")?.parse().ok()?;
        let currency = request.bound("currency")?.parse().ok()?;
        Some(Money::from_minor(minor, currency))
    };
    let days = request.bound("days").and_then(|days| days.parse().ok());
    let account = Value::quoted(request.bound("label").unwrap_or("–"));
    let what = request.bound("what").unwrap_or("low_balance");
    told(what, account, amount(), days, &Origin::Customer)
}

fn report(executing: &Executing, outcome: &CommandOutcome, _: &Context<'_>) -> Outcome {
    let values = kept_values(&executing.request);
    let say = Say::new("alert_set", told_as(outcome), values);
    Outcome::say(say.class(SendClass::Outcome))
}

fn ask_list(_: &Request, context: &Context<'_>) -> Vec<Query> {
    if context.policy.ports.alerts {
        vec![Query::Alerts, Query::Accounts]
    } else {
        Vec::new()
    }
}

/// Returns the alerts of the kind that was asked for.
fn asked_for<'a>(alerts: &'a [Alert], request: &Request) -> Vec<&'a Alert> {
    let kind = request.said("kind").and_then(AlertKind::of);
    let of_kind = |alert: &&Alert| kind.is_none_or(|kind| alert.setting.kind == kind);
    alerts.iter().filter(of_kind).collect()
}

fn alert_values(alert: &Alert, answers: &Answers, context: &Context<'_>) -> Values {
    let setting = &alert.setting;
    let account = account_label(&setting.account, answers, context);
    told(
        what(setting),
        account,
        setting.threshold,
        setting.lead_days,
        &Origin::bank("alert"),
    )
    .with(
        "channel",
        Value::key(alert.channel.name()),
        Origin::bank("alert.channel"),
    )
}

fn account_label(id: &AccountId, answers: &Answers, context: &Context<'_>) -> Value {
    let accounts = answers.accounts().map_or(&[][..], |all| &all.accounts);
    let account = accounts.iter().find(|account| account.id == *id);
    account.map_or_else(
        || Value::word(resolve::word("kind_other", context)),
        |account| resolve::label(account, context),
    )
}

fn list(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "alert_list";
    if !context.policy.ports.alerts {
        return Outcome::say(Say::new(INTENT, "answer", Values::new())).into();
    }
    let alerts = match answers.alerts() {
        Ok(alerts) => alerts,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let shown = asked_for(alerts, request);
    if shown.is_empty() {
        return Outcome::say(Say::new(INTENT, "none", Values::new())).into();
    }
    let (count, origin) = super::counted(shown.len(), "alerts the bank has");
    let list = Say::new(INTENT, "list", Values::new().with("count", count, origin));
    let say = shown.iter().take(8).fold(list, |say, alert| {
        say.item("alert_line", alert_values(alert, answers, context))
    });
    Outcome::say(say).into()
}

fn ask_remove(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let needed = request.bound("declined").is_none()
        && context.policy.can(CommandKind::RemoveAlert)
        && context.policy.ports.alerts;
    if needed {
        vec![Query::Alerts, Query::Accounts]
    } else {
        Vec::new()
    }
}

fn remove(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "alert_remove";
    let say = |variant, values| Outcome::say(Say::new(INTENT, variant, values));
    if request.bound("declined").is_some() {
        return say("kept", Values::new()).into();
    }
    if !context.policy.can(CommandKind::RemoveAlert) || !context.policy.ports.alerts {
        return say("answer", Values::new()).into();
    }
    let alerts = match answers.alerts() {
        Ok(alerts) => alerts,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let mut meant = asked_for(alerts, request);
    if let Some(id) = request.bound("alert") {
        meant.retain(|alert| alert.id == id);
    } else if let (Some(_), Ok(all)) = (request.said("account"), answers.accounts())
        && let Which::One(account) = resolve::accounts(&all.accounts, request)
    {
        meant.retain(|alert| alert.setting.account == account.id);
    }
    match meant.as_slice() {
        [] => say("none", Values::new()).into(),
        several if request.bound("all").is_some() => several
            .iter()
            .fold(Outcome::default(), |outcome, alert| {
                turn_off(outcome, request, alert, answers, context)
            })
            .into(),
        [alert] if request.bound("confirmed").is_some() => {
            turn_off(Outcome::default(), request, alert, answers, context).into()
        }
        [alert] => {
            let yes = request
                .clone()
                .bind("alert", alert.id.as_str())
                .bind("confirmed", "yes");
            let no = Request::new(INTENT).bind("declined", "yes");
            say("confirm", alert_values(alert, answers, context))
                .confirm(request, yes, no)
                .into()
        }
        several => {
            let question = Say::new(INTENT, "which", Values::new());
            let mut options = Vec::new();
            for alert in several.iter().take(4) {
                let mut title = word(alert.setting.kind, context);
                let same = |other: &&&Alert| other.setting.kind == alert.setting.kind;
                if several.iter().filter(same).count() > 1 {
                    title =
                        account_label(&alert.setting.account, answers, context).show(context.place);
                }
                let request = request
                    .clone()
                    .bind("alert", alert.id.as_str())
                    .bind("confirmed", "yes");
                options.push((title, request));
            }
            let all = resolve::own_word(INTENT, "word_all", context);
            options.push((all, request.clone().bind("all", "yes")));
            let say = several.iter().take(4).fold(question, |say, alert| {
                say.item("alert_line", alert_values(alert, answers, context))
            });
            Outcome::say(say).choose(request, options).into()
        }
    }
}

fn turn_off(
    outcome: Outcome,
    request: &Request,
    alert: &Alert,
    answers: &Answers,
    context: &Context<'_>,
) -> Outcome {
    let label = account_label(&alert.setting.account, answers, context).show(context.place);
    let kept = keep(request, &alert.setting, label);
    let command = BankCommand::RemoveAlert {
        alert: alert.id.clone(),
    };
    outcome.command(command, kept)
}

fn report_removed(executing: &Executing, outcome: &CommandOutcome, _: &Context<'_>) -> Outcome {
    let values = kept_values(&executing.request);
    let say = Say::new("alert_remove", told_as(outcome), values);
    Outcome::say(say.class(SendClass::Outcome))
}

/// The short name of a kind, for buttons.
fn word(kind: AlertKind, context: &Context<'_>) -> String {
    let variant = match kind {
        AlertKind::LowBalance => "word_low_balance",
        AlertKind::LargePurchase => "word_large_purchase",
        AlertKind::Deposit => "word_deposit",
        AlertKind::DueDate => "word_due_date",
        AlertKind::BalanceDigest => "word_balance_digest",
    };
    resolve::own_word("alert_set", variant, context)
}
