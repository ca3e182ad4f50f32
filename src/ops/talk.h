/* talk: what people may ask and order in a chat, and the answers.
 *
 * Orders take the way that all do: a row in the store's commands, with the actor "telegram:USER",
 * under a key of the message, so that a message that is read twice is obeyed once. */
#ifndef BF_OPS_TALK_H
#define BF_OPS_TALK_H

#include "ops/telegram.h"
#include "store/store.h"

#define TALK_ANSWER_BYTES 3500 /* Telegram takes 4096 characters */
#define TALK_OLD (5 * USEC_PER_MIN)

/* What a code stands for until it is used. */
struct talk_code {
    char code[8]; /* six digits; "": none */
    int64_t user;
    usec until;       /* monotonic */
    uint8_t will[32]; /* the positions that it was given for */
};

struct talk {
    struct store *store; /* for writing, with a short patience of its own */
    str quote_asset;
    const char *me;                  /* the bot's own name; "": not known */
    bool may_order;                  /* telegram.orders */
    const struct config_list *users; /* whose orders are taken; empty: see telegram.users */
    usec answer_wait;                /* for the trader, where one runs */
    /* Between two looks for the trader's answer; false: stop waiting. */
    bool (*pause)(void *ctx, usec t);
    void *ctx;
    struct talk_code codes[4];
};

/* The answer to a message of the chat that is listened to; nothing is put where none is wanted.
 * Text in `a` is the caller's to give back. now: wall; mono: monotonic. */
void talk_answer(struct talk *t, struct arena *a, const struct telegram_update *u, usec now,
                 usec mono, struct buf *out);

#endif
