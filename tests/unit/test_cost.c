/* Cost: what is billed once a day, how a month's budget is paced, and that a restart that
 * remembers the rows has the same view. */
#include "source/cost.h"

#include "base/rng.h"
#include "check.h"

#define POST_E8 INT64_C(500000)         /* half a cent */
#define MARCH INT64_C(1772323200000000) /* 2026-03-01T00:00:00Z */

static struct arena boot;

static struct cost *make(int64_t dollars) {
    struct cost_options opt = {.budget = money_from_e8(dollars * E8), .posts_max = 3000000};
    opt.price[RESOURCE_POST] = opt.price[RESOURCE_EVENT] = money_from_e8(POST_E8);
    opt.price[RESOURCE_USER] = money_from_e8(2 * POST_E8);
    arena_close(&boot);
    arena_open(&boot, 16 << 20);
    return cost_new(&boot, &opt);
}

static usec at(const char *text) {
    usec t = 0;
    assert_true(time_parse_rfc3339(str_from_z(text), &t));
    return t;
}

static int64_t reserve(struct cost *c, usec now, int64_t most, usec *until, char *why) {
    return cost_reserve(c, now, RESOURCE_POST, most, until, why);
}

/* `count` posts with ids from `first` on, without a reservation. */
static struct usage settle(struct cost *c, usec now, int64_t first, int64_t count) {
    int64_t ids[4096];
    struct usage u;
    assert_true(count <= COUNT_OF(ids));
    for (int64_t i = 0; i < count; i++) ids[i] = first + i;
    cost_settle(c, now, RESOURCE_POST, 0, ids, count, &boot, &u);
    return u;
}

static struct cost_view view(struct cost *c, usec now) {
    struct cost_view v;
    cost_view(c, now, &v);
    return v;
}

static void test_a_resource_is_billed_once_a_day(void **state) {
    (void)state;
    struct cost *c = make(100);
    const usec now = at("2026-03-10T23:59:00Z");
    struct usage u = settle(c, now, 1, 10);
    assert_int_equal(u.billed, 10);
    assert_int_equal(money_e8(u.amount), 10 * POST_E8);
    assert_int_equal(u.day, time_utc_day(now));
    assert_int_equal(u.reported, -1);
    u = settle(c, now, 6, 10);
    assert_int_equal(u.returned, 10);
    assert_int_equal(u.billed, 5);
    assert_int_equal(u.ids[0], 11);
    assert_int_equal(settle(c, now + USEC_PER_MIN, 1, 15).billed, 15);
    assert_int_equal(view(c, now + USEC_PER_MIN).posts, 30);
    int64_t twice[] = {5000, 5000, 0, 0};
    cost_settle(c, now + USEC_PER_MIN, RESOURCE_POST, 0, twice, 4, &boot, &u);
    assert_int_equal(u.billed, 2);
    cost_close(c);
}

static void test_a_user_and_a_post_of_one_number_are_two(void **state) {
    (void)state;
    struct cost *c = make(100);
    const usec now = at("2026-03-10T12:00:00Z");
    struct usage u;
    int64_t id = 1;
    settle(c, now, 1, 1);
    cost_settle(c, now, RESOURCE_USER, 0, &id, 1, &boot, &u);
    assert_int_equal(u.billed, 1);
    assert_int_equal(money_e8(u.amount), 2 * POST_E8);
    assert_int_equal(view(c, now).by_resource[RESOURCE_USER], 1);
    assert_int_equal(view(c, now).posts, 1);
    cost_close(c);
}

static void test_many_ids_are_known_again(void **state) {
    (void)state;
    struct cost *c = make(100000);
    const usec now = at("2026-03-10T12:00:00Z");
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(settle(c, now, 1 + (i << 22), 4096).billed, 4096);
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(settle(c, now, 1 + (i << 22), 4096).billed, 0);
    cost_close(c);
}

