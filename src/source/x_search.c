/* x_search: posts from X by recent search, polled, as a connector: what is asked for, and when.
 * What comes of an answer is in x_search_page.c, what was not seen meanwhile in x_search_gaps.c.
 *
 * In: authors and a query, answers. Out: requests, and from each answer what it was billed, its
 * posts (a page's oldest first), gaps, and the state behind them. Queries take turns, the one that
 * is due longest first: a small page of what is newer than the mark (x_search_state.c), and only
 * when there is more, large pages of the rest, newest first, as many as a poll may have; what is
 * left then is asked for after the next poll's first page. So the newest posts never wait for a
 * backlog, and nothing is passed over.
 *
 * X does not index posts in their order, so the mark stays half a minute behind: what comes again
 * meanwhile is dropped, and X bills it once a day.
 *
 * An empty page costs nothing, so the interval follows the authors: half of it after a hit, down to
 * the floor, and up to twice of it while they are quiet.
 *
 * Trouble of the line waits by patience and holds up all queries; trouble of one query (a 400, a
 * 403) holds up that one; what holds for the account is the account's. Money: each call's price is
 * held back before it; narrow means small pages of authors only, without it nothing is asked. What
 * was not seen meanwhile is fetched later, as far back as X has it (seven days): a gap is told when
 * it opens, when it closes, and when it is filled or lost.
 *
 * Invariants: at most one call is under way; a mark moves when the last item of its page has been
 * given, never before. One thread. */
#include <stdio.h>

#include "base/url.h"
#include "source/x_search_int.h"

#define BOOTSTRAP USEC_PER_MIN /* a new query begins that far back: what costs next to nothing */
#define SMALL_PAGE COST_PAGE
#define LARGE_PAGE 100
#define CALL_TIMEOUT (20 * USEC_PER_S)
#define ROUND_EACH (2500 * USEC_PER_MS) /* of the rate limit, for each query of a round */
#define PAGE_BYTES (8 << 20)

/* --- opening --------------------------------------------------------------------------------- */

static void add_query(struct x_search *s, struct arena *boot, str text, bool own) {
    struct x_search_query *q = &s->queries[s->query_count++];
    struct buf out;
    const ptrdiff_t most = 3 * text.n + 1;
    buf_init_fixed(&out, NEW_ARRAY(boot, char, most), most);
    url_encode(&out, text, "");
    *q = (struct x_search_query){.text = str_dup(boot, text), .encoded = buf_str(&out), .own = own};
    q->mark.hash = str_hash(text);
}

static bool make_queries(struct x_search *s, struct arena *boot, struct error *err) {
    const struct x_source_options *opt = &s->opt;
    const str query = str_trim(opt->query);
    str *packs;
    int count;
    if (!x_pack_authors(boot, opt->authors, opt->author_count, opt->filter, X_QUERY_BYTES_MAX,
                        &packs, &count, err))
        return false;
    if (count == 0 && query.n == 0)
        return fail(err, ERR_CONFIG, 0, "X search: no authors and no query: name one of them");
    if (query.n > X_QUERY_BYTES_MAX) {
        return fail(err, ERR_CONFIG, 0, "X search: the query has %td bytes, X takes %d: shorten it",
                    query.n, X_QUERY_BYTES_MAX);
    }
    if (count + 1 > X_SEARCH_QUERIES_MAX) {
        return fail(err, ERR_CONFIG, 0,
                    "X search: %d authors need %d queries, over %d: put them on a list of X's and "
                    "search for list:ID, or use x_stream",
                    opt->author_count, count, X_SEARCH_QUERIES_MAX - 1);
    }
    s->queries = NEW_ARRAY(boot, struct x_search_query, count + 1);
    for (int i = 0; i < count; i++) add_query(s, boot, packs[i], false);
    if (query.n > 0) add_query(s, boot, query, true);
    return true;
}

/* What a query without a mark of its own begins with: where the marks of queries that are no more
 * begin (the authors are packed anew when one is added), else a minute ago. */
