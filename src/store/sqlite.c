/* The store's primitives on SQLite.
 *
 * Not for: any table of ours (the shared files above), nor the file as a file (sqlite_file.c). One
 * connection, one thread. WAL, so that readers never wait for the writer nor it for them; foreign
 * keys on; `synchronous` as the options say (FULL survives a power cut, NORMAL only a crash of the
 * program). Statements are prepared once and found by the address of their text. Amounts and times
 * are integers here. Failure: each result code becomes an error that names the file and says what
 * to do; a damaged file is never written to. */
#include "store/sqlite_int.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define CACHE_KIB_WRITE 16384
/* What a group of posts touches, or its pages would be written twice, and what it reads. */
#define CACHE_KIB_BULK 65536
/* The inner pages of a store with a million posts are 8 MiB, and others go through here, too. */
#define CACHE_KIB_READ 16384
/* A commit that finds the log this long folds it into the file, which takes milliseconds: rarely,
 * and best before, in an idle moment (store_checkpoint). 16,000 pages are 16 MiB. */
#define LOG_PAGES_MAX 16000

static struct sqlite_store *self(struct store *s) { return (struct sqlite_store *)(void *)s; }
static sqlite3_stmt *raw(struct store_stmt *st) { return ((struct sqlite_stmt *)(void *)st)->st; }

/* -- errors ---------------------------------------------------------------------------------- */

static bool fail_constraint(struct error *err, sqlite3 *db, int rc, const char *what) {
    const bool twice = rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       rc == SQLITE_CONSTRAINT_ROWID;
    return fail(err, twice ? ERR_EXISTS : ERR_STATE, rc, "%s: %s", what, sqlite3_errmsg(db));
}

