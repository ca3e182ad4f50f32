/* cmd_serve: `bullfinch serve`, the HTTP interface and the dashboard in a process of their own.
 *
 * It works on the store that a trader of another process writes, and writes there what people ask
 * for; any of them may be stopped, restarted or killed alone. Where the queue is one that processes
 * share, posts that are brought to it (push sources) are stored and put into the queue, as
 * bullfinch ingest does with those that it fetches. Failure: an address that cannot be had, a store
 * that is not there. Thread: the main one, which waits, or stores what is brought.
 */
#include <poll.h>

#include "app/cmds.h"
#include "app/confine.h"
#include "app/environment.h"
#include "app/signals.h"
#include "app/start.h"
#include "app/wire_api.h"
#include "app/wire_metrics.h"
#include "app/wire_notify.h"
#include "base/alive.h"
#include "base/metric.h"
#include "run/ingest.h"

#define POLL_MS 500

struct serving {
    struct wired_feeds feeds;
    struct wired_queues queues;
    struct ingest_parts parts;
    struct source *push[RUN_FEEDS_MAX];
    int64_t letters_bytes;
};

static bool is_shared(const struct app *app) { return !str_eq(app->cfg.queue_url, STR("memory:")); }

/* The queue that processes share, to put what is brought, and in any case to say how much waits;
 * and the push sources, where there is a way for their posts. */
static bool open_push(struct app *app, struct serving *s, struct error *err) {
    if (!is_shared(app)) return true; /* the run takes them */
    if (!wire_feeds_begin(app, FEEDS_PUSH, &s->feeds, err)) return false;
    if (s->feeds.count == 0) return wire_queues_watch(app, &s->queues, err);
    if (!wire_queues(app, &s->queues, err) || !wire_feeds(app, s->parts.store, &s->feeds, err))
        return false;
    memcpy(s->parts.feeds, s->feeds.feeds, sizeof s->parts.feeds);
    s->parts.feed_count = s->feeds.count;
    s->parts.posts = s->queues.posts;
    for (int i = 0; i < s->feeds.count; i++) s->push[i] = s->feeds.feeds[i].source;
    return true;
}

/* A database that starts beside us is waited for; a file is there, or the address is wrong. */
static bool open_store(struct app *app, struct serving *s, const atomic_int *stop,
                       struct error *err) {
    return is_shared(app) ? wire_store_wait(app, stop, &s->parts.store, err)
                          : app_store_open(app, STORE_WRITE, false, &s->parts.store, err);
}

/* Until a stop. */
static bool serve(const struct serving *s, const struct api *api, struct worker *w,
                  const atomic_int *stop, struct error *err) {
    struct ingest_counts counts;
    const struct ingest_options opt = {
        .stop = stop, .worker = w, .letters_bytes = s->letters_bytes};
    if (s->parts.feed_count > 0) return ingest_run(&s->parts, &opt, &counts, err);
    worker_idle(w);
    for (int64_t told = 0; atomic_load(stop) == 0;) {
        struct error none;
        if (api_moves(api)) alive_beat();
        const int64_t answered = api_answered(api);
        worker_done(w, answered - told);
        told = answered;
        IGNORE(worker_beat(w, s->parts.store, time_wall_us(), &none),
               "a list for people: who asks for something is told of the store");
        IGNORE(poll(NULL, 0, POLL_MS) != 0, "a signal ends it early");
    }
    return true;
}

static exit_status run_serve(struct app *app, const struct args *args) {
    struct error err;
    struct api *api = NULL;
    struct notifier *notifier = NULL;
    struct serving *const s = NEW(&app->boot, struct serving);
    struct worker *const w = worker_open(&app->boot, WORKER_SERVE, 0);
    (void)args;
    s->letters_bytes = app->cfg.run_dead_letters_mb << 20;
    const atomic_int *const stop = signals_install();
    if (!confine(app, false, &err)) return app_fail(&err);
    app_go_live(app);
    start_tell(app, WORKER_SERVE, 1);
    struct metrics_server *metrics;
    const bool ok =
        wire_metrics(app, METRIC_SERVE, &metrics, &err) && open_store(app, s, stop, &err) &&
        environment_check(app, s->parts.store, false, false, &err) && open_push(app, s, &err) &&
        wire_api_alone(app, s->push, s->feeds.count, s->queues.watch, &api, &err) &&
        wire_notify(app, &notifier, &err) && serve(s, api, w, stop, &err);
    const bool stopped = atomic_load(stop) > 0;
    alive_stops();
    for (int i = 0; i < s->feeds.count; i++)
        if (s->push[i] != NULL) source_stop(s->push[i]); /* nobody waits for it */
    notifier_stop(notifier, NULL, WIRE_NOTIFY_PATIENCE);
    api_close(api);
    wire_feeds_close(&s->feeds);
    wire_queues_close(&s->queues);
    if (s->parts.store != NULL) worker_close(w, s->parts.store, time_wall_us());
    store_close(s->parts.store);
    metrics_close(metrics);
    config_live_free(app->live);
    return ok || (stopped && err.code == ERR_INTERRUPTED) ? EXIT_DONE : app_fail(&err);
}

const struct cmd cmd_serve = {
    .group = "Processes apart",
    .name = "serve",
    .pos = "",
    .brief = "Serve the HTTP interface and the dashboard beside a running trader.",
    .about =
        "It listens at api.listen and works on the same store as a `bullfinch run` or `bullfinch "
        "trade` of another process: what that one writes is shown, and what people ask for here "
        "(halt, approve, ...) is written to the store, where the trader finds it. Where "
        "queue.url is one that processes share, posts may be brought to it for push sources; "
        "else the run that has the push source takes them. Start as many as there are people "
        "who look. Ctrl-C or SIGTERM ends it.\n\n"
        "bullfinch run has the same interface inside, where api.listen is set.\n\n"
        "Examples:\n"
        "  bullfinch serve --set api.listen=127.0.0.1:8080\n"
        "  bullfinch serve --config demo/bullfinch.yaml --set api.listen=[::1]:8080",
    .needs_config = true,
    .run = run_serve};
