/* ws_lws: WebSocket connections over libwebsockets.
 *
 * One thread serves all connections; libwebsockets is called on no other. What other threads want
 * (a new connection, a message to be sent, an end, a later call) is written down under a mutex, and
 * the thread is woken to look. In: a URL that hosts.c lets pass. Out: whole text messages, in
 * order.
 *
 * The server's pings are answered by libwebsockets. Silence is measured here: after half of the
 * allowed time without a message a ping goes out, whose pong counts as a sign of life; after all of
 * it the connection is ended. So a network that vanished is noticed although TCP would wait for
 * hours.
 *
 * Each connection ends with one call of `gone`, whatever ended it: no connection was made, TLS
 * failed, the server closed, silence, ws_shut, a message too large. Failure beyond that: memory
 * that cannot be had ends the connection in the same way.
 *
 * A name that DNS must look up blocks the thread for as long as that takes: connections are few,
 * and each venue and each source of posts has a loop of its own. The name "localhost" is never
 * looked up.
 *
 * libwebsockets is loaded when the first loop is opened (late.h). */
#include "net/ws.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/secret.h"
#include "net/late.h"
#include "net/lws.h"

#define OUT_BYTES_MAX WS_MESSAGE_MAX /* that wait to be sent on a connection */
#define PATH_BYTES 4096
#define WHY_BYTES 160
#define CONNECT_S 10
#define FILES_MAX 64
#define HEADER_BYTES 8192

/* clang-format off */
#define LWS_FUNCTIONS(X) \
    X(callback_on_writable) X(cancel_service) X(client_connect_via_info) X(context_destroy) \
    X(create_context) X(create_vhost) X(frame_is_binary) X(get_opaque_user_data) \
    X(http_client_http_response) \
    X(is_final_fragment) X(remaining_packet_payload) X(service) X(set_log_level) \
    X(set_opaque_user_data) X(set_timeout) X(sul_schedule) X(write)
/* clang-format on */

static struct {
#define X(name) __typeof__(&lws_##name) name;
    LWS_FUNCTIONS(X)
#undef X
} lws;

struct out {
    struct out *next;
    size_t n;
    unsigned char block[]; /* LWS_PRE bytes of room, then n */
};

struct later {
    struct later *next; /* only on its way to the thread */
    lws_sorted_usec_list_t sul;
    struct ws_loop *loop;
    usec at;
    void (*fn)(void *ctx);
    void *ctx;
    struct later *prev_of, *next_of; /* in the thread's list, so that closing finds it */
};

struct ws {
    struct ws *next;
    struct ws_loop *loop;
    struct ws_events ev;
    struct host_url url;
    char path[PATH_BYTES];
    usec silence;
    bool proxy;

    /* the thread's */
    struct lws *wsi;
    bool tried, is_open, is_gone;
    bool ping_due, ping_out;
    struct buf in;
    usec heard_at; /* monotonic */
    lws_sorted_usec_list_t sul;
    char why[WHY_BYTES]; /* the first reason that was seen */
    int status;          /* of the answer to the upgrade; 0: none came */

    /* under the loop's mutex */
    bool want_shut;
    struct out *head, *tail;
    size_t out_bytes;
};

struct ws_loop {
    pthread_t thread;
    struct lws_context *context;
    struct lws_vhost *direct, *proxied; /* proxied: NULL where the environment names no proxy */
    struct ws *all;                     /* the thread's */
    struct later laters;                /* head of a ring; the thread's */

    pthread_mutex_t mutex;
    struct ws *fresh; /* under the mutex, as what follows */
    struct later *fresh_later;
    bool stop;
};

/* --- the end of a connection ------------------------------------------------------------- */

