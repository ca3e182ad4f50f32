/* confine: a process that takes from itself what it will not need, before it holds anything that
 * others want.
 *
 * Call it first in a command that trades or serves, before there is any other thread: what is
 * started later is within the same walls. With Landlock (Linux 5.13 and newer) it may from then on
 * write below the store's folder and nowhere else, read what the system's libraries need and what
 * the configuration names, and start no program but, where it begins anew, itself. Where secrets
 * are held, no core dump is made of it. */
#ifndef BF_APP_CONFINE_H
#define BF_APP_CONFINE_H

#include "app/app.h"

/* begins_anew: it may start itself once more (again.h). Errors: ERR_UNSUPPORTED run.confine is
 * required and the kernel has no Landlock; ERR_IO it has, and does not let us. */
MUST_CHECK bool confine(struct app *app, bool begins_anew, struct error *err);

/* Which Landlock the kernel has: 1 and up; 0: none, or it is switched off. */
int confine_version(void);
/* The folder that a run may write in, or NULL: the store is no file. In `a`. */
const char *confine_folder(const struct config *cfg, struct arena *a);

#endif
