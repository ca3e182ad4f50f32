/* x_search: polls, pages, marks, gaps and money, in virtual time against answers that are written
 * here. A timeline of posts answers as the documentation of recent search says. */
#include "source/x_sources.h"

#include <string.h>

#include "check.h"

#define NOW INT64_C(1788000000000000) /* 2026-08-29T10:40:00Z */
#define POSTS_MAX 2048
#define ITEMS_MAX 4096

/* --- a timeline that answers -------------------------------------------------------------------
 */

static struct {
    int64_t ids[POSTS_MAX]; /* ascending */
    int count;
    int64_t late_id; /* found only from late_at on */
    usec late_at;
    int calls;
    char body[1 << 20];
    char query[8192]; /* of the last request */
} world;

static int64_t post_at(usec at) {
    const int64_t id = x_snowflake_at(at) + 1 + world.count;
    assert_true(world.count < POSTS_MAX && (world.count == 0 || id > world.ids[world.count - 1]));
    world.ids[world.count++] = id;
    return id;
}

/* A parameter of the request; "" where it is missing. */
static str param(str query, const char *name) {
    str part;
    const ptrdiff_t n = (ptrdiff_t)strlen(name);
    while (str_cut(&query, '&', &part))
        if (part.n > n && part.p[n] == '=' && str_eq(str_head(part, n), str_from_z(name)))
            return str_tail(part, n + 1);
    return (str){0};
}

static int64_t number(str query, const char *name, int64_t missing) {
    int64_t v;
    const str text = param(query, name);
    if (text.n == 0) return missing;
    assert_true(str_to_i64(text, &v));
    return v;
}

static int64_t start_id(str query) {
    char block[64];
    struct buf out;
    usec at;
    const str text = param(query, "start_time");
    if (text.n == 0) return 0;
    buf_init_fixed(&out, block, sizeof block);
    for (ptrdiff_t i = 0; i < text.n; i++) {
        const bool colon = text.p[i] == '%';
        buf_put_byte(&out, colon ? ':' : text.p[i]);
        if (colon) i += 2;
    }
    assert_true(time_parse_rfc3339(buf_str(&out), &at));
    return x_snowflake_at(at) - 1;
}

static void put_post(struct buf *out, int64_t id) {
    char block[TIME_TEXT_BYTES];
    usec at;
    assert_true(time_from_snowflake(id, &at));
    const str text = str_head(time_format_rfc3339(at, block), 19);
    buf_printf(out,
               "{\"id\":\"%lld\",\"text\":\"buy $DOGE %lld\",\"author_id\":\"44196397\","
               "\"created_at\":\"" STR_FMT ".000Z\",\"edit_history_tweet_ids\":[\"%lld\"]}",
               (long long)id, (long long)id, STR_ARG(text), (long long)id);
}

static struct http_answer answer(int status, const char *body) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = status == 0 ? HTTP_LOST : HTTP_ANSWERED;
    a.status = status;
    a.body = str_from_z(body);
    return a;
}

/* One page of the posts that the request asks for, newest first. */
static struct http_answer page_of(const struct http_request *rq, usec now) {
    const int64_t above = i64_max(number(rq->query, "since_id", 0), start_id(rq->query));
    const int64_t below = number(rq->query, "until_id", INT64_MAX);
    const int64_t most = number(rq->query, "max_results", 10);
    struct buf out;
    int64_t newest = 0, oldest = 0;
    int given = 0;
    bool more = false;
    assert_true(most >= 10 && most <= 100);
    assert_true(above >= x_snowflake_at(now - 7 * USEC_PER_DAY) - 1);
    buf_init_fixed(&out, world.body, sizeof world.body);
    buf_put(&out, STR("{\"data\":["));
    for (int i = world.count - 1; i >= 0; i--) {
        const int64_t id = world.ids[i];
        if (id <= above || id >= below || id > x_snowflake_at(now)) continue;
        if (id == world.late_id && now < world.late_at) continue;
        if (given == most) {
            more = true;
            break;
        }
        if (given++ > 0) buf_put_byte(&out, ',');
        put_post(&out, id);
        newest = i64_max(newest, id);
        oldest = id;
    }
    if (given == 0) return answer(200, "{\"meta\":{\"result_count\":0}}");
    buf_printf(&out,
               "],\"meta\":{\"newest_id\":\"%lld\",\"oldest_id\":\"%lld\",\"result_count\":%d%s}}",
               (long long)newest, (long long)oldest, given, more ? ",\"next_token\":\"b26v\"" : "");
    assert_false(buf_full(&out));
    return answer(200, buf_z(&out));
}

