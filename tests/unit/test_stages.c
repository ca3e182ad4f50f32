/* Three processes' work in one: posts are stored, read and decided on apart, over queues in memory,
 * and the rows are those of a run that does it all at once. */
#include <pthread.h>

#include "run/analyze.h"
#include "run/ingest.h"
#include "run/parcel.h"
#include "run/relay.h"
#include "run/retry.h"
#include "run_rig.h"
#include "store/posts.h"
#include "store/store_int.h"
#include "store/tries.h"

#define DB "apart.db"

struct apart {
    struct rig *g;
    struct queue *posts, *readings;
    struct config_live *live;
    struct config_input in;
};

static void open_rig(struct apart *x) {
    rig_open(x->g, DB, NULL, 0);
    x->in = (struct config_input){.text = STR("")};
    x->live = config_live_new(&x->g->a, &x->in, &x->g->cfg);
}

static void close_rig(struct apart *x) {
    config_live_free(x->live);
    x->live = NULL;
    rig_close(x->g);
}

static struct apart *apart_new(void) {
    struct apart *x = calloc(1, sizeof *x);
    const struct queue_options opt = {
        .capacity = 4096, .max_attempts = 3, .backoff = USEC_PER_MS, .seed = 1};
    struct error err;
    x->g = rig_new();
    assert_ok(memory_queue_open(&opt, &x->posts, &err), &err);
    assert_ok(memory_queue_open(&opt, &x->readings, &err), &err);
    /* what is new says that it may have lost something: true, and of no use here */
    IGNORE(queue_lost(x->posts), "said once");
    IGNORE(queue_lost(x->readings), "said once");
    open_rig(x);
    return x;
}

static void apart_free(struct apart *x) {
    close_rig(x);
    queue_close(x->posts);
    queue_close(x->readings);
    rig_free(x->g);
    free(x);
}

static bool open_store(void *ctx, struct store **ret, struct error *err) {
    struct apart *x = ctx;
    char url[160];
    snprintf(url, sizeof url, "sqlite:%s", rig_path(x->g, DB));
    const struct store_options opt = {
        .url = str_dup(&x->g->a, str_from_z(url)), .access = STORE_WRITE, .busy_timeout_ms = 2000};
    return store_open(&x->g->a, &opt, ret, err);
}

static struct ingest_counts ingest(struct apart *x) {
    struct ingest_counts counts;
    struct error err;
    struct ingest_parts parts = {.store = x->g->parts.store, .posts = x->posts, .feed_count = 1};
    const struct ingest_options opt = {.exit_at_end = true, .letters_bytes = 1 << 20};
    parts.feeds[0] = x->g->parts.feeds[0];
    assert_ok(ingest_run(&parts, &opt, &counts, &err), &err);
    return counts;
}

static struct analyze_counts analyze(struct apart *x, int workers) {
    struct analyze_counts counts;
    struct error err;
    const struct analyze_parts parts = {.open_store = open_store,
                                        .ctx = x,
                                        .reader = x->g->parts.reader,
                                        .live = x->live,
                                        .posts = x->posts,
                                        .readings = x->readings,
                                        .capacity = 4096};
    const struct analyze_options opt = {.workers = workers, .exit_at_end = true};
    assert_ok(analyze_run(&x->g->a, &parts, &opt, &counts, &err), &err);
    return counts;
}

static int64_t number(struct store *s, const struct sql *sql) {
    struct error err;
    struct query q;
    int64_t n = 0;
    bool found;
    assert_ok(query_open(s, sql, &q, &err), &err);
    assert_ok(query_i64(&q, &n, &found, &err), &err);
    return n;
}

/* What was read of all posts whose text is still there, as one text. */
static void readings_of(struct store *s, struct buf *ret) {
    static const struct sql sql = {
        "SELECT id, text, label, probs, mentions, misses, cues, model, "
        "CAST(sentiment_score AS TEXT) FROM tweets WHERE text <> '' ORDER BY id"};
    struct error err;
    struct query q;
    bool row;
    assert_ok(query_open(s, &sql, &q, &err), &err);
    assert_ok(query_row(&q, &row, &err), &err);
    while (row) {
        buf_printf(ret, "%lld", (long long)col_i64(&q));
        for (int i = 0; i < 5; i++) buf_printf(ret, "|" STR_FMT, STR_ARG(col_str(&q)));
        buf_printf(ret, "|%lld", (long long)col_i64(&q));
        for (int i = 0; i < 2; i++) buf_printf(ret, "|" STR_FMT, STR_ARG(col_str(&q)));
        buf_put_byte(ret, '\n');
        assert_ok(query_row(&q, &row, &err), &err);
    }
    assert_false(buf_full(ret));
}

