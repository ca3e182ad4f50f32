/* replay: posts from a file, one JSON object a line, oldest first.
 *
 * In: a file of posts. Out: posts in the order of the file. A line that is no post is counted, told
 * with FILE:LINE and left out; nothing else is lost. An empty line is nothing.
 * Invariant: offset is the byte behind the last line taken, so that a cursor stored with a post
 * finds the next one. A mark is the hash of the bytes just before an offset: it tells a file that
 * has grown (the same mark) from one that was replaced (another). Failure: only of reading itself
 * (ERR_IO), or at opening (not there, a directory). One thread. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "source/lines.h"
#include "source/source_int.h"

#define MARK_BYTES 4096  /* of the file that a mark is made of: several posts with their ids */
#define TAIL_BYTES 65536 /* that the last post is looked for in */
#define RECENT_IDS 65536 /* direct-mapped memory of ids, to count repetitions */

struct replay {
    struct source base;
    struct lines lines;
    const char *path;
    str name;
    usec newest; /* created_at of the posts given */
    int64_t *recent;
};

static struct replay *replay_from(struct source *s) { return (struct replay *)s; }

static void complain(struct replay *r, const char *what, str payload) {
    char where[512];
    struct buf b;
    buf_init_fixed(&b, where, sizeof where);
    buf_printf(&b, "%s:%lld", r->path, (long long)r->lines.line);
    source_complain(&r->base, buf_str(&b), str_from_z(what), payload);
}

static void count_post(struct replay *r, const struct post *p) {
    if (p->deleted) {
        r->base.counts.deletions++;
        return;
    }
    r->base.counts.posts++;
    if (p->created_at < r->newest) r->base.counts.disordered++;
    r->newest = i64_max(r->newest, p->created_at);
    uint64_t h = (uint64_t)p->id * UINT64_C(0x9E3779B97F4A7C15);
    int64_t *seat = &r->recent[h >> 48];
    if (*seat == p->id) r->base.counts.repeated++;
    *seat = p->id;
}

/* A line -> a post, or word of a deletion. False: there was none in it, and it has been told. */
static bool take_post(struct replay *r, struct arena *a, str line, struct post *ret) {
    if (r->lines.line == 1 && str_starts(line, STR("\xEF\xBB\xBF"))) line = str_tail(line, 3);
    line = str_trim(line);
    if (line.n == 0) return false;
    r->base.counts.lines++;
    struct error why;
    struct arena before = *a;
    if (x_post_parse(a, line, r->name, 0, false, ret, &why)) {
        count_post(r, ret);
        return true;
    }
    *a = before; /* what a broken line took is given back */
    complain(r, why.msg, line);
    return false;
}

static bool replay_next(struct source *s, struct arena *a, struct intake *ret, struct error *err) {
    struct replay *r = replay_from(s);
    str line;
    line_state state;
    *ret = (struct intake){.kind = INTAKE_POST};
    while (lines_next(&r->lines, &line, &state, err)) {
        switch (state) {
        case LINE_GIVEN:
            if (take_post(r, a, line, &ret->post)) return true;
            break;
        case LINE_TOO_LONG:
            s->counts.lines++;
            complain(r, "longer than 1 MiB, passed over", STR(""));
            break;
        case LINE_END:
            ret->kind = INTAKE_END;
            return true;
        }
    }
    return fail_in(err, "posts %s", r->path);
}

static int64_t replay_offset(const struct source *s) {
    return ((const struct replay *)s)->lines.offset;
}

static bool replay_seek(struct source *s, int64_t offset, struct error *err) {
    struct replay *r = replay_from(s);
    if (offset > replay_total_bytes(s)) {
        return fail(err, ERR_RANGE, 0, "%s: offset %lld is behind its end; is it the same file?",
                    r->path, (long long)offset);
    }
    r->newest = 0;
    return lines_seek(&r->lines, offset, err) || fail_in(err, "posts %s", r->path);
}

/* The `want` bytes before `end`, in `ret`. pread: the place where the other thread reads stays as
 * it is. */
static bool read_before(const struct replay *r, int64_t end, ptrdiff_t want, char *ret,
                        struct error *err) {
    ptrdiff_t have = 0;
    while (have < want) {
        const ssize_t n = pread(r->lines.fd, ret + have, (size_t)(want - have), end - want + have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(err, ERR_IO, errno, "posts %s: %s", r->path, strerror(errno));
        if (n == 0)
            return fail(err, ERR_RANGE, 0, "posts %s: shorter than byte %lld", r->path,
                        (long long)end);
        have += n;
    }
    return true;
}

static bool replay_mark(const struct source *s, int64_t offset, char ret[SOURCE_MARK_BYTES],
                        struct error *err) {
    const struct replay *r = (const struct replay *)s;
    char block[MARK_BYTES];
    uint8_t hash[SHA256_BYTES];
    const ptrdiff_t want = i64_min(offset, MARK_BYTES);
    if (!read_before(r, offset, want, block, err)) return false;
    sha256_once(str_from_bytes(block, want), hash);
    IGNORE(hex_format(hash, SHA256_BYTES, ret).n == 0, "it stands in ret");
    return true;
}

bool replay_last(const struct source *s, struct arena scratch, usec *ret_at) {
    const struct replay *r = (const struct replay *)s;
    const int64_t end = replay_total_bytes(s);
    const ptrdiff_t want = i64_min(end, TAIL_BYTES);
    char *const tail = NEW_ARRAY(&scratch, char, want + 1);
    struct error why;
    if (!read_before(r, end, want, tail, &why)) return false;
    str left = str_from_bytes(tail, want);
    while (left.n > 0) {
        ptrdiff_t at = left.n;
        while (at > 0 && left.p[at - 1] != '\n') at--;
        struct arena a = scratch;
        struct post p;
        if (x_post_parse(&a, str_trim(str_tail(left, at)), r->name, 0, false, &p, &why)) {
            *ret_at = p.created_at;
            return true;
        }
        left = str_head(left, i64_max(at - 1, 0));
    }
    return false;
}

static void replay_close(struct source *s) {
    struct replay *r = replay_from(s);
    if (r->lines.fd >= 0) IGNORE(close(r->lines.fd) != 0, "read only: nothing can be lost");
    r->lines.fd = -1;
}

static const struct source_ops replay_ops = {.name = "replay",
                                             .next = replay_next,
                                             .offset = replay_offset,
                                             .seek = replay_seek,
                                             .mark = replay_mark,
                                             .close = replay_close};

bool replay_open(struct arena *boot, const char *path, str name, struct source **ret,
                 struct error *err) {
    int fd;
    if (!file_open(path, &fd, NULL, err)) return fail_in(err, "posts %s", path);
    struct replay *r = NEW(boot, struct replay);
    r->base.ops = &replay_ops;
    r->path = str_dupz(boot, str_from_z(path));
    r->name = str_dup(boot, name);
    r->recent = NEW_ARRAY(boot, int64_t, RECENT_IDS);
    lines_init(&r->lines, boot, fd);
    *ret = &r->base;
    return true;
}

int64_t replay_total_bytes(const struct source *s) {
    struct stat st;
    if (fstat(((const struct replay *)s)->lines.fd, &st) != 0) return 0;
    return st.st_size;
}
