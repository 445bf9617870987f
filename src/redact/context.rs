//! Finds short secrets by the words around them: security codes, PINs, one-time codes and social
//! security numbers, in English and Spanish. Three to nine digits alone say nothing.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{Captures, Regex};

use super::fold::Folded;
use super::{Cut, Kind};

/// Words that can stand between the name of a secret and its value.
const FILLER: &str = r#"(?:[\s:=#\-.,'"(>\x01]|\b(?:is|was|are|its|es|era|son|number|numero|num|no|code|codigo|to|a|as|por|here|aqui)\b)*"#;
/// What the secret belongs to, and then a verb or a colon: "for my debit card is".
const OWNER: &str = r#"(?:\s+(?:for|of|to|on|with|my|the|this|that|your|debit|credit|card|account|acct|atm|bank|visa|mastercard|amex|new|old|de|la|el|del|mi|tu|su|al|tarjeta|cuenta|cajero|banco|debito|credito|nueva|nuevo|number|numero|security|they|you|i|just|sent|gave|texted|emailed|got|received|have|que|me|llego|enviaron|mandaron|dieron)){1,6}?\s*(?:\b(?:is|was|es|era|are|son|to|a)\b|[:=])[\s:'"=]*"#;
/// "is the", "es mi": a value before its name.
const COPULA: &str = r"\s+(?:is|was|es|era)\s+(?:(?:the|my|a|our|mi|el|la|un|tu)\s+)?";

const CVV: &str = r"(?:cvv2?|cvc2?|cvn2?|csc|security code|card verification (?:value|code|number)|codigo de seguridad|(?:numbers?|code|digits) on the back|(?:codigo|numeros?|digitos) (?:de atras|del reverso|al dorso|de detras))";
const PIN: &str = r"(?:pin|nip|p\.i\.n\.?|numero secreto|clave(?: secreta| numerica)?)";
const CODE: &str = r"(?:otp|one[- ]?time (?:pass(?:word|code)|code|pin)|passcode|(?:verification|security|access|confirmation|auth\w{0,12}|login|log[- ]?in|sms|text|texted|sign[- ]?in|activation|2fa|secret|unlock|bank|6[- ]digit|six[- ]digit) code|codigo (?:de (?:verificacion|acceso|confirmacion|activacion|autorizacion|un solo uso|sms|seguridad|la app)|que me (?:llego|enviaron|mandaron)|temporal|sms))";
const PLAIN_CODE: &str = r"(?:code|codigo)";
const SSN: &str = r"(?:ssn|s\.s\.n\.?|ss#|ss number|social(?: security)?(?: number| num| no\.?| #)?|itin|(?:numero (?:de|del) )?(?:seguro|seguridad) social|nss)";

struct Rules {
    /// A word that any rule needs; most messages with digits hold none.
    names: AhoCorasick,
    named: Vec<Rule>,
    dashed_ssn: Regex,
    last_four: Regex,
}

struct Rule {
    kind: Kind,
    pattern: Regex,
    /// How many digits the value has.
    digits: std::ops::RangeInclusive<usize>,
    /// The name alone may mean something harmless: the words around decide.
    plain: bool,
}

static RULES: LazyLock<Rules> = LazyLock::new(Rules::new);