/* --- one source on it --------------------------------------------------------------------------
 */

struct rig {
    struct arena boot, turn;
    struct x_account *account;
    struct connector *c;
    struct x_source_options opt;
    usec now;
    struct intake items[ITEMS_MAX]; /* since the last look; strings may be gone but states */
    int item_count;
    char state[INTAKE_STATE_BYTES];
    /* what was stored: posts, bill */
    int64_t stored[POSTS_MAX * 4];
    int stored_count, missed;
    int64_t billed; /* posts */
    struct usage usages[POSTS_MAX];
    int64_t *usage_ids[POSTS_MAX];
    int usage_count;
    int limit; /* items that are stored before it is killed; -1: all */
    struct http_answer (*reply)(struct rig *r, const struct http_request *rq);
    int failures; /* answers of trouble that reply still gives */
    int status;
    const char *body;
};

/* The governor remembers what was stored. */
static void remember(struct rig *r) {
    for (int i = 0; i < r->usage_count; i++) {
        const struct usage *u = &r->usages[i];
        struct cost *c = x_account_cost(r->account);
        cost_remember_day(c, u->day, u->resource, u->billed, u->amount);
        for (int64_t k = 0; k < u->billed; k++)
            cost_remember_id(c, u->day, u->resource, r->usage_ids[i][k]);
    }
}

static void open_account(struct rig *r, int64_t budget_e8) {
    struct x_account_options opt = {
        .base = STR("https://api.x.com"),
        .token = STR("token"),
        .cost = {.budget = money_from_e8(budget_e8), .posts_max = 3000000},
        .seed = 1};
    opt.cost.price[RESOURCE_POST] = money_from_e8(E8 / 200);
    struct error err;
    assert_ok(x_account_open(&r->boot, &opt, &r->account, &err), &err);
    const struct handle musk = {
        .network = "x", .name = "elonmusk", .native_id = "44196397", .resolved_at = 1};
    x_account_know(r->account, &musk);
    remember(r);
}

static void open_source(struct rig *r) {
    struct error err;
    r->opt.account = r->account;
    r->opt.state = str_from_z(r->state);
    r->opt.now = r->now;
    assert_ok(x_search_open(&r->boot, &r->opt, &r->c, &err), &err);
}

static const str one_author[] = {{"elonmusk", 8}};

static struct rig *make(int64_t budget_dollars) {
    static struct rig rig;
    memset(&world, 0, sizeof world);
    arena_close(&rig.boot);
    arena_close(&rig.turn);
    memset(&rig, 0, sizeof rig);
    arena_open(&rig.boot, 512 << 20);
    arena_open(&rig.turn, 64 << 20);
    rig.now = NOW;
    rig.limit = -1;
    rig.opt = (struct x_source_options){.name = STR("x"),
                                        .authors = one_author,
                                        .author_count = 1,
                                        .query = STR(""),
                                        .filter = STR("-is:retweet"),
                                        .interval = USEC_PER_MIN,
                                        .pages_max = 5,
                                        .floor = 2 * USEC_PER_S,
                                        .seed = 7};
    open_account(&rig, budget_dollars * E8);
    open_source(&rig);
    return &rig;
}

static void finish(struct rig *r) {
    connector_close(r->c);
    x_account_close(r->account);
}

/* What a store does: all of an item or nothing. False: killed. */
static bool store(struct rig *r, const struct intake *it) {
    if (r->limit == 0) return false;
    if (r->limit > 0) r->limit--;
    if (r->item_count < ITEMS_MAX) r->items[r->item_count++] = *it;
    if (it->kind == INTAKE_POST) {
        r->stored[r->stored_count++] = it->post.id;
        r->missed += it->post.missed;
    }
    if (it->kind == INTAKE_USAGE && it->u.usage.resource == RESOURCE_POST) {
        const int64_t count = it->u.usage.billed;
        assert_true(r->usage_count < POSTS_MAX);
        r->usages[r->usage_count] = it->u.usage;
        int64_t *ids = NEW_ARRAY(&r->boot, int64_t, count + 1);
        for (int64_t i = 0; i < count; i++) ids[i] = it->u.usage.ids[i];
        r->usage_ids[r->usage_count++] = ids;
        r->billed += count;
    }
    if (it->state.p != NULL) str_copyz(it->state, r->state, sizeof r->state);
    return true;
}

