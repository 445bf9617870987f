//! The words that the grammar knows: numbers, months, weekdays, units, currencies, in both languages.
//!
//! One look-up a word gives everything it can mean. The tables are written without accents and
//! hold the misspellings that are common; a word may stand in several of them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::cue::Cue;
use super::grammar::grammar;
use super::tables;

/// What one word can mean. All zero and `None` for a word nobody knows.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a word can be any of these at once"
)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    /// Tells words in patterns apart; 0 for an unknown word.
    pub(super) id: u16,
    /// 1 to 12, else 0.
    pub(super) month: u8,
    /// 1 for Monday to 7, else 0.
    pub(super) weekday: u8,
    /// 1 to 31, else 0.
    pub(super) ordinal: u8,
    /// The month or weekday is as likely another word ("may", "sun").
    pub(super) doubtful: bool,
    pub(super) unit: Option<Unit>,
    pub(super) number: Option<Numeral>,
    pub(super) currency: Option<Currency>,
    /// A hundredth of a currency.
    pub(super) cents: bool,
    /// A noun that people count: charges, cards, times.
    pub(super) counted: bool,
    /// A word that no name holds: a preposition, a pronoun, a verb.
    pub(super) function: bool,
    /// One bit for each [`Cue`].
    cues: u64,
}

impl Entry {
    /// Whether the word is such a cue.
    pub(super) fn is(self, cue: Cue) -> bool {
        self.cues & (1 << (cue as u8)) != 0
    }
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Hour,
    Day,
    Week,
    Fortnight,
    Month,
    Quarter,
    Year,
}

/// A word of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numeral {
    /// "a", "un": one, where a magnitude follows.
    Article,
    /// 0 to 19, and the Spanish words up to 29.
    Small(u8),
    /// 20 to 90.
    Tens(u8),
    /// Spanish has a word for each hundred.
    Hundreds(u16),
    /// "hundred".
    Hundred,
    /// A thousand, a million, a lakh, a crore.
    Scale(u64),
    /// A thousand as slang for money only ("2k", "5 grand").
    Slang(u64),
}

/// A currency as a customer names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217.
    pub code: &'static str,
    /// Several countries call theirs so, and the customer did not say which.
    pub shared: bool,
}

const SMALL: [(u8, &str); 31] = [
    (0, "zero cero"),
    (1, "one uno una"),
    (2, "two dos"),
    (3, "three tres"),
    (4, "four cuatro"),
    (5, "five cinco"),
    (6, "six seis"),
    (7, "seven siete"),
    (8, "eight ocho"),
    (9, "nine nueve"),
    (10, "ten diez"),
    (11, "eleven once"),
    (12, "twelve doce dozen docena"),
    (13, "thirteen trece"),
    (14, "fourteen catorce"),
    (15, "fifteen quince"),
    (16, "sixteen dieciseis"),
    (17, "seventeen diecisiete"),
    (18, "eighteen dieciocho"),
    (19, "nineteen diecinueve"),
    (20, "veinte"),
    (21, "veintiuno veintiun veintiuna"),
    (22, "veintidos"),
    (23, "veintitres"),
    (24, "veinticuatro"),
    (25, "veinticinco"),
    (26, "veintiseis"),
    (27, "veintisiete"),
    (28, "veintiocho"),
    (29, "veintinueve"),
    (2, "couple"),
];

const TENS: [(u8, &str); 8] = [
    (20, "twenty"),
    (30, "thirty treinta"),
    (40, "forty fourty cuarenta"),
    (50, "fifty cincuenta"),
    (60, "sixty sesenta"),
    (70, "seventy setenta"),
    (80, "eighty ochenta"),
    (90, "ninety noventa"),
];

const HUNDREDS: [(u16, &str); 9] = [
    (100, "cien ciento"),
    (200, "doscientos doscientas"),
    (300, "trescientos trescientas"),
    (400, "cuatrocientos cuatrocientas"),
    (500, "quinientos quinientas"),
    (600, "seiscientos seiscientas"),
    (700, "setecientos setecientas"),
    (800, "ochocientos ochocientas"),
    (900, "novecientos novecientas"),
];

/// Only whole words: one letter for a lakh once turned 6,476 dollars into 647 million.
const SCALES: [(u64, &str); 4] = [
    (1_000, "thousand thousands mil"),
    (100_000, "lakh lakhs lac lacs"),
    (1_000_000, "million millions millon millones"),
    (10_000_000, "crore crores"),
];

