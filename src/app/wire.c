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
#include "app/environment.h"
#include "app/failed.h"
#include "app/wire_binance.h"
#include "app/wire_model.h"
#include "base/log.h"
#include "run/journal.h"
#include "venue/binance.h"
#include "venue/binance_spot.h"

#define INFO_BYTES_MAX (64 << 20) /* Binance's whole answer has some 20 MB */
#define EXTRA_BYTES_MAX (4 << 20)
#define REPORT_BYTES (1 << 20)
#define REPORT_LINES 20 /* of a report that are logged; the rest is counted */
#define RECV_WINDOW USEC_PER_S
/* The venue waits 10 s for its own engine; what was not there a while later was never there. */
#define ABSENCE_BEHIND_WINDOW (11500 * USEC_PER_MS)
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

/* linear: whatever model is configured. */
static bool open_reader(struct app *app, const struct symbols *symbols, bool linear,
                        const struct reader **ret, struct error *err) {
    const struct config *cfg = &app->cfg;
    struct reader_options opt = {.quote_asset = cfg->venue_quote_asset};
    if (is_set(cfg->venue_exchange_info) || wire_is_real(cfg)) {
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
    if (!linear && !wire_model(app, &opt.model, err)) return false;
    struct reader *reader;
    if (!reader_open(&app->boot, &opt, &reader, err)) {
        if (opt.extra.n == 0) return fail_in(err, "the reader");
        return fail_in(err, "reader.symbols_file");
    }
    *ret = reader;
    return true;
}

bool wire_reader(struct app *app, const struct symbols *symbols, const struct reader **ret,
                 struct error *err) {
    return open_reader(app, symbols, false, ret, err);
}

bool wire_linker(struct app *app, const struct symbols *symbols, const struct reader **ret,
                 struct error *err) {
    return open_reader(app, symbols, true, ret, err);
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

struct venue_traits wire_traits(const struct app *app) {
    const struct config *cfg = &app->cfg;
    if (wire_is_real(cfg)) {
        const usec window = cfg->venue_recv_window_ms * USEC_PER_MS;
        return (struct venue_traits){.can_short = false,
                                     .fee_e8 = cfg->venue_fee_percent,
                                     .spread_e8 = cfg->paper_spread_percent,
                                     .slippage_e8 = cfg->paper_slippage_percent,
                                     .recv_window = window,
                                     .fee_from_received = true,
                                     .absence_after = window + ABSENCE_BEHIND_WINDOW,
                                     .sells_blind = true,
                                     .snapshots = true,
                                     .ticks = wire_is_live(cfg)};
    }
    return (struct venue_traits){.can_short = cfg->paper_margin,
                                 .fee_e8 = cfg->paper_fee_percent,
                                 .spread_e8 = cfg->paper_spread_percent,
                                 .slippage_e8 = cfg->paper_slippage_percent,
                                 .recv_window = RECV_WINDOW,
                                 .fee_from_received = !cfg->paper_margin,
                                 .ticks = wire_is_live(cfg)};
}

static bool wire_paper(struct app *app, const struct symbols *symbols, struct venue **ret,
                       struct error *err) {
    const struct config *cfg = &app->cfg;
    struct paper_options opt = {.balance = cfg->paper_balance,
                                .margin = cfg->paper_margin,
                                .leverage = cfg->paper_leverage,
                                .fee_e8 = cfg->paper_fee_percent,
                                .spread_e8 = cfg->paper_spread_percent,
                                .slippage_e8 = cfg->paper_slippage_percent,
                                .volume_cap_e8 = cfg->paper_volume_cap_percent,
                                .latency = cfg->paper_latency_ms * USEC_PER_MS,
                                .price_stands = wire_is_live(cfg)};
    IGNORE(!str_copyz(cfg->venue_quote_asset, opt.quote_asset, sizeof opt.quote_asset),
           "the table keeps it short");
    if (!paper_open(&app->boot, symbols, &opt, ret, err)) return fail_in(err, "the paper venue");
    return true;
}

/* --- the account ------------------------------------------------------------------------- */

/* What a venue that orders really go to needs until it is open. */
struct real {
    struct venue_keys keys;
    struct arena memory; /* of info */
    str info;
    host_network network;
    int64_t *newest; /* order id by symbol, as far as the store's live orders tell; 0 none */
};

/* Keys and hosts first: nothing is sent before they are found good. */
static bool real_begin(struct app *app, struct wired *w, struct real *x, struct buf *report,
                       struct error *err) {
    *x = (struct real){0};
    if (!wire_network(&app->cfg, &x->network, err) || !wire_keys(app, &x->keys, err)) return false;
    log_info("venue", LOG_S("kind", app->cfg.venue_kind),
             LOG_Z("network", host_network_name(x->network)),
             LOG_S("rest", app->cfg.venue_rest_url));
    arena_open(&x->memory, INFO_BYTES_MAX);
    return wire_venue_symbols(app, &x->memory, &x->info, &w->symbols, &w->symbols_left_out, report,
                              err);
}

static void real_end(struct real *x) {
    wire_keys_wipe(&x->keys);
    arena_close(&x->memory);
}

/* One store holds one account: whose it is stands in it from its first start on, but for paper. */
static bool whose_account(struct app *app, struct wired *w, const struct real *x,
                          const struct trader_rows *rows, struct error *err) {
    struct arena a;
    struct buf mine;
    char block[96];
    str found;
    bool any;
    buf_init_fixed(&mine, block, sizeof block);
    buf_put(&mine, app->cfg.venue_kind);
    if (x != NULL) buf_printf(&mine, ", %s", host_network_name(x->network));
    arena_open(&a, 1 << 20);
    bool ok = store_cursor_get(w->parts.store, &a, STR("account"), &found, &any, err);
    if (ok && !any && !rows->fresh) found = STR("paper");
    if (ok && (any || !rows->fresh) && !str_eq(found, buf_str(&mine)))
        ok = fail(err, ERR_STATE, 0,
                  "the store holds an account of " STR_FMT ", and this run is of " STR_FMT
                  ": give store.url another name",
                  STR_ARG(str_head(found, 60)), STR_ARG(buf_str(&mine)));
    if (ok && !any && x != NULL)
        ok = store_begin(w->parts.store, true, err) &&
             store_cursor_put(w->parts.store, STR("account"), buf_str(&mine), err) &&
             store_commit(w->parts.store, err);
    arena_close(&a);
    return ok;
}

/* "UID MARK" of the account that the store is of. A mark that is the same says enough; another key
 * may still be the same account's, which the venue knows, where it tells. */
static bool same_account(str stands, int64_t uid, struct error *err) {
    str mark = stands, word;
    int64_t before = 0;
    if (!str_cut(&mark, ' ', &word) || !str_to_i64(word, &before)) before = 0;
    if (before == uid && uid != 0) return true;
    if (before == 0 || uid == 0)
        return fail(err, ERR_STATE, 0,
                    "the store holds the account of another key, and the venue does not say that "
                    "both are of one account: give the keys that the store began with, or "
                    "store.url another name");
    return fail(err, ERR_STATE, 0,
                "the store holds the account with the uid %lld, and the keys are of the one with "
                "the uid %lld: give the keys of that account, or store.url another name",
                (long long)before, (long long)uid);
}

static bool put_account_id(struct store *s, int64_t uid, const char *mark, struct error *err) {
    char block[48];
    struct buf id;
    buf_init_fixed(&id, block, sizeof block);
    buf_printf(&id, "%lld %s", (long long)uid, mark);
    return store_begin(s, true, err) && store_cursor_put(s, STR("account_id"), buf_str(&id), err) &&
           store_commit(s, err);
}

/* Which account of the venue it is; asked of the venue only where the key does not say. */
static bool which_account(struct app *app, struct wired *w, const struct real *x, bool fresh,
                          struct error *err) {
    struct arena a;
    char mark[17];
    str stands;
    bool any;
    money have;
    int64_t uid;
    wire_key_mark(&x->keys, mark);
    arena_open(&a, 1 << 20);
    bool ok = store_cursor_get(w->parts.store, &a, STR("account_id"), &stands, &any, err);
    if (ok && (fresh || !any || !str_ends(stands, str_from_z(mark)))) {
        ok = wire_balance(app, &w->symbols, &x->keys, &have, &uid, err) &&
             (!any || str_ends(stands, str_from_z(mark)) || same_account(stands, uid, err)) &&
             put_account_id(w->parts.store, uid, mark, err);
        if (ok && fresh && money_e8(have) <= 0)
            ok = fail(err, ERR_STATE, 0,
                      "the account holds no " STR_FMT ", so nothing can be bought; the test "
                      "network hands out some to new keys and at its monthly reset",
                      STR_ARG(app->cfg.venue_quote_asset));
        if (ok && fresh) app->cfg.paper_balance = have;
    }
    arena_close(&a);
    return ok;
}

/* A new account begins with what the venue's holds, and with a name of its own. */
static bool real_account(struct app *app, struct wired *w, const struct real *x,
                         struct trader_rows *rows, struct error *err) {
    return which_account(app, w, x, rows->fresh, err) &&
           (!rows->fresh || wire_install(rows->account.install, err));
}

/* A venue that was reset begins its order ids anew, whether we were there or not. */
static void note_order_ids(struct app *app, struct wired *w, struct real *x,
                           const struct trader_rows *rows) {
    x->newest = NEW_ARRAY(&app->boot, int64_t, w->symbols.count + 1);
    for (int i = 0; i < rows->order_count; i++) {
        const struct order *o = &rows->orders[i];
        const int sym = symbols_find(&w->symbols, str_from_z(o->symbol));
        int64_t id;
        if (sym == SYM_NONE || !str_to_i64(str_from_z(o->venue_id), &id)) continue;
        x->newest[sym] = i64_max(x->newest[sym], id);
    }
}

static bool wire_trader(struct app *app, struct wired *w, struct real *x, struct error *err) {
    struct arena rows_arena;
    struct trader_rows rows;
    arena_open(&rows_arena, ROWS_BYTES);
    const usec rest = app->cfg.trading_cooldown_symbol_s * USEC_PER_S;
    const bool ok =
        store_load_trader(w->parts.store, &rows_arena, i64_max(rest, USEC_PER_DAY), &rows, err) &&
        environment_check(app, w->parts.store, true, rows.fresh, err) &&
        whose_account(app, w, x, &rows, err) &&
        (x == NULL || real_account(app, w, x, &rows, err)) &&
        trader_open(&app->boot, &app->cfg, &w->symbols, &w->traits, &rows, &w->parts.trader, err);
    w->fresh = ok && rows.fresh;
    if (ok && x != NULL) note_order_ids(app, w, x, &rows);
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

/* A trader of a process of its own comes with the store, and holds the lock already. */
static bool wire_account(struct app *app, struct wired *w, struct real *x, struct error *err) {
    const bool mine = w->parts.store != NULL;
    const bool ok = (mine || (app_store_open(app, STORE_WRITE, true, &w->parts.store, err) &&
                              store_trader_lock(w->parts.store, err))) &&
                    (!store_is_file(w->parts.store) || adopt_journal(app, w->parts.store, err)) &&
                    failed_obey(w->parts.store, err) && wire_trader(app, w, x, err) &&
                    app_store_open(app, STORE_WRITE, false, &w->parts.keeper, err);
    w->store_failed = !ok && (w->parts.store != NULL || err->code != ERR_IO);
    return ok;
}

/* After the account: the ids of its orders carry the account's name. */
static bool wire_venue(struct app *app, struct wired *w, const struct real *x, struct error *err) {
    struct trader_view view;
    if (x == NULL) return wire_paper(app, &w->symbols, &w->parts.venue, err);
    trader_view(w->parts.trader, &view);
    if (!wire_binance(app, &w->symbols, &x->keys, view.account->install, x->info, &w->parts.venue,
                      err))
        return false;
    for (int i = 0; i < w->symbols.count; i++)
        binance_seen_order(binance_spot_conversation(w->parts.venue), i, x->newest[i]);
    return true;
}

static void on_stream_trouble(void *ctx, str where, str what) {
    (void)ctx, (void)where;
    log_unusual("price_stream", LOG_S("what", what));
}

/* Candle files, or prices as they are made. */
static bool wire_prices(struct app *app, struct wired *w, struct error *err) {
    struct buf report;
    if (w->live) {
        if (!wire_live_market(app, &w->symbols, &w->parts.market, err)) return false;
        w->parts.market->complain = on_stream_trouble;
        return true;
    }
    buf_init(&report, REPORT_BYTES);
    const bool ok = wire_market(app, &w->symbols, &w->parts.market, &report, err);
    if (ok) log_report("candle_file", &report);
    buf_fini(&report);
    if (ok) IGNORE(!candles_span(w->parts.market, &w->first, &w->last), "no prices: no span");
    return ok;
}

/* In place: the trader and the venue borrow the symbols for ever. */
static void begin_wired(struct app *app, struct wired *w) {
    *w = (struct wired){.parts = {.live = app->live, .symbols = &w->symbols}};
    w->live = wire_is_live(&app->cfg);
    w->traits = wire_traits(app);
}

/* What the venue trades, and who reads of it. */
static bool wire_knowledge(struct app *app, struct wired *w, struct real *x, struct error *err) {
    struct buf report;
    bool ok = true;
    buf_init(&report, REPORT_BYTES);
    if (x != NULL) ok = real_begin(app, w, x, &report, err);
    if (x == NULL) ok = wire_symbols(app, &w->symbols, &w->symbols_left_out, &report, err);
    if (ok) log_report("symbol_left_out", &report);
    buf_fini(&report);
    return ok && wire_reader(app, &w->symbols, &w->parts.reader, err);
}

bool wire_run(struct app *app, struct wired *ret, struct error *err) {
    struct wired *w = ret;
    struct real real = {0};
    struct real *x = wire_is_real(&app->cfg) ? &real : NULL;
    begin_wired(app, w);
    const bool ok = wire_feeds_begin(app, FEEDS_ALL, &w->feeds, err) &&
                    wire_knowledge(app, w, x, err) && wire_prices(app, w, err) &&
                    wire_account(app, w, x, err) && wire_venue(app, w, x, err) &&
                    wire_feeds(app, w->parts.store, &w->feeds, err);
    w->parts.feed_count = ok ? w->feeds.count : 0;
    memcpy(w->parts.feeds, w->feeds.feeds, sizeof w->parts.feeds);
    if (x != NULL) real_end(x);
    if (!ok) wire_close(w);
    return ok;
}

bool wire_trade(struct app *app, const struct wire_trader *how, struct wired *ret,
                struct error *err) {
    struct wired *w = ret;
    struct real real = {0};
    struct real *x = wire_is_real(&app->cfg) ? &real : NULL;
    begin_wired(app, w);
    w->parts.feeds[0] = (struct run_feed){.source = how->relay,
                                          .key = STR("relay"),
                                          .kind = STR("relay"),
                                          .name = STR("relay"),
                                          .is_vital = true};
    w->parts.feed_count = 1;
    bool ok = w->live || fail(err, ERR_CONFIG, 0,
                              "market.kind: prices of files belong to a replay in one process "
                              "(bullfinch run); set venue or binance_public");
    ok = ok && wire_knowledge(app, w, x, err) && how->lead(how->ctx, &w->parts.store, err) &&
         wire_prices(app, w, err) && wire_account(app, w, x, err) && wire_venue(app, w, x, err);
    if (x != NULL) real_end(x);
    if (!ok) wire_close(w);
    return ok;
}

void wire_close(struct wired *w) {
    venue_close(w->parts.venue);
    market_close(w->parts.market);
    wire_feeds_close(&w->feeds);
    store_close(w->parts.keeper);
    store_close(w->parts.store);
}
