/* binance_step: a stage of a task as the request that goes out.
 *
 * In: the task and its stage. Out: method, path and the signed query, which lie in the task. All
 * parameters go into the query, the body stays empty, so that what is signed is one run of bytes.
 * Each order asks for the full answer: only that tells fills and commissions at once. A bracket is
 * OPOCO where the symbol has it, as then the venue sizes stop and target by what was received; else
 * OTOCO, whose legs leave room for the commission. Both legs are market orders with a trigger
 * (TAKE_PROFIT, STOP_LOSS): a resting LIMIT_MAKER that fills in part would take the stop away.
 *
 * A bracket is dated with the intent's own time, so that it cannot start once that time and the
 * window are over; all else with the time of sending. Nothing here fails. */
#include "venue/binance_int.h"

#include <string.h>

/* How long an answer is waited for. What is late may have been executed, so these are longer than
 * any answer that can still be used, and shorter than a position may stand bare. */
#define ENTRY_TIMEOUT (4 * USEC_PER_S)
#define EXIT_TIMEOUT (4 * USEC_PER_S)
#define CANCEL_TIMEOUT (3 * USEC_PER_S)
#define LOOK_TIMEOUT (3 * USEC_PER_S)
#define SNAPSHOT_TIMEOUT (10 * USEC_PER_S)

static const struct binance_stage stages[] = {
#define X(name, method, path, group, changes) {method, path, BINANCE_##group, changes},
    STAGE_MAP(X)
#undef X
};

const struct binance_stage *binance_stage_row(int stage) {
    PRE(stage >= 0 && stage < COUNT_OF(stages));
    return &stages[stage];
}

str binance_coid(const struct request *rq, leg which) {
    switch (which) {
    case LEG_ENTRY:
        return str_from_z(rq->entry_coid);
    case LEG_STOP:
        return str_from_z(rq->stop_coid);
    case LEG_TARGET:
        return str_from_z(rq->target_coid);
    case LEG_EXIT:
        return str_from_z(rq->exit_coid);
    case LEG_NONE:
        return str_from_z(rq->list_coid);
    }
    WRONG("leg out of its list");
}

bool binance_left_to_sell(const struct binance *b, const struct binance_task *t, qty *ret) {
    const struct symbol *s = binance_symbol(b, t);
    qty left = t->rq.qty, sold = qty_from_e8(0);
    for (leg l = LEG_STOP; l <= LEG_TARGET; l++) {
        if (t->seen[l].known && !qty_add(sold, t->seen[l].filled, &sold)) return false;
    }
    if (qty_cmp(sold, t->rq.known_sold) > 0 &&
        (!qty_sub(sold, t->rq.known_sold, &sold) || !qty_sub(left, sold, &left)))
        return false;
    if (qty_e8(left) <= 0) return false;
    *ret = symbol_market_qty(s, left, ROUND_FLOOR);
    return !qty_is_zero(*ret);
}

static void put_coid(struct buf *q, const struct binance_task *t, const char *name, leg which) {
    binance_form_text(q, name, binance_coid(&t->rq, which));
}

/* What the pending legs of an OTOCO sell: what the entry brings less the commission, which may be
 * taken from it. */
qty binance_pending_qty(const struct binance *b, const struct binance_task *t) {
    const struct symbol *s = binance_symbol(b, t);
    qty q = t->rq.qty;
    if (!qty_ratio(q, E8 - b->fee_e8, E8, ROUND_FLOOR, &q)) return qty_from_e8(0);
    return symbol_market_qty(s, q, ROUND_FLOOR);
}

static void form_bracket(const struct binance *b, struct binance_task *t, struct buf *q) {
    const struct request *rq = &t->rq;
    const bool opo = binance_symbol(b, t)->opo;
    IGNORE(!str_copyz(opo ? STR("/api/v3/orderList/opoco") : STR("/api/v3/orderList/otoco"),
                      t->query.path, sizeof t->query.path),
           "it fits");
    put_coid(q, t, "listClientOrderId", LEG_NONE);
    binance_form_text(q, "workingType", STR("LIMIT"));
    binance_form_text(q, "workingSide", STR("BUY"));
    put_coid(q, t, "workingClientOrderId", LEG_ENTRY);
    binance_form_e8(q, "workingPrice", price_e8(rq->limit));
    binance_form_e8(q, "workingQuantity", qty_e8(rq->qty));
    binance_form_text(q, "workingTimeInForce", rq->tif == TIF_IOC ? STR("IOC") : STR("FOK"));
    binance_form_text(q, "pendingSide", STR("SELL"));
    if (!opo) binance_form_e8(q, "pendingQuantity", qty_e8(binance_pending_qty(b, t)));
    binance_form_text(q, "pendingAboveType", STR("TAKE_PROFIT"));
    put_coid(q, t, "pendingAboveClientOrderId", LEG_TARGET);
    binance_form_e8(q, "pendingAboveStopPrice", price_e8(rq->target));
    binance_form_text(q, "pendingBelowType", STR("STOP_LOSS"));
    put_coid(q, t, "pendingBelowClientOrderId", LEG_STOP);
    binance_form_e8(q, "pendingBelowStopPrice", price_e8(rq->stop));
    binance_form_text(q, "newOrderRespType", STR("FULL"));
}

