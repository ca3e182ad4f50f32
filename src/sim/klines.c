/* klines: candles of every interval that the exchange knows, made of what was traded.
 *
 * In: trades, in the order of time. Out: for each interval the newest KEPT candles, without holes:
 * a bucket in which nothing was traded is flat at the close before it. Weeks begin on Monday,
 * months on their first day; with a time zone, buckets are cut by local time and put together from
 * finer ones. Sums saturate.
 *
 * Memory grows with what there is, up to the maximum of the ring. No failure; one thread. */
#include "sim/market_int.h"

#include <stdlib.h>

#define KEPT 1000         /* what one request may ask for */
#define KEPT_MINUTES 1500 /* a day of them, for the 24 hour statistics */

static const usec lengths[SIM_INTERVALS] = {
#define X(name, text, us) [SIM_##name] = us,
    SIM_INTERVAL_MAP(X)
#undef X
};

const char *sim_interval_name(sim_interval i) {
    static const char *const names[SIM_INTERVALS] = {
#define X(name, text, us) [SIM_##name] = text,
        SIM_INTERVAL_MAP(X)
#undef X
    };
    return names[i];
}

bool sim_interval_from_name(str s, sim_interval *ret) {
    for (int i = 0; i < SIM_INTERVALS; i++) {
        if (!str_eq(s, str_from_z(sim_interval_name((sim_interval)i)))) continue;
        *ret = (sim_interval)i;
        return true;
    }
    return false;
}

/* --- the calendar ------------------------------------------------------------------------ */

/* Days since 1970 -> year and month (1..12); after the usual civil-from-days rule. */
static void civil(int64_t day, int64_t *ret_year, int64_t *ret_month) {
    const int64_t z = day + 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const int64_t doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t mp = (5 * (doe - (365 * yoe + yoe / 4 - yoe / 100)) + 2) / 153;
    *ret_month = mp < 10 ? mp + 3 : mp - 9;
    *ret_year = yoe + era * 400 + (*ret_month <= 2);
}

