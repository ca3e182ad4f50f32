/* What the API shows of a store with rows: each view's members, its filters, its pages, and that no
 * list looks at all posts. */
#include <unistd.h>

#include "../contract/rows_make.c"
#include "apikit.h"
#include "run/run.h"
#include "store/candles.h"
#include "store/sqlite_int.h"
#include "store/views.h"
#include "store/workers.h"

#define DAY USEC_PER_DAY
#define POSTS 25

static struct apikit k;
static struct api_core *core;
static struct api_answer answer;
static struct actions *acts;
static struct rng rng;
static usec now;
static str accepts; /* Accept-Encoding */

static int begin(void **state) {
    (void)state;
    apikit_begin(&k);
    api_answer_init(&answer);
    acts = calloc(1, sizeof *acts);
    rng_init(&rng, 17);
    core = NULL;
    accepts = (str){0};
    now = time_wall_us();
    return 0;
}

static int end(void **state) {
    (void)state;
    api_core_close(core);
    api_answer_fini(&answer);
    free(acts);
    apikit_end(&k);
    return 0;
}

/* --- asking --------------------------------------------------------------------------------- */

static void get(const char *target) {
    struct error err;
    const struct api_route *route;
    struct api_identity who;
    if (core == NULL) assert_ok(api_core_open(&k.boot, &k.opt, &core, &err), &err);
    struct api_head h = {.method = STR("GET"),
                         .target = str_from_z(target),
                         .host = STR("127.0.0.1"),
                         .accept_encoding = accepts,
                         .client = {.loopback = true}};
    str query = h.target, path;
    api_answer_fini(&answer);
    api_answer_init(&answer);
    if (!api_admit(core, &h, now, time_monotonic_us(), &route, &who, &answer))
        fail_msg("%s: %s", target, buf_z(&answer.body));
    if (!str_cut(&query, '?', &path)) path = h.target;
    const struct api_request rq = {
        .method = h.method, .path = path, .query = query, .head = h, .who = who, .now = now};
    api_handle(core, route, &rq, &answer);
}

static void shows(const char *what) {
    if (strstr(buf_z(&answer.body), what) == NULL)
        fail_msg("no %s in %s", what, buf_z(&answer.body));
}

static void lacks(const char *what) {
    if (strstr(buf_z(&answer.body), what) != NULL)
        fail_msg("%s is in %s", what, buf_z(&answer.body));
}

static int count_of(const char *what) {
    int n = 0;
    for (const char *p = buf_z(&answer.body); (p = strstr(p, what)) != NULL; p += strlen(what)) n++;
    return n;
}

/* The member next of the answer; false: null. */
static bool next_of(char *ret, size_t bytes) {
    const char *p = strstr(buf_z(&answer.body), "\"next\":");
    assert_non_null(p);
    p += 7;
    if (strncmp(p, "null", 4) == 0) return false;
    const size_t n = strcspn(p + 1, "\"");
    assert_true(n < bytes);
    memcpy(ret, p + 1, n);
    ret[n] = '\0';
    return true;
}

/* --- rows ----------------------------------------------------------------------------------- */

static void turn(void) {
    struct error err;
    assert_ok(store_begin(k.store, true, &err), &err);
    assert_ok(store_apply(k.store, acts, &err), &err);
    assert_ok(store_commit(k.store, &err), &err);
    acts->count = 0;
}

struct given {
    int64_t id;
    const char *text, *author, *symbol;
    usec at;
    int score;
    reason outcome;
};

static void put_post(const struct given *g) {
    static struct post posts[64];
    static struct reading readings[64];
    static int used;
    struct post *const p = &posts[used % 64];
    struct reading *const r = &readings[used++ % 64];
    make_reading(&rng, g->id, p, r);
    p->created_at = p->received_at = g->at;
    if (g->text) p->text = str_from_z(g->text);
    if (g->author) p->username = str_from_z(g->author);
    if (g->symbol == NULL)
        r->mention_count = 0;
    else
        snprintf(r->mentions[0].symbol, sizeof r->mentions[0].symbol, "%s", g->symbol);
    struct action *const a = add_action(acts, ACTION_PUT_POST);
    a->u.post.reading = r;
    a->u.post.signal_score = g->score;
    a->u.post.outcome = g->outcome;
}

static struct signal *put_signal(int64_t id, int64_t tweet_id, const char *symbol, int score,
                                 verdict v, reason why) {
    struct signal *const s = &add_action(acts, ACTION_PUT_SIGNAL)->u.signal;
    *s = (struct signal){.id = id,
                         .tweet_id = tweet_id,
                         .root_id = tweet_id,
                         .cluster_id = tweet_id,
                         .author = "x:7",
                         .side = SIDE_LONG,
                         .score = score,
                         .base_score = score,
                         .verdict = v,
                         .reason = why,
                         .posted_at = now - 60 * USEC_PER_S,
                         .created_at = now - 59 * USEC_PER_S,
                         .expires_at = now + 60 * USEC_PER_S};
    snprintf(s->symbol, sizeof s->symbol, "%s", symbol);
    s->parts_bp[PART_CONFIDENCE] = 9800;
    return s;
}

static struct trade *put_trade(int64_t id, int64_t tweet_id, const char *symbol, trade_status st,
                               int64_t pnl_e8) {
    struct trade *const t = &add_action(acts, ACTION_PUT_TRADE)->u.trade;
    *t = (struct trade){.id = id,
                        .tweet_id = tweet_id,
                        .root_id = id,
                        .cluster_id = id,
                        .author = "x:7",
                        .strategy = "post",
                        .side = SIDE_LONG,
                        .leverage = 1,
                        .quantity = qty_from_e8(25 * E8),
                        .entry_price = price_from_e8(E8 / 2),
                        .stop_loss = price_from_e8(E8 / 4),
                        .take_profit = price_from_e8(E8),
                        .status = st,
                        .pnl = money_from_e8(pnl_e8),
                        .created_at = now - 50 * USEC_PER_S,
                        .entered_at = now - 49 * USEC_PER_S,
                        .closed_at = st == TRADE_CLOSED ? now - 10 * USEC_PER_S : 0,
                        .recv_window = USEC_PER_S,
                        .generation = 1};
    snprintf(t->symbol, sizeof t->symbol, "%s", symbol);
    return t;
}

