/* From a reading to an intent: each mention becomes a signal, and each signal ends with a verdict.
 *
 * A signal that the judge lets pass waits for the first price at or after it (of candles: the next
 * open), and where an account has to be looked at first, for that. Then the price may say that the
 * news is priced in, the risk rules may refuse, a person may be asked; what is left is traded.
 * Whatever the end, the row says why. */
#include "flow/trader_int.h"

#include "base/buf.h"
#include "flow/judge/priced_in.h"

static void put_signal(struct trader *t, const struct signal *s) {
    act(t, ACTION_PUT_SIGNAL)->u.signal = *s;
}

static bool waits(const struct signal *s) { return !s->wants_approval || s->approved; }

/* Takes the i-th waiting signal out of the table; order is kept. */
static void forget(struct trader *t, int i) {
    const struct signal *s = &t->signals[i];
    if (waits(s)) t->syms[s->sym].waiting--;
    memmove(&t->signals[i], &t->signals[i + 1],
            (size_t)(t->signal_count - i - 1) * sizeof *t->signals);
    t->signal_count--;
}

static void refuse(struct trader *t, struct signal *s, reason why) {
    PRE(why != REASON_NONE);
    s->verdict = VERDICT_REFUSED;
    s->reason = why;
    t->refused[why]++;
    put_signal(t, s);
    ledger(t, "refusal tweet=%lld %s %s score=%d %s", (long long)s->tweet_id, s->symbol,
           side_name(s->side), s->score, reason_name(why));
}

void signal_withdraw(struct trader *t, int i, reason why) {
    struct signal s = t->signals[i];
    forget(t, i);
    refuse(t, &s, why);
}

/* --- risk ---------------------------------------------------------------------------------------
 */

/* What the account has under way: open trades and waiting approvals, each at full size. */
static void count_commitments(const struct trader *t, const struct signal *s, struct risk_view *v) {
    v->free_cash = t->account.cash;
    for (int i = 0; i < t->trade_count; i++) {
        const struct trade *tr = &t->trades[i];
        v->positions++;
        if (tr->sym == s->sym) v->symbol_taken = true;
        money value;
        const bool entered = trade_entered(tr);
        const bool marked = !price_is_zero(t->syms[tr->sym].mark); /* not yet after a restart */
        const price at = entered && marked ? t->syms[tr->sym].mark : tr->limit_price;
        const qty q = entered ? tr->held : tr->quantity;
        if (!money_notional(at, q, ROUND_CEIL, &value)) continue;
        v->exposure = money_plus(v->exposure, value);
        if (!entered && tr->side == SIDE_LONG) v->free_cash = money_minus(v->free_cash, value);
    }
    for (int i = 0; i < t->signal_count; i++) {
        const struct signal *w = &t->signals[i];
        if (!w->wants_approval || w->id == s->id) continue;
        v->positions++;
        if (w->sym == s->sym) v->symbol_taken = true;
        money share;
        if (!money_ratio(v->equity, t->cfg->trading_position_size_percent, E8, ROUND_CEIL,
                         &share)) {
            continue;
        }
        v->exposure = money_plus(v->exposure, share);
        v->free_cash = money_minus(v->free_cash, share);
    }
}

static void recall_intents(const struct trader *t, const struct signal *s, struct risk_view *v) {
    for (int i = 0; i < t->memo_count; i++) {
        const struct memo *m = &t->memos[i];
        if (m->root_id == s->root_id) v->same_post = true;
        if (m->sym != s->sym) continue;
        if (m->root_id == s->root_id) v->root_traded = true;
        if (m->cluster_id == s->cluster_id && t->now - m->at < JUDGE_WINDOW) {
            v->cluster_traded = true;
        }
    }
}

static void view_of(struct trader *t, const struct signal *s, struct risk_view *v) {
    *v = (struct risk_view){
        .now = t->now,
        .cfg = t->cfg,
        .traits = &t->traits,
        .mode = t->control.mode,
        .equity = trader_equity(t),
        .drawdown = t->account.day_tripped,
        .symbol_closed_at = t->syms[s->sym].closed_at,
        .room = t->trade_count < TRADES_MAX && t->order_count + 4 <= ORDERS_MAX,
    };
    const struct author *a = judge_find_author(&t->judge, str_from_z(s->author));
    if (a != NULL) {
        v->author_traded_at = a->last_trade_at;
        v->author_trades_today = a->day == time_utc_day(t->now) ? a->trades_today : 0;
    }
    count_commitments(t, s, v);
    recall_intents(t, s, v);
}

