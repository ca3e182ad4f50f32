/* live: a source of posts as they come: a connector on real connections.
 *
 * In: what the other side answers and sends, brought by the threads of live_net.c. Out: intakes, in
 * the order in which the connector gives them. The thread that calls next() holds the conversation:
 * it tells the connector one thing, passes on what came of it, asks what is wanted next, and does
 * no I/O itself. What is told keeps the order of its receipt, and the time that the connector knows
 * is that of what was told last, until nothing waits any more: then it is the clock's. So it never
 * goes back, and what had to wait is still known by when it came.
 *
 * The contract of sources wants an intake's strings in the caller's arena; the connector's may be
 * slices of what was told, and are copied when it is passed on.
 *
 * After stop() nothing is told any more. What was received and not passed on is lost here; the
 * state in the store lets the connector fetch it after the next start. */
#include "source/live_int.h"

#include <time.h>

/* --- waiting ------------------------------------------------------------------------------ */

/* With the mutex held: until something comes, at most for `most`. */
static void sleep_for(struct live *l, usec most) {
    const usec until = time_monotonic_us() + i64_clamp(most, 0, LIVE_TICK);
    const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    pthread_cond_timedwait(&l->came, &l->mutex, &ts);
}

/* With the mutex held: the oldest thing that has not been told. False: there is none. */
static bool pick(struct live *l, struct live_told *ret) {
    const bool piece = live_ring_peek(&l->ring, ret);
    const bool answer = l->calls.state == LANE_DONE;
    const bool first = piece ? l->calls.done_at < ret->at : !l->blocked; /* what waits is older */
    if (answer && first) {
        *ret = (struct live_told){.kind = LIVE_TOLD_ANSWER, .at = l->calls.done_at};
        l->calls.state = LANE_IDLE; /* what is in it stays until the next call */
        return true;
    }
    l->holds = piece;
    return piece;
}

/* With the mutex held: what was told last may go. Whoever waits for room goes on once there is
 * much, not for each piece. */
static void let_go(struct live *l) {
    if (!l->holds) return;
    live_ring_drop(&l->ring);
    l->holds = false;
    if (l->blocked && l->ring.used <= l->ring.bytes / 2) pthread_cond_signal(&l->room);
}

typedef enum awaited { AWAITED_STOP, AWAITED_TOLD, AWAITED_TIME } awaited;

static awaited await(struct live *l, struct live_told *ret) {
    awaited what = AWAITED_TIME;
    pthread_mutex_lock(&l->mutex);
    let_go(l);
    for (bool slept = false;; slept = true) {
        if (l->stop) {
            what = AWAITED_STOP;
            break;
        }
        if (pick(l, ret)) {
            l->now = i64_max(l->now, ret->at);
            what = AWAITED_TOLD;
            break;
        }
        if (!l->blocked) {
            l->now = live_clock(l);
            if (l->now >= l->until || slept) break;
        }
        sleep_for(l, l->until - l->now);
    }
    pthread_mutex_unlock(&l->mutex);
    return what;
}

/* --- the conversation --------------------------------------------------------------------- */

static void tell(struct live *l, const struct live_told *t) {
    l->told = true;
    switch (t->kind) {
    case LIVE_TOLD_OPENED:
        connector_opened(l->c, l->now);
        return;
    case LIVE_TOLD_LINE:
        l->base.counts.lines += t->line.n > 0;
        connector_line(l->c, l->now, t->line);
        return;
    case LIVE_TOLD_GONE:
        l->stream_on = false;
        connector_gone(l->c, l->now, &l->gone);
        return;
    case LIVE_TOLD_ANSWER:
        connector_answered(l->c, l->now, &l->calls.answer);
        return;
    case LIVE_TOLD_NONE:
        break;
    }
    WRONG("nothing was told");
}

