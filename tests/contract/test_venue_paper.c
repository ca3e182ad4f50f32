/* The venue's contract on the paper venue: a margin account and a spot account, a price that stands
 * and candles, a symbol without OPO; and the same behind trace. */
#include <unistd.h>

#include "base/log.h"
#include "check.h"
#include "venue_contract.h"

static struct symbol the_symbol;

/* What differs between the places. */
static bool margin, stands, traced, opo;

static int64_t e8(const char *z) {
    int64_t v = 0;
    assert_true(amount_parse_e8(str_from_z(z), &v));
    return v;
}

static void make_symbol(void) {
    the_symbol = (struct symbol){.name = "BTCUSDT",
                                 .base = "BTC",
                                 .quote = "USDT",
                                 .trading = true,
                                 .oco = true,
                                 .oto = true,
                                 .opo = opo,
                                 .min_price = price_from_e8(e8("0.01")),
                                 .tick = price_from_e8(e8("0.01")),
                                 .min_qty = qty_from_e8(e8("0.001")),
                                 .step = qty_from_e8(e8("0.001")),
                                 .max_qty = qty_from_e8(e8("9000")),
                                 .min_notional = money_from_e8(e8("5")),
                                 .max_algo_orders = 5};
}

static struct venue *paper(struct venue_room *room) {
    struct error err;
    struct venue *v = NULL;
    struct paper_options opt = {.balance = money_from_e8(e8("10000")),
                                .margin = margin,
                                .leverage = 2,
                                .fee_e8 = e8("0.001"),
                                .spread_e8 = e8("0.0002"),
                                .slippage_e8 = e8("0.0005"),
                                .volume_cap_e8 = e8("0.1"),
                                .price_stands = stands,
                                .quote_asset = "USDT"};
    assert_ok(paper_open(&room->arena, &room->symbols, &opt, &v, &err), &err);
    return traced ? trace_open(&room->arena, v) : v;
}

/* A price now: a tick, or the open of a minute's candle. */
static void show(struct venue_room *room, price last) {
    struct quote q = {.sym = 0,
                      .at = room->now,
                      .last = last,
                      .bid = last,
                      .ask = last,
                      .interval = stands ? 0 : USEC_PER_MIN};
    venue_quote(room->venue, room->now, &q);
}

static price moved(const struct venue_room *room, int64_t bp) {
    price p;
    assert_true(price_share(room->price, BP_ONE + bp, ROUND_FLOOR, &p));
    return p;
}

static void open_paper(struct venue_room *room) {
    arena_open(&room->arena, 1 << 28);
    make_symbol();
    room->symbols = (struct symbols){&the_symbol, 1};
    room->sym = 0;
    room->price = price_from_e8(e8("1000"));
    room->unit = qty_from_e8(e8("0.5"));
    room->now = 60 * USEC_PER_MIN;
    room->fee_in_base = !margin;
    room->venue = paper(room);
    show(room, room->price);
}

static void pass(struct venue_room *room, usec us) { room->now += us; }

/* With candles the price gets there within a candle that closes there. */
static void move(struct venue_room *room, int64_t bp) {
    price from = room->price, to = moved(room, bp);
    bool up = price_cmp(to, from) > 0;
    if (stands) {
        room->now += USEC_PER_S;
        show(room, to);
        return;
    }
    usec open_at = room->now / USEC_PER_MIN * USEC_PER_MIN;
    room->now = open_at + USEC_PER_MIN;
    struct candle c = {.sym = 0,
                       .open_at = open_at,
                       .close_at = room->now,
                       .open = from,
                       .high = up ? to : from,
                       .low = up ? from : to,
                       .close = to,
                       .volume = volume_from_e8(e8("1000"))};
    venue_candle(room->venue, room->now, &c);
}

static void close_paper(struct venue_room *room) {
    venue_close(room->venue);
    arena_close(&room->arena);
}

int main(void) {
    struct venue_place place = {
        .open = open_paper, .pass = pass, .move = move, .again = paper, .close = close_paper};
    int failures = 0;
    log_setup(LOG_UNUSUAL, LOG_LOGFMT, STDERR_FILENO);
    for (int i = 0; i < 16; i++) {
        char name[64];
        margin = i & 1;
        stands = i & 2;
        traced = i & 4;
        opo = i & 8;
        snprintf(name, sizeof name, "paper %s, %s%s%s", margin ? "margin" : "spot",
                 stands ? "ticks" : "candles", opo ? ", opo" : "", traced ? ", traced" : "");
        place.name = name;
        failures += venue_contract_run(&place);
    }
    return failures;
}
