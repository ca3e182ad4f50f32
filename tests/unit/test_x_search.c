/* x_search: polls, pages and trouble, in virtual time against answers that are written here. */
#include "searchkit.h"

/* --- opening ------------------------------------------------------------------------------------
 */

static void test_what_cannot_be_asked_is_refused(void **state) {
    (void)state;
    struct rig *r = make(100);
    struct connector *c;
    struct error err;
    struct x_source_options opt = r->opt;
    static char longer[600];
    opt.author_count = 0;
    assert_fails(x_search_open(&r->boot, &opt, &c, &err), &err, ERR_CONFIG);
    memset(longer, 'a', sizeof longer - 1);
    opt.query = str_from_z(longer);
    assert_fails(x_search_open(&r->boot, &opt, &c, &err), &err, ERR_CONFIG);
    const str wrong[] = {STR("no name")};
    opt = r->opt;
    opt.authors = wrong;
    assert_fails(x_search_open(&r->boot, &opt, &c, &err), &err, ERR_CONFIG);
    static const char *const states[] = {"2",
                                         "1 ",
                                         "x",
                                         "1 q=1,2",
                                         "1 gap=5",
                                         "1 q=0123456789abcdeg,1,1",
                                         "1 q=0123456789abcdef,1,1,5-4",
                                         "1 gap=1,2,3,filled",
                                         "1 q=0123456789abcdef,1,1,5-6-7"};
    opt = r->opt;
    for (int i = 0; i < COUNT_OF(states); i++) {
        opt.state = str_from_z(states[i]);
        assert_fails(x_search_open(&r->boot, &opt, &c, &err), &err, ERR_DAMAGED);
    }
    finish(r);
}

static void test_a_request_asks_for_what_is_needed(void **state) {
    (void)state;
    struct rig *r = make(100);
    usec wait;
    assert_true(step(r, &wait));
    assert_true(wait == NOW); /* first the place to begin from is stored */
    assert_true(drain(r) && r->state[0] == '1');
    assert_true(step(r, &wait));
    char want[512];
    snprintf(want, sizeof want,
             "query=%%28from%%3Aelonmusk%%29%%20-is%%3Aretweet&max_results=10&tweet.fields="
             "created_at%%2Cauthor_id%%2Clang%%2Creferenced_tweets%%2Centities%%2Cnote_tweet%%2C"
             "conversation_id%%2Cin_reply_to_user_id%%2Cpublic_metrics%%2Cedit_controls%%2C"
             "possibly_sensitive&since_id=%lld",
             (long long)x_snowflake_at(NOW - USEC_PER_MIN));
    assert_string_equal(world.query, want);
    finish(r);
}

/* --- polls ---------------------------------------------------------------------------------------
 */

static void test_a_quiet_day_costs_nothing(void **state) {
    (void)state;
    struct rig *r = make(1);
    assert_true(run(r, NOW + USEC_PER_DAY));
    assert_in_range(world.calls, 720, 800); /* it slows down to two minutes */
    assert_int_equal(r->billed, 0);
    assert_int_equal(status_of(r).state, SOURCE_LIVE);
    assert_int_equal(status_of(r).blind, 0);
    assert_null(last_gap(r, GAP_OPEN));
    finish(r);
}

static void test_posts_come_once_oldest_first(void **state) {
    (void)state;
    struct rig *r = make(100);
    assert_true(run(r, NOW + USEC_PER_MIN));
    const int64_t a = post_at(r->now + USEC_PER_S), b = post_at(r->now + 2 * USEC_PER_S);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    assert_int_equal(r->stored_count, 2);
    assert_true(r->stored[0] == a && r->stored[1] == b);
    assert_int_equal(r->billed, 2);
    assert_int_equal(r->missed, 0);
    for (int i = 0; i < r->item_count; i++) {
        const struct intake *it = &r->items[i];
        if (it->kind != INTAKE_POST) continue;
        /* posts may be dropped behind us, so the state comes by itself behind the page's last one
         */
        assert_null(it->state.p);
        assert_true(i + 1 < r->item_count);
        const struct intake *next = it + 1;
        assert_true((next->kind == INTAKE_NONE && next->state.p != NULL) == (it->post.id == b));
    }
    const struct source_status st = status_of(r);
    assert_int_equal(st.posts, 2);
    assert_int_equal(st.failures, 0);
    assert_true(st.last_post_at > NOW && st.last_sign_at > st.last_post_at);
    finish(r);
}

