/* push: posts that others bring (POST /api/ingest), as a source.
 *
 * The API's threads offer posts and wait until they are durable; the source's thread gives them on.
 * Bounded: what finds no room is refused, never lost in silence. */
#ifndef BF_SOURCE_PUSH_H
#define BF_SOURCE_PUSH_H

#include "source/source.h"

#define PUSH_POSTS_MAX 1000 /* of one offer */

MUST_CHECK bool push_open(struct arena *boot, str name, struct source **ret, struct error *err);

typedef enum push_result {
    PUSH_STORED,
    PUSH_BUSY,   /* no room: nothing of it was taken */
    PUSH_LATE,   /* taken, and not yet durable when the time was up; it may still be stored */
    PUSH_STOPPED /* the program ends: nothing of it was taken */
} push_result;
/* Offers posts (their ids, times and texts clean: x_post_parse or feed_normalize), copied; waits at
 * most `patience`. Any thread. */
push_result push_offer(struct source *s, const struct post *posts, int count, usec patience);
str push_name(const struct source *s);

/* A post that somebody brings: x_post_parse, and beside it
 *   - without an id it gets one, of its source, author, text and created_at (which it must have
 *     then): the same post again is the same;
 *   - without created_at it was published when it came;
 *   - a member `source` must name the source that it is brought to;
 *   - received now, whatever it says of that; published then at the latest.
 * Errors: those of x_post_parse; ERR_REFUSED another source's; ERR_LIMIT published more than 2 s
 * ahead of now. */
#define PUSH_AHEAD_MAX (2 * USEC_PER_S)
MUST_CHECK bool push_post_parse(struct arena *a, str line, str source, usec now, struct post *ret,
                                struct error *err);

#endif
