/* inbox: what waits for the trader in real time. Filled by many threads, emptied by one.
 *
 * Bounded, and each kind by its own rule: posts make their source wait; prices are conflated, one
 * candle and one quote a symbol; a reply has a place that was reserved when its request was sent; a
 * report that finds no room sets a flag that means "ask the venue for everything". How it stands
 * with the venue is one word, the last; that a stream came back, or that the venue's memory was
 * wiped, is kept beside it. A symbol's terms are its last ones. */
#ifndef BF_RUN_INBOX_H
#define BF_RUN_INBOX_H

#include "base/arena.h"
#include "flow/control.h"
#include "flow/quote.h"
#include "flow/request.h"
#include "flow/symbol.h"

struct inbox;

typedef enum inbox_kind {
    INBOX_NOTHING, /* the time is up */
    INBOX_POST,
    INBOX_QUOTE,
    INBOX_CANDLE,
    INBOX_DRY,
    INBOX_REPLY,
    INBOX_REPORT,
    INBOX_LOST,  /* reports were lost */
    INBOX_VENUE, /* how it stands with the venue */
    INBOX_SYMBOL /* the venue changed a symbol's terms */
} inbox_kind;

struct inbox_item {
    inbox_kind kind;
    int sym;    /* DRY */
    void *post; /* POST: as it was put */
    struct quote quote;
    struct candle candle;
    struct report report;
    struct reply reply;
    struct venue_news venue;
    struct symbol symbol;
};

/* whose: how the board calls who empties it, a literal. symbols 0: no prices come, and no orders.
 * posts, orders: places for posts, for replies and reports together. */
struct inbox *inbox_open(struct arena *boot, const char *whose, int symbols, int posts, int orders);
void inbox_close(struct inbox *in); /* after all threads that use it; NULL is fine */

/* Waits while there is no room. False: stopped, the post was not taken. */
MUST_CHECK bool inbox_put_post(struct inbox *in, void *post);
void inbox_put_quote(struct inbox *in, const struct quote *q);
void inbox_put_candle(struct inbox *in, const struct candle *c);
void inbox_put_dry(struct inbox *in, int sym);
/* A place for one reply, to be filled by exactly one inbox_put_reply. False: none is left. */
MUST_CHECK bool inbox_reserve(struct inbox *in);
void inbox_unreserve(struct inbox *in); /* gives it back unused */
void inbox_put_reply(struct inbox *in, const struct reply *r);
void inbox_put_report(struct inbox *in, const struct report *r);

void inbox_put_venue(struct inbox *in, const struct venue_news *n);
void inbox_put_symbol(struct inbox *in, int sym, const struct symbol *s);

/* The next thing, waiting until the monotonic time `until`: the venue's news first (wiped, back
 * again, how it stands), then those of orders, then prices and posts in turn. Of one symbol its
 * terms come before its prices. */
void inbox_take(struct inbox *in, usec until, struct inbox_item *ret);
/* While held, posts stay where they are. The trader's thread. */
void inbox_hold_posts(struct inbox *in, bool held);
void inbox_stop(
    struct inbox *in); /* posts are no longer taken; whoever waits to put one gives up */

#endif