const SLANG: [(u64, &str); 1] = [(1_000, "k grand grands lucas luca")];

const ORDINALS: [(u8, &str); 31] = [
    (1, "first primero primer primera"),
    (2, "second segundo segunda"),
    (3, "third tercero tercer tercera"),
    (4, "fourth cuarto cuarta"),
    (5, "fifth quinto quinta"),
    (6, "sixth sexto sexta"),
    (7, "seventh septimo septima"),
    (8, "eighth octavo octava"),
    (9, "ninth noveno novena"),
    (10, "tenth decimo decima"),
    (11, "eleventh"),
    (12, "twelfth"),
    (13, "thirteenth"),
    (14, "fourteenth"),
    (15, "fifteenth"),
    (16, "sixteenth"),
    (17, "seventeenth"),
    (18, "eighteenth"),
    (19, "nineteenth"),
    (20, "twentieth"),
    (21, "twentyfirst"),
    (22, "twentysecond"),
    (23, "twentythird"),
    (24, "twentyfourth"),
    (25, "twentyfifth"),
    (26, "twentysixth"),
    (27, "twentyseventh"),
    (28, "twentyeighth"),
    (29, "twentyninth"),
    (30, "thirtieth"),
    (31, "thirtyfirst"),
];

const MONTHS: [(u8, &str); 12] = [
    (1, "january jan janury enero ene"),
    (2, "february feb febuary febrero"),
    (3, "march marzo mar*"),
    (4, "april apr abril abr"),
    (5, "may* mayo"),
    (6, "june jun junio"),
    (7, "july jul julio"),
    (8, "august aug agosto ago*"),
    (9, "september sep sept septiembre setiembre"),
    (10, "october oct octubre"),
    (11, "november nov noviembre"),
    (12, "december dec diciembre dic"),
];

const WEEKDAYS: [(u8, &str); 7] = [
    (1, "monday mondays mon* lunes"),
    (2, "tuesday tuesdays tues tue tuseday martes"),
    (
        3,
        "wednesday wednesdays wed* weds wensday wendsday wednsday miercoles",
    ),
    (4, "thursday thursdays thurs thur thu thrusday jueves"),
    (5, "friday fridays fri firday viernes"),
    (6, "saturday saturdays sat* satuday saterday sabado sabados"),
    (7, "sunday sundays sun* domingo domingos"),
];

const UNITS: [(Unit, &str); 7] = [
    (Unit::Hour, "hour hours hr hrs hora horas"),
    (Unit::Day, "day days dia dias"),
    (Unit::Week, "week weeks wk wks semana semanas"),
    (Unit::Fortnight, "fortnight fortnights quincena quincenas"),
    (Unit::Month, "month months mth mths mes meses"),
    (Unit::Quarter, "quarter quarters trimestre trimestres"),
    (Unit::Year, "year years yr yrs ano anos"),
];

/// Code, whether others share the name, names and signs.
const CURRENCIES: [(&str, bool, &str); 29] = [
    (
        "USD",
        true,
        "$ dollar dollars dollarz buck bucks bux dolar dolares",
    ),
    ("USD", false, "usd usds"),
    ("EUR", false, "€ eur eurs euro euros pavo pavos"),
    (
        "GBP",
        false,
        "£ gbp pound pounds quid sterling libra libras",
    ),
    ("INR", false, "₹ inr rupee rupees rs rupia rupias"),
    ("MXN", true, "peso pesos varos baros"),
    ("MXN", false, "mxn"),
    ("CAD", false, "cad loonies"),
    ("AUD", false, "aud"),
    ("NZD", false, "nzd"),
    ("JPY", false, "¥ jpy yen yenes"),
    ("CNY", false, "cny yuan rmb"),
    ("CHF", false, "chf francs francos"),
    ("BRL", false, "brl reais"),
    ("COP", false, "cop"),
    ("ARS", false, "ars"),
    ("CLP", false, "clp"),
    ("PEN", false, "soles"),
    ("GTQ", false, "quetzal quetzales"),
    ("SEK", false, "sek"),
    ("NOK", false, "nok"),
    ("DKK", false, "dkk"),
    ("PLN", false, "pln zloty zlotys"),
    ("PHP", false, "php"),
    ("AED", false, "aed dirham dirhams"),
    ("SGD", false, "sgd"),
    ("HKD", false, "hkd"),
    ("ZAR", false, "zar rand"),
    ("KRW", false, "krw won"),
];

