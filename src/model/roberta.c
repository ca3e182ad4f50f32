/* roberta: from texts to logits, and to what the reader understands.
 *
 * In: texts, or ranges of a post's words. Out: logits; for the reader as logarithms in its
 * integers, where floating point ends. Texts are masked, cut into tokens on the caller's thread,
 * and computed together by the engine, whose turn callers wait for. A model of which the labels
 * have other names, or mean the opposite of what they say, is refused before it is asked of posts.
 * A post of which the logits are no numbers is read by the linear model, and the log says so: the
 * first time, and each time that they have become twice as many. Any thread. */
#include "model/roberta.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/log.h"
#include "model/bpe.h"

struct roberta {
    struct packed *packed;
    struct bpe *bpe;
    struct engine *engine;
    int tokens_max;
};

bool roberta_open(struct arena *boot, const struct roberta_options *opt, struct roberta **ret,
                  struct error *err) {
    struct roberta *r = NEW(boot, struct roberta);
    if (!packed_open(boot, opt->path, &r->packed, err)) return false;
    if (!bpe_open(boot, r->packed->tokenizer, &r->bpe, err) ||
        !engine_open(boot, r->packed, &opt->engine, &r->engine, err)) {
        packed_close(r->packed);
        return fail_in(err, "%s", opt->path);
    }
    r->tokens_max = (int)i64_min(roberta_tokens_max(&r->packed->shape), ROBERTA_TEXT_BYTES_MAX);
    *ret = r;
    return true;
}

void roberta_close(struct roberta *r) {
    if (!r) return;
    engine_close(r->engine);
    packed_close(r->packed);
}

const struct packed *roberta_packed(const struct roberta *r) { return r->packed; }
const char *roberta_about(const struct roberta *r) { return engine_about(r->engine); }

/* Without what stands behind the last whole character of the first bytes. */
static str cut(str text) {
    if (text.n <= ROBERTA_TEXT_BYTES_MAX) return text;
    ptrdiff_t n = ROBERTA_TEXT_BYTES_MAX;
    while (n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80) n--;
    return str_head(text, n);
}

static int tokens_of(const struct roberta *r, struct arena scratch, str text, int32_t *ids) {
    const str masked = cut(bpe_masked(&scratch, cut(text)));
    return bpe_encode(r->bpe, scratch, masked, r->tokens_max, ids);
}

void roberta_logits(const struct roberta *r, struct arena scratch, const str *texts, int count,
                    float (*ret)[ROBERTA_LABELS_MAX], int *ret_tokens) {
    PRE(count >= 1 && count <= ROBERTA_TEXTS_MAX);
    struct engine_text in[ROBERTA_TEXTS_MAX];
    for (int i = 0; i < count; i++) {
        const int most = (int)i64_min(r->tokens_max, cut(texts[i]).n + 2);
        int32_t *ids = NEW_ARRAY(&scratch, int32_t, i64_max(most, 2));
        in[i] = (struct engine_text){ids, tokens_of(r, scratch, texts[i], ids), ret[i]};
        if (ret_tokens) ret_tokens[i] = in[i].count;
    }
    engine_run(r->engine, in, count);
}

bool roberta_are_numbers(const struct roberta_shape *s, const float *logits, struct error *err) {
    for (int i = 0; i < s->labels; i++)
        if (!isfinite(logits[i]))
            return fail(err, ERR_RANGE, 0,
                        "what it says of \"%s\" is no finite number: its weights are too large to "
                        "compute with, or damaged; fetch and convert it again",
                        s->label[i]);
    return true;
}

/* --- what the labels mean -------------------------------------------------------------------- */

static const char *const label_names[3][3] = {{"negative", "bearish", "LABEL_0"},
                                              {"neutral", "neutral", "LABEL_1"},
                                              {"positive", "bullish", "LABEL_2"}};

bool roberta_labels(const struct roberta_shape *s, int ret[3], struct error *err) {
    for (int kind = 0; kind < 3 && s->labels == 3; kind++) {
        int at[3], found = 0;
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < 3; k++)
                if (str_eq_nocase(str_from_z(s->label[k]), str_from_z(label_names[i][kind]))) {
                    at[i] = k;
                    found++;
                }
        if (found != 3 || at[0] == at[1] || at[1] == at[2] || at[0] == at[2]) continue;
        memcpy(ret, at, sizeof at);
        return true;
    }
    return fail(err, ERR_UNSUPPORTED, 0,
                "its labels are not negative, neutral and positive, but %d: %s, ...", s->labels,
                s->label[0]);
}

static const struct {
    const char *text;
    int sign;
} cases[] = {{"I love this, what a wonderful day", 1},
             {"Great news, I am so happy about it!", 1},
             {"I hate this, it is terrible", -1},
             {"This is the worst, what a disaster", -1}};

static bool read_cases(const struct roberta *r, float (*ret)[ROBERTA_LABELS_MAX],
                       struct error *err) {
    str texts[COUNT_OF(cases)];
    struct arena scratch;
    arena_open(&scratch, ROBERTA_SCRATCH_BYTES);
    for (int i = 0; i < COUNT_OF(cases); i++) texts[i] = str_from_z(cases[i].text);
    roberta_logits(r, scratch, texts, COUNT_OF(cases), ret, NULL);
    arena_close(&scratch);
    for (int i = 0; i < COUNT_OF(cases); i++)
        if (!roberta_are_numbers(&r->packed->shape, ret[i], err)) return false;
    return true;
}

