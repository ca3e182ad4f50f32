/* lists: order lists placed, cancelled and looked up; and the histories of orders and trades.
 *
 * In: calls that have passed the gate. OCO, OTO, OTOCO, OPO, OPOCO, each leg's parameters with its
 * name in front, and the deprecated OCO with names of its own. Out: the engine's doing in the
 * exchange's shapes. Histories come from the records: filters by id and time, at most 24 hours
 * where both ends are given, ascending by id. */
#include "sim/sim_int.h"

/* -- placing -------------------------------------------------------------------------------- */

static void place(struct sim_call *c, const struct match_new_list *n, sim_resp resp) {
    struct match_reject rej;
    int64_t id;
    sim_fault_arm(c, n->sym);
    if (!match_place_list(c->ex->match, c->ex->now, n, &id, &rej)) {
        sim_refuse_as(c, &rej);
        return;
    }
    sim_settle(c->ex);
    sim_put_list_new(c, records_list(c->ex, id), resp);
}

static bool begin(struct sim_call *c, match_list_kind kind, struct match_new_list *n,
                  sim_resp *ret_resp) {
    *n = (struct match_new_list){.kind = kind, .account = c->account};
    *ret_resp = SIM_RESP_RESULT;
    return sim_get_sym(c, true, &n->sym) && sim_read_coid(c, "listClientOrderId", &n->coid) &&
           sim_read_manners(c, ret_resp);
}

void sim_do_list_oco(struct sim_call *c) {
    struct match_new_list n;
    sim_resp resp;
    if (!begin(c, MATCH_OCO, &n, &resp) || !sim_read_side(c, "side", &n.side) ||
        !sim_read_qty(c, "quantity", true, &n.qty) ||
        !sim_read_leg(c, "above", SIM_PAIR, &n.above) ||
        !sim_read_leg(c, "below", SIM_PAIR, &n.below) || !sim_params_done(c)) {
        return;
    }
    place(c, &n, resp);
}

static bool read_working(struct sim_call *c, struct match_new_list *n) {
    return sim_read_leg(c, "working", SIM_WORKING, &n->working) &&
           sim_read_side(c, "workingSide", &n->side) &&
           sim_read_qty(c, "workingQuantity", true, &n->qty) &&
           sim_read_side(c, "pendingSide", &n->pending_side);
}

static bool read_pending_qty(struct sim_call *c, struct match_new_list *n) {
    if (n->kind == MATCH_OTO || n->kind == MATCH_OTOCO) {
        return sim_read_qty(c, "pendingQuantity", true, &n->pending_qty);
    }
    if (n->side != ORDER_BUY) {
        return sim_refuse(c, 0, -1222, "The working order of an OPO must be a BUY.");
    }
    if (n->pending_side != ORDER_SELL) {
        return sim_refuse(c, 0, -1223, "The pending orders of an OPO must be SELL.");
    }
    return !sim_has(c, "pendingQuantity") ||
           sim_refuse(c, 0, -1106, "Parameter 'pendingQuantity' sent when not required.");
}

static void place_with_one(struct sim_call *c, match_list_kind kind) {
    struct match_new_list n;
    sim_resp resp;
    if (!begin(c, kind, &n, &resp) || !read_working(c, &n) || !read_pending_qty(c, &n) ||
        !sim_read_leg(c, "pending", SIM_PENDING, &n.pending) || !sim_params_done(c)) {
        return;
    }
    place(c, &n, resp);
}

static void place_with_pair(struct sim_call *c, match_list_kind kind) {
    struct match_new_list n;
    sim_resp resp;
    if (!begin(c, kind, &n, &resp) || !read_working(c, &n) || !read_pending_qty(c, &n) ||
        !sim_read_leg(c, "pendingAbove", SIM_PAIR, &n.above) ||
        !sim_read_leg(c, "pendingBelow", SIM_PAIR, &n.below) || !sim_params_done(c)) {
        return;
    }
    place(c, &n, resp);
}

void sim_do_list_oto(struct sim_call *c) { place_with_one(c, MATCH_OTO); }
void sim_do_list_opo(struct sim_call *c) { place_with_one(c, MATCH_OPO); }
void sim_do_list_otoco(struct sim_call *c) { place_with_pair(c, MATCH_OTOCO); }
void sim_do_list_opoco(struct sim_call *c) { place_with_pair(c, MATCH_OPOCO); }

/* -- the deprecated OCO --------------------------------------------------------------------- */

static bool read_amount(struct sim_call *c, const char *name, bool must, price *ret) {
    int64_t v = -1;
    if (!sim_get_e8(c, name, must, &v)) return false;
    if (v == 0) return sim_refuse(c, 0, -1013, "Invalid price.");
    if (v > 0) *ret = price_from_e8(v);
    return true;
}

