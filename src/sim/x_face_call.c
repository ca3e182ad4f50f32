/* x_face_call: one request to X: whose it is, whether it may, what goes wrong with it.
 *
 * In: a request as it stood on the wire. Out: an answer in X's form. In this order: the path, the
 * fault that befalls it, the token, its window of 15 minutes, the money; then the endpoint. Faults
 * that the exchange knows mean here what they mean there, as far as X has such a thing; those of
 * its engine alone do nothing. A fault that is "executed" bills. Nothing is kept of a request. */
#include "sim/x_face_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/url.h"
#include "sim/sim_int.h"

#define DETAIL_BYTES 512

/* --- refusals ----------------------------------------------------------------------------------
 */

static void put_type(struct buf *out, const char *type) {
    sim_put_key(out, "type");
    if (strcmp(type, "about:blank") == 0)
        buf_put(out, STR("\"about:blank\""));
    else
        buf_printf(out, "\"https://api.twitter.com/2/problems/%s\"", type);
}

bool x_refuse(struct x_call *c, int status, const char *type, const char *title, const char *fmt,
              ...) {
    char detail[DETAIL_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    c->ret->status = status;
    buf_clear(c->out);
    buf_put(c->out, STR("{"));
    sim_put_text(c->out, "title", title);
    sim_put_key(c->out, "detail");
    buf_put_json_str(c->out, str_from_z(detail));
    put_type(c->out, type);
    sim_put_int(c->out, "status", status);
    buf_put(c->out, STR("}"));
    return false;
}

bool x_bad_param(struct x_call *c, const char *name, str value, const char *fmt, ...) {
    char text[DETAIL_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->ret->status = 400;
    buf_clear(c->out);
    buf_put(c->out, STR("{\"errors\":[{\"parameters\":{"));
    buf_put_json_str(c->out, str_from_z(name));
    buf_put(c->out, STR(":["));
    buf_put_json_str(c->out, value);
    buf_put(c->out, STR("]},\"message\":"));
    buf_put_json_str(c->out, str_from_z(text));
    buf_put(c->out,
            STR("}],\"title\":\"Invalid Request\",\"detail\":\"One or more parameters to your "
                "request was invalid.\""));
    put_type(c->out, "invalid-request");
    buf_put(c->out, STR("}"));
    return false;
}

void x_put_missing(struct buf *out, const char *kind, const char *parameter, str value) {
    char detail[DETAIL_BYTES];
    snprintf(detail, sizeof detail, "Could not find %s with %s: [" STR_FMT "].", kind, parameter,
             STR_ARG(str_head(value, 100)));
    buf_put(out, STR("{"));
    sim_put_key(out, "value");
    buf_put_json_str(out, value);
    sim_put_key(out, "detail");
    buf_put_json_str(out, str_from_z(detail));
    sim_put_text(out, "title", "Not Found Error");
    sim_put_text(out, "resource_type", kind);
    sim_put_text(out, "parameter", parameter);
    sim_put_key(out, "resource_id");
    buf_put_json_str(out, value);
    put_type(out, "resource-not-found");
    buf_put(out, STR("}"));
}

/* --- parameters --------------------------------------------------------------------------------
 */

/* '+' is a blank. False: it is no text, or no encoded one. */
static bool decode(struct arena *a, str raw, str *ret) {
    return url_decode(raw, true, NEW_ARRAY(a, char, raw.n + 1), raw.n, ret) && str_utf8_valid(*ret);
}

static bool read_params(struct x_call *c, str list) {
    str pair;
    while (list.n > 0 && str_cut(&list, '&', &pair)) {
        str name, value;
        const ptrdiff_t eq = str_find_byte(pair, '=');
        if (pair.n == 0) continue;
        if (c->param_count == X_PARAMS_MAX ||
            !decode(&c->x->scratch, eq < 0 ? pair : str_head(pair, eq), &name) ||
            !decode(&c->x->scratch, eq < 0 ? STR("") : str_tail(pair, eq + 1), &value))
            return x_refuse(c, 400, "invalid-request", "Invalid Request",
                            "One or more parameters to your request was invalid.");
        c->params[c->param_count].name = name;
        c->params[c->param_count++].value = value;
    }
    return true;
}

bool x_param(struct x_call *c, const char *name, str *ret) {
    for (int i = 0; i < c->param_count; i++) {
        if (!str_eq(c->params[i].name, str_from_z(name))) continue;
        c->params[i].read = true;
        *ret = c->params[i].value;
        return true;
    }
    return false;
}

bool x_params_done(struct x_call *c) {
    for (int i = 0; i < c->param_count; i++) {
        if (c->params[i].read) continue;
        char name[64];
        IGNORE(!str_copyz(c->params[i].name, name, sizeof name), "a long one is cut");
        return x_bad_param(c, name, c->params[i].value,
                           "The query parameter [%s] is not one of those of this endpoint", name);
    }
    return true;
}

bool x_param_i64(struct x_call *c, const char *name, int64_t lo, int64_t hi, int64_t *ret) {
    str text;
    int64_t v;
    if (!x_param(c, name, &text)) return true;
    if (!str_to_i64(text, &v))
        return x_bad_param(c, name, text,
                           "The `%s` query parameter value [" STR_FMT "] is not a number", name,
                           STR_ARG(str_head(text, 60)));
    if (v < lo || v > hi)
        return x_bad_param(c, name, text,
                           "The `%s` query parameter value [" STR_FMT
                           "] is not between %lld and %lld",
                           name, STR_ARG(str_head(text, 60)), (long long)lo, (long long)hi);
    *ret = v;
    return true;
}

bool x_param_time(struct x_call *c, const char *name, usec *ret) {
    str text;
    if (!x_param(c, name, &text)) return true;
    if (time_parse_rfc3339(text, ret)) return true;
    return x_bad_param(c, name, text,
                       "The `%s` query parameter value [" STR_FMT
                       "] is not a time such as 2026-08-22T10:00:00Z",
                       name, STR_ARG(str_head(text, 60)));
}

/* --- whose it is -------------------------------------------------------------------------------
 */

struct route {
    const char *method, *path; /* "*": any one part */
    x_limit limit;
    bool costs, open; /* open: without a bearer token */
    void (*run)(struct x_call *c);
};
static const struct route routes[] = {
    {"GET", "2/tweets/search/recent", X_LIMIT_SEARCH, true, false, x_do_search},
    {"GET", "2/tweets/search/stream", X_LIMIT_STREAM, true, false, x_do_stream},
    {"GET", "2/tweets/search/stream/rules", X_LIMIT_RULES_GET, false, false, x_do_rules_get},
    {"POST", "2/tweets/search/stream/rules", X_LIMIT_RULES_POST, false, false, x_do_rules_post},
    {"GET", "2/tweets", X_LIMIT_TWEETS, true, false, x_do_tweets},
    {"GET", "2/tweets/*", X_LIMIT_TWEETS, true, false, x_do_tweet},
    {"GET", "2/users/by", X_LIMIT_USERS, true, false, x_do_users_by},
    {"GET", "2/users/by/username/*", X_LIMIT_USERS, true, false, x_do_user_by},
    {"GET", "2/users", X_LIMIT_USERS, true, false, x_do_users},
    {"GET", "2/users/*", X_LIMIT_USERS, true, false, x_do_user},
    {"GET", "2/users/*/tweets", X_LIMIT_TIMELINE, true, false, x_do_timeline},
    {"GET", "2/activity/stream", X_LIMIT_ACTIVITY, true, false, x_do_activity},
    {"GET", "2/activity/subscriptions", X_LIMIT_SUBSCRIPTIONS, false, false,
     x_do_subscriptions_get},
    {"POST", "2/activity/subscriptions", X_LIMIT_SUBSCRIPTIONS, false, false,
     x_do_subscriptions_post},
    {"DELETE", "2/activity/subscriptions", X_LIMIT_SUBSCRIPTIONS, false, false,
     x_do_subscriptions_delete},
    {"DELETE", "2/activity/subscriptions/*", X_LIMIT_SUBSCRIPTIONS, false, false,
     x_do_subscriptions_delete},
    {"PUT", "2/activity/subscriptions/*", X_LIMIT_SUBSCRIPTIONS, false, false,
     x_do_subscriptions_put},
    {"GET", "2/usage/tweets", X_LIMIT_USAGE, false, false, x_do_usage},
    {"GET", "2/usage/credits", X_LIMIT_USAGE, false, false, x_do_credits},
    {"POST", "oauth2/token", X_LIMIT_NONE, false, true, x_do_token}};

static void split_path(struct x_call *c) {
    str rest = str_tail(c->rq->path, 1), part;
    while (c->part_count < COUNT_OF(c->part) && str_cut(&rest, '/', &part))
        c->part[c->part_count++] = part;
    if (rest.p != NULL) c->part_count = 0; /* longer than any */
}

static bool path_is(const struct x_call *c, const char *path) {
    str rest = str_from_z(path), part;
    int i = 0;
    for (; str_cut(&rest, '/', &part); i++)
        if (i >= c->part_count || (!str_eq(part, STR("*")) && !str_eq(part, c->part[i])))
            return false;
    return i == c->part_count;
}

static const struct route *find_route(struct x_call *c) {
    bool known = false;
    for (ptrdiff_t i = 0; i < COUNT_OF(routes); i++) {
        if (!path_is(c, routes[i].path)) continue;
        if (str_eq(c->rq->method, str_from_z(routes[i].method))) return &routes[i];
        known = true;
    }
    IGNORE(known ? x_refuse(c, 405, "about:blank", "Method Not Allowed", "Method Not Allowed")
                 : x_refuse(c, 404, "about:blank", "Not Found", "Not Found"),
           "that is the answer");
    return NULL;
}

/* --- whether it may ----------------------------------------------------------------------------
 */

static bool unauthorized(struct x_call *c) {
    return x_refuse(c, 401, "about:blank", "Unauthorized", "Unauthorized");
}

static bool token_fits(struct x_call *c) {
    const str scheme = STR("Bearer ");
    const str given = c->rq->authorization;
    if (!str_eq_nocase(str_head(given, scheme.n), scheme) || given.n == scheme.n)
        return unauthorized(c);
    const str token = c->x->opt.token;
    return token.n == 0 || str_eq(str_tail(given, scheme.n), token) || unauthorized(c);
}

static int64_t limit_of(const struct x_face *x, x_limit l) {
    static const int64_t documented[] = {
#define X(name, number) [X_LIMIT_##name] = number,
        X_LIMIT_MAP(X)
#undef X
    };
    const int64_t other = l == X_LIMIT_SEARCH                            ? x->opt.search_limit
                          : l == X_LIMIT_STREAM || l == X_LIMIT_ACTIVITY ? x->opt.stream_limit
                          : l == X_LIMIT_USERS                           ? x->opt.users_limit
                          : l == X_LIMIT_USAGE                           ? x->opt.usage_limit
                                                                         : 0;
    return other > 0 ? other : documented[l];
}

static bool refuse_rate(struct x_call *c, usec until) {
    c->ret->rate_remaining = 0;
    c->ret->rate_reset = (until + USEC_PER_S - 1) / USEC_PER_S;
    return x_refuse(c, 429, "about:blank", "Too Many Requests", "Too Many Requests");
}

static bool window_has_room(struct x_call *c, x_limit l) {
    struct x_window_count *w = &c->x->windows[l];
    if (l == X_LIMIT_NONE) return true;
    if (w->until <= c->x->now) *w = (struct x_window_count){.until = c->x->now + X_WINDOW};
    const int64_t limit = limit_of(c->x, l);
    c->ret->rate_limit = limit;
    c->ret->rate_reset = (w->until + USEC_PER_S - 1) / USEC_PER_S;
    c->ret->rate_remaining = i64_max(0, limit - w->used - 1);
    if (w->used >= limit) return refuse_rate(c, w->until);
    w->used++;
    return true;
}

/* --- what goes wrong ---------------------------------------------------------------------------
 */

static const struct symbols no_symbols = {NULL, 0};

static bool draw_fault(struct x_call *c) {
    struct error err;
    bool ok = true;
    if (c->x->opt.faults)
        ok = faults_of_request(c->x->opt.faults, c->x->now, c->rq->method, c->rq->path,
                               c->rq->fault, &c->fault, &err);
    else if (c->rq->fault.n > 0)
        ok = fault_parse(&no_symbols, c->rq->fault, &c->fault, &err);
    return ok || x_refuse(c, 400, "invalid-request", "Invalid Request", "%s", err.msg);
}

static bool html(struct x_call *c, int status, const char *what) {
    c->ret->status = status;
    c->ret->html = true;
    buf_clear(c->out);
    buf_printf(c->out, "<html><head><title>%d %s</title></head><body><h1>%s</h1></body></html>\n",
               status, what, what);
    return false;
}

static bool cut(struct x_call *c, sim_delivery how) {
    c->ret->delivery = how;
    return false;
}

static bool server_error(struct x_call *c, int status, const char *title) {
    return x_refuse(c, status, "about:blank", title, "%s", title);
}

static bool refuse_forbidden(struct x_call *c) {
    IGNORE(x_refuse(c, 403, "client-forbidden", "Client Forbidden",
                    "This app is not enrolled for this endpoint."),
           "more follows");
    c->out->len--;
    sim_put_text(c->out, "reason", "client-not-enrolled");
    sim_put_text(c->out, "required_enrollment", "Appropriate Level of API Access");
    buf_put(c->out, STR("}"));
    return false;
}

static bool refuse_connections(struct x_call *c) {
    IGNORE(x_refuse(c, 429, "streaming-connection", "ConnectionException",
                    "This stream is currently at the maximum allowed connection limit."),
           "more follows");
    c->out->len--;
    sim_put_text(c->out, "connection_issue", "TooManyConnections");
    buf_put(c->out, STR("}"));
    return false;
}

/* What keeps the request from being carried out: false, and the answer is there. */
static bool fault_before(struct x_call *c) {
    switch ((int)c->fault.kind) { /* the few that matter here */
    case FAULT_CLOSE_BEFORE:
        return cut(c, SIM_CLOSE);
    case FAULT_SILENCE_BEFORE:
        return cut(c, SIM_SILENCE);
    case FAULT_HTML_502:
        return html(c, 502, "Bad Gateway");
    case FAULT_HTML_503:
        return html(c, 503, "Service Unavailable");
    case FAULT_HTML_403:
    case FAULT_BAN_418:
        return html(c, 403, "Forbidden");
    case FAULT_E1000_NOT:
    case FAULT_E1001:
        return server_error(c, 500, "Internal Server Error");
    case FAULT_E1006_NOT:
        return server_error(c, 502, "Bad Gateway");
    case FAULT_E1007_NOT:
        return server_error(c, 504, "Gateway Timeout");
    case FAULT_E1008:
        return server_error(c, 503, "Service Unavailable");
    case FAULT_RATE_429:
    case FAULT_ORDERS_429:
        c->ret->rate_limit = 1;
        return refuse_rate(c, c->x->now + c->fault.amount * USEC_PER_S);
    case FAULT_X_CREDITS:
        return x_refuse_credits(c);
    case FAULT_X_SPEND_CAP:
        return x_refuse_spend_cap(c);
    case FAULT_X_USAGE_CAP:
        return x_refuse_usage_cap(c);
    case FAULT_X_UNAUTHORIZED:
        return unauthorized(c);
    case FAULT_X_FORBIDDEN:
        return refuse_forbidden(c);
    case FAULT_X_CONNECTIONS:
        return refuse_connections(c);
    default: /* not an enum */
        return true;
    }
}

/* What becomes of the answer to a request that was carried out. */
static void fault_after(struct x_call *c) {
    c->ret->delivery = sim_delivery_after(c->fault.kind);
    bool done = c->ret->delivery == SIM_WHOLE;
    switch ((int)c->fault.kind) { /* the few that matter here */
    case FAULT_HTML_502_DONE:
        done = html(c, 502, "Bad Gateway");
        break;
    case FAULT_HTML_504_DONE:
        done = html(c, 504, "Gateway Timeout");
        break;
    case FAULT_E1000_DONE:
        done = server_error(c, 500, "Internal Server Error");
        break;
    case FAULT_E1006_DONE:
        done = server_error(c, 502, "Bad Gateway");
        break;
    case FAULT_E1007_DONE:
        done = server_error(c, 504, "Gateway Timeout");
        break;
    case FAULT_DELAY:
    case FAULT_LATE_ARRIVAL:
        c->ret->delay = c->fault.delay;
        break;
    default: /* not an enum */
        break;
    }
    if (done || c->ret->stream < 0) return;
    x_line_close(c->x, c->x->now,
                 c->ret->stream); /* a stream that goes wrong at its head is none */
    c->ret->stream = -1;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static void run(struct x_call *c, const struct route *r) {
    if (!draw_fault(c) || !fault_before(c)) return;
    if (!r->open && !token_fits(c)) return;
    if (!window_has_room(c, r->limit)) return;
    if (r->costs && !x_bill_may(c)) return;
    if (!read_params(c, c->rq->query) || (r->open && !read_params(c, c->rq->body))) return;
    r->run(c);
    fault_after(c);
}

void x_request(void *ctx, usec now, const struct sim_request *rq, struct sim_answer *ret) {
    struct x_face *x = ctx;
    struct x_call c = {.x = x, .rq = rq, .ret = ret, .out = ret->body};
    x_advance(x, now);
    arena_reset(&x->scratch);
    *ret = (struct sim_answer){.status = 200, .body = c.out, SIM_NO_HEADERS};
    c.fault.sym = SYM_NONE;
    buf_clear(c.out);
    if (rq->path.n > 0) split_path(&c);
    if (str_starts(rq->path, STR("/sim/x/"))) {
        if (read_params(&c, rq->query)) x_do_admin(&c);
        return;
    }
    const struct route *r = find_route(&c);
    if (r) run(&c, r);
}
