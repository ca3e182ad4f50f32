/* The store's contract, test by test. TEST_SEED=n repeats a run. */
#include "store_contract.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

#include "rows_make.h"

#include "store/store_int.h"

#define DAY USEC_PER_DAY
#define NOW (INT64_C(1700000000) * USEC_PER_S)

static const struct store_place *place;
static struct rng rng;

/* -- a store for each test -----------------------------------------------------------------------
 */

struct bench {
    char url[512];
    struct store *s;
    struct arena a;
    struct actions acts;
};

static struct store *open_store(struct bench *b, bool create) {
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = {.url = str_from_z(b->url),
                                      .access = STORE_WRITE,
                                      .create = create,
                                      .busy_timeout_ms = 5000};
    assert_ok(store_open(&b->a, &opt, &s, &err), &err);
    return s;
}

static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    arena_open(&b->a, 64 << 20);
    place->make(b->url, sizeof b->url);
    b->s = open_store(b, true);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    store_close(b->s);
    place->remove(b->url);
    arena_close(&b->a);
    free(b);
    return 0;
}

static void reopen(struct bench *b) {
    if (!place->shared) return; /* in memory: closing it would end it */
    store_close(b->s);
    b->s = open_store(b, false);
}

static struct action *add(struct bench *b, action_kind kind) { return add_action(&b->acts, kind); }

/* Applies what was added, in a transaction of its own. */
static bool try_turn(struct bench *b, struct error *err) {
    assert_ok(store_begin(b->s, true, err), err);
    const bool ok = store_apply(b->s, &b->acts, err) && store_commit(b->s, err);
    if (!ok) store_rollback(b->s);
    b->acts.count = 0;
    return ok;
}

static void turn(struct bench *b) {
    struct error err;
    assert_ok(try_turn(b, &err), &err);
}

static int64_t count(struct bench *b, const struct sql *sql) {
    struct error err;
    struct query q;
    int64_t n = 0;
    bool found;
    assert_ok(query_open(b->s, sql, &q, &err), &err);
    assert_ok(query_i64(&q, &n, &found, &err), &err);
    return n;
}

static void exec(struct bench *b, const char *sql) {
    struct error err;
    assert_ok(b->s->ops->exec(b->s, sql, &err), &err);
}

/* Texts of reading and post live as long as the test. */
static void add_post(struct bench *b, int64_t id) {
    struct post *post = NEW(&b->a, struct post);
    struct reading *reading = NEW(&b->a, struct reading);
    make_reading(&rng, id, post, reading);
    struct action *a = add(b, ACTION_PUT_POST);
    a->u.post.reading = reading;
    a->u.post.signal_score = 77;
}

static void add_control(struct bench *b, mode m, int64_t epoch) {
    add(b, ACTION_PUT_CONTROL)->u.control =
        (struct control){.mode = m, .before = m, .epoch = epoch, .until = USEC_NEVER, .since = NOW};
}

static struct trade plain_trade(int64_t id, int64_t root, int64_t cluster, usec at) {
    return (struct trade){.id = id,
                          .root_id = root,
                          .cluster_id = cluster,
                          .author = "x:1",
                          .strategy = "post",
                          .sym = SYM_NONE,
                          .symbol = "DOGEUSDT",
                          .side = SIDE_LONG,
                          .leverage = 1,
                          .quantity = qty_from_e8(100 * E8),
                          .created_at = at,
                          .epoch = 1,
                          .generation = 1};
}

static bool try_intent(struct bench *b, struct trade t, struct error *err) {
    add(b, ACTION_PUT_INTENT)->u.trade = t;
    return try_turn(b, err);
}

static void load(struct bench *b, struct trader_rows *ret) {
    struct error err;
    assert_ok(store_load_trader(b->s, &b->a, 0, ret, &err), &err);
}

/* -- opening -------------------------------------------------------------------------------------
 */

static void test_new_store_has_the_newest_schema_and_is_fresh(void **state) {
    struct bench *b = *state;
    struct trader_rows rows;
    assert_int_equal(store_schema_version(b->s), store_newest_schema(b->s));
    load(b, &rows);
    assert_true(rows.fresh);
    assert_int_equal(rows.trade_count + rows.order_count + rows.signal_count + rows.author_count +
                         rows.memory_count + rows.closed_count,
                     0);
}

static void test_migrating_again_does_nothing(void **state) {
    struct bench *b = *state;
    struct error err;
    int from, to;
    assert_ok(store_migrate(b->s, &from, &to, &err), &err);
    assert_int_equal(from, to);
    assert_int_equal(to, store_newest_schema(b->s));
}

static void test_unknown_url_is_refused(void **state) {
    struct bench *b = *state;
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = {.url = STR("mysql://x"), .access = STORE_READ};
    assert_fails(store_open(&b->a, &opt, &s, &err), &err, ERR_CONFIG);
    assert_null(s);
}

/* -- what is put is what is loaded ---------------------------------------------------------------
 */

#define ROWS 24

struct model {
    struct account account;
    struct control control;
    struct trade trades[ROWS];
    struct order orders[ROWS];
    struct signal signals[ROWS];
    struct author authors[ROWS];
    struct post_memory memory[ROWS];
};

static void make_model(struct model *m) {
    make_account(&rng, &m->account);
    make_control(&rng, &m->control);
    for (int i = 0; i < ROWS; i++) {
        make_trade(&rng, &m->trades[i]);
        make_signal(&rng, &m->signals[i]);
        make_order(&rng, &m->orders[i]);
        make_author(&rng, &m->authors[i]);
        make_memory(&rng, &m->memory[i]);
        m->trades[i].tweet_id = rng_below(&rng, 4) ? 1 + i : 0;
        m->signals[i].tweet_id = 1 + i;
        m->trades[i].signal_id = rng_below(&rng, 4) ? m->signals[i].id : 0;
        m->signals[i].trade_id = rng_below(&rng, 4) ? m->trades[i].id : 0;
        m->orders[i].trade_id = rng_below(&rng, 8) ? m->trades[rng_below(&rng, i + 1)].id : 0;
        /* near the edge of what is loaded, on both sides of it */
        const usec now = m->account.now;
        if (rng_below(&rng, 2)) m->trades[i].closed_at = now - DAY - 2 + rng_between(&rng, 0, 4);
        m->memory[i].at = now - DAY - 2 + rng_between(&rng, 0, 4);
        m->authors[i].last_post_at = now - 2 * DAY - 2 + rng_between(&rng, 0, 4);
        if (rng_below(&rng, 2)) m->authors[i].last_trade_at = 0;
    }
}

/* As a later turn puts them: other values in whatever may change. */
static void change_model(struct model *m) {
    struct model other;
    make_model(&other);
    other.account.now = m->account.now;
    m->account = other.account;
    m->control = other.control;
    m->control.epoch = (INT64_C(1) << 40) + 1; /* later than any that was put before */
    for (int i = 0; i < ROWS; i++) {
        struct trade t = other.trades[i];
        const struct trade *o = &m->trades[i];
        t.id = o->id, t.tweet_id = o->tweet_id, t.signal_id = o->signal_id;
        t.root_id = o->root_id, t.cluster_id = o->cluster_id;
        memcpy(t.author, o->author, sizeof t.author);
        memcpy(t.strategy, o->strategy, sizeof t.strategy);
        memcpy(t.symbol, o->symbol, sizeof t.symbol);
        t.side = o->side, t.leverage = o->leverage, t.created_at = o->created_at;
        m->trades[i] = t;
        m->signals[i].verdict = other.signals[i].verdict;
        m->signals[i].reason = other.signals[i].reason;
        m->signals[i].seen = other.signals[i].seen;
        m->signals[i].approved = other.signals[i].approved;
        m->signals[i].wants_approval = other.signals[i].wants_approval;
        m->signals[i].expires_at = other.signals[i].expires_at;
        m->signals[i].trade_id = m->trades[i].id;
        m->orders[i].state = other.orders[i].state;
        m->orders[i].qty = other.orders[i].qty;
        m->orders[i].limit = other.orders[i].limit;
        m->orders[i].stop = other.orders[i].stop;
        m->orders[i].filled = other.orders[i].filled;
        m->orders[i].quote_filled = other.orders[i].quote_filled;
        m->orders[i].updated_at = other.orders[i].updated_at;
        m->orders[i].signed_at = other.orders[i].signed_at;
        memcpy(m->orders[i].venue_id, other.orders[i].venue_id, sizeof m->orders[i].venue_id);
        m->authors[i].posts = other.authors[i].posts;
        m->authors[i].trades_today = other.authors[i].trades_today;
        m->memory[i].simhash = other.memory[i].simhash;
    }
}