static void test_without_a_budget_nothing_may_be_spent(void **state) {
    (void)state;
    struct cost *c = make(0);
    char why[WHY_BYTES];
    usec until;
    const usec now = at("2026-02-10T12:00:00Z");
    assert_int_equal(cost_level_at(c, now), COST_OUT);
    assert_int_equal(reserve(c, now, 10, &until, why), 0);
    assert_true(until == MARCH);
    assert_non_null(strstr(why, "budget"));
    assert_true(cost_reserve(c, now, RESOURCE_USER, 1, &until, why) == 0);
    cost_close(c);
}

static void test_a_day_gets_its_share_and_what_was_saved(void **state) {
    (void)state;
    struct cost *c = make(31);
    char why[WHY_BYTES];
    usec until;
    /* a month begins with a share, and it comes in evenly */
    assert_int_equal(money_e8(view(c, MARCH).allowed), E8);
    assert_int_equal(money_e8(view(c, MARCH + USEC_PER_DAY / 2).allowed), E8 + E8 / 2);
    /* nothing spent: of the later days' larger shares at most two are saved */
    const usec tenth = MARCH + 9 * USEC_PER_DAY + USEC_PER_DAY / 2;
    assert_int_equal(money_e8(view(c, tenth).allowed), 2 * (31 * E8 / 22));
    /* all of that at once, and this day's part, then no more until some has come in */
    int64_t got, all = 0;
    while ((got = reserve(c, tenth, 1000000, &until, why)) > 0) {
        struct usage u;
        cost_settle(c, tenth, RESOURCE_POST, got, NULL, 0, &boot, &u);
        assert_int_equal(u.billed, 0);
        assert_int_equal(settle(c, tenth, 1 + all, got).billed, got);
        all += got;
    }
    assert_in_range(all * POST_E8, 2 * (31 * E8 / 22), 3 * (31 * E8 / 22));
    assert_int_equal(cost_level_at(c, tenth), COST_OUT);
    assert_int_equal(reserve(c, tenth, 10, &until, why), 0);
    assert_true(until > tenth && until < tenth + USEC_PER_HOUR);
    assert_non_null(strstr(why, "share"));
    assert_int_equal(reserve(c, until, 10, &until, why), 10);
    cost_close(c);
}

static void test_half_a_share_is_narrow(void **state) {
    (void)state;
    struct cost *c = make(31);
    assert_int_equal(cost_level_at(c, MARCH), COST_FULL);
    settle(c, MARCH, 1, 100); /* half a dollar */
    assert_int_equal(cost_level_at(c, MARCH), COST_FULL);
    settle(c, MARCH, 1000, 1);
    assert_int_equal(cost_level_at(c, MARCH), COST_NARROW);
    settle(c, MARCH, 2000, 99);
    assert_int_equal(cost_level_at(c, MARCH), COST_OUT);
    assert_int_equal(cost_level_at(c, MARCH + USEC_PER_HOUR), COST_NARROW);
    assert_int_equal(cost_level_at(c, MARCH + 12 * USEC_PER_HOUR), COST_FULL);
    cost_close(c);
}

/* Whatever comes, asked for in pages, never over the budget, in months of each length. */
static void test_a_month_never_costs_more_than_its_budget(void **state) {
    (void)state;
    static const char *const months[] = {"2027-02-01T00:00:00Z", "2028-02-01T00:00:00Z",
                                         "2026-12-01T00:00:00Z", "2026-04-01T00:00:00Z"};
    static const int days[] = {28, 29, 31, 30};
    char why[WHY_BYTES];
    for (int m = 0; m < COUNT_OF(months); m++) {
        struct cost *c = make(7);
        const usec begin = at(months[m]), end = begin + days[m] * USEC_PER_DAY;
        int64_t id = 1;
        usec until;
        for (usec now = begin; now < end; now += 10 * USEC_PER_MIN) {
            struct arena scratch = boot;
            struct usage u;
            int64_t ids[100];
            const int64_t got = reserve(c, now, 100, &until, why);
            if (got < 100) assert_true(until > now && until <= end);
            for (int64_t i = 0; i < got; i++) ids[i] = id++;
            cost_settle(c, now, RESOURCE_POST, got, ids, got, &scratch, &u);
            assert_true(money_cmp(view(c, now).spent, money_from_e8(7 * E8)) <= 0);
        }
        /* and all of it can be used */
        assert_true(money_e8(view(c, end - 1).spent) > 7 * E8 - 20 * POST_E8);
        assert_int_equal(cost_level_at(c, end - 1), COST_OUT);
        assert_int_equal(money_e8(view(c, end).spent), 0);
        assert_int_equal(cost_level_at(c, end), COST_FULL);
        cost_close(c);
    }
}

