/* authors: the table of those who wrote, found by key; full, whoever was silent for longest goes.
 *
 * A list by last post runs through the table. Who was traded within a day keeps his place, so that
 * his rest and his daily cap are not forgotten, and so does who is listed by id, whose name is
 * watched. The row of whoever goes is put with `forgotten`: a restart loads the others, in the
 * order of their last posts, and so has the very same table. The trader's thread alone. */
#include "flow/judge/judge_int.h"

#define SLOTS 32768
_Static_assert(SLOTS >= 2 * JUDGE_AUTHORS_MAX, "chains of one, mostly");

void judge_authors_init(struct judge *j, struct arena *boot) {
    j->authors = NEW_ARRAY(boot, struct judge_author, JUDGE_AUTHORS_MAX);
    j->author_links = NEW_ARRAY(boot, struct author_links, JUDGE_AUTHORS_MAX);
    j->author_slots = NEW_ARRAY(boot, int32_t, SLOTS);
}

static struct judge_author *at(const struct judge *j, int32_t ref) { return &j->authors[ref - 1]; }
static struct author_links *links(const struct judge *j, int32_t ref) {
    return &j->author_links[ref - 1];
}

static uint32_t hash_of(str key) { return (uint32_t)str_hash(key); }
static int32_t *slot_of(const struct judge *j, uint32_t hash) {
    return &j->author_slots[hash & (SLOTS - 1)];
}

static int32_t find(const struct judge *j, str key) {
    const uint32_t hash = hash_of(key);
    int32_t ref = *slot_of(j, hash);
    while (ref != 0 &&
           (links(j, ref)->hash != hash || !str_eq(str_from_z(at(j, ref)->row.key), key))) {
        ref = links(j, ref)->chain;
    }
    return ref;
}

void judge_author_prefetch(const struct judge *j, str key) {
    const uint32_t hash = hash_of(key);
    int32_t ref = *slot_of(j, hash);
    while (ref != 0 && links(j, ref)->hash != hash) ref = links(j, ref)->chain;
    if (ref == 0) return;
    const char *row = (const char *)at(j, ref);
    for (size_t i = 0; i < sizeof(struct judge_author); i += 64) __builtin_prefetch(row + i, 1);
}

struct author *judge_find_author(struct judge *j, str key) {
    const int32_t ref = find(j, key);
    return ref == 0 ? NULL : &at(j, ref)->row;
}

/* --- the list by last post ----------------------------------------------------------------- */

static void unlink_author(struct judge *j, int32_t ref) {
    const struct author_links *e = links(j, ref);
    *(e->older != 0 ? &links(j, e->older)->newer : &j->oldest) = e->newer;
    *(e->newer != 0 ? &links(j, e->newer)->older : &j->newest) = e->older;
}

static void link_newest(struct judge *j, int32_t ref) {
    struct author_links *e = links(j, ref);
    e->older = j->newest;
    e->newer = 0;
    *(j->newest != 0 ? &links(j, j->newest)->newer : &j->oldest) = ref;
    j->newest = ref;
}

/* --- coming and going ----------------------------------------------------------------------- */

static bool must_stay(const struct judge_author *e, usec now) {
    return e->standing.by_id ||
           (e->row.last_trade_at != 0 && e->row.last_trade_at >= now - USEC_PER_DAY);
}

/* Takes the one who was silent for longest out of the table; his place is returned. */
static int32_t forget_one(struct judge *j, usec now, struct author *ret_gone) {
    int32_t ref = j->oldest;
    while (ref != 0 && must_stay(at(j, ref), now)) ref = links(j, ref)->newer;
    if (ref == 0) ref = j->oldest; /* all must stay: not all can */
    unlink_author(j, ref);
    int32_t *link = slot_of(j, links(j, ref)->hash);
    while (*link != ref) link = &links(j, *link)->chain;
    *link = links(j, ref)->chain;
    *ret_gone = at(j, ref)->row;
    ret_gone->forgotten = true;
    return ref;
}

/* A place for the author; true: *ret_gone had to go for it. */
static bool add(struct judge *j, usec now, const struct author *a, int32_t *ret_ref,
                struct author *ret_gone) {
    const bool full = j->author_count == JUDGE_AUTHORS_MAX;
    const int32_t ref = full ? forget_one(j, now, ret_gone) : ++j->author_count;
    const uint32_t hash = hash_of(str_from_z(a->key));
    int32_t *slot = slot_of(j, hash);
    *at(j, ref) = (struct judge_author){.row = *a};
    *links(j, ref) = (struct author_links){.hash = hash, .chain = *slot};
    *slot = ref;
    link_newest(j, ref);
    *ret_ref = ref;
    return full;
}

/* The parts of a key, "source:id" or "source:@name". */
static void cut_key(const struct author *a, str *ret_source, str *ret_id) {
    str rest = str_from_z(a->key);
    if (!str_cut(&rest, ':', ret_source)) WRONG("a key is never empty");
    *ret_id = str_starts(rest, STR("@")) || rest.p == NULL ? STR("") : rest;
}

static void find_standing(struct judge *j, struct judge_author *e) {
    str source, id;
    cut_key(&e->row, &source, &id);
    const str name = str_from_z(e->row.username);
    e->standing = judge_standing(j, source, id, name);
    if (!e->standing.by_id) return;
    judge_learn_name(j, source, id, name);
    e->standing.made = j->watch_made;
}

void judge_put_author(struct judge *j, const struct author *a) {
    int32_t ref = find(j, str_from_z(a->key));
    struct author gone;
    if (ref != 0)
        at(j, ref)->row = *a;
    else
        IGNORE(add(j, a->last_post_at, a, &ref, &gone), "more rows than places: the oldest go");
    find_standing(j, at(j, ref));
    j->heard = i64_max(j->heard, a->heard);
}

void judge_authors_stand(struct judge *j) {
    for (int32_t ref = 1; ref <= j->author_count; ref++) find_standing(j, at(j, ref));
}

void judge_forget_author(struct judge *j, str key) {
    records_remove(&j->records, key);
    const int32_t ref = find(j, key);
    if (ref == 0) return;
    str source, id;
    struct judge_author *e = at(j, ref);
    cut_key(&e->row, &source, &id);
    author_forget(&e->row);
    judge_unlearn_name(j, source, id);
    find_standing(j, e);
}

void judge_author_of(struct judge *j, usec now, const struct post *p, const char *key,
                     struct opinion *op) {
    int32_t ref = find(j, str_from_z(key));
    if (ref == 0) {
        struct author fresh = {.first_seen = now, .last_post_at = now};
        IGNORE(str_copyz(str_from_z(key), fresh.key, AUTHOR_BYTES), "as long as ours");
        if (add(j, now, &fresh, &ref, &j->gone)) op->gone = &j->gone;
    } else if (ref != j->newest) {
        unlink_author(j, ref);
        link_newest(j, ref);
    }
    struct judge_author *e = at(j, ref);
    struct author *a = &e->row;
    const bool renamed = !str_eq(str_head(p->username, AUTHOR_BYTES - 1), str_from_z(a->username));
    if (renamed) IGNORE(str_copyz(p->username, a->username, AUTHOR_BYTES), "names are cut");
    if (renamed || e->standing.made != j->watch_made) find_standing(j, e);
    if (a->first_seen == 0) a->first_seen = now; /* an older program did not say */
    a->posts++;
    a->heard = ++j->heard;
    a->last_post_at = now;
    if (a->day != time_utc_day(now)) {
        a->day = time_utc_day(now);
        a->trades_today = 0;
    }
    op->author = a;
    op->standing = e->standing;
}
