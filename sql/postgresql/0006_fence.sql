-- The fence is asked once a transaction, not with each of the twenty statements of a turn: what it has
-- found holds until the end, as the lock that it takes does, and is noted in a setting that ends with
-- the transaction. Sessions that are no trader's do not ask at all.

CREATE OR REPLACE FUNCTION leader_fence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mine CONSTANT TEXT := current_setting('bullfinch.token', true);
    held BIGINT;
BEGIN
    SELECT l.token INTO held FROM leader l WHERE l.id = 1 FOR SHARE;
    IF held IS DISTINCT FROM mine::BIGINT THEN
        RAISE EXCEPTION 'another trader has taken over (token %, this one has %)', held, mine
            USING ERRCODE = 'ZF001';
    END IF;
    PERFORM set_config('bullfinch.fenced', mine, true);
    RETURN NULL;
END
$$;

DO $$
DECLARE
    fenced NAME;
BEGIN
    FOR fenced IN SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE t.tgname = 'leader_fence' AND c.relnamespace =
              (SELECT relnamespace FROM pg_class WHERE oid = 'tweets'::regclass)
    LOOP
        EXECUTE format('DROP TRIGGER leader_fence ON %I', fenced);
        EXECUTE format('CREATE TRIGGER leader_fence BEFORE INSERT OR UPDATE OR DELETE ON %I '
                       'FOR EACH STATEMENT WHEN (coalesce(current_setting(''bullfinch.token'', true), '''') '
                       'IS DISTINCT FROM coalesce(current_setting(''bullfinch.fenced'', true), '''')) '
                       'EXECUTE FUNCTION leader_fence()', fenced);
    END LOOP;
END
$$;

DROP TRIGGER deletions_gate ON tweets;
CREATE TRIGGER deletions_gate BEFORE INSERT ON tweets FOR EACH STATEMENT
    WHEN (coalesce(current_setting('bullfinch.token', true), '') = '') EXECUTE FUNCTION deletions_gate();
