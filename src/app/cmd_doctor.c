/* cmd_doctor: is everything there that a run needs? One line a check: ok, warn or bad, and what to
 * do where it is not ok.
 *
 * Looks, and changes nothing: the store is opened for reading only. A check that cannot be made
 * because another failed is left out. Exit status 1 when anything is bad. */
#include "app/cmds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "app/doctor.h"
#include "app/table.h"
#include "app/wire.h"
#include "app/wire_binance.h"
#include "flow/risk/risk.h" /* tidy: the doctor asks what risk would say */
#include "run/room.h"

#define OUT_BYTES (1 << 20)
#define SPACE_BAD (INT64_C(100) << 20)
#define SPACE_LOW (INT64_C(1) << 30)
#define FILES_LEAST 256

static const char *const grade_names[] = {"ok", "warn", "bad"};

void doctor_find(struct doctor *d, grade g, const char *what, const char *fmt, ...) {
    if (d->count == DOCTOR_FINDINGS_MAX) return;
    struct finding *f = &d->v[d->count++];
    struct buf b;
    va_list args;
    f->grade = g;
    f->what = what;
    buf_init_fixed(&b, f->text, sizeof f->text);
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
}

/* --- configuration, store ---------------------------------------------------------------- */

static void look_at_config(struct doctor *d) {
    const struct config *cfg = &d->app->cfg;
    if (cfg->file.n > 0)
        doctor_find(d, GRADE_OK, "configuration", STR_FMT ", profile " STR_FMT, STR_ARG(cfg->file),
                    STR_ARG(cfg->profile));
    else
        doctor_find(d, GRADE_OK, "configuration",
                    "no file, defaults only; bullfinch config example > bullfinch.yaml makes one");
}

static void look_at_books(struct doctor *d, struct store *s) {
    struct error err;
    struct buf report;
    buf_init(&report, OUT_BYTES);
    if (store_check(s, &report, &err)) {
        doctor_find(d, GRADE_OK, "store", "structure and books are sound");
    } else {
        str rest = buf_str(&report), line = str_from_z(err.msg);
        if (rest.n > 0) IGNORE(str_cut(&rest, '\n', &line), "the first finding");
        doctor_find(d, GRADE_BAD, "store", STR_FMT "; bullfinch db check says more", STR_ARG(line));
    }
    buf_fini(&report);
}

static void look_at_account(struct doctor *d, struct store *s) {
    struct error err;
    struct arena a;
    struct trader_rows rows;
    int64_t pid;
    arena_open(&a, 256 << 20);
    if (store_load_trader(s, &a, d->app->cfg.trading_cooldown_symbol_s * USEC_PER_S, &rows, &err) &&
        !rows.fresh) {
        char text[AMOUNT_TEXT_BYTES];
        d->has_equity = true;
        d->equity = money_plus(rows.account.start, rows.account.realized);
        doctor_find(d, rows.control.mode == MODE_HALTED ? GRADE_WARN : GRADE_OK, "account",
                    "mode %s%s%s, %d open trades, balance " STR_FMT, mode_name(rows.control.mode),
                    rows.control.mode == MODE_HALTED ? ": " : "",
                    rows.control.mode == MODE_HALTED ? rows.control.reason : "", rows.trade_count,
                    STR_ARG(amount_format_e8(money_e8(d->equity), text)));
    }
    arena_close(&a);
    if (store_trader_running(s, &pid))
        doctor_find(d, GRADE_OK, "trader", "process %" PRId64 " trades on this store", pid);
    else
        doctor_find(d, GRADE_OK, "trader", "none is running");
}

