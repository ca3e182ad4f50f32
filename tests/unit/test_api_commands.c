/* What people order over HTTP: each command's row, its answer, its key; flattening in two steps. */
#include <stdatomic.h>

#include <sqlite3.h>

#include "api/body.h"
#include "apiask.h"
#include "store/people.h"

static struct apikit k;
static struct api_core *core;
static struct api_answer answer;
static char trader_token[APIKIT_BEARER_BYTES], other_token[APIKIT_BEARER_BYTES];

static int begin(void **state) {
    (void)state;
    struct error err;
    apikit_begin(&k);
    apikit_token(&k, "desk", TOKEN_TRADE, "", 0, trader_token);
    apikit_token(&k, "other", TOKEN_TRADE, "", 0, other_token);
    api_answer_init(&answer);
    core = NULL;
    assert_ok(api_core_open(&k.boot, &k.opt, &core, &err), &err);
    return 0;
}

static int end(void **state) {
    (void)state;
    api_core_close(core);
    api_answer_fini(&answer);
    apikit_end(&k);
    return 0;
}

/* --- asking ------------------------------------------------------------------------------- */

static int ask(struct apiask q) {
    if (q.method == NULL) q.method = "POST";
    if (q.token == NULL) q.token = trader_token;
    return apiask(core, &answer, &q);
}

static int post(const char *target, const char *body) {
    return ask((struct apiask){.target = target, .body = body});
}

static int post_keyed(const char *target, const char *body, const char *key) {
    return ask((struct apiask){.target = target, .body = body, .key = key});
}

static bool says(const char *text) {
    if (strstr(buf_z(&answer.body), text)) return true;
    print_error("not in the answer: %s\n%s", text, buf_z(&answer.body));
    return false;
}

/* --- the store ---------------------------------------------------------------------------- */

