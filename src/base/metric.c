/* metric: a table of series that only grows, and the page made of it.
 *
 * Registering takes a mutex and looks through the table; the number of series is published after a
 * series is complete, so adding and printing need no lock. A value is an integer in stored units
 * and is divided by the scale in decimal when printed: no floating point. A histogram keeps one
 * count per bucket (not cumulative) and sums up when printed, so that one page agrees with itself.
 *
 * A bound reads the same in both formats ("1.0"), as series are known by it. More than
 * METRIC_SERIES_MAX series is a bug of ours and asserts: the table's families together may not have
 * so many. */
#include "base/metric.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/money.h"
#include "base/time.h"

#define METRIC_SERIES_MAX 4096
#define METRIC_SCALE_MAX INT64_C(1000000000000)
#define LABELS_BYTES_MAX 4096 /* of one series, escaped */
#define ELSE "other"

/* --- the table ------------------------------------------------------------------------------ */

#define X(name, ...) static const int64_t bounds_##name[] = {__VA_ARGS__};
METRIC_BOUNDS_MAP(X)
#undef X

enum {
    FETCHES = METRIC_RUN | METRIC_INGEST,
    BRINGS = FETCHES | METRIC_SERVE,
    READS = METRIC_RUN | METRIC_ANALYZE,
    READERS = READS | METRIC_INGEST,
    TRADES = METRIC_RUN | METRIC_TRADE,
    SERVES = METRIC_RUN | METRIC_SERVE,
    QUEUES = METRIC_INGEST | METRIC_ANALYZE | METRIC_TRADE | METRIC_SERVE,
    ALL = QUEUES | METRIC_RUN
};

const struct metric_family metric_families[METRIC_COUNT] = {
#define X(id, k, n, u, s, l, m, b, r, h)                                                           \
    [M_##id] = {.kind = METRIC_##k,                                                                \
                .name = n,                                                                         \
                .unit = u,                                                                         \
                .help = h,                                                                         \
                .labels = l,                                                                       \
                .scale = s,                                                                        \
                .most = m,                                                                         \
                .roles = r,                                                                        \
                .bounds = bounds_##b,                                                              \
                .bound_count = METRIC_##k == METRIC_HISTOGRAM ? COUNT_OF(bounds_##b) : 0},
    METRIC_MAP(X)
#undef X
};

#define X(name, ...) _Static_assert(COUNT_OF(bounds_##name) <= METRIC_BOUNDS_MAX, "bounds");
METRIC_BOUNDS_MAP(X)
#undef X

#define X(id, k, n, u, s, l, most, ...) +(most)
_Static_assert(0 METRIC_MAP(X) + METRIC_COUNT <= METRIC_SERIES_MAX, "room for all series");
#undef X

const char *metric_kind_name(metric_kind kind) {
    switch (kind) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
        return "histogram";
    case METRIC_INFO:
        return "info";
    }
    WRONG("a kind of no name");
}

/* --- series --------------------------------------------------------------------------------- */

struct buckets {
    _Atomic int64_t counts[METRIC_BOUNDS_MAX + 1]; /* the last one: over all bounds */
};

struct metric {
    const struct metric_family *family;
    char *labels;            /* owned: `symbol="BTCUSDT",side="LONG"` */
    uint64_t key;            /* of them */
    _Atomic int64_t value;   /* histogram: the sum */
    struct buckets *buckets; /* owned; histogram only */
};

static struct metric metrics[METRIC_SERIES_MAX];
static atomic_int metrics_count;
static pthread_mutex_t metrics_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint process_role;

/* A label's value, as both formats want it. */
static void put_value(struct buf *b, const char *value) {
    for (const char *c = value; *c; c++) {
        if (*c == '\n')
            buf_put(b, STR("\\n"));
        else if (*c == '\\' || *c == '"')
            buf_printf(b, "\\%c", *c);
        else
            buf_put_byte(b, *c);
    }
}

/* values: NULL-terminated; NULL: each is ELSE. */
static void put_labels(struct buf *b, const struct metric_family *f, const char *const *values) {
    str rest = f->labels[0] != '\0' ? str_from_z(f->labels) : (str){0}, name;
    int n = 0;
    for (; str_cut(&rest, ',', &name); n++) {
        PRE(values == NULL || values[n] != NULL);
        buf_printf(b, "%s" STR_FMT "=\"", n > 0 ? "," : "", STR_ARG(name));
        put_value(b, values ? values[n] : ELSE);
        buf_put_byte(b, '"');
    }
    PRE(values == NULL || values[n] == NULL);
    POST(!buf_full(b));
}

