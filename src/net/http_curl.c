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
 * followed, proxies are not used for what takes keys of a venue, and never to loopback; a proxy
 * gets none of the headers. The host is checked when the handle is opened (hosts.c), and the
 * address whenever it connects to loopback. One thread at a time. Long answers that are read line
 * by line are in http_curl_stream.c.
 *
 * libcurl is loaded when the first handle is opened (late.h). */
#include "net/http_curl_int.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/secret.h"
#include "net/hosts.h"
#include "net/late.h"

#define HEADERS_MAX (64 << 10)
#define CONNECT_MAX (5 * USEC_PER_S)
#define URL_BYTES (HOST_BYTES + 32)
#define HEADER_BYTES 4096 /* of one that we send; bearer tokens are long */

struct curl_library curl;

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
    const str bytes = str_from_bytes(p, (ptrdiff_t)(size * count));
    if (h->reader != NULL && h->is_open) {
        if (!http_curl_stream_bytes(h, bytes)) return 0;
    } else {
        buf_put(&h->body, bytes);
        if (buf_full(&h->body)) h->cut = CUT_TOO_LARGE;
    }
    return h->cut != CUT_NOT ? 0 : size * count;
}

/* Called whenever something moves, and about once a second while nothing does. */
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    struct http_curl *h = ctx;
    const struct http_request *rq = h->request;
    (void)a, (void)b, (void)c, (void)d;
    bool go = true;
    if (h->reader != NULL)
        go = h->reader->go_on(h->reader->ctx);
    else if (rq->go_on != NULL)
        go = rq->go_on(rq->go_on_ctx);
    if (!go && h->cut == CUT_NOT) h->cut = CUT_STOPPED;
    if (h->reader != NULL && !h->is_open && h->cut == CUT_NOT && time_monotonic_us() >= h->open_by)
        h->cut = CUT_LATE;
    return h->cut != CUT_NOT;
}

static void clear_headers(struct http_answer *a) {
    a->retry_after_s = a->used_weight_1m = a->orders_10s = a->orders_1d = -1;
    a->rate_limit = a->rate_remaining = a->rate_reset = -1;
}

static int status_of(struct http_curl *h) {
    long status = 0;
    IGNORE(curl.easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK, "stays 0");
    return (int)status;
}

