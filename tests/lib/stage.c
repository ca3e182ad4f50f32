/* stage: the runner of the flow tests, in small. See the header.
 *
 * Rows live in plain arrays, found by id from the end; what a store would refuse (an intent twice,
 * a fill twice, a client order id twice, an intent under another epoch) ends the test. A restart
 * opens a new trader with what src/store would give it: open trades, their orders and any other
 * live one, waiting signals, authors that are not forgotten, the judge's memory of 24 hours, trades
 * that ended within a day or the symbol's rest. */
#include "stage.h"

#include "stage_books.h"
#include "stage_rows.h"
#include "stage_wire.h"

#include "flow/trade/plan.h"
#include "match/match.h"

#define REQUESTS_KEPT 16384
#define TRACE_BYTES (8 << 20)
#define TURNS_MAX 10000 /* that follow from one event */

struct stage {
    struct stage_play play;
    struct arena memory;   /* of the stage */
    struct arena now_boot; /* of the present trader and venue */
    struct config *cfg;
    struct symbols *symbols;
    struct venue_traits traits;
    struct paper_options paper_options;
    struct wire wire;
    struct trader *trader;
    struct actions *acts;
    struct reply reply;
    struct rows rows;
    struct books *books; /* NULL: this play has none */
    usec start, now;
    struct request queue[128];
    int queue_head, queue_count;
    price mark[KIT_COIN_COUNT]; /* last price of any kind */
    price mark_before[KIT_COIN_COUNT];
    struct buf trace, blob;
    int64_t missed_fills; /* booked from totals: fees are expected ones */
    int steps;
    int restart_after; /* step; 0 never, -1 each */
    bool may_shout;    /* TELL_BROKEN is part of the story */
    bool wiped;        /* the venue's balances are not ours any more */
};

/* What went on before something is found to be wrong. */
static void show_end(const struct stage *s) {
    str t = buf_str(&s->trace);
    ptrdiff_t from = t.n;
    const int64_t most = test_number("TEST_SHOW", 60);
    for (int64_t lines = 0; from > 0 && lines < most; from--) lines += t.p[from - 1] == '\n';
    fprintf(stderr, "...\n" STR_FMT, STR_ARG(str_tail(t, from)));
}
#define broken(s, ...) (show_end(s), fail_msg(__VA_ARGS__))

static struct match *engine_of(struct stage *s) { return wire_engine(&s->wire); }

/* --- rows ---------------------------------------------------------------------------- */

static void put_intent(struct stage *s, const struct trade *t) {
    const struct rows *r = &s->rows;
    for (int i = 0; i < r->trade_count; i++) {
        const struct trade *o = &r->trades[i];
        if (o->sym != t->sym) continue;
        if (o->root_id == t->root_id && strcmp(o->strategy, t->strategy) == 0) {
            broken(s, "an intent twice for post %lld and %s", (long long)t->root_id, t->symbol);
        }
        if (o->cluster_id == t->cluster_id && t->created_at - o->created_at < USEC_PER_DAY) {
            broken(s, "an intent for each of two copies of %lld", (long long)t->cluster_id);
        }
        if (o->status == TRADE_OPEN) broken(s, "two trades in %s", t->symbol);
    }
    if (t->epoch != r->control.epoch) broken(s, "an intent under an old epoch");
    if (r->control.mode != MODE_AUTO && r->control.mode != MODE_MANUAL) {
        broken(s, "an intent in mode %s", mode_name(r->control.mode));
    }
    PUT_BY_ID(&s->rows, trades, trade_count, TRADES_KEPT, t);
}

static void put_order(struct stage *s, const struct order *o) {
    const struct rows *r = &s->rows;
    for (int i = r->order_count - 1; i >= 0 && i > r->order_count - 500; i--) {
        if (r->orders[i].id != o->id && strcmp(r->orders[i].coid, o->coid) == 0) {
            broken(s, "client order id %s twice", o->coid);
        }
    }
    PUT_BY_ID(&s->rows, orders, order_count, ORDERS_KEPT, o);
}

static const struct trade *row_of_trade(const struct stage *s, int64_t id) {
    for (int i = s->rows.trade_count - 1; i >= 0; i--) {
        if (s->rows.trades[i].id == id) return &s->rows.trades[i];
    }
    broken(s, "no trade %lld", (long long)id);
    return NULL;
}

static void put_fill(struct stage *s, const struct fill *f) {
    struct rows *r = &s->rows;
    for (int i = r->fill_count - 1; i >= 0 && i > r->fill_count - 2000; i--) {
        if (r->fills[i].sym == f->sym &&
            strcmp(r->fills[i].venue_trade_id, f->venue_trade_id) == 0) {
            broken(s, "fill %s twice", f->venue_trade_id);
        }
    }
    if (strncmp(f->venue_trade_id, "sum-", 4) == 0) s->missed_fills++;
    const struct trade *t = row_of_trade(s, f->trade_id);
    if (f->leg == LEG_ENTRY) {
        const int worse = price_cmp(f->price, t->limit_price);
        if (t->side == SIDE_LONG ? worse > 0 : worse < 0) {
            broken(s, "entry of trade %lld beyond its limit", (long long)t->id);
        }
    }
    if (r->fill_count == FILLS_KEPT) fail_msg("no room for more fills");
    r->fills[r->fill_count++] = *f;
}

