//! Several things of one request: "send 40 to mom and 20 to jake", "cancel spotify, netflix and audible".

use std::ops::Range;

use crate::intent::compose::{self, ToldApart};
use crate::intent::decide::Stake;
use crate::intent::{Reading, Slots};

use super::Matcher;
use super::piece::Piece;
use super::settle::{Found, Message, REQUESTS_MAX};

/// Words about another thing of the same request at most.
const EACH_WORDS: usize = 8;
/// Words of the first thing that may hold for the others: "send", "quiero pagar".
const VERB_WORDS: usize = 3;

/// One thing of a request: its words and its slots.
type Thing = (Range<usize>, Slots);

impl Matcher {
    /// Whether some words without a verb name another thing of the request before them.
    pub(super) fn is_another(
        &self,
        message: &Message<'_>,
        head: &Piece,
        more: &Range<usize>,
    ) -> bool {
        if more.len() > EACH_WORDS || self.answers.has_action(message.sighted, more.clone()) {
            return false;
        }
        let Some(told_by) = self.name(head.intent).and_then(compose::told_apart_by) else {
            return false;
        };
        let one = self.fill_of(message, head.intent, &head.words);
        let head_thing = (head.words.clone(), one);
        let shared = Slots::default();
        self.another(message, head.intent, told_by, &head_thing, more, &shared)
            .is_some()
    }

    pub(super) fn fill_of(
        &self,
        message: &Message<'_>,
        intent: usize,
        words: &Range<usize>,
    ) -> Slots {
        let Some(name) = self.name(intent) else {
            return Slots::default();
        };
        let text = message.utterance.original_of(words.clone());
        self.fill(name, text, message.language)
    }

    /// Returns the slots of some words as another thing of the request before them: as they are, or behind its verb ("pay rent
    /// 900 and electric 60").
    fn another(
        &self,
        message: &Message<'_>,
        intent: usize,
        told_by: ToldApart,
        (words, slots): &Thing,
        more: &Range<usize>,
        shared: &Slots,
    ) -> Option<Slots> {
        let name = self.name(intent)?;
        let utterance = message.utterance;
        let text = utterance.original_of(more.clone());
        let asks = self.answers.opens_request(message.sighted, more.clone());
        // "My visa, the one ending in 4417" is one card.
        if words.end == more.start && compose::is_article(utterance.word(more.start)) {
            return None;
        }
        // "Remove bob and add rita" removes only one of them.
        if asks
            && self.stake(intent) == Stake::Changes
            && utterance.word(more.start) != utterance.word(words.start)
        {
            return None;
        }
        let read = |text: &str| {
            let other = told_by.share(self.fill(name, text, message.language), shared);
            let differs = if asks {
                compose::differ(told_by, slots, &other)
            } else {
                compose::differ_in_name(told_by, slots, &other)
            };
            differs.then_some(other)
        };
        read(text).or_else(|| {
            (1..=VERB_WORDS.min(words.len()))
                .map(|count| utterance.original_of(words.start..words.start + count))
                .take_while(|verb| !told_by.is_told(&self.fill(name, verb, message.language)))
                .find_map(|verb| read(&format!("{verb} {text}")))
        })
    }

    /// Parts "send 40 to mom and 20 to jake": one request, of several things. Returns a reading of each.
    pub(super) fn each(
        &self,
        message: &Message<'_>,
        intent: usize,
        confidence: f32,
        words: &Range<usize>,
    ) -> Vec<Found> {
        let Some(name) = self.name(intent) else {
            return Vec::new();
        };
        let things = match compose::told_apart_by(name) {
            Some(told_by) => self.things(message, intent, told_by, words),
            None => vec![(words.clone(), self.fill_of(message, intent, words))],
        };
        things
            .into_iter()
            .map(|(words, slots)| Found {
                at: words.start,
                reading: Reading {
                    name: name.clone(),
                    slots,
                    confidence,
                },
            })
            .collect()
    }

    /// Returns the things that a request is about, one after the other.
    fn things(
        &self,
        message: &Message<'_>,
        intent: usize,
        told_by: ToldApart,
        words: &Range<usize>,
    ) -> Vec<Thing> {
        let fill = |words: &Range<usize>| self.fill_of(message, intent, words);
        let mut cuts = compose::cuts(message.utterance, words);
        if cuts.is_empty() {
            return vec![(words.clone(), fill(words))];
        }
        cuts.sort_by_key(|cut| cut.end);
        // "50 each": what is said once holds for all.
        let each = compose::says_each(message.words.get(words.clone()).unwrap_or_default());
        let shared = if each { fill(words) } else { Slots::default() };
        let first = words.start..cuts.first().map_or(words.end, |cut| cut.end);
        let mut done: Vec<Thing> = Vec::new();
        let mut last = (first.clone(), told_by.share(fill(&first), &shared));
        for (at, cut) in cuts.iter().enumerate() {
            let end = cuts.get(at + 1).map_or(words.end, |next| next.end);
            let more = cut.start..end;
            let few = more.len() <= EACH_WORDS && done.len() + 1 < REQUESTS_MAX;
            let other = few
                .then(|| self.another(message, intent, told_by, &last, &more, &shared))
                .flatten();
            if let Some(slots) = other {
                done.push(std::mem::replace(&mut last, (more, slots)));
            } else {
                last.0.end = end;
                last.1 = told_by.share(fill(&last.0), &shared);
            }
        }
        done.push(last);
        done
    }
}
