//! Cases of a conversation: opened, extended, closed; by the customer, by an unknown outcome, by staff.

use std::collections::BTreeMap;

use super::super::case::{CLOSED, Case, Charge, KnownCase, Note, OPEN};
use super::super::effect::Effect;
use super::super::input::OperatorAct;
use super::super::state::Executing;
use super::Turn;

/// More cases than one customer has; older ones are in the store only.
const KEPT: usize = 50;

/// The kind of a case that is open because nobody can say what the bank did.
const UNKNOWN_OUTCOME: &str = "unknown_outcome";

impl Turn<'_> {
    /// Opens a case, or extends one that is known (A2, A9).
    pub(super) fn keep_case(&mut self, case: Case, charge: Option<Charge>) {
        let closed = case.is_closed();
        let known = &mut self.state.cases;
        let position = known.iter().position(|known| known.number == case.number);
        let kind = if let Some(known) = position.and_then(|at| known.get_mut(at)) {
            let kind = if closed && !known.closed {
                "case_closed"
            } else {
                "case_extended"
            };
            known.closed = closed;
            known.charge = charge.or_else(|| known.charge.take());
            kind
        } else {
            if known.len() >= KEPT {
                known.remove(0);
            }
            known.push(KnownCase {
                number: case.number,
                kind: case.kind.clone(),
                at_ms: case.opened_ms,
                closed,
                charge,
            });
            "case_opened"
        };
        self.effects.push(Effect::Audit {
            kind,
            payload: serde_json::json!({"number": case.number, "kind": case.kind}),
        });
        self.effects.push(Effect::Case(case));
    }

    /// Nobody can say whether the bank did it: somebody has to look (design 2.2).
    pub(super) fn open_unknown(&mut self, executing: &mut Executing, number: Option<i64>) {
        let Some(number) = number.filter(|_| executing.case.is_none()) else {
            return;
        };
        executing.case = Some(number);
        let case = self.case_of(executing, number, OPEN, "unknown");
        self.keep_case(case, None);
    }

    /// The truth came late: nothing is left to look for.
    pub(super) fn close_unknown(&mut self, executing: &Executing, outcome: &str) {
        if let Some(number) = executing.case {
            let case = self.case_of(executing, number, CLOSED, outcome);
            self.keep_case(case, None);
        }
    }

    fn case_of(&self, executing: &Executing, number: i64, status: &str, outcome: &str) -> Case {
        let kind = executing.kind.name();
        let slots = executing.request.slots.iter();
        let mut details: BTreeMap<String, String> = slots
            .filter_map(|(name, value)| Some((name.to_owned(), value.as_text()?.to_owned())))
            .chain(executing.request.bound.clone())
            .collect();
        for (name, value) in [
            ("command", kind.to_owned()),
            ("command_id", executing.id.to_string()),
            ("outcome", outcome.to_owned()),
        ] {
            details.insert(name.to_owned(), value);
        }
        Case {
            number,
            kind: UNKNOWN_OUTCOME.to_owned(),
            opened_ms: self.input.now_ms,
            words: String::new(),
            summary: format!("{UNKNOWN_OUTCOME}: the bank did not say what became of {kind}"),
            details,
            transcript: self
                .state
                .recent
                .iter()
                .map(|recent| recent.text.clone())
                .collect(),
            status: status.to_owned(),
            notes: Vec::new(),
        }
    }

    /// Staff wrote to a case, or closed it. The customer hears of it when they ask.
    pub(super) fn operated(&mut self, act: OperatorAct) {
        let (stored, text, closes) = match act {
            OperatorAct::NoteCase { case, text } => (case, Some(text), false),
            OperatorAct::CloseCase { case, text } => (case, text, true),
        };
        // What the conversation knows may be newer than what the store knew when staff wrote; what it does not know any
        // more is taken from the store.
        let mut known = self.state.cases.iter();
        let known = known.find(|known| known.number == stored.number);
        let closed = known.map_or(stored.closed, |known| known.closed);
        let status = if closes || closed { CLOSED } else { OPEN };
        let case = Case {
            number: stored.number,
            kind: stored.kind,
            opened_ms: stored.opened_ms,
            words: String::new(),
            summary: String::new(),
            details: BTreeMap::new(),
            transcript: Vec::new(),
            status: status.to_owned(),
            notes: text
                .map(|text| Note {
                    at_ms: self.input.at_ms,
                    text,
                })
                .into_iter()
                .collect(),
        };
        self.keep_case(case, None);
    }
}
