/* x_wire: a stream of X, kept open. Used by x_stream and x_activity; the words are in the header.
 *
 * In: what connector.h tells. Out: OPEN and SHUT of the line, the calls of whoever has one to make
 * (one at a time: the account's chores, what must stand at X, what was missed), and the posts.
 *
 *     IDLE ──OPEN──► OPENING ──opened──► OPEN ──SHUT──► SHUTTING
 *       ▲               │                  │                │
 *       └────gone───────┴──────gone────────┴─────gone───────┘
 *
 * A line that says nothing for 25 s (X promises a keep-alive each 20 s) is shut. Whatever ends it,
 * the span from its last sign of life on goes to the gap, open until the next line is there. How
 * long is waited is X's table: at once after a line that was well, then 250 ms more each time where
 * there is no connection, 5 s doubling after other answers, a minute doubling where asked too often
 * or too many lines are open; or as long as an answer, a rate limit or the budget say.
 *
 * What was delivered is settled with the governor before it is passed on, and the state behind it
 * goes with it: killed in between, a restart finds an older sign of life and fetches the span
 * again, which X does not bill twice in a day. One thread. */
#include "source/x_wire.h"

#include <jansson.h>

#include "base/url.h"
#include "source/jscan.h"

#define QUIET_MAX (25 * USEC_PER_S) /* X's 20 s and 5 s of grace */
#define HEALTHY (20 * USEC_PER_S)   /* a line that gave signs for so long was a good one */
#define LAG_MAX (10 * USEC_PER_MIN)
#define SIGN_EVERY (10 * USEC_PER_S) /* signs of life are stored so often */
#define BUDGET_EVERY (1 * USEC_PER_S)
#define SLOW_LEAST (1 * USEC_PER_MIN) /* after a 429, without chance */
#define SAID_LATE (30 * USEC_PER_S)   /* a shorter wait for a call is no state */
#define OPEN_TIMEOUT (20 * USEC_PER_S)
#define CALL_TIMEOUT (20 * USEC_PER_S)

static struct x_wire *wire_from(struct connector *c) { return (struct x_wire *)c; }

/* --- JSON ------------------------------------------------------------------------------------ */

bool x_members(struct arena *a, str object, struct x_member *m, int count, str *ret_first,
               struct error *err) {
    struct jscan s;
    struct jvalue v;
    bool end, first = true;
    str key;
    jscan_init(&s, a, object);
    *ret_first = (str){0};
    for (int i = 0; i < count; i++) m[i].value = (str){0};
    if (!jscan_value(&s, &v, err)) return false;
    if (v.kind != JKIND_OBJECT) return fail(err, ERR_PARSE, 0, "expected a JSON object");
    for (;; first = false) {
        if (!jscan_member(&s, &key, &end, err)) return false;
        if (end) return jscan_end(&s, err);
        if (first) *ret_first = key;
        const ptrdiff_t begin = s.at;
        if (!jscan_value(&s, &v, err) || !jscan_skip(&s, &v, err)) return false;
        for (int i = 0; i < count; i++)
            if (str_eq(key, str_from_z(m[i].name)))
                m[i].value = str_trim((str){object.p + begin, s.at - begin});
    }
}

str x_raw_word(str value) {
    const bool quoted = value.n >= 2 && value.p[0] == '"';
    if (!quoted || str_find_byte(value, '\\') >= 0) return STR("");
    return (str){value.p + 1, value.n - 2};
}

int64_t x_raw_id(str value) {
    int64_t id = 0;
    const bool quoted = value.n > 0 && value.p[0] == '"';
    if (!str_to_i64(quoted ? x_raw_word(value) : value, &id) || id <= 0) return 0;
    return id;
}

/* --- how it stands --------------------------------------------------------------------------- */

static void stand(struct x_wire *l, usec now, source_state state, usec until, const char *why) {
    struct source_status *s = &l->status;
    if (s->state != state) s->since = now;
    s->state = state;
    s->until = until;
    str_copyz(str_from_z(why), s->why, sizeof s->why);
}

static void stand_live(struct x_wire *l, usec now) {
    char why[WHY_BYTES];
    str_copyz(l->ops->remark(l), why, sizeof why);
    stand(l, now, SOURCE_LIVE, 0, why);
}

void x_wire_stand(struct x_wire *l, usec now, source_state state, usec until, const char *why) {
    if (l->phase == X_WIRE_IDLE) stand(l, now, state, until, why);
}

