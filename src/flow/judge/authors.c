/* authors: the table of those who wrote, found by key; full, it forgets who was silent for longest.
 *
 * Bounded by JUDGE_AUTHORS_MAX; rows stay in the store, which loads the latest ones at start. The
 * trader's thread alone. */
#include "flow/judge/judge_int.h"

#define SLOTS JUDGE_AUTHOR_SLOTS

static int32_t *author_slot(struct judge *j, str key) {
    for (uint64_t i = str_hash(key);; i++) {
        int32_t *slot = &j->author_slots[i & (SLOTS - 1)];
        if (*slot == 0 || str_eq(str_from_z(j->authors[*slot - 1].key), key)) return slot;
    }
}

struct author *judge_find_author(struct judge *j, str key) {
    const int32_t *slot = author_slot(j, key);
    return *slot == 0 ? NULL : &j->authors[*slot - 1];
}

static usec last_heard(const struct author *a) {
    return i64_max(a->last_post_at, a->last_trade_at + USEC_PER_DAY);
}

static int heard_after(const struct judge *j, usec at) {
    int count = 0;
    for (int i = 0; i < j->author_count; i++) count += last_heard(&j->authors[i]) > at;
    return count;
}

/* Forgets the half of the authors that was silent for longest, and indexes the rest anew. Happens
 * once in JUDGE_AUTHORS_MAX / 2 new authors; their rows stay in the store. The moment that parts
 * the halves is found by bisection: at most 64 looks at the table, no memory, no sorting. */
static void forget_silent(struct judge *j) {
    const int room = JUDGE_AUTHORS_MAX / 2;
    usec lo = 0, hi = USEC_NEVER; /* heard_after(hi) <= room */
    while (lo < hi) {
        const usec middle = lo + (hi - lo) / 2;
        if (heard_after(j, middle) <= room)
            hi = middle;
        else
            lo = middle + 1;
    }
    int ties = room - heard_after(j, hi); /* of those heard at that very moment, so many stay */
    int kept = 0;
    for (int i = 0; i < j->author_count; i++) {
        const usec heard = last_heard(&j->authors[i]);
        if (heard < hi || (heard == hi && ties-- <= 0)) continue;
        j->authors[kept++] = j->authors[i];
    }
    j->author_count = kept;
    memset(j->author_slots, 0, SLOTS * sizeof *j->author_slots);
    for (int i = 0; i < kept; i++) *author_slot(j, str_from_z(j->authors[i].key)) = i + 1;
}

void judge_put_author(struct judge *j, const struct author *a) {
    struct author *known = judge_find_author(j, str_from_z(a->key));
    if (known != NULL) {
        *known = *a;
        return;
    }
    if (j->author_count == JUDGE_AUTHORS_MAX) forget_silent(j);
    j->authors[j->author_count++] = *a;
    *author_slot(j, str_from_z(a->key)) = j->author_count;
}

struct author *judge_author_of(struct judge *j, usec now, const struct post *p) {
    struct author fresh = {0};
    judge_author_key(p, fresh.key);
    IGNORE(str_copyz(p->username, fresh.username, AUTHOR_BYTES), "names are cut");
    struct author *a = judge_find_author(j, str_from_z(fresh.key));
    if (a == NULL) {
        fresh.last_post_at = now;
        judge_put_author(j, &fresh);
        a = judge_find_author(j, str_from_z(fresh.key));
    }
    POST(a != NULL);
    a->posts++;
    a->last_post_at = now;
    if (a->day != time_utc_day(now)) {
        a->day = time_utc_day(now);
        a->trades_today = 0;
    }
    return a;
}
