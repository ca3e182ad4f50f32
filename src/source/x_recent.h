/* x_recent: the ids of posts that were passed on lately, so that what X gives again is known: over
 * a line and by search, or in two searches one after the other. Of a fixed size; what is forgotten
 * and comes again is left to the store, which takes each id once. Nothing fails; one thread. */
#ifndef BF_SOURCE_X_RECENT_H
#define BF_SOURCE_X_RECENT_H

#include "base/base.h"

#define X_RECENT_SETS 4096
#define X_RECENT_WAYS 4
struct x_recent {
    int64_t ids[X_RECENT_SETS][X_RECENT_WAYS]; /* newest first in each set; 0: none */
};
/* True: it was there already. Never true of an id that was not put, nor of 0, which is none; an old
 * one may be forgotten. */
bool x_recent_put(struct x_recent *r, int64_t id);
bool x_recent_has(const struct x_recent *r, int64_t id);

#endif
