/* lock: see the header. A flock(2) on PATH.lock, whose content is the holder's process id, for
 * people. The file stays when the lock goes: removing it would let two holders in, one on the old
 * file and one on the new. Thread: any. */
#include "app/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/str.h"

#define PATH_BYTES 4200

static int open_file(const char *path, int flags) {
    char name[PATH_BYTES];
    const int n = snprintf(name, sizeof name, "%s.lock", path);
    if (n < 0 || (size_t)n >= sizeof name) return -1;
    return open(name, flags | O_CLOEXEC, 0600);
}

static int64_t pid_in(int fd) {
    char text[32];
    const ssize_t n = pread(fd, text, sizeof text, 0);
    int64_t pid;
    return n > 0 && str_to_i64(str_trim(str_from_bytes(text, n)), &pid) ? pid : 0;
}

bool lock_take(const char *path, struct lock *ret, struct error *err) {
    *ret = (struct lock){-1};
    if (!*path) return true;
    const int fd = open_file(path, O_RDWR | O_CREAT);
    if (fd < 0) return fail(err, ERR_IO, errno, "%s.lock: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int64_t pid = pid_in(fd);
        close(fd);
        return fail(err, ERR_BUSY, 0,
                    "%s: another bullfinch (process %lld) trades on this store; stop it, or give "
                    "this one a store of its own with --set store.url=sqlite:FILE",
                    path, (long long)pid);
    }
    char text[32];
    const int n = snprintf(text, sizeof text, "%lld\n", (long long)getpid());
    IGNORE(ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n, "the id is for people");
    ret->fd = fd;
    return true;
}

void lock_drop(struct lock *l) {
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
}

bool lock_is_held(const char *path, int64_t *ret_pid) {
    *ret_pid = 0;
    if (!*path) return false;
    const int fd = open_file(path, O_RDONLY);
    if (fd < 0) return false;
    const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (held) *ret_pid = pid_in(fd);
    close(fd);
    return held;
}
