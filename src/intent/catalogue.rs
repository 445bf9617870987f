//! The catalogue: every intent the bot knows, read from `intents/*.toml`.
//!
//! The files are built into the binary; a directory can take their place. [`Catalogue::from_files`] reads them all and
//! fails with every structural problem at once, so that the bot never runs on half a catalogue. What is merely unwise
//! (wording, duplicate examples, patterns too wide) is found by [`Catalogue::lint`] and fails `intents check`.
//! Understanding is elsewhere: [`super::matcher`] compiles a catalogue into something that reads messages.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::template::{Template, Use};
use super::{IntentName, Language, PerLanguage};

mod lint;
mod parse;
mod problem;
mod source;
mod tone;
mod wording;

pub use lint::SkillFacts;
pub use problem::{Problem, Problems, Severity};
pub use source::SourceFile;

/// Files whose name begins so hold shared replies only.
const SHARED_PREFIX: char = '_';

/// Who may use an intent (requirement table 5.5). A skill's own minimum lives in Rust; data may only raise it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Anybody who writes.
    Anonymous,
    /// A customer whose account is linked.
    Linked,
    /// A linked customer who has just proven themselves on the bank's page.
    SteppedUp,
}

impl Access {
    /// Every level, weakest first.
    pub const ALL: [Self; 3] = [Self::Anonymous, Self::Linked, Self::SteppedUp];

    /// Returns the name used in intent files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Linked => "linked",
            Self::SteppedUp => "stepped_up",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.name() == name)
    }
}

/// A value and the line it was written on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// The line, from 1.
    pub line: u32,
}

/// A text that must not be taken for the intent it is listed under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negative {
    /// The text.
    pub text: String,
    /// The intent it belongs to, where that was said.
    pub owner: Option<IntentName>,
    /// The line, from 1.
    pub line: u32,
}

/// A slot an intent takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSpec {
    /// The slot's name.
    pub name: String,
    /// The values it can have; empty where the list is open.
    pub values: Vec<String>,
    /// The line, from 1.
    pub line: u32,
}

/// A button under a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What the code knows it by; the same in every language.
    pub id: String,
    /// What the customer reads.
    pub title: Template,
    /// The title as written.
    pub source: String,
}

/// One way of replying, in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// What is said.
    pub text: Template,
    /// The text as written.
    pub source: String,
    /// The buttons, in the order written.
    pub buttons: Vec<Button>,
    /// The line, from 1.
    pub line: u32,
}

impl Variant {
    /// Returns the placeholders of the text and of the buttons' titles.
    pub fn placeholders(&self) -> BTreeMap<&str, Use> {
        let mut all = self.text.placeholders();
        for button in &self.buttons {
            for (name, used) in button.title.placeholders() {
                all.entry(name).or_insert(used);
            }
        }
        all
    }
}

/// The variants of one language, by name.
pub type Replies = BTreeMap<String, Variant>;

/// One intent, as its file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The name: that of the file.
    pub name: IntentName,
    /// The file it was read from.
    pub file: Arc<str>,
    /// The code behind it; `None` where its `answer` is all there is.
    pub skill: Option<Located<String>>,
    /// Who may use it.
    pub access: Access,
    /// Whether missing it could harm the customer.
    pub safety: bool,
    /// Completes "I can …".
    pub description: PerLanguage<String>,
    /// What customers write when they want this.
    pub examples: PerLanguage<Vec<Located<String>>>,
    /// What they write when they want something close to it.
    pub negatives: PerLanguage<Vec<Negative>>,
    /// Regular expressions over the normal form.
    pub patterns: PerLanguage<Vec<Located<String>>>,
    /// What can be said about it.
    pub slots: Vec<SlotSpec>,
    /// What the bot can say.
    pub replies: PerLanguage<Replies>,
}

impl Intent {
    /// Returns what is known about a slot, `None` where the intent does not take it.
    pub fn slot(&self, name: &str) -> Option<&SlotSpec> {
        self.slots.iter().find(|slot| slot.name == name)
    }
}

