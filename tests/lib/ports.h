/* ports: one of this machine's that nobody has, for a server that is started a moment later.
 *
 * Below those that the kernel gives to clients (32768 and up on Linux): one of theirs could be
 * taken by any connection in between. Where in the range the search begins depends on the process,
 * so that tests that run at once look at different ones. */
#ifndef BF_TESTS_LIB_PORTS_H
#define BF_TESTS_LIB_PORTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTS_FIRST 20000
#define PORTS_COUNT 12000

/* Of a socket of its own at the loopback: binds it there, or connects it to who listens there. */
static inline bool port_does(int port, bool connects) {
    const struct sockaddr_in in = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct sockaddr *const at = (const struct sockaddr *)&in;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool ok =
        fd >= 0 && (connects ? connect(fd, at, sizeof in) : bind(fd, at, sizeof in)) == 0;
    if (fd >= 0) close(fd);
    return ok;
}

/* Does something accept connections there? */
static inline bool port_answers(int port) { return port_does(port, true); }

/* 0: there is none. Never the same twice in a row. Thread: one. */
static inline int port_of_nobody(void) {
    static int tried;
    for (int i = 0; i < PORTS_COUNT; i++) {
        const int port =
            PORTS_FIRST + (int)(((unsigned)getpid() * 97 + (unsigned)tried++) % PORTS_COUNT);
        if (port_does(port, false)) return port;
    }
    return 0;
}

#endif
