/* Law: what x_post_parse takes is a clean post (valid UTF-8, no control characters, in NFC), and a
 * reading of it is in bounds: mentions and misses lie in the text, mentions are in order of
 * appearance and one a symbol, probabilities sum to one, polarities and confidences are in range;
 * and the same bytes give the same post and the same reading.
 *
 * The first byte says whether the rest is a line of JSON (strict or lenient) or a raw text. */
#include <string.h>

#include "flow/reader.h"
#include "fuzz.h"
#include "source/source.h"

#define POST_BYTES (8 << 20)

static struct reader *reader;
static struct arena boot, first_mem, second_mem, scratch;

static void open_once(void) {
    struct error err;
    if (reader) return;
    arena_open(&boot, 64 << 20);
    arena_open(&first_mem, POST_BYTES);
    arena_open(&second_mem, POST_BYTES);
    arena_open(&scratch, READER_SCRATCH_BYTES);
    LAW(reader_open(&boot, &(struct reader_options){0}, &reader, &err));
}

static bool make_post(struct arena *a, int how, str bytes, struct post *ret) {
    struct error err;
    arena_reset(a);
    if (how < 2) return x_post_parse(a, bytes, STR("x"), 0, how == 1, ret, &err);
    struct raw_post raw = {
        .id = STR("1700000000000000000"), .source = STR("x"), .text = bytes, .html = how == 2};
    return feed_normalize(a, &raw, 0, ret, &err);
}

static void check_post(const struct post *p) {
    LAW(p->id != 0 && p->root_id != 0);
    LAW(p->edited == (p->id != p->root_id));
    LAW(p->text.n <= POST_TEXT_BYTES_MAX);
    LAW(str_utf8_valid(p->text));
    for (ptrdiff_t i = 0; i < p->text.n; i++) {
        unsigned char c = (unsigned char)p->text.p[i];
        LAW((c >= 0x20 || c == '\n') && c != 0x7F);
    }
    LAW(p->lang.n >= 2 && str_utf8_valid(p->lang));
}

static void check_reading(const struct reading *r) {
    ptrdiff_t n = r->post->text.n;
    LAW(r->probs_bp[0] + r->probs_bp[1] + r->probs_bp[2] == 10000);
    for (int k = 0; k < 3; k++) LAW(r->probs_bp[k] >= 0);
    LAW(r->sentiment_bp == r->probs_bp[2] - r->probs_bp[0]);
    LAW(r->mention_count >= 0 && r->mention_count <= MENTIONS_MAX);
    LAW(r->miss_count >= 0 && r->miss_count <= MISSES_MAX);
    for (int i = 0; i < r->mention_count; i++) {
        const struct mention *m = &r->mentions[i];
        LAW(m->begin >= 0 && m->begin < m->end && m->end <= n);
        LAW(m->confidence_bp >= 0 && m->confidence_bp <= 10000);
        LAW(m->polarity_bp >= -10000 && m->polarity_bp <= 10000);
        LAW(m->abstain == (m->polarity_bp == 0));
        LAW(m->reason != LINK_NONE);
        LAW(memchr(m->symbol, 0, sizeof m->symbol) != NULL);
        for (int k = 0; k < i; k++) LAW(strcmp(r->mentions[k].symbol, m->symbol) != 0);
    }
    for (int i = 0; i < r->miss_count; i++) {
        const struct miss *m = &r->misses[i];
        LAW(m->begin >= 0 && m->begin < m->end && m->end <= n && m->reason != MISS_NONE);
    }
    LAW(r->token_count >= 0);
}

static bool same_reading(const struct reading *a, const struct reading *b) {
    if (a->mention_count != b->mention_count || a->miss_count != b->miss_count) return false;
    for (int i = 0; i < a->mention_count; i++) {
        const struct mention *m = &a->mentions[i], *o = &b->mentions[i];
        if (strcmp(m->symbol, o->symbol) != 0 || m->polarity_bp != o->polarity_bp ||
            m->confidence_bp != o->confidence_bp || m->begin != o->begin) {
            return false;
        }
    }
    return memcmp(a->probs_bp, b->probs_bp, sizeof a->probs_bp) == 0 && a->cues == b->cues &&
           a->simhash == b->simhash && a->label == b->label;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    open_once();
    if (bytes < 1 || bytes > POST_LINE_BYTES_MAX) return 0;
    str rest = str_from_bytes(data + 1, (ptrdiff_t)bytes - 1);
    struct post posts[2], again;
    struct reading readings[2];
    if (!make_post(&first_mem, data[0] % 4, rest, &posts[0])) return 0;
    check_post(&posts[0]);
    LAW(make_post(&second_mem, data[0] % 4, rest, &again));
    LAW(str_eq(posts[0].text, again.text) && posts[0].id == again.id);
    LAW(posts[0].created_at == again.created_at && str_eq(posts[0].lang, again.lang));
    /* what is clean stays as it is */
    LAW(make_post(&second_mem, 3, posts[0].text, &posts[1]));
    LAW(str_eq(posts[0].text, posts[1].text));
    reader_read(reader, scratch, posts, 2, readings);
    check_reading(&readings[0]);
    LAW(same_reading(&readings[0], &readings[1]));
    return 0;
}
