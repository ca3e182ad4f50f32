/* board: see the header. Three tables that only grow; how many stand in one is published after the
 * last is complete, so reading and setting need no lock. A reader may see the number of one moment
 * and the time of the next: it is for people. */
#include "base/board.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/metric.h"

struct board_queue {
    char name[BOARD_NAME_BYTES];
    struct metric *waiting, *capacity, *oldest;
};

struct board_task {
    char name[BOARD_NAME_BYTES];
    const char *_Atomic doing;
    _Atomic usec since;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of making, and of breakers */
static struct board_queue queues[BOARD_QUEUES_MAX];
static struct board_task tasks[BOARD_TASKS_MAX];
static struct board_breaker breakers[BOARD_BREAKERS_MAX];
static atomic_int queue_count, task_count;
static int breaker_count; /* under the lock */

static bool named(const char *have, const char *name) {
    return strncmp(have, name, BOARD_NAME_BYTES - 1) == 0;
}

static void name_it(char dst[BOARD_NAME_BYTES], const char *name) {
    IGNORE(!str_copyz(str_from_z(name), dst, BOARD_NAME_BYTES), "a long name is cut");
}

/* --- queues ---------------------------------------------------------------------------------- */

static void make_gauges(struct board_queue *q) {
    q->waiting = metric_get(M_QUEUE_WAITING, LABELS(q->name));
    q->capacity = metric_get(M_QUEUE_CAPACITY, LABELS(q->name));
    q->oldest = metric_get(M_QUEUE_OLDEST, LABELS(q->name));
}

struct board_queue *board_queue_open(const char *name, int64_t capacity) {
    struct board_queue *q = NULL;
    pthread_mutex_lock(&lock);
    const int count = atomic_load(&queue_count);
    for (int i = 0; i < count && q == NULL; i++)
        if (named(queues[i].name, name)) q = &queues[i];
    if (q == NULL && count < BOARD_QUEUES_MAX) {
        q = &queues[count];
        name_it(q->name, name);
        make_gauges(q);
        atomic_store(&queue_count, count + 1);
    }
    pthread_mutex_unlock(&lock);
    if (q != NULL) metric_set(q->capacity, capacity);
    board_queue_set(q, 0, 0);
    return q;
}

void board_queue_resize(struct board_queue *q, int64_t capacity) {
    if (q != NULL) metric_set(q->capacity, capacity);
}

void board_queue_set(struct board_queue *q, int64_t waiting, usec oldest_at) {
    if (q == NULL) return;
    metric_set(q->waiting, waiting);
    metric_set(q->oldest, waiting > 0 ? oldest_at : 0);
}

int board_queues(struct board_queue_view ret[BOARD_QUEUES_MAX]) {
    const int count = atomic_load(&queue_count);
    for (int i = 0; i < count; i++) {
        const struct board_queue *const q = &queues[i];
        const int64_t waiting = metric_value(q->waiting);
        ret[i] = (struct board_queue_view){.name = q->name,
                                           .waiting = waiting,
                                           .capacity = metric_value(q->capacity),
                                           .oldest_at = waiting > 0 ? metric_value(q->oldest) : 0};
    }
    return count;
}

/* --- threads --------------------------------------------------------------------------------- */

struct board_task *board_task_open(const char *name, usec now) {
    struct board_task *t = NULL;
    pthread_mutex_lock(&lock);
    const int count = atomic_load(&task_count);
    for (int i = 0; i < count && t == NULL; i++)
        if (named(tasks[i].name, name)) t = &tasks[i];
    if (t == NULL && count < BOARD_TASKS_MAX) {
        t = &tasks[count];
        name_it(t->name, name);
        atomic_store(&task_count, count + 1);
    }
    pthread_mutex_unlock(&lock);
    board_task_set(t, NULL, now);
    return t;
}

void board_task_set(struct board_task *t, const char *doing, usec now) {
    if (t == NULL) return;
    atomic_store_explicit(&t->doing, doing, memory_order_relaxed);
    atomic_store_explicit(&t->since, now, memory_order_relaxed);
}

int board_tasks(struct board_task_view ret[BOARD_TASKS_MAX]) {
    const int count = atomic_load(&task_count);
    for (int i = 0; i < count; i++)
        ret[i] = (struct board_task_view){
            .name = tasks[i].name,
            .doing = atomic_load_explicit(&tasks[i].doing, memory_order_relaxed),
            .since = atomic_load_explicit(&tasks[i].since, memory_order_relaxed)};
    return count;
}

/* --- breakers -------------------------------------------------------------------------------- */

void board_breaker_put(const struct board_breaker *b) {
    pthread_mutex_lock(&lock);
    int i = 0;
    while (i < breaker_count && !named(breakers[i].name, b->name)) i++;
    if (i < BOARD_BREAKERS_MAX) breakers[i] = *b;
    if (i == breaker_count && i < BOARD_BREAKERS_MAX) breaker_count++;
    pthread_mutex_unlock(&lock);
}

int board_breakers(struct board_breaker ret[BOARD_BREAKERS_MAX]) {
    pthread_mutex_lock(&lock);
    const int count = breaker_count;
    memcpy(ret, breakers, sizeof ret[0] * (size_t)count);
    pthread_mutex_unlock(&lock);
    return count;
}