/* The directory that the database is or will be in, and who may read the file. */
static void look_at_place(struct doctor *d) {
    const struct config *cfg = &d->app->cfg;
    const str prefix = STR("sqlite:");
    if (!str_starts(cfg->store_url, prefix)) return;
    char *path = str_dupz(&d->app->boot, str_tail(cfg->store_url, prefix.n));
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
        doctor_find(d, GRADE_WARN, "file modes", "%s can be read by others: chmod 600 %s", path,
                    path);
    else if (stat(path, &st) == 0)
        doctor_find(d, GRADE_OK, "file modes", "%s is its owner's alone", path);

    struct room_disk disk;
    const bool known = room_disk(path, &disk);
    char *slash = strrchr(path, '/');
    const char *dir = slash == path ? "/" : slash ? path : ".";
    if (slash && slash != path) *slash = '\0';
    if (access(dir, W_OK | X_OK) != 0)
        doctor_find(d, GRADE_BAD, "directory", "%s: %s; the store's directory must be writable",
                    dir, strerror(errno));
    if (!known) return;
    const int64_t room = disk.free;
    doctor_find(d,
                room < SPACE_BAD   ? GRADE_BAD
                : room < SPACE_LOW ? GRADE_WARN
                                   : GRADE_OK,
                "disk space", "%" PRId64 " MiB are free in %s%s", room >> 20, dir,
                room < SPACE_LOW ? ": make room" : "");
}

/* A run makes the file that it keeps its store in. On a server that is the tables' owner's, who
 * need not be the role of a run; and processes apart never make one. */
static void tell_no_store(struct doctor *d, const struct error *why) {
    const struct config *const cfg = &d->app->cfg;
    if (!str_starts(cfg->queue_url, STR("memory:")))
        doctor_find(d, GRADE_BAD, "store", "%s", why->msg);
    else if (!str_starts(cfg->store_url, STR("sqlite:")))
        doctor_find(d, GRADE_WARN, "store", "%s", why->msg);
    else
        doctor_find(d, GRADE_OK, "store", "none yet; the first run makes it");
}

static void look_at_store(struct doctor *d) {
    struct error err;
    struct store *s;
    look_at_place(d);
    if (app_store_open(d->app, STORE_READ, false, &s, &err)) {
        doctor_look_at_server(d, s);
        look_at_books(d, s);
        look_at_account(d, s);
        store_close(s);
    } else if (err.code == ERR_NOT_FOUND) {
        tell_no_store(d, &err);
    } else {
        doctor_find(d, GRADE_BAD, "store", "%s", err.msg);
    }
}

/* --- symbols, prices --------------------------------------------------------------------- */

static void look_at_symbols(struct doctor *d) {
    struct error err;
    struct buf report;
    int left_out = 0;
    buf_init(&report, OUT_BYTES);
    d->has_symbols = wire_symbols(d->app, &d->symbols, &left_out, &report, &err);
    buf_fini(&report);
    if (!d->has_symbols)
        doctor_find(d, GRADE_BAD, "symbols", "%s", err.msg);
    else
        doctor_find(d,
                    d->symbols.count == 0 ? GRADE_BAD
                    : left_out > 0        ? GRADE_WARN
                                          : GRADE_OK,
                    "symbols", "%d pairs of " STR_FMT "%s, %d left out", d->symbols.count,
                    STR_ARG(d->app->cfg.venue_quote_asset),
                    d->app->cfg.venue_exchange_info.n > 0 ? "" : " (the list that ships)",
                    left_out);
}

static void look_at_names(struct doctor *d) {
    struct error err;
    const struct reader *r;
    const str file = d->app->cfg.reader_symbols_file;
    if (file.n == 0 || !d->has_symbols) return;
    if (wire_reader(d->app, &d->symbols, &r, &err))
        doctor_find(d, GRADE_OK, "names", STR_FMT, STR_ARG(file));
    else
        doctor_find(d, GRADE_BAD, "names", "%s", err.msg);
}