static bool drain(struct rig *r) {
    struct intake it;
    arena_reset(&r->turn);
    while (connector_item(r->c, r->now, &r->turn, &it))
        if (!store(r, &it)) return false;
    return true;
}

static struct http_answer reply_to(struct rig *r, const struct http_request *rq) {
    if (str_eq(rq->path, STR("/2/usage/tweets"))) return answer(200, "{\"data\":{}}");
    if (str_eq(rq->path, STR("/2/users/by")))
        return answer(200, "{\"data\":[{\"id\":\"12\",\"username\":\"jack\"}]}");
    assert_str(rq->path, "/2/tweets/search/recent");
    world.calls++;
    str_copyz(rq->query, world.query, sizeof world.query);
    if (r->reply != NULL) return r->reply(r, rq);
    if (r->failures != 0) {
        if (r->failures > 0) r->failures--;
        return answer(r->status, r->body);
    }
    return page_of(rq, r->now);
}

/* One step; false: it was killed. *ret_wait: it waits, until then. */
static bool step(struct rig *r, usec *ret_wait) {
    struct connector_step s;
    *ret_wait = 0;
    connector_step(r->c, r->now, &s);
    if (s.act == CONNECTOR_WAIT) {
        *ret_wait = s.until;
        return true;
    }
    assert_int_equal(s.act, CONNECTOR_CALL);
    assert_str(s.base, "https://api.x.com");
    assert_str(s.request.bearer, "token");
    const struct http_answer a = reply_to(r, &s.request);
    r->now += 100 * USEC_PER_MS;
    connector_answered(r->c, r->now, &a);
    return drain(r);
}

/* Until `until`; false: killed before. */
static bool run(struct rig *r, usec until) {
    usec wait;
    int still = 0;
    while (r->now < until) {
        const usec before = r->now;
        if (!step(r, &wait)) return false;
        if (wait != 0) {
            r->now = i64_max(r->now, i64_min(wait, until));
            if (!drain(r)) return false;
        }
        still = r->now > before ? 0 : still + 1;
        assert_true(still < 10); /* nothing turns in a circle */
    }
    return true;
}

/* A new process, with what was stored. */
static void reborn(struct rig *r) {
    struct cost_view view;
    x_account_view(r->account, r->now, &view);
    connector_close(r->c);
    x_account_close(r->account);
    open_account(r, money_e8(view.budget));
    open_source(r);
}

static struct source_status status_of(const struct rig *r) {
    struct source_status st;
    connector_status(r->c, r->now, &st);
    return st;
}

static bool is_stored(const struct rig *r, int64_t id) {
    for (int i = 0; i < r->stored_count; i++)
        if (r->stored[i] == id) return true;
    return false;
}

/* Every post from `from` on that X could show by now is stored; `once`: one time each. */
static void check_complete(const struct rig *r, usec from, bool once) {
    int want = 0;
    for (int i = 0; i < world.count; i++) {
        if (world.ids[i] < x_snowflake_at(from)) continue;
        if (!is_stored(r, world.ids[i])) fail_msg("post %d is missing", i);
        want++;
    }
    if (once) assert_int_equal(r->stored_count, want);
}

static const struct gap *last_gap(const struct rig *r, gap_state state) {
    for (int i = r->item_count - 1; i >= 0; i--)
        if (r->items[i].kind == INTAKE_GAP && r->items[i].u.gap.state == state)
            return &r->items[i].u.gap;
    return NULL;
}

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
        /* its page's last one carries the state */
        assert_true((it->state.p != NULL) == (it->post.id == b));
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

/* --- restarts
 * -------------------------------------------------------------------------------------- */

static void restart(struct rig *r, usec down) {
    connector_close(r->c);
    r->now += down;
    open_source(r);
    r->item_count = 0;
}

