/* texts: lines in, lines out, in order and one for one, so that the two can be laid side by side.
 *
 * In: JSON objects with a member `text`. Out: what the command answers, or {"error": ...} for a
 * line that is none, too long, or not answered; nothing stops the lines behind it. Answers are
 * written when the input pauses: a filter in a conversation, and fast on a file. Failure: reading
 * or writing (ERR_IO). One thread. */
#include "app/texts.h"

#include <errno.h>
#include <unistd.h>

#include <jansson.h>

#include "base/json.h"
#include "source/lines.h"

#define WRITE_BYTES 65536 /* at once */

static bool write_out(int fd, struct buf *out, struct error *err) {
    str left = buf_str(out);
    while (left.n > 0) {
        const ssize_t n = write(fd, left.p, (size_t)left.n);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(err, ERR_IO, errno, "write answers: %s", strerror(errno));
        left = str_tail(left, n);
    }
    buf_clear(out);
    return true;
}

static bool answer_line(const struct texts_reader *r, str line, struct buf *out,
                        struct error *err) {
    json_error_t why;
    json_t *v = json_loadb(line.p, (size_t)line.n, JSON_ALLOW_NUL, &why);
    if (!v) return fail(err, ERR_PARSE, 0, "no JSON: %s", why.text);
    const str text = json_str_at(v, "text");
    const bool ok = text.p ? r->answer(r->ctx, text, out, err)
                           : fail(err, ERR_PARSE, 0, "no object with a text: {\"text\": \"...\"}");
    json_decref(v);
    return ok;
}

static void put_error(struct buf *out, const char *what) {
    buf_put(out, STR("{\"error\":"));
    buf_put_json_str(out, str_from_z(what));
    buf_put(out, STR("}"));
}

/* One answer, or an error in its place. */
static bool put_answer(const struct texts_reader *r, str line, struct buf *out) {
    struct error why;
    const ptrdiff_t before = out->len;
    bool ok = answer_line(r, line, out, &why);
    if (ok && buf_full(out)) ok = fail(&why, ERR_LIMIT, 0, "the answer is too long");
    if (!ok) {
        out->len = before;
        out->full = false;
        put_error(out, why.msg);
    }
    buf_put_byte(out, '\n');
    return ok;
}

static bool each(const struct texts_reader *r, struct lines *in, int out_fd, struct buf *out,
                 int64_t *bad, struct error *err) {
    for (;;) {
        str line;
        line_state state;
        if ((out->len >= WRITE_BYTES || !lines_waiting(in)) && !write_out(out_fd, out, err))
            return false;
        if (!lines_next(in, &line, &state, err)) return false;
        switch (state) {
        case LINE_GIVEN:
            *bad += !put_answer(r, line, out);
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

bool texts_each(const struct texts_reader *r, int in_fd, int out_fd, int64_t *ret_bad,
                struct error *err) {
    struct arena mem;
    struct lines in;
    struct buf out;
    int64_t bad = 0;
    arena_open(&mem, LINES_BLOCK_BYTES + 64);
    lines_init(&in, &mem, in_fd);
    buf_init(&out, TEXTS_OUT_BYTES + WRITE_BYTES);
    const bool ok = each(r, &in, out_fd, &out, &bad, err);
    if (ok) *ret_bad = bad;
    buf_fini(&out);
    arena_close(&mem);
    return ok;
}
