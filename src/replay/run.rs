//! Running fixtures: each wording of each file on a stage of its own, several at once.

mod check;
mod customer;
mod outside;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use axum::http::StatusCode;
use futures::StreamExt;

use crate::app::TurnSeen;
use crate::clock::{Clock, SharedClock, SystemClock};
use crate::conversation::fees::FeeList;
use crate::conversation::places::Places;
use crate::conversation::step::Understand;
use crate::intent::catalogue::Catalogue;
use crate::simulator::bank::{self, BankSimulator, Scenarios};
use crate::simulator::messenger::{self, Act, MessengerSimulator, Page};

use super::backstage::Pool;
use super::fixture::{Expected, Fixture, Said, StepKind};
use super::report::{Difference, Failure, Heard, Verdict};
use super::shown::{Shown, matches_exactly, shown};
use super::stage::{APP, PAGE, SECRET, Shared, Stage, TOKEN};

/// A sticker that is not the like button.
const OTHER_STICKER: u64 = 369_239_263_222_999;

/// A person types for a while: each thing the customer does happens a second after the last.
const TYPING_MS: i64 = 1_000;

/// How fixtures are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many conversations at once.
    pub jobs: usize,
    /// Rewrite expectations.
    pub update: bool,
}

/// Runs fixtures over one simulated bank and one Graph stand-in.
pub struct Replay {
    shared: Arc<Shared>,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// One verdict a conversation, in the order of the files.
    pub verdicts: Vec<Verdict>,
    /// Files that were rewritten.
    pub updated: Vec<PathBuf>,
}

impl Summary {
    /// Returns the failures.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.verdicts
            .iter()
            .filter_map(|verdict| verdict.failure.as_deref())
    }
}

impl Replay {
    /// Starts the world that all conversations share; each has a store, a clock, a bank customer and a
    /// thread of its own in it.
    pub async fn start(
        catalogue: Arc<Catalogue>,
        matcher: Arc<dyn Understand>,
        scenarios: Scenarios,
    ) -> anyhow::Result<Self> {
        let clock: SharedClock = Arc::new(SystemClock);
        let bank = BankSimulator::start(scenarios, Arc::clone(&clock), bank::Options::default())
            .await
            .context("cannot start the simulated bank")?;
        let options = messenger::Options {
            pages: vec![Page {
                id: PAGE.into(),
                token: TOKEN.to_owned(),
            }],
            app_id: APP.to_owned(),
            app_secret: SECRET.to_owned(),
            deliveries: false,
            ..messenger::Options::default()
        };
        let messenger = MessengerSimulator::start(options, clock)
            .await
            .context("cannot start the Graph stand-in")?;
        Ok(Self {
            shared: Arc::new(Shared {
                catalogue,
                matcher,
                bank,
                messenger,
                places: Arc::new(Places::sample()),
                fees: Arc::new(FeeList::sample()),
                pool: Pool::default(),
            }),
        })
    }

    /// Runs fixtures; `done` hears each verdict as it comes.
    pub async fn run(
        &self,
        fixtures: &[Fixture],
        options: &Options,
        mut done: impl FnMut(&Verdict),
    ) -> anyhow::Result<Summary> {
        let cases = fixtures.iter().enumerate().flat_map(|(at, fixture)| {
            let fixture = Arc::new(fixture.clone());
            (0..wordings(&fixture)).map(move |wording| (at, Arc::clone(&fixture), wording))
        });
        // Each is a task of its own, so that all processors play.
        let mut running = futures::stream::iter(cases.map(|(at, fixture, wording)| {
            let shared = Arc::clone(&self.shared);
            let update = options.update;
            let name = format!("{at}-{wording}-{}", rand::random::<u32>());
            let path = fixture.path.clone();
            let played =
                tokio::spawn(
                    async move { play(&shared, &fixture, (wording, update), &name).await },
                );
            async move {
                let verdict = played.await.unwrap_or_else(|error| broken(&path, &error));
                (at, wording, verdict)
            }
        }))
        .buffer_unordered(options.jobs.max(1));
        let mut verdicts: BTreeMap<(usize, usize), Verdict> = BTreeMap::new();
        while let Some((at, wording, verdict)) = running.next().await {
            done(&verdict);
            verdicts.insert((at, wording), verdict);
        }
        drop(running);
        let mut summary = Summary::default();
        if options.update {
            for (at, fixture) in fixtures.iter().enumerate() {
                let Some(verdict) = verdicts.get(&(at, 0)) else {
                    continue;
                };
                let text = super::update::rewritten(fixture, &verdict.heard);
                if text.lines().ne(fixture.source.iter().map(String::as_str)) {
                    std::fs::write(&fixture.path, text)
                        .with_context(|| format!("cannot write {}", fixture.path.display()))?;
                    summary.updated.push(fixture.path.clone());
                }
            }
        }
        summary.verdicts = verdicts.into_values().collect();
        Ok(summary)
    }
}

