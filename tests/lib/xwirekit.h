/* xwirekit: one conversation with a connector of X's streams in virtual time, the test playing X
 * and the runner.
 *
 * JSON in tests is written with ' for ". The account's chores (who is who, usage) are answered by
 * the kit and never seen by the test. What is passed on is kept as the store would: posts by id,
 * the newest state, each gap by its `from`, what was billed. xwire_restart() opens the connector
 * anew from that, as after a kill. */
#ifndef BF_TESTS_LIB_XWIREKIT_H
#define BF_TESTS_LIB_XWIREKIT_H

#include "check.h"

#include "base/buf.h"
#include "source/x_sources.h"

#define XWIRE_T (INT64_C(1785000000) * USEC_PER_S) /* 2026-07-25T17:20:00Z */
#define XWIRE_POSTS_MAX 4096
#define XWIRE_GAPS_MAX 64
#define XWIRE_TOLD_MAX 64

typedef bool xwire_opener(struct arena *boot, const struct x_source_options *opt,
                          struct connector **ret, struct error *err);

struct xwire {
    xwire_opener *open;
    struct x_source_options opt;
    struct x_account_options account;
    struct arena boot, mem;
    struct x_account *x;
    struct connector *c;
    struct source source;
    usec now;
    bool no_users;    /* names are not known at X */
    bool chores_too;  /* are given to the test */
    int chores_users; /* calls of users/by */

    struct connector_step step;
    char path[256], query[8192], body[65536];
    char line[65536];

    int64_t ids[XWIRE_POSTS_MAX]; /* stored; in the order in which they came */
    bool missed[XWIRE_POSTS_MAX];
    int post_count;
    int64_t repeated, deleted;
    struct post last; /* its strings: in `mem`, until the next step */
    char last_text[256], last_author[64], last_username[64];
    char state[32768];
    int states;
    struct gap gaps[XWIRE_GAPS_MAX];
    int gap_count;
    int64_t billed[RESOURCE_COUNT], returned[RESOURCE_COUNT];
    struct {
        int64_t day, id;
        resource resource;
    } bills[XWIRE_POSTS_MAX]; /* as the store remembers them for the governor */
    int bill_count;
    int handles;
    /* A kill: in place of the item of this number, counted from 1. What is told until the restart
     * is lost. */
    int64_t items, kill_at;
    bool killed;
    char told[XWIRE_TOLD_MAX][400];
    int told_count;
};

static inline void xwire_complain(void *ctx, str where, str what, str payload) {
    struct xwire *k = ctx;
    assert_true(where.n > 0 && what.n > 0);
    if (k->told_count == XWIRE_TOLD_MAX) return;
    snprintf(k->told[k->told_count++], sizeof k->told[0], STR_FMT " | " STR_FMT, STR_ARG(what),
             STR_ARG(str_head(payload, 120)));
}

static inline void xwire_start(struct xwire *k) {
    struct error err = {0};
    arena_open(&k->boot, 64 << 20);
    arena_open(&k->mem, 32 << 20);
    assert_ok(x_account_open(&k->boot, &k->account, &k->x, &err), &err);
    for (int i = 0; i < k->bill_count; i++)
        cost_remember_id(x_account_cost(k->x), k->bills[i].day, k->bills[i].resource,
                         k->bills[i].id);
    k->opt.account = k->x;
    k->opt.state = str_dup(&k->boot, str_from_z(k->state));
    k->opt.now = k->now;
    k->source = (struct source){.complain = xwire_complain, .complain_ctx = k};
    assert_ok(k->open(&k->boot, &k->opt, &k->c, &err), &err);
    k->c->source = &k->source;
}

static inline void xwire_stop(struct xwire *k) {
    k->c->source = NULL;
    connector_close(k->c);
    x_account_close(k->x);
    arena_close(&k->boot);
    arena_close(&k->mem);
}

/* As after a kill: what was not stored is forgotten. */
static inline void xwire_restart(struct xwire *k) {
    xwire_stop(k);
    k->killed = false;
    xwire_start(k);
}