/* One value, by a connection of SQLite's own. */
static const char *value_of(const char *sql) {
    static char text[512];
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open(k.url + strlen("sqlite:"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    text[0] = '\0';
    if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0))
        snprintf(text, sizeof text, "%s", (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    sqlite3_close(db);
    return text;
}

static void execute(const char *sql) { apikit_execute(&k, sql); }

static void start_in(mode m) {
    struct error err;
    int64_t id;
    bool was;
    const struct command cmd = {.verb = VERB_RESUME, .mode = m, .until = USEC_NEVER, .actor = "t"};
    assert_ok(store_command_add(k.store, &cmd, STR(""), time_wall_us(), &id, &was, &err), &err);
}

static mode mode_now(void) {
    struct control c;
    bool found;
    struct error err;
    assert_ok(store_control(k.store, &c, &found, &err), &err);
    return c.mode;
}

static void hold(const char *symbol, const char *size) {
    char sql[1200];
    snprintf(sql, sizeof sql,
             "INSERT INTO positions (symbol, size, avg_entry, unrealized_pnl, updated_at) "
             "VALUES ('%s', %s, 5000000000000, -150000000, 1) ON CONFLICT (symbol) DO UPDATE SET "
             "size = excluded.size",
             symbol, size);
    execute(sql);
}

/* --- a trader that answers ---------------------------------------------------------------- */

static struct {
    pthread_t thread;
    struct store *store;
    struct arena arena;
    struct actions *acts;
    atomic_int stop;
} desk;

static void *answer_all(void *arg) {
    struct command v[4];
    struct error err;
    int n;
    (void)arg;
    while (!atomic_load(&desk.stop)) {
        if (!store_begin(desk.store, true, &err)) continue;
        bool ok = store_commands_pending(desk.store, v, 4, &n, &err);
        desk.acts->count = 0;
        for (int i = 0; ok && i < n; i++) {
            struct action *a = &desk.acts->v[desk.acts->count++];
            a->kind = ACTION_COMMAND_DONE;
            a->u.done.id = v[i].id;
            a->u.done.ok = v[i].target != 13;
            snprintf(a->u.done.result, sizeof a->u.done.result, "%s by the desk",
                     verb_name(v[i].verb));
        }
        if (ok && store_apply(desk.store, desk.acts, &err) && store_commit(desk.store, &err))
            continue;
        store_rollback(desk.store);
    }
    return NULL;
}

static void start_trader(void) {
    struct error err;
    assert_ok(apikit_open_store(&k, STORE_WRITE, &desk.store, &err), &err);
    assert_ok(store_trader_lock(desk.store, &err), &err);
    arena_open(&desk.arena, 4 << 20);
    desk.acts = NEW(&desk.arena, struct actions);
    atomic_store(&desk.stop, 0);
    assert_int_equal(pthread_create(&desk.thread, NULL, answer_all, NULL), 0);
}

static void end_trader(void) {
    atomic_store(&desk.stop, 1);
    pthread_join(desk.thread, NULL);
    store_close(desk.store);
    arena_close(&desk.arena);
}

/* --- bodies ------------------------------------------------------------------------------- */

static void test_a_body_is_strict_and_names_what_is_wrong(void **state) {
    (void)state;
    static const struct {
        const char *body, *field;
        int status;
    } bad[] = {{"{\"reason\":\"x\",\"for\":\"1h\"}", "\"field\":\"for\"", 422},
               {"{\"reason\":\"x\",\"reason\":\"y\"}", "\"field\":\"reason\"", 422},
               {"{\"until\":\"2199-01-01T00:00:00Z\"}", "reason: is missing", 422},
               {"{\"reason\":7}", "reason: expected a text", 422},
               {"{\"reason\":null}", "reason: expected a text", 422},
               {"{\"reason\":{\"a\":1}}", "reason: expected a text", 422},
               {"{\"reason\":\"\"}", "has 0 bytes", 422},
               {"{\"reason\":\" x\"}", "white space", 422},
               {"{\"reason\":\"a\\u0007b\"}", "control character", 422},
               {"{\"reason\":\"x\",\"until\":\"tomorrow\"}", "\"field\":\"until\"", 422},
               {"{\"reason\":\"x\",\"until\":1}", "\"field\":\"until\"", 422},
               {"{\"reason\":\"x\",\"until\":\"2001-01-01T00:00:00Z\"}", "is not ahead", 422},
               {"[]", "no JSON object", 400},
               {"\"x\"", "no JSON object", 400},
               {"{\"reason\":\"x\"} {}", "\"code\":\"BODY\"", 400},
               {"{\"reason\":\"\xff\"}", "not UTF-8", 400},
               {"{\"reason\":", "\"code\":\"BODY\"", 400}};
    char longest[200];
    for (int i = 0; i < COUNT_OF(bad); i++) {
        if (post("/api/halt", bad[i].body) != bad[i].status)
            fail_msg("%s: %d %s", bad[i].body, answer.status, buf_z(&answer.body));
        assert_true(says(bad[i].field));
    }
    snprintf(longest, sizeof longest, "{\"reason\":\"%0128d\"}", 0);
    assert_int_equal(post("/api/halt", longest), 422);
    assert_int_equal(post("/api/halt", ""), 422);
    assert_int_equal(ask((struct apiask){.target = "/api/halt"}), 415);
    assert_string_equal(value_of("SELECT count(*) FROM commands"), "0");
    snprintf(longest, sizeof longest, "{\"reason\":\"%0127d\"}", 0);
    assert_int_equal(post("/api/halt", longest), 202);
}

static void test_ids_are_texts_of_digits(void **state) {
    (void)state;
    static const char *const bad[] = {
        "17",      "\"\"", "\"0\"", "\"-1\"", "\"1x\"", "\"017\"", "\"9223372036854775808\"",
        "\"1.0\"", "true"};
    char body[80];
    for (int i = 0; i < COUNT_OF(bad); i++) {
        snprintf(body, sizeof body, "{\"signal_id\":%s}", bad[i]);
        assert_int_equal(post("/api/approve", body), 422);
        assert_true(says("\"field\":\"signal_id\""));
    }
    assert_int_equal(post("/api/approve", "{\"signal_id\":\"9223372036854775807\"}"), 404);
}

/* --- modes and halts ---------------------------------------------------------------------- */

static void test_a_halt_holds_at_once_and_names_its_actor(void **state) {
    (void)state;
    start_in(MODE_AUTO);
    assert_int_equal(post("/api/halt", "{\"reason\":\"too hot\"}"), 202);
    assert_true(says("\"done\":false,\"ok\":null,\"repeated\":false,\"running\":false,"
                     "\"mode\":\"halted\",\"text\":\"holds from now on; no trader is running\""));
    assert_non_null(api_answer_header_get(&answer, "Location"));
    assert_int_equal(mode_now(), MODE_HALTED);
    assert_string_equal(value_of("SELECT actor || ' ' || verb || ' ' || reason FROM commands "
                                 "ORDER BY id DESC LIMIT 1"),
                        "api:desk halt too hot");
    assert_string_equal(value_of("SELECT actor || ' ' || action FROM audit_log ORDER BY id DESC "
                                 "LIMIT 1"),
                        "api:desk halt");
    assert_int_equal(post("/api/resume", NULL), 202);
    assert_int_equal(mode_now(), MODE_AUTO);
}

static void test_who_halts_sees_it_at_once(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(post("/api/halt", "{\"reason\":\"too hot\"}"), 202);
        assert_int_equal(ask((struct apiask){.method = "GET", .target = "/api/status"}), 200);
        assert_true(says("\"mode\":{\"mode\":\"halted\",\"reason\":\"too hot\""));
        assert_int_equal(post("/api/resume", "{}"), 202);
        assert_int_equal(ask((struct apiask){.method = "GET", .target = "/api/status"}), 200);
        assert_true(says("\"mode\":{\"mode\":\"observe\""));
    }
}

static void test_a_halt_with_an_end_has_it(void **state) {
    (void)state;
    start_in(MODE_MANUAL);
    assert_int_equal(post("/api/halt", "{\"reason\":\"news\",\"until\":\"2199-01-01T00:00:00Z\"}"),
                     202);
    assert_string_equal(value_of("SELECT until FROM control"), "7226582400000000");
    assert_int_equal(post("/api/resume", "{\"reason\":\"over\"}"), 202);
    assert_int_equal(mode_now(), MODE_MANUAL);
}

static void test_a_toggle_goes_between_auto_and_manual(void **state) {
    (void)state;
    start_in(MODE_AUTO);
    assert_int_equal(post("/api/override/toggle", NULL), 202);
    assert_int_equal(mode_now(), MODE_MANUAL);
    assert_int_equal(post("/api/override/toggle", "{}"), 202);
    assert_int_equal(mode_now(), MODE_AUTO);
    assert_int_equal(post("/api/override/toggle", "{\"mode\":\"observe\",\"reason\":\"lunch\"}"),
                     202);
    assert_int_equal(mode_now(), MODE_OBSERVE);
    assert_int_equal(post("/api/override/toggle", NULL), 409);
    assert_true(says("\"code\":\"MODE\""));
    assert_int_equal(post("/api/override/toggle", "{\"mode\":\"off\"}"), 422);
    assert_int_equal(post("/api/override/toggle", "{\"until\":\"2199-01-01T00:00:00Z\"}"), 422);
    assert_true(says("\"field\":\"mode\""));
}

static void test_a_mode_for_a_while_keeps_the_one_that_lasts(void **state) {
    (void)state;
    start_in(MODE_AUTO);
    assert_int_equal(
        post("/api/override/toggle", "{\"mode\":\"manual\",\"until\":\"2199-01-01T00:00:00Z\"}"),
        202);
    assert_string_equal(value_of("SELECT mode || ' ' || before || ' ' || until FROM control"),
                        "manual auto 7226582400000000");
    assert_int_equal(post("/api/halt", "{\"reason\":\"x\"}"), 202);
    assert_string_equal(value_of("SELECT mode || ' ' || before FROM control"), "halted manual");
    assert_int_equal(
        post("/api/override/toggle", "{\"mode\":\"auto\",\"until\":\"2199-01-01T00:00:00Z\"}"),
        409);
    assert_true(says("\"code\":\"HALTED\""));
}

static void test_the_traders_answer_is_waited_for(void **state) {
    (void)state;
    start_in(MODE_AUTO);
    start_trader();
    const int status = post("/api/halt", "{\"reason\":\"x\"}");
    const bool done = says("\"done\":true,\"ok\":true") && says("\"text\":\"halt by the desk\"");
    char id[24] = "", target[64];
    const char *at = strstr(buf_z(&answer.body), "\"id\":\"");
    if (at) sscanf(at, "\"id\":\"%20[0-9]", id);
    snprintf(target, sizeof target, "/api/commands?id=%s", id);
    const int looked = ask((struct apiask){.method = "GET", .target = target});
    const bool same = says("\"done\":true,\"ok\":true");
    end_trader();
    assert_int_equal(status, 200);
    assert_true(done);
    assert_int_equal(looked, 200);
    assert_true(same);
    assert_int_equal(ask((struct apiask){.method = "GET", .target = "/api/commands?id=99"}), 404);
    assert_int_equal(ask((struct apiask){.method = "GET", .target = "/api/commands"}), 400);
    assert_int_equal(ask((struct apiask){.method = "GET", .target = "/api/commands?id=x"}), 400);
}

/* --- keys --------------------------------------------------------------------------------- */

static void test_a_key_repeats_without_harm(void **state) {
    (void)state;
    start_in(MODE_AUTO);
    assert_int_equal(post_keyed("/api/override/toggle", NULL, "k-1"), 202);
    assert_true(says("\"id\":\"2\""));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(post_keyed("/api/override/toggle", NULL, "k-1"), 202);
        assert_true(says("\"id\":\"2\""));
        assert_true(says("\"repeated\":true"));
    }
    assert_int_equal(mode_now(), MODE_MANUAL);
    const char *const halt = "{\"reason\":\"x\",\"until\":\"2199-01-01T00:00:00Z\"}";
    assert_int_equal(post_keyed("/api/halt", halt, "k-2"), 202);
    assert_int_equal(post_keyed("/api/halt", halt, "k-2"), 202);
    assert_true(says("\"repeated\":true"));
    assert_string_equal(value_of("SELECT count(*) FROM commands"), "3");
}

