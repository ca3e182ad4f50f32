/* wire_api: the HTTP interface beside a run. */
#ifndef BF_APP_WIRE_API_H
#define BF_APP_WIRE_API_H

#include "api/server.h"
#include "app/wire.h"

/* Where api.listen is set it listens when this returns, and its address is logged; else *ret is
 * NULL. Close it before the run's parts (wire_close). Errors as api_open. */
MUST_CHECK bool wire_api(struct app *app, const struct wired *w, struct api **ret,
                         struct error *err);
/* The same beside a trader of another process, on the same store: what people ask for waits in the
 * store until the trader takes it. push: sources that posts are brought to; jobs: what waits
 * between processes, NULL nothing does; both borrowed. Errors: ERR_CONFIG api.listen is not set; as
 * api_open. */
MUST_CHECK bool wire_api_alone(struct app *app, struct source *const *push, int push_count,
                               struct jobs_watch *jobs, struct api **ret, struct error *err);

#endif
