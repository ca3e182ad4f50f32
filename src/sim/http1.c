/* http1: one HTTP/1.1 request out of bytes, as they stood on the wire.
 *
 * In: what a client sent so far. Out: its first request as slices, or that more is needed, or the
 * status that refuses it. A library's HTTP server would hand out the query decoded, and signatures
 * are over the bytes that were sent; hence this small parser. It is strict where two readings would
 * be possible (two lengths, length and chunks, line ends, blanks in a target): such a request is
 * refused, never guessed at. Header names that it does not know are passed over.
 *
 * No memory of its own, no I/O; any thread. */
#include "sim/http1.h"

#define HEADERS_MAX 100
#define CHUNK_LINE_MAX 1024

struct head {
    struct http1_request rq;
    ptrdiff_t bytes; /* up to and with the empty line */
    int64_t length;  /* of the body; -1: not said */
    bool chunked;
    bool expects; /* 100-continue */
    bool upgrade, connection_upgrade, version_13;
    int minor;
};

static http1_state bad(struct http1_progress *p, int status) {
    p->status = status;
    return HTTP1_BAD;
}

static bool is_token(char c) {
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool all_tokens(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (!is_token(s.p[i])) return false;
    return s.n > 0;
}

/* --- the request line -------------------------------------------------------------------- */

/* Bytes over 126 stay: a symbol may be sent without percent signs. */
static bool target_fine(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127) return false;
    return s.n > 0 && s.p[0] == '/';
}

/* "http://host/path" is "/path": proxies and some clients ask like that, and every host is ours. */
static str path_of(str target) {
    const str schemes[] = {STR("http://"), STR("https://")};
    for (ptrdiff_t i = 0; i < COUNT_OF(schemes); i++) {
        if (!str_eq_nocase(str_head(target, schemes[i].n), schemes[i])) continue;
        const str rest = str_tail(target, schemes[i].n);
        const ptrdiff_t slash = str_find_byte(rest, '/');
        if (slash > 0) return str_tail(rest, slash);
    }
    return target;
}

static int request_line(str line, struct head *h) {
    str target, version;
    if (!str_cut(&line, ' ', &h->rq.method) || !str_cut(&line, ' ', &target) || !line.p) return 400;
    version = line;
    target = path_of(target);
    if (!all_tokens(h->rq.method) || !target_fine(target)) return 400;
    if (!str_starts(version, STR("HTTP/")) || version.n != 8) return 400;
    if (!str_eq(version, STR("HTTP/1.1")) && !str_eq(version, STR("HTTP/1.0"))) return 505;
    h->minor = version.p[7] - '0';
    h->rq.keep_alive = h->minor == 1;
    h->rq.old = h->minor == 0;
    IGNORE(!str_cut(&target, '?', &h->rq.path), "a target is not empty");
    h->rq.query = target.p ? target : STR("");
    return 0;
}

/* --- header lines ------------------------------------------------------------------------ */

/* Is `word` an element of a list that commas part? */
static bool lists(str list, str word) {
    str part;
    while (str_cut(&list, ',', &part))
        if (str_eq_nocase(str_trim(part), word)) return true;
    return false;
}

static int content_length(str value, struct head *h) {
    int64_t n;
    for (ptrdiff_t i = 0; i < value.n; i++)
        if (value.p[i] < '0' || value.p[i] > '9') return 400;
    if (value.n == 0) return 400;
    if (value.n > 12 || !str_to_i64(value, &n)) return 413;
    if (h->length >= 0 && h->length != n) return 400;
    h->length = n;
    return 0;
}

static int header(str name, str value, struct head *h) {
    if (str_eq_nocase(name, STR("X-MBX-APIKEY"))) {
        h->rq.api_key = value;
    } else if (str_eq_nocase(name, STR("Content-Length"))) {
        return content_length(value, h);
    } else if (str_eq_nocase(name, STR("Transfer-Encoding"))) {
        if (!str_eq_nocase(value, STR("chunked"))) return 501;
        h->chunked = true;
    } else if (str_eq_nocase(name, STR("Connection"))) {
        if (lists(value, STR("close"))) h->rq.keep_alive = false;
        if (lists(value, STR("keep-alive"))) h->rq.keep_alive = true;
        h->connection_upgrade |= lists(value, STR("upgrade"));
    } else if (str_eq_nocase(name, STR("Expect"))) {
        if (!str_eq_nocase(value, STR("100-continue"))) return 417;
        h->expects = true;
    } else if (str_eq_nocase(name, STR("Upgrade"))) {
        h->upgrade = lists(value, STR("websocket"));
    } else if (str_eq_nocase(name, STR("Sec-WebSocket-Key"))) {
        h->rq.ws_key = value;
    } else if (str_eq_nocase(name, STR("Sec-WebSocket-Version"))) {
        h->version_13 = str_eq(value, STR("13"));
    } else if (str_eq_nocase(name, STR("X-MBX-TIME-UNIT"))) {
        h->rq.time_unit = value;
    } else if (str_eq_nocase(name, STR("Authorization"))) {
        h->rq.authorization = value;
    } else if (str_eq_nocase(name, STR("X-Sim-Fault"))) {
        h->rq.fault = value;
    }
    return 0;
}

