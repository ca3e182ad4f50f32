/* Fault plans: what is read, what is refused and with which words, and what befalls whom. */
#include "check.h"

#include "base/buf.h"
#include "base/money.h"
#include "sim/faults_int.h"

static struct symbol listed[] = {{.name = "BTCUSDT"}, {.name = "DOGEUSDT"}};
static const struct symbols symbols = {listed, COUNT_OF(listed)};
static struct arena arena;

#define START (1000 * USEC_PER_S)

static struct faults *plan_of(const char *json) {
    struct faults *f = NULL;
    struct error err = {0};
    if (arena.base == NULL) arena_open(&arena, 16 << 20);
    arena_reset(&arena);
    if (!faults_parse(&arena, str_from_z(json), 7, &f, &err)) fail_msg("%s", err.msg);
    if (!faults_begin(f, &symbols, START, &err)) fail_msg("%s", err.msg);
    return f;
}

static struct fault asked(struct faults *f, usec now, const char *method, const char *path) {
    struct fault ret;
    struct error err = {0};
    if (!faults_of_request(f, now, str_from_z(method), str_from_z(path), STR(""), &ret, &err))
        fail_msg("%s", err.msg);
    return ret;
}

static void refused(const char *json, const char *text) {
    struct faults *f = NULL;
    struct error err = {0};
    if (arena.base == NULL) arena_open(&arena, 16 << 20);
    arena_reset(&arena);
    assert_false(faults_parse(&arena, str_from_z(json), 7, &f, &err));
    if (strstr(err.msg, text) == NULL) fail_msg("\"%s\" lacks \"%s\"", err.msg, text);
}

static void test_every_kind_has_a_name_that_is_read_back(void **state) {
    (void)state;
    for (int k = 0; k < FAULT_COUNT; k++) {
        fault_kind back = FAULT_NONE;
        assert_true(fault_from_name(str_from_z(fault_name((fault_kind)k)), &back));
        assert_int_equal(back, k);
        assert_true(fault_terms((fault_kind)k)->places != 0);
    }
    fault_kind none = FAULT_DELAY;
    assert_false(fault_from_name(STR("closed"), &none));
}

static void test_a_rule_strikes_from_its_nth_match_on_so_many_times(void **state) {
    (void)state;
    struct faults *f = plan_of("{\"rules\":[{\"method\":\"POST\",\"path\":\"/api/v3/orderList*\","
                               "\"nth\":2,\"times\":2,\"fault\":\"close_after\"}]}");
    static const fault_kind want[] = {FAULT_NONE, FAULT_CLOSE_AFTER, FAULT_CLOSE_AFTER, FAULT_NONE};
    for (int i = 0; i < COUNT_OF(want); i++) {
        assert_int_equal(asked(f, START, "GET", "/api/v3/orderList").kind, FAULT_NONE);
        assert_int_equal(asked(f, START, "POST", "/api/v3/order").kind, FAULT_NONE);
        assert_int_equal(asked(f, START, "POST", "/api/v3/orderList/opoco").kind, want[i]);
    }
}

static void test_rules_count_whether_or_not_an_earlier_one_strikes(void **state) {
    (void)state;
    struct faults *f = plan_of("{\"rules\":[{\"fault\":\"silence\",\"nth\":2},"
                               "{\"fault\":\"html_502\",\"nth\":3,\"times\":0}]}");
    assert_int_equal(asked(f, START, "GET", "/a").kind, FAULT_NONE);
    assert_int_equal(asked(f, START, "GET", "/a").kind, FAULT_SILENCE);
    for (int i = 0; i < 5; i++) assert_int_equal(asked(f, START, "GET", "/a").kind, FAULT_HTML_502);
}

static void test_a_chance_holds_within_its_seconds_and_strikes_as_often_as_it_says(void **state) {
    (void)state;
    struct faults *f = plan_of("{\"chances\":[{\"path\":\"/x\",\"fault\":\"delay\",\"delay_ms\":40,"
                               "\"percent\":12.5,\"from_s\":1.5,\"until_s\":3}]}");
    int hits = 0;
    for (int i = 0; i < 8000; i++) {
        assert_int_equal(asked(f, START, "GET", "/x").kind, FAULT_NONE);
        const struct fault one = asked(f, START + 2 * USEC_PER_S, "GET", "/x");
        hits += one.kind == FAULT_DELAY && one.delay == 40 * USEC_PER_MS;
        assert_int_equal(asked(f, START + 3 * USEC_PER_S, "GET", "/x").kind, FAULT_NONE);
    }
    assert_in_range(hits, 900, 1100);
}

