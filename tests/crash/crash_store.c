/* A writer is killed at random points, again and again; what it had acknowledged must be there.
 *
 * Two processes write to one store: one applies turns (a post, an intent with its orders, an entry
 * fill, two exit fills), one adds people's commands. Each tells the parent by a pipe, after the
 * commit. The parent kills both with SIGKILL after a random number of turns and a random moment
 * more, opens the store, and asks: does the check find nothing (structure, audit chain, every fill
 * explained)? Is each acknowledged turn and command there, and at most one that was not? Is the
 * ledger, to the byte, the one that the turns make? The next writer goes on from what it loads.
 *
 * crash_store [ROUNDS]; TEST_SEED=n repeats the random choices (not the kernel's timing). */
#include "store/store_int.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#include "base/rng.h"
#include "flow/wallet/wallet.h"

#define NOW (INT64_C(1700000000) * USEC_PER_S)
#define ROUNDS 16
#define TURNS_MAX 60 /* in a round, before the kill */

static char dir[] = "/tmp/bullfinch-crash-XXXXXX";
static char url[200];
static uint64_t seed;
static struct actions acts;

static void must(bool ok, const struct error *err, const char *what) {
    if (ok) return;
    print_error("%s: %s\n", what, err->msg);
    _exit(1);
}

static struct store *open_store(struct arena *a, bool full_sync) {
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = {.url = str_from_z(url),
                                      .access = STORE_WRITE,
                                      .create = true,
                                      .full_sync = full_sync,
                                      .busy_timeout_ms = 10000};
    must(store_open(a, &opt, &s, &err), &err, "open");
    return s;
}

/* -- turns ------------------------------------------------------------------------------- */

static struct action *add(action_kind kind) {
    struct action *a = &acts.v[acts.count++];
    memset(a, 0, sizeof *a);
    a->kind = kind;
    return a;
}

/* What a trader holds: rebuilt from the store by each writer. */
struct held {
    struct account account;
    struct trade trade;
    struct order orders[3]; /* entry, stop, target */
};

static void ledger_line(int64_t turn, char *line, size_t bytes) {
    const int n = snprintf(line, bytes, "%" PRId64 " turn %" PRIx64, turn,
                           (uint64_t)turn * UINT64_C(0x9E3779B97F4A7C15) ^ seed);
    PRE(n > 0 && (size_t)n < bytes);
}

/* The rows that end each turn. */
static void end_turn(struct held *h, int64_t turn) {
    struct action *a = add(ACTION_LEDGER);
    a->u.ledger.seq = turn;
    a->u.ledger.at = NOW + turn;
    ledger_line(turn, a->u.ledger.line, sizeof a->u.ledger.line);
    struct audit *audit = &add(ACTION_AUDIT)->u.audit;
    *audit = (struct audit){.at = NOW + turn, .actor = "crash", .action = "turn"};
    audit->entity_id = turn;
    h->account.seq = turn;
    h->account.now = NOW + turn;
    add(ACTION_PUT_ACCOUNT)->u.account = h->account;
}

static void put_post(int64_t turn, struct post *post, struct reading *reading) {
    *post = (struct post){.id = turn,
                          .root_id = turn,
                          .source = STR("x"),
                          .source_id = STR("1"),
                          .username = STR("somebody"),
                          .text = STR("to the moon"),
                          .lang = STR("en"),
                          .created_at = NOW + turn,
                          .received_at = NOW + turn};
    *reading = (struct reading){.post = post, .probs_bp = {0, 0, 10000}, .model = "linear-2"};
    add(ACTION_PUT_POST)->u.post.reading = reading;
}

