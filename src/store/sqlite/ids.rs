//! Numbers that are never given out twice, not even after a crash: inbox ids, fences, case numbers.
//!
//! The next number lives in memory. What is on disk is a mark that all numbers in use are below, moved
//! on by a block at a time in the transaction that first uses the block, so that counting costs nothing.

use rusqlite::{Connection, OptionalExtension};

/// How many numbers one write of the mark covers.
const BLOCK: i64 = 10_000;

/// One sequence.
#[derive(Debug)]
pub(super) struct Sequence {
    name: &'static str,
    block: i64,
    next: i64,
    reserved: i64,
}

impl Sequence {
    /// Makes the sequence; the first number taken reads where it may go on.
    fn new(name: &'static str, block: i64) -> Self {
        Self {
            name,
            block,
            next: 1,
            reserved: 1,
        }
    }

    /// Takes the next number; must run inside the transaction that uses it.
    pub(super) fn take(&mut self, conn: &Connection) -> rusqlite::Result<i64> {
        if self.next >= self.reserved {
            // Read again each time: an operator's command in another process takes blocks as well.
            let mark: Option<i64> = conn
                .prepare_cached("SELECT next FROM counter WHERE name = ?1")?
                .query_row([self.name], |row| row.get(0))
                .optional()?;
            self.next = self.next.max(mark.unwrap_or(1));
            self.reserved = self.next.saturating_add(self.block);
            conn.prepare_cached(
                "INSERT INTO counter (name, next) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET next = excluded.next",
            )?
            .execute((self.name, self.reserved))?;
        }
        let taken = self.next;
        self.next += 1;
        Ok(taken)
    }
}

/// The sequences of the store.
#[derive(Debug)]
pub(super) struct Ids {
    /// Inbox rows: the order of arrival.
    pub(super) inbox: Sequence,
    /// Leases of conversations, sends and commands.
    pub(super) fence: Sequence,
    /// Case numbers: people read them, so none is skipped.
    pub(super) case: Sequence,
}

/// Where the marks stood, to go back to when a transaction or savepoint is undone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks([i64; 3]);

impl Ids {
    /// Makes all sequences.
    pub(super) fn new() -> Self {
        Self {
            inbox: Sequence::new("inbox", BLOCK),
            fence: Sequence::new("fence", BLOCK),
            case: Sequence::new("case", 1),
        }
    }

    /// Returns what [`Ids::restore`] goes back to.
    pub(super) fn marks(&self) -> Marks {
        Marks([self.inbox.reserved, self.fence.reserved, self.case.reserved])
    }

    /// Forgets reservations that were undone. Numbers taken stay taken: gaps do no harm.
    pub(super) fn restore(&mut self, Marks([inbox, fence, case]): Marks) {
        self.inbox.reserved = inbox;
        self.fence.reserved = fence;
        self.case.reserved = case;
    }
}
