/* store_clock: what the store's own clock says, for times that processes on several machines write
 * and compare. A machine whose clock is wrong, or is set, is wrong about everything else; of these
 * it is not. */
#ifndef BF_RUN_STORE_CLOCK_H
#define BF_RUN_STORE_CLOCK_H

#include "store/store.h"

struct store_clock {
    usec at, mono; /* when it was asked last, by the store's clock and by ours; mono 0: never */
};

/* The store is asked now and then; in between its time goes on by a clock of ours that never jumps.
 * Errors: of the store, where it has to be asked. */
MUST_CHECK bool store_clock_now(struct store_clock *c, struct store *s, usec *ret,
                                struct error *err);

struct store_clock_look {
    usec store_at; /* what it said */
    usec mono;     /* of ours, when it said so */
    usec ahead;    /* this machine's clock is that far ahead of it; less than 0: behind */
    usec doubt;    /* that much more or less: half of the time that the answer took */
};
/* Asks it now. Errors: of the store. */
MUST_CHECK bool store_clock_look(struct store *s, struct store_clock_look *ret, struct error *err);

/* Who trades by a clock that is further off than that writes of times that have not come, and
 * nobody after him can go on from there before they have. */
#define STORE_CLOCK_MOST USEC_PER_MIN
/* Is this machine's clock right, by the store's? Errors: ERR_REFUSED it is not, by how much; of the
 * store. */
MUST_CHECK bool store_clock_check(struct store *s, struct error *err);

#endif
