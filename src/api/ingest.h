/* ingest: the body of POST /api/ingest as posts. */
#ifndef BF_API_INGEST_H
#define BF_API_INGEST_H

#include "base/arena.h"
#include "base/error.h"
#include "source/push.h"

struct ingest {
    struct post *posts; /* in the arena */
    int count;
    int64_t bad; /* index of the post that an error is about, from 0; -1: about the whole */
};
/* One JSON object, an array of them, or (`lines`) one a line, blank lines left out. All or nothing.
 * a: of INGEST_ARENA_BYTES at least. Errors: those of push_post_parse, with ret->bad; ERR_PARSE,
 * ERR_LIMIT more than PUSH_POSTS_MAX of the whole. */
#define INGEST_ARENA_BYTES (128 << 20)
MUST_CHECK bool ingest_parse(struct arena *a, str body, bool lines, str source, usec now,
                             struct ingest *ret, struct error *err);

#endif
