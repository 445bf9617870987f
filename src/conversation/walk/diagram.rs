//! The graph as a diagram (Mermaid) in `docs/conversation-graph.md`: what can be open, and what leads on.
//!
//! Points that differ only in what was said last, or how often, are one box. From "nothing open" everything can be
//! said; the same can be said in every other box and is drawn once.

use super::*;
use crate::conversation::offer::Role;
use crate::intent::Expecting;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/conversation-graph.md");
const NOTHING: &str = "nothing open";

/// Names the box of a point.
fn place(point: &Point) -> String {
    let state = &point.state;
    if state.owner == Owner::Human {
        return "a person answers".to_owned();
    }
    if let Some(offer) = state
        .offer
        .as_ref()
        .filter(|offer| offer.expecting.is_some())
    {
        let base = offer.base.as_ref().map_or("", |base| base.intent.as_str());
        if base == "help" {
            return "asks which reading is right".to_owned();
        }
        let how = match offer.expecting {
            Some(Expecting::Choice) => "which one",
            Some(Expecting::FraudAlert) => "was it you",
            _ => "yes or no",
        };
        return format!("{base}: {how}?");
    }
    let under_way = background(point);
    match under_way.trim_start_matches([',', ' ']) {
        cards if cards.starts_with("cards") => NOTHING.to_owned(),
        other => other
            .replace(", unknown false", "")
            .replace(", unknown true", ": unknown"),
    }
}

/// Names what the customer did, or what happened.
pub(super) fn label(from: &Point, event: &Event, turn: &Turn) -> String {
    match event {
        Event::Tap(at) => {
            let option = from
                .state
                .offer
                .as_ref()
                .and_then(|offer| offer.options.get(*at));
            match option.map(|option| (option.role, option.request.intent.as_str())) {
                Some((Role::Yes, _)) => "yes".to_owned(),
                Some((Role::No, _)) => "no".to_owned(),
                Some((Role::Plain, "human")) => "a person".to_owned(),
                _ => "a choice".to_owned(),
            }
        }
        Event::Say(_) | Event::SayWhileDown(_) => turn
            .understanding
            .as_ref()
            .and_then(|understanding| understanding.intents.first())
            .map_or_else(
                || "not understood".to_owned(),
                |reading| match reading.name.as_str() {
                    "affirm" => "yes".to_owned(),
                    "deny" => "no".to_owned(),
                    "select" => "a choice".to_owned(),
                    "edit" => "a change".to_owned(),
                    name => name.to_owned(),
                },
            ),
        Event::ThumbsUp => "thumbs up".to_owned(),
        Event::Image | Event::Edit | Event::TapOld(_) => "no message".to_owned(),
        Event::Reported(Outcome::Done) => "the bank did it".to_owned(),
        Event::Reported(Outcome::Unknown) => "the bank does not say".to_owned(),
        Event::Reported(Outcome::Rejected) => "the bank refused".to_owned(),
        Event::SteppedUp => "proven on the bank's page".to_owned(),
        Event::HumanReturns => "the person gives back".to_owned(),
        Event::Timer(_) => "time passes".to_owned(),
    }
}

/// Draws the walk.
fn draw(walk: &Walk) -> String {
    let mut arrows: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for node in &walk.nodes {
        let from = place(&node.point);
        for edge in &node.edges {
            let to = place(&walk.nodes[edge.to].point);
            let intent = walk.world.catalogue.intent(&edge.label).is_some();
            let everywhere = matches!(edge.label.as_str(), "human" | "cancel");
            if from == to || everywhere || (intent && from != NOTHING) {
                continue;
            }
            arrows
                .entry((from.clone(), to))
                .or_default()
                .insert(&edge.label);
        }
    }
    let mut boxes: BTreeMap<&str, usize> = BTreeMap::new();
    for (from, to) in arrows.keys() {
        for name in [from, to] {
            let next = boxes.len();
            boxes.entry(name).or_insert(next);
        }
    }
    let mut text = String::from("flowchart LR\n");
    for (name, number) in &boxes {
        writeln!(text, "    n{number}[\"{name}\"]").unwrap();
    }
    for ((from, to), labels) in &arrows {
        let labels: Vec<&str> = labels.iter().copied().collect();
        let (from, to) = (boxes[from.as_str()], boxes[to.as_str()]);
        writeln!(text, "    n{from} -->|\"{}\"| n{to}", labels.join(", ")).unwrap();
    }
    text
}

/// Set `UPDATE_FIXTURES=1` to write the diagram anew, and review the difference.
#[test]
fn docs_show_the_graph_as_it_is() {
    let graph = draw(&WALK);
    let page = std::fs::read_to_string(FILE).unwrap();
    let (head, rest) = page
        .split_once("```mermaid\n")
        .expect("the page holds a diagram");
    let (shown, tail) = rest.split_once("```").expect("the diagram ends");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(FILE, format!("{head}```mermaid\n{graph}```{tail}")).unwrap();
        return;
    }
    let differs = shown
        .lines()
        .zip(graph.lines())
        .find(|(shown, now)| shown != now);
    assert!(
        shown == graph,
        "the conversation changed, first at {differs:?}: run `UPDATE_FIXTURES=1 cargo test --lib \
         conversation::walk::diagram` and review"
    );
}
