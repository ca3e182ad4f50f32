/* now: what time it is for the account. A store that is used in virtual time has its own clock. */
#ifndef BF_RUN_NOW_H
#define BF_RUN_NOW_H

#include "store/store.h"

/* The account's clock as it was committed last; that on the wall, where it is not virtual or cannot
 * be read. a: what is read stays in it. */
usec run_now(struct store *s, struct arena *a);

#endif
