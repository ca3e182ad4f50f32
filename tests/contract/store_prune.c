/* What retention removes, what it never touches, and that a store is whole after it, before it and
 * wherever it is stopped. */
#include "store_bench.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/candles.h"
#include "store/prune.h"
#include "store/sources.h"
#include "store/views.h"

#define AGO(days) (NOW - (days)*DAY)

/* -- a life, as posts and what came of them ---------------------------------------------------- */

struct told { /* one post */
    int64_t id, root;
    int days;       /* ago: published, received and stored */
    reason outcome; /* NONE: it has signals */
    bool unread;    /* waits for a reader */
    int published;  /* days ago, where it was brought later; 0: the same */
};

static void tell(struct bench *b, struct told x) {
    struct post *post = NEW(&b->a, struct post);
    struct reading *reading = NEW(&b->a, struct reading);
    make_reading(&rng, x.id, post, reading);
    post->root_id = x.root ? x.root : x.id;
    post->edited = post->root_id != post->id;
    post->source = STR("x");
    post->received_at = AGO(x.days);
    post->created_at = AGO(x.published ? x.published : x.days);
    post->author_id = STR("1");
    post->ref = POST_REF_NONE;
    post->ref_id = 0;
    reading->post = post;
    struct action *a = add(b, ACTION_PUT_POST);
    a->u.post.reading = reading;
    a->u.post.outcome = x.outcome;
    turn(b);
}

static void signal_of(struct bench *b, int64_t id, int64_t post, int days, verdict v) {
    struct signal s = {.id = id,
                       .tweet_id = post,
                       .root_id = post,
                       .cluster_id = post,
                       .author = "x:1",
                       .symbol = "DOGEUSDT",
                       .sym = SYM_NONE,
                       .side = SIDE_LONG,
                       .score = 50,
                       .base_score = 50,
                       .verdict = v,
                       .reason = v == VERDICT_REFUSED ? REASON_STALE : REASON_NONE,
                       .posted_at = AGO(days),
                       .created_at = AGO(days),
                       .expires_at = AGO(days) + 1};
    if (v == VERDICT_TRADED) s.trade_id = id + 1000000;
    add(b, ACTION_PUT_SIGNAL)->u.signal = s;
    turn(b);
}

/* A signal that was traded, and what came of it: nothing was filled, so that the books balance. */
static void trade_of(struct bench *b, int64_t id, int64_t post, int days, bool open) {
    struct trade t = plain_trade(id + 1000000, post, post, AGO(days));
    signal_of(b, id, post, days, VERDICT_TRADED);
    t.tweet_id = post;
    t.signal_id = id;
    add(b, ACTION_PUT_INTENT)->u.trade = t;
    turn(b);
    if (open) return;
    t.status = TRADE_CANCELLED;
    t.closed_at = AGO(days);
    add(b, ACTION_PUT_TRADE)->u.trade = t;
    turn(b);
}

static void begin_life(struct bench *b) {
    static const struct account account = {
        .start = {10000 * E8}, .cash = {10000 * E8}, .next_id = 1, .seq = 2, .now = NOW};
    add_control(b, MODE_AUTO, 1);
    turn(b);
    add(b, ACTION_PUT_ACCOUNT)->u.account = account;
    add(b, ACTION_PUT_AUTHOR)->u.author = (struct author){.key = "x:1", .posts = 1};
    add_line(b, 1, "one");
    add_line(b, 2, "two");
    turn(b);
}

static struct prune_ask ask_of(struct bench *b) {
    (void)b;
    struct prune_ask ask = {.now = NOW, .wall = NOW, .actor = STR("test")};
    return ask;
}

/* A command in which $old and $new stand for times, forty days and a day ago. */
static void exec_then(struct bench *b, const char *command) {
    char block[2048];
    struct buf text;
    str rest = str_from_z(command), piece;
    buf_init_fixed(&text, block, sizeof block);
    for (bool first = true; str_cut(&rest, '$', &piece); first = false) {
        const usec at = piece.p[0] == 'o' ? AGO(40) : AGO(1);
        if (!first && is_postgresql(b))
            buf_printf(&text, "to_timestamp(%" PRId64 ")", at / USEC_PER_S);
        else if (!first)
            buf_put_i64(&text, at);
        buf_put(&text, first ? piece : str_tail(piece, 3));
    }
    assert_false(buf_full(&text));
    const char *const z = buf_z(&text);
    exec(b, &(struct sql){z, z});
}

/* Rows of a statement with two times. */
static int64_t count_between(struct bench *b, const struct sql *sql, usec from, usec to) {
    struct error err;
    struct query q;
    int64_t n = 0;
    bool found;
    assert_ok(query_open(b->s, sql, &q, &err), &err);
    bind_time(&q, from);
    bind_time(&q, to);
    assert_ok(query_i64(&q, &n, &found, &err), &err);
    return n;
}

static void prune(struct bench *b, const struct prune_ask *ask, int64_t gone[PRUNE_COUNT]) {
    struct error err;
    bool all;
    assert_ok(store_prune(b->s, ask, gone, &all, &err), &err);
    assert_true(all);
}

static bool is_sound(struct bench *b) {
    struct buf report;
    struct error err;
    buf_init(&report, 1 << 16);
    const bool ok = store_check(b->s, &report, &err);
    if (!ok) print_error("%s\n%s", err.msg, buf_z(&report));
    buf_fini(&report);
    return ok;
}

/* The ids of a table in their order, as text. */
static void assert_ids(struct bench *b, const struct sql *sql, const char *want) {
    struct error err;
    struct query q;
    struct buf got;
    bool row = false;
    buf_init(&got, 1 << 16);
    assert_ok(query_open(b->s, sql, &q, &err) && query_row(&q, &row, &err), &err);
    while (row) {
        buf_put_i64(&got, col_i64(&q));
        buf_put_byte(&got, ' ');
        assert_ok(query_row(&q, &row, &err), &err);
    }
    assert_string_equal(buf_z(&got), want);
    buf_fini(&got);
}

