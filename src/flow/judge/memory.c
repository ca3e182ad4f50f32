/* memory: the posts of the last 24 hours, and the index through which they are found.
 *
 * A ring of JUDGE_MEMORY_MAX: the oldest post makes room. Each post stands in chains: by the
 * first id of its edit chain, by its own where that differs, by each
 * of its keys. Posts
 * come and go in one order, so a post is appended at a chain's end and leaves from its head, both
 * in a few steps however many copies there are. Memory is a fixed 4 MB. The trader's thread alone.
 */
#include "flow/judge/judge_int.h"

static void chains_init(struct chains *c, struct arena *boot, int nodes) {
    c->slots = NEW_ARRAY(boot, struct chain, CHAIN_SLOTS);
    c->next = NEW_ARRAY(boot, int32_t, nodes);
}

void judge_memory_init(struct judge *j, struct arena *boot) {
    struct memory_index *x = NEW(boot, struct memory_index);
    j->memory = NEW_ARRAY(boot, struct post_memory, JUDGE_MEMORY_MAX);
    chains_init(&x->by_root, boot, JUDGE_MEMORY_MAX);
    chains_init(&x->by_id, boot, JUDGE_MEMORY_MAX);
    chains_init(&x->by_key, boot, JUDGE_MEMORY_MAX * COPY_KEYS);
    x->prints = NEW_ARRAY(boot, struct memory_print, JUDGE_MEMORY_MAX);
    j->index = x;
}

static void append(struct chains *c, ptrdiff_t slot, int32_t node) {
    struct chain *chain = &c->slots[slot];
    c->next[node] = 0;
    *(chain->head == 0 ? &chain->head : &c->next[chain->tail - 1]) = node + 1;
    chain->tail = node + 1;
}

static void take_head(struct chains *c, ptrdiff_t slot, int32_t node) {
    struct chain *chain = &c->slots[slot];
    PRE(chain->head == node + 1);
    chain->head = c->next[node];
}

/* Posts without an opinion are found by their ids alone: nothing can be a copy of nothing. */
static void index_copies(struct memory_index *x, const struct post_memory *m, int32_t idx,
                         bool come) {
    for (int k = 0; k < COPY_KEYS && m->opinions != 0; k++) {
        const int32_t key = judge_key(m->keys, k);
        if (key < 0) continue;
        const int32_t node = idx * COPY_KEYS + k;
        if (come)
            append(&x->by_key, key, node);
        else
            take_head(&x->by_key, key, node);
    }
}

void judge_memory_prefetch(const struct judge *j, const struct reading *r) {
    const struct memory_index *x = j->index;
    const uint64_t oldest = j->memory[j->memory_first].keys;
    __builtin_prefetch(&x->by_root.slots[judge_id_slot(r->post->root_id)], 1);
    __builtin_prefetch(&x->by_root.slots[judge_id_slot(j->memory[j->memory_first].root_id)], 1);
    for (int k = 0; k < COPY_KEYS; k++) {
        __builtin_prefetch(&x->by_key.slots[r->keys >> 16 * k & 0xFFFF], 1);
        __builtin_prefetch(&x->by_key.slots[oldest >> 16 * k & 0xFFFF], 1);
    }
}

static void forget_oldest(struct judge *j) {
    struct memory_index *x = j->index;
    const int32_t idx = j->memory_first;
    const struct post_memory *m = &j->memory[idx];
    take_head(&x->by_root, judge_id_slot(m->root_id), idx);
    if (m->tweet_id != m->root_id) {
        take_head(&x->by_id, judge_id_slot(m->tweet_id), idx);
        x->versions--;
    }
    index_copies(x, m, idx, false);
    j->memory_first = (idx + 1) & (JUDGE_MEMORY_MAX - 1);
    j->memory_count--;
}

void judge_forget_old(struct judge *j, usec now) {
    while (j->memory_count > 0 && judge_memory_at(j, 0)->at < now - JUDGE_WINDOW) forget_oldest(j);
}

void judge_put_memory(struct judge *j, const struct post_memory *m) {
    if (j->memory_count == JUDGE_MEMORY_MAX) forget_oldest(j);
    struct memory_index *x = j->index;
    const int32_t idx = (j->memory_first + j->memory_count++) & (JUDGE_MEMORY_MAX - 1);
    j->memory[idx] = *m;
    x->prints[idx] = (struct memory_print){m->simhash, m->numbers};
    append(&x->by_root, judge_id_slot(m->root_id), idx);
    if (m->tweet_id != m->root_id) {
        append(&x->by_id, judge_id_slot(m->tweet_id), idx);
        x->versions++;
    }
    index_copies(x, m, idx, true);
}

static uint64_t opinions_of(const struct reading *r, const struct opinion *op) {
    uint64_t all = 0;
    for (int i = 0; i < r->mention_count; i++) {
        all |= judge_opinion_bits(op->coins[i], &r->mentions[i]);
    }
    return all;
}

void judge_remember(struct judge *j, usec now, const struct reading *r, const struct opinion *op,
                    struct post_memory *ret) {
    PRE(!op->repeated);
    struct post_memory m = {
        .tweet_id = r->post->id,
        .root_id = r->post->root_id,
        .cluster_id = op->cluster_id,
        .simhash = r->simhash,
        .keys = r->keys,
        .numbers = r->numbers,
        .opinions = opinions_of(r, op),
        .token_count = r->token_count,
        .voice = op->refusal != REASON_NONE ? VOICE_REFUSED
                 : op->held                 ? VOICE_HELD
                                            : VOICE_COUNTS,
        .at = now,
    };
    memcpy(m.author, op->author->key, AUTHOR_BYTES);
    judge_put_memory(j, &m);
    *ret = m;
}
