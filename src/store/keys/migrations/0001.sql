-- Version 1 of the key store. Every key is wrapped by the master key; times are milliseconds since 1970.

CREATE TABLE fixed (
    name   TEXT PRIMARY KEY,            -- 'check': shows a wrong master key; 'index': never rotates
    value  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ingest_key (
    hour     INTEGER PRIMARY KEY,       -- hours since 1970
    wrapped  BLOB NOT NULL
) STRICT;

CREATE TABLE customer_key (
    conversation  BLOB NOT NULL,
    class         INTEGER NOT NULL,
    id            INTEGER NOT NULL,     -- what ciphertexts name
    wrapped       BLOB NOT NULL,
    made_ms       INTEGER NOT NULL,
    until_ms      INTEGER,              -- opens, no longer seals, and is destroyed then
    PRIMARY KEY (conversation, class, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_key_until ON customer_key (until_ms) WHERE until_ms IS NOT NULL;

CREATE TABLE forgotten (
    conversation  BLOB PRIMARY KEY,
    at_ms         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
