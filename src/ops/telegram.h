/* telegram: the Bot API: what a chat is told, and what is said there. */
#ifndef BF_OPS_TELEGRAM_H
#define BF_OPS_TELEGRAM_H

#include "ops/channel.h"

/* A bot: its server and its token. One thread at a time. */
struct telegram_bot;
MUST_CHECK bool telegram_bot_open(struct arena *boot, str url, struct secret *token,
                                  struct telegram_bot **ret, struct error *err);
void telegram_bot_close(struct telegram_bot *b); /* NULL is fine */
/* POST method with a JSON body; go_on as in http.h. */
void telegram_call(struct telegram_bot *b, const char *method, str body, usec timeout,
                   bool (*go_on)(void *ctx), void *ctx, struct http_answer *ret);

/* --- what is said to the bot ---------------------------------------------------------------- */
struct telegram_update {
    int64_t id;
    bool is_message; /* a new text message; the rest is known of such only */
    int64_t chat, user;
    bool is_private; /* a chat of one person with the bot */
    usec at;         /* by Telegram's clock */
    str text;        /* in the arena */
};
#define TELEGRAM_UPDATES_MAX 100
/* Of the body of getUpdates, in order. Errors: ERR_PARSE it is none. */
MUST_CHECK bool telegram_updates(struct arena *a, str body, struct telegram_update *ret,
                                 int *ret_count, struct error *err);

/* The bot's own name, of the body of getMe. Errors: ERR_PARSE it is none. */
#define TELEGRAM_NAME_BYTES 64
MUST_CHECK bool telegram_name(str body, char ret[TELEGRAM_NAME_BYTES], struct error *err);
/* The first update's number in a body that telegram_updates does not take; 0: none is to be seen.
 */
int64_t telegram_first_id(str body);

/* An order in a text: "/halt@our_bot the news" -> HALT, "the news". me: the bot's own name; what is
 * said to another bot is NONE. */
#define TELEGRAM_ORDER_MAP(X)                                                                      \
    X(NONE, "")                                                                                    \
    X(UNKNOWN, "")                                                                                 \
    X(HELP, "help")                                                                                \
    X(START, "start")                                                                              \
    X(STATUS, "status")                                                                            \
    X(POSITIONS, "positions")                                                                      \
    X(WAITING, "waiting")                                                                          \
    X(APPROVE, "approve")                                                                          \
    X(REJECT, "reject") X(HALT, "halt") X(RESUME, "resume") X(FLATTEN, "flatten")
typedef enum telegram_order {
#define X(name, text) TELEGRAM_##name,
    TELEGRAM_ORDER_MAP(X)
#undef X
        TELEGRAM_ORDER_COUNT
} telegram_order;
telegram_order telegram_order_of(str text, str me, str *ret_rest);

#endif
