/* The paper venue beyond the contract: what is told at once and what later, how legs are sized,
 * what a reply holds when there is more than fits, and which options are refused. */
#include <unistd.h>

#include "base/log.h"
#include "match_bench.h"
#include "venue/venue.h"

static struct symbol symbols_v[1];
static struct symbols symbols = {symbols_v, 1};

static struct paper_options options(bool margin) {
    return (struct paper_options){.balance = mo("10000"),
                                  .margin = margin,
                                  .leverage = 3,
                                  .fee_e8 = e8("0.001"),
                                  .quote_asset = "USDT"};
}

static struct venue *open_paper(struct arena *a, const struct paper_options *opt) {
    struct error err;
    struct venue *v = NULL;
    arena_open(a, 1 << 26);
    symbols_v[0] = bench_symbol("BTCUSDT", "BTC", "USDT");
    assert_ok(paper_open(a, &symbols, opt, &v, &err), &err);
    return v;
}

static void show_open(struct venue *v, usec at, const char *last) {
    struct quote q = {
        .at = at, .last = px(last), .bid = px(last), .ask = px(last), .interval = MIN};
    venue_quote(v, at, &q);
}

/* A LONG bracket of 1 BTC at 100. */
static struct request bracket(void) {
    return (struct request){.kind = REQUEST_BRACKET,
                            .id = 1,
                            .side = ORDER_BUY,
                            .qty = qt("1"),
                            .limit = px("101"),
                            .stop = px("95"),
                            .target = px("110"),
                            .tif = TIF_FOK,
                            .list_coid = "l",
                            .entry_coid = "e",
                            .stop_coid = "s",
                            .target_coid = "t"};
}

static struct reply call(struct venue *v, usec now, struct request rq) {
    struct reply r;
    venue_call(v, now, &rq, &r);
    return r;
}

static void assert_report(const struct report *r, const char *coid, order_state s) {
    assert_string_equal(r->coid, coid);
    assert_string_equal(order_state_name(r->state), order_state_name(s));
}

static void test_bracket_at_the_open_is_one_reply_with_its_fill(void **state) {
    struct arena a;
    struct paper_options opt = options(false);
    struct venue *v = open_paper(&a, &opt);
    show_open(v, MIN, "100");
    struct reply r = call(v, MIN, bracket());
    assert_int_equal(r.outcome, OUTCOME_DONE);
    assert_int_equal(r.report_count, 3);
    assert_report(&r.reports[0], "e", ORDER_ST_FILLED);
    assert_report(&r.reports[1], "s", ORDER_ST_OPEN);
    assert_report(&r.reports[2], "t", ORDER_ST_OPEN);
    assert_true(r.reports[0].has_fill);
    assert_string_equal(r.reports[0].venue_id, "1");
    assert_string_equal(r.reports[0].venue_trade_id, "1");
    assert_string_equal(r.reports[0].fee_asset, "BTC");
    assert_true(r.reports[0].fee_in_base);
    assert_int_equal(r.reports[0].fee_e8, e8("0.001"));
    assert_int_equal(r.reports[0].at, MIN);
    assert_int_equal(qty_e8(r.reports[1].qty), e8("0.999")); /* net of the fee */
    arena_close(&a);
    (void)state;
}

static void test_without_opo_the_legs_are_asked_for_net_of_the_fee(void **state) {
    struct arena a;
    struct paper_options opt = options(false);
    struct venue *v = open_paper(&a, &opt);
    symbols_v[0].opo = false;
    show_open(v, MIN, "100");
    struct request rq = bracket();
    rq.qty = qt("1.5");
    struct reply r = call(v, MIN, rq);
    assert_int_equal(r.report_count, 3);
    assert_report(&r.reports[1], "s", ORDER_ST_OPEN);
    assert_int_equal(qty_e8(r.reports[1].qty), e8("1.498"));
    arena_close(&a);
    (void)state;
}

static void test_entry_between_prices_waits_and_is_told_later(void **state) {
    struct arena a;
    struct paper_options opt = options(true);
    struct venue *v = open_paper(&a, &opt);
    struct report later;
    show_open(v, MIN, "100");
    struct reply r = call(v, MIN + 1, bracket());
    assert_int_equal(r.outcome, OUTCOME_DONE);
    assert_int_equal(r.report_count, 3);
    assert_report(&r.reports[0], "e", ORDER_ST_OPEN);
    assert_report(&r.reports[1], "s", ORDER_ST_PENDING);
    assert_false(venue_next_report(v, &later));
    show_open(v, 2 * MIN, "101");
    assert_true(venue_next_report(v, &later));
    assert_report(&later, "e", ORDER_ST_FILLED);
    assert_int_equal(later.at, 2 * MIN);
    assert_string_equal(later.fee_asset, "USDT");
    assert_true(venue_next_report(v, &later));
    assert_report(&later, "s", ORDER_ST_OPEN);
    assert_true(venue_next_report(v, &later));
    assert_report(&later, "t", ORDER_ST_OPEN);
    assert_false(venue_next_report(v, &later));
    arena_close(&a);
    (void)state;
}