static const struct sql post_ids = {"SELECT id FROM tweets ORDER BY id"};
static const struct sql signal_ids = {"SELECT id FROM signals ORDER BY id"};

/* -- posts and signals --------------------------------------------------------------------------
 */

static void test_old_posts_without_signals_go_and_others_stay(void **state) {
    struct bench *b = *state;
    int64_t gone[PRUNE_COUNT];
    begin_life(b);
    tell(b, (struct told){.id = 1, .days = 40, .outcome = REASON_NO_COIN});
    tell(b, (struct told){.id = 2, .days = 40, .outcome = REASON_STALE});
    tell(b, (struct told){.id = 3, .days = 20, .outcome = REASON_NO_COIN});
    tell(b, (struct told){.id = 4, .days = 40}); /* refused a while ago */
    signal_of(b, 104, 4, 40, VERDICT_REFUSED);
    tell(b, (struct told){.id = 5, .days = 40}); /* traded */
    trade_of(b, 105, 5, 40, false);
    tell(b, (struct told){.id = 6, .days = 40}); /* open */
    trade_of(b, 106, 6, 40, true);
    tell(b, (struct told){.id = 7, .days = 40}); /* waits */
    signal_of(b, 107, 7, 40, VERDICT_WAITING);
    tell(b, (struct told){.id = 8, .days = 1, .published = 400, .outcome = REASON_STALE});
    tell(b, (struct told){.id = 9, .root = 5, .days = 40, .outcome = REASON_NO_COIN});
    tell(b,
         (struct told){.id = 10, .days = 40, .outcome = REASON_FAILED}); /* nobody could read it */
    exec(b, &(struct sql){"UPDATE tweets SET processed = FALSE, stage = 0 WHERE id = 2"});
    exec(b, &(struct sql){"UPDATE tweets SET processed = FALSE WHERE id = 10"});
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_POSTS] = 30 * DAY;
    prune(b, &ask, gone);
    assert_int_equal(gone[PRUNE_POSTS], 2);
    /* 2 waits for a reader, 8 came yesterday, 9 is a version of what was traded */
    assert_ids(b, &post_ids, "2 3 4 5 6 7 8 9 ");
    assert_ids(b, &signal_ids, "104 105 106 107 ");
    assert_true(is_sound(b));
}

static void test_refused_signals_go_with_their_post_all_or_none(void **state) {
    struct bench *b = *state;
    int64_t gone[PRUNE_COUNT];
    begin_life(b);
    for (int i = 1; i <= 6; i++) tell(b, (struct told){.id = i, .days = 40});
    signal_of(b, 101, 1, 40, VERDICT_REFUSED);
    signal_of(b, 102, 1, 40, VERDICT_REFUSED);
    signal_of(b, 103, 2, 40, VERDICT_REFUSED); /* and another of the post was traded */
    trade_of(b, 104, 2, 40, false);
    signal_of(b, 105, 3, 40, VERDICT_REFUSED); /* and another is younger */
    signal_of(b, 106, 3, 10, VERDICT_REFUSED);
    signal_of(b, 107, 4, 40, VERDICT_REFUSED); /* its outcome is still to come */
    signal_of(b, 108, 5, 40, VERDICT_REFUSED); /* a version of what was traded */
    signal_of(b, 109, 6, 40, VERDICT_WAITING);
    add(b, ACTION_PUT_FORECAST)->u.forecast = (struct forecast){
        .id = 107, .author = "x:1", .symbol = "DOGEUSDT", .side = SIDE_LONG, .until = NOW + 1};
    turn(b);
    exec(b, &(struct sql){"UPDATE tweets SET root_id = 2 WHERE id = 5"});
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_SIGNALS] = 30 * DAY;
    prune(b, &ask, gone);
    assert_int_equal(gone[PRUNE_SIGNALS], 2);
    assert_int_equal(gone[PRUNE_POSTS], 1);
    assert_ids(b, &signal_ids, "103 104 105 106 107 108 109 ");
    assert_ids(b, &post_ids, "2 3 4 5 6 ");
    assert_true(is_sound(b));
}

static void test_of_older_posts_the_reading_is_thinned(void **state) {
    static const struct sql whole = {"SELECT id FROM tweets WHERE probs IS NOT NULL AND mentions "
                                     "IS NOT NULL AND misses IS NOT NULL ORDER BY id"};
    static const struct sql thin = {
        "SELECT id FROM tweets WHERE probs IS NULL AND mentions IS NULL AND misses IS NULL AND "
        "cues = 0 AND text <> '' AND label IS NOT NULL AND sentiment_score IS NOT NULL AND "
        "outcome = 'NO_COIN' ORDER BY id"};
    struct bench *b = *state;
    int64_t gone[PRUNE_COUNT];
    usec from = 0;
    begin_life(b);
    tell(b, (struct told){.id = 1, .days = 40, .outcome = REASON_NO_COIN});
    tell(b, (struct told){.id = 2, .days = 20, .outcome = REASON_NO_COIN});
    tell(b, (struct told){.id = 3, .days = 40});
    signal_of(b, 103, 3, 40, VERDICT_REFUSED);
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_READINGS] = 30 * DAY;
    ask.readings_from = &from;
    prune(b, &ask, gone);
    assert_int_equal(gone[PRUNE_READINGS], 1);
    assert_ids(b, &thin, "1 ");
    assert_ids(b, &whole, "2 3 ");
    assert_int_equal(from, NOW - 30 * DAY);
    /* what comes with an old date is found when all are looked at again */
    tell(b, (struct told){.id = 4, .days = 35, .outcome = REASON_NO_COIN});
    prune(b, &ask, gone);
    assert_int_equal(gone[PRUNE_READINGS], 0);
    ask.readings_from = NULL;
    prune(b, &ask, gone);
    assert_int_equal(gone[PRUNE_READINGS], 1);
    assert_ids(b, &thin, "1 4 ");
    assert_true(is_sound(b));
}

