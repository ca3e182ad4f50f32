/* linear: the model in the binary, at work.
 *
 * In: the words of a post and ranges of them. Out: three logits a range. Each token's weights are
 * looked up once; a range is a difference of running sums, so scoring the clauses of a post costs
 * hardly more than scoring the post. A word of the training vocabulary carries the weights of its
 * letters, its stem and its class in its own entry; only unknown words are spelled out.
 *
 * Words have weights for each domain (the kinds of texts that the model was trained on). The same
 * look-ups say how likely each domain is, and the logits are mixed by that.
 *
 * Integers only: the same bytes give the same logits on every machine. Failure: a file that is not
 * whole is refused at opening. Reading: any thread; memory from the caller's scratch. */
#include "model/linear.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flow/embedded.h"
#include "model/linear_int.h"

#define SCALES 512    /* lengths whose scale is kept ready */
#define MIX 32768     /* the domains' shares sum to about this */
#define MIX_LEAST 128 /* a domain with a smaller share is left out */

struct linear {
    struct model base;
    int32_t length_scale[SCALES];
    int32_t gram_scale[GRAMS_MAX + 1];
    const struct linear_header *head;
    const struct word_cell *words, *traits;
    const uint8_t *phrase_bits;
    const struct cell *table[TABLE_COUNT]; /* pairs and groups of letters */
};

/* Of tokens: their weights by domain, and those that are the same in all. */
struct sum {
    int32_t w[WEIGHTS];
    int32_t common[3];
};

/* What is gathered over a text. */
struct gather {
    const struct linear *m;
    const struct words *w;
    const struct token *tokens;
    int count;
    int16_t *stop; /* of each token and of the end: which of the sums is over all before it; -1 */
    struct sum *sums; /* at the ends of ranges */
    struct mood *moods;
    int phrase_end; /* word behind the last phrase found */
    struct sum traits;
    int32_t domain[DOMAINS];
};

static const struct word_cell *word_bucket(const struct linear *m, uint64_t hash) {
    return m->words + CELLS * cell_bucket(hash, m->head->buckets_log2[TABLE_WORDS]);
}

static const struct word_cell *word_find(const struct linear *m, uint64_t hash) {
    const struct word_cell *c = word_bucket(m, hash);
    const uint16_t check = cell_check(hash);
    unsigned found = 1u << CELLS; /* bits by cell: a loop that ends at a hit is guessed wrong */
    for (int i = 0; i < CELLS; i++) found |= (unsigned)(c[i].check == check) << i;
    const int first = __builtin_ctz(found);
    return first < CELLS ? &c[first] : NULL;
}

static const struct cell *bucket_of(const struct linear *m, linear_table which, uint64_t hash) {
    return m->table[which] + CELLS * cell_bucket(hash, m->head->buckets_log2[which]);
}

static void add_cell(const struct linear *m, linear_table which, uint64_t hash, int32_t sum[3]) {
    const struct cell *c = bucket_of(m, which, hash);
    const uint16_t check = cell_check(hash);
    unsigned found = 1u << CELLS;
    for (int i = 0; i < CELLS; i++) found |= (unsigned)(c[i].check == check) << i;
    const int first = __builtin_ctz(found);
    const int32_t all = first < CELLS ? -1 : 0; /* bits: nothing is added of what is not there */
    c += first & (CELLS - 1);
    for (int k = 0; k < 3; k++) sum[k] += c->w[k] & all;
}

/* Four weights at a time: compilers do not see by themselves that cells and sums never overlap. */
typedef int16_t weights4 __attribute__((vector_size(8)));
typedef int32_t sums4 __attribute__((vector_size(16)));
_Static_assert(WEIGHTS % 4 == 0, "no weight is left over");

static inline void add_word(struct gather *g, const struct word_cell *c, struct sum *s) {
    for (int i = 0; i < WEIGHTS; i += 4) {
        weights4 add;
        sums4 to;
        memcpy(&add, c->w + i, sizeof add);
        memcpy(&to, s->w + i, sizeof to);
        to += __builtin_convertvector(add, sums4);
        memcpy(s->w + i, &to, sizeof to);
    }
#pragma GCC unroll 4
    for (int d = 0; d < DOMAINS; d++) g->domain[d] += c->domain[d];
}

/* A word that training did not see often enough: the mean of its letters, scaled, and what is known
 * of its stem. Returns the stem's entry, NULL if there is none. */
