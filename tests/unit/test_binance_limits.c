/* binance: what holds a request back, and for how long: bans, budgets, breakers, the clock, keys.
 */
#include "binancekit.h"

#include "venue/binance_int.h"

#include <pthread.h>

#define LIMITS                                                                                     \
    "{'timezone':'UTC','rateLimits':[{'rateLimitType':'REQUEST_WEIGHT','interval':'MINUTE',"       \
    "'intervalNum':1,'limit':6000},{'rateLimitType':'ORDERS','interval':'SECOND','intervalNum':"   \
    "10,'limit':100},{'rateLimitType':'ORDERS','interval':'DAY','intervalNum':1,'limit':200000},"  \
    "{'rateLimitType':'RAW_REQUESTS','interval':'MINUTE','intervalNum':5,'limit':61000}],"         \
    "'symbols':[{'x':1"

static void read_limits(struct kit *k) {
    struct error err = {0};
    assert_ok(binance_rate_limits(k->b, kit_answer(k, 200, LIMITS).body, &err), &err);
}

/* A task of the kind at this very time, signed now. */
static binance_step attempt(struct kit *k, request_kind kind) {
    struct request rq = kit_request(kind);
    if (kind == REQUEST_QUERY) rq = kit_query(LEG_ENTRY);
    rq.signed_at = k->now;
    kit_begin(k, &rq);
    return binance_task_next(k->b, &k->t, k->now, &k->http);
}

static void goes(struct kit *k, request_kind kind) {
    if (attempt(k, kind) != BINANCE_SEND) fail_msg("held: %s", k->t.reply.text);
}

static void held(struct kit *k, request_kind kind, usec until) {
    if (attempt(k, kind) != BINANCE_DONE) fail_msg("kind %d goes out", kind);
    assert_int_equal(k->t.reply.outcome, OUTCOME_DOWN);
    assert_int_equal(k->t.reply.retry_at, until);
    assert_true(k->t.reply.text[0] != '\0');
}

/* A question that is answered with this. */
static void answered(struct kit *k, const struct http_answer *a) {
    goes(k, REQUEST_QUERY);
    binance_task_answer(k->b, &k->t, k->now, a);
}

#define QUIET "{'code':-2013,'msg':'Order does not exist.'}"

static void test_a_ban_holds_everything_until_it_is_over(void **state) {
    struct kit *k = *state;
    struct http_answer a = kit_answer(k, 418, "");
    a.retry_after_s = 120;
    const usec until = k->now + 120 * USEC_PER_S;
    answered(k, &a);
    assert_int_equal(k->t.reply.retry_at, until);
    held(k, REQUEST_BRACKET, until);
    held(k, REQUEST_EXIT, until);
    held(k, REQUEST_QUERY, until);
    held(k, REQUEST_SNAPSHOT, until);
    usec at = 0;
    assert_false(binance_may_call(k->b, BINANCE_MARKET, k->now, &at));
    assert_int_equal(at, until);
    assert_int_equal(binance_clock_due(k->b), until);
    k->now = until;
    goes(k, REQUEST_EXIT);
    struct binance_notice n;
    assert_true(binance_take_notice(k->b, &n));
    assert_int_equal(n.kind, BINANCE_NOTICE_BANNED);
    assert_int_equal(n.until, until);
    assert_false(binance_take_notice(k->b, &n));
}

static void test_a_ban_that_does_not_say_lasts_two_minutes(void **state) {
    struct kit *k = *state;
    const struct http_answer a = kit_answer(k, 418, "<html>");
    answered(k, &a);
    held(k, REQUEST_EXIT, k->now + 2 * USEC_PER_MIN);
}

static void test_a_full_weight_holds_until_the_venues_minute_is_over(void **state) {
    struct kit *k = *state;
    const struct http_answer a = kit_answer(k, 429, "{'code':-1003,'msg':'Too much.'}");
    k->now = KIT_T + 59 * USEC_PER_S;
    answered(k, &a);
    held(k, REQUEST_EXIT, KIT_T + 60 * USEC_PER_S);
}

