/* cmd_sim: `bullfinch sim`, an exchange of one's own to trade on, and an X of one's own to read,
 * for this program and for others.
 *
 * Puts the simulated exchange, X and Bluesky's Jetstream (src/sim) behind one port: symbols from an
 * exchangeInfo answer, prices from candle files or a random walk, accounts from the command line, a
 * fault plan from a file. It serves until SIGTERM or SIGINT; with --state, what it holds is loaded
 * at the start, and written at once, every few seconds and at the end. SIGUSR1 asks for the monthly
 * reset.
 *
 * Failure: what is wrong with an option is told before anything listens; an address that others can
 * reach is refused (status 3) unless --listen-anywhere means it. Thread: the main one. */
#include "app/cmds.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#include "app/builtin.h"
#include "app/cmd_sim_x.h"
#include "base/hash.h"
#include "base/log.h"
#include "market/market.h"
#include "sim/faults.h"
#include "sim/server.h"
#include "venue/venue.h"

#define FILE_MAX (64 << 20)
#define STATE_MAX (INT64_C(1) << 30)
#define REPORT_BYTES (1 << 20)
#define DEPOSITS_MAX 64
#define HISTORY_DAYS 500
#define SAVE_EVERY_S 5

struct sim_run {
    struct app *app;
    const struct args *args;
    struct symbols symbols;
    struct market *market; /* NULL: no candle files */
    struct sim_account accounts[SIM_ACCOUNTS_MAX];
    int account_count;
    price *prices;
    struct exchange_options opt;
    struct exchange *exchange;
    str plan;        /* the text of --faults; "": none */
    struct sim_x *x; /* X and Jetstream */
    struct sim_server *server;
    const char *state; /* path; NULL: none */
};

/* --- accounts ---------------------------------------------------------------------------- */

static bool is_name(str s) {
    for (ptrdiff_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
              (s.p[i] >= 'a' && s.p[i] <= 'z')))
            return false;
    return s.n > 0;
}

/* "USDT=1000,BTC=0.5" */
static bool parse_deposits(struct sim_run *r, str list, struct sim_account *a, struct error *err) {
    struct sim_deposit *v = NEW_ARRAY(&r->app->boot, struct sim_deposit, DEPOSITS_MAX);
    str one, asset;
    while (str_cut(&list, ',', &one)) {
        int64_t e8;
        const str whole = one;
        if (a->deposit_count == DEPOSITS_MAX)
            return fail(err, ERR_USAGE, 0, "--account: more than %d balances", DEPOSITS_MAX);
        if (!str_cut(&one, '=', &asset) || !is_name(asset) || !one.p ||
            !amount_parse_e8(one, &e8) || e8 < 0)
            return fail(err, ERR_USAGE, 0,
                        "--account: \"" STR_FMT "\" is no balance such as USDT=1000",
                        STR_ARG(whole));
        v[a->deposit_count++] = (struct sim_deposit){asset, e8};
    }
    a->deposits = v;
    return true;
}

static bool add_account(struct sim_run *r, str text, struct error *err) {
    if (r->account_count == SIM_ACCOUNTS_MAX)
        return fail(err, ERR_USAGE, 0, "--account: more than %d accounts", SIM_ACCOUNTS_MAX);
    struct sim_account *a = &r->accounts[r->account_count++];
    if (!str_cut(&text, ':', &a->key) || !is_name(a->key) || !text.p ||
        !str_cut(&text, ':', &a->secret) || !is_name(a->secret))
        return fail(err, ERR_USAGE, 0,
                    "--account: expected KEY:SECRET or KEY:SECRET:ASSET=AMOUNT,..., letters and "
                    "digits");
    return !text.p || parse_deposits(r, text, a, err);
}