static void check_equity(const struct stage *s, const struct equity_sample *e);

static void note_time(struct stage *s) {
    const int64_t ms = (s->now - s->start) / USEC_PER_MS, sec = ms / 1000;
    buf_printf(&s->trace, "%02lld:%02lld:%02lld", (long long)(sec / 3600),
               (long long)(sec / 60 % 60), (long long)(sec % 60));
    if (ms % 1000 != 0) buf_printf(&s->trace, ".%03lld", (long long)(ms % 1000));
    buf_put_byte(&s->trace, ' ');
}

static void note_ledger(struct stage *s, const struct action *a) {
    str line = str_from_z(a->u.ledger.line), number;
    bool ok = str_cut(&line, ' ', &number) && str_cut(&line, ' ', &number);
    if (!ok) fail_msg("a ledger line without time and number");
    if (str_find(line, STR("trade=?")) >= 0) broken(s, "a trade without a name");
    note_time(s);
    buf_put(&s->trace, line);
    buf_put_byte(&s->trace, '\n');
}

static void note_tell(struct stage *s, const struct action *a) {
    static const char *const levels[] = {"info", "unusual", "broken"};
    note_time(s);
    buf_printf(&s->trace, "%s %s: %s\n", levels[a->u.tell.level], a->u.tell.event, a->u.tell.text);
    if (a->u.tell.level == TELL_BROKEN && !s->may_shout) {
        broken(s, "%s: %s", a->u.tell.event, a->u.tell.text);
    }
}

static void note_done(struct stage *s, const struct action *a) {
    note_time(s);
    buf_printf(&s->trace, "answer %s: %s\n", a->u.done.ok ? "ok" : "no", a->u.done.result);
}

static void send(struct stage *s, const struct request *rq) {
    struct rows *r = &s->rows;
    if (rq->kind == REQUEST_BRACKET || rq->kind == REQUEST_EXIT) {
        const char *coid = rq->kind == REQUEST_EXIT ? rq->exit_coid : rq->entry_coid;
        for (int i = 0; i < r->sent_count; i++) {
            if (strcmp(r->sent[i], coid) == 0) broken(s, "%s was sent twice", coid);
        }
        if (r->sent_count == REQUESTS_KEPT) fail_msg("no room for more requests");
        memcpy(r->sent[r->sent_count++], coid, COID_BYTES);
        if (row_of_trade(s, rq->trade_id)->status != TRADE_OPEN) {
            broken(s, "a request for a trade that is not open");
        }
    }
    if (s->queue_count == COUNT_OF(s->queue)) fail_msg("more than 128 requests wait");
    s->queue[(s->queue_head + s->queue_count++) % COUNT_OF(s->queue)] = *rq;
}

static void take_action(struct stage *s, const struct action *a) {
    switch (a->kind) {
    case ACTION_PUT_INTENT:
        put_intent(s, &a->u.trade);
        return;
    case ACTION_PUT_TRADE:
        PUT_BY_ID(&s->rows, trades, trade_count, TRADES_KEPT, &a->u.trade);
        return;
    case ACTION_PUT_ORDER:
        put_order(s, &a->u.order);
        return;
    case ACTION_PUT_FILL:
        put_fill(s, &a->u.fill);
        return;
    case ACTION_PUT_SIGNAL:
        PUT_BY_ID(&s->rows, signals, signal_count, SIGNALS_KEPT, &a->u.signal);
        return;
    case ACTION_PUT_AUTHOR:
        rows_put_author(&s->rows, &a->u.author);
        return;
    case ACTION_PUT_MEMORY:
        rows_put_memory(&s->rows, &a->u.memory);
        return;
    case ACTION_PUT_FORECAST:
        PUT_BY_ID(&s->rows, forecasts, forecast_count, FORECASTS_KEPT, &a->u.forecast);
        return;
    case ACTION_END_FORECAST:
        rows_end_forecast(&s->rows, a);
        return;
    case ACTION_PUT_EQUITY:
        check_equity(s, &a->u.equity);
        return;
    case ACTION_PUT_ACCOUNT:
        s->rows.account = a->u.account;
        s->rows.has_account = true;
        return;
    case ACTION_PUT_CONTROL:
        s->rows.control = a->u.control;
        return;
    case ACTION_LEDGER:
        note_ledger(s, a);
        return;
    case ACTION_TELL:
        note_tell(s, a);
        return;
    case ACTION_SEND:
        send(s, &a->u.request);
        return;
    case ACTION_PUT_DELETION:
        rows_put_deletion(&s->rows, &a->u.deletion);
        return;
    case ACTION_FORGET_AUTHOR:
        rows_forget_author(&s->rows, a->u.forget.key);
        return;
    case ACTION_PUT_POST:
    case ACTION_PUT_POSITION:
    case ACTION_AUDIT:
        return;
    case ACTION_COMMAND_DONE:
        if (s->play.far) note_done(s, a);
        return;
    }
    WRONG("action out of its list");
}

