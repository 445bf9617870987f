//! The command line: one file a command, each writing to the writer it is given.
//!
//! Exit codes: 0 well, 1 a check failed, 2 usage or configuration, 3 runtime. Data goes to standard output,
//! logs and errors to standard error.

pub mod cases;
pub mod chat;
pub mod dev;
pub mod intents;
pub mod measure;
pub mod replay;
pub mod serve;
pub mod simulate;
pub mod understand;

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{CommandFactory, Parser, Subcommand};

use crate::config::LogFormat;
use crate::conversation::skill::SKILLS;
use crate::intent::Language;
use crate::intent::catalogue::{Catalogue, CatalogueError, SkillFacts};
use crate::intent::matcher::Matcher;

/// A self-hosted Messenger bot that answers banking queries.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true, infer_subcommands = false)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints what messages are taken to mean, as one JSON object a line
    Understand {
        /// Reads one JSON object a line from standard input: text, history, expecting.
        #[arg(long)]
        jsonl: bool,
        /// Messages; without any, one a line from standard input.
        text: Vec<String>,
        /// A catalogue directory in place of the built-in one.
        #[arg(long, value_name = "DIR")]
        intents: Option<PathBuf>,
    },
    /// Runs the whole local world: bank, Messenger with a chat page, and the bot
    Dev(dev::DevArgs),
    /// Chats with the bot in the terminal, in a local world of its own
    Chat(chat::ChatArgs),
    /// Runs one simulator alone
    #[command(subcommand)]
    Simulate(simulate::SimulateCommand),
    /// Serves a Page: receives webhooks, answers customers
    Serve(serve::ServeArgs),
    /// Runs conversation fixtures through the production path
    Replay(replay::ReplayArgs),
    /// Shows and closes the cases that wait for a person
    #[command(subcommand)]
    Cases(cases::CasesCommand),
    /// Looks at the catalogue: validates, lists, explains, measures
    #[command(subcommand)]
    Intents(IntentsCommand),
    /// Prints a script that completes this program's commands in a shell
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What to do with the catalogue.
#[derive(Debug, Subcommand)]
pub enum IntentsCommand {
    /// Validates every file; prints `file:line: problem` with a suggestion
    Check {
        /// A catalogue directory in place of the built-in one.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Lists the intents, one a line
    List {
        /// A catalogue directory in place of the built-in one.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Descriptions in this language: en or es.
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// Measures the catalogue, or the classifier on a foreign data set
    Eval(measure::EvalArgs),
    /// Trains the catalogue's model and writes it
    Train(measure::TrainArgs),
    /// Shows what each stage of the matcher makes of a message
    Explain {
        /// A catalogue directory in place of the built-in one.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// The message.
        #[arg(required = true)]
        text: Vec<String>,
    },
}

/// Why a command ended otherwise than well.
#[derive(Debug)]
pub enum Failure {
    /// A check failed; it has said what (exit code 1).
    Check,
    /// Usage or configuration (exit code 2).
    Usage(anyhow::Error),
    /// Anything else (exit code 3).
    Runtime(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    /// A catalogue that cannot be read is the operator's configuration, wherever it is found.
    fn from(error: anyhow::Error) -> Self {
        if error.downcast_ref::<CatalogueError>().is_some() {
            Self::Usage(error)
        } else {
            Self::Runtime(error)
        }
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::Usage(error.into())
    }
}

/// What a command ends with.
pub type Outcome = Result<(), Failure>;

/// Runs a command and returns its exit code; errors go to standard error with their causes.
pub fn run(cli: Cli) -> ExitCode {
    // Commands that print answers log nothing unless asked; `serve` and `dev` set up their own.
    if let Ok(filter) = std::env::var("BURSAR_LOG") {
        drop(crate::telemetry::init(LogFormat::Pretty, &filter));
    }
    let mut out = io::stdout().lock();
    let failure = match dispatch(cli.command, &mut out)
        .and_then(|()| out.flush().map_err(|error| Failure::Runtime(error.into())))
    {
        Ok(()) => return ExitCode::SUCCESS,
        Err(failure) => failure,
    };
    let (code, error) = match failure {
        Failure::Check => return ExitCode::from(1),
        Failure::Usage(error) => (2, error),
        Failure::Runtime(error) if is_closed_pipe(&error) => return ExitCode::SUCCESS,
        Failure::Runtime(error) => (3, error),
    };
    let mut message = error.to_string();
    for cause in error.chain().skip(1) {
        message.push_str(": ");
        message.push_str(&cause.to_string());
    }
    // There is nobody left to tell if standard error is closed.
    drop(writeln!(io::stderr(), "error: {message}"));
    ExitCode::from(code)
}

/// `bursar … | head` is no error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn dispatch(command: Command, out: &mut dyn Write) -> Outcome {
    match command {
        Command::Understand {
            jsonl,
            text,
            intents,
        } => understand_command(jsonl, &text, intents.as_deref(), out),
        Command::Dev(args) => dev::run(&args, out),
        Command::Chat(args) => chat::run(&args, out),
        Command::Simulate(command) => simulate::run(&command, out),
        Command::Serve(args) => serve::run(&args, out),
        Command::Replay(args) => replay::run(&args, out),
        Command::Cases(command) => cases::run(&command, out),
        Command::Intents(command) => intents_command(&command, out),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "bursar", out);
            Ok(())
        }
    }
}

