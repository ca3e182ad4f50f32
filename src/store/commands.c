/* Commands of people, the mode that they change, and settings.
 *
 * A command is a row; a halt, resume or mode changes `control` in the same transaction, with epoch
 * + 1, so that no entry decided before it can commit after it. The trader answers the row later
 * (COMMAND_DONE); when none runs, it answers at its next start. Everything here is audited. Halted
 * is sticky on the safe side: a mode set while halted is the mode to return to, a halt over a halt
 * keeps the later end, and a person's halt never gives an end to one that the program set itself.
 * Thread: any, each on its own connection. */
#include <inttypes.h>

#include "store/notices.h"
#include "store/store_int.h"

#define SETTINGS_MAX 512

static bool commit_or_rollback(struct store *s, bool ok, struct error *err) {
    if (ok && store_commit(s, err)) return true;
    store_rollback(s);
    return false;
}

/* -- adding a command ------------------------------------------------------------------------ */

/* How long the command holds: two orders of "one hour" are the same, whenever they came. */
static usec duration(usec at, usec until) { return until == USEC_NEVER ? USEC_NEVER : until - at; }

/* The row under `key`, if there is one. It must order what `cmd` orders; who and why may differ. */
static bool find_by_key(struct store *s, const struct command *cmd, str key, usec now,
                        int64_t *ret_id, bool *ret_found, struct error *err) {
    static const struct sql sql = {
        "SELECT id, at, verb, target, mode, until FROM commands WHERE key = $1"};
    struct query q;
    bool row;
    *ret_found = false;
    if (key.n == 0) return true;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, key);
    if (!query_row(&q, &row, err)) return false;
    if (!row) return true;
    const int64_t id = col_i64(&q);
    const usec at = col_time(&q);
    char was[16];
    col_z(&q, was, sizeof was);
    bool same = str_eq(str_from_z(was), str_from_z(verb_name(cmd->verb)));
    same = col_i64(&q) == cmd->target && same;
    same = str_eq(col_str(&q), str_from_z(mode_name(cmd->mode))) && same;
    same = duration(at, col_time(&q)) == duration(now, cmd->until) && same;
    query_close(&q);
    if (!same) {
        return fail(err, ERR_REFUSED, 0,
                    "key \"" STR_FMT "\" stands for command %" PRId64 " already, a %s that is not "
                    "this order: use a new key",
                    STR_ARG(str_head(key, 60)), id, was);
    }
    *ret_id = id;
    *ret_found = true;
    return true;
}

static bool insert_command(struct store *s, const struct command *c, str key, usec now,
                           int64_t *ret_id, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO commands (at, actor, verb, reason, target, mode, until, key) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id"};
    struct query q;
    bool found;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, now);
    bind_z(&q, c->actor);
    bind_z(&q, verb_name(c->verb));
    bind_z(&q, c->reason);
    bind_id(&q, c->target);
    bind_z(&q, mode_name(c->mode));
    bind_time(&q, c->until);
    bind_str_or_null(&q, key);
    if (!query_i64(&q, ret_id, &found, err)) return fail_in(err, "store the command");
    POST(found);
    return true;
}

/* A halt over a halt never ends sooner than the one that stands. */
static void halt(struct control *c, const struct command *cmd) {
    const bool over = c->mode == MODE_HALTED, over_own = over && c->by_program;
    usec until = cmd->until;
    if (over && c->until > until) until = c->until;
    if (over_own) until = USEC_NEVER;
    c->before = control_after_halt(c);
    c->mode = MODE_HALTED;
    c->by_program = over_own;
    c->until = until;
}

static void enter_mode(struct control *c, mode m) {
    c->mode = m;
    c->before = m;
    c->until = USEC_NEVER;
    c->by_program = false;
}

/* For a while: then the one that had no end holds again. */
static void enter_mode_until(struct control *c, mode m, usec until) {
    const mode lasting = c->until == USEC_NEVER ? c->mode : c->before;
    enter_mode(c, m);
    c->before = lasting;
    c->until = until;
}

/* The halt goes on, and is still of whoever ordered it: only what comes after it is another. */
static bool is_for_later(const struct control *before, const struct command *cmd) {
    return cmd->verb == VERB_MODE && before->mode == MODE_HALTED && cmd->mode != MODE_HALTED;
}

/* The row after the command; false when the verb leaves it alone. */
static bool next_control(struct control *c, const struct command *cmd, usec now) {
    const bool halts = cmd->verb == VERB_HALT || cmd->verb == VERB_FLATTEN ||
                       (cmd->verb == VERB_MODE && cmd->mode == MODE_HALTED);
    if (halts) {
        halt(c, cmd);
    } else if (cmd->verb == VERB_RESUME) {
        enter_mode(c, cmd->mode);
    } else if (is_for_later(c, cmd)) {
        c->before = cmd->mode;
        c->epoch++;
        return true;
    } else if (cmd->verb == VERB_MODE && cmd->until > now && cmd->until != USEC_NEVER) {
        enter_mode_until(c, cmd->mode, cmd->until);
    } else if (cmd->verb == VERB_MODE) {
        enter_mode(c, cmd->mode);
    } else {
        return false;
    }
    c->epoch++;
    c->since = now;
    IGNORE(str_copyz(str_from_z(cmd->reason), c->reason, sizeof c->reason), "same size");
    IGNORE(str_copyz(str_from_z(cmd->actor), c->actor, sizeof c->actor), "same size");
    return true;
}

