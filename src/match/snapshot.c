/* snapshot: the whole state as bytes, and back.
 *
 * Out: "BFMATCH2", the payload's length, the payload field by field in little endian, a checksum
 * over all before it. Symbols and assets stand by name, so that a longer list of symbols does not
 * shift them; orders by id, so that slots and chains are made anew. A run that goes on from a
 * snapshot gives the same events, ids and bytes as one that was never stopped.
 *
 * "BFMATCH1" is read, too: it has no icebergs, trailing stops, means of prices and faults to come.
 *
 * In: bytes that may be anything. Every count is checked against what is left, every enum, amount
 * and time against its range, every name against the symbols, and at last the whole against
 * match_fault. Failure: ERR_DAMAGED (the bytes are not what was saved) or ERR_STATE (they are, and
 * do not fit this engine: other accounts, symbols, capacities); the engine is then empty. */
#include "match/match_int.h"

#include <stdlib.h>

#define MAGIC "BFMATCH2"
#define MAGIC_1 "BFMATCH1"
#define MAGIC_BYTES 8
#define FRAME_BYTES (MAGIC_BYTES + 8 + 8)
#define TIME_MAX (INT64_MAX / 4) /* far beyond any date, and sums of two still fit */

/* -- writing ------------------------------------------------------------------------------- */

static void put_u8(struct buf *b, unsigned v) { buf_put_byte(b, (char)(v & 0xFF)); }

static void put_u64(struct buf *b, uint64_t v) {
    char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (char)(v >> (8 * i) & 0xFF);
    buf_put(b, str_from_bytes(bytes, 8));
}

static void put_i64(struct buf *b, int64_t v) { put_u64(b, (uint64_t)v); }

static void put_count(struct buf *b, int v) { put_u64(b, (uint64_t)v); }

static void put_text(struct buf *b, const char *z) {
    str s = str_from_z(z);
    put_u8(b, (unsigned)s.n);
    buf_put(b, s);
}

/* Most orders have none of it. */
static void put_extra(struct buf *b, const struct match_order *o) {
    const struct match_extra *x = &o->extra;
    bool any = !qty_is_zero(x->iceberg) || x->trailing_bp != 0 || x->strategy_id != 0 ||
               x->strategy_type != 0 || o->amends != 0;
    put_u8(b, any);
    if (!any) return;
    put_i64(b, qty_e8(x->iceberg));
    put_i64(b, x->trailing_bp);
    put_i64(b, x->strategy_id);
    put_i64(b, x->strategy_type);
    put_i64(b, o->trailing_at);
    put_i64(b, price_e8(o->trailing));
    put_i64(b, o->amends);
}

static void put_order(const struct match *m, struct buf *b, const struct match_order *o) {
    put_i64(b, o->id);
    put_i64(b, o->list_id);
    put_count(b, o->account);
    put_text(b, sym_of(m, o->sym)->name);
    put_text(b, o->coid);
    put_u8(b, o->side);
    put_u8(b, o->type);
    put_u8(b, o->tif);
    put_i64(b, qty_e8(o->qty));
    put_i64(b, money_e8(o->quote_qty));
    put_i64(b, price_e8(o->limit));
    put_i64(b, price_e8(o->stop));
    put_u8(b, o->status);
    put_u8(b, o->reason);
    put_u8(b, o->triggered);
    put_i64(b, qty_e8(o->filled));
    put_i64(b, money_e8(o->quote_filled));
    put_i64(b, o->created_at);
    put_i64(b, o->updated_at);
    put_i64(b, o->working_at);
    put_extra(b, o);
}

static void put_slot(const struct match *m, struct buf *b, const struct slot *s) {
    put_order(m, b, &s->o);
    put_u8(b, s->met);
    put_u8(b, s->under_way);
    put_i64(b, s->active_at);
    put_i64(b, price_e8(s->lock_px));
    put_i64(b, s->lock_e8);
    put_i64(b, qty_e8(s->base_fee));
}

static void put_list(const struct match *m, struct buf *b, const struct list_slot *l) {
    put_i64(b, l->l.id);
    put_u8(b, l->l.kind);
    put_count(b, l->l.account);
    put_text(b, sym_of(m, l->l.sym)->name);
    put_text(b, l->l.coid);
    put_u8(b, l->l.done);
    put_i64(b, l->l.created_at);
    put_i64(b, l->l.updated_at);
    put_count(b, l->l.order_count);
    for (int i = 0; i < l->l.order_count; i++) put_i64(b, l->l.order_ids[i]);
    put_u8(b, l->pending_side);
    put_i64(b, qty_e8(l->pending_qty));
    put_i64(b, l->lock_e8);
}

