//! The promises, tried at every point of the walk.

use super::super::step::RESUMED;
use super::*;

/// So many of the phrases are tried at every point.
const PLAINEST: usize = 8;

/// Every wording that asks for a person, in both languages.
fn human_phrases(world: &World) -> Vec<String> {
    let intent = world.catalogue.intent("human").unwrap();
    let mut phrases: Vec<String> = [
        "agent",
        "0",
        "live agent",
        "quiero hablar con una persona",
        "a person please",
        "talk to a human",
        "agente",
        "una persona",
    ]
    .map(str::to_owned)
    .into();
    for language in Language::ALL {
        phrases.extend(
            intent
                .examples
                .get(language)
                .iter()
                .map(|e| e.value.clone()),
        );
    }
    phrases
}

/// Names the question of a point by what it expects and its buttons.
fn question(point: &Point) -> String {
    point
        .state
        .offer
        .as_ref()
        .map_or_else(String::new, |offer| {
            let titles: Vec<&str> = offer.options.iter().map(|o| o.title.as_str()).collect();
            format!("{:?} {titles:?}", offer.expecting)
        })
}

fn say(world: &World, at: &Point, text: &str) -> Turn {
    world.happen(at, &Event::Say(text.to_owned()))
}

/// The button that leads to a person, if the reply has one.
fn person_button(turn: &Turn) -> Option<Event> {
    turn.reply
        .iter()
        .flat_map(|bubble| &bubble.buttons)
        .find_map(|(_, payload)| (payload == "v1:human").then(|| Event::TapOld(payload.clone())))
        .or_else(|| {
            let offer = turn.point.state.offer.as_ref()?;
            let at = offer
                .options
                .iter()
                .position(|option| option.request.intent == "human")?;
            Some(Event::Tap(at))
        })
}

#[test]
fn ends_and_keeps_its_promises() {
    let walk = &*WALK;
    let mut broken: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut note = |what: String, node: &Node, event: &str| {
        let entry = broken
            .entry(what)
            .or_insert_with(|| (0, format!("{}  then {event}", told(node))));
        entry.0 += 1;
    };
    let phrases = human_phrases(&walk.world);
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for node in &walk.nodes {
        let point = &node.point;
        if point.state.owner == Owner::Human || node.buttons_only {
            continue;
        }
        for edge in &node.edges {
            if let Some(twice) = &edge.twice {
                note(twice.clone(), node, &format!("{:?}", edge.event));
            }
        }
        // What a wording does depends on the point only by what is asked and by the words on its buttons: all of
        // them are tried once for each such question, and the plainest at every point.
        let all = asked.insert(question(point));
        for phrase in phrases
            .iter()
            .take(if all { phrases.len() } else { PLAINEST })
        {
            a_person(&walk.world, node, phrase, &mut note);
        }
        cancel(&walk.world, node, &mut note);
        side_question(&walk.world, node, &mut note);
        gibberish(&walk.world, node, &mut note);
        silence(&walk.world, node, &mut note);
        insisting(&walk.world, node, &mut note);
    }
    let mut text = String::new();
    for (what, (times, example)) in &broken {
        writeln!(text, "{what} ({times} times), for example:\n{example}").unwrap();
    }
    assert!(broken.is_empty(), "{text}");
}

/// A7: a person within two messages.
fn a_person(world: &World, node: &Node, phrase: &str, note: &mut impl FnMut(String, &Node, &str)) {
    let first = say(world, &node.point, phrase);
    if first.reached_a_person() {
        return;
    }
    let second = match person_button(&first) {
        Some(tap) => world.happen(&first.point, &tap),
        None => say(world, &first.point, phrase),
    };
    if !second.reached_a_person() {
        note(format!("A7: no person after `{phrase}`"), node, phrase);
    }
}

