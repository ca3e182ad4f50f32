/* How PostgreSQL answers what the interface and the command line ask of a store with many posts:
 * the server itself logs the plan of each statement (auto_explain), and none may read a large table
 * from one end to the other, nor go through more rows than a page is worth.
 *
 * It needs some 2 GB in /tmp while it runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#include "pg_server.h"

#include "store/candles.h"
#include "store/posts.h"
#include "store/store_int.h"
#include "store/views.h"
#include "store/workers.h"

#define ROUNDS 7 /* from the sixth time on a statement may get a plan for all parameters */
#define DAY_MOST                                                                                   \
    50000 /* rows of an hour, which stands for a day, and what is open or closed of it */
#define LINE_BYTES 65536

static struct pg_server server;
static struct arena arena;
#define POSTS INT64_C(1000000) /* of fewer, small tables are read whole, and rightly */
static const usec now = (1700000000 + POSTS / 10) * USEC_PER_S; /* the last was published */

/* -- the store --------------------------------------------------------------------------------- */

/* Each "@" of the text is the number. */
static void run(const char *text, int64_t number) {
    char all[4096];
    struct buf b;
    buf_init_fixed(&b, all, sizeof all);
    for (; *text != '\0'; text++) {
        if (*text == '@')
            buf_put_i64(&b, number);
        else
            buf_put_byte(&b, *text);
    }
    assert_false(buf_full(&b));
    pg_server_sql(&server, "plans", buf_z(&b));
}

/* Ten a second, of forty thousand authors; one in twelve has a signal, one in sixty a trade. */
static void fill_work(void) {
    run("SET synchronous_commit = off; SET work_mem = '256MB'; "
        "SET session_replication_role = replica; " /* foreign keys hold, by what follows */
        "INSERT INTO tweets (id, author, text, created_at, sentiment_score, signal_score, "
        "processed, created_at_db, root_id, source, source_id, author_id, received_at, lang, "
        "ref_kind, ref_id, outcome, label, probs, mentions, misses, model, likes) "
        "SELECT i, 'user_' || i * 7919 % 40009, 'Post number ' || i || ': slept well, drank my "
        "coffee, watched the birds and thought of nothing in particular, which was good.', "
        "to_timestamp(1700000000 + i / 10.0), (i * 31 % 2001 - 1000) / 1000.0, CASE WHEN i % 12 "
        "= 0 THEN i * 13 % 101 ELSE 0 END, TRUE, to_timestamp(1700000000 + i / 10.0), i, "
        "CASE WHEN i % 100 = 0 THEN 'bsky' ELSE 'x' END, i::text, (i * 7919 % 40009)::text, "
        "to_timestamp(1700000000 + i / 10.0), 'en', CASE WHEN i % 9 = 1 THEN 'retweet' ELSE "
        "'none' END, CASE WHEN i % 9 = 1 THEN i - 1 END, CASE WHEN i % 12 <> 0 THEN 'NO_COIN' "
        "END, CASE i % 3 WHEN 0 THEN 'positive' WHEN 1 THEN 'neutral' ELSE 'negative' END, "
        "'[0.1,0.2,0.7]', CASE WHEN i % 12 = 0 THEN '[{\"symbol\":\"DOGEUSDT\"}]' ELSE '[]' "
        "END::json, '[]', 'linear-2', i % 100 FROM generate_series(1::bigint, @) AS i",
        POSTS);
    run("INSERT INTO signals (id, tweet_id, root_id, cluster_id, author, symbol, side, score, "
        "base_score, parts, verdict, reason, trade_id, approved, wants_approval, posted_at, "
        "created_at, expires_at) SELECT id * 2, id, id, id, 'x:' || author_id, CASE id % 5 WHEN 0 "
        "THEN 'DOGEUSDT' WHEN 1 THEN 'BTCUSDT' ELSE 'ETHUSDT' END, 'LONG', signal_score, "
        "signal_score, '{}', CASE WHEN id % 60 = 0 THEN 'traded' ELSE 'refused' END, CASE WHEN id "
        "% 60 <> 0 THEN 'BELOW_THRESHOLD' END, CASE WHEN id % 60 = 0 THEN id * 2 + 1 END, FALSE, "
        "FALSE, created_at, created_at, created_at FROM tweets WHERE outcome IS NULL AND id > "
        "@",
        INT64_C(0));
    run("INSERT INTO trades (id, tweet_id, symbol, side, quantity, entry_price, status, pnl, "
        "created_at, closed_at, signal_id, strategy, closed_reason, root_id, cluster_id, author, "
        "entered_at, recv_window, epoch, held, basis, generation, exit_due, exit_sent) SELECT "
        "trade_id, tweet_id, symbol, side, 1, 1, CASE WHEN id > @ THEN 'OPEN' ELSE "
        "'CLOSED' END, id % 600 - 300, created_at, created_at, id, 'post', 'STOP', tweet_id, "
        "tweet_id, author, created_at, 1, 1, 0, 0, 1, FALSE, FALSE FROM signals WHERE verdict = "
        "'traded'",
        2 * POSTS - 1000);
    run("INSERT INTO orders (id, trade_id, leg, client_order_id, symbol, side, type, tif, "
        "quantity, status, created_at, updated_at) SELECT id * 10 + n, id, 'entry', 'o' || id || "
        "'-' || n, symbol, 'BUY', 'MARKET', 'NONE', 1, 'filled', created_at, created_at FROM "
        "trades, generate_series(1::bigint, @) AS n",
        INT64_C(2));
    run("INSERT INTO fills (id, trade_id, order_id, symbol, side, leg, quantity, price, quote, "
        "fee, fee_asset, fee_in_base, filled_at, venue_trade_id) SELECT id + @, "
        "trade_id, id, symbol, side, leg, 1, 1, 1, 0, 'USDT', FALSE, created_at, id::text FROM "
        "orders",
        INT64_C(0));
}