static void check_family(const struct metric_family *f) {
    PRE(f->name && str_starts(str_from_z(f->name), STR("bullfinch_")));
    PRE(f->labels && f->help && f->unit && f->most >= 1);
    PRE(f->scale >= 1 && f->scale <= METRIC_SCALE_MAX);
    PRE(f->bound_count >= 0 && f->bound_count <= METRIC_BOUNDS_MAX);
    ERGO(f->kind != METRIC_HISTOGRAM, f->bound_count == 0);
    for (int i = 1; i < f->bound_count; i++) PRE(f->bounds[i - 1] < f->bounds[i]);
}

/* With the lock held. NULL: there is none. *ret_count: series of the family. */
static struct metric *find(const struct metric_family *f, str labels, int *ret_count) {
    const uint64_t key = str_hash(labels);
    const int count = atomic_load(&metrics_count);
    *ret_count = 0;
    for (int i = 0; i < count; i++) {
        struct metric *m = &metrics[i];
        if (m->family != f) continue;
        if (m->key == key && str_eq(str_from_z(m->labels), labels)) return m;
        ++*ret_count;
    }
    return NULL;
}

/* With the lock held. */
static struct metric *make(const struct metric_family *f, str labels) {
    const int count = atomic_load(&metrics_count);
    PRE(count < METRIC_SERIES_MAX);
    struct metric *m = &metrics[count];
    m->labels = strndup(labels.p, (size_t)labels.n);
    POST(m->labels != NULL);
    m->family = f;
    m->key = str_hash(labels);
    if (f->kind == METRIC_HISTOGRAM) {
        m->buckets = calloc(1, sizeof *m->buckets);
        POST(m->buckets != NULL);
    }
    if (f->kind == METRIC_INFO) atomic_store(&m->value, f->scale);
    atomic_fetch_add(&metrics_count, 1);
    return m;
}

struct metric *metric_of(const struct metric_family *f, const char *const *values) {
    static const char *const none[] = {NULL};
    char block[LABELS_BYTES_MAX];
    struct buf labels;
    int siblings;
    check_family(f);
    buf_init_fixed(&labels, block, sizeof block);
    put_labels(&labels, f, values ? values : none);
    pthread_mutex_lock(&metrics_lock);
    struct metric *m = find(f, buf_str(&labels), &siblings);
    if (m == NULL && siblings >= f->most) {
        buf_clear(&labels);
        put_labels(&labels, f, NULL);
        m = find(f, buf_str(&labels), &siblings);
    }
    if (m == NULL) m = make(f, buf_str(&labels));
    pthread_mutex_unlock(&metrics_lock);
    return m;
}

struct metric *metric_get(metric_id id, const char *const *values) {
    PRE(id >= 0 && id < METRIC_COUNT);
    return metric_of(&metric_families[id], values);
}

bool metric_has(metric_id id) {
    const struct metric_family *const f = &metric_families[id];
    const int count = atomic_load(&metrics_count);
    for (int i = 0; i < count; i++)
        if (metrics[i].family == f) return true;
    return false;
}

void metric_add(struct metric *m, int64_t v) {
    PRE(m->family->kind == METRIC_COUNTER || m->family->kind == METRIC_GAUGE);
    ERGO(m->family->kind == METRIC_COUNTER, v >= 0);
    atomic_fetch_add_explicit(&m->value, v, memory_order_relaxed);
}

void metric_set(struct metric *m, int64_t v) {
    PRE(m->family->kind == METRIC_GAUGE || m->family->kind == METRIC_INFO);
    atomic_store_explicit(&m->value, v, memory_order_relaxed);
}

void metric_raise(struct metric *m, int64_t v) {
    PRE(m->family->kind == METRIC_COUNTER);
    int64_t now = atomic_load_explicit(&m->value, memory_order_relaxed);
    while (now < v && !atomic_compare_exchange_weak_explicit(
                          &m->value, &now, v, memory_order_relaxed, memory_order_relaxed))
        continue;
}

void metric_observe_many(struct metric *m, int64_t v, int64_t n) {
    const struct metric_family *const f = m->family;
    PRE(f->kind == METRIC_HISTOGRAM && n >= 0);
    int i = 0;
    while (i < f->bound_count && v > f->bounds[i]) i++;
    atomic_fetch_add_explicit(&m->buckets->counts[i], n, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->value, v * n, memory_order_relaxed);
}