/* The word of a deletion outlives the post that it was about: what repeats it is still known. */
static void test_what_was_deleted_stays_deleted(void **state) {
    static const struct sql texts = {"SELECT id FROM tweets WHERE text <> '' ORDER BY id"};
    struct bench *b = *state;
    int64_t gone[PRUNE_COUNT];
    begin_life(b);
    tell(b, (struct told){.id = 10, .days = 40});
    trade_of(b, 110, 10, 40, false); /* keeps the first version */
    tell(b, (struct told){.id = 20, .days = 40, .outcome = REASON_NO_COIN});
    tell(b, (struct told){.id = 21, .root = 20, .days = 40, .outcome = REASON_NO_COIN});
    tell(b, (struct told){.id = 30, .days = 10, .outcome = REASON_NO_COIN});
    exec(b, &(struct sql){"UPDATE tweets SET ref_kind = 'retweet', ref_id = 20 WHERE id = 30"});
    const int64_t deleted[] = {10, 21};
    for (int i = 0; i < COUNT_OF(deleted); i++)
        add(b, ACTION_PUT_DELETION)->u.deletion = (struct deletion){.tweet_id = deleted[i],
                                                                    .root_id = deleted[i],
                                                                    .author = "x:1",
                                                                    .actor = "source",
                                                                    .deleted_at = AGO(39),
                                                                    .at = AGO(39)};
    turn(b);
    assert_ids(b, &texts, "");
    assert_true(is_sound(b));
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_POSTS] = ask.age[PRUNE_SIGNALS] = 30 * DAY;
    prune(b, &ask, gone);
    assert_ids(b, &post_ids, "10 30 ");
    assert_true(is_sound(b)); /* 30 repeats a chain of which no post is left */
    tell(b, (struct told){.id = 21, .root = 20, .days = 0, .outcome = REASON_STALE});
    tell(b, (struct told){.id = 22, .root = 20, .days = 0, .outcome = REASON_STALE});
    tell(b, (struct told){.id = 40, .days = 0, .outcome = REASON_STALE});
    assert_ids(b, &texts, "40 ");
    assert_true(is_sound(b));
}

/* -- tables whose old rows simply go ------------------------------------------------------------
 */

/* What is over and what is not, old ($old) and new ($new). */
static const struct {
    prune_kind kind;
    const char *rows;
    int gone;
    struct sql left;
    const char *want;
} cases[] = {
    {PRUNE_COMMANDS,
     "INSERT INTO commands (id, at, actor, verb, reason, mode, until, status, result, done_at) "
     "VALUES (901, $old, 'a', 'halt', '', 'auto', $old, 'done', 'ok', $old), "
     "(902, $old, 'a', 'halt', '', 'auto', $old, 'pending', NULL, NULL), "
     "(903, $old, 'a', 'halt', '', 'auto', $old, 'failed', 'no', $new)",
     1,
     {"SELECT id FROM commands ORDER BY id"},
     "902 903 "},
    {PRUNE_LETTERS,
     "INSERT INTO dead_letters (id, source, kind, payload, error, attempts, first_at, last_at, "
     "status) VALUES (901, 'x', 'post', '', 'e', 1, $old, $old, 'dead'), "
     "(902, 'x', 'post', '', 'e', 1, $old, $old, 'retried'), "
     "(903, 'x', 'post', '', 'e', 1, $old, $old, 'dropped'), "
     "(904, 'x', 'post', '', 'e', 1, $old, $new, 'dropped')",
     2,
     {"SELECT id FROM dead_letters ORDER BY id"},
     "901 904 "},
    {PRUNE_GAPS,
     "INSERT INTO gaps (id, source, from_at, until_at, what, state, updated_at) "
     "VALUES (901, 'a', $old, $old, '', 'open', $old), (902, 'b', $old, $old, '', 'closed', $old), "
     "(903, 'c', $old, $old, '', 'filled', $old), (904, 'd', $old, $old, '', 'lost', $old), "
     "(905, 'e', $old, $old, '', 'lost', $new)",
     2,
     {"SELECT id FROM gaps ORDER BY id"},
     "901 902 905 "},
    {PRUNE_ALERTS,
     "INSERT INTO alerts (id, at, level, source, state, what, over_at) "
     "VALUES (901, $old, 'unusual', 'x', 'broken', '', NULL), "
     "(902, $old, 'unusual', 'y', 'broken', '', $old), "
     "(903, $old, 'unusual', 'z', 'broken', '', $new), (904, $old, 'info', 'z', 'live', '', NULL)",
     2,
     {"SELECT id FROM alerts ORDER BY id"},
     "901 903 "},
    {PRUNE_WORKERS,
     "INSERT INTO workers (name, role, pid, started_at, seen_at) "
     "VALUES ('a', 'run', 1, $old, $old), ('b', 'run', 2, $old, $new)",
     1,
     {"SELECT pid FROM workers ORDER BY pid"},
     "2 "},
    {PRUNE_BILLED,
     "INSERT INTO billed (day, resource, id) VALUES (19600, 'post', 1), (19601, 'user', 2), "
     "(19675, 'post', 3); "
     "INSERT INTO api_usage (day, feed, resource, returned, billed, amount) "
     "VALUES (19600, 'x_search:x', 'post', 1, 1, 1), (19601, 'x_search:x', 'user', 1, 1, 1), "
     "(19675, 'x_search:x', 'post', 1, 1, 1)",
     2,
     {"SELECT id FROM billed ORDER BY id"},
     "3 "},
    {PRUNE_AUTHORS,
     "INSERT INTO authors (key, username, posts, day, trades_today, last_post_at, heard, "
     "forgotten) VALUES ('x:901', '', 901, 1, 0, $old, 1, TRUE), "
     "('x:902', '', 902, 1, 0, $old, 2, FALSE), ('x:903', '', 903, 1, 0, $old, 3, TRUE), "
     "('x:904', '', 904, 1, 0, $new, 4, TRUE); "
     "INSERT INTO author_records (key, signals, recent, hits, mean_return, dropped, weight, "
     "updated_at) VALUES ('x:903', 1, 1, 1, 0, 0, 10000, $old)",
     1,
     {"SELECT posts FROM authors WHERE posts > 900 ORDER BY posts"},
     "902 903 904 "},
};

