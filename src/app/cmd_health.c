/* cmd_health: `bullfinch health`, is the process that runs beside this one, with this
 * configuration, there and moving? For who starts processes and has to know: a container's health
 * check.
 *
 * With api.listen the question goes to /health: any answer is one, how all the rest is stands in
 * it. Without, the role's row in the store is looked at, which it writes every two seconds: those
 * of this host. It loads nothing and asks nobody else, so that it may be called every few seconds.
 * Failure: exit status 1, and why. Thread: the main one. */
#include "app/cmds.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "api/listen.h"
#include "base/json.h"
#include "store/workers.h"

#define ANSWER_BYTES 64
#define PATIENCE_S 4
#define VIEW_BYTES (4 << 20)

/* --- by HTTP ------------------------------------------------------------------------------ */

/* Of every address that it listens at, this machine's own is one. */
static bool connect_to(const struct api_listen *at, int *ret, struct error *err) {
    const struct timeval patience = {PATIENCE_S, 0};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)at->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)at->port)};
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v6.sin6_addr = in6addr_loopback;
    if (!at->everywhere && inet_pton(at->ipv6 ? AF_INET6 : AF_INET, at->host,
                                     at->ipv6 ? (void *)&v6.sin6_addr : &v4.sin_addr) != 1)
        return fail(err, ERR_CONFIG, 0, "api.listen: %s is no address", at->host);
    const int fd = socket(at->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(err, ERR_IO, errno, "a socket: %s", strerror(errno));
    IGNORE(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), "then it waits");
    IGNORE(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "then it waits");
    const int rc = at->ipv6 ? connect(fd, (struct sockaddr *)&v6, sizeof v6)
                            : connect(fd, (struct sockaddr *)&v4, sizeof v4);
    if (rc != 0) {
        const int sys = errno;
        close(fd);
        return fail(err, ERR_IO, sys, "nobody answers at %s, port %d: %s", at->host, at->port,
                    strerror(sys));
    }
    *ret = fd;
    return true;
}

/* With TLS that somebody took the call has to do: the certificate is of another name than ours. */
static bool ask_interface(const struct config *cfg, struct error *err) {
    static const char ask[] =
        "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[ANSWER_BYTES];
    struct api_listen at;
    int fd;
    if (!api_listen_parse(cfg->api_listen, &at, err) || !connect_to(&at, &fd, err)) return false;
    bool ok = true;
    if (cfg->api_tls_cert_file.n == 0) {
        ok = send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) == (ssize_t)sizeof ask - 1;
        const ssize_t n = ok ? recv(fd, answer, sizeof answer, MSG_WAITALL) : 0;
        ok = n > 12 && memcmp(answer, "HTTP/1.", 7) == 0;
        if (!ok)
            IGNORE(fail(err, ERR_IO, 0, "%s, port %d: whoever listens there does not answer",
                        at.host, at.port),
                   "returned below");
    }
    close(fd);
    return ok;
}

/* --- by its row in the store -------------------------------------------------------------- */

static bool is_well(const json_t *row, const char *host, str role) {
    const char *const its_role = json_string_value(json_object_get(row, "role"));
    const char *const its_host = json_string_value(json_object_get(row, "host"));
    const char *const health = json_string_value(json_object_get(row, "health"));
    return its_role && its_host && health && str_eq(str_from_z(its_role), role) &&
           strcmp(its_host, host) == 0 && strcmp(health, "well") == 0;
}

static bool ask_store(struct app *app, str role, struct error *err) {
    char host[WORKER_HOST_BYTES] = "";
    struct store *s;
    struct buf view;
    json_error_t why;
    size_t i;
    json_t *row;
    int well = 0;
    if (gethostname(host, sizeof host - 1) != 0) return fail(err, ERR_IO, errno, "the host's name");
    if (!app_store_open(app, STORE_READ, false, &s, err)) return false;
    buf_init(&view, VIEW_BYTES);
    bool ok = store_view_workers(s, time_wall_us(), &view, err);
    store_close(s);
    json_t *const all = ok ? json_loadb(view.p, (size_t)view.len, 0, &why) : NULL;
    json_array_foreach(all, i, row) well += is_well(row, host, role);
    json_decref(all);
    buf_fini(&view);
    if (ok && well == 0)
        ok = fail(err, ERR_STATE, 0,
                  "no " STR_FMT
                  " of %s has said for %lld seconds that it is well: bullfinch workers "
                  "says more",
                  STR_ARG(role), host, (long long)(WORKER_SILENT / USEC_PER_S));
    return ok;
}

/* A database that hangs keeps its connections, and answers nothing: the process ends without it. */
static char no_answer[256];

static void on_alarm(int sig) {
    (void)sig;
    IGNORE(write(STDERR_FILENO, no_answer, strlen(no_answer)) < 0, "the status says it, too");
    _exit(EXIT_FAILED);
}

static void end_in_time(const struct config *cfg) {
    struct sigaction sa = {.sa_handler = on_alarm};
    const ptrdiff_t behind = str_find_byte(cfg->store_url, '@') + 1; /* without who, and a secret */
    sigemptyset(&sa.sa_mask);
    snprintf(no_answer, sizeof no_answer,
             "bullfinch: the store (" STR_FMT ") has not answered for %d s: is the database there, "
             "and does it move?\n",
             STR_ARG(str_head(str_tail(cfg->store_url, behind), 120)), PATIENCE_S);
    IGNORE(sigaction(SIGALRM, &sa, NULL) != 0, "the signal is valid");
    alarm(PATIENCE_S);
}

static exit_status health_run(struct app *app, const struct args *args) {
    struct error err;
    const str role = args_get(args, "role", STR(""));
    bool known = role.n == 0;
    for (worker_role r = 0; r < WORKER_ROLE_COUNT; r++)
        known = known || str_eq(role, str_from_z(worker_role_name(r)));
    if (!known) {
        fprintf(stderr,
                "bullfinch: health: --role: \"" STR_FMT "\" is none: run, ingest, analyze, "
                "trade or serve\n",
                STR_ARG(role));
        return EXIT_USAGE;
    }
    const bool by_http = role.n == 0 || (app->cfg.api_listen.n > 0 &&
                                         (str_eq(role, STR("run")) || str_eq(role, STR("serve"))));
    if (by_http && app->cfg.api_listen.n == 0) {
        fputs("bullfinch: health: api.listen is not set; --role says whom to look for\n", stderr);
        return EXIT_USAGE;
    }
    if (!by_http) end_in_time(&app->cfg);
    const bool ok = by_http ? ask_interface(&app->cfg, &err) : ask_store(app, role, &err);
    if (!ok) return app_fail(&err);
    if (app->json) puts("{\"well\":true}");
    return EXIT_DONE;
}

static const struct opt health_opts[] = {
    {"role", "NAME", "Which process: run, ingest, analyze, trade or serve, of this host."}, {0}};

const struct cmd cmd_health = {
    .group = "Looking",
    .name = "health",
    .pos = "",
    .brief = "Say by the exit status whether the process beside this one is there and moves.",
    .about = "For containers and other supervisors, with the configuration of the process that is "
             "meant. Where it has the HTTP interface, /health is asked, and any answer will do; "
             "else its row in the store is looked at, which it writes every two seconds. 0: it is "
             "well; 1: it is not, or nothing answered for four seconds, and a line says "
             "why.\n\n"
             "Examples:\n"
             "  bullfinch health --config bullfinch.yaml\n"
             "  bullfinch health --role trade --config bullfinch.yaml",
    .opts = health_opts,
    .needs_config = true,
    .run = health_run};
