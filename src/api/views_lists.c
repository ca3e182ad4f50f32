/* Lists and single things of the API: posts, signals, trades, positions, and what operates them.
 *
 * In: a query. Out: pages as the store writes them (store/views.h). A view reads in one
 * transaction, so that its parts agree with each other. Failure: a store that cannot be read is a
 * problem (503, or 500); what is asked for wrongly is 400, what is not there 404. */
#include "api/core.h"
#include "api/params.h"
#include "api/put.h"
#include "api/words.h"
#include "flow/terms.h"
#include "store/people.h"
#include "store/views.h"
#include "store/workers.h"

#define LIMIT_USUAL 50
#define NAME_BYTES 128

/* --- around the store's views ------------------------------------------------------------- */

/* A connection with a transaction around what it reads; NULL: `a` is the problem. */
static struct store *look(struct api_core *c, struct api_answer *a) {
    struct error err;
    struct store *const s = api_store_take(c);
    if (store_begin(s, false, &err)) return s;
    api_store_give(c, s);
    api_problem_store(a, &err);
    return NULL;
}

static void looked(struct api_core *c, struct store *s, bool ok, const struct error *why,
                   struct api_answer *a) {
    struct error err;
    if (!ok)
        store_rollback(s);
    else if (!store_commit(s, &err))
        store_rollback(s);
    api_store_give(c, s);
    if (!ok) api_problem_store(a, why);
}

static void put_next(struct buf *b, bool more, usec at, int64_t id) {
    if (!more) {
        buf_put(b, STR(",\"next\":null}\n"));
        return;
    }
    buf_put(b, STR(",\"next\":\""));
    cursor_put(b, at, id);
    buf_put(b, STR("\"}\n"));
}

static void put_list(struct api_core *c, view_list list, const char *member,
                     const struct view_ask *ask, struct api_answer *a) {
    struct error err;
    struct view_page page = {0};
    struct store *const s = look(c, a);
    if (s == NULL) return;
    buf_printf(&a->body, "{\"%s\":", member);
    const bool ok = store_view_list(s, list, ask, &a->body, &page, &err);
    looked(c, s, ok, &err, a);
    if (ok) put_next(&a->body, page.more, page.next.at, page.next.id);
}

/* limit and before, and everything of what a list can be asked for. */
static struct view_ask ask_of(struct params *p) {
    struct view_ask ask = {.min_score = -1, .missed = -1};
    ask.limit = (int)params_int(p, "limit", 1, VIEW_LIMIT_MAX, LIMIT_USUAL);
    ask.has_before = params_cursor(p, "before", &ask.before.at, &ask.before.id);
    return ask;
}

/* --- posts -------------------------------------------------------------------------------- */

void api_get_tweets(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    struct view_ask ask = ask_of(&p);
    ask.symbol = params_symbol(&p, "symbol");
    ask.author = params_text(&p, "author", NAME_BYTES);
    if (str_starts(ask.author, STR("@"))) ask.author = str_tail(ask.author, 1);
    ask.source = params_text(&p, "source", NAME_BYTES);
    ask.label = params_word(&p, "label", "negative neutral positive");
    ask.outcome = params_reason(&p, "outcome");
    ask.min_score = (int)params_int(&p, "min_score", 0, 100, -1);
    ask.missed = params_bool(&p, "missed");
    ask.q = params_text(&p, "q", 200);
    if (params_ok(&p)) put_list(c, VIEW_TWEETS, "tweets", &ask, ret);
}

static void put_missing(struct api_answer *a, const char *what, int64_t id) {
    api_problem(a, 404, "NOT_FOUND", "id: there is no %s %lld.", what, (long long)id);
}

typedef bool view_one(struct store *s, int64_t id, struct buf *out, bool *ret_found,
                      struct error *err);

static void put_one(struct api_core *c, const struct api_request *rq, view_one *view,
                    const char *what, struct api_answer *a) {
    struct error err;
    struct params p = params_of(rq, a);
    bool found = false;
    const int64_t id = params_id(&p, "id");
    struct store *const s = params_ok(&p) ? look(c, a) : NULL;
    if (s == NULL) return;
    const bool ok = view(s, id, &a->body, &found, &err);
    looked(c, s, ok, &err, a);
    if (ok && !found)
        put_missing(a, what, id);
    else if (ok)
        buf_put_byte(&a->body, '\n');
}

