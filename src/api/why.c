/* why: why is it not trading? The chain of conditions from the source to the order, each with how
 * it stands now, and the first that holds things up.
 *
 * In: what the trader stored last, how the sources stood, the configuration, and perhaps a symbol
 * or an author that is asked about. Out: steps in the order in which a post meets them: "yes" it is
 * fulfilled, "no" it holds things up now, "unknown" only the trader in its own process knows. What
 * the last post and signal came to is told too, but holds nothing up: the next may fare better.
 * Nothing is decided here; risk.c and the judge have the rules. Failure: a store that cannot be
 * read is a problem. Thread: any. */
#include <stdio.h>

#include "api/core.h"
#include "api/params.h"
#include "api/put.h"
#include "base/metric.h"
#include "flow/terms.h"
#include "run/now.h"
#include "run/run.h"
#include "store/people.h"

#define TEXT_BYTES 320
#define STEPS_MAX 32
#define PRICE_FRESH (3 * USEC_PER_MIN) /* of all symbols together; candles come each minute */

typedef enum answer { ANSWER_YES, ANSWER_NO, ANSWER_UNKNOWN } answer;

struct step {
    const char *name;
    answer ok;
    char text[TEXT_BYTES];
    usec since, until;   /* 0: not known, none */
    const char *setting; /* NULL: none */
};

struct asked {
    const struct api_options *opt;
    const struct config *cfg;
    str symbol, author; /* n 0: any */
    usec now;
    bool running; /* a trader holds the account's lock */
    bool has_control;
    struct control control;
    struct account_standing account;
    struct feed_row *feeds;
    int feed_count;
    struct symbol_rest *rests;
    int rest_count;
    bool author_known;
    struct author_use who;
    int64_t open_trade; /* in the symbol */
    struct last_post post;
    struct last_signal signal;
    struct api_health health;

    struct step steps[STEPS_MAX];
    int count;
};

static bool read_all(struct store *s, struct arena *a, struct asked *q, struct error *err) {
    int64_t pid;
    const usec rest = q->cfg->trading_cooldown_symbol_s * USEC_PER_S;
    const str whose = q->author_known ? str_from_z(q->who.key) : q->author;
    const bool by_name = str_find(whose, STR(":@")) >= 0; /* the source tells no id */
    if (q->symbol.n > 0 && !store_open_trade(s, q->symbol, &q->open_trade, err)) return false;
    q->running = store_trader_running(s, &pid);
    return store_control(s, &q->control, &q->has_control, err) &&
           store_standing(s, &q->account, err) &&
           store_feed_states(s, a, q->now, &q->feeds, &q->feed_count, err) &&
           store_symbol_rests(s, a, q->now - rest, &q->rests, &q->rest_count, err) &&
           store_last_post(s, by_name ? str_from_z(q->who.username) : whose, &q->post, err) &&
           store_last_signal(s, q->symbol, whose, &q->signal, err);
}

static bool read_once(struct store *s, struct arena *a, struct asked *q, struct error *err) {
    q->now = run_now(s, a);
    if (!store_begin(s, false, err)) return false;
    const bool ok =
        (q->author.n == 0 || store_author_find(s, q->author, &q->who, &q->author_known, err)) &&
        read_all(s, a, q, err);
    store_rollback(s);
    return ok;
}

/* --- steps -------------------------------------------------------------------------------- */

static struct step *add(struct asked *q, const char *name, const char *setting, answer ok,
                        const char *fmt, ...) PRINTF_LIKE(5, 6);
static struct step *add(struct asked *q, const char *name, const char *setting, answer ok,
                        const char *fmt, ...) {
    struct buf b;
    va_list args;
    PRE(q->count < STEPS_MAX);
    struct step *const s = &q->steps[q->count++];
    *s = (struct step){.name = name, .setting = setting, .ok = ok};
    buf_init_fixed(&b, s->text, sizeof s->text);
    va_start(args, fmt);
    buf_vprintf(&b, fmt, args);
    va_end(args);
    IGNORE(buf_z(&b) == NULL, "a long text is cut");
    return s;
}

static void ask_trader(struct asked *q) {
    struct step *const s =
        q->running ? add(q, "trader", NULL, ANSWER_YES, "a trader is running")
                   : add(q, "trader", NULL, ANSWER_NO,
                         "no trader is running on this store: bullfinch run starts one");
    s->since = q->account.has_account ? q->account.account.now : 0;
}

/* The feed as it stood last; NULL: it never said anything. */
static const struct feed_row *feed_of(const struct asked *q, const struct config_source *source) {
    for (int i = 0; i < q->feed_count; i++)
        if (config_source_of_feed(q->cfg, q->feeds[i].feed) == source) return &q->feeds[i];
    return NULL;
}

