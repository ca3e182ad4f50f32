/* gate: who may ask, how often, and what becomes of a call on its way in and out.
 *
 * In: a route and a request. In this order: a ban, the request's fault, its weight, parameters, the
 * key, the signature over the raw bytes, the time stamp, the unfilled orders; before the engine the
 * time stamp again. Out: the handler's answer, or a refusal. What a refusal costs: its weight; at
 * the second look at the time stamp also the orders that it would have been.
 *
 * Windows are aligned to server time. Over the limit is 429 with the seconds to wait; who goes on
 * is banned (418), each time for longer, from two minutes to three days. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "sim/face.h"
#include "sim/sim_int.h"

#define BAN_FIRST (2 * USEC_PER_MIN)
#define BAN_LAST (3 * USEC_PER_DAY)
#define STRIKES 20 /* refusals in one minute before a ban */
#define TIME_2017 (INT64_C(1483228800) * USEC_PER_S)
#define AHEAD_MAX USEC_PER_S
#define MICROS_FROM INT64_C(100000000000000)

/* -- refusals ------------------------------------------------------------------------------- */

static int status_of(const struct sim_call *c, int code) {
    switch (code) { /* not an enum */
    case -2014:
    case -2015:
    case -2008:
        return c->ex->answers->bad_key_is_400 ? 400 : 401;
    case -1003:
    case -1015:
        return 429;
    case -1000:
    case -1001:
    case -1006:
        return 500;
    case -1007:
        return 504;
    case -1008:
        return 503;
    default: /* not an enum */
        return 400;
    }
}

bool sim_refuse(struct sim_call *c, int status, int code, const char *fmt, ...) {
    char text[400];
    va_list args;
    va_start(args, fmt);
    IGNORE(vsnprintf(text, sizeof text, fmt, args) < 0, "our own formats");
    va_end(args);
    c->code = code;
    c->status = status != 0 ? status : status_of(c, code);
    buf_clear(c->out);
    buf_put(c->out, STR("{\"code\":"));
    buf_put_i64(c->out, code);
    buf_put(c->out, STR(",\"msg\":"));
    buf_put_json_str(c->out, str_from_z(text));
    buf_put_byte(c->out, '}');
    return false;
}

static void retry_at(struct sim_call *c, usec at) {
    c->retry_at = at;
    c->retry_after_s = i64_max(1, (at - c->now + USEC_PER_S - 1) / USEC_PER_S);
}

/* -- windows -------------------------------------------------------------------------------- */

/* The count of the window that `now` is in. */
static int64_t *window_at(struct sim_window *w, usec now, usec length) {
    if (w->window != now / length) *w = (struct sim_window){.window = now / length};
    return &w->count;
}

static struct sim_peer *peer_of(struct exchange *ex, uint32_t peer) {
    struct sim_peer *oldest = &ex->peers[0];
    uint32_t at = (peer * UINT32_C(2654435761)) % SIM_PEERS;
    for (int i = 0; i < SIM_PEERS; i++) {
        struct sim_peer *p = &ex->peers[(at + (uint32_t)i) % SIM_PEERS];
        if (p->used && p->peer == peer) return p;
        if (!p->used) {
            *p = (struct sim_peer){.used = true, .peer = peer};
            return p;
        }
        if (p->weight.window < oldest->weight.window) oldest = p;
    }
    *oldest = (struct sim_peer){.used = true, .peer = peer};
    return oldest;
}

static int64_t weight_limit(const struct exchange *ex) {
    return ex->opt.weight_limit > 0 ? ex->opt.weight_limit : 6000;
}

static int64_t *weight_used(struct sim_peer *p, usec now) {
    int64_t before = p->weight.window;
    int64_t *used = window_at(&p->weight, now, USEC_PER_MIN);
    if (p->weight.window != before) p->strikes = 0;
    return used;
}

static void ban(struct sim_peer *p, usec now) {
    usec length = BAN_FIRST;
    for (int i = 0; i < p->bans && length < BAN_LAST; i++) length *= 4;
    p->bans++;
    p->strikes = 0;
    p->banned_until = now + i64_min(length, BAN_LAST);
}

