/* wire: builds what `run` runs, from the configuration.
 *
 * In: a checked configuration. Out: the parts, each behind its interface. The order is that in
 * which a mistake is cheapest: files are looked at before the store is touched; the trader's lock
 * on the store comes before anything is read of the account.
 *
 * Failure: an error that names the configuration key to change; what was opened is closed again.
 * Thread: the main one. */
#include "app/wire.h"

#include "app/builtin.h"
#include "app/failed.h"
#include "base/log.h"
#include "run/journal.h"

#define INFO_BYTES_MAX (64 << 20) /* Binance's whole answer has some 20 MB */
#define EXTRA_BYTES_MAX (4 << 20)
#define REPORT_BYTES (1 << 20)
#define REPORT_LINES 20 /* of a report that are logged; the rest is counted */
#define RECV_WINDOW USEC_PER_S
#define ROWS_BYTES (256 << 20) /* address space for what the store gives back */

static bool is_set(str s) { return s.n > 0; }

/* Findings as log lines. */
static void log_report(const char *event, const struct buf *report) {
    str rest = buf_str(report), line;
    int told = 0, more = 0;
    while (rest.n > 0 && str_cut(&rest, '\n', &line)) {
        if (line.n == 0) continue;
        if (told++ < REPORT_LINES)
            log_unusual(event, LOG_S("what", line));
        else
            more++;
    }
    if (more > 0) log_unusual(event, LOG_I("more", more));
}

/* --- what the parts are made from -------------------------------------------------------- */

bool wire_symbols(struct app *app, struct symbols *ret, int *ret_left_out, struct buf *report,
                  struct error *err) {
    const struct config *cfg = &app->cfg;
    str json = builtin_exchange_info();
    struct arena file = {0};
    bool ok = true;
    if (is_set(cfg->venue_exchange_info)) {
        arena_open(&file, INFO_BYTES_MAX + 4096);
        ok = app_read_file(&file, str_dupz(&app->boot, cfg->venue_exchange_info), INFO_BYTES_MAX,
                           &json, err);
    }
    if (ok && !exchange_info_parse(&app->boot, json, cfg->venue_quote_asset, ret, ret_left_out,
                                   report, err)) {
        ok = false;
        if (is_set(cfg->venue_exchange_info))
            IGNORE(fail_in(err, STR_FMT, STR_ARG(cfg->venue_exchange_info)), "returned below");
    }
    arena_close(&file);
    if (!ok) return fail_in(err, "venue.exchange_info");
    return true;
}

bool wire_reader(struct app *app, const struct symbols *symbols, const struct reader **ret,
                 struct error *err) {
    const struct config *cfg = &app->cfg;
    struct reader_options opt = {.quote_asset = cfg->venue_quote_asset};
    if (is_set(cfg->venue_exchange_info)) {
        const char **names = NEW_ARRAY(&app->boot, const char *, symbols->count + 1);
        for (int i = 0; i < symbols->count; i++) names[i] = symbols->v[i].name;
        opt.symbols = names;
        opt.symbol_count = symbols->count;
    }
    if (is_set(cfg->reader_symbols_file) &&
        !app_read_file(&app->boot, str_dupz(&app->boot, cfg->reader_symbols_file), EXTRA_BYTES_MAX,
                       &opt.extra, err))
        return fail_in(err, "reader.symbols_file");
    opt.extra_file = str_dupz(&app->boot, cfg->reader_symbols_file);
    struct reader *reader;
    if (!reader_open(&app->boot, &opt, &reader, err)) {
        if (opt.extra.n == 0) return fail_in(err, "the reader");
        return fail_in(err, "reader.symbols_file");
    }
    *ret = reader;
    return true;
}

bool wire_scorer(struct app *app, const struct reader **ret, struct error *err) {
    struct symbols symbols;
    struct buf report;
    int left_out;
    buf_init(&report, REPORT_BYTES);
    const bool ok = wire_symbols(app, &symbols, &left_out, &report, err) &&
                    wire_reader(app, &symbols, ret, err);
    buf_fini(&report);
    return ok;
}

static void on_candle_finding(void *ctx, str where, str what) {
    (void)ctx;
    log_unusual("candle_file", LOG_S("at", where), LOG_S("what", what));
}

bool wire_market(struct app *app, const struct symbols *symbols, struct market **ret,
                 struct buf *report, struct error *err) {
    const struct config *cfg = &app->cfg;
    if (!is_set(cfg->venue_prices))
        return fail(err, ERR_CONFIG, 0,
                    "venue.prices is not set: name the directory with the candle files "
                    "(SYMBOL-1m.csv), or give --prices DIR");
    if (!candles_open(&app->boot, str_dupz(&app->boot, cfg->venue_prices), symbols, ret, NULL,
                      report, err))
        return fail_in(err, "venue.prices");
    (*ret)->complain = on_candle_finding;
    return true;
}

