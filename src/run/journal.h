/* journal: what the trader wrote down while the store could not be written.
 *
 * A file beside the store, of full size from the start, so that a full disk does not matter to it.
 * Turns go in one after the other, each on the disk before anything that follows from it is done;
 * the store adopts them all in one transaction when it can be written again, in this process or the
 * next, each exactly once. Only the build that wrote a turn can read it. */
#ifndef BF_RUN_JOURNAL_H
#define BF_RUN_JOURNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "store/store.h"

#define JOURNAL_BYTES (8 << 20)

struct journal;

/* Opens or makes STORE.journal. Errors: ERR_FULL, ERR_IO; ERR_STATE when it holds turns of another
 * build. */
MUST_CHECK bool journal_open(struct arena *boot, const char *store_path, struct journal **ret,
                             struct error *err);
/* The same, where there is one already: *ret NULL if not. */
MUST_CHECK bool journal_find(struct arena *boot, const char *store_path, struct journal **ret,
                             struct error *err);
void journal_close(struct journal *j); /* NULL is fine */

/* A turn as bytes, behind what is in `out`: every row of it, the entry's as a plain trade (an entry
 * is never sent from here). */
void journal_encode(const struct actions *acts, struct buf *out);
/* A named blob that goes into the store with the turns. */
void journal_encode_cursor(str name, str value, struct buf *out);

/* All that was encoded, on the disk when it returns. Errors: ERR_FULL no room is left, ERR_IO. */
MUST_CHECK bool journal_put(struct journal *j, str encoded, struct error *err);
int64_t journal_count(const struct journal *j); /* pieces put and not yet adopted */

/* Everything into the store, in a transaction of its own; the file is wiped then. Nothing to adopt
 * is fine. Errors: the store's; ERR_DAMAGED. */
MUST_CHECK bool journal_adopt(struct journal *j, struct store *s, struct error *err);

#endif
