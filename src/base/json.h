/* json: what jansson's trees say, as str. Borrowed for as long as the tree. Nothing fails: where no
 * text stands there is none (p NULL, n 0). */
#ifndef BF_BASE_JSON_H
#define BF_BASE_JSON_H

#include <jansson.h>

#include "base/str.h"

static inline str json_str(const json_t *v) {
    if (!json_is_string(v)) return (str){0};
    return str_from_bytes(json_string_value(v), (ptrdiff_t)json_string_length(v));
}
static inline str json_str_at(const json_t *object, const char *name) {
    return json_str(json_object_get(object, name));
}
static inline json_t *json_from_str(str s) { return json_stringn(s.p, (size_t)s.n); }
/* A whole text as a tree that the caller gives back; NULL: it is not well-formed. */
static inline json_t *json_parse(str s) {
    json_error_t why;
    return s.n > 0 ? json_loadb(s.p, (size_t)s.n, 0, &why) : NULL;
}

#endif
