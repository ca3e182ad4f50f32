/* event and action: what goes into the trader and what comes out.
 *
 * One event a turn. The actions of a turn are committed to the store as one transaction, and only
 * then done (sent, told). Puts are whole rows: the store writes what the trader holds, so that a
 * restart is a SELECT. */
#ifndef BF_FLOW_EVENT_H
#define BF_FLOW_EVENT_H

#include "flow/control.h"
#include "flow/habit.h"
#include "flow/quote.h"
#include "flow/reading.h"
#include "flow/request.h"
#include "flow/signal.h"
#include "flow/symbol.h"
#include "flow/trade.h"

#define EVENT_MAP(X)                                                                               \
    X(NONE, "none")                                                                                \
    X(READING, "reading")                                                                          \
    X(QUOTE, "quote")                                                                              \
    X(CANDLE, "candle")                                                                            \
    X(REPORT, "report")                                                                            \
    X(REPLY, "reply")                                                                              \
    X(TIMER, "timer")                                                                              \
    X(COMMAND, "command")                                                                          \
    X(START, "start")                                                                              \
    X(DRY, "dry")                                                                                  \
    X(CONTROL, "control")                                                                          \
    X(DELETION, "deletion")                                                                        \
    X(VENUE, "venue")                                                                              \
    X(SYMBOL, "symbol")
typedef enum event_kind {
#define X(name, text) EVENT_##name,
    EVENT_MAP(X)
#undef X
} event_kind;

/* Word that a post was deleted, a row of deletions. Also for a post that has not come yet. */
struct deletion {
    int64_t tweet_id;
    int64_t root_id;           /* of its edit chain, as far as that is known; else tweet_id */
    char author[AUTHOR_BYTES]; /* whose post it is said to be, "x:44196397"; "" unknown */
    char actor[64];            /* "source", or the person that asked for it: "cli:root" */
    usec deleted_at;           /* at the source */
    usec at; /* of the turn that obeyed; what the trader remembers is counted by it */
};

struct event {
    event_kind kind;
    union {
        const struct reading *reading; /* borrowed for the turn */
        struct quote quote;            /* QUOTE */
        struct candle candle;          /* CANDLE: its range is known */
        struct report report;          /* REPORT: unsolicited news of an order */
        const struct reply *reply;     /* REPLY: to a request of ours */
        struct command command;        /* COMMAND */
        struct control control;        /* CONTROL: the row as another process left it */
        int sym;                       /* DRY: no more prices will come for this symbol */
        struct deletion deletion;      /* DELETION: root_id and at are the trader's to fill */
        struct venue_news venue;       /* VENUE */
        struct symbol symbol;          /* SYMBOL: as the venue lists it now */
    } u;
};

/* Author state, a row of authors. */
struct author {
    char key[AUTHOR_BYTES];
    char username[AUTHOR_BYTES];
    int64_t posts;
    int64_t day; /* UTC day of trades_today */
    int64_t trades_today;
    usec last_trade_at; /* 0: never */
    usec last_post_at;
    usec first_seen;
    int64_t heard; /* number of his last post among all that were judged: who was silent longest? */
    bool forgotten; /* he made room in the judge's table: a restart does not bring him back */
    struct habit habit;
};

/* What is left of the row when a person asks to forget the author: what keeps him from being traded
 * too often, and his place in the judge's table. His habits and how long he is known begin anew. */
static inline void author_forget(struct author *a) {
    memset(a->username, 0, sizeof a->username);
    a->posts = 0;
    a->first_seen = 0;
    a->habit = (struct habit){0};
}

/* What came of an author's opinions, a row of author_records. */
struct author_record {
    char key[AUTHOR_BYTES];
    int64_t signals;     /* whose outcome was counted, ever */
    int64_t recent;      /* the last 100 to 200 of them */
    int64_t hits;        /* of the recent ones: the price went the author's way */
    int64_t mean_return; /* of following him, 1e-8; forgets over 50 */
    int64_t dropped;     /* outcomes that nobody knows: a gap in the prices, or no room */
    int32_t weight_bp;   /* the factor that comes of it */
    usec updated_at;
};

/* An opinion whose outcome is still to come, a row of forecasts. */
struct forecast {
    int64_t id; /* of its signal */
    char author[AUTHOR_BYTES];
    char symbol[SYMBOL_BYTES];
    int sym;
    side side;
    bool listed; /* the author has a weight in the configuration */
    price from;  /* where following it would have begun; 0: at the next price */
    usec until;  /* with `from` when it is due, else until when a price must come */
};