/* Made of the seed, so that a script can know them. */
static str demo_word(struct sim_run *r, const char *what) {
    char text[64], hex[SHA256_HEX_BYTES];
    uint8_t digest[SHA256_BYTES];
    snprintf(text, sizeof text, "bullfinch sim %s %llu", what, (unsigned long long)r->opt.seed);
    sha256_once(str_from_z(text), digest);
    return str_dup(&r->app->boot, hex_format(digest, SHA256_BYTES, hex));
}

static bool read_accounts(struct sim_run *r, struct error *err) {
    for (int i = 0; i < r->args->given_count; i++)
        if (strcmp(r->args->given[i].opt->name, "account") == 0 &&
            !add_account(r, r->args->given[i].value, err))
            return false;
    if (r->account_count > 0) return true;
    r->accounts[r->account_count++] =
        (struct sim_account){.key = demo_word(r, "key"), .secret = demo_word(r, "secret")};
    return true;
}

/* --- symbols and prices ------------------------------------------------------------------ */

static void log_lines(const char *event, const struct buf *report) {
    str rest = buf_str(report), line;
    while (rest.n > 0 && str_cut(&rest, '\n', &line))
        if (line.n > 0) log_unusual(event, LOG_S("what", line));
}

static bool read_symbols(struct sim_run *r, struct error *err) {
    const str path = args_get(r->args, "symbols", (str){NULL, 0});
    struct arena file = {0};
    struct buf report;
    str json = builtin_exchange_info();
    int left_out;
    bool ok = true;
    buf_init(&report, REPORT_BYTES);
    if (path.p) {
        arena_open(&file, FILE_MAX + 4096);
        ok = app_read_file(&file, str_dupz(&r->app->boot, path), FILE_MAX, &json, err);
    }
    ok = ok &&
         exchange_info_parse(&r->app->boot, json, STR(""), &r->symbols, &left_out, &report, err);
    if (ok) log_lines("symbol_left_out", &report);
    buf_fini(&report);
    arena_close(&file);
    return ok || fail_in(err, "--symbols");
}

static bool next_candle(void *ctx, struct candle *ret) {
    struct sim_run *r = ctx;
    struct market_event e;
    while (market_next(r->market, &e)) {
        if (e.kind != MARKET_CANDLE) continue;
        *ret = e.candle;
        return true;
    }
    return false;
}

static bool open_candles(struct sim_run *r, struct error *err) {
    const str dir = args_get(r->args, "prices", (str){NULL, 0});
    struct buf report;
    if (!dir.p) return true;
    buf_init(&report, REPORT_BYTES);
    const bool ok = candles_open(&r->app->boot, str_dupz(&r->app->boot, dir), &r->symbols,
                                 &r->market, NULL, &report, err);
    if (ok) log_lines("candle_file", &report);
    buf_fini(&report);
    if (!ok) return fail_in(err, "--prices");
    r->opt.next_candle = next_candle;
    r->opt.candle_ctx = r;
    r->opt.walk_on = true;
    return true;
}

/* SYMBOL=PRICE */
static bool add_price(struct sim_run *r, str text, struct error *err) {
    str name;
    price p;
    const str whole = text;
    if (!str_cut(&text, '=', &name) || !text.p || !price_parse(text, &p) || price_e8(p) <= 0)
        return fail(err, ERR_USAGE, 0, "--price: \"" STR_FMT "\" is not such as BTCUSDT=50000",
                    STR_ARG(whole));
    const int sym = symbols_find(&r->symbols, name);
    if (sym == SYM_NONE)
        return fail(err, ERR_USAGE, 0, "--price: " STR_FMT " is not traded here", STR_ARG(name));
    r->prices[sym] = p;
    return true;
}

static bool read_prices(struct sim_run *r, struct error *err) {
    r->prices = NEW_ARRAY(&r->app->boot, price, r->symbols.count);
    r->opt.prices = r->prices;
    for (int i = 0; i < r->args->given_count; i++)
        if (strcmp(r->args->given[i].opt->name, "price") == 0 &&
            !add_price(r, r->args->given[i].value, err))
            return false;
    return true;
}