static void test_the_first_of_next_month_is_named(void **state) {
    (void)state;
    struct cost *c = make(1);
    char why[WHY_BYTES];
    usec until;
    const usec now = at("2026-02-28T12:00:00Z");
    settle(c, now, 1, 200);
    assert_int_equal(reserve(c, now, 10, &until, why), 0);
    assert_true(until == MARCH);
    assert_non_null(strstr(why, "2026-03-01T00:00"));
    assert_int_equal(reserve(c, until, 1, &until, why), 1);
    cost_close(c);
}

static void test_a_small_budget_still_gives_a_page(void **state) {
    (void)state;
    struct cost *c = make(0);
    cost_close(c);
    struct cost_options opt = {.budget = money_from_e8(20 * POST_E8), .posts_max = 100};
    opt.price[RESOURCE_POST] = money_from_e8(POST_E8);
    c = cost_new(&boot, &opt);
    char why[WHY_BYTES];
    usec until;
    assert_int_equal(reserve(c, MARCH + 20 * USEC_PER_DAY, 10, &until, why), 10);
    cost_close(c);
}

static void test_a_reservation_holds_its_price_back(void **state) {
    (void)state;
    struct cost *c = make(31);
    char why[WHY_BYTES];
    struct usage u;
    usec until;
    assert_int_equal(reserve(c, MARCH, 150, &until, why), 150);
    assert_int_equal(money_e8(view(c, MARCH).allowed), 50 * POST_E8);
    assert_int_equal(reserve(c, MARCH, 100, &until, why), 50);
    assert_true(until > MARCH);
    assert_int_equal(reserve(c, MARCH, 100, &until, why), 0);
    cost_settle(c, MARCH, RESOURCE_POST, 150, NULL, 0, &boot, &u);
    cost_settle(c, MARCH, RESOURCE_POST, 50, NULL, 0, &boot, &u);
    assert_int_equal(money_e8(view(c, MARCH).allowed), E8);
    assert_int_equal(money_e8(view(c, MARCH).spent), 0);
    cost_close(c);
}

static void test_a_reservation_across_midnight_is_billed_to_the_new_day(void **state) {
    (void)state;
    struct cost *c = make(31);
    char why[WHY_BYTES];
    struct usage u;
    usec until;
    const usec midnight = MARCH + 31 * USEC_PER_DAY; /* and a new month's */
    int64_t ids[] = {1, 2, 3};
    settle(c, midnight - 2, 1, 1);
    assert_int_equal(reserve(c, midnight - 1, 10, &until, why), 10);
    cost_settle(c, midnight + 1, RESOURCE_POST, 10, ids, 3, &boot, &u);
    assert_int_equal(u.day, time_utc_day(midnight));
    assert_int_equal(u.billed, 3);
    assert_int_equal(view(c, midnight - 1).posts, 1);
    assert_int_equal(view(c, midnight + 1).posts, 3);
    assert_int_equal(money_e8(view(c, midnight + 1).today), 3 * POST_E8);
    cost_close(c);
}

