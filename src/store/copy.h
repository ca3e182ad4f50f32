/* copy: a whole store into another one, of whichever kind: from a file on one machine to the
 * database that several share, or back. */
#ifndef BF_STORE_COPY_H
#define BF_STORE_COPY_H

#include "store/store.h"

struct copy_progress {
    void *ctx;
    /* Now and then; table: what is being copied. */
    void (*tell)(void *ctx, const char *table, int64_t rows);
};

struct copied {
    int64_t rows;  /* of all tables */
    int64_t found; /* of them were there from a copy that was interrupted */
    int tables;
    char ledger_hash[65];
};

/* Copies every row. `from` is not written to, and nobody may trade on it meanwhile; `to` must be
 * empty, or what an interrupted copy of the same store left: then it goes on from there. Each batch
 * is a transaction, so a copy may be killed at any moment. At the end all rows are read from both
 * and compared. Until then `to` cannot be opened for anything else.
 *
 * Errors: ERR_USAGE `to` is `from`; ERR_EXISTS a trader runs on `from` or `to`; ERR_STATE `to`
 * holds something else, or `from` changed since the copy began; ERR_DAMAGED the two differ at the
 * end. */
MUST_CHECK bool store_copy(struct store *from, struct store *to, const struct copy_progress *tell,
                           struct copied *ret, struct error *err);
/* ERR_STATE: a copy into this store was begun and is not at its end. */
MUST_CHECK bool store_copy_is_whole(struct store *s, struct error *err);

#endif
