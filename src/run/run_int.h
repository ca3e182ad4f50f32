/* Privates that turn.c, virtual.c, wall.c, readers.c and summary.c share. */
#ifndef BF_RUN_RUN_INT_H
#define BF_RUN_RUN_INT_H

#include "run/feeds.h"
#include "run/journal.h"
#include "run/letters.h"
#include "run/meter.h"
#include "run/place.h"
#include "run/run.h"

/* --- turn.c: one turn, and what follows from it ------------------------------------------ */

struct lanes;
struct writer;

#define SENDS_MAX 128

struct runner {
    struct run_parts parts;
    struct run_options opt;
    struct run_watch watch;
    const struct config *cfg; /* taken of parts.live once a setting changed; NULL: not yet */
    struct metric *price_at;  /* real time: when the last price came; NULL: not told */
    struct meter meter;

    /* One turn's actions and one call's reply: large, hence made once. */
    struct actions *acts;
    struct reply *reply;
    struct event ev;
    struct request *sends; /* ring of SENDS_MAX, to be sent after the commit */
    int send_head, send_count;

    bool wall;           /* real time: what is too old is not sent */
    struct lanes *lanes; /* to a venue that is slow; NULL: it is called here */

    struct writer *writer; /* writes the rows of turns; NULL: they are written here */

    /* The open transaction. */
    bool grouped;         /* many turns a transaction: virtual time, venue inside our own store */
    bool in_txn;          /* the write lock is ours: no command can change anything meanwhile */
    bool commands_due;    /* somebody else wrote to the store: look for commands */
    bool obeying;         /* commands share one transaction: no turn of theirs commits by itself */
    int64_t command_seen; /* id of the last command delivered */
    bool moved;           /* a cursor or the venue moved since the last commit */
    int64_t txn_rows;
    bool eager; /* something live is in the open transaction: committed as soon as all is taken */
    usec txn_since; /* monotonic, of the first turn since the last commit */
    int64_t version_seen;

    /* Where the store cannot be written (a full disk): turns go to the journal, and from there into
     * the store when it can be written again. NULL: the venue lives in the store, nothing goes on
     * without it. */
    struct journal *journal;
    bool journaling;
    struct buf pending; /* turns of the open transaction, encoded */
    usec try_at;        /* monotonic: the store is not tried before */

    /* Where everything stands, written with each commit. */
    usec now;
    struct steady steady; /* of a run in real time: what `now` is read from */
    bool clock_doubted;   /* the wall's is far from it, and the store's was not asked yet */
    usec sure_until;      /* monotonic: it was, and so long the wall's is believed */
    usec started_at;
    const struct run_feed *replay; /* of parts.feeds; NULL: none */
    struct feeds feeds;
    int64_t offset;      /* of the replay, behind the last post delivered */
    int64_t offset_open; /* the same when this process began */
    usec market_at;      /* of the last price delivered */
    int64_t market_done; /* prices delivered that have this time */
    bool venue_changed;  /* since venue_save */
    bool prices_changed; /* since trader_save_prices */
    bool fresh;          /* no cursor was found: a new store */
    bool was_wall;       /* the store was last used in real time */
    struct buf blob;

    bool scrub_due; /* a deletion was committed, and the store's log still has the text */
    usec scrub_at;  /* monotonic: not before */
    bool deletes;   /* one is in the open transaction */

    int64_t posts, prices, commits, posts_since_commit;
    struct letters letters;
    bool posts_ended, prices_ended;
    int waiting_posts;
    struct model_load load; /* real time: how the reader's model stands */
    usec tick_at;           /* monotonic, of the next tick */
    usec beat_at;           /* monotonic, of the next sign of life */
    int64_t posts_told;     /* to parts.worker */
    bool at_work;           /* the same: it has something to do */
    bool sheds_told;        /* the same, of load */
    int64_t shed_told;
    struct clock clock;                            /* virtual time, for the log */
    struct run_candles *candles;                   /* minutes.c */
    struct run_feed_progress shown[RUN_FEEDS_MAX]; /* of the last runner_progress */
};

/* The turn of `ev` at `now` with all that follows from it: rows, commit (or its share of a group),
 * sends, the venue's replies and news and their turns, waiting commands. now: not before r->now. */
MUST_CHECK bool turn_do(struct runner *r, usec now, const struct event *ev, struct error *err);

