/* linear_train: makes the linear model.
 *
 * Multinomial logistic regression by AdaGrad over words, pairs of words and groups of letters, with
 * the weights of the last epochs averaged, then calibrated (for each domain one temperature
 * and one bias a label) on texts that were held back, then rounded to 16 bits. Labels weigh
 * equally, because macro recall is what the model is judged by. A set with two labels teaches the
 * difference of those two only.
 *
 * In: labelled files, a reader that finds the coins. Out: the bytes of a model file. Deterministic:
 * order and chance come from the seed, sums are taken in one order on one thread. Failure: files
 * that cannot be read. Needs a few hundred MiB; not for the running program. */
#include <math.h>

#include "base/buf.h"
#include "base/rng.h"
#include "model/linear_int.h"
#include "model/train_data.h"

#define EXAMPLES_MAX (1 << 18)
#define TOKENS_MAX (1 << 24)
#define INDEX_LOG2 22    /* slots of an index of features */
#define HOLD_BACK 16     /* one text in so many calibrates */
#define GRAM_LOG2 19     /* weights of groups of letters, hashed */
#define RATE 0.05F       /* AdaGrad's first step */
#define DECAY 2e-5F      /* of weights, per step */
#define PIVOT 8          /* linear_header.length_pivot */
#define SEEN_MIN 2       /* a word or pair seen less often has no entry */
#define BUCKETS_WORDS 15 /* log2, in the file */
#define BUCKETS_PAIRS 16
#define BUCKETS_GRAMS 16

/* From a feature's hash to a small number. */
struct index {
    uint64_t *key; /* 0: empty */
    int32_t *value;
    int32_t used;
};

struct weights {
    float *w;    /* three a feature */
    float *g;    /* AdaGrad's sums of squares */
    double *sum; /* of the epochs that are averaged */
    int32_t count;
};

struct example {
    int32_t first, count; /* tokens */
    float weight;
    uint8_t label;
    uint8_t set;
    bool two; /* of a set with two labels */
    bool held;
    uint8_t domain;
};

struct train {
    struct arena mem;
    const struct train_options *opt;
    struct example *ex;
    int32_t ex_count;
    int32_t *word, *market, *pair; /* feature of each token, -1: none */
    int32_t token_count;
    struct index words, pairs;
    int32_t *word_seen, *pair_seen;
    int32_t *gram_first; /* of each word: into grams; word_count + 1 entries */
    uint32_t *grams;     /* features of groups of letters */
    uint64_t *gram_hash; /* the hash behind each feature, for the file */
    int32_t gram_used;
    struct weights ww, pw, gw;
    float bias[2][3], bias_g[2][3]; /* by domain */
    double bias_sum[2][3];
    float scale[2]; /* of calibration */
    int averaged;
    int set; /* being read */
    int64_t set_count[TRAIN_SETS_MAX][3];
};

/* --- reading --------------------------------------------------------------------------------- */

static void index_open(struct arena *a, struct index *x) {
    x->key = NEW_ARRAY(a, uint64_t, 1 << INDEX_LOG2);
    x->value = NEW_ARRAY(a, int32_t, 1 << INDEX_LOG2);
    x->used = 0;
}

static int32_t index_get(struct index *x, uint64_t key) {
    uint64_t i = key >> (64 - INDEX_LOG2);
    if (key == 0) key = 1;
    while (x->key[i] && x->key[i] != key) i = (i + 1) & ((1 << INDEX_LOG2) - 1);
    if (x->key[i] == 0) {
        PRE(x->used < 1 << (INDEX_LOG2 - 1));
        x->key[i] = key;
        x->value[i] = x->used++;
    }
    return x->value[i];
}

static void add_grams(struct train *t, str norm, bool spelled) {
    uint64_t grams[GRAMS_MAX];
    int n = spelled ? linear_grams(norm, grams) : 0;
    for (int i = 0; i < n; i++) {
        uint32_t slot = (uint32_t)(grams[i] >> (64 - GRAM_LOG2));
        t->gram_hash[slot] = grams[i];
        t->grams[t->gram_used++] = slot;
    }
}