void api_get_tweet(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct params p = params_of(rq, ret);
    struct view_said said = {0};
    bool found = false;
    const int64_t id = params_id(&p, "id");
    struct store *const s = params_ok(&p) ? look(c, ret) : NULL;
    if (s == NULL) return;
    buf_put_byte(&ret->body, '{');
    const bool ok = store_view_tweet(s, id, &ret->body, &found, &err) &&
                    (!found || store_view_said(s, rq->a, id, &said, &found, &err));
    looked(c, s, ok, &err, ret);
    if (!ok) return;
    if (!found) {
        put_missing(ret, "post", id);
        return;
    }
    buf_put(&ret->body, STR(",\"weighed\":"));
    words_put(api_core_options(c)->reader, *rq->a, &said, &ret->body);
    buf_put(&ret->body, STR("}\n"));
}

static usec author_rest(const struct api_request *rq) {
    return rq->cfg->trading_cooldown_author_s * USEC_PER_S;
}

void api_get_authors(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct params p = params_of(rq, ret);
    struct view_author_place before = {0}, next = {0};
    struct view_author_ask ask = {.rest = author_rest(rq)};
    bool more = false;
    str key = {0};
    ask.limit = (int)params_int(&p, "limit", 1, VIEW_LIMIT_MAX, LIMIT_USUAL);
    if (params_cursor_text(&p, "before", &before.signals, &before.posts, &key))
        ask.before = &before;
    ask.q = params_text(&p, "q", NAME_BYTES);
    if (str_starts(ask.q, STR("@"))) ask.q = str_tail(ask.q, 1);
    IGNORE(!str_copyz(key, before.key, sizeof before.key), "a longer one is none of ours");
    struct store *const s = params_ok(&p) ? look(c, ret) : NULL;
    if (s == NULL) return;
    buf_put(&ret->body, STR("{\"authors\":"));
    const bool ok = store_view_authors(s, &ask, &ret->body, &more, &next, &err);
    looked(c, s, ok, &err, ret);
    if (!ok) return;
    buf_put(&ret->body, more ? STR(",\"next\":\"") : STR(",\"next\":null"));
    if (more) cursor_put_text(&ret->body, next.signals, next.posts, str_from_z(next.key));
    buf_put(&ret->body, more ? STR("\"}\n") : STR("}\n"));
}

/* What the configuration says of him. */
static void put_terms(struct buf *b, const struct config *cfg, const struct author_use *who) {
    const struct author_terms t =
        author_terms_of_key(cfg, str_from_z(who->key), str_from_z(who->username));
    buf_printf(b, ",\"terms\":{\"listed\":%s,\"muted\":%s,\"stranger\":%s",
               t.listed ? "true" : "false", t.muted ? "true" : "false",
               t.stranger ? "true" : "false");
    api_put_share(b, "weight", t.weight_bp);
    buf_put(b, STR("}}\n"));
}

void api_get_author(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct params p = params_of(rq, ret);
    struct author_use who;
    bool found = false;
    str id = params_text(&p, "id", AUTHOR_BYTES - 1);
    if (params_ok(&p) && id.n == 0)
        api_problem_field(ret, 400, "QUERY", "id", "id: which author? source:id, or a name.");
    if (str_starts(id, STR("@"))) id = str_tail(id, 1);
    struct store *const s = params_ok(&p) && id.n > 0 ? look(c, ret) : NULL;
    if (s == NULL) return;
    buf_put_byte(&ret->body, '{');
    const bool ok = store_author_find(s, id, &who, &found, &err) &&
                    (!found || store_view_author(s, str_from_z(who.key), author_rest(rq),
                                                 &ret->body, &found, &err));
    looked(c, s, ok, &err, ret);
    if (!ok) return;
    if (found)
        put_terms(&ret->body, rq->cfg, &who);
    else
        api_problem(ret, 404, "NOT_FOUND", "id: no post of " STR_FMT " was judged yet.",
                    STR_ARG(id));
}

/* --- signals and trades ------------------------------------------------------------------- */