static void test_a_key_stands_for_one_request_only(void **state) {
    (void)state;
    start_in(MODE_AUTO);
    assert_int_equal(post_keyed("/api/halt", "{\"reason\":\"x\"}", "k"), 202);
    assert_int_equal(post_keyed("/api/halt", "{\"reason\":\"y\"}", "k"), 409);
    assert_true(says("\"field\":\"Idempotency-Key\""));
    assert_int_equal(post_keyed("/api/resume", "{\"reason\":\"x\"}", "k"), 409);
    assert_int_equal(mode_now(), MODE_HALTED);
    /* another's key is another key */
    assert_int_equal(
        ask((struct apiask){.target = "/api/resume", .key = "k", .token = other_token}), 202);
    assert_int_equal(mode_now(), MODE_AUTO);
    /* one that failed may be corrected under the same key */
    assert_int_equal(post_keyed("/api/halt", "{}", "k3"), 422);
    assert_int_equal(post_keyed("/api/halt", "{\"reason\":\"x\"}", "k3"), 202);
    static const char *const bad[] = {"", "a b", "a\tb", "\x7f", "\xc3\xa4"};
    for (int i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(post_keyed("/api/halt", "{\"reason\":\"x\"}", bad[i]), 400);
}

/* --- decisions ---------------------------------------------------------------------------- */

static void put_signal_row(int64_t id, const char *was) {
    char sql[700];
    snprintf(sql, sizeof sql,
             "PRAGMA foreign_keys = OFF; INSERT INTO signals (id, tweet_id, root_id, cluster_id, "
             "author, symbol, side, score, base_score, parts, verdict, approved, wants_approval, "
             "posted_at, created_at, expires_at) VALUES (%lld, 1, 1, 1, 'x:1', 'BTCUSDT', 'LONG', "
             "90, 90, '{}', '%s', 0, 1, 1, 1, 2)",
             (long long)id, was);
    execute(sql);
}

static void test_only_a_signal_that_waits_is_decided(void **state) {
    (void)state;
    put_signal_row(5, "waiting");
    put_signal_row(6, "refused");
    assert_int_equal(post("/api/approve", "{\"signal_id\":\"5\"}"), 202);
    assert_true(says("it will be done at the next start"));
    assert_int_equal(post("/api/reject", "{\"signal_id\":\"5\",\"reason\":\"no\"}"), 202);
    assert_int_equal(post("/api/reject", "{\"signal_id\":\"6\"}"), 409);
    assert_true(says("\"code\":\"NOT_WAITING\""));
    assert_int_equal(post("/api/reject", "{\"signal_id\":\"7\"}"), 404);
    assert_string_equal(value_of("SELECT group_concat(verb || target) FROM commands"),
                        "approve5,reject5");
}

static void test_only_a_position_that_is_open_is_closed(void **state) {
    (void)state;
    assert_int_equal(post("/api/positions/close", "{\"symbol\":\"BTCUSDT\"}"), 404);
    assert_int_equal(post("/api/positions/close", "{}"), 422);
    execute("PRAGMA foreign_keys = OFF; INSERT INTO trades (id, symbol, side, quantity, created_at,"
            " strategy, root_id, cluster_id, author, recv_window, epoch, held, basis, generation, "
            "exit_due, exit_sent) VALUES (9, 'BTCUSDT', 'LONG', 1, 1, 'post', 1, 1, 'x:1', 1, 1, "
            "1, 1, 0, 0, 0)");
    assert_int_equal(post("/api/positions/close", "{\"symbol\":\"BTCUSDT\"}"), 202);
    assert_string_equal(value_of("SELECT verb || target FROM commands"), "close9");
}

/* --- flatten ------------------------------------------------------------------------------ */

static const char *flatten_body(void) {
    static char body[128];
    char code[64] = "";
    const char *at = strstr(buf_z(&answer.body), "\"code\":\"");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"code\":\"%40[0-9a-f]", code), 1);
    snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
    return body;
}