static inline struct xwire *xwire_new(xwire_opener *open, const struct x_source_options *opt) {
    struct xwire *k = calloc(1, sizeof *k);
    k->open = open;
    k->opt = *opt;
    k->opt.name = STR("x");
    if (k->opt.pages_max == 0) k->opt.pages_max = 5;
    k->opt.seed = 7;
    k->account = (struct x_account_options){
        .base = STR("https://api.x.com"),
        .token = STR("AAAA%2Fbbbb"),
        .cost = {.budget = money_from_e8(1000000000000), .posts_max = 3000000},
        .seed = 3};
    k->account.cost.price[RESOURCE_POST] = money_from_e8(500000);
    k->account.cost.price[RESOURCE_EVENT] = money_from_e8(500000);
    k->account.cost.price[RESOURCE_USER] = money_from_e8(1000000);
    k->now = XWIRE_T;
    return k;
}

static inline struct xwire *xwire_open(xwire_opener *open, const struct x_source_options *opt) {
    struct xwire *k = xwire_new(open, opt);
    xwire_start(k);
    return k;
}

static inline void xwire_close(struct xwire *k) {
    xwire_stop(k);
    free(k);
}

/* --- what is passed on ----------------------------------------------------------------------- */

static inline bool xwire_has(const struct xwire *k, int64_t id) {
    for (int i = 0; i < k->post_count; i++)
        if (k->ids[i] == id) return true;
    return false;
}

static inline void xwire_take_post(struct xwire *k, const struct post *p) {
    k->last = *p;
    str_copyz(p->text, k->last_text, sizeof k->last_text);
    str_copyz(p->author_id, k->last_author, sizeof k->last_author);
    str_copyz(p->username, k->last_username, sizeof k->last_username);
    assert_str(p->source, "x");
    if (p->deleted) {
        k->deleted++;
    } else if (xwire_has(k, p->id)) {
        k->repeated++;
    } else {
        assert_true(k->post_count < XWIRE_POSTS_MAX);
        k->missed[k->post_count] = p->missed;
        k->ids[k->post_count++] = p->id;
    }
}

static inline void xwire_take_gap(struct xwire *k, const struct gap *g) {
    assert_true(g->until >= g->from && g->why[0] != '\0');
    for (int i = 0; i < k->gap_count; i++) {
        if (k->gaps[i].from != g->from) continue;
        k->gaps[i] = *g;
        return;
    }
    assert_true(k->gap_count < XWIRE_GAPS_MAX);
    k->gaps[k->gap_count++] = *g;
}

static inline void xwire_take_usage(struct xwire *k, const struct usage *u) {
    for (int64_t i = 0; i < u->billed; i++) {
        assert_true(k->bill_count < XWIRE_POSTS_MAX);
        k->bills[k->bill_count].day = u->day;
        k->bills[k->bill_count].resource = u->resource;
        k->bills[k->bill_count++].id = u->ids[i];
    }
}

/* One item; false: there was none. */
static inline bool xwire_item(struct xwire *k) {
    struct intake it;
    arena_reset(&k->mem);
    if (!k->killed) k->killed = ++k->items == k->kill_at;
    if (k->killed) return false;
    if (!connector_item(k->c, k->now, &k->mem, &it)) return false;
    switch (it.kind) {
    case INTAKE_POST:
        xwire_take_post(k, &it.post);
        break;
    case INTAKE_USAGE:
        k->billed[it.u.usage.resource] += it.u.usage.billed;
        k->returned[it.u.usage.resource] += it.u.usage.returned;
        xwire_take_usage(k, &it.u.usage);
        break;
    case INTAKE_GAP:
        xwire_take_gap(k, &it.u.gap);
        break;
    case INTAKE_HANDLE:
        k->handles++;
        break;
    case INTAKE_NONE:
        break;
    case INTAKE_STATUS:
    case INTAKE_END:
        fail_msg("the runner says that itself");
    }
    if (it.state.p != NULL) {
        assert_true(it.state.n < (ptrdiff_t)sizeof k->state);
        str_copyz(it.state, k->state, sizeof k->state);
        k->states++;
    }
    return true;
}