void metric_observe(struct metric *m, int64_t v) { metric_observe_many(m, v, 1); }

int64_t metric_value(const struct metric *m) {
    if (m->family->kind != METRIC_HISTOGRAM)
        return atomic_load_explicit(&m->value, memory_order_relaxed);
    int64_t sum = 0;
    for (int i = 0; i <= m->family->bound_count; i++)
        sum += atomic_load_explicit(&m->buckets->counts[i], memory_order_relaxed);
    return sum;
}

void metric_role_set(unsigned role) { atomic_store(&process_role, role); }

unsigned metric_role(void) { return atomic_load(&process_role); }

void metric_reset_all(void) {
    const int count = atomic_load(&metrics_count);
    for (int i = 0; i < count; i++) {
        struct metric *m = &metrics[i];
        atomic_store(&m->value, m->family->kind == METRIC_INFO ? m->family->scale : 0);
        for (int k = 0; m->buckets && k <= METRIC_BOUNDS_MAX; k++)
            atomic_store(&m->buckets->counts[k], 0);
    }
}

/* --- which page ----------------------------------------------------------------------------- */

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define OPEN_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

const char *metric_format_type(metric_format f) { return f == METRIC_OPEN ? OPEN_TYPE : TEXT_TYPE; }

/* "0.75" in thousandths; what is no number is 0. */
static int quality_of(str text) {
    if (text.n < 1 || text.n > 5 || (text.p[0] != '0' && text.p[0] != '1')) return 0;
    int q = (text.p[0] - '0') * 1000, place = 100;
    for (ptrdiff_t i = 2; i < text.n; i++, place /= 10) {
        if (text.p[1] != '.' || text.p[i] < '0' || text.p[i] > '9') return 0;
        q += (text.p[i] - '0') * place;
    }
    return q > 1000 ? 0 : q;
}

/* One of what is accepted: how good each format is then, where it is better than what stands. */
static void accept_one(str one, int best[2]) {
    str rest = one, part;
    bool fits_open = true;
    int quality = 1000;
    if (!str_cut(&rest, ';', &part)) return;
    const str type = str_trim(part);
    while (str_cut(&rest, ';', &part)) {
        const str p = str_trim(part);
        if (str_starts(p, STR("q="))) quality = quality_of(str_tail(p, 2));
        if (str_starts(p, STR("version="))) fits_open = str_eq(p, STR("version=1.0.0"));
    }
    const bool any = str_eq(type, STR("*/*"));
    const bool text = any || str_eq_nocase(type, STR("text/plain")) || str_eq(type, STR("text/*"));
    const bool open = str_eq_nocase(type, STR("application/openmetrics-text")) && fits_open;
    if (text) best[METRIC_TEXT] = (int)i64_max(best[METRIC_TEXT], quality);
    if (open) best[METRIC_OPEN] = (int)i64_max(best[METRIC_OPEN], quality);
}

metric_format metric_format_for(str accept) {
    int best[2] = {0, 0};
    str rest = accept, one;
    while (str_cut(&rest, ',', &one)) accept_one(one, best);
    return best[METRIC_OPEN] > best[METRIC_TEXT] ? METRIC_OPEN : METRIC_TEXT;
}

/* --- the page ------------------------------------------------------------------------------- */

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

/* The family's name where a format has it without its ending. */
static str base_name(const struct metric_family *f, metric_format to) {
    const str name = str_from_z(f->name);
    if (to == METRIC_TEXT) return name;
    if (f->kind == METRIC_COUNTER) return str_head(name, name.n - STR("_total").n);
    return f->kind == METRIC_INFO ? str_head(name, name.n - STR("_info").n) : name;
}

static void put_header(struct buf *b, const struct metric_family *f, metric_format to) {
    const str name = base_name(f, to);
    const metric_kind kind = to == METRIC_TEXT && f->kind == METRIC_INFO ? METRIC_GAUGE : f->kind;
    buf_printf(b, "# HELP " STR_FMT " ", STR_ARG(name));
    for (const char *c = f->help; *c; c++) {
        if (*c == '\n')
            buf_put(b, STR("\\n"));
        else if (*c == '\\' || (*c == '"' && to == METRIC_OPEN))
            buf_printf(b, "\\%c", *c);
        else
            buf_put_byte(b, *c);
    }
    buf_printf(b, "\n# TYPE " STR_FMT " %s\n", STR_ARG(name), metric_kind_name(kind));
    if (to == METRIC_OPEN && f->unit[0] != '\0')
        buf_printf(b, "# UNIT " STR_FMT " %s\n", STR_ARG(name), f->unit);
}

