/* people: what is read for those who watch, and the commands of clients that repeat themselves.
 *
 * In: a connection. Out: plain rows. A key stands in commands.key with the print of what was asked
 * behind a blank, so that one column says both: is it known, and was it the same. Look-ups by
 * author or symbol go over the newest rows only, so that none of them takes long however much is
 * stored. Failure: the store's. Thread: any, on its own connection. */
#include "store/people.h"

#include "store/columns.h"
#include "store/store_int.h"

#define SIGNALS_BACK 20000 /* rows of a look back */
#define POSTS_BACK 5000
#define KEY_BYTES 320

/* --- commands by key -------------------------------------------------------------------------- */

bool store_command_by_key(struct store *s, str key, str print, int64_t *ret_id, bool *ret_found,
                          struct error *err) {
    static const struct sql sql = {
        "SELECT id, key FROM commands WHERE key >= $1 || ' ' AND key < $1 || '!'"};
    struct query q;
    bool row;
    PRE(key.n > 0 && str_find_byte(key, ' ') < 0);
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, key);
    if (!query_row(&q, &row, err)) return false;
    *ret_found = row;
    if (!row) return true;
    *ret_id = col_i64(&q);
    const bool same = str_eq(str_tail(col_str(&q), key.n + 1), print);
    query_close(&q);
    return same || fail(err, ERR_REFUSED, 0,
                        "the key stands for command %lld already, and that was asked for in other "
                        "words: use a new key",
                        (long long)*ret_id);
}

static bool once(struct store *s, const struct command *cmd, str key, str print, usec now,
                 int64_t *ret_id, bool *ret_repeated, struct error *err) {
    char text[KEY_BYTES];
    struct buf b;
    buf_init_fixed(&b, text, sizeof text);
    if (key.n > 0) {
        if (!store_command_by_key(s, key, print, ret_id, ret_repeated, err)) return false;
        if (*ret_repeated) return true;
        buf_printf(&b, STR_FMT " " STR_FMT, STR_ARG(key), STR_ARG(print));
        PRE(!buf_full(&b));
    }
    return command_add(s, cmd, buf_str(&b), now, ret_id, ret_repeated, err);
}

bool store_command_once(struct store *s, const struct command *cmd, str key, str print, usec now,
                        int64_t *ret_id, bool *ret_repeated, struct error *err) {
    int64_t id = 0;
    bool repeated = false;
    PRE(cmd->verb != VERB_NONE);
    PRE(!(cmd->verb == VERB_RESUME && cmd->mode == MODE_HALTED));
    if (!store_begin(s, true, err)) return fail_in(err, "store the command");
    if (!once(s, cmd, key, print, now, &id, &repeated, err)) {
        store_rollback(s);
        return false;
    }
    if (!store_commit(s, err)) {
        store_rollback(s);
        return fail_in(err, "store the command");
    }
    *ret_id = id;
    *ret_repeated = repeated;
    return true;
}

/* --- what is held, and what waits ------------------------------------------------------------- */

bool store_held(struct store *s, struct arena *a, struct held **ret, int *ret_count,
                struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) OVER (), symbol, size, avg_entry, unrealized_pnl, trade_id, updated_at "
        "FROM positions ORDER BY symbol"};
    struct held *rows = NULL;
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t all = col_i64(&q);
        if (!rows) rows = NEW_ARRAY(a, struct held, all);
        struct held *h = &rows[n++];
        col_z(&q, h->symbol, sizeof h->symbol);
        h->size = qty_from_e8(col_e8(&q));
        h->entry = price_from_e8(col_e8(&q));
        h->unrealized = money_from_e8(col_e8(&q));
        h->trade_id = col_i64(&q);
        h->updated_at = col_time(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

bool store_open_trade(struct store *s, str symbol, int64_t *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT id FROM trades WHERE status = 'OPEN' AND symbol = $1 ORDER BY id LIMIT 1"};
    struct query q;
    bool found;
    *ret = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, symbol);
    return query_i64(&q, ret, &found, err);
}