static void form_protect(const struct binance_task *t, struct buf *q) {
    const struct request *rq = &t->rq;
    put_coid(q, t, "listClientOrderId", LEG_NONE);
    binance_form_text(q, "side", STR("SELL"));
    binance_form_e8(q, "quantity", qty_e8(rq->qty));
    binance_form_text(q, "aboveType", STR("TAKE_PROFIT"));
    put_coid(q, t, "aboveClientOrderId", LEG_TARGET);
    binance_form_e8(q, "aboveStopPrice", price_e8(rq->target));
    binance_form_text(q, "belowType", STR("STOP_LOSS"));
    put_coid(q, t, "belowClientOrderId", LEG_STOP);
    binance_form_e8(q, "belowStopPrice", price_e8(rq->stop));
    binance_form_text(q, "newOrderRespType", STR("FULL"));
}

static void form_sale(const struct binance *b, const struct binance_task *t, struct buf *q) {
    qty left = qty_from_e8(0);
    const bool some = binance_left_to_sell(b, t, &left);
    POST(some); /* go_sell has seen to that */
    binance_form_text(q, "side", STR("SELL"));
    binance_form_text(q, "type", STR("MARKET"));
    binance_form_e8(q, "quantity", qty_e8(left));
    put_coid(q, t, "newClientOrderId", LEG_EXIT);
    binance_form_text(q, "newOrderRespType", STR("FULL"));
}

/* By the venue's clock, and a little before: what we know of it is not exact. */
static usec confirm_from(const struct binance *b, const struct binance_task *t) {
    struct binance_health h;
    binance_health(b, &h);
    return i64_max(t->rq.order_at + h.clock_offset - USEC_PER_MIN, 0);
}

static void form_step(const struct binance *b, struct binance_task *t, struct buf *q) {
    const bool of_symbol = t->stage != STAGE_OPEN_ORDERS && t->stage != STAGE_ACCOUNT;
    if (of_symbol) binance_form_text(q, "symbol", str_from_z(binance_symbol(b, t)->name));
    switch (t->stage) {
    case STAGE_BRACKET:
        form_bracket(b, t, q);
        return;
    case STAGE_PROTECT:
        form_protect(t, q);
        return;
    case STAGE_CANCEL_LIST:
        put_coid(q, t, "listClientOrderId", LEG_NONE);
        return;
    case STAGE_SELL:
        form_sale(b, t, q);
        return;
    case STAGE_CANCEL_ORDER:
    case STAGE_LOOK:
        put_coid(q, t, "origClientOrderId", t->at_leg);
        return;
    case STAGE_CONFIRM:
        binance_form_i64(q, "startTime", confirm_from(b, t) / USEC_PER_MS);
        binance_form_i64(q, "limit", 1000);
        return;
    case STAGE_TRADES:
        binance_form_i64(q, "orderId", t->seen[t->at_leg].order_id);
        binance_form_i64(q, "limit", BINANCE_FILLS);
        return;
    case STAGE_ACCOUNT:
        binance_form_text(q, "omitZeroBalances", STR("true"));
        return;
    default: /* not an enum */
        return;
    }
}

static usec timeout_of(const struct binance_task *t) {
    switch (t->stage) {
    case STAGE_BRACKET:
        return ENTRY_TIMEOUT;
    case STAGE_PROTECT:
    case STAGE_SELL:
        return EXIT_TIMEOUT;
    case STAGE_CANCEL_LIST:
    case STAGE_CANCEL_ORDER:
        return CANCEL_TIMEOUT;
    case STAGE_OPEN_ORDERS:
    case STAGE_ACCOUNT:
        return SNAPSHOT_TIMEOUT;
    default: /* not an enum */
        return LOOK_TIMEOUT;
    }
}

void binance_make_step(struct binance *b, struct binance_task *t, usec now,
                       struct http_request *ret) {
    const struct binance_stage *row = binance_stage_row(t->stage);
    const bool dated = t->stage == STAGE_BRACKET && t->rq.signed_at > 0;
    struct buf q;
    IGNORE(!str_copyz(str_from_z(row->path), t->query.path, sizeof t->query.path), "it fits");
    buf_init_fixed(&q, t->query.query, (ptrdiff_t)sizeof t->query.query);
    form_step(b, t, &q);
    binance_form_sign(b, &q, dated ? t->rq.signed_at : now, t->rq.recv_window);
    t->query.method = row->method;
    t->query.timeout = timeout_of(t);
    if (t->rq.kind != REQUEST_SNAPSHOT) t->order_floor = binance_newest(b, t->rq.sym);
    *ret = (struct http_request){.method = row->method,
                                 .path = str_from_z(t->query.path),
                                 .query = buf_str(&q),
                                 .key = secret_str(&b->key),
                                 .timeout = t->query.timeout};
    t->sent = true;
    t->sent_at = now;
}
