/* line_file: plain sequential reads into a block, cut at line ends.
 *
 * Files are not mapped: the pages of a mapping count as memory of the process for as long as the
 * system likes, and a file that shrinks under a mapping kills the process with SIGBUS. In: a path
 * and a block. Out: slices of the block. Invariants: beg <= end <= cap; block[beg..end) is what the
 * file has before `offset`. A line that does not fit is passed over without ever being held whole.
 * Failure: a read error, or a file that has become shorter, ends the lines with LINE_BROKEN; its
 * last line without a line end is then dropped, as nobody knows where it was cut. Blocks in
 * read(2); one thread at a time. */
#include "market/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool line_file_open(struct line_file *f, const char *path, char *block, ptrdiff_t bytes,
                    struct error *err) {
    PRE(bytes > LINE_BYTES_MAX);
    /* not blocking: a FIFO of that name would hold us for ever, and is refused below */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        int sys = errno;
        return fail(err, sys == ENOENT ? ERR_NOT_FOUND : ERR_IO, sys, "%s: %s%s", path,
                    strerror(sys), sys == EMFILE ? "; raise the limit with ulimit -n" : "");
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return fail(err, ERR_IO, 0, "%s: not a regular file", path);
    }
    *f = (struct line_file){.fd = fd, .block = block, .cap = bytes, .size = st.st_size};
    return true;
}

void line_file_close(struct line_file *f) {
    if (f->fd >= 0) close(f->fd);
    f->fd = -1;
}

/* Moves what is left to the front of the block and reads behind it. False: at the end, or broken
 * (then err has a code). */
static bool fill(struct line_file *f, struct error *err) {
    err->code = ERR_OK;
    if (f->beg > 0) {
        memmove(f->block, f->block + f->beg, (size_t)(f->end - f->beg));
        f->end -= f->beg;
        f->beg = 0;
    }
    int64_t want = i64_min(f->cap - f->end, f->size - f->offset);
    PRE(f->end < f->cap);
    if (want <= 0) return false;
    ssize_t got;
    do {
        got = pread(f->fd, f->block + f->end, (size_t)want, f->offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        int sys = errno;
        return fail(err, ERR_IO, sys, "cannot be read on: %s", strerror(sys));
    }
    if (got == 0) {
        return fail(err, ERR_IO, 0, "became shorter while it was read: %lld bytes, were %lld",
                    (long long)f->offset, (long long)f->size);
    }
    f->end += got;
    f->offset += got;
    return true;
}

/* Gives block[beg..stop) as the next line and goes on at `next`. */
static line_kind give(struct line_file *f, ptrdiff_t stop, ptrdiff_t next, str *ret) {
    str line = {f->block + f->beg, stop - f->beg};
    f->beg = next;
    f->line++;
    if (line.n > LINE_BYTES_MAX) return LINE_LONG;
    if (line.n && line.p[line.n - 1] == '\r') line.n--;
    *ret = line;
    return LINE_TEXT;
}

/* Passes over the rest of a line that is too long. */
static line_kind skip_long(struct line_file *f, struct error *err) {
    for (;;) {
        const char *stop = memchr(f->block + f->beg, '\n', (size_t)(f->end - f->beg));
        f->beg = stop ? stop - f->block + 1 : f->end;
        if (stop || !fill(f, err)) break;
    }
    /* where the file broke off in the middle of it, the next call finds that out again */
    f->line++;
    return LINE_LONG;
}

line_kind line_file_next(struct line_file *f, str *ret, struct error *err) {
    ptrdiff_t seen = 0; /* bytes behind beg that hold no line end */
    for (;;) {
        ptrdiff_t from = f->beg + seen;
        const char *stop = memchr(f->block + from, '\n', (size_t)(f->end - from));
        if (stop) return give(f, stop - f->block, stop - f->block + 1, ret);
        seen = f->end - f->beg;
        if (seen > LINE_BYTES_MAX) return skip_long(f, err);
        if (fill(f, err)) continue;
        if (err->code != ERR_OK) {
            f->beg = f->end;
            f->size = f->offset;
            return LINE_BROKEN;
        }
        return seen ? give(f, f->end, f->end, ret) : LINE_END;
    }
}

str line_file_tail(struct line_file *f) {
    f->offset = i64_max(0, f->size - f->cap);
    f->beg = f->end = 0;
    struct error err;
    bool whole = f->offset == 0;
    while (f->end < f->cap && fill(f, &err)) continue;
    str tail = {f->block, f->end}, cut;
    if (!whole) IGNORE(!str_cut(&tail, '\n', &cut), "a tail without a line end is left empty");
    return tail.p ? tail : (str){0};
}
