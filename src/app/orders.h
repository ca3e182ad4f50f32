/* orders: how commands of people reach a store that a trader may be writing to (cmd_control.c). */
#ifndef BF_APP_ORDERS_H
#define BF_APP_ORDERS_H

#include "app/cmds.h"

#define ORDERS_PATIENCE (10 * USEC_PER_S) /* to get an order in */
#define ORDERS_PAUSE USEC_PER_MS          /* between two tries, while ERR_BUSY */

/* The store, ready to be written, with a short patience of its own: ours is better spread. */
MUST_CHECK bool orders_open(struct app *app, struct store **ret, struct error *err);

/* Time by the clock of the account: a store that is used in virtual time has its own. */
usec orders_now(struct store *s, struct arena *a);

void orders_pause(usec us);

/* What came of an order. */
struct order_answer {
    int64_t id;
    bool repeated; /* it was ordered before, under the same key; nothing was ordered now */
    bool longer;   /* a halt that stands ends later than this one asks for */
    bool running;  /* a trader holds the account's lock */
    bool done, ok;
    str text;
};
#define ORDERS_ANSWER_WAIT (5 * USEC_PER_S) /* for the trader's answer */
/* Where a trader runs, waits up to `most` for its answer to a->id, and fills the rest. */
MUST_CHECK bool orders_wait(struct app *app, struct store *s, usec most, struct order_answer *a,
                            struct error *err);

#endif
