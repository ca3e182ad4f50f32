/* bench: what a benchmark program is. It measures one part, prints one JSON object a line, and
 * fails when it could not measure; `make bench` runs them all and makes the table.
 *
 * Numbers go with the machine that they were taken on: nothing asserts them. */
#ifndef BF_BENCH_BENCH_H
#define BF_BENCH_BENCH_H

#include <stdio.h>
#include <sys/resource.h>

#include "base/time.h"

/* One number: {"bench": "candles", "what": "rows a second", "value": 1, "unit": "1/s"}. */
static inline void bench_report(const char *bench, const char *what, double value,
                                const char *unit) {
    printf("{\"bench\": \"%s\", \"what\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}\n", bench,
           what, value, unit);
    fflush(stdout);
}

static inline double bench_seconds(usec since) {
    return (double)(time_monotonic_us() - since) / 1e6;
}

/* Most memory that the process ever had resident. */
static inline double bench_peak_mb(void) {
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (double)u.ru_maxrss / 1024 : -1;
}

/* Processor time of the process so far, user and system. */
static inline double bench_cpu_seconds(void) {
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0) return -1;
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

#endif
