/* x_stream: X's filtered stream, with its rules kept in step with the configuration.
 *
 * In: what connector.h tells. Out: posts that match the rules, as they come. The line itself is
 * x_wire's; here stand the rules and how a line is read.
 *
 * Rules live at X, belong to the app, and cost: each post that any of them matches is billed. Ours
 * carry the tag "bullfinch:HASH" of their text. They are listed before the first line, each hour,
 * when X says that there are none (409) and when the budget's level changes; what is missing is
 * added, then what of ours is not wanted any more is deleted. Rules of others are left alone, and
 * told. A rule that X refuses is told with X's reason and tried again in an hour; the others stand.
 * While the budget is narrow the query beside the authors has no rule.
 *
 * A rule takes effect up to 20 s after it was added; what it should have matched since it was last
 * known to be there is a gap. Failure: the line is opened with what rules there are, once they have
 * been asked for; calls that fail wait by patience. One thread. */
#include "source/x_wire.h"

#include <jansson.h>

#include "base/json.h"

#define RULES_PATH "/2/tweets/search/stream/rules"
#define RULES_MAX 1000 /* of self-serve accounts */
#define RULES_EVERY USEC_PER_HOUR
#define OWN_TAG "bullfinch:"
#define BODY_BYTES (4 << 20) /* a thousand rules, all of whose bytes are escaped, fit */

typedef enum rule_state {
    RULE_MISSING,
    RULE_STANDS, /* at X, or one of others with the same text does */
    RULE_REFUSED
} rule_state;

struct rule {
    str value;
    char tag[32];
    rule_state state;
    bool wanted;
    bool left; /* out, for the budget: that it comes back later is no gap */
    bool told; /* that X refuses it */
};

/* What is done next. */
typedef enum rules_phase { RULES_KEPT, RULES_LIST, RULES_ADD, RULES_DELETE } rules_phase;

struct x_stream {
    struct x_wire wire;
    struct rule *rules;
    int rule_count;
    int query_rule; /* its index; -1: there is none, or there is nothing else */
    rules_phase phase;
    bool asked;         /* a list, or its failure, has come */
    bool one_by_one;    /* X took none of several: which one is it? */
    usec due_at;        /* nothing is called before */
    usec good_at;       /* when all rules were known to stand; else when it began */
    usec refused_until; /* before, what was refused is not tried again */
    struct patience patience;
    int64_t *stale; /* ids of ours that are not wanted */
    int stale_count;
    int foreign;
    uint64_t foreign_hash; /* of those that were told */
    char remark[WHY_BYTES];
    int adding[RULES_MAX]; /* what the call under way adds */
    int adding_count;
    struct buf body;
};

static struct x_stream *stream_from(struct x_wire *l) { return (struct x_stream *)l; }

static const struct x_stream *stream_of(const struct x_wire *l) {
    return (const struct x_stream *)l;
}

/* --- what is wanted -------------------------------------------------------------------------- */

static int count_in(const struct x_stream *s, rule_state state) {
    int n = 0;
    for (int i = 0; i < s->rule_count; i++) n += s->rules[i].wanted && s->rules[i].state == state;
    return n;
}

static struct rule *rule_of_tag(struct x_stream *s, str tag) {
    for (int i = 0; i < s->rule_count; i++)
        if (str_eq(tag, str_from_z(s->rules[i].tag))) return &s->rules[i];
    return NULL;
}

static struct rule *rule_of_value(struct x_stream *s, str value) {
    for (int i = 0; i < s->rule_count; i++)
        if (str_eq(value, s->rules[i].value)) return &s->rules[i];
    return NULL;
}

static void make_remark(struct x_stream *s) {
    const int refused = count_in(s, RULE_REFUSED);
    s->remark[0] = '\0';
    if (refused > 0) {
        snprintf(s->remark, sizeof s->remark,
                 "X refused %d of %d rules: what they would match is not seen", refused,
                 s->rule_count);
    } else if (s->foreign > 0) {
        snprintf(s->remark, sizeof s->remark,
                 "%d rule%s of this app at X %s not bullfinch's: what they match is delivered and "
                 "billed too",
                 s->foreign, s->foreign == 1 ? "" : "s", s->foreign == 1 ? "is" : "are");
    }
}

/* --- calls ----------------------------------------------------------------------------------- */

