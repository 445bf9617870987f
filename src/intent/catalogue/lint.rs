//! The catalogue's lint: what can be loaded but must not ship.
//!
//! Everything here is about the whole catalogue or about words. What a single file must hold to be read at all is
//! checked while it is parsed.

use std::collections::HashMap;
use std::sync::Arc;

use super::problem::{Problem, Problems, Severity};
use super::tone;
use super::wording::{self, MARKER, TITLE_MAX};
use super::{Access, Catalogue, Intent, Replies};
use crate::intent::normalize::normalize;
use crate::intent::rules::{self, Rules};
use crate::intent::weigh::lacks_something;
use crate::intent::{Language, PerLanguage};
use crate::suggest::did_you_mean;

/// How many spellings of a template are measured: each arm is in one of them.
const SPELLINGS: usize = 16;
/// The variant every intent without a skill must have.
const ANSWER: &str = "answer";

/// What the code knows about one of its skills.
#[derive(Clone, Copy, Debug)]
pub struct SkillFacts<'s> {
    /// The skill's name.
    pub name: &'s str,
    /// The weakest access it can be used with.
    pub access: Access,
    /// The variants it chooses among; each must be there, for the intent or shared.
    pub variants: &'s [&'s str],
}

pub(super) fn lint(catalogue: &Catalogue, skills: &[SkillFacts<'_>]) -> Problems {
    let mut lint = Lint {
        catalogue,
        problems: Problems::new(),
    };
    lint.skills(skills);
    lint.examples();
    lint.negatives();
    lint.patterns();
    for intent in catalogue.intents() {
        lint.wording(&intent.file, Some(&intent.name), &intent.replies);
        for language in Language::ALL {
            let text = intent.description.get(language);
            if text.trim().is_empty() {
                lint.report(
                    &intent.file,
                    1,
                    format!("`description.{language}` is empty"),
                    None,
                );
            }
        }
    }
    for (file, replies) in &catalogue.shared_files {
        lint.wording(file, None, replies);
    }
    lint.problems.sorted()
}

struct Lint<'c> {
    catalogue: &'c Catalogue,
    problems: Problems,
}

impl<'c> Lint<'c> {
    fn report(&mut self, file: &Arc<str>, line: u32, message: String, suggestion: Option<String>) {
        self.problems.push(Problem {
            file: Arc::clone(file),
            line,
            severity: Severity::Lint,
            message,
            suggestion,
        });
    }

