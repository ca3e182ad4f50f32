/* match: opening the engine, and what can be asked of it without changing it.
 *
 * In: the symbols, options and accounts. Out: the engine, all of its memory taken from the caller's
 * arena here and never again. Assets are the bases and quotes of the symbols, in order of first
 * appearance. Failure: options that make no sense are an error; everything later is a refusal of
 * the exchange (struct match_reject) or an assert. One thread. */
#include "match/match_int.h"

const char *match_status_name(match_status s) {
    static const char *const names[] = {
#define X(name) #name,
        MATCH_STATUS_MAP(X)
#undef X
    };
    PRE((ptrdiff_t)s < COUNT_OF(names));
    return names[s];
}

const char *match_reason_name(match_reason r) {
    static const char *const names[] = {
#define X(name) #name,
        MATCH_REASON_MAP(X)
#undef X
    };
    PRE((ptrdiff_t)r < COUNT_OF(names));
    return names[r];
}

const char *match_list_kind_name(match_list_kind k) {
    static const char *const names[] = {
#define X(name) #name,
        MATCH_LIST_MAP(X)
#undef X
    };
    PRE((ptrdiff_t)k < COUNT_OF(names));
    return names[k];
}

/* -- opening ------------------------------------------------------------------------------- */

#define ORDERS_CEILING 1000000

static bool options_check(const struct match_options *o, struct error *err) {
    if (o->accounts_max < 1 || o->orders_max < 1 || o->history_max < 0 || o->depth_max < 0 ||
        o->accounts_max > ORDERS_CEILING || o->orders_max > ORDERS_CEILING ||
        o->history_max > ORDERS_CEILING || o->depth_max > 5000) {
        return fail(err, ERR_RANGE, 0, "matching engine: a capacity is out of range");
    }
    if (o->spread_e8 < 0 || o->spread_e8 >= E8 || o->slippage_e8 < 0 || o->slippage_e8 >= E8 ||
        o->volume_cap_e8 < 0 || o->volume_cap_e8 > E8) {
        return fail(err, ERR_RANGE, 0,
                    "matching engine: spread, slippage or volume cap is no share");
    }
    if (o->mean_mins < 0 || o->mean_mins > 1440) {
        return fail(err, ERR_RANGE, 0, "matching engine: mean_mins must be 0 to 1440");
    }
    if (o->latency < 0 || o->latency > USEC_PER_DAY) {
        return fail(err, ERR_RANGE, 0, "matching engine: latency must be 0 to 86400 s");
    }
    return true;
}

int asset_find(const struct match *m, str name) {
    for (int i = 0; i < m->asset_count; i++) {
        if (str_eq(name, str_from_z(m->assets[i]))) return i;
    }
    return NO_SLOT;
}

/* Quotes are few and found at once; bases are mostly new. */
static int asset_add(struct match *m, const char *name) {
    int i = asset_find(m, str_from_z(name));
    if (i != NO_SLOT) return i;
    bool whole =
        str_copyz(str_from_z(name), m->assets[m->asset_count], (ptrdiff_t)sizeof m->assets[0]);
    PRE(whole); /* symbols have names of the same size */
    return m->asset_count++;
}

static void syms_open(struct arena *boot, struct match *m) {
    int count = m->symbols->count;
    m->assets = arena_alloc(boot, (ptrdiff_t)sizeof m->assets[0], 1, 2 * (ptrdiff_t)count + 1);
    m->syms = NEW_ARRAY(boot, struct sym_state, count + 1);
    for (int i = 0; i < count; i++) {
        struct sym_state *st = &m->syms[i];
        st->quote = asset_add(m, m->symbols->v[i].quote);
        st->base = asset_add(m, m->symbols->v[i].base);
        st->candle_at = st->closed_at = -1;
        if (m->opt.mean_mins > 0) st->bins = NEW_ARRAY(boot, struct mean_bin, m->opt.mean_mins);
        if (m->opt.depth_max == 0) continue;
        st->bids = NEW_ARRAY(boot, struct match_level, m->opt.depth_max);
        st->asks = NEW_ARRAY(boot, struct match_level, m->opt.depth_max);
    }
}

static void index_open(struct arena *boot, struct index *x, int entries) {
    uint64_t heads = 16;
    while (heads < 2 * (uint64_t)entries) heads *= 2;
    x->heads = NEW_ARRAY(boot, int, (ptrdiff_t)heads);
    x->mask = heads - 1;
}

