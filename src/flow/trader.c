/* The trader: one event in, a list of actions out.
 *
 * Tour: on_event() below names what can happen; trader_signals.c goes from a reading to an intent,
 * trader_orders.c from an intent to a closed trade; judge/, risk/, wallet/ and trade/ are what they
 * decide with. The trader keeps its state in tables of fixed size, each entry of which is also a
 * row of the store: whatever changes is put as a whole row, and trader_open() takes the rows back.
 *
 * Prices are the exception: they come 850,000 at a time in a replay, so the price path touches no
 * action unless something hangs on the symbol. What is remembered of them is saved with the price
 * cursor (trader_save_prices).
 *
 * Thread: one. No clock, no I/O, no allocation after trader_open. */
#include "flow/trader.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "flow/trader_int.h"
#include "flow/wallet/wallet.h"

/* --- writing down -------------------------------------------------------------------- */

struct action *act(struct trader *t, action_kind kind) {
    PRE(t->acts->count < ACTIONS_MAX);
    struct action *a = &t->acts->v[t->acts->count++];
    memset(a, 0, sizeof *a);
    a->kind = kind;
    return a;
}

int64_t new_id(struct trader *t) {
    t->account_dirty = true;
    return t->account.next_id++;
}

void ledger(struct trader *t, const char *fmt, ...) {
    struct action *a = act(t, ACTION_LEDGER);
    a->u.ledger.seq = ++t->account.seq;
    a->u.ledger.at = t->now;
    t->account_dirty = true;
    struct buf b;
    buf_init_fixed(&b, a->u.ledger.line, LEDGER_LINE_BYTES);
    buf_put_i64(&b, t->now);
    buf_put_byte(&b, ' ');
    buf_put_i64(&b, a->u.ledger.seq);
    buf_put_byte(&b, ' ');
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
    POST(!buf_full(&b));
}

void tell(struct trader *t, tell_level level, const char *event, const char *fmt, ...) {
    struct action *a = act(t, ACTION_TELL);
    a->u.tell.level = level;
    struct buf b;
    buf_init_fixed(&b, a->u.tell.event, sizeof a->u.tell.event);
    buf_put(&b, str_from_z(event));
    buf_init_fixed(&b, a->u.tell.text, sizeof a->u.tell.text);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
}

void audit(struct trader *t, const char *actor, const char *action, const char *entity,
           int64_t entity_id, int64_t trade_id, const char *fmt, ...) {
    struct audit *a = &act(t, ACTION_AUDIT)->u.audit;
    a->at = t->now;
    a->entity_id = entity_id;
    a->trade_id = trade_id;
    IGNORE(str_copyz(str_from_z(actor), a->actor, sizeof a->actor), "names are cut");
    IGNORE(str_copyz(str_from_z(action), a->action, sizeof a->action), "ours, short");
    IGNORE(str_copyz(str_from_z(entity), a->entity, sizeof a->entity), "ours, short");
    struct buf b;
    buf_init_fixed(&b, a->detail, sizeof a->detail);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
}

const char *text_e8(struct texts *x, int64_t e8) {
    char *block = x->block[x->next++ % COUNT_OF(x->block)];
    const str s = amount_format_e8(e8, block);
    if (s.p != block) memmove(block, s.p, (size_t)s.n);
    block[s.n] = '\0';
    return block;
}

static const char *name_of(int64_t root_id, const char *symbol, const char *strategy,
                           char block[TRADE_NAME_BYTES]) {
    struct buf b;
    buf_init_fixed(&b, block, TRADE_NAME_BYTES);
    buf_printf(&b, "%lld/%s/%s", (long long)root_id, symbol, strategy);
    POST(!buf_full(&b));
    return block;
}

const char *trade_name(const struct trade *tr, char block[TRADE_NAME_BYTES]) {
    return name_of(tr->root_id, tr->symbol, tr->strategy, block);
}

