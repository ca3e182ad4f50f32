/* x_wire: what the two streams of X have in common: the line itself (when it is opened, when it is
 * given up, how long to wait after which failure), what came over it, what it missed and what that
 * was billed. x_stream and x_activity add what must stand at X before a line gives anything (rules,
 * subscriptions) and how one of its lines is read. */
#ifndef BF_SOURCE_X_WIRE_H
#define BF_SOURCE_X_WIRE_H

#include "base/rng.h"
#include "source/x_recent.h"
#include "source/x_sources.h"

/* --- JSON ------------------------------------------------------------------------------------ */

/* A member to look for, and its value as it stands in the text; p NULL: it is not there. */
struct x_member {
    const char *name;
    str value;
};
/* Looks for members of one object and checks that all of the text is JSON. Of a name that stands
 * twice the last counts. *ret_first: name of the first member, "" none; in `a` or the text. */
MUST_CHECK bool x_members(struct arena *a, str object, struct x_member *m, int count,
                          str *ret_first, struct error *err);
/* "123" or 123 -> 123; 0: neither. */
int64_t x_raw_id(str value);
/* "word" -> word, where nothing in it is escaped; else "". */
str x_raw_word(str value);

/* What the posts of a gap need of the line that missed them; x_sources.h has the rest. */
void x_gap_recent(struct x_gap *g, struct x_recent *recent);
void x_gap_lag(struct x_gap *g, usec lag); /* else X_LAG */
/* Queries from `first` on are not asked for while the budget is narrow. */
void x_gap_optional(struct x_gap *g, int first);
/* The line is gone since `from`; and it is back. */
void x_gap_lose(struct x_gap *g, usec now, usec from, const char *why);
void x_gap_found(struct x_gap *g, usec now);
/* Reads what x_gap_put_state wrote. Errors: ERR_DAMAGED. */
struct json_t;
MUST_CHECK bool x_gap_load(struct x_gap *g, const struct json_t *from, struct error *err);
/* A span is open: the line is not there. */
bool x_gap_is_open(const struct x_gap *g);

/* --- the line -------------------------------------------------------------------------------- */

struct x_wire;
struct x_wire_ops {
    const char *kind; /* "x_stream" */
    const char *path; /* of the stream */
    bool fields;      /* it takes tweet.fields */
    x_endpoint endpoint;
    resource resource; /* what one post that it brings is billed as */
    /* What must stand at X. True: *ret is a CALL to make now, else *ret_wait when to ask again. */
    bool (*call)(struct x_wire *l, usec now, struct connector_step *ret, usec *ret_wait);
    void (*answered)(struct x_wire *l, usec now, const struct http_answer *a);
    bool (*ready)(const struct x_wire *l);      /* enough stands there that a line is of use */
    void (*absent)(struct x_wire *l, usec now); /* X says that nothing stands there (409) */
    void (*level)(struct x_wire *l, usec now, cost_level level); /* it changed */
    /* The id that X bills for this line, 0: none. */
    int64_t (*billed)(struct arena scratch, str line);
    /* One line that is JSON and neither empty nor of errors. True: *ret is a post to pass on. */
    bool (*take)(struct x_wire *l, usec now, struct arena *a, str line, struct post *ret);
    str (*remark)(const struct x_wire *l); /* for the status, where the line is well; "" none */
};

typedef enum x_wire_phase {
    X_WIRE_IDLE,
    X_WIRE_OPENING,
    X_WIRE_OPEN,
    X_WIRE_SHUTTING
} x_wire_phase;
typedef enum x_wire_caller {
    X_CALLS_NOBODY,
    X_CALLS_CHORE,
    X_CALLS_OWN,
    X_CALLS_GAP
} x_wire_caller;

#define X_WIRE_KINDS_MAX 16

struct x_wire {
    struct connector base;
    const struct x_wire_ops *ops;
    struct x_account *x; /* borrowed */
    struct x_gap *gap;
    str name; /* posts' source */
    struct rng rng;
    struct x_recent recent;

