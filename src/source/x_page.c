/* x_page: an answer of X's with a list in it is cut into its pieces.
 *
 * In: {"data":[...], "meta":{...}, "errors":[...]}, as recent search, timelines and users/by give
 * it. Out: the text of each piece as it stands in the body, for x_post_parse, and what is needed to
 * go on. A quiet search has neither data nor ids in its meta: that is an empty page. Members that
 * are not known are checked to be JSON and passed over, null is as good as missing, of a name that
 * stands twice the last counts. A piece without an id that is one has the id 0: it was billed all
 * the same. Failure: ERR_PARSE, ERR_LIMIT; nothing of the page counts then. Pure; any thread. */
#include "source/jscan.h"
#include "source/x_sources.h"

static bool expected(const char *name, const char *what, struct error *err) {
    return fail(err, ERR_PARSE, 0, "X's page: %s: expected %s", name, what);
}

/* An id as X writes it, a string of digits, or a number; 0: anything else. */
static int64_t id_of(const struct jvalue *v) {
    int64_t id = 0;
    if (v->kind == JKIND_INTEGER) id = v->integer;
    if (v->kind == JKIND_STRING && !str_to_i64(v->string, &id)) id = 0;
    return id > 0 ? id : 0;
}

/* --- data ------------------------------------------------------------------------------------ */

/* The id of a piece that has been opened; goes behind the piece. */
static bool take_piece(struct jscan *s, int64_t *ret_id, struct error *err) {
    struct jvalue v;
    str key;
    bool end;
    *ret_id = 0;
    for (;;) {
        if (!jscan_member(s, &key, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(s, &v, err)) return false;
        if (str_eq(key, STR("id"))) *ret_id = id_of(&v);
        if (!jscan_skip(s, &v, err)) return false;
    }
}

static bool take_data(struct jscan *s, const struct jvalue *list, struct x_page *p,
                      struct error *err) {
    struct jvalue v;
    bool end;
    p->post_count = 0;
    if (list->kind == JKIND_NULL) return true;
    if (list->kind != JKIND_ARRAY) return expected("data", "an array", err);
    for (;;) {
        if (!jscan_item(s, &end, err)) return false;
        if (end) return true;
        const ptrdiff_t begin = s->at;
        if (!jscan_value(s, &v, err)) return false;
        if (v.kind != JKIND_OBJECT) return expected("data", "objects", err);
        if (p->post_count == X_PAGE_POSTS_MAX) {
            return fail(err, ERR_LIMIT, 0, "X's page: over %d pieces, which was not asked for",
                        X_PAGE_POSTS_MAX);
        }
        const int i = p->post_count++;
        if (!take_piece(s, &p->ids[i], err)) return false;
        p->posts[i] = str_trim(str_from_bytes(s->text.p + begin, s->at - begin));
    }
}

/* --- meta ------------------------------------------------------------------------------------ */

static bool take_meta(struct jscan *s, const struct jvalue *object, struct x_page *p,
                      struct error *err) {
    struct jvalue v;
    str key;
    bool end;
    p->newest_id = 0;
    p->next_token = (str){0};
    p->result_count = -1;
    if (object->kind == JKIND_NULL) return true;
    if (object->kind != JKIND_OBJECT) return expected("meta", "an object", err);
    for (;;) {
        if (!jscan_member(s, &key, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(s, &v, err)) return false;
        if (str_eq(key, STR("newest_id"))) {
            p->newest_id = id_of(&v);
        } else if (str_eq(key, STR("next_token"))) {
            if (v.kind != JKIND_STRING && v.kind != JKIND_NULL)
                return expected("meta.next_token", "a string", err);
            p->next_token = v.string;
        } else if (str_eq(key, STR("result_count"))) {
            p->result_count = v.kind == JKIND_INTEGER ? i64_max(v.integer, 0) : -1;
        }
        if (!jscan_skip(s, &v, err)) return false;
    }
}

/* --- errors ---------------------------------------------------------------------------------- */

/* What a problem that has been opened says, the best of its words first. */
static bool take_problem(struct jscan *s, str *ret, struct error *err) {
    struct jvalue v;
    str key, detail = {0}, title = {0}, message = {0};
    bool end;
    for (;;) {
        if (!jscan_member(s, &key, &end, err)) return false;
        if (end) break;
        if (!jscan_value(s, &v, err)) return false;
        if (v.kind == JKIND_STRING && str_eq(key, STR("detail"))) detail = v.string;
        if (v.kind == JKIND_STRING && str_eq(key, STR("title"))) title = v.string;
        if (v.kind == JKIND_STRING && str_eq(key, STR("message"))) message = v.string;
        if (!jscan_skip(s, &v, err)) return false;
    }
    *ret = detail.n > 0 ? detail : title.n > 0 ? title : message;
    return true;
}

static bool take_errors(struct jscan *s, const struct jvalue *list, struct x_page *p,
                        struct error *err) {
    struct jvalue v;
    bool end;
    p->errors = 0;
    p->first_error = (str){0};
    if (list->kind == JKIND_NULL) return true;
    if (list->kind != JKIND_ARRAY) return expected("errors", "an array", err);
    for (;;) {
        str says = {0};
        if (!jscan_item(s, &end, err)) return false;
        if (end) return true;
        if (!jscan_value(s, &v, err)) return false;
        if (v.kind == JKIND_OBJECT) {
            if (!take_problem(s, &says, err)) return false;
        } else if (!jscan_skip(s, &v, err)) {
            return false;
        }
        if (p->errors++ == 0) p->first_error = says;
    }
}

/* --- the page -------------------------------------------------------------------------------- */

static bool take_page(struct jscan *s, struct x_page *p, struct error *err) {
    struct jvalue v;
    str key;
    bool end;
    if (!jscan_value(s, &v, err)) return false;
    if (v.kind != JKIND_OBJECT) return expected("all of it", "an object", err);
    for (;;) {
        if (!jscan_member(s, &key, &end, err)) return false;
        if (end) return jscan_end(s, err);
        if (!jscan_value(s, &v, err)) return false;
        if (str_eq(key, STR("data"))) {
            if (!take_data(s, &v, p, err)) return false;
        } else if (str_eq(key, STR("meta"))) {
            if (!take_meta(s, &v, p, err)) return false;
        } else if (str_eq(key, STR("errors"))) {
            if (!take_errors(s, &v, p, err)) return false;
        } else if (!jscan_skip(s, &v, err)) {
            return false;
        }
    }
}

bool x_page_parse(struct arena *a, str body, struct x_page *ret, struct error *err) {
    struct jscan s;
    jscan_init(&s, a, body);
    ret->post_count = 0;
    ret->newest_id = 0;
    ret->next_token = ret->first_error = (str){0};
    ret->result_count = -1;
    ret->errors = 0;
    if (!take_page(&s, ret, err)) return false;
    if (ret->result_count < 0) ret->result_count = ret->post_count;
    return true;
}