static bool balance_is_zero(const struct balance *x) {
    return x->free_e8 == 0 && x->locked_e8 == 0 && x->start_e8 == 0 && x->flow_e8 == 0;
}

/* rules.ended_lists_count: there is nothing to put where it is not set. */
static void put_ended(const struct match *m, struct buf *b, int account) {
    int count = 0;
    for (int i = 0; i < m->symbols->count; i++) count += tally_peek(m, account, i)->ended > 0;
    put_count(b, count);
    for (int i = 0; i < m->symbols->count; i++) {
        const struct tally *t = tally_peek(m, account, i);
        if (t->ended == 0) continue;
        put_text(b, sym_of(m, i)->name);
        put_i64(b, t->day);
        put_i64(b, t->ended);
    }
}

static void put_accounts(const struct match *m, struct buf *b) {
    put_count(b, m->account_count);
    for (int a = 0; a < m->account_count; a++) {
        int count = 0;
        put_u8(b, m->accounts[a].terms.margin);
        for (int i = 0; i < m->asset_count; i++) count += !balance_is_zero(wallet_peek(m, a, i));
        put_count(b, count);
        for (int i = 0; i < m->asset_count; i++) {
            const struct balance *x = wallet_peek(m, a, i);
            if (balance_is_zero(x)) continue;
            put_text(b, m->assets[i]);
            put_i64(b, x->free_e8);
            put_i64(b, x->locked_e8);
            put_i64(b, x->start_e8);
            put_u64(b, x->flow_e8);
        }
        put_u8(b, m->accounts[a].refuse_legs);
        put_ended(m, b, a);
    }
}

static void put_levels(struct buf *b, const struct match_level *v, int count) {
    put_count(b, count);
    for (int i = 0; i < count; i++) {
        put_i64(b, price_e8(v[i].price));
        put_i64(b, qty_e8(v[i].qty));
    }
}

static void put_bins(const struct match *m, struct buf *b, const struct sym_state *st) {
    put_count(b, st->bin_count);
    for (int i = st->bin_count - 1; i >= 0; i--) { /* the oldest first */
        const struct mean_bin *bin =
            &st->bins[(st->bin_last - i + m->opt.mean_mins) % m->opt.mean_mins];
        put_i64(b, bin->minute);
        put_i64(b, bin->count);
        put_u64(b, (uint64_t)bin->sum_e8);
        put_u64(b, (uint64_t)(bin->sum_e8 >> 64));
    }
}

static void put_sym(const struct match *m, struct buf *b, int sym) {
    const struct sym_state *st = &m->syms[sym];
    put_text(b, sym_of(m, sym)->name);
    put_u8(b, st->opens_candle);
    put_u8(b, st->capped);
    put_u8(b, st->prev_known);
    put_i64(b, price_e8(st->last));
    put_i64(b, price_e8(st->bid));
    put_i64(b, price_e8(st->ask));
    put_i64(b, st->price_at);
    put_i64(b, st->candle_at);
    put_i64(b, st->closed_at);
    put_i64(b, volume_e8(st->prev));
    put_i64(b, qty_e8(st->cap));
    put_i64(b, qty_e8(st->taken));
    put_levels(b, st->bids, st->bid_count);
    put_levels(b, st->asks, st->ask_count);
    put_u8(b, st->thin);
    put_u8(b, st->thin_by_range);
    put_i64(b, st->thin_share_e8);
    put_bins(m, b, st);
}

static void put_syms(const struct match *m, struct buf *b) {
    int count = 0;
    for (int i = 0; i < m->symbols->count; i++) count += m->syms[i].has_price;
    put_count(b, count);
    for (int i = 0; i < m->symbols->count; i++) {
        if (m->syms[i].has_price) put_sym(m, b, i);
    }
}

static int slots_cmp(const void *a, const void *b, void *ctx) {
    const struct match *m = ctx;
    int64_t x = m->slots[*(const int *)a].o.id, y = m->slots[*(const int *)b].o.id;
    return (x > y) - (x < y);
}

