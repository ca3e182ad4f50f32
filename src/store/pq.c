/* pq: see the header. */
#include "store/pq.h"

#include <pthread.h>

#include "net/late.h"

struct pq_library pq;

static struct error why;
static bool loaded;

static void load_library(void) {
    static const struct late_library file = {BF_LIBPQ, "libpq5"};
    static const struct late_function functions[] = {
#define X(name) {"PQ" #name, &pq.name},
        PQ_FUNCTIONS(X)
#undef X
    };
    loaded = late_load(&file, functions, COUNT_OF(functions), &why);
}

bool pq_load(struct error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    POST(pthread_once(&once, load_library) == 0);
    if (!loaded) *err = why;
    return loaded;
}