/* --- turns --------------------------------------------------------------------------- */

/* The runner takes the write lock for what may open a position, so that no halt slips in between.
 */
static void turn(struct stage *s, const struct event *ev) {
    const bool may_open = trader_may_open(s->trader, ev);
    trader_step(s->trader, s->now, ev, s->acts);
    const struct actions *acts = s->acts;
    for (int i = 0; i < acts->count; i++) {
        if (acts->v[i].kind == ACTION_PUT_INTENT && !may_open) broken(s, "an unforeseen intent");
        take_action(s, &acts->v[i]);
    }
    if (s->books != NULL) books_turn(s->books, acts);
}

static bool was_not_sent(const struct request *rq, const struct reply *r) {
    if (rq->kind != REQUEST_EXIT) return false;
    for (int i = 0; i < r->report_count; i++) {
        const struct report *its = &r->reports[i];
        if (its->state == ORDER_ST_REJECTED && strcmp(its->coid, rq->exit_coid) == 0) return true;
    }
    return r->outcome == OUTCOME_DOWN || r->outcome == OUTCOME_LATE || r->outcome == OUTCOME_FULL ||
           r->outcome == OUTCOME_REJECTED;
}

/* What certainly never came into being there may be sent once more under the same id. */
static void forget_sent(struct stage *s, const struct request *rq) {
    struct rows *r = &s->rows;
    for (int i = r->sent_count - 1; i >= 0; i--) {
        const bool its = strcmp(r->sent[i], rq->exit_coid) == 0;
        if (its) memmove(r->sent[i], r->sent[--r->sent_count], COID_BYTES);
        if (its) return;
    }
}

/* Requests, answers and news until nothing is left. */
static void settle_all(struct stage *s) {
    for (int n = 0; n < TURNS_MAX; n++) {
        struct event ev = {.kind = EVENT_REPORT};
        if (s->queue_count > 0) {
            const struct request rq = s->queue[s->queue_head];
            s->queue_head = (s->queue_head + 1) % (int)COUNT_OF(s->queue);
            s->queue_count--;
            venue_call(&s->wire.base, s->now, &rq, &s->reply);
            if (was_not_sent(&rq, &s->reply)) forget_sent(s, &rq);
            ev = (struct event){.kind = EVENT_REPLY, .u.reply = &s->reply};
        } else if (!venue_next_report(&s->wire.base, &ev.u.report)) {
            return;
        }
        turn(s, &ev);
    }
    fail_msg("venue and trader answer each other without end");
}

static void check_all(struct stage *s);

static void step_done(struct stage *s) {
    memcpy(s->mark_before, s->mark, sizeof s->mark);
    settle_all(s);
    check_all(s);
    s->wire.news_due = true;
    s->steps++;
    if (s->restart_after == -1 || s->restart_after == s->steps) stage_restart(s);
}

static void step(struct stage *s, const struct event *ev) {
    turn(s, ev);
    step_done(s);
}

static void go_to(struct stage *s, usec at) {
    if (at < s->now) fail_msg("time does not go back");
    for (int n = 0; trader_next_timer(s->trader) < at; n++) {
        if (n > TURNS_MAX) broken(s, "a timer without end");
        if (trader_next_timer(s->trader) > s->now) n = 0; /* hours of tries are no bug */
        s->now = i64_max(s->now, trader_next_timer(s->trader));
        step(s, &(struct event){.kind = EVENT_TIMER});
    }
    s->now = at;
}

void stage_at(struct stage *s, const char *hh_mm_ss) {
    int h = 0, m = 0, sec = 0;
    if (sscanf(hh_mm_ss, "%d:%d:%d", &h, &m, &sec) != 3) fail_msg("%s is no time", hh_mm_ss);
    go_to(s, s->start + (h * INT64_C(3600) + m * 60 + sec) * USEC_PER_S);
}

void stage_later(struct stage *s, usec us) { go_to(s, s->now + us); }

usec stage_now(const struct stage *s) { return s->now; }

/* --- prices -------------------------------------------------------------------------- */

void stage_price(struct stage *s, int sym, const char *p) {
    struct event ev = {.kind = EVENT_QUOTE};
    ev.u.quote = (struct quote){.sym = sym,
                                .at = s->now,
                                .last = P(p),
                                .bid = P(p),
                                .ask = P(p),
                                .interval = s->play.ticks ? 0 : USEC_PER_MIN};
    venue_quote(s->wire.paper, s->now, &ev.u.quote);
    settle_all(s);
    s->mark[sym] = ev.u.quote.last;
    step(s, &ev);
}

static void next_amount(str *rest, char text[32]) {
    str word;
    if (!str_cut(rest, ' ', &word) || !str_copyz(word, text, 32)) fail_msg("an amount is missing");
}

