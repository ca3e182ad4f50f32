/* x_search: restarts, what was missed meanwhile, and money, in virtual time. */
#include "searchkit.h"

/* --- restarts
 * -------------------------------------------------------------------------------------- */

static void restart(struct rig *r, usec down) {
    connector_close(r->c);
    r->now += down;
    open_source(r);
    r->item_count = 0;
}

static void test_a_short_stop_is_no_gap(void **state) {
    (void)state;
    struct rig *r = make(100);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    post_at(r->now + USEC_PER_S);
    restart(r, USEC_PER_MIN);
    assert_true(run(r, r->now + 5 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    assert_int_equal(r->missed, 0);
    assert_null(last_gap(r, GAP_OPEN));
    finish(r);
}

static void test_what_came_while_it_was_down_is_missed(void **state) {
    (void)state;
    struct rig *r = make(1000);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    const usec stopped = r->now;
    for (int i = 0; i < 150; i++) post_at(r->now + (i + 1) * USEC_PER_MIN);
    restart(r, 3 * USEC_PER_HOUR);
    const usec started = r->now;
    post_at(started + USEC_PER_MIN);
    assert_true(run(r, r->now + 5 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    assert_int_equal(r->missed, 150);
    const struct gap *closed = last_gap(r, GAP_CLOSED), *filled = last_gap(r, GAP_FILLED);
    assert_non_null(closed);
    assert_non_null(filled);
    assert_in_range(closed->from, stopped - 2 * USEC_PER_MIN, stopped);
    assert_int_equal(closed->from, filled->from);
    assert_in_range(filled->until, started, started + USEC_PER_S);
    assert_int_equal(filled->posts, 150);
    assert_null(last_gap(r, GAP_LOST));
    finish(r);
}

static void test_a_kill_while_a_gap_is_filled(void **state) {
    (void)state;
    for (int kill = 0;; kill++) {
        struct rig *r = make(1000);
        assert_true(run(r, NOW + 10 * USEC_PER_MIN));
        for (int i = 0; i < 150; i++) post_at(r->now + (i + 1) * USEC_PER_MIN);
        restart(r, 3 * USEC_PER_HOUR);
        r->limit = kill;
        const bool killed = !run(r, r->now + 5 * USEC_PER_MIN);
        r->limit = -1;
        if (killed) {
            reborn(r);
            assert_true(run(r, r->now + 5 * USEC_PER_MIN));
        }
        check_complete(r, NOW, !killed);
        assert_int_equal(r->billed, 150);
        assert_int_equal(r->missed, r->stored_count);
        assert_non_null(last_gap(r, GAP_FILLED));
        finish(r);
        if (!killed) break;
    }
}

static void test_what_is_over_seven_days_old_is_lost_and_told(void **state) {
    (void)state;
    struct rig *r = make(1000);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    const usec stopped = r->now;
    for (int i = 0; i < 9 * 24; i++) post_at(r->now + (i + 1) * USEC_PER_HOUR);
    restart(r, 10 * USEC_PER_DAY);
    const usec floor = r->now - 7 * USEC_PER_DAY;
    assert_true(run(r, r->now + 5 * USEC_PER_MIN));
    check_complete(r, floor + USEC_PER_MIN, true);
    const struct gap *lost = last_gap(r, GAP_LOST), *filled = last_gap(r, GAP_FILLED);
    assert_non_null(lost);
    assert_non_null(filled);
    assert_true(lost->from <= stopped);
    assert_in_range(lost->until, floor, floor + 2 * USEC_PER_MIN);
    assert_in_range(filled->from, lost->until - USEC_PER_S, lost->until);
    assert_int_equal(filled->posts, r->missed);
    finish(r);
}

static void test_a_quiet_author_of_weeks_is_no_loss(void **state) {
    (void)state;
    struct rig *r = make(100);
    r->opt.interval = 30 * USEC_PER_MIN;
    connector_close(r->c);
    open_source(r);
    post_at(NOW - USEC_PER_S);
    for (int day = 0; day < 20; day++) {
        assert_true(run(r, r->now + USEC_PER_DAY));
        r->item_count = 0;
    }
    assert_null(last_gap(r, GAP_LOST));
    restart(r, USEC_PER_MIN);
    post_at(r->now + USEC_PER_MIN);
    assert_true(run(r, r->now + 3 * USEC_PER_HOUR));
    assert_null(last_gap(r, GAP_LOST));
    check_complete(r, NOW - USEC_PER_MIN, true);
    finish(r);
}

static void test_authors_packed_anew_go_on_where_they_were(void **state) {
    (void)state;
    static const str two[] = {{"elonmusk", 8}, {"jack", 4}};
    struct rig *r = make(100);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    post_at(r->now + USEC_PER_MIN / 2);
    r->opt.authors = two;
    r->opt.author_count = 2;
    restart(r, 2 * USEC_PER_MIN);
    assert_true(run(r, r->now + 5 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    finish(r);
}

/* --- money
 * ------------------------------------------------------------------------------------------ */

static void test_without_a_budget_nothing_is_asked(void **state) {
    (void)state;
    struct rig *r = make(0);
    assert_true(run(r, NOW + USEC_PER_HOUR));
    assert_int_equal(world.calls, 0);
    const struct source_status st = status_of(r);
    assert_int_equal(st.state, SOURCE_BUDGET);
    assert_true(st.until > r->now);
    assert_non_null(strstr(st.why, "budget"));
    finish(r);
}

static void test_without_a_budget_a_query_alone_says_so_and_not_that_more_comes(void **state) {
    (void)state;
    struct rig *r = make(0);
    r->opt.author_count = 0;
    r->opt.query = STR("doge");
    restart(r, USEC_PER_MIN);
    assert_true(run(r, r->now + USEC_PER_HOUR));
    assert_int_equal(world.calls, 0);
    const struct source_status st = status_of(r);
    assert_int_equal(st.state, SOURCE_BUDGET);
    assert_true(st.until > r->now + USEC_PER_DAY); /* the next month */
    assert_non_null(strstr(st.why, "the budget for X is 0 dollars"));
    finish(r);
}

/* More comes than the budget pays for: it is asked for in small pages, never over the budget, and
 * what was left is fetched when there is money again. */
static void test_a_budget_that_runs_short_narrows_and_never_breaks(void **state) {
    (void)state;
    struct rig *r = make(3); /* three days are left of the month */
    bool narrow = false, out = false;
    for (int i = 0; i < 500; i++) post_at(NOW + i * 20 * USEC_PER_S);
    struct cost_view view;
    while (r->now < NOW + 12 * USEC_PER_HOUR) {
        assert_true(run(r, r->now + USEC_PER_MIN));
        narrow |= status_of(r).narrow;
        out |= status_of(r).state == SOURCE_BUDGET;
        x_account_view(r->account, r->now, &view);
        assert_true(money_cmp(view.spent, view.budget) <= 0);
        r->item_count = 0;
    }
    assert_true(narrow && out);
    assert_true(r->stored_count < 500);
    while (r->now < NOW + 2 * USEC_PER_DAY) {
        assert_true(run(r, r->now + USEC_PER_HOUR));
        r->item_count = 0;
    }
    check_complete(r, NOW, true);
    x_account_view(r->account, r->now, &view);
    assert_int_equal(r->billed, 500);
    finish(r);
}

static void test_narrow_asks_for_authors_only(void **state) {
    (void)state;
    struct rig *r = make(31);
    r->opt.query = STR("$DOGE");
    connector_close(r->c);
    open_source(r);
    struct usage u;
    int64_t ids[300];
    struct cost_view view;
    x_account_view(r->account, r->now, &view);
    /* down to a third of a share */
    for (int i = 0; i < 300; i++) ids[i] = 1 + i;
    while (x_account_level(r->account, r->now) == COST_FULL) {
        for (int i = 0; i < 20; i++) ids[i] += 1000;
        x_account_settle(r->account, r->now, RESOURCE_POST, 0, ids, 20, &r->turn, &u);
    }
    assert_int_equal(x_account_level(r->account, r->now), COST_NARROW);
    for (int i = 0; i < 20; i++) {
        assert_true(run(r, r->now + 10 * USEC_PER_S));
        if (x_account_level(r->account, r->now) != COST_NARROW) break;
        if (world.calls > 0) assert_non_null(strstr(world.query, "from%3Aelonmusk"));
        assert_true(status_of(r).narrow);
    }
    assert_true(world.calls > 0);
    assert_true(run(r, r->now + USEC_PER_DAY));
    assert_int_equal(status_of(r).state, SOURCE_LIVE);
    assert_false(status_of(r).narrow);
    finish(r);
}

/* --- several queries
 * --------------------------------------------------------------------------------- */

static int turns[2];
static struct http_answer count_turns(struct rig *r, const struct http_request *rq) {
    turns[str_find(rq->query, STR("query=%24DOGE")) >= 0]++;
    return page_of(rq, r->now);
}

static void test_queries_take_turns_and_doubles_are_dropped(void **state) {
    (void)state;
    struct rig *r = make(100);
    r->opt.query = STR("$DOGE");
    connector_close(r->c);
    open_source(r);
    r->reply = count_turns;
    turns[0] = turns[1] = 0;
    for (int i = 0; i < 5; i++) post_at(NOW + i * USEC_PER_MIN);
    assert_true(run(r, NOW + 30 * USEC_PER_MIN));
    check_complete(r, NOW, true); /* both find them */
    assert_int_equal(r->billed, 5);
    assert_in_range(turns[0], 15, 60);
    assert_in_range(turns[1], 15, 60);
    finish(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_short_stop_is_no_gap),
        cmocka_unit_test(test_what_came_while_it_was_down_is_missed),
        cmocka_unit_test(test_a_kill_while_a_gap_is_filled),
        cmocka_unit_test(test_what_is_over_seven_days_old_is_lost_and_told),
        cmocka_unit_test(test_a_quiet_author_of_weeks_is_no_loss),
        cmocka_unit_test(test_authors_packed_anew_go_on_where_they_were),
        cmocka_unit_test(test_without_a_budget_nothing_is_asked),
        cmocka_unit_test(test_without_a_budget_a_query_alone_says_so_and_not_that_more_comes),
        cmocka_unit_test(test_a_budget_that_runs_short_narrows_and_never_breaks),
        cmocka_unit_test(test_narrow_asks_for_authors_only),
        cmocka_unit_test(test_queries_take_turns_and_doubles_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
