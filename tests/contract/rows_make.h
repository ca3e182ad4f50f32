/* rows_make: rows of the trader for tests: random in every member, or small and believable. */
#ifndef BF_TESTS_CONTRACT_ROWS_MAKE_H
#define BF_TESTS_CONTRACT_ROWS_MAKE_H

#include "base/rng.h"
#include "flow/event.h"

/* Random in every member, within what the columns take; `sym` is SYM_NONE, as after loading. Ids
 * that point to other rows are the caller's to set. */
void make_signal(struct rng *r, struct signal *ret);
void make_trade(struct rng *r, struct trade *ret);
void make_order(struct rng *r, struct order *ret);
void make_author(struct rng *r, struct author *ret);
void make_record(struct rng *r, struct author_record *ret);
void make_forecast(struct rng *r, struct forecast *ret);
void make_account(struct rng *r, struct account *ret);
void make_control(struct rng *r, struct control *ret);
void make_deletion(struct rng *r, struct deletion *ret);
void make_memory(struct rng *r, struct post_memory *ret);
/* A post and what was read of it; `post` must live as long as `ret`. Texts are static. */
void make_reading(struct rng *r, int64_t id, struct post *post, struct reading *ret);

/* Fail the test, naming the member, unless all members are the same. */
void same_signal(const struct signal *a, const struct signal *b);
void same_trade(const struct trade *a, const struct trade *b);
void same_order(const struct order *a, const struct order *b);
void same_author(const struct author *a, const struct author *b);
void same_record(const struct author_record *a, const struct author_record *b);
void same_forecast(const struct forecast *a, const struct forecast *b);
void same_account(const struct account *a, const struct account *b);
void same_control(const struct control *a, const struct control *b);
void same_deletion(const struct deletion *a, const struct deletion *b);
void same_memory(const struct post_memory *a, const struct post_memory *b);

/* The next action of `acts`, zeroed. */
struct action *add_action(struct actions *acts, action_kind kind);

#endif
