//! Papers: statements, account numbers, receipts. In the thread only what may be there: dates, masks, and
//! what the bank's own entry says (requirements D2, N15).

use sha2::{Digest, Sha256};

use crate::bank::model::{Account, Statement, Transaction, TransactionStatus};
use crate::bank::{Answers, Query};
use crate::intent::catalogue::Access;
use crate::intent::slot::calendar::period;
use crate::message::{Receipt, ReceiptLine};
use crate::reply::value::{Origin, Value, Values};
use crate::store::SendClass;

use super::super::request::Request;
use super::super::view::Shown;
use super::ledger::{self, Usual};
use super::resolve::{self, Which};
use super::{Change, Context, Next, Outcome, Say, Shape, Skill, counted, merchant};

pub(super) const STATEMENT: Skill = Skill {
    name: "statement",
    access: Access::Linked,
    ask: ask_statement,
    answer: statement,
    variants: &[
        "list", "item", "where", "none", "one", "open", "others", "no_such",
    ],
    report: None,
};

pub(super) const DETAILS: Skill = Skill {
    name: "account_details",
    access: Access::Linked,
    ask: ask_accounts,
    answer: details,
    variants: &["masked", "routing", "item", "once", "open", "which"],
    report: None,
};

pub(super) const RECEIPT: Skill = Skill {
    name: "receipt",
    access: Access::Linked,
    ask: ask_receipt,
    answer: receipt,
    variants: &[
        "one",
        "hidden",
        "not_final",
        "which",
        "item",
        "none",
        "none_named",
        "word_customer",
    ],
    report: None,
};

fn ask_accounts(_: &Request, _: &Context<'_>) -> Vec<Query> {
    vec![Query::Accounts]
}

fn ask_statement(request: &Request, _: &Context<'_>) -> Vec<Query> {
    let mut queries = vec![Query::Accounts];
    if let Some(id) = request.bound("account") {
        queries.push(Query::Statements {
            account: crate::bank::AccountId(id.to_owned()),
        });
    }
    queries
}

fn statement(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let account = match resolve::accounts(&all.accounts, request) {
        Which::One(account) => account,
        Which::Nothing => return Outcome::say(Say::shared("no_account")).into(),
        Which::Several(several) => {
            let options = several
                .iter()
                .take(4)
                .map(|account| {
                    (
                        resolve::label_text(account, context),
                        request.clone().bind("account", account.id.as_str()),
                    )
                })
                .collect();
            return Outcome::say(Say::shared("choose_account"))
                .choose(request, options)
                .into();
        }
    };
    let query = Query::Statements {
        account: account.id.clone(),
    };
    if !answers.has(&query) {
        return Next::Ask(vec![query]);
    }
    let mut all = match answers.statements(&account.id) {
        Ok(found) => found.to_vec(),
        Err(failure) => return Outcome::failed(failure).into(),
    };
    all.sort_by_key(|one| std::cmp::Reverse(one.date));
    let named = request
        .said("period")
        .and_then(|value| period::resolve_back(value, &context.place.zoned()));
    let of_period = |one: &&Statement| {
        named.is_none_or(|range| {
            // A month's statement may close in the first days of the next one.
            let last = range.last.saturating_add(jiff::Span::new().days(10));
            range.first <= one.date && one.date <= last
        })
    };
    let found: Vec<&Statement> = all.iter().filter(of_period).collect();
    let values = resolve::with_account(Values::new(), "account", account, context);
    let Some(newest) = found.first() else {
        if all.is_empty() {
            return Outcome::say(Say::new("statement", "none", values)).into();
        }
        return Outcome::say(listed(Say::new("statement", "no_such", values), &all)).into();
    };
    if !context.policy.ports.papers || context.policy.public_url.is_none() {
        let (count, origin) = counted(found.len(), "statements the bank has");
        let say = Say::new("statement", "list", values.with("count", count, origin));
        return Outcome::say(listed(say, found).tail("where", Values::new())).into();
    }
    // The oldest of a month that two statements touch is the month's own.
    let meant = if named.is_some() { found.last() } else { None };
    let meant = meant.unwrap_or(newest);
    let mut say = Say::new(
        "statement",
        "one",
        values.with("day", Value::Day(meant.date), day()),
    );
    say.shape = Shape::Link {
        title: "open",
        path: super::VIEW_PATH.to_owned(),
    };
    if named.is_none() && all.len() > 1 {
        say = listed(
            say.item("others", Values::new()),
            all.iter().filter(|one| one.id != meant.id),
        );
    }
    Outcome::say(say)
        .change(Change::View(Shown::Statement {
            account: account.id.clone(),
            statement: meant.id.clone(),
            day: meant.date,
        }))
        .into()
}

fn day() -> Origin {
    Origin::bank("statement.date")
}

/// Adds the days of statements.
fn listed<'a>(say: Say, statements: impl IntoIterator<Item = &'a Statement>) -> Say {
    statements.into_iter().take(4).fold(say, |say, one| {
        say.item(
            "item",
            Values::new().with("day", Value::Day(one.date), day()),
        )
    })
}