static void put_audit(usec at, const char *action, const char *entity, int64_t entity_id,
                      int64_t trade_id, const char *detail) {
    struct audit *const a = &add_action(acts, ACTION_AUDIT)->u.audit;
    *a = (struct audit){.at = at, .actor = "program", .entity_id = entity_id, .trade_id = trade_id};
    snprintf(a->action, sizeof a->action, "%s", action);
    snprintf(a->entity, sizeof a->entity, "%s", entity);
    snprintf(a->detail, sizeof a->detail, "%s", detail);
}

/* A day on which one post was traded, one refused, one was about no coin. */
static void put_day(void) {
    static const struct given posts[] = {
        {.id = 1, .text = "nothing here", .author = "bob", .outcome = REASON_NO_COIN},
        {.id = 2,
         .text = "50% off_ \"DOGE\"",
         .author = "Alice",
         .symbol = "DOGEUSDT",
         .score = 90},
        {.id = -3, .text = "btc down", .author = "bob", .symbol = "BTCUSDT", .score = 40},
    };
    for (int i = 0; i < COUNT_OF(posts); i++) {
        struct given g = posts[i];
        g.at = now - (60 - i) * USEC_PER_S;
        put_post(&g);
    }
    put_signal(10, 2, "DOGEUSDT", 90, VERDICT_TRADED, REASON_NONE)->trade_id = 11;
    put_signal(12, -3, "BTCUSDT", 40, VERDICT_REFUSED, REASON_BELOW_THRESHOLD);
    put_signal(13, -3, "ETHUSDT", 80, VERDICT_WAITING, REASON_NONE)->wants_approval = true;
    put_trade(11, 2, "DOGEUSDT", TRADE_OPEN, 0)->signal_id = 10;
    put_trade(14, 1, "BTCUSDT", TRADE_CLOSED, -3 * E8);
    put_trade(15, 1, "BTCUSDT", TRADE_CLOSED, 5 * E8);
    struct position *const p = &add_action(acts, ACTION_PUT_POSITION)->u.position;
    *p = (struct position){.trade_id = 11,
                           .symbol = "DOGEUSDT",
                           .size = qty_from_e8(25 * E8),
                           .avg_entry = price_from_e8(E8 / 2),
                           .leverage = 1,
                           .updated_at = now};
    turn();
}

/* --- posts ---------------------------------------------------------------------------------- */

static void test_an_empty_store_has_empty_lists(void **state) {
    (void)state;
    static const struct {
        const char *target, *body;
    } cases[] = {
        {"/api/tweets", "{\"tweets\":[],\"next\":null}\n"},
        {"/api/signals", "{\"signals\":[],\"next\":null}\n"},
        {"/api/trades", "{\"trades\":[],\"next\":null}\n"},
        {"/api/positions", "{\"positions\":[]}\n"},
        {"/api/approvals", "{\"approvals\":[]}\n"},
        {"/api/workers", "{\"workers\":[]}\n"},
        {"/api/gaps", "{\"gaps\":[],\"next\":null}\n"},
        {"/api/authors", "{\"authors\":[],\"next\":null}\n"},
        {"/api/audit", "{\"audit\":[],\"next\":null}\n"},
        {"/api/dead_letters", "{\"dead_letters\":[],\"next\":null}\n"},
        {"/api/equity", "{\"points\":[]}\n"},
        {"/api/candles?symbol=btcusdt&interval=4H",
         "{\"symbol\":\"BTCUSDT\",\"interval\":\"4h\",\"candles\":[],\"marks\":[],"
         "\"levels\":[]}\n"},
        {"/api/audit/verify",
         "{\"valid\":true,\"rows\":0,\"pruned\":0,\"first_bad_id\":null,\"detail\":null}\n"}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        get(cases[i].target);
        assert_int_equal(answer.status, 200);
        assert_string_equal(buf_z(&answer.body), cases[i].body);
    }
    get("/api/status");
    shows("\"mode\":null");
    shows("\"equity\":null");
    get("/api/metrics");
    shows("\"win_rate\":null,\"average_win\":null");
    get("/api/tweet?id=1");
    assert_int_equal(answer.status, 404);
    get("/api/trade?id=1");
    assert_int_equal(answer.status, 404);
}

static void test_a_post_has_its_signals(void **state) {
    (void)state;
    put_day();
    get("/api/tweets");
    assert_int_equal(count_of("\"source_id\":"), 3);
    shows("{\"id\":\"2\",\"source\":\"x\",\"source_id\":\"1\",\"username\":\"Alice\","
          "\"author_id\":\"44196397\",\"text\":\"50% off_ \\\"DOGE\\\"\",\"lang\":\"en\"");
    shows("\"mentions\":[{\"symbol\":\"DOGEUSDT\",\"confidence\":0.9500,\"polarity\":-0.0125,"
          "\"reason\":\"name\",\"begin\":0,\"end\":8}],\"signals\":[{\"id\":\"10\",\"symbol\":"
          "\"DOGEUSDT\",\"side\":\"LONG\",\"score\":90,\"verdict\":\"traded\",\"reason\":null,"
          "\"trade_id\":\"11\"}]");
    shows("\"outcome\":\"NO_COIN\",\"mentions\":[],\"signals\":[]");
    assert_true(strstr(buf_z(&answer.body), "btc down") < strstr(buf_z(&answer.body), "off_"));
}

