/* wire: a wire that can be bad, for scripts (the program is called proxy).
 *
 *   proxy LISTEN_PORT TARGET_HOST:PORT CONTROL_SOCKET
 *
 * Listens on 127.0.0.1 (port 0: one that the kernel gives), says "listening on PORT" on standard
 * output, and does to connections what it is told over the control socket (a path): a line each of
 * pass, cut, hang, slow MS (tests/lib/tcp_proxy.h), once (all that there are are cut, new ones
 * pass), status. It answers with a line: ok, error, or the connections that there are and that
 * there were. Ends with SIGTERM, or with the process that started it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tcp_proxy.h"

static int stop_with(const char *what) {
    fprintf(stderr, "proxy: %s\n", what);
    return 1;
}

static int listen_at(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (!str_copyz(str_from_z(path), at.sun_path, sizeof at.sun_path)) return -1;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path); /* of one that was killed */
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 4) == 0)
        return fd;
    if (fd >= 0) close(fd);
    return -1;
}

static void obey(struct tcp_proxy *p, str order, FILE *to) {
    proxy_mode mode;
    usec delay;
    if (proxy_mode_parse(order, &mode, &delay)) {
        tcp_proxy_set(p, mode, delay);
        fputs("ok\n", to);
    } else if (str_eq(order, STR("once"))) {
        tcp_proxy_cut_once(p);
        fputs("ok\n", to);
    } else if (str_eq(order, STR("status"))) {
        fprintf(to, "%d %lld\n", tcp_proxy_connections(p), (long long)tcp_proxy_accepted(p));
    } else {
        fputs("error\n", to);
    }
    fflush(to);
}

/* Until whoever gives orders goes. */
static void serve(struct tcp_proxy *p, int fd) {
    char line[64];
    FILE *from = fdopen(fd, "r"), *to = fdopen(dup(fd), "w");
    while (from != NULL && to != NULL && fgets(line, sizeof line, from) != NULL)
        obey(p, str_trim(str_from_z(line)), to);
    if (from != NULL) fclose(from);
    if (to != NULL) fclose(to);
}

int main(int argc, char **argv) {
    struct tcp_proxy *p;
    struct error err;
    int64_t port;
    if (argc != 4 || !str_to_i64(str_from_z(argv[1]), &port) || port < 0 || port > 65535)
        return stop_with("usage: proxy LISTEN_PORT TARGET_HOST:PORT CONTROL_SOCKET");
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    const int control = listen_at(argv[3]);
    if (control < 0) return stop_with("the control socket cannot be made");
    if (!tcp_proxy_open((int)port, str_from_z(argv[2]), &p, &err)) return stop_with(err.msg);
    printf("listening on %d\n", tcp_proxy_port(p));
    fflush(stdout);
    for (;;) {
        const int fd = accept(control, NULL, NULL);
        if (fd >= 0)
            serve(p, fd);
        else if (errno != EINTR)
            return stop_with("the control socket is gone");
    }
}
