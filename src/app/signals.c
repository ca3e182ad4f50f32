/* signals: see the header. A handler does two things that are safe in one: it counts, and at the
 * second signal it leaves by _exit. The store is safe against that as it is against a power cut. */
#include "app/signals.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/base.h"

static atomic_int count;

static void on_signal(int sig) {
    if (atomic_fetch_add(&count, 1) >= 1) _exit(128 + sig);
}

const atomic_int *signals_install(void) {
    struct sigaction sa = {.sa_handler = on_signal};
    sigemptyset(&sa.sa_mask); /* no SA_RESTART: a sleep ends at once */
    IGNORE(sigaction(SIGINT, &sa, NULL), "the signal is valid");
    IGNORE(sigaction(SIGTERM, &sa, NULL), "the signal is valid");
    return &count;
}
