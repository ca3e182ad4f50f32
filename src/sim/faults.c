/* faults: what befalls whom.
 *
 * In: requests, messages and time as they come by. Out: at most one fault each. A plan is a list of
 * rules in the order in which they were written; every rule counts (or draws for) each request that
 * it matches, whether or not an earlier one strikes, so that a rule's numbers mean the same
 * whatever stands beside it; the first that strikes is what happens. Drawing is by one seeded
 * generator: same plan, seed and requests, same faults.
 *
 * A plan is read (faults_parse.c) or drawn (faults_random.c) before there is an exchange, with
 * symbols by name and times from its start; faults_begin ties it to one. One thread. */
#include "sim/faults_int.h"

#include "base/money.h"

static const char *const names[FAULT_COUNT] = {
#define X(name, text) [FAULT_##name] = text,
    FAULT_MAP(X)
#undef X
};

const char *fault_name(fault_kind k) {
    PRE(k >= 0 && k < FAULT_COUNT);
    return names[k];
}

bool fault_from_name(str s, fault_kind *ret) {
    for (int k = 0; k < FAULT_COUNT; k++) {
        if (!str_eq(s, str_from_z(names[k]))) continue;
        *ret = (fault_kind)k;
        return true;
    }
    return false;
}

#define DAY_S 86400
#define REQUEST FAULT_OF_REQUEST
#define MESSAGE FAULT_OF_MESSAGE
#define MOMENT FAULT_OF_EXCHANGE
static const struct fault_terms terms[FAULT_COUNT] = {
    [FAULT_NONE] = {REQUEST | MESSAGE, .unit = FAULT_UNIT_NONE},
    [FAULT_CLOSE_BEFORE] = {REQUEST},
    [FAULT_CLOSE_AFTER] = {REQUEST},
    [FAULT_RESET_AFTER] = {REQUEST},
    [FAULT_TRUNCATE] = {REQUEST},
    [FAULT_TRICKLE] = {REQUEST},
    [FAULT_SILENCE] = {REQUEST},
    [FAULT_SILENCE_BEFORE] = {REQUEST},
    [FAULT_DELAY] = {REQUEST, FAULT_DELAY_REQUIRED},
    [FAULT_LATE_ARRIVAL] = {REQUEST, FAULT_DELAY_REQUIRED},
    [FAULT_HTML_502] = {REQUEST},
    [FAULT_HTML_502_DONE] = {REQUEST, FAULT_DELAY_OPTIONAL},
    [FAULT_HTML_503] = {REQUEST},
    [FAULT_HTML_504_DONE] = {REQUEST, FAULT_DELAY_OPTIONAL},
    [FAULT_HTML_403] = {REQUEST},
    [FAULT_E1007_DONE] = {REQUEST, FAULT_DELAY_OPTIONAL},
    [FAULT_E1007_NOT] = {REQUEST},
    [FAULT_E1006_DONE] = {REQUEST, FAULT_DELAY_OPTIONAL},
    [FAULT_E1006_NOT] = {REQUEST},
    [FAULT_E1000_DONE] = {REQUEST, FAULT_DELAY_OPTIONAL},
    [FAULT_E1000_NOT] = {REQUEST},
    [FAULT_E1001] = {REQUEST},
    [FAULT_E1008] = {REQUEST},
    [FAULT_E1021_AHEAD] = {REQUEST},
    [FAULT_E1021_BEHIND] = {REQUEST},
    [FAULT_RATE_429] = {REQUEST, FAULT_DELAY_NONE, FAULT_UNIT_S, 1, DAY_S},
    [FAULT_BAN_418] = {REQUEST, FAULT_DELAY_NONE, FAULT_UNIT_S, 1, 3 * DAY_S},
    [FAULT_ORDERS_429] = {REQUEST, FAULT_DELAY_NONE, FAULT_UNIT_S, 1, DAY_S},
    [FAULT_LOOKUP_LAG] = {REQUEST, FAULT_DELAY_REQUIRED},
    [FAULT_PARTIAL] = {REQUEST, FAULT_DELAY_NONE, FAULT_UNIT_SHARE, 0, E8 - 1},
    [FAULT_PRICE_RANGE] = {REQUEST},
    [FAULT_LEG_REFUSED] = {REQUEST},
    [FAULT_STREAM_CUT] = {MESSAGE | MOMENT},
    [FAULT_STREAM_GAP] = {MESSAGE},
    [FAULT_STREAM_DOUBLE] = {MESSAGE},
    [FAULT_STREAM_SWAP] = {MESSAGE, FAULT_DELAY_REQUIRED},
    [FAULT_STREAM_MUTE] = {MESSAGE | MOMENT, FAULT_DELAY_REQUIRED},
    [FAULT_SHUTDOWN] = {MESSAGE | MOMENT, FAULT_DELAY_REQUIRED},
    [FAULT_CLOCK_JUMP] = {MOMENT, FAULT_DELAY_NONE, FAULT_UNIT_US, -DAY_S *USEC_PER_S,
                          DAY_S *USEC_PER_S},
    [FAULT_FILTER_CHANGE] = {MOMENT, FAULT_DELAY_OPTIONAL, FAULT_UNIT_FACTOR, 2, 1000},
    [FAULT_SYMBOL_HALT] = {MOMENT, FAULT_DELAY_OPTIONAL},
    [FAULT_CANCEL_ONLY] = {MOMENT, FAULT_DELAY_OPTIONAL},
    [FAULT_MONTHLY_RESET] = {MOMENT},
    [FAULT_X_CREDITS] = {REQUEST},
    [FAULT_X_SPEND_CAP] = {REQUEST},
    [FAULT_X_USAGE_CAP] = {REQUEST},
    [FAULT_X_UNAUTHORIZED] = {REQUEST},
    [FAULT_X_FORBIDDEN] = {REQUEST},
    [FAULT_X_CONNECTIONS] = {REQUEST},
    [FAULT_X_PARTIAL] = {REQUEST},
    [FAULT_X_DISCONNECT] = {MESSAGE | MOMENT},
    [FAULT_PRICE_GAP] = {MOMENT, FAULT_DELAY_NONE, FAULT_UNIT_SHARE, -E8 * 9 / 10, 9 * E8},
};

