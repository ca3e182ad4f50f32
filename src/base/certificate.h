/* certificate: what is to be known of one. */
#ifndef BF_BASE_CERTIFICATE_H
#define BF_BASE_CERTIFICATE_H

#include "base/str.h"
#include "base/time.h"

/* When the first certificate of a PEM text ends; 0: there is none that can be read. */
usec certificate_end(str pem);

#endif
