/* What the files of the channels share. */
#ifndef BF_OPS_CHANNEL_INT_H
#define BF_OPS_CHANNEL_INT_H

#include "ops/channel.h"

#define CHANNEL_BODY_BYTES (32 << 10)

/* Fills *ret; why: fmt, cleaned of what looks like a secret. */
void sent_say(struct sent *ret, sent_end end, usec wait, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* What is true of any HTTP answer: not sent, lost, 429, 5xx, 2xx. False: its status says more. */
bool sent_common(const struct http_answer *a, struct sent *ret);

#endif
