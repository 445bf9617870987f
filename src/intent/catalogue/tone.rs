//! How replies sound: the wording table (5.2), calm in bad news, no blame, the answer first (5.1).
//!
//! Length, grade and what must never be promised or asked for are checked in [`super::wording`].

use super::wording::{fold, has_phrase};
use crate::intent::Language;

/// A word of the trade, what makes it plain where both stand in one reply, and what to say in its place.
struct Jargon {
    word: &'static str,
    explained_by: &'static [&'static str],
    say: &'static str,
}

const fn jargon(
    word: &'static str,
    explained_by: &'static [&'static str],
    say: &'static str,
) -> Jargon {
    Jargon {
        word,
        explained_by,
        say,
    }
}

const EN: [Jargon; 29] = [
    jargon("available balance", &["use now"], "say `to use now`"),
    jargon("pending", &["not final"], "say `not final yet`"),
    jargon("authorization", &["not final"], "say `not final yet`"),
    jargon("authorisation", &["not final"], "say `not final yet`"),
    jargon("pre-authorization", &["held"], "say `the shop held`"),
    jargon("pre-authorisation", &["held"], "say `the shop held`"),
    jargon(
        "minimum payment",
        &["smallest amount"],
        "say `smallest amount you must pay`",
    ),
    jargon(
        "minimum due",
        &["smallest amount"],
        "say `smallest amount you must pay`",
    ),
    jargon(
        "apr",
        &["a year", "yearly"],
        "say `yearly cost of borrowing` beside it",
    ),
    jargon("deactivate", &[], "say `stop`"),
    jargon("deactivated", &[], "say `stopped`"),
    jargon("block your card", &[], "say `stop your card`"),
    jargon("block the card", &[], "say `stop the card`"),
    jargon("block this card", &[], "say `stop this card`"),
    jargon("card is blocked", &[], "say `the card is stopped`"),
    jargon("unrecognized", &[], "say `I did not do this`"),
    jargon("unrecognised", &[], "say `I did not do this`"),
    jargon("agent", &[], "say `a person`"),
    jargon("agents", &[], "say `people`"),
    jargon("representative", &[], "say `a person`"),
    jargon("representatives", &[], "say `people`"),
    jargon("advisor", &[], "say `a person`"),
    jargon("debit balance", &[], "say `you owe`"),
    jargon("credit balance", &[], "say `you have`"),
    jargon(
        "overdraft fee",
        &[],
        "say `fee because you spent more than you had`",
    ),
    jargon(
        "overdraft",
        &["spend more than you", "spent more than you"],
        "say `spent more than you had`",
    ),
    jargon("insufficient funds", &[], "say `not enough money`"),
    jargon("utilize", &[], "say `use`"),
    jargon("remittance", &[], "say `payment`"),
];

const ES: [Jargon; 18] = [
    jargon("saldo disponible", &["usar ahora"], "di `para usar ahora`"),
    jargon(
        "pendiente",
        &["no es definitivo", "no son definitivos"],
        "di `aún no es definitivo`",
    ),
    jargon(
        "pendientes",
        &["no son definitivos"],
        "di `aún no son definitivos`",
    ),
    jargon(
        "preautorizacion",
        &["aparto", "apartar"],
        "di `la tienda apartó`",
    ),
    jargon(
        "autorizacion",
        &["no es definitivo"],
        "di `aún no es definitivo`",
    ),
    jargon(
        "pago minimo",
        &["menos que debes", "lo minimo que debes"],
        "di `lo mínimo que debes pagar`",
    ),
    jargon("apr", &["al ano"], "di también lo que cuesta al año"),
    jargon("desactivar", &[], "di `parar`"),
    jargon("bloquear tu tarjeta", &[], "di `parar tu tarjeta`"),
    jargon("bloquear la tarjeta", &[], "di `parar la tarjeta`"),
    jargon("tarjeta bloqueada", &[], "di `tarjeta parada`"),
    jargon("no reconocido", &[], "di `no lo hice yo`"),
    jargon("agente", &[], "di `una persona`"),
    jargon("representante", &[], "di `una persona`"),
    jargon("asesor", &[], "di `una persona`"),
    jargon("saldo deudor", &[], "di `debes`"),
    jargon("saldo acreedor", &[], "di `tienes`"),
    jargon(
        "sobregiro",
        &["gastar mas de lo que", "gastaste mas de lo que"],
        "di `gastar más de lo que tenías`",
    ),
];