static void test_a_full_order_count_holds_new_orders_only(void **state) {
    struct kit *k = *state;
    struct http_answer a = kit_answer(k, 429, "{'code':-1015,'msg':'Too many new orders.'}");
    a.retry_after_s = 7;
    const usec until = k->now + 7 * USEC_PER_S;
    goes(k, REQUEST_BRACKET);
    binance_task_answer(k->b, &k->t, k->now, &a);
    held(k, REQUEST_BRACKET, until);
    held(k, REQUEST_PROTECT, until);
    held(k, REQUEST_EXIT, until); /* it must not cancel what it cannot sell */
    goes(k, REQUEST_QUERY);
    goes(k, REQUEST_CANCEL);
    k->now = until;
    goes(k, REQUEST_EXIT);
}

static void test_a_gate_before_the_venue_holds_entries_for_minutes_that_grow(void **state) {
    struct kit *k = *state;
    usec last = 0;
    for (int i = 0; i < 3; i++) {
        const struct http_answer a = kit_answer(k, 403, "<html>Request blocked</html>");
        answered(k, &a);
        assert_int_equal(attempt(k, REQUEST_BRACKET), BINANCE_DONE);
        assert_int_equal(k->t.reply.outcome, OUTCOME_DOWN);
        const usec until = k->t.reply.retry_at, pause = until - k->now;
        assert_true(pause >= 90 * USEC_PER_S && pause > last);
        usec at = 0;
        assert_false(binance_may_call(k->b, BINANCE_MARKET, k->now, &at));
        assert_int_equal(at, until);
        last = pause;
        k->now = until;
    }
}

static void test_a_gate_before_the_venue_holds_exits_for_moments_that_grow(void **state) {
    struct kit *k = *state;
    usec last = 0;
    for (int i = 0; i < 4; i++) {
        const struct http_answer a = kit_answer(k, 403, "<html>Request blocked</html>");
        answered(k, &a);
        const usec until = k->t.reply.retry_at, pause = until - k->now;
        assert_true(pause > last && pause <= (USEC_PER_S << i));
        held(k, REQUEST_EXIT, until);
        held(k, REQUEST_PROTECT, until);
        last = pause;
        k->now = until;
        goes(k, REQUEST_EXIT);
    }
    goes(k, REQUEST_QUERY);
    kit_gives(k, 200,
              "{'symbol':'BTCUSDT','orderId':1,'clientOrderId':'" KIT_ENTRY
              "','origQty':'1','executedQty':'0','cummulativeQuoteQty':'0','status':'NEW','side':"
              "'BUY'}");
    const struct http_answer a = kit_answer(k, 403, ""); /* one that was heard of before is not */
    answered(k, &a);
    assert_true(k->t.reply.retry_at - k->now <= USEC_PER_S);
}

static void test_entries_leave_weight_to_protection(void **state) {
    struct kit *k = *state;
    struct http_answer a = kit_answer(k, 400, QUIET);
    a.used_weight_1m = 4800;
    k->now = KIT_T + 10 * USEC_PER_S;
    answered(k, &a);
    goes(k, REQUEST_BRACKET); /* no limit is known yet: nothing is held back */
    read_limits(k);
    held(k, REQUEST_BRACKET, KIT_T + 60 * USEC_PER_S);
    goes(k, REQUEST_EXIT);
    goes(k, REQUEST_QUERY);
    goes(k, REQUEST_SNAPSHOT);
    a = kit_answer(k, 400, QUIET);
    a.used_weight_1m = 5400;
    answered(k, &a);
    held(k, REQUEST_SNAPSHOT, KIT_T + 60 * USEC_PER_S);
    goes(k, REQUEST_EXIT);
    k->now = KIT_T + 60 * USEC_PER_S; /* a new minute: what was used is over */
    goes(k, REQUEST_BRACKET);
}

