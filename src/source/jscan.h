/* jscan: walks over a JSON text without building a tree of it. */
#ifndef BF_SOURCE_JSCAN_H
#define BF_SOURCE_JSCAN_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

#define JSCAN_DEPTH_MAX 64

typedef enum jkind {
    JKIND_NULL,
    JKIND_FALSE,
    JKIND_TRUE,
    JKIND_INTEGER, /* fits int64 */
    JKIND_NUMBER,  /* any other number; not evaluated */
    JKIND_STRING,
    JKIND_ARRAY, /* opened: items follow */
    JKIND_OBJECT /* opened: members follow */
} jkind;

struct jvalue {
    jkind kind;
    int64_t integer;
    str string; /* of the text where nothing was escaped, else in the arena */
};

struct jscan {
    str text; /* borrowed */
    ptrdiff_t at;
    struct arena *a;
    int depth;
    bool fresh; /* a container has been opened and nothing of it read */
    bool quiet; /* strings are checked, not taken */
};

void jscan_init(struct jscan *s, struct arena *a, str text);

/* Reads the next value. An array or an object is only opened: then jscan_item or jscan_member until
 * *ret_end, or jscan_skip. Errors, here and below: ERR_PARSE with the byte, ERR_LIMIT for a text
 * nested deeper than JSCAN_DEPTH_MAX. */
MUST_CHECK bool jscan_value(struct jscan *s, struct jvalue *ret, struct error *err);

/* Goes to the next member of the innermost object, its value is to be read next. *ret_end: there
 * was none, the object is closed. */
MUST_CHECK bool jscan_member(struct jscan *s, str *ret_key, bool *ret_end, struct error *err);

/* The same for the innermost array. */
MUST_CHECK bool jscan_item(struct jscan *s, bool *ret_end, struct error *err);

/* Passes over what is left of a value just read; nothing for values that were not opened. */
MUST_CHECK bool jscan_skip(struct jscan *s, const struct jvalue *v, struct error *err);

/* Nothing but white space is left? */
MUST_CHECK bool jscan_end(struct jscan *s, struct error *err);

#endif
