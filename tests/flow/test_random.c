/* A random life of the whole trader: posts, edits, copies, prices that jump, commands, lost
 * answers, restarts, for thousands of steps against the real paper venue. After each step the stage
 * checks what must always be true (the end of tests/lib/stage.c); here stands what happens, and
 * what must be true at the end of it. The seed is printed; TEST_SEED=n repeats a run, TEST_STEPS=n
 * makes it longer. */
#include "base/rng.h"
#include "stage.h"

#define AUTHORS 12
#define POSTS_BACK 64

struct life {
    struct stage *s;
    struct rng rng;
    bool far;
    bool ticks;
    bool loses; /* answers and requests get lost */
    int64_t next_post;
    int64_t roots[POSTS_BACK]; /* of the last posts */
    usec rooted_at[POSTS_BACK];
    int root_count;
    int64_t price_e8[KIT_COIN_COUNT];
    int64_t tick_e8[KIT_COIN_COUNT];
};

static const char *const coins[KIT_COIN_COUNT] = {"ADA", "BTC",  "DOGE", "ETH",
                                                  "LTC", "PEPE", "SOL",  "XRP"};

static bool one_in(struct life *l, uint64_t n) { return rng_below(&l->rng, n) == 0; }

/* --- prices -------------------------------------------------------------------------- */

static void write_e8(int64_t e8, char text[AMOUNT_TEXT_BYTES]) {
    const str s = amount_format_e8(e8, text);
    text[s.n] = '\0';
}

/* Mostly a little, now and then a lot, on a tick, never under a hundred of them. */
static int64_t walk(struct life *l, int sym, int64_t from) {
    const int64_t reach = one_in(l, 40) ? 800 : one_in(l, 4) ? 120 : 20; /* basis points */
    const int64_t bp = 10000 + rng_between(&l->rng, -reach, reach);
    const int64_t to = from / 10000 * bp / l->tick_e8[sym] * l->tick_e8[sym];
    return i64_max(to, 100 * l->tick_e8[sym]);
}

static void a_tick(struct life *l) {
    const int sym = (int)rng_below(&l->rng, KIT_COIN_COUNT);
    char text[AMOUNT_TEXT_BYTES];
    l->price_e8[sym] = walk(l, sym, l->price_e8[sym]);
    write_e8(l->price_e8[sym], text);
    stage_price(l->s, sym, text);
}

/* A minute of candles for every coin but a few that pause; volumes from plenty to a trickle. */
static void a_minute(struct life *l, void (*between)(struct life *)) {
    int64_t open[KIT_COIN_COUNT];
    char o[AMOUNT_TEXT_BYTES], h[AMOUNT_TEXT_BYTES], lo[AMOUNT_TEXT_BYTES], c[AMOUNT_TEXT_BYTES];
    bool pauses[KIT_COIN_COUNT];
    for (int i = 0; i < KIT_COIN_COUNT; i++) {
        pauses[i] = one_in(l, 30);
        open[i] = one_in(l, 3) ? walk(l, i, l->price_e8[i]) : l->price_e8[i];
        write_e8(open[i], o);
        if (!pauses[i]) stage_price(l->s, i, o);
    }
    between(l);
    const usec left = USEC_PER_MIN - (stage_now(l->s) - KIT_DAY) % USEC_PER_MIN;
    stage_later(l->s, left);
    for (int i = 0; i < KIT_COIN_COUNT; i++) {
        if (pauses[i]) continue;
        const int64_t close = walk(l, i, open[i]);
        const int64_t high = i64_max(walk(l, i, open[i]), i64_max(open[i], close));
        const int64_t low = i64_min(walk(l, i, open[i]), i64_min(open[i], close));
        write_e8(open[i], o);
        write_e8(high, h);
        write_e8(low, lo);
        write_e8(close, c);
        /* so much of the coin that our positions are between a tenth and a thousand times the cap
         */
        const int64_t worth = one_in(l, 5) ? 200 : 1000000;
        char line[5 * AMOUNT_TEXT_BYTES], v[AMOUNT_TEXT_BYTES];
        const int64_t units = worth * (E8 / 1000) / (open[i] / 1000 + 1);
        snprintf(v, sizeof v, "%lld", (long long)i64_min(units, 9000000000));
        snprintf(line, sizeof line, "%s %s %s %s %s", o, h, lo, c, v);
        l->price_e8[i] = close;
        stage_range(l->s, i, line);
    }
}