static int lists_cmp(const void *a, const void *b, void *ctx) {
    const struct match *m = ctx;
    int64_t x = m->lists[*(const int *)a].l.id, y = m->lists[*(const int *)b].l.id;
    return (x > y) - (x < y);
}

/* m->scratch is the engine's own and free outside of match_quote and the like. */
static void put_lists(struct match *m, struct buf *b) {
    int count = 0;
    for (int i = 0; i < m->list_count; i++) {
        if (m->lists[i].used) m->scratch[count++] = i;
    }
    qsort_r(m->scratch, (size_t)count, sizeof m->scratch[0], lists_cmp, m);
    put_count(b, count);
    for (int i = 0; i < count; i++) put_list(m, b, &m->lists[m->scratch[i]]);
}

static void put_orders(struct match *m, struct buf *b) {
    int count = 0;
    for (int i = 0; i < m->slot_count; i++) {
        if (m->slots[i].used) m->scratch[count++] = i;
    }
    qsort_r(m->scratch, (size_t)count, sizeof m->scratch[0], slots_cmp, m);
    put_count(b, count);
    for (int i = 0; i < count; i++) put_slot(m, b, &m->slots[m->scratch[i]]);
    put_count(b, m->old_count);
    for (int i = m->old_first; i != NO_SLOT; i = m->slots[i].age_next) {
        put_i64(b, m->slots[i].o.id);
    }
}

static void put_events(const struct match *m, struct buf *b) {
    put_count(b, m->event_count);
    for (int i = 0; i < m->event_count; i++) {
        const struct match_event *e = match_event_at(m, i);
        put_u8(b, e->kind);
        put_i64(b, e->at);
        put_order(m, b, &e->order);
        put_i64(b, e->trade_id);
        put_i64(b, qty_e8(e->fill_qty));
        put_i64(b, price_e8(e->fill_price));
        put_i64(b, money_e8(e->fill_quote));
        put_i64(b, e->fee_e8);
        put_u8(b, e->fee_in_base);
        put_u8(b, e->maker);
    }
}

static void put_payload(struct match *m, struct buf *b) {
    put_i64(b, m->now);
    put_i64(b, m->next_order_id);
    put_i64(b, m->next_list_id);
    put_i64(b, m->next_trade_id);
    put_i64(b, price_e8(m->fill_px));
    put_accounts(m, b);
    put_syms(m, b);
    put_lists(m, b);
    put_orders(m, b);
    put_events(m, b);
}

void match_save(struct match *m, struct buf *out) {
    ptrdiff_t start = out->len, at;
    buf_put(out, STR(MAGIC));
    put_u64(out, 0); /* the length, known at the end */
    at = out->len;
    put_payload(m, out);
    if (buf_full(out)) return;
    uint64_t bytes = (uint64_t)(out->len - at);
    for (int i = 0; i < 8; i++) out->p[start + MAGIC_BYTES + i] = (char)(bytes >> (8 * i) & 0xFF);
    put_u64(out, str_hash(str_from_bytes(out->p + start, out->len - start)));
}

/* -- reading ------------------------------------------------------------------------------- */

/* Takes from the front of `left`; `bad` once something was missing or out of range, and from then
 * on everything reads as nothing. */
struct reader {
    str left;
    int version;
    bool bad;
    bool foreign;    /* the bytes are fine and belong to another engine */
    const char *why; /* what was wrong first */
};

static void spoil(struct reader *r, const char *why) {
    if (!r->bad) r->why = why;
    r->bad = true;
}

static void mismatch(struct reader *r, const char *why) {
    if (!r->bad) r->foreign = true;
    spoil(r, why);
}

static uint64_t get_u64(struct reader *r) {
    if (r->bad || r->left.n < 8) {
        spoil(r, "it ends too early");
        return 0;
    }
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v |= (uint64_t)(unsigned char)r->left.p[i] << (8 * i);
    r->left = str_tail(r->left, 8);
    return v;
}

static int64_t get_i64(struct reader *r) { return (int64_t)get_u64(r); }

/* 0..max. */
static int get_u8(struct reader *r, int max) {
    if (r->bad || r->left.n < 1) {
        spoil(r, "it ends too early");
        return 0;
    }
    int v = (unsigned char)r->left.p[0];
    r->left = str_tail(r->left, 1);
    if (v <= max) return v;
    spoil(r, "a number is out of its list");
    return 0;
}

