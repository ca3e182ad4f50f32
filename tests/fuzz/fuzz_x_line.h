/* fuzz_x_line: lines that a stream of X might bring, told to a connector whose line is open.
 *
 * Law, for both: each line gives at most a post, what was billed for it and a state; a post is
 * clean, is none that was missed, and what jansson reads at `path` has its id; no more is billed
 * than lines came; the state is one that the connector can be opened with; and the same bytes give
 * the same. */
#ifndef BF_TESTS_FUZZ_FUZZ_X_LINE_H
#define BF_TESTS_FUZZ_FUZZ_X_LINE_H

#include <jansson.h>

#include "base/buf.h"
#include "fuzz.h"
#include "source/x_sources.h"

#define LINE_T (INT64_C(1785000000) * USEC_PER_S)

typedef bool line_opener(struct arena *boot, const struct x_source_options *opt,
                         struct connector **ret, struct error *err);
struct line_target {
    line_opener *open;
    const char *inner; /* of "data" what holds the post; NULL: data itself */
};

struct line_rig {
    struct arena boot, mem;
    struct x_account *x;
    struct connector *c;
    struct x_source_options opt;
    str who[1];
    uint64_t seen; /* a hash of all that was given */
    int64_t billed;
    char state[65536];
};

static void line_open(struct line_rig *r, const struct line_target *t) {
    struct error err;
    const struct x_account_options account = {
        .base = STR("https://api.x.com"),
        .token = STR("t"),
        .cost = {.budget = money_from_e8(1000000000000), .posts_max = 3000000}};
    LAW(x_account_open(&r->boot, &account, &r->x, &err));
    r->who[0] = STR("44196397@elonmusk");
    r->opt = (struct x_source_options){.account = r->x,
                                       .name = STR("x"),
                                       .authors = r->who,
                                       .author_count = 1,
                                       .pages_max = 5,
                                       .now = LINE_T,
                                       .state = str_from_z(r->state),
                                       .seed = 1};
    LAW(t->open(&r->boot, &r->opt, &r->c, &err));
}

static void line_close(struct line_rig *r) {
    connector_close(r->c);
    x_account_close(r->x);
    arena_reset(&r->boot);
}

static void line_mix(struct line_rig *r, int64_t v) {
    r->seen = (r->seen ^ (uint64_t)v) * UINT64_C(0x9E3779B97F4A7C15);
}

static bool line_is_clean(str text) {
    for (ptrdiff_t i = 0; i < text.n; i++) {
        const unsigned char c = (unsigned char)text.p[i];
        if ((c < 0x20 && c != '\n') || c == 0x7F) return false;
    }
    return str_utf8_valid(text);
}

/* What jansson reads has this id where it should be. */
static void line_check_id(const struct line_target *t, str line, int64_t id) {
    json_error_t why;
    json_t *root = json_loadb(line.p, (size_t)line.n, 0, &why);
    const json_t *in = json_object_get(root, "data");
    if (t->inner != NULL) in = json_object_get(in, t->inner);
    LAW(json_is_object(in));
    const json_t *deeper = json_object_get(in, "data"); /* wrapped once more: posts may be */
    if (json_is_object(deeper)) in = deeper;
    const json_t *v = json_object_get(in, "id");
    int64_t n = json_is_integer(v) ? json_integer_value(v) : 0;
    const str s = str_from_bytes(json_string_value(v), (ptrdiff_t)json_string_length(v));
    if (json_is_string(v)) LAW(str_to_i64(s, &n) || id < 0);
    LAW(n == id || id < 0); /* what is no number is hashed */
    json_decref(root);
}

static void line_take(struct line_rig *r, const struct line_target *t, str line, usec now) {
    struct intake it;
    int posts = 0, items = 0;
    arena_reset(&r->mem);
    while (connector_item(r->c, now, &r->mem, &it)) {
        LAW(++items < 16);
        line_mix(r, it.kind);
        if (it.kind == INTAKE_POST) {
            const struct post *p = &it.post;
            LAW(++posts == 1 && line.n > 0);
            LAW(p->id != 0 && !p->missed && p->received_at != 0 && line_is_clean(p->text));
            LAW(!p->deleted || p->text.n == 0);
            if (!p->deleted) line_check_id(t, line, p->id);
            line_mix(r, p->id);
            line_mix(r, (int64_t)str_hash(p->text));
        }
        if (it.kind == INTAKE_USAGE) r->billed += it.u.usage.returned;
        if (it.state.p != NULL) LAW(str_copyz(it.state, r->state, sizeof r->state));
    }
}

/* Until the line is there; whatever is called is not answered. */
static void line_up(struct line_rig *r, const struct line_target *t, usec *now) {
    struct connector_step step;
    struct http_answer none;
    http_answer_clear(&none);
    none.end = HTTP_NOT_SENT;
    for (int i = 0; i < 100; i++) {
        line_take(r, t, STR(""), *now);
        connector_step(r->c, *now, &step);
        if (step.act == CONNECTOR_CALL) connector_answered(r->c, *now, &none);
        if (step.act == CONNECTOR_OPEN) {
            connector_opened(r->c, *now);
            return;
        }
        if (step.act == CONNECTOR_WAIT) *now = i64_max(step.until, *now + 1);
    }
    WRONG("the line never comes");
}

static uint64_t line_run(const struct line_target *t, str bytes) {
    static struct line_rig rig;
    struct line_rig *r = &rig;
    usec now = LINE_T;
    int64_t lines = 0;
    str rest = bytes, line;
    if (!r->boot.base) {
        arena_open(&r->boot, 64 << 20);
        arena_open(&r->mem, 16 << 20);
    }
    r->seen = 0;
    r->billed = 0;
    r->state[0] = '\0';
    line_open(r, t);
    line_up(r, t, &now);
    while (str_cut(&rest, '\n', &line)) {
        if (line.n > HTTP_LINE_MAX) continue;
        lines++;
        connector_line(r->c, now, line);
        line_take(r, t, str_trim(line), now);
    }
    now += USEC_PER_S;
    line_take(r, t, STR(""), now);
    LAW(r->billed <= lines);
    const uint64_t seen = r->seen;
    line_close(r);
    line_open(r, t);
    line_close(r);
    return seen;
}

static int line_fuzz(const struct line_target *t, const uint8_t *data, size_t bytes) {
    if (bytes > 1 << 20) return 0;
    const str all = str_from_bytes(data, (ptrdiff_t)bytes);
    LAW(line_run(t, all) == line_run(t, all));
    return 0;
}

#endif
