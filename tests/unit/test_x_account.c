/* The X account: rate limits by headers alone, what holds for all its sources, who is who, and the
 * little calls that nobody waits for. */
#include "source/x_account.h"

#include <pthread.h>

#include "check.h"

#define NOW INT64_C(1788000000000000) /* 2026-08-29T10:40:00Z */
#define NOW_S (NOW / USEC_PER_S)

static struct arena boot;

static struct x_account *make_with(int64_t dollars) {
    struct x_account_options opt = {
        .base = STR("https://api.x.com"),
        .token = STR("AAAA%2Fbb%3D"),
        .cost = {.budget = money_from_e8(dollars * E8), .posts_max = 3000000},
        .seed = 1};
    opt.cost.price[RESOURCE_POST] = money_from_e8(E8 / 200);
    opt.cost.price[RESOURCE_USER] = money_from_e8(E8 / 100);
    struct x_account *x = NULL;
    struct error err;
    arena_close(&boot);
    arena_open(&boot, 16 << 20);
    assert_ok(x_account_open(&boot, &opt, &x, &err), &err);
    return x;
}

static struct x_account *make(void) { return make_with(100); }

static struct http_answer answer(int status, const char *body) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = HTTP_ANSWERED;
    a.status = status;
    a.body = str_from_z(body);
    return a;
}

static void hear(struct x_account *x, usec now, x_endpoint e, const struct http_answer *a) {
    struct x_verdict v;
    x_verdict_of(now, a, &v);
    x_account_heard(x, now, e, a, &v);
}

static bool may(struct x_account *x, usec now, x_endpoint e, usec *until, struct x_verdict *why) {
    return x_account_may(x, now, e, until, why);
}

static void test_a_token_is_one_word(void **state) {
    (void)state;
    struct x_account_options opt = {.base = STR("https://api.x.com")};
    struct x_account *x;
    struct error err;
    cost_close(x_account_cost(make())); /* a fresh arena */
    assert_fails(x_account_open(&boot, &opt, &x, &err), &err, ERR_CONFIG);
    opt.token = STR("two words");
    assert_fails(x_account_open(&boot, &opt, &x, &err), &err, ERR_CONFIG);
    assert_null(strstr(err.msg, "two words"));
    opt.token = STR("good");
    opt.base = STR("");
    assert_fails(x_account_open(&boot, &opt, &x, &err), &err, ERR_CONFIG);
}

static void test_a_request_is_signed(void **state) {
    (void)state;
    struct x_account *x = make();
    struct connector_step step = {0};
    x_account_sign(x, &step);
    assert_str(step.base, "https://api.x.com");
    assert_str(step.request.bearer, "AAAA%2Fbb%3D");
    x_account_close(x);
}

static void test_before_the_first_answer_everything_goes(void **state) {
    (void)state;
    struct x_account *x = make();
    usec until;
    struct x_verdict why;
    for (int e = 0; e < X_ENDPOINT_COUNT; e++)
        assert_true(may(x, NOW, (x_endpoint)e, &until, &why));
    struct http_answer a = answer(200, "{}");
    hear(x, NOW, X_SEARCH, &a); /* no headers: nothing is known */
    assert_true(may(x, NOW, X_SEARCH, &until, &why));
    x_account_close(x);
}

/* Asks as often as it may, until the window's end. */
static void test_a_window_is_spread_and_a_tenth_of_it_left(void **state) {
    (void)state;
    struct x_account *x = make();
    struct x_verdict why;
    const usec end = NOW + 900 * USEC_PER_S;
    int64_t remaining = 450;
    int asked = 0, in_first_half = 0;
    for (usec now = NOW, until = 0; now < end;) {
        if (!may(x, now, X_SEARCH, &until, &why)) {
            assert_true(until > now);
            assert_int_equal(why.state, SOURCE_LIMITED);
            assert_int_equal(why.until, until);
            now = until;
            continue;
        }
        struct http_answer a = answer(200, "{}");
        a.rate_limit = 450;
        a.rate_remaining = --remaining;
        a.rate_reset = end / USEC_PER_S;
        hear(x, now, X_SEARCH, &a);
        asked++;
        in_first_half += now < NOW + 450 * USEC_PER_S;
        now += 100 * USEC_PER_MS;
    }
    assert_in_range(asked, 400, 406);
    assert_in_range(in_first_half, 195, 210);
    usec until;
    assert_true(may(x, end, X_SEARCH, &until, &why)); /* a new window */
    x_account_close(x);
}

