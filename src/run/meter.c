/* meter: see the header.
 *
 * In: turns, and what the trader tells of himself. Out: metrics. Real time is the wall's here, as
 * posts are stamped with it at their receipt, by another process even; in virtual time such spans
 * mean nothing and are not taken. Failure: none. */
#include "run/meter.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/metric.h"
#include "base/time.h"

#define LOOK_US (250 * USEC_PER_MS)

static usec span(usec from, usec to) { return i64_max(to - from, 0); }

/* --- stages ---------------------------------------------------------------------------------- */

void meter_stage_took(meter_stage s, usec took, int64_t n) {
    static const char *const names[] = {
#define X(name, text) text,
        METER_STAGE_MAP(X)
#undef X
    };
    static struct metric *_Atomic known[STAGE_COUNT];
    PRE(s >= 0 && s < STAGE_COUNT);
    struct metric *m = known[s];
    if (m == NULL) {
        m = metric_get(M_STAGE, LABELS(names[s]));
        known[s] = m;
    }
    metric_observe_many(m, i64_max(took, 0), n);
}

#define MODELS_MAX 4 /* the cascade has two */

/* The name is known by its pointer, since a model's is one literal. */
void meter_model(const char *name, int64_t n) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct {
        const char *name;
        struct metric *read;
    } models[MODELS_MAX];
    static atomic_int count; /* published when the last one is complete */
    int i = 0;
    if (name == NULL) return;
    while (i < count && models[i].name != name) i++;
    if (i == count && i < MODELS_MAX) {
        struct metric *const m = metric_get(M_READINGS, LABELS(name));
        pthread_mutex_lock(&lock);
        i = count;
        if (i < MODELS_MAX) {
            models[i].name = name;
            models[i].read = m;
            count = i + 1;
        } else {
            i = MODELS_MAX - 1;
        }
        pthread_mutex_unlock(&lock);
    }
    if (i < MODELS_MAX) metric_add(models[i].read, n);
}

void meter_read(const struct reading *v, int count, usec took) {
    int from = 0;
    if (count == 0) return;
    meter_stage_took(STAGE_READ, took / count, count);
    for (int i = 1; i <= count; i++) {
        if (i < count && v[i].model == v[from].model) continue;
        meter_model(v[from].model, i - from);
        from = i;
    }
}

void meter_outcome(struct meter_outcomes *m, str source, reason why) {
    int i = 0;
    while (i < m->count && !str_eq(str_from_z(m->v[i].name), source)) i++;
    if (i == METER_SOURCES_MAX) i--; /* more than can be configured: with the last */
    if (i == m->count && m->count < METER_SOURCES_MAX) {
        IGNORE(!str_copyz(source, m->v[i].name, sizeof m->v[i].name), "it is short");
        m->count++;
    }
    struct metric **const by = &m->v[i].by[why];
    if (*by == NULL)
        *by = metric_get(M_POSTS_DECIDED,
                         LABELS(m->v[i].name, why == REASON_NONE ? "signal" : reason_name(why)));
    metric_add(*by, 1);
}

/* --- beginning ------------------------------------------------------------------------------- */

/* What the trader tells where the venue and the books differ (src/flow/trader_*.c). */
static const char *const mismatches[] = {"balance_short",    "coins_gone",    "fill_does_not_fit",
                                         "fill_unexplained", "fills_missed",  "foreign_bot",
                                         "lost_trade",       "order_adopted", "report_contradicts",
                                         "strange_order",    "stray_order"};

static void open_looks(struct meter *m) {
    m->unknown = metric_get(M_UNKNOWN_ORDERS, NULL);
    m->unknown_age = metric_get(M_UNKNOWN_OLDEST, NULL);
    m->positions = metric_get(M_POSITIONS, NULL);
    m->bare = metric_get(M_BARE_POSITIONS, NULL);
    m->bare_age = metric_get(M_BARE_OLDEST, NULL);
    m->bare_found = metric_get(M_BARE_FOUND, NULL);
    m->compared = metric_get(M_RECONCILED_AT, NULL);
    m->pnl = metric_get(M_CURRENT_PNL, NULL);
    m->equity = metric_get(M_EQUITY, NULL);
    m->cash = metric_get(M_CASH, NULL);
    m->unrealized = metric_get(M_UNREALIZED, NULL);
    m->fees = metric_get(M_FEES, NULL);
    m->drawdown = metric_get(M_DRAWDOWN, NULL);
    m->drawdown_limit = metric_get(M_DRAWDOWN_LIMIT, NULL);
    m->by_program = metric_get(M_HALTED_BY_PROGRAM, NULL);
}

