//! What a walk stands on: a point of a conversation, and what becomes of it when something happens.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::bank::SmallBank;
use crate::bank::{BankCommand, BankId, CommandKind, CommandOutcome, Query, Subject};
use crate::conversation::policy::{Policy, Ports};
use crate::conversation::state::{Link, Owner};
use crate::conversation::step::Understand;
use crate::conversation::{Effect, Input, Knowledge, Spoken, State, TurnId, What, step};
use crate::intent::catalogue::Catalogue;
use crate::intent::matcher::{Context, Matcher};
use crate::intent::{Expecting, Language, Understanding};
use crate::message::{
    Attachment, Button, ConversationId, OutboundMessage, PageId, Psid, ThreadControl,
};
use crate::reply::locale::Locale;
use crate::store::SendClass;

/// Sunday 22 November 2026, 10:41 in New York.
const START_MS: i64 = 1_795_362_060_000;

/// A moment of a conversation: what the bot remembers, what the bank holds, and what was said last.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) state: State,
    pub(super) bank: SmallBank,
    pub(super) now_ms: i64,
    /// The bot's last reply.
    pub(super) last: Vec<Bubble>,
    /// Commands under way, for the bank to carry out.
    pub(super) orders: BTreeMap<[u8; 16], BankCommand>,
    turn: u64,
}

/// A message of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bubble {
    pub(super) class: SendClass,
    pub(super) intent: String,
    pub(super) variant: String,
    pub(super) text: String,
    /// Titles and payloads.
    pub(super) buttons: Vec<(String, String)>,
}

impl Bubble {
    /// Names its reply as the catalogue does.
    pub(super) fn name(&self) -> String {
        if self.intent.is_empty() {
            self.variant.clone()
        } else {
            format!("{}.{}", self.intent, self.variant)
        }
    }
}

/// What happens at a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Say(String),
    /// The same, while the bank cannot be read.
    SayWhileDown(String),
    Tap(usize),
    /// A tap on a button of an earlier message.
    TapOld(String),
    ThumbsUp,
    Image,
    Edit,
    /// The bank is done with the first command under way.
    Reported(Outcome),
    SteppedUp,
    HumanReturns,
    /// The timer of an owed answer fires; whether the bank is still down.
    Timer(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Unknown,
    Rejected,
}

/// What came of it.
pub(super) struct Turn {
    pub(super) point: Point,
    pub(super) reply: Vec<Bubble>,
    pub(super) understanding: Option<Understanding>,
    pub(super) commands: Vec<CommandKind>,
    pub(super) cases: Vec<String>,
    /// What the bank was asked, in order.
    pub(super) asked: Vec<&'static str>,
    pub(super) handed_over: bool,
}

impl Turn {
    /// Tells whether this turn brought the customer to a person: the thread is given away, or, where nobody
    /// is in, a case for a person is open.
    pub(super) fn reached_a_person(&self) -> bool {
        self.handed_over || self.cases.iter().any(|kind| kind == "human")
    }
}

/// The catalogue, the matcher with a memory, and a policy with everything switched on.
pub(super) struct World {
    pub(super) catalogue: Arc<Catalogue>,
    matcher: Remembering,
    policy: Policy,
}

impl World {
    pub(super) fn new() -> Self {
        let catalogue = Arc::new(Catalogue::built_in().unwrap());
        let matcher = Matcher::new(Arc::clone(&catalogue)).unwrap();
        let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
        Self {
            catalogue,
            matcher: Remembering::new(matcher),
            policy: Policy {
                limits: crate::conversation::policy::Limits::default(),
                brand: "Acme Bank".to_owned(),
                phone: Some("1-800-555-0100".to_owned()),
                hours_text: None,
                hours: None,
                places: None,
                fees: None,
                locale: "en_US".parse::<Locale>().unwrap(),
                zone: zone.clone(),
                bank_zone: zone,
                offers: CommandKind::ALL.into(),
                actions: CommandKind::ALL.into(),
                ports: Ports {
                    reading: true,
                    cards: true,
                    disputes: true,
                    standing_orders: true,
                    rates: true,
                    card_services: true,
                    rewards: true,
                    alerts: true,
                    papers: true,
                    payments: true,
                },
                public_url: Some("https://bot.example".to_owned()),
                disclosure_lapse_ms: 24 * 60 * 60 * 1000,
                chat_is_notice_address: false,
                notice_address: None,
                rights: crate::conversation::legal::Rights::default(),
            },
        }
    }

    /// The first moment: nothing was said yet.
    pub(super) fn start(linked: bool, language: Option<Language>) -> Point {
        let mut state = State::new(PageId::from("PAGE-0001"), Psid::from("PSID-0001"));
        state.language = language;
        state.link = linked.then(|| Link {
            bank: BankId("acme".to_owned()),
            subject: Subject("customer-1".to_owned()),
            since_ms: START_MS,
        });
        Point {
            state,
            bank: SmallBank::new(),
            now_ms: START_MS,
            last: Vec::new(),
            orders: BTreeMap::new(),
            turn: 0,
        }
    }

