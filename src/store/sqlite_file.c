/* The SQLite store as a file: what it looks like before SQLite opens it, who uses it, its copies.
 *
 * Locks: PATH.lock carries two, as byte ranges of an open file description (they go with the
 * process, however it ends, and hold between threads too): byte 0 is the trader's, held alone; byte
 * 1 is shared by every open connection and taken alone by a restore, so that no file is replaced
 * under somebody's feet. The file is never removed: who unlinks a lock file lets two in. The
 * trader's process id stands in it for people.
 *
 * Copies: made by SQLite's backup interface (right also while others write), into a file beside
 * the target, checked, synced, then renamed: the target has all of it or does not exist. Nothing is
 * overwritten: a backup refuses, a restore keeps the old store. On failure what was good is where
 * it was. */
#include "store/sqlite_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_HEADER "no SQLite header"
#define PATH_BYTES 4352
#define LOCK_TRADER 0
#define LOCK_CONNECTED 1
#define LOCK_CLAIMS 16 /* and behind it */
#define KEPT_MAX 99

static struct sqlite_store *self(struct store *s) { return (struct sqlite_store *)(void *)s; }

static bool fail_os(struct error *err, const char *what, const char *path) {
    const int sys = errno;
    const bool full = sys == ENOSPC || sys == EDQUOT || sys == EFBIG;
    if (sys == EROFS)
        return fail(err, ERR_IO, sys,
                    "%s %s: its file system is mounted read-only: mount it writable, or choose "
                    "another place in store.url",
                    what, path);
    return fail(err, full ? ERR_FULL : ERR_IO, sys, "%s %s: %s", what, path, strerror(sys));
}

/* path + suffix in `block`; false (ERR_RANGE) when it does not fit. */
static bool join_path(char block[PATH_BYTES], const char *path, const char *suffix,
                      struct error *err) {
    struct buf b;
    buf_init_fixed(&b, block, PATH_BYTES);
    buf_printf(&b, "%s%s", path, suffix);
    return !buf_full(&b) || fail(err, ERR_RANGE, 0, "the path %.80s... is too long", path);
}

/* -- before SQLite opens it ------------------------------------------------------------------ */

static bool create_file(const char *path, struct error *err) {
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) return fail_os(err, "create the store", path);
    if (fd >= 0) close(fd);
    return true;
}

static uint32_t big_endian(const unsigned char *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool has_bytes(const char *path, const char *suffix) {
    char full[PATH_BYTES];
    struct error err;
    struct stat st;
    return join_path(full, path, suffix, &err) && stat(full, &st) == 0 && st.st_size > 0;
}

/* The header names the size in pages. It may be ahead of the file only while a checkpoint is under
 * way, and then the rest is in the write-ahead log. */
static bool check_header(const char *path, const unsigned char *header, ptrdiff_t n, off_t size,
                         struct error *err) {
    static const char magic[16] = "SQLite format 3";
    if (n < SQLITE_HEADER_BYTES || memcmp(header, magic, sizeof magic) != 0) {
        return fail(err, ERR_DAMAGED, 0,
                    "%s is not a bullfinch store (" NO_HEADER "): check store.url; if this was "
                    "one, bullfinch db restore takes a backup of it",
                    path);
    }
    const uint32_t page =
        header[16] == 0 && header[17] == 1 ? 65536 : (uint32_t)header[16] << 8 | header[17];
    const int64_t want = (int64_t)page * big_endian(header + 28);
    if (size < want && !has_bytes(path, "-wal")) {
        return fail(
            err, ERR_DAMAGED, 0,
            "%s is cut short (%lld of %lld bytes): bullfinch db restore takes a backup that is "
            "whole",
            path, (long long)size, (long long)want);
    }
    return true;
}

/* A file that this process has no connection to. */
static bool check_file(const char *path, struct error *err) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail_os(err, "open", path);
    struct stat st;
    unsigned char header[SQLITE_HEADER_BYTES];
    bool ok = fstat(fd, &st) == 0 || fail_os(err, "look at", path);
    if (ok && !S_ISREG(st.st_mode)) ok = fail(err, ERR_IO, 0, "%s is not a file", path);
    if (ok) {
        const ssize_t n = pread(fd, header, sizeof header, 0);
        ok = n < 0 ? fail_os(err, "read", path) : check_header(path, header, n, st.st_size, err);
    }
    close(fd);
    return ok;
}

