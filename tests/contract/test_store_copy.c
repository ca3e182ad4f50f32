/* A store copied from one database to the other: every row, whatever happens on the way; and what
 * is shown of the copy is what is shown of the original, to the last character. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#include "full_store.h"
#include "pg_server.h"

#include "store/candles.h"
#include "store/changes.h"
#include "store/copy.h"
#include "store/copy_tables.h"
#include "store/people.h"
#include "store/posts.h"
#include "store/sources.h"
#include "store/store_int.h"
#include "store/views.h"
#include "store/workers.h"

static struct pg_server server;
static struct arena arena;
static char dir[64], from_url[160];
static int made;

static struct store *open_at(const char *url, bool create, bool any) {
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = {.url = str_from_z(url),
                                      .access = STORE_WRITE,
                                      .create = create,
                                      .any_schema = any,
                                      .busy_timeout_ms = 5000};
    assert_ok(store_open(&arena, &opt, &s, &err), &err);
    return s;
}

static void new_target(char schema[32], char url[512]) {
    snprintf(schema, 32, "copy_%d", ++made);
    pg_server_url(&server, schema, url, 512);
}

/* -- the lists -----------------------------------------------------------------------------------
 */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "table.column" of a query, sorted, a line each. */
static void list_columns(struct store *s, const struct sql *sql, struct buf *out) {
    struct error err;
    struct query q;
    bool row;
    assert_ok(query_open(s, sql, &q, &err), &err);
    if (q.st->param_count == 1) bind_z(&q, "copy_1");
    assert_ok(query_row(&q, &row, &err), &err);
    while (row) {
        buf_put(out, col_str(&q));
        buf_put_byte(out, '\n');
        assert_ok(query_row(&q, &row, &err), &err);
    }
}

static void test_the_lists_name_each_column_of_each_table(void **state) {
#define WORD(t, c) #t "." #c
#define COLUMN(n, c, k) ".", #c,
#define LIST(t, n, key) #t, COPY_##t(COLUMN, COLUMN)
    static const char *const listed[] = {COPY_TABLES(LIST)};
#undef LIST
    static const struct sql sqlite = {
        "SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
        "WHERE "
        "m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT IN ('migrations', "
        "'audit_head') ORDER BY 1"};
    static const struct sql postgresql = {
        "SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c WHERE "
        "c.table_schema = $1 AND c.table_name NOT IN ('migrations', 'audit_head', 'leader') ORDER "
        "BY 1"};
    struct buf a, b, want;
    char schema[32], url[512], words[512][64];
    const char *sorted[512];
    int n = 0;
    const char *table = "";
    (void)state;
    for (int i = 0; i < COUNT_OF(listed); i++) {
        if (strcmp(listed[i], ".") != 0) {
            table = listed[i];
            continue;
        }
        snprintf(words[n], sizeof words[n], "%s.%s", table, listed[++i]);
        sorted[n] = words[n];
        n++;
    }
    qsort(sorted, (size_t)n, sizeof *sorted, by_text);
    buf_init(&a, 1 << 16), buf_init(&b, 1 << 16), buf_init(&want, 1 << 16);
    for (int i = 0; i < n; i++) buf_printf(&want, "%s\n", sorted[i]);
    struct store *from = open_at(from_url, false, false);
    new_target(schema, url);
    struct store *to = open_at(url, true, false);
    list_columns(from, &sqlite, &a);
    list_columns(to, &postgresql, &b);
    assert_string_equal(buf_z(&a), buf_z(&want));
    assert_string_equal(buf_z(&b), buf_z(&want));
    store_close(from), store_close(to);
    buf_fini(&a), buf_fini(&b), buf_fini(&want);
}

/* -- copies --------------------------------------------------------------------------------------
 */

static void copy(const char *from, const char *to, struct copied *ret) {
    struct error err;
    struct store *a = open_at(from, false, false), *b = open_at(to, true, true);
    assert_ok(store_copy(a, b, NULL, ret, &err), &err);
    store_close(a), store_close(b);
}

