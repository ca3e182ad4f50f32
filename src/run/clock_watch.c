/* clock_watch: see the header. Thread: the one that has the connection. */
#include "run/clock_watch.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/metric.h"
#include "run/store_clock.h"
#include "store/posts.h"

#define LOOK_US (10 * USEC_PER_S)

bool clock_watch_tell(struct clock_watch *w, struct store *s, usec ahead, usec now,
                      struct error *err) {
    const usec by = ahead > 0 ? ahead : -ahead;
    const bool off = by > (w->is_off ? CLOCK_RIGHT : CLOCK_OFF);
    char what[240];
    struct alert_turn turn = {off, off ? "off" : "right", what};
    bool news;
    if (off)
        snprintf(what, sizeof what,
                 "the trader's clock is %" PRId64 ".%" PRId64 " s %s the database's, and so is the "
                 "age of each post: most are refused (STALE, FUTURE_TIME); run an NTP client there",
                 by / USEC_PER_S, by % USEC_PER_S / (100 * USEC_PER_MS),
                 ahead > 0 ? "ahead of" : "behind");
    else
        snprintf(what, sizeof what, "the trader's clock is right again");
    metric_set(metric_get(M_CLOCK_AHEAD, NULL), ahead);
    metric_set(metric_get(M_STORE_OFFSET, NULL), -ahead);
    if (!store_alert_turn(s, CLOCK_ALERT, &turn, now, &news, err)) return false;
    if (off != w->is_off)
        log_unusual(off ? "clock_off" : "clock_right", LOG_I("ahead_ms", ahead / USEC_PER_MS),
                    LOG_Z("what", what));
    w->is_off = off;
    return true;
}

bool clock_watch_is_sure(const struct clock_watch *w, usec ahead, usec doubt) {
    const usec by = ahead > 0 ? ahead : -ahead, most = w->is_off ? CLOCK_RIGHT : CLOCK_OFF;
    return by > most ? by - doubt > most : by + doubt <= most;
}

bool clock_watch_look(struct clock_watch *w, struct store *s, struct error *err) {
    struct store_clock_look look;
    if (store_is_file(s) || time_monotonic_us() < w->look_at) return true;
    w->look_at = time_monotonic_us() + LOOK_US;
    if (!store_clock_look(s, &look, err)) return false;
    if (!clock_watch_is_sure(w, look.ahead, look.doubt)) return true;
    return clock_watch_tell(w, s, look.ahead, look.store_at, err);
}
