/* record: authors' records, and the factor that comes of one.
 *
 * In: returns of following an author's opinions for a while, one at a time, each counted when it is
 * due and not before (trader_forecasts.c). Out: a factor around one.
 *
 *   p      = (hits + RECORD_DOUBT / 2) / (recent + RECORD_DOUBT)
 *   factor = 2 p, within 0.5 .. 1.25; of which judge.record says how much counts
 *
 * A hit is a price that went the author's way at all. Directions are counted and not returns,
 * because one wild half hour would outweigh a year; the mean return is kept for people to see.
 * With few outcomes p is near one half, as if his were mixed with twenty throws of a coin. The
 * range is lopsided: to be wrong about a good author costs a trade, to be wrong about a bad one
 * costs money.
 *
 * Records forget: when `recent` reaches its window both counts are halved, so that what an author
 * did last year fades. Memory is bounded: when a new author needs room, the record with the fewest
 * outcomes goes (of those the oldest), so a crowd of strangers displaces one another and not those
 * who have a record. Which one goes depends on the rows alone, not on their order in memory, so a
 * restart changes nothing.
 *
 * Integers only. Thread: the trader's. */
#include "flow/judge/record.h"

#define SLOTS 4096 /* power of two, twice the records */
_Static_assert(SLOTS >= 2 * RECORDS_MAX, "slots half empty at least");

void records_init(struct records *r, struct arena *boot) {
    *r = (struct records){0};
    r->v = NEW_ARRAY(boot, struct author_record, RECORDS_MAX);
    r->slots = NEW_ARRAY(boot, int32_t, SLOTS);
}

static int32_t *slot_of(const struct records *r, str key) {
    for (uint64_t i = str_hash(key);; i++) {
        int32_t *slot = &r->slots[i & (SLOTS - 1)];
        if (*slot == 0 || str_eq(str_from_z(r->v[*slot - 1].key), key)) return slot;
    }
}

struct author_record *records_find(const struct records *r, str key) {
    const int32_t *slot = slot_of(r, key);
    return *slot == 0 ? NULL : &r->v[*slot - 1];
}

/* Does a's record say less than b's? */
static bool says_less(const struct author_record *a, const struct author_record *b) {
    if (a->signals != b->signals) return a->signals < b->signals;
    if (a->updated_at != b->updated_at) return a->updated_at < b->updated_at;
    return strcmp(a->key, b->key) < 0;
}

static void remove_at(struct records *r, int i) {
    r->v[i] = r->v[--r->count];
    r->v[r->count] = (struct author_record){0};
    memset(r->slots, 0, SLOTS * sizeof *r->slots);
    for (int k = 0; k < r->count; k++) *slot_of(r, str_from_z(r->v[k].key)) = k + 1;
}

static void forget_least(struct records *r, char ret_forgotten[AUTHOR_BYTES]) {
    int least = 0;
    for (int i = 1; i < r->count; i++) {
        if (says_less(&r->v[i], &r->v[least])) least = i;
    }
    memcpy(ret_forgotten, r->v[least].key, AUTHOR_BYTES);
    remove_at(r, least);
}

void records_remove(struct records *r, str key) {
    const int32_t *slot = slot_of(r, key);
    if (*slot != 0) remove_at(r, *slot - 1);
}

void records_put(struct records *r, const struct author_record *a) {
    char forgotten[AUTHOR_BYTES];
    *records_of(r, a->key, forgotten) = *a;
}

struct author_record *records_of(struct records *r, const char key[AUTHOR_BYTES],
                                 char ret_forgotten[AUTHOR_BYTES]) {
    ret_forgotten[0] = '\0';
    struct author_record *known = records_find(r, str_from_z(key));
    if (known != NULL) return known;
    if (r->count == RECORDS_MAX) forget_least(r, ret_forgotten);
    struct author_record *a = &r->v[r->count++];
    *a = (struct author_record){.weight_bp = (int32_t)BP_ONE};
    memcpy(a->key, key, AUTHOR_BYTES);
    *slot_of(r, str_from_z(key)) = r->count;
    return a;
}

void record_count(struct author_record *a, int64_t ret) {
    const int64_t held = i64_clamp(ret, -RECORD_RETURN_MAX, RECORD_RETURN_MAX);
    a->signals++;
    if (a->recent >= RECORD_WINDOW) {
        a->recent /= 2;
        a->hits /= 2;
    }
    a->recent++;
    a->hits += held > 0;
    a->mean_return += (held - a->mean_return) / i64_min(a->signals, RECORD_MEAN_OVER);
}

int32_t record_factor(const struct author_record *a) {
    if (a == NULL) return (int32_t)BP_ONE;
    const int64_t bp = 2 * BP_ONE * (a->hits + RECORD_DOUBT / 2) / (a->recent + RECORD_DOUBT);
    return (int32_t)i64_clamp(bp, RECORD_LEAST_BP, RECORD_MOST_BP);
}