static void call_list(struct x_stream *s, usec now, struct connector_step *ret) {
    for (int i = 0; i < s->rule_count; i++)
        if (s->rules[i].state != RULE_REFUSED || now >= s->refused_until)
            s->rules[i].state = RULE_MISSING;
    s->one_by_one = false;
    x_wire_call(&s->wire, HTTP_GET, STR(RULES_PATH), STR("max_results=1000"), STR(""), ret);
}

static void call_add(struct x_stream *s, struct connector_step *ret) {
    s->adding_count = 0;
    buf_clear(&s->body);
    buf_put(&s->body, STR("{\"add\":["));
    for (int i = 0; i < s->rule_count && (s->adding_count == 0 || !s->one_by_one); i++) {
        const struct rule *r = &s->rules[i];
        if (!r->wanted || r->state != RULE_MISSING) continue;
        if (s->adding_count > 0) buf_put_byte(&s->body, ',');
        buf_put(&s->body, STR("{\"value\":"));
        buf_put_json_str(&s->body, r->value);
        buf_put(&s->body, STR(",\"tag\":"));
        buf_put_json_str(&s->body, str_from_z(r->tag));
        buf_put_byte(&s->body, '}');
        s->adding[s->adding_count++] = i;
    }
    buf_put(&s->body, STR("]}"));
    x_wire_call(&s->wire, HTTP_POST, STR(RULES_PATH), STR(""), buf_str(&s->body), ret);
}

static void call_delete(struct x_stream *s, struct connector_step *ret) {
    buf_clear(&s->body);
    buf_put(&s->body, STR("{\"delete\":{\"ids\":["));
    for (int i = 0; i < s->stale_count; i++)
        buf_printf(&s->body, "%s\"%lld\"", i > 0 ? "," : "", (long long)s->stale[i]);
    buf_put(&s->body, STR("]}}"));
    x_wire_call(&s->wire, HTTP_POST, STR(RULES_PATH), STR(""), buf_str(&s->body), ret);
}

static bool stream_call(struct x_wire *l, usec now, struct connector_step *ret, usec *ret_wait) {
    struct x_stream *s = stream_from(l);
    *ret_wait = s->due_at;
    if (now < s->due_at) return false;
    if (!x_wire_may_call(l, now, X_RULES, ret_wait)) return false;
    switch (s->phase) {
    case RULES_KEPT:
    case RULES_LIST:
        s->phase = RULES_LIST;
        call_list(s, now, ret);
        return true;
    case RULES_ADD:
        call_add(s, ret);
        return true;
    case RULES_DELETE:
        call_delete(s, ret);
        return true;
    }
    WRONG("phase out of its list");
}

/* What comes behind the phase that is done. */
static void go_on(struct x_stream *s, usec now) {
    s->due_at = now;
    if (count_in(s, RULE_MISSING) > 0) {
        s->phase = RULES_ADD;
    } else if (s->stale_count > 0) {
        s->phase = RULES_DELETE;
    } else {
        s->phase = RULES_KEPT;
        s->due_at = now + RULES_EVERY;
    }
    x_wire_whole(&s->wire, s->phase == RULES_KEPT, s->good_at);
    if (s->phase == RULES_KEPT) s->good_at = now;
    make_remark(s);
    if (s->phase == RULES_KEPT && count_in(s, RULE_STANDS) == 0)
        x_wire_stand(&s->wire, now, SOURCE_CONFIG, s->due_at, s->remark);
}

/* --- answers: the list ----------------------------------------------------------------------- */

static void tell_foreign(struct x_stream *s, uint64_t hash) {
    char what[WHY_BYTES];
    const bool news = s->foreign > 0 && hash != s->foreign_hash;
    s->foreign_hash = hash;
    if (!news) return;
    make_remark(s);
    snprintf(what, sizeof what,
             "%d rules at X were not made by bullfinch and are left alone; what they match is "
             "billed too: delete them (POST " RULES_PATH ") if nobody needs them",
             s->foreign);
    x_wire_complain(&s->wire, what, STR(""));
}

/* One rule that stands at X. */
static void take_rule(struct x_stream *s, const json_t *item, uint64_t *hash) {
    const str id = json_str_at(item, "id"), value = json_str_at(item, "value"),
              tag = json_str_at(item, "tag");
    int64_t number = 0;
    const bool own = str_starts(tag, STR(OWN_TAG));
    struct rule *r = own ? rule_of_tag(s, tag) : rule_of_value(s, value);
    const bool first = r != NULL && r->wanted && r->state != RULE_STANDS;
    if (first) r->state = RULE_STANDS;
    if (!own) {
        s->foreign++;
        *hash ^= str_hash(id);
        return;
    }
    if (first || !str_to_i64(id, &number) || s->stale_count == RULES_MAX) return;
    s->stale[s->stale_count++] = number;
}