static void open_trade(struct held *h, int64_t turn, struct rng *r) {
    static struct post post;
    static struct reading reading;
    put_post(turn, &post, &reading);
    h->trade = (struct trade){.id = h->account.next_id++,
                              .tweet_id = turn,
                              .root_id = turn,
                              .cluster_id = turn,
                              .author = "x:1",
                              .strategy = "post",
                              .symbol = "DOGEUSDT",
                              .side = rng_below(r, 2) ? SIDE_LONG : SIDE_SHORT,
                              .leverage = 1,
                              .created_at = NOW + turn,
                              .epoch = 1,
                              .generation = 1};
    add(ACTION_PUT_INTENT)->u.trade = h->trade;
    for (int i = 0; i < 3; i++) {
        struct order *o = &h->orders[i];
        *o = (struct order){.id = h->account.next_id++,
                            .trade_id = h->trade.id,
                            .leg = (leg)(LEG_ENTRY + i),
                            .symbol = "DOGEUSDT",
                            .side =
                                (h->trade.side == SIDE_LONG) == (i == 0) ? ORDER_BUY : ORDER_SELL,
                            .type = ORDER_MARKET,
                            .created_at = NOW + turn,
                            .updated_at = NOW + turn};
        const int n = snprintf(o->coid, sizeof o->coid, "bf-%" PRId64, o->id);
        PRE(n > 0);
        add(ACTION_PUT_ORDER)->u.order = *o;
    }
}

/* Books a fill of q on one of the orders, with a random price and a fee of either kind. */
static void fill_order(struct held *h, struct order *o, qty q, int64_t turn, struct rng *r) {
    struct fill f = {.id = h->account.next_id++,
                     .trade_id = h->trade.id,
                     .order_id = o->id,
                     .symbol = "DOGEUSDT",
                     .side = o->side,
                     .leg = o->leg,
                     .qty = q,
                     .price = price_from_e8(rng_between(r, 1000, 100 * E8)),
                     .fee_asset = "USDT",
                     .at = NOW + turn};
    PRE(money_notional(f.price, q, ROUND_FLOOR, &f.quote));
    f.fee_in_base = o->leg == LEG_ENTRY && h->trade.side == SIDE_LONG && rng_below(r, 2) == 1;
    f.fee_e8 = (f.fee_in_base ? qty_e8(q) : money_e8(f.quote)) / 1000;
    const int n = snprintf(f.venue_trade_id, sizeof f.venue_trade_id, "%" PRId64, f.id);
    PRE(n > 0);
    wallet_fill(&h->trade, &h->account, &f);
    o->filled = qty_plus(o->filled, q);
    o->quote_filled = money_plus(o->quote_filled, f.quote);
    o->state = ORDER_ST_PART;
    add(ACTION_PUT_FILL)->u.fill = f;
    add(ACTION_PUT_ORDER)->u.order = *o;
}

static void put_trade_and_position(struct held *h) {
    struct position p = {.trade_id = h->trade.id, .symbol = "DOGEUSDT", .leverage = 1};
    p.size = h->trade.side == SIDE_LONG ? h->trade.held : qty_neg(h->trade.held);
    add(ACTION_PUT_TRADE)->u.trade = h->trade;
    add(ACTION_PUT_POSITION)->u.position = p;
}

/* Turn number `turn`, of four kinds in turn: open, enter, exit a part, exit the rest. */
static void make_turn(struct held *h, int64_t turn) {
    struct rng r;
    rng_init(&r, seed + (uint64_t)turn);
    acts.count = 0;
    const int64_t all = qty_e8(h->trade.held);
    switch ((turn - 1) % 4) {
    case 0:
        open_trade(h, turn, &r);
        break;
    case 1:
        fill_order(h, &h->orders[0], qty_from_e8(rng_between(&r, 1000, 1000 * E8)), turn, &r);
        h->trade.entered_at = NOW + turn;
        break;
    case 2:
        fill_order(h, &h->orders[2], qty_from_e8(1 + all / 3), turn, &r);
        break;
    default: /* not an enum */
        fill_order(h, &h->orders[1], qty_from_e8(all - (all > 10 ? 3 : 0)), turn, &r);
        wallet_write_off(&h->trade, &h->account); /* a little is left as dust */
        h->trade.status = TRADE_CLOSED;
        h->trade.closed_at = NOW + turn;
        break;
    }
    if ((turn - 1) % 4 != 0) put_trade_and_position(h);
    end_turn(h, turn);
}

