/* file: see the header.
 *
 * It is opened first and looked at then, so that nobody can change what stands there in between;
 * O_NONBLOCK keeps a pipe from holding us and means nothing for a file. Any thread. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a pipe";
    return S_ISSOCK(mode) ? "a socket" : "a device";
}

bool file_open(const char *path, int *ret_fd, int64_t *ret_bytes, struct error *err) {
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENXIO) return fail(err, ERR_IO, 0, "is a socket, expected a file");
    if (fd < 0)
        return fail(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "%s", strerror(errno));
    const bool known = fstat(fd, &st) == 0;
    const int sys = errno;
    const bool empty = known && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
    if (known && (S_ISREG(st.st_mode) || empty)) {
        *ret_fd = fd;
        if (ret_bytes != NULL) *ret_bytes = st.st_size;
        return true;
    }
    close(fd);
    if (!known) return fail(err, ERR_IO, sys, "%s", strerror(sys));
    return fail(err, ERR_IO, 0, "is %s, expected a file", kind_of(st.st_mode));
}
