/* retry: a dead letter is tried again, or let go of. */
#ifndef BF_RUN_RETRY_H
#define BF_RUN_RETRY_H

#include "flow/reader.h"
#include "store/store.h"

/* What is a post now is read and stored with the outcome STALE, never traded; it and the letter's
 * mark are one transaction. A post that is stored already, and that nobody could read, is read
 * where it stands. Makes its own transactions. a: the post stays in it; 1 MiB. Errors:
 * ERR_NOT_FOUND no such letter; ERR_STATE it was dealt with, its content was not kept, or it is
 * word of a deletion; what x_post_parse says where it is still no post, and what the store refuses
 * (that try is counted). */
MUST_CHECK bool letter_retry(struct store *s, struct arena *a, const struct reader *reader,
                             int64_t id, str actor, usec now, struct error *err);
/* Marked as done with; its row stays. Errors: ERR_NOT_FOUND, ERR_STATE. */
MUST_CHECK bool letter_drop(struct store *s, struct arena *a, int64_t id, str actor, usec now,
                            struct error *err);

/* --- many --------------------------------------------------------------------------------- */

/* Those that nobody has dealt with; empty texts: any. */
struct letters_ask {
    str kind, source;
    bool again;                  /* try them again; else let go of them */
    bool dry_run;                /* count only */
    int64_t most;                /* looked at, newest first; 0: all */
    int64_t before;              /* ids under this one; 0: all */
    const struct reader *reader; /* again: required */
};
struct letters_told {
    int64_t found, done, failed; /* failed: still no post, or nothing that can be tried again */
    int64_t last;                /* the oldest that was looked at; 0: none */
    bool more;                   /* there are older ones */
};
/* One after the other, each in a transaction of its own. What cannot be tried again is counted;
 * what is wrong with the store ends it, and *ret says how far it came: go on with before =
 * ret->last. scratch: 32 MiB. */
MUST_CHECK bool letters_do(struct store *s, struct arena scratch, const struct letters_ask *ask,
                           str actor, usec now, struct letters_told *ret, struct error *err);

#endif