/* What people look at besides. */
static void fill_rest(void) {
    run("INSERT INTO audit_log (id, at, actor, action, entity, trade_id, detail, prev_hash, hash) "
        "SELECT i, to_timestamp(1700000000 + i), 'trader', 'enter', 'trade', CASE WHEN i % 4 = 0 "
        "THEN i END, '', repeat('0', 64), repeat('0', 64) FROM generate_series(1, @ / 10) AS i",
        POSTS);
    run("INSERT INTO ledger (seq, at, line) SELECT i, to_timestamp(1700000000 + i), 'line' FROM "
        "generate_series(1, @ / 10) AS i",
        POSTS);
    run("INSERT INTO equity (at, equity, cash, unrealized, drawdown) SELECT "
        "to_timestamp(1700000000 + i * 60), 10000 + i % 100, 10000, 0, i % 50 FROM "
        "generate_series(1, @ / 50) AS i",
        POSTS);
    run("INSERT INTO candles (symbol, open_time, open, high, low, close) SELECT 'BTCUSDT', "
        "to_timestamp(1700000000 - 1700000000 % 60 + i * 60), 1, 1, 1, 1 FROM generate_series(1, "
        "@ / 50) AS i",
        POSTS);
    run("INSERT INTO authors (key, username, posts, day, trades_today) SELECT 'x:' || i, 'user_' "
        "|| i, i, 0, 0 FROM generate_series(1, @ / 25) AS i",
        POSTS);
    run("INSERT INTO author_records (key, signals, recent, hits, mean_return, dropped, weight, "
        "updated_at) SELECT 'x:' || i, i % 50, i % 10 * (i % 50) / 10, 0, 0, 0, 10000, 'epoch' "
        "FROM "
        "generate_series(1, @ / 25) AS i",
        POSTS);
    run("INSERT INTO dead_letters (source, kind, payload, error, attempts, first_at, last_at, "
        "status) SELECT 'x', 'post', 'x', 'y', 3, 'epoch', 'epoch', CASE WHEN i % 1000 = 0 THEN "
        "'dead' ELSE 'dropped' END FROM generate_series(1, @ / 50) AS i",
        POSTS);
    run("INSERT INTO commands (at, actor, verb, reason, mode, until, status, result) SELECT "
        "'epoch', 'ann', 'HALT', '', 'auto', 'epoch', 'done', 'ok' FROM generate_series(1, @ / "
        "50) AS i",
        POSTS);
    run("INSERT INTO account (id, start, cash, realized, fees, day, day_open, peak, day_tripped, "
        "next_id, seq, posts, signals, trades, install, at) VALUES (1, 10000, 10000, 0, 0, 0, "
        "10000, 10000, FALSE, 1, 0, @, 0, 0, '0000', 'epoch')",
        POSTS);
}

static struct store *open_url(store_access access) {
    char url[512];
    struct error err;
    struct store *s = NULL;
    pg_server_url(&server, "plans", url, sizeof url);
    const struct store_options opt = {.url = str_from_z(url),
                                      .access = access,
                                      .create = access == STORE_WRITE,
                                      .busy_timeout_ms = 60000};
    assert_ok(store_open(&arena, &opt, &s, &err), &err);
    return s;
}

/* -- what is asked ----------------------------------------------------------------------------- */

