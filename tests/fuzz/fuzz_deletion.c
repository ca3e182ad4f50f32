/* Law: what x_post_parse takes for word of a deletion is one: the JSON, as jansson reads it, has an
 * object "delete" (in "data" or not) with an object in it whose id is the post's, and no text. The
 * post has nothing but ids and times. The same bytes give the same. */
#include "fuzz.h"

#include <jansson.h>

#include "base/buf.h"
#include "source/source.h"

static struct arena first_mem, second_mem;

/* The id as the program takes it: the last of the names that stands, in a string or a number. */
static bool has_id(const json_t *delete, int64_t id) {
    static const char *const posts[] = {"tweet", "post", "status"};
    static const char *const ids[] = {"id", "id_str"};
    for (int i = 0; i < COUNT_OF(posts); i++) {
        for (int k = 0; k < COUNT_OF(ids); k++) {
            const json_t *v = json_object_get(json_object_get(delete, posts[i]), ids[k]);
            int64_t n = 0;
            if (json_is_integer(v) && json_integer_value(v) == id) return true;
            const str s = str_from_bytes(json_string_value(v), (ptrdiff_t)json_string_length(v));
            if (json_is_string(v) && str_to_i64(s, &n) && n == id) return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct post p, again;
    struct error err;
    const str line = str_from_bytes(data, (ptrdiff_t)bytes);
    if (!first_mem.base) {
        arena_open(&first_mem, 16 << 20);
        arena_open(&second_mem, 16 << 20);
    }
    arena_reset(&first_mem);
    arena_reset(&second_mem);
    if (bytes > POST_LINE_BYTES_MAX) return 0;
    if (!x_post_parse(&first_mem, line, STR("x"), 0, false, &p, &err) || !p.deleted) return 0;
    LAW(p.id > 0 && p.root_id == p.id && !p.edited && p.text.n == 0 && p.username.n <= 255);
    LAW(p.created_at > 0 || p.received_at != 0);
    LAW(x_post_parse(&second_mem, line, STR("x"), 0, false, &again, &err) && again.deleted);
    LAW(again.id == p.id && again.created_at == p.created_at &&
        again.received_at == p.received_at && str_eq(again.author_id, p.author_id));
    json_error_t why;
    json_t *root = json_loadb(line.p, (size_t)line.n, 0, &why);
    LAW(root != NULL);
    const json_t *inner = json_object_get(root, "data");
    const json_t *outer = json_object_get(root, "delete"), *in = json_object_get(inner, "delete");
    LAW((json_is_object(in) && has_id(in, p.id)) || (json_is_object(outer) && has_id(outer, p.id)));
    json_decref(root);
    return 0;
}
