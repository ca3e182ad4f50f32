/* linear_corpus: the texts of training, as lists of entries.
 *
 * In: labelled files, the word classes, a reader that finds the coins. Out: for each text the
 * entries that it has (words, pairs of words, traits), and for each entry the features that its
 * weights are summed from. Words that share letters or a class share features; at the end each
 * entry's sum is written into the model, so that what training shares costs nothing when reading.
 * A text is never learnt beside one that starts alike and is to be read: published sets are full of
 * near-copies, and a copy of a text that is learnt says nothing of texts that are new. Failure:
 * files that cannot be read. */
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
    float scale = GRAM_SHARE * (float)linear_gram_scale(n) / 32768.0F;
    for (int i = 0; i < n; i++) {
        uint32_t slot = (uint32_t)(grams[i] >> (64 - GRAM_LOG2));
        c->gram_hash[slot] = grams[i];
        feature_add(c, c->gram_rows + (int32_t)slot, scale, false);
    }
}

/* A negated word of a class has weights of its own, and those of the class turned round. */
static void add_class(struct corpus *c, int which, bool negated) {
    const int32_t stride = 1 + DOMAINS, row = c->class_rows + which * 3 * stride;
    c->entries[c->entry_count - 1].class |= (uint8_t)which;
    if (which == 0) return;
    feature_add(c, row + (negated ? stride : 0), 1, true);
    feature_add(c, row + 2 * stride, negated ? -1 : 1, true);
}

/* Rows of the values: those that words have as they stand, negated, and those of phrases; of each
 * the general values, those of the market, and two that every value of a kind shares. */
#define VALENCE_KINDS 3
#define VALENCE_SPAN (2 * VALENCE_MOST + 1)
#define VALENCE_ROWS (2 * VALENCE_SPAN + 2)

static void add_valence(struct corpus *c, const struct valence *v, bool negated) {
    const int32_t stride = 1 + DOMAINS;
    struct entry *e = &c->entries[c->entry_count - 1];
    if (v->more) e->class |= WORD_CELL_MORE;
    if (!v->whole) return;
    const bool phrase = v->words > 1;
    const int kind = phrase ? 2 : negated ? 1 : 0, summed = phrase ? 2 : 0;
    const int32_t row = c->valence_rows + kind * VALENCE_ROWS * stride;
    const int32_t sums = c->valence_rows + (summed * VALENCE_ROWS + 2 * VALENCE_SPAN) * stride;
    const float unit = negated ? -0.25F : 0.25F;
    e->valence = v->general;
    if (phrase) e->class |= WORD_CELL_PHRASE;
    if (v->general) {
        feature_add(c, row + (v->general + VALENCE_MOST) * stride, 1, true);
        feature_add(c, sums, unit * (float)v->general, true);
    }
    if (v->market) {
        feature_add(c, row + (VALENCE_SPAN + v->market + VALENCE_MOST) * stride, 1, true);
        feature_add(c, sums + stride, unit * (float)v->market, true);
    }
}

/* What is known of a word without having seen it: its class and its value, or those of its stem. */
static void add_known(struct corpus *c, str form, const struct token *t) {
    char block[STEM_BYTES_MAX];
    struct valence known = {.words = 1};
    const struct valence *v = valences_find(&c->valences, word_hash(form));
    if (v) known = *v;
    if (!known.whole && t->spelled) {
        v = valences_find(&c->valences, word_hash(linear_stem(form, block)));
        if (v && v->whole) {
            known.whole = true;
            known.general = v->general;
            known.market = v->market;
        }
    }
    add_valence(c, &known, t->negated);
    add_class(c, word_classes_find(&c->classes, form, t->spelled), t->negated);
}

static int32_t word_entry(struct corpus *c, const struct token *t, str form, bool emoji) {
    int32_t e = index_get(&c->words, t->hash, c->entry_count);
    if (e < c->entry_count) return e;
    IGNORE(entry_new(c, t->hash, ENTRY_WORD) != e, "it is the last one");
    if (t->spelled) add_grams(c, form);
    if (t->spelled || emoji) add_known(c, form, t);
    return e;
}

/* --- what is known before the first text ------------------------------------------------------ */