/* Totals that no other row gives back, one row of account. */
struct account {
    money start;    /* balance at first start */
    money cash;     /* quote balance as our fills explain it */
    money realized; /* sum of closed trades' profit, after fees */
    money fees;
    int64_t day;    /* UTC day of day_open */
    money day_open; /* equity at the day's opening */
    money peak;
    bool day_tripped;               /* the drawdown rule closed this day */
    int64_t next_id;                /* of signals, trades, orders, fills: one counter */
    int64_t seq;                    /* of ledger lines */
    int64_t posts, signals, trades; /* totals */
    char install[5];                /* 4 characters, part of client order ids */
    usec now;                       /* time of the last turn */
};

/* What a remembered post is worth when another says the same. */
#define MEMORY_VOICE_MAP(X)                                                                        \
    X(COUNTS, "counts")                                                                            \
    X(HELD, "held")       /* for a second source: who says the same is that, and no copy */        \
    X(REFUSED, "refused") /* itself refused, whatever it says: confirms nobody */
typedef enum memory_voice {
#define X(name, text) VOICE_##name,
    MEMORY_VOICE_MAP(X)
#undef X
} memory_voice;
const char *memory_voice_name(memory_voice v);
MUST_CHECK bool memory_voice_from_name(str s, memory_voice *ret);

/* A post as the judge remembers it, a row of post_memory, kept for 24 hours. */
struct post_memory {
    int64_t tweet_id, root_id, cluster_id;
    uint64_t simhash;
    uint64_t keys, numbers; /* as in the reading */
    uint64_t opinions; /* Bloom filter of its coins, each with the side taken; 0: it has none */
    int32_t token_count;
    memory_voice voice;
    char author[AUTHOR_BYTES];
    usec at;
};

struct audit {
    usec at;
    char actor[64];
    char action[32];
    char entity[16];
    int64_t entity_id;
    int64_t trade_id; /* 0: none */
    char detail[200];
};

#define LEDGER_LINE_BYTES 256

/* clang-format off */
#define ACTION_MAP(X)                                                                              \
    X(PUT_POST, "put_post") /* the reading's post, with what was read and its outcome */           \
    X(PUT_MEMORY, "put_memory")                                                                    \
    X(PUT_DELETION, "put_deletion") /* the row, and no text of the post anywhere any more */       \
    X(PUT_AUTHOR, "put_author")                                                                    \
    X(FORGET_AUTHOR, "forget_author") /* as author_forget(); his record, his forecasts */          \
    X(PUT_FORECAST, "put_forecast")                                                                  \
    X(END_FORECAST, "end_forecast") /* and what it says of its author */                             \
    X(PUT_SIGNAL, "put_signal")                                                                    \
    X(PUT_INTENT, "put_intent") /* trade + orders of an entry: unique, under the epoch */          \
    X(PUT_TRADE, "put_trade")                                                                      \
    X(PUT_ORDER, "put_order")                                                                      \
    X(PUT_FILL, "put_fill")                                                                        \
    X(PUT_POSITION, "put_position")                                                                \
    X(PUT_EQUITY, "put_equity")                                                                    \
    X(PUT_ACCOUNT, "put_account") X(PUT_CONTROL, "put_control") X(AUDIT, "audit")                  \
        X(LEDGER, "ledger") X(COMMAND_DONE, "command_done")                                        \
            X(SEND, "send") /* a request to the venue, after the commit */                         \
        X(TELL, "tell")     /* a line for the log and the notifiers, after the commit */
/* clang-format on */
typedef enum action_kind {
#define X(name, text) ACTION_##name,
    ACTION_MAP(X)
#undef X
} action_kind;
const char *action_kind_name(action_kind k);

typedef enum tell_level { TELL_INFO, TELL_UNUSUAL, TELL_BROKEN } tell_level;

struct action {
    action_kind kind;
    union {
        struct {
            const struct reading *reading; /* borrowed until the turn's end */
            int signal_score;              /* largest of its signals */
            reason outcome;                /* NONE when it has signals */
        } post;
        struct post_memory memory;
        struct deletion deletion;
        struct author author;
        struct {
            char key[AUTHOR_BYTES];
        } forget;
        struct forecast forecast;
        struct {
            int64_t id;
            struct author_record record;
            char forgotten[AUTHOR_BYTES]; /* key of the record that made room for it, "" for none */
        } ended;
        struct signal signal;
        struct trade trade; /* PUT_INTENT and PUT_TRADE */
        struct order order;
        struct fill fill;
        struct position position;
        struct equity_sample equity;
        struct account account;
        struct control control;
        struct audit audit;
        struct {
            int64_t seq;
            usec at;
            char line[LEDGER_LINE_BYTES];
        } ledger;
        struct {
            int64_t id;
            bool ok;
            char result[160];
        } done;
        struct request request;
        struct {
            tell_level level;
            char event[32];
            char text[200];
        } tell;
    } u;
};

#define ACTIONS_MAX 1024

/* Filled by trader_step, emptied by the runner. */
struct actions {
    int count;
    bool durable; /* at least one row that must be committed before what follows from it */
    struct action v[ACTIONS_MAX];
};

#endif
