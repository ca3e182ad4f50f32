/* The market's contract on candle files: one file a symbol, and one file a day. */
#include "market_contract.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static char dir[] = "/tmp/bullfinch-market-XXXXXX";
static bool twelve_columns;

static void put_amount(FILE *f, int64_t e8) {
    char block[AMOUNT_TEXT_BYTES];
    str text = amount_format_e8(e8, block);
    fprintf(f, "," STR_FMT, STR_ARG(text));
}

/* Ours in milliseconds, or Binance's in microseconds. */
static void put_row(FILE *f, const struct candle *c) {
    fprintf(f, "%lld", (long long)(twelve_columns ? c->open_at : c->open_at / USEC_PER_MS));
    const int64_t amounts[] = {price_e8(c->open), price_e8(c->high), price_e8(c->low),
                               price_e8(c->close), volume_e8(c->volume)};
    for (int i = 0; i < COUNT_OF(amounts); i++) put_amount(f, amounts[i]);
    if (twelve_columns) fprintf(f, ",%lld,1.5,3,0.5,0.25,0", (long long)(c->close_at - 1));
    fputc('\n', f);
}

/* Candles [from, to) as file number `part` of the symbol. */
static void write_file(const struct market_history *h, const char *name, int part, int from,
                       int to) {
    char path[200];
    int n = snprintf(path, sizeof path, "%s/%s-%dm", dir, name, (int)(h->interval / USEC_PER_MIN));
    snprintf(path + n, sizeof path - (size_t)n, part ? "-2021-05-%02d.csv" : ".csv", part);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    if (!twelve_columns) fputs("open_time_ms,open,high,low,close,volume\n", f);
    for (int i = from; i < to; i++) put_row(f, &h->candles[i]);
    assert_int_equal(fclose(f), 0);
}

static void make_whole(const struct market_history *h, int count, const struct symbols *symbols) {
    twelve_columns = false;
    for (int i = 0; i < count; i++) {
        write_file(&h[i], symbols->v[h[i].sym].name, 0, 0, h[i].count);
    }
}

static void make_parts(const struct market_history *h, int count, const struct symbols *symbols) {
    twelve_columns = true;
    for (int i = 0; i < count; i++) {
        const char *name = symbols->v[h[i].sym].name;
        int third = h[i].count / 3;
        write_file(&h[i], name, 19, 0, third); /* may be empty */
        write_file(&h[i], name, 20, third, 2 * third);
        write_file(&h[i], name, 21, 2 * third, h[i].count);
    }
}

static struct market *open_files(struct arena *boot, const struct symbols *symbols) {
    struct market *m = NULL;
    struct error err;
    assert_ok(candles_open(boot, dir, symbols, &m, NULL, NULL, &err), &err);
    return m;
}

static void remove_files(void) {
    DIR *d = opendir(dir);
    assert_non_null(d);
    struct dirent *e;
    while ((e = readdir(d))) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.') assert_int_equal(unlink(path), 0);
    }
    closedir(d);
}

int main(void) {
    const struct market_place whole = {"candle files", make_whole, open_files, remove_files};
    const struct market_place parts = {"candle files, one a day", make_parts, open_files,
                                       remove_files};
    if (!mkdtemp(dir)) return 1;
    int failed = market_contract_run(&whole);
    failed += market_contract_run(&parts);
    if (rmdir(dir) != 0) failed++; /* something was left behind */
    return failed;
}
