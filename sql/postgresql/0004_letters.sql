-- What was tried with a dead letter, by whom and when, and when it became one.

ALTER TABLE dead_letters ADD COLUMN came_at TIMESTAMPTZ;                 -- NULL: before this was noted
ALTER TABLE dead_letters ADD COLUMN history JSON NOT NULL DEFAULT '[]';  -- an array (store/tries.h)
ALTER TABLE dead_letters ADD COLUMN post_id BIGINT;                      -- the stored post that it is about
CREATE INDEX dead_letters_came ON dead_letters (came_at);
