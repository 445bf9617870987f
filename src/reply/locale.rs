//! Money, dates and times in words, by locale (requirements G5, 5.3).
//!
//! Digits and grouping, month and weekday names come from ICU. What ICU's stable part does not have,
//! where a currency sign stands, is a small table here. Language is not region: es-US writes 1,234.56.

use std::cell::RefCell;
use std::collections::HashMap;
use std::str::FromStr;

use icu::calendar::Date as IcuDate;
use icu::datetime::fieldsets;
use icu::datetime::{DateTimeFormatter, DateTimeFormatterPreferences};
use icu::decimal::DecimalFormatter;
use icu::decimal::input::Decimal;
use icu::decimal::options::DecimalFormatterOptions;
use icu::plurals::{PluralCategory, PluralRules};
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::intent::Language;
use crate::money::{Currency, Money};

/// A language as written in a region, for example `en_US`, `es_US`, `es_ES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Locale {
    /// The language of the words.
    pub language: Language,
    /// ISO 3166 region, which decides digits and signs.
    region: [u8; 2],
}

impl Locale {
    /// American English.
    pub const EN_US: Self = Self {
        language: Language::En,
        region: *b"US",
    };

    /// Returns the same region in another language.
    #[must_use]
    pub const fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// Returns the region.
    pub fn region(&self) -> &str {
        std::str::from_utf8(&self.region).unwrap_or("US")
    }

    fn icu(self) -> icu::locale::Locale {
        format!("{}-{}", self.language.code(), self.region())
            .parse()
            .unwrap_or(icu::locale::Locale::UNKNOWN)
    }
}

/// Not of the form `en_US`, or a language the bot does not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a locale such as `en_US` or `es_ES`")]
pub struct LocaleError;

impl FromStr for Locale {
    type Err = LocaleError;

    fn from_str(text: &str) -> Result<Self, LocaleError> {
        let (language, region) = text.split_once(['_', '-']).unwrap_or((text, "US"));
        let language = Language::from_code(&language.to_ascii_lowercase()).ok_or(LocaleError)?;
        let region = region.to_ascii_uppercase();
        match <[u8; 2]>::try_from(region.as_bytes()) {
            Ok(region) if region.iter().all(u8::is_ascii_uppercase) => {
                Ok(Self { language, region })
            }
            _ => Err(LocaleError),
        }
    }
}

impl TryFrom<String> for Locale {
    type Error = LocaleError;

    fn try_from(text: String) -> Result<Self, LocaleError> {
        text.parse()
    }
}

impl From<Locale> for String {
    fn from(locale: Locale) -> Self {
        format!("{}_{}", locale.language.code(), locale.region())
    }
}

/// Formatters of one locale. ICU's are not shared between threads, so each thread keeps its own.
struct Formatters {
    decimal: Option<DecimalFormatter>,
    day: Option<DateTimeFormatter<fieldsets::MD>>,
    day_year: Option<DateTimeFormatter<fieldsets::YMD>>,
    weekday: Option<DateTimeFormatter<fieldsets::MDE>>,
    plural: Option<PluralRules>,
}

impl Formatters {
    fn new(locale: Locale) -> Self {
        let icu = locale.icu();
        let dates: DateTimeFormatterPreferences = (&icu).into();
        Self {
            decimal: DecimalFormatter::try_new((&icu).into(), DecimalFormatterOptions::default())
                .ok(),
            day: DateTimeFormatter::try_new(dates, fieldsets::MD::medium()).ok(),
            day_year: DateTimeFormatter::try_new(dates, fieldsets::YMD::medium()).ok(),
            weekday: DateTimeFormatter::try_new(dates, fieldsets::MDE::medium()).ok(),
            plural: PluralRules::try_new_cardinal((&icu).into()).ok(),
        }
    }
}

thread_local! {
    static FORMATTERS: RefCell<HashMap<Locale, Formatters>> = RefCell::new(HashMap::new());
}

fn with<T>(locale: Locale, use_them: impl FnOnce(&Formatters) -> T) -> T {
    FORMATTERS.with_borrow_mut(|all| {
        let formatters = all.entry(locale).or_insert_with(|| Formatters::new(locale));
        use_them(formatters)
    })
}

/// Where the currency sign stands.
fn sign_follows(locale: Locale) -> bool {
    // CLDR: Spanish in Spain writes `412,10 €`; the Americas and English write the sign first.
    locale.language == Language::Es && locale.region() == "ES"
}

fn sign(currency: Currency, locale: Locale) -> Option<&'static str> {
    let home_dollar = match locale.region() {
        "MX" => "MXN",
        "AR" => "ARS",
        "CO" => "COP",
        "CL" => "CLP",
        "CA" => "CAD",
        "AU" => "AUD",
        _ => "USD",
    };
    match currency.code() {
        code if code == home_dollar => Some("$"),
        "USD" => Some("US$"),
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        "JPY" => Some("¥"),
        "INR" => Some("₹"),
        _ => None,
    }
}

