/* turn_bytes: see the header.
 *
 * In: actions. Out: their number, then each struct; behind a post's its reading, its post, and
 * their strings with their lengths. Failure: bytes that are none are refused. Pure. */
#include "run/turn_bytes.h"

#include <string.h>

#include "flow/event.h"

#define RAW(x) ((str){(const char *)(x), (ptrdiff_t)sizeof *(x)})

bool turn_bytes_is_row(action_kind k) { return k != ACTION_SEND && k != ACTION_TELL; }

/* --- out ----------------------------------------------------------------------------------- */

void turn_bytes_put_text(struct buf *out, str s) {
    const uint32_t n = (uint32_t)s.n;
    buf_put(out, RAW(&n));
    buf_put(out, s);
}

/* Every string of a post, in one order for both ways. */
#define POST_STRINGS 6
static void strings_of(struct post *p, str *ret[POST_STRINGS]) {
    str *const all[POST_STRINGS] = {&p->source,   &p->source_id, &p->author_id,
                                    &p->username, &p->text,      &p->lang};
    memcpy(ret, all, sizeof all);
}

static void put_reading(struct buf *out, const struct reading *r) {
    struct post post = *r->post;
    str *strings[POST_STRINGS];
    strings_of(&post, strings);
    buf_put(out, RAW(r));
    buf_put(out, RAW(&post));
    for (int i = 0; i < POST_STRINGS; i++) turn_bytes_put_text(out, *strings[i]);
    turn_bytes_put_text(out, str_from_z(r->model != NULL ? r->model : ""));
}

static void put_action(struct buf *out, const struct action *a, turn_entries entries) {
    const ptrdiff_t head = out->len;
    buf_put(out, RAW(a));
    const bool turned = a->kind == ACTION_PUT_INTENT && entries == TURN_ENTRIES_AS_TRADES;
    const action_kind kind = turned ? ACTION_PUT_TRADE : a->kind;
    if (!buf_full(out)) memcpy(out->p + head + offsetof(struct action, kind), &kind, sizeof kind);
    if (a->kind == ACTION_PUT_POST) put_reading(out, a->u.post.reading);
}

void turn_bytes_put(const struct actions *acts, turn_entries entries, struct buf *out) {
    uint32_t rows = 0;
    for (int i = 0; i < acts->count; i++) rows += turn_bytes_is_row(acts->v[i].kind);
    buf_put(out, RAW(&rows));
    for (int i = 0; i < acts->count; i++)
        if (turn_bytes_is_row(acts->v[i].kind)) put_action(out, &acts->v[i], entries);
}

/* --- in ------------------------------------------------------------------------------------ */

bool turn_bytes_cut(str *rest, void *ret, ptrdiff_t bytes) {
    if (rest->n < bytes) return false;
    memcpy(ret, rest->p, (size_t)bytes);
    *rest = str_tail(*rest, bytes);
    return true;
}

bool turn_bytes_cut_text(str *rest, str *ret) {
    uint32_t n;
    if (!turn_bytes_cut(rest, &n, (ptrdiff_t)sizeof n) || rest->n < (ptrdiff_t)n) return false;
    *ret = str_head(*rest, (ptrdiff_t)n);
    *rest = str_tail(*rest, (ptrdiff_t)n);
    return true;
}

static bool cut_reading(struct arena *a, str *rest, const struct reading **ret) {
    struct reading *r = NEW(a, struct reading);
    struct post *p = NEW(a, struct post);
    str *strings[POST_STRINGS], model;
    strings_of(p, strings);
    if (!turn_bytes_cut(rest, r, sizeof *r) || !turn_bytes_cut(rest, p, sizeof *p)) return false;
    for (int i = 0; i < POST_STRINGS; i++) {
        if (!turn_bytes_cut_text(rest, strings[i])) return false;
    }
    if (!turn_bytes_cut_text(rest, &model)) return false;
    r->post = p;
    r->model = str_dupz(a, model);
    *ret = r;
    return true;
}

bool turn_bytes_get(struct arena *a, str bytes, struct actions *ret) {
    uint32_t rows;
    ret->count = 0;
    ret->durable = true;
    if (!turn_bytes_cut(&bytes, &rows, (ptrdiff_t)sizeof rows) || rows > ACTIONS_MAX) return false;
    for (uint32_t i = 0; i < rows; i++) {
        struct action *act = &ret->v[ret->count++];
        if (!turn_bytes_cut(&bytes, act, sizeof *act) || act->kind > ACTION_TELL ||
            !turn_bytes_is_row(act->kind))
            return false;
        if (act->kind == ACTION_PUT_POST && !cut_reading(a, &bytes, &act->u.post.reading))
            return false;
    }
    return bytes.n == 0;
}