static void take_list(struct x_stream *s, usec now, const json_t *root) {
    const json_t *data = json_object_get(root, "data");
    uint64_t hash = 0;
    s->stale_count = 0;
    s->foreign = 0;
    for (size_t i = 0; i < json_array_size(data); i++) take_rule(s, json_array_get(data, i), &hash);
    tell_foreign(s, hash);
    go_on(s, now);
}

/* --- answers: added -------------------------------------------------------------------------- */

static void refuse(struct x_stream *s, usec now, struct rule *r, const json_t *problem) {
    char what[240];
    str say = json_str_at(problem, "detail");
    const json_t *details = json_object_get(problem, "details");
    if (say.n == 0) say = str_from_z(json_string_value(json_array_get(details, 0)));
    if (say.n == 0) say = json_str_at(problem, "title");
    if (say.n == 0) say = STR("no reason given");
    r->state = RULE_REFUSED;
    s->refused_until = now + RULES_EVERY;
    if (r->told) return;
    r->told = true;
    snprintf(what, sizeof what,
             "X refused a rule (" STR_FMT "): what it would match is not seen; the other rules "
             "stand",
             STR_ARG(str_head(say, 120)));
    x_wire_complain(&s->wire, what, r->value);
}

static str last_segment(str type) {
    str rest = type, part;
    while (str_cut(&rest, '/', &part)) type = part;
    return type;
}

/* One of `errors`. True: it says of which rule, and that is settled. */
static bool take_problem(struct x_stream *s, usec now, const json_t *problem) {
    struct rule *r = rule_of_value(s, json_str_at(problem, "value"));
    const str kind = last_segment(json_str_at(problem, "type"));
    const bool duplicate = str_eq(kind, STR("duplicate-rules")) ||
                           str_eq(json_str_at(problem, "title"), STR("DuplicateRule"));
    const bool alone = r == NULL && s->adding_count == 1;
    if (alone) r = &s->rules[s->adding[0]];
    if (r == NULL || r->state != RULE_MISSING) return false;
    if (duplicate)
        r->state = RULE_STANDS; /* the text stands there already, under a tag of others */
    else
        refuse(s, now, r, problem);
    return true;
}

static bool is_cap(const json_t *problem) {
    return str_eq(last_segment(json_str_at(problem, "type")), STR("rule-cap")) ||
           str_eq(json_str_at(problem, "title"), STR("RulesCapExceeded"));
}

/* There is no room for more rules: ours that are not wanted make room, then it is the end. */
static void meet_cap(struct x_stream *s, usec now, const json_t *problem) {
    if (s->stale_count > 0) {
        s->phase = RULES_DELETE;
        s->due_at = now;
        return;
    }
    for (int i = 0; i < s->rule_count; i++)
        if (s->rules[i].wanted && s->rules[i].state == RULE_MISSING)
            refuse(s, now, &s->rules[i], problem);
    go_on(s, now);
}

/* Rules of ours came to stand that were not there: what they would have matched is a gap, back to
 * when they last were known to stand. */
static void tell_gap(struct x_stream *s, usec now, bool back) {
    if (back) return;
    x_wire_was_missing(&s->wire, s->good_at, now + s->wire.rule_lag, "rules were missing at X");
}

static void take_added(struct x_stream *s, usec now, const json_t *root) {
    const json_t *data = json_object_get(root, "data"), *errors = json_object_get(root, "errors");
    int settled = 0;
    bool added = false, back = true;
    for (size_t i = 0; i < json_array_size(data); i++) {
        const json_t *item = json_array_get(data, i);
        struct rule *r = rule_of_tag(s, json_str_at(item, "tag"));
        if (r == NULL || r->state == RULE_STANDS) continue;
        r->state = RULE_STANDS;
        back = back && r->left;
        r->left = false;
        added = true;
        settled++;
    }
    if (added) tell_gap(s, now, back);
    if (is_cap(root)) {
        meet_cap(s, now, root);
        return;
    }
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *problem = json_array_get(errors, i);
        if (is_cap(problem)) {
            meet_cap(s, now, problem);
            return;
        }
        settled += take_problem(s, now, problem);
    }
    if (settled == 0 && s->adding_count == 1) refuse(s, now, &s->rules[s->adding[0]], root);
    s->one_by_one = s->one_by_one || (settled == 0 && s->adding_count > 1);
    go_on(s, now);
}

