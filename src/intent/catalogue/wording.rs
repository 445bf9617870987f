//! How replies read: length of sentences, reading grade, words and demands that must not appear.
//!
//! Grades come from the usual formulas: Flesch-Kincaid for English, Fernández Huerta's ease of reading for Spanish, whose
//! 60 stands for the eighth grade. Both count syllables by rule; on a few words they jump, so that short texts are left
//! to the limits on sentences alone. Placeholders, numbers and masks count as words of one syllable.

use crate::intent::Language;

/// Words a sentence at most (requirement G1).
const SENTENCE_MAX: usize = 25;
/// Words a sentence on average at most (G1).
const SENTENCE_AVERAGE: f64 = 15.0;
/// Reading grade at most (G1).
const GRADE_MAX: f64 = 8.0;
/// Fernández Huerta's ease at least: the eighth grade begins below 60.
const EASE_MIN: f64 = 60.0;
/// The formulas want at least so many words to say anything.
const GRADED_WORDS: usize = 20;
/// A message with buttons holds so many characters (Messenger's button template; G6).
const WITH_BUTTONS_MAX: usize = 640;
/// A text message holds so many (G6).
const PLAIN_MAX: usize = 2_000;
/// A button's title holds so many (G2).
pub(super) const TITLE_MAX: usize = 20;
/// Longest run of digits that may stand in a text: four, the end of a card's number (D2).
const DIGITS_MAX: usize = 4;

/// What stands for a placeholder while a text is measured.
pub(super) const MARKER: &str = "\u{fffc}";

/// Words that promise what no bot can (B5), in lower case without accents.
const BANNED: [(&str, &str); 22] = [
    ("guaranteed", "say what happens and by when"),
    ("guarantee", "say what happens and by when"),
    ("approved", "say what was done"),
    ("no overdraft", "say what fee applies"),
    ("dont worry", "say what is known"),
    ("its safe", "say what protects it"),
    ("bank-level", "say what protects it"),
    ("bank level", "say what protects it"),
    ("military grade", "say what protects it"),
    ("military-grade", "say what protects it"),
    ("100% safe", "say what protects it"),
    ("garantizado", "di qué pasa y cuándo"),
    ("garantizada", "di qué pasa y cuándo"),
    ("garantizamos", "di qué pasa y cuándo"),
    ("garantia", "di qué pasa y cuándo"),
    ("aprobado", "di qué se hizo"),
    ("aprobada", "di qué se hizo"),
    ("sin sobregiro", "di qué cargo se cobra"),
    ("sin descubierto", "di qué cargo se cobra"),
    ("no te preocupes", "di lo que se sabe"),
    ("es seguro, no", "di lo que se sabe"),
    ("nivel bancario", "di qué lo protege"),
];

/// What must not be demanded before a dispute is taken (A4).
const DEMANDS: [&str; 16] = [
    "contact the merchant",
    "contact the shop",
    "contact the seller",
    "call the merchant",
    "ask the merchant first",
    "with the merchant first",
    "police report",
    "fill out a form",
    "fill in a form",
    "contacta al comercio",
    "contactar al comercio",
    "contacta con el comercio",
    "habla con la tienda primero",
    "denuncia policial",
    "denuncia ante la policia",
    "llena un formulario",
];

/// Verbs that ask for something, and secrets nobody may be asked for (E11).
const ASKING: [&str; 26] = [
    "send",
    "enter",
    "type",
    "give",
    "tell",
    "share",
    "reply with",
    "write",
    "provide",
    "confirm",
    "what is",
    "whats",
    "need",
    "envia",
    "enviame",
    "escribe",
    "dame",
    "dime",
    "ingresa",
    "manda",
    "mandame",
    "comparte",
    "introduce",
    "cual es",
    "confirma",
    "necesito",
];
const SECRETS: [&str; 20] = [
    "pin",
    "password",
    "passcode",
    "one-time code",
    "security code",
    "verification code",
    "cvv",
    "full card number",
    "card number",
    "social security",
    "the code",
    "your code",
    "contrasena",
    "clave",
    "codigo de seguridad",
    "codigo de verificacion",
    "numero de tarjeta",
    "numero completo",
    "tu codigo",
    "el codigo",
];
/// What turns such a sentence into a warning.
const NEVER: [&str; 15] = [
    "dont", "never", "not", "no", "nunca", "cant", "wont", "without", "sin", "ni", "nobody",
    "nadie", "tampoco", "neither", "jamas",
];

