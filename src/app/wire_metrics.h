/* wire_metrics: what a role is measured by, and where that is shown. */
#ifndef BF_APP_WIRE_METRICS_H
#define BF_APP_WIRE_METRICS_H

#include "api/metrics.h"
#include "app/app.h"

/* First of all that a role does: who waits for its store is seen to wait. role: METRIC_RUN or
 * another. Where metrics.listen is set it answers there when this returns, and says so in the log;
 * else *ret is NULL. Errors: as metrics_open; those of wire_secret. */
MUST_CHECK bool wire_metrics(struct app *app, unsigned role, struct metrics_server **ret,
                             struct error *err);

#endif
