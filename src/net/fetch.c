/* fetch: one GET, its body into a file.
 *
 * In: a URL and a path. Out: the file, whole, or not at all under its name: bytes go to PATH.part,
 * and only what has the right length, and the right SHA-256 where the server told one, is renamed.
 * What broke off is continued the next time by a Range, with the ETag of the first answer as
 * condition (If-Range), so that two versions are never put together; what a server says that it
 * sends must be what was asked for. One request a call: trying again is the caller's business.
 * libcurl is loaded when the first is made. One thread a call. */
#include "net/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "net/http_curl_int.h"

#define PATH_BYTES 4096
#define ETAG_BYTES 200
#define CONNECT_S 15
#define STALL_S 60 /* without a byte: the line is dead */

struct fetching {
    const struct fetch *f;
    CURL *curl;
    int fd;
    char part[PATH_BYTES], etag_path[PATH_BYTES];
    int64_t from;  /* bytes that were there */
    int64_t got;   /* in the file now */
    int64_t total; /* of the whole file, -1: not known */
    char etag[ETAG_BYTES], known_etag[ETAG_BYTES], linked[ETAG_BYTES];
    char range[ETAG_BYTES]; /* Content-Range */
    bool odd_part;          /* another than was asked for */
    bool began;             /* the body is being written */
    bool stopped, too_large;
    int sys; /* of a write that failed */
};

/* --- the part that is there ------------------------------------------------------------------ */

static bool name_parts(struct fetching *g, struct error *err) {
    struct buf part, etag;
    buf_init_fixed(&part, g->part, sizeof g->part);
    buf_init_fixed(&etag, g->etag_path, sizeof g->etag_path);
    buf_printf(&part, "%s.part", g->f->path);
    buf_printf(&etag, "%s.part.etag", g->f->path);
    return !buf_full(&etag) || fail(err, ERR_LIMIT, 0, "%s: too long a path", g->f->path);
}

static void read_etag(struct fetching *g) {
    struct error none;
    int fd;
    if (!file_open(g->etag_path, &fd, NULL, &none)) return;
    const ssize_t n = read(fd, g->known_etag, sizeof g->known_etag - 1);
    g->known_etag[n > 0 ? n : 0] = '\0';
    close(fd);
}

static void write_etag(const struct fetching *g) {
    const int fd = open(g->etag_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0) return;
    const size_t n = strlen(g->etag);
    IGNORE(write(fd, g->etag, n) != (ssize_t)n, "without it the file is fetched anew");
    close(fd);
}

