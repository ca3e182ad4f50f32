/* Law: jscan takes a text if and only if jansson does, and both find the same values in it. Told
 * apart are only texts with numbers that jansson cannot hold, and texts nested deeper than jscan
 * goes. Passing over a value takes exactly what reading it takes. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "source/jscan.h"

#define TEXT_BYTES_MAX 4096

static struct arena mem;

struct built {
    json_t *value;
    bool numbers; /* some are no int64 */
};

static json_t *build(struct jscan *s, struct built *b, struct error *err);

static json_t *build_object(struct jscan *s, struct built *b, struct error *err) {
    json_t *o = json_object();
    for (;;) {
        str key;
        bool end;
        if (!jscan_member(s, &key, &end, err)) break;
        if (end) return o;
        json_t *v = build(s, b, err);
        if (!v) break;
        LAW(json_object_setn_new(o, key.p ? key.p : "", (size_t)key.n, v) == 0);
    }
    json_decref(o);
    return NULL;
}

static json_t *build_array(struct jscan *s, struct built *b, struct error *err) {
    json_t *a = json_array();
    for (;;) {
        bool end;
        if (!jscan_item(s, &end, err)) break;
        if (end) return a;
        json_t *v = build(s, b, err);
        if (!v) break;
        LAW(json_array_append_new(a, v) == 0);
    }
    json_decref(a);
    return NULL;
}

/* The same value as a tree of jansson's; NULL: refused. */
static json_t *build(struct jscan *s, struct built *b, struct error *err) {
    struct jvalue v;
    if (!jscan_value(s, &v, err)) return NULL;
    switch (v.kind) {
    case JKIND_NULL:
        return json_null();
    case JKIND_FALSE:
        return json_false();
    case JKIND_TRUE:
        return json_true();
    case JKIND_INTEGER:
        return json_integer(v.integer);
    case JKIND_NUMBER:
        b->numbers = true;
        return json_null();
    case JKIND_STRING:
        return json_stringn(v.string.p ? v.string.p : "", (size_t)v.string.n);
    case JKIND_ARRAY:
        return build_array(s, b, err);
    case JKIND_OBJECT:
        return build_object(s, b, err);
    }
    return NULL;
}

static bool skip_all(str text, struct error *err) {
    struct jscan s;
    struct jvalue v;
    jscan_init(&s, &mem, text);
    return jscan_value(&s, &v, err) && jscan_skip(&s, &v, err) && jscan_end(&s, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    if (bytes > TEXT_BYTES_MAX) return 0;
    if (!mem.base) arena_open(&mem, 1 << 20);
    arena_reset(&mem);
    str text = str_from_bytes(data, (ptrdiff_t)bytes);
    struct error err = {0}, skip_err = {0};
    struct jscan s;
    struct built b = {0};
    json_error_t why;
    jscan_init(&s, &mem, text);
    b.value = build(&s, &b, &err);
    bool taken = b.value != NULL && jscan_end(&s, &err);
    LAW(skip_all(text, &skip_err) == taken);
    json_t *theirs = json_loadb(bytes ? (const char *)data : "", bytes, JSON_DECODE_ANY, &why);
    if (theirs) {
        bool nul = memchr(data, 0, bytes) != NULL; /* jansson takes one for the end */
        LAW(taken || nul || err.code == ERR_LIMIT);
        if (taken && !b.numbers) LAW(json_equal(theirs, b.value));
    } else if (taken) {
        LAW(json_error_code(&why) == json_error_numeric_overflow);
    }
    json_decref(theirs);
    json_decref(b.value);
    return 0;
}