static bool refuse_banned(struct sim_call *c, struct sim_peer *p) {
    retry_at(c, p->banned_until);
    return sim_refuse(c, 418, -1003,
                      "Way too much request weight used; IP banned until %" PRId64
                      ". Please use WebSocket Streams for live updates to avoid bans.",
                      p->banned_until / USEC_PER_MS);
}

static bool refuse_weight(struct sim_call *c) {
    retry_at(c, (c->now / USEC_PER_MIN + 1) * USEC_PER_MIN);
    return sim_refuse(c, 429, -1003,
                      "Too much request weight used; current limit is %" PRId64
                      " request weight per 1 MINUTE. Please use WebSocket Streams for live "
                      "updates to avoid polling the API.",
                      weight_limit(c->ex));
}

/* May the peer ask for something of this weight now? */
static bool weight_check(struct sim_call *c, struct sim_peer *p, int64_t weight) {
    if (p->banned_until > c->now) {
        if (++p->strikes >= STRIKES) ban(p, c->now);
        return refuse_banned(c, p);
    }
    if (*weight_used(p, c->now) + weight <= weight_limit(c->ex)) return true;
    if (++p->strikes < STRIKES) return refuse_weight(c);
    ban(p, c->now);
    return refuse_banned(c, p);
}

bool sim_weight_take(struct exchange *ex, uint32_t peer, int64_t weight) {
    struct sim_peer *p = peer_of(ex, peer);
    usec now = sim_server_time(ex);
    int64_t *used = weight_used(p, now);
    if (p->banned_until > now || *used + weight > weight_limit(ex)) return false;
    *used += weight;
    return true;
}

/* -- unfilled orders ------------------------------------------------------------------------ */

static int64_t limit_10s(const struct exchange *ex) {
    return ex->opt.orders_10s > 0 ? ex->opt.orders_10s : 100;
}

static int64_t limit_1d(const struct exchange *ex) {
    return ex->opt.orders_1d > 0 ? ex->opt.orders_1d : 200000;
}

bool sim_orders_room(struct sim_call *c, int more) {
    struct sim_client *a = &c->ex->clients[c->account];
    int64_t short_count = *window_at(&a->orders_10s, c->now, 10 * USEC_PER_S);
    int64_t day_count = *window_at(&a->orders_1d, c->now, USEC_PER_DAY);
    if (short_count + more > limit_10s(c->ex)) {
        retry_at(c, (c->now / (10 * USEC_PER_S) + 1) * (10 * USEC_PER_S));
        return sim_refuse(c, 429, -1015,
                          "Too many new orders; current limit is %" PRId64 " orders per 10 SECOND.",
                          limit_10s(c->ex));
    }
    if (day_count + more > limit_1d(c->ex)) {
        retry_at(c, (c->now / USEC_PER_DAY + 1) * USEC_PER_DAY);
        return sim_refuse(c, 429, -1015,
                          "Too many new orders; current limit is %" PRId64 " orders per 1 DAY.",
                          limit_1d(c->ex));
    }
    return true;
}

void sim_orders_add(struct exchange *ex, int account, int64_t by) {
    struct sim_client *a = &ex->clients[account];
    usec now = sim_server_time(ex);
    int64_t *short_count = window_at(&a->orders_10s, now, 10 * USEC_PER_S);
    int64_t *day_count = window_at(&a->orders_1d, now, USEC_PER_DAY);
    *short_count = i64_max(0, *short_count + by);
    *day_count = i64_max(0, *day_count + by);
}

static void put_limit(struct buf *b, const char *type, const char *unit, int num, int64_t limit) {
    if (b->len > 0 && b->p[b->len - 1] == '}') buf_put_byte(b, ',');
    buf_put_byte(b, '{');
    sim_put_text(b, "rateLimitType", type);
    sim_put_text(b, "interval", unit);
    sim_put_int(b, "intervalNum", num);
    sim_put_int(b, "limit", limit);
}

static void put_count(struct buf *b, bool count, int64_t used) {
    if (count) sim_put_int(b, "count", used);
    buf_put_byte(b, '}');
}