/* An order may outlive its trade, whose intent is remembered for longer. */
const char *trade_name_of_order(const struct trader *t, const struct order *o,
                                char block[TRADE_NAME_BYTES]) {
    for (int i = 0; i < t->trade_count; i++) {
        if (t->trades[i].id == o->trade_id) return trade_name(&t->trades[i], block);
    }
    for (int n = 1; n <= t->memo_count; n++) {
        const struct memo *m = &t->memos[(t->memo_next - n + MEMO_MAX) % MEMO_MAX];
        if (m->trade_id == o->trade_id) return name_of(m->root_id, o->symbol, m->strategy, block);
    }
    return "?"; /* thousands of intents ago */
}

/* --- equity -------------------------------------------------------------------------- */

money trader_unrealized(const struct trader *t) {
    money sum = money_from_e8(0);
    for (int i = 0; i < t->trade_count; i++) {
        const struct trade *tr = &t->trades[i];
        const price mark = t->syms[tr->sym].mark;
        if (!price_is_zero(mark)) sum = money_plus(sum, wallet_unrealized(tr, mark));
    }
    return sum;
}

/* Start balance and profits taken, plus what is held at its last price. */
money trader_equity(const struct trader *t) {
    money e = money_plus(t->account.start, t->account.realized);
    return money_plus(e, trader_unrealized(t));
}

static int64_t drawdown_bp(const struct trader *t, money equity) {
    if (money_e8(t->account.day_open) <= 0) return 0;
    const int64_t bp =
        money_ratio_bp(money_minus(t->account.day_open, equity), t->account.day_open);
    return i64_max(bp, 0);
}

void sample_equity(struct trader *t) {
    if (money_is_zero(t->account.start)) return; /* the venue has not told yet */
    struct equity_sample *s = &act(t, ACTION_PUT_EQUITY)->u.equity;
    s->at = t->now;
    s->cash = t->account.cash;
    s->unrealized = trader_unrealized(t);
    s->equity = trader_equity(t);
    s->drawdown_bp = drawdown_bp(t, s->equity);
    t->sample_hour = t->now / USEC_PER_HOUR;
    if (money_cmp(s->equity, t->account.peak) > 0) t->account.peak = s->equity;
    t->account_dirty = true;
    struct texts x = {0};
    ledger(t, "equity %s cash=%s unrealized=%s", text_e8(&x, money_e8(s->equity)),
           text_e8(&x, money_e8(s->cash)), text_e8(&x, money_e8(s->unrealized)));
}

void check_drawdown(struct trader *t) {
    if (t->account.day_tripped) return;
    const money equity = trader_equity(t);
    money limit;
    if (!money_ratio(t->account.day_open, t->cfg->trading_max_daily_drawdown, E8, ROUND_CEIL,
                     &limit)) {
        return;
    }
    if (money_cmp(money_minus(t->account.day_open, equity), limit) < 0) return;
    t->account.day_tripped = true;
    t->account_dirty = true;
    t->acts->durable = true;
    struct texts x = {0};
    ledger(t, "drawdown equity=%s day_open=%s", text_e8(&x, money_e8(equity)),
           text_e8(&x, money_e8(t->account.day_open)));
    audit(t, "program", "drawdown", "account", 0, 0,
          "equity %s of the day's %s: no more entries today", text_e8(&x, money_e8(equity)),
          text_e8(&x, money_e8(t->account.day_open)));
    tell(t, TELL_UNUSUAL, "drawdown", "equity %s of %s at the day's opening: no more entries today",
         text_e8(&x, money_e8(equity)), text_e8(&x, money_e8(t->account.day_open)));
}

static void begin_day(struct trader *t) {
    t->account.day = time_utc_day(t->now);
    t->day_end = (t->account.day + 1) * USEC_PER_DAY;
    t->account.day_open = trader_equity(t);
    t->account.day_tripped = false;
    t->account_dirty = true;
    sample_equity(t);
}

/* --- prices -------------------------------------------------------------------------- */