void stage_range(struct stage *s, int sym, const char *ohlcv) {
    char o[32], h[32], l[32], c[32], v[32];
    str rest = str_from_z(ohlcv);
    next_amount(&rest, o);
    next_amount(&rest, h);
    next_amount(&rest, l);
    next_amount(&rest, c);
    next_amount(&rest, v);
    struct event ev = {.kind = EVENT_CANDLE};
    ev.u.candle = (struct candle){.sym = sym,
                                  .open_at = s->now - USEC_PER_MIN,
                                  .close_at = s->now,
                                  .open = P(o),
                                  .high = P(h),
                                  .low = P(l),
                                  .close = P(c),
                                  .volume = volume_from_e8(kit_e8(v))};
    venue_candle(s->wire.paper, s->now, &ev.u.candle);
    settle_all(s);
    s->mark[sym] = ev.u.candle.close;
    step(s, &ev);
}

void stage_minute(struct stage *s, int sym, const char *ohlcv) {
    char open[32];
    str rest = str_from_z(ohlcv);
    next_amount(&rest, open);
    stage_price(s, sym, open);
    stage_later(s, USEC_PER_MIN);
    stage_range(s, sym, ohlcv);
}

void stage_dry(struct stage *s, int sym) {
    step(s, &(struct event){.kind = EVENT_DRY, .u.sym = sym});
}

/* --- posts --------------------------------------------------------------------------- */

void stage_read(struct stage *s, const struct reading *r) {
    step(s, &(struct event){.kind = EVENT_READING, .u.reading = r});
}

/* "DOGE+90", "BTC-80", "ETH~" */
static void one_mention(struct reading *r, str word) {
    ptrdiff_t at = 0;
    while (at < word.n && word.p[at] >= 'A' && word.p[at] <= 'Z') at++;
    char pair[SYMBOL_BYTES];
    snprintf(pair, sizeof pair, STR_FMT "USDT", STR_ARG(str_head(word, at)));
    int64_t percent = 0;
    const str rest = str_tail(word, at);
    if (!str_eq(rest, STR("~")) && !str_to_i64(rest, &percent)) {
        fail_msg("\"" STR_FMT "\" is no mention", STR_ARG(word));
    }
    kit_mention(r, pair, 10000, (int)percent * 100);
}

static struct reading a_reading(const struct post *p, const char *mentions) {
    struct reading r = kit_reading(p);
    str rest = str_from_z(mentions), word;
    while (rest.n > 0 && str_cut(&rest, ' ', &word)) one_mention(&r, word);
    return r;
}

void stage_post(struct stage *s, int64_t id, const char *author, const char *mentions) {
    const struct post p = kit_post(id, author, s->now);
    const struct reading r = a_reading(&p, mentions);
    stage_read(s, &r);
}

void stage_edit(struct stage *s, int64_t id, int64_t root, const char *author,
                const char *mentions) {
    struct post p = kit_post(id, author, s->now);
    p.root_id = root;
    p.edited = true;
    const struct reading r = a_reading(&p, mentions);
    stage_read(s, &r);
}

void stage_copy(struct stage *s, int64_t id, int64_t of, const char *author, const char *mentions) {
    const struct post original = kit_post(of, author, s->now), p = kit_post(id, author, s->now);
    struct reading r = a_reading(&p, mentions);
    r.simhash = kit_reading(&original).simhash;
    r.keys = kit_reading(&original).keys;
    stage_read(s, &r);
}

void stage_say(struct stage *s, int64_t id, int64_t answers, const char *author, uint32_t cues,
               const char *mentions) {
    struct post p = kit_post(id, author, s->now);
    p.ref = answers != 0 ? POST_REF_REPLY : POST_REF_NONE;
    p.ref_id = answers;
    struct reading r = a_reading(&p, mentions);
    r.cues = cues;
    stage_read(s, &r);
}

void stage_delete(struct stage *s, int64_t id, const char *author) {
    struct event ev = {.kind = EVENT_DELETION};
    struct deletion *d = &ev.u.deletion;
    *d = (struct deletion){.tweet_id = id, .actor = "source", .deleted_at = s->now};
    if (author[0] != '\0') snprintf(d->author, sizeof d->author, "x:%s", author);
    turn(s, &ev);
    step_done(s);
}

/* --- people -------------------------------------------------------------------------- */

static void command(struct stage *s, const struct command *c) {
    turn(s, &(struct event){.kind = EVENT_COMMAND, .u.command = *c});
}

void stage_mode(struct stage *s, mode m, usec until) {
    struct control c = s->rows.control;
    c.before = c.mode == MODE_HALTED ? c.before : c.mode;
    c.mode = m;
    c.epoch++;
    c.since = s->now;
    c.until = until;
    snprintf(c.actor, sizeof c.actor, "cli:test");
    snprintf(c.reason, sizeof c.reason, "because");
    s->rows.control = c;
    if (s->books != NULL) books_control(s->books, &c);
    turn(s, &(struct event){.kind = EVENT_CONTROL, .u.control = c});
    struct command cmd = {.id = 1, .verb = m == MODE_HALTED ? VERB_HALT : VERB_MODE, .mode = m};
    snprintf(cmd.actor, sizeof cmd.actor, "cli:test");
    command(s, &cmd);
    step_done(s);
}

