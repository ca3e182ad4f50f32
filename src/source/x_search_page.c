/* x_search_page: answers of X's search, and what they leave to be passed on.
 *
 * In: one answer to the call under way. Out: its bill first, then its posts (a page's oldest
 * first), gaps, and behind all of them the state: the mark of its query as it is then. What is no
 * page is sorted by whom it holds up: the account, the line (patience), or this query alone.
 *
 * Failure: a page that cannot be read is told, counted as lost and asked for again; a post that
 * cannot be read is told and passed over. */
#include <stdio.h>

#include "source/x_search_int.h"

#define INDEXED USEC_PER_DAY    /* after that nothing at all turns up in the past */
#define AHEAD_MOST USEC_PER_DAY /* an id beyond is none of X's */

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
    x_search_stand(s, now, patience_is_open(&s->patience) ? SOURCE_BROKEN : state, until, why);
}

/* X refuses this query. What may be our way of asking is asked another way, once. */
static void refused(struct x_search *s, usec now, const struct http_answer *a,
                    const struct x_verdict *v) {
    struct x_search_query *q = s->call.query;
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
    x_search_stand(s, now, v->state, q->blocked_until, v->why);
}

static void no_page(struct x_search *s, usec now, const struct http_answer *a,
                    const struct x_verdict *v) {
    if (v->account || v->state == SOURCE_LIMITED) { /* the account says until when */
        s->status.failures++;
        x_search_stand(s, now, v->state, v->until > now ? v->until : now + X_RETRY_LONG, v->why);
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
        const struct x_search_query *q = &s->queries[i];
        if (q->blocked_until <= now) continue;
        x_search_stand(s, now, q->blocked.state, q->blocked_until, q->blocked.why);
        return;
    }
    x_search_stand(s, now, SOURCE_LIVE, 0, "");
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

static void keep_token(struct x_search_query *q, str token) {
    q->token[0] = '\0';
    if (token.n > 0 && token.n < X_SEARCH_TOKEN_BYTES) str_copyz(token, q->token, sizeof q->token);
}

/* Half of it after a hit, up to twice of it while nothing comes. */
static void adapt(const struct x_search *s, struct x_search_query *q, usec now, bool hit) {
    const usec next = hit ? q->interval / 2 : q->interval + q->interval / 4;
    q->interval = i64_max(i64_min(next, 2 * s->opt.interval), s->opt.floor);
    q->due_at = now + q->interval;
}

static void head_came(struct x_search *s, usec now, struct x_search_query *q) {
    const struct x_page *p = &s->batch.page;
    const int64_t above = i64_max(q->mark.since, q->newest), oldest = oldest_of(p);
    const usec lag = s->opt.lag > 0 ? s->opt.lag : X_LAG; /* X leaves out what is newer */
    if (now > x_search_late_at(s, q)) {
        q->seen_again_at = now;
        s->gap.until = now; /* there is one: it has been looked for */
    }
    s->batch.missed_before = q->seen_again_at;
    q->newest = i64_max(above, newest_of(p, now));
    /* posts are not indexed in their order: the mark waits until those before it must be */
    const int64_t settled = i64_min(q->newest, x_snowflake_at(now - lag));
    q->mark.since = i64_max(q->mark.since, settled);
    q->mark.polled_at = now;
    q->by_time = false;
    q->pages_left = s->narrow ? 0 : s->opt.pages_max - 1;
    q->token[0] = '\0';
    q->busy = p->next_token.n > 0 || p->post_count > COST_PAGE;
    if (p->next_token.n > 0) {
        x_mark_add_range(&q->mark, above, oldest > 0 ? oldest : x_snowflake_at(now));
        if (oldest == 0) keep_token(q, p->next_token);
    } else { /* so that the mark of a quiet author does not grow too old to ask with */
        q->mark.since = i64_max(q->mark.since, x_snowflake_at(now - INDEXED));
    }
    adapt(s, q, now, fresh_of(s) > 0);
}

static void range_came(struct x_search *s, struct x_search_query *q) {
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
    struct x_search_query *q = s->call.query;
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
    x_search_look(s, now);
}

void x_search_answered(struct connector *c, usec now, const struct http_answer *a) {
    struct x_search *s = x_search_of(c);
    struct x_verdict v;
    struct error err = {0};
    PRE(s->call.kind != CALL_NONE);
    if (s->call.kind == CALL_CHORE) {
        s->call.kind = CALL_NONE;
        x_account_chore_done(s->opt.account, now, a);
        return;
    }
    s->status.calls++;
    x_search_look(s, now);
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
    struct x_search_batch *b = &s->batch;
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

/* The state comes behind a batch, of an empty page not every time. It never goes with a post: one
 * that names no coin may be dropped behind us (keep: linked), and its state with it. */
static bool end_batch(struct x_search *s, usec now, struct arena *a, struct intake *ret) {
    struct x_search_batch *b = &s->batch;
    b->open = false;
    if (b->page.post_count == 0 && now < s->put_at + s->opt.interval / 2) return false;
    put_state(s, now, a, ret);
    return true; /* INTAKE_NONE */
}

bool x_search_item(struct connector *c, usec now, struct arena *a, struct intake *ret) {
    struct x_search *s = x_search_of(c);
    struct x_search_batch *b = &s->batch;
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
    if (b->open && b->posts_left == 0) x_search_fill_gap(s);
    if (!any) any = take_gap(s, ret);
    if (!any && b->open) any = end_batch(s, now, a, ret);
    if (!any && !b->open && s->put_at == 0) {
        put_state(s, now, a, ret);
        return true;
    }
    return any || x_account_chore_item(s->opt.account, now, a, ret);
}
