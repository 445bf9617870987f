//! The proof that no conversation ends in a doom loop (requirements A7, A8, A11; N12).
//!
//! The walk starts before the first word and tries, at every point it reaches, every button on offer, one
//! message for each thing the bot can do, and everything that can happen from outside. Points are told apart
//! by an *abstraction* ([`key`]); a point whose key was seen before is not walked from again. The walk ends
//! when nothing new comes up. At every point the promises are then tried with every wording.
//!
//! The abstraction keeps what decides how the conversation can go on: who has the thread, whether the
//! customer is linked, what is open (the question, the names of what it holds, its buttons), whether something
//! waits, while nothing is open what is under way at the bank and the states of the cards, how often nothing was
//! understood, and what was said last if that was a question or a fallback. A reply whose buttons were not
//! tapped yet makes a point of its own. It drops the values in slots and bindings, the words said earlier,
//! numbers of cases, and the time. Each key is represented by the first conversation that reached
//! it, so what is proven is proven of real conversations and not of the abstraction alone.
//!
//! [`promises`] holds the proof, [`diagram`] prints the graph for `docs/conversation-graph.md`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::LazyLock;

use super::request::Request;
use super::state::Owner;
use crate::intent::{Decision, Language};
use crate::store::SendClass;

use world::{Bubble, Event, Outcome, Point, Turn, World};

mod bank;
mod diagram;
mod promises;
mod world;

/// More points than this and the abstraction has lost its purpose.
const POINTS_MAX: usize = 4_000;

/// Replies that are fallbacks or ask for another try, by name; questions are found by their offer.
const FALLBACKS: [&str; 23] = [
    "already_under_way",
    "repair_first",
    "repair_second",
    "repair_third",
    "repair_again",
    "repair_in_flow",
    "pick_one",
    "answered_before",
    "choose_reading",
    "choose_reading_again",
    "nothing_open",
    "nothing_open_again",
    "stale_button",
    "stale_button_again",
    "confirm_expired",
    "confirm_cancelled",
    "edit_ignored",
    "edit_ignored_again",
    "attachment_unsupported",
    "attachment_unsupported_again",
    "sticker_ack",
    "sticker_ack_again",
    "unsupported_language",
];

/// A point that was reached, how, and what leads on from it.
struct Node {
    point: Point,
    /// The events that led here from the start.
    path: Vec<Event>,
    edges: Vec<Edge>,
    /// Reached only for its buttons: everything else was tried where its key came up first.
    buttons_only: bool,
}

struct Edge {
    event: Event,
    to: usize,
    /// What the customer did, in a word.
    label: String,
    /// What was said twice in a row, if anything was.
    twice: Option<String>,
}

/// Everything that was reached.
struct Walk {
    world: World,
    nodes: Vec<Node>,
}

/// The walk, made once for all tests.
static WALK: LazyLock<Walk> = LazyLock::new(Walk::run);

impl Walk {
    fn run() -> Self {
        let world = World::new();
        let messages = alphabet(&world);
        let mut walk = Self {
            world,
            nodes: Vec::new(),
        };
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut offered: BTreeSet<String> = BTreeSet::new();
        let mut open: VecDeque<usize> = VecDeque::new();
        for linked in [true, false] {
            let point = World::start(linked, Some(Language::En));
            seen.insert(key(&point), walk.nodes.len());
            open.push_back(walk.nodes.len());
            walk.nodes.push(Node {
                point,
                path: Vec::new(),
                edges: Vec::new(),
                buttons_only: false,
            });
        }
        while let Some(at) = open.pop_front() {
            let from = walk.nodes[at].point.clone();
            let mut events = events(&from, &messages);
            if walk.nodes[at].buttons_only {
                events.retain(|event| matches!(event, Event::Tap(_)));
            }
            for event in events {
                let turn = walk.world.happen(&from, &event);
                let mut key = key(&turn.point);
                let mut fresh = shortcuts(&turn.point);
                fresh.retain(|shortcut| offered.insert(shortcut.clone()));
                let buttons_only = !fresh.is_empty() && seen.contains_key(&key);
                if buttons_only {
                    write!(key, ", offers {fresh:?}").unwrap();
                }
                let to = *seen.entry(key).or_insert(walk.nodes.len());
                walk.nodes[at].edges.push(Edge {
                    event: event.clone(),
                    to,
                    label: diagram::label(&from, &event, &turn),
                    twice: promises::twice(&from.last, &turn),
                });
                if to == walk.nodes.len() {
                    let mut path = walk.nodes[at].path.clone();
                    path.push(event);
                    walk.nodes.push(Node {
                        point: turn.point,
                        path,
                        edges: Vec::new(),
                        buttons_only,
                    });
                    open.push_back(to);
                    assert!(
                        walk.nodes.len() < POINTS_MAX,
                        "the walk does not end; the last points:\n{}",
                        last_keys(&walk)
                    );
                }
            }
        }
        walk
    }
}

fn last_keys(walk: &Walk) -> String {
    let mut text = String::new();
    for node in walk.nodes.iter().rev().take(30) {
        writeln!(text, "{}", key(&node.point)).unwrap();
    }
    text
}