static void put_order_limits(struct sim_call *c, bool count) {
    int64_t zero = 0, *in_10s = &zero, *in_1d = &zero;
    if (c->account >= 0) {
        struct sim_client *a = &c->ex->clients[c->account];
        in_10s = window_at(&a->orders_10s, c->now, 10 * USEC_PER_S);
        in_1d = window_at(&a->orders_1d, c->now, USEC_PER_DAY);
    }
    put_limit(c->out, "ORDERS", "SECOND", 10, limit_10s(c->ex));
    put_count(c->out, count, *in_10s);
    put_limit(c->out, "ORDERS", "DAY", 1, limit_1d(c->ex));
    put_count(c->out, count, *in_1d);
}

void sim_put_rate_limits(struct sim_call *c, uint32_t peer, bool count) {
    buf_put_byte(c->out, '[');
    put_limit(c->out, "REQUEST_WEIGHT", "MINUTE", 1, weight_limit(c->ex));
    put_count(c->out, count, count ? *weight_used(peer_of(c->ex, peer), c->now) : 0);
    if (!count || c->account >= 0) put_order_limits(c, count);
    if (!count) {
        put_limit(c->out, "RAW_REQUESTS", "MINUTE", 5, 300000);
        put_count(c->out, count, 0);
    }
    buf_put_byte(c->out, ']');
}

void sim_do_rate_limits(struct sim_call *c) {
    if (!sim_params_done(c)) return;
    buf_put_byte(c->out, '[');
    put_order_limits(c, true);
    buf_put_byte(c->out, ']');
}

/* -- keys and signatures -------------------------------------------------------------------- */

static bool is_word(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9'))) {
            return false;
        }
    }
    return s.n > 0 && s.n < (ptrdiff_t)sizeof((struct sim_client *)0)->key;
}

static bool key_check(struct sim_call *c, str key) {
    if (!is_word(key)) return sim_refuse(c, 0, -2014, "API-key format invalid.");
    for (int i = 0; i < c->ex->client_count; i++) {
        if (!str_eq(key, str_from_z(c->ex->clients[i].key))) continue;
        c->account = i;
        return true;
    }
    return sim_refuse(c, 0, -2015, "Invalid API-key, IP, or permissions for action.");
}

/* RFC 3986: may the byte stand in a query as it is? A '+' means a blank to some and a plus to
 * others: it must be escaped, too. */
static bool may_stand(unsigned char ch) {
    if (ch <= 0x20 || ch >= 0x7F) return false;
    return memchr("\"#+<>[\\]^`{|}", ch, 13) == NULL;
}

static bool is_escaped(str raw) {
    for (ptrdiff_t i = 0; i < raw.n; i++) {
        if (!may_stand((unsigned char)raw.p[i])) return false;
    }
    return true;
}

/* The list without its signature parameter, as two pieces. */
static void without_signature(str raw, str ret[2]) {
    const str name = STR("signature=");
    ret[0] = raw;
    ret[1] = (str){0};
    for (ptrdiff_t at = 0; at < raw.n;) {
        str rest = str_tail(raw, at);
        ptrdiff_t end = str_find_byte(rest, '&');
        if (str_starts(rest, name)) {
            /* the '&' behind it goes with it, or at the end the one before it */
            ret[0] = str_head(raw, end < 0 && at > 0 ? at - 1 : at);
            ret[1] = end < 0 ? (str){0} : str_tail(rest, end + 1);
            return;
        }
        if (end < 0) return;
        at += end + 1;
    }
}

static bool hex_is(str hex, const uint8_t mac[32]) {
    char block[65];
    return hex.n == 64 && str_eq_nocase(hex, hex_format(mac, 32, block));
}

static int param_cmp(const struct sim_param *a, const struct sim_param *b) {
    return str_cmp(a->name, b->name);
}

