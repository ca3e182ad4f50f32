/* feeds_world: a week of posts in virtual time: X and Jetstream simulated, our sources on them, a
 * real store that is killed and opened again, faults at random. */
#ifndef BF_TESTS_SIM_FEEDS_WORLD_H
#define BF_TESTS_SIM_FEEDS_WORLD_H

#include "base/base.h"

/* Wrong on purpose: each has to be seen. */
typedef enum week_mistake {
    WEEK_RIGHT,
    WEEK_STATE_FIRST, /* a source's state is durable before its posts are */
    WEEK_DROPS,       /* one post in five hundred is taken and not stored */
    WEEK_NO_STATE     /* a restart begins anew */
} week_mistake;

struct week_counts {
    int64_t published, expected, stored, missed, repeated, lost_excused;
    int64_t calls, lost_calls, streams, kills, gaps, billed, adjusted, poor;
};
struct week_result {
    bool ok;
    char why[400];
    struct week_counts counts;
};
/* days: 7 is the week. */
void week_run(uint64_t seed, int days, week_mistake m, bool trace, struct week_result *ret);

#endif
