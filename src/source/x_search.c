/* x_search: posts from X by recent search, polled, as a connector.
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

#include "base/rng.h"
#include "base/url.h"
#include "source/x_recent.h"
#include "source/x_search_int.h"

#define KEPT_BY_X (7 * USEC_PER_DAY)
#define CUT_BEFORE (10 * USEC_PER_S) /* of that end a mark is cut, */
#define CUT_TO (60 * USEC_PER_S)     /* to here: a few pages fit in between */
#define INDEX_LAG (30 * USEC_PER_S)  /* X's own default leaves out what is newer */
#define INDEXED USEC_PER_DAY         /* after that nothing at all turns up in the past */
#define AHEAD_MOST USEC_PER_DAY      /* an id beyond is none of X's */
#define BOOTSTRAP USEC_PER_MIN /* a new query begins that far back: what costs next to nothing */
#define SMALL_PAGE COST_PAGE
#define LARGE_PAGE 100
#define CALL_TIMEOUT (20 * USEC_PER_S)
#define ROUND_EACH (2500 * USEC_PER_MS) /* of the rate limit, for each query of a round */
#define PAGE_BYTES (8 << 20)
#define QUERY_BYTES 4096            /* of a request */
#define GAPS_MAX 8                  /* waiting to be passed on */
#define SAID_LATE (30 * USEC_PER_S) /* a shorter wait is no state */

struct query {
    struct x_mark mark;
    str text, encoded;
    bool own; /* not a pack of authors */
    usec interval, due_at;
    int pages_left;                   /* of this poll */
    char token[X_SEARCH_TOKEN_BYTES]; /* where the last page had no id to go on from; else "" */
    bool complained;                  /* of errors, in this poll */
    bool by_time;                     /* X refused since_id: start_time instead */
    int64_t newest;                   /* seen by this process; at or above the mark */
    usec seen_again_at;               /* its posts from before are `missed` */
    usec blocked_until;
    struct x_verdict blocked;
};

typedef enum call_kind { CALL_NONE, CALL_CHORE, CALL_HEAD, CALL_RANGE } call_kind;

struct call {
    call_kind kind;
    struct query *query;
    struct x_range range; /* RANGE: what was asked for */
    int64_t reserved;
    bool with_token, with_since;
};

/* What an answer left to be passed on; in this order. */
struct batch {
    bool open;
    struct usage usage;
    int64_t usage_ids[X_PAGE_POSTS_MAX];
    bool has_usage;
    struct x_page page;
    int posts_left; /* posts 0..posts_left-1 are still to be given, the last one first */
    usec received_at, missed_before;
};

struct x_search {
    struct connector base;
    struct x_source_options opt;
    struct arena memory; /* one page */
    struct rng rng;
    struct query *queries;
    int query_count;
    usec round; /* the interval, or how long a round of queries takes where that is longer */
    struct call call;
    struct batch batch;
    struct patience patience;
    struct blindness blind;
    struct source_status status;
    bool narrow;
    /* the gap that is open or being filled, and those that wait to be told */
    struct gap gap, told[GAPS_MAX];
    bool has_gap;
    int told_count;
    struct gap lost;        /* the last one */
    struct x_recent recent; /* given a short while ago */
    bool began;
    usec put_at; /* when a state was given last; 0 never */
    char request[QUERY_BYTES], state[INTAKE_STATE_BYTES];
};

static struct x_search *self(struct connector *c) { return (struct x_search *)(void *)c; }

/* --- opening --------------------------------------------------------------------------------- */

