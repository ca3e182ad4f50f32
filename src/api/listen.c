/* listen: api.listen taken apart, the socket behind it, and the check of the header Host.
 *
 * Addresses only: a name could mean another address tomorrow, and whether strangers reach it is
 * decided here. Host: loopback's names and addresses, the address that is listened at, and, where
 * that is all of them, any address (a name is what rebinding needs). A client with a token may name
 * whatever it likes (core.c): the page of a stranger has none.
 * Failure: what cannot be listened at is told with the reason; the caller adds the setting.
 * Thread: any. */
#include "api/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 256

static bool is_loopback(const char *host, bool ipv6) {
    struct in_addr in;
    struct in6_addr in6;
    if (!ipv6) return inet_pton(AF_INET, host, &in) == 1 && ntohl(in.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &in6) == 1 && IN6_IS_ADDR_LOOPBACK(&in6);
}

bool api_listen_parse(str text, struct api_listen *ret, struct error *err) {
    struct api_listen l = {0};
    int64_t port = -1;
    ptrdiff_t colon = text.n;
    while (colon > 0 && text.p[colon - 1] != ':') colon--;
    str host = str_head(text, colon > 0 ? colon - 1 : 0);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
        host = str_head(str_tail(host, 1), host.n - 2);
        l.ipv6 = true;
    }
    if (str_eq(host, STR("localhost"))) host = STR("127.0.0.1");
    uint8_t bytes[16];
    const bool ok = str_copyz(host, l.host, sizeof l.host) &&
                    str_to_i64(str_tail(text, colon), &port) && port >= 0 && port <= 65535 &&
                    inet_pton(l.ipv6 ? AF_INET6 : AF_INET, l.host, bytes) == 1;
    if (!ok)
        return fail(err, ERR_CONFIG, 0,
                    "\"" STR_FMT "\" is not an address and a port such as "
                    "127.0.0.1:8080 or [::1]:8080",
                    STR_ARG(str_head(text, 80)));
    l.port = (int)port;
    l.loopback = is_loopback(l.host, l.ipv6);
    l.everywhere = strcmp(l.host, "0.0.0.0") == 0 || (l.ipv6 && strcmp(l.host, "::") == 0);
    *ret = l;
    return true;
}

static socklen_t address_of(const struct api_listen *l, struct sockaddr_storage *ret) {
    memset(ret, 0, sizeof *ret);
    if (l->ipv6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)l->port)};
        PRE(inet_pton(AF_INET6, l->host, &in6.sin6_addr) == 1);
        memcpy(ret, &in6, sizeof in6);
        return sizeof in6;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->port)};
    PRE(inet_pton(AF_INET, l->host, &in.sin_addr) == 1);
    memcpy(ret, &in, sizeof in);
    return sizeof in;
}

static int port_of(int fd) {
    struct sockaddr_storage at;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    socklen_t size = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &size) != 0) return 0;
    if (at.ss_family == AF_INET) {
        memcpy(&in, &at, sizeof in);
        return ntohs(in.sin_port);
    }
    memcpy(&in6, &at, sizeof in6);
    return ntohs(in6.sin6_port);
}

bool api_listen_guarded(const struct api_listen *l, bool has_word, struct error *err) {
    return l->loopback || has_word ||
           fail(err, ERR_REFUSED, 0,
                "others reach %s, and no word is asked for: set metrics.token_file, or listen at "
                "127.0.0.1",
                l->host);
}

bool api_listen_open(struct api_listen *l, int *ret_fd, struct error *err) {
    const int one = 1;
    struct sockaddr_storage at;
    const socklen_t size = address_of(l, &at);
    const int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(err, ERR_IO, errno, "socket: %s", strerror(errno));
    IGNORE(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "may still work");
    if (bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, BACKLOG) != 0) {
        const int sys = errno;
        close(fd);
        return fail(err, sys == EADDRINUSE ? ERR_EXISTS : ERR_IO, sys, "%s port %d: %s%s", l->host,
                    l->port, strerror(sys),
                    sys == EADDRINUSE ? "; give another port, or end who listens there" : "");
    }
    l->port = port_of(fd);
    *ret_fd = fd;
    return true;
}

/* --- Host --------------------------------------------------------------------------------- */

/* Nothing, or a colon and digits. */
static bool is_port(str s) {
    for (ptrdiff_t i = 1; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n == 0 || s.p[0] == ':';
}

/* "localhost:8080" -> "localhost", "[::1]:80" -> "::1"; nothing where more stands behind. */
static str without_port(str host, bool *ret_ipv6) {
    const bool ipv6 = host.n > 1 && host.p[0] == '[';
    ptrdiff_t end = str_find_byte(host, ipv6 ? ']' : ':');
    *ret_ipv6 = ipv6;
    if (end < 0 && ipv6) return (str){0};
    if (end < 0) end = host.n;
    if (!is_port(str_tail(host, ipv6 ? end + 1 : end))) return (str){0};
    return ipv6 ? str_head(str_tail(host, 1), end - 1) : str_head(host, end);
}

bool api_listen_is_host(const struct api_listen *l, str host) {
    bool ipv6;
    char z[64];
    uint8_t is[16] = {0}, mine[16] = {0};
    const str name = without_port(host, &ipv6);
    if (name.n == 0 || !str_copyz(name, z, sizeof z)) return false;
    if (!ipv6 && str_eq_nocase(name, STR("localhost"))) return true;
    if (inet_pton(ipv6 ? AF_INET6 : AF_INET, z, is) != 1) return false;
    if (l->everywhere || is_loopback(z, ipv6)) return true;
    return ipv6 == l->ipv6 && inet_pton(l->ipv6 ? AF_INET6 : AF_INET, l->host, mine) == 1 &&
           memcmp(is, mine, sizeof is) == 0;
}
