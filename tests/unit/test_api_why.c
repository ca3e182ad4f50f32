/* Why it does not trade, what is used of each limit, what is set and what it means. */
#include <jansson.h>
#include <sqlite3.h>

#include "apiask.h"
#include "base/json.h"
#include "run/run.h"

static struct apikit k;
static struct api_core *core;
static struct api_answer answer;
static json_t *tree;
static struct symbol pairs[] = {
    {.name = "BTCUSDT", .base = "BTC", .quote = "USDT", .trading = true},
    {.name = "OLDUSDT", .base = "OLD", .quote = "USDT"}};
static const struct symbols table = {pairs, 2};

static int begin(void **state) {
    (void)state;
    struct error err;
    apikit_begin(&k);
    k.opt.symbols = &table;
    api_answer_init(&answer);
    assert_ok(api_core_open(&k.boot, &k.opt, &core, &err), &err);
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

static void get(const char *target) { apiask_tree(core, &answer, target, &tree); }

static void execute(const char *sql) { apikit_execute(&k, sql); }

/* ?1 and ?2 stand for the numbers. */
static void executef(const char *sql, int64_t first, int64_t second) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(k.url + strlen("sqlite:"), &db), SQLITE_OK);
    while (*sql != '\0') {
        sqlite3_stmt *st;
        if (sqlite3_prepare_v2(db, sql, -1, &st, &sql) != SQLITE_OK)
            fail_msg("%s", sqlite3_errmsg(db));
        const int n = sqlite3_bind_parameter_count(st);
        if (n > 0) assert_int_equal(sqlite3_bind_int64(st, 1, first), SQLITE_OK);
        if (n > 1) assert_int_equal(sqlite3_bind_int64(st, 2, second), SQLITE_OK);
        int got;
        while ((got = sqlite3_step(st)) == SQLITE_ROW) continue;
        if (got != SQLITE_DONE) fail_msg("%s", sqlite3_errmsg(db));
        sqlite3_finalize(st);
    }
    sqlite3_close(db);
}

static const json_t *step(const char *name) {
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(tree, "steps"), i,
                       one) if (str_eq(json_str_at(one, "step"), str_from_z(name))) return one;
    fail_msg("no step %s in %s", name, buf_z(&answer.body));
    return NULL;
}

static void is(const char *name, const char *ok) {
    if (!str_eq(json_str_at(step(name), "ok"), str_from_z(ok)))
        fail_msg("%s is not %s: %s", name, ok, buf_z(&answer.body));
}

static void first_is(const char *name) {
    const json_t *first = json_object_get(tree, "first");
    if (!str_eq(json_str_at(first, "step"), str_from_z(name)))
        fail_msg("first is not %s: %s", name, buf_z(&answer.body));
}

/* A trader that runs, an account of 10,000 in mode auto, a post that came. */
static struct store *trader;
static void start(usec now) {
    struct error err;
    assert_ok(apikit_open_store(&k, STORE_WRITE, &trader, &err), &err);
    assert_ok(store_trader_lock(trader, &err), &err);
    executef("INSERT INTO account (id, start, cash, realized, fees, day, day_open, peak, "
             "day_tripped, next_id, seq, posts, signals, trades, install, at) VALUES (1, "
             "1000000000000, 1000000000000, 0, 0, ?1, 1000000000000, 1000000000000, 0, 1, 1, 0, "
             "0, 0, 'abcd', ?2)",
             time_utc_day(now), now);
    executef("INSERT INTO equity VALUES (?1, 1000000000000, 1000000000000, 0, 150)", now, now);
    executef("INSERT INTO control VALUES (1, 'auto', 'auto', 1, '', 'program', ?1, "
             "9223372036854775807, 0, NULL)",
             now, 0);
    executef("INSERT INTO tweets (id, author, text, created_at, processed, created_at_db, root_id, "
             "source, source_id, author_id, received_at, lang, ref_kind, outcome) VALUES (7, "
             "'Alice', 't', ?1, 1, 1, 7, 'x', '7', '44', ?2, 'en', 'none', 'NO_COIN')",
             now - 3 * USEC_PER_S, now);
    executef("INSERT INTO authors (key, username, posts, day, trades_today, last_trade_at, "
             "last_post_at, first_seen, heard) VALUES ('x:44', 'Alice', 9, ?1, 2, NULL, ?2, 1, "
             "1)",
             time_utc_day(now), now);
}

static void finish(void) { store_close(trader); }

static void test_without_a_trader_that_is_the_answer(void **state) {
    (void)state;
    get("/api/why");
    first_is("trader");
    is("trader", "no");
    is("post", "no");
    is("mode", "unknown");
    is("balance", "unknown");
    is("venue", "yes");
}

