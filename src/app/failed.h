/* failed: what a failed check of ours (PRE, POST, WRONG) leaves for the next start: repairs only.
 */
#ifndef BF_APP_FAILED_H
#define BF_APP_FAILED_H

#include "base/error.h"
#include "store/store.h"

/* From now on a failed check leaves a mark beside the store. */
void failed_arm(struct store *s);
/* Is there a mark? Then the account is halted, by the program, until a person resumes it; exits and
 * repairs go on. The mark is gone once the halt is stored. */
MUST_CHECK bool failed_obey(struct store *s, struct error *err);

#endif
