/* The whole program over the demo's day, in virtual time: from 330 posts and 4,300 candles to a
 * store with every decision in it. Best of three; each begins with an empty store.
 *
 *   bench_run [PROGRAM]    default build/bullfinch; run it in the checkout's root */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define POSTS 330
#define PASSES 3

struct cost {
    double wall, cpu, peak_mb;
};

/* Runs it with its output thrown away; false when it did not end with status 0. */
static bool cost_of(char *const argv[], struct cost *ret) {
    usec start = time_monotonic_us();
    pid_t pid = fork();
    if (pid < 0) return false;
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    int status;
    struct rusage u;
    if (wait4(pid, &status, 0, &u) != pid || status != 0) {
        fprintf(stderr, "bench_run: %s %s: status %d\n", argv[0], argv[1], status);
        return false;
    }
    ret->wall = bench_seconds(start);
    ret->cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    ret->peak_mb = (double)u.ru_maxrss / 1024;
    return true;
}

static bool best_of(char *const argv[], const char *store, struct cost *ret) {
    *ret = (struct cost){1e9, 1e9, 0};
    for (int i = 0; i < PASSES; i++) {
        struct cost c;
        bool ok = cost_of(argv, &c);
        const char *const suffixes[] = {"", "-wal", "-shm"};
        for (int k = 0; k < 3; k++) {
            char path[200];
            snprintf(path, sizeof path, "%s%s", store, suffixes[k]);
            unlink(path);
        }
        if (!ok) return false;
        if (c.wall < ret->wall) *ret = c;
    }
    return true;
}

int main(int argc, char **argv) {
    char dir[] = "/tmp/bullfinch-bench-XXXXXX", store[100], set[120];
    if (!mkdtemp(dir)) return 1;
    snprintf(store, sizeof store, "%s/run.db", dir);
    snprintf(set, sizeof set, "store.url=sqlite:%s", store);
    char program[4096],
        words[][32] = {"version", "run",   "--config",      "demo/bullfinch.yaml", "--speed",
                       "max",     "--set", "--exit-at-end", "--no-status"};
    snprintf(program, sizeof program, "%s", argc > 1 ? argv[1] : "build/bullfinch");
    char *const start[] = {program, words[0], NULL};
    char *const run[] = {program,  words[1], words[2], words[3], words[4], words[5],
                         words[6], set,      words[7], words[8], NULL};
    struct cost c;
    bool ok = best_of(start, store, &c);
    if (ok) bench_report("run", "start (bullfinch version)", c.wall, "s");
    ok = ok && best_of(run, store, &c);
    if (ok) {
        bench_report("run", "demo day, virtual time", c.wall, "s");
        bench_report("run", "its processor time", c.cpu, "s");
        bench_report("run", "posts a second", POSTS / c.wall, "1/s");
        bench_report("run", "peak memory", c.peak_mb, "MB");
    }
    rmdir(dir);
    return ok ? 0 : 1;
}
