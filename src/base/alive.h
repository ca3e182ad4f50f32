/* alive: tells who started the process how it stands: systemd, or whoever else listens at
 * NOTIFY_SOCKET and speaks its protocol (sd_notify(3)). Where nobody does, all of it is nothing.
 *
 * Ready is who has been once around its main loop, and alive is who goes on doing so: the word for
 * the watchdog comes out of that loop itself and out of nothing else, so that a process that hangs
 * is seen to hang and is started again. Thread: the main one, which has the loop. */
#ifndef BF_BASE_ALIVE_H
#define BF_BASE_ALIVE_H

#include "base/time.h"

/* address: of the socket; NULL or empty: nobody listens. watchdog: silence after which the process
 * is taken for hung; 0: it may be silent. Both borrowed, or copied; call it once, at the start. */
void alive_open(const char *address, usec watchdog);
/* Once around the main loop; the first time it says that the process is ready. Cheap. */
void alive_beat(void);
/* Before the loop, or where it begins anew: it waits for something that others have to bring.
 * Call it at least every ten seconds meanwhile. what: one line. */
void alive_waits(const char *what);
/* The loop is left for good; what follows takes as long as it takes to end in order. */
void alive_stops(void);

#endif
