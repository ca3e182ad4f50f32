/* linear_corpus: the texts of training, as lists of entries.
 *
 * In: labelled files, the word classes, a reader that finds the coins. Out: for each text the
 * entries that it has (words, pairs of words, traits), and for each entry the features that its
 * weights are summed from. Words that share letters or a class share features; at the end each
 * entry's sum is written into the model, so that what training shares costs nothing when reading.
 * Texts that start alike are in one fold: published sets are full of near-copies, and a copy of a
 * text that is learnt says nothing of texts that are new. Failure: files that cannot be read. */
#include "model/linear_train_int.h"

#include <math.h>

#include "model/train_data.h"

/* --- entries --------------------------------------------------------------------------------- */

static void index_open(struct arena *a, struct index *x) {
    x->key = NEW_ARRAY(a, uint64_t, 1 << INDEX_LOG2);
    x->value = NEW_ARRAY(a, int32_t, 1 << INDEX_LOG2);
}

/* The entry of a hash; a new one is `fresh`. */
static int32_t index_get(struct index *x, uint64_t key, int32_t fresh) {
    uint64_t i = key >> (64 - INDEX_LOG2);
    if (key == 0) key = 1;
    while (x->key[i] && x->key[i] != key) i = (i + 1) & ((1 << INDEX_LOG2) - 1);
    if (x->key[i] == 0) {
        PRE(x->used < 1 << (INDEX_LOG2 - 1));
        x->key[i] = key;
        x->value[i] = fresh;
        x->used++;
    }
    return x->value[i];
}

static int32_t entry_new(struct corpus *c, uint64_t hash, entry_kind kind) {
    struct entry *e = &c->entries[c->entry_count];
    *e = (struct entry){.hash = hash, .own = -1, .first = c->feature_count, .kind = kind};
    return c->entry_count++;
}

static void feature_add(struct corpus *c, int32_t row, float value, bool domains) {
    PRE(c->feature_count < ITEMS_MAX);
    c->features[c->feature_count++] = (struct feature){row, value, domains};
    c->entries[c->entry_count - 1].count++;
}

static void add_grams(struct corpus *c, str norm) {
    uint64_t grams[GRAMS_MAX];
    int n = linear_grams(norm, grams);
    float scale = (float)linear_gram_scale(n) / 32768.0F;
    for (int i = 0; i < n; i++) {
        uint32_t slot = (uint32_t)(grams[i] >> (64 - GRAM_LOG2));
        c->gram_hash[slot] = grams[i];
        feature_add(c, c->gram_rows + (int32_t)slot, scale, false);
    }
}

/* A negated word of a class has weights of its own, and those of the class turned round. */
static void add_class(struct corpus *c, int class, bool negated) {
    const int32_t stride = 1 + DOMAINS, row = c->class_rows + class * 3 * stride;
    c->entries[c->entry_count - 1].class = (uint8_t) class;
    if (class == 0) return;
    feature_add(c, row + (negated ? stride : 0), 1, true);
    feature_add(c, row + 2 * stride, negated ? -1 : 1, true);
}

static int32_t word_entry(struct corpus *c, const struct token *t, str norm, bool emoji) {
    int32_t e = index_get(&c->words, t->hash, c->entry_count);
    if (e < c->entry_count) return e;
    IGNORE(entry_new(c, t->hash, ENTRY_WORD) != e, "it is the last one");
    if (t->spelled) add_grams(c, norm);
    add_class(c, t->spelled || emoji ? word_classes_find(&c->classes, norm, t->spelled) : 0,
              t->negated);
    return e;
}

/* Words of the classes have entries whether a text has them or not; so have their stems, for words
 * that only look like them. */
static void class_entry(struct corpus *c, const struct class_word *word, bool negated) {
    struct token t = {.negated = negated, .spelled = (unsigned char)word->form.p[0] < 0x80};
    t.hash = word->stem ? linear_stem_token(word->hash, negated)
                        : linear_word_token(word->hash, negated);
    int32_t e = index_get(&c->words, t.hash, c->entry_count);
    if (e == c->entry_count) {
        IGNORE(entry_new(c, t.hash, ENTRY_WORD) != e, "it is the last one");
        if (t.spelled && !word->stem) add_grams(c, word->form);
        add_class(c, word->class, negated);
    }
    c->entries[e].forced = true;
}

/* --- texts ----------------------------------------------------------------------------------- */

static void item_add(struct corpus *c, int32_t entry) {
    PRE(c->item_count < ITEMS_MAX);
    c->items[c->item_count++] = entry;
    c->entries[entry].seen++;
}

static int sign_of(const struct corpus *c, const struct token *t, int class) {
    return t->negated ? -c->classes.sign[class] : c->classes.sign[class];
}

static void add_pairs(struct corpus *c, const struct token *tokens, int i, int before, int now) {
    uint64_t pairs[PAIRS_MAX];
    int n = linear_pairs(&tokens[i - 1], before, &tokens[i], now, pairs);
    for (int p = 0; p < n; p++) {
        int32_t e = index_get(&c->pairs, pairs[p], c->entry_count);
        if (e == c->entry_count)
            IGNORE(entry_new(c, pairs[p], ENTRY_PAIR) != e, "it is the last one");
        item_add(c, e);
    }
}

