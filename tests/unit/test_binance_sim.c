/* binance: the conversation held with the simulated exchange, in one process, in virtual time: what
 * the client believes is what the exchange has. */
#include "binancekit.h"
#include "simkit.h"

struct pair {
    struct simkit sim;
    struct binance *b;
    struct binance_task t;
    bool lose; /* the next answer */
};

static struct pair *open_pair(int64_t fee_e8, bool opo) {
    struct pair *p = calloc(1, sizeof *p);
    struct error err = {0};
    simkit_prepare(&p->sim);
    p->sim.opt.fee_e8 = fee_e8;
    p->sim.listed[SIM_BTC].opo = opo;
    simkit_begin(&p->sim);
    const struct binance_options opt = {.symbols = &p->sim.symbols,
                                        .key = STR(SIMKIT_KEY),
                                        .secret = STR(SIMKIT_SECRET),
                                        .recv_window = USEC_PER_S,
                                        .fee_e8 = fee_e8,
                                        .install = "abcd",
                                        .seed = 7};
    assert_ok(binance_open(&p->sim.boot, &opt, &p->b, &err), &err);
    return p;
}

static void close_pair(struct pair *p) {
    binance_close(p->b);
    simkit_close(&p->sim);
    free(p);
}

static struct http_answer carry(struct pair *p, const struct http_request *http) {
    const struct sim_request rq = {.method = str_from_z(http_method_name(http->method)),
                                   .path = http->path,
                                   .query = http->query,
                                   .body = http->body,
                                   .api_key = http->key,
                                   .peer = 1};
    p->sim.now += 20 * USEC_PER_MS;
    simkit_raw(&p->sim, &rq);
    const struct sim_answer *a = &p->sim.last;
    if (p->lose) {
        p->lose = false;
        return (struct http_answer){.end = HTTP_LOST, .why = "closed without a byte"};
    }
    return (struct http_answer){.end = HTTP_ANSWERED,
                                .status = a->status,
                                .retry_after_s = a->retry_after_s,
                                .used_weight_1m = a->used_weight,
                                .orders_10s = a->orders_10s,
                                .orders_1d = a->orders_1d,
                                .body = buf_str(&p->sim.body)};
}

/* Begins it now, and goes on to its end; returns how many steps that took. */
static int drive(struct pair *p, struct request rq, outcome want) {
    struct http_request http;
    int steps = 0;
    rq.signed_at = p->sim.now;
    binance_task_begin(p->b, &p->t, p->sim.now, &rq);
    while (binance_task_next(p->b, &p->t, p->sim.now, &http) == BINANCE_SEND) {
        const struct http_answer a = carry(p, &http);
        binance_task_answer(p->b, &p->t, p->sim.now, &a);
        assert_true(++steps < 20);
    }
    if (p->t.reply.outcome != want)
        fail_msg("outcome %d: %s; last answer: %s", p->t.reply.outcome, p->t.reply.text,
                 buf_z(&p->sim.body));
    return steps;
}

static const struct report *report_of(const struct pair *p, const char *coid) {
    const struct report *last = NULL;
    for (int i = 0; i < p->t.reply.report_count; i++) {
        if (strcmp(p->t.reply.reports[i].coid, coid) == 0) last = &p->t.reply.reports[i];
    }
    if (last == NULL) fail_msg("no report of %s", coid);
    return last;
}

static void state_is(const struct pair *p, const char *coid, order_state want) {
    const struct report *r = report_of(p, coid);
    if (r->state != want)
        fail_msg("%s is %s, not %s", coid, order_state_name(r->state), order_state_name(want));
}

static struct request entry(void) {
    struct request rq = kit_request(REQUEST_BRACKET);
    rq.limit = price_from_e8(INT64_C(5010000000000));
    return rq;
}

static void query_is(struct pair *p, leg which, const char *coid, order_state want) {
    drive(p, kit_query(which), OUTCOME_DONE);
    state_is(p, coid, want);
}

