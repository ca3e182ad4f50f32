/* order: an order of ours, its states, and what the venue says about it.
 *
 * Orders move only through order_move(), along ORDER_STATE_MAP; docs/order-states.md is made from
 * the same table. What the venue reports passes order_classify() first: reality is never an assert.
 */
#ifndef BF_FLOW_ORDER_H
#define BF_FLOW_ORDER_H

#include "base/money.h"
#include "base/time.h"
#include "flow/reading.h"
#include "flow/reason.h"

#define COID_BYTES 40 /* client order id with NUL; the venue allows 36 characters */

typedef enum side { SIDE_NONE, SIDE_LONG, SIDE_SHORT } side; /* of a signal, a trade */
typedef enum order_side { ORDER_BUY, ORDER_SELL } order_side;
typedef enum leg { LEG_NONE, LEG_ENTRY, LEG_STOP, LEG_TARGET, LEG_EXIT } leg;

/* clang-format off */
#define ORDER_TYPE_MAP(X)                                                                          \
    X(LIMIT, "LIMIT")                                                                              \
    X(LIMIT_MAKER, "LIMIT_MAKER")                                                                  \
    X(MARKET, "MARKET")                                                                            \
    X(STOP_LOSS, "STOP_LOSS")                                                                      \
    X(STOP_LOSS_LIMIT, "STOP_LOSS_LIMIT")                                                          \
    X(TAKE_PROFIT, "TAKE_PROFIT") X(TAKE_PROFIT_LIMIT, "TAKE_PROFIT_LIMIT")
/* clang-format on */
typedef enum order_type {
#define X(name, text) ORDER_##name,
    ORDER_TYPE_MAP(X)
#undef X
} order_type;

typedef enum tif { TIF_NONE, TIF_GTC, TIF_IOC, TIF_FOK } tif;

#define ST(name) BIT(ORDER_ST_##name)
#define ORDER_STATE_MAP(X)                                                                         \
    X(NEW, "new", ST(SENT) | ST(UNKNOWN) | ST(ABSENT) | ST(CANCELED))                              \
    X(SENT, "sent",                                                                                \
      ST(PENDING) | ST(OPEN) | ST(PART) | ST(FILLED) | ST(CANCELED) | ST(EXPIRED) | ST(REJECTED) | \
          ST(UNKNOWN))                                                                             \
    X(UNKNOWN, "unknown",                                                                          \
      ST(PENDING) | ST(OPEN) | ST(PART) | ST(FILLED) | ST(CANCELED) | ST(EXPIRED) | ST(REJECTED) | \
          ST(ABSENT))                                                                              \
    X(PENDING, "pending",                                                                          \
      ST(OPEN) | ST(PART) | ST(FILLED) | ST(CANCELED) | ST(EXPIRED) | ST(UNKNOWN))                 \
    X(OPEN, "open", ST(PART) | ST(FILLED) | ST(CANCELED) | ST(EXPIRED) | ST(UNKNOWN))              \
    X(PART, "part", ST(PART) | ST(FILLED) | ST(CANCELED) | ST(EXPIRED) | ST(UNKNOWN))              \
    X(FILLED, "filled", 0)                                                                         \
    X(REJECTED, "rejected", 0)                                                                     \
    X(EXPIRED, "expired", ST(FILLED))                                                              \
    X(CANCELED, "canceled", ST(FILLED))                                                            \
    X(ABSENT, "absent", 0)
typedef enum order_state {
#define X(name, text, next) ORDER_ST_##name,
    ORDER_STATE_MAP(X)
#undef X
        ORDER_ST_COUNT
} order_state;

/* What the running trader knows of an order beside its row; not kept, for a restart asks after all
 * that is live. */
struct order_watch {
    bool unsent;      /* NEW, and certainly not executed: the same order may be sent once more */
    usec vanished;    /* since when the venue does not know it any more, though it stood; 0: not */
    bool found;       /* the venue had it, whatever it says later */
    bool lacks;       /* it was looked for when absence counted, and not found */
    int64_t asked_by; /* request of the question that is out, 0 none */
    usec asked_at;    /* when it was last asked after, 0 never */
    usec ask_at;      /* when it is to be asked after next, 0 not */
    int asks;         /* questions since there was news of it */
    usec seen_at;     /* when the last snapshot that has it was asked for */
    usec unknown_since; /* trader_watch() has seen it UNKNOWN since; 0: it was not */
};

struct order {
    int64_t id;
    int64_t trade_id;
    leg leg;
    char coid[COID_BYTES];
    char venue_id[24]; /* venue's order id, "" until known */
    int sym;
    char symbol[SYMBOL_BYTES];
    order_side side;
    order_type type;
    tif tif;
    qty qty;     /* asked for; 0 for pending legs whose size the entry's fill decides */
    price limit; /* 0: none */
    price stop;  /* trigger; 0: none */
    order_state state;
    qty filled;
    money quote_filled; /* what the fills cost or brought, before fees */
    usec created_at, updated_at;
    usec signed_at;           /* T: timestamp of the request; 0 until sent */
    struct order_watch watch; /* of the running trader only */
};

/* A fill as the venue reports it and as it is stored. */
struct fill {
    int64_t id; /* ours */
    int64_t trade_id, order_id;
    char venue_trade_id[24]; /* unique with the symbol */
    int sym;
    char symbol[SYMBOL_BYTES];
    order_side side;
    leg leg;
    qty qty;
    price price;
    money quote;    /* price x qty as the venue booked it */
    int64_t fee_e8; /* in fee_asset */
    char fee_asset[16];
    bool fee_in_base;
    usec at;
};

/* What the venue says of one order: an answer to a request, or unsolicited. */
struct report {
    char coid[COID_BYTES];
    char venue_id[24];
    int sym;
    order_state state;  /* as the venue sees it now */
    qty qty;            /* its size, 0 unknown */
    qty filled;         /* cumulative */
    money quote_filled; /* cumulative */
    bool has_fill;      /* the members below are one new fill */
    char venue_trade_id[24];
    qty fill_qty;
    price fill_price;
    money fill_quote;
    int64_t fee_e8;
    char fee_asset[16];
    bool fee_in_base;
    char text[96]; /* the venue's reason for a rejection or an expiry */
    usec at;
};

typedef enum report_class {
    REPORT_APPLY,     /* news: move the order */
    REPORT_OLD,       /* late or repeated: ignore */
    REPORT_CONTRADICT /* cannot be: reconcile */
} report_class;

report_class order_classify(const struct order *o, const struct report *r);
/* Along the table only (asserts), keeps order_invariant(). */
void order_move(struct order *o, order_state next, usec now);
bool order_can_move(order_state from, order_state to);
bool order_is_live(
    order_state s); /* may still fill: neither filled, rejected, expired, canceled nor absent */
void order_invariant(const struct order *o);

const char *order_state_name(order_state s);
const char *order_type_name(order_type t);
const char *order_side_name(order_side s); /* BUY, SELL */
const char *side_name(side s);             /* NONE, LONG, SHORT */
const char *leg_name(leg l);               /* none, entry, stop, target, exit */
const char *tif_name(tif t);
MUST_CHECK bool order_state_from_name(str s, order_state *ret);
MUST_CHECK bool order_type_from_name(str s, order_type *ret);
MUST_CHECK bool side_from_name(str s, side *ret);
MUST_CHECK bool order_side_from_name(str s, order_side *ret);
MUST_CHECK bool leg_from_name(str s, leg *ret);
MUST_CHECK bool tif_from_name(str s, tif *ret);
void order_states_doc(struct buf *out); /* docs/order-states.md */

#endif
