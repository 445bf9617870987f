//! Which words of a message are one request.
//!
//! A message may be cut at its sentences, commas and joining words, and where a new request begins without any. Every way
//! of cutting it there is weighed against reading it as one: a piece counts for as much as it is sure of what it wants, less
//! what a cut costs, and one unsure piece rules the cut out. A piece without a verb that goes on from the one before
//! ("… and 20 to jake") is no request of its own, but another thing of the same one.

use std::ops::Range;

use crate::intent::clauses::Break;
use crate::intent::compose::{self, Cut};
use crate::intent::explain::Trace;
use crate::intent::ruleset::Match;

use super::Matcher;
use super::piece::{Piece, SHORT};
use super::settle::{Message, Part};

/// What a piece must be surer by for a cut to pay.
pub(super) const CUT_COSTS: f32 = 0.35;
/// The best way to cut the beginning of a message, up to the end of its last piece.
struct Way {
    gain: f32,
    /// The first span of the piece before the last.
    before: Option<usize>,
    piece: Piece,
}

/// The best ways, by the last span of their last piece and then by its first.
#[derive(Default)]
struct Table(Vec<Vec<Option<Way>>>);

impl Table {
    /// Whether some way ends before a span.
    fn reaches(&self, from: usize) -> bool {
        from.checked_sub(1).is_none_or(|last| {
            let row = self.0.get(last);
            row.is_some_and(|row| row.iter().any(Option::is_some))
        })
    }

    fn piece(&self, from: usize, to: usize) -> Option<&Piece> {
        let way = self.0.get(to)?.get(from)?.as_ref()?;
        Some(&way.piece)
    }

    /// Returns what the best way through the whole message gains, and its parts.
    fn best(mut self) -> Option<(f32, Vec<Part>)> {
        let ways = self.0.last()?.iter().enumerate();
        let (mut from, gain) = ways
            .filter_map(|(from, way)| Some((from, way.as_ref()?.gain)))
            .max_by(|a, b| a.1.total_cmp(&b.1))?;
        let mut to = self.0.len() - 1;
        let mut parts = Vec::new();
        loop {
            let Way { before, piece, .. } = self.0.get_mut(to)?.get_mut(from)?.take()?;
            parts.push(Part {
                words: piece.words,
                weighed: piece.weighed,
                background: piece.background,
            });
            let Some(before) = before else { break };
            to = from - 1;
            from = before;
        }
        parts.reverse();
        Some((gain, parts))
    }
}

impl Matcher {
    /// Cuts a message where that reads better than the whole, and weighs the parts.
    pub(super) fn parts(
        &self,
        message: &Message<'_>,
        alarms: &[Match<'_>],
        trace: &mut Trace,
    ) -> Vec<Part> {
        let words = 0..message.words.len();
        let weighed = self.weigh(message.utterance, &words);
        trace.weighed(self, message.utterance.form(), &weighed);
        let whole = Part {
            words,
            weighed,
            background: false,
        };
        if whole.weighed.known.is_some() || whole.weighed.best().is_none() {
            return vec![whole];
        }
        let seams = self.seams(message, alarms);
        let cut = if seams.is_empty() {
            None
        } else {
            self.best_cut(message, &whole, alarms, &seams)
        };
        if let Some(parts) = cut {
            for part in &parts {
                trace.weighed(
                    self,
                    message.utterance.form_of(part.words.clone()),
                    &part.weighed,
                );
            }
            return parts;
        }
        // "Oh and …" begins a message as it would go on with one.
        let begin = compose::joined(message.utterance, &whole.words, 0);
        if begin > 0 && begin < whole.words.end {
            let words = begin..whole.words.end;
            let weighed = self.weigh(message.utterance, &words);
            if weighed.known.is_some() || weighed.certainty > whole.weighed.certainty {
                trace.weighed(self, message.utterance.form_of(words.clone()), &weighed);
                return vec![Part {
                    words,
                    weighed,
                    background: false,
                }];
            }
        }
        vec![whole]
    }

    /// Returns where a message may be cut, in order. What raised an alarm is one thing: "I bought one ticket, got charged for
    /// three".
    fn seams(&self, message: &Message<'_>, alarms: &[Match<'_>]) -> Vec<Cut> {
        let words = 0..message.words.len();
        let mut seams = compose::cuts(message.utterance, &words);
        for at in 1..words.end {
            let begins = self.answers.begins_request(message.sighted, at)
                && seams.iter().all(|seam| at < seam.end || seam.start < at);
            if begins && seams.len() < compose::CUTS_MAX {
                seams.push(Cut::without_mark(at));
            }
        }
        seams.retain(|seam| {
            alarms
                .iter()
                .all(|alarm| alarm.words.start >= seam.end || seam.start >= alarm.words.end)
        });
        seams.sort_by_key(|seam| seam.end);
        seams
    }

