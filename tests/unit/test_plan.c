/* Client order ids and what an intent looks like on its way to the venue. */
#include "flow/trade/plan.h"

#include "base/rng.h"
#include "flowkit.h"

static struct rng rng;

static struct trade a_trade(int64_t root, const char *symbol, const char *strategy) {
    struct trade t = {.id = 7,
                      .root_id = root,
                      .sym = DOGE,
                      .side = SIDE_LONG,
                      .quantity = Q("1250"),
                      .held = Q("1249"),
                      .limit_price = P("0.0804"),
                      .stop_loss = P("0.0784"),
                      .take_profit = P("0.0832"),
                      .signed_at = 1234,
                      .recv_window = USEC_PER_S,
                      .generation = 1};
    snprintf(t.symbol, sizeof t.symbol, "%s", symbol);
    snprintf(t.strategy, sizeof t.strategy, "%s", strategy);
    return t;
}

/* What the venue takes: 1 to 36 of [a-zA-Z0-9-_]. */
static void assert_venue_takes(const char *coid) {
    const size_t n = strlen(coid);
    if (n < 1 || n > 36 ||
        strspn(coid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                     "0123456789-_") != n) {
        fail_msg("\"%s\" is no client order id", coid);
    }
}

static void test_ids_say_whose_what_and_which(void **state) {
    (void)state;
    const struct trade t = a_trade(101, "DOGEUSDT", "post");
    char coid[COID_BYTES];
    coid_make(coid, &t, "ab12", 'e', 1);
    assert_venue_takes(coid);
    assert_memory_equal(coid, "bfab12-", 7);
    assert_string_equal(coid + 27, "-01e");
    coid_make(coid, &t, "ab12", 'x', 99);
    assert_string_equal(coid + 27, "-99x");
}

static void test_the_same_intent_has_the_same_id_whatever_else_changed(void **state) {
    (void)state;
    const struct trade t = a_trade(101, "DOGEUSDT", "post");
    struct trade u = t;
    u.id = 99;
    u.tweet_id = 5;
    u.cluster_id = 6;
    u.signal_id = 8;
    u.side = SIDE_SHORT;
    u.quantity = Q("1");
    u.created_at = 77;
    char a[COID_BYTES], b[COID_BYTES];
    coid_make(a, &t, "ab12", 'e', 1);
    coid_make(b, &u, "ab12", 'e', 1);
    assert_string_equal(a, b);
}

static void test_ids_differ_in_everything_that_an_intent_is(void **state) {
    (void)state;
    static const struct {
        int64_t root;
        const char *symbol, *strategy, *install;
        char leg;
        int generation;
    } ids[] = {
        {101, "DOGEUSDT", "post", "ab12", 'e', 1},  {102, "DOGEUSDT", "post", "ab12", 'e', 1},
        {-101, "DOGEUSDT", "post", "ab12", 'e', 1}, {101, "BTCUSDT", "post", "ab12", 'e', 1},
        {101, "DOGEUSDT", "post2", "ab12", 'e', 1}, {101, "DOGEUSDT", "post", "ab13", 'e', 1},
        {101, "DOGEUSDT", "post", "ab12", 's', 1},  {101, "DOGEUSDT", "post", "ab12", 't', 1},
        {101, "DOGEUSDT", "post", "ab12", 'l', 1},  {101, "DOGEUSDT", "post", "ab12", 'x', 1},
        {101, "DOGEUSDT", "post", "ab12", 'x', 2},  {101, "DOGEUSDT", "post", "ab12", 'x', 10},
        {1011, "DOGEUSDT", "post", "ab12", 'e', 1}, {101, "DOGEUSD", "Tpost", "ab12", 'e', 1},
    };
    char made[COUNT_OF(ids)][COID_BYTES];
    for (ptrdiff_t i = 0; i < COUNT_OF(ids); i++) {
        const struct trade t = a_trade(ids[i].root, ids[i].symbol, ids[i].strategy);
        coid_make(made[i], &t, ids[i].install, ids[i].leg, ids[i].generation);
        for (ptrdiff_t k = 0; k < i; k++) assert_string_not_equal(made[k], made[i]);
    }
}

static void test_every_generation_has_its_own_id(void **state) {
    (void)state;
    const struct trade t = a_trade(101, "DOGEUSDT", "post");
    static char made[GENERATION_MAX + 1][COID_BYTES];
    for (int g = 1; g <= GENERATION_MAX; g++) {
        coid_make(made[g], &t, "ab12", 'x', g);
        assert_venue_takes(made[g]);
        for (int k = 1; k < g; k++) assert_string_not_equal(made[k], made[g]);
    }
    char coid[COID_BYTES];
    coid_make(coid, &t, "ab12", 'x', 100);
    assert_string_equal(coid + 27, "-a0x");
    assert_aborts(coid_make(coid, &t, "ab12", 'x', 0));
    assert_aborts(coid_make(coid, &t, "ab12", 'x', GENERATION_MAX + 1));
}

static void test_random_intents_have_ids_that_the_venue_takes(void **state) {
    (void)state;
    for (int i = 0; i < 5000; i++) {
        char symbol[SYMBOL_BYTES], strategy[17], install[5];
        const str coin = STR("1000000BABYDOGECATUSDTX"), plan = STR("Strategie \xc3\xbc/_.; ");
        str_copyz(str_head(coin, rng_between(&rng, 5, 23)), symbol, sizeof symbol);
        str_copyz(str_head(plan, rng_between(&rng, 1, 16)), strategy, sizeof strategy);
        for (int k = 0; k < 4; k++) install[k] = (char)rng_between(&rng, 'a', 'z');
        install[4] = '\0';
        const struct trade t = a_trade((int64_t)rng_next(&rng), symbol, strategy);
        char coid[COID_BYTES];
        coid_make(coid, &t, install, "estxl"[rng_below(&rng, 5)],
                  (int)rng_between(&rng, 1, GENERATION_MAX));
        assert_venue_takes(coid);
    }
}

