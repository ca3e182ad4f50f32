/* Arena: a bump pointer over one block.
 *
 * In: a size, or a block of the caller. Out: zeroed, aligned memory. Invariant: base <= beg <= end;
 * beg only moves up until a reset. Zeroing happens when memory is handed out, not at reset: a
 * scratch arena is a copy of the struct, so the original cannot know how far its copies wrote.
 * What was never handed out comes zeroed from the system and stays untouched until it is used, so
 * that large tables cost only what is in them; how far that reaches stands in a page before the
 * block, which the copies share.
 * Failure: arena_alloc asserts when full, arena_try_alloc returns NULL; a failed mmap aborts (it
 * happens at start only). Thread: one at a time, no locks. */
#include "base/arena.h"

#include <string.h>
#include <sys/mman.h>

#define HEAD_BYTES 4096 /* a page, so that the block is aligned to one */

void arena_open(struct arena *a, ptrdiff_t bytes) {
    PRE(bytes > 0);
    char *block = mmap(NULL, (size_t)(bytes + HEAD_BYTES), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    PRE(block != MAP_FAILED);
    arena_init(a, block + HEAD_BYTES, bytes);
    a->touched = (char **)(void *)block;
    *a->touched = a->base;
}

void arena_close(struct arena *a) {
    if (a->base) {
        PRE(a->touched != NULL); /* arena_init has nothing to close */
        int rc = munmap(a->base - HEAD_BYTES, (size_t)(a->end - a->base + HEAD_BYTES));
        POST(rc == 0);
    }
    *a = (struct arena){0};
}

void arena_init(struct arena *a, void *block, ptrdiff_t bytes) {
    PRE(block != NULL);
    PRE(bytes >= 0);
    a->base = block;
    a->beg = a->base;
    a->end = a->base + bytes;
    a->touched = NULL;
}

void arena_reset(struct arena *a) { a->beg = a->base; }

/* Zeroes p[0..bytes) as far as it was ever handed out. */
static void zero(struct arena *a, char *p, ptrdiff_t bytes) {
    if (a->touched == NULL) {
        memset(p, 0, (size_t)bytes);
        return;
    }
    char *end = p + bytes;
    if (p < *a->touched) memset(p, 0, (size_t)((end < *a->touched ? end : *a->touched) - p));
    if (end > *a->touched) *a->touched = end;
}

void *arena_try_alloc(struct arena *a, ptrdiff_t size, ptrdiff_t align, ptrdiff_t count) {
    PRE(a->beg != NULL);
    PRE(size > 0);
    PRE(align > 0 && (align & (align - 1)) == 0);
    PRE(count >= 0);
    ptrdiff_t pad = (ptrdiff_t)(-(uintptr_t)a->beg & (uintptr_t)(align - 1));
    ptrdiff_t left = a->end - a->beg;
    if (pad > left || count > (left - pad) / size) return NULL;
    char *p = a->beg + pad;
    a->beg = p + size * count;
    zero(a, p, size * count);
    return p;
}

void *arena_alloc(struct arena *a, ptrdiff_t size, ptrdiff_t align, ptrdiff_t count) {
    void *p = arena_try_alloc(a, size, align, count);
    POST(p != NULL);
    return p;
}

ptrdiff_t arena_left(const struct arena *a) { return a->end - a->beg; }
