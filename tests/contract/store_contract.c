/* The store's suite: its benches and their tools. The tests stand by subject in store_rows.c,
 * store_people.c, store_check.c, store_sources.c, store_forget.c, store_prune.c, store_workers.c,
 * store_letters.c and store_shared.c. TEST_SEED=n repeats a run. */
#include "store_bench.h"

#include <stdlib.h>

const struct store_place *place;
struct rng rng;

struct store *open_store(struct bench *b, bool create) {
    struct error err;
    struct store *s = NULL;
    const struct store_options opt = {.url = str_from_z(b->url),
                                      .access = STORE_WRITE,
                                      .create = create,
                                      .busy_timeout_ms = 5000};
    assert_ok(store_open(&b->a, &opt, &s, &err), &err);
    return s;
}

int set_up(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    arena_open(&b->a, 64 << 20);
    place->make(b->url, sizeof b->url);
    b->s = open_store(b, true);
    *state = b;
    return 0;
}

int tear_down(void **state) {
    struct bench *b = *state;
    store_close(b->s);
    place->remove(b->url);
    arena_close(&b->a);
    free(b);
    return 0;
}

void start_over(struct bench *b) {
    store_close(b->s);
    place->remove(b->url);
    place->make(b->url, sizeof b->url);
    b->s = open_store(b, true);
}

void reopen(struct bench *b) {
    if (!place->shared) return; /* in memory: closing it would end it */
    store_close(b->s);
    b->s = open_store(b, false);
}

struct action *add(struct bench *b, action_kind kind) {
    return add_action(&b->acts, kind);
}

/* Applies what was added, in a transaction of its own. */
bool try_turn(struct bench *b, struct error *err) {
    assert_ok(store_begin(b->s, true, err), err);
    const bool ok = store_apply(b->s, &b->acts, err) && store_commit(b->s, err);
    if (!ok) store_rollback(b->s);
    b->acts.count = 0;
    return ok;
}

void turn(struct bench *b) {
    struct error err;
    assert_ok(try_turn(b, &err), &err);
}

int64_t count(struct bench *b, const struct sql *sql) {
    struct error err;
    struct query q;
    int64_t n = 0;
    bool found;
    assert_ok(query_open(b->s, sql, &q, &err), &err);
    assert_ok(query_i64(&q, &n, &found, &err), &err);
    return n;
}

bool is_postgresql(const struct bench *b) { return b->s->ops->dialect == DIALECT_POSTGRESQL; }

bool try_exec(struct bench *b, const struct sql *sql, struct error *err) {
    const bool own = is_postgresql(b) && sql->postgresql != NULL;
    const char *const text = own ? sql->postgresql : sql->text;
    return place->force ? place->force(b->url, text, err) : b->s->ops->exec(b->s, text, err);
}

void exec(struct bench *b, const struct sql *sql) {
    struct error err;
    assert_ok(try_exec(b, sql, &err), &err);
}

/* Texts of reading and post live as long as the test. */
void add_post(struct bench *b, int64_t id) {
    struct post *post = NEW(&b->a, struct post);
    struct reading *reading = NEW(&b->a, struct reading);
    make_reading(&rng, id, post, reading);
    struct action *a = add(b, ACTION_PUT_POST);
    a->u.post.reading = reading;
    a->u.post.signal_score = 77;
}

void add_control(struct bench *b, mode m, int64_t epoch) {
    add(b, ACTION_PUT_CONTROL)->u.control =
        (struct control){.mode = m, .before = m, .epoch = epoch, .until = USEC_NEVER, .since = NOW};
}

struct trade plain_trade(int64_t id, int64_t root, int64_t cluster, usec at) {
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

void load(struct bench *b, struct trader_rows *ret) {
    struct error err;
    assert_ok(store_load_trader(b->s, &b->a, 0, ret, &err), &err);
}

struct fill plain_fill(int64_t id, int64_t trade_id, const char *venue_id) {
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

int64_t command(struct bench *b, struct command c) {
    struct error err;
    int64_t id;
    bool repeated;
    if (!c.actor[0]) memcpy(c.actor, "cli:root", sizeof "cli:root");
    assert_ok(store_command_add(b->s, &c, (str){0}, NOW, &id, &repeated, &err), &err);
    assert_false(repeated);
    return id;
}

void add_line(struct bench *b, int64_t seq, const char *line) {
    struct action *a = add(b, ACTION_LEDGER);
    a->u.ledger.seq = seq;
    a->u.ledger.at = NOW;
    IGNORE(str_copyz(str_from_z(line), a->u.ledger.line, sizeof a->u.ledger.line), "short");
}

void add_audits(struct bench *b, int n) {
    for (int i = 0; i < n; i++) {
        struct audit *a = &add(b, ACTION_AUDIT)->u.audit;
        *a = (struct audit){.at = NOW + i, .actor = "program", .action = "test", .entity = "none"};
        a->entity_id = i;
        IGNORE(str_copyz(STR("1:a,\n'\""), a->detail, sizeof a->detail), "short");
    }
    turn(b);
}

/* -- running it ------------------------------------------------------------------------------ */

int store_contract_run(const struct store_place *at) {
    const char *text = getenv("TEST_SEED");
    const uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time_wall_us();
    print_message("%s: TEST_SEED=%" PRIu64 "\n", at->name, seed);
    rng_init(&rng, seed);
    place = at;
    int failed = store_rows_run() + store_people_run() + store_check_run();
    failed += store_forget_run() + store_sources_run() + store_posts_run();
    failed += store_prune_run() + store_workers_run() + store_letters_run();
    failed += store_notices_run();
    if (at->shared) failed += store_shared_run();
    return failed;
}
