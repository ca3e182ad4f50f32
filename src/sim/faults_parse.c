/* faults_parse: a fault plan as JSON, and the header X-Sim-Fault. docs/sim.md has the format.
 *
 * In: bytes of a user's file, or of a header. Out: a plan, or an error that names the place
 * ("rules[2].delay_ms"), what is wrong there and what would be right. Strict: a member that is not
 * known, a fault that cannot happen at this place, an amount out of its range are errors, as a plan
 * that silently does less than it says is worse than none. */
#include "sim/faults_int.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/money.h"

#define DELAY_MS_MAX (10 * 60 * 1000)
#define AFTER_S_MAX (400 * 86400)
#define COUNT_MAX 1000000000

/* --- kinds and their numbers --------------------------------------------------------------- */

static bool kind_parse(str name, uint32_t place, fault_kind *ret, struct error *err) {
    if (!fault_from_name(name, ret)) {
        return fail(err, ERR_PARSE, 0,
                    "\"" STR_FMT "\" is no fault; docs/sim.md lists them, close_after for one",
                    STR_ARG(str_head(name, 40)));
    }
    if ((fault_terms(*ret)->places & place) != 0) return true;
    const char *where = place == FAULT_OF_REQUEST   ? "a request (rules, chances, X-Sim-Fault)"
                        : place == FAULT_OF_MESSAGE ? "a message (streams)"
                                                    : "the exchange at a moment (at)";
    return fail(err, ERR_PARSE, 0, "%s cannot befall %s", fault_name(*ret), where);
}

static bool delay_set(struct fault *f, bool given, int64_t ms, struct error *err) {
    const fault_delay terms = fault_terms(f->kind)->delay;
    if (given && terms == FAULT_DELAY_NONE)
        return fail(err, ERR_PARSE, 0, "%s takes no delay_ms", fault_name(f->kind));
    if (!given && terms == FAULT_DELAY_REQUIRED)
        return fail(err, ERR_PARSE, 0, "%s needs delay_ms", fault_name(f->kind));
    if (given && (ms < 0 || ms > DELAY_MS_MAX))
        return fail(err, ERR_RANGE, 0, "delay_ms is from 0 to %d", DELAY_MS_MAX);
    f->delay = given ? ms * USEC_PER_MS : 0;
    return true;
}

/* e8: what the plan says, in 1e-8. */
static bool amount_set(struct fault *f, bool given, int64_t e8, struct error *err) {
    const struct fault_terms *t = fault_terms(f->kind);
    static const int64_t unit_e8[] = {[FAULT_UNIT_SHARE] = 1,
                                      [FAULT_UNIT_S] = E8,
                                      [FAULT_UNIT_US] = E8 / USEC_PER_S,
                                      [FAULT_UNIT_FACTOR] = E8};
    static const char *const texts[] = {
        [FAULT_UNIT_SHARE] = "a share such as 0.25",
        [FAULT_UNIT_S] = "whole seconds",
        [FAULT_UNIT_US] = "seconds with at most 6 decimals",
        [FAULT_UNIT_FACTOR] = "a whole factor",
    };
    if (t->unit == FAULT_UNIT_NONE) {
        if (!given) return true;
        return fail(err, ERR_PARSE, 0, "%s takes no amount", fault_name(f->kind));
    }
    if (!given)
        return fail(err, ERR_PARSE, 0, "%s needs an amount: %s", fault_name(f->kind),
                    texts[t->unit]);
    const int64_t one = unit_e8[t->unit];
    if (e8 % one != 0 || e8 / one < t->lo || e8 / one > t->hi) {
        char lo[AMOUNT_TEXT_BYTES], hi[AMOUNT_TEXT_BYTES];
        amount_format_e8(t->lo * one, lo);
        amount_format_e8(t->hi * one, hi);
        return fail(err, ERR_RANGE, 0, "the amount of %s is %s, from %s to %s", fault_name(f->kind),
                    texts[t->unit], lo, hi);
    }
    f->amount = e8 / one;
    return true;
}

/* --- X-Sim-Fault --------------------------------------------------------------------------- */