static void test_of_the_small_tables_only_what_is_over_goes(void **state) {
    struct bench *b = *state;
    begin_life(b);
    for (int i = 0; i < COUNT_OF(cases); i++) {
        int64_t gone[PRUNE_COUNT];
        exec_then(b, cases[i].rows);
        assert_true(is_sound(b));
        struct prune_ask ask = ask_of(b);
        ask.age[cases[i].kind] = 30 * DAY;
        prune(b, &ask, gone);
        if (gone[cases[i].kind] != cases[i].gone)
            fail_msg("%s: %d went", prune_name(cases[i].kind), (int)gone[cases[i].kind]);
        assert_ids(b, &cases[i].left, cases[i].want);
        assert_true(is_sound(b));
        ask.age[cases[i].kind] = 0; /* for ever */
        prune(b, &ask, gone);
        assert_int_equal(gone[cases[i].kind], 0);
    }
}

static void put_minutes(struct bench *b, const char *symbol, usec from, int n) {
    struct error err;
    assert_ok(store_begin(b->s, true, &err), &err);
    for (int i = 0; i < n; i++) {
        const price p = price_from_e8(E8);
        const struct kept_candle c = {from + i * USEC_PER_MIN, p, p, p, p, false,
                                      volume_from_e8(0)};
        assert_ok(store_candle_put(b->s, str_from_z(symbol), &c, &err), &err);
    }
    assert_ok(store_commit(b->s, &err), &err);
}

static void test_candles_go_symbol_by_symbol(void **state) {
    static const struct sql left = {"SELECT count(*) FROM candles"};
    static const struct sql old = {
        "SELECT count(*) FROM candles WHERE open_time >= $1 AND open_time < $2"};
    struct bench *b = *state;
    int64_t gone[PRUNE_COUNT];
    put_minutes(b, "AUSDT", AGO(20), 2000); /* several transactions */
    put_minutes(b, "BUSDT", AGO(15) - 30 * USEC_PER_MIN, 60);
    put_minutes(b, "CUSDT", AGO(1), 60);
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_CANDLES] = 15 * DAY;
    prune(b, &ask, gone);
    assert_int_equal(gone[PRUNE_CANDLES], 2030);
    assert_int_equal(count(b, &left), 90);
    assert_int_equal(count_between(b, &old, 0, AGO(15)), 0);
}

static void test_what_the_judge_would_load_stays(void **state) {
    static const struct sql left = {"SELECT tweet_id FROM post_memory ORDER BY tweet_id"};
    struct bench *b = *state;
    struct trader_rows before, after;
    int64_t gone[PRUNE_COUNT];
    for (int i = 0; i < 4; i++) {
        struct post_memory m;
        make_memory(&rng, &m);
        m.tweet_id = i + 1;
        m.at = AGO(10) + i * DAY / 2;
        add(b, ACTION_PUT_MEMORY)->u.memory = m;
    }
    /* the trader stopped eight days ago */
    add(b, ACTION_PUT_ACCOUNT)->u.account = (struct account){.now = AGO(8) - DAY / 4};
    turn(b);
    load(b, &before);
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_MEMORY] = DAY;
    prune(b, &ask, gone);
    assert_int_equal(gone[PRUNE_MEMORY], 2);
    assert_ids(b, &left, "3 4 ");
    load(b, &after);
    assert_int_equal(before.memory_count, after.memory_count);
    for (int i = 0; i < after.memory_count; i++) same_memory(&before.memory[i], &after.memory[i]);
}

/* -- equity --------------------------------------------------------------------------------------
 */

static void chart(struct bench *b, usec from, usec to, int points, struct buf *out) {
    struct error err;
    buf_init(out, 1 << 20);
    assert_ok(store_view_equity(b->s, from, to, points, out, &err), &err);
}

/* Samples at random times of five days, of an account that goes up and down. */
static void put_samples(struct bench *b, usec from, usec to) {
    int64_t e8 = 10000 * E8;
    struct error err;
    assert_ok(store_begin(b->s, true, &err), &err);
    for (usec at = from; at < to; at += rng_between(&rng, 1, 400) * USEC_PER_S) {
        b->acts.count = 0;
        e8 = i64_max(e8 + rng_between(&rng, -50 * E8, 50 * E8), E8);
        add(b, ACTION_PUT_EQUITY)->u.equity =
            (struct equity_sample){.at = at,
                                   .equity = money_from_e8(e8),
                                   .cash = money_from_e8(e8 / 2),
                                   .unrealized = money_from_e8(e8 - e8 / 2),
                                   .drawdown_bp = (int64_t)rng_below(&rng, 500)};
        assert_ok(store_apply(b->s, &b->acts, &err), &err);
    }
    b->acts.count = 0;
    assert_ok(store_commit(b->s, &err), &err);
}

