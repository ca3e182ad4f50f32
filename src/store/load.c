/* What a trader starts from, read back from the rows that earlier turns put.
 *
 * Open trades; their orders, and those of ended trades whose end the venue has not told; signals
 * that wait; what the judge remembers, with every author that has not made room for another, and
 * deletions; trades that ended within a day (their intents must not be made again) or the symbol's
 * rest, or that still have an order under way.
 *
 * Orders and authors are looked through from end to end: at 30 ms per 100,000 rows, once at each
 * start, that is cheaper than an index that every turn would have to keep.
 *
 * Out: arrays in the caller's arena, in an order that does not depend on chance (ids; for the
 * judge's memory the order in which posts were taken). Invariant: all of it is read in one
 * transaction, so that it is one moment's state. Failure: a row that cannot be understood fails the
 * whole; a trader never starts from half of what it held. */
#include "store/store_int.h"

#include "store/columns.h"

/* Reads the rows of an open query into an array of *ret_count elements of `size` bytes. counted:
 * how many there are. get: one of row_get_*, behind a plain pointer. */
typedef bool (*row_getter)(struct query *q, void *ret, struct error *err);

static bool get_trade(struct query *q, void *ret, struct error *err) {
    return row_get_trade(q, ret, err);
}
static bool get_order(struct query *q, void *ret, struct error *err) {
    return row_get_order(q, ret, err);
}
static bool get_signal(struct query *q, void *ret, struct error *err) {
    return row_get_signal(q, ret, err);
}
static bool get_author(struct query *q, void *ret, struct error *err) {
    return row_get_author(q, ret, err);
}
static bool get_memory(struct query *q, void *ret, struct error *err) {
    return row_get_memory(q, ret, err);
}
static bool get_deletion(struct query *q, void *ret, struct error *err) {
    (void)err;
    row_get_deletion(q, ret);
    return true;
}

static bool get_record(struct query *q, void *ret, struct error *err) {
    return row_get_record(q, ret, err);
}
static bool get_forecast(struct query *q, void *ret, struct error *err) {
    return row_get_forecast(q, ret, err);
}

/* One list: how many rows there are, the rows, and what an element is. */
struct list {
    struct sql count, rows; /* both with the same parameter, a time, or none */
    ptrdiff_t size;
    row_getter get;
};

/* Orders whose end the venue has not told. */
#define LIVE "status IN ('new', 'sent', 'unknown', 'pending', 'open', 'part')"

#define LIST(COLUMNS, table, where, order, type, getter)                                           \
    {                                                                                              \
        .count = {"SELECT count(*) FROM " table " WHERE " where},                                  \
        .rows = {"SELECT " SQL_COLUMNS(COLUMNS) " FROM " table " WHERE " where                     \
                                                " ORDER BY " order},                               \
        .size = sizeof(type), .get = getter,                                                       \
    }

static bool open_since(struct store *s, const struct sql *sql, usec since, struct query *q,
                       struct error *err) {
    if (!query_open(s, sql, q, err)) return false;
    if (q->st->param_count == 1) bind_time(q, since);
    return true;
}

