/* The market's contract: a random history of several symbols is laid down, and what the market says
 * must be what a plain sort of all events says. */
#include "market_contract.h"

#include <stdlib.h>

#include "base/rng.h"
#include "check.h"
#include "market_same.h"

#define SYMBOLS 5
#define CANDLES_MAX 60
#define EVENTS_MAX (SYMBOLS * (2 * CANDLES_MAX + 1))
#define ROUNDS 60
#define T0 (INT64_C(1621436400) * USEC_PER_S)

static const struct market_place *place;

struct world {
    struct symbol names[SYMBOLS];
    struct symbols symbols;
    struct candle candles[SYMBOLS][CANDLES_MAX];
    struct market_history histories[SYMBOLS];
    int history_count;
    struct market_event want[EVENTS_MAX]; /* sorted */
    int want_count;
    int64_t gaps, no_volume, candle_count;
    struct arena boot;
};

static int rank(market_kind k) { return k == MARKET_CANDLE ? 0 : k == MARKET_DRY ? 1 : 2; }

static int by_time(const void *a, const void *b) {
    const struct market_event *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    if (x->kind != y->kind) return rank(x->kind) - rank(y->kind);
    return x->sym - y->sym;
}

/* A candle of prices between 0.00000001 and a few thousand. */
static struct candle random_candle(struct rng *r, int sym, usec open_at, usec interval) {
    int64_t low = rng_between(r, 1, 1000), high = low + rng_between(r, 0, 1000);
    int64_t scale = rng_below(r, 3) == 0 ? 1 : rng_between(r, 1, 100000000);
    struct candle c = {.sym = sym, .open_at = open_at, .close_at = open_at + interval};
    c.low = price_from_e8(low * scale);
    c.high = price_from_e8(high * scale);
    c.open = price_from_e8(rng_between(r, low, high) * scale);
    c.close = price_from_e8(rng_between(r, low, high) * scale);
    c.volume = volume_from_e8(rng_below(r, 8) == 0 ? 0 : rng_between(r, 1, INT64_C(1) << 50));
    return c;
}

static void add_event(struct world *w, struct market_event e) { w->want[w->want_count++] = e; }

static void add_candle(struct world *w, const struct candle *c) {
    struct quote q = {c->sym, c->open_at, c->open, c->open, c->open, c->close_at - c->open_at};
    add_event(w, (struct market_event){MARKET_QUOTE, c->open_at, c->sym, .quote = q});
    add_event(w, (struct market_event){MARKET_CANDLE, c->close_at, c->sym, .candle = *c});
    w->candle_count++;
    w->no_volume += volume_e8(c->volume) == 0;
}

static void random_history(struct world *w, struct rng *r, int sym) {
    static const usec intervals[] = {USEC_PER_MIN, 3 * USEC_PER_MIN, 5 * USEC_PER_MIN};
    struct market_history *h = &w->histories[w->history_count++];
    *h = (struct market_history){.sym = sym,
                                 .interval = intervals[rng_below(r, 3)],
                                 .count = (int)rng_between(r, 1, CANDLES_MAX),
                                 .candles = w->candles[sym]};
    usec at = T0 + rng_between(r, 0, 10) * h->interval; /* on the grid */
    for (int i = 0; i < h->count; i++) {
        bool gap = i > 0 && rng_below(r, 10) == 0;
        if (gap) at += rng_between(r, 1, 20) * h->interval;
        w->gaps += gap;
        w->candles[sym][i] = random_candle(r, sym, at, h->interval);
        add_candle(w, &w->candles[sym][i]);
        at += h->interval;
    }
    add_event(w, (struct market_event){MARKET_DRY, at, sym, .quote = {0}});
}

static void make_world(struct world *w, struct rng *r) {
    static const char *const names[SYMBOLS] = {"ADAUSDT", "BTCUSDT", "DOGEUSDT", "ETHUSDT",
                                               "SOLUSDT"};
    w->want_count = w->history_count = 0;
    w->gaps = w->no_volume = w->candle_count = 0;
    for (int i = 0; i < SYMBOLS; i++) {
        w->names[i] = (struct symbol){0};
        assert_true(str_copyz(str_from_z(names[i]), w->names[i].name, SYMBOL_BYTES));
    }
    w->symbols = (struct symbols){w->names, SYMBOLS};
    int first = (int)rng_below(r, SYMBOLS), count = (int)rng_between(r, 1, SYMBOLS - first);
    for (int i = first; i < first + count; i++) random_history(w, r, i);
    qsort(w->want, (size_t)w->want_count, sizeof *w->want, by_time);
    place->make(w->histories, w->history_count, &w->symbols);
}