bool store_signal_verdict(struct store *s, int64_t id, char ret[16], struct error *err) {
    static const struct sql sql = {"SELECT verdict FROM signals WHERE id = $1"};
    struct query q;
    bool row;
    ret[0] = '\0';
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, id);
    if (!query_row(&q, &row, err)) return false;
    if (row) col_z(&q, ret, 16);
    query_close(&q);
    return true;
}

/* --- how the account stands ------------------------------------------------------------------- */

static bool read_account(struct store *s, struct account_standing *v, struct error *err) {
    static const struct sql sql = {"SELECT " SQL_COLUMNS(ACCOUNT) " FROM account"};
    struct query q;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &v->has_account, err)) return false;
    if (!v->has_account) return true;
    const bool ok = row_get_account(&q, &v->account, err);
    query_close(&q);
    return ok;
}

static bool read_equity(struct store *s, struct account_standing *v, struct error *err) {
    static const struct sql sql = {
        "SELECT at, equity, drawdown FROM equity ORDER BY at DESC LIMIT 1"};
    struct query q;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &v->has_equity, err)) return false;
    if (!v->has_equity) return true;
    v->equity_at = col_time(&q);
    v->equity = money_from_e8(col_e8(&q));
    v->drawdown_bp = col_i64(&q);
    query_close(&q);
    return true;
}

static void add_value(money *to, money value) {
    IGNORE(!money_add(*to, value, to), "a sum that no account has");
}

/* An open trade holds `held` at `basis`, and its profit so far is its position's; one that did not
 * fill yet counts at its worst price. */
static bool read_trades(struct store *s, struct account_standing *v, struct error *err) {
    static const struct sql sql = {
        "SELECT t.side, t.quantity, t.limit_price, p.size, p.avg_entry, p.unrealized_pnl "
        "FROM trades t LEFT JOIN positions p ON p.symbol = t.symbol WHERE t.status = 'OPEN'"};
    struct query q;
    bool row;
    if (!query_open(s, &sql, &q, err) || !query_row(&q, &row, err)) return false;
    for (; row; v->open_trades++) {
        money value;
        const bool is_long = str_eq(col_str(&q), STR("LONG"));
        const qty wanted = qty_from_e8(col_e8(&q));
        const price limit = price_from_e8(col_e8(&q));
        const bool entered = !col_is_null(&q);
        const qty size = qty_abs(qty_from_e8(col_e8(&q)));
        const price entry = price_from_e8(col_e8(&q));
        const money profit = money_from_e8(col_e8(&q));
        if (money_notional(entered ? entry : limit, entered ? size : wanted, ROUND_CEIL, &value)) {
            add_value(&v->exposure, value);
            if (entered) add_value(&v->exposure, is_long ? profit : money_neg(profit));
            if (!entered && is_long) add_value(&v->reserved, value);
        }
        if (!query_row(&q, &row, err)) return false;
    }
    return true;
}

bool store_standing(struct store *s, struct account_standing *ret, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) FROM signals WHERE verdict = 'waiting' AND wants_approval"};
    struct account_standing v = {0};
    struct query q;
    int64_t waiting = 0;
    bool found;
    if (!read_account(s, &v, err) || !read_equity(s, &v, err) || !read_trades(s, &v, err) ||
        !query_open(s, &sql, &q, err) || !query_i64(&q, &waiting, &found, err))
        return fail_in(err, "read how the account stands");
    v.waiting_approvals = (int)waiting;
    *ret = v;
    return true;
}

bool store_symbol_rests(struct store *s, struct arena *a, usec since, struct symbol_rest **ret,
                        int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) OVER (), symbol, max(closed_at) FROM trades WHERE closed_at > $1 AND "
        "entered_at IS NOT NULL GROUP BY symbol ORDER BY 3 DESC"};
    struct symbol_rest *rows = NULL;
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, since);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t all = col_i64(&q);
        if (!rows) rows = NEW_ARRAY(a, struct symbol_rest, all);
        col_z(&q, rows[n].symbol, sizeof rows[n].symbol);
        rows[n++].closed_at = col_time(&q);
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

#define AUTHOR_USE "key, username, day, trades_today, last_trade_at, last_post_at"

static void get_author(struct query *q, struct author_use *ret) {
    col_z(q, ret->key, sizeof ret->key);
    col_z(q, ret->username, sizeof ret->username);
    ret->day = col_i64(q);
    ret->trades_today = col_i64(q);
    ret->last_trade_at = col_time(q);
    ret->last_post_at = col_time(q);
}

