/* terms: what the configuration alone says of an author, for those who ask from outside the trader
 * (src/flow/judge/watch.c, where the judge's own answer stands beside it). */
#ifndef BF_FLOW_TERMS_H
#define BF_FLOW_TERMS_H

#include "base/str.h"

struct config;

struct author_terms {
    int32_t weight_bp;
    bool listed, muted;
    bool stranger; /* not listed, and his source lets anybody in: never traded */
};
/* source: its name. id, username: empty where unknown. */
struct author_terms author_terms_of(const struct config *cfg, str source, str id, str username);
/* The same by his key, "x:44196397" or "x:@name". */
struct author_terms author_terms_of_key(const struct config *cfg, str key, str username);

#endif
