/* run_rig: a whole program in a folder of its own: prices and posts made from a seed, a store on
 * disk, the real reader, trader and paper venue, and the runner between them. */
#ifndef BF_TESTS_LIB_RUN_RIG_H
#define BF_TESTS_LIB_RUN_RIG_H

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/builtin.h"
#include "base/log.h"
#include "base/rng.h"
#include "check.h"
#include "run/run.h"

#define RIG_START INT64_C(1621436400) /* seconds; 2021-05-19 15:00 UTC */
#define RIG_MINUTES 240
#define RIG_POSTS 60

struct rig {
    char dir[64];
    struct arena a; /* of one run */
    struct config cfg;
    struct symbols symbols;
    struct run_parts parts;
    struct run_options opt;
    struct run_watch watch;
    struct runner *runner;
    struct buf summary;
};

/* What goes wrong in the rig itself ends the test program. */
#define RIG_MUST(expr, err)                                                                        \
    do {                                                                                           \
        if (!(expr)) {                                                                             \
            print_error("rig: %s: %s\n", #expr, (err)->msg);                                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static inline const char *rig_path(struct rig *g, const char *name) {
    static char path[4][128];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", g->dir, name);
    return p;
}

static inline FILE *rig_file(struct rig *g, const char *name) {
    FILE *f = fopen(rig_path(g, name), "w");
    if (!f) abort();
    return f;
}

/* A walk in steps of up to 0.6 %, as minute candles. */
static inline void rig_candles(struct rig *g, const char *name, int64_t price_e5, uint64_t seed) {
    struct rng r;
    rng_init(&r, seed);
    FILE *f = rig_file(g, name);
    fputs("open_time_ms,open,high,low,close,volume\n", f);
    for (int64_t i = 0; i < RIG_MINUTES; i++) {
        const int64_t open = price_e5;
        const int64_t close = open + open * rng_between(&r, -60, 60) / 10000;
        const int64_t high = i64_max(open, close) + open * rng_between(&r, 0, 30) / 10000;
        const int64_t low = i64_min(open, close) - open * rng_between(&r, 0, 30) / 10000;
        fprintf(f, "%lld", (long long)(RIG_START + i * 60) * 1000);
        const int64_t v[] = {open, high, low, close};
        for (int k = 0; k < 4; k++)
            fprintf(f, ",%lld.%05lld", (long long)(v[k] / 100000), (long long)(v[k] % 100000));
        fputs(",1000000\n", f);
        price_e5 = close;
    }
    fclose(f);
}

/* One post as X writes it: its id tells the time. */
static inline void rig_post(FILE *f, int64_t at_ms, int n, const char *text) {
    const int64_t id = ((at_ms - INT64_C(1288834974657)) << 22) + n;
    char at[TIME_TEXT_BYTES];
    const str t = time_format_rfc3339(at_ms * 1000, at);
    fprintf(f,
            "{\"id\":\"%lld\",\"created_at\":\"%.*s\",\"author_id\":\"%d\",\"username\":\"u%d\","
            "\"text\":\"%s\"}\n",
            (long long)id, (int)t.n, t.p, 9000 + n, n, text);
}

/* Word, some time later, that the n-th post was deleted. */
static inline void rig_deletion(FILE *f, int64_t posted_ms, int64_t at_ms, int n) {
    const int64_t id = ((posted_ms - INT64_C(1288834974657)) << 22) + n;
    fprintf(f,
            "{\"delete\":{\"tweet\":{\"id\":\"%lld\",\"author_id\":\"%d\"},"
            "\"timestamp_ms\":\"%lld\"}}\n",
            (long long)id, 9000 + n, (long long)at_ms);
}

static inline void rig_posts(struct rig *g, uint64_t seed) {
    static const char *const coins[] = {"DOGE", "ETH", "BTC"};
    struct rng r;
    rng_init(&r, seed);
    FILE *f = rig_file(g, "posts.jsonl");
    int64_t at = RIG_START * 1000 + 600000;
    for (int n = 0; n < RIG_POSTS; n++) {
        char words[64] = "", text[256];
        for (int k = 0; k < 5; k++)
            snprintf(words + strlen(words), sizeof words - strlen(words), " w%d",
                     (int)rng_below(&r, 1000));
        const int which = (int)rng_below(&r, 6);
        const char *coin = coins[rng_below(&r, COUNT_OF(coins))];
        if (which == 4)
            snprintf(text, sizeof text, "What a lovely afternoon with a cup of tea. %s", words);
        else
            snprintf(text, sizeof text,
                     which == 0   ? "Just bought a huge bag of $%s, so happy! %s"
                     : which == 1 ? "I love $%s, this is amazing, great news %s"
                     : which == 2 ? "$%s is terrible, sold everything, awful %s"
                     : which == 3 ? "Awful news, $%s crashes hard, I am out %s"
                                  : "$%s looks strong, what a great bounce %s",
                     coin, words);
        rig_post(f, at, n, text);
        if (n % 3 == 1) rig_deletion(f, at, at + 900, n);
        at += rng_between(&r, 1000, 300000);
    }
    fclose(f);
}

static inline struct rig *rig_new(void) {
    struct rig *g = calloc(1, sizeof *g);
    const char *tmp = getenv("TMPDIR");
    snprintf(g->dir, sizeof g->dir, "%s/bf-run-XXXXXX", tmp && strlen(tmp) < 32 ? tmp : "/tmp");
    if (!mkdtemp(g->dir)) abort();
    if (mkdir(rig_path(g, "prices"), 0700) != 0) abort();
    rig_candles(g, "prices/DOGEUSDT-1m.csv", 37000, 1);
    rig_candles(g, "prices/ETHUSDT-1m.csv", 262000000, 2);
    rig_candles(g, "prices/BTCUSDT-1m.csv", 3750000000, 3);
    rig_posts(g, 4);
    log_setup(LOG_BROKEN, LOG_LOGFMT, STDERR_FILENO);
    g->opt = (struct run_options){
        .exit_at_end = true, .workers = 1, .group_wall = USEC_PER_S, .group_posts = 256};
    return g;
}

static inline void rig_free(struct rig *g) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", g->dir);
    if (system(command) != 0) abort();
    free(g);
}

/* --- one run ----------------------------------------------------------------------------- */

static inline void rig_config(struct rig *g, const char *const *sets, int count) {
    struct error err;
    struct buf report;
    str list[16] = {STR("trading.cooldown_symbol_s=0"), STR("trading.cooldown_author_s=0"),
                    STR("trading.signal_threshold=40")};
    for (int i = 0; i < count; i++) list[3 + i] = str_from_z(sets[i]);
    buf_init(&report, CONFIG_REPORT_BYTES);
    const struct config_input in = {.text = STR(""), .sets = list, .set_count = 3 + count};
    RIG_MUST(config_load(&g->a, &in, &g->cfg, &report, &err), &err);
    buf_fini(&report);
}

static inline void rig_store(struct rig *g, const char *db) {
    struct error err;
    char url[160];
    snprintf(url, sizeof url, "sqlite:%s", rig_path(g, db));
    const struct store_options opt = {.url = str_dup(&g->a, str_from_z(url)),
                                      .access = STORE_WRITE,
                                      .create = true,
                                      .busy_timeout_ms = 2000};
    RIG_MUST(store_open(&g->a, &opt, &g->parts.store, &err), &err);
}

static inline void rig_trader(struct rig *g) {
    struct error err;
    struct trader_rows rows;
    const struct venue_traits traits = {.can_short = g->cfg.paper_margin,
                                        .fee_e8 = g->cfg.paper_fee_percent,
                                        .spread_e8 = g->cfg.paper_spread_percent,
                                        .slippage_e8 = g->cfg.paper_slippage_percent,
                                        .recv_window = USEC_PER_S};
    RIG_MUST(store_load_trader(g->parts.store, &g->a, 0, &rows, &err), &err);
    RIG_MUST(trader_open(&g->a, &g->cfg, &g->symbols, &traits, &rows, &g->parts.trader, &err),
             &err);
}

/* Everything but the runner. db: name of the database file. */
static inline void rig_open(struct rig *g, const char *db, const char *const *sets, int count) {
    struct error err;
    struct buf report;
    int left_out;
    struct reader *reader;
    const struct reader_options ropt = {.quote_asset = STR("USDT")};
    arena_open(&g->a, INT64_C(1) << 30);
    rig_config(g, sets, count);
    const struct paper_options popt = {.balance = g->cfg.paper_balance,
                                       .margin = g->cfg.paper_margin,
                                       .leverage = g->cfg.paper_leverage,
                                       .fee_e8 = g->cfg.paper_fee_percent,
                                       .spread_e8 = g->cfg.paper_spread_percent,
                                       .slippage_e8 = g->cfg.paper_slippage_percent,
                                       .volume_cap_e8 = g->cfg.paper_volume_cap_percent,
                                       .quote_asset = "USDT"};
    buf_init(&report, 1 << 20);
    g->parts = (struct run_parts){.symbols = &g->symbols,
                                  .feeds = {{.key = STR("replay"),
                                             .kind = STR("replay"),
                                             .name = STR("x"),
                                             .path = STR("posts.jsonl")}},
                                  .feed_count = 1};
    RIG_MUST(exchange_info_parse(&g->a, builtin_exchange_info(), STR("USDT"), &g->symbols,
                                 &left_out, &report, &err),
             &err);
    RIG_MUST(candles_open(&g->a, rig_path(g, "prices"), &g->symbols, &g->parts.market, NULL,
                          &report, &err),
             &err);
    RIG_MUST(
        replay_open(&g->a, rig_path(g, "posts.jsonl"), STR("x"), &g->parts.feeds[0].source, &err),
        &err);
    RIG_MUST(reader_open(&g->a, &ropt, &reader, &err), &err);
    RIG_MUST(paper_open(&g->a, &g->symbols, &popt, &g->parts.venue, &err), &err);
    buf_fini(&report);
    g->parts.reader = reader;
    rig_store(g, db);
    rig_trader(g);
}

static inline void rig_close(struct rig *g) {
    runner_close(g->runner);
    g->runner = NULL;
    venue_close(g->parts.venue);
    market_close(g->parts.market);
    source_close(g->parts.feeds[0].source);
    store_close(g->parts.store);
    buf_fini(&g->summary);
    arena_close(&g->a);
    memset(&g->parts, 0, sizeof g->parts);
}

/* Opens all, replays to the end; the summary is in g->summary until rig_close. */
static inline bool rig_replay(struct rig *g, const char *db, struct error *err) {
    rig_open(g, db, NULL, 0);
    buf_init(&g->summary, 1 << 20);
    return runner_open(&g->a, &g->parts, &g->opt, &g->watch, &g->runner, err) &&
           run_virtual(g->runner, err) && run_summary(g->runner, NULL, &g->summary, err);
}

/* The value behind "key": in the summary: a number's digits, a string's content. */
static inline str rig_value(const struct rig *g, const char *key) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const str all = buf_str(&g->summary);
    const ptrdiff_t at = str_find(all, str_from_z(quoted));
    if (at < 0) return STR("");
    str rest = str_tail(all, at + (ptrdiff_t)strlen(quoted));
    if (str_starts(rest, STR("\""))) rest = str_tail(rest, 1);
    ptrdiff_t n = 0;
    while (n < rest.n && !strchr(",\"}", rest.p[n])) n++;
    return str_head(rest, n);
}

static inline int64_t rig_number(const struct rig *g, const char *key) {
    int64_t v;
    if (!str_to_i64(rig_value(g, key), &v)) return -1;
    return v;
}

/* One whole replay on a database; its ledger's hash. */
static inline void rig_hash(struct rig *g, const char *db, char ret[65]) {
    struct error err;
    assert_ok(rig_replay(g, db, &err), &err);
    IGNORE(!str_copyz(rig_value(g, "ledger_hash"), ret, 65), "64 digits");
    rig_close(g);
}

static inline void rig_forget(struct rig *g, const char *db) {
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (int i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", db, suffixes[i]);
        unlink(rig_path(g, name));
    }
}

#endif