static bool get_bool(struct reader *r) { return get_u8(r, 1) != 0; }

static int64_t get_between(struct reader *r, int64_t lo, int64_t hi, const char *why) {
    int64_t v = get_i64(r);
    if (r->bad) return lo;
    if (v >= lo && v <= hi) return v;
    spoil(r, why);
    return lo;
}

static int64_t get_amount(struct reader *r) {
    return get_between(r, -AMOUNT_E8_MAX, AMOUNT_E8_MAX, "an amount is out of range");
}

/* Prices, quantities: never negative. */
static int64_t get_size(struct reader *r) {
    return get_between(r, 0, AMOUNT_E8_MAX, "a price or quantity is out of range");
}

static usec get_time(struct reader *r) {
    return get_between(r, -TIME_MAX, TIME_MAX, "a time is out of range");
}

static int64_t get_id(struct reader *r) {
    return get_between(r, 0, INT64_MAX / 2, "an id is out of range");
}

/* How many records of at least `bytes` bytes follow. */
static int get_count(struct reader *r, int bytes) {
    uint64_t v = get_u64(r);
    if (!r->bad && v > (uint64_t)(r->left.n / bytes)) spoil(r, "a count is too large");
    return r->bad ? 0 : (int)v;
}

static void get_text(struct reader *r, char *dst, ptrdiff_t dst_bytes) {
    int n = get_u8(r, (int)dst_bytes - 1);
    if (!r->bad && r->left.n < n) spoil(r, "it ends too early");
    if (!r->bad && memchr(r->left.p, 0, (size_t)n)) spoil(r, "a NUL in a name");
    if (r->bad) n = 0;
    if (n > 0) memcpy(dst, r->left.p, (size_t)n);
    dst[n] = 0;
    r->left = str_tail(r->left, n);
}

static int get_sym(struct reader *r, const struct match *m) {
    char name[SYMBOL_BYTES];
    get_text(r, name, (ptrdiff_t)sizeof name);
    int sym = r->bad ? SYM_NONE : symbols_find(m->symbols, str_from_z(name));
    if (sym == SYM_NONE) {
        mismatch(r, "it names a symbol that is not listed");
        return 0;
    }
    return sym;
}

static int get_account(struct reader *r, const struct match *m) {
    return (int)get_between(r, 0, m->account_count - 1, "an account that is not open");
}

static void get_extra(struct reader *r, struct match_order *o) {
    if (r->version < 2 || !get_bool(r)) return;
    o->extra.iceberg = qty_from_e8(get_size(r));
    o->extra.trailing_bp = get_between(r, 0, BP_ONE, "a trailing delta is out of range");
    o->extra.strategy_id = get_i64(r);
    o->extra.strategy_type = get_i64(r);
    o->trailing_at = get_time(r);
    o->trailing = price_from_e8(get_size(r));
    o->amends = (int32_t)get_between(r, 0, INT32_MAX, "a count is too large");
}

static struct match_order get_order(struct reader *r, const struct match *m) {
    struct match_order o = {.id = get_id(r)};
    o.list_id = get_between(r, MATCH_NO_LIST, INT64_MAX / 2, "an id is out of range");
    o.account = get_account(r, m);
    o.sym = get_sym(r, m);
    get_text(r, o.coid, (ptrdiff_t)sizeof o.coid);
    o.side = (order_side)get_u8(r, ORDER_SELL);
    o.type = (order_type)get_u8(r, ORDER_TAKE_PROFIT_LIMIT);
    o.tif = (tif)get_u8(r, TIF_FOK);
    o.qty = qty_from_e8(get_size(r));
    o.quote_qty = money_from_e8(get_size(r));
    o.limit = price_from_e8(get_size(r));
    o.stop = price_from_e8(get_size(r));
    o.status = (match_status)get_u8(r, MATCH_EXPIRED);
    o.reason = (match_reason)get_u8(r, MATCH_REASON_EXECUTION_RULE_PRICE_RANGE_EXCEEDED);
    o.triggered = get_bool(r);
    o.filled = qty_from_e8(get_size(r));
    o.quote_filled = money_from_e8(get_size(r));
    o.created_at = get_time(r);
    o.updated_at = get_time(r);
    o.working_at = get_time(r);
    get_extra(r, &o);
    return o;
}

