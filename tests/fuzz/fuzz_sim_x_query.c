/* Law: any text is a query of X's language or is refused with words; what is one matches a post the
 * same way each time, and the same as itself in parentheses; and what is joined to it by AND, with
 * a word that the post has, changes nothing.
 *
 * The first line of an input is the post's text, the rest is the query. */
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "sim/x_face_int.h"

#define QUERY_MAX 4096
#define START (INT64_C(1795000000) * USEC_PER_S)

struct one {
    struct sim_post post;
    bool given;
};

static bool next(void *ctx, struct sim_post *ret) {
    struct one *o = ctx;
    if (o->given) return false;
    o->given = true;
    *ret = o->post;
    return true;
}

/* 0, 1; -1: it is none. */
static int answer(const struct x_face *x, struct arena scratch, str text, bool rule) {
    struct x_query *q;
    struct error err = {0};
    if (!x_query_parse(&scratch, text, rule, &q, &err)) {
        LAW(err.msg[0] != 0);
        return -1;
    }
    return x_query_matches(x, q, x_item_at(x, x->end - 1));
}

static void check(const struct x_face *x, struct arena *a, str text, bool rule) {
    struct arena scratch = *a;
    struct buf b;
    const int said = answer(x, *a, text, rule);
    LAW(answer(x, *a, text, rule) == said);
    buf_init_fixed(&b, NEW_ARRAY(&scratch, char, text.n + 64), text.n + 64);
    buf_put(&b, STR("("));
    buf_put(&b, text);
    buf_put(&b, STR(")"));
    const int grouped = answer(x, scratch, buf_str(&b), rule);
    if (said >= 0 && grouped >= 0) LAW(grouped == said);
    buf_put(&b, STR(" from:author"));
    const int joined = answer(x, scratch, buf_str(&b), rule);
    if (said >= 0 && joined >= 0) LAW(joined == said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    str query = {(const char *)data, (ptrdiff_t)bytes}, text = {0};
    struct arena boot, a;
    struct error err;
    struct x_face *x;
    if (bytes == 0 || bytes > QUERY_MAX || !str_cut(&query, '\n', &text) || !query.p) return 0;
    struct one o = {.post = {.kind = SIM_POST,
                             .at = START,
                             .author_id = 7,
                             .username = STR("author"),
                             .text = text,
                             .lang = STR("en")}};
    const struct x_face_options opt = {.timeline = {next, &o}, .start = START};
    arena_open(&boot, 1 << 22);
    arena_open(&a, 1 << 24);
    LAW(x_face_open(&boot, &opt, &x, &err));
    LAW(x->end == 1);
    check(x, &a, query, false);
    check(x, &a, query, true);
    x_face_close(x);
    arena_close(&a);
    arena_close(&boot);
    return 0;
}