/* A part without an ETag cannot be continued. */
static bool open_part(struct fetching *g, struct error *err) {
    struct stat info;
    g->fd = open(g->part, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (g->fd < 0) return fail(err, ERR_IO, errno, "%s: %s", g->part, strerror(errno));
    read_etag(g);
    if (fstat(g->fd, &info) == 0 && g->known_etag[0]) g->from = info.st_size;
    g->got = g->from;
    return true;
}

/* --- callbacks ------------------------------------------------------------------------------- */

static void keep(char block[ETAG_BYTES], str value) {
    if (!str_copyz(str_trim(value), block, ETAG_BYTES)) block[0] = '\0';
}

static size_t on_header(char *p, size_t size, size_t count, void *ctx) {
    struct fetching *g = ctx;
    const str line = str_from_bytes(p, (ptrdiff_t)(size * count));
    str rest = line, name;
    if (str_starts(line, STR("HTTP/")))
        g->etag[0] = g->range[0] = '\0'; /* of the last answer, not of redirects */
    if (str_cut(&rest, ':', &name) && rest.p) {
        if (str_eq_nocase(name, STR("etag"))) keep(g->etag, rest);
        if (str_eq_nocase(name, STR("x-linked-etag"))) keep(g->linked, rest);
        if (str_eq_nocase(name, STR("content-range"))) keep(g->range, rest);
    }
    return size * count;
}

/* "bytes 500-1233/1234", of which the first must be where we are and the last but one before the
 * length. */
static bool range_fits(const struct fetching *g) {
    str rest = str_from_z(g->range), first, last;
    int64_t from, to, total;
    if (g->from == 0 || !str_starts(rest, STR("bytes "))) return false;
    rest = str_tail(rest, 6);
    return str_cut(&rest, '-', &first) && str_cut(&rest, '/', &last) && str_to_i64(first, &from) &&
           str_to_i64(last, &to) && str_to_i64(rest, &total) && from == g->from &&
           to == total - 1 && to >= from;
}

/* The first byte of the body: is it the whole file, or what was asked for? */
static bool begin_body(struct fetching *g) {
    long status = 0;
    curl_off_t length = -1;
    IGNORE(curl.easy_getinfo(g->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK, "stays 0");
    IGNORE(curl.easy_getinfo(g->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) != CURLE_OK,
           "stays -1");
    if (status != 200 && status != 206) return false;
    if (status == 206 && !range_fits(g)) {
        g->odd_part = true;
        return false;
    }
    if (status == 200) {
        g->from = g->got = 0;
        write_etag(g);
    }
    g->total = length >= 0 ? g->from + length : -1;
    g->too_large = g->total > g->f->bytes_max;
    if (ftruncate(g->fd, g->from) != 0 || lseek(g->fd, g->from, SEEK_SET) < 0) g->sys = errno;
    g->began = true;
    return !g->too_large && g->sys == 0;
}

static size_t on_body(char *p, size_t size, size_t count, void *ctx) {
    struct fetching *g = ctx;
    str left = str_from_bytes(p, (ptrdiff_t)(size * count));
    if (!g->began && !begin_body(g)) return 0;
    while (left.n > 0) {
        const ssize_t n = write(g->fd, left.p, (size_t)left.n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            g->sys = errno;
            return 0;
        }
        g->got += n;
        left = str_tail(left, n);
    }
    g->too_large = g->got > g->f->bytes_max;
    return g->too_large ? 0 : size * count;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    struct fetching *g = ctx;
    (void)a, (void)b, (void)c, (void)d;
    if (g->f->go_on && !g->f->go_on(g->f->ctx, g->got, g->total)) g->stopped = true;
    return g->stopped;
}

/* --- the request ----------------------------------------------------------------------------- */

static struct curl_slist *headers_of(const struct fetching *g) {
    char line[ETAG_BYTES + 64];
    struct curl_slist *list = NULL;
    if (g->from == 0) return NULL;
    snprintf(line, sizeof line, "Range: bytes=%" PRId64 "-", g->from);
    list = curl.slist_append(list, line);
    snprintf(line, sizeof line, "If-Range: %s", g->known_etag);
    return curl.slist_append(list, line);
}

#define SET(option, value) (ok = ok && curl.easy_setopt(g->curl, option, value) == CURLE_OK)

static bool prepare(struct fetching *g, const char *url, const struct host_url *to,
                    struct curl_slist *headers) {
    bool ok = true;
    const bool loopback = to->network == NETWORK_LOOPBACK;
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, 8L);
    SET(CURLOPT_PROTOCOLS_STR, to->tls ? "https" : "http");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, to->tls ? "https" : "http");
    if (loopback) SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_USERAGENT, "bullfinch/" BF_VERSION);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, g);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, g);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, g);
    return ok;
}

