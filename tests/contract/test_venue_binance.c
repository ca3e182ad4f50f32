/* The venue's contract on Binance Spot, the exchange being the simulated one in the same process
 * and in virtual time: with and without OPO, with and without commission. The user data stream is
 * a connection of the exchange, read out whenever somebody listens. */
#include <unistd.h>

#include "base/log.h"
#include "simkit.h"
#include "venue/binance.h"
#include "venue/binance_spot.h"
#include "venue_contract.h"

#define UNIT (E8 / 2)

static bool opo;
static int64_t fee_e8;

struct place {
    struct simkit sim;
    struct venue_room *room;
    int stream; /* connection of the exchange */
};
static struct place the_place;

/* -- the exchange as an HTTP server ---------------------------------------------------------- */

static void sim_call(struct http *h, const struct http_request *rq, struct http_answer *ret) {
    struct place *p = &the_place;
    (void)h;
    p->sim.now += 5 * USEC_PER_MS;
    p->room->now = p->sim.now;
    simkit_raw(&p->sim, &(struct sim_request){.method = str_from_z(http_method_name(rq->method)),
                                              .path = rq->path,
                                              .query = rq->query,
                                              .body = rq->body,
                                              .api_key = rq->key,
                                              .peer = 1});
    const struct sim_answer *a = &p->sim.last;
    *ret = (struct http_answer){.end = HTTP_ANSWERED,
                                .status = a->status,
                                .retry_after_s = a->retry_after_s,
                                .used_weight_1m = a->used_weight,
                                .orders_10s = a->orders_10s,
                                .orders_1d = a->orders_1d,
                                .body = buf_str(&p->sim.body)};
}

static const struct http_ops sim_http_ops = {.name = "sim", .call = sim_call};
static struct http sim_http = {&sim_http_ops};

static struct http *connect_sim(void *ctx) {
    (void)ctx;
    return &sim_http;
}

static usec clock_sim(void *ctx) {
    (void)ctx;
    return the_place.sim.now;
}

/* -- the venue, with its stream read by whoever asks for reports ------------------------------- */

struct heard {
    struct venue base;
    struct venue *inner;
};

static void heard_call(struct venue *v, usec now, const struct request *rq, struct reply *ret) {
    venue_call(((struct heard *)v)->inner, now, rq, ret);
}

static bool heard_next(struct venue *v, struct report *ret) {
    struct binance *b = binance_spot_conversation(((struct heard *)v)->inner);
    struct simkit *k = &the_place.sim;
    struct error err;
    struct buf text;
    int code;
    sim_frame frame;
    bool made = false;
    exchange_advance(k->ex, k->now);
    buf_init(&text, 1 << 20);
    while (!made) {
        buf_clear(&text);
        frame = exchange_ws_next(k->ex, k->now, the_place.stream, &text, &code);
        if (frame == SIM_NOTHING) break;
        assert_int_not_equal(frame, SIM_SHUT);
        if (frame != SIM_TEXT) continue;
        const int n = binance_user_event(b, buf_str(&text), ret, &err);
        if (n < 0) fail_msg("%s: %s", err.msg, buf_z(&text));
        made = n > 0;
    }
    buf_fini(&text);
    return made;
}

static void heard_close(struct venue *v) { venue_close(((struct heard *)v)->inner); }

static const struct venue_ops heard_ops = {.name = "binance_spot, heard",
                                           .call = heard_call,
                                           .next_report = heard_next,
                                           .close = heard_close};
static struct heard the_venue;

static void set_clock(struct binance *b) {
    struct http_request rq;
    struct http_answer a;
    binance_clock_request(b, &rq);
    const usec sent_at = the_place.sim.now;
    http_call(&sim_http, &rq, &a);
    binance_clock_answer(b, sent_at, the_place.sim.now, &a);
}

static void subscribe(struct binance *b) {
    struct simkit *k = &the_place.sim;
    struct buf text;
    buf_init(&text, 4096);
    the_place.stream = exchange_ws_open(k->ex, k->now, STR("/ws-api/v3"), 1);
    assert_true(the_place.stream >= 0);
    binance_user_subscribe(b, k->now, &text);
    exchange_ws_message(k->ex, k->now, the_place.stream, buf_str(&text));
    buf_fini(&text);
}

static struct venue *venue_of(struct venue_room *room) {
    struct error err;
    const struct binance_spot_options opt = {.symbols = &the_place.sim.symbols,
                                             .key = STR(SIMKIT_KEY),
                                             .secret = STR(SIMKIT_SECRET),
                                             .quote_asset = STR("USDT"),
                                             .recv_window = USEC_PER_S,
                                             .fee_e8 = fee_e8,
                                             .install = "test",
                                             .seed = 7,
                                             .connect = connect_sim,
                                             .clock = clock_sim};
    the_venue.base.ops = &heard_ops;
    assert_ok(binance_spot_open(&room->arena, &opt, &the_venue.inner, &err), &err);
    struct binance *b = binance_spot_conversation(the_venue.inner);
    set_clock(b);
    subscribe(b);
    return &the_venue.base;
}

/* -- the place ------------------------------------------------------------------------------- */

static void open_place(struct venue_room *room) {
    static const struct sim_deposit deposits[] = {{{"USDT", 4}, 1000000 * E8}};
    struct simkit *k = &the_place.sim;
    arena_open(&room->arena, 1 << 28);
    simkit_prepare(k);
    k->opt.fee_e8 = fee_e8;
    k->listed[SIM_BTC].opo = opo;
    k->accounts[0].deposits = deposits;
    k->accounts[0].deposit_count = COUNT_OF(deposits);
    simkit_begin(k);
    the_place.room = room;
    room->symbols = k->symbols;
    room->sym = SIM_BTC;
    room->price = price_from_e8(50000 * E8);
    room->unit = qty_from_e8(UNIT);
    room->now = k->now;
    room->fee_in_base = true;
    room->venue = venue_of(room);
}

static void pass(struct venue_room *room, usec us) {
    the_place.sim.now += us;
    room->now = the_place.sim.now;
    exchange_advance(the_place.sim.ex, room->now);
}

static void move(struct venue_room *room, int64_t bp) {
    price to;
    assert_true(price_share(room->price, BP_ONE + bp, ROUND_FLOOR, &to));
    pass(room, USEC_PER_S);
    exchange_price_set(the_place.sim.ex, room->now, SIM_BTC, to);
    pass(room, USEC_PER_S);
}

static void close_place(struct venue_room *room) {
    venue_close(room->venue);
    simkit_close(&the_place.sim);
    arena_close(&room->arena);
}

int main(void) {
    const struct venue_place place = {
        .open = open_place, .pass = pass, .move = move, .close = close_place};
    int failures = 0;
    log_setup(LOG_UNUSUAL, LOG_LOGFMT, STDERR_FILENO);
    for (int i = 0; i < 4; i++) {
        struct venue_place named = place;
        char name[64];
        opo = i & 1;
        fee_e8 = i & 2 ? 100000 : 0;
        snprintf(name, sizeof name, "binance%s%s", opo ? ", opo" : "",
                 fee_e8 > 0 ? ", commission" : "");
        named.name = name;
        failures += venue_contract_run(&named);
    }
    return failures;
}