/* --- posts --------------------------------------------------------------------------- */

static void some_mentions(struct life *l, char text[128]) {
    struct buf b;
    buf_init_fixed(&b, text, 128);
    const int count = (int)rng_below(&l->rng, 4);
    const int first = (int)rng_below(&l->rng, KIT_COIN_COUNT);
    for (int i = 0; i < count; i++) {
        const char *coin = coins[(first + i * 3) % KIT_COIN_COUNT];
        if (one_in(l, 8)) {
            buf_printf(&b, "%s%s~", i > 0 ? " " : "", coin);
        } else {
            buf_printf(&b, "%s%s%+d", i > 0 ? " " : "", coin,
                       (int)rng_between(&l->rng, 40, 100) * (one_in(l, 2) ? 1 : -1));
        }
    }
}

static void remember_root(struct life *l, int64_t root) {
    const int i = l->root_count++ % POSTS_BACK;
    l->roots[i] = root;
    l->rooted_at[i] = stage_now(l->s);
}

static int some_root(struct life *l) {
    const int known = l->root_count < POSTS_BACK ? l->root_count : POSTS_BACK;
    return (int)rng_below(&l->rng, (uint64_t)known);
}

/* A post that was seen before comes again, or one that was missed comes late: with its own time. */
static void an_old_post(struct life *l, const char *author) {
    const int i = some_root(l);
    const struct post p = kit_post(l->roots[i], author, l->rooted_at[i]);
    struct reading r = kit_reading(&p);
    kit_mention(&r, "DOGEUSDT", 10000, 9000);
    stage_read(l->s, &r);
}

/* A deletion, also of what is still to come; or a post that denies. */
static void something_taken_back(struct life *l, int64_t id, const char *author,
                                 const char *mentions) {
    static const uint32_t cues[] = {CUE_HACKED, CUE_DENIAL, CUE_CORRECTION};
    const int64_t known = l->roots[some_root(l)];
    if (one_in(l, 2))
        stage_delete(l->s, one_in(l, 8) ? id + 1 : known, one_in(l, 4) ? "77" : "");
    else
        stage_say(l->s, id, one_in(l, 2) ? known : 0, author, cues[rng_below(&l->rng, 3)],
                  one_in(l, 2) ? "" : mentions);
}

static void a_post(struct life *l) {
    char author[16], mentions[128];
    snprintf(author, sizeof author, "author%d", (int)rng_below(&l->rng, AUTHORS));
    some_mentions(l, mentions);
    const int64_t id = l->next_post++;
    const uint64_t kind = l->root_count == 0 ? 0 : rng_below(&l->rng, 10);
    if (kind < 6) {
        remember_root(l, id);
        stage_post(l->s, id, author, mentions);
    } else if (kind == 6) {
        stage_copy(l->s, id, l->roots[some_root(l)], author, mentions);
    } else if (kind == 7) {
        something_taken_back(l, id, author, mentions);
    } else if (kind < 9) {
        stage_edit(l->s, id, l->roots[some_root(l)], author, mentions);
    } else {
        an_old_post(l, author);
    }
}

/* --- people, mishaps ----------------------------------------------------------------- */

static void an_order_of_people(struct life *l) {
    struct stage *s = l->s;
    switch (rng_below(&l->rng, 24)) {
    case 0:
        stage_command(s, VERB_FLATTEN, 0);
        return;
    case 1:
        stage_mode(s, MODE_HALTED, stage_now(s) + (usec)rng_below(&l->rng, 1200) * USEC_PER_S);
        return;
    case 2:
        stage_mode(s, MODE_OBSERVE, USEC_NEVER);
        return;
    case 3:
    case 4:
        stage_mode(s, MODE_MANUAL, USEC_NEVER);
        return;
    case 5:
        stage_command(s, VERB_CLOSE, stage_last_trade(s));
        return;
    case 6:
        stage_command(s, VERB_RECONCILE, 0);
        return;
    default: /* not an enum */
        stage_mode(s, MODE_AUTO, USEC_NEVER);
        return;
    }
}

static void an_approval(struct life *l) {
    const int64_t id = stage_wants_approval(l->s);
    if (id == 0) return;
    stage_command(l->s, one_in(l, 4) ? VERB_REJECT : VERB_APPROVE, id);
}

