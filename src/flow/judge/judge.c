/* judge: see the header. The score is one product in integers:
 *
 *   score = round(100 * confidence * |polarity| * author * freshness * copies * priced_in)
 *
 * with every factor in basis points; a factor that is switched off is 10,000, and then the score is
 * the base score. Each factor is kept in the signal, so that a person can see what it did. */
#include "flow/judge/judge_int.h"

#define FUTURE_TOLERANCE (2 * USEC_PER_S)

void judge_init(struct judge *j, struct arena *boot, const struct config *cfg) {
    *j = (struct judge){.cfg = cfg};
    j->memory = NEW_ARRAY(boot, struct post_memory, JUDGE_MEMORY_MAX);
    j->authors = NEW_ARRAY(boot, struct author, JUDGE_AUTHORS_MAX);
    j->author_slots = NEW_ARRAY(boot, int32_t, JUDGE_AUTHOR_SLOTS);
    judge_watch_names(j, boot);
}

/* --- the post as a whole -------------------------------------------------------------------------
 */

/* 10,000 at age 0, half at each half-life: a shift and a straight line between. */
static int32_t freshness_bp(usec age, int64_t half_life_s) {
    if (age <= 0) return (int32_t)BP_ONE;
    const int64_t half = half_life_s * USEC_PER_S;
    const int64_t halvings = age / half;
    if (halvings >= 14) return 0;
    const int64_t upper = BP_ONE >> halvings;
    return (int32_t)(upper - (upper / 2) * (age % half) / half);
}

/* What became of a chain is known for as long as the memory reaches: an edit of an older one could
 * be traded a second time. */
static bool chain_is_old(const struct opinion *op, usec now, const struct post *p) {
    usec began;
    if (!p->edited || op->root_seen) return false;
    return !time_from_snowflake(p->root_id, &began) || now - began >= JUDGE_WINDOW;
}

static reason post_refusal(const struct judge *j, usec now, const struct reading *r,
                           const struct author *a) {
    const struct config *cfg = j->cfg;
    const struct post *p = r->post;
    const str key = str_from_z(a->key), name = str_from_z(a->username);
    if (p->created_at > i64_max(p->received_at, now) + FUTURE_TOLERANCE) return REASON_FUTURE_TIME;
    if (now - p->created_at > cfg->trading_max_signal_age_s * USEC_PER_S) return REASON_STALE;
    if (p->ref == POST_REF_RETWEET) return REASON_RETWEET;
    if (judge_list_find(&cfg->trading_muted_authors, key, name) >= 0) return REASON_MUTED_AUTHOR;
    if (cfg->judge_lookalike && judge_is_lookalike(j, p->username)) return REASON_LOOKALIKE;
    if (cfg->judge_scam && (r->cues & (CUE_GIVEAWAY | CUE_PHISHING)) != 0) return REASON_SCAM;
    return REASON_NONE;
}

void judge_post(struct judge *j, usec now, const struct reading *r, struct opinion *ret) {
    const struct config *cfg = j->cfg;
    *ret = (struct opinion){.author_bp = BP_ONE, .freshness_bp = BP_ONE, .copies_bp = BP_ONE};
    judge_forget_old(j, now);
    char key[AUTHOR_BYTES];
    judge_author_key(r->post, key);
    judge_recall(j, r, key, ret);
    if (ret->repeated) return;
    if (ret->cluster_id == 0) ret->cluster_id = r->post->root_id;
    ret->author = judge_author_of(j, now, r->post);
    ret->refusal = ret->outdated                     ? REASON_EDIT
                   : chain_is_old(ret, now, r->post) ? REASON_STALE
                                                     : post_refusal(j, now, r, ret->author);
    if (cfg->judge_author) {
        const int i = judge_list_find(&cfg->judge_author_weights, str_from_z(key),
                                      str_from_z(ret->author->username));
        const int64_t weight =
            i >= 0 ? cfg->judge_author_weights.weights[i] : cfg->judge_default_author_weight;
        ret->author_bp = (int32_t)(weight / (E8 / BP_ONE));
    }
    if (cfg->judge_freshness) {
        ret->freshness_bp =
            freshness_bp(now - r->post->created_at, cfg->judge_freshness_half_life_s);
    }
    if (cfg->judge_copies && ret->copy) {
        ret->copies_bp = (int32_t)(cfg->judge_copy_penalty / (E8 / BP_ONE));
    }
}

/* --- one mention --------------------------------------------------------------------- */

static int score_of(const int32_t parts[PART_COUNT]) {
    const int64_t polarity =
        parts[PART_POLARITY] < 0 ? -(int64_t)parts[PART_POLARITY] : parts[PART_POLARITY];
    int64_t product = parts[PART_CONFIDENCE] * polarity; /* 1e8 is one */
    for (int i = PART_AUTHOR; i < PART_COUNT; i++) product = product * parts[i] / BP_ONE;
    return (int)i64_min((product + 500000) / 1000000, 100);
}

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

void judge_mention(const struct judge *j, const struct opinion *op, const struct mention *m,
                   struct signal *s) {
    s->parts_bp[PART_CONFIDENCE] = m->confidence_bp;
    s->parts_bp[PART_POLARITY] = m->abstain ? 0 : m->polarity_bp;
    s->parts_bp[PART_AUTHOR] = op->author_bp;
    s->parts_bp[PART_FRESHNESS] = op->freshness_bp;
    s->parts_bp[PART_COPIES] = op->copies_bp;
    s->parts_bp[PART_PRICED_IN] = BP_ONE;
    s->side = m->abstain || m->polarity_bp == 0 ? SIDE_NONE
              : m->polarity_bp > 0              ? SIDE_LONG
                                                : SIDE_SHORT;
    s->base_score = base_score(m->confidence_bp, s->parts_bp[PART_POLARITY]);
    s->score = score_of(s->parts_bp);
    if (s->side == SIDE_NONE) {
        s->reason = REASON_ABSTAIN;
    } else if (op->refusal != REASON_NONE) {
        s->reason = op->refusal;
    } else if (is_muted(j->cfg, str_from_z(s->symbol))) {
        s->reason = REASON_MUTED_SYMBOL;
    } else if (s->score < j->cfg->trading_signal_threshold) {
        s->reason = REASON_BELOW_THRESHOLD;
    } else {
        s->reason = REASON_NONE;
    }
}

bool judge_priced_in(const struct judge *j, struct signal *s, price now_price) {
    if (!j->cfg->judge_priced_in || price_is_zero(s->seen)) return true;
    const int64_t limit_bp = i64_max(j->cfg->judge_priced_in_percent / (E8 / BP_ONE), 1);
    int64_t moved_bp = price_ratio_bp(now_price, s->seen) - BP_ONE;
    if (s->side == SIDE_SHORT) moved_bp = -moved_bp;
    moved_bp = i64_clamp(moved_bp, 0, limit_bp);
    /* 1 - (moved / limit)^2: noise costs little, the limit costs all */
    const int64_t left = limit_bp * limit_bp - moved_bp * moved_bp;
    s->parts_bp[PART_PRICED_IN] = (int32_t)(BP_ONE * left / (limit_bp * limit_bp));
    s->score = score_of(s->parts_bp);
    return s->score >= j->cfg->trading_signal_threshold;
}