void stage_command(struct stage *s, verb v, int64_t target) {
    struct command c = {.id = 1, .verb = v, .target = target, .at = s->now};
    snprintf(c.actor, sizeof c.actor, "cli:test");
    command(s, &c);
    step_done(s);
}

void stage_setting(struct stage *s, const char *set) {
    const char *v[COUNT_OF(s->play.sets)] = {0};
    ptrdiff_t n = 0;
    for (; n < COUNT_OF(v) - 1 && s->play.sets[n] != NULL; n++) v[n] = s->play.sets[n];
    v[n] = set; /* the last of two for one key counts */
    s->cfg = kit_config(&s->memory, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], NULL);
    trader_configure(s->trader, s->cfg);
    stage_command(s, VERB_SETTING, 0);
}

void stage_forget_author(struct stage *s, const char *key) {
    struct command c = {.id = 1, .verb = VERB_FORGET_AUTHOR, .at = s->now};
    snprintf(c.actor, sizeof c.actor, "cli:test");
    snprintf(c.reason, sizeof c.reason, "%s", key);
    rows_forget_author(&s->rows, key); /* whoever gives the command has done it to the store */
    if (s->books != NULL) books_forget_author(s->books, key);
    command(s, &c);
    step_done(s);
}

const struct author *stage_author(struct stage *s, const char *key) {
    for (int i = 0; i < s->rows.author_count; i++) {
        if (strcmp(s->rows.authors[i].key, key) == 0) return &s->rows.authors[i];
    }
    return NULL;
}

int64_t stage_last_signal(const struct stage *s) {
    return s->rows.signal_count == 0 ? 0 : s->rows.signals[s->rows.signal_count - 1].id;
}

int64_t stage_last_trade(const struct stage *s) {
    return s->rows.trade_count == 0 ? 0 : s->rows.trades[s->rows.trade_count - 1].id;
}

const struct author_record *stage_record(struct stage *s, const char *key) {
    return rows_find_record(&s->rows, key);
}

int stage_forecasts(const struct stage *s) { return s->rows.forecast_count; }

int64_t stage_wants_approval(const struct stage *s) {
    for (int i = s->rows.signal_count - 1; i >= 0 && i > s->rows.signal_count - 200; i--) {
        const struct signal *g = &s->rows.signals[i];
        if (g->verdict == VERDICT_WAITING && g->wants_approval && !g->approved) return g->id;
    }
    return 0;
}

void stage_fate_of_next(struct stage *s, stage_fate f) { s->wire.fate = f; }

void stage_fate_after(struct stage *s, int requests, stage_fate f) {
    s->wire.fate_skips = requests;
    s->wire.fate = f;
}

void stage_line(struct stage *s, stage_fate f, usec until) {
    s->wire.line = f;
    s->wire.line_until = until;
}

void stage_venue(struct stage *s, venue_state state, const char *text) {
    struct event ev = {.kind = EVENT_VENUE,
                       .u.venue = {.state = state, .until = s->wire.line_until}};
    snprintf(ev.u.venue.text, sizeof ev.u.venue.text, "%s", text);
    step(s, &ev);
}

void stage_symbol(struct stage *s, const struct symbol *terms) {
    step(s, &(struct event){.kind = EVENT_SYMBOL, .u.symbol = *terms});
}

const struct symbol *stage_terms(const struct stage *s, int sym) { return &s->symbols->v[sym]; }

void stage_wipe(struct stage *s) {
    struct error err;
    assert_ok(paper_open(&s->now_boot, s->symbols, &s->paper_options, &s->wire.paper, &err), &err);
    for (int i = 0; i < s->symbols->count; i++) {
        if (!match_deposit(engine_of(s), 0, str_from_z(s->symbols->v[i].base), 1000 * E8))
            fail_msg("no coins for the new account");
    }
    s->wiped = true;
}

void stage_stranger(struct stage *s, int sym, const char *coid) {
    struct open_order *o = &s->wire.strangers[s->wire.stranger_count++];
    *o = (struct open_order){.report = {.sym = sym, .state = ORDER_ST_OPEN, .qty = Q("1")}};
    snprintf(o->report.coid, sizeof o->report.coid, "%s", coid);
    snprintf(o->report.venue_id, sizeof o->report.venue_id, "9%d", s->wire.stranger_count);
}

void stage_stranger_goes(struct stage *s, const char *coid) {
    if (!wire_remove_stranger(&s->wire, coid)) fail_msg("%s is not there", coid);
}

void stage_stranger_fills(struct stage *s, int sym, const char *coid) {
    struct event ev = {.kind = EVENT_REPORT,
                       .u.report = {.sym = sym, .state = ORDER_ST_FILLED, .at = s->now}};
    ev.u.report.qty = ev.u.report.filled = qty_from_e8(kit_e8("1"));
    snprintf(ev.u.report.coid, sizeof ev.u.report.coid, "%s", coid);
    step(s, &ev);
}

int stage_strangers(const struct stage *s) { return s->wire.stranger_count; }

