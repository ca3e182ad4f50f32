/* What deleted posts leave behind: their rows, and not a word of what they said. */
#include "store_bench.h"

#include <stdlib.h>

static bool has_text(struct bench *b, int64_t id) {
    static const struct sql sql = {"SELECT count(*) FROM tweets WHERE text <> '' AND id = $1"};
    struct query q;
    struct error err;
    int64_t n = 0;
    bool found;
    assert_ok(query_open(b->s, &sql, &q, &err), &err);
    bind_i64(&q, id);
    assert_ok(query_i64(&q, &n, &found, &err), &err);
    return n == 1;
}

struct saying {
    int64_t id, root;
    const char *author, *name;
    post_ref ref;
    int64_t ref_id;
};

static void say(struct bench *b, struct saying x) {
    struct post *post = NEW(&b->a, struct post);
    struct reading *reading = NEW(&b->a, struct reading);
    make_reading(&rng, x.id, post, reading);
    post->root_id = x.root ? x.root : x.id;
    post->edited = post->root_id != post->id;
    post->source = STR("x");
    char *native = NEW_ARRAY(&b->a, char, 24);
    snprintf(native, 24, "%lld", (long long)x.id);
    post->source_id = str_from_z(native);
    post->author_id = str_from_z(x.author);
    post->username = str_from_z(x.name);
    post->text = STR("zebra crossing");
    post->ref = x.ref;
    post->ref_id = x.ref_id;
    add(b, ACTION_PUT_POST)->u.post.reading = reading;
}

static void forget(struct bench *b, int64_t id, const char *author) {
    struct deletion *d = &add(b, ACTION_PUT_DELETION)->u.deletion;
    *d = (struct deletion){
        .tweet_id = id, .root_id = id, .actor = "source", .deleted_at = NOW, .at = NOW};
    snprintf(d->author, sizeof d->author, "%s", author);
}

static bool is_sound(struct bench *b) {
    struct buf report;
    struct error err;
    buf_init(&report, 1 << 16);
    const bool ok = store_check(b->s, &report, &err);
    if (!ok) print_error("%s", buf_z(&report));
    buf_fini(&report);
    return ok;
}

static void test_the_text_goes_with_each_version_and_retweet(void **state) {
    static const struct sql rows = {"SELECT count(*) FROM tweets"};
    static const struct sql names = {"SELECT count(*) FROM tweets WHERE author = 'ann'"};
    struct bench *b = *state;
    say(b, (struct saying){.id = 10, .author = "4", .name = "ann"});
    say(b, (struct saying){.id = 11, .root = 10, .author = "4", .name = "ann"});
    say(b, (struct saying){12, 0, "5", "bob", POST_REF_RETWEET, 11});
    say(b, (struct saying){13, 0, "5", "bob", POST_REF_QUOTE, 11});
    say(b, (struct saying){14, 0, "4", "anna", POST_REF_NONE, 0});
    turn(b);
    forget(b, 11, "x:4");
    turn(b);
    assert_false(has_text(b, 10));
    assert_false(has_text(b, 11));
    assert_false(has_text(b, 12));
    assert_true(has_text(b, 13)); /* a quote says something of its own */
    assert_true(has_text(b, 14));
    assert_int_equal(count(b, &rows), 5);
    assert_int_equal(count(b, &names), 0);
    assert_true(is_sound(b));
}

static void test_a_post_that_comes_after_its_deletion_has_no_text(void **state) {
    struct bench *b = *state;
    forget(b, 10, "x:4");
    turn(b);
    say(b, (struct saying){.id = 10, .author = "4", .name = "ann"});
    say(b, (struct saying){.id = 11, .root = 10, .author = "4", .name = "ann"});
    say(b, (struct saying){.id = 12, .author = "4", .name = "ann"});
    turn(b);
    assert_false(has_text(b, 10));
    assert_false(has_text(b, 11));
    assert_true(has_text(b, 12));
    say(b, (struct saying){.id = 10, .author = "4", .name = "ann"}); /* once more */
    turn(b);
    assert_false(has_text(b, 10));
    assert_true(is_sound(b));
}

