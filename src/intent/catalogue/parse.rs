//! One intent file: TOML in, an [`Intent`] and what is wrong with it out.
//!
//! The table is walked by hand and not through serde, because every problem is to be found in one go, each with its
//! line.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Problems, Severity};
use super::source::SourceFile;
use super::{Access, Button, Intent, Located, Negative, Replies, SlotSpec, Variant};
use crate::intent::template::Template;
use crate::intent::{IntentName, Language, PerLanguage};
use crate::suggest::did_you_mean;

const INTENT_KEYS: [&str; 9] = [
    "skill",
    "access",
    "safety",
    "description",
    "examples",
    "negatives",
    "patterns",
    "slots",
    "replies",
];

/// Reads an intent file.
pub(super) fn intent(source: &SourceFile, problems: &mut Problems) -> Option<Intent> {
    Reader::new(source, problems).intent()
}

/// Reads a file of shared replies (`_common.toml`).
pub(super) fn common(source: &SourceFile, problems: &mut Problems) -> PerLanguage<Replies> {
    let mut reader = Reader::new(source, problems);
    let Some(root) = reader.root() else {
        return PerLanguage::default();
    };
    reader.known_keys(root.get_ref(), &["replies"], "a file of shared replies");
    match root.get_ref().get("replies") {
        Some(replies) => reader.replies(replies),
        None => PerLanguage::default(),
    }
}

struct Reader<'s, 'p> {
    source: &'s SourceFile,
    /// Where each line ends: every example asks for its line, and counting from the top took half the load.
    line_ends: Vec<usize>,
    problems: &'p mut Problems,
}

type Value<'s> = Spanned<DeValue<'s>>;
type Table<'s> = DeTable<'s>;

impl<'s, 'p> Reader<'s, 'p> {
    fn new(source: &'s SourceFile, problems: &'p mut Problems) -> Self {
        Self {
            source,
            line_ends: memchr::memchr_iter(b'\n', source.text.as_bytes()).collect(),
            problems,
        }
    }

    fn line(&self, span: &Range<usize>) -> u32 {
        let before = self.line_ends.partition_point(|end| *end < span.start);
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }

    fn problem(&mut self, span: &Range<usize>, message: String, suggestion: Option<String>) {
        let line = self.line(span);
        self.problem_at(line, message, suggestion);
    }

    fn problem_at(&mut self, line: u32, message: String, suggestion: Option<String>) {
        self.problems.push(Problem {
            file: Arc::clone(&self.source.name),
            line,
            severity: Severity::Broken,
            message,
            suggestion,
        });
    }

