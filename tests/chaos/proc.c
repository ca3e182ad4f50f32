/* proc: see the header. Thread: one, the main one: the kernel lets children die with the thread
 * that made them. Failure: one that cannot be started ends the harness. */
#include "proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chaos.h"
#include "ports.h"

#define AGAIN USEC_PER_S           /* as a service manager would */
#define STUBBORN (60 * USEC_PER_S) /* asked to end, and still there: it never will */
#define SAID 10                    /* ends of one program that are told; the rest is counted */
#define ENV_MAX 256

extern char **environ;

void wait_ms(int64_t ms) {
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

void proc_arg(struct proc *p, const char *fmt, ...) {
    va_list args;
    PRE(p->arg_count < PROC_ARGS_MAX - 1);
    char *const to = p->args[p->arg_count++];
    va_start(args, fmt);
    const int n = vsnprintf(to, PROC_ARG_BYTES, fmt, args);
    va_end(args);
    if (n < 0 || n >= PROC_ARG_BYTES) give_up("%s: an argument is too long", p->name);
}

/* --- the child's side: no memory is taken between fork and exec ---------------------------- */

struct launch {
    const char *argv[PROC_ARGS_MAX];
    const char *env[ENV_MAX];
    int out;
    uid_t uid; /* 0: as we are */
    gid_t gid;
    pid_t parent;
};

static void prepare(const struct proc *p, struct launch *l) {
    int n = 0;
    *l = (struct launch){.out = -1, .parent = getpid()};
    for (int i = 0; i < p->arg_count; i++) l->argv[i] = p->args[i];
    for (int i = 0; i < COUNT_OF(p->env) && p->env[i] != NULL; i++) l->env[n++] = p->env[i];
    for (char **e = environ; *e != NULL && n < ENV_MAX - 1; e++) l->env[n++] = *e;
    if (!p->as_nobody || geteuid() != 0) return;
    const struct passwd *nobody = getpwnam("nobody");
    if (nobody == NULL) give_up("there is no user nobody");
    l->uid = nobody->pw_uid;
    l->gid = nobody->pw_gid;
}

NORETURN static void become(const struct launch *l, int out, int log) {
    dup2(out, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    if (l->uid != 0 && (setgroups(0, NULL) != 0 || setgid(l->gid) != 0 || setuid(l->uid) != 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* after that: a change of user takes it back */
    if (getppid() != l->parent) _exit(126);
    execve(l->argv[0], (char *const *)l->argv, (char *const *)l->env); /* changes nothing */
    _exit(127);
}

static pid_t launch(const struct proc *p, int out) {
    struct launch l;
    prepare(p, &l);
    const int log = open(p->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) give_up("%s cannot be written: %s", p->log, strerror(errno));
    fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0) give_up("no more processes: %s", strerror(errno));
    if (pid == 0) become(&l, out >= 0 ? out : log, log);
    close(log);
    return pid;
}

/* --- ours ----------------------------------------------------------------------------------- */

void proc_start(struct proc *p) {
    PRE(p->pid == 0);
    p->pid = launch(p, -1);
    p->wanted = true;
    p->by_us = p->paused = false;
    p->again_at = 0;
    p->starts++;
}

static int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/* False: it has not ended by then. */
static bool ends_within(pid_t pid, usec patience, int *ret_status) {
    const usec until = time_monotonic_us() + patience;
    while (waitpid(pid, ret_status, WNOHANG) != pid) {
        if (time_monotonic_us() > until) return false;
        wait_ms(10);
    }
    return true;
}

void proc_stop(struct proc *p, int sig) {
    p->wanted = false;
    p->again_at = 0;
    if (p->pid == 0) return;
    kill(p->pid, sig);
    if (p->paused) kill(p->pid, SIGCONT);
    if (!ends_within(p->pid, STUBBORN, &p->last_status)) {
        tell("%s does not end: see %s", p->name, p->log);
        p->stubborn++;
        kill(p->pid, SIGKILL);
        p->last_status = wait_for(p->pid);
    }
    p->pid = 0;
    p->paused = false;
}

int proc_run(struct proc *p, char *out, size_t bytes) {
    int pipes[2];
    size_t have = 0;
    if (pipe2(pipes, O_CLOEXEC) != 0) give_up("no pipe: %s", strerror(errno));
    const pid_t pid = launch(p, pipes[1]);
    close(pipes[1]);
    for (;;) {
        char rest[512];
        const bool room = out != NULL && have + 1 < bytes;
        const ssize_t n =
            room ? read(pipes[0], out + have, bytes - 1 - have) : read(pipes[0], rest, sizeof rest);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        if (room) have += (size_t)n;
    }
    close(pipes[0]);
    if (out != NULL) out[have] = '\0';
    const int status = wait_for(pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void proc_kill(struct proc *p, int sig) {
    if (p->pid == 0) return;
    p->by_us = true;
    kill(p->pid, sig);
    if (p->paused) kill(p->pid, SIGCONT);
    p->paused = false;
}

void proc_pause(struct proc *p, bool on) {
    if (p->pid == 0 || p->paused == on) return;
    kill(p->pid, on ? SIGSTOP : SIGCONT);
    p->paused = on;
}

static void note_end(struct proc *p, int status) {
    const bool by_itself = !p->by_us && p->wanted;
    p->pid = 0;
    p->paused = p->by_us = false;
    p->last_status = status;
    p->again_at = p->wanted ? time_monotonic_us() + AGAIN : 0;
    if (!by_itself) return;
    if (WIFSIGNALED(status)) {
        if (p->crashed++ < SAID)
            tell("%s died of signal %d: see %s", p->name, WTERMSIG(status), p->log);
    } else if (p->ended++ < SAID) {
        tell("%s ended with status %d: see %s", p->name, WEXITSTATUS(status), p->log);
    }
}

void proc_watch(struct proc *const *v, int count) {
    for (int i = 0; i < count; i++) {
        int status;
        if (v[i]->pid != 0 && waitpid(v[i]->pid, &status, WNOHANG) == v[i]->pid)
            note_end(v[i], status);
        if (v[i]->again_at != 0 && time_monotonic_us() >= v[i]->again_at) proc_start(v[i]);
    }
}

/* --- ports ---------------------------------------------------------------------------------- */

int port_free(void) {
    const int port = port_of_nobody();
    if (port == 0) give_up("no free port");
    return port;
}
