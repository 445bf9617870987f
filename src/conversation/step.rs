//! One step: from a state and an input to a new state and effects.

use std::collections::VecDeque;

use crate::bank::{Answers, Query};
use crate::intent::catalogue::{Access, Catalogue};
use crate::intent::matcher::Context as Heard;
use crate::intent::{Language, Reading, Understanding};
use crate::reply::render::RenderError;
use crate::reply::value::Place;
use crate::store::{CommandId, SendClass, ViewId};

use super::effect::Effect;
use super::input::{Input, What};
use super::offer::Offer;
use super::policy::Policy;
use super::request::Request;
use super::skill::{Ask, Change, Context, Next, Outcome, Say, Shape, human, skill};
use super::speak::{Speaker, derive};
use super::state::{Executing, Owner, State, Told, Topic};
use super::view::{VIEW_MS, View};

mod answer;
mod cases;
mod customer;
mod happened;
mod open;
mod owed;
mod repair;

#[cfg(test)]
pub(super) use customer::RESUMED;

/// Understanding, as the conversation needs it; the matcher is one.
pub trait Understand: Send + Sync {
    /// Takes a redacted message for what it means.
    fn understand(&self, text: &str, heard: &Heard<'_>) -> Understanding;
}

impl Understand for crate::intent::matcher::Matcher {
    fn understand(&self, text: &str, heard: &Heard<'_>) -> Understanding {
        Self::understand(self, text, heard)
    }
}

/// What a step may know beside the conversation.
#[derive(Clone, Copy)]
pub struct Knowledge<'a> {
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// The matcher.
    pub matcher: &'a dyn Understand,
    /// What is allowed and there.
    pub policy: &'a Policy,
}

/// Requests that wait for the bank, handed back with its answers within the same turn.
#[derive(Debug, Clone, Default)]
pub struct Waiting {
    requests: VecDeque<Request>,
    words: String,
    answers: Answers,
    rounds: u8,
    from: u32,
    /// A timer asked, not the customer.
    retrying: bool,
    /// What was said so far is no answer.
    remarked: bool,
    /// What else the customer may have meant.
    asides: Vec<Reading>,
    /// What was understood, for the inspector and fixtures.
    pub understanding: Option<Understanding>,
}

/// What a step leads to.
#[derive(Debug)]
pub struct Step {
    /// The new state.
    pub state: State,
    /// What follows.
    pub effects: Vec<Effect>,
    /// Set when the effects ask the bank: give it back with the answers.
    pub waiting: Option<Waiting>,
    /// What was understood, if something was said.
    pub understanding: Option<Understanding>,
}

/// More bubbles than this are not sent in one turn (requirement G6).
const BUBBLES: u32 = 3;

/// What stops a card: never left open for a person to find.
const PROTECTS: [&str; 2] = ["card_freeze", "card_lost_stolen"];

/// How often a turn may go back to the bank.
const ROUNDS: u8 = 4;

/// How long what was said before counts as context, ms (5.6).
pub(super) const CONTEXT_MS: i64 = 30 * 60 * 1000;

/// Takes one step. `Err` means that the catalogue and a skill disagree: the turn is not committed.
pub fn step(
    state: State,
    input: &Input,
    waiting: Option<Waiting>,
    knowledge: Knowledge<'_>,
) -> Result<Step, RenderError> {
    let ordinal = waiting.as_ref().map_or(0, |waiting| waiting.from);
    let mut turn = Turn {
        state,
        input,
        knowledge,
        effects: Vec::new(),
        ordinal,
        waiting: None,
        understanding: None,
        retrying: waiting.as_ref().is_some_and(|waiting| waiting.retrying),
        remarked: waiting.as_ref().is_some_and(|waiting| waiting.remarked),
        asides: Vec::new(),
        link_token: None,
    };
    match (&input.what, waiting) {
        (What::Answered(answers), Some(mut waiting)) => {
            waiting.answers.merge(answers.clone());
            turn.understanding = waiting.understanding.take();
            turn.asides = std::mem::take(&mut waiting.asides);
            turn.serve(waiting)?;
        }
        (What::Interrupted, _) => {}
        _ => turn.take_in()?,
    }
    // Only what follows a fallback at once repeats it (A8).
    let spoke = turn
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Say(_)));
    if spoke && turn.waiting.is_none() && !turn.remarked {
        turn.state.last_fallback = None;
    }
    // The thread is given away after everything this turn says: later, the channel takes nothing more.
    let (away, mut effects): (Vec<_>, Vec<_>) = turn
        .effects
        .into_iter()
        .partition(|effect| matches!(effect, Effect::HandOver));
    effects.extend(away.into_iter().take(1));
    Ok(Step {
        state: turn.state,
        effects,
        waiting: turn.waiting,
        understanding: turn.understanding,
    })
}