static void test_who_was_quiet_may_catch_up(void **state) {
    (void)state;
    struct x_account *x = make();
    struct x_verdict why;
    usec until;
    struct http_answer a = answer(200, "{}");
    a.rate_limit = 450;
    a.rate_remaining = 300;
    a.rate_reset = NOW_S + 300;
    hear(x, NOW, X_SEARCH, &a);
    assert_true(may(x, NOW, X_SEARCH, &until, &why));
    a.rate_remaining = 45;
    hear(x, NOW, X_SEARCH, &a);
    assert_false(may(x, NOW, X_SEARCH, &until, &why));
    assert_int_equal(until, NOW + 300 * USEC_PER_S);
    assert_true(may(x, NOW, X_USERS, &until, &why));
    x_account_close(x);
}

static void test_a_limit_of_one_is_used(void **state) {
    (void)state;
    struct x_account *x = make();
    struct x_verdict why;
    usec until;
    struct http_answer a = answer(200, "{}");
    a.rate_limit = 1;
    a.rate_remaining = 0;
    a.rate_reset = NOW_S + 900;
    hear(x, NOW, X_SEARCH, &a);
    assert_false(may(x, NOW, X_SEARCH, &until, &why));
    assert_int_equal(until, NOW + 900 * USEC_PER_S);
    assert_true(may(x, until, X_SEARCH, &until, &why));
    x_account_close(x);
}

static void test_a_429_closes_its_endpoint_only(void **state) {
    (void)state;
    struct x_account *x = make();
    struct x_verdict why;
    usec until;
    struct http_answer a = answer(429, "");
    a.rate_reset = NOW_S + 100;
    hear(x, NOW, X_SEARCH, &a);
    assert_false(may(x, NOW, X_SEARCH, &until, &why));
    assert_int_equal(until, NOW + 101 * USEC_PER_S);
    assert_int_equal(why.state, SOURCE_LIMITED);
    assert_true(may(x, NOW, X_STREAM, &until, &why));
    x_account_close(x);
}

static void test_what_holds_for_the_account_holds_for_all(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
        source_state state;
        usec until;
    } cases[] = {
        {402, "{\"title\":\"CreditsDepleted\"}", SOURCE_CREDITS, NOW + X_RETRY_LONG},
        {401, "", SOURCE_TOKEN, NOW + X_RETRY_LONG},
        {403, "{\"title\":\"SpendCapReached\",\"reset_date\":\"2026-09-13\"}", SOURCE_SPEND_CAP,
         INT64_C(1789257600000000)},
        {429, "{\"title\":\"UsageCapExceeded\",\"period\":\"Daily\"}", SOURCE_USAGE_CAP,
         INT64_C(1788048000000000)},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct x_account *x = make();
        struct x_verdict why;
        struct connector_step step;
        usec until = 0;
        const struct http_answer a = answer(cases[i].status, cases[i].body);
        hear(x, NOW, X_SEARCH, &a);
        for (int e = 0; e < X_ENDPOINT_COUNT; e++) {
            assert_false(may(x, NOW + 1, (x_endpoint)e, &until, &why));
            assert_int_equal(why.state, cases[i].state);
            assert_int_equal(until, cases[i].until);
            assert_true(may(x, until, (x_endpoint)e, &until, &why));
        }
        assert_false(x_account_chore(x, NOW + 1, &step));
        x_account_close(x);
    }
    struct x_account *x = make();
    struct x_verdict why;
    usec until;
    const struct http_answer a = answer(403, "{\"type\":\"x/client-forbidden\"}");
    hear(x, NOW, X_ACTIVITY, &a);
    assert_true(may(x, NOW, X_SEARCH, &until, &why));
    x_account_close(x);
}

/* --- who is who ------------------------------------------------------------------------------ */

