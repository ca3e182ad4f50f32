/* What live sources pass on, through a whole run in real time: several at once, each with its
 * state, rows beside posts, posts that are not kept, and a store that breaks meanwhile. */
#include <pthread.h>
#include <stdatomic.h>

#include "run_rig.h"
#include "store/sources.h"
#include "store/store_int.h"

#define SCRIPT_MAX 4096
#define FIRST_ID INT64_C(1700000000000000000)

/* A live source that gives what its script says, then waits to be stopped, or ends. */
struct scripted {
    struct source base;
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    struct intake script[SCRIPT_MAX];
    int count, next;
    bool ends, fails, stopped;
    _Atomic int64_t stored;
};

static bool scripted_next(struct source *base, struct arena *a, struct intake *ret,
                          struct error *err) {
    struct scripted *s = (struct scripted *)base;
    (void)a;
    if (s->next < s->count) {
        *ret = s->script[s->next++];
        return true;
    }
    if (s->fails) return fail(err, ERR_IO, 5, "the wire is gone for good");
    pthread_mutex_lock(&s->mutex);
    while (!s->stopped && !s->ends) pthread_cond_wait(&s->moved, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
    *ret = (struct intake){.kind = INTAKE_END};
    return true;
}

static void scripted_stop(struct source *base) {
    struct scripted *s = (struct scripted *)base;
    pthread_mutex_lock(&s->mutex);
    s->stopped = true;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->mutex);
}

static void scripted_stored(struct source *base, int64_t intakes) {
    struct scripted *s = (struct scripted *)base;
    atomic_store(&s->stored, intakes);
}

static void scripted_close(struct source *base) { (void)base; }

static const struct source_ops scripted_ops = {.name = "scripted",
                                               .next = scripted_next,
                                               .stop = scripted_stop,
                                               .stored = scripted_stored,
                                               .close = scripted_close};

static struct rig *rig;
static struct scripted sources[2];
static atomic_int stop;
static const struct store_ops *sound_ops;
static atomic_int breaks; /* commits that fail from the tenth on */
static int commits;

static bool commit_or_not(struct store *s, struct error *err) {
    if (commits++ < 10 || atomic_fetch_sub(&breaks, 1) <= 0) return sound_ops->commit(s, err);
    return fail(err, ERR_FULL, 0, "no space left");
}

static int set_up(void **state) {
    (void)state;
    rig = rig_new();
    memset(sources, 0, sizeof sources);
    atomic_store(&stop, 0);
    atomic_store(&breaks, 0);
    commits = 0;
    for (int i = 0; i < 2; i++) {
        sources[i].base.ops = &scripted_ops;
        pthread_mutex_init(&sources[i].mutex, NULL);
        pthread_cond_init(&sources[i].moved, NULL);
        sources[i].ends = true;
    }
    rig_open(rig, "feeds.db", NULL, 0);
    source_close(rig->parts.feeds[0].source);
    rig->parts.feed_count = 2;
    for (int i = 0; i < 2; i++)
        rig->parts.feeds[i] = (struct run_feed){.source = &sources[i].base,
                                                .key = i ? STR("two:x") : STR("one:x"),
                                                .kind = i ? STR("two") : STR("one"),
                                                .name = STR("x")};
    market_close(rig->parts.market);
    rig->parts.market = NULL;
    rig->opt = (struct run_options){.exit_at_end = true, .workers = 1, .stop = &stop};
    buf_init(&rig->summary, 1 << 20);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    runner_close(rig->runner);
    rig->runner = NULL;
    venue_close(rig->parts.venue);
    store_close(rig->parts.store);
    buf_fini(&rig->summary);
    arena_close(&rig->a);
    for (int i = 0; i < 2; i++) {
        pthread_cond_destroy(&sources[i].moved);
        pthread_mutex_destroy(&sources[i].mutex);
    }
    rig_free(rig);
    return 0;
}

static struct intake *add(int which, intake_kind kind, const char *state) {
    struct scripted *s = &sources[which];
    PRE(s->count < SCRIPT_MAX);
    struct intake *it = &s->script[s->count++];
    it->kind = kind;
    if (state) it->state = str_dup(&rig->a, str_from_z(state));
    return it;
}

