/* minutes: candles of a minute of the prices that the run sees, for the charts.
 *
 * In: each quote and candle, after its turn. Out: rows of candles. A quote counts with its last
 * price, where there is none with the middle of bid and ask; a candle as it is, at its begin. They
 * are no part of what is decided, of the ledger, or of the journal.
 *
 * When they are written: where turns are grouped, with each group, what still runs too, so that a
 * run that goes on behind a commit goes on with its minutes; a row joins what stands of its minute.
 * A replay that nobody can watch on its way leaves out what would be too old at its end.
 * Else with the sign of life, a few seconds after a minute's end, never with an order's commit; and
 * what runs at the run's end.
 *
 * Bound: one running minute a symbol, and a ring of minutes that have ended. While the store cannot
 * be written the oldest of them go: a chart has a hole then, and nothing else. Failure: the
 * store's. Thread: the trader's. */
#include "run/run_int.h"
#include "store/candles.h"

#define MINUTES_A_SYMBOL 4 /* that have ended and wait */
#define MINUTES_LEAST 64

struct minute {
    int sym;
    struct kept_candle candle;
};

struct run_candles {
    int symbols, most;
    struct now {
        bool dirty;                /* not, or not all of it, written */
        struct kept_candle candle; /* open_at 0: none */
    } * now;
    struct minute *ended; /* ring of `most` */
    int head, count;
    int64_t pruned_day; /* in virtual time, UTC */
};

void candles_init(struct arena *boot, struct runner *r) {
    struct run_candles *const c = NEW(boot, struct run_candles);
    c->symbols = r->parts.symbols->count;
    c->most = MINUTES_LEAST + MINUTES_A_SYMBOL * c->symbols;
    c->now = NEW_ARRAY(boot, struct now, c->symbols + 1); /* there may be none */
    c->ended = NEW_ARRAY(boot, struct minute, c->most);
    r->candles = c;
}

/* --- out ------------------------------------------------------------------------------------ */

static bool put(struct runner *r, int sym, const struct kept_candle *v, struct error *err) {
    return store_candle_put(r->parts.store, str_from_z(r->parts.symbols->v[sym].name), v, err);
}

/* In virtual time nobody else removes what is old. */
static bool prune(struct runner *r, struct error *err) {
    const int64_t day = time_utc_day(r->now);
    if (!r->grouped || r->opt.candles_kept == 0 || day == r->candles->pruned_day) return true;
    r->candles->pruned_day = day;
    return store_candles_prune(r->parts.store, r->now - r->opt.candles_kept, err);
}

bool candles_put(struct runner *r, bool all, struct error *err) {
    struct run_candles *const c = r->candles;
    PRE(r->in_txn);
    for (; c->count > 0; c->count--) {
        const struct minute *const m = &c->ended[c->head];
        if (!put(r, m->sym, &m->candle, err)) return false;
        c->head = (c->head + 1) % c->most;
    }
    for (int i = 0; i < c->symbols; i++) {
        struct now *const n = &c->now[i];
        if (!n->dirty || (!all && r->now < n->candle.open_at + USEC_PER_MIN)) continue;
        if (!put(r, i, &n->candle, err)) return false;
        n->dirty = false;
    }
    return prune(r, err);
}

/* --- in ------------------------------------------------------------------------------------- */

/* The minute has ended: it waits for the next write. */
static bool end_minute(struct runner *r, int sym, struct error *err) {
    struct run_candles *const c = r->candles;
    struct now *const n = &c->now[sym];
    if (!n->dirty) return true;
    n->dirty = false;
    if (c->count == c->most && r->grouped && !r->journaling) {
        if (!turn_begin(r, err) || !candles_put(r, false, err)) return turn_rescue(r, err);
    }
    if (c->count == c->most) {
        c->head = (c->head + 1) % c->most;
        c->count--;
    }
    c->ended[(c->head + c->count++) % c->most] = (struct minute){sym, n->candle};
    return true;
}

static void join(struct kept_candle *c, const struct kept_candle *v) {
    if (price_e8(v->high) > price_e8(c->high)) c->high = v->high;
    if (price_e8(v->low) < price_e8(c->low)) c->low = v->low;
    c->close = v->close;
    if (v->has_volume) c->volume = v->volume;
    c->has_volume = c->has_volume || v->has_volume;
}

/* What is of a minute before the running one is late, and left out. */
static bool take(struct runner *r, int sym, struct kept_candle *v, struct error *err) {
    struct now *const n = &r->candles->now[sym];
    v->open_at -= v->open_at % USEC_PER_MIN;
    if (v->open_at <= 0 || v->open_at < n->candle.open_at || v->open_at < r->opt.candles_from)
        return true;
    if (v->open_at > n->candle.open_at) {
        if (!end_minute(r, sym, err)) return false;
        n->candle = *v;
    } else {
        join(&n->candle, v);
    }
    n->dirty = true;
    return true;
}

static price price_of(const struct quote *q) {
    if (price_e8(q->last) > 0) return q->last;
    const int64_t bid = price_e8(q->bid), ask = price_e8(q->ask);
    return price_from_e8(bid > 0 && ask > 0 ? bid + (ask - bid) / 2 : 0);
}

/* A market's candle whose range does not hold its open or its close. */
static void make_whole(struct kept_candle *v) {
    v->high =
        price_from_e8(i64_max(price_e8(v->high), i64_max(price_e8(v->open), price_e8(v->close))));
    v->low =
        price_from_e8(i64_min(price_e8(v->low), i64_min(price_e8(v->open), price_e8(v->close))));
}

bool candles_see(struct runner *r, const struct event *ev, struct error *err) {
    struct kept_candle v = {0};
    int sym;
    if (ev->kind == EVENT_QUOTE) {
        const price p = price_of(&ev->u.quote);
        sym = ev->u.quote.sym;
        v = (struct kept_candle){
            i64_min(ev->u.quote.at, r->now), p, p, p, p, false, volume_from_e8(0)};
    } else if (ev->kind == EVENT_CANDLE) {
        const struct candle *const c = &ev->u.candle;
        sym = c->sym;
        v = (struct kept_candle){c->open_at, c->open, c->high, c->low, c->close, true, c->volume};
    } else {
        return true;
    }
    make_whole(&v);
    if (sym < 0 || sym >= r->candles->symbols || price_e8(v.low) <= 0) return true;
    return take(r, sym, &v, err);
}
