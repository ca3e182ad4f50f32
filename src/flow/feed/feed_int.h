/* What the files of feed share. */
#ifndef BF_FLOW_FEED_FEED_INT_H
#define BF_FLOW_FEED_FEED_INT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* Checks and cleans a text: entities decoded once (when html), control characters but line feeds
 * removed, NFC. *ret is `raw` itself when nothing had to change, else in `a`. Errors: ERR_PARSE
 * not UTF-8, ERR_RANGE too long. */
MUST_CHECK bool feed_clean_text(struct arena *a, str raw, bool html, str *ret, struct error *err);

/* "en", "ja", ...: a guess from scripts and frequent words; "und" when they do not say. Static. */
str feed_language(str text);

#endif