impl Rules {
    fn new() -> Rules {
        let mut rules = Vec::new();
        let mut add = |kind, name: &str, digits: std::ops::RangeInclusive<usize>, plain| {
            let (least, most) = (digits.start() - 1, digits.end() - 1);
            let value = format!(r"(?P<value>\d(?:[ .\-]?\d){{{least},{most}}})");
            for pattern in [
                format!(r"(?-u)\b{name}s?\b(?:{FILLER}|{OWNER}){value}"),
                format!(r"(?-u)(?:^|[^\d.,$\-]){value}{COPULA}(?:\w+\s+){{0,2}}?{name}\b"),
            ] {
                rules.push(Rule {
                    kind,
                    pattern: compile(&pattern),
                    digits: digits.clone(),
                    plain,
                });
            }
        };
        add(Kind::SecurityCode, CVV, 3..=4, false);
        // "Change my PIN from 1122 to 3344" holds two.
        add(Kind::Pin, &format!("{PIN} (?:from|de)"), 4..=8, false);
        add(
            Kind::Pin,
            &format!(r"{PIN} (?:from|de) \d{{4,8}} (?:to|a|por|into)"),
            4..=8,
            false,
        );
        add(Kind::Pin, PIN, 4..=8, false);
        add(Kind::OneTimeCode, CODE, 4..=8, false);
        add(Kind::OneTimeCode, PLAIN_CODE, 4..=8, true);
        add(Kind::SocialSecurity, SSN, 9..=9, false);
        #[expect(
            clippy::expect_used,
            reason = "the words are constants, built by the tests"
        )]
        let names = AhoCorasick::new([
            "cv", "csc", "code", "codigo", "pin", "nip", "p.i.n", "clave", "secreto", "otp", "one",
            "ss", "s.s.n", "social", "itin", "back", "atras", "revers", "dorso", "detras",
        ])
        .expect("the words build an automaton");
        Rules {
            names,
            named: rules,
            dashed_ssn: compile(r"(?-u)\b\d{3}(?:-\d\d-|\.\d\d\.|\x01\d\d\x01)\d{4}\b"),
            last_four: compile(&format!(
                r"(?-u)\b(?:last (?:4|four)|ultim[oa]s (?:4|cuatro))\b.{{0,24}}\b{SSN}\b(?:{FILLER}|{OWNER})(?P<value>\d{{4}})\b"
            )),
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "every pattern is a constant, compiled by the tests"
)]
fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

/// Finds secrets named by their context.
pub(super) fn find(folded: &Folded<'_>, cuts: &mut Vec<Cut>) {
    let bytes = folded.bytes();
    if bytes.iter().filter(|b| b.is_ascii_digit()).count() < 3 {
        return;
    }
    let rules = &*RULES;
    for found in rules.dashed_ssn.find_iter(bytes) {
        if stands_alone(bytes, found.start(), found.end()) && !is_order(bytes, found.start()) {
            push(
                folded,
                found.start(),
                found.end(),
                Kind::SocialSecurity,
                cuts,
            );
        }
    }
    if !rules.names.is_match(bytes) {
        return;
    }
    for captures in rules.last_four.captures_iter(bytes) {
        if let Some(value) = captures.name("value") {
            push(
                folded,
                value.start(),
                value.end(),
                Kind::SocialSecurity,
                cuts,
            );
        }
    }
    for rule in &rules.named {
        for captures in rule.pattern.captures_iter(bytes) {
            let Some(value) = captures.name("value") else {
                continue;
            };
            let digits = value
                .as_bytes()
                .iter()
                .filter(|b| b.is_ascii_digit())
                .count();
            if rule.digits.contains(&digits)
                && stands_alone(bytes, value.start(), value.end())
                && !is_amount(bytes, value.start(), value.end())
                && !(rule.plain && is_other_code(bytes, &captures, digits))
                && !(rule.kind == Kind::Pin && is_postal_code(bytes, &captures, digits))
            {
                push(folded, value.start(), value.end(), rule.kind, cuts);
            }
        }
    }
}

fn push(folded: &Folded<'_>, start: usize, end: usize, kind: Kind, cuts: &mut Vec<Cut>) {
    if let Some((start, end)) = folded.original_range(start, end) {
        cuts.push(Cut { start, end, kind });
    }
}

/// Whether no digit or letter touches the value, nor a longer number goes on after it.
fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let mut after = bytes.get(end..).unwrap_or_default().iter();
    let next = after.next();
    let joined = matches!(next, Some(b'-' | b'.' | b',' | b'/' | b':' | b' '))
        && after.next().is_some_and(u8::is_ascii_digit);
    !before.is_some_and(u8::is_ascii_alphanumeric)
        && !next.is_some_and(u8::is_ascii_alphanumeric)
        && !joined
}

