/* recall: what the memory says of a post: was it judged before, is it an edit, a copy of what?
 *
 * Two posts are copies of each other when they say the same: at least one coin with the same side,
 * no number exchanged for another, and nearly the same words (simhashes that differ in at most
 * JUDGE_COPY_BITS). So "BTC to the moon" is no copy of "ETH to the moon", nor the price report of
 * one hour of that of the hour before. Of texts under JUDGE_COPY_WORDS words, which are alike by
 * chance, only the very same within JUDGE_SHORT_WINDOW is a copy. A retweet is one of its original,
 * whatever it says; a quote is where it says the same of a coin, in whatever words: who quotes in
 * order to contradict has an opinion of his own. The oldest copy in memory names the cluster.
 *
 * The coins with their sides and the numbers are Bloom filters in 64 bits: two coins are taken for
 * one in one of 2,000 cases. Through the index a search looks at the few posts that share a key; of
 * a chain it looks at the oldest CHAIN_MOST, so that no flood of posts can make it slow.
 * Pure; the trader's thread alone. */
#include "flow/judge/judge_int.h"

#define CHAIN_MOST 1024
#define COPIES_MOST 8     /* of a chain; the oldest are enough */
#define CONFIRM_MOST 1024 /* latest posts that are looked through for a second source */

/* How many bits are set: sums of two, of four, of eight bits, and those of the eight bytes. The
 * compiler's own is a call where the processor need not have an instruction for it. */
