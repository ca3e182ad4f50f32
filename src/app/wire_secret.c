/* wire_secret: reads keys and tokens, once, into memory of their own.
 *
 * In: the names that the configuration gives. Out: a secret that the caller wipes. A variable's
 * value is wiped where it stands, so that neither a child process nor a core dump has it.
 *
 * Failure: an error that names the configuration's key and what to do. Thread: the main one. */
#include "app/wire_secret.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* The value in the environment's own memory, to be wiped there. */
static char *env_value(char *const *env, const char *name) {
    const size_t n = strlen(name);
    for (; env != NULL && *env != NULL; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=') return *env + n + 1;
    return NULL;
}

bool wire_secret(struct app *app, const char *key, str file, str env, const char *missing,
                 struct secret *ret, struct error *err) {
    secret_guard_process();
    if (file.n > 0) {
        if (secret_from_file(str_dupz(&app->boot, file), ret, err)) return true;
        return fail_in(err, "%s_file", key);
    }
    if (env.n == 0) return fail(err, ERR_CONFIG, 0, "%s", missing);
    const char *name = str_dupz(&app->boot, env);
    char *value = env_value(app->env, name);
    if (value == NULL || *value == '\0')
        return fail(err, ERR_CONFIG, 0, "%s_env: there is no variable %s in the environment", key,
                    name);
    const bool ok = secret_take(name, value, ret, err);
    IGNORE(unsetenv(name) != 0, "its value is wiped");
    if (!ok) return fail_in(err, "%s_env", key);
    return true;
}

bool wire_seed(uint64_t *ret, struct error *err) {
    if (getrandom(ret, sizeof *ret, 0) == (ssize_t)sizeof *ret) return true;
    return fail(err, ERR_IO, errno, "the system gives no random numbers: %s", strerror(errno));
}