/* The file must not be opened here: where this process has a connection to it already, closing any
 * other descriptor of it drops the connection's locks (POSIX), and the next program that leaves
 * takes the write-ahead log away with it. */
bool sqlite_file_prepare(const char *path, bool create, struct error *err) {
    struct stat st;
    if (stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode)) return fail(err, ERR_IO, 0, "%s is not a file", path);
        return access(path, R_OK) == 0 || fail_os(err, "open", path);
    }
    if (errno != ENOENT) return fail_os(err, "open", path);
    if (create) return create_file(path, err);
    return fail(err, ERR_NOT_FOUND, ENOENT,
                "there is no store at %s: `bullfinch db migrate` makes one, or check store.url",
                path);
}

bool sqlite_file_check(sqlite3 *db, const char *path, struct error *err) {
    sqlite3_file *f = NULL;
    sqlite3_int64 size = 0;
    unsigned char header[SQLITE_HEADER_BYTES] = {0};
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &f) != SQLITE_OK ||
        f->pMethods == NULL || f->pMethods->xFileSize(f, &size) != SQLITE_OK) {
        return fail(err, ERR_IO, 0, "%s: its size cannot be read", path);
    }
    if (size == 0) return true; /* just made */
    const ptrdiff_t n = size < SQLITE_HEADER_BYTES ? (ptrdiff_t)size : SQLITE_HEADER_BYTES;
    if (f->pMethods->xRead(f, header, (int)n, 0) != SQLITE_OK) return fail_os(err, "read", path);
    return check_header(path, header, n, (off_t)size, err);
}

/* -- locks ----------------------------------------------------------------------------------- */

static bool set_lock(int fd, short type, off_t byte) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool sqlite_file_join(const char *path, store_access access, int *ret_fd, struct error *err) {
    char name[PATH_BYTES];
    if (!join_path(name, path, ".lock", err)) return false;
    const int create = access == STORE_WRITE ? O_CREAT : 0;
    int fd = open(name, O_RDWR | O_CLOEXEC | create, 0600);
    if (fd < 0 && access == STORE_READ) fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && access == STORE_READ) {
        *ret_fd = -1; /* a backup, or a copy on a medium that nobody writes */
        return true;
    }
    if (fd < 0) return fail_os(err, "open", name);
    if (!set_lock(fd, F_RDLCK, LOCK_CONNECTED)) {
        const bool taken = errno == EAGAIN || errno == EACCES;
        if (!taken)
            fail_os(err, "lock", name);
        else
            fail(err, ERR_BUSY, 0, "%s is being restored: try again when that has ended", path);
        close(fd);
        return false;
    }
    *ret_fd = fd;
    return true;
}

static int64_t read_pid(int fd) {
    char text[24];
    int64_t pid = 0;
    const ssize_t n = pread(fd, text, sizeof text, 0);
    if (n <= 0 || !str_to_i64(str_trim(str_from_bytes(text, n)), &pid)) return 0;
    return pid;
}

static bool write_pid(int fd) {
    char text[24];
    const int n = snprintf(text, sizeof text, "%lld\n", (long long)getpid());
    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
}

bool sqlite_trader_lock(struct store *base, struct error *err) {
    struct sqlite_store *s = self(base);
    if (s->is_trader || s->lock_fd < 0) return true; /* in memory: nobody else can have it */
    if (!set_lock(s->lock_fd, F_WRLCK, LOCK_TRADER)) {
        if (errno != EAGAIN && errno != EACCES) return fail_os(err, "lock", base->path);
        const int64_t pid = read_pid(s->lock_fd);
        return fail(err, ERR_EXISTS, (int)pid,
                    "process %lld trades on %s already: one trader per store", (long long)pid,
                    base->path);
    }
    s->is_trader = true;
    IGNORE(write_pid(s->lock_fd), "the number is for people; the lock is what counts");
    return true;
}