static void test_the_equity_chart_of_thinned_samples_is_the_same(void **state) {
    static const struct sql samples = {"SELECT count(*) FROM equity"};
    struct bench *b = *state;
    const usec from = (AGO(5) / USEC_PER_HOUR) * USEC_PER_HOUR, to = from + 120 * USEC_PER_HOUR;
    struct buf hours, days, fine, then[3];
    int64_t gone[PRUNE_COUNT];
    put_samples(b, from, to);
    const int64_t all = count(b, &samples);
    struct prune_ask ask = ask_of(b);
    ask.now = to;
    ask.age[PRUNE_EQUITY] = 24 * USEC_PER_HOUR;
    ask.equity_minutes = 72 * USEC_PER_HOUR;
    chart(b, from, to - 1, 120, &hours);
    chart(b, from, to - 1, 5, &days);
    chart(b, to - 24 * USEC_PER_HOUR, to, 2000, &fine);
    prune(b, &ask, gone);
    assert_true(gone[PRUNE_EQUITY] > 0);
    assert_int_equal(count(b, &samples), all - gone[PRUNE_EQUITY]);
    chart(b, from, to - 1, 120, &then[0]);
    chart(b, from, to - 1, 5, &then[1]);
    chart(b, to - 24 * USEC_PER_HOUR, to, 2000, &then[2]);
    assert_string_equal(buf_z(&hours), buf_z(&then[0]));
    assert_string_equal(buf_z(&days), buf_z(&then[1]));
    assert_string_equal(buf_z(&fine), buf_z(&then[2])); /* the newest stay as they were */
    prune(b, &ask, gone);
    assert_int_equal(gone[PRUNE_EQUITY], 0);
    struct buf *const all_texts[] = {&hours, &days, &fine, &then[0], &then[1], &then[2]};
    for (int i = 0; i < COUNT_OF(all_texts); i++) buf_fini(all_texts[i]);
}

static void test_samples_are_one_a_minute_and_then_one_an_hour(void **state) {
    static const struct sql within = {"SELECT count(*) FROM equity WHERE at >= $1 AND at < $2"};
    struct bench *b = *state;
    int64_t gone[PRUNE_COUNT];
    const usec starts[] = {INT64_C(1699920000) * USEC_PER_S, INT64_C(1699992000) * USEC_PER_S,
                           INT64_C(1699999200) * USEC_PER_S};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 300; i++) {
            const money m = money_from_e8((k * 1000 + i + 1) * E8);
            add(b, ACTION_PUT_EQUITY)->u.equity = (struct equity_sample){
                .at = starts[k] + i * 2 * USEC_PER_S, .equity = m, .cash = m};
        }
    turn(b);
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_EQUITY] = USEC_PER_HOUR;
    ask.equity_minutes = DAY / 2;
    prune(b, &ask, gone);
    /* of samples that only rise, an hour and a minute keep the first and the last */
    assert_int_equal(count_between(b, &within, starts[0], starts[0] + USEC_PER_HOUR), 2);
    assert_int_equal(count_between(b, &within, starts[1], starts[1] + USEC_PER_MIN), 2);
    assert_int_equal(count_between(b, &within, starts[2], USEC_NEVER), 300);
    assert_int_equal(gone[PRUNE_EQUITY], 298 + 300 - 20);
}

/* -- the audit log -------------------------------------------------------------------------------
 */

static void audit_on(struct bench *b, int days, int64_t trade_id) {
    add(b, ACTION_AUDIT)->u.audit = (struct audit){.at = AGO(days),
                                                   .actor = "program",
                                                   .action = "test",
                                                   .entity = "trade",
                                                   .trade_id = trade_id};
    turn(b);
}

static const struct sql audit_ids = {"SELECT id FROM audit_log ORDER BY id"};

static void assert_verified(struct bench *b, int64_t want_rows) {
    struct error err;
    int64_t rows, id;
    assert_ok(store_audit_verify(b->s, &rows, &id, &err), &err);
    assert_int_equal(rows, want_rows);
}

static void test_the_audit_chain_begins_at_its_anchor(void **state) {
    struct bench *b = *state;
    struct error err;
    struct audit_anchor anchor;
    int64_t gone[PRUNE_COUNT];
    bool found;
    for (int days = 50; days > 0; days -= 10) audit_on(b, days, 0);
    assert_ok(store_audit_anchor(b->s, &anchor, &found, &err), &err);
    assert_false(found);
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_AUDIT] = 25 * DAY;
    prune(b, &ask, gone);
    assert_int_equal(gone[PRUNE_AUDIT], 3);
    assert_ids(b, &audit_ids, "4 5 6 "); /* the last says that three went */
    assert_verified(b, 3);
    assert_ok(store_audit_anchor(b->s, &anchor, &found, &err), &err);
    assert_true(found);
    assert_int_equal(anchor.rows, 3);
    assert_int_equal(anchor.at, NOW);
    assert_string_equal(anchor.actor, "test");
    prune(b, &ask, gone); /* nothing more is old enough */
    assert_int_equal(gone[PRUNE_AUDIT], 0);
    assert_ids(b, &audit_ids, "4 5 6 ");
    audit_on(b, 0, 0);
    assert_verified(b, 4);
    reopen(b);
    ask.age[PRUNE_AUDIT] = DAY;
    prune(b, &ask, gone);
    assert_ids(b, &audit_ids, "6 7 8 ");
    assert_verified(b, 3);
    ask.now = NOW + 10 * DAY; /* everything is old: the row that speaks of the rest stays */
    prune(b, &ask, gone);
    assert_ids(b, &audit_ids, "9 ");
    assert_verified(b, 1);
    assert_true(is_sound(b));
}

