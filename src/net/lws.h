/* lws: <libwebsockets.h>, which brings OpenSSL's headers along, and these have a type that is
 * called ERR_STATE as one of our error codes is. Include this instead. */
#ifndef BF_NET_LWS_H
#define BF_NET_LWS_H

#define ERR_STATE OPENSSL_ERR_STATE
#include <libwebsockets.h>
#undef ERR_STATE

#endif