/// Currencies named like the dollar or the peso, by country.
pub(super) const DOLLARS: [&str; 7] = ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "BZD"];
pub(super) const PESOS: [&str; 7] = ["MXN", "COP", "ARS", "CLP", "UYU", "DOP", "PHP"];

const CENTS: &str = "cent cents ¢ pence penny pennies p centavo centavos centimo centimos paise";

/// Words by their folded text.
pub(super) struct Lexicon {
    entries: HashMap<Box<str>, Entry, BuildHasherDefault<WordHasher>>,
}

/// The one lexicon, with the ids that the patterns use.
pub(super) fn lexicon() -> &'static Lexicon {
    &grammar().lexicon
}

impl Lexicon {
    pub(super) fn new() -> Lexicon {
        let mut lexicon = Lexicon {
            entries: HashMap::default(),
        };
        lexicon.set(&SMALL, |entry, value| {
            entry.number = Some(Numeral::Small(value));
        });
        lexicon.set(&TENS, |entry, value| {
            entry.number = Some(Numeral::Tens(value));
        });
        lexicon.set(&HUNDREDS, |entry, value| {
            entry.number = Some(Numeral::Hundreds(value));
        });
        lexicon.set(&SCALES, |entry, value| {
            entry.number = Some(Numeral::Scale(value));
        });
        lexicon.set(&SLANG, |entry, value| {
            entry.number = Some(Numeral::Slang(value));
        });
        lexicon.set(&[((), "hundred hundreds hundered")], |entry, ()| {
            entry.number = Some(Numeral::Hundred);
        });
        lexicon.set(&[((), "a an un")], |entry, ()| {
            entry.number = Some(Numeral::Article);
        });
        lexicon.set(&ORDINALS, |entry, value| {
            entry.ordinal = value;
        });
        lexicon.set(&MONTHS, |entry, value| {
            entry.month = value;
        });
        lexicon.set(&WEEKDAYS, |entry, value| {
            entry.weekday = value;
        });
        lexicon.set(&UNITS, |entry, value| {
            entry.unit = Some(value);
        });
        for (code, shared, names) in CURRENCIES {
            lexicon.set(&[(Currency { code, shared }, names)], |entry, value| {
                entry.currency = Some(value);
            });
        }
        lexicon.set(&[((), CENTS)], |entry, ()| {
            entry.cents = true;
        });
        for word in tables::list("counted") {
            lexicon.entry(word).counted = true;
        }
        for word in tables::list("function") {
            lexicon.entry(word).function = true;
        }
        for (name, word) in tables::rows("cues") {
            if let Some((cue, _)) = Cue::ALL.iter().find(|(_, cue)| *cue == name) {
                lexicon.entry(word).cues |= 1 << (*cue as u8);
            }
        }
        lexicon
    }

    fn set<T: Copy>(&mut self, table: &[(T, &str)], assign: impl Fn(&mut Entry, T)) {
        for (value, words) in table {
            for word in words.split_ascii_whitespace() {
                let plain = word.trim_end_matches('*');
                let entry = self.entry(plain);
                entry.doubtful |= word.len() > plain.len();
                assign(entry, *value);
            }
        }
    }

    /// Returns the id of a word, new where it is not known yet.
    pub(super) fn intern(&mut self, word: &str) -> u16 {
        self.entry(word).id
    }

    fn entry(&mut self, word: &str) -> &mut Entry {
        let next = u16::try_from(self.entries.len() + 1).unwrap_or(u16::MAX);
        self.entries.entry(word.into()).or_insert_with(|| Entry {
            id: next,
            ..Entry::default()
        })
    }

    /// The number of ids given out, plus one.
    pub(super) fn size(&self) -> usize {
        self.entries.len() + 1
    }

    /// Looks a folded word up; "mom's" is looked up as "mom" where it has no entry of its own.
    pub(super) fn word(&self, word: &str) -> Entry {
        let known = |word: &str| self.entries.get(word).copied();
        known(word)
            .or_else(|| known(word.strip_suffix("'s")?))
            .unwrap_or_default()
    }

    pub(super) fn sign(&self, c: char) -> Entry {
        let mut buffer = [0; 4];
        self.word(c.encode_utf8(&mut buffer))
    }
}

/// FNV-1a: the keys are a dozen bytes, and come from our own tables.
pub(super) struct WordHasher(u64);

impl Default for WordHasher {
    fn default() -> Self {
        WordHasher(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}