static void test_entries_leave_orders_to_protection(void **state) {
    struct kit *k = *state;
    struct http_answer a = kit_answer(k, 400, QUIET);
    read_limits(k);
    k->now = KIT_T + 3 * USEC_PER_S;
    a.orders_10s = 77;
    answered(k, &a);
    goes(k, REQUEST_BRACKET); /* 77 + 3 leave twenty */
    a = kit_answer(k, 400, QUIET);
    a.orders_10s = 78;
    answered(k, &a);
    held(k, REQUEST_BRACKET, KIT_T + 10 * USEC_PER_S);
    goes(k, REQUEST_EXIT);
    goes(k, REQUEST_PROTECT);
    k->now = KIT_T + 10 * USEC_PER_S;
    goes(k, REQUEST_BRACKET);
}

static void test_windows_are_those_of_the_venues_clock(void **state) {
    struct kit *k = *state;
    read_limits(k);
    k->now = KIT_T + 3 * USEC_PER_S;
    struct http_answer time = kit_answer(k, 200, "{'serverTime':1785000008000}");
    binance_clock_answer(k->b, k->now, k->now, &time);
    struct http_answer a = kit_answer(k, 400, QUIET);
    a.orders_10s = 90;
    answered(k, &a);
    held(k, REQUEST_BRACKET, KIT_T + 5 * USEC_PER_S);
    k->now = KIT_T + 5 * USEC_PER_S;
    goes(k, REQUEST_BRACKET);
}

static void test_exchange_info_without_limits_is_an_error(void **state) {
    struct kit *k = *state;
    struct error err = {0};
    static const char *const bad[] = {"",
                                      "{}",
                                      "{'rateLimits'",
                                      "{'rateLimits':",
                                      "{'rateLimits':7",
                                      "{'rateLimits':[{}",
                                      "{'rateLimits':[{}}]"};
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++)
        assert_fails(binance_rate_limits(k->b, kit_answer(k, 200, bad[i]).body, &err), &err,
                     ERR_PARSE);
    struct binance_health h;
    binance_health(k->b, &h);
    assert_int_equal(h.weight_limit, -1);
}

/* -- breakers ------------------------------------------------------------------------------ */

static void lose(struct kit *k, request_kind kind) {
    const struct http_answer lost = {.end = HTTP_LOST, .why = "timeout"};
    goes(k, kind);
    binance_task_answer(k->b, &k->t, k->now, &lost);
}

static void test_a_breaker_opens_for_entries_and_never_for_exits(void **state) {
    struct kit *k = *state;
    struct binance_health h;
    for (int i = 0; i < 5; i++) lose(k, REQUEST_EXIT); /* DELETE orderList: the lists */
    binance_health(k->b, &h);
    assert_string_equal(h.breakers[BINANCE_LISTS], "open");
    assert_string_equal(h.breakers[BINANCE_READS], "closed");
    assert_int_equal(h.breaker_since[BINANCE_LISTS], k->now);
    assert_true(h.breaker_until[BINANCE_LISTS] > k->now);
    assert_string_equal(h.breaker_why[BINANCE_LISTS], "no answer: timeout");
    assert_int_equal(h.breaker_since[BINANCE_READS], 0);
    assert_string_equal(h.breaker_why[BINANCE_READS], "");
    assert_int_equal(attempt(k, REQUEST_BRACKET), BINANCE_DONE);
    assert_int_equal(k->t.reply.outcome, OUTCOME_DOWN);
    const usec until = k->t.reply.retry_at;
    assert_true(until > k->now && until < k->now + 2 * USEC_PER_S);
    goes(k, REQUEST_EXIT);
    goes(k, REQUEST_PROTECT);
    goes(k, REQUEST_CANCEL);
}

