/* simport: simkit's exchange behind a loopback port, served by a thread, in real time. */
#ifndef BF_TESTS_LIB_SIMPORT_H
#define BF_TESTS_LIB_SIMPORT_H

#include <pthread.h>

#include "net/http.h"
#include "sim/server.h"
#include "simkit.h"

struct simport {
    struct simkit kit;
    struct sim_server *server;
    pthread_t thread;
    int port;
    char rest[64], ws_api[64], stream[64];

    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int64_t price; /* whole units that BTC shall have; 0: nothing to do. Under the mutex */
};

static inline bool simport_woken(void *ctx, struct exchange *ex, usec now) {
    struct simport *p = ctx;
    pthread_mutex_lock(&p->mutex);
    if (p->price > 0) exchange_price_set(ex, now, SIM_BTC, price_from_e8(p->price * E8));
    p->price = 0;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->mutex);
    return true;
}

static inline void *simport_run(void *arg) {
    struct simport *p = arg;
    struct error err;
    if (!sim_server_run(p->server, &err)) print_error("sim: %s\n", err.msg);
    return NULL;
}

/* Serves, on the port that it had before. */
static inline void simport_up(struct simport *p) {
    struct error err;
    const struct sim_server_options opt = {.exchange = p->kit.ex,
                                           .host = STR("127.0.0.1"),
                                           .port = p->port,
                                           .woken = simport_woken,
                                           .woken_ctx = p};
    assert_ok(sim_server_open(&opt, &p->server, &err), &err);
    const char *colon = strrchr(sim_server_url(p->server), ':');
    p->port = (int)strtol(colon + 1, NULL, 10);
    snprintf(p->rest, sizeof p->rest, "http://127.0.0.1:%d", p->port);
    snprintf(p->ws_api, sizeof p->ws_api, "ws://127.0.0.1:%d/ws-api/v3", p->port);
    snprintf(p->stream, sizeof p->stream, "ws://127.0.0.1:%d", p->port);
    assert_int_equal(pthread_create(&p->thread, NULL, simport_run, p), 0);
}

static inline void simport_down(struct simport *p) {
    sim_server_stop(p->server);
    pthread_join(p->thread, NULL);
    sim_server_close(p->server);
    p->server = NULL;
}

/* plan: as bullfinch sim takes it; NULL: nothing goes wrong. */
static inline void simport_open(struct simport *p, const char *plan) {
    struct error err;
    memset(p, 0, sizeof *p);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->moved, NULL);
    simkit_prepare(&p->kit);
    p->kit.now = p->kit.opt.start = time_wall_us();
    if (plan != NULL)
        assert_ok(faults_parse(&p->kit.boot, str_from_z(plan), 7, &p->kit.opt.faults, &err), &err);
    simkit_begin(&p->kit);
    simport_up(p);
}

static inline void simport_close(struct simport *p) {
    if (p->server != NULL) simport_down(p);
    simkit_close(&p->kit);
    pthread_cond_destroy(&p->moved);
    pthread_mutex_destroy(&p->mutex);
}

/* Moves BTC, and returns when it has moved. */
static inline void simport_price(struct simport *p, int64_t whole) {
    pthread_mutex_lock(&p->mutex);
    p->price = whole;
    sim_server_wake(p->server);
    while (p->price != 0) pthread_cond_wait(&p->moved, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}

/* POST /sim/WHAT */
static inline void simport_post(struct simport *p, const char *what, const char *query) {
    char path[64];
    struct arena a;
    struct http *h;
    struct http_answer answer;
    struct error err;
    arena_open(&a, 1 << 16);
    snprintf(path, sizeof path, "/sim/%s", what);
    assert_ok(http_curl_open(&a, str_from_z(p->rest), HOST_SPOT_REST, &h, &err), &err);
    http_call(h,
              &(struct http_request){.method = HTTP_POST,
                                     .path = str_from_z(path),
                                     .query = str_from_z(query),
                                     .timeout = 10 * USEC_PER_S},
              &answer);
    if (answer.end != HTTP_ANSWERED || answer.status != 200)
        fail_msg("%s?%s: %d " STR_FMT " %s", path, query, answer.status, STR_ARG(answer.body),
                 answer.why);
    http_close(h);
    arena_close(&a);
}

#endif