/* WebSocket API: all parameters but the signature, by name, not escaped. */
static str ws_payload(struct sim_call *c) {
    const struct sim_param *sorted[SIM_PARAMS_MAX];
    ptrdiff_t bytes = 1;
    int count = 0;
    for (int i = 0; i < c->param_count; i++) {
        const struct sim_param *p = &c->params[i];
        if (str_eq(p->name, STR("signature"))) continue;
        bytes += p->name.n + p->value.n + 2;
        int at = count++;
        for (; at > 0 && param_cmp(p, sorted[at - 1]) < 0; at--) sorted[at] = sorted[at - 1];
        sorted[at] = p;
    }
    struct buf b;
    buf_init_fixed(&b, NEW_ARRAY(c->mem, char, bytes + 1), bytes + 1);
    for (int i = 0; i < count; i++) {
        if (i > 0) buf_put_byte(&b, '&');
        buf_put(&b, sorted[i]->name);
        buf_put_byte(&b, '=');
        buf_put(&b, sorted[i]->value);
    }
    return buf_str(&b);
}

static bool signature_check(struct sim_call *c, const struct sim_request *rq, str hex) {
    str pieces[4] = {{0}};
    uint8_t mac[32];
    bool escaped = true;
    if (c->ws) {
        pieces[0] = ws_payload(c);
    } else {
        escaped = is_escaped(rq->query) && is_escaped(rq->body);
        without_signature(rq->query, pieces);
        without_signature(rq->body, pieces + 2);
    }
    sim_mac_of(c->ex->clients[c->account].mac, pieces, 4, mac);
    if (escaped && hex_is(hex, mac)) return true;
    return sim_refuse(c, 0, -1022, "Signature for this request is not valid.");
}

/* -- times ---------------------------------------------------------------------------------- */

static bool refuse_ahead(struct sim_call *c) {
    return sim_refuse(c, 0, -1021,
                      "Timestamp for this request was 1000ms ahead of the server's time.");
}

static bool refuse_behind(struct sim_call *c) {
    return sim_refuse(c, 0, -1021, "Timestamp for this request is outside of the recvWindow.");
}

static bool times_read(struct sim_call *c) {
    int64_t stamp = 0, window = 5000 * E8;
    if (!sim_get_i64(c, "timestamp", true, 0, INT64_MAX / 4, &stamp)) return false;
    if (!sim_get_e8(c, "recvWindow", false, &window)) return false;
    if (window > 60000 * E8) {
        return sim_refuse(c, 0, -1131, "recvWindow must be less than 60000.");
    }
    if (window % (E8 / 1000) != 0) {
        return sim_refuse(c, 0, -1111, "Parameter 'recvWindow' has too much precision.");
    }
    c->timestamp = stamp >= MICROS_FROM ? stamp : stamp * USEC_PER_MS;
    c->window = window / (E8 / 1000);
    return true;
}

static bool times_check(struct sim_call *c, usec at) {
    if (c->timestamp >= at + AHEAD_MAX) return refuse_ahead(c);
    if (c->timestamp < TIME_2017 || at - c->timestamp > c->window) return refuse_behind(c);
    return true;
}

static bool auth_check(struct sim_call *c, const struct sim_request *rq) {
    str key = rq->api_key, hex = {0};
    if (c->ws && !sim_get_str(c, "apiKey", true, &key)) return false;
    return key_check(c, key) && sim_get_str(c, "signature", true, &hex) && times_read(c) &&
           signature_check(c, rq, hex) && times_check(c, c->now);
}

/* -- faults --------------------------------------------------------------------------------- */

static bool html(struct sim_call *c, int status, const char *what) {
    c->status = status;
    c->code = -1;
    c->html = true;
    buf_clear(c->out);
    buf_printf(c->out,
               "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%d %s</h1>"
               "</center>\r\n</body>\r\n</html>\r\n",
               status, what, status, what);
    return false;
}

static bool cut(struct sim_call *c, sim_delivery how) {
    c->delivery = how;
    return false;
}

static bool unknown_1007(struct sim_call *c) {
    return sim_refuse(c, 0, -1007,
                      "Timeout waiting for response from backend server. Send status unknown; "
                      "execution status unknown.");
}

static bool unknown_1006(struct sim_call *c) {
    return sim_refuse(c, 0, -1006,
                      "An unexpected response was received from the message bus. Execution status "
                      "unknown.");
}

