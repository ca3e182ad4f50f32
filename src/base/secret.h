/* secret: a text that nobody may see: an API key, a password.
 *
 * It lives in memory of its own that is locked (never in swap), left out of core dumps and of child
 * processes, and wiped when it is given back. There is no function that formats one. */
#ifndef BF_BASE_SECRET_H
#define BF_BASE_SECRET_H

#include "base/error.h"
#include "base/str.h"

#define SECRET_BYTES_MAX 4096

struct secret {
    char *p; /* NULL: none */
    ptrdiff_t n;
    bool locked; /* false: the system locks no more memory for us (ulimit -l) */
};

/* Copies; the source is the caller's to wipe. Errors: ERR_LIMIT too long, no memory. */
MUST_CHECK bool secret_copy(str s, struct secret *ret, struct error *err);
/* The first line of a file without white space around it. Errors: ERR_NOT_FOUND, ERR_IO;
 * ERR_REFUSED others may read or write the file (secret_mode_is_good); ERR_CONFIG it is empty, or
 * holds more lines. */
MUST_CHECK bool secret_from_file(const char *path, struct secret *ret, struct error *err);
/* The same from a text in memory that is wiped: the value of an environment variable. name: for
 * messages. */
MUST_CHECK bool secret_take(const char *name, char *text, struct secret *ret, struct error *err);

struct stat;
/* May a file with this owner and mode hold a secret? Its owner's alone; or root's, for a group that
 * may read it, where we are not root. */
bool secret_mode_is_good(const struct stat *st);

static inline str secret_str(const struct secret *s) { return (str){s->p, s->n}; } /* borrowed */
void secret_wipe(struct secret *s); /* a zeroed or wiped one is fine */

void memory_wipe(void *p, ptrdiff_t n); /* the compiler does not leave it out */
/* No core dump, and no other process of this user may look into this one, from now on. Call it
 * before a secret is read. */
void secret_guard_process(void);

#endif
