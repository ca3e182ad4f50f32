/* Real time, with threads for source, market and venue: each post's entry is made once, through a
 * venue in memory and through a slow one behind lanes. */
#include <pthread.h>
#include <time.h>

#include "run/journal.h"
#include "run_rig.h"
#include "store/store_int.h"

#define ENTRIES 12
#define FIRST_ID INT64_C(1900000000000000000)

/* What source, market and venue agree on: a price, the post, its entry, a price that closes it. */
struct stage {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    int step;   /* 2 i: a price for post i; 2 i + 1: its entry has filled, a price at the target */
    int priced; /* prices that the venue has seen */
    int entries, doubled;
    int64_t last_entry;
    bool fail_at_end;   /* the source ends with an error */
    bool fail_at_start; /* the venue cannot be started */
    bool over;          /* nobody waits any more */
    atomic_int stop;    /* for the runner */
    int stop_after;     /* closed trades, 0: never */
    int break_at;       /* the store breaks when this post's entry has filled; 0: never */
    bool broken;        /* no commit goes through */
    bool stays_broken;
    int exits_while_broken, commits_refused;
};
static struct stage stage;
static struct rig *rig;

static void wait_for(const int *what, int least) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    while (*what < least && !stage.over)
        if (pthread_cond_timedwait(&stage.moved, &stage.mutex, &until) != 0) abort(); /* it hangs */
}

static void move_to(int *what, int value) {
    *what = value;
    pthread_cond_broadcast(&stage.moved);
}

/* --- source: a post without a coin, then one for each step ------------------------------- */

struct staged_source {
    struct source base;
    int next;
};

/* About a coin, and otherwise of words of its own, so that no post is a copy of another. */
static void post_text(int i, char ret[400]) {
    static const char *const parts[] = {"ka", "lo", "mi", "ru", "te", "vo", "ni", "sa"};
    struct rng rng;
    struct buf b;
    rng_init(&rng, (uint64_t)(i + 2));
    buf_init_fixed(&b, ret, 400);
    buf_put(&b, i < 0 ? STR("Nothing to see here.") : STR("Just bought a huge bag of $BTC!"));
    for (int k = 0; k < 16; k++) {
        buf_put_byte(&b, ' ');
        for (int n = 0; n < 3; n++)
            buf_put(&b, str_from_z(parts[rng_below(&rng, COUNT_OF(parts))]));
    }
}

static bool source_give(struct source *base, struct arena *a, struct intake *ret,
                        struct error *err) {
    struct staged_source *s = (struct staged_source *)base;
    const int i = s->next++ - 1;
    char text[400], id[32];
    if (i == ENTRIES) {
        if (stage.fail_at_end) return fail(err, ERR_IO, 5, "the wire was cut");
        *ret = (struct intake){.kind = INTAKE_END};
        return true;
    }
    pthread_mutex_lock(&stage.mutex);
    if (i >= 0) wait_for(&stage.priced, 2 * i + 1);
    pthread_mutex_unlock(&stage.mutex);
    post_text(i, text);
    snprintf(id, sizeof id, "%lld", (long long)(FIRST_ID + i + 1));
    const usec now = time_wall_us();
    *ret = (struct intake){.kind = INTAKE_POST};
    ret->post = (struct post){.id = FIRST_ID + i + 1,
                              .root_id = FIRST_ID + i + 1,
                              .source = STR("x"),
                              .source_id = str_dup(a, str_from_z(id)),
                              .author_id = str_dup(a, str_from_z(id)),
                              .text = str_dup(a, str_from_z(text)),
                              .lang = STR("en"),
                              .created_at = now,
                              .received_at = now};
    return true;
}

static int64_t source_at(const struct source *s) { return ((const struct staged_source *)s)->next; }
static void source_end(struct source *s) { (void)s; }
static bool source_to(struct source *s, int64_t offset, struct error *err) {
    (void)err;
    ((struct staged_source *)s)->next = (int)offset;
    return true;
}
static const struct source_ops source_ops = {.name = "staged",
                                             .next = source_give,
                                             .offset = source_at,
                                             .seek = source_to,
                                             .close = source_end};

/* --- market: ticks ----------------------------------------------------------------------- */

struct staged_market {
    struct market base;
    int next;
};

static bool market_give(struct market *base, struct market_event *ret) {
    struct staged_market *m = (struct staged_market *)base;
    if (m->next == 2 * ENTRIES) return false;
    pthread_mutex_lock(&stage.mutex);
    wait_for(&stage.step, m->next);
    wait_for(&stage.priced, m->next); /* none takes the place of another */
    pthread_mutex_unlock(&stage.mutex);
    const bool high = m->next++ % 2 == 1;
    const int sym = symbols_find(&rig->symbols, STR("BTCUSDT"));
    const price last = price_from_e8((high ? 44000 : 40000) * E8);
    const usec now = time_wall_us();
    *ret = (struct market_event){
        .kind = MARKET_QUOTE, .at = now, .sym = sym, .quote = {sym, now, last, last, last, 0}};
    return true;
}

