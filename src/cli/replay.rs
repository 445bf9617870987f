//! `bursar replay`: runs conversation fixtures through the production path.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use crate::clock::{SharedClock, SystemClock};
use crate::config::Config;
use crate::intent::matcher::Matcher;
use crate::message::ConversationId;
use crate::operate;
use crate::replay::record::{Record, fixture as fixture_of};
use crate::replay::{Fixture, Options, Replay, Summary, Verdict, read};
use crate::simulator::bank::Scenarios;
use crate::store::Store as _;

use super::{Failure, Outcome};

/// What to run and how to say it.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Fixture files and folders.
    #[arg(default_value = "fixtures/conversations")]
    paths: Vec<PathBuf>,
    /// Rewrites the expected replies to what was said; review the diff.
    #[arg(long)]
    update: bool,
    /// Prints a fixture made from a stored conversation (its id as in the log), with ids, times and personal
    /// data replaced; needs `--config`.
    #[arg(long, value_name = "ID", requires = "config")]
    record: Option<String>,
    /// The configuration whose store holds the conversation.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Names intents and bank calls that no fixture touches.
    #[arg(long)]
    coverage: bool,
    /// Only fixtures whose path or tags contain this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Conversations at once.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Writes a `JUnit` report.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// A catalogue directory in place of the built-in one.
    #[arg(long, value_name = "DIR")]
    intents: Option<PathBuf>,
    /// A folder of bank scenarios that win over those built in.
    #[arg(long, value_name = "DIR")]
    banks: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &ReplayArgs, out: &mut dyn Write) -> Outcome {
    if let (Some(id), Some(config)) = (&args.record, &args.config) {
        return record(id, config, args.intents.as_deref(), out);
    }
    let fixtures = match load(args)? {
        Ok(fixtures) => fixtures,
        Err(problems) => return refuse(&problems, args.json, out),
    };
    let catalogue = super::catalogue(args.intents.as_deref())?;
    let matcher =
        Matcher::load(Arc::clone(&catalogue)).map_err(|error| Failure::Usage(error.into()))?;
    let scenarios = match &args.banks {
        Some(dir) => Scenarios::from_dir(dir).map_err(|error| Failure::Usage(error.into()))?,
        None => Scenarios::built_in(),
    };
    let jobs = args
        .jobs
        .or_else(|| {
            std::thread::available_parallelism()
                .ok()
                .map(|n| n.get() * 2)
        })
        .unwrap_or(4);
    let runtime = super::runtime()?;
    let started = Instant::now();
    let summary = runtime.block_on(async {
        let replay = Replay::start(Arc::clone(&catalogue), Arc::new(matcher), scenarios).await?;
        let options = Options {
            jobs,
            update: args.update,
        };
        let mut progress = Progress::new(args.json);
        let summary = replay
            .run(&fixtures, &options, |verdict| progress.tick(verdict))
            .await;
        progress.end();
        summary
    })?;
    let seconds = started.elapsed().as_secs_f64();
    if let Some(path) = &args.junit {
        std::fs::write(path, junit(&summary, seconds))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if args.json {
        as_json(&summary, seconds, out)?;
    } else {
        as_text(&summary, seconds, out)?;
    }
    if args.coverage {
        coverage(&summary, &catalogue, out)?;
    }
    // What was rewritten is as it is now; there is nothing left to fail.
    let failed = summary.failures().count();
    if failed == 0 || (args.update && !summary.updated.is_empty()) {
        Ok(())
    } else {
        Err(Failure::Check)
    }
}

/// Reads the fixtures to run, or says what is wrong with them: a run that left some out would pass unseen.
fn load(args: &ReplayArgs) -> Result<Result<Vec<Fixture>, Vec<String>>, Failure> {
    let mut files = Vec::new();
    for path in &args.paths {
        walk(path, &mut files).map_err(|error| {
            Failure::Usage(anyhow::anyhow!("cannot read {}: {error}", path.display()))
        })?;
    }
    files.sort();
    files.dedup();
    let mut problems = twice(&files);
    let mut fixtures = Vec::new();
    for file in files {
        match read(&file) {
            Ok(fixture) => fixtures.push(fixture),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    if let Some(text) = &args.filter {
        fixtures.retain(|fixture| {
            fixture.path.to_string_lossy().contains(text)
                || fixture.header.tags.iter().any(|tag| tag == text)
        });
    }
    if fixtures.is_empty() {
        let none = "no conversation ran: no .txt file matches".to_owned();
        return Ok(Err(vec![none]));
    }
    Ok(Ok(fixtures))
}

/// A conversation is known by its topic and case: of two with one name, a report means nobody knows which.
fn twice(files: &[PathBuf]) -> Vec<String> {
    let mut known = BTreeMap::new();
    let mut problems = Vec::new();
    for file in files {
        let topic = file.parent().and_then(Path::file_name);
        let case = file.file_stem();
        match known.entry((topic, case)) {
            Entry::Vacant(free) => drop(free.insert(file)),
            Entry::Occupied(taken) => problems.push(format!(
                "{}: the name is taken by {}",
                file.display(),
                taken.get().display()
            )),
        }
    }
    problems
}

fn refuse(problems: &[String], as_json: bool, out: &mut dyn Write) -> Outcome {
    let text = if as_json {
        json!({"conversations": 0, "problems": problems}).to_string()
    } else {
        problems.join("\n")
    };
    writeln!(out, "{text}").context("cannot write")?;
    Err(Failure::Check)
}

/// Reads a conversation's turn records beside a server that may be running.
fn record(id: &str, config: &Path, intents: Option<&Path>, out: &mut dyn Write) -> Outcome {
    let bytes = hex::decode(id).ok().and_then(|bytes| bytes.try_into().ok());
    let Some(bytes) = bytes else {
        return Err(Failure::Usage(anyhow::anyhow!(
            "--record: `{id}` is no conversation id: 32 hex digits, as the log shows them"
        )));
    };
    let conversation = ConversationId(bytes);
    let config = Config::load(config, std::env::vars())?;
    let catalogue = super::catalogue(intents.or(config.intents_dir.as_deref()))?;
    let matcher = Matcher::new(catalogue).map_err(|error| Failure::Usage(error.into()))?;
    let records = super::runtime()?.block_on(records(&config, conversation))?;
    if records.is_empty() {
        return Err(Failure::Runtime(anyhow::anyhow!(
            "--record: no turns are stored under {id}; they are kept for store.retention_days"
        )));
    }
    write!(out, "{}", fixture_of(&records, &matcher)).context("cannot write")?;
    Ok(())
}

async fn records(config: &Config, conversation: ConversationId) -> anyhow::Result<Vec<Record>> {
    let clock: SharedClock = Arc::new(SystemClock);
    let (store, keys) = operate::open(config, &clock)?;
    let Some(keys) = keys.customer(conversation, false).await? else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for (_, sealed) in store.records(conversation).await? {
        let bytes = keys.open(&conversation.0, &sealed)?;
        let records: Vec<Record> = serde_json::from_slice(&bytes)?;
        all.extend(records);
    }
    Ok(all)
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?.path();
        let hidden = entry
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']));
        if hidden {
            continue;
        }
        if entry.is_dir() {
            walk(&entry, files)?;
        } else if entry
            .extension()
            .is_some_and(|extension| extension == "txt")
        {
            files.push(entry);
        }
    }
    Ok(())
}

/// A counter on a terminal; nothing otherwise.
struct Progress {
    shown: bool,
    done: usize,
    failed: usize,
}

impl Progress {
    fn new(quiet: bool) -> Self {
        Self {
            shown: !quiet && io::stderr().is_terminal(),
            done: 0,
            failed: 0,
        }
    }

    fn tick(&mut self, verdict: &Verdict) {
        self.done += 1;
        self.failed += usize::from(verdict.failure.is_some());
        if self.shown {
            drop(write!(
                io::stderr(),
                "\r{} conversations, {} failed",
                self.done,
                self.failed
            ));
        }
    }

    fn end(&self) {
        if self.shown {
            drop(write!(io::stderr(), "\r\x1b[K"));
        }
    }
}

fn as_text(summary: &Summary, seconds: f64, out: &mut dyn Write) -> Result<(), Failure> {
    let mut write = || -> io::Result<()> {
        for failure in summary.failures() {
            writeln!(out, "{failure}")?;
        }
        for path in &summary.updated {
            writeln!(out, "updated {}", path.display())?;
        }
        let turns: usize = summary.verdicts.iter().map(|verdict| verdict.turns).sum();
        let failed = summary.failures().count();
        let passed = summary.verdicts.len() - failed;
        writeln!(
            out,
            "{} conversations, {turns} turns in {seconds:.2} s ({:.0} turns/s)",
            summary.verdicts.len(),
            f64::from(u32::try_from(turns).unwrap_or(u32::MAX)) / seconds.max(0.001)
        )?;
        writeln!(out, "{passed} passed, {failed} failed")
    };
    write().context("cannot write")?;
    Ok(())
}

fn as_json(summary: &Summary, seconds: f64, out: &mut dyn Write) -> Result<(), Failure> {
    let failures: Vec<_> = summary
        .failures()
        .map(|failure| {
            json!({
                "file": failure.path.display().to_string(),
                "line": failure.line,
                "difference": failure.difference.words(),
                "expected": failure.expected,
                "got": failure.got,
                "understood": failure.understood,
                "wording": failure.wording,
            })
        })
        .collect();
    let report = json!({
        "conversations": summary.verdicts.len(),
        "turns": summary.verdicts.iter().map(|verdict| verdict.turns).sum::<usize>(),
        "passed": summary.verdicts.len() - failures.len(),
        "failed": failures.len(),
        "seconds": seconds,
        "failures": failures,
        "updated": summary.updated.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    });
    writeln!(out, "{report}").context("cannot write")?;
    Ok(())
}

fn junit(summary: &Summary, seconds: f64) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
    };
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"replay\" tests=\"{}\" failures=\"{}\" time=\"{seconds:.3}\">\n",
        summary.verdicts.len(),
        summary.failures().count()
    );
    for verdict in &summary.verdicts {
        let name = escape(&format!(
            "{}{}",
            verdict.path.display(),
            verdict
                .wording
                .as_ref()
                .map_or_else(String::new, |wording| format!(" [{wording}]"))
        ));
        match &verdict.failure {
            None => {
                xml += "  <testcase name=\"";
                xml += &name;
                xml += "\"/>\n";
            }
            Some(failure) => {
                xml += "  <testcase name=\"";
                xml += &name;
                xml += "\"><failure message=\"";
                xml += &escape(failure.difference.words());
                xml += "\">";
                xml += &escape(&failure.to_string());
                xml += "</failure></testcase>\n";
            }
        }
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn coverage(
    summary: &Summary,
    catalogue: &crate::intent::catalogue::Catalogue,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let touched: BTreeSet<&str> = summary
        .verdicts
        .iter()
        .flat_map(|verdict| verdict.intents.iter().map(String::as_str))
        .collect();
    let called: BTreeSet<&str> = summary
        .verdicts
        .iter()
        .flat_map(|verdict| verdict.calls.iter().map(String::as_str))
        .collect();
    let missing: Vec<&str> = catalogue
        .intents()
        .iter()
        .map(|intent| intent.name.as_str())
        .filter(|name| !touched.contains(name))
        .collect();
    let calls = [
        "accounts",
        "transactions",
        "cards",
        "statements",
        "disputes",
        "payees",
        "payments",
    ]
    .into_iter()
    .chain(
        crate::bank::CommandKind::ALL
            .into_iter()
            .map(crate::bank::CommandKind::name),
    );
    let untouched: Vec<&str> = calls.filter(|name| !called.contains(name)).collect();
    let mut write = || -> io::Result<()> {
        writeln!(
            out,
            "{} of {} intents touched; not: {}",
            catalogue.intents().len() - missing.len(),
            catalogue.intents().len(),
            missing.join(" ")
        )?;
        writeln!(out, "bank calls not touched: {}", untouched.join(" "))
    };
    write().context("cannot write")?;
    Ok(())
}
