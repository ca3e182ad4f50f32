/* hearers: who would be told if something happened: the channels that are configured, and how they
 * are, whichever process sends. */
#ifndef BF_RUN_HEARERS_H
#define BF_RUN_HEARERS_H

#include "config/notify.h"
#include "store/notices.h"

struct hearers {
    struct channel_row v[CHANNEL_COUNT]; /* by their order in the configuration; state NEW: nothing
                                            was sent yet */
    int count;
    bool told;       /* somebody would be */
    const char *why; /* not told: why; else NULL */
};
MUST_CHECK bool hearers_read(struct store *s, const struct config *cfg, struct hearers *ret,
                             struct error *err);

#endif
