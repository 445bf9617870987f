//! Assertions: what was understood, asked, told, opened.

use crate::app::TurnSeen;
use crate::bank::model::CardState;
use crate::conversation::Case;

use super::super::report::{Difference, Failure};
use super::{Played, Player};

impl Player<'_> {
    pub(super) async fn assert(&mut self, line: usize, negated: bool, text: &str) -> Played {
        let (holds, got, difference) = self.check(line, text).await?;
        if holds != negated || self.update {
            return Ok(());
        }
        let expected = if negated {
            format!("not {text}")
        } else {
            text.to_owned()
        };
        Err(self.failure(line, difference, &expected, &got))
    }

    /// Returns whether an assertion holds, what was found, and what kind of difference it would be.
    async fn check(
        &mut self,
        line: usize,
        text: &str,
    ) -> Result<(bool, String, Difference), Box<Failure>> {
        let (what, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim();
        Ok(match what {
            "intent" => {
                let got = self.understood().unwrap_or_else(|| "nothing".to_owned());
                (self.has_reading(rest), got, Difference::UnderstoodOtherwise)
            }
            "decision" | "language" => {
                let got = self
                    .seen
                    .iter()
                    .filter_map(|seen| seen.understanding.as_ref())
                    .map(|understanding| {
                        if what == "language" {
                            understanding.language.code().to_owned()
                        } else {
                            format!("{:?}", understanding.decision).to_lowercase()
                        }
                    })
                    .next_back()
                    .unwrap_or_default();
                (got == rest, got, Difference::UnderstoodOtherwise)
            }
            "asked" => {
                let (holds, got) = self.among(rest, |seen| &seen.queries);
                (holds, got, Difference::OtherBankCalls)
            }
            "told" => {
                let (holds, got) = self.among(rest, |seen| &seen.commands);
                (holds, got, Difference::OtherBankCalls)
            }
            "nothing" if rest == "frozen" || rest == "told" || rest == "asked" => {
                return Box::pin(self.nothing(line, rest)).await;
            }
            "card" => self.card(line, rest)?,
            "case" => {
                let got = self
                    .stage
                    .cases()
                    .await
                    .map_err(|error| self.bad(line, &format!("{error:#}")))?;
                // `case`, `case dispute`, `case dispute closed`, `case 1 said: words of the customer or of staff`.
                let holds = got.iter().any(|case| is_case(case, rest));
                let got: Vec<String> = got
                    .iter()
                    .map(|case| format!("{} {} {}", case.number, case.kind, case.status))
                    .collect();
                (holds, got.join(", "), Difference::AssertionFailed)
            }
            // `page 410`, `page 200 Account number`.
            "page" => {
                let (status, words) = rest.split_once(' ').unwrap_or((rest, ""));
                let got = self.last_status.map_or(0, |status| status.as_u16());
                let holds = got.to_string() == status && self.last_page.contains(words);
                let got = format!("{got} {}", self.last_page);
                (holds, got, Difference::AssertionFailed)
            }
            "handed" => {
                let holds = self.seen.iter().any(|seen| seen.handed_over);
                let got = if holds {
                    "handed over"
                } else {
                    "not handed over"
                };
                (holds, got.to_owned(), Difference::AssertionFailed)
            }
            "audit" => {
                let (holds, got) = self.among(rest, |seen| &seen.audit);
                (holds, got, Difference::AssertionFailed)
            }
            "type" => {
                let got = self.last_type.clone();
                (got == rest, got, Difference::AssertionFailed)
            }
            "variant" => {
                let got: Vec<String> = self
                    .seen
                    .iter()
                    .flat_map(|seen| &seen.spoken)
                    .map(|spoken| format!("{}.{}", spoken.intent, spoken.variant))
                    .collect();
                let holds = got
                    .iter()
                    .any(|one| one == rest || one.ends_with(&format!(".{rest}")));
                (holds, got.join(" "), Difference::OtherWords)
            }
            _ => {
                return Err(self.bad(
                    line,
                    &format!(
                        "`{text}` is none of: intent, decision, language, asked, told, nothing frozen, card, case, handed over, page, audit, type, variant"
                    ),
                ));
            }
        })
    }

    /// Looks for a name among those of all turns since the customer last did something; no name: for any.
    fn among(&self, name: &str, of: impl Fn(&TurnSeen) -> &Vec<&'static str>) -> (bool, String) {
        let got: Vec<&str> = self.seen.iter().flat_map(|seen| of(seen).clone()).collect();
        let holds = if name.is_empty() {
            !got.is_empty()
        } else {
            got.contains(&name)
        };
        (holds, got.join(" "))
    }

    async fn nothing(
        &mut self,
        line: usize,
        what: &str,
    ) -> Result<(bool, String, Difference), Box<Failure>> {
        if what == "frozen" {
            let cards = self
                .shared
                .bank
                .control()
                .cards(&self.stage.subject)
                .map_err(|error| self.bad(line, &error.to_string()))?;
            let frozen: Vec<String> = cards
                .iter()
                .filter(|card| card.state == CardState::Frozen)
                .map(|card| card.last4.clone())
                .collect();
            return Ok((
                frozen.is_empty(),
                format!("frozen: {}", frozen.join(" ")),
                Difference::OtherBankCalls,
            ));
        }
        let (holds, got, difference) = self.check(line, what).await?;
        Ok((!holds, got, difference))
    }

    fn card(&self, line: usize, rest: &str) -> Result<(bool, String, Difference), Box<Failure>> {
        let (last4, state) = rest.split_once(' ').unwrap_or((rest, "frozen"));
        let cards = self
            .shared
            .bank
            .control()
            .cards(&self.stage.subject)
            .map_err(|error| self.bad(line, &error.to_string()))?;
        let got = cards
            .iter()
            .map(|card| format!("{} {}", card.last4, state_name(card.state)))
            .collect::<Vec<_>>()
            .join(", ");
        let holds = cards
            .iter()
            .any(|card| card.last4 == last4 && state_name(card.state) == state);
        Ok((holds, got, Difference::OtherBankCalls))
    }

    /// `balance account=savings`: some reading has this name and these slots.
    fn has_reading(&self, text: &str) -> bool {
        let mut parts = text.split_whitespace();
        let Some(name) = parts.next() else {
            return false;
        };
        let slots: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
        self.readings().any(|reading| {
            reading.name == *name
                && slots
                    .iter()
                    .all(|(slot, value)| reading.slots.text(slot) == Some(value))
        })
    }
}

/// Tells whether a case is the one asked for: `KIND [STATUS]`, or `NUMBER said: WORDS`.
fn is_case(case: &Case, asked: &str) -> bool {
    if let Some((number, words)) = asked.split_once(" said: ") {
        return case.number.to_string() == number && holds_words(case, words);
    }
    let mut asked = asked.split_whitespace();
    let (kind, status) = (asked.next(), asked.next());
    kind.is_none_or(|kind| case.kind == kind) && status.is_none_or(|status| case.status == status)
}

/// Tells whether a case holds these words: what the customer wrote, what was understood, or what staff wrote.
fn holds_words(case: &Case, words: &str) -> bool {
    let details = case.details.values();
    let notes = case.notes.iter().map(|note| &note.text);
    std::iter::once(&case.words)
        .chain(&case.transcript)
        .chain(details)
        .chain(notes)
        .any(|text| text.contains(words))
}

const fn state_name(state: CardState) -> &'static str {
    match state {
        CardState::Active => "active",
        CardState::Frozen => "frozen",
        CardState::Blocked => "blocked",
        CardState::Cancelled => "cancelled",
        CardState::Expired => "expired",
        CardState::NotActivated => "not_activated",
    }
}