static bool unknown_1000(struct sim_call *c) {
    return sim_refuse(c, 0, -1000, "An unknown error occurred while processing the request.");
}

/* What keeps the request from being carried out: false, and the answer is there. */
static bool fault_before(struct sim_call *c, struct sim_peer *p) {
    usec wait = c->fault.amount * USEC_PER_S;
    switch ((int)c->fault.kind) { /* the few that matter here */
    case FAULT_CLOSE_BEFORE:
        return cut(c, SIM_CLOSE);
    case FAULT_SILENCE_BEFORE:
        return cut(c, SIM_SILENCE);
    case FAULT_HTML_502:
        return html(c, 502, "Bad Gateway");
    case FAULT_HTML_503:
        return html(c, 503, "Service Temporarily Unavailable");
    case FAULT_HTML_403:
        return html(c, 403, "Forbidden");
    case FAULT_E1007_NOT:
        return unknown_1007(c);
    case FAULT_E1006_NOT:
        return unknown_1006(c);
    case FAULT_E1000_NOT:
        return unknown_1000(c);
    case FAULT_E1001:
        return sim_refuse(c, 0, -1001,
                          "Internal error; unable to process your request. Please try again.");
    case FAULT_E1008:
        return sim_refuse(c, 0, -1008,
                          "Server is currently overloaded with other requests. Please try again "
                          "in a few minutes.");
    case FAULT_E1021_AHEAD:
        return refuse_ahead(c);
    case FAULT_E1021_BEHIND:
        return refuse_behind(c);
    case FAULT_RATE_429:
        IGNORE(refuse_weight(c), "that is the answer");
        retry_at(c, c->now + wait);
        return false;
    case FAULT_BAN_418:
        p->banned_until = c->now + wait;
        return refuse_banned(c, p);
    case FAULT_ORDERS_429:
        retry_at(c, c->now + wait);
        return sim_refuse(c, 429, -1015,
                          "Too many new orders; current limit is %" PRId64 " orders per 10 SECOND.",
                          limit_10s(c->ex));
    default: /* not an enum */
        return true;
    }
}

/* What becomes of the answer to a request that was carried out. */
static void fault_after(struct sim_call *c) {
    bool done = true;
    c->delivery = sim_delivery_after(c->fault.kind);
    switch ((int)c->fault.kind) { /* the few that matter here */
    case FAULT_DELAY:
    case FAULT_LATE_ARRIVAL:
        c->delay = c->fault.delay;
        break;
    case FAULT_HTML_502_DONE:
        done = html(c, 502, "Bad Gateway");
        break;
    case FAULT_HTML_504_DONE:
        done = html(c, 504, "Gateway Time-out");
        break;
    case FAULT_E1007_DONE:
        done = unknown_1007(c);
        break;
    case FAULT_E1006_DONE:
        done = unknown_1006(c);
        break;
    case FAULT_E1000_DONE:
        done = unknown_1000(c);
        break;
    default: /* not an enum */
        break;
    }
    IGNORE(done, "the answer says what there is to say");
}

/* Draws it; false: the request named one that there is not. */
static bool fault_draw(struct sim_call *c, const struct sim_route *r,
                       const struct sim_request *rq) {
    struct error err;
    if (!c->ex->faults && rq->fault.n == 0) return true;
    if (!c->ex->faults ? fault_parse(&c->ex->symbols, rq->fault, &c->fault, &err)
                       : faults_of_request(c->ex->faults, c->ex->now, str_from_z(r->method),
                                           str_from_z(r->path), rq->fault, &c->fault, &err)) {
        return true;
    }
    c->fault = (struct fault){0};
    return sim_refuse(c, 400, -1130, "%s", err.msg); /* which names the header */
}

/* -- the way through ------------------------------------------------------------------------ */

