//! Reads amounts of money: "50 bucks", "$1,250.50", "1.200,50 €", "two hundred and fifty", "2k".
//!
//! Integers only: an amount that is no whole number of hundredths is no amount. A currency is set
//! only when the customer said one. Numbers that count something else are left alone.

use std::ops::Range;

mod context;
mod currency;
mod figures;

use context::counts_something_else;
pub(super) use currency::with_nationality;
use currency::{leading_currency, trailing_currency};
use figures::in_figures;

use super::lexicon::{Currency, Numeral};
use super::number::cardinal;
use super::token::{Kind, Text};
use crate::intent::Language;

/// An amount in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// Hundredths of the main unit.
    pub hundredths: u64,
    /// The currency, if the customer said one.
    pub currency: Option<Currency>,
    /// It can be read in two ways ("1.200", "two fifty"); show it in words before acting on it.
    pub doubtful: bool,
    /// A currency, decimals or a magnitude says that this is money.
    pub(super) marked: bool,
    /// Tokens.
    pub(super) tokens: Range<usize>,
}

impl Amount {
    /// Returns the slot's form: the main unit with two decimals, `"40.00"`.
    pub fn to_text(&self) -> String {
        format!("{}.{:02}", self.hundredths / 100, self.hundredths % 100)
    }
}

/// More than this many hundredths is no customer's money, and would overflow somewhere.
const MOST: u64 = 100_000_000_000_000;

/// Finds the amounts among the tokens that are not taken.
pub(super) fn amounts(text: &Text<'_>, taken: impl Fn(usize) -> bool) -> Vec<Amount> {
    let mut found: Vec<Amount> = Vec::new();
    let mut at = 0;
    while at < text.tokens.len() {
        if taken(at) {
            at += 1;
            continue;
        }
        match amount(text, at) {
            Some(amount) if !amount.tokens.clone().any(&taken) => {
                at = amount.tokens.end;
                found.push(amount);
            }
            _ => at = skip(text, at),
        }
    }
    found
}

/// Past a number that is no amount, so that its tail is not read as one.
fn skip(text: &Text<'_>, at: usize) -> usize {
    let mut end = at + 1;
    if text
        .tokens
        .get(at)
        .is_some_and(|token| token.kind == Kind::Number)
    {
        while text.tokens.get(end).is_some_and(|token| {
            token.glued
                && (token.kind == Kind::Number
                    || matches!(token.kind, Kind::Sign('.' | ',' | '/' | '-' | ':')))
        }) {
            end += 1;
        }
    }
    end
}

/// Reads the amount that begins at a token.
fn amount(text: &Text<'_>, at: usize) -> Option<Amount> {
    let (before, first) = leading_currency(text, at);
    if before.is_none() && is_tail(text, first) {
        return None;
    }
    let number = numeral(text, first)?;
    let (mut currency, mut end) = trailing_currency(text, number.end);
    let mut scaled = number;
    // "$2.5 million" has its magnitude before, "2 million dollars" too; "$50k" is done already.
    currency = match (before, currency) {
        (Some(before), Some(after)) if before.shared && !after.shared => Some(after),
        (Some(before), _) => Some(before),
        (None, after) => after,
    };
    let mut hundredths = scaled.hundredths()?;
    let mut marked = currency.is_some() || scaled.marked;
    if let Some(pence) = cents_only(text, &scaled, currency) {
        hundredths = hundredths.checked_div(100)?;
        end = pence.0;
        currency = currency.or(pence.1);
        marked = true;
    } else if let Some((cents, after)) = cents(text, end, currency.is_some(), &scaled) {
        hundredths = hundredths.checked_add(cents)?;
        end = after;
        marked = true;
    }
    scaled.marked = marked;
    let amount = Amount {
        hundredths,
        currency,
        doubtful: scaled.doubtful,
        marked,
        tokens: at..end,
    };
    // "I am at zero" is no amount to move.
    let plausible = hundredths <= MOST && (hundredths > 0 || marked);
    (plausible && (marked || !counts_something_else(text, first, end))).then_some(amount)
}

/// Whether a number in figures is the tail of a code: "US*2K4", "#40", "b2".
fn is_tail(text: &Text<'_>, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| text.tokens.get(at));
    text.tokens
        .get(at)
        .is_some_and(|token| token.glued && token.kind == Kind::Number)
        && before.is_some_and(|before| {
            matches!(
                before.kind,
                Kind::Word | Kind::Sign('*' | '#' | '_' | '@' | '•')
            )
        })
}

/// A number before it is scaled to hundredths.
#[derive(Debug, Clone, Copy)]
struct Scaled {
    value: u64,
    /// How many of the value's digits are decimals.
    decimals: u32,
    end: usize,
    marked: bool,
    doubtful: bool,
    in_words: bool,
}

impl Scaled {
    fn hundredths(self) -> Option<u64> {
        if let Some(missing) = 2_u32.checked_sub(self.decimals) {
            return self.value.checked_mul(10_u64.checked_pow(missing)?);
        }
        let unit = 10_u64.checked_pow(self.decimals - 2)?;
        self.value.is_multiple_of(unit).then_some(self.value / unit)
    }
}

