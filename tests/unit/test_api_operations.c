/* What the API says of queues, threads and breakers: what this process' board has and what the
 * store has; and what only another process knows is told as unknown. */
#include "apiask.h"
#include "base/board.h"
#include "base/json.h"

static struct apikit k;
static struct api_core *core;
static struct api_answer answer;
static json_t *tree;

static int begin(void **state) {
    (void)state;
    apikit_begin(&k);
    api_answer_init(&answer);
    core = NULL;
    tree = NULL;
    return 0;
}

static int end(void **state) {
    (void)state;
    json_decref(tree);
    api_core_close(core);
    api_answer_fini(&answer);
    apikit_end(&k);
    return 0;
}

static void get(void) {
    struct error err;
    if (core == NULL) assert_ok(api_core_open(&k.boot, &k.opt, &core, &err), &err);
    apiask_tree(core, &answer, "/api/operations", &tree);
}

/* NULL: there is none of this name. */
static const json_t *find(const char *list, const char *name) {
    const json_t *const all = json_object_get(tree, list);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *const one = json_array_get(all, i);
        if (str_eq(json_str_at(one, "name"), str_from_z(name))) return one;
    }
    return NULL;
}

static void is(const json_t *one, const char *member, const char *want) {
    assert_non_null(one);
    char *const text = json_dumps(json_object_get(one, member), JSON_ENCODE_ANY | JSON_COMPACT);
    assert_string_equal(text, want);
    free(text);
}

static void execute(const char *sql) { apikit_execute(&k, sql); }

#define NOW "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"

static void test_what_waits_in_the_store_is_counted_with_its_oldest(void **state) {
    (void)state;
    get();
    is(find("queues", "commands for the trader"), "waiting", "0");
    is(find("queues", "commands for the trader"), "oldest_at", "null");
    execute(
        "INSERT INTO commands (at, actor, verb, reason, mode, until) VALUES (1000000, 'a', 'halt', "
        "'', 'halted', 1), (2000000, 'a', 'halt', '', 'halted', 1);"
        "INSERT INTO dead_letters (source, kind, payload, error, attempts, first_at, last_at, "
        "status) VALUES ('x', 'post', 'p', 'e', 1, 1000000, 9, 'dropped'), ('x', 'post', 'p', "
        "'e', 1, 3000000, 9, 'dead')");
    get();
    is(find("queues", "commands for the trader"), "waiting", "2");
    is(find("queues", "commands for the trader"), "where", "\"store\"");
    is(find("queues", "commands for the trader"), "oldest_at", "\"1970-01-01T00:00:01.000000Z\"");
    is(find("queues", "dead letters"), "waiting", "1");
    is(find("queues", "dead letters"), "oldest_at", "\"1970-01-01T00:00:03.000000Z\"");
    is(find("queues", "signals for a person"), "waiting", "0");
}

static void test_what_waits_in_this_process_is_what_its_owners_put(void **state) {
    (void)state;
    board_queue_set(board_queue_open("venue: entries", 32), 2, 5 * USEC_PER_S);
    board_task_set(board_task_open("venue: entries", 1), "an entry", 6 * USEC_PER_S);
    get();
    assert_true(json_is_null(json_object_get(tree, "unknown")));
    is(find("queues", "venue: entries"), "waiting", "2");
    is(find("queues", "venue: entries"), "capacity", "32");
    is(find("queues", "venue: entries"), "oldest_at", "\"1970-01-01T00:00:05.000000Z\"");
    is(find("tasks", "venue: entries"), "doing", "\"an entry\"");
    is(find("tasks", "venue: entries"), "since", "\"1970-01-01T00:00:06.000000Z\"");
}

static void test_a_source_that_rests_has_an_open_breaker_and_then_one_that_tries(void **state) {
    (void)state;
    execute(
        "INSERT INTO workers (name, role, pid, started_at, seen_at) VALUES ('h:1:run', 'run', 1, "
        "1, " NOW ");"
        "INSERT INTO feeds (feed, kind, state, since, until, why, updated_at) VALUES "
        "('x_search:a', 'x_search', 'broken', 1000000, " NOW " + 60000000, 'HTTP 500', " NOW "),"
        "('jetstream:b', 'jetstream', 'live', 1000000, NULL, '', " NOW "),"
        "('push:c', 'push', 'live', 1000000, NULL, '', " NOW ")");
    get();
    is(find("breakers", "x_search:a"), "state", "\"open\"");
    is(find("breakers", "x_search:a"), "of", "\"source\"");
    is(find("breakers", "x_search:a"), "since", "\"1970-01-01T00:00:01.000000Z\"");
    is(find("breakers", "x_search:a"), "why", "\"HTTP 500\"");
    assert_true(json_is_string(json_object_get(find("breakers", "x_search:a"), "until")));
    is(find("breakers", "jetstream:b"), "state", "\"closed\"");
    is(find("breakers", "jetstream:b"), "until", "null");
    assert_null(find("breakers", "push:c"));
    assert_null(find("breakers", "venue")); /* paper calls nobody */
    execute("UPDATE feeds SET until = " NOW " - 1 WHERE feed = 'x_search:a'");
    get();
    is(find("breakers", "x_search:a"), "state", "\"half-open\"");
}

static void test_beside_a_trader_of_another_process_what_it_knows_is_unknown(void **state) {
    (void)state;
    k.opt.alone = true;
    k.cfg.venue_kind = STR("binance_spot_testnet");
    get();
    is(tree, "unknown", "\"no trader is running on this store\"");
    assert_null(find("queues", "venue: entries")); /* ours, not his */
    assert_int_equal(json_array_size(json_object_get(tree, "tasks")), 0);
    is(find("breakers", "venue"), "state", "\"unknown\"");
    is(find("breakers", "venue"), "why", "\"only the trader's own process knows\"");
    is(find("queues", "commands for the trader"), "waiting", "0");
    struct error err;
    assert_ok(store_trader_lock(k.store, &err), &err);
    get();
    assert_true(str_starts(json_str_at(tree, "unknown"), STR("the trader is another process")));
}

static void test_the_venues_breakers_are_those_of_this_process(void **state) {
    (void)state;
    const struct board_breaker b = {.name = "venue: orders",
                                    .state = "open",
                                    .since = USEC_PER_S,
                                    .until = 2 * USEC_PER_S,
                                    .told_at = 3 * USEC_PER_S,
                                    .why = "no answer: timeout"};
    board_breaker_put(&b);
    k.cfg.venue_kind = STR("binance_spot_testnet");
    get();
    is(find("breakers", "venue: orders"), "of", "\"venue\"");
    is(find("breakers", "venue: orders"), "state", "\"open\"");
    is(find("breakers", "venue: orders"), "until", "\"1970-01-01T00:00:02.000000Z\"");
    is(find("breakers", "venue: orders"), "why", "\"no answer: timeout\"");
    is(find("breakers", "venue: orders"), "told_at", "\"1970-01-01T00:00:03.000000Z\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_waits_in_the_store_is_counted_with_its_oldest,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_what_waits_in_this_process_is_what_its_owners_put,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            test_a_source_that_rests_has_an_open_breaker_and_then_one_that_tries, begin, end),
        cmocka_unit_test_setup_teardown(
            test_beside_a_trader_of_another_process_what_it_knows_is_unknown, begin, end),
        cmocka_unit_test_setup_teardown(test_the_venues_breakers_are_those_of_this_process, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