static void describe(struct audit *a, const struct command *cmd, const struct control *before,
                     const struct control *after, bool changed) {
    struct buf b;
    buf_init_fixed(&b, a->detail, sizeof a->detail);
    if (changed && is_for_later(before, cmd)) {
        buf_printf(&b, "halted; after the halt %s -> %s, epoch %" PRId64,
                   mode_name(control_after_halt(before)), mode_name(after->before), after->epoch);
    } else if (changed) {
        buf_printf(&b, "%s -> %s, epoch %" PRId64, mode_name(before->mode), mode_name(after->mode),
                   after->epoch);
    }
    if (cmd->target) buf_printf(&b, "%starget %" PRId64, b.len ? ", " : "", cmd->target);
    const bool names_someone = cmd->verb == VERB_FORGET_AUTHOR; /* this row stays */
    if (cmd->reason[0] && !names_someone) buf_printf(&b, "%s%s", b.len ? ": " : "", cmd->reason);
}

/* People are told what somebody ordered; not that a source said of a post that it is gone. */
static bool tell(struct store *s, const struct command *cmd, const struct control *after,
                 bool changed, usec now, struct error *err) {
    const bool later = changed && is_for_later(after, cmd);
    char text[NOTICE_TEXT_BYTES], at[TIME_TEXT_BYTES];
    struct notice n;
    struct buf b;
    const bool by_program = strcmp(cmd->actor, "program") == 0;
    const bool names_someone = cmd->verb == VERB_FORGET_AUTHOR || cmd->verb == VERB_SETTING;
    if (strcmp(cmd->actor, "source") == 0) return true;
    buf_init_fixed(&b, text, sizeof text);
    if (cmd->verb == VERB_SETTING)
        buf_printf(&b, "the setting %s was changed", cmd->reason);
    else
        buf_printf(&b, "%s", verb_name(cmd->verb));
    if (cmd->target != 0) buf_printf(&b, " %" PRId64, cmd->target);
    if (later)
        buf_printf(&b, " %s when the halt ends, halted till then", mode_name(after->before));
    else if (changed)
        buf_printf(&b, ": %s from now on", mode_name(after->mode));
    if (changed && after->until != USEC_NEVER)
        buf_printf(&b, " until " STR_FMT " UTC",
                   STR_ARG(str_head(time_format_rfc3339(after->until, at), 19)));
    buf_printf(&b, ", by %s", cmd->actor);
    if (cmd->reason[0] != '\0' && !names_someone) buf_printf(&b, ": %s", cmd->reason);
    notice_make(&n, now,
                !changed     ? NOTICE_COMMAND
                : by_program ? NOTICE_HALT
                             : NOTICE_MODE,
                verb_name(cmd->verb), buf_str(&b));
    return store_notice_put(s, &n, err);
}

bool command_add(struct store *s, const struct command *cmd, str key, usec now, int64_t *ret_id,
                 bool *ret_repeated, struct error *err) {
    if (!find_by_key(s, cmd, key, now, ret_id, ret_repeated, err)) return false;
    if (*ret_repeated) return true;
    /* before the first start nobody has said which mode is wanted: the careful one */
    struct control c = {.mode = MODE_OBSERVE, .before = MODE_OBSERVE, .until = USEC_NEVER};
    bool found;
    if (!store_control(s, &c, &found, err)) return false;
    if (!insert_command(s, cmd, key, now, ret_id, err)) return false;
    const struct control before = c;
    const bool changed = next_control(&c, cmd, now);
    if (changed && !row_put_control(s, &c, err)) return false;
    struct audit a = {.at = now, .entity = "command", .entity_id = *ret_id};
    if (cmd->verb == VERB_CLOSE) a.trade_id = cmd->target;
    IGNORE(str_copyz(str_from_z(cmd->actor), a.actor, sizeof a.actor), "same size");
    IGNORE(str_copyz(str_from_z(verb_name(cmd->verb)), a.action, sizeof a.action), "it is short");
    describe(&a, cmd, &before, &c, changed);
    return audit_add(s, &a, err) && tell(s, cmd, &c, changed, now, err);
}

