/* letters: what could not be used, on its way to the dead letters: pieces of input that are no
 * posts, and jobs that failed too often. */
#ifndef BF_RUN_LETTERS_H
#define BF_RUN_LETTERS_H

#include "queue/queue.h"
#include "store/posts.h"

/* A piece of input that was no post. */
struct complaint {
    const struct complaint *next;
    str where, what; /* "posts.jsonl:17", what is wrong with it */
    str payload;     /* the piece, cut where it is long */
};

/* Of one process; zeroed at first but for `who` and bytes_max. */
struct letters {
    str who;           /* in the letters' history; borrowed */
    int64_t bytes_max; /* of pieces of input in the store: of more the oldest go; 0: no bound */
    int64_t seen, stored;
    int64_t gone; /* that this process let go of */

    /* What there was when it was looked last, and what this process has written since. */
    bool looked;
    int64_t bytes, since;
};

/* Once for each, whatever becomes of its row. */
void letters_tell(struct letters *l, const struct complaint *c);
/* Its row, into the open transaction; may be called again after a rollback. */
MUST_CHECK bool letters_put(struct letters *l, struct store *s, str source, usec at,
                            const struct complaint *c, struct error *err);

/* --- jobs --------------------------------------------------------------------------------- */

/* The job failed: what queue_retry should be told of it, with what it was told before. */
void letters_note(const struct job *job, str who, str why, usec now, char ret[QUEUE_NOTE_BYTES]);

/* A job that nobody should try again, in a transaction of its own: its dead letter with what `note`
 * (as above, of the tries before) and `why` say, and its post is done with, so that nobody looks
 * for it any more. post: NULL: the job cannot be read; its post, if there is one, stays as it is.
 */
struct lost_job {
    const struct job *job;
    const struct post *post;
    post_stage stage; /* of the post, while nobody did more for it */
    const char *note;
    str who, why;
};
MUST_CHECK bool letters_bury(struct store *s, const struct lost_job *lost, usec now,
                             struct error *err);

#endif
