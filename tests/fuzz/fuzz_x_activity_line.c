/* Law: fuzz_x_line.h, for lines of the Activity API. */
#include "fuzz_x_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static const struct line_target target = {.open = x_activity_open, .inner = "payload"};
    return line_fuzz(&target, data, bytes);
}
