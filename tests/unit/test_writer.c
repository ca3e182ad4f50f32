/* Rows of turns that another thread writes: all of them, in their order, in the caller's
 * transaction; and what one that cannot be written does to those behind it. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "run/writer.h"
#include "store/store_int.h"
#include "turnkit.h"

#define TURNS 3000 /* several blocks */

static struct arena arena;
static char dir[64], url[96];
static struct store *store;
static struct writer *writer;
static struct turnkit turn;

static struct store *open_store(store_access access, bool create) {
    struct error err;
    struct store *s;
    const struct store_options opt = {
        .url = str_from_z(url), .access = access, .create = create, .busy_timeout_ms = 1000};
    assert_ok(store_open(&arena, &opt, &s, &err), &err);
    return s;
}

static int set_up(void **state) {
    struct error err;
    (void)state;
    arena_open(&arena, 256 << 20);
    snprintf(dir, sizeof dir, "/tmp/bf-writer-XXXXXX");
    if (!mkdtemp(dir)) abort();
    snprintf(url, sizeof url, "sqlite:%s/x.db", dir);
    store = open_store(STORE_WRITE, true);
    assert_ok(writer_open(&arena, store, &writer, &err), &err);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char cmd[96];
    writer_close(writer);
    store_close(store);
    arena_close(&arena);
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    if (system(cmd) != 0) abort();
    return 0;
}

/* Its memory is used again. */
static bool put_turn(int64_t n, struct error *err) {
    turnkit_make(&turn, n);
    const bool ok = writer_put(writer, &turn.acts, err);
    memset(turn.text, 'x', sizeof turn.text - 1);
    return ok;
}

/* Of the n-th turn's post. */
static void expect_text(int64_t n) {
    static const struct sql sql = {"SELECT text FROM tweets WHERE id = $1"};
    char text[64];
    struct query q;
    struct error err;
    bool row;
    snprintf(text, sizeof text, "what was said at %lld", (long long)n);
    assert_ok(query_open(store, &sql, &q, &err), &err);
    bind_i64(&q, 100 + n);
    assert_ok(query_row(&q, &row, &err), &err);
    assert_true(row);
    assert_true(str_eq(col_str(&q), str_from_z(text)));
    query_close(&q);
}

static void begin(void) {
    struct error err;
    assert_ok(store_begin(store, true, &err), &err);
}

static int64_t posts_seen(struct store *s) {
    struct store_totals t;
    struct error err;
    assert_ok(store_totals(s, &t, &err), &err);
    return t.posts;
}

/* How many lines the ledger has, each as it was put. */
static int lines_in_order(void) {
    struct error err;
    struct buf out;
    str rest, line;
    char want[32];
    int n = 0;
    buf_init(&out, 16 << 20);
    const struct show_query q = {.kind = SHOW_LEDGER};
    assert_ok(store_show_json(store, &q, &out, &err), &err);
    rest = buf_str(&out);
    while (rest.n > 0 && str_cut(&rest, '\n', &line)) {
        snprintf(want, sizeof want, "line %d", n + 1);
        if (str_eq(line, str_from_z(want))) n++;
    }
    buf_fini(&out);
    return n;
}

static void *look(void *arg) {
    int64_t *most = arg;
    struct store *s = open_store(STORE_READ, false);
    for (int i = 0; i < 200; i++) {
        const int64_t n = posts_seen(s);
        if (n > *most) *most = n;
    }
    store_close(s);
    return NULL;
}

static void test_all_rows_are_in_the_callers_transaction(void **state) {
    (void)state;
    struct error err;
    pthread_t other;
    int64_t most = 0;
    begin();
    assert_int_equal(pthread_create(&other, NULL, look, &most), 0);
    for (int64_t n = 1; n <= TURNS; n++) assert_ok(put_turn(n, &err), &err);
    assert_ok(writer_wait(writer, &err), &err);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_int_equal(most, 0); /* nobody else sees them yet */
    assert_int_equal(posts_seen(store), TURNS);
    assert_ok(store_commit(store, &err), &err);
    begin(); /* and the next */
    assert_ok(put_turn(TURNS + 1, &err) && writer_wait(writer, &err), &err);
    assert_ok(store_commit(store, &err), &err);
    assert_int_equal(posts_seen(store), TURNS + 1);
    for (int64_t n = 1; n <= TURNS + 1; n += 500) expect_text(n);
    assert_int_equal(lines_in_order(), TURNS + 1);
}

static void test_a_turn_that_cannot_be_written_fails_those_behind_it(void **state) {
    (void)state;
    struct error err;
    bool ok = true;
    begin();
    assert_ok(put_turn(1, &err) && writer_wait(writer, &err), &err);
    assert_ok(store_commit(store, &err), &err);
    begin();
    for (int64_t n = 2; n <= TURNS && ok; n++) ok = put_turn(n == 100 ? 1 : n, &err); /* again */
    if (ok) ok = writer_wait(writer, &err);
    assert_fails(ok, &err, ERR_EXISTS);
    struct error again;
    IGNORE(writer_wait(writer, &again), "what was told is told once");
    store_rollback(store);
    assert_int_equal(posts_seen(store), 1);
    begin(); /* as good as before */
    assert_ok(put_turn(2, &err) && writer_wait(writer, &err), &err);
    assert_ok(store_commit(store, &err), &err);
    assert_int_equal(posts_seen(store), 2);
}

static void test_there_may_be_nothing_to_wait_for(void **state) {
    (void)state;
    struct error err;
    begin();
    assert_ok(writer_wait(writer, &err) && writer_wait(writer, &err), &err);
    assert_ok(store_commit(store, &err), &err);
    assert_int_equal(posts_seen(store), 0);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(all_rows_are_in_the_callers_transaction),
        T(a_turn_that_cannot_be_written_fails_those_behind_it),
        T(there_may_be_nothing_to_wait_for),
    };
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