static void test_what_x_reports_counts_where_it_is_more(void **state) {
    (void)state;
    struct cost *c = make(31);
    struct usage u;
    const int64_t day = time_utc_day(MARCH);
    settle(c, MARCH, 1, 10);
    cost_reported(c, MARCH, day, 5, &u);
    assert_int_equal(u.reported, 5);
    assert_int_equal(u.billed, 0);
    assert_int_equal(view(c, MARCH).posts, 10);
    cost_reported(c, MARCH, day, 30, &u);
    assert_int_equal(u.reported, 30);
    assert_int_equal(u.day, day);
    assert_int_equal(view(c, MARCH).posts, 30);
    assert_int_equal(money_e8(view(c, MARCH).spent), 30 * POST_E8);
    settle(c, MARCH, 100, 25);
    assert_int_equal(view(c, MARCH).posts, 35);
    cost_reported(c, MARCH, day, INT64_MAX, &u); /* nonsense stays within the range */
    assert_int_equal(cost_level_at(c, MARCH), COST_OUT);
    cost_reported(c, MARCH, day + 400, 5, &u);
    cost_reported(c, MARCH, -7, 5, &u);
    assert_int_equal(view(c, MARCH).by_resource[RESOURCE_POST], 35);
    cost_close(c);
}

static void test_x_own_cap_of_posts_holds(void **state) {
    (void)state;
    struct cost_options opt = {.budget = money_from_e8(1000 * E8), .posts_max = 25};
    char why[WHY_BYTES];
    usec until;
    opt.price[RESOURCE_POST] = money_from_e8(POST_E8);
    cost_close(make(1));
    struct cost *c = cost_new(&boot, &opt);
    settle(c, MARCH, 1, 10);
    assert_int_equal(reserve(c, MARCH, 100, &until, why), 15);
    assert_int_equal(reserve(c, MARCH, 100, &until, why), 0);
    assert_true(until == MARCH + 31 * USEC_PER_DAY);
    assert_non_null(strstr(why, "cap of 25"));
    assert_int_equal(cost_level_at(c, MARCH), COST_OUT);
    assert_int_equal(cost_reserve(c, MARCH, RESOURCE_USER, 3, &until, why), 3);
    cost_close(c);
}

static void test_projection_follows_the_last_week(void **state) {
    (void)state;
    struct cost *c = make(1000);
    for (int day = 0; day < 10; day++) settle(c, MARCH + day * USEC_PER_DAY, 1, 200);
    const usec now = MARCH + 10 * USEC_PER_DAY;
    const struct cost_view v = view(c, now - 1);
    assert_int_equal(money_e8(v.spent), 10 * E8);
    assert_in_range(money_e8(v.projected), 31 * E8 - 1000, 31 * E8 + 1000);
    cost_close(c);
    c = make(1000); /* of a first hour nothing is made that looks like a month */
    settle(c, MARCH + USEC_PER_HOUR, 1, 200);
    assert_in_range(money_e8(view(c, MARCH + USEC_PER_HOUR).projected), 31 * E8, 32 * E8);
    cost_close(c);
}

static void same_view(struct cost *a, struct cost *b, usec now) {
    const struct cost_view u = view(a, now), v = view(b, now);
    assert_int_equal(money_e8(u.spent), money_e8(v.spent));
    assert_int_equal(money_e8(u.today), money_e8(v.today));
    assert_int_equal(money_e8(u.projected), money_e8(v.projected));
    assert_int_equal(money_e8(u.allowed), money_e8(v.allowed));
    assert_int_equal(u.posts, v.posts);
    assert_int_equal(u.level, v.level);
    assert_memory_equal(u.by_resource, v.by_resource, sizeof u.by_resource);
}

