//! FDX accounts and statements into the neutral model.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{Category, Moment, Number, Token, WireError, filled, note_unknown, read_object};
use super::{BalanceSign, Settings};
use crate::bank::model::{
    Account, AccountId, AccountKind, AccountStatus, Balance, BalanceKind, Statement,
};
use crate::money::{Currency, Money};

/// An account as it is sent; every field may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAccount {
    #[serde(default)]
    account_id: Option<Token>,
    #[serde(default)]
    account_category: Option<String>,
    #[serde(default)]
    account_type: Option<String>,
    #[serde(default)]
    account_number_display: Option<Token>,
    #[serde(default)]
    product_name: Option<String>,
    #[serde(default)]
    nickname: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    currency: Option<WireCurrency>,
    #[serde(default)]
    error: Option<Box<RawValue>>,
    #[serde(default)]
    balance_as_of: Option<String>,
    #[serde(default)]
    current_balance: Option<Number>,
    #[serde(default)]
    available_balance: Option<Number>,
    #[serde(default)]
    principal_balance: Option<Number>,
    #[serde(default)]
    available_credit: Option<Number>,
    #[serde(default)]
    credit_line: Option<Number>,
    #[serde(default)]
    minimum_payment_amount: Option<Number>,
    #[serde(default)]
    next_payment_amount: Option<Number>,
    #[serde(default)]
    next_payment_date: Option<String>,
    #[serde(default)]
    last_stmt_balance: Option<Number>,
    #[serde(default)]
    interest_rate: Option<Number>,
    #[serde(default)]
    purchases_apr: Option<Number>,
}

/// `{"currencyCode":"USD"}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireCurrency {
    #[serde(default)]
    pub(super) currency_code: Option<String>,
}

/// What an element of the list of accounts turned out to be.
pub(super) enum Read {
    /// A good account, and whether its balances still have to be fetched.
    Account {
        /// The account.
        account: Account,
        /// The list was "lightweight": no balance at all.
        bare: bool,
    },
    /// One that the bank could not read: its name or mask.
    Missing(String),
}

/// Reads one element. Only an element without an id or with an error of its own is
/// [`Read::Missing`]; an unknown code word never fails the call.
pub(super) fn read(raw: &RawValue, settings: &Settings) -> Result<Read, WireError> {
    let (wrapper, wire): (_, WireAccount) = read_object(raw)?;
    let mask = mask_of(wire.account_number_display.as_ref());
    let name = filled(wire.nickname.clone()).or_else(|| filled(wire.product_name.clone()));
    if wire.error.is_some() {
        return Ok(Read::Missing(name.unwrap_or_else(|| shown_mask(&mask))));
    }
    let Some(id) = wire.account_id.as_ref().filter(|id| !id.0.is_empty()) else {
        return Err(WireError::Missing("accountId"));
    };
    let category = wrapper
        .or_else(|| wire.account_category.as_deref().map(Category::from_code))
        .unwrap_or_default();
    let kind = kind_of(category, wire.account_type.as_deref());
    let currency = match wire
        .currency
        .as_ref()
        .and_then(|currency| currency.currency_code.as_deref())
    {
        Some(code) => code
            .parse()
            .map_err(|_| WireError::Field("currency.currencyCode"))?,
        None => settings.currency,
    };
    let balances = balances_of(&wire, kind, currency, settings)?;
    let bare = balances.is_empty();
    Ok(Read::Account {
        account: Account {
            id: AccountId(id.0.clone()),
            institution: settings.institution.clone(),
            kind,
            name: name
                .or_else(|| filled(wire.account_type.clone()))
                .unwrap_or_default(),
            mask,
            currency,
            status: status_of(wire.status.as_deref()),
            balances,
            due_date: day_of(wire.next_payment_date.as_deref(), &settings.zone),
            interest_rate_bp: basis_points(
                wire.purchases_apr.as_ref().or(wire.interest_rate.as_ref()),
            ),
        },
        bare,
    })
}

fn balances_of(
    wire: &WireAccount,
    kind: AccountKind,
    currency: Currency,
    settings: &Settings,
) -> Result<Vec<Balance>, WireError> {
    let as_of = wire
        .balance_as_of
        .as_deref()
        .and_then(Moment::parse)
        .and_then(|moment| moment.instant(&settings.zone));
    let read = |field: &'static str, number: Option<&Number>| -> Result<Option<Money>, WireError> {
        number
            .map(|number| {
                Money::parse(number.text(), currency).map_err(|_| WireError::Field(field))
            })
            .transpose()
    };
    let current = read("currentBalance", wire.current_balance.as_ref())?;
    let booked = match current {
        Some(amount) => Some(amount),
        None => read("principalBalance", wire.principal_balance.as_ref())?,
    };
    // Deposits carry the sign themselves (overdrawn is negative); what is owed does not.
    let booked = booked.map(|amount| {
        if kind.is_debt() && settings.balance_sign == BalanceSign::OwedIsPositive {
            amount.negated()
        } else {
            amount
        }
    });
    let available = match read("availableCredit", wire.available_credit.as_ref())? {
        Some(amount) => Some(amount),
        None => read("availableBalance", wire.available_balance.as_ref())?,
    };
    let minimum = match read("minimumPaymentAmount", wire.minimum_payment_amount.as_ref())? {
        Some(amount) => Some(amount),
        None => read("nextPaymentAmount", wire.next_payment_amount.as_ref())?,
    };
    let limit = read("creditLine", wire.credit_line.as_ref())?;
    let statement = read("lastStmtBalance", wire.last_stmt_balance.as_ref())?;
    let all = [
        (BalanceKind::Booked, booked),
        (BalanceKind::Available, available),
        (BalanceKind::CreditLimit, limit),
        (BalanceKind::MinimumDue, minimum),
        (BalanceKind::StatementBalance, statement),
    ];
    Ok(all
        .into_iter()
        .filter_map(|(kind, amount)| {
            Some(Balance {
                kind,
                amount: amount?,
                as_of,
                includes_credit: None,
            })
        })
        .collect())
}

