/* Law: whatever stands in candle files, events come in the order of time, each symbol's as quote,
 * candle, quote, candle, ..., dry, with sound prices and without overlaps; every row is counted in
 * one place; and after a seek comes what would have come anyway.
 *
 * The input is up to three files, cut at bytes 0x1E: BTCUSDT-1m.csv, ETHUSDT-3m.csv, and a second
 * part of BTCUSDT's history. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"
#include "market/candle_row.h"
#include "market/market.h"
#include "market_same.h"

#define FILES 3
#define SYMBOLS 2
#define SEPARATOR '\x1E'

static const char *const file_names[FILES] = {"BTCUSDT-1m.csv", "ETHUSDT-3m.csv",
                                              "BTCUSDT-1m-2021-06.csv"};
static char dir[] = "/tmp/bullfinch-fuzz-XXXXXX";

static void path_of(int file, char path[80]) { snprintf(path, 80, "%s/%s", dir, file_names[file]); }

static void remove_dir(void) {
    char path[80];
    for (int i = 0; i < FILES; i++) {
        path_of(i, path);
        unlink(path);
    }
    rmdir(dir);
}

static void write_files(str input) {
    static bool made;
    if (!made) {
        LAW(mkdtemp(dir) != NULL);
        LAW(atexit(remove_dir) == 0);
        made = true;
    }
    char path[80];
    for (int i = 0; i < FILES; i++) {
        str text;
        path_of(i, path);
        if (!str_cut(&input, SEPARATOR, &text)) {
            unlink(path);
            continue;
        }
        FILE *f = fopen(path, "wb");
        LAW(f != NULL);
        LAW(fwrite(text.p, 1, (size_t)text.n, f) == (size_t)text.n);
        LAW(fclose(f) == 0);
    }
}

/* Every finding is one printable line. */
static void hear(void *ctx, str where, str what) {
    LAW(where.n > 0 && what.n > 0);
    for (ptrdiff_t i = 0; i < what.n; i++) LAW(what.p[i] >= ' ' && what.p[i] <= '~');
    ++*(int64_t *)ctx;
}

static struct market *open_market(struct arena *a, int64_t *heard) {
    static struct symbol v[SYMBOLS] = {{.name = "BTCUSDT"}, {.name = "ETHUSDT"}};
    const struct symbols symbols = {v, SYMBOLS};
    struct market *m;
    struct error err;
    arena_reset(a);
    if (!candles_open(a, dir, &symbols, &m, NULL, NULL, &err)) {
        LAW(err.code == ERR_NOT_FOUND);
        return NULL;
    }
    m->complain = hear;
    m->complain_ctx = heard;
    return m;
}

static void put_e8(char *row, size_t room, int64_t e8) {
    char block[AMOUNT_TEXT_BYTES];
    size_t n = strlen(row);
    str text = amount_format_e8(e8, block);
    snprintf(row + n, room - n, "," STR_FMT, STR_ARG(text));
}

static void check_candle(const struct candle *c) {
    LAW(price_e8(c->low) > 0);
    LAW(price_cmp(c->low, c->open) <= 0 && price_cmp(c->open, c->high) <= 0);
    LAW(price_cmp(c->low, c->close) <= 0 && price_cmp(c->close, c->high) <= 0);
    LAW(volume_e8(c->volume) >= 0);
    /* written down again, it is read as the same candle */
    char row[200];
    snprintf(row, sizeof row, "%lld", (long long)c->open_at);
    const int64_t amounts[] = {price_e8(c->open), price_e8(c->high), price_e8(c->low),
                               price_e8(c->close), volume_e8(c->volume)};
    for (int i = 0; i < COUNT_OF(amounts); i++) put_e8(row, sizeof row, amounts[i]);
    struct candle again;
    str field;
    usec interval = c->close_at - c->open_at;
    LAW(candle_row_parse(str_from_z(row), interval, &again, &field) == CANDLE_FAULT_NONE);
    again.sym = c->sym;
    LAW(candle_same(&again, c));
}

/* What a symbol's last event allows to follow. */
struct seen {
    bool quoted, dry; /* a quote waits for its candle; nothing may follow */
    usec open_at, close_at;
    int64_t candles;
};

static void check_event(const struct market_event *e, struct seen *s) {
    LAW(!s->dry);
    switch (e->kind) {
    case MARKET_QUOTE:
        LAW(!s->quoted && e->at >= s->close_at && e->quote.at == e->at);
        LAW(price_e8(e->quote.last) > 0);
        s->quoted = true;
        s->open_at = e->at;
        break;
    case MARKET_CANDLE:
        LAW(s->quoted && e->candle.open_at == s->open_at && e->candle.close_at == e->at);
        check_candle(&e->candle);
        s->quoted = false;
        s->close_at = e->at;
        s->candles++;
        break;
    case MARKET_DRY:
        LAW(!s->quoted && s->candles > 0 && e->at == s->close_at);
        s->dry = true;
        break;
    }
}

/* Reads it all; returns how many events there were, and the time of the one in the middle. */
static int64_t check_stream(struct arena *a, usec *ret_middle) {
    int64_t heard = 0, events = 0;
    struct seen seen[SYMBOLS] = {0};
    struct market *m = open_market(a, &heard);
    if (!m) return 0;
    struct market_event e;
    usec last = 0;
    static usec times[1 << 16];
    while (market_peek(m) != USEC_NEVER) {
        usec promised = market_peek(m);
        LAW(market_next(m, &e));
        LAW(e.at == promised && e.at >= last);
        LAW(e.sym >= 0 && e.sym < SYMBOLS);
        check_event(&e, &seen[e.sym]);
        last = e.at;
        if (events < COUNT_OF(times)) times[events] = e.at;
        events++;
    }
    LAW(!market_next(m, &e));
    struct market_counts c;
    market_counts(m, &c);
    LAW(c.candles == seen[0].candles + seen[1].candles);
    LAW(c.zero_price <= c.malformed && c.no_volume <= c.candles && c.broken_off == 0);
    bool odd = c.malformed || c.duplicates || c.disordered || c.gaps || c.no_volume;
    LAW(odd || heard == 0);
    market_close(m);
    *ret_middle = events ? times[i64_min(events, COUNT_OF(times)) / 2] : 0;
    return events;
}

static void check_seek(struct arena *a, struct arena *b, usec middle) {
    int64_t heard = 0;
    struct market *whole = open_market(a, &heard), *part = open_market(b, &heard);
    struct market_event e, f;
    market_seek(part, middle);
    while (market_next(whole, &e)) {
        if (e.at <= middle) continue;
        LAW(market_next(part, &f));
        LAW(market_event_same(&e, &f));
    }
    LAW(!market_next(part, &f));
    market_close(whole);
    market_close(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena a, b;
    if (!a.base) {
        arena_open(&a, 1 << 20);
        arena_open(&b, 1 << 20);
    }
    write_files(str_from_bytes(data, (ptrdiff_t)bytes));
    usec middle;
    if (check_stream(&a, &middle) > 0) check_seek(&a, &b, middle);
    return 0;
}
