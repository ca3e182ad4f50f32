/* The ring of events and its readers, and what a store's changes are told as. */
#include "apikit.h"

#include "api/events.h"
#include "base/rng.h"
#include "store/store_int.h"

static struct apikit k;
static struct api_events *events;
static bool asleep[4], cut[4], gone[4];
static int wakes;
static char got[1 << 20];
static ptrdiff_t got_bytes;

static void do_sleep(void *r) { asleep[(intptr_t)r] = true; }
static void do_wake(void *r, usec mono) {
    (void)mono;
    asleep[(intptr_t)r] = false;
    wakes++;
}
static void do_cut(void *r) { cut[(intptr_t)r] = true; }
static bool do_gone(void *r) { return gone[(intptr_t)r]; }

static int begin(void **state) {
    static const struct api_events_ops ops = {do_sleep, do_wake, do_cut, do_gone};
    (void)state;
    apikit_begin(&k);
    memset(asleep, 0, sizeof asleep);
    memset(cut, 0, sizeof cut);
    memset(gone, 0, sizeof gone);
    wakes = 0;
    events = api_events_new(&k.boot, &ops, 0xabc, 3);
    return 0;
}

static int end(void **state) {
    (void)state;
    api_events_free(events);
    apikit_end(&k);
    return 0;
}

static struct api_stream *join(intptr_t reader, const char *types, const char *last_id) {
    struct api_events_ask ask = {0};
    struct error err;
    assert_ok(api_events_types(str_from_z(types), &ask.types, &err), &err);
    snprintf(ask.last_id, sizeof ask.last_id, "%s", last_id);
    return api_stream_open(events, &ask, (void *)reader, 0);
}

/* All that there is for it, in pieces of `piece`; then it sleeps. */
static void read_all(struct api_stream *s, ptrdiff_t piece) {
    ptrdiff_t n;
    got_bytes = 0;
    while ((n = api_stream_read(events, s, got + got_bytes, piece, 0)) > 0) got_bytes += n;
    got[got_bytes] = '\0';
}

static void put(change what, const char *json) { api_events_put(events, what, str_from_z(json)); }

static void test_an_event_has_its_id_type_and_row(void **state) {
    (void)state;
    struct api_stream *s = join(0, "", "");
    read_all(s, 1000);
    assert_string_equal(got, "retry: 2000\nid: abc-0\n\n");
    assert_true(asleep[0]);
    put(CHANGE_POST, "{\"id\":\"7\"}");
    assert_true(asleep[0]); /* the beat wakes, once for all that was put */
    put(CHANGE_MODE, "{\"id\":\"1\",\n\"mode\":\"auto\"}");
    api_events_beat(events, 0);
    assert_false(asleep[0]);
    for (ptrdiff_t piece = 1; piece < 200; piece += 7) {
        struct api_stream *again = join(1, "", "abc-0");
        read_all(again, piece);
        assert_string_equal(got, "retry: 2000\n\nid: abc-1\nevent: post\ndata: {\"id\":\"7\"}\n\n"
                                 "id: abc-2\nevent: mode\ndata: {\"id\":\"1\", \"mode\":\"auto\"} "
                                 "\n\n");
        api_stream_close(events, again);
    }
    api_stream_close(events, s);
}

static void test_a_reader_gets_the_types_that_it_asks_for(void **state) {
    (void)state;
    uint32_t types;
    struct error err;
    struct api_stream *s = join(0, "trade,alert", "");
    read_all(s, 1000);
    put(CHANGE_POST, "{\"id\":\"1\"}");
    api_events_beat(events, 0);
    assert_true(asleep[0]); /* not woken for what it did not ask for */
    put(CHANGE_TRADE, "{\"id\":\"2\"}");
    put(CHANGE_RELOAD, "{}"); /* always */
    api_events_beat(events, 0);
    assert_false(asleep[0]);
    read_all(s, 1000);
    assert_string_equal(got, "id: abc-2\nevent: trade\ndata: {\"id\":\"2\"}\n\n"
                             "id: abc-3\nevent: reload\ndata: {}\n\n");
    assert_false(api_events_types(STR("trade,trades"), &types, &err));
    assert_non_null(strstr(err.msg, "\"trades\" is none of post, signal"));
    assert_false(api_events_types(STR("trade,"), &types, &err) && types == 0);
    api_stream_close(events, s);
}

