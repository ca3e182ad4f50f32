/* request: what the trader asks of the venue, and what comes back.
 *
 * Entry and protection are ONE request (a bracket: entry with a price limit, and a stop and a
 * target that live once it is filled). An outcome UNKNOWN means: ask, never send again.
 *
 * How to read a reply:
 * - whatever its outcome, its reports are true and are read first; those of one order stand in the
 *   order of its fills, with rising totals, the last one with the order's state;
 * - UNKNOWN is then what may have happened to the orders that no report speaks of. An EXIT whose
 *   legs were cancelled and whose sale may have been executed is UNKNOWN with reports of the legs;
 * - an EXIT whose sale was certainly not executed, after legs were cancelled or may have been, is
 *   DONE with a report REJECTED of the exit's order, whose text says which: the position may be
 *   bare. The trader asks for the legs that are not reported, and makes a new exit;
 * - a bracket's legs are PENDING in its reply even where the entry is filled: ask after them;
 * - a QUERY that found no such order is DONE with a report ABSENT, which is proof only once the
 *   order's own request can no longer arrive.
 *
 * Time: a BRACKET is signed with signed_at (T) itself, and not sent past T + R/2. PROTECT and EXIT
 * are signed when they are sent, and nothing of them is signed past T + REQUEST_LIFE. So no order
 * can come into being after T + REQUEST_LIFE + R + what the venue may take (10 s). The rest changes
 * no order, or only ends one, and is signed when it is sent. */
#ifndef BF_FLOW_REQUEST_H
#define BF_FLOW_REQUEST_H

#include "flow/order.h"

typedef enum request_kind {
    REQUEST_BRACKET, /* entry + stop + target */
    REQUEST_PROTECT, /* stop + target (OCO) for a position that stands bare */
    REQUEST_EXIT,    /* cancels the bracket's legs and sells (buys back) `qty` at market */
    REQUEST_CANCEL,  /* the list list_coid, its legs reported as far as they are named; where
                        list_coid is empty, the single order coid[leg] */
    REQUEST_QUERY,   /* the state of the order coid[leg] */
    REQUEST_SNAPSHOT /* everything the venue knows: open orders and balances */
} request_kind;

#define REPORTS_MAX 16
#define REQUEST_LIFE USEC_PER_S /* with R and 10 s less than venue_traits.absence_after */

struct request {
    request_kind kind;
    int64_t id; /* of the outstanding request; echoed in the reply */
    int64_t trade_id;
    int sym;
    order_side side; /* of the entry, of the exit for EXIT and PROTECT */
    qty qty;
    qty known_sold;     /* EXIT: what the legs named here have sold, as far as it is booked */
    price limit;        /* entry: worst price */
    price stop, target; /* triggers */
    tif tif;            /* of the entry: FOK or IOC */
    char list_coid[COID_BYTES];
    char entry_coid[COID_BYTES];
    char stop_coid[COID_BYTES]; /* EXIT: "" where it is known to have ended; both: just sell */
    char target_coid[COID_BYTES];
    char exit_coid[COID_BYTES];
    usec order_at;  /* QUERY: T of that order, 0 not known: later than T + R + 10 s "no such order"
                       is confirmed by the list of orders since then */
    leg leg;        /* QUERY, CANCEL: whose id above is meant */
    usec signed_at; /* T */
    usec recv_window; /* R */
};

typedef enum outcome {
    OUTCOME_DONE,     /* the reports say what happened */
    OUTCOME_REJECTED, /* certainly not executed; text says why */
    OUTCOME_UNKNOWN,  /* may have been executed */
    OUTCOME_LATE,     /* not sent: too long after T */
    OUTCOME_FULL,     /* not sent: no room in the lane */
    OUTCOME_DOWN /* certainly not executed, and not for its content: the venue cannot be reached,
                    bans or throttles us, or our clocks differ; again after retry_at */
} outcome;

/* One open order at the venue, for a snapshot. */
struct open_order {
    struct report report;       /* without a fill */
    char list_coid[COID_BYTES]; /* "" where the venue does not say */
    order_side side;
    order_type type; /* LIMIT for types of strangers that we do not know */
};

#define SNAPSHOT_ORDERS_MAX 512
#define SNAPSHOT_BALANCES_MAX 1024

struct snapshot {
    usec at;           /* our clock when it was asked for: what happened before is in it */
    bool truncated;    /* more open orders of ours than fit; those of strangers are cut untold */
    bool balances_cut; /* more balances than fit: one that is not here says nothing */
    int order_count;
    struct open_order orders[SNAPSHOT_ORDERS_MAX];
    int balance_count;
    struct {
        char asset[16];
        int64_t free_e8, locked_e8;
    } balances[SNAPSHOT_BALANCES_MAX];
    int64_t uid; /* of the account; 0: the venue does not say */
};

struct reply {
    int64_t request_id;
    request_kind kind;
    int64_t trade_id;
    outcome outcome;
    usec retry_at; /* DOWN: not before; 0: soon */
    char text[96];
    bool found; /* QUERY: the venue has the order, even where no report says more of it */
    /* SNAPSHOT: the venue's, valid until the next but one is asked for; else NULL */
    const struct snapshot *snapshot;
    int report_count;
    struct report reports[REPORTS_MAX];
};

#endif
