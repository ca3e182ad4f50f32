/* request: what the trader asks of the venue, and what comes back.
 *
 * Entry and protection are ONE request (a bracket: entry with a price limit, and a stop and a
 * target that live once it is filled). An outcome UNKNOWN means: ask, never send again. */
#ifndef BF_FLOW_REQUEST_H
#define BF_FLOW_REQUEST_H

#include "flow/order.h"

typedef enum request_kind {
    REQUEST_BRACKET, /* entry + stop + target */
    REQUEST_PROTECT, /* stop + target (OCO) for a position that stands bare */
    REQUEST_EXIT,    /* cancels the bracket's legs and sells (buys back) `qty` at market */
    REQUEST_CANCEL,  /* the list of coid[LEG_ENTRY] */
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
    leg leg;          /* QUERY */
    usec signed_at;   /* T; past T + R/2 it is not sent */
    usec recv_window; /* R */
};

typedef enum outcome {
    OUTCOME_DONE,     /* the reports say what happened */
    OUTCOME_REJECTED, /* certainly not executed; text says why */
    OUTCOME_UNKNOWN,  /* may have been executed */
    OUTCOME_LATE,     /* not sent: past T + R/2 */
    OUTCOME_FULL      /* not sent: no room in the lane */
} outcome;

struct reply {
    int64_t request_id;
    request_kind kind;
    int64_t trade_id;
    outcome outcome;
    char text[96];
    int report_count;
    struct report reports[REPORTS_MAX];
};

#endif
