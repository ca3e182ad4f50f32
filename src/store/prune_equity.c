/* Pruning the equity's samples: the newest all stay, older ones become a few a minute, the oldest a
 * few an hour (thin.h says which).
 *
 * In: samples in the order of time, span by span; spans begin at whole minutes and hours, so that a
 * day is whole hours of it. Out: the samples between two that stay are removed, which leaves the
 * chart and the greatest fall as they were. A span of more than SPAN_MOST samples is thinned piece
 * by piece. Failure: as prune.c. */
#include <stdlib.h>

#include "store/prune_int.h"
#include "store/thin.h"

#define SPAN_MOST 8192

struct spans {
    usec minutes_until; /* samples of before it are thinned by the minute ... */
    usec hours_until;   /* ... and of before that by the hour */
    struct thin_sample *v;
    ptrdiff_t n;
};

static struct spans spans_of(const struct prune_ask *ask) {
    const usec full = prune_cut(ask, PRUNE_EQUITY);
    const usec minutes = ask->equity_minutes > 0 ? i64_max(ask->now - ask->equity_minutes, 0) : 0;
    struct spans x = {.minutes_until = full - full % USEC_PER_MIN};
    x.hours_until = i64_min(minutes - minutes % USEC_PER_HOUR, x.minutes_until);
    x.hours_until -= x.hours_until % USEC_PER_HOUR;
    x.v = calloc(SPAN_MOST, sizeof *x.v);
    POST(x.v != NULL);
    return x;
}

static usec span_end(const struct spans *x, usec at) {
    const usec width = at < x->hours_until ? USEC_PER_HOUR : USEC_PER_MIN;
    return at - at % width + width;
}

static int64_t mark(struct spans *x) {
    int64_t gone = 0;
    if (x->n > 0) thin_span(x->v, x->n);
    for (ptrdiff_t i = 0; i < x->n; i++) gone += !x->v[i].keep;
    return gone;
}

/* Fills x with the samples of one span, from the one that the query is at on; leaves it at the next
 * span's first. */
static bool read_span(struct query *q, struct spans *x, bool *row, struct thin_sample *next,
                      struct error *err) {
    const usec end = span_end(x, next->at);
    x->n = 0;
    while (*row && next->at < end && x->n < SPAN_MOST) {
        x->v[x->n++] = *next;
        if (!query_row(q, row, err)) return false;
        if (!*row) break;
        next->at = col_time(q);
        next->value = col_e8(q);
    }
    return true;
}

static bool open_samples(struct store *s, usec from, usec until, struct query *q, bool *row,
                         struct thin_sample *next, struct error *err) {
    static const struct sql sql = {
        "SELECT at, equity FROM equity WHERE at >= $1 AND at < $2 ORDER BY at", .large = true};
    if (!query_open(s, &sql, q, err)) return false;
    bind_time(q, from);
    bind_time(q, until);
    if (!query_row(q, row, err)) return false;
    if (!*row) return true;
    next->at = col_time(q);
    next->value = col_e8(q);
    return true;
}

/* To the next span of which something goes; *ret_gone 0: there is none. */
static bool find_span(struct store *s, struct spans *x, usec from, int64_t *ret_gone,
                      struct error *err) {
    struct thin_sample next = {0};
    struct query q;
    bool row;
    *ret_gone = 0;
    if (!open_samples(s, from, x->minutes_until, &q, &row, &next, err)) return false;
    while (row && *ret_gone == 0) {
        if (!read_span(&q, x, &row, &next, err)) return false;
        *ret_gone = mark(x);
    }
    query_close(&q);
    return true;
}

static bool drop_between(struct store *s, usec after, usec upto, int64_t *gone, struct error *err) {
    static const struct sql sql = {"DELETE FROM equity WHERE at > $1 AND at <= $2"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, after);
    bind_time(&q, upto);
    int64_t rows = 0;
    if (!query_run(&q, err) || !query_changes(s, &rows, err)) return false;
    *gone += rows;
    return true;
}

/* What goes behind the sample *at, as much as one transaction may; moves *at on. The one that it
 * stands on stays, or has gone already. */
static bool drop_some(struct pruner *p, const struct spans *x, ptrdiff_t *at, int64_t *gone,
                      struct error *err) {
    const ptrdiff_t end = i64_min(x->n - 1, *at + p->batch);
    while (*at < end) {
        ptrdiff_t last = *at; /* of those that go */
        while (last < end && !x->v[last + 1].keep) last++;
        if (last > *at && !drop_between(p->s, x->v[*at].at, x->v[last].at, gone, err)) return false;
        *at = i64_min(last + 1, end);
    }
    return true;
}

static bool drop_span(struct pruner *p, const struct spans *x, struct error *err) {
    ptrdiff_t at = 0;
    while (at < x->n - 1 && !p->ended) {
        int64_t gone = 0;
        if (!prune_begin(p, false, err)) return false;
        const bool ok = drop_some(p, x, &at, &gone, err);
        if (!prune_end(p, PRUNE_EQUITY, ok, gone, err)) return false;
    }
    return true;
}

bool prune_equity(struct pruner *p, struct error *err) {
    struct spans x = spans_of(p->ask);
    usec from = 0;
    int64_t gone = 1;
    bool ok = true;
    while (ok && gone > 0 && !p->ended) {
        ok = find_span(p->s, &x, from, &gone, err) && (gone == 0 || drop_span(p, &x, err));
        if (ok && gone > 0) from = x.v[x.n - 1].at + 1;
    }
    free(x.v);
    return ok || fail_in(err, "prune equity");
}

bool prune_plan_equity(struct store *s, const struct prune_ask *ask, struct prune_plan *ret,
                       struct error *err) {
    struct spans x = spans_of(ask);
    struct thin_sample next = {0};
    struct query q;
    bool row = false;
    bool ok = open_samples(s, 0, x.minutes_until, &q, &row, &next, err);
    while (ok && row) {
        ok = read_span(&q, &x, &row, &next, err);
        if (ok) ret->gone += mark(&x);
    }
    free(x.v);
    return ok;
}
