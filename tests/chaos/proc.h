/* proc: the programs that the chaos harness runs: started, watched, started again a second after
 * they ended, stopped by their process id. They die with the harness, however that ends. */
#ifndef BF_TESTS_CHAOS_PROC_H
#define BF_TESTS_CHAOS_PROC_H

#include <sys/types.h>

#include "base/time.h"

#define PROC_ARGS_MAX 64
#define PROC_ARG_BYTES 512
#define PROC_PATH_BYTES 600

struct proc {
    char name[16];
    char log[PROC_PATH_BYTES]; /* both outputs, of all its lives */
    char args[PROC_ARGS_MAX][PROC_ARG_BYTES];
    int arg_count;
    const char *env[4]; /* "NAME=value", beside the harness's own; borrowed, NULL: no more */
    bool as_nobody;     /* where the harness runs as root: PostgreSQL refuses to */
    int end_signal;     /* asks it to end in good order; 0: SIGTERM */

    pid_t pid;     /* 0: it does not run */
    bool wanted;   /* start it again when it ends */
    bool by_us;    /* its end, which comes now, was ours */
    usec again_at; /* monotonic: the next start; 0: none is due */
    bool paused;   /* SIGSTOP */
    int starts;    /* lives */
    int ended;     /* of them, by itself with some status */
    int crashed;   /* of them, by a signal that was not ours */
    int stubborn;  /* times that it had to be killed, since it did not end when asked */
    int last_status;
};

/* One more argument, formatted. */
void proc_arg(struct proc *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Starts it now. PRE: it does not run. */
void proc_start(struct proc *p);
/* Ends it and waits for that; it is not started again before proc_start. */
void proc_stop(struct proc *p, int sig);
/* One that ends by itself, with its standard output (at most bytes - 1 of it) in `out` where that
 * is not NULL. Its status; -1: a signal. */
int proc_run(struct proc *p, char *out, size_t bytes);
/* kill -9. It is started again in a second, or when `again` is called, as wanted says. */
void proc_kill(struct proc *p, int sig);
/* SIGSTOP and SIGCONT. */
void proc_pause(struct proc *p, bool on);
/* To be called often: notes ends, starts again what is due. */
void proc_watch(struct proc *const *v, int count);

/* A port of loopback that was free a moment ago. */
int port_free(void);
void wait_ms(int64_t ms);

#endif
