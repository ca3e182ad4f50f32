/* retry: a dead letter is tried again, or let go of. */
#ifndef BF_RUN_RETRY_H
#define BF_RUN_RETRY_H

#include "flow/reader.h"
#include "store/store.h"

/* What is a post now is read and stored with the outcome STALE, never traded; it and the letter's
 * mark are one transaction. Makes its own transactions. a: the post stays in it; 1 MiB. Errors:
 * ERR_NOT_FOUND no such letter; ERR_STATE it was dealt with, its content was not kept, or it is
 * word of a deletion; what x_post_parse says where it is still no post (that try is counted). */
MUST_CHECK bool letter_retry(struct store *s, struct arena *a, const struct reader *reader,
                             int64_t id, str actor, usec now, struct error *err);
/* Marked as done with; its row stays. Errors: ERR_NOT_FOUND, ERR_STATE. */
MUST_CHECK bool letter_drop(struct store *s, struct arena *a, int64_t id, str actor, usec now,
                            struct error *err);

#endif
