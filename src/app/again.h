/* again: the process begins anew, as it was started. */
#ifndef BF_APP_AGAIN_H
#define BF_APP_AGAIN_H

#include "base/error.h"

/* How the process was started; by main, before anything else. argv: borrowed for ever. */
void app_again_from(char *const *argv);
/* Replaces the process by a new image of itself, with the same arguments, environment and process
 * id. Comes back only where that fails: then *err is left as it is. */
void app_again(const struct error *err);

#endif
