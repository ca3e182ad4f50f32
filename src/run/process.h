/* process: what this process is, and what it takes of the machine, as metrics. */
#ifndef BF_RUN_PROCESS_H
#define BF_RUN_PROCESS_H

#include "base/str.h"

/* Once, when the role begins. role: METRIC_RUN or another. store: the path of a store that is a
 * file, whose disk is looked at; NULL: none. Copied. */
void process_begin(unsigned role, const char *store);
/* Called with each look, on its thread; NULL: nothing more, and when this returns it is not being
 * called. One at a time. */
void process_also(void (*look)(void *ctx), void *ctx);
/* Looks again, before a page is printed. What the system does not tell stays as it was. Any
 * thread. */
void process_measure(void);

#endif
