/* gang: fork and join with meetings in between.
 *
 * There are never more threads at work than members: the caller is one of them. Members sleep
 * between works. Within a work
 * they meet a dozen times in some milliseconds: there they spin, and give the processor away when
 * somebody is late. Errors only at opening. */
#include "model/gang.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define SPINS 20000 /* some tens of microseconds */

struct gang {
    int members;
    pthread_mutex_t lock; /* of what follows, but for the atomics */
    pthread_cond_t begin, end;
    void (*work)(void *ctx, int member);
    void *ctx;
    int64_t job; /* counts works */
    int busy;    /* members that have not ended */
    bool leave;
    atomic_int arrived;
    atomic_int round; /* of meetings */
    pthread_t thread[GANG_MEMBERS_MAX];
    struct seat {
        struct gang *gang;
        int member;
    } seat[GANG_MEMBERS_MAX];
};

static void *member_main(void *arg) {
    const struct seat *seat = arg;
    struct gang *g = seat->gang;
    int64_t done = 0;
    pthread_mutex_lock(&g->lock);
    for (;;) {
        while (g->job == done && !g->leave) pthread_cond_wait(&g->begin, &g->lock);
        if (g->leave) break;
        done = g->job;
        pthread_mutex_unlock(&g->lock);
        g->work(g->ctx, seat->member);
        pthread_mutex_lock(&g->lock);
        if (--g->busy == 0) pthread_cond_signal(&g->end);
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

bool gang_open(struct arena *boot, int members, struct gang **ret, struct error *err) {
    PRE(members >= 1 && members <= GANG_MEMBERS_MAX);
    struct gang *g = NEW(boot, struct gang);
    g->members = 1;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->begin, NULL);
    pthread_cond_init(&g->end, NULL);
    for (int i = 1; i < members; i++) {
        g->seat[i] = (struct seat){g, i};
        const int sys = pthread_create(&g->thread[i], NULL, member_main, &g->seat[i]);
        if (sys != 0) {
            gang_close(g);
            return fail(err, ERR_IO, sys, "a thread for the model: %s", strerror(sys));
        }
        g->members++;
    }
    *ret = g;
    return true;
}

void gang_close(struct gang *g) {
    if (!g) return;
    pthread_mutex_lock(&g->lock);
    g->leave = true;
    pthread_cond_broadcast(&g->begin);
    pthread_mutex_unlock(&g->lock);
    for (int i = 1; i < g->members; i++) pthread_join(g->thread[i], NULL);
    pthread_cond_destroy(&g->end);
    pthread_cond_destroy(&g->begin);
    pthread_mutex_destroy(&g->lock);
}

void gang_run(struct gang *g, void (*work)(void *ctx, int member), void *ctx) {
    if (g->members > 1) {
        pthread_mutex_lock(&g->lock);
        g->work = work;
        g->ctx = ctx;
        g->busy = g->members - 1;
        g->job++;
        pthread_cond_broadcast(&g->begin);
        pthread_mutex_unlock(&g->lock);
    }
    work(ctx, 0);
    if (g->members > 1) {
        pthread_mutex_lock(&g->lock);
        while (g->busy > 0) pthread_cond_wait(&g->end, &g->lock);
        pthread_mutex_unlock(&g->lock);
    }
}

void gang_meet(struct gang *g) {
    if (g->members == 1) return;
    const int round = atomic_load(&g->round);
    if (atomic_fetch_add(&g->arrived, 1) + 1 == g->members) {
        atomic_store(&g->arrived, 0);
        atomic_store(&g->round, round + 1);
        return;
    }
    for (int spins = 0; atomic_load(&g->round) == round; spins++)
        if (spins > SPINS) sched_yield();
}
