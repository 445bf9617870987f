//! `bursar cases`: what waits for a person, and what staff do about it.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::clock::{SharedClock, SystemClock};
use crate::config::Config;
use crate::conversation::Case;
use crate::operate::{self, Cases, OperateError};
use crate::store::CaseRow;

use super::{Failure, Outcome};

/// What to do with cases.
#[derive(Debug, Subcommand)]
pub enum CasesCommand {
    /// Lists cases, newest first: open ones unless --all is given
    List {
        #[command(flatten)]
        common: Common,
        /// Closed ones too.
        #[arg(long)]
        all: bool,
        /// As many at most.
        #[arg(long, default_value_t = 100, value_name = "N")]
        max: usize,
    },
    /// Shows a case with the customer's redacted words and what was understood
    Show {
        #[command(flatten)]
        common: Common,
        /// The case's number.
        number: i64,
    },
    /// Writes a note to a case
    Note {
        #[command(flatten)]
        common: Common,
        /// The case's number.
        number: i64,
        /// The note.
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Closes a case
    Close {
        #[command(flatten)]
        common: Common,
        /// The case's number.
        number: i64,
        /// A last note.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
}

/// What every one of them takes.
#[derive(Debug, Args)]
pub struct Common {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// One JSON object a case, for programs.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: &CasesCommand, out: &mut dyn Write) -> Outcome {
    let (CasesCommand::List { common, .. }
    | CasesCommand::Show { common, .. }
    | CasesCommand::Note { common, .. }
    | CasesCommand::Close { common, .. }) = command;
    let config = Config::load(&common.config, std::env::vars())?;
    let zone = config
        .pages
        .first()
        .map_or(TimeZone::UTC, |page| page.zone.clone());
    let cases = open(&config)?;
    super::runtime()?.block_on(async {
        match command {
            CasesCommand::List { all, max, .. } => {
                let rows = cases.list(!all, *max).await.map_err(failed)?;
                if common.json {
                    for row in &rows {
                        writeln!(out, "{}", listed(row)).context("cannot write")?;
                    }
                    return Ok(());
                }
                if rows.is_empty() {
                    let none = if *all {
                        "There are no cases."
                    } else {
                        "No case is open."
                    };
                    writeln!(out, "{none}").context("cannot write")?;
                }
                for row in &rows {
                    writeln!(
                        out,
                        "{:>6}  {:<6}  {:<16}  opened {}  changed {}",
                        row.case.number.0,
                        row.case.status,
                        row.case.kind,
                        at(row.case.opened_ms, &zone),
                        at(row.changed_ms, &zone),
                    )
                    .context("cannot write")?;
                }
            }
            CasesCommand::Show { number, .. } => {
                let (row, case) = cases.show(*number).await.map_err(failed)?;
                if common.json {
                    let case = serde_json::to_value(&case).context("cannot write")?;
                    writeln!(out, "{}", json!({"row": listed(&row), "case": case}))
                        .context("cannot write")?;
                } else {
                    write!(out, "{}", shown(&row, &case, &zone)).context("cannot write")?;
                }
            }
            CasesCommand::Note { number, text, .. } => {
                cases.note(*number, &text.join(" ")).await.map_err(failed)?;
                taken(common, *number, "the note", out)?;
            }
            CasesCommand::Close { number, note, .. } => {
                cases
                    .close(*number, note.as_deref())
                    .await
                    .map_err(failed)?;
                taken(common, *number, "the closing", out)?;
            }
        }
        Ok(())
    })
}

fn open(config: &Config) -> Result<Cases, Failure> {
    let clock: SharedClock = Arc::new(SystemClock);
    let (store, keys) = operate::open(config, &clock).map_err(Failure::Usage)?;
    Ok(Cases::new(Arc::new(store), Arc::new(keys), clock))
}

/// A number nobody gave out is the operator's slip; the rest is trouble.
fn failed(error: OperateError) -> Failure {
    match error {
        OperateError::Missing(_) => Failure::Usage(error.into()),
        _ => Failure::Runtime(error.into()),
    }
}

fn taken(common: &Common, number: i64, what: &str, out: &mut dyn Write) -> Outcome {
    if common.json {
        writeln!(out, "{}", json!({"number": number, "taken": true}))
    } else {
        writeln!(
            out,
            "Case {number}: {what} is taken. It is in the case once `bursar serve` has had its turn, within a second if it runs."
        )
    }
    .context("cannot write")?;
    Ok(())
}

fn listed(row: &CaseRow) -> serde_json::Value {
    json!({
        "number": row.case.number.0,
        "status": row.case.status,
        "kind": row.case.kind,
        "opened_ms": row.case.opened_ms,
        "changed_ms": row.changed_ms,
        "conversation": row.conversation.to_string(),
    })
}

/// A case as staff read it: what it is, what the customer said, what is known, what was done.
fn shown(row: &CaseRow, case: &Case, zone: &TimeZone) -> String {
    let mut text = format!(
        "Case {}: {} ({})\nFirst notice  {}\nChanged       {}\nConversation  {}\nSummary       {}\n",
        case.number,
        case.kind,
        case.status,
        at(case.opened_ms, zone),
        at(row.changed_ms, zone),
        row.conversation,
        case.summary,
    );
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text.extend(["\n", title, "\n"]);
            for line in &lines {
                text.extend(["  ", line, "\n"]);
            }
        }
    };
    let words = Some(&case.words).filter(|words| !words.is_empty());
    section("First words", words.into_iter().cloned().collect());
    let details = case.details.iter();
    section(
        "Known",
        details
            .map(|(name, value)| format!("{name}: {value}"))
            .collect(),
    );
    section("The customer wrote", case.transcript.clone());
    section(
        "Notes",
        case.notes
            .iter()
            .map(|note| format!("{}  {}", at(note.at_ms, zone), note.text))
            .collect(),
    );
    text
}

fn at(ms: i64, zone: &TimeZone) -> String {
    Timestamp::from_millisecond(ms).map_or_else(
        |_| "unknown".to_owned(),
        |at| {
            at.to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M %Z")
                .to_string()
        },
    )
}