/* The feature of a token's entry; its groups of letters are noted when it is new. */
static int32_t word_feature(struct train *t, uint64_t hash, str norm, bool spelled) {
    int32_t before = t->words.used;
    int32_t word = index_get(&t->words, hash);
    if (word == before) {
        t->gram_first[word] = t->gram_used;
        add_grams(t, norm, spelled);
        t->gram_first[word + 1] = t->gram_used;
    }
    t->word_seen[word]++;
    return word;
}

static void take_token(struct train *t, const struct token *token, uint64_t before, domain d,
                       str norm) {
    int32_t at = t->token_count++;
    t->word[at] = word_feature(t, token->hash, norm, token->spelled);
    t->market[at] = t->pair[at] = -1;
    if (d == DOMAIN_MARKET) {
        t->market[at] = word_feature(t, token->hash ^ MARKET_TOKEN, norm, false);
    }
    if (before) {
        t->pair[at] = index_get(&t->pairs, linear_pair(before, token->hash));
        t->pair_seen[t->pair[at]]++;
    }
}

/* The same for texts that start alike: published sets are full of near-copies, and a copy of a text
 * that is learnt says nothing about calibration. */
static uint64_t text_group(const struct token *tokens, int n) {
    uint64_t group = 0;
    for (int i = 0, used = 0; i < n && used < 5; i++) {
        if (!tokens[i].spelled) continue;
        group = linear_pair(group, tokens[i].hash);
        used++;
    }
    return group >> 8;
}

static void take_example(void *ctx, const struct labelled *item) {
    struct train *t = ctx;
    struct arena scratch = t->mem;
    struct words w;
    struct links links;
    reader_split(t->opt->reader, &scratch, item->text, &w, &links);
    struct token *tokens = NEW_ARRAY(&scratch, struct token, w.count + 1);
    int n = linear_tokens(&w, tokens);
    PRE(t->ex_count < EXAMPLES_MAX && t->token_count + n < TOKENS_MAX);
    struct example *e = &t->ex[t->ex_count];
    *e = (struct example){.first = t->token_count,
                          .count = n,
                          .label = (uint8_t)item->label,
                          .set = (uint8_t)t->set,
                          .held = text_group(tokens, n) % HOLD_BACK == 7,
                          .domain = (uint8_t)linear_domain(&w)};
    t->ex_count++;
    t->set_count[t->set][item->label]++;
    for (int i = 0; i < n; i++) {
        uint64_t before = i ? tokens[i - 1].hash : 0;
        take_token(t, &tokens[i], before, (domain)e->domain, word_norm(&w, tokens[i].word));
    }
}

static bool read_sets(struct train *t, struct error *err) {
    for (t->set = 0; t->set < t->opt->set_count; t->set++) {
        if (!labelled_read(t->opt->sets[t->set].path, take_example, t, err)) return false;
    }
    for (int i = 0; i < t->ex_count; i++) {
        struct example *e = &t->ex[i];
        const int64_t *n = t->set_count[e->set];
        int classes = (n[0] > 0) + (n[1] > 0) + (n[2] > 0);
        float share = (float)(n[0] + n[1] + n[2]) / ((float)classes * (float)n[e->label]);
        e->two = n[1] == 0;
        e->weight = sqrtf(share) * (float)t->opt->sets[e->set].weight_bp / 10000.0F;
    }
    return true;
}

/* --- learning -------------------------------------------------------------------------------- */

static void weights_open(struct arena *a, struct weights *w, int32_t count) {
    w->count = count;
    w->w = NEW_ARRAY(a, float, 3 * (ptrdiff_t)count);
    w->g = NEW_ARRAY(a, float, 3 * (ptrdiff_t)count);
    w->sum = NEW_ARRAY(a, double, 3 * (ptrdiff_t)count);
}

static void step3(float *w, float *g, const float grad[3], float scale) {
    for (int k = 0; k < 3; k++) {
        float d = grad[k] * scale + DECAY * w[k];
        g[k] += d * d;
        w[k] -= RATE * d / (sqrtf(g[k]) + 1e-3F);
    }
}

static float gram_scale(const struct train *t, int32_t word) {
    return (float)linear_gram_scale(t->gram_first[word + 1] - t->gram_first[word]) / 32768.0F;
}

static bool pair_counts(const struct train *t, int32_t token) {
    return t->pair[token] >= 0 && t->pair_seen[t->pair[token]] >= SEEN_MIN;
}

