/* What the back-end on PostgreSQL does that no other one has to: databases and schemas of others,
 * what its types can hold, transactions of which little is waited for, and many at once. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#include "pg_server.h"

#include "base/money.h"
#include "base/rng.h"
#include "store/pg_int.h"
#include "store/posts.h"

static struct pg_server server;
static struct arena arena;
static int made;

static bool try_open(const char *url, bool create, struct store **ret, struct error *err) {
    const struct store_options opt = {.url = str_from_z(url),
                                      .access = STORE_WRITE,
                                      .create = create,
                                      .full_sync = true,
                                      .busy_timeout_ms = 10000};
    return store_open(&arena, &opt, ret, err);
}

/* A store in a schema of its own. */
struct own {
    char schema[32], url[512];
    struct store *s;
};

static void name_schema(struct own *o) {
    snprintf(o->schema, sizeof o->schema, "own_%d", ++made);
    pg_server_url(&server, o->schema, o->url, sizeof o->url);
}

static int set_up(void **state) {
    struct own *o = calloc(1, sizeof *o);
    struct error err;
    assert_non_null(o);
    name_schema(o);
    assert_ok(try_open(o->url, true, &o->s, &err), &err);
    *state = o;
    return 0;
}

static int tear_down(void **state) {
    struct own *o = *state;
    store_close(o->s);
    free(o);
    return 0;
}

static int64_t count(const struct own *o, const char *text) {
    return pg_server_number(&server, o->schema, text);
}

/* -- databases and schemas of others ----------------------------------------------------------- */

/* The URL, but for the database. */
static const char *other_database(const char *name, char *block, size_t bytes) {
    char url[512];
    pg_server_url(&server, "public", url, sizeof url);
    const char *const at = strstr(url, "/postgres?");
    assert_non_null(at);
    snprintf(block, bytes, "%.*s/%s?%s", (int)(at - url), url, name, at + strlen("/postgres?"));
    return block;
}

static void test_a_database_that_is_not_there_is_named(void **state) {
    char url[512];
    struct store *s;
    struct error err;
    (void)state;
    assert_fails(try_open(other_database("nowhere", url, sizeof url), true, &s, &err), &err,
                 ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "createdb --encoding UTF8 nowhere"));
}

static void test_a_database_in_another_encoding_is_refused(void **state) {
    char url[512];
    struct store *s;
    struct error err;
    (void)state;
    pg_server_sql(&server, "public",
                  "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' "
                  "LC_CTYPE 'C'");
    assert_fails(try_open(other_database("latin", url, sizeof url), true, &s, &err), &err,
                 ERR_STATE);
    assert_non_null(strstr(err.msg, "LATIN1"));
}

static void test_a_store_that_is_not_there_is_not_made_unasked(void **state) {
    struct own o = {0};
    struct error err;
    (void)state;
    name_schema(&o);
    assert_fails(try_open(o.url, false, &o.s, &err), &err, ERR_NOT_FOUND);
    assert_non_null(strstr(err.msg, "bullfinch db migrate"));
}

static void test_tables_of_another_program_are_left_alone(void **state) {
    struct own o = {0};
    char text[128];
    struct error err;
    (void)state;
    name_schema(&o);
    snprintf(text, sizeof text, "CREATE SCHEMA %s; CREATE TABLE %s.migrations (version TEXT)",
             o.schema, o.schema);
    pg_server_sql(&server, "public", text);
    assert_fails(try_open(o.url, true, &o.s, &err), &err, ERR_STATE);
    assert_non_null(strstr(err.msg, "another program's tables"));
    snprintf(text, sizeof text,
             "SELECT count(*) FROM pg_class WHERE relnamespace = '%s'::regnamespace AND relkind = "
             "'r'",
             o.schema);
    assert_int_equal(pg_server_number(&server, "public", text), 1);
}