/* A lock on a file does not run out. */
bool sqlite_trader_keep(struct store *s, struct error *err) {
    (void)s, (void)err;
    return true;
}

bool sqlite_trader_running(struct store *base, int64_t *ret_pid) {
    struct sqlite_store *s = self(base);
    *ret_pid = 0;
    if (s->is_trader) {
        *ret_pid = getpid();
        return true;
    }
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_TRADER, .l_len = 1};
    if (s->lock_fd < 0 || fcntl(s->lock_fd, F_OFD_GETLK, &lock) != 0) return false;
    if (lock.l_type == F_UNLCK) return false;
    *ret_pid = read_pid(s->lock_fd);
    return true;
}

/* A byte of the lock's file for each name; it need not have so many. */
bool sqlite_claim(struct store *base, str name, bool *ret_mine, struct error *err) {
    const struct sqlite_store *s = self(base);
    *ret_mine = s->lock_fd < 0; /* in memory: nobody else can have it */
    if (*ret_mine) return true;
    *ret_mine = set_lock(s->lock_fd, F_WRLCK, LOCK_CLAIMS + (off_t)(str_hash(name) & 0xFFFFFF));
    return *ret_mine || errno == EAGAIN || errno == EACCES || fail_os(err, "lock", base->path);
}

/* -- copies ---------------------------------------------------------------------------------- */

static bool sync_path(const char *path, int how, struct error *err) {
    const int fd = open(path, how | O_CLOEXEC);
    if (fd < 0) return fail_os(err, "open", path);
    const bool ok = fsync(fd) == 0 || fail_os(err, "sync", path);
    close(fd);
    return ok;
}

/* Makes a rename durable. */
static bool sync_directory_of(const char *path, struct error *err) {
    char dir[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    const str name = !slash          ? STR(".")
                     : slash == path ? STR("/")
                                     : str_from_bytes(path, slash - path);
    if (!str_copyz(name, dir, sizeof dir)) return fail(err, ERR_RANGE, 0, "the path is too long");
    return sync_path(dir, O_RDONLY | O_DIRECTORY, err);
}

/* Renames without overwriting. */
static bool move_new(const char *from, const char *to, struct error *err) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
    if (errno == EEXIST) {
        return fail(err, ERR_EXISTS, errno, "%s exists already and is not overwritten", to);
    }
    if (errno != EINVAL) return fail_os(err, "make", to);
    /* the file system knows no such rename: a link does not overwrite either */
    if (link(from, to) != 0) return fail_os(err, "make", to);
    return unlink(from) == 0 || fail_os(err, "remove", from);
}

