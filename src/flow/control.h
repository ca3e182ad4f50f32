/* control: the mode that the account is in, kept in the store and changed only by commands and by
 * the program's own halts. `epoch` grows with each change; an opening intent commits only under the
 * epoch that it was made in. */
#ifndef BF_FLOW_CONTROL_H
#define BF_FLOW_CONTROL_H

#include "base/str.h"
#include "base/time.h"

#define MODE_MAP(X) X(AUTO, "auto") X(MANUAL, "manual") X(OBSERVE, "observe") X(HALTED, "halted")
typedef enum mode {
#define X(name, text) MODE_##name,
    MODE_MAP(X)
#undef X
} mode;
const char *mode_name(mode m);
MUST_CHECK bool mode_from_name(str s, mode *ret);

struct control {
    mode mode;
    mode before; /* mode to return to when a halt, or a mode with an end, is over */
    int64_t epoch;
    char reason[128];
    char actor[64]; /* "cli:root", "program" */
    usec since;
    usec until;      /* a halt or a mode that expires; USEC_NEVER */
    bool by_program; /* set by the program itself: has no expiry */
};

/* clang-format off */
#define COMMAND_MAP(X)                                                                             \
    X(NONE, "none")                                                                                \
    X(HALT, "halt")                                                                                \
    X(RESUME, "resume")                                                                            \
    X(MODE, "mode")                                                                                \
    X(FLATTEN, "flatten")                                                                          \
    X(APPROVE, "approve") X(REJECT, "reject") X(CLOSE, "close") X(RECONCILE, "reconcile")          \
    X(FORGET, "forget") X(FORGET_AUTHOR, "forget_author")                                          \
    X(SETTING, "setting")
/* clang-format on */
typedef enum verb {
#define X(name, text) VERB_##name,
    COMMAND_MAP(X)
#undef X
} verb;
const char *verb_name(verb v);
MUST_CHECK bool verb_from_name(str s, verb *ret);

/* The mode after a halt that begins now: a mode that had an end is lost, and of it and the one that
 * it stood in for the more careful one is left. */
static inline mode control_after_halt(const struct control *c) {
    if (c->mode == MODE_HALTED) return c->before;
    return c->until == USEC_NEVER || c->before < c->mode ? c->mode : c->before;
}

/* How it stands with the venue, told by it. While it is not UP no entry is sent. */
#define VENUE_STATE_MAP(X)                                                                         \
    X(UP, "up")                   /* reachable, streams run */                                     \
    X(DEGRADED, "degraded")       /* reachable; news comes by asking only */                       \
    X(DOWN, "down")               /* not reachable, or we are banned until `until` */              \
    X(RECONNECTED, "reconnected") /* a stream is back: compare everything */                       \
    X(RESET, "reset")             /* its memory was wiped: order ids run backwards */
typedef enum venue_state {
#define X(name, text) VENUE_##name,
    VENUE_STATE_MAP(X)
#undef X
} venue_state;
const char *venue_state_name(venue_state s);

struct venue_news {
    venue_state state;
    usec until; /* DOWN: not before; 0 unknown */
    char text[96];
};

/* A row of the commands table, on its way to the trader. */
struct command {
    int64_t id;
    verb verb;
    char actor[64];
    char reason[128]; /* why it was given; forget_author: the author's key; setting: which key */
    int64_t target;   /* signal id (approve, reject), trade id (close), post id (forget) */
    mode mode;        /* MODE, RESUME */
    usec until;       /* HALT, MODE; USEC_NEVER */
    usec at;          /* when it was given, wall clock */
    bool is_void;     /* SETTING: the settings could not be put into force */
};

#endif
