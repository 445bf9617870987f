//! From a prepared message to readings: who is asked, in which order, and who wins.

use std::ops::Range;

use crate::intent::compose;
use crate::intent::compose::answers::is_within;
use crate::intent::compose::follow::{self, Past};
use crate::intent::decide::{self, OFFERED_MAX, Verdict};
use crate::intent::explain::Trace;
use crate::intent::phrases::{Sighted, Words};
use crate::intent::ruleset::Match;
use crate::intent::slot::{SlotContext, fill_beside};
use crate::intent::utterance::Utterance;
use crate::intent::weigh::{Weighed, weigh};
use crate::intent::{Decision, Expecting, IntentName, Language, Reading, Understanding};

use super::Matcher;
use super::tidy::{CONDITIONS, move_nothing, tidy};

/// How sure a phrase of the tables is: it has exceptions for all that was foreseen.
pub(super) const PHRASE: f32 = 0.95;
/// How sure each part of a message must be for the message to be cut.
pub(super) const PART: f32 = 0.6;
/// How sure it takes to be certain.
pub(super) const CERTAIN: f32 = 0.9;
/// Requests served of one message at most.
pub(super) const REQUESTS_MAX: usize = 4;
/// What something offered can be named by.
const CHOSEN_BY: [&str; 5] = ["index", "account", "card", "payee", "merchant"];
/// Words whose number is no position.
const CASE: [&str; 2] = ["case", "caso"];
/// Words a bare value has at most.
const VALUE_WORDS: usize = 6;
/// As many words can be a sentence of their own, which says what it wants.
const SENTENCE: usize = 4;
/// How likely a second thing that comes first must be beside an alarm.
const LIKELY_TOO: f32 = 0.97;

/// A request found in a message, and the word it begins at.
pub(super) struct Found {
    pub(super) at: usize,
    pub(super) reading: Reading,
}

/// A part of a message and what it weighs.
pub(super) struct Part {
    pub(super) words: Range<usize>,
    pub(super) weighed: Weighed,
    /// Whether it only tells what happened before something else is asked for.
    pub(super) background: bool,
}

/// What is known of a message while it is settled.
pub(super) struct Message<'m> {
    pub(super) utterance: &'m Utterance,
    pub(super) words: &'m [&'m str],
    pub(super) sighted: &'m Sighted<'m>,
    pub(super) language: Language,
    pub(super) expecting: Option<Expecting>,
    /// Whether the customer wrote before.
    pub(super) goes_on: bool,
}

impl Matcher {
    pub(super) fn settle(
        &self,
        utterance: &Utterance,
        expecting: Option<Expecting>,
        past: &Past<'_>,
        understanding: &mut Understanding,
        trace: &mut Trace,
    ) {
        let words = utterance.words();
        let view = utterance.phrase_words(&words);
        let mut alarms = self.safety.alarms(view);
        if let Some(repaired) = self.classifier.repair(utterance.form()) {
            trace.note("spelling", || repaired.clone());
            self.alarm_again(&repaired, utterance, &mut alarms);
        }
        for alarm in &alarms {
            trace.note("safety", || {
                format!("{} by `{}`", alarm.intent, alarm.phrase)
            });
        }
        let sighted = self.answers.read(view);
        let language = understanding.language;
        let message = Message {
            utterance,
            words: &words,
            sighted: &sighted,
            language,
            expecting,
            goes_on: past.is_possible(),
        };

        let mut found: Vec<Found> = Vec::new();
        let (mut offered, mut guessed) = (Vec::new(), Vec::new());
        let answer = expecting
            .and_then(|expecting| self.answer(&message, expecting, &mut alarms, trace))
            .or_else(|| self.follow_up(&message, past, &alarms, trace));
        if let Some(reading) = answer {
            found.push(Found { at: 0, reading });
            for alarm in &alarms {
                found.push(Self::raised(&message, alarm, 0..words.len()));
            }
        } else {
            offered = self.requests(&message, &alarms, &mut found, &mut guessed, trace);
            self.point_back(&message, past, &mut found);
        }
        tidy(&mut found, expecting);
        if CONDITIONS.contains(&message.utterance.word(0)) && found.len() > 1 {
            move_nothing(&mut found);
        }
        // What is turned down is nothing to offer.
        let idle = |name: &IntentName| compose::is_courtesy(name) || *name == *"refuse";
        if !found.is_empty() {
            understanding.decision = Decision::Act;
            understanding.intents = found.into_iter().map(|found| found.reading).collect();
            let served = &understanding.intents;
            // Nor is anything offered in its place.
            let refused = served.iter().any(|reading| *reading.name == *"refuse");
            offered.retain(|reading| {
                let again = served.iter().any(|served| served.name == reading.name);
                !(refused || again || idle(&reading.name))
            });
        } else if offered.is_empty() {
            guessed.retain(|reading| !idle(&reading.name));
            offered = guessed;
        } else {
            understanding.decision = Decision::Clarify;
        }
        offered.truncate(OFFERED_MAX);
        understanding.alternatives = offered;
    }

