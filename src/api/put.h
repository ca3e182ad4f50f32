/* put: members of answers, as all of them write them. Each begins with a comma. */
#ifndef BF_API_PUT_H
#define BF_API_PUT_H

#include "base/buf.h"
#include "base/time.h"

/* RFC 3339 in UTC; null for 0 and less, and for USEC_NEVER. */
void api_put_time(struct buf *b, const char *name, usec at);
void api_put_text(struct buf *b, const char *name, str text);
/* The same, null where it is NULL or empty. */
void api_put_text_or_null(struct buf *b, const char *name, const char *text);
/* Basis points as a share of one: -0.0150. */
void api_put_share(struct buf *b, const char *name, int64_t bp);

#endif
