/* score_text: `bullfinch score -` without the rest of the program. */
#include "app/score_view.h"

#include <stdio.h>

#include "config/config.h"

int main(void) {
    struct arena boot;
    struct reader *r;
    struct config cfg;
    struct buf report;
    struct error err;
    int64_t bad = 0;
    const struct config_input in = {.text = STR("")};
    arena_open(&boot, 64 << 20);
    buf_init(&report, 1 << 16);
    bool ok = config_load(&boot, &in, &cfg, &report, &err) &&
              reader_open(&boot, &(struct reader_options){0}, &r, &err);
    buf_fini(&report);
    if (ok) {
        const struct scorer s = {.reader = r, .appraiser = appraiser_open(&boot, &cfg)};
        ok = score_stream(&s, 0, 1, &bad, &err);
    }
    if (!ok) {
        fprintf(stderr, "score_text: %s\n", err.msg);
        return 1;
    }
    arena_close(&boot);
    return bad ? 1 : 0;
}