/* name + suffix, and the labels with `le` (a bound, or NULL for none) behind them. */
static void put_series(struct buf *b, const struct metric *m, const char *suffix, const char *le) {
    buf_printf(b, "%s%s", m->family->name, suffix);
    bool labels = m->labels[0] != 0;
    if (labels || le) {
        buf_printf(b, "{%s%s", m->labels, labels && le ? "," : "");
        if (le) buf_printf(b, "le=\"%s\"", le);
        buf_put_byte(b, '}');
    }
    buf_put_byte(b, ' ');
}

static void put_bound(struct buf *le, const struct metric_family *f, int i) {
    if (i == f->bound_count) {
        buf_put(le, STR("+Inf"));
        return;
    }
    put_scaled(le, f->bounds[i], f->scale);
    if (str_find(buf_str(le), STR(".")) < 0) buf_put(le, STR(".0"));
}

static void put_histogram(struct buf *b, const struct metric *m) {
    const struct metric_family *const f = m->family;
    int64_t total = 0;
    for (int i = 0; i <= f->bound_count; i++) {
        char block[48];
        struct buf le;
        buf_init_fixed(&le, block, sizeof block);
        put_bound(&le, f, i);
        total += atomic_load_explicit(&m->buckets->counts[i], memory_order_relaxed);
        put_series(b, m, "_bucket", buf_z(&le));
        buf_put_i64(b, total);
        buf_put_byte(b, '\n');
    }
    put_series(b, m, "_sum", NULL);
    put_scaled(b, atomic_load_explicit(&m->value, memory_order_relaxed), f->scale);
    buf_put_byte(b, '\n');
    put_series(b, m, "_count", NULL);
    buf_put_i64(b, total);
    buf_put_byte(b, '\n');
}

static int by_name(const void *a, const void *b) {
    const struct metric *x = *(const struct metric *const *)a;
    const struct metric *y = *(const struct metric *const *)b;
    int order = strcmp(x->family->name, y->family->name);
    return order ? order : strcmp(x->labels, y->labels);
}

static int by_family(const void *a, const void *b) {
    return strcmp((*(const struct metric_family *const *)a)->name,
                  (*(const struct metric_family *const *)b)->name);
}

/* Those of the role, and those that have a series; each once. Returns how many. */
static int families_of(const struct metric **series, int count, const struct metric_family **ret) {
    const unsigned role = atomic_load(&process_role);
    int n = 0, kept = 0;
    for (int i = 0; i < METRIC_COUNT; i++)
        if (metric_families[i].roles & role) ret[n++] = &metric_families[i];
    for (int i = 0; i < count; i++)
        if (i == 0 || series[i - 1]->family != series[i]->family) ret[n++] = series[i]->family;
    qsort(ret, (size_t)n, sizeof *ret, by_family);
    for (int i = 0; i < n; i++)
        if (kept == 0 || ret[kept - 1] != ret[i]) ret[kept++] = ret[i];
    return kept;
}

void metric_print(struct buf *b, metric_format to) {
    const int count = atomic_load(&metrics_count);
    const struct metric **sorted = calloc((size_t)count + 1, sizeof *sorted);
    const struct metric_family **families =
        calloc((size_t)(count + METRIC_COUNT), sizeof *families);
    POST(sorted != NULL && families != NULL);
    for (int i = 0; i < count; i++) sorted[i] = &metrics[i];
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    const int family_count = families_of(sorted, count, families);
    for (int f = 0, i = 0; f < family_count; f++) {
        put_header(b, families[f], to);
        for (; i < count && sorted[i]->family == families[f]; i++) {
            const struct metric *const m = sorted[i];
            if (m->family->kind == METRIC_HISTOGRAM) {
                put_histogram(b, m);
                continue;
            }
            put_series(b, m, "", NULL);
            put_scaled(b, metric_value(m), m->family->scale);
            buf_put_byte(b, '\n');
        }
    }
    if (to == METRIC_OPEN) buf_put(b, STR("# EOF\n"));
    free(families);
    free(sorted);
}