static bool has_letters(str form) {
    unsigned char first = (unsigned char)form.p[0] | 0x20;
    return first >= 'a' && first <= 'z';
}

/* Words that are known have entries whether a text has them or not; so have stems, for words that
 * only look like them. */
static void known_word(struct corpus *c, str form, bool negated) {
    struct token t = {.negated = negated, .spelled = has_letters(form)};
    t.hash = linear_word_token(word_hash(form), negated);
    c->entries[word_entry(c, &t, form, true)].forced = true;
}

static void known_stem(struct corpus *c, str stem, bool negated) {
    const uint64_t hash = linear_stem_token(word_hash(stem), negated);
    const int32_t e = index_get(&c->words, hash, c->entry_count);
    if (e < c->entry_count) return;
    IGNORE(entry_new(c, hash, ENTRY_WORD) != e, "it is the last one");
    c->entries[e].forced = true;
    const struct valence *v = valences_find(&c->valences, word_hash(stem));
    if (v && v->whole) {
        struct valence alone = *v;
        alone.more = false;
        add_valence(c, &alone, negated);
    }
    add_class(c, word_classes_find(&c->classes, stem, true), negated);
}

static bool is_stem(str form) {
    char block[STEM_BYTES_MAX];
    return form.n > 2 && str_eq(linear_stem(form, block), form);
}

static void known_phrase(struct corpus *c, const struct valence *v) {
    const int32_t e = index_get(&c->words, v->hash, c->entry_count);
    IGNORE(entry_new(c, v->hash, ENTRY_PHRASE) != e, "it is the last one");
    add_valence(c, v, false);
}

static void known_entries(struct corpus *c) {
    for (int i = 0; i < 2 * c->classes.count; i++) {
        const struct class_word *word = &c->classes.v[i / 2];
        if (word->stem)
            known_stem(c, word->form, i & 1);
        else
            known_word(c, word->form, i & 1);
    }
    for (int i = 0; i < c->valences.count; i++) {
        const struct valence *v = &c->valences.v[i];
        if (v->words > 1) {
            known_phrase(c, v);
            continue;
        }
        const bool stem = v->whole && has_letters(v->form) && is_stem(v->form);
        for (int negated = 0; negated < 2; negated++) {
            known_word(c, v->form, negated);
            if (stem) known_stem(c, v->form, negated);
        }
    }
}

/* --- texts ----------------------------------------------------------------------------------- */

static void item_add(struct corpus *c, int32_t entry) {
    PRE(c->item_count < ITEMS_MAX);
    c->items[c->item_count++] = entry;
    c->entries[entry].seen++;
}

/* The longest phrase that begins at a token; its end goes to *phrase_end. NULL: none. linear.c does
 * the same with the model's table. */
static const struct valence *find_phrase(const struct corpus *c, const struct words *w,
                                         const struct token *t, int *phrase_end) {
    const struct valence *best = NULL;
    uint64_t hash = w->v[t->word].hash;
    for (int i = t->word + 1; i < w->count && i < t->word + PHRASE_WORDS_MAX; i++) {
        hash = linear_phrase(hash, w->v[i].hash);
        const struct valence *v = valences_find(&c->valences, hash);
        if (!v) break;
        if (v->whole) {
            best = v;
            *phrase_end = i + 1;
        }
        if (!v->more) break;
    }
    return best;
}

/* Adds a token's word and the phrase that begins with it. Returns its class. */
static int add_word(struct corpus *c, const struct words *w, const struct token *t, int *phrase_end,
                    struct mood *ret_mood) {
    const bool emoji = w->v[t->word].kind == WORD_EMOJI;
    const int32_t at = word_entry(c, t, word_norm(w, t->word), emoji);
    const struct entry *e = &c->entries[at];
    const int class_of = e->class & (CLASSES_MAX - 1), sign = c->classes.sign[class_of];
    item_add(c, at);
    *ret_mood = (struct mood){.sign = (int8_t)(t->negated ? -sign : sign)};
    if (t->word < *phrase_end) return class_of;
    ret_mood->valence = (int8_t)(t->negated ? -e->valence : e->valence);
    if (!(e->class & WORD_CELL_MORE)) return class_of;
    const struct valence *phrase = find_phrase(c, w, t, phrase_end);
    if (phrase) {
        item_add(c, index_get(&c->words, phrase->hash, c->entry_count));
        ret_mood->valence = phrase->general;
    }
    return class_of;
}