/* All pages of `db` into the new file `to`, which becomes one file without a log beside it. */
static bool copy_pages(sqlite3 *db, const char *db_path, const char *to, struct error *err) {
    sqlite3 *out = NULL;
    errno = 0;
    int rc = sqlite3_open_v2(
        to, &out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    bool ok = rc == SQLITE_OK || sqlite_fail(err, out, rc, to, "copy");
    sqlite3_backup *copy = ok ? sqlite3_backup_init(out, "main", db, "main") : NULL;
    if (ok && !copy) ok = sqlite_fail(err, out, sqlite3_errcode(out), to, "copy");
    if (copy) {
        rc = sqlite3_backup_step(copy, -1);
        const bool source = (rc & 0xFF) == SQLITE_CORRUPT || (rc & 0xFF) == SQLITE_NOTADB;
        sqlite3_backup_finish(copy);
        ok = rc == SQLITE_DONE ||
             sqlite_fail(err, source ? db : out, rc, source ? db_path : to, "copy");
    }
    if (ok) {
        rc = sqlite3_exec(out, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
        ok = rc == SQLITE_OK || sqlite_fail(err, out, rc, to, "copy");
    }
    sqlite3_close_v2(out);
    return ok;
}

/* A copy of `db` under the new name `temp`, whole and on the disk; nothing is left on failure. */
static bool make_copy(sqlite3 *db, const char *db_path, const char *temp, struct error *err) {
    if (unlink(temp) != 0 && errno != ENOENT) return fail_os(err, "remove", temp);
    const int fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return fail_os(err, "make", temp);
    close(fd);
    if (copy_pages(db, db_path, temp, err) && sync_path(temp, O_RDWR, err)) return true;
    IGNORE(unlink(temp), "the first failure is what matters");
    return false;
}

bool sqlite_backup(struct store *base, const char *to_path, struct error *err) {
    struct sqlite_store *s = self(base);
    struct stat st;
    char suffix[32], temp[PATH_BYTES];
    if (lstat(to_path, &st) == 0) {
        return fail(err, ERR_EXISTS, 0, "%s exists already and is not overwritten", to_path);
    }
    IGNORE(snprintf(suffix, sizeof suffix, ".tmp-%lld", (long long)getpid()), "it fits");
    if (!join_path(temp, to_path, suffix, err)) return false;
    if (!make_copy(s->db, base->path, temp, err)) return fail_in(err, "back up %s", base->path);
    if (!move_new(temp, to_path, err)) {
        IGNORE(unlink(temp), "the first failure is what matters");
        return fail_in(err, "back up %s", base->path);
    }
    return sync_directory_of(to_path, err);
}

/* -- restore --------------------------------------------------------------------------------- */

/* Are the backup's books in order? Of an older schema only the structure is looked at: the rest of
 * the check asks for what it does not have. */
static bool check_source(struct store *s, const char *from, struct error *err) {
    struct buf report;
    struct error why;
    str rest, first = {0};
    const int version = store_schema_version(s);
    if (version == 0) return fail(err, ERR_STATE, 0, "%s is empty", from);
    buf_init(&report, 1 << 16);
    bool sound = false;
    bool ok = version == store_newest_schema(s) ? store_check(s, &report, &why) || report.len > 0
                                                : s->ops->check_structure(s, &report, &sound, &why);
    rest = buf_str(&report);
    IGNORE(!str_cut(&rest, '\n', &first), "then there is none");
    if (!ok)
        *err = why;
    else if (report.len > 0)
        ok = fail(err, ERR_DAMAGED, 0, "%s is not sound itself: " STR_FMT ": try an older backup",
                  from, STR_ARG(str_head(first, 120)));
    buf_fini(&report);
    return ok;
}

/* Is `from` whole, ours, and of a schema that this program knows? Leaves it open in *ret. */
static bool open_source(struct arena *a, const char *from, struct store **ret, struct error *err) {
    if (!check_file(from, err)) return false;
    char url[PATH_BYTES];
    struct buf b;
    buf_init_fixed(&b, url, sizeof url);
    buf_printf(&b, "sqlite:%s", from);
    if (buf_full(&b)) return fail(err, ERR_RANGE, 0, "the path %.80s... is too long", from);
    const struct store_options opt = {
        .url = buf_str(&b), .access = STORE_READ, .any_schema = true, .busy_timeout_ms = 1000};
    struct store *s = NULL;
    if (!store_open(a, &opt, &s, err)) {
        if (err->code != ERR_DAMAGED) return false;
        return fail(err, ERR_DAMAGED, 0, "%s is damaged itself: try another backup", from);
    }
    if (!check_source(s, from, err)) {
        store_close(s);
        return false;
    }
    *ret = s;
    return true;
}

/* Moves what the log holds into the file, if the old store can still be read: then one file is all
 * that must be kept. A damaged one is kept as it is, with its log. */
static void fold_log(const char *path) {
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
        SQLITE_OK) {
        IGNORE(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
               "then the log is kept beside the file");
    }
    sqlite3_close_v2(db);
}

/* The first free name of PATH.before-restore, PATH.before-restore-2, ... */
static bool find_keep_name(const char *path, char ret[PATH_BYTES], struct error *err) {
    for (int i = 1; i <= KEPT_MAX; i++) {
        char suffix[40];
        struct stat st;
        if (i == 1)
            IGNORE(snprintf(suffix, sizeof suffix, ".before-restore"), "it fits");
        else
            IGNORE(snprintf(suffix, sizeof suffix, ".before-restore-%d", i), "it fits");
        if (!join_path(ret, path, suffix, err)) return false;
        if (lstat(ret, &st) != 0 && errno == ENOENT) return true;
    }
    return fail(err, ERR_EXISTS, 0, "%s.before-restore and %d more exist: move some away", path,
                KEPT_MAX - 1);
}

/* What lies beside the old file and belongs to it goes with it. */
static bool keep_beside(const char *path, const char *keep, const char *suffix, struct error *err) {
    char from[PATH_BYTES], to[PATH_BYTES];
    if (!join_path(from, path, suffix, err) || !join_path(to, keep, suffix, err)) return false;
    return rename(from, to) == 0 || errno == ENOENT || fail_os(err, "keep", from);
}

/* The old file stays at its place until the new one takes it in one rename; its log goes first,
 * because it must never be read together with the new file, and what a trader wrote down for the
 * old one while it was full: it follows on rows that the new one does not have. */
static bool swap_in(const char *path, const char *temp, bool *ret_kept, struct error *err) {
    char keep[PATH_BYTES], shm[PATH_BYTES];
    if (!find_keep_name(path, keep, err) || !join_path(shm, path, "-shm", err)) return false;
    fold_log(path);
    *ret_kept = link(path, keep) == 0;
    if (!*ret_kept && errno != ENOENT) return fail_os(err, "keep the old store as", keep);
    if (!keep_beside(path, keep, "-wal", err) || !keep_beside(path, keep, ".journal", err))
        return false;
    if (unlink(shm) != 0 && errno != ENOENT) return fail_os(err, "remove", shm);
    if (rename(temp, path) != 0) return fail_os(err, "put in place", path);
    return sync_directory_of(path, err);
}

/* Alone on PATH.lock: no trader, no connection. */
static bool lock_alone(const char *path, int *ret_fd, struct error *err) {
    char name[PATH_BYTES];
    if (!join_path(name, path, ".lock", err)) return false;
    const int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return fail_os(err, "open", name);
    if (!set_lock(fd, F_WRLCK, LOCK_TRADER)) {
        fail(err, ERR_BUSY, 0, "process %lld trades on %s: stop it first", (long long)read_pid(fd),
             path);
    } else if (!set_lock(fd, F_WRLCK, LOCK_CONNECTED)) {
        fail(err, ERR_BUSY, 0, "another process has %s open: stop it first (`fuser %s`)", path,
             path);
    } else {
        *ret_fd = fd;
        return true;
    }
    close(fd);
    return false;
}

static bool restore_alone(const char *path, const char *from, bool *ret_kept, struct error *err) {
    struct arena none = {0};
    struct store *source = NULL;
    struct stat a, b;
    if (stat(path, &a) == 0 && stat(from, &b) == 0 && a.st_ino == b.st_ino &&
        a.st_dev == b.st_dev) {
        return fail(err, ERR_USAGE, 0, "%s and %s are the same file", from, path);
    }
    char temp[PATH_BYTES];
    if (!join_path(temp, path, ".restore-tmp", err)) return false;
    if (!open_source(&none, from, &source, err)) {
        if (strstr(err->msg, NO_HEADER) != NULL)
            return fail(err, ERR_DAMAGED, 0, "%s is no backup of a store: " NO_HEADER, from);
        return fail_in(err, "check the backup");
    }
    bool ok = make_copy(self(source)->db, from, temp, err);
    store_close(source);
    if (!ok) return false;
    ok = swap_in(path, temp, ret_kept, err);
    if (!ok) IGNORE(unlink(temp), "the first failure is what matters");
    return ok;
}

bool sqlite_restore(const struct store_options *opt, str place, const char *from_path,
                    bool *ret_kept, struct error *err) {
    (void)opt;
    char path[PATH_BYTES];
    int fd = -1;
    if (!str_copyz(place, path, sizeof path) || place.n == 0) {
        return fail(err, ERR_CONFIG, 0, "store.url: sqlite: wants a path behind it");
    }
    if (!lock_alone(path, &fd, err)) return fail_in(err, "restore %s", path);
    const bool ok = restore_alone(path, from_path, ret_kept, err);
    close(fd);
    return ok || fail_in(err, "restore %s", path);
}
