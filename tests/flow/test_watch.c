/* What is measured of orders and positions: how many stand how, and since when. */
#include "flow/order.h"
#include "stage.h"

static struct trader_watch look(struct stage *s) {
    struct trader_watch w;
    trader_watch(stage_trader(s), stage_now(s), &w);
    return w;
}

static void test_unknown_orders_are_counted_with_the_time_since_they_are(void **state) {
    (void)state;
    const struct stage_play play = {.ticks = true, .absence_after = 10 * USEC_PER_S};
    struct stage *s = stage_open(&play);
    stage_price(s, DOGE, "0.08");
    struct trader_watch w = look(s);
    assert_int_equal(w.unknown, 0);
    assert_int_equal(w.unknown_since, 0);
    stage_fate_of_next(s, FATE_REQUEST_LOST);
    stage_post(s, 101, "alice", "DOGE+90");
    const usec since = stage_now(s);
    w = look(s);
    assert_int_equal(w.unknown, 3); /* the entry and its legs */
    assert_int_equal(w.orders[ORDER_ST_UNKNOWN], 3);
    assert_int_equal(w.unknown_since, since);
    stage_later(s, 4 * USEC_PER_S); /* asked after meanwhile, and still unknown */
    assert_int_equal(look(s).unknown_since, since);
    stage_later(s, 10 * USEC_PER_S); /* proved never to have arrived */
    w = look(s);
    assert_int_equal(w.unknown, 0);
    assert_int_equal(w.unknown_since, 0);
    assert_int_equal(w.moves[ORDER_ST_UNKNOWN], 3);
    assert_int_equal(w.moves[ORDER_ST_ABSENT], 3);
    stage_close(s);
}

static void test_a_guarded_position_is_not_bare_and_one_whose_legs_were_refused_is(void **state) {
    (void)state;
    const struct stage_play play = {.far = true, .ticks = true, .may_shout = true};
    struct stage *s = stage_open(&play);
    stage_price(s, DOGE, "0.08");
    stage_price(s, XRP, "1");
    stage_post(s, 101, "alice", "DOGE+90");
    stage_later(s, USEC_PER_S);
    struct trader_watch w = look(s);
    assert_int_equal(stage_open_trades(s), 1);
    assert_int_equal(w.bare, 0);
    assert_int_equal(w.orders[ORDER_ST_OPEN], 2); /* stop and target */
    assert_int_equal(w.moves[ORDER_ST_FILLED], 1);
    assert_true(w.compared_at > 0); /* with the venue's picture of the account */
    assert_int_equal(w.drawdown_limit_e8, 5000000);

    stage_price(s, XRP, "1");
    stage_fate_of_next(s, FATE_LEGS_REFUSED);
    stage_post(s, 102, "bob", "XRP+90");
    stage_fate_of_next(s, FATE_DOWN);
    stage_later(s, 300 * USEC_PER_MS); /* they were asked after, and cannot be put back */
    w = look(s);
    assert_int_equal(w.bare, 1);
    const usec since = w.bare_since;
    assert_int_equal(since, stage_now(s));
    stage_fate_of_next(s, FATE_DOWN);
    for (int i = 0; i < 3; i++) {
        stage_later(s, 100 * USEC_PER_MS);
        w = look(s);
        assert_int_equal(w.bare, 1);
        assert_int_equal(w.bare_since, since);
    }
    stage_later(s, 10 * USEC_PER_S);
    w = look(s);
    assert_int_equal(w.bare, 0);
    assert_int_equal(w.bare_since, 0);
    stage_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_orders_are_counted_with_the_time_since_they_are),
        cmocka_unit_test(test_a_guarded_position_is_not_bare_and_one_whose_legs_were_refused_is),
    };
    return cmocka_run_group_tests_name("flow watch", tests, NULL, NULL);
}
