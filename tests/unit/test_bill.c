/* bill: what a month's posts cost, and what was had for it, from rows as sources leave them. */
#include "run/bill.h"

#include <inttypes.h>

#include "check.h"
#include "flow/reading.h"
#include "flow/signal.h"

#define NOW (INT64_C(1700000000) * USEC_PER_S) /* 2023-11-14 22:13:20 */
#define TODAY (NOW / USEC_PER_DAY)

static struct arena boot;
static struct store *s;
static struct actions acts;

static int set_up(void **state) {
    (void)state;
    struct error err;
    const struct store_options opt = {
        .url = STR("sqlite::memory:"), .access = STORE_WRITE, .create = true};
    arena_open(&boot, 16 << 20);
    assert_ok(store_open(&boot, &opt, &s, &err), &err);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    store_close(s);
    arena_close(&boot);
    return 0;
}

static void put(const char *feed, const struct usage *u) {
    struct error err;
    const struct intake it = {.kind = INTAKE_USAGE, .u.usage = *u};
    assert_ok(store_begin(s, true, &err), &err);
    assert_ok(store_intake_put(s, str_from_z(feed), STR("x_search"), &it, NOW, &err), &err);
    assert_ok(store_commit(s, &err), &err);
}

/* n things of a kind, half a cent each, a cent for a user; twice as many came. */
static void bill(const char *feed, int64_t ago, resource r, int64_t n) {
    const int64_t each = r == RESOURCE_USER ? 1000000 : 500000;
    put(feed, &(struct usage){.resource = r,
                              .day = TODAY - ago,
                              .returned = 2 * n,
                              .billed = n,
                              .amount = money_from_e8(each * n),
                              .reported = -1});
}

static void report(int64_t ago, int64_t posts) {
    put("x_search:x", &(struct usage){.day = TODAY - ago, .reported = posts});
}

static void apply(void) {
    struct error err;
    assert_ok(store_begin(s, true, &err), &err);
    assert_ok(store_apply(s, &acts, &err) && store_commit(s, &err), &err);
    acts.count = 0;
}

/* A post of a source with one traded signal. */
static void traded(int64_t id, str source, usec at) {
    struct post post = {.id = id, .root_id = id, .source = source, .received_at = at};
    struct reading reading = {.post = &post};
    acts.v[0] = (struct action){.kind = ACTION_PUT_POST};
    acts.v[0].u.post.reading = &reading;
    acts.v[1] = (struct action){.kind = ACTION_PUT_SIGNAL};
    acts.v[1].u.signal = (struct signal){.id = id,
                                         .tweet_id = id,
                                         .symbol = "DOGEUSDT",
                                         .side = SIDE_LONG,
                                         .verdict = VERDICT_TRADED};
    acts.count = 2;
    apply();
}

static void read_it(int days, struct bill *ret) {
    struct error err;
    const struct cost_options opt = {.budget = money_from_e8(10 * E8),
                                     .posts_max = 3000000,
                                     .price = {[RESOURCE_POST] = money_from_e8(500000),
                                               [RESOURCE_EVENT] = money_from_e8(500000),
                                               [RESOURCE_USER] = money_from_e8(1000000)}};
    assert_ok(bill_read(s, &boot, &opt, NOW, days, ret, &err), &err);
}

static void assert_money(money got, const char *want) {
    money m;
    assert_true(money_parse(str_from_z(want), &m));
    assert_int_equal(money_e8(got), money_e8(m));
}

static void test_a_store_without_costs_says_so(void **state) {
    (void)state;
    struct bill b;
    read_it(0, &b);
    assert_false(b.ever);
    assert_money(b.view.spent, "0");
    assert_money(b.view.budget, "10");
    bill("x_search:x", 300, RESOURCE_POST, 1); /* long ago is not never */
    read_it(0, &b);
    assert_true(b.ever);
    assert_int_equal(b.line_count, 0);
}

