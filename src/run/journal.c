/* journal: see the header.
 *
 * The file: a page with its head (whose build, which session), then pieces, each with its length,
 * number and sum, then zeros. A piece counts if session, number and sum are right, so that what an
 * unfinished write left behind is no piece. Adopting moves a cursor of the store in the same
 * transaction as the rows: a process that is killed between that and the wiping of the file finds,
 * the next time, that all of it is there already.
 *
 * A piece is one of two: the rows of a turn, as the structs that they are made from (their sizes
 * and the version stand in the head), or a named blob. Posts have strings, which follow them.
 *
 * Invariant: journal_put returns true only when the bytes are on the disk. Failure: of the file is
 * an error; a piece that was cut short is not there. Thread: the trader's. */
#include "run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "run/turn_bytes.h"

#define HEAD_BYTES 4096
#define PIECE_MARK UINT32_C(0x6a726e31)
#define SUM_BYTES 16
#define SCRATCH_BYTES (4 << 20)

enum { KIND_TURN = 1, KIND_CURSOR = 2 };

struct head {
    char magic[16], version[32];
    uint32_t action_bytes, reading_bytes, post_bytes, action_kinds;
    uint64_t session;
};

struct piece {
    uint32_t mark, bytes;
    uint64_t session, number;
    uint8_t sum[SUM_BYTES];
};

struct journal {
    int fd;
    char path[4200];
    struct head head;
    int64_t end;    /* where the next piece goes */
    uint64_t count; /* of pieces */
    struct actions *acts;
};

/* --- the file ------------------------------------------------------------------------ */

static bool fail_file(const struct journal *j, struct error *err, const char *what) {
    const int sys = errno;
    const bool full = sys == ENOSPC || sys == EDQUOT || sys == EFBIG;
    return fail(err, full ? ERR_FULL : ERR_IO, sys, "%s %s: %s", what, j->path, strerror(sys));
}