static void test_a_half_open_breaker_takes_one_attempt_and_closes_on_success(void **state) {
    struct kit *k = *state;
    struct binance_health h;
    struct binance_notice n;
    for (int i = 0; i < 5; i++) lose(k, REQUEST_BRACKET);
    k->now += 2 * USEC_PER_S;
    goes(k, REQUEST_BRACKET);
    binance_health(k->b, &h);
    assert_string_equal(h.breakers[BINANCE_LISTS], "half-open");
    struct binance_task other;
    struct request rq = kit_request(REQUEST_BRACKET);
    struct http_request http;
    rq.signed_at = k->now;
    binance_task_begin(k->b, &other, k->now, &rq);
    assert_int_equal(binance_task_next(k->b, &other, k->now, &http), BINANCE_DONE);
    kit_gives(k, 400, "{'code':-2010,'msg':'Market is closed.'}"); /* an answer is an answer */
    binance_health(k->b, &h);
    assert_string_equal(h.breakers[BINANCE_LISTS], "closed");
    assert_int_equal(h.breaker_since[BINANCE_LISTS], k->now);
    assert_int_equal(h.breaker_until[BINANCE_LISTS], 0);
    assert_string_equal(h.breaker_why[BINANCE_LISTS], "");
    goes(k, REQUEST_BRACKET);
    assert_true(binance_take_notice(k->b, &n));
    assert_int_equal(n.kind, BINANCE_NOTICE_BREAKER);
    assert_string_equal(n.text, "lists: open: no entries, it keeps failing");
    assert_true(binance_take_notice(k->b, &n));
    assert_string_equal(n.text, "lists: closed: it answers again");
}

static void test_the_pauses_of_a_breaker_grow(void **state) {
    struct kit *k = *state;
    usec last = 0;
    for (int i = 0; i < 5; i++) lose(k, REQUEST_BRACKET);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(attempt(k, REQUEST_BRACKET), BINANCE_DONE);
        const usec pause = k->t.reply.retry_at - k->now;
        assert_true(pause > last);
        last = pause;
        k->now = k->t.reply.retry_at;
        lose(k, REQUEST_BRACKET);
    }
}

static void test_what_was_lost_is_counted_until_anything_is_answered(void **state) {
    struct kit *k = *state;
    struct binance_health h;
    const struct http_answer back = {.end = HTTP_ANSWERED,
                                     .status = 200,
                                     .body = STR("{}"),
                                     .retry_after_s = -1,
                                     .used_weight_1m = -1,
                                     .orders_10s = -1,
                                     .orders_1d = -1};
    for (int i = 0; i < 5; i++) lose(k, REQUEST_BRACKET);
    binance_health(k->b, &h);
    assert_int_equal(h.lost, 5);
    assert_true(h.lost_why[0] != '\0');
    assert_int_equal(attempt(k, REQUEST_BRACKET), BINANCE_DONE);
    binance_note(k->b, BINANCE_MARKET, k->now, &back);
    binance_health(k->b, &h);
    assert_int_equal(h.lost, 0);
    goes(k, REQUEST_BRACKET); /* the breaker's pause was for a venue that was away */
}

static void test_lagging_trades_open_no_breaker(void **state) {
    struct kit *k = *state;
    struct binance_health h;
    for (int i = 0; i < 10; i++) {
        goes(k, REQUEST_QUERY);
        kit_gives(k, 200,
                  "{'symbol':'BTCUSDT','orderId':1,'clientOrderId':'" KIT_ENTRY
                  "','origQty':'1','executedQty':'1','cummulativeQuoteQty':'5','status':'FILLED',"
                  "'side':'BUY'}");
        kit_sends(k, "GET", "/api/v3/myTrades", "");
        kit_gives(k, 200, "[]");
    }
    binance_health(k->b, &h);
    assert_string_equal(h.breakers[BINANCE_READS], "closed");
}

