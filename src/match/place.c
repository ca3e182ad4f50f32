/* place: single orders asked for, cancelled, replaced, reduced.
 *
 * In: requests as the exchange's API takes them. Out: false with the exchange's code and text and
 * nothing changed, or true and the events of all that followed at once. An order is checked first
 * (filter.c), then funds (wallet.c), then it stands in the pool with its lock, then it meets the
 * price if one is current (fill.c). Time only moves forward: an earlier `now` counts as the last.
 */
#include "match/match_int.h"

bool reject_funds(const struct match *m, int account, struct match_reject *rej) {
    if (m->accounts[account].terms.margin) return reject(rej, -2019, "Margin is insufficient.");
    return reject(rej, -2010, "Account has insufficient balance for requested action.");
}

struct match_order new_order(const struct match *m, const struct match_new *n) {
    struct match_order o = {.list_id = MATCH_NO_LIST,
                            .account = n->account,
                            .sym = n->sym,
                            .side = n->side,
                            .type = n->type,
                            .tif = n->tif,
                            .qty = n->qty,
                            .quote_qty = n->quote_qty,
                            .limit = n->limit,
                            .stop = n->stop,
                            .extra = n->extra,
                            .status = MATCH_NEW,
                            .created_at = m->now,
                            .updated_at = m->now,
                            .working_at = m->now};
    IGNORE(!str_copyz(n->coid, o.coid, (ptrdiff_t)sizeof o.coid), "coid_check saw its length");
    return o;
}

price lock_price(const struct match *m, const struct match_new *n) {
    if (!price_is_zero(n->limit)) return n->limit;
    if (!price_is_zero(n->stop)) return n->stop;
    const struct sym_state *st = &m->syms[n->sym];
    return st->has_price ? touch_price(m, st, n->side, true) : price_from_e8(0);
}

/* -- time ---------------------------------------------------------------------------------- */

/* The order under way that arrives first, at `upto` at the latest; NO_SLOT if none. */
static int next_arrival(const struct match *m, usec upto) {
    int best = NO_SLOT;
    for (int i = 0; i < m->slot_count; i++) {
        const struct slot *s = &m->slots[i];
        if (!s->under_way || s->active_at > upto) continue;
        if (best == NO_SLOT || s->active_at < m->slots[best].active_at ||
            (s->active_at == m->slots[best].active_at && s->o.id < m->slots[best].o.id)) {
            best = i;
        }
    }
    return best;
}

void match_tick(struct match *m, usec now) {
    PRE(event_room(m) >= event_worst(m)); /* drain the queue after each call */
    while (m->waiting > 0) {
        int slot = next_arrival(m, now);
        if (slot == NO_SLOT) break;
        struct slot *s = &m->slots[slot];
        m->now = i64_max(m->now, s->active_at);
        s->under_way = false;
        m->waiting--;
        if (m->syms[s->o.sym].has_price) meet(m, slot);
    }
    m->now = i64_max(m->now, now);
}

void match_advance(struct match *m, usec now) { match_tick(m, now); }

void slot_start(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    s->active_at = m->now + m->opt.latency;
    if (price_current(m, s)) {
        meet(m, slot);
    } else if (m->opt.price_stands && s->active_at > m->now) {
        s->under_way = true;
        m->waiting++;
    }
}

/* -- placing ------------------------------------------------------------------------------- */

/* gone: the slot that is cancelled before it, NO_SLOT. */
static bool place_check(const struct match *m, const struct match_new *n, int gone,
                        struct match_reject *rej) {
    if (!symbol_check(m, n->account, n->sym, rej) || !order_check(m, n, false, rej)) return false;
    if (!coid_free(m, n, gone, rej)) return false;
    struct counts more = {0};
    counts_add(&more, n);
    if (!counts_check(m, n->account, n->sym, more, rej)) return false;
    if (n->side == ORDER_BUY && !position_check(m, n->account, n->sym, n->qty, rej)) return false;
    const struct sym_state *st = &m->syms[n->sym];
    struct match_order o = new_order(m, n);
    return !st->has_price || entry_price_check(m, &o, st->last, rej);
}

bool match_test(const struct match *m, const struct match_new *n, struct match_reject *rej) {
    return place_check(m, n, NO_SLOT, rej);
}

