/* x_face_rules: the rules of the filtered stream.
 *
 * In: JSON bodies that add or delete, and posts to be matched. Out: what X says of each rule, and
 * the rules that a post matches. A rule is known by its id; a value that is there already is a
 * duplicate; one that is no query is invalid; both leave the others alone. Changes hold at once (at
 * X within seconds). Each rule's memory is a block of its own. One thread. */
#include "sim/x_face_int.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/json.h"
#include "sim/sim_int.h"

#define RULE_BYTES (1 << 18)
#define RULE_ID_FIRST INT64_C(1900000000000000000)

struct x_rule {
    int64_t id;
    str value, tag;
    struct x_query *query;
    struct arena mem;
};

void x_rules_fini(struct x_face *x) {
    for (int i = 0; i < x->rule_count; i++) arena_close(&x->rules[i].mem);
    free(x->rules);
    x->rules = NULL;
    x->rule_count = 0;
}

bool x_rules_match(struct x_face *x, const struct x_item *item, struct buf *out) {
    bool any = false;
    for (int i = 0; i < x->rule_count; i++) {
        const struct x_rule *r = &x->rules[i];
        if (!x_query_matches(x, r->query, item)) continue;
        if (any) buf_put(out, STR(","));
        any = true;
        buf_put(out, STR("{"));
        sim_put_key(out, "id");
        x_put_id(out, r->id);
        if (r->tag.n > 0) {
            sim_put_key(out, "tag");
            buf_put_json_str(out, r->tag);
        }
        buf_put(out, STR("}"));
    }
    return any;
}

static void put_sent(struct x_call *c) {
    sim_put_key(c->out, "meta");
    buf_put(c->out, STR("{\"sent\":"));
    x_put_time(c->out, c->x->now);
}

static void put_rule(struct buf *out, int64_t id, str value, str tag) {
    buf_put(out, STR("{"));
    sim_put_key(out, "id");
    x_put_id(out, id);
    sim_put_key(out, "value");
    buf_put_json_str(out, value);
    if (tag.n > 0) {
        sim_put_key(out, "tag");
        buf_put_json_str(out, tag);
    }
    buf_put(out, STR("}"));
}

/* --- reading -----------------------------------------------------------------------------------
 */

static bool is_wanted(str list, int64_t id) {
    str one;
    int64_t v;
    while (str_cut(&list, ',', &one))
        if (str_to_i64(one, &v) && v == id) return true;
    return false;
}

void x_do_rules_get(struct x_call *c) {
    str ids = {0}, unused;
    int64_t most = X_RULES_MAX;
    int count = 0;
    IGNORE(x_param(c, "pagination_token", &unused), "all fit a page");
    const bool some = x_param(c, "ids", &ids);
    if (!x_param_i64(c, "max_results", 1, X_RULES_MAX, &most) || !x_params_done(c)) return;
    buf_put(c->out, STR("{"));
    for (int i = 0; i < c->x->rule_count && count < most; i++) {
        const struct x_rule *r = &c->x->rules[i];
        if (some && !is_wanted(ids, r->id)) continue;
        if (count == 0) sim_put_key(c->out, "data");
        buf_put(c->out, count == 0 ? STR("[") : STR(","));
        count++;
        put_rule(c->out, r->id, r->value, r->tag);
    }
    if (count > 0) buf_put(c->out, STR("]"));
    put_sent(c);
    sim_put_int(c->out, "result_count", count);
    buf_put(c->out, STR("}}"));
}

/* --- adding ------------------------------------------------------------------------------------
 */

struct adding {
    struct x_call *c;
    struct buf data, errors;
    int created, invalid, duplicates;
    bool dry;
};

static void put_error(struct adding *a, str value, const char *type, const char *title,
                      const char *detail, int64_t id) {
    struct buf *b = &a->errors;
    if (b->len > 0) buf_put(b, STR(","));
    buf_put(b, STR("{"));
    sim_put_key(b, "value");
    buf_put_json_str(b, value);
    if (id > 0) {
        sim_put_key(b, "id");
        x_put_id(b, id);
    }
    if (detail) {
        sim_put_key(b, "details");
        buf_put(b, STR("["));
        buf_put_json_str(b, str_from_z(detail));
        buf_put(b, STR("]"));
    }
    sim_put_text(b, "title", title);
    sim_put_key(b, "type");
    buf_printf(b, "\"https://api.twitter.com/2/problems/%s\"}", type);
}

static const struct x_rule *rule_of_value(const struct x_face *x, str value) {
    for (int i = 0; i < x->rule_count; i++)
        if (str_eq(x->rules[i].value, value)) return &x->rules[i];
    return NULL;
}

/* Keeps the rule; it is known to be one. */
static void rule_put(struct x_face *x, int64_t id, str value, str tag) {
    struct error err;
    if (!x->rules) x->rules = calloc(X_RULES_MAX, sizeof *x->rules);
    PRE(x->rules != NULL);
    struct x_rule *r = &x->rules[x->rule_count++];
    *r = (struct x_rule){.id = id};
    arena_open(&r->mem, RULE_BYTES);
    r->value = str_dup(&r->mem, value);
    r->tag = str_dup(&r->mem, tag);
    if (!x_query_parse(&r->mem, r->value, true, &r->query, &err)) WRONG("it was read before");
}