static void test_filters_of_posts(void **state) {
    (void)state;
    put_day();
    static const struct {
        const char *query;
        int posts;
    } cases[] = {{"symbol=DOGEUSDT", 1},
                 {"symbol=dogeusdt", 1},
                 {"symbol=DOGE", 0},
                 {"author=alice", 1},
                 {"author=%40bob", 2},
                 {"author=bob&symbol=BTCUSDT", 1},
                 {"author=carol", 0},
                 {"source=x", 3},
                 {"source=bsky", 0},
                 {"label=positive", 3},
                 {"label=negative", 0},
                 {"outcome=NO_COIN", 1},
                 {"min_score=40", 2},
                 {"min_score=41", 1},
                 {"missed=true", 0},
                 {"missed=false", 3},
                 {"q=DOWN", 1},
                 {"q=%25", 1},
                 {"q=f_", 1},
                 {"q=n_t", 0},
                 {"q=%22doge", 1},
                 {"limit=2", 2}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        char target[96];
        snprintf(target, sizeof target, "/api/tweets?%s", cases[i].query);
        get(target);
        assert_int_equal(answer.status, 200);
        if (count_of("\"source_id\":") != cases[i].posts)
            fail_msg("%s: %s", target, buf_z(&answer.body));
    }
}

static void test_wrong_parameters_are_named(void **state) {
    (void)state;
    static const struct {
        const char *target, *names;
    } cases[] = {
        {"/api/tweets?limit=0", "limit: "},
        {"/api/tweets?limit=201", "limit: "},
        {"/api/cost?days=x", "days: "},
        {"/api/tweets?limit=x", "limit: "},
        {"/api/tweets?limit=5&limit=6", "limit: "},
        {"/api/tweets?before=x", "before: "},
        {"/api/tweets?before=1", "before: "},
        {"/api/tweets?before=-", "before: "},
        {"/api/tweets?label=glad", "label: "},
        {"/api/tweets?missed=1", "missed: "},
        {"/api/tweets?min_score=101", "min_score: "},
        {"/api/tweets?symbol=A-B", "symbol: "},
        {"/api/tweets?author=", "author: "},
        {"/api/tweets?q=%zz", "q: "},
        {"/api/tweets?colour=red", "colour: "},
        {"/api/tweet", "id: "},
        {"/api/tweet?id=a", "id: "},
        {"/api/trades?status=GONE", "status: "},
        {"/api/trades?verdict=traded", "verdict: "},
        {"/api/signals?verdict=maybe", "verdict: "},
        {"/api/signals?side=UP", "side: "},
        {"/api/positions?limit=1", "limit: "},
        {"/api/equity?points=9", "points: "},
        {"/api/equity?from=yesterday", "from: "},
        {"/api/equity?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from: "},
        {"/api/candles", "symbol: "},
        {"/api/candles?symbol=A-B", "symbol: "},
        {"/api/candles?symbol=BTCUSDT&interval=2m", "interval: "},
        {"/api/candles?symbol=BTCUSDT&limit=1001", "limit: "},
        {"/api/candles?symbol=BTCUSDT&to=soon", "to: "},
        {"/api/candles?symbol=BTCUSDT&before=1-2", "before: "},
        {"/api/candles?symbol=BTCUSDT&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from: "},
        {"/api/funnel?since=24", "since: "},
        {"/api/funnel?since=-1h", "since: "},
        {"/api/dead_letters?status=alive", "status: "},
        {"/api/authors?before=1-2", "before: "},
        {"/api/authors?before=1-2-x", "before: "},
        {"/api/audit?who=me", "who: "}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        get(cases[i].target);
        if (answer.status != 400) fail_msg("%s is taken", cases[i].target);
        char want[96];
        const int name = (int)strlen(cases[i].names) - 2;
        snprintf(want, sizeof want, "\"field\":\"%.*s\",\"detail\":\"%s", name, cases[i].names,
                 cases[i].names);
        shows(want);
    }
}

static void test_a_pair_that_nobody_lists_is_not_found(void **state) {
    (void)state;
    static struct symbol listed[] = {
        {.name = "ETHUSDT", .base = "ETH", .quote = "USDT", .trading = true}};
    static const struct symbols table = {listed, 1};
    const struct kept_candle candle = {.open_at = USEC_PER_MIN,
                                       .open = price_from_e8(E8),
                                       .high = price_from_e8(E8),
                                       .low = price_from_e8(E8),
                                       .close = price_from_e8(E8)};
    struct error err;
    k.opt.symbols = &table;
    get("/api/candles?symbol=XYZUSDT");
    assert_int_equal(answer.status, 404);
    shows("\"code\":\"NOT_FOUND\",\"field\":\"symbol\"");
    get("/api/candles?symbol=ETHUSDT");
    assert_int_equal(answer.status, 200);
    assert_ok(store_begin(k.store, true, &err), &err);
    assert_ok(store_candle_put(k.store, STR("OLDUSDT"), &candle, &err), &err);
    assert_ok(store_commit(k.store, &err), &err);
    get("/api/candles?symbol=OLDUSDT&from=2026-01-01T00:00:00Z"); /* of the past, and kept */
    assert_int_equal(answer.status, 200);
}

static void test_the_status_tells_of_a_replay(void **state) {
    (void)state;
    struct run_told told = {.speed_e8 = 60 * E8};
    get("/api/status");
    shows("\"replay\":null");
    api_core_close(core);
    core = NULL;
    k.opt.replay = &told;
    get("/api/status");
    shows("\"replay\":{\"speed\":60,\"ended\":false}");
    api_core_close(core);
    core = NULL;
    told.speed_e8 = RUN_SPEED_MAX;
    atomic_store(&told.ended_at, now);
    get("/api/status");
    shows("\"replay\":{\"speed\":null,\"ended\":true}");
}