/* Asks what is wanted, and has it done. */
static void obey(struct live *l) {
    struct connector_step step;
    connector_step(l->c, l->now, &step);
    switch (step.act) {
    case CONNECTOR_WAIT:
        l->waits = true;
        l->until = step.until;
        return;
    case CONNECTOR_CALL:
        live_net_call(l, &step);
        return;
    case CONNECTOR_OPEN:
        PRE(!l->stream_on);
        l->stream_on = true;
        live_net_open_stream(l, &step);
        return;
    case CONNECTOR_SHUT:
        live_net_shut(l);
        l->waits = true; /* whoever says it again all the time does not keep us busy */
        l->until = l->now + LIVE_TICK;
        return;
    case CONNECTOR_SEND:
        live_net_send(l, step.text);
        return;
    }
    WRONG("act out of its list");
}

/* --- passing on --------------------------------------------------------------------------- */

static void keep(struct arena *a, str *s) {
    const uintptr_t p = (uintptr_t)s->p;
    if (s->n > 0 && (p < (uintptr_t)a->base || p >= (uintptr_t)a->end)) *s = str_dup(a, *s);
}

/* Whatever is borrowed from what was told comes into the caller's arena. */
static void keep_all(struct arena *a, struct intake *it) {
    keep(a, &it->state);
    if (it->kind != INTAKE_POST) return;
    str *const texts[] = {&it->post.source,   &it->post.source_id, &it->post.author_id,
                          &it->post.username, &it->post.text,      &it->post.lang};
    for (int i = 0; i < COUNT_OF(texts); i++) keep(a, texts[i]);
}

static bool live_next(struct source *s, struct arena *a, struct intake *ret, struct error *err) {
    struct live *l = (struct live *)s;
    struct live_told t;
    (void)err; /* what goes wrong is a state */
    while (!l->ended) {
        if (connector_item(l->c, l->now, a, ret)) {
            keep_all(a, ret);
            if (ret->kind == INTAKE_POST) live_watch_post(l, &ret->post);
            return true;
        }
        if (live_watch_due(l, ret)) return true;
        if (!l->waits) {
            obey(l);
            continue;
        }
        l->waits = false;
        switch (await(l, &t)) {
        case AWAITED_STOP:
            l->ended = true;
            break;
        case AWAITED_TOLD:
            tell(l, &t);
            break;
        case AWAITED_TIME:
            break;
        }
    }
    *ret = (struct intake){.kind = INTAKE_END};
    return true;
}

/* --- life --------------------------------------------------------------------------------- */

static void live_stop(struct source *s) {
    struct live *l = (struct live *)s;
    pthread_mutex_lock(&l->mutex);
    l->stop = true;
    pthread_cond_broadcast(&l->came);
    pthread_cond_broadcast(&l->room);
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->mutex);
}

static void live_close(struct source *s) {
    struct live *l = (struct live *)s;
    live_stop(s);
    live_net_close(l);
    l->c->source = NULL;
    connector_close(l->c);
    arena_close(&l->mem);
    pthread_cond_destroy(&l->came);
    pthread_cond_destroy(&l->room);
    pthread_cond_destroy(&l->work);
    pthread_mutex_destroy(&l->mutex);
}

static const struct source_ops live_ops = {
    .name = "live", .next = live_next, .stop = live_stop, .close = live_close};

bool live_open(struct arena *boot, struct connector *c, struct source **ret, struct error *err) {
    struct live *l = NEW(boot, struct live);
    pthread_condattr_t attr;
    l->base.ops = &live_ops;
    l->c = c;
    c->source = &l->base;
    const str key = c->key.n > 0 ? c->key : str_from_z(c->ops->kind);
    IGNORE(!str_copyz(key, l->key, sizeof l->key), "keys are shorter");
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->came, &attr);
    pthread_cond_init(&l->room, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_condattr_destroy(&attr);
    arena_open(&l->mem, LIVE_RING_BYTES + (1 << 12));
    live_ring_init(&l->ring, arena_alloc(&l->mem, 1, _Alignof(max_align_t), LIVE_RING_BYTES),
                   LIVE_RING_BYTES);
    l->now = live_clock(l);
    live_watch_open(l);
    if (!live_net_open(l, err)) {
        live_close(&l->base);
        return false;
    }
    *ret = &l->base;
    return true;
}
