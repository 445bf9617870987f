-- Pages that show something once: what a turn offers a customer outside the thread.
CREATE TABLE view (
    id            BLOB PRIMARY KEY,     -- SHA-256 of the link's secret: the link itself is stored nowhere
    conversation  BLOB NOT NULL,
    expires_ms    INTEGER NOT NULL,
    body          BLOB NOT NULL         -- what is shown is read at the bank then; here is only what to read
) STRICT, WITHOUT ROWID;
CREATE INDEX view_expires ON view (expires_ms);