fn numeral(text: &Text<'_>, at: usize) -> Option<Scaled> {
    let token = text.tokens.get(at)?;
    match token.kind {
        Kind::Number => {
            let number = in_figures(text, at)?;
            let scaled = Scaled {
                value: number.value,
                decimals: number.decimals,
                end: number.end,
                marked: number.decimals > 0,
                doubtful: number.doubtful,
                in_words: false,
            };
            Some(with_magnitude(text, scaled))
        }
        Kind::Word => {
            if matches!(token.entry.number?, Numeral::Slang(_)) {
                return None;
            }
            let ambiguous_word = match text.language {
                Language::En => text.word(token) == "once",
                Language::Es => text.word(token) == "ten",
            };
            let cardinal = cardinal(text, at).filter(|_| !ambiguous_word)?;
            // "five hundred k" is nobody's amount, but "fifty k" is.
            let number = Scaled {
                value: cardinal.value,
                decimals: 0,
                end: cardinal.end,
                marked: false,
                doubtful: cardinal.doubtful,
                in_words: true,
            };
            Some(number)
        }
        _ => None,
    }
}

/// "3 thousand", "2k", "1.5 million", "2 mil 500"; only whole words are a lakh or a crore.
fn with_magnitude(text: &Text<'_>, number: Scaled) -> Scaled {
    let Some(token) = text.tokens.get(number.end) else {
        return number;
    };
    let factor = match token.entry.number {
        Some(Numeral::Scale(factor)) => factor,
        Some(Numeral::Hundred) => 100,
        // "2 k" and "5 grand", but not the k of "2 kids", nor that of "401k".
        Some(Numeral::Slang(factor)) if !is_code(text, number.end) => factor,
        _ => return number,
    };
    let Some(value) = number.value.checked_mul(factor) else {
        return number;
    };
    let mut scaled = Scaled {
        value,
        end: number.end + 1,
        marked: true,
        ..number
    };
    // "2 mil 500", "dos mil" is one word's business.
    if let Some(rest) = text.tokens.get(scaled.end)
        && number.decimals == 0
    {
        let more = match rest.kind {
            Kind::Number => rest.number.map(|value| (value, scaled.end + 1)),
            Kind::Word => cardinal(text, scaled.end)
                .filter(|_| !matches!(rest.entry.number, Some(Numeral::Article)))
                .map(|cardinal| (cardinal.value, cardinal.end)),
            _ => None,
        };
        if let Some((more, end)) = more.filter(|(more, _)| *more < factor && *more >= factor / 10) {
            scaled.value += more;
            scaled.end = end;
        }
    }
    scaled
}

/// Whether the k after a number belongs to a code or to the American pension plan.
fn is_code(text: &Text<'_>, at: usize) -> bool {
    let next = text.tokens.get(at + 1);
    text.word_at(at.saturating_sub(1)) == "401"
        || next.is_some_and(|next| next.glued && matches!(next.kind, Kind::Number | Kind::Word))
}

/// "50 cents", "99p": nothing but hundredths. Returns where they end, and their currency.
fn cents_only(
    text: &Text<'_>,
    number: &Scaled,
    currency: Option<Currency>,
) -> Option<(usize, Option<Currency>)> {
    let token = text.tokens.get(number.end)?;
    let word = text.word(token);
    let fits = token.entry.cents
        && currency.is_none()
        && number.decimals == 0
        && number.value < 10_000
        && (word != "p" || (token.glued && !number.in_words));
    let code = match word {
        "pence" | "penny" | "p" => Some("GBP"),
        "paise" => Some("INR"),
        _ => None,
    };
    fits.then_some((
        number.end + 1,
        code.map(|code| Currency {
            code,
            shared: false,
        }),
    ))
}