/// Words that put the mistake on the customer (5.1 rule 8).
const BLAME: [&str; 21] = [
    "you entered",
    "you typed it",
    "you failed",
    "you forgot",
    "you should have",
    "your mistake",
    "your fault",
    "your error",
    "invalid",
    "incorrect",
    "not valid",
    "te equivocaste",
    "tu error",
    "tu culpa",
    "olvidaste",
    "debiste",
    "deberias haber",
    "invalido",
    "invalida",
    "incorrecto",
    "incorrecta",
];

/// Openings that come before the answer (5.1 rule 1).
const FILLERS: [&str; 17] = [
    "please note",
    "please be advised",
    "thank you for your",
    "thank you for contacting",
    "thanks for contacting",
    "as an ai",
    "i understand that",
    "certainly",
    "let me check",
    "great question",
    "gracias por contactar",
    "gracias por tu mensaje",
    "entiendo que",
    "claro que si",
    "con gusto",
    "por favor ten en cuenta",
    "dejame revisar",
];

/// Intents whose replies may exclaim: courtesies.
const CHEERFUL: [&str; 4] = ["greeting", "goodbye", "thanks", "smalltalk"];

/// Returns how one spelling of a reply offends, each with a suggestion. `intent` is `None` for shared replies.
pub(super) fn problems(
    text: &str,
    language: Language,
    intent: Option<&str>,
) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let folded = fold(text);
    let table: &[Jargon] = match language {
        Language::En => &EN,
        Language::Es => &ES,
    };
    for entry in table {
        let explained = entry
            .explained_by
            .iter()
            .any(|plain| folded.contains(plain));
        if has_phrase(&folded, entry.word) && !explained {
            let message = format!("`{}` is a word of the trade", entry.word);
            found.push((message, Some(entry.say.to_owned())));
        }
    }
    for words in BLAME {
        // "It is not your fault" comforts.
        let comforts = ["not ", "isnt ", "no es ", "nunca es "]
            .iter()
            .any(|not| folded.contains(&format!("{not}{words}")));
        if has_phrase(&folded, words) && !comforts {
            let plainer = "say what cannot be found or done".to_owned();
            found.push((format!("`{words}` blames the customer"), Some(plainer)));
        }
    }
    if let Some(filler) = FILLERS
        .iter()
        .find(|filler| folded.trim_start().starts_with(**filler))
    {
        let first = "begin with the answer".to_owned();
        found.push((format!("`{filler}` stands before the answer"), Some(first)));
    }
    let cheerful = intent.is_some_and(|intent| CHEERFUL.contains(&intent));
    if !cheerful {
        if text.contains(['!', '¡']) {
            found.push((
                "an exclamation mark".to_owned(),
                Some("end with a full stop".to_owned()),
            ));
        }
        if text.chars().any(is_emoji) {
            found.push(("an emoji".to_owned(), Some("say it in words".to_owned())));
        }
    }
    found
}

/// Tells whether a character is a picture. Bullets, quotes and currency signs are none.
fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str, language: Language, intent: &str) -> Vec<String> {
        problems(text, language, Some(intent))
            .into_iter()
            .map(|(message, _)| message)
            .collect()
    }

    #[test]
    fn jargon_is_refused_unless_it_is_explained() {
        let found = messages("Your available balance is low.", Language::En, "balance");
        assert_eq!(found, ["`available balance` is a word of the trade"]);
        let explained = "APR is the yearly cost of borrowing.";
        assert!(messages(explained, Language::En, "faq").is_empty());
        let found = messages("Habla con un agente.", Language::Es, "human");
        assert_eq!(found, ["`agente` is a word of the trade"]);
    }

    #[test]
    fn bad_news_is_calm_and_blames_nobody() {
        assert_eq!(
            messages("Card stopped!", Language::En, "report_fraud").len(),
            1
        );
        assert_eq!(messages("Sorry 😢.", Language::En, "bereavement").len(), 1);
        assert_eq!(
            messages("You entered it wrong.", Language::En, "balance").len(),
            1
        );
        assert_eq!(
            messages("Código inválido.", Language::Es, "balance").len(),
            1
        );
        assert!(messages("It is not your fault.", Language::En, "report_fraud").is_empty());
        assert!(messages("Hi! 👋", Language::En, "greeting").is_empty());
    }

    #[test]
    fn the_answer_comes_first() {
        let found = messages(
            "Thank you for your message. It is $5.",
            Language::En,
            "balance",
        );
        assert_eq!(found, ["`thank you for your` stands before the answer"]);
    }
}
