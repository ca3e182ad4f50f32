/* order: what the handlers that change something share (commands.c, chores.c). */
#ifndef BF_API_ORDER_H
#define BF_API_ORDER_H

#include "api/core.h"

#define ORDER_KEY_BYTES_MAX 128
#define ORDER_PRINT_BYTES 16

/* The header Idempotency-Key, as it is kept: whose it is, and what was asked under it. */
struct order_key {
    str key; /* n 0: none was given */
    str print;
    bool repeated; /* the same change was made under it, and it is no row of commands */
    char key_text[ORDER_KEY_BYTES_MAX + 32];
    char print_text[2 * ORDER_PRINT_BYTES + 1];
};
/* False: it cannot be one, and the answer is there. *ret must not be moved. */
MUST_CHECK bool order_key(struct api_core *c, const struct api_request *rq, struct order_key *ret,
                          struct api_answer *a);
/* A change that is no row of commands was made under it: remembered, among the last few hundred,
 * while the program runs. */
void order_keep(struct api_core *c, const struct order_key *key);
/* Who orders: "api:TOKEN". */
void order_actor(const struct api_request *rq, char ret[64]);
/* What came of a command. */
struct order_result {
    int64_t id;
    bool repeated;          /* it was given before, under the same key */
    bool running, done, ok; /* a trader runs; it has answered; it has done it */
    str text;               /* its answer */
    mode mode;              /* now */
};
#define ORDER_ANSWER_WAIT (2 * USEC_PER_S)
/* Waits up to `most` for the trader's answer to command r->id, and no longer than one runs. False:
 * it could not be read whether it is done; the command stands. */
MUST_CHECK bool order_wait(struct api_core *c, const struct api_request *rq, usec most,
                           struct order_result *r, struct error *err);
/* The trader's answer, or what stands in for it while there is none; at_once: the command holds
 * without him. */
str order_text(const struct order_result *r, bool at_once);
/* What a change that could not be stored means: 503 for a busy store, 409 for a key that stands
 * for something else. */
void order_failed(struct api_answer *a, const struct error *err);

#endif
