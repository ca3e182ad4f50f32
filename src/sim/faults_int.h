/* faults_int: what the files of the fault plan share.
 *
 *   faults.c         kinds, and what befalls whom
 *   faults_parse.c   plans as JSON, the header X-Sim-Fault
 *   faults_random.c, faults_random_x.c  plans drawn from a seed */
#ifndef BF_SIM_FAULTS_INT_H
#define BF_SIM_FAULTS_INT_H

#include "sim/faults.h"

#define FAULT_RULES_MAX 256
#define FAULT_ALWAYS INT64_MAX

/* Whom a kind can befall. */
enum {
    FAULT_OF_REQUEST = 1 << 0,
    FAULT_OF_MESSAGE = 1 << 1,
    FAULT_OF_EXCHANGE = 1 << 2 /* at a moment */
};

typedef enum fault_delay {
    FAULT_DELAY_NONE,     /* has no delay_ms */
    FAULT_DELAY_OPTIONAL, /* 0 when not given */
    FAULT_DELAY_REQUIRED
} fault_delay;

typedef enum fault_unit {
    FAULT_UNIT_NONE,  /* has no amount */
    FAULT_UNIT_SHARE, /* 0.5: in 1e-8 */
    FAULT_UNIT_S,     /* whole seconds */
    FAULT_UNIT_US,    /* seconds, in microseconds */
    FAULT_UNIT_FACTOR /* whole number */
} fault_unit;

struct fault_terms {
    uint32_t places; /* FAULT_OF_* */
    fault_delay delay;
    fault_unit unit;
    int64_t lo, hi; /* of the amount, in its unit; required where there is one */
};
const struct fault_terms *fault_terms(fault_kind k);

typedef enum fault_stream { FAULT_STREAM_ANY, FAULT_STREAM_USER, FAULT_STREAM_MARKET } fault_stream;

/* A rule, a chance, an entry of the streams. Counted: from the nth match on, `times` times. Chance:
 * each match, with `percent_e4`. */
struct fault_rule {
    struct fault fault;
    char symbol[SYMBOL_BYTES]; /* until faults_begin */
    str method;                /* "": any */
    str path;                  /* "": any; "/api/v3/order*": what begins so */
    fault_stream stream;
    bool is_chance;
    int64_t percent_e4; /* of 100e4 */
    int64_t nth, times;
    int64_t seen;     /* matches so far */
    usec from, until; /* chances, streams: not before, not from then on */
};

struct fault_moment {
    struct fault fault;
    char symbol[SYMBOL_BYTES];
    usec at; /* after the start; behind faults_begin absolute */
};

struct faults {
    struct rng rng;
    struct fault_rule *rules; /* of requests: counted ones first, in the order of the plan */
    int rule_count;
    struct fault_rule *streams;
    int stream_count;
    struct fault_moment *moments; /* by time */
    int moment_count, moment_next;
    struct fault_answers answers;
    bool absolute;                 /* times are, not from the start on */
    const struct symbols *symbols; /* NULL before faults_begin */
};

/* A plan that is being drawn from a seed. */
struct draw {
    struct faults *f;
    struct rng rng;
    int roughness;
    usec from, until;
};

static inline int64_t between(struct draw *d, int64_t lo, int64_t hi) {
    return rng_between(&d->rng, lo, hi);
}
static inline bool with_percent(struct draw *d, int64_t percent) {
    return between(d, 0, 99) < percent;
}

#endif
