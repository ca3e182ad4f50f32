/* start: the first line of the log of each process that stands apart: what it is, and what it works
 * on, so that who reads the logs of five of them knows which has another configuration. */
#ifndef BF_APP_START_H
#define BF_APP_START_H

#include "app/app.h"
#include "store/workers.h"

/* workers: threads that do the work. */
void start_tell(const struct app *app, worker_role role, int workers);

#endif
