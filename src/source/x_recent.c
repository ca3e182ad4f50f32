/* x_recent: see the header. Sets of four places by the id's hash, the newest first: looking is four
 * compares however much was passed on, and what is newer pushes out the oldest of its set. */
#include "source/x_recent.h"

#include <string.h>

static int set_of(int64_t id) {
    const uint64_t h = (uint64_t)id * UINT64_C(0x9E3779B97F4A7C15);
    return (int)((h >> 32) % X_RECENT_SETS);
}

bool x_recent_has(const struct x_recent *r, int64_t id) {
    const int64_t *set = r->ids[set_of(id)];
    bool has = false;
    for (int i = 0; i < X_RECENT_WAYS; i++) has |= set[i] == id;
    return has && id != 0;
}

bool x_recent_put(struct x_recent *r, int64_t id) {
    if (x_recent_has(r, id)) return true;
    if (id == 0) return false;
    int64_t *set = r->ids[set_of(id)];
    memmove(set + 1, set, (X_RECENT_WAYS - 1) * sizeof set[0]);
    set[0] = id;
    return false;
}
