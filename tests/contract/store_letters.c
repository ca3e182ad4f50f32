/* Dead letters from end to end: what was tried, what becomes of the post, trying again, many at
 * once, and whether they become more. */
#include "store_bench.h"

#include <stdio.h>

#include "readkit.h"

#include "run/letters.h"
#include "run/retry.h"
#include "store/posts.h"
#include "store/tries.h"

#define HOUR USEC_PER_HOUR

static const struct sql all_letters = {"SELECT count(*) FROM dead_letters"};
static const struct sql waiting = {"SELECT count(*) FROM dead_letters WHERE status = 'dead'"};

static int64_t put_letter(struct bench *b, const char *kind, const char *source,
                          const char *payload, usec at) {
    struct error err;
    int64_t id;
    const struct dead_letter d = {.source = str_from_z(source),
                                  .kind = str_from_z(kind),
                                  .payload = str_from_z(payload),
                                  .error = STR("it failed"),
                                  .attempts = 1,
                                  .first_at = at,
                                  .last_at = at,
                                  .who = STR("here:1:run")};
    assert_ok(store_dead_put(b->s, &d, &id, &err), &err);
    return id;
}

static struct dead_letter get(struct bench *b, int64_t id) {
    struct error err;
    struct dead_letter d;
    assert_ok(store_dead_get(b->s, &b->a, id, &d, &err), &err);
    return d;
}

static struct tries history_of(struct bench *b, int64_t id) {
    struct tries t;
    tries_read(get(b, id).history, &t);
    return t;
}

static const char a_post[] =
    "{\"id\":\"1\",\"text\":\"Just bought $DOGE, so happy!\",\"created_at\":"
    "\"2023-11-14T22:00:00Z\",\"author_id\":\"44\",\"username\":\"ann\"}";

/* --- the history -------------------------------------------------------------------------- */

static void test_each_try_stands_in_the_history(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t id;
    const struct dead_letter d = {
        .source = STR("x"),
        .kind = STR("post"),
        .error = STR("second"),
        .attempts = 2,
        .first_at = NOW,
        .last_at = NOW + 1,
        .history = STR("[{\"at\":\"2023-11-14T22:13:20.000000Z\",\"who\":\"a:1:analyze\","
                       "\"error\":\"first\"}]"),
        .who = STR("b:2:analyze")};
    assert_ok(store_dead_put(b->s, &d, &id, &err), &err);
    assert_ok(store_dead_mark(b->s, id, STR("dead"), STR("third"), STR("cli:root"), NOW + 2, &err),
              &err);
    assert_ok(store_dead_mark(b->s, id, STR("retried"), (str){0}, STR("api:ann"), NOW + 3, &err),
              &err);
    assert_ok(store_dead_mark(b->s, id, STR("dropped"), (str){0}, STR("api:ann"), NOW + 4, &err),
              &err); /* no try */
    const struct tries t = history_of(b, id);
    static const char *const want[][2] = {{"a:1:analyze", "first"},
                                          {"b:2:analyze", "second"},
                                          {"cli:root", "third"},
                                          {"api:ann", ""}};
    assert_int_equal(t.count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(t.v[i].at, NOW + i);
        assert_string_equal(t.v[i].who, want[i][0]);
        assert_string_equal(t.v[i].error, want[i][1]);
    }
    assert_int_equal(get(b, id).attempts, 4);
}

static void test_the_history_is_bounded(void **state) {
    struct bench *b = *state;
    struct error err;
    char why[1000];
    const int64_t id = put_letter(b, "post", "x", "{}", NOW);
    memset(why, 'w', sizeof why);
    for (int i = 1; i <= TRIES_MAX + 4; i++)
        assert_ok(store_dead_mark(b->s, id, STR("dead"), str_from_bytes(why, sizeof why),
                                  STR("cli:root"), NOW + i, &err),
                  &err);
    const struct tries t = history_of(b, id);
    assert_int_equal(t.count, TRIES_MAX);
    assert_int_equal(t.v[TRIES_MAX - 1].at, NOW + TRIES_MAX + 4);
    assert_int_equal(strlen(t.v[0].error), TRY_ERROR_BYTES - 1);
    assert_int_equal(get(b, id).attempts, TRIES_MAX + 5);
}