static struct x_mark first_mark(const struct x_search *s, const struct x_search_state *old) {
    struct x_mark m = {.since = x_snowflake_at(s->opt.now - BOOTSTRAP), .polled_at = s->opt.now};
    for (int i = 0; i < old->mark_count; i++) {
        const struct x_mark *o = &old->marks[i];
        bool taken = false;
        for (int k = 0; k < s->query_count; k++) taken |= s->queries[k].mark.hash == o->hash;
        if (taken) continue;
        m.since = i64_min(m.since, x_mark_lowest(o));
        m.polled_at = i64_min(m.polled_at, o->polled_at);
    }
    return m;
}

static void set_marks(struct x_search *s, const struct x_search_state *old) {
    const struct x_mark first = first_mark(s, old);
    for (int k = 0; k < s->query_count; k++) {
        struct x_search_query *q = &s->queries[k];
        const uint64_t hash = q->mark.hash;
        q->mark = first;
        for (int i = 0; i < old->mark_count; i++)
            if (old->marks[i].hash == hash) q->mark = old->marks[i];
        q->mark.hash = hash;
        q->mark.polled_at = i64_min(q->mark.polled_at, s->opt.now);
        q->interval = s->opt.interval;
        q->due_at = s->opt.now;
        if (old->has_gap) q->seen_again_at = old->gap.until;
    }
    s->gap = old->gap;
    s->has_gap = old->has_gap;
}

static const struct connector_ops ops;

bool x_search_open(struct arena *boot, const struct x_source_options *opt, struct connector **ret,
                   struct error *err) {
    PRE(opt->account != NULL && opt->interval > 0 && opt->floor > 0 && opt->pages_max > 0);
    struct x_search_state old = {0};
    struct x_search *s = NEW(boot, struct x_search);
    s->base.ops = &ops;
    s->opt = *opt;
    s->opt.name = str_dup(boot, opt->name);
    if (!make_queries(s, boot, err)) return false;
    if (opt->state.n > 0 && !x_search_state_parse(boot, opt->state, &old, err)) return false;
    rng_init(&s->rng, opt->seed);
    set_marks(s, &old);
    s->round = i64_max(opt->interval, s->query_count * ROUND_EACH);
    s->patience =
        (struct patience){.first = 2 * USEC_PER_S, .most = 2 * USEC_PER_MIN, .breaker = 8};
    s->status = (struct source_status){.state = SOURCE_STARTING, .since = opt->now};
    for (int i = 0; i < opt->author_count; i++) x_account_follow(opt->account, opt->authors[i]);
    arena_open(&s->memory, PAGE_BYTES);
    *ret = &s->base;
    return true;
}

static void close_search(struct connector *c) { arena_close(&x_search_of(c)->memory); }

/* --- asking ---------------------------------------------------------------------------------- */

void x_search_stand(struct x_search *s, usec now, source_state state, usec until, const char *why) {
    if (s->status.state != state) s->status.since = now;
    s->status.state = state;
    s->status.until = until;
    str_copyz(str_from_z(why), s->status.why, sizeof s->status.why);
}

/* A query that is not to be asked: for want of money, or as X refuses it. */
static bool is_resting(const struct x_search *s, const struct x_search_query *q) {
    return q->own && s->narrow;
}

static void put_from(struct x_search *s, struct buf *out, const struct x_search_query *q,
                     int64_t above) {
    char block[TIME_TEXT_BYTES];
    if (!q->by_time) {
        buf_printf(out, "&since_id=%lld", (long long)above);
        s->call.with_since = true;
        return;
    }
    buf_put(out, STR("&start_time=")); /* whole seconds: what comes twice is dropped */
    url_encode(out, str_head(time_format_rfc3339(x_search_time_of(above), block), 19), "");
    buf_put_byte(out, 'Z');
}

static void make_request(struct x_search *s, struct x_search_query *q, int64_t count,
                         struct connector_step *ret) {
    struct buf out;
    buf_init_fixed(&out, s->request, sizeof s->request);
    buf_put(&out, STR("query="));
    buf_put(&out, q->encoded);
    buf_printf(&out, "&max_results=%lld", (long long)count);
    buf_put(&out, STR("&tweet.fields="));
    url_encode(&out, STR(X_POST_FIELDS), "");
    put_from(s, &out, q, s->call.kind == CALL_RANGE ? s->call.range.above : q->mark.since);
    if (s->call.kind == CALL_RANGE)
        buf_printf(&out, "&until_id=%lld", (long long)s->call.range.below);
    if (s->call.with_token) {
        buf_put(&out, STR("&next_token="));
        url_encode(&out, str_from_z(q->token), "");
    }
    POST(!buf_full(&out));
    ret->act = CONNECTOR_CALL;
    ret->request = (struct http_request){.method = HTTP_GET,
                                         .path = STR("/2/tweets/search/recent"),
                                         .query = buf_str(&out),
                                         .timeout = CALL_TIMEOUT};
    x_account_sign(s->opt.account, ret);
}

