/* status: what a run is doing, redrawn in place a few times a second on a terminal. */
#ifndef BF_APP_STATUS_H
#define BF_APP_STATUS_H

#include "base/arena.h"
#include "config/config.h"
#include "run/run.h"

struct status_info {
    const struct config *cfg;
    int64_t speed_e8;   /* RUN_SPEED_MAX: as fast as it goes; -1: real time */
    int64_t post_bytes; /* of the posts file, for the progress bar; 0 unknown */
    usec first, last;   /* span of the prices; 0 unknown */
};

struct status;
/* Where standard error is a terminal: starts a thread that draws there, takes the log over and
 * fills ret_watch. Else NULL, and ret_watch stays as it is. */
struct status *status_start(struct arena *boot, const struct status_info *info,
                            struct run_watch *ret_watch);
/* Draws once more, gives the terminal and the log back. NULL is fine. */
void status_stop(struct status *s);

#endif