static void ask_source(struct asked *q, const struct config_source *source) {
    const struct feed_row *const f = feed_of(q, source);
    const str name = config_source_name(source);
    const usec over = q->opt->replay ? atomic_load(&q->opt->replay->ended_at) : 0;
    if (!config_source_is_live(source) && over != 0) {
        add(q, "source", "source.path", ANSWER_NO,
            STR_FMT ": the replay is over, no post will come; %lld came of it in this run",
            STR_ARG(name), (long long)atomic_load(&q->opt->replay->posts))
            ->since = over;
        return;
    }
    if (!config_source_is_live(source)) {
        add(q, "source", "source.kind", ANSWER_YES, STR_FMT ": posts come from a file",
            STR_ARG(name));
        return;
    }
    if (f == NULL) {
        add(q, "source", "source.kind", ANSWER_UNKNOWN, STR_FMT ": has said nothing yet",
            STR_ARG(name));
        return;
    }
    const source_state state = f->status.state;
    const bool well = api_source_stands_well(state) && state != SOURCE_BUDGET;
    struct step *const s =
        add(q, "source", state == SOURCE_BUDGET ? "x.monthly_budget" : "source.kind",
            well ? ANSWER_YES : ANSWER_NO, STR_FMT ": %s%s%s", STR_ARG(name),
            source_state_name(state), f->status.why[0] ? ": " : "", f->status.why);
    s->since = f->status.since;
    s->until = f->status.until;
}

/* One source that works is enough; with several, those that do not are told as they are. */
static void ask_sources(struct asked *q) {
    const int first = q->count;
    bool any = false;
    for (int i = 0; i < q->cfg->source_count && i < 8; i++) {
        ask_source(q, &q->cfg->sources[i]);
        any = any || q->steps[q->count - 1].ok == ANSWER_YES;
    }
    for (int i = first; any && i < q->count; i++)
        if (q->steps[i].ok == ANSWER_NO) q->steps[i].ok = ANSWER_UNKNOWN;
}

static void ask_post(struct asked *q) {
    const struct last_post *const p = &q->post;
    if (!p->found) {
        add(q, "post", "source.authors", ANSWER_NO, "%s",
            q->author.n > 0 ? "no post of this author is among the newest"
                            : "no post has come yet");
        return;
    }
    reason why = REASON_NONE;
    const bool refused = p->outcome[0] != '\0' && reason_from_name(str_from_z(p->outcome), &why);
    struct step *const s =
        add(q, "post", NULL, ANSWER_YES, "the last post came %lld s after it was written%s%s",
            (long long)(i64_max(p->received_at - p->created_at, 0) / USEC_PER_S),
            refused ? "; it ended there: " : "", refused ? reason_text(why) : "");
    s->since = p->created_at;
}

static void ask_model(struct asked *q) {
    add(q, "model", "model.kind", ANSWER_YES, "posts are read by the model " STR_FMT,
        STR_ARG(q->cfg->model_kind));
}

static void ask_threshold(struct asked *q) {
    const int64_t least = q->cfg->trading_signal_threshold;
    if (q->signal.found)
        add(q, "threshold", "trading.signal_threshold", ANSWER_YES,
            "a score of %lld or more trades; the last signal had %d", (long long)least,
            q->signal.score);
    else
        add(q, "threshold", "trading.signal_threshold", ANSWER_YES,
            "a score of %lld or more trades; there was no signal yet", (long long)least);
}

static void ask_author(struct asked *q) {
    if (q->author.n == 0) return;
    if (!q->author_known) {
        add(q, "author", "source.authors", ANSWER_NO, STR_FMT ": no post of his was judged yet",
            STR_ARG(q->author));
        return;
    }
    const struct author_terms t =
        author_terms_of_key(q->cfg, str_from_z(q->who.key), str_from_z(q->who.username));
    const char *const who = q->who.username[0] ? q->who.username : q->who.key;
    if (t.muted)
        add(q, "author", "trading.muted_authors", ANSWER_NO, "%s is muted", who);
    else if (t.stranger)
        add(q, "author", "judge.author_weights", ANSWER_NO,
            "%s is a stranger: not in judge.author_weights, and his source lets anybody in", who);
    else if (t.weight_bp == 0)
        add(q, "author", t.listed ? "judge.author_weights" : "judge.default_author_weight",
            ANSWER_NO, "%s has the weight 0", who);
    else
        add(q, "author", t.listed ? "judge.author_weights" : "judge.default_author_weight",
            ANSWER_YES, "%s counts with the weight %lld.%02lld", who,
            (long long)(t.weight_bp / BP_ONE), (long long)(t.weight_bp % BP_ONE / 100));
}