static const struct word_cell *add_spelled(struct gather *g, const struct token *t, struct sum *s) {
    const struct linear *m = g->m;
    str norm = word_norm(g->w, t->word);
    uint64_t grams[GRAMS_MAX];
    char block[STEM_BYTES_MAX];
    int32_t of_grams[3] = {0};
    int n = linear_grams(norm, grams);
    for (int i = 0; i < n; i++) add_cell(m, TABLE_GRAMS, grams[i], of_grams);
    for (int k = 0; k < 3; k++) {
        s->common[k] += (int32_t)((int64_t)of_grams[k] * m->gram_scale[n] / 32768);
    }
    uint64_t stem = word_hash(linear_stem(norm, block));
    const struct word_cell *c = word_find(m, linear_stem_token(stem, t->negated));
    if (c) add_word(g, c, s);
    return c;
}

/* The tables are larger than a core's cache: asks for all lines of a post before the first is
 * needed. */
static void prefetch(const struct linear *m, const struct token *t, int count) {
    for (int i = 0; i < count; i++) {
        const struct word_cell *bucket = word_bucket(m, t[i].hash);
        __builtin_prefetch(bucket);
        __builtin_prefetch(bucket + CELLS / 2);
        if (i) __builtin_prefetch(bucket_of(m, TABLE_PAIRS, linear_pair(t[i - 1].hash, t[i].hash)));
    }
}

/* The longest phrase that begins at a token, NULL if there is none. */
static const struct word_cell *find_phrase(struct gather *g, const struct token *t) {
    const struct words *w = g->w;
    const struct word_cell *best = NULL;
    uint64_t hash = w->v[t->word].hash;
    if (t->word < g->phrase_end) return NULL;
    for (int i = t->word + 1; i < w->count && i < t->word + PHRASE_WORDS_MAX; i++) {
        hash = linear_phrase(hash, w->v[i].hash);
        const uint32_t bit = linear_phrase_bit(hash);
        if (!(g->m->phrase_bits[bit >> 3] >> (bit & 7) & 1)) break;
        const struct word_cell *c = word_find(g->m, hash);
        if (!c) break;
        if (c->class & WORD_CELL_PHRASE) {
            best = c;
            g->phrase_end = i + 1;
        }
        if (!(c->class & WORD_CELL_MORE)) break;
    }
    return best;
}

/* Adds a token's word and the phrase that begins with it. Returns its class. */
static int sum_word(struct gather *g, int at, struct sum *s) {
    const struct token *t = &g->tokens[at];
    const struct word_cell *c = word_find(g->m, t->hash), *phrase = NULL;
    struct mood *mood = &g->moods[at];
    if (c)
        add_word(g, c, s);
    else if (t->spelled)
        c = add_spelled(g, t, s);
    if (!c) return 0;
    const int class = c->class & (CLASSES_MAX - 1), sign = g->m->head->class_sign[class];
    mood->sign = (int8_t)(t->negated ? -sign : sign);
    if (t->word >= g->phrase_end) mood->valence = t->negated ? (int8_t)-c->valence : c->valence;
    if (c->class & WORD_CELL_MORE) phrase = find_phrase(g, t);
    if (phrase) {
        add_word(g, phrase, s);
        mood->valence = phrase->valence;
    }
    return class;
}

/* The pairs of a token are asked for when it is seen and added when the next one is. */
static void sum_tokens(struct gather *g) {
    const struct linear *m = g->m;
    struct sum s = {0};
    uint64_t pairs[PAIRS_MAX];
    int pending = 0;
    prefetch(m, g->tokens, g->count);
    for (int i = 0; i <= g->count; i++) {
        for (int p = 0; p < pending; p++) add_cell(m, TABLE_PAIRS, pairs[p], s.common);
        if (g->stop[i] >= 0) g->sums[g->stop[i]] = s;
        if (i == g->count) break;
        const int which = sum_word(g, i, &s);
        if (i == 0) continue;
        pending = linear_pairs(&g->tokens[i - 1], &g->tokens[i], which, pairs);
        if (pending == PAIRS_MAX)
            __builtin_prefetch(bucket_of(m, TABLE_PAIRS, pairs[PAIRS_MAX - 1]));
    }
}

static void sum_traits(struct gather *g) {
    uint16_t traits[TRAITS];
    linear_traits(g->w, g->moods, g->count, traits);
    for (int i = 0; i < TRAITS; i++) add_word(g, &g->m->traits[traits[i]], &g->traits);
}

static int64_t scale_of(const struct linear *m, int tokens) {
    return tokens < SCALES ? m->length_scale[tokens]
                           : linear_length_scale(tokens, m->head->length_pivot);
}