void meter_open(struct meter *m, bool wall) {
    *m = (struct meter){.wall = wall};
    if (metric_role() != METRIC_TRADE) /* there those count who read them */
        m->processed = metric_get(M_TWEETS_PROCESSED, NULL);
    m->receipt_age = metric_get(M_POST_AGE, LABELS("receipt"));
    m->order_age = metric_get(M_POST_AGE, LABELS("order"));
    m->to_signal = metric_get(M_POST_TO_SIGNAL, NULL);
    m->to_order = metric_get(M_POST_TO_ORDER, NULL);
    for (side s = SIDE_LONG; s <= SIDE_SHORT; s++) {
        m->score[s] = metric_get(M_SIGNAL_SCORE, LABELS(side_name(s)));
        m->slippage[s] = metric_get(M_SLIPPAGE, LABELS(side_name(s)));
    }
    for (reason r = REASON_NONE + 1; r < REASON_STOP; r++) /* from there on: why one was closed */
        m->refused[r] = metric_get(M_REFUSALS, LABELS(reason_name(r)));
    for (order_state s = 0; s < ORDER_ST_COUNT; s++) {
        m->orders[s] = metric_get(M_ORDERS, LABELS(order_state_name(s)));
        m->moves[s] = metric_get(M_ORDER_MOVES, LABELS(order_state_name(s)));
    }
    for (mode x = MODE_AUTO; x <= MODE_HALTED; x++)
        m->mode[x] = metric_get(M_MODE, LABELS(mode_name(x)));
    for (int i = 0; i < COUNT_OF(mismatches); i++) metric_get(M_MISMATCHES, LABELS(mismatches[i]));
    open_looks(m);
}

void meter_leads(bool leads) { metric_set(metric_get(M_TRADER_LEADS, NULL), leads); }

/* --- a turn ---------------------------------------------------------------------------------- */

static void saw_post(struct meter *m, const struct action *a) {
    const struct post *const p = a->u.post.reading->post;
    if (m->processed != NULL) metric_add(m->processed, 1);
    meter_outcome(&m->outcomes, p->source, a->u.post.outcome);
    if (p->received_at > 0) metric_observe(m->receipt_age, span(p->created_at, p->received_at));
    if (a->u.post.outcome != REASON_NONE || !m->wall) return;
    metric_observe(m->to_signal, span(p->received_at, time_wall_us()));
    m->recent[m->recent_next].tweet_id = p->id;
    m->recent[m->recent_next].trade_id = 0;
    m->recent[m->recent_next].received_at = p->received_at;
    m->recent_next = (m->recent_next + 1) % METER_RECENT;
}

/* An approval takes as long as a person does: it says nothing of us. */
static void saw_intent(struct meter *m, usec now, const struct trade *tr, bool approved) {
    metric_observe(m->order_age, span(tr->posted_at, now));
    for (int i = 0; i < METER_RECENT && m->wall && !approved; i++)
        if (m->recent[i].tweet_id == tr->tweet_id && m->recent[i].received_at != 0)
            m->recent[i].trade_id = tr->id;
}

static void saw_entry(struct meter *m, const struct trade *tr) {
    money worse = money_from_e8(price_e8(tr->entry_price) - price_e8(tr->quote_price)), share;
    if (tr->side == SIDE_SHORT) worse = money_minus(money_from_e8(0), worse);
    metric_add(metric_get(M_TRADES_EXECUTED, LABELS(tr->symbol, side_name(tr->side))), 1);
    if (price_e8(tr->quote_price) <= 0 || price_e8(tr->entry_price) <= 0) return;
    if (money_ratio(worse, E8, price_e8(tr->quote_price), ROUND_FLOOR, &share))
        metric_observe(m->slippage[tr->side], i64_max(money_e8(share), 0));
}

/* Rows are put again and again, in a turn and in others at the same moment. */
static bool is_new_signal(struct meter *m, usec now, const struct signal *s) {
    if (s->created_at != now || s->id <= m->last_signal || s->side == SIDE_NONE) return false;
    m->last_signal = s->id;
    return true;
}