static void test_a_deletion_holds_for_what_comes_behind_it_in_one_transaction(void **state) {
    struct bench *b = *state;
    say(b, (struct saying){.id = 10, .author = "4", .name = "ann"}); /* there is none yet */
    forget(b, 20, "x:4");
    say(b, (struct saying){.id = 20, .author = "4", .name = "ann"});
    turn(b);
    assert_true(has_text(b, 10));
    assert_false(has_text(b, 20));
    assert_true(is_sound(b));
}

static void test_a_deletion_that_was_rolled_back_takes_nothing(void **state) {
    struct bench *b = *state;
    struct error err;
    forget(b, 10, "x:4");
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_ok(store_apply(b->s, &b->acts, &err), &err);
    store_rollback(b->s);
    b->acts.count = 0;
    say(b, (struct saying){.id = 10, .author = "4", .name = "ann"});
    turn(b);
    assert_true(has_text(b, 10));
    assert_true(is_sound(b));
}

static void test_word_that_names_another_author_takes_nothing(void **state) {
    struct bench *b = *state;
    say(b, (struct saying){.id = 10, .author = "4", .name = "ann"});
    turn(b);
    forget(b, 10, "x:5");
    forget(b, 20, "x:5");
    turn(b);
    say(b, (struct saying){.id = 20, .author = "4", .name = "ann"});
    turn(b);
    assert_true(has_text(b, 10));
    assert_true(has_text(b, 20));
    assert_true(is_sound(b));
}

static void test_dead_letters_of_the_post_lose_their_content(void **state) {
    static const char *const letters[] = {"{\"id\":\"1010\",\"text\":\"a",
                                          "{\"x\":{\"id\": 1010 },\"text\":1",
                                          "{\"id\" : 1010",
                                          "{\"id\":\"10101\",\"text\":\"a",
                                          "{\"id\":1,\"text\":\"1010\"}",
                                          "1010",
                                          "{\"id\":\"21010\"}"};
    static const struct sql kept = {"SELECT count(*) FROM dead_letters WHERE payload <> ''"};
    struct bench *b = *state;
    struct error err;
    for (int i = 0; i < 100; i++) { /* more than one look */
        for (int k = 0; k < COUNT_OF(letters); k++) {
            int64_t id;
            const struct dead_letter d = {.source = STR("x"),
                                          .kind = STR("post"),
                                          .payload = str_from_z(letters[k]),
                                          .error = STR("e")};
            assert_ok(store_dead_put(b->s, &d, &id, &err), &err);
        }
    }
    forget(b, 1010, "");
    turn(b);
    assert_int_equal(count(b, &kept), 400);
}

static void test_the_check_finds_a_text_that_was_left(void **state) {
    struct bench *b = *state;
    struct buf report;
    struct error err;
    say(b, (struct saying){.id = 10, .author = "4", .name = "ann"});
    forget(b, 10, "x:4");
    turn(b);
    exec(b, &(struct sql){"UPDATE tweets SET text = 'zebra' WHERE id = 10"});
    buf_init(&report, 1 << 16);
    assert_false(store_check(b->s, &report, &err));
    assert_non_null(strstr(buf_z(&report), "post 10 was deleted and still has its text"));
    buf_fini(&report);
}