    /// Lets something happen, ten seconds later.
    pub(super) fn happen(&self, from: &Point, event: &Event) -> Turn {
        let mut point = from.clone();
        point.now_ms += 10_000;
        point.turn += 1;
        let down = matches!(event, Event::SayWhileDown(_) | Event::Timer(true));
        let what = Self::what(&mut point, event);
        let mut turn_id = [0; 16];
        turn_id[..8].copy_from_slice(&point.turn.to_be_bytes());
        let mut input = Input {
            at_ms: point.now_ms,
            now_ms: point.now_ms,
            conversation: ConversationId([7; 16]),
            turn: TurnId(turn_id),
            // The last prompt was on the customer's screen before they answered.
            prompt_sent_ms: point.state.offer.is_some().then_some(from.now_ms),
            what,
        };
        let mut turn = Turn {
            point,
            reply: Vec::new(),
            understanding: None,
            commands: Vec::new(),
            cases: Vec::new(),
            asked: Vec::new(),
            handed_over: false,
        };
        let mut waiting = None;
        loop {
            let knowledge = Knowledge {
                catalogue: &self.catalogue,
                matcher: &self.matcher,
                policy: &self.policy,
            };
            let stepped = step(turn.point.state.clone(), &input, waiting.take(), knowledge)
                .unwrap_or_else(|error| panic!("{event:?}: {error}"));
            turn.point.state = stepped.state;
            turn.understanding = stepped.understanding.or(turn.understanding);
            let mut asked = None;
            for effect in stepped.effects {
                match effect {
                    Effect::Ask(queries) => asked = Some(queries),
                    Effect::Say(spoken) => turn.reply.push(bubble(&spoken)),
                    Effect::Command { id, command, .. } => {
                        turn.commands.push(command.kind());
                        turn.point.orders.insert(id.0, command);
                    }
                    Effect::Case(case) => turn.cases.push(case.kind),
                    Effect::HandOver => turn.handed_over = true,
                    Effect::Timer { .. }
                    | Effect::View { .. }
                    | Effect::Audit { .. }
                    | Effect::EraseRecent { .. } => {}
                }
            }
            let Some(queries) = asked else { break };
            turn.asked.extend(queries.iter().map(Query::name));
            input.what = What::Answered(turn.point.bank.answer(&queries, down));
            waiting = stepped.waiting;
        }
        if turn.handed_over {
            turn.point.state.owner = Owner::Human;
        }
        if !turn.reply.is_empty() {
            turn.point.last.clone_from(&turn.reply);
        }
        turn
    }

    fn what(point: &mut Point, event: &Event) -> What {
        match event {
            Event::Say(text) | Event::SayWhileDown(text) => What::Said { text: text.clone() },
            Event::Tap(at) => What::Tapped {
                payload: point
                    .state
                    .offer
                    .as_ref()
                    .and_then(|offer| offer.payload(*at))
                    .expect("only offered buttons are tapped"),
            },
            Event::TapOld(payload) => What::Tapped {
                payload: payload.clone(),
            },
            Event::ThumbsUp => What::Attached(Attachment::ThumbsUp),
            Event::Image => What::Attached(Attachment::Image),
            Event::Edit => What::Edited,
            Event::Reported(outcome) => {
                let id = point
                    .state
                    .executing
                    .first()
                    .expect("a command is under way")
                    .id;
                let outcome = match outcome {
                    Outcome::Done => match point.orders.get(&id.0).cloned() {
                        Some(command) => point.bank.carry_out(&command),
                        None => CommandOutcome::Unknown,
                    },
                    Outcome::Unknown => CommandOutcome::Unknown,
                    Outcome::Rejected => CommandOutcome::Rejected { code: None },
                };
                What::Reported {
                    id,
                    outcome,
                    case: Some(900),
                }
            }
            Event::SteppedUp => What::SteppedUp {
                secret: point
                    .state
                    .step_ups
                    .last()
                    .expect("a step-up is open")
                    .secret
                    .clone(),
            },
            Event::HumanReturns => What::Control {
                control: ThreadControl::Passed { to_app: None },
                ours: true,
            },
            Event::Timer(_) => What::Timer {
                kind: "owed_answer".to_owned(),
                subject: String::new(),
            },
        }
    }
}

fn bubble(spoken: &Spoken) -> Bubble {
    let (text, buttons) = match &spoken.message {
        OutboundMessage::Text {
            text,
            quick_replies,
        } => (text.clone(), quick_replies.as_slice()),
        OutboundMessage::Buttons { text, buttons } => (text.clone(), buttons.as_slice()),
        OutboundMessage::Image {
            alt, quick_replies, ..
        } => (alt.clone(), quick_replies.as_slice()),
        OutboundMessage::Cards { .. } | OutboundMessage::Receipt(_) => {
            (String::new(), [].as_slice())
        }
    };
    Bubble {
        class: spoken.class,
        intent: spoken.intent.clone(),
        variant: spoken.variant.clone(),
        text,
        buttons: buttons
            .iter()
            .filter_map(|button| match button {
                Button::Postback { title, payload } => Some((title.clone(), payload.clone())),
                _ => None,
            })
            .collect(),
    }
}

type Asked = (String, Option<Language>, Option<Expecting>, String);

/// A matcher that reads each message in each context once: walks come back to the same words.
struct Remembering {
    matcher: Matcher,
    read: Mutex<HashMap<Asked, Understanding>>,
}

impl Remembering {
    fn new(matcher: Matcher) -> Self {
        Self {
            matcher,
            read: Mutex::default(),
        }
    }
}

impl Understand for Remembering {
    fn understand(&self, text: &str, heard: &Context<'_>) -> Understanding {
        let key = (
            text.to_owned(),
            heard.language,
            heard.expecting,
            heard.history.join("\n"),
        );
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.entry(key)
            .or_insert_with(|| self.matcher.understand(text, heard))
            .clone()
    }
}
