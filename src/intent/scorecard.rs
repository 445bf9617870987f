//! The matcher against messages written down with what they mean (`fixtures/understanding/*.tsv`).
//!
//! A table begins with comments and a line of column names; a row is a message. None of them is ever trained on.
//!
//! | Column | Holds |
//! | --- | --- |
//! | `text` | the message |
//! | `intents` | what it asks for, in the order served; `a/b` where either is right; `-` for nothing |
//! | `harmless` | the same, but only that nothing is done to money or cards and no alarm is raised is required |
//! | `slots` | of the first intent, as JSON |
//! | `language` | ISO 639-1 |
//! | `expecting` | what the bot's last message asked for |
//! | `history` | the customer's earlier messages, parted by ` \| ` |

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::decide::{Stake, stake};
use super::matcher::{Context, Matcher};
use super::{Decision, Expecting, Slots, Understanding};

/// Why a table cannot be read.
#[derive(Debug, Error)]
pub enum TableError {
    /// The file or folder cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A row does not fit the columns.
    #[error("{file}:{line}: {problem}")]
    Row {
        /// The file's name.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

/// One message and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The line it stands on, from 1.
    pub line: usize,
    /// The message.
    pub text: String,
    /// What it asks for; for each place the names that are right there.
    pub intents: Vec<Vec<String>>,
    /// Whether only harm counts.
    pub harmless: bool,
    /// Slots of the first intent.
    pub slots: Option<Slots>,
    /// The language.
    pub language: Option<String>,
    /// What the bot's last message asked for.
    pub expecting: Option<Expecting>,
    /// The earlier messages.
    pub history: Vec<String>,
}

/// How a table went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Result {
    /// The counts.
    pub tally: Tally,
    /// What went wrong, a line each.
    pub problems: Vec<String>,
}

/// The counts of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Rows.
    pub rows: usize,
    /// Rows whose intents are right.
    pub right: usize,
    /// Rows that name slots.
    pub with_slots: usize,
    /// Of those with the right intents, rows whose slots are right.
    pub slots_right: usize,
}

/// Reads every table of a folder, by name.
pub fn tables(folder: &Path) -> std::result::Result<BTreeMap<String, Vec<Row>>, TableError> {
    let unreadable = |source| TableError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut tables = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|ending| ending != "tsv") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|source| TableError::Read {
            path: path.clone(),
            source,
        })?;
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let rows = parse(&name, &text)?;
        tables.insert(name, rows);
    }
    Ok(tables)
}

