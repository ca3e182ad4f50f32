/* replay: posts from a file, one JSON object a line, oldest first.
 *
 * In: a regular file, which may be cut off or grow while it is read (so it is read, not mapped: a
 * mapping of a file that shrinks is a signal). Out: posts in the order of the file. A line that is
 * no post is counted, told with FILE:LINE and left out; nothing else is lost. A line over
 * POST_LINE_BYTES_MAX is skipped without being held in memory.
 * Invariant: offset is the byte behind the last line consumed, so that a cursor stored with a post
 * finds the next one. Failure: only of reading itself (ERR_IO), or at opening (not there, a
 * directory). One thread. */
#include "source/source_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES (POST_LINE_BYTES_MAX + 65536)
#define RECENT_IDS 65536 /* direct-mapped memory of ids, to count repetitions */

struct replay {
    struct source base;
    int fd;
    const char *path;
    str name;
    int64_t line;    /* number of the last line taken, from 1 */
    int64_t offset;  /* of block[begin] in the file */
    char *block;     /* BLOCK_BYTES */
    ptrdiff_t begin; /* unread bytes of the block: begin..end */
    ptrdiff_t end;
    ptrdiff_t looked; /* begin..looked has no line feed */
    bool at_end;      /* the last read() gave nothing */
    usec newest;      /* created_at of the posts given */
    int64_t *recent;
};

static struct replay *replay_from(struct source *s) { return (struct replay *)s; }

static void complain(struct replay *r, const char *what, str payload) {
    char where[512];
    struct buf b;
    buf_init_fixed(&b, where, sizeof where);
    buf_printf(&b, "%s:%lld", r->path, (long long)r->line);
    source_complain(&r->base, buf_str(&b), str_from_z(what), payload);
}

/* Reads more behind `end`. False: the file gave an error. PRE: there is room. */
static bool fill(struct replay *r, struct error *err) {
    if (r->begin > 0) {
        memmove(r->block, r->block + r->begin, (size_t)(r->end - r->begin));
        r->end -= r->begin;
        r->looked -= r->begin;
        r->begin = 0;
    }
    PRE(r->end < BLOCK_BYTES);
    for (;;) {
        ssize_t n = read(r->fd, r->block + r->end, (size_t)(BLOCK_BYTES - r->end));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(err, ERR_IO, errno, "read %s: %s", r->path, strerror(errno));
        r->at_end = n == 0;
        r->end += n;
        return true;
    }
}

static void consume(struct replay *r, ptrdiff_t bytes) {
    r->begin += bytes;
    r->offset += bytes;
    r->looked = r->begin;
}

/* Takes the rest of a line whose first part has been thrown away already. */
static bool skip_line(struct replay *r, struct error *err) {
    for (;;) {
        str left = {r->block + r->begin, r->end - r->begin};
        ptrdiff_t feed = str_find_byte(left, '\n');
        consume(r, feed < 0 ? left.n : feed + 1);
        if (feed >= 0) return true;
        if (!fill(r, err)) return false;
        if (r->at_end) return true;
    }
}

/* Takes a line. *ret_end: none is left. A line over the limit is told and skipped. */
static bool take_line(struct replay *r, str *ret, bool *ret_end, struct error *err) {
    *ret_end = false;
    for (;;) {
        str unseen = {r->block + r->looked, r->end - r->looked};
        ptrdiff_t feed = str_find_byte(unseen, '\n');
        ptrdiff_t have = feed < 0 ? r->end - r->begin : r->looked + feed - r->begin;
        r->looked = feed < 0 ? r->end : r->looked;
        if (have > POST_LINE_BYTES_MAX) {
            r->line++;
            if (!skip_line(r, err)) return false;
            complain(r, "line is longer than 1 MiB, skipped", STR(""));
            continue;
        }
        if (feed >= 0 || (r->at_end && have > 0)) {
            r->line++;
            *ret = (str){r->block + r->begin, have};
            consume(r, have + (feed >= 0));
            return true;
        }
        if (r->at_end) {
            *ret_end = true;
            r->at_end = false; /* look again when asked again: the file may have grown */
            return true;
        }
        if (!fill(r, err)) return false;
    }
}