bool x_wire_may_call(struct x_wire *l, usec now, x_endpoint e, usec *ret_wait) {
    struct x_verdict why;
    if (x_account_may(l->x, now, e, ret_wait, &why)) return true;
    if (*ret_wait > now + SAID_LATE) x_wire_stand(l, now, why.state, *ret_wait, why.why);
    return false;
}

void x_wire_status(const struct connector *c, usec now, struct source_status *ret) {
    const struct x_wire *l = (const struct x_wire *)c;
    *ret = l->status;
    ret->blind = blind_today(&l->blind, now);
}

void x_wire_complain(struct x_wire *l, const char *what, str payload) {
    connector_complain(&l->base, str_from_z(l->ops->kind), str_from_z(what), payload);
}

void x_wire_unreadable(struct x_wire *l, const char *what, str body, struct x_verdict *ret) {
    *ret = (struct x_verdict){.state = SOURCE_RETRYING, .again = true};
    str_copyz(STR("X's answer could not be read"), ret->why, sizeof ret->why);
    x_wire_complain(l, what, body);
}

void x_wire_unknown(struct x_wire *l, str kind, str line) {
    const uint64_t h = str_hash(kind);
    char what[160];
    for (int i = 0; i < l->kind_count; i++)
        if (l->kinds[i] == h) return;
    if (l->kind_count == X_WIRE_KINDS_MAX) return;
    l->kinds[l->kind_count++] = h;
    snprintf(what, sizeof what,
             "an object of X that is not known: \"" STR_FMT "\"; further ones "
             "of its kind are passed over without a word",
             STR_ARG(str_head(kind, 60)));
    x_wire_complain(l, what, line);
}

/* --- opening --------------------------------------------------------------------------------- */

static bool load_state(struct x_wire *l, str state, usec *ret_sign, struct error *err) {
    json_error_t where;
    json_int_t newest = 0, newest_at = 0, sign = 0;
    json_t *gap = NULL;
    json_t *root = json_loadb(state.p, (size_t)state.n, 0, &where);
    bool ok =
        root != NULL && json_unpack_ex(root, &where, 0, "{s:I,s:I,s:I,s:o}", "newest", &newest,
                                       "newest_at", &newest_at, "sign", &sign, "gap", &gap) == 0;
    if (!ok || newest < 0 || newest_at < 0 || sign <= 0) {
        json_decref(root);
        return fail(err, ERR_DAMAGED, 0,
                    "the stored state of source " STR_FMT
                    " (%s) cannot be read: remove it, and the "
                    "source begins at now",
                    STR_ARG(l->name), l->ops->kind);
    }
    ok = x_gap_load(l->gap, gap, err);
    json_decref(root);
    l->newest_id = l->kept_id = newest;
    l->newest_at = l->kept_at = newest_at;
    *ret_sign = sign;
    return ok || fail_in(err, "source " STR_FMT " (%s)", STR_ARG(l->name), l->ops->kind);
}

bool x_wire_init(struct arena *boot, struct x_wire *l, const struct x_wire_setup *s,
                 struct error *err) {
    const struct x_source_options *opt = s->opt;
    usec sign = opt->now;
    l->base.ops = s->table;
    l->ops = s->ops;
    l->x = opt->account;
    l->start = opt->now;
    l->name = str_dup(boot, opt->name);
    rng_init(&l->rng, opt->seed);
    l->tcp = (struct patience){
        .first = 250 * USEC_PER_MS, .most = 16 * USEC_PER_S, .linear = true, .breaker = 64};
    l->http = (struct patience){.first = 5 * USEC_PER_S, .most = 320 * USEC_PER_S, .breaker = 7};
    l->slow = (struct patience){.first = SLOW_LEAST, .most = 15 * USEC_PER_MIN, .breaker = 5};
    l->gap = x_gap_new(boot, opt->account, s->queries, s->query_count, l->name, opt->pages_max);
    x_gap_recent(l->gap, &l->recent);
    const usec lag = opt->lag > 0 ? opt->lag : X_LAG;
    l->rule_lag = lag * 2 / 3; /* about 20 of the 30 s */
    x_gap_lag(l->gap, lag);
    if (opt->state.n > 0 && !load_state(l, opt->state, &sign, err)) return false;
    l->sign = l->kept_sign = l->kept_seen = i64_min(sign, opt->now);
    l->partial_since = l->sign; /* until it is known what stands at X */
    x_gap_lose(l->gap, opt->now, l->sign,
               opt->state.n > 0 ? "bullfinch was not running" : "bullfinch was starting");
    blind_begin(&l->blind, opt->now);
    l->status = (struct source_status){.state = SOURCE_STARTING, .since = opt->now};
    return true;
}

