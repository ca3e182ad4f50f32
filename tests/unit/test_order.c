/* The state machine of an order: the table, and the two doors order_classify and order_move.
 *
 * The cross product tries every report that a venue could send against every order that we could
 * hold, whether it makes sense or not: nothing may assert, and whatever is classified as news can
 * be booked. The same product runs against a whole trader in test_trader_reports.c. */
#include "flow/order.h"

#include "base/buf.h"
#include "flowkit.h"

/* The table as a person would draw it; order.h must say the same. */
static const char *const ways[] = {
    "new>sent",        "new>unknown",      "new>absent",      "new>canceled",     "sent>pending",
    "sent>open",       "sent>part",        "sent>filled",     "sent>canceled",    "sent>expired",
    "sent>rejected",   "sent>unknown",     "unknown>pending", "unknown>open",     "unknown>part",
    "unknown>filled",  "unknown>canceled", "unknown>expired", "unknown>rejected", "unknown>absent",
    "pending>open",    "pending>part",     "pending>filled",  "pending>canceled", "pending>expired",
    "pending>unknown", "open>part",        "open>filled",     "open>canceled",    "open>expired",
    "open>unknown",    "part>part",        "part>filled",     "part>canceled",    "part>expired",
    "part>unknown",    "expired>filled",   "canceled>filled",
};

static struct order an_order(order_state state, const char *filled) {
    struct order o = {.id = 1,
                      .trade_id = 1,
                      .leg = LEG_ENTRY,
                      .coid = "bf0000-a-01e",
                      .qty = Q("10"),
                      .state = state,
                      .filled = Q(filled)};
    o.quote_filled = money_from_e8(2 * qty_e8(o.filled));
    return o;
}

static struct report a_report(order_state state, const char *filled) {
    struct report r = {.coid = "bf0000-a-01e", .state = state, .qty = Q("10"), .filled = Q(filled)};
    r.quote_filled = money_from_e8(2 * qty_e8(r.filled));
    return r;
}

/* --- the table ----------------------------------------------------------------------- */

static void test_only_the_drawn_ways_can_be_taken(void **state) {
    (void)state;
    ptrdiff_t found = 0;
    for (int from = 0; from < ORDER_ST_COUNT; from++) {
        for (int to = 0; to < ORDER_ST_COUNT; to++) {
            char way[32];
            snprintf(way, sizeof way, "%s>%s", order_state_name((order_state)from),
                     order_state_name((order_state)to));
            bool drawn = false;
            for (ptrdiff_t i = 0; i < COUNT_OF(ways); i++) drawn |= strcmp(way, ways[i]) == 0;
            if (order_can_move((order_state)from, (order_state)to) != drawn) {
                fail_msg("%s is %s", way, drawn ? "drawn and refused" : "taken and not drawn");
            }
            found += drawn;
        }
    }
    assert_int_equal(found, COUNT_OF(ways));
}

static void test_a_way_that_is_not_drawn_aborts(void **state) {
    (void)state;
    for (int from = 0; from < ORDER_ST_COUNT; from++) {
        for (int to = 0; to < ORDER_ST_COUNT; to++) {
            if (order_can_move((order_state)from, (order_state)to)) continue;
            struct order o = an_order((order_state)from, "0");
            assert_aborts(order_move(&o, (order_state)to, 5));
        }
    }
}

static void test_nothing_leads_back_to_life(void **state) {
    (void)state;
    for (int from = 0; from < ORDER_ST_COUNT; from++) {
        if (order_is_live((order_state)from)) continue;
        for (int to = 0; to < ORDER_ST_COUNT; to++) {
            if (order_can_move((order_state)from, (order_state)to)) {
                assert_false(order_is_live((order_state)to));
            }
        }
    }
}

static void test_a_move_writes_state_and_time(void **state) {
    (void)state;
    struct order o = an_order(ORDER_ST_NEW, "0");
    order_move(&o, ORDER_ST_SENT, 77);
    assert_int_equal(o.state, ORDER_ST_SENT);
    assert_int_equal(o.updated_at, 77);
}

static void test_filled_without_a_fill_aborts(void **state) {
    (void)state;
    struct order o = an_order(ORDER_ST_OPEN, "0");
    assert_aborts(order_move(&o, ORDER_ST_FILLED, 1));
}