static void a_mishap(struct life *l) {
    if (!l->loses) return;
    const stage_fate worst = l->far ? FATE_HALF : FATE_DOWN;
    stage_fate_of_next(l->s, (stage_fate)rng_between(&l->rng, FATE_NORMAL, worst));
    if (!l->far || !one_in(l, 6)) return;
    static const stage_fate lines[] = {FATE_NORMAL, FATE_NORMAL, FATE_NORMAL, FATE_DOWN,
                                       FATE_REQUEST_LOST};
    static const venue_state states[] = {VENUE_UP, VENUE_UP, VENUE_DEGRADED, VENUE_DOWN,
                                         VENUE_RECONNECTED};
    stage_line(l->s, lines[rng_below(&l->rng, COUNT_OF(lines))], 0);
    stage_venue(l->s, states[rng_below(&l->rng, COUNT_OF(states))], "by chance");
}

static void something_happens(struct life *l) {
    const uint64_t what = rng_below(&l->rng, 100);
    if (what < 60)
        a_post(l);
    else if (what < 70)
        an_approval(l);
    else if (what < 74)
        an_order_of_people(l);
    else if (what < 90)
        a_mishap(l);
    else if (what < 95)
        stage_restart(l->s);
    else
        stage_later(l->s, (usec)rng_below(&l->rng, 3000) * USEC_PER_MS);
}

static void within_the_minute(struct life *l) {
    for (uint64_t n = rng_below(&l->rng, 4); n > 0; n--) {
        stage_later(l->s, (usec)rng_below(&l->rng, 15) * USEC_PER_S);
        something_happens(l);
    }
}

static void nothing(struct life *l) { (void)l; }

static void one_turn(struct life *l) {
    if (!l->ticks) {
        if (one_in(l, 400))
            stage_later(l->s, 60 * USEC_PER_MIN * (1 + (usec)rng_below(&l->rng, 8)));
        a_minute(l, within_the_minute);
        return;
    }
    if (one_in(l, 500)) stage_later(l->s, 60 * USEC_PER_MIN * (1 + (usec)rng_below(&l->rng, 8)));
    stage_later(l->s, (usec)rng_below(&l->rng, 8) * (USEC_PER_S / 8));
    if (one_in(l, 10))
        something_happens(l);
    else
        a_tick(l);
}

/* --- a life -------------------------------------------------------------------------- */

static void begin(struct life *l, const struct stage_play *play, uint64_t seed) {
    static const char *const start[KIT_COIN_COUNT] = {"1.5", "40000",      "0.08", "2500",
                                                      "180", "0.00001234", "40",   "0.9"};
    *l = (struct life){.ticks = play->ticks, .far = play->far, .next_post = 1001};
    rng_init(&l->rng, seed);
    l->s = stage_open(play);
    struct arena a;
    arena_open(&a, 1 << 20);
    const struct symbols *symbols = kit_symbols(&a);
    for (int i = 0; i < KIT_COIN_COUNT; i++) {
        l->price_e8[i] = kit_e8(start[i]);
        l->tick_e8[i] = price_e8(symbols->v[i].tick);
        if (l->ticks) stage_price(l->s, i, start[i]);
    }
    arena_close(&a);
}

/* Everything is closed, and what is left in the account is cash. */
static void end(struct life *l) {
    if (l->far) stage_line(l->s, FATE_NORMAL, 0);
    if (l->far) stage_venue(l->s, VENUE_UP, "at last");
    stage_mode(l->s, MODE_HALTED, USEC_NEVER);
    stage_command(l->s, VERB_FLATTEN, 0);
    for (int i = 0; i < 600 && stage_open_trades(l->s) > 0; i++) {
        if (l->ticks) {
            stage_later(l->s, USEC_PER_S);
            for (int k = 0; k < 8; k++) a_tick(l);
        } else {
            a_minute(l, nothing);
        }
    }
    assert_int_equal(stage_open_trades(l->s), 0);
    struct trader_view v;
    trader_view(stage_trader(l->s), &v);
    assert_int_equal(v.position_count, 0);
    assert_int_equal(v.waiting, 0);
    assert_int_equal(money_e8(v.equity), money_e8(v.account->cash));
    assert_int_equal(money_e8(v.unrealized), 0);
}