static void test_an_overload_holds_nothing_but_says_when_to_come_again(void **state) {
    struct kit *k = *state;
    goes(k, REQUEST_BRACKET);
    kit_gives(k, 503, "{'code':-1008,'msg':'Server is currently overloaded.'}");
    assert_int_equal(k->t.reply.outcome, OUTCOME_DOWN);
    assert_true(k->t.reply.retry_at > k->now);
    goes(k, REQUEST_EXIT);
}

/* -- the clock ----------------------------------------------------------------------------- */

static void clock_says(struct kit *k, usec sent_at, usec now, const char *json) {
    const struct http_answer a = kit_answer(k, 200, json);
    binance_clock_answer(k->b, sent_at, now, &a);
}

static usec offset(struct kit *k) {
    struct binance_health h;
    binance_health(k->b, &h);
    return h.clock_offset;
}

static void test_the_clock_is_set_by_the_middle_of_the_trip(void **state) {
    struct kit *k = *state;
    struct http_request rq;
    binance_clock_request(k->b, &rq);
    assert_str(rq.path, "/api/v3/time");
    assert_int_equal(rq.key.n, 0);
    assert_int_equal(binance_clock_due(k->b), 0);
    clock_says(k, KIT_T, KIT_T + 200 * USEC_PER_MS, "{'serverTime':1785000002100}");
    assert_int_equal(offset(k), 2 * USEC_PER_S);
    assert_int_equal(binance_clock_due(k->b), KIT_T + 200 * USEC_PER_MS + 3 * USEC_PER_MIN);
    const struct request query = kit_query(LEG_ENTRY);
    k->now = KIT_T + 300 * USEC_PER_MS;
    kit_begin(k, &query);
    kit_sends(k, "GET", "/api/v3/order", "timestamp=1785000002300&");
}

static void test_the_shortest_of_the_recent_trips_counts(void **state) {
    struct kit *k = *state;
    clock_says(k, KIT_T, KIT_T + 10 * USEC_PER_MS, "{'serverTime':1785000000105}");
    assert_int_equal(offset(k), 100 * USEC_PER_MS);
    usec t = KIT_T + USEC_PER_MIN;
    clock_says(k, t, t + 400 * USEC_PER_MS, "{'serverTime':1785000060490}");
    assert_int_equal(offset(k), 100 * USEC_PER_MS);
    t = KIT_T + 12 * USEC_PER_MIN; /* the short one is old by now */
    clock_says(k, t, t + 400 * USEC_PER_MS, "{'serverTime':1785000720490}");
    assert_int_equal(offset(k), 290 * USEC_PER_MS);
}

static void test_a_jump_is_taken_at_once_and_told(void **state) {
    struct kit *k = *state;
    struct binance_notice n;
    clock_says(k, KIT_T, KIT_T + 10 * USEC_PER_MS, "{'serverTime':1785000000005}");
    assert_false(binance_take_notice(k->b, &n));
    const usec t = KIT_T + USEC_PER_MIN;
    clock_says(k, t, t + 100 * USEC_PER_MS, "{'serverTime':1785000057050}");
    assert_int_equal(offset(k), -3 * USEC_PER_S);
    assert_true(binance_take_notice(k->b, &n));
    assert_int_equal(n.kind, BINANCE_NOTICE_CLOCK);
    assert_non_null(strstr(n.text, "-3000 ms"));
}

static void test_a_refused_date_makes_the_clock_due_and_heals(void **state) {
    struct kit *k = *state;
    clock_says(k, k->now, k->now + 10 * USEC_PER_MS, "{'serverTime':1785000000006}");
    assert_true(binance_clock_due(k->b) > k->now);
    goes(k, REQUEST_BRACKET);
    kit_gives(k, 400, "{'code':-1021,'msg':'Timestamp for this request was 1000ms ahead.'}");
    kit_ends(k, OUTCOME_DOWN, 0);
    assert_int_equal(binance_clock_due(k->b), 0);
    clock_says(k, k->now, k->now + 900 * USEC_PER_MS, "{'serverTime':1784999990000}");
    assert_true(offset(k) < -9 * USEC_PER_S);
}

