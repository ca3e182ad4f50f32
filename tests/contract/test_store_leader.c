/* Who trades, on PostgreSQL: one at a time, a killed one is followed at once, and whoever was taken
 * over from writes nothing any more, not even what he had begun. */
#include "store_contract.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#include "pg_server.h"
#include "rows_make.h"

#include "store/store_int.h"

#define NOW (INT64_C(1700000000) * USEC_PER_S)

static struct pg_server server;
static struct rng rng;
static int made;

/* A store with two who want to trade. */
struct two {
    char schema[32], url[512];
    struct arena arena;
    struct store *a, *b;
    struct actions acts;
};

static struct store *open_one(struct two *t, bool create) {
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = {.url = str_from_z(t->url),
                                      .access = STORE_WRITE,
                                      .create = create,
                                      .full_sync = true,
                                      .busy_timeout_ms = 500};
    assert_ok(store_open(&t->arena, &opt, &s, &err), &err);
    return s;
}

static int set_up(void **state) {
    struct two *t = calloc(1, sizeof *t);
    assert_non_null(t);
    arena_open(&t->arena, 16 << 20);
    snprintf(t->schema, sizeof t->schema, "leader_%d", ++made);
    pg_server_url(&server, t->schema, t->url, sizeof t->url);
    t->a = open_one(t, true);
    t->b = open_one(t, false);
    *state = t;
    return 0;
}

static int tear_down(void **state) {
    struct two *t = *state;
    store_close(t->a);
    store_close(t->b);
    arena_close(&t->arena);
    free(t);
    return 0;
}

static int64_t number(struct two *t, const char *sql) {
    return pg_server_number(&server, t->schema, sql);
}

static int64_t token(struct two *t) { return number(t, "SELECT token FROM leader"); }

/* As if its trader had stood still for so long. */
static void expire_lease(struct two *t) {
    pg_server_sql(&server, t->schema, "UPDATE leader SET expires_at = clock_timestamp()");
}

static void lock(struct store *s) {
    struct error err;
    assert_ok(store_trader_lock(s, &err), &err);
}

/* -- what a turn writes ------------------------------------------------------------------------ */

static struct trade some_trade(void) {
    return (struct trade){.id = 10,
                          .root_id = 1,
                          .author = "x:1",
                          .strategy = "post",
                          .sym = SYM_NONE,
                          .symbol = "DOGEUSDT",
                          .side = SIDE_LONG,
                          .leverage = 1,
                          .created_at = NOW,
                          .epoch = 1};
}

static void put_post(struct two *t) {
    struct post *post = NEW(&t->arena, struct post);
    struct reading *reading = NEW(&t->arena, struct reading);
    make_reading(&rng, 1, post, reading);
    add_action(&t->acts, ACTION_PUT_POST)->u.post.reading = reading;
}

static void put_signal(struct two *t) {
    struct signal *s = &add_action(&t->acts, ACTION_PUT_SIGNAL)->u.signal;
    make_signal(&rng, s);
    s->tweet_id = 1;
}

static void put_trade(struct two *t) {
    add_action(&t->acts, ACTION_PUT_TRADE)->u.trade = some_trade();
}

static void put_intent(struct two *t) {
    add_action(&t->acts, ACTION_PUT_INTENT)->u.trade = some_trade();
}

static void put_order(struct two *t) {
    struct order *o = &add_action(&t->acts, ACTION_PUT_ORDER)->u.order;
    make_order(&rng, o);
    o->id = 20;
    o->trade_id = 0;
}

static void put_fill(struct two *t) {
    add_action(&t->acts, ACTION_PUT_FILL)->u.fill = (struct fill){.id = 30,
                                                                  .symbol = "DOGEUSDT",
                                                                  .side = ORDER_BUY,
                                                                  .leg = LEG_ENTRY,
                                                                  .qty = qty_from_e8(E8),
                                                                  .price = price_from_e8(E8),
                                                                  .quote = money_from_e8(E8),
                                                                  .fee_asset = "USDT",
                                                                  .at = NOW};
}

static void put_position(struct two *t) {
    add_action(&t->acts, ACTION_PUT_POSITION)->u.position =
        (struct position){.symbol = "DOGEUSDT", .size = qty_from_e8(1), .leverage = 1};
}

static void put_equity(struct two *t) {
    add_action(&t->acts, ACTION_PUT_EQUITY)->u.equity = (struct equity_sample){.at = NOW};
}

static void put_account(struct two *t) {
    add_action(&t->acts, ACTION_PUT_ACCOUNT)->u.account = (struct account){.now = NOW};
}