static void test_a_bracket_is_filled_and_guarded(void **state) {
    (void)state;
    struct pair *p = open_pair(100000, true);
    drive(p, entry(), OUTCOME_DONE);
    state_is(p, KIT_ENTRY, ORDER_ST_FILLED);
    const struct report *r = report_of(p, KIT_ENTRY);
    assert_int_equal(qty_e8(r->filled), 150000000);
    assert_true(r->has_fill && r->fee_in_base && r->fee_e8 > 0);
    query_is(p, LEG_STOP, KIT_STOP, ORDER_ST_OPEN);
    const qty left = report_of(p, KIT_STOP)->qty;
    assert_true(qty_e8(left) > 149000000 && qty_e8(left) < 150000000); /* less the commission */
    query_is(p, LEG_ENTRY, KIT_ENTRY, ORDER_ST_FILLED);
    close_pair(p);
}

static void test_the_fills_of_the_answer_are_those_of_the_trades(void **state) {
    (void)state;
    struct pair *p = open_pair(100000, true);
    drive(p, entry(), OUTCOME_DONE);
    struct report first[REPORTS_MAX];
    int n = 0;
    for (int i = 0; i < p->t.reply.report_count; i++) {
        if (p->t.reply.reports[i].has_fill) first[n++] = p->t.reply.reports[i];
    }
    drive(p, kit_query(LEG_ENTRY), OUTCOME_DONE);
    assert_int_equal(p->t.reply.report_count, n);
    for (int i = 0; i < n; i++) {
        const struct report *r = &p->t.reply.reports[i];
        assert_string_equal(r->venue_trade_id, first[i].venue_trade_id);
        assert_int_equal(qty_e8(r->filled), qty_e8(first[i].filled));
        assert_int_equal(money_e8(r->quote_filled), money_e8(first[i].quote_filled));
        assert_int_equal(r->fee_e8, first[i].fee_e8);
    }
    close_pair(p);
}

static void test_an_otoco_leaves_room_for_the_commission(void **state) {
    (void)state;
    struct pair *p = open_pair(100000, false);
    drive(p, entry(), OUTCOME_DONE);
    state_is(p, KIT_ENTRY, ORDER_ST_FILLED);
    query_is(p, LEG_STOP, KIT_STOP, ORDER_ST_OPEN);
    assert_int_equal(qty_e8(report_of(p, KIT_STOP)->qty), 149850000);
    close_pair(p);
}

static void test_an_entry_at_too_low_a_limit_leaves_nothing(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    struct request rq = entry();
    rq.limit = price_from_e8(INT64_C(4950000000000));
    drive(p, rq, OUTCOME_DONE);
    state_is(p, KIT_ENTRY, ORDER_ST_EXPIRED);
    state_is(p, KIT_STOP, ORDER_ST_EXPIRED);
    state_is(p, KIT_TARGET, ORDER_ST_EXPIRED);
    query_is(p, LEG_ENTRY, KIT_ENTRY, ORDER_ST_EXPIRED);
    close_pair(p);
}

static void test_an_exit_sells_what_the_entry_bought(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    drive(p, entry(), OUTCOME_DONE);
    assert_int_equal(drive(p, kit_request(REQUEST_EXIT), OUTCOME_DONE), 2);
    state_is(p, KIT_STOP, ORDER_ST_CANCELED);
    state_is(p, KIT_TARGET, ORDER_ST_CANCELED);
    state_is(p, KIT_EXIT, ORDER_ST_FILLED);
    assert_int_equal(qty_e8(report_of(p, KIT_EXIT)->filled), 150000000);
    struct request rq = {.kind = REQUEST_SNAPSHOT};
    drive(p, rq, OUTCOME_DONE);
    const struct snapshot *s = p->t.reply.snapshot;
    assert_int_equal(s->order_count, 0);
    for (int i = 0; i < s->balance_count; i++) {
        if (strcmp(s->balances[i].asset, "BTC") != 0) continue;
        assert_int_equal(s->balances[i].free_e8, 10 * E8);
        assert_int_equal(s->balances[i].locked_e8, 0);
    }
    close_pair(p);
}

static void test_an_exit_after_the_stop_fired_sells_nothing(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    drive(p, entry(), OUTCOME_DONE);
    simkit_price(&p->sim, SIM_BTC, 48000);
    query_is(p, LEG_STOP, KIT_STOP, ORDER_ST_FILLED);
    assert_true(report_of(p, KIT_STOP)->has_fill);
    drive(p, kit_request(REQUEST_EXIT), OUTCOME_DONE);
    state_is(p, KIT_STOP, ORDER_ST_FILLED);
    state_is(p, KIT_TARGET, ORDER_ST_EXPIRED);
    state_is(p, KIT_EXIT, ORDER_ST_REJECTED);
    drive(p, kit_query(LEG_EXIT), OUTCOME_DONE);
    state_is(p, KIT_EXIT, ORDER_ST_ABSENT);
    close_pair(p);
}