/* -- the two that are killed ------------------------------------------------------------- */

static void load_held(struct store *s, struct arena *a, struct held *h) {
    struct error err;
    struct trader_rows rows;
    must(store_load_trader(s, a, 0, &rows, &err), &err, "load");
    *h = (struct held){.account = rows.account};
    if (rows.fresh) h->account.next_id = 1;
    if (rows.trade_count == 1) h->trade = rows.trades[0];
    for (int i = 0; i < rows.order_count; i++) {
        const struct order *o = &rows.orders[i];
        if (o->trade_id == h->trade.id) h->orders[o->leg - LEG_ENTRY] = *o;
    }
}

static void first_control(struct store *s) {
    struct error err;
    struct control c;
    bool found;
    must(store_control(s, &c, &found, &err), &err, "control");
    if (found) return;
    acts.count = 0;
    add(ACTION_PUT_CONTROL)->u.control =
        (struct control){.mode = MODE_AUTO, .epoch = 1, .until = USEC_NEVER};
    must(store_begin(s, true, &err), &err, "begin");
    must(store_apply(s, &acts, &err), &err, "apply");
    must(store_commit(s, &err), &err, "commit");
}

static void tell(int fd, int64_t n) {
    if (write(fd, &n, sizeof n) != sizeof n) _exit(1);
}

/* For ever, or until the parent ends it. */
static void write_turns(int fd, bool full_sync) {
    struct arena a;
    struct held h;
    struct error err;
    arena_open(&a, 64 << 20);
    struct store *s = open_store(&a, full_sync);
    first_control(s);
    load_held(s, &a, &h);
    for (int64_t turn = h.account.seq + 1;; turn++) {
        make_turn(&h, turn);
        must(store_begin(s, true, &err), &err, "begin");
        must(store_apply(s, &acts, &err), &err, "apply");
        must(store_commit(s, &err), &err, "commit");
        tell(fd, turn);
    }
}

static void write_commands(int fd) {
    struct arena a;
    struct error err;
    arena_open(&a, 1 << 20);
    struct store *s = open_store(&a, false);
    for (;;) {
        int64_t id;
        bool repeated;
        const struct command c = {.verb = VERB_RECONCILE, .actor = "crash"};
        must(store_command_add(s, &c, (str){0}, NOW, &id, &repeated, &err), &err, "command");
        tell(fd, id);
        const struct timespec pause = {.tv_nsec = 2000000}; /* leaves the lock to the other */
        IGNORE(nanosleep(&pause, NULL), "any pause will do");
    }
}

/* -- the parent -------------------------------------------------------------------------- */

struct child {
    pid_t pid;
    int fd;
    int64_t last; /* that it acknowledged */
};

static struct child start(bool turns, bool full_sync) {
    int ends[2];
    if (pipe(ends) != 0) abort();
    struct child c = {.pid = fork(), .fd = ends[0]};
    if (c.pid < 0) abort();
    if (c.pid == 0) {
        close(ends[0]);
        if (turns) write_turns(ends[1], full_sync);
        write_commands(ends[1]);
    }
    close(ends[1]);
    return c;
}

/* The next acknowledgement; false when the child has ended. */
static bool next_ack(struct child *c) {
    int64_t n;
    ssize_t got;
    do got = read(c->fd, &n, sizeof n);
    while (got < 0 && errno == EINTR);
    if (got != sizeof n) return false;
    c->last = n;
    return true;
}

