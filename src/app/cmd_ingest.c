/* cmd_ingest: `bullfinch ingest`, posts from their sources into the store, as a process of its own.
 *
 * One at a time reads the sources: another one started beside it stands by, and goes on where the
 * first one was when that ends. Posts that are brought by HTTP come through `bullfinch serve`.
 * Failure: told, and the status says so; what was stored stays. Thread: the main one. */
#include <inttypes.h>
#include <poll.h>

#include "app/cmds.h"
#include "app/confine.h"
#include "app/environment.h"
#include "app/signals.h"
#include "app/start.h"
#include "app/wire.h"
#include "app/wire_metrics.h"
#include "base/alive.h"
#include "base/log.h"
#include "base/metric.h"
#include "run/ingest.h"
#include "store/sources.h"

#define CLAIM_MS 250

struct ingesting {
    struct wired_feeds feeds;
    struct wired_queues queues;
    struct symbols symbols;
    struct ingest_parts parts;
};

/* Until it is our turn to read the sources. */
static bool claim(struct store *s, struct worker *w, const atomic_int *stop, struct error *err) {
    bool mine, told = false;
    for (;;) {
        if (!store_claim(s, STR("ingest"), &mine, err)) return false;
        if (mine) break;
        worker_standby(w);
        alive_beat(); /* who stands by is ready, and must not hang either */
        if (!worker_beat(w, s, time_wall_us(), err)) return false;
        if (!told) log_info("standby", LOG_Z("why", "another ingest process reads the sources"));
        told = true;
        IGNORE(poll(NULL, 0, CLAIM_MS) != 0, "a signal ends it early");
        if (atomic_load(stop) > 0)
            return fail(err, ERR_INTERRUPTED, 0, "stopped while standing by");
    }
    if (told) log_info("takes_over", LOG_Z("what", "the sources"));
    return true;
}

/* Only where a source keeps nothing but posts that name a coin is anything read here. */
static bool reader_of(struct app *app, struct ingesting *in, struct error *err) {
    struct buf report;
    int left_out;
    bool wanted = false;
    for (int i = 0; i < in->feeds.count; i++) wanted = wanted || in->feeds.feeds[i].keep_linked;
    if (!wanted) return true;
    buf_init(&report, CONFIG_REPORT_BYTES);
    const bool ok = wire_symbols(app, &in->symbols, &left_out, &report, err) &&
                    wire_linker(app, &in->symbols, &in->parts.reader, err);
    buf_fini(&report);
    return ok;
}

static bool begin(struct app *app, struct ingesting *in, struct worker *w, const atomic_int *stop,
                  struct error *err) {
    if (!wire_feeds_begin(app, FEEDS_FETCHED, &in->feeds, err)) return false;
    if (in->feeds.count == 0)
        return fail(err, ERR_CONFIG, 0,
                    "sources: all are push sources, which bullfinch serve takes; there is nothing "
                    "to fetch");
    if (!reader_of(app, in, err) || !wire_queues(app, &in->queues, err) ||
        !wire_store_wait(app, stop, &in->parts.store, err) ||
        !environment_check(app, in->parts.store, false, false, err) ||
        !claim(in->parts.store, w, stop, err) || !wire_feeds(app, in->parts.store, &in->feeds, err))
        return false;
    memcpy(in->parts.feeds, in->feeds.feeds, sizeof in->parts.feeds);
    in->parts.feed_count = in->feeds.count;
    in->parts.posts = in->queues.posts;
    return true;
}

static bool print_counts(const struct ingest_counts *c, struct error *err) {
    char block[512];
    struct buf out;
    buf_init_fixed(&out, block, sizeof block);
    buf_printf(&out,
               "{\"posts\":%" PRId64 ",\"queued\":%" PRId64 ",\"deleted\":%" PRId64
               ",\"deletions\":%" PRId64 ",\"dead\":%" PRId64 ",\"commits\":%" PRId64 "}\n",
               c->posts, c->queued, c->gone, c->deletions, c->dead, c->commits);
    return app_print(&out, err);
}

static exit_status run_ingest(struct app *app, const struct args *args) {
    struct error err;
    struct ingest_counts counts = {0};
    struct ingesting *const in = NEW(&app->boot, struct ingesting);
    const struct ingest_options opt = {.rebase = args_has(args, "rebase"),
                                       .exit_at_end = args_has(args, "exit-at-end"),
                                       .stop = signals_install(),
                                       .letters_bytes = app->cfg.run_dead_letters_mb << 20,
                                       .worker = worker_open(&app->boot, WORKER_INGEST, 0)};
    if (!confine(app, false, &err)) return app_fail(&err);
    app_go_live(app);
    start_tell(app, WORKER_INGEST, 1);
    struct metrics_server *metrics;
    bool ok = wire_metrics(app, METRIC_INGEST, &metrics, &err) &&
              begin(app, in, opt.worker, opt.stop, &err) &&
              ingest_run(&in->parts, &opt, &counts, &err);
    const bool stopped = atomic_load(opt.stop) > 0;
    if (in->parts.store != NULL) {
        struct error none;
        worker_close(opt.worker, in->parts.store, time_wall_us());
        IGNORE(store_feeds_ended(in->parts.store, time_wall_us(), &none),
               "who looks sees that there is no sign of life any more");
    }
    if (ok && opt.exit_at_end && !stopped) ok = print_counts(&counts, &err);
    wire_feeds_close(&in->feeds);
    wire_queues_close(&in->queues);
    store_close(in->parts.store);
    metrics_close(metrics);
    config_live_free(app->live);
    return ok || (stopped && err.code == ERR_INTERRUPTED) ? EXIT_DONE : app_fail(&err);
}

static const struct opt ingest_opts[] = {
    {"source", "KIND", "Where posts come from; the same as --set source.kind=KIND."},
    {"posts", "FILE", "The posts to replay; the same as --set source.path=FILE."},
    {"exit-at-end", NULL, "End when the posts are used up and stored, and print how many as JSON."},
    {"rebase", NULL, "A replay: the first post is now, each other keeps its distance from it."},
    {0}};

const struct cmd cmd_ingest = {
    .group = "Processes apart",
    .name = "ingest",
    .pos = "",
    .brief = "Read posts from their sources into the store.",
    .about =
        "The first of four processes that do together what bullfinch run does in one: ingest "
        "stores "
        "posts and puts word of them into the queue (queue.url), analyze reads them, trade decides "
        "and trades, serve has the HTTP interface. They share the store and the queue.\n\n"
        "One ingest process reads the sources; others stand by. A replay is read as fast as it can "
        "be stored, with its own times: its posts are scored and refused as stale, unless "
        "--rebase moves them to now.\n\n"
        "Ctrl-C or SIGTERM ends it once what it took is stored.\n\n"
        "Examples:\n"
        "  bullfinch ingest --config bullfinch.yaml\n"
        "  bullfinch ingest --posts posts.jsonl --exit-at-end",
    .opts = ingest_opts,
    .needs_config = true,
    .run = run_ingest};
