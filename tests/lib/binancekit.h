/* binancekit: one conversation with Binance, the test playing the venue with literal answers.
 *
 * JSON in tests is written with ' for ", which venue answers never hold. Each step that is sent is
 * checked: signed over its own bytes with the signature last, the key beside it, no body. */
#ifndef BF_TESTS_LIB_BINANCEKIT_H
#define BF_TESTS_LIB_BINANCEKIT_H

#include "check.h"

#include "venue/binance.h"

#define KIT_KEY "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
#define KIT_SECRET "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
#define KIT_T INT64_C(1785000000000000) /* 2026-07-25 */
enum { KIT_BTC, KIT_ETH, KIT_XRP };     /* OPOCO, OTOCO, no lists */

struct kit {
    struct arena arena;
    struct binance *b;
    struct binance_task t;
    struct http_request http;
    usec now;
    struct symbol symbols[3];
    struct symbols table;
    char body[1 << 18];
};

static inline void kit_symbol(struct symbol *s, const char *base, bool opo, bool lists) {
    *s = (struct symbol){
        .trading = true, .status = SYMBOL_TRADING, .opo = opo, .oco = lists, .oto = lists};
    snprintf(s->name, sizeof s->name, "%sUSDT", base);
    snprintf(s->base, sizeof s->base, "%s", base);
    snprintf(s->quote, sizeof s->quote, "USDT");
    s->tick = price_from_e8(1000000);
    s->step = qty_from_e8(1000);
}

static inline struct kit *kit_open(void) {
    struct kit *k = calloc(1, sizeof *k);
    struct error err = {0};
    arena_open(&k->arena, 8 << 20);
    kit_symbol(&k->symbols[KIT_BTC], "BTC", true, true);
    kit_symbol(&k->symbols[KIT_ETH], "ETH", false, true);
    kit_symbol(&k->symbols[KIT_XRP], "XRP", false, false);
    k->table = (struct symbols){k->symbols, 3};
    const struct binance_options opt = {.symbols = &k->table,
                                        .key = STR(KIT_KEY),
                                        .secret = STR(KIT_SECRET),
                                        .recv_window = USEC_PER_S,
                                        .fee_e8 = 100000, /* 0.1 % */
                                        .install = "abcd",
                                        .seed = 7};
    assert_ok(binance_open(&k->arena, &opt, &k->b, &err), &err);
    k->now = KIT_T + 1000;
    return k;
}

static inline void kit_close(struct kit *k) {
    binance_close(k->b);
    arena_close(&k->arena);
    free(k);
}

static inline int kit_setup(void **state) {
    *state = kit_open();
    return 0;
}

static inline int kit_teardown(void **state) {
    kit_close(*state);
    return 0;
}

#define KIT_LIST "bfabcd-0123456789abcdefghij-01l"
#define KIT_ENTRY "bfabcd-0123456789abcdefghij-01e"
#define KIT_STOP "bfabcd-0123456789abcdefghij-01s"
#define KIT_TARGET "bfabcd-0123456789abcdefghij-01t"
#define KIT_EXIT "bfabcd-0123456789abcdefghij-02x"

static inline struct request kit_request(request_kind kind) {
    struct request rq = {.kind = kind,
                         .id = 5,
                         .trade_id = 9,
                         .sym = KIT_BTC,
                         .side = kind == REQUEST_BRACKET ? ORDER_BUY : ORDER_SELL,
                         .qty = qty_from_e8(150000000), /* 1.5 */
                         .limit = price_from_e8(5000025000000),
                         .stop = price_from_e8(4900000000000),
                         .target = price_from_e8(5200000000000),
                         .tif = TIF_FOK,
                         .list_coid = KIT_LIST,
                         .stop_coid = KIT_STOP,
                         .target_coid = KIT_TARGET,
                         .signed_at = KIT_T,
                         .recv_window = USEC_PER_S};
    if (kind == REQUEST_BRACKET) snprintf(rq.entry_coid, COID_BYTES, KIT_ENTRY);
    if (kind == REQUEST_EXIT) snprintf(rq.exit_coid, COID_BYTES, KIT_EXIT);
    if (kind == REQUEST_EXIT) rq.leg = LEG_EXIT;
    return rq;
}

static inline struct request kit_query(leg which) {
    struct request rq = kit_request(REQUEST_QUERY);
    rq.list_coid[0] = rq.stop_coid[0] = rq.target_coid[0] = '\0';
    rq.leg = which;
    rq.side = which == LEG_ENTRY ? ORDER_BUY : ORDER_SELL;
    if (which == LEG_ENTRY) snprintf(rq.entry_coid, COID_BYTES, KIT_ENTRY);
    if (which == LEG_STOP) snprintf(rq.stop_coid, COID_BYTES, KIT_STOP);
    if (which == LEG_EXIT) snprintf(rq.exit_coid, COID_BYTES, KIT_EXIT);
    return rq;
}

