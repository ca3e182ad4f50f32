/* Law: whatever stands in the columns of a store, reading it (load, check, show, totals, audit) and
 * pruning it come to an end with rows or an error, and what is loaded has its amounts in range.
 *
 * The base is one trade with its post, signal, order and fill. The input is lines that overwrite a
 * column each, past the checks of the tables, as a damaged file or a hand would:
 * table (a letter; A to I are those of live sources and of retention), column (a letter), kind (i
 * integer, t text, b blob, n NULL), value. */
#include <stdlib.h>

#include "fuzz.h"
#include "run/bill.h"
#include "store/prune.h"
#include "store/sources.h"
#include "store/sqlite_int.h"

#define LINES_MAX 16

static const char *const tables[] = {
    "tweets",     "signals",   "trades",        "orders",      "fills",     "positions",
    "equity",     "account",   "control",       "commands",    "audit_log", "authors",
    "ledger",     "workers",   "settings",      "post_memory", "intents",   "migrations",
    "audit_head", "forecasts", "author_records"};
static const char *const source_tables[] = {"feeds",  "gaps",      "handles",
                                            "billed", "api_usage", "api_reported",
                                            "tokens", "pruned",    "audit_anchor"};

static const char base_rows[] =
    "INSERT INTO tweets (id, author, text, created_at, created_at_db, root_id, source, source_id, "
    "author_id, received_at, lang, ref_kind, processed) "
    "VALUES (1, 'a', 't', 1, 1, 1, 'x', '1', '1', 1, 'en', 'none', 1);"
    "INSERT INTO signals VALUES (2, 1, 1, 1, 'x:1', 'DOGEUSDT', 'LONG', 70, 70, "
    "'{\"confidence\":1.0000,\"polarity\":1.0000,\"author\":1.0000,\"freshness\":1.0000,"
    "\"copies\":1.0000,\"priced_in\":1.0000}', 'waiting', NULL, 3, 5, 0, 0, 1, 1, 1, NULL, "
    "1, 300000, 0, 0);"
    "INSERT INTO forecasts VALUES (2, 'x:1', 'DOGEUSDT', 'LONG', 0, 5, 9);"
    "INSERT INTO author_records VALUES ('x:1', 3, 2, 1, 100, 1, 10000, 1);"
    "INSERT INTO trades (id, tweet_id, symbol, side, quantity, created_at, strategy, root_id, "
    "cluster_id, author, recv_window, epoch, held, basis, generation, exit_due, exit_sent) "
    "VALUES (3, 1, 'DOGEUSDT', 'LONG', 1, 1, 's', 1, 1, 'x:1', 1, 1, 100, 100, 1, 0, 0);"
    "INSERT INTO orders (id, trade_id, leg, client_order_id, symbol, side, type, tif, quantity, "
    "status, filled_quantity, quote_filled, created_at, updated_at) VALUES (4, 3, 'entry', 'bf-1', "
    "'DOGEUSDT', 'BUY', 'LIMIT', 'IOC', 100, 'filled', 100, 100, 1, 1);"
    "INSERT INTO fills VALUES (5, 3, 4, 'DOGEUSDT', 'BUY', 'entry', 100, 100000000, 100, 0, "
    "'USDT', "
    "0, 1, '9');"
    "INSERT INTO positions VALUES (1, 'DOGEUSDT', 100, 1, 1, 0, 1, 3);"
    "INSERT INTO equity VALUES (1, 1, 1, 1, 0);"
    "INSERT INTO account VALUES (1, 1000, 900, 0, 0, 1, 1, 1, 0, 6, 1, 1, 1, 1, 'abcd', 1);"
    "INSERT INTO control VALUES (1, 'auto', 'auto', 1, 'r', 'a', 1, 1, 0, NULL);"
    "INSERT INTO authors VALUES ('x:1', 'a', 1, 1, 1, 1, 1, 1, 1, 0, NULL);"
    "INSERT INTO post_memory VALUES (1, 1, 1, 1, 1, 1, 'x:1', 1, 0, 0, 'counts', 0);"
    "INSERT INTO ledger VALUES (1, 1, 'line');"
    "INSERT INTO workers VALUES ('h:1:trade', 'trade', 1, 'h', '1', 1, 1, 'working', 't', 1, 1, 1, "
    "1, 1, 1, NULL);"
    "INSERT INTO commands (id, at, actor, verb, reason, mode, until) "
    "VALUES (1, 1, 'a', 'halt', 'r', 'auto', 1);"
    "INSERT INTO audit_log VALUES (1, 1, 'a', 'b', 'c', 1, 1, 'd', printf('%064d', 0), "
    "printf('%064d', 1));"
    "UPDATE audit_head SET rows = 1, hash = printf('%064d', 1);"
    "INSERT INTO feeds (feed, kind, since, cursor, updated_at) VALUES ('x_search:x', 'x_search', "
    "1, "
    "'since_id=1', 1);"
    "INSERT INTO gaps VALUES (1, 'x_search:x', 1, 2, 'no line', 'open', 0, 1);"
    "INSERT INTO handles VALUES ('x', 'a', '1', 1);"
    "INSERT INTO billed VALUES (1, 'post', 1);"
    "INSERT INTO api_usage VALUES (1, 'x_search:x', 'post', 1, 1, 500000);"
    "INSERT INTO api_usage VALUES (2, 'x_search:x', 'post', 1, 1, 500000);"
    "INSERT INTO api_reported VALUES (1, 1, 1, 1);"
    "INSERT INTO tokens VALUES (1, 'n', 'read', '', zeroblob(32), 1, NULL, NULL, NULL);"
    "INSERT INTO pruned VALUES ('post', 'NO_COIN', 1);"
    "INSERT INTO pruned VALUES ('signal', 'STALE', 1);"
    "INSERT INTO audit_anchor VALUES (1, 1, printf('%064d', 1), 1, 'a');"
    "INSERT INTO audit_log VALUES (2, 2, 'a', 'b', 'c', 1, 1, 'd', printf('%064d', 1), "
    "printf('%064d', 2));"
    "UPDATE audit_head SET rows = 2, hash = printf('%064d', 2);";

