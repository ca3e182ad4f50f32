/* What a round of pruning would do, told without doing it: how many rows there are, how many of
 * them would go, about how much room they take, and how old the oldest is that stays.
 *
 * In: what a round is given. Out: numbers, by the conditions of the round itself (prune_int.h), so
 * that the two cannot part. Each table is looked at from end to end: for people who ask, not for
 * each hour. A row that a policy leaves alone counts as one that stays. Failure: the store's.
 * Thread: the connection's. */
#include "store/prune_int.h"

/* Rows, those that go ($1: the cut), their bytes, the time of the oldest that stays. */
#define PLAN(table, at, bytes, GOES)                                                               \
    {                                                                                              \
        "SELECT count(*), coalesce(sum(CASE WHEN " GOES(                                           \
            "$1") " THEN 1 ELSE 0 END), 0), "                                                      \
                  "coalesce(sum(CASE WHEN " GOES(                                                  \
                      "$1") " THEN " bytes " ELSE 0 END), 0), "                                    \
                            "min(CASE WHEN " GOES("$1") " THEN NULL ELSE " at " END) FROM " table  \
    }

/* About what a row takes, with its entries in the indexes. */
#define READING_BYTES                                                                              \
    "coalesce(length(CAST(probs AS TEXT)), 0) + coalesce(length(CAST(mentions AS TEXT)), 0) + "    \
    "coalesce(length(CAST(misses AS TEXT)), 0)"
#define POST_BYTES "400 + length(text) + length(author) + " READING_BYTES

static bool read_plan(struct query *q, struct prune_plan *ret, struct error *err) {
    bool row;
    if (!query_row(q, &row, err)) return false;
    POST(row);
    ret->rows = col_i64(q);
    ret->gone = col_i64(q);
    ret->bytes = col_i64(q);
    ret->oldest = col_time(q);
    query_close(q);
    return true;
}

static bool plan(struct store *s, const struct sql *sql, usec cut, struct prune_plan *ret,
                 struct error *err) {
    struct query q;
    if (!query_open(s, sql, &q, err)) return false;
    bind_time(&q, cut);
    return read_plan(&q, ret, err);
}

/* Of two policies: without signals, or with the last of its signals. A cut is looked at first, as
 * the look-ups cost more. */
#define ANY_POST_GOES(cut, with)                                                                   \
    "(created_at_db < " cut " AND " POST_GOES(cut) " OR created_at_db < " with                     \
                                                   " AND " POST_GOES_WITH_SIGNALS(with) ")"
#define COUNTED                                                                                    \
    "SELECT count(*), coalesce(sum(goes), 0), coalesce(sum(CASE WHEN goes = 1 THEN bytes ELSE 0 "  \
    "END), 0), min(CASE WHEN goes = 1 THEN NULL ELSE created_at END) FROM "

static bool plan_posts(struct store *s, const struct prune_ask *ask, struct prune_plan ret[],
                       struct error *err) {
    static const struct sql posts = {COUNTED "(SELECT created_at, CASE WHEN " ANY_POST_GOES(
        "$1", "$2") " THEN 1 ELSE 0 END AS goes, " POST_BYTES " AS bytes FROM tweets) AS t"};
    static const struct sql readings = {
        COUNTED "(SELECT created_at, CASE WHEN created_at_db < $1 AND " READING_GOES(
            "$1") " AND NOT " ANY_POST_GOES("$2", "$3") " THEN 1 ELSE 0 END AS goes, " READING_BYTES
                                                        " AS bytes FROM tweets WHERE probs IS NOT "
                                                        "NULL) AS t"};
    struct query q;
    const usec cut = prune_cut(ask, PRUNE_POSTS), with = prune_cut(ask, PRUNE_SIGNALS);
    if (!query_open(s, &posts, &q, err)) return false;
    bind_time(&q, cut);
    bind_time(&q, with);
    if (!read_plan(&q, &ret[PRUNE_POSTS], err) || !query_open(s, &readings, &q, err)) return false;
    bind_time(&q, prune_cut(ask, PRUNE_READINGS));
    bind_time(&q, cut);
    bind_time(&q, with);
    return read_plan(&q, &ret[PRUNE_READINGS], err);
}

static bool plan_equity(struct store *s, const struct prune_ask *ask, struct prune_plan *ret,
                        struct error *err) {
    static const struct sql sql = {"SELECT count(*), 0, 0, min(at) FROM equity"};
    struct query q;
    if (!query_open(s, &sql, &q, err) || !read_plan(&q, ret, err) ||
        !prune_plan_equity(s, ask, ret, err))
        return false;
    ret->bytes = ret->gone * 40;
    return true;
}

