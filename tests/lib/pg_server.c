/* pg_server: see the header.
 *
 * PostgreSQL refuses to run as root: there it runs as nobody. It is a child that dies with this
 * process. Programs are looked for in PATH, and where Debian puts them. */
#include "pg_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "ports.h"

#include "store/pq.h"

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void remove_all(const struct pg_server *s) {
    IGNORE(nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0, "it is a scratch directory");
}

static void give_up(const struct pg_server *s, const char *what) {
    char path[96], line[512];
    fprintf(stderr, "pg_server: %s: %s\n", what, strerror(errno));
    snprintf(path, sizeof path, "%s/log", s->dir);
    FILE *log = fopen(path, "r");
    while (log != NULL && fgets(line, sizeof line, log) != NULL) fputs(line, stderr);
    if (log != NULL) fclose(log);
    if (s->pid > 0) {
        kill(s->pid, SIGQUIT);
        waitpid(s->pid, NULL, 0);
    }
    remove_all(s);
    exit(1);
}

/* -- processes --------------------------------------------------------------------------------- */

static bool find_program(const char *name, char *path, size_t bytes) {
    char pattern[96];
    glob_t found = {0};
    const char *dirs = getenv("PATH");
    while (dirs != NULL && *dirs != '\0') {
        const int n = (int)strcspn(dirs, ":");
        snprintf(path, bytes, "%.*s/%s", n, dirs, name);
        if (access(path, X_OK) == 0) return true;
        dirs += n + (dirs[n] == ':');
    }
    snprintf(pattern, sizeof pattern, "/usr/lib/postgresql/*/bin/%s", name);
    const bool any = glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0;
    if (any) snprintf(path, bytes, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return any;
}

static const struct passwd *who(void) { return getuid() == 0 ? getpwnam("nobody") : NULL; }

/* In the child: another user where this is root, its words into the log, and an end with ours. It
 * is called by its whole name: its programs look for each other beside it. */
static void become(const struct pg_server *s, const char *program, char **args) {
    char path[512], log[96];
    const struct passwd *const nobody = who();
    snprintf(log, sizeof log, "%s/log", s->dir);
    if (!find_program(program, path, sizeof path)) _exit(126);
    if (nobody != NULL &&
        (setgroups(0, NULL) != 0 || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0))
        _exit(125);
    const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) _exit(124);
    if (chdir(s->dir) != 0) _exit(123);
    setsid(); /* a key that interrupts the test does not reach it before us */
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    args[0] = path;
    execv(path, args);
    _exit(127);
}

static pid_t spawn(const struct pg_server *s, const char *program, char **args) {
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) become(s, program, args);
    if (pid < 0) give_up(s, "fork");
    return pid;
}

static void make_cluster(const struct pg_server *s) {
    char data[96];
    int status = 0;
    snprintf(data, sizeof data, "%s/data", s->dir);
    char *args[] = {(char *)"initdb",
                    (char *)"-D",
                    data,
                    (char *)"-U",
                    (char *)PG_SERVER_USER,
                    (char *)"--auth=trust",
                    (char *)"-E",
                    (char *)"UTF8",
                    (char *)"--locale=C.UTF-8",
                    (char *)"--no-sync",
                    (char *)"--no-instructions",
                    NULL};
    const pid_t pid = spawn(s, "initdb", args);
    if (waitpid(pid, &status, 0) != pid || status != 0) give_up(s, "initdb");
}

static int free_port(const struct pg_server *s) {
    const int port = port_of_nobody();
    if (port == 0) give_up(s, "find a port");
    return port;
}

/* The server writes into its pid file how far it is. */
static bool is_ready(const struct pg_server *s) {
    char path[96], text[512] = "";
    snprintf(path, sizeof path, "%s/data/postmaster.pid", s->dir);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return n > 0 && strstr(text, "ready") != NULL;
}

void pg_server_resume(struct pg_server *s) {
    char data[96], port[16], socket_dir[128];
    int status;
    snprintf(data, sizeof data, "%s/data", s->dir);
    snprintf(port, sizeof port, "%d", s->port);
    snprintf(socket_dir, sizeof socket_dir, "unix_socket_directories=%s", s->dir);
    char *args[] = {(char *)"postgres",
                    (char *)"-D",
                    data,
                    (char *)"-p",
                    port,
                    (char *)"-c",
                    socket_dir,
                    (char *)"-c",
                    (char *)"listen_addresses=127.0.0.1",
                    (char *)"-c",
                    (char *)"shared_buffers=64MB",
                    (char *)"-c",
                    (char *)"max_connections=60",
                    NULL};
    s->pid = spawn(s, "postgres", args);
    while (!is_ready(s)) {
        if (waitpid(s->pid, &status, WNOHANG) == s->pid) give_up(s, "the server ended");
        usleep(5000);
    }
}

void pg_server_start(struct pg_server *s) {
    struct error err;
    const struct passwd *const nobody = who();
    *s = (struct pg_server){.dir = "/tmp/bullfinch-pg-XXXXXX"};
    if (mkdtemp(s->dir) == NULL || (nobody && chown(s->dir, nobody->pw_uid, nobody->pw_gid) != 0))
        give_up(s, "make a scratch directory");
    if (!pq_load(&err)) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
    make_cluster(s);
    s->port = free_port(s);
    pg_server_resume(s);
}

