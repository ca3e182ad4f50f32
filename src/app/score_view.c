/* score_view: a reading as JSON.
 *
 * In: a post and its reading. Out: one JSON object, numbers with at most four decimals taken from
 * basis points, so that the text is exact and the same everywhere. No memory but the buffer. */
#include "app/score_view.h"

static void put(struct buf *out, const char *z) { buf_put(out, str_from_z(z)); }

/* Basis points as a decimal: 9731 -> 0.9731, -5000 -> -0.5, 0 -> 0. */
static void put_bp(struct buf *out, int32_t bp) {
    char text[12];
    int n = 0;
    uint32_t v = bp < 0 ? (uint32_t)-bp : (uint32_t)bp;
    if (bp < 0) text[n++] = '-';
    text[n++] = (char)('0' + v / 10000 % 10);
    v %= 10000;
    if (v) text[n++] = '.';
    for (uint32_t unit = 1000; v; unit /= 10) {
        text[n++] = (char)('0' + v / unit);
        v %= unit;
    }
    buf_put(out, (str){text, n});
}

static const char *label_text(label l) {
    switch (l) {
    case LABEL_NEGATIVE:
        return "negative";
    case LABEL_NEUTRAL:
        return "neutral";
    case LABEL_POSITIVE:
        return "positive";
    }
    WRONG("label out of range");
}

/* The mention with the highest score, the first of equals; NULL: none. */
static const struct mention *best_mention(const struct reading *rd) {
    const struct mention *best = NULL;
    int top = -1;
    for (int i = 0; i < rd->mention_count; i++) {
        const struct mention *m = &rd->mentions[i];
        int score = base_score(m->confidence_bp, m->polarity_bp);
        if (score > top) {
            top = score;
            best = m;
        }
    }
    return best;
}

static void put_mentions(struct buf *out, const struct reading *rd) {
    put(out, ",\"mentions\":[");
    for (int i = 0; i < rd->mention_count; i++) {
        const struct mention *m = &rd->mentions[i];
        put(out, i ? ",{\"symbol\":\"" : "{\"symbol\":\"");
        put(out, m->symbol);
        put(out, "\",\"confidence\":");
        put_bp(out, m->confidence_bp);
        put(out, ",\"polarity\":");
        put_bp(out, m->polarity_bp);
        put(out, ",\"reason\":\"");
        put(out, link_reason_name(m->reason));
        put(out, "\"}");
    }
    put(out, "]");
}

static void put_parts(struct buf *out, const struct mention *m) {
    put(out, ",\"parts\":{");
    if (m) {
        put(out, "\"symbol\":\"");
        put(out, m->symbol);
        put(out, m->polarity_bp == 0  ? "\",\"side\":null"
                 : m->polarity_bp > 0 ? "\",\"side\":\"LONG\""
                                      : "\",\"side\":\"SHORT\"");
        put(out, ",\"confidence\":");
        put_bp(out, m->confidence_bp);
        put(out, ",\"polarity\":");
        put_bp(out, m->polarity_bp);
    }
    put(out, "}");
}

static void put_cues(struct buf *out, uint32_t cues) {
    bool first = true;
    put(out, ",\"cues\":[");
    for (int i = 0; i < CUE_COUNT; i++) {
        if (!(cues >> i & 1)) continue;
        put(out, first ? "\"" : ",\"");
        put(out, cue_name((cue)i));
        put(out, "\"");
        first = false;
    }
    put(out, "]");
}

static void put_misses(struct buf *out, const struct post *p, const struct reading *rd) {
    put(out, ",\"misses\":[");
    for (int i = 0; i < rd->miss_count; i++) {
        const struct miss *m = &rd->misses[i];
        put(out, i ? ",{\"text\":" : "{\"text\":");
        buf_put_json_str(out, (str){p->text.p + m->begin, m->end - m->begin});
        put(out, ",\"reason\":\"");
        put(out, miss_reason_name(m->reason));
        put(out, "\"}");
    }
    put(out, "]");
}

void score_json(const struct post *p, const struct reading *rd, struct buf *out) {
    const struct mention *best = best_mention(rd);
    put(out, "{\"label\":\"");
    put(out, label_text(rd->label));
    put(out, "\",\"probs\":[");
    for (int k = 0; k < 3; k++) {
        if (k) put(out, ",");
        put_bp(out, rd->probs_bp[k]);
    }
    put(out, "],\"sentiment_score\":");
    put_bp(out, rd->sentiment_bp);
    put(out, ",\"signal_score\":");
    buf_put_i64(out, best ? base_score(best->confidence_bp, best->polarity_bp) : 0);
    put_mentions(out, rd);
    put_parts(out, best);
    put_cues(out, rd->cues);
    put_misses(out, p, rd);
    put(out, ",\"model\":\"");
    put(out, rd->model);
    put(out, "\"}");
}
