/* file: a path that somebody named, opened for reading. */
#ifndef BF_BASE_FILE_H
#define BF_BASE_FILE_H

#include "base/error.h"

/* Opens a file; *ret_bytes (NULL: not wanted) is its length now. Never waits: a pipe of that name
 * would hold whoever opens it until somebody writes, and a device never ends, so what is no file is
 * refused; but /dev/null, by which people say "none", is an empty one. Messages do not name the
 * path: that is the caller's, with what it is for. Errors: ERR_NOT_FOUND; ERR_IO, with sys 0 where
 * it is no file. */
MUST_CHECK bool file_open(const char *path, int *ret_fd, int64_t *ret_bytes, struct error *err);

#endif
