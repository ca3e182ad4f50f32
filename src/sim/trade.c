/* trade: single orders: placed, tested, looked up, cancelled, replaced, reduced.
 *
 * In: calls that have passed the gate. Out: the engine's doing as JSON in the exchange's shapes, or
 * its refusal. Everything is read and checked before anything is done. Lookups see what the records
 * have, cancels and placements what the engine has. A cancel of an order that belongs to a list
 * takes the list and answers as a cancelled list. */
#include <inttypes.h>
#include <stdio.h>

#include "sim/sim_int.h"

/* -- placing -------------------------------------------------------------------------------- */

static bool read_sizes(struct sim_call *c, const struct match_leg *l, struct match_new *n) {
    if (l->type != ORDER_MARKET) {
        if (sim_has(c, "quoteOrderQty")) {
            return sim_refuse(c, 0, -1106, "Parameter 'quoteOrderQty' sent when not required.");
        }
        return sim_read_qty(c, "quantity", true, &n->qty);
    }
    bool by_qty = sim_has(c, "quantity"), by_quote = sim_has(c, "quoteOrderQty");
    if (!by_qty && !by_quote) {
        return sim_refuse(c, 0, -1102,
                          "Param 'quantity' or 'quoteOrderQty' must be sent, but both were "
                          "empty/null!");
    }
    if (by_qty && by_quote) {
        return sim_refuse(c, 0, -1106, "Parameter 'quoteOrderQty' sent when not required.");
    }
    int64_t quote = -1;
    if (!sim_read_qty(c, "quantity", false, &n->qty)) return false;
    if (!sim_get_e8(c, "quoteOrderQty", false, &quote)) return false;
    if (quote == 0) return sim_refuse(c, 0, -1013, "Invalid quoteOrderQty.");
    if (quote > 0) n->quote_qty = money_from_e8(quote);
    return true;
}

static bool read_new(struct sim_call *c, struct match_new *n, sim_resp *ret_resp) {
    struct match_leg l;
    *n = (struct match_new){.account = c->account};
    if (!sim_get_sym(c, true, &n->sym) || !sim_read_side(c, "side", &n->side) ||
        !sim_read_leg(c, "", SIM_SINGLE, &l) || !read_sizes(c, &l, n)) {
        return false;
    }
    n->type = l.type;
    n->tif = l.tif;
    n->limit = l.limit;
    n->stop = l.stop;
    n->extra = l.extra;
    n->coid = l.coid;
    *ret_resp = n->type == ORDER_MARKET || n->type == ORDER_LIMIT ? SIM_RESP_FULL : SIM_RESP_ACK;
    return sim_read_manners(c, ret_resp);
}

void sim_do_order_place(struct sim_call *c) {
    struct match_new n;
    struct match_reject rej;
    sim_resp resp;
    int64_t id;
    if (!read_new(c, &n, &resp) || !sim_params_done(c)) return;
    sim_fault_arm(c, n.sym);
    if (!match_place(c->ex->match, c->ex->now, &n, &id, &rej)) {
        sim_refuse_as(c, &rej);
        return;
    }
    sim_settle(c->ex);
    sim_put_order_new(c, records_order(c->ex, id), resp, false);
}

static void put_pair(struct sim_call *c, const char *key, int64_t e8) {
    sim_put_key(c->out, key);
    buf_put_byte(c->out, '{');
    sim_put_amount(c->out, "maker", e8);
    sim_put_amount(c->out, "taker", e8);
    buf_put_byte(c->out, '}');
}

static void put_test_rates(struct sim_call *c) {
    put_pair(c, "standardCommissionForOrder", c->ex->opt.fee_e8);
    put_pair(c, "specialCommissionForOrder", 0);
    put_pair(c, "taxCommissionForOrder", 0);
    sim_put_key(c->out, "discount");
    buf_put_byte(c->out, '{');
    sim_put_bool(c->out, "enabledForAccount", false);
    sim_put_bool(c->out, "enabledForSymbol", false);
    sim_put_text(c->out, "discountAsset", "BNB");
    sim_put_amount(c->out, "discount", 0);
    buf_put_byte(c->out, '}');
}

void sim_do_order_test(struct sim_call *c) {
    struct match_new n;
    struct match_reject rej;
    sim_resp resp;
    bool rates = false;
    if (!sim_get_bool(c, "computeCommissionRates", &rates)) return;
    if (rates) c->weight = 20;
    if (!read_new(c, &n, &resp) || !sim_params_done(c)) return;
    if (!match_test(c->ex->match, &n, &rej)) {
        sim_refuse_as(c, &rej);
        return;
    }
    buf_put_byte(c->out, '{');
    if (rates) put_test_rates(c);
    buf_put_byte(c->out, '}');
}

