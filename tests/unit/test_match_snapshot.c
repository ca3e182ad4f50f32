/* Snapshots of the matching engine: a run that is stopped and goes on from one is the run that was
 * never stopped, event by event and byte by byte; and bytes that are not a snapshot of this engine
 * are a clean error that leaves it empty. */
#include <stdlib.h>

#include "match_random.h"

#define MINUTES 40
#define BLOB_BYTES (1 << 20)

/* Writes every event down; at `stop_at` calls, moves the whole run into a new engine. */
struct recorder {
    uint64_t hash;
    int64_t events, calls, stop_every;
};

static void fold(struct recorder *r, const struct match_event *e, struct bench *b) {
    buf_clear(&b->log);
    bench_put_event(&b->log, b, e);
    buf_printf(&b->log, "%lld %lld %lld %s %lld %lld", (long long)e->at, (long long)e->trade_id,
               (long long)e->order.account, e->order.coid, (long long)qty_e8(e->order.filled),
               (long long)money_e8(e->order.quote_filled));
    r->hash = str_hash(buf_str(&b->log)) ^ (r->hash * 31);
    r->events++;
}

static void save_to(struct match *m, char *block, struct buf *blob) {
    buf_init_fixed(blob, block, BLOB_BYTES);
    match_save(m, blob);
    assert_false(buf_full(blob));
}

static void move_over(struct world *w) {
    static char block[BLOB_BYTES], again[BLOB_BYTES];
    struct buf blob, copy;
    struct error err;
    save_to(w->bench.m, block, &blob);
    world_open_engine(&w->bench); /* new, in the same arena */
    assert_ok(match_load(w->bench.m, buf_str(&blob), &err), &err);
    save_to(w->bench.m, again, &copy);
    assert_true(str_eq(buf_str(&blob), buf_str(&copy)));
}

static void record(struct world *w, void *ctx) {
    struct recorder *r = ctx;
    struct match_event e;
    r->calls++;
    bool stop = r->stop_every != 0 && r->calls % r->stop_every == 0;
    if (stop) move_over(w); /* with the events of the last call still in the queue */
    while (match_next_event(w->bench.m, &e)) fold(r, &e, &w->bench);
}

static struct recorder run(uint64_t seed, int64_t stop_every, char *block, struct buf *last) {
    static struct world w;
    struct recorder r = {.stop_every = stop_every};
    world_init(&w, seed);
    w.visit = record;
    w.ctx = &r;
    for (int i = 0; i < MINUTES; i++) world_minute(&w);
    save_to(w.bench.m, block, last);
    bench_end(&w.bench);
    return r;
}

static void test_stopped_run_goes_on_bit_identically(void **state) {
    static char whole_block[BLOB_BYTES], stopped_block[BLOB_BYTES];
    int64_t events = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct buf whole_end, stopped_end;
        struct recorder whole = run(seed, 0, whole_block, &whole_end);
        struct recorder stopped = run(seed, 1 + (int64_t)seed, stopped_block, &stopped_end);
        events += whole.events;
        if (whole.hash != stopped.hash || whole.events != stopped.events ||
            !str_eq(buf_str(&whole_end), buf_str(&stopped_end))) {
            fail_msg("seed %llu: the stopped run went elsewhere", (unsigned long long)seed);
        }
    }
    assert_true(events > 1000);
    (void)state;
}

/* An engine in the middle of a run, saved. */
static void save_some(struct world *w, char *block, struct buf *blob) {
    world_init(w, 7);
    struct recorder r = {0};
    w->visit = record;
    w->ctx = &r;
    for (int i = 0; i < 10; i++) world_minute(w);
    w->visit = NULL; /* leave some events in the queue */
    world_place(w);
    save_to(w->bench.m, block, blob);
    assert_true(match_next_open(w->bench.m, 0, SYM_NONE, NULL) != NULL);
}

static void assert_empty(const struct match *m) {
    match_check(m);
    for (int a = 0; a < WORLD_ACCOUNTS; a++) {
        assert_null(match_next_open(m, a, SYM_NONE, NULL));
        for (int i = 0; i < match_asset_count(m); i++) {
            assert_int_equal(match_balance(m, a, i).free_e8, 0);
        }
    }
    assert_int_equal(match_event_count(m), 0);
}

