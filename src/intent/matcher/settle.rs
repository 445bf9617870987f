//! From a prepared message to readings: who is asked, in which order, and who wins.

use std::ops::Range;

use crate::intent::compose::answers::is_within;
use crate::intent::compose::follow::{self, Past};
use crate::intent::compose::{self, Cut};
use crate::intent::decide::{Stake, Verdict};
use crate::intent::explain::Trace;
use crate::intent::phrases::{Sighted, Words};
use crate::intent::ruleset::Match;
use crate::intent::slot::{SlotContext, fill_beside};
use crate::intent::utterance::Utterance;
use crate::intent::weigh::{Weighed, weigh};
use crate::intent::{Decision, Expecting, Language, Reading, Understanding};

use super::Matcher;
use super::tidy::{CONDITIONS, move_nothing, tidy};

/// How sure a phrase of the tables is: it has exceptions for all that was foreseen.
const PHRASE: f32 = 0.95;
/// How sure each part of a message must be for the message to be cut.
pub(super) const PART: f32 = 0.6;
/// A message as certain as this is not cut for so few words.
pub(super) const CERTAIN: f32 = 0.9;
const SHORT: usize = 3;
/// How much in scope a part that is certain must look.
const NAMED_SCOPE: f32 = 0.35;
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
/// Words about a second thing of the same request at most.
const EACH_WORDS: usize = 8;

/// A request found in a message, and the word it begins at.
pub(super) struct Found {
    pub(super) at: usize,
    pub(super) reading: Reading,
}

/// A part of a message and what it weighs.
pub(super) struct Part {
    pub(super) words: Range<usize>,
    pub(super) weighed: Weighed,
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
        let mut offered = Vec::new();
        let answer = expecting
            .and_then(|expecting| self.answer(&message, expecting, &mut alarms, trace))
            .or_else(|| self.follow_up(&message, past, &alarms, trace));
        if let Some(reading) = answer {
            found.push(Found { at: 0, reading });
            for alarm in &alarms {
                found.push(Self::raised(&message, alarm, 0..words.len()));
            }
        } else {
            offered = self.requests(&message, &alarms, &mut found, trace);
            self.point_back(&message, past, &mut found);
        }
        tidy(&mut found, expecting);
        if CONDITIONS.contains(&message.utterance.word(0)) && found.len() > 1 {
            move_nothing(&mut found);
        }
        if !found.is_empty() {
            understanding.decision = Decision::Act;
            understanding.intents = found.into_iter().map(|found| found.reading).collect();
        } else if !offered.is_empty() {
            understanding.decision = Decision::Clarify;
            understanding.alternatives = offered;
        }
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