static void test_the_audit_of_an_open_trade_stays(void **state) {
    struct bench *b = *state;
    int64_t gone[PRUNE_COUNT];
    begin_life(b);
    tell(b, (struct told){.id = 1, .days = 45});
    trade_of(b, 100, 1, 45, true);
    audit_on(b, 50, 0);
    audit_on(b, 45, 1000100);
    audit_on(b, 40, 0);
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_AUDIT] = DAY;
    prune(b, &ask, gone);
    assert_ids(b, &audit_ids, "2 3 4 ");
    assert_verified(b, 3);
}

static void test_rows_of_the_audit_log_that_nobody_let_go_of_cannot_be_deleted(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t gone[PRUNE_COUNT];
    for (int days = 50; days > 0; days -= 10) audit_on(b, days, 0);
    struct prune_ask ask = ask_of(b);
    ask.age[PRUNE_AUDIT] = 25 * DAY;
    prune(b, &ask, gone);
    assert_false(try_exec(b, &(struct sql){"DELETE FROM audit_log WHERE id = 4"}, &err));
    assert_false(
        try_exec(b, &(struct sql){"UPDATE audit_log SET detail = 'x' WHERE id = 4"}, &err));
    assert_false(try_exec(b, &(struct sql){"UPDATE audit_anchor SET rows = 2"}, &err));
    assert_false(try_exec(b, &(struct sql){"DELETE FROM audit_anchor"}, &err));
    assert_verified(b, 3);
}

static void drop_trigger(struct bench *b, const char *name, const char *table) {
    char sql[160];
    const bool pg = is_postgresql(b);
    const int n =
        snprintf(sql, sizeof sql, "DROP TRIGGER %s%s%s", name, pg ? " ON " : "", pg ? table : "");
    assert_true(n > 0 && n < (int)sizeof sql);
    exec(b, &(struct sql){sql, sql});
}

/* Five rows of which three were pruned; somebody then works on the file. */
static void test_a_forged_anchor_is_found(void **state) {
    static const struct {
        bool pruned; /* else the log is as it was written */
        struct sql sql;
        const char *says;
        int64_t first_bad;
    } forged[] = {
        {true,
         {"UPDATE audit_anchor SET hash = (SELECT hash FROM audit_log WHERE id = 5)"},
         "row 4 does not follow",
         4},
        {true,
         {"UPDATE audit_anchor SET at = at + 1",
          "UPDATE audit_anchor SET at = at + interval '1 microsecond'"},
         "no row of the log says so",
         4},
        {true, {"UPDATE audit_anchor SET actor = 'cli:root'"}, "no row of the log says so", 4},
        /* hides row 4, and moves the anchor behind it */
        {true,
         {"UPDATE audit_anchor SET rows = 4, hash = (SELECT hash FROM audit_log WHERE id = 4); "
          "DELETE FROM audit_log WHERE id = 4"},
         "no row of the log says so",
         5},
        {true, {"UPDATE audit_anchor SET rows = 2"}, "row 4 does not follow", 4},
        {true, {"DELETE FROM audit_anchor"}, "row 4 does not follow", 4},
        /* all of it, the row that speaks of it as well */
        {true,
         {"UPDATE audit_anchor SET rows = 6, hash = (SELECT hash FROM audit_log WHERE id = 6); "
          "DELETE FROM audit_log"},
         "no row of the log says so",
         7},
        /* rows were never let go of: one makes an anchor to hide the first two */
        {false,
         {"INSERT INTO audit_anchor (id, rows, hash, at, actor) SELECT 1, 2, hash, at, 'x' FROM "
          "audit_log WHERE id = 2; DELETE FROM audit_log WHERE id <= 2"},
         "no row of the log says so",
         3},
        {true, {"UPDATE audit_log SET detail = 'rows up to 4' WHERE id = 6"}, "row 6 does not", 6},
    };
    struct bench *b = *state;
    for (int i = 0; i < COUNT_OF(forged); i++) {
        struct error err;
        int64_t gone[PRUNE_COUNT], rows, id;
        for (int days = 50; days > 0; days -= 10) audit_on(b, days, 0);
        struct prune_ask ask = ask_of(b);
        ask.age[PRUNE_AUDIT] = 25 * DAY;
        if (forged[i].pruned) prune(b, &ask, gone);
        assert_verified(b, forged[i].pruned ? 3 : 5);
        drop_trigger(b, "audit_log_no_update", "audit_log");
        drop_trigger(b, "audit_log_no_delete", "audit_log");
        drop_trigger(b, "audit_anchor_no_return", "audit_anchor");
        drop_trigger(b, "audit_anchor_no_delete", "audit_anchor");
        exec(b, &forged[i].sql);
        assert_fails(store_audit_verify(b->s, &rows, &id, &err), &err, ERR_DAMAGED);
        if (strstr(err.msg, forged[i].says) == NULL || id != forged[i].first_bad)
            fail_msg("%s: row %" PRId64 ": %s", forged[i].sql.text, id, err.msg);
        start_over(b);
    }
}

/* -- whole rounds --------------------------------------------------------------------------------
 */

