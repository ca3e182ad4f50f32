/* Several connections at one store. */
#include "store_bench.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* -- several connections --------------------------------------------------------------------- */

static void test_data_version_tells_of_others_commits_only(void **state) {
    struct bench *b = *state;
    struct store *other = open_store(b, false);
    bool quiet = false; /* now and then it changes without reason */
    for (int i = 0; i < 100 && !quiet; i++) {
        const int64_t before = store_data_version(b->s);
        add_audits(b, 1);
        quiet = store_data_version(b->s) == before;
    }
    assert_true(quiet);
    struct store *own = b->s;
    const int64_t before = store_data_version(own);
    b->s = other;
    add_audits(b, 1);
    b->s = own;
    while (store_data_version(own) == before) usleep(1000); /* it is told a moment later */
    store_close(other);
}

struct adder {
    struct bench *b;
    int count;
    int failed;
};

static void *add_commands(void *arg) {
    struct adder *w = arg;
    struct store *s = open_store(w->b, false);
    for (int i = 0; i < w->count; i++) {
        struct error err;
        int64_t id;
        bool repeated;
        const struct command c = {.verb = VERB_RECONCILE, .actor = "t"};
        if (!store_command_add(s, &c, (str){0}, NOW, &id, &repeated, &err)) w->failed++;
    }
    store_close(s);
    return NULL;
}

static void test_the_audit_chain_holds_when_many_write(void **state) {
    struct bench *b = *state;
    struct error err;
    pthread_t threads[3];
    struct adder adders[3];
    int64_t rows, id;
    struct arena arenas[3];
    struct bench *benches = calloc(3, sizeof *benches);
    assert_non_null(benches);
    for (int i = 0; i < 3; i++) {
        memcpy(benches[i].url, b->url, sizeof b->url);
        arena_open(&arenas[i], 1 << 16);
        benches[i].a = arenas[i];
        adders[i] = (struct adder){.b = &benches[i], .count = 20};
        assert_int_equal(pthread_create(&threads[i], NULL, add_commands, &adders[i]), 0);
    }
    for (int i = 0; i < 20; i++) add_audits(b, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(adders[i].failed, 0);
        arena_close(&arenas[i]);
    }
    free(benches);
    assert_ok(store_audit_verify(b->s, &rows, &id, &err), &err);
    assert_int_equal(rows, 80);
}

static void test_one_trader_at_a_time(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t pid = -1;
    struct store *other = open_store(b, false);
    assert_false(store_trader_running(b->s, &pid));
    assert_ok(store_trader_lock(b->s, &err), &err);
    assert_ok(store_trader_lock(b->s, &err), &err); /* it has it already */
    assert_fails(store_trader_lock(other, &err), &err, ERR_EXISTS);
    assert_true(store_trader_running(other, &pid));
    assert_int_equal(pid, getpid());
    assert_true(store_trader_running(b->s, &pid));
    reopen(b);
    assert_false(store_trader_running(other, &pid));
    assert_ok(store_trader_lock(other, &err), &err);
    store_close(other);
}

static void test_a_reader_sees_one_moment(void **state) {
    struct bench *b = *state;
    struct error err;
    struct store *reader = open_store(b, false), *writer = b->s;
    int64_t rows, id;
    add_audits(b, 1);
    assert_ok(store_begin(reader, false, &err), &err);
    assert_ok(store_audit_verify(reader, &rows, &id, &err), &err);
    assert_int_equal(rows, 1);
    b->s = writer;
    add_audits(b, 1);
    assert_ok(store_audit_verify(reader, &rows, &id, &err), &err);
    assert_int_equal(rows, 1);
    store_rollback(reader);
    assert_ok(store_audit_verify(reader, &rows, &id, &err), &err);
    assert_int_equal(rows, 2);
    store_close(reader);
}

/* -- running them ---------------------------------------------------------------------------- */

int store_shared_run(void) {
    const struct CMUnitTest tests[] = {
        T(data_version_tells_of_others_commits_only),
        T(the_audit_chain_holds_when_many_write),
        T(one_trader_at_a_time),
        T(a_reader_sees_one_moment),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}