/* Turns of whatever the venue has to tell and of what is still to be sent. */
MUST_CHECK bool turn_settle(struct runner *r, struct error *err);

/* Looks for commands of people (cheap when nobody wrote) and does their turns. */
MUST_CHECK bool turn_commands(struct runner *r, struct error *err);

/* settings.c: puts the settings table into force, before the turn of the command that says that it
 * was changed; a table that cannot hold makes the command void. */
void settings_take(struct runner *r, struct command *cmd);
void settings_close(struct runner *r);

/* Commits what is open with the cursors. Nothing moved: nothing is written. PRE: between turns. */
MUST_CHECK bool turn_commit(struct runner *r, struct error *err);

/* The store failed: goes on with the journal, where that is possible. False: it is not, *err is as
 * it was. */
MUST_CHECK bool turn_rescue(struct runner *r, struct error *err);
/* Tries whether the store can be written again, at most once a second. False: what is in the
 * journal cannot be adopted for another reason. */
MUST_CHECK bool turn_recover(struct runner *r, struct error *err);

/* What a source of that name complained of, the list from `c` on, becomes dead letters in the open
 * transaction (opens one). Where the run goes on without the store it is in the log alone. */
MUST_CHECK bool turn_bury(struct runner *r, str source, const struct complaint *c,
                          struct error *err);

/* Takes the write lock, as the first thing written outside of a turn (dead letters). */
MUST_CHECK bool turn_begin(struct runner *r, struct error *err);

/* A sign of life in the store (workers) every few seconds of wall time, inside the open transaction
 * or the next. PRE: between turns. */
MUST_CHECK bool turn_beat(struct runner *r, struct error *err);

/* After deletions the store's log is cut: at most once a minute. PRE: between turns, committed. */
MUST_CHECK bool turn_scrub(struct runner *r, struct error *err);
/* Where there were deletions since it was last done, the store is written anew: before a run, at
 * its end, and twice a day in between. What goes wrong (no room for it) is told, and done the next
 * time. PRE: nothing is uncommitted on this connection. */
void turn_rewrite(struct store *s);

/* What a post, read, is to the trader: a reading, or word of a deletion. */
void turn_event_of(const struct reading *r, struct event *ret);

void turn_crash_point(void);

/* The source was read from its first line to its end, and no line of it was a post. */
bool runner_saw_no_post(const struct runner *r);

/* Calls watch.tick when its time has come (or `now`). */
void runner_tick(struct runner *r, bool at_once);
void runner_replay_over(struct runner *r); /* the replay's posts are used up: tells it */
void runner_tell_work(struct runner *r);   /* what it is at, and how far, to parts.worker */

/* --- minutes.c: candles of the prices, for the charts ---------------------------------------- */

/* Takes in what the trader was just told of a price. Where turns are grouped and many minutes have
 * ended since the last commit, they go into the open transaction (opens one). */
MUST_CHECK bool candles_see(struct runner *r, const struct event *ev, struct error *err);
/* What has ended, all: and what runs, into the open transaction. */
MUST_CHECK bool candles_put(struct runner *r, bool all, struct error *err);
void candles_init(struct arena *boot, struct runner *r);

/* --- readers.c: posts in, readings out, in order ----------------------------------------- */

struct read_post {
    const struct post *post;
    const struct reading *reading;
    int64_t offset;                     /* of the source, behind this post */
    const struct complaint *complaints; /* of what stood before it, oldest first */
};

struct readers;
/* Takes posts from `source` (on the caller's thread) and reads them on `workers` threads, 64 a
 * batch; 1: on the caller's thread. source may be NULL. */
MUST_CHECK bool readers_open(struct arena *boot, const struct reader *reader, struct source *source,
                             int workers, struct readers **ret, struct error *err);
/* The next post in the source's order, or NULL with *ret_end. Borrowed until readers_pop. */
MUST_CHECK bool readers_peek(struct readers *rs, struct read_post **ret, struct error *err);
void readers_pop(struct readers *rs);
/* What was complained of behind the last post; once, when readers_peek gave NULL. */
const struct complaint *readers_last_complaints(struct readers *rs, int64_t *ret_offset);
int readers_ahead(const struct readers *rs); /* posts read and not yet popped */
int readers_room(int workers);               /* for so many posts */
void readers_close(struct readers *rs);      /* joins the threads; NULL is fine */

#endif
