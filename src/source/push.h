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

#endif
