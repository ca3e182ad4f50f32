/* explain: see the header. From top to bottom: the text with the words that count, what it was read
 * as, and for each coin why it was linked, which words moved the score, the product that makes the
 * score, and the verdict. Pure: everything was found out before. */
#include "app/explain.h"

#include <inttypes.h>
#include <stdlib.h>

#include "app/table.h"

#define WORDS_SHOWN 12
#define BAR_POINTS 4     /* points of the score that one block of a bar stands for */
#define LABEL_COLUMNS 12 /* of the headings on the left */
#define WORD_COLUMNS 20
#define TEXT_BYTES 2000 /* of the text, at most so many are shown */

typedef enum paint { PLAIN, BOLD, DIM, GOOD, BAD } paint;

static void put(const struct explain *x, struct buf *out, paint how, str text) {
    static const char *const codes[] = {"", "\033[1m", "\033[2m", "\033[32m", "\033[31m"};
    const bool painted = x->color && how != PLAIN && text.n > 0;
    if (painted) buf_put(out, str_from_z(codes[how]));
    buf_put(out, text);
    if (painted) buf_put(out, STR("\033[0m"));
}

static void put_heading(const struct explain *x, struct buf *out, const char *text) {
    put(x, out, DIM, str_from_z(text));
    buf_printf(out, "%*s", (int)i64_max(LABEL_COLUMNS - (int)strlen(text), 1), "");
}

static str text_of(const struct explain *x, int32_t begin, int32_t end) {
    return (str){x->post->text.p + begin, end - begin};
}

/* Hundredths, half away from zero: 9731 -> "0.97", -5000 -> "-0.50". */
static void put_bp(struct buf *out, int32_t bp) {
    const int32_t size = bp < 0 ? -bp : bp, hundredths = (size + 50) / 100;
    buf_printf(out, "%s%" PRId32 ".%02" PRId32, bp < 0 ? "-" : "", hundredths / 100,
               hundredths % 100);
}

/* --- the text -------------------------------------------------------------------------------- */

/* What a word does to the coin that it moves most; to the whole post where there is no coin. */
static int32_t strongest_bp(const struct explain *x, const struct weight *v) {
    const struct weights *const w = x->weights;
    int32_t best = x->reading->mention_count > 0 ? 0 : weigh_shown_bp(w, v, WEIGH_WHOLE_POST);
    for (int i = 0; i < x->reading->mention_count; i++) {
        const int32_t bp = weigh_shown_bp(w, v, i);
        if (v->names == 0 && abs(bp) > abs(best)) best = bp;
    }
    return best;
}

/* Lines behind the first are indented as it is. */
static void put_lines(const struct explain *x, struct buf *out, paint how, str text) {
    for (ptrdiff_t end; (end = str_find_byte(text, '\n')) >= 0; text = str_tail(text, end + 1)) {
        put(x, out, how, str_head(text, end));
        buf_put(out, STR("\n"));
        put_heading(x, out, "");
    }
    put(x, out, how, text);
}

/* How much of the text is shown: all, or as many whole characters as fit. */
static int32_t shown_bytes(str text) {
    if (text.n <= TEXT_BYTES) return (int32_t)text.n;
    ptrdiff_t n = TEXT_BYTES;
    while (n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80) n--;
    return (int32_t)n;
}

static int64_t characters(str text) {
    int64_t n = 0;
    for (ptrdiff_t i = 0; i < text.n; i++) n += ((unsigned char)text.p[i] & 0xC0) != 0x80;
    return n;
}

