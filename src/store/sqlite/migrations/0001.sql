-- Version 1. Times are milliseconds since 1970. Bodies are ciphertext; ids tell nothing without the index key.
-- Receiving writes `seen` and `inbox` only, both in order of time, so that it appends instead of seeking.

CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    next  INTEGER NOT NULL              -- everything below it may have been handed out
) STRICT, WITHOUT ROWID;

CREATE TABLE seen (
    at_ms      INTEGER NOT NULL,        -- the event's own time: leads the key (design 2.5)
    hash       BLOB NOT NULL,
    stored_ms  INTEGER NOT NULL,        -- retention counts from the arrival
    PRIMARY KEY (at_ms, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
    id            INTEGER PRIMARY KEY,  -- order of arrival, never given out twice
    conversation  BLOB NOT NULL,
    at_ms         INTEGER NOT NULL,
    stored_ms     INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    retry_ms      INTEGER,              -- its conversation waits until then
    body          BLOB NOT NULL
) STRICT;

CREATE TABLE conversation (
    id            BLOB NOT NULL UNIQUE,
    state         BLOB,
    audit_head    BLOB NOT NULL,
    audit_length  INTEGER NOT NULL,
    changed_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    conversation  BLOB NOT NULL,
    position      INTEGER NOT NULL,
    id            BLOB NOT NULL,
    kind          TEXT NOT NULL,
    at_ms         INTEGER NOT NULL,
    digest        BLOB NOT NULL,
    previous      BLOB NOT NULL,
    hash          BLOB NOT NULL,
    body          BLOB NOT NULL,
    PRIMARY KEY (conversation, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
    seq           INTEGER PRIMARY KEY,
    conversation  BLOB NOT NULL,
    at_ms         INTEGER NOT NULL,
    body          BLOB NOT NULL
) STRICT;
CREATE INDEX record_by_conversation ON record (conversation, at_ms, seq);

CREATE TABLE page (
    key           INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    paused        INTEGER NOT NULL DEFAULT 0,
    paused_until  INTEGER,
    pause_reason  TEXT NOT NULL DEFAULT '',
    pause_code    INTEGER
) STRICT;

CREATE TABLE outbox (
    seq           INTEGER PRIMARY KEY,
    id            BLOB NOT NULL UNIQUE,
    conversation  BLOB NOT NULL,
    page          INTEGER NOT NULL REFERENCES page (key),
    turn          BLOB NOT NULL,
    class         INTEGER NOT NULL,
    base_rank     INTEGER NOT NULL,     -- 0 its turn has begun to go out, 1 urgent, 2 ordinary
    rank          INTEGER NOT NULL,     -- the same, or -1 while leased
    attempts      INTEGER NOT NULL,
    maybe_sent    INTEGER NOT NULL,
    fence         INTEGER NOT NULL,     -- 0 unless leased
    due_ms        INTEGER NOT NULL,     -- not before; while leased: when the lease and the wait for its echo end
    ready_ms      INTEGER,              -- due_ms, on the row that goes next in its conversation, else null
    not_after_ms  INTEGER,
    queued_ms     INTEGER NOT NULL,
    body          BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_by_conversation ON outbox (conversation, rank, seq);
CREATE INDEX outbox_ready ON outbox (page, ready_ms) WHERE ready_ms IS NOT NULL;

CREATE TABLE settled_send (
    seq         INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE,
    sent_ms     INTEGER,                -- null: it died; a late echo may still show that it went out
    settled_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE command (
    id            BLOB PRIMARY KEY,
    conversation  BLOB NOT NULL,
    kind          TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('ready', 'sent', 'unknown', 'done', 'rejected', 'needs_approval', 'not_sent')),
    attempts      INTEGER NOT NULL,
    checks        INTEGER NOT NULL,
    fence         INTEGER NOT NULL,     -- 0 unless leased
    due_ms        INTEGER,              -- when it may be leased; null when nothing is left to do
    not_after_ms  INTEGER NOT NULL,
    made_ms       INTEGER NOT NULL,
    settled_ms    INTEGER,
    body          BLOB NOT NULL
) STRICT;
CREATE INDEX command_due ON command (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX command_settled ON command (settled_ms) WHERE settled_ms IS NOT NULL;

CREATE TABLE timer (
    conversation  BLOB NOT NULL,
    kind          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    due_ms        INTEGER NOT NULL,
    body          BLOB NOT NULL,
    PRIMARY KEY (conversation, kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_due ON timer (due_ms);

CREATE TABLE case_file (
    number        INTEGER PRIMARY KEY,
    conversation  BLOB NOT NULL,
    kind          TEXT NOT NULL,
    status        TEXT NOT NULL,
    opened_ms     INTEGER NOT NULL,
    changed_ms    INTEGER NOT NULL,
    body          BLOB NOT NULL
) STRICT;
CREATE INDEX case_file_open ON case_file (number) WHERE status <> 'closed';

CREATE TABLE dead_letter (
    seq           INTEGER PRIMARY KEY,
    lane          TEXT NOT NULL CHECK (lane IN ('inbox', 'outbox')),
    conversation  BLOB NOT NULL,
    at_ms         INTEGER NOT NULL,     -- when it happened, or was queued
    stored_ms     INTEGER NOT NULL,     -- when it was received; tells which ingest key it needs
    buried_ms     INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    error         TEXT NOT NULL,        -- fixed words, never personal
    body          BLOB NOT NULL
) STRICT;