static inline void xwire_items(struct xwire *k) {
    for (int i = 0; xwire_item(k); i++) assert_true(i < 10000);
}

/* --- what is told ---------------------------------------------------------------------------- */

static inline str xwire_json(struct xwire *k, const char *text) {
    str_copyz(str_from_z(text), k->line, sizeof k->line);
    for (char *p = k->line; *p; p++)
        if (*p == '\'') *p = '"';
    return str_from_z(k->line);
}

static inline void xwire_answer_full(struct xwire *k, const struct http_answer *a) {
    connector_answered(k->c, k->now, a);
    xwire_items(k);
}

static inline struct http_answer xwire_answer_of(struct xwire *k, int status, const char *body) {
    struct http_answer a;
    http_answer_clear(&a);
    a.end = HTTP_ANSWERED;
    a.status = status;
    a.body = xwire_json(k, body);
    return a;
}

static inline void xwire_answer(struct xwire *k, int status, const char *body) {
    const struct http_answer a = xwire_answer_of(k, status, body);
    xwire_answer_full(k, &a);
}

static inline void xwire_opened(struct xwire *k) {
    connector_opened(k->c, k->now);
    xwire_items(k);
}

/* The line went: without an answer (status 0), or with one. */
static inline void xwire_gone(struct xwire *k, int status, const char *body) {
    struct http_answer a = xwire_answer_of(k, status, body);
    if (status == 0) {
        a.end = HTTP_LOST;
        a.body = STR("");
        snprintf(a.why, sizeof a.why, "connection reset by peer");
    }
    connector_gone(k->c, k->now, &a);
    xwire_items(k);
}

static inline void xwire_line(struct xwire *k, const char *line) {
    connector_line(k->c, k->now, xwire_json(k, line));
    xwire_items(k);
}

/* --- what is wanted -------------------------------------------------------------------------- */

static inline void xwire_users(struct xwire *k) {
    char body[8192];
    struct buf b;
    str rest = str_tail(str_from_z(k->query), STR("usernames=").n), name;
    buf_init_fixed(&b, body, sizeof body);
    buf_put(&b, STR("{'data':["));
    for (int i = 0; str_cut(&rest, ',', &name); i++)
        if (!k->no_users)
            buf_printf(&b, "%s{'id':'%lld','username':'" STR_FMT "','name':'N'}", i ? "," : "",
                       (long long)(str_hash(name) % 100000) + 1000, STR_ARG(name));
    buf_put(&b, STR("]"));
    if (k->no_users) {
        rest = str_tail(str_from_z(k->query), STR("usernames=").n);
        buf_put(&b, STR(",'errors':["));
        for (int i = 0; str_cut(&rest, ',', &name); i++)
            buf_printf(&b,
                       "%s{'value':'" STR_FMT "','title':'Not Found Error','resource_type':'user',"
                       "'parameter':'usernames','type':'https://api.x.com/2/problems/"
                       "resource-not-found'}",
                       i ? "," : "", STR_ARG(name));
        buf_put(&b, STR("]"));
    }
    buf_put(&b, STR("}"));
    k->chores_users++;
    xwire_answer(k, 200, buf_z(&b));
}

/* The id that the kit gives a name. */
static inline long long xwire_id_of(const char *name) {
    return (long long)(str_hash(str_from_z(name)) % 100000) + 1000;
}

/* The next step that is no chore. */
static inline connector_act xwire_step(struct xwire *k) {
    for (int i = 0; i < 100; i++) {
        xwire_items(k);
        connector_step(k->c, k->now, &k->step);
        const struct http_request *rq = &k->step.request;
        if (k->step.act != CONNECTOR_CALL && k->step.act != CONNECTOR_OPEN) return k->step.act;
        if (k->killed) return CONNECTOR_WAIT;
        assert_str(k->step.base, "https://api.x.com");
        assert_str(rq->bearer, "AAAA%2Fbbbb");
        assert_true(rq->timeout > 0);
        assert_true(str_copyz(rq->path, k->path, sizeof k->path));
        assert_true(str_copyz(rq->query, k->query, sizeof k->query));
        assert_true(str_copyz(rq->body, k->body, sizeof k->body));
        if (k->chores_too)
            return k->step.act;
        else if (str_eq(rq->path, STR("/2/usage/tweets")))
            xwire_answer(k, 200,
                         "{'data':{'project_usage':'0','daily_project_usage':{'usage':[]}}}");
        else if (str_eq(rq->path, STR("/2/users/by")))
            xwire_users(k);
        else
            return k->step.act;
    }
    fail_msg("no end of chores");
    return CONNECTOR_WAIT;
}

