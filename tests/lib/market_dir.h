/* market_dir: a scratch directory of candle files for tests, and the market over it.
 *
 * Findings of the opening and of the reading are gathered as text, and the events as one short line
 * each, so that a test compares what it means to say with what came out. */
#ifndef BF_TESTS_LIB_MARKET_DIR_H
#define BF_TESTS_LIB_MARKET_DIR_H

#include "check.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "market/market.h"

#define MARKET_DIR_T0_MS INT64_C(1621436400000) /* 2021-05-19 15:00:00 UTC */
#define MARKET_DIR_T0 (MARKET_DIR_T0_MS * USEC_PER_MS)

struct market_dir {
    char path[64];
    struct arena boot;
    struct symbol names[4]; /* sorted: BTCUSDT, DOGEUSDT, ETHUSDT, SOLUSDT */
    struct symbols symbols;
    struct market *market;
    struct market_counts counts; /* as candles_open gave them */
    struct buf report;           /* of the opening */
    struct buf findings;         /* of the reading */
    struct buf trace;
    struct error err;
};

static inline void market_dir_init(struct market_dir *d) {
    *d = (struct market_dir){
        .names = {
            {.name = "BTCUSDT"}, {.name = "DOGEUSDT"}, {.name = "ETHUSDT"}, {.name = "SOLUSDT"}}};
    strncpy(d->path, "/tmp/bullfinch-market-XXXXXX", sizeof d->path - 1);
    assert_non_null(mkdtemp(d->path));
    d->symbols = (struct symbols){d->names, 4};
    arena_open(&d->boot, 64 << 20);
    buf_init(&d->report, 1 << 20);
    buf_init(&d->findings, 1 << 20);
    buf_init(&d->trace, 1 << 20);
}

static inline const char *market_dir_file(const struct market_dir *d, const char *name,
                                          char path[400]) {
    snprintf(path, 400, "%s/%s", d->path, name);
    return path;
}

static inline void market_dir_write_bytes(const struct market_dir *d, const char *name,
                                          const void *bytes, size_t n) {
    char path[400];
    FILE *f = fopen(market_dir_file(d, name, path), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void market_dir_write(const struct market_dir *d, const char *name,
                                    const char *text) {
    market_dir_write_bytes(d, name, text, strlen(text));
}

static inline void market_dir_complain(void *ctx, str where, str what) {
    struct market_dir *d = ctx;
    buf_printf(&d->findings, STR_FMT ": " STR_FMT "\n", STR_ARG(where), STR_ARG(what));
}

static inline bool market_dir_try_open(struct market_dir *d) {
    if (!candles_open(&d->boot, d->path, &d->symbols, &d->market, &d->counts, &d->report, &d->err))
        return false;
    d->market->complain = market_dir_complain;
    d->market->complain_ctx = d;
    return true;
}

static inline void market_dir_open(struct market_dir *d) {
    assert_ok(market_dir_try_open(d), &d->err);
}

/* "Q BTC +60 0.5" quote, "C BTC +60 0.5 1 0.25 0.75" candle (open high low close), "D BTC +60". */
static inline void market_dir_put_event(struct market_dir *d, const struct market_event *e) {
    const char kinds[] = "QCD";
    const char *name = d->names[e->sym].name;
    buf_printf(&d->trace, "%c %.*s +%lld", kinds[e->kind], (int)strlen(name) - 4, name,
               (long long)((e->at - MARKET_DIR_T0) / USEC_PER_S));
    if (e->kind == MARKET_QUOTE) {
        buf_put_byte(&d->trace, ' ');
        buf_put_e8(&d->trace, price_e8(e->quote.last));
    } else if (e->kind == MARKET_CANDLE) {
        const price prices[] = {e->candle.open, e->candle.high, e->candle.low, e->candle.close};
        for (int i = 0; i < 4; i++) {
            buf_put_byte(&d->trace, ' ');
            buf_put_e8(&d->trace, price_e8(prices[i]));
        }
    }
    buf_put_byte(&d->trace, '\n');
}

/* Runs the market to its end; the events are in `trace`. */
static inline void market_dir_drain(struct market_dir *d) {
    struct market_event e;
    while (market_next(d->market, &e)) market_dir_put_event(d, &e);
    assert_int_equal(market_peek(d->market), USEC_NEVER);
}

static inline struct market_counts market_dir_counts(const struct market_dir *d) {
    struct market_counts c;
    market_counts(d->market, &c);
    return c;
}

static inline void market_dir_close(struct market_dir *d) {
    market_close(d->market);
    d->market = NULL;
    buf_clear(&d->trace);
    buf_clear(&d->findings);
    buf_clear(&d->report);
}

static inline void market_dir_fini(struct market_dir *d) {
    market_close(d->market);
    buf_fini(&d->report);
    buf_fini(&d->findings);
    buf_fini(&d->trace);
    arena_close(&d->boot);
    DIR *dir = opendir(d->path);
    assert_non_null(dir);
    struct dirent *e;
    char path[400];
    while ((e = readdir(dir))) {
        if (e->d_name[0] == '.') continue;
        market_dir_file(d, e->d_name, path);
        if (unlink(path) != 0) assert_int_equal(rmdir(path), 0);
    }
    closedir(dir);
    assert_int_equal(rmdir(d->path), 0);
}

#endif