static void test_who_was_away_gets_what_it_missed_or_a_reload(void **state) {
    (void)state;
    static const char *const others[] = {"xyz-1",  "abc-99",   "abc-",   "abc", "abc--1",
                                         "abc-1x", "abc-6000", "abc- 1", "-1",  "\"\n"};
    for (int i = 0; i < 5000; i++) put(CHANGE_POST, "{}"); /* 905 to 5000 are kept */
    struct api_stream *s = join(0, "", "abc-904");
    read_all(s, 4000);
    assert_memory_equal(got, "retry: 2000\n\nid: abc-905\n", 25);
    assert_non_null(strstr(got, "id: abc-5000\nevent: post\n"));
    assert_null(strstr(got, "reload"));
    api_stream_close(events, s);
    s = join(0, "trade", "abc-903");
    read_all(s, 4000);
    assert_string_equal(got, "retry: 2000\nid: abc-5000\nevent: reload\n"
                             "data: {\"reason\":\"away_too_long\"}\n\n");
    api_stream_close(events, s);
    for (int i = 0; i < COUNT_OF(others); i++) {
        s = join(0, "", others[i]);
        read_all(s, 4000);
        assert_non_null(strstr(got, "event: reload\ndata: {\"reason\":\""));
        assert_null(strstr(got, "event: post"));
        api_stream_close(events, s);
    }
}

static void test_texts_of_all_sizes_come_out_whole(void **state) {
    (void)state;
    static char text[300000];
    struct rng rng;
    struct api_stream *s = join(0, "", "");
    int64_t seq = 0;
    rng_init(&rng, 7);
    print_message("seed 7\n");
    read_all(s, 1000);
    for (int i = 0; i < 2000; i++) { /* over the ring's end and the block's, many times */
        const int n = 1 + (int)rng_below(&rng, i % 50 == 0 ? 200000 : 9000);
        memset(text, 'a' + i % 26, (size_t)n);
        text[n] = '\0';
        api_events_put(events, CHANGE_POST, (str){text, n});
        api_events_beat(events, 0);
        read_all(s, 1 + (ptrdiff_t)rng_below(&rng, 8000));
        char want[64];
        const int head =
            snprintf(want, sizeof want, "id: abc-%lld\nevent: post\ndata: ", (long long)++seq);
        assert_int_equal(got_bytes, head + n + 2);
        assert_memory_equal(got, want, (size_t)head);
        assert_memory_equal(got + head, text, (size_t)n);
    }
    api_stream_close(events, s);
}

static void test_a_slow_reader_is_cut_and_others_are_not(void **state) {
    (void)state;
    static char text[1001];
    memset(text, 'x', 1000);
    struct api_stream *slow = join(0, "", ""), *quick = join(1, "", "");
    read_all(quick, 1000);
    for (int i = 0; i < 300; i++) {
        put(CHANGE_POST, text);
        api_events_beat(events, 0);
        read_all(quick, 4000);
        if (i == 200) assert_false(cut[0]); /* 206 KB behind */
    }
    assert_true(cut[0]);
    assert_false(cut[1]);
    assert_int_equal(api_stream_read(events, slow, got, 1000, 0), -1);
    api_stream_close(events, slow);
    api_stream_close(events, quick);
    /* what a reader catches up on does not count */
    struct api_stream *late = join(2, "", "abc-0");
    api_events_beat(events, API_EVENTS_STALLED);
    assert_false(cut[2]);
    api_events_beat(events, API_EVENTS_STALLED + 1); /* but it has to take something */
    assert_true(cut[2]);
    api_stream_close(events, late);
}

static void test_the_quiet_get_a_sign_of_life_and_the_gone_an_end(void **state) {
    (void)state;
    struct api_stream *s = join(0, "trade", "");
    read_all(s, 1000);
    api_events_beat(events, API_EVENTS_PING - 1);
    assert_true(asleep[0]);
    put(CHANGE_POST, "{}"); /* of no interest is no sign of life */
    api_events_beat(events, API_EVENTS_PING);
    assert_false(asleep[0]);
    read_all(s, 1000);
    assert_string_equal(got, ": ping\n\n");
    gone[0] = true;
    api_events_beat(events, 2 * API_EVENTS_PING);
    assert_int_equal(api_stream_read(events, s, got, 1000, 0), -1);
    api_stream_close(events, s);
}

