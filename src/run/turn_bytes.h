/* turn_bytes: a turn's rows as bytes, for this build and nobody else: the journal's, and those that
 * go to a thread that writes them.
 *
 * The structs as they lie in memory, each post's strings behind its reading. What is only to be
 * sent or told is left out. */
#ifndef BF_RUN_TURN_BYTES_H
#define BF_RUN_TURN_BYTES_H

#include "base/arena.h"
#include "base/buf.h"
#include "flow/event.h"

typedef enum turn_entries {
    TURN_ENTRIES,          /* as they are: whoever writes them looks whether they may be */
    TURN_ENTRIES_AS_TRADES /* an entry is never sent from there */
} turn_entries;

bool turn_bytes_is_row(action_kind k);

void turn_bytes_put(const struct actions *acts, turn_entries entries, struct buf *out);
/* What they are made of: a text with its length before it. *rest moves behind it. */
void turn_bytes_put_text(struct buf *out, str s);
MUST_CHECK bool turn_bytes_cut_text(str *rest, str *ret);
MUST_CHECK bool turn_bytes_cut(str *rest, void *ret, ptrdiff_t bytes);

/* False: these are no such bytes. Strings and readings are in `a`, or borrowed of `bytes`. */
MUST_CHECK bool turn_bytes_get(struct arena *a, str bytes, struct actions *ret);

#endif
