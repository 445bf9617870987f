//! Safety rules: what must never be missed, found before anything is weighed.
//!
//! Disputes, lost or stolen cards, fraud, a person, STOP, deletion and danger are recognised by phrases
//! (`safety/rules.toml`) whose exceptions are the look-alikes: negations, questions about how things work, lost dogs. The
//! classifier then catches what no phrase foresaw; the rules make sure that it is never the only one who could.

use super::IntentName;
use super::phrases::Words;
use super::ruleset::{Match, RuleSet, RuleSetError, When};

/// The rules built into the binary. A bank's own catalogue does not replace them.
const RULES: &str = include_str!("safety/rules.toml");

/// The compiled rules.
#[derive(Debug)]
pub struct Safety(RuleSet);

impl Safety {
    /// Compiles the rules that ship with the binary.
    pub fn built_in() -> Result<Self, RuleSetError> {
        RuleSet::parse(RULES).map(Self)
    }

    /// Returns the intents the rules can raise, each once.
    pub fn intents(&self) -> Vec<&IntentName> {
        self.0.intents()
    }

    /// Returns an alarm for each intent that some rule finds.
    pub fn alarms(&self, words: Words<'_>) -> Vec<Match<'_>> {
        self.0.all(&self.0.read(words), When::Always)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::Language;
    use crate::intent::catalogue::Catalogue;
    use crate::intent::utterance::Utterance;

    #[test]
    fn the_built_in_rules_compile() {
        let safety = Safety::built_in().unwrap();
        let names: Vec<&str> = safety
            .intents()
            .into_iter()
            .map(IntentName::as_str)
            .collect();
        assert_eq!(
            names,
            [
                "card_freeze",
                "card_lost_stolen",
                "crisis",
                "data_delete",
                "dispute",
                "human",
                "report_fraud",
                "stop_messages"
            ]
        );
    }

    /// The catalogue's own texts are the largest set there is to hold the rules against. What they are for, they find mostly
    /// by themselves (the classifier finds the rest); what is somebody else's they leave alone, but for a handful that
    /// the matcher settles because the text is an example word for word.
    #[test]
    fn the_catalogues_texts_raise_the_right_alarms() {
        let safety = Safety::built_in().unwrap();
        let catalogue = Catalogue::built_in().unwrap();
        let names: Vec<String> = safety
            .intents()
            .into_iter()
            .map(ToString::to_string)
            .collect();
        let (mut found, mut missed, mut calm, mut false_alarms) = (0, Vec::new(), 0, Vec::new());
        for intent in catalogue.intents() {
            for language in Language::ALL {
                let own = intent.examples.get(language).iter();
                let own = own.map(|example| (example.value.clone(), intent.name.to_string()));
                let others = intent.negatives.get(language).iter();
                let others = others.filter_map(|negative| {
                    Some((negative.text.clone(), negative.owner.as_ref()?.to_string()))
                });
                for (text, owner) in own.chain(others) {
                    let utterance = Utterance::new(&text);
                    let words = utterance.words();
                    let alarms = safety.alarms(utterance.phrase_words(&words));
                    let right = alarms.iter().any(|alarm| *alarm.intent == *owner.as_str());
                    // "No, that wasn't me" means the same where nothing asked for it.
                    if right || owner == "fraud_alert_reply" {
                        found += 1;
                    } else if names.contains(&owner) {
                        missed.push(format!("{owner}: {text}"));
                    } else if let Some(alarm) = alarms.first() {
                        false_alarms.push(format!("{} for {owner}: {text}", alarm.intent));
                    } else {
                        calm += 1;
                    }
                }
            }
        }
        let (lost, wrong) = (missed.len(), false_alarms.len());
        let missed = missed.join("\n");
        let false_alarms = false_alarms.join("\n");
        assert!(
            lost * 2 < found,
            "{lost} of {} missed:\n{missed}",
            found + lost
        );
        assert!(
            wrong * 150 < calm,
            "{wrong} false alarms in {calm}:\n{false_alarms}"
        );
    }
}
