/* cmd_run: `bullfinch run`, everything in one process.
 *
 * Reads the options, has the parts wired, runs until the end or a signal, prints what came of it.
 * Standard output carries results only (the summary of --exit-at-end); standard error carries log
 * lines, or the live status where it is a terminal.
 *
 * Failure: what was committed before it is kept, and the message says how to go on. */
#include "app/cmds.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "app/confine.h"
#include "app/signals.h"
#include "app/status.h"
#include "app/wire.h"
#include "app/wire_api.h"
#include "app/wire_binance.h"
#include "app/wire_metrics.h"
#include "app/wire_notify.h"
#include "base/log.h"
#include "base/metric.h"
#include "store/sources.h"

#define GROUP_WALL (400 * USEC_PER_MS)
/* A page goes to the log once a group, however many of its posts stand on it: with 2,048 a post
 * cost a fifth more. At full speed this many take less than the time above. */
#define GROUP_POSTS 16384
#define SPEED_E8_MAX (INT64_C(1000000) * E8)
#define SUMMARY_BYTES (1 << 20)

static bool speed_parse(const struct args *args, int64_t *ret_e8, struct error *err) {
    const bool to_end = args_has(args, "exit-at-end");
    const str text = args_get(args, "speed", to_end ? STR("max") : STR("1"));
    *ret_e8 = RUN_SPEED_MAX;
    if (str_eq(text, STR("max"))) return true;
    int64_t e8;
    if (!amount_parse_e8(text, &e8) || e8 <= 0 || e8 > SPEED_E8_MAX)
        return fail(err, ERR_USAGE, 0,
                    "--speed: \"" STR_FMT "\" is neither \"max\" nor a factor such as 60 or 0.5",
                    STR_ARG(text));
    *ret_e8 = e8;
    return true;
}

static int workers_of(const struct config *cfg) {
    if (cfg->reader_workers > 0) return (int)cfg->reader_workers;
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)i64_min(n, 64) : 1;
}

/* What a stopped run leaves behind, for people. */
static void say_what_is_open(struct runner *r) {
    struct run_progress p;
    char at[TIME_TEXT_BYTES], equity[AMOUNT_TEXT_BYTES], profit[AMOUNT_TEXT_BYTES];
    runner_progress(r, &p);
    const struct trader_view *v = &p.view;
    fprintf(stderr, "Stopped at " STR_FMT ", equity " STR_FMT ", %" PRId64 " posts in this run.\n",
            STR_ARG(str_head(time_format_rfc3339(p.now, at), 19)),
            STR_ARG(amount_format_e8(money_e8(v->equity), equity)), p.posts);
    if (v->position_count == 0) {
        fputs("No position is open.\n", stderr);
        return;
    }
    fprintf(stderr,
            "%d position%s open; with stop and target in the store, "
            "watched again from the next start on:\n",
            v->position_count, v->position_count == 1 ? " is" : "s are");
    for (int i = 0; i < v->position_count; i++) {
        const struct position *x = &v->positions[i];
        char size[AMOUNT_TEXT_BYTES], entry[AMOUNT_TEXT_BYTES];
        fprintf(stderr, "  %-12s " STR_FMT " at " STR_FMT ", profit " STR_FMT "\n", x->symbol,
                STR_ARG(amount_format_e8(qty_e8(x->size), size)),
                STR_ARG(amount_format_e8(price_e8(x->avg_entry), entry)),
                STR_ARG(amount_format_e8(money_e8(x->unrealized), profit)));
    }
}

static bool print_summary(struct runner *r, const struct wired *w, struct error *err) {
    struct buf out;
    buf_init(&out, SUMMARY_BYTES);
    struct market_counts counts;
    market_counts(w->parts.market, &counts);
    const struct run_feed *replay = run_replay(&w->parts);
    const struct run_summary_extra extra = {&counts, replay ? &replay->source->counts : NULL};
    const bool ok = run_summary(r, &extra, &out, err);
    buf_put_byte(&out, '\n');
    const bool printed = ok && app_print(&out, err);
    buf_fini(&out);
    return printed;
}

/* The wrong file, packed or in another encoding: not a run that went well. */
static bool had_posts(struct runner *r, const struct wired *w, struct error *err) {
    struct run_progress p;
    runner_progress(r, &p);
    if (!p.no_post) return true;
    return fail(err, ERR_PARSE, 0,
                "no line of " STR_FMT " is a post: expected UTF-8, one JSON object a line, not "
                "packed; \"bullfinch dlq list\" says what was found",
                STR_ARG(str_head(run_replay(&w->parts)->path, 100)));
}

