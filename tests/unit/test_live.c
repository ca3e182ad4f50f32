/* A connector on real connections: what is told comes whole, once, in order, at its time; whoever
 * stops is not kept waiting; nothing grows. */
#include "base/rng.h"
#include "raw_server.h"
#include "source/live_int.h"
#include "ws_server.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

/* --- a connector ------------------------------------------------------------------------- */

/* Opens its stream whenever it is not open, makes calls up to a number, and gives each line and
 * each answer on as a post whose text is a slice of it. */
struct probe {
    struct connector base;
    char stream_base[64], call_base[6][64];
    int call_bases, calls_wanted, streams_wanted;
    const char *send; /* once the stream is open */
    int shut_at;      /* SHUT behind so many lines; 0 never */
    int waits_wanted; /* so often WAIT ends by itself; then it is for ever */

    usec last; /* of all times that it was told */
    int calls, streams, opened, gone, lines, keep_alives, sent, shut, waits;
    bool calling, streaming, item;
    str told;
    struct http_answer went;
    char went_body[256];
    int answered;
    char whys[8][160]; /* of the answers */
};

static void on_time(struct probe *p, usec now) {
    assert_true(now >= p->last);
    p->last = now;
}

static void url_split(struct connector_step *ret, const char *base, const char *path) {
    ret->base = str_from_z(base);
    ret->request = (struct http_request){.method = HTTP_GET,
                                         .path = str_from_z(path),
                                         .query = STR("x=1"),
                                         .bearer = STR("tok-en"),
                                         .timeout = 10 * USEC_PER_S};
}

static void probe_step(struct connector *c, usec now, struct connector_step *ret) {
    struct probe *p = (struct probe *)c;
    on_time(p, now);
    if (!p->calling && p->calls < p->calls_wanted) {
        ret->act = CONNECTOR_CALL;
        url_split(ret, p->call_base[p->calls % p->call_bases], "/call");
        p->calling = true;
        p->calls++;
    } else if (!p->streaming && p->streams < p->streams_wanted) {
        ret->act = CONNECTOR_OPEN;
        url_split(ret, p->stream_base, "/stream");
        p->streaming = true;
        p->streams++;
    } else if (p->send != NULL && p->opened > p->sent) {
        ret->act = CONNECTOR_SEND;
        ret->text = str_from_z(p->send);
        p->sent++;
    } else if (p->shut_at > 0 && p->lines >= p->shut_at && p->streaming) {
        ret->act = CONNECTOR_SHUT; /* again and again, until it is gone */
        p->shut++;
    } else {
        ret->act = CONNECTOR_WAIT;
        ret->until = p->waits < p->waits_wanted ? now + USEC_PER_MS : USEC_NEVER;
        p->waits++;
    }
}

static void probe_answered(struct connector *c, usec now, const struct http_answer *a) {
    struct probe *p = (struct probe *)c;
    on_time(p, now);
    assert_true(p->calling);
    p->calling = false;
    snprintf(p->whys[p->answered++ % 8], sizeof p->whys[0], "%s", a->why);
    p->told = a->body;
    p->item = a->end == HTTP_ANSWERED;
}

static void probe_opened(struct connector *c, usec now) {
    struct probe *p = (struct probe *)c;
    on_time(p, now);
    assert_true(p->streaming);
    p->opened++;
}

static void probe_line(struct connector *c, usec now, str line) {
    struct probe *p = (struct probe *)c;
    on_time(p, now);
    assert_true(p->streaming && p->opened > 0);
    p->lines += line.n > 0;
    p->keep_alives += line.n == 0;
    p->told = line;
    p->item = line.n > 0;
}

static void probe_gone(struct connector *c, usec now, const struct http_answer *a) {
    struct probe *p = (struct probe *)c;
    on_time(p, now);
    assert_true(p->streaming);
    p->streaming = false;
    p->gone++;
    p->went = *a;
    IGNORE(!str_copyz(a->body, p->went_body, sizeof p->went_body), "cut is fine");
}