/* Kills it, reads what it had still told. False when it had ended by itself. */
static bool end(struct child *c) {
    int status = 0;
    kill(c->pid, SIGKILL);
    while (next_ack(c)) {
    }
    waitpid(c->pid, &status, 0);
    close(c->fd);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void kill_at_random(struct rng *r, struct child *turns, struct child *commands) {
    bool alive = true;
    for (int64_t n = rng_between(r, 0, TURNS_MAX); n > 0 && alive; n--) alive = next_ack(turns);
    const struct timespec moment = {.tv_nsec = (long)rng_below(r, 3000000)};
    IGNORE(nanosleep(&moment, NULL), "when exactly it is killed is chance anyway");
    const bool killed_turns = end(turns), killed_commands = end(commands);
    if (!alive || !killed_turns || !killed_commands) fail_msg("a writer ended by itself");
}

static int64_t one_number(struct store *s, const struct sql *sql) {
    struct error err;
    struct query q;
    int64_t n = 0;
    bool found;
    assert_ok(query_open(s, sql, &q, &err), &err);
    assert_ok(query_i64(&q, &n, &found, &err), &err);
    return n;
}

static void check_ledger(struct store *s, int64_t turns) {
    struct error err;
    char got[65], want[65];
    uint8_t sum[SHA256_BYTES];
    struct sha256 *h = sha256_new();
    for (int64_t i = 1; i <= turns; i++) {
        char line[LEDGER_LINE_BYTES];
        ledger_line(i, line, sizeof line);
        sha256_add(h, str_from_z(line));
        sha256_add(h, STR("\n"));
    }
    sha256_finish(h, sum);
    sha256_free(h);
    hex_format(sum, SHA256_BYTES, want);
    assert_ok(store_ledger_hash(s, got, &err), &err);
    assert_string_equal(got, want);
}

/* Opens what is left and looks at it; returns the number of the last turn. */
static int64_t inspect(const struct child *turns, const struct child *commands) {
    static const struct sql last_turn = {"SELECT seq FROM account"};
    static const struct sql last_command = {"SELECT max(id) FROM commands"};
    struct error err;
    struct arena a;
    struct buf report;
    arena_open(&a, 1 << 20);
    buf_init(&report, 1 << 16);
    struct store *s = open_store(&a, false);
    if (!store_check(s, &report, &err)) fail_msg("%s\n%s", err.msg, buf_z(&report));
    const int64_t turn = one_number(s, &last_turn), command = one_number(s, &last_command);
    if (turn < turns->last) fail_msg("turn %" PRId64 " is lost", turns->last);
    if (command < commands->last) fail_msg("command %" PRId64 " is lost", commands->last);
    if (turns->last && turn > turns->last + 1) fail_msg("turn %" PRId64 " from nowhere", turn);
    check_ledger(s, turn);
    store_close(s);
    buf_fini(&report);
    arena_close(&a);
    return turn;
}

static int rounds = ROUNDS;

static void test_what_was_acknowledged_survives_a_kill(void **state) {
    (void)state;
    struct rng r;
    int64_t turn = 0, command = 0;
    rng_init(&r, seed);
    for (int i = 0; i < rounds; i++) {
        struct child turns = start(true, i % 2 == 1), commands = start(false, false);
        turns.last = turn;
        commands.last = command;
        kill_at_random(&r, &turns, &commands);
        turn = inspect(&turns, &commands);
        command = commands.last;
    }
    print_message("%d kills, %" PRId64 " turns, %" PRId64 " commands\n", rounds, turn, command);
    assert_true(turn > rounds);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_acknowledged_survives_a_kill)};
    const char *text = getenv("TEST_SEED");
    seed = text ? strtoull(text, NULL, 10) : (uint64_t)time_wall_us();
    print_message("TEST_SEED=%" PRIu64 "\n", seed);
    if (argc > 1) rounds = (int)strtol(argv[1], NULL, 10);
    if (!mkdtemp(dir)) return 1;
    const int n = snprintf(url, sizeof url, "sqlite:%s/a.db", dir);
    if (n < 0) return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed) {
        print_message("the store is left in %s\n", dir);
        return failed;
    }
    char command[200];
    const int m = snprintf(command, sizeof command, "rm -rf %s", dir);
    return m < 0 || system(command) != 0;
}