/* Rows that come between two pages are on neither, and nothing that was there is left out. */
static void test_pages_stay_right_while_rows_arrive(void **state) {
    (void)state;
    char next[64], target[128];
    bool seen[POSTS + 1] = {false};
    /* of one moment, and with ids that are in no order */
    for (int i = 1; i <= POSTS; i++)
        put_post(&(struct given){
            .id = i % 3 ? i : -i, .at = now - (i / 4) * USEC_PER_S, .outcome = REASON_NO_COIN});
    turn();
    get("/api/tweets?limit=4");
    for (int page = 0;; page++) {
        for (int i = 1; i <= POSTS; i++) {
            char id[32];
            snprintf(id, sizeof id, "{\"id\":\"%d\"", i % 3 ? i : -i);
            const int n = count_of(id);
            assert_true(n == 0 || !seen[i]);
            seen[i] |= n > 0;
        }
        assert_int_equal(count_of("{\"id\":\"1000"), 0);
        if (!next_of(next, sizeof next)) break;
        put_post(&(struct given){.id = 1000 + page, .at = now, .outcome = REASON_NO_COIN});
        turn();
        snprintf(target, sizeof target, "/api/tweets?limit=4&before=%s", next);
        get(target);
    }
    for (int i = 1; i <= POSTS; i++) assert_true(seen[i]);
}

static void test_a_trace_tells_each_step_with_its_time(void **state) {
    (void)state;
    put_day();
    put_audit(now - 50 * USEC_PER_S, "intent", "trade", 11, 11, "LONG DOGEUSDT qty 25 score 90");
    put_audit(now - 50 * USEC_PER_S, "move", "order", 20, 11, "entry DOGEUSDT new>sent");
    put_audit(now - 49 * USEC_PER_S, "move", "order", 20, 11, "entry DOGEUSDT sent>unknown");
    put_audit(now - 48 * USEC_PER_S, "fill", "fill", 22, 11, "BUY 25 DOGEUSDT at 0.5");
    put_audit(now - 48 * USEC_PER_S, "move", "order", 20, 11, "entry DOGEUSDT unknown>filled");
    put_audit(now - 9 * USEC_PER_S, "close", "trade", 11, 11, "CLOSED TARGET pnl 1");
    struct order *const o = &add_action(acts, ACTION_PUT_ORDER)->u.order;
    make_order(&rng, o);
    o->id = 20;
    o->trade_id = 11;
    struct fill *const f = &add_action(acts, ACTION_PUT_FILL)->u.fill;
    *f = (struct fill){.id = 22,
                       .trade_id = 11,
                       .order_id = 20,
                       .symbol = "DOGEUSDT",
                       .side = ORDER_BUY,
                       .leg = LEG_ENTRY,
                       .qty = qty_from_e8(25 * E8),
                       .price = price_from_e8(E8 / 2),
                       .quote = money_from_e8(12 * E8),
                       .fee_asset = "USDT",
                       .at = now - 48 * USEC_PER_S};
    turn();
    get("/api/tweet?id=2");
    static const char *const steps[] = {"posted", "received",     "stored", "judged", "intent",
                                        "sent",   "acknowledged", "filled", "closed"};
    const char *at = strstr(buf_z(&answer.body), "\"trace\":");
    for (int i = 0; i < COUNT_OF(steps); i++) {
        char want[48];
        if (strcmp(steps[i], "stored") == 0) continue; /* now, by the wall: it comes last */
        snprintf(want, sizeof want, "{\"step\":\"%s\"", steps[i]);
        const char *const found = at ? strstr(at, want) : NULL;
        if (found == NULL) fail_msg("%s is not where it should be: %s", want, at);
        at = found;
    }
    assert_int_equal(count_of("\"step\":\"acknowledged\""), 1);
    shows("\"step\":\"filled\"");
    shows("\"what\":\"BUY 25 DOGEUSDT at 0.5\",\"order_id\":\"20\",\"trade_id\":\"11\"");
    shows("\"parts\":{\"confidence\":0.9800");
    get("/api/trade?id=11");
    shows("\"post\":{\"id\":\"2\"");
    shows("\"signal\":{\"id\":\"10\"");
    shows("\"orders\":[{\"id\":\"20\"");
    shows("\"fills\":[{\"id\":\"22\"");
    assert_int_equal(count_of("\"action\":"), 6);
    get("/api/trade?id=14");
    shows("\"signal\":null,\"orders\":[],\"fills\":[],\"audit\":[]}");
}

/* --- signals, trades and the rest ----------------------------------------------------------- */