static void test_each_damaged_byte_is_found(void **state) {
    static struct world w;
    static char block[BLOB_BYTES];
    struct buf blob;
    struct error err;
    save_some(&w, block, &blob);
    for (ptrdiff_t i = 0; i < blob.len; i += i < 64 ? 1 : 13) {
        block[i] = (char)(block[i] ^ (1 << (i % 8)));
        assert_fails(match_load(w.bench.m, buf_str(&blob), &err), &err, ERR_DAMAGED);
        assert_empty(w.bench.m);
        block[i] = (char)(block[i] ^ (1 << (i % 8)));
    }
    for (ptrdiff_t n = 0; n < blob.len; n += n < 64 ? 1 : 101) {
        assert_fails(match_load(w.bench.m, str_head(buf_str(&blob), n), &err), &err, ERR_DAMAGED);
    }
    assert_ok(match_load(w.bench.m, buf_str(&blob), &err), &err);
    arena_close(&w.bench.arena);
    (void)state;
}

static void test_snapshot_of_another_engine_is_refused(void **state) {
    static struct world w;
    static char block[BLOB_BYTES];
    struct buf blob;
    struct error err;
    save_some(&w, block, &blob);
    bench_open(&w.bench); /* no accounts */
    assert_fails(match_load(w.bench.m, buf_str(&blob), &err), &err, ERR_STATE);
    bench_open(&w.bench);
    bench_spot(&w.bench, "0");
    bench_spot(&w.bench, "0"); /* was margin */
    bench_spot(&w.bench, "0");
    assert_fails(match_load(w.bench.m, buf_str(&blob), &err), &err, ERR_STATE);
    w.bench.symbols.count = 2; /* without ETHBTC */
    world_open_engine(&w.bench);
    assert_fails(match_load(w.bench.m, buf_str(&blob), &err), &err, ERR_STATE);
    w.bench.symbols.count = BENCH_SYMBOLS;
    w.bench.opt.orders_max = w.bench.opt.history_max = 1;
    world_open_engine(&w.bench);
    assert_fails(match_load(w.bench.m, buf_str(&blob), &err), &err, ERR_STATE);
    arena_close(&w.bench.arena);
    (void)state;
}

/* What was saved before there were trailing stops and the like: a store has it for one restart. */
static void test_snapshot_of_the_version_before_is_read(void **state) {
    static struct world w;
    static char block[BLOB_BYTES], again[BLOB_BYTES];
    struct buf copy;
    struct error err;
    const char *root = getenv("BF_SOURCE_ROOT");
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/match_snapshot/first-version-8-minutes",
             root ? root : ".");
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    str blob = str_from_bytes(block, (ptrdiff_t)fread(block, 1, BLOB_BYTES, f));
    assert_int_equal(fclose(f), 0);
    assert_true(str_starts(blob, STR("BFMATCH1")));
    world_init(&w, 7);
    assert_ok(match_load(w.bench.m, blob, &err), &err);
    match_check(w.bench.m);
    assert_non_null(match_next_open(w.bench.m, 0, SYM_NONE, NULL));
    save_to(w.bench.m, again, &copy);
    assert_true(str_starts(buf_str(&copy), STR("BFMATCH2")));
    world_open_engine(&w.bench);
    assert_ok(match_load(w.bench.m, buf_str(&copy), &err), &err);
    bench_end(&w.bench);
    (void)state;
}

static void test_symbols_are_found_by_name_in_a_longer_list(void **state) {
    static struct world w;
    static char block[BLOB_BYTES], again[BLOB_BYTES];
    struct buf blob, copy;
    struct error err;
    save_some(&w, block, &blob);
    struct symbol more[BENCH_SYMBOLS + 1];
    more[0] = bench_symbol("AAVEUSDT", "AAVE", "USDT");
    memcpy(more + 1, w.bench.v, sizeof w.bench.v);
    w.bench.symbols = (struct symbols){more, BENCH_SYMBOLS + 1};
    world_open_engine(&w.bench);
    assert_ok(match_load(w.bench.m, buf_str(&blob), &err), &err);
    save_to(w.bench.m, again, &copy);
    assert_int_equal(copy.len, blob.len);
    bench_end(&w.bench);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopped_run_goes_on_bit_identically),
        cmocka_unit_test(test_each_damaged_byte_is_found),
        cmocka_unit_test(test_snapshot_of_another_engine_is_refused),
        cmocka_unit_test(test_snapshot_of_the_version_before_is_read),
        cmocka_unit_test(test_symbols_are_found_by_name_in_a_longer_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
