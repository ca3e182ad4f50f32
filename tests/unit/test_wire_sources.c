/* wire_sources: from a configuration to the run's feeds, with what a real store remembers. No host
 * is asked: sources on X are given a port of this machine where nobody listens. */
#include "app/wire_sources.h"

#include "wirekit.h"

static struct wired_feeds wired;

static int set_up(void **state) {
    (void)state;
    wired = (struct wired_feeds){0};
    wirekit_open();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    wire_feeds_close(&wired);
    return wirekit_close();
}

static void refused(const char *text, err_code code, const char *words) {
    struct error err;
    configure(text, NULL);
    if (wire_feeds_begin(&app, FEEDS_ALL, &wired, &err)) fail_msg("taken: %s", text);
    wire_feeds_close(&wired);
    assert_int_equal(err.code, code);
    if (strstr(err.msg, words) == NULL) fail_msg("\"%s\" is not in: %s", words, err.msg);
}

static void open_feeds(const char *text) {
    struct error err;
    configure(text, NULL);
    assert_ok(wire_feeds_begin(&app, FEEDS_ALL, &wired, &err), &err);
    assert_ok(wire_feeds(&app, store, &wired, &err), &err);
}

#define X_HERE "x: {token_file: '%DIR/token', url: 'http://127.0.0.1:9', monthly_budget: 30}\n"

/* --- what is opened ------------------------------------------------------------------------- */

static void test_each_source_is_a_feed_with_its_key_and_name(void **state) {
    static const struct {
        const char *key, *name;
        bool live, linked;
    } want[] = {{"replay:x", "x", false, false},
                {"push:desk", "desk", true, false},
                {"jetstream:bsky", "bsky", true, true},
                {"x_search:x", "x", true, false},
                {"x_stream:whales", "whales", true, true}};
    (void)state;
    open_feeds(X_HERE "api: {listen: '127.0.0.1:0'}\n"
                      "sources:\n"
                      "  - {kind: replay, path: '%DIR/posts.jsonl'}\n"
                      "  - {kind: push, name: desk}\n"
                      "  - {kind: jetstream, url: 'ws://127.0.0.1:9'}\n"
                      "  - {kind: x_search, authors: [12@jack]}\n"
                      "  - {kind: x_stream, name: whales, authors: [12@jack], keep: linked}\n");
    assert_int_equal(wired.count, COUNT_OF(want));
    for (int i = 0; i < COUNT_OF(want); i++) {
        const struct run_feed *f = &wired.feeds[i];
        check_str(f->key, str_from_z(want[i].key), want[i].key, i);
        check_str(f->name, str_from_z(want[i].name), want[i].key, i);
        assert_non_null(f->source);
        assert_int_equal(source_is_live(f->source), want[i].live);
        assert_int_equal(f->keep_linked, want[i].linked);
    }
    assert_true(str_ends(wired.feeds[0].path, STR("/posts.jsonl")));
    assert_true(wired.post_bytes > 0);
    assert_non_null(wired.account);
}

/* --- what is known before anything is asked ------------------------------------------------- */

static void test_names_that_somebody_knows_are_not_paid_for(void **state) {
    struct intake it = {.kind = INTAKE_HANDLE};
    (void)state;
    it.u.handle = (struct handle){.network = "x", .name = "saylor", .native_id = "244647486"};
    it.u.handle.resolved_at = time_wall_us();
    put_intake("x_search:x", "x_search", &it);
    open_feeds(X_HERE
               "source: {kind: x_activity, authors: [elonmusk, saylor, 12@jack]}\n"
               "judge: {author_weights: {'x:44196397@elonmusk': 1.5, 'bsky:did:plc:a@b.c': 1}}\n");
    assert_str(x_account_id_of(wired.account, STR("elonmusk")), "44196397");
    assert_str(x_account_id_of(wired.account, STR("saylor")), "244647486");
    assert_str(x_account_id_of(wired.account, STR("jack")), "12");
    struct connector_step step;
    if (x_account_chore(wired.account, time_wall_us(), &step))
        assert_true(str_find(step.request.path, STR("users")) < 0);
}

static void test_what_was_paid_this_month_is_remembered(void **state) {
    static const int64_t ids[] = {1001, 1002, 1003};
    const usec now = time_wall_us();
    struct intake it = {.kind = INTAKE_USAGE};
    struct cost_view view;
    (void)state;
    it.u.usage = (struct usage){.resource = RESOURCE_POST,
                                .day = time_utc_day(now),
                                .returned = 3,
                                .billed = 3,
                                .amount = money_from_e8(15 * E8 / 1000),
                                .ids = ids,
                                .reported = -1};
    put_intake("x_search:x", "x_search", &it);
    open_feeds(X_HERE "source: {kind: x_search, authors: [12@jack]}\n");
    x_account_view(wired.account, now, &view);
    assert_int_equal(money_e8(view.budget), 30 * E8);
    assert_int_equal(money_e8(view.spent), 15 * E8 / 1000);
    assert_int_equal(view.posts, 3);
    struct usage again;
    x_account_settle(wired.account, now, RESOURCE_POST, 0, ids, 2, &app.boot, &again);
    assert_int_equal(again.billed, 0); /* X bills each once a day */
}

/* --- what is refused ------------------------------------------------------------------------ */

static void test_hosts_and_tokens_are_looked_at_before_the_store(void **state) {
    (void)state;
    refused("x: {token_file: '%DIR/token', url: 'http://api.x.com'}\n"
            "source: {kind: x_search, query: bitcoin}\n",
            ERR_REFUSED, "x.url");
    refused(
        "x: {token_file: '%DIR/token'}\n"
        "source: {kind: x_search, query: bitcoin, url: 'https://a.example https://b.example'}\n",
        ERR_CONFIG, "one URL");
    refused("source: {kind: jetstream, url: 'wss://a.example ws://b.example'}\n", ERR_REFUSED,
            "source.url");
    refused("bluesky: {resolver_url: 'http://b.example'}\n"
            "source: {kind: jetstream, authors: a.example}\n",
            ERR_REFUSED, "bluesky.resolver_url");
    refused("bluesky: {resolver_url: 'http://b.example'}\nsource: {kind: jetstream}\n", ERR_REFUSED,
            "bluesky.resolver_url");
    refused("x: {token_file: '%DIR/none'}\nsource: {kind: x_search, query: bitcoin}\n",
            ERR_NOT_FOUND, "x.token_file");
    refused("x: {token_env: NO_SUCH_TOKEN}\nsource: {kind: x_search, query: bitcoin}\n", ERR_CONFIG,
            "x.token_env");
    put_file("open", "AAAA\n", 0644);
    refused("x: {token_file: '%DIR/open'}\nsource: {kind: x_search, query: bitcoin}\n", ERR_REFUSED,
            "x.token_file");
    refused("source: {kind: replay}\n", ERR_CONFIG, "source.path");
    refused("source: {kind: replay, path: '%DIR/none'}\n", ERR_NOT_FOUND, "source.path");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_source_is_a_feed_with_its_key_and_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_names_that_somebody_knows_are_not_paid_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_paid_this_month_is_remembered, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_hosts_and_tokens_are_looked_at_before_the_store,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