static void test_a_server_without_room_says_what_would_help(void **state) {
    struct own *o = *state;
    char url[512];
    struct store *first = NULL, *second = NULL;
    struct error err;
    pg_server_sql(&server, o->schema, "CREATE ROLE crowded LOGIN CONNECTION LIMIT 1");
    pg_server_sql(&server, o->schema, "GRANT bullfinch TO crowded");
    pg_server_tcp_url(&server, "crowded", o->schema, "", url, sizeof url);
    assert_ok(try_open(url, false, &first, &err), &err);
    assert_fails(try_open(url, false, &second, &err), &err, ERR_IO);
    assert_non_null(strstr(err.msg, "run fewer processes"));
    store_close(first);
}

struct opener {
    pthread_t thread;
    const char *url;
    struct store *s;
    struct error err;
    bool ok;
};

static void *open_and_migrate(void *arg) {
    struct opener *w = arg;
    struct arena mine;
    const struct store_options opt = {.url = str_from_z(w->url),
                                      .access = STORE_WRITE,
                                      .create = true,
                                      .full_sync = true,
                                      .busy_timeout_ms = 30000};
    arena_open(&mine, 1 << 20);
    w->ok = store_open(&mine, &opt, &w->s, &w->err);
    arena_close(&mine);
    return NULL;
}

static void test_many_that_make_the_store_at_once_make_one(void **state) {
    struct own o = {0};
    struct opener w[8];
    char text[96];
    (void)state;
    name_schema(&o);
    for (int i = 0; i < COUNT_OF(w); i++) {
        w[i] = (struct opener){.url = o.url};
        assert_int_equal(pthread_create(&w[i].thread, NULL, open_and_migrate, &w[i]), 0);
    }
    for (int i = 0; i < COUNT_OF(w); i++) {
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
        assert_ok(w[i].ok, &w[i].err);
    }
    snprintf(text, sizeof text, "SELECT count(*) - %d FROM migrations",
             store_newest_schema(w[0].s));
    assert_int_equal(count(&o, text), 0);
    for (int i = 0; i < COUNT_OF(w); i++) store_close(w[i].s);
}

/* -- what can be kept -------------------------------------------------------------------------- */

static void test_a_text_with_a_nul_is_refused_and_bytes_are_kept(void **state) {
    struct own *o = *state;
    struct error err;
    str back;
    bool found;
    const str bytes = {"a\0\xff\xfe", 4};
    assert_ok(store_cursor_put(o->s, STR("bytes"), bytes, &err), &err);
    assert_ok(store_cursor_get(o->s, &arena, STR("bytes"), &back, &found, &err), &err);
    assert_true(found && str_eq(back, bytes));
    assert_fails(store_cursor_put(o->s, (str){"a\0b", 3}, bytes, &err), &err, ERR_RANGE);
    assert_non_null(strstr(err.msg, "zero byte"));
    assert_int_equal(count(o, "SELECT count(*) FROM cursors"), 1);
}

static void test_what_is_no_utf8_is_kept_as_far_as_it_is(void **state) {
    struct own *o = *state;
    struct error err;
    assert_ok(store_cursor_put(o->s, STR("b\xfft \xed\xa0\x80 \xe2\x82\xac"), STR("1"), &err),
              &err);
    assert_int_equal(count(o, "SELECT count(*) FROM cursors WHERE name LIKE U&'b\\FFFDt \\FFFD%' "
                              "AND name LIKE U&'% \\20AC'"),
                     1);
}

/* As the server reads and writes it, against what this program says it is. */
static void same_amount(struct own *o, int64_t e8) {
    static const struct sql same = {"SELECT 0", "SELECT $1::NUMERIC(18,8), $1::NUMERIC(18,8) = "
                                                "$2::TEXT::NUMERIC, $2::TEXT::NUMERIC(18,8)"};
    char text[AMOUNT_TEXT_BYTES];
    struct query q;
    struct error err;
    bool row;
    const str shown = amount_format_e8(e8, text);
    assert_ok(query_open(o->s, &same, &q, &err), &err);
    bind_e8(&q, e8);
    bind_str(&q, shown);
    assert_ok(query_row(&q, &row, &err) && row, &err);
    assert_int_equal(col_e8(&q), e8);
    assert_true(col_bool(&q));
    assert_int_equal(col_e8(&q), e8);
    query_close(&q);
}

#define MOST_E8                                                                                    \
    (INT64_C(1000000000000000000) - 1) /* NUMERIC(18,8) has ten digits before the point */

