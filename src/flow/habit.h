/* habit: what an author used to do, in little and bounded room: which coins he wrote of, which
 * hosts he linked to, at which hours of the day he posts. A part of his row; the judge reads and
 * fills it (src/flow/judge/habit.c). */
#ifndef BF_FLOW_HABIT_H
#define BF_FLOW_HABIT_H

#include "base/str.h"
#include "base/time.h"

#define HABIT_WORDS 4 /* of a Bloom filter of 256 bits, three bits an entry */

struct habit {
    uint64_t coins[HABIT_WORDS], hosts[HABIT_WORDS];
    /* What departed from that, until a day later, when it has become habit itself. */
    uint64_t new_coins[HABIT_WORDS], new_hosts[HABIT_WORDS];
    usec new_since;     /* of the first of them, 0: there is none */
    uint32_t new_hours; /* bits, by hour */
    uint8_t hours[24];  /* posts in each hour of the UTC day, 255 stands for more */
};

#define HABIT_BYTES 164 /* as stored: the members in their order, little-endian, no padding */

void habit_format(const struct habit *h, uint8_t ret[HABIT_BYTES]);
/* False: not HABIT_BYTES long, or no time in it. Nothing at all reads as no habit. */
MUST_CHECK bool habit_parse(str bytes, struct habit *ret);

#endif
