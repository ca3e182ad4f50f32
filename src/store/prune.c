/* A round of pruning: tables whose old rows simply go, and the transactions that all of it is done
 * in.
 *
 * In: ages, the time. Out: rows removed, a few at a time. Work is found by reading, without a lock;
 * then a transaction removes what lies between two keys, under the same condition, so that nothing
 * goes that has come to be needed meanwhile, and two who prune at once do no more than one. A
 * transaction that took long makes the next one smaller: on SQLite it keeps the trader from
 * writing.
 *
 * Failure: the open transaction is rolled back; what was committed stays, and the next round goes
 * on. Thread: the connection's. */
#include "store/prune_int.h"

#define BATCH_FIRST 64
#define BATCH_LEAST 8
#define BATCH_MOST 512
#define HELD_LONG (4 * USEC_PER_MS)
#define HELD_SHORT USEC_PER_MS

static const char *const names[] = {
#define X(name, text) text,
    PRUNE_MAP(X)
#undef X
};

const char *prune_name(prune_kind k) {
    PRE(k >= 0 && k < PRUNE_COUNT);
    return names[k];
}

bool prune_from_name(str s, prune_kind *ret) {
    for (int i = 0; i < PRUNE_COUNT; i++) {
        if (!str_eq(s, str_from_z(names[i]))) continue;
        *ret = (prune_kind)i;
        return true;
    }
    return false;
}

usec prune_cut(const struct prune_ask *ask, prune_kind k) {
    const bool by_wall = k == PRUNE_WORKERS || k == PRUNE_BILLED;
    return ask->age[k] > 0 ? i64_max((by_wall ? ask->wall : ask->now) - ask->age[k], 0) : 0;
}

/* -- transactions ----------------------------------------------------------------------------- */

bool prune_begin(struct pruner *p, bool chain, struct error *err) {
    if (!store_begin(p->s, chain || p->s->ops->dialect == DIALECT_SQLITE, err)) return false;
    p->began_at = time_monotonic_us();
    return true;
}

bool prune_end(struct pruner *p, prune_kind k, bool ok, int64_t gone, struct error *err) {
    if (!ok || !store_commit(p->s, err)) {
        store_rollback(p->s);
        return fail_in(err, "prune %s", prune_name(k));
    }
    p->gone[k] += gone;
    const usec held = time_monotonic_us() - p->began_at;
    if (held > HELD_LONG) p->batch = (int)i64_max(p->batch / 2, BATCH_LEAST);
    if (held < HELD_SHORT) p->batch = (int)i64_min(p->batch * 2, BATCH_MOST);
    if (p->ask->rest != NULL && !p->ask->rest(p->ask->ctx, held)) p->ended = true;
    return true;
}

/* -- tables with one key ----------------------------------------------------------------------- */

struct place {
    int64_t id;
    char name[128]; /* where the key is a text */
};

/* Both look behind a place ($1) for what is older than a cut ($2): the next rows' keys, at most $3;
 * and all of that up to the key $3. */
struct keyed {
    bool by_name;
    struct sql find, drop;
};
#define KEYED(table, key, GOES, text)                                                              \
    {                                                                                              \
        .by_name = (text),                                                                         \
        .find = {"SELECT " key " FROM " table " WHERE " key                                        \
                 " > $1 AND " GOES("$2") " ORDER BY " key " LIMIT $3"},                            \
        .drop = {                                                                                  \
            "DELETE FROM " table " WHERE " key " > $1 AND " GOES("$2") " AND " key " <= $3"        \
        }                                                                                          \
    }

static const struct keyed keyed[PRUNE_COUNT] = {
    [PRUNE_COMMANDS] = KEYED("commands", "id", COMMAND_GOES, false),
    [PRUNE_LETTERS] = KEYED("dead_letters", "id", LETTER_GOES, false),
    [PRUNE_GAPS] = KEYED("gaps", "id", GAP_GOES, false),
    [PRUNE_ALERTS] = KEYED("alerts", "id", ALERT_GOES, false),
    [PRUNE_NOTICES] = KEYED("notices", "id", NOTICE_GOES, false),
    [PRUNE_AUTHORS] = KEYED("authors", "key", AUTHOR_GOES, true),
    [PRUNE_MEMORY] = KEYED("post_memory", "seq", MEMORY_GOES, false),
    [PRUNE_WORKERS] = KEYED("workers", "name", WORKER_GOES, true),
};