static bool load_list(struct store *s, struct arena *a, const struct list *list, usec since,
                      const void **ret, int *ret_count, struct error *err) {
    struct query q;
    int64_t count = 0;
    bool row;
    if (!open_since(s, &list->count, since, &q, err)) return false;
    if (!query_i64(&q, &count, &row, err)) return false;
    if (count > INT32_MAX / list->size) return fail(err, ERR_RANGE, 0, "too many rows to load");
    char *rows = arena_try_alloc(a, list->size, _Alignof(max_align_t), count);
    if (!rows) {
        return fail(err, ERR_RANGE, 0, "no room for %lld rows of what the store holds",
                    (long long)count);
    }
    int n = 0;
    if (!open_since(s, &list->rows, since, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        POST(n < count);
        if (!list->get(&q, rows + n++ * list->size, err)) {
            query_close(&q);
            return false;
        }
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

static bool load_account(struct store *s, struct account *ret, bool *ret_found, struct error *err) {
    static const struct sql sql = {"SELECT " SQL_COLUMNS(ACCOUNT) " FROM account"};
    struct query q;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, ret_found, err)) return false;
    if (!*ret_found) return true;
    const bool ok = row_get_account(&q, ret, err);
    query_close(&q);
    return ok;
}

/* The lists, once account.now says where "the last day" ends. */
static bool load_lists(struct store *s, struct arena *a, usec cooldown, struct trader_rows *v,
                       struct error *err) {
    static const struct list trades =
        LIST(TRADE, "trades", "status = 'OPEN'", "id", struct trade, get_trade);
    static const struct list orders =
        LIST(ORDER, "orders",
             "trade_id IN (SELECT id FROM trades WHERE status = 'OPEN') "
             "OR " LIVE,
             "id", struct order, get_order);
    static const struct list signals =
        LIST(SIGNAL, "signals", "verdict = 'waiting'", "id", struct signal, get_signal);
    static const struct list authors =
        LIST(AUTHOR, "authors", "NOT forgotten", "heard, last_post_at NULLS FIRST, key",
             struct author, get_author);
    static const struct list records =
        LIST(RECORD, "author_records", "1 = 1", "key", struct author_record, get_record);
    static const struct list forecasts =
        LIST(FORECAST, "forecasts", "1 = 1", "id", struct forecast, get_forecast);
    static const struct list memory =
        LIST(MEMORY, "post_memory", "at >= $1", "seq", struct post_memory, get_memory);
    static const struct list deletions =
        LIST(DELETION, "deletions", "at >= $1", "at, tweet_id", struct deletion, get_deletion);
    static const struct list ended =
        LIST(TRADE, "trades",
             "(closed_at >= $1 OR id IN (SELECT trade_id FROM orders WHERE " LIVE ")) AND "
             "status <> 'OPEN'",
             "closed_at NULLS FIRST, id", struct trade, get_trade);
    const usec now = i64_max(v->account.now, 0); /* whatever the row says */
    return load_list(s, a, &trades, 0, (const void **)&v->trades, &v->trade_count, err) &&
           load_list(s, a, &orders, 0, (const void **)&v->orders, &v->order_count, err) &&
           load_list(s, a, &signals, 0, (const void **)&v->signals, &v->signal_count, err) &&
           load_list(s, a, &authors, 0, (const void **)&v->authors, &v->author_count, err) &&
           load_list(s, a, &records, 0, (const void **)&v->records, &v->record_count, err) &&
           load_list(s, a, &forecasts, 0, (const void **)&v->forecasts, &v->forecast_count, err) &&
           load_list(s, a, &memory, now - USEC_PER_DAY, (const void **)&v->memory, &v->memory_count,
                     err) &&
           load_list(s, a, &deletions, now - USEC_PER_DAY, (const void **)&v->deletions,
                     &v->deletion_count, err) &&
           load_list(s, a, &ended, now - i64_max(cooldown, USEC_PER_DAY), (const void **)&v->closed,
                     &v->closed_count, err);
}

static bool load_all(struct store *s, struct arena *a, usec cooldown, struct trader_rows *v,
                     struct error *err) {
    bool has_account = false, has_control = false;
    if (!load_account(s, &v->account, &has_account, err)) return false;
    if (!store_control(s, &v->control, &has_control, err)) return false;
    v->fresh = !has_account;
    return load_lists(s, a, cooldown, v, err);
}

bool store_load_trader(struct store *s, struct arena *a, usec symbol_cooldown,
                       struct trader_rows *ret, struct error *err) {
    struct trader_rows v = {0};
    if (!store_begin(s, false, err)) return false;
    const bool ok = load_all(s, a, symbol_cooldown, &v, err);
    store_rollback(s); /* nothing was written */
    if (!ok) return fail_in(err, "load the trader's rows from %s", s->path);
    *ret = v;
    return true;
}