static inline void kit_begin(struct kit *k, const struct request *rq) {
    binance_task_begin(k->b, &k->t, k->now, rq);
}

static inline void kit_check_signed(struct kit *k) {
    const str mark = STR("&signature="), query = k->http.query;
    const ptrdiff_t at = str_find(query, mark);
    char want[65];
    assert_true(at > 0);
    binance_sign(k->b, str_head(query, at), want);
    if (!str_eq(str_tail(query, at + mark.n), str_from_z(want)))
        fail_msg("signature: " STR_FMT, STR_ARG(query));
    assert_str(k->http.key, KIT_KEY);
    assert_int_equal(k->http.body.n, 0);
    assert_true(k->http.timeout > 0);
}

/* The next step is this one, and its query has all of `has`, parted by blanks. */
static inline void kit_sends(struct kit *k, const char *method, const char *path, const char *has) {
    if (binance_task_next(k->b, &k->t, k->now, &k->http) != BINANCE_SEND)
        fail_msg("ended instead of %s %s: %s", method, path, k->t.reply.text);
    assert_string_equal(http_method_name(k->http.method), method);
    if (!str_eq(k->http.path, str_from_z(path)))
        fail_msg("sent " STR_FMT ", not %s", STR_ARG(k->http.path), path);
    kit_check_signed(k);
    str rest = str_from_z(has), part;
    while (str_cut(&rest, ' ', &part)) {
        if (part.n > 0 && str_find(k->http.query, part) < 0)
            fail_msg(STR_FMT " not in " STR_FMT, STR_ARG(part), STR_ARG(k->http.query));
    }
}

static inline struct http_answer kit_answer(struct kit *k, int status, const char *json) {
    const size_t n = strlen(json);
    assert_true(n < sizeof k->body);
    for (size_t i = 0; i <= n; i++) k->body[i] = json[i] == '\'' ? '"' : json[i];
    return (struct http_answer){.end = HTTP_ANSWERED,
                                .status = status,
                                .retry_after_s = -1,
                                .used_weight_1m = -1,
                                .orders_10s = -1,
                                .orders_1d = -1,
                                .body = str_from_z(k->body)};
}

static inline void kit_take(struct kit *k, const struct http_answer *a) {
    k->now += 20 * USEC_PER_MS;
    binance_task_answer(k->b, &k->t, k->now, a);
}

static inline void kit_gives(struct kit *k, int status, const char *json) {
    const struct http_answer a = kit_answer(k, status, json);
    kit_take(k, &a);
}

static inline void kit_fails(struct kit *k, http_end end) {
    const struct http_answer a = {.end = end, .why = "reset by peer"};
    kit_take(k, &a);
}

/* It has ended so, with so many reports. */
static inline void kit_ends(struct kit *k, outcome o, int reports) {
    if (binance_task_next(k->b, &k->t, k->now, &k->http) != BINANCE_DONE)
        fail_msg("goes on with " STR_FMT "?" STR_FMT, STR_ARG(k->http.path),
                 STR_ARG(k->http.query));
    const struct reply *r = &k->t.reply;
    if (r->outcome != o || r->report_count != reports)
        fail_msg("ended with outcome %d, %d reports: %s", r->outcome, r->report_count, r->text);
    assert_int_equal(r->request_id, 5);
    assert_int_equal(r->trade_id, 9);
    assert_int_equal(r->kind, k->t.rq.kind);
}

/* A report: id, state, filled and what it cost. */
static inline void kit_report(struct kit *k, int i, const char *coid, order_state state,
                              int64_t filled_e8, int64_t quote_e8) {
    assert_true(i < k->t.reply.report_count);
    const struct report *r = &k->t.reply.reports[i];
    assert_string_equal(r->coid, coid);
    if (r->state != state)
        fail_msg("report %d is %s, not %s", i, order_state_name(r->state), order_state_name(state));
    assert_int_equal(qty_e8(r->filled), filled_e8);
    assert_int_equal(money_e8(r->quote_filled), quote_e8);
}

static inline void kit_fill(struct kit *k, int i, const char *id, int64_t amount, int64_t px,
                            int64_t cost, int64_t fee) {
    const struct report *r = &k->t.reply.reports[i];
    assert_true(r->has_fill);
    assert_string_equal(r->venue_trade_id, id);
    assert_int_equal(qty_e8(r->fill_qty), amount);
    assert_int_equal(price_e8(r->fill_price), px);
    assert_int_equal(money_e8(r->fill_quote), cost);
    assert_int_equal(r->fee_e8, fee);
}

#define WITH_KIT(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

#endif
