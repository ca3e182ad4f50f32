/* records: every order, list and trade that there ever was, and finding them.
 *
 * In: the engine's events, in their order, with server times. Out: orders, trades and lists as they
 * stand now, by id, by client id, by account in the order of their making. The engine counts ids
 * from one without gaps, so an id is a place in an array; client ids hang in hash chains, newest
 * first. Nothing is ever dropped before the monthly reset; memory grows on the heap. Pointers are
 * good until the next event. Failure: no memory is an assert, as anywhere. */
#include <stdlib.h>

#include "sim/sim_int.h"

static void *grow(void *p, int64_t need, int64_t *cap, size_t bytes) {
    if (need <= *cap) return p;
    int64_t more = i64_max(need, i64_max(64, *cap * 2));
    p = realloc(p, (size_t)more * bytes);
    PRE(p != NULL);
    *cap = more;
    return p;
}

static void ids_add(struct sim_ids *ids, int64_t id) {
    ids->v = grow(ids->v, ids->count + 1, &ids->cap, sizeof ids->v[0]);
    ids->v[ids->count++] = id;
}

/* -- client ids ----------------------------------------------------------------------------- */

static uint64_t coid_hash(int account, str coid) {
    uint64_t v = (str_hash(coid) + (uint64_t)account) * UINT64_C(0x9E3779B97F4A7C15);
    return v ^ (v >> 32);
}

static void index_size(struct sim_index *x, uint64_t heads) {
    free(x->heads);
    x->heads = calloc(heads, sizeof x->heads[0]);
    PRE(x->heads != NULL);
    x->mask = heads - 1;
}

static bool index_is_small(const struct sim_index *x, int64_t count) {
    return x->heads == NULL || (uint64_t)count > x->mask;
}

static int64_t *order_head(struct sim_records *r, const struct match_order *o) {
    return &r->by_coid.heads[coid_hash(o->account, str_from_z(o->coid)) & r->by_coid.mask];
}

static int64_t *list_head(struct sim_records *r, const struct match_list *l) {
    return &r->list_by_coid
                .heads[coid_hash(l->account, str_from_z(l->coid)) & r->list_by_coid.mask];
}

static void order_link(struct sim_records *r, int64_t id) {
    struct sim_order *o = &r->orders[id - 1];
    int64_t *head = order_head(r, &o->o);
    o->coid_next = *head;
    *head = id;
}

static void order_unlink(struct sim_records *r, int64_t id) {
    int64_t *at = order_head(r, &r->orders[id - 1].o);
    while (*at != id) at = &r->orders[*at - 1].coid_next;
    *at = r->orders[id - 1].coid_next;
}

static void list_link(struct sim_records *r, int64_t id) {
    struct sim_list *l = &r->lists[id - 1];
    int64_t *head = list_head(r, &l->l);
    l->coid_next = *head;
    *head = id;
}

struct sim_order *records_find_coid(struct exchange *ex, int account, str coid) {
    struct sim_records *r = &ex->records;
    struct sim_order *found = NULL;
    if (r->by_coid.heads == NULL) return NULL;
    int64_t id = r->by_coid.heads[coid_hash(account, coid) & r->by_coid.mask];
    for (; id != 0; id = r->orders[id - 1].coid_next) {
        struct sim_order *o = &r->orders[id - 1];
        if (o->o.account != account || !str_eq(coid, str_from_z(o->o.coid))) continue;
        found = o;
        if (!ex->answers->oldest_of_reused_id) break;
    }
    return found;
}

struct sim_list *records_find_list_coid(struct exchange *ex, int account, str coid) {
    struct sim_records *r = &ex->records;
    struct sim_list *found = NULL;
    if (r->list_by_coid.heads == NULL) return NULL;
    int64_t id = r->list_by_coid.heads[coid_hash(account, coid) & r->list_by_coid.mask];
    for (; id != 0; id = r->lists[id - 1].coid_next) {
        struct sim_list *l = &r->lists[id - 1];
        if (l->l.account != account || !str_eq(coid, str_from_z(l->l.coid))) continue;
        found = l;
        if (!ex->answers->oldest_of_reused_id) break;
    }
    return found;
}

struct sim_order *records_order(struct exchange *ex, int64_t id) {
    return id >= 1 && id <= ex->records.order_count ? &ex->records.orders[id - 1] : NULL;
}

struct sim_list *records_list(struct exchange *ex, int64_t id) {
    return id >= 1 && id <= ex->records.list_count ? &ex->records.lists[id - 1] : NULL;
}

/* -- what happened -------------------------------------------------------------------------- */