static void put_model(struct bench *b, const struct model *m) {
    add(b, ACTION_PUT_ACCOUNT)->u.account = m->account;
    add(b, ACTION_PUT_CONTROL)->u.control = m->control;
    for (int i = 0; i < ROWS; i++) {
        add(b, ACTION_PUT_ORDER)->u.order = m->orders[i]; /* before what it points to */
        add(b, ACTION_PUT_TRADE)->u.trade = m->trades[i];
        add(b, ACTION_PUT_SIGNAL)->u.signal = m->signals[i];
        add(b, ACTION_PUT_AUTHOR)->u.author = m->authors[i];
        add(b, ACTION_PUT_MEMORY)->u.memory = m->memory[i];
        add_post(b, 1 + i);
    }
    turn(b);
}

static int by_trade_id(const void *a, const void *b) {
    const struct trade *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}
static int by_end(const void *a, const void *b) {
    const struct trade *x = a, *y = b;
    if (x->closed_at != y->closed_at) return x->closed_at < y->closed_at ? -1 : 1;
    return by_trade_id(a, b);
}
static int by_order_id(const void *a, const void *b) {
    const struct order *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}
static int by_signal_id(const void *a, const void *b) {
    const struct signal *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}
static int by_key(const void *a, const void *b) {
    return strcmp(((const struct author *)a)->key, ((const struct author *)b)->key);
}

static bool model_is_open(const struct model *m, int64_t trade_id) {
    for (int i = 0; i < ROWS; i++) {
        if (m->trades[i].id == trade_id) return m->trades[i].status == TRADE_OPEN;
    }
    return false;
}

static void compare_trades(const struct model *m, const struct trader_rows *rows) {
    struct trade open[ROWS], ended[ROWS];
    int open_count = 0, ended_count = 0;
    for (int i = 0; i < ROWS; i++) {
        const struct trade *t = &m->trades[i];
        if (t->status == TRADE_OPEN)
            open[open_count++] = *t;
        else if (t->closed_at != 0 && t->closed_at >= m->account.now - DAY)
            ended[ended_count++] = *t;
    }
    qsort(open, (size_t)open_count, sizeof *open, by_trade_id);
    qsort(ended, (size_t)ended_count, sizeof *ended, by_end);
    assert_int_equal(rows->trade_count, open_count);
    for (int i = 0; i < open_count; i++) same_trade(&rows->trades[i], &open[i]);
    assert_int_equal(rows->closed_count, ended_count);
    for (int i = 0; i < ended_count; i++) same_trade(&rows->closed[i], &ended[i]);
}

static void compare_orders_and_signals(const struct model *m, const struct trader_rows *rows) {
    struct order orders[ROWS];
    struct signal signals[ROWS];
    int order_count = 0, signal_count = 0;
    for (int i = 0; i < ROWS; i++) {
        const struct order *o = &m->orders[i];
        if (order_is_live(o->state) || model_is_open(m, o->trade_id)) orders[order_count++] = *o;
        if (m->signals[i].verdict == VERDICT_WAITING) signals[signal_count++] = m->signals[i];
    }
    qsort(orders, (size_t)order_count, sizeof *orders, by_order_id);
    qsort(signals, (size_t)signal_count, sizeof *signals, by_signal_id);
    assert_int_equal(rows->order_count, order_count);
    for (int i = 0; i < order_count; i++) same_order(&rows->orders[i], &orders[i]);
    assert_int_equal(rows->signal_count, signal_count);
    for (int i = 0; i < signal_count; i++) same_signal(&rows->signals[i], &signals[i]);
}

static void compare_memory(const struct model *m, const struct trader_rows *rows) {
    struct author authors[ROWS];
    int author_count = 0, n = 0;
    const usec since = m->account.now - 2 * DAY;
    for (int i = 0; i < ROWS; i++) {
        const struct author *v = &m->authors[i];
        if (v->last_post_at >= since || v->last_trade_at >= since) authors[author_count++] = *v;
    }
    qsort(authors, (size_t)author_count, sizeof *authors, by_key);
    assert_int_equal(rows->author_count, author_count);
    for (int i = 0; i < author_count; i++) same_author(&rows->authors[i], &authors[i]);
    for (int i = 0; i < ROWS; i++) { /* in the order of their putting */
        if (m->memory[i].at < m->account.now - DAY) continue;
        assert_true(n < rows->memory_count);
        same_memory(&rows->memory[n++], &m->memory[i]);
    }
    assert_int_equal(rows->memory_count, n);
}

static void compare_model(struct bench *b, const struct model *m) {
    struct trader_rows rows;
    load(b, &rows);
    assert_false(rows.fresh);
    same_account(&rows.account, &m->account);
    same_control(&rows.control, &m->control);
    compare_trades(m, &rows);
    compare_orders_and_signals(m, &rows);
    compare_memory(m, &rows);
}

static void test_what_is_put_is_what_is_loaded(void **state) {
    struct bench *b = *state;
    struct model m;
    make_model(&m);
    put_model(b, &m);
    compare_model(b, &m);
    reopen(b);
    compare_model(b, &m);
}

static void test_a_later_put_overwrites_what_may_change(void **state) {
    struct bench *b = *state;
    struct model m;
    make_model(&m);
    put_model(b, &m);
    for (int i = 0; i < 5; i++) {
        change_model(&m);
        m.control.epoch += i;
        put_model(b, &m);
        compare_model(b, &m);
    }
}

static void test_a_post_keeps_its_first_time_and_takes_the_last_reading(void **state) {
    static const struct sql received = {"SELECT count(DISTINCT received_at) FROM tweets"};
    static const struct sql score = {"SELECT signal_score FROM tweets WHERE id = -5"};
    struct bench *b = *state;
    struct error err;
    bool has = true;
    assert_ok(store_has_post(b->s, -5, &has, &err), &err);
    assert_false(has);
    add_post(b, -5);
    turn(b);
    assert_ok(store_has_post(b->s, -5, &has, &err), &err);
    assert_true(has);
    add_post(b, -5);
    b->acts.v[0].u.post.signal_score = 12;
    turn(b);
    assert_int_equal(count(b, &received), 1);
    assert_int_equal(count(b, &score), 12);
}

static void test_old_memory_is_pruned_and_recent_memory_is_not(void **state) {
    static const struct sql sql = {"SELECT count(*) FROM post_memory"};
    struct bench *b = *state;
    for (int i = 0; i < 1000; i++) {
        struct post_memory *m = &add(b, ACTION_PUT_MEMORY)->u.memory;
        *m = (struct post_memory){.tweet_id = i + 1, .at = NOW + i * USEC_PER_HOUR / 4};
        turn(b);
    }
    const int64_t n = count(b, &sql);
    assert_in_range(n, 97, 97 + 128); /* 96 quarters of an hour, and what one round leaves */
}

