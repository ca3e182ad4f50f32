/* signals: see the header. A handler does what is safe in one: it counts, and at the second signal
 * it leaves by _exit; the store is safe against that as it is against a power cut. A level of the
 * log is one number, and a line of it, without numbers in it, is made on the stack. */
#include "app/signals.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/base.h"
#include "base/log.h"

static atomic_int count;

static void on_signal(int sig) {
    if (atomic_fetch_add(&count, 1) >= 1) _exit(128 + sig);
    log_write(LOG_INFO, "stopping",
              (struct log_field[]){LOG_Z("why", sig == SIGTERM ? "SIGTERM" : "SIGINT")}, 1);
}

static void on_level(int sig) {
    const log_level now = log_step(sig == SIGUSR1 ? -1 : 1);
    log_write((log_level)i64_max(now, LOG_INFO), "log_level",
              (struct log_field[]){LOG_Z("now", log_level_name(now))}, 1);
}

const atomic_int *signals_install(void) {
    struct sigaction sa = {.sa_handler = on_signal};
    sigemptyset(&sa.sa_mask); /* no SA_RESTART: a sleep ends at once */
    IGNORE(sigaction(SIGINT, &sa, NULL), "the signal is valid");
    IGNORE(sigaction(SIGTERM, &sa, NULL), "the signal is valid");
    struct sigaction level = {.sa_handler = on_level, .sa_flags = SA_RESTART};
    sigemptyset(&level.sa_mask);
    IGNORE(sigaction(SIGUSR1, &level, NULL), "the signal is valid");
    IGNORE(sigaction(SIGUSR2, &level, NULL), "the signal is valid");
    return &count;
}