struct named {
    bool has_delay, has_amount, has_symbol;
    int64_t delay_ms, amount_e8;
    str symbol;
};

static bool named_part(str part, struct named *n, struct error *err) {
    str rest = part, name = {0};
    IGNORE(str_cut(&rest, '=', &name), "a part without = is refused below");
    name = str_trim(name);
    const str value = str_trim(rest);
    if (str_eq(name, STR("delay_ms")) && !n->has_delay) {
        n->has_delay = true;
        if (str_to_i64(value, &n->delay_ms)) return true;
    } else if (str_eq(name, STR("amount")) && !n->has_amount) {
        n->has_amount = true;
        if (amount_parse_e8(value, &n->amount_e8)) return true;
    } else if (str_eq(name, STR("symbol")) && !n->has_symbol) {
        n->has_symbol = true;
        n->symbol = value;
        if (value.n > 0) return true;
    }
    return fail(err, ERR_PARSE, 0,
                "\"" STR_FMT "\" is not one of delay_ms=NUMBER, amount=NUMBER, symbol=NAME, each "
                "once",
                STR_ARG(str_head(part, 40)));
}

/* place: of what it may befall. */
static bool named_parse(const struct symbols *symbols, str text, uint32_t place, struct fault *ret,
                        struct error *err) {
    struct fault f = {.sym = SYM_NONE};
    struct named n = {0};
    str rest = text, part;
    if (!str_cut(&rest, ';', &part)) return fail(err, ERR_PARSE, 0, "names no fault");
    if (!kind_parse(str_trim(part), place, &f.kind, err)) return false;
    while (str_cut(&rest, ';', &part)) {
        if (!named_part(part, &n, err)) return false;
    }
    if (!delay_set(&f, n.has_delay, n.delay_ms, err)) return false;
    if (!amount_set(&f, n.has_amount, n.amount_e8, err)) return false;
    if (n.has_symbol) {
        f.sym = symbols_find(symbols, n.symbol);
        if (f.sym == SYM_NONE)
            return fail(err, ERR_NOT_FOUND, 0, "the symbol " STR_FMT " is not listed",
                        STR_ARG(str_head(n.symbol, 40)));
    }
    *ret = f;
    return true;
}

bool fault_parse(const struct symbols *symbols, str text, struct fault *ret, struct error *err) {
    return named_parse(symbols, text, FAULT_OF_REQUEST, ret, err) || fail_in(err, "X-Sim-Fault");
}

bool fault_parse_moment(const struct symbols *symbols, str text, struct fault *ret,
                        struct error *err) {
    return named_parse(symbols, text, FAULT_OF_EXCHANGE, ret, err);
}

/* --- members ------------------------------------------------------------------------------- */

/* One JSON object on its way into a rule: where it stands, and who wants which members. */
struct object {
    const json_t *json;
    struct arena *mem;
    int read; /* members that were asked for and are there */
};

static const json_t *member(struct object *o, const char *name) {
    const json_t *v = json_object_get(o->json, name);
    o->read += v != NULL;
    return v;
}

static bool get_text(struct object *o, const char *name, str *ret, struct error *err) {
    const json_t *v = member(o, name);
    if (v == NULL) return true;
    if (!json_is_string(v) || json_string_length(v) == 0)
        return fail(err, ERR_PARSE, 0, "%s is a text that is not empty", name);
    *ret = str_dup(o->mem, json_str(v));
    return true;
}

static bool get_whole(struct object *o, const char *name, int64_t lo, int64_t hi, int64_t *ret,
                      struct error *err) {
    const json_t *v = member(o, name);
    if (v == NULL) return true;
    if (!json_is_integer(v) || json_integer_value(v) < lo || json_integer_value(v) > hi)
        return fail(err, json_is_integer(v) ? ERR_RANGE : ERR_PARSE, 0,
                    "%s is a whole number from %lld to %lld", name, (long long)lo, (long long)hi);
    *ret = json_integer_value(v);
    return true;
}

