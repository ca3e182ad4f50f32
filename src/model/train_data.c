/* train_data: reads files of labelled texts.
 *
 * In: lines "LABEL<tab>TEXT", texts as published data sets have them: users as @user, links as
 * http, some characters written as \u2019, quotes doubled by a spreadsheet. Out: texts such as
 * feed makes of live posts. Failure: a line without label or text names its place; nothing is
 * skipped. Runs in training and evaluation only; memory of its own. */
#include "model/train_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "flow/reader.h"

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') return (c | 0x20) - 'a' + 10;
    return -1;
}

/* "\u2019" at s.p[at]? Its code point, 0 if not. */
static uint32_t escape_at(str s, ptrdiff_t at) {
    if (at + 6 > s.n || s.p[at] != '\\' || s.p[at + 1] != 'u') return 0;
    uint32_t cp = 0;
    for (int i = 2; i < 6; i++) {
        int d = hex_value(s.p[at + i]);
        if (d < 0) return 0;
        cp = cp * 16 + (uint32_t)d;
    }
    return cp >= 0xD800 && cp <= 0xDFFF ? 0 : cp;
}

static int put_utf8(char *out, uint32_t cp) {
    if (cp < 0x80) return out[0] = (char)cp, 1;
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 63));
        return 2;
    }
    out[0] = (char)(0xE0 | cp >> 12);
    out[1] = (char)(0x80 | (cp >> 6 & 63));
    out[2] = (char)(0x80 | (cp & 63));
    return 3;
}

/* Undoes the data sets' writing. The result is never longer. */
static str undo_escapes(struct arena *a, str s) {
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"') s = (str){s.p + 1, s.n - 2};
    char *out = NEW_ARRAY(a, char, s.n + 1);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < s.n;) {
        uint32_t cp = escape_at(s, i);
        if (cp) {
            n += put_utf8(out + n, cp);
            i += 6;
        } else if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\'')) {
            i++;
        } else if (s.p[i] == '"' && n > 0 && out[n - 1] == '"') {
            i++;
        } else {
            out[n++] = s.p[i++];
        }
    }
    return (str){out, n};
}

static bool take_line(struct arena a, str line, labelled_fn *take, void *ctx, struct error *err) {
    if (line.n < 3 || line.p[0] < '0' || line.p[0] > '2' || line.p[1] != '\t') {
        return fail(err, ERR_PARSE, 0, "expected a label 0 to 2, a tab and a text");
    }
    struct raw_post raw = {.id = STR("1"),
                           .source = STR("train"),
                           .created_at = STR("1970-01-01T00:00:00Z"),
                           .lang = STR("und"),
                           .text = undo_escapes(&a, str_tail(line, 2)),
                           .html = true};
    struct post post;
    if (!feed_normalize(&a, &raw, 0, &post, err)) return false;
    take(ctx, &(struct labelled){line.p[0] - '0', post.text});
    return true;
}

bool labelled_read(const char *path, labelled_fn *take, void *ctx, struct error *err) {
    struct arena a = {0};
    char *block = NULL;
    size_t room = 0;
    int64_t line = 0;
    bool ok = false;
    int fd;
    if (!file_open(path, &fd, NULL, err)) return fail_in(err, "open %s", path);
    FILE *f = fdopen(fd, "r");
    PRE(f != NULL); /* it is open, and for reading */
    arena_open(&a, 4 << 20);
    for (;;) {
        errno = 0;
        ssize_t n = getline(&block, &room, f);
        if (n < 0) break;
        line++;
        arena_reset(&a);
        str text = str_trim((str){block, n});
        if (text.n == 0) continue;
        if (!take_line(a, text, take, ctx, err)) {
            ok = fail_in(err, "%s:%lld", path, (long long)line);
            goto out;
        }
    }
    ok = !ferror(f) || fail(err, ERR_IO, errno, "read %s: %s", path, strerror(errno));
out:
    free(block), block = NULL;
    IGNORE(fclose(f) != 0, "read only");
    arena_close(&a);
    return ok;
}
