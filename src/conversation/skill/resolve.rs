//! From what the customer said to what the bank has: which account, which card, and what they are called.

use crate::bank::model::{Account, AccountKind, Card};
use crate::intent::normalize::normalize;
use crate::reply::value::{Origin, Value, Values, clean};

use super::super::request::Request;
use super::{Context, Outcome, Say};

/// Which of the customer's things were meant.
#[derive(Debug)]
pub enum Which<'a, T> {
    /// Exactly this one.
    One(&'a T),
    /// Any of these.
    Several(Vec<&'a T>),
    /// None that is there.
    Nothing,
}

impl<'a, T> Which<'a, T> {
    fn of(found: Vec<&'a T>) -> Self {
        match found.as_slice() {
            [] => Self::Nothing,
            [one] => Self::One(one),
            _ => Self::Several(found),
        }
    }
}

/// Finds the accounts a request means: the bound one, else by the words, else all of them.
pub fn accounts<'a>(all: &'a [Account], request: &Request) -> Which<'a, Account> {
    if let Some(id) = request.bound("account") {
        return Which::of(all.iter().filter(|a| a.id.as_str() == id).collect());
    }
    let said = request.said("account").or_else(|| {
        // "my credit card balance" names a card where an account is meant.
        request.said("card").map(|card| match card {
            "credit" => "credit_card",
            "debit" => "checking",
            other => other,
        })
    });
    match said {
        None | Some("all") => Which::of(all.iter().collect()),
        Some(word) => Which::of(all.iter().filter(|a| is_called(a, word)).collect()),
    }
}

/// Tells whether an account is meant by a slot's word: its kind, its last four, or its name.
pub fn is_called(account: &Account, word: &str) -> bool {
    let kind = match word {
        "checking" => account.kind == AccountKind::Checking,
        "savings" => account.kind == AccountKind::Savings,
        "credit_card" => {
            matches!(
                account.kind,
                AccountKind::CreditCard | AccountKind::ChargeCard
            )
        }
        "loan" => matches!(
            account.kind,
            AccountKind::Loan | AccountKind::Mortgage | AccountKind::LineOfCredit
        ),
        "mortgage" => account.kind == AccountKind::Mortgage,
        "other" => matches!(
            account.kind,
            AccountKind::Other | AccountKind::Investment | AccountKind::Wallet
        ),
        _ => false,
    };
    kind || word
        .strip_prefix("last4:")
        .is_some_and(|digits| account.mask.ends_with(digits))
        || named(&account.name, word)
}

fn named(name: &str, word: &str) -> bool {
    let (name, word) = (normalize(name).text, normalize(word).text);
    word.len() >= 3 && (name == word || name.split(' ').any(|part| part == word))
}

/// Finds the cards a request means: the bound one, else by the words, else all of them.
pub fn cards<'a>(all: &'a [Card], request: &Request) -> Which<'a, Card> {
    if let Some(id) = request.bound("card") {
        return Which::of(all.iter().filter(|card| card.id.as_str() == id).collect());
    }
    let Some(word) = request.said("card") else {
        return Which::of(all.iter().collect());
    };
    Which::of(
        all.iter()
            .filter(|card| match word {
                "debit" => !card.credit,
                "credit" => card.credit,
                other => {
                    other
                        .strip_prefix("last4:")
                        .is_some_and(|digits| card.mask.ends_with(digits))
                        || card.brand.eq_ignore_ascii_case(other)
                }
            })
            .collect(),
    )
}

/// Returns what an account is called in a reply, `Checking ••1234` (5.3): the bank's word for its kind is
/// said in the customer's language, a nickname stays as it is.
pub fn label(account: &Account, context: &Context<'_>) -> Value {
    let kind = kind_word(account.kind);
    let generic = ["checking", "savings", "credit card", "loan", "mortgage"]
        .contains(&normalize(&account.name).text.as_str());
    let name = if generic || account.name.trim().is_empty() {
        word(kind, context)
    } else {
        clean(&account.name)
    };
    Value::word(format!("{name} ••{}", digits(&account.mask)))
}

/// Returns the same label as plain text, for buttons.
pub fn label_text(account: &Account, context: &Context<'_>) -> String {
    label(account, context).show(context.place)
}

/// Adds an account's label under a placeholder.
pub fn with_account(
    values: Values,
    name: &str,
    account: &Account,
    context: &Context<'_>,
) -> Values {
    values.with(name, label(account, context), Origin::bank("account.name"))
}

/// Returns what a card is called: `Visa ••4417`.
pub fn card_label(card: &Card) -> Value {
    let brand = clean(&card.brand);
    let mut characters = brand.chars();
    let brand: String = characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default();
    Value::word(
        format!("{brand} ••{}", digits(&card.mask))
            .trim()
            .to_owned(),
    )
}

/// Finds the one card a request means, preferring those that can be `used` for it: the one that is meant alone, even where
/// it cannot, else the only one that can. What is left is asked for.
pub fn one_card<'a>(
    all: &'a [Card],
    request: &Request,
    used: impl Fn(&Card) -> bool,
) -> Which<'a, Card> {
    let of =
        |found: &[&'a Card]| Which::of(found.iter().copied().filter(|card| used(card)).collect());
    match cards(all, request) {
        Which::Several(several) if several.iter().any(|card| used(card)) => of(&several),
        Which::One(card) => Which::One(card),
        _ => of(&all.iter().collect::<Vec<_>>()),
    }
}

/// Asks which of several cards is meant.
pub fn choose_card(request: &Request, several: &[&Card], context: &Context<'_>) -> Outcome {
    let options = several.iter().take(4).map(|card| {
        (
            card_label(card).show(context.place),
            request.clone().bind("card", card.id.as_str()),
        )
    });
    Outcome::say(Say::shared("choose_card")).choose(request, options.collect())
}

/// Masks show four digits at most (requirement D2), whatever the bank sends.
fn digits(mask: &str) -> String {
    let digits: Vec<char> = mask.chars().filter(char::is_ascii_alphanumeric).collect();
    digits
        .get(digits.len().saturating_sub(4)..)
        .unwrap_or_default()
        .iter()
        .collect()
}

const fn kind_word(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Checking => "kind_checking",
        AccountKind::Savings => "kind_savings",
        AccountKind::CreditCard | AccountKind::ChargeCard => "kind_credit_card",
        AccountKind::LineOfCredit => "kind_credit_line",
        AccountKind::Loan => "kind_loan",
        AccountKind::Mortgage => "kind_mortgage",
        AccountKind::Wallet | AccountKind::Prepaid => "kind_wallet",
        AccountKind::Investment => "kind_investment",
        AccountKind::Other => "kind_other",
    }
}

/// Returns a word of an intent's replies in the customer's language.
pub fn own_word(intent: &str, variant: &str, context: &Context<'_>) -> String {
    let found = context.catalogue.reply(intent, context.language(), variant);
    found
        .map(|variant| variant.source.clone())
        .unwrap_or_default()
}

/// Returns a shared word of the catalogue in the customer's language.
pub fn word(variant: &str, context: &Context<'_>) -> String {
    context
        .catalogue
        .shared_reply(context.language(), variant)
        .map(|variant| variant.source.clone())
        .unwrap_or_default()
}