static void test_amounts_are_the_ones_that_the_server_reads(void **state) {
    static const int64_t edges[] = {0,        1,         -1,        9999,    10000,
                                    99999999, 100000000, 100000001, MOST_E8, -MOST_E8};
    struct own *o = *state;
    struct rng r;
    rng_init(&r, (uint64_t)made);
    for (int i = 0; i < COUNT_OF(edges); i++) same_amount(o, edges[i]);
    for (int i = 0; i < 2000; i++) {
        const int64_t e8 = (int64_t)(rng_next(&r) % (uint64_t)MOST_E8) >> (rng_next(&r) % 60);
        same_amount(o, i % 2 == 0 ? e8 : -e8);
    }
}

static void test_an_amount_that_is_too_large_is_refused(void **state) {
    struct own *o = *state;
    static const struct sql narrow = {"SELECT 0", "SELECT $1::NUMERIC(18,8)"};
    struct query q;
    struct error err;
    int64_t back;
    bool found;
    assert_ok(query_open(o->s, &narrow, &q, &err), &err);
    bind_e8(&q, MOST_E8 + 1);
    assert_fails(query_e8(&q, &back, &found, &err), &err, ERR_RANGE);
}

static void same_time(struct own *o, usec t) {
    static const struct sql same = {
        "SELECT 0", "SELECT $1::TIMESTAMPTZ, $2::TEXT::TIMESTAMPTZ, $2::TEXT::TIMESTAMPTZ = $1"};
    char text[TIME_TEXT_BYTES];
    struct query q;
    struct error err;
    bool row;
    const str shown = time_format_rfc3339(t, text);
    assert_ok(query_open(o->s, &same, &q, &err), &err);
    bind_time(&q, t);
    bind_str(&q, shown);
    assert_ok(query_row(&q, &row, &err) && row, &err);
    assert_true(col_time(&q) == t);
    assert_true(col_time(&q) == t);
    assert_true(col_bool(&q));
    query_close(&q);
}

static void test_times_are_the_ones_that_the_server_reads(void **state) {
    struct own *o = *state;
    struct rng r;
    rng_init(&r, (uint64_t)made);
    same_time(o, 0);
    same_time(o, -1);
    same_time(o, USEC_PER_S);
    for (int i = 0; i < 1000; i++)
        same_time(o, (usec)(rng_next(&r) % (uint64_t)(4000000000 * USEC_PER_S)));
}

/* -- what is sent and not waited for ----------------------------------------------------------- */

#define MANY 5000 /* more than may be on its way at once */

static bool put_number(struct store *s, int i, const char *value, struct error *err) {
    char name[24];
    snprintf(name, sizeof name, "n%05d", i);
    return store_cursor_put(s, str_from_z(name), str_from_z(value), err);
}

static void test_a_long_transaction_is_stored_whole(void **state) {
    struct own *o = *state;
    struct error err;
    assert_ok(store_begin(o->s, true, &err), &err);
    for (int i = 0; i < MANY; i++) assert_ok(put_number(o->s, i, "x", &err), &err);
    assert_int_equal(count(o, "SELECT count(*) FROM cursors"), 0);
    assert_ok(store_commit(o->s, &err), &err);
    assert_int_equal(count(o, "SELECT count(*) FROM cursors"), MANY);
}

/* Whatever tells it: one of the statements after it, or the commit. */
static void test_what_failed_in_the_middle_is_named_and_nothing_is_stored(void **state) {
    static const struct sql bad = {"SELECT 0", "UPDATE audit_head SET rows = -1 WHERE id = 1"};
    struct own *o = *state;
    struct error err;
    static const int at[] = {0, 1, 700, MANY - 1};
    for (int n = 0; n < COUNT_OF(at); n++) {
        bool ok = true;
        assert_ok(store_begin(o->s, true, &err), &err);
        for (int i = 0; i < MANY && ok; i++)
            ok = put_number(o->s, i, "x", &err) && (i != at[n] || query_exec(o->s, &bad, &err));
        if (ok) ok = store_commit(o->s, &err);
        assert_fails(ok, &err, ERR_STATE);
        assert_non_null(strstr(err.msg, "UPDATE audit_head"));
        store_rollback(o->s);
        assert_int_equal(count(o, "SELECT count(*) FROM cursors"), 0);
    }
    assert_ok(put_number(o->s, 0, "x", &err), &err); /* the connection is as good as before */
}