static void put_text(const struct explain *x, struct buf *out) {
    const int32_t end = shown_bytes(x->post->text);
    const str rest = str_tail(x->post->text, end);
    int32_t at = 0;
    put_heading(x, out, "post");
    for (int i = 0; i < x->weights->count && x->weights->v[i].end <= end; i++) {
        const struct weight *v = &x->weights->v[i];
        const int32_t bp = strongest_bp(x, v);
        const paint how = v->names                 ? BOLD
                          : bp >= WEIGH_COUNTS_BP  ? GOOD
                          : bp <= -WEIGH_COUNTS_BP ? BAD
                                                   : PLAIN;
        put_lines(x, out, PLAIN, text_of(x, at, v->begin));
        put_lines(x, out, how, text_of(x, v->begin, v->end));
        at = v->end;
    }
    put_lines(x, out, PLAIN, text_of(x, at, end));
    if (str_trim(x->post->text).n == 0) put(x, out, DIM, STR("(empty)"));
    buf_put(out, STR("\n"));
    if (rest.n == 0) return;
    put_heading(x, out, "");
    buf_printf(out, "(and %" PRId64 " characters more)\n", characters(rest));
}

static void put_reads(const struct explain *x, struct buf *out) {
    static const char *const labels[] = {"negative", "neutral", "positive"};
    put_heading(x, out, "reads");
    put(x, out, BOLD, str_from_z(labels[x->reading->label]));
    for (int k = 0; k < 3; k++) {
        buf_printf(out, "%s%s ", k ? ", " : "  (", labels[k]);
        put_bp(out, x->reading->probs_bp[k]);
    }
    buf_printf(out, ")\n");
}

static void put_cues(const struct explain *x, struct buf *out) {
    int shown = 0;
    for (int bit = 0; bit < CUE_COUNT; bit++) {
        if (!(x->reading->cues >> bit & 1)) continue;
        if (shown++ == 0) put_heading(x, out, "cues");
        buf_printf(out, "%s%s", shown > 1 ? ", " : "", cue_name(bit));
    }
    if (shown) buf_put(out, STR("\n"));
}

static void put_misses(const struct explain *x, struct buf *out) {
    for (int i = 0; i < x->reading->miss_count; i++) {
        const struct miss *m = &x->reading->misses[i];
        put_heading(x, out, "no coin");
        put(x, out, BOLD, text_of(x, m->begin, m->end));
        buf_printf(out, "  %s\n", miss_reason_text(m->reason));
    }
}

/* --- one coin -------------------------------------------------------------------------------- */

static void put_link(const struct explain *x, struct buf *out, const struct mention *m) {
    buf_put(out, STR("\n"));
    put_heading(x, out, "coin");
    put(x, out, BOLD, str_from_z(m->symbol));
    buf_printf(out, "  \"" STR_FMT "\", a %s, sure to ", STR_ARG(text_of(x, m->begin, m->end)),
               link_reason_name(m->reason));
    put_bp(out, m->confidence_bp);
    buf_put(out, STR("\n"));
}

/* Some words are about it, not of it: the coin's own name. */
static bool is_name(const struct weight *v, int mention) {
    return mention != WEIGH_WHOLE_POST && (v->names >> mention & 1);
}

/* The word not yet shown that moves it most; -1: none that counts. */
static int next_word(const struct weights *w, int mention, const bool *shown) {
    int best = -1;
    for (int i = 0; i < w->count; i++) {
        const int32_t size = abs(weigh_shown_bp(w, &w->v[i], mention));
        if (shown[i] || size < WEIGH_COUNTS_BP || is_name(&w->v[i], mention)) continue;
        if (best < 0 || size > abs(weigh_shown_bp(w, &w->v[best], mention))) best = i;
    }
    return best;
}