static void note_price(struct sym_state *st, usec at, price p) {
    st->mark = p;
    st->has_price = true;
    volatility_note(&st->volatility, at, p);
    const int last = (st->ring_next + PRICE_RING - 1) % PRICE_RING;
    if (st->interval == 0 && st->ring_count > 0 && at - st->ring[last].at < RING_STEP) return;
    st->ring[st->ring_next].at = at;
    st->ring[st->ring_next].p = p;
    st->ring[st->ring_next].squared = st->volatility.squared;
    st->ring_next = (st->ring_next + 1) % PRICE_RING;
    if (st->ring_count < PRICE_RING) st->ring_count++;
}

static void sample_hourly(struct trader *t) {
    if (t->trade_count == 0 || t->now / USEC_PER_HOUR == t->sample_hour) return;
    sample_equity(t);
    for (int i = 0; i < t->trade_count; i++) {
        const struct trade *tr = &t->trades[i];
        if (!trade_entered(tr)) continue;
        position_of(t, tr, &act(t, ACTION_PUT_POSITION)->u.position);
    }
}

/* Says so when the account is too small for any order in the symbol, at its first price. */
static void tell_least_equity(struct trader *t, const struct quote *q) {
    money least;
    struct texts x = {0};
    const struct symbol *s = &t->symbols->v[q->sym];
    if (money_is_zero(t->account.start)) return; /* the venue has not told yet */
    const bool known = risk_least_equity(t->cfg, &t->traits, s, q->last, &least);
    if (known && money_cmp(trader_equity(t), least) >= 0) return;
    tell(t, TELL_UNUSUAL, "equity_too_small", "%s cannot be traded with %s at this price: %s%s",
         s->name, text_e8(&x, money_e8(trader_equity(t))),
         known ? "the least equity is " : "no equity is large enough",
         known ? text_e8(&x, money_e8(least)) : "");
}

static void on_quote(struct trader *t, const struct quote *q) {
    struct sym_state *st = &t->syms[q->sym];
    st->quote = *q;
    st->interval = q->interval;
    st->dry = false;
    if (!st->has_price) tell_least_equity(t, q);
    note_price(st, q->at, q->last);
    if (st->trade >= 0) check_drawdown(t);
    if (st->forecasts > 0) forecasts_on_quote(t, q);
    exits_on_quote(t, q->sym);
    signals_on_quote(t, q->sym);
    sample_hourly(t);
}

static void on_candle(struct trader *t, const struct candle *c) {
    struct sym_state *st = &t->syms[c->sym];
    note_price(st, c->close_at, c->close);
    if (st->trade >= 0) check_drawdown(t);
}

/* --- commands ------------------------------------------------------------------------ */

static void put_control(struct trader *t) {
    t->control.epoch++;
    t->control.since = t->now;
    act(t, ACTION_PUT_CONTROL)->u.control = t->control;
    t->acts->durable = true;
}

static void on_control(struct trader *t, const struct control *c) {
    if (c->mode != t->control.mode) {
        ledger(t, "mode %s>%s", mode_name(t->control.mode), mode_name(c->mode));
        tell(t, TELL_UNUSUAL, "mode", "%s, by %s: %s", mode_name(c->mode), c->actor, c->reason);
    }
    t->control = *c;
}

/* A mode other than a halt has an end only where it lies behind its beginning. */
static usec mode_ends(const struct trader *t) {
    const struct control *c = &t->control;
    return c->mode == MODE_HALTED || c->until > c->since ? c->until : USEC_NEVER;
}

static void on_mode_over(struct trader *t) {
    ledger(t, "mode %s>%s", mode_name(t->control.mode), mode_name(t->control.before));
    tell(t, TELL_UNUSUAL, "mode", "%s is over: %s again",
         t->control.mode == MODE_HALTED ? "the halt" : mode_name(t->control.mode),
         mode_name(t->control.before));
    audit(t, "program", "mode", "control", 0, 0, "%s expired, %s again",
          t->control.mode == MODE_HALTED ? "halt" : mode_name(t->control.mode),
          mode_name(t->control.before));
    t->control.mode = t->control.before;
    t->control.until = USEC_NEVER;
    memcpy(t->control.actor, "program", sizeof "program");
    put_control(t);
}