/* Nobody can be traded at all: each source lets anybody in, and nobody is listed. */
static void ask_authors(struct asked *q) {
    if (q->author.n > 0 || q->cfg->judge_trade_strangers) return;
    bool all_open = q->cfg->judge_author_weights.count == 0;
    for (int i = 0; i < q->cfg->source_count; i++)
        all_open = all_open && config_source_lets_strangers_in(&q->cfg->sources[i]);
    if (all_open)
        add(q, "author", "judge.author_weights", ANSWER_NO,
            "every author is a stranger: judge.author_weights is empty, and the sources let "
            "anybody in");
}

static bool is_muted(const struct asked *q) {
    for (int i = 0; i < q->cfg->trading_muted_symbols.count; i++)
        if (str_eq_nocase(q->cfg->trading_muted_symbols.names[i], q->symbol)) return true;
    return false;
}

static void ask_symbol(struct asked *q) {
    const struct symbols *const all = q->opt->symbols;
    if (q->symbol.n == 0) return;
    const int i = all ? symbols_find(all, q->symbol) : SYM_NONE;
    if (is_muted(q))
        add(q, "symbol", "trading.muted_symbols", ANSWER_NO, STR_FMT " is muted",
            STR_ARG(q->symbol));
    else if (all == NULL)
        add(q, "symbol", NULL, ANSWER_UNKNOWN, "the venue's list is not known here");
    else if (i == SYM_NONE)
        add(q, "symbol", "venue.exchange_info", ANSWER_NO, "the venue does not list " STR_FMT,
            STR_ARG(q->symbol));
    else if (!all->v[i].trading)
        add(q, "symbol", NULL, ANSWER_NO, STR_FMT " is listed, and not in trading",
            STR_ARG(q->symbol));
    else
        add(q, "symbol", NULL, ANSWER_YES, "the venue lists " STR_FMT, STR_ARG(q->symbol));
}

/* --- the account -------------------------------------------------------------------------- */

static void ask_mode(struct asked *q) {
    const struct control *const c = &q->control;
    const bool halted = c->mode == MODE_HALTED;
    if (!q->has_control) {
        add(q, "mode", "trading.mode", ANSWER_UNKNOWN, "no trader has run yet");
        return;
    }
    struct step *s = halted ? add(q, "halt", NULL, ANSWER_NO, "trading is halted by %s%s%s",
                                  c->actor, c->reason[0] ? ": " : "", c->reason)
                            : add(q, "halt", NULL, ANSWER_YES, "trading is not halted");
    s->since = halted ? c->since : 0;
    s->until = halted && c->until != USEC_NEVER ? c->until : 0;
    const mode m = halted ? c->before : c->mode;
    s = m == MODE_OBSERVE
            ? add(q, "mode", "trading.mode", ANSWER_NO, "mode observe places no orders")
        : m == MODE_MANUAL ? add(q, "mode", "trading.mode", ANSWER_YES,
                                 "mode manual: each entry waits for a person's word")
                           : add(q, "mode", "trading.mode", ANSWER_YES, "mode %s", mode_name(m));
    s->since = halted ? 0 : c->since;
    s->until = !halted && c->until != USEC_NEVER ? c->until : 0;
}

static void ask_approvals(struct asked *q) {
    const int n = q->account.waiting_approvals;
    if (n > 0)
        add(q, "approvals", "trading.approval_timeout_s", ANSWER_NO,
            "%d signal%s for a person's word", n, n == 1 ? " waits" : "s wait");
    else
        add(q, "approvals", "trading.approval_timeout_s", ANSWER_YES, "nothing waits for a person");
}

static void ask_drawdown(struct asked *q) {
    const int64_t today = time_utc_day(q->now);
    const bool tripped = q->account.account.day_tripped && q->account.account.day == today;
    struct step *const s =
        tripped ? add(q, "drawdown", "trading.max_daily_drawdown", ANSWER_NO,
                      "the day's loss reached the limit: nothing more is opened today")
                : add(q, "drawdown", "trading.max_daily_drawdown", ANSWER_YES,
                      "the day's loss is under its limit");
    s->until = tripped ? (today + 1) * USEC_PER_DAY : 0;
}

