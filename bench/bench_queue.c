/* The queue between processes: Redis Streams, on a redis-server of the bench's own on this machine.
 *
 *   through   jobs of a post's size (600 bytes), put by one producer in batches of 64, taken and
 *             acknowledged by two consumers, as fast as it goes; processor time of a job, in
 *             redis-server and here. With an append-only file (appendfsync everysec) and without;
 *             beside it the queue in memory
 *   delay     at 1,000 jobs a second, put one by one: from before the put until a consumer that
 *             waits has it
 *   waiting   memory that a job costs in Redis, with 100,000 of them there
 *   idle      processor time of redis-server for a consumer that waits for nothing
 *
 * Producer and consumers are threads with a handle each, as processes would have.
 *
 *   bench_queue [DIRECTORY]    where redis-server writes; default: the working directory */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "queue/redis.h"

#define BENCH "queue"
#define JOB_BYTES 600
#define BATCH 64
#define JOBS 200000
#define CONSUMERS 2
#define WAITING 100000
#define DELAY_JOBS 10000
#define DELAY_EACH USEC_PER_MS
#define IDLE_S 5
#define PATIENCE (60 * USEC_PER_S)

static pid_t server;
static char url[64];
static atomic_int names;

NORETURN static void fail_loudly(const char *what, const struct error *err) {
    fprintf(stderr, "bench_queue: %s: %s\n", what, err->msg);
    if (server > 0) kill(server, SIGKILL);
    exit(1);
}

/* --- redis-server -------------------------------------------------------------------------- */

static int free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 &&
                    getsockname(fd, (struct sockaddr *)&at, &n) == 0;
    if (fd >= 0) close(fd);
    return ok ? ntohs(at.sin_port) : -1;
}

/* False: there is none on this machine. */
static bool server_start(const char *dir, bool append) {
    char port[16];
    const int number = free_port();
    snprintf(port, sizeof port, "%d", number);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d/0", number);
    server = fork();
    if (server == 0) {
        const int null = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, STDOUT_FILENO);
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", dir,
               "--save", "", "--appendonly", append ? "yes" : "no", (char *)NULL);
        _exit(127);
    }
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    while (waitpid(server, NULL, WNOHANG) == 0) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool up = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
        close(fd);
        if (up) return true;
        usleep(2000);
    }
    server = 0;
    return false;
}

static void server_stop(const char *dir) {
    char command[4200];
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    server = 0;
    snprintf(command, sizeof command, "rm -rf '%s'/appendonlydir '%s'/*.aof", dir, dir);
    IGNORE(system(command) != 0, "the folder itself is told of at the end");
}

