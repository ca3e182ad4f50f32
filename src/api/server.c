/* server: the API's sockets and threads, on libmicrohttpd.
 *
 * In: connections. Out: answers of the core (core.c), with the headers that keep browsers honest.
 * Threads: a pool of the library's that reads, writes and runs handlers; a few of our own for
 * handlers that wait (their connections are suspended meanwhile, so that nobody else waits); a
 * watch that ends what is over its time (conns.c); one that ticks for the core; and one that finds
 * the events (teller.c). A stream's connection is suspended, and costs nothing, until there is
 * something for it.
 *
 * A request: on_target() when its first line is there; on_request() when the header is whole, then
 * for each piece of a body, then once more; on_end() when the answer went out, or nothing ever
 * will. What is refused by its header is answered before its body is read: then the connection ends
 * with the answer, unless the body is so small that reading it is cheaper.
 *
 * Times: the first header of a connection within header_within, later ones within KEPT_WITHIN of
 * the answer before (that is also how long an idle connection is kept); a body, and the sending of
 * an answer, each within body_within. Memory: a header API_HEADER_BYTES_MAX, all bodies together
 * BODIES_BYTES_MAX, and only clients with a token may send large ones.
 *
 * Failure: no memory for a request, or a broken one: the connection is ended. What the library
 * itself refuses (a header over CONNECTION_BYTES, a broken request line) it answers in its own
 * words. */
#include "api/server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/conns.h"
#include "api/dress.h"
#include "api/mhd.h"
#include "api/teller.h"
#include "api/tls.h"
#include "base/certificate.h"
#include "base/log.h"
#include "base/metric.h"

#define POOL_THREADS 4
#define WAITERS 4
#define JOBS_MAX 64
#define CONNECTIONS 256
#define PER_CLIENT 16
#define PER_LOCAL 192 /* of this machine: all its programs share one address */
#define STREAMS 1024
#define STREAMS_PER_CLIENT 16
#define STREAMS_PER_LOCAL 1024
#define STREAM_BLOCK_BYTES 4096
#define HEADER_WITHIN (10 * USEC_PER_S)
#define BODY_WITHIN (30 * USEC_PER_S)
#define KEPT_WITHIN (30 * USEC_PER_S)
#define WATCH_EVERY (200 * USEC_PER_MS)
#define TICK_EVERY USEC_PER_S
#define TICK_LATE USEC_PER_MIN
#define CONNECTION_BYTES 65536
#define BODIES_BYTES_MAX (64 << 20)
#define DRAIN_BYTES_MAX 65536

typedef enum phase {
    PHASE_HEADER, /* its first line is there */
    PHASE_BODY,   /* admitted; the body comes */
    PHASE_DRAIN,  /* refused; the body is thrown away, then the answer goes out */
    PHASE_WORK,   /* a handler that waits has it */
    PHASE_STREAM, /* events go out until one of both sides ends */
    PHASE_DONE    /* the answer is there */
} phase;

/* One request. Its own thread's, but in PHASE_WORK, when it is a waiter's. */
struct exchange {
    struct api *api;
    struct MHD_Connection *mhd;
    struct api_conn *conn;
    _Atomic phase phase;
    char *target; /* owned */
    struct api_request rq;
    char media[64]; /* rq.content_type */
    const struct api_route *route;
    struct buf body;
    int64_t body_bytes; /* counted in api->bodies */
    bool too_large, no_room;
    bool last; /* the connection ends with the answer */
    bool is_head;
    struct api_answer answer;
    struct api_stream *stream; /* of events */
};

struct api {
    struct api_core *core;
    struct api_conns *conns;
    struct api_events *events;
    struct api_teller *teller;
    struct MHD_Daemon *daemon;
    int listener;
    char url[96];
    bool tls;
    usec header_within, body_within;
    _Atomic int64_t bodies; /* bytes of bodies in memory */
    _Atomic usec ticked_at; /* monotonic */

    pthread_t waiters[WAITERS], watch, tick;
    int waiter_count;
    bool has_watch, has_tick;
    pthread_mutex_t lock; /* of the members below */
    pthread_cond_t more, stop_cond;
    struct exchange *jobs[JOBS_MAX];
    int job_count;
    bool stopping;
};

/* --- an answer goes out ------------------------------------------------------------------- */

static void put_header(struct MHD_Response *r, const char *name, const char *value) {
    IGNORE(mhd.add_response_header(r, name, value) != MHD_YES, "no memory: it goes without");
}

