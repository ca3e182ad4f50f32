/* appraise: see the header. The same judge that the trader asks, without memory.
 *
 * In: a reading. Out: a signal for each mention, judged at the moment when the post was published.
 * Never fails; no I/O. */
#include "flow/appraise.h"

#include "flow/judge/judge.h"

struct appraiser {
    struct judge judge;
};

struct appraiser *appraiser_open(struct arena *boot, const struct config *cfg) {
    struct appraiser *a = NEW(boot, struct appraiser);
    judge_init_alone(&a->judge, boot, cfg);
    return a;
}

void appraise(const struct appraiser *a, const struct reading *r, struct signal ret[MENTIONS_MAX]) {
    for (int i = 0; i < r->mention_count; i++) {
        judge_alone(&a->judge, r->post->created_at, r, i, &ret[i]);
    }
}

bool appraise_concerns_trader(const struct appraiser *a, const struct reading *r) {
    return judge_concerns(&a->judge, r);
}

void appraiser_configure(struct appraiser *a, const struct config *cfg) {
    judge_configure(&a->judge, cfg);
}