static usec market_when(struct market *m) {
    (void)m;
    return 0;
}
static void market_end(struct market *m) { (void)m; }
static const struct market_ops market_ops = {
    .name = "staged", .next = market_give, .peek = market_when, .close = market_end};

/* --- venue: paper, watched; behind a mutex, so that lanes may call it -------------------- */

struct staged_venue {
    struct venue base;
    struct venue *paper;
    pthread_mutex_t mutex;
    struct venue_sink sink;           /* of a venue that streams its news */
    int starts, stops, calls_outside; /* calls before its start or after its stop */
};

static void on_call(struct venue *base, usec now, const struct request *rq, struct reply *ret) {
    struct staged_venue *v = (struct staged_venue *)base;
    pthread_mutex_lock(&v->mutex);
    v->calls_outside += v->starts != 1 || v->stops != 0;
    venue_call(v->paper, now, rq, ret);
    pthread_mutex_unlock(&v->mutex);
    pthread_mutex_lock(&stage.mutex);
    stage.exits_while_broken += stage.broken && rq->kind == REQUEST_EXIT;
    pthread_mutex_unlock(&stage.mutex);
    if (rq->kind != REQUEST_BRACKET) return;
    pthread_mutex_lock(&stage.mutex);
    stage.entries++;
    stage.doubled += rq->trade_id == stage.last_entry;
    stage.last_entry = rq->trade_id;
    pthread_mutex_unlock(&stage.mutex);
}

static void on_quote(struct venue *base, usec now, const struct quote *q) {
    struct staged_venue *v = (struct staged_venue *)base;
    pthread_mutex_lock(&v->mutex);
    venue_quote(v->paper, now, q);
    pthread_mutex_unlock(&v->mutex);
    pthread_mutex_lock(&stage.mutex);
    move_to(&stage.priced, stage.priced + 1);
    pthread_mutex_unlock(&stage.mutex);
}

static bool on_report(struct venue *base, struct report *ret) {
    struct staged_venue *v = (struct staged_venue *)base;
    pthread_mutex_lock(&v->mutex);
    const bool is = venue_next_report(v->paper, ret);
    pthread_mutex_unlock(&v->mutex);
    return is;
}

/* The third kind tells by its sink what happens at a price, as a stream would. */
static bool on_start(struct venue *base, const struct venue_sink *sink, struct error *err) {
    struct staged_venue *v = (struct staged_venue *)base;
    if (stage.fail_at_start) return fail(err, ERR_IO, 0, "no such host");
    v->sink = *sink;
    v->starts++;
    const struct venue_news up = {.state = VENUE_UP};
    sink->news(sink->ctx, &up);
    sink->symbol(sink->ctx, &rig->symbols.v[0]);
    sink->symbol(sink->ctx, &(struct symbol){.name = "NEWUSDT"}); /* not ours */
    return true;
}

static void on_stop(struct venue *base) { ((struct staged_venue *)base)->stops++; }

static void on_streamed_quote(struct venue *base, usec now, const struct quote *q) {
    struct staged_venue *v = (struct staged_venue *)base;
    struct report r;
    on_quote(base, now, q);
    while (on_report(base, &r)) v->sink.report(v->sink.ctx, &r);
}

static const struct venue_ops instant_ops = {.name = "instant",
                                             .caps = VENUE_CAP_SHORT | VENUE_CAP_INSTANT |
                                                     VENUE_CAP_PRICES,
                                             .call = on_call,
                                             .quote = on_quote,
                                             .next_report = on_report};
static const struct venue_ops slow_ops = {.name = "slow",
                                          .caps = VENUE_CAP_SHORT | VENUE_CAP_PRICES,
                                          .call = on_call,
                                          .quote = on_quote,
                                          .next_report = on_report};

static const struct venue_ops streaming_ops = {.name = "streaming",
                                               .caps = VENUE_CAP_SHORT | VENUE_CAP_PRICES,
                                               .call = on_call,
                                               .quote = on_streamed_quote,
                                               .start = on_start,
                                               .stop = on_stop};

