/* say: what the harness prints. Failure: none. Threads: any. */
#include "chaos.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static usec beginning;
static int bad;

void tell_from_now(void) { beginning = time_monotonic_us(); }

void tell(const char *fmt, ...) {
    char text[600];
    va_list args;
    const usec at = time_monotonic_us() - beginning;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    printf("%4lld.%03lld %s\n", (long long)(at / USEC_PER_S),
           (long long)(at % USEC_PER_S / USEC_PER_MS), text);
    fflush(stdout);
}

void give_up(const char *fmt, ...) {
    char text[600];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    printf("not ok the run: %s\n", text);
    exit(1); /* what it started dies with it */
}

void verdict(const char *name, int64_t wrong) {
    if (wrong == 0)
        printf("ok %s\n", name);
    else
        printf("not ok %s: %lld\n", name, (long long)wrong);
    fflush(stdout);
    bad += wrong != 0;
}

int verdicts_bad(void) { return bad; }