void stage_lose_order(struct stage *s, leg which) {
    const int64_t id = stage_last_trade(s);
    for (int i = 0; i < s->rows.order_count; i++) {
        if (s->rows.orders[i].trade_id != id || s->rows.orders[i].leg != which) continue;
        memmove(&s->rows.orders[i], &s->rows.orders[i + 1],
                (size_t)(s->rows.order_count - i - 1) * sizeof s->rows.orders[0]);
        s->rows.order_count--;
        books_close(s->books); /* the story goes on with less than was written down */
        s->books = NULL;
        return;
    }
    fail_msg("there is no such order to be lost");
}

void stage_fee_in(struct stage *s, const char *asset, const char *amount) {
    snprintf(s->wire.fee_asset, sizeof s->wire.fee_asset, "%s", asset);
    s->wire.fee_e8 = kit_e8(amount);
    s->wiped = true; /* the engine takes its own fees all the same */
}

void stage_take_coins(struct stage *s, int sym, const char *amount) {
    if (!match_deposit(engine_of(s), 0, str_from_z(s->symbols->v[sym].base), -kit_e8(amount)))
        fail_msg("they are not free");
    s->wiped = true;
}

/* --- opening, restarting ------------------------------------------------------------- */

static void open_now(struct stage *s) {
    struct error err;
    struct trader_rows rows;
    struct arena scratch;
    arena_open(&s->now_boot, 64 << 20);
    arena_open(&scratch, 64 << 20);
    assert_ok(paper_open(&s->now_boot, s->symbols, &s->paper_options, &s->wire.paper, &err), &err);
    rows_gather(&s->rows, s->cfg->trading_cooldown_symbol_s * USEC_PER_S, &scratch, &rows);
    assert_ok(trader_open(&s->now_boot, s->cfg, s->symbols, &s->traits, &rows, &s->trader, &err),
              &err);
    arena_close(&scratch);
}

void stage_clock_jumps(struct stage *s, usec by) {
    s->now += by;
    trader_clock_jumped(s->trader);
}

void stage_restart(struct stage *s) {
    struct error err;
    struct buf prices;
    buf_init(&prices, 1 << 20);
    buf_clear(&s->blob);
    trader_save_prices(s->trader, &prices);
    venue_save(s->wire.paper, &s->blob);
    arena_close(&s->now_boot);
    open_now(s);
    assert_ok(venue_load(s->wire.paper, buf_str(&s->blob), &err), &err);
    assert_ok(trader_load_prices(s->trader, buf_str(&prices), &err), &err);
    buf_fini(&prices);
    turn(s, &(struct event){.kind = EVENT_START});
    settle_all(s);
    check_all(s);
}

static struct config *config_of(struct arena *a, const struct stage_play *p) {
    const char *const *v = p->sets;
    return kit_config(a, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], NULL);
}

static void open_rows(struct stage *s) {
    struct arena *a = &s->memory;
    s->rows.trades = NEW_ARRAY(a, struct trade, TRADES_KEPT);
    s->rows.orders = NEW_ARRAY(a, struct order, ORDERS_KEPT);
    s->rows.signals = NEW_ARRAY(a, struct signal, SIGNALS_KEPT);
    s->rows.fills = NEW_ARRAY(a, struct fill, FILLS_KEPT);
    s->rows.authors = NEW_ARRAY(a, struct author, AUTHORS_KEPT);
    s->rows.memory = NEW_ARRAY(a, struct post_memory, MEMORY_KEPT);
    s->rows.deletions = NEW_ARRAY(a, struct deletion, DELETIONS_KEPT);
    s->rows.forecasts = NEW_ARRAY(a, struct forecast, FORECASTS_KEPT);
    s->rows.records = NEW_ARRAY(a, struct author_record, RECORDS_KEPT);
    s->rows.sent = (char(*)[COID_BYTES])NEW_ARRAY(a, char, REQUESTS_KEPT *COID_BYTES);
}

static struct stage *open_stage(const struct stage_play *play, bool with_books) {
    struct arena a;
    arena_open(&a, 256 << 20);
    struct stage *s = NEW(&a, struct stage);
    s->memory = a;
    s->play = *play;
    s->cfg = config_of(&s->memory, play);
    s->symbols = kit_symbols(&s->memory);
    s->acts = NEW(&s->memory, struct actions);
    open_rows(s);
    buf_init(&s->trace, TRACE_BYTES);
    buf_init(&s->blob, 16 << 20);
    s->start = s->now = KIT_DAY;
    const struct config *c = s->cfg;
    s->paper_options = (struct paper_options){.balance = c->paper_balance,
                                              .margin = c->paper_margin,
                                              .leverage = c->paper_leverage,
                                              .fee_e8 = c->paper_fee_percent,
                                              .spread_e8 = c->paper_spread_percent,
                                              .slippage_e8 = c->paper_slippage_percent,
                                              .volume_cap_e8 = c->paper_volume_cap_percent,
                                              .latency = c->paper_latency_ms * USEC_PER_MS,
                                              .price_stands = play->ticks,
                                              .quote_asset = "USDT"};
    s->traits = (struct venue_traits){.can_short = c->paper_margin,
                                      .fee_e8 = c->paper_fee_percent,
                                      .spread_e8 = c->paper_spread_percent,
                                      .slippage_e8 = c->paper_slippage_percent,
                                      .recv_window = USEC_PER_S,
                                      .fee_from_received = !c->paper_margin,
                                      .absence_after = play->absence_after};
    if (play->far) {
        s->traits.sells_blind = s->traits.snapshots = s->traits.ticks = true;
        if (play->absence_after == 0) s->traits.absence_after = 12500 * USEC_PER_MS;
    }
    s->wire.far = play->far;
    s->may_shout = play->may_shout;
    s->wire.base.ops = &wire_ops;
    if (with_books) s->books = books_open();
    open_now(s);
    turn(s, &(struct event){.kind = EVENT_START});
    settle_all(s);
    buf_clear(&s->trace); /* every story begins alike: a new day, a new account */
    return s;
}

