/* The store on PostgreSQL over a wire that breaks and hangs, and on a server that is stopped, loses
 * its power, or asks who is there: what was committed stays, what is not known is said so, and the
 * connection comes back, but for a trader's. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#include "pg_server.h"
#include "tcp_proxy.h"

#include "base/secret.h"
#include "store/store_int.h"

#define NOW (INT64_C(1700000000) * USEC_PER_S)

static struct pg_server server;
static struct arena arena;
static int made;

/* A store over the wire, and one beside it. */
struct wired {
    char schema[32], url[512], direct[512];
    struct tcp_proxy *wire;
    struct store *s;
};

static bool try_open(const char *url, bool create, const struct secret *password, const char *ca,
                     struct store **ret, struct error *err) {
    const struct store_options opt = {.url = str_from_z(url),
                                      .access = STORE_WRITE,
                                      .create = create,
                                      .full_sync = true,
                                      .busy_timeout_ms = 2000,
                                      .password = password,
                                      .ca_file = str_from_z(ca)};
    return store_open(&arena, &opt, ret, err);
}

static struct store *open_url(const char *url, bool create) {
    struct error err;
    struct store *s = NULL;
    assert_ok(try_open(url, create, NULL, "", &s, &err), &err);
    return s;
}

static int set_up(void **state) {
    struct wired *w = calloc(1, sizeof *w);
    struct error err;
    char target[32];
    assert_non_null(w);
    snprintf(w->schema, sizeof w->schema, "wire_%d", ++made);
    snprintf(target, sizeof target, "127.0.0.1:%d", server.port);
    assert_ok(tcp_proxy_open(0, str_from_z(target), &w->wire, &err), &err);
    snprintf(w->url, sizeof w->url, "postgresql://bullfinch@127.0.0.1:%d/postgres?schema=%s",
             tcp_proxy_port(w->wire), w->schema);
    pg_server_tcp_url(&server, "bullfinch", w->schema, "", w->direct, sizeof w->direct);
    w->s = open_url(w->url, true);
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    struct wired *w = *state;
    tcp_proxy_set(w->wire, PROXY_PASS, 0);
    store_close(w->s);
    tcp_proxy_close(w->wire);
    free(w);
    return 0;
}

static bool put(struct store *s, const char *name, struct error *err) {
    return store_cursor_put(s, str_from_z(name), STR("1"), err);
}

static int64_t cursors(struct wired *w) {
    return pg_server_number(&server, w->schema, "SELECT count(*) FROM cursors");
}

/* -- a wire that breaks ------------------------------------------------------------------------ */

static void test_a_connection_that_broke_is_made_again(void **state) {
    struct wired *w = *state;
    struct error err;
    assert_ok(put(w->s, "a", &err), &err);
    const int64_t before = store_data_version(w->s);
    tcp_proxy_cut_once(w->wire);
    assert_ok(put(w->s, "b", &err), &err);
    assert_ok(store_begin(w->s, true, &err), &err);
    assert_ok(put(w->s, "c", &err), &err);
    assert_ok(store_commit(w->s, &err), &err);
    assert_int_equal(cursors(w), 3);
    assert_int_not_equal(store_data_version(w->s), before); /* who knows what happened meanwhile */
}

static void test_a_transaction_that_lost_its_connection_is_undone(void **state) {
    struct wired *w = *state;
    struct error err;
    struct control c;
    bool found;
    assert_ok(store_begin(w->s, true, &err), &err);
    assert_ok(put(w->s, "a", &err), &err);
    assert_ok(store_control(w->s, &c, &found, &err), &err);
    tcp_proxy_cut_once(w->wire);
    assert_fails(store_control(w->s, &c, &found, &err), &err, ERR_IO);
    assert_fails(put(w->s, "b", &err), &err, ERR_STATE); /* only a rollback is possible */
    assert_false(store_commit(w->s, &err));
    store_rollback(w->s);
    assert_int_equal(cursors(w), 0);
    assert_ok(put(w->s, "c", &err), &err);
    assert_int_equal(cursors(w), 1);
}

/* A deferred trigger holds the commit up until a lock is given back. */
static void hold_commits(struct wired *w) {
    pg_server_sql(&server, w->schema,
                  "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
                  "pg_advisory_xact_lock(4711); RETURN NULL; END $$; "
                  "CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON cursors DEFERRABLE INITIALLY "
                  "DEFERRED FOR EACH ROW EXECUTE FUNCTION hold(); SELECT pg_advisory_lock(4711)");
}