static bool probe_item(struct connector *c, usec now, struct arena *a, struct intake *ret) {
    struct probe *p = (struct probe *)c;
    (void)a;
    if (!p->item) return false;
    p->item = false;
    ret->kind = INTAKE_POST;
    ret->state = str_head(p->told, 3);
    ret->post = (struct post){.id = p->lines,
                              .source = STR("probe"),
                              .text = p->told,
                              .missed = p->lines % 2 == 1,
                              .received_at = now};
    return true;
}

static void probe_status(const struct connector *c, usec now, struct source_status *ret) {
    const struct probe *p = (const struct probe *)c;
    (void)now;
    ret->state = p->opened > p->gone ? SOURCE_LIVE
                 : p->gone > 0       ? SOURCE_RETRYING
                                     : SOURCE_STARTING;
    ret->calls = p->calls + p->streams;
    ret->failures = p->gone;
    ret->blind = p->gone * USEC_PER_S;
    ret->last_sign_at = p->last;
    snprintf(ret->why, sizeof ret->why, "gone %d, answered %d, waited %d", p->gone, p->answered,
             (int)i64_min(p->waits, p->waits_wanted));
}

static const struct connector_ops probe_ops = {.kind = "probe",
                                               .step = probe_step,
                                               .answered = probe_answered,
                                               .opened = probe_opened,
                                               .line = probe_line,
                                               .gone = probe_gone,
                                               .item = probe_item,
                                               .status = probe_status};

/* --- a rig ------------------------------------------------------------------------------- */

struct rig {
    struct arena boot, arena;
    struct probe probe;
    struct connector_ops ops;
    struct source *source;
    struct intake kept; /* was given together with what was waited for */
    bool has_kept;
};

static void rig_init(struct rig *r, bool web_socket) {
    memset(r, 0, sizeof *r);
    arena_open(&r->boot, 1 << 20);
    arena_open(&r->arena, 8 << 20);
    r->ops = probe_ops;
    r->ops.web_socket = web_socket;
    r->probe.base.ops = &r->ops;
    r->probe.call_bases = 1;
}

static void rig_stream(struct rig *r, const char *scheme, int port) {
    snprintf(r->probe.stream_base, sizeof r->probe.stream_base, "%s://127.0.0.1:%d", scheme, port);
    r->probe.streams_wanted = 1;
}

static void rig_start(struct rig *r) {
    struct error err;
    assert_ok(live_open(&r->boot, &r->probe.base, &r->source, &err), &err);
    assert_true(source_is_live(r->source));
}

static void rig_close(struct rig *r) {
    source_close(r->source);
    arena_close(&r->boot);
    arena_close(&r->arena);
}

static struct intake next(struct rig *r) {
    struct intake it;
    struct error err;
    if (r->has_kept) {
        r->has_kept = false;
        return r->kept;
    }
    arena_reset(&r->arena);
    assert_ok(source_next(r->source, &r->arena, &it, &err), &err);
    return it;
}

/* The next post; statuses pass by. */
static struct post next_post(struct rig *r) {
    struct intake it;
    do {
        it = next(r);
        assert_int_not_equal(it.kind, INTAKE_END);
    } while (it.kind != INTAKE_POST);
    /* nothing of it is borrowed from anywhere else */
    assert_true(it.post.text.p >= r->arena.base && it.post.text.p < r->arena.end);
    assert_true(it.state.p >= r->arena.base && it.state.p < r->arena.end);
    assert_true(str_starts(it.post.text, it.state));
    return it.post;
}

/* Goes on until the stream has gone so often. What the next one brought may come with that. */
static void next_until_gone(struct rig *r, int times) {
    while (r->probe.gone < times) {
        const struct intake it = next(r);
        assert_int_not_equal(it.kind, INTAKE_END);
        r->has_kept = r->probe.gone >= times;
        r->kept = it;
    }
}

static void *stop_it(void *source) {
    source_stop(source);
    return NULL;
}

/* --- the ring ---------------------------------------------------------------------------- */

/* A piece that tells its number and its length. */
static void piece_make(struct live_told *t, char *block, int64_t nr, ptrdiff_t n) {
    *t = (struct live_told){.kind = LIVE_TOLD_LINE, .at = nr, .line = {block, n}};
    memset(block, (int)(nr % 251), (size_t)n);
}