static void test_when_all_is_well_nothing_holds_it_up(void **state) {
    (void)state;
    start(time_wall_us());
    get("/api/why");
    assert_true(json_is_null(json_object_get(tree, "first")));
    is("trader", "yes");
    is("source", "yes");
    is("post", "yes");
    is("halt", "yes");
    is("mode", "yes");
    is("balance", "yes");
    is("price", "unknown");
    is("last_signal", "unknown");
    assert_non_null(strstr(buf_z(&answer.body), "the last post came 3 s after it was written; it "
                                                "ended there: the post is about no coin"));
    finish();
}

static void test_a_replay_that_is_over_holds_it_up(void **state) {
    (void)state;
    struct error err;
    struct run_told told = {.speed_e8 = 60 * E8, .posts = 330};
    const usec now = time_wall_us();
    api_core_close(core);
    k.opt.replay = &told;
    assert_ok(api_core_open(&k.boot, &k.opt, &core, &err), &err);
    start(now);
    get("/api/why");
    is("source", "yes");
    atomic_store(&told.ended_at, now);
    get("/api/why");
    first_is("source");
    assert_str(json_str_at(step("source"), "setting"), "source.path");
    assert_non_null(strstr(buf_z(&answer.body), "the replay is over, no post will come; 330 came"));
    assert_false(json_is_null(json_object_get(step("source"), "since")));
    finish();
}

static void test_each_condition_is_told_with_its_setting(void **state) {
    (void)state;
    const usec now = time_wall_us();
    start(now);
    executef("UPDATE control SET mode = 'halted', before = 'observe', reason = 'news', actor = "
             "'api:desk', until = ?1",
             now + USEC_PER_HOUR, 0);
    get("/api/why");
    first_is("halt");
    is("mode", "no");
    assert_non_null(strstr(buf_z(&answer.body), "halted by api:desk: news"));
    assert_false(json_is_null(json_object_get(step("halt"), "until")));
    execute("UPDATE control SET mode = 'observe'");
    get("/api/why");
    first_is("mode");
    execute("UPDATE control SET mode = 'manual', before = 'manual'");
    execute("UPDATE account SET day_tripped = 1");
    get("/api/why");
    first_is("drawdown");
    assert_str(json_str_at(step("drawdown"), "setting"), "trading.max_daily_drawdown");
    executef("UPDATE account SET day = day - 1", 0, 0); /* was yesterday */
    get("/api/why");
    assert_true(json_is_null(json_object_get(tree, "first")));
    execute("UPDATE account SET cash = 5000000000");
    get("/api/why");
    first_is("balance");
    finish();
}

static void close_trade(int64_t id, int64_t closed_at) {
    executef("PRAGMA foreign_keys = OFF; INSERT INTO trades (id, symbol, side, quantity, status, "
             "created_at, closed_at, entered_at, strategy, root_id, cluster_id, author, "
             "recv_window, epoch, held, basis, generation, exit_due, exit_sent) VALUES (?1, "
             "'BTCUSDT', 'LONG', 1, 'CLOSED', 1, ?2, 1, 'post', 1, 1, 'x:44', 1, 1, 0, 0, 0, 0, "
             "0)",
             id, closed_at);
}

static void test_what_rests_says_until_when(void **state) {
    (void)state;
    const usec now = time_wall_us();
    start(now);
    close_trade(9, now - 60 * USEC_PER_S);
    get("/api/why?symbol=BTCUSDT");
    first_is("cooldown_symbol");
    assert_str(json_str_at(step("cooldown_symbol"), "setting"), "trading.cooldown_symbol_s");
    get("/api/limits");
    assert_non_null(strstr(buf_z(&answer.body),
                           "\"name\":\"cooldown_symbol\",\"key\":\"trading.cooldown_symbol_s\","
                           "\"about\":\"BTCUSDT\",\"used\":\"60\",\"limit\":\"900\","));
    get("/api/why?symbol=OLDUSDT");
    first_is("symbol");
    is("cooldown_symbol", "yes");
    get("/api/why?symbol=NOUSDT");
    first_is("symbol");
    executef("UPDATE authors SET last_trade_at = ?1", now - 10 * USEC_PER_S, 0);
    get("/api/why?author=alice");
    first_is("cooldown_author");
    executef("UPDATE authors SET last_trade_at = NULL, trades_today = 5", 0, 0);
    get("/api/why?author=x:44");
    first_is("author_cap");
    get("/api/why?author=nobody");
    first_is("post");
    is("author", "no");
    finish();
}