/* One lives on, the other is made anew each day from the rows that the first one gave. */
static void test_a_restart_has_the_same_view(void **state) {
    (void)state;
    const char *seed_text = getenv("TEST_SEED");
    int64_t seed = 4;
    if (seed_text != NULL) assert_true(str_to_i64(str_from_z(seed_text), &seed));
    print_message("TEST_SEED=%lld\n", (long long)seed);
    struct rng rng;
    rng_init(&rng, (uint64_t)seed);
    struct cost *first = make(31);
    struct cost_options opt = {.budget = money_from_e8(31 * E8), .posts_max = 3000000};
    opt.price[RESOURCE_POST] = opt.price[RESOURCE_EVENT] = money_from_e8(POST_E8);
    opt.price[RESOURCE_USER] = money_from_e8(2 * POST_E8);
    static struct usage rows[4096];
    int row_count = 0;
    const usec begin = MARCH - 10 * USEC_PER_DAY;
    for (usec now = begin; now < MARCH + 12 * USEC_PER_DAY; now += USEC_PER_HOUR) {
        int64_t ids[40];
        for (int i = 0; i < 40; i++) ids[i] = rng_between(&rng, 1, 500);
        const resource r = (resource)rng_between(&rng, RESOURCE_POST, RESOURCE_USER);
        cost_settle(first, now, r, 0, ids, rng_between(&rng, 0, 40), &boot, &rows[row_count++]);
        if (rng_below(&rng, 6) == 0)
            cost_reported(first, now, time_utc_day(now), rng_between(&rng, 0, 600),
                          &rows[row_count++]);
        if (rng_below(&rng, 12) != 0) continue;
        struct cost *again = cost_new(&boot, &opt);
        for (int i = 0; i < row_count; i++) {
            const struct usage *u = &rows[i];
            if (u->reported >= 0)
                cost_remember_report(again, u->day, u->reported);
            else
                cost_remember_day(again, u->day, u->resource, u->billed, u->amount);
            for (int64_t k = 0; k < u->billed; k++)
                cost_remember_id(again, u->day, u->resource, u->ids[k]);
        }
        same_view(first, again, now);
        struct usage u, v;
        cost_settle(again, now, RESOURCE_POST, 0, ids, 40, &boot, &u);
        cost_settle(first, now, RESOURCE_POST, 0, ids, 40, &boot, &v);
        assert_int_equal(u.billed, v.billed);
        rows[row_count++] = v;
        same_view(first, again, now);
        cost_close(again);
    }
    cost_close(first);
}

static void test_what_is_free_is_not_bounded_by_the_budget(void **state) {
    (void)state;
    struct cost_options opt = {.budget = money_from_e8(E8), .posts_max = 1000};
    char why[WHY_BYTES];
    usec until;
    cost_close(make(1));
    struct cost *c = cost_new(&boot, &opt);
    assert_int_equal(reserve(c, MARCH, 100, &until, why), 100);
    assert_int_equal(cost_level_at(c, MARCH), COST_FULL);
    cost_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_resource_is_billed_once_a_day),
        cmocka_unit_test(test_a_user_and_a_post_of_one_number_are_two),
        cmocka_unit_test(test_many_ids_are_known_again),
        cmocka_unit_test(test_without_a_budget_nothing_may_be_spent),
        cmocka_unit_test(test_a_day_gets_its_share_and_what_was_saved),
        cmocka_unit_test(test_half_a_share_is_narrow),
        cmocka_unit_test(test_a_month_never_costs_more_than_its_budget),
        cmocka_unit_test(test_the_first_of_next_month_is_named),
        cmocka_unit_test(test_a_small_budget_still_gives_a_page),
        cmocka_unit_test(test_a_reservation_holds_its_price_back),
        cmocka_unit_test(test_a_reservation_across_midnight_is_billed_to_the_new_day),
        cmocka_unit_test(test_what_x_reports_counts_where_it_is_more),
        cmocka_unit_test(test_x_own_cap_of_posts_holds),
        cmocka_unit_test(test_projection_follows_the_last_week),
        cmocka_unit_test(test_a_restart_has_the_same_view),
        cmocka_unit_test(test_what_is_free_is_not_bounded_by_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
