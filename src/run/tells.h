/* tells: what of the trader's words is for people who do not read the log. */
#ifndef BF_RUN_TELLS_H
#define BF_RUN_TELLS_H

#include "flow/event.h"
#include "store/notices.h"

/* False: it is no TELL, or the log is enough. */
bool tell_notice(const struct action *a, usec now, struct notice *ret);

#endif