/// Returns a pattern as the file has it, without the flag that lets a dot match line ends.
fn pattern(regex: &regex::Regex) -> &str {
    regex.as_str().trim_start_matches("(?s)")
}

/// Returns how often a fixture is run: once for each wording of the line with most of them.
fn wordings(fixture: &Fixture) -> usize {
    fixture
        .steps
        .iter()
        .map(|step| match &step.kind {
            StepKind::Customer { wordings, .. } => wordings.len(),
            _ => 1,
        })
        .max()
        .unwrap_or(1)
}

async fn play(
    shared: &Shared,
    fixture: &Fixture,
    (wording, update): (usize, bool),
    name: &str,
) -> Verdict {
    let mut player = match Player::new(shared, fixture, (wording, update), name).await {
        Ok(player) => player,
        Err(error) => return no_stage(&fixture.path, &format!("{error:#}")),
    };
    player.play().await;
    let Player { stage, verdict, .. } = player;
    stage.leave(shared);
    verdict
}

/// A conversation that panicked fails like any other; the rest are still played.
fn broken(path: &Path, error: &tokio::task::JoinError) -> Verdict {
    no_stage(path, &format!("the conversation ended early: {error}"))
}

fn no_stage(path: &Path, why: &str) -> Verdict {
    Verdict {
        path: path.to_owned(),
        wording: None,
        failure: Some(Box::new(Failure {
            path: path.to_owned(),
            line: 1,
            difference: Difference::BadStep,
            expected: "a stage".to_owned(),
            got: why.to_owned(),
            understood: None,
            around: Vec::new(),
            wording: None,
        })),
        turns: 0,
        intents: Vec::new(),
        calls: Vec::new(),
        heard: Vec::new(),
    }
}

/// Plays one wording of a fixture.
struct Player<'a> {
    shared: &'a Shared,
    fixture: &'a Fixture,
    wording: usize,
    /// Expectations are to be rewritten: differences are taken in, not reported.
    update: bool,
    stage: Stage,
    verdict: Verdict,
    waiting: Vec<Shown>,
    last_buttons: Vec<super::shown::Tappable>,
    last_mid: Option<String>,
    edits: u32,
    seen: Vec<TurnSeen>,
    last_status: Option<StatusCode>,
    last_page: String,
    captures: BTreeMap<String, String>,
    said_at: usize,
    last_type: String,
}

type Played = Result<(), Box<Failure>>;

impl<'a> Player<'a> {
    async fn new(
        shared: &'a Shared,
        fixture: &'a Fixture,
        (wording, update): (usize, bool),
        name: &str,
    ) -> anyhow::Result<Self> {
        let durable = fixture
            .steps
            .iter()
            .any(|step| matches!(&step.kind, StepKind::Outside(what) if what.starts_with("crash")));
        let stage = Stage::set(shared, &fixture.header, &format!("PSID-{name}"), durable)?;
        let mut player = Self {
            shared,
            fixture,
            wording,
            update,
            stage,
            verdict: Verdict {
                path: fixture.path.clone(),
                wording: None,
                failure: None,
                turns: 0,
                intents: Vec::new(),
                calls: Vec::new(),
                heard: Vec::new(),
            },
            waiting: Vec::new(),
            last_buttons: Vec::new(),
            last_mid: None,
            edits: 0,
            seen: Vec::new(),
            last_status: None,
            last_page: String::new(),
            captures: BTreeMap::new(),
            said_at: 0,
            last_type: String::new(),
        };
        if fixture.header.greeted {
            player.greet().await?;
        }
        Ok(player)
    }

    /// The disclosure was given just before: a greeting a minute earlier, its answers not compared.
    async fn greet(&mut self) -> anyhow::Result<()> {
        let start = self.stage.clock.now_ms();
        self.stage.pass(-60_000);
        let spanish = self.fixture.header.locale.starts_with("es");
        let text = if spanish { "hola" } else { "hello" }.to_owned();
        let done = self
            .shared
            .messenger
            .control()
            .act(&self.stage.psid, &Act::Write { text });
        if let Some(webhook) = done.webhook {
            self.stage
                .post(webhook.body.to_vec(), &webhook.signature)
                .await?;
        }
        self.stage.settle().await?;
        drop(self.shared.messenger.take_sent(&self.stage.psid));
        drop(self.shared.messenger.take_webhooks_of(&self.stage.psid));
        drop(self.stage.watcher.take());
        let now = self.stage.clock.now_ms();
        self.stage.pass(start - now);
        Ok(())
    }