static void test_a_copy_has_every_row_and_goes_on_counting_behind_them(void **state) {
    static const struct sql last = {"SELECT max(id) FROM commands"};
    char schema[32], url[512], hash[65];
    struct copied done;
    struct error err;
    struct query q;
    int64_t before = 0, id = 0, rows, bad;
    bool found, repeated;
    (void)state;
    new_target(schema, url);
    copy(from_url, url, &done);
    assert_int_equal(done.found, 0);
    assert_true(done.rows > 500);
    struct store *s = open_at(url, false, false);
    assert_ok(store_ledger_hash(s, hash, &err), &err);
    assert_string_equal(hash, done.ledger_hash);
    assert_ok(store_audit_verify(s, &rows, &bad, &err), &err);
    assert_ok(query_open(s, &last, &q, &err) && query_i64(&q, &before, &found, &err), &err);
    const struct command c = {.verb = VERB_RECONCILE, .actor = "t", .until = USEC_NEVER};
    assert_ok(store_command_add(s, &c, STR(""), FULL_NOW, &id, &repeated, &err), &err);
    assert_int_equal(id, before + 1);
    store_close(s);
}

static void test_a_copy_of_a_copy_is_the_original(void **state) {
    char schema[32], url[512], back[160];
    struct copied there, here;
    (void)state;
    new_target(schema, url);
    copy(from_url, url, &there);
    snprintf(back, sizeof back, "sqlite:%s/back.db", dir);
    copy(url, back, &here); /* which reads both and compares them */
    assert_int_equal(here.rows, there.rows);
    assert_string_equal(here.ledger_hash, there.ledger_hash);
}

static void stop_at(void *ctx, const char *table, int64_t rows) {
    int *const left = ctx;
    (void)table, (void)rows;
    if (--*left == 0) kill(getpid(), SIGKILL);
}