static int list(struct bench *b, const char *status, const char *kind, const char *source) {
    struct error err;
    struct dead_letter *v;
    int n;
    const struct dead_filter f = {str_from_z(status), str_from_z(kind), str_from_z(source)};
    assert_ok(store_dead_list(b->s, &b->a, &f, 0, 100, &v, &n, &err), &err);
    return n;
}

static void test_they_are_listed_by_status_kind_and_source(void **state) {
    struct bench *b = *state;
    struct error err;
    put_letter(b, "post", "x", "{}", NOW);
    put_letter(b, "post", "bluesky", "{}", NOW);
    put_letter(b, "job", "queue", "", NOW);
    const int64_t id = put_letter(b, "post", "x", "{}", NOW);
    assert_ok(store_dead_mark(b->s, id, STR("dropped"), (str){0}, STR("ann"), NOW, &err), &err);
    assert_int_equal(list(b, "", "", ""), 4);
    assert_int_equal(list(b, "dead", "", ""), 3);
    assert_int_equal(list(b, "", "post", ""), 3);
    assert_int_equal(list(b, "", "post", "x"), 2);
    assert_int_equal(list(b, "dead", "post", "x"), 1);
    assert_int_equal(list(b, "", "", "nobody"), 0);
}

/* --- jobs --------------------------------------------------------------------------------- */

static struct post stored_post(int64_t id) {
    return (struct post){.id = id,
                         .root_id = id,
                         .source = STR("x"),
                         .source_id = STR("1"),
                         .author_id = STR("44"),
                         .username = STR("ann"),
                         .text = STR("Just bought $DOGE, so happy!"),
                         .created_at = NOW,
                         .received_at = NOW,
                         .likes = -1,
                         .reposts = -1,
                         .replies = -1,
                         .quotes = -1};
}