static int flatten(struct trader *t) {
    int count = 0;
    signals_refuse_all(t, REASON_HALTED);
    /* from the end: an exit at a fresh price may close its trade within the venue's answer, never
     * here */
    for (int i = t->trade_count - 1; i >= 0; i--) {
        trade_want_exit(t, &t->trades[i], REASON_FLATTENED);
        count++;
    }
    return count;
}

static bool close_one(struct trader *t, int64_t id, const char **ret_text) {
    struct trade *tr = trade_find(t, id);
    if (tr == NULL) {
        *ret_text = "no open trade has this id";
        return false;
    }
    trade_want_exit(t, tr, REASON_FLATTENED);
    *ret_text = "closing at the next price";
    return true;
}

/* A person asks for it: as if the source had said that the post was deleted. */
static int forget_post(struct trader *t, const struct command *c) {
    struct deletion d = {.tweet_id = c->target, .deleted_at = t->now};
    memcpy(d.actor, c->actor, sizeof d.actor);
    return on_deletion(t, &d);
}

/* The store has done it already; what was put since then goes once more. */
static void forget_author(struct trader *t, const struct command *c) {
    struct action *a = act(t, ACTION_FORGET_AUTHOR);
    IGNORE(str_copyz(str_from_z(c->reason), a->u.forget.key, AUTHOR_BYTES), "a key: as long");
    forecasts_forget(t, a->u.forget.key);
    judge_forget_author(&t->judge, str_from_z(a->u.forget.key));
}

/* trader_configure() came first, or the settings are void. */
static void put_setting(const struct trader *t, const struct command *c, char *ret, size_t bytes) {
    char block[64];
    struct buf by;
    buf_init_fixed(&by, block, sizeof block);
    if (c->is_void)
        (void)snprintf(ret, bytes, "does not go with the rest; what held holds on");
    else if (config_is_overridden(t->cfg, str_from_z(c->reason), &by))
        (void)snprintf(ret, bytes, "%s stands before it as long as it is given", buf_z(&by));
    else
        (void)snprintf(ret, bytes, "holds from now on");
}

/* A mode that was set during a halt waits for its end. */
static void put_mode(const struct trader *t, const struct command *c, char *ret, size_t bytes) {
    const mode m = t->control.mode;
    if (c->verb == VERB_MODE && m == MODE_HALTED && c->mode != MODE_HALTED)
        (void)snprintf(ret, bytes, "halted, as before; %s when the halt ends", mode_name(c->mode));
    else
        (void)snprintf(ret, bytes, "%s", mode_name(m));
}

static void on_command(struct trader *t, const struct command *c) {
    const char *text = "done";
    char counted[96];
    bool ok = true;
    switch (c->verb) {
    case VERB_HALT:
    case VERB_RESUME:
    case VERB_MODE:
        put_mode(t, c, counted, sizeof counted);
        text = counted;
        break;
    case VERB_FLATTEN:
        (void)snprintf(counted, sizeof counted, "closing %d positions at the next price",
                       flatten(t));
        text = counted;
        break;
    case VERB_APPROVE:
        ok = signal_approve(t, c->target, c->actor, &text);
        break;
    case VERB_REJECT:
        ok = signal_reject(t, c->target, c->actor, &text);
        break;
    case VERB_CLOSE:
        ok = close_one(t, c->target, &text);
        break;
    case VERB_RECONCILE:
        compare_for(t, c->id); /* answers when it has been done */
        return;
    case VERB_FORGET:
        (void)snprintf(counted, sizeof counted, "forgotten; of its trades, %d were open",
                       forget_post(t, c));
        text = counted;
        break;
    case VERB_FORGET_AUTHOR:
        forget_author(t, c);
        text = "forgotten: his name, habits and record";
        break;
    case VERB_SETTING:
        ok = !c->is_void;
        put_setting(t, c, counted, sizeof counted);
        text = counted;
        break;
    case VERB_NONE:
        WRONG("a command without a verb");
    }
    if (c->verb == VERB_FLATTEN || c->verb == VERB_CLOSE) {
        audit(t, c->actor, verb_name(c->verb), "account", c->target, c->target, "%s", text);
    }
    ledger(t, "command %s %s", verb_name(c->verb), ok ? "done" : "refused");
    struct action *a = act(t, ACTION_COMMAND_DONE);
    a->u.done.id = c->id;
    a->u.done.ok = ok;
    IGNORE(str_copyz(str_from_z(text), a->u.done.result, sizeof a->u.done.result), "short");
    t->acts->durable = true;
}

