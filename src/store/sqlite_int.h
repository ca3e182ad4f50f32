/* What the two files of the SQLite back-end share: sqlite.c (statements) and sqlite_file.c (the
 * file: locks, backup, restore). */
#ifndef BF_STORE_SQLITE_INT_H
#define BF_STORE_SQLITE_INT_H

#include "store/store_int.h"

#include <sqlite3.h>

#define SQLITE_APPLICATION_ID 0x6266696E /* "bfin", in the header of each file of ours */
#define SQLITE_HEADER_BYTES 100

struct sqlite_stmt {
    struct store_stmt base;
    struct sqlite_store *store;
    sqlite3_stmt *st;
    const char *text; /* key of the cache */
    bool in_use;
    int bind_rc; /* first failure of a bind, told by the next step */
    int column;  /* of this row that was looked at last, -1: none */
    sqlite3_value *value;
};

#define SQLITE_STMTS_MAX 512 /* a power of two; this program has about 160 statements */

struct sqlite_store {
    struct store base;
    sqlite3 *db;
    int lock_fd; /* PATH.lock, -1: none */
    bool is_trader;
    struct sqlite_stmt *stmts[SQLITE_STMTS_MAX]; /* open addressing by the text's address */
    int stmt_count;
    sqlite3_stmt *data_version;
    int64_t rows_written; /* by a statement for many rows; -1: the last one was none */
};

/* Turns a result code into an error that says what happened to `path` and what to do. */
bool sqlite_fail(struct error *err, sqlite3 *db, int rc, const char *path, const char *what);

/* --- sqlite_file.c -------------------------------------------------------------------------- */
/* Looks at the file before SQLite does: it exists and is a file. Makes it (mode 0600) if `create`.
 */
MUST_CHECK bool sqlite_file_prepare(const char *path, bool create, struct error *err);
/* Is what SQLite has opened a database, and whole? Reads through SQLite's own descriptor. */
MUST_CHECK bool sqlite_file_check(sqlite3 *db, const char *path, struct error *err);
/* Takes part in PATH.lock: shared, so that no restore replaces the file under a connection.
 * *ret_fd -1 where the directory cannot be written by a reader. */
MUST_CHECK bool sqlite_file_join(const char *path, store_access access, int *ret_fd,
                                 struct error *err);
bool sqlite_trader_lock(struct store *s, struct error *err);
bool sqlite_trader_keep(struct store *s, struct error *err);
bool sqlite_trader_running(struct store *s, int64_t *ret_pid);
bool sqlite_claim(struct store *s, str name, bool *ret_mine, struct error *err);
bool sqlite_backup(struct store *s, const char *to_path, struct error *err);
bool sqlite_restore(const struct store_options *opt, str place, const char *from_path,
                    bool *ret_kept, struct error *err);

#endif
