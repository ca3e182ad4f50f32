/* order_params: what an order or a leg of a list is asked for with.
 *
 * In: parameters; those of a leg carry its name in front (workingPrice, pendingAboveStopPrice).
 * Out: a leg as the engine takes it, or a refusal that names the parameter: each type has what it
 * needs (-1102) and what it does not take (-1106). Filters, funds and prices are the engine's. */
#include <stdio.h>

#include "sim/sim_int.h"

#define COID_RANGE "^[a-zA-Z0-9-_]{1,36}$"
#define NAME_BYTES 48

/* Parameters of a leg, alone and behind a leg's name. */
#define PART_MAP(X)                                                                                \
    X(TYPE, "type", "Type")                                                                        \
    X(TIF, "timeInForce", "TimeInForce")                                                           \
    X(PRICE, "price", "Price")                                                                     \
    X(STOP, "stopPrice", "StopPrice")                                                              \
    X(TRAIL, "trailingDelta", "TrailingDelta")                                                     \
    X(ICEBERG, "icebergQty", "IcebergQty")                                                         \
    X(COID, "newClientOrderId", "ClientOrderId")                                                   \
    X(STRATEGY, "strategyId", "StrategyId")                                                        \
    X(STRATEGY_TYPE, "strategyType", "StrategyType")                                               \
    X(PEG, "pegPriceType", "PegPriceType")                                                         \
    X(PEG_OFFSET, "pegOffsetValue", "PegOffsetValue")                                              \
    X(PEG_OFFSET_TYPE, "pegOffsetType", "PegOffsetType")
typedef enum part {
#define X(name, alone, behind) PART_##name,
    PART_MAP(X)
#undef X
} part;

struct part_name {
    char z[NAME_BYTES];
};

static struct part_name name_of(const char *prefix, part p) {
    static const char *const alone[] = {
#define X(name, a, b) a,
        PART_MAP(X)
#undef X
    };
    static const char *const behind[] = {
#define X(name, a, b) b,
        PART_MAP(X)
#undef X
    };
    struct part_name n;
    struct buf b;
    buf_init_fixed(&b, n.z, (ptrdiff_t)sizeof n.z);
    sim_put_z(&b, prefix);
    sim_put_z(&b, prefix[0] ? behind[p] : alone[p]);
    IGNORE(buf_z(&b)[0] == 0, "n.z ends in NUL by it");
    return n;
}

/* -- single values -------------------------------------------------------------------------- */

bool sim_read_coid(struct sim_call *c, const char *name, str *ret) {
    str v = {0};
    if (!sim_get_str(c, name, false, &v)) return false;
    bool ok = v.n <= 36;
    for (ptrdiff_t i = 0; ok && i < v.n; i++) {
        char ch = v.p[i];
        ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
             ch == '-' || ch == '_';
    }
    if (!ok) {
        return sim_refuse(c, 0, -1100,
                          "Illegal characters found in parameter '%s'; legal range is '%s'.", name,
                          COID_RANGE);
    }
    *ret = v;
    return true;
}

bool sim_read_side(struct sim_call *c, const char *name, order_side *ret) {
    str v = {0};
    if (!sim_get_str(c, name, true, &v)) return false;
    return order_side_from_name(v, ret) || sim_refuse(c, 0, -1117, "Invalid side.");
}

bool sim_read_qty(struct sim_call *c, const char *name, bool must, qty *ret) {
    int64_t v = -1;
    if (!sim_get_e8(c, name, must, &v)) return false;
    if (v == 0) return sim_refuse(c, 0, -1013, "Invalid quantity.");
    if (v > 0) *ret = qty_from_e8(v);
    return true;
}

static bool read_price(struct sim_call *c, const char *name, price *ret) {
    int64_t v = -1;
    if (!sim_get_e8(c, name, false, &v)) return false;
    if (v == 0) return sim_refuse(c, 0, -1013, "Invalid price.");
    if (v > 0) *ret = price_from_e8(v);
    return true;
}

