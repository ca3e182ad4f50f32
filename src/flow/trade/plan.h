/* plan -> trade, orders and requests: what an intent looks like when it is written down and sent.
 *
 * Client order ids, one scheme for everything: "bf" + install (4) + "-" + 20 base-32 digits of
 * sha256(install, root, symbol, strategy) + "-" + generation (01 to 99, then a0 to z9) + leg (e, s,
 * t, x; l for the list). The entry is generation 1 for ever, also when it is asked after or sent
 * again; each new protection or exit takes the next generation. */
#ifndef BF_FLOW_TRADE_PLAN_H
#define BF_FLOW_TRADE_PLAN_H

#include "flow/event.h"
#include "flow/symbol.h"

#define GENERATION_MAX 359

/* Writes the id of a leg. generation 1..GENERATION_MAX. */
void coid_make(char ret[COID_BYTES], const struct trade *t, const char install[5], char leg_letter,
               int generation);

/* What an id says by itself. Whose is it: ours, another installation's, or none of a bullfinch? */
typedef enum coid_owner { COID_STRANGER, COID_OTHER, COID_OURS } coid_owner;
coid_owner coid_owner_of(const char *coid, const char install[5]);
/* These want an id of a bullfinch. The leg by its letter, NONE for a list's; the generation, 0 for
 * what is none; whether two are the trade's, by the digits; or were made by one request. */
leg coid_leg(const char *coid);
int coid_generation(const char *coid);
bool coid_same_trade(const char *a, const char *b);
bool coid_same_request(const char *a, const char *b);
/* The id of the list that the order is part of. */
void coid_of_list(const char *coid, char ret[COID_BYTES]);

/* An order of the trade, state NEW, with its id made. */
void order_make(struct order *o, const struct trade *t, const char install[5], leg which, usec now);

/* The bracket request of a trade at its entry. */
void request_bracket(struct request *rq, const struct trade *t, const char install[5]);
/* A stop and a target (OCO) for what stands bare. */
void request_protect(struct request *rq, const struct trade *t, const struct order *stop,
                     const struct order *target);
/* The market exit of all that is held; takes the trade's next generation before (the caller). */
void request_exit(struct request *rq, const struct trade *t, const struct symbol *sym,
                  const struct order *stop, const struct order *target, const struct order *exit);

#endif