static void test_there_are_so_many_places_and_the_end_wakes_all(void **state) {
    (void)state;
    struct api_stream *a = join(0, "", ""), *b = join(1, "", ""), *c = join(2, "", "");
    assert_non_null(c);
    assert_null(join(3, "", ""));
    assert_int_equal(api_events_readers(events), 3);
    api_stream_close(events, b);
    b = join(1, "", "");
    assert_non_null(b);
    read_all(a, 1000);
    read_all(b, 1000);
    api_events_close(events);
    assert_int_equal(wakes, 2);
    assert_int_equal(api_stream_read(events, a, got, 10, 0), -1);
    assert_int_equal(api_stream_read(events, c, got, 10, 0), -1);
    api_stream_close(events, a);
    api_stream_close(events, b);
    api_stream_close(events, c);
    assert_null(join(0, "", ""));
}

/* --- changes of a store ------------------------------------------------------------------- */

static char told[1 << 20];

static void note(void *ctx, change what, str json) {
    const size_t n = strlen(told);
    (void)ctx;
    snprintf(told + n, sizeof told - n, "%s " STR_FMT "\n", change_name(what), STR_ARG(json));
}

static const struct change_sink sink = {NULL, note};

static void look(struct store_changes *c, struct store *s, usec mono) {
    struct error err;
    bool more;
    told[0] = '\0';
    assert_ok(store_changes_look(c, s, mono, &sink, &more, &err), &err);
    assert_false(more);
}

static void sql(const char *text) {
    struct error err;
    assert_true(k.store->ops->exec(k.store, text, &err) || (print_error("%s\n", err.msg), false));
}

static void put_post(int64_t id, int64_t at, int done) {
    char text[1024];
    snprintf(text, sizeof text,
             "INSERT INTO tweets (id, author, text, created_at, processed, created_at_db, root_id, "
             "source, source_id, author_id, received_at, lang, ref_kind) VALUES (%lld, 'alice', "
             "'hello', %lld, %d, 5, %lld, 'x', '', '', %lld, 'en', 'none')",
             (long long)id, (long long)at, done, (long long)id, (long long)at);
    sql(text);
}

static int count(const char *what) {
    int n = 0;
    for (const char *p = told; (p = strstr(p, what)) != NULL; p++) n++;
    return n;
}

static void test_posts_are_told_when_they_come_change_and_go(void **state) {
    (void)state;
    struct store_changes *c = store_changes_new(&k.boot);
    struct store *s;
    struct error err;
    assert_ok(apikit_open_store(&k, STORE_READ, &s, &err), &err);
    put_post(100, 1000000, 1);
    put_post(-5, 2000000, 0);
    look(c, s, 0);
    assert_string_equal(told, ""); /* what was there before */
    look(c, s, 0);
    assert_string_equal(told, "");
    put_post(-9, 1500000, 0); /* received before the newest, stored after it */
    put_post(7, 3000000, 1);
    look(c, s, 0);
    assert_int_equal(count("post {"), 2);
    assert_int_equal(count("\"id\":\"-9\""), 1);
    assert_int_equal(count("\"id\":\"7\""), 1);
    look(c, s, 0);
    assert_string_equal(told, "");
    sql("UPDATE tweets SET processed = 1, outcome = 'no_symbol' WHERE id = -9");
    look(c, s, 0);
    assert_int_equal(count("\n"), 1);
    assert_int_equal(count("\"outcome\":\"no_symbol\""), 1);
    sql("INSERT INTO deletions VALUES (7, 7, '', 'x', 4000000, 4000000)");
    sql("UPDATE tweets SET text = '', deleted_at = 4000000 WHERE id = 7");
    look(c, s, 0);
    assert_int_equal(count("\"id\":\"7\""), 1);
    look(c, s, 0);
    assert_string_equal(told, "");
    for (int64_t i = 0; i < 200; i++) put_post(1000 + i, 4000000 + i * 1000000, 1);
    look(c, s, 0);
    assert_int_equal(count("post {"), 200);
    for (int64_t i = 0; i < 5000; i++) put_post(10000 + i, 300000000 + i * 1000, 1);
    look(c, s, 0);
    assert_string_equal(told, "reload {\"reason\":\"too_many\"}\n");
    store_close(s);
    store_changes_free(c);
}

