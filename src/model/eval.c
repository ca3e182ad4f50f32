/* eval: how often labelled texts are read rightly, and whether the probabilities told are true.
 *
 * In: a reader, a file of labelled texts; each text goes the whole way of a post, so what is
 * measured is what `score` prints. Out: counts by label. Not for judging trades. One thread. */
#include "model/linear.h"
#include "model/train_data.h"

struct eval {
    const struct reader *reader;
    struct arena mem;
    struct eval_result *ret;
};

void eval_add(struct eval_result *e, int truth, const int32_t probs_bp[3]) {
    int best = 0;
    for (int k = 1; k < 3; k++) {
        if (probs_bp[k] > probs_bp[best]) best = k;
    }
    int pole = probs_bp[0] > probs_bp[2] ? 0 : 2;
    e->count[truth]++;
    e->matrix[truth][best]++;
    if (best == truth) e->hit[truth]++;
    if (truth != 1 && pole == truth) e->pole_hit[truth]++;
    for (int k = 0; k < 3; k++) {
        int64_t off = probs_bp[k] - (k == truth ? 10000 : 0);
        e->brier_e8 += off * off;
    }
    int bin = (int)i64_min(probs_bp[best] / 1000, COUNT_OF(e->bin) - 1);
    e->bin[bin].count++;
    e->bin[bin].hit += best == truth;
    e->bin[bin].sum_bp += probs_bp[best];
}

static void take_text(void *ctx, const struct labelled *item) {
    struct eval *e = ctx;
    struct reading reading;
    const struct post post = {.id = 1, .text = item->text};
    reader_read(e->reader, e->mem, &post, 1, &reading);
    eval_add(e->ret, item->label, reading.probs_bp);
}

bool model_evaluate(const struct reader *r, const char *path, struct eval_result *ret,
                    struct error *err) {
    struct eval e = {.reader = r, .ret = ret};
    *ret = (struct eval_result){0};
    arena_open(&e.mem, 64 << 20);
    bool ok = labelled_read(path, take_text, &e, err);
    arena_close(&e.mem);
    if (ok && ret->count[0] + ret->count[1] + ret->count[2] == 0)
        return fail(err, ERR_PARSE, 0, "%s: no labelled text in it", path);
    return ok;
}

/* --- figures --------------------------------------------------------------------------------- */

static int64_t share_bp(int64_t some, int64_t all) { return all ? some * 10000 / all : 0; }

static int64_t texts(const struct eval_result *e) {
    return e->count[0] + e->count[1] + e->count[2];
}

static int64_t hits(const struct eval_result *e, int which) {
    return eval_two(e) ? e->pole_hit[which] : e->hit[which];
}

int64_t eval_recall_bp(const struct eval_result *e, int which) {
    return share_bp(hits(e, which), e->count[which]);
}

int64_t eval_macro_recall_bp(const struct eval_result *e) {
    int64_t sum = 0, labels = 0;
    for (int k = 0; k < 3; k++) {
        if (e->count[k] == 0) continue;
        sum += eval_recall_bp(e, k);
        labels++;
    }
    return labels ? sum / labels : 0;
}

int64_t eval_accuracy_bp(const struct eval_result *e) {
    return share_bp(hits(e, 0) + hits(e, 1) + hits(e, 2), texts(e));
}

/* Of two poles each text is told one: what one label lacks, the other has too much. */
static int64_t told(const struct eval_result *e, int which) {
    if (!eval_two(e)) return e->matrix[0][which] + e->matrix[1][which] + e->matrix[2][which];
    int other = 2 - which;
    return which == 1 ? 0 : e->pole_hit[which] + e->count[other] - e->pole_hit[other];
}

int64_t eval_macro_f1_bp(const struct eval_result *e) {
    int64_t sum = 0, labels = 0;
    for (int k = 0; k < 3; k++) {
        if (e->count[k] == 0) continue;
        sum += share_bp(2 * hits(e, k), e->count[k] + told(e, k));
        labels++;
    }
    return labels ? sum / labels : 0;
}

int64_t eval_ece_bp(const struct eval_result *e) {
    int64_t off = 0;
    for (int i = 0; i < COUNT_OF(e->bin); i++) {
        int64_t d = e->bin[i].sum_bp - e->bin[i].hit * 10000;
        off += d < 0 ? -d : d;
    }
    return texts(e) ? off / texts(e) : 0;
}

int64_t eval_brier_bp(const struct eval_result *e) {
    return texts(e) ? e->brier_e8 / 10000 / texts(e) : 0;
}
