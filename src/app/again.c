/* again: see the header. Descriptors of ours are closed on exec, each as it is opened. A pause
 * keeps a process that fails at once from spinning. Thread: the main one, when all others ended. */
#include "app/again.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define PAUSE_MS 500

static char *const *started_with;

void app_again_from(char *const *argv) { started_with = argv; }

void app_again(const atomic_int *stop) {
    PRE(started_with != NULL);
    IGNORE(poll(NULL, 0, PAUSE_MS) != 0, "a signal ends it early");
    signal(SIGTERM, SIG_DFL); /* from here on they end the process, as they do at its start */
    signal(SIGINT, SIG_DFL);
    if (atomic_load(stop) > 0) return;
    execv("/proc/self/exe", started_with);
    log_unusual("cannot_begin_anew", LOG_Z("why", strerror(errno)));
}
