/* intake: what a source passes on, in the order in which it happened: posts, and beside them what a
 * restart must know (how far it is, what was billed, who an id is) and what people ask about (what
 * was not seen, how the source stands).
 *
 * Each is stored in the transaction of the turn that takes it, with the source's state as it was
 * behind it: a process that is killed finds both or neither. */
#ifndef BF_FLOW_INTAKE_H
#define BF_FLOW_INTAKE_H

#include "base/money.h"
#include "flow/reading.h"

#define FEED_BYTES 65   /* a source's key: "x_search:x", with NUL */
#define HANDLE_BYTES 80 /* a name without @, with NUL; a Bluesky name is a host name */
#define NATIVE_BYTES 64 /* "44196397", "did:plc:...", with NUL */
#define WHY_BYTES 200

/* What is paid for, by X's price list. */
#define RESOURCE_MAP(X)                                                                            \
    X(NONE, "none")                                                                                \
    X(POST, "post")   /* returned by search or timeline, delivered by the filtered stream */       \
    X(EVENT, "event") /* post.create of the Activity API */                                        \
    X(USER, "user")   /* returned by users/by */
typedef enum resource {
#define X(name, text) RESOURCE_##name,
    RESOURCE_MAP(X)
#undef X
        RESOURCE_COUNT
} resource;
const char *resource_name(resource r);
MUST_CHECK bool resource_from_name(str s, resource *ret);

/* What one call, or one message of a stream, was billed. X counts a resource once per UTC day, so
 * the ids of the new ones are kept for the day's rest. */
struct usage {
    resource resource;
    int64_t day;        /* UTC days since 1970 */
    int64_t returned;   /* resources that came */
    int64_t billed;     /* of them new in this day */
    money amount;       /* dollars for those */
    const int64_t *ids; /* the new ones, `billed` of them; in the item's arena */
    int64_t reported;   /* -1; else X's own count of the day's posts so far, and all above is 0 */
};

/* A span in which posts were not seen. */
#define GAP_STATE_MAP(X)                                                                           \
    X(OPEN, "open")     /* still blind */                                                          \
    X(CLOSED, "closed") /* sees again; what was missed is being fetched */                         \
    X(FILLED, "filled") /* fetched: nothing of it is missing */                                    \
    X(LOST, "lost")     /* it cannot be fetched: too old, too dear, or the source keeps nothing */
typedef enum gap_state {
#define X(name, text) GAP_##name,
    GAP_STATE_MAP(X)
#undef X
} gap_state;
const char *gap_state_name(gap_state s);
MUST_CHECK bool gap_state_from_name(str s, gap_state *ret);

struct gap {
    usec from;  /* with the feed, what it is known by */
    usec until; /* OPEN: as far as it is known */
    gap_state state;
    int64_t posts; /* fetched afterwards */
    char why[WHY_BYTES];
};

/* Who a name is, asked once and kept: asking costs. */
struct handle {
    char network[16]; /* "x", "bsky" */
    char name[HANDLE_BYTES];
    char native_id[NATIVE_BYTES]; /* "": there is nobody of this name */
    usec resolved_at;
};

/* How a source stands. Each state but LIVE has a sentence for people in `why`, and mostly a time
 * until which nothing is tried. */
#define SOURCE_STATE_MAP(X)                                                                        \
    X(STARTING, "starting")                                                                        \
    X(LIVE, "live")                                                                                \
    X(RETRYING, "retrying") /* the line, or their server: tried again at `until` */                \
    X(BROKEN, "broken")     /* the same too often in a row: the breaker is open till `until` */    \
    X(LIMITED, "limited")   /* asked too often: goes on at `until` */                              \
    X(CONNECTIONS, "connections") /* too many streams of this account are open */                  \
    X(USAGE_CAP, "usage_cap")     /* X's cap for the period is used up */                          \
    X(CREDITS, "credits")         /* X's prepaid credits are used up */                            \
    X(SPEND_CAP, "spend_cap")     /* the spending limit set at X is reached */                     \
    X(BUDGET, "budget")           /* our own budget says no more for now */                        \
    X(TOKEN, "token")             /* the token is wrong or was revoked: a person must act */       \
    X(FORBIDDEN, "forbidden")     /* not allowed for this app: a person must act */                \
    X(CONFIG, "config")           /* what was asked is not understood: a person must act */        \
    X(ENDED, "ended")
typedef enum source_state {
#define X(name, text) SOURCE_##name,
    SOURCE_STATE_MAP(X)
#undef X
        SOURCE_STATE_COUNT
} source_state;
/* Should a person know, or is it how connections are? */
bool source_state_is_unusual(source_state s);
const char *source_state_name(source_state s);
MUST_CHECK bool source_state_from_name(str s, source_state *ret);

struct source_status {
    source_state state;
    usec since;              /* it stands so */
    usec until;              /* nothing is tried before; 0: no such time */
    char why[WHY_BYTES];     /* "" where LIVE */
    int64_t posts;           /* given by this process, with repetitions */
    int64_t missed;          /* of them fetched after a gap */
    int64_t calls, failures; /* requests and connections; those that failed */
    usec last_sign_at;       /* last byte from the other side; 0 never */
    usec last_post_at;       /* receipt of the last post; 0 never */
    usec blind;              /* microseconds of the current UTC day that were not seen */
    bool narrow;             /* asks for less than configured, to stay within the budget */
};

typedef enum intake_kind {
    INTAKE_NONE, /* only the state moved */
    INTAKE_POST, /* or word of a deletion */
    INTAKE_USAGE,
    INTAKE_GAP,
    INTAKE_HANDLE,
    INTAKE_STATUS,
    INTAKE_END /* nothing comes any more */
} intake_kind;

struct intake {
    intake_kind kind;
    /* The source's state once this is stored: printable text, at most INTAKE_STATE_BYTES; p NULL:
     * as before. It alone says how to go on after a restart. */
    str state;
    struct post post;
    const struct reading *reading; /* of a post that somebody has read already; else NULL. Its own
                                      `post` does not count: this one does. */
    union {
        struct usage usage;
        struct gap gap;
        struct handle handle;
        struct source_status status;
    } u;
};
#define INTAKE_STATE_BYTES 65536

#endif