bool sim_stp_allowed(sim_stp s) {
    return s == SIM_STP_EXPIRE_TAKER || s == SIM_STP_EXPIRE_MAKER || s == SIM_STP_EXPIRE_BOTH ||
           s == SIM_STP_DECREMENT;
}

static bool read_stp(struct sim_call *c) {
    str v = {0};
    c->stp = SIM_STP_DEFAULT;
    if (!sim_get_str(c, "selfTradePreventionMode", false, &v)) return false;
    if (v.p == NULL) return true;
    for (int i = SIM_STP_NONE; i <= SIM_STP_TRANSFER; i++) {
        if (!str_eq(v, str_from_z(sim_stp_name((sim_stp)i)))) continue;
        c->stp = (sim_stp)i;
        return sim_stp_allowed(c->stp) ||
               sim_refuse(c, 0, -1013,
                          "This symbol does not allow the specified self-trade prevention mode.");
    }
    return sim_refuse(c, 0, -1130,
                      "Data sent for parameter 'selfTradePreventionMode' is not "
                      "valid.");
}

bool sim_read_manners(struct sim_call *c, sim_resp *ret) {
    static const str names[] = {{"ACK", 3}, {"RESULT", 6}, {"FULL", 4}};
    str v = {0};
    if (!read_stp(c) || !sim_get_str(c, "newOrderRespType", false, &v)) return false;
    if (v.p == NULL) return true;
    for (int i = 0; i < COUNT_OF(names); i++) {
        if (!str_eq(v, names[i])) continue;
        *ret = (sim_resp)i;
        return true;
    }
    return sim_refuse(c, 0, -1130, "Data sent for parameter 'newOrderRespType' is not valid.");
}

/* -- legs ----------------------------------------------------------------------------------- */

static bool is_stop(order_type t) {
    return t == ORDER_STOP_LOSS || t == ORDER_STOP_LOSS_LIMIT || t == ORDER_TAKE_PROFIT ||
           t == ORDER_TAKE_PROFIT_LIMIT;
}

static bool has_limit(order_type t) {
    return t != ORDER_MARKET && t != ORDER_STOP_LOSS && t != ORDER_TAKE_PROFIT;
}

static bool type_fits(struct sim_call *c, sim_place place, order_type t) {
    if (place == SIM_WORKING && t != ORDER_LIMIT && t != ORDER_LIMIT_MAKER) {
        return sim_refuse(c, 0, -1159, "Order type not supported as the working order.");
    }
    if (place == SIM_PAIR && t != ORDER_LIMIT_MAKER && !is_stop(t)) {
        return sim_refuse(c, 0, -1158, "Order type not supported in OCO.");
    }
    return true;
}

static bool read_type(struct sim_call *c, const char *prefix, sim_place place,
                      struct match_leg *ret) {
    str v = {0};
    if (!sim_get_str(c, name_of(prefix, PART_TYPE).z, true, &v)) return false;
    if (!order_type_from_name(v, &ret->type)) return sim_refuse(c, 0, -1116, "Invalid orderType.");
    return type_fits(c, place, ret->type);
}

