/* memory: the posts of the last 24 hours, for edits of a chain and for copies.
 *
 * A ring of JUDGE_MEMORY_MAX: the oldest post makes room. The first post of a cluster of copies
 * names the cluster. The trader's thread alone. */
#include "flow/judge/judge_int.h"

static struct post_memory *memory_at(const struct judge *j, int i) {
    return &j->memory[(j->memory_first + i) % JUDGE_MEMORY_MAX];
}

void judge_forget_old(struct judge *j, usec now) {
    while (j->memory_count > 0 && memory_at(j, 0)->at < now - JUDGE_WINDOW) {
        j->memory_first = (j->memory_first + 1) % JUDGE_MEMORY_MAX;
        j->memory_count--;
    }
}

void judge_put_memory(struct judge *j, const struct post_memory *m) {
    if (j->memory_count == JUDGE_MEMORY_MAX) {
        j->memory_first = (j->memory_first + 1) % JUDGE_MEMORY_MAX;
        j->memory_count--;
    }
    *memory_at(j, j->memory_count++) = *m;
}

void judge_remember(struct judge *j, usec now, const struct reading *r, const struct opinion *op,
                    struct post_memory *ret) {
    PRE(!op->repeated);
    struct post_memory m = {
        .tweet_id = r->post->id,
        .root_id = r->post->root_id,
        .cluster_id = op->cluster_id,
        .simhash = r->simhash,
        .token_count = r->token_count,
        .at = now,
    };
    memcpy(m.author, op->author->key, AUTHOR_BYTES);
    judge_put_memory(j, &m);
    *ret = m;
}

static bool is_near_copy(const struct post_memory *m, const struct reading *r) {
    if (r->post->ref != POST_REF_NONE && r->post->ref != POST_REF_REPLY &&
        m->tweet_id == r->post->ref_id) {
        return true; /* a retweet or quote of it */
    }
    return m->token_count >= JUDGE_COPY_WORDS && r->token_count >= JUDGE_COPY_WORDS &&
           __builtin_popcountll(m->simhash ^ r->simhash) <= JUDGE_COPY_BITS;
}

/* Looks through the memory, oldest first: the first match names the cluster. */
void judge_recall(struct judge *j, const struct reading *r, const char *author,
                  struct opinion *op) {
    for (int i = 0; i < j->memory_count; i++) {
        const struct post_memory *m = memory_at(j, i);
        if (m->tweet_id == r->post->id) {
            op->repeated = true;
            return;
        }
        if (m->root_id == r->post->root_id) {
            op->edit = true;
            op->root_seen = op->root_seen || m->tweet_id == m->root_id;
            /* ids of a chain grow; those of other sources have no order and no edits */
            op->outdated = op->outdated || (r->post->id > 0 && m->tweet_id > r->post->id);
            op->cluster_id = m->cluster_id;
            op->copy = false;
        } else if (op->cluster_id == 0 && is_near_copy(m, r)) {
            op->cluster_id = m->cluster_id;
            op->copy = strcmp(m->author, author) != 0;
        }
    }
}
