/* Binance Spot over real sockets: the threads around the conversation, against the simulated
 * exchange behind a port. */
#include "venue/binance_spot.h"

#include <stdatomic.h>

#include "base/log.h"
#include "binancekit.h"
#include "simport.h"
#include "venue/binance.h"

struct rig {
    struct simport sim;
    struct arena arena;
    struct venue *venue;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int count[VENUE_RESET + 1]; /* news by state */
    int symbols;                /* times that BTCUSDT changed */
    qty step;                   /* of it */
    int reports;
    struct report report[64];
};

static void on_report(void *ctx, const struct report *r) {
    struct rig *g = ctx;
    pthread_mutex_lock(&g->mutex);
    if (g->reports < COUNT_OF(g->report)) g->report[g->reports++] = *r;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

static void on_news(void *ctx, const struct venue_news *n) {
    struct rig *g = ctx;
    pthread_mutex_lock(&g->mutex);
    g->count[n->state]++;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

static void on_symbol(void *ctx, const struct symbol *s) {
    struct rig *g = ctx;
    if (strcmp(s->name, "BTCUSDT") != 0) return; /* the kit's terms are not those of exchangeInfo */
    pthread_mutex_lock(&g->mutex);
    g->step = s->step;
    g->symbols++;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

static void wait_news(struct rig *g, venue_state s, int least) {
    pthread_mutex_lock(&g->mutex);
    while (g->count[s] < least) pthread_cond_wait(&g->changed, &g->mutex);
    pthread_mutex_unlock(&g->mutex);
}

/* Until an order was told to be in that state. */
static void wait_report(struct rig *g, const char *coid, order_state state) {
    pthread_mutex_lock(&g->mutex);
    for (;;) {
        bool found = false;
        for (int i = 0; i < g->reports; i++)
            found |= strcmp(g->report[i].coid, coid) == 0 && g->report[i].state == state;
        if (found) break;
        pthread_cond_wait(&g->changed, &g->mutex);
    }
    pthread_mutex_unlock(&g->mutex);
}

static void rig_venue(struct rig *g, const char *secret) {
    struct error err;
    const struct binance_spot_options opt = {.rest_url = str_from_z(g->sim.rest),
                                             .ws_api_url = str_from_z(g->sim.ws_api),
                                             .symbols = &g->sim.kit.symbols,
                                             .key = STR(SIMKIT_KEY),
                                             .secret = str_from_z(secret),
                                             .quote_asset = STR("USDT"),
                                             .recv_window = USEC_PER_S,
                                             .install = "abcd",
                                             .seed = 7};
    assert_ok(binance_spot_open(&g->arena, &opt, &g->venue, &err), &err);
}

static void rig_start(struct rig *g) {
    struct error err;
    const struct venue_sink sink = {g, on_report, on_news, on_symbol};
    assert_ok(venue_start(g->venue, &sink, &err), &err);
}

static struct rig *rig_open_plan(const char *secret, const char *plan) {
    struct rig *g = calloc(1, sizeof *g);
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->changed, NULL);
    arena_open(&g->arena, 1 << 24);
    simport_open(&g->sim, plan);
    rig_venue(g, secret);
    return g;
}

static struct rig *rig_open(const char *secret) { return rig_open_plan(secret, NULL); }

static void rig_close(struct rig *g) {
    venue_stop(g->venue);
    venue_close(g->venue);
    simport_close(&g->sim);
    arena_close(&g->arena);
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->mutex);
    free(g);
}

static struct request entry(void) {
    struct request rq = kit_request(REQUEST_BRACKET);
    rq.limit = price_from_e8(INT64_C(5010000000000));
    rq.signed_at = time_wall_us();
    return rq;
}

static void test_an_entry_fills_and_its_stop_is_told_by_the_stream(void **state) {
    (void)state;
    struct rig *g = rig_open(SIMKIT_SECRET);
    struct request rq = entry();
    struct reply reply;
    rig_start(g);
    wait_news(g, VENUE_UP, 1);
    wait_news(g, VENUE_RECONNECTED, 1);
    rq.signed_at = time_wall_us();
    venue_call(g->venue, time_wall_us(), &rq, &reply);
    if (reply.outcome != OUTCOME_DONE) print_error("%s\n", reply.text);
    assert_int_equal(reply.outcome, OUTCOME_DONE);
    wait_report(g, KIT_ENTRY, ORDER_ST_FILLED);
    wait_report(g, KIT_STOP, ORDER_ST_OPEN);
    simport_price(&g->sim, 40000);
    wait_report(g, KIT_STOP, ORDER_ST_FILLED);
    rig_close(g);
}

static void test_a_venue_that_was_away_is_told_and_comes_back(void **state) {
    (void)state;
    struct rig *g = rig_open(SIMKIT_SECRET);
    struct request rq = entry();
    struct reply reply;
    rig_start(g);
    wait_news(g, VENUE_UP, 1);
    wait_news(g, VENUE_RECONNECTED, 1); /* else there is only one in all */
    simport_down(&g->sim);
    wait_news(g, VENUE_DEGRADED, 1);
    rq.signed_at = time_wall_us();
    venue_call(g->venue, time_wall_us(), &rq, &reply);
    assert_true(reply.outcome == OUTCOME_DOWN || reply.outcome == OUTCOME_UNKNOWN);
    simport_up(&g->sim);
    wait_news(g, VENUE_RECONNECTED, 2);
    wait_news(g, VENUE_UP, 2);
    rig_close(g);
}

/* So that each of its connections is a kept one. */
static void use_all_connections(struct rig *g) {
    for (int i = 0; i < 8; i++) {
        struct request rq = kit_query(LEG_ENTRY);
        struct reply reply;
        rq.signed_at = time_wall_us();
        venue_call(g->venue, time_wall_us(), &rq, &reply);
        assert_int_equal(reply.outcome, OUTCOME_DONE);
    }
}

/* Orders of the exchange with that client id, ever. */
static int orders_of(struct rig *g, const char *coid) {
    int n = 0;
    for (int64_t i = 0; i < exchange_order_count(g->sim.kit.ex, 0); i++)
        n += strcmp(exchange_order(g->sim.kit.ex, 0, i)->coid, coid) == 0;
    return n;
}

static void test_an_entry_whose_answer_is_lost_stands_once_and_is_unknown(void **state) {
    (void)state;
    static const struct {
        const char *fault;
        int stands;
    } cases[] = {{"close_after", 1},  {"reset_after", 1},   {"truncate", 1},
                 {"close_before", 0}, {"html_502_done", 1}, {"html_502", 0}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        char plan[160];
        snprintf(plan, sizeof plan,
                 "{\"rules\":[{\"method\":\"POST\",\"path\":\"/api/v3/orderList*\","
                 "\"fault\":\"%s\"}]}",
                 cases[i].fault);
        struct rig *g = rig_open_plan(SIMKIT_SECRET, plan);
        struct request rq = entry();
        struct reply reply;
        rig_start(g);
        wait_news(g, VENUE_UP, 1);
        use_all_connections(g);
        rq.signed_at = time_wall_us();
        venue_call(g->venue, time_wall_us(), &rq, &reply);
        if (reply.outcome != OUTCOME_UNKNOWN) print_error("%s: %s\n", cases[i].fault, reply.text);
        assert_int_equal(reply.outcome, OUTCOME_UNKNOWN);
        if (cases[i].stands > 0) wait_report(g, KIT_ENTRY, ORDER_ST_FILLED);
        simport_down(&g->sim);
        assert_int_equal(orders_of(g, KIT_ENTRY), cases[i].stands);
        rig_close(g);
    }
}

static void test_terms_that_change_are_read_and_told(void **state) {
    (void)state;
    struct rig *g = rig_open(SIMKIT_SECRET);
    struct request rq = entry();
    struct reply reply;
    rig_start(g);
    wait_news(g, VENUE_UP, 1);
    simport_post(&g->sim, "fault", "fault=filter_change;amount=1000;symbol=BTCUSDT");
    rq.qty = qty_from_e8(150001000); /* on the step that was */
    rq.signed_at = time_wall_us();
    venue_call(g->venue, time_wall_us(), &rq, &reply);
    pthread_mutex_lock(&g->mutex);
    while (g->symbols == 0 || qty_e8(g->step) != E8 / 100)
        pthread_cond_wait(&g->changed, &g->mutex);
    pthread_mutex_unlock(&g->mutex);
    rig_close(g);
}

static void test_a_stream_that_is_cut_or_says_goodbye_is_opened_again(void **state) {
    (void)state;
    struct rig *g = rig_open(SIMKIT_SECRET);
    rig_start(g);
    wait_news(g, VENUE_UP, 1);
    wait_news(g, VENUE_RECONNECTED, 1);
    simport_post(&g->sim, "fault", "fault=stream_cut");
    wait_news(g, VENUE_RECONNECTED, 2);
    simport_post(&g->sim, "fault", "fault=server_shutdown;delay_ms=100");
    wait_news(g, VENUE_RECONNECTED, 3);
    rig_close(g);
}

static void test_a_ban_is_told_and_ends(void **state) {
    (void)state;
    struct rig *g =
        rig_open_plan(SIMKIT_SECRET, "{\"rules\":[{\"method\":\"GET\",\"path\":\"/api/v3/order\","
                                     "\"fault\":\"ban_418\",\"amount\":4}]}");
    struct request rq = kit_query(LEG_ENTRY);
    struct reply reply;
    rig_start(g);
    wait_news(g, VENUE_UP, 1);
    rq.signed_at = time_wall_us();
    venue_call(g->venue, time_wall_us(), &rq, &reply);
    assert_int_equal(reply.outcome, OUTCOME_DOWN);
    assert_true(reply.retry_at > 0);
    wait_news(g, VENUE_DOWN, 1);
    wait_news(g, VENUE_UP, 2);
    rig_close(g);
}

static void test_a_wrong_secret_is_down_and_not_asked_for_ever(void **state) {
    (void)state;
    struct rig *g = rig_open("notthesecretofanyaccount");
    struct binance_health h;
    struct request rq = kit_request(REQUEST_SNAPSHOT);
    struct reply reply;
    struct error err;
    money have;
    int64_t uid;
    assert_fails(binance_spot_balance(g->venue, STR("USDT"), &have, &uid, &err), &err, ERR_REFUSED);
    rq.signed_at = time_wall_us();
    venue_call(g->venue, time_wall_us(), &rq, &reply);
    assert_int_not_equal(reply.outcome, OUTCOME_DONE);
    binance_health(binance_spot_conversation(g->venue), &h);
    assert_true(h.keys_refused);
    rig_start(g);
    wait_news(g, VENUE_DOWN, 1);
    rig_close(g);
}

static void test_the_balance_is_what_the_account_holds(void **state) {
    (void)state;
    struct rig *g = rig_open(SIMKIT_SECRET);
    struct error err;
    money have;
    int64_t uid;
    assert_ok(binance_spot_balance(g->venue, STR("USDT"), &have, &uid, &err), &err);
    assert_int_equal(money_e8(have), 1000000 * E8);
    assert_true(uid > 0);
    assert_ok(binance_spot_balance(g->venue, STR("NONE"), &have, &uid, &err), &err);
    assert_int_equal(money_e8(have), 0);
    rig_close(g);
}

static void test_exchange_info_is_had_before_there_is_a_venue(void **state) {
    (void)state;
    struct rig *g = rig_open(SIMKIT_SECRET);
    struct symbols symbols;
    struct error err;
    struct buf report;
    str json;
    int skipped;
    buf_init(&report, 4096);
    assert_ok(binance_spot_info(&g->arena, str_from_z(g->sim.rest), &json, &err), &err);
    assert_ok(exchange_info_parse(&g->arena, json, STR("USDT"), &symbols, &skipped, &report, &err),
              &err);
    assert_int_equal(symbols.count, 2);
    assert_string_equal(symbols.v[0].name, "BTCUSDT");
    simport_down(&g->sim);
    assert_fails(binance_spot_info(&g->arena, str_from_z(g->sim.rest), &json, &err), &err,
                 ERR_TIMEOUT);
    buf_fini(&report);
    rig_close(g);
}

struct caller {
    struct rig *rig;
    int done;
};

static void *call_often(void *arg) {
    struct caller *c = arg;
    for (int i = 0; i < 50; i++) {
        struct request rq = kit_query(LEG_ENTRY);
        struct reply reply;
        rq.signed_at = time_wall_us();
        venue_call(c->rig->venue, time_wall_us(), &rq, &reply);
        c->done += reply.outcome == OUTCOME_DONE;
    }
    return NULL;
}

static void test_lanes_call_at_the_same_time(void **state) {
    (void)state;
    struct rig *g = rig_open(SIMKIT_SECRET);
    struct caller callers[3] = {{g, 0}, {g, 0}, {g, 0}};
    pthread_t threads[3];
    rig_start(g);
    wait_news(g, VENUE_UP, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 3; i++) assert_int_equal(callers[i].done, 50);
    rig_close(g);
}

static void test_urls_of_two_networks_and_other_hosts_are_refused(void **state) {
    (void)state;
    struct arena a;
    struct venue *v;
    struct error err;
    struct symbols none = {0};
    arena_open(&a, 1 << 24);
    struct binance_spot_options opt = {.rest_url = STR("https://testnet.binance.vision"),
                                       .ws_api_url = STR("wss://demo-ws-api.binance.com"),
                                       .symbols = &none,
                                       .key = STR("k"),
                                       .secret = STR("s")};
    assert_fails(binance_spot_open(&a, &opt, &v, &err), &err, ERR_CONFIG);
    opt.ws_api_url = STR("wss://ws-api.binance.com");
    assert_fails(binance_spot_open(&a, &opt, &v, &err), &err, ERR_REFUSED);
    opt.rest_url = STR("https://api.binance.com");
    assert_fails(binance_spot_open(&a, &opt, &v, &err), &err, ERR_REFUSED);
    arena_close(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_entry_fills_and_its_stop_is_told_by_the_stream),
        cmocka_unit_test(test_a_venue_that_was_away_is_told_and_comes_back),
        cmocka_unit_test(test_an_entry_whose_answer_is_lost_stands_once_and_is_unknown),
        cmocka_unit_test(test_terms_that_change_are_read_and_told),
        cmocka_unit_test(test_a_stream_that_is_cut_or_says_goodbye_is_opened_again),
        cmocka_unit_test(test_a_ban_is_told_and_ends),
        cmocka_unit_test(test_a_wrong_secret_is_down_and_not_asked_for_ever),
        cmocka_unit_test(test_the_balance_is_what_the_account_holds),
        cmocka_unit_test(test_exchange_info_is_had_before_there_is_a_venue),
        cmocka_unit_test(test_lanes_call_at_the_same_time),
        cmocka_unit_test(test_urls_of_two_networks_and_other_hosts_are_refused),
    };
    log_setup(LOG_BROKEN, LOG_LOGFMT, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