static void look_at_prices(struct doctor *d) {
    struct error err;
    struct market *m;
    struct market_counts n;
    struct market_event ev;
    struct buf report;
    usec first = 0, last = 0;
    if (!d->has_symbols) return;
    buf_init(&report, OUT_BYTES);
    d->has_prices = wire_market(d->app, &d->symbols, &m, &report, &err);
    buf_fini(&report);
    if (!d->has_prices) {
        doctor_find(d, GRADE_BAD, "prices", "%s", err.msg);
        return;
    }
    char a[TIME_TEXT_BYTES], b[TIME_TEXT_BYTES];
    IGNORE(!candles_span(m, &first, &last), "no candle: both stay 0");
    m->complain = NULL; /* counted here, told by the first run */
    d->last = NEW_ARRAY(&d->app->boot, price, d->symbols.count + 1);
    while (market_next(m, &ev))
        if (ev.kind == MARKET_CANDLE) d->last[ev.sym] = ev.candle.close;
    market_counts(m, &n);
    market_close(m);
    const int64_t bad = n.malformed + n.zero_price + n.disordered + n.duplicates;
    doctor_find(d, bad > 0 ? GRADE_WARN : GRADE_OK, "prices",
                "%" PRId64 " candles in %" PRId64 " files, " STR_FMT " to " STR_FMT ", %" PRId64
                " gaps, %" PRId64 " bad rows left out",
                n.candles, n.files, STR_ARG(str_head(time_format_rfc3339(first, a), 16)),
                STR_ARG(str_head(time_format_rfc3339(last, b), 16)), n.gaps, bad);
}

#define SIZES_TOLD 24 /* symbols that get a line each; of more, one tells all */

static void tell_size(struct doctor *d, const struct symbol *sym, money least, bool enough) {
    char text[AMOUNT_TEXT_BYTES], size[AMOUNT_TEXT_BYTES];
    doctor_find(d, enough ? GRADE_OK : GRADE_WARN, "size",
                "%s can be traded from an equity of " STR_FMT
                " on (trading.position_size_percent is " STR_FMT ")%s",
                sym->name, STR_ARG(amount_format_e8(money_e8(least), text)),
                STR_ARG(amount_format_e8(d->app->cfg.trading_position_size_percent, size)),
                enough ? "" : ": more than there is; raise it");
}

/* From which equity on can a symbol be traded at all? */
static void look_at_sizes(struct doctor *d) {
    const money have = d->has_equity ? d->equity : d->app->cfg.paper_balance;
    const struct venue_traits traits = wire_traits(d->app);
    int priced = 0, fits = 0;
    for (int i = 0; d->has_prices && i < d->symbols.count; i++)
        priced += !price_is_zero(d->last[i]);
    for (int i = 0; d->has_prices && i < d->symbols.count; i++) {
        const struct symbol *sym = &d->symbols.v[i];
        money least;
        if (price_is_zero(d->last[i])) continue;
        const bool any = risk_least_equity(&d->app->cfg, &traits, sym, d->last[i], &least);
        const bool enough = any && money_cmp(have, least) >= 0;
        fits += enough;
        if (priced > SIZES_TOLD) continue;
        if (any)
            tell_size(d, sym, least, enough);
        else
            doctor_find(d, GRADE_WARN, "size", "%s: no equity is large enough", sym->name);
    }
    if (priced <= SIZES_TOLD) return;
    char text[AMOUNT_TEXT_BYTES];
    doctor_find(d, fits == 0 ? GRADE_WARN : GRADE_OK, "size",
                "with an equity of " STR_FMT ", %d of %d symbols can be traded%s",
                STR_ARG(amount_format_e8(money_e8(have), text)), fits, priced,
                fits < priced ? "; a larger trading.position_size_percent makes it more" : "");
}

/* --- the machine ------------------------------------------------------------------------- */

static void look_at_machine(struct doctor *d) {
    struct timex t = {0};
    const int state = adjtimex(&t);
    char at[TIME_TEXT_BYTES];
    const str now = str_head(time_format_rfc3339(time_wall_us(), at), 19);
    if (time_wall_us() < INT64_C(1704067200) * USEC_PER_S)
        doctor_find(d, GRADE_BAD, "clock", "it says " STR_FMT ": set it", STR_ARG(now));
    else if (state == TIME_ERROR)
        doctor_find(d, GRADE_WARN, "clock",
                    STR_FMT " UTC, not synchronised: run an NTP client (only "
                            "real time needs it)",
                    STR_ARG(now));
    else
        doctor_find(d, GRADE_OK, "clock", STR_FMT " UTC", STR_ARG(now));

    struct rlimit files = {0}, size = {0};
    IGNORE(getrlimit(RLIMIT_NOFILE, &files) != 0, "then 0, which is told");
    IGNORE(getrlimit(RLIMIT_FSIZE, &size) != 0, "then 0, which is told");
    doctor_find(d, files.rlim_cur < FILES_LEAST ? GRADE_WARN : GRADE_OK, "limits",
                "%llu open files%s", (unsigned long long)files.rlim_cur,
                files.rlim_cur < FILES_LEAST ? ": ulimit -n 1024" : "");
    if (size.rlim_cur != RLIM_INFINITY)
        doctor_find(d, GRADE_WARN, "limits",
                    "files may not grow beyond %llu bytes: ulimit -f unlimited",
                    (unsigned long long)size.rlim_cur);
}

