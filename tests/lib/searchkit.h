/* searchkit: X's recent search made by hand for tests of x_search: a timeline of posts that answers
 * requests, a store that may be killed between two items, and virtual time. */
#ifndef BF_TESTS_LIB_SEARCHKIT_H
#define BF_TESTS_LIB_SEARCHKIT_H

#include "check.h"
#include "source/x_sources.h"

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

static inline int64_t post_at(usec at) {
    const int64_t id = x_snowflake_at(at) + 1 + world.count;
    assert_true(world.count < POSTS_MAX && (world.count == 0 || id > world.ids[world.count - 1]));
    world.ids[world.count++] = id;
    return id;
}

/* A parameter of the request; "" where it is missing. */
static inline str param(str query, const char *name) {
    str part;
    const ptrdiff_t n = (ptrdiff_t)strlen(name);
    while (str_cut(&query, '&', &part))
        if (part.n > n && part.p[n] == '=' && str_eq(str_head(part, n), str_from_z(name)))
            return str_tail(part, n + 1);
    return (str){0};
}

static inline int64_t number(str query, const char *name, int64_t missing) {
    int64_t v;
    const str text = param(query, name);
    if (text.n == 0) return missing;
    assert_true(str_to_i64(text, &v));
    return v;
}

static inline int64_t start_id(str query) {
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

static inline void put_post(struct buf *out, int64_t id) {
    char block[TIME_TEXT_BYTES];
    usec at;
    assert_true(time_from_snowflake(id, &at));
    const str text = str_head(time_format_rfc3339(at, block), 19);
    buf_printf(out,
               "{\"id\":\"%lld\",\"text\":\"buy $DOGE %lld\",\"author_id\":\"44196397\","
               "\"created_at\":\"" STR_FMT ".000Z\",\"edit_history_tweet_ids\":[\"%lld\"]}",
               (long long)id, (long long)id, STR_ARG(text), (long long)id);
}

static inline struct http_answer answer(int status, const char *body) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = status == 0 ? HTTP_LOST : HTTP_ANSWERED;
    a.status = status;
    a.body = str_from_z(body);
    return a;
}

/* One page of the posts that the request asks for, newest first. */
static inline struct http_answer page_of(const struct http_request *rq, usec now) {
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
static inline void remember(struct rig *r) {
    for (int i = 0; i < r->usage_count; i++) {
        const struct usage *u = &r->usages[i];
        struct cost *c = x_account_cost(r->account);
        cost_remember_day(c, u->day, u->resource, u->billed, u->amount);
        for (int64_t k = 0; k < u->billed; k++)
            cost_remember_id(c, u->day, u->resource, r->usage_ids[i][k]);
    }
}

static inline void open_account(struct rig *r, int64_t budget_e8) {
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

static inline void open_source(struct rig *r) {
    struct error err;
    r->opt.account = r->account;
    r->opt.state = str_from_z(r->state);
    r->opt.now = r->now;
    assert_ok(x_search_open(&r->boot, &r->opt, &r->c, &err), &err);
}

static const str one_author[] = {{"elonmusk", 8}};

static inline struct rig *make(int64_t budget_dollars) {
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

static inline void finish(struct rig *r) {
    connector_close(r->c);
    x_account_close(r->account);
}

/* What a store does: all of an item or nothing. False: killed. */
static inline bool store(struct rig *r, const struct intake *it) {
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

static inline bool drain(struct rig *r) {
    struct intake it;
    arena_reset(&r->turn);
    while (connector_item(r->c, r->now, &r->turn, &it))
        if (!store(r, &it)) return false;
    return true;
}

static inline struct http_answer reply_to(struct rig *r, const struct http_request *rq) {
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
static inline bool step(struct rig *r, usec *ret_wait) {
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
static inline bool run(struct rig *r, usec until) {
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
static inline void reborn(struct rig *r) {
    struct cost_view view;
    x_account_view(r->account, r->now, &view);
    connector_close(r->c);
    x_account_close(r->account);
    open_account(r, money_e8(view.budget));
    open_source(r);
}

static inline struct source_status status_of(const struct rig *r) {
    struct source_status st;
    connector_status(r->c, r->now, &st);
    return st;
}

static inline bool is_stored(const struct rig *r, int64_t id) {
    for (int i = 0; i < r->stored_count; i++)
        if (r->stored[i] == id) return true;
    return false;
}

/* Every post from `from` on that X could show by now is stored; `once`: one time each. */
static inline void check_complete(const struct rig *r, usec from, bool once) {
    int want = 0;
    for (int i = 0; i < world.count; i++) {
        if (world.ids[i] < x_snowflake_at(from)) continue;
        if (!is_stored(r, world.ids[i])) fail_msg("post %d is missing", i);
        want++;
    }
    if (once) assert_int_equal(r->stored_count, want);
}

static inline const struct gap *last_gap(const struct rig *r, gap_state state) {
    for (int i = r->item_count - 1; i >= 0; i--)
        if (r->items[i].kind == INTAKE_GAP && r->items[i].u.gap.state == state)
            return &r->items[i].u.gap;
    return NULL;
}

#endif
