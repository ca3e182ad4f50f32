/* store_clock: see the header. Thread: the one that has the connection. */
#include "run/store_clock.h"

#include "base/metric.h"
#include "store/posts.h"

#define ASK_US (10 * USEC_PER_S) /* no two clocks part by much in so long */

static void tell_offset(usec store_at) {
    metric_set(metric_get(M_STORE_OFFSET, NULL), store_at - time_wall_us());
}

bool store_clock_now(struct store_clock *c, struct store *s, usec *ret, struct error *err) {
    const usec mono = time_monotonic_us();
    if (c->mono == 0 || mono - c->mono >= ASK_US) {
        usec at;
        if (!store_now(s, &at, err)) return false;
        tell_offset(at);
        *c = (struct store_clock){at, mono};
    }
    *ret = c->at + (mono - c->mono);
    return true;
}

bool store_clock_check(struct store *s, struct error *err) {
    usec now;
    if (!store_now(s, &now, err)) return false;
    tell_offset(now);
    const usec off = time_wall_us() - now;
    if (off <= STORE_CLOCK_MOST && off >= -STORE_CLOCK_MOST) return true;
    return fail(
        err, ERR_REFUSED, 0,
        "this machine's clock is %lld s %s that of %s: nobody trades here before it is right",
        (long long)((off > 0 ? off : -off) / USEC_PER_S), off > 0 ? "ahead of" : "behind",
        store_path(s));
}