/* Posts, signals and trades of every kind, of sixty days. */
static void random_life(struct bench *b, int posts) {
    static const reason outcomes[] = {REASON_NO_COIN, REASON_STALE, REASON_ABSTAIN};
    begin_life(b);
    int64_t next = 1000;
    for (int64_t id = 1; id <= posts; id++) {
        const int days = (int)(60 - id * 60 / posts);
        const int64_t root = id > 10 && rng_below(&rng, 8) == 0 ? rng_between(&rng, 1, 10) : 0;
        const bool plain = rng_below(&rng, 3) > 0;
        tell(b, (struct told){.id = id,
                              .root = root,
                              .days = days,
                              .outcome = plain ? outcomes[rng_below(&rng, 3)] : REASON_NONE,
                              .published = rng_below(&rng, 9) == 0 ? 90 : 0});
        for (int n = plain ? 0 : (int)rng_between(&rng, 1, 3); n > 0; n--) {
            const uint64_t which = rng_below(&rng, 12);
            if (which == 0 && root == 0 && n == 1)
                trade_of(b, next++, id, days, rng_below(&rng, 4) == 0);
            else
                signal_of(b, next++, id, days, which == 1 ? VERDICT_WAITING : VERDICT_REFUSED);
        }
        if (rng_below(&rng, 10) == 0)
            add(b, ACTION_PUT_DELETION)->u.deletion = (struct deletion){
                .tweet_id = id, .root_id = id, .actor = "source", .deleted_at = NOW, .at = NOW};
        audit_on(b, days, 0);
    }
}

static struct prune_ask whole_ask(struct bench *b) {
    struct prune_ask ask = ask_of(b);
    for (int i = 0; i < PRUNE_COUNT; i++) ask.age[i] = 20 * DAY;
    ask.age[PRUNE_SIGNALS] = 30 * DAY;
    ask.age[PRUNE_READINGS] = 10 * DAY;
    ask.age[PRUNE_EQUITY] = DAY;
    ask.equity_minutes = 10 * DAY;
    return ask;
}

struct sums {
    struct store_totals totals;
    char ledger[65];
};

static void sum_up(struct bench *b, struct sums *ret) {
    struct error err;
    memset(ret, 0, sizeof *ret);
    assert_ok(store_totals(b->s, &ret->totals, &err), &err);
    assert_ok(store_ledger_hash(b->s, ret->ledger, &err), &err);
}

static void assert_kept_what_counts(struct bench *b, const struct sums *before) {
    /* each trade has its post, its signal and its intent */
    static const struct sql lost = {
        "SELECT count(*) FROM trades t WHERE NOT EXISTS (SELECT 1 FROM tweets w WHERE w.id = "
        "t.tweet_id) OR NOT EXISTS (SELECT 1 FROM signals g WHERE g.id = t.signal_id) OR NOT "
        "EXISTS (SELECT 1 FROM intents i WHERE i.trade_id = t.id)"};
    struct sums after;
    sum_up(b, &after);
    assert_memory_equal(&before->totals, &after.totals, sizeof after.totals);
    assert_string_equal(before->ledger, after.ledger);
    assert_int_equal(count(b, &lost), 0);
    assert_true(is_sound(b));
}

static void assert_nothing_left(struct bench *b, const struct prune_ask *ask) {
    int64_t gone[PRUNE_COUNT];
    prune(b, ask, gone);
    for (int i = 0; i < PRUNE_COUNT; i++)
        if (gone[i] != 0) fail_msg("%s: %" PRId64 " more", prune_name((prune_kind)i), gone[i]);
}

static void test_a_dry_run_changes_nothing_and_says_what_a_round_does(void **state) {
    struct bench *b = *state;
    struct error err;
    struct prune_plan plan[PRUNE_COUNT], again[PRUNE_COUNT];
    struct sums before;
    int64_t gone[PRUNE_COUNT];
    random_life(b, 120);
    put_samples(b, AGO(15), AGO(0));
    exec_then(b, "DELETE FROM equity WHERE at > $new"); /* none is of now */
    const struct prune_ask ask = whole_ask(b);
    const int64_t version = count(b, &(struct sql){"SELECT count(*) FROM tweets"});
    assert_ok(store_prune_plan(b->s, &ask, plan, &err), &err);
    assert_ok(store_prune_plan(b->s, &ask, again, &err), &err);
    assert_memory_equal(plan, again, sizeof plan);
    assert_int_equal(count(b, &(struct sql){"SELECT count(*) FROM tweets"}), version);
    sum_up(b, &before);
    prune(b, &ask, gone);
    for (int i = 0; i < PRUNE_COUNT; i++) {
        if (gone[i] == plan[i].gone) continue;
        fail_msg("%s: %" PRId64 " went, %" PRId64 " were to go", prune_name((prune_kind)i), gone[i],
                 plan[i].gone);
    }
    assert_true(gone[PRUNE_POSTS] > 0 && gone[PRUNE_SIGNALS] > 0 && gone[PRUNE_AUDIT] > 0);
    assert_true(gone[PRUNE_READINGS] > 0 && gone[PRUNE_EQUITY] > 0);
    assert_ok(store_prune_plan(b->s, &ask, again, &err), &err);
    for (int i = 0; i < PRUNE_COUNT; i++) {
        assert_int_equal(again[i].gone, 0);
        if (i != PRUNE_EQUITY && i != PRUNE_AUDIT && i != PRUNE_READINGS)
            assert_int_equal(again[i].oldest, plan[i].oldest);
    }
    exec(b, &(struct sql){"DELETE FROM equity"}); /* of which the books know nothing */
    assert_kept_what_counts(b, &before);
}

/* Stopped after each of its first transactions in turn, as by a kill between two of them. */
static bool rest_a_while(void *ctx, usec held) {
    int *const left = ctx;
    (void)held;
    return --*left > 0;
}

static void test_a_round_that_is_stopped_anywhere_leaves_a_store_that_is_whole(void **state) {
    struct bench *b = *state;
    struct error err;
    struct sums before;
    int64_t gone[PRUNE_COUNT];
    bool all = false;
    random_life(b, 80);
    sum_up(b, &before);
    struct prune_ask ask = whole_ask(b);
    ask.rest = rest_a_while;
    for (int stops = 0; !all; stops++) {
        int left = 1;
        ask.ctx = &left;
        assert_ok(store_prune(b->s, &ask, gone, &all, &err), &err);
        assert_kept_what_counts(b, &before);
        assert_true(stops < 1000);
    }
    ask.rest = NULL;
    assert_nothing_left(b, &ask);
}

