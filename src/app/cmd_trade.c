/* cmd_trade: `bullfinch trade`, the trader as a process of its own.
 *
 * One trades, whoever holds the trader's lock of the store; the others stand by and try for it four
 * times a second. Whoever loses it (the database went away, or thought that he was gone) must
 * forget all that he believes: the process begins anew, as another image of itself, and stands by
 * until it is its turn again.
 *
 * Failure: told, and the status says so. Thread: the main one, which is the trader's. */
#include <inttypes.h>
#include <poll.h>

#include "app/again.h"
#include "app/cmds.h"
#include "app/confine.h"
#include "app/signals.h"
#include "app/start.h"
#include "app/wire.h"
#include "app/wire_metrics.h"
#include "app/wire_notify.h"
#include "base/alive.h"
#include "base/log.h"
#include "base/metric.h"
#include "run/meter.h"
#include "run/relay.h"
#include "run/store_clock.h"

#define TRY_MS 250
#define SUMMARY_BYTES (1 << 20)

struct trading {
    struct app *app;
    const atomic_int *stop;
    struct wired_queues queues;
    struct store *look; /* the relay's connection */
    struct source *relay;
    struct worker *worker;
    struct notifier *notifier;
    struct wired wired;
    const char *led; /* the store whose lock was ours; NULL: none was */
};

/* Once more. False: waiting does not help. A store that is away is waited for here, also by who
 * could not begin anew, as its secrets came in the environment. */
static bool stand_by(struct store *s, struct worker *w, err_code *told, bool *away,
                     struct error *err) {
    const bool waits = err->code == ERR_EXISTS || err->code == ERR_REFUSED;
    if (waits && *told != err->code) {
        log_write(err->code == ERR_EXISTS ? LOG_INFO : LOG_UNUSUAL, "standby",
                  (struct log_field[]){LOG_Z("why", err->msg)}, 1);
        *told = err->code;
    }
    worker_standby(w);
    if (waits && worker_beat(w, s, time_wall_us(), err)) {
        if (*away) log_unusual("store_is_there", LOG_Z("store", store_path(s)));
        *away = false;
        alive_beat(); /* who stands by is ready, and must not hang either */
        return true;
    }
    if (!store_may_pass(err)) return false;
    if (!*away) log_unusual("waiting_for_store", LOG_Z("why", err->msg));
    *away = true;
    alive_waits("the store");
    return true;
}

/* Until the lock is this connection's. Whose clock is wrong leaves it to others. */
static bool wait_for_lock(struct store *s, struct worker *w, const atomic_int *stop,
                          struct error *err) {
    err_code told = ERR_OK;
    bool away = false;
    while (!store_clock_check(s, err) || !store_trader_lock(s, err)) {
        if (!stand_by(s, w, &told, &away, err)) return false;
        IGNORE(poll(NULL, 0, TRY_MS) != 0, "a signal ends it early");
        if (atomic_load(stop) > 0)
            return fail(err, ERR_INTERRUPTED, 0, "stopped while standing by");
    }
    log_info("leads", LOG_Z("store", store_path(s)));
    return true;
}

static bool lead(void *ctx, struct store **ret, struct error *err) {
    struct trading *const t = ctx;
    struct store *s;
    if (!wire_store_wait(t->app, t->stop, &s, err)) return false;
    if (!wait_for_lock(s, t->worker, t->stop, err)) {
        store_close(s);
        return false;
    }
    t->led = str_dupz(&t->app->boot, str_from_z(store_path(s)));
    *ret = s;
    return true;
}

static bool print_summary(struct runner *r, struct error *err) {
    struct buf out;
    const struct run_summary_extra extra = {0};
    buf_init(&out, SUMMARY_BYTES);
    const bool ok = run_summary(r, &extra, &out, err);
    buf_put_byte(&out, '\n');
    const bool printed = ok && app_print(&out, err);
    buf_fini(&out);
    return printed;
}

static bool trade(struct app *app, struct trading *t, const struct run_options *opt,
                  struct error *err) {
    struct runner *r = NULL;
    bool ok = runner_open(&app->boot, &t->wired.parts, opt, NULL, &r, err) && run_wall(r, err);
    if (ok && opt->exit_at_end && atomic_load(opt->stop) == 0) ok = print_summary(r, err);
    runner_close(r);
    return ok;
}

