/* audit: does the engine's state hold together?
 *
 * Every balance is deposits plus what fills and fees brought; what is locked is what open orders
 * lock; spot balances are not negative; the chains, indexes and counts agree. Costs time in
 * proportion to everything there is: tests call it after each step, and match_load after reading a
 * blob, before anything of it is believed. Pure. */
#include "match/match_int.h"

static const char *order_fault(const struct match *m, const struct slot *s) {
    const struct match_order *o = &s->o;
    if (s->live != match_is_live(o->status)) return "an order's status is not that of its place";
    if (!s->live && s->lock_e8 != 0) return "an ended order keeps a lock";
    if (s->lock_e8 < 0 || (leg_of_pair(m, s) && s->lock_e8 != 0))
        return "a lock of the wrong owner";
    if (qty_e8(o->filled) < 0 || money_e8(o->quote_filled) < 0) return "negative fills";
    if (money_is_zero(o->quote_qty) && qty_cmp(o->filled, o->qty) > 0) return "overfilled order";
    if (o->status == MATCH_FILLED && qty_cmp(o->filled, o->qty) != 0) return "filled in part";
    if (o->status == MATCH_PARTIALLY_FILLED && qty_is_zero(o->filled)) return "a part of nothing";
    if (o->id >= m->next_order_id) return "an order id from the future";
    if ((o->trailing_at != 0 || !price_is_zero(o->trailing)) && !type_is_trailing(o)) {
        return "an order follows the price unasked";
    }
    return NULL;
}

static const char *list_fault(const struct match *m, const struct list_slot *l, int list) {
    int live = 0, refs = 0;
    const int members[MATCH_LEGS_MAX] = {l->working, l->pending[0], l->pending[1]};
    for (int i = 0; i < MATCH_LEGS_MAX; i++) {
        if (members[i] == NO_SLOT) continue;
        const struct slot *s = &m->slots[members[i]];
        if (!s->used || s->list != list || s->o.list_id != l->l.id)
            return "a list's order is not its";
        if (s->o.account != l->l.account || s->o.sym != l->l.sym) return "a list across accounts";
        refs++;
        live += s->live;
    }
    if (refs != l->refs || refs == 0) return "a list's members are miscounted";
    if (live != l->live || l->l.done != (live == 0)) return "a list's live orders are miscounted";
    if (l->lock_e8 < 0 || (live == 0 && l->lock_e8 != 0)) return "an ended list keeps a lock";
    return NULL;
}

static const char *chains_fault(const struct match *m) {
    int live = 0, old = 0, slots = 0;
    for (int sym = 0; sym < m->symbols->count; sym++) {
        int prev = NO_SLOT;
        for (int i = m->syms[sym].first; i != NO_SLOT; i = m->slots[i].sym_next) {
            const struct slot *s = &m->slots[i];
            if (!s->live || s->o.sym != sym || s->sym_prev != prev)
                return "a broken chain of orders";
            if (prev != NO_SLOT && m->slots[prev].o.id >= s->o.id) return "orders out of order";
            prev = i;
            if (++live > m->slot_count) return "a chain of orders without end";
        }
        if (m->syms[sym].last_slot != prev) return "a chain's end is elsewhere";
    }
    for (int i = m->old_first; i != NO_SLOT; i = m->slots[i].age_next) {
        if (m->slots[i].live || !m->slots[i].used) return "a live order in the history";
        if (++old > m->slot_count) return "a history without end";
    }
    for (int i = 0; i < m->slot_count; i++) slots += m->slots[i].used;
    if (live != m->live_count || old != m->old_count || slots != live + old) {
        return "orders are miscounted";
    }
    return NULL;
}

/* Every slot is found by its id, every live one by its client id. */
static const char *index_fault(const struct match *m) {
    for (int i = 0; i < m->slot_count; i++) {
        const struct slot *s = &m->slots[i];
        if (!s->used) continue;
        struct match_ref ref = {.account = s->o.account, .sym = s->o.sym, .id = s->o.id};
        if (pool_find(m, &ref) != i) return "an order is not found by its id";
        str coid = str_from_z(s->o.coid);
        if (s->live && pool_find_live_coid(m, s->o.account, coid) == NO_SLOT) {
            return "an order is not found by its client id";
        }
    }
    return NULL;
}

/* An account's counts on a symbol are those of its live orders and lists. */
static const char *tally_fault(const struct match *m, int account, int sym) {
    struct tally t = *tally_peek(m, account, sym);
    for (int i = m->syms[sym].first; i != NO_SLOT; i = m->slots[i].sym_next) {
        const struct match_order *o = &m->slots[i].o;
        if (o->account != account) continue;
        t.orders--;
        if (type_is_stop(o->type)) t.algos--;
        if (!qty_is_zero(o->extra.iceberg)) t.icebergs--;
    }
    for (int i = 0; i < m->list_count; i++) {
        const struct list_slot *l = &m->lists[i];
        if (l->used && !l->l.done && l->l.account == account && l->l.sym == sym) t.lists--;
    }
    bool right = t.orders == 0 && t.algos == 0 && t.icebergs == 0 && t.lists == 0;
    return right ? NULL : "an account's orders are miscounted";
}

static int64_t locked_sum(const struct match *m, int account, int asset) {
    int64_t sum = 0;
    for (int i = 0; i < m->slot_count; i++) {
        const struct slot *s = &m->slots[i];
        if (!s->used || s->o.account != account || lock_asset(m, s) != asset) continue;
        sum += s->lock_e8;
        /* a pair's lock is counted with the first leg that is still there */
        if (!leg_of_pair(m, s)) continue;
        const struct list_slot *l = &m->lists[s->list];
        int first = l->pending[0] != NO_SLOT ? l->pending[0] : l->pending[1];
        if (first == i) sum += l->lock_e8;
    }
    return sum;
}

static const char *balance_fault(const struct match *m, int account, int asset) {
    const struct balance *b = wallet_peek(m, account, asset);
    uint64_t total = (uint64_t)b->free_e8 + (uint64_t)b->locked_e8;
    if (total != (uint64_t)b->start_e8 + b->flow_e8) return "a balance is not the sum of its fills";
    if (b->locked_e8 < 0) return "a negative lock";
    if (!m->accounts[account].terms.margin && b->free_e8 < 0) return "a negative spot balance";
    if (b->locked_e8 != locked_sum(m, account, asset)) return "locks are not those of the orders";
    return NULL;
}

const char *match_fault(const struct match *m) {
    const char *fault = chains_fault(m);
    if (!fault) fault = index_fault(m);
    for (int i = 0; i < m->slot_count && !fault; i++) {
        if (m->slots[i].used) fault = order_fault(m, &m->slots[i]);
    }
    for (int i = 0; i < m->list_count && !fault; i++) {
        if (m->lists[i].used) fault = list_fault(m, &m->lists[i], i);
    }
    for (int a = 0; a < m->account_count && !fault; a++) {
        for (int i = 0; i < m->asset_count && !fault; i++) fault = balance_fault(m, a, i);
        for (int i = 0; i < m->symbols->count && !fault; i++) fault = tally_fault(m, a, i);
    }
    return fault;
}

void match_check(const struct match *m) {
    const char *fault = match_fault(m);
    if (fault) WRONG(fault);
}
