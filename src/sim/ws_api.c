/* ws_api: the WebSocket API: a request in a text message, an answer in another.
 *
 * {"id": .., "method": "order.place", "params": {..}} becomes the same call that REST makes: the
 * parameters as texts, the same gate and handlers; signatures are over the parameters sorted by
 * name. Methods of the connection itself (session, user data) are here. Several accounts may be
 * subscribed on one connection, each by its signature; logging on takes an Ed25519 key, which no
 * account here has.
 *
 * What is no request is answered with an error and a null id. A request's fault delays its answer,
 * loses it, or cuts the connection. One thread. */
#include "sim/streams_int.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/json.h"

void ws_api_connect(struct ws_conn *c, str query) {
    str pair, key;
    c->rate_limits = true;
    while (query.n > 0 && str_cut(&query, '&', &pair)) {
        if (!str_cut(&pair, '=', &key) || !pair.p) continue;
        if (str_eq(key, STR("returnRateLimits"))) c->rate_limits = !str_eq(pair, STR("false"));
        if (str_eq(key, STR("timeUnit")))
            c->micros = str_eq(pair, STR("MICROSECOND")) || str_eq(pair, STR("microsecond"));
    }
}

/* --- methods of the connection ------------------------------------------------------------ */

static struct ws_conn *caller(const struct sim_call *c) {
    struct sim_streams *st = c->ex->streams;
    PRE(st->calling >= 0);
    return &st->conns[st->calling];
}

static void do_subscribe_signature(struct sim_call *c) {
    struct ws_conn *w = caller(c);
    if (!sim_params_done(c)) return;
    for (int i = 0; i < w->user_count; i++) {
        if (w->users[i].account != c->account) continue;
        sim_refuse(c, 0, -2035, "User Data Stream subscription already active.");
        return;
    }
    if (w->user_count == SIM_WS_USERS_MAX) {
        sim_refuse(c, 0, -2042, "Maximum subscription ID reached for this connection.");
        return;
    }
    w->users[w->user_count++] = (struct ws_user){.id = w->next_user_id, .account = c->account};
    buf_put_byte(c->out, '{');
    sim_put_int(c->out, "subscriptionId", w->next_user_id++);
    buf_put_byte(c->out, '}');
}

static void do_subscribe(struct sim_call *c) {
    if (!sim_params_done(c)) return;
    sim_refuse(c, 401, -1002,
               "You are not authorized to execute this request: session.logon comes first, or use "
               "userDataStream.subscribe.signature.");
}

static void do_unsubscribe(struct sim_call *c) {
    int64_t id = -1;
    if (!sim_get_i64(c, "subscriptionId", false, 0, INT64_MAX, &id) || !sim_params_done(c)) return;
    if (!user_data_end(c->ex, caller(c), id)) {
        sim_refuse(c, 0, -2036, "User Data Stream subscription not active.");
        return;
    }
    buf_put(c->out, STR("{}"));
}

static void do_logon(struct sim_call *c) {
    /* whoever may log on signs with Ed25519 */
    for (int i = 0; i < c->param_count; i++) c->params[i].read = true;
    sim_refuse(c, 400, -4056, "HMAC_SHA256 API key is not supported.");
}

static void put_session(struct sim_call *c) {
    const struct ws_conn *w = caller(c);
    struct buf *b = c->out;
    sim_put_z(b, "{\"apiKey\":null,\"authorizedSince\":null");
    sim_put_time(c, "connectedSince", w->opened_at + c->ex->skew);
    sim_put_bool(b, "returnRateLimits", w->rate_limits);
    sim_put_time(c, "serverTime", c->now);
    sim_put_bool(b, "userDataStream", w->user_count > 0);
    buf_put_byte(b, '}');
}

static void do_session(struct sim_call *c) {
    if (sim_params_done(c)) put_session(c);
}

static void do_subscriptions(struct sim_call *c) {
    const struct ws_conn *w = caller(c);
    if (!sim_params_done(c)) return;
    buf_put_byte(c->out, '[');
    for (int i = 0; i < w->user_count; i++) {
        buf_put(c->out, i ? STR(",{") : STR("{"));
        sim_put_int(c->out, "subscriptionId", w->users[i].id);
        buf_put_byte(c->out, '}');
    }
    buf_put_byte(c->out, ']');
}

static const struct sim_route own_routes[] = {
    {.method = "",
     .path = "",
     .ws_method = "userDataStream.subscribe.signature",
     .security = SIM_SIGNED,
     .weight = 2,
     .run = do_subscribe_signature},
    {.method = "",
     .path = "",
     .ws_method = "userDataStream.subscribe",
     .weight = 2,
     .run = do_subscribe},
    {.method = "",
     .path = "",
     .ws_method = "userDataStream.unsubscribe",
     .weight = 2,
     .run = do_unsubscribe},
    {.method = "", .path = "", .ws_method = "session.logon", .weight = 2, .run = do_logon},
    {.method = "", .path = "", .ws_method = "session.status", .weight = 2, .run = do_session},
    {.method = "", .path = "", .ws_method = "session.logout", .weight = 2, .run = do_session},
    {.method = "",
     .path = "",
     .ws_method = "session.subscriptions",
     .weight = 2,
     .run = do_subscriptions}};

static const struct sim_route *route_of(str method) {
    if (str_starts(method, STR("v3/"))) method = str_tail(method, 3);
    for (ptrdiff_t i = 0; i < COUNT_OF(own_routes); i++)
        if (str_eq(method, str_from_z(own_routes[i].ws_method))) return &own_routes[i];
    return sim_route_find_ws(method);
}