void sim_do_sor(struct sim_call *c) { sim_refuse(c, 0, -1020, "This operation is not supported."); }

/* -- which order ---------------------------------------------------------------------------- */

struct which {
    int sym;
    int64_t id; /* 0: by coid */
    str coid;
};

static bool read_which(struct sim_call *c, const char *id_name, const char *coid_name,
                       struct which *ret) {
    *ret = (struct which){.sym = SYM_NONE};
    if (!sim_get_sym(c, true, &ret->sym)) return false;
    bool any = sim_has(c, id_name) || sim_has(c, coid_name);
    if (!sim_get_i64(c, id_name, false, 0, INT64_MAX / 2, &ret->id) ||
        !sim_get_str(c, coid_name, false, &ret->coid)) {
        return false;
    }
    return any ||
           sim_refuse(c, 0, -1102, "Param '%s' or '%s' must be sent, but both were empty/null!",
                      coid_name, id_name);
}

/* The order that is meant, NULL if there is none on this symbol and account; false: refused. */
static bool find_which(struct sim_call *c, const struct which *w, struct sim_order **ret) {
    struct sim_order *o = w->coid.p != NULL && w->id == 0
                              ? records_find_coid(c->ex, c->account, w->coid)
                              : records_order(c->ex, w->id);
    if (o && (o->o.account != c->account || o->o.sym != w->sym)) o = NULL;
    *ret = o;
    if (!o || w->id == 0 || w->coid.p == NULL || str_eq(w->coid, str_from_z(o->o.coid))) {
        return true;
    }
    return sim_refuse(c, 0, -2039, "Client order ID is not correct for this order ID.");
}

/* The same among the live ones: of a client id that was used again, the one that lives. */
static bool find_live(struct sim_call *c, const struct which *w, struct sim_order **ret) {
    if (!find_which(c, w, ret)) return false;
    if (w->id == 0) {
        const struct match_order *o = NULL;
        while ((o = match_next_open(c->ex->match, c->account, w->sym, o)) != NULL) {
            if (str_eq(w->coid, str_from_z(o->coid))) break;
        }
        *ret = o ? records_order(c->ex, o->id) : NULL;
    }
    if (*ret && !match_is_live((*ret)->o.status)) *ret = NULL;
    return true;
}

void sim_do_order_query(struct sim_call *c) {
    struct which w;
    struct sim_order *o;
    if (!read_which(c, "orderId", "origClientOrderId", &w) || !sim_params_done(c)) return;
    if (!find_which(c, &w, &o)) return;
    if (!o || !sim_order_seen(c, o)) {
        sim_refuse(c, 0, -2013, "Order does not exist.");
        return;
    }
    sim_put_order(c, o);
}

/* -- cancelling ----------------------------------------------------------------------------- */

typedef enum restriction { FREELY, ONLY_NEW, ONLY_PARTIALLY_FILLED } restriction;

static bool read_restriction(struct sim_call *c, restriction *ret) {
    str v = {0};
    *ret = FREELY;
    if (!sim_get_str(c, "cancelRestrictions", false, &v)) return false;
    if (v.p == NULL) return true;
    if (str_eq(v, STR("ONLY_NEW"))) {
        *ret = ONLY_NEW;
    } else if (str_eq(v, STR("ONLY_PARTIALLY_FILLED"))) {
        *ret = ONLY_PARTIALLY_FILLED;
    } else {
        return sim_refuse(c, 0, -1145, "Invalid cancelRestrictions");
    }
    return true;
}

struct cancelling {
    int64_t id; /* of the order */
    int64_t list_id;
    char coid[COID_BYTES]; /* the cancel's own */
    bool ended[MATCH_LEGS_MAX];
};

static bool restricted(restriction r, const struct match_order *o) {
    return (r == ONLY_NEW && o->status != MATCH_NEW) ||
           (r == ONLY_PARTIALLY_FILLED && o->status != MATCH_PARTIALLY_FILLED);
}

/* Which orders of the list live now. */
static void legs_live(const struct sim_call *c, int64_t list_id, bool *ret) {
    const struct sim_list *l = records_list(c->ex, list_id);
    for (int i = 0; l && i < l->l.order_count; i++) {
        ret[i] = match_is_live(records_order(c->ex, l->l.order_ids[i])->o.status);
    }
}