bool sqlite_fail(struct error *err, sqlite3 *db, int rc, const char *path, const char *what) {
    const int told = db ? sqlite3_system_errno(db) : 0; /* not told for what a commit meets */
    const int os = told ? told : errno;
    switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(err, ERR_BUSY, rc,
                    "%s: %s is locked by another process; if it does not end, look with `fuser %s`",
                    what, path, path);
    case SQLITE_FULL:
        return fail(err, ERR_FULL, rc, "%s: no space left for %s: make room, then try again", what,
                    path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail(
            err, ERR_DAMAGED, rc,
            "%s: %s is damaged: keep a copy of it; `bullfinch db restore FILE` puts a backup in "
            "its place",
            what, path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return fail(err, ERR_IO, rc,
                    "%s: %s cannot be written: check owner and mode of it and of its directory",
                    what, path);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return fail(err, os == ENOSPC || os == EDQUOT || os == EFBIG ? ERR_FULL : ERR_IO, rc,
                    "%s: %s: %s%s%s", what, path, sqlite3_errstr(rc), os ? ": " : "",
                    os ? strerror(os) : "");
    case SQLITE_CONSTRAINT:
        return fail_constraint(err, db, rc, what);
    case SQLITE_INTERRUPT:
        return fail(err, ERR_INTERRUPTED, rc, "%s: interrupted", what);
    default: /* not an enum */
        return fail(err, ERR_IO, rc, "%s: %s: %s", what, path,
                    db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
    }
}

static bool fail_here(struct sqlite_store *s, struct error *err, int rc, const char *what) {
    return sqlite_fail(err, s->db, rc, s->base.path, what);
}

/* -- statements ------------------------------------------------------------------------------ */

/* The slot of `text`: its statement, or the empty place where it belongs. */
static struct sqlite_stmt **find_slot(struct sqlite_store *s, const char *text) {
    uint64_t h = (uint64_t)(uintptr_t)text * UINT64_C(0x9E3779B97F4A7C15);
    int i = (int)(h >> 48) & (SQLITE_STMTS_MAX - 1);
    while (s->stmts[i] && s->stmts[i]->text != text) i = (i + 1) & (SQLITE_STMTS_MAX - 1);
    return &s->stmts[i];
}

/* Our dialect numbers parameters by name; SQLite numbers them as they come. Both must agree. */
static void check_params(sqlite3_stmt *st, int count) {
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(st, i);
        int64_t n = 0;
        const bool ok = name && name[0] == '$' && str_to_i64(str_from_z(name + 1), &n);
        PRE(ok && n == i);
    }
}

static bool sqlite_prepare(struct store *base, const char *sql, struct store_stmt **ret,
                           struct error *err) {
    struct sqlite_store *s = self(base);
    struct sqlite_stmt **slot = find_slot(s, sql);
    if (!*slot) {
        PRE(s->stmt_count < SQLITE_STMTS_MAX / 2);
        sqlite3_stmt *st = NULL;
        errno = 0;
        int rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
        if (rc != SQLITE_OK) return fail_here(s, err, rc, "prepare a statement");
        struct sqlite_stmt *made = calloc(1, sizeof *made);
        POST(made != NULL);
        const int params = sqlite3_bind_parameter_count(st);
        check_params(st, params);
        *made = (struct sqlite_stmt){
            .base = {base->ops, params}, .store = s, .st = st, .text = sql, .column = -1};
        *slot = made;
        s->stmt_count++;
    }
    PRE(!(*slot)->in_use);
    (*slot)->in_use = true;
    (*slot)->bind_rc = SQLITE_OK;
    *ret = &(*slot)->base;
    return true;
}

static void bound(struct store_stmt *base, int rc) {
    struct sqlite_stmt *st = (struct sqlite_stmt *)(void *)base;
    if (rc != SQLITE_OK && st->bind_rc == SQLITE_OK) st->bind_rc = rc;
}

static void sqlite_bind_i64(struct store_stmt *st, int i, int64_t v) {
    bound(st, sqlite3_bind_int64(raw(st), i, v));
}

static void sqlite_bind_bool(struct store_stmt *st, int i, bool v) {
    bound(st, sqlite3_bind_int(raw(st), i, v));
}

/* An empty slice may have no address, which would bind NULL. Borrowed: the row is written, and the
 * statement reset, before the caller's memory goes. */
static void sqlite_bind_str(struct store_stmt *st, int i, str v) {
    bound(st, sqlite3_bind_text64(raw(st), i, v.p ? v.p : "", (sqlite3_uint64)v.n, SQLITE_STATIC,
                                  SQLITE_UTF8));
}

static void sqlite_bind_blob(struct store_stmt *st, int i, str v) {
    bound(st, sqlite3_bind_blob64(raw(st), i, v.p ? v.p : "", (sqlite3_uint64)v.n, SQLITE_STATIC));
}

static void sqlite_bind_null(struct store_stmt *st, int i) {
    bound(st, sqlite3_bind_null(raw(st), i));
}

static step_result sqlite_step(struct store_stmt *base, struct error *err) {
    struct sqlite_stmt *st = (struct sqlite_stmt *)(void *)base;
    errno = 0;
    st->column = -1;
    st->store->rows_written = -1;
    const int rc = st->bind_rc == SQLITE_OK ? sqlite3_step(st->st) : st->bind_rc;
    if (rc == SQLITE_ROW) return STEP_ROW;
    if (rc == SQLITE_DONE) return STEP_DONE;
    fail_here(st->store, err, rc, "store");
    return STEP_FAILED;
}

/* Many rows are one after the other here: a call costs next to nothing. */
static void sqlite_rows_begin(struct store_stmt *base) {
    ((struct sqlite_stmt *)(void *)base)->store->rows_written = 0;
}

static bool sqlite_rows_add(struct store_stmt *base, struct error *err) {
    struct sqlite_stmt *st = (struct sqlite_stmt *)(void *)base;
    const int64_t before = st->store->rows_written;
    const step_result result = sqlite_step(base, err);
    PRE(result != STEP_ROW);
    st->store->rows_written = before + sqlite3_changes64(st->store->db);
    sqlite3_reset(st->st);
    return result == STEP_DONE;
}

static bool sqlite_rows_run(struct store_stmt *base, struct error *err) {
    (void)base, (void)err;
    return true;
}

static void sqlite_reset(struct store_stmt *base) {
    struct sqlite_stmt *st = (struct sqlite_stmt *)(void *)base;
    sqlite3_reset(st->st);
    st->in_use = false;
}

/* A column of the row, looked up once for whether it is NULL and what it is: that costs more than
 * to read it. That the value is not protected is fine, as the connection is one thread's. */
static sqlite3_value *column(struct store_stmt *base, int i) {
    struct sqlite_stmt *st = (struct sqlite_stmt *)(void *)base;
    if (st->column != i) {
        st->value = sqlite3_column_value(st->st, i);
        st->column = i;
    }
    return st->value;
}

static int64_t sqlite_col_i64(struct store_stmt *st, int i) {
    return sqlite3_value_int64(column(st, i));
}

static bool sqlite_col_bool(struct store_stmt *st, int i) {
    return sqlite3_value_int(column(st, i)) != 0;
}

static str sqlite_col_str(struct store_stmt *st, int i) {
    sqlite3_value *const v = column(st, i);
    const void *p = sqlite3_value_type(v) == SQLITE_BLOB ? sqlite3_value_blob(v)
                                                         : (const void *)sqlite3_value_text(v);
    return str_from_bytes(p, p ? sqlite3_value_bytes(v) : 0);
}

static bool sqlite_col_is_null(struct store_stmt *st, int i) {
    return sqlite3_value_type(column(st, i)) == SQLITE_NULL;
}

/* -- the connection -------------------------------------------------------------------------- */

static bool sqlite_exec(struct store *base, const char *sql, struct error *err) {
    struct sqlite_store *s = self(base);
    errno = 0;
    const int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || fail_here(s, err, rc, "store");
}

static bool run_text(struct store *base, const char *sql, struct error *err) {
    struct store_stmt *st = NULL;
    if (!sqlite_prepare(base, sql, &st, err)) return false;
    const step_result result = sqlite_step(st, err);
    sqlite_reset(st);
    return result != STEP_FAILED;
}

static bool sqlite_begin(struct store *s, bool immediate, struct error *err) {
    static const char now[] = "BEGIN IMMEDIATE", later[] = "BEGIN";
    return run_text(s, immediate ? now : later, err) || fail_in(err, "begin");
}

static bool sqlite_commit(struct store *s, struct error *err) {
    static const char sql[] = "COMMIT";
    return run_text(s, sql, err) || fail_in(err, "commit");
}

static void sqlite_rollback(struct store *s) {
    if (sqlite3_get_autocommit(self(s)->db)) return; /* SQLite did it after a failure */
    IGNORE(sqlite3_exec(self(s)->db, "ROLLBACK", NULL, NULL, NULL), "nothing is left to do");
}

static bool sqlite_changes(struct store *base, int64_t *ret, struct error *err) {
    const struct sqlite_store *s = self(base);
    (void)err;
    *ret = s->rows_written >= 0 ? s->rows_written : sqlite3_changes64(s->db);
    return true;
}

/* Its own prepared statement: asked every 50 ms and once a transaction. */
static int64_t sqlite_data_version(struct store *base) {
    struct sqlite_store *s = self(base);
    const int rc = sqlite3_step(s->data_version);
    const int64_t version = rc == SQLITE_ROW ? sqlite3_column_int64(s->data_version, 0) : -1;
    sqlite3_reset(s->data_version);
    return version;
}

static bool sqlite_has_tables(struct store *s, str like, bool *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name LIKE $1"};
    struct query q;
    int64_t count = 0;
    bool found;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, like);
    if (!query_i64(&q, &count, &found, err)) return false;
    *ret = count > 0;
    return true;
}

