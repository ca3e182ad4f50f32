/* Rows of the trader's structs: for each a put and a get that name its members in the same order.
 *
 * What is put is what is loaded, member by member (tests/contract holds this), but for `sym`: that
 * is an index into the symbols of one run, so the pair's name is stored and the trader looks it up.
 * Zero where it means "none" is NULL in the store. Failure: a name that this program does not know
 * (an enum of a newer version, a hand edit) is ERR_DAMAGED; a row is never half read as something
 * harmless. */
#include "store/store_int.h"

#include <inttypes.h>

#include "store/columns.h"

#define PARTS_BYTES 512

static bool fail_name(const struct query *q, const char *table, int64_t id, struct error *err) {
    return fail(err, ERR_DAMAGED, 0,
                "%s: row %" PRId64 " of %s has a value that this program does not know: run "
                "`bullfinch db check`",
                q->s->path, id, table);
}

/* reason <-> its code, NULL for none */
static void bind_reason(struct query *q, reason r) {
    bind_z_or_null(q, r == REASON_NONE ? NULL : reason_name(r));
}

static bool col_reason(struct query *q, reason *ret) {
    const str name = col_str(q);
    *ret = REASON_NONE;
    return name.p == NULL || reason_from_name(name, ret);
}

/* -- signals --------------------------------------------------------------------------------- */

bool row_put_signal(struct store *s, const struct signal *v, struct error *err) {
    static const struct sql sql = {SQL_UPSERT("signals", SIGNAL, "id")};
    char block[PARTS_BYTES], departures[DEPARTURES_BYTES];
    struct buf parts;
    struct query q;
    buf_init_fixed(&parts, block, sizeof block);
    signal_parts_json(v, &parts);
    POST(!buf_full(&parts));
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, v->id);
    bind_i64(&q, v->tweet_id);
    bind_i64(&q, v->root_id);
    bind_i64(&q, v->cluster_id);
    bind_z(&q, v->author);
    bind_z(&q, v->symbol);
    bind_z(&q, side_name(v->side));
    bind_i64(&q, v->base_score);
    bind_time(&q, v->posted_at);
    bind_time(&q, v->created_at);
    bind_i64(&q, v->score);
    bind_str(&q, buf_str(&parts));
    bind_z(&q, verdict_name(v->verdict));
    bind_reason(&q, v->reason);
    bind_id(&q, v->trade_id);
    bind_e8_or_null(&q, price_e8(v->seen));
    bind_bool(&q, v->approved);
    bind_bool(&q, v->wants_approval);
    bind_time(&q, v->expires_at);
    departures_format(v->departures, departures);
    bind_z_or_null(&q, departures);
    bind_time_or_null(&q, v->seen_at);
    bind_e8_or_null(&q, v->seen_volatility);
    bind_e8(&q, v->moved);
    bind_e8(&q, v->sigmas);
    return query_run(&q, err) || fail_in(err, "put signal %" PRId64, v->id);
}

bool row_get_signal(struct query *q, struct signal *ret, struct error *err) {
    struct signal v = {.sym = SYM_NONE};
    v.id = col_i64(q);
    v.tweet_id = col_i64(q);
    v.root_id = col_i64(q);
    v.cluster_id = col_i64(q);
    col_z(q, v.author, sizeof v.author);
    col_z(q, v.symbol, sizeof v.symbol);
    bool ok = side_from_name(col_str(q), &v.side);
    v.base_score = col_i32(q);
    v.posted_at = col_time(q);
    v.created_at = col_time(q);
    v.score = col_i32(q);
    ok = signal_parts_from_json(col_str(q), &v) && ok;
    ok = verdict_from_name(col_str(q), &v.verdict) && ok;
    ok = col_reason(q, &v.reason) && ok;
    v.trade_id = col_i64(q);
    v.seen = price_from_e8(col_e8(q));
    v.approved = col_bool(q);
    v.wants_approval = col_bool(q);
    v.expires_at = col_time(q);
    ok = departures_parse(col_str(q), &v.departures) && ok;
    v.seen_at = col_time(q);
    v.seen_volatility = col_e8(q);
    v.moved = col_e8(q);
    v.sigmas = col_e8(q);
    ok = ok && v.seen_volatility >= 0;
    if (!ok || q->odd) return fail_name(q, "signals", v.id, err);
    *ret = v;
    return true;
}