static void name_cancel(struct sim_call *c, str coid, int64_t id, struct cancelling *x) {
    if (coid.n > 0) {
        IGNORE(!str_copyz(coid, x->coid, (ptrdiff_t)sizeof x->coid), "sim_read_coid");
    } else {
        match_made_id(c->ex->opt.seed, MATCH_MADE_CANCEL, id, x->coid);
    }
    memcpy(c->ex->cancel_coid, x->coid, sizeof x->coid);
}

/* Takes the order (and its list) off the book. False: *rej says why not. */
static bool cancel(struct sim_call *c, const struct sim_order *o, restriction r, str coid,
                   struct cancelling *ret, struct match_reject *rej) {
    *ret = (struct cancelling){0};
    if (!o) {
        *rej = (struct match_reject){-2011, "Unknown order sent."};
        return false;
    }
    if (restricted(r, &o->o)) {
        *rej = (struct match_reject){-2011, "Order was not canceled due to cancel restrictions."};
        return false;
    }
    struct match_ref ref = {.account = c->account, .sym = o->o.sym, .id = o->o.id};
    ret->id = o->o.id;
    ret->list_id = o->o.list_id;
    legs_live(c, ret->list_id, ret->ended);
    name_cancel(c, coid, ret->id, ret);
    if (!match_cancel(c->ex->match, c->ex->now, &ref, rej)) return false;
    sim_settle(c->ex);
    return true;
}

static void put_cancelled(struct sim_call *c, const struct cancelling *x) {
    if (x->list_id == MATCH_NO_LIST) {
        sim_put_order_cancelled(c, records_order(c->ex, x->id), x->coid);
    } else {
        sim_put_list_cancelled(c, records_list(c->ex, x->list_id), x->coid, x->ended);
    }
}

void sim_do_order_cancel(struct sim_call *c) {
    struct which w;
    struct sim_order *o;
    struct cancelling x;
    struct match_reject rej;
    restriction r;
    str coid = {0};
    if (!read_which(c, "orderId", "origClientOrderId", &w) || !read_restriction(c, &r) ||
        !sim_read_coid(c, "newClientOrderId", &coid) || !sim_params_done(c) ||
        !find_live(c, &w, &o)) {
        return;
    }
    if (!cancel(c, o, r, coid, &x, &rej)) {
        sim_refuse_as(c, &rej);
        return;
    }
    put_cancelled(c, &x);
}

/* One after the other: a list goes with its first order, so that its others are gone by then. */
static int64_t cancel_each(struct sim_call *c, const int64_t *ids, int64_t count,
                           struct cancelling *ret, struct match_reject *rej) {
    int64_t done = 0;
    for (int64_t i = 0; i < count; i++) {
        const struct sim_order *o = records_order(c->ex, ids[i]);
        if (!match_is_live(o->o.status)) continue;
        if (cancel(c, o, FREELY, (str){0}, &ret[done], rej)) done++;
    }
    return done;
}

void sim_do_open_cancel(struct sim_call *c) {
    int sym = SYM_NONE;
    int64_t count = 0;
    struct match_reject rej = {-2011, "Unknown order sent."};
    const struct match_order *o = NULL;
    if (!sim_get_sym(c, true, &sym) || !sim_params_done(c)) return;
    while ((o = match_next_open(c->ex->match, c->account, sym, o)) != NULL) count++;
    int64_t *ids = NEW_ARRAY(c->mem, int64_t, count + 1);
    struct cancelling *v = NEW_ARRAY(c->mem, struct cancelling, count + 1);
    count = 0;
    while ((o = match_next_open(c->ex->match, c->account, sym, o)) != NULL) ids[count++] = o->id;
    int64_t done = cancel_each(c, ids, count, v, &rej);
    if (done == 0) {
        sim_refuse_as(c, &rej);
        return;
    }
    buf_put_byte(c->out, '[');
    for (int64_t i = 0; i < done; i++) {
        if (i > 0) buf_put_byte(c->out, ',');
        put_cancelled(c, &v[i]);
    }
    buf_put_byte(c->out, ']');
}

/* -- cancel and replace --------------------------------------------------------------------- */

struct replacing {
    struct which which;
    struct sim_order *old; /* NULL: not live */
    restriction restriction;
    str cancel_coid;
    struct match_new order;
    sim_resp resp;
    bool allow_failure; /* ALLOW_FAILURE, else STOP_ON_FAILURE */
    bool cancel_only;   /* where the orders are used up */
    /* what became of it */
    match_attempt cancelled, placed;
    struct cancelling x;
    struct match_reject cancel_rej, place_rej;
    int64_t new_id;
};

