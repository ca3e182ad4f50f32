/* x_face_search: recent search, timelines, posts and users by id or name; and the app's token.
 *
 * In: a request whose token, window and money are fine. Out: a page, newest first, each resource on
 * it billed. A page's token is the place of its last post in the row, so that later pages stay what
 * they were while new posts come. Search finds a post `index_lag` after it was published, and
 * without since_id or end_time leaves the newest 30 seconds out, as X does. Old versions and what
 * was deleted are not found; both are still known by id, a deleted post as missing. */
#include "sim/x_face_int.h"

#include "sim/sim_int.h"

#define NEWEST_LEFT_OUT (30 * USEC_PER_S)
#define END_BEFORE_NOW (10 * USEC_PER_S)
#define TIMELINE_POSTS 3200
#define LOOKUP_MAX 100
#define TOKEN_MIX UINT64_C(0x5A17C0DE0B5E55ED)

struct page {
    struct x_fields fields;
    const struct x_query *query; /* search; else */
    int64_t author;              /* timeline */
    bool no_retweets, no_replies;
    int64_t since_id, until_id;
    usec from, until; /* from <= at < until */
    int64_t most;
    int64_t seq; /* the newest item that may be on it */
    const struct x_item *items[LOOKUP_MAX];
    int count;
    bool more;
};

/* --- what is asked for -------------------------------------------------------------------------
 */

static bool read_id(struct x_call *c, const char *name, int64_t *ret) {
    str text;
    if (!x_param(c, name, &text)) return true;
    if (text.n >= 1 && text.n <= 19 && text.p[0] != '-' && text.p[0] != '+' &&
        str_to_i64(text, ret))
        return true;
    return x_bad_param(c, name, text,
                       "The `%s` query parameter value [" STR_FMT "] does not match ^[0-9]{1,19}$",
                       name, STR_ARG(str_head(text, 60)));
}

static bool is_hex(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f'))) return false;
    return s.n > 0;
}

/* "b26v" and sixteen digits. */
static void put_token(struct buf *out, int64_t seq) {
    buf_printf(out, "\"b26v%016llx\"", (unsigned long long)((uint64_t)seq ^ TOKEN_MIX));
}

static bool read_token(struct x_call *c, const char *name, int64_t *ret_seq) {
    str text;
    if (!x_param(c, name, &text)) return true;
    uint64_t v = 0;
    const str digits = str_tail(text, 4);
    if (str_starts(text, STR("b26v")) && digits.n == 16 && is_hex(digits)) {
        for (ptrdiff_t i = 0; i < digits.n; i++)
            v = v * 16 +
                (uint64_t)(digits.p[i] <= '9' ? digits.p[i] - '0' : digits.p[i] - 'a' + 10);
        v ^= TOKEN_MIX;
        if (v <= (uint64_t)c->x->end) {
            *ret_seq = (int64_t)v - 1;
            return true;
        }
    }
    return x_bad_param(c, name, text, "The `%s` query parameter value is no token of a page", name);
}

static bool read_window(struct x_call *c, struct page *p, usec oldest) {
    usec start = 0, end = 0;
    if (!read_id(c, "since_id", &p->since_id) || !read_id(c, "until_id", &p->until_id) ||
        !x_param_time(c, "start_time", &start) || !x_param_time(c, "end_time", &end) ||
        !read_token(c, "next_token", &p->seq) || !read_token(c, "pagination_token", &p->seq))
        return false;
    p->from = start > 0 ? start : oldest;
    p->until = end > 0 ? end : p->until;
    char block[TIME_TEXT_BYTES];
    if (start > 0 && start < oldest) {
        const str t = time_format_rfc3339(start, block);
        return x_bad_param(c, "start_time", t,
                           "Invalid 'start_time':'" STR_FMT
                           "'. 'start_time' must be within the last 7 days",
                           STR_ARG(t));
    }
    if (end > 0 && end > c->x->now - END_BEFORE_NOW) {
        const str t = time_format_rfc3339(end, block);
        return x_bad_param(c, "end_time", t,
                           "Invalid 'end_time':'" STR_FMT
                           "'. 'end_time' must be a minimum of 10 seconds prior to the request "
                           "time",
                           STR_ARG(t));
    }
    if (end > 0 && start > 0 && start >= end)
        return x_bad_param(c, "end_time", time_format_rfc3339(end, block),
                           "Invalid 'end_time': it must be after 'start_time'");
    return true;
}

/* --- the page ----------------------------------------------------------------------------------
 */