void sim_call_init(struct sim_call *c, struct exchange *ex, struct buf *out) {
    c->ex = ex;
    c->now = sim_server_time(ex);
    c->mem = &ex->mem;
    c->param_count = 0;
    c->ws = c->micros = c->html = false;
    c->account = -1;
    c->out = out;
    c->status = 200;
    c->code = 0;
    c->weight = c->orders = 0;
    c->retry_after_s = c->used_weight = c->orders_10s = c->orders_1d = -1;
    c->retry_at = c->delay = 0;
    c->fault = (struct fault){.sym = SYM_NONE};
    c->delivery = SIM_WHOLE;
    c->timestamp = c->window = 0;
    c->stp = SIM_STP_NONE;
    buf_clear(out);
}

static bool time_unit_read(struct sim_call *c, str unit) {
    if (unit.n == 0 || str_eq_nocase(unit, STR("MILLISECOND"))) return true;
    c->micros = str_eq_nocase(unit, STR("MICROSECOND"));
    if (c->micros) return true;
    return sim_refuse(c, 0, -1194,
                      "Invalid value for time unit; expected either MICROSECOND or "
                      "MILLISECOND.");
}

/* The second look at the clock, just before the engine. */
static bool fence_check(struct sim_call *c, const struct sim_route *r) {
    usec late = c->fault.kind == FAULT_LATE_ARRIVAL ? c->fault.delay : 0;
    if (!r->trades || late == 0 || times_check(c, c->now + late)) return true;
    c->delay = late;
    if (r->orders > 0) sim_orders_add(c->ex, c->account, 1);
    return false;
}

static void execute(struct sim_call *c, const struct sim_route *r) {
    struct sim_call *outer = c->ex->call;
    c->ex->call = c;
    c->ex->cancel_coid[0] = 0;
    r->run(c);
    sim_settle(c->ex);
    c->ex->call = outer;
    if (c->code == 0 && c->orders > 0) sim_orders_add(c->ex, c->account, c->orders);
}

static bool admit(struct sim_call *c, const struct sim_route *r, const struct sim_request *rq,
                  struct sim_peer *p) {
    if (!weight_check(c, p, r->free_on_success ? 0 : r->weight)) return false;
    if (!fault_draw(c, r, rq) || !fault_before(c, p)) return false;
    if (!time_unit_read(c, rq->time_unit)) return false;
    if (!c->ws && !sim_params_parse(c, rq->query, rq->body)) return false;
    if (r->security == SIM_SIGNED && !auth_check(c, rq)) return false;
    if (r->orders > 0 && !sim_orders_room(c, r->orders)) return false;
    return fence_check(c, r);
}

static void count_up(struct sim_call *c, const struct sim_route *r, struct sim_peer *p) {
    int64_t *used = weight_used(p, c->now);
    bool turned_away = c->status == 418 || c->status == 429;
    if (!turned_away && (c->code != 0 || !r->free_on_success)) *used += c->weight;
    c->used_weight = *used;
    if (c->code == 0 && c->account >= 0 && c->orders > 0) {
        struct sim_client *a = &c->ex->clients[c->account];
        c->orders_10s = *window_at(&a->orders_10s, c->now, 10 * USEC_PER_S);
        c->orders_1d = *window_at(&a->orders_1d, c->now, USEC_PER_DAY);
    }
}

/* Answered now, carried out later. */
static bool is_put_off(const struct fault *f) {
    return f->delay > 0 && (f->kind == FAULT_E1007_DONE || f->kind == FAULT_E1006_DONE ||
                            f->kind == FAULT_E1000_DONE || f->kind == FAULT_HTML_502_DONE ||
                            f->kind == FAULT_HTML_504_DONE);
}

void sim_call_run(struct sim_call *c, const struct sim_route *r, const struct sim_request *rq) {
    struct sim_peer *p = peer_of(c->ex, rq->peer);
    c->weight = r->weight;
    c->orders = r->orders;
    bool go = admit(c, r, rq, p);
    if (go && r->trades && is_put_off(&c->fault)) {
        sim_later_put(c, r);
    } else if (go) {
        execute(c, r);
    }
    count_up(c, r, p);
    if (go) fault_after(c);
}

void sim_call_resume(struct sim_call *c, const struct sim_route *r) {
    c->orders = r->orders;
    execute(c, r);
}