    async fn play(&mut self) {
        if let Err(failure) = self.steps().await {
            self.verdict.failure = Some(failure);
        }
    }

    async fn steps(&mut self) -> Played {
        let fixture = self.fixture;
        let mut last = 0;
        for step in &fixture.steps {
            last = step.line;
            match &step.kind {
                StepKind::Customer { wordings, delivery } => {
                    self.nothing_waits(step.line)?;
                    let said = wordings
                        .get(self.wording)
                        .or_else(|| wordings.first())
                        .cloned();
                    if wordings.len() > 1
                        && let Some(said) = &said
                    {
                        self.verdict.wording = Some(words(said));
                    }
                    if let Some(said) = said {
                        self.customer(step.line, &said, delivery).await?;
                    }
                }
                StepKind::Bot(expected) => self.bot(step.line, expected)?,
                StepKind::Pass(ms) => {
                    self.nothing_waits(step.line)?;
                    let until = self.stage.ahead(*ms);
                    self.wait_until(step.line, until).await?;
                }
                StepKind::At(civil) => {
                    self.nothing_waits(step.line)?;
                    let until = self
                        .stage
                        .instant(*civil)
                        .map_err(|error| self.bad(step.line, &format!("{error:#}")))?;
                    self.wait_until(step.line, until).await?;
                }
                StepKind::Outside(what) => {
                    if !what.starts_with("crash") {
                        self.nothing_waits(step.line)?;
                    }
                    self.outside(step.line, what).await?;
                }
                StepKind::Assert { negated, text } => {
                    self.assert(step.line, *negated, text).await?;
                }
            }
        }
        self.nothing_waits(last)
    }

    /// Lets time pass: what is due on the way happens at its own time, not at the end.
    async fn wait_until(&mut self, line: usize, until: jiff::Timestamp) -> Played {
        for _ in 0..1000 {
            let there = self
                .stage
                .move_towards(until)
                .await
                .map_err(|error| self.bad(line, &format!("{error:#}")))?;
            self.settle(line).await?;
            if there {
                return Ok(());
            }
        }
        Err(self.bad(line, "something is due again and again"))
    }

    async fn settle(&mut self, line: usize) -> Played {
        self.stage
            .settle()
            .await
            .map_err(|error| self.bad(line, &format!("{error:#}")))?;
        self.collect(line);
        Ok(())
    }

    fn collect(&mut self, line: usize) {
        let sent = self.shared.messenger.take_sent(&self.stage.psid);
        drop(self.shared.messenger.take_webhooks_of(&self.stage.psid));
        let mut heard = Heard {
            after_line: line,
            messages: Vec::new(),
        };
        for message in sent {
            let Ok(body) = serde_json::from_slice(&message.json) else {
                continue;
            };
            let Some(message) = shown(&body) else {
                continue;
            };
            heard.messages.push(message.lines.clone());
            self.waiting.push(message);
        }
        self.verdict.heard.push(heard);
        for seen in self.stage.watcher.take() {
            if let Some(understanding) = &seen.understanding {
                self.verdict
                    .intents
                    .extend(understanding.intents.iter().map(|r| r.name.to_string()));
            }
            self.verdict
                .calls
                .extend(seen.queries.iter().map(|name| (*name).to_owned()));
            self.verdict
                .calls
                .extend(seen.commands.iter().map(|name| (*name).to_owned()));
            self.seen.push(seen);
        }
    }

    fn bot(&mut self, line: usize, expected: &Expected) -> Played {
        if let Expected::Nothing = expected {
            return self.nothing_waits(line);
        }
        if self.update {
            return Ok(());
        }
        if self.waiting.is_empty() {
            let wanted = match expected {
                Expected::Exactly(lines) => lines.join("\n"),
                Expected::Matches(regex) => format!("something like {}", pattern(regex)),
                Expected::Any | Expected::Nothing => "a message".to_owned(),
            };
            return Err(self.failure(line, Difference::MissingMessage, &wanted, "nothing"));
        }
        let message = self.waiting.remove(0);
        self.last_type.clone_from(&message.messaging_type);
        let fine = match expected {
            Expected::Any | Expected::Nothing => true,
            Expected::Matches(regex) => regex.is_match(&message.text()),
            Expected::Exactly(lines) => matches_exactly(lines, &message.lines, &mut self.captures),
        };
        let got = message.text();
        self.hold(message.buttons);
        if fine {
            return Ok(());
        }
        let expected = match expected {
            Expected::Exactly(lines) => lines.join("\n"),
            Expected::Matches(regex) => format!("something like {}", pattern(regex)),
            Expected::Any | Expected::Nothing => String::new(),
        };
        Err(self.failure(line, self.kind_of_difference(), &expected, &got))
    }