const struct fault_terms *fault_terms(fault_kind k) {
    PRE(k >= 0 && k < FAULT_COUNT);
    return &terms[k];
}

/* --- ties to an exchange ------------------------------------------------------------------- */

static bool bind_symbol(const struct symbols *symbols, const char *name, int *ret_sym,
                        struct error *err) {
    if (name[0] == 0) {
        *ret_sym = SYM_NONE;
        return true;
    }
    const int sym = symbols_find(symbols, str_from_z(name));
    if (sym == SYM_NONE) {
        return fail(err, ERR_NOT_FOUND, 0,
                    "fault plan: the symbol %s is not listed: name one of the exchange's pairs",
                    name);
    }
    *ret_sym = sym;
    return true;
}

/* start: 0 where times are absolute. */
static usec after(usec start, usec t) { return t > USEC_NEVER - start ? USEC_NEVER : start + t; }

static bool bind_rules(struct fault_rule *v, int count, const struct symbols *symbols, usec start,
                       struct error *err) {
    for (int i = 0; i < count; i++) {
        if (!bind_symbol(symbols, v[i].symbol, &v[i].fault.sym, err)) return false;
        v[i].from = after(start, v[i].from);
        v[i].until = after(start, v[i].until);
    }
    return true;
}

bool faults_begin(struct faults *f, const struct symbols *symbols, usec start, struct error *err) {
    PRE(f->symbols == NULL);
    if (f->absolute) start = 0;
    if (!bind_rules(f->rules, f->rule_count, symbols, start, err) ||
        !bind_rules(f->streams, f->stream_count, symbols, start, err))
        return false;
    for (int i = 0; i < f->moment_count; i++) {
        struct fault_moment *m = &f->moments[i];
        if (!bind_symbol(symbols, m->symbol, &m->fault.sym, err)) return false;
        m->at = after(start, m->at);
    }
    f->symbols = symbols;
    return true;
}

bool faults_is_begun(const struct faults *f) { return f->symbols != NULL; }

/* --- what befalls whom --------------------------------------------------------------------- */

static bool text_matches(str pattern, str s) {
    if (pattern.n == 0) return true;
    if (pattern.p[pattern.n - 1] == '*') return str_starts(s, str_head(pattern, pattern.n - 1));
    return str_eq(pattern, s);
}

/* Counts or draws; called for each match, in the order of the plan. */
static bool strikes(struct faults *f, struct fault_rule *r) {
    if (r->is_chance) return (int64_t)rng_below(&f->rng, 1000000) < r->percent_e4;
    r->seen++;
    return r->seen >= r->nth && (r->times == FAULT_ALWAYS || r->seen - r->nth < r->times);
}

static struct fault none(void) { return (struct fault){.sym = SYM_NONE}; }

static struct fault fault_of(struct faults *f, usec now, str method, str path) {
    struct fault ret = none();
    for (int i = 0; i < f->rule_count; i++) {
        struct fault_rule *r = &f->rules[i];
        if (now < r->from || now >= r->until) continue;
        if (!text_matches(r->method, method) || !text_matches(r->path, path)) continue;
        if (strikes(f, r) && ret.kind == FAULT_NONE) ret = r->fault;
    }
    return ret;
}

bool faults_of_request(struct faults *f, usec now, str method, str path, str named,
                       struct fault *ret, struct error *err) {
    PRE(f->symbols != NULL);
    if (named.n > 0) return fault_parse(f->symbols, named, ret, err);
    *ret = fault_of(f, now, method, path);
    return true;
}

struct fault faults_of_message(struct faults *f, usec now, bool user_data) {
    PRE(f->symbols != NULL);
    struct fault ret = none();
    for (int i = 0; i < f->stream_count; i++) {
        struct fault_rule *r = &f->streams[i];
        if (now < r->from || now >= r->until) continue;
        if (r->stream == (user_data ? FAULT_STREAM_MARKET : FAULT_STREAM_USER)) continue;
        if (strikes(f, r) && ret.kind == FAULT_NONE) ret = r->fault;
    }
    return ret;
}

bool faults_due(struct faults *f, usec now, struct fault *ret) {
    PRE(f->symbols != NULL);
    if (f->moment_next == f->moment_count || f->moments[f->moment_next].at > now) return false;
    *ret = f->moments[f->moment_next++].fault;
    return true;
}

usec faults_next(const struct faults *f) {
    PRE(f->symbols != NULL);
    return f->moment_next == f->moment_count ? USEC_NEVER : f->moments[f->moment_next].at;
}

const struct fault_answers *faults_answers(const struct faults *f) { return &f->answers; }
