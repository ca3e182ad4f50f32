/* symbol: looking one up by its name.
 *
 * In: the table as the venue filled it, sorted by name. Out: an index into it. Pure; any thread,
 * once the table is filled. */
#include "flow/symbol.h"

int symbols_find(const struct symbols *s, str name) {
    int low = 0, high = s->count; /* name is in [low, high) if anywhere */
    while (low < high) {
        int mid = low + (high - low) / 2;
        int order = str_cmp(name, str_from_z(s->v[mid].name));
        if (order == 0) return mid;
        if (order < 0) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return SYM_NONE;
}