struct committer {
    struct store *s;
    struct error err;
    bool ok;
};

static void *commit(void *arg) {
    struct committer *c = arg;
    c->ok = store_commit(c->s, &c->err);
    return NULL;
}

static void test_a_commit_whose_answer_is_lost_is_not_known(void **state) {
    struct wired *w = *state;
    struct error err;
    pthread_t thread;
    struct committer c = {.s = w->s};
    hold_commits(w);
    assert_ok(store_begin(w->s, false, &err), &err);
    assert_ok(put(w->s, "a", &err), &err);
    assert_int_equal(pthread_create(&thread, NULL, commit, &c), 0);
    while (pg_server_number(&server, "public",
                            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = "
                            "4711 AND NOT granted") == 0)
        usleep(1000);
    tcp_proxy_cut_once(w->wire);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_fails(c.ok, &c.err, ERR_UNKNOWN);
    assert_non_null(strstr(c.err.msg, "what the store holds counts"));
    store_rollback(w->s);
    pg_server_sql(&server, "public", "SELECT pg_advisory_unlock(4711)");
    while (cursors(w) == 0) usleep(1000); /* it was stored, and now everybody can see that */
}

static void test_a_trader_does_not_come_back_by_itself(void **state) {
    struct wired *w = *state;
    struct error err;
    assert_ok(store_trader_lock(w->s, &err), &err);
    tcp_proxy_cut_once(w->wire);
    assert_fails(put(w->s, "a", &err), &err, ERR_REFUSED);
    assert_fails(store_trader_keep(w->s, &err), &err, ERR_REFUSED);
    struct store *other = open_url(w->direct, false);
    while (!store_trader_lock(other, &err)) assert_int_equal(err.code, ERR_EXISTS);
    store_close(other);
}

/* The wire hangs: the trader cannot say that it is there, another takes over, and when the wire
 * heals, what the first one had sent is refused. */
static void test_a_trader_behind_a_hanging_wire_is_followed_and_then_refused(void **state) {
    struct wired *w = *state;
    struct error err;
    pthread_t thread;
    struct committer c = {.s = w->s};
    assert_ok(store_trader_lock(w->s, &err), &err);
    struct store *other = open_url(w->direct, false);
    assert_fails(store_trader_lock(other, &err), &err, ERR_EXISTS);
    assert_ok(put(w->s, "before", &err), &err);
    tcp_proxy_set(w->wire, PROXY_HANG, 0);
    assert_ok(store_begin(w->s, true, &err), &err);
    assert_ok(put(w->s, "late", &err) || err.code == ERR_OK, &err);
    assert_int_equal(pthread_create(&thread, NULL, commit, &c), 0);
    while (!store_trader_lock(other, &err)) {
        assert_int_equal(err.code, ERR_EXISTS);
        usleep(10000);
    }
    tcp_proxy_set(w->wire, PROXY_PASS, 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_fails(c.ok, &c.err, ERR_REFUSED);
    store_rollback(w->s);
    assert_int_equal(
        pg_server_number(&server, w->schema, "SELECT count(*) FROM cursors WHERE name = 'late'"),
        0);
    assert_ok(put(other, "mine", &err), &err);
    store_close(other);
}

/* -- a server that goes away ------------------------------------------------------------------- */

static void test_a_server_that_was_stopped_is_missed_and_found_again(void **state) {
    struct wired *w = *state;
    struct error err;
    struct store *s = NULL;
    assert_ok(put(w->s, "a", &err), &err);
    pg_server_halt(&server, SIGINT);
    assert_fails(put(w->s, "b", &err), &err, ERR_IO);
    assert_fails(put(w->s, "b", &err), &err, ERR_IO);
    assert_non_null(strstr(err.msg, "tried again in a second"));
    assert_fails(try_open(w->direct, false, NULL, "", &s, &err), &err, ERR_IO);
    assert_non_null(strstr(err.msg, "connect to postgresql://bullfinch@127.0.0.1"));
    pg_server_resume(&server);
    while (!put(w->s, "c", &err)) assert_int_equal(err.code, ERR_IO);
    assert_int_equal(cursors(w), 2);
}

static void test_what_was_committed_is_there_after_a_power_cut(void **state) {
    struct wired *w = *state;
    struct error err;
    char name[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "c%d", i);
        assert_ok(store_begin(w->s, true, &err), &err);
        assert_ok(put(w->s, name, &err), &err);
        assert_ok(store_commit(w->s, &err), &err);
    }
    pg_server_halt(&server, SIGQUIT);
    pg_server_resume(&server);
    assert_int_equal(cursors(w), 20);
    while (!put(w->s, "then", &err)) assert_int_equal(err.code, ERR_IO);
}

