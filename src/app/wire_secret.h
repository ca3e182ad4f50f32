/* wire_secret: a secret from where the configuration says: a file, or a variable of the
 * environment. */
#ifndef BF_APP_WIRE_SECRET_H
#define BF_APP_WIRE_SECRET_H

#include "app/app.h"
#include "base/secret.h"

/* key: "venue.key"; its keys in the configuration are venue.key_file and venue.key_env, with the
 * values `file` and `env`, of which one is set. missing: what to say where neither is. The
 * variable is wiped and taken out of the environment; no core dump from now on. Errors: ERR_CONFIG
 * which key to set; what secret.h may say. */
MUST_CHECK bool wire_secret(struct app *app, const char *key, str file, str env,
                            const char *missing, struct secret *ret, struct error *err);
/* A number that nobody can foretell, to seed chance with. */
MUST_CHECK bool wire_seed(uint64_t *ret, struct error *err);

#endif
