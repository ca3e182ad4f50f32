/* lock: one trader an account. A file beside the database that the trader's process holds locked;
 * the system lets go of it however the process ends. */
#ifndef BF_APP_LOCK_H
#define BF_APP_LOCK_H

#include "base/base.h"
#include "base/error.h"

struct lock {
    int fd; /* -1: not held */
};

/* path: of the database; "" holds nothing. Errors: ERR_BUSY with the holder's process id, ERR_IO. */
MUST_CHECK bool lock_take(const char *path, struct lock *ret, struct error *err);
void lock_drop(struct lock *l);
/* Does a process hold it now? *ret_pid: its id, 0 if it did not say. */
bool lock_is_held(const char *path, int64_t *ret_pid);

#endif
