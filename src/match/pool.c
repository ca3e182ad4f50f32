/* pool: where orders, lists and events stand.
 *
 * All memory is taken at match_open: slots for live and remembered orders, slots for lists, a ring
 * of events. A slot is free, live (in its symbol's chain, by id) or history (oldest first; the
 * oldest is forgotten when a new order needs room or more than history_max are kept). Two hash
 * indexes with chains through the slots find orders and lists by id and by (account, client id);
 * a chain has the newest first, so that a client id used again names its newest order.
 *
 * In: records that place.c, list.c and snapshot.c have checked. Out: slot numbers, valid until the
 * slot is evicted, which happens only when an order is taken. Failure: none; room is asked for
 * before (pool_has_room), and a caller who never drains events ends in an assert. */
#include "match/match_int.h"

#include "base/rng.h"

static uint64_t mix(uint64_t v) {
    v = (v ^ (v >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    return v ^ (v >> 33);
}

static int *head_of(const struct index *x, uint64_t hash) { return &x->heads[hash & x->mask]; }

static uint64_t coid_hash(int account, str coid) { return mix(str_hash(coid) + (uint64_t)account); }

/* -- counts -------------------------------------------------------------------------------- */

struct tally *tally_get(struct match *m, int account, int sym) {
    return &m->tallies[(ptrdiff_t)account * m->symbols->count + sym];
}

const struct tally *tally_peek(const struct match *m, int account, int sym) {
    return &m->tallies[(ptrdiff_t)account * m->symbols->count + sym];
}

static void tally_order(struct match *m, const struct match_order *o, int by) {
    struct tally *t = tally_get(m, o->account, o->sym);
    t->orders += by;
    if (type_is_stop(o->type)) t->algos += by;
    if (!qty_is_zero(o->extra.iceberg)) t->icebergs += by;
}

void pool_list_end(struct match *m, int list) {
    const struct match_list *l = &m->lists[list].l;
    struct tally *t = tally_get(m, l->account, l->sym);
    int64_t day = m->now / USEC_PER_DAY;
    t->lists--;
    if (!m->rules.ended_lists_count) return;
    if (t->day != day) t->ended = 0;
    t->day = day;
    t->ended++;
}

/* -- orders -------------------------------------------------------------------------------- */

static void coid_remove(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    int *at = head_of(&m->by_coid, coid_hash(s->o.account, str_from_z(s->o.coid)));
    while (*at != slot) at = &m->slots[*at].coid_next;
    *at = s->coid_next;
}

static void coid_add(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    int *head = head_of(&m->by_coid, coid_hash(s->o.account, str_from_z(s->o.coid)));
    s->coid_next = *head;
    *head = slot;
}

void pool_rename(struct match *m, int slot, str coid) {
    struct match_order *o = &m->slots[slot].o;
    coid_remove(m, slot);
    IGNORE(!str_copyz(coid, o->coid, (ptrdiff_t)sizeof o->coid), "coid_check saw its length");
    coid_add(m, slot);
}

static void index_remove(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    int *at = head_of(&m->by_id, mix((uint64_t)s->o.id));
    while (*at != slot) at = &m->slots[*at].id_next;
    *at = s->id_next;
    coid_remove(m, slot);
}

static void index_add(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    int *head = head_of(&m->by_id, mix((uint64_t)s->o.id));
    s->id_next = *head;
    *head = slot;
    coid_add(m, slot);
}

static void list_forget(struct match *m, int list) {
    struct list_slot *l = &m->lists[list];
    int *at = head_of(&m->list_by_id, mix((uint64_t)l->l.id));
    while (*at != list) at = &m->lists[*at].id_next;
    *at = l->id_next;
    at = head_of(&m->list_by_coid, coid_hash(l->l.account, str_from_z(l->l.coid)));
    while (*at != list) at = &m->lists[*at].coid_next;
    *at = l->coid_next;
    *l = (struct list_slot){.id_next = m->free_list};
    m->free_list = list;
}

static void evict_oldest(struct match *m) {
    int slot = m->old_first;
    PRE(slot != NO_SLOT);
    struct slot *s = &m->slots[slot];
    m->old_first = s->age_next;
    if (m->old_first == NO_SLOT) m->old_last = NO_SLOT;
    m->old_count--;
    index_remove(m, slot);
    if (s->list != NO_SLOT) {
        struct list_slot *l = &m->lists[s->list];
        if (l->working == slot) l->working = NO_SLOT;
        for (int i = 0; i < 2; i++) {
            if (l->pending[i] == slot) l->pending[i] = NO_SLOT;
        }
        if (--l->refs == 0) list_forget(m, s->list);
    }
    *s = (struct slot){.age_next = m->free_slot, .list = NO_SLOT};
    m->free_slot = slot;
}

bool pool_has_room(const struct match *m, int orders) {
    return m->live_count + orders <= m->opt.orders_max;
}

int pool_put(struct match *m, const struct match_order *o) {
    while (m->old_count > m->opt.history_max) evict_oldest(m);
    if (m->free_slot == NO_SLOT) evict_oldest(m);
    int slot = m->free_slot;
    struct slot *s = &m->slots[slot];
    m->free_slot = s->age_next;
    struct sym_state *st = &m->syms[o->sym];
    *s = (struct slot){.o = *o,
                       .used = true,
                       .live = true,
                       .active_at = o->created_at,
                       .list = NO_SLOT,
                       .sym_prev = st->last_slot,
                       .sym_next = NO_SLOT,
                       .age_next = NO_SLOT};
    if (st->last_slot == NO_SLOT) {
        st->first = slot;
    } else {
        m->slots[st->last_slot].sym_next = slot;
    }
    st->last_slot = slot;
    index_add(m, slot);
    tally_order(m, o, 1);
    m->live_count++;
    return slot;
}

void match_made_id(uint64_t seed, match_made kind, int64_t n, char ret[COID_BYTES]) {
    static const char chars[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    struct rng r;
    uint64_t mixed;
    rng_init(&r, seed);
    mixed = rng_next(&r) ^ ((uint64_t)n * MATCH_MADE_KINDS + (uint64_t)kind);
    rng_init(&r, mixed);
    for (int i = 0; i < 22; i++) ret[i] = chars[rng_below(&r, sizeof chars - 1)];
    ret[22] = '\0';
}

int pool_take(struct match *m, const struct match_order *o) {
    PRE(pool_has_room(m, 1));
    struct match_order order = *o;
    order.id = m->next_order_id++;
    if (order.coid[0] == 0) {
        match_made_id(m->opt.id_seed, MATCH_MADE_ORDER, order.id, order.coid);
    }
    return pool_put(m, &order);
}

void pool_history_put(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    s->age_next = NO_SLOT;
    if (m->old_last == NO_SLOT) {
        m->old_first = slot;
    } else {
        m->slots[m->old_last].age_next = slot;
    }
    m->old_last = slot;
    m->old_count++;
}

void pool_retire(struct match *m, int slot) {
    struct slot *s = &m->slots[slot];
    PRE(s->live);
    struct sym_state *st = &m->syms[s->o.sym];
    *(s->sym_prev == NO_SLOT ? &st->first : &m->slots[s->sym_prev].sym_next) = s->sym_next;
    *(s->sym_next == NO_SLOT ? &st->last_slot : &m->slots[s->sym_next].sym_prev) = s->sym_prev;
    s->sym_prev = s->sym_next = NO_SLOT;
    s->live = false;
    tally_order(m, &s->o, -1);
    m->live_count--;
    if (s->under_way) {
        s->under_way = false;
        m->waiting--;
    }
    pool_history_put(m, slot);
}

int pool_gather(struct match *m, int sym) {
    int count = 0;
    for (int i = m->syms[sym].first; i != NO_SLOT; i = m->slots[i].sym_next) {
        if (m->slots[i].o.status != MATCH_PENDING_NEW) m->scratch[count++] = i;
    }
    return count;
}

static bool ref_fits(const struct match_ref *ref, int account, int sym) {
    return account == ref->account && (ref->sym == SYM_NONE || ref->sym == sym);
}

int pool_find(const struct match *m, const struct match_ref *ref) {
    if (ref->id != 0) {
        int i = *head_of(&m->by_id, mix((uint64_t)ref->id));
        while (i != NO_SLOT && m->slots[i].o.id != ref->id) i = m->slots[i].id_next;
        bool fits = i != NO_SLOT && ref_fits(ref, m->slots[i].o.account, m->slots[i].o.sym);
        return fits ? i : NO_SLOT;
    }
    int i = *head_of(&m->by_coid, coid_hash(ref->account, ref->coid));
    for (; i != NO_SLOT; i = m->slots[i].coid_next) {
        const struct match_order *o = &m->slots[i].o;
        if (ref_fits(ref, o->account, o->sym) && str_eq(ref->coid, str_from_z(o->coid))) break;
    }
    return i;
}

int pool_find_live_coid(const struct match *m, int account, str coid) {
    int i = *head_of(&m->by_coid, coid_hash(account, coid));
    for (; i != NO_SLOT; i = m->slots[i].coid_next) {
        const struct slot *s = &m->slots[i];
        if (s->live && s->o.account == account && str_eq(coid, str_from_z(s->o.coid))) break;
    }
    return i;
}

/* -- lists --------------------------------------------------------------------------------- */

int pool_list_take(struct match *m, const struct match_list *l) {
    int list = m->free_list;
    PRE(list != NO_SLOT); /* each list has a slot at least, and there are as many of either */
    struct list_slot *ls = &m->lists[list];
    m->free_list = ls->id_next;
    *ls = (struct list_slot){
        .l = *l, .used = true, .working = NO_SLOT, .pending = {NO_SLOT, NO_SLOT}};
    int *head = head_of(&m->list_by_id, mix((uint64_t)l->id));
    ls->id_next = *head;
    *head = list;
    head = head_of(&m->list_by_coid, coid_hash(l->account, str_from_z(l->coid)));
    ls->coid_next = *head;
    *head = list;
    if (!l->done) tally_get(m, l->account, l->sym)->lists++;
    return list;
}

void pool_list_join(struct match *m, int list, int slot) {
    struct list_slot *l = &m->lists[list];
    m->slots[slot].list = list;
    l->refs++;
    if (m->slots[slot].live) l->live++;
}

int pool_find_list(const struct match *m, const struct match_ref *ref) {
    if (ref->id != 0) {
        int i = *head_of(&m->list_by_id, mix((uint64_t)ref->id));
        while (i != NO_SLOT && m->lists[i].l.id != ref->id) i = m->lists[i].id_next;
        bool fits = i != NO_SLOT && ref_fits(ref, m->lists[i].l.account, m->lists[i].l.sym);
        return fits ? i : NO_SLOT;
    }
    int i = *head_of(&m->list_by_coid, coid_hash(ref->account, ref->coid));
    for (; i != NO_SLOT; i = m->lists[i].coid_next) {
        const struct match_list *l = &m->lists[i].l;
        if (ref_fits(ref, l->account, l->sym) && str_eq(ref->coid, str_from_z(l->coid))) break;
    }
    return i;
}

int pool_find_live_list_coid(const struct match *m, int account, str coid) {
    int i = *head_of(&m->list_by_coid, coid_hash(account, coid));
    for (; i != NO_SLOT; i = m->lists[i].coid_next) {
        const struct match_list *l = &m->lists[i].l;
        if (!l->done && l->account == account && str_eq(coid, str_from_z(l->coid))) break;
    }
    return i;
}

/* -- emptying ------------------------------------------------------------------------------ */

static void index_clear(struct index *x) {
    for (uint64_t i = 0; i <= x->mask; i++) x->heads[i] = NO_SLOT;
}

void pool_clear(struct match *m) {
    m->free_slot = m->free_list = NO_SLOT;
    for (int i = m->slot_count - 1; i >= 0; i--) {
        m->slots[i] = (struct slot){.age_next = m->free_slot, .list = NO_SLOT};
        m->free_slot = i;
    }
    for (int i = m->list_count - 1; i >= 0; i--) {
        m->lists[i] = (struct list_slot){.id_next = m->free_list};
        m->free_list = i;
    }
    index_clear(&m->by_id);
    index_clear(&m->by_coid);
    index_clear(&m->list_by_id);
    index_clear(&m->list_by_coid);
    for (int i = 0; i < m->symbols->count; i++) {
        m->syms[i].first = m->syms[i].last_slot = NO_SLOT;
    }
    ptrdiff_t tallies = (ptrdiff_t)m->account_count * m->symbols->count;
    for (ptrdiff_t i = 0; i < tallies; i++) m->tallies[i] = (struct tally){0};
    m->old_first = m->old_last = NO_SLOT;
    m->old_count = m->live_count = m->waiting = 0;
    m->event_first = m->event_count = 0;
}

/* -- events -------------------------------------------------------------------------------- */

/* One call shows an order at most an open, a range and a close (a fill each), lets it become
 * active, fire and end, and ends its list; a book's levels are each eaten up once. */
int event_worst(const struct match *m) {
    return 8 * (m->live_count + MATCH_LEGS_MAX) + 2 * m->opt.depth_max + 16;
}

int event_room(const struct match *m) { return m->event_cap - m->event_count; }

static struct match_event *event_new(struct match *m) {
    PRE(m->event_count < m->event_cap); /* drain the queue after each call */
    struct match_event *e = &m->events[(m->event_first + m->event_count++) % m->event_cap];
    *e = (struct match_event){.at = m->now};
    return e;
}

void event_put(struct match *m, match_event_kind kind, const struct slot *s) {
    struct match_event *e = event_new(m);
    e->kind = kind;
    e->order = s->o;
}

void event_put_list(struct match *m, match_event_kind kind, const struct list_slot *l) {
    struct match_event *e = event_new(m);
    e->kind = kind;
    e->order.account = l->l.account;
    e->order.sym = l->l.sym;
    e->order.list_id = l->l.id;
}

void event_put_trade(struct match *m, const struct match_event *e) {
    struct match_event *put = event_new(m);
    *put = *e;
    put->at = m->now;
    put->kind = MATCH_EV_TRADE;
}

bool match_next_event(struct match *m, struct match_event *ret) {
    if (m->event_count == 0) return false;
    *ret = m->events[m->event_first];
    m->event_first = (m->event_first + 1) % m->event_cap;
    m->event_count--;
    if (m->event_count == 0) m->event_first = 0; /* the ring's far end stays untouched memory */
    return true;
}

int match_event_count(const struct match *m) { return m->event_count; }

const struct match_event *match_event_at(const struct match *m, int idx) {
    PRE(idx >= 0 && idx < m->event_count);
    return &m->events[(m->event_first + idx) % m->event_cap];
}

void match_event_drop(struct match *m, int from, int to) {
    PRE(from >= 0 && from <= to && to <= m->event_count);
    for (int i = to; i < m->event_count; i++) {
        m->events[(m->event_first + from + i - to) % m->event_cap] =
            m->events[(m->event_first + i) % m->event_cap];
    }
    m->event_count -= to - from;
}

void match_restate(struct match *m, int account) {
    for (int sym = 0; sym < m->symbols->count; sym++) {
        for (int i = m->syms[sym].first; i != NO_SLOT; i = m->slots[i].sym_next) {
            if (m->slots[i].o.account == account) event_put(m, MATCH_EV_STATUS, &m->slots[i]);
        }
    }
}
