/* cmd_config: the configuration: check it, print it, explain it, change what may change while
 * running (the settings table). */
#include "app/cmds.h"

#include <stdio.h>

#include "app/orders.h"
#include "app/reach.h"
#include "app/wire.h"

#define OUT_BYTES (4 << 20)

static exit_status print(struct buf *out) {
    struct error err;
    const bool ok = app_print(out, &err);
    buf_fini(out);
    return ok ? EXIT_DONE : app_fail(&err);
}

static exit_status check_run(struct app *app, const struct args *args) {
    (void)args;
    struct buf out;
    struct error err;
    const struct reader *r;
    bool refused;
    buf_init(&out, CONFIG_REPORT_BYTES);
    const int mistakes = reach_check(&app->cfg, &out, &refused);
    if (mistakes > 0) {
        fputs(buf_z(&out), stderr);
        fprintf(stderr, "bullfinch: the configuration has %d mistake%s\n", mistakes,
                mistakes == 1 ? "" : "s");
    }
    buf_fini(&out);
    if (mistakes > 0) return refused ? EXIT_REFUSED : EXIT_FAILED; /* as `run` */
    if (app->cfg.reader_symbols_file.n > 0 && !wire_scorer(app, &r, &err)) return app_fail(&err);
    buf_init(&out, OUT_BYTES);
    const str file = app->cfg.file.n > 0 ? app->cfg.file : STR("no file, defaults only");
    if (app->json)
        buf_put(&out, STR("{\"ok\":true}\n"));
    else
        buf_printf(&out, "The configuration is good (" STR_FMT ", profile " STR_FMT ").\n",
                   STR_ARG(file), STR_ARG(app->cfg.profile));
    return print(&out);
}

static exit_status print_run(struct app *app, const struct args *args) {
    (void)args;
    struct buf out;
    buf_init(&out, OUT_BYTES);
    config_print(&app->cfg, &out, app->json);
    if (out.len > 0 && out.p[out.len - 1] != '\n') buf_put_byte(&out, '\n');
    return print(&out);
}

static exit_status docs_run(struct app *app, const struct args *args) {
    (void)app;
    (void)args;
    struct buf out;
    buf_init(&out, OUT_BYTES);
    config_docs(&out);
    return print(&out);
}

static exit_status example_run(struct app *app, const struct args *args) {
    (void)app;
    (void)args;
    struct buf out;
    buf_init(&out, OUT_BYTES);
    config_example(&out);
    return print(&out);
}

/* --- settings ---------------------------------------------------------------------------- */

/* Would the configuration still be good with the new row? */
static bool whole_is_good(struct app *app, struct store *s, const struct args *args, str key,
                          str value, struct error *err) {
    const str *rows;
    int count;
    if (!store_settings(s, &app->boot, &rows, &count, err)) return false;
    const struct config_input in = {.file = args_get(args, "config", STR("")),
                                    .profile = args_get(args, "profile", STR("")),
                                    .env = app->env,
                                    .settings = rows,
                                    .settings_count = count};
    struct buf report;
    buf_init(&report, CONFIG_REPORT_BYTES);
    const bool ok = config_try_setting(&app->boot, &in, key, value, &report, err);
    if (!ok) fputs(buf_z(&report), stderr);
    buf_fini(&report);
    return ok;
}

/* What is to be said of a setting that is stored. */
static void put_effect(const struct order_answer *a, bool dropped, struct buf *out) {
    if (a->done)
        buf_put(out, a->text);
    else if (a->running)
        buf_put(out, STR("the trader has not taken it up yet"));
    else
        buf_put(out, STR("holds from the next start on"));
    if (dropped) buf_put(out, STR("; the file's value counts, or the default"));
}

static exit_status set_run(struct app *app, const struct args *args) {
    struct error err;
    struct store *s;
    struct order_answer a = {0};
    char actor[64];
    const str key = args->pos[0], value = args->pos[1];
    if (value.n > 0 && !config_check_value(&app->boot, key, value, &err)) return app_fail(&err);
    if (!orders_open(app, &s, &err)) return app_fail(&err);
    const usec since = time_monotonic_us();
    bool ok = whole_is_good(app, s, args, key, value, &err);
    while (ok && !store_setting_put(s, key, value, str_from_z(app_actor(actor)), time_wall_us(),
                                    &a.id, &err)) {
        ok = err.code == ERR_BUSY && time_monotonic_us() - since < ORDERS_PATIENCE;
        if (ok) orders_pause(ORDERS_PAUSE);
    }
    ok = ok && orders_wait(app, s, ORDERS_ANSWER_WAIT, &a, &err);
    store_close(s);
    if (!ok) return app_fail(&err);
    struct buf out;
    buf_init(&out, OUT_BYTES);
    if (app->json)
        buf_printf(&out, "{\"stored\":true,\"running\":%s,\"holds\":%s}\n",
                   a.running ? "true" : "false", a.done && a.ok ? "true" : "false");
    else {
        buf_printf(&out, STR_FMT, STR_ARG(key));
        if (value.n > 0)
            buf_printf(&out, "=" STR_FMT " is stored: ", STR_ARG(value));
        else
            buf_put(&out, STR(" is no longer set here: "));
        put_effect(&a, value.n == 0, &out);
        buf_put_byte(&out, '\n');
    }
    return print(&out);
}

const struct cmd cmd_config_check = {.group = "Configuration",
                                     .name = "config check",
                                     .pos = "",
                                     .brief = "Check the configuration; every mistake is told.",
                                     .about =
                                         "Keys and values, what contradicts what, and whether a "
                                         "run would connect to the hosts that are named and "
                                         "listen where it should. No connection is made, and of "
                                         "files only reader.symbols_file is read: doctor looks "
                                         "at the rest.",
                                     .needs_config = true,
                                     .run = check_run};
const struct cmd cmd_config_print = {.group = "Configuration",
                                     .name = "config print",
                                     .pos = "",
                                     .brief = "Print every value and where it comes from.",
                                     .needs_config = true,
                                     .run = print_run};
const struct cmd cmd_config_set = {
    .group = "Configuration",
    .name = "config set",
    .pos = "KEY VALUE",
    .brief = "Keep a value in the store; it goes before the file's. Empty: let go of it.",
    .about = "Only keys that may change while running can be set so (bullfinch config docs marks "
             "them). A running trader takes it up at once, between two decisions; what was decided "
             "stays. --set and the environment stand before it. The change is in the audit log.",
    .pos_min = 2,
    .pos_max = 2,
    .needs_config = true,
    .run = set_run};
const struct cmd cmd_config_docs = {.group = "Configuration",
                                    .name = "config docs",
                                    .pos = "",
                                    .brief = "Print the reference of all keys, in Markdown.",
                                    .run = docs_run};
const struct cmd cmd_config_example = {.group = "Configuration",
                                       .name = "config example",
                                       .pos = "",
                                       .brief = "Print a commented example file.",
                                       .run = example_run};
