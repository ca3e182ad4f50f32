/* x_gap: what a stream of X did not see, fetched afterwards by recent search.
 *
 * In: spans (the line went, the line is back; rules that were missing; what a state says was left)
 * and answers. Out: calls, and what is to be passed on: what was billed, the posts (`missed`), how
 * each span stands.
 *
 * A span is known by its `from`, for the ledger, and is fetched with 15 s more at both ends, since
 * a stream is up to some seconds behind. Search knows a post up to 30 s after it was published; so
 * nothing is asked before that is over, and what may not have been indexed when the first pass
 * began is asked for once more in a second. Pages come newest first: how far a pass is says the
 * smallest id of what was passed on, and a restart goes on there (tokens of pages die with the
 * process, ids do not).
 *
 * Invariants: at most one span is open, and it is the last; a page counts as fetched only once all
 * of it was passed on. What cannot be fetched (older than the seven days that search reaches back,
 * or refused) ends as LOST with the first reason that was found; whatever can be is fetched all the
 * same. Failures wait by patience, or as long as X or the budget say. One thread. */
#include "source/x_wire.h"

#include <jansson.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/url.h"

#define SPANS_MAX 16
#define REACH (7 * USEC_PER_DAY - 10 * USEC_PER_MIN) /* X's clock is not ours */
#define PAGE_MIN 10                                  /* of max_results */
#define PAGE_MAX 100
#define BREATH (1 * USEC_PER_S) /* after pages_max pages others get their turn */
#define POOR (1 * USEC_PER_MIN) /* the budget has less than a page: more accrues */
#define UNREADABLE_MAX 3
#define PAGE_MEM_BYTES (1 << 18)
#define CALL_TIMEOUT (20 * USEC_PER_S)
#define TIME_MOST (INT64_C(1) << 58) /* the year 11104 */

struct span {
    usec from; /* what the ledger knows it by */
    usec until;
    bool open;     /* the line is still gone; until: as far as known */
    bool untold;   /* the ledger does not know how it stands */
    bool redo;     /* it grew while a page of it was under way: from the beginning behind that */
    int pass;      /* 0, 1 */
    int query;     /* that is being fetched */
    int64_t below; /* ids from here on are still to be fetched of `query`; 0: all of them */
    usec began;    /* the first page was asked for; 0: not yet */
    int64_t posts;
    char why[WHY_BYTES], missing[WHY_BYTES]; /* missing: why not all of it can be had; "" all can */
};

struct x_gap {
    struct x_account *x;
    const str *queries;
    int query_count, optional;
    usec lag; /* of X's index */
    uint64_t queries_hash;
    str source;
    int pages_max;
    struct x_recent *recent;
    struct span spans[SPANS_MAX];
    int count;

    struct patience patience;
    struct rng rng;
    usec retry_at;
    int pages;            /* in a row */
    int unreadable;       /* answers in a row */
    char held[WHY_BYTES]; /* why nothing was asked for, last */

    /* the call under way, or its page */
    struct span *at;
    int64_t top, reserved;
    char token[512]; /* of the next page of this pass of this query; "" none */
    bool calling, has_page, unsettled;
    struct x_page page;
    int next;
    char trouble[ERR_MSG_BYTES]; /* to be complained of */
    struct arena mem;
    char request[4096];
};

/* --- spans ----------------------------------------------------------------------------------- */

static uint64_t hash_queries(const str *queries, int count) {
    uint64_t h = 0;
    for (int i = 0; i < count; i++) h = (h ^ str_hash(queries[i])) * UINT64_C(0x9E3779B97F4A7C15);
    return h;
}

struct x_gap *x_gap_new(struct arena *boot, struct x_account *x, const str *queries, int count,
                        str source, int pages_max) {
    struct x_gap *g = NEW(boot, struct x_gap);
    str *own = NEW_ARRAY(boot, str, count);
    for (int i = 0; i < count; i++) own[i] = str_dup(boot, queries[i]);
    g->x = x;
    g->queries = own;
    g->query_count = g->optional = count;
    g->queries_hash = hash_queries(own, count);
    g->source = str_dup(boot, source);
    g->lag = X_LAG;
    g->pages_max = pages_max > 0 ? pages_max : 1;
    g->patience = (struct patience){.first = 5 * USEC_PER_S, .most = 320 * USEC_PER_S};
    rng_init(&g->rng, g->queries_hash);
    arena_init(&g->mem, arena_alloc(boot, 1, 16, PAGE_MEM_BYTES), PAGE_MEM_BYTES);
    return g;
}