/* --- answers --------------------------------------------------------------------------------- */

static void call_failed(struct x_stream *s, usec now, const struct x_verdict *v) {
    s->due_at = x_wire_call_failed(&s->wire, now, v, &s->patience);
    if (s->phase != RULES_LIST) s->phase = RULES_LIST; /* who knows what stands there now */
    snprintf(s->remark, sizeof s->remark, "the rules at X could not be put in step: %.140s",
             v->why);
}

static void take_answer(struct x_stream *s, usec now, const json_t *root) {
    patience_ok(&s->patience);
    switch (s->phase) {
    case RULES_KEPT:
    case RULES_LIST:
        take_list(s, now, root);
        return;
    case RULES_ADD:
        take_added(s, now, root);
        return;
    case RULES_DELETE:
        s->stale_count = 0;
        go_on(s, now);
        return;
    }
}

static void stream_answered(struct x_wire *l, usec now, const struct http_answer *a) {
    struct x_stream *s = stream_from(l);
    struct x_verdict v;
    json_error_t where;
    x_verdict_of(now, a, &v);
    x_account_heard(l->x, now, X_RULES, a, &v);
    s->asked = true;
    /* of rules that it refuses X may say so with a 400, or with a rule-cap's 403 or 422 */
    json_t *root =
        a->end == HTTP_ANSWERED ? json_loadb(a->body.p, (size_t)a->body.n, 0, &where) : NULL;
    const bool speaks = json_is_array(json_object_get(root, "errors")) || is_cap(root);
    const bool refused =
        s->phase == RULES_ADD && !v.account &&
        ((v.state == SOURCE_CONFIG && !v.again) || (v.state == SOURCE_FORBIDDEN && speaks));
    if ((v.fine && json_is_object(root)) || refused) {
        take_answer(s, now, root);
    } else {
        if (v.fine) x_wire_unreadable(l, "X's answer about rules could not be read", a->body, &v);
        call_failed(s, now, &v);
    }
    json_decref(root);
}

/* --- what the line asks ---------------------------------------------------------------------- */

static bool stream_ready(const struct x_wire *l) {
    const struct x_stream *s = stream_of(l);
    return s->asked && (s->phase == RULES_LIST || count_in(s, RULE_STANDS) > 0);
}

static void stream_absent(struct x_wire *l, usec now) {
    struct x_stream *s = stream_from(l);
    s->phase = RULES_LIST;
    s->due_at = now;
    s->asked = false;
}

static void stream_level(struct x_wire *l, usec now, cost_level level) {
    struct x_stream *s = stream_from(l);
    if (s->query_rule < 0 || level == COST_OUT) return;
    struct rule *r = &s->rules[s->query_rule];
    const bool wanted = level == COST_FULL;
    if (r->wanted == wanted) return;
    r->wanted = wanted;
    r->left = true;
    if (s->phase == RULES_KEPT) s->due_at = now;
}

static str stream_remark(const struct x_wire *l) { return str_from_z(stream_of(l)->remark); }

static int64_t stream_billed(struct arena scratch, str line) {
    struct error none;
    struct x_member outer[] = {{"data", {0}}}, inner[] = {{"id", {0}}};
    str ignored;
    if (!x_members(&scratch, line, outer, COUNT_OF(outer), &ignored, &none)) return 0;
    if (!x_members(&scratch, outer[0].value, inner, COUNT_OF(inner), &ignored, &none)) return 0;
    return x_raw_id(inner[0].value);
}

static bool stream_take(struct x_wire *l, usec now, struct arena *a, str line, struct post *ret) {
    struct error err;
    struct arena scratch = *a;
    struct x_member outer[] = {{"data", {0}}, {"delete", {0}}};
    str first;
    if (!x_members(&scratch, line, outer, COUNT_OF(outer), &first, &err)) {
        x_wire_complain(l, err.msg, line);
        return false;
    }
    if (outer[0].value.p == NULL && outer[1].value.p == NULL) {
        x_wire_unknown(l, first, line);
        return false;
    }
    if (outer[0].value.p == NULL) return x_wire_post(l, now, a, line, ret);
    return x_wire_post(l, now, a, outer[0].value, ret);
}