static void get_ended(struct reader *r, struct match *m, int account) {
    int count = get_count(r, 17);
    for (int i = 0; i < count && !r->bad; i++) {
        struct tally *t = tally_get(m, account, get_sym(r, m));
        if (t->ended != 0) spoil(r, "a symbol stands twice");
        t->day = get_between(r, -TIME_MAX, TIME_MAX, "a day is out of range");
        t->ended = (int)get_between(r, 1, INT32_MAX / 2, "a count is out of range");
    }
}

static void get_accounts(struct reader *r, struct match *m) {
    if (get_count(r, 9) != m->account_count) mismatch(r, "the number of accounts is another");
    for (int a = 0; a < m->account_count && !r->bad; a++) {
        if (get_bool(r) != m->accounts[a].terms.margin)
            mismatch(r, "spot and margin are exchanged");
        int count = get_count(r, 33);
        for (int i = 0; i < count && !r->bad; i++) {
            char name[16];
            get_text(r, name, (ptrdiff_t)sizeof name);
            int asset = asset_find(m, str_from_z(name));
            if (asset == NO_SLOT) {
                mismatch(r, "it names an asset that is not listed");
                return;
            }
            struct balance *x = wallet_get(m, a, asset);
            if (!balance_is_zero(x)) spoil(r, "an asset stands twice");
            x->free_e8 = get_amount(r);
            x->locked_e8 = get_amount(r);
            x->start_e8 = get_amount(r);
            x->flow_e8 = get_u64(r);
        }
        if (r->version < 2) continue;
        m->accounts[a].refuse_legs = get_bool(r);
        get_ended(r, m, a);
    }
}

static int get_levels(struct reader *r, const struct match *m, struct match_level *v) {
    int count = get_count(r, 16);
    if (count > m->opt.depth_max) {
        mismatch(r, "a book is deeper than this engine's");
        return 0;
    }
    for (int i = 0; i < count; i++) {
        v[i].price = price_from_e8(get_size(r));
        v[i].qty = qty_from_e8(get_size(r));
    }
    return count;
}

/* The mean of each minute is a price, and their sums stay in range. */
static void get_bins(struct reader *r, const struct match *m, struct sym_state *st) {
    int count = get_count(r, 32);
    if (count > m->opt.mean_mins) {
        mismatch(r, "more minutes of prices than this engine keeps");
        return;
    }
    for (int i = 0; i < count && !r->bad; i++) {
        struct mean_bin bin = {.minute = get_between(r, -TIME_MAX, TIME_MAX, "a bad minute"),
                               .count = get_between(r, 1, INT32_MAX, "a count is out of range")};
        uint64_t low = get_u64(r), high = get_u64(r);
        if (high > INT64_MAX) spoil(r, "a price or quantity is out of range");
        if (r->bad) return;
        bin.sum_e8 = (wide)high << 64 | low;
        if (bin.sum_e8 < bin.count || bin.sum_e8 / bin.count > AMOUNT_E8_MAX ||
            (i > 0 && bin.minute <= st->bins[i - 1].minute)) {
            spoil(r, "minutes of prices that cannot be");
            return;
        }
        st->bins[i] = bin;
        st->bin_last = i;
        st->bin_count = i + 1;
    }
}

static void get_syms(struct reader *r, struct match *m) {
    int count = get_count(r, 92);
    for (int i = 0; i < count && !r->bad; i++) {
        struct sym_state *st = &m->syms[get_sym(r, m)];
        if (r->bad) return;
        if (st->has_price) spoil(r, "a symbol stands twice");
        st->has_price = true;
        st->opens_candle = get_bool(r);
        st->capped = get_bool(r);
        st->prev_known = get_bool(r);
        st->last = price_from_e8(get_size(r));
        st->bid = price_from_e8(get_size(r));
        st->ask = price_from_e8(get_size(r));
        st->price_at = get_time(r);
        st->candle_at = get_time(r);
        st->closed_at = get_time(r);
        st->prev = volume_from_e8(get_between(r, 0, INT64_MAX, "a volume is out of range"));
        st->cap = qty_from_e8(get_size(r));
        st->taken = qty_from_e8(get_size(r));
        st->bid_count = get_levels(r, m, st->bids);
        st->ask_count = get_levels(r, m, st->asks);
        if (r->version >= 2) {
            st->thin = get_bool(r);
            st->thin_by_range = get_bool(r);
            st->thin_share_e8 = get_between(r, 0, E8, "a share is out of range");
            get_bins(r, m, st);
        }
        if (price_is_zero(st->last) || price_is_zero(st->bid) || price_is_zero(st->ask)) {
            spoil(r, "a price of nothing");
        }
    }
}