    /// Reads "more" after a list as its next page.
    fn turn_page(&self, message: &Message<'_>, past: &Past<'_>) -> Option<Reading> {
        let found = self.answers.page(message.sighted)?;
        let last = past.last()?;
        self.catalogue.intent(&last.name)?.slot("page")?;
        Some(Reading {
            name: last.name.clone(),
            slots: follow::changed(&last.slots, found.slots),
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

    /// Finds the requests of a message, part by part. Returns what to offer where nothing can be acted on.
    fn requests(
        &self,
        message: &Message<'_>,
        alarms: &[Match<'_>],
        found: &mut Vec<Found>,
        trace: &mut Trace,
    ) -> Vec<Reading> {
        let mut offered = Vec::new();
        let parts = self.parts(message, alarms, trace);
        let raised: Vec<Vec<&Match<'_>>> = parts
            .iter()
            .map(|part| {
                let mut here: Vec<&Match<'_>> = alarms
                    .iter()
                    .filter(|alarm| part.words.contains(&alarm.words.start))
                    .collect();
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
            if alarmed && self.tells(message, &part) {
                continue;
            }
            self.without_alert(message, &mut part);
            self.without_question(message, &mut part);
            match self.verdict(message, &part, trace) {
                // "Can someone fix that" beside a wrong charge asks for no person.
                Verdict::Act(intent, confidence)
                    if alarmed && self.comes_first(intent) && confidence < LIKELY_TOO => {}
                Verdict::Act(intent, confidence) => {
                    found.extend(self.each(message, intent, confidence, &part.words));
                }
                Verdict::Clarify(set) => {
                    let readings = set.into_iter().filter_map(|(intent, confidence)| {
                        self.reading(message, intent, confidence, &part.words)
                    });
                    // An answer is nothing to choose where nothing was asked.
                    let open = message.expecting.is_some();
                    offered.extend(
                        readings
                            .map(|found| found.reading)
                            .filter(|reading| open || !is_within(&reading.name)),
                    );
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
        offered.truncate(3);
        offered
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

    /// Parts "send 40 to mom and 20 to jake": one request, of several things. Returns a reading of each.
    fn each(
        &self,
        message: &Message<'_>,
        intent: usize,
        confidence: f32,
        words: &Range<usize>,
    ) -> Vec<Found> {
        let whole = || {
            let reading = self.reading(message, intent, confidence, words);
            reading.into_iter().collect()
        };
        let Some(name) = self.name(intent) else {
            return whole();
        };
        let Some(told_by) = compose::told_apart_by(name) else {
            return whole();
        };
        let text = |words: Range<usize>| message.utterance.original_of(words);
        let fill = |text: &str| self.fill(name, text, message.language);
        let verb = text(words.start..words.start + 1);
        for Cut { end, start, .. } in compose::cuts(message.utterance, words) {
            let (first, second) = (words.start..end, start..words.end);
            if second.len() > EACH_WORDS {
                continue;
            }
            let one = fill(text(first.clone()));
            // "Pay rent 900 and electric 60": the verb holds for both.
            let others = [
                fill(text(second.clone())),
                fill(&format!("{verb} {}", text(second.clone()))),
            ];
            let other = others
                .into_iter()
                .find(|other| compose::differ(told_by, &one, other));
            if let Some(other) = other {
                return [(first, one), (second, other)]
                    .into_iter()
                    .map(|(words, slots)| Found {
                        at: words.start,
                        reading: Reading {
                            name: name.clone(),
                            slots,
                            confidence,
                        },
                    })
                    .collect();
            }
        }
        whole()
    }

    /// Cuts a message where each part carries an intent of its own, and weighs the parts.
    fn parts(&self, message: &Message<'_>, alarms: &[Match<'_>], trace: &mut Trace) -> Vec<Part> {
        let whole = 0..message.words.len();
        let weighed = self.weigh(message.utterance, &whole);
        trace.weighed(self, message.utterance.form(), &weighed);
        let mut parts = vec![Part {
            words: whole,
            weighed,
        }];
        let mut settled = 0;
        while let Some(part) = parts.get(settled) {
            match self.cut(message, part, alarms, trace) {
                Some((first, second)) => {
                    parts.splice(settled..=settled, [first, second]);
                    if parts.len() >= REQUESTS_MAX {
                        break;
                    }
                }
                None => settled += 1,
            }
        }
        parts
    }

    fn cut(
        &self,
        message: &Message<'_>,
        part: &Part,
        alarms: &[Match<'_>],
        trace: &mut Trace,
    ) -> Option<(Part, Part)> {
        if part.weighed.known.is_some() {
            return None;
        }
        let utterance = message.utterance;
        let (whole, _) = part.weighed.best()?;
        let certain = part.weighed.certainty >= CERTAIN;
        for Cut { end, start, .. } in compose::cuts(utterance, &part.words) {
            // "I bought one ticket, got charged for three" is one thing.
            if alarms
                .iter()
                .any(|alarm| alarm.words.start < end && start < alarm.words.end)
            {
                continue;
            }
            let (first, second) = (part.words.start..end, start..part.words.end);
            let left = self.weigh(utterance, &first);
            let Some(a) = sure(&left, first.len()) else {
                continue;
            };
            let right = self.weigh(utterance, &second);
            let Some(b) = sure(&right, second.len()).filter(|b| *b != a) else {
                continue;
            };
            // "The difference between available and current balance" lists, it does not ask twice.
            let both_known = left.known.is_some() && right.known.is_some();
            let asks = self.answers.opens_request(message.sighted, second.clone());
            if certain && second.len() < SHORT && !both_known && !asks {
                continue;
            }
            // Who reports a loss tells how it came about; only what asks for something is a request of its own.
            let tells = |other: usize, words: &Range<usize>| {
                self.is_asked_for(other)
                    && !self.answers.has_request(message.sighted, words.clone())
            };
            if certain
                && self.stake(whole) == Stake::Saves
                && ((b == whole && tells(a, &first)) || (a == whole && tells(b, &second)))
            {
                continue;
            }
            trace.weighed(self, utterance.form_of(first.clone()), &left);
            trace.weighed(self, utterance.form_of(second.clone()), &right);
            return Some((
                Part {
                    words: first,
                    weighed: left,
                },
                Part {
                    words: second,
                    weighed: right,
                },
            ));
        }
        None
    }

    fn weigh(&self, utterance: &Utterance, words: &Range<usize>) -> Weighed {
        let form = utterance.form_of(words.clone());
        weigh(form, &self.examples, &self.rules, &self.classifier)
    }
}

/// Returns the intent a part surely carries.
fn sure(weighed: &Weighed, words: usize) -> Option<usize> {
    let (intent, _) = weighed.best()?;
    // A name makes a part look foreign; what it wants may be plain all the same.
    let ours = weighed.in_scope >= PART
        || (words >= SHORT && weighed.certainty >= CERTAIN && weighed.in_scope >= NAMED_SCOPE);
    (weighed.certainty >= PART && ours).then_some(intent)
}
