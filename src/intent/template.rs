//! Reply templates: text with placeholders, plurals and selections, nothing else.
//!
//! `{name}` stands for a value, `{n, plural, one {# charge} other {# charges}}` picks by number and
//! `{kind, select, debit {your debit card} other {your card}}` by word. Loops and conditions are left out on purpose: a
//! skill chooses a variant in Rust, where it can be tested, and data only says it in words.
//! This file parses; what a value looks like when it is shown belongs to the reply renderer.

use std::collections::BTreeMap;

use thiserror::Error;

/// How deep plurals and selections may nest. Two levels are more than a translator can follow.
const MAX_DEPTH: usize = 3;

/// A parsed template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Literal text.
    Text(String),
    /// `{name}`.
    Value(String),
    /// `#` inside a plural: the number of the innermost plural around it.
    Number,
    /// `{name, plural, …}`.
    Plural {
        /// The placeholder that holds the number.
        name: String,
        /// What to say for which number, in the order written; `other` is among them.
        arms: Vec<(Count, Vec<Part>)>,
    },
    /// `{name, select, …}`.
    Select {
        /// The placeholder that holds the word.
        name: String,
        /// What to say for which word, in the order written; `other` is among them.
        arms: Vec<(String, Vec<Part>)>,
    },
}

/// Which numbers an arm of a plural is for. English and Spanish need no more (Unicode CLDR; `many` is for Spanish
/// millions).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Count {
    /// `=3`: exactly this number. Looked at before the categories.
    Exactly(u64),
    /// The singular.
    One,
    /// Round millions in Spanish ("un millón de …").
    Many,
    /// Every other number.
    Other,
}

/// What a placeholder is used for; both languages of a reply must agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Shown as it is.
    Value,
    /// A number that picks a plural.
    Plural,
    /// A word that picks among these.
    Select(Vec<String>),
}

/// Why a template does not parse.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} at character {column}")]
pub struct TemplateError {
    /// The position in the template, in characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: TemplateErrorKind,
}

/// The ways in which a template can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateErrorKind {
    /// A `{` without its `}`.
    #[error("`{{` is never closed")]
    Unclosed,
    /// A `}` without its `{`.
    #[error("`}}` closes nothing")]
    Unopened,
    /// No or a wrong name after `{`.
    #[error("a placeholder's name is lower case letters, digits and underscores")]
    Name,
    /// Something other than `plural` or `select` after the comma.
    #[error("`{0}` is neither `plural` nor `select`")]
    Form(String),
    /// An arm's label that is not allowed there.
    #[error("`{0}` is no label of a plural (`=N`, `one`, `many`, `other`)")]
    Label(String),
    /// The same arm twice.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// No `other` arm.
    #[error("`other` is missing")]
    NoOther,
    /// Too much nesting.
    #[error("nested too deep")]
    Depth,
}

impl Template {
    /// Parses a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parser = Parser { text, at: 0 };
        let parts = parser.parts(0, false)?;
        Ok(Self { parts })
    }

    /// Returns the pieces, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns each placeholder and what it is used for. One used in two ways counts with the stricter.
    pub fn placeholders(&self) -> BTreeMap<&str, Use> {
        let mut found = BTreeMap::new();
        collect(&self.parts, &mut found);
        found
    }

    /// Returns the texts this template can become, placeholders shown as `marker`, at most `limit` of them.
    ///
    /// For checks of wording and length: each arm of each plural and selection is in at least one of them.
    pub fn spellings(&self, marker: &str, limit: usize) -> Vec<String> {
        spell(&self.parts, marker, limit.max(1))
    }
}

fn collect<'t>(parts: &'t [Part], found: &mut BTreeMap<&'t str, Use>) {
    for part in parts {
        match part {
            Part::Text(_) | Part::Number => {}
            Part::Value(name) => {
                found.entry(name).or_insert(Use::Value);
            }
            Part::Plural { name, arms } => {
                let used = found.entry(name).or_insert(Use::Plural);
                if *used == Use::Value {
                    *used = Use::Plural;
                }
                for (_, arm) in arms {
                    collect(arm, found);
                }
            }
            Part::Select { name, arms } => {
                let mut words: Vec<String> = arms.iter().map(|(word, _)| word.clone()).collect();
                words.sort();
                found.insert(name, Use::Select(words));
                for (_, arm) in arms {
                    collect(arm, found);
                }
            }
        }
    }
}