/* --- options ----------------------------------------------------------------------------- */

/* A decimal number of at least `least`. */
static bool get_e8(const struct sim_run *r, const char *name, int64_t otherwise, int64_t least,
                   int64_t most, int64_t *ret, struct error *err) {
    const str text = args_get(r->args, name, (str){NULL, 0});
    *ret = otherwise;
    if (!text.p || (amount_parse_e8(text, ret) && *ret >= least && *ret <= most)) return true;
    return fail(err, ERR_USAGE, 0, "--%s: \"" STR_FMT "\" is not a number that it can be", name,
                STR_ARG(text));
}

static bool read_faults(struct sim_run *r, struct error *err) {
    const str path = args_get(r->args, "faults", (str){NULL, 0});
    if (!path.p) return true;
    if (!app_read_file(&r->app->boot, str_dupz(&r->app->boot, path), FILE_MAX, &r->plan, err) ||
        !faults_parse(&r->app->boot, r->plan, r->opt.seed, &r->opt.faults, err))
        return fail_in(err, "--faults " STR_FMT, STR_ARG(path));
    return true;
}

static bool read_options(struct sim_run *r, struct error *err) {
    int64_t seed;
    const str history = args_get(r->args, "history", STR("0s"));
    if (!args_get_i64(r->args, "seed", 1, 0, INT64_MAX, &seed, err) ||
        !args_get_i64(r->args, "weight-limit", 0, 1, INT64_MAX, &r->opt.weight_limit, err) ||
        !args_get_i64(r->args, "orders-10s", 0, 1, INT64_MAX, &r->opt.orders_10s, err) ||
        !args_get_i64(r->args, "orders-1d", 0, 1, INT64_MAX, &r->opt.orders_1d, err) ||
        !get_e8(r, "speed", E8, E8 / 1000, 100000 * E8, &r->opt.speed_e8, err) ||
        !get_e8(r, "fee", 0, 0, 10 * E8, &r->opt.fee_e8, err))
        return false;
    if (!duration_parse(history, &r->opt.candle_history))
        return fail(err, ERR_USAGE, 0, "--history: \"" STR_FMT "\" is no duration such as 12h",
                    STR_ARG(history));
    r->opt.fee_e8 /= 100;
    r->opt.seed = (uint64_t)seed;
    r->opt.history_days = HISTORY_DAYS;
    if (args_has(r->args, "state"))
        r->state = str_dupz(&r->app->boot, args_get(r->args, "state", STR("")));
    return true;
}

/* --- the state --------------------------------------------------------------------------- */

static bool load_state(struct sim_run *r, struct error *err) {
    struct arena file;
    str blob;
    if (!r->state || access(r->state, F_OK) != 0) return true;
    arena_open(&file, STATE_MAX + 4096);
    const bool ok = app_read_file(&file, r->state, STATE_MAX, &blob, err) &&
                    exchange_load(r->exchange, blob, err);
    arena_close(&file);
    return ok || fail_in(err, "--state %s", r->state);
}

static bool write_all(int fd, str s) {
    while (s.n > 0) {
        const ssize_t n = write(fd, s.p, (size_t)s.n);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        s = str_tail(s, n);
    }
    return fsync(fd) == 0;
}

/* Beside it, then in its place, so that there is always a whole one. */
static bool save_state(struct sim_run *r, struct error *err) {
    char beside[4096];
    struct buf out;
    if (!r->state) return true;
    if (snprintf(beside, sizeof beside, "%s.part", r->state) >= (int)sizeof beside)
        return fail(err, ERR_LIMIT, 0, "--state: the path is too long");
    buf_init(&out, STATE_MAX);
    exchange_save(r->exchange, &out);
    const int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && !buf_full(&out) && write_all(fd, buf_str(&out));
    const int e = errno;
    if (fd >= 0) close(fd);
    ok = ok && rename(beside, r->state) == 0;
    buf_fini(&out);
    return ok ||
           fail(err, ERR_IO, e, "--state %s: it could not be written: %s", r->state, strerror(e));
}

