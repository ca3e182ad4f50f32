/* Prints a page of docs/ that is made from a table in the code and that no command of the program
 * prints: `docs order-states`. For scripts/docs; not installed. */
#include <stdio.h>

#include "base/buf.h"
#include "base/metric.h"
#include "flow/order.h"

static const struct {
    const char *name;
    void (*write)(struct buf *out);
} pages[] = {
    {"metrics", metric_doc},
    {"order-states", order_states_doc},
};

int main(int argc, char **argv) {
    for (int i = 0; argc == 2 && i < COUNT_OF(pages); i++) {
        if (!str_eq(str_from_z(argv[1]), str_from_z(pages[i].name))) continue;
        struct buf out;
        buf_init(&out, 1 << 20);
        pages[i].write(&out);
        bool ok = fputs(buf_z(&out), stdout) >= 0 && fflush(stdout) == 0 && !buf_full(&out);
        buf_fini(&out);
        return ok ? 0 : 1;
    }
    fprintf(stderr, "usage: docs PAGE\n");
    for (int i = 0; i < COUNT_OF(pages); i++) fprintf(stderr, "  %s\n", pages[i].name);
    return 2;
}
