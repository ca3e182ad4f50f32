/* order_json: orders and order lists as the exchange writes them.
 *
 * In: records. Out: the members of an object, in the exchange's order; what is conditional stands
 * where it applies (stopPrice, icebergQty, trailing, strategy, expiryReason). A stop counts as
 * working from when it fired, a pending leg never; workingTime is -1 then. */
#include "sim/sim_int.h"

const char *sim_stp_name(sim_stp s) {
    static const char *const names[] = {
#define X(name) #name,
        SIM_STP_MAP(X)
#undef X
    };
    PRE((ptrdiff_t)s < COUNT_OF(names));
    return names[s];
}

static bool type_is_stop(order_type t) {
    return t == ORDER_STOP_LOSS || t == ORDER_STOP_LOSS_LIMIT || t == ORDER_TAKE_PROFIT ||
           t == ORDER_TAKE_PROFIT_LIMIT;
}

static bool order_works(const struct match_order *o) {
    return o->working_at > 0 && (!type_is_stop(o->type) || o->triggered);
}

static const char *tif_text(const struct match_order *o) {
    return o->tif == TIF_NONE ? "GTC" : tif_name(o->tif);
}

/* A leg whose size the entry's fill decides has none before that. */
static bool size_is_known(const struct match_order *o) {
    return o->status != MATCH_PENDING_NEW || !qty_is_zero(o->qty);
}

static void put_optional(struct sim_call *c, const struct match_order *o, bool zeros) {
    const struct match_extra *x = &o->extra;
    if (zeros || !price_is_zero(o->stop)) sim_put_amount(c->out, "stopPrice", price_e8(o->stop));
    if (zeros || !qty_is_zero(x->iceberg)) {
        sim_put_amount(c->out, "icebergQty", qty_e8(x->iceberg));
    }
    if (x->trailing_bp != 0) {
        sim_put_int(c->out, "trailingDelta", x->trailing_bp);
        sim_put_time(c, "trailingTime", o->trailing_at > 0 ? o->trailing_at : -1);
    }
    if (x->strategy_id != 0) sim_put_int(c->out, "strategyId", x->strategy_id);
    if (x->strategy_type != 0) sim_put_int(c->out, "strategyType", x->strategy_type);
}

static void put_state(struct sim_call *c, const struct match_order *o) {
    sim_put_amount(c->out, "price", price_e8(o->limit));
    if (size_is_known(o)) sim_put_amount(c->out, "origQty", qty_e8(o->qty));
    sim_put_amount(c->out, "executedQty", qty_e8(o->filled));
    sim_put_amount(c->out, "origQuoteOrderQty", money_e8(o->quote_qty));
    sim_put_amount(c->out, "cummulativeQuoteQty", money_e8(o->quote_filled));
    sim_put_text(c->out, "status", match_status_name(o->status));
    sim_put_text(c->out, "timeInForce", tif_text(o));
    sim_put_text(c->out, "type", order_type_name(o->type));
    sim_put_text(c->out, "side", order_side_name(o->side));
}

static void put_reason(struct sim_call *c, const struct match_order *o) {
    if (o->status != MATCH_EXPIRED && o->status != MATCH_REJECTED) return;
    sim_put_text(c->out, "expiryReason", match_reason_name(o->reason));
}

static void put_working_time(struct sim_call *c, const struct match_order *o) {
    sim_put_time(c, "workingTime", order_works(o) ? o->working_at : -1);
}

static const char *asset_of_fee(const struct sim_call *c, const struct sim_trade *t) {
    const struct symbol *s = &c->ex->symbols.v[t->sym];
    return t->fee_in_base ? s->base : s->quote;
}