static void ask_for_approval(struct trader *t, struct signal *s, const struct plan *plan) {
    struct texts x = {0};
    s->wants_approval = true;
    s->expires_at = t->now + t->cfg->trading_approval_timeout_s * USEC_PER_S;
    t->syms[s->sym].waiting--;
    put_signal(t, s);
    tell(t, TELL_INFO, "approval_wanted",
         "signal %lld: %s %s %s at about %s, score %d; bullfinch approve %lld", (long long)s->id,
         side_name(s->side), text_e8(&x, qty_e8(plan->qty)), s->symbol,
         text_e8(&x, price_e8(plan->quote)), s->score, (long long)s->id);
}

/* Why an entry is refused before anything is reckoned: the account's mode, then the venue. A halt
 * of the program's own has its reason in front of its words. */
static reason standing_refusal(const struct trader *t) {
    const struct control *c = &t->control;
    const bool open = c->mode == MODE_AUTO || c->mode == MODE_MANUAL;
    if (open) return venue_refusal(t);
    static const reason own[] = {REASON_TESTNET_RESET, REASON_REDUCE_ONLY};
    for (ptrdiff_t i = 0; i < COUNT_OF(own) && c->mode == MODE_HALTED; i++) {
        const str name = str_from_z(reason_name(own[i]));
        if (strcmp(c->actor, "program") == 0 && str_starts(str_from_z(c->reason), name))
            return own[i];
    }
    return REASON_NONE; /* the rules say it */
}

/* Where the venue has no shorts, what speaks for one closes the LONG that another post opened. */
static struct trade *closes(struct trader *t, const struct signal *s) {
    const int i = t->syms[s->sym].trade;
    if (s->side != SIDE_SHORT || t->traits.can_short || i < 0) return NULL;
    if (!t->cfg->trading_short_closes_long || t->control.mode == MODE_OBSERVE) return NULL;
    struct trade *tr = &t->trades[i];
    const bool later = s->root_id != tr->root_id && s->posted_at >= tr->posted_at;
    return tr->side == SIDE_LONG && later && !tr->exit_due ? tr : NULL;
}

/* Where prices had not begun when the post was published, the first stands for the price of then,
 * if it came within moments. */
static void look_at_first(const struct trader *t, struct signal *s) {
    const struct sym_state *st = &t->syms[s->sym];
    if (!t->traits.ticks || !price_is_zero(s->seen) || st->ring_count == 0) return;
    const int first = (st->ring_next - st->ring_count + PRICE_RING) % PRICE_RING;
    const usec after = st->ring[first].at - s->posted_at;
    if (st->ring_count == PRICE_RING || after < 0 || after > WAIT_LEAST) return;
    s->seen = st->ring[first].p;
    s->seen_at = st->ring[first].at;
    s->seen_volatility = 0;
}

/* Tries the i-th waiting signal at the symbol's last quote. True: it left the table. */
static bool try_signal(struct trader *t, int i) {
    struct signal *s = &t->signals[i];
    const struct sym_state *st = &t->syms[s->sym];
    struct plan plan;
    struct risk_view view;
    struct trade *closed = closes(t, s);
    reason why = closed != NULL ? REASON_OPPOSITE : REASON_NONE;
    look_at_first(t, s);
    if (why == REASON_NONE && !s->approved)
        why = judge_priced_in(&t->judge, s, t->now, st->quote.last);
    if (why == REASON_NONE) why = standing_refusal(t);
    if (why == REASON_NONE) {
        view_of(t, s, &view);
        why = risk_check(&view, s, &t->symbols->v[s->sym], &st->quote, &plan);
    }
    if (why == REASON_NONE && t->control.mode == MODE_MANUAL && !s->approved) {
        ask_for_approval(t, s, &plan);
        return false;
    }
    struct signal done = *s;
    forget(t, i);
    if (why == REASON_OBSERVE) {
        struct texts x = {0};
        tell(t, TELL_INFO, "signal", "%s %s at %s, score %d", side_name(done.side), done.symbol,
             text_e8(&x, price_e8(st->quote.last)), done.score);
    }
    if (closed != NULL) done.trade_id = closed->id;
    if (why != REASON_NONE)
        refuse(t, &done, why);
    else
        trade_open(t, &done, &plan);
    if (closed != NULL) trade_want_exit(t, closed, REASON_OPPOSITE);
    return true;
}

