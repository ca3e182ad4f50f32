/* signals: Ctrl-C and its relatives. The first asks for a clean stop, the second ends at once.
 * SIGUSR1 makes the log tell one level more, SIGUSR2 one less, until the next start or the next
 * change of log.level. */
#ifndef BF_APP_SIGNALS_H
#define BF_APP_SIGNALS_H

#include <stdatomic.h>

/* Takes over SIGINT, SIGTERM, SIGUSR1 and SIGUSR2. Returns the count of signals so far; static. */
const atomic_int *signals_install(void);

#endif
