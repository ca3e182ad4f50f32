/* place: how far the file of a replay was read, as lines of a cursor in the store. */
#ifndef BF_RUN_PLACE_H
#define BF_RUN_PLACE_H

#include "run/run.h"

struct place {
    str source, path, mark; /* borrowed from the cursor's text */
    int64_t offset;         /* bytes that are done */
};

/* "source=", "offset=", "path=", "mark=": lines appended to `out`. f NULL: there is no replay. */
void place_put(struct buf *out, const struct run_feed *f, int64_t offset);
/* One such line. *ret_known false: it is none of these. False: its value cannot be read. */
MUST_CHECK bool place_line(struct place *p, str key, str value, bool *ret_known);
/* Goes on where the place says, if it is one of this file; *ret_offset: where that is, untouched
 * otherwise. A file of the same name whose content before the place is another is refused
 * (ERR_STATE): read on from the middle of it, posts would be lost in silence. */
MUST_CHECK bool place_seek(const struct place *p, const struct run_feed *f, int64_t *ret_offset,
                           struct error *err);

#endif
