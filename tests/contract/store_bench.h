/* What the files of the store's suite share: a store for each test, and short ways to fill it. */
#ifndef BF_TESTS_CONTRACT_STORE_BENCH_H
#define BF_TESTS_CONTRACT_STORE_BENCH_H

#include "store_contract.h"

#include <inttypes.h>

#include "check.h"

#include "rows_make.h"

#include "store/store_int.h"

#define DAY USEC_PER_DAY
#define NOW (INT64_C(1700000000) * USEC_PER_S)

extern const struct store_place *place; /* where the suite runs now */
extern struct rng rng;

struct bench {
    char url[512];
    struct store *s;
    struct arena a;
    struct actions acts; /* of the turn that is being made */
};

int set_up(void **state);
int tear_down(void **state);
struct store *open_store(struct bench *b, bool create);
void reopen(struct bench *b);     /* where the place outlives its connection */
void start_over(struct bench *b); /* a new, empty store */

struct action *add(struct bench *b, action_kind kind);
bool try_turn(struct bench *b, struct error *err); /* applies what was added, in one transaction */
void turn(struct bench *b);
int64_t count(struct bench *b, const struct sql *sql);
bool is_postgresql(const struct bench *b);
/* Commands that no function of the store has, outside of transactions; the text of the database at
 * hand. Where the store's own connection may not run them, another one does. */
bool try_exec(struct bench *b, const struct sql *sql, struct error *err);
void exec(struct bench *b, const struct sql *sql);
void load(struct bench *b, struct trader_rows *ret);

void add_post(struct bench *b, int64_t id);
void add_control(struct bench *b, mode m, int64_t epoch);
void add_line(struct bench *b, int64_t seq, const char *line);
void add_audits(struct bench *b, int n); /* and applies them */
struct trade plain_trade(int64_t id, int64_t root, int64_t cluster, usec at);
struct fill plain_fill(int64_t id, int64_t trade_id, const char *venue_id);
int64_t command(struct bench *b, struct command c); /* adds it; its id */

#define T(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

/* One group of tests each; the number of failures. */
int store_rows_run(void);
int store_people_run(void);
int store_check_run(void);
int store_shared_run(void);
int store_forget_run(void);
int store_sources_run(void);
int store_posts_run(void);
int store_prune_run(void);
int store_workers_run(void);
int store_letters_run(void);
int store_notices_run(void);

#endif