static void ask_positions(struct asked *q) {
    const int n = q->account.open_trades + q->account.waiting_approvals;
    const int64_t most = q->cfg->trading_max_open_positions;
    add(q, "positions", "trading.max_open_positions", n >= most ? ANSWER_NO : ANSWER_YES,
        "%d of %lld positions are taken", n, (long long)most);
    if (q->symbol.n == 0) return;
    if (q->open_trade != 0)
        add(q, "position", NULL, ANSWER_NO, "trade %lld is open in " STR_FMT,
            (long long)q->open_trade, STR_ARG(q->symbol));
    else
        add(q, "position", NULL, ANSWER_YES, "nothing is open in " STR_FMT, STR_ARG(q->symbol));
}

static void ask_cooldown_symbol(struct asked *q) {
    const usec rest = q->cfg->trading_cooldown_symbol_s * USEC_PER_S;
    if (q->symbol.n == 0) return;
    for (int i = 0; i < q->rest_count; i++) {
        const struct symbol_rest *const r = &q->rests[i];
        if (!str_eq(str_from_z(r->symbol), q->symbol) || r->closed_at + rest <= q->now) continue;
        struct step *const s = add(q, "cooldown_symbol", "trading.cooldown_symbol_s", ANSWER_NO,
                                   "%s rests after its last trade", r->symbol);
        s->since = r->closed_at;
        s->until = r->closed_at + rest;
        return;
    }
    add(q, "cooldown_symbol", "trading.cooldown_symbol_s", ANSWER_YES, STR_FMT " does not rest",
        STR_ARG(q->symbol));
}

static void ask_cooldown_author(struct asked *q) {
    const usec rest = q->cfg->trading_cooldown_author_s * USEC_PER_S;
    if (!q->author_known) return;
    const bool rests = q->who.last_trade_at != 0 && q->who.last_trade_at + rest > q->now;
    struct step *s =
        add(q, "cooldown_author", "trading.cooldown_author_s", rests ? ANSWER_NO : ANSWER_YES,
            "the author %s", rests ? "rests after the last trade" : "does not rest");
    s->since = rests ? q->who.last_trade_at : 0;
    s->until = rests ? q->who.last_trade_at + rest : 0;
    const int64_t today = time_utc_day(q->now);
    const int64_t used = q->who.day == today ? q->who.trades_today : 0;
    const int64_t most = q->cfg->trading_author_trades_per_day;
    s = add(q, "author_cap", "trading.author_trades_per_day", used >= most ? ANSWER_NO : ANSWER_YES,
            "%lld of %lld trades today", (long long)used, (long long)most);
    s->until = used >= most ? (today + 1) * USEC_PER_DAY : 0;
}

/* --- the venue ---------------------------------------------------------------------------- */

/* How long ago any price came, told by the run in this process; -1: there is none. */
static usec price_age(const struct asked *q) {
    if (q->opt->alone || !q->running) return -1;
    const usec at = metric_value(metric_get(M_PRICE_AT, NULL));
    return at > 0 ? i64_max(q->now - at, 0) : -1;
}

static void ask_price(struct asked *q) {
    const usec age = price_age(q);
    if (age >= 0) {
        struct step *const s =
            add(q, "price", "market.kind", age < PRICE_FRESH ? ANSWER_YES : ANSWER_NO,
                "the last price came %lld s ago", (long long)(age / USEC_PER_S));
        s->since = q->now - age;
        return;
    }
    const bool none = q->signal.found && str_eq(str_from_z(q->signal.reason), STR("NO_PRICE"));
    struct step *const s = none ? add(q, "price", "market.kind", ANSWER_NO,
                                      "the last signal found no price for %s", q->signal.symbol)
                                : add(q, "price", "market.kind", ANSWER_UNKNOWN,
                                      "how old the price is, only the trader knows");
    s->since = none ? q->signal.created_at : 0;
    if (!none && q->signal.found && !price_is_zero(q->signal.seen)) {
        s->ok = ANSWER_YES;
        s->since = q->signal.created_at;
        IGNORE(!str_copyz(STR("the last signal found a price"), s->text, sizeof s->text), "fits");
    }
}

static void ask_venue(struct asked *q) {
    if (str_eq(q->cfg->venue_kind, STR("paper")))
        add(q, "venue", "venue.kind", ANSWER_YES, "orders are filled on paper, here");
    else if (!q->health.has_venue || !q->running)
        add(q, "venue", "venue.kind", ANSWER_UNKNOWN,
            "how it stands with the venue, only the trader's own process knows");
    else
        add(q, "venue", "venue.kind", q->health.venue ? ANSWER_YES : ANSWER_NO, "%s",
            q->health.venue ? "the venue answers"
                            : "the venue cannot be reached, or does not let us in");
}