static void add_query(struct x_search *s, struct arena *boot, str text, bool own) {
    struct query *q = &s->queries[s->query_count++];
    struct buf out;
    const ptrdiff_t most = 3 * text.n + 1;
    buf_init_fixed(&out, NEW_ARRAY(boot, char, most), most);
    url_encode(&out, text, "");
    *q = (struct query){.text = str_dup(boot, text), .encoded = buf_str(&out), .own = own};
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
    s->queries = NEW_ARRAY(boot, struct query, count + 1);
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
        struct query *q = &s->queries[k];
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

static void close_search(struct connector *c) { arena_close(&self(c)->memory); }

/* --- how it stands --------------------------------------------------------------------------- */

static void stand(struct x_search *s, usec now, source_state state, usec until, const char *why) {
    if (s->status.state != state) s->status.since = now;
    s->status.state = state;
    s->status.until = until;
    str_copyz(str_from_z(why), s->status.why, sizeof s->status.why);
}

/* A query that is not to be asked: for want of money, or as X refuses it. */
static bool is_resting(const struct x_search *s, const struct query *q) {
    return q->own && s->narrow;
}

static usec late_at(const struct x_search *s, const struct query *q) {
    return q->mark.polled_at + i64_max(q->interval, s->round) + 2 * s->round;
}

static void tell_gap(struct x_search *s, const struct gap *g) {
    for (int i = 0; i < s->told_count; i++) {
        if (s->told[i].from != g->from) continue;
        s->told[i] = *g;
        return;
    }
    if (s->told_count == GAPS_MAX) s->told_count--; /* of many losses the newest is told */
    s->told[s->told_count++] = *g;
}

static void open_gap(struct x_search *s, usec now, usec from) {
    s->gap = (struct gap){.from = from, .until = now, .state = GAP_OPEN};
    str_copyz(s->status.why[0] != '\0' ? str_from_z(s->status.why) : STR("was not running"),
              s->gap.why, sizeof s->gap.why);
    s->has_gap = true;
    tell_gap(s, &s->gap);
}

/* Blind time, and the gap that comes of it. */
static void look_for_blindness(struct x_search *s, usec now) {
    usec oldest = USEC_NEVER;
    for (int i = 0; i < s->query_count; i++) {
        const struct query *q = &s->queries[i];
        if (now > late_at(s, q)) oldest = i64_min(oldest, q->mark.polled_at);
    }
    if (oldest == USEC_NEVER) {
        blind_end(&s->blind, now);
        if (!s->has_gap || s->gap.state != GAP_OPEN) return;
        s->gap.state = GAP_CLOSED;
        tell_gap(s, &s->gap);
        return;
    }
    blind_begin(&s->blind, now);
    if (!s->has_gap) open_gap(s, now, oldest);
    if (s->gap.state == GAP_OPEN) return;
    s->gap.state = GAP_OPEN; /* again, before it was filled */
    tell_gap(s, &s->gap);
}

/* Is something of before the gap's end still to be fetched? */
static bool is_filling(const struct x_search *s) {
    const int64_t end = x_snowflake_at(s->gap.until);
    for (int i = 0; i < s->query_count; i++) {
        const struct x_mark *m = &s->queries[i].mark;
        for (int k = 0; k < m->range_count; k++)
            if (m->ranges[k].above < end) return true;
    }
    return false;
}

static void fill_gap(struct x_search *s) {
    if (!s->has_gap || s->gap.state != GAP_CLOSED || is_filling(s)) return;
    s->gap.state = GAP_FILLED;
    tell_gap(s, &s->gap);
    s->has_gap = false;
}

/* --- what X has no more ------------------------------------------------------------------------
 */

static usec time_of(int64_t id) {
    usec t;
    return time_from_snowflake(id, &t) ? t : 0;
}

/* The span is lost; one that begins inside the last one makes that longer. */
static void tell_lost(struct x_search *s, usec from, usec until) {
    const bool more =
        s->lost.state == GAP_LOST && from >= s->lost.from && from <= s->lost.until + USEC_PER_HOUR;
    if (!more) s->lost = (struct gap){.from = from, .state = GAP_LOST};
    s->lost.until = i64_max(s->lost.until, until);
    str_copyz(STR("older than the seven days that X's search goes back"), s->lost.why,
              sizeof s->lost.why);
    if (s->has_gap && s->gap.from >= s->lost.from && s->gap.from < until) {
        s->gap.from = until; /* what is left of it */
        s->gap.until = i64_max(s->gap.until, until);
        tell_gap(s, &s->gap);
    }
    tell_gap(s, &s->lost);
}

/* Before each request: what X has no more is cut off the mark, and told. */
static void cut_old(struct x_search *s, usec now, struct query *q) {
    const usec floor = now - KEPT_BY_X + CUT_TO;
    int64_t lost;
    if (x_mark_lowest(&q->mark) >= x_snowflake_at(now - KEPT_BY_X + CUT_BEFORE)) return;
    if (!x_mark_clamp(&q->mark, x_snowflake_at(floor), &lost)) return;
    tell_lost(s, time_of(lost), floor);
    q->by_time = true;
}

/* A backlog that waits for money is a gap as well: it is fetched late, or never. */
static void tell_backlog(struct x_search *s, struct query *q) {
    for (int i = 0; i < q->mark.range_count; i++) {
        const struct x_range *r = &q->mark.ranges[i];
        const usec until = time_of(r->below);
        if (s->has_gap && until <= s->gap.until) continue;
        if (!s->has_gap) s->gap = (struct gap){.from = time_of(r->above), .state = GAP_CLOSED};
        if (s->gap.state == GAP_OPEN) continue; /* it is made longer when it is closed */
        s->gap.until = until;
        str_copyz(STR("waits until the budget for X allows more"), s->gap.why, sizeof s->gap.why);
        s->has_gap = true;
        q->seen_again_at = i64_max(q->seen_again_at, until);
        tell_gap(s, &s->gap);
    }
}

/* --- asking ---------------------------------------------------------------------------------- */

static void put_from(struct x_search *s, struct buf *out, const struct query *q, int64_t above) {
    char block[TIME_TEXT_BYTES];
    if (!q->by_time) {
        buf_printf(out, "&since_id=%lld", (long long)above);
        s->call.with_since = true;
        return;
    }
    buf_put(out, STR("&start_time=")); /* whole seconds: what comes twice is dropped */
    url_encode(out, str_head(time_format_rfc3339(time_of(above), block), 19), "");
    buf_put_byte(out, 'Z');
}

static void make_request(struct x_search *s, struct query *q, int64_t count,
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
static struct query *find_unfinished(struct x_search *s, usec now) {
    for (int i = 0; i < s->query_count; i++) {
        struct query *q = &s->queries[i];
        if (q->mark.range_count == 0) q->pages_left = 0;
        if (q->pages_left > 0 && q->blocked_until <= now && !is_resting(s, q)) return q;
    }
    return NULL;
}

/* When a query's next first page is due. */
static usec due_at(const struct query *q) { return i64_max(q->due_at, q->blocked_until); }

/* The one that is due first; NULL: none may be asked. */
static struct query *find_next(struct x_search *s) {
    struct query *next = NULL;
    for (int i = 0; i < s->query_count; i++) {
        struct query *q = &s->queries[i];
        if (is_resting(s, q)) continue;
        if (next == NULL || due_at(q) < due_at(next)) next = q;
    }
    return next;
}

static bool ask_head(struct x_search *s, usec now, struct query *q, struct connector_step *ret) {
    char why[WHY_BYTES];
    usec until;
    s->call = (struct call){.kind = CALL_HEAD, .query = q};
    if (!reserve(s, now, SMALL_PAGE, &until, why)) {
        s->call.kind = CALL_NONE;
        stand(s, now, SOURCE_BUDGET, until, why);
        ret->until = until;
        return false;
    }
    cut_old(s, now, q);
    make_request(s, q, SMALL_PAGE, ret);
    return true;
}

/* The newest range, in large pages. False: there is no money for it now, or nothing left of it. */
static bool ask_range(struct x_search *s, usec now, struct query *q, struct connector_step *ret) {
    char why[WHY_BYTES];
    usec until;
    cut_old(s, now, q);
    if (q->mark.range_count == 0) return false;
    s->call = (struct call){.kind = CALL_RANGE,
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
    s->call = (struct call){.kind = CALL_CHORE};
    return true;
}

/* A wait that X asks for is a state only when it is long, or when it said no. */
static void stand_by_verdict(struct x_search *s, usec now, const struct x_verdict *v, usec until) {
    if (v->state != SOURCE_LIMITED || until > now + i64_max(SAID_LATE, s->round))
        stand(s, now, v->state, until, v->why);
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
    for (int i = 0; s->narrow && i < s->query_count; i++) tell_backlog(s, &s->queries[i]);
    struct query *q = find_next(s);
    if (q == NULL) {
        ret->until = now + s->opt.interval; /* look at the money again */
        stand(s, now, SOURCE_BUDGET, ret->until,
              "the budget for X runs short: searches that are "
              "not of authors wait until more has come in");
        return false;
    }
    if (due_at(q) <= now) return ask_head(s, now, q, ret);
    ret->until = due_at(q);
    while (!s->narrow && (q = find_unfinished(s, now)) != NULL) {
        if (ask_range(s, now, q, ret)) return true;
        q->pages_left = 0; /* with the next poll */
    }
    return false;
}

/* Where somebody is late next, so that it is told in time. */
static usec next_late(const struct x_search *s, usec now) {
    usec at = USEC_NEVER;
    for (int i = 0; i < s->query_count; i++) {
        const usec late = late_at(s, &s->queries[i]) + 1;
        if (late > now) at = i64_min(at, late);
    }
    return at;
}

static void step_search(struct connector *c, usec now, struct connector_step *ret) {
    struct x_search *s = self(c);
    ret->act = CONNECTOR_WAIT;
    ret->until = USEC_NEVER;
    look_for_blindness(s, now);
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

/* --- answers -----------------------------------------------------------------------------------
 */

/* The account hears of it, and the money of the call is settled. */
static void settle(struct x_search *s, usec now, const struct http_answer *a,
                   const struct x_verdict *v, bool readable) {
    const struct x_page *p = &s->batch.page;
    struct http_answer heard = *a;
    struct arena ids;
    arena_init(&ids, s->batch.usage_ids, sizeof s->batch.usage_ids);
    if (v->fine && !readable) heard.end = HTTP_LOST; /* billed, and nobody knows what */
    x_account_heard(s->opt.account, now, X_SEARCH, &heard, v);
    s->batch.has_usage = readable && p->post_count > 0;
    x_account_settle(s->opt.account, now, RESOURCE_POST, s->call.reserved, p->ids,
                     readable ? p->post_count : 0, &ids, &s->batch.usage);
}

static void failed(struct x_search *s, usec now, source_state state, const char *why) {
    const usec until = patience_failed(&s->patience, now, &s->rng);
    s->status.failures++;
    stand(s, now, patience_is_open(&s->patience) ? SOURCE_BROKEN : state, until, why);
}

/* X refuses this query. What may be our way of asking is asked another way, once. */
static void refused(struct x_search *s, usec now, const struct http_answer *a,
                    const struct x_verdict *v) {
    struct query *q = s->call.query;
    s->status.failures++;
    if (a->status == 400 && s->call.with_token) {
        q->token[0] = '\0';
        return;
    }
    if (a->status == 400 && s->call.with_since && str_find(a->body, STR("since_id")) >= 0) {
        q->by_time = true;
        return;
    }
    q->blocked = *v;
    q->blocked_until = i64_max(v->until, now + X_RETRY_LONG);
    stand(s, now, v->state, q->blocked_until, v->why);
}

static void no_page(struct x_search *s, usec now, const struct http_answer *a,
                    const struct x_verdict *v) {
    if (v->account || v->state == SOURCE_LIMITED) { /* the account says until when */
        s->status.failures++;
        stand(s, now, v->state, v->until > now ? v->until : now + X_RETRY_LONG, v->why);
    } else if (v->again) {
        failed(s, now, v->state, v->why);
    } else {
        refused(s, now, a, v);
    }
}

/* Nothing is in the way any more. */
static void stand_live(struct x_search *s, usec now) {
    patience_ok(&s->patience);
    for (int i = 0; i < s->query_count; i++) {
        const struct query *q = &s->queries[i];
        if (q->blocked_until <= now) continue;
        stand(s, now, q->blocked.state, q->blocked_until, q->blocked.why);
        return;
    }
    stand(s, now, SOURCE_LIVE, 0, "");
}

static int64_t oldest_of(const struct x_page *p) {
    int64_t oldest = 0;
    for (int i = 0; i < p->post_count; i++)
        if (p->ids[i] > 0 && (oldest == 0 || p->ids[i] < oldest)) oldest = p->ids[i];
    return oldest;
}

/* How many of the page were not given a short while ago. */
static int fresh_of(const struct x_search *s) {
    const struct x_page *p = &s->batch.page;
    int fresh = 0;
    for (int i = 0; i < p->post_count; i++) fresh += !x_recent_has(&s->recent, p->ids[i]);
    return fresh;
}

static int64_t newest_of(const struct x_page *p, usec now) {
    int64_t newest = p->newest_id;
    for (int i = 0; i < p->post_count; i++) newest = i64_max(newest, p->ids[i]);
    return i64_min(newest, x_snowflake_at(now + AHEAD_MOST));
}

static void keep_token(struct query *q, str token) {
    q->token[0] = '\0';
    if (token.n > 0 && token.n < X_SEARCH_TOKEN_BYTES) str_copyz(token, q->token, sizeof q->token);
}

/* Half of it after a hit, up to twice of it while nothing comes. */
static void adapt(const struct x_search *s, struct query *q, usec now, bool hit) {
    const usec next = hit ? q->interval / 2 : q->interval + q->interval / 4;
    q->interval = i64_max(i64_min(next, 2 * s->opt.interval), s->opt.floor);
    q->due_at = now + q->interval;
}

static void head_came(struct x_search *s, usec now, struct query *q) {
    const struct x_page *p = &s->batch.page;
    const int64_t above = i64_max(q->mark.since, q->newest), oldest = oldest_of(p);
    if (now > late_at(s, q)) {
        q->seen_again_at = now;
        s->gap.until = now; /* there is one: it has been looked for */
    }
    s->batch.missed_before = q->seen_again_at;
    q->newest = i64_max(above, newest_of(p, now));
    /* posts are not indexed in their order: the mark waits until those before it must be */
    const int64_t settled = i64_min(q->newest, x_snowflake_at(now - INDEX_LAG));
    q->mark.since = i64_max(q->mark.since, settled);
    q->mark.polled_at = now;
    q->by_time = false;
    q->pages_left = s->narrow ? 0 : s->opt.pages_max - 1;
    q->token[0] = '\0';
    if (p->next_token.n > 0) {
        x_mark_add_range(&q->mark, above, oldest > 0 ? oldest : x_snowflake_at(now));
        if (oldest == 0) keep_token(q, p->next_token);
    } else { /* so that the mark of a quiet author does not grow too old to ask with */
        q->mark.since = i64_max(q->mark.since, x_snowflake_at(now - INDEXED));
    }
    adapt(s, q, now, fresh_of(s) > 0);
}

static void range_came(struct x_search *s, struct query *q) {
    const struct x_page *p = &s->batch.page;
    const struct x_range asked = s->call.range;
    const int64_t oldest = oldest_of(p);
    s->batch.missed_before = q->seen_again_at;
    q->pages_left--;
    int at = q->mark.range_count - 1;
    while (at >= 0 && q->mark.ranges[at].below != asked.below) at--;
    if (at < 0) return;
    const bool lower = oldest > 0 && oldest < asked.below;
    if (lower) q->mark.ranges[at].below = oldest;
    keep_token(q, lower ? (str){0} : p->next_token);
    const bool done = p->next_token.n == 0 || (lower && oldest <= asked.above + 1);
    if (done || (!lower && q->token[0] == '\0')) {
        if (!done)
            connector_complain(&s->base, STR("x_search"),
                               STR("X gives the same page again: the rest of it is passed over"),
                               q->text);
        x_mark_drop_range(&q->mark, at);
        q->token[0] = '\0';
    }
}

static void page_came(struct x_search *s, usec now) {
    const struct x_page *p = &s->batch.page;
    s->status.last_sign_at = now;
    s->batch.open = true;
    s->batch.posts_left = p->post_count;
    s->batch.received_at = now;
    struct query *q = s->call.query;
    if (s->call.kind == CALL_HEAD) q->complained = false;
    if (p->errors > 0 && !q->complained)
        connector_complain(&s->base, STR("x_search"),
                           p->first_error.n > 0 ? p->first_error : STR("errors beside the posts"),
                           q->text);
    q->complained |= p->errors > 0;
    if (s->call.kind == CALL_HEAD)
        head_came(s, now, q);
    else
        range_came(s, q);
    stand_live(s, now);
    look_for_blindness(s, now);
}

static void answered_search(struct connector *c, usec now, const struct http_answer *a) {
    struct x_search *s = self(c);
    struct x_verdict v;
    struct error err = {0};
    PRE(s->call.kind != CALL_NONE);
    if (s->call.kind == CALL_CHORE) {
        s->call.kind = CALL_NONE;
        x_account_chore_done(s->opt.account, now, a);
        return;
    }
    s->status.calls++;
    look_for_blindness(s, now);
    arena_reset(&s->memory);
    x_verdict_of(now, a, &v);
    const bool readable = v.fine && x_page_parse(&s->memory, a->body, &s->batch.page, &err);
    settle(s, now, a, &v, readable);
    if (readable) {
        page_came(s, now);
    } else if (v.fine) {
        connector_complain(c, STR("x_search"), str_from_z(err.msg), a->body);
        failed(s, now, SOURCE_RETRYING, "X's answer cannot be read: trying again");
    } else {
        no_page(s, now, a, &v);
    }
    s->call.kind = CALL_NONE;
}

/* --- items ----------------------------------------------------------------------------------- */

/* The next post of the page; false: there is none. */
static bool take_post(struct x_search *s, struct arena *a, struct intake *ret) {
    struct batch *b = &s->batch;
    while (b->posts_left > 0) {
        const str text = b->page.posts[--b->posts_left];
        struct post *p = &ret->post;
        struct error err;
        if (!x_post_parse(a, text, s->opt.name, b->received_at, false, p, &err)) {
            connector_complain(&s->base, STR("x_search"), str_from_z(err.msg), text);
            continue;
        }
        if (x_recent_put(&s->recent, p->id)) continue;
        if (p->username.n == 0) p->username = x_account_name_of(s->opt.account, p->author_id);
        p->missed = p->created_at < b->missed_before;
        s->status.posts++;
        s->status.missed += p->missed;
        s->status.last_post_at = b->received_at;
        if (p->missed && s->has_gap) s->gap.posts++;
        ret->kind = INTAKE_POST;
        return true;
    }
    return false;
}

static bool take_gap(struct x_search *s, struct intake *ret) {
    if (s->told_count == 0) return false;
    ret->kind = INTAKE_GAP;
    ret->u.gap = s->told[0];
    for (int i = 1; i < s->told_count; i++) s->told[i - 1] = s->told[i];
    s->told_count--;
    return true;
}

static void put_state(struct x_search *s, usec now, struct arena *a, struct intake *ret) {
    struct buf out;
    buf_init_fixed(&out, s->state, sizeof s->state);
    x_search_state_put(&out, &s->gap, s->has_gap);
    for (int i = 0; i < s->query_count; i++) x_search_mark_put(&out, &s->queries[i].mark);
    POST(!buf_full(&out));
    ret->state = str_dup(a, buf_str(&out));
    s->put_at = now;
}

/* The state goes with the last item of a batch, or alone; of an empty page not every time. */
static bool end_batch(struct x_search *s, usec now, struct arena *a, bool any, struct intake *ret) {
    struct batch *b = &s->batch;
    if (b->posts_left > 0 || s->told_count > 0) return any;
    b->open = false;
    const bool quiet = !any && b->page.post_count == 0 && now < s->put_at + s->opt.interval / 2;
    if (quiet) return false;
    put_state(s, now, a, ret);
    return true; /* `any`, or INTAKE_NONE */
}

static bool take_item(struct connector *c, usec now, struct arena *a, struct intake *ret) {
    struct x_search *s = self(c);
    struct batch *b = &s->batch;
    if (b->has_usage) {
        int64_t *ids = NEW_ARRAY(a, int64_t, b->usage.billed > 0 ? b->usage.billed : 1);
        for (int64_t i = 0; i < b->usage.billed; i++) ids[i] = b->usage.ids[i];
        ret->kind = INTAKE_USAGE;
        ret->u.usage = b->usage;
        ret->u.usage.ids = ids;
        b->has_usage = false;
        return true;
    }
    bool any = b->open && take_post(s, a, ret);
    if (b->open && b->posts_left == 0) fill_gap(s);
    if (!any) any = take_gap(s, ret);
    if (b->open) any = end_batch(s, now, a, any, ret);
    if (!any && !b->open && s->put_at == 0) {
        put_state(s, now, a, ret);
        return true;
    }
    return any || x_account_chore_item(s->opt.account, now, a, ret);
}

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
                                         .answered = answered_search,
                                         .opened = no_stream,
                                         .line = no_line,
                                         .gone = not_gone,
                                         .item = take_item,
                                         .status = status_search,
                                         .close = close_search};