fn next_word(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    let rest = rest.trim_ascii_start();
    let end = rest
        .iter()
        .position(|b| !b.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

fn previous_word(bytes: &[u8], at: usize) -> &[u8] {
    let lead = bytes.get(..at).unwrap_or_default();
    let lead = lead.trim_ascii_end();
    let start = lead
        .iter()
        .rposition(|b| !b.is_ascii_alphabetic())
        .map_or(0, |at| at + 1);
    lead.get(start..).unwrap_or_default()
}

/// Whether a currency says that the number is money.
fn is_amount(bytes: &[u8], start: usize, end: usize) -> bool {
    let sign = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(|b| matches!(b, b'$' | b'%'))
    };
    sign(start.checked_sub(1))
        || sign(Some(end))
        || matches!(
            next_word(bytes, end),
            b"dollars"
                | b"dollar"
                | b"bucks"
                | b"usd"
                | b"eur"
                | b"euro"
                | b"euros"
                | b"pounds"
                | b"quid"
                | b"gbp"
                | b"pesos"
                | b"dolares"
                | b"rupees"
                | b"inr"
                | b"mxn"
                | b"pavos"
                | b"times"
                | b"veces"
                | b"points"
                | b"puntos"
                | b"percent"
        )
}

/// Codes that are no secret: of an area, an error, a bank, a promotion.
fn is_other_code(bytes: &[u8], captures: &Captures<'_>, digits: usize) -> bool {
    let Some(found) = captures.get(0) else {
        return true;
    };
    let Some(value) = captures.name("value") else {
        return true;
    };
    let value_first = value.start() <= found.start() + 1;
    // The reversed form ends with the name, which may have its qualifier before it.
    let name_at = if value_first {
        let text = found.as_bytes();
        found.start() + text.iter().rposition(u8::is_ascii_whitespace).unwrap_or(0)
    } else {
        found.start()
    };
    let qualified = matches!(
        previous_word(bytes, name_at),
        b"pin"
            | b"zip"
            | b"post"
            | b"postal"
            | b"area"
            | b"error"
            | b"sort"
            | b"swift"
            | b"bank"
            | b"branch"
            | b"promo"
            | b"promotion"
            | b"promotional"
            | b"discount"
            | b"coupon"
            | b"country"
            | b"dress"
            | b"merchant"
            | b"mcc"
            | b"category"
            | b"response"
            | b"decline"
            | b"status"
            | b"reason"
            | b"tracking"
            | b"order"
            | b"reference"
            | b"ref"
            | b"ifsc"
            | b"bic"
            | b"routing"
            | b"transaction"
            | b"qr"
            | b"bar"
            | b"dial"
            | b"dialing"
            | b"dialling"
            | b"purchase"
            | b"invoice"
            | b"case"
            | b"ticket"
            | b"product"
            | b"item"
            | b"booking"
            | b"referral"
            | b"gift"
            | b"voucher"
            | b"tax"
            | b"invite"
            | b"pick"
            | b"pickup"
            | b"delivery"
            | b"fee"
            | b"entry"
    );
    let spanish_other = matches!(
        next_word(bytes, name_at.saturating_add(b"codigo".len())),
        b"postal" | b"promocional" | b"swift" | b"bic" | b"de" | b"error"
    ) && found.as_bytes().starts_with(b"codigo");
    // Bare, only six digits look like a code; "code 5003" may be anything.
    let between = bytes.get(found.start()..value.start()).unwrap_or_default();
    let said = value_first
        || between.iter().any(|b| matches!(b, b':' | b'='))
        || between
            .split(|b| !b.is_ascii_alphabetic())
            .any(|w| matches!(w, b"is" | b"was" | b"es" | b"era"));
    qualified || spanish_other || !(said || digits == 6)
}

/// India calls a postal code "PIN code": six digits near a word of place.
fn is_postal_code(bytes: &[u8], captures: &Captures<'_>, digits: usize) -> bool {
    let Some(found) = captures.get(0) else {
        return false;
    };
    let named = memchr::memmem::find(found.as_bytes(), b"code").is_some();
    named
        && digits == 6
        && [
            "atm", "branch", "near", "address", "area", "city", "deliver", "live", "moved",
        ]
        .iter()
        .any(|word| memchr::memmem::find(bytes, word.as_bytes()).is_some())
}

fn is_order(bytes: &[u8], start: usize) -> bool {
    let before = bytes.get(..start).unwrap_or_default();
    let at = before
        .iter()
        .rposition(u8::is_ascii_alphanumeric)
        .map_or(0, |at| at + 1);
    matches!(
        previous_word(bytes, at),
        b"order"
            | b"tracking"
            | b"invoice"
            | b"reference"
            | b"ref"
            | b"confirmation"
            | b"policy"
            | b"pedido"
            | b"referencia"
            | b"rastreo"
            | b"seguimiento"
            | b"factura"
            | b"case"
    )
}