bool roberta_number_test(const struct roberta *r, struct error *err) {
    float logits[COUNT_OF(cases)][ROBERTA_LABELS_MAX];
    return read_cases(r, logits, err);
}

bool roberta_self_test(const struct roberta *r, struct error *err) {
    float logits[COUNT_OF(cases)][ROBERTA_LABELS_MAX];
    int at[3];
    if (!roberta_labels(&r->packed->shape, at, err) || !read_cases(r, logits, err)) return false;
    for (int i = 0; i < COUNT_OF(cases); i++) {
        const float toward = (logits[i][at[2]] - logits[i][at[0]]) * (float)cases[i].sign;
        if (!(toward > 0))
            return fail(err, ERR_DAMAGED, 0,
                        "it reads \"%s\" as its opposite: its labels do not mean what they say, or "
                        "it was never trained",
                        cases[i].text);
    }
    return true;
}

/* --- for the reader -------------------------------------------------------------------------- */

struct asked {
    struct model base;
    struct model_ops ops;
    const struct roberta *r;
    int at[3];
    atomic_llong no_numbers;           /* posts */
    char name[PACKED_NAME_BYTES + 16]; /* "twitter-roberta-base-sentiment-latest/int8" */
};

static str text_of(const struct words *w, const struct model_range *range) {
    if (range->first == 0 && range->end == w->count) return w->text;
    if (range->first >= range->end) return STR("");
    const int32_t begin = w->v[range->first].begin;
    return (str){w->text.p + begin, w->v[range->end - 1].end - begin};
}

#define NO_NUMBER INT32_MIN /* in the place of a logit, until the linear model was asked */

static struct model_scores scores_of(const struct asked *m, const float *logits) {
    struct model_scores ret = {{NO_NUMBER, NO_NUMBER, NO_NUMBER}};
    for (int k = 0; k < 3; k++)
        if (!isfinite(logits[m->at[k]])) return ret;
    for (int k = 0; k < 3; k++) {
        const float v = fmaxf(-20, fminf(20, logits[m->at[k]]));
        ret.logit[k] = (int32_t)lrintf(v * NAT);
    }
    return ret;
}

/* Texts of any posts, until they are as many as are computed at once. */
struct gathered {
    const struct asked *m;
    struct arena scratch;
    int count;
    str texts[ROBERTA_TEXTS_MAX];
    struct model_scores *scores[ROBERTA_TEXTS_MAX];
};

static void compute(struct gathered *g) {
    float logits[ROBERTA_TEXTS_MAX][ROBERTA_LABELS_MAX];
    if (g->count == 0) return;
    roberta_logits(g->m->r, g->scratch, g->texts, g->count, logits, NULL);
    for (int i = 0; i < g->count; i++) *g->scores[i] = scores_of(g->m, logits[i]);
    g->count = 0;
}

static bool has_no_numbers(const struct model_ask *ask) {
    for (int r = 0; r < ask->count; r++)
        if (ask->scores[r].logit[0] == NO_NUMBER) return true;
    return false;
}

static void leave_to_linear(struct asked *m, struct arena scratch, struct model_ask *ask) {
    const struct model *linear = model_linear();
    const long long before = atomic_fetch_add(&m->no_numbers, 1);
    linear->ops->score(linear, scratch, ask, 1);
    if ((before & (before + 1)) == 0)
        log_unusual("model_no_numbers", LOG_Z("model", m->name), LOG_I("posts", before + 1),
                    LOG_Z("read_by", linear->ops->name));
}

static void asked_score(const struct model *base, struct arena scratch, struct model_ask *asks,
                        int count) {
    UNINITIALIZED struct gathered g;
    g.m = (const struct asked *)base;
    g.scratch = scratch;
    g.count = 0;
    for (int i = 0; i < count; i++) {
        for (int r = 0; r < asks[i].count; r++) {
            g.texts[g.count] = text_of(asks[i].words, &asks[i].ranges[r]);
            g.scores[g.count++] = &asks[i].scores[r];
            if (g.count == ROBERTA_TEXTS_MAX) compute(&g);
        }
        asks[i].by = base->ops->name;
    }
    compute(&g);
    for (int i = 0; i < count; i++)
        if (has_no_numbers(&asks[i]))
            leave_to_linear((struct asked *)(uintptr_t)base, scratch, &asks[i]);
}

bool roberta_model(struct arena *boot, const struct roberta *r, const struct model **ret,
                   struct error *err) {
    struct asked *m = NEW(boot, struct asked);
    if (!roberta_labels(&r->packed->shape, m->at, err)) return false;
    snprintf(m->name, sizeof m->name, "%s/%s", r->packed->name,
             precision_name(r->packed->precision));
    m->r = r;
    m->ops = (struct model_ops){
        .name = m->name, .slow = true, .together = ROBERTA_TEXTS_MAX, .score = asked_score};
    m->base.ops = &m->ops;
    *ret = &m->base;
    return true;
}
