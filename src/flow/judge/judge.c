/* judge: see the header. The score is one product in integers:
 *
 *   score = round(100 * confidence * |polarity| * author * record * habit * freshness * copies
 *                   * priced_in)
 *
 * Each factor is in basis points and has a weight in the configuration: what enters the product is
 * 1 - weight * (1 - factor). With every weight at 0 the score is the base score. What entered is
 * kept in the signal, so that a person can see what it did. */
#include "flow/judge/judge_int.h"

#include "flow/judge/priced_in.h"
#include "flow/symbol.h"

#define FUTURE_TOLERANCE (2 * USEC_PER_S)

void judge_init_alone(struct judge *j, struct arena *boot, const struct config *cfg) {
    *j = (struct judge){.cfg = cfg};
    judge_watch_init(j, boot, cfg->judge_author_weights.count);
}

void judge_configure(struct judge *j, const struct config *cfg) {
    j->cfg = cfg;
    judge_watch(j);
    judge_authors_stand(j);
}

void judge_init(struct judge *j, struct arena *boot, const struct config *cfg) {
    *j = (struct judge){.cfg = cfg};
    judge_watch_init(j, boot, CONFIG_LIST_MAX); /* the list may change while it runs */
    judge_memory_init(j, boot);
    judge_authors_init(j, boot);
    records_init(&j->records, boot);
}

/* --- factors --------------------------------------------------------------------------------- */

static int32_t bp_of(int64_t e8) { return (int32_t)(e8 / (E8 / BP_ONE)); }

