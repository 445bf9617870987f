//! Whether some words of a message are a request of their own, or only tell more of another one.

use std::ops::Range;

use crate::intent::clauses::Break;
use crate::intent::compose;
use crate::intent::decide::Stake;
use crate::intent::ruleset::Match;
use crate::intent::weigh::Weighed;

use super::Matcher;
use super::segment::CUT_COSTS;
use super::settle::{CERTAIN, Message, PART, PHRASE, Part};

/// As few words are a request only where that is plain.
pub(super) const SHORT: usize = 3;
/// How much in scope a piece that is certain must look.
const NAMED_SCOPE: f32 = 0.35;
/// How certain, and how much in scope, a piece must be that begins as a request does.
const PLAIN: f32 = 0.75;
const OPENED_SCOPE: f32 = 0.2;
/// How certain a word or two must be beside an alarm.
const PLAINEST: f32 = 0.97;
/// Words of a message that has no room for two requests where it alarms.
const TERSE: usize = 4;
/// What a piece is worth that only accompanies requests.
const IDLE: f32 = 0.05;

/// A piece of a message, sure of what it wants.
pub(super) struct Piece {
    pub(super) words: Range<usize>,
    pub(super) weighed: Weighed,
    pub(super) intent: usize,
    pub(super) gain: f32,
    /// Whether it begins as a request does, asks, or is known as a request.
    pub(super) asks: bool,
    /// Whether it only tells what happened before something else is asked for.
    pub(super) background: bool,
}

/// How some words ask for something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nothing,
    /// A question mark follows.
    Marked,
    /// They begin as a request does.
    Opens,
}

/// What is said of some words before it is settled whether they are a piece.
struct Heard {
    words: Range<usize>,
    intent: usize,
    certainty: f32,
    /// An example, or all of a pattern.
    known: bool,
    asks: Asks,
    /// It raised an alarm.
    alarmed: bool,
}

