/* gang: a few threads that do one piece of work together, in step. */
#ifndef BF_MODEL_GANG_H
#define BF_MODEL_GANG_H

#include "base/arena.h"
#include "base/error.h"

#define GANG_MEMBERS_MAX 64

struct gang;

/* members - 1 threads that sleep until there is work; the one that calls is the first member.
 * Errors: ERR_IO a thread could not be made. */
MUST_CHECK bool gang_open(struct arena *boot, int members, struct gang **ret, struct error *err);
void gang_close(struct gang *g); /* NULL is fine */

/* Runs work(ctx, member) on all members, and returns when all are done. One call at a time. */
void gang_run(struct gang *g, void (*work)(void *ctx, int member), void *ctx);
/* Within work: waits until all members are here. */
void gang_meet(struct gang *g);

#endif