static void test_what_the_store_knows_is_not_asked(void **state) {
    (void)state;
    struct x_account *x = make();
    struct connector_step step;
    const struct handle musk = {
        .network = "x", .name = "elonmusk", .native_id = "44196397", .resolved_at = 1};
    const struct handle nobody = {.network = "x", .name = "nobody_1", .resolved_at = 1};
    x_account_know(x, &musk);
    x_account_know(x, &nobody);
    x_account_follow(x, STR("ElonMusk"));
    x_account_follow(x, STR("nobody_1"));
    x_account_follow(x, STR("12@jack"));
    x_account_follow(x, STR("13"));
    assert_str(x_account_id_of(x, STR("ELONMUSK")), "44196397");
    assert_str(x_account_id_of(x, STR("nobody_1")), "");
    assert_str(x_account_name_of(x, STR("12")), "jack");
    assert_str(x_account_name_of(x, STR("13")), "");
    assert_str(x_account_name_of(x, STR("14")), "");
    assert_true(x_account_chore(x, NOW, &step));
    assert_str(step.request.path, "/2/usage/tweets"); /* nobody's name is missing */
    x_account_close(x);
}

static void drain(struct x_account *x, usec now, struct intake *items, int *count) {
    *count = 0;
    while (x_account_chore_item(x, now, &boot, &items[*count])) assert_true(++*count < 128);
}

static void test_names_are_asked_once_and_billed(void **state) {
    (void)state;
    struct x_account *x = make();
    struct connector_step step;
    static struct intake items[128];
    int count;
    struct cost_view view;
    x_account_follow(x, STR("elonmusk"));
    x_account_follow(x, STR("gone"));
    x_account_follow(x, STR("Elonmusk"));
    x_account_follow(x, STR("silent"));
    assert_true(x_account_chore(x, NOW, &step));
    assert_int_equal(step.act, CONNECTOR_CALL);
    assert_str(step.request.path, "/2/users/by");
    assert_str(step.request.query, "usernames=elonmusk,gone,silent");
    assert_str(step.request.bearer, "AAAA%2Fbb%3D");
    assert_false(x_account_chore(x, NOW, &step)); /* one at a time */
    const struct http_answer a = answer(
        200,
        "{\"data\":[{\"id\":\"44196397\",\"name\":\"E\",\"username\":\"elonMusk\"}],\"errors\":[{"
        "\"value\":\"gone\",\"resource_type\":\"user\",\"title\":\"Not Found Error\",\"type\":"
        "\"https://api.twitter.com/2/problems/resource-not-found\",\"detail\":\"Could not "
        "find\"}]}");
    x_account_chore_done(x, NOW, &a);
    assert_false(x_account_chore(x, NOW, &step)); /* first that is passed on */
    drain(x, NOW, items, &count);
    assert_int_equal(count, 3);
    assert_int_equal(items[0].kind, INTAKE_USAGE);
    assert_int_equal(items[0].u.usage.resource, RESOURCE_USER);
    assert_int_equal(items[0].u.usage.billed, 1);
    assert_int_equal(items[0].u.usage.ids[0], 44196397);
    assert_int_equal(money_e8(items[0].u.usage.amount), E8 / 100);
    assert_string_equal(items[1].u.handle.name, "gone");
    assert_string_equal(items[1].u.handle.native_id, "");
    assert_string_equal(items[2].u.handle.name, "elonMusk");
    assert_string_equal(items[2].u.handle.native_id, "44196397");
    assert_int_equal(items[2].u.handle.resolved_at, NOW);
    assert_str(x_account_id_of(x, STR("elonmusk")), "44196397");
    assert_str(x_account_name_of(x, STR("44196397")), "elonMusk");
    x_account_view(x, NOW, &view);
    assert_int_equal(money_e8(view.spent), E8 / 100);
    /* the one that nothing was said of is asked again, alone, much later */
    assert_true(x_account_chore(x, NOW + 1, &step));
    assert_str(step.request.path, "/2/usage/tweets");
    const struct http_answer usage = answer(200, "{\"data\":{}}");
    x_account_chore_done(x, NOW + 1, &usage);
    assert_false(x_account_chore(x, NOW + USEC_PER_MIN, &step));
    assert_true(x_account_chore(x, NOW + X_RETRY_LONG, &step));
    assert_str(step.request.query, "usernames=silent");
    x_account_close(x);
}

