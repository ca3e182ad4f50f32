/* candles: the market in files. A directory of candle files becomes one stream of quotes and
 * candles, in the order of time.
 *
 * Every symbol is a series (candle_series.c), and the next event of each stands in a heap, so that
 * a step costs a few comparisons however many symbols there are.
 *
 * In: series. Out: events whose times never go back. Memory is one block a series, whatever the
 * files' size. Cannot fail: what is wrong in files is skipped, counted and told, and the stream
 * goes on; only the opening (candles_open.c) can fail. Thread: the one that holds the market. */
#include "market/candles_int.h"

static int rank(market_kind k) {
    switch (k) {
    case MARKET_CANDLE:
        return 0;
    case MARKET_DRY:
        return 1;
    case MARKET_QUOTE:
        return 2;
    }
    WRONG("not a kind of event");
}

/* Does the event of series a come before the one of b? Series stand in the order of symbols. */
static bool before(const struct candles *m, int a, int b) {
    const struct series *x = &m->series[a], *y = &m->series[b];
    if (x->at != y->at) return x->at < y->at;
    if (x->kind != y->kind) return rank(x->kind) < rank(y->kind);
    return a < b;
}

/* Puts series `moved` where it belongs at or under place `hole`. */
static void sift_down(struct candles *m, int hole, int moved) {
    for (;;) {
        int child = 2 * hole + 1;
        if (child >= m->heap_count) break;
        if (child + 1 < m->heap_count && before(m, m->heap[child + 1], m->heap[child])) child++;
        if (!before(m, m->heap[child], moved)) break;
        m->heap[hole] = m->heap[child];
        hole = child;
    }
    m->heap[hole] = moved;
}

/* (Re)builds the heap over the series that have an event. */
static void heap_build(struct candles *m) {
    m->heap_count = 0;
    for (int i = 0; i < m->series_count; i++) {
        if (!m->series[i].over) m->heap[m->heap_count++] = i;
    }
    for (int i = m->heap_count / 2 - 1; i >= 0; i--) sift_down(m, i, m->heap[i]);
}

/* Moves the series on top of the heap to its next event. */
static void step_top(struct candles *m) {
    int top = m->heap[0];
    struct series *s = &m->series[top];
    const usec at = s->at;
    series_step(m, s);
    POST(s->at >= at);
    if (s->over) top = m->heap[--m->heap_count];
    if (m->heap_count) sift_down(m, 0, top);
}

/* Is the event on top one that another series of its symbol speaks for? A candle opens only where
 * none has been given yet; the finest comes first. A symbol is dry when its last series is. */
static bool top_is_hidden(struct candles *m) {
    struct series *s = &m->series[m->heap[0]];
    struct series *group = &m->series[s->group];
    switch (s->kind) {
    case MARKET_QUOTE:
        s->hidden = s->candle.open_at < group->covered;
        return s->hidden;
    case MARKET_CANDLE:
        return s->hidden;
    case MARKET_DRY:
        return group->alive > 1;
    }
    WRONG("not a kind of event");
}

static void pass_hidden(struct candles *m) {
    while (m->heap_count > 0 && top_is_hidden(m)) {
        const struct series *s = &m->series[m->heap[0]];
        if (s->kind == MARKET_DRY) m->series[s->group].alive--;
        step_top(m);
    }
}

/* Reads the first rows; at the first use and not at the opening, so that there is somebody to tell
 * what is wrong with them. */
static void prime(struct candles *m) {
    if (m->primed) return;
    m->primed = true;
    for (int i = 0; i < m->series_count; i++) {
        struct series *s = &m->series[i];
        series_step(m, s);
        m->series[s->group].alive += !s->over;
    }
    heap_build(m);
    pass_hidden(m);
}

static bool candles_next(struct market *market, struct market_event *ret) {
    struct candles *m = (struct candles *)market;
    prime(m);
    if (m->heap_count == 0) return false;
    struct series *s = &m->series[m->heap[0]];
    struct series *group = &m->series[s->group];
    *ret = (struct market_event){.kind = s->kind, .at = s->at, .sym = s->parts->sym};
    if (s->kind == MARKET_QUOTE) {
        price open = s->candle.open;
        ret->quote = (struct quote){.sym = ret->sym,
                                    .at = s->at,
                                    .last = open,
                                    .bid = open,
                                    .ask = open,
                                    .interval = s->candle.close_at - s->candle.open_at};
        group->covered = s->candle.close_at;
    } else if (s->kind == MARKET_CANDLE) {
        ret->candle = s->candle;
    } else {
        group->alive--;
    }
    step_top(m);
    pass_hidden(m);
    return true;
}

static usec candles_peek(struct market *market) {
    struct candles *m = (struct candles *)market;
    prime(m);
    return m->heap_count ? m->series[m->heap[0]].at : USEC_NEVER;
}

/* Reads over what is dropped, row by row: then counts, findings and the check of each row against
 * the one before it are the same as in a run that was never interrupted. */
static void candles_seek(struct market *market, usec after) {
    struct market_event dropped;
    while (candles_peek(market) <= after && candles_next(market, &dropped)) continue;
}

static void candles_counts(const struct market *market, struct market_counts *ret) {
    *ret = ((const struct candles *)market)->counts;
}

static void candles_close(struct market *market) {
    struct candles *m = (struct candles *)market;
    for (int i = 0; i < m->series_count; i++) line_file_close(&m->series[i].file);
    m->series_count = m->heap_count = 0;
}

const struct market_ops candles_ops = {
    .name = "candles",
    .next = candles_next,
    .peek = candles_peek,
    .seek = candles_seek,
    .counts = candles_counts,
    .close = candles_close,
};

bool candles_span(const struct market *market, usec *ret_first, usec *ret_last) {
    PRE(market->ops == &candles_ops);
    const struct candles *m = (const struct candles *)market;
    if (m->part_count == 0) return false;
    usec first = USEC_NEVER, last = 0;
    for (int i = 0; i < m->part_count; i++) {
        first = i64_min(first, m->parts[i].first_open);
        last = i64_max(last, m->parts[i].last_close);
    }
    *ret_first = first;
    *ret_last = last;
    return true;
}