static bool read_choice(struct sim_call *c, const char *name, bool must, str first, str second,
                        bool *ret_second) {
    str v = {0};
    *ret_second = false;
    if (!sim_get_str(c, name, must, &v)) return false;
    if (v.p == NULL || str_eq(v, first)) return true;
    *ret_second = str_eq(v, second);
    return *ret_second ||
           sim_refuse(c, 0, -1130, "Data sent for parameter '%s' is not valid.", name);
}

static bool read_replacing(struct sim_call *c, struct replacing *r) {
    *r = (struct replacing){0};
    return read_choice(c, "cancelReplaceMode", true, STR("STOP_ON_FAILURE"), STR("ALLOW_FAILURE"),
                       &r->allow_failure) &&
           read_choice(c, "orderRateLimitExceededMode", false, STR("DO_NOTHING"),
                       STR("CANCEL_ONLY"), &r->cancel_only) &&
           read_which(c, "cancelOrderId", "cancelOrigClientOrderId", &r->which) &&
           read_restriction(c, &r->restriction) &&
           sim_read_coid(c, "cancelNewClientOrderId", &r->cancel_coid) &&
           read_new(c, &r->order, &r->resp) && sim_params_done(c);
}

static const char *attempt_text(match_attempt a) {
    return a == MATCH_SUCCESS ? "SUCCESS" : a == MATCH_FAILURE ? "FAILURE" : "NOT_ATTEMPTED";
}

static void put_rejection(struct sim_call *c, const struct match_reject *rej) {
    buf_put_byte(c->out, '{');
    sim_put_int(c->out, "code", rej->code);
    sim_put_text(c->out, "msg", rej->text);
    buf_put_byte(c->out, '}');
}

static void put_replaced(struct sim_call *c, const struct replacing *r) {
    buf_put_byte(c->out, '{');
    sim_put_text(c->out, "cancelResult", attempt_text(r->cancelled));
    sim_put_text(c->out, "newOrderResult", attempt_text(r->placed));
    sim_put_key(c->out, "cancelResponse");
    if (r->cancelled == MATCH_SUCCESS) {
        put_cancelled(c, &r->x);
    } else {
        put_rejection(c, &r->cancel_rej);
    }
    sim_put_key(c->out, "newOrderResponse");
    if (r->placed == MATCH_SUCCESS) {
        sim_put_order_new(c, records_order(c->ex, r->new_id), r->resp, false);
    } else if (r->placed == MATCH_FAILURE) {
        put_rejection(c, &r->place_rej);
    } else {
        sim_put_z(c->out, "null");
    }
    buf_put_byte(c->out, '}');
}

/* Not both went well: the whole story stands in "data". */
static void put_half(struct sim_call *c, const struct replacing *r, bool over_limit) {
    bool partly = r->cancelled == MATCH_SUCCESS || r->placed == MATCH_SUCCESS;
    c->status = over_limit ? 429 : partly ? 409 : 400;
    c->code = partly ? -2021 : -2022;
    buf_put_byte(c->out, '{');
    sim_put_int(c->out, "code", c->code);
    sim_put_text(c->out, "msg",
                 partly ? "Order cancel-replace partially failed."
                        : "Order cancel-replace failed.");
    sim_put_key(c->out, "data");
    put_replaced(c, r);
    buf_put_byte(c->out, '}');
}

static void replace_cancel(struct sim_call *c, struct replacing *r) {
    bool ok = cancel(c, r->old, r->restriction, r->cancel_coid, &r->x, &r->cancel_rej);
    r->cancelled = ok ? MATCH_SUCCESS : MATCH_FAILURE;
}

static void replace_place(struct sim_call *c, struct replacing *r) {
    if (r->cancelled == MATCH_FAILURE && !r->allow_failure) return;
    sim_fault_arm(c, r->order.sym);
    bool ok = match_place(c->ex->match, c->ex->now, &r->order, &r->new_id, &r->place_rej);
    r->placed = ok ? MATCH_SUCCESS : MATCH_FAILURE;
    sim_settle(c->ex);
}

/* The orders of the window are used up. */
static void replace_over_limit(struct sim_call *c, struct replacing *r) {
    if (!r->cancel_only) return; /* the refusal stands in `out` already */
    r->place_rej.code = c->code;
    IGNORE(snprintf(r->place_rej.text, sizeof r->place_rej.text,
                    "Too many new orders; current limit is used up.") < 0,
           "it fits");
    r->placed = MATCH_FAILURE;
    replace_cancel(c, r);
    buf_clear(c->out);
    put_half(c, r, true);
}

