/* What happens when a promise of ours is broken: one line, the hook, abort.
 *
 * For PRE, POST, ERGO and WRONG only. Nothing here allocates, takes a lock or uses stdio streams,
 * so that it works in any state that the process may be in. The hook (flush the journal) runs once,
 * also when it fails an assert itself or two threads fail at the same time: the second one aborts.
 * Any thread. */
#include "base/base.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Atomic(void (*)(void)) failure_hook;

void assert_set_hook(void (*hook)(void)) { atomic_store(&failure_hook, hook); }

void assert_failed(const char *kind, const char *what, const char *file, int line,
                   const char *func) {
    char text[512];
    int n =
        snprintf(text, sizeof text, "level=broken ev=assert kind=%s at=%s:%d in=%s what=\"%s\"\n",
                 kind, file, line, func, what);
    size_t bytes = n < 0 ? 0 : (size_t)n;
    if (bytes >= sizeof text) {
        bytes = sizeof text;
        text[bytes - 1] = '\n';
    }
    IGNORE(write(STDERR_FILENO, text, bytes) < 0, "aborting anyway, and there is nobody to tell");
    void (*hook)(void) = atomic_exchange(&failure_hook, NULL);
    if (hook) hook();
    abort();
}
