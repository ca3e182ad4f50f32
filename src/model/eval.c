/* eval: how often a model reads a labelled file rightly.
 *
 * In: a model, a reader (for coins), a file of labelled texts. Out: counts by label. Not for
 * judging trades. One thread. */
#include "model/linear.h"
#include "model/train_data.h"

struct eval {
    const struct model *model;
    const struct reader *reader;
    struct arena mem;
    struct eval_result *ret;
};

static void take_text(void *ctx, const struct labelled *item) {
    struct eval *e = ctx;
    struct arena scratch = e->mem;
    struct words w;
    struct links links;
    struct model_scores s;
    reader_split(e->reader, &scratch, item->text, &w, &links);
    e->model->ops->score(e->model, scratch, &w, &(struct model_range){0, w.count}, 1, &s);
    int best = 0;
    for (int k = 1; k < 3; k++) {
        if (s.logit[k] > s.logit[best]) best = k;
    }
    e->ret->count[item->label]++;
    e->ret->matrix[item->label][best]++;
    int pole = s.logit[0] > s.logit[2] ? 0 : 2;
    if (best == item->label) e->ret->hit[item->label]++;
    if (item->label != 1 && pole == item->label) e->ret->pole_hit[item->label]++;
}

bool model_evaluate(const struct model *m, const struct reader *r, const char *path,
                    struct eval_result *ret, struct error *err) {
    struct eval e = {.model = m, .reader = r, .ret = ret};
    *ret = (struct eval_result){0};
    arena_open(&e.mem, 64 << 20);
    bool ok = labelled_read(path, take_text, &e, err);
    arena_close(&e.mem);
    return ok;
}

int64_t eval_macro_recall_bp(const struct eval_result *e) {
    int64_t sum = 0, labels = 0;
    bool two = e->count[1] == 0;
    for (int k = 0; k < 3; k++) {
        if (e->count[k] == 0) continue;
        sum += (two ? e->pole_hit[k] : e->hit[k]) * 10000 / e->count[k];
        labels++;
    }
    return labels ? sum / labels : 0;
}
