/* listen: the port that the simulator answers at.
 *
 * In: a host and a port as people say them. Out: a socket that listens, and the address that it
 * got. An address that other machines reach is refused unless that was meant. Any thread. */
#include "sim/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_loopback(const struct sockaddr *a) {
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, a, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 in6;
    if (a->sa_family != AF_INET6) return false;
    memcpy(&in6, a, sizeof in6);
    return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

static bool listen_at(const struct addrinfo *ai, struct sim_listener *s, struct error *err) {
    const int one = 1;
    s->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) return fail(err, ERR_IO, errno, "socket: %s", strerror(errno));
    IGNORE(setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "may still work");
    if (bind(s->fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(s->fd, 512) < 0)
        return fail(err, ERR_IO, errno, "%s", strerror(errno));
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    char host[64], port[16];
    if (getsockname(s->fd, (struct sockaddr *)&at, &size) < 0 ||
        getnameinfo((struct sockaddr *)&at, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return fail(err, ERR_IO, errno, "the address that it got cannot be read");
    snprintf(s->url, sizeof s->url, at.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s",
             host, port);
    return true;
}

bool sim_listen(str name, int number, bool anywhere, struct sim_listener *ret, struct error *err) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    char host[128], port[16];
    *ret = (struct sim_listener){.fd = -1};
    if (name.n == 0 || !str_copyz(name, host, sizeof host))
        return fail(err, ERR_CONFIG, 0, "\"" STR_FMT "\" is no host", STR_ARG(name));
    snprintf(port, sizeof port, "%d", number);
    const int e = getaddrinfo(host, port, &hints, &list);
    if (e != 0) return fail(err, ERR_CONFIG, 0, "host \"%s\": %s", host, gai_strerror(e));
    bool ok = anywhere || is_loopback(list->ai_addr);
    if (!ok)
        IGNORE(fail(err, ERR_REFUSED, 0,
                    "%s is not an address of this machine alone; listen at 127.0.0.1, or say "
                    "--listen-anywhere to let others in",
                    host),
               "returned below");
    else if (!(ok = listen_at(list, ret, err)))
        IGNORE(fail_in(err, "listen at %s port %d", host, number), "returned below");
    freeaddrinfo(list);
    if (!ok && ret->fd >= 0) close(ret->fd);
    return ok;
}