/// Makes the runtime a command's work runs on.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
        .map_err(Failure::Runtime)
}

/// Loads the built-in catalogue, or a directory's.
fn catalogue(dir: Option<&Path>) -> Result<Arc<Catalogue>, Failure> {
    match dir {
        Some(dir) => Catalogue::from_dir(dir),
        None => Catalogue::built_in(),
    }
    .map(Arc::new)
    .map_err(|error| Failure::Usage(error.into()))
}

fn matcher(dir: Option<&Path>) -> Result<Matcher, Failure> {
    Matcher::load(catalogue(dir)?).map_err(|error| Failure::Usage(error.into()))
}

fn understand_command(
    jsonl: bool,
    text: &[String],
    dir: Option<&Path>,
    out: &mut dyn Write,
) -> Outcome {
    let matcher = matcher(dir)?;
    let input = io::stdin().lock();
    if jsonl {
        let all_read = understand::jsonl(&matcher, input, out).context("cannot read or write")?;
        return if all_read {
            Ok(())
        } else {
            Err(Failure::Check)
        };
    }
    if text.is_empty() {
        for line in input.lines() {
            let line = line.context("cannot read standard input")?;
            understand::json(&matcher, &line, &mut *out).context("cannot write")?;
        }
        return Ok(());
    }
    for text in text {
        understand::json(&matcher, text, &mut *out).context("cannot write")?;
    }
    Ok(())
}

fn intents_command(command: &IntentsCommand, out: &mut dyn Write) -> Outcome {
    match command {
        IntentsCommand::Check { dir } => {
            let loaded = match dir {
                Some(dir) => Catalogue::from_dir(dir),
                None => Catalogue::built_in(),
            };
            let facts = skill_facts();
            if intents::check(&loaded, &facts, out).context("cannot write")? {
                Ok(())
            } else {
                Err(Failure::Check)
            }
        }
        IntentsCommand::List { dir, language } => {
            let language = Language::from_code(language).ok_or_else(|| {
                Failure::Usage(anyhow::anyhow!(
                    "--language: `{language}` is neither en nor es"
                ))
            })?;
            let catalogue = catalogue(dir.as_deref())?;
            intents::list(&catalogue, language, out).context("cannot write")?;
            Ok(())
        }
        IntentsCommand::Eval(args) => measure::eval(args, out),
        IntentsCommand::Train(args) => measure::train(args, out),
        IntentsCommand::Explain { dir, text } => {
            let matcher = matcher(dir.as_deref())?;
            intents::explain(&matcher, &text.join(" "), out).context("cannot write")?;
            Ok(())
        }
    }
}

/// What the code knows of its skills, for the catalogue's check.
fn skill_facts() -> Vec<SkillFacts<'static>> {
    SKILLS
        .iter()
        .map(|skill| SkillFacts {
            name: skill.name,
            access: skill.access,
            variants: skill.variants,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