/* As far as readers let it: what one of them still reads stays in the log. */
static bool sqlite_checkpoint(struct store *base, struct error *err) {
    struct sqlite_store *s = self(base);
    errno = 0;
    const int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return rc == SQLITE_OK || rc == SQLITE_BUSY || fail_here(s, err, rc, "checkpoint");
}

/* Everything into a new file and back, over what was there. Its scratch file is on disk: what would
 * be in memory is as large as the store. */
static int rewrite_file(struct sqlite_store *s) {
    const int rc = sqlite3_exec(s->db, "PRAGMA temp_store = FILE; VACUUM", NULL, NULL, NULL);
    const int back = sqlite3_exec(s->db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
    return rc == SQLITE_OK ? back : rc;
}

/* TRUNCATE waits for writers and readers, for as long as the connection's patience lasts. */
static bool sqlite_scrub(struct store *base, bool rewrite, bool *ret_clean, struct error *err) {
    struct sqlite_store *s = self(base);
    errno = 0;
    int rc = rewrite ? rewrite_file(s) : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    *ret_clean = rc == SQLITE_OK;
    return rc == SQLITE_OK || (rc & 0xFF) == SQLITE_BUSY || (rc & 0xFF) == SQLITE_LOCKED ||
           fail_here(s, err, rc, "scrub");
}

/* integrity_check and foreign_key_check. A file that is too damaged to be checked is a finding. */
static bool sqlite_check_structure(struct store *s, struct buf *report, bool *ret_sound,
                                   struct error *err) {
    static const struct sql pages = {"PRAGMA integrity_check(20)"};
    static const struct sql keys = {
        "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 20"};
    struct query q;
    bool row = false;
    bool sound = true;
    if (!query_open(s, &pages, &q, err) || !query_row(&q, &row, err)) goto damaged;
    while (row) {
        const str line = col_str(&q);
        if (!str_eq(line, STR("ok"))) {
            buf_printf(report, "structure: " STR_FMT "\n", STR_ARG(line));
            sound = false;
        }
        if (!query_row(&q, &row, err)) goto damaged;
    }
    if (!query_open(s, &keys, &q, err) || !query_row(&q, &row, err)) goto damaged;
    while (row) {
        const str child = col_str(&q);
        const int64_t id = col_i64(&q);
        const str parent = col_str(&q);
        buf_printf(report, "structure: row %lld of " STR_FMT " points to no row of " STR_FMT "\n",
                   (long long)id, STR_ARG(child), STR_ARG(parent));
        sound = false;
        if (!query_row(&q, &row, err)) goto damaged;
    }
    *ret_sound = sound;
    return true;

damaged:
    if (err->code != ERR_DAMAGED) return false;
    buf_printf(report, "structure: %s\n", err->msg);
    *ret_sound = false;
    return true;
}

static void sqlite_close(struct store *base) {
    struct sqlite_store *s = self(base);
    for (int i = 0; i < SQLITE_STMTS_MAX; i++) {
        if (!s->stmts[i]) continue;
        sqlite3_finalize(s->stmts[i]->st);
        free(s->stmts[i]);
    }
    sqlite3_finalize(s->data_version);
    sqlite3_close_v2(s->db);
    if (s->lock_fd >= 0) close(s->lock_fd);
    free(s->base.path);
    free(s);
}

static const struct store_ops sqlite_ops = {
    .name = "sqlite",
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .exec = sqlite_exec,
    .prepare = sqlite_prepare,
    .bind_i64 = sqlite_bind_i64,
    .bind_e8 = sqlite_bind_i64,
    .bind_time = sqlite_bind_i64,
    .bind_str = sqlite_bind_str,
    .bind_blob = sqlite_bind_blob,
    .bind_bool = sqlite_bind_bool,
    .bind_null = sqlite_bind_null,
    .step = sqlite_step,
    .reset = sqlite_reset,
    .rows_begin = sqlite_rows_begin,
    .rows_add = sqlite_rows_add,
    .rows_run = sqlite_rows_run,
    .col_i64 = sqlite_col_i64,
    .col_e8 = sqlite_col_i64,
    .col_time = sqlite_col_i64,
    .col_str = sqlite_col_str,
    .col_bool = sqlite_col_bool,
    .col_is_null = sqlite_col_is_null,
    .changes = sqlite_changes,
    .data_version = sqlite_data_version,
    .close = sqlite_close,
    .dialect = DIALECT_SQLITE,
    .migrations = sqlite_migrations,
    .has_tables = sqlite_has_tables,
    .checkpoint = sqlite_checkpoint,
    .scrub = sqlite_scrub,
    .check_structure = sqlite_check_structure,
    .backup = sqlite_backup,
    .trader_lock = sqlite_trader_lock,
    .trader_keep = sqlite_trader_keep,
    .trader_running = sqlite_trader_running,
    .claim = sqlite_claim,
};

/* -- opening --------------------------------------------------------------------------------- */

/* Of a new file. A turn touches some 25 pages, and each goes to the log whole: with 1 KiB instead
 * of SQLite's 4 an entry is durable 60 us earlier. Where thousands share a commit, larger pages
 * make flatter trees: a post costs a quarter less. */
#define PAGE_BYTES 1024
#define PAGE_BYTES_BULK 4096

static int cache_kib(const struct store_options *opt) {
    if (opt->access != STORE_WRITE) return CACHE_KIB_READ;
    return opt->bulk ? CACHE_KIB_BULK : CACHE_KIB_WRITE;
}

/* Settings of the connection; nothing is written to the file. */
static bool set_up(struct sqlite_store *s, const struct store_options *opt, struct error *err) {
    char text[256];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    sqlite3_busy_timeout(s->db, (int)i64_clamp(opt->busy_timeout_ms, 0, INT32_MAX));
    buf_printf(&b,
               "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
               "PRAGMA secure_delete = ON; PRAGMA page_size = %d;"
               "PRAGMA cache_size = -%d; PRAGMA synchronous = %s;",
               opt->bulk ? PAGE_BYTES_BULK : PAGE_BYTES, cache_kib(opt),
               opt->full_sync && !opt->bulk ? "FULL" : "NORMAL");
    POST(!buf_full(&b));
    if (!sqlite_exec(&s->base, buf_z(&b), err)) return false;
    sqlite3_wal_autocheckpoint(s->db, LOG_PAGES_MAX);
    const int rc = sqlite3_prepare_v3(s->db, "PRAGMA data_version", -1, SQLITE_PREPARE_PERSISTENT,
                                      &s->data_version, NULL);
    return rc == SQLITE_OK || fail_here(s, err, rc, "open");
}

/* A database of somebody else must not get our tables. */
static bool check_owner(struct sqlite_store *s, struct error *err) {
    static const struct sql ask = {"PRAGMA application_id"};
    struct query q;
    int64_t id = 0;
    bool found, any = true;
    /* in this order: another process may make the store just now, and the id comes before tables */
    if (!sqlite_has_tables(&s->base, STR("%"), &any, err) || !query_open(&s->base, &ask, &q, err) ||
        !query_i64(&q, &id, &found, err))
        return false;
    if (id == SQLITE_APPLICATION_ID) return true;
    if (any || id != 0) {
        return fail(err, ERR_STATE, 0, "%s is a database of another program, not a bullfinch store",
                    s->base.path);
    }
    if (s->base.access == STORE_READ) return true;
    char text[64];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b, "PRAGMA application_id = %d", SQLITE_APPLICATION_ID);
    return sqlite_exec(&s->base, buf_z(&b), err);
}