/* -- trades ---------------------------------------------------------------------------------- */

static void bind_trade_levels(struct query *q, const struct trade *v) {
    bind_e8(q, qty_e8(v->quantity));
    bind_e8_or_null(q, price_e8(v->entry_price));
    bind_e8_or_null(q, price_e8(v->quote_price));
    bind_e8_or_null(q, price_e8(v->limit_price));
    bind_e8_or_null(q, price_e8(v->stop_loss));
    bind_e8_or_null(q, price_e8(v->take_profit));
}

static void col_trade_levels(struct query *q, struct trade *v) {
    v->quantity = qty_from_e8(col_e8(q));
    v->entry_price = price_from_e8(col_e8(q));
    v->quote_price = price_from_e8(col_e8(q));
    v->limit_price = price_from_e8(col_e8(q));
    v->stop_loss = price_from_e8(col_e8(q));
    v->take_profit = price_from_e8(col_e8(q));
}

bool row_put_trade(struct store *s, const struct trade *v, struct error *err) {
    static const struct sql sql = {SQL_UPSERT("trades", TRADE, "id")};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, v->id);
    bind_id(&q, v->tweet_id);
    bind_id(&q, v->signal_id);
    bind_i64(&q, v->root_id);
    bind_i64(&q, v->cluster_id);
    bind_z(&q, v->author);
    bind_z(&q, v->strategy);
    bind_z(&q, v->symbol);
    bind_z(&q, side_name(v->side));
    bind_i64(&q, v->leverage);
    bind_time(&q, v->created_at);
    bind_time_or_null(&q, v->posted_at);
    bind_i64(&q, v->base_score);
    bind_trade_levels(&q, v);
    bind_z(&q, trade_status_name(v->status));
    bind_e8(&q, money_e8(v->pnl));
    bind_e8(&q, money_e8(v->fees));
    bind_reason(&q, v->closed_reason);
    bind_time_or_null(&q, v->entered_at);
    bind_time_or_null(&q, v->closed_at);
    bind_time_or_null(&q, v->hold_until);
    bind_time_or_null(&q, v->signed_at);
    bind_i64(&q, v->recv_window);
    bind_i64(&q, v->epoch);
    bind_e8(&q, qty_e8(v->held));
    bind_e8(&q, money_e8(v->basis));
    bind_i64(&q, v->generation);
    bind_z_or_null(&q, v->list_coid);
    bind_bool(&q, v->exit_due);
    bind_reason(&q, v->exit_reason);
    bind_time_or_null(&q, v->exit_since);
    bind_bool(&q, v->exit_sent);
    bind_bool(&q, v->shrink_due);
    bind_reason(&q, v->shrunk_reason);
    return query_run(&q, err) || fail_in(err, "put trade %" PRId64, v->id);
}

bool row_get_trade(struct query *q, struct trade *ret, struct error *err) {
    struct trade v = {.sym = SYM_NONE};
    v.id = col_i64(q);
    v.tweet_id = col_i64(q);
    v.signal_id = col_i64(q);
    v.root_id = col_i64(q);
    v.cluster_id = col_i64(q);
    col_z(q, v.author, sizeof v.author);
    col_z(q, v.strategy, sizeof v.strategy);
    col_z(q, v.symbol, sizeof v.symbol);
    bool ok = side_from_name(col_str(q), &v.side);
    v.leverage = col_i32(q);
    v.created_at = col_time(q);
    v.posted_at = col_time(q);
    v.base_score = col_i32(q);
    col_trade_levels(q, &v);
    ok = trade_status_from_name(col_str(q), &v.status) && ok;
    v.pnl = money_from_e8(col_e8(q));
    v.fees = money_from_e8(col_e8(q));
    ok = col_reason(q, &v.closed_reason) && ok;
    v.entered_at = col_time(q);
    v.closed_at = col_time(q);
    v.hold_until = col_time(q);
    v.signed_at = col_time(q);
    v.recv_window = col_i64(q);
    v.epoch = col_i64(q);
    v.held = qty_from_e8(col_e8(q));
    v.basis = money_from_e8(col_e8(q));
    v.generation = col_i32(q);
    col_z(q, v.list_coid, sizeof v.list_coid);
    v.exit_due = col_bool(q);
    ok = col_reason(q, &v.exit_reason) && ok;
    v.exit_since = col_time(q);
    v.exit_sent = col_bool(q);
    v.shrink_due = col_bool(q);
    ok = col_reason(q, &v.shrunk_reason) && ok;
    if (!ok || q->odd) return fail_name(q, "trades", v.id, err);
    *ret = v;
    return true;
}

