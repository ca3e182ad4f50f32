/* wire: what is plugged into what. The one place that names concrete stores, venues, sources and
 * markets; everything behind it sees interfaces. */
#ifndef BF_APP_WIRE_H
#define BF_APP_WIRE_H

#include "app/app.h"
#include "app/wire_sources.h"
#include "queue/queue.h"
#include "run/run.h"

struct wired {
    struct symbols symbols;
    struct venue_traits traits;
    struct wired_feeds feeds;
    struct run_parts parts;
    bool fresh;       /* the store was made by this call */
    bool live;        /* prices come as they are made: real time, run_wall */
    usec first, last; /* span of the prices, 0: none */
    int symbols_left_out;
    bool store_failed; /* wire_run failed with an error of the store itself */
};

/* The symbols that the venue trades, from venue.exchange_info or the list that ships. Findings on
 * symbols that were left out go to `report`. */
MUST_CHECK bool wire_symbols(struct app *app, struct symbols *ret, int *ret_left_out,
                             struct buf *report, struct error *err);
/* What the configured venue can do and costs. */
struct venue_traits wire_traits(const struct app *app);
/* A reader as the configuration wants it. symbols: of the venue; used only where one is configured.
 */
MUST_CHECK bool wire_reader(struct app *app, const struct symbols *symbols,
                            const struct reader **ret, struct error *err);
/* The same without the model, for who only wants to know which coins a post names. */
MUST_CHECK bool wire_linker(struct app *app, const struct symbols *symbols,
                            const struct reader **ret, struct error *err);

/* Both: the reader as `score` has it, with the user's file of names. Errors: as theirs. */
MUST_CHECK bool wire_scorer(struct app *app, const struct reader **ret, struct error *err);
/* Candle files of venue.prices. */
MUST_CHECK bool wire_market(struct app *app, const struct symbols *symbols, struct market **ret,
                            struct buf *report, struct error *err);
/* --- a process of its own: ingest, analyze, trade (docs/scaling.md) --- */

/* The queue with its two streams of jobs. Errors: ERR_CONFIG queue.url is none that processes can
 * share; what opening one says, and what no waiting mends (a password, a right); a Redis that is
 * not there is none. */
struct jobs_watch;
struct wired_queues {
    struct queue *posts, *readings;
    struct jobs_watch *watch; /* of both; NULL: nobody looks */
};
MUST_CHECK bool wire_queues(struct app *app, struct wired_queues *ret, struct error *err);
/* The same for who only looks at them, and serves others whatever the server says. */
MUST_CHECK bool wire_queues_watch(struct app *app, struct wired_queues *ret, struct error *err);
/* The same, and the server is not asked for anything. */
MUST_CHECK bool wire_queues_open(struct app *app, struct wired_queues *ret, struct error *err);
void wire_queues_close(struct wired_queues *q); /* a zeroed one is fine */

/* The store, waited for: a database that starts beside the program may take longer. Told once.
 * Errors: of a store that waiting does not bring; ERR_INTERRUPTED a stop came first. */
MUST_CHECK bool wire_store_wait(struct app *app, const atomic_int *stop, struct store **ret,
                                struct error *err);
/* The same, of a connection for what was read: its commits wait for no disk. */
MUST_CHECK bool wire_store_wait_reader(struct app *app, const atomic_int *stop, struct store **ret,
                                       struct error *err);

/* What the trader of a process of its own runs. lead: called once all that takes time without the
 * store is there; gives the connection that holds the trader's lock, when it has it. relay: where
 * posts come from; borrowed. Errors: as wire_run, and lead's; ERR_CONFIG where prices would come
 * from files. */
struct wire_trader {
    bool (*lead)(void *ctx, struct store **ret, struct error *err);
    void *ctx;
    struct source *relay;
};
MUST_CHECK bool wire_trade(struct app *app, const struct wire_trader *how, struct wired *ret,
                           struct error *err);

/* Everything that `run` runs, with the account's lock held. Findings that are no errors are logged.
 * Nothing is left open when it fails. */
MUST_CHECK bool wire_run(struct app *app, struct wired *ret, struct error *err);
void wire_close(struct wired *w);

#endif
