/* metric: counters, gauges and histograms, registered once, read by the /metrics page.
 *
 * What there is stands in one table (base/metrics.h). A series is made at start (or where something
 * is seen for the first time, never in a hot path) and lives as long as the process. Adding is one
 * relaxed atomic operation. */
#ifndef BF_BASE_METRIC_H
#define BF_BASE_METRIC_H

#include "base/base.h"
#include "base/metrics.h"
#include "base/str.h"

struct buf;
struct metric;
typedef enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_INFO
} metric_kind;

#define METRIC_ROLE_MAP(X)                                                                         \
    X(RUN, 0, "run")                                                                               \
    X(INGEST, 1, "ingest")                                                                         \
    X(ANALYZE, 2, "analyze")                                                                       \
    X(TRADE, 3, "trade")                                                                           \
    X(SERVE, 4, "serve")
enum {
#define X(name, bit, text) METRIC_##name = 1 << (bit),
    METRIC_ROLE_MAP(X)
#undef X
};

typedef enum metric_id {
#define X(id, kind, name, unit, scale, labels, most, bounds, roles, help) M_##id,
    METRIC_MAP(X)
#undef X
        METRIC_COUNT
} metric_id;

#define METRIC_BOUNDS_MAX 24
#define METRIC_LABELS_MAX 2
struct metric_family {
    metric_kind kind;
    const char *name, *unit, *help, *labels; /* as in the table; literals */
    int64_t scale;
    int most;
    unsigned roles;
    const int64_t *bounds; /* of a histogram; stored units */
    int bound_count;
};
extern const struct metric_family metric_families[METRIC_COUNT];
const char *metric_kind_name(metric_kind k); /* "counter" */

/* Finds or makes the series of these values, in the order of the family's labels: LABELS("BTCUSDT",
 * "LONG"), NULL where it has none. Copied; any text. Where the family has as many series as there
 * may be, all others are one, whose values are "other". Never NULL. */
#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
struct metric *metric_get(metric_id id, const char *const *values);
struct metric *metric_of(const struct metric_family *f, const char *const *values);

bool metric_has(metric_id id); /* is there any series of it? */

void metric_add(struct metric *m, int64_t v);     /* counter (v >= 0), gauge */
void metric_set(struct metric *m, int64_t v);     /* gauge, INFO */
void metric_raise(struct metric *m, int64_t v);   /* counter: to v, unless it is there already */
void metric_observe(struct metric *m, int64_t v); /* histogram */
void metric_observe_many(struct metric *m, int64_t v, int64_t n); /* the same, n times */
int64_t metric_value(const struct metric *m);                     /* histogram: the count */

/* The page: Prometheus' text format 0.0.4, or OpenMetrics 1.0; families sorted by name, those of
 * the process' role also where nothing was counted yet. */
typedef enum metric_format { METRIC_TEXT, METRIC_OPEN } metric_format;
/* Which one a request's header Accept asks for; p NULL: there is none. Where both are as good:
 * text. */
metric_format metric_format_for(str accept);
const char *metric_format_type(metric_format f); /* Content-Type */
void metric_print(struct buf *b, metric_format f);

/* The process' role: METRIC_RUN or another. Before anything is printed. */
void metric_role_set(unsigned role);
unsigned metric_role(void);  /* 0: none was set */
void metric_reset_all(void); /* tests only */
/* docs/metrics.md. */
void metric_doc(struct buf *out);

#endif