/* -- orders ---------------------------------------------------------------------------------- */

bool row_put_order(struct store *s, const struct order *v, struct error *err) {
    static const struct sql sql = {SQL_UPSERT("orders", ORDER, "id")};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, v->id);
    bind_id(&q, v->trade_id);
    bind_z(&q, leg_name(v->leg));
    bind_z(&q, v->coid);
    bind_z(&q, v->symbol);
    bind_z(&q, order_side_name(v->side));
    bind_z(&q, order_type_name(v->type));
    bind_z(&q, tif_name(v->tif));
    bind_time(&q, v->created_at);
    bind_z_or_null(&q, v->venue_id);
    bind_e8(&q, qty_e8(v->qty));
    bind_e8_or_null(&q, price_e8(v->limit));
    bind_e8_or_null(&q, price_e8(v->stop));
    bind_z(&q, order_state_name(v->state));
    bind_e8(&q, qty_e8(v->filled));
    bind_e8(&q, money_e8(v->quote_filled));
    bind_time(&q, v->updated_at);
    bind_time_or_null(&q, v->signed_at);
    return query_run(&q, err) || fail_in(err, "put order %s", v->coid);
}

bool row_get_order(struct query *q, struct order *ret, struct error *err) {
    struct order v = {.sym = SYM_NONE};
    v.id = col_i64(q);
    v.trade_id = col_i64(q);
    bool ok = leg_from_name(col_str(q), &v.leg);
    col_z(q, v.coid, sizeof v.coid);
    col_z(q, v.symbol, sizeof v.symbol);
    ok = order_side_from_name(col_str(q), &v.side) && ok;
    ok = order_type_from_name(col_str(q), &v.type) && ok;
    ok = tif_from_name(col_str(q), &v.tif) && ok;
    v.created_at = col_time(q);
    col_z(q, v.venue_id, sizeof v.venue_id);
    v.qty = qty_from_e8(col_e8(q));
    v.limit = price_from_e8(col_e8(q));
    v.stop = price_from_e8(col_e8(q));
    ok = order_state_from_name(col_str(q), &v.state) && ok;
    v.filled = qty_from_e8(col_e8(q));
    v.quote_filled = money_from_e8(col_e8(q));
    v.updated_at = col_time(q);
    v.signed_at = col_time(q);
    if (!ok || q->odd) return fail_name(q, "orders", v.id, err);
    *ret = v;
    return true;
}

/* -- authors --------------------------------------------------------------------------------- */

bool row_put_author(struct store *s, const struct author *v, struct error *err) {
    static const struct sql sql = {SQL_UPSERT("authors", AUTHOR, "key")};
    uint8_t habit[HABIT_BYTES];
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, v->key);
    bind_z(&q, v->username);
    bind_i64(&q, v->posts);
    bind_i64(&q, v->day);
    bind_i64(&q, v->trades_today);
    bind_time_or_null(&q, v->last_trade_at);
    bind_time_or_null(&q, v->last_post_at);
    bind_time_or_null(&q, v->first_seen);
    bind_i64(&q, v->heard);
    bind_bool(&q, v->forgotten);
    habit_format(&v->habit, habit);
    bind_blob(&q, str_from_bytes((const char *)habit, HABIT_BYTES));
    return query_run(&q, err) || fail_in(err, "put author %s", v->key);
}