/* --- turns --------------------------------------------------------------------------- */

static void on_start(struct trader *t) {
    if (t->fresh) {
        act(t, ACTION_PUT_CONTROL)->u.control = t->control;
        audit(t, "program", "start", "account", 0, 0, "a new account, mode %s",
              mode_name(t->control.mode));
        t->account_dirty = true;
        t->acts->durable = true;
        t->fresh = false;
    }
    orders_on_start(t);
    compare_want(t, t->now);
    compare_on_timer(t);
}

static void on_timer(struct trader *t) {
    if (t->now >= mode_ends(t)) on_mode_over(t);
    signals_on_timer(t);
    orders_on_timer(t);
    venue_on_timer(t);
}

static void on_event(struct trader *t, const struct event *ev) {
    switch (ev->kind) {
    case EVENT_READING:
        on_reading(t, ev->u.reading);
        return;
    case EVENT_QUOTE:
        on_quote(t, &ev->u.quote);
        return;
    case EVENT_CANDLE:
        on_candle(t, &ev->u.candle);
        return;
    case EVENT_REPORT:
        on_report(t, &ev->u.report);
        return;
    case EVENT_REPLY:
        on_reply(t, ev->u.reply);
        return;
    case EVENT_TIMER:
        on_timer(t);
        return;
    case EVENT_COMMAND:
        on_command(t, &ev->u.command);
        return;
    case EVENT_CONTROL:
        on_control(t, &ev->u.control);
        return;
    case EVENT_START:
        on_start(t);
        return;
    case EVENT_DRY:
        t->syms[ev->u.sym].dry = true;
        signals_on_dry(t, ev->u.sym);
        forecasts_on_dry(t, ev->u.sym);
        return;
    case EVENT_DELETION:
        IGNORE(on_deletion(t, &ev->u.deletion) >= 0, "how many trades it had opened");
        return;
    case EVENT_VENUE:
        on_venue(t, &ev->u.venue);
        return;
    case EVENT_SYMBOL:
        on_symbol(t, &ev->u.symbol);
        return;
    case EVENT_NONE:
        break;
    }
    WRONG("an event without a kind");
}

static void timers_update(struct trader *t) {
    usec next = i64_min(orders_next_timer(t), venue_next(t));
    next = i64_min(next, signals_next(t));
    next = i64_min(next, mode_ends(t));
    t->next_timer = next;
}

void trader_step(struct trader *t, usec now, const struct event *ev, struct actions *acts) {
    PRE(now >= t->now);
    acts->count = 0;
    acts->durable = false;
    t->acts = acts;
    t->now = now;
    if (t->clock_jumped) t->jumped_at = now;
    t->clock_jumped = false;
    if (now >= t->day_end) begin_day(t);
    on_event(t, ev);
    if (t->account_dirty) {
        t->account.now = now;
        act(t, ACTION_PUT_ACCOUNT)->u.account = t->account;
        t->account_dirty = false;
    }
    /* a price with nothing hanging on it moves no timer */
    if (acts->count > 0 || (ev->kind != EVENT_QUOTE && ev->kind != EVENT_CANDLE)) timers_update(t);
}

