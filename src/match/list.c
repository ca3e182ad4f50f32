/* list: orders that belong together, and what one's fate does to the others.
 *
 * OCO: a pair; when one fires, or its LIMIT_MAKER trades (even in part), the other expires
 * (OCO_TRIGGER). OTO, OTOCO: a working order and pending legs that enter the book only when it is
 * FULLY filled; if it ends otherwise they expire (OTO_PHASE_ONE_EXPIRED). OPO, OPOCO: the same,
 * and the legs sell what the buy brought after commission, down to the step. A leg that cannot
 * become active (it would fire or take at once, a filter, funds) ends EXPIRED (REJECTED) together
 * with its sibling: what the entry bought stands bare then, as it does at the exchange. A cancel of
 * any one order takes the whole list.
 *
 * In: requests checked here leg by leg, and the ends of orders from fill.c. Out: orders placed,
 * activated, ended, with their events. Failure: a refusal, before anything was changed. */
#include "match/match_int.h"

#include <inttypes.h>
#include <stdio.h>

static bool has_pair(match_list_kind k) { return k != MATCH_OTO && k != MATCH_OPO; }

static bool has_working(match_list_kind k) { return k != MATCH_OCO; }

static bool sized_by_fill(match_list_kind k) { return k == MATCH_OPO || k == MATCH_OPOCO; }

bool leg_of_pair(const struct match *m, const struct slot *s) {
    if (s->list == NO_SLOT) return false;
    const struct list_slot *l = &m->lists[s->list];
    int slot = (int)(s - m->slots);
    return has_pair(l->l.kind) && (l->pending[0] == slot || l->pending[1] == slot);
}

/* -- what one order's fate does to the others ---------------------------------------------- */

static bool live_at(const struct match *m, int slot) {
    return slot != NO_SLOT && m->slots[slot].live;
}

static void expire_pendings(struct match *m, struct list_slot *l, match_reason why) {
    for (int i = 0; i < 2; i++) {
        if (live_at(m, l->pending[i])) finish(m, l->pending[i], MATCH_EXPIRED, why);
    }
}

void list_on_trigger(struct match *m, int slot) {
    const struct slot *s = &m->slots[slot];
    if (!leg_of_pair(m, s)) return;
    const struct list_slot *l = &m->lists[s->list];
    int other = l->pending[0] == slot ? l->pending[1] : l->pending[0];
    if (live_at(m, other)) finish(m, other, MATCH_EXPIRED, MATCH_REASON_OCO_TRIGGER);
}

/* The stop beside a LIMIT_MAKER that traded in part stays for what is left of it. */
void list_reduce(struct match *m, int slot, qty by) {
    struct slot *s = &m->slots[slot];
    if (!leg_of_pair(m, s)) return;
    const struct list_slot *l = &m->lists[s->list];
    int other = l->pending[0] == slot ? l->pending[1] : l->pending[0];
    if (!live_at(m, other)) return;
    struct slot *beside = &m->slots[other];
    if (qty_cmp(beside->o.qty, by) <= 0) return;
    beside->o.qty = qty_minus(beside->o.qty, by);
    beside->o.updated_at = m->now;
    lock_update(m, beside);
}

/* The quantity of the legs: as asked for, or what the working order brought. */
static qty legs_qty(const struct match *m, const struct list_slot *l) {
    if (!sized_by_fill(l->l.kind)) return l->pending_qty;
    const struct slot *w = &m->slots[l->working];
    qty net = qty_minus(w->o.filled, w->base_fee), step = sym_of(m, w->o.sym)->step;
    return qty_is_zero(step) ? net : qty_to_step(net, step, ROUND_FLOOR);
}

/* May the leg enter the book? It is NEW already, so that funds_allow counts it. */
static bool leg_may_start(const struct match *m, const struct slot *s) {
    const struct match_order *o = &s->o;
    const struct sym_state *st = &m->syms[o->sym];
    struct match_new n = {.account = o->account,
                          .sym = o->sym,
                          .side = o->side,
                          .type = o->type,
                          .qty = o->qty,
                          .limit = o->limit,
                          .stop = o->stop};
    struct match_reject rej;
    price last = m->ranging ? m->fill_px : st->last;
    return !qty_is_zero(o->qty) && size_check(m, &n, &rej) && entry_price_check(m, o, last, &rej) &&
           funds_allow(m, s);
}