static void put_fills(struct sim_call *c, const struct sim_order *o) {
    sim_put_key(c->out, "fills");
    buf_put_byte(c->out, '[');
    for (int64_t id = o->first_trade; id != 0; id = c->ex->records.trades[id - 1].next) {
        const struct sim_trade *t = &c->ex->records.trades[id - 1].t;
        buf_put(c->out, id == o->first_trade ? STR("{") : STR(",{"));
        sim_put_amount(c->out, "price", price_e8(t->price));
        sim_put_amount(c->out, "qty", qty_e8(t->qty));
        sim_put_amount(c->out, "commission", t->fee_e8);
        sim_put_text(c->out, "commissionAsset", asset_of_fee(c, t));
        sim_put_int(c->out, "tradeId", t->id);
        buf_put_byte(c->out, '}');
    }
    buf_put_byte(c->out, ']');
}

static void put_names(struct sim_call *c, const struct match_order *o) {
    sim_put_text(c->out, "symbol", c->ex->symbols.v[o->sym].name);
    sim_put_int(c->out, "orderId", o->id);
    sim_put_int(c->out, "orderListId", o->list_id);
}

void sim_put_order_new(struct sim_call *c, const struct sim_order *rec, sim_resp resp,
                       bool as_pending) {
    struct match_order o = rec->o;
    if (as_pending) { /* what a list's answer says of its legs, whatever came after */
        o.status = MATCH_PENDING_NEW;
        o.working_at = -1;
        o.reason = MATCH_REASON_NONE;
        o.filled = qty_from_e8(0);
        o.quote_filled = money_from_e8(0);
    }
    buf_put_byte(c->out, '{');
    put_names(c, &o);
    sim_put_text(c->out, "clientOrderId", o.coid);
    sim_put_time(c, "transactTime", c->now);
    if (resp != SIM_RESP_ACK) {
        put_state(c, &o);
        put_optional(c, &o, false);
        put_working_time(c, &o);
        if (resp == SIM_RESP_FULL) put_fills(c, rec);
        sim_put_text(c->out, "selfTradePreventionMode", sim_stp_name(rec->stp));
        put_reason(c, &o);
    }
    buf_put_byte(c->out, '}');
}

void sim_put_order(struct sim_call *c, const struct sim_order *rec) {
    const struct match_order *o = &rec->o;
    buf_put_byte(c->out, '{');
    put_names(c, o);
    sim_put_text(c->out, "clientOrderId", o->coid);
    put_state(c, o);
    put_optional(c, o, true);
    sim_put_time(c, "time", o->created_at);
    sim_put_time(c, "updateTime", o->updated_at);
    sim_put_bool(c->out, "isWorking", order_works(o));
    put_working_time(c, o);
    sim_put_text(c->out, "selfTradePreventionMode", sim_stp_name(rec->stp));
    put_reason(c, o);
    buf_put_byte(c->out, '}');
}

void sim_put_order_cancelled(struct sim_call *c, const struct sim_order *rec,
                             const char *cancel_coid) {
    const struct match_order *o = &rec->o;
    buf_put_byte(c->out, '{');
    sim_put_text(c->out, "symbol", c->ex->symbols.v[o->sym].name);
    sim_put_text(c->out, "origClientOrderId", o->coid);
    sim_put_int(c->out, "orderId", o->id);
    sim_put_int(c->out, "orderListId", o->list_id);
    sim_put_text(c->out, "clientOrderId", cancel_coid);
    sim_put_time(c, "transactTime", c->now);
    put_state(c, o);
    put_optional(c, o, false);
    sim_put_text(c->out, "selfTradePreventionMode", sim_stp_name(rec->stp));
    put_reason(c, o);
    buf_put_byte(c->out, '}');
}

/* -- lists ---------------------------------------------------------------------------------- */

static int leg_at(const struct sim_call *c, const struct match_list *l, int i) {
    return c->ex->answers->legs_reversed ? l->order_count - 1 - i : i;
}