static void put_number(struct MHD_Response *r, const char *name, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put_header(r, name, text);
}

/* On every answer, unless it says otherwise; then its own. */
static void put_usual_headers(struct MHD_Response *r, const struct api_answer *a) {
    static const char *const usual[][2] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Referrer-Policy", "no-referrer"}};
    for (int i = 0; i < COUNT_OF(usual); i++)
        if (api_answer_header_get(a, usual[i][0]) == NULL) put_header(r, usual[i][0], usual[i][1]);
    for (int i = 0; i < a->header_count; i++)
        put_header(r, a->headers[i].name, a->headers[i].value);
}

/* A piece of a stream. It sleeps (its connection is suspended) while there is none. */
static ssize_t read_stream(void *ctx, uint64_t pos, char *to, size_t max) {
    struct exchange *const x = ctx;
    (void)pos;
    const ptrdiff_t n =
        api_stream_read(x->api->events, x->stream, to, (ptrdiff_t)max, time_monotonic_us());
    return n >= 0 ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

/* A stream's place, and its response; NULL: `x->answer` says why not. */
static struct MHD_Response *open_stream(struct exchange *x) {
    struct api *const s = x->api;
    if (api_conn_to_stream(s->conns, x->conn))
        x->stream = api_stream_open(s->events, &x->answer.stream, x, time_monotonic_us());
    if (x->stream == NULL) {
        x->answer.stream.types = 0;
        api_problem(&x->answer, 503, "STREAMS", "Too many event streams are open; try again.");
        x->answer.retry_after_s = 5;
        return NULL;
    }
    x->phase = PHASE_STREAM;
    x->last = true;
    return mhd.create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream, x,
                                             NULL);
}

static enum MHD_Result send_answer(struct exchange *x) {
    const struct api_answer *a = &x->answer;
    struct MHD_Response *r = NULL;
    if (a->stream.types != 0 && !x->is_head) r = open_stream(x);
    const str body = a->fixed.p != NULL ? a->fixed : buf_str(&a->body);
    if (r == NULL)
        r = mhd.create_response_from_buffer((size_t)body.n, (void *)(uintptr_t)body.p,
                                            MHD_RESPMEM_PERSISTENT);
    if (r == NULL) return MHD_NO;
    if (body.n > 0 || a->stream.types != 0) put_header(r, "Content-Type", a->type);
    put_usual_headers(r, a);
    if (a->allow[0] != '\0') put_header(r, "Allow", a->allow);
    if (a->authenticate != NULL) put_header(r, "WWW-Authenticate", a->authenticate);
    if (a->retry_after_s > 0) put_number(r, "Retry-After", a->retry_after_s);
    if (x->last) put_header(r, "Connection", "close");
    api_conn_until(x->conn, time_monotonic_us() + x->api->body_within);
    const enum MHD_Result done = mhd.queue_response(x->mhd, (unsigned)a->status, r);
    mhd.destroy_response(r);
    return done;
}

/* --- a request comes in ------------------------------------------------------------------- */

struct fields {
    struct api_head *head;
};

/* Of a token (RFC 9110). */
static bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           (c > ' ' && c < 0x7F && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL);
}

/* No blank before the colon, which others read as another field; no control character in a value
 * but tabs. */
static bool is_well_formed(str name, str value) {
    for (ptrdiff_t i = 0; i < name.n; i++)
        if (!is_name_char(name.p[i])) return false;
    for (ptrdiff_t i = 0; i < value.n; i++) {
        const unsigned char c = (unsigned char)value.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7F) return false;
    }
    return name.n > 0;
}

