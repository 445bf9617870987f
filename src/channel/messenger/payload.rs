//! From Meta's webhook JSON to our events.
//!
//! Tolerant by construction: a field of another type than expected is a missing field, a doubled key counts
//! once (the last), and what is not known is counted. Every event is read on its own, so that one that makes
//! no sense never loses its neighbours. Numbers are read from their text: ids grow past 2^53 (platform 1.3).

mod event;
mod json;

use std::borrow::Cow;

use crate::message::InboundEvent;

use super::signature::SignedBody;
use json::{Json, root};

/// What a request held.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The events, in the order in which they came.
    pub events: Vec<InboundEvent>,
    /// What was passed over.
    pub skipped: Skipped,
}

/// What was passed over, to be counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// The request is about something else than a Page, for example Instagram.
    pub foreign_object: bool,
    /// Entries with neither events nor changes.
    pub empty_entries: u64,
    /// Elements of `changes[]`: template status, the Page's feed, the dashboard's test.
    pub changes: u64,
    /// Elements that are no objects.
    pub unreadable: u64,
}

impl Skipped {
    /// Goes through what was passed over, by the names used in metrics.
    pub fn counts(self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("foreign_object", u64::from(self.foreign_object)),
            ("empty_entry", self.empty_entries),
            ("changes", self.changes),
            ("unreadable", self.unreadable),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
    }
}

/// The body is no JSON object. Since it was signed, it is acknowledged and counted all the same: a webhook
/// that keeps failing is switched off by the platform (platform 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON object")]
pub struct Unparsable;

/// Reads the events of a verified request.
pub fn parse(body: &SignedBody) -> Result<Parsed, Unparsable> {
    // Invalid UTF-8 becomes U+FFFD, in ids and texts alike; the rest of the request is worth reading.
    let text: Cow<'_, str> = String::from_utf8_lossy(body.bytes());
    let root = root(&text).ok_or(Unparsable)?;
    let mut parsed = Parsed::default();
    let mut page_object = false;
    let mut entries = None;
    let known = root.fields(|key, value| match key {
        b"object" => page_object = value.text().is_some_and(|object| object == "page"),
        b"entry" => entries = Some(value),
        _ => {}
    });
    if !known {
        return Err(Unparsable);
    }
    if !page_object {
        parsed.skipped.foreign_object = true;
        return Ok(parsed);
    }
    for entry in entries.map(Json::items).unwrap_or_default() {
        read_entry(entry, &mut parsed);
    }
    Ok(parsed)
}

fn read_entry(entry: Json<'_>, parsed: &mut Parsed) {
    let mut page = None;
    let mut lanes = [None, None];
    let mut changes = None;
    let known = entry.fields(|key, value| match key {
        b"id" => page = value.id(),
        b"messaging" => lanes[0] = Some(value),
        b"standby" => lanes[1] = Some(value),
        b"changes" => changes = Some(value),
        _ => {}
    });
    if !known {
        parsed.skipped.unreadable += 1;
        return;
    }
    let mut empty = true;
    for (lane, standby) in lanes.into_iter().zip([false, true]) {
        for element in lane.map(Json::items).unwrap_or_default() {
            empty = false;
            match event::read(element, page.as_deref(), standby) {
                Some(event) => parsed.events.push(event),
                None => parsed.skipped.unreadable += 1,
            }
        }
    }
    let changes = changes.map(Json::items).unwrap_or_default().len();
    if changes > 0 {
        parsed.skipped.changes += changes as u64;
    } else if empty {
        parsed.skipped.empty_entries += 1;
    }
}

#[cfg(test)]
mod tests;
