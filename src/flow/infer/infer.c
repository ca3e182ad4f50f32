/* infer: what a text says, for the post and towards each coin.
 *
 * In: words with coins marked, the linker's hits. Out: the model's probabilities for the post, a
 * polarity towards each coin or an abstention, cues, and a hash for near-copies.
 *
 * Towards a coin: what the vocabulary of directions found, and where that is little also half of
 * the model's logits over the words that are about it, through a softmax. A model that is trained
 * anew so changes nothing where the vocabulary speaks. Words are about a coin when they stand in a
 * clause with it, or in clauses without any coin that follow. A post that names a coin and says
 * nothing abstains.
 *
 * Floats end here, and there are none: integers from the model's weights on, no libm, so a reading
 * never depends on the machine. Never fails; pure; memory from scratch. */
#include "flow/infer/infer_int.h"

struct infer {
    const struct model *model;
    struct vocabulary *vocabulary;
    struct denial *denial;
    struct lures *lures;
    struct exp_table *exp;
};

bool infer_open(struct arena *boot, const struct model *model, str opinions, struct infer **ret,
                struct error *err) {
    struct infer *f = NEW(boot, struct infer);
    f->model = model;
    if (!vocabulary_open(boot, opinions, &f->vocabulary, err)) return false;
    f->denial = denial_open(boot);
    f->lures = lures_open(boot);
    f->exp = exp_table_open(boot);
    *ret = f;
    return true;
}

/* --- towards a coin -----------------------------------------------------------------------------
 */

#define DIRECTION_MAX (5 * NAT)
#define FORCE 12                 /* tenths of what the vocabulary found */
#define DIRECTION_CLEAR NAT      /* from here on the vocabulary is trusted without the model */
#define NEUTRAL_TRADER (NAT / 8) /* most of what is said of coins is no opinion */
#define OPEN (CUE_QUESTION | CUE_CONDITIONAL)  /* hardly ever an opinion */
#define ASIDE (OPEN | CUE_PAST | CUE_REPORTED) /* not the author's, here and now */
#define LURES (CUE_GIVEAWAY | CUE_PHISHING)    /* praise that is no view */
#define PLAIN_MAX (5 * NAT)
#define EMOJI_MAX (16 * NAT / 10)

/* How much more likely than the model thinks a text of so few words says nothing. */
static int64_t neutral_prior(int says) { return NAT / (1 + says); }

/* All that the vocabulary found for and against a coin, as one number. */
static int64_t direction_of(const struct view *v, uint32_t cues) {
    const int64_t said = (int64_t)v->up + v->down;
    int64_t d = (int64_t)v->up - v->down;
    if (said > 0) d = d * (d < 0 ? -d : d) / said; /* who says both says less */
    const bool bad = v->down > v->up && v->down >= 7 * NAT / 10;
    if (v->praise > 0 && bad)
        d -= i64_min(v->praise, NAT); /* nobody loves an outage */
    else
        d += v->praise;
    const int64_t emoji = i64_clamp(v->emoji, -EMOJI_MAX, EMOJI_MAX);
    const bool against = (d > NAT && emoji < 0) || (d < -7 * NAT / 10 && emoji > 0);
    d += against ? 0 : emoji * 7 / 10;
    if (cues & CUE_SARCASM) {
        const bool mixed = v->praise > 0 && v->down > NAT / 2;
        if (d > 0) d = mixed ? -v->down : -d * 8 / 10;
    }
    if (cues & LURES) d /= 2;
    return i64_clamp(d, -DIRECTION_MAX, DIRECTION_MAX);
}

/* Words of notices make no opinion likelier where there is hardly one. */
static int64_t plain_of(const struct view *v, int64_t size) {
    return i64_min(v->plain, PLAIN_MAX) * i64_clamp(2 * NAT - size, 0, 2 * NAT) / (2 * NAT);
}

/* How much likelier none is where the vocabulary found little, by what the text does. */
static int64_t silence_of(uint32_t cues) { return cues & OPEN ? 3 * NAT / 2 : 3 * NAT / 4; }

/* What is known of a coin before the model is asked. */
struct stance {
    struct view view;
    uint32_t cues;
    int64_t d;   /* what the vocabulary found */
    bool silent; /* the model has no say */
};

/* The opinion as one number, -10000..10000. logit: of the model, for the words about the coin, read
 * only where it has a say. */
static int32_t polarity_of(const struct infer *f, const struct stance *t, const int64_t logit[3]) {
    const struct view *v = &t->view;
    if (v->says == 0 && v->emoji == 0 && v->up + v->down == 0) return 0;
    const int64_t d = t->d, size = d < 0 ? -d : d, force = size * FORCE / 10;
    int64_t sum[3] = {d < 0 ? force : 0, NEUTRAL_TRADER + plain_of(v, size) - size / 2,
                      d > 0 ? force : 0};
    if (size < DIRECTION_CLEAR) sum[LABEL_NEUTRAL] += neutral_prior(v->says) + silence_of(t->cues);
    for (int k = 0; k < 3 && !t->silent; k++) sum[k] += logit[k] / 2;
    int32_t p[3];
    softmax_bp(f->exp, (int32_t[3]){(int32_t)sum[0], (int32_t)sum[1], (int32_t)sum[2]}, p);
    return p[LABEL_POSITIVE] - p[LABEL_NEGATIVE];
}