/// Returns what is wrong with one spelling of a reply, each with a suggestion.
pub(super) fn problems(
    text: &str,
    language: Language,
    has_buttons: bool,
) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let length = text.chars().count();
    let limit = if has_buttons {
        WITH_BUTTONS_MAX
    } else {
        PLAIN_MAX
    };
    if length > limit {
        found.push((
            format!("{length} characters, {limit} fit in a message"),
            None,
        ));
    }
    let folded = fold(text);
    for (word, instead) in BANNED {
        if has_phrase(&folded, word) {
            found.push((
                format!("`{word}` promises too much"),
                Some(instead.to_owned()),
            ));
        }
    }
    if has_link(&folded) {
        found.push((
            "a link in a reply".into(),
            Some("use a button the code makes".into()),
        ));
    }
    if longest_digits(text) > DIGITS_MAX {
        found.push((
            format!("more than {DIGITS_MAX} digits in a row"),
            Some("show the last four at most".into()),
        ));
    }
    let mut words_in_all = 0;
    let mut counted = 0_usize;
    for sentence in sentences(text) {
        let count = words(sentence).count();
        if count == 0 {
            continue;
        }
        counted += 1;
        words_in_all += count;
        if count > SENTENCE_MAX {
            found.push((
                format!("a sentence of {count} words, {SENTENCE_MAX} at most"),
                None,
            ));
        }
        let folded = fold(sentence);
        let asks = ASKING.iter().any(|verb| has_phrase(&folded, verb));
        let secret = SECRETS.iter().find(|secret| has_phrase(&folded, secret));
        let negated = NEVER.iter().any(|word| has_phrase(&folded, word));
        let demand = DEMANDS.iter().find(|demand| has_phrase(&folded, demand));
        if let (Some(demand), false) = (demand, negated) {
            let rule = "a dispute is taken without it".to_owned();
            found.push((format!("`{demand}` puts a demand before help"), Some(rule)));
        }
        if let (true, Some(secret), false) = (asks, secret, negated) {
            found.push((
                format!("asks the customer for `{secret}`"),
                Some("the bot never asks for a code, a PIN or a password".into()),
            ));
        }
    }
    if counted > 0 {
        let average = ratio(words_in_all, counted);
        if average > SENTENCE_AVERAGE {
            found.push((
                format!("{average:.1} words a sentence, {SENTENCE_AVERAGE} on average at most"),
                None,
            ));
        }
    }
    if words_in_all >= GRADED_WORDS {
        found.extend(hard_to_read(text, language));
    }
    found
}

