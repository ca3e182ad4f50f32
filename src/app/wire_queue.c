/* wire_queue: the queue that processes apart share, and the store that they wait for.
 *
 * Failure: an error that names the configuration's key. Thread: the main one; what the queue has to
 * tell is logged by whichever thread uses it. */
#include <poll.h>

#include "app/wire.h"
#include "app/wire_secret.h"
#include "base/alive.h"
#include "base/log.h"
#include "queue/redis.h"
#include "run/jobs_watch.h"

#define POLL_MS 100
#define AGAIN_MS 1000

static void on_posts_notice(void *ctx, const char *text) {
    (void)ctx;
    log_unusual("queue", LOG_Z("queue", "posts"), LOG_Z("what", text));
}

static void on_readings_notice(void *ctx, const char *text) {
    (void)ctx;
    log_unusual("queue", LOG_Z("queue", "readings"), LOG_Z("what", text));
}

/* readings: of which one trader at a time takes, in order, first what another had in hand. */
static bool open_one(const struct app *app, bool readings, const struct secret *password,
                     struct queue **ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    const struct queue_options opt = {.capacity = (int)cfg->queue_capacity,
                                      .max_attempts = (int)cfg->queue_max_attempts,
                                      .backoff = cfg->queue_backoff_ms * USEC_PER_MS,
                                      .fresh_for = cfg->queue_fresh_for_s * USEC_PER_S,
                                      .seed = (uint64_t)cfg->run_seed};
    const struct redis_options redis = {.url = cfg->queue_url,
                                        .prefix = cfg->queue_prefix,
                                        .name = readings ? STR("readings") : STR("posts"),
                                        .password = password,
                                        .ca_file = cfg->queue_ca_file,
                                        .insecure = cfg->queue_insecure,
                                        .timeout = cfg->queue_timeout_ms * USEC_PER_MS,
                                        .claim_after = cfg->queue_claim_after_ms * USEC_PER_MS,
                                        .single = readings,
                                        .notice = readings ? on_readings_notice : on_posts_notice};
    return redis_queue_open(&opt, &redis, ret, err);
}

static bool queue_password(struct app *app, struct secret *ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    if (cfg->queue_password_file.n == 0 && cfg->queue_password_env.n == 0) return true;
    return wire_secret(app, "queue.password", cfg->queue_password_file, cfg->queue_password_env, "",
                       ret, err);
}

bool wire_queues_open(struct app *app, struct wired_queues *ret, struct error *err) {
    struct secret password = {0};
    *ret = (struct wired_queues){0};
    if (str_starts(app->cfg.queue_url, STR("memory:")))
        return fail(err, ERR_CONFIG, 0,
                    "queue.url: memory: is for one process (bullfinch run); processes apart share "
                    "a Redis, such as redis://127.0.0.1:6379/0");
    const bool ok = queue_password(app, &password, err) &&
                    open_one(app, false, &password, &ret->posts, err) &&
                    open_one(app, true, &password, &ret->readings, err);
    secret_wipe(&password);
    if (!ok) wire_queues_close(ret);
    return ok;
}

/* A Redis that is away is waited for by who needs it; one that lets nobody in, or is none that a
 * queue can live in, has to be changed by a person first. */
static bool may_serve(struct queue *q, struct error *err) {
    return queue_ping(q, time_wall_us(), err) ||
           (err->code != ERR_CONFIG && err->code != ERR_UNSUPPORTED);
}

static bool open_watch(struct app *app, struct wired_queues *q, struct error *err) {
    return jobs_watch_open(&app->boot, q->posts, q->readings, app->cfg.queue_capacity, &q->watch,
                           err);
}

bool wire_queues(struct app *app, struct wired_queues *ret, struct error *err) {
    if (!wire_queues_open(app, ret, err)) return false;
    if (may_serve(ret->posts, err) && open_watch(app, ret, err)) return true;
    wire_queues_close(ret);
    return false;
}

bool wire_queues_watch(struct app *app, struct wired_queues *ret, struct error *err) {
    if (!wire_queues_open(app, ret, err)) return false;
    if (open_watch(app, ret, err)) return true;
    wire_queues_close(ret);
    return false;
}

void wire_queues_close(struct wired_queues *q) {
    jobs_watch_close(q->watch);
    queue_close(q->readings);
    queue_close(q->posts);
    *q = (struct wired_queues){0};
}

static bool doze(const atomic_int *stop) {
    for (int ms = 0; ms < AGAIN_MS && atomic_load(stop) == 0; ms += POLL_MS)
        IGNORE(poll(NULL, 0, POLL_MS) != 0, "a signal ends it early");
    return atomic_load(stop) == 0;
}

static bool open_for_reader(struct app *app, struct store **ret, struct error *err) {
    struct store_options opt;
    if (!app_store_options(app, STORE_WRITE, false, &opt, err)) return false;
    opt.full_sync = false;
    opt.by_key = true;
    return store_open(&app->boot, &opt, ret, err);
}

static bool wait_for_store(struct app *app, bool for_reader, const atomic_int *stop,
                           struct store **ret, struct error *err) {
    bool told = false;
    while (!(for_reader ? open_for_reader(app, ret, err)
                        : app_store_open(app, STORE_WRITE, false, ret, err))) {
        if (!store_may_pass(err)) return false;
        if (!told) log_unusual("waiting_for_store", LOG_Z("why", err->msg));
        told = true;
        alive_waits("the store");
        if (!doze(stop))
            return fail(err, ERR_INTERRUPTED, 0, "stopped while waiting for the store");
    }
    if (told) log_info("store_is_there", LOG_Z("store", store_path(*ret)));
    return true;
}

bool wire_store_wait(struct app *app, const atomic_int *stop, struct store **ret,
                     struct error *err) {
    return wait_for_store(app, false, stop, ret, err);
}

bool wire_store_wait_reader(struct app *app, const atomic_int *stop, struct store **ret,
                            struct error *err) {
    return wait_for_store(app, true, stop, ret, err);
}