static void why_set(struct ws *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void why_set(struct ws *w, const char *fmt, ...) {
    struct buf b;
    va_list args;
    if (w->why[0] != '\0') return;
    buf_init_fixed(&b, w->why, sizeof w->why);
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
}

/* Tells it once; the memory goes in reap(). */
static void tell_gone(struct ws *w) {
    if (w->is_gone) return;
    w->is_gone = true;
    w->is_open = false;
    lws.sul_schedule(w->loop->context, 0, &w->sul, NULL, LWS_SET_TIMER_USEC_CANCEL);
    if (w->wsi != NULL) lws.set_opaque_user_data(w->wsi, NULL);
    w->wsi = NULL;
    why_set(w, "the connection was lost");
    w->ev.gone(w->ev.ctx, w, w->why);
}

/* Tells the end at once, and has the connection itself ended at the next round: libwebsockets does
 * not say so in every state that it can be in. */
static void end_now(struct ws *w, const char *why) {
    struct lws *wsi = w->wsi;
    why_set(w, "%s", why);
    tell_gone(w);
    if (wsi != NULL) lws.set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* It may hold a key. */
static void out_drop(struct out *o) {
    memory_wipe(o->block + LWS_PRE, (ptrdiff_t)o->n);
    free(o);
}

static void out_free(struct ws *w) {
    while (w->head != NULL) {
        struct out *o = w->head;
        w->head = o->next;
        out_drop(o);
    }
    w->tail = NULL;
}

static void reap(struct ws_loop *l) {
    for (struct ws **at = &l->all; *at != NULL;) {
        struct ws *w = *at;
        if (!w->is_gone) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        out_free(w);
        buf_fini(&w->in);
        free(w);
    }
}

/* --- silence ----------------------------------------------------------------------------- */

static void watch_silence(struct ws *w);

static void on_silence(lws_sorted_usec_list_t *sul) {
    struct ws *w = lws_container_of(sul, struct ws, sul);
    const usec idle = time_monotonic_us() - w->heard_at;
    if (idle >= w->silence) {
        end_now(w, "nothing was heard for too long");
        return;
    }
    if (idle >= w->silence / 2 && !w->ping_out) {
        w->ping_due = w->ping_out = true;
        lws.callback_on_writable(w->wsi);
    }
    watch_silence(w);
}

static void watch_silence(struct ws *w) {
    if (w->silence == 0) return;
    const usec at = w->heard_at + (w->ping_out ? w->silence : w->silence / 2);
    lws.sul_schedule(w->loop->context, 0, &w->sul, on_silence,
                     i64_max(at - time_monotonic_us(), USEC_PER_MS));
}

static void heard(struct ws *w) {
    w->heard_at = time_monotonic_us();
    w->ping_out = false;
}

/* --- what libwebsockets says ------------------------------------------------------------- */

static int on_received(struct ws *w, str part) {
    heard(w);
    if (lws.frame_is_binary(w->wsi)) {
        why_set(w, "the server sent a binary message");
        return -1;
    }
    buf_put(&w->in, part);
    if (buf_full(&w->in)) {
        why_set(w, "the server sent a message of more than %d bytes", WS_MESSAGE_MAX);
        return -1;
    }
    if (!lws.is_final_fragment(w->wsi) || lws.remaining_packet_payload(w->wsi) > 0) return 0;
    w->ev.message(w->ev.ctx, w, buf_str(&w->in));
    buf_clear(&w->in);
    heard(w); /* it may have blocked, and then what came meanwhile waits to be read */
    return 0;
}

static int on_writable(struct ws *w) {
    unsigned char ping[LWS_PRE + 1];
    if (w->ping_due) {
        w->ping_due = false;
        if (lws.write(w->wsi, ping + LWS_PRE, 0, LWS_WRITE_PING) < 0) return -1;
        lws.callback_on_writable(w->wsi);
        return 0;
    }
    pthread_mutex_lock(&w->loop->mutex);
    struct out *o = w->head;
    if (o != NULL) {
        w->head = o->next;
        if (w->head == NULL) w->tail = NULL;
        w->out_bytes -= o->n;
    }
    const bool more = w->head != NULL;
    pthread_mutex_unlock(&w->loop->mutex);
    if (o == NULL) return 0;
    const int n = lws.write(w->wsi, o->block + LWS_PRE, o->n, LWS_WRITE_TEXT);
    const bool ok = n >= (int)o->n;
    out_drop(o);
    if (ok && more) lws.callback_on_writable(w->wsi);
    return ok ? 0 : -1;
}

/* The two bytes of a code, then text. */
static void closed_by_peer(struct ws *w, const unsigned char *p, size_t n) {
    const int code = n >= 2 ? p[0] << 8 | p[1] : 1005;
    const int text = n > 2 ? (int)i64_min((int64_t)n - 2, 100) : 0;
    why_set(w, "closed by the server: %d %.*s", code, text, text > 0 ? (const char *)p + 2 : "");
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t n) {
    struct ws *w = lws.get_opaque_user_data(wsi);
    (void)user;
    if (w == NULL || w->is_gone) return 0;
    switch ((int)reason) { /* most of some hundred reasons do not matter */
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        w->is_open = true;
        heard(w);
        watch_silence(w);
        w->ev.opened(w->ev.ctx, w);
        lws.callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_received(w, str_from_bytes(in, (ptrdiff_t)n));
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        heard(w);
        if (w->ev.alive != NULL) w->ev.alive(w->ev.ctx, w);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writable(w);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        closed_by_peer(w, in, n);
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        w->status = (int)lws.http_client_http_response(wsi);
        why_set(w, "cannot connect: %.*s", (int)i64_min((int64_t)n, 100),
                in != NULL ? (const char *)in : "no answer");
        tell_gone(w);
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        tell_gone(w);
        break;
    default: /* not an enum */
        break;
    }
    return 0;
}

/* --- what others want -------------------------------------------------------------------- */

static void connect_now(struct ws *w) {
    char host[HOST_BYTES + 16];
    struct buf b;
    buf_init_fixed(&b, host, sizeof host);
    buf_printf(&b, w->url.ipv6 ? "[%s]:%d" : "%s:%d", w->url.host, w->url.port);
    const bool is_name = strcmp(w->url.host, "localhost") == 0;
    const struct lws_client_connect_info info = {
        .context = w->loop->context,
        .vhost = w->proxy && w->loop->proxied != NULL ? w->loop->proxied : w->loop->direct,
        .address = is_name ? "127.0.0.1" : w->url.host,
        .port = w->url.port,
        .ssl_connection = w->url.tls ? LCCSCF_USE_SSL : 0,
        .path = w->path,
        .host = w->url.port == 443 ? w->url.host : buf_z(&b),
        .ietf_version_or_minus_one = -1,
        .local_protocol_name = "bullfinch",
        .alpn = "http/1.1",
        .pwsi = &w->wsi,
        .opaque_user_data = w};
    w->tried = true;
    if (lws.client_connect_via_info(&info) != NULL || w->is_gone) return;
    w->wsi = NULL; /* it is freed */
    why_set(w, "cannot connect");
    tell_gone(w);
}

static void on_later(lws_sorted_usec_list_t *sul) {
    struct later *t = lws_container_of(sul, struct later, sul);
    void (*fn)(void *) = t->fn;
    void *ctx = t->ctx;
    t->prev_of->next_of = t->next_of;
    t->next_of->prev_of = t->prev_of;
    free(t);
    fn(ctx);
}

static void later_begin(struct ws_loop *l, struct later *t) {
    t->prev_of = &l->laters;
    t->next_of = l->laters.next_of;
    t->next_of->prev_of = t;
    l->laters.next_of = t;
    lws.sul_schedule(l->context, 0, &t->sul, on_later, i64_max(t->at - time_monotonic_us(), 1));
}

/* New connections and calls, and what changed for the others. False: the end. */
static bool take_wishes(struct ws_loop *l) {
    pthread_mutex_lock(&l->mutex);
    const bool go = !l->stop;
    struct ws *fresh = l->fresh;
    struct later *later = l->fresh_later;
    l->fresh = NULL;
    l->fresh_later = NULL;
    pthread_mutex_unlock(&l->mutex);
    while (fresh != NULL) {
        struct ws *w = fresh;
        fresh = w->next;
        w->next = l->all;
        l->all = w;
    }
    while (later != NULL) {
        struct later *t = later;
        later = t->next;
        later_begin(l, t);
    }
    for (struct ws *w = l->all; go && w != NULL; w = w->next) {
        pthread_mutex_lock(&l->mutex);
        const bool shut = w->want_shut, send = w->head != NULL;
        pthread_mutex_unlock(&l->mutex);
        if (w->is_gone) continue;
        if (shut) {
            end_now(w, "ended by this side");
        } else if (!w->tried) {
            connect_now(w);
        } else if (send && w->is_open) {
            lws.callback_on_writable(w->wsi);
        }
    }
    return go;
}

static void *run(void *arg) {
    struct ws_loop *l = arg;
    while (take_wishes(l)) {
        if (lws.service(l->context, 0) < 0) break;
        reap(l);
    }
    for (struct ws *w = l->all; w != NULL; w = w->next) {
        why_set(w, "ended by this side");
        tell_gone(w);
    }
    while (l->laters.next_of != &l->laters) {
        struct later *t = l->laters.next_of;
        lws.sul_schedule(l->context, 0, &t->sul, NULL, LWS_SET_TIMER_USEC_CANCEL);
        l->laters.next_of = t->next_of;
        free(t);
    }
    return NULL;
}

/* --- opening and closing ----------------------------------------------------------------- */

static const struct lws_protocols protocols[] = {
    {.name = "bullfinch", .callback = on_event, .rx_buffer_size = 64 << 10}, {0}};

/* proxy: "host:port", or "" which keeps libwebsockets from asking the environment itself. */
static struct lws_vhost *vhost_make(struct ws_loop *l, const char *name, const char *proxy) {
    const struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
                                                   .protocols = protocols,
                                                   .vhost_name = name,
                                                   .http_proxy_address = proxy,
                                                   .timeout_secs = CONNECT_S,
                                                   .connect_timeout_secs = CONNECT_S,
                                                   .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT};
    return lws.create_vhost(l->context, &info);
}

/* "http://host:port/" of the environment without what libwebsockets does not take; "": none. */
static str env_proxy(void) {
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "http_proxy"};
    for (int i = 0; i < COUNT_OF(names); i++) {
        str v = str_from_z(getenv(names[i]));
        if (v.n == 0) continue;
        if (str_starts(v, STR("http://"))) v = str_tail(v, 7);
        if (str_ends(v, STR("/"))) v = str_head(v, v.n - 1);
        return v;
    }
    return STR("");
}