static void test_times_that_cannot_be_are_no_times(void **state) {
    struct kit *k = *state;
    static const char *const bad[] = {"{}",
                                      "",
                                      "{'serverTime':'1785000000000'}",
                                      "{'serverTime':-5}",
                                      "{'serverTime':1.5}",
                                      "{'serverTime':17850000000000000}"};
    for (ptrdiff_t i = 0; i < COUNT_OF(bad); i++) {
        clock_says(k, k->now, k->now + 1000, bad[i]);
        struct binance_health h;
        binance_health(k->b, &h);
        assert_false(h.clock_known);
        assert_true(binance_clock_due(k->b) > k->now);
    }
    clock_says(k, k->now, k->now - 1, "{'serverTime':1785000000000}"); /* our clock went back */
    clock_says(k, k->now, k->now + 11 * USEC_PER_S, "{'serverTime':1785000000000}");
    struct binance_health h;
    binance_health(k->b, &h);
    assert_false(h.clock_known);
}

/* -- keys ---------------------------------------------------------------------------------- */

static void test_refused_keys_stop_entries_until_they_are_taken_again(void **state) {
    struct kit *k = *state;
    struct binance_notice n;
    goes(k, REQUEST_QUERY);
    kit_gives(k, 401, "{'code':-2015,'msg':'Invalid API-key, IP, or permissions for action.'}");
    assert_int_equal(k->t.reply.outcome, OUTCOME_REJECTED);
    assert_int_equal(attempt(k, REQUEST_BRACKET), BINANCE_DONE);
    assert_int_equal(k->t.reply.outcome, OUTCOME_REJECTED);
    assert_non_null(strstr(k->t.reply.text, "keys"));
    goes(k, REQUEST_EXIT);
    goes(k, REQUEST_QUERY);
    kit_gives(k, 200,
              "{'symbol':'BTCUSDT','orderId':1,'clientOrderId':'" KIT_ENTRY
              "','origQty':'1','executedQty':'0','cummulativeQuoteQty':'0','status':'NEW','side':"
              "'BUY'}");
    goes(k, REQUEST_BRACKET);
    assert_true(binance_take_notice(k->b, &n));
    assert_int_equal(n.kind, BINANCE_NOTICE_KEYS);
    assert_true(binance_take_notice(k->b, &n));
    assert_int_equal(n.kind, BINANCE_NOTICE_KEYS_FINE);
}

static bool holds(const void *p, size_t bytes, const char *text) {
    return memmem(p, bytes, text, strlen(text)) != NULL;
}

static void test_no_text_of_a_task_holds_a_key(void **state) {
    (void)state;
    static const char *const echoes[] = {
        "{'code':-2014,'msg':'API-key " KIT_KEY " is malformed'}",
        "{'code':-1022,'msg':'Signature with " KIT_SECRET " is not valid'}",
        "{'code':-1102,'msg':'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" KIT_SECRET "'}",
    };
    static const request_kind kinds[] = {REQUEST_BRACKET, REQUEST_PROTECT, REQUEST_EXIT,
                                         REQUEST_CANCEL,  REQUEST_QUERY,   REQUEST_SNAPSHOT};
    for (ptrdiff_t i = 0; i < COUNT_OF(echoes) * COUNT_OF(kinds); i++) {
        struct kit *k = kit_open();
        struct binance_notice n;
        goes(k, kinds[i % COUNT_OF(kinds)]);
        kit_gives(k, 400, echoes[i / COUNT_OF(kinds)]);
        while (binance_task_next(k->b, &k->t, k->now, &k->http) == BINANCE_SEND)
            kit_fails(k, HTTP_LOST);
        assert_false(holds(&k->t, sizeof k->t, "vmPUZE6mv9"));
        assert_false(holds(&k->t, sizeof k->t, "NhqPtmdSJY"));
        while (binance_take_notice(k->b, &n)) {
            assert_false(holds(&n, sizeof n, "vmPUZE6mv9"));
            assert_false(holds(&n, sizeof n, "NhqPtmdSJY"));
        }
        kit_close(k);
    }
}

