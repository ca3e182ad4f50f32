/* metric: a table of series that only grows, and the page made of it.
 *
 * Registering takes a mutex and looks through the table; the number of series is published after a
 * series is complete, so adding and printing need no lock. A value is an integer in stored units
 * and is divided by the scale in decimal when printed: no floating point. A histogram keeps one
 * count per bucket (not cumulative) and sums up when printed, so that one page agrees with itself.
 * More than METRIC_SERIES_MAX series, or a name used for two kinds, is a bug of ours and asserts.
 */
#include "base/metric.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/buf.h"

#define METRIC_SERIES_MAX 4096
#define METRIC_BOUNDS_MAX 24
#define METRIC_SCALE_MAX INT64_C(1000000000000)

struct buckets {
    int64_t bounds[METRIC_BOUNDS_MAX]; /* stored units, ascending */
    int count;
    _Atomic int64_t counts[METRIC_BOUNDS_MAX + 1]; /* the last one: over all bounds */
};

struct metric {
    metric_kind kind;
    const char *name; /* borrowed for ever */
    const char *help; /* borrowed for ever */
    char *labels;     /* owned */
    uint64_t key;     /* of name and labels */
    int64_t scale;
    _Atomic int64_t value;   /* histogram: the sum */
    struct buckets *buckets; /* owned; histogram only */
};

static struct metric metrics[METRIC_SERIES_MAX];
static atomic_int metrics_count;
static pthread_mutex_t metrics_lock = PTHREAD_MUTEX_INITIALIZER;

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* With the lock held. */
static struct metric *find_or_make(metric_kind kind, const char *name, const char *labels) {
    uint64_t key = str_hash(str_from_z(name)) * 31 + str_hash(str_from_z(labels));
    int count = atomic_load(&metrics_count);
    for (int i = 0; i < count; i++) {
        struct metric *m = &metrics[i];
        if (!same(m->name, name)) continue;
        PRE(m->kind == kind); /* one kind a family */
        if (m->key == key && same(m->labels, labels)) return m;
    }
    PRE(count < METRIC_SERIES_MAX);
    struct metric *m = &metrics[count];
    m->kind = kind;
    m->name = name;
    m->key = key;
    m->labels = strdup(labels);
    POST(m->labels != NULL);
    return m;
}

static bool is_new(const struct metric *m) { return m == &metrics[atomic_load(&metrics_count)]; }

static void check_name(const char *name, const char *labels, const char *help, int64_t scale) {
    PRE(name && str_starts(str_from_z(name), STR("bullfinch_")));
    PRE(labels && help);
    PRE(scale >= 1 && scale <= METRIC_SCALE_MAX);
}

struct metric *metric_get(metric_kind kind, const char *name, const char *labels, const char *help,
                          int64_t scale) {
    PRE(kind != METRIC_HISTOGRAM);
    check_name(name, labels, help, scale);
    pthread_mutex_lock(&metrics_lock);
    struct metric *m = find_or_make(kind, name, labels);
    if (is_new(m)) {
        m->help = help;
        m->scale = scale;
        atomic_fetch_add(&metrics_count, 1);
    }
    pthread_mutex_unlock(&metrics_lock);
    return m;
}

struct metric *metric_histogram(const char *name, const char *labels, const char *help,
                                int64_t scale, const int64_t *bounds, int bound_count) {
    PRE(bound_count >= 0 && bound_count <= METRIC_BOUNDS_MAX);
    for (int i = 1; i < bound_count; i++) PRE(bounds[i - 1] < bounds[i]);
    check_name(name, labels, help, scale);
    pthread_mutex_lock(&metrics_lock);
    struct metric *m = find_or_make(METRIC_HISTOGRAM, name, labels);
    if (is_new(m)) {
        m->help = help;
        m->scale = scale;
        m->buckets = calloc(1, sizeof *m->buckets);
        POST(m->buckets != NULL);
        m->buckets->count = bound_count;
        for (int i = 0; i < bound_count; i++) m->buckets->bounds[i] = bounds[i];
        atomic_fetch_add(&metrics_count, 1);
    }
    pthread_mutex_unlock(&metrics_lock);
    return m;
}

void metric_add(struct metric *m, int64_t v) {
    PRE(m->kind != METRIC_HISTOGRAM);
    ERGO(m->kind == METRIC_COUNTER, v >= 0);
    atomic_fetch_add_explicit(&m->value, v, memory_order_relaxed);
}

void metric_set(struct metric *m, int64_t v) {
    PRE(m->kind == METRIC_GAUGE);
    atomic_store_explicit(&m->value, v, memory_order_relaxed);
}