bool store_command_add(struct store *s, const struct command *cmd, str key, usec now,
                       int64_t *ret_id, bool *ret_repeated, struct error *err) {
    PRE(cmd->verb != VERB_NONE);
    if (cmd->verb == VERB_RESUME && cmd->mode == MODE_HALTED) {
        return fail(err, ERR_USAGE, 0, "resume: to which mode? auto, manual or observe");
    }
    int64_t id = 0;
    bool repeated = false;
    if (!store_begin(s, true, err)) return fail_in(err, "store the command");
    const bool ok = command_add(s, cmd, key, now, &id, &repeated, err);
    if (!commit_or_rollback(s, ok, err)) return fail_in(err, "store the command");
    *ret_id = id;
    *ret_repeated = repeated;
    return true;
}

/* -- reading them ---------------------------------------------------------------------------- */

static bool get_command(struct query *q, struct command *ret, struct error *err) {
    struct command v = {.id = col_i64(q)};
    v.at = col_time(q);
    col_z(q, v.actor, sizeof v.actor);
    const bool ok = verb_from_name(col_str(q), &v.verb);
    col_z(q, v.reason, sizeof v.reason);
    v.target = col_i64(q);
    if (!mode_from_name(col_str(q), &v.mode) || !ok) {
        return fail(err, ERR_DAMAGED, 0, "command %" PRId64 " is none that this program knows",
                    v.id);
    }
    v.until = col_time(q);
    *ret = v;
    return true;
}

bool store_commands_pending(struct store *s, struct command *ret, int max, int *ret_count,
                            struct error *err) {
    static const struct sql sql = {
        "SELECT id, at, actor, verb, reason, target, mode, until FROM commands "
        "WHERE status = 'pending' ORDER BY id LIMIT $1"};
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, max);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        if (!get_command(&q, &ret[n++], err)) {
            query_close(&q);
            return false;
        }
        if (!query_row(&q, &row, err)) return false;
    }
    *ret_count = n;
    return true;
}

bool store_command_result(struct store *s, struct arena *a, int64_t id, bool *ret_done,
                          bool *ret_ok, str *ret_text, struct error *err) {
    static const struct sql sql = {"SELECT status, result FROM commands WHERE id = $1"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    if (!row) return fail(err, ERR_NOT_FOUND, 0, "there is no command %" PRId64, id);
    const str status = col_str(&q);
    *ret_done = !str_eq(status, STR("pending"));
    *ret_ok = str_eq(status, STR("done"));
    *ret_text = str_dup(a, col_str(&q));
    query_close(&q);
    return true;
}

/* -- settings -------------------------------------------------------------------------------- */

static bool write_setting(struct store *s, str key, str value, str actor, usec now,
                          struct error *err) {
    static const struct sql put = {
        "INSERT INTO settings (key, value, actor, updated_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value, actor = excluded.actor, "
        "updated_at = excluded.updated_at"};
    static const struct sql drop = {"DELETE FROM settings WHERE key = $1"};
    struct query q;
    if (!query_open(s, value.n ? &put : &drop, &q, err)) return false;
    bind_str(&q, key);
    if (value.n) {
        bind_str(&q, value);
        bind_str(&q, actor);
        bind_time(&q, now);
    }
    if (!query_run(&q, err)) return false;
    struct audit a = {.at = now, .action = "setting", .entity = "setting"};
    struct buf b;
    buf_init_fixed(&b, a.detail, sizeof a.detail);
    buf_printf(&b, STR_FMT " = " STR_FMT, STR_ARG(key),
               STR_ARG(value.n ? value : STR("(default)")));
    IGNORE(str_copyz(actor, a.actor, sizeof a.actor), "what is cut is long enough");
    return audit_add(s, &a, err);
}

bool store_setting_put(struct store *s, str key, str value, str actor, usec now, int64_t *ret_id,
                       struct error *err) {
    struct command cmd = {.verb = VERB_SETTING, .until = USEC_NEVER, .at = now};
    PRE(key.n > 0 && key.n < (ptrdiff_t)sizeof cmd.reason);
    IGNORE(str_copyz(key, cmd.reason, sizeof cmd.reason), "it fits");
    IGNORE(!str_copyz(actor, cmd.actor, sizeof cmd.actor), "what is cut is long enough");
    if (!store_begin(s, true, err)) return fail_in(err, "store a setting");
    const bool ok = write_setting(s, key, value, actor, now, err) &&
                    insert_command(s, &cmd, (str){0}, now, ret_id, err) &&
                    tell(s, &cmd, NULL, false, now, err);
    return commit_or_rollback(s, ok, err) || fail_in(err, "store a setting");
}

bool store_settings(struct store *s, struct arena *a, const str **ret_rows, int *ret_count,
                    struct error *err) {
    static const struct sql sql = {
        "SELECT key || '=' || value FROM settings ORDER BY key LIMIT $1"};
    struct query q;
    bool row;
    int n = 0;
    str *rows = NEW_ARRAY(a, str, SETTINGS_MAX);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, SETTINGS_MAX);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        rows[n++] = str_dup(a, col_str(&q));
        if (!query_row(&q, &row, err)) return false;
    }
    *ret_rows = rows;
    *ret_count = n;
    return true;
}
