/* metric: counters, gauges and histograms, registered once, read by the /metrics page.
 *
 * A metric is made at start (never in a hot path) and lives as long as the process. Adding is one
 * relaxed atomic operation. Names are Prometheus names with the prefix bullfinch_; labels are fixed
 * at registration ("symbol=\"BTCUSDT\",side=\"LONG\"" without braces, or ""). The same name with
 * other labels is the same family. */
#ifndef BF_BASE_METRIC_H
#define BF_BASE_METRIC_H

#include "base/base.h"
#include "base/str.h"

struct buf;
struct metric;
typedef enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } metric_kind;

/* Finds or makes. name, help: string literals (borrowed for ever). labels: copied. scale: the
 * stored integer is divided by it when printed (1e6 for microseconds shown as seconds). Never NULL;
 * asserts beyond 4096 series. */
struct metric *metric_get(metric_kind kind, const char *name, const char *labels, const char *help,
                          int64_t scale);
/* Histogram with its upper bounds in stored units, ascending, at most 24; +Inf is implied. */
struct metric *metric_histogram(const char *name, const char *labels, const char *help,
                                int64_t scale, const int64_t *bounds, int bound_count);
void metric_add(struct metric *m, int64_t v);     /* counter (v >= 0), gauge */
void metric_set(struct metric *m, int64_t v);     /* gauge */
void metric_observe(struct metric *m, int64_t v); /* histogram */
int64_t metric_value(const struct metric *m);     /* histogram: the count */

/* Prometheus text format 0.0.4, families sorted by name. */
void metric_print(struct buf *b);
void metric_reset_all(void); /* tests only */

#endif
