/* environment: see the header; and `bullfinch db environment`, which says it and changes it.
 *
 * Only what trades, reads and serves is held to it: whoever halts a trader, looks or makes a backup
 * must not be stopped by a forgotten --profile. Invariant: the word is one of the profiles.
 * Failure: told. Thread: the main one. */
#include "app/environment.h"

#include "app/cmds.h"
#include "base/log.h"

#define CURSOR STR("environment")
#define SCRATCH_BYTES 65536

/* n 0: it does not say. In `a`. */
static bool whose(struct store *s, struct arena *a, str *ret, struct error *err) {
    bool found;
    *ret = STR("");
    if (!store_cursor_get(s, a, CURSOR, ret, &found, err)) return false;
    if (!found) *ret = STR("");
    return true;
}

static bool say_whose(struct store *s, str profile, struct error *err) {
    if (!store_begin(s, true, err)) return false;
    const bool ok = store_cursor_put(s, CURSOR, profile, err) && store_commit(s, err);
    if (!ok) store_rollback(s);
    return ok;
}

static bool refuse(str theirs, str ours, struct error *err) {
    return fail(
        err, ERR_STATE, 0,
        "the store is one of " STR_FMT ", and this is " STR_FMT ": give --profile " STR_FMT
        " (or BULLFINCH_PROFILE), or store.url another name; bullfinch db environment " STR_FMT
        " makes it ours",
        STR_ARG(theirs), STR_ARG(ours), STR_ARG(theirs), STR_ARG(ours));
}

bool environment_check(struct app *app, struct store *s, bool claim, bool fresh,
                       struct error *err) {
    const str ours = app->cfg.profile;
    struct arena a;
    str theirs;
    arena_open(&a, SCRATCH_BYTES);
    bool ok = whose(s, &a, &theirs, err);
    if (ok && theirs.n > 0 && !str_eq(theirs, ours)) ok = refuse(theirs, ours, err);
    const bool unsaid = ok && theirs.n == 0;
    arena_close(&a);
    if (unsaid && claim && (fresh || !str_eq(ours, STR("dev")))) {
        if (!fresh) log_info("environment", LOG_S("store_is_of", ours));
        ok = say_whose(s, ours, err);
    }
    return ok;
}

/* --- bullfinch db environment ------------------------------------------------------------- */

static bool is_profile(str name) {
    return str_eq(name, STR("dev")) || str_eq(name, STR("staging")) || str_eq(name, STR("prod"));
}

static bool change(struct store *s, str name, struct error *err) {
    int64_t pid;
    if (!is_profile(name))
        return fail(err, ERR_USAGE, 0,
                    "db environment: \"" STR_FMT "\" is none: dev, staging or prod",
                    STR_ARG(str_head(name, 40)));
    if (store_trader_running(s, &pid))
        return fail(err, ERR_STATE, 0, "a trader runs on this store (process %lld): stop it first",
                    (long long)pid);
    return say_whose(s, name, err);
}

static exit_status environment_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    struct buf out;
    str now;
    const bool changes = args->pos_count > 0;
    if (!app_store_open(app, changes ? STORE_WRITE : STORE_READ, false, &s, &err))
        return app_fail(&err);
    const bool ok = (!changes || change(s, args->pos[0], &err)) && whose(s, &app->boot, &now, &err);
    store_close(s);
    if (!ok) return app_fail(&err);
    buf_init(&out, 4096);
    if (app->json)
        buf_printf(&out, "{\"environment\":%s" STR_FMT "%s}\n", now.n > 0 ? "\"" : "null",
                   STR_ARG(now), now.n > 0 ? "\"" : "");
    else if (now.n > 0)
        buf_printf(&out, "The store is one of " STR_FMT ".\n", STR_ARG(now));
    else
        buf_put(&out,
                STR("The store does not say; the first staging or prod to run on it does.\n"));
    const bool printed = app_print(&out, &err);
    buf_fini(&out);
    return printed ? EXIT_DONE : app_fail(&err);
}

const struct cmd cmd_db_environment = {
    .group = "Store",
    .name = "db environment",
    .pos = "[dev|staging|prod]",
    .brief = "Show which environment a store belongs to, or give it to another.",
    .about = "A new store is of the profile that made it (--profile, BULLFINCH_PROFILE; dev where "
             "nobody says so), and run, ingest, analyze, trade and serve of another one refuse it: "
             "nobody tries something out on the account that counts, or goes on from a test's "
             "positions. A trader must not be running when that is changed.",
    .pos_max = 1,
    .needs_config = true,
    .run = environment_run,
    .words = "dev staging prod"};