    /// Keeps the buttons of a message in reach. New ones take the place of the old; a button that opens a page stays
    /// in the thread.
    fn hold(&mut self, mut buttons: Vec<super::shown::Tappable>) {
        if !buttons.is_empty() {
            let pages = self.last_buttons.drain(..);
            buttons.extend(pages.filter(|button| matches!(button.does, super::shown::Tap::Url(_))));
            self.last_buttons = buttons;
        }
    }

    /// Other words after an understanding that an assertion below contradicts are a routing change.
    fn kind_of_difference(&self) -> Difference {
        let wanted = self
            .fixture
            .steps
            .iter()
            .skip_while(|step| step.line <= self.said_at)
            .take_while(|step| !matches!(step.kind, StepKind::Customer { .. }))
            .find_map(|step| match &step.kind {
                StepKind::Assert {
                    negated: false,
                    text,
                } => text.strip_prefix("intent "),
                _ => None,
            });
        match wanted {
            Some(wanted) if !self.served(wanted.split_whitespace().next().unwrap_or_default()) => {
                Difference::UnderstoodOtherwise
            }
            _ => Difference::OtherWords,
        }
    }

    fn served(&self, intent: &str) -> bool {
        self.readings().any(|reading| reading.name == *intent)
    }

    fn readings(&self) -> impl Iterator<Item = &crate::intent::Reading> {
        self.seen
            .iter()
            .filter_map(|seen| seen.understanding.as_ref())
            .flat_map(|understanding| &understanding.intents)
    }

    fn nothing_waits(&mut self, line: usize) -> Played {
        if self.update {
            for message in std::mem::take(&mut self.waiting) {
                self.hold(message.buttons);
            }
            return Ok(());
        }
        match self.waiting.first() {
            None => Ok(()),
            Some(message) => {
                let got = message.text();
                Err(self.failure(line, Difference::ExtraMessage, "nothing more", &got))
            }
        }
    }

    fn understood(&self) -> Option<String> {
        let understanding = self
            .seen
            .iter()
            .rev()
            .find_map(|seen| seen.understanding.as_ref())?;
        let readings = |list: &[crate::intent::Reading]| {
            list.iter()
                .map(|reading| {
                    let slots = reading
                        .slots
                        .iter()
                        .filter_map(|(name, value)| Some(format!(" {name}={}", value.as_text()?)))
                        .collect::<String>();
                    format!("{}{slots} ({:.2})", reading.name, reading.confidence)
                })
                .collect::<Vec<_>>()
                .join(", ")
        };
        let all = [&understanding.intents, &understanding.alternatives];
        let named: Vec<String> = all
            .into_iter()
            .filter(|list| !list.is_empty())
            .map(|list| readings(list))
            .collect();
        Some(format!(
            "{:?}: {}",
            understanding.decision,
            named.join("; or ")
        ))
    }

    fn bad(&self, line: usize, why: &str) -> Box<Failure> {
        self.failure(line, Difference::BadStep, "a step that can be done", why)
    }

    fn failure(
        &self,
        line: usize,
        difference: Difference,
        expected: &str,
        got: &str,
    ) -> Box<Failure> {
        let first = line.saturating_sub(3).max(1);
        let around = (first..=line + 1)
            .filter_map(|number| {
                let text = self.fixture.source.get(number.checked_sub(1)?)?;
                Some((number, text.clone()))
            })
            .collect();
        Box::new(Failure {
            path: self.fixture.path.clone(),
            line,
            difference,
            expected: expected.to_owned(),
            got: if got.is_empty() { "nothing" } else { got }.to_owned(),
            understood: self.understood(),
            around,
            wording: self.verdict.wording.clone(),
        })
    }
}

fn words(said: &Said) -> String {
    match said {
        Said::Text(text) => text.clone(),
        Said::Tap(title) => format!("[{title}]"),
        other => format!("{other:?}"),
    }
}