static struct store *open_memory(struct arena *a, bool create) {
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = {
        .url = STR("sqlite::memory:"), .access = STORE_WRITE, .create = create, .any_schema = true};
    LAW(store_open(a, &opt, &s, &err));
    return s;
}

static sqlite3 *handle(struct store *s) { return ((struct sqlite_store *)(void *)s)->db; }

/* The base is made once and only copied from: making the tables takes far longer. */
static struct store *open_base(struct arena *a) {
    static struct store *base;
    struct error err;
    if (!base) {
        base = open_memory(a, true);
        LAW(base->ops->exec(base, "PRAGMA foreign_keys = OFF; DROP TRIGGER audit_log_no_update",
                            &err));
        LAW(base->ops->exec(base, base_rows, &err));
    }
    struct store *s = open_memory(a, false);
    sqlite3_backup *copy = sqlite3_backup_init(handle(s), "main", handle(base), "main");
    LAW(copy != NULL);
    LAW(sqlite3_backup_step(copy, -1) == SQLITE_DONE);
    LAW(sqlite3_backup_finish(copy) == SQLITE_OK);
    LAW(s->ops->exec(s, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF", &err));
    return s;
}

static void bind_value(sqlite3_stmt *st, char kind, str value) {
    int64_t v = 0;
    int rc;
    if (kind == 'n')
        rc = sqlite3_bind_null(st, 1);
    else if (kind == 'b')
        rc = sqlite3_bind_blob(st, 1, value.p ? value.p : "", (int)value.n, SQLITE_STATIC);
    else if (kind == 't')
        rc = sqlite3_bind_text(st, 1, value.p ? value.p : "", (int)value.n, SQLITE_STATIC);
    else
        rc = sqlite3_bind_int64(st, 1, str_to_i64(value, &v) ? v : 0);
    LAW(rc == SQLITE_OK);
}

/* One line; a value that the column's type does not take is refused by SQLite, and that is fine. */
static void overwrite(sqlite3 *db, str line) {
    if (line.n < 3) return;
    const int letter = (unsigned char)line.p[0];
    const bool of_sources = letter >= 'A' && letter < 'A' + COUNT_OF(source_tables);
    const char *table =
        of_sources ? source_tables[letter - 'A'] : tables[letter % COUNT_OF(tables)];
    char text[128];
    struct buf b;
    sqlite3_stmt *st = NULL;
    buf_init_fixed(&b, text, sizeof text);
    buf_printf(&b, "SELECT * FROM %s", table);
    LAW(sqlite3_prepare_v2(db, buf_z(&b), -1, &st, NULL) == SQLITE_OK);
    const int column = (unsigned char)line.p[1] % sqlite3_column_count(st);
    char name[64];
    LAW(str_copyz(str_from_z(sqlite3_column_name(st, column)), name, sizeof name));
    sqlite3_finalize(st);
    buf_clear(&b);
    buf_printf(&b, "UPDATE %s SET %s = ?1", table, name);
    LAW(sqlite3_prepare_v2(db, buf_z(&b), -1, &st, NULL) == SQLITE_OK);
    bind_value(st, line.p[2], str_tail(line, 3));
    IGNORE(sqlite3_step(st), "refused is fine");
    sqlite3_finalize(st);
}

static void in_range(int64_t e8) { LAW(e8 >= -AMOUNT_E8_MAX && e8 <= AMOUNT_E8_MAX); }

static void read_trader(struct store *s, struct arena *a) {
    struct error err;
    struct trader_rows rows;
    if (!store_load_trader(s, a, 0, &rows, &err)) return;
    in_range(money_e8(rows.account.cash));
    for (int i = 0; i < rows.trade_count; i++) {
        in_range(qty_e8(rows.trades[i].held));
        in_range(money_e8(rows.trades[i].basis));
    }
    for (int i = 0; i < rows.order_count; i++) in_range(qty_e8(rows.orders[i].filled));
    for (int i = 0; i < rows.signal_count; i++) in_range(price_e8(rows.signals[i].seen));
}

/* What must fit when it is given; sums are of what was given. */
static void take_id(void *ctx, int64_t day, resource r, int64_t id) {
    LAW(day >= 0 && r != RESOURCE_COUNT);
    *(int64_t *)ctx ^= id;
}
static void take_day(void *ctx, int64_t day, resource r, int64_t billed, money amount) {
    LAW(day >= 0 && r != RESOURCE_COUNT && billed >= 0);
    in_range(money_e8(amount));
    *(int64_t *)ctx ^= billed;
}
static void take_report(void *ctx, int64_t day, int64_t posts) {
    LAW(day >= 0 && posts >= 0);
    *(int64_t *)ctx ^= posts;
}

static void read_sources(struct store *s, struct arena *a) {
    struct error err;
    int64_t all = 0, n;
    const struct cost_rows to = {&all, take_id, take_day, take_report};
    const struct cost_options opt = {.budget = money_from_e8(E8)};
    struct feed_row *feeds;
    struct handle *handles;
    struct gap *gaps;
    struct cost_row *costs;
    struct token_row *tokens;
    struct bill bill;
    struct buf out;
    str text;
    bool found;
    int count;
    IGNORE(store_cost_rows(s, 0, 0, &to, &err), "an error is fine");
    IGNORE(store_feeds(s, a, USEC_PER_DAY, &feeds, &count, &err), "an error is fine");
    IGNORE(store_feed_state(s, a, STR("x_search:x"), &text, &found, &err), "an error is fine");
    IGNORE(store_handles(s, a, STR("x"), &handles, &count, &err), "an error is fine");
    IGNORE(store_gaps_left(s, a, STR("x_search:x"), &gaps, &count, &err), "an error is fine");
    IGNORE(store_costs(s, a, 0, &costs, &count, &err), "an error is fine");
    IGNORE(store_traded_signals(s, 0, STR("x"), &n, &err), "an error is fine");
    IGNORE(store_tokens(s, a, &tokens, &count, &err), "an error is fine");
    buf_init(&out, 1 << 20);
    if (bill_read(s, a, &opt, 2 * USEC_PER_DAY, 3, &bill, &err)) bill_put_json(&bill, &out);
    buf_fini(&out);
}

static void read_rest(struct store *s) {
    struct error err;
    struct buf out;
    struct store_totals totals;
    struct command commands[2];
    char hash[65];
    int n, from, to;
    int64_t audit_rows, id;
    buf_init(&out, 1 << 20);
    IGNORE(store_check(s, &out, &err), "findings are fine");
    for (int kind = SHOW_TRADES; kind <= SHOW_GAPS; kind++) {
        const struct show_query q = {.kind = (show_kind)kind, .limit = 10, .now = USEC_PER_DAY};
        IGNORE(store_show_json(s, &q, &out, &err), "an error is fine");
    }
    IGNORE(store_totals(s, &totals, &err), "an error is fine");
    IGNORE(store_ledger_hash(s, hash, &err), "an error is fine");
    IGNORE(store_commands_pending(s, commands, 2, &n, &err), "an error is fine");
    IGNORE(store_audit_verify(s, &audit_rows, &id, &err), "an error is fine");
    IGNORE(store_migrate(s, &from, &to, &err), "an error is fine");
    buf_fini(&out);
}

/* Old enough to go is everything, by the clock of the rows. */
static void prune(struct store *s) {
    struct error err;
    struct prune_ask ask = {
        .now = 100 * USEC_PER_DAY, .wall = 100 * USEC_PER_DAY, .actor = STR("a")};
    struct prune_plan plan[PRUNE_COUNT];
    int64_t gone[PRUNE_COUNT];
    bool all;
    for (int i = 0; i < PRUNE_COUNT; i++) ask.age[i] = USEC_PER_DAY;
    ask.equity_minutes = 2 * USEC_PER_DAY;
    IGNORE(store_prune_plan(s, &ask, plan, &err), "an error is fine");
    IGNORE(store_prune(s, &ask, gone, &all, &err), "an error is fine");
    IGNORE(store_prune_plan(s, &ask, plan, &err), "an error is fine");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct arena a;
    str rest = str_from_bytes(data, (ptrdiff_t)bytes), line;
    arena_open(&a, 1 << 20);
    struct store *s = open_base(&a);
    for (int i = 0; i < LINES_MAX && str_cut(&rest, '\n', &line); i++) overwrite(handle(s), line);
    read_trader(s, &a);
    read_sources(s, &a);
    read_rest(s);
    prune(s);
    store_close(s);
    arena_close(&a);
    return 0;
}