/* The model's logits for what is about a coin: the mean over its spans by their length. */
static void model_of(const struct views *v, const struct model_scores *scores, int mention,
                     int64_t ret[3]) {
    int64_t weight = 0;
    for (int k = 0; k < 3; k++) ret[k] = 0;
    for (int i = 0; i < v->span_count; i++) {
        const struct span *span = &v->spans[i];
        if (span->coins && !(span->coins >> mention & 1)) continue;
        const int words = span->end - span->first;
        weight += words;
        for (int k = 0; k < 3; k++) ret[k] += (int64_t)scores[i].logit[k] * words;
    }
    for (int k = 0; k < 3 && weight; k++) ret[k] /= weight;
}

/* What was said before the first coin is about all of them. */
static struct view with_early(const struct views *v, int mention) {
    struct view view = v->v[mention];
    const int share = v->count == 1 ? 3 : 2; /* quarters */
    if (v->early > 0)
        view.up += v->early * share / 4;
    else
        view.down -= v->early * share / 4;
    view.praise += v->early_praise * share / 4;
    view.emoji += v->early_emoji * share / 4;
    return view;
}

/* Returns whether the model has a say on any of the coins. */
static bool take_stances(const struct views *v, struct stance ret[MENTIONS_MAX]) {
    bool asked = false;
    for (int i = 0; i < v->count; i++) {
        struct stance *t = &ret[i];
        t->view = with_early(v, i);
        t->cues = v->count == 1 ? v->cues : t->view.cues | (v->cues & (CUE_SARCASM | LURES));
        t->d = direction_of(&t->view, t->cues);
        t->silent = t->d >= DIRECTION_CLEAR || t->d <= -DIRECTION_CLEAR || (t->cues & ASIDE);
        asked |= !t->silent;
    }
    return asked;
}

static void fill_mentions(const struct infer *f, const struct views *v, const struct links *links,
                          const struct stance *stances, const struct model_scores *scores,
                          struct reading *ret) {
    ret->mention_count = links->mention_count;
    for (int i = 0; i < links->mention_count; i++) {
        struct mention *m = &ret->mentions[i];
        *m = links->mentions[i];
        int64_t logit[3] = {0};
        if (!stances[i].silent) model_of(v, scores, i, logit);
        const int32_t polarity = polarity_of(f, &stances[i], logit);
        m->abstain = polarity < POLARITY_ABSTAIN_BP && polarity > -POLARITY_ABSTAIN_BP;
        m->polarity_bp = m->abstain ? 0 : polarity;
    }
}

/* --- the post ------------------------------------------------------------------------------------
 */

static void fill_post(const struct infer *f, const struct model_scores *whole,
                      struct reading *ret) {
    softmax_bp(f->exp, whole->logit, ret->probs_bp);
    ret->label = LABEL_NEGATIVE;
    for (int k = 1; k < 3; k++) {
        if (ret->probs_bp[k] > ret->probs_bp[ret->label]) ret->label = (label)k;
    }
    ret->sentiment_bp = ret->probs_bp[LABEL_POSITIVE] - ret->probs_bp[LABEL_NEGATIVE];
}

/* What is known of a post before the model has spoken, and what it is asked. */
struct asked {
    struct views views;
    struct stance stances[MENTIONS_MAX];
    int spans; /* that the model is asked about, before the whole */
    struct model_range ranges[SPANS_MAX + 1];
    struct model_scores scores[SPANS_MAX + 1];
};

static void ask_about(const struct infer *f, const struct infer_post *p, struct asked *a,
                      struct model_ask *ret) {
    views_scan(f->vocabulary, p->words, p->links, &a->views);
    const bool has_say = take_stances(&a->views, a->stances);
    a->spans = has_say && p->links->mention_count > 1 ? a->views.span_count : 0;
    for (int i = 0; i < a->spans; i++)
        a->ranges[i] = (struct model_range){a->views.spans[i].first, a->views.spans[i].end};
    a->ranges[a->spans] = (struct model_range){0, p->words->count};
    *ret = (struct model_ask){.words = p->words,
                              .ranges = a->ranges,
                              .count = a->spans + 1,
                              .since = p->since,
                              .scores = a->scores};
}

static void conclude(const struct infer *f, const struct infer_post *p, struct asked *a,
                     const char *by) {
    struct reading *ret = p->ret;
    ret->model = by;
    fill_post(f, &a->scores[a->spans], ret);
    if (a->spans == 0) {
        a->views.span_count = 1;
        a->views.spans[0] = (struct span){.coins = 0, .first = 0, .end = p->words->count};
    }
    fill_mentions(f, &a->views, p->links, a->stances, a->scores, ret);
    ret->miss_count = p->links->miss_count;
    for (int i = 0; i < p->links->miss_count; i++) ret->misses[i] = p->links->misses[i];
    ret->cues = lures_cues(f->lures, p->words, a->views.cues) | denial_cues(f->denial, p->words);
    simhash_words(p->words, ret);
}

void infer_posts(const struct infer *f, struct arena scratch, const struct infer_post *posts,
                 int count) {
    PRE(count >= 1 && count <= INFER_POSTS_MAX);
    UNINITIALIZED struct asked one; /* of a post alone: nothing is to be cleared */
    UNINITIALIZED struct model_ask asks[INFER_POSTS_MAX];
    struct asked *const v = count == 1 ? &one : NEW_ARRAY(&scratch, struct asked, count);
    for (int i = 0; i < count; i++) ask_about(f, &posts[i], &v[i], &asks[i]);
    f->model->ops->score(f->model, scratch, asks, count);
    for (int i = 0; i < count; i++) conclude(f, &posts[i], &v[i], asks[i].by);
}
