//! Running fixtures: each wording of each file on a stage of its own, several at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::http::StatusCode;
use futures::StreamExt;

use crate::app::TurnSeen;
use crate::bank::model::CardState;
use crate::clock::{Clock, SharedClock, SystemClock};
use crate::conversation::places::Places;
use crate::conversation::step::Understand;
use crate::intent::catalogue::Catalogue;
use crate::simulator::bank::{self, BankSimulator, Fault, Scenarios, SetFault};
use crate::simulator::messenger::Act;
use crate::simulator::messenger::{self, MessengerSimulator, Page};

use super::backstage::Pool;
use super::fixture::{Delivery, Expected, Fixture, Said, StepKind};
use super::report::{Difference, Failure, Heard, Verdict};
use super::shown::{Shown, Tap, matches_exactly, shown};
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

    async fn customer(&mut self, line: usize, said: &Said, delivery: &Delivery) -> Played {
        self.seen.clear();
        self.verdict.turns += 1;
        self.said_at = line;
        self.stage.pass(TYPING_MS);
        if let Said::Raw(file) = said {
            let path = self
                .fixture
                .path
                .parent()
                .unwrap_or(Path::new("."))
                .join(file);
            let body = std::fs::read(&path)
                .map_err(|error| self.bad(line, &format!("{}: {error}", path.display())))?;
            let signature = self.shared.messenger.sign(&body);
            return self.deliver(line, body, &signature, delivery).await;
        }
        if let Some(url) = self.url_tap(said) {
            let status = self
                .stage
                .visit(&url)
                .await
                .map_err(|error| self.bad(line, &format!("{error:#}")))?;
            self.last_status = Some(status);
            return self.settle(line).await;
        }
        let act = self.act(line, said)?;
        let was = self.stage.clock.now_ms();
        self.stage.pass(-delivery.late_ms);
        let done = self.shared.messenger.control().act(&self.stage.psid, &act);
        self.stage.pass(was - self.stage.clock.now_ms());
        if matches!(said, Said::Text(_)) {
            self.last_mid = done.mid.map(|mid| mid.0);
            self.edits = 0;
        }
        let Some(webhook) = done.webhook else {
            return Ok(());
        };
        let mut body = webhook.body.to_vec();
        if delivery.standby {
            body = String::from_utf8_lossy(&body)
                .replacen("\"messaging\":", "\"standby\":", 1)
                .into_bytes();
        }
        if delivery.echo {
            body = self.as_echo(&body);
        }
        let signature = self.shared.messenger.sign(&body);
        self.deliver(line, body, &signature, delivery).await
    }

    /// Turns the customer's event into an echo: the Page said it.
    fn as_echo(&self, body: &[u8]) -> Vec<u8> {
        let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(body) else {
            return body.to_vec();
        };
        if let Some(event) = value
            .pointer_mut("/entry/0/messaging/0")
            .and_then(serde_json::Value::as_object_mut)
        {
            event.insert("sender".to_owned(), serde_json::json!({"id": PAGE}));
            let psid = self.stage.psid.as_str();
            event.insert("recipient".to_owned(), serde_json::json!({"id": psid}));
            if let Some(message) = event
                .get_mut("message")
                .and_then(serde_json::Value::as_object_mut)
            {
                message.insert("is_echo".to_owned(), true.into());
            }
        }
        serde_json::to_vec(&value).unwrap_or_default()
    }

    async fn deliver(
        &mut self,
        line: usize,
        body: Vec<u8>,
        signature: &str,
        delivery: &Delivery,
    ) -> Played {
        let body = batched(body, delivery.batch);
        let signature = if delivery.bad_signature {
            format!("sha256={}", "0".repeat(64))
        } else if delivery.batch > 1 {
            self.shared.messenger.sign(&body)
        } else {
            signature.to_owned()
        };
        for _ in 0..delivery.times {
            let status = self
                .stage
                .post(body.clone(), &signature)
                .await
                .map_err(|error| self.bad(line, &format!("{error:#}")))?;
            self.last_status = Some(status);
            let wanted = if delivery.bad_signature {
                StatusCode::UNAUTHORIZED
            } else {
                StatusCode::OK
            };
            if status != wanted {
                return Err(self.failure(
                    line,
                    Difference::AssertionFailed,
                    &format!("the webhook answers {wanted}"),
                    &format!("{status}"),
                ));
            }
        }
        // A crash right after the 200 comes before anything was done about the event.
        if self.crash_follows(line) {
            return Ok(());
        }
        self.settle(line).await
    }

    fn crash_follows(&self, line: usize) -> bool {
        let mut steps = self
            .fixture
            .steps
            .iter()
            .skip_while(|step| step.line <= line);
        matches!(
            steps.next().map(|step| &step.kind),
            Some(StepKind::Outside(what)) if what.starts_with("crash")
        )
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
        if !message.buttons.is_empty() {
            self.last_buttons = message.buttons;
        }
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
            for message in self.waiting.drain(..) {
                if !message.buttons.is_empty() {
                    self.last_buttons = message.buttons;
                }
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

    fn url_tap(&self, said: &Said) -> Option<String> {
        let Said::Tap(title) = said else { return None };
        self.last_buttons
            .iter()
            .find(|button| button.title == *title)
            .and_then(|button| match &button.does {
                Tap::Url(url) => Some(url.clone()),
                _ => None,
            })
    }

    fn act(&mut self, line: usize, said: &Said) -> Result<Act, Box<Failure>> {
        Ok(match said {
            Said::Text(text) => Act::Write { text: text.clone() },
            Said::Tap(title) => {
                let found = self
                    .last_buttons
                    .iter()
                    .find(|button| button.title == *title)
                    .cloned();
                match found.map(|button| button.does) {
                    Some(Tap::QuickReply(payload)) => Act::QuickReply {
                        title: title.clone(),
                        payload,
                    },
                    Some(Tap::Postback(payload)) => Act::Postback {
                        title: title.clone(),
                        payload,
                    },
                    _ => {
                        let offered = self
                            .last_buttons
                            .iter()
                            .map(|button| format!("[{}]", button.title))
                            .collect::<Vec<_>>()
                            .join(" ");
                        return Err(self.failure(
                            line,
                            Difference::BadStep,
                            &format!("a button [{title}]"),
                            &offered,
                        ));
                    }
                }
            }
            Said::Medium(kind) => Act::Attach { kind: kind.clone() },
            Said::Sticker => Act::Sticker { id: OTHER_STICKER },
            Said::ThumbsUp => Act::ThumbsUp,
            Said::Edit(text) => {
                self.edits += 1;
                Act::Edit {
                    mid: self.last_mid.clone().unwrap_or_else(|| "m_none".to_owned()),
                    text: text.clone(),
                    number: self.edits,
                }
            }
            Said::Reaction(reaction) => Act::React {
                mid: self.last_mid.clone().unwrap_or_else(|| "m_none".to_owned()),
                reaction: reaction.clone(),
            },
            Said::Raw(_) => return Err(self.bad(line, "raw bodies are posted, not acted")),
        })
    }

    async fn outside(&mut self, line: usize, what: &str) -> Played {
        let control = self.shared.bank.control();
        let subject = self.stage.subject.clone();
        let (whom, how) = what.split_once(' ').unwrap_or((what, ""));
        let fault = |fault: SetFault| {
            control
                .set_fault(&subject, fault)
                .map_err(|error| self.bad(line, &error.to_string()))
        };
        match (whom, how) {
            ("bank", "up" | "back") => {
                self.stage.watcher.set_latency(Duration::ZERO);
                control
                    .clear_faults(&subject)
                    .map_err(|error| self.bad(line, &error.to_string()))?;
            }
            ("bank", "down") => fault(Fault::Down.into())?,
            ("bank", how) if how.starts_with("slow") => {
                let seconds: f64 = how
                    .trim_start_matches("slow")
                    .trim()
                    .trim_end_matches('s')
                    .parse()
                    .map_err(|_| self.bad(line, "write `bank slow 3s`"))?;
                self.stage
                    .watcher
                    .set_latency(Duration::from_secs_f64(seconds.clamp(0.0, 3600.0)));
            }
            ("bank", how) if how.starts_with("answers ") => {
                let file = how.trim_start_matches("answers ").trim();
                let path = self
                    .fixture
                    .path
                    .parent()
                    .unwrap_or(Path::new("."))
                    .join(file);
                let body = std::fs::read(&path)
                    .map_err(|error| self.bad(line, &format!("{}: {error}", path.display())))?;
                fault(
                    Fault::Answers {
                        status: 200,
                        body: body.into(),
                    }
                    .into(),
                )?;
            }
            ("bank", how) => {
                let set: SetFault = how
                    .parse()
                    .map_err(|error| self.bad(line, &format!("bank {how}: {error}")))?;
                fault(set)?;
            }
            ("graph", how) => {
                let words = how.to_owned();
                let messenger = self.shared.messenger.control();
                let set = words
                    .parse::<crate::simulator::messenger::SetFault>()
                    .map_err(|error| self.bad(line, &format!("graph {how}: {error}")))?;
                if how == "up" || how == "back" {
                    messenger.clear_faults(Some(&self.stage.psid));
                } else {
                    messenger.fault(set.for_person(self.stage.psid.clone()));
                }
            }
            ("human", "takes" | "returns") => {
                let messenger = self.shared.messenger.control();
                if how == "takes" {
                    messenger.human_takes(&self.stage.psid);
                } else {
                    messenger.human_returns(&self.stage.psid);
                }
                self.stage.pass(TYPING_MS);
                for webhook in self.shared.messenger.take_webhooks_of(&self.stage.psid) {
                    self.stage
                        .post(webhook.body.to_vec(), &webhook.signature)
                        .await
                        .map_err(|error| self.bad(line, &format!("{error:#}")))?;
                }
            }
            ("crash", _) => {
                self.stage
                    .crash(self.shared)
                    .map_err(|error| self.bad(line, &format!("{error:#}")))?;
                self.seen.clear();
            }
            _ => {
                return Err(self.bad(
                    line,
                    &format!(
                        "`{what}` is none of bank …, graph …, human takes, human returns, crash"
                    ),
                ));
            }
        }
        self.settle(line).await
    }

    async fn assert(&mut self, line: usize, negated: bool, text: &str) -> Played {
        let (holds, got, difference) = self.check(line, text).await?;
        if holds != negated || self.update {
            return Ok(());
        }
        let expected = if negated {
            format!("not {text}")
        } else {
            text.to_owned()
        };
        Err(self.failure(line, difference, &expected, &got))
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm an assertion: a table, longer than it is complicated"
    )]
    /// Returns whether an assertion holds, what was found, and what kind of difference it would be.
    async fn check(
        &mut self,
        line: usize,
        text: &str,
    ) -> Result<(bool, String, Difference), Box<Failure>> {
        let (what, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim();
        Ok(match what {
            "intent" => {
                let got = self.understood().unwrap_or_else(|| "nothing".to_owned());
                (self.has_reading(rest), got, Difference::UnderstoodOtherwise)
            }
            "decision" | "language" => {
                let got = self
                    .seen
                    .iter()
                    .filter_map(|seen| seen.understanding.as_ref())
                    .map(|understanding| {
                        if what == "language" {
                            understanding.language.code().to_owned()
                        } else {
                            format!("{:?}", understanding.decision).to_lowercase()
                        }
                    })
                    .next_back()
                    .unwrap_or_default();
                (got == rest, got, Difference::UnderstoodOtherwise)
            }
            "asked" => {
                let got: Vec<&str> = self
                    .seen
                    .iter()
                    .flat_map(|seen| seen.queries.clone())
                    .collect();
                let holds = if rest.is_empty() {
                    !got.is_empty()
                } else {
                    got.contains(&rest)
                };
                (holds, got.join(" "), Difference::OtherBankCalls)
            }
            "told" => {
                let got: Vec<&str> = self
                    .seen
                    .iter()
                    .flat_map(|seen| seen.commands.clone())
                    .collect();
                let holds = if rest.is_empty() {
                    !got.is_empty()
                } else {
                    got.contains(&rest)
                };
                (holds, got.join(" "), Difference::OtherBankCalls)
            }
            "nothing" if rest == "frozen" || rest == "told" || rest == "asked" => {
                return Box::pin(self.nothing(line, rest)).await;
            }
            "card" => self.card(line, rest)?,
            "case" => {
                let got = self
                    .stage
                    .cases()
                    .await
                    .map_err(|error| self.bad(line, &format!("{error:#}")))?;
                let holds = if rest.is_empty() {
                    !got.is_empty()
                } else {
                    got.iter().any(|kind| kind == rest)
                };
                (holds, got.join(" "), Difference::AssertionFailed)
            }
            "handed" => {
                let holds = self.seen.iter().any(|seen| seen.handed_over);
                let got = if holds {
                    "handed over"
                } else {
                    "not handed over"
                };
                (holds, got.to_owned(), Difference::AssertionFailed)
            }
            "audit" => {
                let got: Vec<&str> = self
                    .seen
                    .iter()
                    .flat_map(|seen| seen.audit.clone())
                    .collect();
                (
                    got.contains(&rest),
                    got.join(" "),
                    Difference::AssertionFailed,
                )
            }
            "type" => {
                let got = self.last_type.clone();
                (got == rest, got, Difference::AssertionFailed)
            }
            "variant" => {
                let got: Vec<String> = self
                    .seen
                    .iter()
                    .flat_map(|seen| &seen.spoken)
                    .map(|spoken| format!("{}.{}", spoken.intent, spoken.variant))
                    .collect();
                let holds = got
                    .iter()
                    .any(|one| one == rest || one.ends_with(&format!(".{rest}")));
                (holds, got.join(" "), Difference::OtherWords)
            }
            _ => {
                return Err(self.bad(
                    line,
                    &format!(
                        "`{text}` is none of: intent, decision, language, asked, told, nothing frozen, card, case, handed over, audit, type, variant"
                    ),
                ));
            }
        })
    }

    async fn nothing(
        &mut self,
        line: usize,
        what: &str,
    ) -> Result<(bool, String, Difference), Box<Failure>> {
        if what == "frozen" {
            let cards = self
                .shared
                .bank
                .control()
                .cards(&self.stage.subject)
                .map_err(|error| self.bad(line, &error.to_string()))?;
            let frozen: Vec<String> = cards
                .iter()
                .filter(|card| card.state == CardState::Frozen)
                .map(|card| card.last4.clone())
                .collect();
            return Ok((
                frozen.is_empty(),
                format!("frozen: {}", frozen.join(" ")),
                Difference::OtherBankCalls,
            ));
        }
        let (holds, got, difference) = self.check(line, what).await?;
        Ok((!holds, got, difference))
    }

    fn card(&self, line: usize, rest: &str) -> Result<(bool, String, Difference), Box<Failure>> {
        let (last4, state) = rest.split_once(' ').unwrap_or((rest, "frozen"));
        let cards = self
            .shared
            .bank
            .control()
            .cards(&self.stage.subject)
            .map_err(|error| self.bad(line, &error.to_string()))?;
        let got = cards
            .iter()
            .map(|card| format!("{} {}", card.last4, state_name(card.state)))
            .collect::<Vec<_>>()
            .join(", ");
        let holds = cards
            .iter()
            .any(|card| card.last4 == last4 && state_name(card.state) == state);
        Ok((holds, got, Difference::OtherBankCalls))
    }

    /// `balance account=savings`: some reading has this name and these slots.
    fn has_reading(&self, text: &str) -> bool {
        let mut parts = text.split_whitespace();
        let Some(name) = parts.next() else {
            return false;
        };
        let slots: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
        self.readings().any(|reading| {
            reading.name == *name
                && slots
                    .iter()
                    .all(|(slot, value)| reading.slots.text(slot) == Some(value))
        })
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
        Some(format!(
            "{:?}: {}{}",
            understanding.decision,
            readings(&understanding.intents),
            readings(&understanding.alternatives)
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

/// Repeats an event's neighbours: `batch 5` posts five events of the customer at once, with ids of their own.
fn batched(body: Vec<u8>, batch: usize) -> Vec<u8> {
    if batch <= 1 {
        return body;
    }
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(&body) else {
        return body;
    };
    let Some(events) = value
        .pointer_mut("/entry/0/messaging")
        .and_then(serde_json::Value::as_array_mut)
    else {
        return body;
    };
    let Some(first) = events.first().cloned() else {
        return body;
    };
    for at in 1..batch {
        let mut event = first.clone();
        if let Some(mid) = event.pointer_mut("/message/mid") {
            let text = format!("{}-{at}", mid.as_str().unwrap_or_default());
            *mid = text.into();
        }
        if let Some(time) = event.get("timestamp").and_then(serde_json::Value::as_i64) {
            let later = time.saturating_add(i64::try_from(at).unwrap_or(0));
            if let Some(event) = event.as_object_mut() {
                event.insert("timestamp".to_owned(), later.into());
            }
        }
        events.push(event);
    }
    serde_json::to_vec(&value).unwrap_or(body)
}

const fn state_name(state: CardState) -> &'static str {
    match state {
        CardState::Active => "active",
        CardState::Frozen => "frozen",
        CardState::Blocked => "blocked",
        CardState::Cancelled => "cancelled",
        CardState::Expired => "expired",
        CardState::NotActivated => "not_activated",
    }
}

fn words(said: &Said) -> String {
    match said {
        Said::Text(text) => text.clone(),
        Said::Tap(title) => format!("[{title}]"),
        other => format!("{other:?}"),
    }
}
