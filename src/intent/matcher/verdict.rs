//! What a part of a message is taken to want, once its form and what is open have been looked at.

use crate::intent::Expecting;
use crate::intent::compose;
use crate::intent::decide::{self, Stake, Verdict};
use crate::intent::explain::Trace;
use crate::intent::guard::Form;
use crate::intent::phrases::Words;

use super::Matcher;
use super::settle::{Message, PART, Part};

/// A reading left over when others were taken out counts only if it was at least this likely among all.
const LEFT_OVER: f32 = 0.08;
/// The same where a loss is denied.
const LIKELY_LEFT: f32 = 0.3;
/// How likely what must not be missed must be to be offered, and how certain a reading must be to stand against it.
const HEEDED: f32 = 0.25;
const HEEDED_IDLY: f32 = 0.4;
const CERTAIN_READING: f32 = 0.6;
/// What somebody wants who only tells of it: "my refund hasn't come".
const TOLD: [&str; 2] = ["deposit_hold", "refund_status"];
/// Words that a prohibition begins with, where one is looked for even in what seems to be a question.
const HALTS: [&str; 14] = [
    "dont", "do", "donot", "dnt", "never", "no", "not", "please", "pls", "todavia", "aun",
    "theres", "you", "pero",
];

impl Matcher {
    /// Whether an intent is wanted only by who asks for it.
    pub(super) fn is_asked_for(&self, intent: usize) -> bool {
        self.stake(intent) != Stake::Saves
            && self
                .name(intent)
                .is_some_and(|name| !TOLD.contains(&name.as_str()))
    }

    /// Whether a part beside an alarm only tells how it came about: "I bought one ticket, got charged for three" asks for
    /// no receipt.
    pub(super) fn tells(&self, message: &Message<'_>, part: &Part) -> bool {
        let tells = |(best, _)| self.is_asked_for(best);
        part.weighed.known.is_none()
            && part.weighed.best().is_none_or(tells)
            && !self
                .answers
                .has_request(message.sighted, part.words.clone())
    }

    /// Where nothing is open there is nothing to change and nothing to choose from.
    pub(super) fn without_question(&self, message: &Message<'_>, part: &mut Part) {
        if message.expecting.is_some() || part.weighed.known.is_some() {
            return;
        }
        let weighed = &mut part.weighed;
        let best = weighed.best();
        let within = |intent: usize| {
            self.name(intent)
                .is_some_and(|name| *name == *"edit" || (*name == *"select" && !message.goes_on))
        };
        let gone: f32 = weighed
            .ranked
            .iter()
            .filter(|(intent, _)| within(*intent))
            .map(|(_, p)| p)
            .sum();
        if gone <= 0.0 {
            return;
        }
        weighed.ranked.retain(|(intent, _)| !within(*intent));
        for (_, p) in &mut weighed.ranked {
            *p /= (1.0 - gone).max(gone);
        }
        if weighed.best().map(|(intent, _)| intent) != best.map(|(intent, _)| intent) {
            weighed.certainty = weighed.best().map_or(0.0, |(_, p)| p);
        }
    }

    /// Where no alert is open, "that wasn't me" disputes a charge, and "not sure" answers nothing.
    pub(super) fn without_alert(&self, message: &Message<'_>, part: &mut Part) {
        const REPLY: &str = "fraud_alert_reply";
        if message.expecting == Some(Expecting::FraudAlert) {
            return;
        }
        let weighed = &mut part.weighed;
        let (Some(reply), Some(dispute)) = (
            self.catalogue.position(REPLY),
            self.catalogue.position("dispute"),
        ) else {
            return;
        };
        let Some(at) = weighed
            .ranked
            .iter()
            .position(|(intent, _)| *intent == reply)
        else {
            return;
        };
        let text = message.utterance.original_of(part.words.clone());
        let slots = self.fill_named(REPLY, &["answer"], text, message.language);
        let answer = slots.text("answer");
        let answers = matches!(answer, Some("yes" | "no"));
        if answer == Some("yes") || (answers && message.expecting.is_some()) {
            return;
        }
        let (_, probability) = weighed.ranked.remove(at);
        let was_best = at == 0;
        if slots.text("answer") == Some("no") {
            match weighed
                .ranked
                .iter_mut()
                .find(|(intent, _)| *intent == dispute)
            {
                Some((_, p)) => *p += probability,
                None => weighed.ranked.push((dispute, probability)),
            }
            weighed
                .ranked
                .sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            weighed.known = weighed
                .known
                .map(|known| if known == reply { dispute } else { known });
        } else if was_best {
            weighed.known = None;
            weighed.certainty = weighed.best().map_or(0.0, |(_, p)| p);
        }
    }

    /// Returns the form of a part in which nothing is to be done, and the phrase that shows it.
    pub(super) fn form(&self, message: &Message<'_>, part: &Part) -> Option<(Form, &str)> {
        let sentences = message.utterance.clauses().sentences();
        let starts: Vec<usize> = std::iter::once(0)
            .chain(
                sentences
                    .iter()
                    .filter_map(|start| start.checked_sub(part.words.start)),
            )
            .filter(|start| *start < part.words.len())
            .collect();
        let words = message.words.get(part.words.clone()).unwrap_or_default();
        self.guard.form(Words {
            words,
            sentences: &starts,
        })
    }