    fn skills(&mut self, skills: &[SkillFacts<'_>]) {
        for intent in self.catalogue.intents() {
            let Some(skill) = &intent.skill else {
                if !intent.replies.en.contains_key(ANSWER) {
                    let message = format!("without a skill, the reply `{ANSWER}` is needed");
                    self.report(&intent.file, 1, message, None);
                }
                continue;
            };
            if skills.is_empty() {
                continue;
            }
            let Some(facts) = skills.iter().find(|facts| facts.name == skill.value) else {
                let near = did_you_mean(&skill.value, skills.iter().map(|facts| facts.name));
                let message = format!("there is no skill `{}`", skill.value);
                self.report(&intent.file, skill.line, message, near);
                continue;
            };
            if intent.access < facts.access {
                let message = format!(
                    "`access` is `{}`, skill `{}` needs `{}`",
                    intent.access.name(),
                    skill.value,
                    facts.access.name()
                );
                self.report(&intent.file, skill.line, message, None);
            }
            for variant in facts.variants {
                if self
                    .catalogue
                    .reply(&intent.name, Language::En, variant)
                    .is_none()
                {
                    let near = did_you_mean(variant, intent.replies.en.keys().map(String::as_str));
                    let message = format!("skill `{}` needs the reply `{variant}`", skill.value);
                    self.report(&intent.file, skill.line, message, near);
                }
            }
        }
    }

    /// The same words cannot mean two things.
    fn examples(&mut self) {
        let mut seen: HashMap<String, (&'c Intent, Language, u32)> = HashMap::new();
        for intent in self.catalogue.intents() {
            for language in Language::ALL {
                for example in intent.examples.get(language) {
                    let form = normalize(&example.value).text;
                    if form.is_empty() {
                        // Punctuation alone ("???") leaves nothing to learn from, and is no harm.
                        continue;
                    }
                    let Some((first, theirs, line)) = seen.get(&form).copied() else {
                        seen.insert(form, (intent, language, example.line));
                        continue;
                    };
                    if first.name == intent.name && theirs != language {
                        continue;
                    }
                    let message = format!(
                        "example `{}` is in {}:{line} too",
                        example.value, first.file
                    );
                    self.report(&intent.file, example.line, message, Some("keep one".into()));
                }
            }
        }
    }

    fn negatives(&mut self) {
        let names = || {
            self.catalogue
                .intents()
                .iter()
                .map(|intent| intent.name.as_str())
        };
        let mut found = Vec::new();
        for intent in self.catalogue.intents() {
            for language in Language::ALL {
                for negative in intent.negatives.get(language) {
                    if let Some(owner) = &negative.owner {
                        if self.catalogue.intent(owner).is_none() {
                            let message = format!("there is no intent `{owner}`");
                            let near = did_you_mean(owner, names());
                            found.push((intent, negative.line, message, near));
                        } else if *owner == intent.name {
                            let message = "a negative cannot be the intent's own".to_owned();
                            found.push((intent, negative.line, message, None));
                        }
                    }
                }
            }
        }
        for (intent, line, message, near) in found {
            self.report(&intent.file, line, message, near);
        }
    }

    fn patterns(&mut self) {
        for intent in self.catalogue.intents() {
            for language in Language::ALL {
                for pattern in intent.patterns.get(language) {
                    if let Err(error) = rules::check(&pattern.value) {
                        self.report(&intent.file, pattern.line, error.to_string(), None);
                    }
                }
            }
        }
        let rules = Rules::new(self.catalogue);
        for intent in self.catalogue.intents() {
            for language in Language::ALL {
                let examples = intent.examples.get(language).iter();
                for example in examples.filter(|example| !lacks_something(&example.value)) {
                    self.taken(&rules, intent, &example.value, example.line, "example");
                }
                for negative in intent.negatives.get(language) {
                    let form = normalize(&negative.text).text;
                    let own = rules
                        .find(&form)
                        .into_iter()
                        .find(|found| self.catalogue.position(&intent.name) == Some(found.intent));
                    if let Some(pattern) = own.and_then(|own| rules.patterns().get(own.pattern)) {
                        let message = format!(
                            "negative `{}` is matched by this intent's pattern `{}`",
                            negative.text, pattern.source
                        );
                        self.report(&intent.file, negative.line, message, None);
                    }
                }
            }
        }
    }

    /// Complains where a pattern of another intent takes an example and none of its own does.
    fn taken(&mut self, rules: &Rules, intent: &Intent, text: &str, line: u32, what: &str) {
        let found = rules.find(&normalize(text).text);
        let own = self.catalogue.position(&intent.name);
        if found.iter().any(|found| Some(found.intent) == own) {
            return;
        }
        if let Some(other) = found.first()
            && let Some(pattern) = rules.patterns().get(other.pattern)
            && let Some(owner) = self.catalogue.intents().get(other.intent)
        {
            let message = format!(
                "{what} `{text}` is matched by `{}` of `{}`",
                pattern.source, owner.name
            );
            self.report(
                &intent.file,
                line,
                message,
                Some("narrow that pattern".into()),
            );
        }
    }

    fn wording(&mut self, file: &Arc<str>, intent: Option<&str>, replies: &PerLanguage<Replies>) {
        for language in Language::ALL {
            for (name, variant) in replies.get(language) {
                let mut found: Vec<(String, Option<String>)> = Vec::new();
                for spelling in variant.text.spellings(MARKER, SPELLINGS) {
                    let has_buttons = !variant.buttons.is_empty();
                    found.extend(wording::problems(&spelling, language, has_buttons));
                    found.extend(tone::problems(&spelling, language, intent));
                }
                for button in &variant.buttons {
                    let longest = button
                        .title
                        .spellings(MARKER, SPELLINGS)
                        .iter()
                        .map(|title| title.chars().count())
                        .max();
                    if longest.is_some_and(|length| length > TITLE_MAX) {
                        let message = format!(
                            "button `{}` is longer than {TITLE_MAX} characters",
                            button.source
                        );
                        found.push((message, None));
                    }
                    found.extend(tone::problems(&button.source, language, intent));
                    if !button.source.chars().any(char::is_alphanumeric) {
                        found.push((format!("button `{}` has no words", button.source), None));
                    }
                }
                found.sort();
                found.dedup();
                for (message, suggestion) in found {
                    let message = format!("reply `{name}` ({language}): {message}");
                    self.report(file, variant.line, message, suggestion);
                }
            }
        }
    }
}