bool store_author_uses(struct store *s, struct arena *a, usec since, int64_t day,
                       struct author_use **ret, int *ret_count, struct error *err) {
    static const struct sql sql = {
        "SELECT count(*) OVER (), " AUTHOR_USE " FROM authors WHERE last_trade_at > $1 OR "
        "(day = $2 AND trades_today > 0) ORDER BY last_trade_at DESC NULLS LAST, key"};
    struct author_use *rows = NULL;
    struct query q;
    bool row;
    int n = 0;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, since);
    bind_i64(&q, day);
    if (!query_row(&q, &row, err)) return false;
    while (row) {
        const int64_t all = col_i64(&q);
        if (!rows) rows = NEW_ARRAY(a, struct author_use, all);
        get_author(&q, &rows[n++]);
        if (!query_row(&q, &row, err)) return false;
    }
    *ret = rows;
    *ret_count = n;
    return true;
}

bool store_author_find(struct store *s, str who, struct author_use *ret, bool *ret_found,
                       struct error *err) {
    static const struct sql sql = {
        "SELECT " AUTHOR_USE " FROM authors WHERE key = $1 OR lower(username) = lower($1) "
        "ORDER BY key = $1 DESC, last_post_at DESC NULLS LAST, key LIMIT 1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_str(&q, who);
    if (!query_row(&q, ret_found, err)) return false;
    if (*ret_found) get_author(&q, ret);
    query_close(&q);
    return true;
}

/* --- the last things that happened ------------------------------------------------------------ */

bool store_last_post(struct store *s, str who, struct last_post *ret, struct error *err) {
    static const struct sql any = {
        "SELECT id, created_at, received_at, source, coalesce(outcome, '') FROM tweets "
        "ORDER BY created_at DESC, id DESC LIMIT 1"};
    static const struct sql of = {
        "SELECT id, created_at, received_at, source, coalesce(outcome, '') FROM "
        "(SELECT * FROM tweets ORDER BY created_at DESC, id DESC LIMIT $1) AS newest "
        "WHERE lower(author) = lower($2) OR source || ':' || author_id = $2 "
        "ORDER BY created_at DESC, id DESC LIMIT 1"};
    struct last_post v = {0};
    struct query q;
    if (!query_open(s, who.n > 0 ? &of : &any, &q, err)) return false;
    if (who.n > 0) {
        bind_i64(&q, POSTS_BACK);
        bind_str(&q, who);
    }
    if (!query_row(&q, &v.found, err)) return false;
    if (v.found) {
        v.id = col_i64(&q);
        v.created_at = col_time(&q);
        v.received_at = col_time(&q);
        col_z(&q, v.source, sizeof v.source);
        col_z(&q, v.outcome, sizeof v.outcome);
        query_close(&q);
    }
    *ret = v;
    return true;
}

bool store_last_signal(struct store *s, str symbol, str author, struct last_signal *ret,
                       struct error *err) {
    static const struct sql sql = {
        "SELECT id, tweet_id, symbol, author, score, verdict, coalesce(reason, ''), created_at, "
        "seen_price FROM (SELECT * FROM signals ORDER BY id DESC LIMIT $1) AS newest "
        "WHERE ($2 = '' OR symbol = $2) AND ($3 = '' OR author = $3) ORDER BY id DESC LIMIT 1"};
    struct last_signal v = {0};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, SIGNALS_BACK);
    bind_str(&q, symbol);
    bind_str(&q, author);
    if (!query_row(&q, &v.found, err)) return false;
    if (v.found) {
        v.id = col_i64(&q);
        v.tweet_id = col_i64(&q);
        col_z(&q, v.symbol, sizeof v.symbol);
        col_z(&q, v.author, sizeof v.author);
        v.score = col_i32(&q);
        col_z(&q, v.verdict, sizeof v.verdict);
        col_z(&q, v.reason, sizeof v.reason);
        v.created_at = col_time(&q);
        v.seen = price_from_e8(col_e8(&q));
        query_close(&q);
    }
    *ret = v;
    return true;
}