static void test_expiry_says_why(void **state) {
    struct arena a;
    struct paper_options opt = options(true);
    struct venue *v = open_paper(&a, &opt);
    show_open(v, MIN, "102");
    struct reply r = call(v, MIN, bracket());
    assert_int_equal(r.outcome, OUTCOME_DONE);
    assert_int_equal(r.report_count, 3);
    assert_report(&r.reports[0], "e", ORDER_ST_EXPIRED);
    assert_string_equal(r.reports[0].text, "UNFILLED_FOK_ORDER_EXPIRED");
    assert_string_equal(r.reports[1].text, "OTO_PHASE_ONE_EXPIRED");
    arena_close(&a);
    (void)state;
}

static void test_reply_keeps_its_own_events_apart_from_older_ones(void **state) {
    struct arena a;
    struct paper_options opt = options(true);
    struct venue *v = open_paper(&a, &opt);
    struct report later;
    show_open(v, MIN, "100");
    assert_int_equal(call(v, MIN, bracket()).outcome, OUTCOME_DONE);
    show_open(v, 2 * MIN, "111"); /* the target fires; nobody listens yet */
    struct request rq = {.kind = REQUEST_SNAPSHOT, .id = 2};
    assert_int_equal(call(v, 2 * MIN, rq).report_count, 0);
    assert_true(venue_next_report(v, &later));
    assert_report(&later, "t", ORDER_ST_OPEN);
    assert_true(venue_next_report(v, &later));
    assert_report(&later, "s", ORDER_ST_EXPIRED);
    assert_string_equal(later.text, "OCO_TRIGGER");
    assert_true(venue_next_report(v, &later));
    assert_report(&later, "t", ORDER_ST_FILLED);
    assert_true(later.has_fill);
    assert_false(venue_next_report(v, &later));
    arena_close(&a);
    (void)state;
}

static void test_what_does_not_fit_into_a_reply_follows(void **state) {
    struct arena a;
    struct paper_options opt = options(true);
    struct venue *v = open_paper(&a, &opt);
    struct report later;
    show_open(v, MIN, "100");
    for (int i = 0; i < 10; i++) {
        struct request rq = bracket();
        char *const coids[] = {rq.list_coid, rq.entry_coid, rq.stop_coid, rq.target_coid};
        for (int k = 0; k < 4; k++) snprintf(coids[k], COID_BYTES, "%c%d", "lest"[k], i);
        assert_int_equal(call(v, MIN, rq).outcome, OUTCOME_DONE);
    }
    struct request rq = {.kind = REQUEST_SNAPSHOT, .id = 99};
    struct reply r = call(v, MIN, rq);
    assert_int_equal(r.report_count, REPORTS_MAX);
    int more = 0;
    for (; venue_next_report(v, &later); more++) assert_int_equal(later.state, ORDER_ST_OPEN);
    assert_int_equal(more, 20 - REPORTS_MAX);
    arena_close(&a);
    (void)state;
}

static void test_exit_takes_the_whole_position_at_the_touch(void **state) {
    struct arena a;
    struct paper_options opt = options(true);
    opt.slippage_e8 = e8("0.001");
    struct venue *v = open_paper(&a, &opt);
    show_open(v, MIN, "100");
    assert_int_equal(call(v, MIN, bracket()).outcome, OUTCOME_DONE);
    struct request rq = {.kind = REQUEST_EXIT,
                         .id = 3,
                         .side = ORDER_SELL,
                         .qty = qt("1"),
                         .list_coid = "l",
                         .stop_coid = "s",
                         .target_coid = "t",
                         .exit_coid = "x"};
    struct reply r = call(v, MIN, rq);
    assert_int_equal(r.report_count, 3);
    assert_report(&r.reports[0], "s", ORDER_ST_CANCELED);
    assert_report(&r.reports[1], "t", ORDER_ST_CANCELED);
    assert_report(&r.reports[2], "x", ORDER_ST_FILLED);
    assert_int_equal(price_e8(r.reports[2].fill_price), e8("99.9"));
    arena_close(&a);
    (void)state;
}

/* On spot there is nothing to sell: the legs are gone by then, and that is told, too. */
static void test_exit_without_a_position_is_one_rejected_order(void **state) {
    struct arena a;
    struct paper_options opt = options(false);
    struct venue *v = open_paper(&a, &opt);
    show_open(v, MIN, "100");
    struct request rq = {
        .kind = REQUEST_EXIT, .id = 3, .side = ORDER_SELL, .qty = qt("1"), .exit_coid = "x"};
    struct reply r = call(v, MIN, rq);
    assert_int_equal(r.outcome, OUTCOME_DONE);
    assert_int_equal(r.report_count, 1);
    assert_report(&r.reports[0], "x", ORDER_ST_REJECTED);
    assert_string_equal(r.reports[0].text,
                        "Account has insufficient balance for requested action. (-2010)");
    arena_close(&a);
    (void)state;
}

