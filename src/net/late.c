/* late: dlopen and dlsym, with errors that say which package is missing.
 *
 * In: a soname and the names of functions. Out: pointers to all of them, or none and an error.
 * Everything is bound at once (RTLD_NOW), so that nothing can be missing later, in the middle of an
 * order; and its names stay its own (RTLD_LOCAL). A library is never unloaded: it has threads,
 * handlers at exit and memory of its own, which must outlive all callers. A second load of the same
 * file is no work. */
#include "net/late.h"

#include <dlfcn.h>
#include <string.h>

bool late_load(const struct late_library *l, const struct late_function *functions, int count,
               struct error *err) {
    void *const library = dlopen(l->file, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return fail(err, ERR_NOT_FOUND, 0, "%s, %s, cannot be loaded; install it (Debian: %s): %s",
                    l->file, l->use ? l->use : "which connections need", l->package, dlerror());
    for (int i = 0; i < count; i++)
        if (dlsym(library, functions[i].name) == NULL)
            return fail(err, ERR_NOT_FOUND, 0,
                        "%s has no %s: it is older than the one that this program was built with; "
                        "install that (Debian: %s), or build again",
                        l->file, functions[i].name, l->package);
    for (int i = 0; i < count; i++) {
        /* POSIX says that this pointer is one to a function, C has no cast for it */
        void *const address = dlsym(library, functions[i].name);
        memcpy(functions[i].at, &address, sizeof address);
    }
    return true;
}
