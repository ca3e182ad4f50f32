/* Law: whatever the bytes of a post, it is refused with a reason or read; its probabilities make
 * one, its label is the likeliest, its opinions are in range and none where they are weak, what is
 * named stands in its text; and reading it again says the same, to the bit.
 *
 * The first byte says whether the text is HTML-escaped, the rest is the text. */
#include <string.h>

#include "flow/reader.h"
#include "fuzz.h"

static void check_mood(const struct reading *r) {
    int32_t sum = 0;
    for (int k = 0; k < 3; k++) {
        LAW(r->probs_bp[k] >= 0 && r->probs_bp[k] <= r->probs_bp[r->label]);
        sum += r->probs_bp[k];
    }
    LAW(sum == 10000);
    LAW(r->sentiment_bp == r->probs_bp[LABEL_POSITIVE] - r->probs_bp[LABEL_NEGATIVE]);
    LAW(r->cues >> CUE_COUNT == 0);
}

static void check_mention(const struct reading *r, const struct mention *m) {
    const int32_t size = m->polarity_bp < 0 ? -m->polarity_bp : m->polarity_bp;
    LAW(m->begin >= 0 && m->begin < m->end && m->end <= r->post->text.n);
    LAW(m->confidence_bp > 0 && m->confidence_bp <= 10000);
    LAW(size <= 10000 && m->abstain == (size < POLARITY_ABSTAIN_BP) && (!m->abstain || size == 0));
    const int score = base_score(m->confidence_bp, m->polarity_bp);
    LAW(score >= 0 && score <= 100);
}

static void check_same(const struct reading *a, const struct reading *b) {
    LAW(memcmp(a->probs_bp, b->probs_bp, sizeof a->probs_bp) == 0 && a->cues == b->cues);
    LAW(a->mention_count == b->mention_count && a->simhash == b->simhash && a->keys == b->keys);
    for (int i = 0; i < a->mention_count; i++) {
        LAW(strcmp(a->mentions[i].symbol, b->mentions[i].symbol) == 0);
        LAW(a->mentions[i].polarity_bp == b->mentions[i].polarity_bp);
    }
}

static const struct reader *reader_once(void) {
    static struct arena boot;
    static struct reader *r;
    struct error err;
    if (r) return r;
    arena_open(&boot, 64 << 20);
    bool ok = reader_open(&boot, &(struct reader_options){0}, &r, &err);
    LAW(ok);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static struct arena text, scratch;
    if (!text.base) arena_open(&text, 4 << 20);
    if (!scratch.base) arena_open(&scratch, READER_SCRATCH_BYTES);
    if (bytes < 1) return 0;
    arena_reset(&text);
    arena_reset(&scratch);
    const struct raw_post raw = {.id = STR("1"),
                                 .source = STR("x"),
                                 .text = str_from_bytes(data + 1, (ptrdiff_t)bytes - 1),
                                 .created_at = STR("2021-05-01T00:00:00Z"),
                                 .html = data[0] & 1};
    struct post post;
    struct reading first, second;
    struct error err;
    if (!feed_normalize(&text, &raw, 0, &post, &err)) {
        LAW(err.msg[0] != '\0');
        return 0;
    }
    reader_read(reader_once(), scratch, &post, 1, &first);
    reader_read(reader_once(), scratch, &post, 1, &second);
    check_mood(&first);
    for (int i = 0; i < first.mention_count; i++) check_mention(&first, &first.mentions[i]);
    for (int i = 0; i < first.miss_count; i++) {
        const struct miss *m = &first.misses[i];
        LAW(m->begin >= 0 && m->begin < m->end && m->end <= post.text.n);
    }
    check_same(&first, &second);
    return 0;
}