/// Writes an amount without its sign of direction: replies say in words who owes (5.3).
///
/// `with_code` writes `412.10 USD` instead of `$412.10`, for answers that hold more than one currency.
pub fn money(amount: Money, locale: Locale, with_code: bool) -> String {
    let digits = number(&amount.abs().to_decimal(), locale);
    let currency = amount.currency();
    match sign(currency, locale).filter(|_| !with_code) {
        Some(sign) if sign_follows(locale) => format!("{digits}\u{a0}{sign}"),
        Some(sign) => format!("{sign}{digits}"),
        None => format!("{digits}\u{a0}{}", currency.code()),
    }
}

/// Says that an amount is there and not shown (requirement D9).
pub const fn hidden(locale: Locale) -> &'static str {
    match locale.language {
        Language::En => "(hidden)",
        Language::Es => "(oculto)",
    }
}

/// Writes plain decimal text with the locale's digits and grouping.
pub fn number(decimal: &str, locale: Locale) -> String {
    let Ok(parsed) = Decimal::from_str(decimal) else {
        return decimal.to_owned();
    };
    with(locale, |formatters| {
        formatters
            .decimal
            .as_ref()
            .map_or_else(|| decimal.to_owned(), |f| f.format_to_string(&parsed))
    })
}

/// Writes basis points as a percentage: 1999 is `19.99%`.
pub fn percent(basis_points: u32, locale: Locale) -> String {
    let decimal = Money::from_minor(i64::from(basis_points), Currency::USD).to_decimal();
    let number = number(&decimal, locale);
    match locale.language {
        Language::En => format!("{number}%"),
        Language::Es => format!("{number}\u{a0}%"),
    }
}

fn icu_date(date: Date) -> Option<IcuDate<icu::calendar::Iso>> {
    IcuDate::try_new_iso(
        i32::from(date.year()),
        u8::try_from(date.month()).ok()?,
        u8::try_from(date.day()).ok()?,
    )
    .ok()
}

/// Writes a day: `Nov 22`, `22 nov`; with its year when that is not `today`'s.
pub fn day(date: Date, today: Date, locale: Locale) -> String {
    let written = icu_date(date).and_then(|icu| {
        with(locale, |formatters| {
            if date.year() == today.year() {
                formatters.day.as_ref().map(|f| f.format(&icu).to_string())
            } else {
                formatters
                    .day_year
                    .as_ref()
                    .map(|f| f.format(&icu).to_string())
            }
        })
    });
    written.unwrap_or_else(|| date.to_string())
}

/// Writes a day with its weekday: `Fri, Nov 20`, `vie, 20 nov`.
pub fn weekday(date: Date, locale: Locale) -> String {
    icu_date(date)
        .and_then(|icu| {
            with(locale, |formatters| {
                formatters
                    .weekday
                    .as_ref()
                    .map(|f| f.format(&icu).to_string())
            })
        })
        .unwrap_or_else(|| date.to_string())
}

/// Writes a time of day: `10:41`, on the 24-hour clock in both languages (copy of 5.4).
pub fn time(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// Returns the plural category ICU gives a count, by its CLDR name.
pub fn plural(count: u64, locale: Locale) -> &'static str {
    with(locale, |formatters| {
        match formatters
            .plural
            .as_ref()
            .map(|rules| rules.category_for(count))
        {
            Some(PluralCategory::Zero) => "zero",
            Some(PluralCategory::One) => "one",
            Some(PluralCategory::Two) => "two",
            Some(PluralCategory::Few) => "few",
            // CLDR's Spanish `many` is for millions in compact notation; ours has none.
            _ => "other",
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(text: &str) -> Locale {
        text.parse().unwrap()
    }

    #[test]
    fn money_follows_the_region() {
        let amount = Money::from_minor(123_456, Currency::USD);
        assert_eq!(money(amount, locale("en_US"), false), "$1,234.56");
        assert_eq!(money(amount, locale("es_US"), false), "$1,234.56");
        let euros = Money::from_minor(1_234_567, Currency::EUR);
        // CLDR: Spain groups from five digits on.
        assert_eq!(money(euros, locale("es_ES"), false), "12.345,67\u{a0}€");
        assert_eq!(money(euros, locale("en_US"), false), "€12,345.67");
        assert_eq!(money(amount, locale("en_US"), true), "1,234.56\u{a0}USD");
        assert_eq!(money(amount, locale("es_MX"), false), "US$1,234.56");
    }

    #[test]
    fn signs_of_direction_are_left_to_the_words() {
        let owed = Money::from_minor(-21_240, Currency::USD);
        assert_eq!(money(owed, Locale::EN_US, false), "$212.40");
    }

    #[test]
    fn days_are_short_and_carry_another_year() {
        let today: Date = "2026-11-22".parse().unwrap();
        assert_eq!(day(today, today, locale("en_US")), "Nov 22");
        assert_eq!(day(today, today, locale("es_US")), "22 nov");
        assert_eq!(
            weekday("2026-11-20".parse().unwrap(), locale("en_US")),
            "Fri, Nov 20"
        );
        let last = "2025-12-31".parse().unwrap();
        assert_eq!(day(last, today, locale("en_US")), "Dec 31, 2025");
    }

    #[test]
    fn percents_come_from_basis_points() {
        assert_eq!(percent(1999, Locale::EN_US), "19.99%");
    }
}