/* The ledger knows spans by when they begin: not at the very moment of the one of the start. */
void x_wire_was_missing(struct x_wire *l, usec since, usec until, const char *why) {
    x_gap_add(l->gap, since != 0 ? since : l->start + 1, until, why);
}

/* --- the budget ------------------------------------------------------------------------------ */

/* Is there money for as many posts as one page has? Else until when not, and why. A line that was
 * shut is opened only then: for one post at a time it would come and go all day. */
static bool is_worth_it(struct x_wire *l, usec now) {
    char why[WHY_BYTES] = "", block[256];
    usec until = now;
    struct usage none;
    struct arena scratch;
    const int64_t got = x_account_reserve(l->x, now, l->ops->resource, COST_PAGE, &until, why);
    arena_init(&scratch, block, sizeof block);
    if (got > 0) x_account_settle(l->x, now, l->ops->resource, got, NULL, 0, &scratch, &none);
    if (got >= COST_PAGE) return true;
    if (got > 0)
        snprintf(why, sizeof why, "the budget has less left than %d posts cost", COST_PAGE);
    l->out_until = until > now ? until : now + USEC_PER_MIN;
    if (l->phase == X_WIRE_IDLE) stand(l, now, SOURCE_BUDGET, l->out_until, why);
    l->cause.state = SOURCE_BUDGET;
    str_copyz(str_from_z(why), l->cause.why, sizeof l->cause.why);
    return false;
}

static void look_at_budget(struct x_wire *l, usec now) {
    if (now < l->budget_at) return;
    l->budget_at = now + BUDGET_EVERY;
    cost_level level = x_account_level(l->x, now);
    if ((level == COST_OUT || l->out) && !is_worth_it(l, now)) {
        level = COST_OUT;
        l->budget_at = i64_min(l->out_until, now + USEC_PER_MIN);
    }
    if (level == l->level) return;
    l->level = level;
    l->out = level == COST_OUT;
    l->status.narrow = level != COST_FULL;
    l->ops->level(l, now, level);
}

/* --- step ------------------------------------------------------------------------------------ */

static bool shut(struct x_wire *l, struct connector_step *ret) {
    l->phase = X_WIRE_SHUTTING;
    *ret = (struct connector_step){.act = CONNECTOR_SHUT};
    return true;
}

/* Should the open line be given up? */
static bool step_shut(struct x_wire *l, usec now, struct connector_step *ret) {
    if (l->phase != X_WIRE_OPEN) return false;
    if (l->out) return shut(l, ret);
    if (now < l->sign + QUIET_MAX) return false;
    l->cause.state = SOURCE_RETRYING;
    str_copyz(STR("X said nothing for 25 s, not even that it is there: opened anew"), l->cause.why,
              sizeof l->cause.why);
    return shut(l, ret);
}

static bool step_open(struct x_wire *l, usec now, struct connector_step *ret, usec *wait) {
    struct x_verdict why;
    usec until = 0;
    if (l->phase != X_WIRE_IDLE || l->out || !l->ops->ready(l)) return false;
    if (now < l->retry_at) {
        *wait = i64_min(*wait, l->retry_at);
        return false;
    }
    if (!x_account_may(l->x, now, l->ops->endpoint, &until, &why)) {
        *wait = i64_min(*wait, i64_max(until, now + USEC_PER_MS));
        stand(l, now, why.state, until, why.why);
        return false;
    }
    struct buf b;
    buf_init_fixed(&b, l->query, sizeof l->query);
    if (l->ops->fields) {
        buf_put(&b, STR("tweet.fields="));
        url_encode(&b, STR(X_POST_FIELDS), "");
    }
    *ret = (struct connector_step){.act = CONNECTOR_OPEN,
                                   .request = {.method = HTTP_GET,
                                               .path = str_from_z(l->ops->path),
                                               .query = buf_str(&b),
                                               .timeout = OPEN_TIMEOUT}};
    x_account_sign(l->x, ret);
    l->phase = X_WIRE_OPENING;
    l->status.calls++;
    return true;
}

