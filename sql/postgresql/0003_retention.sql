-- What retention leaves behind of what it removed: sums, so that totals stay what they were, and the
-- anchor at which the audit chain begins.

-- Posts by their outcome ('' with signals) and refused signals by their reason, of which there are no
-- rows any more.
CREATE TABLE pruned (
    what TEXT COLLATE "C" NOT NULL CHECK (what IN ('post', 'signal')),
    name TEXT COLLATE "C" NOT NULL,
    rows BIGINT NOT NULL CHECK (rows >= 0),
    PRIMARY KEY (what, name)
);

-- The rows up to here were let go of: the next one follows on this hash. A later row of audit_log
-- says the same, and is part of the chain: an anchor that was made up has none.
CREATE TABLE audit_anchor (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    rows  BIGINT NOT NULL CHECK (rows >= 1),
    hash  TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64),
    at    TIMESTAMPTZ NOT NULL,
    actor TEXT COLLATE "C" NOT NULL
);
CREATE TRIGGER audit_anchor_no_delete BEFORE DELETE ON audit_anchor
    FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER audit_anchor_no_truncate BEFORE TRUNCATE ON audit_anchor
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
-- It moves forward only.
CREATE TRIGGER audit_anchor_no_return BEFORE UPDATE ON audit_anchor
    FOR EACH ROW WHEN (NEW.rows <= OLD.rows) EXECUTE FUNCTION append_only();

-- The log is append-only but for what stands before the anchor.
CREATE FUNCTION append_only_behind_anchor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.id > coalesce((SELECT rows FROM audit_anchor), 0) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$;
DROP TRIGGER audit_log_no_delete ON audit_log;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION append_only_behind_anchor();
