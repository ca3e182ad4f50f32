/* feeder: posts, one after the other, as long as it is not held: some are brought to the two serves
 * over HTTP (each again until one of them says that it is stored), some are published on the
 * exchange's Jetstream, for ingest to fetch. Each ends in a mark of its own. */
#ifndef BF_TESTS_CHAOS_FEEDER_H
#define BF_TESTS_CHAOS_FEEDER_H

#include "rig.h"

#define FEEDER_MARK 'q' /* a post's last word: this and its number */

/* One post, JSON, to one of the serves: the answer's status; 0: there was none. */
int feeder_bring(const struct rig *r, bot serve, const char *json);

struct feeder;

struct feeder_counts {
    int64_t pushed;    /* accepted: 200 */
    int64_t published; /* accepted */
    int64_t again;     /* tries that did not end in acceptance */
    int64_t waiting;   /* brought, and not accepted yet */
};

struct feeder *feeder_start(struct rig *r);
/* No new ones for now. Those that were begun go on being brought. */
void feeder_hold(struct feeder *f, bool on);
struct feeder_counts feeder_count(struct feeder *f);
/* Was the post with this number accepted? Numbers are 0 .. feeder_posts() - 1. */
int feeder_posts(struct feeder *f);
bool feeder_accepted(struct feeder *f, int number, bool *ret_pushed);
/* PRE: nothing waits, or nobody serves any more. */
void feeder_close(struct feeder *f);

#endif