    /// Returns the parts of the best way to cut a message, where it is better than not to.
    fn best_cut(
        &self,
        message: &Message<'_>,
        whole: &Part,
        alarms: &[Match<'_>],
        seams: &[Cut],
    ) -> Option<Vec<Part>> {
        let begin = compose::joined(message.utterance, &whole.words, 0);
        let starts = std::iter::once(begin).chain(seams.iter().map(|seam| seam.start));
        let ends = seams
            .iter()
            .map(|seam| seam.end)
            .chain(std::iter::once(whole.words.end));
        let spans: Vec<Range<usize>> = starts.zip(ends).map(|(start, end)| start..end).collect();
        let mut table = Table::default();
        for (to, last) in spans.iter().enumerate() {
            let mut row = Vec::with_capacity(to + 1);
            for (from, first) in spans.iter().enumerate().take(to + 1) {
                let words = first.start..last.end;
                // The whole was weighed before, and what nothing leads to need not be.
                let leads = from > 0 || to + 1 < spans.len();
                let piece = (leads && !words.is_empty() && table.reaches(from))
                    .then(|| self.piece(message, whole, alarms, words))
                    .flatten()
                    .or_else(|| {
                        let head = table.piece(from, to.checked_sub(1)?)?;
                        self.stretched(message, head, last.clone())
                    });
                row.push(piece.and_then(|piece| self.way(message, &table, from, piece)));
            }
            table.0.push(row);
        }
        let (gain, parts) = table.best()?;
        let pays = gain >= whole.weighed.certainty - CUT_COSTS;
        (pays && parts.iter().any(|part| !part.background)).then_some(parts)
    }

    /// Returns the best way that ends with a piece, whose first span is at `from`.
    fn way(&self, message: &Message<'_>, table: &Table, from: usize, piece: Piece) -> Option<Way> {
        let Some(last) = from.checked_sub(1) else {
            return Some(Way {
                gain: piece.gain,
                before: None,
                piece,
            });
        };
        let mut best: Option<(f32, usize)> = None;
        for (before, way) in table.0.get(last)?.iter().enumerate() {
            let Some(way) = way else { continue };
            let gain = way.gain + piece.gain;
            if best.is_none_or(|(best, _)| best < gain)
                && self.parts_from(message, &way.piece, &piece)
            {
                best = Some((gain, before));
            }
        }
        best.map(|(gain, before)| Way {
            gain,
            before: Some(before),
            piece,
        })
    }

    /// Lets a piece go on with another thing of the same request, which makes the whole of it look unclear.
    fn stretched(&self, message: &Message<'_>, head: &Piece, more: Range<usize>) -> Option<Piece> {
        self.is_another(message, head, &more).then(|| Piece {
            words: head.words.start..more.end,
            weighed: head.weighed.clone(),
            intent: head.intent,
            gain: head.gain,
            asks: head.asks,
            background: head.background,
        })
    }

    /// Whether a piece is another request than the one before it.
    fn parts_from(&self, message: &Message<'_>, previous: &Piece, piece: &Piece) -> bool {
        if previous.background || piece.background {
            return previous.asks || piece.asks;
        }
        // Where nothing parts the two, both must begin as requests do: "my card is cracked send another" is one.
        let marks = message.utterance.clauses().words();
        let unmarked = previous.words.end == piece.words.start
            && marks
                .get(piece.words.start)
                .is_some_and(|word| word.before == Break::None);
        let opens = || {
            (previous.weighed.known.is_some() && previous.words.len() < SHORT)
                || self
                    .answers
                    .opens_request(message.sighted, previous.words.clone())
        };
        if unmarked && self.is_asked_for(previous.intent) && !opens() {
            return false;
        }
        if previous.intent != piece.intent {
            return !self.is_another(message, previous, &piece.words);
        }
        let Some(told_by) = self.name(piece.intent).and_then(compose::told_apart_by) else {
            return false;
        };
        let fill = |words: &Range<usize>| self.fill_of(message, piece.intent, words);
        compose::differ(told_by, &fill(&previous.words), &fill(&piece.words))
    }
}