/// Why a catalogue could not be loaded.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// The directory or a file in it cannot be read.
    #[error("cannot read the intents in `{path}`")]
    Read {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The directory holds no intent.
    #[error("there is no intent file (`*.toml`) in `{path}`")]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// Files are broken.
    #[error("the intents have problems:\n{0}")]
    Broken(Problems),
}

/// All intents and the replies they share.
#[derive(Clone, Debug)]
pub struct Catalogue {
    intents: Vec<Intent>,
    by_name: HashMap<IntentName, usize>,
    shared: PerLanguage<Replies>,
    shared_files: Vec<(Arc<str>, PerLanguage<Replies>)>,
    hash: [u8; 32],
}

impl Catalogue {
    /// Loads the catalogue built into the binary.
    pub fn built_in() -> Result<Self, CatalogueError> {
        Self::from_files(&source::built_in()).map_err(CatalogueError::Broken)
    }

    /// Loads the catalogue of a directory.
    pub fn from_dir(path: &Path) -> Result<Self, CatalogueError> {
        let files = source::directory(path).map_err(|source| CatalogueError::Read {
            path: path.to_owned(),
            source,
        })?;
        if files.is_empty() {
            return Err(CatalogueError::Empty {
                path: path.to_owned(),
            });
        }
        Self::from_files(&files).map_err(CatalogueError::Broken)
    }

    /// Reads the given files; every structural problem of every file is in the error.
    pub fn from_files(files: &[SourceFile]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut hasher = Sha256::new();
        let mut intents = Vec::new();
        let mut shared: PerLanguage<Replies> = PerLanguage::default();
        let mut shared_files = Vec::new();
        for file in files {
            hash_part(&mut hasher, file.name.as_bytes());
            hash_part(&mut hasher, file.text.as_bytes());
            if file.name.starts_with(SHARED_PREFIX) {
                let replies = parse::common(file, &mut problems);
                for language in Language::ALL {
                    let theirs = replies.get(language).iter();
                    let theirs = theirs.map(|(name, variant)| (name.clone(), variant.clone()));
                    shared.get_mut(language).extend(theirs);
                }
                shared_files.push((Arc::clone(&file.name), replies));
            } else {
                intents.extend(parse::intent(file, &mut problems));
            }
        }
        if problems.any_broken() {
            return Err(problems.sorted());
        }
        intents.sort_by(|a, b| a.name.cmp(&b.name));
        let by_name = intents
            .iter()
            .enumerate()
            .map(|(at, intent)| (intent.name.clone(), at))
            .collect();
        Ok(Self {
            intents,
            by_name,
            shared,
            shared_files,
            hash: hasher.finalize().into(),
        })
    }

    /// Returns all intents, by name.
    pub fn intents(&self) -> &[Intent] {
        &self.intents
    }

    /// Returns the intent of this name.
    pub fn intent(&self, name: &str) -> Option<&Intent> {
        self.intents.get(self.position(name)?)
    }

    /// Returns where the intent of this name is in [`Catalogue::intents`].
    pub fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Returns a variant of an intent's replies, or the shared one of that name where the intent has none.
    pub fn reply(&self, intent: &str, language: Language, variant: &str) -> Option<&Variant> {
        self.intent(intent)
            .and_then(|intent| intent.replies.get(language).get(variant))
            .or_else(|| self.shared_reply(language, variant))
    }

    /// Returns a shared reply.
    pub fn shared_reply(&self, language: Language, variant: &str) -> Option<&Variant> {
        self.shared.get(language).get(variant)
    }

