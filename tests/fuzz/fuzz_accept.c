/* Law: whatever a header Accept looks like, OpenMetrics comes only where it is named, and never
 * where text is as welcome; and asking twice gives the same. */
#include <string.h>

#include "base/buf.h"
#include "base/metric.h"
#include "fuzz.h"

#define ACCEPT_BYTES_MAX 8192

static bool names_it(str s) {
    const str name = STR("application/openmetrics-text");
    for (ptrdiff_t i = 0; i + name.n <= s.n; i++)
        if (str_eq_nocase(str_head(str_tail(s, i), name.n), name)) return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    static char block[ACCEPT_BYTES_MAX + 32];
    struct buf more;
    const str accept = str_from_bytes(data, (ptrdiff_t)bytes);
    if (bytes > ACCEPT_BYTES_MAX) return 0;
    const metric_format f = metric_format_for(accept);
    LAW(f == METRIC_TEXT || f == METRIC_OPEN);
    LAW(f == metric_format_for(accept));
    LAW(f == METRIC_TEXT || names_it(accept));
    buf_init_fixed(&more, block, sizeof block);
    buf_put(&more, STR("text/plain,"));
    buf_put(&more, accept);
    LAW(metric_format_for(buf_str(&more)) == METRIC_TEXT);
    return 0;
}
