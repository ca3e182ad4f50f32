/* limit: how often somebody may ask. A token bucket for each client address and each token. */
#ifndef BF_API_LIMIT_H
#define BF_API_LIMIT_H

#include "base/arena.h"
#include "base/time.h"

#define API_LIMIT_KEY_BYTES 17 /* what it is, and which */

struct api_limits;
/* per_minute: what a bucket holds, and what flows into it in a minute; 0: no limit. */
struct api_limits *api_limits_new(struct arena *boot, int64_t per_minute);
void api_limits_free(struct api_limits *l);
/* One request. 0: it may; else seconds after which it may (at least 1). Any thread. */
int64_t api_limits_take(struct api_limits *l, const uint8_t key[API_LIMIT_KEY_BYTES], usec mono);

#endif
