/* cache: answers that are ready, for a moment.
 *
 * Of what many ask again and again (the newest page), the bytes are kept until the store changes,
 * or for a time that the route says. All functions on any thread. */
#ifndef BF_API_CACHE_H
#define BF_API_CACHE_H

#include "api/request.h"
#include "store/store.h"

#define API_CACHE_SLOTS 64
#define API_CACHE_BODY_MAX (512 << 10)
#define API_CACHE_KEY_MAX 256                  /* of a query; longer ones are not kept */
#define API_CACHE_FRESH (500 * USEC_PER_MS)    /* the longest, though the store is the same */
#define API_CACHE_LOOK_EVERY (5 * USEC_PER_MS) /* at the store's version */

struct api_cache;
/* s: a connection of its own, taken over. */
struct api_cache *api_cache_new(struct arena *boot, struct store *s);
void api_cache_free(struct api_cache *c); /* NULL is fine */

/* What an answer is known by. */
struct api_cache_key {
    int route; /* its index */
    bool gzip; /* the client takes it */
    str query;
};

/* hold 0: the answer counts until the store changes; else for so long, whatever changes. True: `a`
 * has the answer, with its tag and packed as it was put. False: *ret_version is for api_cache_put,
 * and must be taken before the store is read. */
bool api_cache_get(struct api_cache *c, const struct api_cache_key *key, usec hold, usec mono,
                   struct api_answer *a, int64_t *ret_version);
/* Keeps a copy of an answer of status 200 that is dressed already. */
void api_cache_put(struct api_cache *c, const struct api_cache_key *key, int64_t version, usec mono,
                   const struct api_answer *a);

/* A person changed something: nothing that is kept counts any more, held or not. */
void api_cache_drop(struct api_cache *c);

#endif