static void test_who_asks_for_changes_waits_for_them(void **state) {
    static const struct sql drop = {"DELETE FROM cursors WHERE name < $1"};
    struct own *o = *state;
    struct query q;
    struct error err;
    int64_t n = 0;
    assert_ok(store_begin(o->s, true, &err), &err);
    for (int i = 0; i < 100; i++) assert_ok(put_number(o->s, i, "x", &err), &err);
    assert_ok(query_open(o->s, &drop, &q, &err), &err);
    bind_z(&q, "n00040");
    assert_ok(query_run(&q, &err) && query_changes(o->s, &n, &err), &err);
    assert_int_equal(n, 40);
    assert_ok(store_commit(o->s, &err), &err);
    assert_int_equal(count(o, "SELECT count(*) FROM cursors"), 60);
}

/* As turns do: all, some or none of what was asked with the beginning is wanted. */
static void test_what_was_asked_ahead_is_there_or_is_dropped(void **state) {
    struct own *o = *state;
    struct control c;
    struct error err;
    bool found, any = true;
    const struct audit row = {
        .at = USEC_PER_S, .actor = "test", .action = "look", .entity = "store"};
    for (int i = 0; i < 40; i++) {
        assert_ok(store_begin_turn(o->s, &err), &err);
        if (i % 2 == 0) assert_ok(store_control(o->s, &c, &found, &err), &err);
        if (i % 3 == 0) assert_ok(audit_add(o->s, &row, &err), &err);
        if (i % 5 == 0) assert_ok(deletion_any(o->s, &any, &err), &err);
        if (i % 7 == 0)
            store_rollback(o->s);
        else
            assert_ok(store_commit(o->s, &err), &err);
    }
    assert_false(any);
    /* of each third one but the two that were undone with their turns, in one chain */
    assert_int_equal(count(o, "SELECT count(*) FROM audit_log"), 12);
    assert_int_equal(count(o,
                           "SELECT count(*) FROM audit_log a JOIN audit_log b ON b.id = a.id + 1 "
                           "AND b.prev_hash = a.hash"),
                     11);
}

static void test_rows_that_come_one_by_one_let_others_between_them(void **state) {
    static const struct sql all = {"SELECT name, value FROM cursors ORDER BY name", NULL, true};
    struct own *o = *state;
    struct query q;
    struct error err;
    bool row = true;
    int seen = 0;
    char name[24];
    assert_ok(store_begin(o->s, true, &err), &err);
    for (int i = 0; i < MANY; i++) assert_ok(put_number(o->s, i, "x", &err), &err);
    assert_ok(store_commit(o->s, &err), &err);
    assert_ok(store_begin(o->s, true, &err) && query_open(o->s, &all, &q, &err), &err);
    while (query_row(&q, &row, &err) && row) {
        str back = {0};
        bool found;
        snprintf(name, sizeof name, "n%05d", seen);
        assert_true(str_eq(col_str(&q), str_from_z(name)));
        assert_str(col_str(&q), "x");
        if (seen++ % 1000 != 10) continue;
        assert_ok(put_number(o->s, seen + 1, "y", &err), &err); /* not seen by this reader */
        assert_ok(store_cursor_get(o->s, &arena, str_from_z(name), &back, &found, &err), &err);
        assert_true(found);
    }
    assert_false(row);
    assert_int_equal(seen, MANY);
    assert_ok(store_commit(o->s, &err), &err);
    assert_int_equal(count(o, "SELECT count(*) FROM cursors WHERE value = 'y'"), MANY / 1000);
}

/* -- a post that is stored while it is forgotten ------------------------------------------------
 */

struct at_work {
    pthread_t thread;
    struct store *s;
    struct error err;
    bool ok, gone;
};

