/* body: a small JSON object from outside, member by member.
 *
 * In: bytes that nobody has looked at yet. Out: the members that the caller knows, checked. What is
 * not known, stands twice, is missing, or has another type, range or encoding is refused and named;
 * null is a type of its own and stands for nothing. Failure: nothing but the out-parameters that
 * were read so far; callers use them only on success. */
#include "api/body.h"

#include "source/jscan.h"

#define NAME_SHOWN 60

/* For a message: a long text is cut, between two characters. */
static str shown(str s) {
    if (s.n <= NAME_SHOWN) return s;
    ptrdiff_t n = NAME_SHOWN;
    while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80) n--;
    return str_head(s, n);
}

static bool has_control(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F) return true;
    return false;
}

static bool take_text(const struct body_member *m, str text, struct error *err) {
    if (text.n < m->min || text.n > m->max)
        return fail(err, ERR_CONFIG, 0, "%s: has %td bytes, expected %td to %td", m->name, text.n,
                    m->min, m->max);
    if (has_control(text))
        return fail(err, ERR_CONFIG, 0, "%s: holds a control character", m->name);
    if (str_trim(text).n != text.n)
        return fail(err, ERR_CONFIG, 0, "%s: has white space around it", m->name);
    *m->text = text;
    return true;
}

static bool all_digits(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n > 0;
}

static bool take_id(const struct body_member *m, str text, struct error *err) {
    int64_t id = 0;
    if (!all_digits(text) || text.p[0] == '0' || !str_to_i64(text, &id))
        return fail(err, ERR_CONFIG, 0, "%s: \"" STR_FMT "\" is no id such as \"17\"", m->name,
                    STR_ARG(shown(text)));
    *m->id = id;
    return true;
}

static bool take_value(struct body_member *m, const struct jvalue *v, struct error *err) {
    if (m->seen) return fail(err, ERR_CONFIG, 0, "%s: stands twice", m->name);
    m->seen = true;
    if (m->kind == BODY_BOOL) {
        *m->flag = v->kind == JKIND_TRUE;
        return v->kind == JKIND_TRUE || v->kind == JKIND_FALSE ||
               fail(err, ERR_CONFIG, 0, "%s: expected true or false", m->name);
    }
    if (v->kind != JKIND_STRING)
        return fail(err, ERR_CONFIG, 0, "%s: expected a text in quotes%s", m->name,
                    m->kind == BODY_ID ? ", as all ids are" : "");
    switch (m->kind) {
    case BODY_TEXT:
        return take_text(m, v->string, err);
    case BODY_ID:
        return take_id(m, v->string, err);
    case BODY_TIME:
        if (time_parse_rfc3339(v->string, m->time)) return true;
        return fail(err, ERR_CONFIG, 0,
                    "%s: \"" STR_FMT "\" is no time such as 2026-11-29T22:00:00Z", m->name,
                    STR_ARG(shown(v->string)));
    case BODY_BOOL:
        break;
    }
    WRONG("a kind that is none");
}

static struct body_member *find(struct body_member *members, int count, str name) {
    for (int i = 0; i < count; i++)
        if (str_eq(str_from_z(members[i].name), name)) return &members[i];
    return NULL;
}

static bool unknown(str name, const struct body_member *members, int count, struct arena *a,
                    const char **ret_field, struct error *err) {
    char known[160];
    struct buf b;
    buf_init_fixed(&b, known, sizeof known);
    for (int i = 0; i < count; i++) buf_printf(&b, "%s%s", i > 0 ? ", " : "", members[i].name);
    *ret_field = str_dupz(a, shown(name));
    return fail(err, ERR_CONFIG, 0, STR_FMT ": is no member here; there %s%s", STR_ARG(shown(name)),
                count > 0 ? "is: " : "are none", buf_z(&b));
}

static bool read_members(struct jscan *s, struct body_member *members, int count,
                         const char **ret_field, struct error *err) {
    for (;;) {
        str name;
        bool end;
        struct jvalue v;
        if (!jscan_member(s, &name, &end, err)) return false;
        if (end) return jscan_end(s, err);
        struct body_member *const m = find(members, count, name);
        if (m == NULL) return unknown(name, members, count, s->a, ret_field, err);
        if (!jscan_value(s, &v, err)) return false;
        if (take_value(m, &v, err)) continue;
        *ret_field = m->name;
        return false;
    }
}

static bool nothing_missing(const struct body_member *members, int count, const char **ret_field,
                            struct error *err) {
    for (int i = 0; i < count; i++) {
        if (!members[i].required || members[i].seen) continue;
        *ret_field = members[i].name;
        return fail(err, ERR_CONFIG, 0, "%s: is missing", members[i].name);
    }
    return true;
}

bool body_parse(struct arena *a, str body, struct body_member *members, int count,
                const char **ret_field, struct error *err) {
    struct jscan s;
    struct jvalue v;
    *ret_field = "";
    for (int i = 0; i < count; i++) members[i].seen = false;
    if (!str_utf8_valid(body)) return fail(err, ERR_PARSE, 0, "the body is not UTF-8");
    if (str_trim(body).n > 0) {
        jscan_init(&s, a, body);
        if (!jscan_value(&s, &v, err)) return fail_in(err, "the body is no JSON");
        if (v.kind != JKIND_OBJECT)
            return fail(err, ERR_PARSE, 0,
                        "the body is no JSON object such as {\"name\": \"text\"}");
        if (!read_members(&s, members, count, ret_field, err)) return false;
    }
    return nothing_missing(members, count, ret_field, err);
}

bool body_read(const struct api_request *rq, struct body_member *members, int count,
               struct api_answer *ret) {
    struct error err;
    const char *field;
    if (body_parse(rq->a, rq->body, members, count, &field, &err)) return true;
    if (field[0] != '\0')
        api_problem_field(ret, 422, "FIELD", field, "%s", err.msg);
    else
        api_problem(ret, 400, "BODY", "%s", err.msg);
    return false;
}
