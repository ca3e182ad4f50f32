-- Who forgets a post waits for those who are storing posts at that moment, and they for him. Without
-- it neither would see the other's rows: a text would stay of which there was word. Each looks again
-- behind its gate, by statements of its own. A trader passes: it stores and forgets under the write
-- lock, and word of a deletion reaches it when the row of it stands.

CREATE FUNCTION deletions_gate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    number CONSTANT BIGINT := hashtextextended(TG_TABLE_SCHEMA || '.deletions', 0);
BEGIN
    IF coalesce(current_setting('bullfinch.token', true), '') <> '' THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'deletions' THEN
        PERFORM pg_advisory_xact_lock(number);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(number);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER deletions_gate BEFORE INSERT ON tweets
    FOR EACH STATEMENT EXECUTE FUNCTION deletions_gate();
CREATE TRIGGER deletions_gate BEFORE INSERT ON deletions
    FOR EACH STATEMENT EXECUTE FUNCTION deletions_gate();
