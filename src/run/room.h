/* room: what the store and the process take of the machine, looked at once a minute: told, and kept
 * within its bounds. */
#ifndef BF_RUN_ROOM_H
#define BF_RUN_ROOM_H

#include "config/config.h"
#include "store/prune.h"

struct room_watch {
    usec tell_at, squeeze_at; /* monotonic; this file's */
};

struct room_seen {
    int64_t used; /* bytes of the store that hold something */
    int64_t all;  /* bytes of it */
    int64_t free; /* bytes of the disk that others may take; -1: the store is no file */
};
MUST_CHECK bool room_look(struct store *s, struct room_seen *ret, struct error *err);

/* An alert where little is left, of retention.disk_mb or of the disk. Over retention.disk_mb a file
 * is squeezed: what explains no trade goes before its age, the oldest first, never of the last day.
 * ask: as the round of this hour has it. *ret_gone: rows, by kind. Errors: the store's. */
MUST_CHECK bool room_keep(struct room_watch *r, struct store *s, const struct config *cfg,
                          const struct prune_ask *ask, int64_t ret_gone[PRUNE_COUNT],
                          struct error *err);

/* The disk of the folder that a file is or would be in, in bytes. False: it cannot be asked. */
struct room_disk {
    int64_t free, size; /* free: that others than root may take */
};
bool room_disk(const char *file, struct room_disk *ret);
int64_t room_memory(void); /* bytes resident of this process, as the kernel counts; 0: not known */
int64_t room_memory_left(void); /* that programs may have without swapping; 0: not known */

#endif
