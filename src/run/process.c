/* process: see the header.
 *
 * In: /proc and what the system says of files. Out: gauges. Failure: one that cannot be read keeps
 * its last value, at first 0. Thread: any; one at a time looks. */
#include "run/process.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/metric.h"
#include "base/time.h"
#include "run/room.h"
#include "store/meter.h"

#define PATH_BYTES 4200

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char path[PATH_BYTES]; /* of the store's file; "": it is none */

static void (*also)(void *ctx); /* guarded */
static void *also_ctx;

static void set(metric_id id, int64_t v) { metric_set(metric_get(id, NULL), v); }

static const char *role_name(unsigned role) {
#define X(name, bit, text)                                                                         \
    if (role == METRIC_##name) return text;
    METRIC_ROLE_MAP(X)
#undef X
    WRONG("a role that is none");
}

void process_begin(unsigned role, const char *store) {
    pthread_mutex_lock(&lock);
    path[0] = '\0';
    if (store != NULL) IGNORE(!str_copyz(str_from_z(store), path, sizeof path), "then unmeasured");
    pthread_mutex_unlock(&lock);
    metric_role_set(role);
    metric_get(M_BUILD, LABELS(BF_VERSION, role_name(role)));
    set(M_PROCESS_START, time_wall_us());
    process_measure();
}

void process_also(void (*look)(void *ctx), void *ctx) {
    pthread_mutex_lock(&lock);
    also = look;
    also_ctx = ctx;
    pthread_mutex_unlock(&lock);
}

/* --- the process ----------------------------------------------------------------------------- */

static usec of_timeval(struct timeval t) { return t.tv_sec * USEC_PER_S + t.tv_usec; }

static void measure_usage(void) {
    struct rusage u;
    struct rlimit files;
    if (getrusage(RUSAGE_SELF, &u) == 0)
        metric_raise(metric_get(M_PROCESS_CPU, NULL),
                     of_timeval(u.ru_utime) + of_timeval(u.ru_stime));
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        set(M_PROCESS_FDS_MAX, (int64_t)(files.rlim_cur < INT64_MAX ? files.rlim_cur : INT64_MAX));
    set(M_PROCESS_MEMORY, room_memory());
}

/* -1: not known. */
static int64_t entries_of(const char *folder) {
    DIR *const d = opendir(folder);
    const struct dirent *e;
    int64_t n = 0;
    if (d == NULL) return -1;
    while ((e = readdir(d)) != NULL) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void measure_tables(void) {
    const int64_t fds = entries_of("/proc/self/fd"), threads = entries_of("/proc/self/task");
    if (fds > 0) set(M_PROCESS_FDS, fds - 1); /* one is the look itself */
    if (threads > 0) set(M_PROCESS_THREADS, threads);
}

/* --- the store's disk ------------------------------------------------------------------------ */

static int64_t bytes_of(const char *suffix) {
    char name[PATH_BYTES + 8];
    struct stat st;
    const int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    return n > 0 && n < (int)sizeof name && stat(name, &st) == 0 ? st.st_size : 0;
}

/* With the lock held. */
static void measure_disk(void) {
    struct room_disk disk;
    if (path[0] == '\0') return;
    set(M_STORE_BYTES, bytes_of("") + bytes_of("-wal") + bytes_of("-shm"));
    if (!room_disk(path, &disk)) return;
    set(M_STORE_DISK_FREE, disk.free);
    set(M_STORE_DISK_SIZE, disk.size);
}

void process_measure(void) {
    pthread_mutex_lock(&lock);
    measure_usage();
    measure_tables();
    measure_disk();
    store_meter_look();
    if (also != NULL) also(also_ctx);
    pthread_mutex_unlock(&lock);
}
