//! Finds a password that the customer writes out, in English and Spanish.
//!
//! A password looks like anything, so what decides is its introduction ("is", "es", a colon) and
//! that the next word is not one with which a sentence about passwords goes on.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::bytes::Regex;

use super::fold::Folded;
use super::{Cut, Kind};

static NAMES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the words are constants, built by the tests"
    )]
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "pass",
            "pwd",
            "clave",
            "contrasen",
            "passphrase",
            "pw:",
            "pw ",
        ])
        .expect("the words build an automaton")
});

/// The name of a password, what it belongs to, and what leads over to its value.
static LEAD: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the pattern is a constant, compiled by the tests")]
    Regex::new(
        r#"(?-u)\b(?P<name>pass ?words?|passwd|pwd|pw|passcode|pass ?phrase|contrasenas?|claves?|pass)\b(?:\s+(?:for|of|to|on|with|my|the|this|your|online|mobile|app|banking|account|login|email|wifi|de|la|el|del|mi|tu|su|para|acceso|cuenta|banca|internet|web|usuario|secreta|personal|number|current|new|old|nueva|actual|below|is here))*(?P<link>\s*(?:\b(?:is|was|es|era|its|it's|to|a|por|as|fue)\b|->|=>|[:=])+[\s:='"\-]*|\s+['"]*)"#,
    )
    .expect("the pattern is valid")
});

/// Whether an ASCII text names a password.
pub(super) fn is_mentioned(text: &str) -> bool {
    NAMES.is_match(text)
}

/// Finds written-out passwords.
pub(super) fn find(folded: &Folded<'_>, cuts: &mut Vec<Cut>) {
    let bytes = folded.bytes();
    if !NAMES.is_match(bytes) {
        return;
    }
    let mut from = 0;
    while let Some(captures) = bytes.get(from..).and_then(|rest| LEAD.captures(rest)) {
        let (Some(name), Some(link)) = (captures.name("name"), captures.name("link")) else {
            break;
        };
        let start = from + link.end();
        let rest = bytes.get(start..).unwrap_or_default();
        let length = value_length(rest, link.as_bytes());
        let value = rest.get(..length).unwrap_or_default();
        if is_password(folded, start, value, name.as_bytes(), link.as_bytes())
            && let Some((start, end)) = folded.original_range(start, start + length)
        {
            cuts.push(Cut {
                start,
                end,
                kind: Kind::Password,
            });
            from += link.end() + length;
        } else {
            from += name.end();
        }
    }
}

/// Up to the next white space, or to the closing quote.
fn value_length(rest: &[u8], link: &[u8]) -> usize {
    let quote = link.last().filter(|b| matches!(b, b'"' | b'\''));
    let quoted = quote.and_then(|quote| rest.iter().position(|b| b == quote));
    quoted
        .or_else(|| rest.iter().position(u8::is_ascii_whitespace))
        .unwrap_or(rest.len())
}

fn is_password(folded: &Folded<'_>, start: usize, value: &[u8], name: &[u8], link: &[u8]) -> bool {
    let bare = value.trim_ascii();
    let end = bare
        .iter()
        .rposition(|b| !matches!(b, b'.' | b',' | b'?' | b'!' | b')' | b';' | b'"'));
    let bare = bare.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
    if bare.is_empty() || bare.starts_with(b"[") {
        return false;
    }
    let digits = bare.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = bare.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let marks = bare.len() - digits - letters;
    let capitals = (start..start + bare.len())
        .filter(|at| folded.original_byte(*at).is_ascii_uppercase())
        .count();
    let money = bare.starts_with(b"$") || bare.ends_with(b"$") || bare.ends_with(b"%");
    let mixed = !money
        && ((digits > 0 && letters > 1 && bare.len() >= 5)
            || (marks > 0 && bare.len() >= 6 && bare.iter().any(|b| b"!@#$%^&*_".contains(b)))
            || digits >= 6);
    let colon = link
        .iter()
        .any(|b| matches!(b, b':' | b'=' | b'>' | b'\'' | b'"'));
    let verb = link.iter().any(u8::is_ascii_alphabetic);
    if letters == bare.len() && !(capitals > 0 && capitals < bare.len() && start > 0 && colon) {
        // "pass" and "clave" are everyday words; alone they introduce nothing.
        let introduced = colon || (verb && (capitals > 0 || !is_everyday(name)));
        return introduced && !goes_on(bare);
    }
    if digits == bare.len() {
        return (colon || verb || digits >= 6) && digits >= 4 && !money;
    }
    mixed
        || ((colon || verb)
            && !money
            && !goes_on(bare)
            && letters > 0
            && digits + marks > 0
            && !is_contraction(bare))
        || (colon && bare.len() >= 4 && !money && !goes_on(bare))
}

fn is_everyday(name: &[u8]) -> bool {
    matches!(name, b"pass" | b"clave" | b"claves")
}

/// "isn't", "user's": an apostrophe and a tail.
fn is_contraction(word: &[u8]) -> bool {
    let letters = |part: &[u8]| part.iter().all(u8::is_ascii_alphabetic);
    let mut parts = word.split(|b| matches!(b, b'\'' | b'-' | b'/'));
    parts.all(letters)
}

/// Words with which a sentence about a password goes on.
fn goes_on(word: &[u8]) -> bool {
    const SUFFIXES: [&[u8]; 10] = [
        b"ing", b"ed", b"able", b"ado", b"ada", b"ido", b"ida", b"ando", b"endo", b"mente",
    ];
    const WORDS: &str = " a about above again all also always an and any app are as ask asks at bad bank be because \
        been before being below broken but by call can cannot cant card case change code coming compromised correct \
        customer day days dead different do does doesnt dont down due each easy email enough error even every expires \
        facebook fake false fine first for forgot forgotten fixed from frozen gone good had hard has have he help her here \
        hers his how i if ill im in incorrect insecure instead internet into invalid is isnt it its just keep known \
        late later least like login long lost lot made many may maybe me messed mine missing more most much must my \
        name necessary need needs never new nice no none not nothing now null of off ok okay old on once one online \
        only open or other our out over own page password person personal please possible private problem public \
        really reset right safe same scam scammer secret secure security sent she short shown site so some somehow someone \
        something soon still stolen strong stuck stupid such taken than that the their them then there these they \
        this those through time to today tomorrow too totally true two under unsafe unknown up us used useless user \
        username valid very was way we weak well were what whats when where which who why will with within without \
        wont work works worked wrong wrote yes yesterday yet you your yours \
        al algo alguien antes aqui asi aun banco bien bueno buena cada caducada como con contrasena correcta cual \
        cualquier cuando cuenta de del demasiado desconocida desde dias diferente dice dificil distinta donde dos el \
        ella ellos en entrar error es esa ese eso esta estaba este esto facil falsa fuerte fue funciona gracias ha hace \
        hay hoy igual importante incorrecta insegura invalida la larga las le lo los luego mal mala mas me mi mia \
        misma mismo mucho muy nada necesaria ni ninguna no nombre nos nueva nueve nunca o obligatoria olvide otra \
        otro para pero personal poco por porque privada que quien roban robaron secreta segura ser si siempre sin \
        sobre solo son su suya tal tambien tan tarjeta temporal tiene toda todo tu tuya un una unica urgente usuario \
        usted valida vieja y ya yo ";
    let everyday = std::str::from_utf8(word)
        .is_ok_and(|word| WORDS.split_ascii_whitespace().any(|known| known == word));
    everyday || (word.len() > 4 && SUFFIXES.iter().any(|suffix| word.ends_with(suffix)))
}