/* --- serving ----------------------------------------------------------------------------- */

static struct sim_server *serving; /* for the signal handlers */
static volatile sig_atomic_t reset_wanted, save_wanted;

static void on_end(int sig) {
    (void)sig;
    sim_server_stop(serving);
}

static void on_reset(int sig) {
    (void)sig;
    reset_wanted = 1;
    sim_server_wake(serving);
}

static void on_alarm(int sig) {
    (void)sig;
    save_wanted = 1;
    sim_server_wake(serving);
}

static bool woken(void *ctx, struct exchange *ex, usec now) {
    struct sim_run *r = ctx;
    struct error err;
    if (save_wanted) {
        save_wanted = 0;
        if (!save_state(r, &err)) log_unusual("state", LOG_Z("why", err.msg));
    }
    if (reset_wanted) {
        reset_wanted = 0;
        exchange_reset(ex, now);
    }
    return true;
}

static void signals_set(void (*end)(int), void (*reset)(int)) {
    const int ends[] = {SIGTERM, SIGINT};
    struct sigaction a = {.sa_handler = end};
    for (ptrdiff_t i = 0; i < COUNT_OF(ends); i++)
        IGNORE(sigaction(ends[i], &a, NULL) != 0, "these signals can be handled");
    a.sa_handler = reset;
    IGNORE(sigaction(SIGUSR1, &a, NULL) != 0, "these signals can be handled");
}

/* The state is saved every few seconds while it serves. */
static void alarm_set(bool on) {
    const struct sigaction a = {.sa_handler = on ? on_alarm : SIG_IGN};
    const struct itimerval often = {{on ? SAVE_EVERY_S : 0, 0}, {on ? SAVE_EVERY_S : 0, 0}};
    IGNORE(sigaction(SIGALRM, &a, NULL) != 0, "this signal can be handled");
    IGNORE(setitimer(ITIMER_REAL, &often, NULL) != 0, "then it is saved at the end");
}

/* "127.0.0.1:8080", "[::1]:0" */
static bool parse_listen(str text, str *ret_host, int64_t *ret_port, struct error *err) {
    ptrdiff_t colon = text.n;
    while (colon > 0 && text.p[colon - 1] != ':') colon--;
    str host = str_head(text, colon > 0 ? colon - 1 : 0);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (str){host.p + 1, host.n - 2};
    if (host.n == 0 || !str_to_i64(str_tail(text, colon), ret_port) || *ret_port < 0 ||
        *ret_port > 65535)
        return fail(err, ERR_USAGE, 0, "--listen: \"" STR_FMT "\" is not such as 127.0.0.1:8080",
                    STR_ARG(text));
    *ret_host = host;
    return true;
}

static bool announce(struct sim_run *r, struct error *err) {
    struct buf out;
    buf_init(&out, 4096);
    buf_printf(&out, "listening on %s\n", sim_server_url(r->server));
    if (!args_has(r->args, "account"))
        buf_printf(&out, "key " STR_FMT "\nsecret " STR_FMT "\n", STR_ARG(r->accounts[0].key),
                   STR_ARG(r->accounts[0].secret));
    const bool ok = app_print(&out, err);
    buf_fini(&out);
    return ok;
}

static bool serve(struct sim_run *r, struct error *err) {
    struct sim_face faces[SIM_FACES_MAX - 1];
    struct sim_server_options so = {.faces = faces,
                                    .face_count = sim_x_faces(r->x, faces, (int)COUNT_OF(faces)),
                                    .exchange = r->exchange,
                                    .anywhere = args_has(r->args, "listen-anywhere"),
                                    .woken = woken,
                                    .woken_ctx = r};
    int64_t port;
    if (!parse_listen(args_get(r->args, "listen", STR("127.0.0.1:0")), &so.host, &port, err))
        return false;
    so.port = (int)port;
    if (!save_state(r, err)) return false; /* rather now than at the end */
    if (!sim_server_open(&so, &r->server, err)) return fail_in(err, "--listen");
    serving = r->server;
    signals_set(on_end, on_reset);
    if (r->state) alarm_set(true);
    const bool ok = announce(r, err) && sim_server_run(r->server, err);
    alarm_set(false);
    signals_set(SIG_DFL, SIG_DFL);
    return ok && save_state(r, err);
}

