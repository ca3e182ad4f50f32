/* url: percent-encoding (RFC 3986, section 2), one byte at a time. */
#ifndef BF_BASE_URL_H
#define BF_BASE_URL_H

#include "base/buf.h"

/* Appends the value: A-Z a-z 0-9 - _ . ~ and what stands in `also` as they are ("" nothing else),
 * every other byte as %XX. */
void url_encode(struct buf *out, str value, const char *also);
/* Into the block, which *ret is a part of; raw.n bytes are always enough. plus: '+' is a blank, as
 * in forms. What comes out may be any bytes. False: a '%' without two digits behind it, or the
 * block is too short. */
MUST_CHECK bool url_decode(str raw, bool plus, char *block, ptrdiff_t bytes, str *ret);

#endif
