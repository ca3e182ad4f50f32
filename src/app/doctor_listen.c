/* doctor_listen: see the header. In: an address. Out: whether a message came, which the first of
 * these decides: a message, the end of the connection, or the end of patience. Failure: a sentence.
 * Threads: the caller's, which waits, and the loop's. */
#include "app/doctor_listen.h"

#include <pthread.h>
#include <time.h>

struct listener {
    const struct doctor_ear *ear;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool over, good;
    char why[DOCTOR_WHY_BYTES];
};

static void conclude(struct listener *l, bool good, const char *why) {
    pthread_mutex_lock(&l->mutex);
    if (!l->over) {
        l->good = good;
        IGNORE(!str_copyz(str_from_z(why), l->why, sizeof l->why), "cut is fine");
    }
    l->over = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->mutex);
}

static void on_opened(void *ctx, struct ws *w) {
    const struct listener *l = ctx;
    if (l->ear->opened != NULL) l->ear->opened(l->ear->ctx, w);
}

static void on_message(void *ctx, struct ws *w, str text) {
    struct listener *l = ctx;
    char why[DOCTOR_WHY_BYTES] = "";
    (void)w;
    const bool good = l->ear->message == NULL || l->ear->message(l->ear->ctx, text, why);
    conclude(l, good, why);
}

static void on_gone(void *ctx, struct ws *w, const char *why) {
    (void)w;
    conclude(ctx, false, why);
}

static void wait_for_it(struct listener *l, usec patience, const char *late) {
    const usec until = time_monotonic_us() + patience;
    const struct timespec at = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    int rc = 0;
    pthread_mutex_lock(&l->mutex);
    while (!l->over && rc == 0) rc = pthread_cond_timedwait(&l->changed, &l->mutex, &at);
    pthread_mutex_unlock(&l->mutex);
    conclude(l, false, late);
}

static void listen_to(struct doctor *d, struct listener *l, const struct ws_target *t,
                      usec patience, const char *late) {
    const struct ws_events events = {
        .ctx = l, .opened = on_opened, .message = on_message, .gone = on_gone};
    struct ws_loop *loop;
    struct ws *w;
    struct error err;
    if (!ws_loop_open(&loop, &err)) {
        conclude(l, false, err.msg);
        return;
    }
    if (ws_open(loop, t, &events, &w, &err)) {
        wait_for_it(l, patience, late);
    } else {
        d->refused |= err.code == ERR_REFUSED;
        conclude(l, false, err.msg);
    }
    ws_loop_close(loop);
}

bool doctor_listen(struct doctor *d, const struct ws_target *t, const struct doctor_ear *ear,
                   usec patience, const char *late, usec *ret_took,
                   char ret_why[DOCTOR_WHY_BYTES]) {
    struct listener l = {.ear = ear};
    pthread_condattr_t attr;
    const usec began = time_monotonic_us();
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&l.mutex, NULL);
    pthread_cond_init(&l.changed, &attr);
    pthread_condattr_destroy(&attr);
    listen_to(d, &l, t, patience, late);
    pthread_cond_destroy(&l.changed);
    pthread_mutex_destroy(&l.mutex);
    *ret_took = time_monotonic_us() - began;
    memcpy(ret_why, l.why, DOCTOR_WHY_BYTES);
    return l.good;
}