static void put_word(const struct explain *x, struct buf *out, const struct weight *v,
                     int mention) {
    const int32_t bp = weigh_shown_bp(x->weights, v, mention);
    const int points = (abs(bp) + 50) / 100;
    const str word = text_head(text_of(x, v->begin, v->end), WORD_COLUMNS);
    const paint how = bp > 0 ? GOOD : BAD;
    char number[16];
    struct buf b;
    buf_init_fixed(&b, number, sizeof number);
    buf_printf(&b, "%+4d", bp > 0 ? points : -points);
    put(x, out, how, buf_str(&b));
    buf_put(out, STR("  "));
    buf_put(out, word);
    buf_printf(out, "%*s", WORD_COLUMNS - text_width(word) + 1, "");
    for (int i = 0; i < points; i += BAR_POINTS) put(x, out, how, STR("█"));
    if (mention != WEIGH_WHOLE_POST && (v->links >> mention & 1))
        put(x, out, DIM, STR("  without it there is no link"));
    buf_put(out, STR("\n"));
}

static void put_words(const struct explain *x, struct buf *out, int mention) {
    bool shown[WEIGH_WORDS_MAX] = {false};
    const bool together = x->weights->together >> mention & 1;
    if (together && next_word(x->weights, mention, shown) >= 0) {
        put_heading(x, out, "words");
        buf_put(out, STR("several say the same, and none is missed by itself; each alone:\n"));
    }
    for (int n = 0; n < WORDS_SHOWN; n++) {
        const int best = next_word(x->weights, mention, shown);
        if (best < 0 && n == 0 && x->weights->count > 0) {
            put_heading(x, out, "words");
            buf_put(out, STR("none moves it by itself\n"));
        }
        if (best < 0) break;
        put_heading(x, out, n == 0 && !together ? "words" : "");
        put_word(x, out, &x->weights->v[best], mention);
        shown[best] = true;
    }
    if (x->weights->cut) {
        put_heading(x, out, "");
        buf_printf(out, "the first %d words were weighed\n", x->weights->count);
    }
}

static void put_product(const struct explain *x, struct buf *out, const struct signal *s) {
    for (int i = 0; i < PART_COUNT; i++) {
        put_heading(x, out, i == 0 ? "score" : "");
        buf_put(out, i == 0 ? STR("  ") : STR("x "));
        put_bp(out, s->parts_bp[i]);
        buf_printf(out, "%s  %-12s", s->parts_bp[i] < 0 ? "" : " ", part_name((part)i));
        put(x, out, DIM, str_from_z(part_info((part)i)->meaning));
        buf_put(out, STR("\n"));
    }
    put_heading(x, out, "");
    buf_printf(out, "= ");
    char number[32];
    struct buf b;
    buf_init_fixed(&b, number, sizeof number);
    buf_printf(&b, "%d%s", s->score,
               s->side == SIDE_LONG    ? " LONG"
               : s->side == SIDE_SHORT ? " SHORT"
                                       : "");
    put(x, out, BOLD, buf_str(&b));
    buf_printf(out, "  of 100; trading.signal_threshold is %d\n", x->threshold);
}

static void put_verdict(const struct explain *x, struct buf *out, const struct signal *s) {
    put_heading(x, out, "verdict");
    if (s->reason == REASON_NONE) {
        put(x, out, GOOD, STR("would trade"));
        buf_put(out, STR(" if the price, the risk rules and the account allow it then\n"));
        return;
    }
    put(x, out, BAD, STR("would not trade"));
    buf_printf(out, ": %s (%s)\n", reason_text(s->reason), reason_name(s->reason));
}

void explain_put(const struct explain *x, struct buf *out) {
    put_text(x, out);
    put_reads(x, out);
    put_cues(x, out);
    put_misses(x, out);
    for (int i = 0; i < x->reading->mention_count; i++) {
        put_link(x, out, &x->reading->mentions[i]);
        put_words(x, out, i);
        put_product(x, out, &x->signals[i]);
        put_verdict(x, out, &x->signals[i]);
    }
    if (x->reading->mention_count == 0) {
        put_words(x, out, WEIGH_WHOLE_POST);
        put_heading(x, out, "verdict");
        put(x, out, BAD, STR("would not trade"));
        buf_printf(out, ": %s (%s)\n", reason_text(REASON_NO_COIN), reason_name(REASON_NO_COIN));
    }
}
