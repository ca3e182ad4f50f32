-- Who works on the store: each process, or each of several workers of one, what it is at and how fast.
-- Times are the wall's. What a row says it says of the moment seen_at. Names are host:pid:role, or
-- host:pid:role:number.

ALTER TABLE workers
    ADD CHECK (name <> ''),
    ADD COLUMN host       TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN version    TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN state      TEXT COLLATE "C" NOT NULL DEFAULT 'idle'
                          CHECK (state IN ('starting', 'working', 'idle', 'stopping', 'standby')),
    ADD COLUMN task       TEXT COLLATE "C" NOT NULL DEFAULT '',  -- what it is at, a few words
    ADD COLUMN task_since TIMESTAMPTZ,
    ADD COLUMN task_until TIMESTAMPTZ,                           -- still at it then, it is stuck
    ADD COLUMN done       BIGINT NOT NULL DEFAULT 0 CHECK (done >= 0),
    ADD COLUMN failed     BIGINT NOT NULL DEFAULT 0 CHECK (failed >= 0),
    ADD COLUMN per_minute BIGINT NOT NULL DEFAULT 0 CHECK (per_minute >= 0),
    ADD COLUMN memory     BIGINT,                                -- bytes resident
    ADD COLUMN stopped_at TIMESTAMPTZ;                           -- it ended as it should