static void test_filters_of_signals_and_trades(void **state) {
    (void)state;
    put_day();
    static const struct {
        const char *target;
        int rows;
    } cases[] = {{"/api/signals", 3},
                 {"/api/signals?symbol=BTCUSDT", 1},
                 {"/api/signals?verdict=refused", 1},
                 {"/api/signals?reason=below_threshold", 1},
                 {"/api/signals?reason=STALE", 0},
                 {"/api/signals?side=SHORT", 0},
                 {"/api/signals?min_score=80", 2},
                 {"/api/signals?symbol=DOGEUSDT&verdict=refused", 0},
                 {"/api/trades", 3},
                 {"/api/trades?status=open", 1},
                 {"/api/trades?status=CLOSED&symbol=BTCUSDT", 2},
                 {"/api/trades?side=SHORT", 0},
                 {"/api/approvals", 1},
                 {"/api/positions", 1}};
    for (int i = 0; i < COUNT_OF(cases); i++) {
        get(cases[i].target);
        assert_int_equal(answer.status, 200);
        if (count_of("\"symbol\":") != cases[i].rows)
            fail_msg("%s: %s", cases[i].target, buf_z(&answer.body));
    }
    get("/api/trades?status=open");
    shows("{\"id\":\"11\",\"tweet_id\":\"2\",\"symbol\":\"DOGEUSDT\",\"side\":\"LONG\","
          "\"leverage\":1,\"quantity\":\"25\",\"entry_price\":\"0.5\",\"stop_loss\":\"0.25\","
          "\"take_profit\":\"1\",\"status\":\"OPEN\",\"pnl\":\"0\"");
    shows("\"signal_id\":\"10\",\"strategy\":\"post\",\"closed_reason\":null");
    shows("\"username\":\"Alice\"");
    get("/api/positions");
    shows("\"side\":\"LONG\",\"size\":\"25\",\"avg_entry\":\"0.5\",\"leverage\":1,\"stop_loss\":"
          "\"0.25\",\"take_profit\":\"1\"");
    get("/api/approvals");
    shows("\"symbol\":\"ETHUSDT\"");
    shows("\"text\":\"btc down\"");
}

static void execute(const char *sql) {
    sqlite3 *const db = ((struct sqlite_store *)k.store)->db;
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", sql, why);
}

static void test_what_is_held_is_worth_what_was_seen_last(void **state) {
    (void)state;
    struct error err;
    const usec minute = now - now % USEC_PER_MIN;
    put_day();
    struct equity_sample *const e = &add_action(acts, ACTION_PUT_EQUITY)->u.equity;
    *e = (struct equity_sample){.at = minute - 30 * USEC_PER_MIN,
                                .equity = money_from_e8(100 * E8),
                                .unrealized = money_from_e8(3 * E8)};
    add_action(acts, ACTION_PUT_ACCOUNT)->u.account = (struct account){
        .start = money_from_e8(100 * E8), .realized = money_from_e8(2 * E8), .install = "0000"};
    turn();
    execute("UPDATE trades SET held = 2500000000, basis = 1250000000 WHERE id = 11");
    execute("UPDATE positions SET updated_at = 1, unrealized_pnl = 7");
    const struct kept_candle c = {.open_at = minute,
                                  .open = price_from_e8(E8 / 2),
                                  .high = price_from_e8(E8 / 2),
                                  .low = price_from_e8(E8 / 4),
                                  .close = price_from_e8(E8 / 4)};
    assert_ok(store_begin(k.store, true, &err), &err);
    assert_ok(store_candle_put(k.store, STR("DOGEUSDT"), &c, &err), &err);
    assert_ok(store_commit(k.store, &err), &err);
    get("/api/positions"); /* 25 at 0.25, that cost 12.5 */
    shows("\"unrealized_pnl\":\"-6.25\"");
    get("/api/status"); /* 100 + 2 - 6.25 */
    shows("\"equity\":\"95.75\"");
    get("/api/equity?points=10");
    shows("\"equity\":\"95.75\",\"cash\":");
    execute("UPDATE positions SET size = -size"); /* a short one wins what a long one loses */
    do get("/api/positions");                     /* an answer is kept for five milliseconds */
    while (count_of("\"side\":\"SHORT\"") == 0);
    shows("\"unrealized_pnl\":\"6.25\"");
}

static void test_dead_letters_have_their_history_and_are_asked_for_by_what_they_are(void **state) {
    (void)state;
    struct error err;
    int64_t id;
    for (int i = 0; i < 3; i++) {
        const struct dead_letter d = {.source = i == 0 ? STR("bluesky") : STR("x"),
                                      .kind = i == 2 ? STR("job") : STR("post"),
                                      .payload = STR("{"),
                                      .error = STR("no JSON"),
                                      .attempts = 1,
                                      .first_at = 1000000,
                                      .last_at = 2000000,
                                      .who = STR("bot:1:ingest"),
                                      .post_id = i};
        assert_ok(store_dead_put(k.store, &d, &id, &err), &err);
    }
    get("/api/dead_letters");
    assert_int_equal(count_of("\"payload\":"), 3);
    shows("\"status\":\"dead\",\"came_at\":\"1970-01-01T00:00:02.000000Z\",\"post_id\":\"2\","
          "\"history\":[{\"at\":\"1970-01-01T00:00:02.000000Z\",\"who\":\"bot:1:ingest\","
          "\"error\":\"no JSON\"}]");
    shows("\"post_id\":null");
    get("/api/dead_letters?kind=post");
    assert_int_equal(count_of("\"payload\":"), 2);
    get("/api/dead_letters?kind=post&source=x");
    assert_int_equal(count_of("\"payload\":"), 1);
    get("/api/dead_letters?source=x&status=retried");
    assert_int_equal(count_of("\"payload\":"), 0);
}

