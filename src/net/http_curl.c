/* http_curl: the HTTP client over libcurl.
 *
 * One easy handle over one connection that is kept. In: a request as bytes. Out: a whole answer, or
 * which of two things is true: the request certainly did not leave, or nobody knows.
 *
 * libcurl sends a request again by itself when a reused connection is closed without a byte of an
 * answer, of whatever method, and then reports success. An order would stand twice. Two things
 * prevent it, each alone enough for a request with a body: the prerequest callback lets a request
 * of ours go out once, and fails its second sending before a byte of it; and bodies are handed over
 * by a read callback that cannot be rewound. So what libcurl says is read like this:
 *   - no prerequest was made: name, connection or TLS failed, and nothing was sent: NOT_SENT;
 *   - anything else than a whole answer, headers to their end and body to its length: LOST.
 *
 * An idle connection on which bytes wait is not used again: they would be taken for the answer.
 *
 * TLS is verified (libcurl's default, and there is no way to turn it off here), redirects are not
 * followed, proxies are not used for what takes keys. The host is checked when the handle is opened
 * (hosts.c), and the address whenever it connects to loopback. One thread at a time.
 *
 * libcurl is loaded when the first handle is opened (late.h). */
#include "net/http.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

/* its checks of types are macros around the functions' own names, which are not called here */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/buf.h"
#include "base/secret.h"
#include "net/hosts.h"
#include "net/late.h"

#define HEADERS_MAX (64 << 10)
#define CONNECT_MAX (5 * USEC_PER_S)
#define URL_BYTES 128

/* clang-format off */
#define CURL_FUNCTIONS(X) \
    X(easy_cleanup) X(easy_getinfo) X(easy_init) X(easy_perform) X(easy_setopt) X(easy_strerror) \
    X(global_init) X(slist_append) X(slist_free_all)
/* clang-format on */

static struct {
#define X(name) __typeof__(&curl_##name) name;
    CURL_FUNCTIONS(X)
#undef X
} curl;

struct http_curl {
    struct http base;
    CURL *curl;
    struct curl_slist *headers; /* of the key in `key` */
    char *key;                  /* heap; wiped */
    bool loopback;
    struct buf target, body;

    /* of the call under way */
    str upload; /* what is left of the request's body */
    int sendings;
    bool too_large, headers_done;
    ptrdiff_t header_bytes;
    struct http_answer *answer;
    char error[CURL_ERROR_SIZE];
};

/* --- callbacks --------------------------------------------------------------------------- */

/* Before each sending of a request. libcurl's own idea of trying again ends here. */
static int on_sending(void *ctx, char *to, char *from, int to_port, int from_port) {
    struct http_curl *h = ctx;
    (void)to, (void)from, (void)to_port, (void)from_port;
    return h->sendings++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a) {
    const struct http_curl *h = ctx;
    (void)purpose;
    if (h->loopback && !host_is_loopback(&a->addr)) return CURL_SOCKET_BAD;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t on_upload(char *dst, size_t size, size_t count, void *ctx) {
    struct http_curl *h = ctx;
    const str part = str_head(h->upload, (ptrdiff_t)(size * count));
    if (part.n > 0) memcpy(dst, part.p, (size_t)part.n);
    h->upload = str_tail(h->upload, part.n);
    return (size_t)part.n;
}

static size_t on_body(char *p, size_t size, size_t count, void *ctx) {
    struct http_curl *h = ctx;
    buf_put(&h->body, str_from_bytes(p, (ptrdiff_t)(size * count)));
    h->too_large = buf_full(&h->body);
    return h->too_large ? 0 : size * count;
}

static void read_header(struct http_answer *a, str line) {
    const struct {
        str name;
        int64_t *value;
    } known[] = {{STR("Retry-After"), &a->retry_after_s},
                 {STR("X-MBX-USED-WEIGHT-1M"), &a->used_weight_1m},
                 {STR("X-MBX-ORDER-COUNT-10S"), &a->orders_10s},
                 {STR("X-MBX-ORDER-COUNT-1D"), &a->orders_1d}};
    str rest = line, name;
    int64_t v;
    if (!str_cut(&rest, ':', &name) || rest.p == NULL) return;
    for (int i = 0; i < COUNT_OF(known); i++)
        if (str_eq_nocase(name, known[i].name) && str_to_i64(str_trim(rest), &v) && v >= 0)
            *known[i].value = v;
}

/* A line with its end. An interim answer (100, 103) has headers of its own, which count for
 * nothing. */
static size_t on_header(char *p, size_t size, size_t count, void *ctx) {
    struct http_curl *h = ctx;
    const str line = str_from_bytes(p, (ptrdiff_t)(size * count));
    h->header_bytes += line.n;
    if (h->header_bytes > HEADERS_MAX) {
        h->too_large = true;
        return 0;
    }
    if (str_starts(line, STR("HTTP/"))) {
        struct http_answer *a = h->answer;
        a->retry_after_s = a->used_weight_1m = a->orders_10s = a->orders_1d = -1;
        h->headers_done = false;
    } else if (str_trim(line).n == 0) {
        h->headers_done = true;
    } else {
        read_header(h->answer, line);
    }
    return size * count;
}

/* --- a call ------------------------------------------------------------------------------ */

/* What would end a line of the request early, or be read as another request. */
static bool is_printable(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 127) return false;
    return true;
}