static void test_what_could_not_be_sent_says_so_without_keys(void **state) {
    struct kit *k = *state;
    struct http_answer a = {.end = HTTP_NOT_SENT};
    snprintf(a.why, sizeof a.why, "header %s", KIT_KEY);
    goes(k, REQUEST_QUERY);
    binance_task_answer(k->b, &k->t, k->now, &a);
    assert_int_equal(k->t.reply.outcome, OUTCOME_DOWN);
    assert_false(holds(&k->t, sizeof k->t, "vmPUZE6mv9"));
}

/* -- resets, filters, threads ---------------------------------------------------------------- */

static void test_a_new_order_with_an_old_id_tells_of_a_reset(void **state) {
    struct kit *k = *state;
    struct binance_notice n;
    struct request rq = kit_request(REQUEST_EXIT);
    static const char *const sold =
        "{'symbol':'BTCUSDT','orderId':%d,'clientOrderId':'" KIT_EXIT
        "','transactTime':1785000000500,'origQty':'1.5','executedQty':'0','cummulativeQuoteQty':"
        "'0','status':'EXPIRED','side':'SELL','fills':[]}";
    static const int ids[] = {900, 901, 17};
    rq.stop_coid[0] = rq.target_coid[0] = '\0';
    for (ptrdiff_t i = 0; i < COUNT_OF(ids); i++) {
        char json[512];
        snprintf(json, sizeof json, sold, ids[i]); /* NOLINT: a literal */
        rq.signed_at = k->now;
        kit_begin(k, &rq);
        kit_sends(k, "POST", "/api/v3/order", "");
        kit_gives(k, 200, json);
        kit_ends(k, OUTCOME_DONE, 1);
        assert_int_equal(binance_take_notice(k->b, &n), i == 2);
    }
    assert_int_equal(n.kind, BINANCE_NOTICE_RESET);
    assert_non_null(strstr(n.text, "901"));
}

/* Orders of one request share what was known before it; other pairs' ids are of before, too. */
static void test_one_reset_is_told_once(void **state) {
    struct kit *k = *state;
    struct binance_notice n;
    binance_seen_order(k->b, 0, 900);
    binance_seen_order(k->b, 1, 950);
    for (int64_t id = 1; id <= 3; id++) {
        binance_new_order(k->b, 0, id, 900);
        assert_int_equal(binance_take_notice(k->b, &n), id == 1);
    }
    assert_int_equal(binance_newest(k->b, 0), 3);
    assert_int_equal(binance_newest(k->b, 1), 0);
    binance_new_order(k->b, 1, 4, 950); /* it was on its way when the wipe was noticed */
    assert_false(binance_take_notice(k->b, &n));
}

static void test_a_refused_filter_is_told(void **state) {
    struct kit *k = *state;
    struct binance_notice n;
    goes(k, REQUEST_BRACKET);
    kit_gives(k, 400, "{'code':-1013,'msg':'Filter failure: NOTIONAL'}");
    kit_ends(k, OUTCOME_REJECTED, 0);
    assert_true(binance_take_notice(k->b, &n));
    assert_int_equal(n.kind, BINANCE_NOTICE_FILTERS);
    assert_string_equal(n.text, "-1013 Filter failure: NOTIONAL");
}

static void test_notices_that_nobody_takes_drop_the_oldest(void **state) {
    struct kit *k = *state;
    struct binance_notice n;
    for (int i = 0; i < 40; i++) {
        goes(k, REQUEST_BRACKET);
        kit_gives(k, 400,
                  i == 39 ? "{'code':-1013,'msg':'Filter failure: LAST'}"
                          : "{'code':-1013,'msg':'Filter failure: LOT_SIZE'}");
    }
    int count = 0;
    while (binance_take_notice(k->b, &n)) count++;
    assert_int_equal(count, 16);
    assert_non_null(strstr(n.text, "LAST"));
}

