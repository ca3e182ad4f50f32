/* How fast candle files become events: nine files of five-minute candles, 425,000 rows, 24 MB, as a
 * year and a half of nine pairs would be. Best of five passes over files that the system has in
 * its cache; and what a seek to the end, as a resumed run does it, takes.
 *
 *   bench_candles [DIRECTORY]    without one it writes made-up files into a scratch directory */
#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"
#include "bench.h"
#include "market/market.h"

#define SYMBOLS 9
#define ROWS 47240
#define PASSES 5

static const char *const names[SYMBOLS] = {"ADAUSDT", "BNBUSDT", "BTCUSDT", "DOGEUSDT", "DOTUSDT",
                                           "ETHUSDT", "LTCUSDT", "SOLUSDT", "XRPUSDT"};

/* A random walk around `level` hundredths. */
static bool write_file(const char *path, struct rng *r, int64_t level) {
    FILE *f = fopen(path, "w");
    if (!f) return false;
    fprintf(f, "open_time_ms,open,high,low,close,volume\n");
    int64_t open = level;
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t spread = level / 100 + 1;
        int64_t close = i64_max(open + rng_between(r, -spread, spread), level / 10 + 1);
        int64_t high = i64_max(open, close) + rng_between(r, 0, spread);
        int64_t low = i64_max(i64_min(open, close) - rng_between(r, 0, spread), 1);
        const int64_t p[] = {open, high, low, close};
        fprintf(f, "%lld", (long long)(INT64_C(1609459200000) + i * 300000));
        for (int k = 0; k < 4; k++) {
            fprintf(f, ",%lld.%04lld", (long long)(p[k] / 10000), (long long)(p[k] % 10000));
        }
        fprintf(f, ",%lld.%06lld\n", (long long)rng_between(r, 1, 9999),
                (long long)rng_between(r, 0, 999999));
        open = close;
    }
    return fclose(f) == 0;
}

static bool write_files(const char *dir) {
    struct rng r;
    rng_init(&r, 1);
    char path[400];
    int64_t level = 3000;
    for (int i = 0; i < SYMBOLS; i++, level *= 7) {
        snprintf(path, sizeof path, "%s/%s-5m.csv", dir, names[i]);
        if (!write_file(path, &r, level)) return false;
    }
    return true;
}

static void remove_files(const char *dir) {
    char path[400];
    for (int i = 0; i < SYMBOLS; i++) {
        snprintf(path, sizeof path, "%s/%s-5m.csv", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

/* One pass; seek: to the end instead of event by event. Seconds of processor time, -1 on failure.
 */
static double pass(const char *dir, bool seek, struct market_counts *ret) {
    struct symbol v[SYMBOLS] = {0};
    for (int i = 0; i < SYMBOLS; i++) memcpy(v[i].name, names[i], strlen(names[i]));
    const struct symbols symbols = {v, SYMBOLS};
    struct arena boot;
    arena_open(&boot, 32 << 20);
    struct market *m;
    struct error err;
    double start = bench_cpu_seconds();
    if (!candles_open(&boot, dir, &symbols, &m, NULL, NULL, &err)) {
        fprintf(stderr, "bench_candles: %s\n", err.msg);
        arena_close(&boot);
        return -1;
    }
    struct market_event e;
    if (seek) market_seek(m, USEC_NEVER - 1);
    while (market_next(m, &e)) continue;
    double took = bench_cpu_seconds() - start;
    market_counts(m, ret);
    market_close(m);
    arena_close(&boot);
    return took;
}

static bool measure(const char *dir) {
    struct market_counts c = {0};
    double best[2] = {1e9, 1e9};
    for (int seek = 0; seek < 2; seek++) {
        for (int i = 0; i < PASSES; i++) {
            double took = pass(dir, seek, &c);
            if (took < 0) return false;
            if (took < best[seek]) best[seek] = took;
        }
    }
    bench_report("candles", "rows", (double)c.candles, "");
    bench_report("candles", "all events, one core", best[0], "s");
    bench_report("candles", "rows a second", (double)c.candles / best[0], "1/s");
    bench_report("candles", "seek to the end", best[1], "s");
    bench_report("candles", "peak memory", bench_peak_mb(), "MB");
    return true;
}

int main(int argc, char **argv) {
    if (argc > 1) return measure(argv[1]) ? 0 : 1;
    char dir[] = "/tmp/bullfinch-bench-XXXXXX";
    if (!mkdtemp(dir)) return 1;
    bool ok = write_files(dir) && measure(dir);
    remove_files(dir);
    return ok ? 0 : 1;
}