/* A parameter that the type needs, or that it does not take. */
static bool wanted(struct sim_call *c, const char *name, bool needed) {
    if (sim_has(c, name) == needed) return true;
    if (!needed) return sim_refuse(c, 0, -1106, "Parameter '%s' sent when not required.", name);
    return sim_refuse(c, 0, -1102,
                      "Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name);
}

static bool read_tif(struct sim_call *c, const char *prefix, struct match_leg *ret) {
    struct part_name name = name_of(prefix, PART_TIF);
    str v = {0};
    bool needed = has_limit(ret->type) && ret->type != ORDER_LIMIT_MAKER;
    if (!wanted(c, name.z, needed) || !sim_get_str(c, name.z, false, &v)) return false;
    if (v.p == NULL) return true;
    return (tif_from_name(v, &ret->tif) && ret->tif != TIF_NONE) ||
           sim_refuse(c, 0, -1115, "Invalid timeInForce.");
}

static bool read_prices(struct sim_call *c, const char *prefix, struct match_leg *ret) {
    struct part_name limit = name_of(prefix, PART_PRICE), stop = name_of(prefix, PART_STOP),
                     trail = name_of(prefix, PART_TRAIL);
    if (!wanted(c, limit.z, has_limit(ret->type)) || !read_price(c, limit.z, &ret->limit)) {
        return false;
    }
    if (!is_stop(ret->type)) return wanted(c, stop.z, false) && wanted(c, trail.z, false);
    if (!sim_has(c, stop.z) && !sim_has(c, trail.z)) {
        return sim_refuse(c, 0, -1102, "Param '%s' or '%s' must be sent, but both were empty/null!",
                          stop.z, trail.z);
    }
    return read_price(c, stop.z, &ret->stop) &&
           sim_get_i64(c, trail.z, false, 1, 1000000, &ret->extra.trailing_bp);
}

static bool read_iceberg(struct sim_call *c, const char *prefix, struct match_leg *ret) {
    struct part_name name = name_of(prefix, PART_ICEBERG), tif_name = name_of(prefix, PART_TIF);
    if (!sim_has(c, name.z)) return true;
    if (!has_limit(ret->type)) return wanted(c, name.z, false);
    if (ret->type != ORDER_LIMIT_MAKER && ret->tif != TIF_GTC) {
        return sim_refuse(c, 0, -1160, "Parameter '%s' is not supported if '%s' is not GTC.",
                          name.z, tif_name.z);
    }
    return sim_read_qty(c, name.z, false, &ret->extra.iceberg);
}

static bool read_strategy(struct sim_call *c, const char *prefix, struct match_leg *ret) {
    struct match_extra *x = &ret->extra;
    if (!sim_get_i64(c, name_of(prefix, PART_STRATEGY).z, false, INT64_MIN / 2, INT64_MAX / 2,
                     &x->strategy_id)) {
        return false;
    }
    struct part_name name = name_of(prefix, PART_STRATEGY_TYPE);
    if (!sim_has(c, name.z)) return true;
    if (!sim_get_i64(c, name.z, false, 0, INT64_MAX / 2, &x->strategy_type)) return false;
    return x->strategy_type >= 1000000 ||
           sim_refuse(c, 0, -1134, "%s was less than 1000000.", name.z);
}

static bool no_peg(struct sim_call *c, const char *prefix) {
    for (int p = PART_PEG; p <= PART_PEG_OFFSET_TYPE; p++) {
        if (!sim_has(c, name_of(prefix, (part)p).z)) continue;
        return sim_refuse(c, 0, -2010, "Pegged orders are not supported for this symbol.");
    }
    return true;
}

bool sim_read_leg(struct sim_call *c, const char *prefix, sim_place place, struct match_leg *ret) {
    *ret = (struct match_leg){0};
    return read_type(c, prefix, place, ret) && no_peg(c, prefix) && read_tif(c, prefix, ret) &&
           read_prices(c, prefix, ret) && read_iceberg(c, prefix, ret) &&
           read_strategy(c, prefix, ret) &&
           sim_read_coid(c, name_of(prefix, PART_COID).z, &ret->coid);
}

/* -- the engine's answers ------------------------------------------------------------------- */

bool sim_refuse_as(struct sim_call *c, const struct match_reject *rej) {
    return sim_refuse(c, 0, rej->code, "%s", rej->text);
}

void sim_fault_arm(struct sim_call *c, int sym) {
    struct match *m = c->ex->match;
    if (c->fault.kind == FAULT_LEG_REFUSED) match_refuse_legs(m, c->account);
    if (c->fault.kind == FAULT_PARTIAL) match_thin_next(m, sym, c->fault.amount, false);
    if (c->fault.kind == FAULT_PRICE_RANGE) match_thin_next(m, sym, c->fault.amount, true);
}

bool sim_order_seen(const struct sim_call *c, const struct sim_order *o) {
    return c->fault.kind != FAULT_LOOKUP_LAG && o->hidden_until <= c->ex->now;
}

bool sim_list_seen(const struct sim_call *c, const struct sim_list *l) {
    return c->fault.kind != FAULT_LOOKUP_LAG && l->hidden_until <= c->ex->now;
}