static void test_a_post_that_is_indexed_after_a_newer_one_is_found(void **state) {
    (void)state;
    struct rig *r = make(100);
    assert_true(run(r, NOW + USEC_PER_S));
    world.late_id = post_at(NOW + 70 * USEC_PER_S);
    world.late_at = NOW + 90 * USEC_PER_S;
    post_at(NOW + 72 * USEC_PER_S);
    assert_true(run(r, NOW + 80 * USEC_PER_S));
    assert_int_equal(r->stored_count, 1);
    assert_true(run(r, NOW + 5 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    assert_int_equal(r->billed, 2);
    const int calls = world.calls;
    assert_true(run(r, NOW + 20 * USEC_PER_MIN)); /* and then the polls are empty again */
    assert_true(world.calls > calls);
    assert_int_equal(number(str_from_z(world.query), "since_id", 0), world.ids[1]);
    finish(r);
}

static void test_a_hit_makes_it_faster_down_to_the_floor(void **state) {
    (void)state;
    struct rig *r = make(1000);
    for (int i = 0; i < 600; i++) post_at(NOW + i * 3 * USEC_PER_S);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    const int before = world.calls;
    assert_true(run(r, NOW + 20 * USEC_PER_MIN));
    assert_in_range(world.calls - before, 200, 301);
    finish(r);
}

static void test_the_author_has_a_name(void **state) {
    (void)state;
    struct rig *r = make(100);
    struct intake it;
    usec wait;
    post_at(NOW - USEC_PER_S);
    struct connector_step s;
    assert_true(step(r, &wait) && drain(r));
    connector_step(r->c, r->now, &s);
    const struct http_answer a = page_of(&s.request, r->now);
    connector_answered(r->c, r->now, &a);
    assert_true(connector_item(r->c, r->now, &r->turn, &it));
    assert_int_equal(it.kind, INTAKE_USAGE);
    assert_true(connector_item(r->c, r->now, &r->turn, &it));
    assert_int_equal(it.kind, INTAKE_POST);
    assert_str(it.post.username, "elonmusk");
    assert_str(it.post.source, "x");
    assert_int_equal(it.post.received_at, NOW);
    assert_true(step(r, &wait));
    finish(r);
}

/* --- pages
 * ---------------------------------------------------------------------------------------- */

static void test_a_burst_is_fetched_to_its_end(void **state) {
    (void)state;
    struct rig *r = make(1000);
    assert_true(run(r, NOW + USEC_PER_S));
    for (int i = 0; i < 1200; i++) post_at(NOW + USEC_PER_MIN / 2 + i * 10 * USEC_PER_MS);
    assert_true(run(r, NOW + 30 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    assert_int_equal(r->billed, 1200);
    assert_int_equal(r->missed, 0);
    assert_null(last_gap(r, GAP_LOST));
    finish(r);
}

static void test_the_newest_do_not_wait_for_a_backlog(void **state) {
    (void)state;
    struct rig *r = make(1000);
    r->opt.pages_max = 2; /* of a hundred at most */
    connector_close(r->c);
    open_source(r);
    assert_true(run(r, NOW + USEC_PER_S));
    for (int i = 0; i < 700; i++) post_at(NOW + USEC_PER_MIN / 2 + i * 10 * USEC_PER_MS);
    assert_true(run(r, NOW + 80 * USEC_PER_S));
    assert_int_equal(r->stored_count, 110);
    const int64_t fresh = post_at(r->now + USEC_PER_S);
    assert_true(run(r, NOW + 120 * USEC_PER_S));
    assert_true(is_stored(r, fresh));
    assert_true(r->stored_count < 700);
    assert_true(run(r, NOW + 30 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    finish(r);
}

/* Killed behind each item, and made anew from what was stored: nothing is lost, and what is given
 * twice is billed once, as X counts a day's posts. */
static void test_a_kill_anywhere_loses_nothing(void **state) {
    (void)state;
    for (int kill = 0;; kill++) {
        struct rig *r = make(1000);
        for (int i = 0; i < 130; i++) post_at(NOW - 2 * USEC_PER_S + i * 10 * USEC_PER_MS);
        for (int i = 0; i < 130; i++) post_at(NOW + USEC_PER_MIN / 2 + i * 10 * USEC_PER_MS);
        r->limit = kill;
        const bool killed = !run(r, NOW + 3 * USEC_PER_MIN);
        r->limit = -1;
        if (killed && kill > 0) r->now += 90 * USEC_PER_S;
        if (killed) reborn(r);
        assert_true(run(r, NOW + 10 * USEC_PER_MIN));
        check_complete(r, NOW - USEC_PER_MIN, !killed);
        assert_true(r->stored_count <= 260 + 150); /* a page, or half a minute, comes twice */
        assert_int_equal(r->billed, 260);
        assert_null(last_gap(r, GAP_OPEN));
        finish(r);
        if (!killed) break;
    }
}

static void test_more_backlogs_than_are_kept_become_one(void **state) {
    (void)state;
    struct rig *r = make(1000);
    r->opt.pages_max = 1;
    connector_close(r->c);
    open_source(r);
    for (int burst = 0; burst < 20; burst++) {
        for (int i = 0; i < 30; i++) post_at(r->now + USEC_PER_S + i * 10 * USEC_PER_MS);
        assert_true(run(r, r->now + 2 * USEC_PER_MIN));
    }
    assert_true(r->stored_count < 600);
    r->opt.pages_max = 5;
    connector_close(r->c);
    open_source(r);
    assert_true(run(r, r->now + 30 * USEC_PER_MIN));
    check_complete(r, NOW, false);
    assert_int_equal(r->billed, 600);
    finish(r);
}

static struct http_answer same_page(struct rig *r, const struct http_request *rq) {
    struct http_request first = *rq;
    const ptrdiff_t at = str_find(rq->query, STR("&until_id="));
    if (at >= 0) first.query = str_head(rq->query, at);
    return page_of(&first, r->now);
}

static void test_a_page_that_repeats_itself_ends(void **state) {
    (void)state;
    struct rig *r = make(1000);
    r->reply = same_page;
    for (int i = 0; i < 150; i++) post_at(NOW - USEC_PER_MIN / 2 + i * 10 * USEC_PER_MS);
    assert_true(run(r, NOW + USEC_PER_MIN / 2));
    assert_true(world.calls < 10);
    assert_int_equal(r->billed, 100);
    finish(r);
}

/* An empty page with a token: on by the token, as there is no id to go on from. */
static struct http_answer empty_first(struct rig *r, const struct http_request *rq) {
    if (param(rq->query, "next_token").n == 0 && world.calls == 1)
        return answer(200, "{\"meta\":{\"result_count\":0,\"next_token\":\"a b\"}}");
    if (world.calls == 2) assert_str(param(rq->query, "next_token"), "a%20b");
    return page_of(rq, r->now);
}

static void test_an_empty_page_with_a_token_goes_on(void **state) {
    (void)state;
    struct rig *r = make(1000);
    r->reply = empty_first;
    post_at(NOW - USEC_PER_S);
    assert_true(run(r, NOW + USEC_PER_S));
    check_complete(r, NOW - USEC_PER_MIN, true);
    finish(r);
}

/* --- trouble
 * -------------------------------------------------------------------------------------- */

static void test_every_trouble_ends(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *body;
        source_state state;
    } cases[] = {
        {0, "", SOURCE_RETRYING},
        {500, "", SOURCE_RETRYING},
        {503, "<html>", SOURCE_RETRYING},
        {403, "<html>", SOURCE_RETRYING},
        {302, "", SOURCE_RETRYING},
        {200, "<html>", SOURCE_RETRYING},
        {200, "{\"data\":7}", SOURCE_RETRYING},
        {400, "{\"type\":\"a/invalid-request\"}", SOURCE_CONFIG},
        {404, "", SOURCE_CONFIG},
        {409, "", SOURCE_CONFIG},
        {401, "", SOURCE_TOKEN},
        {402, "{\"title\":\"CreditsDepleted\"}", SOURCE_CREDITS},
        {403, "{\"title\":\"SpendCapReached\",\"reset_date\":\"2026-08-30\"}", SOURCE_SPEND_CAP},
        {403, "{\"type\":\"a/client-forbidden\"}", SOURCE_FORBIDDEN},
        {429, "", SOURCE_LIMITED},
        {429, "{\"title\":\"UsageCapExceeded\",\"period\":\"Daily\"}", SOURCE_USAGE_CAP},
        {429, "{\"connection_issue\":\"TooManyConnections\"}", SOURCE_CONNECTIONS},
    };
    for (int i = 0; i < COUNT_OF(cases); i++) {
        struct rig *r = make(100);
        assert_true(run(r, NOW + USEC_PER_MIN));
        r->failures = 1;
        r->status = cases[i].status;
        r->body = cases[i].body;
        while (r->failures > 0) assert_true(run(r, r->now + USEC_PER_S));
        struct source_status st = status_of(r);
        if (st.state != cases[i].state)
            fail_msg("case %d: %s, %s", i, source_state_name(st.state), st.why);
        assert_int_equal(st.failures, 1);
        assert_true(st.why[0] != '\0' && st.until > r->now);
        const int before = world.calls;
        post_at(r->now + 1);
        assert_true(run(r, st.until - 1));
        assert_int_equal(world.calls, before); /* nothing is tried before */
        assert_true(run(r, st.until + 2 * USEC_PER_MIN));
        st = status_of(r);
        assert_int_equal(st.state, SOURCE_LIVE);
        assert_int_equal(st.why[0], '\0');
        check_complete(r, NOW, true);
        assert_int_equal(r->billed, 1);
        finish(r);
    }
}

static void test_the_same_trouble_too_often_opens_the_breaker(void **state) {
    (void)state;
    struct rig *r = make(100);
    r->failures = -1;
    r->status = 503;
    r->body = "";
    assert_true(run(r, NOW + USEC_PER_HOUR));
    struct source_status st = status_of(r);
    assert_int_equal(st.state, SOURCE_BROKEN);
    assert_true(st.blind > 50 * USEC_PER_MIN);
    assert_true(world.calls < 70);
    const struct gap *g = last_gap(r, GAP_OPEN);
    assert_non_null(g);
    assert_int_equal(g->from, NOW);
    post_at(NOW + USEC_PER_MIN);
    r->failures = 0;
    assert_true(run(r, NOW + USEC_PER_HOUR + 5 * USEC_PER_MIN));
    st = status_of(r);
    assert_int_equal(st.state, SOURCE_LIVE);
    g = last_gap(r, GAP_FILLED);
    assert_non_null(g);
    assert_int_equal(g->from, NOW);
    assert_true(g->until > NOW + USEC_PER_HOUR);
    assert_int_equal(g->posts, 1);
    assert_non_null(strstr(g->why, "503"));
    assert_int_equal(r->missed, 1);
    assert_int_equal(st.missed, 1);
    check_complete(r, NOW, true);
    finish(r);
}

static struct http_answer no_since_id(struct rig *r, const struct http_request *rq) {
    if (param(rq->query, "since_id").n > 0)
        return answer(400, "{\"errors\":[{\"parameters\":{\"since_id\":[\"1\"]},\"message\":"
                           "\"'since_id' must be newer\"}],\"type\":\"a/invalid-request\"}");
    assert_true(param(rq->query, "start_time").n > 0);
    return page_of(rq, r->now);
}

static void test_a_since_id_that_is_refused_becomes_a_time(void **state) {
    (void)state;
    struct rig *r = make(100);
    r->reply = no_since_id;
    post_at(NOW - USEC_PER_S);
    assert_true(run(r, NOW + USEC_PER_S));
    check_complete(r, NOW - USEC_PER_MIN, true);
    assert_int_equal(status_of(r).state, SOURCE_LIVE);
    finish(r);
}

static struct http_answer own_is_wrong(struct rig *r, const struct http_request *rq) {
    if (str_find(rq->query, STR("query=bad")) >= 0)
        return answer(400, "{\"detail\":\"no viable alternative at input\"}");
    return page_of(rq, r->now);
}

static void test_a_query_that_is_wrong_holds_no_other_up(void **state) {
    (void)state;
    struct rig *r = make(100);
    r->opt.query = STR("bad OR");
    connector_close(r->c);
    open_source(r);
    r->reply = own_is_wrong;
    post_at(NOW + 5 * USEC_PER_MIN);
    assert_true(run(r, NOW + 9 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    const struct source_status st = status_of(r);
    assert_int_equal(st.state, SOURCE_CONFIG);
    assert_non_null(strstr(st.why, "no viable alternative"));
    assert_true(st.until > r->now);
    finish(r);
}

static struct http_answer partial(struct rig *r, const struct http_request *rq) {
    static char body[4096];
    struct buf out;
    if (world.calls != 1) return page_of(rq, r->now);
    buf_init_fixed(&out, body, sizeof body);
    buf_put(&out, STR("{\"data\":["));
    put_post(&out, world.ids[0]);
    buf_put(&out, STR(",{\"id\":\"5\"}],\"errors\":[{\"detail\":\"gone\"},{\"detail\":\"too\"}]}"));
    return answer(200, buf_z(&out));
}

static char complaints[4096];
static void note_complaint(void *ctx, str where, str what, str payload) {
    (void)ctx;
    (void)where;
    (void)payload;
    const size_t n = strlen(complaints);
    snprintf(complaints + n, sizeof complaints - n, STR_FMT ";", STR_ARG(what));
}

static void test_errors_beside_posts_are_complained_of(void **state) {
    (void)state;
    struct rig *r = make(100);
    struct source listener = {.complain = note_complaint};
    r->c->source = &listener;
    r->reply = partial;
    complaints[0] = '\0';
    post_at(NOW - USEC_PER_S);
    assert_true(run(r, NOW + USEC_PER_S));
    assert_string_equal(complaints, "gone;text: missing;");
    assert_int_equal(listener.counts.malformed, 2);
    assert_int_equal(r->stored_count, 1);
    assert_int_equal(r->billed, 2); /* what cannot be read is billed all the same */
    assert_true(r->state[0] != '\0');
    finish(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_asked_is_refused),
        cmocka_unit_test(test_a_request_asks_for_what_is_needed),
        cmocka_unit_test(test_a_quiet_day_costs_nothing),
        cmocka_unit_test(test_posts_come_once_oldest_first),
        cmocka_unit_test(test_a_post_that_is_indexed_after_a_newer_one_is_found),
        cmocka_unit_test(test_a_hit_makes_it_faster_down_to_the_floor),
        cmocka_unit_test(test_the_author_has_a_name),
        cmocka_unit_test(test_a_burst_is_fetched_to_its_end),
        cmocka_unit_test(test_the_newest_do_not_wait_for_a_backlog),
        cmocka_unit_test(test_a_kill_anywhere_loses_nothing),
        cmocka_unit_test(test_more_backlogs_than_are_kept_become_one),
        cmocka_unit_test(test_a_page_that_repeats_itself_ends),
        cmocka_unit_test(test_an_empty_page_with_a_token_goes_on),
        cmocka_unit_test(test_every_trouble_ends),
        cmocka_unit_test(test_the_same_trouble_too_often_opens_the_breaker),
        cmocka_unit_test(test_a_since_id_that_is_refused_becomes_a_time),
        cmocka_unit_test(test_a_query_that_is_wrong_holds_no_other_up),
        cmocka_unit_test(test_errors_beside_posts_are_complained_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
