/* now: the account's clock, for those who order from outside (commands hold until a time).
 *
 * In: the cursor "run" that the runner keeps in its transactions. Out: a time. Failure: what cannot
 * be read is the clock on the wall, which is right for all but replays. Thread: any. */
#include "run/now.h"

usec run_now(struct store *s, struct arena *a) {
    str text, line;
    bool found, is_virtual = false;
    int64_t clock = 0;
    struct error err;
    if (!store_cursor_get(s, a, STR("run"), &text, &found, &err) || !found) return time_wall_us();
    while (str_cut(&text, '\n', &line)) {
        if (str_eq(line, STR("time=virtual"))) is_virtual = true;
        if (str_starts(line, STR("clock=")))
            IGNORE(!str_to_i64(str_tail(line, 6), &clock), "then the wall counts");
    }
    return is_virtual && clock > 0 ? clock : time_wall_us();
}
