/* world: the process, and the people and posts around it. See the header.
 *
 * A turn is as in src/run/turn.c: what may open a position first obeys what was ordered; rows that
 * something follows from are committed before it, others within 100 ms, and a kill loses those.
 * Requests leave when the commit is over. A kill takes everything that is not in the rows: trader,
 * conversation, requests that have not left, answers that have not come. What has left arrives. */
#include "world_int.h"

#include <stdlib.h>

#define GROUP_US (100 * USEC_PER_MS)
#define GROUP_ROWS 256
#define COMMAND_POLL (50 * USEC_PER_MS)
#define TURNS_AT_ONCE 5000
#define QUIET (720 * USEC_PER_S) /* longer than it takes to be sure of a wipe: ten minutes */

const char *const mistake_names[MISTAKE_COUNT] = {
#define X(name, text) [MISTAKE_##name] = text,
    MISTAKE_MAP(X)
#undef X
};

/* --- words ------------------------------------------------------------------------------- */

void world_note(struct world *w, const char *fmt, ...) {
    if (!w->trace) return;
    const usec t = w->now - w->start;
    printf("%4lld.%06lld %s ", (long long)(t / USEC_PER_S), (long long)(t % USEC_PER_S),
           w->alive ? " " : "-");
    va_list args;
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

void world_broken(struct world *w, const char *fmt, ...) {
    if (w->failed) return;
    w->failed = true;
    w->result->ok = false;
    va_list args;
    va_start(args, fmt);
    vsnprintf(w->result->why, sizeof w->result->why, fmt, args);
    va_end(args);
    world_note(w, "BROKEN: %s", w->result->why);
}

bool one_in(struct rng *r, int64_t n) { return rng_below(r, (uint64_t)n) == 0; }

static int64_t between(struct world *w, int64_t lo, int64_t hi) {
    return rng_between(&w->rng, lo, hi);
}

/* --- what is to come --------------------------------------------------------------------- */

static bool before(const struct item *a, const struct item *b) {
    return a->at < b->at || (a->at == b->at && a->seq < b->seq);
}

void world_put(struct world *w, usec at, item_kind kind, int arg, int life, char *text) {
    if (w->heap_count == w->heap_cap) fail_msg("no room for more to come");
    int i = w->heap_count++;
    const struct item it = {.at = at < w->now ? w->now : at,
                            .seq = w->seq++,
                            .kind = kind,
                            .arg = arg,
                            .life = life,
                            .call = kind == ITEM_ANSWER ? w->lanes[arg].call : 0,
                            .text = text};
    for (; i > 0 && before(&it, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = it;
}

static struct item pop(struct world *w) {
    const struct item first = w->heap[0], last = w->heap[--w->heap_count];
    int i = 0;
    for (;;) {
        int k = 2 * i + 1;
        if (k >= w->heap_count) break;
        if (k + 1 < w->heap_count && before(&w->heap[k + 1], &w->heap[k])) k++;
        if (!before(&w->heap[k], &last)) break;
        w->heap[i] = w->heap[k];
        i = k;
    }
    w->heap[i] = last;
    return first;
}

/* --- rows -------------------------------------------------------------------------------- */

/* What risk is held against at each intent: as many trades and as much exposure as there may be,
 * whatever is known of them. */
static void check_limits(struct world *w, const struct trade *t) {
    const struct rows *r = &w->rows;
    int open = 1;
    money sum, one;
    bool ok = money_notional(t->limit_price, t->quantity, ROUND_CEIL, &sum);
    for (int i = 0; i < r->trade_count; i++) {
        const struct trade *o = &r->trades[i];
        if (o->status != TRADE_OPEN) continue;
        open++;
        ok = ok && money_notional(o->limit_price, o->quantity, ROUND_FLOOR, &one);
        if (ok) sum = money_plus(sum, one);
    }
    if (open > w->cfg->trading_max_open_positions) broken(w, "%d trades are open", open);
    /* equity may have grown a little by then */
    const money most = money_from_e8(money_e8(r->account.start) / 10 * 12);
    if (ok && money_cmp(sum, most) > 0)
        broken(w, "exposure %lld of %lld", (long long)money_e8(sum),
               (long long)money_e8(r->account.start));
}

static void put_intent(struct world *w, const struct trade *t) {
    const struct rows *r = &w->rows;
    for (int i = 0; i < r->trade_count; i++) {
        const struct trade *o = &r->trades[i];
        if (o->sym != t->sym) continue;
        if (o->root_id == t->root_id && strcmp(o->strategy, t->strategy) == 0)
            broken(w, "an intent twice for post %lld and %s", (long long)t->root_id, t->symbol);
        if (o->status == TRADE_OPEN) broken(w, "two trades in %s", t->symbol);
    }
    if (t->epoch != r->control.epoch)
        broken(w, "an intent under epoch %lld, it is %lld", (long long)t->epoch,
               (long long)r->control.epoch);
    if (r->control.mode != MODE_AUTO && r->control.mode != MODE_MANUAL)
        broken(w, "an intent in mode %s", mode_name(r->control.mode));
    check_limits(w, t);
    w->result->counts.trades++;
    PUT_BY_ID(&w->rows, trades, trade_count, TRADES_KEPT, t);
}

static void put_order(struct world *w, const struct order *o) {
    const struct rows *r = &w->rows;
    for (int i = r->order_count - 1; i >= 0; i--) {
        if (r->orders[i].id != o->id && strcmp(r->orders[i].coid, o->coid) == 0)
            broken(w, "client order id %s twice", o->coid);
    }
    w->result->counts.unknown += o->state == ORDER_ST_UNKNOWN;
    w->result->counts.absent += o->state == ORDER_ST_ABSENT;
    PUT_BY_ID(&w->rows, orders, order_count, ORDERS_KEPT, o);
}

static void put_fill(struct world *w, const struct fill *f) {
    struct rows *r = &w->rows;
    for (int i = 0; i < r->fill_count; i++) {
        if (r->fills[i].order_id == f->order_id &&
            strcmp(r->fills[i].venue_trade_id, f->venue_trade_id) == 0)
            broken(w, "fill %s twice", f->venue_trade_id);
    }
    if (r->fill_count == FILLS_KEPT) fail_msg("no room for more fills");
    r->fills[r->fill_count++] = *f;
}

static void put_control(struct world *w, const struct control *c) {
    if (c->epoch <= w->rows.control.epoch && w->rows.has_account)
        broken(w, "control goes back to epoch %lld", (long long)c->epoch);
    w->wipe_told = w->wipe_told || (c->by_program && c->mode == MODE_HALTED);
    w->rows.control = *c;
}

static void keep(struct world *w, const struct action *a) {
    struct rows *r = &w->rows;
    switch (a->kind) {
    case ACTION_PUT_INTENT:
        put_intent(w, &a->u.trade);
        return;
    case ACTION_PUT_TRADE:
        PUT_BY_ID(r, trades, trade_count, TRADES_KEPT, &a->u.trade);
        return;
    case ACTION_PUT_ORDER:
        put_order(w, &a->u.order);
        return;
    case ACTION_PUT_FILL:
        put_fill(w, &a->u.fill);
        return;
    case ACTION_PUT_SIGNAL:
        PUT_BY_ID(r, signals, signal_count, SIGNALS_KEPT, &a->u.signal);
        return;
    case ACTION_PUT_AUTHOR:
        rows_put_author(r, &a->u.author);
        return;
    case ACTION_PUT_MEMORY:
        rows_put_memory(r, &a->u.memory);
        return;
    case ACTION_PUT_FORECAST:
        PUT_BY_ID(r, forecasts, forecast_count, FORECASTS_KEPT, &a->u.forecast);
        return;
    case ACTION_END_FORECAST:
        rows_end_forecast(r, a);
        return;
    case ACTION_PUT_ACCOUNT:
        r->account = a->u.account;
        r->has_account = true;
        return;
    case ACTION_PUT_CONTROL:
        put_control(w, &a->u.control);
        return;
    case ACTION_PUT_DELETION:
        rows_put_deletion(r, &a->u.deletion);
        return;
    case ACTION_FORGET_AUTHOR:
        rows_forget_author(r, a->u.forget.key);
        return;
    case ACTION_LEDGER:
        world_note(w, "  %s", strchr(strchr(a->u.ledger.line, ' ') + 1, ' ') + 1);
        return;
    case ACTION_PUT_POST:
    case ACTION_PUT_POSITION:
    case ACTION_PUT_EQUITY:
    case ACTION_AUDIT:
    case ACTION_COMMAND_DONE:
    case ACTION_SEND:
    case ACTION_TELL:
        return;
    }
    WRONG("action out of its list");
}

static void commit(struct world *w) {
    for (int i = 0; i < w->uncommitted_count; i++) keep(w, &w->uncommitted[i]);
    w->uncommitted_count = 0;
    w->flush_due = false;
}

static bool is_row(action_kind k) {
    return k != ACTION_SEND && k != ACTION_TELL && k != ACTION_PUT_POST;
}

static void later(struct world *w, const struct action *a) {
    if (w->uncommitted_count == w->uncommitted_cap) {
        w->uncommitted_cap = w->uncommitted_cap == 0 ? 1024 : 2 * w->uncommitted_cap;
        w->uncommitted =
            realloc(w->uncommitted, (size_t)w->uncommitted_cap * sizeof *w->uncommitted);
        if (w->uncommitted == NULL) fail_msg("out of memory");
    }
    w->uncommitted[w->uncommitted_count++] = *a;
}

/* --- turns ------------------------------------------------------------------------------- */

static void tell(struct world *w, const struct action *a) {
    static const char *const levels[] = {"info", "unusual", "BROKEN"};
    world_note(w, "  %s %s: %s", levels[a->u.tell.level], a->u.tell.event, a->u.tell.text);
    /* the two answers of a snapshot are not of one moment: a stop may sell between them */
    const bool may_be = strcmp(a->u.tell.event, "balance_short") == 0;
    if (a->u.tell.level == TELL_BROKEN && w->resets == 0 && !may_be)
        broken(w, "told: %s: %s", a->u.tell.event, a->u.tell.text);
}

static void send(struct world *w, const struct request *rq) {
    w->result->counts.requests++;
    w->result->counts.exits += rq->kind == REQUEST_EXIT;
    w->result->counts.repairs += rq->kind == REQUEST_PROTECT;
    if (w->mistake == MISTAKE_NO_REPAIR &&
        (rq->kind == REQUEST_EXIT || rq->kind == REQUEST_PROTECT))
        return;
    wires_send(w, rq);
}

/* The death of the process at this very moment; the rest is done when the item is over. */
void world_kill(struct world *w) {
    if (!w->alive || w->now >= w->faults_until) return;
    w->alive = false;
    w->result->counts.kills++;
    world_note(w, "KILLED");
}

static usec commit_takes(struct world *w) {
    if (one_in(&w->rng, 1000)) return between(w, 100, 700) * USEC_PER_MS;
    if (one_in(&w->rng, 100)) return between(w, 1, 30) * USEC_PER_MS;
    return between(w, 80, 400);
}

/* Rows first, then what follows from them. */
static void take_actions(struct world *w, bool may_open) {
    const struct actions *acts = w->acts;
    bool sends = false;
    for (int i = 0; i < acts->count; i++) {
        const struct action *a = &acts->v[i];
        sends = sends || a->kind == ACTION_SEND;
        if (a->kind == ACTION_PUT_INTENT && !may_open) broken(w, "an unforeseen intent");
        if (a->kind == ACTION_TELL) tell(w, a);
        if (is_row(a->kind)) later(w, a);
    }
    const bool must = (acts->durable || sends) && w->mistake != MISTAKE_SEND_FIRST;
    if (must || w->uncommitted_count >= GROUP_ROWS) {
        commit(w);
        w->committed_at = i64_max(w->committed_at, w->now) + commit_takes(w);
        if (w->kill_commit > 0 && --w->kill_commit == 0) world_kill(w);
        if (!w->alive) return;
    } else if (w->uncommitted_count > 0 && !w->flush_due) {
        w->flush_due = true;
        world_put(w, w->now + GROUP_US, ITEM_FLUSH, 0, w->life, NULL);
    }
    for (int i = 0; i < acts->count; i++) {
        if (acts->v[i].kind == ACTION_SEND) send(w, &acts->v[i].u.request);
    }
}

static void turn(struct world *w, const struct event *ev) {
    const bool may_open = trader_may_open(w->trader, ev);
    w->result->counts.turns++;
    trader_step(w->trader, w->now, ev, w->acts);
    take_actions(w, may_open);
}

static int64_t epoch_of(struct world *w) {
    struct trader_view view;
    trader_view(w->trader, &view);
    return view.control->epoch;
}

/* What people ordered, before anything that could open. */
static void obey(struct world *w) {
    while (w->alive && w->command_count > 0) {
        struct event ev = {.kind = EVENT_CONTROL, .u.control = w->rows.control};
        if (w->rows.control.epoch != epoch_of(w)) turn(w, &ev);
        if (!w->alive) return;
        ev = (struct event){.kind = EVENT_COMMAND, .u.command = w->commands[0]};
        memmove(w->commands, w->commands + 1, (size_t)--w->command_count * sizeof *w->commands);
        turn(w, &ev);
    }
}

void world_turn(struct world *w, const struct event *ev) {
    if (!w->alive || w->failed) return;
    if (trader_may_open(w->trader, ev) && w->mistake != MISTAKE_HALT_LATE) obey(w);
    if (w->alive) turn(w, ev);
}

/* --- posts and people -------------------------------------------------------------------- */

static void say(struct world *w) {
    static const char *const names[] = {"alice", "bob", "carol", "dave", "erin", "frank"};
    struct post p = kit_post(++w->post_id, names[between(w, 0, 5)], w->now);
    if (w->post_id > 3 && one_in(&w->rng, 15)) {
        p.root_id = between(w, 1, w->post_id - 1);
        p.edited = true;
    }
    struct reading r = kit_reading(&p);
    const int64_t mentions = between(w, 1, 2);
    for (int64_t i = 0; i < mentions; i++) {
        const int64_t sym = between(w, 0, w->sym_count - 1);
        const int polarity = (int)between(w, 50, 100) * (one_in(&w->rng, 6) ? -100 : 100);
        if (i > 0 && strcmp(r.mentions[0].symbol, w->symbols->v[sym].name) == 0) break;
        kit_mention(&r, w->symbols->v[sym].name, 10000, polarity);
    }
    world_note(w, "post %lld %s %s %d", (long long)p.id, names[0], r.mentions[0].symbol,
               r.mentions[0].polarity_bp);
    const struct event ev = {.kind = EVENT_READING, .u.reading = &r};
    world_turn(w, &ev);
}

static void take_back(struct world *w) {
    if (w->post_id == 0) return;
    struct event ev = {.kind = EVENT_DELETION};
    ev.u.deletion = (struct deletion){
        .tweet_id = between(w, 1, w->post_id), .actor = "source", .deleted_at = w->now};
    world_note(w, "post %lld deleted", (long long)ev.u.deletion.tweet_id);
    world_turn(w, &ev);
}

static void on_post(struct world *w) {
    if (one_in(&w->rng, 12))
        take_back(w);
    else
        say(w);
    if (w->now < w->posts_until)
        world_put(w, w->now + between(w, 50, 4000) * USEC_PER_MS, ITEM_POST, 0, -1, NULL);
}

static void order(struct world *w, verb v, int64_t target) {
    if (w->command_count == COUNT_OF(w->commands)) return;
    struct command *c = &w->commands[w->command_count++];
    *c = (struct command){.id = ++w->command_id, .verb = v, .target = target, .at = w->now};
    snprintf(c->actor, sizeof c->actor, "cli:test");
    world_note(w, "person: %s %lld", verb_name(v), (long long)target);
    world_put(w, w->now + between(w, 0, COMMAND_POLL), ITEM_OBEY, 0, -1, NULL);
}

/* As `halt` and `resume` leave the control row: from then on no entry may commit. */
static void set_mode(struct world *w, mode m) {
    struct control *c = &w->rows.control;
    if (c->epoch == 0) return;
    if (c->mode != MODE_HALTED) c->before = c->mode;
    c->mode = m;
    c->epoch++;
    c->since = w->now;
    c->until = m == MODE_HALTED && one_in(&w->rng, 2) ? w->now + between(w, 1, 20) * USEC_PER_S
                                                      : USEC_NEVER;
    c->by_program = false;
    snprintf(c->actor, sizeof c->actor, "cli:test");
    snprintf(c->reason, sizeof c->reason, "because");
    w->result->counts.halts += m == MODE_HALTED;
    order(w, m == MODE_HALTED ? VERB_HALT : VERB_RESUME, 0);
    w->commands[w->command_count - 1].mode = m;
}

static void on_people(struct world *w) {
    const int64_t what = between(w, 0, 9);
    const struct rows *r = &w->rows;
    if (what < 4)
        set_mode(w, r->control.mode == MODE_HALTED ? MODE_AUTO : MODE_HALTED);
    else if (what < 5)
        order(w, VERB_FLATTEN, 0);
    else if (what < 8 && r->trade_count > 0)
        order(w, VERB_CLOSE, r->trades[between(w, 0, r->trade_count - 1)].id);
    else
        order(w, VERB_RECONCILE, 0);
    if (w->now < w->posts_until)
        world_put(w, w->now + between(w, 1, 25) * USEC_PER_S, ITEM_PEOPLE, 0, -1, NULL);
}

#define ONCE 1000 /* on top of the symbol: a price out of turn */

static void on_jump(struct world *w) {
    const int sym = (int)between(w, 0, w->sym_count - 1);
    struct quote q;
    price p;
    if (match_last_price(exchange_match(w->ex), sym, &q) &&
        price_ratio(q.last, 1000 + between(w, -40, 40), 1000, ROUND_FLOOR, &p) &&
        !price_is_zero(price_to_tick(p, w->listed[sym].tick, ROUND_FLOOR))) {
        p = price_to_tick(p, w->listed[sym].tick, ROUND_FLOOR);
        world_note(w, "%s jumps to %lld", w->symbols->v[sym].name, (long long)price_e8(p));
        exchange_price_set(w->ex, w->now, sym, p);
        world_put(w, w->now + between(w, 1, 20) * USEC_PER_MS, ITEM_PRICES, ONCE + sym, -1, NULL);
    }
    if (w->now < w->faults_until)
        world_put(w, w->now + between(w, 500, 12000) * USEC_PER_MS, ITEM_JUMP, 0, -1, NULL);
}

static void on_prices(struct world *w, int arg) {
    const int sym = arg % ONCE;
    struct event ev = {.kind = EVENT_QUOTE};
    if (match_last_price(exchange_match(w->ex), sym, &ev.u.quote)) {
        ev.u.quote.sym = sym;
        ev.u.quote.at = w->now;
        ev.u.quote.interval = 0;
        world_note(w, "price of %s %lld", w->symbols->v[sym].name,
                   (long long)price_e8(ev.u.quote.last));
        world_turn(w, &ev);
    }
    if (arg >= ONCE) return;
    usec pause = between(w, 250, 900) * USEC_PER_MS;
    if (w->now < w->faults_until && one_in(&w->rng, 400)) {
        pause = between(w, 3, 40) * USEC_PER_S;
        truth_silent(w, w->now, w->now + pause);
    }
    if (w->now > w->faults_until + 60 * USEC_PER_S) pause *= 4;
    world_put(w, w->now + pause, ITEM_PRICES, sym, -1, NULL);
}

/* --- life and death ---------------------------------------------------------------------- */

static void start(struct world *w) {
    struct error err;
    struct trader_rows rows;
    struct arena scratch;
    if (!wires_terms(w)) {
        const usec pause = between(w, 500, 5000) * USEC_PER_MS;
        truth_silent(w, w->now, w->now + pause);
        world_put(w, w->now + pause, ITEM_START, 0, -1, NULL);
        return;
    }
    arena_open(&w->boot, 256 << 20);
    arena_open(&scratch, 64 << 20);
    rows_gather(&w->rows, w->cfg->trading_cooldown_symbol_s * USEC_PER_S, &scratch, &rows);
    assert_ok(trader_open(&w->boot, w->cfg, w->symbols, &w->traits, &rows, &w->trader, &err), &err);
    arena_close(&scratch);
    w->alive = true;
    w->committed_at = w->now;
    world_note(w, "STARTED");
    wires_open(w);
    world_turn(w, &(struct event){.kind = EVENT_START});
}

/* Everything that is not in the rows goes. */
static void bury(struct world *w) {
    const usec down =
        one_in(&w->rng, 5) ? between(w, 3, 40) * USEC_PER_S : between(w, 20, 3000) * USEC_PER_MS;
    wires_close(w);
    arena_close(&w->boot);
    w->trader = NULL;
    w->life++;
    w->uncommitted_count = 0;
    w->flush_due = false;
    truth_silent(w, w->now, w->now + down);
    world_put(w, w->now + down, ITEM_START, 0, -1, NULL);
}

/* When the next kill comes: at a commit, at an arrival, at an answer, or at any time. */
static void plan_kill(struct world *w) {
    w->kill_commit = w->kill_arrive = w->kill_answer = 0;
    if (w->kills_left == 0 || w->now >= w->faults_until) return;
    w->kills_left--;
    switch (between(w, 0, 3)) {
    case 0:
        w->kill_commit = between(w, 1, 40);
        return;
    case 1:
        w->kill_arrive = between(w, 1, 40);
        return;
    case 2:
        w->kill_answer = between(w, 1, 40);
        return;
    default: /* not an enum */
        world_put(w, w->now + between(w, 1, 30000) * USEC_PER_MS, ITEM_KILL, 0, w->life, NULL);
    }
}

static void do_item(struct world *w, const struct item *it) {
    switch (it->kind) {
    case ITEM_POST:
        on_post(w);
        return;
    case ITEM_PRICES:
        on_prices(w, it->arg);
        return;
    case ITEM_PEOPLE:
        on_people(w);
        return;
    case ITEM_OBEY:
        if (w->alive) obey(w);
        return;
    case ITEM_JUMP:
        on_jump(w);
        return;
    case ITEM_FLUSH:
        if (w->alive) commit(w);
        return;
    case ITEM_KILL:
        if (w->now < w->faults_until) world_kill(w);
        return;
    case ITEM_START:
        start(w);
        if (w->alive) plan_kill(w);
        return;
    case ITEM_LANE:
    case ITEM_ARRIVE:
    case ITEM_ANSWER:
    case ITEM_CONNECT:
    case ITEM_TO_VENUE:
    case ITEM_MESSAGE:
    case ITEM_GONE:
    case ITEM_FULL:
        wires_item(w, it);
        return;
    }
    WRONG("item out of its list");
}

/* --- the world --------------------------------------------------------------------------- */

static const char *set(struct arena *a, const char *key, int64_t value, int64_t unit) {
    char *text = NEW_ARRAY(a, char, 80);
    if (unit == 1)
        snprintf(text, 80, "%s=%lld", key, (long long)value);
    else
        snprintf(text, 80, "%s=%lld.%05lld", key, (long long)(value / unit),
                 (long long)(value % unit * (100000 / unit)));
    return text;
}

static void draw_config(struct world *w) {
    struct arena *a = &w->mem;
    const int64_t stop = between(w, 20, 300); /* 1e-4 */
    w->cfg = kit_config(
        a, set(a, "trading.stop_loss_percent", stop, 10000),
        set(a, "trading.take_profit_percent", stop * between(w, 8, 30) / 10, 10000),
        set(a, "trading.position_size_percent", between(w, 100, 1800), 10000),
        set(a, "trading.max_open_positions", between(w, 1, 5), 1),
        set(a, "trading.max_slippage_percent", between(w, 5, 100), 10000),
        set(a, "trading.max_hold_s", between(w, 3, one_in(&w->rng, 2) ? 60 : 2000), 1),
        set(a, "trading.cooldown_symbol_s", between(w, 0, 15), 1),
        set(a, "trading.signal_threshold", between(w, 20, 70), 1), "trading.min_reward_risk=0",
        "trading.cooldown_author_s=0", "trading.author_trades_per_day=1000",
        "trading.max_daily_drawdown=0.9", "judge.priced_in=0", "judge.record=0",
        "judge.trade_strangers=true", "judge.guard=off", "paper.balance=10000", NULL);
}

/* Some of the coins, in their order; what the exchange lets them do. */
static void draw_symbols(struct world *w) {
    const struct symbols *all = kit_symbols(&w->mem);
    const int want = (int)between(w, 1, 3);
    w->symbols = NEW(&w->mem, struct symbols);
    w->symbols->v = NEW_ARRAY(&w->mem, struct symbol, KIT_COIN_COUNT);
    for (int i = 0; i < all->count && w->sym_count < want; i++) {
        if (all->count - i > want - w->sym_count && one_in(&w->rng, 2)) continue;
        struct symbol *s = &w->symbols->v[w->sym_count++];
        *s = all->v[i];
        s->status = SYMBOL_TRADING;
        s->opo = !one_in(&w->rng, 3);
        s->market_by_quote = s->cancel_replace = s->amend = s->trailing = s->iceberg = true;
        s->max_algo_orders = one_in(&w->rng, 2) ? 5 : 0;
        s->max_lists = 20;
        s->trail_above_min = s->trail_below_min = 10;
        s->trail_above_max = s->trail_below_max = 2000;
        if (one_in(&w->rng, 3)) s->market_step = qty_from_e8(qty_e8(s->step) * 10);
        if (one_in(&w->rng, 3)) s->range_ask_down_bp = 9700, s->range_bid_up_bp = 10300;
    }
    w->symbols->count = w->sym_count;
    w->listed = NEW_ARRAY(&w->mem, struct symbol, w->sym_count);
    memcpy(w->listed, w->symbols->v, (size_t)w->sym_count * sizeof *w->listed);
    w->terms = NEW(&w->mem, struct symbols);
    w->terms->v = NEW_ARRAY(&w->mem, struct symbol, w->sym_count);
    w->terms->count = w->sym_count;
}

static void open_exchange(struct world *w) {
    struct error err;
    const struct sim_account account = {.key = STR("testkeytestkeytestkeytestkeytest"),
                                        .secret = STR("secretsecretsecretsecretsecretsec")};
    static const int64_t fees[] = {0, 0, 100000, 75000};
    w->traits.fee_e8 = fees[between(w, 0, 3)];
    w->faults = faults_random(&w->mem, rng_next(&w->rng), w->roughness, w->start, w->faults_until);
    const struct exchange_options opt = {.symbols = w->symbols,
                                         .accounts = &account,
                                         .account_count = 1,
                                         .seed = rng_next(&w->rng),
                                         .speed_e8 = E8,
                                         .fee_e8 = w->traits.fee_e8,
                                         .faults = w->faults,
                                         .start = w->start};
    assert_ok(exchange_open(&w->mem, &opt, &w->ex, &err), &err);
    exchange_clock_set(w->ex, between(w, -1500, 1500) * USEC_PER_MS);
}

static void open_rows(struct world *w) {
    struct arena *a = &w->mem;
    w->rows.trades = NEW_ARRAY(a, struct trade, TRADES_KEPT);
    w->rows.orders = NEW_ARRAY(a, struct order, ORDERS_KEPT);
    w->rows.signals = NEW_ARRAY(a, struct signal, SIGNALS_KEPT);
    w->rows.fills = NEW_ARRAY(a, struct fill, FILLS_KEPT);
    w->rows.authors = NEW_ARRAY(a, struct author, AUTHORS_KEPT);
    w->rows.memory = NEW_ARRAY(a, struct post_memory, MEMORY_KEPT);
    w->rows.deletions = NEW_ARRAY(a, struct deletion, DELETIONS_KEPT);
    w->rows.forecasts = NEW_ARRAY(a, struct forecast, FORECASTS_KEPT);
    w->rows.records = NEW_ARRAY(a, struct author_record, RECORDS_KEPT);
}

static void open_world(struct world *w) {
    rng_init(&w->rng, w->seed * 2 + 1);
    rng_init(&w->net, w->seed * 2 + 2);
    w->start = w->now = KIT_DAY + between(w, 0, 80000) * USEC_PER_S;
    w->posts_until = w->start + between(w, 20, 90) * USEC_PER_S;
    w->faults_until = w->posts_until + between(w, 0, 20) * USEC_PER_S;
    w->end = w->faults_until + QUIET;
    w->roughness = one_in(&w->rng, 6) ? 0 : (int)between(w, 1, 100);
    w->kills_left = (int)between(w, 0, 1 + w->roughness / 20);
    w->conn = -1;
    w->refused_at = INT64_MIN / 2;
    w->heap_cap = 8192;
    w->heap = NEW_ARRAY(&w->mem, struct item, w->heap_cap);
    w->acts = NEW(&w->mem, struct actions);
    w->truth = NEW_ARRAY(&w->mem, struct truth_trade, TRUTH_TRADES);
    buf_init(&w->frame, 1 << 20);
    buf_init(&w->scratch, 4 << 20);
    for (int i = 0; i < LANE_COUNT; i++) buf_init(&w->lanes[i].body, 4 << 20);
    open_rows(w);
    draw_config(w);
    draw_symbols(w);
    w->traits.recv_window = RECV_WINDOW;
    w->traits.spread_e8 = 20000;
    w->traits.slippage_e8 = 50000;
    w->traits.fee_from_received = true;
    w->traits.absence_after = w->mistake == MISTAKE_NO_FENCE ? 1 : RECV_WINDOW + 11 * USEC_PER_S;
    w->traits.sells_blind = w->traits.snapshots = true;
    open_exchange(w);
    world_put(w, w->start, ITEM_START, 0, -1, NULL);
    world_put(w, w->start + USEC_PER_S, ITEM_POST, 0, -1, NULL);
    world_put(w, w->start + between(w, 1, 40) * USEC_PER_S, ITEM_PEOPLE, 0, -1, NULL);
    world_put(w, w->start + between(w, 1, 10) * USEC_PER_S, ITEM_JUMP, 0, -1, NULL);
    for (int i = 0; i < w->sym_count; i++)
        world_put(w, w->start + between(w, 0, 500) * USEC_PER_MS, ITEM_PRICES, i, -1, NULL);
}

static void close_world(struct world *w) {
    if (w->trader != NULL) {
        wires_close(w);
        arena_close(&w->boot);
    }
    while (w->heap_count > 0) free(pop(w).text);
    exchange_close(w->ex);
    buf_fini(&w->frame);
    buf_fini(&w->scratch);
    for (int i = 0; i < LANE_COUNT; i++) buf_fini(&w->lanes[i].body);
    free(w->uncommitted);
    struct arena mem = w->mem;
    arena_close(&mem);
}

static usec next_of(const struct world *w) {
    usec next = i64_min(w->heap[0].at, exchange_next(w->ex));
    if (w->alive) next = i64_min(next, i64_min(trader_next_timer(w->trader), wires_next(w)));
    return next;
}

static void step(struct world *w) {
    exchange_advance(w->ex, w->now);
    truth_look(w);
    wires_drain(w);
    if (w->heap_count > 0 && w->heap[0].at <= w->now) {
        const struct item it = pop(w);
        if (it.life < 0 || (it.life == w->life && w->alive)) do_item(w, &it);
        free(it.text);
    } else if (w->alive && trader_next_timer(w->trader) <= w->now) {
        world_turn(w, &(struct event){.kind = EVENT_TIMER});
    } else if (w->alive && wires_next(w) <= w->now) {
        wires_timers(w);
    }
    truth_look(w);
    wires_drain(w);
    if (!w->alive && w->trader != NULL) bury(w);
}

void world_run(uint64_t seed, mistake m, bool trace, struct world_result *ret) {
    struct arena mem;
    arena_open(&mem, 1 << 30);
    struct world *w = NEW(&mem, struct world);
    w->mem = mem;
    w->seed = seed;
    w->mistake = m;
    w->trace = trace;
    w->result = ret;
    *ret = (struct world_result){.ok = true};
    open_world(w);
    int steps = 0;
    while (!w->failed) {
        const usec next = next_of(w);
        if (next >= w->end) break;
        steps = next > w->now ? 0 : steps + 1;
        if (steps > TURNS_AT_ONCE) broken(w, "turns without end at one moment");
        w->now = i64_max(w->now, next);
        step(w);
    }
    if (!w->failed) truth_end(w);
    close_world(w);
}