static void test_a_lost_answer_is_unknown_and_found_by_asking(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    p->lose = true;
    drive(p, entry(), OUTCOME_UNKNOWN);
    query_is(p, LEG_ENTRY, KIT_ENTRY, ORDER_ST_FILLED);
    query_is(p, LEG_STOP, KIT_STOP, ORDER_ST_OPEN);
    close_pair(p);
}

static void test_a_lost_cancel_sells_nothing_and_the_next_exit_does(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    drive(p, entry(), OUTCOME_DONE);
    p->lose = true;
    drive(p, kit_request(REQUEST_EXIT), OUTCOME_DONE);
    state_is(p, KIT_EXIT, ORDER_ST_REJECTED);
    struct request rq = kit_request(REQUEST_EXIT);
    rq.exit_coid[strlen(rq.exit_coid) - 2] = '3';
    drive(p, rq, OUTCOME_DONE);
    state_is(p, rq.exit_coid, ORDER_ST_FILLED);
    state_is(p, KIT_STOP, ORDER_ST_CANCELED);
    close_pair(p);
}

static void test_protection_stands_and_its_repetition_finds_it(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    drive(p, kit_request(REQUEST_PROTECT), OUTCOME_DONE);
    state_is(p, KIT_STOP, ORDER_ST_OPEN);
    state_is(p, KIT_TARGET, ORDER_ST_OPEN);
    assert_true(drive(p, kit_request(REQUEST_PROTECT), OUTCOME_DONE) > 1);
    state_is(p, KIT_STOP, ORDER_ST_OPEN);
    struct request rq = {.kind = REQUEST_SNAPSHOT};
    drive(p, rq, OUTCOME_DONE);
    assert_int_equal(p->t.reply.snapshot->order_count, 2);
    drive(p, kit_request(REQUEST_CANCEL), OUTCOME_DONE);
    state_is(p, KIT_STOP, ORDER_ST_CANCELED);
    close_pair(p);
}

static void test_an_order_that_never_was_is_absent(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    query_is(p, LEG_ENTRY, KIT_ENTRY, ORDER_ST_ABSENT);
    close_pair(p);
}

static void test_more_than_there_is_money_for_is_rejected(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    struct request rq = entry();
    rq.qty = qty_from_e8(100 * E8);
    drive(p, rq, OUTCOME_REJECTED);
    assert_non_null(strstr(p->t.reply.text, "insufficient balance"));
    close_pair(p);
}

static void test_a_clock_that_is_off_heals(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    exchange_clock_set(p->sim.ex, 5 * USEC_PER_S);
    drive(p, entry(), OUTCOME_DOWN);
    assert_int_equal(binance_clock_due(p->b), 0);
    struct http_request http;
    binance_clock_request(p->b, &http);
    const usec sent = p->sim.now;
    const struct http_answer a = carry(p, &http);
    binance_clock_answer(p->b, sent, p->sim.now, &a);
    drive(p, entry(), OUTCOME_DONE);
    state_is(p, KIT_ENTRY, ORDER_ST_FILLED);
    close_pair(p);
}

static void test_limits_are_those_of_exchange_info_and_headers(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    struct error err = {0};
    struct binance_health h;
    const struct http_request http = {.method = HTTP_GET, .path = STR("/api/v3/exchangeInfo")};
    struct http_answer a = carry(p, &http);
    assert_ok(binance_rate_limits(p->b, a.body, &err), &err);
    binance_note(p->b, BINANCE_MARKET, p->sim.now, &a);
    drive(p, entry(), OUTCOME_DONE);
    binance_health(p->b, &h);
    assert_int_equal(h.weight_limit, 6000);
    assert_int_equal(h.orders_10s_limit, 100);
    assert_int_equal(h.orders_1d_limit, 200000);
    assert_true(h.used_weight >= 20);
    assert_true(h.orders_10s >= 0);
    close_pair(p);
}

