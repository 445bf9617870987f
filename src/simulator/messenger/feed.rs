//! What the chat page shows: people, their threads entry by entry, and every change of them in order.
//!
//! It is empty and costs nothing unless the page is served.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::message::Psid;

/// Entries kept for each person.
const MOST_ENTRIES: usize = 600;

/// Changes kept for a page that was away for a moment; one that was away longer starts anew.
const MOST_CHANGES: usize = 2_000;

/// A person at the page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Person {
    pub(super) psid: Psid,
    pub(super) name: String,
    /// Whether their account is linked from the start.
    pub(super) linked: bool,
}

#[derive(Debug)]
struct Entry {
    id: String,
    shown: Value,
}

#[derive(Debug, Default)]
struct Board {
    number: u64,
    changes: VecDeque<(u64, Arc<str>)>,
    people: Vec<Person>,
    threads: HashMap<Psid, VecDeque<Entry>>,
}

/// The feed of the page.
#[derive(Debug)]
pub(super) struct Feed {
    on: bool,
    board: Mutex<Board>,
    changed: watch::Sender<u64>,
}

/// What happened since a page looked last.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// These changes, each with its number.
    Changes(Vec<(u64, Arc<str>)>),
    /// Too much to tell: look at everything again.
    StartAnew,
}

impl Feed {
    pub(super) fn new(on: bool) -> Self {
        Self {
            on,
            board: Mutex::default(),
            changed: watch::Sender::new(0),
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a person, or renames one.
    pub(super) fn add_person(&self, person: Person) {
        if !self.on {
            return;
        }
        let mut board = self.board();
        match board.people.iter_mut().find(|old| old.psid == person.psid) {
            Some(old) => *old = person,
            None => board.people.push(person),
        }
        let people = json!({"people": board.people});
        self.announce(&mut board, &people);
    }

    /// Makes sure that a person who acts is on the page.
    pub(super) fn know(&self, psid: &Psid) {
        if !self.on {
            return;
        }
        let known = self
            .board()
            .people
            .iter()
            .any(|person| person.psid == *psid);
        if !known {
            self.add_person(Person {
                psid: psid.clone(),
                name: psid.as_str().to_owned(),
                linked: true,
            });
        }
    }

    pub(super) fn has_person(&self, psid: &Psid) -> bool {
        self.board()
            .people
            .iter()
            .any(|person| person.psid == *psid)
    }

    pub(super) fn count_people(&self) -> usize {
        self.board().people.len()
    }

    /// Adds an entry to a thread, or replaces the one of the same id.
    pub(super) fn put(&self, psid: &Psid, id: &str, make: impl FnOnce() -> Value) {
        if !self.on {
            return;
        }
        let mut shown = make();
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("id".to_owned(), id.into());
        }
        let mut board = self.board();
        let change = json!({"psid": psid, "entry": shown});
        let thread = board.threads.entry(psid.clone()).or_default();
        if let Some(old) = thread.iter_mut().rev().find(|entry| entry.id == id) {
            old.shown = shown;
        } else {
            if thread.len() >= MOST_ENTRIES {
                thread.pop_front();
            }
            thread.push_back(Entry {
                id: id.to_owned(),
                shown,
            });
        }
        self.announce(&mut board, &change);
    }

    /// Changes one field of an entry that is there.
    pub(super) fn patch(&self, psid: &Psid, id: &str, field: &str, value: Value) {
        if !self.on {
            return;
        }
        let mut board = self.board();
        let Some(shown) = board
            .threads
            .get_mut(psid)
            .and_then(|thread| thread.iter_mut().rev().find(|entry| entry.id == id))
            .and_then(|entry| entry.shown.as_object_mut())
        else {
            return;
        };
        shown.insert(field.to_owned(), value);
        let change = json!({"psid": psid, "entry": shown});
        self.announce(&mut board, &change);
    }

    /// Tells every page something that belongs to no thread.
    pub(super) fn tell(&self, make: impl FnOnce() -> Value) {
        if !self.on {
            return;
        }
        let change = make();
        self.announce(&mut self.board(), &change);
    }

    fn announce(&self, board: &mut Board, change: &Value) {
        board.number += 1;
        let number = board.number;
        board.changes.push_back((number, change.to_string().into()));
        if board.changes.len() > MOST_CHANGES {
            board.changes.pop_front();
        }
        self.changed.send_replace(number);
    }

    /// Returns everything there is, and its number.
    pub(super) fn everything(&self) -> Value {
        let board = self.board();
        let threads: HashMap<&str, Vec<&Value>> = board
            .threads
            .iter()
            .map(|(psid, thread)| {
                let entries = thread.iter().map(|entry| &entry.shown).collect();
                (psid.as_str(), entries)
            })
            .collect();
        json!({"number": board.number, "people": board.people, "threads": threads})
    }

    /// Returns what came after a number.
    pub(super) fn after(&self, number: u64) -> News {
        let board = self.board();
        let oldest = board.changes.front().map_or(board.number + 1, |(n, _)| *n);
        if number > board.number || number + 1 < oldest {
            return News::StartAnew;
        }
        News::Changes(
            board
                .changes
                .iter()
                .filter(|(change, _)| *change > number)
                .cloned()
                .collect(),
        )
    }

    /// Changes whenever something happened.
    pub(super) fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_see_changes_in_order_and_everything_when_they_were_away_too_long() {
        let feed = Feed::new(true);
        let rosa = Psid::from("rosa");
        feed.know(&rosa);
        feed.put(&rosa, "m_1", || json!({"kind": "in", "status": "sending"}));
        feed.patch(&rosa, "m_1", "status", "taken".into());
        let News::Changes(changes) = feed.after(1) else {
            panic!("nothing was lost");
        };
        assert_eq!(changes.len(), 2);
        assert!(changes[1].1.contains("taken"));
        assert_eq!(
            feed.everything()["threads"]["rosa"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        for _ in 0..=MOST_CHANGES {
            feed.put(&rosa, "m_1", || json!({"kind": "in"}));
        }
        assert_eq!(feed.after(1), News::StartAnew);
        assert_eq!(
            feed.after(1_000_000),
            News::StartAnew,
            "another simulator's number"
        );
    }

    #[test]
    fn a_feed_that_is_off_keeps_nothing() {
        let feed = Feed::new(false);
        feed.put(&Psid::from("rosa"), "m_1", || unreachable!("not even made"));
        feed.know(&Psid::from("rosa"));
        assert_eq!(feed.count_people(), 0);
    }
}