void trader_clock_jumped(struct trader *t) { t->clock_jumped = true; }

usec trader_next_timer(const struct trader *t) { return t->next_timer; }

bool trader_may_open(const struct trader *t, const struct event *ev) {
    switch (ev->kind) {
    case EVENT_READING:
        return ev->u.reading->mention_count > 0;
    case EVENT_QUOTE:
        return t->syms[ev->u.quote.sym].waiting > 0;
    case EVENT_COMMAND:
    case EVENT_TIMER:
        return true;
    case EVENT_NONE:
    case EVENT_CANDLE:
    case EVENT_REPORT:
    case EVENT_REPLY:
    case EVENT_START:
    case EVENT_DRY:
    case EVENT_CONTROL:
    case EVENT_DELETION:
    case EVENT_VENUE:
    case EVENT_SYMBOL:
        return false;
    }
    WRONG("event kind out of its list");
}

/* --- opening, looking ---------------------------------------------------------------- */

static void start_account(struct trader *t, const struct trader_rows *rows) {
    const struct config *cfg = t->cfg;
    t->fresh = true;
    t->account = rows->account;
    const money start = t->traits.snapshots ? money_from_e8(0) : cfg->paper_balance;
    t->account.start = t->account.cash = t->account.day_open = t->account.peak = start;
    t->account.day = -1;
    t->account.next_id = 1;
    if (t->account.install[0] == '\0') memcpy(t->account.install, "0000", sizeof "0000");
    if (rows->control.epoch != 0) { /* somebody halted it before its first start */
        t->control = rows->control;
        return;
    }
    t->control = (struct control){.epoch = 1, .until = USEC_NEVER};
    memcpy(t->control.actor, "program", sizeof "program");
    memcpy(t->control.reason, "first start", sizeof "first start");
    const bool known = mode_from_name(cfg->trading_mode, &t->control.mode);
    PRE(known);
    t->control.before = t->control.mode == MODE_HALTED ? MODE_AUTO : t->control.mode;
}

static bool load_trades(struct trader *t, const struct trader_rows *rows, struct error *err) {
    for (int i = 0; i < rows->trade_count; i++) {
        struct trade *tr = &t->trades[t->trade_count++];
        *tr = rows->trades[i];
        tr->sym = symbols_find(t->symbols, str_from_z(tr->symbol));
        if (tr->sym == SYM_NONE) {
            return fail(
                err, ERR_STATE, 0,
                "trade %lld holds %s, which the venue's symbols do not list; start with the "
                "exchange_info file it was opened under",
                (long long)tr->id, tr->symbol);
        }
    }
    for (int i = 0; i < rows->order_count; i++) {
        struct order *o = &t->orders[t->order_count];
        *o = rows->orders[i];
        o->sym = symbols_find(t->symbols, str_from_z(o->symbol));
        if (o->sym != SYM_NONE) t->order_count++; /* of an ended trade whose pair is gone */
    }
    trades_index(t);
    return true;
}

static void load_signals(struct trader *t, const struct trader_rows *rows) {
    for (int i = 0; i < rows->signal_count; i++) {
        struct signal *s = &t->signals[t->signal_count];
        *s = rows->signals[i];
        s->sym = symbols_find(t->symbols, str_from_z(s->symbol));
        if (s->sym == SYM_NONE) continue;
        t->signal_count++;
        if (!s->wants_approval || s->approved) t->syms[s->sym].waiting++;
    }
}

/* Intents of the last day and the symbols' rest, from open and from ended trades. */
static void load_past(struct trader *t, const struct trader_rows *rows) {
    for (int i = 0; i < rows->closed_count + rows->trade_count; i++) {
        const bool open = i >= rows->closed_count;
        const struct trade *tr = open ? &rows->trades[i - rows->closed_count] : &rows->closed[i];
        const int sym = symbols_find(t->symbols, str_from_z(tr->symbol));
        if (sym == SYM_NONE) continue;
        remember_intent(t, tr, sym);
        if (tr->status == TRADE_CLOSED) {
            t->syms[sym].closed_at = i64_max(t->syms[sym].closed_at, tr->closed_at);
        }
    }
}

