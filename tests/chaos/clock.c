/* clock: a library that is loaded in front of a program (LD_PRELOAD) and adds to its wall clock
 * what a file says: eight bytes, microseconds, at once and while it runs. CHAOS_CLOCK names the
 * file.
 *
 * A program that begins anew as another image of itself may no longer open the file
 * (src/app/confine.h): it is kept open for it, and CHAOS_CLOCK_HELD says where.
 *
 * Clocks that measure spans are left alone: those do not jump on a real machine either. Failure: no
 * such file, and nothing is added. Threads: any. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PER_S INT64_C(1000000)

static _Atomic int64_t none;
static _Atomic int64_t *offset = &none;
static int (*real)(clockid_t id, struct timespec *ts);

__attribute__((constructor)) static void clock_open(void) {
    const char *path = getenv("CHAOS_CLOCK");
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    const char *held = getenv("CHAOS_CLOCK_HELD");
    int fd = held != NULL ? (int)strtol(held, NULL, 10) : -1;
    if (fd < 0 && path != NULL) fd = open(path, O_RDONLY);
    if (fd < 0) return;
    void *at = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) offset = at;
    if (held != NULL) return;
    char number[16];
    snprintf(number, sizeof number, "%d", fd);
    setenv("CHAOS_CLOCK_HELD", number, 1);
}

int clock_gettime(clockid_t id, struct timespec *ts) {
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime"); /* before the above */
    const int done = real(id, ts);
    if (done != 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return done;
    const int64_t us = ts->tv_sec * PER_S + ts->tv_nsec / 1000 + atomic_load(offset);
    ts->tv_sec = us / PER_S;
    ts->tv_nsec = us % PER_S * 1000 + ts->tv_nsec % 1000;
    return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
    struct timespec ts;
    (void)zone;
    const int done = clock_gettime(CLOCK_REALTIME, &ts);
    if (done == 0) *tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
    return done;
}

time_t time(time_t *ret) {
    struct timespec ts = {0};
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0) return -1;
    if (ret != NULL) *ret = ts.tv_sec;
    return ts.tv_sec;
}
