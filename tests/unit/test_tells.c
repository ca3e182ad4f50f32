/* Which of the trader's words people hear of. */
#include "run/tells.h"

#include "check.h"

static bool told(tell_level level, const char *event, const char *text, struct notice *ret) {
    struct action a = {.kind = ACTION_TELL};
    a.u.tell.level = level;
    IGNORE(!str_copyz(str_from_z(event), a.u.tell.event, sizeof a.u.tell.event), "short");
    IGNORE(!str_copyz(str_from_z(text), a.u.tell.text, sizeof a.u.tell.text), "short");
    return tell_notice(&a, 42, ret);
}

static void test_trades_and_trouble_are_told_by_their_kind(void **state) {
    (void)state;
    static const struct {
        const char *event;
        notice_kind kind;
    } cases[] = {{"trade_opened", NOTICE_TRADE_OPENED},
                 {"trade_closed", NOTICE_TRADE_CLOSED},
                 {"approval_wanted", NOTICE_APPROVAL},
                 {"testnet_reset", NOTICE_HALT},
                 {"drawdown", NOTICE_DRAWDOWN},
                 {"position_bare", NOTICE_PROTECTION},
                 {"outcome_unknown", NOTICE_ORDER},
                 {"balance_short", NOTICE_BOOKS},
                 {"venue", NOTICE_VENUE}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct notice n;
        assert_true(told(TELL_INFO, cases[i].event, "words", &n));
        assert_int_equal(n.kind, cases[i].kind);
        assert_string_equal(n.what, cases[i].event);
        assert_string_equal(n.text, "words");
        assert_int_equal(n.at, 42);
    }
}

static void test_something_new_is_told_where_it_is_unusual(void **state) {
    (void)state;
    struct notice n;
    assert_true(told(TELL_UNUSUAL, "never_heard_of", "words", &n));
    assert_int_equal(n.kind, NOTICE_SYSTEM);
    assert_true(told(TELL_BROKEN, "never_heard_of", "words", &n));
    assert_false(told(TELL_INFO, "never_heard_of", "words", &n));
}

static void test_a_mode_is_told_by_who_ordered_it_and_its_end_by_the_trader(void **state) {
    (void)state;
    struct notice n;
    assert_false(told(TELL_UNUSUAL, "mode", "halted, by cli:root: the news", &n));
    assert_true(told(TELL_UNUSUAL, "mode", "the halt is over: auto again", &n));
    assert_int_equal(n.kind, NOTICE_MODE);
}

static void test_what_belongs_to_each_start_is_no_news_of_the_venue(void **state) {
    (void)state;
    struct notice n;
    assert_false(told(TELL_UNUSUAL, "venue", "degraded: no user data stream: connecting", &n));
    assert_false(told(TELL_INFO, "venue", "comparing everything: the user data stream runs", &n));
    assert_true(
        told(TELL_UNUSUAL, "venue", "down: no connection; no entries until it is back", &n));
    assert_true(told(TELL_INFO, "venue", "up", &n));
}

static void test_what_comes_for_each_symbol_at_each_start_is_for_the_log(void **state) {
    (void)state;
    struct notice n;
    const struct action put = {.kind = ACTION_PUT_TRADE};
    assert_false(told(TELL_UNUSUAL, "equity_too_small", "words", &n));
    assert_false(told(TELL_INFO, "compared", "words", &n));
    assert_false(tell_notice(&put, 42, &n));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trades_and_trouble_are_told_by_their_kind),
        cmocka_unit_test(test_something_new_is_told_where_it_is_unusual),
        cmocka_unit_test(test_a_mode_is_told_by_who_ordered_it_and_its_end_by_the_trader),
        cmocka_unit_test(test_what_belongs_to_each_start_is_no_news_of_the_venue),
        cmocka_unit_test(test_what_comes_for_each_symbol_at_each_start_is_for_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