static void test_a_hundred_names_a_call(void **state) {
    (void)state;
    struct x_account *x = make();
    struct connector_step step;
    for (int i = 0; i < 150; i++) {
        char name[16];
        snprintf(name, sizeof name, "fifteen_let_%03d", i);
        x_account_follow(x, str_from_z(name));
    }
    assert_true(x_account_chore(x, NOW, &step));
    int commas = 0;
    for (ptrdiff_t i = 0; i < step.request.query.n; i++) commas += step.request.query.p[i] == ',';
    assert_int_equal(commas, 99);
    assert_true(str_ends(step.request.query, STR("fifteen_let_099")));
    x_account_close(x);
}

static void test_names_wait_for_the_budget(void **state) {
    (void)state;
    struct x_account *x = make_with(0);
    struct connector_step step;
    x_account_follow(x, STR("elonmusk"));
    assert_true(x_account_chore(x, NOW, &step));
    assert_str(step.request.path, "/2/usage/tweets"); /* that is free */
    x_account_close(x);
}

static void test_a_chore_that_fails_is_patient_and_holds_nothing_back(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
    } failures[] = {
        {500, ""}, {403, "{\"type\":\"a/client-forbidden\"}"}, {200, "<html>"}, {0, ""}};
    for (int i = 0; i < COUNT_OF(failures); i++) {
        struct x_account *x = make();
        struct connector_step step;
        static struct intake items[128];
        struct cost_view before, after;
        int count, calls = 0;
        usec now = NOW;
        x_account_follow(x, STR("elonmusk"));
        x_account_view(x, now, &before);
        for (; now < NOW + 6 * USEC_PER_HOUR; now += USEC_PER_S) {
            if (!x_account_chore(x, now, &step)) continue;
            const bool users = str_eq(step.request.path, STR("/2/users/by"));
            struct http_answer a =
                users ? answer(failures[i].status, failures[i].body) : answer(200, "{\"data\":{}}");
            if (a.status == 0) a.end = HTTP_LOST;
            calls += users;
            x_account_chore_done(x, now, &a);
            drain(x, now, items, &count);
        }
        assert_in_range(calls, 5, 30);
        x_account_view(x, NOW, &after);
        assert_int_equal(money_e8(before.allowed), money_e8(after.allowed));
        usec until;
        struct x_verdict why;
        assert_true(may(x, now, X_SEARCH, &until, &why));
        x_account_close(x);
    }
}

/* --- what X says of our use --------------------------------------------------------------------
 */

#define USAGE(today)                                                                               \
    "{\"data\":{\"project_cap\":\"3000000\",\"project_usage\":\"100\",\"daily_project_usage\":{"   \
    "\"project_id\":\"1\",\"usage\":[{\"date\":\"2026-08-28T00:00:00.000Z\",\"usage\":\"30\"},{"   \
    "\"date\":\"2026-08-29T00:00:00.000Z\",\"usage\":" today "},{\"date\":\"x\",\"usage\":1},{"    \
    "\"date\":\"2026-08-29\",\"usage\":\"many\"},7]}}}"

static void test_what_x_counted_raises_our_count(void **state) {
    (void)state;
    struct x_account *x = make();
    struct connector_step step;
    static struct intake items[128];
    struct cost_view view;
    int count;
    assert_true(x_account_chore(x, NOW, &step));
    assert_str(step.request.path, "/2/usage/tweets");
    struct http_answer a = answer(200, USAGE("12"));
    x_account_chore_done(x, NOW, &a);
    drain(x, NOW, items, &count);
    assert_int_equal(count, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(items[i].kind, INTAKE_USAGE);
        assert_int_equal(items[i].u.usage.billed, 0);
        assert_true(items[i].u.usage.reported == (items[i].u.usage.day == 20694 ? 12 : 30));
    }
    x_account_view(x, NOW, &view);
    assert_int_equal(view.posts, 42);
    assert_int_equal(money_e8(view.spent), 42 * (E8 / 200));
    /* hourly; what has not changed is not passed on again */
    assert_false(x_account_chore(x, NOW + USEC_PER_HOUR - 1, &step));
    assert_true(x_account_chore(x, NOW + USEC_PER_HOUR, &step));
    a = answer(200, USAGE("\"13\""));
    x_account_chore_done(x, NOW + USEC_PER_HOUR, &a);
    drain(x, NOW, items, &count);
    assert_int_equal(count, 1);
    assert_int_equal(items[0].u.usage.reported, 13);
    x_account_close(x);
}

