/* ledger: what PostgreSQL and Redis hold, asked past all proxies and without the program's help. */
#ifndef BF_TESTS_CHAOS_LEDGER_H
#define BF_TESTS_CHAOS_LEDGER_H

#include "../kill/books.h"
#include "rig.h"

/* Does the database answer within that time? */
bool ledger_wait(const struct rig *r, const char *database, usec patience);
/* A statement or several. False: it failed, or nobody answers; told. */
bool ledger_do(const struct rig *r, const char *database, const char *sql);
/* The first column of the first row, as a number; no row, or NULL: 0. False: it is not there. */
bool ledger_number(const struct rig *r, const char *sql, int64_t *ret);
/* The same, from a database that must be there. */
int64_t ledger_count(const struct rig *r, const char *sql);
/* Each row. PRE: the database is there. */
void ledger_each(const struct rig *r, const char *sql,
                 void (*row)(void *to, const char *const *columns), void *to);
void ledger_books(const struct rig *r, struct books *ret);

/* SQL that puts a witness in place: a line in chaos.writes for each statement that writes to what
 * only a trader may write, with the token that its session says and the one that leads. */
extern const char ledger_witness[];

/* Jobs in all queues: waiting, in their pause, in hands. False: Redis is not there. */
bool ledger_jobs(const struct rig *r, int64_t *ret);

#endif
