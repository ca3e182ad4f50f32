-- What retention leaves behind of what it removed: sums, so that totals stay what they were, and the
-- anchor at which the audit chain begins.

-- Posts by their outcome ('' with signals) and refused signals by their reason, of which there are no
-- rows any more.
CREATE TABLE pruned (
    what TEXT NOT NULL CHECK (what = 'post' OR what = 'signal'),
    name TEXT NOT NULL,
    rows INTEGER NOT NULL CHECK (rows >= 0),
    PRIMARY KEY (what, name)
) STRICT, WITHOUT ROWID;

-- The rows up to here were let go of: the next one follows on this hash. A later row of audit_log
-- says the same, and is part of the chain: an anchor that was made up has none.
CREATE TABLE audit_anchor (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    rows  INTEGER NOT NULL CHECK (rows >= 1),
    hash  TEXT NOT NULL CHECK (length(hash) = 64),
    at    INTEGER NOT NULL,
    actor TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_anchor_no_delete BEFORE DELETE ON audit_anchor
BEGIN
    SELECT RAISE(ABORT, 'audit_anchor is one row');
END;
CREATE TRIGGER audit_anchor_no_return BEFORE UPDATE ON audit_anchor WHEN NEW.rows <= OLD.rows
BEGIN
    SELECT RAISE(ABORT, 'audit_anchor moves forward only');
END;

-- Append-only but for what stands before the anchor.
DROP TRIGGER audit_log_no_delete;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
WHEN OLD.id > coalesce((SELECT rows FROM audit_anchor), 0)
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;

CREATE VIEW audit_anchor_v AS SELECT
    rows, hash,
    strftime('%Y-%m-%dT%H:%M:%S', at / 1000000, 'unixepoch')
        || printf('.%06dZ', at % 1000000) AS at,
    actor
FROM audit_anchor;