static inline int bits_of(uint64_t v) {
    v -= v >> 1 & UINT64_C(0x5555555555555555);
    v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
    v = (v + (v >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (int)(v * UINT64_C(0x0101010101010101) >> 56);
}

/* --- what is said ---------------------------------------------------------------------------- */

/* What a post is compared with the memory by. */
struct probe {
    const struct reading *r;
    usec now, window;
    uint64_t said[MENTIONS_MAX]; /* bits of each opinion */
    int said_count;
};

static void note_said(struct probe *q, const struct opinion *op) {
    for (int i = 0; i < q->r->mention_count; i++) {
        const uint64_t bits = judge_opinion_bits(op->coins[i], &q->r->mentions[i]);
        if (bits != 0) q->said[q->said_count++] = bits;
    }
}

static bool shares_opinion(const struct post_memory *m, const struct probe *q) {
    for (int i = 0; i < q->said_count; i++) {
        if ((m->opinions & q->said[i]) == q->said[i]) return true;
    }
    return false;
}

/* One may have numbers that the other leaves out; none was exchanged. */
static bool numbers_agree(uint64_t a, uint64_t b) { return (a & b) == a || (a & b) == b; }

/* Nearly the same words, and no number for another? Cheapest first: a search asks it of thousands.
 */
static bool is_alike(const struct memory_print *p, const struct reading *r) {
    return numbers_agree(p->numbers, r->numbers) &&
           bits_of(p->simhash ^ r->simhash) <= JUDGE_COPY_BITS;
}

/* PRE: they are alike. */
static bool is_copy(const struct post_memory *m, const struct probe *q) {
    const struct reading *r = q->r;
    const usec age = q->now - m->at;
    if (age > q->window) return false;
    if (m->token_count >= JUDGE_COPY_WORDS && r->token_count >= JUDGE_COPY_WORDS) {
        return shares_opinion(m, q);
    }
    return m->simhash == r->simhash && m->token_count == r->token_count &&
           age <= JUDGE_SHORT_WINDOW && shares_opinion(m, q);
}

/* --- copies ---------------------------------------------------------------------------------- */

/* The copies that were found: the oldest, and what others than the author say in them. */
struct found {
    const struct judge *j;
    const char *author;
    int32_t first; /* index in the ring + 1, 0: none */
    uint64_t said; /* by others */
};

static void note(struct found *f, int32_t idx) {
    const struct judge *j = f->j;
    const struct post_memory *m = &j->memory[idx];
    if (f->first == 0 || judge_memory_age(j, idx) < judge_memory_age(j, f->first - 1)) {
        f->first = idx + 1;
    }
    if (strcmp(m->author, f->author) != 0) f->said |= m->opinions;
}

static void search_copies(const struct judge *j, const struct probe *q, struct found *f) {
    const struct memory_index *x = j->index;
    const struct chains *c = &x->by_key;
    for (int k = 0; k < COPY_KEYS && q->said_count > 0; k++) {
        const int32_t key = judge_key(q->r->keys, k);
        int32_t ref = key < 0 ? 0 : c->slots[key].head;
        int copies = 0;
        for (int n = 0; n < CHAIN_MOST && copies < COPIES_MOST; n++, ref = c->next[ref - 1]) {
            if (ref == 0) break;
            const int32_t idx = (ref - 1) / COPY_KEYS;
            if (!is_alike(&x->prints[idx], q->r) || !is_copy(&j->memory[idx], q)) continue;
            note(f, idx);
            copies++;
        }
    }
}

/* --- ids ------------------------------------------------------------------------------------- */

static int32_t find_id(const struct judge *j, int64_t id) {
    const struct memory_index *x = j->index;
    const ptrdiff_t slot = judge_id_slot(id);
    for (int32_t ref = x->by_root.slots[slot].head; ref != 0; ref = x->by_root.next[ref - 1]) {
        if (j->memory[ref - 1].tweet_id == id) return ref;
    }
    if (x->versions == 0) return 0;
    int32_t ref = x->by_id.slots[slot].head;
    while (ref != 0 && j->memory[ref - 1].tweet_id != id) ref = x->by_id.next[ref - 1];
    return ref;
}

const struct post_memory *judge_find_post(const struct judge *j, int64_t tweet_id) {
    const int32_t ref = find_id(j, tweet_id);
    return ref == 0 ? NULL : &j->memory[ref - 1];
}

static bool recall_chain(const struct judge *j, const struct post *p, struct opinion *op) {
    const struct chains *c = &j->index->by_root;
    int32_t ref = c->slots[judge_id_slot(p->root_id)].head;
    for (; ref != 0; ref = c->next[ref - 1]) {
        const struct post_memory *m = &j->memory[ref - 1];
        if (m->root_id != p->root_id) continue;
        op->edit = true;
        op->root_seen = op->root_seen || m->tweet_id == m->root_id;
        /* ids of a chain grow; those of other sources have no order and no edits */
        op->outdated = op->outdated || (p->id > 0 && m->tweet_id > p->id);
        op->cluster_id = m->cluster_id;
    }
    return op->edit;
}

/* The post that this one is a retweet of, or a quote that agrees with it; index + 1, 0: none. */
static int32_t original_of(const struct judge *j, const struct probe *q) {
    const struct post *p = q->r->post;
    if (p->ref != POST_REF_RETWEET && p->ref != POST_REF_QUOTE) return 0;
    const int32_t ref = find_id(j, p->ref_id);
    if (ref == 0 || p->ref == POST_REF_RETWEET) return ref;
    return shares_opinion(&j->memory[ref - 1], q) ? ref : 0;
}

void judge_recall(struct judge *j, usec now, const struct reading *r, const char *author,
                  struct opinion *op) {
    const struct post *p = r->post;
    op->repeated = find_id(j, p->id) != 0;
    if (op->repeated || recall_chain(j, p, op)) return;
    struct probe q;
    q.r = r;
    q.now = now;
    q.window = j->cfg->judge_copy_window_s * USEC_PER_S;
    q.said_count = 0;
    note_said(&q, op);
    struct found f = {.j = j, .author = author};
    const int32_t original = original_of(j, &q);
    if (original != 0) note(&f, original - 1);
    search_copies(j, &q, &f);
    if (f.first == 0) return;
    const struct post_memory *first = &j->memory[f.first - 1];
    op->cluster_id = first->cluster_id;
    if (strcmp(first->author, author) == 0) return;
    op->copy = f.said != 0 || original != 0;
    op->copied = f.said;
    if (original != 0) {
        op->copied |= p->ref == POST_REF_QUOTE ? j->memory[original - 1].opinions : UINT64_MAX;
    }
}

/* --- second sources -------------------------------------------------------------------------- */

/* Nearly the same words, whatever their numbers: not a telling of its own. */
static bool has_words_of(const struct post_memory *m, const struct reading *r) {
    if (m->token_count >= JUDGE_COPY_WORDS && r->token_count >= JUDGE_COPY_WORDS) {
        return bits_of(m->simhash ^ r->simhash) <= JUDGE_COPY_BITS;
    }
    return m->simhash == r->simhash && m->token_count == r->token_count;
}

/* Is it a copy of something that this author said, though he has other words by now? */
static bool repeats_author(const struct judge *j, const struct post_memory *m, const char *author) {
    if (m->cluster_id == m->root_id) return false;
    const struct post_memory *first = judge_find_post(j, m->cluster_id);
    return first != NULL && strcmp(first->author, author) == 0;
}

bool judge_is_confirmed(const struct judge *j, usec now, const struct reading *r,
                        const struct opinion *op) {
    const char *author = op->author->key;
    struct probe q;
    q.r = r;
    q.said_count = 0;
    note_said(&q, op);
    const usec since = now - j->cfg->judge_hold_s * USEC_PER_S;
    for (int i = j->memory_count - 1, n = 0; i >= 0 && n < CONFIRM_MOST; i--, n++) {
        const struct post_memory *m = judge_memory_at(j, i);
        if (m->at < since) return false;
        if (m->voice != VOICE_COUNTS || strcmp(m->author, author) == 0) continue;
        if (!shares_opinion(m, &q) || has_words_of(m, r)) continue;
        if (!repeats_author(j, m, author)) return true;
    }
    return false;
}