void x_gap_recent(struct x_gap *g, struct x_recent *recent) { g->recent = recent; }

void x_gap_lag(struct x_gap *g, usec lag) { g->lag = lag; }

/* Each end of a span is fetched that far beyond. */
static usec overlap(const struct x_gap *g) { return g->lag / 2; }

/* Twice the documented lag. */
static usec second_pass(const struct x_gap *g) { return 2 * g->lag; }

void x_gap_optional(struct x_gap *g, int first) { g->optional = first; }

static struct span *last_of(struct x_gap *g) {
    return g->count > 0 ? &g->spans[g->count - 1] : NULL;
}

bool x_gap_is_open(const struct x_gap *g) { return g->count > 0 && g->spans[g->count - 1].open; }

/* A page of it is under way. */
static bool is_busy(const struct x_gap *g, const struct span *s) {
    return s == g->at && (g->calling || g->has_page);
}

/* Nothing of it was asked for. */
static bool is_fresh(const struct span *s) { return s->began == 0; }

static void begin_again(struct span *s) {
    s->pass = s->query = 0;
    s->below = s->began = 0;
    s->redo = false;
}

/* It has grown. */
static void fetch_anew(struct x_gap *g, struct span *s) {
    if (is_busy(g, s)) {
        s->redo = true;
        return;
    }
    if (s == g->at) g->at = NULL;
    begin_again(s);
}

/* The span that a loss belongs to: the last one where they overlap and nothing of that was fetched
 * yet, or where there is room for no other. Else a new one. */
static struct span *span_for(struct x_gap *g, usec from, usec until, const char *why) {
    struct span *s = last_of(g);
    const bool overlaps = s != NULL && from - overlap(g) <= s->until + overlap(g);
    const bool same = s != NULL && (s->open || from == s->from);
    if (same || (overlaps && is_fresh(s)) || g->count == SPANS_MAX) {
        fetch_anew(g, s);
        s->until = i64_max(s->until, until);
        s->untold = true;
        return s;
    }
    s = &g->spans[g->count++];
    *s = (struct span){.from = from, .until = i64_max(until, from), .untold = true};
    str_copyz(str_from_z(why), s->why, sizeof s->why);
    return s;
}

void x_gap_add(struct x_gap *g, usec from, usec until, const char *why) {
    IGNORE(span_for(g, from, until, why) == NULL, "it is the last one now, and told later");
}

void x_gap_lose(struct x_gap *g, usec now, usec from, const char *why) {
    if (x_gap_is_open(g)) return;
    span_for(g, from, now, why)->open = true;
}

void x_gap_found(struct x_gap *g, usec now) {
    if (!x_gap_is_open(g)) return;
    struct span *s = last_of(g);
    s->open = false;
    s->until = i64_max(s->until, now);
    s->untold = true;
}

static void mark_missing(struct span *s, const char *why) {
    if (s->missing[0] == '\0') str_copyz(str_from_z(why), s->missing, sizeof s->missing);
}

static usec low_of(const struct x_gap *g, const struct span *s) {
    const usec low = s->from - overlap(g);
    return s->pass == 0 ? low : i64_max(low, s->began - second_pass(g));
}

static usec high_of(const struct x_gap *g, const struct span *s) { return s->until + overlap(g); }

static usec due_at(const struct x_gap *g, const struct span *s) {
    if (s->open) return USEC_NEVER;
    return s->pass == 0 ? s->until + g->lag : high_of(g, s) + second_pass(g);
}

static bool is_over(const struct x_gap *g, const struct span *s) {
    return s->query >= g->query_count;
}

