/* stubs: until state.c is there, an exchange has no state to keep. */
#include "sim/sim_int.h"

void exchange_save(struct exchange *ex, struct buf *out) {
    (void)ex;
    (void)out;
}
bool exchange_load(struct exchange *ex, str blob, struct error *err) {
    (void)ex;
    return blob.n == 0 || fail(err, ERR_UNSUPPORTED, 0, "no states yet");
}