    fn root(&mut self) -> Option<Spanned<Table<'s>>> {
        let source: &'s SourceFile = self.source;
        match DeTable::parse(&source.text) {
            Ok(root) => Some(root),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                self.problem(&span, format!("not TOML: {}", error.message()), None);
                None
            }
        }
    }

    fn intent(mut self) -> Option<Intent> {
        let stem = self.source.stem();
        let named = stem.starts_with(|c: char| c.is_ascii_lowercase())
            && stem
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !named {
            self.problem(
                &(0..0),
                format!("`{stem}` is no name for an intent"),
                Some("use lower case letters, digits and underscores".into()),
            );
        }
        let root = self.root()?;
        let root = root.get_ref();
        self.known_keys(root, &INTENT_KEYS, "an intent file");

        let access = self.access(root);
        let description = self.description(root);
        let examples = self.texts(root, "examples");
        let negatives = self.texts(root, "negatives");
        let patterns = self.texts(root, "patterns");
        self.both_languages(&examples);
        let replies = if let Some(replies) = root.get("replies") {
            self.replies(replies)
        } else {
            self.problem(
                &(0..0),
                "`replies` is missing".into(),
                Some("add [replies.en] and [replies.es], each with `answer`".into()),
            );
            PerLanguage::default()
        };
        let skill = root.get("skill").and_then(|value| {
            let skill = self.string(value, "`skill`")?;
            Some(Located {
                value: skill,
                line: self.line(&value.span()),
            })
        });
        let safety = match root.get("safety") {
            None => false,
            Some(value) => value.get_ref().as_bool().unwrap_or_else(|| {
                self.problem(&value.span(), "`safety` is true or false".into(), None);
                false
            }),
        };
        let slots = self.slots(root);
        Some(Intent {
            name: IntentName::from(stem),
            file: Arc::clone(&self.source.name),
            skill,
            access,
            safety,
            description,
            examples,
            negatives: negatives_of(negatives),
            patterns,
            slots,
            replies,
        })
    }

    fn known_keys(&mut self, table: &Table<'_>, known: &[&str], of: &str) {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let suggestion = did_you_mean(name, known.iter().copied())
                    .or_else(|| Some(format!("{of} has {}", list(known))));
                self.problem(&key.span(), format!("unknown key `{name}`"), suggestion);
            }
        }
    }

    fn access(&mut self, root: &Table<'_>) -> Access {
        let names = Access::ALL.map(Access::name);
        let Some(value) = root.get("access") else {
            self.problem(
                &(0..0),
                "`access` is missing".into(),
                Some(format!("one of {}", list(&names))),
            );
            return Access::SteppedUp;
        };
        let Some(text) = self.string(value, "`access`") else {
            return Access::SteppedUp;
        };
        Access::from_name(&text).unwrap_or_else(|| {
            let suggestion =
                did_you_mean(&text, names).or_else(|| Some(format!("one of {}", list(&names))));
            self.problem(
                &value.span(),
                format!("unknown access `{text}`"),
                suggestion,
            );
            Access::SteppedUp
        })
    }

    fn description(&mut self, root: &Table<'_>) -> PerLanguage<String> {
        let Some(value) = root.get("description") else {
            self.problem(
                &(0..0),
                "`description` is missing".into(),
                Some("help is made from it".into()),
            );
            return PerLanguage::default();
        };
        if let Some(text) = value.get_ref().as_str() {
            return PerLanguage {
                en: text.to_owned(),
                es: text.to_owned(),
            };
        }
        let mut description = PerLanguage::default();
        let Some(table) = self.table(value, "`description`") else {
            return description;
        };
        self.languages(table, "description", &value.span());
        for language in Language::ALL {
            if let Some(value) = table.get(language.code()) {
                let what = format!("`description.{language}`");
                if let Some(text) = self.string(value, &what) {
                    *description.get_mut(language) = text;
                }
            }
        }
        description
    }

    /// Complains about languages the bot does not speak and about those that are missing.
    fn languages(&mut self, table: &Table<'_>, section: &str, span: &Range<usize>) {
        let codes = Language::ALL.map(Language::code);
        self.known_keys(table, &codes, &format!("`{section}`"));
        for code in codes {
            if !table.contains_key(code) {
                self.problem(span, format!("`{section}.{code}` is missing"), None);
            }
        }
    }

    fn texts(&mut self, root: &Table<'_>, section: &str) -> PerLanguage<Vec<Located<String>>> {
        let mut texts = PerLanguage::default();
        let Some(value) = root.get(section) else {
            return texts;
        };
        let Some(table) = self.table(value, &format!("`{section}`")) else {
            return texts;
        };
        self.languages(table, section, &value.span());
        for language in Language::ALL {
            let Some(value) = table.get(language.code()) else {
                continue;
            };
            let what = format!("`{section}.{language}`");
            let Some(array) = value.get_ref().as_array() else {
                self.problem(&value.span(), format!("{what} is a list of texts"), None);
                continue;
            };
            texts.get_mut(language).reserve_exact(array.len());
            for item in array {
                let Some(text) = self.string(item, &format!("an entry of {what}")) else {
                    continue;
                };
                if text.trim().is_empty() {
                    self.problem(&item.span(), format!("an entry of {what} is empty"), None);
                    continue;
                }
                let line = self.line(&item.span());
                texts.get_mut(language).push(Located { value: text, line });
            }
        }
        texts
    }

    /// Examples in one language only would leave the other to guesswork. Patterns are a help; one language may need none.
    fn both_languages(&mut self, examples: &PerLanguage<Vec<Located<String>>>) {
        for (here, there) in [(Language::En, Language::Es), (Language::Es, Language::En)] {
            if let (Some(first), true) =
                (examples.get(here).first(), examples.get(there).is_empty())
            {
                let message = format!("`examples.{here}` has entries, `examples.{there}` has none");
                self.problem_at(first.line, message, None);
            }
        }
    }

    fn slots(&mut self, root: &Table<'_>) -> Vec<SlotSpec> {
        let Some(value) = root.get("slots") else {
            return Vec::new();
        };
        let Some(table) = self.table(value, "`slots`") else {
            return Vec::new();
        };
        let mut slots = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let Some(spec) = self.table(value, &format!("slot `{name}`")) else {
                continue;
            };
            self.known_keys(spec, &["values"], "a slot");
            let mut values = Vec::new();
            if let Some(list) = spec.get("values") {
                let items = list.get_ref().as_array();
                if items.is_none_or(|items| items.is_empty()) {
                    let message = format!("`values` of slot `{name}` is a list of words");
                    self.problem(&list.span(), message, None);
                }
                for item in items.into_iter().flatten() {
                    values.extend(self.string(item, &format!("a value of slot `{name}`")));
                }
            }
            slots.push(SlotSpec {
                name,
                values,
                line: self.line(&key.span()),
            });
        }
        slots.sort_by_key(|slot| slot.line);
        slots
    }

    fn replies(&mut self, value: &Value<'_>) -> PerLanguage<Replies> {
        let mut replies = PerLanguage::default();
        let Some(table) = self.table(value, "`replies`") else {
            return replies;
        };
        self.languages(table, "replies", &value.span());
        let known = self.problems.len();
        for language in Language::ALL {
            let Some(value) = table.get(language.code()) else {
                continue;
            };
            let Some(variants) = self.table(value, &format!("`replies.{language}`")) else {
                continue;
            };
            for (key, value) in variants {
                let name = key.get_ref().to_string();
                if let Some(variant) = self.variant(&name, value, self.line(&key.span())) {
                    replies.get_mut(language).insert(name, variant);
                }
            }
        }
        if self.problems.len() == known {
            // A reply that did not parse would be reported as missing, too.
            self.same_in_both(&replies);
        }
        replies
    }

    fn variant(&mut self, name: &str, value: &Value<'_>, line: u32) -> Option<Variant> {
        let (text_value, buttons_value) = match value.get_ref() {
            DeValue::String(_) => (Some(value), None),
            DeValue::Table(table) => {
                self.known_keys(table, &["text", "buttons"], "a reply");
                (table.get("text"), table.get("buttons"))
            }
            _ => {
                let message = format!("reply `{name}` is a text or a table");
                self.problem(&value.span(), message, None);
                return None;
            }
        };
        let Some(text_value) = text_value else {
            self.problem(&value.span(), format!("reply `{name}` has no `text`"), None);
            return None;
        };
        let source = self.string(text_value, &format!("reply `{name}`"))?;
        let text = self.template(name, &source, text_value);
        let mut buttons = Vec::new();
        if let Some(buttons_value) = buttons_value {
            let table = self.table(buttons_value, &format!("`buttons` of reply `{name}`"))?;
            let mut entries: Vec<_> = table.iter().collect();
            // The table is sorted by key; people wrote the buttons in an order that means something.
            entries.sort_by_key(|(key, _)| key.span().start);
            for (id, title) in entries {
                let id = id.get_ref().to_string();
                if let Some(text) = self.string(title, &format!("button `{id}`")) {
                    let template = self.template(name, &text, title);
                    buttons.push(Button {
                        id,
                        title: template.unwrap_or_default(),
                        source: text,
                    });
                }
            }
        }
        Some(Variant {
            text: text?,
            source,
            buttons,
            line,
        })
    }

    fn template(&mut self, name: &str, source: &str, value: &Value<'_>) -> Option<Template> {
        match Template::parse(source) {
            Ok(template) => Some(template),
            Err(error) => {
                self.problem(&value.span(), format!("reply `{name}`: {error}"), None);
                None
            }
        }
    }

    /// Both languages have the same variants with the same placeholders and buttons (requirement G4).
    fn same_in_both(&mut self, replies: &PerLanguage<Replies>) {
        for (here, there) in [(Language::En, Language::Es), (Language::Es, Language::En)] {
            for (name, variant) in replies.get(here) {
                let Some(other) = replies.get(there).get(name) else {
                    let names = replies.get(there).keys().map(String::as_str);
                    let near = did_you_mean(name, names)
                        .filter(|_| !replies.get(here).keys().eq(replies.get(there).keys()));
                    let message =
                        format!("`replies.{here}.{name}` has no `replies.{there}.{name}`");
                    self.problem_at(variant.line, message, near);
                    continue;
                };
                let theirs = other.placeholders();
                for (placeholder, used) in variant.placeholders() {
                    match theirs.get(placeholder) {
                        Some(other_use) if *other_use == used => {}
                        Some(_) if here == Language::Es => {}
                        Some(_) => {
                            let message = format!(
                                "`{{{placeholder}}}` of reply `{name}` is used in another way in `{there}`"
                            );
                            self.problem_at(variant.line, message, None);
                        }
                        None => {
                            let near = did_you_mean(placeholder, theirs.keys().copied());
                            let message = format!(
                                "`{{{placeholder}}}` of reply `{name}` is missing in `{there}`"
                            );
                            self.problem_at(variant.line, message, near);
                        }
                    }
                }
                let ids = |variant: &Variant| {
                    variant
                        .buttons
                        .iter()
                        .map(|button| button.id.clone())
                        .collect::<Vec<_>>()
                };
                if here == Language::En && ids(variant) != ids(other) {
                    let message = format!(
                        "the buttons of reply `{name}` differ: {} in `{here}`, {} in `{there}`",
                        list(&ids(variant)),
                        list(&ids(other)),
                    );
                    self.problem_at(variant.line, message, Some("same ids, same order".into()));
                }
            }
        }
    }

    fn string(&mut self, value: &Value<'_>, what: &str) -> Option<String> {
        if let Some(text) = value.get_ref().as_str() {
            return Some(text.to_owned());
        }
        self.problem(&value.span(), format!("{what} is a text in quotes"), None);
        None
    }

    fn table<'v, 't>(&mut self, value: &'v Value<'t>, what: &str) -> Option<&'v Table<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.problem(&value.span(), format!("{what} is a table"), None);
        }
        table
    }
}

/// Splits `text => owner`.
fn negatives_of(texts: PerLanguage<Vec<Located<String>>>) -> PerLanguage<Vec<Negative>> {
    let split = |texts: Vec<Located<String>>| {
        texts
            .into_iter()
            .map(|Located { value, line }| match value.rsplit_once("=>") {
                Some((text, owner)) => Negative {
                    text: text.trim().to_owned(),
                    owner: Some(IntentName::from(owner.trim())),
                    line,
                },
                None => Negative {
                    text: value,
                    owner: None,
                    line,
                },
            })
            .collect()
    };
    PerLanguage {
        en: split(texts.en),
        es: split(texts.es),
    }
}

/// Joins names as `a`, `b` and `c`.
fn list<S: AsRef<str>>(names: &[S]) -> String {
    match names {
        [] => "none".to_owned(),
        [only] => format!("`{}`", only.as_ref()),
        [first @ .., last] => {
            let first: Vec<String> = first
                .iter()
                .map(|name| format!("`{}`", name.as_ref()))
                .collect();
            format!("{} and `{}`", first.join(", "), last.as_ref())
        }
    }
}
