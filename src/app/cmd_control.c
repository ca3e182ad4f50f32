/* cmd_control: what people order: halt, resume, mode, flatten, approve, reject, reconcile.
 *
 * Each is a row in the store's commands table; halt, resume and mode change the control row in the
 * same transaction, so they hold from the moment this program returns 0, whether a trader runs or
 * not. The trader answers in the row; where one runs, the answer is waited for and printed.
 *
 * The database may be busy with a replay that writes without pause but for moments: the order is
 * tried again every millisecond until it gets in. Failure: says that nothing was ordered. */
#include "app/orders.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "run/now.h"

#define COMPARE_WAIT (30 * USEC_PER_S) /* for one that asks the venue first */
#define LOOK_PAUSE (20 * USEC_PER_MS)

void orders_pause(usec us) {
    const struct timespec ts = {us / USEC_PER_S, us % USEC_PER_S * 1000};
    IGNORE(nanosleep(&ts, NULL), "a shorter pause does no harm");
}

bool orders_open(struct app *app, struct store **ret, struct error *err) {
    app->cfg.store_busy_timeout_ms = 1;
    const usec since = time_monotonic_us();
    while (!app_store_open(app, STORE_WRITE, false, ret, err)) {
        if (err->code != ERR_BUSY || time_monotonic_us() - since > ORDERS_PATIENCE) return false;
        orders_pause(ORDERS_PAUSE);
    }
    return true;
}

usec orders_now(struct store *s, struct arena *a) { return run_now(s, a); }

bool orders_wait(struct app *app, struct store *s, usec most, struct order_answer *a,
                 struct error *err) {
    int64_t pid;
    const usec since = time_monotonic_us();
    a->running = store_trader_running(s, &pid);
    while (a->running && time_monotonic_us() - since < most) {
        if (!store_command_result(s, &app->boot, a->id, &a->done, &a->ok, &a->text, err)) {
            if (err->code != ERR_BUSY) return false;
        } else if (a->done) {
            return true;
        }
        orders_pause(LOOK_PAUSE);
    }
    return true;
}

/* Does a halt stand that ends later than `cmd`? What cannot be read now is not told. */
static bool stands_longer(struct store *s, const struct command *cmd) {
    struct control c;
    struct error none;
    bool found;
    return cmd->verb == VERB_HALT && store_control(s, &c, &found, &none) && found &&
           c.mode == MODE_HALTED && c.until > cmd->until;
}

/* lasts: how long the order holds from the moment that it gets in; USEC_NEVER is without end. */
static bool give(struct app *app, struct store *s, struct command *cmd, usec lasts, str key,
                 struct order_answer *ret, struct error *err) {
    const usec since = time_monotonic_us();
    *ret = (struct order_answer){0};
    for (;;) {
        const usec now = orders_now(s, &app->boot);
        cmd->until = lasts == USEC_NEVER ? USEC_NEVER : now + lasts;
        if (store_command_add(s, cmd, key, now, &ret->id, &ret->repeated, err)) break;
        if (err->code != ERR_BUSY || time_monotonic_us() - since > ORDERS_PATIENCE)
            return fail_in(err, "nothing was ordered");
        orders_pause(ORDERS_PAUSE);
    }
    ret->longer = stands_longer(s, cmd);
    return orders_wait(app, s, cmd->verb == VERB_RECONCILE ? COMPARE_WAIT : ORDERS_ANSWER_WAIT, ret,
                       err);
}

static exit_status report(struct app *app, const struct command *cmd,
                          const struct order_answer *a) {
    const bool at_once =
        cmd->verb == VERB_HALT || cmd->verb == VERB_RESUME || cmd->verb == VERB_MODE;
    struct error err;
    struct buf out;
    buf_init(&out, 8192);
    if (app->json) {
        buf_printf(&out,
                   "{\"id\":\"%" PRId64 "\",\"verb\":\"%s\",\"repeated\":%s,\"running\":%s,"
                   "\"done\":%s",
                   a->id, verb_name(cmd->verb), a->repeated ? "true" : "false",
                   a->running ? "true" : "false", a->done ? "true" : "false");
        if (a->done) {
            buf_printf(&out, ",\"ok\":%s,\"result\":", a->ok ? "true" : "false");
            buf_put_json_str(&out, a->text);
        }
        buf_put(&out, STR("}\n"));
    } else if (a->repeated) {
        buf_printf(&out,
                   "%s: ordered before with this key, as command %" PRId64 "; nothing was ordered "
                   "now\n",
                   verb_name(cmd->verb), a->id);
    } else if (a->done) {
        buf_printf(&out, "%s: " STR_FMT "\n", verb_name(cmd->verb), STR_ARG(a->text));
    } else if (at_once) {
        buf_printf(&out, "%s: holds from now on%s\n", verb_name(cmd->verb),
                   a->running ? "; the trader has not answered yet" : "; no trader is running");
    } else {
        buf_printf(&out, "%s: stored as command %" PRId64 "; %s\n", verb_name(cmd->verb), a->id,
                   a->running ? "the trader has not answered yet, bullfinch show commands will say"
                              : "no trader is running, it will be done at the next start");
    }
    if (a->longer && !app->json)
        buf_put(&out, STR("A halt that stands already ends later, and that holds.\n"));
    const bool printed = app_print(&out, &err);
    buf_fini(&out);
    if (!printed) return app_fail(&err);
    return a->done && !a->ok ? EXIT_FAILED : EXIT_DONE;
}