bool match_open(struct arena *boot, const struct symbols *symbols, const struct match_options *opt,
                struct match **ret, struct error *err) {
    if (!options_check(opt, err)) return false;
    struct match *m = NEW(boot, struct match);
    m->symbols = symbols;
    m->opt = *opt;
    m->next_order_id = m->next_list_id = m->next_trade_id = 1;
    syms_open(boot, m);
    m->accounts = NEW_ARRAY(boot, struct account, opt->accounts_max);
    m->balances =
        NEW_ARRAY(boot, struct balance, (ptrdiff_t)opt->accounts_max * (m->asset_count + 1));
    m->tallies = NEW_ARRAY(boot, struct tally, (ptrdiff_t)opt->accounts_max * (symbols->count + 1));
    m->slot_count = m->list_count = opt->orders_max + opt->history_max;
    m->slots = NEW_ARRAY(boot, struct slot, m->slot_count);
    m->lists = NEW_ARRAY(boot, struct list_slot, m->list_count);
    m->scratch = NEW_ARRAY(boot, int, m->slot_count);
    index_open(boot, &m->by_id, m->slot_count);
    index_open(boot, &m->by_coid, m->slot_count);
    index_open(boot, &m->list_by_id, m->list_count);
    index_open(boot, &m->list_by_coid, m->list_count);
    pool_clear(m);
    m->live_count = opt->orders_max; /* the worst: all of them live */
    m->event_cap = 2 * event_worst(m);
    m->live_count = 0;
    m->events = NEW_ARRAY(boot, struct match_event, m->event_cap);
    *ret = m;
    return true;
}

int match_account_open(struct match *m, const struct match_account *a) {
    PRE(m->account_count < m->opt.accounts_max);
    PRE(a->maker_fee_e8 >= 0 && a->maker_fee_e8 < E8);
    PRE(a->taker_fee_e8 >= 0 && a->taker_fee_e8 < E8);
    ERGO(a->margin, a->leverage >= 1);
    m->accounts[m->account_count] =
        (struct account){.terms = *a, .settle = asset_find(m, str_from_z(a->settle))};
    return m->account_count++;
}

/* -- for a plan of faults ------------------------------------------------------------------ */

void match_rules_set(struct match *m, const struct match_rules *rules) { m->rules = *rules; }

void match_refuse_legs(struct match *m, int account) {
    PRE(account >= 0 && account < m->account_count);
    m->accounts[account].refuse_legs = true;
}

void match_thin_next(struct match *m, int sym, int64_t share_e8, bool by_price_range) {
    PRE(sym >= 0 && sym < m->symbols->count);
    PRE(share_e8 >= 0 && share_e8 <= E8);
    struct sym_state *st = &m->syms[sym];
    st->thin = true;
    st->thin_by_range = by_price_range;
    st->thin_share_e8 = share_e8;
}

/* -- asking -------------------------------------------------------------------------------- */

int match_asset_count(const struct match *m) { return m->asset_count; }

const char *match_asset_name(const struct match *m, int asset) {
    PRE(asset >= 0 && asset < m->asset_count);
    return m->assets[asset];
}

struct match_balance match_balance(const struct match *m, int account, int asset) {
    const struct balance *b = wallet_peek(m, account, asset);
    return (struct match_balance){b->free_e8, b->locked_e8};
}

struct match_balance match_balance_of(const struct match *m, int account, str asset) {
    int i = asset_find(m, asset);
    return i == NO_SLOT ? (struct match_balance){0} : match_balance(m, account, i);
}

bool match_is_live(match_status s) {
    return s == MATCH_NEW || s == MATCH_PENDING_NEW || s == MATCH_PARTIALLY_FILLED;
}

const struct match_order *match_find(const struct match *m, const struct match_ref *ref) {
    int slot = pool_find(m, ref);
    return slot == NO_SLOT ? NULL : &m->slots[slot].o;
}

const struct match_list *match_find_list(const struct match *m, const struct match_ref *ref) {
    int list = pool_find_list(m, ref);
    return list == NO_SLOT ? NULL : &m->lists[list].l;
}

const struct match_order *match_next_open(const struct match *m, int account, int sym,
                                          const struct match_order *after) {
    int at = sym == SYM_NONE ? 0 : sym, i;
    if (after) {
        /* `o` is the first member: the order is its slot */
        const struct slot *s = (const struct slot *)(const void *)after;
        PRE(s->live);
        at = s->o.sym;
        i = s->sym_next;
    } else {
        if (at >= m->symbols->count) return NULL;
        i = m->syms[at].first;
    }
    for (;;) {
        while (i != NO_SLOT && m->slots[i].o.account != account) i = m->slots[i].sym_next;
        if (i != NO_SLOT) return &m->slots[i].o;
        if (sym != SYM_NONE || ++at >= m->symbols->count) return NULL;
        i = m->syms[at].first;
    }
}

bool match_last_price(const struct match *m, int sym, struct quote *ret) {
    PRE(sym >= 0 && sym < m->symbols->count);
    const struct sym_state *st = &m->syms[sym];
    if (!st->has_price) return false;
    *ret = (struct quote){
        .sym = sym, .at = st->price_at, .last = st->last, .bid = st->bid, .ask = st->ask};
    return true;
}

usec match_now(const struct match *m) { return m->now; }