/* Of an error of the store, which was open: at the start other files fail in the same ways. */
static void say_how_to_go_on(const struct error *err) {
    if (err->code == ERR_FULL || err->code == ERR_IO)
        fputs(
            "The store cannot be written, so nothing new was opened. What was committed before is "
            "kept.\nMake room or mend the disk, then start again: the run goes on from there.\n",
            stderr);
    else if (err->code == ERR_DAMAGED)
        fputs("bullfinch db check says more; bullfinch db restore FILE brings a backup back.\n",
              stderr);
}

static exit_status run_wired(struct app *app, const struct args *args, struct wired *w,
                             struct run_options *opt) {
    struct error err;
    struct runner *r = NULL;
    struct run_watch watch = {0};
    struct status *status = NULL;
    if (!args_has(args, "no-status")) {
        const struct status_info info = {.cfg = &app->cfg,
                                         .speed_e8 = opt->rebase || w->live ? -1 : opt->speed_e8,
                                         .post_bytes = w->feeds.post_bytes,
                                         .first = w->first,
                                         .last = w->last};
        status = status_start(&app->boot, &info, &watch);
    }
    bool ok = runner_open(&app->boot, &w->parts, opt, &watch, &r, &err);
    //~ 4. A replay: prices, posts and timers in the order of virtual time; or moved to now.
    ok = ok && (opt->rebase || w->live ? run_wall(r, &err) : run_virtual(r, &err));
    status_stop(status);
    const bool stopped = atomic_load(opt->stop) > 0;
    if (ok && stopped) say_what_is_open(r);
    if (ok && opt->exit_at_end && !stopped) ok = print_summary(r, w, &err);
    ok = ok && had_posts(r, w, &err);
    if (!ok) {
        if (strstr(err.msg, store_path(w->parts.store)) != NULL) say_how_to_go_on(&err);
        runner_close(r);
        return app_fail(&err);
    }
    runner_close(r);
    return EXIT_DONE;
}

/* Who is at work, for `bullfinch workers`: seen when it begins and when it ends. */
static void tell_at_work(struct app *app, struct wired *w) {
    struct error none;
    w->parts.worker = worker_open(&app->boot, WORKER_RUN, 0);
    IGNORE(worker_beat(w->parts.worker, w->parts.store, time_wall_us(), &none),
           "a list for people: a store that cannot be written is told by the run itself");
}

static void tell_ended(struct wired *w) {
    struct error none;
    worker_close(w->parts.worker, w->parts.store, time_wall_us());
    IGNORE(store_feeds_ended(w->parts.store, time_wall_us(), &none),
           "the same; who looks sees that there is no sign of life any more");
}

/* As fast as it goes: the run ends with its last post or later, and candles that would be pruned by
 * then are not written at all. */
static usec candles_from(struct app *app, const struct wired *w) {
    const struct run_feed *const replay = run_replay(&w->parts);
    const usec kept = app->cfg.retention_candles_days * USEC_PER_DAY;
    usec last;
    if (kept == 0 || replay == NULL || !replay_last(replay->source, app->boot, &last)) return 0;
    return i64_max(last - kept, 0);
}

static exit_status run_live(struct app *app, const struct args *args, struct run_options *opt) {
    struct error err;
    struct wired w;
    //~ 3. The parts, each behind its interface.
    if (!wire_run(app, &w, &err)) {
        if (w.store_failed) say_how_to_go_on(&err);
        return app_fail(&err);
    }
    struct run_told told = {.speed_e8 = opt->rebase || w.live ? E8 : opt->speed_e8};
    if (run_replay(&w.parts) != NULL) w.parts.told = &told;
    struct api *api;
    if (!wire_api(app, &w, &api, &err)) {
        wire_close(&w);
        return app_fail(&err);
    }
    if (app->store_bulk) opt->candles_from = candles_from(app, &w);
    struct notifier *notifier = NULL;
    if (w.live && !wire_notify(app, &notifier, &err)) { /* a replay is nobody's news */
        api_close(api);
        wire_close(&w);
        return app_fail(&err);
    }
    tell_at_work(app, &w);
    const exit_status status = run_wired(app, args, &w, opt);
    tell_ended(&w);
    notifier_stop(notifier, status == EXIT_DONE ? "bullfinch run" : NULL, WIRE_NOTIFY_PATIENCE);
    api_close(api);
    wire_close(&w);
    return status;
}

