/* What the trader remembers of prices, as a blob: magic, the hour of the last equity sample, and
 * for each symbol that has had a price its name and its sym_state as little-endian 64-bit numbers.
 * Kept beside the price cursor, in the same transaction, so that a run that was killed sees on
 * restart what it had seen. Symbols are stored by name: their numbers change with the venue's list.
 */
#include "flow/trader_int.h"

#include "base/buf.h"

#define MAGIC INT64_C(0x3253455249524346)   /* "FCRIRES2" */
#define MAGIC_1 INT64_C(0x3153455249524346) /* "FCRIRES1": without volatility */
#define HEAD_WORDS 16
#define RATE_MAX (E8 * E8) /* squared return a second, 1e-16 */

static void put_i64(struct buf *b, int64_t v) {
    char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (char)((uint64_t)v >> (8 * i));
    buf_put(b, str_from_bytes(bytes, 8));
}

static bool take_i64(str *rest, int64_t *ret) {
    if (rest->n < 8) return false;
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--) v = v << 8 | (uint8_t)rest->p[i];
    *rest = str_tail(*rest, 8);
    *ret = (int64_t)v;
    return true;
}

static void save_symbol(const struct sym_state *st, const char name[SYMBOL_BYTES],
                        struct buf *out) {
    buf_put(out, str_from_bytes(name, SYMBOL_BYTES));
    const struct quote *q = &st->quote;
    const struct volatility *v = &st->volatility;
    const int64_t head[] = {st->dry,
                            q->at,
                            price_e8(q->last),
                            price_e8(q->bid),
                            price_e8(q->ask),
                            q->interval,
                            price_e8(st->mark),
                            st->interval,
                            st->closed_at,
                            st->ring_count,
                            v->at,
                            price_e8(v->last),
                            v->rate,
                            v->filled,
                            v->returns,
                            v->squared};
    _Static_assert(sizeof head == HEAD_WORDS * sizeof head[0], "as many as are read");
    for (ptrdiff_t i = 0; i < COUNT_OF(head); i++) put_i64(out, head[i]);
    for (int n = st->ring_count; n > 0; n--) { /* oldest first */
        const int i = (st->ring_next - n + PRICE_RING) % PRICE_RING;
        put_i64(out, st->ring[i].at);
        put_i64(out, price_e8(st->ring[i].p));
        put_i64(out, st->ring[i].squared);
    }
}

void trader_save_prices(const struct trader *t, struct buf *out) {
    put_i64(out, MAGIC);
    put_i64(out, t->sample_hour);
    for (int i = 0; i < t->symbols->count; i++) {
        if (t->syms[i].has_price) save_symbol(&t->syms[i], t->symbols->v[i].name, out);
    }
}

/* False when it cannot have been saved here: what is computed from it would be out of range. */
static bool load_volatility(const int64_t w[6], struct volatility *ret) {
    const bool rates = w[2] >= 0 && w[2] <= RATE_MAX && w[3] >= 0 && w[3] <= E8;
    const bool rest = w[4] >= 0 && w[4] <= VOLATILITY_LEAST && w[5] >= 0;
    if (!rates || !rest || (w[4] > 0 && w[3] == 0) || w[0] < 0 || (w[0] != 0 && w[1] <= 0))
        return false;
    *ret = (struct volatility){.at = w[0],
                               .last = price_from_e8(w[1]),
                               .rate = w[2],
                               .filled = w[3],
                               .returns = w[4],
                               .squared = w[5]};
    return true;
}

static bool load_symbol(str *rest, struct sym_state *st) {
    int64_t head[HEAD_WORDS];
    for (ptrdiff_t i = 0; i < COUNT_OF(head); i++) {
        if (!take_i64(rest, &head[i])) return false;
    }
    if (head[9] < 1 || head[9] > PRICE_RING) return false;
    st->has_price = true;
    st->dry = head[0] != 0;
    st->quote = (struct quote){.sym = st->quote.sym,
                               .at = head[1],
                               .last = price_from_e8(head[2]),
                               .bid = price_from_e8(head[3]),
                               .ask = price_from_e8(head[4]),
                               .interval = head[5]};
    st->mark = price_from_e8(head[6]);
    st->interval = head[7];
    st->closed_at = i64_max(st->closed_at, head[8]);
    if (!load_volatility(&head[10], &st->volatility)) return false;
    st->ring_count = (int)head[9];
    st->ring_next = st->ring_count % PRICE_RING;
    for (int i = 0; i < st->ring_count; i++) {
        int64_t at, p, squared;
        if (!take_i64(rest, &at) || !take_i64(rest, &p) || !take_i64(rest, &squared)) return false;
        if (squared < 0) return false;
        st->ring[i].at = at;
        st->ring[i].p = price_from_e8(p);
        st->ring[i].squared = squared;
    }
    return true;
}

bool trader_load_prices(struct trader *t, str blob, struct error *err) {
    int64_t magic = 0, hour;
    str rest = blob;
    if (take_i64(&rest, &magic) && magic == MAGIC_1) return true; /* learned anew in minutes */
    if (magic != MAGIC || !take_i64(&rest, &hour)) {
        return fail(err, ERR_DAMAGED, 0, "the stored prices are not in a form known here");
    }
    t->sample_hour = hour;
    while (rest.n > 0) {
        const str padded = str_head(rest, SYMBOL_BYTES);
        const ptrdiff_t nul = str_find_byte(padded, '\0');
        if (padded.n < SYMBOL_BYTES || nul < 0) {
            return fail(err, ERR_DAMAGED, 0, "the stored prices end in the middle");
        }
        rest = str_tail(rest, SYMBOL_BYTES);
        const int sym = symbols_find(t->symbols, str_head(padded, nul));
        struct sym_state unlisted = {0}; /* no longer listed: read over */
        struct sym_state *st = sym == SYM_NONE ? &unlisted : &t->syms[sym];
        st->quote.sym = sym;
        if (!load_symbol(&rest, st)) {
            return fail(err, ERR_DAMAGED, 0, "the stored prices end in the middle");
        }
    }
    return true;
}
