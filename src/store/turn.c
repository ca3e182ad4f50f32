/* A turn of the trader, written as rows.
 *
 * In: the actions of one turn, in order, inside the caller's transaction. Out: the rows; nothing is
 * sent or told here. Invariants: an intent is written once (root of the edit chain, symbol,
 * strategy; and by cluster of copies within a day) and only while the mode lets entries through
 * under the epoch that the trader decided in; a mode set by a person is never overwritten by an
 * older one. Failure: the transaction is spoiled as a whole, the caller rolls back; a turn is never
 * half there. Thread: the writer's. */
#include "store/store_int.h"

#include <inttypes.h>

#include "store/columns.h"

#define MEMORY_PRUNE_EVERY 64 /* puts; prunes at most twice as many, so the table stays bounded */

/* Puts the row and, now and then, removes a few of the oldest that are past a day. */
static bool put_memory(struct store *s, const struct post_memory *v, struct error *err) {
    static const struct sql prune = {"DELETE FROM post_memory WHERE at < $1 AND seq IN "
                                     "(SELECT seq FROM post_memory ORDER BY seq LIMIT 128)"};
    if (!row_put_memory(s, v, err)) return false;
    if (++s->memory_puts < MEMORY_PRUNE_EVERY) return true;
    s->memory_puts = 0;
    struct query q;
    if (!query_open(s, &prune, &q, err)) return false;
    bind_time(&q, v->at - USEC_PER_DAY);
    return query_run(&q, err);
}

/* -- authors' records ------------------------------------------------------------------------ */

