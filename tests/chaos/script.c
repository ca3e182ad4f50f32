/* script: see the header. Kinds are dealt from a deck that is shuffled and dealt out, again and
 * again, so that also a short run sees each kind; everything else is drawn. Pure. */
#include "script.h"

#define GAP_LEAST_MS 400
#define GAP_MOST_MS 3600
#define DECK_MAX 64
#define TRADER_MOST (3 * USEC_PER_S)

static const char *const names[MISHAP_COUNT] = {
#define X(name, text, count) text,
    MISHAP_MAP(X)
#undef X
};
static const int counts[MISHAP_COUNT] = {
#define X(name, text, count) count,
    MISHAP_MAP(X)
#undef X
};

const char *mishap_name(mishap m) { return names[m]; }

struct deck {
    mishap v[DECK_MAX];
    int count; /* left */
};

static mishap deal(struct deck *d, struct rng *r) {
    if (d->count == 0) {
        for (int m = 0; m < MISHAP_COUNT; m++)
            for (int i = 0; i < counts[m]; i++) {
                PRE(d->count < DECK_MAX);
                d->v[d->count++] = (mishap)m;
            }
    }
    const int at = (int)rng_below(r, (uint64_t)d->count);
    const mishap dealt = d->v[at];
    d->v[at] = d->v[--d->count];
    return dealt;
}

static usec ms_between(struct rng *r, int64_t least, int64_t most) {
    return rng_between(r, least, most) * USEC_PER_MS;
}

/* Two seconds to an hour, each order of size as often, forward or back. A trader who is a minute
 * off stops. By less he goes on, and his own time never goes back: put right again, his clock would
 * make him refuse posts as old, for as long as two minutes. */
static usec draw_offset(struct rng *r, bot b) {
    usec us = 2 * USEC_PER_S;
    for (int64_t doublings = rng_between(r, 0, 10); doublings > 0; doublings--) us *= 2;
    us = rng_between(r, us, i64_min(2 * us, USEC_PER_HOUR));
    if (rng_below(r, 2) == 0) return -us;
    const bool trader = b == TRADE_1 || b == TRADE_2;
    return trader && us <= USEC_PER_MIN ? i64_min(us, TRADER_MOST) : us;
}

static usec duration(mishap m, struct rng *r) {
    switch (m) {
    case MISHAP_KILL_BOT:
    case MISHAP_KILL_LEADER:
    case MISHAP_REDIS_KILL:
    case MISHAP_REDIS_EMPTY:
    case MISHAP_POSTGRES_STOP:
        return 0;
    case MISHAP_PAUSE_BOT:
    case MISHAP_PAUSE_LEADER:
        return ms_between(r, 1000, 8000);
    case MISHAP_WIRE_CUT:
    case MISHAP_WIRE_HANG:
    case MISHAP_WIRE_SLOW:
        return ms_between(r, 500, 10000);
    case MISHAP_REDIS_PAUSE:
        return ms_between(r, 500, 6000);
    case MISHAP_CLOCK:
        return ms_between(r, 1000, 12000);
    case MISHAP_DISK_FULL:
        return ms_between(r, 2000, 8000);
    case MISHAP_COUNT:
        break;
    }
    WRONG("a mishap out of its list");
}

/* All is drawn for each kind, so that what comes after does not depend on it. */
void script_draw(struct script *s, uint64_t seed, int seconds, int links) {
    struct rng r;
    struct deck deck = {0};
    usec at = ms_between((rng_init(&r, seed), &r), GAP_LEAST_MS, GAP_MOST_MS);
    s->count = 0;
    while (at < seconds * USEC_PER_S && s->count < FAULTS_MAX) {
        struct fault f = {.what = deal(&deck, &r), .at = at};
        f.until = i64_min(at + duration(f.what, &r), seconds * USEC_PER_S);
        f.bot = (bot)rng_below(&r, BOT_COUNT);
        f.link = (int)rng_below(&r, (uint64_t)links);
        f.slow_ms = (int)rng_between(&r, 20, 400);
        f.lost = rng_below(&r, 2) == 0;
        f.offset = draw_offset(&r, f.bot);
        s->v[s->count++] = f;
        at += ms_between(&r, GAP_LEAST_MS, GAP_MOST_MS);
    }
}