static void piece_check(const struct live_told *t, int64_t nr) {
    assert_int_equal(t->at, nr);
    assert_int_equal(t->kind, LIVE_TOLD_LINE);
    for (ptrdiff_t i = 0; i < t->line.n; i++)
        assert_int_equal((unsigned char)t->line.p[i], nr % 251);
}

static void test_the_ring_gives_what_it_was_given(void **state) {
    (void)state;
    const char *given = getenv("TEST_SEED");
    const uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time_wall_us();
    static _Alignas(16) char block[1024], text[1024];
    struct live_ring ring;
    struct live_told t;
    struct rng r;
    int64_t in = 0, out = 0;
    ptrdiff_t lengths[128];
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_init(&r, seed);
    live_ring_init(&ring, block, sizeof block);
    for (int i = 0; i < 20000; i++) {
        const ptrdiff_t n = rng_between(&r, 0, rng_between(&r, 0, 3) == 0 ? 500 : 40);
        piece_make(&t, text, in, n);
        if (live_ring_put(&ring, &t)) {
            lengths[in++ % COUNT_OF(lengths)] = n;
        } else {
            assert_true(in > out); /* an empty ring takes all that may come */
        }
        for (int64_t k = rng_between(&r, 0, 2); k > 0 && live_ring_peek(&ring, &t); k--) {
            piece_check(&t, out);
            assert_int_equal(t.line.n, lengths[out++ % COUNT_OF(lengths)]);
            live_ring_drop(&ring);
        }
        assert_int_equal(ring.count, in - out);
        assert_true(ring.used <= ring.bytes && (ring.used == 0) == (in == out));
    }
}

/* --- calls and streams ------------------------------------------------------------------- */