/* Processor time that redis-server has used, seconds. */
static double server_cpu(void) {
    char path[64], text[512] = "";
    unsigned long user = 0, sys = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)server);
    const int fd = open(path, O_RDONLY);
    if (fd < 0) return -1;
    IGNORE(read(fd, text, sizeof text - 1) < 0, "then it is 0");
    close(fd);
    const char *behind = strrchr(text, ')');
    if (behind == NULL ||
        sscanf(behind, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2)
        return -1;
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/* --- the queue ------------------------------------------------------------------------------ */

static struct queue *queue_open(const char *name, int capacity) {
    const struct queue_options opt = {.capacity = capacity,
                                      .max_attempts = 4,
                                      .backoff = USEC_PER_S,
                                      .fresh_for = 60 * USEC_PER_S};
    const struct redis_options redis = {.url = str_from_z(url),
                                        .prefix = STR("bench"),
                                        .name = str_from_z(name),
                                        .timeout = 10 * USEC_PER_S,
                                        .claim_after = 15 * USEC_PER_S};
    struct queue *q;
    struct error err;
    if (!redis_queue_open(&opt, &redis, &q, &err)) fail_loudly("open", &err);
    return q;
}

static const char *new_name(char block[16]) {
    snprintf(block, 16, "b%d", atomic_fetch_add(&names, 1));
    return block;
}

struct party {
    struct queue *q;
    atomic_int *left; /* jobs that nobody has acknowledged */
    usec *delays;     /* NULL: not wanted */
    atomic_int *count;
    pthread_t thread;
};

static void *produce(void *arg) {
    static char post[JOB_BYTES];
    struct party *p = arg;
    struct job_put v[BATCH];
    struct error err;
    int n;
    for (int i = 0; i < BATCH; i++)
        v[i] = (struct job_put){str_from_bytes(post, sizeof post), JOB_FRESH};
    for (int put = 0; put < JOBS; put += n)
        if (!queue_put_many(p->q, v, (int)i64_min(BATCH, JOBS - put), time_wall_us(), PATIENCE, &n,
                            &err))
            fail_loudly("put", &err);
    return NULL;
}

static void *consume(void *arg) {
    struct party *p = arg;
    struct job *jobs[BATCH];
    struct error err;
    while (atomic_load(p->left) > 0) {
        int n = 0;
        if (!queue_take(p->q, jobs, BATCH, time_wall_us(), 50 * USEC_PER_MS, &n, &err))
            fail_loudly("take", &err);
        const usec now = time_monotonic_us();
        for (int i = 0; i < n && p->delays != NULL; i++) {
            usec sent;
            memcpy(&sent, jobs[i]->payload, sizeof sent);
            p->delays[atomic_fetch_add(p->count, 1)] = now - sent;
        }
        if (!queue_ack_many(p->q, jobs, n, &err)) fail_loudly("acknowledge", &err);
        atomic_fetch_sub(p->left, n);
    }
    return NULL;
}

static void measure_through(const char *bench, struct queue *const *q) {
    struct party p[1 + CONSUMERS];
    atomic_int left = JOBS;
    const double redis = server > 0 ? server_cpu() : 0, here = bench_cpu_seconds();
    const usec start = time_monotonic_us();
    for (int i = 0; i <= CONSUMERS; i++) {
        p[i] = (struct party){.q = q[i], .left = &left};
        if (pthread_create(&p[i].thread, NULL, i == 0 ? produce : consume, &p[i]) != 0) exit(1);
    }
    for (int i = 0; i <= CONSUMERS; i++) pthread_join(p[i].thread, NULL);
    bench_report(bench, "jobs put, taken and done a second", JOBS / bench_seconds(start), "1/s");
    bench_report(bench, "  processor time of a job here", (bench_cpu_seconds() - here) * 1e6 / JOBS,
                 "us");
    if (server > 0)
        bench_report(bench, "  processor time of a job in redis-server",
                     (server_cpu() - redis) * 1e6 / JOBS, "us");
}

static void through_redis(const char *bench) {
    struct queue *q[1 + CONSUMERS];
    char name[16];
    new_name(name);
    for (int i = 0; i <= CONSUMERS; i++) q[i] = queue_open(name, 10000);
    measure_through(bench, q);
    for (int i = 0; i <= CONSUMERS; i++) queue_close(q[i]);
}

static void through_memory(void) {
    const struct queue_options opt = {.capacity = 10000, .max_attempts = 4};
    struct queue *q[1 + CONSUMERS];
    struct error err;
    if (!memory_queue_open(&opt, &q[0], &err)) fail_loudly("open", &err);
    for (int i = 1; i <= CONSUMERS; i++) q[i] = q[0];
    measure_through(BENCH ", memory", q);
    queue_close(q[0]);
}

static int by_size(const void *a, const void *b) {
    const usec x = *(const usec *)a, y = *(const usec *)b;
    return (x > y) - (x < y);
}

static void measure_delay(const char *bench) {
    static usec delays[DELAY_JOBS];
    struct party p[CONSUMERS];
    struct queue *producer, *q[CONSUMERS];
    struct error err;
    atomic_int left = DELAY_JOBS, count = 0;
    char name[16], post[JOB_BYTES] = "";
    new_name(name);
    producer = queue_open(name, 10000);
    for (int i = 0; i < CONSUMERS; i++) {
        q[i] = queue_open(name, 10000);
        p[i] = (struct party){.q = q[i], .left = &left, .delays = delays, .count = &count};
        if (pthread_create(&p[i].thread, NULL, consume, &p[i]) != 0) exit(1);
    }
    const usec start = time_monotonic_us() + 100 * USEC_PER_MS;
    for (int i = 0; i < DELAY_JOBS; i++) {
        const usec at = start + i * DELAY_EACH;
        const struct timespec ts = {at / USEC_PER_S, at % USEC_PER_S * 1000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
        const usec sent = time_monotonic_us();
        memcpy(post, &sent, sizeof sent);
        if (!queue_put(producer, str_from_bytes(post, sizeof post), time_wall_us(), 0, &err))
            fail_loudly("put", &err);
    }
    for (int i = 0; i < CONSUMERS; i++) pthread_join(p[i].thread, NULL);
    qsort(delays, DELAY_JOBS, sizeof *delays, by_size);
    bench_report(bench, "put to taken at 1000/s, p50", (double)delays[DELAY_JOBS / 2], "us");
    bench_report(bench, "put to taken at 1000/s, p99", (double)delays[DELAY_JOBS * 99 / 100], "us");
    bench_report(bench, "put to taken at 1000/s, most", (double)delays[DELAY_JOBS - 1], "us");
    for (int i = 0; i < CONSUMERS; i++) queue_close(q[i]);
    queue_close(producer);
}

static void measure_waiting(const char *bench) {
    static char post[JOB_BYTES];
    struct job_put v[BATCH];
    struct queue_stats before, after;
    struct error err;
    char name[16];
    int n;
    struct queue *q = queue_open(new_name(name), WAITING + BATCH);
    for (int i = 0; i < BATCH; i++)
        v[i] = (struct job_put){str_from_bytes(post, sizeof post), JOB_FRESH};
    if (!queue_stats(q, &before, &err)) fail_loudly("stats", &err);
    for (int put = 0; put < WAITING; put += n)
        if (!queue_put_many(q, v, BATCH, time_wall_us(), PATIENCE, &n, &err))
            fail_loudly("put", &err);
    if (!queue_stats(q, &after, &err)) fail_loudly("stats", &err);
    bench_report(bench, "memory of a job that waits",
                 (double)(after.memory_bytes - before.memory_bytes) / (double)after.fresh, "bytes");
    queue_close(q);
}

static void measure_idle(const char *bench) {
    char name[16];
    struct queue *q = queue_open(new_name(name), 16);
    struct error err;
    struct job *job;
    int n;
    const double redis = server_cpu(), here = bench_cpu_seconds();
    const usec start = time_monotonic_us();
    while (bench_seconds(start) < IDLE_S)
        if (!queue_take(q, &job, 1, time_wall_us(), 500 * USEC_PER_MS, &n, &err))
            fail_loudly("take", &err);
    bench_report(bench, "a consumer that waits, a second of it, redis-server",
                 (server_cpu() - redis) * 1e6 / IDLE_S, "us");
    bench_report(bench, "  and here", (bench_cpu_seconds() - here) * 1e6 / IDLE_S, "us");
    queue_close(q);
}

int main(int argc, char **argv) {
    char dir[4096];
    snprintf(dir, sizeof dir, "%s/bench-queue-XXXXXX", argc > 1 ? argv[1] : ".");
    if (!mkdtemp(dir)) return 1;
    through_memory();
    if (!server_start(dir, true)) {
        fprintf(stderr, "bench_queue: there is no redis-server here: the queue on Redis is not "
                        "measured\n");
        rmdir(dir);
        return 0;
    }
    through_redis(BENCH ", redis, appendonly");
    measure_delay(BENCH ", redis, appendonly");
    server_stop(dir);
    if (!server_start(dir, false)) return 1;
    through_redis(BENCH ", redis");
    measure_delay(BENCH ", redis");
    measure_idle(BENCH ", redis");
    measure_waiting(BENCH ", redis");
    server_stop(dir);
    if (rmdir(dir) != 0) fprintf(stderr, "bench_queue: %s is left\n", dir);
    return 0;
}