/// A8: names what was said twice in a row if it was a fallback or question, unless the customer asked for
/// the same thing again.
pub(super) fn twice(last: &[Bubble], turn: &Turn) -> Option<String> {
    let same = !turn.reply.is_empty()
        && turn.reply.len() == last.len()
        && turn.reply.iter().zip(last).all(|(a, b)| a.text == b.text);
    if !same || !turn.reply.iter().all(is_prompt) {
        return None;
    }
    let base = turn
        .point
        .state
        .offer
        .as_ref()
        .and_then(|offer| offer.base.as_ref());
    let asked_again = turn.understanding.as_ref().is_some_and(|understanding| {
        understanding.decision == Decision::Act
            && understanding.intents.iter().any(|reading| {
                reading.name == *"repeat"
                    || base.is_some_and(|base| reading.name == *base.intent)
                    || turn
                        .reply
                        .iter()
                        .any(|bubble| reading.name == *bubble.intent)
            })
    });
    let names: Vec<String> = turn.reply.iter().map(Bubble::name).collect();
    (!asked_again).then(|| format!("A8: {names:?} twice in a row"))
}

/// A11: "cancel" leaves whatever is open, and does nothing else.
fn cancel(world: &World, node: &Node, note: &mut impl FnMut(String, &Node, &str)) {
    for word in ["cancel", "cancelar", "never mind", "olvídalo"] {
        let turn = say(world, &node.point, word);
        let open = turn
            .point
            .state
            .offer
            .as_ref()
            .is_some_and(|offer| offer.expecting.is_some());
        if open || !turn.point.state.later.is_empty() {
            note(format!("A11: still open after `{word}`"), node, word);
        }
        if !turn.commands.is_empty() {
            note(
                format!("A11: `{word}` tells the bank something"),
                node,
                word,
            );
        }
        if turn.reply.is_empty() {
            note(format!("A11: `{word}` is not answered"), node, word);
        }
    }
}

/// A11: a side question is answered, and the question that was open is asked anew with its slots.
fn side_question(world: &World, node: &Node, note: &mut impl FnMut(String, &Node, &str)) {
    let Some(open) = node.point.state.offer.as_ref().filter(|offer| {
        offer.expecting.is_some()
            && offer
                .base
                .as_ref()
                .is_some_and(|base| base.intent != "help")
    }) else {
        return;
    };
    let base = open.base.as_ref().unwrap();
    let (intent, text) = if base.intent == "contact_info" {
        ("card_status", "is my card locked?")
    } else {
        ("contact_info", "what is your phone number?")
    };
    let turn = say(world, &node.point, text);
    let answered = turn.reply.iter().any(|bubble| bubble.intent == intent);
    if !answered {
        note(
            format!("A11: {} leaves a side question unanswered", base.intent),
            node,
            text,
        );
    }
    // An offer beside an answer ("stop the card too?") is over when the customer moves on, and so is a question
    // about reading that was passed over before.
    if !open.resumes || base.bound(RESUMED).is_some() {
        return;
    }
    let resumed = turn
        .point
        .state
        .offer
        .as_ref()
        .filter(|offer| offer.expecting == open.expecting);
    let kept = resumed
        .and_then(|offer| offer.base.as_ref())
        .is_some_and(|again| again.intent == base.intent && again.slots == base.slots);
    if !kept {
        note(
            format!(
                "A11: {} {:?} is not resumed after a side question",
                base.intent, open.expecting
            ),
            node,
            text,
        );
    }
}

/// A8: the third reply to nonsense offers a person and two or three readings; no reply comes twice in a row.
fn gibberish(world: &World, node: &Node, note: &mut impl FnMut(String, &Node, &str)) {
    let mut point = node.point.clone();
    for (at, text) in [
        "qwfp zxcv",
        "lkjh poiu",
        "mnbv wert",
        "asdf ghjk",
        "zzxx ccvv",
    ]
    .into_iter()
    .enumerate()
    {
        let turn = say(world, &point, text);
        if turn.reply.is_empty() {
            note("A8: nonsense is not answered".to_owned(), node, text);
        }
        if let Some(twice) = twice(&point.last, &turn) {
            note(twice, node, text);
        }
        if at == 2 {
            let buttons: usize = turn.reply.iter().map(|bubble| bubble.buttons.len()).sum();
            if person_button(&turn).is_none() || !(3..=4).contains(&buttons) {
                let names: Vec<String> = turn.reply.iter().map(Bubble::name).collect();
                note(
                    format!(
                        "A8: the third reply to nonsense, {names:?}, offers no person and readings"
                    ),
                    node,
                    text,
                );
            }
        }
        point = turn.point;
    }
}

