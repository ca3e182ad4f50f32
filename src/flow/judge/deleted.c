/* deleted: see the header.
 *
 * A ring of ids, looked through from end to end: in a day there are few deletions of posts that a
 * trader hears of, and none at all costs one comparison a post. In: words of deletions, in the
 * order in which they were obeyed. Invariant: what is older than a day does not count, whether it
 * is still in the ring or not, so that a restart (which loads one day) remembers the same. */
#include "flow/judge/deleted.h"

void deleted_init(struct deleted *d, struct arena *boot) {
    *d = (struct deleted){0};
    d->ids = NEW_ARRAY(boot, int64_t, DELETED_MAX);
    d->roots = NEW_ARRAY(boot, int64_t, DELETED_MAX);
    d->authors = NEW_ARRAY(boot, uint64_t, DELETED_MAX);
    d->at = NEW_ARRAY(boot, usec, DELETED_MAX);
}

/* A key made of a name proves nothing: the same author has another where his id is known. */
static bool is_certain(const char *key) {
    const str s = str_from_z(key);
    const ptrdiff_t colon = str_find_byte(s, ':');
    return colon >= 0 && colon + 1 < s.n && s.p[colon + 1] != '@';
}

bool author_may_be(const char *a, const char *b) {
    return !is_certain(a) || !is_certain(b) || strcmp(a, b) == 0;
}

static uint64_t hash_of(const char *author) {
    return is_certain(author) ? str_hash(str_from_z(author)) | 1 : 0;
}

void deleted_put(struct deleted *d, const struct deletion *row) {
    d->ids[d->next] = row->tweet_id;
    d->roots[d->next] = row->root_id;
    d->authors[d->next] = hash_of(row->author);
    d->at[d->next] = row->at;
    d->next = (d->next + 1) % DELETED_MAX;
    if (d->count < DELETED_MAX) d->count++;
}

bool deleted_has(const struct deleted *d, usec now, int64_t tweet_id, int64_t root_id,
                 const char *author) {
    for (int i = 0; i < d->count; i++) {
        const bool same = d->ids[i] == tweet_id || d->ids[i] == root_id || d->roots[i] == root_id;
        if (!same || d->at[i] < now - JUDGE_WINDOW) continue;
        const uint64_t hash = hash_of(author);
        if (hash == 0 || d->authors[i] == 0 || d->authors[i] == hash) return true;
    }
    return false;
}
