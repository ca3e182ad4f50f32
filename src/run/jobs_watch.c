/* jobs_watch: see the header.
 *
 * In: what each queue says of itself. Out: the board, and the last look. Failure: a server that
 * does not answer is told by who needs it, and here by `away`. Thread: one of its own, as a server
 * that hangs holds up whoever asks for as long as queue.timeout_ms. */
#include "run/jobs_watch.h"

#include <pthread.h>
#include <time.h>

#include "base/board.h"

struct jobs_watch {
    struct queue *queues[JOBS_QUEUE_COUNT];
    struct board_queue *shown[JOBS_QUEUE_COUNT];
    pthread_t thread;
    pthread_mutex_t lock; /* of the members below */
    pthread_cond_t ends;
    bool stop;
    struct jobs_seen seen;
    usec answered_at; /* monotonic; at first when the watch began */
    bool answers;
};

static const char *const names[JOBS_QUEUE_COUNT] = {"jobs: posts", "jobs: readings"};

const char *jobs_name(jobs_of j) {
    PRE(j >= 0 && j < JOBS_QUEUE_COUNT);
    return names[j];
}

static bool ask(struct jobs_watch *w, struct jobs_seen *ret, struct error *err) {
    struct queue_stats s;
    for (int i = 0; i < JOBS_QUEUE_COUNT; i++) {
        if (!queue_stats(w->queues[i], &s, err)) return false;
        ret->unfinished[i] = queue_unfinished(&s);
        ret->oldest[i] = queue_oldest(&s);
    }
    return true;
}

static void look(struct jobs_watch *w) {
    struct error err;
    struct jobs_seen now = {.capacity = w->seen.capacity};
    const bool ok = ask(w, &now, &err);
    pthread_mutex_lock(&w->lock);
    w->answers = ok;
    if (ok) w->seen = now;
    if (ok) w->answered_at = time_monotonic_us();
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < JOBS_QUEUE_COUNT && ok; i++)
        board_queue_set(w->shown[i], now.unfinished[i], now.oldest[i]);
}

static void *run_watch(void *arg) {
    struct jobs_watch *const w = arg;
    for (bool stop = false; !stop;) {
        look(w);
        const usec until = time_monotonic_us() + JOBS_LOOK_EVERY;
        const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
        pthread_mutex_lock(&w->lock);
        while (!w->stop && time_monotonic_us() < until)
            IGNORE(pthread_cond_timedwait(&w->ends, &w->lock, &ts) != 0, "the time is over");
        stop = w->stop;
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

static void init_locks(struct jobs_watch *w) {
    pthread_condattr_t monotonic;
    POST(pthread_mutex_init(&w->lock, NULL) == 0);
    POST(pthread_condattr_init(&monotonic) == 0);
    POST(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    POST(pthread_cond_init(&w->ends, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
}

bool jobs_watch_open(struct arena *boot, struct queue *posts, struct queue *readings,
                     int64_t capacity, struct jobs_watch **ret, struct error *err) {
    struct jobs_watch *const w = NEW(boot, struct jobs_watch);
    w->queues[JOBS_POSTS] = posts;
    w->queues[JOBS_READINGS] = readings;
    for (int i = 0; i < JOBS_QUEUE_COUNT; i++) w->shown[i] = board_queue_open(names[i], capacity);
    w->seen.capacity = capacity;
    w->answered_at = time_monotonic_us();
    w->answers = true; /* as far as is known */
    init_locks(w);
    if (pthread_create(&w->thread, NULL, run_watch, w) != 0) {
        pthread_cond_destroy(&w->ends);
        pthread_mutex_destroy(&w->lock);
        return fail(err, ERR_LIMIT, 0, "no more threads; ulimit -u says how many");
    }
    *ret = w;
    return true;
}

void jobs_watch_see(struct jobs_watch *w, struct jobs_seen *ret) {
    pthread_mutex_lock(&w->lock);
    *ret = w->seen;
    ret->away = 0;
    const usec since = time_monotonic_us() - w->answered_at;
    /* one that hangs has not failed yet: what is old by more than a look and its wait is away, too
     */
    if (!w->answers || since > JOBS_LOOK_EVERY + JOBS_AWAY_MAX) ret->away = i64_max(since, 1);
    pthread_mutex_unlock(&w->lock);
}

void jobs_watch_close(struct jobs_watch *w) {
    if (w == NULL) return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_mutex_unlock(&w->lock);
    pthread_cond_broadcast(&w->ends);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->ends);
    pthread_mutex_destroy(&w->lock);
}