static enum MHD_Result on_field(void *ctx, enum MHD_ValueKind kind, const char *key,
                                const char *value) {
    struct api_head *const h = ((struct fields *)ctx)->head;
    const struct {
        str name;
        str *at;
    } known[] = {{STR("Host"), &h->host},
                 {STR("Authorization"), &h->authorization},
                 {STR("Content-Type"), &h->content_type},
                 {STR("Content-Encoding"), &h->content_encoding},
                 {STR("Content-Length"), &h->content_length},
                 {STR("Transfer-Encoding"), &h->transfer_encoding},
                 {STR("Cookie"), &h->cookie},
                 {STR("Origin"), &h->origin},
                 {STR("X-CSRF-Token"), &h->csrf},
                 {STR("Idempotency-Key"), &h->idempotency_key},
                 {STR("Access-Control-Request-Method"), &h->requested_method},
                 {STR("Accept-Encoding"), &h->accept_encoding},
                 {STR("If-None-Match"), &h->if_none_match},
                 {STR("Last-Event-ID"), &h->last_event_id}};
    const str name = str_from_z(key);
    (void)kind;
    h->malformed |= !is_well_formed(name, value ? str_from_z(value) : STR(""));
    for (int i = 0; i < COUNT_OF(known); i++) {
        if (!str_eq_nocase(name, known[i].name)) continue;
        h->doubled |= known[i].at->p != NULL;
        *known[i].at = value ? str_trim(str_from_z(value)) : STR("");
    }
    if (h->accept.p == NULL && value && str_eq_nocase(name, STR("Accept")))
        h->accept = str_from_z(value); /* a list: it may stand twice, and the first one counts */
    h->forwarded |= str_eq_nocase(name, STR("Forwarded")) || str_eq_nocase(name, STR("Via")) ||
                    str_eq_nocase(str_head(name, 12), STR("X-Forwarded-"));
    return MHD_YES;
}