static void drop_key(struct http_curl *h) {
    for (struct curl_slist *s = h->headers; s != NULL; s = s->next)
        memory_wipe(s->data, str_from_z(s->data).n);
    curl.slist_free_all(h->headers);
    h->headers = NULL;
    if (h->key != NULL) memory_wipe(h->key, str_from_z(h->key).n);
    free(h->key);
    h->key = NULL;
}

static bool headers_add(struct http_curl *h, const char *line) {
    struct curl_slist *more = curl.slist_append(h->headers, line);
    if (more == NULL) return false;
    h->headers = more;
    return true;
}

/* The list of request headers, made again where the key is another. */
static bool headers_for(struct http_curl *h, str key) {
    char line[512];
    struct buf b;
    if (h->headers != NULL && str_eq(str_from_z(h->key), key)) return true;
    drop_key(h);
    buf_init_fixed(&b, line, sizeof line);
    buf_printf(&b, "X-MBX-APIKEY: " STR_FMT, STR_ARG(key));
    h->key = strndup(key.n > 0 ? key.p : "", (size_t)key.n);
    const bool ok = h->key != NULL && !buf_full(&b) && headers_add(h, "Expect:") &&
                    headers_add(h, "Accept: application/json") &&
                    (key.n == 0 || headers_add(h, buf_z(&b)));
    memory_wipe(line, sizeof line);
    if (!ok) drop_key(h);
    return ok;
}

/* The peer has closed the idle connection, or has said what nobody asked for: then it is ended, and
 * the request gets a new one. */
static bool end_spoilt_connection(struct http_curl *h) {
    curl_socket_t fd = CURL_SOCKET_BAD;
    char byte;
    if (curl.easy_getinfo(h->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK) return false;
    if (fd == CURL_SOCKET_BAD || recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0) return false;
    IGNORE(shutdown(fd, SHUT_RDWR) != 0, "it is closed by libcurl");
    return true;
}

static long ms_of(usec t) { return (long)((t + USEC_PER_MS - 1) / USEC_PER_MS); }

static void set_up(struct http_curl *h, const struct http_request *rq) {
    CURL *c = h->curl;
    const bool upload = rq->method == HTTP_POST || rq->method == HTTP_PUT || rq->body.n > 0;
    if (upload) {
        curl.easy_setopt(c, CURLOPT_POST, 1L);
        curl.easy_setopt(c, CURLOPT_POSTFIELDS, NULL);
        curl.easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)rq->body.n);
    } else {
        curl.easy_setopt(c, CURLOPT_HTTPGET, 1L);
    }
    curl.easy_setopt(c, CURLOPT_CUSTOMREQUEST, http_method_name(rq->method));
    curl.easy_setopt(c, CURLOPT_REQUEST_TARGET, buf_z(&h->target));
    curl.easy_setopt(c, CURLOPT_HTTPHEADER, h->headers);
    curl.easy_setopt(c, CURLOPT_TIMEOUT_MS, ms_of(rq->timeout));
    curl.easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, ms_of(i64_min(rq->timeout, CONNECT_MAX)));
    curl.easy_setopt(c, CURLOPT_FRESH_CONNECT, end_spoilt_connection(h) ? 1L : 0L);
}

static void not_sent(struct http_answer *ret, const char *why) {
    ret->end = HTTP_NOT_SENT;
    IGNORE(!str_copyz(str_from_z(why), ret->why, sizeof ret->why), "cut is fine");
}

static void judge(struct http_curl *h, CURLcode code, struct http_answer *ret) {
    long status = 0;
    IGNORE(curl.easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK, "stays 0");
    if (code == CURLE_OK && h->headers_done && status >= 200) {
        ret->end = HTTP_ANSWERED;
        ret->status = (int)status;
        ret->body = buf_str(&h->body);
        return;
    }
    ret->end = h->sendings > 0 ? HTTP_LOST : HTTP_NOT_SENT;
    const char *why = h->error[0] != '\0' ? h->error : curl.easy_strerror(code);
    if (code == CURLE_OK) why = "the connection was closed within the headers";
    if (h->sendings > 1) why = "the connection was closed without an answer";
    if (h->too_large) why = "the answer is larger than any that is expected";
    IGNORE(!str_copyz(str_from_z(why), ret->why, sizeof ret->why), "cut is fine");
    ret->retry_after_s = ret->used_weight_1m = ret->orders_10s = ret->orders_1d = -1;
}