static void test_flattening_says_first_what_it_would_do(void **state) {
    (void)state;
    start_in(MODE_AUTO);
    hold("BTCUSDT", "20000000");
    hold("ETHUSDT", "-300000000");
    assert_int_equal(post("/api/flatten", NULL), 200);
    assert_true(says("\"will\":[{\"symbol\":\"BTCUSDT\",\"size\":\"0.2\",\"side\":\"LONG\","
                     "\"unrealized_pnl\":\"-1.5\"},{\"symbol\":\"ETHUSDT\",\"size\":\"3\","
                     "\"side\":\"SHORT\",\"unrealized_pnl\":\"-1.5\"}]"));
    assert_int_equal(mode_now(), MODE_AUTO);
    assert_string_equal(value_of("SELECT count(*) FROM commands"), "1");
    const char *const body = flatten_body();
    assert_int_equal(post("/api/flatten", body), 202);
    assert_int_equal(mode_now(), MODE_HALTED);
    assert_int_equal(post("/api/flatten", body), 409);
    assert_true(says("\"code\":\"CODE\""));
    assert_string_equal(value_of("SELECT count(*) FROM commands WHERE verb = 'flatten'"), "1");
}

static void test_a_code_is_its_owners_and_of_what_was_held(void **state) {
    (void)state;
    start_in(MODE_AUTO);
    hold("BTCUSDT", "20000000");
    assert_int_equal(post("/api/flatten", "{}"), 200);
    const char *const body = flatten_body();
    assert_int_equal(
        ask((struct apiask){.target = "/api/flatten", .body = body, .token = other_token}), 409);
    hold("BTCUSDT", "30000000");
    assert_int_equal(post("/api/flatten", body), 409);
    assert_true(says("\"code\":\"CHANGED\""));
    hold("BTCUSDT", "20000000");
    assert_int_equal(post("/api/flatten", body), 409); /* it was used up */
    assert_true(says("\"code\":\"CODE\""));
    assert_int_equal(post("/api/flatten", "{\"code\":\"00112233445566778899aabbccddeeff\"}"), 409);
    assert_int_equal(mode_now(), MODE_AUTO);
}