/// Reads one table.
pub fn parse(name: &str, text: &str) -> std::result::Result<Vec<Row>, TableError> {
    let mut columns: Option<Vec<&str>> = None;
    let mut rows = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        if content.starts_with('#') || content.trim().is_empty() {
            continue;
        }
        let wrong = |problem| TableError::Row {
            file: format!("{name}.tsv"),
            line,
            problem,
        };
        let cells: Vec<&str> = content.split('\t').collect();
        let Some(columns) = &columns else {
            columns = Some(cells);
            continue;
        };
        if cells.len() != columns.len() {
            return Err(wrong("other columns than the first line names"));
        }
        let mut row = Row {
            line,
            text: String::new(),
            intents: Vec::new(),
            harmless: false,
            slots: None,
            language: None,
            expecting: None,
            history: Vec::new(),
        };
        for (column, cell) in columns.iter().zip(cells) {
            match *column {
                "text" => cell.clone_into(&mut row.text),
                "intents" => row.intents = names(cell),
                "harmless" => {
                    row.intents = names(cell);
                    row.harmless = true;
                }
                "slots" => {
                    let slots =
                        serde_json::from_str(cell).map_err(|_| wrong("slots that are no JSON"))?;
                    row.slots = Some(slots);
                }
                "language" => row.language = Some(cell.to_owned()),
                "expecting" => {
                    let expecting = serde_json::from_value(cell.into());
                    row.expecting =
                        Some(expecting.map_err(|_| wrong("nothing that can be expected"))?);
                }
                "history" => row.history = cell.split(" | ").map(str::to_owned).collect(),
                _ => return Err(wrong("a column nobody knows")),
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

fn names(cell: &str) -> Vec<Vec<String>> {
    if cell == "-" {
        return Vec::new();
    }
    cell.split(' ')
        .map(|place| place.split('/').map(str::to_owned).collect())
        .collect()
}

/// Holds a table against a matcher.
pub fn run(matcher: &Matcher, name: &str, rows: &[Row]) -> Result {
    let mut result = Result::default();
    result.tally.rows = rows.len();
    for row in rows {
        let history: Vec<&str> = row.history.iter().map(String::as_str).collect();
        let context = Context {
            expecting: row.expecting,
            history: &history,
            ..Context::default()
        };
        let understanding = matcher.understand(&row.text, &context);
        let mut wrong = Vec::new();
        if is_right(matcher, row, &understanding) {
            result.tally.right += 1;
            if let Some(expected) = row.slots.as_ref().filter(|slots| !slots.is_empty()) {
                result.tally.with_slots += 1;
                let got = understanding.intents.first().map(|reading| &reading.slots);
                if got.is_some_and(|got| same(expected, got)) {
                    result.tally.slots_right += 1;
                } else {
                    wrong.push(format!("slots {}", json(got)));
                }
            }
        } else {
            wrong.push(format!(
                "{:?} {}",
                understanding.decision,
                list(&understanding)
            ));
        }
        if row
            .language
            .as_ref()
            .is_some_and(|language| *language != understanding.language.code())
        {
            wrong.push(format!("language {}", understanding.language));
        }
        if !wrong.is_empty() {
            result.problems.push(format!(
                "{name}.tsv:{}: {}: {}",
                row.line,
                row.text,
                wrong.join("; ")
            ));
        }
    }
    result
}

fn is_right(matcher: &Matcher, row: &Row, understanding: &Understanding) -> bool {
    let got = &understanding.intents;
    if row.harmless {
        let harm = got.iter().any(|reading| {
            if row
                .intents
                .iter()
                .flatten()
                .any(|name| reading.name == *name.as_str())
            {
                return false;
            }
            let safety = matcher
                .catalogue()
                .intent(&reading.name)
                .is_some_and(|intent| intent.safety);
            stake(&reading.name, safety) != Stake::Reads
        });
        return !harm;
    }
    if row.intents.is_empty() {
        return understanding.decision == Decision::Reject
            || got
                .iter()
                .all(|reading| matches!(reading.name.as_str(), "unknown" | "out_of_scope"));
    }
    got.len() == row.intents.len()
        && got
            .iter()
            .zip(&row.intents)
            .all(|(reading, names)| names.iter().any(|name| reading.name == *name.as_str()))
}

/// Whether every expected slot is there; others may be, too.
fn same(expected: &Slots, got: &Slots) -> bool {
    expected
        .iter()
        .all(|(name, value)| got.get(name) == Some(value))
}

fn json(slots: Option<&Slots>) -> String {
    slots
        .and_then(|slots| serde_json::to_string(slots).ok())
        .unwrap_or_default()
}

fn list(understanding: &Understanding) -> String {
    let readings = understanding
        .intents
        .iter()
        .chain(&understanding.alternatives);
    let names: Vec<String> = readings
        .map(|reading| format!("{} {:.2}", reading.name, reading.confidence))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_by_the_names_of_their_columns() {
        let text =
            "# a comment\nexpecting\ttext\tintents\tslots\nchoice\t2\tselect\t{\"index\": \"2\"}\n";
        let rows = parse("x", text).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].line, 3);
        assert_eq!(rows[0].expecting, Some(Expecting::Choice));
        assert_eq!(rows[0].slots.as_ref().unwrap().text("index"), Some("2"));
        assert_eq!(rows[0].intents, [["select"]]);
    }

    #[test]
    fn broken_rows_are_named() {
        let error = |text: &str| parse("x", text).unwrap_err().to_string();
        assert_eq!(
            error("text\tintents\nhello\n"),
            "x.tsv:2: other columns than the first line names"
        );
        assert_eq!(
            error("text\tmood\nhello\tfine\n"),
            "x.tsv:2: a column nobody knows"
        );
        assert_eq!(
            error("text\tslots\nhello\tfine\n"),
            "x.tsv:2: slots that are no JSON"
        );
    }
}