    x_wire_phase phase;
    x_wire_caller caller; /* whose call is under way */
    struct patience tcp, http, slow;
    usec start;
    usec retry_at; /* not opened before */
    usec opened_at;
    usec sign; /* last byte, or opening */
    bool out;  /* shut for the budget */
    usec out_until, budget_at;
    cost_level level;
    struct {
        source_state state;
        char why[WHY_BYTES]; /* "": nothing was said */
    } cause;                 /* why the line will go, as X said on it, or as we shut it */

    str line; /* told and not yet looked at; p NULL: none */
    usec line_at;
    bool line_settled; /* what X bills for it was passed on */
    int64_t newest_id; /* passed on */
    usec newest_at;
    int64_t kept_id; /* the same as the state says it */
    usec kept_at, kept_sign;
    usec kept_seen; /* up to here all was seen: the sign of life, less the lag */
    usec lag;      /* from a post's publishing to its line: the longest of late, slowly forgotten */
    usec rule_lag; /* until a new rule or subscription is in force at X */
    usec partial_since; /* rules or subscriptions of ours are missing since then; 0: none is */

    struct source_status status;
    struct blindness blind;
    uint64_t kinds[X_WIRE_KINDS_MAX]; /* of unknown objects that were complained of */
    int kind_count;
    char query[512];
    char state_block[32768];
};

struct x_wire_setup {
    const struct x_wire_ops *ops;
    const struct connector_ops *table;
    const struct x_source_options *opt;
    const str *queries; /* of the gap's searches */
    int query_count;
};
/* Errors: ERR_DAMAGED the state. */
MUST_CHECK bool x_wire_init(struct arena *boot, struct x_wire *l, const struct x_wire_setup *s,
                            struct error *err);

/* For tables of connectors. */
void x_wire_step(struct connector *c, usec now, struct connector_step *ret);
void x_wire_answered(struct connector *c, usec now, const struct http_answer *a);
void x_wire_opened(struct connector *c, usec now);
void x_wire_line(struct connector *c, usec now, str line);
void x_wire_gone(struct connector *c, usec now, const struct http_answer *a);
bool x_wire_item(struct connector *c, usec now, struct arena *a, struct intake *ret);
void x_wire_status(const struct connector *c, usec now, struct source_status *ret);

/* For what is built on it. */
void x_wire_complain(struct x_wire *l, const char *what, str payload);
/* Says once what kind of object is not known. */
void x_wire_unknown(struct x_wire *l, str kind, str line);
/* The post of a JSON object that came over the line; false: it is none (told), or came before. */
bool x_wire_post(struct x_wire *l, usec now, struct arena *a, str object, struct post *ret);
/* What must stand at X did not, since then (0: since the start), and does from `until` on. */
void x_wire_was_missing(struct x_wire *l, usec since, usec until, const char *why);
/* How the source stands, where there is no line that says so. */
void x_wire_stand(struct x_wire *l, usec now, source_state state, usec until, const char *why);
/* May a call of its own be made now? Else *ret_wait; a long wait is how the source stands. */
MUST_CHECK bool x_wire_may_call(struct x_wire *l, usec now, x_endpoint e, usec *ret_wait);
/* An answer to it was fine and could not be read: told; *ret is what it counts as. */
void x_wire_unreadable(struct x_wire *l, const char *what, str body, struct x_verdict *ret);
/* Does everything of ours stand at X? Where not, what is stored as seen does not go beyond good_at,
 * when it last did: a restart fetches from there. */
void x_wire_whole(struct x_wire *l, bool whole, usec good_at);
/* After a call of its own that failed: when to try again; counts it. */
usec x_wire_call_failed(struct x_wire *l, usec now, const struct x_verdict *v, struct patience *p);
/* Sets up a call of its own. */
void x_wire_call(struct x_wire *l, http_method m, str path, str query, str body,
                 struct connector_step *ret);

#endif
