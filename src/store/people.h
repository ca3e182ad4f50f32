/* people: what the store has for those who watch and who order: commands known by their keys, what
 * is held, what is used up of each limit, why the last signals ended. Nothing here trades. */
#ifndef BF_STORE_PEOPLE_H
#define BF_STORE_PEOPLE_H

#include "store/store.h"

/* --- commands by key -------------------------------------------------------------------------- */

/* store_command_add for clients that may send the same request again. key: whose and which, without
 * blanks ("api:3/a1b2"); print: what was asked, without blanks; the first command under a key keeps
 * it. *ret_repeated: it stood there already, and *ret_id is it. Errors: ERR_REFUSED the key stands
 * for a request of another print; those of store_command_add. */
MUST_CHECK bool store_command_once(struct store *s, const struct command *cmd, str key, str print,
                                   usec now, int64_t *ret_id, bool *ret_repeated,
                                   struct error *err);
/* Is there one? Errors: ERR_REFUSED as above. */
MUST_CHECK bool store_command_by_key(struct store *s, str key, str print, int64_t *ret_id,
                                     bool *ret_found, struct error *err);

/* --- what is held, and what waits ------------------------------------------------------------- */

struct held {
    char symbol[SYMBOL_BYTES];
    qty size; /* negative: SHORT */
    price entry;
    money unrealized;
    int64_t trade_id;
    usec updated_at;
};
/* By symbol. */
MUST_CHECK bool store_held(struct store *s, struct arena *a, struct held **ret, int *ret_count,
                           struct error *err);
/* The trade that is open in a symbol, filled or not; 0: none. */
MUST_CHECK bool store_open_trade(struct store *s, str symbol, int64_t *ret, struct error *err);
/* "" where there is no such signal. */
MUST_CHECK bool store_signal_verdict(struct store *s, int64_t id, char ret[16], struct error *err);

/* --- how the account stands ------------------------------------------------------------------- */

struct account_standing {
    bool has_account; /* false: no trader has run yet; nothing else of it is known */
    struct account account;
    bool has_equity;
    usec equity_at;
    money equity;
    int64_t drawdown_bp; /* of the day's opening equity */
    int open_trades, waiting_approvals;
    money exposure; /* what positions are worth by their last price, entries under way at theirs */
    money reserved; /* of it, what entries to LONG that did not fill yet may take of the cash */
};
MUST_CHECK bool store_standing(struct store *s, struct account_standing *ret, struct error *err);

/* Symbols in which a trade ended since then, newest first. */
struct symbol_rest {
    char symbol[SYMBOL_BYTES];
    usec closed_at;
};
MUST_CHECK bool store_symbol_rests(struct store *s, struct arena *a, usec since,
                                   struct symbol_rest **ret, int *ret_count, struct error *err);
/* Authors that were traded since then, or on this UTC day, latest first. */
struct author_use {
    char key[AUTHOR_BYTES], username[AUTHOR_BYTES];
    int64_t day, trades_today;
    usec last_trade_at, last_post_at;
};
MUST_CHECK bool store_author_uses(struct store *s, struct arena *a, usec since, int64_t day,
                                  struct author_use **ret, int *ret_count, struct error *err);
/* By key ("x:44196397"), or by name; *ret_found false: never heard of. */
MUST_CHECK bool store_author_find(struct store *s, str who, struct author_use *ret, bool *ret_found,
                                  struct error *err);

/* --- the last things that happened ------------------------------------------------------------ */

struct last_post {
    bool found;
    int64_t id;
    usec created_at, received_at;
    char source[33];
    char outcome[32]; /* "": it has signals, or is not read yet */
};
/* Among the newest some thousand posts. who: an author's name or "source:id", "" all. */
MUST_CHECK bool store_last_post(struct store *s, str who, struct last_post *ret, struct error *err);
struct last_signal {
    bool found;
    int64_t id, tweet_id;
    char symbol[SYMBOL_BYTES], author[AUTHOR_BYTES];
    int score;
    char verdict[16];
    char reason[32]; /* "" none */
    usec created_at;
    price seen; /* 0: no price was known */
};
/* Among the newest some ten thousand. "": any. author: a key. */
MUST_CHECK bool store_last_signal(struct store *s, str symbol, str author, struct last_signal *ret,
                                  struct error *err);

#endif