static bool is_new_entry(struct meter *m, usec now, const struct trade *tr) {
    if (tr->entered_at != now || now == 0) return false;
    for (int i = 0; i < METER_RECENT; i++)
        if (m->entered[i] == tr->id) return false;
    m->entered[m->entered_next] = tr->id;
    m->entered_next = (m->entered_next + 1) % METER_RECENT;
    return true;
}

/* The venue has the order of a post. */
static void saw_taken(struct meter *m, const struct reply *r) {
    if (r->kind != REQUEST_BRACKET || r->outcome != OUTCOME_DONE) return;
    for (int i = 0; i < METER_RECENT; i++) {
        if (m->recent[i].trade_id != r->trade_id || r->trade_id == 0) continue;
        metric_observe(m->to_order, span(m->recent[i].received_at, time_wall_us()));
        m->recent[i].trade_id = 0;
        m->recent[i].received_at = 0;
    }
}

void meter_turn(struct meter *m, usec now, const struct event *ev, const struct actions *acts) {
    for (int i = 0; i < acts->count; i++) {
        const struct action *const a = &acts->v[i];
        if (a->kind == ACTION_PUT_POST)
            saw_post(m, a);
        else if (a->kind == ACTION_PUT_SIGNAL && is_new_signal(m, now, &a->u.signal))
            metric_observe(m->score[a->u.signal.side], a->u.signal.score);
        else if (a->kind == ACTION_PUT_INTENT)
            saw_intent(m, now, &a->u.trade, ev->kind == EVENT_COMMAND);
        else if (a->kind == ACTION_PUT_TRADE && is_new_entry(m, now, &a->u.trade))
            saw_entry(m, &a->u.trade);
        else if (a->kind == ACTION_TELL)
            meter_told(m, a->u.tell.event);
    }
    if (ev->kind == EVENT_REPLY && m->wall) saw_taken(m, ev->u.reply);
}

void meter_told(struct meter *m, const char *event) {
    const str e = str_from_z(event);
    if (str_eq(e, STR("position_bare"))) metric_add(m->bare_found, 1);
    for (int i = 0; i < COUNT_OF(mismatches); i++)
        if (str_eq(e, str_from_z(mismatches[i])))
            metric_add(metric_get(M_MISMATCHES, LABELS(mismatches[i])), 1);
}

/* --- looks ----------------------------------------------------------------------------------- */

static void look_at_money(struct meter *m, const struct trader_view *v) {
    metric_set(m->equity, money_e8(v->equity));
    metric_set(m->pnl, money_e8(money_minus(v->equity, v->account->start)));
    metric_set(m->cash, money_e8(v->account->cash));
    metric_set(m->unrealized, money_e8(v->unrealized));
    metric_raise(m->fees, money_e8(v->account->fees));
    metric_set(m->drawdown, v->drawdown_bp);
    metric_set(m->positions, v->position_count);
    for (mode x = MODE_AUTO; x <= MODE_HALTED; x++) metric_set(m->mode[x], v->control->mode == x);
    metric_set(m->by_program, v->control->mode == MODE_HALTED && v->control->by_program);
    for (reason r = REASON_NONE + 1; r < REASON_STOP; r++)
        metric_raise(m->refused[r], v->refused[r]);
}

void meter_look(struct meter *m, struct trader *t, usec now, bool at_once) {
    struct trader_view v;
    struct trader_watch w;
    const usec mono = time_monotonic_us();
    if (!at_once && mono < m->look_at) return;
    m->look_at = mono + LOOK_US;
    trader_view(t, &v);
    trader_watch(t, now, &w);
    look_at_money(m, &v);
    metric_set(m->drawdown_limit, w.drawdown_limit_e8);
    for (order_state s = 0; s < ORDER_ST_COUNT; s++) {
        metric_set(m->orders[s], w.orders[s]);
        metric_raise(m->moves[s], w.moves[s]);
    }
    metric_set(m->unknown, w.unknown);
    metric_set(m->unknown_age, w.unknown > 0 ? span(w.unknown_since, now) : 0);
    metric_set(m->bare, w.bare);
    metric_set(m->bare_age, w.bare > 0 ? span(w.bare_since, now) : 0);
    metric_set(m->compared, w.compared_at);
}
