/* Law: what x_page_parse takes is JSON as jansson reads it, with as many pieces in "data" as it
 * says; each piece is the text of its element, with its id where that is one; the token, the newest
 * id and the number of errors are the members of these names. The same bytes give the same. */
#include <string.h>

#include <jansson.h>

#include "fuzz.h"
#include "source/x_sources.h"

static struct arena first_mem, second_mem;
static struct x_page page, again;

static int64_t id_of(const json_t *v) {
    int64_t id = 0;
    if (json_is_integer(v)) id = json_integer_value(v);
    const str text = str_from_bytes(json_string_value(v), (ptrdiff_t)json_string_length(v));
    if (json_is_string(v) && !str_to_i64(text, &id)) id = 0;
    return id > 0 ? id : 0;
}

static void check_pieces(const json_t *data) {
    LAW(data == NULL || json_is_null(data) || json_is_array(data));
    LAW((size_t)page.post_count == json_array_size(data));
    for (int i = 0; i < page.post_count; i++) {
        const json_t *want = json_array_get(data, (size_t)i);
        json_t *got = json_loadb(page.posts[i].p, (size_t)page.posts[i].n, 0, NULL);
        LAW(got != NULL && json_is_object(want) && json_equal(got, want));
        LAW(page.ids[i] == id_of(json_object_get(want, "id")));
        json_decref(got);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct error err;
    const str body = str_from_bytes(data, (ptrdiff_t)bytes);
    if (first_mem.base == NULL) {
        arena_open(&first_mem, 16 << 20);
        arena_open(&second_mem, 16 << 20);
    }
    arena_reset(&first_mem);
    arena_reset(&second_mem);
    if (bytes > (4 << 20)) return 0;
    const bool ok = x_page_parse(&first_mem, body, &page, &err);
    LAW(x_page_parse(&second_mem, body, &again, &err) == ok);
    if (!ok) return 0;
    LAW(page.post_count == again.post_count && page.newest_id == again.newest_id);
    LAW(page.post_count >= 0 && page.post_count <= X_PAGE_POSTS_MAX && page.result_count >= 0);
    json_t *root = json_loadb(body.p, (size_t)body.n, 0, NULL);
    if (root == NULL) return 0; /* numbers that jansson cannot hold, which nobody looks at */
    LAW(json_is_object(root));
    const json_t *meta = json_object_get(root, "meta"), *errors = json_object_get(root, "errors");
    check_pieces(json_object_get(root, "data"));
    LAW(page.newest_id == id_of(json_object_get(meta, "newest_id")));
    const json_t *token = json_object_get(meta, "next_token");
    LAW(str_eq(page.next_token,
               str_from_bytes(json_string_value(token), (ptrdiff_t)json_string_length(token))));
    LAW((size_t)page.errors == json_array_size(errors));
    json_decref(root);
    return 0;
}
