/* pace: how fast messages go to one channel, and when one that failed is tried again. Pure: the
 * caller's clock. */
#ifndef BF_OPS_PACE_H
#define BF_OPS_PACE_H

#include "base/time.h"

#define PACE_BURST 5 /* messages at once, after a quiet while */

/* So many a minute in the long run; zeroed at first. */
struct pace {
    usec ahead; /* when the next one would be due if they came evenly */
};
/* May one go now? Then it counts. urgent: it goes anyway, and counts all the same. */
bool pace_take(struct pace *p, int64_t per_minute, bool urgent, usec now);

/* After so many tries (1 and more) that failed: five seconds, doubled each time, a quarter of an
 * hour at most; longer where the other side asks for `wanted`. */
usec pace_again(int64_t tries, usec wanted);

#endif