static void test_a_month_is_summed_by_source_and_kind(void **state) {
    (void)state;
    struct bill b;
    bill("x_search:x", 0, RESOURCE_POST, 10);
    bill("x_search:x", 4, RESOURCE_POST, 20);
    bill("x_search:x", 0, RESOURCE_USER, 1);
    bill("x_stream:x", 13, RESOURCE_POST, 2);  /* the first of the month */
    bill("x_search:x", 14, RESOURCE_POST, 40); /* October */
    bill("x_activity:vip", 1, RESOURCE_EVENT, 6);
    read_it(0, &b);
    assert_int_equal(b.month_day, TODAY - 13);
    assert_money(b.view.spent, "0.2");
    assert_money(b.view.today, "0.06");
    assert_true(money_cmp(b.view.projected, b.view.spent) > 0);
    assert_int_equal(b.view.posts, 38);
    assert_int_equal(b.line_count, 4);
    assert_str(b.lines[0].feed, "x_search:x");
    assert_int_equal(b.lines[0].resource, RESOURCE_POST);
    assert_int_equal(b.lines[0].billed, 30);
    assert_int_equal(b.lines[0].returned, 60);
    assert_money(b.lines[0].amount, "0.15");
    assert_int_equal(b.compared.days, 0);
}

static void test_money_is_set_against_the_signals_of_its_source(void **state) {
    (void)state;
    struct bill b;
    struct buf out;
    bill("x_search:x", 0, RESOURCE_POST, 10);
    bill("x_stream:x", 0, RESOURCE_POST, 2);
    bill("x_activity:vip", 0, RESOURCE_EVENT, 6);
    traded(1, STR("x"), NOW);
    traded(2, STR("x"), NOW - 13 * USEC_PER_DAY);
    traded(3, STR("x"), NOW - 14 * USEC_PER_DAY); /* October */
    traded(4, STR("bsky"), NOW);
    read_it(0, &b);
    assert_int_equal(b.yield_count, 2);
    assert_str(b.yields[0].source, "vip");
    assert_int_equal(b.yields[0].traded, 0);
    assert_str(b.yields[1].source, "x");
    assert_int_equal(b.yields[1].traded, 2);
    assert_money(b.yields[1].amount, "0.06");
    buf_init(&out, 1 << 16);
    bill_put_json(&b, &out);
    assert_non_null(strstr(
        buf_z(&out), "\"signals\":[{\"source\":\"vip\",\"amount\":\"0.03\",\"traded\":0,"
                     "\"per_signal\":null},{\"source\":\"x\",\"amount\":\"0.06\",\"traded\":2,"
                     "\"per_signal\":\"0.03\"}]}"));
    buf_fini(&out);
}

static void test_what_x_counts_beyond_ours_is_spent(void **state) {
    (void)state;
    struct bill b;
    bill("x_search:x", 0, RESOURCE_POST, 10);
    bill("x_search:x", 0, RESOURCE_USER, 1);
    bill("x_search:x", 1, RESOURCE_POST, 10);
    report(0, 14);
    report(1, 7);
    report(20, 99); /* October */
    read_it(0, &b);
    assert_int_equal(b.compared.days, 2);
    assert_int_equal(b.compared.x, 21);
    assert_int_equal(b.compared.ours, 20);
    assert_int_equal(b.compared.lost, 4);
    assert_money(b.view.spent, "0.13");
    assert_money(b.view.today, "0.08");
}

static void test_days_are_listed_newest_first(void **state) {
    (void)state;
    struct bill b;
    struct buf out;
    bill("x_search:x", 0, RESOURCE_POST, 10);
    bill("x_stream:x", 0, RESOURCE_EVENT, 1);
    bill("x_search:x", 2, RESOURCE_USER, 3);
    report(0, 14);
    read_it(3, &b);
    buf_init(&out, 1 << 16);
    bill_put_json(&b, &out);
#define DAY_ROW(day, returned, post, event, user, amount, reported)                                \
    "{\"day\":\"2023-11-" #day "\",\"returned\":" #returned ",\"post\":" #post                     \
    ",\"event\":" #event ",\"user\":" #user ",\"amount\":\"" amount "\",\"reported\":" #reported   \
    "}"
    assert_non_null(
        strstr(buf_z(&out),
               "\"days\":[" DAY_ROW(14, 22, 10, 1, 0, "0.055", 14) "," DAY_ROW(
                   13, 0, 0, 0, 0, "0", null) "," DAY_ROW(12, 6, 0, 0, 3, "0.03", null) "]}"));
#undef DAY_ROW
    buf_fini(&out);
    read_it(BILL_DAYS_MAX, &b);
    assert_money(b.view.spent, "0.1"); /* and 3 posts that X counts beyond */
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_store_without_costs_says_so),
        T(a_month_is_summed_by_source_and_kind),
        T(money_is_set_against_the_signals_of_its_source),
        T(what_x_counts_beyond_ours_is_spent),
        T(days_are_listed_newest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