static void test_the_page_names_every_state_and_every_way(void **state) {
    (void)state;
    struct buf page;
    buf_init(&page, 1 << 16);
    order_states_doc(&page);
    for (int s = 0; s < ORDER_ST_COUNT; s++) {
        char row[32];
        snprintf(row, sizeof row, "\n| %s |", order_state_name((order_state)s));
        assert_true(str_find(buf_str(&page), str_from_z(row)) >= 0);
    }
    for (ptrdiff_t i = 0; i < COUNT_OF(ways); i++) {
        const str way = str_from_z(ways[i]);
        const ptrdiff_t at = str_find_byte(way, '>');
        char line[40];
        snprintf(line, sizeof line, "\n    " STR_FMT " --> " STR_FMT "\n",
                 STR_ARG(str_head(way, at)), STR_ARG(str_tail(way, at + 1)));
        assert_true(str_find(buf_str(&page), str_from_z(line)) >= 0);
    }
    buf_fini(&page);
}

/* --- what the venue says ------------------------------------------------------------- */

static void classifies(order_state ours, const char *our_fill, order_state theirs,
                       const char *their_fill, report_class want) {
    const struct order o = an_order(ours, our_fill);
    const struct report r = a_report(theirs, their_fill);
    const report_class got = order_classify(&o, &r);
    if (got != want) {
        fail_msg("%s %s, reported %s %s: %d, want %d", order_state_name(ours), our_fill,
                 order_state_name(theirs), their_fill, got, want);
    }
}

static void test_a_repeated_report_is_old(void **state) {
    (void)state;
    for (int s = 0; s < ORDER_ST_COUNT; s++) {
        const bool never = s == ORDER_ST_NEW || s == ORDER_ST_SENT || s == ORDER_ST_UNKNOWN;
        const bool empty = s == ORDER_ST_REJECTED || s == ORDER_ST_ABSENT;
        const char *filled = empty ? "0" : "3";
        if (!never) classifies((order_state)s, filled, (order_state)s, filled, REPORT_OLD);
    }
}

static void test_a_report_overtaken_by_a_newer_one_is_old(void **state) {
    (void)state;
    classifies(ORDER_ST_PART, "5", ORDER_ST_PART, "3", REPORT_OLD);
    classifies(ORDER_ST_FILLED, "10", ORDER_ST_OPEN, "0", REPORT_OLD);
    classifies(ORDER_ST_PART, "5", ORDER_ST_OPEN, "5", REPORT_OLD);
    classifies(ORDER_ST_CANCELED, "0", ORDER_ST_PENDING, "0", REPORT_OLD);
    classifies(ORDER_ST_EXPIRED, "0", ORDER_ST_OPEN, "0", REPORT_OLD);
}

static void test_late_fill_after_cancel_is_news(void **state) {
    (void)state;
    classifies(ORDER_ST_CANCELED, "0", ORDER_ST_FILLED, "10", REPORT_APPLY);
    classifies(ORDER_ST_CANCELED, "0", ORDER_ST_CANCELED, "4", REPORT_APPLY);
    classifies(ORDER_ST_CANCELED, "0", ORDER_ST_PART, "4", REPORT_APPLY);
    classifies(ORDER_ST_EXPIRED, "4", ORDER_ST_PART, "6", REPORT_APPLY);
}

static void test_a_first_report_of_a_new_order_is_news(void **state) {
    (void)state;
    classifies(ORDER_ST_NEW, "0", ORDER_ST_FILLED, "10", REPORT_APPLY);
    classifies(ORDER_ST_NEW, "0", ORDER_ST_REJECTED, "0", REPORT_APPLY);
    classifies(ORDER_ST_NEW, "0", ORDER_ST_PENDING, "0", REPORT_APPLY);
}

static void test_what_cannot_be_is_a_contradiction(void **state) {
    (void)state;
    classifies(ORDER_ST_OPEN, "0", ORDER_ST_PART, "11", REPORT_CONTRADICT);
    classifies(ORDER_ST_OPEN, "0", ORDER_ST_FILLED, "0", REPORT_CONTRADICT);
    classifies(ORDER_ST_OPEN, "0", ORDER_ST_REJECTED, "0", REPORT_CONTRADICT);
    classifies(ORDER_ST_REJECTED, "0", ORDER_ST_FILLED, "10", REPORT_CONTRADICT);
    classifies(ORDER_ST_SENT, "0", ORDER_ST_REJECTED, "4", REPORT_CONTRADICT);
    classifies(ORDER_ST_UNKNOWN, "0", ORDER_ST_ABSENT, "4", REPORT_CONTRADICT);
}

static void test_a_venue_never_says_our_own_states(void **state) {
    (void)state;
    for (int ours = 0; ours < ORDER_ST_COUNT; ours++) {
        classifies((order_state)ours, "0", ORDER_ST_NEW, "5", REPORT_CONTRADICT);
        classifies((order_state)ours, "0", ORDER_ST_SENT, "0", REPORT_CONTRADICT);
        classifies((order_state)ours, "0", ORDER_ST_UNKNOWN, "0", REPORT_CONTRADICT);
    }
}