static int64_t first_day(int64_t year, int64_t month) {
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t yoe = y - era * 400;
    const int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static usec floor_to(usec t, usec len) {
    const usec rest = t % len;
    return t - (rest < 0 ? rest + len : rest);
}

usec sim_bucket(sim_interval i, usec t, usec zone) {
    const usec local = t + zone;
    if (i == SIM_MONTH) {
        int64_t year, month;
        civil(floor_to(local, USEC_PER_DAY) / USEC_PER_DAY, &year, &month);
        return first_day(year, month) * USEC_PER_DAY - zone;
    }
    /* 1970 began on a Thursday */
    const usec shift = i == SIM_1W ? 3 * USEC_PER_DAY : 0;
    return floor_to(local + shift, lengths[i]) - shift - zone;
}

usec sim_bucket_end(sim_interval i, usec open_at, usec zone) {
    if (i != SIM_MONTH) return open_at + lengths[i];
    return sim_bucket(i, open_at + 32 * USEC_PER_DAY, zone);
}

/* --- rings ------------------------------------------------------------------------------- */

static int ring_max(sim_interval i) { return i == SIM_1M ? KEPT_MINUTES : KEPT; }

static struct sim_kline *ring_at(const struct sim_ring *r, int idx) {
    PRE(idx >= 0 && idx < r->count);
    const int at = r->first + idx;
    return &r->v[at >= r->cap ? at - r->cap : at];
}

static struct sim_kline *ring_last(const struct sim_ring *r) {
    return r->count ? ring_at(r, r->count - 1) : NULL;
}

/* A new place at the end; the oldest goes where there is no room. */
static struct sim_kline *ring_push(struct sim_ring *r, int max) {
    if (r->count == r->cap && r->cap < max) {
        const int cap = r->cap ? (int)i64_min(r->cap * 2, max) : 16;
        struct sim_kline *v = realloc(r->v, (size_t)cap * sizeof *v);
        PRE(v != NULL && r->first == 0);
        r->v = v;
        r->cap = cap;
    }
    if (r->count == r->cap) {
        r->first = r->first + 1 == r->cap ? 0 : r->first + 1;
        r->count--;
    }
    r->count++;
    return ring_last(r);
}

void klines_fini(struct sim_klines *k) {
    for (int i = 0; i < SIM_INTERVALS; i++) free(k->of[i].v);
    *k = (struct sim_klines){0};
}

static int64_t sum(int64_t a, int64_t b) {
    int64_t r;
    return __builtin_add_overflow(a, b, &r) ? INT64_MAX : r;
}

static void join(struct sim_kline *k, const struct sim_kline *more) {
    if (price_cmp(more->high, k->high) > 0) k->high = more->high;
    if (price_cmp(more->low, k->low) < 0) k->low = more->low;
    k->close = more->close;
    k->base_e8 = sum(k->base_e8, more->base_e8);
    k->quote_e8 = sum(k->quote_e8, more->quote_e8);
    k->taker_base_e8 = sum(k->taker_base_e8, more->taker_base_e8);
    k->taker_quote_e8 = sum(k->taker_quote_e8, more->taker_quote_e8);
    k->trades = sum(k->trades, more->trades);
    if (k->first_id < 0) k->first_id = more->first_id;
    if (more->last_id >= 0) k->last_id = more->last_id;
}

/* Flat buckets between the last one and `open_at`. */
static void ring_fill(struct sim_ring *r, sim_interval i, usec open_at) {
    const struct sim_kline *last = ring_last(r);
    if (!last) return;
    const price p = last->close;
    usec at = sim_bucket_end(i, last->open_at, 0);
    /* more than the ring holds need not be written */
    const usec far = open_at - (ring_max(i) + 1) * lengths[i];
    if (at < far) at = sim_bucket(i, far, 0);
    for (; at < open_at; at = sim_bucket_end(i, at, 0))
        *ring_push(r, ring_max(i)) = (struct sim_kline){.open_at = at,
                                                        .open = p,
                                                        .high = p,
                                                        .low = p,
                                                        .close = p,
                                                        .first_id = -1,
                                                        .last_id = -1};
}

void klines_add_range(struct sim_klines *k, usec at, const struct sim_kline *range,
                      sim_interval least) {
    for (int i = (int)least; i < SIM_INTERVALS; i++) {
        struct sim_ring *r = &k->of[i];
        struct sim_kline *last = ring_last(r);
        if (last && at < sim_bucket_end((sim_interval)i, last->open_at, 0)) {
            join(last, range); /* a late one counts to the newest */
            continue;
        }
        const usec open_at = sim_bucket((sim_interval)i, at, 0);
        ring_fill(r, (sim_interval)i, open_at);
        struct sim_kline *fresh = ring_push(r, ring_max((sim_interval)i));
        *fresh = *range;
        fresh->open_at = open_at;
    }
}

void klines_add(struct sim_klines *k, const struct sim_tape *t) {
    const int64_t taken = t->buyer_maker ? 0 : 1;
    klines_add_range(k, t->at,
                     &(struct sim_kline){.open = t->price,
                                         .high = t->price,
                                         .low = t->price,
                                         .close = t->price,
                                         .base_e8 = qty_e8(t->qty),
                                         .quote_e8 = money_e8(t->quote),
                                         .taker_base_e8 = taken * qty_e8(t->qty),
                                         .taker_quote_e8 = taken * money_e8(t->quote),
                                         .first_id = t->id,
                                         .last_id = t->id,
                                         .trades = 1},
                     SIM_1S);
}

void klines_fill(struct sim_klines *k, usec now) {
    for (int i = 0; i < SIM_INTERVALS; i++)
        ring_fill(&k->of[i], (sim_interval)i, sim_bucket((sim_interval)i, now, 0) + 1);
}

int klines_count(const struct sim_klines *k, sim_interval i) { return k->of[i].count; }

const struct sim_kline *klines_at(const struct sim_klines *k, sim_interval i, int idx) {
    return ring_at(&k->of[i], idx);
}

void klines_append(struct sim_klines *k, const struct sim_klines *later) {
    for (int i = 0; i < SIM_INTERVALS; i++) {
        struct sim_ring *r = &k->of[i];
        for (int j = 0; j < later->of[i].count; j++) {
            const struct sim_kline *one = ring_at(&later->of[i], j);
            struct sim_kline *last = ring_last(r);
            if (last && one->open_at <= last->open_at) {
                join(last, one);
                continue;
            }
            ring_fill(r, (sim_interval)i, one->open_at);
            *ring_push(r, ring_max((sim_interval)i)) = *one;
        }
    }
}

/* --- ranges ------------------------------------------------------------------------------ */

bool klines_range(const struct sim_klines *k, usec from, usec to, struct sim_kline *ret) {
    /* the finest that reaches back so far, else the one that reaches farthest */
    static const sim_interval bases[] = {SIM_1M, SIM_1H, SIM_1D};
    const struct sim_ring *r = &k->of[SIM_1M];
    for (ptrdiff_t b = 0; b < COUNT_OF(bases); b++) {
        const struct sim_ring *one = &k->of[bases[b]];
        if (one->count == 0) return false;
        if (b == 0 || ring_at(one, 0)->open_at < ring_at(r, 0)->open_at) r = one;
        if (ring_at(r, 0)->open_at <= from) break;
    }
    bool any = false;
    for (int i = 0; i < r->count; i++) {
        const struct sim_kline *one = ring_at(r, i);
        if (one->open_at < from || one->open_at >= to) continue;
        if (any) {
            join(ret, one);
        } else {
            *ret = *one;
            any = true;
        }
    }
    if (any) return true;
    *ret = *ring_last(r); /* the window is shorter than a bucket */
    return true;
}

int klines_zoned(const struct sim_klines *k, sim_interval i, usec zone, struct sim_kline *ret,
                 int max) {
    const bool hours = zone % USEC_PER_HOUR == 0;
    const struct sim_ring *base = &k->of[hours && i >= SIM_1H ? SIM_1H : SIM_1M];
    int count = 0;
    for (int j = 0; j < base->count; j++) {
        const struct sim_kline *one = ring_at(base, j);
        const usec open_at = sim_bucket(i, one->open_at, zone);
        if (count > 0 && ret[count - 1].open_at == open_at) {
            join(&ret[count - 1], one);
            continue;
        }
        if (count == max) memmove(ret, ret + 1, (size_t)--count * sizeof *ret);
        ret[count] = *one;
        ret[count++].open_at = open_at;
    }
    return count;
}
