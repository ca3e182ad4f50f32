/* lines: a file read line by line, whatever stands in it.
 *
 * In: a file descriptor: a file that may be cut off or grow while it is read (so it is read, not
 * mapped: a mapping of a file that shrinks is a signal), or a pipe. Out: lines, of any bytes. A
 * line over POST_LINE_BYTES_MAX is passed over without being held in memory.
 * Invariants: begin <= looked <= end; offset counts every byte up to the last line taken. Failure:
 * only of read() and lseek(). One thread. */
#include "source/lines.h"

#include <errno.h>
#include <unistd.h>

void lines_init(struct lines *l, struct arena *boot, int fd) {
    *l = (struct lines){.fd = fd};
    l->block = NEW_ARRAY(boot, char, LINES_BLOCK_BYTES);
}

/* Reads more behind `end`. PRE: there is room. */
static bool fill(struct lines *l, struct error *err) {
    if (l->begin > 0) {
        memmove(l->block, l->block + l->begin, (size_t)(l->end - l->begin));
        l->end -= l->begin;
        l->looked -= l->begin;
        l->begin = 0;
    }
    PRE(l->end < LINES_BLOCK_BYTES);
    for (;;) {
        ssize_t n = read(l->fd, l->block + l->end, (size_t)(LINES_BLOCK_BYTES - l->end));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(err, ERR_IO, errno, "read: %s", strerror(errno));
        l->at_end = n == 0;
        l->end += n;
        return true;
    }
}

static void consume(struct lines *l, ptrdiff_t bytes) {
    l->begin += bytes;
    l->offset += bytes;
    l->looked = l->begin;
}

/* Takes a line up to its line feed or the end of the file, block by block. */
static bool pass_over(struct lines *l, struct error *err) {
    l->line++;
    for (;;) {
        str left = {l->block + l->begin, l->end - l->begin};
        ptrdiff_t feed = str_find_byte(left, '\n');
        consume(l, feed < 0 ? left.n : feed + 1);
        if (feed >= 0) return true;
        if (!fill(l, err)) return false;
        if (l->at_end) return true;
    }
}

bool lines_next(struct lines *l, str *ret, line_state *ret_state, struct error *err) {
    for (;;) {
        str unseen = {l->block + l->looked, l->end - l->looked};
        ptrdiff_t feed = str_find_byte(unseen, '\n');
        ptrdiff_t have = (feed < 0 ? l->end : l->looked + feed) - l->begin;
        if (feed < 0) l->looked = l->end;
        if (have > POST_LINE_BYTES_MAX) {
            *ret_state = LINE_TOO_LONG;
            return pass_over(l, err);
        }
        if (feed >= 0 || (l->at_end && have > 0)) {
            *ret = (str){l->block + l->begin, have};
            *ret_state = LINE_GIVEN;
            l->line++;
            consume(l, have + (feed >= 0));
            return true;
        }
        if (l->at_end) {
            *ret_state = LINE_END;
            l->at_end = false;
            return true;
        }
        if (!fill(l, err)) return false;
    }
}

bool lines_seek(struct lines *l, int64_t offset, struct error *err) {
    if (lseek(l->fd, 0, SEEK_SET) < 0) {
        return fail(err, ERR_IO, errno, "seek: %s", strerror(errno));
    }
    l->begin = l->end = l->looked = 0;
    l->line = l->offset = 0;
    l->at_end = false;
    while (l->offset < offset) {
        if (l->begin == l->end) {
            if (!fill(l, err)) return false;
            if (l->at_end) return fail(err, ERR_IO, 0, "shorter than byte %lld", (long long)offset);
        }
        ptrdiff_t step = (ptrdiff_t)i64_min(l->end - l->begin, offset - l->offset);
        ptrdiff_t feed = str_find_byte((str){l->block + l->begin, step}, '\n');
        l->line += feed >= 0;
        consume(l, feed >= 0 ? feed + 1 : step);
    }
    return true;
}