static void test_a_session_that_was_ended_says_so(void **state) {
    struct wired *w = *state;
    struct error err;
    struct control c;
    bool found;
    assert_ok(store_begin(w->s, true, &err), &err);
    assert_ok(put(w->s, "a", &err), &err);
    assert_ok(store_control(w->s, &c, &found, &err), &err);
    pg_server_sql(&server, "public",
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in "
                  "transaction'");
    assert_false(store_control(w->s, &c, &found, &err) && put(w->s, "b", &err) &&
                 store_commit(w->s, &err));
    assert_int_equal(err.code, ERR_IO);
    store_rollback(w->s);
    assert_ok(put(w->s, "c", &err), &err);
    assert_int_equal(cursors(w), 1);
}

/* -- who is there? ----------------------------------------------------------------------------- */

static void test_a_password_is_asked_for_and_never_shown(void **state) {
    struct wired *w = *state;
    struct error err;
    struct store *s = NULL;
    struct secret right, wrong;
    char url[512];
    pg_server_sql(&server, w->schema,
                  "CREATE ROLE keyholder LOGIN SUPERUSER PASSWORD 'open sesame'");
    pg_server_ask_password(&server, "keyholder");
    assert_ok(secret_copy(STR("open sesame"), &right, &err), &err);
    assert_ok(secret_copy(STR("swordfish"), &wrong, &err), &err);
    pg_server_tcp_url(&server, "keyholder", w->schema, "", url, sizeof url);
    assert_fails(try_open(url, false, NULL, "", &s, &err), &err, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "store.password_file"));
    assert_fails(try_open(url, false, &wrong, "", &s, &err), &err, ERR_CONFIG);
    assert_non_null(strstr(err.msg, "pg_hba.conf"));
    assert_true(store_is_unfit(&err) && !store_may_pass(&err));
    assert_null(strstr(err.msg, "swordfish"));
    assert_ok(try_open(url, false, &right, "", &s, &err), &err);
    assert_null(strstr(store_path(s), "sesame"));
    store_close(s);
    secret_wipe(&right), secret_wipe(&wrong);
}

static void test_a_server_proves_who_it_is_where_that_is_wanted(void **state) {
    struct wired *w = *state;
    struct error err;
    struct store *s = NULL;
    char url[512], ca[96];
    pg_server_speak_tls(&server, "127.0.0.1", ca, sizeof ca);
    pg_server_tcp_url(&server, "bullfinch", w->schema, "&sslmode=verify-full", url, sizeof url);
    assert_fails(try_open(url, false, NULL, "", &s, &err), &err, ERR_CONFIG); /* nobody knows it */
    assert_non_null(strstr(err.msg, "store.ca_file"));
    assert_ok(try_open(url, false, NULL, ca, &s, &err), &err);
    assert_null(store_warning(s));
    assert_true(pg_server_number(&server, "public", "SELECT count(*) FROM pg_stat_ssl WHERE ssl") >
                0);
    store_close(s);
    pg_server_speak_tls(&server, "db.example.com", ca, sizeof ca); /* another's */
    assert_fails(try_open(url, false, NULL, ca, &s, &err), &err, ERR_CONFIG);
    pg_server_tcp_url(&server, "bullfinch", w->schema, "&sslmode=verify-ca", url, sizeof url);
    assert_ok(try_open(url, false, NULL, ca, &s, &err), &err);
    store_close(s);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_connection_that_broke_is_made_again),
        T(a_transaction_that_lost_its_connection_is_undone),
        T(a_commit_whose_answer_is_lost_is_not_known),
        T(a_trader_does_not_come_back_by_itself),
        T(a_trader_behind_a_hanging_wire_is_followed_and_then_refused),
        T(a_server_that_was_stopped_is_missed_and_found_again),
        T(what_was_committed_is_there_after_a_power_cut),
        T(a_session_that_was_ended_says_so),
        T(a_password_is_asked_for_and_never_shown),
        T(a_server_proves_who_it_is_where_that_is_wanted),
    };
    arena_open(&arena, 16 << 20);
    pg_server_start(&server);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_server_stop(&server);
    return failed;
}