static const struct sql stored = {"SELECT count(*) FROM tweets WHERE stage = 0"};
static const struct sql read_ones = {"SELECT count(*) FROM tweets WHERE stage = 1"};
static const struct sql done = {"SELECT count(*) FROM tweets WHERE stage = 2"};
static const struct sql emptied = {"SELECT count(*) FROM tweets WHERE text = ''"};

static void test_what_is_read_apart_is_what_one_process_reads(void **state) {
    struct apart *x = apart_new();
    struct error err;
    struct buf apart, at_once;
    (void)state;
    buf_init(&apart, 1 << 20);
    buf_init(&at_once, 1 << 20);
    const struct ingest_counts in = ingest(x);
    assert_int_equal(in.posts, RIG_POSTS);
    assert_int_equal(in.deletions, RIG_POSTS / 3);
    assert_int_equal(number(x->g->parts.store, &emptied), RIG_POSTS / 3);
    assert_int_equal(number(x->g->parts.store, &stored), RIG_POSTS);
    const struct analyze_counts an = analyze(x, 3);
    assert_int_equal(an.posts, RIG_POSTS);
    assert_int_equal(an.handed, RIG_POSTS); /* a replay has no strangers: all are his concern */
    assert_int_equal(number(x->g->parts.store, &read_ones), RIG_POSTS);
    readings_of(x->g->parts.store, &apart);

    close_rig(x);
    assert_ok(rig_replay(x->g, "at_once.db", &err), &err);
    readings_of(x->g->parts.store, &at_once);
    assert_true(apart.len > 1000);
    assert_string_equal(buf_z(&apart), buf_z(&at_once));
    buf_fini(&apart);
    buf_fini(&at_once);
    apart_free(x);
}

static void test_ingest_goes_on_where_it_was(void **state) {
    struct apart *x = apart_new();
    struct queue_stats q;
    struct error err;
    (void)state;
    assert_int_equal(ingest(x).posts, RIG_POSTS);
    close_rig(x);
    open_rig(x);
    assert_int_equal(ingest(x).posts, 0);
    FILE *f = fopen(rig_path(x->g, "posts.jsonl"), "a");
    rig_post(f, (RIG_START + 14000) * 1000, 99, "One more, about $DOGE");
    fclose(f);
    close_rig(x);
    open_rig(x);
    assert_int_equal(ingest(x).posts, 1);
    assert_ok(queue_stats(x->posts, &q, &err), &err);
    assert_int_equal(q.fresh + q.late, RIG_POSTS + 1);
    apart_free(x);
}

static void test_what_the_queue_lost_is_found_in_the_store(void **state) {
    struct apart *x = apart_new();
    struct job *jobs[64];
    struct error err;
    int count;
    (void)state;
    ingest(x);
    do { /* a queue that forgot everything */
        assert_ok(queue_take(x->posts, jobs, 64, time_wall_us(), 0, &count, &err), &err);
        if (count > 0) assert_ok(queue_ack_many(x->posts, jobs, count, &err), &err);
    } while (count > 0);
    /* a minute later: what was stored just now may be in somebody's hands */
    assert_ok(
        x->g->parts.store->ops->exec(
            x->g->parts.store, "UPDATE tweets SET created_at_db = created_at_db - 60000000", &err),
        &err);
    const struct analyze_counts an = analyze(x, 1);
    assert_int_equal(an.swept, RIG_POSTS);
    assert_int_equal(an.posts, RIG_POSTS);
    assert_int_equal(number(x->g->parts.store, &stored), 0);
    apart_free(x);
}

/* The only letter there is, and its history. */
static struct dead_letter only_letter(struct apart *x, struct tries *ret) {
    const struct dead_filter any = {0};
    struct dead_letter *letters;
    struct error err;
    int count;
    assert_ok(store_dead_list(x->g->parts.store, &x->g->a, &any, 0, 10, &letters, &count, &err),
              &err);
    assert_int_equal(count, 1);
    tries_read(letters[0].history, ret);
    return letters[0];
}