/* --- parameters -------------------------------------------------------------------------- */

/* A JSON value as the text that REST would send; it stays with the call. */
static str value_text(struct sim_call *c, const json_t *v) {
    if (json_is_string(v)) return str_dup(c->mem, json_str(v));
    if (json_is_null(v)) return STR("");
    char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    PRE(text != NULL);
    const str ret = str_dup(c->mem, str_from_z(text));
    free(text);
    return ret;
}

static bool take_params(struct sim_call *c, json_t *params) {
    const char *key;
    json_t *v;
    if (params && !json_is_object(params)) return sim_refuse(c, 0, -1135, "Invalid JSON Request.");
    json_object_foreach(params, key, v) {
        if (c->param_count == SIM_PARAMS_MAX)
            return sim_refuse(c, 0, -1101, "Too many parameters; expected '%d' and received '%zu'.",
                              SIM_PARAMS_MAX, json_object_size(params));
        c->params[c->param_count++] =
            (struct sim_param){.name = str_dup(c->mem, str_from_z(key)), .value = value_text(c, v)};
    }
    return true;
}

/* returnRateLimits= of the request, else of the connection. */
static bool take_flag(struct sim_call *c, bool otherwise) {
    for (int i = 0; i < c->param_count; i++) {
        if (!str_eq(c->params[i].name, STR("returnRateLimits"))) continue;
        c->params[i].read = true;
        return str_eq(c->params[i].value, STR("true"));
    }
    return otherwise;
}

/* --- answers ----------------------------------------------------------------------------- */

/* The refusal with what there is to tell of when to try again. */
static void put_error(struct buf *b, const struct sim_call *c) {
    str error = buf_str(c->out);
    if (c->retry_at <= 0 || !str_ends(error, STR("}"))) {
        buf_put(b, error);
        return;
    }
    buf_put(b, str_head(error, error.n - 1));
    buf_put(b, STR(",\"data\":{"));
    sim_put_int(b, "serverTime", c->now / USEC_PER_MS);
    sim_put_int(b, "retryAfter", c->retry_at / USEC_PER_MS);
    buf_put(b, STR("}}"));
}

static void deliver(struct exchange *ex, struct ws_conn *w, struct sim_call *c, const char *id,
                    bool limits) {
    struct buf *b = &ex->streams->wrapped;
    if (c->delivery == SIM_SILENCE) return;
    if (c->delivery != SIM_WHOLE || c->html) {
        ws_shut_at(ex, w, ex->now, 0);
        return;
    }
    buf_clear(b);
    buf_printf(b, "{\"id\":%s,\"status\":%d,", id, c->status);
    if (c->status == 200) {
        buf_put(b, STR("\"result\":"));
        buf_put(b, buf_str(c->out));
    } else {
        buf_put(b, STR("\"error\":"));
        put_error(b, c);
    }
    if (limits) {
        struct sim_call *tell = c;
        struct buf *out = tell->out;
        buf_put(b, STR(",\"rateLimits\":"));
        tell->out = b;
        sim_put_rate_limits(tell, w->peer, true);
        tell->out = out;
    }
    buf_put_byte(b, '}');
    ws_put(ex, w, ex->now + c->delay, SIM_TEXT, buf_str(b));
}

/* --- requests ---------------------------------------------------------------------------- */

static bool id_fine(const json_t *id) {
    return json_is_null(id) || json_is_integer(id) ||
           (json_is_string(id) && json_string_length(id) <= 36);
}

/* False: without the rate limits. */
static bool run(struct exchange *ex, struct ws_conn *w, json_t *root, struct sim_call *c) {
    bool limits = w->rate_limits;
    const json_t *method = json_object_get(root, "method");
    const json_t *id = json_object_get(root, "id");
    const struct sim_route *r =
        json_is_string(method) ? route_of(str_from_z(json_string_value(method))) : NULL;
    const struct sim_request rq = {.peer = w->peer,
                                   .time_unit = w->micros ? STR("MICROSECOND") : STR("")};
    if (!json_is_object(root)) {
        sim_refuse(c, 400, -1135, "Invalid JSON Request.");
    } else if (id && !id_fine(id)) {
        sim_refuse(c, 400, -1100,
                   "Illegal characters found in parameter 'id'; legal range is "
                   "'^[a-zA-Z0-9-_]{1,36}$'.");
    } else if (!json_is_string(method)) {
        sim_refuse(c, 400, -1102,
                   "Mandatory parameter 'method' was not sent, was empty/null, or malformed.");
    } else if (!r) {
        sim_refuse(c, 400, -1020, "This operation is not supported.");
    } else if (take_params(c, json_object_get(root, "params"))) {
        limits = take_flag(c, limits);
        ex->streams->calling = (int)(w - ex->streams->conns);
        sim_call_run(c, r, &rq);
        ex->streams->calling = -1;
    }
    return limits;
}

void ws_api_message(struct exchange *ex, struct ws_conn *w, str text) {
    json_error_t where;
    json_t *root = json_loadb(text.p ? text.p : "", (size_t)text.n, JSON_REJECT_DUPLICATES, &where);
    const json_t *id = json_object_get(root, "id");
    char *id_text = id && id_fine(id) ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    struct sim_call *c = &ex->rest_call;
    struct buf *out = &ex->streams->answer;
    arena_reset(&ex->mem);
    buf_clear(out);
    sim_call_init(c, ex, out);
    c->ws = true;
    c->micros = w->micros;
    const bool limits = run(ex, w, root, c);
    deliver(ex, w, c, id_text ? id_text : "null", limits);
    buf_clear(out);
    free(id_text);
    json_decref(root);
}
