/* valence: reads the file that says how good or bad words and phrases sound.
 *
 * Two values each: in general, and in talk of markets ("short", "calls", "cut"). Like the word
 * classes they are written by hand, and what a value weighs in each domain is learnt. Phrases are
 * kept with all their beginnings, so that finding the longest one that starts at a word is a walk
 * from word to word. In: the text of models/valence.txt. Out: a table. Failure: a line that cannot
 * be read names its place. Training only. */
#include "model/valence.h"

#include <stdlib.h>

static int32_t *slot_of(const struct valences *v, uint64_t hash) {
    uint64_t mask = (UINT64_C(1) << v->slots_log2) - 1, i = hash & mask;
    while (v->slot[i] >= 0 && v->v[v->slot[i]].hash != hash) i = (i + 1) & mask;
    return &v->slot[i];
}

static struct valence *put(struct valences *v, uint64_t hash, int words) {
    int32_t *slot = slot_of(v, hash);
    if (*slot < 0) {
        *slot = v->count;
        v->v[v->count++] = (struct valence){.hash = hash, .words = (uint8_t)words};
    }
    return &v->v[*slot];
}

static bool put_phrase(struct arena *a, struct valences *v, str phrase, int general, int market,
                       struct error *err) {
    struct words w;
    words_split(a, phrase, &w);
    if (w.count < 1 || w.count > PHRASE_WORDS_MAX)
        return fail(err, ERR_PARSE, 0, "\"" STR_FMT "\" has %d words, expected 1 to %d",
                    STR_ARG(str_head(phrase, 60)), w.count, PHRASE_WORDS_MAX);
    uint64_t hash = w.v[0].hash;
    struct valence *at = put(v, hash, 1);
    if (!at->form.p) at->form = str_dup(a, word_norm(&w, 0));
    for (int i = 1; i < w.count; i++) {
        at->more = true;
        hash = linear_phrase(hash, w.v[i].hash);
        at = put(v, hash, i + 1);
    }
    if (at->whole) return true;
    at->general = (int8_t)general;
    at->market = (int8_t)market;
    at->whole = true;
    return true;
}

static bool read_value(str *line, char until, int *ret, struct error *err) {
    str part;
    int64_t value;
    if (!str_cut(line, until, &part) || line->p == NULL || !str_to_i64(part, &value) ||
        value < -VALENCE_MOST || value > VALENCE_MOST)
        return fail(err, ERR_PARSE, 0, "expected \"GENERAL MARKET: words\", values -%d to %d",
                    VALENCE_MOST, VALENCE_MOST);
    *ret = (int)value;
    return true;
}

static bool read_line(struct arena *a, struct valences *v, str line, struct error *err) {
    int general, market;
    str phrase;
    if (line.n == 0 || line.p[0] == '#') return true;
    if (!read_value(&line, ' ', &general, err) || !read_value(&line, ':', &market, err))
        return false;
    while (str_cut(&line, '|', &phrase)) {
        if (!put_phrase(a, v, str_trim(phrase), general, market, err)) return false;
    }
    return true;
}

bool valences_read(struct arena *a, str text, struct valences *ret, struct error *err) {
    struct valences v = {.slots_log2 = 2};
    while ((ptrdiff_t)1 << v.slots_log2 < 2 * (text.n + 2)) v.slots_log2++;
    v.slot = NEW_ARRAY(a, int32_t, (ptrdiff_t)1 << v.slots_log2);
    memset(v.slot, 0xFF, sizeof(int32_t) << v.slots_log2);
    v.v = NEW_ARRAY(a, struct valence, text.n + 2);
    str line;
    for (int n = 1; str_cut(&text, '\n', &line); n++) {
        if (!read_line(a, &v, str_trim(line), err)) return fail_in(err, "valences, line %d", n);
    }
    *ret = v;
    return true;
}

const struct valence *valences_find(const struct valences *v, uint64_t hash) {
    int32_t at = *slot_of(v, hash);
    return at < 0 ? NULL : &v->v[at];
}
