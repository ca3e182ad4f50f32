/* relay: a source of posts that were read already, by analyze processes: what the trader reads
 * where he is a process of his own. */
#ifndef BF_RUN_RELAY_H
#define BF_RUN_RELAY_H

#include "queue/queue.h"
#include "source/source.h"
#include "store/store.h"

/* A live source. Its intakes are posts with their readings; a job is acknowledged once the trader's
 * commit made its post durable. Jobs that may have come twice are looked up in the store first, on
 * `store`, a connection of the source's own (both are borrowed). Trouble with the queue or the
 * store is told, and tried again. A job that was in hand whenever its trader died becomes a dead
 * letter, whose last try is by `who` (borrowed, too). exit_at_end: it is used up when the queue is
 * empty and the store has no post that is not done. */
struct source *relay_open(struct arena *boot, struct queue *readings, struct store *store, str who,
                          bool exit_at_end);

#endif