static void do_sql(struct apart *x, const char *sql) {
    struct error err;
    assert_ok(x->g->parts.store->ops->exec(x->g->parts.store, sql, &err), &err);
}

static void test_a_job_that_nobody_can_read_is_a_dead_letter(void **state) {
    struct apart *x = apart_new();
    struct tries t;
    struct error err;
    (void)state;
    assert_ok(queue_put(x->posts, STR("no parcel"), time_wall_us(), 0, &err), &err);
    const struct analyze_counts an = analyze(x, 1);
    assert_int_equal(an.dead, 1);
    const struct dead_letter d = only_letter(x, &t);
    assert_str(d.kind, "job");
    assert_int_equal(d.attempts, 3);
    assert_int_equal(t.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_non_null(strstr(t.v[i].who, ":analyze:1"));
        assert_true(str_eq(str_from_z(t.v[i].error), d.error));
        assert_true(i == 0 || t.v[i].at >= t.v[i - 1].at);
    }
    apart_free(x);
}

static const struct sql failed = {
    "SELECT count(*) FROM tweets WHERE stage = 2 AND outcome = 'FAILED'"};

/* One post whose reading the store refuses: the others are read, and it is not tried for ever.
 * Tried again by a person it is read, and nobody trades on it. */
static void test_a_post_that_cannot_be_stored_is_a_dead_letter_and_done_with(void **state) {
    static const struct sql stale = {
        "SELECT count(*) FROM tweets WHERE outcome = 'STALE' AND stage = 2 AND probs IS NOT NULL"};
    struct apart *x = apart_new();
    struct tries t;
    struct error err;
    (void)state;
    ingest(x);
    do_sql(x, "CREATE TRIGGER poison BEFORE UPDATE OF mentions ON tweets WHEN NEW.id = (SELECT "
              "min(id) FROM tweets) BEGIN SELECT RAISE(ABORT, 'poisoned'); END");
    struct analyze_counts an = analyze(x, 2);
    assert_int_equal(an.dead, 1);
    assert_int_equal(an.handed, RIG_POSTS - 1);
    assert_int_equal(number(x->g->parts.store, &failed), 1);
    const struct dead_letter d = only_letter(x, &t);
    assert_str(d.kind, "post");
    assert_int_equal(t.count, 3);
    assert_non_null(strstr(t.v[2].error, "poisoned"));

    assert_int_equal(number(x->g->parts.store, &stored), 0); /* nothing for a sweeper to find */

    assert_false(letter_retry(x->g->parts.store, &x->g->a, x->g->parts.reader, d.id, STR("ann"),
                              time_wall_us(), &err));
    assert_non_null(strstr(err.msg, "poisoned"));
    do_sql(x, "DROP TRIGGER poison");
    assert_ok(letter_retry(x->g->parts.store, &x->g->a, x->g->parts.reader, d.id, STR("ann"),
                           time_wall_us(), &err),
              &err);
    assert_int_equal(number(x->g->parts.store, &stale), 1);
    assert_str(only_letter(x, &t).status, "retried");
    assert_int_equal(t.count, 5);
    assert_non_null(strstr(t.v[3].error, "poisoned"));
    assert_string_equal(t.v[4].who, "ann");
    assert_string_equal(t.v[4].error, "");
    an = analyze(x, 1);
    assert_int_equal(an.posts + an.handed, 0); /* no trader hears of it */
    apart_free(x);
}

static void put_again(struct apart *x, const struct post *post) {
    struct buf parcel;
    struct error err;
    buf_init(&parcel, PARCEL_BYTES_MAX);
    parcel_put_post(&parcel, post, (struct parcel_mark){false});
    const struct job_put put = {.payload = buf_str(&parcel)};
    int count;
    assert_ok(queue_put_many(x->posts, &put, 1, time_wall_us(), 0, &count, &err), &err);
    buf_fini(&parcel);
}