/* A JSON number in 1e-8, by way of its decimal text: what is finer is rounded. */
static bool number_e8(const json_t *v, int64_t *ret) {
    char text[64];
    if (json_is_integer(v)) {
        const json_int_t n = json_integer_value(v);
        if (n > AMOUNT_E8_MAX / E8 || n < -(AMOUNT_E8_MAX / E8)) return false;
        *ret = n * E8;
        return true;
    }
    if (!json_is_real(v)) return false;
    const double d = json_real_value(v);
    if (!(d < 1e9 && d > -1e9)) return false;
    snprintf(text, sizeof text, "%.8f", d);
    return amount_parse_e8(str_from_z(text), ret);
}

static bool get_number(struct object *o, const char *name, bool *ret_given, int64_t *ret_e8,
                       struct error *err) {
    const json_t *v = member(o, name);
    if (v == NULL) return true;
    if (!number_e8(v, ret_e8)) return fail(err, ERR_PARSE, 0, "%s is a number", name);
    *ret_given = true;
    return true;
}

static bool get_seconds(struct object *o, const char *name, usec *ret, struct error *err) {
    bool given = false;
    int64_t e8 = 0;
    if (!get_number(o, name, &given, &e8, err)) return false;
    if (!given) return true;
    if (e8 < 0 || e8 / E8 > AFTER_S_MAX)
        return fail(err, ERR_RANGE, 0, "%s is seconds from 0 to %d", name, AFTER_S_MAX);
    *ret = e8 / (E8 / USEC_PER_S);
    return true;
}

static bool is_word_of(str words, str name) {
    str word;
    while (str_cut(&words, ' ', &word)) {
        if (str_eq(word, name)) return true;
    }
    return false;
}

/* What was not read by then is not known here. known: names with blanks between. */
static bool nothing_else(const struct object *o, const char *known, struct error *err) {
    if (o->read == (int)json_object_size(o->json)) return true;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)o->json, key, v) {
        if (is_word_of(str_from_z(known), str_from_z(key))) continue;
        return fail(err, ERR_PARSE, 0, "\"%.40s\" is not known here; members are: %s", key, known);
    }
    WRONG("a member that is known was not read");
}

/* --- objects ------------------------------------------------------------------------------- */

static bool parse_fault(struct object *o, uint32_t place, struct fault *ret, char *ret_symbol,
                        struct error *err) {
    struct fault f = {.sym = SYM_NONE};
    str name = {0}, symbol = {0};
    int64_t delay_ms = -1, amount = 0;
    bool has_amount = false;
    if (!get_text(o, "fault", &name, err)) return false;
    if (name.n == 0) return fail(err, ERR_PARSE, 0, "\"fault\" is missing");
    if (!kind_parse(name, place, &f.kind, err)) return false;
    if (f.kind == FAULT_NONE)
        return fail(err, ERR_PARSE, 0, "none does nothing; leave the entry away");
    if (!get_whole(o, "delay_ms", 0, DELAY_MS_MAX, &delay_ms, err) ||
        !delay_set(&f, delay_ms >= 0, delay_ms, err) ||
        !get_number(o, "amount", &has_amount, &amount, err) ||
        !amount_set(&f, has_amount, amount, err) || !get_text(o, "symbol", &symbol, err))
        return false;
    if (!str_copyz(symbol, ret_symbol, SYMBOL_BYTES))
        return fail(err, ERR_RANGE, 0, "symbol has at most %d bytes", SYMBOL_BYTES - 1);
    *ret = f;
    return true;
}

static bool parse_percent(struct object *o, struct fault_rule *r, struct error *err) {
    bool given = false;
    int64_t e8 = 0;
    if (!get_number(o, "percent", &given, &e8, err)) return false;
    if (given && (e8 < 0 || e8 > 100 * E8))
        return fail(err, ERR_RANGE, 0, "percent is from 0 to 100, with at most 4 decimals");
    r->is_chance = given;
    r->percent_e4 = e8 / (E8 / 10000);
    return true;
}

static bool parse_counts(struct object *o, struct fault_rule *r, struct error *err) {
    r->nth = 1;
    r->times = 1;
    const bool counted = json_object_get(o->json, "nth") || json_object_get(o->json, "times");
    if (counted && r->is_chance)
        return fail(err, ERR_PARSE, 0, "percent and nth or times exclude each other");
    if (!get_whole(o, "nth", 1, COUNT_MAX, &r->nth, err) ||
        !get_whole(o, "times", 0, COUNT_MAX, &r->times, err))
        return false;
    if (r->times == 0) r->times = FAULT_ALWAYS;
    return true;
}