bool row_get_author(struct query *q, struct author *ret, struct error *err) {
    struct author v = {0};
    col_z(q, v.key, sizeof v.key);
    col_z(q, v.username, sizeof v.username);
    v.posts = col_i64(q);
    v.day = col_i64(q);
    v.trades_today = col_i64(q);
    v.last_trade_at = col_time(q);
    v.last_post_at = col_time(q);
    v.first_seen = col_time(q);
    v.heard = col_i64(q);
    v.forgotten = col_bool(q);
    if (!habit_parse(col_str(q), &v.habit) || q->odd) {
        return fail(err, ERR_DAMAGED, 0,
                    "%s: the habits of author %s are no habits: run `bullfinch db check`",
                    q->s->path, v.key);
    }
    *ret = v;
    return true;
}

/* -- authors' records ------------------------------------------------------------------------ */

bool row_put_record(struct store *s, const struct author_record *v, struct error *err) {
    static const struct sql sql = {SQL_UPSERT("author_records", RECORD, "key")};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, v->key);
    bind_i64(&q, v->signals);
    bind_i64(&q, v->recent);
    bind_i64(&q, v->hits);
    bind_e8(&q, v->mean_return);
    bind_i64(&q, v->dropped);
    bind_i64(&q, v->weight_bp);
    bind_time(&q, v->updated_at);
    return query_run(&q, err) || fail_in(err, "put the record of %s", v->key);
}

/* Counts as they can have been put, so that what is computed from them stays in range. */
bool row_get_record(struct query *q, struct author_record *ret, struct error *err) {
    struct author_record v = {0};
    col_z(q, v.key, sizeof v.key);
    v.signals = col_i64(q);
    v.recent = col_i64(q);
    v.hits = col_i64(q);
    v.mean_return = col_e8(q);
    v.dropped = col_i64(q);
    v.weight_bp = col_i32(q);
    v.updated_at = col_time(q);
    const bool sound = v.hits >= 0 && v.hits <= v.recent && v.recent <= v.signals && v.dropped >= 0;
    const bool bounded = v.signals < INT64_MAX && v.dropped < INT64_MAX && v.recent <= INT32_MAX;
    if (!sound || !bounded || q->odd) {
        return fail(err, ERR_DAMAGED, 0,
                    "%s: the record of %s has counts that cannot be: run `bullfinch db check`",
                    q->s->path, v.key);
    }
    *ret = v;
    return true;
}

bool row_put_forecast(struct store *s, const struct forecast *v, struct error *err) {
    static const struct sql sql = {SQL_UPSERT("forecasts", FORECAST, "id")};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, v->id);
    bind_z(&q, v->author);
    bind_z(&q, v->symbol);
    bind_z(&q, side_name(v->side));
    bind_bool(&q, v->listed);
    bind_e8_or_null(&q, price_e8(v->from));
    bind_time(&q, v->until);
    return query_run(&q, err) || fail_in(err, "put the forecast of signal %" PRId64, v->id);
}

bool row_get_forecast(struct query *q, struct forecast *ret, struct error *err) {
    struct forecast v = {.sym = SYM_NONE};
    v.id = col_i64(q);
    col_z(q, v.author, sizeof v.author);
    col_z(q, v.symbol, sizeof v.symbol);
    bool ok = side_from_name(col_str(q), &v.side);
    v.listed = col_bool(q);
    v.from = price_from_e8(col_e8(q));
    v.until = col_time(q);
    ok = ok && price_e8(v.from) >= 0;
    if (!ok || q->odd) return fail_name(q, "forecasts", v.id, err);
    *ret = v;
    return true;
}

/* -- the account ----------------------------------------------------------------------------- */

bool row_put_account(struct store *s, const struct account *v, struct error *err) {
    static const struct sql sql = {SQL_UPSERT("account", ACCOUNT, "id")};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, 1);
    bind_e8(&q, money_e8(v->start));
    bind_e8(&q, money_e8(v->cash));
    bind_e8(&q, money_e8(v->realized));
    bind_e8(&q, money_e8(v->fees));
    bind_i64(&q, v->day);
    bind_e8(&q, money_e8(v->day_open));
    bind_e8(&q, money_e8(v->peak));
    bind_bool(&q, v->day_tripped);
    bind_i64(&q, v->next_id);
    bind_i64(&q, v->seq);
    bind_i64(&q, v->posts);
    bind_i64(&q, v->signals);
    bind_i64(&q, v->trades);
    bind_z(&q, v->install);
    bind_time(&q, v->now);
    return query_run(&q, err) || fail_in(err, "put the account");
}

