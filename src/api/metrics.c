/* metrics: see the header.
 *
 * In: a request's header. Out: the page of metrics, or how the process is: 200 where the store and
 * the queue that it uses did what they were asked last, else 503. In the order of a request: the
 * path, the method, whose name is in Host (a page of somebody else's, made to point here, has no
 * word and names its own), the word. Answers are small and end the connection.
 *
 * Threads: one of the library's, and one that ends what is over its time (conns.c). Failure: a
 * request that cannot be answered is dropped. */
#include "api/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/conns.h"
#include "api/mhd.h"
#include "base/hash.h"
#include "base/metric.h"
#include "run/process.h"
#include "store/meter.h"

#define CONNECTIONS 32
#define CONNECTION_BYTES 16384
#define WITHIN (10 * USEC_PER_S) /* from the first byte of a header to the last of the answer */
#define WATCH_EVERY (200 * USEC_PER_MS)
#define PAGE_BYTES_MAX (16 << 20)

struct metrics_server {
    struct api_listen at;
    const struct secret *word;
    struct api_conns *conns;
    struct MHD_Daemon *daemon;
    int listener;
    char url[96];
    pthread_t watch;
    bool has_watch;
    atomic_bool stop;
};

/* --- an answer ------------------------------------------------------------------------------ */

/* In a time that does not tell how much of it is right. */
static bool is_word(str authorization, const struct secret *word) {
    uint8_t given[SHA256_BYTES], wanted[SHA256_BYTES], differs = 0;
    const str scheme = STR("Bearer ");
    if (!str_eq_nocase(str_head(authorization, scheme.n), scheme)) return false;
    sha256_once(str_trim(str_tail(authorization, scheme.n)), given);
    sha256_once(secret_str(word), wanted);
    for (int i = 0; i < SHA256_BYTES; i++) differs |= given[i] ^ wanted[i];
    return differs == 0;
}

static bool refuse(struct metrics_answer *ret, struct buf *body, int status, const char *text) {
    ret->status = status;
    buf_clear(body);
    buf_printf(body, "%s\n", text);
    return false;
}

static bool may(const struct api_listen *at, const struct secret *word,
                const struct metrics_ask *ask, struct metrics_answer *ret, struct buf *body) {
    if (!str_eq(ask->path, STR("/metrics")) && !str_eq(ask->path, STR("/health")))
        return refuse(ret, body, 404, "There are /metrics and /health here.");
    if (!str_eq(ask->method, STR("GET")) && !str_eq(ask->method, STR("HEAD"))) {
        ret->allow = "GET, HEAD";
        return refuse(ret, body, 405, "It can only be read: GET.");
    }
    if (word == NULL && !api_listen_is_host(at, ask->host))
        return refuse(ret, body, 421, "The header Host names somebody else.");
    if (word == NULL || is_word(ask->authorization, word)) return true;
    ret->authenticate = "Bearer realm=\"bullfinch metrics\"";
    return refuse(ret, body, 401,
                  "This wants the word of metrics.token_file: Authorization: Bearer WORD.");
}

static bool is_up(metric_id id) { return metric_value(metric_get(id, NULL)) > 0; }

static void put_health(struct metrics_answer *ret, struct buf *body) {
    store_meter_look();
    const unsigned role = metric_role();
    const bool queue = (metric_families[M_QUEUE_UP].roles & role) != 0 && metric_has(M_QUEUE_UP);
    const bool store_up = is_up(M_STORE_UP), queue_up = !queue || is_up(M_QUEUE_UP);
    const bool well = store_up && queue_up;
    ret->status = well ? 200 : 503;
    ret->type = "application/json";
    buf_printf(body, "{\"status\":\"%s\",\"checks\":{\"database\":%s",
               well ? "healthy" : "unhealthy", store_up ? "true" : "false");
    if (queue) buf_printf(body, ",\"redis\":%s", queue_up ? "true" : "false");
    buf_printf(body, "},\"version\":\"%s\"}\n", BF_VERSION);
}

void metrics_answer(const struct api_listen *at, const struct secret *word,
                    const struct metrics_ask *ask, struct metrics_answer *ret, struct buf *body) {
    *ret = (struct metrics_answer){.status = 200, .type = "text/plain; charset=utf-8"};
    if (!may(at, word, ask, ret, body)) return;
    if (str_eq(ask->path, STR("/health"))) {
        put_health(ret, body);
        return;
    }
    const metric_format to = metric_format_for(ask->accept);
    process_measure();
    ret->type = metric_format_type(to);
    metric_print(body, to);
    if (buf_full(body)) refuse(ret, body, 500, "The page is larger than this server gives.");
}

/* --- sockets -------------------------------------------------------------------------------- */

static str header_of(struct MHD_Connection *c, const char *name) {
    const char *const v = mhd.lookup_connection_value(c, MHD_HEADER_KIND, name);
    return v != NULL ? str_from_z(v) : (str){0};
}

static void put_header(struct MHD_Response *r, const char *name, const char *value) {
    if (value != NULL)
        IGNORE(mhd.add_response_header(r, name, value) != MHD_YES, "no memory: it goes without");
}

