/* appraise: see the header. The same judge that the trader asks, made new for each post.
 *
 * In: a reading. Out: a signal for each mention, judged at the moment when the post was published.
 * Never fails; no I/O. */
#include "flow/appraise.h"

#include "flow/judge/judge.h"

struct appraiser {
    const struct config *cfg;
    struct arena boot;
};

struct appraiser *appraiser_open(struct arena *boot, const struct config *cfg) {
    struct appraiser *a = NEW(boot, struct appraiser);
    *a = (struct appraiser){.cfg = cfg, .boot = *boot};
    return a;
}

void appraise(struct appraiser *a, const struct reading *r, struct signal ret[MENTIONS_MAX]) {
    struct judge judge;
    struct opinion op;
    struct arena scratch = a->boot;
    judge_init(&judge, &scratch, a->cfg);
    judge_post(&judge, r->post->created_at, r, &op);
    for (int i = 0; i < r->mention_count; i++) {
        ret[i] = (struct signal){.tweet_id = r->post->id, .root_id = r->post->root_id};
        memcpy(ret[i].symbol, r->mentions[i].symbol, sizeof ret[i].symbol);
        judge_mention(&judge, &op, &r->mentions[i], &ret[i]);
    }
}