/* 2^-(x/1024), between powers of two a straight line, 1/32768. */
static int32_t half_times(int64_t x) {
    int64_t whole = x >> 10;
    return whole > 15 ? 0 : (int32_t)((32768 - (x & 1023) * 16) >> whole);
}

/* The domains' shares of a text. */
static void mix_domains(const struct gather *g, int32_t ret[DOMAINS]) {
    const struct linear_header *h = g->m->head;
    int64_t scale = scale_of(g->m, g->count), logit[DOMAINS], top = INT64_MIN, total = 0;
    int domains = (int)h->domains;
    for (int d = 0; d < domains; d++) {
        logit[d] = g->domain[d] * scale / (32768 / (1024 / DOMAIN_UNIT)) + h->domain_bias[d];
        top = i64_max(top, logit[d]);
    }
    for (int d = 0; d < DOMAINS; d++) {
        ret[d] = d < domains ? half_times((top - logit[d]) * 1477 / 1024) : 0;
        if (ret[d] < MIX_LEAST) ret[d] = 0;
        total += ret[d];
    }
    for (int d = 0; d < DOMAINS; d++) ret[d] = (int32_t)((int64_t)ret[d] * MIX / total);
}

/* One range's logits: the words in it, the traits of the whole text. */
static void range_logits(const struct gather *g, const int32_t mix[DOMAINS], int first, int end,
                         struct model_scores *ret) {
    const struct linear_header *h = g->m->head;
    const struct sum *a = &g->sums[g->stop[first]], *b = &g->sums[g->stop[end]];
    int64_t scale = scale_of(g->m, end - first), whole = scale_of(g->m, g->count);
    for (int k = 0; k < 3; k++) {
        int64_t logit = 0, common = b->common[k] - a->common[k];
        for (int d = 0; d < DOMAINS; d++) {
            if (mix[d] == 0) continue;
            const int i = 3 * d + k;
            int64_t sum = (b->w[i] - a->w[i] + common) * scale + g->traits.w[i] * whole;
            logit += (sum / 32768 * h->scale[d] / 4096 + h->bias[d][k]) * mix[d];
        }
        ret->logit[k] = (int32_t)(logit * (NAT / WEIGHT_UNIT) / MIX);
    }
}