static exit_status order_for(struct app *app, const struct args *args, struct command *cmd,
                             usec lasts) {
    struct error err;
    struct store *s;
    struct order_answer a;
    IGNORE(app_actor(cmd->actor) == NULL, "written into the command");
    cmd->at = time_wall_us();
    IGNORE(!str_copyz(args_get(args, "reason", STR("")), cmd->reason, sizeof cmd->reason),
           "a long reason is cut");
    if (!orders_open(app, &s, &err)) return app_fail(&err);
    const bool ok = give(app, s, cmd, lasts, args_get(args, "key", STR("")), &a, &err);
    const exit_status status = ok ? report(app, cmd, &a) : app_fail(&err);
    store_close(s);
    return status;
}

static exit_status order(struct app *app, const struct args *args, struct command *cmd) {
    return order_for(app, args, cmd, USEC_NEVER);
}

/* --- halt, resume, mode ------------------------------------------------------------------ */

static exit_status halt_run(struct app *app, const struct args *args) {
    struct command cmd = {.verb = VERB_HALT, .mode = MODE_HALTED};
    struct error err;
    const str text = args_get(args, "for", (str){NULL, 0});
    usec duration;
    if (!text.p) return order(app, args, &cmd);
    if (!duration_parse(text, &duration) || duration == 0) {
        IGNORE(fail(&err, ERR_USAGE, 0,
                    "halt: --for \"" STR_FMT "\" is no duration such as 90s, 30m, 2h or 1d",
                    STR_ARG(text)),
               "printed next");
        return app_fail(&err);
    }
    return order_for(app, args, &cmd, duration);
}

static bool mode_arg(str text, mode *ret, struct error *err) {
    if (mode_from_name(text, ret) && *ret != MODE_HALTED) return true;
    return fail(err, ERR_USAGE, 0, "mode \"" STR_FMT "\": expected auto, manual or observe%s",
                STR_ARG(text), str_eq(text, STR("halted")) ? "; bullfinch halt halts" : "");
}

/* The mode to go back to: that before the halt. */
static bool mode_before(struct app *app, mode *ret, struct error *err) {
    struct store *s;
    struct control c;
    bool found;
    if (!orders_open(app, &s, err)) return false;
    const bool ok = store_control(s, &c, &found, err);
    store_close(s);
    if (!ok) return false;
    *ret = found ? c.mode == MODE_HALTED ? c.before : c.mode : MODE_AUTO;
    if (*ret == MODE_HALTED) *ret = MODE_AUTO;
    return true;
}

static exit_status resume_run(struct app *app, const struct args *args) {
    struct command cmd = {.verb = VERB_RESUME};
    struct error err;
    const str text = args_get(args, "mode", (str){NULL, 0});
    const bool ok = text.p ? mode_arg(text, &cmd.mode, &err) : mode_before(app, &cmd.mode, &err);
    return ok ? order(app, args, &cmd) : app_fail(&err);
}

static exit_status mode_run(struct app *app, const struct args *args) {
    struct command cmd = {.verb = VERB_MODE};
    struct error err;
    if (!mode_arg(args->pos[0], &cmd.mode, &err)) return app_fail(&err);
    return order(app, args, &cmd);
}

/* --- flatten, approve, reject ------------------------------------------------------------ */

static bool confirmed(const char *question) {
    char answer[16];
    fprintf(stderr, "%s [y/N] ", question);
    if (!fgets(answer, sizeof answer, stdin)) return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}

static exit_status flatten_run(struct app *app, const struct args *args) {
    struct command cmd = {.verb = VERB_FLATTEN};
    if (!args_has(args, "yes")) {
        if (!isatty(STDIN_FILENO)) {
            fputs("bullfinch: flatten closes every position; say --yes to mean it\n", stderr);
            return EXIT_REFUSED;
        }
        if (!confirmed("Halt, close every position and refuse every waiting signal?")) {
            fputs("Nothing was ordered.\n", stderr);
            return EXIT_REFUSED;
        }
    }
    return order(app, args, &cmd);
}

