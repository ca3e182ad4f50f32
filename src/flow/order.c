/* order: the state machine of an order of ours.
 *
 * Two doors. order_classify() looks at what the venue reports, which may come late, twice or in
 * disorder, and says whether it is news, old, or cannot be; it never asserts. order_move() changes
 * the state, along ORDER_STATE_MAP only, and asserts: a move that the table does not know is a bug
 * of ours, because the report passed the first door. */
#include "flow/order.h"

#include "base/buf.h"

static const uint32_t next_states[] = {
#define X(name, text, next) next,
    ORDER_STATE_MAP(X)
#undef X
};

bool order_can_move(order_state from, order_state to) { return (next_states[from] & BIT(to)) != 0; }

bool order_is_live(order_state s) {
    switch (s) {
    case ORDER_ST_NEW:
    case ORDER_ST_SENT:
    case ORDER_ST_UNKNOWN:
    case ORDER_ST_PENDING:
    case ORDER_ST_OPEN:
    case ORDER_ST_PART:
        return true;
    case ORDER_ST_FILLED:
    case ORDER_ST_REJECTED:
    case ORDER_ST_EXPIRED:
    case ORDER_ST_CANCELED:
    case ORDER_ST_ABSENT:
    case ORDER_ST_COUNT:
        return false;
    }
    WRONG("order state out of its list");
}

void order_invariant(const struct order *o) {
    PRE(o->id > 0);
    PRE(o->trade_id > 0);
    PRE(o->coid[0] != '\0');
    PRE(qty_e8(o->filled) >= 0);
    PRE(money_e8(o->quote_filled) >= 0);
    /* a pending leg whose size the entry decides has qty 0 until it is known */
    ERGO(!qty_is_zero(o->qty), qty_cmp(o->filled, o->qty) <= 0);
    ERGO(o->state == ORDER_ST_FILLED, !qty_is_zero(o->filled));
    ERGO(o->state == ORDER_ST_NEW || o->state == ORDER_ST_ABSENT, qty_is_zero(o->filled));
}

void order_move(struct order *o, order_state next, usec now) {
    PRE(order_can_move(o->state, next));
    o->state = next;
    o->updated_at = now;
    order_invariant(o);
}

/* Could a venue say this of any order at all? NEW, SENT and UNKNOWN are states of ours alone. */
static bool makes_sense(const struct report *r) {
    if (qty_e8(r->filled) < 0 || qty_e8(r->qty) < 0 || money_e8(r->quote_filled) < 0) return false;
    if (!qty_is_zero(r->qty) && qty_cmp(r->filled, r->qty) > 0) return false;
    switch (r->state) {
    case ORDER_ST_NEW:
    case ORDER_ST_SENT:
    case ORDER_ST_UNKNOWN:
    case ORDER_ST_COUNT:
        return false;
    case ORDER_ST_REJECTED:
    case ORDER_ST_ABSENT:
        return qty_is_zero(r->filled);
    case ORDER_ST_FILLED:
        return !qty_is_zero(r->filled);
    case ORDER_ST_PENDING:
    case ORDER_ST_OPEN:
    case ORDER_ST_PART:
    case ORDER_ST_EXPIRED:
    case ORDER_ST_CANCELED:
        return true;
    }
    return false; /* a number out of the list, from outside */
}

/* Does the venue's state say the same as ours, with nothing new? A fill that is repeated does not
 * raise the cumulative amount. */
static bool says_nothing_new(const struct order *o, const struct report *r) {
    return r->state == o->state && qty_cmp(r->filled, o->filled) == 0;
}

/* News of an order that is at its end for us. What adds fills is booked, and the order stays where
 * it is unless the table knows a way; the rest came late. */
static report_class classify_ended(const struct order *o, const struct report *r) {
    if (order_can_move(o->state, r->state)) return REPORT_APPLY;
    if (qty_cmp(r->filled, o->filled) == 0) return REPORT_OLD;
    const bool was_there = o->state != ORDER_ST_REJECTED && o->state != ORDER_ST_ABSENT;
    return was_there ? REPORT_APPLY : REPORT_CONTRADICT;
}

report_class order_classify(const struct order *o, const struct report *r) {
    if (!makes_sense(r)) return REPORT_CONTRADICT;
    /* fewer fills than we know of: an older report overtaken by a newer one */
    if (qty_cmp(r->filled, o->filled) < 0) return REPORT_OLD;
    if (!qty_is_zero(o->qty) && qty_cmp(r->filled, o->qty) > 0) return REPORT_CONTRADICT;
    if (says_nothing_new(o, r)) return REPORT_OLD;
    if (money_cmp(r->quote_filled, o->quote_filled) < 0) return REPORT_CONTRADICT;
    if (!order_is_live(o->state)) return classify_ended(o, r);
    if (order_can_move(o->state, r->state)) return REPORT_APPLY;
    if (r->state == o->state) return REPORT_APPLY; /* further fills in the same state */
    if (o->state == ORDER_ST_NEW && order_can_move(ORDER_ST_SENT, r->state)) return REPORT_APPLY;
    if (o->state == ORDER_ST_PART && r->state == ORDER_ST_OPEN) return REPORT_OLD;
    if (o->state == ORDER_ST_OPEN && r->state == ORDER_ST_PENDING) return REPORT_OLD;
    if (o->state == ORDER_ST_PART && r->state == ORDER_ST_PENDING) return REPORT_OLD;
    return REPORT_CONTRADICT;
}

void order_states_doc(struct buf *out) {
    buf_put(out, STR("# Order states\n\n"
                     "Made from the table in src/flow/order.h; `order_move` takes no other way.\n\n"
                     "| from | to |\n|------|----|\n"));
    for (int from = 0; from < ORDER_ST_COUNT; from++) {
        buf_printf(out, "| %s |", order_state_name((order_state)from));
        bool any = false;
        for (int to = 0; to < ORDER_ST_COUNT; to++) {
            if (!order_can_move((order_state)from, (order_state)to)) continue;
            buf_printf(out, "%s %s", any ? "," : "", order_state_name((order_state)to));
            any = true;
        }
        buf_put(out, any ? STR(" |\n") : STR(" (end) |\n"));
    }
    buf_put(out, STR("\n```mermaid\nstateDiagram-v2\n    [*] --> new\n"));
    for (int from = 0; from < ORDER_ST_COUNT; from++) {
        for (int to = 0; to < ORDER_ST_COUNT; to++) {
            if (!order_can_move((order_state)from, (order_state)to)) continue;
            buf_printf(out, "    %s --> %s\n", order_state_name((order_state)from),
                       order_state_name((order_state)to));
        }
    }
    buf_put(out, STR("```\n"));
}
