/* connector: one way of getting live posts, as a conversation without I/O.
 *
 * A connector is told what happened (an answer, a line of a stream, a connection that went) and
 * says what it wants next (call this, open that, wait until then). It has no threads, no sockets,
 * no clock and no chance but a seed: live.c puts it on real connections, tests run it in virtual
 * time against the simulator. One thread at a time.
 *
 * At most one call is under way and at most one stream is open, both at once if it likes; the base
 * of a call may be another host than the stream's, and may change from one to the next. After each
 * thing that it was told, and when a WAIT is over, connector_item() is called until it gives
 * nothing; until then what was told (a body, a line) stays where it is, so items may be cut out of
 * it. Then connector_step().
 *
 *     told ──► item, item, ... none ──► step ──► told ...
 */
#ifndef BF_SOURCE_CONNECTOR_H
#define BF_SOURCE_CONNECTOR_H

#include "net/http.h"
#include "source/source.h"

struct connector;

typedef enum connector_act {
    CONNECTOR_WAIT, /* until `until`, or until something happens */
    CONNECTOR_CALL, /* `request` to the host of `base`; `answered` follows, whatever comes of it */
    CONNECTOR_OPEN, /* the stream; `opened` or `gone` follows */
    CONNECTOR_SHUT, /* the stream; `gone` follows */
    CONNECTOR_SEND  /* `text` as one message over the WebSocket that is open; what cannot be sent
                       ends the stream: `gone` follows */
} connector_act;

struct connector_step {
    connector_act act;
    usec until; /* WAIT; USEC_NEVER: only something that happens changes anything */
    str base;   /* CALL, OPEN: "https://api.x.com", "wss://..." without a path */
    struct http_request request; /* CALL, OPEN; of a WebSocket only path and query count */
    str text;                    /* SEND; borrowed as the rest is */
};

struct connector_ops {
    const char *kind; /* "x_search" */
    bool web_socket;  /* its stream is a WebSocket of text messages; else lines of an HTTP answer */
    /* What is in *ret is borrowed until the next call of the connector. Asked again after a WAIT it
     * may say the same; CALL, OPEN and SEND are said once. */
    void (*step)(struct connector *c, usec now, struct connector_step *ret);
    void (*answered)(struct connector *c, usec now, const struct http_answer *a);
    void (*opened)(struct connector *c, usec now);
    void (*line)(struct connector *c, usec now, str line); /* "" : a sign of life */
    /* The stream ended, or was not opened: then a->status and body say why where an answer came. */
    void (*gone)(struct connector *c, usec now, const struct http_answer *a);
    /* The next thing to pass on; false: none. Strings live in `a`, or in what was told last. */
    bool (*item)(struct connector *c, usec now, struct arena *a, struct intake *ret);
    void (*status)(const struct connector *c, usec now, struct source_status *ret);
    void (*close)(struct connector *c); /* may be NULL */
};

struct connector {
    const struct connector_ops *ops;
    struct source *source; /* for source_complain() of bad input; set by live.c, which counts lines,
                              posts and deletions; NULL: nobody listens (connector_complain takes
                              care) */
    str key;               /* "x_search:x", for metrics and logs, borrowed for ever; set by whoever
                              opens it, before live_open; "": its kind */
};                         /* first member of each implementation */

void connector_step(struct connector *c, usec now, struct connector_step *ret);
void connector_answered(struct connector *c, usec now, const struct http_answer *a);
void connector_opened(struct connector *c, usec now);
void connector_line(struct connector *c, usec now, str line);
void connector_gone(struct connector *c, usec now, const struct http_answer *a);
MUST_CHECK bool connector_item(struct connector *c, usec now, struct arena *a, struct intake *ret);
void connector_status(const struct connector *c, usec now, struct source_status *ret);
void connector_close(struct connector *c); /* NULL is fine */
/* Bad input: counted and told as a source does. */
void connector_complain(struct connector *c, str where, str what, str payload);

/* --- on real connections (live.c) ----------------------------------------------------------- */

/* A live source over a connector, which it takes, also where it fails. Threads of its own do the
 * I/O; next() belongs to one thread and never does any. What the stream sends while posts cannot be
 * taken waits in a ring of LIVE_RING_BYTES; behind that the other side waits (TCP), and cuts us off
 * if it likes: nothing grows. A source speaks to at most four hosts by HTTP, and says INTAKE_STATUS
 * at the start and whenever the state, its time or its words changed. Errors: ERR_LIMIT no threads.
 */
#define LIVE_RING_BYTES (4 << 20)
MUST_CHECK bool live_open(struct arena *boot, struct connector *c, struct source **ret,
                          struct error *err);
/* How it stands now; any thread. */
void live_status(struct source *s, struct source_status *ret);

/* --- what connectors share ------------------------------------------------------------------- */

/* When to try again. Exponential or linear, with jitter (half of it is chance), and a breaker:
 * after `breaker` failures in a row the pause is `most`, then one try decides. */
struct patience {
    usec first, most; /* the first pause, the longest */
    bool linear;      /* first, 2 first, 3 first ...; else doubling */
    int breaker;      /* failures in a row at which it opens; 0: never */
    int failures;     /* in a row */
    usec until;       /* nothing is tried before */
};
struct rng;
/* One more failure: until when to wait. */
usec patience_failed(struct patience *p, usec now, struct rng *r);
void patience_ok(struct patience *p);
static inline bool patience_is_open(const struct patience *p) {
    return p->breaker > 0 && p->failures >= p->breaker;
}

/* Time without sight: since when, and how much of it fell into the UTC day of `now`. */
struct blindness {
    usec since; /* 0: it sees */
    int64_t day;
    usec spent; /* of that day, finished spans */
};
void blind_begin(struct blindness *b, usec now);
void blind_end(struct blindness *b, usec now);
usec blind_today(const struct blindness *b, usec now); /* adds to metrics are the caller's */

#endif