/* Is `host` one of no_proxy's, or within a domain of it? "*" names all. */
static bool needs_no_proxy(const char *host) {
    const char *names = getenv("no_proxy");
    if (names == NULL) names = getenv("NO_PROXY");
    const str h = str_from_z(host);
    str rest = str_from_z(names), name;
    while (rest.p != NULL && str_cut(&rest, ',', &name)) {
        name = str_trim(name);
        if (str_starts(name, STR("."))) name = str_tail(name, 1);
        if (name.n == 0) continue;
        if (str_eq(name, STR("*")) || str_eq_nocase(h, name)) return true;
        const str end = str_tail(h, i64_max(h.n - name.n - 1, 0));
        if (str_starts(end, STR(".")) && str_eq_nocase(str_tail(end, 1), name)) return true;
    }
    return false;
}

static bool context_open(struct ws_loop *l, struct error *err) {
    const struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
                                                   .protocols = protocols,
                                                   .fd_limit_per_thread = FILES_MAX,
                                                   .max_http_header_data = HEADER_BYTES,
                                                   .pt_serv_buf_size = 64 << 10,
                                                   .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                                                              LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                                                              LWS_SERVER_OPTION_VALIDATE_UTF8};
    char proxy[256];
    lws.set_log_level(0, NULL); /* what matters comes back in `gone` */
    l->context = lws.create_context(&info);
    l->direct = l->context != NULL ? vhost_make(l, "direct", "") : NULL;
    if (l->direct == NULL) {
        if (l->context != NULL) lws.context_destroy(l->context);
        return fail(err, ERR_LIMIT, 0, "libwebsockets cannot be started");
    }
    const str from_env = env_proxy();
    if (from_env.n > 0 && str_copyz(from_env, proxy, sizeof proxy))
        l->proxied = vhost_make(l, "proxied", proxy);
    return true;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool lws_is_there;
