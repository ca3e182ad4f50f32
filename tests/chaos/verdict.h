/* verdict: what must be true in the end, whatever went wrong. */
#ifndef BF_TESTS_CHAOS_VERDICT_H
#define BF_TESTS_CHAOS_VERDICT_H

#include "feeder.h"
#include "rig.h"

/* Nothing is left to do: posts, jobs, orders of which nobody knows what became of them. False where
 * there is something, or nobody can say. */
bool verdict_drained(struct rig *r, struct feeder *f, char *why, size_t bytes);
/* No position stands without a stop at the exchange. Bots must be running. */
void verdict_protected(struct rig *r);
/* Of the posts: none is lost, none is there twice. */
void verdict_posts(struct rig *r, struct feeder *f);
/* Of the trades. PRE: nothing is open any more. */
void verdict_trades(struct rig *r);
/* Of the traders: never two at a time. */
void verdict_leaders(struct rig *r);
/* Of the processes: none crashed, none logged what must not happen. PRE: the bots were stopped. */
void verdict_processes(struct rig *r);

#endif
