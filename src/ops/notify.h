/* notify: tells people what happens, through the channels that are configured.
 *
 * Any process that works on the store may have a notifier; one of them at a time (store_claim)
 * sends, the others stand by. What is to be told stands in the store (store/notices.h), with what
 * became of it, so a start goes on where the last one ended. */
#ifndef BF_OPS_NOTIFY_H
#define BF_OPS_NOTIFY_H

#include "config/live.h"
#include "ops/channel.h"
#include "ops/telegram.h"

struct notifier_options {
    const struct config *cfg; /* of the start; borrowed for ever */
    struct config_live *live; /* what holds; NULL: cfg for good */
    /* A connection to the store, for writing, with a short patience. */
    bool (*open_store)(void *ctx, store_access access, struct store **ret, struct error *err);
    void *open_ctx;
    struct channel *channels[CHANNEL_COUNT]; /* NULL: not configured. Taken */
    struct telegram_bot *listener;           /* asked for what is said in the chat; NULL: nobody
                                                listens. Taken */
};

struct notifier;
/* Starts its threads. What was given is closed with it, also where this fails. Errors: ERR_LIMIT no
 * more threads; the store's. */
MUST_CHECK bool notifier_start(struct arena *boot, const struct notifier_options *opt,
                               struct notifier **ret, struct error *err);
/* Tells what is still to be told, for as long as `patience` at most, and ends. ends: what to say of
 * the process that ends, where its trader was at work ("bullfinch run"); NULL: nothing. */
void notifier_stop(struct notifier *n, const char *ends, usec patience); /* NULL is fine */

/* --- listener.c ----------------------------------------------------------------------------- */
struct listener;
struct listener_options {
    struct telegram_bot *bot; /* taken */
    struct store *store;      /* taken: for writing */
    const struct config *cfg;
    bool (*is_active)(void *ctx); /* may this process listen now? */
    void *ctx;
};
MUST_CHECK bool listener_start(struct arena *boot, const struct listener_options *opt,
                               struct listener **ret, struct error *err);
void listener_stop(struct listener *l); /* NULL is fine */

#endif