static bool is_on(const struct x_face *x, const struct page *p, const struct x_item *i) {
    if (i->kind == SIM_POST_DELETION || i->old || i->gone || i->native.n > 0) return false;
    if (i->at < p->from || i->at >= p->until || i->id <= p->since_id) return false;
    if (p->until_id > 0 && i->id >= p->until_id) return false;
    if (p->query) return i->at + x->opt.index_lag <= x->now && x_query_matches(x, p->query, i);
    return i->author_id == p->author && !(p->no_retweets && i->ref == POST_REF_RETWEET) &&
           !(p->no_replies && i->ref == POST_REF_REPLY);
}

static void fill(const struct x_face *x, struct page *p) {
    int64_t seen = 0;
    for (int64_t seq = i64_min(p->seq, x->end - 1); seq >= x->first; seq--) {
        const struct x_item *i = x_item_at(x, seq);
        /* an hour: what the timeline gave late stands behind its time */
        if (i->at < p->from - USEC_PER_HOUR) break;
        if (x->ordered && i->kind != SIM_POST_DELETION && i->id <= p->since_id) break;
        if (!p->query && i->author_id == p->author && ++seen > TIMELINE_POSTS) break;
        if (!is_on(x, p, i)) continue;
        if (p->count == p->most) {
            p->more = true;
            return;
        }
        p->items[p->count++] = i;
    }
}

static void put_meta(struct x_call *c, const struct page *p) {
    int64_t newest = 0, oldest = INT64_MAX;
    for (int i = 0; i < p->count; i++) {
        newest = i64_max(newest, p->items[i]->id);
        oldest = i64_min(oldest, p->items[i]->id);
    }
    sim_put_key(c->out, "meta");
    buf_put(c->out, STR("{"));
    if (p->count > 0) {
        sim_put_key(c->out, "newest_id");
        x_put_id(c->out, newest);
        sim_put_key(c->out, "oldest_id");
        x_put_id(c->out, oldest);
    }
    sim_put_int(c->out, "result_count", p->count);
    if (p->more) {
        sim_put_key(c->out, "next_token");
        put_token(c->out, p->items[p->count - 1]->seq);
    }
    buf_put(c->out, STR("}"));
}

/* X_PARTIAL: something that the data refers to could not be had. */
static void put_partial(struct x_call *c) {
    if (c->fault.kind != FAULT_X_PARTIAL) return;
    sim_put_key(c->out, "errors");
    buf_put(c->out, STR("["));
    x_put_missing(c->out, "tweet", "referenced_tweets.id", STR("1"));
    buf_put(c->out, STR("]"));
}

static void put_posts(struct x_call *c, const struct x_item *const *items, int count,
                      const struct x_fields *f) {
    sim_put_key(c->out, "data");
    buf_put(c->out, STR("["));
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_put(c->out, STR(","));
        x_put_post(c->x, c->out, items[i], f);
        x_bill_one(c->x, RESOURCE_POST, items[i]->id);
    }
    buf_put(c->out, STR("]"));
}

static void put_page(struct x_call *c, struct page *p) {
    fill(c->x, p);
    buf_put(c->out, STR("{"));
    if (p->count > 0) put_posts(c, p->items, p->count, &p->fields);
    x_put_includes(c->x, c->out, p->items, p->count, &p->fields);
    put_partial(c);
    put_meta(c, p);
    buf_put(c->out, STR("}"));
}

static bool read_query(struct x_call *c, struct page *p) {
    str text;
    struct x_query *q;
    struct error err;
    if (!x_param(c, "query", &text) || str_trim(text).n == 0)
        return x_bad_param(c, "query", STR(""), "The `query` query parameter can not be empty");
    if (x_char_count(text) > X_QUERY_CHARS)
        return x_bad_param(c, "query", text,
                           "Rule length exceeded: the query has %d characters, and %d are allowed",
                           (int)x_char_count(text), X_QUERY_CHARS);
    if (!x_query_parse(&c->x->scratch, text, false, &q, &err))
        return x_bad_param(c, "query", text, "%s", err.msg);
    p->query = q;
    return true;
}

/* A since_id must be younger than what search has. */
static bool since_fits(struct x_call *c, const struct page *p, usec oldest) {
    usec at;
    str text;
    if (!x_param(c, "since_id", &text)) return true;
    if (time_from_snowflake(p->since_id, &at) && at >= oldest) return true;
    return x_bad_param(c, "since_id", text,
                       "'since_id' must be a tweet id created after 7 days ago. Please use a "
                       "'since_id' that is larger than %lld",
                       (long long)x_snowflake(oldest));
}