/* Is there a price, and has the first look at the account come? What closes waits for no look. */
static bool can_be_tried(struct trader *t, const struct signal *s) {
    if (!price_is_fresh(t, s->sym)) return false;
    return standing_refusal(t) != REASON_RECONCILING || closes(t, s) != NULL;
}

void signals_on_quote(struct trader *t, int sym) {
    if (t->syms[sym].waiting == 0) return;
    for (int i = 0; i < t->signal_count;) {
        const struct signal *s = &t->signals[i];
        const bool now = s->sym == sym && waits(s) && can_be_tried(t, s);
        if (!now || !try_signal(t, i)) i++;
    }
}

/* --- readings ------------------------------------------------------------------------ */

/* What was known of the price when the post was published: the last one at or before then, and the
 * volatility up to it. Nothing when none is remembered, or only one from before a gap. */
static void look_back(const struct sym_state *st, struct signal *s) {
    const usec at = s->posted_at, oldest = at - i64_max(st->interval, SEEN_STANDS);
    const bool ticks = st->interval == 0 && st->quote.at != 0; /* not each is in the ring */
    if (ticks && st->quote.at <= at && st->quote.at >= oldest) {
        s->seen = st->quote.last;
        s->seen_at = st->quote.at;
        s->seen_volatility = volatility_a_minute(st->volatility.squared);
        return;
    }
    for (int n = 1; n <= st->ring_count; n++) {
        const int i = (st->ring_next - n + PRICE_RING) % PRICE_RING;
        if (st->ring[i].at > at) continue;
        if (st->ring[i].at < oldest) return;
        s->seen = st->ring[i].p;
        s->seen_at = st->ring[i].at;
        s->seen_volatility = volatility_a_minute(st->ring[i].squared);
        return;
    }
}

/* Why a mention cannot be traded whatever the judge thinks of it. */
static reason market_refusal(const struct trader *t, int sym) {
    if (sym == SYM_NONE) return REASON_NOT_LISTED;
    const struct sym_state *st = &t->syms[sym];
    const bool may_come = st->has_price || t->traits.ticks;
    return may_come && !st->dry ? REASON_NONE : REASON_NO_PRICE;
}

static void make_signal(struct trader *t, const struct reading *r, const struct opinion *op,
                        const struct mention *m, struct signal *s) {
    *s = (struct signal){
        .id = new_id(t),
        .tweet_id = r->post->id,
        .root_id = r->post->root_id,
        .cluster_id = op->cluster_id,
        .sym = symbols_find(t->symbols, str_from_z(m->symbol)),
        .verdict = VERDICT_WAITING,
        .posted_at = r->post->created_at,
        .created_at = t->now,
    };
    memcpy(s->author, op->author->key, AUTHOR_BYTES);
    memcpy(s->symbol, m->symbol, SYMBOL_BYTES);
    judge_mention(&t->judge, op, m, s);
    t->account.signals++;
    if (s->sym != SYM_NONE) {
        look_back(&t->syms[s->sym], s);
        s->expires_at = t->now + i64_max(t->syms[s->sym].interval, WAIT_LEAST);
    } else {
        s->expires_at = t->now;
    }
    const reason market = market_refusal(t, s->sym);
    if (market != REASON_NONE) s->reason = market;
}

static void on_mention(struct trader *t, const struct reading *r, const struct opinion *op,
                       const struct mention *m, int *best_score) {
    struct signal s;
    make_signal(t, r, op, m, &s);
    if (s.score > *best_score) *best_score = s.score;
    forecast_watch(t, &s, op);
    if (s.reason == REASON_NONE && t->signal_count == SIGNALS_MAX) s.reason = REASON_OVERLOADED;
    if (s.reason != REASON_NONE) {
        refuse(t, &s, s.reason);
        return;
    }
    t->signals[t->signal_count++] = s;
    t->syms[s.sym].waiting++;
    t->acts->durable = true;
    /* tried at once, its row is put with the verdict; a signal that asks for approval puts itself
     */
    if (!can_be_tried(t, &s))
        put_signal(t, &s);
    else
        IGNORE(try_signal(t, t->signal_count - 1), "stays or goes");
}

