/* tries: the history of what could not be done: each try with when, who tried and what went wrong,
 * the oldest first. As text it is a JSON array that travels with a job through a queue and ends in
 * its dead letter:
 *
 *     [{"at":"2026-11-30T10:57:28.000000Z","who":"bot:4711:analyze","error":"..."}]
 *
 * Pure; any thread. */
#ifndef BF_STORE_TRIES_H
#define BF_STORE_TRIES_H

#include "base/buf.h"
#include "base/time.h"

#define TRIES_MAX 16        /* the last ones */
#define TRY_WHO_BYTES 128   /* what is longer is cut, here and below */
#define TRY_ERROR_BYTES 240 /* both with their NUL */
#define TRIES_BYTES_MAX (TRIES_MAX * 8 * (TRY_WHO_BYTES + TRY_ERROR_BYTES)) /* of a text */

struct tries {
    int count;
    struct one_try {
        usec at;
        char who[TRY_WHO_BYTES];     /* "bot:4711:analyze", "cli:root"; "": not known */
        char error[TRY_ERROR_BYTES]; /* "": it went well */
    } v[TRIES_MAX];
};

/* What is no such text, as somebody else may have written it, has no tries. */
void tries_read(str text, struct tries *ret);
/* One more; where there are TRIES_MAX, the oldest makes room. */
void tries_add(struct tries *t, usec at, str who, str error);
/* The text, appended; in at most so many bytes, by leaving out the oldest. */
void tries_put(const struct tries *t, ptrdiff_t most, struct buf *out);

#endif