static void live(const struct stage_play *play, bool loses, int64_t turns) {
    const uint64_t seed = test_seed();
    const int64_t steps = test_number("TEST_STEPS", turns);
    struct life l;
    begin(&l, play, seed);
    l.loses = loses;
    for (int64_t i = 0; i < steps; i++) {
        one_turn(&l);
        if (stage_trace(l.s).n > (4 << 20)) stage_trace_clear(l.s);
    }
    end(&l);
    print_message("%d steps, %lld trades, %lld fills\n", stage_steps(l.s),
                  (long long)stage_trade_count(l.s), (long long)stage_fill_count(l.s));
    assert_true(stage_trade_count(l.s) > steps / 200);
    assert_true(stage_fill_count(l.s) > stage_trade_count(l.s) / 2);
    stage_close(l.s);
}

static const char *const busy[] = {"trading.cooldown_symbol_s=60", "trading.cooldown_author_s=0",
                                   "trading.author_trades_per_day=1000", "trading.max_hold_s=1200"};

static void test_a_life_of_ticks(void **state) {
    (void)state;
    const struct stage_play play = {.ticks = true, .sets = {busy[0], busy[1], busy[2], busy[3]}};
    live(&play, false, 20000);
}

static void test_a_life_of_ticks_on_spot_with_a_bad_line(void **state) {
    (void)state;
    const struct stage_play play = {.ticks = true,
                                    .absence_after = 11 * USEC_PER_S,
                                    .sets = {busy[0], busy[1], busy[2], busy[3],
                                             "paper.margin=false",
                                             "trading.position_size_percent=0.05"}};
    live(&play, true, 20000);
}

/* An exchange far away, on a line that loses, refuses and delays. */
static void test_a_life_at_an_exchange_with_a_bad_line(void **state) {
    (void)state;
    const struct stage_play play = {.ticks = true,
                                    .far = true,
                                    .sets = {busy[0], busy[1], busy[2], busy[3],
                                             "paper.margin=false",
                                             "trading.position_size_percent=0.05"}};
    live(&play, true, 20000);
}

static void test_a_life_of_candles(void **state) {
    (void)state;
    const struct stage_play play = {
        .sets = {busy[0], busy[1], busy[2], busy[3], "trading.position_size_percent=0.1"}};
    live(&play, false, 600);
}

static void test_a_life_of_candles_with_a_bad_line_and_late_arrivals(void **state) {
    (void)state;
    const struct stage_play play = {.sets = {busy[0], busy[1], busy[2], busy[3],
                                             "paper.latency_ms=300", "trading.mode=manual"}};
    live(&play, true, 600);
}

static void test_a_life_at_the_defaults(void **state) {
    (void)state;
    const struct stage_play play = {.ticks = true};
    live(&play, false, 20000);
}

static void live_some(const struct stage_play *play, bool restarts, int64_t turns, struct life *l) {
    begin(l, play, test_seed());
    if (restarts) stage_restart_each_step(l->s);
    for (int64_t i = 0; i < turns; i++) one_turn(l);
}

/* Nothing is kept in memory that is not in the rows: who is thrown away after each step and made
 * anew from them lives the same life. */
static void test_a_restart_after_each_step_changes_nothing(void **state) {
    (void)state;
    for (int ticks = 0; ticks < 2; ticks++) {
        const struct stage_play play = {.ticks = ticks != 0,
                                        .sets = {busy[0], busy[1], busy[2], busy[3]}};
        struct life once, anew;
        const int64_t turns = test_number("TEST_STEPS", ticks ? 1500 : 60);
        live_some(&play, false, turns, &once);
        live_some(&play, true, turns, &anew);
        const str a = stage_trace(once.s), b = stage_trace(anew.s);
        ptrdiff_t same = 0;
        while (same < a.n && same < b.n && a.p[same] == b.p[same]) same++;
        if (!str_eq(a, b)) {
            fail_msg("through: " STR_FMT "\nanew: " STR_FMT,
                     STR_ARG(str_head(str_tail(a, same), 300)),
                     STR_ARG(str_head(str_tail(b, same), 300)));
        }
        assert_true(stage_trade_count(once.s) > 0);
        stage_close(once.s);
        stage_close(anew.s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_life_of_ticks),
        cmocka_unit_test(test_a_life_of_ticks_on_spot_with_a_bad_line),
        cmocka_unit_test(test_a_life_at_an_exchange_with_a_bad_line),
        cmocka_unit_test(test_a_life_of_candles),
        cmocka_unit_test(test_a_life_of_candles_with_a_bad_line_and_late_arrivals),
        cmocka_unit_test(test_a_life_at_the_defaults),
        cmocka_unit_test(test_a_restart_after_each_step_changes_nothing),
    };
    return cmocka_run_group_tests_name("flow random", tests, NULL, NULL);
}