static bool read_old_limit(struct sim_call *c, struct match_leg *ret) {
    *ret = (struct match_leg){.type = ORDER_LIMIT_MAKER};
    return read_amount(c, "price", true, &ret->limit) &&
           sim_read_coid(c, "limitClientOrderId", &ret->coid) &&
           sim_read_qty(c, "limitIcebergQty", false, &ret->extra.iceberg) &&
           sim_get_i64(c, "limitStrategyId", false, 0, INT64_MAX / 2, &ret->extra.strategy_id) &&
           sim_get_i64(c, "limitStrategyType", false, 1000000, INT64_MAX / 2,
                       &ret->extra.strategy_type);
}

static bool read_old_stop(struct sim_call *c, struct match_leg *ret) {
    str t = {0};
    *ret = (struct match_leg){.type = ORDER_STOP_LOSS};
    if (!sim_has(c, "stopPrice") && !sim_has(c, "trailingDelta")) {
        return sim_refuse(c, 0, -1102,
                          "Param 'stopPrice' or 'trailingDelta' must be sent, but both were "
                          "empty/null!");
    }
    if (!read_amount(c, "stopPrice", false, &ret->stop) ||
        !sim_get_i64(c, "trailingDelta", false, 1, 1000000, &ret->extra.trailing_bp) ||
        !sim_read_coid(c, "stopClientOrderId", &ret->coid) ||
        !sim_get_i64(c, "stopStrategyId", false, 0, INT64_MAX / 2, &ret->extra.strategy_id) ||
        !sim_get_i64(c, "stopStrategyType", false, 1000000, INT64_MAX / 2,
                     &ret->extra.strategy_type)) {
        return false;
    }
    if (!sim_has(c, "stopLimitPrice")) return true;
    ret->type = ORDER_STOP_LOSS_LIMIT;
    if (!read_amount(c, "stopLimitPrice", true, &ret->limit) ||
        !sim_get_str(c, "stopLimitTimeInForce", true, &t) ||
        !sim_read_qty(c, "stopIcebergQty", false, &ret->extra.iceberg)) {
        return false;
    }
    return (tif_from_name(t, &ret->tif) && ret->tif != TIF_NONE) ||
           sim_refuse(c, 0, -1115, "Invalid timeInForce.");
}

void sim_do_oco_old(struct sim_call *c) {
    struct match_new_list n;
    sim_resp resp;
    struct match_leg limit, stop;
    if (!begin(c, MATCH_OCO, &n, &resp) || !sim_read_side(c, "side", &n.side) ||
        !sim_read_qty(c, "quantity", true, &n.qty) || !read_old_limit(c, &limit) ||
        !read_old_stop(c, &stop) || !sim_params_done(c)) {
        return;
    }
    n.above = n.side == ORDER_SELL ? limit : stop;
    n.below = n.side == ORDER_SELL ? stop : limit;
    place(c, &n, resp);
}

/* -- cancelling and looking up -------------------------------------------------------------- */

static struct sim_list *list_of(struct sim_call *c, int64_t id, str coid) {
    struct sim_list *l =
        id >= 0 ? records_list(c->ex, id) : records_find_list_coid(c->ex, c->account, coid);
    return l && l->l.account == c->account ? l : NULL;
}

static bool read_list(struct sim_call *c, const char *coid_name, int64_t *ret_id, str *ret_coid) {
    *ret_id = -1;
    if (!sim_has(c, "orderListId") && !sim_has(c, coid_name)) {
        return sim_refuse(c, 0, -1102,
                          "Param '%s' or 'orderListId' must be sent, but both were empty/null!",
                          coid_name);
    }
    return sim_get_i64(c, "orderListId", false, 0, INT64_MAX / 2, ret_id) &&
           sim_get_str(c, coid_name, false, ret_coid);
}

/* Of a list's id that was used again, the list that lives. */
static struct sim_list *live_list_of(struct sim_call *c, int sym, int64_t id, str coid) {
    const struct match_order *o = NULL;
    while (id < 0 && (o = match_next_open(c->ex->match, c->account, sym, o)) != NULL) {
        struct sim_list *l = records_list(c->ex, o->list_id);
        if (l && str_eq(coid, str_from_z(l->l.coid))) return l;
    }
    struct sim_list *l = id < 0 ? NULL : list_of(c, id, coid);
    return l && !l->l.done && l->l.sym == sym ? l : NULL;
}