static void count_post(struct replay *r, const struct post *p) {
    r->base.counts.posts++;
    if (p->created_at < r->newest) r->base.counts.disordered++;
    r->newest = i64_max(r->newest, p->created_at);
    uint64_t h = (uint64_t)p->id * UINT64_C(0x9E3779B97F4A7C15);
    int64_t *seat = &r->recent[h >> 48];
    if (*seat == p->id) r->base.counts.repeated++;
    *seat = p->id;
}

static bool replay_next(struct source *s, struct arena *a, struct post *ret, bool *ret_end,
                        struct error *err) {
    struct replay *r = replay_from(s);
    for (;;) {
        str line;
        if (!take_line(r, &line, ret_end, err)) return false;
        if (*ret_end) return true;
        if (r->line == 1 && str_starts(line, STR("\xEF\xBB\xBF"))) line = str_tail(line, 3);
        line = str_trim(line);
        if (line.n == 0) continue;
        s->counts.lines++;
        struct error why;
        struct arena before = *a;
        if (x_post_parse(a, line, r->name, 0, false, ret, &why)) {
            count_post(r, ret);
            return true;
        }
        *a = before; /* what a broken line took is given back */
        complain(r, why.msg, line);
    }
}

static int64_t replay_offset(const struct source *s) { return ((const struct replay *)s)->offset; }

/* Counts the lines before the offset, so that complaints go on naming the right one. */
static bool replay_seek(struct source *s, int64_t offset, struct error *err) {
    struct replay *r = replay_from(s);
    if (offset > replay_total_bytes(s)) {
        return fail(err, ERR_RANGE, 0, "%s: offset %lld is behind its end; is it the same file?",
                    r->path, (long long)offset);
    }
    if (lseek(r->fd, 0, SEEK_SET) < 0) {
        return fail(err, ERR_IO, errno, "seek %s: %s", r->path, strerror(errno));
    }
    r->begin = r->end = r->looked = 0;
    r->line = r->offset = 0;
    r->newest = 0;
    r->at_end = false;
    while (r->offset < offset) {
        if (r->begin == r->end) {
            if (!fill(r, err)) return false;
            if (r->at_end) return fail(err, ERR_IO, 0, "%s: shorter than before", r->path);
        }
        ptrdiff_t step = (ptrdiff_t)i64_min(r->end - r->begin, offset - r->offset);
        ptrdiff_t feed = str_find_byte((str){r->block + r->begin, step}, '\n');
        r->line += feed >= 0;
        consume(r, feed >= 0 ? feed + 1 : step);
    }
    return true;
}

static void replay_close(struct source *s) {
    struct replay *r = replay_from(s);
    if (r->fd >= 0) IGNORE(close(r->fd) != 0, "read only: nothing can be lost");
    r->fd = -1;
}

static const struct source_ops replay_ops = {.name = "replay",
                                             .next = replay_next,
                                             .offset = replay_offset,
                                             .seek = replay_seek,
                                             .close = replay_close};

bool replay_open(struct arena *boot, const char *path, str name, struct source **ret,
                 struct error *err) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "open posts %s: %s", path,
                    strerror(errno));
    }
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        IGNORE(close(fd) != 0, "read only: nothing can be lost");
        return fail(err, ERR_IO, EISDIR, "open posts %s: is a directory", path);
    }
    struct replay *r = NEW(boot, struct replay);
    r->base.ops = &replay_ops;
    r->fd = fd;
    r->path = str_dupz(boot, str_from_z(path));
    r->name = str_dup(boot, name);
    r->block = NEW_ARRAY(boot, char, BLOCK_BYTES);
    r->recent = NEW_ARRAY(boot, int64_t, RECENT_IDS);
    *ret = &r->base;
    return true;
}

int64_t replay_total_bytes(const struct source *s) {
    struct stat st;
    if (fstat(((const struct replay *)s)->fd, &st) != 0) return 0;
    return st.st_size;
}