/// A step in the making.
struct Turn<'a> {
    state: State,
    input: &'a Input,
    knowledge: Knowledge<'a>,
    effects: Vec<Effect>,
    ordinal: u32,
    waiting: Option<Waiting>,
    understanding: Option<Understanding>,
    retrying: bool,
    /// What was said so far in this turn is no answer.
    remarked: bool,
    /// What else the customer may have meant, to be offered with the last thing that is said.
    asides: Vec<Reading>,
    /// The secret of the page that was opened last in this turn, for its link.
    link_token: Option<String>,
}

impl Turn<'_> {
    fn take_in(&mut self) -> Result<(), RenderError> {
        match &self.input.what {
            What::Said { .. } | What::Tapped { .. } | What::Attached(_) | What::Edited => {
                self.customer()
            }
            What::Reacted | What::Arrived => {
                self.note_customer();
                Ok(())
            }
            _ => self.happened(),
        }
    }

    /// Notes that the customer did something: the window opens for 24 hours (platform 3.3).
    fn note_customer(&mut self) {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        self.state.last_customer_ms = self.state.last_customer_ms.max(self.input.at_ms);
        self.state.window_until_ms = self
            .state
            .window_until_ms
            .max(self.input.at_ms.saturating_add(DAY_MS));
    }

    fn language(&self) -> Language {
        self.state
            .language
            .unwrap_or(self.knowledge.policy.locale.language)
    }

    fn place(&self) -> Place {
        Place {
            locale: self.knowledge.policy.locale.in_language(self.language()),
            zone: self.knowledge.policy.zone.clone(),
            now: jiff::Timestamp::from_millisecond(self.input.now_ms)
                .unwrap_or(jiff::Timestamp::UNIX_EPOCH),
            hide_amounts: self.state.private,
        }
    }

    /// Says something, without asking.
    fn say(&mut self, say: &Say) -> Result<(), RenderError> {
        self.say_and_ask(say, None)
    }

    fn say_and_ask(&mut self, say: &Say, ask: Option<&Ask>) -> Result<(), RenderError> {
        let mut say = say.clone();
        if let (Shape::Link { path, .. }, Some(token)) = (&mut say.shape, &self.link_token) {
            *path = path.replace("{token}", token);
        }
        let say = &say;
        let place = self.place();
        let speaker = Speaker {
            catalogue: self.knowledge.catalogue,
            policy: self.knowledge.policy,
            place: &place,
            turn: self.input.turn,
        };
        let (spoken, offer) = speaker.speak(say, ask, self.ordinal, self.input.now_ms)?;
        for spoken in spoken {
            self.ordinal = self.ordinal.saturating_add(1);
            // Asking how it is known does not change what was said.
            let explains = spoken.intent == "how_do_you_know";
            if !explains && (self.state.told.is_none() || say.class != SendClass::Prompt) {
                self.state.told = Some(Told::new(
                    self.input.now_ms,
                    &spoken.intent,
                    &spoken.variant,
                    &spoken.values,
                ));
            }
            self.effects.push(Effect::Say(Box::new(spoken)));
        }
        if let Some(offer) = offer {
            self.offer(offer);
        }
        Ok(())
    }

    /// Keeps an offer; a mere shortcut never displaces an open question of the same turn.
    fn offer(&mut self, offer: Offer) {
        let keep = self.state.offer.as_ref().is_some_and(|open| {
            open.expecting.is_some() && offer.expecting.is_none() && open.at_ms == self.input.now_ms
        });
        if !keep {
            self.state.offer = Some(offer);
        }
    }

    /// Serves requests in order, asking the bank for what is missing first.
    fn serve(&mut self, mut waiting: Waiting) -> Result<(), RenderError> {
        if waiting.requests.iter().any(|request| self.owes(request)) {
            return self.say(&Say::shared("will_tell"));
        }
        waiting.rounds = waiting.rounds.saturating_add(1);
        let mut missing: Vec<Query> = Vec::new();
        for request in &waiting.requests {
            for query in self.queries(request, &waiting) {
                if !waiting.answers.has(&query) && !missing.contains(&query) {
                    missing.push(query);
                }
            }
        }
        let mut outcomes = Vec::new();
        if missing.is_empty() || waiting.rounds > ROUNDS {
            missing.clear();
            for request in &waiting.requests {
                match self.outcome(request, &waiting) {
                    Next::Done(outcome) => outcomes.push((request.clone(), *outcome)),
                    Next::Ask(queries) => {
                        missing.extend(
                            queries
                                .into_iter()
                                .filter(|query| !waiting.answers.has(query)),
                        );
                    }
                }
            }
        }
        if !missing.is_empty() && waiting.rounds <= ROUNDS {
            missing.dedup();
            waiting.from = self.ordinal;
            waiting.remarked = self.remarked;
            waiting.asides = std::mem::take(&mut self.asides);
            waiting.understanding.clone_from(&self.understanding);
            self.effects.push(Effect::Ask(missing));
            self.waiting = Some(waiting);
            return Ok(());
        }
        self.apply_all(outcomes)
    }

    fn queries(&self, request: &Request, waiting: &Waiting) -> Vec<Query> {
        let place = self.place();
        match self.allowed(request) {
            Ok(Some(skill)) => (skill.ask)(request, &self.context(&place, &waiting.words)),
            _ => Vec::new(),
        }
    }

    fn outcome(&self, request: &Request, waiting: &Waiting) -> Next {
        let place = self.place();
        match self.allowed(request) {
            Ok(Some(skill)) => {
                let context = self.context(&place, &waiting.words);
                (skill.answer)(request, &waiting.answers, &context)
            }
            Ok(None) => answer::without_skill(request).into(),
            Err(refusal) => Next::Done(refusal),
        }
    }

    fn context<'c>(&'c self, place: &'c Place, words: &'c str) -> Context<'c> {
        Context {
            state: &self.state,
            policy: self.knowledge.policy,
            place,
            catalogue: self.knowledge.catalogue,
            at_ms: self.input.at_ms,
            words,
        }
    }

    /// Returns the skill of a request if this customer may use it now, else what to say instead.
    fn allowed(
        &self,
        request: &Request,
    ) -> Result<Option<&'static super::skill::Skill>, Box<Outcome>> {
        let intent = self.knowledge.catalogue.intent(&request.intent);
        let skill = intent
            .and_then(|intent| intent.skill.as_ref())
            .and_then(|name| skill(&name.value));
        let needed = intent
            .map_or(Access::Anonymous, |intent| intent.access)
            .max(skill.map_or(Access::Anonymous, |skill| skill.access));
        if needed >= Access::Linked && self.state.link.is_none() {
            return Err(Box::new(Outcome::say(Say::shared("not_linked"))));
        }
        Ok(skill)
    }

    /// Applies outcomes in order; the first that asks the customer something comes last, further ones wait.
    fn apply_all(&mut self, outcomes: Vec<(Request, Outcome)>) -> Result<(), RenderError> {
        let (mut asking, telling): (Vec<_>, Vec<_>) = outcomes
            .into_iter()
            .partition(|(_, outcome)| outcome.asks.is_some());
        // A person comes last; once they have the thread no question of the bot can be answered, so that it
        // goes to them with the case (A9).
        let gives_away = |outcome: &Outcome| {
            outcome
                .changes
                .iter()
                .any(|c| matches!(c, Change::HandOver))
        };
        let (mut away, mut telling): (Vec<_>, Vec<_>) = telling
            .into_iter()
            .partition(|(_, outcome)| gives_away(outcome));
        let ordered = telling
            .iter()
            .any(|(_, outcome)| !outcome.commands.is_empty());
        // A card is stopped before a person takes over: they would have to be asked which one, and the thread that is
        // given away tells nobody whether it worked (A6).
        let protects = asking.iter().any(|(request, _)| {
            PROTECTS.contains(&request.intent.as_str())
                && request.bound(customer::RESUMED).is_none()
        });
        // Only who asked for a person waits for them; in danger or grief they come at once.
        let asked_for = away.iter().all(|(request, _)| request.intent == "human");
        let person = if asked_for && (ordered || protects) {
            away.drain(..)
                .next()
                .map(|(request, outcome)| self.announce(request, outcome))
        } else {
            None
        };
        if let Some((_, outcome)) = away.first_mut() {
            let also: Vec<String> = asking
                .drain(..)
                .map(|(request, _)| request.intent)
                .collect();
            if let Some(case) = outcome.cases.first_mut().filter(|_| !also.is_empty()) {
                case.details.insert("also_asked".to_owned(), also.join(" "));
            }
        }
        telling.append(&mut away);
        if protects {
            asking.sort_by_key(|(request, _)| !PROTECTS.contains(&request.intent.as_str()));
        }
        let mut asking = asking.into_iter();
        let linked = self.state.link.is_some();
        // What the bank makes of an order is told before the next question: its message would take the question's
        // buttons away.
        let asked = if ordered { None } else { asking.next() };
        let mut outcomes = telling.into_iter().chain(asked).peekable();
        while let Some((request, mut outcome)) = outcomes.next() {
            if linked && self.state.link.is_none() {
                // Cut in this very turn: what was read before is not shown after.
                self.state.later.clear();
                return Ok(());
            }
            if outcomes.peek().is_none() && !gives_away(&outcome) {
                self.set_beside(&mut outcome);
            }
            self.apply(&request, outcome)?;
        }
        // One thing waits at a time: a customer who opened a third has moved on.
        let waits = person.or_else(|| asking.next().map(|(request, _)| request));
        if let Some(request) = waits {
            self.state.later = vec![request];
        }
        Ok(())
    }

    /// Opens the case of a person who comes later: it is there even if the customer goes silent (A2). Returns the request
    /// that gives the thread away then.
    fn announce(&mut self, request: Request, outcome: Outcome) -> Request {
        let number = outcome.cases.first().map(|case| case.number);
        for case in outcome.cases {
            self.keep_case(case, None);
        }
        match number {
            Some(number) => request.bind(human::ANNOUNCED, number.to_string()),
            None => request,
        }
    }

    fn apply(&mut self, request: &Request, mut outcome: Outcome) -> Result<(), RenderError> {
        let failure = outcome.failure;
        match failure {
            Some(failure) if !self.unread(request, &mut outcome, failure) => return Ok(()),
            Some(_) => {}
            None => self.read_well(request)?,
        }
        let mut charge = outcome.charge;
        for case in outcome.cases {
            self.keep_case(case, charge.take());
        }
        for (command, request) in outcome.commands {
            self.command(command, request);
        }
        for change in outcome.changes {
            self.change(change);
        }
        if outcome.asks.is_some() {
            // It is asked now: it does not wait any more.
            self.state
                .later
                .retain(|later| later.intent != request.intent);
        }
        let last = outcome.says.len().saturating_sub(1);
        for (at, say) in outcome.says.iter().enumerate() {
            if self.ordinal >= BUBBLES && at != last {
                continue;
            }
            let ask = (at == last).then_some(outcome.asks.as_ref()).flatten();
            self.say_and_ask(say, ask)?;
        }
        let topic = outcome.topic.unwrap_or_else(|| request.clone());
        if answer::is_topic(&topic.intent) {
            self.state.topic = Some(Topic {
                at_ms: self.input.now_ms,
                request: topic,
            });
        }
        Ok(())
    }

    /// T1 of design 2.2: the row is written by the turn's commit, before anything leaves.
    fn command(&mut self, command: crate::bank::BankCommand, request: Request) {
        const ALLOWED_MS: i64 = 2 * 60 * 1000;
        let Some(link) = self.state.link.clone() else {
            return;
        };
        let ordinal = u32::try_from(self.state.executing.len()).unwrap_or(u32::MAX);
        let id = CommandId(derive(self.input.turn, "command", ordinal));
        let kind = command.kind();
        self.count(id, &command, &request);
        self.state.executing.push(Executing {
            id,
            kind,
            request,
            since_ms: self.input.now_ms,
            told_unknown: false,
            case: None,
        });
        self.effects.push(Effect::Audit {
            kind: "command",
            payload: serde_json::json!({"kind": kind.name(), "id": id.to_string()}),
        });
        self.effects.push(Effect::Command {
            id,
            bank: link.bank,
            subject: link.subject,
            command,
            not_after_ms: self.input.now_ms.saturating_add(ALLOWED_MS),
        });
    }

    /// Counts a payment against the limits from the moment it was ordered (C5).
    fn count(&mut self, id: CommandId, command: &crate::bank::BankCommand, request: &Request) {
        /// More than a day's payments; older ones are forgotten.
        const KEPT: usize = 100;
        let crate::bank::BankCommand::PayPayee { payee, amount, .. } = command else {
            return;
        };
        if self.state.moved.len() >= KEPT {
            self.state.moved.remove(0);
        }
        self.state.moved.push(super::state::Moved {
            id,
            at_ms: self.input.now_ms,
            payee: payee.as_str().to_owned(),
            amount: *amount,
            first: request.bound("stranger").is_some()
                && !self
                    .state
                    .moved
                    .iter()
                    .any(|moved| moved.payee == payee.as_str()),
        });
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Language(language) => {
                self.state.language = Some(language);
                self.state.language_set = true;
            }
            Change::StopMessages => self.state.stopped = true,
            Change::ResumeMessages => self.state.stopped = false,
            Change::Private(on) => self.state.private = on,
            Change::Unlink => {
                self.state.link = None;
                self.state.unlinked = true;
            }
            Change::MayLink => self.state.unlinked = false,
            Change::Forget => {
                self.state.offer = None;
                self.state.later.clear();
                self.state.topic = None;
            }
            Change::HandOver => {
                self.state.offer = None;
                self.state.later.clear();
                self.effects.push(Effect::Audit {
                    kind: "handed_over",
                    payload: serde_json::Value::Null,
                });
                self.effects.push(Effect::HandOver);
            }
            Change::StepUp(request) => {
                const STEP_UP_MS: i64 = 5 * 60 * 1000;
                /// As many pages can be open; whoever opened more has left the first.
                const PAGES: usize = 4;
                if self.state.step_ups.len() >= PAGES {
                    self.state.step_ups.remove(0);
                }
                // What was said so far tells two pages of one turn apart.
                let secret = hex::encode(derive(self.input.turn, "step-up", self.ordinal));
                self.link_token = Some(format!("{}{secret}", self.input.conversation));
                self.state.step_ups.push(super::state::StepUp {
                    secret,
                    request,
                    expires_ms: self.input.now_ms.saturating_add(STEP_UP_MS),
                });
            }
            Change::View(shows) => {
                let Some(link) = &self.state.link else {
                    return;
                };
                let secret = hex::encode(derive(self.input.turn, "view", self.ordinal));
                self.effects.push(Effect::View {
                    id: ViewId::of(&secret),
                    expires_ms: self.input.now_ms.saturating_add(VIEW_MS),
                    view: View {
                        bank: link.bank.clone(),
                        subject: link.subject.clone(),
                        shows,
                    },
                });
                self.link_token = Some(secret);
            }
            Change::Audit(kind, payload) => self.effects.push(Effect::Audit { kind, payload }),
        }
    }

    /// Tells whether a person has the thread.
    fn with_a_person(&self) -> bool {
        self.state.owner == Owner::Human
    }
}