/* The last query of a pass was fetched. */
static void end_pass(struct x_gap *g, struct span *s) {
    const bool indexed = high_of(g, s) + second_pass(g) <= s->began;
    if (s->pass > 0 || indexed || g->query_count == 0) return;
    s->pass = 1;
    s->query = 0;
    s->below = 0;
}

static void next_query(struct x_gap *g, struct span *s) {
    s->query++;
    s->below = 0;
    g->token[0] = '\0';
    if (s->redo)
        begin_again(s);
    else if (is_over(g, s))
        end_pass(g, s);
}

/* What lies so far back that search does not reach it is lost, whole spans and their beginnings. */
static void expire(struct x_gap *g, usec now) {
    char why[WHY_BYTES];
    for (int i = 0; i < g->count; i++) {
        struct span *s = &g->spans[i];
        if (s->open || is_over(g, s) || low_of(g, s) >= now - REACH || is_busy(g, s)) continue;
        snprintf(why, sizeof why, "older than the seven days that X's search reaches back%s%.90s",
                 g->held[0] ? "; it was not fetched before because: " : "", g->held);
        mark_missing(s, why);
        if (high_of(g, s) >= now - REACH) continue;
        s->query = g->query_count;
        s->pass = 1;
    }
}

/* --- calls ----------------------------------------------------------------------------------- */

static void put_request(struct x_gap *g, const struct span *s, int64_t most, usec now,
                        struct connector_step *ret) {
    struct buf b;
    buf_init_fixed(&b, g->request, sizeof g->request);
    buf_put(&b, STR("query="));
    url_encode(&b, g->queries[s->query], "");
    buf_printf(&b, "&max_results=%lld&tweet.fields=", (long long)most);
    url_encode(&b, STR(X_POST_FIELDS), "");
    const usec low = i64_max(low_of(g, s), now - REACH);
    buf_printf(&b, "&since_id=%lld&until_id=%lld", (long long)(x_snowflake_at(low) - 1),
               (long long)g->top);
    if (g->token[0] != '\0') {
        buf_put(&b, STR("&next_token="));
        url_encode(&b, str_from_z(g->token), "");
    }
    PRE(!buf_full(&b)); /* 3 * 512 bytes of query, as much of token, and what stands above */
    *ret = (struct connector_step){.act = CONNECTOR_CALL,
                                   .request = {.method = HTTP_GET,
                                               .path = STR("/2/tweets/search/recent"),
                                               .query = buf_str(&b),
                                               .timeout = CALL_TIMEOUT}};
    x_account_sign(g->x, ret);
}

/* How many posts may the next page have? 0: none now, *ret_wait. */
static int64_t page_posts(struct x_gap *g, usec now, usec *ret_wait) {
    const int64_t want = x_account_level(g->x, now) == COST_NARROW ? PAGE_MIN : PAGE_MAX;
    usec until = now;
    const int64_t got = x_account_reserve(g->x, now, RESOURCE_POST, want, &until, g->held);
    if (got >= PAGE_MIN) {
        g->held[0] = '\0';
        return got;
    }
    if (got > 0) {
        struct usage none;
        struct arena scratch = g->mem;
        x_account_settle(g->x, now, RESOURCE_POST, got, NULL, 0, &scratch, &none);
        str_copyz(STR("the budget has less left than one page costs"), g->held, sizeof g->held);
    }
    *ret_wait = until > now ? until : now + POOR;
    return 0;
}

/* The span to go on with: one that has been begun goes on, then the oldest that is due. */
static struct span *pick(struct x_gap *g, usec now, usec *ret_wait) {
    struct span *hit = NULL;
    *ret_wait = USEC_NEVER;
    for (int i = 0; i < g->count; i++) {
        struct span *s = &g->spans[i];
        if (s->open || is_over(g, s)) continue;
        *ret_wait = i64_min(*ret_wait, due_at(g, s));
        if (due_at(g, s) > now) continue;
        if (hit == NULL || (s == g->at && g->token[0] != '\0')) hit = s;
    }
    return hit;
}