struct worker {
    struct kit *k;
    struct binance_task t;
    int done;
};

static void *work(void *arg) {
    struct worker *w = arg;
    const struct http_answer lost = {.end = HTTP_LOST, .why = "timeout"};
    struct request rq = kit_query(LEG_ENTRY);
    for (int i = 0; i < 500; i++) {
        struct http_request http;
        struct binance_notice n;
        struct binance_health h;
        const usec now = KIT_T + i * USEC_PER_MS;
        rq.signed_at = now;
        binance_task_begin(w->k->b, &w->t, now, &rq);
        while (binance_task_next(w->k->b, &w->t, now, &http) == BINANCE_SEND)
            binance_task_answer(w->k->b, &w->t, now, &lost);
        w->done += w->t.reply.outcome == OUTCOME_DOWN;
        IGNORE(binance_take_notice(w->k->b, &n), "there may be none");
        binance_health(w->k->b, &h);
    }
    return NULL;
}

static void test_lanes_share_an_account(void **state) {
    struct kit *k = *state;
    struct worker workers[4] = {{0}};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        workers[i].k = k;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].done, 500);
    }
    struct binance_health h;
    binance_health(k->b, &h);
    assert_int_equal(h.calls, 2000);
    assert_int_equal(h.failures, 2000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_KIT(test_a_ban_holds_everything_until_it_is_over),
        WITH_KIT(test_a_ban_that_does_not_say_lasts_two_minutes),
        WITH_KIT(test_a_full_weight_holds_until_the_venues_minute_is_over),
        WITH_KIT(test_a_full_order_count_holds_new_orders_only),
        WITH_KIT(test_a_gate_before_the_venue_holds_entries_for_minutes_that_grow),
        WITH_KIT(test_a_gate_before_the_venue_holds_exits_for_moments_that_grow),
        WITH_KIT(test_entries_leave_weight_to_protection),
        WITH_KIT(test_entries_leave_orders_to_protection),
        WITH_KIT(test_windows_are_those_of_the_venues_clock),
        WITH_KIT(test_exchange_info_without_limits_is_an_error),
        WITH_KIT(test_a_breaker_opens_for_entries_and_never_for_exits),
        WITH_KIT(test_a_half_open_breaker_takes_one_attempt_and_closes_on_success),
        WITH_KIT(test_the_pauses_of_a_breaker_grow),
        WITH_KIT(test_what_was_lost_is_counted_until_anything_is_answered),
        WITH_KIT(test_lagging_trades_open_no_breaker),
        WITH_KIT(test_an_overload_holds_nothing_but_says_when_to_come_again),
        WITH_KIT(test_the_clock_is_set_by_the_middle_of_the_trip),
        WITH_KIT(test_the_shortest_of_the_recent_trips_counts),
        WITH_KIT(test_a_jump_is_taken_at_once_and_told),
        WITH_KIT(test_a_refused_date_makes_the_clock_due_and_heals),
        WITH_KIT(test_times_that_cannot_be_are_no_times),
        WITH_KIT(test_refused_keys_stop_entries_until_they_are_taken_again),
        cmocka_unit_test(test_no_text_of_a_task_holds_a_key),
        WITH_KIT(test_what_could_not_be_sent_says_so_without_keys),
        WITH_KIT(test_a_new_order_with_an_old_id_tells_of_a_reset),
        WITH_KIT(test_one_reset_is_told_once),
        WITH_KIT(test_a_refused_filter_is_told),
        WITH_KIT(test_notices_that_nobody_takes_drop_the_oldest),
        WITH_KIT(test_lanes_share_an_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