static void add_one(struct adding *a, const json_t *rule) {
    struct x_face *x = a->c->x;
    struct x_query *q;
    struct error err;
    const str value = json_str_at(rule, "value");
    const str tag = json_str_at(rule, "tag");
    const struct x_rule *same = rule_of_value(x, value);
    if (value.n == 0 || x_char_count(value) > X_RULE_CHARS || tag.n > 4 * X_RULE_CHARS) {
        a->invalid++;
        put_error(a, value, "invalid-rules", "Invalid Rule",
                  "a rule has 1 to 1024 characters, and its tag is no longer", 0);
    } else if (same) {
        a->duplicates++;
        put_error(a, value, "duplicate-rules", "DuplicateRule", NULL, same->id);
    } else if (!x_query_parse(&x->scratch, value, true, &q, &err)) {
        a->invalid++;
        put_error(a, value, "invalid-rules", "UnprocessableEntity", err.msg, 0);
    } else if (x->rule_count >= X_RULES_MAX) {
        a->invalid++;
        put_error(a, value, "rule-cap", "RuleCapExceeded", "there are 1000 rules", 0);
    } else {
        const int64_t id = RULE_ID_FIRST + ++x->rules_made;
        if (a->data.len > 0) buf_put(&a->data, STR(","));
        put_rule(&a->data, id, value, tag);
        a->created++;
        if (!a->dry) rule_put(x, id, value, tag);
    }
}

static void add(struct x_call *c, const json_t *list, bool dry) {
    struct adding a = {.c = c, .dry = dry};
    buf_init(&a.data, 8 << 20);
    buf_init(&a.errors, 8 << 20);
    for (size_t i = 0; i < json_array_size(list); i++) add_one(&a, json_array_get(list, i));
    c->ret->status = a.created > 0 ? 201 : 200;
    buf_put(c->out, STR("{"));
    if (a.created > 0) {
        sim_put_key(c->out, "data");
        buf_put(c->out, STR("["));
        buf_put(c->out, buf_str(&a.data));
        buf_put(c->out, STR("]"));
    }
    put_sent(c);
    sim_put_key(c->out, "summary");
    buf_printf(c->out, "{\"created\":%d,\"not_created\":%d,\"valid\":%d,\"invalid\":%d}}",
               a.created, a.invalid + a.duplicates, a.created + a.duplicates, a.invalid);
    if (a.errors.len > 0) {
        sim_put_key(c->out, "errors");
        buf_put(c->out, STR("["));
        buf_put(c->out, buf_str(&a.errors));
        buf_put(c->out, STR("]"));
    }
    buf_put(c->out, STR("}"));
    buf_fini(&a.data);
    buf_fini(&a.errors);
}

/* --- deleting ----------------------------------------------------------------------------------
 */

static void rule_drop(struct x_face *x, int at) {
    arena_close(&x->rules[at].mem);
    x->rule_count--;
    memmove(x->rules + at, x->rules + at + 1, (size_t)(x->rule_count - at) * sizeof *x->rules);
}

static bool is_named(const struct x_rule *r, const json_t *ids, const json_t *values) {
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *v = json_array_get(ids, i);
        int64_t id = json_is_integer(v) ? json_integer_value(v) : 0;
        if (json_is_string(v) && !str_to_i64(json_str(v), &id)) id = 0;
        if (id == r->id) return true;
    }
    for (size_t i = 0; i < json_array_size(values); i++)
        if (str_eq(json_str(json_array_get(values, i)), r->value)) return true;
    return false;
}

/* all: whatever is named. */
static void drop(struct x_call *c, const json_t *ids, const json_t *values, bool all, bool dry) {
    struct x_face *x = c->x;
    int deleted = 0;
    const int asked = (int)(json_array_size(ids) + json_array_size(values));
    for (int i = x->rule_count - 1; i >= 0; i--) {
        if (!all && !is_named(&x->rules[i], ids, values)) continue;
        deleted++;
        if (!dry) rule_drop(x, i);
    }
    buf_put(c->out, STR("{"));
    put_sent(c);
    sim_put_key(c->out, "summary");
    buf_printf(c->out, "{\"deleted\":%d,\"not_deleted\":%d}}", deleted,
               all || asked < deleted ? 0 : asked - deleted);
    if (!all && deleted < asked) {
        sim_put_key(c->out, "errors");
        buf_put(c->out, STR("[{\"title\":\"Invalid Request\",\"detail\":\"One or more of the rules "
                            "does not exist.\",\"errors\":[{\"message\":\"Rule does not exist\"}],"
                            "\"type\":\"https://api.twitter.com/2/problems/invalid-request\"}]"));
    }
    buf_put(c->out, STR("}"));
}

static bool is_list(const json_t *v) { return json_is_array(v) && json_array_size(v) > 0; }

static void change(struct x_call *c, const json_t *body, bool all, bool dry) {
    const json_t *adds = json_object_get(body, "add"), *drops = json_object_get(body, "delete");
    const json_t *ids = json_object_get(drops, "ids"), *values = json_object_get(drops, "values");
    if (all)
        drop(c, NULL, NULL, true, dry);
    else if (is_list(adds) && !drops)
        add(c, adds, dry);
    else if (!adds && (is_list(ids) || is_list(values)))
        drop(c, ids, values, false, dry);
    else
        IGNORE(x_refuse(c, 400, "invalid-request", "Invalid Request",
                        "The body has either \"add\" or \"delete\", and something in it."),
               "that is the answer");
}

static bool read_flag(struct x_call *c, const char *name, bool *ret) {
    str text;
    if (!x_param(c, name, &text)) return true;
    *ret = str_eq(text, STR("true"));
    if (*ret || str_eq(text, STR("false"))) return true;
    return x_bad_param(c, name, text, "The `%s` query parameter is true or false", name);
}

void x_do_rules_post(struct x_call *c) {
    bool dry = false, all = false;
    if (!read_flag(c, "dry_run", &dry) || !read_flag(c, "delete_all", &all) || !x_params_done(c))
        return;
    json_t *body = json_loadb(c->rq->body.p ? c->rq->body.p : "", (size_t)c->rq->body.n, 0, NULL);
    change(c, body, all, dry);
    json_decref(body);
    body = NULL;
}
