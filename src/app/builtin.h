/* builtin: files that are part of the program. */
#ifndef BF_APP_BUILTIN_H
#define BF_APP_BUILTIN_H

#include "base/str.h"

/* The pairs that bullfinch knows where no exchangeInfo file is configured. */
str builtin_exchange_info(void);

#endif
