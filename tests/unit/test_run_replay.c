/* A replay in virtual time: the same future however many threads read, wherever it was killed. */
#include "run_rig.h"
#include "store/candles.h"

static struct rig *rig;
static char reference[65]; /* the ledger's hash of an undisturbed replay */

static int set_up(void **state) {
    (void)state;
    rig = rig_new();
    rig_hash(rig, "reference.db", reference);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    rig_free(rig);
    return 0;
}

/* --- what comes out ---------------------------------------------------------------------- */

static void test_a_replay_reads_every_post_and_trades(void **state) {
    (void)state;
    struct error err;
    assert_ok(rig_replay(rig, "a.db", &err), &err);
    assert_int_equal(rig_number(rig, "posts"), RIG_POSTS);
    assert_true(rig_number(rig, "trades") >= 5);
    assert_true(rig_number(rig, "closed") >= 5);
    assert_int_equal(rig_value(rig, "ledger_hash").n, 64);
    rig_close(rig);
}

static void test_equity_is_start_and_profit(void **state) {
    (void)state;
    struct error err;
    money equity, pnl;
    assert_ok(rig_replay(rig, "b.db", &err), &err);
    assert_true(money_parse(rig_value(rig, "equity"), &equity));
    assert_true(money_parse(rig_value(rig, "pnl"), &pnl));
    assert_int_equal(money_e8(money_minus(equity, pnl)), 10000 * E8);
    rig_close(rig);
}

static void test_the_books_are_sound_afterwards(void **state) {
    (void)state;
    struct error err;
    struct buf report;
    assert_ok(rig_replay(rig, "c.db", &err), &err);
    buf_init(&report, 1 << 20);
    assert_ok(store_check(rig->parts.store, &report, &err), &err);
    buf_fini(&report);
    rig_close(rig);
}

static void test_a_second_run_on_the_store_changes_nothing(void **state) {
    (void)state;
    char hash[65];
    rig_hash(rig, "d.db", hash);
    rig_hash(rig, "d.db", hash);
    assert_string_equal(hash, reference);
}

/* --- threads and groups ------------------------------------------------------------------ */

static void test_the_number_of_readers_changes_nothing(void **state) {
    (void)state;
    for (int workers = 2; workers <= 8; workers *= 2) {
        char hash[65];
        rig->opt.workers = workers;
        rig_hash(rig, "workers.db", hash);
        rig->opt.workers = 1;
        rig_forget(rig, "workers.db");
        assert_string_equal(hash, reference);
    }
}

static void test_the_size_of_groups_changes_nothing(void **state) {
    (void)state;
    char hash[65];
    rig->opt.group_posts = 1;
    rig->opt.group_wall = 0;
    rig_hash(rig, "groups.db", hash);
    rig->opt.group_posts = 256;
    rig->opt.group_wall = USEC_PER_S;
    assert_string_equal(hash, reference);
}

/* --- crashes ----------------------------------------------------------------------------- */