void on_reading(struct trader *t, const struct reading *r) {
    struct opinion op;
    if (on_deleted_post(t, r)) return;
    judge_post(&t->judge, t->now, r, &op);
    if (op.repeated) return;
    t->account.posts++;
    struct action *put = act(t, ACTION_PUT_POST);
    put->u.post.reading = r;
    if (op.gone != NULL) act(t, ACTION_PUT_AUTHOR)->u.author = *op.gone;
    int best_score = 0;
    if (r->mention_count == 0) {
        put->u.post.outcome = REASON_NO_COIN;
        t->refused[REASON_NO_COIN]++;
        ledger(t, "refusal tweet=%lld %s", (long long)r->post->id, reason_name(REASON_NO_COIN));
    }
    /* a version that names no coin any more is remembered too: it outdates those that come late; a
     * post older than the memory is not: it would make its chain look young */
    const bool young = t->now - r->post->created_at < JUDGE_WINDOW;
    if (young && (r->mention_count > 0 || r->post->edited)) {
        judge_remember(&t->judge, t->now, r, &op, &act(t, ACTION_PUT_MEMORY)->u.memory);
    }
    t->reading_author = op.author; /* put once, after what his post may have led to */
    if (r->post->edited && !op.outdated) on_edit(t, r);
    if (!op.outdated) on_later_post(t, r, op.author->key);
    for (int i = 0; i < r->mention_count; i++) on_mention(t, r, &op, &r->mentions[i], &best_score);
    put->u.post.signal_score = best_score;
    act(t, ACTION_PUT_AUTHOR)->u.author = *op.author;
    t->reading_author = NULL;
}

/* --- time, commands ------------------------------------------------------------------ */

/* Has the look at the account come that it waited for, with a price that stands? */
static bool look_has_come(struct trader *t, const struct signal *s) {
    return t->traits.snapshots && waits(s) && can_be_tried(t, s);
}

/* What a signal has waited for in vain. */
static reason missed(const struct trader *t, const struct signal *s) {
    if (!waits(s)) return REASON_WAITED_TOO_LONG;
    const bool look = price_is_fresh(t, s->sym) && standing_refusal(t) == REASON_RECONCILING;
    return look ? REASON_RECONCILING : REASON_NO_PRICE;
}

void signals_on_timer(struct trader *t) {
    for (int i = 0; i < t->signal_count;) {
        struct signal s = t->signals[i];
        if (t->now < s.expires_at) {
            if (!look_has_come(t, &s) || !try_signal(t, i)) i++;
            continue;
        }
        forget(t, i);
        refuse(t, &s, missed(t, &s));
    }
}

usec signals_next(struct trader *t) {
    usec next = USEC_NEVER;
    for (int i = 0; i < t->signal_count; i++) {
        const struct signal *s = &t->signals[i];
        next = i64_min(next, look_has_come(t, s) ? t->now : s->expires_at);
    }
    return next;
}

void signals_on_dry(struct trader *t, int sym) {
    for (int i = 0; i < t->signal_count;) {
        struct signal s = t->signals[i];
        if (s.sym != sym) {
            i++;
            continue;
        }
        forget(t, i);
        refuse(t, &s, REASON_NO_PRICE);
    }
}

void signals_refuse_all(struct trader *t, reason why) {
    while (t->signal_count > 0) {
        struct signal s = t->signals[0];
        forget(t, 0);
        refuse(t, &s, why);
    }
}

static int find_approval(const struct trader *t, int64_t id) {
    for (int i = 0; i < t->signal_count; i++) {
        const struct signal *s = &t->signals[i];
        const bool waiting = s->wants_approval && !s->approved && t->now < s->expires_at;
        if (s->id == id && waiting) return i;
    }
    return -1;
}

bool signal_approve(struct trader *t, int64_t id, const char *actor, const char **ret_text) {
    const int i = find_approval(t, id);
    if (i < 0) {
        *ret_text = "no signal with this id waits for approval";
        return false;
    }
    struct signal *s = &t->signals[i];
    s->approved = true;
    t->syms[s->sym].waiting++;
    s->expires_at = t->now + i64_max(t->syms[s->sym].interval, WAIT_LEAST);
    audit(t, actor, "approve", "signal", id, 0, "%s %s", side_name(s->side), s->symbol);
    put_signal(t, s);
    *ret_text = "approved; it is traded at the next price";
    if (can_be_tried(t, s)) IGNORE(try_signal(t, i), "stays or goes");
    return true;
}

bool signal_reject(struct trader *t, int64_t id, const char *actor, const char **ret_text) {
    const int i = find_approval(t, id);
    if (i < 0) {
        *ret_text = "no signal with this id waits for approval";
        return false;
    }
    struct signal s = t->signals[i];
    forget(t, i);
    audit(t, actor, "reject", "signal", id, 0, "%s %s", side_name(s.side), s.symbol);
    refuse(t, &s, REASON_REJECTED_BY_USER);
    *ret_text = "rejected";
    return true;
}
