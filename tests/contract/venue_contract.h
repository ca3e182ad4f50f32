/* What every venue must do, wherever its orders go.
 *
 * A place opens a venue with an account that holds nothing of the symbol's base and enough quote
 * for a few units of it, and can move the symbol's price. The suite plays the trader: it asks,
 * gathers reports as they come (in replies and unsolicited), and moves orders of its own by them,
 * through the same two doors as the trader: a report that order_classify() calls a contradiction
 * fails the test. */
#ifndef BF_TESTS_CONTRACT_VENUE_CONTRACT_H
#define BF_TESTS_CONTRACT_VENUE_CONTRACT_H

#include "base/arena.h"
#include "venue/venue.h"

struct venue_room {
    struct arena arena;
    struct venue *venue;
    struct symbols symbols;
    int sym;          /* the symbol to trade */
    price price;      /* its last price, on the tick */
    qty unit;         /* a quantity that all filters let pass, and its multiples up to 4 */
    usec now;         /* moves only by pass() */
    bool fee_in_base; /* a BUY's commission */
};

struct venue_place {
    const char *name;
    void (*open)(struct venue_room *room);
    /* Lets time pass: room->now grows by at least that. */
    void (*pass)(struct venue_room *room, usec us);
    /* Makes the symbol trade at room->price x (10000 + bp) / 10000, and stay there. */
    void (*move)(struct venue_room *room, int64_t bp);
    /* A new venue of the same kind and terms, without state (CAP_STATE). */
    struct venue *(*again)(struct venue_room *room);
    void (*close)(struct venue_room *room);
};

/* Runs all tests on a place; returns the number of failures. */
int venue_contract_run(const struct venue_place *place);

#endif