static int live_slot(const struct match *m, const struct match_ref *ref) {
    int slot = ref->id != 0 ? pool_find(m, ref) : pool_find_live_coid(m, ref->account, ref->coid);
    if (slot == NO_SLOT || !m->slots[slot].live) return NO_SLOT;
    return ref->sym == SYM_NONE || ref->sym == m->slots[slot].o.sym ? slot : NO_SLOT;
}

bool match_test_instead(const struct match *m, const struct match_new *n,
                        const struct match_ref *gone, struct match_reject *rej) {
    return place_check(m, n, live_slot(m, gone), rej);
}

static bool place(struct match *m, const struct match_new *n, int64_t *ret_id,
                  struct match_reject *rej) {
    struct slot probe = {.list = NO_SLOT};
    probe.o = new_order(m, n);
    probe.lock_px = lock_price(m, n);
    if (!funds_allow(m, &probe)) return reject_funds(m, n->account, rej);
    int slot = pool_take(m, &probe.o);
    struct slot *s = &m->slots[slot];
    s->lock_px = probe.lock_px;
    lock_update(m, s);
    event_put(m, MATCH_EV_NEW, s);
    *ret_id = s->o.id;
    slot_start(m, slot);
    return true;
}

bool match_place(struct match *m, usec now, const struct match_new *n, int64_t *ret_id,
                 struct match_reject *rej) {
    match_tick(m, now);
    return place_check(m, n, NO_SLOT, rej) && place(m, n, ret_id, rej);
}

/* -- cancelling ---------------------------------------------------------------------------- */

static bool cancel(struct match *m, const struct match_ref *ref, struct match_reject *rej) {
    int slot = live_slot(m, ref);
    if (slot == NO_SLOT) return reject(rej, -2011, "Unknown order sent.");
    if (!cancel_allowed(m, m->slots[slot].o.sym, rej)) return false;
    if (m->slots[slot].list != NO_SLOT) {
        list_cancel(m, m->slots[slot].list, slot);
    } else {
        finish(m, slot, MATCH_CANCELED, MATCH_REASON_NONE);
    }
    return true;
}

bool match_cancel(struct match *m, usec now, const struct match_ref *ref,
                  struct match_reject *rej) {
    match_tick(m, now);
    return cancel(m, ref, rej);
}

bool match_cancel_list(struct match *m, usec now, const struct match_ref *ref,
                       struct match_reject *rej) {
    match_tick(m, now);
    int list = pool_find_list(m, ref);
    if (list == NO_SLOT || m->lists[list].l.done) return reject(rej, -2011, "Unknown order sent.");
    if (!cancel_allowed(m, m->lists[list].l.sym, rej)) return false;
    list_cancel(m, list, NO_SLOT);
    return true;
}

int match_cancel_all(struct match *m, usec now, int account, int sym) {
    PRE(sym >= 0 && sym < m->symbols->count);
    struct match_reject rej;
    match_tick(m, now);
    if (!cancel_allowed(m, sym, &rej)) return 0;
    int before = m->live_count;
    int i = m->syms[sym].first;
    while (i != NO_SLOT) {
        struct slot *s = &m->slots[i];
        if (s->o.account != account) {
            i = s->sym_next;
            continue;
        }
        if (s->list != NO_SLOT) {
            list_cancel(m, s->list, NO_SLOT);
        } else {
            finish(m, i, MATCH_CANCELED, MATCH_REASON_NONE);
        }
        i = m->syms[sym].first; /* a list takes more than one out of the chain */
        while (i != NO_SLOT && m->slots[i].o.account != account) i = m->slots[i].sym_next;
    }
    return before - m->live_count;
}

/* -- changing ------------------------------------------------------------------------------ */