static bool parse_window(struct object *o, struct fault_rule *r, struct error *err) {
    r->from = 0;
    r->until = USEC_NEVER;
    if (!get_seconds(o, "from_s", &r->from, err) || !get_seconds(o, "until_s", &r->until, err))
        return false;
    if (r->from >= r->until) return fail(err, ERR_RANGE, 0, "until_s is not behind from_s");
    return true;
}

static bool parse_request_rule(struct object *o, bool chance, struct fault_rule *r,
                               struct error *err) {
    if (!parse_fault(o, FAULT_OF_REQUEST, &r->fault, r->symbol, err) ||
        !get_text(o, "method", &r->method, err) || !get_text(o, "path", &r->path, err) ||
        !parse_window(o, r, err))
        return false;
    if (r->path.n > 0 && r->path.p[0] != '/')
        return fail(err, ERR_PARSE, 0, "path begins with /, as /api/v3/order");
    if (chance) {
        if (!parse_percent(o, r, err)) return false;
        if (!r->is_chance) return fail(err, ERR_PARSE, 0, "\"percent\" is missing");
        return nothing_else(o, "method path fault percent delay_ms amount symbol from_s until_s",
                            err);
    }
    return parse_counts(o, r, err) &&
           nothing_else(o, "method path nth times fault delay_ms amount symbol from_s until_s",
                        err);
}

static bool parse_rule(struct object *o, void *out, struct error *err) {
    return parse_request_rule(o, false, out, err);
}

static bool parse_chance(struct object *o, void *out, struct error *err) {
    return parse_request_rule(o, true, out, err);
}

static bool parse_stream(struct object *o, void *out, struct error *err) {
    struct fault_rule *r = out;
    str of = {0};
    if (!parse_fault(o, FAULT_OF_MESSAGE, &r->fault, r->symbol, err) ||
        !get_text(o, "of", &of, err) || !parse_window(o, r, err) || !parse_percent(o, r, err) ||
        !parse_counts(o, r, err))
        return false;
    if (of.n > 0 && !str_eq(of, STR("user")) && !str_eq(of, STR("market")))
        return fail(err, ERR_PARSE, 0, "of is user or market; without it both");
    if (of.n > 0) r->stream = str_eq(of, STR("user")) ? FAULT_STREAM_USER : FAULT_STREAM_MARKET;
    return nothing_else(o, "of nth times percent fault delay_ms amount symbol from_s until_s", err);
}

static bool parse_moment(struct object *o, void *out, struct error *err) {
    struct fault_moment *m = out;
    m->at = -1;
    if (!parse_fault(o, FAULT_OF_EXCHANGE, &m->fault, m->symbol, err) ||
        !get_seconds(o, "after_s", &m->at, err))
        return false;
    if (m->at < 0) return fail(err, ERR_PARSE, 0, "\"after_s\" is missing");
    return nothing_else(o, "after_s fault delay_ms amount symbol", err);
}

/* --- the whole ----------------------------------------------------------------------------- */

typedef bool (*parser)(struct object *o, void *out, struct error *err);

static bool parse_list(struct object *plan, const char *name, parser parse, ptrdiff_t bytes,
                       char *out, int *ret_count, struct error *err) {
    const json_t *list = member(plan, name);
    if (list == NULL) return true;
    if (!json_is_array(list)) return fail(err, ERR_PARSE, 0, "%s is a list", name);
    if (json_array_size(list) > FAULT_RULES_MAX)
        return fail(err, ERR_LIMIT, 0, "%s has at most %d entries", name, FAULT_RULES_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct object o = {.json = json_array_get(list, i), .mem = plan->mem};
        if (!json_is_object(o.json)) {
            return fail(err, ERR_PARSE, 0, "%s[%zu] is an object: {\"fault\": ...}", name, i);
        }
        if (!parse(&o, out + (ptrdiff_t)i * bytes, err)) return fail_in(err, "%s[%zu]", name, i);
    }
    *ret_count = (int)json_array_size(list);
    return true;
}