static void test_rejection_carries_text_and_code(void **state) {
    struct arena a;
    struct paper_options opt = options(true);
    struct venue *v = open_paper(&a, &opt);
    show_open(v, MIN, "100");
    struct request rq = bracket();
    rq.qty = qt("0.0001");
    struct reply r = call(v, MIN, rq);
    assert_int_equal(r.outcome, OUTCOME_REJECTED);
    assert_string_equal(r.text, "Filter failure: LOT_SIZE (-1013)");
    rq = bracket();
    rq.qty = qt("400");
    r = call(v, MIN, rq);
    assert_string_equal(r.text, "Margin is insufficient. (-2019)");
    arena_close(&a);
    (void)state;
}

static void test_quote_with_a_spread_of_its_own_is_taken_as_it_is(void **state) {
    struct arena a;
    struct paper_options opt = options(true);
    opt.spread_e8 = e8("0.02");
    struct venue *v = open_paper(&a, &opt);
    struct quote q = {.at = MIN, .last = px("100"), .bid = px("99.9"), .ask = px("100.1")};
    venue_quote(v, MIN, &q);
    struct reply r = call(v, MIN, bracket());
    assert_int_equal(price_e8(r.reports[0].fill_price), e8("100.1"));
    show_open(v, 2 * MIN, "99.5"); /* 99.5 x 1.01 = 100.495 */
    struct request rq = bracket();
    snprintf(rq.list_coid, COID_BYTES, "l2");
    snprintf(rq.entry_coid, COID_BYTES, "e2");
    snprintf(rq.stop_coid, COID_BYTES, "s2");
    snprintf(rq.target_coid, COID_BYTES, "t2");
    r = call(v, 2 * MIN, rq);
    assert_int_equal(price_e8(r.reports[0].fill_price), e8("100.5"));
    arena_close(&a);
    (void)state;
}

static void test_options_that_make_no_sense_are_refused(void **state) {
    struct arena a;
    struct error err;
    struct venue *v = NULL;
    arena_open(&a, 1 << 26);
    symbols_v[0] = bench_symbol("BTCUSDT", "BTC", "USDT");
    struct paper_options opt = options(true);
    opt.leverage = 0;
    assert_fails(paper_open(&a, &symbols, &opt, &v, &err), &err, ERR_CONFIG);
    opt = options(true);
    opt.fee_e8 = E8;
    assert_fails(paper_open(&a, &symbols, &opt, &v, &err), &err, ERR_CONFIG);
    opt = options(true);
    opt.spread_e8 = -1;
    assert_fails(paper_open(&a, &symbols, &opt, &v, &err), &err, ERR_RANGE);
    opt = options(true);
    memcpy(opt.quote_asset, "EUR", 4);
    assert_fails(paper_open(&a, &symbols, &opt, &v, &err), &err, ERR_CONFIG);
    arena_close(&a);
    (void)state;
}

static void test_trace_logs_calls_answers_and_news(void **state) {
    struct arena a;
    struct paper_options opt = options(true);
    struct report later;
    int sink[2];
    assert_int_equal(pipe(sink), 0);
    struct venue *v = open_paper(&a, &opt);
    v = trace_open(&a, v);
    assert_string_equal(v->ops->name, "paper");
    assert_true(v->ops->caps & VENUE_CAP_SHORT);
    show_open(v, MIN, "100");
    log_setup(LOG_INFO, LOG_LOGFMT, sink[1]);
    int64_t before = log_count(LOG_INFO);
    assert_int_equal(call(v, MIN, bracket()).report_count, 3);
    assert_int_equal(log_count(LOG_INFO) - before, 5); /* call, answer, three reports */
    show_open(v, 2 * MIN, "90");
    while (venue_next_report(v, &later)) continue;
    assert_int_equal(log_count(LOG_INFO) - before, 8);
    log_setup(LOG_UNUSUAL, LOG_LOGFMT, STDERR_FILENO);
    char text[8192];
    ssize_t n = read(sink[0], text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = 0;
    assert_non_null(strstr(text, "ev=venue_call"));
    assert_non_null(strstr(text, "kind=bracket"));
    assert_non_null(strstr(text, "outcome=done"));
    assert_non_null(strstr(text, "state=filled"));
    close(sink[0]);
    close(sink[1]);
    venue_close(v);
    arena_close(&a);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bracket_at_the_open_is_one_reply_with_its_fill),
        cmocka_unit_test(test_without_opo_the_legs_are_asked_for_net_of_the_fee),
        cmocka_unit_test(test_entry_between_prices_waits_and_is_told_later),
        cmocka_unit_test(test_expiry_says_why),
        cmocka_unit_test(test_reply_keeps_its_own_events_apart_from_older_ones),
        cmocka_unit_test(test_what_does_not_fit_into_a_reply_follows),
        cmocka_unit_test(test_exit_takes_the_whole_position_at_the_touch),
        cmocka_unit_test(test_exit_without_a_position_is_one_rejected_order),
        cmocka_unit_test(test_rejection_carries_text_and_code),
        cmocka_unit_test(test_quote_with_a_spread_of_its_own_is_taken_as_it_is),
        cmocka_unit_test(test_options_that_make_no_sense_are_refused),
        cmocka_unit_test(test_trace_logs_calls_answers_and_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