/* Goes past queries that the narrow budget leaves out. False: nothing is left of this pass. */
static bool leave_out(struct x_gap *g, usec now, struct span *s) {
    while (!is_over(g, s) && s->query >= g->optional && g->optional > 0 &&
           x_account_level(g->x, now) == COST_NARROW) {
        const int pass = s->pass;
        mark_missing(s, "the query beside the authors was left out to stay within the budget");
        next_query(g, s);
        if (s->pass != pass) return false;
    }
    return !is_over(g, s);
}

bool x_gap_step(struct x_gap *g, usec now, struct connector_step *ret, usec *ret_wait) {
    struct x_verdict why;
    *ret_wait = USEC_NEVER;
    if (g->has_page) return false;
    expire(g, now);
    struct span *s = pick(g, now, ret_wait);
    if (s == NULL) return false;
    *ret_wait = g->retry_at;
    if (now < g->retry_at) return false;
    *ret_wait = now;
    if (!leave_out(g, now, s)) return false;
    if (!x_account_may(g->x, now, X_SEARCH, ret_wait, &why)) {
        str_copyz(str_from_z(why.why), g->held, sizeof g->held);
        return false;
    }
    const int64_t most = page_posts(g, now, ret_wait);
    if (most == 0) return false;
    if (s != g->at || g->token[0] == '\0') {
        g->token[0] = '\0';
        g->top = s->below != 0 ? s->below : x_snowflake_at(high_of(g, s));
    }
    if (is_fresh(s)) s->began = now;
    g->at = s;
    g->calling = true;
    g->reserved = most;
    put_request(g, s, most, now, ret);
    return true;
}

static void settle_nothing(struct x_gap *g, usec now) {
    struct usage none;
    struct arena scratch = g->mem;
    x_account_settle(g->x, now, RESOURCE_POST, g->reserved, NULL, 0, &scratch, &none);
    g->reserved = 0;
}

static void refused(struct x_gap *g, const struct x_verdict *v) {
    struct span *s = g->at;
    mark_missing(s, v->why);
    next_query(g, s);
    if (v->state == SOURCE_FORBIDDEN) s->query = g->query_count; /* the endpoint, not the query */
    if (v->state == SOURCE_FORBIDDEN) s->pass = 1;
}

static void failed(struct x_gap *g, usec now, const struct x_verdict *v) {
    settle_nothing(g, now);
    str_copyz(str_from_z(v->why), g->held, sizeof g->held);
    if (v->state == SOURCE_CONFIG && g->token[0] != '\0')
        g->token[0] = '\0'; /* tokens grow old: by ids then */
    else if (v->state == SOURCE_FORBIDDEN || v->state == SOURCE_CONFIG)
        refused(g, v);
    else if (v->again)
        g->retry_at = i64_max(patience_failed(&g->patience, now, &g->rng), v->until);
    else
        g->retry_at = v->until > now ? v->until : now + X_RETRY_LONG;
}

/* A page that is no page: asked for again, a few times. */
static void unreadable(struct x_gap *g, usec now, const struct error *err) {
    settle_nothing(g, now);
    snprintf(g->trouble, sizeof g->trouble, "%s", err->msg);
    g->retry_at = patience_failed(&g->patience, now, &g->rng);
    if (++g->unreadable < UNREADABLE_MAX) return;
    g->unreadable = 0;
    mark_missing(g->at, "X's answer could not be read");
    next_query(g, g->at);
}

void x_gap_answered(struct x_gap *g, usec now, const struct http_answer *a) {
    struct x_verdict v;
    struct error err;
    PRE(g->calling);
    g->calling = false;
    x_verdict_of(now, a, &v);
    x_account_heard(g->x, now, X_SEARCH, a, &v);
    if (!v.fine) {
        failed(g, now, &v);
        return;
    }
    arena_reset(&g->mem);
    if (!x_page_parse(&g->mem, a->body, &g->page, &err)) {
        unreadable(g, now, &err);
        return;
    }
    patience_ok(&g->patience);
    g->unreadable = 0;
    g->has_page = g->unsettled = true;
    g->next = 0;
    g->retry_at = 0;
    if (++g->pages >= g->pages_max) {
        g->pages = 0;
        g->retry_at = now + BREATH;
    }
    if (g->page.errors > 0)
        snprintf(g->trouble, sizeof g->trouble, "X's answer says: " STR_FMT,
                 STR_ARG(str_head(g->page.first_error, 200)));
}