static void activate(struct match *m, struct list_slot *l) {
    bool ok = !m->accounts[l->l.account].refuse_legs;
    qty q = legs_qty(m, l);
    m->accounts[l->l.account].refuse_legs = false;
    for (int i = 0; i < 2; i++) {
        if (!live_at(m, l->pending[i])) continue;
        struct slot *s = &m->slots[l->pending[i]];
        lock_release(m, s); /* rules.locks_pending_funds; nothing otherwise */
        s->o.qty = q;
        s->o.status = MATCH_NEW;
        s->o.updated_at = s->o.working_at = s->active_at = m->now;
    }
    for (int i = 0; i < 2; i++) {
        if (live_at(m, l->pending[i])) ok = ok && leg_may_start(m, &m->slots[l->pending[i]]);
    }
    if (!ok) {
        expire_pendings(m, l, MATCH_REASON_REJECTED);
        return;
    }
    for (int i = 0; i < 2; i++) {
        if (!live_at(m, l->pending[i])) continue;
        struct slot *s = &m->slots[l->pending[i]];
        lock_update(m, s);
        event_put(m, MATCH_EV_ACTIVE, s);
    }
    for (int i = 0; i < 2; i++) {
        int slot = l->pending[i];
        if (live_at(m, slot) && price_current(m, &m->slots[slot])) meet(m, slot);
    }
}

void list_on_finish(struct match *m, int slot) {
    struct list_slot *l = &m->lists[m->slots[slot].list];
    l->live--;
    l->l.updated_at = m->now;
    if (slot == l->working) {
        if (m->slots[slot].o.status == MATCH_FILLED) {
            activate(m, l);
        } else {
            expire_pendings(m, l, MATCH_REASON_OTO_PHASE_ONE_EXPIRED);
        }
    }
    if (l->live == 0 && !l->l.done) {
        l->l.done = true;
        pool_list_end(m, m->slots[slot].list);
        event_put_list(m, MATCH_EV_LIST_DONE, l);
    }
}

void list_cancel(struct match *m, int list, int first) {
    struct list_slot *l = &m->lists[list];
    if (live_at(m, first)) finish(m, first, MATCH_CANCELED, MATCH_REASON_NONE);
    if (live_at(m, l->working)) finish(m, l->working, MATCH_CANCELED, MATCH_REASON_NONE);
    for (int i = 0; i < 2; i++) {
        if (live_at(m, l->pending[i])) finish(m, l->pending[i], MATCH_CANCELED, MATCH_REASON_NONE);
    }
}

/* -- placing ------------------------------------------------------------------------------- */

/* A list's orders as single ones, in the order of their ids: working, stop leg, other leg. */
struct plan {
    int count;
    struct match_new v[MATCH_LEGS_MAX];
    int pendings; /* of them, at the end */
};

static struct match_new plan_leg(const struct match_new_list *n, const struct match_leg *from,
                                 order_side its_side, qty q) {
    return (struct match_new){.account = n->account,
                              .sym = n->sym,
                              .side = its_side,
                              .type = from->type,
                              .tif = from->tif,
                              .qty = q,
                              .limit = from->limit,
                              .stop = from->stop,
                              .extra = from->extra,
                              .coid = from->coid};
}

static struct plan plan_make(const struct match_new_list *n) {
    struct plan p = {0};
    order_side pair = has_working(n->kind) ? n->pending_side : n->side;
    qty q = has_working(n->kind) ? n->pending_qty : n->qty;
    if (has_working(n->kind)) p.v[p.count++] = plan_leg(n, &n->working, n->side, n->qty);
    if (has_pair(n->kind)) {
        bool above_first = pair == ORDER_BUY; /* a BUY pair has its stop above */
        p.v[p.count++] = plan_leg(n, above_first ? &n->above : &n->below, pair, q);
        p.v[p.count++] = plan_leg(n, above_first ? &n->below : &n->above, pair, q);
        p.pendings = 2;
    } else {
        p.v[p.count++] = plan_leg(n, &n->pending, pair, q);
        p.pendings = 1;
    }
    return p;
}

static bool allowed_check(const struct match *m, const struct match_new_list *n,
                          struct match_reject *rej) {
    const struct symbol *s = sym_of(m, n->sym);
    if (sized_by_fill(n->kind) && !s->opo) {
        return reject(rej, -2010, "OPO orders are not supported for this symbol.");
    }
    if (has_working(n->kind) && !s->oto) {
        return reject(rej, -2010, "OTO orders are not supported for this symbol.");
    }
    if (has_pair(n->kind) && !s->oco) {
        return reject(rej, -2010, "OCO orders are not supported for this symbol");
    }
    return true;
}

/* 0: a trailing stop that is armed at once has no place of its own. */
static price leg_price(const struct match_leg *l) {
    return type_is_stop(l->type) ? l->stop : l->limit;
}