static int header_line(str line, struct head *h) {
    str name;
    if (!str_cut(&line, ':', &name) || !line.p || !all_tokens(name)) return 400;
    for (ptrdiff_t i = 0; i < line.n; i++)
        if (((unsigned char)line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 127) return 400;
    return header(name, str_trim(line), h);
}

static int parse_head(str text, struct head *h) {
    const str end = STR("\r\n");
    int headers = 0;
    for (bool first = true; text.n > 0; first = false) {
        const ptrdiff_t at = str_find(text, end);
        const str line = str_head(text, at < 0 ? text.n : at);
        text = str_tail(text, line.n + 2);
        if (!first && ++headers > HEADERS_MAX) return 431;
        const int status = first ? request_line(line, h) : header_line(line, h);
        if (status) return status;
    }
    if (h->chunked && (h->length >= 0 || h->minor == 0)) return 400;
    return 0;
}

/* --- the body ---------------------------------------------------------------------------- */

/* "1f;name=value" -> 31; -1: none. */
static int64_t chunk_size(str line) {
    int64_t n = 0;
    str digits;
    if (!str_cut(&line, ';', &digits)) return -1;
    digits = str_trim(digits);
    if (digits.n == 0 || digits.n > 8) return -1;
    for (ptrdiff_t i = 0; i < digits.n; i++) {
        const char c = digits.p[i];
        const int v = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
        if (v < 0) return -1;
        n = n * 16 + v;
    }
    return n;
}

/* Walks the chunks. put: they are all there, and are moved together at in[at]. */
static http1_state chunks(char *in, ptrdiff_t n, ptrdiff_t at, bool put, struct http1_progress *p,
                          ptrdiff_t *ret_body) {
    ptrdiff_t pos = at, body = 0;
    for (;;) {
        const str rest = {in + pos, n - pos};
        const ptrdiff_t end = str_find(rest, STR("\r\n"));
        if (end > CHUNK_LINE_MAX || (end < 0 && rest.n > CHUNK_LINE_MAX + 1)) return bad(p, 400);
        if (end < 0) return HTTP1_MORE;
        const int64_t size = chunk_size(str_head(rest, end));
        if (size < 0) return bad(p, 400);
        if (size > HTTP1_BODY_MAX - body) return bad(p, 413);
        pos += end + 2;
        if (size == 0) break;
        if (n - pos < size + 2) return HTTP1_MORE;
        if (memcmp(in + pos + size, "\r\n", 2) != 0) return bad(p, 400);
        if (put) memmove(in + at + body, in + pos, (size_t)size);
        body += size;
        pos += size + 2;
    }
    for (;;) { /* trailers are read over */
        const str rest = {in + pos, n - pos};
        const ptrdiff_t end = str_find(rest, STR("\r\n"));
        if (end > CHUNK_LINE_MAX || (end < 0 && rest.n > CHUNK_LINE_MAX + 1)) return bad(p, 431);
        if (end < 0) return HTTP1_MORE;
        pos += end + 2;
        if (end == 0) break;
    }
    p->used = pos;
    *ret_body = body;
    return HTTP1_WHOLE;
}

static http1_state take_body(char *in, ptrdiff_t n, struct head *h, struct http1_progress *p) {
    ptrdiff_t body = 0;
    if (h->chunked) {
        http1_state s = chunks(in, n, h->bytes, false, p, &body);
        if (s == HTTP1_WHOLE) s = chunks(in, n, h->bytes, true, p, &body);
        if (s != HTTP1_WHOLE) return s;
    } else {
        body = h->length > 0 ? h->length : 0;
        if (body > HTTP1_BODY_MAX) return bad(p, 413);
        if (n - h->bytes < body) return HTTP1_MORE;
        p->used = h->bytes + body;
    }
    h->rq.body = (str){in + h->bytes, body};
    return HTTP1_WHOLE;
}

http1_state http1_parse(char *in, ptrdiff_t n, struct http1_request *ret,
                        struct http1_progress *p) {
    /* an empty line before a request is allowed, and sent by old clients behind a body */
    ptrdiff_t skip = 0;
    while (n - skip >= 2 && in[skip] == '\r' && in[skip + 1] == '\n') skip += 2;
    if (skip > 8) return bad(p, 400);
    const ptrdiff_t from = i64_max(skip, p->searched - 3);
    const ptrdiff_t end = from < n ? str_find((str){in + from, n - from}, STR("\r\n\r\n")) : -1;
    if (end < 0) {
        p->searched = n;
        return n > HTTP1_HEAD_MAX ? bad(p, 431) : HTTP1_MORE;
    }
    struct head h = {.length = -1, .bytes = from + end + 4};
    if (h.bytes > HTTP1_HEAD_MAX) return bad(p, 431);
    h.rq.api_key = h.rq.time_unit = h.rq.fault = h.rq.ws_key = h.rq.authorization = STR("");
    p->searched = from + end;
    const int status = parse_head((str){in + skip, from + end - skip}, &h);
    if (status) return bad(p, status);
    const http1_state s = take_body(in, n, &h, p);
    p->wants_body = s == HTTP1_MORE && h.expects;
    if (s != HTTP1_WHOLE) return s;
    h.rq.upgrade = h.upgrade && h.connection_upgrade && h.version_13 && h.rq.ws_key.n > 0;
    *ret = h.rq;
    return s;
}

const char *http1_reason(int status) {
    static const struct {
        int status;
        const char *text;
    } known[] = {{101, "Switching Protocols"},
                 {200, "OK"},
                 {201, "Created"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {402, "Payment Required"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {409, "Conflict"},
                 {413, "Payload Too Large"},
                 {417, "Expectation Failed"},
                 {418, "I'm a teapot"},
                 {426, "Upgrade Required"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {502, "Bad Gateway"},
                 {503, "Service Unavailable"},
                 {504, "Gateway Timeout"},
                 {505, "HTTP Version Not Supported"}};
    for (ptrdiff_t i = 0; i < COUNT_OF(known); i++)
        if (known[i].status == status) return known[i].text;
    return "Status";
}