static void bind_place(struct query *q, const struct keyed *t, const struct place *at) {
    if (t->by_name)
        bind_z(q, at->name);
    else
        bind_i64(q, at->id);
}

/* The key of the last of the next rows that go; *ret_count: how many there are. */
static bool find_rows(struct pruner *p, const struct keyed *t, usec cut, const struct place *from,
                      struct place *ret, int *ret_count, struct error *err) {
    struct query q;
    bool row;
    *ret_count = 0;
    if (!query_open(p->s, &t->find, &q, err)) return false;
    bind_place(&q, t, from);
    bind_time(&q, cut);
    bind_i64(&q, p->batch);
    if (!query_row(&q, &row, err)) return false;
    for (; row; (*ret_count)++) {
        if (t->by_name)
            col_z(&q, ret->name, sizeof ret->name);
        else
            ret->id = col_i64(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

static bool drop_rows(struct pruner *p, const struct keyed *t, usec cut, const struct place *from,
                      const struct place *to, int64_t *ret_gone, struct error *err) {
    struct query q;
    if (!query_open(p->s, &t->drop, &q, err)) return false;
    bind_place(&q, t, from);
    bind_time(&q, cut);
    bind_place(&q, t, to);
    return query_run(&q, err) && query_changes(p->s, ret_gone, err);
}

/* Always, but for keys that are longer than any of ours. */
static bool is_behind(const struct keyed *t, const struct place *a, const struct place *b) {
    return t->by_name ? strcmp(a->name, b->name) != 0 : a->id > b->id;
}

static bool prune_keyed(struct pruner *p, prune_kind k, usec cut, struct error *err) {
    const struct keyed *const t = &keyed[k];
    struct place from = {.id = INT64_MIN}, to = {0};
    for (;;) {
        const int most = p->batch;
        int64_t gone = 0;
        int count;
        if (!find_rows(p, t, cut, &from, &to, &count, err))
            return fail_in(err, "prune %s", prune_name(k));
        if (count == 0) return true;
        if (!prune_begin(p, false, err)) return false;
        const bool ok = drop_rows(p, t, cut, &from, &to, &gone, err);
        if (!prune_end(p, k, ok, gone, err)) return false;
        if (p->ended || count < most || !is_behind(t, &to, &from)) return true;
        from = to;
    }
}

bool prune_memory_cut(struct store *s, const struct prune_ask *ask, usec *ret, struct error *err) {
    static const struct sql sql = {"SELECT at FROM account WHERE id = 1"};
    struct query q;
    bool row;
    usec last = 0;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    if (row) last = col_time(&q);
    query_close(&q);
    const usec cut = i64_max(last, 0) - ask->age[PRUNE_MEMORY];
    *ret = i64_max(i64_min(prune_cut(ask, PRUNE_MEMORY), cut), 0);
    return true;
}

static bool prune_memory(struct pruner *p, struct error *err) {
    usec cut;
    if (!prune_memory_cut(p->s, p->ask, &cut, err)) return false;
    return cut == 0 || prune_keyed(p, PRUNE_MEMORY, cut, err);
}

/* -- candles and what was billed: keys of several columns -------------------------------------- */

static bool next_symbol(struct store *s, char symbol[SYMBOL_BYTES], bool *ret_found,
                        struct error *err) {
    static const struct sql sql = {"SELECT min(symbol) FROM candles WHERE symbol > $1"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, symbol);
    if (!query_row(&q, &row, err)) return false;
    *ret_found = row && !col_is_null(&q) && str_copyz(col_str(&q), symbol, SYMBOL_BYTES);
    query_close(&q);
    return true;
}

/* *ret: minutes of before it are to go next; cut: these are the last. */
static bool find_minute(struct pruner *p, const char *symbol, usec cut, usec *ret,
                        struct error *err) {
    static const struct sql sql = {"SELECT open_time FROM candles WHERE symbol = $1 AND "
                                   "open_time < $2 ORDER BY open_time LIMIT 1 OFFSET $3"};
    struct query q;
    bool row;
    *ret = cut;
    if (!query_open(p->s, &sql, &q, err)) return false;
    bind_z(&q, symbol);
    bind_time(&q, cut);
    bind_i64(&q, p->batch);
    if (!query_row(&q, &row, err)) return false;
    if (row) *ret = col_time(&q);
    query_close(&q);
    return true;
}

static bool prune_candles_of(struct pruner *p, const char *symbol, usec cut, struct error *err) {
    static const struct sql any = {
        "SELECT 1 FROM candles WHERE symbol = $1 AND open_time < $2 LIMIT 1"};
    static const struct sql drop = {"DELETE FROM candles WHERE symbol = $1 AND open_time < $2"};
    struct query q;
    int64_t one;
    usec upto = 0;
    bool found;
    if (!query_open(p->s, &any, &q, err)) return false;
    bind_z(&q, symbol);
    bind_time(&q, cut);
    if (!query_i64(&q, &one, &found, err) || !found) return !found;
    while (!p->ended && upto < cut) {
        int64_t gone = 0;
        if (!find_minute(p, symbol, cut, &upto, err) || !prune_begin(p, false, err)) return false;
        bool ok = query_open(p->s, &drop, &q, err);
        if (ok) {
            bind_z(&q, symbol);
            bind_time(&q, upto);
            ok = query_run(&q, err) && query_changes(p->s, &gone, err);
        }
        if (!prune_end(p, PRUNE_CANDLES, ok, gone, err)) return false;
    }
    return true;
}

static bool prune_candles(struct pruner *p, struct error *err) {
    const usec cut = prune_cut(p->ask, PRUNE_CANDLES);
    char symbol[SYMBOL_BYTES] = "";
    bool found = cut > 0;
    while (found && !p->ended) {
        if (!next_symbol(p->s, symbol, &found, err)) return fail_in(err, "prune candles");
        if (found && !prune_candles_of(p, symbol, cut, err)) return false;
    }
    return true;
}

struct bill_key {
    int64_t day, id;
    char resource[32];
};

static bool find_bill(struct pruner *p, int64_t day, struct bill_key *ret, bool *ret_found,
                      struct error *err) {
    static const struct sql sql = {"SELECT day, resource, id FROM billed WHERE day < $1 "
                                   "ORDER BY day, resource, id LIMIT 1 OFFSET $2"};
    struct query q;
    if (!query_open(p->s, &sql, &q, err)) return false;
    bind_i64(&q, day);
    bind_i64(&q, p->batch);
    if (!query_row(&q, ret_found, err)) return false;
    if (!*ret_found) return true;
    ret->day = col_i64(&q);
    col_z(&q, ret->resource, sizeof ret->resource);
    ret->id = col_i64(&q);
    query_close(&q);
    return true;
}

static bool drop_bills(struct pruner *p, int64_t day, const struct bill_key *upto,
                       int64_t *ret_gone, struct error *err) {
    static const struct sql some = {
        "DELETE FROM billed WHERE day < $1 AND (day, resource, id) <= ($2, $3, $4)"};
    static const struct sql rest = {"DELETE FROM billed WHERE day < $1"};
    struct query q;
    if (!query_open(p->s, upto ? &some : &rest, &q, err)) return false;
    bind_i64(&q, day);
    if (upto) {
        bind_i64(&q, upto->day);
        bind_z(&q, upto->resource);
        bind_i64(&q, upto->id);
    }
    return query_run(&q, err) && query_changes(p->s, ret_gone, err);
}

static bool prune_billed(struct pruner *p, struct error *err) {
    static const struct sql any = {"SELECT min(day) FROM billed"};
    const int64_t day = time_utc_day(prune_cut(p->ask, PRUNE_BILLED));
    struct bill_key upto;
    struct query q;
    int64_t first = 0, gone = 0;
    bool found, more = true;
    if (!query_open(p->s, &any, &q, err) || !query_i64(&q, &first, &found, err)) return false;
    if (!found || first >= day) return true;
    while (more && !p->ended) {
        if (!find_bill(p, day, &upto, &more, err) || !prune_begin(p, false, err)) return false;
        const bool ok = drop_bills(p, day, more ? &upto : NULL, &gone, err);
        if (!prune_end(p, PRUNE_BILLED, ok, gone, err)) return false;
    }
    return true;
}

/* -- the audit log ----------------------------------------------------------------------------- */

/* By whole days: each move of the anchor is a row of the log itself. */
static bool prune_audit(struct pruner *p, struct error *err) {
    static const struct sql left = {
        "SELECT id FROM audit_log WHERE id <= (SELECT rows FROM audit_anchor) LIMIT 1"};
    const usec cut = time_utc_day(prune_cut(p->ask, PRUNE_AUDIT)) * USEC_PER_DAY;
    struct query q;
    int64_t upto = 0, one;
    bool more = true;
    if (cut > 0 && !audit_find_end(p->s, cut, &upto, err)) return fail_in(err, "prune audit_log");
    if (upto > 0) {
        if (!prune_begin(p, true, err)) return false;
        const bool ok = audit_set_anchor(p->s, upto, p->ask->actor, p->ask->now, err);
        if (!prune_end(p, PRUNE_AUDIT, ok, 0, err)) return false;
    }
    while (!p->ended) {
        int64_t gone = 0;
        if (!query_open(p->s, &left, &q, err) || !query_i64(&q, &one, &more, err)) return false;
        if (!more) return true;
        if (!prune_begin(p, true, err)) return false;
        const bool ok = audit_drop(p->s, p->batch, &gone, err);
        if (!prune_end(p, PRUNE_AUDIT, ok, gone, err)) return false;
    }
    return true;
}

/* -- a round ----------------------------------------------------------------------------------- */

static bool prune_kind_of(struct pruner *p, prune_kind k, struct error *err) {
    switch (k) {
    case PRUNE_SIGNALS:
        return prune_signals(p, err);
    case PRUNE_POSTS:
        return prune_posts(p, err);
    case PRUNE_READINGS:
        return prune_readings(p, err);
    case PRUNE_EQUITY:
        return prune_equity(p, err);
    case PRUNE_CANDLES:
        return prune_candles(p, err);
    case PRUNE_AUDIT:
        return prune_audit(p, err);
    case PRUNE_BILLED:
        return prune_billed(p, err);
    case PRUNE_MEMORY:
        return prune_memory(p, err);
    case PRUNE_COMMANDS:
    case PRUNE_LETTERS:
    case PRUNE_GAPS:
    case PRUNE_ALERTS:
    case PRUNE_NOTICES:
    case PRUNE_AUTHORS:
    case PRUNE_WORKERS:
        return prune_cut(p->ask, k) == 0 || prune_keyed(p, k, prune_cut(p->ask, k), err);
    case PRUNE_COUNT:
        break;
    }
    WRONG("a kind of no rows");
}

bool store_prune(struct store *s, const struct prune_ask *ask, int64_t ret_gone[PRUNE_COUNT],
                 bool *ret_all, struct error *err) {
    PRE(!s->in_transaction && s->access == STORE_WRITE);
    struct pruner p = {.s = s, .ask = ask, .gone = ret_gone, .batch = BATCH_FIRST};
    memset(ret_gone, 0, sizeof ret_gone[0] * PRUNE_COUNT);
    for (prune_kind k = 0; k < PRUNE_COUNT && !p.ended; k++)
        if (!prune_kind_of(&p, k, err)) return false;
    *ret_all = !p.ended;
    return true;
}

/* -- whose turn it is -------------------------------------------------------------------------- */

#define CLAIM STR("pruned_at")

static bool is_due(struct store *s, usec wall, usec every, bool *ret, struct error *err) {
    char block[64];
    struct arena a;
    str text;
    bool found;
    int64_t last = 0;
    arena_init(&a, block, sizeof block);
    if (!store_cursor_get(s, &a, CLAIM, &text, &found, err)) return false;
    *ret = !found || !str_to_i64(text, &last) || wall - last >= every || last > wall;
    return true;
}

static bool claim(struct store *s, usec wall, usec every, bool *ret, struct error *err) {
    char digits[24];
    struct buf b;
    buf_init_fixed(&b, digits, sizeof digits);
    buf_put_i64(&b, wall);
    return is_due(s, wall, every, ret, err) &&
           (!*ret || store_cursor_put(s, CLAIM, buf_str(&b), err));
}

bool store_prune_claim(struct store *s, usec wall, usec every, bool *ret, struct error *err) {
    bool due;
    *ret = false;
    if (!is_due(s, wall, every, &due, err)) return false; /* mostly it is not: no lock for that */
    if (!due) return true;
    if (!store_begin(s, true, err)) return false;
    if (!claim(s, wall, every, &due, err) || !store_commit(s, err)) {
        store_rollback(s);
        return fail_in(err, "see whether to prune");
    }
    *ret = due;
    return true;
}