/* The first pages, and those behind some place. */
static void page_through(struct store *s, view_list list, struct view_ask ask, struct buf *out) {
    struct view_page page;
    struct error err;
    for (int i = 0; i < 2; i++) {
        buf_clear(out);
        assert_ok(store_view_list(s, list, &ask, out, &page, &err), &err);
        ask.has_before = true;
        ask.before = page.next;
        if (!page.more) return;
    }
    ask.before = (struct view_place){.at = now - POSTS / 20 * USEC_PER_S, .id = POSTS / 2};
    buf_clear(out);
    assert_ok(store_view_list(s, list, &ask, out, &page, &err), &err);
}

static void use_lists(struct store *s, struct buf *out) {
    const struct view_ask none = {.limit = 50, .min_score = -1, .missed = -1};
    static const str symbols[] = {{"BTCUSDT", 7}, {"NEVERUSDT", 9}};
    for (int list = 0; list < VIEW_LIST_COUNT; list++) page_through(s, (view_list)list, none, out);
    for (int i = 0; i < 2; i++) {
        struct view_ask ask = none;
        ask.symbol = symbols[i];
        page_through(s, VIEW_TWEETS, ask, out);
        page_through(s, VIEW_SIGNALS, ask, out);
        page_through(s, VIEW_TRADES, ask, out);
    }
    struct view_ask ask = none;
    ask.author = STR("User_77");
    page_through(s, VIEW_TWEETS, ask, out);
    ask.author = STR("nobody");
    page_through(s, VIEW_TWEETS, ask, out);
    ask = none;
    ask.q = STR("coffee");
    page_through(s, VIEW_TWEETS, ask, out);
    ask.q = STR("never said");
    page_through(s, VIEW_TWEETS, ask, out);
    ask = none;
    ask.outcome = STR("HELD");
    page_through(s, VIEW_TWEETS, ask, out);
    ask = none;
    ask.source = STR("bsky");
    page_through(s, VIEW_TWEETS, ask, out);
    ask.source = STR("none");
    page_through(s, VIEW_DEAD_LETTERS, ask, out);
    ask = none;
    ask.min_score = 101;
    page_through(s, VIEW_TWEETS, ask, out);
    page_through(s, VIEW_SIGNALS, ask, out);
    ask = none;
    ask.verdict = STR("waiting");
    page_through(s, VIEW_SIGNALS, ask, out);
    ask = none;
    ask.status = STR("OPEN");
    page_through(s, VIEW_TRADES, ask, out);
    ask.status = STR("dead");
    page_through(s, VIEW_DEAD_LETTERS, ask, out);
    ask = none;
    ask.actor = STR("nobody");
    page_through(s, VIEW_AUDIT, ask, out);
}

static void use_one_by_one(struct store *s, struct buf *out) {
    struct error err;
    struct view_said said;
    bool found;
    const int64_t id = POSTS / 120 * 60; /* it was traded */
    assert_ok(store_view_tweet(s, id, out, &found, &err) && found, &err);
    assert_ok(store_view_said(s, &arena, id, &said, &found, &err) && found, &err);
    assert_ok(store_view_trade(s, 2 * id + 1, out, &found, &err) && found, &err);
    assert_ok(store_view_order(s, 20 * id + 11, out, &found, &err) && found, &err);
    assert_ok(store_view_author(s, STR("x:7"), USEC_PER_S, out, &found, &err) && found, &err);
    for (int list = VIEW_TWEETS; list <= VIEW_DEAD_LETTERS; list++)
        assert_ok(store_view_row(s, (view_list)list, 60, out, &found, &err), &err);
}

static void use_the_rest(struct store *s, struct buf *out) {
    struct error err;
    struct view_waiting waiting;
    struct view_status status;
    struct view_count memo = {0};
    struct kept_candle candles[10];
    const struct candle_ask ask = {
        .symbol = STR("BTCUSDT"), .interval = USEC_PER_HOUR, .limit = 10};
    int count;
    assert_ok(store_view_positions(s, out, &err), &err);
    assert_ok(store_view_approvals(s, out, &err), &err);
    assert_ok(store_view_workers(s, now, out, &err), &err);
    assert_ok(store_view_waiting(s, &waiting, &err), &err);
    assert_ok(store_view_status(s, now - USEC_PER_HOUR, now, &memo, &status, &err), &err);
    assert_ok(store_view_equity(s, 0, 0, 100, out, &err), &err);
    assert_ok(store_view_equity(s, now - USEC_PER_DAY, now, 100, out, &err), &err);
    assert_ok(store_candles(s, &ask, candles, &count, &err), &err);
    assert_ok(store_view_marks(s, &ask, out, &err), &err);
    assert_ok(store_view_levels(s, ask.symbol, out, &err), &err);
}

static void use_show(struct store *s, struct buf *out) {
    struct error err;
    for (show_kind k = 0; k <= SHOW_ALERTS; k++) {
        const struct show_query q = {.kind = k, .limit = 20, .now = now};
        if (k != SHOW_AUTHORS) assert_ok(store_show_json(s, &q, out, &err), &err);
    }
}

