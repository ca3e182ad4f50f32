/* wire_sources: from the configuration to the sources of posts that a run reads. */
#ifndef BF_APP_WIRE_SOURCES_H
#define BF_APP_WIRE_SOURCES_H

#include "app/app.h"
#include "base/secret.h"
#include "run/run.h"
#include "source/x_account.h"

/* Which of the configured sources a process has. */
typedef enum feed_choice {
    FEEDS_ALL,
    FEEDS_PUSH,   /* those that are brought by HTTP: of the process that has the interface */
    FEEDS_FETCHED /* the others */
} feed_choice;

struct wired_feeds {
    struct run_feed feeds[RUN_FEEDS_MAX]; /* in the order of the configuration */
    int of[RUN_FEEDS_MAX];                /* of each, its place in the configuration */
    int count;
    int64_t post_bytes;              /* size of the replay's file, 0: there is none */
    struct x_account *account;       /* shared by all sources on X; NULL: there is none */
    struct secret token;             /* the account borrows it */
    struct arena memory;             /* of the account, and of what the store remembers */
    struct arena own[RUN_FEEDS_MAX]; /* of each source, whose thread may take from it */
};

/* What needs no store, and where a mistake is cheapest: the replay's file, the URLs, X's token.
 * Errors: ERR_CONFIG, ERR_REFUSED, ERR_IO, each with the key of the configuration. */
MUST_CHECK bool wire_feeds_begin(struct app *app, feed_choice which, struct wired_feeds *ret,
                                 struct error *err);
/* Opens the rest: each source goes on where the store says that it was, and knows what was paid.
 * The store is asked during the call only. *w: from wire_feeds_begin(), at the same place until
 * wire_feeds_close(). Errors: of the store, of the sources (ERR_CONFIG, ERR_DAMAGED). */
MUST_CHECK bool wire_feeds(struct app *app, struct store *store, struct wired_feeds *w,
                           struct error *err);
/* Sources first, then what they share. A zeroed one is fine. */
void wire_feeds_close(struct wired_feeds *w);

/* May all of a source's URLs be connected to? `key`: of the configuration, for the message. Errors:
 * ERR_REFUSED by hosts.h. */
MUST_CHECK bool wire_feed_urls(const struct config *cfg, const struct config_source *s,
                               struct error *err);
/* The account of X as the configuration has it, with what the store (NULL: none) knows of its
 * costs and names. token: borrowed for as long as the account. */
MUST_CHECK bool wire_x_account(struct app *app, struct store *store, str token,
                               struct arena *memory, struct x_account **ret, struct error *err);
/* X's token from x.token_file or x.token_env. */
MUST_CHECK bool wire_x_token(struct app *app, struct secret *ret, struct error *err);

#endif