int32_t judge_weight_bp(const struct config *cfg, part p) {
    switch (p) {
    case PART_CONFIDENCE:
    case PART_POLARITY:
        return (int32_t)BP_ONE;
#define X(name, word, least, most, meaning)                                                        \
    case PART_##name:                                                                              \
        return bp_of(cfg->judge_##word);
        FACTOR_MAP(X)
#undef X
    case PART_COUNT:
        break;
    }
    WRONG("part out of its list");
}

/* 1 - weight * (1 - factor) */
static void set_factor(const struct config *cfg, struct signal *s, part p, int64_t factor_bp) {
    const struct part_info *info = part_info(p);
    PRE(factor_bp >= info->least && factor_bp <= info->most);
    const int64_t change = (factor_bp - BP_ONE) * judge_weight_bp(cfg, p) / BP_ONE;
    s->parts_bp[p] = (int32_t)(BP_ONE + change);
}

/* 10,000 at age 0, half at each half-life: a shift and a straight line between. */
static int32_t freshness_bp(usec age, int64_t half_life_s) {
    if (age <= 0) return (int32_t)BP_ONE;
    const int64_t half = half_life_s * USEC_PER_S;
    const int64_t halvings = age / half;
    if (halvings >= 14) return 0;
    const int64_t upper = BP_ONE >> halvings;
    return (int32_t)(upper - (upper / 2) * (age % half) / half);
}

static int score_of(const int32_t parts[PART_COUNT]) {
    const int64_t polarity =
        parts[PART_POLARITY] < 0 ? -(int64_t)parts[PART_POLARITY] : parts[PART_POLARITY];
    int64_t product = parts[PART_CONFIDENCE] * polarity; /* 1e8 is one */
    for (int i = PART_FIRST_FACTOR; i < PART_COUNT; i++) product = product * parts[i] / BP_ONE;
    return (int)i64_min((product + 500000) / 1000000, 100);
}

/* --- the post as a whole --------------------------------------------------------------------- */

/* What became of a chain is known for as long as the memory reaches: an edit of an older one could
 * be traded a second time. */
static bool chain_is_old(const struct opinion *op, usec now, const struct post *p) {
    usec began;
    if (!p->edited || op->root_seen) return false;
    return !time_from_snowflake(p->root_id, &began) || now - began >= JUDGE_WINDOW;
}

static reason post_refusal(const struct config *cfg, usec now, const struct reading *r,
                           const struct standing *who) {
    const struct post *p = r->post;
    if (p->created_at > i64_max(p->received_at, now) + FUTURE_TOLERANCE) return REASON_FUTURE_TIME;
    if (now - p->created_at > cfg->trading_max_signal_age_s * USEC_PER_S) return REASON_STALE;
    if (p->ref == POST_REF_RETWEET) return REASON_RETWEET;
    if (who->muted) return REASON_MUTED_AUTHOR;
    if (cfg->judge_lookalike && who->lookalike) return REASON_LOOKALIKE;
    if (cfg->judge_scam && (r->cues & (CUE_GIVEAWAY | CUE_PHISHING)) != 0) return REASON_SCAM;
    if (!who->listed && !cfg->judge_trade_strangers && judge_lets_strangers_in(cfg, p->source)) {
        return REASON_STRANGER;
    }
    return REASON_NONE;
}

/* Does anything of it depart from what its author used to do? */
static bool departs(const struct reading *r, const struct opinion *op) {
    if (!op->guarded) return false;
    for (int i = 0; i < r->mention_count; i++) {
        if (judge_is_new_coin(op, i)) return true;
    }
    return op->departures != 0;
}

void judge_post(struct judge *j, usec now, const struct reading *r, struct opinion *ret) {
    const struct config *cfg = j->cfg;
    char key[AUTHOR_BYTES];
    PRE(j->index != NULL);
    *ret = (struct opinion){0};
    judge_memory_prefetch(j, r);
    judge_forget_old(j, now);
    judge_author_key(r->post, key);
    judge_author_prefetch(j, str_from_z(key));
    ret->mentions = r->mentions;
    for (int i = 0; i < r->mention_count; i++) {
        ret->coins[i] = str_hash(str_from_z(r->mentions[i].symbol));
    }
    judge_recall(j, now, r, key, ret);
    if (ret->repeated) return;
    if (ret->cluster_id == 0) ret->cluster_id = r->post->root_id;
    judge_author_of(j, now, r->post, key, ret);
    judge_habits(cfg, now, r, ret);
    ret->refusal = ret->outdated                     ? REASON_EDIT
                   : chain_is_old(ret, now, r->post) ? REASON_STALE
                                                     : post_refusal(cfg, now, r, &ret->standing);
    ret->held = str_eq(cfg->judge_guard, STR("hold")) && departs(r, ret) &&
                !judge_is_confirmed(j, now, r, ret);
    ret->record_bp = record_factor(records_find(&j->records, str_from_z(key)));
    ret->freshness_bp = freshness_bp(now - r->post->created_at, cfg->judge_freshness_half_life_s);
}

/* --- one mention ------------------------------------------------------------------------------ */

/* A muted symbol is written as the pair ("DOGEUSDT") or as the coin ("DOGE", "$doge"). */
static bool is_muted(const struct config *cfg, str symbol) {
    const struct config_list *muted = &cfg->trading_muted_symbols;
    const str quote = cfg->venue_quote_asset;
    const str coin = str_ends(symbol, quote) ? str_head(symbol, symbol.n - quote.n) : symbol;
    for (int i = 0; i < muted->count; i++) {
        str name = muted->names[i];
        if (str_starts(name, STR("$"))) name = str_tail(name, 1);
        if (str_eq_nocase(name, symbol) || str_eq_nocase(name, coin)) return true;
    }
    return false;
}

/* Side, base score and the parts that need no memory; the other factors are 1. */
static void weigh(const struct config *cfg, const struct mention *m, const struct standing *who,
                  int32_t fresh_bp, struct signal *s) {
    s->parts_bp[PART_CONFIDENCE] = m->confidence_bp;
    s->parts_bp[PART_POLARITY] = m->abstain ? 0 : m->polarity_bp;
    for (int i = PART_FIRST_FACTOR; i < PART_COUNT; i++) s->parts_bp[i] = (int32_t)BP_ONE;
    set_factor(cfg, s, PART_AUTHOR, who->weight_bp);
    set_factor(cfg, s, PART_FRESHNESS, fresh_bp);
    s->side = s->parts_bp[PART_POLARITY] == 0  ? SIDE_NONE
              : s->parts_bp[PART_POLARITY] > 0 ? SIDE_LONG
                                               : SIDE_SHORT;
    s->base_score = base_score(m->confidence_bp, s->parts_bp[PART_POLARITY]);
    s->score = score_of(s->parts_bp);
}

static reason mention_refusal(const struct config *cfg, reason of_post, const struct signal *s) {
    if (s->side == SIDE_NONE) return REASON_ABSTAIN;
    if (of_post != REASON_NONE) return of_post;
    if (is_muted(cfg, str_from_z(s->symbol))) return REASON_MUTED_SYMBOL;
    return s->score < cfg->trading_signal_threshold ? REASON_BELOW_THRESHOLD : REASON_NONE;
}

void judge_mention(const struct judge *j, const struct opinion *op, const struct mention *m,
                   struct signal *s) {
    const struct config *cfg = j->cfg;
    const int idx = (int)(m - op->mentions);
    PRE(idx >= 0 && idx < MENTIONS_MAX);
    weigh(cfg, m, &op->standing, op->freshness_bp, s);
    set_factor(cfg, s, PART_RECORD, op->record_bp);
    s->departures = op->departures;
    if (op->guarded && judge_is_new_coin(op, idx)) s->departures |= DEPARTURE_BIT(NEW_COIN);
    if (s->departures != 0 && str_eq(cfg->judge_guard, STR("halve"))) {
        set_factor(cfg, s, PART_HABIT, bp_of(cfg->judge_habit_penalty));
    }
    const uint64_t said = judge_opinion_bits(op->coins[idx], m);
    if (op->copy && (op->copied & said) == said) {
        set_factor(cfg, s, PART_COPIES, bp_of(cfg->judge_copy_penalty));
    }
    s->score = score_of(s->parts_bp);
    s->reason = mention_refusal(cfg, op->refusal, s);
    if (s->reason == REASON_NONE && op->held && s->departures != 0) s->reason = REASON_HELD;
}

void judge_alone(const struct judge *j, usec now, const struct reading *r, int mention_idx,
                 struct signal *ret) {
    const struct post *p = r->post;
    PRE(mention_idx >= 0 && mention_idx < r->mention_count);
    const struct mention *m = &r->mentions[mention_idx];
    const bool timeless = p->created_at == 0;
    const struct standing who = judge_standing(j, p->source, p->author_id, p->username);
    *ret = (struct signal){.sym = SYM_NONE};
    memcpy(ret->symbol, m->symbol, SYMBOL_BYTES);
    judge_author_key(p, ret->author);
    const usec at = timeless ? now : p->created_at;
    weigh(j->cfg, m, &who, freshness_bp(now - at, j->cfg->judge_freshness_half_life_s), ret);
    ret->posted_at = p->created_at;
    struct post then = *p;
    then.created_at = at;
    struct reading dated = *r;
    dated.post = &then;
    ret->reason = mention_refusal(j->cfg, post_refusal(j->cfg, now, &dated, &who), ret);
}

/* --- for others than the trader --------------------------------------------------------------- */

bool judge_concerns(const struct judge *j, const struct reading *r) {
    const struct post *p = r->post;
    const uint32_t takes_back = CUE_CORRECTION | CUE_DENIAL | CUE_HACKED;
    if (r->mention_count > 0 || p->edited || (r->cues & takes_back) != 0) return true;
    if (!judge_lets_strangers_in(j->cfg, p->source)) return true;
    return judge_standing(j, p->source, p->author_id, p->username).listed;
}

/* --- the price -------------------------------------------------------------------------------- */

reason judge_priced_in(const struct judge *j, struct signal *s, usec now, price now_price) {
    if (j->cfg->judge_priced_in == 0) return REASON_NONE;
    if (price_is_zero(s->seen)) return REASON_NO_PRICE;
    set_factor(j->cfg, s, PART_PRICED_IN, priced_in_factor(j->cfg, s, now, now_price));
    s->score = score_of(s->parts_bp);
    return s->score >= j->cfg->trading_signal_threshold ? REASON_NONE : REASON_PRICED_IN;
}