/* The trade is what the stage waits for: open after its entry, closed after its target. */
static void on_trade(void *ctx, usec now, const struct trade *t) {
    (void)ctx;
    (void)now;
    pthread_mutex_lock(&stage.mutex);
    const bool open = t->status == TRADE_OPEN && t->entered_at != 0;
    const bool breaks = stage.break_at > 0 && stage.step == 2 * (stage.break_at - 1);
    if (breaks) { /* no price closes this one: its time does, while the store is broken */
        stage.broken = stage.broken || open;
        if (t->status == TRADE_CLOSED) {
            stage.broken = stage.stays_broken;
            move_to(&stage.step, stage.step + 2);
        }
    } else if (open && stage.step % 2 == 0) {
        move_to(&stage.step, stage.step + 1);
    }
    if (t->status == TRADE_CLOSED && stage.step % 2 == 1) move_to(&stage.step, stage.step + 1);
    if (stage.stop_after > 0 && stage.step == 2 * stage.stop_after) {
        stage.over = true;
        atomic_store(&stage.stop, 1);
        pthread_cond_broadcast(&stage.moved);
    }
    pthread_mutex_unlock(&stage.mutex);
}

/* --- a store that breaks ------------------------------------------------------------------ */

static const struct store_ops *sound_ops;

static bool commit_or_not(struct store *s, struct error *err) {
    if (!stage.broken) return sound_ops->commit(s, err);
    stage.commits_refused++;
    return fail(err, ERR_FULL, 0, "no space left");
}

static void make_breakable(struct store *s) {
    static struct store_ops ops;
    ops = *(sound_ops = s->ops);
    ops.commit = commit_or_not;
    s->ops = &ops;
}

/* --- a run ------------------------------------------------------------------------------- */

