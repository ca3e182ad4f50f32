/* per_minute: see the header. In: moments and numbers. Out: their sum. Cannot fail. */
#include "run/per_minute.h"

void per_minute_add(struct per_minute *m, usec mono, int64_t n) {
    const int64_t number = mono / USEC_PER_S, at = number % PER_MINUTE_SECONDS;
    PRE(mono >= 0);
    if (m->seconds[at].number != number) m->seconds[at].done = 0;
    m->seconds[at].number = number;
    m->seconds[at].done += n;
}

int64_t per_minute_sum(const struct per_minute *m, usec mono) {
    const int64_t now = mono / USEC_PER_S;
    int64_t sum = 0;
    for (int i = 0; i < PER_MINUTE_SECONDS; i++) {
        const int64_t age = now - m->seconds[i].number;
        if (age >= 0 && age < PER_MINUTE_SECONDS) sum += m->seconds[i].done;
    }
    return sum;
}