static bool rows_fit(const struct trader_rows *r, struct error *err) {
    if (r->trade_count <= TRADES_MAX && r->order_count <= ORDERS_MAX &&
        r->signal_count <= SIGNALS_MAX) {
        return true;
    }
    return fail(err, ERR_RANGE, 0,
                "the store holds %d open trades, %d orders, %d waiting signals; "
                "at most %d, %d, %d can be handled",
                r->trade_count, r->order_count, r->signal_count, TRADES_MAX, ORDERS_MAX,
                SIGNALS_MAX);
}

static struct symbols *copy_symbols(struct arena *boot, const struct symbols *s) {
    struct symbols *copy = NEW(boot, struct symbols);
    copy->v = NEW_ARRAY(boot, struct symbol, s->count + 1);
    copy->count = s->count;
    for (int i = 0; i < s->count; i++) copy->v[i] = s->v[i];
    return copy;
}

bool trader_open(struct arena *boot, const struct config *cfg, const struct symbols *symbols,
                 const struct venue_traits *traits, const struct trader_rows *rows,
                 struct trader **ret, struct error *err) {
    if (!rows_fit(rows, err)) return false;
    struct trader *t = NEW(boot, struct trader);
    t->cfg = cfg;
    t->symbols = copy_symbols(boot, symbols);
    t->traits = *traits;
    t->syms = NEW_ARRAY(boot, struct sym_state, symbols->count > 0 ? symbols->count : 1);
    t->trades = NEW_ARRAY(boot, struct trade, TRADES_MAX);
    t->orders = NEW_ARRAY(boot, struct order, ORDERS_MAX);
    t->signals = NEW_ARRAY(boot, struct signal, SIGNALS_MAX);
    t->forecasts = NEW_ARRAY(boot, struct forecast, FORECASTS_MAX);
    t->memos = NEW_ARRAY(boot, struct memo, MEMO_MAX);
    t->positions = NEW_ARRAY(boot, struct position, TRADES_MAX);
    t->next_timer = t->compare.due = t->venue_warn_at = USEC_NEVER;
    judge_init(&t->judge, boot, cfg);
    deleted_init(&t->deleted, boot);
    if (rows->fresh) {
        start_account(t, rows);
    } else {
        t->account = rows->account;
        t->control = rows->control;
        t->now = rows->account.now;
    }
    t->day_end = (t->account.day + 1) * USEC_PER_DAY;
    if (!load_trades(t, rows, err)) return false;
    load_signals(t, rows);
    load_past(t, rows);
    for (int i = 0; i < rows->author_count; i++) judge_put_author(&t->judge, &rows->authors[i]);
    for (int i = 0; i < rows->memory_count; i++) judge_put_memory(&t->judge, &rows->memory[i]);
    for (int i = 0; i < rows->deletion_count; i++) deleted_put(&t->deleted, &rows->deletions[i]);
    forecasts_load(t, rows);
    timers_update(t);
    *ret = t;
    return true;
}

void trader_configure(struct trader *t, const struct config *cfg) {
    t->cfg = cfg;
    judge_configure(&t->judge, cfg);
}

void trader_view(struct trader *t, struct trader_view *ret) {
    int count = 0;
    for (int i = 0; i < t->trade_count; i++) {
        const struct trade *tr = &t->trades[i];
        if (!trade_entered(tr)) continue;
        position_of(t, tr, &t->positions[count++]);
    }
    const money equity = trader_equity(t);
    *ret = (struct trader_view){
        .account = &t->account,
        .control = &t->control,
        .positions = t->positions,
        .position_count = count,
        .equity = equity,
        .unrealized = trader_unrealized(t),
        .drawdown_bp = drawdown_bp(t, equity),
        .refused = t->refused,
        .waiting = t->signal_count,
        .trades = t->trade_count,
    };
}
