/* writer: a thread that writes the rows of turns, in a replay at full speed.
 *
 * The trader goes on to the next post while the rows of the last ones go into the open transaction.
 * The store's connection is the thread's from writer_put until writer_wait has returned: whoever
 * wants to ask the store something, commit or roll back waits first. */
#ifndef BF_RUN_WRITER_H
#define BF_RUN_WRITER_H

#include "store/store.h"

struct writer;

/* s: borrowed until writer_close. Errors: ERR_LIMIT the system allows no more threads. */
MUST_CHECK bool writer_open(struct arena *boot, struct store *s, struct writer **ret,
                            struct error *err);
/* Copies the turn's rows; waits while there is no room. PRE: a transaction is open. Errors: those
 * of store_apply for a turn before; nothing after it was written. */
MUST_CHECK bool writer_put(struct writer *w, const struct actions *acts, struct error *err);
/* Until all that was put is written. Errors: as writer_put. After one the transaction can only be
 * rolled back, and the next is as any other. */
MUST_CHECK bool writer_wait(struct writer *w, struct error *err);
void writer_close(struct writer *w); /* what was not waited for may be lost; NULL is fine */

#endif
