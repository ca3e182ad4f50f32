/* inject: lets the faults of a script befall the rig, and takes them back. */
#ifndef BF_TESTS_CHAOS_INJECT_H
#define BF_TESTS_CHAOS_INJECT_H

#include "script.h"

struct inject {
    struct rig *r;
    const struct script *script;
    usec beginning; /* monotonic */
    int next;       /* of the script */
    int active[64]; /* of it, those that last */
    int active_count;
    bot led[64]; /* of those: who led when it began */
    int64_t done[MISHAP_COUNT], left_out;
};

void inject_begin(struct inject *in, struct rig *r, const struct script *s);
/* Whatever is due now; to be called often. False: all of it is over. */
bool inject_step(struct inject *in);
/* Redis is killed, and started again in a second without what it had on its disk. */
void empty_redis(struct rig *r);
/* Everything is taken back, whatever it was. */
void inject_end(struct inject *in);

#endif