static void test_a_flattening_that_is_asked_again_under_its_key_is_one(void **state) {
    (void)state;
    hold("BTCUSDT", "20000000");
    assert_int_equal(post("/api/flatten", NULL), 200);
    const char *const body = flatten_body();
    assert_int_equal(post_keyed("/api/flatten", body, "f"), 202);
    assert_int_equal(post_keyed("/api/flatten", body, "f"), 202);
    assert_true(says("\"repeated\":true"));
    assert_string_equal(value_of("SELECT count(*) FROM commands"), "1");
}

/* --- chores ------------------------------------------------------------------------------- */

static void put_dead_letter_of(const char *source) {
    struct error err;
    int64_t id;
    const struct dead_letter d = {.source = str_from_z(source),
                                  .kind = STR("post"),
                                  .payload = STR("{"),
                                  .error = STR("no JSON"),
                                  .attempts = 1,
                                  .first_at = 1,
                                  .last_at = 1,
                                  .status = STR("dead")};
    assert_ok(store_dead_put(k.store, &d, &id, &err), &err);
}

static void put_dead_letter(void) { put_dead_letter_of("x"); }

static void test_many_dead_letters_are_dropped_by_what_they_are(void **state) {
    (void)state;
    const char *const waiting = "SELECT count(*) FROM dead_letters WHERE status = 'dead'";
    for (int i = 0; i < 3; i++) put_dead_letter_of(i < 2 ? "x" : "bluesky");
    assert_int_equal(post("/api/dead_letters/retry_all", "{}"), 503);
    assert_true(says("NO_READER"));
    assert_int_equal(post("/api/dead_letters/retry_all", "{\"dry_run\":true}"), 200);
    assert_true(says("{\"found\":3,\"done\":0,\"failed\":0,\"more\":false,\"dry_run\":true,"
                     "\"repeated\":false}"));
    assert_int_equal(post("/api/dead_letters/drop_all", "{\"source\":\"x\",\"dry_run\":true}"),
                     200);
    assert_true(says("\"found\":2,\"done\":0"));
    assert_string_equal(value_of(waiting), "3");
    const char *const body = "{\"source\":\"x\",\"kind\":\"post\",\"dry_run\":false}";
    assert_int_equal(post_keyed("/api/dead_letters/drop_all", body, "m"), 200);
    assert_true(says("\"found\":2,\"done\":2,\"failed\":0"));
    assert_int_equal(post_keyed("/api/dead_letters/drop_all", body, "m"), 200);
    assert_true(says("\"found\":0,\"done\":0"));
    assert_true(says("\"repeated\":true"));
    assert_string_equal(value_of(waiting), "1");
    assert_int_equal(post("/api/dead_letters/drop_all", "{\"dry_run\":\"yes\"}"), 422);
    assert_true(says("\"field\":\"dry_run\""));
    assert_int_equal(post("/api/dead_letters/drop_all", "{\"id\":\"1\"}"), 422);
    assert_int_equal(post("/api/dead_letters/drop_all", "{\"kind\":\"job\"}"), 200);
    assert_true(says("\"found\":0"));
    assert_int_equal(post("/api/dead_letters/drop_all", NULL), 200);
    assert_true(says("\"done\":1"));
    assert_string_equal(value_of(waiting), "0");
    assert_string_equal(value_of("SELECT count(*) FROM audit_log WHERE entity = 'dead_letter'"),
                        "3");
}

