/* jetstream_recent: the keys of what was passed on within the last few seconds, so that what a
 * server sends again after a rewind is known.
 *
 * A ring in the order of arrival, and a table of the same keys (open addressing; keys are hashes
 * already). Bounded: when the ring is full the oldest key goes, and what is sent again then is left
 * to the store, which takes each id once. For a restart the keys are written into the source's
 * state while they are few (as they are at the rate of the whole of Bluesky, some 50 a second);
 * above that the store does it as well. Eleven characters a key, six bits each.
 *
 * Invariants: each key of the ring is once in the table and the other way round; the table is at
 * most half full. Memory: the boot arena, 4 MiB, touched as far as it is used. One thread. */
#include "source/jetstream_int.h"

#define SLOTS (2 * JETSTREAM_RECENT_MAX)
#define KEY_CHARS 11

struct passed {
    usec time;
    int64_t key;
};
struct jetstream_recent {
    struct passed *ring; /* JETSTREAM_RECENT_MAX */
    int first, count;
    int64_t *slots; /* SLOTS, 0: free */
};

struct jetstream_recent *jetstream_recent_new(struct arena *boot) {
    struct jetstream_recent *r = NEW(boot, struct jetstream_recent);
    r->ring = NEW_ARRAY(boot, struct passed, JETSTREAM_RECENT_MAX);
    r->slots = NEW_ARRAY(boot, int64_t, SLOTS);
    return r;
}

static uint32_t home_of(int64_t key) {
    return (uint32_t)(((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15)) >> 40) % SLOTS;
}

/* Its slot, or the free one where it belongs. */
static uint32_t slot_of(const struct jetstream_recent *r, int64_t key) {
    uint32_t at = home_of(key);
    while (r->slots[at] != 0 && r->slots[at] != key) at = (at + 1) % SLOTS;
    return at;
}

bool jetstream_recent_has(const struct jetstream_recent *r, int64_t key) {
    return r->slots[slot_of(r, key)] == key;
}

/* Keys behind it move up, so that none is cut off from its home. */
static void remove_key(struct jetstream_recent *r, int64_t key) {
    uint32_t hole = slot_of(r, key);
    POST(r->slots[hole] == key);
    for (uint32_t at = (hole + 1) % SLOTS; r->slots[at] != 0; at = (at + 1) % SLOTS) {
        const uint32_t home = home_of(r->slots[at]);
        if ((at - home) % SLOTS < (at - hole) % SLOTS) continue; /* its home is behind the hole */
        r->slots[hole] = r->slots[at];
        hole = at;
    }
    r->slots[hole] = 0;
}

static void remove_first(struct jetstream_recent *r) {
    remove_key(r, r->ring[r->first].key);
    r->first = (r->first + 1) % JETSTREAM_RECENT_MAX;
    r->count--;
}

void jetstream_recent_add(struct jetstream_recent *r, usec time, int64_t key) {
    PRE(key != 0);
    if (r->count == JETSTREAM_RECENT_MAX) remove_first(r);
    const uint32_t at = slot_of(r, key);
    PRE(r->slots[at] == 0);
    r->slots[at] = key;
    r->ring[(r->first + r->count++) % JETSTREAM_RECENT_MAX] = (struct passed){time, key};
}

void jetstream_recent_forget(struct jetstream_recent *r, usec before) {
    while (r->count > 0 && r->ring[r->first].time < before) remove_first(r);
}

/* --- as text --------------------------------------------------------------------------------- */

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

int jetstream_recent_told(const struct jetstream_recent *r) {
    return r->count <= JETSTREAM_RECENT_TOLD ? r->count * KEY_CHARS : 0;
}

void jetstream_recent_put(const struct jetstream_recent *r, struct buf *out) {
    if (r->count > JETSTREAM_RECENT_TOLD) return;
    for (int i = 0; i < r->count; i++) {
        uint64_t key = (uint64_t)r->ring[(r->first + i) % JETSTREAM_RECENT_MAX].key;
        char text[KEY_CHARS];
        for (int k = KEY_CHARS - 1; k >= 0; k--, key >>= 6) text[k] = digits[key & 63];
        buf_put(out, (str){text, KEY_CHARS});
    }
}

static bool key_from(const char *text, int64_t *ret) {
    uint64_t key = 0;
    for (int k = 0; k < KEY_CHARS; k++) {
        const char *hit = text[k] != '\0' ? strchr(digits, text[k]) : NULL;
        if (hit == NULL || key >> 58 != 0) return false; /* more than 64 bits */
        key = key << 6 | (uint64_t)(hit - digits);
    }
    *ret = (int64_t)key;
    return key != 0;
}

bool jetstream_recent_take(struct jetstream_recent *r, usec time, str text) {
    if (text.n % KEY_CHARS != 0 || text.n / KEY_CHARS > JETSTREAM_RECENT_TOLD) return false;
    for (ptrdiff_t at = 0; at < text.n; at += KEY_CHARS) {
        int64_t key;
        if (!key_from(text.p + at, &key)) return false;
        if (!jetstream_recent_has(r, key)) jetstream_recent_add(r, time, key);
    }
    return true;
}
