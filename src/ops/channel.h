/* channel: one way to people: a Telegram chat, a Discord or Slack channel, a webhook, mail.
 *
 * A table of functions; the wrappers below call through. Blocking I/O: each channel is used by one
 * thread at a time, which is nobody else's. Nothing is tried again here: what came of a message is
 * said, and who sends (notify.c) decides. */
#ifndef BF_OPS_CHANNEL_H
#define BF_OPS_CHANNEL_H

#include "base/secret.h"
#include "config/notify.h"
#include "net/http.h"
#include "ops/message.h"

/* What became of a message. */
typedef enum sent_end {
    SENT_DONE,    /* it arrived */
    SENT_LATER,   /* not now, or nobody knows: the same again, after `wait` */
    SENT_REFUSED, /* the channel takes nothing from us until somebody mends it */
    SENT_BAD      /* this message it never takes */
} sent_end;
struct sent {
    sent_end end;
    bool maybe;                 /* where not DONE: it may have arrived all the same */
    usec wait;                  /* LATER: asked for by the other side; 0: not said */
    char why[NOTICE_WHY_BYTES]; /* where not DONE; no secret is in it */
};

struct channel;
struct channel_ops {
    notify_channel which;
    /* id: of the message, the same for the same one again; letters, digits, - and . */
    void (*send)(struct channel *c, const struct message *m, str id, struct sent *ret);
    void (*close)(struct channel *c);
};
/* First member of each. */
struct channel {
    const struct channel_ops *ops;
    const char *unusable;     /* why it refuses whatever is sent; NULL: it does not */
    bool (*go_on)(void *ctx); /* asked about once a second; false ends a call that waits */
    void *go_on_ctx;
};

void channel_send(struct channel *c, const struct message *m, str id, struct sent *ret);
void channel_close(struct channel *c); /* NULL is fine; wipes its secrets */

/* Stands in for one that cannot be opened: it refuses everything, and says why. */
void channel_unusable(struct arena *boot, notify_channel which, const char *why,
                      struct channel **ret);

#define CHANNEL_TIMEOUT (20 * USEC_PER_S)

/* Each in `boot`. Secrets are taken: they are wiped with the channel, also where opening fails.
 * What is borrowed is for ever. Errors: ERR_REFUSED, ERR_CONFIG: the URL, never repeating what is
 * secret; those of http_curl_open. */
MUST_CHECK bool telegram_open(struct arena *boot, str url, struct secret *token, str chat,
                              struct channel **ret, struct error *err);
/* The full URL is the secret. which: DISCORD, SLACK or WEBHOOK; sign: of WEBHOOK, else NULL. */
MUST_CHECK bool hook_open(struct arena *boot, notify_channel which, struct secret *url,
                          struct secret *sign, struct channel **ret, struct error *err);
struct mail_options {
    str url, user, from;
    const struct config_list *to;
};
MUST_CHECK bool mail_open(struct arena *boot, const struct mail_options *opt,
                          struct secret *password, struct channel **ret, struct error *err);

/* --- what answers mean; pure, for tests and the listener ------------------------------------ */
void telegram_meaning(const struct http_answer *a, struct sent *ret);
void hook_meaning(notify_channel which, const struct http_answer *a, struct sent *ret);

#endif