static void test_a_lost_answer_makes_us_ask_what_was_counted(void **state) {
    (void)state;
    struct x_account *x = make();
    struct connector_step step;
    struct http_answer a = answer(200, "{\"data\":{}}");
    assert_true(x_account_chore(x, NOW, &step));
    x_account_chore_done(x, NOW, &a);
    http_answer_clear(&a);
    a.end = HTTP_NOT_SENT;
    hear(x, NOW + USEC_PER_S, X_SEARCH, &a);
    assert_false(x_account_chore(x, NOW + 20 * USEC_PER_MIN, &step));
    a.end = HTTP_LOST;
    hear(x, NOW + 20 * USEC_PER_MIN, X_RULES, &a);
    assert_false(x_account_chore(x, NOW + 30 * USEC_PER_MIN, &step));
    hear(x, NOW + 30 * USEC_PER_MIN, X_SEARCH, &a);
    assert_true(x_account_chore(x, NOW + 33 * USEC_PER_MIN, &step));
    assert_str(step.request.path, "/2/usage/tweets");
    x_account_close(x);
}

/* --- threads -----------------------------------------------------------------------------------
 */

struct worker {
    struct x_account *x;
    int number;
    int64_t billed;
};

static void *work(void *arg) {
    struct worker *w = arg;
    struct arena mine;
    arena_open(&mine, 1 << 20);
    for (int i = 0; i < 300; i++) {
        arena_reset(&mine);
        char why[WHY_BYTES], name[16];
        usec until;
        struct x_verdict v;
        struct usage u;
        struct connector_step step;
        struct intake it;
        const usec now = NOW + i * USEC_PER_S;
        const int64_t ids[] = {1 + i, 1000 + w->number * 1000 + i}; /* the first is everybody's */
        snprintf(name, sizeof name, "n%d_%d", w->number, i % 20);
        x_account_follow(w->x, str_from_z(name));
        if (x_account_may(w->x, now, X_SEARCH, &until, &v)) {
            const int64_t got = x_account_reserve(w->x, now, RESOURCE_POST, 10, &until, why);
            x_account_settle(w->x, now, RESOURCE_POST, got, ids, 2, &mine, &u);
            w->billed += u.billed;
        }
        if (x_account_chore(w->x, now, &step)) {
            const struct http_answer a = answer(200, "{\"data\":[],\"errors\":[]}");
            x_account_chore_done(w->x, now, &a);
        }
        while (x_account_chore_item(w->x, now, &mine, &it)) assert_true(it.kind != INTAKE_NONE);
        assert_str(x_account_id_of(w->x, str_from_z(name)), "");
    }
    arena_close(&mine);
    return NULL;
}

static void test_threads_share_one_bill(void **state) {
    (void)state;
    struct x_account *x = make_with(10000);
    pthread_t threads[4];
    struct worker workers[4];
    int64_t billed = 0;
    struct cost_view view;
    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){.x = x, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        billed += workers[i].billed;
    }
    x_account_view(x, NOW + USEC_PER_HOUR, &view);
    assert_int_equal(billed, 300 + 4 * 300);
    assert_int_equal(view.posts, billed);
    x_account_close(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_is_one_word),
        cmocka_unit_test(test_a_request_is_signed),
        cmocka_unit_test(test_before_the_first_answer_everything_goes),
        cmocka_unit_test(test_a_window_is_spread_and_a_tenth_of_it_left),
        cmocka_unit_test(test_who_was_quiet_may_catch_up),
        cmocka_unit_test(test_a_limit_of_one_is_used),
        cmocka_unit_test(test_a_429_closes_its_endpoint_only),
        cmocka_unit_test(test_what_holds_for_the_account_holds_for_all),
        cmocka_unit_test(test_what_the_store_knows_is_not_asked),
        cmocka_unit_test(test_names_are_asked_once_and_billed),
        cmocka_unit_test(test_a_hundred_names_a_call),
        cmocka_unit_test(test_names_wait_for_the_budget),
        cmocka_unit_test(test_a_chore_that_fails_is_patient_and_holds_nothing_back),
        cmocka_unit_test(test_what_x_counted_raises_our_count),
        cmocka_unit_test(test_a_lost_answer_makes_us_ask_what_was_counted),
        cmocka_unit_test(test_threads_share_one_bill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
