/* cache: answers that are ready, for a moment; see the header.
 *
 * Whether the store has changed is asked at most every API_CACHE_LOOK_EVERY, by a connection of its
 * own; each change begins a new version, and an answer counts for the version that was current
 * before its store was read, so it is never of an older state than that. A slot is found by the
 * hash of route and query; another query with the same slot takes its place. Invariants: only what
 * every reader may see alike is kept. Failure: a store that cannot be asked counts as changed, so
 * that nothing is kept. Threads: any; one lock, held for a copy. */
#include "api/cache.h"

#include <pthread.h>

struct slot {
    int route; /* -1: empty */
    int query_bytes;
    char query[API_CACHE_KEY_MAX];
    int64_t version;
    usec at;
    const char *type;
    struct buf body;
};

struct api_cache {
    pthread_mutex_t lock;
    struct store *store;
    int64_t seen;    /* data_version */
    int64_t version; /* ours, grows */
    usec looked_at;
    struct slot slots[API_CACHE_SLOTS];
};

struct api_cache *api_cache_new(struct arena *boot, struct store *s) {
    struct api_cache *c = NEW(boot, struct api_cache);
    POST(pthread_mutex_init(&c->lock, NULL) == 0);
    c->store = s;
    c->seen = -1;
    for (int i = 0; i < API_CACHE_SLOTS; i++) {
        c->slots[i].route = -1;
        buf_init(&c->slots[i].body, API_CACHE_BODY_MAX);
    }
    return c;
}

void api_cache_free(struct api_cache *c) {
    if (c == NULL) return;
    for (int i = 0; i < API_CACHE_SLOTS; i++) buf_fini(&c->slots[i].body);
    store_close(c->store);
    pthread_mutex_destroy(&c->lock);
}

static struct slot *slot_of(struct api_cache *c, int route, str query) {
    const uint64_t h = str_hash(query) + (uint64_t)route * UINT64_C(0x9E3779B97F4A7C15);
    return &c->slots[(h ^ h >> 29) % API_CACHE_SLOTS];
}

static void look(struct api_cache *c, usec mono) {
    if (mono - c->looked_at < API_CACHE_LOOK_EVERY) return;
    c->looked_at = mono;
    const int64_t v = store_data_version(c->store);
    if (v != c->seen || v < 0) c->version++;
    c->seen = v;
}

bool api_cache_get(struct api_cache *c, int route, str query, usec hold, usec mono,
                   struct api_answer *a, int64_t *ret_version) {
    pthread_mutex_lock(&c->lock);
    look(c, mono);
    const struct slot *const s = slot_of(c, route, query);
    const usec age = mono - s->at;
    const bool counts = hold > 0 ? age < hold : s->version == c->version && age < API_CACHE_FRESH;
    const bool hit =
        s->route == route && str_eq(str_from_bytes(s->query, s->query_bytes), query) && counts;
    if (hit) {
        a->type = s->type;
        buf_put(&a->body, buf_str(&s->body));
    }
    *ret_version = c->version;
    pthread_mutex_unlock(&c->lock);
    return hit;
}

void api_cache_put(struct api_cache *c, int route, str query, int64_t version, usec mono,
                   const struct api_answer *a) {
    if (a->status != 200 || query.n > API_CACHE_KEY_MAX || a->body.len > API_CACHE_BODY_MAX ||
        buf_full(&a->body))
        return;
    pthread_mutex_lock(&c->lock);
    struct slot *const s = slot_of(c, route, query);
    s->route = route;
    s->query_bytes = (int)query.n;
    if (query.n > 0) memcpy(s->query, query.p, (size_t)query.n);
    s->version = version;
    s->at = mono;
    s->type = a->type;
    buf_clear(&s->body);
    buf_put(&s->body, buf_str(&a->body));
    pthread_mutex_unlock(&c->lock);
}
