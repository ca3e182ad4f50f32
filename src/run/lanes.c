/* lanes: see the header.
 *
 * A lane is a thread and two rings of requests, what changes something and what only asks. A
 * request's reply has its place in the inbox before the request is taken, so a reply is never lost
 * and never waits. A request for new orders that has become too old while it waited is not sent:
 * the venue would refuse its timestamp, or worse, take it at a price from another time; or it would
 * come to stand after "no such order" had counted as proof. What was asked and not yet sent when it
 * ends is not sent: nobody is left to hear the answers, and each may take seconds.
 *
 * Threads: lanes_send is the trader's; each lane calls the venue on its own thread. */
#include "run/lanes.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/board.h"
#include "run/meter.h"

#define LANE_MAX 32

struct ring {
    struct request v[LANE_MAX];
    usec at[LANE_MAX]; /* when it was put; wall clock */
    int head, count;
};

struct lane {
    struct lanes *lanes;
    pthread_t thread;
    pthread_cond_t came;
    struct ring acts, asks;
    bool drops; /* enter: what waits when we stop is not sent */
    struct reply reply;
    struct board_queue *waiting_shown;
    struct board_task *task_shown;
};

struct lanes {
    struct venue *venue;
    struct inbox *inbox;
    pthread_mutex_t mutex;
    bool stop;
    bool closed; /* the trader's thread alone reads and writes it */
    struct lane protect, enter;
};

bool request_is_late(const struct request *rq, usec now) {
    if (rq->signed_at <= 0) return false;
    switch (rq->kind) {
    case REQUEST_BRACKET:
        return rq->recv_window > 0 && now > rq->signed_at + rq->recv_window / 2;
    case REQUEST_PROTECT:
    case REQUEST_EXIT:
        return now > rq->signed_at + REQUEST_LIFE;
    case REQUEST_CANCEL:
    case REQUEST_QUERY:
    case REQUEST_SNAPSHOT:
        return false; /* makes nothing, and is dated when it is sent */
    }
    WRONG("request kind out of its list");
}

void request_unsent(const struct request *rq, outcome why, const char *text, struct reply *ret) {
    *ret = (struct reply){
        .request_id = rq->id, .kind = rq->kind, .trade_id = rq->trade_id, .outcome = why};
    IGNORE(!str_copyz(str_from_z(text), ret->text, sizeof ret->text), "ours, short");
}

static void call(struct lane *l, const struct request *rq, usec now) {
    const usec began = time_monotonic_us();
    venue_call(l->lanes->venue, now, rq, &l->reply);
    meter_stage_took(STAGE_VENUE, time_monotonic_us() - began, 1);
}

static void do_one(struct lane *l, const struct request *rq, bool dropped) {
    const usec now = time_wall_us();
    if (dropped)
        request_unsent(rq, OUTCOME_LATE, "stopping", &l->reply);
    else if (request_is_late(rq, now))
        request_unsent(rq, OUTCOME_LATE, "waited too long to be sent", &l->reply);
    else
        call(l, rq, now);
    inbox_put_reply(l->lanes->inbox, &l->reply);
}

static bool ring_put(struct ring *r, const struct request *rq) {
    if (r->count == LANE_MAX) return false;
    const int place = (r->head + r->count++) % LANE_MAX;
    r->v[place] = *rq;
    r->at[place] = time_wall_us();
    return true;
}

static bool ring_take(struct ring *r, struct request *ret) {
    if (r->count == 0) return false;
    *ret = r->v[r->head];
    meter_stage_took(STAGE_LANE, time_wall_us() - r->at[r->head], 1);
    r->head = (r->head + 1) % LANE_MAX;
    r->count--;
    return true;
}

static bool only_asks(request_kind k) { return k == REQUEST_QUERY || k == REQUEST_SNAPSHOT; }