static void test_a_dead_letter_is_dropped_once(void **state) {
    (void)state;
    put_dead_letter();
    assert_int_equal(post("/api/dead_letters/retry", "{\"id\":\"1\"}"), 503);
    assert_true(says("NO_READER"));
    assert_int_equal(post_keyed("/api/dead_letters/drop", "{\"id\":\"1\"}", "d"), 200);
    assert_int_equal(post_keyed("/api/dead_letters/drop", "{\"id\":\"1\"}", "d"), 200);
    assert_true(says("\"repeated\":true"));
    assert_int_equal(post_keyed("/api/dead_letters/drop", "{\"id\":\"2\"}", "d"), 409);
    assert_int_equal(post("/api/dead_letters/drop", "{\"id\":\"1\"}"), 409);
    assert_true(says("\"code\":\"STATE\""));
    assert_int_equal(post("/api/dead_letters/drop", "{\"id\":\"2\"}"), 404);
    assert_string_equal(value_of("SELECT actor FROM audit_log ORDER BY id DESC LIMIT 1"),
                        "api:desk");
}

static void test_a_letter_of_a_replay_is_dropped_at_its_time(void **state) {
    (void)state;
    struct error err;
    assert_ok(
        store_cursor_put(k.store, STR("run"), STR("time=virtual\nclock=1621440000000000\n"), &err),
        &err);
    put_dead_letter();
    assert_int_equal(post("/api/dead_letters/drop", "{\"id\":\"1\"}"), 200);
    assert_string_equal(value_of("SELECT at FROM audit_log ORDER BY id DESC LIMIT 1"),
                        "1621440000000000");
}