static exit_status decide(struct app *app, const struct args *args, verb v) {
    struct command cmd = {.verb = v};
    struct error err;
    if (!str_to_i64(args->pos[0], &cmd.target) || cmd.target <= 0) {
        IGNORE(fail(&err, ERR_USAGE, 0,
                    "\"" STR_FMT "\" is no id; bullfinch show signals --status waiting lists them",
                    STR_ARG(args->pos[0])),
               "printed next");
        return app_fail(&err);
    }
    return order(app, args, &cmd);
}

static exit_status approve_run(struct app *app, const struct args *args) {
    return decide(app, args, VERB_APPROVE);
}

static exit_status reject_run(struct app *app, const struct args *args) {
    return decide(app, args, VERB_REJECT);
}

static exit_status reconcile_run(struct app *app, const struct args *args) {
    struct command cmd = {.verb = VERB_RECONCILE};
    return order(app, args, &cmd);
}

/* --- their rows -------------------------------------------------------------------------- */

#define OPT_REASON                                                                                 \
    { "reason", "TEXT", "Why; kept with the order." }
#define OPT_KEY                                                                                    \
    { "key", "TEXT", "The same key again orders nothing new." }

static const struct opt halt_opts[] = {
    {"for", "DURATION",
     "End by itself after 90s, 30m, 2h, 1d, then the mode before holds again; never sooner than a "
     "halt that stands."},
    OPT_REASON,
    OPT_KEY,
    {0}};
static const struct opt resume_opts[] = {
    {"mode", "MODE", "auto, manual or observe; without it the mode before the halt.",
     "auto manual observe"},
    OPT_REASON,
    OPT_KEY,
    {0}};
static const struct opt plain_opts[] = {OPT_REASON, OPT_KEY, {0}};
static const struct opt flatten_opts[] = {{"yes", NULL, "Do not ask."}, OPT_REASON, OPT_KEY, {0}};

const struct cmd cmd_halt = {
    .group = "Trading",
    .name = "halt",
    .pos = "",
    .brief = "Open no more positions.",
    .about = "Once this returns 0, no new entry is committed, whether a trader runs or not. "
             "Positions stay protected by their stops and targets; bullfinch flatten closes them.",
    .opts = halt_opts,
    .needs_config = true,
    .run = halt_run};
const struct cmd cmd_resume = {.group = "Trading",
                               .name = "resume",
                               .pos = "",
                               .brief = "End a halt.",
                               .opts = resume_opts,
                               .needs_config = true,
                               .run = resume_run};
const struct cmd cmd_mode = {
    .group = "Trading",
    .name = "mode",
    .pos = "MODE",
    .brief = "Change the mode: auto, manual or observe.",
    .about = "auto trades; manual waits for a person's word on each trade (bullfinch approve); "
             "observe makes signals and no orders.",
    .opts = plain_opts,
    .pos_min = 1,
    .pos_max = 1,
    .needs_config = true,
    .run = mode_run,
    .words = "auto manual observe"};
const struct cmd cmd_flatten = {
    .group = "Trading",
    .name = "flatten",
    .pos = "",
    .brief = "Halt, and close every position at the next price.",
    .about = "Waiting signals are refused as well. bullfinch resume lets new positions open again.",
    .opts = flatten_opts,
    .needs_config = true,
    .run = flatten_run};
const struct cmd cmd_approve = {.group = "Trading",
                                .name = "approve",
                                .pos = "ID",
                                .brief = "Let a signal that waits in manual mode be traded.",
                                .opts = plain_opts,
                                .pos_min = 1,
                                .pos_max = 1,
                                .needs_config = true,
                                .run = approve_run};
const struct cmd cmd_reject = {.group = "Trading",
                               .name = "reject",
                               .pos = "ID",
                               .brief = "Refuse a signal that waits in manual mode.",
                               .opts = plain_opts,
                               .pos_min = 1,
                               .pos_max = 1,
                               .needs_config = true,
                               .run = reject_run};
const struct cmd cmd_reconcile = {
    .group = "Trading",
    .name = "reconcile",
    .pos = "",
    .brief = "Compare everything with the venue, now.",
    .about =
        "What stands at the venue is compared with what is believed here, as it is at each start "
        "and every five minutes: protection that is missing is put back, orders of ours that "
        "no trade needs are taken off, orders of others are told. Prints what was found.",
    .opts = plain_opts,
    .needs_config = true,
    .run = reconcile_run};
