/* request: what the trader asks of the venue, and what comes back.
 *
 * Entry and protection are ONE request (a bracket: entry with a price limit, and a stop and a
 * target that live once it is filled). An outcome UNKNOWN means: ask, never send again.
 *
 * An EXIT whose cancel succeeded and whose sale was certainly not executed is DONE with a report
 * REJECTED of the exit's order: the position is bare, and the trader makes a new exit. */
#ifndef BF_FLOW_REQUEST_H
#define BF_FLOW_REQUEST_H

#include "flow/order.h"

typedef enum request_kind {
    REQUEST_BRACKET, /* entry + stop + target */
    REQUEST_PROTECT, /* stop + target (OCO) for a position that stands bare */
    REQUEST_EXIT,    /* cancels the bracket's legs and sells (buys back) `qty` at market */
    REQUEST_CANCEL,  /* the list list_coid; where that is empty, the single order coid[leg] */
    REQUEST_QUERY,   /* the state of the order coid[leg] */
    REQUEST_SNAPSHOT /* everything the venue knows: open orders and balances */
} request_kind;

#define REPORTS_MAX 16

struct request {
    request_kind kind;
    int64_t id; /* of the outstanding request; echoed in the reply */
    int64_t trade_id;
    int sym;
    order_side side; /* of the entry, of the exit for EXIT and PROTECT */
    qty qty;
    price limit;        /* entry: worst price */
    price stop, target; /* triggers */
    tif tif;            /* of the entry: FOK or IOC */
    char list_coid[COID_BYTES];
    char entry_coid[COID_BYTES];
    char stop_coid[COID_BYTES];
    char target_coid[COID_BYTES];
    char exit_coid[COID_BYTES];
    leg leg;          /* QUERY, CANCEL: whose id above is meant */
    usec signed_at;   /* T; past T + R/2 it is not sent */
    usec recv_window; /* R */
};

typedef enum outcome {
    OUTCOME_DONE,     /* the reports say what happened */
    OUTCOME_REJECTED, /* certainly not executed; text says why */
    OUTCOME_UNKNOWN,  /* may have been executed */
    OUTCOME_LATE,     /* not sent: past T + R/2 */
    OUTCOME_FULL,     /* not sent: no room in the lane */
    OUTCOME_DOWN /* certainly not executed, and not for its content: the venue cannot be reached,
                    bans or throttles us, or our clocks differ; again after retry_at */
} outcome;

/* One open order at the venue, for a snapshot. */
struct open_order {
    struct report report; /* without a fill */
    char list_coid[COID_BYTES];
    order_side side;
    order_type type;
};

#define SNAPSHOT_ORDERS_MAX 512
#define SNAPSHOT_BALANCES_MAX 1024

struct snapshot {
    usec at;        /* the venue's time */
    bool truncated; /* more open orders than fit */
    int order_count;
    struct open_order orders[SNAPSHOT_ORDERS_MAX];
    int balance_count;
    struct {
        char asset[16];
        int64_t free_e8, locked_e8;
    } balances[SNAPSHOT_BALANCES_MAX];
};

struct reply {
    int64_t request_id;
    request_kind kind;
    int64_t trade_id;
    outcome outcome;
    usec retry_at; /* DOWN: not before; 0: soon */
    char text[96];
    /* SNAPSHOT: the venue's, valid until the next snapshot is asked for; else NULL */
    const struct snapshot *snapshot;
    int report_count;
    struct report reports[REPORTS_MAX];
};

#endif
