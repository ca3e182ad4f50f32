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

#define TAG_BYTES 64

struct slot {
    int route; /* -1: empty */
    bool gzip;
    int query_bytes;
    char query[API_CACHE_KEY_MAX];
    int64_t version;
    usec at;
    const char *type;
    char tag[TAG_BYTES];
    bool packed;
    struct buf body;
};

struct api_cache {
    pthread_mutex_t lock;
    struct store *store;
    int64_t seen;    /* data_version */
    int64_t version; /* ours, grows */
    int64_t dropped; /* the version since the last drop: what was begun before is not kept */
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

static struct slot *slot_of(struct api_cache *c, const struct api_cache_key *key) {
    const uint64_t of = (uint64_t)key->route * 2 + key->gzip;
    const uint64_t h = str_hash(key->query) + of * UINT64_C(0x9E3779B97F4A7C15);
    return &c->slots[(h ^ h >> 29) % API_CACHE_SLOTS];
}

static bool is_of(const struct slot *s, const struct api_cache_key *key) {
    return s->route == key->route && s->gzip == key->gzip &&
           str_eq(str_from_bytes(s->query, s->query_bytes), key->query);
}

static void look(struct api_cache *c, usec mono) {
    if (mono - c->looked_at < API_CACHE_LOOK_EVERY) return;
    c->looked_at = mono;
    const int64_t v = store_data_version(c->store);
    if (v != c->seen || v < 0) c->version++;
    c->seen = v;
}

bool api_cache_get(struct api_cache *c, const struct api_cache_key *key, usec hold, usec mono,
                   struct api_answer *a, int64_t *ret_version) {
    pthread_mutex_lock(&c->lock);
    look(c, mono);
    const struct slot *const s = slot_of(c, key);
    const usec age = mono - s->at;
    const bool counts = hold > 0 ? age < hold : s->version == c->version && age < API_CACHE_FRESH;
    const bool hit = counts && is_of(s, key);
    if (hit) {
        a->type = s->type;
        buf_put(&a->body, buf_str(&s->body));
        api_answer_header_printf(a, "ETag", "%s", s->tag);
        if (s->packed) api_answer_header(a, "Content-Encoding", "gzip");
    }
    *ret_version = c->version;
    pthread_mutex_unlock(&c->lock);
    return hit;
}

void api_cache_put(struct api_cache *c, const struct api_cache_key *key, int64_t version, usec mono,
                   const struct api_answer *a) {
    const char *const tag = api_answer_header_get(a, "ETag");
    if (a->status != 200 || key->query.n > API_CACHE_KEY_MAX || tag == NULL ||
        a->body.len > API_CACHE_BODY_MAX || buf_full(&a->body))
        return;
    pthread_mutex_lock(&c->lock);
    if (version < c->dropped) {
        pthread_mutex_unlock(&c->lock);
        return;
    }
    struct slot *const s = slot_of(c, key);
    s->route = key->route;
    s->gzip = key->gzip;
    s->query_bytes = (int)key->query.n;
    if (key->query.n > 0) memcpy(s->query, key->query.p, (size_t)key->query.n);
    s->version = version;
    s->at = mono;
    s->type = a->type;
    s->packed = api_answer_header_get(a, "Content-Encoding") != NULL;
    if (!str_copyz(str_from_z(tag), s->tag, sizeof s->tag)) s->route = -1;
    buf_clear(&s->body);
    buf_put(&s->body, buf_str(&a->body));
    pthread_mutex_unlock(&c->lock);
}

void api_cache_drop(struct api_cache *c) {
    pthread_mutex_lock(&c->lock);
    c->dropped = ++c->version;
    for (int i = 0; i < API_CACHE_SLOTS; i++) c->slots[i].route = -1;
    pthread_mutex_unlock(&c->lock);
}
