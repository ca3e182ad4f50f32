/* linear_train: makes the linear model.
 *
 * The texts are cut into parts (linear_corpus). For each part a model learns all others
 * (linear_learn) and reads it; on what these models say the calibration is fitted (linear_fit), and
 * how good it is reported. Then one model learns all texts, and is written with that calibration,
 * rounded to 16 bits.
 *
 * In: labelled files, word classes, a reader that finds the coins. Out: the bytes of a model file.
 * Deterministic: order and chance come from the seed, sums are taken in one order on one thread.
 * Failure: files that cannot be read. Needs a few hundred MiB; not for the running program. */
#include <math.h>

#include "base/buf.h"
#include "model/linear_train_int.h"

#define BUCKETS_WORDS 15 /* log2, in the file */
#define BUCKETS_PAIRS 16
#define BUCKETS_GRAMS 14

/* --- cross-validation ------------------------------------------------------------------------ */

static void read_fold(const struct learner *l, int fold, struct told *told) {
    const struct corpus *c = l->c;
    for (int32_t i = 0; i < c->ex_count; i++) {
        if (c->ex[i].fold == fold) learner_read(l, &c->ex[i], &told[i]);
    }
}

static void report(const struct corpus *c, const struct told *told, const struct fit *fit,
                   struct train_report *ret) {
    *ret = (struct train_report){0};
    for (int32_t i = 0; i < c->ex_count; i++) {
        int32_t probs[3];
        fit_probs(fit, &told[i], probs);
        eval_add(&ret->set[c->ex[i].set], c->ex[i].label, probs);
    }
}

static void cross_validate(struct learner *l, struct fit *ret_fit, struct train_report *ret) {
    const struct corpus *c = l->c;
    struct arena a;
    arena_open(&a, (ptrdiff_t)sizeof(struct told) * (c->ex_count + 1));
    struct told *told = NEW_ARRAY(&a, struct told, c->ex_count);
    for (int fold = 0; fold < c->opt->folds; fold++) {
        learner_run(l, fold, c->opt->seed);
        read_fold(l, fold, told);
    }
    fit_run(c, told, ret_fit);
    report(c, told, ret_fit, ret);
    arena_close(&a);
}

/* --- the file -------------------------------------------------------------------------------- */

static int16_t quantise(float w) {
    float v = roundf(w * WEIGHT_UNIT);
    return (int16_t)(v > 32767 ? 32767 : v < -32767 ? -32767 : v);
}

static int8_t quantise_domain(float w) {
    float v = roundf(w * DOMAIN_UNIT);
    return (int8_t)(v > 127 ? 127 : v < -127 ? -127 : v);
}

static struct word_cell word_cell_of(const struct learner *l, int32_t entry) {
    const struct entry *e = &l->c->entries[entry];
    float w[DOMAINS][3];
    struct word_cell cell = {
        .check = cell_check(e->hash), .class = e->class, .valence = e->valence};
    learner_entry(l, entry, w);
    for (int d = 0; d < DOMAINS; d++) {
        cell.domain[d] = quantise_domain(l->dw[DOMAINS * (ptrdiff_t)entry + d]);
        for (int k = 0; k < 3; k++) cell.w[3 * d + k] = quantise(w[d][k]);
    }
    return cell;
}

static int word_strength(const struct word_cell *c) {
    int s = 0;
    for (int i = 0; i < WEIGHTS; i++) s += c->w[i] < 0 ? -c->w[i] : c->w[i];
    return s;
}

/* Into its bucket; where that is full the weakest entry goes. */
static void word_put(struct word_cell *table, uint64_t hash, const struct word_cell *cell) {
    struct word_cell *bucket = table + CELLS * cell_bucket(hash, BUCKETS_WORDS), *weakest = bucket;
    for (int i = 0; i < CELLS; i++) {
        if (bucket[i].check == 0 || bucket[i].check == cell->check) {
            if (word_strength(cell) >= word_strength(&bucket[i])) bucket[i] = *cell;
            return;
        }
        if (word_strength(&bucket[i]) < word_strength(weakest)) weakest = &bucket[i];
    }
    if (word_strength(cell) > word_strength(weakest)) *weakest = *cell;
}

static int strength(const struct cell *c) {
    int s = 0;
    for (int k = 0; k < 3; k++) s += c->w[k] < 0 ? -c->w[k] : c->w[k];
    return s;
}

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

