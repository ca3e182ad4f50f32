/* mhd: see the header. Failure: a library that is not there, or another one, is told to each who
 * asks. */
#include "api/mhd.h"

#include <pthread.h>

#include "net/late.h"

struct mhd mhd;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_there;
static struct error why_not;

static void load(void) {
    static const struct late_library library = {BF_LIBMICROHTTPD, "libmicrohttpd-dev"};
    static const struct late_function functions[] = {
#define X(name) {"MHD_" #name, &mhd.name},
        MHD_FUNCTIONS(X)
#undef X
    };
    is_there = late_load(&library, functions, COUNT_OF(functions), &why_not);
}

bool mhd_load(struct error *err) {
    pthread_once(&once, load);
    if (!is_there) *err = why_not;
    return is_there;
}