static void put_control(struct two *t) {
    add_action(&t->acts, ACTION_PUT_CONTROL)->u.control = (struct control){
        .mode = MODE_AUTO, .before = MODE_AUTO, .epoch = 99, .since = NOW, .until = USEC_NEVER};
}

static void put_audit(struct two *t) {
    add_action(&t->acts, ACTION_AUDIT)->u.audit =
        (struct audit){.at = NOW, .actor = "program", .action = "test", .entity = "none"};
}

static void put_ledger(struct two *t) {
    struct action *a = add_action(&t->acts, ACTION_LEDGER);
    a->u.ledger.seq = 1;
    a->u.ledger.at = NOW;
    memcpy(a->u.ledger.line, "line", 5);
}

static void put_author(struct two *t) {
    make_author(&rng, &add_action(&t->acts, ACTION_PUT_AUTHOR)->u.author);
}

static void put_memory(struct two *t) {
    make_memory(&rng, &add_action(&t->acts, ACTION_PUT_MEMORY)->u.memory);
}

static void put_forecast(struct two *t) {
    make_forecast(&rng, &add_action(&t->acts, ACTION_PUT_FORECAST)->u.forecast);
}

static void put_deletion(struct two *t) {
    make_deletion(&rng, &add_action(&t->acts, ACTION_PUT_DELETION)->u.deletion);
}

/* Each with the table that it goes to. */
static const struct {
    const char *table;
    void (*put)(struct two *t);
} kinds[] = {
    {"tweets", put_post},        {"signals", put_signal},     {"trades", put_trade},
    {"intents", put_intent},     {"orders", put_order},       {"fills", put_fill},
    {"positions", put_position}, {"equity", put_equity},      {"account", put_account},
    {"control", put_control},    {"audit_log", put_audit},    {"ledger", put_ledger},
    {"authors", put_author},     {"post_memory", put_memory}, {"forecasts", put_forecast},
    {"deletions", put_deletion},
};

static int64_t rows_of(struct two *t, const char *table) {
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    return number(t, sql);
}

static bool try_turn(struct two *t, struct store *s, struct error *err) {
    bool ok = store_begin(s, true, err);
    if (ok) {
        ok = store_apply(s, &t->acts, err) && store_commit(s, err);
        if (!ok) store_rollback(s);
    }
    t->acts.count = 0;
    return ok;
}

/* -- one at a time ----------------------------------------------------------------------------- */

static void test_a_trader_is_named_to_who_comes_second(void **state) {
    struct two *t = *state;
    struct error err;
    char pid[32];
    lock(t->a);
    assert_fails(store_trader_lock(t->b, &err), &err, ERR_EXISTS);
    snprintf(pid, sizeof pid, "process %lld", (long long)getpid());
    assert_non_null(strstr(err.msg, pid));
    assert_ok(store_trader_keep(t->a, &err), &err);
    assert_ok(store_trader_keep(t->b, &err), &err); /* who is none has nothing to keep */
    assert_int_equal(token(t), 1);
}

static void test_a_trader_that_ends_leaves_at_once(void **state) {
    struct two *t = *state;
    int64_t pid;
    lock(t->a);
    assert_true(store_trader_running(t->b, &pid));
    assert_int_equal(pid, getpid());
    store_close(t->a);
    assert_false(store_trader_running(t->b, &pid));
    lock(t->b);
    assert_int_equal(token(t), 2);
    t->a = open_one(t, false);
}