    /// Returns the hash of all files, names included. A turn record keeps it, and the trained model is cached by it.
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Finds what can be used but must not ship. `skills` is what the code knows; empty skips the checks against it.
    pub fn lint(&self, skills: &[SkillFacts<'_>]) -> Problems {
        lint::lint(self, skills)
    }
}

/// Lengths go in too: otherwise text could move from one file to the next unseen.
fn hash_part(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const GOOD: &str = r#"
access = "anonymous"
[description]
en = "say hello"
es = "saludar"
[examples]
en = ["hello", "hi there"]
es = ["hola"]
[negatives]
en = ["goodbye now => goodbye"]
es = []
[patterns]
en = ['^hello( there)?$']
es = ['^hola$']
[slots]
kind = { values = ["warm", "cold"] }
[replies.en]
answer = { text = "Hello {name}.", buttons = { help = "Help", human = "A person" } }
[replies.es]
answer = { text = "Hola {name}.", buttons = { help = "Ayuda", human = "Una persona" } }
"#;

    fn goodbye() -> SourceFile {
        let text = GOOD
            .replace("hello", "bye")
            .replace("hi there", "see you")
            .replace("hola", "adios");
        SourceFile::new(
            "goodbye.toml",
            text.replace("bye now => goodbye", "x => greeting"),
        )
    }

    fn broken(from: &str, to: &str) -> Vec<String> {
        assert!(GOOD.contains(from), "{from}");
        let files = [SourceFile::new("greeting.toml", GOOD.replacen(from, to, 1))];
        let problems = Catalogue::from_files(&files).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    fn linted(from: &str, to: &str) -> Vec<String> {
        assert!(GOOD.contains(from), "{from}");
        let files = [
            SourceFile::new("greeting.toml", GOOD.replacen(from, to, 1)),
            goodbye(),
        ];
        let problems = Catalogue::from_files(&files).unwrap().lint(&[]);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn reads_a_whole_file() {
        let catalogue =
            Catalogue::from_files(&[SourceFile::new("greeting.toml", GOOD), goodbye()]).unwrap();
        assert!(catalogue.lint(&[]).is_empty(), "{}", catalogue.lint(&[]));
        let intent = catalogue.intent("greeting").unwrap();
        assert_eq!(intent.access, Access::Anonymous);
        assert_eq!(intent.examples.en.len(), 2);
        assert_eq!(intent.negatives.en[0].owner, Some("goodbye".into()));
        assert_eq!(intent.slot("kind").unwrap().values, ["warm", "cold"]);
        let answer = catalogue.reply("greeting", Language::Es, "answer").unwrap();
        assert_eq!(answer.source, "Hola {name}.");
        assert_eq!(answer.buttons[1].id, "human");
        assert_eq!(answer.buttons[1].source, "Una persona");
    }

    #[test]
    fn names_file_line_and_the_key_that_was_meant() {
        assert_eq!(
            broken("[examples]", "[exmaples]"),
            ["greeting.toml:6: unknown key `exmaples`; did you mean `examples`?"]
        );
        assert_eq!(
            broken("\"anonymous\"", "\"anonimous\""),
            ["greeting.toml:2: unknown access `anonimous`; did you mean `anonymous`?"]
        );
    }

    #[test]
    fn reports_every_problem_at_once() {
        let text = GOOD
            .replace("es = \"saludar\"", "")
            .replace("'^hola$'", "3")
            .replace("values", "valeus");
        let problems =
            Catalogue::from_files(&[SourceFile::new("greeting.toml", text)]).unwrap_err();
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "greeting.toml:3: `description.es` is missing",
                "greeting.toml:14: an entry of `patterns.es` is a text in quotes",
                "greeting.toml:16: unknown key `valeus`; did you mean `values`?",
            ]
        );
    }

    #[test]
    fn both_languages_say_the_same_with_the_same_buttons() {
        assert_eq!(
            broken("Hola {name}", "Hola {nombre}"),
            [
                "greeting.toml:18: `{name}` of reply `answer` is missing in `es`",
                "greeting.toml:20: `{nombre}` of reply `answer` is missing in `en`",
            ]
        );
        assert!(
            broken("human = \"Una", "humano = \"Una")[0]
                .contains("the buttons of reply `answer` differ")
        );
        assert_eq!(
            broken("Hola {name}", "Hola {name"),
            [
                "greeting.toml:20: reply `answer`: a placeholder's name is lower case letters, digits and underscores at character 12"
            ]
        );
    }

    #[test]
    fn broken_toml_is_named_with_its_line() {
        let problems = broken("en = [\"hello\"", "en = [\"hello");
        assert!(
            problems[0].starts_with("greeting.toml:7: not TOML:"),
            "{problems:?}"
        );
    }

    #[test]
    fn finds_examples_two_intents_share_and_patterns_that_take_them() {
        assert_eq!(
            linted("\"hi there\"", "\"See you!\""),
            ["greeting.toml:7: example `See you!` is in goodbye.toml:7 too; keep one"]
        );
        let taken = linted("\"hi there\"", "\"bye there\"");
        assert_eq!(
            taken,
            [
                "greeting.toml:7: example `bye there` is matched by `^bye( there)?$` of `goodbye`; narrow that pattern"
            ]
        );
        assert!(
            linted("'^hello( there)?$'", "'^[a-z]+$'")[0].contains("no text of 3 or more letters")
        );
        assert!(linted("=> goodbye", "=> godbye")[0].contains("did you mean `goodbye`?"));
    }

    /// Every file of `fixtures/intents_failing` is refused with the words beside it. Set `UPDATE_FIXTURES=1` to
    /// write them anew, and review the difference.
    #[test]
    fn each_broken_file_is_refused_with_line_and_suggestion() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/intents_failing");
        let mut count = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|end| end != "toml") {
                continue;
            }
            count += 1;
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let problems = match Catalogue::from_files(&[SourceFile::new(&name, text)]) {
                Ok(catalogue) => catalogue.lint(&[]),
                Err(problems) => problems,
            };
            let mut got = String::new();
            for problem in &problems {
                writeln!(got, "{problem}").unwrap();
            }
            assert!(!got.is_empty(), "{name} is accepted");
            let beside = path.with_extension("err");
            if std::env::var_os("UPDATE_FIXTURES").is_some() {
                std::fs::write(&beside, &got).unwrap();
            }
            let expected = std::fs::read_to_string(&beside).unwrap_or_default();
            assert_eq!(got, expected, "{name}");
        }
        assert!(count >= 15, "{count} files");
    }

    #[test]
    fn finds_long_titles_and_promises() {
        assert!(
            linted("\"Una persona\"", "\"Hablar con una persona ya\"")[0]
                .contains("longer than 20")
        );
        assert!(
            linted("Hello {name}.", "Hello {name}. You are approved.")[0]
                .contains("`approved` promises")
        );
    }

    #[test]
    fn data_cannot_lower_the_access_a_skill_needs() {
        let text = format!("skill = \"greet\"\n{GOOD}");
        let catalogue =
            Catalogue::from_files(&[SourceFile::new("greeting.toml", text), goodbye()]).unwrap();
        let facts = SkillFacts {
            name: "greet",
            access: Access::Linked,
            variants: &["answer", "late"],
        };
        let problems: Vec<String> = catalogue
            .lint(&[facts])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            problems,
            [
                "greeting.toml:1: `access` is `anonymous`, skill `greet` needs `linked`",
                "greeting.toml:1: skill `greet` needs the reply `late`",
            ]
        );
    }

    #[test]
    fn the_hash_covers_names_and_contents() {
        let hash = |name: &str, text: &str| {
            *Catalogue::from_files(&[SourceFile::new(name, text)])
                .unwrap()
                .hash()
        };
        assert_ne!(hash("a.toml", GOOD), hash("b.toml", GOOD));
        assert_ne!(
            hash("a.toml", GOOD),
            hash("a.toml", &GOOD.replace("Hello", "Hallo"))
        );
        assert_eq!(hash("a.toml", GOOD), hash("a.toml", GOOD));
    }

    #[test]
    fn the_built_in_catalogue_loads() {
        let catalogue = Catalogue::built_in().unwrap();
        assert!(catalogue.intent("balance").is_some());
    }
}