/* -- intents -------------------------------------------------------------------------------------
 */

static void test_an_intent_is_written_once(void **state) {
    struct bench *b = *state;
    struct error err;
    add_control(b, MODE_AUTO, 1);
    turn(b);
    assert_ok(try_intent(b, plain_trade(10, 7, 70, NOW), &err), &err);
    assert_fails(try_intent(b, plain_trade(11, 7, 71, NOW + 2 * DAY), &err), &err, ERR_EXISTS);
    struct trade other = plain_trade(12, 7, 72, NOW);
    memcpy(other.strategy, "other", sizeof "other");
    assert_ok(try_intent(b, other, &err), &err);
    other = plain_trade(13, 7, 73, NOW);
    memcpy(other.symbol, "BTCUSDT", sizeof "BTCUSDT");
    assert_ok(try_intent(b, other, &err), &err);
}

static void test_a_copy_within_a_day_is_the_same_intent(void **state) {
    struct bench *b = *state;
    struct error err;
    add_control(b, MODE_AUTO, 1);
    turn(b);
    assert_ok(try_intent(b, plain_trade(10, 7, 70, NOW), &err), &err);
    assert_fails(try_intent(b, plain_trade(11, 8, 70, NOW + DAY - 1), &err), &err, ERR_EXISTS);
    assert_ok(try_intent(b, plain_trade(12, 9, 70, NOW + DAY), &err), &err);
    assert_ok(try_intent(b, plain_trade(13, 10, 0, NOW), &err), &err);
    assert_ok(try_intent(b, plain_trade(14, 11, 0, NOW), &err), &err); /* 0: of no cluster */
}

static void test_an_intent_of_another_epoch_or_mode_is_refused(void **state) {
    static const mode closed[] = {MODE_HALTED, MODE_OBSERVE};
    struct bench *b = *state;
    struct error err;
    assert_fails(try_intent(b, plain_trade(9, 7, 70, NOW), &err), &err, ERR_STATE);
    add_control(b, MODE_AUTO, 5);
    turn(b);
    assert_fails(try_intent(b, plain_trade(10, 7, 70, NOW), &err), &err, ERR_STATE);
    struct trade t = plain_trade(11, 7, 70, NOW);
    for (int i = 0; i < 2; i++) {
        t.epoch = 6 + i;
        add_control(b, closed[i], t.epoch);
        turn(b);
        assert_fails(try_intent(b, t, &err), &err, ERR_STATE);
    }
    t.epoch = 8;
    add_control(b, MODE_MANUAL, t.epoch);
    turn(b);
    assert_ok(try_intent(b, t, &err), &err);
}

static void test_a_turn_that_fails_leaves_nothing_and_cannot_be_committed(void **state) {
    static const struct sql trades = {"SELECT count(*) FROM trades"};
    static const struct sql audits = {"SELECT count(*) FROM audit_log"};
    struct bench *b = *state;
    struct error err;
    add(b, ACTION_AUDIT)->u.audit = (struct audit){.at = NOW, .action = "first"};
    add(b, ACTION_PUT_TRADE)->u.trade = plain_trade(10, 1, 1, NOW);
    add(b, ACTION_PUT_INTENT)->u.trade = plain_trade(11, 2, 2, NOW);
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_fails(store_apply(b->s, &b->acts, &err), &err, ERR_STATE);
    assert_fails(store_commit(b->s, &err), &err, ERR_STATE);
    store_rollback(b->s);
    assert_int_equal(count(b, &trades), 0);
    assert_int_equal(count(b, &audits), 0);
    b->acts.count = 1; /* the chain goes on from what is there, not from what was taken back */
    turn(b);
    int64_t rows, id;
    assert_ok(store_audit_verify(b->s, &rows, &id, &err), &err);
    assert_int_equal(rows, 1);
}

static void test_rows_that_point_nowhere_are_refused_at_the_commit(void **state) {
    struct bench *b = *state;
    struct error err;
    struct order o;
    make_order(&rng, &o);
    o.trade_id = 12345;
    add(b, ACTION_PUT_ORDER)->u.order = o;
    assert_fails(try_turn(b, &err), &err, ERR_STATE);
}

/* -- fills, positions, equity --------------------------------------------------------------------
 */

static struct fill plain_fill(int64_t id, int64_t trade_id, const char *venue_id) {
    struct fill f = {.id = id,
                     .trade_id = trade_id,
                     .symbol = "DOGEUSDT",
                     .side = ORDER_BUY,
                     .leg = LEG_ENTRY,
                     .qty = qty_from_e8(E8),
                     .price = price_from_e8(E8 / 4),
                     .quote = money_from_e8(E8 / 4),
                     .fee_e8 = 25000,
                     .fee_asset = "USDT",
                     .at = NOW};
    IGNORE(str_copyz(str_from_z(venue_id), f.venue_trade_id, sizeof f.venue_trade_id), "short");
    return f;
}

static void test_a_fill_is_booked_once(void **state) {
    struct bench *b = *state;
    struct error err;
    add(b, ACTION_PUT_TRADE)->u.trade = plain_trade(10, 1, 1, NOW);
    add(b, ACTION_PUT_FILL)->u.fill = plain_fill(20, 10, "555");
    turn(b);
    add(b, ACTION_PUT_FILL)->u.fill = plain_fill(21, 10, "555");
    assert_fails(try_turn(b, &err), &err, ERR_EXISTS);
    struct fill other = plain_fill(22, 10, "555");
    memcpy(other.symbol, "BTCUSDT", sizeof "BTCUSDT"); /* the venue counts per symbol */
    add(b, ACTION_PUT_FILL)->u.fill = other;
    turn(b);
}

static void test_a_position_of_size_0_is_gone(void **state) {
    static const struct sql sql = {"SELECT count(*) FROM positions"};
    struct bench *b = *state;
    struct position p = {.symbol = "DOGEUSDT", .size = qty_from_e8(-5), .leverage = 1};
    add(b, ACTION_PUT_POSITION)->u.position = p;
    turn(b);
    assert_int_equal(count(b, &sql), 1);
    p.size = qty_from_e8(7);
    add(b, ACTION_PUT_POSITION)->u.position = p;
    turn(b);
    assert_int_equal(count(b, &sql), 1);
    p.size = qty_from_e8(0);
    add(b, ACTION_PUT_POSITION)->u.position = p;
    turn(b);
    assert_int_equal(count(b, &sql), 0);
}

/* -- control and commands ------------------------------------------------------------------------
 */

static struct control control_now(struct bench *b) {
    struct error err;
    struct control c = {0};
    bool found;
    assert_ok(store_control(b->s, &c, &found, &err), &err);
    assert_true(found);
    return c;
}

static int64_t command(struct bench *b, struct command c) {
    struct error err;
    int64_t id;
    bool repeated;
    if (!c.actor[0]) memcpy(c.actor, "cli:root", sizeof "cli:root");
    assert_ok(store_command_add(b->s, &c, (str){0}, NOW, &id, &repeated, &err), &err);
    assert_false(repeated);
    return id;
}

static void test_an_older_mode_never_overwrites_a_newer_one(void **state) {
    struct bench *b = *state;
    add_control(b, MODE_AUTO, 1);
    turn(b);
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER});
    add_control(b, MODE_AUTO, 2); /* decided before the halt was seen */
    turn(b);
    assert_int_equal(control_now(b).mode, MODE_HALTED);
    assert_int_equal(control_now(b).epoch, 2);
    add_control(b, MODE_AUTO, 3);
    turn(b);
    assert_int_equal(control_now(b).mode, MODE_AUTO);
}