static void read_header(struct http_answer *a, str line) {
    const struct {
        str name;
        int64_t *value;
    } known[] = {{STR("Retry-After"), &a->retry_after_s},
                 {STR("X-MBX-USED-WEIGHT-1M"), &a->used_weight_1m},
                 {STR("X-MBX-ORDER-COUNT-10S"), &a->orders_10s},
                 {STR("X-MBX-ORDER-COUNT-1D"), &a->orders_1d},
                 {STR("x-rate-limit-limit"), &a->rate_limit},
                 {STR("x-rate-limit-remaining"), &a->rate_remaining},
                 {STR("x-rate-limit-reset"), &a->rate_reset}};
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
        h->cut = CUT_TOO_LARGE;
        return 0;
    }
    if (str_starts(line, STR("HTTP/"))) {
        clear_headers(h->answer);
        h->headers_done = false;
    } else if (str_trim(line).n == 0) {
        h->headers_done = true;
        if (h->reader != NULL && !http_curl_stream_headers(h, status_of(h))) return 0;
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

static bool more_is_printable(const struct http_request *rq) {
    for (int i = 0; i < HTTP_HEADERS_MAX && rq->more[i].name != NULL; i++)
        if (!is_printable(rq->more[i].value)) return false;
    return true;
}

static void drop_text(char **text) {
    if (*text != NULL) memory_wipe(*text, str_from_z(*text).n);
    free(*text);
    *text = NULL;
}

static void drop_headers(struct http_curl *h) {
    for (struct curl_slist *s = h->headers; s != NULL; s = s->next)
        memory_wipe(s->data, str_from_z(s->data).n);
    curl.slist_free_all(h->headers);
    h->headers = NULL;
    drop_text(&h->key);
    drop_text(&h->bearer);
}

/* "" : there is nothing to be said. */
static bool headers_add(struct http_curl *h, const char *name, str value) {
    char line[HEADER_BYTES];
    struct buf b;
    if (value.n == 0) return true;
    buf_init_fixed(&b, line, sizeof line);
    buf_printf(&b, "%s" STR_FMT, name, STR_ARG(value));
    struct curl_slist *more =
        buf_full(&b) ? NULL : curl.slist_append(h->headers, buf_z(&b)); /* copies */
    memory_wipe(line, sizeof line);
    if (more == NULL) return false;
    h->headers = more;
    return true;
}

static bool text_keep(str s, char **ret) {
    *ret = strndup(s.n > 0 ? s.p : "", (size_t)s.n);
    return *ret != NULL;
}

static bool headers_add_more(struct http_curl *h, const struct http_request *rq) {
    char name[64];
    struct buf b;
    for (int i = 0; i < HTTP_HEADERS_MAX && rq->more[i].name != NULL; i++) {
        buf_init_fixed(&b, name, sizeof name);
        buf_printf(&b, "%s: ", rq->more[i].name);
        if (buf_full(&b) || !headers_add(h, buf_z(&b), rq->more[i].value)) return false;
    }
    h->has_more = rq->more[0].name != NULL;
    return true;
}

/* The list of request headers, made again where the key or the kind of body is another. */
static bool headers_for(struct http_curl *h, const struct http_request *rq) {
    const bool more = h->has_more || rq->more[0].name != NULL;
    if (h->headers != NULL && !more && str_eq(str_from_z(h->key), rq->key) &&
        str_eq(str_from_z(h->bearer), rq->bearer) && h->json == rq->json)
        return true;
    drop_headers(h);
    h->json = rq->json;
    const bool ok =
        text_keep(rq->key, &h->key) && text_keep(rq->bearer, &h->bearer) &&
        headers_add(h, "Expect", STR(":")) && headers_add(h, "Accept: ", STR("application/json")) &&
        headers_add(h, "Content-Type: ", rq->json ? STR("application/json") : STR("")) &&
        headers_add(h, "X-MBX-APIKEY: ", rq->key) &&
        headers_add(h, "Authorization: Bearer ", rq->bearer) && headers_add_more(h, rq);
    if (!ok) drop_headers(h);
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

static const char *why_cut(const struct http_curl *h, CURLcode code) {
    switch (h->cut) {
    case CUT_TOO_LARGE:
        return "the answer is larger than any that is expected";
    case CUT_LONG_LINE:
        return "a line of more than 1 MiB";
    case CUT_STOPPED:
        return "stopped";
    case CUT_LATE:
        return "no answer in time";
    case CUT_NOT:
        break;
    }
    if (h->sendings > 1 || code == CURLE_SEND_FAIL_REWIND)
        return "the connection was closed without an answer";
    if (code == CURLE_OK) return "the connection was closed within the headers";
    return h->error[0] != '\0' ? h->error : curl.easy_strerror(code);
}

ptrdiff_t http_hide(char *p, ptrdiff_t n, str secret) {
    const str mark = STR("[token]");
    if (secret.n < HTTP_SECRET_LEAST || n < secret.n) return n;
    for (char *at = p;
         (at = memmem(at, (size_t)(p + n - at), secret.p, (size_t)secret.n)) != NULL;) {
        char *const behind = at + secret.n;
        memcpy(at, mark.p, (size_t)mark.n);
        at += mark.n;
        memmove(at, behind, (size_t)(p + n - behind));
        n -= secret.n - mark.n;
    }
    return n;
}

/* Whoever shows an answer, or keeps it, must not show what let us in. */
static void hide_secrets(struct http_curl *h, struct http_answer *ret) {
    const str secrets[] = {h->request->bearer, h->request->key, h->request->secret};
    for (int i = 0; i < COUNT_OF(secrets); i++) {
        h->body.len = http_hide(h->body.p, h->body.len, secrets[i]);
        const ptrdiff_t n = http_hide(ret->why, (ptrdiff_t)strlen(ret->why), secrets[i]);
        ret->why[n] = '\0';
    }
}

static void judge(struct http_curl *h, CURLcode code, struct http_answer *ret) {
    const int status = status_of(h);
    if (code == CURLE_OK && h->headers_done && status >= 200) {
        ret->end = HTTP_ANSWERED;
        ret->status = status;
        hide_secrets(h, ret);
        ret->body = buf_str(&h->body);
        return;
    }
    ret->end = h->sendings > 0 ? HTTP_LOST : HTTP_NOT_SENT;
    IGNORE(!str_copyz(str_from_z(why_cut(h, code)), ret->why, sizeof ret->why), "cut is fine");
    hide_secrets(h, ret);
    clear_headers(ret);
}

bool http_curl_prepare(struct http_curl *h, const struct http_request *rq,
                       struct http_answer *ret) {
    if (!is_printable(rq->path) || !is_printable(rq->query) || !is_printable(rq->key) ||
        !is_printable(rq->bearer) || !more_is_printable(rq) || !str_starts(rq->path, STR("/"))) {
        not_sent(ret, "a request that is not plain ASCII");
        return false;
    }
    buf_clear(&h->target);
    buf_put(&h->target, rq->path);
    if (rq->query.n > 0) {
        buf_put_byte(&h->target, '?');
        buf_put(&h->target, rq->query);
    }
    if (!headers_for(h, rq) || buf_full(&h->target)) {
        not_sent(ret, "a request that is too large");
        return false;
    }
    buf_clear(&h->body);
    h->upload = rq->body;
    h->sendings = 0;
    h->cut = CUT_NOT;
    h->headers_done = false;
    h->header_bytes = 0;
    h->error[0] = '\0';
    h->answer = ret;
    h->request = rq;
    set_up(h, rq);
    return true;
}

void http_curl_perform(struct http_curl *h, struct http_answer *ret) {
    judge(h, curl.easy_perform(h->curl), ret);
    h->answer = NULL;
}

static void curl_call(struct http *base, const struct http_request *rq, struct http_answer *ret) {
    struct http_curl *h = (struct http_curl *)base;
    if (http_curl_prepare(h, rq, ret)) http_curl_perform(h, ret);
    h->request = NULL;
}

static void curl_close(struct http *base) {
    struct http_curl *h = (struct http_curl *)base;
    curl.easy_cleanup(h->curl);
    drop_headers(h);
    buf_fini(&h->target);
    buf_fini(&h->body);
    buf_fini(&h->line);
}

/* --- opening ----------------------------------------------------------------------------- */

static const struct http_ops curl_ops = {"curl", curl_call, curl_close, http_curl_stream};

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

bool http_curl_up(struct error *err) {
    pthread_once(&once, start_curl);
    if (!curl_is_up) *err = curl_error;
    return curl_is_up;
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
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, h);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* ours are not for a proxy */
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);         /* nor are its headers the answer's */
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
    if (!http_curl_up(err)) return false;
    struct http_curl *h = NEW(boot, struct http_curl);
    *h = (struct http_curl){.base = {&curl_ops}, .loopback = u.network == NETWORK_LOOPBACK};
    h->curl = curl.easy_init();
    if (h->curl == NULL) return fail(err, ERR_LIMIT, 0, "libcurl cannot be started");
    buf_init(&h->target, 64 << 10);
    buf_init(&h->body, HTTP_BODY_MAX);
    buf_init(&h->line, HTTP_LINE_MAX + 1); /* with a CR */
    if (!set_always(h, &u, host_use_is_public(use) && !h->loopback)) {
        curl_close(&h->base);
        return fail(err, ERR_UNSUPPORTED, 0, "this libcurl lacks what is needed: 7.85 or newer");
    }
    *ret = &h->base;
    return true;
}