/* --- what is passed on ----------------------------------------------------------------------- */

/* All of the page was passed on. */
static void turn_page(struct x_gap *g) {
    struct span *s = g->at;
    const str next = g->page.next_token;
    const int64_t before = s->below;
    g->has_page = false;
    for (int i = 0; i < g->page.post_count; i++)
        if (g->page.ids[i] > 0 && (s->below == 0 || g->page.ids[i] < s->below))
            s->below = g->page.ids[i];
    const bool lower = s->below != before;
    const bool again = next.n > 0 && !lower && str_eq(next, str_from_z(g->token));
    if (next.n > 0 && !again && str_copyz(next, g->token, sizeof g->token)) return;
    if (next.n > 0 && lower) {
        g->token[0] = '\0'; /* a token that is too long: by ids then */
        return;
    }
    if (next.n > 0) mark_missing(s, "X says that there is more, and gives the same page again");
    next_query(g, s);
}

static bool settle_page(struct x_gap *g, usec now, struct arena *a, struct intake *ret) {
    g->unsettled = false;
    x_account_settle(g->x, now, RESOURCE_POST, g->reserved, g->page.ids, g->page.post_count, a,
                     &ret->u.usage);
    g->reserved = 0;
    ret->kind = INTAKE_USAGE;
    return g->page.post_count > 0;
}

/* One post of the page; false: not to be passed on. */
static bool take_post(struct x_gap *g, usec now, struct arena *a, struct post *ret,
                      struct connector *teller) {
    const int i = g->next++;
    struct error err;
    if (g->recent != NULL && x_recent_has(g->recent, g->page.ids[i])) return false;
    if (!x_post_parse(a, g->page.posts[i], g->source, now, false, ret, &err)) {
        connector_complain(teller, STR("search of what was missed"), str_from_z(err.msg),
                           g->page.posts[i]);
        return false;
    }
    if (ret->username.n == 0) ret->username = x_account_name_of(g->x, ret->author_id);
    ret->missed = !ret->deleted;
    if (g->recent != NULL) x_recent_put(g->recent, ret->id);
    return true;
}

static bool page_item(struct x_gap *g, usec now, struct arena *a, struct intake *ret,
                      struct connector *teller) {
    if (g->unsettled && settle_page(g, now, a, ret)) return true;
    bool any = false;
    while (!any && g->next < g->page.post_count) any = take_post(g, now, a, &ret->post, teller);
    if (any) g->at->posts++;
    if (g->next == g->page.post_count) turn_page(g);
    ret->kind = any ? INTAKE_POST : INTAKE_NONE;
    return true;
}

static void put_gap(const struct span *s, gap_state state, struct intake *ret) {
    ret->kind = INTAKE_GAP;
    ret->u.gap =
        (struct gap){.from = s->from, .until = s->until, .state = state, .posts = s->posts};
    str_copyz(str_from_z(state == GAP_LOST ? s->missing : s->why), ret->u.gap.why,
              sizeof ret->u.gap.why);
}

static void remove_span(struct x_gap *g, int i) {
    if (g->at != NULL && g->at >= &g->spans[i]) {
        if (g->at == &g->spans[i])
            g->at = NULL;
        else
            g->at--;
    }
    for (int k = i + 1; k < g->count; k++) g->spans[k - 1] = g->spans[k];
    g->count--;
}

static bool ledger_item(struct x_gap *g, struct intake *ret) {
    for (int i = 0; i < g->count; i++) {
        struct span *s = &g->spans[i];
        if (s->untold) {
            s->untold = false;
            put_gap(s, s->open ? GAP_OPEN : GAP_CLOSED, ret);
            return true;
        }
        if (!s->open && is_over(g, s) && !(g->has_page && g->at == s)) {
            put_gap(s, s->missing[0] != '\0' ? GAP_LOST : GAP_FILLED, ret);
            remove_span(g, i);
            return true;
        }
    }
    return false;
}

