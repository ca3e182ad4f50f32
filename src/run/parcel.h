/* parcel: a post, or what was read of it, as bytes: what processes hand to each other through a
 * queue. The database is the truth; a parcel is a copy that saves asking it. */
#ifndef BF_RUN_PARCEL_H
#define BF_RUN_PARCEL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "flow/reading.h"

/* The largest post there is, what was read of it, and room. */
#define PARCEL_BYTES_MAX (POST_TEXT_BYTES_MAX + (16 << 10))

/* Beside the post. */
struct parcel_mark {
    bool again; /* it may have been done with before: a job that came twice, or was swept up */
};

/* Appended to `out`. PRE: no deletion. */
void parcel_put_post(struct buf *out, const struct post *p, struct parcel_mark mark);
/* The reading with its post. */
void parcel_put_reading(struct buf *out, const struct reading *r, struct parcel_mark mark);

/* Does it begin like one, of whichever version? Then people's words may be in it. */
bool parcel_may_be(str bytes);

/* Strings of the post are borrowed from `bytes`. Errors: ERR_PARSE no parcel of this kind, or
 * damaged; ERR_STATE made by another version of the program. */
MUST_CHECK bool parcel_get_post(str bytes, struct post *ret, struct parcel_mark *ret_mark,
                                struct error *err);
/* ret->post == ret_post. The model's name is copied into `a`. Errors: as above. */
MUST_CHECK bool parcel_get_reading(struct arena *a, str bytes, struct post *ret_post,
                                   struct reading *ret, struct parcel_mark *ret_mark,
                                   struct error *err);

#endif