static void store_it(struct bench *b, const struct post *p) {
    struct error err;
    bool gone;
    assert_ok(store_begin(b->s, false, &err), &err);
    assert_ok(store_posts_put(b->s, &p, 1, NOW, &gone, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
}

static void read_it(struct bench *b, const struct post *p, post_stage stage) {
    struct error err;
    const struct reading r = {.post = p, .probs_bp = {0, 10000, 0}, .label = LABEL_NEUTRAL};
    const struct post_read row = {&r, stage, 0, stage == POST_DONE ? REASON_NO_COIN : REASON_NONE};
    assert_ok(store_begin(b->s, false, &err), &err);
    assert_ok(store_posts_read(b->s, &row, 1, NULL, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
}

static bool bury_job(struct bench *b, const char *payload, const struct post *p, post_stage stage,
                     struct error *err) {
    static struct job job;
    static char bytes[64];
    snprintf(bytes, sizeof bytes, "%s", payload);
    job = (struct job){.attempt = 4,
                       .enqueued_at = NOW,
                       .payload = bytes,
                       .payload_bytes = (ptrdiff_t)strlen(bytes)};
    memcpy(job.note, "[]", sizeof "[]");
    for (int i = 0; i < 3; i++) {
        char note[QUEUE_NOTE_BYTES];
        letters_note(&job, STR("b:2:analyze"), STR("it failed"), NOW + i, note);
        memcpy(job.note, note, sizeof note);
    }
    const struct lost_job lost = {&job, p, stage, job.note, STR("c:3:analyze"), STR("no more")};
    return letters_bury(b->s, &lost, NOW + 3, err);
}

static bool bury(struct bench *b, const struct post *p, post_stage stage, struct error *err) {
    return bury_job(b, "bfp1", p, stage, err);
}

static int unfinished(struct bench *b) {
    struct error err;
    struct left_post *v;
    int n;
    const struct unfinished q = {.before = NOW + DAY, .read_too = true};
    assert_ok(store_posts_unfinished(b->s, &b->a, &q, 100, &v, &n, &err), &err);
    return n;
}

static const struct sql failed = {
    "SELECT count(*) FROM tweets WHERE stage = 2 AND outcome = 'FAILED'"};

static void test_a_post_that_nobody_can_read_is_done_with(void **state) {
    struct bench *b = *state;
    struct error err;
    const struct post p = stored_post(1);
    store_it(b, &p);
    assert_int_equal(unfinished(b), 1);
    assert_ok(bury(b, &p, POST_STORED, &err), &err);
    assert_int_equal(unfinished(b), 0); /* or it would be tried for ever */
    assert_int_equal(count(b, &failed), 1);
    const struct dead_letter d = get(b, 1);
    assert_str(d.kind, "post");
    assert_str(d.source, "x");
    assert_str(d.error, "no more");
    assert_int_equal(d.attempts, 4);
    assert_int_equal(d.first_at, NOW);
    assert_int_equal(d.last_at, NOW + 3);
    assert_int_equal(d.post_id, 1);
    assert_true(str_find(d.payload, STR("\"text\":\"Just bought $DOGE, so happy!\"")) > 0);
    const struct tries t = history_of(b, 1);
    assert_int_equal(t.count, 4);
    assert_string_equal(t.v[0].who, "b:2:analyze");
    assert_string_equal(t.v[0].error, "it failed");
    assert_string_equal(t.v[3].who, "c:3:analyze");
    assert_string_equal(t.v[3].error, "no more");
}

/* Its reader died of something else after it had stored what it read. */
static void test_a_post_that_was_read_is_not_given_up_by_its_reader(void **state) {
    struct bench *b = *state;
    struct error err;
    const struct post p = stored_post(1);
    store_it(b, &p);
    read_it(b, &p, POST_READ);
    assert_ok(bury(b, &p, POST_STORED, &err), &err);
    assert_int_equal(unfinished(b), 1);
    assert_int_equal(count(b, &failed), 0);
    assert_ok(bury(b, &p, POST_READ, &err), &err); /* his trader does */
    assert_int_equal(unfinished(b), 0);
    assert_int_equal(count(b, &failed), 1);
}

static void test_a_job_that_is_no_post_leaves_a_letter_alone(void **state) {
    struct bench *b = *state;
    struct error err;
    assert_ok(bury_job(b, "bfp9 of another version", NULL, POST_STORED, &err), &err);
    struct dead_letter d = get(b, 1);
    assert_str(d.kind, "job");
    assert_str(d.source, "queue");
    assert_int_equal(d.payload.n, 0); /* people's words stand in the post's row, and nowhere else */
    assert_int_equal(d.post_id, 0);
    /* what is nobody's is shown as it came, and cannot become a post */
    assert_ok(bury_job(b, "{\"id\":\"1\",\"text\":\"hello\"}", NULL, POST_STORED, &err), &err);
    d = get(b, 2);
    assert_str(d.payload, "{\"id\":\"1\",\"text\":\"hello\"}");
    struct readkit k;
    readkit_open(&k, &(struct reader_options){.quote_asset = STR("USDT")});
    assert_fails(letter_retry(b->s, &b->a, k.reader, 2, STR("cli:root"), NOW, &err), &err,
                 ERR_STATE);
    readkit_close(&k);
}

/* The post itself is what the store refuses: there is a letter all the same. */
static void test_a_post_that_cannot_be_touched_has_its_letter(void **state) {
    static const struct sql refuse = {
        "CREATE TRIGGER refuse BEFORE UPDATE ON tweets BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE TRIGGER refuse BEFORE UPDATE ON tweets FOR EACH ROW EXECUTE FUNCTION "
        "append_only()"};
    struct bench *b = *state;
    struct error err;
    const struct post p = stored_post(1);
    store_it(b, &p);
    exec(b, &refuse);
    assert_ok(bury(b, &p, POST_STORED, &err), &err);
    assert_int_equal(count(b, &all_letters), 1);
    assert_int_equal(unfinished(b), 1);
}

/* --- trying again ------------------------------------------------------------------------- */

static bool retry(struct bench *b, struct readkit *k, int64_t id, struct error *err) {
    return letter_retry(b->s, &b->a, k->reader, id, STR("cli:root"), NOW + HOUR, err);
}

static void expect_untraded(struct bench *b) {
    static const struct sql stale = {
        "SELECT count(*) FROM tweets WHERE stage = 2 AND outcome = 'STALE' AND processed AND "
        "label = 'positive' AND mentions LIKE '%DOGEUSDT%'",
        "SELECT count(*) FROM tweets WHERE stage = 2 AND outcome = 'STALE' AND processed AND "
        "label = 'positive' AND mentions::text LIKE '%DOGEUSDT%'"};
    static const struct sql rest = {
        "SELECT (SELECT count(*) FROM signals) + (SELECT count(*) FROM intents) + "
        "(SELECT count(*) FROM trades) + (SELECT count(*) FROM orders) + "
        "(SELECT count(*) FROM commands)"};
    assert_int_equal(count(b, &stale), 1);
    assert_int_equal(count(b, &rest), 0);
    assert_int_equal(unfinished(b), 0); /* so no sweeper finds it, and no trader hears of it */
}

static void test_what_is_tried_again_is_read_and_never_traded(void **state) {
    struct bench *b = *state;
    struct error err;
    struct readkit k;
    readkit_open(&k, &(struct reader_options){.quote_asset = STR("USDT")});
    const int64_t id = put_letter(b, "post", "x", a_post, NOW);
    assert_ok(retry(b, &k, id, &err), &err);
    assert_str(get(b, id).status, "retried");
    expect_untraded(b);
    assert_fails(retry(b, &k, id, &err), &err, ERR_STATE);
    readkit_close(&k);
}

/* Also one that is of this moment: nobody knows what was decided meanwhile. */
static void test_a_post_that_failed_is_read_where_it_stands(void **state) {
    static const struct sql texts = {"SELECT count(*) FROM tweets WHERE text LIKE 'Just bought%'"};
    struct bench *b = *state;
    struct error err;
    struct readkit k;
    const struct post p = stored_post(77);
    readkit_open(&k, &(struct reader_options){.quote_asset = STR("USDT")});
    store_it(b, &p);
    assert_ok(bury(b, &p, POST_STORED, &err), &err);
    assert_ok(retry(b, &k, 1, &err), &err);
    expect_untraded(b);
    assert_int_equal(count(b, &texts), 1);
    const struct tries t = history_of(b, 1);
    assert_int_equal(t.count, 5);
    assert_string_equal(t.v[4].who, "cli:root");
    assert_string_equal(t.v[4].error, "");
    readkit_close(&k);
}

static void test_what_is_no_post_still_says_so_each_time(void **state) {
    struct bench *b = *state;
    struct error err;
    struct readkit k;
    readkit_open(&k, &(struct reader_options){.quote_asset = STR("USDT")});
    const int64_t id = put_letter(b, "post", "x", "{\"id\":\"1\"}", NOW);
    assert_false(retry(b, &k, id, &err));
    assert_false(retry(b, &k, id, &err));
    assert_str(get(b, id).status, "dead");
    assert_int_equal(get(b, id).attempts, 3);
    assert_int_equal(history_of(b, id).count, 3);
    assert_true(strlen(history_of(b, id).v[2].error) > 0);
    const int64_t empty = put_letter(b, "job", "queue", "", NOW);
    assert_fails(retry(b, &k, empty, &err), &err, ERR_STATE);
    assert_int_equal(get(b, empty).attempts, 1); /* there was nothing to try */
    readkit_close(&k);
}

static struct letters_told do_all(struct bench *b, const struct letters_ask *ask) {
    struct error err;
    struct letters_told told;
    struct arena scratch;
    arena_open(&scratch, (ptrdiff_t)64 << 20);
    assert_ok(letters_do(b->s, scratch, ask, STR("cli:root"), NOW + HOUR, &told, &err), &err);
    arena_close(&scratch);
    return told;
}

static void test_many_are_tried_again_or_dropped_by_kind_and_source(void **state) {
    struct bench *b = *state;
    struct readkit k;
    readkit_open(&k, &(struct reader_options){.quote_asset = STR("USDT")});
    for (int i = 0; i < 50; i++) {
        char text[sizeof a_post + 8];
        snprintf(text, sizeof text, "{\"id\":\"%d\"%s", 100 + i, a_post + 9);
        put_letter(b, "post", "x", text, NOW);
    }
    for (int i = 0; i < 40; i++) put_letter(b, "post", "x", "{}", NOW);
    put_letter(b, "post", "bluesky", "{}", NOW);
    for (int i = 0; i < 5; i++) put_letter(b, "job", "queue", "", NOW);

    struct letters_ask ask = {
        .kind = STR("post"), .source = STR("x"), .again = true, .reader = k.reader};
    ask.dry_run = true;
    struct letters_told told = do_all(b, &ask);
    assert_int_equal(told.found, 90);
    assert_int_equal(told.done, 0);
    assert_int_equal(count(b, &waiting), 96);
    ask.dry_run = false;
    ask.most = 45; /* the newest of them */
    told = do_all(b, &ask);
    assert_int_equal(told.found, 45);
    assert_int_equal(told.failed, 40);
    assert_int_equal(told.done, 5);
    assert_true(told.more);
    ask.before = told.last;
    ask.most = 0;
    told = do_all(b, &ask);
    assert_int_equal(told.found, 45);
    assert_int_equal(told.done, 45);
    assert_false(told.more);
    assert_int_equal(count(b, &waiting), 46);

    told = do_all(b, &(struct letters_ask){.kind = STR("job")});
    assert_int_equal(told.done, 5);
    told = do_all(b, &(struct letters_ask){0});
    assert_int_equal(told.done, 41);
    assert_int_equal(count(b, &waiting), 0);
    assert_int_equal(count(b, &all_letters), 96);
    readkit_close(&k);
}

/* --- do they become more? ----------------------------------------------------------------- */

static struct dead_growth look(struct bench *b, int64_t most, usec now) {
    struct error err;
    struct dead_growth g;
    assert_ok(store_dead_growth(b->s, most, now, &g, &err), &err);
    return g;
}

static void test_it_is_told_once_that_they_become_many_and_once_that_it_is_over(void **state) {
    static const struct sql unusual = {
        "SELECT count(*) FROM alerts WHERE source = 'dead_letters' AND level = 'unusual'"};
    static const struct sql lasting = {"SELECT count(*) FROM alerts WHERE source = 'dead_letters' "
                                       "AND level = 'unusual' AND over_at IS NULL"};
    static const struct sql info = {
        "SELECT count(*) FROM alerts WHERE source = 'dead_letters' AND level = 'info'"};
    struct bench *b = *state;
    for (int i = 0; i < 10; i++) put_letter(b, "post", "x", "{}", NOW + i);
    assert_false(look(b, 10, NOW + 10).began); /* no more than that */
    assert_false(look(b, 0, NOW + 10).began);  /* never */
    put_letter(b, "post", "x", "{}", NOW + HOUR / 2);
    struct dead_growth g = look(b, 10, NOW + HOUR / 2);
    assert_true(g.began);
    assert_int_equal(g.in_hour, 11);
    assert_false(look(b, 10, NOW + HOUR / 2 + 1).began);
    assert_int_equal(count(b, &lasting), 1);
    for (int i = 0; i < 5; i++) put_letter(b, "post", "x", "{}", NOW + HOUR / 2);
    assert_false(look(b, 10, NOW + HOUR + 10).over); /* six: more than half */
    g = look(b, 10, NOW + HOUR + HOUR / 2 + 1);
    assert_true(g.over);
    assert_int_equal(g.in_hour, 0);
    assert_false(look(b, 10, NOW + 2 * HOUR).over);
    assert_int_equal(count(b, &unusual), 1);
    assert_int_equal(count(b, &lasting), 0);
    assert_int_equal(count(b, &info), 1);
    /* a second time is a second alert */
    for (int i = 0; i < 11; i++) put_letter(b, "post", "x", "{}", NOW + DAY);
    assert_true(look(b, 10, NOW + DAY + 1).began);
    assert_int_equal(count(b, &unusual), 2);
    /* who wants to hear no more of it, hears that it is over */
    assert_true(look(b, 0, NOW + DAY + 2).over);
}

/* --- how many there may be ---------------------------------------------------------------- */

static void test_of_input_the_oldest_make_room_and_are_counted(void **state) {
    static const struct sql oldest = {
        "SELECT min(id) FROM dead_letters WHERE kind = 'post' AND post_id IS NULL"};
    struct bench *b = *state;
    struct error err;
    char junk[1001];
    int64_t size, gone, first;
    memset(junk, 'x', 1000);
    junk[1000] = '\0';
    assert_ok(store_dead_size(b->s, &size, &err), &err);
    assert_int_equal(size, 0);
    put_letter(b, "job", "queue", "", NOW); /* does not count, and stays */
    for (int i = 0; i < 100; i++) put_letter(b, "post", "x", junk, NOW + i);
    first = count(b, &oldest);
    assert_ok(store_dead_size(b->s, &size, &err), &err);
    assert_in_range(size, 100 * 1000, 100 * 1500);
    assert_ok(store_dead_trim(b->s, size, &gone, &err), &err);
    assert_int_equal(gone, 0);
    assert_ok(store_dead_trim(b->s, size / 2, &gone, &err), &err);
    assert_int_equal(gone, 50);
    assert_int_equal(count(b, &oldest), first + 50); /* the newest are there */
    assert_ok(store_dead_size(b->s, &size, &err), &err);
    assert_ok(store_begin(b->s, true, &err),
              &err); /* with what else a caller does, or not at all */
    assert_ok(store_dead_trim(b->s, 0, &gone, &err), &err);
    assert_int_equal(gone, 50);
    store_rollback(b->s);
    assert_int_equal(count(b, &all_letters), 51);
    assert_ok(store_dead_gone(b->s, &gone, &err), &err);
    assert_int_equal(gone, 50);
    assert_ok(store_dead_trim(b->s, 0, &gone, &err), &err);
    assert_ok(store_dead_gone(b->s, &gone, &err), &err);
    assert_int_equal(gone, 100);
    assert_int_equal(count(b, &all_letters), 1);
}

static void test_who_writes_many_keeps_the_newest_within_the_bound(void **state) {
    struct bench *b = *state;
    struct error err;
    struct letters l = {.who = STR("run"), .bytes_max = 100000};
    char junk[501];
    int64_t size, gone;
    memset(junk, 'y', 500);
    const struct complaint c = {
        .where = STR("posts:1"), .what = STR("no post"), .payload = {junk, 500}};
    for (int i = 0; i < 2000; i++)
        assert_ok(letters_put(&l, b->s, STR("x"), NOW + i, &c, &err), &err);
    assert_ok(store_dead_size(b->s, &size, &err), &err);
    assert_in_range(size, 50000, 100000 + 100000 / 4);
    assert_ok(store_dead_gone(b->s, &gone, &err), &err);
    assert_int_equal(l.stored, 2000);
    assert_int_equal(gone, l.gone);
    assert_int_equal(count(b, &all_letters), 2000 - gone);
}

int store_letters_run(void) {
    const struct CMUnitTest tests[] = {
        T(each_try_stands_in_the_history),
        T(the_history_is_bounded),
        T(they_are_listed_by_status_kind_and_source),
        T(a_post_that_nobody_can_read_is_done_with),
        T(a_post_that_was_read_is_not_given_up_by_its_reader),
        T(a_job_that_is_no_post_leaves_a_letter_alone),
        T(a_post_that_cannot_be_touched_has_its_letter),
        T(what_is_tried_again_is_read_and_never_traded),
        T(a_post_that_failed_is_read_where_it_stands),
        T(what_is_no_post_still_says_so_each_time),
        T(many_are_tried_again_or_dropped_by_kind_and_source),
        T(it_is_told_once_that_they_become_many_and_once_that_it_is_over),
        T(of_input_the_oldest_make_room_and_are_counted),
        T(who_writes_many_keeps_the_newest_within_the_bound),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}
