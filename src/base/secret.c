/* secret: memory for what nobody may see.
 *
 * Each secret has a mapping of its own: mlock keeps it out of swap, MADV_DONTDUMP out of core
 * dumps, MADV_WIPEONFORK out of children. What was read on the way is wiped before returning, on
 * success and on failure. Nothing of a secret is ever in an error. Any thread. */
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void memory_wipe(void *p, ptrdiff_t n) {
    if (n > 0) explicit_bzero(p, (size_t)n);
}

void secret_guard_process(void) {
    const struct rlimit none = {0, 0};
    IGNORE(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0, "then the limit alone");
    IGNORE(setrlimit(RLIMIT_CORE, &none) != 0, "then DONTDUMP alone");
}

bool secret_copy(str s, struct secret *ret, struct error *err) {
    if (s.n > SECRET_BYTES_MAX)
        return fail(err, ERR_LIMIT, 0, "a secret of more than %d bytes", SECRET_BYTES_MAX);
    char *p =
        mmap(NULL, SECRET_BYTES_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return fail(err, ERR_LIMIT, errno, "memory for a secret: %s", strerror(errno));
    const bool locked = mlock(p, SECRET_BYTES_MAX) == 0;
    IGNORE(madvise(p, SECRET_BYTES_MAX, MADV_DONTDUMP) != 0, "the process makes no dumps either");
    IGNORE(madvise(p, SECRET_BYTES_MAX, MADV_WIPEONFORK) != 0, "there are no children");
    if (s.n > 0) memcpy(p, s.p, (size_t)s.n);
    *ret = (struct secret){p, s.n, locked};
    return true;
}

void secret_wipe(struct secret *s) {
    if (s->p != NULL) {
        memory_wipe(s->p, SECRET_BYTES_MAX);
        munmap(s->p, SECRET_BYTES_MAX);
    }
    *s = (struct secret){0};
}

/* What a file or a variable holds -> the secret. where: for messages. */
static bool from_text(const char *where, str text, struct secret *ret, struct error *err) {
    const str one = str_trim(text);
    if (one.n == 0) return fail(err, ERR_CONFIG, 0, "%s is empty", where);
    for (ptrdiff_t i = 0; i < one.n; i++)
        if (one.p[i] <= ' ' || one.p[i] >= 127)
            return fail(err, ERR_CONFIG, 0,
                        "%s holds more than one word of plain characters; put the key alone there",
                        where);
    return secret_copy(one, ret, err);
}

/* What root keeps for a group that we are in was given to us: so containers and systemd do it. */
bool secret_mode_is_good(const struct stat *st) {
    const mode_t others = st->st_uid == 0 && geteuid() != 0 ? 037 : 077;
    return (st->st_mode & others) == 0;
}

static bool file_is_ours(int fd, const char *path, struct error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0) return fail(err, ERR_IO, errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(err, ERR_IO, 0, "%s is no file%s", path,
                    S_ISDIR(st.st_mode) ? " but a directory" : "");
    if (!secret_mode_is_good(&st))
        return fail(err, ERR_REFUSED, 0, "%s can be read by others: chmod 600 %s", path, path);
    return true;
}

bool secret_from_file(const char *path, struct secret *ret, struct error *err) {
    char block[SECRET_BYTES_MAX + 1];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe does not hold us */
    if (fd < 0)
        return fail(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "%s: %s", path,
                    strerror(errno));
    bool ok = file_is_ours(fd, path, err);
    const ssize_t n = ok ? read(fd, block, sizeof block) : 0;
    if (n < 0) ok = fail(err, ERR_IO, errno, "%s: %s", path, strerror(errno));
    if (n == (ssize_t)sizeof block) ok = fail(err, ERR_LIMIT, 0, "%s: larger than any key", path);
    ok = ok && from_text(path, str_from_bytes(block, n), ret, err);
    memory_wipe(block, sizeof block);
    close(fd);
    return ok;
}

bool secret_take(const char *name, char *text, struct secret *ret, struct error *err) {
    const str all = str_from_z(text);
    const bool ok = from_text(name, all, ret, err);
    memory_wipe(text, all.n);
    return ok;
}