/// "20 dollars and 50 cents", "20 euros con 50".
fn cents(text: &Text<'_>, at: usize, has_currency: bool, number: &Scaled) -> Option<(u64, usize)> {
    if number.decimals > 0 {
        return None;
    }
    let joined = matches!(text.word_at(at), "and" | "con" | "y");
    let from = if joined { at + 1 } else { at };
    let token = text.tokens.get(from)?;
    let (value, end) = match token.kind {
        Kind::Number => (token.number?, from + 1),
        Kind::Word => cardinal(text, from).map(|cardinal| (cardinal.value, cardinal.end))?,
        _ => return None,
    };
    let named = text.tokens.get(end).is_some_and(|token| token.entry.cents);
    let spanish = text.word_at(at) == "con" && has_currency && value >= 10;
    (value < 100 && (named && (has_currency || joined) || spanish))
        .then_some((value, if named { end + 1 } else { end }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str, language: Language) -> Vec<(String, Option<&'static str>)> {
        let text = Text::new(message, language);
        amounts(&text, |_| false)
            .into_iter()
            .map(|amount| {
                (
                    amount.to_text(),
                    amount.currency.map(|currency| currency.code),
                )
            })
            .collect()
    }

    fn assert_amounts(language: Language, cases: &[(&str, &str)]) {
        let wrong: Vec<_> = cases
            .iter()
            .filter_map(|(message, expected)| {
                let got: Vec<String> = read(message, language)
                    .into_iter()
                    .map(|(amount, code)| {
                        code.map_or(amount.clone(), |code| format!("{amount} {code}"))
                    })
                    .collect();
                let got = got.join(", ");
                (got != *expected).then_some((message, expected, got))
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn english_amounts_are_read() {
        assert_amounts(
            Language::En,
            &[
                ("50 bucks", "50.00 USD"),
                ("send 40 to mom", "40.00"),
                ("$1,250.50", "1250.50 USD"),
                ("2k", "2000.00"),
                ("2.5k please", "2500.00"),
                ("5 grand", "5000.00"),
                ("fifty", "50.00"),
                ("two hundred and fifty", "250.00"),
                ("a hundred bucks", "100.00 USD"),
                ("a couple hundred", "200.00"),
                ("couple of bucks", "2.00 USD"),
                ("£20", "20.00 GBP"),
                ("50 quid", "50.00 GBP"),
                ("9.56$ fee", "9.56 USD"),
                ("$7.5", "7.50 USD"),
                ("3 thousand dollars", "3000.00 USD"),
                ("$2.5 million", "2500000.00 USD"),
                ("usd 40", "40.00 USD"),
                ("us$40", "40.00 USD"),
                ("40 us dollars", "40.00 USD"),
                ("40 canadian dollars", "40.00 CAD"),
                ("rs 500", "500.00 INR"),
                ("rs. 500", "500.00 INR"),
                ("₹1,00,000", "100000.00 INR"),
                ("2 lakh rupees", "200000.00 INR"),
                ("2.5 lakhs", "250000.00"),
                ("1 crore", "10000000.00"),
                ("I sent $6476 last 13th to Poland", "6476.00 USD"),
                ("1.200,50 €", "1200.50 EUR"),
                ("1,200", "1200.00"),
                ("1.200", "1200.00"),
                ("0.99", "0.99"),
                ("50 cents", "0.50"),
                ("99p", "0.99 GBP"),
                ("20 dollars and 50 cents", "20.50 USD"),
                ("twenty dollars and fifty cents", "20.50 USD"),
                ("they charged me 150 instead of 15", "150.00, 15.00"),
                ("the bill was 42 but they took 52", "42.00, 52.00"),
                ("$40 $50", "40.00 USD, 50.00 USD"),
                ("fifty-five", "55.00"),
                ("transfer 1200.50", "1200.50"),
                ("$5, $6 and $7", "5.00 USD, 6.00 USD, 7.00 USD"),
            ],
        );
    }

    #[test]
    fn spanish_amounts_are_read() {
        assert_amounts(
            Language::Es,
            &[
                ("40 pavos", "40.00 EUR"),
                ("doscientos", "200.00"),
                ("1.200,50 €", "1200.50 EUR"),
                ("1,234.56", "1234.56"),
                ("12.500", "12500.00"),
                ("23,50", "23.50"),
                ("mil quinientos pesos", "1500.00 MXN"),
                ("pesos colombianos", ""),
                ("50 mil", "50000.00"),
                ("2 mil 500", "2500.00"),
                ("30 lucas", "30000.00"),
                ("treinta y cinco euros", "35.00 EUR"),
                ("20 euros con 50", "20.50 EUR"),
                ("20 euros y 50 centimos", "20.50 EUR"),
                ("100 dolares", "100.00 USD"),
                ("20 pesos colombianos", "20.00 COP"),
                ("un millón de pesos", "1000000.00 MXN"),
                ("manda mil a mi papá", "1000.00"),
                ("me cobraron 150 en vez de 15", "150.00, 15.00"),
            ],
        );
    }

    #[test]
    fn numbers_that_are_no_money_are_left_alone() {
        assert_amounts(
            Language::En,
            &[
                ("last 5 transactions", ""),
                ("3 uber rides", ""),
                ("card 4417", ""),
                ("ending in 4417", "4417.00"),
                ("case 20931", ""),
                ("5% cashback", ""),
                ("401k", ""),
                ("b2b payments", ""),
                ("AMZN MKTP US*2K4QX1", ""),
                ("0.125", ""),
                ("12345678901", ""),
                ("021000021", ""),
                ("10 days", ""),
                ("the second one", ""),
                ("2 people", ""),
                ("two charges", ""),
                ("15-20", ""),
                ("6476 l", "6476.00"),
                ("6476l", ""),
            ],
        );
    }

    #[test]
    fn amounts_read_in_two_ways_are_marked() {
        let doubtful = |message, language| {
            let text = Text::new(message, language);
            amounts(&text, |_| false)
                .first()
                .is_some_and(|amount| amount.doubtful)
        };
        assert!(doubtful("send 1.200", Language::En));
        assert!(doubtful("1.200,50", Language::En));
        assert!(doubtful("two fifty", Language::En));
        assert!(doubtful("manda 1,200", Language::Es));
        assert!(!doubtful("1,200", Language::En));
        assert!(!doubtful("1.200,50", Language::Es));
        assert!(!doubtful("$1,250.50", Language::En));
    }
}