void sim_do_list_cancel(struct sim_call *c) {
    int sym = SYM_NONE;
    int64_t id;
    str list_coid = {0}, coid = {0};
    struct match_reject rej;
    bool ended[MATCH_LEGS_MAX] = {false};
    if (!sim_get_sym(c, true, &sym) || !read_list(c, "listClientOrderId", &id, &list_coid) ||
        !sim_read_coid(c, "newClientOrderId", &coid) || !sim_params_done(c)) {
        return;
    }
    struct sim_list *l = live_list_of(c, sym, id, list_coid);
    if (!l) {
        sim_refuse(c, 0, -2011, "Unknown order sent.");
        return;
    }
    for (int i = 0; i < l->l.order_count; i++) {
        ended[i] = match_is_live(records_order(c->ex, l->l.order_ids[i])->o.status);
    }
    struct match_ref ref = {.account = c->account, .sym = sym, .id = l->l.id};
    char name[COID_BYTES] = "";
    if (coid.n == 0) {
        match_made_id(~c->ex->opt.seed, MATCH_MADE_CANCEL, ref.id, name);
    } else {
        IGNORE(!str_copyz(coid, name, (ptrdiff_t)sizeof name), "sim_read_coid saw its length");
    }
    memcpy(c->ex->cancel_coid, name, sizeof name);
    if (!match_cancel_list(c->ex->match, c->ex->now, &ref, &rej)) {
        sim_refuse_as(c, &rej);
        return;
    }
    sim_settle(c->ex);
    sim_put_list_cancelled(c, records_list(c->ex, ref.id), name, ended);
}

void sim_do_list_query(struct sim_call *c) {
    int64_t id;
    str coid = {0};
    if (!read_list(c, "origClientOrderId", &id, &coid) || !sim_params_done(c)) return;
    const struct sim_list *l = list_of(c, id, coid);
    if (!l || !sim_list_seen(c, l)) {
        sim_refuse(c, 0, -2013, "Order list does not exist.");
        return;
    }
    sim_put_list(c, l);
}

void sim_do_list_open(struct sim_call *c) {
    if (!sim_params_done(c)) return;
    const struct sim_ids *ids = &c->ex->records.lists_of[c->account];
    bool first = true;
    buf_put_byte(c->out, '[');
    for (int64_t i = 0; i < ids->count; i++) {
        const struct sim_list *l = records_list(c->ex, ids->v[i]);
        if (l->l.done || !sim_list_seen(c, l)) continue;
        if (!first) buf_put_byte(c->out, ',');
        first = false;
        sim_put_list(c, l);
    }
    buf_put_byte(c->out, ']');
}

/* -- histories ------------------------------------------------------------------------------ */

struct span {
    usec from, until; /* -1: open */
    int64_t limit;
    int64_t from_id; /* -1: none */
};

static bool read_span(struct sim_call *c, const char *id_name, struct span *ret) {
    *ret = (struct span){.from = -1, .until = -1, .limit = 500, .from_id = -1};
    if (!sim_get_time(c, "startTime", &ret->from) || !sim_get_time(c, "endTime", &ret->until) ||
        !sim_get_i64(c, "limit", false, 1, 1000, &ret->limit) ||
        !sim_get_i64(c, id_name, false, 0, INT64_MAX / 2, &ret->from_id)) {
        return false;
    }
    if (ret->from < 0 || ret->until < 0 || ret->until - ret->from <= USEC_PER_DAY) return true;
    return sim_refuse(c, 0, -1127, "More than 24 hours between startTime and endTime.");
}

static bool in_span(const struct span *s, int64_t id, usec at) {
    return (s->from < 0 || at >= s->from) && (s->until < 0 || at <= s->until) &&
           (s->from_id < 0 || id >= s->from_id);
}

/* With a beginning the first ones are given, without one the last ones. */
static bool counts_from_start(const struct span *s) { return s->from >= 0 || s->from_id >= 0; }

typedef bool (*span_test)(const struct sim_call *c, const struct span *s, int64_t id, int sym);
typedef void (*span_put)(struct sim_call *c, int64_t id);

static void put_span(struct sim_call *c, const struct sim_ids *ids, const struct span *s, int sym,
                     span_test test, span_put put) {
    int64_t first = 0, given = 0;
    if (!counts_from_start(s)) {
        int64_t found = 0;
        for (first = ids->count; first > 0 && found < s->limit; first--) {
            found += test(c, s, ids->v[first - 1], sym);
        }
    }
    buf_put_byte(c->out, '[');
    for (int64_t i = first; i < ids->count && given < s->limit; i++) {
        if (!test(c, s, ids->v[i], sym)) continue;
        if (given++ > 0) buf_put_byte(c->out, ',');
        put(c, ids->v[i]);
    }
    buf_put_byte(c->out, ']');
}