/* Virtual time in which nothing waits. */
static bool is_at_full_speed(const struct app *app, const struct run_options *opt) {
    return !wire_is_live(&app->cfg) && !opt->rebase && opt->speed_e8 == RUN_SPEED_MAX;
}

static exit_status run_run(struct app *app, const struct args *args) {
    struct error err;
    struct run_options opt = {.rebase = args_has(args, "rebase"),
                              .exit_at_end = args_has(args, "exit-at-end"),
                              .workers = workers_of(&app->cfg),
                              .candles_kept = app->cfg.retention_candles_days * USEC_PER_DAY,
                              .group_wall = GROUP_WALL,
                              .group_posts = GROUP_POSTS};
    if (!speed_parse(args, &opt.speed_e8, &err)) return app_fail(&err);
    if (opt.rebase && args_has(args, "speed")) {
        fputs("bullfinch: run: --rebase is real time; it takes no --speed\n", stderr);
        return EXIT_USAGE;
    }
    if (wire_is_live(&app->cfg) && args_has(args, "speed")) {
        fputs("bullfinch: run: posts or prices come as they are made (source.kind, market.kind, "
              "venue.kind): that is real time and takes no --speed\n",
              stderr);
        return EXIT_USAGE;
    }
    opt.stop = signals_install();
    app->store_bulk = is_at_full_speed(app, &opt);
    if (!confine(app, false, &err)) return app_fail(&err);
    app_go_live(app);
    struct metrics_server *metrics;
    const exit_status status =
        wire_metrics(app, METRIC_RUN, &metrics, &err) ? run_live(app, args, &opt) : app_fail(&err);
    metrics_close(metrics);
    config_live_free(app->live);
    return status;
}

static const struct opt run_opts[] = {
    {"source", "KIND",
     "Where posts come from: replay, jetstream, x_search, x_stream, x_activity or push; the same "
     "as --set source.kind=KIND. It changes the first of the configured sources."},
    {"posts", "FILE", "The posts to replay; the same as --set source.path=FILE."},
    {"prices", "DIR", "Candle files; the same as --set venue.prices=DIR."},
    {"speed", "FACTOR",
     "max: as fast as it goes (the default with --exit-at-end); 60: a minute "
     "takes a second; 1 (else the default): as it was."},
    {"exit-at-end", NULL,
     "End when the posts are used up and nothing is open, and print the "
     "summary as JSON."},
    {"rebase", NULL,
     "Real time: the first post is now, posts and prices keep their distance "
     "from it."},
    {"no-status", NULL, "Log lines on a terminal, too, instead of the live status."},
    {0}};

const struct cmd cmd_run = {
    .group = "Trading",
    .name = "run",
    .pos = "",
    .brief = "Read posts and trade on them, all in one process.",
    .about = "Posts come from source.path, prices from venue.prices, orders go to the paper venue. "
             "With --source jetstream posts are those that are written on Bluesky now, without a "
             "key; x_search, x_stream and x_activity read X, which wants a token (x.token_file) "
             "and costs money, at most x.monthly_budget dollars a month; push takes what is "
             "brought to POST /api/ingest. Several at once stand in the list `sources` of the "
             "file. Prices are then those of the real exchange, in real time and without a key, "
             "and orders are still filled on paper.\n\n"
             "With venue.kind binance_spot_testnet orders and prices are those of Binance's Spot "
             "test network, or of bullfinch sim on this machine, in real time; bullfinch doctor "
             "checks what that needs. Everything is kept in the store; a run that was stopped or "
             "killed goes on where it "
             "was, and comes to the same end.\n\n"
             "Ctrl-C stops cleanly: open positions stay in the store with their stops. A second "
             "Ctrl-C ends at once.\n\n"
             "Examples:\n"
             "  bullfinch run --speed 60 --posts demo/posts.jsonl --prices demo/prices\n"
             "  bullfinch run --source jetstream\n"
             "  bullfinch run --source x_search --set source.authors=elonmusk \\\n"
             "      --set x.token_file=token",
    .opts = run_opts,
    .needs_config = true,
    .run = run_run};
