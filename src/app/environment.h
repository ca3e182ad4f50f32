/* environment: dev, staging and prod are kept apart: a store says which of them made it. */
#ifndef BF_APP_ENVIRONMENT_H
#define BF_APP_ENVIRONMENT_H

#include "app/app.h"

/* Is this store the one of the profile that holds? claim: of a new one it is said so from now on;
 * one without a word that is not new belongs to whoever runs on it as staging or prod first.
 * Errors: ERR_STATE it is another's; the store's. */
MUST_CHECK bool environment_check(struct app *app, struct store *s, bool claim, bool fresh,
                                  struct error *err);

#endif