/* The price of a page is held back. False: not before *ret_until. */
static bool reserve(struct x_search *s, usec now, int64_t most, usec *ret_until,
                    char why[WHY_BYTES]) {
    const int64_t got = x_account_reserve(s->opt.account, now, RESOURCE_POST, most, ret_until, why);
    s->call.reserved = got;
    if (got >= SMALL_PAGE) return true;
    struct usage none;
    struct arena scratch = s->memory;
    x_account_settle(s->opt.account, now, RESOURCE_POST, got, NULL, 0, &scratch, &none);
    s->call.reserved = 0;
    if (why[0] == '\0')
        snprintf(why, WHY_BYTES, "what is left of the budget for X now is less than a page costs");
    *ret_until = i64_max(*ret_until, now + USEC_PER_S);
    return false;
}

/* The query that goes on with a backlog; NULL: none. */
static struct x_search_query *find_unfinished(struct x_search *s, usec now) {
    for (int i = 0; i < s->query_count; i++) {
        struct x_search_query *q = &s->queries[i];
        if (q->mark.range_count == 0) q->pages_left = 0;
        if (q->pages_left > 0 && q->blocked_until <= now && !is_resting(s, q)) return q;
    }
    return NULL;
}

/* When a query's next first page is due. */
static usec due_at(const struct x_search_query *q) { return i64_max(q->due_at, q->blocked_until); }

/* The one that is due first; NULL: none may be asked. */
static struct x_search_query *find_next(struct x_search *s) {
    struct x_search_query *next = NULL;
    for (int i = 0; i < s->query_count; i++) {
        struct x_search_query *q = &s->queries[i];
        if (is_resting(s, q)) continue;
        if (next == NULL || due_at(q) < due_at(next)) next = q;
    }
    return next;
}

static bool ask_head(struct x_search *s, usec now, struct x_search_query *q,
                     struct connector_step *ret) {
    char why[WHY_BYTES];
    usec until;
    s->call = (struct x_search_call){.kind = CALL_HEAD, .query = q};
    const int64_t most = q->busy && !s->narrow ? LARGE_PAGE : SMALL_PAGE;
    if (!reserve(s, now, most, &until, why)) {
        s->call.kind = CALL_NONE;
        x_search_stand(s, now, SOURCE_BUDGET, until, why);
        ret->until = until;
        return false;
    }
    x_search_cut_old(s, now, q);
    make_request(s, q, s->call.reserved, ret);
    return true;
}

/* The newest range, in large pages. False: there is no money for it now, or nothing left of it. */
static bool ask_range(struct x_search *s, usec now, struct x_search_query *q,
                      struct connector_step *ret) {
    char why[WHY_BYTES];
    usec until;
    x_search_cut_old(s, now, q);
    if (q->mark.range_count == 0) return false;
    s->call = (struct x_search_call){.kind = CALL_RANGE,
                                     .query = q,
                                     .range = q->mark.ranges[q->mark.range_count - 1],
                                     .with_token = q->token[0] != '\0'};
    if (!reserve(s, now, LARGE_PAGE, &until, why)) {
        s->call.kind = CALL_NONE;
        return false;
    }
    make_request(s, q, s->call.reserved, ret);
    return true;
}

/* A little call for the account, when there is nothing else to do. */
static bool do_chore(struct x_search *s, usec now, struct connector_step *ret) {
    if (s->patience.failures > 0 || !x_account_chore(s->opt.account, now, ret)) return false;
    s->call = (struct x_search_call){.kind = CALL_CHORE};
    return true;
}

/* A wait that X asks for is a state only when it is long, or when it said no. */
static void stand_by_verdict(struct x_search *s, usec now, const struct x_verdict *v, usec until) {
    if (v->state != SOURCE_LIMITED || until > now + i64_max(X_SEARCH_SAID_LATE, s->round))
        x_search_stand(s, now, v->state, until, v->why);
}

