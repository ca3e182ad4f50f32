/* clock_watch: is the clock by which a trader decides the one by which others store? One that is
 * off by seconds stops nobody (from a minute on it does, store_clock.h), and lets hardly any post
 * pass: that must be told. */
#ifndef BF_RUN_CLOCK_WATCH_H
#define BF_RUN_CLOCK_WATCH_H

#include "store/store.h"

#define CLOCK_ALERT "clock"                   /* the source of its alerts */
#define CLOCK_OFF USEC_PER_S                  /* from here on it is told */
#define CLOCK_RIGHT (500 * (usec)USEC_PER_MS) /* from here on it is over */

struct clock_watch {
    usec look_at; /* monotonic */
    bool is_off;  /* told in this process */
};

/* Looks now and then; mostly it is not time, which costs nothing. Tells by the log, as an alert and
 * by a metric. A store that is a file has this machine's clock. Errors: of the store. */
MUST_CHECK bool clock_watch_look(struct clock_watch *w, struct store *s, struct error *err);

/* Does a look say enough, that may be wrong by `doubt`? One whose answer took long does not. */
bool clock_watch_is_sure(const struct clock_watch *w, usec ahead, usec doubt);

/* The same for a clock that is `ahead` of the store's (behind: less than 0), when that said `now`.
 */
MUST_CHECK bool clock_watch_tell(struct clock_watch *w, struct store *s, usec ahead, usec now,
                                 struct error *err);

#endif