static void test_calls_and_a_stream_are_told_at_once(void **state) {
    (void)state;
    static const struct raw_step calls[] = {{HEAD "Content-Length: 4\r\n\r\nbody", RAW_KEEP, 0, 0}};
    static const struct raw_step lines[] = {
        {CHUNKED "10\r\nfirst\r\n\r\nsecond\n\r\n", RAW_STALL, "6\r\nthird\n\r\n", 0}};
    struct raw_server call_server, stream_server;
    struct rig r;
    int bodies = 0, seen = 0;
    raw_open(&call_server, calls, 1);
    raw_open(&stream_server, lines, 1);
    rig_init(&r, false);
    rig_stream(&r, "http", stream_server.port);
    snprintf(r.probe.call_base[0], 64, "http://127.0.0.1:%d", call_server.port);
    r.probe.calls_wanted = 5;
    rig_start(&r);
    while (bodies < 5 || seen < 2) {
        const struct post p = next_post(&r);
        static const char *const want[] = {"first", "second"};
        if (str_eq(p.text, STR("body"))) {
            bodies++;
        } else {
            assert_true(seen < 2);
            assert_true(str_eq(p.text, str_from_z(want[seen++])));
        }
    }
    raw_late_go(&stream_server);
    assert_str(next_post(&r).text, "third");
    assert_int_equal(r.probe.keep_alives, 1);
    assert_int_equal(r.source->counts.lines, 3);
    assert_int_equal(r.source->counts.posts, 8);
    rig_close(&r);
    raw_close(&call_server);
    raw_close(&stream_server);
    assert_int_equal(call_server.request_count, 5);
    assert_int_equal(call_server.connections, 1);
    assert_non_null(strstr(call_server.requests[0], "GET /call?x=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(call_server.requests[4], "Authorization: Bearer tok-en\r\n"));
    assert_int_equal(stream_server.request_count, 1);
    assert_non_null(strstr(stream_server.requests[0], "GET /stream?x=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(stream_server.requests[0], "Authorization: Bearer tok-en\r\n"));
}

static void test_a_stream_that_was_cut_is_told_and_opened_again(void **state) {
    (void)state;
    static const struct raw_step lines[] = {{CHUNKED "8\r\nfirst\nha\r\n", RAW_RESET, 0, 0},
                                            {"HTTP/1.1 429 Too Many\r\nx-rate-limit-reset: "
                                             "1796000000\r\nContent-Length: 5\r\n\r\nlater",
                                             RAW_CLOSE, 0, 0},
                                            {CHUNKED "7\r\nsecond\n\r\n0\r\n\r\n", RAW_CLOSE, 0, 0},
                                            {CHUNKED, RAW_STALL, 0, 0}};
    struct raw_server server;
    struct rig r;
    raw_open(&server, lines, COUNT_OF(lines));
    rig_init(&r, false);
    rig_stream(&r, "http", server.port);
    r.probe.streams_wanted = 3;
    rig_start(&r);
    assert_str(next_post(&r).text, "first");
    next_until_gone(&r, 1);
    assert_int_equal(r.probe.went.end, HTTP_LOST);
    next_until_gone(&r, 2);
    assert_int_equal(r.probe.went.end, HTTP_ANSWERED);
    assert_int_equal(r.probe.went.status, 429);
    assert_int_equal(r.probe.went.rate_reset, 1796000000);
    assert_string_equal(r.probe.went_body, "later");
    assert_str(next_post(&r).text, "second");
    next_until_gone(&r, 3);
    assert_int_equal(r.probe.went.end, HTTP_ANSWERED);
    assert_int_equal(r.probe.went.status, 200);
    rig_close(&r);
    raw_close(&server);
    assert_int_equal(r.probe.lines, 2);
    assert_int_equal(server.request_count, 3);
}

static void test_a_stream_is_shut_and_its_end_is_told(void **state) {
    (void)state;
    static const struct raw_step lines[] = {{CHUNKED "6\r\nfirst\n\r\n", RAW_STALL, 0, 0}};
    struct raw_server server;
    struct rig r;
    raw_open(&server, lines, 1);
    rig_init(&r, false);
    rig_stream(&r, "http", server.port);
    r.probe.shut_at = 1;
    rig_start(&r);
    next_until_gone(&r, 1);
    assert_int_equal(r.probe.went.end, HTTP_LOST);
    assert_true(r.probe.shut > 0 && r.probe.shut < 10);
    rig_close(&r);
    raw_close(&server);
}

static void test_hosts_that_may_not_be_asked_are_answers(void **state) {
    (void)state;
    static const struct raw_step calls[] = {{HEAD "Content-Length: 4\r\n\r\nbody", RAW_KEEP, 0, 0}};
    struct raw_server servers[5];
    struct rig r;
    rig_init(&r, false);
    for (int i = 0; i < 5; i++) {
        raw_open(&servers[i], calls, 1);
        snprintf(r.probe.call_base[i + 1], 64, "http://127.0.0.1:%d", servers[i].port);
    }
    snprintf(r.probe.call_base[0], 64, "http://example.org");
    r.probe.call_bases = 6;
    r.probe.calls_wanted = 6;
    rig_start(&r);
    for (int i = 0; i < 4; i++) assert_str(next_post(&r).text, "body");
    while (r.probe.answered < 6) assert_int_not_equal(next(&r).kind, INTAKE_POST);
    assert_non_null(strstr(r.probe.whys[0], "this machine"));
    assert_string_equal(r.probe.whys[4], "");
    assert_non_null(strstr(r.probe.whys[5], "more hosts"));
    rig_close(&r);
    for (int i = 0; i < 5; i++) raw_close(&servers[i]);
    assert_int_equal(servers[4].request_count, 0);
}

/* --- back-pressure ----------------------------------------------------------------------- */

#define LOT_LINES 12000
#define LOT_BYTES 1000

/* "number......" */
static char *lot_make(const char *head) {
    const size_t bytes = strlen(head) + LOT_LINES * (size_t)(LOT_BYTES + 1) + 1;
    char *text = malloc(bytes);
    assert_non_null(text);
    memset(text, '.', bytes);
    memcpy(text, head, strlen(head));
    char *at = text + strlen(head);
    for (int i = 0; i < LOT_LINES; i++) {
        char number[16];
        memcpy(at, number, (size_t)snprintf(number, sizeof number, "%d", i));
        at[LOT_BYTES] = '\n';
        at += LOT_BYTES + 1;
    }
    *at = '\0';
    return text;
}

/* Until somebody waits for room in the ring. */
static void wait_full(struct rig *r) {
    struct live *l = (struct live *)r->source;
    for (bool full = false; !full;) {
        pthread_mutex_lock(&l->mutex);
        full = l->blocked;
        pthread_mutex_unlock(&l->mutex);
        if (!full) sched_yield();
    }
}

static void lot_take(struct rig *r) {
    usec before = 0;
    for (int i = 0; i < LOT_LINES; i++) {
        char want[16];
        const struct post p = next_post(r);
        snprintf(want, sizeof want, "%d.", i);
        assert_int_equal(p.text.n, LOT_BYTES);
        assert_true(str_starts(p.text, str_from_z(want)));
        assert_true(p.received_at >= before);
        before = p.received_at;
    }
}

static void test_what_cannot_be_taken_waits_at_the_other_side(void **state) {
    (void)state;
    char *text = lot_make(HEAD "\r\n");
    const struct raw_step lines[] = {{text, RAW_CLOSE, 0, 0}};
    struct raw_server server;
    struct rig r;
    raw_open(&server, lines, 1);
    rig_init(&r, false);
    rig_stream(&r, "http", server.port);
    rig_start(&r);
    const struct post first = next_post(&r);
    assert_true(str_starts(first.text, STR("0.")));
    wait_full(&r);
    const usec full_at = time_wall_us();
    assert_true(str_starts(next_post(&r).text, STR("1.")));
    /* it was received before the ring was full, and says so however late it is taken */
    assert_true(r.probe.last <= full_at);
    for (int i = 2; i < LOT_LINES; i++) {
        char want[16];
        snprintf(want, sizeof want, "%d.", i);
        assert_true(str_starts(next_post(&r).text, str_from_z(want)));
    }
    next_until_gone(&r, 1);
    rig_close(&r);
    raw_close(&server);
    free(text);
}

static void test_waiting_ends_at_its_time(void **state) {
    (void)state;
    struct rig r;
    rig_init(&r, false);
    r.probe.waits_wanted = 5;
    rig_start(&r);
    while (r.probe.waits < 5) assert_int_equal(next(&r).kind, INTAKE_STATUS);
    rig_close(&r);
}

static void test_whoever_stops_is_not_kept_by_a_full_ring(void **state) {
    (void)state;
    static const struct raw_step calls[] = {{NULL, RAW_STALL, 0, 0}};
    char *text = lot_make(HEAD "\r\n");
    const struct raw_step lines[] = {{text, RAW_CLOSE, 0, 0}};
    struct raw_server server, call_server;
    struct rig r;
    raw_open(&server, lines, 1);
    raw_open(&call_server, calls, 1);
    rig_init(&r, false);
    rig_stream(&r, "http", server.port);
    snprintf(r.probe.call_base[0], 64, "http://127.0.0.1:%d", call_server.port);
    r.probe.calls_wanted = 1;
    rig_start(&r);
    next_post(&r);
    wait_full(&r);
    source_stop(r.source);
    assert_int_equal(next(&r).kind, INTAKE_END);
    assert_int_equal(next(&r).kind, INTAKE_END);
    struct source_status st;
    live_status(r.source, &st);
    assert_int_equal(st.state, SOURCE_ENDED);
    rig_close(&r); /* with a call that would go on for ten seconds */
    raw_close(&server);
    raw_close(&call_server);
    free(text);
}

static void test_a_shut_of_a_stream_that_waits_for_room_ends_it(void **state) {
    (void)state;
    char *text = lot_make(HEAD "\r\n");
    const struct raw_step lines[] = {{text, RAW_STALL, 0, 0}};
    struct raw_server server;
    struct rig r;
    raw_open(&server, lines, 1);
    rig_init(&r, false);
    rig_stream(&r, "http", server.port);
    rig_start(&r);
    next_post(&r);
    wait_full(&r);
    r.probe.shut_at = 2;
    next_until_gone(&r, 1);
    assert_true(r.probe.lines < LOT_LINES);
    rig_close(&r);
    raw_close(&server);
    free(text);
}

/* --- the end ----------------------------------------------------------------------------- */

static void test_stop_wakes_whoever_waits_for_ever(void **state) {
    (void)state;
    static const struct raw_step lines[] = {{CHUNKED, RAW_STALL, 0, 0}};
    for (int i = 0; i < 3; i++) { /* before anything, with a stream, while next() waits */
        struct raw_server server;
        struct rig r;
        pthread_t thread;
        raw_open(&server, lines, 1);
        rig_init(&r, false);
        rig_stream(&r, "http", server.port);
        r.probe.streams_wanted = i > 0;
        rig_start(&r);
        if (i > 0)
            while (r.probe.opened == 0) next(&r);
        if (i == 2)
            assert_int_equal(pthread_create(&thread, NULL, stop_it, r.source), 0);
        else
            source_stop(r.source);
        while (next(&r).kind != INTAKE_END) continue;
        if (i == 2) pthread_join(thread, NULL);
        rig_close(&r);
        raw_close(&server);
    }
}

/* --- what people see --------------------------------------------------------------------- */

static int64_t measured(metric_id id, const char *const *labels) {
    return metric_value(metric_get(id, labels));
}

static void test_states_are_passed_on_shown_and_counted(void **state) {
    (void)state;
    static const struct raw_step lines[] = {{CHUNKED "c\r\nfirst\nwords\n\r\n", RAW_CLOSE, 0, 0}};
    static const source_state want[] = {SOURCE_STARTING, SOURCE_LIVE, SOURCE_RETRYING};
    struct raw_server server;
    struct rig r;
    struct source_status st;
    int at = 0;
    metric_reset_all();
    raw_open(&server, lines, 1);
    rig_init(&r, false);
    r.probe.base.key = STR("probe:one");
    rig_stream(&r, "http", server.port);
    rig_start(&r);
    while (at < 3) {
        const struct intake it = next(&r);
        if (it.kind != INTAKE_STATUS) continue;
        assert_int_equal(it.u.status.state, want[at++]);
        live_status(r.source, &st);
        assert_int_equal(st.state, it.u.status.state);
        assert_int_equal(measured(M_SOURCE_STATE, LABELS("probe:one")), it.u.status.state);
    }
    assert_string_equal(st.why, "gone 1, answered 0, waited 0");
    assert_int_equal(measured(M_SOURCE_CALLS, LABELS("probe:one")), 1);
    assert_int_equal(measured(M_SOURCE_FAILURES, LABELS("probe:one")), 1);
    assert_true(measured(M_SOURCE_LAST_SIGN, LABELS("probe:one")) > 0);
    assert_int_equal(measured(M_SOURCE_BREAKER, LABELS("probe:one")), 0);
    assert_int_equal(measured(M_SOURCE_POSTS, LABELS("probe:one", "missed")), 1);
    assert_int_equal(measured(M_SOURCE_POSTS, LABELS("probe:one", "live")), 1);
    rig_close(&r);
    raw_close(&server);
}

/* --- WebSockets -------------------------------------------------------------------------- */

static void serve_two(struct server *s, int fd) {
    char block[256];
    if (!shake(s, fd)) return;
    /* before it hangs up: with something unread the line would be reset, "first" lost on its way */
    s->texts += hear(fd, block, sizeof block) == TEXT;
    snprintf(s->got[0], sizeof s->got[0], "%.60s", block);
    say(fd, FIN | TEXT, "first");
    if (s->connections == 1) return; /* hangs up */
    say(fd, FIN | TEXT, "second");
    while (hear(fd, block, sizeof block) >= 0) continue;
}

static void test_a_web_socket_is_told_like_a_stream(void **state) {
    (void)state;
    struct server server;
    struct rig r;
    server_open(&server, serve_two);
    rig_init(&r, true);
    rig_stream(&r, "ws", server.port);
    r.probe.streams_wanted = 2;
    r.probe.send = "options";
    rig_start(&r);
    assert_str(next_post(&r).text, "first");
    next_until_gone(&r, 1);
    assert_int_equal(r.probe.went.end, HTTP_LOST);
    assert_str(next_post(&r).text, "first");
    assert_str(next_post(&r).text, "second");
    r.probe.shut_at = 3;
    next_until_gone(&r, 2);
    rig_close(&r);
    server_close(&server);
    assert_memory_equal(server.request, "GET /stream?x=1 HTTP/1.1\r\n", 26);
    assert_int_equal(server.texts, 2);
    assert_string_equal(server.got[0], "options");
}

static char *lot;
static void serve_lot(struct server *s, int fd) {
    char block[256];
    if (!shake(s, fd)) return;
    for (int i = 0; i < LOT_LINES; i++)
        frame(fd, FIN | TEXT, lot + (size_t)i * (LOT_BYTES + 1), LOT_BYTES);
    while (hear(fd, block, sizeof block) >= 0) continue;
}

static void test_a_web_socket_waits_too(void **state) {
    (void)state;
    struct server server;
    lot = lot_make("");
    for (int i = 0; i < 2; i++) { /* takes all of it; stops while it waits */
        struct rig r;
        server_open(&server, serve_lot);
        rig_init(&r, true);
        rig_stream(&r, "ws", server.port);
        rig_start(&r);
        while (r.probe.opened == 0) next(&r);
        wait_full(&r);
        if (i == 0) lot_take(&r);
        source_stop(r.source);
        assert_int_equal(next(&r).kind, INTAKE_END);
        rig_close(&r);
        server_close(&server);
    }
    free(lot);
}

static void serve_429(struct server *s, int fd) {
    char block[4096];
    (void)s;
    if (recv(fd, block, sizeof block, 0) <= 0) return;
    const char *no = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";
    put(fd, no, strlen(no));
}

static void test_a_web_socket_that_was_refused_is_an_answer(void **state) {
    (void)state;
    struct server server;
    struct rig r;
    server_open(&server, serve_429);
    rig_init(&r, true);
    rig_stream(&r, "ws", server.port);
    rig_start(&r);
    next_until_gone(&r, 1);
    assert_int_equal(r.probe.went.end, HTTP_ANSWERED);
    assert_int_equal(r.probe.went.status, 429);
    rig_close(&r);
    server_close(&server);
}

static void test_a_web_socket_that_may_not_be_opened_is_gone(void **state) {
    (void)state;
    static const char *const bases[] = {"ws://example.org", "wss://user@example.org",
                                        "https://example.org", "ws://127.0.0.1:1"};
    for (int i = 0; i < COUNT_OF(bases); i++) {
        struct rig r;
        rig_init(&r, true);
        snprintf(r.probe.stream_base, sizeof r.probe.stream_base, "%s", bases[i]);
        r.probe.streams_wanted = 1;
        rig_start(&r);
        next_until_gone(&r, 1);
        assert_int_equal(r.probe.went.end, HTTP_NOT_SENT);
        assert_true(r.probe.went.why[0] != '\0');
        assert_int_equal(r.probe.opened, 0);
        rig_close(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_ring_gives_what_it_was_given),
        cmocka_unit_test(test_calls_and_a_stream_are_told_at_once),
        cmocka_unit_test(test_a_stream_that_was_cut_is_told_and_opened_again),
        cmocka_unit_test(test_a_stream_is_shut_and_its_end_is_told),
        cmocka_unit_test(test_hosts_that_may_not_be_asked_are_answers),
        cmocka_unit_test(test_what_cannot_be_taken_waits_at_the_other_side),
        cmocka_unit_test(test_waiting_ends_at_its_time),
        cmocka_unit_test(test_whoever_stops_is_not_kept_by_a_full_ring),
        cmocka_unit_test(test_a_shut_of_a_stream_that_waits_for_room_ends_it),
        cmocka_unit_test(test_stop_wakes_whoever_waits_for_ever),
        cmocka_unit_test(test_states_are_passed_on_shown_and_counted),
        cmocka_unit_test(test_a_web_socket_is_told_like_a_stream),
        cmocka_unit_test(test_a_web_socket_waits_too),
        cmocka_unit_test(test_a_web_socket_that_was_refused_is_an_answer),
        cmocka_unit_test(test_a_web_socket_that_may_not_be_opened_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