static bool step_call(struct x_wire *l, usec now, struct connector_step *ret, usec *wait) {
    usec until = USEC_NEVER;
    if (l->caller != X_CALLS_NOBODY) return false;
    if (x_account_chore(l->x, now, ret)) {
        l->caller = X_CALLS_CHORE;
    } else if (l->ops->call(l, now, ret, &until)) {
        l->caller = X_CALLS_OWN;
    } else {
        *wait = i64_min(*wait, until);
        if (!x_gap_step(l->gap, now, ret, &until)) {
            *wait = i64_min(*wait, until);
            return false;
        }
        l->caller = X_CALLS_GAP;
    }
    l->status.calls++;
    return true;
}

void x_wire_step(struct connector *c, usec now, struct connector_step *ret) {
    struct x_wire *l = wire_from(c);
    usec wait = now + USEC_PER_MIN; /* chores and the budget have times of their own */
    look_at_budget(l, now);
    if (l->phase == X_WIRE_OPEN) stand_live(l, now);
    if (step_shut(l, now, ret) || step_open(l, now, ret, &wait) || step_call(l, now, ret, &wait))
        return;
    if (l->phase == X_WIRE_OPEN) wait = i64_min(wait, l->sign + QUIET_MAX);
    if (l->out) wait = i64_min(wait, l->out_until);
    *ret = (struct connector_step){.act = CONNECTOR_WAIT, .until = wait};
}

/* --- what happened --------------------------------------------------------------------------- */

void x_wire_answered(struct connector *c, usec now, const struct http_answer *a) {
    struct x_wire *l = wire_from(c);
    const x_wire_caller caller = l->caller;
    l->caller = X_CALLS_NOBODY;
    if (a->end != HTTP_ANSWERED || a->status < 200 || a->status > 299) l->status.failures++;
    if (caller == X_CALLS_CHORE) x_account_chore_done(l->x, now, a);
    if (caller == X_CALLS_OWN) l->ops->answered(l, now, a);
    if (caller == X_CALLS_GAP) x_gap_answered(l->gap, now, a);
}

/* A line that is late says that others were on their way when it went; and while something of ours
 * is missing at X, what it would match is not seen at all. */
static usec seen_to(const struct x_wire *l) {
    const usec seen = l->sign - l->lag;
    return l->partial_since != 0 ? i64_min(seen, l->partial_since) : seen;
}

void x_wire_whole(struct x_wire *l, bool whole, usec good_at) {
    if (whole)
        l->partial_since = 0;
    else if (l->partial_since == 0)
        l->partial_since = good_at;
}

static void note_lag(struct x_wire *l, usec now, const struct post *p) {
    const usec lag = i64_clamp(now - p->created_at, 0, LAG_MAX);
    l->lag = i64_max(lag, l->lag - l->lag / 16);
}

static void heard(struct x_wire *l, usec now) {
    l->sign = now;
    l->status.last_sign_at = now;
    if (now - l->opened_at < HEALTHY) return;
    patience_ok(&l->tcp);
    patience_ok(&l->http);
    patience_ok(&l->slow);
}

void x_wire_opened(struct connector *c, usec now) {
    struct x_wire *l = wire_from(c);
    PRE(l->phase == X_WIRE_OPENING);
    l->phase = X_WIRE_OPEN;
    l->opened_at = now;
    l->cause.why[0] = '\0';
    l->cause.state = SOURCE_RETRYING;
    heard(l, now);
    blind_end(&l->blind, now);
    x_gap_found(l->gap, now);
    stand_live(l, now);
}

void x_wire_line(struct connector *c, usec now, str line) {
    struct x_wire *l = wire_from(c);
    heard(l, now);
    line = str_trim(line);
    if (line.n == 0) return;
    l->line = line;
    l->line_settled = false;
    l->line_at = now;
}

usec x_wire_call_failed(struct x_wire *l, usec now, const struct x_verdict *v, struct patience *p) {
    usec until = v->until > now ? v->until : now + X_RETRY_LONG;
    if (v->again) until = i64_max(patience_failed(p, now, &l->rng), v->until);
    x_wire_stand(l, now, v->state, until, v->why);
    return until;
}

void x_wire_call(struct x_wire *l, http_method m, str path, str query, str body,
                 struct connector_step *ret) {
    *ret = (struct connector_step){.act = CONNECTOR_CALL,
                                   .request = {.method = m,
                                               .path = path,
                                               .query = query,
                                               .body = body,
                                               .json = body.n > 0,
                                               .timeout = CALL_TIMEOUT}};
    x_account_sign(l->x, ret);
}