void x_do_search(struct x_call *c) {
    const usec oldest = c->x->now - X_SEARCH_DAYS * USEC_PER_DAY;
    struct page p = {.most = 10, .seq = INT64_MAX, .until = USEC_NEVER};
    str order;
    if (!x_fields_read(c, &p.fields) || !read_query(c, &p) ||
        !x_param_i64(c, "max_results", 10, 100, &p.most))
        return;
    str given;
    const bool polls = x_param(c, "since_id", &given);
    if (!polls) p.until = c->x->now - NEWEST_LEFT_OUT;
    if (!read_window(c, &p, oldest) || !since_fits(c, &p, oldest)) return;
    if (x_param(c, "sort_order", &order) && !str_eq(order, STR("recency")) &&
        !str_eq(order, STR("relevancy"))) {
        IGNORE(x_bad_param(c, "sort_order", order,
                           "The `sort_order` query parameter is recency or "
                           "relevancy"),
               "that is the answer");
        return;
    }
    if (x_params_done(c)) put_page(c, &p);
}

static bool read_exclude(struct x_call *c, struct page *p) {
    str list, one;
    if (!x_param(c, "exclude", &list)) return true;
    while (str_cut(&list, ',', &one)) {
        if (str_eq(one, STR("retweets")))
            p->no_retweets = true;
        else if (str_eq(one, STR("replies")))
            p->no_replies = true;
        else
            return x_bad_param(c, "exclude", one,
                               "The `exclude` query parameter is retweets, replies");
    }
    return true;
}

/* 200 with nothing but what was not found. */
static void only_missing(struct x_call *c, const char *kind, const char *parameter, str value) {
    buf_put(c->out, STR("{\"errors\":["));
    x_put_missing(c->out, kind, parameter, value);
    buf_put(c->out, STR("]}"));
}

void x_do_timeline(struct x_call *c) {
    struct page p = {.most = 10, .seq = INT64_MAX, .until = USEC_NEVER};
    if (!x_fields_read(c, &p.fields) || !x_param_i64(c, "max_results", 5, 100, &p.most) ||
        !read_window(c, &p, 0) || !read_exclude(c, &p) || !x_params_done(c))
        return;
    if (!str_to_i64(c->part[2], &p.author) || p.author <= 0)
        IGNORE(x_bad_param(c, "id", c->part[2], "The `id` query parameter value is not an id"),
               "that is the answer");
    else if (!x_user_find(c->x, p.author))
        only_missing(c, "user", "id", c->part[2]);
    else
        put_page(c, &p);
}

/* --- by id, by name ----------------------------------------------------------------------------
 */

struct lookup {
    str wanted[LOOKUP_MAX];
    int count;
};

static bool name_fits(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '_'))
            return false;
    return s.n >= 1 && s.n <= 15;
}

static bool id_fits(str s) {
    int64_t id;
    return s.n >= 1 && s.n <= 19 && str_to_i64(s, &id) && id >= 0 && s.p[0] != '+';
}

static bool take_wanted(struct x_call *c, const char *name, bool ids, str list,
                        struct lookup *ret) {
    str one;
    while (str_cut(&list, ',', &one)) {
        if (!(ids ? id_fits(one) : name_fits(one)))
            return x_bad_param(
                c, name, one, "The `%s` query parameter value [" STR_FMT "] does not match %s",
                name, STR_ARG(str_head(one, 60)), ids ? "^[0-9]{1,19}$" : "^[A-Za-z0-9_]{1,15}$");
        if (ret->count == LOOKUP_MAX)
            return x_bad_param(c, name, one,
                               "The number of values in the `%s` query parameter list is not "
                               "between 1 and %d",
                               name, LOOKUP_MAX);
        ret->wanted[ret->count++] = one;
    }
    return true;
}

static bool read_wanted(struct x_call *c, const char *name, bool ids, struct lookup *ret) {
    str list;
    if (!x_param(c, name, &list) || list.n == 0)
        return x_bad_param(c, name, STR(""), "The `%s` query parameter can not be empty", name);
    return take_wanted(c, name, ids, list, ret);
}

static const struct x_item *post_of(const struct x_face *x, str id_text) {
    int64_t id;
    const struct x_item *i = str_to_i64(id_text, &id) ? x_item_find(x, id) : NULL;
    return i && !i->gone && i->native.n == 0 ? i : NULL;
}

/* "errors":[...] of all that are not there, at the end of the answer. */
static void put_all_missing(struct x_call *c, const struct lookup *l, const bool *there,
                            const char *kind, const char *parameter) {
    bool any = false;
    for (int i = 0; i < l->count; i++) {
        if (there[i]) continue;
        if (!any) {
            sim_put_key(c->out, "errors");
            buf_put(c->out, STR("["));
        } else {
            buf_put(c->out, STR(","));
        }
        any = true;
        x_put_missing(c->out, kind, parameter, l->wanted[i]);
    }
    if (any)
        buf_put(c->out, STR("]"));
    else
        put_partial(c);
}