static struct market *open_again(struct world *w) {
    arena_reset(&w->boot);
    struct market *m = place->open(&w->boot, &w->symbols);
    assert_non_null(m);
    return m;
}

static int setup(void **state) {
    struct world *w = calloc(1, sizeof *w);
    arena_open(&w->boot, 16 << 20);
    *state = w;
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    arena_close(&w->boot);
    free(w);
    return 0;
}

static void assert_event(const struct market_event *got, const struct market_event *want) {
    assert_int_equal(got->kind, want->kind);
    assert_int_equal(got->at, want->at);
    assert_int_equal(got->sym, want->sym);
    assert_true(market_event_same(got, want));
}

/* The events from number `from` on, and nothing behind them. */
static void assert_rest(struct market *m, const struct world *w, int from) {
    struct market_event e;
    for (int i = from; i < w->want_count; i++) {
        assert_int_equal(market_peek(m), w->want[i].at);
        assert_true(market_next(m, &e));
        assert_event(&e, &w->want[i]);
    }
    assert_int_equal(market_peek(m), USEC_NEVER);
    assert_false(market_next(m, &e));
    assert_false(market_next(m, &e));
}

static int first_after(const struct world *w, usec after) {
    int i = 0;
    while (i < w->want_count && w->want[i].at <= after) i++;
    return i;
}

static void test_events_come_as_a_sort_of_all_would_have_them(void **state) {
    struct world *w = *state;
    struct rng r;
    rng_init(&r, test_seed());
    for (int round = 0; round < ROUNDS; round++) {
        make_world(w, &r);
        struct market *m = open_again(w);
        assert_rest(m, w, 0);
        market_close(m);
        place->remove();
    }
}

static void test_counts_are_complete_at_the_end(void **state) {
    struct world *w = *state;
    struct rng r;
    rng_init(&r, test_seed());
    for (int round = 0; round < ROUNDS; round++) {
        make_world(w, &r);
        struct market *m = open_again(w);
        assert_rest(m, w, 0);
        struct market_counts c;
        market_counts(m, &c);
        assert_int_equal(c.candles, w->candle_count);
        assert_int_equal(c.gaps, w->gaps);
        assert_int_equal(c.no_volume, w->no_volume);
        assert_int_equal(c.malformed + c.duplicates + c.disordered + c.broken_off, 0);
        market_close(m);
        place->remove();
    }
}

static void test_a_seek_drops_what_is_not_after_it_and_nothing_else(void **state) {
    struct world *w = *state;
    struct rng r;
    rng_init(&r, test_seed());
    for (int round = 0; round < ROUNDS; round++) {
        make_world(w, &r);
        struct market *m = open_again(w);
        const struct market_event *pick = &w->want[rng_below(&r, (uint64_t)w->want_count)];
        usec after = pick->at + rng_between(&r, -1, 1);
        market_seek(m, after);
        assert_rest(m, w, first_after(w, after));
        market_close(m);
        place->remove();
    }
}

static void test_a_seek_in_the_middle_never_goes_back(void **state) {
    struct world *w = *state;
    struct rng r;
    rng_init(&r, test_seed());
    for (int round = 0; round < ROUNDS; round++) {
        make_world(w, &r);
        struct market *m = open_again(w);
        struct market_event e;
        int taken = (int)rng_below(&r, (uint64_t)w->want_count);
        for (int i = 0; i < taken; i++) assert_true(market_next(m, &e));
        usec after = w->want[rng_below(&r, (uint64_t)w->want_count)].at;
        market_seek(m, after);
        int from = first_after(w, after);
        assert_rest(m, w, from > taken ? from : taken);
        market_close(m);
        place->remove();
    }
}

int market_contract_run(const struct market_place *p) {
    place = p;
#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(events_come_as_a_sort_of_all_would_have_them),
        T(counts_are_complete_at_the_end),
        T(a_seek_drops_what_is_not_after_it_and_nothing_else),
        T(a_seek_in_the_middle_never_goes_back),
    };
    return cmocka_run_group_tests_name(p->name, tests, NULL, NULL);
}
