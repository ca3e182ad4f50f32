/* The chores of a store: done when they fall due, by one of all processes, and told once. */
#include <stdio.h>

#include "run/clock_watch.h"
#include "run/keep.h"
#include "run/now.h"
#include "run_rig.h"
#include "store/store_int.h"

static struct rig *g;

static int begin(void **state) {
    (void)state;
    g = rig_new();
    rig_open(g, "keep.db", NULL, 0);
    return 0;
}

static int end(void **state) {
    (void)state;
    rig_close(g);
    rig_free(g);
    return 0;
}

static int64_t number(const struct sql *sql) {
    struct error err;
    struct query q;
    int64_t n = 0;
    bool found;
    assert_ok(query_open(g->parts.store, sql, &q, &err), &err);
    assert_ok(query_i64(&q, &n, &found, &err), &err);
    return n;
}

static const struct sql gaps = {"SELECT count(*) FROM gaps"};

/* A span of two years ago that was lost. */
static void put_gap(const char *source) {
    struct error err;
    const usec then = time_wall_us() - 730 * USEC_PER_DAY;
    assert_ok(store_gap_put(g->parts.store, str_from_z(source), then, then + 1, STR("lost"), &err),
              &err);
    assert_ok(g->parts.store->ops->exec(g->parts.store, "UPDATE gaps SET updated_at = 1", &err),
              &err);
}

static bool chores(struct keep *k) {
    struct error err;
    const bool ok = keep_chores(k, g->parts.store, &g->cfg, &err);
    if (!ok) print_error("%s\n", err.msg);
    return ok;
}

static void test_a_round_is_one_an_hour_whoever_does_it(void **state) {
    static const struct sql forget = {"DELETE FROM cursors WHERE name = 'pruned_at'"};
    (void)state;
    struct error err;
    struct keep mine, others;
    struct query q;
    keep_init(&mine, NULL, NULL);
    keep_init(&others, NULL, NULL);
    put_gap("x:a");
    assert_true(chores(&mine));
    assert_int_equal(number(&gaps), 0);
    put_gap("x:b");
    assert_true(chores(&mine));   /* looks once a minute */
    assert_true(chores(&others)); /* its first look: but it was done */
    assert_int_equal(number(&gaps), 1);
    assert_ok(query_open(g->parts.store, &forget, &q, &err) && query_run(&q, &err), &err);
    mine.look_at = 0;
    assert_true(chores(&mine));
    assert_int_equal(number(&gaps), 0);
}

static bool no_more(void *ctx, usec held) {
    (void)held;
    ++*(int *)ctx;
    return false;
}

static void test_who_ends_leaves_the_rest(void **state) {
    (void)state;
    int rests = 0;
    struct keep k;
    keep_init(&k, no_more, &rests);
    for (int i = 0; i < 2000; i++) {
        char name[32];
        snprintf(name, sizeof name, "x:%d", i);
        put_gap(name);
    }
    assert_true(chores(&k));
    assert_int_equal(rests, 1);
    assert_in_range(number(&gaps), 1, 1999);
}

static void test_many_dead_letters_are_one_alert(void **state) {
    static const struct sql alerts = {"SELECT count(*) FROM alerts WHERE source = 'dead_letters'"};
    (void)state;
    struct error err;
    struct keep mine, others;
    int64_t id;
    keep_init(&mine, NULL, NULL);
    keep_init(&others, NULL, NULL);
    const struct dead_letter d = {.source = STR("x"),
                                  .kind = STR("post"),
                                  .error = STR("no text"),
                                  .first_at = time_wall_us(),
                                  .last_at = time_wall_us()};
    for (int64_t i = 0; i <= g->cfg.run_dead_letters_an_hour; i++)
        assert_ok(store_dead_put(g->parts.store, &d, &id, &err), &err);
    assert_true(chores(&mine));
    assert_true(chores(&others));
    assert_int_equal(number(&alerts), 1);
    mine.look_at = 0;
    g->cfg.run_dead_letters_an_hour = 0; /* nobody wants to hear of it any more */
    assert_true(chores(&mine));
    assert_int_equal(number(&alerts), 2);
}

static const struct sql clock_alerts = {"SELECT count(*) FROM alerts WHERE source = 'clock'"};
static const struct sql clock_lasts = {
    "SELECT count(*) FROM alerts WHERE source = 'clock' AND level = 'unusual' AND over_at IS NULL"};

static void say(struct clock_watch *w, usec ahead) {
    struct error err;
    assert_ok(clock_watch_tell(w, g->parts.store, ahead, time_wall_us(), &err), &err);
}

static void test_a_clock_is_not_judged_by_an_answer_that_took_long(void **state) {
    const usec s = USEC_PER_S;
    const struct clock_watch right = {0}, off = {.is_off = true};
    (void)state;
    /* the store stood still for 23.4 s, and its clock was read at the end of it */
    assert_false(clock_watch_is_sure(&right, -117 * s / 10, 117 * s / 10));
    assert_false(clock_watch_is_sure(&right, 0, 12 * s));
    assert_true(clock_watch_is_sure(&right, -117 * s / 10, s / 10));
    assert_true(clock_watch_is_sure(&right, 20 * s, 12 * s));
    assert_true(clock_watch_is_sure(&right, s / 10, s / 10));
    assert_false(clock_watch_is_sure(&off, 0, s));
    assert_true(clock_watch_is_sure(&off, 0, s / 10));
}

