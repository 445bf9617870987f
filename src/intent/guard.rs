//! Questions, negations and suppositions: forms in which nothing may be done (requirements A12, A14).
//!
//! "Is my card locked?" reads, "lock my card" acts, "if I lock my card" explains, "don't lock it" forbids. The intents that
//! do something are taken out of what a message may mean where its form says that nothing is to be done.

use super::phrases::{Sighted, Words};
use super::ruleset::{Match, RuleSet, RuleSetError, When};

const TABLE: &str = include_str!("guard/forms.toml");

/// The forms in which nothing is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A question about how things are.
    Question,
    /// "Don't …".
    Forbids,
    /// "Don't pay it yet": no word of it may be taken for a question about the payment either.
    Halts,
    /// "If …", "what happens when …".
    Supposes,
    /// "Maybe I should …", "when I get paid I …": to be asked about, not to be done.
    Hedges,
    /// "I haven't lost it": what would be urgent is denied.
    Denies,
    /// Something else by that name: a freeze warning, a lost dog.
    LookAlike,
}

/// The compiled table.
#[derive(Debug)]
pub struct Guard(RuleSet);

impl Guard {
    /// Compiles the table that ships with the binary.
    pub fn built_in() -> Result<Self, RuleSetError> {
        RuleSet::parse(TABLE).map(Self)
    }

    /// Returns the form of a message, and the phrase that shows it; `None` where anything may be meant.
    pub fn form(&self, words: Words<'_>) -> Option<(Form, &str)> {
        let sighted: Sighted<'_> = self.0.read(words);
        let found: Match<'_> = self.0.first(&sighted, When::Always)?;
        let form = match found.intent.as_str() {
            "question" => Form::Question,
            "forbids" => Form::Forbids,
            "halts" => Form::Halts,
            "supposes" => Form::Supposes,
            "hedges" => Form::Hedges,
            "denies" => Form::Denies,
            _ => Form::LookAlike,
        };
        Some((form, found.phrase))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::utterance::Utterance;

    #[test]
    fn tells_questions_prohibitions_and_suppositions_from_requests() {
        let guard = Guard::built_in().unwrap();
        for (text, expected) in [
            ("is my card locked", Some(Form::Question)),
            ("did you freeze my card?", Some(Form::Question)),
            ("¿está bloqueada mi tarjeta?", Some(Form::Question)),
            ("have you sent the money", Some(Form::Question)),
            ("don't freeze it", Some(Form::Halts)),
            ("please do not send the payment", Some(Form::Halts)),
            ("no la bloquees", Some(Form::Halts)),
            ("don't add him", Some(Form::Forbids)),
            ("maybe i should cancel the gym", Some(Form::Hedges)),
            ("when my pay comes in send mom 50", Some(Form::Hedges)),
            ("how do i freeze my card", Some(Form::Supposes)),
            ("how much is my card", Some(Form::Question)),
            ("red card for the keeper", Some(Form::LookAlike)),
            ("if i freeze my card what happens", Some(Form::Supposes)),
            ("what happens when i lock the card", Some(Form::Supposes)),
            ("que pasa si congelo la tarjeta", Some(Form::Supposes)),
            ("freeze warning tonight?", Some(Form::LookAlike)),
            ("transfer my prescription", Some(Form::LookAlike)),
            ("i havent lost my card", Some(Form::Denies)),
            ("mi tarjeta no fue robada", Some(Form::Denies)),
            ("no, perdí mi tarjeta", None),
            ("no perdí mi tarjeta", Some(Form::Denies)),
            ("no, no perdí mi tarjeta", Some(Form::Denies)),
            ("no, i havent lost my card", Some(Form::Denies)),
            ("my card isnt stolen i just lost it", None),
            ("my car got stolen", Some(Form::LookAlike)),
            ("freeze my card", None),
            ("can you freeze my card", None),
            ("could you please send 20 to mom", None),
            ("i want to freeze my card, is that ok", None),
            ("congela mi tarjeta", None),
            ("pay my bill if you can", None),
        ] {
            let utterance = Utterance::new(text);
            let words = utterance.words();
            let form = guard
                .form(utterance.phrase_words(&words))
                .map(|(form, _)| form);
            assert_eq!(form, expected, "{text}");
        }
    }
}