/* A replay in a child that leaves at its n-th step. Returns its exit status. */
static int replay_and_crash(const char *db, int64_t steps) {
    const pid_t pid = fork();
    if (pid < 0) abort();
    if (pid == 0) {
        struct error err;
        run_crash_after(steps);
        const bool ok = rig_replay(rig, db, &err);
        _exit(ok ? 0 : 1);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid) abort();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_a_crash_at_any_step_leaves_the_same_future(void **state) {
    (void)state;
    rig->opt.group_posts = 7;
    int crashes = 0;
    for (int64_t step = 1;; step += 1 + step / 16) {
        char hash[65];
        rig_forget(rig, "crash.db");
        const int status = replay_and_crash("crash.db", step);
        if (status == 0) break; /* it has fewer steps */
        assert_int_equal(status, 137);
        crashes++;
        rig_hash(rig, "crash.db", hash);
        if (strcmp(hash, reference) != 0) print_error("crash at step %lld\n", (long long)step);
        assert_string_equal(hash, reference);
    }
    rig->opt.group_posts = 256;
    assert_true(crashes > 20);
}

static void test_crash_upon_crash_ends_at_the_same_ledger(void **state) {
    (void)state;
    char hash[65];
    struct rng r;
    const uint64_t seed = test_seed();
    rng_init(&r, seed);
    rig->opt.group_posts = 3;
    int status, crashes = 0;
    while ((status = replay_and_crash("often.db", 60 + (int64_t)rng_below(&r, 60))) != 0) {
        assert_int_equal(status, 137);
        assert_true(++crashes < 1000);
    }
    rig_hash(rig, "often.db", hash);
    rig->opt.group_posts = 256;
    assert_string_equal(hash, reference);
    assert_true(crashes > 2);
}

/* The minutes of a replay to its end, as text. */
static void minutes_of(const char *db, struct buf *ret) {
    struct error err;
    static struct kept_candle v[1000];
    const struct candle_ask ask = {
        .symbol = STR("DOGEUSDT"), .interval = USEC_PER_MIN, .limit = COUNT_OF(v)};
    int count;
    assert_ok(rig_replay(rig, db, &err), &err);
    assert_ok(store_candles(rig->parts.store, &ask, v, &count, &err), &err);
    for (int i = 0; i < count; i++)
        buf_printf(ret, "%lld %lld %lld %lld %lld %lld\n", (long long)v[i].open_at,
                   (long long)price_e8(v[i].open), (long long)price_e8(v[i].high),
                   (long long)price_e8(v[i].low), (long long)price_e8(v[i].close),
                   (long long)(v[i].has_volume ? volume_e8(v[i].volume) : -1));
    rig_close(rig);
    assert_true(count > 10);
}

static void test_crashes_leave_the_same_candles(void **state) {
    (void)state;
    struct buf want, got;
    buf_init(&want, 1 << 20);
    buf_init(&got, 1 << 20);
    minutes_of("minutes.db", &want);
    rig->opt.group_posts = 3;
    int crashes = 0;
    for (int64_t step = 70; replay_and_crash("parts.db", step) != 0; step += 3)
        assert_true(++crashes < 1000);
    minutes_of("parts.db", &got);
    rig->opt.group_posts = 256;
    assert_true(crashes > 2);
    assert_string_equal(buf_z(&got), buf_z(&want));
    buf_fini(&want);
    buf_fini(&got);
}

/* --- input that is not as it should be --------------------------------------------------- */

static void test_a_late_post_is_taken_in_its_place_in_the_file(void **state) {
    (void)state;
    struct error err;
    FILE *f = fopen(rig_path(rig, "posts.jsonl"), "a");
    assert_non_null(f);
    rig_post(f, RIG_START * 1000 + 700000, 900, "I love $DOGE, amazing, bought a lot");
    fclose(f);
    assert_ok(rig_replay(rig, "late.db", &err), &err);
    assert_int_equal(rig_number(rig, "posts"), RIG_POSTS + 1);
    assert_int_equal(rig_number(rig, "STALE"), 1);
    rig_close(rig);
    rig_posts(rig, 4);
}

static int64_t dead_letters(void) {
    struct error err;
    struct dead_letter *v;
    int count;
    assert_ok(store_dead_list(rig->parts.store, &rig->a, &(struct dead_filter){0}, 0, 1000, &v,
                              &count, &err),
              &err);
    for (int i = 0; i < count; i++) {
        assert_str(v[i].payload, "{\"id\": no post");
        assert_true(str_find(v[i].error, STR("posts.jsonl:")) >= 0);
    }
    return count;
}

static void test_bad_lines_become_one_dead_letter_each_also_over_crashes(void **state) {
    (void)state;
    struct error err;
    FILE *f = rig_file(rig, "posts.jsonl");
    for (int n = 0; n < 30; n++) {
        fputs("{\"id\": no post\n", f);
        rig_post(f, RIG_START * 1000 + 600000 + n * 1000, n, "Nothing to see.");
    }
    fputs("{\"id\": no post\n", f);
    fclose(f);
    rig->opt.group_posts = 4;
    for (int64_t step = 5; replay_and_crash("dead.db", step) != 0; step += 12) continue;
    assert_ok(rig_replay(rig, "dead.db", &err), &err);
    assert_int_equal(dead_letters(), 31);
    assert_int_equal(rig_number(rig, "posts"), 30);
    rig_close(rig);
    rig->opt.group_posts = 256;
    rig_posts(rig, 4);
}

/* --- people ------------------------------------------------------------------------------ */

static void order(const char *db, verb v, mode m) {
    struct error err;
    int64_t id;
    bool repeated;
    struct command cmd = {.verb = v, .mode = m, .until = USEC_NEVER, .at = 1};
    memcpy(cmd.actor, "test", sizeof "test");
    arena_open(&rig->a, 64 << 20);
    rig_store(rig, db);
    assert_ok(store_command_add(rig->parts.store, &cmd, STR(""), 1, &id, &repeated, &err), &err);
    store_close(rig->parts.store);
    arena_close(&rig->a);
}

static void test_a_halt_before_the_start_lets_nothing_open(void **state) {
    (void)state;
    struct error err;
    order("halted.db", VERB_HALT, MODE_HALTED);
    assert_ok(rig_replay(rig, "halted.db", &err), &err);
    assert_int_equal(rig_number(rig, "trades"), 0);
    assert_true(rig_number(rig, "HALTED") > 0);
    assert_str(rig_value(rig, "mode"), "halted");
    rig_close(rig);
}

static void test_a_command_given_while_nothing_ran_is_answered_at_the_start(void **state) {
    (void)state;
    struct error err;
    struct command left[4];
    int count;
    order("asked.db", VERB_RECONCILE, MODE_AUTO);
    assert_ok(rig_replay(rig, "asked.db", &err), &err);
    assert_ok(store_commands_pending(rig->parts.store, left, 4, &count, &err), &err);
    assert_int_equal(count, 0);
    rig_close(rig);
}

/* Halts from another connection, at the n-th post of a run. */
struct halt_at {
    int posts_left;
    char url[160];
};

static void halt_on_post(void *ctx, const struct run_progress *p) {
    struct halt_at *h = ctx;
    if (p->posts < h->posts_left || h->posts_left < 0) return;
    struct error err;
    struct arena a;
    struct store *s;
    int64_t id;
    bool repeated;
    struct command cmd = {.verb = VERB_HALT, .mode = MODE_HALTED, .until = USEC_NEVER, .at = 1};
    memcpy(cmd.actor, "test", sizeof "test");
    arena_open(&a, 64 << 20);
    const struct store_options opt = {
        .url = str_from_z(h->url), .access = STORE_WRITE, .busy_timeout_ms = 1};
    RIG_MUST(store_open(&a, &opt, &s, &err), &err);
    if (store_command_add(s, &cmd, STR(""), p->now, &id, &repeated, &err)) h->posts_left = -1;
    store_close(s);
    arena_close(&a);
}

static void test_a_halt_during_a_replay_holds_from_then_on(void **state) {
    (void)state;
    struct error err;
    static struct halt_at h;
    h.posts_left = 20;
    snprintf(h.url, sizeof h.url, "sqlite:%s", rig_path(rig, "during.db"));
    rig->watch = (struct run_watch){.ctx = &h, .tick = halt_on_post};
    rig->opt.group_posts = 1; /* each post commits, so the other connection gets in */
    assert_ok(rig_replay(rig, "during.db", &err), &err);
    rig->opt.group_posts = 256;
    memset(&rig->watch, 0, sizeof rig->watch);
    assert_int_equal(h.posts_left, -1);
    assert_str(rig_value(rig, "mode"), "halted");
    assert_true(rig_number(rig, "HALTED") > 0);
    rig_close(rig);
}

static void test_a_stop_commits_and_the_next_run_goes_on(void **state) {
    (void)state;
    struct error err;
    static atomic_int stop;
    char hash[65];
    atomic_store(&stop, 1); /* before it begins: the first turn is the last */
    rig->opt.stop = &stop;
    assert_ok(rig_replay(rig, "stop.db", &err), &err);
    rig_close(rig);
    rig->opt.stop = NULL;
    rig_hash(rig, "stop.db", hash);
    assert_string_equal(hash, reference);
}

/* --- what is refused --------------------------------------------------------------------- */

static void test_a_store_that_was_used_in_real_time_takes_no_replay(void **state) {
    (void)state;
    struct error err;
    rig_open(rig, "real.db", NULL, 0);
    RIG_MUST(store_begin(rig->parts.store, true, &err), &err);
    RIG_MUST(store_cursor_put(rig->parts.store, STR("run"), STR("clock=1\ntime=wall\n"), &err),
             &err);
    RIG_MUST(store_commit(rig->parts.store, &err), &err);
    rig_close(rig);
    assert_fails(rig_replay(rig, "real.db", &err), &err, ERR_STATE);
    assert_non_null(strstr(err.msg, "store.url"));
    rig_close(rig);
}

static void run_on(const char *db, bool ok, const char *says) {
    struct error err;
    if (ok)
        assert_ok(rig_replay(rig, db, &err), &err);
    else
        assert_fails(rig_replay(rig, db, &err), &err, ERR_STATE);
    if (!ok) assert_non_null(strstr(err.msg, says));
    rig_close(rig);
}

static void test_a_posts_file_that_was_replaced_is_refused(void **state) {
    (void)state;
    run_on("other.db", true, "");
    rig_posts(rig, 5);
    run_on("other.db", false, "store.url");
    rig_posts(rig, 4);
    run_on("other.db", true, "");
}

static void test_a_posts_file_that_became_shorter_is_refused(void **state) {
    (void)state;
    run_on("cut.db", true, "");
    FILE *f = rig_file(rig, "posts.jsonl");
    rig_post(f, RIG_START * 1000 + 600000, 0, "Nothing to see.");
    fclose(f);
    run_on("cut.db", false, "put the old one back");
    rig_posts(rig, 4);
    run_on("cut.db", true, "");
}

static void test_a_posts_file_that_grew_is_read_on(void **state) {
    (void)state;
    struct error err;
    run_on("grown.db", true, "");
    FILE *f = fopen(rig_path(rig, "posts.jsonl"), "a");
    assert_non_null(f);
    rig_post(f, RIG_START * 1000 + 14000000, 901, "Nothing to see.");
    fclose(f);
    assert_ok(rig_replay(rig, "grown.db", &err), &err);
    assert_int_equal(rig_number(rig, "posts"), RIG_POSTS + 1);
    rig_close(rig);
    rig_posts(rig, 4);
}

static void test_a_cursor_that_cannot_be_read_is_damage(void **state) {
    (void)state;
    struct error err;
    rig_open(rig, "cursor.db", NULL, 0);
    RIG_MUST(store_begin(rig->parts.store, true, &err), &err);
    RIG_MUST(store_cursor_put(rig->parts.store, STR("run"), STR("clock=soon\n"), &err), &err);
    RIG_MUST(store_commit(rig->parts.store, &err), &err);
    rig_close(rig);
    assert_fails(rig_replay(rig, "cursor.db", &err), &err, ERR_DAMAGED);
    rig_close(rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_replay_reads_every_post_and_trades),
        cmocka_unit_test(test_equity_is_start_and_profit),
        cmocka_unit_test(test_the_books_are_sound_afterwards),
        cmocka_unit_test(test_a_second_run_on_the_store_changes_nothing),
        cmocka_unit_test(test_the_number_of_readers_changes_nothing),
        cmocka_unit_test(test_the_size_of_groups_changes_nothing),
        cmocka_unit_test(test_a_crash_at_any_step_leaves_the_same_future),
        cmocka_unit_test(test_crash_upon_crash_ends_at_the_same_ledger),
        cmocka_unit_test(test_crashes_leave_the_same_candles),
        cmocka_unit_test(test_a_late_post_is_taken_in_its_place_in_the_file),
        cmocka_unit_test(test_bad_lines_become_one_dead_letter_each_also_over_crashes),
        cmocka_unit_test(test_a_halt_before_the_start_lets_nothing_open),
        cmocka_unit_test(test_a_command_given_while_nothing_ran_is_answered_at_the_start),
        cmocka_unit_test(test_a_halt_during_a_replay_holds_from_then_on),
        cmocka_unit_test(test_a_stop_commits_and_the_next_run_goes_on),
        cmocka_unit_test(test_a_store_that_was_used_in_real_time_takes_no_replay),
        cmocka_unit_test(test_a_posts_file_that_was_replaced_is_refused),
        cmocka_unit_test(test_a_posts_file_that_became_shorter_is_refused),
        cmocka_unit_test(test_a_posts_file_that_grew_is_read_on),
        cmocka_unit_test(test_a_cursor_that_cannot_be_read_is_damage),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