static void test_limits_say_what_is_used(void **state) {
    (void)state;
    start(time_wall_us());
    get("/api/limits");
    assert_non_null(strstr(buf_z(&answer.body),
                           "\"name\":\"open_positions\",\"key\":\"trading.max_open_positions\","
                           "\"about\":null,\"used\":\"0\",\"limit\":\"5\",\"share\":0.0000"));
    assert_non_null(
        strstr(buf_z(&answer.body),
               "\"name\":\"daily_drawdown\",\"key\":\"trading.max_daily_drawdown\","
               "\"about\":null,\"used\":\"0.015\",\"limit\":\"0.05\",\"share\":0.3000"));
    assert_non_null(strstr(buf_z(&answer.body), "\"about\":\"Alice\",\"used\":\"2\",\"limit\":\"5\""
                                                ",\"share\":0.4000"));
    execute("PRAGMA foreign_keys = OFF; INSERT INTO trades (id, symbol, side, quantity, status, "
            "created_at, strategy, root_id, cluster_id, author, limit_price, "
            "recv_window, epoch, held, basis, generation, exit_due, exit_sent) VALUES (3, "
            "'BTCUSDT', 'LONG', 2000000, 'OPEN', 1, 'post', 1, 1, 'x:44', 5000000000000, 1, 1, 0, "
            "0, 0, 0, 0)");
    get("/api/limits");
    assert_non_null(strstr(buf_z(&answer.body), "\"used\":\"1\",\"limit\":\"5\",\"share\":0.2000"));
    assert_non_null(strstr(buf_z(&answer.body),
                           "\"name\":\"leverage\",\"key\":\"trading.leverage\",\"about\":null,"
                           "\"used\":\"0.1\",\"limit\":\"1\",\"share\":0.1000"));
    get("/api/why?symbol=BTCUSDT");
    first_is("position");
    finish();
}

static void test_strangers_everywhere_are_told(void **state) {
    (void)state;
    start(time_wall_us());
    apikit_config(&k)->sources[0].kind = STR("jetstream");
    apikit_config(&k)->sources[0].strangers = STR("yes");
    get("/api/why");
    first_is("author");
    assert_str(json_str_at(step("author"), "setting"), "judge.author_weights");
    get("/api/why?author=alice");
    assert_non_null(step("author"));
    finish();
}

static void test_every_key_is_described(void **state) {
    (void)state;
    struct error err;
    int64_t id;
    assert_ok(store_setting_put(k.store, STR("trading.signal_threshold"), STR("80"), STR("t"), 1,
                                &id, &err),
              &err);
    assert_ok(
        store_setting_put(k.store, STR("trading.max_hold_s"), STR("3600"), STR("t"), 1, &id, &err),
        &err);
    get("/api/config");
    size_t i, seen = 0;
    json_t *one;
    json_array_foreach(json_object_get(tree, "keys"), i, one) {
        const str key = json_str_at(one, "key");
        assert_true(json_str_at(one, "help").n > 0 && json_str_at(one, "expected").n > 0);
        assert_non_null(json_object_get(one, "value"));
        if (str_eq(key, STR("trading.signal_threshold"))) {
            assert_str(json_str_at(one, "next"), "80");
            assert_int_equal(json_integer_value(json_object_get(one, "value")), 70);
            assert_true(json_is_true(json_object_get(one, "reloadable")));
            seen++;
        } else if (str_eq(key, STR("trading.max_hold_s"))) {
            assert_true(json_is_null(json_object_get(one, "next")));
            seen++;
        } else if (str_eq(key, STR("x.token_file"))) {
            assert_true(json_is_true(json_object_get(one, "secret")));
            seen++;
        }
    }
    assert_int_equal(seen, 3);
}

static void test_symbols_are_the_venues(void **state) {
    (void)state;
    get("/api/symbols");
    assert_int_equal(json_array_size(json_object_get(tree, "symbols")), 2);
    assert_non_null(strstr(buf_z(&answer.body), "{\"symbol\":\"OLDUSDT\",\"base\":\"OLD\","
                                                "\"quote\":\"USDT\",\"trading\":false"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_without_a_trader_that_is_the_answer),
        T(test_when_all_is_well_nothing_holds_it_up),
        T(test_a_replay_that_is_over_holds_it_up),
        T(test_each_condition_is_told_with_its_setting),
        T(test_what_rests_says_until_when),
        T(test_limits_say_what_is_used),
        T(test_strangers_everywhere_are_told),
        T(test_every_key_is_described),
        T(test_symbols_are_the_venues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