/* Waits by `p`, but not less than `until`. */
static void wait_for(struct x_wire *l, usec now, struct patience *p, source_state state,
                     const char *why, usec until) {
    l->retry_at = i64_max(patience_failed(p, now, &l->rng), until);
    const bool plain = state == SOURCE_RETRYING;
    stand(l, now, plain && patience_is_open(p) ? SOURCE_BROKEN : state, l->retry_at, why);
}

/* The line was there, and went. */
static void went(struct x_wire *l, usec now, const char *why) {
    const bool crowded = l->cause.state == SOURCE_CONNECTIONS;
    if (l->cause.state == SOURCE_BUDGET) {
        stand(l, now, SOURCE_BUDGET, l->out_until, why);
    } else if (crowded) {
        wait_for(l, now, &l->slow, SOURCE_CONNECTIONS, why, now + SLOW_LEAST);
    } else if (l->sign - l->opened_at >= HEALTHY) {
        l->retry_at = now;
        stand(l, now, SOURCE_RETRYING, now, why);
    } else {
        wait_for(l, now, &l->tcp, SOURCE_RETRYING, why, now);
    }
}

/* It did not come to a line. */
static void was_refused(struct x_wire *l, usec now, const struct http_answer *a,
                        const struct x_verdict *v) {
    l->status.failures++;
    if (a->end == HTTP_ANSWERED && a->status == 409) {
        l->ops->absent(l, now);
        wait_for(l, now, &l->http, SOURCE_RETRYING, v->why, now);
    } else if (a->end != HTTP_ANSWERED) {
        wait_for(l, now, &l->tcp, SOURCE_RETRYING, v->why, now);
    } else if (v->state == SOURCE_LIMITED || v->state == SOURCE_CONNECTIONS) {
        wait_for(l, now, &l->slow, v->state, v->why, i64_max(now + SLOW_LEAST, v->until));
    } else if (v->again || v->fine) {
        wait_for(l, now, &l->http, v->fine ? SOURCE_RETRYING : v->state, v->why, v->until);
    } else {
        l->retry_at = v->until > now ? v->until : now + X_RETRY_LONG;
        stand(l, now, v->state, l->retry_at, v->why);
    }
}

void x_wire_gone(struct connector *c, usec now, const struct http_answer *a) {
    struct x_wire *l = wire_from(c);
    struct x_verdict v;
    const bool was_open = l->phase == X_WIRE_OPEN || l->phase == X_WIRE_SHUTTING;
    l->phase = X_WIRE_IDLE;
    x_verdict_of(now, a, &v);
    if (a->end == HTTP_ANSWERED) x_account_heard(l->x, now, l->ops->endpoint, a, &v);
    if (!was_open) {
        was_refused(l, now, a, &v);
        return;
    }
    const char *why = l->cause.why[0] != '\0'   ? l->cause.why
                      : a->end == HTTP_ANSWERED ? "X ended the stream"
                      : a->why[0] != '\0'       ? a->why
                                                : "the line broke";
    char said[WHY_BYTES];
    str_copyz(str_from_z(why), said, sizeof said);
    if (l->cause.state != SOURCE_BUDGET) l->status.failures++;
    x_gap_lose(l->gap, now, seen_to(l), said);
    blind_begin(&l->blind, now);
    went(l, now, said);
}

/* --- lines ----------------------------------------------------------------------------------- */

/* {"errors":[problem]}: the line will go, and this is why. */
static void take_errors(struct x_wire *l, str line) {
    json_error_t where;
    json_t *root = json_loadb(line.p, (size_t)line.n, 0, &where);
    const json_t *first = json_array_get(json_object_get(root, "errors"), 0);
    const char *title = json_string_value(json_object_get(first, "title"));
    const char *detail = json_string_value(json_object_get(first, "detail"));
    const char *issue = json_string_value(json_object_get(first, "connection_issue"));
    const char *kind = json_string_value(json_object_get(first, "disconnect_type"));
    const str mark = str_from_z(issue ? issue : title ? title : "");
    const bool crowded =
        str_eq(mark, STR("TooManyConnections")) || str_eq(mark, STR("ConnectionException"));
    const char *head = kind ? kind : issue ? issue : title ? title : "an error";
    l->cause.state = crowded ? SOURCE_CONNECTIONS : SOURCE_RETRYING;
    snprintf(l->cause.why, sizeof l->cause.why, "X said %.60s%s%.100s%s", head, detail ? ": " : "",
             detail ? detail : "", crowded ? "; another program streams with this token" : "");
    if (str_utf8_valid(str_from_z(l->cause.why)) == false)
        str_copyz(str_from_z(head), l->cause.why, 60);
    json_decref(root);
}

