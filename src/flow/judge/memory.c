/* memory: the posts of the last 24 hours, and the index through which they are found.
 *
 * A ring of JUDGE_MEMORY_MAX: the oldest post makes room. Each post stands in chains: by the
 * first id of its edit chain, by its own where that differs, by each band of its simhash. Posts
 * come and go in one order, so a post is appended at a chain's end and leaves from its head, both
 * in a few steps however many copies there are. Memory is a fixed 5 MB. The trader's thread alone.
 */
#include "flow/judge/judge_int.h"

static void chains_init(struct chains *c, struct arena *boot, int slots) {
    c->slots = NEW_ARRAY(boot, struct chain, slots);
    c->next = NEW_ARRAY(boot, int32_t, JUDGE_MEMORY_MAX);
}

void judge_memory_init(struct judge *j, struct arena *boot) {
    struct memory_index *x = NEW(boot, struct memory_index);
    j->memory = NEW_ARRAY(boot, struct post_memory, JUDGE_MEMORY_MAX);
    chains_init(&x->by_id, boot, ID_SLOTS);
    chains_init(&x->by_root, boot, ID_SLOTS);
    for (int b = 0; b < BANDS; b++) {
        chains_init(&x->by_band[b], boot, BAND_SLOTS);
        x->bitmap[b] = NEW_ARRAY(boot, uint64_t, BAND_SLOTS / 64);
    }
    j->index = x;
}

static void append(struct judge *j, struct chains *c, ptrdiff_t slot, int32_t idx) {
    struct chain *chain = &c->slots[slot];
    c->next[idx] = 0;
    if (chain->head == 0) {
        chain->head = idx + 1;
        chain->simhash = j->memory[idx].simhash;
    } else {
        c->next[chain->tail - 1] = idx + 1;
    }
    chain->tail = idx + 1;
}

/* The oldest post is the head of its chain. True: the chain is empty now. */
static bool take_head(struct judge *j, struct chains *c, ptrdiff_t slot, int32_t idx) {
    struct chain *chain = &c->slots[slot];
    PRE(chain->head == idx + 1);
    chain->head = c->next[idx];
    if (chain->head != 0) chain->simhash = j->memory[chain->head - 1].simhash;
    return chain->head == 0;
}

static void forget_oldest(struct judge *j) {
    struct memory_index *x = j->index;
    const int32_t idx = j->memory_first;
    const struct post_memory *m = &j->memory[idx];
    IGNORE(take_head(j, &x->by_root, judge_id_slot(m->root_id), idx), "nobody asks");
    if (m->tweet_id != m->root_id) {
        IGNORE(take_head(j, &x->by_id, judge_id_slot(m->tweet_id), idx), "nobody asks");
        x->versions--;
    }
    for (int b = 0; b < BANDS && m->opinions != 0; b++) {
        const ptrdiff_t slot = m->simhash >> 16 * b & 0xFFFF;
        if (take_head(j, &x->by_band[b], slot, idx)) {
            x->bitmap[b][slot / 64] &= ~(UINT64_C(1) << slot % 64);
        }
    }
    j->memory_first = (idx + 1) & (JUDGE_MEMORY_MAX - 1);
    j->memory_count--;
}

void judge_forget_old(struct judge *j, usec now) {
    while (j->memory_count > 0 && judge_memory_at(j, 0)->at < now - JUDGE_WINDOW) forget_oldest(j);
}

/* Posts without an opinion are found by their ids alone: nothing can be a copy of nothing. */
void judge_put_memory(struct judge *j, const struct post_memory *m) {
    if (j->memory_count == JUDGE_MEMORY_MAX) forget_oldest(j);
    struct memory_index *x = j->index;
    const int32_t idx = (j->memory_first + j->memory_count++) & (JUDGE_MEMORY_MAX - 1);
    j->memory[idx] = *m;
    append(j, &x->by_root, judge_id_slot(m->root_id), idx);
    if (m->tweet_id != m->root_id) {
        append(j, &x->by_id, judge_id_slot(m->tweet_id), idx);
        x->versions++;
    }
    for (int b = 0; b < BANDS && m->opinions != 0; b++) {
        const ptrdiff_t slot = m->simhash >> 16 * b & 0xFFFF;
        append(j, &x->by_band[b], slot, idx);
        x->bitmap[b][slot / 64] |= UINT64_C(1) << slot % 64;
    }
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
