/* limit: token buckets in a table of fixed size.
 *
 * A bucket is one number: the time at which it would be full again (GCRA, the same as a bucket that
 * fills evenly). A full bucket is as good as none, so its place is free for others. Sets of eight
 * places; where all eight of a set are in use the fullest bucket gives way: its owner starts with a
 * full one again, which is little, as it was the fullest.
 * Failure: none. Thread: any, one lock. */
#include "api/limit.h"

#include <pthread.h>
#include <string.h>

#include "base/str.h"

#define SETS 512
#define WAYS 8

struct bucket {
    uint8_t key[API_LIMIT_KEY_BYTES];
    usec full_at; /* monotonic; 0: never used */
};

struct api_limits {
    pthread_mutex_t lock;
    usec interval; /* in which one request's worth flows in; 0: no limit */
    struct bucket buckets[SETS][WAYS];
};

struct api_limits *api_limits_new(struct arena *boot, int64_t per_minute) {
    PRE(per_minute >= 0 && per_minute <= USEC_PER_MIN);
    struct api_limits *l = NEW(boot, struct api_limits);
    POST(pthread_mutex_init(&l->lock, NULL) == 0);
    l->interval = per_minute > 0 ? USEC_PER_MIN / per_minute : 0;
    return l;
}

void api_limits_free(struct api_limits *l) {
    if (l != NULL) pthread_mutex_destroy(&l->lock);
}

static struct bucket *find(struct api_limits *l, const uint8_t *key) {
    const uint64_t h = str_hash(str_from_bytes(key, API_LIMIT_KEY_BYTES));
    struct bucket *const set = l->buckets[(h >> 32) % SETS];
    struct bucket *fullest = set;
    for (int i = 0; i < WAYS; i++) {
        if (memcmp(set[i].key, key, API_LIMIT_KEY_BYTES) == 0) return &set[i];
        if (set[i].full_at < fullest->full_at) fullest = &set[i];
    }
    memcpy(fullest->key, key, API_LIMIT_KEY_BYTES);
    fullest->full_at = 0;
    return fullest;
}

int64_t api_limits_take(struct api_limits *l, const uint8_t key[API_LIMIT_KEY_BYTES], usec mono) {
    int64_t wait_s = 0;
    if (l->interval == 0) return 0;
    pthread_mutex_lock(&l->lock);
    struct bucket *const b = find(l, key);
    const usec full_at = i64_max(b->full_at, mono) + l->interval;
    const usec over = full_at - mono - USEC_PER_MIN;
    if (over <= 0)
        b->full_at = full_at;
    else
        wait_s = (over + USEC_PER_S - 1) / USEC_PER_S;
    pthread_mutex_unlock(&l->lock);
    return wait_s;
}
