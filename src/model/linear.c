/* linear: the model in the binary, at work.
 *
 * In: the words of a post and ranges of them. Out: three logits a range. Each token's weights are
 * looked up once; a range is a difference of running sums, so scoring the clauses of a post costs
 * nothing beyond scoring the post. A word of the training vocabulary carries the weights of its
 * letters in its own entry; only unknown words are spelled out.
 *
 * Integers only: the same bytes give the same logits on every machine. Failure: a file that is not
 * whole is refused at opening. Reading: any thread; memory from the caller's scratch. */
#include "model/linear.h"

#include <pthread.h>

#include "flow/embedded.h"
#include "model/linear_int.h"

#define SCALES 512 /* lengths whose scale is kept ready */

struct linear {
    struct model base;
    int32_t length_scale[SCALES];
    int32_t gram_scale[GRAMS_MAX + 1];
    const struct linear_header *head;
    const struct cell *table[TABLE_COUNT];
};

struct sum {
    int32_t w[3];
};

static const struct cell *bucket_of(const struct linear *m, linear_table which, uint64_t hash) {
    return m->table[which] + CELLS * cell_bucket(hash, m->head->buckets_log2[which]);
}

static const struct cell *cell_find(const struct linear *m, linear_table which, uint64_t hash) {
    const struct cell *c = bucket_of(m, which, hash);
    uint16_t check = cell_check(hash);
    for (int i = 0; i < CELLS; i++) {
        if (c[i].check == check) return &c[i];
    }
    return NULL;
}

static void add(struct sum *s, const struct cell *c) {
    for (int k = 0; k < 3; k++) s->w[k] += c->w[k];
}

/* A word that training did not see often enough: the mean of its letters, scaled. */
static void add_spelled(const struct linear *m, str norm, struct sum *s) {
    uint64_t grams[GRAMS_MAX];
    int n = linear_grams(norm, grams);
    struct sum of_grams = {{0}};
    for (int i = 0; i < n; i++) {
        const struct cell *c = cell_find(m, TABLE_GRAMS, grams[i]);
        if (c) add(&of_grams, c);
    }
    int32_t scale = m->gram_scale[n];
    for (int k = 0; k < 3; k++) {
        s->w[k] += (int32_t)((int64_t)of_grams.w[k] * scale / 32768);
    }
}

/* The tables are larger than a core's cache: asks for all lines of a post before the first is
 * needed. */
static void prefetch(const struct linear *m, const struct token *t, int count) {
    for (int i = 0; i < count; i++) {
        __builtin_prefetch(bucket_of(m, TABLE_WORDS, t[i].hash));
        if (i) __builtin_prefetch(bucket_of(m, TABLE_PAIRS, linear_pair(t[i - 1].hash, t[i].hash)));
    }
}

/* Running sums: ret[i] is the sum over tokens 0..i-1. */
static void sum_tokens(const struct linear *m, const struct words *w, const struct token *t,
                       int count, struct sum *ret) {
    bool market = linear_domain(w) == DOMAIN_MARKET;
    struct sum s = {{0}};
    prefetch(m, t, count);
    ret[0] = s;
    for (int i = 0; i < count; i++) {
        const struct cell *c = cell_find(m, TABLE_WORDS, t[i].hash);
        if (c)
            add(&s, c);
        else if (t[i].spelled)
            add_spelled(m, word_norm(w, t[i].word), &s);
        if (market) {
            c = cell_find(m, TABLE_WORDS, t[i].hash ^ MARKET_TOKEN);
            if (c) add(&s, c);
        }
        if (i > 0) {
            c = cell_find(m, TABLE_PAIRS, linear_pair(t[i - 1].hash, t[i].hash));
            if (c) add(&s, c);
        }
        ret[i + 1] = s;
    }
}

static int token_at(const struct token *t, int count, int word) {
    int i = 0;
    while (i < count && t[i].word < word) i++;
    return i;
}

static void linear_score(const struct model *base, struct arena scratch, const struct words *w,
                         const struct model_range *ranges, int count, struct model_scores *ret) {
    const struct linear *m = (const struct linear *)base;
    const struct linear_header *h = m->head;
    struct token *tokens = NEW_ARRAY(&scratch, struct token, w->count + 1);
    int token_count = linear_tokens(w, tokens);
    struct sum *sums = NEW_ARRAY(&scratch, struct sum, token_count + 1);
    sum_tokens(m, w, tokens, token_count, sums);
    domain d = linear_domain(w);
    for (int r = 0; r < count; r++) {
        int first = token_at(tokens, token_count, ranges[r].first);
        int end = token_at(tokens, token_count, ranges[r].end);
        int n = end - first;
        int64_t scale = n < SCALES ? m->length_scale[n] : linear_length_scale(n, h->length_pivot);
        for (int k = 0; k < 3; k++) {
            int64_t sum = (int64_t)(sums[end].w[k] - sums[first].w[k]) * scale / 32768;
            sum = sum * h->scale[d] / 4096 + h->bias[d][k];
            ret[r].logit[k] = (int32_t)(sum * (NAT / WEIGHT_UNIT));
        }
    }
}

static const struct model_ops linear_ops = {.name = "linear-1", .score = linear_score};

static bool linear_init(struct linear *m, str bytes, struct error *err) {
    const struct linear_header *h = (const struct linear_header *)(const void *)bytes.p;
    if (bytes.n < (ptrdiff_t)sizeof *h || memcmp(h->magic, LINEAR_MAGIC, 8) != 0 ||
        h->version != LINEAR_VERSION || h->bytes != (uint64_t)bytes.n || h->length_pivot <= 0 ||
        h->length_pivot > 1000) {
        return fail(err, ERR_DAMAGED, 0, "not a linear model of version %d", LINEAR_VERSION);
    }
    uint64_t at = sizeof *h;
    for (int i = 0; i < TABLE_COUNT; i++) {
        if (h->buckets_log2[i] < 1 || h->buckets_log2[i] > 24) {
            return fail(err, ERR_DAMAGED, 0, "linear model: table sizes");
        }
        m->table[i] = (const struct cell *)(const void *)(bytes.p + at);
        at += sizeof(struct cell) * CELLS << h->buckets_log2[i];
    }
    str body = str_tail(bytes, (ptrdiff_t)sizeof *h);
    if (at != h->bytes || str_hash(body) != h->hash) {
        return fail(err, ERR_DAMAGED, 0, "linear model: length or checksum");
    }
    for (int n = 0; n < SCALES; n++) m->length_scale[n] = linear_length_scale(n, h->length_pivot);
    for (int n = 0; n <= GRAMS_MAX; n++) m->gram_scale[n] = linear_gram_scale(n);
    m->base.ops = &linear_ops;
    m->head = h;
    return true;
}

bool linear_open(struct arena *boot, str bytes, struct model **ret, struct error *err) {
    struct linear *m = NEW(boot, struct linear);
    if (!linear_init(m, bytes, err)) return false;
    *ret = &m->base;
    return true;
}

static struct linear builtin;

static void builtin_init(void) {
    struct error err;
    bool whole = linear_init(&builtin, embedded_linear(), &err);
    POST(whole);
}

const struct model *model_linear(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int rc = pthread_once(&once, builtin_init);
    POST(rc == 0);
    return &builtin.base;
}