bool x_gap_item(struct x_gap *g, usec now, struct arena *a, struct intake *ret,
                struct connector *teller) {
    if (g->trouble[0] != '\0') {
        connector_complain(teller, STR("search of what was missed"), str_from_z(g->trouble),
                           STR(""));
        g->trouble[0] = '\0';
    }
    if (g->has_page) return page_item(g, now, a, ret, teller);
    expire(g, now);
    return ledger_item(g, ret);
}

/* --- state ----------------------------------------------------------------------------------- */

void x_gap_put_state(const struct x_gap *g, struct buf *out) {
    buf_printf(out, "{\"asked\":\"%016llx\",\"spans\":[", (unsigned long long)g->queries_hash);
    for (int i = 0; i < g->count; i++) {
        struct span now = g->spans[i], *s = &now;
        if (s->redo) begin_again(s);
        buf_printf(out,
                   "%s{\"from\":%lld,\"until\":%lld,\"open\":%s,\"pass\":%d,\"query\":%d,"
                   "\"below\":%lld,\"began\":%lld,\"posts\":%lld,\"why\":",
                   i > 0 ? "," : "", (long long)s->from, (long long)s->until,
                   s->open ? "true" : "false", s->pass, s->query, (long long)s->below,
                   (long long)s->began, (long long)s->posts);
        buf_put_json_str(out, str_from_z(s->why));
        buf_put(out, STR(",\"missing\":"));
        buf_put_json_str(out, str_from_z(s->missing));
        buf_put_byte(out, '}');
    }
    buf_put(out, STR("]}"));
}

static bool load_span(struct x_gap *g, const json_t *from, bool same, struct span *s) {
    json_int_t times[5];
    int open, pass, query;
    const char *why, *missing;
    json_error_t ignored;
    if (json_unpack_ex((json_t *)from, &ignored, 0, "{s:I,s:I,s:b,s:i,s:i,s:I,s:I,s:I,s:s,s:s}",
                       "from", &times[0], "until", &times[1], "open", &open, "pass", &pass, "query",
                       &query, "below", &times[2], "began", &times[3], "posts", &times[4], "why",
                       &why, "missing", &missing) != 0) {
        return false;
    }
    for (int i = 0; i < 5; i++)
        if (times[i] < 0 || (i < 2 && times[i] > TIME_MOST)) return false;
    if (times[1] < times[0] || times[3] > TIME_MOST || pass < 0 || pass > 1 || query < 0)
        return false;
    *s = (struct span){.from = times[0],
                       .until = times[1],
                       .open = open != 0,
                       .untold = true,
                       .pass = pass,
                       .query = query,
                       .below = times[2],
                       .began = times[3],
                       .posts = times[4]};
    str_copyz(str_from_z(why), s->why, sizeof s->why);
    str_copyz(str_from_z(missing), s->missing, sizeof s->missing);
    if (!same || query > g->query_count) begin_again(s);
    if (s->below != 0 && s->began == 0) return false;
    return true;
}

bool x_gap_load(struct x_gap *g, const struct json_t *from, struct error *err) {
    char asked[24];
    const json_t *spans = json_object_get(from, "spans");
    const char *was = json_string_value(json_object_get(from, "asked"));
    const size_t n = json_array_size(spans);
    if (!json_is_array(spans) || was == NULL || n > SPANS_MAX)
        return fail(err, ERR_DAMAGED, 0, "state: \"gap\" is not what x_gap writes");
    snprintf(asked, sizeof asked, "%016llx", (unsigned long long)g->queries_hash);
    const bool same = str_eq(str_from_z(was), str_from_z(asked));
    for (size_t i = 0; i < n; i++) {
        if (!load_span(g, json_array_get(spans, i), same, &g->spans[g->count]))
            return fail(err, ERR_DAMAGED, 0, "state: span %zu of \"gap\" is not well-formed", i);
        g->count++;
    }
    for (int i = 0; i + 1 < g->count; i++)
        if (g->spans[i].open)
            return fail(err, ERR_DAMAGED, 0, "state: span %d of \"gap\" is open and not the last",
                        i);
    return true;
}
