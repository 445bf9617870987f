//! Whether a message is in a language the bot does not speak (G7).
//!
//! Not which one: that would need a model, and changes nothing. Letters of another script tell at once; for Latin
//! letters the small words that every sentence needs do, as far as English and Spanish have none like them.

use super::normalize::normalize;

/// Small words of French, German, Portuguese, Italian, Dutch, Polish, Tagalog, Haitian Creole and Vietnamese that
/// are words of neither English nor Spanish.
const WORDS: [&str; 89] = [
    // French
    "je",
    "vous",
    "mon",
    "ma",
    "mes",
    "est",
    "une",
    "les",
    "des",
    "voudrais",
    "bonjour",
    "avec",
    "combien",
    "pas",
    "compte",
    "quel",
    "puis",
    // German
    "ich",
    "mein",
    "meine",
    "ist",
    "wie",
    "bitte",
    "und",
    "nicht",
    "das",
    "der",
    "kann",
    "konto",
    "hallo",
    "viel",
    "hoch",
    "wo",
    "auf",
    "guten",
    // Portuguese
    "eu",
    "meu",
    "qual",
    "minha",
    "voce",
    "nao",
    "obrigado",
    "ola",
    "quanto",
    "conta",
    "tenho",
    "onde",
    "uma",
    // Italian
    "il",
    "mio",
    "della",
    "ho",
    "sono",
    "conto",
    "buongiorno",
    "vorrei",
    "quanti",
    "grazie",
    "dove",
    "per",
    // Dutch
    "ik",
    "mijn",
    "hoeveel",
    "het",
    "een",
    "niet",
    "geld",
    "rekening",
    "staat",
    "hoi",
    // Polish
    "jak",
    "jest",
    "moje",
    "nie",
    "ile",
    "mam",
    "prosze",
    "dzien",
    "dobry",
    // Tagalog
    "ang",
    "magkano",
    "ako",
    "mga",
    "kumusta",
    // Haitian Creole
    "mwen",
    "kont",
    "konbyen",
    "bonjou",
    "genyen",
];

/// Tells whether a message is in neither English nor Spanish, as far as its letters and small words tell.
pub fn is_foreign(text: &str) -> bool {
    // Nobody's sentence is longer; what follows is a pasted text.
    let text = text.get(..text.floor_char_boundary(2_000)).unwrap_or(text);
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    // Accents aside, every letter of the Latin script lies below U+0250 or in Latin Extended Additional.
    let other = text
        .chars()
        .filter(|c| c.is_alphabetic() && *c > '\u{24f}' && !('\u{1e00}'..='\u{1eff}').contains(c))
        .filter(|c| !('\u{ff00}'..='\u{ff5e}').contains(c))
        .count();
    if other >= 2 && other * 2 > letters {
        return true;
    }
    let normal = normalize(text).text;
    let words: Vec<&str> = normal.split(' ').collect();
    let found = words.iter().filter(|word| WORDS.contains(word)).count();
    found >= 2 && found * 4 >= words.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::Language;
    use crate::intent::catalogue::Catalogue;

    #[test]
    fn no_example_of_the_catalogue_is_foreign() {
        // Examples of what is not understood may be in any language.
        const ANY: [&str; 3] = ["out_of_scope", "unknown", "change_language"];
        let catalogue = Catalogue::built_in().unwrap();
        for intent in catalogue.intents() {
            if ANY.contains(&intent.name.as_str()) {
                continue;
            }
            for language in Language::ALL {
                for example in intent.examples.get(language) {
                    assert!(
                        !is_foreign(&example.value),
                        "{}: {}",
                        intent.name,
                        example.value
                    );
                }
            }
        }
    }

    #[test]
    fn other_languages_are_told_from_ours() {
        for text in [
            "bonjour je voudrais voir mon solde",
            "bonjour quel est mon solde",
            "wie viel geld habe ich",
            "qual é o meu saldo",
            "guten tag wie hoch ist mein kontostand bitte",
            "quanto tenho na minha conta",
            "vorrei sapere quanti soldi ho sul mio conto",
            "ile mam na moje konto prosze",
            "magkano ang pera ko",
            "сколько денег на моем счете",
            "我的账户余额是多少",
            "كم رصيدي",
        ] {
            assert!(is_foreign(text), "{text}");
        }
        for text in [
            "how much do i have",
            "das my card please",
            "cuánto tengo en mi cuenta de ahorros",
            "me cobraron una comisión",
            "per month",
            "asdf qwer",
            "ｆｒｅｅｚｅ my card",
            "",
        ] {
            assert!(!is_foreign(text), "{text}");
        }
    }
}