static void test_what_moves_is_told_until_it_has_ended(void **state) {
    (void)state;
    struct store_changes *c = store_changes_new(&k.boot);
    struct store *s;
    struct error err;
    int64_t id;
    bool repeated;
    assert_ok(apikit_open_store(&k, STORE_READ, &s, &err), &err);
    look(c, s, 0);
    const struct command cmd = {
        .verb = VERB_HALT, .actor = "test", .reason = "why not", .until = USEC_NEVER};
    assert_ok(store_command_add(k.store, &cmd, STR(""), 1000000, &id, &repeated, &err), &err);
    look(c, s, 0);
    assert_int_equal(count("command {"), 1);
    assert_int_equal(count("\"status\":\"pending\""), 1);
    sql("UPDATE commands SET status = 'done', result = 'ok', done_at = 5");
    look(c, s, 0);
    assert_int_equal(count("\"status\":\"done\""), 1);
    look(c, s, 0);
    assert_string_equal(told, "");
    sql("INSERT INTO positions (id, symbol, size, avg_entry, unrealized_pnl, updated_at) VALUES "
        "(3, 'BTCUSDT', 100, 100, 0, 1000000)");
    look(c, s, 0);
    assert_int_equal(
        count("position {\"symbol\":\"BTCUSDT\",\"side\":\"LONG\",\"size\":\"0.000001\""), 1);
    sql("UPDATE positions SET unrealized_pnl = 5");
    look(c, s, 999999);
    assert_string_equal(told, "");
    look(c, s, 1000000);
    assert_int_equal(count("position {"), 1);
    sql("UPDATE positions SET size = 50"); /* at once */
    look(c, s, 1000000);
    assert_int_equal(count("position {"), 1);
    sql("DELETE FROM positions");
    look(c, s, 1000000);
    assert_string_equal(told, "position {\"symbol\":\"BTCUSDT\",\"size\":\"0\"}\n");
    sql("INSERT INTO equity VALUES (1000000, 5, 5, 0, 0), (2000000, 6, 5, 0, 0)");
    sql("INSERT INTO dead_letters (source, kind, payload, error, attempts, first_at, last_at) "
        "VALUES ('x', 'post', 'p', 'no text', 1, 1000000, 1000000)");
    sql("INSERT INTO feeds (feed, kind, since, updated_at) VALUES ('push:w', 'push', 1, 1)");
    look(c, s, 1000000);
    assert_int_equal(count("equity {"), 2);
    assert_int_equal(count("alert {\"id\":\"1\",\"kind\":\"dead_letter\",\"text\":\"x: no text\""),
                     1);
    assert_int_equal(count("source {\"feed\":\"push:w\""), 1);
    sql("INSERT INTO alerts (at, level, source, state, what) VALUES (5000000, 'unusual', 'push:w', "
        "'broken', 'nothing comes')");
    look(c, s, 1000000);
    assert_string_equal(told,
                        "alert {\"id\":\"1\",\"kind\":\"source\",\"text\":\"push:w is broken: "
                        "nothing comes\",\"at\":\"1970-01-01T00:00:05.000000Z\"}\n");
    sql("INSERT INTO alerts (at, level, source, state, what) VALUES (6000000, 'unusual', "
        "'dead_letters', 'growing', '30 within an hour')");
    look(c, s, 1000000);
    assert_string_equal(told,
                        "alert {\"id\":\"2\",\"kind\":\"dead_letters\",\"text\":\"dead letters are "
                        "growing: 30 within an hour\",\"at\":\"1970-01-01T00:00:06.000000Z\"}\n");
    sql("UPDATE feeds SET posts = posts + 1, updated_at = 9"); /* it only counts */
    look(c, s, 1000000);
    assert_string_equal(told, "");
    store_close(s);
    store_changes_free(c);
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {T(test_an_event_has_its_id_type_and_row),
                                       T(test_a_reader_gets_the_types_that_it_asks_for),
                                       T(test_who_was_away_gets_what_it_missed_or_a_reload),
                                       T(test_texts_of_all_sizes_come_out_whole),
                                       T(test_a_slow_reader_is_cut_and_others_are_not),
                                       T(test_the_quiet_get_a_sign_of_life_and_the_gone_an_end),
                                       T(test_there_are_so_many_places_and_the_end_wakes_all),
                                       T(test_posts_are_told_when_they_come_change_and_go),
                                       T(test_what_moves_is_told_until_it_has_ended)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
