/* Law: a request and a frame are found in bytes in the same way however the bytes come in: what is
 * whole at the end was never refused before, what is refused stays refused, and every slice lies
 * within what was used. The first byte chooses the size of the pieces. */
#include <string.h>

#include "fuzz.h"
#include "sim/frame.h"
#include "sim/http1.h"

#define BYTES_MAX 16384

static void within(str s, const char *p, ptrdiff_t n) {
    LAW(s.n >= 0 && (s.n == 0 || (s.p >= p && s.p + s.n <= p + n)));
}

static http1_state at_once(char *p, ptrdiff_t n, struct http1_request *rq,
                           struct http1_progress *at) {
    *at = (struct http1_progress){0};
    return http1_parse(p, n, rq, at);
}

static void requests(const uint8_t *data, ptrdiff_t n, ptrdiff_t piece) {
    static char whole[BYTES_MAX], parts[BYTES_MAX];
    struct http1_request a = {0}, b = {0};
    struct http1_progress pa, pb = {0};
    http1_state sb = HTTP1_MORE;
    memcpy(whole, data, (size_t)n);
    memcpy(parts, data, (size_t)n);
    const http1_state sa = at_once(whole, n, &a, &pa);
    ptrdiff_t have = 0;
    while (have < n && sb == HTTP1_MORE) {
        have = i64_min(have + piece, n);
        sb = http1_parse(parts, have, &b, &pb);
    }
    if (sa == HTTP1_MORE || sb == HTTP1_MORE) {
        LAW(sa == sb);
        return;
    }
    LAW(sa == sb); /* nothing behind a request changes it */
    if (sa == HTTP1_BAD) {
        LAW(pa.status >= 400 && pa.status < 600 && pb.status >= 400);
        return;
    }
    LAW(pa.used == pb.used && pa.used > 0 && pa.used <= n);
    LAW(str_eq(a.method, b.method) && str_eq(a.path, b.path) && str_eq(a.query, b.query));
    LAW(str_eq(a.body, b.body) && a.keep_alive == b.keep_alive && a.upgrade == b.upgrade);
    LAW(a.path.n > 0 && a.path.p[0] == '/');
    within(a.path, whole, pa.used);
    within(a.query, whole, pa.used);
    within(a.body, whole, pa.used);
    within(a.api_key, whole, pa.used);
}

static void frames(const uint8_t *data, ptrdiff_t n) {
    static char p[BYTES_MAX];
    ptrdiff_t at = 0;
    memcpy(p, data, (size_t)n);
    for (;;) {
        struct frame f;
        int code = 0;
        const frame_state st = frame_parse(p + at, n - at, &f, &code);
        if (st == FRAME_BAD) LAW(code == 1002 || code == 1009);
        if (st != FRAME_WHOLE) return;
        LAW(f.used >= 6 && f.used <= n - at);
        LAW(f.payload.n <= FRAME_PAYLOAD_MAX);
        within(f.payload, p + at, f.used);
        at += f.used;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    if (bytes < 2 || bytes > BYTES_MAX) return 0;
    requests(data + 1, (ptrdiff_t)bytes - 1, 1 + data[0] % 64);
    frames(data + 1, (ptrdiff_t)bytes - 1);
    return 0;
}