/* nameless: a list that failed at once is told with no client id. */
static void put_list_head(struct sim_call *c, const struct sim_list *rec, const char *type,
                          const char *order_status, bool nameless) {
    const struct match_list *l = &rec->l;
    sim_put_int(c->out, "orderListId", l->id);
    sim_put_text(c->out, "contingencyType", l->kind == MATCH_OCO ? "OCO" : "OTO");
    sim_put_text(c->out, "listStatusType", type);
    sim_put_text(c->out, "listOrderStatus", order_status);
    if (nameless) {
        sim_put_key(c->out, "listClientOrderId");
        sim_put_z(c->out, "null");
    } else {
        sim_put_text(c->out, "listClientOrderId", l->coid);
    }
}

static void put_list_orders(struct sim_call *c, const struct sim_list *rec) {
    const struct match_list *l = &rec->l;
    sim_put_text(c->out, "symbol", c->ex->symbols.v[l->sym].name);
    sim_put_key(c->out, "orders");
    buf_put_byte(c->out, '[');
    for (int i = 0; i < l->order_count; i++) {
        const struct sim_order *o = records_order(c->ex, l->order_ids[leg_at(c, l, i)]);
        buf_put(c->out, i == 0 ? STR("{") : STR(",{"));
        sim_put_text(c->out, "symbol", c->ex->symbols.v[l->sym].name);
        sim_put_int(c->out, "orderId", o->o.id);
        sim_put_text(c->out, "clientOrderId", o->o.coid);
        buf_put_byte(c->out, '}');
    }
    buf_put_byte(c->out, ']');
}

void sim_put_list(struct sim_call *c, const struct sim_list *rec) {
    buf_put_byte(c->out, '{');
    put_list_head(c, rec, rec->l.done ? "ALL_DONE" : "EXEC_STARTED",
                  rec->l.done ? "ALL_DONE" : "EXECUTING", false);
    sim_put_time(c, "transactionTime", rec->l.updated_at);
    put_list_orders(c, rec);
    buf_put_byte(c->out, '}');
}

/* The answer to a placement. What is pending is reported so even if it has become active within the
 * call; a list that is over by then (FOK that found nothing) is told as it ended. */
void sim_put_list_new(struct sim_call *c, const struct sim_list *rec, sim_resp resp) {
    const struct match_list *l = &rec->l;
    const struct sim_order *working =
        l->kind == MATCH_OCO ? NULL : records_order(c->ex, l->order_ids[0]);
    bool failed = working && l->done && working->o.status == MATCH_EXPIRED;
    buf_put_byte(c->out, '{');
    put_list_head(c, rec, failed ? "ALL_DONE" : "EXEC_STARTED", failed ? "ALL_DONE" : "EXECUTING",
                  failed);
    sim_put_time(c, "transactionTime", c->now);
    put_list_orders(c, rec);
    sim_put_key(c->out, "orderReports");
    buf_put_byte(c->out, '[');
    for (int i = 0; i < l->order_count; i++) {
        int at = leg_at(c, l, i);
        if (i > 0) buf_put_byte(c->out, ',');
        sim_put_order_new(c, records_order(c->ex, l->order_ids[at]), resp,
                          working && at > 0 && !failed);
    }
    buf_put(c->out, STR("]}"));
}

void sim_put_list_cancelled(struct sim_call *c, const struct sim_list *rec, const char *cancel_coid,
                            const bool *ended) {
    const struct match_list *l = &rec->l;
    bool first = true;
    buf_put_byte(c->out, '{');
    put_list_head(c, rec, "ALL_DONE", "ALL_DONE", false);
    sim_put_time(c, "transactionTime", c->now);
    put_list_orders(c, rec);
    sim_put_key(c->out, "orderReports");
    buf_put_byte(c->out, '[');
    for (int i = 0; i < l->order_count; i++) {
        int at = leg_at(c, l, i);
        if (!ended[at]) continue;
        if (!first) buf_put_byte(c->out, ',');
        first = false;
        sim_put_order_cancelled(c, records_order(c->ex, l->order_ids[at]), cancel_coid);
    }
    buf_put(c->out, STR("]}"));
}
