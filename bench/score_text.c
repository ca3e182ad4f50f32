/* score_text: `bullfinch score -` without the rest of the program. */
#include "app/score_view.h"

#include <stdio.h>

int main(void) {
    struct arena boot;
    struct reader *r;
    struct error err;
    int64_t bad = 0;
    arena_open(&boot, 64 << 20);
    if (!reader_open(&boot, &(struct reader_options){0}, &r, &err) ||
        !score_stream(r, 0, 1, &bad, &err)) {
        fprintf(stderr, "score_text: %s\n", err.msg);
        return 1;
    }
    arena_close(&boot);
    return bad ? 1 : 0;
}