static void test_a_reset_is_noticed(void **state) {
    (void)state;
    struct pair *p = open_pair(0, true);
    struct binance_notice n;
    drive(p, entry(), OUTCOME_DONE);
    assert_false(binance_take_notice(p->b, &n));
    exchange_reset(p->sim.ex, p->sim.now);
    simkit_price(&p->sim, SIM_BTC, 50000);
    drive(p, kit_query(LEG_ENTRY), OUTCOME_DONE);
    state_is(p, KIT_ENTRY, ORDER_ST_ABSENT);
    drive(p, entry(), OUTCOME_DONE);
    assert_true(binance_take_notice(p->b, &n));
    assert_int_equal(n.kind, BINANCE_NOTICE_RESET);
    close_pair(p);
}

/* -- user data ----------------------------------------------------------------------------- */

/* All frames that wait, as reports; returns how many. */
static int listen(struct pair *p, int conn, struct report *v, int most) {
    struct buf out;
    int n = 0, code = 0;
    buf_init(&out, 1 << 20);
    exchange_advance(p->sim.ex, p->sim.now);
    for (;;) {
        struct error err = {0};
        buf_clear(&out);
        const sim_frame f = exchange_ws_next(p->sim.ex, p->sim.now, conn, &out, &code);
        if (f == SIM_NOTHING) break;
        if (f != SIM_TEXT) continue;
        assert_true(n < most);
        const int made = binance_user_event(p->b, buf_str(&out), &v[n], &err);
        if (made < 0) fail_msg("%s: %s", err.msg, buf_z(&out));
        n += made;
    }
    buf_fini(&out);
    return n;
}

static void test_the_stream_tells_what_the_answers_tell(void **state) {
    (void)state;
    struct pair *p = open_pair(100000, true);
    struct buf out;
    struct report v[64];
    const int conn = exchange_ws_open(p->sim.ex, p->sim.now, STR("/ws-api/v3"), 1);
    assert_true(conn >= 0);
    buf_init(&out, 8192);
    binance_user_subscribe(p->b, p->sim.now, &out);
    exchange_ws_message(p->sim.ex, p->sim.now, conn, buf_str(&out));
    buf_fini(&out);
    assert_int_equal(listen(p, conn, v, 64), 0);
    drive(p, entry(), OUTCOME_DONE);
    const struct report answer = *report_of(p, KIT_ENTRY);
    int n = listen(p, conn, v, 64);
    const struct report *last = NULL;
    for (int i = 0; i < n; i++) {
        if (strcmp(v[i].coid, KIT_ENTRY) == 0) last = &v[i];
    }
    assert_non_null(last);
    assert_int_equal(last->state, ORDER_ST_FILLED);
    assert_string_equal(last->venue_trade_id, answer.venue_trade_id);
    assert_int_equal(qty_e8(last->filled), qty_e8(answer.filled));
    assert_int_equal(money_e8(last->quote_filled), money_e8(answer.quote_filled));
    assert_int_equal(last->fee_e8, answer.fee_e8);
    drive(p, kit_request(REQUEST_CANCEL), OUTCOME_DONE);
    n = listen(p, conn, v, 64);
    int cancelled = 0;
    for (int i = 0; i < n; i++) {
        const bool ours = strcmp(v[i].coid, KIT_STOP) == 0 || strcmp(v[i].coid, KIT_TARGET) == 0;
        cancelled += ours && v[i].state == ORDER_ST_CANCELED;
    }
    assert_int_equal(cancelled, 2);
    close_pair(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bracket_is_filled_and_guarded),
        cmocka_unit_test(test_the_fills_of_the_answer_are_those_of_the_trades),
        cmocka_unit_test(test_an_otoco_leaves_room_for_the_commission),
        cmocka_unit_test(test_an_entry_at_too_low_a_limit_leaves_nothing),
        cmocka_unit_test(test_an_exit_sells_what_the_entry_bought),
        cmocka_unit_test(test_an_exit_after_the_stop_fired_sells_nothing),
        cmocka_unit_test(test_a_lost_answer_is_unknown_and_found_by_asking),
        cmocka_unit_test(test_a_lost_cancel_sells_nothing_and_the_next_exit_does),
        cmocka_unit_test(test_protection_stands_and_its_repetition_finds_it),
        cmocka_unit_test(test_an_order_that_never_was_is_absent),
        cmocka_unit_test(test_more_than_there_is_money_for_is_rejected),
        cmocka_unit_test(test_a_clock_that_is_off_heals),
        cmocka_unit_test(test_limits_are_those_of_exchange_info_and_headers),
        cmocka_unit_test(test_a_reset_is_noticed),
        cmocka_unit_test(test_the_stream_tells_what_the_answers_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