static bool die(void *ctx, usec held) {
    if (rest_a_while(ctx, held)) return true;
    _exit(9);
}

/* In a process of its own, which is gone after some transactions. */
static void prune_and_die(struct bench *b, int transactions) {
    struct prune_ask ask = whole_ask(b);
    int64_t gone[PRUNE_COUNT];
    struct error err;
    bool all;
    int left = transactions, status = 0;
    store_close(b->s);
    fflush(NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        ask.rest = die;
        ask.ctx = &left;
        struct store *s = open_store(b, false);
        _exit(store_prune(s, &ask, gone, &all, &err) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
    b->s = open_store(b, false);
}

static void test_a_process_that_dies_while_pruning_loses_nothing(void **state) {
    struct bench *b = *state;
    struct sums before;
    if (!place->shared) return;
    random_life(b, 80);
    sum_up(b, &before);
    for (int n = 1; n < 6; n++) {
        prune_and_die(b, n);
        assert_kept_what_counts(b, &before);
    }
    const struct prune_ask ask = whole_ask(b);
    int64_t gone[PRUNE_COUNT];
    prune(b, &ask, gone);
    assert_kept_what_counts(b, &before);
    assert_nothing_left(b, &ask);
}

struct other {
    struct bench b;
    struct prune_ask ask;
    int64_t gone[PRUNE_COUNT];
    bool ok;
    struct error err;
};

static void *prune_too(void *arg) {
    struct other *const o = arg;
    bool all;
    struct store *s = open_store(&o->b, false);
    o->ok = store_prune(s, &o->ask, o->gone, &all, &o->err);
    store_close(s);
    return NULL;
}

static void test_several_may_prune_at_once(void **state) {
    enum { OTHERS = 3 };
    struct bench *b = *state;
    struct other *const others = calloc(OTHERS, sizeof *others);
    struct prune_plan plan[PRUNE_COUNT];
    pthread_t threads[OTHERS];
    struct sums before;
    struct error err;
    assert_non_null(others);
    if (!place->shared) {
        free(others);
        return;
    }
    random_life(b, 100);
    sum_up(b, &before);
    const struct prune_ask ask = whole_ask(b);
    assert_ok(store_prune_plan(b->s, &ask, plan, &err), &err);
    for (int i = 0; i < OTHERS; i++) {
        memcpy(others[i].b.url, b->url, sizeof b->url);
        arena_open(&others[i].b.a, 1 << 16);
        others[i].ask = ask;
        assert_int_equal(pthread_create(&threads[i], NULL, prune_too, &others[i]), 0);
    }
    int64_t sums[PRUNE_COUNT] = {0};
    for (int i = 0; i < OTHERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_ok(others[i].ok, &others[i].err);
        for (int k = 0; k < PRUNE_COUNT; k++) sums[k] += others[i].gone[k];
        arena_close(&others[i].b.a);
    }
    for (int k = 0; k < PRUNE_COUNT; k++) assert_int_equal(sums[k], plan[k].gone);
    free(others);
    assert_kept_what_counts(b, &before);
    assert_nothing_left(b, &ask);
}

static void test_one_of_many_gets_the_round(void **state) {
    struct bench *b = *state;
    struct error err;
    bool mine;
    assert_ok(store_prune_claim(b->s, NOW, USEC_PER_HOUR, &mine, &err), &err);
    assert_true(mine);
    assert_ok(store_prune_claim(b->s, NOW + USEC_PER_HOUR - 1, USEC_PER_HOUR, &mine, &err), &err);
    assert_false(mine);
    assert_ok(store_prune_claim(b->s, NOW + USEC_PER_HOUR, USEC_PER_HOUR, &mine, &err), &err);
    assert_true(mine);
    assert_ok(store_prune_claim(b->s, NOW, USEC_PER_HOUR, &mine, &err), &err);
    assert_true(mine); /* the clock was set back */
}

static void test_kinds_are_known_by_their_names(void **state) {
    (void)state;
    prune_kind k;
    for (int i = 0; i < PRUNE_COUNT; i++) {
        assert_true(prune_from_name(str_from_z(prune_name((prune_kind)i)), &k));
        assert_int_equal(k, i);
    }
    assert_false(prune_from_name(STR("trades"), &k));
}

int store_prune_run(void) {
    const struct CMUnitTest tests[] = {
        T(old_posts_without_signals_go_and_others_stay),
        T(refused_signals_go_with_their_post_all_or_none),
        T(of_older_posts_the_reading_is_thinned),
        T(what_was_deleted_stays_deleted),
        T(of_the_small_tables_only_what_is_over_goes),
        T(candles_go_symbol_by_symbol),
        T(what_the_judge_would_load_stays),
        T(the_equity_chart_of_thinned_samples_is_the_same),
        T(samples_are_one_a_minute_and_then_one_an_hour),
        T(the_audit_chain_begins_at_its_anchor),
        T(the_audit_of_an_open_trade_stays),
        T(rows_of_the_audit_log_that_nobody_let_go_of_cannot_be_deleted),
        T(a_forged_anchor_is_found),
        T(a_dry_run_changes_nothing_and_says_what_a_round_does),
        T(a_round_that_is_stopped_anywhere_leaves_a_store_that_is_whole),
        T(a_process_that_dies_while_pruning_loses_nothing),
        T(several_may_prune_at_once),
        T(one_of_many_gets_the_round),
        T(kinds_are_known_by_their_names),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}