    /// Adds the alarms that only the repaired spelling raises.
    fn alarm_again<'s>(
        &'s self,
        repaired: &str,
        utterance: &Utterance,
        alarms: &mut Vec<Match<'s>>,
    ) {
        let words: Vec<&str> = repaired.split(' ').collect();
        // Where words were parted, positions no longer fit, and the alarm is about the whole message.
        let fits = words.len() == utterance.len();
        let sentences = if fits {
            utterance.clauses().sentences()
        } else {
            &[0]
        };
        for mut alarm in self.safety.alarms(Words {
            words: &words,
            sentences,
        }) {
            if alarms.iter().any(|other| other.intent == alarm.intent) {
                continue;
            }
            if !fits {
                alarm.words = 0..utterance.len();
            }
            alarms.push(alarm);
        }
    }

    /// Reads a message as the answer to what was asked.
    fn answer(
        &self,
        message: &Message<'_>,
        expecting: Expecting,
        alarms: &mut Vec<Match<'_>>,
        trace: &mut Trace,
    ) -> Option<Reading> {
        let found = self.answers.find(message.sighted, expecting);
        if let Some(found) = &found {
            trace.note("answer", || {
                format!("{} by `{}`", found.intent, found.phrase)
            });
        }
        // "Quit" leaves what is open; out of the blue it is a carrier's word for STOP.
        if found
            .as_ref()
            .is_some_and(|found| *found.intent == *"cancel")
            && matches!(message.words, ["quit" | "end"])
        {
            alarms.clear();
        }
        let reading = match (expecting, found) {
            (Expecting::FraudAlert, Some(found)) => {
                // "No, I didn't buy that" answers the alert; it does not dispute something else.
                alarms.retain(|alarm| !matches!(alarm.intent.as_str(), "dispute" | "report_fraud"));
                Reading {
                    name: found.intent.clone(),
                    slots: found.slots.clone(),
                    confidence: PHRASE,
                }
            }
            (Expecting::FraudAlert, None) => alarms
                .iter()
                .position(|alarm| *alarm.intent == *"dispute")
                .map(|at| {
                    alarms.remove(at);
                    let slots = [("answer", "no")].into_iter().collect();
                    Reading {
                        name: "fraud_alert_reply".into(),
                        slots,
                        confidence: PHRASE,
                    }
                })?,
            (_, Some(found)) if *found.intent == *"edit" => self.edit(message)?,
            (_, Some(found)) => Reading {
                name: found.intent.clone(),
                slots: found.slots.clone(),
                confidence: PHRASE,
            },
            (_, None)
                if !alarms.is_empty() || !self.is_bare_value(message, 0..message.words.len()) =>
            {
                return None;
            }
            (Expecting::Confirmation, None) => self.edit(message)?,
            // "Case 2" names a case, not the second choice.
            (Expecting::Choice, None) if message.words.iter().any(|word| CASE.contains(word)) => {
                return None;
            }
            (Expecting::Choice, None) => {
                let text = message.utterance.original();
                let slots = self.fill_named("select", &CHOSEN_BY, text, message.language);
                Reading {
                    name: "select".into(),
                    slots,
                    confidence: PHRASE,
                }
            }
        };
        Some(reading)
    }

    /// Reads a change to what is about to be done: at least one thing must be said anew.
    fn edit(&self, message: &Message<'_>) -> Option<Reading> {
        let text = message.utterance.original();
        let mut slots = self.fill(&"edit".into(), text, message.language);
        if slots.is_empty() {
            // An account named without "from" can only be the one the money comes from.
            let account = self.fill_named("balance", &["account"], text, message.language);
            if let Some(account) = account.text("account") {
                slots.insert("from", account);
            }
        }
        (!slots.is_empty()).then(|| Reading {
            name: "edit".into(),
            slots,
            confidence: PHRASE,
        })
    }

    /// Whether some words only name a value: nothing to do, nothing that is known as a request of its own.
    fn is_bare_value(&self, message: &Message<'_>, words: Range<usize>) -> bool {
        if words.len() > VALUE_WORDS || self.answers.has_action(message.sighted, words.clone()) {
            return false;
        }
        let weighed = self.weigh(message.utterance, &words);
        weighed
            .known
            .and_then(|intent| self.name(intent))
            .is_none_or(follow::is_value_like)
    }

    /// Reads a message as going on from the last one.
    fn follow_up(
        &self,
        message: &Message<'_>,
        past: &Past<'_>,
        alarms: &[Match<'_>],
        trace: &mut Trace,
    ) -> Option<Reading> {
        if !alarms.is_empty() {
            return None;
        }
        if let Some(turned) = self.turn_page(message, past) {
            return Some(turned);
        }
        let starter = self.answers.follow_up(message.sighted);
        let from = starter.as_ref().map_or(0, |starter| starter.words.end);
        let rest = from..message.words.len();
        if rest.is_empty() || !self.is_bare_value(message, rest.clone()) {
            return None;
        }
        let last = past.last()?;
        // "is my debit card working" says by itself what it wants, though every word of it could be a value.
        let whole = rest.len() >= SENTENCE && starter.is_none();
        if whole && self.weigh(message.utterance, &rest).known.is_some() {
            return None;
        }
        let text = message.utterance.original_of(rest);
        let said = self.fill(&last.name, text, message.language);
        if said.is_empty() {
            return None;
        }
        trace.note("follow-up", || format!("goes on from {}", last.name));
        let slots = follow::changed(&last.slots, &said);
        Some(Reading {
            name: last.name.clone(),
            slots,
            confidence: PHRASE,
        })
    }

    /// Reads "more" after a list as its next page, and "how much is it" after a date as the amount of the same.
    fn turn_page(&self, message: &Message<'_>, past: &Past<'_>) -> Option<Reading> {
        let found = self.answers.page(message.sighted)?;
        let last = past.last()?;
        let intent = self.catalogue.intent(&last.name)?;
        let slots = if *found.intent == *"how_much" {
            follow::how_much(last, found.slots)?
        } else {
            intent.slot("page")?;
            follow::changed(&last.slots, found.slots)
        };
        Some(Reading {
            name: last.name.clone(),
            slots,
            confidence: PHRASE,
        })
    }

    /// Lets "it", "there" and "and in total?" point at what was asked before.
    fn point_back(&self, message: &Message<'_>, past: &Past<'_>, found: &mut [Found]) {
        let [Found { reading, .. }] = found else {
            return;
        };
        let all = 0..message.words.len();
        let points = self.answers.has_pointer(message.sighted, all)
            || self.answers.follow_up(message.sighted).is_some();
        if !points || compose::is_courtesy(&reading.name) || is_within(&reading.name) {
            return;
        }
        if let Some(intent) = self.catalogue.intent(&reading.name)
            && let Some(last) = past.last()
        {
            follow::point(reading, intent, last);
        }
    }

    /// Lets "him" and "there" point at what the same message named before: "add luis as payee, then send him 35".
    fn point_within(
        &self,
        message: &Message<'_>,
        part: &Range<usize>,
        before: &[Found],
        found: &mut [Found],
    ) {
        let ([only], Some(last)) = (found, before.last()) else {
            return;
        };
        if self.answers.has_pointer(message.sighted, part.clone())
            && let Some(intent) = self.catalogue.intent(&only.reading.name)
        {
            follow::point_to_name(&mut only.reading, intent, &last.reading);
        }
    }

    /// Finds the requests of a message, part by part. Returns what to offer: what an unclear part may want, and what else one
    /// may want that is served without being certain. What is no more than a guess is set apart.
    fn requests(
        &self,
        message: &Message<'_>,
        alarms: &[Match<'_>],
        found: &mut Vec<Found>,
        guessed: &mut Vec<Reading>,
        trace: &mut Trace,
    ) -> Vec<Reading> {
        let mut offered = Vec::new();
        let parts = self.parts(message, alarms, trace);
        // No alarm is lost between two parts: one that begins with the joining word belongs to what follows.
        let mut rest: Vec<&Match<'_>> = alarms.iter().collect();
        let last = parts.len().saturating_sub(1);
        let raised: Vec<Vec<&Match<'_>>> = parts
            .iter()
            .enumerate()
            .map(|(at, part)| {
                let (mut here, later): (Vec<&Match<'_>>, Vec<&Match<'_>>) = rest
                    .drain(..)
                    .partition(|alarm| at == last || alarm.words.start < part.words.end);
                rest = later;
                self.weigh_alarms(&mut here, &part.weighed, trace);
                here
            })
            .collect();
        let alarmed = raised.iter().any(|here| !here.is_empty());
        let count = parts.len();
        for (mut part, here) in parts.into_iter().zip(raised) {
            if !here.is_empty() {
                for alarm in here {
                    let each = self
                        .catalogue
                        .position(alarm.intent)
                        .map(|intent| self.each(message, intent, PHRASE, &part.words))
                        .filter(|each| each.len() > 1);
                    match each {
                        Some(each) => found.extend(each),
                        None => found.push(Self::raised(message, alarm, part.words.clone())),
                    }
                }
                continue;
            }
            if part.background || (alarmed && self.tells(message, &part)) {
                continue;
            }
            self.without_alert(message, &mut part);
            self.without_question(message, &mut part);
            match self.verdict(message, &part, trace) {
                // "Can someone fix that" beside a wrong charge asks for no person.
                Verdict::Act(intent, confidence)
                    if alarmed && self.comes_first(intent) && confidence < LIKELY_TOO => {}
                Verdict::Act(intent, confidence) => {
                    let mut each = self.each(message, intent, confidence, &part.words);
                    self.point_within(message, &part.words, found, &mut each);
                    found.extend(each);
                    offered.extend(self.offers(message, &part, self.besides(&part, intent)));
                }
                Verdict::Clarify(set) => offered.extend(self.offers(message, &part, set)),
                Verdict::Reject if self.form(message, &part).is_none() => {
                    guessed.extend(self.offers(message, &part, decide::guesses(&part.weighed)));
                }
                Verdict::Reject => {}
            }
        }
        // "Not mine!! The 18.75 one": where a story is one alarm, all of it says what it is about.
        if alarmed
            && count > 1
            && let [only] = found.as_mut_slice()
        {
            let reading = &mut only.reading;
            let known = SlotContext::default();
            let text = message.utterance.original();
            reading.slots = fill_beside(
                &reading.name,
                &reading.slots,
                text,
                message.language,
                &known,
            );
        }
        offered
    }

    /// Makes readings of what a part may want.
    fn offers(&self, message: &Message<'_>, part: &Part, set: Vec<(usize, f32)>) -> Vec<Reading> {
        // An answer is nothing to choose where nothing was asked.
        let open = message.expecting.is_some();
        set.into_iter()
            .filter_map(|(intent, confidence)| {
                self.reading(message, intent, confidence, &part.words)
            })
            .map(|found| found.reading)
            .filter(|reading| open || !is_within(&reading.name))
            .collect()
    }

    /// Leaves the alarms that count in a part: none where the text is known as something else, word for word; of those that
    /// point at the same words, the one the classifier believes.
    fn weigh_alarms(&self, alarms: &mut Vec<&Match<'_>>, weighed: &Weighed, trace: &mut Trace) {
        let position = |alarm: &Match<'_>| self.catalogue.position(alarm.intent);
        if let Some(intent) = weighed.known
            && !alarms.iter().any(|alarm| position(alarm) == Some(intent))
        {
            if let (Some(alarm), Some(name)) = (alarms.first(), self.name(intent)) {
                trace.note("safety", || {
                    format!("{} gives way: this is {name}, word for word", alarm.intent)
                });
            }
            alarms.clear();
            return;
        }
        let belief = |alarm: &Match<'_>| {
            let all = weighed.classified.ranked.iter();
            all.clone()
                .find(|(intent, _)| Some(*intent) == position(alarm))
                .map_or(0.0, |(_, p)| *p)
        };
        alarms.sort_by(|a, b| {
            belief(b)
                .total_cmp(&belief(a))
                .then(compose::rank(a.intent).cmp(&compose::rank(b.intent)))
        });
        let mut kept: Vec<&Match<'_>> = Vec::new();
        for alarm in alarms.drain(..) {
            let same = |other: &&Match<'_>| {
                alarm.words.start < other.words.end
                    && other.words.start < alarm.words.end
                    && !compose::stand_together(alarm.intent, other.intent)
            };
            if !kept.iter().any(same) {
                kept.push(alarm);
            }
        }
        *alarms = kept;
    }

    /// Makes a reading of an alarm.
    fn raised(message: &Message<'_>, alarm: &Match<'_>, part: Range<usize>) -> Found {
        // "Charged 80 but it should be 18": what raised the alarm may go on behind the part.
        let about = part.start.min(alarm.words.start)..part.end.max(alarm.words.end);
        let text = message.utterance.original_of(about);
        let known = SlotContext::default();
        let slots = fill_beside(alarm.intent, alarm.slots, text, message.language, &known);
        Found {
            at: alarm.words.start,
            reading: Reading {
                name: alarm.intent.clone(),
                slots,
                confidence: PHRASE,
            },
        }
    }

    fn reading(
        &self,
        message: &Message<'_>,
        intent: usize,
        confidence: f32,
        words: &Range<usize>,
    ) -> Option<Found> {
        let name = self.name(intent)?.clone();
        let text = message.utterance.original_of(words.clone());
        let slots = self.fill(&name, text, message.language);
        Some(Found {
            at: words.start,
            reading: Reading {
                name,
                slots,
                confidence,
            },
        })
    }

    pub(super) fn weigh(&self, utterance: &Utterance, words: &Range<usize>) -> Weighed {
        let form = utterance.form_of(words.clone());
        weigh(form, &self.examples, &self.rules, &self.classifier)
    }
}
