/* settings: what people put into the settings table comes into force between two turns.
 *
 * In: a command that says that a setting was changed, delivered with the write lock taken, so the
 * rows are those that the command left or newer ones. Out: the trader decides by the new values
 * from the command's turn on. Failure: rows that cannot be read, or that contradict the rest, mark
 * the command void: what held holds on, and the log says why. Thread: the trader's. */
#include "base/log.h"
#include "run/run_int.h"

#define ROWS_BYTES (16 << 20)

static bool load(struct runner *r, struct buf *report, struct error *err) {
    struct arena a;
    const str *rows;
    int count;
    arena_open(&a, ROWS_BYTES);
    const bool ok = store_settings(r->parts.store, &a, &rows, &count, err) &&
                    config_live_set(r->parts.live, rows, count, report, err);
    arena_close(&a);
    return ok;
}

void settings_take(struct runner *r, struct command *cmd) {
    struct error err;
    struct buf report;
    if (r->parts.live == NULL) {
        cmd->is_void = true;
        return;
    }
    buf_init(&report, CONFIG_REPORT_BYTES);
    cmd->is_void = !load(r, &report, &err);
    if (cmd->is_void) {
        log_unusual("setting_void", LOG_Z("key", cmd->reason), LOG_Z("why", err.msg),
                    LOG_S("mistakes", buf_str(&report)));
    } else {
        const struct config *const before = r->cfg;
        r->cfg = config_live_take(r->parts.live);
        trader_configure(r->parts.trader, r->cfg);
        if (before != NULL) config_live_give(r->parts.live, before);
        log_info("setting", LOG_Z("key", cmd->reason), LOG_Z("by", cmd->actor));
    }
    buf_fini(&report);
}

void settings_close(struct runner *r) {
    if (r->cfg != NULL) config_live_give(r->parts.live, r->cfg);
    r->cfg = NULL;
}