static void test_moments_come_by_time_and_those_of_one_moment_as_written(void **state) {
    (void)state;
    struct faults *f = plan_of(
        "{\"at\":[{\"after_s\":30,\"fault\":\"monthly_reset\"},"
        "{\"after_s\":0.25,\"fault\":\"clock_jump\",\"amount\":-1.5},"
        "{\"after_s\":30,\"fault\":\"symbol_halt\",\"delay_ms\":5000,\"symbol\":\"DOGEUSDT\"}]}");
    struct fault one;
    assert_int_equal(faults_next(f), START + 250 * USEC_PER_MS);
    assert_false(faults_due(f, START, &one));
    assert_true(faults_due(f, START + USEC_PER_S, &one));
    assert_int_equal(one.kind, FAULT_CLOCK_JUMP);
    assert_int_equal(one.amount, -1500000);
    assert_int_equal(one.sym, SYM_NONE);
    assert_false(faults_due(f, START + USEC_PER_S, &one));
    assert_int_equal(faults_next(f), START + 30 * USEC_PER_S);
    assert_true(faults_due(f, START + 30 * USEC_PER_S, &one));
    assert_int_equal(one.kind, FAULT_MONTHLY_RESET);
    assert_true(faults_due(f, START + 30 * USEC_PER_S, &one));
    assert_int_equal(one.kind, FAULT_SYMBOL_HALT);
    assert_int_equal(one.delay, 5 * USEC_PER_S);
    assert_int_equal(one.sym, 1);
    assert_false(faults_due(f, USEC_NEVER - 1, &one));
    assert_int_equal(faults_next(f), USEC_NEVER);
}

static void test_stream_entries_tell_user_data_from_prices(void **state) {
    (void)state;
    struct faults *f = plan_of("{\"streams\":[{\"of\":\"user\",\"fault\":\"stream_gap\",\"nth\":2},"
                               "{\"of\":\"market\",\"fault\":\"stream_mute\",\"delay_ms\":700},"
                               "{\"fault\":\"stream_cut\",\"nth\":4}]}");
    assert_int_equal(faults_of_message(f, START, true).kind, FAULT_NONE);
    const struct fault mute = faults_of_message(f, START, false);
    assert_int_equal(mute.kind, FAULT_STREAM_MUTE);
    assert_int_equal(mute.delay, 700 * USEC_PER_MS);
    assert_int_equal(faults_of_message(f, START, true).kind, FAULT_STREAM_GAP);
    assert_int_equal(faults_of_message(f, START, false).kind, FAULT_STREAM_CUT);
}

static void test_answers_are_all_read(void **state) {
    (void)state;
    const struct fault_answers *a = faults_answers(plan_of("{}"));
    assert_false(a->locks_pending_funds || a->bad_key_is_400 || a->partial_keeps_stop);
    a = faults_answers(plan_of("{\"answers\":{\"locks_pending_funds\":true,\"legs_reversed\":true,"
                               "\"ended_lists_count\":true,\"oldest_of_reused_id\":true,"
                               "\"filters_bind_triggered\":true,\"partial_keeps_stop\":true,"
                               "\"bad_key_is_400\":true}}"));
    assert_true(a->locks_pending_funds && a->legs_reversed && a->ended_lists_count &&
                a->oldest_of_reused_id && a->filters_bind_triggered && a->partial_keeps_stop &&
                a->bad_key_is_400);
}

