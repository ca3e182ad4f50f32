/* letters: what a source complained of (lines that are no posts), on its way to the dead letters.
 */
#ifndef BF_RUN_LETTERS_H
#define BF_RUN_LETTERS_H

#include "store/store.h"

/* A piece of input that was no post. */
struct complaint {
    const struct complaint *next;
    str where, what; /* "posts.jsonl:17", what is wrong with it */
    str payload;     /* the piece, cut where it is long */
};

/* Counts of one process; zeroed at first. */
struct letters {
    int64_t seen, stored;
};

/* Once for each, whatever becomes of its row. */
void letters_tell(struct letters *l, const struct complaint *c);
/* Its row, into the open transaction; may be called again after a rollback. */
MUST_CHECK bool letters_put(struct letters *l, struct store *s, str source, usec at,
                            const struct complaint *c, struct error *err);

#endif