struct sim_order *records_add_order(struct sim_records *r, const struct sim_order *o) {
    int64_t id = o->o.id;
    PRE(id == r->order_count + 1);
    r->orders = grow(r->orders, id, &r->order_cap, sizeof r->orders[0]);
    r->orders[id - 1] = *o;
    r->order_count = id;
    if (index_is_small(&r->by_coid, id)) {
        index_size(&r->by_coid, r->by_coid.heads ? 4 * (r->by_coid.mask + 1) : 1024);
        for (int64_t i = 1; i <= id; i++) order_link(r, i);
    } else {
        order_link(r, id);
    }
    ids_add(&r->of_account[o->o.account], id);
    return &r->orders[id - 1];
}

void records_add_list(struct sim_records *r, const struct sim_list *l) {
    int64_t id = l->l.id;
    PRE(id == r->list_count + 1);
    r->lists = grow(r->lists, id, &r->list_cap, sizeof r->lists[0]);
    r->lists[id - 1] = *l;
    r->list_count = id;
    if (index_is_small(&r->list_by_coid, id)) {
        index_size(&r->list_by_coid, r->list_by_coid.heads ? 4 * (r->list_by_coid.mask + 1) : 256);
        for (int64_t i = 1; i <= id; i++) list_link(r, i);
    } else {
        list_link(r, id);
    }
    ids_add(&r->lists_of[l->l.account], id);
}

void records_add_trade(struct sim_records *r, const struct sim_trade *t) {
    int64_t id = t->id;
    PRE(id == r->trade_count + 1);
    r->trades = grow(r->trades, id, &r->trade_cap, sizeof r->trades[0]);
    r->trades[id - 1] = (struct sim_trade_rec){.t = *t};
    r->trade_count = id;
    struct sim_order *o = &r->orders[t->order_id - 1];
    if (o->last_trade != 0) r->trades[o->last_trade - 1].next = id;
    if (o->first_trade == 0) o->first_trade = id;
    o->last_trade = id;
    ids_add(&r->trades_of[t->account], id);
}

static usec lag_of(const struct exchange *ex) {
    if (!ex->call || ex->call->fault.kind != FAULT_LOOKUP_LAG) return 0;
    return ex->now + ex->call->fault.delay;
}

static void take_list(struct exchange *ex, const struct match_event *e) {
    struct match_ref ref = {.account = e->order.account, .sym = SYM_NONE, .id = e->order.list_id};
    const struct match_list *l = match_find_list(ex->match, &ref);
    struct sim_list *have = records_list(ex, ref.id);
    if (e->kind == MATCH_EV_LIST_DONE && have) {
        have->l.done = true;
        have->l.updated_at = e->at;
    } else if (e->kind == MATCH_EV_LIST_NEW && l) {
        struct sim_list rec = {.l = *l, .hidden_until = lag_of(ex)};
        rec.l.created_at = rec.l.updated_at = e->at;
        rec.l.done = false; /* its end is an event of its own */
        records_add_list(&ex->records, &rec);
    }
}

void records_event(struct exchange *ex, const struct match_event *e) {
    if (e->kind == MATCH_EV_LIST_NEW || e->kind == MATCH_EV_LIST_DONE) {
        take_list(ex, e);
        return;
    }
    struct sim_order *o = records_order(ex, e->order.id);
    if (!o) {
        struct sim_order fresh = {.o = e->order, .hidden_until = lag_of(ex), .moved = ex->skew};
        if (ex->call) fresh.stp = ex->call->stp;
        o = records_add_order(&ex->records, &fresh);
    }
    bool renamed = strcmp(o->o.coid, e->order.coid) != 0;
    if (renamed) order_unlink(&ex->records, e->order.id);
    o->o = e->order;
    if (renamed) order_link(&ex->records, e->order.id);
    if (e->kind != MATCH_EV_TRADE) return;
    struct sim_trade t = {.id = e->trade_id,
                          .order_id = e->order.id,
                          .account = e->order.account,
                          .sym = e->order.sym,
                          .side = e->order.side,
                          .qty = e->fill_qty,
                          .price = e->fill_price,
                          .quote = e->fill_quote,
                          .fee_e8 = e->fee_e8,
                          .fee_in_base = e->fee_in_base,
                          .maker = e->maker,
                          .at = e->at};
    records_add_trade(&ex->records, &t);
}

/* -- memory --------------------------------------------------------------------------------- */

void records_fini(struct sim_records *r) {
    free(r->orders);
    free(r->trades);
    free(r->lists);
    free(r->by_coid.heads);
    free(r->list_by_coid.heads);
    for (int i = 0; i < SIM_ACCOUNTS_MAX; i++) {
        free(r->of_account[i].v);
        free(r->trades_of[i].v);
        free(r->lists_of[i].v);
    }
    *r = (struct sim_records){0};
}
