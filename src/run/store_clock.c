/* store_clock: see the header. Thread: the one that has the connection. */
#include "run/store_clock.h"

#include "base/metric.h"
#include "store/posts.h"

#define ASK_US (10 * USEC_PER_S) /* no two clocks part by much in so long */

#define SURE_US USEC_PER_S /* an answer that took longer is not gone by for long */

bool store_clock_look(struct store *s, struct store_clock_look *ret, struct error *err) {
    const usec wall = time_wall_us(), mono = time_monotonic_us();
    if (!store_now(s, &ret->store_at, err)) return false;
    ret->doubt = (time_monotonic_us() - mono) / 2;
    ret->mono = mono + ret->doubt;
    ret->ahead = wall + ret->doubt - ret->store_at;
    if (ret->doubt < SURE_US) metric_set(metric_get(M_STORE_OFFSET, NULL), -ret->ahead);
    return true;
}

bool store_clock_now(struct store_clock *c, struct store *s, usec *ret, struct error *err) {
    if (c->mono == 0 || time_monotonic_us() - c->mono >= ASK_US) {
        struct store_clock_look look;
        if (!store_clock_look(s, &look, err)) return false;
        *c = (struct store_clock){look.store_at, look.mono};
        if (look.doubt >= SURE_US) c->mono = 0; /* asked again the next time */
        *ret = look.store_at + time_monotonic_us() - look.mono;
        return true;
    }
    *ret = c->at + (time_monotonic_us() - c->mono);
    return true;
}

/* What an answer that took long leaves in doubt keeps nobody from trading. */
bool store_clock_check(struct store *s, struct error *err) {
    struct store_clock_look look;
    if (!store_clock_look(s, &look, err)) return false;
    const usec off = look.ahead > 0 ? look.ahead : -look.ahead;
    if (off - look.doubt <= STORE_CLOCK_MOST) return true;
    return fail(
        err, ERR_REFUSED, 0,
        "this machine's clock is %lld s %s that of %s: nobody trades here before it is right",
        (long long)(off / USEC_PER_S), look.ahead > 0 ? "ahead of" : "behind", store_path(s));
}