/// Maps `accountType` within its family; an unknown word keeps the family's plain kind.
fn kind_of(category: Category, code: Option<&str>) -> AccountKind {
    let Some(code) = code else {
        return kind_of_family(category);
    };
    match code {
        "CHECKING" => AccountKind::Checking,
        "SAVINGS" | "MONEYMARKET" | "CD" | "TIMEDEPOSIT" | "TFSA" => AccountKind::Savings,
        "CREDITCARD" => AccountKind::CreditCard,
        "CHARGE" => AccountKind::ChargeCard,
        "LINEOFCREDIT" | "HOMELINEOFCREDIT" | "PERSONALLINEOFCREDIT" | "STUDENTLINEOFCREDIT" => {
            AccountKind::LineOfCredit
        }
        "MORTGAGE" | "HOMEEQUITYLOAN" => AccountKind::Mortgage,
        "LOAN" | "AUTOLOAN" | "STUDENTLOAN" | "PERSONALLOAN" | "INSTALLMENT" | "MILITARYLOAN"
        | "SMB" | "COMMERCIALLOAN" => AccountKind::Loan,
        "DIGITALWALLET" => AccountKind::Wallet,
        "PREPAID" => AccountKind::Prepaid,
        "ESCROW" | "OTHERDEPOSIT" => AccountKind::Other,
        unknown => {
            if category != Category::Investment {
                note_unknown("accountType", unknown);
            }
            kind_of_family(category)
        }
    }
}

const fn kind_of_family(category: Category) -> AccountKind {
    match category {
        // A line of credit without its type is most likely a card, but "most likely" is not shown
        // to people as a fact.
        Category::Credit => AccountKind::LineOfCredit,
        Category::Loan => AccountKind::Loan,
        Category::Investment => AccountKind::Investment,
        Category::Wallet => AccountKind::Wallet,
        Category::Deposit | Category::Other => AccountKind::Other,
    }
}

fn status_of(code: Option<&str>) -> AccountStatus {
    match code {
        Some("OPEN" | "PENDINGOPEN" | "PENDINGCLOSE" | "NEGATIVECURRENTBALANCE") => {
            AccountStatus::Open
        }
        Some("RESTRICTED" | "DELINQUENT") => AccountStatus::Blocked,
        Some("CLOSED" | "PAID") => AccountStatus::Closed,
        Some(unknown) => {
            note_unknown("status", unknown);
            AccountStatus::Unknown
        }
        None => AccountStatus::Unknown,
    }
}

/// Returns the last four digits at most, even from a bank that sends the whole number.
fn mask_of(display: Option<&Token>) -> String {
    let digits: Vec<char> = display
        .map(|token| token.0.chars().filter(char::is_ascii_digit).collect())
        .unwrap_or_default();
    let from = digits.len().saturating_sub(4);
    digits.into_iter().skip(from).collect()
}

fn shown_mask(mask: &str) -> String {
    if mask.is_empty() {
        // The bank says that something is missing and not what.
        "••••".to_owned()
    } else {
        format!("••{mask}")
    }
}

fn day_of(text: Option<&str>, zone: &TimeZone) -> Option<Date> {
    Some(Moment::parse(text?)?.day(zone))
}

/// Reads a yearly percentage (`19.99`) as basis points (1999).
fn basis_points(percent: Option<&Number>) -> Option<u32> {
    // Two digits after the point, like dollars: the decimal reader of money fits.
    let hundredths = Money::parse(percent?.text(), Currency::USD).ok()?.minor();
    u32::try_from(hundredths).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStatement {
    #[serde(default)]
    statement_id: Option<Token>,
    #[serde(default)]
    statement_date: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

/// Reads one statement of `account`.
pub(super) fn read_statement(
    raw: &RawValue,
    account: &AccountId,
    zone: &TimeZone,
) -> Result<Statement, WireError> {
    let wire: WireStatement = serde_json::from_str(raw.get())?;
    Ok(Statement {
        id: wire
            .statement_id
            .filter(|id| !id.0.is_empty())
            .ok_or(WireError::Missing("statementId"))?
            .0,
        account: account.clone(),
        date: day_of(wire.statement_date.as_deref(), zone)
            .ok_or(WireError::Missing("statementDate"))?,
        description: filled(wire.description),
    })
}