static bool write_at(struct journal *j, const void *p, size_t bytes, int64_t at,
                     struct error *err) {
    const char *from = p;
    while (bytes > 0) {
        const ssize_t n = pwrite(j->fd, from, bytes, at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail_file(j, err, "write");
        from += n;
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

static bool read_at(struct journal *j, void *p, size_t bytes, int64_t at, struct error *err) {
    char *to = p;
    while (bytes > 0) {
        const ssize_t n = pread(j->fd, to, bytes, at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_file(j, err, "read");
        if (n == 0) return fail(err, ERR_DAMAGED, 0, "%s: shorter than it was made", j->path);
        to += n;
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

static bool sync_file(struct journal *j, struct error *err) {
    return fdatasync(j->fd) == 0 || fail_file(j, err, "sync");
}

static struct head head_of_build(uint64_t session) {
    struct head h = {.magic = "bullfinch-jrn-1",
                     .version = BF_VERSION,
                     .action_bytes = sizeof(struct action),
                     .reading_bytes = sizeof(struct reading),
                     .post_bytes = sizeof(struct post),
                     .action_kinds = ACTION_TELL,
                     .session = session};
    return h;
}

/* A new session: what stands behind the head belongs to an older one. */
static bool begin_session(struct journal *j, struct error *err) {
    const struct head next = head_of_build(j->head.session + 1);
    if (!write_at(j, &next, sizeof next, 0, err) || !sync_file(j, err)) return false;
    j->head = next;
    j->end = HEAD_BYTES;
    j->count = 0;
    return true;
}

static void sum_of(str bytes, uint8_t ret[SUM_BYTES]) {
    uint8_t digest[SHA256_BYTES];
    sha256_once(bytes, digest);
    memcpy(ret, digest, SUM_BYTES);
}

static bool is_next(const struct journal *j, const struct piece *p) {
    return p->mark == PIECE_MARK && p->session == j->head.session && p->number == j->count + 1 &&
           p->bytes > 0 && j->end + (int64_t)sizeof *p + p->bytes <= JOURNAL_BYTES;
}

/* The piece that begins at j->end, and moves behind it; *ret_p NULL: there is none. */
static bool next_piece(struct journal *j, struct arena *a, str *ret, struct error *err) {
    struct piece p;
    *ret = (str){NULL, 0};
    if (j->end + (int64_t)sizeof p > JOURNAL_BYTES) return true;
    if (!read_at(j, &p, sizeof p, j->end, err)) return false;
    if (!is_next(j, &p)) return true;
    char *bytes = NEW_ARRAY(a, char, p.bytes);
    if (!read_at(j, bytes, p.bytes, j->end + (int64_t)sizeof p, err)) return false;
    uint8_t sum[SUM_BYTES];
    sum_of((str){bytes, p.bytes}, sum);
    if (memcmp(sum, p.sum, sizeof sum) != 0) return true;
    j->end += (int64_t)sizeof p + p.bytes;
    j->count++;
    *ret = (str){bytes, p.bytes};
    return true;
}

/* Goes behind the last piece. */
static bool find_end(struct journal *j, struct error *err) {
    struct arena scratch;
    str bytes;
    bool ok;
    j->end = HEAD_BYTES;
    j->count = 0;
    arena_open(&scratch, SCRATCH_BYTES + JOURNAL_BYTES);
    do {
        arena_reset(&scratch);
        ok = next_piece(j, &scratch, &bytes, err);
    } while (ok && bytes.p != NULL);
    arena_close(&scratch);
    return ok;
}

/* The first session of a new file: a number that no file before it in its place had, as the store
 * remembers by it how far it has adopted. So: when the file was made. */
static bool first_session(struct journal *j, struct error *err) {
    struct stat st;
    if (fstat(j->fd, &st) != 0) return fail_file(j, err, "look at");
    j->head.session = (uint64_t)st.st_ctim.tv_sec * 1000000000 + (uint64_t)st.st_ctim.tv_nsec;
    return begin_session(j, err);
}

static bool take_up(struct journal *j, struct error *err) {
    const struct head mine = head_of_build(0);
    if (!read_at(j, &j->head, sizeof j->head, 0, err)) return false;
    if (j->head.magic[0] == '\0') return first_session(j, err);
    const uint64_t session = j->head.session;
    j->head.session = 0;
    const bool same = memcmp(&j->head, &mine, sizeof mine) == 0;
    j->head.session = session;
    if (!find_end(j, err)) return false;
    if (same) return true;
    if (j->count == 0) return begin_session(j, err);
    return fail(err, ERR_STATE, 0,
                "%s holds what version %.31s wrote while the store was full: start that version "
                "once, so that the store adopts it",
                j->path, j->head.version);
}

static bool open_file(struct arena *boot, const char *store_path, bool create, struct journal **ret,
                      struct error *err) {
    struct journal *j = NEW(boot, struct journal);
    struct buf path;
    *ret = NULL;
    buf_init_fixed(&path, j->path, sizeof j->path);
    buf_printf(&path, "%s.journal", store_path);
    if (buf_full(&path)) return fail(err, ERR_LIMIT, 0, "%s: the path is too long", store_path);
    j->fd = open(j->path, (create ? O_CREAT : 0) | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0) return (!create && errno == ENOENT) || fail_file(j, err, "open");
    const int full = posix_fallocate(j->fd, 0, JOURNAL_BYTES);
    if (full != 0) errno = full;
    const bool ok = full == 0 ? take_up(j, err) : fail_file(j, err, "make room for");
    if (!ok) {
        close(j->fd);
        return false;
    }
    j->acts = NEW(boot, struct actions);
    *ret = j;
    return true;
}

bool journal_open(struct arena *boot, const char *store_path, struct journal **ret,
                  struct error *err) {
    return open_file(boot, store_path, true, ret, err);
}

bool journal_find(struct arena *boot, const char *store_path, struct journal **ret,
                  struct error *err) {
    return open_file(boot, store_path, false, ret, err);
}

void journal_close(struct journal *j) {
    if (j != NULL) IGNORE(close(j->fd), "what counts was synced");
}

int64_t journal_count(const struct journal *j) { return (int64_t)j->count; }

/* --- encoding ------------------------------------------------------------------------ */

static void put_u32(struct buf *out, uint32_t v) {
    buf_put(out, (str){(const char *)&v, (ptrdiff_t)sizeof v});
}

/* Length and kind in front of a piece, the length filled in at its end. */
static ptrdiff_t begin_piece(struct buf *out, uint32_t kind) {
    const ptrdiff_t at = out->len;
    put_u32(out, 0);
    put_u32(out, kind);
    return at;
}

static void end_piece(struct buf *out, ptrdiff_t at) {
    const uint32_t bytes = (uint32_t)(out->len - at - (ptrdiff_t)sizeof bytes);
    if (!buf_full(out)) memcpy(out->p + at, &bytes, sizeof bytes);
}

void journal_encode(const struct actions *acts, struct buf *out) {
    const ptrdiff_t at = begin_piece(out, KIND_TURN);
    turn_bytes_put(acts, TURN_ENTRIES_AS_TRADES, out);
    end_piece(out, at);
}

void journal_encode_cursor(str name, str value, struct buf *out) {
    const ptrdiff_t at = begin_piece(out, KIND_CURSOR);
    turn_bytes_put_text(out, name);
    turn_bytes_put_text(out, value);
    end_piece(out, at);
}

/* --- writing ------------------------------------------------------------------------- */

static bool put_piece(struct journal *j, str bytes, struct error *err) {
    struct piece p = {.mark = PIECE_MARK,
                      .bytes = (uint32_t)bytes.n,
                      .session = j->head.session,
                      .number = j->count + 1};
    const int64_t end = j->end + (int64_t)sizeof p + bytes.n;
    if (end > JOURNAL_BYTES) return fail(err, ERR_FULL, 0, "%s: no room for more turns", j->path);
    sum_of(bytes, p.sum);
    if (!write_at(j, &p, sizeof p, j->end, err) ||
        !write_at(j, bytes.p, (size_t)bytes.n, j->end + (int64_t)sizeof p, err))
        return false;
    j->end = end;
    j->count++;
    return true;
}

bool journal_put(struct journal *j, str encoded, struct error *err) {
    str piece;
    while (encoded.n > 0) {
        const bool whole = turn_bytes_cut_text(&encoded, &piece);
        POST(whole);
        if (!put_piece(j, piece, err)) return false;
    }
    return sync_file(j, err);
}

/* --- adopting ------------------------------------------------------------------------ */

static bool adopt_piece(struct journal *j, struct arena *a, struct store *s, str bytes,
                        struct error *err) {
    uint32_t kind;
    str name, value;
    if (!turn_bytes_cut(&bytes, &kind, (ptrdiff_t)sizeof kind)) kind = 0;
    if (kind == KIND_TURN && turn_bytes_get(a, bytes, j->acts)) return store_apply(s, j->acts, err);
    if (kind == KIND_CURSOR && turn_bytes_cut_text(&bytes, &name) &&
        turn_bytes_cut_text(&bytes, &value))
        return store_cursor_put(s, name, value, err);
    return fail(err, ERR_DAMAGED, 0, "%s: piece %" PRIu64 " cannot be read", j->path, j->count);
}

/* How far the store has adopted this session. */
static bool adopted_before(const struct journal *j, struct arena *a, struct store *s, int64_t *ret,
                           struct error *err) {
    str text, session;
    bool found;
    int64_t number = 0, which = 0;
    *ret = 0;
    if (!store_cursor_get(s, a, STR("journal"), &text, &found, err)) return false;
    if (!found || !str_cut(&text, ' ', &session)) return true;
    if (!str_to_i64(session, &which) || !str_to_i64(text, &number)) return true;
    if (which == (int64_t)j->head.session) *ret = number;
    return true;
}

static bool note_adopted(const struct journal *j, struct store *s, struct error *err) {
    char text[64];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b, "%" PRIu64 " %" PRIu64, j->head.session, j->count);
    return store_cursor_put(s, STR("journal"), buf_str(&b), err);
}

static bool adopt_all(struct journal *j, struct arena *a, struct store *s, struct error *err) {
    int64_t before;
    str bytes;
    if (!adopted_before(j, a, s, &before, err)) return false;
    j->end = HEAD_BYTES;
    j->count = 0;
    for (;;) {
        arena_reset(a);
        if (!next_piece(j, a, &bytes, err)) return false;
        if (bytes.p == NULL) return note_adopted(j, s, err);
        if ((int64_t)j->count <= before) continue;
        if (!adopt_piece(j, a, s, bytes, err))
            return fail_in(err, "adopt turn %" PRIu64 " of the journal", j->count);
    }
}

/* First what was adopted does not count any more, then no text of a post stays behind. */
static bool wipe(struct journal *j, struct error *err) {
    static const char zeros[65536];
    const int64_t used = j->end;
    if (!begin_session(j, err)) return false;
    for (int64_t at = HEAD_BYTES; at < used; at += (int64_t)sizeof zeros) {
        const int64_t n = i64_min((int64_t)sizeof zeros, used - at);
        if (!write_at(j, zeros, (size_t)n, at, err)) return false;
    }
    return sync_file(j, err);
}

bool journal_adopt(struct journal *j, struct store *s, struct error *err) {
    const uint64_t pieces = j->count;
    const int64_t end = j->end;
    if (pieces == 0) return true;
    if (!store_begin(s, true, err)) return false;
    struct arena scratch;
    arena_open(&scratch, SCRATCH_BYTES + 2 * (int64_t)JOURNAL_BYTES);
    bool ok = adopt_all(j, &scratch, s, err);
    if (ok && j->count != pieces)
        ok = fail(err, ERR_DAMAGED, 0, "%s: %" PRIu64 " of %" PRIu64 " turns can be read", j->path,
                  j->count, pieces);
    arena_close(&scratch);
    ok = ok && store_commit(s, err);
    if (!ok) {
        store_rollback(s);
        j->count = pieces;
        j->end = end;
        return false;
    }
    log_unusual("journal_adopted", LOG_I("turns", (int64_t)pieces));
    return wipe(j, err);
}