bool row_get_account(struct query *q, struct account *ret, struct error *err) {
    struct account v = {0};
    IGNORE(col_i64(q), "the key: there is one row");
    v.start = money_from_e8(col_e8(q));
    v.cash = money_from_e8(col_e8(q));
    v.realized = money_from_e8(col_e8(q));
    v.fees = money_from_e8(col_e8(q));
    v.day = col_i64(q);
    v.day_open = money_from_e8(col_e8(q));
    v.peak = money_from_e8(col_e8(q));
    v.day_tripped = col_bool(q);
    v.next_id = col_i64(q);
    v.seq = col_i64(q);
    v.posts = col_i64(q);
    v.signals = col_i64(q);
    v.trades = col_i64(q);
    col_z(q, v.install, sizeof v.install);
    v.now = col_time(q);
    if (q->odd) return fail_name(q, "account", 1, err);
    *ret = v;
    return true;
}

/* -- what the judge remembers ---------------------------------------------------------------- */

bool row_put_memory(struct store *s, const struct post_memory *v, struct error *err) {
    static const struct sql sql = {SQL_UPSERT("post_memory", MEMORY, "tweet_id")};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, v->tweet_id);
    bind_i64(&q, v->root_id);
    bind_i64(&q, v->cluster_id);
    bind_i64(&q, (int64_t)v->simhash); /* the same 64 bits */
    bind_i64(&q, v->token_count);
    bind_z(&q, v->author);
    bind_time(&q, v->at);
    bind_i64(&q, (int64_t)v->numbers);
    bind_i64(&q, (int64_t)v->opinions);
    bind_z(&q, memory_voice_name(v->voice));
    bind_i64(&q, (int64_t)v->keys);
    return query_run(&q, err) || fail_in(err, "remember post %" PRId64, v->tweet_id);
}

bool row_get_memory(struct query *q, struct post_memory *ret, struct error *err) {
    struct post_memory v = {0};
    v.tweet_id = col_i64(q);
    v.root_id = col_i64(q);
    v.cluster_id = col_i64(q);
    v.simhash = (uint64_t)col_i64(q);
    v.token_count = col_i32(q);
    col_z(q, v.author, sizeof v.author);
    v.at = col_time(q);
    v.numbers = (uint64_t)col_i64(q);
    v.opinions = (uint64_t)col_i64(q);
    if (!memory_voice_from_name(col_str(q), &v.voice)) {
        return fail_name(q, "post_memory", v.tweet_id, err);
    }
    v.keys = (uint64_t)col_i64(q);
    *ret = v;
    return true;
}

/* -- control --------------------------------------------------------------------------------- */

bool row_put_control(struct store *s, const struct control *v, struct error *err) {
    static const struct sql sql = {SQL_UPSERT("control", CONTROL, "id")};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, 1);
    bind_z(&q, mode_name(v->mode));
    bind_z(&q, mode_name(v->before));
    bind_i64(&q, v->epoch);
    bind_z(&q, v->reason);
    bind_z(&q, v->actor);
    bind_time(&q, v->since);
    bind_time(&q, v->until);
    bind_bool(&q, v->by_program);
    return query_run(&q, err) || fail_in(err, "put the mode");
}

const struct sql control_sql = {"SELECT " SQL_COLUMNS(CONTROL) " FROM control"};

bool store_control(struct store *s, struct control *ret, bool *ret_found, struct error *err) {
    struct query q;
    struct control v = {0};
    bool row;
    if (!query_open(s, &control_sql, &q, err) || !query_row(&q, &row, err)) return false;
    *ret_found = row;
    if (!row) return true;
    IGNORE(col_i64(&q), "the key: there is one row");
    bool ok = mode_from_name(col_str(&q), &v.mode);
    ok = mode_from_name(col_str(&q), &v.before) && ok;
    v.epoch = col_i64(&q);
    col_z(&q, v.reason, sizeof v.reason);
    col_z(&q, v.actor, sizeof v.actor);
    v.since = col_time(&q);
    v.until = col_time(&q);
    v.by_program = col_bool(&q);
    if (!ok) fail_name(&q, "control", 1, err);
    query_close(&q);
    if (ok) *ret = v;
    return ok;
}
