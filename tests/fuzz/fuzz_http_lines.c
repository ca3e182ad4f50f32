/* Law: a stream's lines are those between its line feeds, each once, in order, without a CR at
 * their end, in whatever pieces they come; what stands behind the last line feed waits; and nothing
 * is told behind a line that the reader did not want. The first byte chooses the size of the
 * pieces, the second how many lines are wanted. */
#include "fuzz.h"
#include "net/http_curl_int.h"

struct reading {
    str rest; /* of the input, not seen as lines yet */
    int lines, wanted;
};

static bool on_line(void *ctx, str line) {
    struct reading *r = ctx;
    const ptrdiff_t end = str_find_byte(r->rest, '\n');
    LAW(end >= 0 && r->lines < r->wanted);
    str want = str_head(r->rest, end);
    if (str_ends(want, STR("\r"))) want = str_head(want, want.n - 1);
    LAW(str_eq(line, want));
    r->rest = str_tail(r->rest, end + 1);
    r->lines++;
    return r->lines < r->wanted;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    if (bytes < 2) return 0;
    const ptrdiff_t piece = data[0] % 32 + 1;
    str all = str_from_bytes(data + 2, (ptrdiff_t)bytes - 2);
    struct reading r = {all, 0, data[1] % 64 + 1};
    const struct http_reader to = {.ctx = &r, .line = on_line};
    const struct http_request request = {.bearer = STR("a-token-that-comes-back")};
    struct http_curl h = {.request = &request, .reader = &to, .is_open = true};
    buf_init(&h.line, HTTP_LINE_MAX + 1);
    bool go = true;
    for (; go && all.n > 0; all = str_tail(all, piece))
        go = http_curl_stream_bytes(&h, str_head(all, piece));
    if (go) {
        LAW(h.cut == CUT_NOT && str_find_byte(r.rest, '\n') < 0);
        LAW(str_eq(buf_str(&h.line), r.rest));
    } else {
        LAW(h.cut == CUT_STOPPED && r.lines == r.wanted);
    }
    buf_fini(&h.line);
    return 0;
}
