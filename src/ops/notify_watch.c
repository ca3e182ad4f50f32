/* Is there a trader? Whoever sends looks, so that it is also told when the trader's own process is
 * the one that is gone: where several processes work, and one of the others is there to say it.
 *
 * In: who holds the trader's lock. Out: a notice when nobody has for GONE, and when somebody has
 * again. What was known last stands in the store (cursor notify_trader: a process id; with a - in
 * front when it said that it ends, which it may need a moment for; 0: none), so that a start that
 * follows a crash says so, and one that follows an end does not.
 *
 * Failure: the store's. Thread: the notifier's. */
#include <inttypes.h>
#include <unistd.h>

#include "ops/notify_int.h"

#define GONE (12 * USEC_PER_S) /* somebody who stands by takes over within five */
#define CURSOR STR("notify_trader")

static bool read_last(struct notifier *n, bool *ret_known, int64_t *ret_pid, struct error *err) {
    char block[256];
    struct arena a;
    str text;
    *ret_pid = 0;
    arena_init(&a, block, sizeof block);
    if (!store_cursor_get(n->store, &a, CURSOR, &text, ret_known, err)) return false;
    if (*ret_known) IGNORE(!str_to_i64(text, ret_pid), "then nobody");
    return true;
}

static bool put_last(struct notifier *n, int64_t pid, const struct notice *v, struct error *err) {
    char block[24];
    struct buf b;
    buf_init_fixed(&b, block, sizeof block);
    buf_put_i64(&b, pid);
    if (!store_begin(n->store, true, err)) return false;
    const bool ok = store_cursor_put(n->store, CURSOR, buf_str(&b), err) &&
                    store_notice_put(n->store, v, err) && store_commit(n->store, err);
    if (!ok) store_rollback(n->store);
    n->again = n->again || ok;
    return ok;
}

static void put_mode(struct notifier *n, struct buf *b) {
    struct control c;
    struct error none;
    bool found;
    if (store_control(n->store, &c, &found, &none) && found)
        buf_printf(b, ", mode %s", mode_name(c.mode));
}

/* ever: a trader was seen before. before: the one that gave no word of its end; 0: none. */
static bool tell_here(struct notifier *n, int64_t pid, bool ever, int64_t before, usec now,
                      struct error *err) {
    char text[NOTICE_TEXT_BYTES];
    struct notice v;
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b, "a trader is at work (process %" PRId64 ")", pid);
    put_mode(n, &b);
    if (before != 0)
        buf_printf(&b, ", in place of process %" PRId64 ", which gave no word of its end", before);
    notice_make(&v, now, NOTICE_TRADER,
                before != 0 ? "again"
                : ever      ? "here"
                            : NOTICE_WHAT_FIRST,
                buf_str(&b));
    v.sameness[0] = '\0';
    return put_last(n, pid, &v, err);
}

static bool tell_gone(struct notifier *n, int64_t pid, usec now, struct error *err) {
    char text[NOTICE_TEXT_BYTES];
    struct notice v;
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b,
               "no trader is at work any more: process %" PRId64 " is gone. Until one is started, "
               "what is held has no more than the stops that stand at the venue",
               pid);
    notice_make(&v, now, NOTICE_TRADER, "gone", buf_str(&b));
    v.sameness[0] = '\0';
    return put_last(n, 0, &v, err);
}

bool notify_watch(struct notifier *n, usec now, usec mono, struct error *err) {
    int64_t pid = 0, last;
    bool known;
    const bool running = store_trader_running(n->store, &pid);
    if (!read_last(n, &known, &last, err)) return false;
    if (running) {
        n->trader_gone = 0;
        return pid == 0 || last == pid || last == -pid ||
               tell_here(n, pid, known, i64_max(last, 0), now, err);
    }
    if (last <= 0) return true;
    if (n->trader_gone == 0) n->trader_gone = mono;
    return mono - n->trader_gone < GONE || tell_gone(n, last, now, err);
}

bool notify_watch_end(struct notifier *n, const char *who, usec now, struct error *err) {
    char text[NOTICE_TEXT_BYTES];
    struct notice v;
    struct buf b;
    int64_t pid = 0;
    if (!store_trader_running(n->store, &pid) || pid != getpid()) return true;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b, "%s ends as it was asked to (process %" PRId64 ")", who, pid);
    notice_make(&v, now, NOTICE_TRADER, "ends", buf_str(&b));
    v.sameness[0] = '\0';
    return put_last(n, -pid, &v, err);
}