static void get_lists(struct reader *r, struct match *m) {
    int count = get_count(r, 60);
    int64_t before = 0;
    if (count > m->list_count) mismatch(r, "more order lists than this engine holds");
    for (int i = 0; i < count && !r->bad; i++) {
        struct match_list l = {.id = get_id(r)};
        if (l.id <= before || l.id >= m->next_list_id) spoil(r, "list ids are out of order");
        before = l.id;
        l.kind = (match_list_kind)get_u8(r, MATCH_OPOCO);
        l.account = get_account(r, m);
        l.sym = get_sym(r, m);
        get_text(r, l.coid, (ptrdiff_t)sizeof l.coid);
        l.done = get_bool(r);
        l.created_at = get_time(r);
        l.updated_at = get_time(r);
        l.order_count = get_count(r, 8);
        if (l.order_count != (l.kind == MATCH_OTOCO || l.kind == MATCH_OPOCO ? 3 : 2)) {
            spoil(r, "a list of too many or too few orders");
        }
        if (r->bad) return;
        for (int k = 0; k < l.order_count; k++) l.order_ids[k] = get_id(r);
        struct list_slot *ls = &m->lists[pool_list_take(m, &l)];
        ls->pending_side = (order_side)get_u8(r, ORDER_SELL);
        ls->pending_qty = qty_from_e8(get_size(r));
        ls->lock_e8 = get_size(r);
    }
}

/* Ties an order that has been read to its list. */
static void join_list(struct reader *r, struct match *m, int slot) {
    const struct match_order *o = &m->slots[slot].o;
    if (o->list_id == MATCH_NO_LIST) return;
    struct match_ref ref = {.account = o->account, .sym = o->sym, .id = o->list_id};
    int list = o->list_id == 0 ? NO_SLOT : pool_find_list(m, &ref);
    if (list == NO_SLOT) {
        spoil(r, "an order of a list that is not there");
        return;
    }
    struct list_slot *l = &m->lists[list];
    int first_pending = l->l.kind == MATCH_OCO ? 0 : 1;
    for (int i = 0; i < l->l.order_count; i++) {
        if (l->l.order_ids[i] != o->id) continue;
        *(i < first_pending ? &l->working : &l->pending[i - first_pending]) = slot;
        pool_list_join(m, list, slot);
        return;
    }
    spoil(r, "an order that its list does not know");
}

static void get_slot(struct reader *r, struct match *m, int64_t *before) {
    struct match_order o = get_order(r, m);
    if (!r->bad && (o.id <= *before || o.id >= m->next_order_id)) {
        spoil(r, "order ids are out of order");
    }
    *before = o.id;
    if (r->bad) return;
    struct slot *s = &m->slots[pool_put(m, &o)];
    s->met = get_bool(r);
    s->under_way = get_bool(r);
    s->active_at = get_time(r);
    s->lock_px = price_from_e8(get_size(r));
    s->lock_e8 = get_size(r);
    s->base_fee = qty_from_e8(get_size(r));
    m->waiting += s->under_way;
}

static void get_orders(struct reader *r, struct match *m) {
    int count = get_count(r, 130);
    int64_t before = 0;
    if (count > m->slot_count) mismatch(r, "more orders than this engine holds");
    for (int i = 0; i < count && !r->bad; i++) get_slot(r, m, &before);
    int old = get_count(r, 8);
    for (int i = 0; i < old && !r->bad; i++) {
        int64_t id = get_id(r);
        int slot = NO_SLOT;
        for (int a = 0; a < m->account_count && slot == NO_SLOT && id != 0; a++) {
            slot = pool_find(m, &(struct match_ref){.account = a, .sym = SYM_NONE, .id = id});
        }
        if (slot == NO_SLOT || !m->slots[slot].live) {
            spoil(r, "a history of orders that are not there");
            return;
        }
        pool_retire(m, slot);
    }
    if (!r->bad && m->live_count > m->opt.orders_max)
        mismatch(r, "more orders than this engine holds");
    for (int i = 0; i < m->slot_count && !r->bad; i++) {
        if (m->slots[i].used) join_list(r, m, i);
    }
}