static void drop_admin(struct pg_server *s) {
    if (s->admin) pq.finish(s->admin);
    s->admin = NULL;
}

void pg_server_halt(struct pg_server *s, int sig) {
    int status;
    drop_admin(s);
    if (s->pid == 0) return;
    kill(s->pid, sig);
    waitpid(s->pid, &status, 0);
    s->pid = 0;
}

void pg_server_stop(struct pg_server *s) {
    pg_server_halt(s, SIGINT);
    remove_all(s);
}

/* -- who comes in, and how ------------------------------------------------------------------------
 */

static void give_away(const char *path) {
    const struct passwd *const nobody = who();
    if (nobody != NULL && chown(path, nobody->pw_uid, nobody->pw_gid) != 0)
        IGNORE(errno, "the server says so");
}

static void reload(struct pg_server *s) {
    pg_server_sql(s, "public", "SELECT pg_reload_conf()");
    drop_admin(s); /* a new session has what was loaded */
    pg_server_sql(s, "public", "SELECT 1");
}

void pg_server_ask_password(struct pg_server *s, const char *user) {
    char path[96], old[8192], more[128];
    snprintf(path, sizeof path, "%s/data/pg_hba.conf", s->dir);
    snprintf(more, sizeof more, "host all %s 127.0.0.1/32 scram-sha-256\n", user);
    FILE *f = fopen(path, "r");
    if (f == NULL) give_up(s, path);
    const size_t n = fread(old, 1, sizeof old, f);
    fclose(f);
    f = fopen(path, "w");
    if (f == NULL) give_up(s, path);
    fputs(more, f); /* the first line that fits counts */
    fwrite(old, 1, n, f);
    fclose(f);
    reload(s);
}

void pg_server_speak_tls(struct pg_server *s, const char *name, char *ca, ptrdiff_t bytes) {
    char command[640], key[96];
    const bool address = strspn(name, "0123456789.") == strlen(name);
    snprintf(ca, (size_t)bytes, "%s/data/server.crt", s->dir);
    snprintf(key, sizeof key, "%s/data/server.key", s->dir);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
             "-subj '/CN=%s' -addext 'subjectAltName=%s:%s' -keyout '%s' -out '%s' 2>/dev/null",
             name, address ? "IP" : "DNS", name, key, ca);
    if (system(command) != 0 || chmod(key, 0600) != 0) give_up(s, "openssl");
    give_away(key), give_away(ca);
    pg_server_sql(s, "public", "ALTER SYSTEM SET ssl = on");
    reload(s);
}

/* -- URLs and commands ------------------------------------------------------------------------- */

void pg_server_url(const struct pg_server *s, const char *schema, char *url, ptrdiff_t bytes) {
    const int n = snprintf(url, (size_t)bytes,
                           "postgresql://" PG_SERVER_USER "@:%d/postgres?host=%s&schema=%s",
                           s->port, s->dir, schema);
    POST(n > 0 && n < bytes);
}

void pg_server_tcp_url(const struct pg_server *s, const char *user, const char *schema,
                       const char *more, char *url, ptrdiff_t bytes) {
    const int n = snprintf(url, (size_t)bytes, "postgresql://%s@127.0.0.1:%d/postgres?schema=%s%s",
                           user, s->port, schema, more);
    POST(n > 0 && n < bytes);
}

static PGconn *connect_admin(const struct pg_server *s) {
    char port[16];
    snprintf(port, sizeof port, "%d", s->port);
    const char *const names[] = {"host", "port", "dbname", "user", NULL};
    const char *const values[] = {s->dir, port, "postgres", PG_SERVER_USER, NULL};
    PGconn *c = pq.connectdbParams(names, values, 0);
    if (pq.status(c) != CONNECTION_OK) {
        fprintf(stderr, "%s", pq.errorMessage(c));
        give_up(s, "connect");
    }
    pq.clear(pq.exec(c, "SET client_min_messages = error"));
    return c;
}

static PGresult *run(struct pg_server *s, const char *schema, const char *text) {
    char path[128];
    if (s->admin == NULL) s->admin = connect_admin(s);
    snprintf(path, sizeof path, "SET search_path = \"%s\"", schema);
    pq.clear(pq.exec(s->admin, path));
    PGresult *res = pq.exec(s->admin, text);
    const ExecStatusType status = pq.resultStatus(res);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s: %s", text, pq.errorMessage(s->admin));
        give_up(s, "SQL");
    }
    return res;
}

void pg_server_sql(struct pg_server *s, const char *schema, const char *text) {
    pq.clear(run(s, schema, text));
}

int64_t pg_server_number(struct pg_server *s, const char *schema, const char *text) {
    PGresult *res = run(s, schema, text);
    int64_t v = 0;
    if (pq.ntuples(res) != 1 || !str_to_i64(str_from_z(pq.getvalue(res, 0, 0)), &v))
        give_up(s, "a SELECT that gives no number");
    pq.clear(res);
    return v;
}