static bool order_in_span(const struct sim_call *c, const struct span *s, int64_t id, int sym) {
    const struct sim_order *o = records_order(c->ex, id);
    return o->o.sym == sym && sim_order_seen(c, o) && in_span(s, id, o->o.created_at);
}

static void put_order_of(struct sim_call *c, int64_t id) {
    sim_put_order(c, records_order(c->ex, id));
}

void sim_do_all_orders(struct sim_call *c) {
    int sym = SYM_NONE;
    struct span s;
    if (!sim_get_sym(c, true, &sym) || !read_span(c, "orderId", &s) || !sim_params_done(c)) return;
    put_span(c, &c->ex->records.of_account[c->account], &s, sym, order_in_span, put_order_of);
}

static bool list_in_span(const struct sim_call *c, const struct span *s, int64_t id, int sym) {
    const struct sim_list *l = records_list(c->ex, id);
    (void)sym;
    return sim_list_seen(c, l) && in_span(s, id, l->l.created_at);
}

static void put_list_of(struct sim_call *c, int64_t id) {
    sim_put_list(c, records_list(c->ex, id));
}

void sim_do_list_all(struct sim_call *c) {
    struct span s;
    if (!read_span(c, "fromId", &s) || !sim_params_done(c)) return;
    if (s.from_id >= 0 && (s.from >= 0 || s.until >= 0)) {
        sim_refuse(c, 0, -1128, "Combination of optional parameters invalid.");
        return;
    }
    put_span(c, &c->ex->records.lists_of[c->account], &s, SYM_NONE, list_in_span, put_list_of);
}

static bool trade_in_span(const struct sim_call *c, const struct span *s, int64_t id, int sym) {
    const struct sim_trade *t = &c->ex->records.trades[id - 1].t;
    return t->sym == sym && sim_order_seen(c, records_order(c->ex, t->order_id)) &&
           in_span(s, id, t->at);
}

static void put_trade(struct sim_call *c, int64_t id) {
    const struct sim_trade *t = &c->ex->records.trades[id - 1].t;
    const struct symbol *s = &c->ex->symbols.v[t->sym];
    buf_put_byte(c->out, '{');
    sim_put_text(c->out, "symbol", s->name);
    sim_put_int(c->out, "id", t->id);
    sim_put_int(c->out, "orderId", t->order_id);
    sim_put_int(c->out, "orderListId", records_order(c->ex, t->order_id)->o.list_id);
    sim_put_amount(c->out, "price", price_e8(t->price));
    sim_put_amount(c->out, "qty", qty_e8(t->qty));
    sim_put_amount(c->out, "quoteQty", money_e8(t->quote));
    sim_put_amount(c->out, "commission", t->fee_e8);
    sim_put_text(c->out, "commissionAsset", t->fee_in_base ? s->base : s->quote);
    sim_put_time(c, "time", t->at);
    sim_put_bool(c->out, "isBuyer", t->side == ORDER_BUY);
    sim_put_bool(c->out, "isMaker", t->maker);
    sim_put_bool(c->out, "isBestMatch", true);
    buf_put_byte(c->out, '}');
}

/* Of one order: its chain is short. */
static void put_trades_of_order(struct sim_call *c, const struct sim_order *o, int sym,
                                const struct span *s) {
    int64_t given = 0;
    bool mine = o && o->o.account == c->account && o->o.sym == sym;
    buf_put_byte(c->out, '[');
    for (int64_t id = mine ? o->first_trade : 0; id != 0 && given < s->limit;
         id = c->ex->records.trades[id - 1].next) {
        if (!trade_in_span(c, s, id, sym)) continue;
        if (given++ > 0) buf_put_byte(c->out, ',');
        put_trade(c, id);
    }
    buf_put_byte(c->out, ']');
}

void sim_do_my_trades(struct sim_call *c) {
    int sym = SYM_NONE;
    int64_t order_id = -1;
    struct span s;
    if (sim_has(c, "orderId")) c->weight = 5;
    if (!sim_get_sym(c, true, &sym) || !read_span(c, "fromId", &s) ||
        !sim_get_i64(c, "orderId", false, 0, INT64_MAX / 2, &order_id) || !sim_params_done(c)) {
        return;
    }
    bool timed = s.from >= 0 || s.until >= 0;
    if (timed && (order_id >= 0 || s.from_id >= 0)) {
        sim_refuse(c, 0, -1128, "Combination of optional parameters invalid.");
        return;
    }
    if (order_id >= 0) {
        put_trades_of_order(c, records_order(c->ex, order_id), sym, &s);
        return;
    }
    put_span(c, &c->ex->records.trades_of[c->account], &s, sym, trade_in_span, put_trade);
}