static int put(const char *body) {
    return ask((struct apiask){.method = "PUT", .target = "/api/settings", .body = body});
}

static void test_a_setting_is_one_that_may_change(void **state) {
    (void)state;
    assert_int_equal(put("{\"key\":\"trading.signal_threshold\",\"value\":\"80\"}"), 200);
    assert_true(says("\"done\":false,\"ok\":true"));
    assert_true(says("no trader is running, it will be done at the next start"));
    assert_string_equal(value_of("SELECT verb || ' ' || reason FROM commands"),
                        "setting trading.signal_threshold");
    assert_string_equal(value_of("SELECT value || ' ' || actor FROM settings"), "80 api:desk");
    assert_int_equal(put("{\"key\":\"trading.signal_threshold\",\"value\":\"101\"}"), 422);
    assert_true(says("\"field\":\"value\""));
    assert_int_equal(put("{\"key\":\"store.url\",\"value\":\"sqlite:x\"}"), 422);
    assert_true(says("NOT_RELOADABLE"));
    assert_int_equal(put("{\"key\":\"no.such\",\"value\":\"1\"}"), 422);
    assert_int_equal(put("{\"key\":\"trading.signal_threshold\",\"value\":80}"), 422);
    assert_int_equal(put("{\"key\":\"trading.signal_threshold\"}"), 422);
    assert_int_equal(put("{\"key\":\"trading.signal_threshold\",\"value\":\"\"}"), 200);
    assert_string_equal(value_of("SELECT count(*) FROM settings"), "0");
}

static void test_who_may_only_read_changes_nothing(void **state) {
    (void)state;
    char reader[APIKIT_BEARER_BYTES];
    apikit_token(&k, "eyes", TOKEN_READ, "", 0, reader);
    api_core_tick(core, time_wall_us(), time_monotonic_us());
    for (int i = 0; i < api_route_count; i++) {
        const struct api_route *r = &api_routes[i];
        if (strcmp(r->method, "GET") == 0 || r->role == TOKEN_NONE) continue;
        const struct apiask q = {
            .method = r->method, .target = r->path, .body = "{}", .token = reader};
        assert_int_equal(ask(q), 403);
    }
    assert_string_equal(value_of("SELECT count(*) FROM commands"), "0");
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_a_body_is_strict_and_names_what_is_wrong),
        T(test_ids_are_texts_of_digits),
        T(test_a_halt_holds_at_once_and_names_its_actor),
        T(test_who_halts_sees_it_at_once),
        T(test_a_halt_with_an_end_has_it),
        T(test_a_toggle_goes_between_auto_and_manual),
        T(test_a_mode_for_a_while_keeps_the_one_that_lasts),
        T(test_the_traders_answer_is_waited_for),
        T(test_a_key_repeats_without_harm),
        T(test_a_key_stands_for_one_request_only),
        T(test_only_a_signal_that_waits_is_decided),
        T(test_only_a_position_that_is_open_is_closed),
        T(test_flattening_says_first_what_it_would_do),
        T(test_a_code_is_its_owners_and_of_what_was_held),
        T(test_a_flattening_that_is_asked_again_under_its_key_is_one),
        T(test_a_dead_letter_is_dropped_once),
        T(test_many_dead_letters_are_dropped_by_what_they_are),
        T(test_a_letter_of_a_replay_is_dropped_at_its_time),
        T(test_a_setting_is_one_that_may_change),
        T(test_who_may_only_read_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
