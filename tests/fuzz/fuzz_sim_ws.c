/* Law: whatever a client says on a WebSocket of the simulated exchange, all that it is sent is
 * JSON, the WebSocket API answers each message once with a status and an id, and the connection can
 * be closed. The first line is the path that is connected to, each further line a message. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sim/exchange.h"

#define BYTES_MAX 8192
#define START (INT64_C(1800000000) * USEC_PER_S)

static struct arena mem;
static struct symbol listed[2];

static void symbol_set(struct symbol *s, const char *name, const char *base) {
    *s = (struct symbol){
        .quote = "USDT", .status = SYMBOL_TRADING, .trading = true, .oco = true, .max_orders = 200};
    LAW(str_copyz(str_from_z(name), s->name, sizeof s->name));
    LAW(str_copyz(str_from_z(base), s->base, sizeof s->base));
    s->tick = s->min_price = price_from_e8(E8 / 100);
    s->max_price = price_from_e8(1000000 * E8);
    s->step = s->min_qty = qty_from_e8(E8 / 100000);
    s->max_qty = qty_from_e8(9000 * E8);
}

static struct exchange *open_exchange(void) {
    static const struct sim_account account = {{"key", 3}, {"secret", 6}, NULL, 0};
    if (!mem.base) arena_open(&mem, 64 << 20);
    arena_reset(&mem);
    symbol_set(&listed[0], "BTCUSDT", "BTC");
    symbol_set(&listed[1], "ETHUSDT", "ETH");
    const struct symbols symbols = {listed, 2};
    const struct exchange_options opt = {.symbols = &symbols,
                                         .accounts = &account,
                                         .account_count = 1,
                                         .seed = 1,
                                         .orders_max = 64,
                                         .history_days = 1,
                                         .start = START};
    struct exchange *ex;
    struct error err;
    LAW(exchange_open(&mem, &opt, &ex, &err));
    return ex;
}

/* Takes what there is to send; true while the connection stands. */
static bool drain(struct exchange *ex, usec now, int conn, int *answers) {
    for (;;) {
        struct buf out;
        int code = -1;
        buf_init(&out, 16 << 20);
        const sim_frame f = exchange_ws_next(ex, now, conn, &out, &code);
        if (f == SIM_TEXT) {
            json_t *v = json_loadb(out.p, (size_t)out.len, 0, NULL);
            LAW(v != NULL);
            const json_t *status = json_object_get(v, "status");
            if (status) LAW(json_is_integer(status) && json_object_get(v, "id") != NULL);
            *answers += status != NULL;
            json_decref(v);
        }
        buf_fini(&out);
        if (f == SIM_SHUT) return false;
        if (f == SIM_NOTHING) return true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    str rest = str_from_bytes(data, (ptrdiff_t)bytes), path, line;
    if (bytes == 0 || bytes > BYTES_MAX || !str_cut(&rest, '\n', &path)) return 0;
    struct exchange *ex = open_exchange();
    usec now = START;
    const int conn = exchange_ws_open(ex, now, path, 1);
    const bool api = str_starts(path, STR("/ws-api/v3"));
    bool open = conn >= 0;
    LAW(conn >= -2);
    while (open && rest.n > 0 && str_cut(&rest, '\n', &line)) {
        int answers = 0;
        now += USEC_PER_S;
        exchange_advance(ex, now);
        open = drain(ex, now, conn, &answers);
        answers = 0;
        if (!open || !str_utf8_valid(line)) continue; /* the server lets nothing else through */
        exchange_ws_message(ex, now, conn, line);
        open = drain(ex, now, conn, &answers);
        if (open && api) LAW(answers == 1);
    }
    if (open) exchange_ws_close(ex, now, conn);
    exchange_close(ex);
    return 0;
}