static void answer_tweets(struct x_call *c, const struct lookup *l, bool single,
                          const struct x_fields *f) {
    const struct x_item *found[LOOKUP_MAX];
    bool there[LOOKUP_MAX] = {false};
    int count = 0;
    for (int i = 0; i < l->count; i++) {
        const struct x_item *item = post_of(c->x, l->wanted[i]);
        there[i] = item != NULL;
        if (item) found[count++] = item;
    }
    buf_put(c->out, STR("{"));
    if (count > 0 && single) {
        sim_put_key(c->out, "data");
        x_put_post(c->x, c->out, found[0], f);
        x_bill_one(c->x, RESOURCE_POST, found[0]->id);
    } else if (count > 0) {
        put_posts(c, found, count, f);
    }
    x_put_includes(c->x, c->out, found, count, f);
    put_all_missing(c, l, there, "tweet", single ? "id" : "ids");
    buf_put(c->out, STR("}"));
}

void x_do_tweets(struct x_call *c) {
    struct x_fields f;
    struct lookup l = {0};
    if (x_fields_read(c, &f) && read_wanted(c, "ids", true, &l) && x_params_done(c))
        answer_tweets(c, &l, false, &f);
}

void x_do_tweet(struct x_call *c) {
    struct x_fields f;
    struct lookup l = {0};
    if (x_fields_read(c, &f) && take_wanted(c, "id", true, c->part[2], &l) && x_params_done(c))
        answer_tweets(c, &l, true, &f);
}

static void put_user_billed(struct x_call *c, const struct x_user *u, const struct x_fields *f) {
    x_put_user(c->x, c->out, u, f);
    x_bill_one(c->x, RESOURCE_USER, u->id);
}

static const struct x_user *user_of(const struct x_face *x, str wanted, bool by_id) {
    int64_t id;
    if (!by_id) return x_user_named(x, wanted);
    return str_to_i64(wanted, &id) ? x_user_find(x, id) : NULL;
}

static void answer_users(struct x_call *c, const struct lookup *l, bool by_id, bool single,
                         const struct x_fields *f) {
    bool there[LOOKUP_MAX] = {false}, any = false;
    buf_put(c->out, STR("{"));
    for (int i = 0; i < l->count; i++) {
        const struct x_user *u = user_of(c->x, l->wanted[i], by_id);
        there[i] = u != NULL;
        if (!u) continue;
        if (!any) sim_put_key(c->out, "data");
        if (!single) buf_put(c->out, any ? STR(",") : STR("["));
        any = true;
        put_user_billed(c, u, f);
    }
    if (any && !single) buf_put(c->out, STR("]"));
    put_all_missing(c, l, there, "user",
                    by_id ? (single ? "id" : "ids") : (single ? "username" : "usernames"));
    buf_put(c->out, STR("}"));
}

void x_do_users_by(struct x_call *c) {
    struct x_fields f;
    struct lookup l = {0};
    if (x_fields_read(c, &f) && read_wanted(c, "usernames", false, &l) && x_params_done(c))
        answer_users(c, &l, false, false, &f);
}

void x_do_user_by(struct x_call *c) {
    struct x_fields f;
    struct lookup l = {0};
    if (x_fields_read(c, &f) && take_wanted(c, "username", false, c->part[4], &l) &&
        x_params_done(c))
        answer_users(c, &l, false, true, &f);
}

void x_do_users(struct x_call *c) {
    struct x_fields f;
    struct lookup l = {0};
    if (x_fields_read(c, &f) && read_wanted(c, "ids", true, &l) && x_params_done(c))
        answer_users(c, &l, true, false, &f);
}

void x_do_user(struct x_call *c) {
    struct x_fields f;
    struct lookup l = {0};
    if (x_fields_read(c, &f) && take_wanted(c, "id", true, c->part[2], &l) && x_params_done(c))
        answer_users(c, &l, true, true, &f);
}

/* --- the app's token ---------------------------------------------------------------------------
 */

void x_do_token(struct x_call *c) {
    const str scheme = STR("Basic ");
    const str given = c->rq->authorization;
    str grant;
    if (!str_eq_nocase(str_head(given, scheme.n), scheme) || given.n == scheme.n) {
        c->ret->status = 403;
        buf_put(c->out, STR("{\"errors\":[{\"code\":99,\"message\":\"Unable to verify your "
                            "credentials\",\"label\":\"authenticity_token_error\"}]}"));
        return;
    }
    if (!x_param(c, "grant_type", &grant) || !str_eq(grant, STR("client_credentials"))) {
        c->ret->status = 400;
        buf_put(c->out,
                STR("{\"error\":\"invalid_request\",\"error_description\":\"Missing required "
                    "parameter [grant_type].\"}"));
        return;
    }
    buf_put(c->out, STR("{\"token_type\":\"bearer\",\"access_token\":"));
    buf_put_json_str(c->out, c->x->opt.token.n > 0 ? c->x->opt.token : STR("AAAAsim"));
    buf_put(c->out, STR("}"));
}