static void add_pairs(struct corpus *c, const struct token *tokens, int i, int which) {
    uint64_t pairs[PAIRS_MAX];
    int n = linear_pairs(&tokens[i - 1], &tokens[i], which, pairs);
    for (int p = 0; p < n; p++) {
        int32_t e = index_get(&c->pairs, pairs[p], c->entry_count);
        if (e == c->entry_count)
            IGNORE(entry_new(c, pairs[p], ENTRY_PAIR) != e, "it is the last one");
        item_add(c, e);
    }
}

static void add_items(struct corpus *c, struct arena scratch, const struct words *w,
                      const struct token *tokens, int count) {
    struct mood *moods = NEW_ARRAY(&scratch, struct mood, count + 1);
    int phrase_end = 0;
    for (int i = 0; i < count; i++) {
        const int which = add_word(c, w, &tokens[i], &phrase_end, &moods[i]);
        if (i) add_pairs(c, tokens, i, which);
    }
    uint16_t traits[TRAITS];
    linear_traits(w, moods, count, traits);
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
    c->count[c->set][item->label]++;
    add_items(c, scratch, &w, tokens, n);
    e->count = c->item_count - e->first;
}

/* --- settling -------------------------------------------------------------------------------- */

/* Texts that start alike are in one fold. The folds of a set in the order of time are its parts in
 * that order instead: a model that reads one knows neither its time nor its topics, as with texts
 * that are yet to come; copies of its texts elsewhere are not learnt either way. */
static void settle_folds(struct corpus *c) {
    int64_t at[DOMAINS] = {0}, size[DOMAINS] = {0};
    for (int32_t i = 0; i < c->ex_count; i++) size[c->ex[i].set]++;
    for (int32_t i = 0; i < c->ex_count; i++) {
        struct example *e = &c->ex[i];
        const int folds = c->opt->folds;
        e->fold = c->opt->sets[e->set].in_time ? (uint8_t)(at[e->set]++ * folds / size[e->set])
                                               : (uint8_t)(e->group % (uint32_t)folds);
        c->fold_count[e->set][e->fold][e->label]++;
    }
}

/* Gives rows to entries that were seen often enough, and drops those without any weight. */
static void settle_entries(struct corpus *c) {
    for (int32_t i = 0; i < c->entry_count; i++) {
        struct entry *e = &c->entries[i];
        if (e->kind == ENTRY_PHRASE) continue;
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
    c->valence_rows = c->class_rows + CLASSES_MAX * 3 * (1 + DOMAINS);
    c->row_count = c->valence_rows + VALENCE_KINDS * VALENCE_ROWS * (1 + DOMAINS);
    for (int i = 0; i < TRAIT_CELLS; i++) c->traits[i] = entry_new(c, 0, ENTRY_TRAIT);
}

bool corpus_read(struct corpus *c, const struct train_options *opt, struct error *err) {
    corpus_open(c, opt);
    if (!word_classes_read(&c->mem, opt->classes, &c->classes, err)) return false;
    if (!valences_read(&c->mem, opt->valences, &c->valences, err)) return false;
    known_entries(c);
    for (c->set = 0; c->set < opt->set_count; c->set++) {
        if (!labelled_read(opt->sets[c->set].path, take_example, c, err)) return false;
    }
    if (c->ex_count == 0) return fail(err, ERR_PARSE, 0, "no texts to train on");
    for (int i = 0; i < opt->set_count; i++) {
        if (c->count[i][0] == 0 || c->count[i][2] == 0)
            return fail(err, ERR_PARSE, 0, "%s: no text is %s", opt->sets[i].path,
                        c->count[i][0] == 0 ? "negative (0)" : "positive (2)");
    }
    settle_folds(c);
    settle_entries(c);
    return true;
}

void corpus_close(struct corpus *c) { arena_close(&c->mem); }
