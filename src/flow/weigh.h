/* weigh: what each word does to a reading, found by reading the text without it, and by reading it
 * alone.
 *
 * Says nothing about how the reader works inside, and so is true of every reader and every model:
 * a word's weight towards a coin is what confidence times polarity loses when the word is taken
 * out. For people who ask why; far too slow for trading. */
#ifndef BF_FLOW_WEIGH_H
#define BF_FLOW_WEIGH_H

#include "flow/reader.h"

/* The first words of a text are weighed; the rest stays unweighed. Of a long text fewer: a word
 * costs a reading of all of it. */
#define WEIGH_WORDS_MAX 256
#define WEIGH_BYTES_MAX (4 << 20) /* that are read in all, about */
#define WEIGH_COUNTS_BP 50 /* a word that moves less than half a point is not worth showing */

/* One word and what it does. */
struct weight {
    int32_t begin, end;             /* bytes in post->text */
    int32_t sentiment_bp;           /* to the sentiment of the whole post */
    int32_t value_bp[MENTIONS_MAX]; /* to confidence * polarity, by mention, -20000..20000 */
    /* The same of the word alone: what it adds to a text of the coins' names and nothing else. 0
     * where `together` of weights is. */
    int32_t alone_sentiment_bp, alone_bp[MENTIONS_MAX];
    uint32_t links; /* bit i: mention i is not linked without this word */
    uint32_t names; /* bit i: stands in the evidence of mention i */
};

struct weights {
    int count;
    struct weight v[WEIGH_WORDS_MAX];
    bool cut; /* the text has more words than were weighed */
    /* Several say the same, and taking one out changes nothing worth showing; what they say alone
     * tells more. Bit i: for mention i; bit MENTIONS_MAX: for the whole post. */
    uint32_t together;
};

#define WEIGH_WHOLE_POST MENTIONS_MAX /* in place of a mention */
/* What to show of a word: what is lost without it, or what it says alone where that tells more. */
int32_t weigh_shown_bp(const struct weights *w, const struct weight *v, int mention);

/* confidence * polarity in basis points, -10000..10000; 0 when abstaining. */
int32_t mention_value_bp(const struct mention *m);

/* Weighs the words of a post that reads as `rd`. scratch: by value, what reader_read takes and
 * twice the text. Never fails. */
void weigh_words(const struct reader *r, struct arena scratch, const struct post *post,
                 const struct reading *rd, struct weights *ret);

#endif
