/* live_net: the threads of a live source that do I/O.
 *
 * Two lanes, each a thread with one request at a time and connections of its own that it keeps: one
 * for calls, one for the stream where that is an HTTP answer. A WebSocket has the thread of a loop
 * of its own instead. What they bring goes to next()'s thread: an answer stays in its lane until
 * it was told, what a stream says goes through the ring, and where that is full the thread waits,
 * and with it the other side.
 *
 * A piece is stamped when it comes, under the lock, so that times go up in the order in which
 * things are told. A request is copied; its token is wiped as soon as it has been made.
 *
 * Failure: what goes wrong with a request is its answer. Threads that cannot be had fail the
 * opening. */
#include "source/live_int.h"

#include <signal.h>
#include <stdlib.h>

#include "base/secret.h"

#define REQUEST_BYTES (8 << 20) /* address space; what is used is what a request has */
#define HOSTS_BYTES (1 << 20)
#define SILENCE (30 * USEC_PER_S) /* of a WebSocket, though a ping asked for a sign */

usec live_clock(struct live *l) {
    usec jump;
    return steady_now(&l->clock, time_wall_us(), time_monotonic_us(), &jump);
}

/* --- into the ring ------------------------------------------------------------------------ */

/* False: the stream is to end. */
static bool put(struct live *l, live_told_kind kind, str line) {
    const bool may_drop = kind != LIVE_TOLD_GONE; /* its end must be told */
    pthread_mutex_lock(&l->mutex);
    const struct live_told t = {kind, live_clock(l), line};
    bool wanted = true, done = false;
    while (wanted && !done) {
        wanted = !l->stop && !(may_drop && l->shut);
        done = wanted && live_ring_put(&l->ring, &t);
        l->blocked = wanted && !done;
        if (l->blocked) pthread_cond_wait(&l->room, &l->mutex);
    }
    pthread_cond_signal(&l->came);
    pthread_mutex_unlock(&l->mutex);
    return wanted;
}

static bool on_opened(void *ctx) { return put(ctx, LIVE_TOLD_OPENED, STR("")); }
static bool on_line(void *ctx, str line) { return put(ctx, LIVE_TOLD_LINE, line); }

static bool stream_goes_on(void *ctx) {
    struct live *l = ctx;
    pthread_mutex_lock(&l->mutex);
    const bool go = !l->stop && !l->shut;
    pthread_mutex_unlock(&l->mutex);
    return go;
}

static bool call_goes_on(void *ctx) {
    struct live *l = ctx;
    pthread_mutex_lock(&l->mutex);
    const bool go = !l->stop;
    pthread_mutex_unlock(&l->mutex);
    return go;
}

/* --- the lanes ---------------------------------------------------------------------------- */

static void not_sent(struct http_answer *ret, const char *why) {
    http_answer_clear(ret);
    ret->end = HTTP_NOT_SENT;
    IGNORE(!str_copyz(str_from_z(why), ret->why, sizeof ret->why), "cut is fine");
}

/* The lane's connection to the host; NULL: *ret says why there is none. */
static struct http *host_of(struct live_lane *lane, str base, struct http_answer *ret) {
    struct error err;
    for (int i = 0; i < lane->host_count; i++)
        if (str_eq(base, str_from_z(lane->hosts[i].base))) return lane->hosts[i].http;
    struct live_host *h = &lane->hosts[lane->host_count];
    if (lane->host_count == LIVE_HOSTS_MAX || !str_copyz(base, h->base, sizeof h->base)) {
        not_sent(ret, "more hosts, or longer names of hosts, than one source may have");
        return NULL;
    }
    if (!http_curl_open(&lane->hosts_mem, base, HOST_FEED_REST, &h->http, &err)) {
        not_sent(ret, err.msg);
        return NULL;
    }
    lane->host_count++;
    return h->http;
}

static void make(struct live_lane *lane) {
    struct live *l = lane->live;
    const struct http_reader to = {l, on_opened, on_line, stream_goes_on};
    lane->rq.go_on = call_goes_on;
    lane->rq.go_on_ctx = l;
    struct http *h = host_of(lane, lane->base, &lane->answer);
    if (h != NULL && lane->is_stream)
        http_stream(h, &lane->rq, &to, &lane->answer);
    else if (h != NULL)
        http_call(h, &lane->rq, &lane->answer);
    memory_wipe((char *)(uintptr_t)lane->rq.bearer.p, lane->rq.bearer.n); /* our copy */
}

/* The next request may be asked for once the answer was told. */
static void publish(struct live_lane *lane) {
    struct live *l = lane->live;
    pthread_mutex_lock(&l->mutex);
    if (lane->is_stream) l->gone = lane->answer;
    lane->state = lane->is_stream ? LANE_IDLE : LANE_DONE;
    lane->done_at = live_clock(l);
    pthread_cond_signal(&l->came);
    pthread_mutex_unlock(&l->mutex);
    if (lane->is_stream) IGNORE(!put(l, LIVE_TOLD_GONE, STR("")), "the source ends");
}