struct stage *stage_open(const struct stage_play *play) {
    return open_stage(play, true);
}

void stage_restart_each_step(struct stage *s) { s->restart_after = -1; }

/* Whatever happened, the check of the store that it left finds nothing. */
static void check_books(struct stage *s) {
    const char *found = s->books != NULL ? books_check(s->books) : "";
    if (found[0] != '\0') broken(s, "the books are not sound:\n%s", found);
}

void stage_close(struct stage *s) {
    check_books(s);
    books_close(s->books);
    buf_fini(&s->trace);
    buf_fini(&s->blob);
    arena_close(&s->now_boot);
    struct arena a = s->memory;
    arena_close(&a);
}

str stage_trace(const struct stage *s) { return buf_str(&s->trace); }
void stage_trace_clear(struct stage *s) { buf_clear(&s->trace); }
int stage_steps(const struct stage *s) { return s->steps; }
struct trader *stage_trader(struct stage *s) {
    return s->trader;
}
int64_t stage_trade_count(const struct stage *s) { return s->rows.trade_count; }
int64_t stage_fill_count(const struct stage *s) { return s->rows.fill_count; }

int stage_open_trades(const struct stage *s) {
    int n = 0;
    for (int i = 0; i < s->rows.trade_count; i++) n += s->rows.trades[i].status == TRADE_OPEN;
    return n;
}

bool stage_is_open(const struct stage *s, int sym) {
    for (int i = s->rows.trade_count - 1; i >= 0; i--) {
        if (s->rows.trades[i].status == TRADE_OPEN && s->rows.trades[i].sym == sym) return true;
    }
    return false;
}

/* --- plays --------------------------------------------------------------------------- */

static void assert_trace(const struct stage *s, const char *want, const char *how, int step_no) {
    const str got = buf_str(&s->trace);
    if (str_eq(got, str_from_z(want))) return;
    ptrdiff_t same = 0, line = 0;
    while (same < got.n && want[same] == got.p[same]) same++;
    for (ptrdiff_t i = 0; i < same; i++) line += got.p[i] == '\n';
    fprintf(stderr, "the trace differs in line %td%s %d; it was\n" STR_FMT "(end)\n", line + 1, how,
            step_no, STR_ARG(got));
    fail_msg("a trace that differs");
}

static int play_once(const struct stage_play *p, int restart_after, const char *want,
                     const char *how) {
    struct stage *s =
        open_stage(p, restart_after <= 0); /* the books are the same with each restart */
    s->restart_after = restart_after;
    p->story(s);
    assert_trace(s, want, how, restart_after);
    const int steps = s->steps;
    stage_close(s);
    return steps;
}

void stage_expect(const struct stage_play *play, const char *want) {
    const int steps = play_once(play, 0, want, ", without a restart");
    if (play->restarts_differ) return;
    for (int k = 1; k <= steps; k++) play_once(play, k, want, ", with a restart after step");
    play_once(play, -1, want, ", with a restart after each step");
}

/* --- what must be true after each step ----------------------------------------------- */

static money signed_quote(const struct fill *f) {
    const money fee = f->fee_in_base ? money_from_e8(0) : money_from_e8(f->fee_e8);
    return f->side == ORDER_BUY ? money_neg(money_plus(f->quote, fee)) : money_minus(f->quote, fee);
}

static qty signed_base(const struct fill *f) {
    const qty fee = f->fee_in_base ? qty_from_e8(f->fee_e8) : qty_from_e8(0);
    return f->side == ORDER_BUY ? qty_minus(f->qty, fee) : qty_minus(qty_neg(f->qty), fee);
}

/* What the trade holds, by its fills alone: + LONG, - SHORT. */
static qty held_by_fills(const struct stage *s, int64_t trade_id) {
    qty sum = qty_from_e8(0);
    for (int i = s->rows.fill_count - 1; i >= 0 && i > s->rows.fill_count - 4000; i--) {
        const struct fill *f = &s->rows.fills[i];
        if (f->trade_id == trade_id) sum = qty_plus(sum, signed_base(f));
    }
    return sum;
}