static void test_numbers_add_up(void **state) {
    (void)state;
    put_day();
    for (int i = 0; i < 100; i++) {
        struct equity_sample *const e = &add_action(acts, ACTION_PUT_EQUITY)->u.equity;
        *e = (struct equity_sample){.at = now - (100 - i) * USEC_PER_S,
                                    .equity = money_from_e8((i % 2 ? 100 : 90) * E8),
                                    .cash = money_from_e8(i * E8),
                                    .drawdown_bp = 150};
    }
    turn();
    get("/api/metrics");
    shows("\"pnl\":{\"today\":\"2\",\"week\":\"2\",\"month\":\"2\"");
    shows(
        "\"trades\":{\"total\":3,\"open\":1,\"closed\":2,\"won\":1,\"lost\":1,\"win_rate\":0.5000,"
        "\"average_win\":\"5\",\"average_loss\":\"-3\",\"best\":\"5\",\"worst\":\"-3\"}");
    shows("\"equity\":\"100\",\"drawdown\":0.0150");
    shows("\"by_symbol\":[{\"symbol\":\"BTCUSDT\",\"trades\":2,\"won\":1,\"pnl\":\"2\"");
    shows("\"by_author\":[{\"author\":\"x:7\",\"username\":null,\"trades\":2");
    get("/api/equity?points=10");
    assert_int_equal(count_of("\"at\":"), 10);
    assert_int_equal(count_of("\"minimum\":\"90\",\"maximum\":\"100\""), 10);
    shows("\"cash\":\"99\"");
    get("/api/status");
    shows("\"posts_today\":3,\"signals_today\":3,\"trades_today\":3,\"open_positions\":1,"
          "\"waiting\":1,\"dead_letters\":0");
    get("/api/funnel?since=1h");
    shows("\"threshold\":70,\"posts\":3,\"linked\":2,\"scored\":2,\"over_threshold\":2,"
          "\"traded\":1,\"refused\":[{\"reason\":\"BELOW_THRESHOLD\",\"text\":\"score under "
          "trading.signal_threshold\",\"count\":1}],\"not_scored\":[{\"outcome\":\"NO_COIN\",");
}

static void test_authors_are_paged_by_their_record(void **state) {
    (void)state;
    char next[128], target[160];
    for (int i = 0; i < 7; i++) {
        struct author *const a = &add_action(acts, ACTION_PUT_AUTHOR)->u.author;
        *a = (struct author){.posts = 1 + i % 2, .last_post_at = now};
        snprintf(a->key, sizeof a->key, "x:%d", i);
    }
    turn();
    get("/api/authors?limit=3");
    int seen = count_of("\"key\":");
    shows("\"authors\":[{\"key\":\"x:1\",\"username\":null,\"posts\":2,\"signals\":0");
    while (next_of(next, sizeof next)) {
        snprintf(target, sizeof target, "/api/authors?limit=3&before=%s", next);
        get(target);
        seen += count_of("\"key\":");
    }
    assert_int_equal(seen, 7);
    shows("\"key\":\"x:6\"");
}

static void test_an_author_has_what_came_of_him_and_what_is_set_for_him(void **state) {
    (void)state;
    put_day();
    struct author *const a = &add_action(acts, ACTION_PUT_AUTHOR)->u.author;
    *a = (struct author){.posts = 4, .last_post_at = now, .last_trade_at = USEC_PER_S};
    memcpy(a->key, "x:7", 4);
    memcpy(a->username, "Alice", 6);
    turn();
    apikit_config(&k)->trading_cooldown_author_s = 60;
    get("/api/author?id=x:7");
    shows("{\"key\":\"x:7\",\"username\":\"Alice\",\"posts\":4");
    shows("\"rests_until\":\"1970-01-01T00:01:01.000000Z\",\"trades\":3,\"pnl\":\"2\"");
    shows("\"terms\":{\"listed\":false,\"muted\":false,\"stranger\":false,\"weight\":1.0000}}");
    get("/api/author?id=@alice"); /* by name */
    shows("{\"key\":\"x:7\"");
    get("/api/authors?q=LIC");
    assert_int_equal(count_of("\"key\":"), 1);
    shows("\"trades\":3,\"pnl\":\"2\"");
    get("/api/authors?q=x:7");
    assert_int_equal(count_of("\"key\":"), 1);
    get("/api/authors?q=bob");
    assert_int_equal(count_of("\"key\":"), 0);
    get("/api/author?id=x:8");
    assert_int_equal(answer.status, 404);
    get("/api/author");
    assert_int_equal(answer.status, 400);
}

static void test_an_answer_is_never_older_than_the_store_for_long(void **state) {
    (void)state;
    put_day();
    get("/api/tweets?limit=1");
    lacks("\"id\":\"77\"");
    put_post(&(struct given){.id = 77, .at = now, .outcome = REASON_NO_COIN});
    turn();
    for (int i = 0; i < 20000 && strstr(buf_z(&answer.body), "\"id\":\"77\"") == NULL; i++) {
        usleep(1000);
        get("/api/tweets?limit=1");
    }
    shows("\"id\":\"77\"");
}

/* Who takes gzip and who does not get each their own, however often it was asked before. */
static void test_a_kept_answer_is_packed_for_those_only_who_take_it(void **state) {
    (void)state;
    char tags[2][64] = {{0}};
    put_day();
    for (int i = 0; i < 6; i++) {
        accepts = i % 2 ? STR("gzip") : (str){0};
        get("/api/tweets");
        const char *const tag = api_answer_header_get(&answer, "ETag");
        const char *const packed = api_answer_header_get(&answer, "Content-Encoding");
        assert_non_null(tag);
        assert_int_equal(packed != NULL, i % 2);
        assert_int_equal(str_starts(buf_str(&answer.body), STR("{\"tweets\":")), i % 2 == 0);
        if (i < 2)
            snprintf(tags[i], sizeof tags[i], "%s", tag);
        else
            assert_string_equal(tag, tags[i % 2]);
    }
    assert_string_not_equal(tags[0], tags[1]);
}

/* --- candles -------------------------------------------------------------------------------- */

#define HOUR_AT (INT64_C(494000) * USEC_PER_HOUR) /* 2026-05-10T08:00:00Z */