static struct error lws_error; /* why it is not */

static void load(void) {
    static const struct late_library library = {BF_LIBWEBSOCKETS, "libwebsockets-dev"};
    static const struct late_function functions[] = {
#define X(name) {"lws_" #name, &lws.name},
        LWS_FUNCTIONS(X)
#undef X
    };
    lws_is_there = late_load(&library, functions, COUNT_OF(functions), &lws_error);
}

bool ws_loop_open(struct ws_loop **ret, struct error *err) {
    pthread_once(&once, load);
    if (!lws_is_there) {
        *err = lws_error;
        return false;
    }
    struct ws_loop *l = calloc(1, sizeof *l);
    if (l == NULL) return fail(err, ERR_LIMIT, 0, "no memory for connections");
    l->laters.next_of = l->laters.prev_of = &l->laters;
    if (!context_open(l, err)) {
        free(l);
        return false;
    }
    pthread_mutex_init(&l->mutex, NULL);
    sigset_t all, before;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool ok = pthread_create(&l->thread, NULL, run, l) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!ok) {
        lws.context_destroy(l->context);
        pthread_mutex_destroy(&l->mutex);
        free(l);
        return fail(err, ERR_LIMIT, 0, "the thread of connections: the system allows no more");
    }
    *ret = l;
    return true;
}