/* The next step is this call; its query or body has all of `has`, parted by blanks. */
static inline void xwire_calls(struct xwire *k, const char *method, const char *path,
                               const char *has) {
    const connector_act act = xwire_step(k);
    if (act != CONNECTOR_CALL) fail_msg("act %d instead of %s %s", act, method, path);
    assert_string_equal(http_method_name(k->step.request.method), method);
    assert_string_equal(k->path, path);
    str rest = str_from_z(has), part;
    while (str_cut(&rest, ' ', &part)) {
        char want[512];
        snprintf(want, sizeof want, STR_FMT, STR_ARG(part));
        for (char *p = want; *p; p++)
            if (*p == '\'') *p = '"';
        if (strstr(k->query, want) == NULL && strstr(k->body, want) == NULL)
            fail_msg("no %s in %s?%s %s", want, k->path, k->query, k->body);
    }
}

static inline void xwire_opens(struct xwire *k, const char *path) {
    const connector_act act = xwire_step(k);
    if (act != CONNECTOR_OPEN) fail_msg("act %d instead of OPEN (%s)", act, k->path);
    assert_string_equal(k->path, path);
}

static inline void xwire_shuts(struct xwire *k) { assert_int_equal(xwire_step(k), CONNECTOR_SHUT); }

/* Nothing is to be done now; returns until when. */
static inline usec xwire_waits(struct xwire *k) {
    const connector_act act = xwire_step(k);
    if (act != CONNECTOR_WAIT) fail_msg("act %d instead of WAIT (%s?%s)", act, k->path, k->query);
    assert_true(k->step.until > k->now);
    return k->step.until;
}

/* Time goes on until there is something to do, at most for `most`; what time brings by itself
 * (usage, states) is taken. Returns the act. */
static inline connector_act xwire_until_act(struct xwire *k, usec most) {
    const usec end = k->now + most;
    for (;;) {
        const connector_act act = xwire_step(k);
        if (act != CONNECTOR_WAIT || k->now >= end) return act;
        k->now = i64_min(i64_max(k->step.until, k->now + 1), end);
    }
}

static inline struct source_status xwire_status(struct xwire *k) {
    struct source_status st;
    connector_status(k->c, k->now, &st);
    return st;
}

/* assert: it stands so, and the sentence has `says`. */
static inline void xwire_stands(struct xwire *k, source_state state, const char *says) {
    const struct source_status st = xwire_status(k);
    if (st.state != state || strstr(st.why, says) == NULL)
        fail_msg("stands %s: \"%s\"", source_state_name(st.state), st.why);
}

static inline const struct gap *xwire_gap(const struct xwire *k, int i) {
    assert_true(i < k->gap_count);
    return &k->gaps[i];
}

static inline bool xwire_was_told(const struct xwire *k, const char *says) {
    for (int i = 0; i < k->told_count; i++)
        if (strstr(k->told[i], says) != NULL) return true;
    return false;
}

/* A post object, as X writes it. */
static inline const char *xwire_post(int64_t id, const char *text) {
    static char block[4][512];
    static int turn;
    char at[TIME_TEXT_BYTES];
    usec t = 0;
    char *out = block[turn++ % 4];
    assert_true(time_from_snowflake(id, &t));
    str when = time_format_rfc3339(t, at);
    snprintf(out, sizeof block[0],
             "{'id':'%lld','text':'%s','author_id':'44196397','created_at':'" STR_FMT
             "','edit_history_tweet_ids':['%lld'],'lang':'en'}",
             (long long)id, text, STR_ARG(when), (long long)id);
    return out;
}

#endif