static void test_the_legs_of_an_intent(void **state) {
    (void)state;
    struct trade t = a_trade(101, "DOGEUSDT", "post");
    struct order entry, stop, target, out;
    order_make(&entry, &t, "ab12", LEG_ENTRY, 55);
    order_make(&stop, &t, "ab12", LEG_STOP, 55);
    order_make(&target, &t, "ab12", LEG_TARGET, 55);
    t.generation = 2;
    order_make(&out, &t, "ab12", LEG_EXIT, 66);
    assert_int_equal(entry.side, ORDER_BUY);
    assert_int_equal(entry.type, ORDER_LIMIT);
    assert_int_equal(entry.tif, TIF_FOK);
    assert_int_equal(qty_e8(entry.qty), kit_e8("1250"));
    assert_int_equal(price_e8(entry.limit), kit_e8("0.0804"));
    assert_int_equal(stop.side, ORDER_SELL);
    assert_int_equal(stop.type, ORDER_STOP_LOSS);
    assert_int_equal(price_e8(stop.stop), kit_e8("0.0784"));
    assert_int_equal(target.type, ORDER_TAKE_PROFIT);
    assert_int_equal(price_e8(target.stop), kit_e8("0.0832"));
    assert_int_equal(out.type, ORDER_MARKET);
    assert_int_equal(qty_e8(out.qty), kit_e8("1249"));
    assert_string_equal(out.coid + 27, "-02x");
    const struct order *all[] = {&entry, &stop, &target, &out};
    for (ptrdiff_t i = 0; i < COUNT_OF(all); i++) {
        assert_int_equal(all[i]->state, ORDER_ST_NEW);
        assert_int_equal(all[i]->trade_id, 7);
        assert_string_equal(all[i]->symbol, "DOGEUSDT");
    }
}

static void test_a_short_sells_first_and_buys_back(void **state) {
    (void)state;
    struct trade t = a_trade(101, "DOGEUSDT", "post");
    t.side = SIDE_SHORT;
    struct order o;
    struct request rq;
    order_make(&o, &t, "ab12", LEG_ENTRY, 55);
    assert_int_equal(o.side, ORDER_SELL);
    order_make(&o, &t, "ab12", LEG_STOP, 55);
    assert_int_equal(o.side, ORDER_BUY);
    request_bracket(&rq, &t, "ab12");
    assert_int_equal(rq.side, ORDER_SELL);
    struct symbol s = {.step = Q("1")};
    order_make(&o, &t, "ab12", LEG_EXIT, 55);
    request_exit(&rq, &t, &s, NULL, NULL, &o);
    assert_int_equal(rq.side, ORDER_BUY);
}

static void test_the_bracket_names_the_orders_that_were_written_down(void **state) {
    (void)state;
    struct trade t = a_trade(101, "DOGEUSDT", "post");
    coid_make(t.list_coid, &t, "ab12", 'l', 1);
    struct order o;
    struct request rq;
    request_bracket(&rq, &t, "ab12");
    assert_int_equal(rq.kind, REQUEST_BRACKET);
    assert_int_equal(rq.signed_at, 1234);
    assert_int_equal(rq.recv_window, USEC_PER_S);
    assert_string_equal(rq.list_coid, t.list_coid);
    order_make(&o, &t, "ab12", LEG_ENTRY, 0);
    assert_string_equal(rq.entry_coid, o.coid);
    order_make(&o, &t, "ab12", LEG_STOP, 0);
    assert_string_equal(rq.stop_coid, o.coid);
    order_make(&o, &t, "ab12", LEG_TARGET, 0);
    assert_string_equal(rq.target_coid, o.coid);
}

static void test_an_exit_names_the_legs_it_replaces(void **state) {
    (void)state;
    struct trade t = a_trade(101, "DOGEUSDT", "post");
    struct order stop, target, out;
    order_make(&stop, &t, "ab12", LEG_STOP, 0);
    order_make(&target, &t, "ab12", LEG_TARGET, 0);
    t.generation = 2;
    order_make(&out, &t, "ab12", LEG_EXIT, 9);
    const struct symbol s = {.step = Q("1")};
    struct request rq;
    request_exit(&rq, &t, &s, &stop, &target, &out);
    assert_int_equal(rq.kind, REQUEST_EXIT);
    assert_string_equal(rq.stop_coid, stop.coid);
    assert_string_equal(rq.target_coid, target.coid);
    assert_string_equal(rq.exit_coid, out.coid);
    assert_int_equal(qty_e8(rq.qty), kit_e8("1249"));
    const struct symbol coarse = {.step = Q("2")};
    assert_aborts(request_exit(&rq, &t, &coarse, &stop, &target, &out));
}

static int set_up(void **state) {
    (void)state;
    rng_init(&rng, test_seed());
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_say_whose_what_and_which),
        cmocka_unit_test(test_the_same_intent_has_the_same_id_whatever_else_changed),
        cmocka_unit_test(test_ids_differ_in_everything_that_an_intent_is),
        cmocka_unit_test(test_every_generation_has_its_own_id),
        cmocka_unit_test(test_random_intents_have_ids_that_the_venue_takes),
        cmocka_unit_test(test_the_legs_of_an_intent),
        cmocka_unit_test(test_a_short_sells_first_and_buys_back),
        cmocka_unit_test(test_the_bracket_names_the_orders_that_were_written_down),
        cmocka_unit_test(test_an_exit_names_the_legs_it_replaces),
    };
    return cmocka_run_group_tests_name("plan", tests, set_up, NULL);
}
