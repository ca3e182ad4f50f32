/* score_view: a reading and its signals as JSON.
 *
 * In: a post, its reading, and what the judge says of each mention. Out: one JSON object, numbers
 * with at most four decimals taken from basis points, so that the text is exact and the same
 * everywhere. No memory but the buffer. */
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

/* The signal with the highest score, the first of equals; NULL: none. */
static const struct signal *best_signal(const struct reading *rd, const struct signal *signals) {
    const struct signal *best = NULL;
    for (int i = 0; i < rd->mention_count; i++) {
        if (best == NULL || signals[i].score > best->score) best = &signals[i];
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

static void put_parts(struct buf *out, const struct signal *s) {
    put(out, ",\"parts\":{");
    if (s) {
        put(out, "\"symbol\":\"");
        put(out, s->symbol);
        put(out, s->side == SIDE_NONE   ? "\",\"side\":null"
                 : s->side == SIDE_LONG ? "\",\"side\":\"LONG\""
                                        : "\",\"side\":\"SHORT\"");
        put(out, ",\"base_score\":");
        buf_put_i64(out, s->base_score);
        for (int i = 0; i < PART_COUNT; i++) {
            put(out, ",\"");
            put(out, part_name((part)i));
            put(out, "\":");
            put_bp(out, s->parts_bp[i]);
        }
    }
    put(out, "}");
}

/* Why it would not trade; null: nothing in the post speaks against it. */
static void put_refusal(struct buf *out, const struct signal *s) {
    const reason why = s ? s->reason : REASON_NO_COIN;
    put(out, ",\"refusal\":");
    if (why == REASON_NONE) {
        put(out, "null");
        return;
    }
    put(out, "\"");
    put(out, reason_name(why));
    put(out, "\"");
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

void score_json(const struct post *p, const struct reading *rd, const struct signal *signals,
                struct buf *out) {
    const struct signal *best = best_signal(rd, signals);
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
    buf_put_i64(out, best ? best->score : 0);
    put_mentions(out, rd);
    put_parts(out, best);
    put_refusal(out, best);
    put_cues(out, rd->cues);
    put_misses(out, p, rd);
    put(out, ",\"model\":\"");
    put(out, rd->model);
    put(out, "\"}");
}