void sim_do_cancel_replace(struct sim_call *c) {
    struct replacing *r = NEW(c->mem, struct replacing);
    struct match_reject rej;
    if (!read_replacing(c, r) || !find_live(c, &r->which, &r->old)) return;
    if (!c->ex->symbols.v[r->order.sym].cancel_replace) {
        sim_refuse(c, 0, -2010, "Order cancel-replace is not supported for this symbol.");
        return;
    }
    /* filters and counts come before the cancel */
    struct match_ref gone = {
        .account = c->account, .sym = r->order.sym, .id = r->old ? r->old->o.id : -1};
    if (!match_test_instead(c->ex->match, &r->order, &gone, &rej)) {
        sim_refuse_as(c, &rej);
        return;
    }
    if (!sim_orders_room(c, 1)) {
        replace_over_limit(c, r);
        return;
    }
    replace_cancel(c, r);
    replace_place(c, r);
    c->orders = r->placed == MATCH_SUCCESS ? 1 : 0;
    if (r->placed == MATCH_NOT_ATTEMPTED) sim_orders_add(c->ex, c->account, 1);
    if (r->cancelled == MATCH_SUCCESS && r->placed == MATCH_SUCCESS) {
        put_replaced(c, r);
    } else {
        if (c->orders > 0) sim_orders_add(c->ex, c->account, 1);
        put_half(c, r, false);
    }
}

/* -- amend ---------------------------------------------------------------------------------- */

static void put_amended(struct sim_call *c, const struct sim_order *rec, const char *was) {
    const struct match_order *o = &rec->o;
    buf_put_byte(c->out, '{');
    sim_put_time(c, "transactTime", c->now);
    sim_put_int(c->out, "executionId", o->id);
    sim_put_key(c->out, "amendedOrder");
    buf_put_byte(c->out, '{');
    sim_put_text(c->out, "symbol", c->ex->symbols.v[o->sym].name);
    sim_put_int(c->out, "orderId", o->id);
    sim_put_int(c->out, "orderListId", o->list_id);
    sim_put_text(c->out, "origClientOrderId", was);
    sim_put_text(c->out, "clientOrderId", o->coid);
    sim_put_amount(c->out, "price", price_e8(o->limit));
    sim_put_amount(c->out, "qty", qty_e8(o->qty));
    sim_put_amount(c->out, "executedQty", qty_e8(o->filled));
    sim_put_amount(c->out, "preventedQty", 0);
    sim_put_amount(c->out, "quoteOrderQty", money_e8(o->quote_qty));
    sim_put_amount(c->out, "cumulativeQuoteQty", money_e8(o->quote_filled));
    sim_put_text(c->out, "status", match_status_name(o->status));
    sim_put_text(c->out, "timeInForce", o->tif == TIF_NONE ? "GTC" : tif_name(o->tif));
    sim_put_text(c->out, "type", order_type_name(o->type));
    sim_put_text(c->out, "side", order_side_name(o->side));
    sim_put_time(c, "workingTime", o->working_at);
    sim_put_text(c->out, "selfTradePreventionMode", sim_stp_name(rec->stp));
    buf_put_byte(c->out, '}');
    const struct sim_list *l = records_list(c->ex, o->list_id);
    if (l) {
        sim_put_key(c->out, "listStatus");
        sim_put_list(c, l);
    }
    buf_put_byte(c->out, '}');
}

void sim_do_amend(struct sim_call *c) {
    struct which w;
    struct sim_order *o;
    struct match_reject rej;
    qty new_qty = qty_from_e8(0);
    str coid = {0};
    if (!read_which(c, "orderId", "origClientOrderId", &w) ||
        !sim_read_qty(c, "newQty", true, &new_qty) ||
        !sim_read_coid(c, "newClientOrderId", &coid) || !sim_params_done(c) ||
        !find_live(c, &w, &o)) {
        return;
    }
    if (!o) {
        sim_refuse(c, 0, -2013, "Order does not exist.");
        return;
    }
    char made[COID_BYTES], was[COID_BYTES];
    if (coid.n == 0) { /* the exchange gives it a name of its own then */
        match_made_id(c->ex->opt.seed, MATCH_MADE_AMEND, o->o.id * 1000 + o->o.amends, made);
        coid = str_from_z(made);
    }
    memcpy(was, o->o.coid, sizeof was);
    memcpy(c->ex->amended_coid, was, sizeof was);
    c->ex->amended_id = o->o.id;
    struct match_ref ref = {.account = c->account, .sym = w.sym, .id = o->o.id};
    if (!match_amend_as(c->ex->match, c->ex->now, &ref, new_qty, coid, &rej)) {
        sim_refuse_as(c, &rej);
        return;
    }
    sim_settle(c->ex);
    put_amended(c, records_order(c->ex, ref.id), was);
}
