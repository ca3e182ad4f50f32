/* Arena: memory with one lifetime, given back all at once.
 *
 * Three lifetimes in the program: boot (process), msg (one turn; reset at its end), scratch (a
 * struct arena passed BY VALUE: what the callee takes is gone on return). Memory is zeroed and
 * aligned; arena_alloc never returns NULL: running over the fixed ceiling is a bug of ours (inputs
 * are bounded at the door) and asserts. arena_try_alloc is for the door itself. */
#ifndef BF_BASE_ARENA_H
#define BF_BASE_ARENA_H

#include "base/base.h"

struct arena {
    char *beg; /* next free byte */
    char *end;
    char *base;     /* start of the block, for reset */
    char **touched; /* up to where the block was ever handed out, shared by all copies; NULL: all */
};

/* Maps `bytes` (address space; pages are touched only when used). Aborts when that fails. */
void arena_open(struct arena *a, ptrdiff_t bytes);
void arena_close(struct arena *a); /* unmaps; a zeroed arena is fine */
/* Over the caller's block; nothing to close. */
void arena_init(struct arena *a, void *block, ptrdiff_t bytes);
void arena_reset(struct arena *a); /* everything taken from it is invalid afterwards */

void *arena_alloc(struct arena *a, ptrdiff_t size, ptrdiff_t align, ptrdiff_t count);
void *arena_try_alloc(struct arena *a, ptrdiff_t size, ptrdiff_t align,
                      ptrdiff_t count); /* NULL when full */
ptrdiff_t arena_left(const struct arena *a);

#define NEW(a, type) ((type *)arena_alloc((a), sizeof(type), _Alignof(type), 1))
#define NEW_ARRAY(a, type, count) ((type *)arena_alloc((a), sizeof(type), _Alignof(type), (count)))

#endif