static const struct post late_post = {.id = 10,
                                      .root_id = 10,
                                      .source = {"x", 1},
                                      .source_id = {"10", 2},
                                      .author_id = {"4", 1},
                                      .username = {"ann", 3},
                                      .text = {"what I said", 11},
                                      .created_at = USEC_PER_S,
                                      .received_at = USEC_PER_S};

static bool put_post(struct at_work *w) {
    const struct post *const posts[] = {&late_post};
    return store_begin(w->s, false, &w->err) &&
           store_posts_put(w->s, posts, 1, 2 * USEC_PER_S, &w->gone, &w->err);
}

static void *store_it(void *arg) {
    struct at_work *w = arg;
    w->ok = put_post(w) && store_commit(w->s, &w->err);
    return NULL;
}

static void *forget_it(void *arg) {
    struct at_work *w = arg;
    struct forgotten f;
    w->ok =
        store_forget_post(w->s, 10, STR("cli:ann"), 3 * USEC_PER_S, &f, &w->err) && f.posts == 1;
    return NULL;
}

static void start_beside(struct own *o, struct at_work *w, void *(*work)(void *)) {
    struct error err;
    assert_ok(try_open(o->url, false, &w->s, &err), &err);
    assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
    while (count(o, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND "
                    "database = (SELECT oid FROM pg_database WHERE datname = "
                    "current_database())") == 0)
        usleep(1000);
}

static void join(struct at_work *w) {
    assert_int_equal(pthread_join(w->thread, NULL), 0);
    assert_ok(w->ok, &w->err);
    store_close(w->s);
}

static int64_t texts(const struct own *o) {
    return count(o, "SELECT count(*) FROM tweets WHERE text <> '' OR author <> ''");
}

static void test_who_forgets_a_post_waits_for_who_is_storing_it(void **state) {
    struct own *o = *state;
    struct at_work mine = {.s = o->s}, other = {0};
    assert_ok(put_post(&mine), &mine.err);
    start_beside(o, &other, forget_it);
    assert_ok(store_commit(o->s, &mine.err), &mine.err);
    join(&other);
    assert_int_equal(texts(o), 0);
    assert_int_equal(count(o, "SELECT count(*) FROM tweets WHERE deleted_at IS NOT NULL"), 1);
}

static void test_who_stores_a_post_waits_for_who_is_forgetting_it(void **state) {
    struct own *o = *state;
    const struct deletion d = {.tweet_id = 10,
                               .root_id = 10,
                               .actor = "cli:ann",
                               .deleted_at = USEC_PER_S,
                               .at = USEC_PER_S};
    struct at_work other = {0};
    struct error err;
    assert_ok(store_begin(o->s, true, &err) && deletion_put(o->s, &d, &err), &err);
    assert_int_equal(count(o, "SELECT count(*) FROM deletions"), 0); /* not told yet */
    start_beside(o, &other, store_it);
    assert_ok(store_commit(o->s, &err), &err);
    join(&other);
    assert_true(other.gone);
    assert_int_equal(texts(o), 0);
}

/* -- many rows at once ------------------------------------------------------------------------- */

#define ROWS 100000

static void test_a_hundred_thousand_rows_with_holes_are_one_statement(void **state) {
    static const struct sql put = {
        "SELECT 0", "INSERT INTO gaps (source, from_at, until_at, what, state, posts, updated_at) "
                    "SELECT coalesce(s, 'none'), f, coalesce(u, 'infinity'), '', 'open', "
                    "coalesce(p, 0), f FROM unnest($1::TEXT[], $2::TIMESTAMPTZ[], "
                    "$3::TIMESTAMPTZ[], $4::BIGINT[]) AS r(s, f, u, p)"};
    struct own *o = *state;
    struct query q;
    struct error err;
    int64_t n = 0;
    assert_ok(store_begin(o->s, false, &err), &err);
    assert_ok(query_open_many(o->s, &put, &q, &err), &err);
    for (int i = 0; i < ROWS; i++) {
        if (i % 10 == 0)
            bind_null(&q);
        else
            bind_str(&q, i % 10 == 1 ? (str){"", 0} : STR("feed"));
        bind_time(&q, i * USEC_PER_S);
        bind_time_or_null(&q, i % 3 == 0 ? 0 : i * USEC_PER_S + 1);
        bind_id(&q, i % 7 == 0 ? 0 : i);
        assert_ok(query_add(&q, &err), &err);
    }
    assert_ok(query_run(&q, &err) && query_changes(o->s, &n, &err), &err);
    assert_int_equal(n, ROWS);
    assert_ok(store_commit(o->s, &err), &err);
    assert_int_equal(count(o, "SELECT count(*) FROM gaps WHERE source = 'none'"), ROWS / 10);
    assert_int_equal(count(o, "SELECT count(*) FROM gaps WHERE source = ''"), ROWS / 10);
    assert_int_equal(count(o, "SELECT count(*) FROM gaps WHERE until_at = 'infinity'"),
                     (ROWS + 2) / 3);
    assert_int_equal(count(o, "SELECT count(*) FROM gaps WHERE posts = 0"), (ROWS + 6) / 7);
    assert_int_equal(count(o, "SELECT count(*) FROM gaps WHERE posts <> 0 AND posts <> "
                              "extract(epoch FROM from_at)"),
                     0);
}

