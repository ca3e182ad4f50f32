/* lines: a file read line by line, whatever stands in it. */
#ifndef BF_SOURCE_LINES_H
#define BF_SOURCE_LINES_H

#include "base/arena.h"
#include "base/error.h"
#include "flow/post.h"

#define LINES_BLOCK_BYTES (POST_LINE_BYTES_MAX + 65536)

struct lines {
    int fd;          /* borrowed */
    int64_t line;    /* number of the last line taken, from 1; 0 before the first */
    int64_t offset;  /* behind the last line taken, counted from where reading began */
    char *block;     /* LINES_BLOCK_BYTES */
    ptrdiff_t begin; /* unread bytes of the block: begin..end */
    ptrdiff_t end;
    ptrdiff_t looked; /* begin..looked has no line feed */
    bool at_end;      /* the last read() gave nothing */
};

typedef enum line_state { LINE_GIVEN, LINE_TOO_LONG, LINE_END } line_state;

/* The block is taken from `boot`. */
void lines_init(struct lines *l, struct arena *boot, int fd);

/* Takes the next line, without its line feed; a last line without one counts. *ret lives until the
 * next call. LINE_TOO_LONG: over POST_LINE_BYTES_MAX, passed over. After LINE_END it may be asked
 * again: the file may have grown. Blocks as read() does. Errors: ERR_IO. */
MUST_CHECK bool lines_next(struct lines *l, str *ret, line_state *ret_state, struct error *err);

/* Starts anew at a byte of a seekable file; the lines before it are counted. Errors: ERR_IO, also
 * when the file is shorter. */
MUST_CHECK bool lines_seek(struct lines *l, int64_t offset, struct error *err);

/* Bytes that are read already and not yet taken? (If not, lines_next may block.) */
static inline bool lines_waiting(const struct lines *l) { return l->end > l->begin; }

#endif