static void read_head(struct exchange *x, const char *method, struct api_head *ret) {
    *ret = (struct api_head){.method = str_from_z(method),
                             .target = str_from_z(x->target),
                             .secure = x->api->tls,
                             .client = api_conn_client(x->conn)};
    const union MHD_ConnectionInfo *size =
        mhd.get_connection_info(x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    ret->header_bytes = size ? (int64_t)size->header_size : 0;
    IGNORE(mhd.get_connection_values(x->mhd, MHD_HEADER_KIND, on_field, &(struct fields){ret}) < 0,
           "nothing is read then, and the request is refused for its missing Host");
}

static void read_request(struct exchange *x, const struct api_head *h) {
    str query = h->target, path, type = h->content_type, media;
    if (!str_cut(&query, '?', &path)) path = h->target;
    if (!str_cut(&type, ';', &media)) media = STR("");
    IGNORE(!str_copyz(str_trim(media), x->media, sizeof x->media), "the type was checked");
    x->rq.method = str_from_z(x->route->method);
    x->rq.path = path;
    x->rq.query = query;
    x->rq.content_type = str_from_z(x->media);
    x->rq.head = *h;
}

/* Streams take theirs when they begin. */
static bool has_place(struct exchange *x) {
    if (x->route->handle == api_get_events && !x->is_head) return true;
    if (api_conn_to_requests(x->api->conns, x->conn)) return true;
    api_problem(&x->answer, 503, "CONNECTIONS",
                "Too many connections of yours, or of all, are open; close some, or try again.");
    x->answer.retry_after_s = 1;
    x->last = true;
    return false;
}

/* The header is whole. */
static enum MHD_Result begin(struct exchange *x, const char *method) {
    struct api_head head;
    const usec mono = time_monotonic_us();
    int64_t bytes = 0;
    api_conn_until(x->conn, mono + x->api->body_within);
    read_head(x, method, &head);
    x->is_head = str_eq(head.method, STR("HEAD"));
    x->rq.now = time_wall_us();
    if (api_admit(x->api->core, &head, x->rq.now, mono, &x->route, &x->rq.who, &x->answer) &&
        has_place(x)) {
        read_request(x, &head);
        x->phase = PHASE_BODY;
        return MHD_YES;
    }
    /* where its body ends, if it has one, is anybody's guess */
    const bool unclear = head.transfer_encoding.p != NULL || head.malformed || head.doubled;
    if (head.content_length.p != NULL && !str_to_i64(head.content_length, &bytes)) bytes = -1;
    if (!unclear && bytes >= 0 && bytes <= DRAIN_BYTES_MAX) {
        x->phase = PHASE_DRAIN; /* the library ends a connection that is answered before */
        return MHD_YES;
    }
    x->last = true;
    x->phase = PHASE_DONE;
    return send_answer(x);
}

static void take_body(struct exchange *x, str piece) {
    if (x->phase != PHASE_BODY || x->too_large || x->no_room) return;
    if (x->body.len + piece.n > x->route->body_max) {
        x->too_large = true;
        return;
    }
    x->body_bytes += piece.n;
    if (atomic_fetch_add(&x->api->bodies, piece.n) + piece.n > BODIES_BYTES_MAX)
        x->no_room = true;
    else
        buf_put(&x->body, piece);
}

static void work(struct exchange *x) {
    x->rq.body = buf_str(&x->body);
    api_handle(x->api->core, x->route, &x->rq, &x->answer);
    api_answer_dress(&x->answer, &x->rq.head);
    x->phase = PHASE_DONE;
}

/* Gives it to a waiter. False: none has time, or the end is near. */
static bool put_job(struct api *s, struct exchange *x) {
    bool taken = false;
    pthread_mutex_lock(&s->lock);
    if (!s->stopping && s->job_count < JOBS_MAX) {
        x->phase = PHASE_WORK;
        api_conn_until(x->conn, USEC_NEVER);
        mhd.suspend_connection(x->mhd);
        s->jobs[s->job_count++] = x;
        taken = true;
        pthread_cond_signal(&s->more);
    }
    pthread_mutex_unlock(&s->lock);
    return taken;
}

/* The request is whole. */
static enum MHD_Result finish(struct exchange *x) {
    if (x->phase == PHASE_DRAIN) x->phase = PHASE_DONE;
    if (x->phase == PHASE_BODY && x->too_large) {
        api_problem(&x->answer, 413, "TOO_LARGE",
                    "The body has more than %lld bytes; send it in parts.",
                    (long long)x->route->body_max);
        x->phase = PHASE_DONE;
    } else if (x->phase == PHASE_BODY && x->no_room) {
        api_problem(&x->answer, 503, "BUSY", "Too many bodies are being read at once; try again.");
        x->answer.retry_after_s = 1;
        x->phase = PHASE_DONE;
    }
    if (x->phase == PHASE_BODY && !x->route->waits) work(x);
    if (x->phase == PHASE_BODY) {
        if (put_job(x->api, x)) return MHD_YES;
        api_problem(&x->answer, 503, "BUSY", "Too many requests wait already; try again.");
        x->answer.retry_after_s = 1;
        x->phase = PHASE_DONE;
    }
    if (x->phase == PHASE_WORK) return MHD_YES;
    return send_answer(x);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *piece,
                                  size_t *piece_bytes, void **state) {
    struct exchange *const x = *state;
    (void)ctx, (void)url, (void)version;
    if (x == NULL || x->conn == NULL) return MHD_NO;
    PRE(x->mhd == connection);
    if (x->phase == PHASE_HEADER) return begin(x, method);
    if (*piece_bytes > 0) {
        take_body(x, str_from_bytes(piece, (ptrdiff_t)*piece_bytes));
        *piece_bytes = 0;
        return MHD_YES;
    }
    return finish(x);
}

/* The first line is there: what it asks for, before anything is unescaped. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *connection) {
    struct exchange *x = calloc(1, sizeof *x);
    const union MHD_ConnectionInfo *info =
        mhd.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (x == NULL || (x->target = strdup(target)) == NULL) {
        free(x);
        return NULL;
    }
    x->api = ctx;
    x->mhd = connection;
    x->conn = info ? info->socket_context : NULL;
    api_answer_init(&x->answer);
    buf_init(&x->body, API_BODY_BYTES_MAX);
    return x;
}

static void on_end(void *ctx, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode how) {
    struct exchange *const x = *state;
    (void)ctx, (void)connection, (void)how;
    *state = NULL;
    if (x == NULL) return;
    if (x->stream != NULL) api_stream_close(x->api->events, x->stream);
    if (x->conn != NULL) api_conn_until(x->conn, time_monotonic_us() + KEPT_WITHIN);
    atomic_fetch_sub(&x->api->bodies, x->body_bytes);
    api_answer_fini(&x->answer);
    buf_fini(&x->body);
    free(x->target);
    free(x);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    struct api *const s = ctx;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context != NULL) api_conn_close(s->conns, *context);
        *context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *fd =
        mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const int socket = fd ? fd->connect_fd : -1;
    const union MHD_ConnectionInfo *from =
        mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (socket < 0 || from == NULL || from->client_addr == NULL) return;
    *context = api_conn_open(s->conns, socket, api_client_from(from->client_addr),
                             time_monotonic_us() + s->header_within);
    if (*context == NULL) IGNORE(shutdown(socket, SHUT_RDWR) != 0, "then it went by itself");
}

/* --- streams ------------------------------------------------------------------------------ */

static void put_to_sleep(void *reader) {
    struct exchange *const x = reader;
    api_conn_until(x->conn, USEC_NEVER);
    mhd.suspend_connection(x->mhd);
}

/* The ring ends those that take nothing. */
static void wake_up(void *reader, usec mono) {
    struct exchange *const x = reader;
    (void)mono;
    mhd.resume_connection(x->mhd);
}

static void cut_off(void *reader) { api_conn_until(((struct exchange *)reader)->conn, 0); }

/* The client, or its right to be here. */
static bool is_gone(void *reader) {
    struct exchange *const x = reader;
    return api_conn_is_gone(x->conn) || !api_may_go_on(x->api->core, &x->rq.head, x->route->role,
                                                       time_wall_us(), time_monotonic_us());
}

static bool open_events(struct arena *boot, struct api *s, const struct api_options *opt,
                        struct error *err) {
    static const struct api_events_ops ops = {put_to_sleep, wake_up, cut_off, is_gone};
    struct store *store = NULL;
    s->events =
        api_events_new(boot, &ops, time_wall_us(), opt->streams > 0 ? opt->streams : STREAMS);
    return opt->open_store(opt->open_ctx, STORE_READ, &store, err) &&
           api_teller_start(boot, s->events, store, &s->teller, err);
}

/* --- threads ------------------------------------------------------------------------------ */

/* NULL: the end. */
static struct exchange *take_job(struct api *s) {
    struct exchange *x = NULL;
    pthread_mutex_lock(&s->lock);
    while (s->job_count == 0 && !s->stopping) pthread_cond_wait(&s->more, &s->lock);
    if (s->job_count > 0) {
        x = s->jobs[0];
        s->job_count--;
        memmove(s->jobs, s->jobs + 1, (size_t)s->job_count * sizeof s->jobs[0]);
    }
    pthread_mutex_unlock(&s->lock);
    return x;
}

static void *wait_for_jobs(void *arg) {
    struct api *const s = arg;
    struct exchange *x;
    while ((x = take_job(s)) != NULL) {
        struct MHD_Connection *const connection = x->mhd;
        work(x);
        mhd.resume_connection(connection);
    }
    return NULL;
}

/* False: the end. */
static bool sleep_for(struct api *s, usec span) {
    const usec until = time_monotonic_us() + span;
    const struct timespec ts = {until / USEC_PER_S, until % USEC_PER_S * 1000};
    pthread_mutex_lock(&s->lock);
    while (!s->stopping && time_monotonic_us() < until)
        pthread_cond_timedwait(&s->stop_cond, &s->lock, &ts);
    const bool go_on = !s->stopping;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void *watch_times(void *arg) {
    struct api *const s = arg;
    while (sleep_for(s, WATCH_EVERY)) {
        const int cut = api_conns_cut(s->conns, time_monotonic_us());
        if (cut > 0) log_debug("api_slow_clients", LOG_I("ended", cut));
    }
    return NULL;
}

static void *tick_core(void *arg) {
    struct api *const s = arg;
    while (sleep_for(s, TICK_EVERY)) {
        api_core_tick(s->core, time_wall_us(), time_monotonic_us());
        atomic_store(&s->ticked_at, time_monotonic_us());
    }
    return NULL;
}

static bool start_threads(struct api *s, struct error *err) {
    for (; s->waiter_count < WAITERS; s->waiter_count++)
        if (pthread_create(&s->waiters[s->waiter_count], NULL, wait_for_jobs, s) != 0)
            return fail(err, ERR_LIMIT, 0, "api: no more threads; ulimit -u says how many");
    atomic_store(&s->ticked_at, time_monotonic_us());
    s->has_watch = pthread_create(&s->watch, NULL, watch_times, s) == 0;
    s->has_tick = s->has_watch && pthread_create(&s->tick, NULL, tick_core, s) == 0;
    return s->has_tick || fail(err, ERR_LIMIT, 0, "api: no more threads; ulimit -u says how many");
}

/* --- opening and closing ------------------------------------------------------------------ */

static void make_locks(struct api *s) {
    pthread_condattr_t attr;
    POST(pthread_mutex_init(&s->lock, NULL) == 0 && pthread_condattr_init(&attr) == 0);
    POST(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    POST(pthread_cond_init(&s->more, NULL) == 0 && pthread_cond_init(&s->stop_cond, &attr) == 0);
    pthread_condattr_destroy(&attr);
}

static bool start_daemon(struct api *s, int connections, const struct tls_files *tls,
                         struct error *err) {
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, s->listener, NULL},
        {MHD_OPTION_THREAD_POOL_SIZE, POOL_THREADS, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, connections, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_target, s},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_end, s},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s},
        {s->tls ? MHD_OPTION_HTTPS_MEM_KEY : MHD_OPTION_END, 0, tls->key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, tls->cert},
        {MHD_OPTION_END, 0, NULL}};
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                           (s->tls ? (unsigned)MHD_USE_TLS : 0);
    if (s->tls && mhd.is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return fail(
            err, ERR_CONFIG, 0,
            "api.tls_cert_file: this libmicrohttpd was built without TLS; leave it out, and "
            "put a proxy in front");
    s->daemon = mhd.start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_ARRAY, options,
                                 MHD_OPTION_END);
    if (s->daemon != NULL) return true;
    if (s->tls)
        return fail(err, ERR_CONFIG, 0,
                    "api.tls_cert_file, api.tls_key_file: the certificate and the key cannot be "
                    "used: they must be PEM, belong together, and the key have no password");
    return fail(err, ERR_LIMIT, 0, "api: libmicrohttpd cannot be started (threads, memory, files)");
}