static void test_a_person_forgets_a_post_at_once(void **state) {
    static const struct sql audits = {"SELECT count(*) FROM audit_log WHERE action = 'forget' AND "
                                      "entity = 'post' AND entity_id = 10 AND actor = 'cli:ann'"};
    struct bench *b = *state;
    struct forgotten f;
    struct error err;
    struct command c;
    int n;
    say(b, (struct saying){.id = 10, .author = "4", .name = "ann"});
    turn(b);
    assert_ok(store_forget_post(b->s, 10, STR("cli:ann"), NOW, &f, &err), &err);
    assert_int_equal(f.posts, 1);
    assert_int_equal(f.commands, 1);
    assert_false(has_text(b, 10));
    assert_int_equal(count(b, &audits), 1);
    assert_ok(store_commands_pending(b->s, &c, 1, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(c.verb, VERB_FORGET);
    assert_int_equal(c.target, 10);
    assert_int_equal(c.id, f.last_command);
    assert_ok(store_forget_post(b->s, 10, STR("cli:ann"), NOW, &f, &err), &err);
    assert_int_equal(f.posts, 0);
    assert_ok(store_forget_post(b->s, 777, STR("cli:ann"), NOW, &f, &err), &err); /* not here yet */
    assert_int_equal(f.posts, 0);
    assert_true(is_sound(b));
}

static void test_a_person_forgets_an_author(void **state) {
    static const struct sql left = {"SELECT count(*) FROM tweets WHERE text <> ''"};
    static const struct sql names = {"SELECT count(*) FROM authors WHERE username = 'ann'"};
    struct bench *b = *state;
    struct forgotten f;
    struct error err;
    add_control(b, MODE_AUTO, 1);
    for (int i = 0; i < 200; i++)
        say(b, (struct saying){.id = 1000 + i, .author = i % 2 ? "4" : "5", .name = "ann"});
    struct trade t = plain_trade(10, 1001, 1001, NOW);
    t.tweet_id = 1001;
    add(b, ACTION_PUT_INTENT)->u.trade = t;
    add(b, ACTION_PUT_AUTHOR)->u.author = (struct author){.key = "x:4", .username = "ann"};
    turn(b);
    assert_ok(store_forget_author(b->s, STR("x:4"), STR("cli:ann"), NOW, &f, &err), &err);
    assert_int_equal(f.posts, 100);
    assert_int_equal(f.commands, 1); /* what is open */
    assert_int_equal(count(b, &left), 100);
    assert_int_equal(count(b, &names), 0);
    assert_ok(store_forget_author(b->s, STR("44"), STR("cli:ann"), NOW, &f, &err), &err);
    assert_int_equal(f.posts, 0);
    assert_ok(store_forget_author(b->s, STR("@Ann"), STR("cli:ann"), NOW, &f, &err), &err);
    assert_int_equal(f.posts, 100);
    assert_int_equal(count(b, &left), 0);
}

/* An author with all that can be kept of one; his signal `id` is still followed. */
static void put_known(struct bench *b, const char *key, const char *name, int64_t id) {
    struct author a = {.posts = 7,
                       .day = 3,
                       .trades_today = 2,
                       .last_trade_at = NOW - 1,
                       .last_post_at = NOW,
                       .first_seen = NOW - DAY,
                       .heard = id};
    struct author_record r = {
        .signals = 5, .recent = 5, .hits = 3, .weight_bp = 10400, .updated_at = NOW};
    struct forecast f = {.id = id, .symbol = "DOGEUSDT", .side = SIDE_LONG, .until = NOW + 1};
    snprintf(a.key, sizeof a.key, "%s", key);
    snprintf(a.username, sizeof a.username, "%s", name);
    a.habit.hours[3] = 7;
    memcpy(r.key, a.key, sizeof a.key);
    memcpy(f.author, a.key, sizeof a.key);
    add(b, ACTION_PUT_AUTHOR)->u.author = a;
    add(b, ACTION_END_FORECAST)->u.ended.record = r;
    add(b, ACTION_PUT_FORECAST)->u.forecast = f;
}

static const struct author *loaded_author(const struct trader_rows *rows, const char *key) {
    for (int i = 0; i < rows->author_count; i++) {
        if (strcmp(rows->authors[i].key, key) == 0) return &rows->authors[i];
    }
    fail_msg("no author %s", key);
    return NULL;
}

/* Exactly author_forget() is left of him, and nothing of the others is gone. */
static void assert_forgotten(struct bench *b, const char *key, int others) {
    static const struct habit none;
    struct trader_rows rows;
    load(b, &rows);
    const struct author *a = loaded_author(&rows, key);
    assert_string_equal(a->username, "");
    assert_int_equal(a->posts, 0);
    assert_int_equal(a->first_seen, 0);
    assert_memory_equal(&a->habit, &none, sizeof none);
    assert_int_equal(a->trades_today, 2); /* his rest and his daily cap stand */
    assert_int_equal(a->last_trade_at, NOW - 1);
    assert_true(a->heard > 0);
    assert_int_equal(rows.record_count, others);
    assert_int_equal(rows.forecast_count, others);
    for (int i = 0; i < others; i++) {
        assert_string_not_equal(rows.records[i].key, key);
        assert_string_not_equal(rows.forecasts[i].author, key);
    }
}

static void test_an_author_is_forgotten_with_his_habits_and_his_record(void **state) {
    struct bench *b = *state;
    struct forgotten f;
    struct error err;
    put_known(b, "x:4", "ann", 40);
    put_known(b, "x:44", "anna", 41);
    put_known(b, "sky:4", "anne", 42);
    put_known(b, "push:@Bea", "Bea", 43);
    turn(b);
    assert_ok(store_forget_author(b->s, STR("x:4"), STR("cli:t"), NOW, &f, &err), &err);
    assert_int_equal(f.authors, 1);
    assert_int_equal(f.commands, 0); /* nothing is open */
    assert_forgotten(b, "x:4", 3);
    assert_ok(store_forget_author(b->s, STR("x:4"), STR("cli:t"), NOW, &f, &err), &err);
    assert_int_equal(f.authors, 0);
    assert_ok(store_forget_author(b->s, STR("@bea"), STR("cli:t"), NOW, &f, &err), &err);
    assert_int_equal(f.authors, 1);
    assert_forgotten(b, "push:@Bea", 2);
    assert_ok(store_forget_author(b->s, STR("4"), STR("cli:t"), NOW, &f, &err), &err);
    assert_int_equal(f.authors, 1); /* on each source, and x:4 is clear already */
    assert_forgotten(b, "sky:4", 1);
    assert_ok(store_forget_author(b->s, STR("@Anna"), STR("cli:t"), NOW, &f, &err), &err);
    assert_forgotten(b, "x:44", 0);
}

/* A running trader holds the rows in memory: what it puts after that goes with its answer. */
static void test_what_a_running_trader_puts_back_goes_with_its_answer(void **state) {
    static const struct sql named = {
        "SELECT (SELECT count(*) FROM commands WHERE reason LIKE '%x:4%') + (SELECT count(*) FROM "
        "audit_log WHERE detail LIKE '%x:4%' OR detail LIKE '%ann%' OR entity LIKE '%x:4%')"};
    struct bench *b = *state;
    struct forgotten f;
    struct error err;
    struct command c;
    int n;
    put_known(b, "x:4", "ann", 40);
    put_known(b, "x:5", "bob", 41);
    turn(b);
    assert_ok(store_forget_author(b->s, STR("x:4"), STR("cli:t"), NOW, &f, &err), &err);
    assert_ok(store_commands_pending(b->s, &c, 1, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(c.verb, VERB_FORGET_AUTHOR);
    assert_int_equal(c.id, f.last_command);
    assert_string_equal(c.reason, "x:4");
    assert_int_equal(count(b, &named), 1); /* until it is done; the audit log never */
    put_known(b, "x:4", "ann", 40);
    turn(b);
    memcpy(add(b, ACTION_FORGET_AUTHOR)->u.forget.key, "x:4", 4);
    struct action *done = add(b, ACTION_COMMAND_DONE);
    done->u.done.id = c.id;
    done->u.done.ok = true;
    turn(b);
    assert_forgotten(b, "x:4", 1);
    assert_int_equal(count(b, &named), 0);
}

static bool file_has(const char *path, const char *word) {
    static char bytes[8 << 20];
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return n > 0 && memmem(bytes, n, word, strlen(word)) != NULL;
}

/* Posts in disorder, so that pages are split and merged; each second one is deleted. */
static void test_the_bytes_leave_the_files(void **state) {
    enum { POSTS = 400 };
    struct bench *b = *state;
    struct error err;
    bool clean, wanted;
    const char *path = store_path(b->s);
    if (strstr(path, "memory") || is_postgresql(b)) return; /* there is no file to look into */
    for (int i = 0; i < POSTS; i++) {
        say(b, (struct saying){.id = 1 + i * 7919 % POSTS, .author = "4", .name = "ann"});
        struct post *p = (struct post *)b->acts.v[b->acts.count - 1].u.post.reading->post;
        const size_t room = 64 + rng_below(&rng, 2000);
        char *text = NEW_ARRAY(&b->a, char, (ptrdiff_t)room);
        memset(text, 'm', room);
        const int n = snprintf(text, room, "zz%sq%03dq", p->id % 2 ? "gone" : "kept", (int)p->id);
        text[n] = 'm';
        memcpy(text + room - 12, text, 11);
        text[room - 1] = '\0';
        p->text = str_from_bytes(text, (ptrdiff_t)room - 1);
        if (i % 50 == 49) turn(b);
    }
    for (int i = 1; i <= POSTS; i += 2) forget(b, i, "");
    turn(b);
    assert_ok(store_wants_rewrite(b->s, &wanted, &err), &err);
    assert_true(wanted);
    assert_ok(store_scrub(b->s, true, &clean, &err), &err);
    assert_true(clean);
    assert_ok(store_wants_rewrite(b->s, &wanted, &err), &err);
    assert_false(wanted);
    char log[600];
    snprintf(log, sizeof log, "%s-wal", path);
    assert_false(file_has(path, "zzgone"));
    assert_false(file_has(log, "zzgone"));
    assert_true(file_has(path, "zzkept"));
    assert_true(is_sound(b));
}

static void test_scrubbing_leaves_what_was_not_deleted(void **state) {
    static const struct sql texts = {"SELECT count(*) FROM tweets WHERE text <> ''"};
    struct bench *b = *state;
    struct error err;
    bool clean;
    for (int i = 1; i <= 20; i++) say(b, (struct saying){.id = i, .author = "4", .name = "ann"});
    for (int i = 1; i <= 20; i += 2) forget(b, i, "");
    turn(b);
    for (int rewrite = 0; rewrite < 2; rewrite++) {
        assert_ok(store_scrub(b->s, rewrite != 0, &clean, &err), &err);
        assert_true(clean || place->force); /* where another owns the tables, he cleans them */
        assert_int_equal(count(b, &texts), 10);
        assert_true(is_sound(b));
    }
}

int store_forget_run(void) {
    const struct CMUnitTest tests[] = {
        T(the_text_goes_with_each_version_and_retweet),
        T(a_post_that_comes_after_its_deletion_has_no_text),
        T(a_deletion_holds_for_what_comes_behind_it_in_one_transaction),
        T(a_deletion_that_was_rolled_back_takes_nothing),
        T(word_that_names_another_author_takes_nothing),
        T(dead_letters_of_the_post_lose_their_content),
        T(the_check_finds_a_text_that_was_left),
        T(a_person_forgets_a_post_at_once),
        T(a_person_forgets_an_author),
        T(an_author_is_forgotten_with_his_habits_and_his_record),
        T(what_a_running_trader_puts_back_goes_with_its_answer),
        T(the_bytes_leave_the_files),
        T(scrubbing_leaves_what_was_not_deleted),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}