/* Killed a batch later each time: in each table, and while what was copied is compared. */
static void test_a_copy_that_is_killed_goes_on_where_it_was(void **state) {
    char schema[32], url[512];
    struct copied done;
    struct error err;
    int kills = 0;
    (void)state;
    new_target(schema, url);
    for (bool killed = true; killed;) {
        int status;
        fflush(NULL);
        const pid_t pid = fork();
        if (pid == 0) {
            int left = kills + 1;
            const struct copy_progress tell = {&left, stop_at};
            struct store *a = open_at(from_url, false, false), *b = open_at(url, true, true);
            _exit(store_copy(a, b, &tell, &done, &err) ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        killed = WIFSIGNALED(status);
        assert_true(killed || WEXITSTATUS(status) == 0);
        const struct store_options opt = {.url = str_from_z(url), .access = STORE_READ};
        struct store *s = NULL;
        if (killed) assert_fails(store_open(&arena, &opt, &s, &err), &err, ERR_STATE);
        kills += killed;
    }
    assert_true(kills > 60);
    struct store *a = open_at(from_url, false, false), *b = open_at(url, false, false);
    char want[65], got[65];
    assert_ok(store_ledger_hash(a, want, &err) && store_ledger_hash(b, got, &err), &err);
    assert_string_equal(got, want);
    store_close(a), store_close(b);
}

static void test_only_an_empty_store_is_copied_into(void **state) {
    char schema[32], url[512];
    struct copied done;
    struct error err;
    (void)state;
    new_target(schema, url);
    struct store *a = open_at(from_url, false, false), *b = open_at(url, true, false);
    const struct worker_row w = {.name = "w", .host = "h", .seen_at = 1, .started_at = 1};
    assert_ok(store_worker_put(b, &w, &err), &err);
    assert_fails(store_copy(a, b, NULL, &done, &err), &err, ERR_STATE);
    assert_non_null(strstr(err.msg, "is not empty (workers has rows)"));
    store_close(a), store_close(b);
}

/* Interrupts a copy after some tables. */
static void begin_copy(const char *url, int batches) {
    int status;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        struct error err;
        struct copied done;
        const struct copy_progress tell = {&batches, stop_at};
        struct store *a = open_at(from_url, false, false), *b = open_at(url, true, true);
        _exit(store_copy(a, b, &tell, &done, &err) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void test_what_differs_at_the_end_is_found(void **state) {
    char schema[32], url[512];
    struct copied done;
    struct error err;
    (void)state;
    new_target(schema, url);
    begin_copy(url, 15);
    pg_server_sql(&server, schema,
                  "UPDATE trades SET fees = fees + 0.00000001 WHERE id = (SELECT "
                  "min(id) FROM trades)");
    struct store *a = open_at(from_url, false, false), *b = open_at(url, true, true);
    assert_fails(store_copy(a, b, NULL, &done, &err), &err, ERR_DAMAGED);
    assert_non_null(strstr(err.msg, "its table trades"));
    store_close(a), store_close(b);
}

static void test_a_source_that_was_written_to_is_another_one(void **state) {
    char schema[32], url[512];
    struct copied done;
    struct error err;
    (void)state;
    new_target(schema, url);
    begin_copy(url, 15);
    struct store *a = open_at(from_url, false, false), *b = open_at(url, true, true);
    const struct worker_row w = {.name = "w", .host = "h", .seen_at = 1, .started_at = 1};
    assert_ok(store_worker_put(a, &w, &err), &err);
    assert_fails(store_copy(a, b, NULL, &done, &err), &err, ERR_STATE);
    assert_non_null(strstr(err.msg, "was written to since"));
    store_close(a), store_close(b);
}

static void test_nobody_trades_meanwhile(void **state) {
    char schema[32], url[512];
    struct copied done;
    struct error err;
    (void)state;
    new_target(schema, url);
    struct store *a = open_at(from_url, false, false), *b = open_at(url, true, true);
    struct store *trader = open_at(from_url, false, false);
    assert_ok(store_trader_lock(trader, &err), &err);
    assert_fails(store_copy(a, b, NULL, &done, &err), &err, ERR_EXISTS);
    store_close(trader);
    trader = open_at(url, false, false);
    assert_ok(store_trader_lock(trader, &err), &err);
    assert_fails(store_copy(a, b, NULL, &done, &err), &err, ERR_EXISTS);
    store_close(trader), store_close(a), store_close(b);
}

/* -- what is shown -------------------------------------------------------------------------------
 */

/* Everything that can be read of a store, as one text. */
static struct store *s;
static struct buf *out;

#define OK(expr)                                                                                   \
    do {                                                                                           \
        struct error err;                                                                          \
        assert_ok((expr), &err);                                                                   \
    } while (0)

static void title(const char *what, int64_t n) {
    buf_printf(out, "\n== %s %lld\n", what, (long long)n);
}

static void see_lists(void) {
    static const char *const symbols[] = {"", "DOGEUSDT", "ADAUSDT"};
    static const char *const statuses[] = {"", "closed", "WAITING", "live", "filled", "none"};
    for (int kind = SHOW_TRADES; kind <= SHOW_ALERTS; kind++)
        for (int i = 0; i < COUNT_OF(symbols); i++)
            for (int k = 0; k < COUNT_OF(statuses); k++) {
                struct show_query q = {.kind = (show_kind)kind,
                                       .limit = 7,
                                       .symbol = str_from_z(symbols[i]),
                                       .status = str_from_z(statuses[k]),
                                       .before = k % 2 ? 100000 : 0,
                                       .now = FULL_NOW + 5 * USEC_PER_S};
                title("show", kind * 100 + i * 10 + k);
                OK(store_show_json(s, &q, out, &err));
            }
    for (int id = 1; id < 5; id++) {
        bool found;
        OK(store_show_one(s, SHOW_COMMANDS, id, out, &found, &err));
    }
}

/* missed: 0 no, 1 yes, -1 either. */
static void see_pages(view_list list, int missed, struct view_ask ask) {
    struct view_page page = {.more = true};
    ask.limit = 3;
    ask.missed = missed;
    if (ask.min_score == 0) ask.min_score = -1; /* any */
    for (int i = 0; i < 12 && page.more; i++) {
        title("page", i);
        OK(store_view_list(s, list, &ask, out, &page, &err));
        buf_printf(out, " %d %d", page.count, page.more);
        ask.has_before = true;
        ask.before = page.next;
        if (page.count == 0) break; /* where it stands is the walk's own */
    }
}

#define ASK(...) ((struct view_ask){__VA_ARGS__})
static void see_views(void) {
    for (int list = 0; list < VIEW_LIST_COUNT; list++)
        see_pages((view_list)list, -1, ASK(.limit = 1));
    see_pages(VIEW_TWEETS, -1, ASK(.author = STR("ANN")));
    see_pages(VIEW_TWEETS, 1, ASK(.author = STR("ann")));
    see_pages(VIEW_TWEETS, 0, ASK(.source = STR("bsky")));
    see_pages(VIEW_TWEETS, -1, ASK(.symbol = STR("DOGEUSDT"), .min_score = 50));
    see_pages(VIEW_TWEETS, -1, ASK(.q = STR("DOGE")));
    see_pages(VIEW_TWEETS, -1, ASK(.q = STR("100%_!")));
    see_pages(VIEW_TWEETS, -1, ASK(.label = STR("positive"), .outcome = STR("NO_COIN")));
    see_pages(VIEW_SIGNALS, -1, ASK(.symbol = STR("ETHUSDT")));
    see_pages(VIEW_SIGNALS, -1, ASK(.verdict = STR("waiting"), .side = STR("LONG")));
    see_pages(VIEW_SIGNALS, -1, ASK(.reason = STR("BELOW_THRESHOLD"), .min_score = 1));
    see_pages(VIEW_TRADES, -1, ASK(.status = STR("CLOSED")));
    see_pages(VIEW_TRADES, -1, ASK(.symbol = STR("DOGEUSDT"), .side = STR("SHORT")));
    see_pages(VIEW_AUDIT, -1, ASK(.actor = STR("ann")));
    see_pages(VIEW_AUDIT, -1, ASK(.entity = STR("order")));
    see_pages(VIEW_DEAD_LETTERS, -1, ASK(.status = STR("dead")));
}

static void see_single_rows(void) {
    static const struct sql tweets = {"SELECT id FROM tweets ORDER BY id"};
    static const struct sql trades = {"SELECT id FROM trades ORDER BY id"};
    int64_t ids[2][400];
    int n[2] = {0, 0};
    for (int k = 0; k < 2; k++) {
        struct query q;
        bool row = false;
        OK(query_open(s, k ? &trades : &tweets, &q, &err) && query_row(&q, &row, &err));
        while (row && n[k] < 400) {
            ids[k][n[k]++] = col_i64(&q);
            OK(query_row(&q, &row, &err));
        }
        query_close(&q);
    }
    bool found;
    struct view_said said;
    for (int i = 0; i < n[0]; i++) {
        title("tweet", ids[0][i]);
        OK(store_view_tweet(s, ids[0][i], out, &found, &err));
        OK(store_view_row(s, VIEW_TWEETS, ids[0][i], out, &found, &err));
        OK(store_view_said(s, &arena, ids[0][i], &said, &found, &err));
        buf_printf(out, " %lld " STR_FMT, (long long)said.sentiment_bp, STR_ARG(said.mentions));
    }
    for (int i = 0; i < n[1]; i++) {
        title("trade", ids[1][i]);
        OK(store_view_trade(s, ids[1][i], out, &found, &err));
    }
    for (int64_t id = 1; id < 12; id++) {
        OK(store_view_order(s, id, out, &found, &err));
        OK(store_view_position(s, id, out, &found, &err));
    }
}

static void see_tables(void) {
    struct view_waiting w;
    struct view_author_place at;
    struct view_author_ask ask = {.limit = 3, .rest = 900 * USEC_PER_S, .q = STR("")};
    bool more = true, found;
    title("tables", 0);
    OK(store_view_positions(s, out, &err));
    OK(store_view_approvals(s, out, &err));
    OK(store_view_workers(s, FULL_NOW, out, &err));
    OK(store_view_waiting(s, &w, &err));
    buf_printf(out, " %lld %lld %lld %lld %lld %lld", (long long)w.commands, (long long)w.approvals,
               (long long)w.letters, (long long)w.command_at, (long long)w.approval_at,
               (long long)w.letter_at);
    for (int i = 0; more && i < 30; i++) {
        title("authors", i);
        OK(store_view_authors(s, &ask, out, &more, &at, &err));
        ask.before = &at;
        OK(store_view_author(s, str_from_z(at.key), ask.rest, out, &found, &err));
    }
    ask = (struct view_author_ask){.limit = 3, .rest = 1, .q = STR("U1")};
    OK(store_view_authors(s, &ask, out, &more, &at, &err));
}

static void see_numbers(void) {
    struct view_count memo = {0};
    struct view_status v;
    struct store_totals t;
    usec now;
    const usec today = FULL_NOW / USEC_PER_DAY * USEC_PER_DAY;
    title("numbers", 0);
    OK(store_view_now(s, FULL_NOW, &now, &err));
    OK(store_view_status(s, today, FULL_NOW, &memo, &v, &err));
    buf_printf(out, "%lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld", (long long)now,
               (long long)money_e8(v.equity), (long long)money_e8(v.unrealized),
               (long long)v.equity_at, (long long)v.drawdown_bp, (long long)money_e8(v.pnl_today),
               (long long)v.posts_today, (long long)v.signals_today, (long long)v.trades_today,
               (long long)v.waiting, (long long)v.last_post_at, (long long)v.last_trade_at);
    buf_put(out, STR("\n{"));
    OK(store_view_metrics(s, FULL_NOW, out, &err));
    buf_put(out, STR("}\n"));
    OK(store_view_equity(s, 0, 0, 20, out, &err));
    OK(store_view_equity(s, FULL_NOW - USEC_PER_DAY * 2, FULL_NOW, 5, out, &err));
    buf_put(out, STR("\n{"));
    OK(store_view_funnel(s, today - USEC_PER_DAY, 40, out, &err));
    buf_put(out, STR("}\n"));
    OK(store_totals(s, &t, &err));
    buf_printf(out, "%lld %lld %lld %lld %lld %lld %lld", (long long)t.posts, (long long)t.signals,
               (long long)t.trades, (long long)t.closed, (long long)t.deleted,
               (long long)money_e8(t.fees), (long long)money_e8(t.pnl));
    for (int i = 0; i < REASON_COUNT; i++) buf_printf(out, " %lld", (long long)t.refused[i]);
}

static void see_charts(void) {
    static const char *const symbols[] = {"ADAUSDT", "XRPUSDT", "DOGEUSDT", "ETHUSDT", "BTCUSDT"};
    for (int i = 0; i < COUNT_OF(symbols); i++) {
        struct kept_candle c[20];
        int n;
        const struct candle_ask ask = {.symbol = str_from_z(symbols[i]),
                                       .interval = 5 * USEC_PER_MIN,
                                       .from = FULL_NOW - 40 * USEC_PER_DAY,
                                       .to = i % 2 ? 0 : FULL_NOW + USEC_PER_HOUR,
                                       .limit = 20};
        title(symbols[i], 0);
        OK(store_candles(s, &ask, c, &n, &err));
        for (int k = 0; k < n; k++)
            buf_printf(out, "%lld %lld %lld %lld %d %lld\n", (long long)c[k].open_at,
                       (long long)price_e8(c[k].open), (long long)price_e8(c[k].high),
                       (long long)price_e8(c[k].close), c[k].has_volume,
                       (long long)volume_e8(c[k].volume));
        OK(store_view_marks(s, &ask, out, &err));
        OK(store_view_levels(s, ask.symbol, out, &err));
    }
}

static void see_people(void) {
    struct held *held;
    struct symbol_rest *rests;
    struct author_use *uses, one;
    struct account_standing st;
    struct last_post post;
    struct last_signal signal;
    int n;
    int64_t id;
    bool found;
    title("people", 0);
    OK(store_held(s, &arena, &held, &n, &err));
    for (int i = 0; i < n; i++)
        buf_printf(out, "%s %lld %lld\n", held[i].symbol, (long long)qty_e8(held[i].size),
                   (long long)held[i].updated_at);
    OK(store_open_trade(s, STR("ADAUSDT"), &id, &err));
    OK(store_standing(s, &st, &err));
    buf_printf(out, "%lld %lld %lld %d %d %lld %lld\n", (long long)id, (long long)st.equity_at,
               (long long)st.drawdown_bp, st.open_trades, st.waiting_approvals,
               (long long)money_e8(st.exposure), (long long)money_e8(st.reserved));
    OK(store_symbol_rests(s, &arena, FULL_NOW - 3 * USEC_PER_DAY, &rests, &n, &err));
    for (int i = 0; i < n; i++)
        buf_printf(out, "%s %lld\n", rests[i].symbol, (long long)rests[i].closed_at);
    OK(store_author_uses(s, &arena, 0, FULL_NOW / USEC_PER_DAY, &uses, &n, &err));
    for (int i = 0; i < n; i++)
        buf_printf(out, "%s %s %lld\n", uses[i].key, uses[i].username,
                   (long long)uses[i].last_trade_at);
    OK(store_author_find(s, STR("U5"), &one, &found, &err));
    buf_printf(out, "%d %s\n", found, found ? one.key : "");
    static const char *const who[] = {"", "ANN", "x:9003", "nobody"};
    for (int i = 0; i < COUNT_OF(who); i++) {
        OK(store_last_post(s, str_from_z(who[i]), &post, &err));
        buf_printf(out, "%d %lld %s\n", post.found, (long long)post.id, post.outcome);
        OK(store_last_signal(s, i % 2 ? STR("DOGEUSDT") : STR(""), i > 2 ? STR("x") : STR(""),
                             &signal, &err));
        buf_printf(out, "%d %lld %s %lld\n", signal.found, (long long)signal.id, signal.reason,
                   (long long)price_e8(signal.seen));
    }
}

static void told_report(void *ctx, int64_t day, usec at, int64_t counted) {
    (void)ctx;
    buf_printf(out, "%lld %lld %lld\n", (long long)day, (long long)at, (long long)counted);
}
static void told_id(void *ctx, int64_t day, resource r, int64_t id) {
    told_report(ctx, day, (usec)r, id);
}
static void told_day(void *ctx, int64_t day, resource r, int64_t billed, money amount) {
    told_report(ctx, day + (int64_t)r, billed, money_e8(amount));
}
static void told_count(void *ctx, int64_t day, int64_t posts) { told_report(ctx, day, 0, posts); }

static void see_sources(void) {
    struct feed_row *feeds;
    struct cost_row *costs;
    struct token_row *tokens;
    struct handle *handles;
    struct gap *gaps;
    int n;
    int64_t count;
    const int64_t ids[] = {5000, 5001, 1};
    const struct cost_rows to = {NULL, told_id, told_day, told_count};
    for (int i = 0; i < 4; i++) {
        static const int64_t later_s[] = {5, 100, 5000, 90000};
        title("feeds", i);
        OK(store_feeds(s, &arena, FULL_NOW + later_s[i] * USEC_PER_S, &feeds, &n, &err));
        for (int k = 0; k < n; k++)
            buf_printf(out, STR_FMT " %d %lld %lld %s %lld %lld %lld %lld\n",
                       STR_ARG(feeds[k].feed), feeds[k].status.state,
                       (long long)feeds[k].status.since, (long long)feeds[k].status.until,
                       feeds[k].status.why, (long long)feeds[k].status.blind,
                       (long long)feeds[k].posts_today, (long long)feeds[k].posts_stored,
                       (long long)feeds[k].updated_at);
    }
    OK(store_reports(s, 0, NULL, told_report, &err));
    OK(store_cost_rows(s, 0, 0, &to, &err));
    OK(store_costs(s, &arena, 0, &costs, &n, &err));
    for (int i = 0; i < n; i++)
        buf_printf(out, "%lld " STR_FMT " %lld\n", (long long)costs[i].day, STR_ARG(costs[i].feed),
                   (long long)money_e8(costs[i].amount));
    OK(store_tokens(s, &arena, &tokens, &n, &err));
    for (int i = 0; i < n; i++)
        buf_printf(out, STR_FMT " %d %d %lld %lld\n", STR_ARG(tokens[i].name), tokens[i].role,
                   tokens[i].hash[31], (long long)tokens[i].expires_at,
                   (long long)tokens[i].revoked_at);
    OK(store_handles(s, &arena, STR("x"), &handles, &n, &err));
    buf_printf(out, "%d ", n);
    OK(store_gaps_left(s, &arena, STR("x_search:x"), &gaps, &n, &err));
    for (int i = 0; i < n; i++)
        buf_printf(out, "%lld %lld\n", (long long)gaps[i].from, (long long)gaps[i].until);
    OK(store_posts_known(s, ids, 3, &n, &err));
    OK(store_traded_signals(s, 0, STR("x"), &count, &err));
    buf_printf(out, "%d %lld\n", n, (long long)count);
}

static void see_stages(void) {
    struct left_post *posts;
    int n;
    int64_t stored, read;
    usec oldest;
    const struct unfinished q = {.since = 0, .before = FULL_NOW + 1, .read_too = true};
    title("stages", 0);
    OK(store_posts_unfinished(s, &arena, &q, 30, &posts, &n, &err));
    for (int i = 0; i < n; i++)
        buf_printf(out, "%lld %lld\n", (long long)posts[i].post.id, (long long)posts[i].stored_at);
    OK(store_posts_left(s, 0, &stored, &read, &oldest, &err));
    buf_printf(out, "%lld %lld %lld\n", (long long)stored, (long long)read, (long long)oldest);
}

static void told_change(void *ctx, change what, str json) {
    (void)ctx;
    buf_printf(out, "%s " STR_FMT "\n", change_name(what), STR_ARG(json));
}

/* What is told of rows that are written while somebody looks. */
static void see_changes(void) {
    const struct change_sink sink = {NULL, told_change};
    struct store_changes *c = store_changes_new(&arena);
    bool more;
    title("changes", 0);
    OK(store_changes_look(c, s, 0, &sink, &more, &err));
    OK(store_begin(s, true, &err));
    OK(store_source_alert(s, STR("a:b"),
                          &(struct source_status){.state = SOURCE_BROKEN, .why = "gone"}, FULL_NOW,
                          &err));
    OK(store_commit(s, &err));
    struct forgotten f;
    OK(store_forget_author(s, STR("@ANN"), STR("cli:t"), FULL_NOW + 1, &f, &err));
    buf_printf(out, "forgot %lld %lld %lld\n", (long long)f.posts, (long long)f.authors,
               (long long)f.commands);
    OK(store_changes_look(c, s, USEC_PER_MIN, &sink, &more, &err));
    store_changes_free(c);
}

static void see_everything(struct store *of, struct buf *into) {
    s = of;
    out = into;
    see_lists();
    see_views();
    see_single_rows();
    see_tables();
    see_numbers();
    see_charts();
    see_people();
    see_sources();
    see_stages();
    see_changes();
}

static void same_text(const char *a, const char *b) {
    ptrdiff_t i = 0, line = 0, head = 0;
    for (; a[i] != '\0' && a[i] == b[i]; i++) {
        if (a[i] == '\n') line = i + 1;
        if (a[i] == '\n' && strncmp(a + i, "\n== ", 4) == 0) head = i + 1;
    }
    if (a[i] == b[i]) return;
    const ptrdiff_t from = i - line > 100 ? i - 100 : line;
    fail_msg("after %.*s:\n  %.200s\n  %.200s", (int)strcspn(a + head, "\n"), a + head, a + from,
             b + from);
}

static void test_what_is_shown_of_a_copy_is_what_is_shown_of_the_original(void **state) {
    char schema[32], url[512];
    struct copied done;
    struct buf a, b;
    (void)state;
    new_target(schema, url);
    copy(from_url, url, &done);
    buf_init(&a, 64 << 20), buf_init(&b, 64 << 20);
    struct store *from = open_at(from_url, false, false), *to = open_at(url, false, false);
    see_everything(from, &a);
    see_everything(to, &b);
    assert_true(a.len > 100000 && !buf_full(&a));
    if (getenv("SHOWN")) {
        FILE *f = fopen(getenv("SHOWN"), "w");
        fwrite(a.p, 1, (size_t)a.len, f);
        fclose(f);
    }
    same_text(buf_z(&a), buf_z(&b));
    store_close(from), store_close(to);
    buf_fini(&a), buf_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_lists_name_each_column_of_each_table),
        cmocka_unit_test(test_a_copy_has_every_row_and_goes_on_counting_behind_them),
        cmocka_unit_test(test_a_copy_of_a_copy_is_the_original),
        cmocka_unit_test(test_a_copy_that_is_killed_goes_on_where_it_was),
        cmocka_unit_test(test_only_an_empty_store_is_copied_into),
        cmocka_unit_test(test_what_differs_at_the_end_is_found),
        cmocka_unit_test(test_nobody_trades_meanwhile),
        cmocka_unit_test(test_a_source_that_was_written_to_is_another_one),
        cmocka_unit_test(test_what_is_shown_of_a_copy_is_what_is_shown_of_the_original),
    };
    char command[96];
    arena_open(&arena, 256 << 20);
    pg_server_start(&server);
    full_store_make(dir, from_url);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_server_stop(&server);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return failed + (system(command) != 0);
}
