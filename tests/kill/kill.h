/* kill: the parts of the program that kills a trading bullfinch, over and over, and then compares
 * what it wrote down with what the exchange says.
 *
 *   kill_venue.c   the exchange, the bot, the kills
 *   posts.c        posts that make it trade
 *   books.c        what a store holds
 *   compare.c      that and the exchange */
#ifndef BF_TESTS_KILL_KILL_H
#define BF_TESTS_KILL_KILL_H

#include "base/rng.h"
#include "base/str.h"

#define KILL_KEY "killkeykillkeykillkeykillkeykillkeykillkeykillkeykillkeykillkeyk"
#define KILL_SECRET "killsecretkillsecretkillsecretkillsecretkillsecretkillsecretkill"

/* Ends the program with a sentence. */
_Noreturn void give_up(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A text that praises a coin, unlike all others; `last` stands at its end. */
#define POST_TEXT_ROOM 400
void post_text(struct rng *r, const char *last, char out[POST_TEXT_ROOM]);
/* The pairs that these are about. */
#define POST_COINS 8
extern const char *const post_pairs[POST_COINS];
/* Who writes: a number below that. */
#define POST_AUTHORS 12

/* Posts of some seconds into a file, one every 100 to 300 ms, from several authors on several
 * coins. */
void posts_write(const char *path, struct rng *r, int seconds);

#endif