/// A8: whatever the customer keeps doing that is no message, they are not told the same twice in a row.
fn insisting(world: &World, node: &Node, note: &mut impl FnMut(String, &Node, &str)) {
    for event in [Event::ThumbsUp, Event::Image, Event::Edit, stale_tap()] {
        let mut point = node.point.clone();
        for _ in 0..3 {
            let turn = world.happen(&point, &event);
            if let Some(twice) = twice(&point.last, &turn) {
                note(twice, node, &format!("{event:?}, again and again"));
            }
            point = turn.point;
        }
    }
}

/// Silence: what was open closes by itself, and nothing late is taken for an answer (C2).
fn silence(world: &World, node: &Node, note: &mut impl FnMut(String, &Node, &str)) {
    for minutes in [6, 31, 25 * 60] {
        let mut later = node.point.clone();
        later.now_ms += minutes * 60 * 1000;
        let confirmation =
            node.point.state.offer.as_ref().is_some_and(|offer| {
                offer.expecting == Some(crate::intent::Expecting::Confirmation)
            });
        for event in [Event::Say("yes".to_owned()), Event::ThumbsUp] {
            let turn = world.happen(&later, &event);
            if (confirmation || minutes > 30) && !turn.commands.is_empty() {
                note(
                    format!("C2: {event:?} after {minutes} minutes tells the bank something"),
                    node,
                    &format!("{event:?}"),
                );
            }
            if turn.reply.is_empty() {
                note(
                    format!("{event:?} after {minutes} minutes is not answered"),
                    node,
                    "",
                );
            }
        }
        let first = say(world, &later, "agent");
        if !first.reached_a_person() {
            note(
                format!("A7: no person after {minutes} minutes of silence"),
                node,
                "agent",
            );
        }
    }
}

/// G3: each button of an open question can be typed, and so can its number; all three do the same.
#[test]
fn each_button_can_be_typed_and_counted() {
    let world = &WALK.world;
    let mut tried = 0;
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for node in &WALK.nodes {
        let open = node.point.state.offer.as_ref();
        let Some(offer) = open.filter(|offer| offer.expecting.is_some()) else {
            continue;
        };
        if !asked.insert(question(&node.point)) {
            continue;
        }
        for (at, option) in offer.options.iter().enumerate() {
            let tapped = world.happen(&node.point, &Event::Tap(at));
            for typed in [option.title.clone(), (at + 1).to_string()] {
                let written = say(world, &node.point, &typed);
                // What goes to a person carries the words, and is the same hand-over.
                let same = (tapped.handed_over && written.handed_over)
                    || (written.reply == tapped.reply && written.commands == tapped.commands);
                assert!(
                    same,
                    "`{typed}` does not do what [{}] does:\n{}\ntapped: {:?}\ntyped: {:?}",
                    option.title,
                    told(node),
                    tapped.reply,
                    written.reply
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 50, "{tried} tried");
}

/// B8: the same words at the same point give the same bytes.
#[test]
fn the_same_point_gives_the_same_reply() {
    for node in WALK.nodes.iter().filter(|node| !node.buttons_only) {
        for text in ["whats my balance", "show my charges", "yes", "qwfp zxcv"] {
            let (first, second) = (
                say(&WALK.world, &node.point, text),
                say(&WALK.world, &node.point, text),
            );
            assert_eq!(first.reply, second.reply, "{text}\n{}", told(node));
        }
    }
}

/// I3: a question about another person gets the same reply and asks the bank the same, whether the bank knows
/// them (a payee), or nobody does.
#[test]
fn another_person_is_answered_alike_whether_they_exist_or_not() {
    let world = &WALK.world;
    let start = World::start(true, Some(Language::En));
    let known = say(world, &start, "how much does my neighbor rosa have");
    let unknown = say(world, &start, "how much does my neighbor bertha have");
    assert_eq!(known.reply, unknown.reply);
    assert_eq!(known.asked, unknown.asked);
    assert!(known.asked.is_empty(), "{:?}", known.asked);
}