static void curl_call(struct http *base, const struct http_request *rq, struct http_answer *ret) {
    struct http_curl *h = (struct http_curl *)base;
    if (!is_printable(rq->path) || !is_printable(rq->query) || !is_printable(rq->key) ||
        !str_starts(rq->path, STR("/"))) {
        not_sent(ret, "a request that is not plain ASCII");
        return;
    }
    buf_clear(&h->target);
    buf_put(&h->target, rq->path);
    if (rq->query.n > 0) {
        buf_put_byte(&h->target, '?');
        buf_put(&h->target, rq->query);
    }
    if (!headers_for(h, rq->key) || buf_full(&h->target)) {
        not_sent(ret, "a request that is too large");
        return;
    }
    buf_clear(&h->body);
    h->upload = rq->body;
    h->sendings = 0;
    h->too_large = h->headers_done = false;
    h->header_bytes = 0;
    h->error[0] = '\0';
    h->answer = ret;
    set_up(h, rq);
    judge(h, curl.easy_perform(h->curl), ret);
    h->answer = NULL;
}

static void curl_close(struct http *base) {
    struct http_curl *h = (struct http_curl *)base;
    curl.easy_cleanup(h->curl);
    drop_key(h);
    buf_fini(&h->target);
    buf_fini(&h->body);
}

/* --- opening ----------------------------------------------------------------------------- */

static const struct http_ops curl_ops = {"curl", curl_call, curl_close};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool curl_is_up;
static struct error curl_error; /* why it is not */

static void start_curl(void) {
    static const struct late_library library = {BF_LIBCURL, "libcurl4-openssl-dev"};
    static const struct late_function functions[] = {
#define X(name) {"curl_" #name, &curl.name},
        CURL_FUNCTIONS(X)
#undef X
    };
    if (!late_load(&library, functions, COUNT_OF(functions), &curl_error)) return;
    curl_is_up = curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!curl_is_up)
        IGNORE(fail(&curl_error, ERR_LIMIT, 0, "libcurl cannot be started"), "it is kept");
}

static bool set_always(struct http_curl *h, const struct host_url *u, bool proxy) {
    CURL *c = h->curl;
    char url[URL_BYTES];
    struct buf b;
    buf_init_fixed(&b, url, sizeof url);
    buf_printf(&b, u->ipv6 ? "%s://[%s]:%d/" : "%s://%s:%d/", u->tls ? "https" : "http", u->host,
               u->port);
    CURLcode bad = CURLE_OK;
#define SET(option, value) bad = bad != CURLE_OK ? bad : curl.easy_setopt(c, option, value)
    SET(CURLOPT_URL, buf_z(&b));
    SET(CURLOPT_PROTOCOLS_STR, u->tls ? "https" : "http");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_MAXCONNECTS, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_USERAGENT, "bullfinch/" BF_VERSION);
    SET(CURLOPT_ERRORBUFFER, h->error);
    SET(CURLOPT_PREREQFUNCTION, on_sending);
    SET(CURLOPT_PREREQDATA, h);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
    SET(CURLOPT_OPENSOCKETDATA, h);
    SET(CURLOPT_READFUNCTION, on_upload);
    SET(CURLOPT_READDATA, h);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, h);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, h);
    if (!proxy) {
        SET(CURLOPT_PROXY, "");
        SET(CURLOPT_NOPROXY, "*");
    }
#undef SET
    return bad == CURLE_OK;
}

bool http_curl_open(struct arena *boot, str url, host_use use, struct http **ret,
                    struct error *err) {
    struct host_url u;
    if (!host_url_parse(url, use, &u, err)) return false;
    if (u.target.n > 0 && !str_eq(u.target, STR("/")) && !str_eq(u.target, STR("/api")) &&
        !str_eq(u.target, STR("/api/")))
        return fail(err, ERR_CONFIG, 0, STR_FMT ": has a path behind the host; leave it out",
                    STR_ARG(str_head(url, 80)));
    pthread_once(&once, start_curl);
    if (!curl_is_up) {
        *err = curl_error;
        return false;
    }
    struct http_curl *h = NEW(boot, struct http_curl);
    *h = (struct http_curl){.base = {&curl_ops}, .loopback = u.network == NETWORK_LOOPBACK};
    h->curl = curl.easy_init();
    if (h->curl == NULL) return fail(err, ERR_LIMIT, 0, "libcurl cannot be started");
    buf_init(&h->target, 64 << 10);
    buf_init(&h->body, HTTP_BODY_MAX);
    if (!set_always(h, &u, host_use_is_public(use) && !h->loopback)) {
        curl_close(&h->base);
        return fail(err, ERR_UNSUPPORTED, 0, "this libcurl lacks what is needed: 7.85 or newer");
    }
    *ret = &h->base;
    return true;
}
