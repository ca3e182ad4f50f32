/* weigh: see the header. Takes one word after the other out of the text, puts a blank in its place
 * and reads the rest; so a word of a phrase carries what the whole phrase says, and a word that
 * makes an ambiguous ticker a coin carries the link. Marks are taken out too where they say
 * something.
 *
 * In: a post and its reading. Out: weights in the order of the text. Costs one reading a word. */
#include "flow/weigh.h"

#include "base/money.h"

int32_t mention_value_bp(const struct mention *m) {
    if (m->abstain) return 0;
    return (int32_t)((int64_t)m->confidence_bp * m->polarity_bp / BP_ONE);
}

static const struct mention *same_symbol(const struct reading *rd, const char *symbol) {
    for (int i = 0; i < rd->mention_count; i++) {
        if (strcmp(rd->mentions[i].symbol, symbol) == 0) return &rd->mentions[i];
    }
    return NULL;
}

static bool is_weighed(const struct words *w, int at) {
    return w->v[at].kind != WORD_PUNCT || word_is_mark(w, at, '?') || word_is_mark(w, at, '!') ||
           word_is_mark(w, at, '"');
}

/* The text with blanks in place of bytes begin..end-1. */
static str text_without(struct arena *a, str text, const struct word *word) {
    char *p = NEW_ARRAY(a, char, text.n);
    memcpy(p, text.p, (size_t)text.n);
    memset(p + word->begin, ' ', (size_t)(word->end - word->begin));
    return (str){p, text.n};
}

static void weigh_one(const struct reader *r, struct arena scratch, const struct post *post,
                      const struct reading *rd, struct weight *ret) {
    struct post other = *post;
    struct reading *without = NEW(&scratch, struct reading);
    const struct word word = {.begin = ret->begin, .end = ret->end};
    other.text = text_without(&scratch, post->text, &word);
    reader_read(r, scratch, &other, 1, without);
    ret->sentiment_bp = rd->sentiment_bp - without->sentiment_bp;
    for (int i = 0; i < rd->mention_count; i++) {
        const struct mention *m = &rd->mentions[i], *left = same_symbol(without, m->symbol);
        ret->value_bp[i] = mention_value_bp(m) - (left ? mention_value_bp(left) : 0);
        if (!left) ret->links |= UINT32_C(1) << i;
        if (ret->begin < m->end && m->begin < ret->end) ret->names |= UINT32_C(1) << i;
    }
}

void weigh_words(const struct reader *r, struct arena scratch, const struct post *post,
                 const struct reading *rd, struct weights *ret) {
    struct words w;
    *ret = (struct weights){0};
    words_split(&scratch, post->text, &w);
    const int64_t most = i64_min(WEIGH_WORDS_MAX, WEIGH_BYTES_MAX / i64_max(post->text.n, 1));
    for (int at = 0; at < w.count; at++) {
        if (!is_weighed(&w, at)) continue;
        if (ret->count == most) {
            ret->cut = true;
            return;
        }
        struct weight *v = &ret->v[ret->count++];
        *v = (struct weight){.begin = w.v[at].begin, .end = w.v[at].end};
        weigh_one(r, scratch, post, rd, v);
    }
}