fn spell(parts: &[Part], marker: &str, limit: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    for part in parts {
        let arms: Vec<String> = match part {
            Part::Text(text) => vec![text.clone()],
            Part::Value(_) | Part::Number => vec![marker.to_owned()],
            Part::Plural { arms, .. } => arms
                .iter()
                .flat_map(|(_, arm)| spell(arm, marker, limit))
                .collect(),
            Part::Select { arms, .. } => arms
                .iter()
                .flat_map(|(_, arm)| spell(arm, marker, limit))
                .collect(),
        };
        if texts.len() * arms.len() <= limit {
            texts = texts
                .iter()
                .flat_map(|text| arms.iter().map(move |arm| format!("{text}{arm}")))
                .collect();
        } else {
            // Too many combinations: go through the arms side by side, so that each appears once.
            let count = texts.len().max(arms.len());
            texts = texts
                .iter()
                .cycle()
                .zip(arms.iter().cycle())
                .take(count)
                .map(|(text, arm)| format!("{text}{arm}"))
                .collect();
        }
    }
    texts
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn error<T>(&self, at: usize, kind: TemplateErrorKind) -> Result<T, TemplateError> {
        let before = self.text.get(..at).unwrap_or(self.text);
        Err(TemplateError {
            column: before.chars().count() + 1,
            kind,
        })
    }

    /// Reads pieces up to the end of the text or, in an arm, up to its closing brace, which is left.
    fn parts(&mut self, depth: usize, in_plural: bool) -> Result<Vec<Part>, TemplateError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        while let Some(c) = self.peek() {
            match c {
                '{' => {
                    if !text.is_empty() {
                        parts.push(Part::Text(text.as_str().to_owned()));
                        text.clear();
                    }
                    parts.push(self.placeholder(depth, in_plural)?);
                }
                '}' if depth > 0 => break,
                '}' => return self.error(self.at, TemplateErrorKind::Unopened),
                '#' if in_plural => {
                    if !text.is_empty() {
                        parts.push(Part::Text(text.as_str().to_owned()));
                        text.clear();
                    }
                    parts.push(Part::Number);
                    self.bump();
                }
                c => {
                    text.push(c);
                    self.bump();
                }
            }
        }
        if !text.is_empty() {
            text.shrink_to_fit();
            parts.push(Part::Text(text));
        }
        // A catalogue lives as long as the program.
        parts.shrink_to_fit();
        Ok(parts)
    }

    fn placeholder(&mut self, depth: usize, in_plural: bool) -> Result<Part, TemplateError> {
        let start = self.at;
        self.bump();
        self.spaces();
        let name = self.word().to_owned();
        let named = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !named {
            return self.error(self.at, TemplateErrorKind::Name);
        }
        self.spaces();
        match self.peek() {
            Some('}') => {
                self.bump();
                return Ok(Part::Value(name));
            }
            Some(',') => self.bump(),
            Some(_) => return self.error(self.at, TemplateErrorKind::Name),
            None => return self.error(start, TemplateErrorKind::Unclosed),
        }
        if depth >= MAX_DEPTH {
            return self.error(start, TemplateErrorKind::Depth);
        }
        self.spaces();
        let form_at = self.at;
        let form = self.word();
        self.spaces();
        if self.peek() == Some(',') {
            self.bump();
        }
        match form {
            "plural" => {
                let arms = self.arms(start, depth, true, Self::count)?;
                Ok(Part::Plural { name, arms })
            }
            "select" => {
                let arms =
                    self.arms(start, depth, in_plural, |_, label, _| Ok(label.to_owned()))?;
                Ok(Part::Select { name, arms })
            }
            other => self.error(form_at, TemplateErrorKind::Form(other.to_owned())),
        }
    }

    fn count(&self, label: &str, at: usize) -> Result<Count, TemplateError> {
        match label {
            "one" => Ok(Count::One),
            "many" => Ok(Count::Many),
            "other" => Ok(Count::Other),
            _ => match label
                .strip_prefix('=')
                .and_then(|number| number.parse().ok())
            {
                Some(number) => Ok(Count::Exactly(number)),
                None => self.error(at, TemplateErrorKind::Label(label.to_owned())),
            },
        }
    }

    fn arms<L: PartialEq>(
        &mut self,
        start: usize,
        depth: usize,
        in_plural: bool,
        label_of: impl Fn(&Self, &str, usize) -> Result<L, TemplateError>,
    ) -> Result<Vec<(L, Vec<Part>)>, TemplateError> {
        let mut arms: Vec<(L, Vec<Part>)> = Vec::new();
        let mut other = false;
        loop {
            self.spaces();
            match self.peek() {
                None => return self.error(start, TemplateErrorKind::Unclosed),
                Some('}') => {
                    self.bump();
                    break;
                }
                Some(_) => {}
            }
            let label_at = self.at;
            let label = self.word();
            if label.is_empty() {
                return self.error(label_at, TemplateErrorKind::Name);
            }
            self.spaces();
            if self.peek() != Some('{') {
                return self.error(self.at, TemplateErrorKind::Unclosed);
            }
            let arm_at = self.at;
            self.bump();
            let key = label_of(self, label, label_at)?;
            if arms.iter().any(|(known, _)| *known == key) {
                return self.error(label_at, TemplateErrorKind::Twice(label.to_owned()));
            }
            let parts = self.parts(depth + 1, in_plural)?;
            if self.peek() != Some('}') {
                return self.error(arm_at, TemplateErrorKind::Unclosed);
            }
            self.bump();
            other |= label == "other";
            arms.push((key, parts));
        }
        if other {
            arms.shrink_to_fit();
            Ok(arms)
        } else {
            self.error(start, TemplateErrorKind::NoOther)
        }
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | ','))
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(text: &str) -> TemplateErrorKind {
        Template::parse(text).unwrap_err().kind
    }

    #[test]
    fn reads_text_values_plurals_and_selections() {
        let template = Template::parse(
            "{account}: {n, plural, =0 {nothing} one {# charge} other {# charges}} on {c, select, debit {debit} other {it}}.",
        )
        .unwrap();
        assert_eq!(
            template.placeholders().into_iter().collect::<Vec<_>>(),
            [
                ("account", Use::Value),
                ("c", Use::Select(vec!["debit".into(), "other".into()])),
                ("n", Use::Plural)
            ]
        );
        assert!(matches!(
            template.parts().get(2),
            Some(Part::Plural { arms, .. }) if arms[0].0 == Count::Exactly(0) && arms[1].1[0] == Part::Number
        ));
    }

    #[test]
    fn apostrophes_and_number_signs_outside_a_plural_are_text() {
        let template = Template::parse("I can't find #1").unwrap();
        assert_eq!(template.parts(), [Part::Text("I can't find #1".into())]);
    }

    #[test]
    fn names_what_is_wrong_and_where() {
        assert_eq!(kind("a {b"), TemplateErrorKind::Unclosed);
        assert_eq!(kind("a } b"), TemplateErrorKind::Unopened);
        assert_eq!(kind("{Name}"), TemplateErrorKind::Name);
        assert_eq!(kind("{}"), TemplateErrorKind::Name);
        assert_eq!(kind("{n, if, x {y}}"), TemplateErrorKind::Form("if".into()));
        assert_eq!(kind("{n, plural, one {x}}"), TemplateErrorKind::NoOther);
        assert_eq!(
            kind("{n, plural, few {x} other {y}}"),
            TemplateErrorKind::Label("few".into())
        );
        assert_eq!(
            kind("{n, plural, other {x} other {y}}"),
            TemplateErrorKind::Twice("other".into())
        );
        assert_eq!(Template::parse("años {B}").unwrap_err().column, 8);
    }

    #[test]
    fn every_arm_is_in_some_spelling_even_beyond_the_limit() {
        let template = Template::parse(
            "{a, select, x {ax} y {ay} other {az}}{b, select, x {bx} y {by} other {bz}}{c, select, x {cx} other {cz}}",
        )
        .unwrap();
        let all = template.spellings("_", 4).join(" ");
        for arm in ["ax", "ay", "az", "bx", "by", "bz", "cx", "cz"] {
            assert!(all.contains(arm), "{arm} in {all}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r"[a-z#=, {}é]{0,40}") {
            if let Ok(template) = Template::parse(&text) {
                prop_assert!(!template.spellings("_", 16).is_empty());
            }
        }

        #[test]
        fn text_without_braces_is_kept_as_it_is(text in r"[^{}]{1,40}") {
            let template = Template::parse(&text).unwrap();
            prop_assert_eq!(template.spellings("_", 1), vec![text]);
        }
    }
}