/* The first token that stands for a word at or behind `word`. */
static int token_at(const struct token *t, int count, int word) {
    int low = 0, high = count;
    while (low < high) {
        int mid = (low + high) / 2;
        if (t[mid].word < word)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Where sums are wanted: at both ends of each range. ends: two a range. */
static void set_stops(struct gather *g, struct arena *a, const int *ends, int end_count) {
    int stops = 0;
    g->stop = NEW_ARRAY(a, int16_t, g->count + 1);
    memset(g->stop, 0xFF, sizeof(int16_t) * (size_t)(g->count + 1));
    for (int i = 0; i < end_count; i++) {
        if (g->stop[ends[i]] < 0) g->stop[ends[i]] = (int16_t)stops++;
    }
    g->sums = NEW_ARRAY(a, struct sum, stops + 1);
}

static void score_post(const struct linear *m, struct arena scratch, const struct model_ask *ask) {
    struct gather g = {.m = m, .w = ask->words};
    struct token *tokens = NEW_ARRAY(&scratch, struct token, ask->words->count + 1);
    int32_t mix[DOMAINS];
    int *ends = NEW_ARRAY(&scratch, int, 2 * ask->count + 1);
    g.count = linear_tokens(ask->words, tokens);
    g.tokens = tokens;
    g.moods = NEW_ARRAY(&scratch, struct mood, g.count + 1);
    for (int r = 0; r < ask->count; r++) {
        ends[2 * r] = token_at(tokens, g.count, ask->ranges[r].first);
        ends[2 * r + 1] = token_at(tokens, g.count, ask->ranges[r].end);
    }
    set_stops(&g, &scratch, ends, 2 * ask->count);
    sum_tokens(&g);
    sum_traits(&g);
    mix_domains(&g, mix);
    for (int r = 0; r < ask->count; r++)
        range_logits(&g, mix, ends[2 * r], ends[2 * r + 1], &ask->scores[r]);
}

static void linear_score(const struct model *base, struct arena scratch, struct model_ask *asks,
                         int count) {
    for (int i = 0; i < count; i++) {
        score_post((const struct linear *)base, scratch, &asks[i]);
        asks[i].by = base->ops->name;
    }
}

static const struct model_ops linear_ops = {
    .name = "linear-2", .together = 1, .score = linear_score};

/* --- the file -------------------------------------------------------------------------------- */

uint64_t linear_checksum(const struct linear_header *h, str body) {
    struct linear_header bare = *h;
    bare.hash = 0;
    return linear_pair(str_hash(str_from_bytes(&bare, sizeof bare)), str_hash(body));
}

/* Keeps the sums of range_logits far from overflow, whatever the file says. */
static bool header_sane(const struct linear_header *h) {
    const int32_t most = 1 << 20;
    for (int d = 0; d < DOMAINS; d++) {
        bool sane = h->scale[d] >= 0 && h->scale[d] <= most && h->domain_bias[d] <= most &&
                    h->domain_bias[d] >= -most;
        for (int k = 0; k < 3; k++) sane = sane && h->bias[d][k] <= most && h->bias[d][k] >= -most;
        if (!sane) return false;
    }
    for (int c = 0; c < CLASSES_MAX; c++) {
        if (h->class_sign[c] < -1 || h->class_sign[c] > 1) return false;
    }
    return true;
}

static bool header_whole(const struct linear_header *h, str bytes) {
    if (bytes.n < (ptrdiff_t)sizeof *h || memcmp(h->magic, LINEAR_MAGIC, 8) != 0) return false;
    if (h->version != LINEAR_VERSION || h->bytes != (uint64_t)bytes.n) return false;
    return header_sane(h) && h->length_pivot > 0 && h->length_pivot <= 1000 && h->domains >= 1 &&
           h->domains <= DOMAINS && h->traits == TRAIT_CELLS;
}

/* Everything but the checksum. */
static bool linear_init(struct linear *m, str bytes, struct error *err) {
    const struct linear_header *h = (const struct linear_header *)(const void *)bytes.p;
    if (!header_whole(h, bytes))
        return fail(err, ERR_DAMAGED, 0, "not a linear model of version %d", LINEAR_VERSION);
    uint64_t at = sizeof *h;
    for (int i = 0; i < TABLE_COUNT; i++) {
        if (h->buckets_log2[i] < 1 || h->buckets_log2[i] > 24)
            return fail(err, ERR_DAMAGED, 0, "linear model: table sizes");
        if (i == TABLE_WORDS) {
            m->words = (const struct word_cell *)(const void *)(bytes.p + at);
            at += sizeof(struct word_cell) * CELLS << h->buckets_log2[i];
            m->traits = (const struct word_cell *)(const void *)(bytes.p + at);
            at += sizeof(struct word_cell) * TRAIT_CELLS;
            m->phrase_bits = (const uint8_t *)(bytes.p + at);
            at += PHRASE_BITS_BYTES;
        } else {
            m->table[i] = (const struct cell *)(const void *)(bytes.p + at);
            at += sizeof(struct cell) * CELLS << h->buckets_log2[i];
        }
    }
    if (at != h->bytes) return fail(err, ERR_DAMAGED, 0, "linear model: length");
    for (int n = 0; n < SCALES; n++) m->length_scale[n] = linear_length_scale(n, h->length_pivot);
    for (int n = 0; n <= GRAMS_MAX; n++) m->gram_scale[n] = linear_gram_scale(n);
    m->base.ops = &linear_ops;
    m->head = h;
    return true;
}

bool linear_open(struct arena *boot, str bytes, struct model **ret, struct error *err) {
    struct linear *m = NEW(boot, struct linear);
    if (!linear_init(m, bytes, err)) return false;
    if (linear_checksum(m->head, str_tail(bytes, (ptrdiff_t)sizeof *m->head)) != m->head->hash)
        return fail(err, ERR_DAMAGED, 0, "linear model: checksum");
    *ret = &m->base;
    return true;
}

/* The file in the program is the program's own: tests have checked its sum, and to do so at each
 * start would bring all of its pages into memory, of which a run touches a few. */
static struct linear builtin;

/* Words lie anywhere in the tables: what stands beside one is not worth a page. A wish, which the
 * system may leave unheard. */
static void want_single_pages(str bytes) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE),
                    from = (uintptr_t)bytes.p & ~(page - 1);
    const size_t length = (uintptr_t)bytes.p - from + (size_t)bytes.n;
    IGNORE(posix_madvise((void *)from, length, POSIX_MADV_RANDOM), "only memory is at stake");
}

static void builtin_init(void) {
    struct error err;
    bool whole = linear_init(&builtin, embedded_linear(), &err);
    POST(whole);
    want_single_pages(embedded_linear());
}

const struct model *model_linear(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int rc = pthread_once(&once, builtin_init);
    POST(rc == 0);
    return &builtin.base;
}
