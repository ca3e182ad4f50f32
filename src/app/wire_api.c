/* wire_api: what the HTTP interface gets of a run: the configuration, connections to the store, and
 * the sources that posts may be brought to.
 *
 * Failure: an address that cannot be had ends the start, as any wrong setting does: somebody who
 * relies on it should not find out later. Thread: the main one. */
#include "app/wire_api.h"

#include "base/log.h"

static bool open_store(void *ctx, store_access access, struct store **ret, struct error *err) {
    struct app *const app = ctx;
    const int64_t patience = app->cfg.store_busy_timeout_ms;
    /* who writes spreads his patience himself: a replay leaves moments only */
    if (access == STORE_WRITE) app->cfg.store_busy_timeout_ms = 1;
    const bool ok = app_store_open(app, access, false, ret, err);
    app->cfg.store_busy_timeout_ms = patience;
    return ok;
}

/* A push source without an interface would wait for ever, and say that it is live. */
static bool no_push(const struct wired *w, struct error *err) {
    for (int i = 0; i < w->parts.feed_count; i++)
        if (str_eq(w->parts.feeds[i].kind, STR("push")))
            return fail(err, ERR_CONFIG, 0,
                        "source " STR_FMT ": posts are brought to it by HTTP, and api.listen is "
                        "not set; give it an address such as 127.0.0.1:8080",
                        STR_ARG(w->parts.feeds[i].name));
    return true;
}

bool wire_api(struct app *app, const struct wired *w, struct api **ret, struct error *err) {
    *ret = NULL;
    if (app->cfg.api_listen.n == 0) return no_push(w, err);
    struct source **push = NEW_ARRAY(&app->boot, struct source *, RUN_FEEDS_MAX);
    struct api_options opt = {.cfg = &app->cfg,
                              .live = app->live,
                              .listen = app->cfg.api_listen,
                              .rate_limit = app->cfg.api_rate_limit,
                              .web_dir = app->cfg.api_web_dir,
                              .open_store = open_store,
                              .open_ctx = app,
                              .push = push,
                              .reader = w->parts.reader,
                              .symbols = &w->symbols,
                              .replay = w->parts.told};
    for (int i = 0; i < w->parts.feed_count; i++)
        if (str_eq(w->parts.feeds[i].kind, STR("push")))
            push[opt.push_count++] = w->parts.feeds[i].source;
    if (!api_open(&app->boot, &opt, ret, err)) return false;
    log_info("api", LOG_Z("url", api_url(*ret)), LOG_I("push_sources", opt.push_count));
    return true;
}

/* Dead letters that are tried again are read as the trader's readers would. */
static bool scorer_of(struct app *app, struct symbols *symbols, const struct reader **ret,
                      struct error *err) {
    struct buf report;
    int left_out;
    buf_init(&report, CONFIG_REPORT_BYTES);
    const bool ok =
        wire_symbols(app, symbols, &left_out, &report, err) && wire_reader(app, symbols, ret, err);
    buf_fini(&report);
    return ok;
}

bool wire_api_alone(struct app *app, struct source *const *push, int push_count,
                    struct jobs_watch *jobs, struct api **ret, struct error *err) {
    struct symbols *const symbols = NEW(&app->boot, struct symbols);
    struct api_options opt = {.cfg = &app->cfg,
                              .live = app->live,
                              .listen = app->cfg.api_listen,
                              .rate_limit = app->cfg.api_rate_limit,
                              .web_dir = app->cfg.api_web_dir,
                              .open_store = open_store,
                              .open_ctx = app,
                              .symbols = symbols,
                              .push = push,
                              .push_count = push_count,
                              .jobs = jobs,
                              .alone = true};
    if (app->cfg.api_listen.n == 0)
        return fail(err, ERR_CONFIG, 0,
                    "api.listen is not set; give it an address such as 127.0.0.1:8080");
    if (!scorer_of(app, symbols, &opt.reader, err) || !api_open(&app->boot, &opt, ret, err))
        return false;
    log_info("api", LOG_Z("url", api_url(*ret)), LOG_B("alone", true),
             LOG_I("push_sources", push_count));
    return true;
}