/// Returns a complaint where the text needs more than eight years of school.
fn hard_to_read(text: &str, language: Language) -> Option<(String, Option<String>)> {
    let sentences = sentences(text)
        .filter(|sentence| words(sentence).next().is_some())
        .count();
    let count = words(text).count();
    let syllables: usize = words(text).map(|word| syllables(word, language)).sum();
    let (length, weight) = (
        ratio(count, sentences.max(1)),
        ratio(syllables, count.max(1)),
    );
    let plainer = Some("use shorter words and sentences".to_owned());
    match language {
        Language::En => {
            let grade = 0.39 * length + 11.8 * weight - 15.59;
            (grade > GRADE_MAX).then(|| {
                (
                    format!("reads at grade {grade:.1}, {GRADE_MAX} at most"),
                    plainer,
                )
            })
        }
        Language::Es => {
            let ease = 206.84 - 60.0 * weight - 1.02 * length;
            (ease < EASE_MIN).then(|| {
                (
                    format!("ease of reading {ease:.0}, {EASE_MIN} at least"),
                    plainer,
                )
            })
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
fn ratio(of: usize, by: usize) -> f64 {
    of as f64 / by as f64
}

/// Splits at the marks that end a sentence, and at lines. A dot inside a number or a word ends nothing.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .char_indices()
            .find(|(at, c)| {
                let next = rest
                    .get(at + c.len_utf8()..)
                    .and_then(|rest| rest.chars().next());
                match c {
                    '\n' => true,
                    '.' | '!' | '?' | ';' | ':' => next.is_none_or(char::is_whitespace),
                    _ => false,
                }
            })
            .map_or(rest.len(), |(at, c)| at + c.len_utf8());
        let (sentence, tail) = rest.split_at(end);
        rest = tail;
        Some(sentence)
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .filter(|word| word.contains(|c: char| c.is_alphanumeric()) || word.contains(MARKER))
}

/// Lower case without accents and apostrophes.
pub(super) fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter_map(|c| match c {
            'á' => Some('a'),
            'é' => Some('e'),
            'í' => Some('i'),
            'ó' => Some('o'),
            'ú' | 'ü' => Some('u'),
            'ñ' => Some('n'),
            '\'' | '’' | '*' => None,
            c => Some(c),
        })
        .collect()
}

/// Whether `phrase` stands in `text` between word boundaries.
pub(super) fn has_phrase(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text
            .get(at + phrase.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

fn has_link(folded: &str) -> bool {
    folded.contains("://")
        || folded.contains("www.")
        || folded.split_whitespace().any(|word| {
            [".com", ".org", ".net", ".io", ".app"].iter().any(|end| {
                word.trim_end_matches(|c: char| !c.is_alphanumeric())
                    .ends_with(end)
            })
        })
}

fn longest_digits(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .max()
        .unwrap_or(0)
}

fn syllables(word: &str, language: Language) -> usize {
    let letters: Vec<char> = word
        .chars()
        .filter(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect();
    let count = match language {
        Language::En => english_syllables(&letters),
        Language::Es => spanish_syllables(&letters),
    };
    count.max(1)
}

/// Counts groups of vowels; a silent `e` at the end, `-es` and `-ed` do not count.
fn english_syllables(letters: &[char]) -> usize {
    let vowel = |c: &char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let groups = letters.chunk_by(|a, b| vowel(a) == vowel(b));
    let groups = groups
        .filter(|group| group.first().is_some_and(vowel))
        .count();
    let silent = match letters {
        [.., l, 'l', 'e'] | [.., l, 'l', 'e', 's'] if !vowel(l) => false,
        [.., before, 'e'] => !vowel(before),
        [.., before, 'e', 'd'] => !matches!(before, 't' | 'd') && !vowel(before),
        [.., before, 'e', 's'] => {
            !matches!(before, 's' | 'x' | 'z' | 'c' | 'g' | 'h') && !vowel(before)
        }
        _ => false,
    };
    groups - usize::from(silent && groups > 1)
}

/// Counts nuclei: each strong or accented vowel is one, weak vowels lean on them; `u` is silent in `que`, `gui`.
fn spanish_syllables(letters: &[char]) -> usize {
    let strong = |c: char| matches!(c, 'a' | 'e' | 'o' | 'á' | 'é' | 'ó' | 'í' | 'ú');
    let weak = |c: char| matches!(c, 'i' | 'u' | 'ü');
    let mut count = 0;
    // Whether a weak vowel waits for a strong one to lean on, and whether the last letter was a nucleus.
    let (mut waiting, mut in_nucleus) = (false, false);
    for (at, &c) in letters.iter().enumerate() {
        let next = letters.get(at + 1).copied().unwrap_or_default();
        let before = at
            .checked_sub(1)
            .and_then(|at| letters.get(at))
            .copied()
            .unwrap_or_default();
        if c == 'u' && matches!(before, 'q' | 'g') && matches!(next, 'e' | 'i' | 'é' | 'í') {
            continue;
        }
        let last_y = c == 'y' && at + 1 == letters.len();
        if strong(c) {
            count += 1;
            (waiting, in_nucleus) = (false, true);
        } else if weak(c) || last_y {
            if !in_nucleus && !waiting {
                if strong(next) {
                    waiting = true;
                } else {
                    count += 1;
                    in_nucleus = true;
                }
            }
        } else {
            (waiting, in_nucleus) = (false, false);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str, language: Language) -> Vec<String> {
        problems(text, language, false)
            .into_iter()
            .map(|(message, _)| message)
            .collect()
    }

    #[test]
    fn counts_syllables_as_people_do() {
        for (word, count) in [
            ("balance", 2),
            ("charge", 1),
            ("charges", 2),
            ("money", 2),
            ("little", 2),
            ("stopped", 1),
            ("account", 2),
            ("wanted", 2),
            ("the", 1),
            ("person", 2),
        ] {
            assert_eq!(syllables(word, Language::En), count, "{word}");
        }
        for (word, count) in [
            ("cuenta", 2),
            ("día", 2),
            ("que", 1),
            ("tarjeta", 3),
            ("ciudad", 2),
            ("soy", 1),
            ("guitarra", 3),
            ("cuándo", 2),
            ("a", 1),
            ("leer", 2),
            ("pagué", 2),
            ("y", 1),
        ] {
            assert_eq!(syllables(word, Language::Es), count, "{word}");
        }
    }

    #[test]
    fn plain_replies_pass() {
        let en =
            "Checking \u{fffc}: \u{fffc} to use now. \u{fffc} before 2 charges that are not final.";
        assert_eq!(messages(en, Language::En), Vec::<String>::new());
        let es = "No puedo leer esa cuenta aquí. Te puede ayudar una persona.";
        assert_eq!(messages(es, Language::Es), Vec::<String>::new());
        let warning = "Never send your PIN or a code to anybody.";
        assert_eq!(messages(warning, Language::En), Vec::<String>::new());
        let comfort = "You don't need a police report.";
        assert_eq!(messages(comfort, Language::En), Vec::<String>::new());
    }

    #[test]
    fn finds_promises_demands_links_digits_and_questions_for_secrets() {
        assert_eq!(
            messages("Your refund is guaranteed.", Language::En).len(),
            1
        );
        assert_eq!(messages("No te preocupes.", Language::Es).len(), 1);
        assert_eq!(messages("You need a police report.", Language::En).len(), 1);
        assert_eq!(messages("See bank.com for more.", Language::En).len(), 1);
        assert_eq!(messages("Call 80055 now.", Language::En).len(), 1);
        assert_eq!(
            messages("Please type your PIN here.", Language::En).len(),
            1
        );
        assert_eq!(messages("Escribe tu clave aquí.", Language::Es).len(), 1);
    }

    #[test]
    fn finds_sentences_that_run_on() {
        let long = "word ".repeat(26);
        let found = messages(&long, Language::En);
        assert!(
            found
                .iter()
                .any(|message| message.starts_with("a sentence of 26 words"))
        );
        assert!(
            found
                .iter()
                .any(|message| message.starts_with("26.0 words a sentence"))
        );
    }

    #[test]
    fn finds_school_words() {
        let hard = "Provisional crediting necessitates verification. Documentation requirements are applicable. \
            Notification of determination follows investigation. Reconsideration possibilities are communicated subsequently. Authentication is mandatory.";
        assert!(
            messages(hard, Language::En)
                .iter()
                .any(|message| message.contains("grade"))
        );
        let hard = "La reconsideración administrativa correspondiente necesitará documentación identificativa adicional. \
            Posteriormente comunicaremos telefónicamente la determinación definitiva correspondiente a las investigaciones realizadas internamente.";
        assert!(
            messages(hard, Language::Es)
                .iter()
                .any(|message| message.contains("ease"))
        );
    }
}
