/* wire_notify: the channels that the configuration names, and who tells people through them. */
#ifndef BF_APP_WIRE_NOTIFY_H
#define BF_APP_WIRE_NOTIFY_H

#include "app/app.h"
#include "ops/notify.h"

/* One channel with its secrets. Errors: ERR_CONFIG, ERR_REFUSED and those of wire_secret, with the
 * configuration's key. */
MUST_CHECK bool wire_channel(struct app *app, notify_channel which, struct channel **ret,
                             struct error *err);
/* Starts telling people, after the store is there. *ret NULL: nobody is to be told by this process
 * (which is said in the log where nobody would be at all). */
MUST_CHECK bool wire_notify(struct app *app, struct notifier **ret, struct error *err);
#define WIRE_NOTIFY_PATIENCE (5 * USEC_PER_S) /* for what is still to be told at the end */

#endif