static void forward(const struct train *t, const struct example *e, float z[3]) {
    float sum[3] = {0};
    for (int32_t i = e->first; i < e->first + e->count; i++) {
        const float *w = t->ww.w + 3 * t->word[i];
        float gs = gram_scale(t, t->word[i]), of_grams[3] = {0};
        for (int32_t g = t->gram_first[t->word[i]]; g < t->gram_first[t->word[i] + 1]; g++) {
            const float *v = t->gw.w + 3 * t->grams[g];
            for (int k = 0; k < 3; k++) of_grams[k] += v[k];
        }
        for (int k = 0; k < 3; k++) sum[k] += w[k] + gs * of_grams[k];
        if (t->market[i] >= 0) {
            const float *m = t->ww.w + 3 * t->market[i];
            for (int k = 0; k < 3; k++) sum[k] += m[k];
        }
        if (!pair_counts(t, i)) continue;
        const float *p = t->pw.w + 3 * t->pair[i];
        for (int k = 0; k < 3; k++) sum[k] += p[k];
    }
    float scale = (float)linear_length_scale(e->count, PIVOT) / 32768.0F;
    for (int k = 0; k < 3; k++) z[k] = sum[k] * scale + t->bias[e->domain][k];
}

static void softmax(const float z[3], bool two, float p[3]) {
    float top = z[0], total = 0;
    for (int k = 1; k < 3; k++) {
        if (z[k] > top) top = z[k];
    }
    for (int k = 0; k < 3; k++) {
        p[k] = two && k == 1 ? 0 : expf(z[k] - top);
        total += p[k];
    }
    for (int k = 0; k < 3; k++) p[k] /= total;
}

static void learn(struct train *t, const struct example *e) {
    float z[3], p[3], grad[3];
    forward(t, e, z);
    softmax(z, e->two, p);
    for (int k = 0; k < 3; k++) grad[k] = (p[k] - (k == e->label)) * e->weight;
    float scale = (float)linear_length_scale(e->count, PIVOT) / 32768.0F;
    for (int32_t i = e->first; i < e->first + e->count; i++) {
        int32_t word = t->word[i];
        step3(t->ww.w + 3 * word, t->ww.g + 3 * word, grad, scale);
        float gs = gram_scale(t, word) * scale;
        for (int32_t g = t->gram_first[word]; g < t->gram_first[word + 1]; g++) {
            step3(t->gw.w + 3 * t->grams[g], t->gw.g + 3 * t->grams[g], grad, gs);
        }
        if (t->market[i] >= 0) {
            step3(t->ww.w + 3 * t->market[i], t->ww.g + 3 * t->market[i], grad, scale);
        }
        if (pair_counts(t, i))
            step3(t->pw.w + 3 * t->pair[i], t->pw.g + 3 * t->pair[i], grad, scale);
    }
    step3(t->bias[e->domain], t->bias_g[e->domain], grad, 1);
}

static void average_add(struct train *t) {
    struct weights *const all[] = {&t->ww, &t->pw, &t->gw};
    for (int a = 0; a < 3; a++) {
        for (int32_t i = 0; i < 3 * all[a]->count; i++) all[a]->sum[i] += (double)all[a]->w[i];
    }
    for (int i = 0; i < 6; i++) t->bias_sum[i / 3][i % 3] += (double)t->bias[i / 3][i % 3];
    t->averaged++;
}

static void average_take(struct train *t) {
    struct weights *const all[] = {&t->ww, &t->pw, &t->gw};
    for (int a = 0; a < 3; a++) {
        for (int32_t i = 0; i < 3 * all[a]->count; i++) {
            all[a]->w[i] = (float)(all[a]->sum[i] / t->averaged);
        }
    }
    for (int i = 0; i < 6; i++) {
        t->bias[i / 3][i % 3] = (float)(t->bias_sum[i / 3][i % 3] / t->averaged);
    }
}

