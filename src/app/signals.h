/* signals: Ctrl-C and its relatives. The first asks for a clean stop, the second ends at once. */
#ifndef BF_APP_SIGNALS_H
#define BF_APP_SIGNALS_H

#include <stdatomic.h>

/* Takes over SIGINT and SIGTERM. Returns the count of signals so far; static. */
const atomic_int *signals_install(void);

#endif