static void test_more_filled_than_the_report_s_own_size_is_a_contradiction(void **state) {
    (void)state;
    const struct order o = an_order(ORDER_ST_OPEN, "0");
    struct report r = a_report(ORDER_ST_PART, "7");
    r.qty = Q("5");
    assert_int_equal(order_classify(&o, &r), REPORT_CONTRADICT);
}

static void test_more_filled_for_less_money_is_a_contradiction(void **state) {
    (void)state;
    const struct order o = an_order(ORDER_ST_PART, "4");
    struct report r = a_report(ORDER_ST_PART, "7");
    r.quote_filled = money_from_e8(money_e8(o.quote_filled) - 1);
    assert_int_equal(order_classify(&o, &r), REPORT_CONTRADICT);
}

static void test_negative_amounts_are_a_contradiction(void **state) {
    (void)state;
    const struct order o = an_order(ORDER_ST_OPEN, "0");
    struct report r = a_report(ORDER_ST_OPEN, "0");
    r.filled = Q("-1");
    assert_int_equal(order_classify(&o, &r), REPORT_CONTRADICT);
    r = a_report(ORDER_ST_PART, "1");
    r.qty = Q("-10");
    assert_int_equal(order_classify(&o, &r), REPORT_CONTRADICT);
}

/* --- the cross product --------------------------------------------------------------- */

/* What a trader does with news, as far as the order goes. */
static void take(struct order *o, const struct report *r) {
    if (!qty_is_zero(r->qty)) o->qty = r->qty;
    if (o->state == ORDER_ST_NEW && r->state != ORDER_ST_ABSENT) order_move(o, ORDER_ST_SENT, 1);
    o->filled = r->filled;
    o->quote_filled = r->quote_filled;
    if (order_can_move(o->state, r->state)) order_move(o, r->state, 1);
    order_invariant(o);
}

static void test_news_can_always_be_booked(void **state) {
    (void)state;
    static const char *const amounts[] = {"-1", "0", "3", "4", "6", "10", "11"};
    static const char *const sizes[] = {"0", "-1", "3", "10", "12"};
    int applied = 0, all = 0;
    for (int ours = 0; ours < ORDER_ST_COUNT; ours++) {
        for (int theirs = 0; theirs < ORDER_ST_COUNT; theirs++) {
            for (ptrdiff_t a = 1; a < COUNT_OF(amounts) - 1; a++) {
                for (ptrdiff_t b = 0; b < COUNT_OF(amounts); b++) {
                    for (ptrdiff_t c = 0; c < COUNT_OF(sizes); c++) {
                        struct order o = an_order((order_state)ours, amounts[a]);
                        if ((ours == ORDER_ST_NEW || ours == ORDER_ST_ABSENT) != (a == 1)) continue;
                        if (c == 0) o.qty = Q("0");
                        struct report r = a_report((order_state)theirs, amounts[b]);
                        r.qty = Q(sizes[c]);
                        all++;
                        if (order_classify(&o, &r) != REPORT_APPLY) continue;
                        const qty before = o.filled;
                        take(&o, &r);
                        assert_true(qty_cmp(o.filled, before) >= 0);
                        applied++;
                    }
                }
            }
        }
    }
    assert_true(all > 5000 && applied > 100 && applied < all / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_drawn_ways_can_be_taken),
        cmocka_unit_test(test_a_way_that_is_not_drawn_aborts),
        cmocka_unit_test(test_nothing_leads_back_to_life),
        cmocka_unit_test(test_a_move_writes_state_and_time),
        cmocka_unit_test(test_filled_without_a_fill_aborts),
        cmocka_unit_test(test_the_page_names_every_state_and_every_way),
        cmocka_unit_test(test_a_repeated_report_is_old),
        cmocka_unit_test(test_a_report_overtaken_by_a_newer_one_is_old),
        cmocka_unit_test(test_late_fill_after_cancel_is_news),
        cmocka_unit_test(test_a_first_report_of_a_new_order_is_news),
        cmocka_unit_test(test_what_cannot_be_is_a_contradiction),
        cmocka_unit_test(test_a_venue_never_says_our_own_states),
        cmocka_unit_test(test_more_filled_than_the_report_s_own_size_is_a_contradiction),
        cmocka_unit_test(test_more_filled_for_less_money_is_a_contradiction),
        cmocka_unit_test(test_negative_amounts_are_a_contradiction),
        cmocka_unit_test(test_news_can_always_be_booked),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