/* The pages that polls still have. */
static bool ask_ranges(struct x_search *s, usec now, struct connector_step *ret) {
    struct x_search_query *q;
    while (!s->narrow && (q = find_unfinished(s, now)) != NULL) {
        if (ask_range(s, now, q, ret)) return true;
        q->pages_left = 0; /* with the next poll */
    }
    return false;
}

/* All searches rest for the money: until when, and why. */
static void stand_short(struct x_search *s, usec now, usec *ret_until) {
    char why[WHY_BYTES];
    if (!reserve(s, now, SMALL_PAGE, ret_until, why)) {
        x_search_stand(s, now, SOURCE_BUDGET, *ret_until, why);
        return;
    }
    struct usage none;
    struct arena scratch = s->memory;
    x_account_settle(s->opt.account, now, RESOURCE_POST, s->call.reserved, NULL, 0, &scratch,
                     &none);
    s->call.reserved = 0;
    *ret_until = now + s->opt.interval; /* look at the money again */
    x_search_stand(s, now, SOURCE_BUDGET, *ret_until,
                   "the budget for X runs short: searches that are not of authors wait until more "
                   "has come in");
}

/* The time when something may be asked; now or before: *ret is filled with a call, or not. */
static bool ask(struct x_search *s, usec now, struct connector_step *ret) {
    struct x_verdict why;
    usec until;
    ret->until = s->patience.until;
    if (s->patience.until > now) return false;
    if (!x_account_may(s->opt.account, now, X_SEARCH, &until, &why)) {
        stand_by_verdict(s, now, &why, until);
        ret->until = until;
        return false;
    }
    const cost_level level = x_account_level(s->opt.account, now);
    s->narrow = level != COST_FULL;
    for (int i = 0; s->narrow && i < s->query_count; i++) x_search_tell_backlog(s, &s->queries[i]);
    struct x_search_query *q = find_next(s);
    if (q == NULL) {
        stand_short(s, now, &ret->until);
        return false;
    }
    /* the newest come first, but for the few pages that a poll still has: else a busy query would
     * ask for nothing else */
    if (now < due_at(q) + s->round && ask_ranges(s, now, ret)) return true;
    if (due_at(q) <= now) return ask_head(s, now, q, ret);
    ret->until = due_at(q);
    return false;
}

/* Where somebody is late next, so that it is told in time. */
static usec next_late(const struct x_search *s, usec now) {
    usec at = USEC_NEVER;
    for (int i = 0; i < s->query_count; i++) {
        const usec late = x_search_late_at(s, &s->queries[i]) + 1;
        if (late > now) at = i64_min(at, late);
    }
    return at;
}

static void step_search(struct connector *c, usec now, struct connector_step *ret) {
    struct x_search *s = x_search_of(c);
    ret->act = CONNECTOR_WAIT;
    ret->until = USEC_NEVER;
    x_search_look(s, now);
    if (s->call.kind != CALL_NONE) return;
    if (!s->began) { /* the place to begin from is stored before anything is asked */
        s->began = true;
        ret->until = now;
        return;
    }
    if (ask(s, now, ret)) return;
    const usec until = i64_max(ret->until, now + 1);
    if (do_chore(s, now, ret)) return;
    ret->act = CONNECTOR_WAIT;
    ret->until = i64_min(until, next_late(s, now));
    if (s->told_count > 0) ret->until = now; /* there are items to be taken */
}

/* --- the table ------------------------------------------------------------------------------ */

static void status_search(const struct connector *c, usec now, struct source_status *ret) {
    const struct x_search *s = (const struct x_search *)(const void *)c;
    *ret = s->status;
    ret->blind = blind_today(&s->blind, now);
    ret->narrow = s->narrow;
}

static void no_stream(struct connector *c, usec now) {
    (void)c;
    (void)now;
}
static void no_line(struct connector *c, usec now, str line) {
    (void)line;
    no_stream(c, now);
}
static void not_gone(struct connector *c, usec now, const struct http_answer *a) {
    (void)a;
    no_stream(c, now);
}

static const struct connector_ops ops = {.kind = "x_search",
                                         .step = step_search,
                                         .answered = x_search_answered,
                                         .opened = no_stream,
                                         .line = no_line,
                                         .gone = not_gone,
                                         .item = x_search_item,
                                         .status = status_search,
                                         .close = close_search};