bool x_wire_post(struct x_wire *l, usec now, struct arena *a, str object, struct post *ret) {
    struct error err;
    if (!x_post_parse(a, object, l->name, now, false, ret, &err)) {
        x_wire_complain(l, err.msg, object);
        return false;
    }
    if (!ret->deleted && x_recent_put(&l->recent, ret->id)) {
        if (l->base.source != NULL) l->base.source->counts.repeated++;
        return false;
    }
    if (ret->username.n == 0) ret->username = x_account_name_of(l->x, ret->author_id);
    return true;
}

static bool take_line(struct x_wire *l, struct arena *a, struct post *ret) {
    struct error err;
    struct arena scratch = *a;
    struct x_member m[] = {{"errors", {0}}, {"data", {0}}};
    str first;
    const str line = l->line;
    l->line = (str){0};
    if (!x_members(&scratch, line, m, COUNT_OF(m), &first, &err)) {
        x_wire_complain(l, err.msg, line);
        return false;
    }
    if (m[0].value.p != NULL && m[1].value.p == NULL) {
        take_errors(l, line);
        return false;
    }
    return l->ops->take(l, l->line_at, a, line, ret);
}

/* --- items ----------------------------------------------------------------------------------- */

static str put_state(struct x_wire *l, struct arena *a) {
    struct buf b;
    buf_init_fixed(&b, l->state_block, sizeof l->state_block);
    buf_printf(&b, "{\"v\":1,\"newest\":%lld,\"newest_at\":%lld,\"sign\":%lld,\"gap\":",
               (long long)l->kept_id, (long long)l->kept_at, (long long)l->kept_seen);
    x_gap_put_state(l->gap, &b);
    buf_put_byte(&b, '}');
    PRE(!buf_full(&b)); /* 16 spans with two sentences each, all of it escaped, fit */
    return str_dup(a, buf_str(&b));
}

/* What was passed on counts as seen from here on. */
static void keep(struct x_wire *l) {
    l->kept_id = l->newest_id;
    l->kept_at = l->newest_at;
    if (l->line.p != NULL) return; /* that line was a later one */
    l->kept_sign = l->sign;
    l->kept_seen = seen_to(l);
}

/* What X bills for a line, before its post: a process that is killed between the two has counted
 * it, and fetches it again for nothing. False: it is billed nothing. */
static bool item_usage(struct x_wire *l, struct arena *a, struct intake *ret) {
    if (l->line.p == NULL || l->line_settled) return false;
    const int64_t id = l->ops->billed(*a, l->line);
    l->line_settled = true;
    if (id <= 0) return false;
    ret->kind = INTAKE_USAGE;
    x_account_settle(l->x, l->line_at, l->ops->resource, 0, &id, 1, a, &ret->u.usage);
    return true;
}

static void count_post(struct x_wire *l, usec now, const struct post *p) {
    l->status.posts++;
    if (p->missed) l->status.missed++;
    l->status.last_post_at = now;
}

static bool item_line(struct x_wire *l, usec now, struct arena *a, struct intake *ret) {
    if (l->line.p == NULL || !take_line(l, a, &ret->post)) return false;
    ret->kind = INTAKE_POST;
    count_post(l, now, &ret->post);
    if (!ret->post.deleted && ret->post.id > l->newest_id) {
        l->newest_id = ret->post.id;
        l->newest_at = ret->post.created_at;
    }
    if (!ret->post.deleted) note_lag(l, l->line_at, &ret->post);
    keep(l);
    ret->state = put_state(l, a);
    return true;
}

static bool item_gap(struct x_wire *l, usec now, struct arena *a, struct intake *ret) {
    if (!x_gap_item(l->gap, now, a, ret, &l->base)) return false;
    if (ret->kind == INTAKE_POST) count_post(l, now, &ret->post);
    ret->state = put_state(l, a);
    return true;
}

bool x_wire_item(struct connector *c, usec now, struct arena *a, struct intake *ret) {
    struct x_wire *l = wire_from(c);
    if (item_usage(l, a, ret) || item_line(l, now, a, ret)) return true;
    if (item_gap(l, now, a, ret)) return true;
    if (x_account_chore_item(l->x, now, a, ret)) return true;
    if (l->sign - l->kept_sign < SIGN_EVERY) return false;
    keep(l);
    ret->kind = INTAKE_NONE;
    ret->state = put_state(l, a);
    return true;
}