static void test_a_request_that_names_its_fault_gets_it(void **state) {
    (void)state;
    struct faults *f = plan_of("{\"rules\":[{\"fault\":\"silence\",\"times\":0}]}");
    struct fault one;
    struct error err = {0};
    assert_true(faults_of_request(f, START, STR("GET"), STR("/a"), STR("none"), &one, &err));
    assert_int_equal(one.kind, FAULT_NONE);
    assert_true(faults_of_request(f, START, STR("GET"), STR("/a"),
                                  STR("lookup_lag; delay_ms=500; symbol=DOGEUSDT"), &one, &err));
    assert_int_equal(one.kind, FAULT_LOOKUP_LAG);
    assert_int_equal(one.delay, 500 * USEC_PER_MS);
    assert_int_equal(one.sym, 1);
    assert_true(
        faults_of_request(f, START, STR("GET"), STR("/a"), STR("partial;amount=0.25"), &one, &err));
    assert_int_equal(one.amount, E8 / 4);
    static const char *const bad[] = {
        "close",
        "",
        "close_after;delay_ms=1",
        "delay",
        "delay;delay_ms=-1",
        "delay;delay_ms=x",
        "delay;delay_ms=1;delay_ms=1",
        "delay;wait=1",
        "partial",
        "partial;amount=1",
        "rate_429;amount=1.5",
        "monthly_reset",
        "silence;symbol=XRPUSDT",
    };
    for (int i = 0; i < COUNT_OF(bad); i++) {
        err = (struct error){0};
        if (fault_parse(&symbols, str_from_z(bad[i]), &one, &err)) fail_msg("%s is taken", bad[i]);
        assert_true(str_starts(str_from_z(err.msg), STR("X-Sim-Fault: ")));
    }
}

static void test_mistakes_are_told_with_their_place(void **state) {
    (void)state;
    refused("", "fault plan: line");
    refused("[]", "fault plan: is an object");
    refused("{\"rule\":[]}", "\"rule\" is not known here; members are: rules chances");
    refused("{\"rules\":[{\"fault\":\"silence\",\"\":1}]}", "\"\" is not known here");
    refused("{\"rules\":{}}", "rules is a list");
    refused("{\"rules\":[7]}", "rules[0] is an object");
    refused("{\"rules\":[{\"path\":\"/a\"}]}", "rules[0]: \"fault\" is missing");
    refused("{\"rules\":[{\"fault\":\"silence\"},{\"fault\":\"silent\"}]}",
            "rules[1]: \"silent\" is no fault");
    refused("{\"rules\":[{\"fault\":\"none\"}]}", "does nothing");
    refused("{\"rules\":[{\"fault\":\"stream_cut\"}]}", "cannot befall a request");
    refused("{\"streams\":[{\"fault\":\"silence\"}]}", "cannot befall a message");
    refused("{\"at\":[{\"after_s\":1,\"fault\":\"silence\"}]}", "cannot befall the exchange");
    refused("{\"at\":[{\"fault\":\"monthly_reset\"}]}", "\"after_s\" is missing");
    refused("{\"rules\":[{\"fault\":\"silence\",\"nth\":0}]}", "nth is a whole number from 1");
    refused("{\"rules\":[{\"fault\":\"silence\",\"nth\":\"2\"}]}", "nth is a whole number");
    refused("{\"rules\":[{\"fault\":\"silence\",\"percent\":2}]}", "\"percent\" is not known here");
    refused("{\"rules\":[{\"fault\":\"silence\",\"path\":\"api\"}]}", "path begins with /");
    refused("{\"rules\":[{\"fault\":\"silence\",\"delay_ms\":1}]}", "silence takes no delay_ms");
    refused("{\"rules\":[{\"fault\":\"delay\"}]}", "delay needs delay_ms");
    refused("{\"rules\":[{\"fault\":\"delay\",\"delay_ms\":900000}]}", "from 0 to 600000");
    refused("{\"chances\":[{\"fault\":\"silence\"}]}", "\"percent\" is missing");
    refused("{\"chances\":[{\"fault\":\"silence\",\"percent\":101}]}", "percent is from 0 to 100");
    refused("{\"chances\":[{\"fault\":\"silence\",\"percent\":1,\"from_s\":5,\"until_s\":5}]}",
            "until_s is not behind from_s");
    refused("{\"streams\":[{\"fault\":\"stream_gap\",\"percent\":1,\"nth\":2}]}", "exclude");
    refused("{\"streams\":[{\"fault\":\"stream_gap\",\"of\":\"all\"}]}", "of is user or market");
    refused("{\"rules\":[{\"fault\":\"partial\",\"amount\":1.5}]}", "from 0 to 0.99999999");
    refused("{\"at\":[{\"after_s\":-1,\"fault\":\"monthly_reset\"}]}", "after_s is seconds");
    refused("{\"at\":[{\"after_s\":1,\"fault\":\"filter_change\",\"amount\":1.5}]}",
            "whole factor, from 2 to 1000");
    refused("{\"answers\":{\"legs_reversed\":1}}", "legs_reversed is true or false");
    refused("{\"answers\":{\"legs\":true}}", "answers: \"legs\" is not known");
    refused("{\"answers\":{},\"answers\":{}}", "fault plan: line 1");
}

