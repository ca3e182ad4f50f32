/* live_ring: what a stream told and nobody has taken yet, in a block of fixed size.
 *
 * Each piece stands in one run of bytes behind a head that says what it is, so that it can be read
 * where it stands. Where the end of the block has no room for the next piece, it goes to the
 * begin, and `wrap` remembers where to turn. An empty ring begins at zero again, so that a piece
 * fits that is as large as the block allows. Pure; its user holds a lock. */
#include "source/live_int.h"

struct head {
    usec at;
    int32_t n; /* bytes behind this */
    int32_t kind;
};

static ptrdiff_t space(ptrdiff_t n) {
    const ptrdiff_t unit = (ptrdiff_t) _Alignof(struct head);
    return (ptrdiff_t)sizeof(struct head) + (n + unit - 1) / unit * unit;
}

void live_ring_init(struct live_ring *r, char *block, ptrdiff_t bytes) {
    *r = (struct live_ring){.block = block, .bytes = bytes, .wrap = -1};
}

/* Where `need` bytes are free; -1: nowhere. */
static ptrdiff_t place(struct live_ring *r, ptrdiff_t need) {
    if (r->count == 0) {
        r->head = r->tail = 0;
        r->wrap = -1;
    }
    if (r->wrap >= 0) return r->head - r->tail >= need ? r->tail : -1;
    if (r->bytes - r->tail >= need) return r->tail;
    if (r->head < need) return -1;
    r->wrap = r->tail;
    return 0;
}

bool live_ring_put(struct live_ring *r, const struct live_told *t) {
    const struct head h = {t->at, (int32_t)t->line.n, (int32_t)t->kind};
    const ptrdiff_t need = space(t->line.n);
    PRE(need <= r->bytes && t->line.n <= INT32_MAX);
    const ptrdiff_t at = place(r, need);
    if (at < 0) return false;
    memcpy(r->block + at, &h, sizeof h);
    if (t->line.n > 0) memcpy(r->block + at + sizeof h, t->line.p, (size_t)t->line.n);
    r->tail = at + need;
    r->used += need;
    r->count++;
    return true;
}

bool live_ring_peek(struct live_ring *r, struct live_told *ret) {
    struct head h;
    if (r->count == 0) return false;
    if (r->head == r->wrap) {
        r->head = 0;
        r->wrap = -1;
    }
    memcpy(&h, r->block + r->head, sizeof h);
    *ret = (struct live_told){
        .kind = (live_told_kind)h.kind, .at = h.at, .line = {r->block + r->head + sizeof h, h.n}};
    return true;
}

void live_ring_drop(struct live_ring *r) {
    struct live_told t;
    const bool any = live_ring_peek(r, &t);
    PRE(any);
    r->head += space(t.line.n);
    r->used -= space(t.line.n);
    r->count--;
}