static money value_at(const struct stage *s, money cash, const price mark[KIT_COIN_COUNT]) {
    money value = cash;
    for (int i = 0; i < s->rows.trade_count; i++) {
        const struct trade *t = &s->rows.trades[i];
        if (t->status != TRADE_OPEN || qty_is_zero(t->held)) continue;
        money v;
        const bool is_long = t->side == SIDE_LONG;
        if (!money_notional(mark[t->sym], t->held, is_long ? ROUND_FLOOR : ROUND_CEIL, &v)) {
            broken(s, "a value out of range");
        }
        value = is_long ? money_plus(value, v) : money_minus(value, v);
    }
    return value;
}

/* Equity is the cash and the value of what is held, at the prices of the turn; a new day is opened
 * at the prices before it. */
static void check_equity(const struct stage *s, const struct equity_sample *e) {
    const money now = value_at(s, e->cash, s->mark), before = value_at(s, e->cash, s->mark_before);
    if (money_cmp(now, e->equity) != 0 && money_cmp(before, e->equity) != 0) {
        broken(s, "equity %lld, cash and value %lld", (long long)money_e8(e->equity),
               (long long)money_e8(now));
    }
}

static bool has_live(const struct stage *s, int64_t trade_id, leg which) {
    for (int i = s->rows.order_count - 1; i >= 0 && i > s->rows.order_count - 2000; i--) {
        const struct order *o = &s->rows.orders[i];
        if (o->trade_id == trade_id && o->leg == which && order_is_live(o->state)) return true;
    }
    return false;
}

static void check_trade(const struct stage *s, const struct trade *t) {
    const qty held = t->side == SIDE_LONG ? t->held : qty_neg(t->held);
    if (qty_cmp(held, held_by_fills(s, t->id)) != 0) broken(s, "held differs from the fills");
    for (int i = 0; i < s->rows.signal_count; i++) {
        const struct signal *g = &s->rows.signals[i];
        if (g->id == t->signal_id && t->created_at < g->posted_at) {
            broken(s, "trade %lld is older than its post", (long long)t->id);
        }
    }
    if (qty_is_zero(t->held)) return;
    const bool guarded = has_live(s, t->id, LEG_STOP) || has_live(s, t->id, LEG_TARGET);
    const bool exiting = has_live(s, t->id, LEG_EXIT);
    const bool due = t->exit_due && !t->exit_sent;
    if (!guarded && !exiting && !due) broken(s, "trade %lld stands bare", (long long)t->id);
}

static void check_venue(struct stage *s) {
    const struct rows *r = &s->rows;
    int64_t net[KIT_COIN_COUNT] = {0};
    money cash = r->account.start;
    for (int i = 0; i < r->fill_count; i++) {
        cash = money_plus(cash, signed_quote(&r->fills[i]));
        net[r->fills[i].sym] += qty_e8(signed_base(&r->fills[i]));
    }
    if (money_cmp(cash, r->account.cash) != 0) broken(s, "cash differs from the fills");
    if (s->wire.news_count > 0 || s->wiped) return; /* the venue knows what we were not told yet */
    for (int i = 0; i < r->order_count; i++) {
        if (r->orders[i].state == ORDER_ST_UNKNOWN) return;
    }
    /* a fill that was booked from totals has the expected fee, rounded once instead of each time */
    const int64_t slack = 16 * s->missed_fills;
    struct match *m = engine_of(s);
    const struct match_balance usdt = match_balance_of(m, 0, STR("USDT"));
    const int64_t there = usdt.free_e8 + usdt.locked_e8, here = money_e8(r->account.cash);
    if (there - here > slack || here - there > slack) {
        broken(s, "the venue has %lld USDT, the wallet %lld", (long long)there, (long long)here);
    }
    for (int i = 0; i < KIT_COIN_COUNT; i++) {
        const struct match_balance b = match_balance_of(m, 0, str_from_z(s->symbols->v[i].base));
        const int64_t held = b.free_e8 + b.locked_e8;
        if (held - net[i] > slack || net[i] - held > slack) {
            broken(s, "the venue has %lld %s, the fills %lld", (long long)held,
                   s->symbols->v[i].base, (long long)net[i]);
        }
    }
}

static void check_all(struct stage *s) {
    const struct rows *r = &s->rows;
    bool taken[KIT_COIN_COUNT] = {0};
    money basis = money_from_e8(0);
    for (int i = 0; i < r->trade_count; i++) {
        const struct trade *t = &r->trades[i];
        if (t->status != TRADE_OPEN) continue;
        if (taken[t->sym]) broken(s, "two open trades in %s", t->symbol);
        taken[t->sym] = true;
        basis = t->side == SIDE_LONG ? money_plus(basis, t->basis) : money_minus(basis, t->basis);
        check_trade(s, t);
    }
    const struct account *a = &r->account;
    if (money_cmp(money_plus(a->start, a->realized), money_plus(a->cash, basis)) != 0) {
        broken(s, "start and profit differ from cash and basis");
    }
    check_venue(s);
}