static struct intake *add_post(int which, int n, const char *text, const char *state) {
    struct intake *it = add(which, INTAKE_POST, state);
    char id[32];
    snprintf(id, sizeof id, "%lld", (long long)(FIRST_ID + n));
    const usec now = time_wall_us();
    it->post = (struct post){.id = FIRST_ID + n,
                             .root_id = FIRST_ID + n,
                             .source = STR("x"),
                             .source_id = str_dup(&rig->a, str_from_z(id)),
                             .author_id = STR("7"),
                             .username = STR("someone"),
                             .text = str_dup(&rig->a, str_from_z(text)),
                             .lang = STR("en"),
                             .created_at = now,
                             .received_at = now,
                             .likes = -1,
                             .reposts = -1,
                             .replies = -1,
                             .quotes = -1};
    return it;
}

static void add_deletion(int which, int n) {
    struct intake *it = add_post(which, n, "", NULL);
    it->post.deleted = true;
}

static bool run(struct error *err) {
    return runner_open(&rig->a, &rig->parts, &rig->opt, &rig->watch, &rig->runner, err) &&
           run_wall(rig->runner, err) && run_summary(rig->runner, NULL, &rig->summary, err);
}

static void expect_state(const char *key, const char *want) {
    struct error err;
    str got;
    bool found;
    assert_ok(store_feed_state(rig->parts.store, &rig->a, str_from_z(key), &got, &found, &err),
              &err);
    assert_true(found);
    check_str(got, str_from_z(want), __FILE__, __LINE__);
}

static int64_t billed(void) {
    struct error err;
    struct cost_row *rows;
    int count;
    int64_t sum = 0;
    assert_ok(store_costs(rig->parts.store, &rig->a, 0, &rows, &count, &err), &err);
    for (int i = 0; i < count; i++) sum += rows[i].billed;
    return sum;
}

static void test_two_sources_are_stored_with_their_states_and_told_so(void **state) {
    (void)state;
    struct error err;
    char text[16];
    for (int i = 0; i < 1500; i++) {
        snprintf(text, sizeof text, "at=%d", i);
        add_post(0, 2 * i, "Bitcoin is a coin.", text);
        add_post(1, 2 * i + 1, "What a nice day.", i % 3 ? NULL : text);
    }
    assert_ok(run(&err), &err);
    assert_int_equal(rig_number(rig, "posts"), 3000);
    expect_state("one:x", "at=1499");
    expect_state("two:x", "at=1497");
    for (int i = 0; i < 2; i++)
        assert_int_equal(atomic_load(&sources[i].stored), sources[i].count + 1);
}

static void test_a_post_that_both_bring_is_one(void **state) {
    (void)state;
    struct error err;
    for (int i = 0; i < 200; i++) {
        add_post(0, i, "Bitcoin is a coin.", NULL);
        add_post(1, i, "Bitcoin is a coin.", NULL);
    }
    assert_ok(run(&err), &err);
    assert_int_equal(rig_number(rig, "posts"), 200);
}

static void test_what_names_no_coin_is_not_kept_where_that_is_wished(void **state) {
    (void)state;
    struct error err;
    rig->parts.feeds[0].keep_linked = true;
    for (int i = 0; i < 300; i++) {
        add_post(0, 2 * i, "What a nice day.", "at=day");
        add_post(0, 2 * i + 1, "Bitcoin is a coin.", "at=coin");
        add_deletion(0, 2 * i);
    }
    add_deletion(0, 1);
    add_post(0, 9999, "What a nice day.", "at=dropped");
    add(0, INTAKE_NONE, "at=end");
    assert_ok(run(&err), &err);
    assert_int_equal(rig_number(rig, "posts"), 300);
    assert_int_equal(rig_number(rig, "deleted"), 1);
    expect_state("one:x", "at=end");
    assert_int_equal(atomic_load(&sources[0].stored), sources[0].count + 1); /* those, too */
}

