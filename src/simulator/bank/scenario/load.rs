//! Finding and reading scenario files.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use super::{Scenario, check};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/banks");

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// Why scenarios could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The directory or a file in it cannot be read.
    #[error("cannot read `{path}`")]
    Io {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Files that are wrong, all problems together.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Problems(Vec<Problem>),
    /// No file at all.
    #[error("there is no scenario (*.toml) in `{0}`")]
    Empty(String),
    /// A name nobody gave.
    #[error("there is no scenario `{name}`; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

/// The scenarios by name.
///
/// The built-in ones are read when they are first asked for, so that starting costs one file.
#[derive(Debug, Clone)]
pub struct Scenarios {
    texts: Arc<BTreeMap<String, String>>,
}

impl Scenarios {
    /// Returns the scenarios built into the binary.
    pub fn built_in() -> Self {
        let texts = BUILT_IN
            .files()
            .filter(|file| file.path().extension().is_some_and(|e| e == "toml"))
            .filter_map(|file| {
                let name = file.path().file_stem()?.to_str()?.to_owned();
                Some((name, file.contents_utf8()?.to_owned()))
            })
            .collect();
        Self {
            texts: Arc::new(texts),
        }
    }

    /// Reads all scenarios of a directory and checks every one.
    pub fn from_dir(dir: &Path) -> Result<Self, ScenarioError> {
        let io = |path: &Path, source| ScenarioError::Io {
            path: path.display().to_string(),
            source,
        };
        let mut texts = BTreeMap::new();
        for entry in std::fs::read_dir(dir).map_err(|source| io(dir, source))? {
            let path = entry.map_err(|source| io(dir, source))?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if let Some(stem) = stem
                && path.extension().is_some_and(|e| e == "toml")
            {
                let text = std::fs::read_to_string(&path).map_err(|source| io(&path, source))?;
                texts.insert(stem.to_owned(), text);
            }
        }
        if texts.is_empty() {
            return Err(ScenarioError::Empty(dir.display().to_string()));
        }
        let scenarios = Self {
            texts: Arc::new(texts),
        };
        scenarios.check_all()?;
        Ok(scenarios)
    }

    /// Returns the names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// Tells whether there is one of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    /// Reads one.
    pub fn load(&self, name: &str) -> Result<Scenario, ScenarioError> {
        let Some(text) = self.texts.get(name) else {
            return Err(ScenarioError::Unknown {
                name: name.to_owned(),
                known: self.names().collect::<Vec<_>>().join(", "),
            });
        };
        parse(name, text).map_err(ScenarioError::Problems)
    }

    /// Reads every one and returns the problems of all files together.
    pub fn check_all(&self) -> Result<(), ScenarioError> {
        let problems: Vec<Problem> = self
            .texts
            .iter()
            .filter_map(|(name, text)| parse(name, text).err())
            .flatten()
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ScenarioError::Problems(problems))
        }
    }
}

/// Reads and checks the text of a scenario called `name`.
pub(super) fn parse(name: &str, text: &str) -> Result<Scenario, Vec<Problem>> {
    let file = format!("{name}.toml");
    let mut scenario: Scenario = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, &span));
        vec![Problem {
            file: file.clone(),
            line,
            problem: error.message().trim().replace('\n', "; "),
        }]
    })?;
    name.clone_into(&mut scenario.name);
    let found = check::problems(&scenario);
    if found.is_empty() {
        return Ok(scenario);
    }
    let mut problems: Vec<Problem> = found
        .into_iter()
        .map(|(span, problem)| Problem {
            file: file.clone(),
            line: line_of(text, &span),
            problem,
        })
        .collect();
    problems.sort_by_key(|problem| problem.line);
    Err(problems)
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.get(..span.start).unwrap_or(text);
    before.matches('\n').count().saturating_add(1)
}