static bool wire_source(struct app *app, struct source **ret, int64_t *ret_bytes,
                        struct error *err) {
    const struct config_source *s = &app->cfg.sources[0];
    if (!is_set(s->path))
        return fail(err, ERR_CONFIG, 0,
                    "source.path is not set: name the file with the posts, or give --posts FILE");
    if (!replay_open(&app->boot, str_dupz(&app->boot, s->path), s->name, ret, err))
        return fail_in(err, "source.path");
    *ret_bytes = replay_total_bytes(*ret);
    return true;
}

struct venue_traits wire_traits(const struct app *app) {
    const struct config *cfg = &app->cfg;
    return (struct venue_traits){.can_short = cfg->paper_margin,
                                 .fee_e8 = cfg->paper_fee_percent,
                                 .spread_e8 = cfg->paper_spread_percent,
                                 .slippage_e8 = cfg->paper_slippage_percent,
                                 .recv_window = RECV_WINDOW,
                                 .fee_from_received = !cfg->paper_margin};
}

static bool wire_venue(struct app *app, const struct symbols *symbols, struct venue **ret,
                       struct venue_traits *ret_traits, struct error *err) {
    const struct config *cfg = &app->cfg;
    struct paper_options opt = {.balance = cfg->paper_balance,
                                .margin = cfg->paper_margin,
                                .leverage = cfg->paper_leverage,
                                .fee_e8 = cfg->paper_fee_percent,
                                .spread_e8 = cfg->paper_spread_percent,
                                .slippage_e8 = cfg->paper_slippage_percent,
                                .volume_cap_e8 = cfg->paper_volume_cap_percent,
                                .latency = cfg->paper_latency_ms * USEC_PER_MS};
    IGNORE(!str_copyz(cfg->venue_quote_asset, opt.quote_asset, sizeof opt.quote_asset),
           "the table keeps it short");
    if (!paper_open(&app->boot, symbols, &opt, ret, err)) return fail_in(err, "the paper venue");
    *ret_traits = wire_traits(app);
    return true;
}

/* --- the account ------------------------------------------------------------------------- */

static bool wire_trader(struct app *app, struct wired *w, struct error *err) {
    struct arena rows_arena;
    struct trader_rows rows;
    arena_open(&rows_arena, ROWS_BYTES);
    const usec rest = app->cfg.trading_cooldown_symbol_s * USEC_PER_S;
    const bool ok =
        store_load_trader(w->parts.store, &rows_arena, i64_max(rest, USEC_PER_DAY), &rows, err) &&
        trader_open(&app->boot, &app->cfg, &w->symbols, &w->traits, &rows, &w->parts.trader, err);
    w->fresh = ok && rows.fresh;
    arena_close(&rows_arena);
    if (!ok) return fail_in(err, "load the account");
    failed_arm(w->parts.store);
    return true;
}

/* What a process before this one did while the store could not be written. */
static bool adopt_journal(struct app *app, struct store *s, struct error *err) {
    struct journal *j;
    if (!journal_find(&app->boot, store_path(s), &j, err)) return false;
    const bool ok = j == NULL || journal_adopt(j, s, err);
    journal_close(j);
    return ok;
}

static bool wire_account(struct app *app, struct wired *w, struct error *err) {
    return app_store_open(app, STORE_WRITE, true, &w->parts.store, err) &&
           store_trader_lock(w->parts.store, err) && adopt_journal(app, w->parts.store, err) &&
           failed_obey(w->parts.store, err) && wire_trader(app, w, err) &&
           app_store_open(app, STORE_WRITE, false, &w->parts.keeper, err);
}

/* In place: the trader and the venue borrow the symbols for ever. */
bool wire_run(struct app *app, struct wired *ret, struct error *err) {
    struct wired *w = ret;
    struct buf report;
    *w = (struct wired){.parts = {.cfg = &app->cfg, .symbols = &w->symbols}};
    w->parts.source_name = app->cfg.sources[0].name;
    w->parts.source_path = app->cfg.sources[0].path;
    buf_init(&report, REPORT_BYTES);
    bool ok = wire_source(app, &w->parts.source, &w->post_bytes, err) &&
              wire_symbols(app, &w->symbols, &w->symbols_left_out, &report, err);
    if (ok) log_report("symbol_left_out", &report);
    buf_clear(&report);
    ok = ok && wire_market(app, &w->symbols, &w->parts.market, &report, err);
    if (ok) log_report("candle_file", &report);
    if (ok) IGNORE(!candles_span(w->parts.market, &w->first, &w->last), "no prices: no span");
    ok = ok && wire_reader(app, &w->symbols, &w->parts.reader, err) &&
         wire_venue(app, &w->symbols, &w->parts.venue, &w->traits, err);
    ok = ok && wire_account(app, w, err);
    buf_fini(&report);
    if (!ok) wire_close(w);
    return ok;
}

void wire_close(struct wired *w) {
    venue_close(w->parts.venue);
    market_close(w->parts.market);
    source_close(w->parts.source);
    store_close(w->parts.keeper);
    store_close(w->parts.store);
}