/* One that comes alone goes on before its commit; that somebody read it before is told with it. */
static void test_a_post_that_comes_alone_goes_on_as_it_was_found(void **state) {
    struct apart *x = apart_new();
    struct job *jobs[64];
    struct arena a;
    struct error err;
    struct post post;
    struct reading reading;
    struct parcel_mark mark;
    int count;
    (void)state;
    ingest(x);
    analyze(x, 1);
    assert_ok(queue_take(x->readings, jobs, 64, time_wall_us(), 0, &count, &err), &err);
    assert_int_equal(count, RIG_POSTS);
    arena_open(&a, 64 << 20);
    const str parcel = {jobs[0]->payload, jobs[0]->payload_bytes};
    assert_ok(parcel_get_reading(&a, parcel, &post, &reading, &mark, &err), &err);
    assert_false(mark.again);
    for (int twice = 0; twice < 2; twice++) {
        char unread[128];
        snprintf(unread, sizeof unread,
                 "UPDATE tweets SET stage = 0, mentions = NULL WHERE id = %lld",
                 (long long)post.id);
        if (twice == 0) do_sql(x, unread);
        put_again(x, &post);
        const struct analyze_counts an = analyze(x, 1);
        assert_int_equal(an.posts, 1);
        assert_int_equal(an.handed, 1);
        assert_int_equal(number(x->g->parts.store, &read_ones), RIG_POSTS);
        assert_ok(queue_take(x->readings, jobs, 64, time_wall_us(), 0, &count, &err), &err);
        assert_int_equal(count, 1);
        struct post same;
        const str back = {jobs[0]->payload, jobs[0]->payload_bytes};
        assert_ok(parcel_get_reading(&a, back, &same, &reading, &mark, &err), &err);
        assert_int_equal(same.id, post.id);
        assert_int_equal(mark.again, twice);
    }
    arena_close(&a);
    apart_free(x);
}

/* The trader's part: each reading once, as it was read, acknowledged when it is durable. */
static void test_the_relay_gives_each_reading_and_acknowledges_it(void **state) {
    struct apart *x = apart_new();
    struct arena a;
    struct intake it;
    struct queue_stats q;
    struct error err;
    (void)state;
    ingest(x);
    analyze(x, 1);
    struct source *const s = relay_open(&x->g->a, x->readings, x->g->parts.store, STR("me"), true);
    assert_true(source_is_live(s));
    arena_open(&a, 64 << 20);
    for (int n = 1; n <= RIG_POSTS; n++) {
        struct reading again;
        struct arena scratch;
        arena_reset(&a);
        assert_ok(source_next(s, &a, &it, &err), &err);
        assert_int_equal(it.kind, INTAKE_POST);
        arena_open(&scratch, READER_SCRATCH_BYTES);
        reader_read(x->g->parts.reader, scratch, &it.post, 1, &again);
        arena_close(&scratch);
        assert_int_equal(again.simhash, it.reading->simhash);
        assert_int_equal(again.mention_count, it.reading->mention_count);
        assert_string_equal(again.model, it.reading->model);
        source_stored(s, n);
    }
    source_stop(s);
    assert_ok(source_next(s, &a, &it, &err), &err);
    assert_int_equal(it.kind, INTAKE_END);
    source_close(s);
    assert_ok(queue_stats(x->readings, &q, &err), &err);
    assert_int_equal(q.fresh + q.late + q.taken, 0);
    arena_close(&a);
    apart_free(x);
}

static void test_a_post_that_is_done_with_is_not_decided_on_again(void **state) {
    struct apart *x = apart_new();
    struct arena a;
    struct intake it;
    struct error err;
    (void)state;
    ingest(x);
    analyze(x, 1);
    /* decided on meanwhile, all but one: the queue does not know, and gives each a second time */
    x->g->parts.store->ops->exec(x->g->parts.store,
                                 "UPDATE tweets SET stage = 2 WHERE id <> "
                                 "(SELECT min(id) FROM tweets)",
                                 &err);
    struct job *jobs[64];
    int count;
    assert_ok(queue_take(x->readings, jobs, 64, time_wall_us(), 0, &count, &err), &err);
    assert_int_equal(count, RIG_POSTS);
    bool dead;
    for (int i = 0; i < count; i++)
        assert_ok(
            queue_retry(x->readings, jobs[i], STR("the trader died"), time_wall_us(), &dead, &err),
            &err);
    struct source *const s = relay_open(&x->g->a, x->readings, x->g->parts.store, STR("me"), false);
    arena_open(&a, 64 << 20);
    assert_ok(source_next(s, &a, &it, &err), &err);
    assert_int_equal(it.kind, INTAKE_POST);
    const int64_t first = it.post.id;
    source_stored(s, 1);
    assert_int_equal(number(x->g->parts.store, &read_ones), 1);
    static const struct sql left = {"SELECT id FROM tweets WHERE stage = 1"};
    assert_int_equal(number(x->g->parts.store, &left), first);
    source_stop(s);
    source_close(s);
    arena_close(&a);
    apart_free(x);
}