/* A minute of BTCUSDT; traded -1: not known. */
static void put_minute(int minute, int open, int high, int low, int close, int64_t traded) {
    struct error err;
    const struct kept_candle v = {.open_at = HOUR_AT + minute * USEC_PER_MIN,
                                  .open = price_from_e8(open * E8),
                                  .high = price_from_e8(high * E8),
                                  .low = price_from_e8(low * E8),
                                  .close = price_from_e8(close * E8),
                                  .has_volume = traded >= 0,
                                  .volume = volume_from_e8(i64_max(traded, 0) * E8)};
    assert_ok(store_begin(k.store, true, &err), &err);
    assert_ok(store_candle_put(k.store, STR("BTCUSDT"), &v, &err), &err);
    assert_ok(store_commit(k.store, &err), &err);
}

static void test_candles_are_made_of_their_minutes(void **state) {
    (void)state;
    struct error err;
    put_minute(0, 10, 12, 9, 11, 1);
    put_minute(1, 11, 15, 11, 14, 2);
    put_minute(4, 14, 14, 8, 9, 3);
    put_minute(5, 9, 10, 9, 10, -1);
    put_minute(6, 10, 11, 10, 11, 4);
    put_minute(60, 20, 20, 20, 20, 5);
    get("/api/candles?symbol=btcusdt&interval=5m");
    shows("{\"symbol\":\"BTCUSDT\",\"interval\":\"5m\",\"candles\":["
          "{\"at\":\"2026-05-10T08:00:00.000000Z\",\"open\":\"10\",\"high\":\"15\",\"low\":\"8\","
          "\"close\":\"9\",\"volume\":\"6\"},"
          "{\"at\":\"2026-05-10T08:05:00.000000Z\",\"open\":\"9\",\"high\":\"11\",\"low\":\"9\","
          "\"close\":\"11\",\"volume\":null},"
          "{\"at\":\"2026-05-10T09:00:00.000000Z\",\"open\":\"20\"");
    get("/api/candles?symbol=BTCUSDT");
    assert_int_equal(count_of("\"open\":"), 6);
    get("/api/candles?symbol=BTCUSDT&limit=2");
    assert_int_equal(count_of("\"open\":"), 2);
    shows("\"candles\":[{\"at\":\"2026-05-10T08:06:00.000000Z\"");
    get("/api/"
        "candles?symbol=BTCUSDT&interval=5m&from=2026-05-10T08:03:00Z&to=2026-05-10T08:05:30Z");
    assert_int_equal(count_of("\"open\":"), 2);
    shows("\"high\":\"15\"");
    get("/api/candles?symbol=BTCUSDT&interval=1d");
    shows("\"open\":\"10\",\"high\":\"20\",\"low\":\"8\",\"close\":\"20\",\"volume\":null}]");
    get("/api/candles?symbol=ETHUSDT");
    shows("\"candles\":[]");
    assert_ok(store_candles_prune(k.store, HOUR_AT + USEC_PER_HOUR, &err), &err);
    now += USEC_PER_DAY;
    get("/api/candles?symbol=BTCUSDT&interval=15m");
    assert_int_equal(count_of("\"open\":"), 1);
}

static void test_parts_of_a_minute_are_joined(void **state) {
    (void)state;
    put_minute(0, 10, 12, 9, 11, -1);
    put_minute(0, 11, 11, 7, 8, 6);
    put_minute(0, 8, 9, 8, 9, -1);
    get("/api/candles?symbol=BTCUSDT");
    shows("\"open\":\"10\",\"high\":\"12\",\"low\":\"7\",\"close\":\"9\",\"volume\":\"6\"}]");
}

static void put_fill(int64_t id, leg which, int64_t size, int64_t price_of, usec at) {
    struct fill *const f = &add_action(acts, ACTION_PUT_FILL)->u.fill;
    *f = (struct fill){.id = id,
                       .trade_id = 11,
                       .order_id = which == LEG_ENTRY ? 20 : 21,
                       .symbol = "DOGEUSDT",
                       .side = which == LEG_ENTRY ? ORDER_BUY : ORDER_SELL,
                       .leg = which,
                       .qty = qty_from_e8(size * E8),
                       .price = price_from_e8(price_of),
                       .quote = money_from_e8(E8),
                       .fee_asset = "USDT",
                       .at = at};
    snprintf(f->venue_trade_id, sizeof f->venue_trade_id, "%d", (int)id);
}

static void test_a_chart_has_posts_orders_and_levels(void **state) {
    (void)state;
    put_day();
    for (int i = 0; i < 2; i++) {
        struct order *const o = &add_action(acts, ACTION_PUT_ORDER)->u.order;
        make_order(&rng, o);
        o->id = 20 + i;
        o->trade_id = 11;
    }
    put_fill(30, LEG_ENTRY, 10, E8 / 2, now - 48 * USEC_PER_S);
    put_fill(31, LEG_ENTRY, 30, E8, now - 47 * USEC_PER_S);
    put_fill(32, LEG_STOP, 15, E8 / 4, now - 20 * USEC_PER_S);
    turn();
    get("/api/candles?symbol=DOGEUSDT");
    assert_int_equal(count_of("\"kind\":\"post\""), 1);
    shows("\"tweet_id\":\"2\",\"side\":\"LONG\",\"text\":\"50% off_ \\\"DOGE\\\"\"}");
    assert_int_equal(count_of("\"kind\":\"entry\""), 1);
    shows("\"kind\":\"entry\",\"price\":\"0.875\",\"trade_id\":\"11\",\"tweet_id\":\"2\","
          "\"side\":\"LONG\",\"text\":null}");
    shows("\"kind\":\"stop\",\"price\":\"0.25\",\"trade_id\":\"11\"");
    shows("\"levels\":[{\"price\":\"0.25\",\"kind\":\"stop\",\"trade_id\":\"11\"},"
          "{\"price\":\"1\",\"kind\":\"target\",\"trade_id\":\"11\"}]");
    get("/api/candles?symbol=BTCUSDT&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z");
    shows("\"marks\":[],\"levels\":[]");
}

