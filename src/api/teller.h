/* teller: watches the store and puts what changes into the ring of events. */
#ifndef BF_API_TELLER_H
#define BF_API_TELLER_H

#include "api/events.h"

struct api_teller;
/* Starts its thread. s: a connection for reading, taken (also where this fails). Errors: ERR_LIMIT
 * no more threads. */
MUST_CHECK bool api_teller_start(struct arena *boot, struct api_events *e, struct store *s,
                                 struct api_teller **ret, struct error *err);
void api_teller_stop(struct api_teller *t); /* NULL is fine */

#endif
