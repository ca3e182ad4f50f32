/* weigh: see the header. Takes one word after the other out of the text, puts a blank in its place
 * and reads the rest; so a word of a phrase carries what the whole phrase says, and a word that
 * makes an ambiguous ticker a coin carries the link. Marks are taken out too where they say
 * something.
 *
 * Where several words say the same, no single one is missed: then each is also read alone, beside
 * what names the coins.
 *
 * In: a post and its reading. Out: weights in the order of the text. Costs a reading a word, and
 * one more where words are read alone. */
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
static str text_without(struct arena *a, str text, const struct weight *v) {
    char *p = NEW_ARRAY(a, char, text.n);
    memcpy(p, text.p, (size_t)text.n);
    memset(p + v->begin, ' ', (size_t)(v->end - v->begin));
    return (str){p, text.n};
}

/* Blanks, and the stretches that name coins. */
static char *names_alone(struct arena *a, str text, const struct reading *rd) {
    char *p = NEW_ARRAY(a, char, text.n);
    memset(p, ' ', (size_t)text.n);
    for (int i = 0; i < rd->mention_count; i++) {
        const struct mention *m = &rd->mentions[i];
        memcpy(p + m->begin, text.p + m->begin, (size_t)(m->end - m->begin));
    }
    return p;
}

static const struct reading *read_text(const struct reader *r, struct arena *scratch, str text) {
    const struct post post = {.text = text};
    struct reading *ret = NEW(scratch, struct reading);
    reader_read(r, *scratch, &post, 1, ret);
    return ret;
}

static int32_t value_of(const struct reading *rd, const char *symbol) {
    const struct mention *m = same_symbol(rd, symbol);
    return m ? mention_value_bp(m) : 0;
}

static void weigh_one(const struct reader *r, struct arena scratch, str text,
                      const struct reading *rd, struct weight *ret) {
    const struct reading *without = read_text(r, &scratch, text_without(&scratch, text, ret));
    ret->sentiment_bp = rd->sentiment_bp - without->sentiment_bp;
    for (int i = 0; i < rd->mention_count; i++) {
        const struct mention *m = &rd->mentions[i];
        ret->value_bp[i] = mention_value_bp(m) - value_of(without, m->symbol);
        if (!same_symbol(without, m->symbol)) ret->links |= UINT32_C(1) << i;
        if (ret->begin < m->end && m->begin < ret->end) ret->names |= UINT32_C(1) << i;
    }
}

/* names: of names_alone, and as it was when this returns; bare: how it reads. */
static void weigh_alone(const struct reader *r, struct arena scratch, str text, char *names,
                        const struct reading *bare, const struct reading *rd, struct weight *ret) {
    const size_t bytes = (size_t)(ret->end - ret->begin);
    char *kept = NEW_ARRAY(&scratch, char, (ptrdiff_t)bytes);
    memcpy(kept, names + ret->begin, bytes);
    memcpy(names + ret->begin, text.p + ret->begin, bytes);
    const struct reading *with = read_text(r, &scratch, (str){names, text.n});
    memcpy(names + ret->begin, kept, bytes);
    ret->alone_sentiment_bp = with->sentiment_bp - bare->sentiment_bp;
    for (int i = 0; i < rd->mention_count; i++) {
        const char *symbol = rd->mentions[i].symbol;
        ret->alone_bp[i] = value_of(with, symbol) - value_of(bare, symbol);
    }
}

int32_t weigh_shown_bp(const struct weights *w, const struct weight *v, int mention) {
    const bool alone = w->together >> mention & 1;
    if (mention == WEIGH_WHOLE_POST) return alone ? v->alone_sentiment_bp : v->sentiment_bp;
    return alone ? v->alone_bp[mention] : v->value_bp[mention];
}

/* Is there a word whose loss is worth showing? Not the names: without them nothing is said. */
static bool one_counts(const struct weights *w, int mention) {
    for (int i = 0; i < w->count; i++) {
        const bool names = mention != WEIGH_WHOLE_POST && (w->v[i].names >> mention & 1);
        const int32_t bp = weigh_shown_bp(w, &w->v[i], mention);
        if (!names && (bp >= WEIGH_COUNTS_BP || bp <= -WEIGH_COUNTS_BP)) return true;
    }
    return false;
}

/* Of which mentions, and of the post, does no word count? */
static uint32_t find_together(const struct weights *w, const struct reading *rd) {
    uint32_t ret = 0;
    for (int i = 0; i < rd->mention_count; i++)
        if (!one_counts(w, i)) ret |= UINT32_C(1) << i;
    if (!one_counts(w, WEIGH_WHOLE_POST)) ret |= UINT32_C(1) << WEIGH_WHOLE_POST;
    return ret;
}

void weigh_words(const struct reader *r, struct arena scratch, const struct post *post,
                 const struct reading *rd, struct weights *ret) {
    struct words w;
    const str text = post->text;
    *ret = (struct weights){0};
    words_split(&scratch, text, &w);
    const int64_t most = i64_min(WEIGH_WORDS_MAX, WEIGH_BYTES_MAX / 2 / i64_max(text.n, 1));
    for (int at = 0; at < w.count; at++) {
        if (!is_weighed(&w, at)) continue;
        ret->cut = ret->count == most;
        if (ret->cut) break;
        struct weight *v = &ret->v[ret->count++];
        *v = (struct weight){.begin = w.v[at].begin, .end = w.v[at].end};
        weigh_one(r, scratch, text, rd, v);
    }
    ret->together = find_together(ret, rd);
    if (ret->together == 0) return;
    char *names = names_alone(&scratch, text, rd);
    const struct reading *bare = read_text(r, &scratch, (str){names, text.n});
    for (int i = 0; i < ret->count; i++) weigh_alone(r, scratch, text, names, bare, rd, &ret->v[i]);
}
