/* per_minute: how much was done in the last minute, counted, from the first second on. */
#ifndef BF_RUN_PER_MINUTE_H
#define BF_RUN_PER_MINUTE_H

#include "base/time.h"

#define PER_MINUTE_SECONDS 60

/* A count of each second, at its number modulo a minute; zeroed at first. One thread at a time. */
struct per_minute {
    struct {
        int64_t number; /* since the clock's beginning */
        int64_t done;
    } seconds[PER_MINUTE_SECONDS];
};

/* mono: now, by a clock that nobody sets. */
void per_minute_add(struct per_minute *m, usec mono, int64_t n);
/* Of this second and the 59 before it. */
int64_t per_minute_sum(const struct per_minute *m, usec mono);

#endif