static void ask_balance(struct asked *q) {
    const struct account_standing *const a = &q->account;
    const money equity = a->has_equity ? a->equity : a->account.cash;
    money want, most, after;
    if (!a->has_account) {
        add(q, "balance", NULL, ANSWER_UNKNOWN, "no trader has run yet");
        return;
    }
    const money left = money_minus(a->account.cash, a->reserved);
    const bool known =
        money_ratio(equity, q->cfg->trading_position_size_percent, E8, ROUND_FLOOR, &want) &&
        money_ratio(equity, q->cfg->trading_leverage, 1, ROUND_FLOOR, &most) &&
        money_add(a->exposure, want, &after);
    if (!known || money_e8(want) <= 0)
        add(q, "balance", "trading.position_size_percent", ANSWER_NO, "there is no equity left");
    else if (money_cmp(after, most) > 0)
        add(q, "balance", "trading.leverage", ANSWER_NO,
            "one more position would exceed trading.leverage");
    else if (q->cfg->trading_leverage == 1 && money_cmp(want, left) > 0)
        add(q, "balance", "trading.position_size_percent", ANSWER_NO,
            "the free balance is smaller than one position");
    else
        add(q, "balance", "trading.position_size_percent", ANSWER_YES,
            "the free balance is enough for one more position");
}

/* What the last one came to: told, and in nobody's way. */
static void ask_signal(struct asked *q) {
    const struct last_signal *const v = &q->signal;
    reason why = REASON_NONE;
    if (!v->found) {
        add(q, "last_signal", NULL, ANSWER_UNKNOWN, "there was no signal%s",
            q->symbol.n > 0 || q->author.n > 0 ? " of this kind among the newest" : " yet");
        return;
    }
    const bool named = v->reason[0] != '\0' && reason_from_name(str_from_z(v->reason), &why);
    struct step *const s =
        add(q, "last_signal", NULL, strcmp(v->verdict, "traded") == 0 ? ANSWER_YES : ANSWER_UNKNOWN,
            "signal %lld on %s, score %d, was %s%s%s", (long long)v->id, v->symbol, v->score,
            v->verdict, named ? ": " : "", named ? reason_text(why) : "");
    s->since = v->created_at;
}

/* --- the answer --------------------------------------------------------------------------- */

static void put_step(struct buf *b, const struct step *s) {
    static const char *const words[] = {"yes", "no", "unknown"};
    buf_printf(b, "{\"step\":\"%s\",\"ok\":\"%s\",\"text\":", s->name, words[s->ok]);
    buf_put_json_str(b, str_from_z(s->text));
    api_put_time(b, "since", s->since);
    api_put_time(b, "until", s->until);
    if (s->setting)
        buf_printf(b, ",\"setting\":\"%s\"}", s->setting);
    else
        buf_put(b, STR(",\"setting\":null}"));
}

static void put_answer(const struct asked *q, struct buf *b) {
    char at[TIME_TEXT_BYTES];
    int first = -1;
    for (int i = q->count - 1; i >= 0; i--)
        if (q->steps[i].ok == ANSWER_NO) first = i;
    buf_printf(b, "{\"at\":\"" STR_FMT "\",\"first\":", STR_ARG(time_format_rfc3339(q->now, at)));
    if (first >= 0)
        put_step(b, &q->steps[first]);
    else
        buf_put(b, STR("null"));
    buf_put(b, STR(",\"steps\":["));
    for (int i = 0; i < q->count; i++) {
        if (i > 0) buf_put_byte(b, ',');
        put_step(b, &q->steps[i]);
    }
    buf_put(b, STR("]}\n"));
}

void api_get_why(struct api_core *c, const struct api_request *rq, struct api_answer *ret) {
    struct error err;
    struct params p = params_of(rq, ret);
    struct asked *const q = NEW(rq->a, struct asked);
    q->opt = api_core_options(c);
    q->cfg = rq->cfg;
    q->symbol = params_symbol(&p, "symbol");
    q->author = params_text(&p, "author", AUTHOR_BYTES - 1);
    if (!params_ok(&p)) return;
    api_core_health(c, &q->health);
    struct store *const s = api_store_take(c);
    const bool ok = read_once(s, rq->a, q, &err);
    api_store_give(c, s);
    if (!ok) {
        api_problem_store(ret, &err);
        return;
    }
    void (*const steps[])(struct asked *) = {
        ask_trader,          ask_sources,   ask_post,
        ask_model,           ask_threshold, ask_authors,
        ask_author,          ask_symbol,    ask_mode,
        ask_drawdown,        ask_positions, ask_cooldown_symbol,
        ask_cooldown_author, ask_price,     ask_venue,
        ask_balance,         ask_approvals, ask_signal};
    for (int i = 0; i < COUNT_OF(steps); i++) steps[i](q);
    put_answer(q, &ret->body);
}