static const struct x_wire_ops wire_ops = {.kind = "x_stream",
                                           .path = "/2/tweets/search/stream",
                                           .fields = true,
                                           .endpoint = X_STREAM,
                                           .resource = RESOURCE_POST,
                                           .call = stream_call,
                                           .answered = stream_answered,
                                           .ready = stream_ready,
                                           .absent = stream_absent,
                                           .level = stream_level,
                                           .billed = stream_billed,
                                           .take = stream_take,
                                           .remark = stream_remark};

static void stream_close(struct connector *c) { buf_fini(&((struct x_stream *)c)->body); }

static const struct connector_ops table = {.kind = "x_stream",
                                           .step = x_wire_step,
                                           .answered = x_wire_answered,
                                           .opened = x_wire_opened,
                                           .line = x_wire_line,
                                           .gone = x_wire_gone,
                                           .item = x_wire_item,
                                           .status = x_wire_status,
                                           .close = stream_close};

/* --- opening --------------------------------------------------------------------------------- */

static bool make_rules(struct arena *boot, struct x_stream *s, const struct x_source_options *opt,
                       struct error *err) {
    str *packed = NULL;
    int count = 0;
    if (!x_pack_authors(boot, opt->authors, opt->author_count, opt->filter, X_RULE_BYTES_MAX,
                        &packed, &count, err))
        return false;
    if (count + 1 > RULES_MAX)
        return fail(err, ERR_CONFIG, 0, "%d authors need %d rules, X takes %d: name fewer",
                    opt->author_count, count + 1, RULES_MAX);
    s->rules = NEW_ARRAY(boot, struct rule, count + 1);
    for (int i = 0; i < count; i++) s->rules[s->rule_count++].value = packed[i];
    s->query_rule = opt->query.n > 0 && count > 0 ? count : -1;
    if (opt->query.n > 0) s->rules[s->rule_count++].value = str_dup(boot, opt->query);
    for (int i = 0; i < s->rule_count; i++) {
        struct rule *r = &s->rules[i];
        snprintf(r->tag, sizeof r->tag, OWN_TAG "%016llx", (unsigned long long)str_hash(r->value));
        r->wanted = true;
    }
    return true;
}

/* The searches that fetch what was missed: the authors, then the query. */
static bool make_queries(struct arena *boot, const struct x_source_options *opt, str **ret,
                         int *ret_count, struct error *err) {
    str *packed = NULL;
    int count = 0;
    if (opt->query.n > X_QUERY_BYTES_MAX)
        return fail(err, ERR_CONFIG, 0,
                    "query: %td bytes; the search that fetches what a stream missed takes %d",
                    opt->query.n, X_QUERY_BYTES_MAX);
    if (!x_pack_authors(boot, opt->authors, opt->author_count, opt->filter, X_QUERY_BYTES_MAX,
                        &packed, &count, err))
        return false;
    str *all = NEW_ARRAY(boot, str, count + 1);
    for (int i = 0; i < count; i++) all[i] = packed[i];
    if (opt->query.n > 0) all[count] = opt->query;
    *ret = all;
    *ret_count = count + (opt->query.n > 0);
    return true;
}

bool x_stream_open(struct arena *boot, const struct x_source_options *opt, struct connector **ret,
                   struct error *err) {
    str *queries;
    int count;
    struct x_stream *s = NEW(boot, struct x_stream);
    if (opt->author_count == 0 && opt->query.n == 0)
        return fail(err, ERR_CONFIG, 0, "x_stream: name authors, or a query, or both");
    if (!make_rules(boot, s, opt, err) || !make_queries(boot, opt, &queries, &count, err))
        return fail_in(err, "x_stream");
    const struct x_wire_setup setup = {
        .ops = &wire_ops, .table = &table, .opt = opt, .queries = queries, .query_count = count};
    if (!x_wire_init(boot, &s->wire, &setup, err)) return false;
    if (s->query_rule >= 0) x_gap_optional(s->wire.gap, count - 1);
    s->patience = (struct patience){.first = 5 * USEC_PER_S, .most = 320 * USEC_PER_S};
    s->stale = NEW_ARRAY(boot, int64_t, RULES_MAX);
    s->phase = RULES_LIST;
    for (int i = 0; i < opt->author_count; i++) x_account_follow(opt->account, opt->authors[i]);
    buf_init(&s->body, BODY_BYTES);
    *ret = &s->wire.base;
    return true;
}