    /// Decides on a part, once its form has been looked at.
    pub(super) fn verdict(&self, message: &Message<'_>, part: &Part, trace: &mut Trace) -> Verdict {
        let stake = |intent: usize| self.stake(intent);
        let ranked = &part.weighed.ranked;
        let settles = |intent: usize| self.name(intent).is_some_and(decide::settles);
        let decide = || {
            let verdict = decide::decide(&part.weighed, &self.thresholds, stake, settles);
            self.heed(message, part, verdict)
        };
        let best = ranked.first().copied();
        let harmless = |(best, _)| stake(best) == Stake::Reads && !settles(best);
        let halts = HALTS.contains(&message.utterance.word(part.words.start));
        if part.weighed.known.is_some() || (!halts && best.is_none_or(harmless)) {
            return decide();
        }
        let Some((form, phrase)) = self.form(message, part) else {
            return decide();
        };
        let deletes = |intent: usize| {
            self.name(intent)
                .is_some_and(|name| *name == *"data_delete")
        };
        let barred = |intent: usize| match stake(intent) {
            _ if form == Form::Denies && self.comes_first(intent) => true,
            Stake::Reads if form == Form::Halts => true,
            Stake::Reads => {
                settles(intent) && matches!(form, Form::Supposes | Form::Hedges | Form::Forbids)
            }
            Stake::Changes => true,
            Stake::Saves if form == Form::Forbids && deletes(intent) => true,
            Stake::Saves => matches!(form, Form::LookAlike | Form::Supposes | Form::Denies),
        };
        if !best.is_some_and(|(best, _)| barred(best)) {
            return decide();
        }
        trace.note("guard", || {
            format!("{form:?} by `{phrase}`: nothing is done")
        });
        let left: Vec<(usize, f32)> = ranked
            .iter()
            .copied()
            .filter(|(intent, p)| !barred(*intent) && *p >= LEFT_OVER)
            .collect();
        if form == Form::Hedges {
            return Verdict::Clarify(ranked.iter().copied().take(2).collect());
        }
        let preferred = match form {
            Form::Forbids | Form::Halts => self.catalogue.position("deny"),
            Form::Supposes => self.catalogue.position("faq"),
            Form::Question | Form::LookAlike | Form::Denies | Form::Hedges => None,
        };
        // "Not stolen" wants nothing; what is left of it is no better than chance.
        let left = left
            .first()
            .filter(|(_, p)| form != Form::Denies || *p >= LIKELY_LEFT);
        match (preferred, left) {
            (Some(intent), _) => Verdict::Act(intent, PART),
            (None, Some((intent, _))) if form != Form::LookAlike => Verdict::Act(*intent, PART),
            (None, _) if form == Form::Question => {
                Verdict::Clarify(ranked.iter().copied().take(2).collect())
            }
            _ => Verdict::Reject,
        }
    }

    /// Returns what else a part may want that is served as one intent: nothing where that is no request, or not the
    /// likeliest, since then the part's form wants nothing of the likelier ones.
    pub(super) fn besides(&self, part: &Part, served: usize) -> Vec<(usize, f32)> {
        let weighed = &part.weighed;
        let is_best = weighed.best().is_some_and(|(best, _)| best == served);
        if !is_best || self.name(served).is_none_or(compose::is_courtesy) {
            return Vec::new();
        }
        decide::besides(weighed)
    }

    /// Whether an intent is served before all others.
    pub(super) fn comes_first(&self, intent: usize) -> bool {
        self.name(intent).is_some_and(compose::comes_first)
    }

    /// Offers what must not be missed where it may be meant and what seems to be is uncertain, or is that nothing is wanted.
    fn heed(&self, message: &Message<'_>, part: &Part, verdict: Verdict) -> Verdict {
        let weighed = &part.weighed;
        let Verdict::Act(best, _) = verdict else {
            return verdict;
        };
        let idle = self
            .name(best)
            .is_some_and(|name| matches!(name.as_str(), "out_of_scope" | "unknown" | "smalltalk"));
        let unsure = self.stake(best) == Stake::Reads && weighed.certainty < CERTAIN_READING;
        if weighed.known.is_some() || self.comes_first(best) || !(idle || unsure) {
            return verdict;
        }
        let least = if idle { HEEDED_IDLY } else { HEEDED };
        let mut offered: Vec<(usize, f32)> = weighed
            .ranked
            .iter()
            .copied()
            .filter(|(intent, p)| *p >= least && self.comes_first(*intent))
            .collect();
        // "What if somebody steals my card" reports no theft.
        let only_asks = |form| matches!(form, Form::Supposes | Form::LookAlike | Form::Denies);
        let form = || self.form(message, part);
        if offered.is_empty() || form().is_some_and(|(form, _)| only_asks(form)) {
            return verdict;
        }
        if !idle {
            offered.extend(weighed.best());
            offered.sort_by(|a, b| b.1.total_cmp(&a.1));
        }
        Verdict::Clarify(offered)
    }

    pub(super) fn stake(&self, intent: usize) -> Stake {
        let intent = self.catalogue.intents().get(intent);
        intent.map_or(Stake::Reads, |intent| {
            decide::stake(&intent.name, intent.safety)
        })
    }
}