/// One message for each thing that can be asked, and some that answer, change or say nothing.
fn alphabet(world: &World) -> Vec<String> {
    const ANSWERS: [&str; 10] = [
        "yes",
        "no",
        "cancel",
        "say that again",
        "2",
        "the last one",
        "no make it 70",
        "qwfp zxcv",
        "thanks",
        "my card number is 4111 1111 1111 1111",
    ];
    let mut messages: Vec<String> = ANSWERS.iter().map(|text| (*text).to_owned()).collect();
    for intent in world.catalogue.intents() {
        let Some(example) = intent.examples.en.first() else {
            continue;
        };
        messages.push(example.value.clone());
    }
    messages
}

/// Everything that can happen at a point.
fn events(point: &Point, messages: &[String]) -> Vec<Event> {
    let mut events = Vec::new();
    if point.state.owner == Owner::Human {
        return vec![Event::Say("hello".to_owned()), Event::HumanReturns];
    }
    if let Some(offer) = &point.state.offer {
        events.extend((0..offer.options.len()).map(Event::Tap));
    }
    if !point.state.executing.is_empty() {
        events.extend([Outcome::Done, Outcome::Unknown, Outcome::Rejected].map(Event::Reported));
    }
    if !point.state.step_ups.is_empty() {
        events.push(Event::SteppedUp);
    }
    if point.state.owed.is_some() {
        events.extend([Event::Timer(true), Event::Timer(false)]);
    }
    events.extend([Event::ThumbsUp, Event::Image, Event::Edit]);
    events.push(stale_tap());
    events.extend(
        ["whats my balance", "stop my card"].map(|text| Event::SayWhileDown(text.to_owned())),
    );
    events.extend(messages.iter().cloned().map(Event::Say));
    events
}

/// Names a point by what decides how the conversation can go on.
fn key(point: &Point) -> String {
    let state = &point.state;
    if state.owner == Owner::Human {
        return format!("person, linked {}", state.link.is_some());
    }
    let mut key = format!(
        "linked {}, met {}, misses {}",
        state.link.is_some(),
        state.disclosed_ms.is_some(),
        state.misses.min(3),
    );
    let open = state
        .offer
        .as_ref()
        .filter(|offer| offer.expecting.is_some());
    if let Some(offer) = open {
        let options: BTreeSet<String> = offer
            .options
            .iter()
            .map(|option| format!("{:?} {}", option.role, shape(&option.request)))
            .collect();
        let base = offer.base.as_ref().map(shape);
        write!(key, ", asks {:?} {base:?} {options:?}", offer.expecting).unwrap();
    } else {
        key.push_str(&background(point));
    }
    if !state.later.is_empty() {
        key.push_str(", something waits");
    }
    if !point.last.is_empty() && point.last.iter().all(is_prompt) {
        let names: Vec<String> = point.last.iter().map(said).collect();
        write!(key, ", said {names:?}").unwrap();
    }
    key
}

/// Names what is under way while nothing is asked: the newest command, a step-up, an answer owed, and the cards.
fn background(point: &Point) -> String {
    let state = &point.state;
    let under_way = if let Some(executing) = state.executing.last() {
        format!(
            "bank is told {}, unknown {}",
            executing.kind.name(),
            executing.told_unknown
        )
    } else if let Some(step_up) = state.step_ups.last() {
        format!("step-up for {}", step_up.request.intent)
    } else if state.owed.is_some() {
        "owes an answer".to_owned()
    } else {
        format!("cards {:?}", point.bank.card_states())
    };
    format!(", {under_way}")
}

/// Names a request without the values in it.
fn shape(request: &Request) -> String {
    let bound: Vec<&String> = request.bound.keys().collect();
    format!("{} {bound:?}", request.intent)
}

/// Names the buttons of a reply that asks nothing: each is tapped once from each reply that offers it.
fn shortcuts(point: &Point) -> Vec<String> {
    let Some(offer) = point
        .state
        .offer
        .as_ref()
        .filter(|offer| offer.expecting.is_none())
    else {
        return Vec::new();
    };
    let said = point.last.last().map(Bubble::name).unwrap_or_default();
    offer
        .options
        .iter()
        .map(|option| format!("{said}: {}", shape(&option.request)))
        .collect()
}

/// Tells whether a message is a fallback or a question.
fn is_prompt(bubble: &Bubble) -> bool {
    bubble.class == SendClass::Prompt || FALLBACKS.contains(&bubble.variant.as_str())
}

/// Names what was said; remarks on what is no message are alike, each is tried with [`promises`]' insisting.
fn said(bubble: &Bubble) -> String {
    const REMARKS: [&str; 5] = [
        "nothing_open",
        "stale_button",
        "edit_ignored",
        "attachment_unsupported",
        "sticker_ack",
    ];
    let remark = REMARKS
        .iter()
        .find_map(|remark| bubble.variant.strip_prefix(remark));
    remark.map_or_else(|| bubble.name(), |again| format!("a remark{again}"))
}

/// A tap on a button of a message long ago.
fn stale_tap() -> Event {
    Event::TapOld("v1#00000000000000000000000000000000.0".to_owned())
}

/// Says how a point was reached, for whoever must mend it.
fn told(node: &Node) -> String {
    let mut text = String::new();
    for event in &node.path {
        writeln!(text, "  {event:?}").unwrap();
    }
    for bubble in &node.point.last {
        writeln!(text, "  bot: {}", bubble.text).unwrap();
    }
    text
}