void api_get_signals(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    struct view_ask ask = ask_of(&p);
    ask.symbol = params_symbol(&p, "symbol");
    ask.side = params_word(&p, "side", "LONG SHORT NONE");
    ask.verdict = params_word(&p, "verdict", "waiting traded refused");
    ask.reason = params_reason(&p, "reason");
    ask.min_score = (int)params_int(&p, "min_score", 0, 100, -1);
    if (params_ok(&p)) put_list(c, VIEW_SIGNALS, "signals", &ask, ret);
}

void api_get_trades(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    struct view_ask ask = ask_of(&p);
    ask.symbol = params_symbol(&p, "symbol");
    ask.status = params_word(&p, "status", "OPEN CLOSED CANCELLED");
    ask.side = params_word(&p, "side", "LONG SHORT");
    if (params_ok(&p)) put_list(c, VIEW_TRADES, "trades", &ask, ret);
}

void api_get_trade(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    put_one(c, rq, store_view_trade, "trade", ret);
}

typedef bool view_table(struct store *s, struct buf *out, struct error *err);

static void put_table(struct api_core *c, view_table *view, const char *member,
                      struct api_answer *a) {
    struct error err;
    struct store *const s = look(c, a);
    if (s == NULL) return;
    buf_printf(&a->body, "{\"%s\":", member);
    const bool ok = view(s, &a->body, &err);
    looked(c, s, ok, &err, a);
    if (ok) buf_put(&a->body, STR("}\n"));
}

void api_get_positions(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    (void)rq;
    put_table(c, store_view_positions, "positions", ret);
}

void api_get_approvals(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    (void)rq;
    put_table(c, store_view_approvals, "approvals", ret);
}

/* --- operation ---------------------------------------------------------------------------- */

void api_get_workers(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct store *const s = look(c, ret);
    if (s == NULL) return;
    buf_put(&ret->body, STR("{\"workers\":"));
    const bool ok = store_view_workers(s, rq->now, &ret->body, &err);
    looked(c, s, ok, &err, ret);
    if (ok) buf_put(&ret->body, STR("}\n"));
}

void api_get_gaps(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    const struct view_ask ask = ask_of(&p);
    if (params_ok(&p)) put_list(c, VIEW_GAPS, "gaps", &ask, ret);
}

void api_get_audit(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    struct view_ask ask = ask_of(&p);
    ask.actor = params_text(&p, "actor", NAME_BYTES);
    ask.entity = params_text(&p, "entity", NAME_BYTES);
    if (params_ok(&p)) put_list(c, VIEW_AUDIT, "audit", &ask, ret);
}

/* A broken chain is an answer, a store that cannot be read is none. */
void api_get_audit_verify(struct api_core *c, const struct api_request *rq,
                          struct api_answer *ret) {
    struct error err = {0};
    struct audit_anchor anchor = {0};
    int64_t rows = 0, id = 0;
    bool found;
    struct buf *const b = &ret->body;
    (void)rq;
    struct store *const s = look(c, ret);
    if (s == NULL) return;
    const bool whole = store_audit_verify(s, &rows, &id, &err);
    const bool told =
        (whole || id != 0) && (!whole || store_audit_anchor(s, &anchor, &found, &err));
    looked(c, s, told, &err, ret);
    if (!told) return;
    buf_printf(b, "{\"valid\":%s,\"rows\":%lld,\"pruned\":%lld,\"first_bad_id\":",
               whole ? "true" : "false", (long long)rows, (long long)anchor.rows);
    if (whole) {
        buf_put(b, STR("null,\"detail\":null}\n"));
        return;
    }
    buf_printf(b, "\"%lld\",\"detail\":", (long long)id);
    buf_put_json_str(b, str_from_z(err.msg));
    buf_put(b, STR("}\n"));
}

void api_get_dead_letters(struct api_core *c, const struct api_request *rq,
                          struct api_answer *ret) {
    struct params p = params_of(rq, ret);
    struct view_ask ask = ask_of(&p);
    ask.status = params_word(&p, "status", "dead retried dropped");
    ask.kind = params_text(&p, "kind", NAME_BYTES);
    ask.source = params_text(&p, "source", NAME_BYTES);
    if (params_ok(&p)) put_list(c, VIEW_DEAD_LETTERS, "dead_letters", &ask, ret);
}
