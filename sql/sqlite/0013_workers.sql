-- Who works on the store: each process, or each of several workers of one, what it is at and how fast.
-- Times are the wall's. What a row says it says of the moment seen_at.

CREATE TABLE workers_again (
    name       TEXT PRIMARY KEY CHECK (name <> ''),  -- host:pid:role, or host:pid:role:number
    role       TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    host       TEXT NOT NULL DEFAULT '',
    version    TEXT NOT NULL DEFAULT '',
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    state      TEXT NOT NULL DEFAULT 'idle'
                 CHECK (state = 'starting' OR state = 'working' OR state = 'idle' OR
                        state = 'stopping' OR state = 'standby'),
    task       TEXT NOT NULL DEFAULT '',             -- what it is at, a few words
    task_since INTEGER,
    task_until INTEGER,                              -- still at it then, it is stuck; NULL: never
    done       INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),       -- since its start
    failed     INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    per_minute INTEGER NOT NULL DEFAULT 0 CHECK (per_minute >= 0), -- done in the last minute
    memory     INTEGER,                              -- bytes resident; NULL: not known
    stopped_at INTEGER                               -- it ended as it should
) STRICT;
INSERT INTO workers_again (name, role, pid, started_at, seen_at)
    SELECT name, role, pid, started_at, seen_at FROM workers WHERE name <> '';
DROP VIEW workers_v;
DROP TABLE workers;
ALTER TABLE workers_again RENAME TO workers;

CREATE VIEW workers_v AS SELECT
    name, role, pid, host, version,
    strftime('%Y-%m-%dT%H:%M:%S', started_at / 1000000, 'unixepoch')
        || printf('.%06dZ', started_at % 1000000) AS started_at,
    strftime('%Y-%m-%dT%H:%M:%S', seen_at / 1000000, 'unixepoch')
        || printf('.%06dZ', seen_at % 1000000) AS seen_at,
    state, task,
    strftime('%Y-%m-%dT%H:%M:%S', task_since / 1000000, 'unixepoch')
        || printf('.%06dZ', task_since % 1000000) AS task_since,
    strftime('%Y-%m-%dT%H:%M:%S', task_until / 1000000, 'unixepoch')
        || printf('.%06dZ', task_until % 1000000) AS task_until,
    done, failed, per_minute, memory,
    strftime('%Y-%m-%dT%H:%M:%S', stopped_at / 1000000, 'unixepoch')
        || printf('.%06dZ', stopped_at % 1000000) AS stopped_at
FROM workers;
