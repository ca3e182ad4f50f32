/* again: the process begins anew, as it was started. */
#ifndef BF_APP_AGAIN_H
#define BF_APP_AGAIN_H

#include <stdatomic.h>

/* How the process was started; by main, before anything else. argv: borrowed for ever. */
void app_again_from(char *const *argv);
/* Replaces the process by a new image of itself, with the same arguments, environment and process
 * id. Comes back where a stop was asked for meanwhile (a signal that was caught would be forgotten
 * by the new image), and where it fails. */
void app_again(const atomic_int *stop);

#endif
