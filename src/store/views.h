/* views: what the HTTP interface shows, as JSON: ids and amounts are strings, times RFC 3339, none
 * is null.
 *
 * Pages are told by where the one before ended (struct view_place), never by a count, so they stay
 * right while rows arrive. A page looks at VIEW_WALK_MAX rows at most: with filters that match
 * little it may hold fewer than were asked for, none even, and still say where to go on.
 *
 * Each function is one or several statements; the caller opens a transaction around them, so that
 * they see one state. Errors: those of the store; ERR_FULL is the buffer's owner's to see. */
#ifndef BF_STORE_VIEWS_H
#define BF_STORE_VIEWS_H

#include "store/store.h"

#define VIEW_LIMIT_MAX 200
#define VIEW_WALK_MAX 20000

typedef enum view_list {
    VIEW_TWEETS,
    VIEW_SIGNALS,
    VIEW_TRADES,
    VIEW_AUDIT,
    VIEW_DEAD_LETTERS,
    VIEW_GAPS,
    VIEW_LIST_COUNT
} view_list;

/* The row behind which a page begins: tweets by (time, id), the others by id. */
struct view_place {
    usec at;
    int64_t id;
};

/* What is asked for; a list looks at what it has. Empty, and -1: everything. */
struct view_ask {
    int limit; /* 1..VIEW_LIMIT_MAX */
    bool has_before;
    struct view_place before;
    str symbol, side;      /* tweets (symbol: one that is mentioned), signals, trades */
    str author;            /* tweets: user name, ASCII case does not count */
    str source;            /* tweets, dead letters */
    str label, outcome, q; /* tweets; q: is part of the text, ASCII case does not count */
    str verdict, reason;   /* signals */
    str status;            /* trades, dead letters */
    str kind;              /* dead letters */
    str actor, entity;     /* audit */
    int min_score;         /* tweets, signals */
    int missed;            /* tweets: 0 no, 1 yes */
};

struct view_page {
    int count; /* rows */
    bool more; /* next says where */
    struct view_place next;
};

/* Appends an array of objects, newest first. */
MUST_CHECK bool store_view_list(struct store *s, view_list list, const struct view_ask *ask,
                                struct buf *out, struct view_page *ret, struct error *err);

/* One row of a list, as an object; *ret_found false: nothing was appended. */
MUST_CHECK bool store_view_row(struct store *s, view_list list, int64_t id, struct buf *out,
                               bool *ret_found, struct error *err);

/* Authors: with the most outcomes first, then the most posts, then by key. */
#define VIEW_KEY_BYTES 96
struct view_author_place {
    int64_t signals, posts;
    char key[VIEW_KEY_BYTES];
};
struct view_author_ask {
    int limit;
    const struct view_author_place *before; /* NULL: the first page */
    str q;                                  /* is part of the name or the key; ASCII case does not
                                               count; empty: all */
    usec rest;                              /* how long one rests after a trade */
};
MUST_CHECK bool store_view_authors(struct store *s, const struct view_author_ask *ask,
                                   struct buf *out, bool *ret_more, struct view_author_place *ret,
                                   struct error *err);
/* The one of this key: the members of the object, without braces. */
MUST_CHECK bool store_view_author(struct store *s, str key, usec rest, struct buf *out,
                                  bool *ret_found, struct error *err);

/* --- one thing, as an object (*ret_found false: nothing was appended) ----------------------- */
/* A post: the members of the object, without braces. */
MUST_CHECK bool store_view_tweet(struct store *s, int64_t id, struct buf *out, bool *ret_found,
                                 struct error *err);
/* What was read in a post, for who reads it again. Texts in `a`. */
struct view_said {
    bool deleted; /* the text is gone */
    str text;
    str model; /* that read it; n 0: it was not read yet, and nothing below is known */
    int64_t sentiment_bp;
    str mentions; /* as store_put_mentions writes them; p NULL: not kept any more (prune.h) */
};
MUST_CHECK bool store_view_said(struct store *s, struct arena *a, int64_t id, struct view_said *ret,
                                bool *ret_found, struct error *err);