static bool sim_open(struct sim_run *r, struct error *err) {
    if (!read_options(r, err) || !read_symbols(r, err) || !read_accounts(r, err) ||
        !read_prices(r, err) || !open_candles(r, err) || !read_faults(r, err))
        return false;
    r->opt.symbols = &r->symbols;
    r->opt.accounts = r->accounts;
    r->opt.account_count = r->account_count;
    r->opt.start = time_wall_us();
    return exchange_open(&r->app->boot, &r->opt, &r->exchange, err) && load_state(r, err) &&
           sim_x_open(&r->app->boot, r->args, r->opt.seed, r->plan, &r->symbols, r->opt.start,
                      &r->x, err);
}

static exit_status sim_run(struct app *app, const struct args *args) {
    struct sim_run *r = NEW(&app->boot, struct sim_run);
    struct error err;
    r->app = app;
    r->args = args;
    const bool ok = sim_open(r, &err) && serve(r, &err);
    sim_server_close(r->server);
    sim_x_close(r->x);
    exchange_close(r->exchange);
    market_close(r->market);
    return ok ? EXIT_DONE : app_fail(&err);
}

static const struct opt sim_opts[] = {
    {"listen", "HOST:PORT", "Where to listen; port 0 is a free one. Else 127.0.0.1:0."},
    {"listen-anywhere", NULL, "HOST may be an address that other machines reach."},
    {"account", "KEY:SECRET[:ASSET=AMOUNT,...]",
     "An account; as often as wanted. Without balances it gets some of everything."},
    {"symbols", "FILE", "An exchangeInfo answer; else the pairs that bullfinch ships."},
    {"prices", "DIR", "Candle files SYMBOL-INTERVAL.csv to play; else prices walk at random."},
    {"speed", "N", "How many times faster candles are played; 1."},
    {"history", "DURATION", "So much of the candles is over when it begins; 0."},
    {"price", "SYMBOL=PRICE", "Where a pair without candles begins; as often as wanted."},
    {"seed", "N", "Of prices, books and chances; 1."},
    {"fee", "PERCENT", "Commission; the test network charges 0."},
    {"faults", "FILE", "The fault plan (docs/sim.md)."},
    {"state", "FILE",
     "Loaded at the start where it exists; written every few seconds and at the end."},
    {"weight-limit", "N", "Request weight a minute and address; 6000."},
    {"orders-10s", "N", "Unfilled orders in 10 seconds and account; 100."},
    {"orders-1d", "N", "Unfilled orders in a day and account; 200000."},
    SIM_X_OPTS,
    {0}};

const struct cmd cmd_sim = {
    .group = "Trading",
    .name = "sim",
    .pos = "",
    .brief = "Be an exchange like Binance Spot, an X and a Jetstream, to test a bot on.",
    .about = "One port answers the REST API (/api/v3), market streams (/ws, /stream) and the "
             "WebSocket API (/ws-api/v3) of an exchange, X's API v2 (/2), and Bluesky's "
             "Jetstream (/subscribe). It prints the "
             "address, and a key with its secret where "
             "no account is given, and serves until SIGTERM. SIGUSR1 does the monthly reset.\n\n"
             "Nothing of it is real: there are no orders but yours, and prices are made up or "
             "played from files. docs/sim.md says how to point a bot at it and how to make it "
             "fail on purpose.",
    .opts = sim_opts,
    .run = sim_run};
