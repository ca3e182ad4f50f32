/* Law: whatever the bytes are, reading them as an exchangeInfo answer either fails with a message,
 * or gives symbols that the program can trade: named in capitals and digits, sorted, each once, of
 * the quote that was asked for, their ticks and steps at least 1e-8, their bounds in range and in
 * order; and reading the same bytes again gives the same. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "fuzz.h"
#include "venue/venue.h"

static bool amount_fits(int64_t v) { return v >= 0 && v <= AMOUNT_E8_MAX; }

static void check_name(const char *name, size_t bytes) {
    size_t n = strnlen(name, bytes);
    LAW(n > 0 && n < bytes);
    LAW(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == n);
}

static void check_symbol(const struct symbol *s) {
    check_name(s->name, sizeof s->name);
    check_name(s->base, sizeof s->base);
    LAW(strcmp(s->quote, "USDT") == 0);
    LAW(price_e8(s->tick) >= 1 && amount_fits(price_e8(s->tick)));
    LAW(qty_e8(s->step) >= 1 && amount_fits(qty_e8(s->step)));
    LAW(qty_cmp(s->max_qty, s->min_qty) >= 0 && qty_on_step(s->max_qty, s->step));
    LAW(amount_fits(qty_e8(s->min_qty)) && amount_fits(qty_e8(s->max_qty)));
    LAW(amount_fits(price_e8(s->min_price)) && amount_fits(price_e8(s->max_price)));
    LAW(amount_fits(money_e8(s->min_notional)) && amount_fits(money_e8(s->max_notional)));
    LAW(s->market_max_applies == !qty_is_zero(s->market_max_qty));
    LAW(s->bid_up_bp >= 0 && s->bid_down_bp >= 0 && s->ask_up_bp >= 0 && s->ask_down_bp >= 0);
    LAW(s->max_orders >= 0 && s->max_algo_orders >= 0 && s->max_lists >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena arena;
    static char text[1 << 16];
    struct symbols symbols = {0}, again = {0};
    struct buf report;
    struct error err = {0};
    int skipped = -1, skipped_again = -1;
    str json = str_from_bytes(data, (ptrdiff_t)bytes);
    if (arena.base == NULL) arena_open(&arena, 1 << 24);
    arena_reset(&arena);
    buf_init_fixed(&report, text, (ptrdiff_t)sizeof text);
    bool ok = exchange_info_parse(&arena, json, STR("USDT"), &symbols, &skipped, &report, &err);
    LAW(ok || (err.code != ERR_OK && err.msg[0] != 0));
    LAW(ok == (symbols.count > 0));
    LAW(ok == (skipped >= 0));
    for (int i = 0; i < symbols.count; i++) {
        check_symbol(&symbols.v[i]);
        LAW(i == 0 || strcmp(symbols.v[i - 1].name, symbols.v[i].name) < 0);
    }
    buf_clear(&report);
    LAW(ok ==
        exchange_info_parse(&arena, json, STR("USDT"), &again, &skipped_again, &report, &err));
    LAW(again.count == symbols.count && skipped_again == skipped);
    for (int i = 0; i < symbols.count; i++) {
        LAW(memcmp(&symbols.v[i], &again.v[i], sizeof symbols.v[i]) == 0);
    }
    return 0;
}
