/* line_file: the lines of a file, through one small block of memory; private to src/market. */
#ifndef BF_MARKET_LINE_FILE_H
#define BF_MARKET_LINE_FILE_H

#include "base/error.h"
#include "base/str.h"

#define LINE_BYTES_MAX 1024 /* of a line that is given; longer ones are skipped */

typedef enum line_kind { LINE_TEXT, LINE_LONG, LINE_END, LINE_BROKEN } line_kind;

struct line_file {
    int fd;                  /* -1: not open */
    char *block;             /* borrowed */
    ptrdiff_t cap, beg, end; /* of block: size, and what is read and not yet given */
    int64_t size;            /* of the file when it was opened: what is added later is not read */
    int64_t offset;          /* of the file, behind block[end] */
    int64_t line;            /* number of the line given last, from 1 */
};

/* block: borrowed until close; PRE: more than LINE_BYTES_MAX bytes. Errors: ERR_NOT_FOUND; ERR_IO
 * cannot be opened, or is no regular file. */
MUST_CHECK bool line_file_open(struct line_file *f, const char *path, char *block, ptrdiff_t bytes,
                               struct error *err);

/* Next line without "\n" or "\r\n", empty ones too; a slice of the block, valid until the next
 * call. LINE_LONG: the line is too long and was skipped. LINE_BROKEN: the file cannot be read to
 * the size that it had; `err` says why, and the next call says LINE_END. */
line_kind line_file_next(struct line_file *f, str *ret, struct error *err);

/* The last bytes of the file, from the beginning of a line on, at most as many as the block holds;
 * then only line_file_close may follow. Empty when nothing can be read. */
str line_file_tail(struct line_file *f);

void line_file_close(struct line_file *f); /* a closed one is fine */

#endif
