-- What the judge needs to tell copies apart, to know an author's habits, and to forget the same authors
-- in a run that was restarted and in one that was not.

ALTER TABLE post_memory ADD COLUMN numbers INTEGER NOT NULL DEFAULT 0;  -- 64 bits, as a signed number
ALTER TABLE post_memory ADD COLUMN opinions INTEGER NOT NULL DEFAULT 0; -- the same
ALTER TABLE post_memory ADD COLUMN voice TEXT NOT NULL DEFAULT 'counts'
    CHECK (voice = 'counts' OR voice = 'held' OR voice = 'refused');
ALTER TABLE post_memory ADD COLUMN keys INTEGER NOT NULL DEFAULT 0; -- 64 bits, as a signed number

ALTER TABLE authors ADD COLUMN first_seen INTEGER;
ALTER TABLE authors ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;  -- number of his last post among all
ALTER TABLE authors ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0 CHECK (forgotten IN (0, 1));
ALTER TABLE authors ADD COLUMN habit BLOB;  -- src/flow/habit.h; NULL: none

ALTER TABLE signals ADD COLUMN departures TEXT CHECK (departures <> '');  -- from its author's habits