static void *run(void *arg) {
    struct live_lane *lane = arg;
    struct live *l = lane->live;
    pthread_mutex_lock(&l->mutex);
    for (;;) {
        while (!l->stop && lane->state != LANE_WANTED) pthread_cond_wait(&l->work, &l->mutex);
        if (l->stop) break;
        lane->state = LANE_RUNNING;
        pthread_mutex_unlock(&l->mutex);
        make(lane);
        publish(lane);
        pthread_mutex_lock(&l->mutex);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

/* --- the WebSocket ------------------------------------------------------------------------ */

static void on_ws_opened(void *ctx, struct ws *w) {
    struct live *l = ctx;
    (void)w;
    l->ws_was_open = true;
    IGNORE(!on_opened(l), "it is being shut");
}

static void on_ws_message(void *ctx, struct ws *w, str text) {
    (void)w;
    IGNORE(!on_line(ctx, text), "it is being shut");
}

static void on_ws_alive(void *ctx, struct ws *w) {
    (void)w;
    IGNORE(!on_line(ctx, STR("")), "it is being shut");
}

static void on_ws_gone(void *ctx, struct ws *w, const char *why) {
    struct live *l = ctx;
    pthread_mutex_lock(&l->mutex); /* whoever opened it has its address by then */
    l->ws = NULL;
    pthread_mutex_unlock(&l->mutex);
    not_sent(&l->gone, why);
    if (l->ws_was_open) l->gone.end = HTTP_LOST;
    if (ws_refused_with(w) > 0) {
        l->gone.end = HTTP_ANSWERED;
        l->gone.status = ws_refused_with(w);
    }
    IGNORE(!put(l, LIVE_TOLD_GONE, STR("")), "the source ends");
}

static void open_ws(struct live *l, const struct connector_step *step) {
    const struct ws_events ev = {l, on_ws_opened, on_ws_message, on_ws_gone, on_ws_alive};
    struct buf url;
    struct error err;
    buf_init(&url, 1 << 16);
    buf_put(&url, step->base);
    buf_put(&url, step->request.path);
    if (step->request.query.n > 0) buf_put_byte(&url, '?');
    buf_put(&url, step->request.query);
    const struct ws_target t = {buf_str(&url), HOST_FEED_STREAM, SILENCE};
    l->ws_was_open = false;
    pthread_mutex_lock(&l->mutex);
    struct ws *w = NULL;
    const bool ok = ws_open(l->loop, &t, &ev, &w, &err); /* `gone` waits for the lock */
    l->ws = w;
    pthread_mutex_unlock(&l->mutex);
    buf_fini(&url);
    if (ok) return;
    not_sent(&l->gone, err.msg);
    IGNORE(!put(l, LIVE_TOLD_GONE, STR("")), "the ring is empty where nothing is open");
}

/* --- what the connector wants ------------------------------------------------------------- */

static void ask(struct live_lane *lane, const struct connector_step *step) {
    struct live *l = lane->live;
    pthread_mutex_lock(&l->mutex);
    PRE(lane->state == LANE_IDLE); /* one at a time */
    arena_reset(&lane->mem);
    lane->rq = step->request;
    lane->rq.path = str_dup(&lane->mem, step->request.path);
    lane->rq.query = str_dup(&lane->mem, step->request.query);
    lane->rq.body = str_dup(&lane->mem, step->request.body);
    lane->rq.key = STR("");
    lane->rq.bearer = str_dup(&lane->mem, step->request.bearer);
    lane->base = str_dup(&lane->mem, step->base);
    lane->state = LANE_WANTED;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->mutex);
}

void live_net_call(struct live *l, const struct connector_step *step) { ask(&l->calls, step); }

void live_net_open_stream(struct live *l, const struct connector_step *step) {
    pthread_mutex_lock(&l->mutex);
    l->shut = false;
    pthread_mutex_unlock(&l->mutex);
    if (l->c->ops->web_socket)
        open_ws(l, step);
    else
        ask(&l->stream, step);
}

void live_net_shut(struct live *l) {
    pthread_mutex_lock(&l->mutex);
    if (!l->shut && l->ws != NULL) ws_shut(l->ws);
    l->shut = true;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->mutex);
}

void live_net_send(struct live *l, str text) {
    pthread_mutex_lock(&l->mutex);
    const bool gone = l->ws == NULL; /* that will be told */
    const bool ok = gone || ws_send(l->ws, text);
    pthread_mutex_unlock(&l->mutex);
    if (!ok) live_net_shut(l);
}

/* --- opening and closing ------------------------------------------------------------------ */

static bool lane_open(struct live *l, struct live_lane *lane, bool is_stream, struct error *err) {
    sigset_t all, before;
    lane->live = l;
    lane->is_stream = is_stream;
    arena_open(&lane->mem, REQUEST_BYTES);
    arena_open(&lane->hosts_mem, HOSTS_BYTES);
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    lane->runs = pthread_create(&lane->thread, NULL, run, lane) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!lane->runs)
        return fail(err, ERR_LIMIT, 0, "a thread of source %s: the system allows no more", l->key);
    return true;
}

static void lane_close(struct live_lane *lane) {
    if (lane->runs) pthread_join(lane->thread, NULL);
    for (int i = 0; i < lane->host_count; i++) http_close(lane->hosts[i].http);
    arena_close(&lane->mem);
    arena_close(&lane->hosts_mem);
}

bool live_net_open(struct live *l, struct error *err) {
    if (!lane_open(l, &l->calls, false, err)) return false;
    if (!l->c->ops->web_socket) return lane_open(l, &l->stream, true, err);
    return ws_loop_open(&l->loop, err);
}

/* `stop` is set: whoever waits for room, or for an answer, ends within about a second. */
void live_net_close(struct live *l) {
    ws_loop_close(l->loop);
    lane_close(&l->calls);
    lane_close(&l->stream);
}