impl Matcher {
    /// Reads some words as a request of their own; `None` where that is not sure.
    pub(super) fn piece(
        &self,
        message: &Message<'_>,
        whole: &Part,
        alarms: &[Match<'_>],
        words: Range<usize>,
    ) -> Option<Piece> {
        let weighed = self.weigh(message.utterance, &words);
        let (best, probable) = (weighed.best()?.0, weighed.certainty);
        let known = weighed.known.is_some();
        let raised = alarms
            .iter()
            .filter(|alarm| alarm.words.start < words.end && words.start < alarm.words.end)
            .find_map(|alarm| self.catalogue.position(alarm.intent))
            .filter(|_| !known);
        let marks = message.utterance.clauses().words();
        let asks = if self.answers.opens_request(message.sighted, words.clone()) {
            Asks::Opens
        } else if marks.get(words.end - 1).is_some_and(|word| word.asked) {
            Asks::Marked
        } else {
            Asks::Nothing
        };
        let heard = Heard {
            intent: raised.unwrap_or(best),
            certainty: raised.map_or(probable, |_| PHRASE),
            known,
            asks,
            alarmed: raised.is_some(),
            words,
        };
        let background = self.is_background(message, whole, &heard);
        if !background {
            let is_sure = heard.alarmed || known || sure(&weighed, &heard);
            let tells_more = self.is_too_little(message, whole, alarms, &heard)
                || self.tells_of_alarm(message, whole, &heard);
            if !is_sure || tells_more {
                return None;
            }
        }
        let idle = self.name(heard.intent).is_some_and(compose::is_courtesy);
        let gain = match (background, idle) {
            (true, _) => 0.0,
            (false, true) => IDLE,
            (false, false) => heard.certainty - CUT_COSTS,
        };
        Some(Piece {
            words: heard.words,
            weighed,
            intent: heard.intent,
            gain,
            asks: asks != Asks::Nothing || known,
            background,
        })
    }

    /// Whether the whole of a message seems to be what must never be missed.
    fn saves(&self, whole: &Part) -> bool {
        let best = whole.weighed.best();
        best.is_some_and(|(best, _)| self.stake(best) == Stake::Saves)
    }

    /// Whether a piece tells what happened before: "i went to target, …".
    fn is_background(&self, message: &Message<'_>, whole: &Part, heard: &Heard) -> bool {
        let wanted =
            heard.alarmed || heard.asks != Asks::Nothing || heard.known || self.saves(whole);
        !wanted
            && self.is_asked_for(heard.intent)
            && self
                .answers
                .tells_before(message.sighted, heard.words.clone())
    }

    /// Whether a piece of a word or two rather belongs to what is before it.
    fn is_too_little(
        &self,
        message: &Message<'_>,
        whole: &Part,
        alarms: &[Match<'_>],
        heard: &Heard,
    ) -> bool {
        let words = &heard.words;
        if words.start == 0 || words.len() >= SHORT || heard.alarmed {
            return false;
        }
        let marks = message.utterance.clauses().words();
        let unmarked = marks
            .get(words.start)
            .is_none_or(|word| word.before == Break::None);
        // "Do you accept zelle": a single word that nothing joins to what is before it begins nothing.
        let joined = compose::joined(message.utterance, words, words.start - 1) == words.start;
        if unmarked && !joined && words.len() == 1 {
            return true;
        }
        if heard.asks == Asks::Opens {
            return false;
        }
        // "50 dollars" is no request.
        let acts = || self.answers.has_action(message.sighted, words.clone());
        if !heard.known && heard.certainty < CERTAIN && !acts() {
            return true;
        }
        // "The difference between available and current balance" lists, it does not ask twice.
        let needed = if heard.known { PLAINEST } else { CERTAIN };
        if unmarked && whole.weighed.certainty >= needed {
            return true;
        }
        // "Hacked. Acct. Help", "me robaron la cartera y el telefono": beside an alarm, a word or two tell more of it.
        let named = compose::is_article(message.utterance.word(words.start));
        let terse = message.words.len() <= TERSE && words.len() == 1;
        let plain = heard.known || heard.certainty >= PLAINEST;
        ((self.saves(whole) && whole.weighed.certainty >= PART) || !alarms.is_empty())
            && heard.asks == Asks::Nothing
            && (named || terse || !plain)
    }

    /// Whether a piece of what is surely an alarm only tells more of it.
    fn tells_of_alarm(&self, message: &Message<'_>, whole: &Part, heard: &Heard) -> bool {
        let Some((best, _)) = whole.weighed.best() else {
            return false;
        };
        if heard.alarmed || heard.intent == best || !self.saves(whole) {
            return false;
        }
        // Who reports a loss tells how it came about; only what plainly asks for something is a request of its own: "so did i"
        // is none.
        let asks = || {
            (heard.known || heard.certainty >= PLAIN)
                && (heard.asks == Asks::Opens
                    || self
                        .answers
                        .has_request(message.sighted, heard.words.clone()))
        };
        let certain = whole.weighed.certainty >= CERTAIN;
        if certain && self.is_asked_for(heard.intent) && !asks() {
            return true;
        }
        // One alarm is seldom two: what says how it felt is no other one.
        let other = self.stake(heard.intent) == Stake::Saves;
        other && !heard.known && heard.certainty < CERTAIN
    }
}

/// Whether a piece is sure of what it wants.
fn sure(weighed: &Weighed, heard: &Heard) -> bool {
    // A name makes a piece look foreign; what it wants may be plain all the same.
    let ours = weighed.in_scope >= PART
        || (heard.words.len() >= SHORT
            && weighed.certainty >= CERTAIN
            && weighed.in_scope >= NAMED_SCOPE)
        || (heard.asks == Asks::Opens
            && weighed.certainty >= PLAIN
            && weighed.in_scope >= OPENED_SCOPE);
    weighed.certainty >= PART && ours
}
