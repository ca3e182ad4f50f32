/* streams_int: what the files of the WebSocket side share.
 *
 *   ws.c         connections: frames that wait, pings, limits, life and death
 *   streams.c    market streams: subscriptions, what is pushed when
 *   ws_api.c     the WebSocket API: requests and answers
 *   user_data.c  what an account is told of its orders */
#ifndef BF_SIM_STREAMS_INT_H
#define BF_SIM_STREAMS_INT_H

#include "sim/market_int.h"

#define SIM_WS_MAX 512       /* connections */
#define SIM_WS_SUBS_MAX 1024 /* streams of a connection */
#define SIM_WS_USERS_MAX 16  /* accounts whose data a connection gets */
#define SIM_WS_QUEUE_MAX (8 << 20)

typedef enum stream_kind {
    STREAM_BOOK_TICKER, /* at once */
    STREAM_AGG_TRADE,
    STREAM_TRADE,
    STREAM_SILENT, /* nothing ever comes: a name that means nothing, block trades */
    STREAM_KLINE,  /* from here on every `period` */
    STREAM_MINI_TICKER,
    STREAM_MINI_TICKERS, /* of all symbols */
    STREAM_TICKER,
    STREAM_WINDOW,  /* ticker_4h */
    STREAM_WINDOWS, /* !ticker_4h@arr */
    STREAM_AVG_PRICE,
    STREAM_REFERENCE_PRICE,
    STREAM_DEPTH_TOP,
    STREAM_DEPTH
} stream_kind;

struct stream_sub {
    char *name; /* as it was asked for; owned */
    stream_kind kind;
    int sym;
    sim_interval interval; /* KLINE */
    usec zone;             /* KLINE */
    usec window;           /* WINDOW, WINDOWS */
    int levels;            /* DEPTH_TOP */
    usec period, next_at;  /* 0, USEC_NEVER: at once */
    int64_t told;          /* newest trade or update that was pushed */
    usec open_at;          /* KLINE: of the candle that was pushed last; 0: none */
    struct sim_book *book; /* DEPTH: as it was at the last push; owned */
};

struct ws_frame { /* waits to be sent */
    struct ws_frame *next;
    usec at; /* not before; ex->now */
    sim_frame kind;
    ptrdiff_t n;
    char text[];
};

struct ws_user {
    int64_t id; /* subscriptionId */
    int account;
};

struct ws_conn {
    bool used;
    bool api; /* the WebSocket API; else market streams */
    uint32_t peer;
    usec opened_at;
    usec next_ping, pong_due; /* USEC_NEVER: none is awaited */
    int64_t ping_number;
    int64_t second; /* messages in this second */
    int32_t in_second;
    usec shut_at;  /* cut then; USEC_NEVER */
    int shut_code; /* 0: as a line that broke */
    usec muted_until;
    struct ws_frame *first, **last, *held; /* held: STREAM_SWAP */
    usec held_until;
    ptrdiff_t queued;
    /* market streams */
    bool combined, micros;
    struct stream_sub *subs;
    int sub_count, sub_cap;
    /* WebSocket API */
    bool rate_limits; /* in each answer */
    struct ws_user users[SIM_WS_USERS_MAX];
    int user_count;
    int64_t next_user_id;
};

struct sim_streams {
    struct ws_conn conns[SIM_WS_MAX];
    int open;
    int cursor;               /* of exchange_ws_ready */
    int calling;              /* the connection whose request runs; -1 */
    usec next_at;             /* nothing happens before by itself */
    struct buf text, wrapped; /* an event, and the same in its stream's envelope */
    struct buf answer;        /* of the WebSocket API's call that runs */
    int64_t execution_id;
    struct sim_call event_call; /* for times in events */
    /* accounts whose balances changed since the last outboundAccountPosition */
    struct {
        int account, sym;
    } touched[64];
    int touched_count;
};

/* -- ws.c ----------------------------------------------------------------------------------- */

/* A frame for the client, not before `at`. */
void ws_put(struct exchange *ex, struct ws_conn *c, usec at, sim_frame kind, str text);
/* An event of a stream: what faults do to messages happens here. */
void ws_push(struct exchange *ex, struct ws_conn *c, str text, bool user_data);
/* Closes with `code` at `at`, once what waits by then is sent. */
void ws_shut_at(struct exchange *ex, struct ws_conn *c, usec at, int code);
void ws_wake(struct exchange *ex, usec at); /* something is due then */

/* -- streams.c ------------------------------------------------------------------------------ */

/* "/ws/a@b", "/ws", "/stream?streams=a/b": false: no such path, or a stream that there is not. */
MUST_CHECK bool streams_connect(struct exchange *ex, struct ws_conn *c, str path, str query);
void streams_message(struct exchange *ex, struct ws_conn *c, str text);
void streams_advance(struct exchange *ex, struct ws_conn *c); /* what is due; sets ws_wake */
void streams_book_changed(struct exchange *ex, int sym);
void streams_close(struct ws_conn *c);

/* -- ws_api.c, user_data.c ------------------------------------------------------------------ */

void ws_api_connect(struct ws_conn *c, str query);
void ws_api_message(struct exchange *ex, struct ws_conn *c, str text);
/* eventStreamTerminated, and no more of it. id -1: all. False: there is no such subscription. */
bool user_data_end(struct exchange *ex, struct ws_conn *c, int64_t id);
/* balanceUpdate: something was put on the account (or taken off), and is there already. */
void user_data_deposit(struct exchange *ex, int account, const char *asset, int64_t e8);

#endif
