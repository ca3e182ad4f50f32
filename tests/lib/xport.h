/* xport: the simulator's X and Jetstream behind a loopback port, served by a thread, in real time;
 * and its owner's doors. */
#ifndef BF_TESTS_LIB_XPORT_H
#define BF_TESTS_LIB_XPORT_H

#include <pthread.h>

#include "base/buf.h"
#include "check.h"
#include "net/http.h"
#include "sim/faults.h"
#include "sim/server.h"
#include "sim/x_face.h"

#define XPORT_NATIVES 16

struct xport {
    struct arena boot;
    struct x_face_options opt;
    struct x_face *face;
    struct sim_server *server;
    pthread_t thread;
    int port; /* the same while the server is up again and again */
    char rest[64], stream[64];

    pthread_mutex_t mutex;
    struct sim_post natives[XPORT_NATIVES]; /* lines of Jetstream to be published as they are */
    int native_count, native_given;
};

static inline bool xport_next(void *ctx, struct sim_post *ret) {
    struct xport *p = ctx;
    pthread_mutex_lock(&p->mutex);
    const bool any = p->native_given < p->native_count;
    if (any) *ret = p->natives[p->native_given++];
    pthread_mutex_unlock(&p->mutex);
    return any;
}

static inline void *xport_run(void *arg) {
    struct xport *p = arg;
    struct error err;
    if (!sim_server_run(p->server, &err)) print_error("sim: %s\n", err.msg);
    return NULL;
}

static inline void xport_up(struct xport *p) {
    struct error err;
    struct sim_face faces[2];
    x_face_x(p->face, &faces[0]);
    x_face_jetstream(p->face, &faces[1]);
    const struct sim_server_options opt = {
        .faces = faces, .face_count = 2, .host = STR("127.0.0.1"), .port = p->port};
    assert_ok(sim_server_open(&opt, &p->server, &err), &err);
    p->port = (int)strtol(strrchr(sim_server_url(p->server), ':') + 1, NULL, 10);
    snprintf(p->rest, sizeof p->rest, "http://127.0.0.1:%d", p->port);
    snprintf(p->stream, sizeof p->stream, "ws://127.0.0.1:%d", p->port);
    assert_int_equal(pthread_create(&p->thread, NULL, xport_run, p), 0);
}

/* All connections break, and nobody answers any more. */
static inline void xport_down(struct xport *p) {
    sim_server_stop(p->server);
    pthread_join(p->thread, NULL);
    sim_server_close(p->server);
    p->server = NULL;
}

/* Sets what may be changed before xport_begin. */
static inline void xport_prepare(struct xport *p) {
    static const struct sim_user users[] = {{1001, {"alice", 5}}};
    memset(p, 0, sizeof *p);
    pthread_mutex_init(&p->mutex, NULL);
    arena_open(&p->boot, INT64_C(1) << 28);
    p->opt = (struct x_face_options){.timeline = {xport_next, p},
                                     .users = users,
                                     .user_count = 1,
                                     .token = STR("t0ken"),
                                     .seed = 7,
                                     .credits = money_from_e8(-1),
                                     .start = time_wall_us()};
    p->opt.price[RESOURCE_POST] = p->opt.price[RESOURCE_EVENT] = money_from_e8(E8 / 200);
    p->opt.price[RESOURCE_USER] = money_from_e8(E8 / 100);
}

/* plan: as bullfinch sim takes it; NULL: nothing goes wrong. */
static inline void xport_begin(struct xport *p, const char *plan) {
    static const struct symbols none;
    struct error err;
    if (plan != NULL) {
        assert_ok(faults_parse(&p->boot, str_from_z(plan), 7, &p->opt.faults, &err), &err);
        assert_ok(faults_begin(p->opt.faults, &none, p->opt.start, &err), &err);
    }
    assert_ok(x_face_open(&p->boot, &p->opt, &p->face, &err), &err);
    xport_up(p);
}

static inline void xport_close(struct xport *p) {
    if (p->server != NULL) xport_down(p);
    x_face_close(p->face);
    arena_close(&p->boot);
    pthread_mutex_destroy(&p->mutex);
}

/* POST /sim/x/WHAT; the id that it answers with, 0: none. */
static inline int64_t xport_admin(struct xport *p, const char *what, const char *query,
                                  const char *body) {
    char path[64];
    struct arena a;
    struct http *h;
    struct http_answer answer;
    struct error err;
    int64_t id = 0;
    arena_open(&a, 1 << 16);
    snprintf(path, sizeof path, "/sim/x/%s", what);
    assert_ok(http_curl_open(&a, str_from_z(p->rest), HOST_FEED_REST, &h, &err), &err);
    http_call(h,
              &(struct http_request){.method = HTTP_POST,
                                     .path = str_from_z(path),
                                     .query = str_from_z(query),
                                     .body = str_from_z(body),
                                     .json = true,
                                     .timeout = 10 * USEC_PER_S},
              &answer);
    if (answer.end != HTTP_ANSWERED || answer.status != 200)
        fail_msg("%s?%s: %d " STR_FMT " %s", path, query, answer.status, STR_ARG(answer.body),
                 answer.why);
    const ptrdiff_t at = str_find(answer.body, STR("\"id\":\""));
    if (at >= 0) {
        str rest = str_tail(answer.body, at + 6), digits;
        assert_true(str_cut(&rest, '"', &digits) && str_to_i64(digits, &id));
    }
    http_close(h);
    arena_close(&a);
    return id;
}

static inline int64_t xport_publish(struct xport *p, const char *text) {
    char body[256];
    snprintf(body, sizeof body, "{\"username\":\"alice\",\"text\":\"%s\"}", text);
    const int64_t id = xport_admin(p, "publish", "", body);
    assert_true(id > 0);
    return id;
}

static inline int64_t xport_edit(struct xport *p, int64_t of, const char *text) {
    char body[256];
    snprintf(body, sizeof body, "{\"id\":\"%lld\",\"text\":\"%s\"}", (long long)of, text);
    return xport_admin(p, "edit", "", body);
}

static inline void xport_delete(struct xport *p, int64_t id) {
    char query[64];
    snprintf(query, sizeof query, "id=%lld", (long long)id);
    xport_admin(p, "delete", query, "");
}

/* A line of Jetstream, as it stands; borrowed. Published at the next request. */
static inline void xport_native(struct xport *p, str line) {
    pthread_mutex_lock(&p->mutex);
    assert_true(p->native_count < XPORT_NATIVES);
    p->natives[p->native_count++] = (struct sim_post){.at = time_wall_us(), .native = line};
    pthread_mutex_unlock(&p->mutex);
}

#endif