static void test_a_short_stop_is_no_gap(void **state) {
    (void)state;
    struct rig *r = make(100);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    post_at(r->now + USEC_PER_S);
    restart(r, USEC_PER_MIN);
    assert_true(run(r, r->now + 5 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    assert_int_equal(r->missed, 0);
    assert_null(last_gap(r, GAP_OPEN));
    finish(r);
}

static void test_what_came_while_it_was_down_is_missed(void **state) {
    (void)state;
    struct rig *r = make(1000);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    const usec stopped = r->now;
    for (int i = 0; i < 150; i++) post_at(r->now + (i + 1) * USEC_PER_MIN);
    restart(r, 3 * USEC_PER_HOUR);
    const usec started = r->now;
    post_at(started + USEC_PER_MIN);
    assert_true(run(r, r->now + 5 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    assert_int_equal(r->missed, 150);
    const struct gap *closed = last_gap(r, GAP_CLOSED), *filled = last_gap(r, GAP_FILLED);
    assert_non_null(closed);
    assert_non_null(filled);
    assert_in_range(closed->from, stopped - 2 * USEC_PER_MIN, stopped);
    assert_int_equal(closed->from, filled->from);
    assert_in_range(filled->until, started, started + USEC_PER_S);
    assert_int_equal(filled->posts, 150);
    assert_null(last_gap(r, GAP_LOST));
    finish(r);
}

static void test_a_kill_while_a_gap_is_filled(void **state) {
    (void)state;
    for (int kill = 0;; kill++) {
        struct rig *r = make(1000);
        assert_true(run(r, NOW + 10 * USEC_PER_MIN));
        for (int i = 0; i < 150; i++) post_at(r->now + (i + 1) * USEC_PER_MIN);
        restart(r, 3 * USEC_PER_HOUR);
        r->limit = kill;
        const bool killed = !run(r, r->now + 5 * USEC_PER_MIN);
        r->limit = -1;
        if (killed) {
            reborn(r);
            assert_true(run(r, r->now + 5 * USEC_PER_MIN));
        }
        check_complete(r, NOW, !killed);
        assert_int_equal(r->billed, 150);
        assert_int_equal(r->missed, r->stored_count);
        assert_non_null(last_gap(r, GAP_FILLED));
        finish(r);
        if (!killed) break;
    }
}

static void test_what_is_over_seven_days_old_is_lost_and_told(void **state) {
    (void)state;
    struct rig *r = make(1000);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    const usec stopped = r->now;
    for (int i = 0; i < 9 * 24; i++) post_at(r->now + (i + 1) * USEC_PER_HOUR);
    restart(r, 10 * USEC_PER_DAY);
    const usec floor = r->now - 7 * USEC_PER_DAY;
    assert_true(run(r, r->now + 5 * USEC_PER_MIN));
    check_complete(r, floor + USEC_PER_MIN, true);
    const struct gap *lost = last_gap(r, GAP_LOST), *filled = last_gap(r, GAP_FILLED);
    assert_non_null(lost);
    assert_non_null(filled);
    assert_true(lost->from <= stopped);
    assert_in_range(lost->until, floor, floor + 2 * USEC_PER_MIN);
    assert_in_range(filled->from, lost->until - USEC_PER_S, lost->until);
    assert_int_equal(filled->posts, r->missed);
    finish(r);
}

static void test_a_quiet_author_of_weeks_is_no_loss(void **state) {
    (void)state;
    struct rig *r = make(100);
    r->opt.interval = 30 * USEC_PER_MIN;
    connector_close(r->c);
    open_source(r);
    post_at(NOW - USEC_PER_S);
    for (int day = 0; day < 20; day++) {
        assert_true(run(r, r->now + USEC_PER_DAY));
        r->item_count = 0;
    }
    assert_null(last_gap(r, GAP_LOST));
    restart(r, USEC_PER_MIN);
    post_at(r->now + USEC_PER_MIN);
    assert_true(run(r, r->now + 3 * USEC_PER_HOUR));
    assert_null(last_gap(r, GAP_LOST));
    check_complete(r, NOW - USEC_PER_MIN, true);
    finish(r);
}

static void test_authors_packed_anew_go_on_where_they_were(void **state) {
    (void)state;
    static const str two[] = {{"elonmusk", 8}, {"jack", 4}};
    struct rig *r = make(100);
    assert_true(run(r, NOW + 10 * USEC_PER_MIN));
    post_at(r->now + USEC_PER_MIN / 2);
    r->opt.authors = two;
    r->opt.author_count = 2;
    restart(r, 2 * USEC_PER_MIN);
    assert_true(run(r, r->now + 5 * USEC_PER_MIN));
    check_complete(r, NOW, true);
    finish(r);
}

/* --- money
 * ------------------------------------------------------------------------------------------ */

static void test_without_a_budget_nothing_is_asked(void **state) {
    (void)state;
    struct rig *r = make(0);
    assert_true(run(r, NOW + USEC_PER_HOUR));
    assert_int_equal(world.calls, 0);
    const struct source_status st = status_of(r);
    assert_int_equal(st.state, SOURCE_BUDGET);
    assert_true(st.until > r->now);
    assert_non_null(strstr(st.why, "budget"));
    finish(r);
}

/* More comes than the budget pays for: it is asked for in small pages, never over the budget, and
 * what was left is fetched when there is money again. */
static void test_a_budget_that_runs_short_narrows_and_never_breaks(void **state) {
    (void)state;
    struct rig *r = make(3); /* three days are left of the month */
    bool narrow = false, out = false;
    for (int i = 0; i < 500; i++) post_at(NOW + i * 20 * USEC_PER_S);
    struct cost_view view;
    while (r->now < NOW + 12 * USEC_PER_HOUR) {
        assert_true(run(r, r->now + USEC_PER_MIN));
        narrow |= status_of(r).narrow;
        out |= status_of(r).state == SOURCE_BUDGET;
        x_account_view(r->account, r->now, &view);
        assert_true(money_cmp(view.spent, view.budget) <= 0);
        r->item_count = 0;
    }
    assert_true(narrow && out);
    assert_true(r->stored_count < 500);
    while (r->now < NOW + 2 * USEC_PER_DAY) {
        assert_true(run(r, r->now + USEC_PER_HOUR));
        r->item_count = 0;
    }
    check_complete(r, NOW, true);
    x_account_view(r->account, r->now, &view);
    assert_int_equal(r->billed, 500);
    finish(r);
}

static void test_narrow_asks_for_authors_only(void **state) {
    (void)state;
    struct rig *r = make(31);
    r->opt.query = STR("$DOGE");
    connector_close(r->c);
    open_source(r);
    struct usage u;
    int64_t ids[300];
    struct cost_view view;
    x_account_view(r->account, r->now, &view);
    /* down to a third of a share */
    for (int i = 0; i < 300; i++) ids[i] = 1 + i;
    while (x_account_level(r->account, r->now) == COST_FULL) {
        for (int i = 0; i < 20; i++) ids[i] += 1000;
        x_account_settle(r->account, r->now, RESOURCE_POST, 0, ids, 20, &r->turn, &u);
    }
    assert_int_equal(x_account_level(r->account, r->now), COST_NARROW);
    for (int i = 0; i < 20; i++) {
        assert_true(run(r, r->now + 10 * USEC_PER_S));
        if (x_account_level(r->account, r->now) != COST_NARROW) break;
        if (world.calls > 0) assert_non_null(strstr(world.query, "from%3Aelonmusk"));
        assert_true(status_of(r).narrow);
    }
    assert_true(world.calls > 0);
    assert_true(run(r, r->now + USEC_PER_DAY));
    assert_int_equal(status_of(r).state, SOURCE_LIVE);
    assert_false(status_of(r).narrow);
    finish(r);
}

/* --- several queries
 * --------------------------------------------------------------------------------- */

static int turns[2];
static struct http_answer count_turns(struct rig *r, const struct http_request *rq) {
    turns[str_find(rq->query, STR("query=%24DOGE")) >= 0]++;
    return page_of(rq, r->now);
}

static void test_queries_take_turns_and_doubles_are_dropped(void **state) {
    (void)state;
    struct rig *r = make(100);
    r->opt.query = STR("$DOGE");
    connector_close(r->c);
    open_source(r);
    r->reply = count_turns;
    turns[0] = turns[1] = 0;
    for (int i = 0; i < 5; i++) post_at(NOW + i * USEC_PER_MIN);
    assert_true(run(r, NOW + 30 * USEC_PER_MIN));
    check_complete(r, NOW, true); /* both find them */
    assert_int_equal(r->billed, 5);
    assert_in_range(turns[0], 15, 60);
    assert_in_range(turns[1], 15, 60);
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
        cmocka_unit_test(test_a_short_stop_is_no_gap),
        cmocka_unit_test(test_what_came_while_it_was_down_is_missed),
        cmocka_unit_test(test_a_kill_while_a_gap_is_filled),
        cmocka_unit_test(test_what_is_over_seven_days_old_is_lost_and_told),
        cmocka_unit_test(test_a_quiet_author_of_weeks_is_no_loss),
        cmocka_unit_test(test_authors_packed_anew_go_on_where_they_were),
        cmocka_unit_test(test_without_a_budget_nothing_is_asked),
        cmocka_unit_test(test_a_budget_that_runs_short_narrows_and_never_breaks),
        cmocka_unit_test(test_narrow_asks_for_authors_only),
        cmocka_unit_test(test_queries_take_turns_and_doubles_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