/* --- telling it -------------------------------------------------------------------------- */

static void put_text(const struct doctor *d, struct buf *out) {
    static const char *const paints[] = {"\033[32m", "\033[33m", "\033[31m"};
    const bool color = terminal_has_color(STDOUT_FILENO);
    for (int i = 0; i < d->count; i++) {
        const struct finding *f = &d->v[i];
        buf_printf(out, "%s%-4s%s  %-13s  %s\n", color ? paints[f->grade] : "",
                   grade_names[f->grade], color ? "\033[0m" : "", f->what, f->text);
    }
}

static void put_json(const struct doctor *d, struct buf *out) {
    buf_put_byte(out, '[');
    for (int i = 0; i < d->count; i++) {
        const struct finding *f = &d->v[i];
        buf_printf(out, "%s{\"grade\":\"%s\",\"what\":\"%s\",\"text\":", i ? "," : "",
                   grade_names[f->grade], f->what);
        buf_put_json_str(out, str_from_z(f->text));
        buf_put_byte(out, '}');
    }
    buf_put(out, STR("]\n"));
}

static exit_status doctor_run(struct app *app, const struct args *args) {
    (void)args;
    struct error err;
    struct buf out;
    struct doctor *d = NEW(&app->boot, struct doctor);
    d->app = app;
    look_at_config(d);
    look_at_store(d);
    if (wire_is_real(&app->cfg))
        doctor_look_at_venue(d);
    else
        look_at_symbols(d);
    look_at_names(d);
    doctor_look_at_model(d);
    if (wire_is_live(&app->cfg))
        doctor_look_at_stream(d);
    else
        look_at_prices(d);
    doctor_look_at_sources(d);
    doctor_look_at_queue(d);
    doctor_look_at_notify(d);
    look_at_sizes(d);
    look_at_machine(d);
    doctor_look_at_hardening(d);
    buf_init(&out, OUT_BYTES);
    bool bad = false;
    for (int i = 0; i < d->count; i++) bad |= d->v[i].grade == GRADE_BAD;
    if (app->json)
        put_json(d, &out);
    else
        put_text(d, &out);
    const bool ok = app_print(&out, &err);
    buf_fini(&out);
    if (!ok) return app_fail(&err);
    if (d->refused) return EXIT_REFUSED; /* as `run` would */
    return bad ? EXIT_FAILED : EXIT_DONE;
}

static const struct opt doctor_opts[] = {
    {"source", "KIND", "Where posts come from; the same as --set source.kind=KIND."},
    {"posts", "FILE", "The posts to look at; the same as --set source.path=FILE."},
    {"prices", "DIR", "Candle files; the same as --set venue.prices=DIR."},
    {0}};

const struct cmd cmd_doctor = {.group = "Looking",
                               .name = "doctor",
                               .pos = "",
                               .brief = "Check that everything is there that a run needs.",
                               .about =
                                   "Each line is ok, warn or bad, and says what to do. Nothing "
                                   "is changed. With venue.kind binance_spot_testnet the venue is "
                                   "asked, too: connection, keys and permissions, clock, symbols, "
                                   "limits, streams. Nothing is ordered. Of live sources the "
                                   "token, the connection and the budget are looked at; what is "
                                   "asked of X for that costs nothing. With a Redis in "
                                   "queue.url that is looked at, and what waits there. It says "
                                   "who would be told if something happened, and tells nobody.",
                               .opts = doctor_opts,
                               .needs_config = true,
                               .run = doctor_run};
