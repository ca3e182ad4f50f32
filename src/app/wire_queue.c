/* wire_queue: the queue that processes apart share, and the store that they wait for.
 *
 * Failure: an error that names the configuration's key. Thread: the main one. */
#include <poll.h>

#include "app/wire.h"
#include "base/log.h"

#define POLL_MS 100
#define AGAIN_MS 1000
#define FRESH_FOR (60 * USEC_PER_S) /* then a job is as late as any other */

static bool open_one(struct app *app, const char *name, struct queue **ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    struct queue_options opt = {.capacity = (int)cfg->queue_capacity,
                                .max_attempts = (int)cfg->queue_max_attempts,
                                .backoff = cfg->queue_backoff_ms * USEC_PER_MS,
                                .fresh_for = FRESH_FOR,
                                .seed = (uint64_t)cfg->run_seed};
    (void)name, (void)opt, (void)ret;
    return fail(err, ERR_CONFIG, 0,
                "queue.url: \"" STR_FMT "\" is for one process (bullfinch run); processes apart "
                "share a redis:// URL",
                STR_ARG(str_head(cfg->queue_url, 80)));
}

bool wire_queues(struct app *app, struct wired_queues *ret, struct error *err) {
    *ret = (struct wired_queues){0};
    const bool ok =
        open_one(app, "posts", &ret->posts, err) && open_one(app, "readings", &ret->readings, err);
    if (!ok) wire_queues_close(ret);
    return ok;
}

void wire_queues_close(struct wired_queues *q) {
    queue_close(q->readings);
    queue_close(q->posts);
    *q = (struct wired_queues){0};
}

static bool doze(const atomic_int *stop) {
    for (int ms = 0; ms < AGAIN_MS && atomic_load(stop) == 0; ms += POLL_MS)
        IGNORE(poll(NULL, 0, POLL_MS) != 0, "a signal ends it early");
    return atomic_load(stop) == 0;
}

bool wire_store_wait(struct app *app, const atomic_int *stop, struct store **ret,
                     struct error *err) {
    bool told = false;
    while (!app_store_open(app, STORE_WRITE, true, ret, err)) {
        if (!store_may_pass(err)) return false;
        if (!told) log_unusual("waiting_for_store", LOG_Z("why", err->msg));
        told = true;
        if (!doze(stop))
            return fail(err, ERR_INTERRUPTED, 0, "stopped while waiting for the store");
    }
    if (told) log_info("store_is_there", LOG_Z("store", store_path(*ret)));
    return true;
}