fn details(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    const INTENT: &str = "account_details";
    let all = match answers.accounts() {
        Ok(all) => all,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let shown: Vec<&Account> = match resolve::accounts(&all.accounts, request) {
        Which::One(account) => vec![account],
        Which::Several(several) => several,
        Which::Nothing => return Outcome::say(Say::shared("no_account")).into(),
    };
    let payable: Vec<&Account> = shown
        .iter()
        .copied()
        .filter(|account| !account.kind.is_debt())
        .collect();
    // Payment networks name no IBAN and no BIC.
    let on_page = !matches!(request.said("field"), Some("iban" | "swift"));
    if on_page && context.policy.ports.papers && context.policy.public_url.is_some() {
        match payable.as_slice() {
            [] => {}
            [account] => return shown_once(account, context).into(),
            several => {
                let options = several.iter().take(4).map(|account| {
                    (
                        resolve::label_text(account, context),
                        request.clone().bind("account", account.id.as_str()),
                    )
                });
                return Outcome::say(Say::new(INTENT, "which", Values::new()))
                    .choose(request, options.collect())
                    .into();
            }
        }
    }
    let variant = match request.said("field") {
        Some("routing" | "swift") => "routing",
        _ => "masked",
    };
    let say = shown
        .iter()
        .filter(|account| !account.kind.is_debt() || shown.len() == 1)
        .take(6)
        .fold(Say::new(INTENT, variant, Values::new()), |say, account| {
            say.item(
                "item",
                resolve::with_account(Values::new(), "account", account, context),
            )
        });
    Outcome::say(say).into()
}

/// Offers the page that shows an account's full numbers: never the thread (D2).
fn shown_once(account: &Account, context: &Context<'_>) -> Outcome {
    let values = resolve::with_account(Values::new(), "account", account, context);
    let mut say = Say::new("account_details", "once", values).class(SendClass::Prompt);
    say.shape = Shape::Link {
        title: "open",
        path: super::VIEW_PATH.to_owned(),
    };
    Outcome::say(say).change(Change::View(Shown::Numbers {
        account: account.id.clone(),
        label: resolve::label_text(account, context),
    }))
}

const RECEIPT_DAYS: i32 = 95;

fn ask_receipt(request: &Request, context: &Context<'_>) -> Vec<Query> {
    let (range, _) = ledger::range(request, Usual::Days(RECEIPT_DAYS), context);
    vec![Query::Accounts, ledger::query(request, range)]
}

fn receipt(request: &Request, answers: &Answers, context: &Context<'_>) -> Next {
    let (range, named) = ledger::range(request, Usual::Days(RECEIPT_DAYS), context);
    let (entries, _) = match answers.transactions(&ledger::query(request, range)) {
        Ok(found) => found,
        Err(failure) => return Outcome::failed(failure).into(),
    };
    let purchases: Vec<&Transaction> = ledger::select(entries, request, range, context)
        .into_iter()
        .filter(|entry| ledger::is_spending(entry))
        .collect();
    let days = ledger::with_range(Values::new(), range, named);
    if let Some(id) = request.bound("transaction") {
        return match purchases.iter().find(|entry| entry.id.as_str() == id) {
            Some(entry) => one_receipt(entry, answers, context).into(),
            None => Outcome::say(Say::new("receipt", "none", days)).into(),
        };
    }
    let found = match ledger::wanted(request) {
        Some(word) => {
            let found: Vec<&Transaction> = merchant::find(&purchases, word)
                .0
                .into_values()
                .flatten()
                .collect();
            if found.is_empty() {
                let values = days.with("name", Value::quoted(word), Origin::Customer);
                return Outcome::say(Say::new("receipt", "none_named", values)).into();
            }
            found
        }
        None => purchases,
    };
    match found.as_slice() {
        [] => Outcome::say(Say::new("receipt", "none", days)).into(),
        [entry] => one_receipt(entry, answers, context).into(),
        several => {
            let mut say = Say::new("receipt", "which", Values::new());
            let mut options = Vec::new();
            for entry in several.iter().take(4) {
                say = say.item("item", ledger::entry_values(entry, false, context));
                options.push((
                    super::dispute::title(entry, context),
                    request.clone().bind("transaction", entry.id.as_str()),
                ));
            }
            Outcome::say(say).choose(request, options).into()
        }
    }
}

/// A receipt of what the bank knows: shop, day, total. It has no list of what was bought, so there is one line.
fn one_receipt(entry: &Transaction, answers: &Answers, context: &Context<'_>) -> Outcome {
    let values = ledger::entry_values(entry, false, context);
    if entry.status == TransactionStatus::Pending {
        return Outcome::say(Say::new("receipt", "not_final", values));
    }
    if context.state.private {
        return Outcome::say(Say::new("receipt", "hidden", values));
    }
    let account = answers
        .accounts()
        .ok()
        .and_then(|all| all.accounts.iter().find(|one| one.id == entry.account));
    let name = merchant::name(entry);
    let total = entry.amount.abs().to_decimal();
    let noon = entry
        .date(&context.place.zone)
        .and_then(|day| {
            day.at(12, 0, 0, 0)
                .to_zoned(context.place.zone.clone())
                .ok()
        })
        .map(|noon| noon.timestamp());
    let at = entry.occurred_at.or(noon);
    let mut say = Say::new("receipt", "one", values).on(
        "dispute",
        Request::new("dispute").bind("transaction", entry.id.as_str()),
    );
    say.shape = Shape::Receipt(Receipt {
        order_number: number(entry),
        recipient_name: resolve::own_word("receipt", "word_customer", context),
        merchant_name: Some(name.clone()),
        currency: entry.amount.currency().code().to_owned(),
        payment_method: account
            .map(|account| resolve::label_text(account, context))
            .unwrap_or_default(),
        at_seconds: at.map(jiff::Timestamp::as_second),
        lines: vec![ReceiptLine {
            title: name,
            subtitle: None,
            price: total.clone(),
        }],
        total,
    });
    Outcome::say(say)
}

/// Names a receipt without giving away the bank's id of the entry.
fn number(entry: &Transaction) -> String {
    let digest = Sha256::new()
        .chain_update(entry.account.as_str())
        .chain_update([0])
        .chain_update(entry.id.as_str())
        .finalize();
    hex::encode(digest.get(..6).unwrap_or_default())
}
