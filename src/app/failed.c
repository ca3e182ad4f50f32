/* failed: see the header.
 *
 * Whoever promises something and breaks it may have decided wrongly before, too. So the process
 * ends, and the next one opens nothing new until a person has looked: the mark, an empty file
 * beside the store, becomes a halt with the reason REDUCE_ONLY. `bullfinch resume` ends it like any
 * halt.
 *
 * The mark is made inside the failure, hence by one system call on a path that was made before.
 * Failure: a mark that cannot be made changes nothing (the process ends anyway). Thread: the main
 * one; the hook runs on whichever fails. */
#include "app/failed.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

static char mark_path[4200];

static void leave_mark(void) {
    const int fd = open(mark_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) IGNORE(close(fd), "there is nothing in it");
}

static bool mark_of(const struct store *s) {
    struct buf b;
    buf_init_fixed(&b, mark_path, sizeof mark_path);
    buf_printf(&b, "%s.failed", store_path(s));
    return !buf_full(&b);
}

void failed_arm(struct store *s) {
    if (mark_of(s)) assert_set_hook(leave_mark);
}

bool failed_obey(struct store *s, struct error *err) {
    if (!mark_of(s) || access(mark_path, F_OK) != 0) return true;
    struct command halt = {.verb = VERB_HALT,
                           .mode = MODE_HALTED,
                           .until = USEC_NEVER,
                           .at = time_wall_us(),
                           .actor = "program",
                           .reason = "REDUCE_ONLY: a check failed in the process before this one"};
    int64_t id;
    bool repeated;
    if (!store_command_add(s, &halt, STR(""), halt.at, &id, &repeated, err))
        return fail_in(err, "halt after a failed check");
    log_unusual("reduce_only", LOG_Z("why", "a check failed in the process before this one"),
                LOG_Z("next", "see its log; bullfinch resume lets new positions open again"));
    if (unlink(mark_path) != 0) return fail(err, ERR_IO, 0, "%s cannot be removed", mark_path);
    return true;
}