static void test_the_programs_own_halt_is_never_lost(void **state) {
    struct bench *b = *state;
    add_control(b, MODE_AUTO, 1);
    turn(b);
    command(b, (struct command){.verb = VERB_MODE, .mode = MODE_MANUAL});
    struct control own = {.mode = MODE_HALTED, .before = MODE_AUTO, .epoch = 2, .by_program = true};
    own.until = USEC_NEVER;
    add(b, ACTION_PUT_CONTROL)->u.control = own;
    turn(b);
    const struct control c = control_now(b);
    assert_int_equal(c.mode, MODE_HALTED);
    assert_int_equal(c.before, MODE_MANUAL);
    assert_int_equal(c.epoch, 3);
    assert_true(c.by_program);
}

static void test_a_halt_changes_mode_and_epoch_with_the_command(void **state) {
    static const struct sql audits = {
        "SELECT count(*) FROM audit_log WHERE action = 'halt' AND actor = 'cli:root'"};
    struct bench *b = *state;
    add_control(b, MODE_MANUAL, 4);
    turn(b);
    struct command halt = {.verb = VERB_HALT, .until = NOW + DAY, .reason = "lunch"};
    command(b, halt);
    struct control c = control_now(b);
    assert_int_equal(c.mode, MODE_HALTED);
    assert_int_equal(c.before, MODE_MANUAL);
    assert_int_equal(c.epoch, 5);
    assert_int_equal(c.until, NOW + DAY);
    assert_string_equal(c.reason, "lunch");
    assert_int_equal(count(b, &audits), 1);
    command(b, halt); /* again: what it returns to stays */
    c = control_now(b);
    assert_int_equal(c.before, MODE_MANUAL);
    assert_int_equal(c.epoch, 6);
    command(b, (struct command){.verb = VERB_RESUME, .mode = MODE_MANUAL});
    c = control_now(b);
    assert_int_equal(c.mode, MODE_MANUAL);
    assert_int_equal(c.epoch, 7);
    assert_int_equal(c.until, USEC_NEVER);
}

static void test_a_mode_set_while_halted_waits_for_the_resume(void **state) {
    struct bench *b = *state;
    add_control(b, MODE_AUTO, 1);
    turn(b);
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER});
    command(b, (struct command){.verb = VERB_MODE, .mode = MODE_OBSERVE});
    const struct control c = control_now(b);
    assert_int_equal(c.mode, MODE_HALTED);
    assert_int_equal(c.before, MODE_OBSERVE);
    assert_int_equal(c.epoch, 3);
}

static void test_a_person_gives_no_end_to_the_programs_halt(void **state) {
    struct bench *b = *state;
    struct control own = {.mode = MODE_HALTED, .before = MODE_AUTO, .epoch = 1, .by_program = true};
    own.until = USEC_NEVER;
    add(b, ACTION_PUT_CONTROL)->u.control = own;
    turn(b);
    command(b, (struct command){.verb = VERB_HALT, .until = NOW + 1});
    assert_int_equal(control_now(b).until, USEC_NEVER);
    assert_true(control_now(b).by_program);
}

static void test_a_halt_before_the_first_start_holds(void **state) {
    struct bench *b = *state;
    struct trader_rows rows;
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER});
    add_control(b, MODE_AUTO, 1); /* a trader that starts with a new account */
    turn(b);
    load(b, &rows);
    assert_true(rows.fresh);
    assert_int_equal(rows.control.mode, MODE_HALTED);
}

static void test_resuming_to_halted_is_refused(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t id;
    bool repeated;
    const struct command c = {.verb = VERB_RESUME, .mode = MODE_HALTED};
    assert_fails(store_command_add(b->s, &c, (str){0}, NOW, &id, &repeated, &err), &err, ERR_USAGE);
}

static void test_the_same_key_is_the_same_command(void **state) {
    static const struct sql sql = {"SELECT count(*) FROM commands"};
    struct bench *b = *state;
    struct error err;
    int64_t first, second;
    bool repeated;
    const struct command c = {.verb = VERB_HALT, .actor = "http:ann", .until = USEC_NEVER};
    assert_ok(store_command_add(b->s, &c, STR("k1"), NOW, &first, &repeated, &err), &err);
    assert_false(repeated);
    const int64_t epoch = control_now(b).epoch;
    assert_ok(store_command_add(b->s, &c, STR("k1"), NOW + 1, &second, &repeated, &err), &err);
    assert_true(repeated);
    assert_int_equal(first, second);
    assert_int_equal(control_now(b).epoch, epoch);
    assert_int_equal(count(b, &sql), 1);
}