static void test_a_clock_that_is_off_is_told_once_and_once_that_it_is_right(void **state) {
    (void)state;
    struct clock_watch mine = {0}, next = {0};
    say(&mine, CLOCK_OFF);
    say(&mine, -CLOCK_OFF);
    assert_int_equal(number(&clock_alerts), 0);
    say(&mine, 20 * USEC_PER_S);
    assert_true(mine.is_off);
    assert_int_equal(number(&clock_lasts), 1);
    say(&mine, -20 * USEC_PER_S);
    say(&mine, CLOCK_OFF); /* better, and not yet right */
    assert_int_equal(number(&clock_alerts), 1);
    say(&next, 3 * USEC_PER_S); /* a process after it */
    assert_true(next.is_off);
    assert_int_equal(number(&clock_alerts), 1);
    say(&next, CLOCK_RIGHT);
    assert_false(next.is_off);
    assert_int_equal(number(&clock_lasts), 0);
    assert_int_equal(number(&clock_alerts), 2);
    say(&next, 0);
    assert_int_equal(number(&clock_alerts), 2);
}

static const struct sql disk_alerts = {
    "SELECT count(*) FROM alerts WHERE source IN "
    "('disk', 'store_size') AND level = 'unusual' AND over_at IS NULL"};
static const struct sql posts = {"SELECT count(*) FROM tweets"};

/* Posts without a signal, a day apart, the newest of two days ago; a KB of text each. */
static void put_old_posts(int count) {
    struct error err;
    char text[1024], sql[2048];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct arena a;
    arena_open(&a, 65536);
    const usec now = run_now(g->parts.store, &a);
    arena_close(&a);
    assert_ok(store_begin(g->parts.store, true, &err), &err);
    for (int i = 0; i < count; i++) {
        const usec at = now - (2 + i / 20) * USEC_PER_DAY;
        snprintf(sql, sizeof sql,
                 "INSERT INTO tweets (id, source, source_id, author, author_id, text, created_at, "
                 "received_at, created_at_db, root_id, outcome, lang, ref_kind, processed) VALUES "
                 "(%d, 'x', '%d', 'a', '1', '%s', %lld, %lld, %lld, %d, 'NO_COIN', 'en', 'none', "
                 "1)",
                 i + 1, i + 1, text, (long long)at, (long long)at, (long long)at, i + 1);
        assert_ok(g->parts.store->ops->exec(g->parts.store, sql, &err), &err);
    }
    assert_ok(store_commit(g->parts.store, &err), &err);
}

static void test_a_store_over_its_bound_is_squeezed_and_told(void **state) {
    (void)state;
    struct error err;
    struct keep k;
    struct room_seen seen;
    keep_init(&k, NULL, NULL);
    put_old_posts(2000);
    assert_ok(room_look(g->parts.store, &seen, &err), &err);
    assert_true(seen.used > 2 << 20);
    assert_true(seen.free > 0);
    g->cfg.retention_disk_mb = 0;
    g->cfg.retention_disk_free_mb = 0;
    assert_true(chores(&k));
    assert_int_equal(number(&posts), 2000); /* no bound: all stays */
    assert_int_equal(number(&disk_alerts), 0);
    g->cfg.retention_disk_mb = 2;
    k.look_at = 0;
    assert_true(chores(&k));
    assert_int_equal(number(&disk_alerts), 1);
    assert_in_range(number(&posts), 1, 1999);
    assert_ok(room_look(g->parts.store, &seen, &err), &err);
    assert_true(seen.used <= 2 << 20);
    g->cfg.retention_disk_mb = 100; /* somebody gave it more */
    k.look_at = 0;
    assert_true(chores(&k));
    assert_int_equal(number(&disk_alerts), 0);
}

static void test_a_disk_that_is_nearly_full_is_told_once(void **state) {
    (void)state;
    struct keep mine, others;
    keep_init(&mine, NULL, NULL);
    keep_init(&others, NULL, NULL);
    g->cfg.retention_disk_free_mb = INT64_C(100000000); /* no disk has so much */
    assert_true(chores(&mine));
    assert_true(chores(&others));
    assert_int_equal(number(&disk_alerts), 1);
    g->cfg.retention_disk_free_mb = 0;
    mine.look_at = 0;
    assert_true(chores(&mine));
    assert_int_equal(number(&disk_alerts), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_round_is_one_an_hour_whoever_does_it, begin, end),
        cmocka_unit_test_setup_teardown(test_who_ends_leaves_the_rest, begin, end),
        cmocka_unit_test_setup_teardown(test_many_dead_letters_are_one_alert, begin, end),
        cmocka_unit_test(test_a_clock_is_not_judged_by_an_answer_that_took_long),
        cmocka_unit_test_setup_teardown(
            test_a_clock_that_is_off_is_told_once_and_once_that_it_is_right, begin, end),
        cmocka_unit_test_setup_teardown(test_a_store_over_its_bound_is_squeezed_and_told, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_disk_that_is_nearly_full_is_told_once, begin, end),
    };
    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