/* The oldest row that stays is the first behind the anchor that would be. */
static bool plan_audit(struct store *s, const struct prune_ask *ask, struct prune_plan *ret,
                       struct error *err) {
    static const struct sql sql = {
        "SELECT count(*), coalesce(sum(CASE WHEN id <= $1 THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN id <= $1 THEN 250 + length(detail) ELSE 0 END), 0), "
        "min(CASE WHEN id <= $1 THEN NULL ELSE at END) FROM audit_log"};
    const usec cut = time_utc_day(prune_cut(ask, PRUNE_AUDIT)) * USEC_PER_DAY;
    struct audit_anchor a;
    struct query q;
    int64_t upto = 0;
    bool found;
    if (cut > 0 && !audit_find_end(s, cut, &upto, err)) return false;
    if (!store_audit_anchor(s, &a, &found, err) || !query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, i64_max(upto, a.rows));
    return read_plan(&q, ret, err);
}

static bool plan_billed(struct store *s, const struct prune_ask *ask, struct prune_plan *ret,
                        struct error *err) {
    static const struct sql sql = {
        "SELECT count(*), coalesce(sum(CASE WHEN day < $1 THEN 1 ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN day < $1 THEN 24 ELSE 0 END), 0), "
        "min(CASE WHEN day < $1 THEN NULL ELSE day END) FROM billed"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, time_utc_day(prune_cut(ask, PRUNE_BILLED)));
    if (!query_row(&q, &row, err)) return false;
    POST(row);
    ret->rows = col_i64(&q);
    ret->gone = col_i64(&q);
    ret->bytes = col_i64(&q);
    ret->oldest = i64_clamp(col_i64(&q), 0, USEC_NEVER / USEC_PER_DAY) * USEC_PER_DAY;
    query_close(&q);
    return true;
}

static bool plan_all(struct store *s, const struct prune_ask *ask, struct prune_plan ret[],
                     struct error *err) {
#define CANDLE_GOES(cut) "open_time < " cut
    static const struct sql plain[PRUNE_COUNT] = {
        [PRUNE_SIGNALS] = PLAN("signals", "created_at",
                               "300 + length(CAST(parts AS TEXT)) + length(author)", SIGNAL_GOES),
        [PRUNE_CANDLES] = PLAN("candles", "open_time", "70", CANDLE_GOES),
        [PRUNE_COMMANDS] = PLAN("commands", "at", "120 + length(reason)", COMMAND_GOES),
        [PRUNE_LETTERS] =
            PLAN("dead_letters", "last_at", "80 + length(payload) + length(error)", LETTER_GOES),
        [PRUNE_GAPS] = PLAN("gaps", "updated_at", "100 + length(what)", GAP_GOES),
        [PRUNE_ALERTS] = PLAN("alerts", "at", "80 + length(what)", ALERT_GOES),
        [PRUNE_NOTICES] = PLAN("notices", "at", "160 + length(text)", NOTICE_GOES),
        [PRUNE_AUTHORS] = PLAN("authors", "last_post_at", "300", AUTHOR_GOES),
        [PRUNE_MEMORY] = PLAN("post_memory", "at", "140", MEMORY_GOES),
        [PRUNE_WORKERS] = PLAN("workers", "seen_at", "150", WORKER_GOES)};
#undef CANDLE_GOES
    for (prune_kind k = 0; k < PRUNE_COUNT; k++) {
        usec cut = prune_cut(ask, k);
        if (plain[k].text == NULL) continue;
        if (k == PRUNE_MEMORY && !prune_memory_cut(s, ask, &cut, err)) return false;
        if (!plan(s, &plain[k], cut, &ret[k], err)) return false;
    }
    return plan_posts(s, ask, ret, err) && plan_equity(s, ask, &ret[PRUNE_EQUITY], err) &&
           plan_audit(s, ask, &ret[PRUNE_AUDIT], err) &&
           plan_billed(s, ask, &ret[PRUNE_BILLED], err);
}

bool store_prune_plan(struct store *s, const struct prune_ask *ask,
                      struct prune_plan ret[PRUNE_COUNT], struct error *err) {
    memset(ret, 0, sizeof ret[0] * PRUNE_COUNT);
    if (!store_begin(s, false, err)) return fail_in(err, "see what would be pruned");
    const bool ok = plan_all(s, ask, ret, err);
    store_rollback(s); /* nothing was written */
    return ok || fail_in(err, "see what would be pruned");
}