static bool leg_is_limit(const struct match_leg *l) { return l->type == ORDER_LIMIT_MAKER; }

static bool leg_is_loss(const struct match_leg *l) { return type_is_loss(l->type); }

/* The two legs of a pair: which types may stand where. */
static bool pair_types_check(const struct match_new_list *n, order_side pair,
                             struct match_reject *rej) {
    const struct match_leg *loss = pair == ORDER_BUY ? &n->above : &n->below;
    const struct match_leg *gain = pair == ORDER_BUY ? &n->below : &n->above;
    bool buy = pair == ORDER_BUY;
    if ((!leg_is_limit(loss) && !type_is_stop(loss->type)) ||
        (!leg_is_limit(gain) && !type_is_stop(gain->type))) {
        return reject(rej, -1158, "Order type not supported in OCO.");
    }
    if (leg_is_limit(loss) && leg_is_limit(gain)) {
        return reject(rej, -1168, "At least one OCO order must be contingent.");
    }
    if (leg_is_limit(loss)) {
        return buy ? reject(rej, -1165, "A limit order in a buy OCO must be below.")
                   : reject(rej, -1166, "A limit order in a sell OCO must be above.");
    }
    if (leg_is_loss(gain)) {
        return buy ? reject(rej, -1196, "A stop loss order in a buy OCO must be above.")
                   : reject(rej, -1197, "A stop loss order in a sell OCO must be below.");
    }
    if (!leg_is_loss(loss)) {
        return buy ? reject(rej, -1198, "A take profit order in a buy OCO must be below.")
                   : reject(rej, -1199, "A take profit order in a sell OCO must be above.");
    }
    return true;
}

static bool pair_prices_check(const struct match *m, const struct match_new_list *n,
                              struct match_reject *rej) {
    const struct sym_state *st = &m->syms[n->sym];
    price above = leg_price(&n->above), below = leg_price(&n->below);
    bool ceiling = !price_is_zero(above), floor = !price_is_zero(below);
    bool apart = !ceiling || !floor || price_cmp(above, below) > 0;
    if (n->kind == MATCH_OCO && st->has_price) {
        apart = (!ceiling || price_cmp(above, st->last) > 0) &&
                (!floor || price_cmp(st->last, below) > 0);
    }
    if (apart) return true;
    return reject(rej, -2010, "The relationship of the prices for the orders is not correct.");
}

static bool kinds_check(const struct match_new_list *n, struct match_reject *rej) {
    if (has_working(n->kind) && n->working.type != ORDER_LIMIT &&
        n->working.type != ORDER_LIMIT_MAKER) {
        return reject(rej, -1159, "Order type not supported as the working order.");
    }
    if (!sized_by_fill(n->kind)) return true;
    if (n->side != ORDER_BUY)
        return reject(rej, -1222, "The working order of an OPO must be a BUY.");
    if (n->pending_side != ORDER_SELL) {
        return reject(rej, -1223, "The pending orders of an OPO must be SELL.");
    }
    if (!qty_is_zero(n->pending_qty)) {
        return reject(rej, -1106, "Parameter 'pendingQuantity' sent when not required.");
    }
    return true;
}

/* No client id twice, neither in the list nor among what is live. */
static bool ids_check(const struct match *m, const struct match_new_list *n, const struct plan *p,
                      struct match_reject *rej) {
    if (!coid_check("listClientOrderId", n->coid, rej)) return false;
    if (n->coid.n > 0 && pool_find_live_list_coid(m, n->account, n->coid) != NO_SLOT) {
        return reject(rej, -2010, "Duplicate order sent.");
    }
    for (int i = 0; i < p->count; i++) {
        for (int k = 0; k < i; k++) {
            if (p->v[i].coid.n > 0 && str_eq(p->v[i].coid, p->v[k].coid)) {
                return reject(rej, -2010, "Duplicate order sent.");
            }
        }
    }
    return true;
}

static struct slot slot_of(const struct match *m, const struct match_new *n) {
    struct slot s = {.list = NO_SLOT};
    s.o = new_order(m, n);
    s.lock_px = lock_price(m, n);
    return s;
}

/* How many of the plan's orders are active at once. */
static int plan_starts(const struct plan *p, match_list_kind kind) {
    return has_working(kind) ? p->count - p->pendings : p->count;
}