static void test_a_state_goes_on_where_no_post_is_kept(void **state) {
    (void)state;
    struct error err;
    char text[16];
    rig->parts.feeds[0].keep_linked = true;
    for (int i = 1; i <= 100; i++) {
        snprintf(text, sizeof text, "at=%d", i);
        add_post(0, i, "What a nice day.", text);
    }
    assert_ok(run(&err), &err);
    assert_int_equal(rig_number(rig, "posts"), 0);
    expect_state("one:x", "at=96"); /* each 32nd */
    assert_int_equal(atomic_load(&sources[0].stored), sources[0].count + 1);
}

static void test_rows_beside_posts_are_kept(void **state) {
    (void)state;
    struct error err;
    static const int64_t ids[] = {11, 12, 13};
    struct intake *it = add(0, INTAKE_USAGE, "since=13");
    it->u.usage = (struct usage){.resource = RESOURCE_POST,
                                 .day = 20000,
                                 .returned = 5,
                                 .billed = 3,
                                 .amount = money_from_e8(1500000),
                                 .ids = ids,
                                 .reported = -1};
    it = add(1, INTAKE_GAP, NULL);
    it->u.gap = (struct gap){.from = 1000000, .until = 2000000, .state = GAP_CLOSED, .why = "cut"};
    assert_ok(run(&err), &err);
    assert_int_equal(billed(), 3);
    expect_state("one:x", "since=13");
    struct gap *gaps;
    int count;
    assert_ok(store_gaps_left(rig->parts.store, &rig->a, STR("two:x"), &gaps, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(gaps[0].until, 2000000);
}

static void test_a_live_source_that_is_gone_for_good_leaves_the_others(void **state) {
    (void)state;
    struct error err;
    log_setup(LOG_BROKEN, LOG_LOGFMT, -1); /* it is told, as it should be */
    sources[0].fails = true;
    for (int i = 0; i < 500; i++) add_post(1, i, "Bitcoin is a coin.", NULL);
    assert_ok(run(&err), &err);
    assert_int_equal(rig_number(rig, "posts"), 500);
}

static void test_nothing_is_lost_and_nothing_doubled_while_the_store_cannot_be_written(
    void **state) {
    (void)state;
    struct error err;
    static struct venue_ops venue_ops;
    static struct store_ops store_ops;
    static int64_t ids[400];
    char text[16];
    venue_ops = *rig->parts.venue->ops;
    venue_ops.caps &= ~(uint32_t)VENUE_CAP_STATE; /* it lives elsewhere: there is a journal */
    rig->parts.venue->ops = &venue_ops;
    store_ops = *(sound_ops = rig->parts.store->ops);
    store_ops.commit = commit_or_not;
    rig->parts.store->ops = &store_ops;
    atomic_store(&breaks, 2);
    for (int i = 0; i < 400; i++) {
        snprintf(text, sizeof text, "at=%d", i);
        ids[i] = FIRST_ID + i;
        add_post(0, i, "Bitcoin is a coin.", NULL);
        struct intake *it = add(0, INTAKE_USAGE, text);
        it->u.usage = (struct usage){.resource = RESOURCE_POST,
                                     .day = 20000,
                                     .returned = 1,
                                     .billed = 1,
                                     .amount = money_from_e8(500000),
                                     .ids = &ids[i],
                                     .reported = -1};
    }
    assert_ok(run(&err), &err);
    rig->parts.store->ops = sound_ops;
    assert_true(atomic_load(&breaks) <= 0);
    assert_int_equal(rig_number(rig, "posts"), 400);
    assert_int_equal(billed(), 400);
    expect_state("one:x", "at=399");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_two_sources_are_stored_with_their_states_and_told_so),
        CASE(test_a_post_that_both_bring_is_one),
        CASE(test_what_names_no_coin_is_not_kept_where_that_is_wished),
        CASE(test_a_state_goes_on_where_no_post_is_kept),
        CASE(test_rows_beside_posts_are_kept),
        CASE(test_a_live_source_that_is_gone_for_good_leaves_the_others),
        CASE(test_nothing_is_lost_and_nothing_doubled_while_the_store_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
