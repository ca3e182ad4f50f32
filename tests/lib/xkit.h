/* xkit: X's face in memory for tests: a timeline of posts, requests, streams, JSON paths. */
#ifndef BF_TESTS_LIB_XKIT_H
#define BF_TESTS_LIB_XKIT_H

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>

#include "check.h"
#include "sim/faults.h"
#include "sim/x_face.h"

#define XKIT_POSTS 2048
#define XKIT_START (INT64_C(1795000000) * USEC_PER_S) /* 2026-11-18T11:06:40Z */

struct xkit {
    struct arena boot;
    struct x_face_options opt;
    struct sim_post posts[XKIT_POSTS];
    int post_count, given;
    struct x_face *x;
    struct sim_face face;
    usec now;
    struct buf body;
    struct sim_answer last;
    json_t *json; /* of the last answer; NULL: it was none */
    const char *fault;
    const char *authorization;
};

static inline bool xkit_next(void *ctx, struct sim_post *ret) {
    struct xkit *k = ctx;
    if (k->given == k->post_count) return false;
    *ret = k->posts[k->given++];
    return true;
}

/* Sets what may be changed before xkit_begin. */
static inline void xkit_prepare(struct xkit *k) {
    memset(k, 0, sizeof *k);
    arena_open(&k->boot, INT64_C(1) << 26);
    k->now = XKIT_START;
    k->opt = (struct x_face_options){.timeline = {xkit_next, k},
                                     .token = STR("t%2Fken"),
                                     .seed = 7,
                                     .credits = money_from_e8(-1),
                                     .start = XKIT_START};
    k->opt.price[RESOURCE_POST] = k->opt.price[RESOURCE_EVENT] = money_from_e8(E8 / 200);
    k->opt.price[RESOURCE_USER] = money_from_e8(E8 / 100);
    k->authorization = "Bearer t%2Fken";
    buf_init(&k->body, 32 << 20);
}

static inline void xkit_begin(struct xkit *k) {
    struct error err;
    assert_ok(x_face_open(&k->boot, &k->opt, &k->x, &err), &err);
    x_face_x(k->x, &k->face);
}

static inline void xkit_close(struct xkit *k) {
    json_decref(k->json);
    x_face_close(k->x);
    buf_fini(&k->body);
    arena_close(&k->boot);
}

/* A post of the timeline, `s` seconds after the start (negative: before). */
static inline struct sim_post *xkit_post(struct xkit *k, double s, const char *who,
                                         const char *text) {
    struct sim_post *p = &k->posts[k->post_count++];
    *p = (struct sim_post){.kind = SIM_POST,
                           .at = XKIT_START + (usec)(s * 1e6),
                           .username = str_from_z(who),
                           .text = str_from_z(text),
                           .lang = STR("en")};
    return p;
}

static inline void xkit_wait(struct xkit *k, double s) {
    k->now += (usec)(s * 1e6);
    k->face.advance(k->face.ctx, k->now);
}

/* The status; the body as JSON is in k->json where it is that. target: path and query. */
static inline int xkit_call(struct xkit *k, const char *method, const char *target,
                            const char *body) {
    str query = str_from_z(target), path;
    json_decref(k->json);
    k->json = NULL;
    assert_true(str_cut(&query, '?', &path));
    const struct sim_request rq = {.method = str_from_z(method),
                                   .path = path,
                                   .query = query.p ? query : STR(""),
                                   .body = str_from_z(body ? body : ""),
                                   .fault = str_from_z(k->fault ? k->fault : ""),
                                   .authorization = str_from_z(k->authorization),
                                   .peer = 1};
    k->last = (struct sim_answer){.body = &k->body};
    k->face.request(k->face.ctx, k->now, &rq, &k->last);
    if (!k->last.html && k->body.len > 0)
        k->json = json_loadb(k->body.p, (size_t)k->body.len, JSON_REJECT_DUPLICATES, NULL);
    return k->last.status;
}

static inline int xkit_get(struct xkit *k, const char *target) {
    return xkit_call(k, "GET", target, NULL);
}

/* "data.0.text"; NULL: there is no such thing. */
static inline const json_t *xkit_at(const json_t *v, const char *path) {
    str rest = str_from_z(path), part;
    while (v && str_cut(&rest, '.', &part)) {
        char name[64];
        int64_t at;
        assert_true(str_copyz(part, name, sizeof name));
        if (json_is_array(v) && str_to_i64(part, &at))
            v = json_array_get(v, (size_t)at);
        else
            v = json_object_get(v, name);
    }
    return v;
}

/* Of the last answer; "" where it is no text. */
static inline const char *xkit_text(const struct xkit *k, const char *path) {
    const json_t *v = xkit_at(k->json, path);
    return json_is_string(v) ? json_string_value(v) : "";
}

static inline int64_t xkit_i64(const struct xkit *k, const char *path) {
    const json_t *v = xkit_at(k->json, path);
    return json_is_integer(v) ? json_integer_value(v) : INT64_MIN;
}

static inline int xkit_count(const struct xkit *k, const char *path) {
    return (int)json_array_size(xkit_at(k->json, path));
}

/* The next chunk of a stream into k->body (and k->json). */
static inline sim_frame xkit_next_chunk(struct xkit *k, int conn, int *ret_code) {
    json_decref(k->json);
    k->json = NULL;
    buf_clear(&k->body);
    const sim_frame f = k->face.next(k->face.ctx, k->now, conn, &k->body, ret_code);
    if (f == SIM_TEXT && k->body.len > 2)
        k->json = json_loadb(k->body.p, (size_t)k->body.len, JSON_REJECT_DUPLICATES, NULL);
    return f;
}

/* A message must come; it is in k->json. */
static inline void xkit_message(struct xkit *k, int conn) {
    int code;
    const sim_frame f = xkit_next_chunk(k, conn, &code);
    if (f != SIM_TEXT || k->json == NULL) fail_msg("no message: frame %d", (int)f);
}

static inline void xkit_silence(struct xkit *k, int conn) {
    int code;
    const sim_frame f = xkit_next_chunk(k, conn, &code);
    if (f != SIM_NOTHING) fail_msg("frame %d: %s", (int)f, buf_z(&k->body));
}

static inline void xkit_keep_alive(struct xkit *k, int conn) {
    int code;
    assert_int_equal(xkit_next_chunk(k, conn, &code), SIM_TEXT);
    assert_string_equal(buf_z(&k->body), "\r\n");
}

static inline void xkit_cut(struct xkit *k, int conn) {
    int code = -1;
    assert_int_equal(xkit_next_chunk(k, conn, &code), SIM_SHUT);
    assert_int_equal(code, 0);
}

#endif
