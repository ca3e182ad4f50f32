/* deleted: which posts of the last 24 hours were deleted, so that one that comes late, or once
 * more, is neither traded nor kept. Bounded: the oldest word makes room. A post older than a day is
 * too old to be traded anyway (trading.max_signal_age_s), and the store keeps all deletions. */
#ifndef BF_FLOW_JUDGE_DELETED_H
#define BF_FLOW_JUDGE_DELETED_H

#include "flow/judge/judge.h"

#define DELETED_MAX 4096

struct deleted {
    int64_t *ids, *roots; /* rings */
    uint64_t *authors;    /* hash of the key, 0 unknown */
    usec *at;             /* of the turn that obeyed */
    int next, count;
};

void deleted_init(struct deleted *d, struct arena *boot);
void deleted_put(struct deleted *d, const struct deletion *row);
/* Was this post, or another version of it, deleted? author: key, "" unknown; word about a post of
 * somebody else's does not count. */
bool deleted_has(const struct deleted *d, usec now, int64_t tweet_id, int64_t root_id,
                 const char *author);

/* May these two keys be of the same author? Unknown ones, and a name beside an id, may. */
bool author_may_be(const char *a, const char *b);

#endif
