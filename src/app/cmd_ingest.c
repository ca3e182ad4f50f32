/* cmd_ingest: `bullfinch ingest`, posts from their sources into the store, as a process of its own.
 *
 * One at a time reads the sources: another one started beside it stands by, and goes on where the
 * first one was when that ends. One that loses its connection to the database, and finds that
 * another took over meanwhile, stores nothing any more and begins anew, standing by. Posts that are
 * brought by HTTP come through `bullfinch serve`.
 * Failure: told, and the status says so; what was stored stays. Thread: the main one. */
#include <inttypes.h>
#include <poll.h>

#include "app/again.h"
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

#define CLAIM STR("ingest")
#define CLAIM_MS 250
/* Who reads and loses the database for a moment has so long to come back: another would have to
 * begin where the sources' states say, and those are as old as the last commit. */
#define CLAIM_FREE (3 * USEC_PER_S)

struct ingesting {
    struct wired_feeds feeds;
    struct wired_queues queues;
    struct symbols symbols;
    struct ingest_parts parts;
    bool reads; /* the sources are ours */
};

/* Who waits for his turn. */
struct standby {
    bool told, away; /* that another reads; that the store is away */
    usec free_since; /* monotonic, since when nobody reads; 0: somebody does */
};

/* Who is there first reads at once. */
static bool try_claim(struct standby *w, struct store *s, bool *ret_mine, struct error *err) {
    bool taken;
    *ret_mine = false;
    if (!w->told) return store_hold(s, CLAIM, ret_mine, err);
    if (!store_claim_taken(s, CLAIM, &taken, err)) return false;
    const usec mono = time_monotonic_us();
    if (taken || w->free_since == 0) w->free_since = taken ? 0 : mono;
    if (taken || (mono - w->free_since < CLAIM_FREE && !store_is_file(s))) return true;
    return store_hold(s, CLAIM, ret_mine, err);
}

/* A store that is away is waited for. False: waiting does not help. */
static bool wait_turn(struct standby *w, struct worker *worker, struct store *s, bool *ret_mine,
                      struct error *err) {
    const bool ok = try_claim(w, s, ret_mine, err) &&
                    (*ret_mine || worker_beat(worker, s, time_wall_us(), err));
    if (!ok) {
        *ret_mine = false;
        w->free_since = 0;
        if (!store_may_pass(err)) return false;
        if (!w->away) log_unusual("waiting_for_store", LOG_Z("why", err->msg));
        w->away = true;
        alive_waits("the store");
        return true;
    }
    if (w->away) log_unusual("store_is_there", LOG_Z("store", store_path(s)));
    w->away = false;
    if (*ret_mine) return true;
    alive_beat(); /* who stands by is ready, and must not hang either */
    if (!w->told) log_info("standby", LOG_Z("why", "another ingest process reads the sources"));
    w->told = true;
    return true;
}

/* Until it is our turn to read the sources. */
static bool claim(struct ingesting *in, struct worker *w, const atomic_int *stop,
                  struct error *err) {
    struct standby by = {0};
    for (;;) {
        if (!wait_turn(&by, w, in->parts.store, &in->reads, err)) return false;
        if (in->reads) break;
        worker_standby(w);
        IGNORE(poll(NULL, 0, CLAIM_MS) != 0, "a signal ends it early");
        if (atomic_load(stop) > 0)
            return fail(err, ERR_INTERRUPTED, 0, "stopped while standing by");
    }
    if (by.told) log_info("takes_over", LOG_Z("what", "the sources"));
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
        !environment_check(app, in->parts.store, false, false, err) || !claim(in, w, stop, err) ||
        !wire_feeds(app, in->parts.store, &in->feeds, err))
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

/* The sources were ours, and are another's: its states of them are newer, so all of ours is
 * forgotten. A secret that came in the environment was taken out of it: then whoever started the
 * process has to do it again. */
static bool begins_anew(const struct app *app, const struct ingesting *in,
                        const struct error *err) {
    const struct config *const cfg = &app->cfg;
    const str secrets[] = {cfg->store_password_env, cfg->queue_password_env, cfg->x_token_env};
    struct error why;
    if (!in->reads || err->code != ERR_REFUSED || store_hold_check(in->parts.store, &why))
        return false;
    for (ptrdiff_t i = 0; i < COUNT_OF(secrets); i++)
        if (secrets[i].n > 0) return false;
    return true;
}

static void end_in_store(struct ingesting *in, struct worker *w) {
    struct error none;
    if (in->parts.store == NULL) return;
    worker_close(w, in->parts.store, time_wall_us());
    if (in->reads)
        IGNORE(store_feeds_ended(in->parts.store, time_wall_us(), &none),
               "who looks sees that there is no sign of life any more");
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
    if (!confine(app, true, &err)) return app_fail(&err);
    app_go_live(app);
    start_tell(app, WORKER_INGEST, 1);
    struct metrics_server *metrics;
    bool ok = wire_metrics(app, METRIC_INGEST, &metrics, &err) &&
              begin(app, in, opt.worker, opt.stop, &err) &&
              ingest_run(&in->parts, &opt, &counts, &err);
    const bool stopped = atomic_load(opt.stop) > 0;
    const bool anew = !ok && !stopped && begins_anew(app, in, &err);
    if (!anew) end_in_store(in, opt.worker);
    if (ok && opt.exit_at_end && !stopped) ok = print_counts(&counts, &err);
    wire_feeds_close(&in->feeds);
    wire_queues_close(&in->queues);
    store_close(in->parts.store);
    metrics_close(metrics);
    config_live_free(app->live);
    if (ok || (stopped && err.code == ERR_INTERRUPTED)) return EXIT_DONE;
    if (anew) {
        log_unusual("begins_anew", LOG_Z("why", err.msg));
        app_again(opt.stop);
        if (atomic_load(opt.stop) > 0) return EXIT_DONE;
    }
    return app_fail(&err);
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
