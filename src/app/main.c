/* main: where bullfinch begins, and where a tour of its code begins too.
 *
 * Follow the marks //~ in this order: here; commands.c (which command); cmd_run.c (what `run`
 * does); wire.c (what is plugged into what); run/virtual.c and run/wall.c (what happens when);
 * run/turn.c (what one turn is); flow/reader.h and flow/trader.c (what decides).
 *
 * main only prepares the process: a broken pipe, or a file that may not grow, is an error of
 * write(2) and not a death, and files that are made are nobody else's business. */
#include "app/app.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/again.h"
#include "base/alive.h"
#include "base/log.h"

#define BOOT_BYTES (INT64_C(2) << 30) /* of address space; pages are taken as they are used */

extern char **environ;

/* Who started us, as systemd says it: where to report to, and how often. */
static void tell_supervisor(void) {
    const char *const every = getenv("WATCHDOG_USEC"), *const whose = getenv("WATCHDOG_PID");
    int64_t us = 0, pid = 0;
    const bool mine =
        whose == NULL || (str_to_i64(str_from_z(whose), &pid) && pid == (int64_t)getpid());
    if (every == NULL || !mine || !str_to_i64(str_from_z(every), &us) || us < 0) us = 0;
    alive_open(getenv("NOTIFY_SOCKET"), us);
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGUSR1, SIG_IGN); /* of who has a log to make louder (signals.h); no other's end */
    signal(SIGUSR2, SIG_IGN);
    umask(077); /* the store tells what somebody owns */
    log_setup(LOG_INFO, LOG_LOGFMT, STDERR_FILENO);

    app_again_from(argv);
    tell_supervisor();
    struct app app = {.env = environ};
    arena_open(&app.boot, BOOT_BYTES);
    //~ 1. The first words choose a command.
    const exit_status status = commands_run(&app, argc - 1, argv + 1);
    arena_close(&app.boot);
    return (int)status;
}