static bool plan_check(const struct match *m, const struct match_new_list *n, const struct plan *p,
                       struct match_reject *rej) {
    struct counts more = {.lists = 1};
    qty buys = qty_from_e8(0); /* a pair counts once */
    int starts = plan_starts(p, n->kind);
    for (int i = 0; i < p->count; i++) {
        bool later = i >= starts && sized_by_fill(n->kind);
        counts_add(&more, &p->v[i]);
        if (!order_check(m, &p->v[i], later, rej) || !coid_free(m, &p->v[i], NO_SLOT, rej)) {
            return false;
        }
        bool twin = has_pair(n->kind) && i == p->count - 1;
        if (p->v[i].side != ORDER_BUY || twin) continue;
        if (!qty_add(buys, p->v[i].qty, &buys)) buys = qty_from_e8(AMOUNT_E8_MAX);
    }
    return counts_check(m, n->account, n->sym, more, rej) &&
           position_check(m, n->account, n->sym, buys, rej);
}

static bool starts_check(const struct match *m, const struct match_new_list *n,
                         const struct plan *p, struct match_reject *rej) {
    const struct sym_state *st = &m->syms[n->sym];
    int starts = plan_starts(p, n->kind);
    for (int i = 0; i < p->count; i++) {
        struct slot s = slot_of(m, &p->v[i]);
        bool waits = i >= starts;
        if (waits && (!m->rules.locks_pending_funds || sized_by_fill(n->kind))) break;
        if (!waits && st->has_price && !entry_price_check(m, &s.o, st->last, rej)) return false;
        if (!funds_allow(m, &s)) return reject_funds(m, n->account, rej);
    }
    return true;
}

static bool list_check(const struct match *m, const struct match_new_list *n, const struct plan *p,
                       struct match_reject *rej) {
    if (!symbol_check(m, n->account, n->sym, rej) || !allowed_check(m, n, rej)) return false;
    if (!kinds_check(n, rej) || !ids_check(m, n, p, rej)) return false;
    order_side pair = has_working(n->kind) ? n->pending_side : n->side;
    if (has_pair(n->kind) && !pair_types_check(n, pair, rej)) return false;
    if (!plan_check(m, n, p, rej)) return false;
    if (has_pair(n->kind) && !pair_prices_check(m, n, rej)) return false;
    return starts_check(m, n, p, rej);
}

static int list_create(struct match *m, const struct match_new_list *n) {
    struct match_list l = {.id = m->next_list_id++,
                           .kind = n->kind,
                           .account = n->account,
                           .sym = n->sym,
                           .created_at = m->now,
                           .updated_at = m->now};
    IGNORE(!str_copyz(n->coid, l.coid, (ptrdiff_t)sizeof l.coid), "coid_check saw its length");
    if (n->coid.n == 0) {
        match_made_id(m->opt.id_seed, MATCH_MADE_LIST, l.id, l.coid);
    }
    int list = pool_list_take(m, &l);
    m->lists[list].pending_side = n->pending_side;
    m->lists[list].pending_qty = n->pending_qty;
    return list;
}

static void list_fill_in(struct match *m, int list, const struct plan *p) {
    struct list_slot *l = &m->lists[list];
    bool working = has_working(l->l.kind);
    for (int i = 0; i < p->count; i++) {
        struct match_order o = new_order(m, &p->v[i]);
        o.list_id = l->l.id;
        if (working && i > 0) {
            o.status = MATCH_PENDING_NEW;
            o.working_at = -1;
        }
        int slot = pool_take(m, &o);
        m->slots[slot].lock_px = lock_price(m, &p->v[i]);
        pool_list_join(m, list, slot);
        l->l.order_ids[l->l.order_count++] = m->slots[slot].o.id;
        if (working && i == 0) {
            l->working = slot;
        } else {
            l->pending[i - working] = slot;
        }
    }
}

bool match_place_list(struct match *m, usec now, const struct match_new_list *n,
                      int64_t *ret_list_id, struct match_reject *rej) {
    match_tick(m, now);
    struct plan p = plan_make(n);
    if (!list_check(m, n, &p, rej)) return false;
    int list = list_create(m, n);
    list_fill_in(m, list, &p);
    struct list_slot *l = &m->lists[list];
    int slots[MATCH_LEGS_MAX], count = 0;
    if (l->working != NO_SLOT) slots[count++] = l->working;
    for (int i = 0; i < p.pendings; i++) slots[count++] = l->pending[i];
    event_put_list(m, MATCH_EV_LIST_NEW, l);
    for (int i = 0; i < count; i++) {
        lock_update(m, &m->slots[slots[i]]);
        event_put(m, MATCH_EV_NEW, &m->slots[slots[i]]);
    }
    *ret_list_id = l->l.id;
    for (int i = 0; i < plan_starts(&p, n->kind); i++) {
        if (m->slots[slots[i]].live) slot_start(m, slots[i]);
    }
    return true;
}
