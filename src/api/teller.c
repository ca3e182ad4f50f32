/* teller: the thread between the store and the event stream.
 *
 * It asks 20 times a second whether somebody committed, which is one read of a number, and only
 * then looks what (store/changes.h): so it sees what other processes write, too, and the trader
 * never waits for it or knows of it. Between looks it gives the ring its beat.
 * Failure: a store that cannot be read is told in the log once, and asked again. */
#include "api/teller.h"

#include <pthread.h>

#include "base/log.h"

#define LOOK_EVERY (50 * USEC_PER_MS)

struct api_teller {
    struct api_events *events;
    struct store *store;
    struct store_changes *changes;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t end;
    bool stopping; /* under the lock */
    bool complained, more, looked;
    int64_t version;
};

static void tell(void *ctx, change what, str json) { api_events_put(ctx, what, json); }

static void look(struct api_teller *t, usec mono) {
    const struct change_sink to = {t->events, tell};
    struct error err;
    const int64_t version = store_data_version(t->store);
    if (t->looked && !t->more && version == t->version) return;
    t->looked = store_changes_look(t->changes, t->store, mono, &to, &t->more, &err);
    t->version = version;
    if (!t->looked && !t->complained)
        log_unusual("api_events", LOG_Z("what", "the store cannot be watched"),
                    LOG_Z("why", err.msg));
    t->complained = !t->looked;
}

/* False: the end. */
static bool sleep_until(struct api_teller *t, usec until) {
    const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    pthread_mutex_lock(&t->lock);
    while (!t->stopping && time_monotonic_us() < until)
        pthread_cond_timedwait(&t->end, &t->lock, &ts);
    const bool go_on = !t->stopping;
    pthread_mutex_unlock(&t->lock);
    return go_on;
}

static void *watch(void *arg) {
    struct api_teller *const t = arg;
    usec mono;
    do {
        mono = time_monotonic_us();
        look(t, mono);
        api_events_beat(t->events, time_monotonic_us());
    } while (sleep_until(t, mono + LOOK_EVERY));
    return NULL;
}

bool api_teller_start(struct arena *boot, struct api_events *e, struct store *s,
                      struct api_teller **ret, struct error *err) {
    struct api_teller *t = NEW(boot, struct api_teller);
    pthread_condattr_t attr;
    t->events = e;
    t->store = s;
    t->changes = store_changes_new(boot);
    POST(pthread_mutex_init(&t->lock, NULL) == 0 && pthread_condattr_init(&attr) == 0);
    POST(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    POST(pthread_cond_init(&t->end, &attr) == 0);
    pthread_condattr_destroy(&attr);
    look(t, time_monotonic_us()); /* what is told begins before anybody can ask */
    t->runs = pthread_create(&t->thread, NULL, watch, t) == 0;
    if (!t->runs) {
        api_teller_stop(t);
        return fail(err, ERR_LIMIT, 0, "api: no more threads; ulimit -u says how many");
    }
    *ret = t;
    return true;
}

void api_teller_stop(struct api_teller *t) {
    if (t == NULL) return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_broadcast(&t->end);
    pthread_mutex_unlock(&t->lock);
    if (t->runs) pthread_join(t->thread, NULL);
    store_changes_free(t->changes);
    store_close(t->store);
    pthread_cond_destroy(&t->end);
    pthread_mutex_destroy(&t->lock);
}
