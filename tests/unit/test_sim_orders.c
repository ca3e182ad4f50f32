/* Single orders at the simulated exchange, as requests and answers: placed, looked up, cancelled,
 * replaced, reduced, in the shapes and with the refusals of the real one. */
#include "simkit.h"

#define LIMIT_BUY                                                                                  \
    "POST /api/v3/order symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price="

static void test_a_limit_order_is_placed_found_and_cancelled(void **state) {
    struct simkit k;
    simkit_open(&k);
    simkit_ok(&k, LIMIT_BUY "40000&newClientOrderId=one");
    assert_string_equal(simkit_text(&k, "status"), "NEW");
    assert_string_equal(simkit_text(&k, "price"), "40000.00000000");
    assert_string_equal(simkit_text(&k, "clientOrderId"), "one");
    assert_int_equal(json_array_size(simkit_at(k.json, "fills")), 0);
    assert_int_equal(k.last.orders_10s, 1);
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&origClientOrderId=one");
    assert_string_equal(simkit_text(&k, "status"), "NEW");
    assert_string_equal(simkit_text(&k, "origQty"), "0.10000000");
    assert_true(json_is_true(simkit_at(k.json, "isWorking")));
    simkit_ok(&k, "DELETE /api/v3/order symbol=BTCUSDT&origClientOrderId=one&newClientOrderId=bye");
    assert_string_equal(simkit_text(&k, "status"), "CANCELED");
    assert_string_equal(simkit_text(&k, "origClientOrderId"), "one");
    assert_string_equal(simkit_text(&k, "clientOrderId"), "bye");
    simkit_ok(&k, "GET /api/v3/order symbol=BTCUSDT&orderId=1");
    assert_string_equal(simkit_text(&k, "status"), "CANCELED");
    simkit_ask(&k, "DELETE /api/v3/order symbol=BTCUSDT&origClientOrderId=one");
    simkit_refused(&k, 400, -2011, "Unknown order sent.");
    simkit_close(&k);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_limit_order_is_placed_found_and_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