static void test_one_bad_row_among_many_keeps_all_of_them_out(void **state) {
    static const struct sql put = {
        "SELECT 0", "INSERT INTO cursors (name, value) SELECT * FROM unnest($1::TEXT[], "
                    "$2::BYTEA[])"};
    struct own *o = *state;
    struct query q;
    struct error err;
    char name[24];
    assert_ok(query_open_many(o->s, &put, &q, &err), &err);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "n%d", i == 700 ? 3 : i);
        bind_z(&q, name);
        bind_blob(&q, STR("1"));
        assert_ok(query_add(&q, &err), &err);
    }
    assert_fails(query_run(&q, &err), &err, ERR_EXISTS);
    assert_non_null(strstr(err.msg, "INSERT INTO cursors"));
    assert_int_equal(count(o, "SELECT count(*) FROM cursors"), 0);
}

/* -- what one process at a time does ----------------------------------------------------------- */

static bool hold(struct store *s) {
    struct error err;
    bool mine;
    assert_ok(store_hold(s, STR("reading"), &mine, &err), &err);
    return mine;
}

static bool put_here(struct store *s, struct error *err) {
    return store_cursor_put(s, STR("here"), STR("1"), err);
}

#define HOLDER                                                                                     \
    " FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND objid::bigint = " \
    "hashtext(current_schema() || 'reading')::bigint & 4294967295"

static void end_holder(const struct own *o) {
    assert_int_equal(count(o, "SELECT count(pg_terminate_backend(pid))" HOLDER), 1);
}

static struct store *open_other(const struct own *o) {
    struct store *s = NULL;
    struct error err;
    assert_ok(try_open(o->url, false, &s, &err), &err);
    return s;
}

static void test_a_claim_that_is_kept_is_taken_again_on_a_new_connection(void **state) {
    struct own *o = *state;
    struct error err;
    bool taken;
    assert_true(hold(o->s));
    struct store *const other = open_other(o);
    for (int i = 0; i < 3; i++) {
        end_holder(o);
        while (count(o, "SELECT count(*)" HOLDER) > 0) usleep(1000);
        assert_ok(store_claim_taken(other, STR("reading"), &taken, &err), &err);
        assert_false(taken);
        while (!taken) { /* until the end of its session is seen */
            assert_ok(store_hold_check(o->s, &err), &err);
            assert_ok(store_claim_taken(other, STR("reading"), &taken, &err), &err);
        }
        assert_false(hold(other));
        assert_ok(put_here(o->s, &err), &err);
    }
    store_close(other);
}

static void assert_over(struct own *o) {
    struct error err;
    while (store_hold_check(o->s, &err)) usleep(1000); /* until the end of its session is seen */
    assert_int_equal(err.code, ERR_REFUSED);
    assert_fails(put_here(o->s, &err), &err, ERR_REFUSED);
    assert_non_null(strstr(err.msg, "taken over reading"));
    assert_fails(store_hold_check(o->s, &err), &err, ERR_REFUSED);
    assert_ok(store_begin(o->s, true, &err), &err); /* what is wrong shows at a statement */
    assert_fails(put_here(o->s, &err), &err, ERR_REFUSED);
    store_rollback(o->s);
    assert_int_equal(count(o, "SELECT count(*) FROM cursors WHERE name = 'here'"), 0);
}