static struct api_conns_limits limits_of(const struct api_options *o) {
    const struct api_conns_limits l = {
        .max = o->connections > 0 ? o->connections : CONNECTIONS,
        .per_client = o->per_client > 0 ? o->per_client : PER_CLIENT,
        .per_local = o->per_local > 0 ? o->per_local : PER_LOCAL,
        .streams = o->streams > 0 ? o->streams : STREAMS,
        .streams_per_client =
            o->streams_per_client > 0 ? o->streams_per_client : STREAMS_PER_CLIENT,
        .streams_per_local = o->streams_per_local > 0 ? o->streams_per_local : STREAMS_PER_LOCAL};
    return l;
}

bool api_open(struct arena *boot, const struct api_options *opt, struct api **ret,
              struct error *err) {
    if (!mhd_load(err)) return false;
    struct api *s = NEW(boot, struct api);
    const struct api_conns_limits limits = limits_of(opt);
    s->listener = -1;
    s->header_within = opt->header_within > 0 ? opt->header_within : HEADER_WITHIN;
    s->body_within = opt->body_within > 0 ? opt->body_within : BODY_WITHIN;
    s->conns = api_conns_new(boot, &limits);
    make_locks(s);
    bool ok = api_core_open(boot, opt, &s->core, err);
    struct api_listen at;
    struct tls_files tls = {0};
    ok = ok && tls_files_read(opt->cfg->api_tls_cert_file, opt->cfg->api_tls_key_file, &tls, err);
    s->tls = tls.key != NULL;
    metric_set(metric_get(M_CERTIFICATE_EXPIRY, NULL),
               certificate_end(str_from_bytes(tls.cert, tls.cert_bytes)));
    if (ok) at = *api_core_listen(s->core);
    ok = ok && (api_listen_open(&at, &s->listener, err) || fail_in(err, "api.listen"));
    if (ok)
        snprintf(s->url, sizeof s->url, at.ipv6 ? "http%s://[%s]:%d" : "http%s://%s:%d",
                 s->tls ? "s" : "", at.host, at.port);
    ok = ok && open_events(boot, s, opt, err) && start_threads(s, err) &&
         start_daemon(s, limits.max + limits.streams, &tls, err);
    tls_files_wipe(&tls);
    if (!ok) {
        api_close(s);
        return false;
    }
    *ret = s;
    return true;
}

const char *api_url(const struct api *s) { return s->url; }

int64_t api_answered(const struct api *s) { return api_core_answered(s->core); }

bool api_moves(const struct api *s) {
    return time_monotonic_us() - atomic_load(&s->ticked_at) < TICK_LATE;
}

/* What waits is answered, and streams are woken to their end, before the library stops: it must not
 * be stopped with anything suspended. */
void api_close(struct api *s) {
    if (s == NULL) return;
    const int listener = s->daemon ? mhd.quiesce_daemon(s->daemon) : s->listener;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->more);
    pthread_cond_broadcast(&s->stop_cond);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < s->waiter_count; i++) pthread_join(s->waiters[i], NULL);
    if (s->has_watch) pthread_join(s->watch, NULL);
    if (s->has_tick) pthread_join(s->tick, NULL);
    api_teller_stop(s->teller);
    if (s->events) api_events_close(s->events);
    if (s->daemon) mhd.stop_daemon(s->daemon);
    api_events_free(s->events);
    if (listener >= 0) close(listener);
    api_core_close(s->core);
    api_conns_free(s->conns);
    pthread_cond_destroy(&s->more);
    pthread_cond_destroy(&s->stop_cond);
    pthread_mutex_destroy(&s->lock);
}