/* A queue whose first job was in the hands of traders that died. */
struct deadly {
    struct queue base;
    struct queue *in;
};

static bool deadly_take(struct queue *q, struct job **jobs, int max, usec now, usec timeout,
                        int *ret_count, struct error *err) {
    struct deadly *d = (struct deadly *)(void *)q;
    const bool ok = d->in->ops->take(d->in, jobs, max, now, timeout, ret_count, err);
    if (ok && *ret_count > 0) jobs[0]->spent = true;
    return ok;
}

static bool deadly_ack_many(struct queue *q, struct job *const *jobs, int count,
                            struct error *err) {
    struct deadly *d = (struct deadly *)(void *)q;
    return d->in->ops->ack_many(d->in, jobs, count, err);
}

static void test_a_post_that_kills_traders_is_a_dead_letter_and_done_with(void **state) {
    static const struct queue_ops ops = {
        .name = "deadly", .take = deadly_take, .ack_many = deadly_ack_many};
    struct apart *x = apart_new();
    struct deadly deadly = {.base = {.ops = &ops}, .in = x->readings};
    struct arena a;
    struct intake it;
    struct tries t;
    struct error err;
    (void)state;
    ingest(x);
    analyze(x, 1);
    struct source *const s =
        relay_open(&x->g->a, &deadly.base, x->g->parts.store, STR("bot:1:trade"), false);
    arena_open(&a, 64 << 20);
    assert_ok(source_next(s, &a, &it, &err), &err); /* the second one */
    assert_int_equal(number(x->g->parts.store, &failed), 1);
    assert_int_equal(number(x->g->parts.store, &read_ones), RIG_POSTS - 1);
    const struct dead_letter d = only_letter(x, &t);
    assert_int_not_equal(d.post_id, it.post.id);
    assert_int_equal(t.count, 1);
    assert_string_equal(t.v[0].who, "bot:1:trade");
    source_stop(s);
    source_close(s);
    arena_close(&a);
    apart_free(x);
}

/* A whole trader behind the relay: posts of 2021 are stale by now, and each is done with. */
static void test_the_trader_decides_on_all_that_others_read(void **state) {
    struct apart *x = apart_new();
    struct error err;
    struct buf summary;
    (void)state;
    ingest(x);
    analyze(x, 2);
    struct store *look;
    assert_ok(open_store(x, &look, &err), &err);
    struct run_parts parts = x->g->parts;
    struct run_options opt = x->g->opt;
    opt.speed_e8 = E8;
    parts.feeds[0] =
        (struct run_feed){.source = relay_open(&x->g->a, x->readings, look, STR("me"), true),
                          .key = STR("relay"),
                          .kind = STR("relay"),
                          .name = STR("relay")};
    parts.market = NULL;
    assert_ok(runner_open(&x->g->a, &parts, &opt, NULL, &x->g->runner, &err), &err);
    assert_ok(run_wall(x->g->runner, &err), &err);
    buf_init(&summary, 1 << 20);
    const struct run_summary_extra extra = {0};
    assert_ok(run_summary(x->g->runner, &extra, &summary, &err), &err);
    buf_fini(&x->g->summary);
    x->g->summary = summary;
    assert_int_equal(rig_number(x->g, "posts"), RIG_POSTS);
    assert_int_equal(number(x->g->parts.store, &done), RIG_POSTS);
    source_close(parts.feeds[0].source);
    store_close(look);
    apart_free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read_apart_is_what_one_process_reads),
        cmocka_unit_test(test_ingest_goes_on_where_it_was),
        cmocka_unit_test(test_what_the_queue_lost_is_found_in_the_store),
        cmocka_unit_test(test_a_job_that_nobody_can_read_is_a_dead_letter),
        cmocka_unit_test(test_a_post_that_cannot_be_stored_is_a_dead_letter_and_done_with),
        cmocka_unit_test(test_a_post_that_comes_alone_goes_on_as_it_was_found),
        cmocka_unit_test(test_a_post_that_kills_traders_is_a_dead_letter_and_done_with),
        cmocka_unit_test(test_the_relay_gives_each_reading_and_acknowledges_it),
        cmocka_unit_test(test_a_post_that_is_done_with_is_not_decided_on_again),
        cmocka_unit_test(test_the_trader_decides_on_all_that_others_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
