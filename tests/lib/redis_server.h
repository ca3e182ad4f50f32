/* redis_server: a real Redis of the test's own: on a port that nobody has, with its data in a
 * folder that goes with it, known by its process id and stopped by that, also when the test dies.
 *
 * What it is told to write is on the disk when it answers (appendfsync always), unless the test
 * says otherwise. REDIS_SERVER names another program to start than redis-server. */
#ifndef BF_TESTS_LIB_REDIS_SERVER_H
#define BF_TESTS_LIB_REDIS_SERVER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "check.h"
#include "ports.h"

#include "base/time.h"

#define REDIS_SERVER_PATIENCE (30 * USEC_PER_S) /* a start takes some milliseconds */
#define REDIS_SERVER_WORDS_MAX 32

struct redis_server {
    pid_t pid; /* 0: it does not run */
    int port;
    char dir[64], url[96], socket_url[160];
    const char *words[REDIS_SERVER_WORDS_MAX]; /* further options: "--maxmemory", "10mb" */
    redisContext *c;                           /* the test's own connection */
};

static inline int redis_server_free_port(void) {
    const int port = port_of_nobody();
    assert_int_not_equal(port, 0);
    return port;
}

/* Does not return. */
static inline void redis_server_become(struct redis_server *s) {
    char port[16], socket[96], log[96];
    const char *program = getenv("REDIS_SERVER");
    const char *argv[REDIS_SERVER_WORDS_MAX + 24];
    int n = 0;
    snprintf(port, sizeof port, "%d", s->port);
    snprintf(socket, sizeof socket, "%s/socket", s->dir);
    snprintf(log, sizeof log, "%s/log", s->dir);
    const char *const fixed[] = {program != NULL ? program : "redis-server",
                                 "--port",
                                 port,
                                 "--bind",
                                 "127.0.0.1",
                                 "--unixsocket",
                                 socket,
                                 "--dir",
                                 s->dir,
                                 "--logfile",
                                 log,
                                 "--save",
                                 "",
                                 "--appendonly",
                                 "yes",
                                 "--appendfsync",
                                 "always"};
    for (int i = 0; i < COUNT_OF(fixed); i++) argv[n++] = fixed[i];
    for (int i = 0; i < REDIS_SERVER_WORDS_MAX && s->words[i] != NULL; i++) argv[n++] = s->words[i];
    argv[n] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static inline void redis_server_goodbye(struct redis_server *s) {
    if (s->c != NULL) redisFree(s->c);
    s->c = NULL;
}

/* Has it come up? False: it is no more. */
static inline bool redis_server_answers(struct redis_server *s) {
    const usec until = time_monotonic_us() + REDIS_SERVER_PATIENCE;
    while (time_monotonic_us() < until && waitpid(s->pid, NULL, WNOHANG) == 0) {
        s->c = redisConnect("127.0.0.1", s->port);
        redisReply *r = s->c->err == 0 ? redisCommand(s->c, "PING") : NULL;
        const bool up = r != NULL && strncmp(r->str, "LOADING", 7) != 0;
        if (r != NULL) freeReplyObject(r);
        if (up) return true;
        redis_server_goodbye(s);
        usleep(2000);
    }
    return false;
}

static inline void redis_server_start(struct redis_server *s) {
    assert_int_equal(s->pid, 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) redis_server_become(s);
    if (!redis_server_answers(s)) {
        s->pid = 0;
        fail_msg("redis-server does not start; its log is in %s", s->dir);
    }
}

/* words: further options, NULL ends them; NULL: none. */
static inline void redis_server_open(struct redis_server *s, const char *const *words) {
    *s = (struct redis_server){.port = redis_server_free_port()};
    snprintf(s->dir, sizeof s->dir, "/tmp/bf-redis-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->url, sizeof s->url, "redis://127.0.0.1:%d/0", s->port);
    snprintf(s->socket_url, sizeof s->socket_url, "redis+unix://%s/socket?db=0", s->dir);
    for (int i = 0; words != NULL && words[i] != NULL; i++) s->words[i] = words[i];
    redis_server_start(s);
}

/* At once, as by a power cut. It may be stopped already. */
static inline void redis_server_kill(struct redis_server *s) {
    redis_server_goodbye(s);
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    s->pid = 0;
}

/* Goes on with what was on its disk. */
static inline void redis_server_restart(struct redis_server *s) {
    redis_server_kill(s);
    redis_server_start(s);
}

static inline void redis_server_wipe(struct redis_server *s) {
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'/*", s->dir);
    assert_int_equal(system(command), 0);
}

/* Its disk is gone. */
static inline void redis_server_restart_empty(struct redis_server *s) {
    redis_server_kill(s);
    redis_server_wipe(s);
    redis_server_start(s);
}

/* It takes connections and bytes, and does nothing. */
static inline void redis_server_pause(struct redis_server *s) {
    int status;
    assert_int_equal(kill(s->pid, SIGSTOP), 0);
    assert_int_equal(waitpid(s->pid, &status, WUNTRACED), s->pid);
    assert_true(WIFSTOPPED(status));
}

static inline void redis_server_go_on(struct redis_server *s) {
    assert_int_equal(kill(s->pid, SIGCONT), 0);
}

static inline void redis_server_close(struct redis_server *s) {
    redis_server_kill(s);
    redis_server_wipe(s);
    assert_int_equal(rmdir(s->dir), 0);
}

/* A command of the test's: words by blanks, %s and %b as hiredis has them. The reply is to be
 * freed. */
#define redis_server_ask(s, ...) ((redisReply *)redisCommand((s)->c, __VA_ARGS__))
/* It is done, and says no. */
#define redis_server_do(s, ...)                                                                    \
    do {                                                                                           \
        redisReply *redis_server_r = redis_server_ask(s, __VA_ARGS__);                             \
        assert_non_null(redis_server_r);                                                           \
        if (redis_server_r->type == REDIS_REPLY_ERROR) fail_msg("%s", redis_server_r->str);        \
        freeReplyObject(redis_server_r);                                                           \
    } while (0)

static inline int64_t redis_server_number(struct redis_server *s, const char *command) {
    redisReply *r = redis_server_ask(s, command);
    assert_non_null(r);
    if (r->type == REDIS_REPLY_ERROR) fail_msg("%s: %s", command, r->str);
    assert_int_equal(r->type, REDIS_REPLY_INTEGER);
    const int64_t n = r->integer;
    freeReplyObject(r);
    return n;
}

#endif
