/* What the trader puts and loads: rows, intents, fills, and the ledger made of them. */
#include "store_bench.h"

#include <stdlib.h>

/* -- opening --------------------------------------------------------------------------------- */

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

/* -- what is put is what is loaded ----------------------------------------------------------- */

#define ROWS 24

struct model {
    struct account account;
    struct control control;
    struct trade trades[ROWS];
    struct order orders[ROWS];
    struct signal signals[ROWS];
    struct author authors[ROWS];
    struct post_memory memory[ROWS];
    struct deletion deletions[ROWS];
    struct author_record records[ROWS];
    struct forecast forecasts[ROWS];
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
        make_deletion(&rng, &m->deletions[i]);
        make_record(&rng, &m->records[i]);
        make_forecast(&rng, &m->forecasts[i]);
        m->trades[i].tweet_id = rng_below(&rng, 4) ? 1 + i : 0;
        m->signals[i].tweet_id = 1 + i;
        m->trades[i].signal_id = rng_below(&rng, 4) ? m->signals[i].id : 0;
        m->signals[i].trade_id = rng_below(&rng, 4) ? m->trades[i].id : 0;
        m->orders[i].trade_id = rng_below(&rng, 8) ? m->trades[rng_below(&rng, i + 1)].id : 0;
        /* near the edge of what is loaded, on both sides of it */
        const usec now = m->account.now;
        if (rng_below(&rng, 2)) m->trades[i].closed_at = now - DAY - 2 + rng_between(&rng, 0, 4);
        m->memory[i].at = now - DAY - 2 + rng_between(&rng, 0, 4);
        m->deletions[i].at = now - DAY - 2 + rng_between(&rng, 0, 4);
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
        t.posted_at = o->posted_at, t.base_score = o->base_score;
        m->trades[i] = t;
        m->signals[i].score = other.signals[i].score;
        memcpy(m->signals[i].parts_bp, other.signals[i].parts_bp, sizeof other.signals[i].parts_bp);
        m->signals[i].verdict = other.signals[i].verdict;
        m->signals[i].reason = other.signals[i].reason;
        m->signals[i].seen = other.signals[i].seen;
        m->signals[i].seen_at = other.signals[i].seen_at;
        m->signals[i].seen_volatility = other.signals[i].seen_volatility;
        m->signals[i].moved = other.signals[i].moved;
        m->signals[i].sigmas = other.signals[i].sigmas;
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
        memcpy(other.records[i].key, m->records[i].key, sizeof m->records[i].key);
        m->records[i] = other.records[i];
        m->forecasts[i].from = other.forecasts[i].from;
        m->forecasts[i].until = other.forecasts[i].until;
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
        add(b, ACTION_PUT_DELETION)->u.deletion = m->deletions[i];
        add(b, ACTION_PUT_FORECAST)->u.forecast = m->forecasts[i];
        add(b, ACTION_END_FORECAST)->u.ended.record = m->records[i]; /* of one that is not there */
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
static int by_heard(const void *a, const void *b) {
    const struct author *x = a, *y = b;
    return (x->heard > y->heard) - (x->heard < y->heard);
}

static bool model_is_open(const struct model *m, int64_t trade_id) {
    for (int i = 0; i < ROWS; i++) {
        if (m->trades[i].id == trade_id) return m->trades[i].status == TRADE_OPEN;
    }
    return false;
}

static bool model_has_live_order(const struct model *m, int64_t trade_id) {
    for (int i = 0; i < ROWS; i++) {
        if (m->orders[i].trade_id == trade_id && order_is_live(m->orders[i].state)) return true;
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
        else if ((t->closed_at != 0 && t->closed_at >= m->account.now - DAY) ||
                 model_has_live_order(m, t->id))
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
    for (int i = 0; i < ROWS; i++) {
        if (!m->authors[i].forgotten) authors[author_count++] = m->authors[i];
    }
    qsort(authors, (size_t)author_count, sizeof *authors, by_heard);
    assert_int_equal(rows->author_count, author_count);
    for (int i = 0; i < author_count; i++) same_author(&rows->authors[i], &authors[i]);
    for (int i = 0; i < ROWS; i++) { /* in the order of their putting */
        if (m->memory[i].at < m->account.now - DAY) continue;
        assert_true(n < rows->memory_count);
        same_memory(&rows->memory[n++], &m->memory[i]);
    }
    assert_int_equal(rows->memory_count, n);
}

static int by_deletion(const void *a, const void *b) {
    const struct deletion *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static void compare_deletions(const struct model *m, const struct trader_rows *rows) {
    struct deletion want[ROWS];
    int n = 0;
    for (int i = 0; i < ROWS; i++) {
        if (m->deletions[i].at >= m->account.now - DAY) want[n++] = m->deletions[i];
    }
    assert_int_equal(rows->deletion_count, n);
    qsort(want, (size_t)n, sizeof *want, by_deletion);
    for (int i = 0; i < n; i++) {
        bool found = false; /* several have one time */
        for (int k = 0; k < n && !found; k++) {
            found = rows->deletions[k].tweet_id == want[i].tweet_id;
            if (found) same_deletion(&rows->deletions[k], &want[i]);
        }
        assert_true(found);
        assert_int_equal(rows->deletions[i].at, want[i].at);
    }
}

static int by_record_key(const void *a, const void *b) {
    return strcmp(((const struct author_record *)a)->key, ((const struct author_record *)b)->key);
}
static int by_forecast_id(const void *a, const void *b) {
    const struct forecast *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static void compare_records(const struct model *m, const struct trader_rows *rows) {
    struct author_record records[ROWS];
    struct forecast forecasts[ROWS];
    memcpy(records, m->records, sizeof records);
    memcpy(forecasts, m->forecasts, sizeof forecasts);
    qsort(records, ROWS, sizeof *records, by_record_key);
    qsort(forecasts, ROWS, sizeof *forecasts, by_forecast_id);
    assert_int_equal(rows->record_count, ROWS);
    assert_int_equal(rows->forecast_count, ROWS);
    for (int i = 0; i < ROWS; i++) {
        same_record(&rows->records[i], &records[i]);
        same_forecast(&rows->forecasts[i], &forecasts[i]);
    }
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
    compare_deletions(m, &rows);
    compare_records(m, &rows);
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

static void apply_account(struct bench *b, struct account *v) {
    struct error err;
    make_account(&rng, v);
    b->acts.count = 0;
    add(b, ACTION_PUT_ACCOUNT)->u.account = *v;
    assert_ok(store_apply(b->s, &b->acts, &err), &err);
    b->acts.count = 0;
}

static void test_of_the_turns_of_a_transaction_the_last_ones_account_stays(void **state) {
    struct bench *b = *state;
    struct error err;
    struct account last, lost;
    struct trader_rows rows;
    assert_ok(store_begin(b->s, true, &err), &err);
    for (int i = 0; i < 3; i++) apply_account(b, &last);
    assert_ok(store_commit(b->s, &err), &err);
    load(b, &rows);
    same_account(&rows.account, &last);

    assert_ok(store_begin(b->s, true, &err), &err);
    apply_account(b, &lost);
    store_rollback(b->s);
    assert_ok(store_begin(b->s, true, &err), &err);
    assert_ok(store_commit(b->s, &err), &err);
    load(b, &rows);
    same_account(&rows.account, &last);
}

static void test_a_forecast_ends_with_what_it_says_of_its_author(void **state) {
    struct bench *b = *state;
    struct forecast f[2];
    struct author_record first, second;
    struct trader_rows rows;
    for (int i = 0; i < 2; i++) make_forecast(&rng, &f[i]);
    make_record(&rng, &first);
    make_record(&rng, &second);
    for (int i = 0; i < 2; i++) add(b, ACTION_PUT_FORECAST)->u.forecast = f[i];
    struct action *a = add(b, ACTION_END_FORECAST);
    a->u.ended.id = f[0].id;
    a->u.ended.record = first;
    add(b, ACTION_PUT_ACCOUNT)->u.account = (struct account){.now = NOW};
    turn(b);
    load(b, &rows);
    assert_int_equal(rows.forecast_count, 1);
    same_forecast(&rows.forecasts[0], &f[1]);
    assert_int_equal(rows.record_count, 1);
    same_record(&rows.records[0], &first);
    a = add(b, ACTION_END_FORECAST);
    a->u.ended.id = f[1].id;
    a->u.ended.record = second;
    memcpy(a->u.ended.forgotten, first.key, sizeof first.key);
    turn(b);
    load(b, &rows);
    assert_int_equal(rows.forecast_count, 0);
    assert_int_equal(rows.record_count, 1);
    same_record(&rows.records[0], &second);
}

static void test_a_row_that_cannot_be_ours_is_not_half_loaded(void **state) {
    static const struct {
        struct sql sql;
        const char *table;
        bool beyond; /* what PostgreSQL's columns take */
    } wrong[] = {
        {{"UPDATE trades SET basis = 9000000000000000000"}, "trades", true},
        {{"UPDATE trades SET closed_reason = 'NO_SUCH_REASON'"}, "trades"},
        {{"UPDATE orders SET quote_filled = 9000000000000000000"}, "orders", true},
        {{"UPDATE signals SET seen_price = -9000000000000000000"}, "signals", true},
        {{"UPDATE signals SET parts = '{}'"}, "signals"},
        {{"UPDATE signals SET volatility = -1"}, "signals"},
        {{"UPDATE account SET cash = 9000000000000000000"}, "account", true},
        {{"UPDATE author_records SET mean_return = 9000000000000000000"}, "record", true},
        {{"UPDATE forecasts SET from_price = 9000000000000000000"}, "forecasts", true},
    };
    struct bench *b = *state;
    for (int i = 0; i < COUNT_OF(wrong); i++) {
        struct error err;
        struct trader_rows rows;
        struct signal s;
        struct order o;
        make_signal(&rng, &s);
        make_order(&rng, &o);
        s.tweet_id = 1;
        s.verdict = VERDICT_WAITING;
        o.trade_id = 10;
        add_post(b, 1);
        add(b, ACTION_PUT_SIGNAL)->u.signal = s;
        add(b, ACTION_PUT_TRADE)->u.trade = plain_trade(10, 1, 1, NOW);
        add(b, ACTION_PUT_ORDER)->u.order = o;
        add(b, ACTION_PUT_ACCOUNT)->u.account = (struct account){.now = NOW};
        make_forecast(&rng, &add(b, ACTION_PUT_FORECAST)->u.forecast);
        make_record(&rng, &add(b, ACTION_END_FORECAST)->u.ended.record);
        turn(b);
        load(b, &rows);
        if (is_postgresql(b) && wrong[i].beyond) {
            assert_fails(try_exec(b, &wrong[i].sql, &err), &err, ERR_RANGE);
            start_over(b);
            continue;
        }
        exec(b, &wrong[i].sql);
        assert_fails(store_load_trader(b->s, &b->a, 0, &rows, &err), &err, ERR_DAMAGED);
        if (str_find(str_from_z(err.msg), str_from_z(wrong[i].table)) < 0) fail_msg("%s", err.msg);
        start_over(b);
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

/* -- intents --------------------------------------------------------------------------------- */

static bool try_intent(struct bench *b, struct trade t, struct error *err) {
    add(b, ACTION_PUT_INTENT)->u.trade = t;
    return try_turn(b, err);
}

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
    struct trade other = plain_trade(15, 12, 70, NOW); /* the copy names another coin */
    memcpy(other.symbol, "BTCUSDT", sizeof "BTCUSDT");
    assert_ok(try_intent(b, other, &err), &err);
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

/* -- fills, positions, equity ---------------------------------------------------------------- */

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

/* It counts from 1 again; the order is another one. */
static void test_a_venue_that_was_wiped_gives_a_number_again(void **state) {
    struct bench *b = *state;
    struct error err;
    struct order first = {.id = 30, .trade_id = 10, .coid = "a", .symbol = "DOGEUSDT"}, second;
    second = first;
    second.id = 31;
    memcpy(second.coid, "b", 2);
    struct fill before = plain_fill(20, 10, "1"), after = plain_fill(21, 10, "1");
    before.order_id = first.id;
    after.order_id = second.id;
    first.leg = second.leg = LEG_ENTRY;
    add(b, ACTION_PUT_TRADE)->u.trade = plain_trade(10, 1, 1, NOW);
    add(b, ACTION_PUT_ORDER)->u.order = first;
    add(b, ACTION_PUT_ORDER)->u.order = second;
    add(b, ACTION_PUT_FILL)->u.fill = before;
    add(b, ACTION_PUT_FILL)->u.fill = after;
    turn(b);
    after.id = 22;
    add(b, ACTION_PUT_FILL)->u.fill = after;
    assert_fails(try_turn(b, &err), &err, ERR_EXISTS);
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

/* -- ledger, totals, audit ------------------------------------------------------------------- */

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
        assert_false(query_exec(b->s, &change[i], &err));
        assert_fails(try_exec(b, &change[i], &err), &err, ERR_STATE); /* whoever asks */
    }
    assert_ok(store_audit_verify(b->s, &rows, &id, &err), &err);
}

static void test_a_forged_audit_row_is_found(void **state) {
    struct bench *b = *state;
    struct error err;
    int64_t rows, id;
    add_audits(b, 3);
    exec(b, &(struct sql){"INSERT INTO audit_log SELECT 4, at, actor, action, entity, entity_id, "
                          "trade_id, detail, prev_hash, hash FROM audit_log WHERE id = 3"});
    assert_fails(store_audit_verify(b->s, &rows, &id, &err), &err, ERR_DAMAGED);
    assert_int_equal(id, 4);
}

static void test_audit_rows_cut_off_at_the_end_are_missed(void **state) {
    static const struct {
        struct sql sql;
        const char *says;
    } cuts[] = {{{"DELETE FROM audit_log WHERE id = 5"}, "5 expected, 4 found"},
                {{"DELETE FROM audit_log"}, "5 expected, 0 found"},
                {{"UPDATE audit_head SET rows = 4"}, "row 5"},
                {{"UPDATE audit_head SET hash = substr('0000000000000000000000000000000000000000000"
                  "000000000000000000000000', 1, 64)"},
                 "row 5"}};
    struct bench *b = *state;
    for (int i = 0; i < COUNT_OF(cuts); i++) {
        struct error err;
        int64_t rows, id;
        add_audits(b, 5);
        exec(b, &(struct sql){"DROP TRIGGER audit_log_no_delete",
                              "DROP TRIGGER audit_log_no_delete ON audit_log"});
        exec(b, &cuts[i].sql);
        assert_fails(store_audit_verify(b->s, &rows, &id, &err), &err, ERR_DAMAGED);
        assert_true(id > 0);
        if (str_find(str_from_z(err.msg), str_from_z(cuts[i].says)) < 0) fail_msg("%s", err.msg);
        reopen(b);
        if (i < 2) { /* what is written later does not hide it */
            add_audits(b, 1);
            assert_fails(store_audit_verify(b->s, &rows, &id, &err), &err, ERR_DAMAGED);
        }
        start_over(b);
    }
}

/* -- running them ---------------------------------------------------------------------------- */

int store_rows_run(void) {
    const struct CMUnitTest tests[] = {
        T(new_store_has_the_newest_schema_and_is_fresh),
        T(migrating_again_does_nothing),
        T(unknown_url_is_refused),
        T(what_is_put_is_what_is_loaded),
        T(a_later_put_overwrites_what_may_change),
        T(of_the_turns_of_a_transaction_the_last_ones_account_stays),
        T(a_forecast_ends_with_what_it_says_of_its_author),
        T(a_row_that_cannot_be_ours_is_not_half_loaded),
        T(a_post_keeps_its_first_time_and_takes_the_last_reading),
        T(old_memory_is_pruned_and_recent_memory_is_not),
        T(an_intent_is_written_once),
        T(a_copy_within_a_day_is_the_same_intent),
        T(an_intent_of_another_epoch_or_mode_is_refused),
        T(a_turn_that_fails_leaves_nothing_and_cannot_be_committed),
        T(rows_that_point_nowhere_are_refused_at_the_commit),
        T(a_fill_is_booked_once),
        T(a_venue_that_was_wiped_gives_a_number_again),
        T(a_position_of_size_0_is_gone),
        T(the_ledger_hash_is_over_its_lines_in_order),
        T(totals_count_what_happened),
        T(the_audit_log_is_a_chain_and_append_only),
        T(a_forged_audit_row_is_found),
        T(audit_rows_cut_off_at_the_end_are_missed),
    };
    return cmocka_run_group_tests_name(place->name, tests, NULL, NULL);
}