static int set_up(void **state) {
    (void)state;
    rig = rig_new();
    stage = (struct stage){0};
    pthread_mutex_init(&stage.mutex, NULL);
    pthread_cond_init(&stage.moved, NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    pthread_cond_destroy(&stage.moved);
    pthread_mutex_destroy(&stage.mutex);
    rig_free(rig);
    return 0;
}

static struct staged_venue venue;

static bool run(const struct venue_ops *ops, int workers, struct error *err) {
    const char *sets[] = {stage.break_at > 0 ? "trading.max_hold_s=1" : "trading.max_hold_s=3600",
                          "judge.copies=false", "judge.priced_in=false",
                          "trading.author_trades_per_day=1000", "paper.slippage_percent=0"};
    static struct staged_source source;
    static struct staged_market market;
    venue = (struct staged_venue){0};
    source = (struct staged_source){.base = {.ops = &source_ops}};
    market = (struct staged_market){.base = {.ops = &market_ops}};
    rig_open(rig, "wall.db", sets, (int)COUNT_OF(sets));
    source_close(rig->parts.feeds[0].source);
    market_close(rig->parts.market);
    const struct paper_options popt = {.balance = rig->cfg.paper_balance,
                                       .margin = true,
                                       .leverage = 3,
                                       .fee_e8 = rig->cfg.paper_fee_percent,
                                       .volume_cap_e8 = E8,
                                       .price_stands = true,
                                       .quote_asset = "USDT"};
    RIG_MUST(paper_open(&rig->a, &rig->symbols, &popt, &venue.paper, err), err);
    venue.base.ops = ops;
    pthread_mutex_init(&venue.mutex, NULL);
    venue_close(rig->parts.venue);
    rig->parts.feeds[0].source = &source.base;
    rig->parts.market = &market.base;
    rig->parts.venue = &venue.base;
    rig->opt.workers = workers;
    rig->watch = (struct run_watch){.trade = on_trade};
    if (stage.break_at > 0) make_breakable(rig->parts.store);
    buf_init(&rig->summary, 1 << 20);
    const bool ok = runner_open(&rig->a, &rig->parts, &rig->opt, &rig->watch, &rig->runner, err) &&
                    run_wall(rig->runner, err) &&
                    run_summary(rig->runner, NULL, &rig->summary, err);
    pthread_mutex_destroy(&venue.mutex);
    return ok;
}

static void close_run(void) {
    if (stage.break_at > 0) rig->parts.store->ops = sound_ops;
    runner_close(rig->runner);
    rig->runner = NULL;
    store_close(rig->parts.store);
    buf_fini(&rig->summary);
    arena_close(&rig->a);
}

static void expect_every_post_traded_once(void) {
    assert_int_equal(rig_number(rig, "posts"), ENTRIES + 1);
    assert_int_equal(rig_number(rig, "trades"), ENTRIES);
    assert_int_equal(rig_number(rig, "closed"), ENTRIES);
    assert_int_equal(stage.entries, ENTRIES);
    assert_int_equal(stage.doubled, 0);
}

static void expect_sound_books(void) {
    struct error err;
    struct buf report;
    buf_init(&report, 1 << 20);
    assert_ok(store_check(rig->parts.store, &report, &err), &err);
    buf_fini(&report);
}

static void test_every_post_is_traded_once(void **state) {
    (void)state;
    struct error err;
    assert_ok(run(&instant_ops, 1, &err), &err);
    expect_every_post_traded_once();
    expect_sound_books();
    close_run();
}

static void test_the_same_with_several_readers(void **state) {
    (void)state;
    struct error err;
    assert_ok(run(&instant_ops, 3, &err), &err);
    expect_every_post_traded_once();
    close_run();
}

static void test_the_same_through_lanes_to_a_slow_venue(void **state) {
    (void)state;
    struct error err;
    assert_ok(run(&slow_ops, 1, &err), &err);
    expect_every_post_traded_once();
    expect_sound_books();
    close_run();
}

static void test_news_that_a_venue_streams_are_turns_and_its_threads_frame_all_calls(void **state) {
    (void)state;
    struct error err;
    assert_ok(run(&streaming_ops, 1, &err), &err);
    expect_every_post_traded_once();
    expect_sound_books();
    assert_int_equal(venue.starts, 1);
    assert_int_equal(venue.stops, 1);
    assert_int_equal(venue.calls_outside, 0);
    close_run();
}

static void test_a_venue_that_cannot_be_started_ends_the_run(void **state) {
    (void)state;
    struct error err;
    stage.fail_at_start = true;
    assert_fails(run(&streaming_ops, 1, &err), &err, ERR_IO);
    assert_non_null(strstr(err.msg, "start venue streaming: no such host"));
    assert_int_equal(venue.stops, 0);
    close_run();
}

static void test_exits_go_while_the_store_is_full_and_it_has_them_afterwards(void **state) {
    (void)state;
    struct error err;
    stage.break_at = 3;
    assert_ok(run(&streaming_ops, 1, &err), &err);
    assert_int_equal(stage.exits_while_broken, 1);
    assert_true(stage.commits_refused > 0);
    expect_every_post_traded_once();
    expect_sound_books();
    close_run();
}

static void test_what_was_done_while_the_store_was_full_is_adopted_by_the_next_start(void **state) {
    (void)state;
    struct error err;
    struct store_totals totals;
    struct journal *j;
    stage.break_at = stage.stop_after = 3;
    stage.stays_broken = true;
    rig->opt.stop = &stage.stop;
    assert_ok(run(&streaming_ops, 1, &err), &err);
    assert_int_equal(stage.exits_while_broken, 1);
    rig->parts.store->ops = sound_ops;
    assert_ok(store_totals(rig->parts.store, &totals, &err), &err);
    assert_int_equal(totals.closed, 2);

    assert_ok(journal_find(&rig->a, store_path(rig->parts.store), &j, &err), &err);
    assert_true(journal_count(j) > 1);
    assert_ok(journal_adopt(j, rig->parts.store, &err), &err);
    assert_int_equal(journal_count(j), 0);
    assert_ok(journal_adopt(j, rig->parts.store, &err), &err);
    journal_close(j);
    assert_ok(store_totals(rig->parts.store, &totals, &err), &err);
    assert_int_equal(totals.closed, 3);
    expect_sound_books();
    close_run();
}

static void test_a_source_that_fails_ends_the_run_and_keeps_what_was_done(void **state) {
    (void)state;
    struct error err;
    struct store_totals totals;
    stage.fail_at_end = true;
    assert_fails(run(&instant_ops, 1, &err), &err, ERR_IO);
    assert_non_null(strstr(err.msg, "the wire was cut"));
    assert_ok(store_totals(rig->parts.store, &totals, &err), &err);
    assert_int_equal(totals.posts, ENTRIES + 1);
    assert_int_equal(totals.trades, ENTRIES);
    close_run();
}

static void test_a_stop_ends_it_with_everything_committed(void **state) {
    (void)state;
    struct error err;
    struct store_totals totals;
    stage.stop_after = 4;
    rig->opt.stop = &stage.stop;
    assert_ok(run(&instant_ops, 1, &err), &err);
    assert_ok(store_totals(rig->parts.store, &totals, &err), &err);
    assert_int_equal(totals.closed, 4);
    assert_int_equal(rig_number(rig, "closed"), 4);
    expect_sound_books();
    close_run();
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_every_post_is_traded_once),
        T(test_the_same_with_several_readers),
        T(test_the_same_through_lanes_to_a_slow_venue),
        T(test_news_that_a_venue_streams_are_turns_and_its_threads_frame_all_calls),
        T(test_a_venue_that_cannot_be_started_ends_the_run),
        T(test_exits_go_while_the_store_is_full_and_it_has_them_afterwards),
        T(test_what_was_done_while_the_store_was_full_is_adopted_by_the_next_start),
        T(test_a_source_that_fails_ends_the_run_and_keeps_what_was_done),
        T(test_a_stop_ends_it_with_everything_committed),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