static void get_events(struct reader *r, struct match *m) {
    int count = get_count(r, 150);
    if (count > m->event_cap) mismatch(r, "more events than this engine holds");
    for (int i = 0; i < count && !r->bad; i++) {
        struct match_event e = {.kind = (match_event_kind)get_u8(r, MATCH_EV_COUNT - 1)};
        e.at = get_time(r);
        e.order = get_order(r, m);
        e.trade_id = get_id(r);
        e.fill_qty = qty_from_e8(get_size(r));
        e.fill_price = price_from_e8(get_size(r));
        e.fill_quote = money_from_e8(get_size(r));
        e.fee_e8 = get_size(r);
        e.fee_in_base = get_bool(r);
        e.maker = get_bool(r);
        m->events[i] = e;
        m->event_count = i + 1;
    }
}

static void get_payload(struct reader *r, struct match *m) {
    m->now = get_time(r);
    m->next_order_id = get_id(r);
    m->next_list_id = get_id(r);
    m->next_trade_id = get_id(r);
    m->fill_px = price_from_e8(get_size(r));
    get_accounts(r, m);
    get_syms(r, m);
    get_lists(r, m);
    get_orders(r, m);
    get_events(r, m);
    if (!r->bad && r->left.n != 0) spoil(r, "there is more than it should hold");
}

static void reset(struct match *m) {
    pool_clear(m);
    m->now = 0;
    m->next_order_id = m->next_list_id = m->next_trade_id = 1;
    m->fill_px = price_from_e8(0);
    for (int i = 0; i < m->symbols->count; i++) {
        struct sym_state *st = &m->syms[i];
        *st = (struct sym_state){.base = st->base,
                                 .quote = st->quote,
                                 .bids = st->bids,
                                 .asks = st->asks,
                                 .bins = st->bins,
                                 .candle_at = -1,
                                 .closed_at = -1,
                                 .first = NO_SLOT,
                                 .last_slot = NO_SLOT};
    }
    for (int a = 0; a < m->account_count; a++) m->accounts[a].refuse_legs = false;
    ptrdiff_t balances = (ptrdiff_t)m->account_count * m->asset_count;
    for (ptrdiff_t i = 0; i < balances; i++) m->balances[i] = (struct balance){0};
}

/* The payload of a blob whose frame and checksum are right. */
static bool unframe(str blob, str *ret, int *ret_version, struct error *err) {
    struct reader r = {.left = blob};
    bool first = str_starts(blob, STR(MAGIC_1));
    if (blob.n < FRAME_BYTES || (!first && !str_starts(blob, STR(MAGIC)))) {
        return fail(err, ERR_DAMAGED, 0, "matching engine's snapshot: not one of this version");
    }
    r.left = str_tail(blob, MAGIC_BYTES);
    uint64_t bytes = get_u64(&r);
    if (bytes != (uint64_t)(blob.n - FRAME_BYTES)) {
        return fail(err, ERR_DAMAGED, 0, "matching engine's snapshot: %lld bytes, should be %llu",
                    (long long)(blob.n - FRAME_BYTES), (unsigned long long)bytes);
    }
    *ret_version = first ? 1 : 2;
    *ret = str_head(r.left, (ptrdiff_t)bytes);
    r.left = str_tail(r.left, (ptrdiff_t)bytes);
    if (get_u64(&r) != str_hash(str_head(blob, blob.n - 8))) {
        return fail(err, ERR_DAMAGED, 0, "matching engine's snapshot: the checksum is wrong");
    }
    return true;
}

bool match_load(struct match *m, str blob, struct error *err) {
    str payload;
    int version = 0;
    reset(m);
    if (!unframe(blob, &payload, &version, err)) return false;
    struct reader r = {.left = payload, .version = version};
    get_payload(&r, m);
    const char *fault = r.bad ? r.why : match_fault(m);
    if (!fault) return true;
    reset(m);
    return fail(err, r.foreign ? ERR_STATE : ERR_DAMAGED, 0, "matching engine's snapshot: %s",
                fault);
}