static void put_entries(const struct learner *l, struct word_cell *words, struct cell *pairs) {
    const struct corpus *c = l->c;
    for (int32_t i = 0; i < c->entry_count; i++) {
        const struct entry *e = &c->entries[i];
        if (e->kind == ENTRY_PHRASE || (e->kind == ENTRY_WORD && (e->own >= 0 || e->forced))) {
            struct word_cell cell = word_cell_of(l, i);
            word_put(words, e->hash, &cell);
        } else if (e->kind == ENTRY_PAIR && e->own >= 0) {
            cell_put(pairs, BUCKETS_PAIRS, e->hash, l->w + 3 * (ptrdiff_t)e->own);
        }
    }
}

static void put_phrases(const struct corpus *c, uint8_t *bits) {
    for (int i = 0; i < c->valences.count; i++) {
        if (c->valences.v[i].words < 2) continue;
        const uint32_t bit = linear_phrase_bit(c->valences.v[i].hash);
        bits[bit >> 3] |= (uint8_t)(1U << (bit & 7));
    }
}

static void put_grams(const struct learner *l, struct cell *table) {
    const struct corpus *c = l->c;
    for (ptrdiff_t slot = 0; slot < 1 << GRAM_LOG2; slot++) {
        if (c->gram_hash[slot] == 0) continue;
        float w[3];
        for (int k = 0; k < 3; k++) w[k] = GRAM_SHARE * l->w[3 * (c->gram_rows + slot) + k];
        cell_put(table, BUCKETS_GRAMS, c->gram_hash[slot], w);
    }
}

static void fill_header(const struct learner *l, const struct fit *fit, struct linear_header *h) {
    const struct corpus *c = l->c;
    *h = (struct linear_header){.magic = LINEAR_MAGIC,
                                .version = LINEAR_VERSION,
                                .domains = (uint32_t)c->opt->set_count,
                                .buckets_log2 = {BUCKETS_WORDS, BUCKETS_PAIRS, BUCKETS_GRAMS, 0},
                                .length_pivot = PIVOT,
                                .traits = TRAIT_CELLS};
    for (int d = 0; d < DOMAINS; d++) {
        h->scale[d] = (int32_t)lroundf(fit->scale[d] * 4096);
        h->domain_bias[d] = (int32_t)lroundf(l->domain_bias[d] * 1024);
        for (int k = 0; k < 3; k++) h->bias[d][k] = quantise(fit->bias[d][k]);
    }
    memcpy(h->class_sign, c->classes.sign, sizeof h->class_sign);
}

static void write_model(const struct learner *l, const struct fit *fit, struct arena *a,
                        struct buf *out) {
    const ptrdiff_t words_n = (ptrdiff_t)CELLS << BUCKETS_WORDS;
    const ptrdiff_t pairs_n = (ptrdiff_t)CELLS << BUCKETS_PAIRS;
    const ptrdiff_t grams_n = (ptrdiff_t)CELLS << BUCKETS_GRAMS;
    const ptrdiff_t traits_end = (words_n + TRAIT_CELLS) * (ptrdiff_t)sizeof(struct word_cell);
    const ptrdiff_t words_bytes = traits_end + PHRASE_BITS_BYTES;
    const ptrdiff_t bytes = words_bytes + (pairs_n + grams_n) * (ptrdiff_t)sizeof(struct cell);
    struct linear_header h;
    char *body = arena_alloc(a, 1, 64, bytes);
    struct word_cell *words = (struct word_cell *)(void *)body;
    struct cell *pairs = (struct cell *)(void *)(body + words_bytes);
    put_entries(l, words, pairs);
    put_grams(l, pairs + pairs_n);
    put_phrases(l->c, (uint8_t *)body + traits_end);
    for (int i = 0; i < TRAIT_CELLS; i++) words[words_n + i] = word_cell_of(l, l->c->traits[i]);
    fill_header(l, fit, &h);
    h.bytes = (uint64_t)bytes + sizeof h;
    h.hash = linear_checksum(&h, str_from_bytes(body, bytes));
    buf_put(out, str_from_bytes(&h, sizeof h));
    buf_put(out, str_from_bytes(body, bytes));
}

bool linear_train(const struct train_options *opt, struct buf *out, struct train_report *ret_report,
                  struct error *err) {
    PRE(opt->folds >= 2 && opt->folds <= TRAIN_FOLDS_MAX);
    struct corpus c;
    struct learner l;
    struct fit fit;
    bool ok = corpus_read(&c, opt, err);
    if (ok) {
        learner_open(&c.mem, &c, &l);
        cross_validate(&l, &fit, ret_report);
        learner_run(&l, -1, opt->seed);
        write_model(&l, &fit, &c.mem, out);
        if (buf_full(out)) ok = fail(err, ERR_LIMIT, 0, "the model does not fit into the output");
    }
    corpus_close(&c);
    return ok;
}