/* --- how it is found ------------------------------------------------------------------------ */

/* Asks for everything, on a connection whose statements can be looked at. */
static void use_all_views(struct store *s) {
    struct error err;
    struct view_page page;
    struct view_status status;
    struct view_waiting waiting;
    struct view_said said;
    const struct view_author_ask authors = {.limit = 5};
    struct view_count memo = {0};
    struct view_author_place place;
    struct buf out;
    bool found;
    buf_init(&out, 1 << 20);
    for (int list = 0; list < VIEW_LIST_COUNT; list++)
        for (int i = 0; i < 4; i++) {
            struct view_ask ask = {.limit = 10, .min_score = -1, .missed = -1};
            const bool has_filter = list != VIEW_GAPS, has_key = list <= VIEW_TRADES;
            if (i > 0 && !has_filter) continue;
            if (i >= 2 && !has_key) continue;
            if (i % 2 == 1) ask.min_score = 1;
            if (i >= 2 && list == VIEW_TWEETS) ask.author = STR("bob");
            if (i >= 2 && list != VIEW_TWEETS) ask.symbol = STR("BTCUSDT");
            assert_ok(store_view_list(s, (view_list)list, &ask, &out, &page, &err), &err);
        }
    assert_ok(store_view_authors(s, &authors, &out, &found, &place, &err), &err);
    assert_ok(store_view_author(s, STR("x:7"), 1, &out, &found, &err), &err);
    assert_ok(store_view_tweet(s, 2, &out, &found, &err), &err);
    assert_ok(store_view_said(s, &k.boot, 2, &said, &found, &err), &err);
    assert_ok(store_view_trade(s, 11, &out, &found, &err), &err);
    assert_ok(store_view_positions(s, &out, &err), &err);
    assert_ok(store_view_approvals(s, &out, &err), &err);
    assert_ok(store_view_workers(s, now, &out, &err), &err);
    assert_ok(store_view_waiting(s, &waiting, &err), &err);
    assert_ok(store_view_status(s, now - DAY, now, &memo, &status, &err), &err);
    assert_ok(store_view_metrics(s, now, &out, &err), &err);
    assert_ok(store_view_equity(s, 0, 0, 10, &out, &err), &err);
    assert_ok(store_view_funnel(s, now - DAY, 70, &out, &err), &err);
    const struct candle_ask ask = {
        .symbol = STR("BTCUSDT"), .interval = USEC_PER_HOUR, .limit = 10};
    struct kept_candle candles[10];
    int count;
    assert_ok(store_candles(s, &ask, candles, &count, &err), &err);
    assert_ok(store_view_marks(s, &ask, &out, &err), &err);
    assert_ok(store_view_levels(s, ask.symbol, &out, &err), &err);
    assert_false(buf_full(&out));
    buf_fini(&out);
}

static void check_plan(sqlite3 *db, const char *sql) {
    char text[2048];
    sqlite3_stmt *st;
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", sql);
    if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK) fail_msg("%s", sql);
    const bool is_walk = strncmp(sql, "SELECT id, ", 11) == 0;
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *const plan = (const char *)sqlite3_column_text(st, 3);
        const bool scans = strncmp(plan, "SCAN tweets", 11) == 0 || strcmp(plan, "SCAN t") == 0 ||
                           strncmp(plan, "SCAN signals", 12) == 0 ||
                           (strncmp(plan, "SCAN audit_log", 14) == 0) ||
                           strcmp(plan, "SCAN a") == 0;
        const bool few =
            strstr(plan, "signals_waiting") != NULL || strstr(plan, "tweets_unfinished") != NULL;
        const bool sorts = is_walk && strstr(plan, "TEMP B-TREE") != NULL;
        if ((scans && !few) || sorts) fail_msg("%s: %s", plan, sql);
    }
    sqlite3_finalize(st);
}

static void test_no_view_looks_at_all_posts(void **state) {
    (void)state;
    struct error err;
    struct store *s;
    int walks = 0;
    put_day();
    assert_ok(apikit_open_store(&k, STORE_READ, &s, &err), &err);
    use_all_views(s);
    const struct sqlite_store *const lite = (const struct sqlite_store *)(const void *)s;
    for (int i = 0; i < SQLITE_STMTS_MAX; i++) {
        if (lite->stmts[i] == NULL) continue;
        check_plan(lite->db, lite->stmts[i]->text);
        walks += strncmp(lite->stmts[i]->text, "SELECT id, ", 11) == 0;
    }
    assert_int_equal(walks, 3 + 3 + 3 + 2 + 2 + 1);
    store_close(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_an_empty_store_has_empty_lists),
        T(test_a_post_has_its_signals),
        T(test_filters_of_posts),
        T(test_wrong_parameters_are_named),
        T(test_a_pair_that_nobody_lists_is_not_found),
        T(test_the_status_tells_of_a_replay),
        T(test_pages_stay_right_while_rows_arrive),
        T(test_a_trace_tells_each_step_with_its_time),
        T(test_filters_of_signals_and_trades),
        T(test_what_is_held_is_worth_what_was_seen_last),
        T(test_numbers_add_up),
        T(test_dead_letters_have_their_history_and_are_asked_for_by_what_they_are),
        T(test_candles_are_made_of_their_minutes),
        T(test_parts_of_a_minute_are_joined),
        T(test_a_chart_has_posts_orders_and_levels),
        T(test_authors_are_paged_by_their_record),
        T(test_an_author_has_what_came_of_him_and_what_is_set_for_him),
        T(test_an_answer_is_never_older_than_the_store_for_long),
        T(test_a_kept_answer_is_packed_for_those_only_who_take_it),
        T(test_no_view_looks_at_all_posts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