bool match_replace(struct match *m, usec now, const struct match_replace *r,
                   struct match_replaced *ret) {
    match_tick(m, now);
    *ret = (struct match_replaced){0};
    bool fits = match_test_instead(m, &r->order, &r->cancel, &ret->place_rej);
    if (fits && !sym_of(m, r->order.sym)->cancel_replace) {
        fits = reject(&ret->place_rej, -2010,
                      "Order cancel-replace is not supported for this symbol.");
    }
    if (!fits) { /* refused before anything is cancelled: neither was attempted */
        ret->place = MATCH_FAILURE;
        return false;
    }
    bool cancelled = cancel(m, &r->cancel, &ret->cancel_rej);
    ret->cancel = cancelled ? MATCH_SUCCESS : MATCH_FAILURE;
    if (!cancelled && !r->allow_failure) return false;
    bool placed = coid_free(m, &r->order, NO_SLOT, &ret->place_rej) &&
                  place(m, &r->order, &ret->order_id, &ret->place_rej);
    ret->place = placed ? MATCH_SUCCESS : MATCH_FAILURE;
    return cancelled && placed;
}

/* Is new_qty less than what the order asked for, more than it has, and fit for the filters? */
static bool amend_check(const struct match *m, const struct slot *s, qty new_qty,
                        struct match_reject *rej) {
    const struct match_order *o = &s->o;
    const struct symbol *y = sym_of(m, o->sym);
    if (!y->amend) return reject(rej, -2038, "Order amend is not supported for this symbol.");
    if (!y->trading) return reject(rej, -2038, "Market is closed.");
    if (y->max_amends != 0 && o->amends >= y->max_amends) {
        return reject(rej, -2038, "Filter failure: MAX_NUM_ORDER_AMENDS");
    }
    if (qty_cmp(new_qty, o->qty) == 0) {
        return reject(rej, -2038, "The requested action would change no state; rejecting");
    }
    if (qty_cmp(new_qty, o->qty) > 0) {
        return reject(rej, -2038, "Order amend (quantity increase) is not supported.");
    }
    if (qty_cmp(new_qty, qty_from_e8(0)) <= 0 || qty_cmp(new_qty, o->qty) >= 0 ||
        qty_cmp(new_qty, o->filled) <= 0) {
        return reject(rej, -2038,
                      "The requested quantity is not between the executed quantity and "
                      "the order's quantity.");
    }
    if (type_is_market(o->type) && !type_is_stop(o->type)) {
        return reject(rej, -2038, "Order amend is not supported for this order.");
    }
    struct match_new n = {.account = o->account,
                          .sym = o->sym,
                          .side = o->side,
                          .type = o->type,
                          .qty = new_qty,
                          .limit = o->limit,
                          .stop = o->stop};
    return size_check(m, &n, rej);
}

static void amend(struct match *m, struct slot *s, qty new_qty) {
    s->o.qty = new_qty;
    s->o.amends++;
    s->o.updated_at = m->now;
    event_put(m, MATCH_EV_AMENDED, s);
}

/* Is the name fit, and nobody else's? */
static bool rename_check(const struct match *m, int slot, str coid, struct match_reject *rej) {
    if (!coid_check("newClientOrderId", coid, rej)) return false;
    int same = coid.n > 0 ? pool_find_live_coid(m, m->slots[slot].o.account, coid) : NO_SLOT;
    return same == NO_SLOT || same == slot || reject(rej, -2038, "Duplicate order sent.");
}

bool match_amend(struct match *m, usec now, const struct match_ref *ref, qty new_qty,
                 struct match_reject *rej) {
    return match_amend_as(m, now, ref, new_qty, (str){0}, rej);
}

bool match_amend_as(struct match *m, usec now, const struct match_ref *ref, qty new_qty, str coid,
                    struct match_reject *rej) {
    match_tick(m, now);
    int slot = live_slot(m, ref);
    if (slot == NO_SLOT) return reject(rej, -2013, "Order does not exist.");
    struct slot *s = &m->slots[slot];
    if (s->o.status == MATCH_PENDING_NEW) {
        return reject(rej, -2038, "Order amend is not supported for this order.");
    }
    if (!amend_check(m, s, new_qty, rej) || !rename_check(m, slot, coid, rej)) return false;
    if (coid.n > 0) pool_rename(m, slot, coid);
    amend(m, s, new_qty);
    if (leg_of_pair(m, s)) {
        const struct list_slot *l = &m->lists[s->list];
        int other = l->pending[0] == slot ? l->pending[1] : l->pending[0];
        if (other != NO_SLOT && m->slots[other].live) amend(m, &m->slots[other], new_qty);
    }
    lock_update(m, s);
    return true;
}