static void use_work(struct store *s) {
    struct error err;
    struct unfinished q = {.read_too = true, .since = now - 10 * USEC_PER_MIN, .before = now};
    struct left_post *left;
    int count;
    int64_t ids[] = {1, 2, POSTS}, stored, read;
    bool done[COUNT_OF(ids)], found;
    usec oldest;
    assert_ok(store_posts_unfinished(s, &arena, &q, 64, &left, &count, &err), &err);
    assert_ok(store_posts_left(s, now - 10 * USEC_PER_MIN, &stored, &read, &oldest, &err), &err);
    assert_ok(store_posts_done(s, ids, COUNT_OF(ids), done, &err), &err);
    assert_ok(store_has_post(s, 3, &found, &err), &err);
}

/* -- what the server did ----------------------------------------------------------------------- */

static const char *const large[] = {"tweets", "signals", "trades",  "orders",   "fills",
                                    "ledger", "equity",  "candles", "audit_log"};

/* "...(actual rows=12 loops=3)": so many in all; -1: this is no node. */
static double rows_of(const char *line) {
    const char *const at = strstr(line, "(actual rows=");
    double rows = 0, loops = 0;
    if (at == NULL || sscanf(at, "(actual rows=%lf loops=%lf)", &rows, &loops) != 2) return -1;
    return rows * loops;
}

static bool reads_all(const char *line) {
    const char *at = strstr(line, "Seq Scan on ");
    if (at == NULL || strstr(at, "(never executed)") != NULL) return false;
    at += strlen("Seq Scan on ");
    for (int i = 0; i < COUNT_OF(large); i++) {
        const size_t n = strlen(large[i]);
        if (strncmp(at, large[i], n) == 0 && at[n] == ' ') return true;
    }
    return false;
}

struct plans {
    FILE *log;
    int statements, bad;
    char query[LINE_BYTES], line[LINE_BYTES];
};

/* Reads on in the log. most: rows that a node may go through. */
static void judge(struct plans *p, double most) {
    bool told = false;
    while (fgets(p->line, sizeof p->line, p->log) != NULL) {
        const char *const query = strstr(p->line, "Query Text: ");
        double rows = rows_of(p->line), removed = 0;
        if (query != NULL) {
            snprintf(p->query, sizeof p->query, "%s", query);
            p->statements++;
            told = false;
        }
        const char *const filter = strstr(p->line, "Rows Removed by Filter: ");
        if (filter != NULL && sscanf(filter, "Rows Removed by Filter: %lf", &removed) != 1)
            removed = 0;
        if (!reads_all(p->line) && rows <= most && removed <= most) continue;
        if (!told) print_error("%s", p->query);
        print_error("    %s", p->line);
        told = true;
        p->bad++;
    }
    clearerr(p->log);
}

static void open_log(struct plans *p) {
    char path[96];
    snprintf(path, sizeof path, "%s/log", server.dir);
    p->log = fopen(path, "r");
    assert_non_null(p->log);
    assert_int_equal(fseek(p->log, 0, SEEK_END), 0);
}

static void test_no_page_reads_a_large_table(void **state) {
    static struct plans p;
    struct store *s = open_url(STORE_READ);
    struct buf out;
    (void)state;
    open_log(&p);
    buf_init(&out, 16 << 20);
    for (int i = 0; i < ROUNDS; i++) {
        use_lists(s, &out);
        use_one_by_one(s, &out);
        use_show(s, &out);
        buf_clear(&out);
    }
    judge(&p, VIEW_WALK_MAX + 2);
    assert_true(p.statements > ROUNDS * 80);
    /* these add up what is of a day, or of all trades: by an index, and no other rows */
    for (int i = 0; i < ROUNDS; i++) {
        use_the_rest(s, &out);
        use_work(s);
        buf_clear(&out);
    }
    judge(&p, DAY_MOST);
    assert_int_equal(p.bad, 0);
    fclose(p.log);
    buf_fini(&out);
    store_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_page_reads_a_large_table)};
    arena_open(&arena, 256 << 20);
    pg_server_start(&server);
    store_close(open_url(STORE_WRITE));
    fill_work();
    fill_rest();
    pg_server_sql(&server, "plans", "VACUUM (ANALYZE)");
    pg_server_sql(&server, "public",
                  "ALTER ROLE " PG_SERVER_USER " SET session_preload_libraries = 'auto_explain'; "
                  "ALTER ROLE " PG_SERVER_USER " SET auto_explain.log_min_duration = 0; "
                  "ALTER ROLE " PG_SERVER_USER " SET auto_explain.log_analyze = on; "
                  "ALTER ROLE " PG_SERVER_USER " SET auto_explain.log_timing = off");
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_server_stop(&server);
    return failed;
}