static bool judge(struct fetching *g, CURLcode code, const char *url, struct error *err) {
    long status = 0;
    IGNORE(curl.easy_getinfo(g->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK, "stays 0");
    if (g->stopped) return fail(err, ERR_INTERRUPTED, 0, "stopped; the next time it goes on there");
    if (g->too_large)
        return fail(err, ERR_LIMIT, 0, "%s: over %" PRId64 " bytes", url, g->f->bytes_max);
    if (g->sys != 0)
        return fail(err, g->sys == ENOSPC ? ERR_FULL : ERR_IO, g->sys, "%s: %s", g->part,
                    strerror(g->sys));
    if (g->odd_part) {
        g->got = 0; /* whatever is there is of no use with this server */
        return fail(err, ERR_PARSE, 206,
                    "%s: it answers with a part that was not asked for (Content-Range: %s)", url,
                    g->range[0] ? g->range : "none");
    }
    if (status == 404) return fail(err, ERR_NOT_FOUND, 404, "%s: there is no such file", url);
    if (status == 416) { /* what is there is not a beginning of what is here now */
        IGNORE(ftruncate(g->fd, 0) != 0, "the next time it is asked for again");
        return fail(err, ERR_UNKNOWN, 416, "%s: it has changed; fetch it anew", url);
    }
    if (status != 0 && status != 200 && status != 206)
        return fail(err, status >= 500 || status == 429 ? ERR_UNKNOWN : ERR_IO, (int)status,
                    "%s: status %ld", url, status);
    if (code != CURLE_OK)
        return fail(err, ERR_UNKNOWN, (int)code, "%s: %s", url, curl.easy_strerror(code));
    return (g->began && (g->total < 0 || g->got == g->total)) ||
           fail(err, ERR_UNKNOWN, 0, "%s: it broke off", url);
}

static bool transfer(struct fetching *g, struct error *err) {
    struct host_url to;
    char url[PATH_BYTES];
    if (!str_copyz(g->f->url, url, sizeof url))
        return fail(err, ERR_LIMIT, 0, "too long a URL: " STR_FMT,
                    STR_ARG(str_head(g->f->url, 100)));
    if (!host_url_parse(g->f->url, HOST_FEED_REST, &to, err) || !http_curl_up(err)) return false;
    g->curl = curl.easy_init();
    if (!g->curl) return fail(err, ERR_IO, 0, "libcurl has no memory");
    struct curl_slist *headers = headers_of(g);
    const bool ok = prepare(g, url, &to, headers)
                        ? judge(g, curl.easy_perform(g->curl), url, err)
                        : fail(err, ERR_UNSUPPORTED, 0, "this libcurl is too old");
    curl.easy_cleanup(g->curl);
    curl.slist_free_all(headers);
    return ok;
}

/* --- the end --------------------------------------------------------------------------------- */

bool file_sha256(const char *path, char ret[SHA256_HEX_BYTES], struct error *err) {
    static const size_t chunk = 1 << 20;
    int fd;
    if (!file_open(path, &fd, NULL, err)) return fail_in(err, "%s", path);
    struct sha256 *hash = sha256_new();
    char *block = malloc(chunk);
    uint8_t sum[SHA256_BYTES];
    ssize_t n;
    PRE(block != NULL);
    while ((n = read(fd, block, chunk)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0) sha256_add(hash, (str){block, n});
    const int sys = errno;
    sha256_finish(hash, sum);
    sha256_free(hash);
    free(block);
    close(fd);
    hex_format(sum, SHA256_BYTES, ret);
    return n == 0 || fail(err, ERR_IO, sys, "%s: %s", path, strerror(sys));
}

/* An ETag that is a SHA-256: 64 hex digits in quotes. */
static str sum_in(const char *etag) {
    str s = str_from_z(etag);
    if (str_starts(s, STR("W/"))) s = str_tail(s, 2);
    if (s.n != 66 || s.p[0] != '"' || s.p[65] != '"') return (str){0};
    s = (str){s.p + 1, 64};
    for (ptrdiff_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return (str){0};
    }
    return s;
}

static bool finish(struct fetching *g, struct fetched *ret, struct error *err) {
    const str linked = sum_in(g->linked), want = linked.p ? linked : sum_in(g->etag);
    if (fsync(g->fd) != 0) return fail(err, ERR_IO, errno, "%s: %s", g->part, strerror(errno));
    if (!file_sha256(g->part, ret->sha256, err)) return false;
    ret->bytes = g->got;
    ret->resumed = g->from > 0;
    ret->checked = want.p != NULL;
    if (ret->checked && !str_eq(want, str_from_z(ret->sha256))) {
        unlink(g->part);
        unlink(g->etag_path);
        return fail(err, ERR_DAMAGED, 0, "%s: its SHA-256 is not what the server says; thrown away",
                    g->f->path);
    }
    if (g->f->check && !g->f->check(g->f->ctx, g->part, err)) {
        g->got = 0; /* nothing to go on with */
        return false;
    }
    if (rename(g->part, g->f->path) != 0)
        return fail(err, ERR_IO, errno, "%s: %s", g->f->path, strerror(errno));
    unlink(g->etag_path);
    return true;
}

bool fetch_file(const struct fetch *f, struct fetched *ret, struct error *err) {
    struct fetching g = {.f = f, .fd = -1, .total = -1};
    struct fetched got = {0};
    const bool ok =
        name_parts(&g, err) && open_part(&g, err) && transfer(&g, err) && finish(&g, &got, err);
    if (g.fd >= 0) close(g.fd);
    if (!ok && g.got == 0) { /* nothing to go on with */
        unlink(g.part);
        unlink(g.etag_path);
    }
    if (ok) *ret = got;
    return ok;
}