static void add_items(struct corpus *c, struct arena scratch, const struct words *w,
                      const struct token *tokens, int count) {
    int8_t *signs = NEW_ARRAY(&scratch, int8_t, count + 1);
    int before = 0;
    for (int i = 0; i < count; i++) {
        bool emoji = w->v[tokens[i].word].kind == WORD_EMOJI;
        int32_t e = word_entry(c, &tokens[i], word_norm(w, tokens[i].word), emoji);
        int class = c->entries[e].class;
        item_add(c, e);
        if (i) add_pairs(c, tokens, i, before, class);
        signs[i] = (int8_t)sign_of(c, &tokens[i], class);
        before = class;
    }
    uint16_t traits[TRAITS];
    linear_traits(w, tokens, count, signs, traits);
    for (int i = 0; i < TRAITS; i++) item_add(c, c->traits[traits[i]]);
}

/* The same for texts that start alike. */
static uint32_t text_group(const struct token *tokens, int n) {
    uint64_t group = 0;
    for (int i = 0, used = 0; i < n && used < 5; i++) {
        if (!tokens[i].spelled) continue;
        group = linear_pair(group, tokens[i].hash);
        used++;
    }
    return (uint32_t)(group >> (64 - GROUPS_LOG2));
}

static void take_example(void *ctx, const struct labelled *item) {
    struct corpus *c = ctx;
    struct arena scratch = c->mem;
    struct words w;
    struct links links;
    reader_split(c->opt->reader, &scratch, item->text, &w, &links);
    struct token *tokens = NEW_ARRAY(&scratch, struct token, w.count + 1);
    int n = linear_tokens(&w, tokens);
    PRE(c->ex_count < EXAMPLES_MAX);
    struct example *e = &c->ex[c->ex_count++];
    *e = (struct example){.first = c->item_count,
                          .tokens = n,
                          .group = text_group(tokens, n),
                          .label = (uint8_t)item->label,
                          .set = (uint8_t)c->set};
    e->fold = (uint8_t)(e->group % (uint32_t)c->opt->folds);
    c->count[c->set][item->label]++;
    add_items(c, scratch, &w, tokens, n);
    e->count = c->item_count - e->first;
}

/* --- settling -------------------------------------------------------------------------------- */

/* Gives rows to entries that were seen often enough, and drops those without any weight. */
static void settle_entries(struct corpus *c) {
    for (int32_t i = 0; i < c->entry_count; i++) {
        struct entry *e = &c->entries[i];
        if (e->kind != ENTRY_TRAIT && e->seen < SEEN_MIN) continue;
        e->own = c->row_count;
        c->row_count += e->kind == ENTRY_PAIR ? 1 : 1 + DOMAINS;
    }
    int32_t used = 0;
    for (int32_t i = 0; i < c->ex_count; i++) {
        struct example *e = &c->ex[i];
        int32_t first = used;
        for (int32_t k = e->first; k < e->first + e->count; k++) {
            const struct entry *entry = &c->entries[c->items[k]];
            if (entry->own >= 0 || entry->count) c->items[used++] = c->items[k];
        }
        e->first = first;
        e->count = used - first;
    }
    c->item_count = used;
}

float corpus_balance(const struct corpus *c, int set, int which) {
    const int64_t *n = c->count[set];
    int classes = (n[0] > 0) + (n[1] > 0) + (n[2] > 0);
    return (float)(n[0] + n[1] + n[2]) / ((float)classes * (float)n[which]);
}

static void corpus_open(struct corpus *c, const struct train_options *opt) {
    *c = (struct corpus){.opt = opt};
    arena_open(&c->mem, (ptrdiff_t)4 << 30); /* address space; a tenth of it is touched */
    struct arena *a = &c->mem;
    c->ex = NEW_ARRAY(a, struct example, EXAMPLES_MAX);
    c->items = NEW_ARRAY(a, int32_t, ITEMS_MAX);
    c->entries = NEW_ARRAY(a, struct entry, 1 << INDEX_LOG2);
    c->features = NEW_ARRAY(a, struct feature, ITEMS_MAX);
    c->gram_hash = NEW_ARRAY(a, uint64_t, 1 << GRAM_LOG2);
    index_open(a, &c->words);
    index_open(a, &c->pairs);
    c->gram_rows = 0;
    c->class_rows = 1 << GRAM_LOG2;
    c->row_count = c->class_rows + CLASSES_MAX * 3 * (1 + DOMAINS);
    for (int i = 0; i < TRAIT_CELLS; i++) c->traits[i] = entry_new(c, 0, ENTRY_TRAIT);
}

bool corpus_read(struct corpus *c, const struct train_options *opt, struct error *err) {
    corpus_open(c, opt);
    if (!word_classes_read(&c->mem, opt->classes, &c->classes, err)) return false;
    for (int i = 0; i < c->classes.count; i++) {
        class_entry(c, &c->classes.v[i], false);
        class_entry(c, &c->classes.v[i], true);
    }
    for (c->set = 0; c->set < opt->set_count; c->set++) {
        if (!labelled_read(opt->sets[c->set].path, take_example, c, err)) return false;
    }
    if (c->ex_count == 0) return fail(err, ERR_PARSE, 0, "no texts to train on");
    settle_entries(c);
    return true;
}

void corpus_close(struct corpus *c) { arena_close(&c->mem); }
