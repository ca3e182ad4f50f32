/* wire_metrics: see the header. Failure: an address that cannot be had ends the start, as any wrong
 * setting does. Thread: the main one. */
#include "app/wire_metrics.h"

#include "app/wire_secret.h"
#include "base/log.h"
#include "base/metric.h"
#include "run/process.h"

#define SQLITE "sqlite:"

/* Series that stand at nothing from the start on. */
static void begin(struct app *app, unsigned role) {
    const struct config *const cfg = &app->cfg;
    const str url = cfg->store_url;
    const bool file = str_starts(url, STR(SQLITE));
    process_begin(role, file ? str_dupz(&app->boot, str_tail(url, STR(SQLITE).n)) : NULL);
    metric_get(M_STORE_UP, NULL);
    metric_get(M_STORE_OFFSET, NULL);
    const bool shared =
        !str_starts(cfg->queue_url, STR("memory:")); /* serve may stand beside a run */
    if (shared && (metric_families[M_QUEUE_UP].roles & role)) metric_get(M_QUEUE_UP, NULL);
    if (metric_families[M_MODEL].roles & role)
        metric_get(M_MODEL, LABELS(str_dupz(&app->boot, cfg->model_kind),
                                   str_dupz(&app->boot, cfg->model_file)));
    metric_get(M_DEAD_LETTERS_WRITTEN, LABELS("post"));
    metric_get(M_DEAD_LETTERS_WRITTEN, LABELS("job"));
}

bool wire_metrics(struct app *app, unsigned role, struct metrics_server **ret, struct error *err) {
    const struct config *const cfg = &app->cfg;
    const bool guarded = cfg->metrics_token_file.n > 0 || cfg->metrics_token_env.n > 0;
    struct secret *const word = NEW(&app->boot, struct secret);
    *ret = NULL;
    begin(app, role);
    if (cfg->metrics_listen.n == 0) return true;
    if (guarded && !wire_secret(app, "metrics.token", cfg->metrics_token_file,
                                cfg->metrics_token_env, "", word, err))
        return false;
    if (!metrics_open(&app->boot, cfg->metrics_listen, guarded ? word : NULL, ret, err))
        return false;
    log_info("metrics", LOG_Z("url", metrics_url(*ret)));
    return true;
}