static void test_a_symbol_that_is_not_listed_is_told(void **state) {
    (void)state;
    struct faults *f = NULL;
    struct error err = {0};
    if (arena.base == NULL) arena_open(&arena, 16 << 20);
    arena_reset(&arena);
    assert_true(faults_parse(
        &arena, STR("{\"at\":[{\"after_s\":1,\"fault\":\"cancel_only\",\"symbol\":\"XUSDT\"}]}"), 1,
        &f, &err));
    assert_false(faults_begin(f, &symbols, START, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(strstr(err.msg, "XUSDT") != NULL);
}

/* What a plan does to the same hundreds of requests and messages. */
static void play(struct faults *f, usec from, usec until, struct buf *out) {
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    static const char *const paths[] = {"/api/v3/order", "/api/v3/orderList/opoco",
                                        "/api/v3/openOrders", "/api/v3/account"};
    struct fault one;
    for (int i = 0; i < 600; i++) {
        const usec now = from + (until - from) / 500 * i;
        while (faults_due(f, now, &one)) buf_printf(out, "!%s ", fault_name(one.kind));
        one = asked(f, now, methods[i % 3], paths[i % 4]);
        if (one.kind != FAULT_NONE)
            buf_printf(out, "%d:%s,%lld,%lld ", i, fault_name(one.kind), (long long)one.delay,
                       (long long)one.amount);
        one = faults_of_message(f, now, i % 2);
        if (one.kind != FAULT_NONE) buf_printf(out, "%d:%s ", i, fault_name(one.kind));
        if (now >= until) assert_int_equal(one.kind, FAULT_NONE);
    }
}

static void test_a_random_plan_is_the_same_for_its_seed_and_ends_in_time(void **state) {
    (void)state;
    static char text_a[1 << 16], text_b[1 << 16];
    const usec from = 500 * USEC_PER_S, until = 600 * USEC_PER_S;
    bool seen[FAULT_COUNT] = {0};
    if (arena.base == NULL) arena_open(&arena, 16 << 20);
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct buf a, b;
        struct error err = {0};
        const int roughness = (int)(seed % 101);
        buf_init_fixed(&a, text_a, (ptrdiff_t)sizeof text_a);
        buf_init_fixed(&b, text_b, (ptrdiff_t)sizeof text_b);
        for (int twice = 0; twice < 2; twice++) {
            arena_reset(&arena);
            struct faults *f = faults_random(&arena, seed, roughness, from, until);
            assert_true(faults_begin(f, &symbols, START, &err));
            for (int i = 0; i < f->rule_count; i++) seen[f->rules[i].fault.kind] = true;
            for (int i = 0; i < f->stream_count; i++) seen[f->streams[i].fault.kind] = true;
            for (int i = 0; i < f->moment_count; i++) seen[f->moments[i].fault.kind] = true;
            play(f, from, until, twice ? &b : &a);
            if (roughness == 0) assert_int_equal(a.len, 0);
        }
        assert_true(str_eq(buf_str(&a), buf_str(&b)));
    }
    for (int k = 1; k <= FAULT_LAST_OF_EXCHANGE; k++) {
        if (!seen[k]) fail_msg("no plan has %s", fault_name((fault_kind)k));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_has_a_name_that_is_read_back),
        cmocka_unit_test(test_a_rule_strikes_from_its_nth_match_on_so_many_times),
        cmocka_unit_test(test_rules_count_whether_or_not_an_earlier_one_strikes),
        cmocka_unit_test(test_a_chance_holds_within_its_seconds_and_strikes_as_often_as_it_says),
        cmocka_unit_test(test_moments_come_by_time_and_those_of_one_moment_as_written),
        cmocka_unit_test(test_stream_entries_tell_user_data_from_prices),
        cmocka_unit_test(test_answers_are_all_read),
        cmocka_unit_test(test_a_request_that_names_its_fault_gets_it),
        cmocka_unit_test(test_mistakes_are_told_with_their_place),
        cmocka_unit_test(test_a_symbol_that_is_not_listed_is_told),
        cmocka_unit_test(test_a_random_plan_is_the_same_for_its_seed_and_ends_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