static enum MHD_Result send_answer(struct MHD_Connection *c, const struct metrics_answer *a,
                                   const struct buf *body) {
    const str text = buf_str(body);
    struct MHD_Response *const r = mhd.create_response_from_buffer(
        (size_t)text.n, (void *)(uintptr_t)text.p, MHD_RESPMEM_MUST_COPY);
    if (r == NULL) return MHD_NO;
    put_header(r, "Content-Type", a->type);
    put_header(r, "Cache-Control", "no-store");
    put_header(r, "X-Content-Type-Options", "nosniff");
    put_header(r, "Vary", "Accept");
    put_header(r, "Allow", a->allow);
    put_header(r, "WWW-Authenticate", a->authenticate);
    put_header(r, "Connection", "close");
    const enum MHD_Result done = mhd.queue_response(c, (unsigned)a->status, r);
    mhd.destroy_response(r);
    return done;
}

/* With the header; what only reads is answered once it is whole. Nobody reads a body. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *piece,
                                  size_t *piece_bytes, void **state) {
    struct metrics_server *const s = ctx;
    static int seen;
    struct metrics_answer a;
    struct buf body;
    (void)version, (void)piece;
    const bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (*state == NULL && reads) {
        *state = &seen;
        return MHD_YES;
    }
    if (*piece_bytes > 0) return MHD_NO;
    const struct metrics_ask ask = {.method = str_from_z(method),
                                    .path = str_from_z(url),
                                    .host = header_of(c, "Host"),
                                    .authorization = header_of(c, "Authorization"),
                                    .accept = header_of(c, "Accept")};
    buf_init(&body, PAGE_BYTES_MAX);
    metrics_answer(&s->at, s->word, &ask, &a, &body);
    const enum MHD_Result done = send_answer(c, &a, &body);
    buf_fini(&body);
    return done;
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    struct metrics_server *const s = ctx;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context != NULL) api_conn_close(s->conns, *context);
        *context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *fd =
        mhd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    const int socket = fd ? fd->connect_fd : -1;
    const union MHD_ConnectionInfo *from =
        mhd.get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (socket < 0 || from == NULL || from->client_addr == NULL) return;
    *context = api_conn_open(s->conns, socket, api_client_from(from->client_addr),
                             time_monotonic_us() + WITHIN);
    if (*context == NULL) IGNORE(shutdown(socket, SHUT_RDWR) != 0, "then it went by itself");
}

static void *watch_times(void *arg) {
    struct metrics_server *const s = arg;
    const struct timespec pause = {0, WATCH_EVERY * 1000};
    while (!atomic_load(&s->stop)) {
        IGNORE(nanosleep(&pause, NULL) != 0, "a signal ends it early");
        api_conns_cut(s->conns, time_monotonic_us());
    }
    return NULL;
}

/* --- beginning and end ---------------------------------------------------------------------- */

static bool start(struct metrics_server *s, struct error *err) {
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, s->listener, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s},
        {MHD_OPTION_END, 0, NULL}};
    s->daemon = mhd.start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, s,
                                 MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (s->daemon == NULL)
        return fail(err, ERR_LIMIT, 0, "libmicrohttpd cannot be started (threads, memory, files)");
    s->has_watch = pthread_create(&s->watch, NULL, watch_times, s) == 0;
    return s->has_watch || fail(err, ERR_LIMIT, 0, "no more threads; ulimit -u says how many");
}

static bool open_at(struct metrics_server *s, str listen, struct error *err) {
    if (!api_listen_parse(listen, &s->at, err)) return false;
    if (!api_listen_guarded(&s->at, s->word != NULL, err)) return false;
    if (!mhd_load(err)) return false;
    if (!api_listen_open(&s->at, &s->listener, err)) return false;
    snprintf(s->url, sizeof s->url, s->at.ipv6 ? "http://[%s]:%d" : "http://%s:%d", s->at.host,
             s->at.port);
    return start(s, err);
}

bool metrics_open(struct arena *boot, str listen, const struct secret *word,
                  struct metrics_server **ret, struct error *err) {
    const struct api_conns_limits limits = {
        .max = CONNECTIONS, .per_client = CONNECTIONS / 2, .per_local = CONNECTIONS};
    struct metrics_server *const s = NEW(boot, struct metrics_server);
    s->listener = -1;
    s->word = word;
    s->conns = api_conns_new(boot, &limits);
    if (!open_at(s, listen, err)) {
        metrics_close(s);
        return fail_in(err, "metrics.listen");
    }
    *ret = s;
    return true;
}

const char *metrics_url(const struct metrics_server *s) { return s->url; }

void metrics_close(struct metrics_server *s) {
    if (s == NULL) return;
    atomic_store(&s->stop, true);
    if (s->has_watch) pthread_join(s->watch, NULL);
    if (s->daemon != NULL) mhd.stop_daemon(s->daemon);
    if (s->daemon == NULL && s->listener >= 0) close(s->listener);
    api_conns_free(s->conns);
}