static bool remove_record(struct store *s, const char *key, struct error *err) {
    static const struct sql sql = {"DELETE FROM author_records WHERE key = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, key);
    return query_run(&q, err) || fail_in(err, "forget the record of %s", key);
}

/* The outcome goes, what it says of its author stays. */
static bool end_forecast(struct store *s, const struct action *a, struct error *err) {
    static const struct sql sql = {"DELETE FROM forecasts WHERE id = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, a->u.ended.id);
    if (!query_run(&q, err))
        return fail_in(err, "end the outcome of signal %" PRId64, a->u.ended.id);
    const char *forgotten = a->u.ended.forgotten;
    if (forgotten[0] != '\0' && !remove_record(s, forgotten, err)) return false;
    return row_put_record(s, &a->u.ended.record, err);
}

/* -- intents --------------------------------------------------------------------------------- */

/* Why the intent was not written. */
static bool explain_refusal(struct store *s, const struct trade *t, struct error *err) {
    struct control c = {0};
    bool found;
    if (!store_control(s, &c, &found, err)) return false;
    if (found && c.epoch == t->epoch && (c.mode == MODE_AUTO || c.mode == MODE_MANUAL)) {
        return fail(err, ERR_EXISTS, 0,
                    "an intent for post %" PRId64 " (or a copy of it), %s, %s exists already",
                    t->root_id, t->symbol, t->strategy);
    }
    return fail(err, ERR_STATE, 0,
                "the mode changed before the entry could be committed: epoch %" PRId64 ", %s, "
                "decided under %" PRId64,
                c.epoch, found ? mode_name(c.mode) : "no mode", t->epoch);
}

/* The key that makes an entry unique, under the epoch, then the trade. */
static bool put_intent(struct store *s, const struct trade *t, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO intents (root_id, symbol, strategy, cluster_id, trade_id, epoch, created_at) "
        "SELECT $1, $2, $3, $4, $5, $6, $7 "
        "WHERE EXISTS (SELECT 1 FROM control WHERE epoch = $6 AND mode IN ('auto', 'manual')) "
        "AND NOT EXISTS (SELECT 1 FROM intents WHERE cluster_id = $4 AND symbol = $2 "
        "AND strategy = $3 AND created_at > $8) "
        "ON CONFLICT (root_id, symbol, strategy) DO NOTHING"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, t->root_id);
    bind_z(&q, t->symbol);
    bind_z(&q, t->strategy);
    bind_id(&q, t->cluster_id);
    bind_i64(&q, t->id);
    bind_i64(&q, t->epoch);
    bind_time(&q, t->created_at);
    bind_time(&q, t->created_at - USEC_PER_DAY);
    int64_t put;
    if (!query_run(&q, err) || !query_changes(s, &put, err))
        return fail_in(err, "put the intent of trade %" PRId64, t->id);
    if (put == 0) return explain_refusal(s, t, err);
    return row_put_trade(s, t, err);
}

/* -- fills, positions, equity ---------------------------------------------------------------- */

static bool put_fill(struct store *s, const struct fill *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO fills (id, trade_id, order_id, symbol, side, leg, quantity, price, quote, "
        "fee, "
        "fee_asset, fee_in_base, filled_at, venue_trade_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, v->id);
    bind_id(&q, v->trade_id);
    bind_id(&q, v->order_id);
    bind_z(&q, v->symbol);
    bind_z(&q, order_side_name(v->side));
    bind_z(&q, leg_name(v->leg));
    bind_e8(&q, qty_e8(v->qty));
    bind_e8(&q, price_e8(v->price));
    bind_e8(&q, money_e8(v->quote));
    bind_e8(&q, v->fee_e8);
    bind_z(&q, v->fee_asset);
    bind_bool(&q, v->fee_in_base);
    bind_time(&q, v->at);
    bind_z_or_null(&q, v->venue_trade_id);
    return query_run(&q, err) || fail_in(err, "put fill %s of %s", v->venue_trade_id, v->symbol);
}

static bool remove_position(struct store *s, const struct position *v, struct error *err) {
    static const struct sql sql = {"DELETE FROM positions WHERE symbol = $1"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, v->symbol);
    return query_run(&q, err) || fail_in(err, "remove the position in %s", v->symbol);
}

static bool put_position(struct store *s, const struct position *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO positions (symbol, size, avg_entry, leverage, unrealized_pnl, updated_at, "
        "trade_id) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (symbol) DO UPDATE SET "
        "size = excluded.size, avg_entry = excluded.avg_entry, leverage = excluded.leverage, "
        "unrealized_pnl = excluded.unrealized_pnl, updated_at = excluded.updated_at, "
        "trade_id = excluded.trade_id"};
    if (qty_is_zero(v->size)) return remove_position(s, v, err);
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, v->symbol);
    bind_e8(&q, qty_e8(v->size));
    bind_e8(&q, price_e8(v->avg_entry));
    bind_i64(&q, v->leverage);
    bind_e8(&q, money_e8(v->unrealized));
    bind_time(&q, v->updated_at);
    bind_id(&q, v->trade_id);
    return query_run(&q, err) || fail_in(err, "put the position in %s", v->symbol);
}

static bool put_equity(struct store *s, const struct equity_sample *v, struct error *err) {
    static const struct sql sql = {
        "INSERT INTO equity (at, equity, cash, unrealized, drawdown) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (at) DO UPDATE SET equity = excluded.equity, cash = excluded.cash, "
        "unrealized = excluded.unrealized, drawdown = excluded.drawdown"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_time(&q, v->at);
    bind_e8(&q, money_e8(v->equity));
    bind_e8(&q, money_e8(v->cash));
    bind_e8(&q, money_e8(v->unrealized));
    bind_i64(&q, v->drawdown_bp);
    return query_run(&q, err) || fail_in(err, "put the equity");
}

/* -- control, commands, ledger --------------------------------------------------------------- */

/* The mode only moves forward: a row that a person changed meanwhile stays. One thing is never
 * lost, the program's own halt: it then takes the epoch after the person's, and a halt of theirs
 * that had an end has none any more. */
static bool put_control(struct store *s, const struct control *v, struct error *err) {
    struct control have = {0};
    struct control next = *v;
    bool found;
    if (!store_control(s, &have, &found, err)) return false;
    if (found && v->epoch <= have.epoch) {
        const bool own_halt = v->mode == MODE_HALTED && v->by_program;
        const bool halted = have.mode == MODE_HALTED;
        if (!own_halt || (halted && have.by_program)) return true;
        next.before = control_after_halt(&have);
        next.epoch = have.epoch + 1;
    }
    return row_put_control(s, &next, err);
}

/* Of an author that was to be forgotten not even the command keeps the key. */
static bool finish_command(struct store *s, const struct action *a, usec now, struct error *err) {
    static const struct sql sql = {
        "UPDATE commands SET status = $1, result = $2, done_at = $3, "
        "reason = CASE verb WHEN 'forget_author' THEN '' ELSE reason END "
        "WHERE id = $4 AND status = 'pending'"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_z(&q, a->u.done.ok ? "done" : "failed");
    bind_z(&q, a->u.done.result);
    bind_time(&q, now);
    bind_i64(&q, a->u.done.id);
    return query_run(&q, err) || fail_in(err, "finish command %" PRId64, a->u.done.id);
}

static bool put_ledger(struct store *s, const struct action *a, struct error *err) {
    static const struct sql sql = {"INSERT INTO ledger (seq, at, line) VALUES ($1, $2, $3)"};
    struct query q;
    if (!query_open(s, &sql, &q, err)) return false;
    bind_i64(&q, a->u.ledger.seq);
    bind_time(&q, a->u.ledger.at);
    bind_z(&q, a->u.ledger.line);
    return query_run(&q, err) || fail_in(err, "put ledger line %" PRId64, a->u.ledger.seq);
}

/* -- the turn -------------------------------------------------------------------------------- */

static bool apply_one(struct store *s, const struct action *a, usec now, struct error *err) {
    bool any;
    switch (a->kind) {
    case ACTION_PUT_POST:
        return row_put_post(s, a->u.post.reading, a->u.post.signal_score, a->u.post.outcome, now,
                            err);
    case ACTION_PUT_MEMORY:
        return put_memory(s, &a->u.memory, err);
    case ACTION_PUT_DELETION:
        return deletion_put(s, &a->u.deletion, err);
    case ACTION_PUT_AUTHOR:
        return row_put_author(s, &a->u.author, err);
    case ACTION_FORGET_AUTHOR:
        return author_clear(s, a->u.forget.key, &any, err);
    case ACTION_PUT_FORECAST:
        return row_put_forecast(s, &a->u.forecast, err);
    case ACTION_END_FORECAST:
        return end_forecast(s, a, err);
    case ACTION_PUT_SIGNAL:
        return row_put_signal(s, &a->u.signal, err);
    case ACTION_PUT_INTENT:
        return put_intent(s, &a->u.trade, err);
    case ACTION_PUT_TRADE:
        return row_put_trade(s, &a->u.trade, err);
    case ACTION_PUT_ORDER:
        return row_put_order(s, &a->u.order, err);
    case ACTION_PUT_FILL:
        return put_fill(s, &a->u.fill, err);
    case ACTION_PUT_POSITION:
        return put_position(s, &a->u.position, err);
    case ACTION_PUT_EQUITY:
        return put_equity(s, &a->u.equity, err);
    case ACTION_PUT_ACCOUNT:
        s->account = a->u.account; /* each turn has one: the commit puts the last */
        s->account_due = true;
        return true;
    case ACTION_PUT_CONTROL:
        return put_control(s, &a->u.control, err);
    case ACTION_AUDIT:
        return audit_add(s, &a->u.audit, err);
    case ACTION_LEDGER:
        return put_ledger(s, a, err);
    case ACTION_COMMAND_DONE:
        return finish_command(s, a, now, err);
    case ACTION_SEND:
    case ACTION_TELL:
        return true; /* done after the commit, not here */
    }
    WRONG("an action of no kind");
}

/* The turn's own time, virtual in virtual time: the account row carries it, and a row of the audit
 * or a post has one too. */
static usec turn_time(const struct actions *acts) {
    usec at = 0;
    for (int i = acts->count - 1; i >= 0; i--) {
        const struct action *a = &acts->v[i];
        if (a->kind == ACTION_PUT_ACCOUNT) return a->u.account.now;
        if (a->kind == ACTION_AUDIT) at = a->u.audit.at;
        if (a->kind == ACTION_PUT_POST && at == 0) at = a->u.post.reading->post->received_at;
    }
    return at;
}

bool store_apply(struct store *s, const struct actions *acts, struct error *err) {
    PRE(s->in_transaction);
    const usec now = turn_time(acts);
    for (int i = 0; i < acts->count; i++) {
        if (apply_one(s, &acts->v[i], now, err)) continue;
        s->spoiled = true;
        return false;
    }
    return true;
}
