/* cmd_analyze: `bullfinch analyze`, what posts say, as a process of its own; start as many as there
 * is work for.
 *
 * Failure: told, and the status says so. Thread: the main one, which waits for the workers. */
#include <inttypes.h>
#include <unistd.h>

#include "app/cmds.h"
#include "app/confine.h"
#include "app/environment.h"
#include "app/signals.h"
#include "app/start.h"
#include "app/wire.h"
#include "app/wire_metrics.h"
#include "base/metric.h"
#include "run/analyze.h"

struct reading_place {
    struct app *app;
    const atomic_int *stop;
};

/* What a power cut takes of its commits is read once more: the posts themselves are safe, and the
 * sweeper sees that they were not read. So nobody waits for the disk here. */
static bool open_store(void *ctx, struct store **ret, struct error *err) {
    const struct reading_place *const place = ctx;
    return wire_store_wait_reader(place->app, place->stop, ret, err);
}

static int workers_of(const struct config *cfg) {
    if (cfg->reader_workers > 0) return (int)cfg->reader_workers;
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)i64_min(n, ANALYZE_WORKERS_MAX) : 1;
}

static bool print_counts(const struct analyze_counts *c, struct error *err) {
    char block[512];
    struct buf out;
    buf_init_fixed(&out, block, sizeof block);
    buf_printf(&out,
               "{\"posts\":%" PRId64 ",\"handed_on\":%" PRId64 ",\"dead\":%" PRId64
               ",\"swept\":%" PRId64 ",\"commits\":%" PRId64 "}\n",
               c->posts, c->handed, c->dead, c->swept, c->batches);
    return app_print(&out, err);
}

/* The store is waited for once, so that no worker has to. */
static bool wait_for_store(struct app *app, const atomic_int *stop, struct error *err) {
    struct store *s;
    if (!wire_store_wait(app, stop, &s, err)) return false;
    const bool ok = environment_check(app, s, false, false, err);
    store_close(s);
    return ok;
}

static exit_status run_analyze(struct app *app, const struct args *args) {
    struct error err;
    struct symbols *const symbols = NEW(&app->boot, struct symbols);
    struct wired_queues queues = {0};
    struct analyze_counts counts = {0};
    struct reading_place place = {.app = app};
    struct analyze_parts parts = {.open_store = open_store, .ctx = &place};
    struct analyze_options opt = {.workers = workers_of(&app->cfg),
                                  .exit_at_end = args_has(args, "exit-at-end"),
                                  .stop = signals_install()};
    struct buf report;
    int64_t held_ms;
    int left_out;
    if (!args_get_i64(args, "hold-ms", 0, 0, 60000, &held_ms, &err)) return app_fail(&err);
    opt.extra = held_ms * USEC_PER_MS;
    place.stop = opt.stop;
    if (!confine(app, false, &err)) return app_fail(&err);
    app_go_live(app);
    start_tell(app, WORKER_ANALYZE, opt.workers);
    buf_init(&report, CONFIG_REPORT_BYTES);
    struct metrics_server *metrics;
    bool ok = wire_metrics(app, METRIC_ANALYZE, &metrics, &err) &&
              wire_symbols(app, symbols, &left_out, &report, &err) &&
              wire_reader(app, symbols, &parts.reader, &err) && wire_queues(app, &queues, &err) &&
              wait_for_store(app, opt.stop, &err);
    buf_fini(&report);
    parts.live = app->live;
    parts.posts = queues.posts;
    parts.readings = queues.readings;
    parts.capacity = app->cfg.queue_capacity;
    ok = ok && analyze_run(&app->boot, &parts, &opt, &counts, &err);
    const bool stopped = atomic_load(opt.stop) > 0;
    if (ok && opt.exit_at_end && !stopped) ok = print_counts(&counts, &err);
    wire_queues_close(&queues);
    metrics_close(metrics);
    config_live_free(app->live);
    return ok || (stopped && err.code == ERR_INTERRUPTED) ? EXIT_DONE : app_fail(&err);
}

static const struct opt analyze_opts[] = {
    {"exit-at-end", NULL, "End when no post is left to be read, and print how many were as JSON."},
    {"hold-ms", "N",
     "Hold each post back for so many milliseconds: to see how work is shared, not for use."},
    {0}};

const struct cmd cmd_analyze = {
    .group = "Processes apart",
    .name = "analyze",
    .pos = "",
    .brief = "Read what posts say, and hand them on to the trader.",
    .about =
        "Takes posts from the queue (queue.url) that bullfinch ingest filled, writes what they "
        "say into the store, and hands on to bullfinch trade what it is to decide on. Start as "
        "many as there is work for, on as many machines; each has reader.workers threads.\n\n"
        "What the queue loses is found in the store and done all the same. Ctrl-C or SIGTERM "
        "ends it once what it has in hand is stored; the rest is for others.\n\n"
        "Examples:\n"
        "  bullfinch analyze --config bullfinch.yaml\n"
        "  bullfinch analyze --set reader.workers=4",
    .opts = analyze_opts,
    .needs_config = true,
    .run = run_analyze};