static void test_commands_wait_until_they_are_answered(void **state) {
    struct bench *b = *state;
    struct error err;
    struct command got[8];
    int n;
    bool done, ok;
    str text;
    const struct command close = {.verb = VERB_CLOSE,
                                  .target = 42,
                                  .actor = "http:ann",
                                  .reason = "enough",
                                  .mode = MODE_AUTO,
                                  .until = 5};
    const int64_t first = command(b, close);
    const int64_t second = command(b, (struct command){.verb = VERB_FLATTEN});
    assert_ok(store_commands_pending(b->s, got, 8, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(got[0].id, first);
    assert_int_equal(got[0].verb, VERB_CLOSE);
    assert_int_equal(got[0].target, 42);
    assert_string_equal(got[0].actor, "http:ann");
    assert_string_equal(got[0].reason, "enough");
    assert_int_equal(got[0].until, 5);
    assert_int_equal(got[0].at, NOW);
    assert_int_equal(got[1].id, second);
    assert_ok(store_commands_pending(b->s, got, 1, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_ok(store_command_result(b->s, &b->a, first, &done, &ok, &text, &err), &err);
    assert_false(done);
    struct action *a = add(b, ACTION_COMMAND_DONE);
    a->u.done.id = first;
    memcpy(a->u.done.result, "no such trade", sizeof "no such trade");
    turn(b);
    assert_ok(store_command_result(b->s, &b->a, first, &done, &ok, &text, &err), &err);
    assert_true(done);
    assert_false(ok);
    assert_str(text, "no such trade");
    assert_ok(store_commands_pending(b->s, got, 8, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_fails(store_command_result(b->s, &b->a, 999, &done, &ok, &text, &err), &err,
                 ERR_NOT_FOUND);
}

/* -- settings, workers, letters, gaps, cursors ---------------------------------------------------
 */

static void test_settings_are_kept_removed_and_audited(void **state) {
    static const struct sql audits = {"SELECT count(*) FROM audit_log WHERE action = 'setting'"};
    struct bench *b = *state;
    struct error err;
    const str *rows;
    int n;
    assert_ok(store_setting_put(b->s, STR("b.x"), STR("1"), STR("ann"), NOW, &err), &err);
    assert_ok(store_setting_put(b->s, STR("a.y"), STR("u=v"), STR("ann"), NOW, &err), &err);
    assert_ok(store_setting_put(b->s, STR("b.x"), STR("2"), STR("ann"), NOW, &err), &err);
    assert_ok(store_settings(b->s, &b->a, &rows, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_str(rows[0], "a.y=u=v");
    assert_str(rows[1], "b.x=2");
    assert_ok(store_setting_put(b->s, STR("a.y"), (str){0}, STR("ann"), NOW, &err), &err);
    assert_ok(store_settings(b->s, &b->a, &rows, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(count(b, &audits), 4);
}

static void test_a_worker_is_one_row(void **state) {
    static const struct sql sql = {"SELECT max(seen_at) FROM workers HAVING count(*) = 1"};
    struct bench *b = *state;
    struct error err;
    for (int i = 0; i < 3; i++) {
        assert_ok(store_worker_beat(b->s, STR("w1"), STR("trade"), 7, NOW, NOW + i, &err), &err);
    }
    assert_int_equal(count(b, &sql), NOW + 2);
}

static void test_dead_letters_are_listed_marked_and_never_removed(void **state) {
    struct bench *b = *state;
    struct error err;
    struct dead_letter got, *list;
    int64_t ids[5];
    int n;
    for (int i = 0; i < 5; i++) {
        const struct dead_letter d = {.source = STR("x"),
                                      .kind = STR("post"),
                                      .payload = STR("{\"id\":\"1\"}"),
                                      .error = STR("no time"),
                                      .attempts = 4,
                                      .first_at = NOW,
                                      .last_at = NOW + i};
        assert_ok(store_dead_put(b->s, &d, &ids[i], &err), &err);
    }
    assert_ok(store_dead_list(b->s, &b->a, 0, 3, &list, &n, &err), &err);
    assert_int_equal(n, 3);
    assert_int_equal(list[0].id, ids[4]);
    assert_ok(store_dead_list(b->s, &b->a, list[2].id, 3, &list, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(list[1].id, ids[0]);
    assert_ok(store_dead_mark(b->s, ids[0], STR("dropped"), STR("ann"), NOW, &err), &err);
    assert_ok(store_dead_get(b->s, &b->a, ids[0], &got, &err), &err);
    assert_str(got.status, "dropped");
    assert_str(got.payload, "{\"id\":\"1\"}");
    assert_str(got.error, "no time");
    assert_str(got.source, "x");
    assert_str(got.kind, "post");
    assert_int_equal(got.attempts, 4);
    assert_int_equal(got.first_at, NOW);
    assert_int_equal(got.last_at, NOW);
    assert_fails(store_dead_get(b->s, &b->a, 999, &got, &err), &err, ERR_NOT_FOUND);
    assert_fails(store_dead_mark(b->s, 999, STR("dead"), STR("ann"), NOW, &err), &err,
                 ERR_NOT_FOUND);
    assert_fails(store_dead_mark(b->s, ids[1], STR("gone"), STR("ann"), NOW, &err), &err,
                 ERR_STATE);
}

static void test_gaps_are_kept(void **state) {
    static const struct sql sql = {"SELECT count(*) FROM gaps WHERE until_at - from_at = 5"};
    struct bench *b = *state;
    struct error err;
    assert_ok(store_gap_put(b->s, STR("x"), NOW, NOW + 5, STR("line too long"), &err), &err);
    assert_int_equal(count(b, &sql), 1);
}

static void test_cursors_carry_any_bytes_and_move_with_the_transaction(void **state) {
    struct bench *b = *state;
    struct error err;
    char bytes[256];
    str got;
    bool found;
    for (int i = 0; i < 256; i++) bytes[i] = (char)i;
    assert_ok(store_cursor_get(b->s, &b->a, STR("prices"), &got, &found, &err), &err);
    assert_false(found);
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_ok(store_cursor_put(b->s, STR("prices"), str_from_bytes(bytes, 256), &err), &err);
    assert_ok(store_cursor_put(b->s, STR("empty"), (str){0}, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_ok(store_cursor_put(b->s, STR("prices"), STR("lost"), &err), &err);
    store_rollback(b->s);
    assert_ok(store_cursor_get(b->s, &b->a, STR("prices"), &got, &found, &err), &err);
    assert_true(found);
    assert_true(str_eq(got, str_from_bytes(bytes, 256)));
    assert_ok(store_cursor_get(b->s, &b->a, STR("empty"), &got, &found, &err), &err);
    assert_true(found);
    assert_int_equal(got.n, 0);
}

/* -- ledger, totals, audit -----------------------------------------------------------------------
 */

static void add_line(struct bench *b, int64_t seq, const char *line) {
    struct action *a = add(b, ACTION_LEDGER);
    a->u.ledger.seq = seq;
    a->u.ledger.at = NOW;
    IGNORE(str_copyz(str_from_z(line), a->u.ledger.line, sizeof a->u.ledger.line), "short");
}

static void test_the_ledger_hash_is_over_its_lines_in_order(void **state) {
    struct bench *b = *state;
    struct error err;
    char got[65], want[65];
    uint8_t sum[SHA256_BYTES];
    struct buf text;
    buf_init(&text, 1000);
    assert_ok(store_ledger_hash(b->s, got, &err), &err);
    sha256_once((str){0}, sum);
    hex_format(sum, SHA256_BYTES, want);
    assert_string_equal(got, want);
    add_line(b, 2, "second");
    add_line(b, 1, "first");
    turn(b);
    assert_ok(store_ledger_hash(b->s, got, &err), &err);
    sha256_once(STR("first\nsecond\n"), sum);
    hex_format(sum, SHA256_BYTES, want);
    assert_string_equal(got, want);
    const struct show_query q = {.kind = SHOW_LEDGER};
    assert_ok(store_show_json(b->s, &q, &text, &err), &err);
    assert_str(buf_str(&text), "first\nsecond\n");
    buf_fini(&text);
    add_line(b, 2, "another");
    assert_fails(try_turn(b, &err), &err, ERR_EXISTS);
}

static void test_totals_count_what_happened(void **state) {
    struct bench *b = *state;
    struct error err;
    struct store_totals t;
    add_post(b, 1);
    add_post(b, 2);
    b->acts.v[1].u.post.outcome = REASON_NO_COIN;
    struct signal s;
    make_signal(&rng, &s);
    s.tweet_id = 1;
    s.verdict = VERDICT_REFUSED;
    s.reason = REASON_COOLDOWN_SYMBOL;
    add(b, ACTION_PUT_SIGNAL)->u.signal = s;
    struct trade done = plain_trade(10, 1, 1, NOW), open = plain_trade(11, 2, 2, NOW);
    done.status = TRADE_CLOSED;
    done.entered_at = open.entered_at = NOW;
    done.closed_at = NOW + 1;
    done.pnl = money_from_e8(-5);
    done.fees = money_from_e8(2);
    open.fees = money_from_e8(3);
    open.pnl = money_from_e8(1000); /* not closed yet */
    add(b, ACTION_PUT_TRADE)->u.trade = done;
    add(b, ACTION_PUT_TRADE)->u.trade = open;
    add(b, ACTION_PUT_TRADE)->u.trade = plain_trade(12, 3, 3, NOW); /* not entered */
    turn(b);
    assert_ok(store_totals(b->s, &t, &err), &err);
    assert_int_equal(t.posts, 2);
    assert_int_equal(t.signals, 1);
    assert_int_equal(t.trades, 2);
    assert_int_equal(t.closed, 1);
    assert_int_equal(t.refused[REASON_NO_COIN], 1);
    assert_int_equal(t.refused[REASON_COOLDOWN_SYMBOL], 1);
    assert_int_equal(money_e8(t.fees), 5);
    assert_int_equal(money_e8(t.pnl), -5);
}

static void add_audits(struct bench *b, int n) {
    for (int i = 0; i < n; i++) {
        struct audit *a = &add(b, ACTION_AUDIT)->u.audit;
        *a = (struct audit){.at = NOW + i, .actor = "program", .action = "test", .entity = "none"};
        a->entity_id = i;
        IGNORE(str_copyz(STR("1:a,\n'\""), a->detail, sizeof a->detail), "short");
    }
    turn(b);
}

static void test_the_audit_log_is_a_chain_and_append_only(void **state) {
    static const struct sql change[] = {{"UPDATE audit_log SET actor = 'nobody' WHERE id = 2"},
                                        {"DELETE FROM audit_log WHERE id = 3"}};
    struct bench *b = *state;
    struct error err;
    int64_t rows, id;
    add_audits(b, 3);
    add_audits(b, 2);
    assert_ok(store_audit_verify(b->s, &rows, &id, &err), &err);
    assert_int_equal(rows, 5);
    for (int i = 0; i < 2; i++) {
        assert_fails(query_exec(b->s, &change[i], &err), &err, ERR_STATE);
    }
    assert_ok(store_audit_verify(b->s, &rows, &id, &err), &err);
}

static void test_a_forged_audit_row_is_found(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t rows, id;
    add_audits(b, 3);
    exec(b,
         "INSERT INTO audit_log SELECT 4, at, actor, action, entity, entity_id, trade_id, detail, "
         "prev_hash, hash FROM audit_log WHERE id = 3");
    assert_fails(store_audit_verify(b->s, &rows, &id, &err), &err, ERR_DAMAGED);
    assert_int_equal(id, 4);
}

/* -- what people see -----------------------------------------------------------------------------
 */

static json_t *show(struct bench *b, struct show_query q) {
    struct error err;
    struct buf out;
    json_error_t where;
    buf_init(&out, 1 << 24);
    if (!q.limit) q.limit = 100;
    assert_ok(store_show_json(b->s, &q, &out, &err), &err);
    json_t *got = json_loadb(out.p, (size_t)out.len, 0, &where);
    if (!got) fail_msg("%s at %d in %s", where.text, where.position, buf_z(&out));
    assert_true(json_is_array(got));
    buf_fini(&out);
    return got;
}

static const char *text_of(const json_t *row, const char *key) {
    const json_t *v = json_object_get(row, key);
    if (!json_is_string(v)) fail_msg("%s is no string", key);
    return json_string_value(v);
}

static void test_every_kind_is_shown_as_json(void **state) {
    static const show_kind kinds[] = {SHOW_TRADES,  SHOW_POSITIONS, SHOW_ORDERS,  SHOW_FILLS,
                                      SHOW_SIGNALS, SHOW_POSTS,     SHOW_WORKERS, SHOW_COMMANDS,
                                      SHOW_AUDIT,   SHOW_EQUITY};
    struct bench *b = *state;
    struct error err;
    struct model m;
    make_model(&m);
    put_model(b, &m);
    add(b, ACTION_PUT_FILL)->u.fill = plain_fill(20, m.trades[0].id, "5");
    add(b, ACTION_PUT_EQUITY)->u.equity = (struct equity_sample){.at = NOW, .drawdown_bp = -12};
    add(b, ACTION_PUT_POSITION)->u.position =
        (struct position){.symbol = "X", .size = qty_from_e8(-1), .leverage = 1};
    add_audits(b, 1);
    command(b, (struct command){.verb = VERB_HALT, .until = USEC_NEVER});
    assert_ok(store_worker_beat(b->s, STR("w"), STR("trade"), 1, NOW, NOW, &err), &err);
    for (int i = 0; i < COUNT_OF(kinds); i++) {
        json_t *all = show(b, (struct show_query){.kind = kinds[i]});
        if (json_array_size(all) == 0) fail_msg("nothing of kind %d", (int)kinds[i]);
        json_decref(all);
        json_t *none = show(b, (struct show_query){.kind = kinds[i], .status = STR("no such")});
        if (kinds[i] != SHOW_POSITIONS && kinds[i] != SHOW_EQUITY) {
            assert_int_equal(json_array_size(none), 0);
        }
        json_decref(none);
    }
}

static void test_amounts_ids_and_times_are_shown_exactly(void **state) {
    struct bench *b = *state;
    struct trade t = plain_trade(INT64_C(9007199254740993), 1, 1, NOW);
    t.pnl = money_from_e8(-50000000);
    t.quantity = qty_from_e8(AMOUNT_E8_MAX);
    add(b, ACTION_PUT_TRADE)->u.trade = t;
    add_post(b, 1);
    turn(b);
    json_t *rows = show(b, (struct show_query){.kind = SHOW_TRADES});
    const json_t *row = json_array_get(rows, 0);
    assert_string_equal(text_of(row, "id"), "9007199254740993");
    assert_string_equal(text_of(row, "pnl"), "-0.5");
    assert_string_equal(text_of(row, "quantity"), "9999999999.99999999");
    assert_string_equal(text_of(row, "created_at"), "2023-11-14T22:13:20.000000Z");
    assert_true(json_is_null(json_object_get(row, "entry_price")));
    assert_true(json_is_null(json_object_get(row, "closed_at")));
    assert_true(json_is_null(json_object_get(row, "tweet_id")));
    json_decref(rows);
    rows = show(b, (struct show_query){.kind = SHOW_POSTS});
    row = json_array_get(rows, 0);
    const json_t *mention = json_array_get(json_object_get(row, "mentions"), 0);
    assert_string_equal(text_of(mention, "symbol"), "DOGEUSDT");
    assert_string_equal(text_of(mention, "reason"), "name");
    assert_true(json_real_value(json_object_get(mention, "polarity")) == -0.0125);
    assert_true(json_is_null(json_object_get(row, "likes")));
    assert_int_equal(json_integer_value(json_object_get(row, "replies")), 0);
    assert_true(json_is_null(json_object_get(row, "outcome")));
    json_decref(rows);
}

static void test_lists_are_filtered_and_paged(void **state) {
    struct bench *b = *state;
    for (int i = 1; i <= 9; i++) {
        struct trade t = plain_trade(i, i, i, NOW);
        if (i % 2) memcpy(t.symbol, "BTCUSDT", sizeof "BTCUSDT");
        if (i > 6) t.status = TRADE_CLOSED;
        add(b, ACTION_PUT_TRADE)->u.trade = t;
    }
    turn(b);
    json_t *rows = show(b, (struct show_query){.kind = SHOW_TRADES, .limit = 4});
    assert_int_equal(json_array_size(rows), 4);
    assert_string_equal(text_of(json_array_get(rows, 0), "id"), "9");
    json_decref(rows);
    rows = show(b, (struct show_query){.kind = SHOW_TRADES, .limit = 4, .before = 6});
    assert_string_equal(text_of(json_array_get(rows, 0), "id"), "5");
    json_decref(rows);
    rows = show(b, (struct show_query){.kind = SHOW_TRADES, .symbol = STR("BTCUSDT")});
    assert_int_equal(json_array_size(rows), 5);
    json_decref(rows);
    rows = show(b, (struct show_query){
                       .kind = SHOW_TRADES, .symbol = STR("BTCUSDT"), .status = STR("CLOSED")});
    assert_int_equal(json_array_size(rows), 2);
    json_decref(rows);
}

static void test_posts_are_paged_by_time_whatever_their_ids(void **state) {
    static const int64_t ids[] = {50, -3, 7, -90};
    struct bench *b = *state;
    for (int i = 0; i < 4; i++) {
        add_post(b, ids[i]);
        struct reading *r = NEW(&b->a, struct reading);
        struct post *p = NEW(&b->a, struct post);
        *r = *b->acts.v[i].u.post.reading;
        *p = *r->post;
        p->created_at = NOW + i;
        r->post = p;
        b->acts.v[i].u.post.reading = r;
    }
    turn(b);
    int64_t before = 0;
    for (int i = 3; i >= 0; i--) {
        json_t *rows =
            show(b, (struct show_query){.kind = SHOW_POSTS, .limit = 1, .before = before});
        assert_int_equal(json_array_size(rows), 1);
        before = strtoll(text_of(json_array_get(rows, 0), "id"), NULL, 10);
        assert_int_equal(before, ids[i]);
        json_decref(rows);
    }
    json_t *rows = show(b, (struct show_query){.kind = SHOW_POSTS, .limit = 1, .before = before});
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
}

static void test_a_full_buffer_is_an_error_not_half_a_list(void **state) {
    struct bench *b = *state;
    struct error err;
    struct buf out;
    add(b, ACTION_PUT_TRADE)->u.trade = plain_trade(1, 1, 1, NOW);
    turn(b);
    buf_init(&out, 100);
    const struct show_query q = {.kind = SHOW_TRADES, .limit = 10};
    assert_fails(store_show_json(b->s, &q, &out, &err), &err, ERR_FULL);
    buf_fini(&out);
}

/* -- several connections -------------------------------------------------------------------------
 */

static void test_data_version_tells_of_others_commits_only(void **state) {
    struct bench *b = *state;
    struct store *other = open_store(b, false);
    const int64_t before = store_data_version(b->s);
    add_audits(b, 1);
    assert_int_equal(store_data_version(b->s), before);
    struct store *own = b->s;
    b->s = other;
    add_audits(b, 1);
    b->s = own;
    assert_int_not_equal(store_data_version(b->s), before);
    store_close(other);
}

struct adder {
    struct bench *b;
    int count;
    int failed;
};

static void *add_commands(void *arg) {
    struct adder *w = arg;
    struct store *s = open_store(w->b, false);
    for (int i = 0; i < w->count; i++) {
        struct error err;
        int64_t id;
        bool repeated;
        const struct command c = {.verb = VERB_RECONCILE, .actor = "t"};
        if (!store_command_add(s, &c, (str){0}, NOW, &id, &repeated, &err)) w->failed++;
    }
    store_close(s);
    return NULL;
}

static void test_the_audit_chain_holds_when_many_write(void **state) {
    struct bench *b = *state;
    struct error err;
    pthread_t threads[3];
    struct adder adders[3];
    int64_t rows, id;
    struct arena arenas[3];
    struct bench *benches = calloc(3, sizeof *benches);
    assert_non_null(benches);
    for (int i = 0; i < 3; i++) {
        memcpy(benches[i].url, b->url, sizeof b->url);
        arena_open(&arenas[i], 1 << 16);
        benches[i].a = arenas[i];
        adders[i] = (struct adder){.b = &benches[i], .count = 20};
        assert_int_equal(pthread_create(&threads[i], NULL, add_commands, &adders[i]), 0);
    }
    for (int i = 0; i < 20; i++) add_audits(b, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(adders[i].failed, 0);
        arena_close(&arenas[i]);
    }
    free(benches);
    assert_ok(store_audit_verify(b->s, &rows, &id, &err), &err);
    assert_int_equal(rows, 80);
}

static void test_one_trader_at_a_time(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t pid = -1;
    struct store *other = open_store(b, false);
    assert_false(store_trader_running(b->s, &pid));
    assert_ok(store_trader_lock(b->s, &err), &err);
    assert_ok(store_trader_lock(b->s, &err), &err); /* it has it already */
    assert_fails(store_trader_lock(other, &err), &err, ERR_EXISTS);
    assert_true(store_trader_running(other, &pid));
    assert_int_equal(pid, getpid());
    assert_true(store_trader_running(b->s, &pid));
    reopen(b);
    assert_false(store_trader_running(other, &pid));
    assert_ok(store_trader_lock(other, &err), &err);
    store_close(other);
}

static void test_a_reader_sees_one_moment(void **state) {
    struct bench *b = *state;
    struct error err;
    struct store *reader = open_store(b, false), *writer = b->s;
    int64_t rows, id;
    add_audits(b, 1);
    assert_ok(store_begin(reader, false, &err), &err);
    assert_ok(store_audit_verify(reader, &rows, &id, &err), &err);
    assert_int_equal(rows, 1);
    b->s = writer;
    add_audits(b, 1);
    assert_ok(store_audit_verify(reader, &rows, &id, &err), &err);
    assert_int_equal(rows, 1);
    store_rollback(reader);
    assert_ok(store_audit_verify(reader, &rows, &id, &err), &err);
    assert_int_equal(rows, 2);
    store_close(reader);
}

/* -- the check -----------------------------------------------------------------------------------
 */

/* A trade that was bought in two fills, sold in part, and one that was shorted and bought back. */
static void put_believable(struct bench *b) {
    struct trade l = plain_trade(10, 1, 1, NOW), s = plain_trade(11, 2, 2, NOW);
    struct order entry = {.id = 20, .trade_id = 10, .leg = LEG_ENTRY, .coid = "a", .sym = SYM_NONE};
    struct order some = {.id = 21, .trade_id = 10, .leg = LEG_EXIT, .coid = "b", .sym = SYM_NONE};
    struct order sold = {.id = 22, .trade_id = 11, .leg = LEG_ENTRY, .coid = "c", .sym = SYM_NONE};
    struct order back = {.id = 23, .trade_id = 11, .leg = LEG_STOP, .coid = "d", .sym = SYM_NONE};
    some.side = sold.side = ORDER_SELL;
    struct fill f[5];
    for (int i = 0; i < 5; i++) f[i] = plain_fill(30 + i, i < 3 ? 10 : 11, "");
    /* 3 bought at 2 with a fee of 0.001 of the coin, 1 bought at 3 with a fee of 0.01 in quote */
    f[0].order_id = f[1].order_id = 20;
    f[0].qty = qty_from_e8(3 * E8), f[0].price = price_from_e8(2 * E8);
    f[0].quote = money_from_e8(6 * E8), f[0].fee_e8 = E8 / 1000, f[0].fee_in_base = true;
    f[1].qty = qty_from_e8(E8), f[1].price = price_from_e8(3 * E8);
    f[1].quote = money_from_e8(3 * E8), f[1].fee_e8 = E8 / 100;
    /* 1 sold at 4 */
    f[2].order_id = 21, f[2].side = ORDER_SELL, f[2].leg = LEG_EXIT;
    f[2].price = price_from_e8(4 * E8), f[2].quote = money_from_e8(4 * E8), f[2].fee_e8 = 400000;
    /* 2 shorted at 5, bought back at 6 */
    f[3].order_id = 22, f[3].side = ORDER_SELL, f[3].qty = qty_from_e8(2 * E8);
    f[3].price = price_from_e8(5 * E8), f[3].quote = money_from_e8(10 * E8), f[3].fee_e8 = 1;
    f[4].order_id = 23, f[4].leg = LEG_STOP, f[4].qty = qty_from_e8(2 * E8);
    f[4].price = price_from_e8(6 * E8), f[4].quote = money_from_e8(12 * E8), f[4].fee_e8 = 2;
    entry.filled = qty_from_e8(4 * E8), entry.quote_filled = money_from_e8(9 * E8);
    some.filled = qty_from_e8(E8), some.quote_filled = money_from_e8(4 * E8);
    sold.filled = qty_from_e8(2 * E8), sold.quote_filled = money_from_e8(10 * E8);
    back.filled = qty_from_e8(2 * E8), back.quote_filled = money_from_e8(12 * E8);
    /* held 3.999, paid 9.01; 9.01 / 3.999 of it, rounded down, leaves with the one sold */
    const int64_t out = INT64_C(225306326);
    l.held = qty_from_e8(2 * E8 + 99900000);
    l.basis = money_from_e8(901000000 - out);
    l.pnl = money_from_e8(400000000 - 400000 - out);
    l.fees = money_from_e8(200000 + E8 / 100 + 400000);
    s.side = SIDE_SHORT, s.status = TRADE_CLOSED;
    memcpy(s.symbol, "BTCUSDT", sizeof "BTCUSDT");
    s.pnl = money_from_e8(-2 * E8 - 3);
    s.fees = money_from_e8(3);
    const struct account account = {.start = money_from_e8(1000 * E8),
                                    .cash = money_from_e8(1000 * E8 - 6 * E8 - 3 * E8 - E8 / 100 +
                                                          4 * E8 - 400000 - 2 * E8 - 3),
                                    .realized = money_plus(l.pnl, s.pnl),
                                    .fees = money_plus(l.fees, s.fees),
                                    .seq = 2,
                                    .next_id = 100,
                                    .now = NOW};
    add(b, ACTION_PUT_TRADE)->u.trade = l;
    add(b, ACTION_PUT_TRADE)->u.trade = s;
    add(b, ACTION_PUT_ORDER)->u.order = entry;
    add(b, ACTION_PUT_ORDER)->u.order = some;
    add(b, ACTION_PUT_ORDER)->u.order = sold;
    add(b, ACTION_PUT_ORDER)->u.order = back;
    for (int i = 0; i < 5; i++) add(b, ACTION_PUT_FILL)->u.fill = f[i];
    add(b, ACTION_PUT_POSITION)->u.position =
        (struct position){.trade_id = 10, .symbol = "DOGEUSDT", .size = l.held, .leverage = 1};
    add(b, ACTION_PUT_ACCOUNT)->u.account = account;
    add_line(b, 1, "one");
    add_line(b, 2, "two");
    add_audits(b, 2);
}

static void test_the_check_finds_nothing_in_a_good_store(void **state) {
    struct bench *b = *state;
    struct error err;
    struct buf report;
    buf_init(&report, 1 << 16);
    assert_ok(store_check(b->s, &report, &err), &err);
    put_believable(b);
    const bool ok = store_check(b->s, &report, &err);
    if (!ok) fail_msg("%s\n%s", err.msg, buf_z(&report));
    assert_int_equal(report.len, 0);
    buf_fini(&report);
}

static void test_the_check_finds_each_number_that_is_off_by_one(void **state) {
    static const struct {
        const char *sql, *says;
    } wrong[] = {
        {"UPDATE fills SET quantity = quantity + 1 WHERE id = 30", "order a: filled_quantity"},
        {"UPDATE fills SET quote = quote - 1 WHERE id = 32", "order b: quote_filled"},
        {"UPDATE orders SET filled_quantity = filled_quantity + 1 WHERE id = 20", "order a:"},
        {"UPDATE trades SET held = held + 1 WHERE id = 10", "trade 10: held"},
        {"UPDATE trades SET basis = basis + 1 WHERE id = 10", "trade 10: basis"},
        {"UPDATE trades SET pnl = pnl + 1 WHERE id = 11", "trade 11: pnl"},
        {"UPDATE trades SET fees = fees - 1 WHERE id = 11", "trade 11: fees"},
        {"UPDATE fills SET fee = fee + 1 WHERE id = 33", "trade 11: fees"},
        {"UPDATE fills SET side = 'BUY' WHERE id = 33", "wrong side"},
        {"UPDATE fills SET quantity = 9999999999 WHERE id = 32", "takes more than was held"},
        {"UPDATE fills SET trade_id = NULL WHERE id = 34", "belongs to no trade"},
        {"DELETE FROM fills WHERE id = 31", "account: cash"},
        {"UPDATE positions SET size = size + 1", "position in DOGEUSDT"},
        {"DELETE FROM positions", "position in DOGEUSDT"},
        {"UPDATE positions SET symbol = 'BTCUSDT'", "position in BTCUSDT"},
        {"UPDATE account SET cash = cash + 1", "account: cash"},
        {"UPDATE account SET realized = realized + 1", "account: realized"},
        {"UPDATE account SET fees = fees + 1", "account: fees"},
        {"DELETE FROM ledger WHERE seq = 1", "ledger: 1 lines"},
        {"INSERT INTO audit_log SELECT 3, at, actor, action, entity, entity_id, trade_id, detail, "
         "prev_hash, hash FROM audit_log WHERE id = 2",
         "audit_log: row 3"},
    };
    struct bench *b = *state;
    struct error err;
    put_believable(b);
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        struct buf report;
        buf_init(&report, 1 << 16);
        exec(b, wrong[i].sql);
        const bool ok = store_check(b->s, &report, &err);
        const bool found = str_find(buf_str(&report), str_from_z(wrong[i].says)) >= 0;
        if (ok || err.code != ERR_DAMAGED || !found) {
            fail_msg("%s: found \"%s\", not \"%s\"", wrong[i].sql, buf_z(&report), wrong[i].says);
        }
        buf_fini(&report);
        store_close(b->s);
        place->remove(b->url);
        place->make(b->url, sizeof b->url);
        b->s = open_store(b, true);
        put_believable(b);
    }
}

/* -- running them --------------------------------------------------------------------------------
 */

#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

static int run_alone(void) {
    const struct CMUnitTest tests[] = {
        T(new_store_has_the_newest_schema_and_is_fresh),
        T(migrating_again_does_nothing),
        T(unknown_url_is_refused),
        T(what_is_put_is_what_is_loaded),
        T(a_later_put_overwrites_what_may_change),
        T(a_post_keeps_its_first_time_and_takes_the_last_reading),
        T(old_memory_is_pruned_and_recent_memory_is_not),
        T(an_intent_is_written_once),
        T(a_copy_within_a_day_is_the_same_intent),
        T(an_intent_of_another_epoch_or_mode_is_refused),
        T(a_turn_that_fails_leaves_nothing_and_cannot_be_committed),
        T(rows_that_point_nowhere_are_refused_at_the_commit),
        T(a_fill_is_booked_once),
        T(a_position_of_size_0_is_gone),
        T(an_older_mode_never_overwrites_a_newer_one),
        T(the_programs_own_halt_is_never_lost),
        T(a_halt_changes_mode_and_epoch_with_the_command),
        T(a_mode_set_while_halted_waits_for_the_resume),
        T(a_person_gives_no_end_to_the_programs_halt),
        T(a_halt_before_the_first_start_holds),
        T(resuming_to_halted_is_refused),
        T(the_same_key_is_the_same_command),
        T(commands_wait_until_they_are_answered),
        T(settings_are_kept_removed_and_audited),
        T(a_worker_is_one_row),
        T(dead_letters_are_listed_marked_and_never_removed),
        T(gaps_are_kept),
        T(cursors_carry_any_bytes_and_move_with_the_transaction),
        T(the_ledger_hash_is_over_its_lines_in_order),
        T(totals_count_what_happened),
        T(the_audit_log_is_a_chain_and_append_only),
        T(a_forged_audit_row_is_found),
        T(every_kind_is_shown_as_json),
        T(amounts_ids_and_times_are_shown_exactly),
        T(lists_are_filtered_and_paged),
        T(posts_are_paged_by_time_whatever_their_ids),
        T(a_full_buffer_is_an_error_not_half_a_list),
        T(the_check_finds_nothing_in_a_good_store),
        T(the_check_finds_each_number_that_is_off_by_one),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}

static int run_shared(void) {
    const struct CMUnitTest tests[] = {
        T(data_version_tells_of_others_commits_only),
        T(the_audit_chain_holds_when_many_write),
        T(one_trader_at_a_time),
        T(a_reader_sees_one_moment),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}

int store_contract_run(const struct store_place *at) {
    const char *text = getenv("TEST_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time_wall_us();
    print_message("%s: TEST_SEED=%" PRIu64 "\n", at->name, seed);
    rng_init(&rng, seed);
    place = at;
    int failed = run_alone();
    if (at->shared) failed += run_shared();
    return failed;
}
