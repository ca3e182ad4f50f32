/* tries: see the header.
 *
 * In: texts that may be anybody's, as a Redis and a database can be written to by others. Out:
 * texts that this file reads back as they were. Invariant: bounded, in number and in bytes.
 * Failure: none; what cannot be read was not there. */
#include "store/tries.h"

#include "base/json.h"

static bool read_one(const json_t *v, struct one_try *ret) {
    const str at = json_str_at(v, "at"), who = json_str_at(v, "who"),
              error = json_str_at(v, "error");
    if (at.p == NULL || who.p == NULL || error.p == NULL) return false;
    IGNORE(str_copyz(who, ret->who, sizeof ret->who), "what is cut is long enough");
    IGNORE(str_copyz(error, ret->error, sizeof ret->error), "what is cut is long enough");
    return time_parse_rfc3339(at, &ret->at);
}

void tries_read(str text, struct tries *ret) {
    json_error_t why;
    json_t *const all = text.n > 0 ? json_loadb(text.p, (size_t)text.n, 0, &why) : NULL;
    const size_t n = json_array_size(all); /* of what is no array: 0 */
    ret->count = 0;
    for (size_t i = n > TRIES_MAX ? n - TRIES_MAX : 0; i < n; i++)
        ret->count += read_one(json_array_get(all, i), &ret->v[ret->count]);
    json_decref(all);
}

void tries_add(struct tries *t, usec at, str who, str error) {
    if (t->count == TRIES_MAX) memmove(&t->v[0], &t->v[1], (size_t)--t->count * sizeof t->v[0]);
    struct one_try *const one = &t->v[t->count++];
    one->at = at;
    IGNORE(str_copyz(who, one->who, sizeof one->who), "what is cut is long enough");
    IGNORE(str_copyz(error, one->error, sizeof one->error), "what is cut is long enough");
}

static void put_from(const struct tries *t, int first, struct buf *out) {
    char at[TIME_TEXT_BYTES];
    buf_put_byte(out, '[');
    for (int i = first; i < t->count; i++) {
        if (i > first) buf_put_byte(out, ',');
        buf_put(out, STR("{\"at\":"));
        buf_put_json_str(out, time_format_rfc3339(t->v[i].at, at));
        buf_put(out, STR(",\"who\":"));
        buf_put_json_str(out, str_from_z(t->v[i].who));
        buf_put(out, STR(",\"error\":"));
        buf_put_json_str(out, str_from_z(t->v[i].error));
        buf_put_byte(out, '}');
    }
    buf_put_byte(out, ']');
}

void tries_put(const struct tries *t, ptrdiff_t most, struct buf *out) {
    char block[TRIES_BYTES_MAX];
    struct buf text;
    PRE(most >= 2);
    int first = 0;
    for (;; first++) {
        buf_init_fixed(&text, block, i64_min(most + 1, sizeof block));
        put_from(t, first, &text);
        if (!buf_full(&text)) break;
    }
    buf_put(out, buf_str(&text));
}
