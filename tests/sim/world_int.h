/* world_int: what the files of a world share. */
#ifndef BF_TESTS_SIM_WORLD_INT_H
#define BF_TESTS_SIM_WORLD_INT_H

#include "world.h"

#include "flow/trader.h"
#include "venue/venue.h"

#define KEY_BYTES 28                    /* what all client ids of a trade begin with, and NUL */
#define ANSWERS_WITHIN (1 * USEC_PER_S) /* a venue that takes longer is not answering */
#define BARE_ANSWERING (5 * USEC_PER_S)
#define RECV_WINDOW (1 * USEC_PER_S)
#define BARE_SILENT (RECV_WINDOW + 12 * USEC_PER_S)

typedef enum item_kind {
    ITEM_POST,
    ITEM_PRICES,   /* sampled for the trader; arg: symbol */
    ITEM_LANE,     /* a lane looks for work; arg: lane */
    ITEM_ARRIVE,   /* a request reaches the exchange; arg: lane */
    ITEM_ANSWER,   /* its end reaches the client; arg: lane */
    ITEM_CONNECT,  /* the user data stream is opened */
    ITEM_TO_VENUE, /* the subscription reaches it */
    ITEM_MESSAGE,  /* a message of the stream reaches us */
    ITEM_GONE,     /* the stream ended */
    ITEM_FLUSH,    /* rows that nothing follows from are committed */
    ITEM_PEOPLE,   /* a person does something */
    ITEM_OBEY,     /* the trader looks for commands */
    ITEM_JUMP,     /* a price jumps */
    ITEM_FULL,     /* a request found no room in its lane; owned: the request */
    ITEM_KILL,
    ITEM_START
} item_kind;

struct item {
    usec at;
    int64_t seq;
    item_kind kind;
    int arg;
    int life;     /* of the process; -1: the world's */
    int64_t call; /* ANSWER: which one of the lane's */
    char *text;   /* owned: MESSAGE, ARRIVE, FULL */
};

#define LANE_MAX 32 /* of what changes something, and of what only asks */
#define LANE_RING 64
typedef enum lane_id { LANE_PROTECT, LANE_ENTER, LANE_CLOCK, LANE_TERMS, LANE_COUNT } lane_id;
struct lane {
    struct request ring[LANE_RING];
    usec ready[LANE_RING]; /* when its rows are committed */
    int head, count;
    bool busy;
    bool waiting; /* an ITEM_LANE is on its way */
    struct binance_task *task;
    struct request current;
    struct http_request http;
    struct http_answer answer;
    struct buf body;
    int64_t call;  /* counts; of the one under way */
    bool answered; /* `answer` holds its end */
    usec sent_at;
};

/* What the exchange's records say of one trade of ours. */
struct truth_trade {
    char key[KEY_BYTES];
    int sym;
    int entries;       /* entry orders that were executed, even in part */
    int64_t bought_e8; /* base, after fees in base */
    int64_t sold_e8;
    int64_t dust_e8;  /* of what is not covered: as much as could not be sold when it came */
    int64_t cover_e8; /* base that live stops, targets and other sells stand for */
    usec bare_since;  /* USEC_NEVER: it is not */
    bool written_off; /* its trade ended while the rest could not be sold */
};
#define TRUTH_TRADES 512

/* Spans in which the venue did not answer us; told by the lines. */
struct silence {
    usec from, until;
};

struct world {
    uint64_t seed;
    mistake mistake;
    bool trace;
    struct world_result *result;
    bool failed;
    struct rng rng; /* of the world */
    struct rng net; /* of the lines */
    struct arena mem, boot;
    struct config *cfg;
    struct symbols *symbols; /* as the bot has them */
    struct symbols *terms;   /* as the conversation has them */
    struct symbol *listed;   /* as the exchange began */
    struct exchange *ex;
    struct faults *faults;
    struct venue_traits traits;
    int sym_count;
    usec start, faults_until, posts_until, end, now;
    int roughness;

    struct item *heap;
    int heap_count, heap_cap;
    int64_t seq;

    /* the process */
    bool alive;
    int life;
    struct trader *trader;
    struct binance *binance;
    struct actions *acts;
    struct rows rows;
    struct action *uncommitted; /* of turns that nothing follows from */
    int uncommitted_count, uncommitted_cap;
    bool flush_due;
    usec committed_at; /* no send leaves before */
    struct lane lanes[LANE_COUNT];
    struct command commands[16];
    int command_count;
    int64_t command_id;

    /* the user data stream */
    int conn; /* -1: none */
    bool subscribed, was_subscribed;
    usec message_at; /* messages keep their order */
    usec heard_at, connected_at;
    int stream; /* counts connections: what an older one still brings is nothing */
    struct buf frame, scratch;
    usec terms_at; /* exchangeInfo is to be read again */
    usec clock_asked;
    usec down_until; /* 0: not banned */

    /* kills */
    int64_t kill_commit, kill_arrive, kill_answer; /* the n-th of them; 0: never */
    int kills_left;

    /* truth */
    struct truth_trade *truth;
    int truth_count;
    int64_t trades_seen, orders_seen;
    struct silence silences[64]; /* ring */
    int silence_count;
    usec refused_at; /* the venue answered, and would not */
    int64_t resets;
    int open_at_wipe; /* trades */
    bool wipe_told;   /* it has halted itself since */
    int64_t post_id;
};

#define broken(w, ...) world_broken((w), __VA_ARGS__)
void world_broken(struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
void world_note(struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* text: taken. */
void world_put(struct world *w, usec at, item_kind kind, int arg, int life, char *text);
bool one_in(struct rng *r, int64_t n);

/* world.c */
void world_turn(struct world *w, const struct event *ev);
void world_kill(struct world *w);

/* wires.c */
/* What exchangeInfo says, into w->symbols and w->terms, before a process starts; false: it cannot
 * start now. */
bool wires_terms(struct world *w);
void wires_open(struct world *w);  /* of a process that starts */
void wires_close(struct world *w); /* of one that is killed */
void wires_send(struct world *w, const struct request *rq);
void wires_item(struct world *w, const struct item *it);
void wires_drain(struct world *w);  /* frames that the exchange has for us */
void wires_timers(struct world *w); /* what the venue's own threads would do by now */
usec wires_next(const struct world *w);

/* truth.c */
void truth_look(struct world *w); /* after anything that may have changed the exchange */
void truth_silent(struct world *w, usec from, usec until);
void truth_end(struct world *w);
void truth_reset(struct world *w);
bool truth_key(const char *coid, char ret[KEY_BYTES]);

#endif