static void test_who_lost_a_claim_to_another_writes_nothing_more(void **state) {
    struct own *o = *state;
    assert_true(hold(o->s));
    struct store *const other = open_other(o);
    end_holder(o);
    while (!hold(other)) usleep(1000);
    assert_over(o);
    store_close(other);
    assert_over(o);
}

static void test_who_lost_a_claim_to_another_that_is_gone_writes_nothing_more(void **state) {
    struct own *o = *state;
    assert_true(hold(o->s));
    struct store *const other = open_other(o);
    end_holder(o);
    while (!hold(other)) usleep(1000);
    store_close(other);
    while (count(o, "SELECT count(*)" HOLDER) > 0) usleep(1000);
    assert_over(o);
}

/* Was it told to end? It stands still, so the signal waits. */
static bool is_told_to_end(pid_t pid) {
    char path[64], line[256];
    unsigned long long pending = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        unsigned long long set;
        if (sscanf(line, "ShdPnd: %llx", &set) == 1 || sscanf(line, "SigPnd: %llx", &set) == 1)
            pending |= set;
    }
    fclose(f);
    return (pending & 1ULL << (SIGTERM - 1)) != 0;
}

static void *wake_when_told(void *arg) {
    const pid_t pid = *(const pid_t *)arg;
    while (!is_told_to_end(pid)) usleep(1000);
    kill(pid, SIGCONT);
    return NULL;
}

/* The server has not seen yet that the connection is lost. */
static void test_an_old_session_of_its_own_keeps_nobody_from_its_claim(void **state) {
    struct own *o = *state;
    struct error err;
    pthread_t waker;
    assert_true(hold(o->s));
    pid_t old = (pid_t)count(o, "SELECT pid" HOLDER);
    assert_int_equal(kill(old, SIGSTOP), 0);
    assert_int_equal(shutdown(pq.socket(pg_self(o->s)->conn), SHUT_RDWR), 0);
    assert_int_equal(pthread_create(&waker, NULL, wake_when_told, &old), 0);
    assert_ok(store_hold_check(o->s, &err), &err);
    assert_int_equal(pthread_join(waker, NULL), 0);
    assert_true(count(o, "SELECT pid" HOLDER) != old);
    assert_ok(put_here(o->s, &err), &err);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_database_that_is_not_there_is_named),
        T(a_database_in_another_encoding_is_refused),
        T(a_store_that_is_not_there_is_not_made_unasked),
        T(tables_of_another_program_are_left_alone),
        T(a_server_without_room_says_what_would_help),
        T(many_that_make_the_store_at_once_make_one),
        T(a_text_with_a_nul_is_refused_and_bytes_are_kept),
        T(what_is_no_utf8_is_kept_as_far_as_it_is),
        T(amounts_are_the_ones_that_the_server_reads),
        T(an_amount_that_is_too_large_is_refused),
        T(times_are_the_ones_that_the_server_reads),
        T(a_long_transaction_is_stored_whole),
        T(what_failed_in_the_middle_is_named_and_nothing_is_stored),
        T(who_asks_for_changes_waits_for_them),
        T(what_was_asked_ahead_is_there_or_is_dropped),
        T(rows_that_come_one_by_one_let_others_between_them),
        T(who_forgets_a_post_waits_for_who_is_storing_it),
        T(who_stores_a_post_waits_for_who_is_forgetting_it),
        T(a_hundred_thousand_rows_with_holes_are_one_statement),
        T(one_bad_row_among_many_keeps_all_of_them_out),
        T(a_claim_that_is_kept_is_taken_again_on_a_new_connection),
        T(who_lost_a_claim_to_another_writes_nothing_more),
        T(who_lost_a_claim_to_another_that_is_gone_writes_nothing_more),
        T(an_old_session_of_its_own_keeps_nobody_from_its_claim),
    };
    arena_open(&arena, 64 << 20);
    pg_server_start(&server);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_server_stop(&server);
    return failed;
}
