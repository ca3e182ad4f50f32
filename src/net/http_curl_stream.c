/* http_curl_stream: one long answer, given on line by line as it comes.
 *
 * In: the bytes of an answer with status 200, in whatever pieces the network made of them. Out:
 * whole lines, in order, each once. A line that is whole within a piece is given where it stands;
 * one that is cut waits in a buffer, which grows to the length of the longest line that is allowed.
 *
 * A stream has no end that one could wait for, so there is no timeout once it is open: whoever
 * reads is asked about once a second whether to go on, and knows how long silence may last. Until
 * then the request's timeout holds, for answers that are a refusal with all of their body.
 *
 * The reader may block in `line`. Then nothing is read, the system's buffers fill, and the other
 * side waits; nothing grows here. A stream that ended is not opened again by itself. */
#include "net/http_curl_int.h"

/* Of the answer's status 200, once: trailers behind the body come by the same way as headers. */
bool http_curl_stream_headers(struct http_curl *h, int status) {
    if (h->is_open || status != 200) return true;
    h->is_open = true;
    if (h->reader->opened(h->reader->ctx)) return true;
    h->cut = CUT_STOPPED;
    return false;
}

/* A line that repeats our token is given without it, from a copy: it may be told, or kept. */
static bool give_line(struct http_curl *h, str line) {
    const str secret = h->request->bearer;
    if (secret.n < HTTP_SECRET_LEAST ||
        memmem(line.p, (size_t)line.n, secret.p, (size_t)secret.n) == NULL)
        return h->reader->line(h->reader->ctx, line);
    struct buf copy;
    buf_init(&copy, HTTP_LINE_MAX + 1);
    buf_put(&copy, line);
    copy.len = http_hide(copy.p, copy.len, secret);
    const bool more = h->reader->line(h->reader->ctx, buf_str(&copy));
    buf_fini(&copy);
    return more;
}

static bool give(struct http_curl *h, str line) {
    if (str_ends(line, STR("\r"))) line.n--;
    if (line.n > HTTP_LINE_MAX)
        h->cut = CUT_LONG_LINE;
    else if (!give_line(h, line))
        h->cut = CUT_STOPPED;
    return h->cut == CUT_NOT;
}

bool http_curl_stream_bytes(struct http_curl *h, str bytes) {
    for (ptrdiff_t at; (at = str_find_byte(bytes, '\n')) >= 0; bytes = str_tail(bytes, at + 1)) {
        str line = str_head(bytes, at);
        if (h->line.len > 0) {
            buf_put(&h->line, line);
            line = buf_str(&h->line);
        }
        if (buf_full(&h->line)) h->cut = CUT_LONG_LINE;
        if (h->cut != CUT_NOT || !give(h, line)) return false;
        buf_clear(&h->line);
    }
    buf_put(&h->line, bytes);
    if (buf_full(&h->line)) h->cut = CUT_LONG_LINE;
    return h->cut == CUT_NOT;
}

void http_curl_stream(struct http *base, const struct http_request *rq,
                      const struct http_reader *to, struct http_answer *ret) {
    struct http_curl *h = (struct http_curl *)base;
    if (!http_curl_prepare(h, rq, ret)) return;
    buf_clear(&h->line);
    h->reader = to;
    h->is_open = false;
    h->open_by = time_monotonic_us() + rq->timeout;
    curl.easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, 0L);
    http_curl_perform(h, ret);
    if (ret->end == HTTP_ANSWERED && h->is_open && h->line.len > 0 && !give(h, buf_str(&h->line))) {
        ret->end = HTTP_LOST;
        ret->status = 0;
        IGNORE(!str_copyz(STR("stopped"), ret->why, sizeof ret->why), "it fits");
    }
    h->reader = NULL;
    h->request = NULL;
}