/* The write-ahead log is a setting of the file. It needs memory that processes share, which some
 * network file systems do not have: SQLite then stays with what it had and says so by its answer.
 */
static bool start_log(struct sqlite_store *s, struct error *err) {
    static const struct sql sql = {"PRAGMA journal_mode = WAL"};
    struct query q;
    bool row;
    if (!query_open(&s->base, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    const str kind = row ? col_str(&q) : (str){0};
    const bool ok = str_eq(kind, STR("wal")) || str_eq(kind, STR("memory"));
    query_close(&q);
    return ok || fail(err, ERR_IO, 0,
                      "%s: the file system has no write-ahead log (is it on a network?): put the "
                      "store on a local disk",
                      s->base.path);
}

static bool connect_file(struct sqlite_store *s, const struct store_options *opt, bool in_memory,
                         struct error *err) {
    if (!in_memory) {
        const bool create = opt->create && opt->access == STORE_WRITE;
        if (!sqlite_file_prepare(s->base.path, create, err)) return false;
        if (!sqlite_file_join(s->base.path, opt->access, &s->lock_fd, err)) return false;
    }
    const int how = opt->access == STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    errno = 0;
    int rc = sqlite3_open_v2(s->base.path, &s->db,
                             how | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                                 (in_memory ? SQLITE_OPEN_MEMORY : 0),
                             NULL);
    if (rc != SQLITE_OK) return fail_here(s, err, rc, "open");
    if (!in_memory && !sqlite_file_check(s->db, s->base.path, err)) return false;
    if (!set_up(s, opt, err) || !check_owner(s, err)) return false;
    return opt->access == STORE_READ || start_log(s, err);
}

/* Nobody asks how much memory SQLite has; counting it takes a lock at each piece. */
static void set_up_library(void) {
    IGNORE(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK, "then it counts on");
}

static bool sqlite_open(struct arena *boot, const struct store_options *opt, str place,
                        struct store **ret, struct error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)boot; /* a connection is closed before the process ends: heap */
    POST(pthread_once(&once, set_up_library) == 0);
    if (place.n == 0) return fail(err, ERR_CONFIG, 0, "store.url: sqlite: wants a path behind it");
    struct sqlite_store *s = calloc(1, sizeof *s);
    POST(s != NULL);
    *s = (struct sqlite_store){
        .base = {.ops = &sqlite_ops, .access = opt->access}, .lock_fd = -1, .rows_written = -1};
    s->base.path = strndup(place.p, (size_t)place.n);
    POST(s->base.path != NULL);
    if (!connect_file(s, opt, str_eq(place, STR(":memory:")), err)) {
        sqlite_close(&s->base);
        return false;
    }
    *ret = &s->base;
    return true;
}

const struct store_backend sqlite_backend = {"sqlite:", sqlite_open, sqlite_restore};