static void test_a_killed_trader_is_followed_though_its_lease_lasts(void **state) {
    struct two *t = *state;
    int to_parent[2], status;
    char byte;
    assert_int_equal(pipe(to_parent), 0);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        struct error err;
        struct store *s = open_one(t, false);
        const bool ok = store_trader_lock(s, &err);
        if (write(to_parent[1], ok ? "y" : "n", 1) == 1) pause();
        _exit(0);
    }
    assert_int_equal(read(to_parent[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    pg_server_sql(&server, t->schema, "UPDATE leader SET expires_at = 'infinity'");
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    struct error err;
    while (!store_trader_lock(t->b, &err)) { /* the server takes a moment to see it */
        assert_int_equal(err.code, ERR_EXISTS);
        usleep(1000);
    }
    assert_int_equal(token(t), 2);
    close(to_parent[0]), close(to_parent[1]);
}

/* -- who was taken over from ------------------------------------------------------------------- */

static void test_whatever_an_earlier_trader_writes_is_refused(void **state) {
    struct two *t = *state;
    struct error err;
    lock(t->a);
    put_control(t);
    t->acts.v[0].u.control.epoch = 1; /* the epoch that its intents are of */
    assert_ok(try_turn(t, t->a, &err), &err);
    expire_lease(t);
    lock(t->b);
    assert_int_equal(token(t), 2);
    for (int i = 0; i < COUNT_OF(kinds); i++) {
        const int64_t before = rows_of(t, kinds[i].table);
        kinds[i].put(t);
        const bool ok = try_turn(t, t->a, &err);
        if (ok || err.code != ERR_REFUSED || strstr(err.msg, "taken over") == NULL)
            fail_msg("%s: %s", kinds[i].table, ok ? "was let in" : err.msg);
        if (rows_of(t, kinds[i].table) != before) fail_msg("%s has a row", kinds[i].table);
    }
    assert_int_equal(number(t, "SELECT epoch FROM control"), 1);
    assert_fails(store_trader_keep(t->a, &err), &err, ERR_REFUSED);
    for (int i = 0; i < COUNT_OF(kinds); i++) {               /* and the one who trades now may */
        if (strcmp(kinds[i].table, "intents") == 0) continue; /* of another epoch */
        kinds[i].put(t);
        if (!try_turn(t, t->b, &err)) fail_msg("%s: %s", kinds[i].table, err.msg);
    }
}

static void test_single_statements_of_an_earlier_trader_are_refused_too(void **state) {
    static const struct sql wrong[] = {
        {"UPDATE control SET mode = 'auto'"},
        {"DELETE FROM positions"},
        {"UPDATE cursors SET value = ''"},
        {"UPDATE commands SET status = 'done', result = ''"},
    };
    struct two *t = *state;
    struct error err;
    lock(t->a);
    expire_lease(t);
    lock(t->b);
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        assert_fails(query_exec(t->a, &wrong[i], &err), &err, ERR_REFUSED);
        assert_ok(query_exec(t->b, &wrong[i], &err), &err);
    }
}

static void test_what_was_committed_before_stays(void **state) {
    struct two *t = *state;
    struct error err;
    lock(t->a);
    put_order(t);
    assert_ok(try_turn(t, t->a, &err), &err);
    expire_lease(t);
    put_fill(t); /* nobody has taken over yet */
    assert_ok(try_turn(t, t->a, &err), &err);
    assert_ok(store_trader_keep(t->a, &err), &err);
    assert_fails(store_trader_lock(t->b, &err), &err, ERR_EXISTS); /* it has its lease again */
    assert_int_equal(rows_of(t, "orders") + rows_of(t, "fills"), 2);
}

/* Half a turn: an order at the server, and a line of the ledger. */
static void begin_turn(struct two *t) {
    struct error err;
    struct control c;
    bool found;
    put_order(t);
    put_ledger(t);
    assert_ok(store_begin(t->a, true, &err), &err);
    assert_ok(store_apply(t->a, &t->acts, &err), &err);
    assert_ok(store_control(t->a, &c, &found, &err), &err); /* so it is all there */
    t->acts.count = 0;
}

static void assert_undone(struct two *t) {
    struct error err;
    assert_false(store_commit(t->a, &err));
    store_rollback(t->a);
    assert_int_equal(rows_of(t, "orders") + rows_of(t, "ledger"), 0);
    put_order(t);
    assert_fails(try_turn(t, t->a, &err), &err, ERR_REFUSED); /* its session is gone */
    put_order(t);
    assert_ok(try_turn(t, t->b, &err), &err);
    assert_int_equal(rows_of(t, "orders"), 1);
}

static void test_a_turn_that_stands_still_is_undone_by_who_takes_over(void **state) {
    struct two *t = *state;
    lock(t->a);
    expire_lease(t);
    begin_turn(t);
    lock(t->b);
    assert_int_equal(token(t), 2);
    assert_undone(t);
}

static void test_a_turn_that_stands_still_is_undone_by_the_database(void **state) {
    struct two *t = *state;
    lock(t->a);
    begin_turn(t);
    while (number(t, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") > 0)
        usleep(10000);
    lock(t->b);
    assert_undone(t);
}

static void *lock_b(void *arg) {
    struct two *t = arg;
    struct error err;
    store_close(t->b);
    const struct store_options opt = {.url = str_from_z(t->url),
                                      .access = STORE_WRITE,
                                      .full_sync = true,
                                      .busy_timeout_ms = 60000};
    if (!store_open(&t->arena, &opt, &t->b, &err)) return NULL;
    return store_trader_lock(t->b, &err) ? t : NULL;
}

static void test_a_turn_that_ends_in_time_is_whole_before_another_takes_over(void **state) {
    struct two *t = *state;
    struct error err;
    pthread_t other;
    void *got;
    lock(t->a);
    expire_lease(t);
    begin_turn(t);
    assert_int_equal(pthread_create(&other, NULL, lock_b, t), 0);
    while (number(t, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0) usleep(1000);
    assert_ok(store_commit(t->a, &err), &err);
    assert_int_equal(pthread_join(other, &got), 0);
    assert_int_equal(rows_of(t, "orders") + rows_of(t, "ledger"), 2);
    assert_int_equal(token(t), got == NULL ? 1 : 2);
}

static void test_commits_renew_the_lease(void **state) {
    static const char until[] =
        "SELECT (extract(epoch FROM expires_at) * 1000000)::bigint FROM leader";
    struct two *t = *state;
    struct error err;
    lock(t->a);
    const int64_t first = number(t, until);
    for (int64_t seq = 1; number(t, until) == first; seq++) { /* for a second */
        put_ledger(t);
        t->acts.v[0].u.ledger.seq = seq;
        assert_ok(try_turn(t, t->a, &err), &err);
    }
}

static void test_a_session_that_the_database_ended_trades_no_more(void **state) {
    struct two *t = *state;
    struct error err;
    lock(t->a);
    pg_server_sql(&server, t->schema,
                  "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = "
                  "'advisory' AND l.objsubid = 2 AND l.pid <> pg_backend_pid()");
    while (!store_trader_lock(t->b, &err)) assert_int_equal(err.code, ERR_EXISTS);
    put_order(t); /* the end of its session may be noticed before this is sent, or by it */
    assert_false(try_turn(t, t->a, &err));
    assert_true(err.code == ERR_REFUSED || err.code == ERR_IO);
    put_order(t);
    assert_fails(try_turn(t, t->a, &err), &err, ERR_REFUSED);
    assert_non_null(strstr(err.msg, "start again"));
    assert_int_equal(rows_of(t, "orders"), 0);
}

/* -- people, and processes beside the trader --------------------------------------------------- */

static void test_others_write_while_one_trades(void **state) {
    struct two *t = *state;
    struct error err;
    int64_t id;
    bool repeated;
    const struct command halt = {.verb = VERB_HALT, .actor = "cli:ann", .until = USEC_NEVER};
    lock(t->a);
    assert_ok(store_command_add(t->b, &halt, STR(""), NOW, &id, &repeated, &err), &err);
    assert_int_equal(number(t, "SELECT count(*) FROM control WHERE mode = 'halted'"), 1);
    put_post(t);
    assert_ok(try_turn(t, t->b, &err), &err);
}

/* Two at once, again and again; whoever has it loses its lease at once. */
struct racer {
    struct two *t;
    int won;
};

static void *race(void *arg) {
    struct racer *r = arg;
    struct error err;
    for (int i = 0; i < 50 || r->won == 0; i++) {
        if (store_trader_lock(r->t->b, &err)) r->won++;
        expire_lease(r->t);
    }
    return NULL;
}

static void test_of_two_that_take_over_again_and_again_one_trades(void **state) {
    struct two *t = *state;
    struct error err;
    pthread_t other;
    struct racer b = {.t = t};
    int won = 0;
    assert_int_equal(pthread_create(&other, NULL, race, &b), 0);
    for (int i = 0; i < 50; i++) won += store_trader_lock(t->a, &err);
    assert_int_equal(pthread_join(other, NULL), 0);
    expire_lease(t);
    if (won == 0) lock(t->a);
    int let_in = 0; /* both believe that they trade, or did */
    for (int i = 0; i < 2; i++) {
        put_equity(t);
        let_in += try_turn(t, i ? t->a : t->b, &err);
    }
    assert_int_equal(let_in, 1);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_trader_is_named_to_who_comes_second),
        T(a_trader_that_ends_leaves_at_once),
        T(a_killed_trader_is_followed_though_its_lease_lasts),
        T(whatever_an_earlier_trader_writes_is_refused),
        T(single_statements_of_an_earlier_trader_are_refused_too),
        T(what_was_committed_before_stays),
        T(a_turn_that_stands_still_is_undone_by_who_takes_over),
        T(a_turn_that_stands_still_is_undone_by_the_database),
        T(a_turn_that_ends_in_time_is_whole_before_another_takes_over),
        T(commits_renew_the_lease),
        T(a_session_that_the_database_ended_trades_no_more),
        T(others_write_while_one_trades),
        T(of_two_that_take_over_again_and_again_one_trades),
    };
    rng_init(&rng, test_seed());
    pg_server_start(&server);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_server_stop(&server);
    return failed;
}