/* The mentions of a reading, as the row of a post keeps them: an array. */
void store_put_mentions(struct buf *b, const struct reading *r);
/* {"trade","post","signal","orders","fills","audit"} */
MUST_CHECK bool store_view_trade(struct store *s, int64_t id, struct buf *out, bool *ret_found,
                                 struct error *err);

/* --- small tables, as arrays ---------------------------------------------------------------- */
MUST_CHECK bool store_view_positions(struct store *s, struct buf *out, struct error *err);
/* One of them, or an order, as an object, by its id. */
MUST_CHECK bool store_view_position(struct store *s, int64_t id, struct buf *out, bool *ret_found,
                                    struct error *err);
MUST_CHECK bool store_view_order(struct store *s, int64_t id, struct buf *out, bool *ret_found,
                                 struct error *err);
/* Signals that wait for a person. */
MUST_CHECK bool store_view_approvals(struct store *s, struct buf *out, struct error *err);
/* What waits in the store, and since when the oldest does (0: nothing waits): commands that no
 * trader took yet, signals that wait for a person, dead letters. */
struct view_waiting {
    int64_t commands, approvals, letters;
    usec command_at, approval_at, letter_at;
};
MUST_CHECK bool store_view_waiting(struct store *s, struct view_waiting *ret, struct error *err);

/* --- numbers -------------------------------------------------------------------------------- */
/* The time that days and spans are counted by: the wall's; but while a trader runs in virtual time
 * (it beats by the wall, and its last turn was more than a day ago), that of its last turn. */
MUST_CHECK bool store_view_now(struct store *s, usec wall, usec *ret, struct error *err);

struct view_status {
    bool has_account;
    money start, cash, fees, pnl_total; /* of the account, realised */
    bool has_equity;
    money equity, unrealized; /* as sampled last, or with what is held at prices seen since */
    usec equity_at;           /* when that was; of a price the begin of its minute */
    int64_t drawdown_bp;      /* of its day */
    money pnl_today;          /* of trades closed today */
    int64_t posts, posts_today, signals_today, trades_today, open_positions, waiting, dead_letters;
    usec last_post_at, last_trade_at;       /* 0: none */
    usec trader_beat_at, trader_started_at; /* 0: none */
    usec trader_at;                         /* of its last turn, virtual in virtual time */
};
/* How many posts were published since a moment, remembered: a million take a twentieth of a second
 * to count. Kept by the caller, who gives it again; zeroed at first. */
struct view_count {
    usec since, until; /* what was counted: published in [since, until) */
    int64_t posts;
    usec at; /* when; counted anew after VIEW_COUNT_KEPT, for posts that came late */
};
#define VIEW_COUNT_KEPT USEC_PER_MIN
#define VIEW_COUNT_LATE (10 * USEC_PER_S) /* later ones are counted each time */

/* today: the beginning of the UTC day; now: of the clock that posts have (store_view_now). */
MUST_CHECK bool store_view_status(struct store *s, usec today, usec now, struct view_count *memo,
                                  struct view_status *ret, struct error *err);

/* Of closed trades; days are UTC, week and month are the last 7 and 30 of them. The members of an
 * object, without braces. */
MUST_CHECK bool store_view_metrics(struct store *s, usec now, struct buf *out, struct error *err);

/* One point for each of `points` equal spans of [from, to] that has a sample: the last, with the
 * least and the most equity in the span. from 0: the first sample; to 0: the last, and behind it,
 * where something is held, how it stands by the prices seen since. An array. */
MUST_CHECK bool store_view_equity(struct store *s, usec from, usec to, int points, struct buf *out,
                                  struct error *err);

/* What became of the posts published, and the signals made, since then. The members of an object:
 * posts, linked, scored, over_threshold, traded, refused, not_scored. */
MUST_CHECK bool store_view_funnel(struct store *s, usec since, int threshold, struct buf *out,
                                  struct error *err);

#endif
