/* phrases: a trie of word hashes, laid out as one open-addressing table.
 *
 * The key of a sequence is its words' hashes folded together; each proper prefix stands in the
 * table too, so that a look-up that finds nothing for its first word costs one probe. In: lists
 * from the program and from data files, at start. Out: numbers. Invariant: the table is at most
 * half full, so probing ends. Failure: a table that is too small is a bug and asserts. Reading:
 * any thread. */
#include "flow/phrases.h"

struct phrase_slot {
    uint64_t key;  /* 0: empty */
    int32_t value; /* PHRASE_NONE: only a prefix */
    bool more;     /* longer phrases start so */
};

static uint64_t key_first(uint64_t hash) { return hash ? hash : 1; }

static uint64_t key_next(uint64_t key, uint64_t hash) {
    key = (key ^ (key >> 29)) * UINT64_C(0x9FB21C651E98DF25) ^ hash;
    return key ? key : 1;
}

static struct phrase_slot *slot_of(const struct phrases *t, uint64_t key) {
    uint64_t i = (key ^ (key >> 32)) & t->mask;
    while (t->slots[i].key && t->slots[i].key != key) i = (i + 1) & t->mask;
    return &t->slots[i];
}

struct phrases *phrases_open(struct arena *boot, int max) {
    PRE(max > 0);
    struct phrases *t = NEW(boot, struct phrases);
    uint64_t slots = 64;
    while (slots < 2 * (uint64_t)max) slots *= 2;
    t->slots = NEW_ARRAY(boot, struct phrase_slot, (ptrdiff_t)slots);
    t->filter = NEW_ARRAY(boot, uint64_t, (ptrdiff_t)(slots / 32));
    t->mask = slots - 1;
    t->max = max;
    return t;
}

static struct phrase_slot *slot_make(struct phrases *t, uint64_t key) {
    struct phrase_slot *slot = slot_of(t, key);
    if (slot->key == 0) {
        PRE(t->used < t->max);
        const uint64_t bit = phrases_filter_bit(t, key);
        t->filter[bit / 64] |= UINT64_C(1) << (bit % 64);
        t->used++;
        *slot = (struct phrase_slot){.key = key, .value = PHRASE_NONE};
    }
    return slot;
}

/* The next word of a phrase behind `at`, over a hyphen; w->count: none. Phrases end with the line.
 */
static int next_word(const struct words *w, int at) {
    int next = at + 1;
    if (next < w->count && (w->v[next].flags & WORD_LINE)) return w->count;
    if (next + 1 < w->count && w->v[next].kind == WORD_PUNCT && w->v[next].norm_bytes == 1 &&
        w->norm[w->v[next].norm] == '-' && !(w->v[next].flags & WORD_SPACED) &&
        !(w->v[next + 1].flags & WORD_SPACED)) {
        next++;
    }
    return next;
}

int phrases_add(struct phrases *t, struct arena scratch, str phrase, int value) {
    struct words w;
    words_split(&scratch, phrase, &w);
    PRE(w.count > 0);
    struct phrase_slot *slot = slot_make(t, key_first(w.v[0].hash));
    for (int at = next_word(&w, 0); at < w.count; at = next_word(&w, at)) {
        slot->more = true;
        slot = slot_make(t, key_next(slot->key, w.v[at].hash));
    }
    int before = slot->value;
    if (before == PHRASE_NONE) slot->value = value;
    return before;
}

static bool is_possessive(str norm) { return norm.n > 3 && str_ends(norm, STR("'s")); }

int phrases_find_there(const struct phrases *t, const struct words *w, int at, int *ret_end) {
    int value = PHRASE_NONE, end = at;
    uint64_t key = key_first(w->v[at].hash);
    for (;;) {
        const struct phrase_slot *slot = slot_of(t, key);
        if (slot->key == 0) break;
        const int none = slot->value >> 31; /* all bits or no bit: values are >= 0 */
        value = (value & none) | (slot->value & ~none);
        end = (end & none) | ((at + 1) & ~none);
        if (!slot->more) break;
        at = next_word(w, at);
        if (at >= w->count) break;
        const uint64_t prefix = key;
        key = key_next(prefix, w->v[at].hash);
        if (phrases_may_have(t, key)) continue;
        const str owner = word_norm(w, at); /* "the NEAR protocol's" */
        if (!is_possessive(owner)) break;
        key = key_next(prefix, word_hash(str_head(owner, owner.n - 2)));
        if (!phrases_may_have(t, key)) break;
    }
    if (value != PHRASE_NONE) *ret_end = end;
    return value;
}

int phrases_find_form(const struct phrases *t, str norm) {
    const uint64_t key = key_first(word_hash(norm));
    if (!phrases_may_have(t, key)) return PHRASE_NONE;
    const struct phrase_slot *slot = slot_of(t, key);
    return slot->key ? slot->value : PHRASE_NONE;
}

int phrases_list_bound(const char *list) {
    int n = 2;
    for (const char *p = list; *p; p++) n += *p == ' ' || *p == '|' || *p == '\'';
    return 2 * n;
}

void phrases_add_list(struct phrases *t, struct arena scratch, const char *list, int value,
                      uint64_t starts[PHRASE_STARTS]) {
    str rest = str_from_z(list), phrase;
    while (str_cut(&rest, '|', &phrase)) {
        struct arena here = scratch;
        struct words w;
        words_split(&here, phrase, &w);
        const uint64_t hash = w.v[0].hash;
        if (starts) starts[(hash >> 6) & 63] |= UINT64_C(1) << (hash & 63);
        const int before = phrases_add(t, here, phrase, value);
        PRE(before == PHRASE_NONE);
    }
}
