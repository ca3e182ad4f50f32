/* score_stream: `bullfinch score -`, line by line.
 *
 * In: lines of plain text or JSON on a descriptor. Out: one JSON object a line on another, in the
 * same order, also for lines that cannot be scored, so that the two can be laid side by side. What
 * is scored is written when the input pauses, so that it works as a filter in a conversation and
 * is fast on a file. Failure: reading or writing fails (ERR_IO). One thread. */
#include <errno.h>
#include <unistd.h>

#include "app/score_view.h"
#include "source/lines.h"
#include "source/source.h"

#define OUT_BYTES 65536         /* written at once */
#define OUT_BYTES_MAX (8 << 20) /* one object with every miss of a long text has room */
#define POST_BYTES (16 << 20)   /* what one line of JSON may take while it is read */

bool score_post(struct arena *a, str line, struct post *ret, struct error *err) {
    if (str_starts(str_trim(line), STR("{"))) {
        return x_post_parse(a, str_trim(line), STR("x"), 0, true, ret, err);
    }
    if (str_ends(line, STR("\r"))) line.n--;
    struct raw_post raw = {.id = STR("text"),
                           .source = STR("text"),
                           .created_at = STR("1970-01-01T00:00:00Z"),
                           .text = line,
                           .likes = -1,
                           .reposts = -1,
                           .replies = -1,
                           .quotes = -1};
    return feed_normalize(a, &raw, 0, ret, err);
}

static bool write_out(int fd, struct buf *out, struct error *err) {
    str left = buf_str(out);
    while (left.n > 0) {
        ssize_t n = write(fd, left.p, (size_t)left.n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(err, ERR_IO, errno, "write scores: %s", strerror(errno));
        left = str_tail(left, n);
    }
    buf_clear(out);
    return true;
}

static void put_error(struct buf *out, const char *what) {
    buf_put(out, STR("{\"error\":"));
    buf_put_json_str(out, str_from_z(what));
    buf_put(out, STR("}"));
}

/* False: the line was bad, and that is what was put. */
static bool score_line(const struct scorer *s, struct arena a, struct arena scratch, str line,
                       struct buf *out) {
    struct post post;
    struct reading reading;
    struct error err;
    bool ok = score_post(&a, line, &post, &err);
    if (ok) {
        struct signal signals[MENTIONS_MAX];
        reader_read(s->reader, scratch, &post, 1, &reading);
        appraise(s->appraiser, &reading, signals);
        score_json(&post, &reading, signals, out);
    } else {
        put_error(out, err.msg);
    }
    buf_put_byte(out, '\n');
    return ok;
}

static bool score_lines(const struct scorer *s, struct lines *in, int out_fd, struct buf *out,
                        struct arena *mem, int64_t *bad, struct error *err) {
    struct arena scratch = {0};
    scratch.base = scratch.beg = NEW_ARRAY(mem, char, READER_SCRATCH_BYTES);
    scratch.end = scratch.beg + READER_SCRATCH_BYTES;
    for (;;) {
        str line;
        line_state state;
        if ((out->len >= OUT_BYTES || !lines_waiting(in)) && !write_out(out_fd, out, err)) {
            return false;
        }
        if (!lines_next(in, &line, &state, err)) return false;
        switch (state) {
        case LINE_GIVEN:
            *bad += !score_line(s, *mem, scratch, line, out);
            break;
        case LINE_TOO_LONG:
            put_error(out, "longer than 1 MiB");
            buf_put_byte(out, '\n');
            ++*bad;
            break;
        case LINE_END:
            return write_out(out_fd, out, err);
        }
    }
}

bool score_stream(const struct scorer *s, int in_fd, int out_fd, int64_t *ret_bad,
                  struct error *err) {
    struct arena mem;
    struct lines in;
    struct buf out;
    int64_t bad = 0;
    arena_open(&mem, LINES_BLOCK_BYTES + READER_SCRATCH_BYTES + POST_BYTES);
    lines_init(&in, &mem, in_fd);
    buf_init(&out, OUT_BYTES_MAX);
    bool ok = score_lines(s, &in, out_fd, &out, &mem, &bad, err);
    if (ok) *ret_bad = bad;
    buf_fini(&out);
    arena_close(&mem);
    return ok;
}