static void run_epochs(struct train *t) {
    struct rng rng;
    rng_init(&rng, t->opt->seed);
    int32_t *order = NEW_ARRAY(&t->mem, int32_t, t->ex_count);
    int32_t n = 0;
    for (int32_t i = 0; i < t->ex_count; i++) {
        if (!t->ex[i].held) order[n++] = i;
    }
    for (int epoch = 0; epoch < t->opt->epochs; epoch++) {
        for (int32_t i = n - 1; i > 0; i--) {
            int32_t j = (int32_t)rng_below(&rng, (uint64_t)i + 1);
            int32_t swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (int32_t i = 0; i < n; i++) learn(t, &t->ex[order[i]]);
        if (epoch >= t->opt->epochs / 2) average_add(t);
    }
    average_take(t);
}

/* --- calibration ----------------------------------------------------------------------------- */

struct fit {
    float scale, bias[3];
    float d_scale, d_bias[3], total; /* of one round */
};

/* Adds a text's share of the gradient. Labels weigh equally: the weight balances half of it during
 * learning and the other half here. */
static void fit_add(const struct train *t, const struct example *e, struct fit *f) {
    float z[3], y[3], p[3];
    forward(t, e, z);
    for (int k = 0; k < 3; k++) y[k] = z[k] * f->scale + f->bias[k];
    softmax(y, e->two, p);
    float weight = e->weight * e->weight;
    for (int k = 0; k < 3; k++) {
        float d = (p[k] - (k == e->label)) * weight;
        f->d_scale += d * z[k];
        f->d_bias[k] += d;
    }
    f->total += weight;
}

/* Fits scale and bias of a domain's logits on the texts held back, by plain gradient descent, and
 * puts them in front of the domain's bias. */
static void calibrate(struct train *t, domain d) {
    struct fit f = {.scale = 1};
    for (int round = 0; round < 300; round++) {
        f.d_scale = f.total = 0;
        for (int k = 0; k < 3; k++) f.d_bias[k] = 0;
        for (int32_t i = 0; i < t->ex_count; i++) {
            if (t->ex[i].held && t->ex[i].domain == d) fit_add(t, &t->ex[i], &f);
        }
        if (f.total <= 0) break;
        f.scale -= 0.5F * f.d_scale / f.total;
        for (int k = 0; k < 3; k++) f.bias[k] -= 0.5F * f.d_bias[k] / f.total;
    }
    t->scale[d] = f.scale;
    for (int k = 0; k < 3; k++) t->bias[d][k] = t->bias[d][k] * f.scale + f.bias[k];
}

/* --- the file -------------------------------------------------------------------------------- */

static int16_t quantise(float w) {
    float v = roundf(w * WEIGHT_UNIT);
    return (int16_t)(v > 32767 ? 32767 : v < -32767 ? -32767 : v);
}

static int strength(const struct cell *c) {
    int s = 0;
    for (int k = 0; k < 3; k++) s += c->w[k] < 0 ? -c->w[k] : c->w[k];
    return s;
}

/* Into its bucket; where that is full the weakest entry goes. */
static void cell_put(struct cell *table, uint32_t log2, uint64_t hash, const float w[3]) {
    struct cell c = {.check = cell_check(hash)};
    for (int k = 0; k < 3; k++) c.w[k] = quantise(w[k]);
    struct cell *bucket = table + CELLS * cell_bucket(hash, log2), *weakest = bucket;
    for (int i = 0; i < CELLS; i++) {
        if (bucket[i].check == 0 || bucket[i].check == c.check) {
            if (strength(&c) >= strength(&bucket[i])) bucket[i] = c;
            return;
        }
        if (strength(&bucket[i]) < strength(weakest)) weakest = &bucket[i];
    }
    if (strength(&c) > strength(weakest)) *weakest = c;
}

static void put_words(struct train *t, struct cell *table) {
    for (uint32_t slot = 0; slot < 1U << INDEX_LOG2; slot++) {
        uint64_t key = t->words.key[slot];
        int32_t word = t->words.value[slot];
        if (!key || t->word_seen[word] < SEEN_MIN) continue;
        float w[3], gs = gram_scale(t, word);
        for (int k = 0; k < 3; k++) {
            float of_grams = 0;
            for (int32_t g = t->gram_first[word]; g < t->gram_first[word + 1]; g++) {
                of_grams += t->gw.w[3 * t->grams[g] + k];
            }
            w[k] = t->ww.w[3 * word + k] + gs * of_grams;
        }
        cell_put(table, BUCKETS_WORDS, key, w);
    }
}

static void put_pairs(struct train *t, struct cell *table) {
    for (uint32_t slot = 0; slot < 1U << INDEX_LOG2; slot++) {
        uint64_t key = t->pairs.key[slot];
        int32_t pair = t->pairs.value[slot];
        if (!key || t->pair_seen[pair] < SEEN_MIN) continue;
        float w[3];
        for (int k = 0; k < 3; k++) w[k] = t->pw.w[3 * pair + k];
        cell_put(table, BUCKETS_PAIRS, key, w);
    }
}

static void put_grams(struct train *t, struct cell *table) {
    for (uint32_t slot = 0; slot < 1U << GRAM_LOG2; slot++) {
        if (t->gram_hash[slot] == 0) continue;
        float w[3];
        for (int k = 0; k < 3; k++) w[k] = t->gw.w[3 * slot + (uint32_t)k];
        cell_put(table, BUCKETS_GRAMS, t->gram_hash[slot], w);
    }
}

static void write_model(struct train *t, struct buf *out) {
    struct linear_header h = {.magic = LINEAR_MAGIC,
                              .version = LINEAR_VERSION,
                              .buckets_log2 = {BUCKETS_WORDS, BUCKETS_PAIRS, BUCKETS_GRAMS, 0},
                              .length_pivot = PIVOT};
    ptrdiff_t at[TABLE_COUNT + 1] = {0};
    for (int i = 0; i < TABLE_COUNT; i++)
        at[i + 1] = at[i] + ((ptrdiff_t)CELLS << h.buckets_log2[i]);
    struct cell *cells = NEW_ARRAY(&t->mem, struct cell, at[TABLE_COUNT]);
    put_words(t, cells + at[TABLE_WORDS]);
    put_pairs(t, cells + at[TABLE_PAIRS]);
    put_grams(t, cells + at[TABLE_GRAMS]);
    for (int d = 0; d < 2; d++) {
        h.scale[d] = (int32_t)lroundf(t->scale[d] * 4096);
        for (int k = 0; k < 3; k++) h.bias[d][k] = quantise(t->bias[d][k]);
    }
    str body = str_from_bytes(cells, at[TABLE_COUNT] * (ptrdiff_t)sizeof(struct cell));
    h.bytes = (uint64_t)body.n + sizeof h;
    h.hash = str_hash(body);
    buf_put(out, str_from_bytes(&h, sizeof h));
    buf_put(out, body);
}

static void train_open(struct train *t, const struct train_options *opt) {
    arena_open(&t->mem, (ptrdiff_t)3 << 30); /* address space; a tenth of it is touched */
    struct arena *a = &t->mem;
    t->opt = opt;
    t->ex = NEW_ARRAY(a, struct example, EXAMPLES_MAX);
    t->word = NEW_ARRAY(a, int32_t, TOKENS_MAX);
    t->market = NEW_ARRAY(a, int32_t, TOKENS_MAX);
    t->pair = NEW_ARRAY(a, int32_t, TOKENS_MAX);
    index_open(a, &t->words);
    index_open(a, &t->pairs);
    t->word_seen = NEW_ARRAY(a, int32_t, 1 << (INDEX_LOG2 - 1));
    t->pair_seen = NEW_ARRAY(a, int32_t, 1 << (INDEX_LOG2 - 1));
    t->gram_first = NEW_ARRAY(a, int32_t, (1 << (INDEX_LOG2 - 1)) + 1);
    t->grams = NEW_ARRAY(a, uint32_t, TOKENS_MAX);
    t->gram_hash = NEW_ARRAY(a, uint64_t, 1 << GRAM_LOG2);
}

bool linear_train(const struct train_options *opt, struct buf *out, struct error *err) {
    struct train t = {0};
    train_open(&t, opt);
    bool ok = read_sets(&t, err);
    if (ok && t.ex_count == 0) ok = fail(err, ERR_PARSE, 0, "no texts to train on");
    if (ok) {
        weights_open(&t.mem, &t.ww, t.words.used);
        weights_open(&t.mem, &t.pw, t.pairs.used);
        weights_open(&t.mem, &t.gw, 1 << GRAM_LOG2);
        run_epochs(&t);
        calibrate(&t, DOMAIN_ANY);
        calibrate(&t, DOMAIN_MARKET);
        write_model(&t, out);
        if (buf_full(out)) ok = fail(err, ERR_LIMIT, 0, "the model does not fit into the output");
    }
    arena_close(&t.mem);
    return ok;
}