/* The store is waited for first, as what a relay looks up stands there. */
static bool begin(struct trading *t, bool exit_at_end, struct error *err) {
    if (!wire_queues(t->app, &t->queues, err) || !wire_store_wait(t->app, t->stop, &t->look, err))
        return false;
    meter_leads(false);
    if (!wire_notify(t->app, &t->notifier, err)) return false;
    t->worker = worker_open(&t->app->boot, WORKER_TRADE, 0);
    t->relay = relay_open(&t->app->boot, t->queues.readings, t->look,
                          str_from_z(worker_name(t->worker)), exit_at_end);
    const struct wire_trader how = {lead, t, t->relay};
    alive_waits("the venue"); /* who begins anew is watched meanwhile */
    if (!wire_trade(t->app, &how, &t->wired, err)) return false;
    t->wired.parts.worker = t->worker;
    return true;
}

/* What a new start may mend: the database is away, or the lock that was ours is another's. What a
 * person has to change (a password, a right, the tables' version, a host that is none of a test
 * network) is told once, and ends the process. A secret that came in the environment was taken out
 * of it: then whoever started the process has to do it again. */
static bool may_pass(const struct trading *t, const struct error *err) {
    const struct config *const cfg = &t->app->cfg;
    const str secrets[] = {cfg->venue_key_env,      cfg->venue_secret_env,
                           cfg->store_password_env, cfg->queue_password_env,
                           cfg->telegram_token_env, cfg->discord_url_env,
                           cfg->slack_url_env,      cfg->webhook_url_env,
                           cfg->webhook_secret_env, cfg->mail_password_env};
    for (ptrdiff_t i = 0; i < COUNT_OF(secrets); i++)
        if (secrets[i].n > 0) return false;
    const bool lost = err->code == ERR_REFUSED && t->led != NULL;
    return store_may_pass(err) || (lost && strstr(err->msg, t->led) != NULL); /* the store's word */
}

static exit_status run_trade(struct app *app, const struct args *args) {
    struct error err;
    struct trading *const t = NEW(&app->boot, struct trading);
    const struct run_options opt = {.speed_e8 = E8,
                                    .exit_at_end = args_has(args, "exit-at-end"),
                                    .workers = 1,
                                    .stop = signals_install()};
    t->app = app;
    t->stop = opt.stop;
    if (!confine(app, true, &err)) return app_fail(&err);
    app_go_live(app);
    start_tell(app, WORKER_TRADE, 1);
    struct metrics_server *metrics;
    const bool begun =
        wire_metrics(app, METRIC_TRADE, &metrics, &err) && begin(t, opt.exit_at_end, &err);
    const bool ok = begun && trade(app, t, &opt, &err);
    const bool stopped = atomic_load(opt.stop) > 0;
    notifier_stop(t->notifier, ok ? "bullfinch trade" : NULL, WIRE_NOTIFY_PATIENCE);
    if (begun && ok) worker_close(t->worker, t->wired.parts.store, time_wall_us());
    if (begun) wire_close(&t->wired);
    source_close(t->relay);
    wire_queues_close(&t->queues);
    store_close(t->look);
    metrics_close(metrics);
    config_live_free(app->live);
    if (ok || (stopped && err.code == ERR_INTERRUPTED)) return EXIT_DONE;
    if (!stopped && may_pass(t, &err)) {
        log_unusual("begins_anew", LOG_Z("why", err.msg));
        app_again(opt.stop);
        if (atomic_load(opt.stop) > 0) return EXIT_DONE;
    }
    return app_fail(&err);
}

static const struct opt trade_opts[] = {
    {"exit-at-end", NULL,
     "End when no post is left and nothing is open, and print the summary as JSON."},
    {0}};

const struct cmd cmd_trade = {
    .group = "Processes apart",
    .name = "trade",
    .pos = "",
    .brief = "Decide and trade on posts that were read by others.",
    .about =
        "Takes from the queue (queue.url) what bullfinch analyze read, decides, and trades, as "
        "bullfinch run does. One process trades for a store; others that are started stand by, "
        "and one of them takes over within seconds when the first one ends, hangs, or loses "
        "the database. Prices come as they are made (market.kind venue or "
        "binance_public).\n\n"
        "Ctrl-C or SIGTERM ends it: open positions stay in the store with their stops, and "
        "whoever stands by takes over at once.\n\n"
        "Examples:\n"
        "  bullfinch trade --config bullfinch.yaml",
    .opts = trade_opts,
    .needs_config = true,
    .run = run_trade};
