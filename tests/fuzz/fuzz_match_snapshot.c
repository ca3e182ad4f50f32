/* Law: whatever the bytes are, loading them as a snapshot of the matching engine either fails with
 * a message and leaves the engine empty, or gives a state that holds together (match_fault), and
 * that, saved and loaded and saved again, is the same bytes.
 *
 * An input that starts with a snapshot's own eight bytes, of this version or the one before, is
 * taken as it is, so that frame and checksum are reached; any other is a payload, and gets a right
 * frame around it. */
#include <string.h>

#include "fuzz.h"
#include "match/match.h"

#define MAGIC "BFMATCH2"
#define MAGIC_1 "BFMATCH1"
#define BLOB_BYTES (1 << 20)
#define ACCOUNTS 3

static struct symbol symbols_v[] = {
    {.name = "BTCUSDT", .base = "BTC", .quote = "USDT", .trading = true},
    {.name = "DOGEUSDT", .base = "DOGE", .quote = "USDT", .trading = true},
    {.name = "ETHBTC", .base = "ETH", .quote = "BTC", .trading = true},
};
static const struct symbols symbols = {symbols_v, 3};

static struct match *engine(struct arena *a) {
    static const struct match_options opt = {.accounts_max = ACCOUNTS,
                                             .orders_max = 64,
                                             .history_max = 32,
                                             .depth_max = 8,
                                             .mean_mins = 5};
    struct match *m = NULL;
    struct error err;
    for (int i = 0; i < symbols.count; i++) {
        symbols_v[i].tick = price_from_e8(1000);
        symbols_v[i].step = qty_from_e8(100000);
    }
    LAW(match_open(a, &symbols, &opt, &m, &err));
    for (int i = 0; i < ACCOUNTS; i++) {
        struct match_account terms = {.margin = i == 1, .leverage = 3, .settle = "USDT"};
        match_account_open(m, &terms);
    }
    return m;
}

static void put_u64(struct buf *b, uint64_t v) {
    for (int i = 0; i < 8; i++) buf_put_byte(b, (char)(v >> (8 * i) & 0xFF));
}

static void frame(struct buf *b, str payload) {
    buf_put(b, STR(MAGIC));
    put_u64(b, (uint64_t)payload.n);
    buf_put(b, payload);
    put_u64(b, str_hash(buf_str(b)));
}

static void check_empty(const struct match *m) {
    LAW(match_fault(m) == NULL);
    LAW(match_event_count(m) == 0);
    for (int a = 0; a < ACCOUNTS; a++) {
        LAW(match_next_open(m, a, SYM_NONE, NULL) == NULL);
        for (int i = 0; i < match_asset_count(m); i++) {
            struct match_balance b = match_balance(m, a, i);
            LAW(b.free_e8 == 0 && b.locked_e8 == 0);
        }
    }
}

static void check_loaded(struct match *m) {
    static char first[BLOB_BYTES], second[BLOB_BYTES];
    struct buf a, b;
    struct error err;
    LAW(match_fault(m) == NULL);
    buf_init_fixed(&a, first, (ptrdiff_t)sizeof first);
    match_save(m, &a);
    LAW(!buf_full(&a));
    LAW(match_load(m, buf_str(&a), &err));
    buf_init_fixed(&b, second, (ptrdiff_t)sizeof second);
    match_save(m, &b);
    LAW(str_eq(buf_str(&a), buf_str(&b)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena arena;
    static char block[BLOB_BYTES];
    static struct match *m;
    struct error err = {0};
    str blob = str_from_bytes(data, (ptrdiff_t)bytes);
    if (m == NULL) {
        arena_open(&arena, 1 << 24);
        m = engine(&arena);
    }
    if (!str_starts(blob, STR(MAGIC)) && !str_starts(blob, STR(MAGIC_1))) {
        struct buf framed;
        buf_init_fixed(&framed, block, (ptrdiff_t)sizeof block);
        frame(&framed, blob);
        blob = buf_str(&framed);
    }
    if (match_load(m, blob, &err)) {
        check_loaded(m);
    } else {
        LAW(err.code == ERR_DAMAGED || err.code == ERR_STATE);
        LAW(err.msg[0] != 0);
        check_empty(m);
    }
    return 0;
}
