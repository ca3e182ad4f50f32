/* Sums over everything: the ledger's hash and the totals that a run prints at its end. Rows that
 * retention removed count as they did: `pruned` has how many there were. */
#include "store/store_int.h"

bool store_ledger_hash(struct store *s, char ret[65], struct error *err) {
    static const struct sql sql = {"SELECT line FROM ledger ORDER BY seq", .large = true};
    struct query q;
    bool row;
    uint8_t sum[SHA256_BYTES];
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    struct sha256 *h = sha256_new();
    bool ok = true;
    while (ok && row) {
        sha256_add(h, col_str(&q));
        sha256_add(h, STR("\n"));
        ok = query_row(&q, &row, err);
    }
    sha256_finish(h, sum);
    sha256_free(h);
    if (ok) hex_format(sum, SHA256_BYTES, ret);
    return ok;
}

static bool one_number(struct store *s, const struct sql *sql, int64_t *ret, struct error *err) {
    struct query q;
    bool found;
    *ret = 0;
    return query_open(s, sql, &q, err) && query_i64(&q, ret, &found, err);
}

#define COUNT_MOST (INT64_C(1) << 48)

/* Adds the rows (reason code, count) of a query to v->refused. */
static bool count_reasons(struct store *s, const struct sql *sql, struct store_totals *v,
                          struct error *err) {
    struct query q;
    bool row;
    if (!query_open(s, sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        reason r;
        const bool known = reason_from_name(col_str(&q), &r);
        const int64_t rows = i64_clamp(col_i64(&q), 0, COUNT_MOST); /* whatever stands there */
        if (known) v->refused[r] += rows;
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool sum_money(struct store *s, struct store_totals *v, struct error *err) {
    static const struct sql sql = {"SELECT (SELECT sum(fees) FROM trades), "
                                   "(SELECT sum(pnl) FROM trades WHERE status = 'CLOSED')"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    POST(row);
    v->fees = money_from_e8(col_e8(&q));
    v->pnl = money_from_e8(col_e8(&q));
    query_close(&q);
    return true;
}

bool store_totals(struct store *s, struct store_totals *ret, struct error *err) {
#define PRUNED(what) "(SELECT coalesce(sum(rows), 0) FROM pruned WHERE what = '" what "')"
    static const struct sql posts = {"SELECT count(*) + " PRUNED("post") " FROM tweets WHERE "
                                                                         "processed"};
    static const struct sql signals = {"SELECT count(*) + " PRUNED("signal") " FROM signals"};
    static const struct sql trades = {"SELECT count(*) FROM trades WHERE entered_at IS NOT NULL"};
    static const struct sql closed = {"SELECT count(*) FROM trades WHERE status = 'CLOSED'"};
    static const struct sql deleted = {"SELECT count(*) FROM deletions"};
    static const struct sql by_signal = {"SELECT reason, count(*) FROM signals "
                                         "WHERE verdict = 'refused' AND reason IS NOT NULL "
                                         "GROUP BY reason"};
    /* SQLite's index is of all outcomes but this one; one of none is passed over */
    static const struct sql by_post = {
        "SELECT outcome, count(*) FROM tweets WHERE outcome IS NOT 'NO_COIN' GROUP BY outcome "
        "UNION ALL SELECT 'NO_COIN', (SELECT count(*) FROM tweets) - "
        "(SELECT count(*) FROM tweets WHERE outcome IS NOT 'NO_COIN')",
        "SELECT outcome, count(*) FROM tweets WHERE outcome IS NOT NULL GROUP BY outcome"};
    static const struct sql gone = {"SELECT name, sum(rows) FROM pruned GROUP BY name"};
#undef PRUNED
    struct store_totals v = {0};
    const bool ok =
        one_number(s, &posts, &v.posts, err) && one_number(s, &signals, &v.signals, err) &&
        one_number(s, &trades, &v.trades, err) && one_number(s, &closed, &v.closed, err) &&
        one_number(s, &deleted, &v.deleted, err) && count_reasons(s, &by_signal, &v, err) &&
        count_reasons(s, &by_post, &v, err) && count_reasons(s, &gone, &v, err) &&
        sum_money(s, &v, err);
    if (ok) *ret = v;
    return ok;
}
