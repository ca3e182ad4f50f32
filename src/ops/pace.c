/* Rates and pauses of messages. In: the time. Out: yes or no, a pause. Pure; any thread. */
#include "ops/pace.h"

#define FIRST_PAUSE (5 * USEC_PER_S)
#define LONGEST_PAUSE (15 * USEC_PER_MIN)
#define WANTED_MAX (6 * USEC_PER_HOUR) /* what is asked for beyond is nobody's honest wish */

bool pace_take(struct pace *p, int64_t per_minute, bool urgent, usec now) {
    const usec step = USEC_PER_MIN / per_minute;
    const bool free = p->ahead <= now + (PACE_BURST - 1) * step;
    PRE(per_minute > 0);
    if (!free && !urgent) return false;
    p->ahead = i64_max(p->ahead, now) + step;
    return true;
}

usec pace_again(int64_t tries, usec wanted) {
    usec pause = FIRST_PAUSE;
    for (int64_t i = 1; i < tries && pause < LONGEST_PAUSE; i++) pause *= 2;
    return i64_max(i64_min(pause, LONGEST_PAUSE), i64_min(wanted, WANTED_MAX));
}