static bool parse_answers(struct object *plan, struct fault_answers *ret, struct error *err) {
    struct object o = {.json = member(plan, "answers"), .mem = plan->mem};
    if (o.json == NULL) return true;
    if (!json_is_object(o.json)) return fail(err, ERR_PARSE, 0, "answers is an object");
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"locks_pending_funds", &ret->locks_pending_funds},
        {"legs_reversed", &ret->legs_reversed},
        {"ended_lists_count", &ret->ended_lists_count},
        {"oldest_of_reused_id", &ret->oldest_of_reused_id},
        {"filters_bind_triggered", &ret->filters_bind_triggered},
        {"partial_keeps_stop", &ret->partial_keeps_stop},
        {"bad_key_is_400", &ret->bad_key_is_400},
    };
    for (int i = 0; i < COUNT_OF(flags); i++) {
        const json_t *v = member(&o, flags[i].name);
        if (v == NULL) continue;
        if (!json_is_boolean(v))
            return fail(err, ERR_PARSE, 0, "answers: %s is true or false", flags[i].name);
        *flags[i].flag = json_is_true(v);
    }
    return nothing_else(&o,
                        "locks_pending_funds legs_reversed ended_lists_count oldest_of_reused_id "
                        "filters_bind_triggered partial_keeps_stop bad_key_is_400",
                        err) ||
           fail_in(err, "answers");
}

static int by_time(const void *a, const void *b) {
    const struct fault_moment *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Entries of one moment keep their order: glibc's qsort may not. */
static void sort_moments(struct fault_moment *v, int count) {
    for (int n = 1; n < count; n++) {
        const struct fault_moment m = v[n];
        int i = n;
        for (; i > 0 && by_time(&v[i - 1], &m) > 0; i--) v[i] = v[i - 1];
        v[i] = m;
    }
}

static bool parse_plan(struct object *plan, struct faults *f, struct error *err) {
    int chances = 0;
    struct arena *a = plan->mem;
    f->rules = NEW_ARRAY(a, struct fault_rule, 2 * FAULT_RULES_MAX);
    f->streams = NEW_ARRAY(a, struct fault_rule, FAULT_RULES_MAX);
    f->moments = NEW_ARRAY(a, struct fault_moment, FAULT_RULES_MAX);
    if (!parse_list(plan, "rules", parse_rule, sizeof *f->rules, (char *)f->rules, &f->rule_count,
                    err) ||
        !parse_list(plan, "chances", parse_chance, sizeof *f->rules,
                    (char *)(f->rules + f->rule_count), &chances, err) ||
        !parse_list(plan, "streams", parse_stream, sizeof *f->streams, (char *)f->streams,
                    &f->stream_count, err) ||
        !parse_list(plan, "at", parse_moment, sizeof *f->moments, (char *)f->moments,
                    &f->moment_count, err) ||
        !parse_answers(plan, &f->answers, err))
        return false;
    f->rule_count += chances;
    sort_moments(f->moments, f->moment_count);
    return nothing_else(plan, "rules chances at streams answers", err);
}

bool faults_parse(struct arena *a, str text, uint64_t seed, struct faults **ret,
                  struct error *err) {
    json_error_t at;
    struct faults *f = NEW(a, struct faults);
    bool ok = false;
    json_t *json =
        json_loadb(text.p != NULL ? text.p : "", (size_t)text.n, JSON_REJECT_DUPLICATES, &at);
    struct object plan = {.json = json, .mem = a};
    rng_init(&f->rng, seed);
    if (json == NULL) {
        IGNORE(fail(err, ERR_PARSE, 0, "line %d: %s", at.line, at.text), "told below");
        goto out;
    }
    if (!json_is_object(json)) {
        IGNORE(fail(err, ERR_PARSE, 0, "is an object: {\"rules\": [...]}"), "told below");
        goto out;
    }
    ok = parse_plan(&plan, f, err);
out:
    json_decref(json);
    json = NULL;
    if (!ok) return fail_in(err, "fault plan");
    *ret = f;
    return true;
}