/* For those who look. */
static const char *doing(request_kind k) {
    switch (k) {
    case REQUEST_BRACKET:
        return "an entry";
    case REQUEST_PROTECT:
        return "a stop and target";
    case REQUEST_EXIT:
        return "an exit";
    case REQUEST_CANCEL:
        return "a cancel";
    case REQUEST_QUERY:
        return "a question about an order";
    case REQUEST_SNAPSHOT:
        return "a look at the whole account";
    }
    WRONG("request kind out of its list");
}

static usec oldest(const struct ring *r) { return r->count > 0 ? r->at[r->head] : USEC_NEVER; }

/* PRE: locked. */
static void show(struct lane *l) {
    board_queue_set(l->waiting_shown, l->acts.count + l->asks.count,
                    i64_min(oldest(&l->acts), oldest(&l->asks)));
}

static void *run_lane(void *arg) {
    struct lane *l = arg;
    struct lanes *all = l->lanes;
    struct request rq;
    pthread_mutex_lock(&all->mutex);
    for (;;) {
        if (!ring_take(&l->acts, &rq) && !ring_take(&l->asks, &rq)) {
            if (all->stop) break;
            pthread_cond_wait(&l->came, &all->mutex);
            continue;
        }
        const bool dropped = all->stop && (l->drops || only_asks(rq.kind));
        show(l);
        pthread_mutex_unlock(&all->mutex);
        board_task_set(l->task_shown, doing(rq.kind), time_wall_us());
        do_one(l, &rq, dropped);
        board_task_set(l->task_shown, NULL, time_wall_us());
        pthread_mutex_lock(&all->mutex);
    }
    pthread_mutex_unlock(&all->mutex);
    return NULL;
}

bool lanes_send(struct lanes *all, const struct request *rq) {
    struct lane *l = rq->kind == REQUEST_BRACKET ? &all->enter : &all->protect;
    if (all->closed || !inbox_reserve(all->inbox)) return false;
    pthread_mutex_lock(&all->mutex);
    const bool ok =
        !(all->stop && l->drops) && ring_put(only_asks(rq->kind) ? &l->asks : &l->acts, rq);
    if (ok) {
        show(l);
        pthread_cond_signal(&l->came);
    }
    pthread_mutex_unlock(&all->mutex);
    if (!ok) inbox_unreserve(all->inbox);
    return ok;
}

static bool start(struct lanes *all, struct lane *l, const char *name, int room) {
    l->lanes = all;
    l->waiting_shown = board_queue_open(name, room);
    l->task_shown = board_task_open(name, time_wall_us());
    pthread_cond_init(&l->came, NULL);
    return pthread_create(&l->thread, NULL, run_lane, l) == 0;
}

void lanes_stop(struct lanes *all) {
    pthread_mutex_lock(&all->mutex);
    all->stop = true;
    pthread_cond_broadcast(&all->protect.came);
    pthread_cond_broadcast(&all->enter.came);
    pthread_mutex_unlock(&all->mutex);
}

bool lanes_open(struct arena *boot, struct venue *v, struct inbox *in, struct lanes **ret,
                struct error *err) {
    struct lanes *all = NEW(boot, struct lanes);
    all->venue = v;
    all->inbox = in;
    all->enter.drops = true;
    pthread_mutex_init(&all->mutex, NULL);
    if (!start(all, &all->protect, "venue: exits, repairs and questions", 2 * LANE_MAX))
        return fail(err, ERR_LIMIT, 0, "the lane to the venue: no more threads");
    if (!start(all, &all->enter, "venue: entries", LANE_MAX)) {
        lanes_stop(all);
        pthread_join(all->protect.thread, NULL);
        return fail(err, ERR_LIMIT, 0, "the lane to the venue: no more threads");
    }
    *ret = all;
    return true;
}

void lanes_close(struct lanes *all) {
    if (!all) return;
    lanes_stop(all);
    pthread_join(all->protect.thread, NULL);
    pthread_join(all->enter.thread, NULL);
    all->closed = true;
    pthread_cond_destroy(&all->protect.came);
    pthread_cond_destroy(&all->enter.came);
    pthread_mutex_destroy(&all->mutex);
}