void ws_loop_close(struct ws_loop *l) {
    if (l == NULL) return;
    pthread_mutex_lock(&l->mutex);
    l->stop = true;
    pthread_mutex_unlock(&l->mutex);
    lws.cancel_service(l->context);
    pthread_join(l->thread, NULL);
    lws.context_destroy(l->context); /* here, since whoever wakes the thread uses it */
    reap(l);
    while (l->fresh != NULL) { /* opened behind the end */
        struct ws *w = l->fresh;
        l->fresh = w->next;
        out_free(w);
        buf_fini(&w->in);
        free(w);
    }
    while (l->fresh_later != NULL) {
        struct later *t = l->fresh_later;
        l->fresh_later = t->next;
        free(t);
    }
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

bool ws_open(struct ws_loop *l, const struct ws_target *t, const struct ws_events *ev,
             struct ws **ret, struct error *err) {
    struct host_url u;
    if (!host_url_parse(t->url, t->use, &u, err)) return false;
    struct ws *w = calloc(1, sizeof *w);
    if (w == NULL) return fail(err, ERR_LIMIT, 0, "no memory for a connection");
    *w = (struct ws){.loop = l,
                     .ev = *ev,
                     .url = u,
                     .silence = t->silence,
                     .proxy = host_use_is_public(t->use) && u.network != NETWORK_LOOPBACK &&
                              !needs_no_proxy(u.host)};
    const bool slash = str_starts(u.target, STR("/"));
    struct buf b;
    buf_init_fixed(&b, w->path, sizeof w->path);
    if (!slash) buf_put_byte(&b, '/');
    buf_put(&b, u.target);
    if (buf_full(&b) || strlen(buf_z(&b)) >= sizeof w->path) {
        free(w);
        return fail(err, ERR_CONFIG, 0, STR_FMT "...: longer than %d bytes",
                    STR_ARG(str_head(t->url, 60)), PATH_BYTES);
    }
    w->url.target = (str){0}; /* it borrows from the caller */
    buf_init(&w->in, WS_MESSAGE_MAX);
    *ret = w;
    pthread_mutex_lock(&l->mutex);
    w->next = l->fresh;
    l->fresh = w;
    pthread_mutex_unlock(&l->mutex);
    lws.cancel_service(l->context);
    return true;
}

bool ws_send(struct ws *w, str text) {
    struct ws_loop *l = w->loop;
    struct out *o = malloc(sizeof *o + LWS_PRE + (size_t)text.n + 1);
    if (o == NULL) return false;
    o->next = NULL;
    o->n = (size_t)text.n;
    if (text.n > 0) memcpy(o->block + LWS_PRE, text.p, (size_t)text.n);
    pthread_mutex_lock(&l->mutex);
    const bool ok = !w->want_shut && w->out_bytes + o->n <= OUT_BYTES_MAX;
    if (ok) {
        if (w->tail != NULL)
            w->tail->next = o;
        else
            w->head = o;
        w->tail = o;
        w->out_bytes += o->n;
    }
    pthread_mutex_unlock(&l->mutex);
    if (ok)
        lws.cancel_service(l->context);
    else
        out_drop(o);
    return ok;
}

int ws_refused_with(const struct ws *w) { return w->is_gone && w->status >= 200 ? w->status : 0; }

void ws_shut(struct ws *w) {
    struct ws_loop *l = w->loop;
    pthread_mutex_lock(&l->mutex);
    w->want_shut = true;
    pthread_mutex_unlock(&l->mutex);
    lws.cancel_service(l->context);
}

void ws_loop_later(struct ws_loop *l, usec at, void (*fn)(void *ctx), void *ctx) {
    struct later *t = calloc(1, sizeof *t);
    PRE(t != NULL); /* some bytes */
    t->loop = l;
    t->at = at;
    t->fn = fn;
    t->ctx = ctx;
    pthread_mutex_lock(&l->mutex);
    t->next = l->fresh_later;
    l->fresh_later = t;
    pthread_mutex_unlock(&l->mutex);
    lws.cancel_service(l->context);
}
