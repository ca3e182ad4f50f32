/* kill: the parts of the program that kills a trading bullfinch, over and over, and then compares
 * what it wrote down with what the exchange says.
 *
 *   kill_venue.c   the exchange, the bot, the kills
 *   posts.c        posts that make it trade
 *   compare.c      store and exchange */
#ifndef BF_TESTS_KILL_KILL_H
#define BF_TESTS_KILL_KILL_H

#include "base/rng.h"
#include "base/str.h"

#define KILL_KEY "killkeykillkeykillkeykillkeykillkeykillkeykillkeykillkeykillkeyk"
#define KILL_SECRET "killsecretkillsecretkillsecretkillsecretkillsecretkillsecretkill"

/* Ends the program with a sentence. */
_Noreturn void give_up(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Posts of some seconds into a file, one every 100 to 300 ms, from several authors on several
 * coins. */
void posts_write(const char *path, struct rng *r, int seconds);

/* What both sides say, and in how many points they differ. Each difference is printed. */
struct comparison {
    int64_t orders, executed, fills, trades, open, closed, live;
    int64_t duplicated; /* client ids or intents that were executed twice, exits sold twice */
    int64_t bare;       /* positions without protection now */
    int64_t differing;  /* trades, fills, fees, states that differ */
};
void compare(const char *db, const char *url, struct comparison *ret);

#endif