void metric_observe(struct metric *m, int64_t v) {
    PRE(m->kind == METRIC_HISTOGRAM);
    struct buckets *k = m->buckets;
    int i = 0;
    while (i < k->count && v > k->bounds[i]) i++;
    atomic_fetch_add_explicit(&k->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->value, v, memory_order_relaxed);
}

int64_t metric_value(const struct metric *m) {
    if (m->kind != METRIC_HISTOGRAM) return atomic_load_explicit(&m->value, memory_order_relaxed);
    int64_t sum = 0;
    for (int i = 0; i <= m->buckets->count; i++) {
        sum += atomic_load_explicit(&m->buckets->counts[i], memory_order_relaxed);
    }
    return sum;
}

void metric_reset_all(void) {
    int count = atomic_load(&metrics_count);
    for (int i = 0; i < count; i++) {
        struct metric *m = &metrics[i];
        atomic_store(&m->value, 0);
        for (int k = 0; m->buckets && k <= m->buckets->count; k++) {
            atomic_store(&m->buckets->counts[k], 0);
        }
    }
}

/* -- the page ------------------------------------------------------------------------------ */

/* v / scale in decimal, at most 12 places, no trailing zeros. */
static void put_scaled(struct buf *b, int64_t v, int64_t scale) {
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    uint64_t rest = left % (uint64_t)scale;
    buf_printf(b, "%s%" PRIu64, v < 0 ? "-" : "", left / (uint64_t)scale);
    char places[13] = ".";
    int n = 0;
    for (int i = 1; i <= 12 && rest; i++) {
        rest *= 10;
        places[i] = (char)('0' + rest / (uint64_t)scale);
        rest %= (uint64_t)scale;
        if (places[i] != '0') n = i;
    }
    if (n) buf_put(b, str_from_bytes(places, n + 1));
}

/* name + suffix, and the labels with `le` (a bound, or NULL for none) behind them. */
static void put_series(struct buf *b, const struct metric *m, const char *suffix, const char *le) {
    buf_printf(b, "%s%s", m->name, suffix);
    bool labels = m->labels[0] != 0;
    if (labels || le) {
        buf_printf(b, "{%s%s", m->labels, labels && le ? "," : "");
        if (le) buf_printf(b, "le=\"%s\"", le);
        buf_put_byte(b, '}');
    }
    buf_put_byte(b, ' ');
}

static void put_histogram(struct buf *b, const struct metric *m) {
    const struct buckets *k = m->buckets;
    int64_t total = 0;
    for (int i = 0; i <= k->count; i++) {
        char block[48];
        struct buf le;
        buf_init_fixed(&le, block, sizeof block);
        if (i < k->count) {
            put_scaled(&le, k->bounds[i], m->scale);
        } else {
            buf_put(&le, STR("+Inf"));
        }
        total += atomic_load_explicit(&k->counts[i], memory_order_relaxed);
        put_series(b, m, "_bucket", buf_z(&le));
        buf_put_i64(b, total);
        buf_put_byte(b, '\n');
    }
    put_series(b, m, "_sum", NULL);
    put_scaled(b, atomic_load_explicit(&m->value, memory_order_relaxed), m->scale);
    buf_put_byte(b, '\n');
    put_series(b, m, "_count", NULL);
    buf_put_i64(b, total);
    buf_put_byte(b, '\n');
}

static const char *kind_name(metric_kind kind) {
    switch (kind) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
        return "histogram";
    }
    return "untyped";
}

static void put_header(struct buf *b, const struct metric *m) {
    buf_printf(b, "# HELP %s ", m->name);
    for (const char *c = m->help; *c; c++) {
        if (*c == '\\' || *c == '\n') {
            buf_put(b, *c == '\n' ? STR("\\n") : STR("\\\\"));
        } else {
            buf_put_byte(b, *c);
        }
    }
    buf_printf(b, "\n# TYPE %s %s\n", m->name, kind_name(m->kind));
}

static int by_name(const void *a, const void *b) {
    const struct metric *x = *(const struct metric *const *)a;
    const struct metric *y = *(const struct metric *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->labels, y->labels);
}

void metric_print(struct buf *b) {
    int count = atomic_load(&metrics_count);
    const struct metric **sorted = calloc((size_t)count + 1, sizeof *sorted);
    POST(sorted != NULL);
    for (int i = 0; i < count; i++) sorted[i] = &metrics[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    for (int i = 0; i < count; i++) {
        const struct metric *m = sorted[i];
        if (i == 0 || !same(sorted[i - 1]->name, m->name)) put_header(b, m);
        if (m->kind == METRIC_HISTOGRAM) {
            put_histogram(b, m);
        } else {
            put_series(b, m, "", NULL);
            put_scaled(b, metric_value(m), m->scale);
            buf_put_byte(b, '\n');
        }
    }
    free(sorted);
}
