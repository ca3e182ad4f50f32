/* mhd: libmicrohttpd's functions, loaded when the first listener opens (net/late.h). */
#ifndef BF_API_MHD_H
#define BF_API_MHD_H

#include <microhttpd.h>

#include "base/error.h"

/* clang-format off */
#define MHD_FUNCTIONS(X) \
    X(add_response_header) X(create_response_from_buffer) X(create_response_from_callback) \
    X(destroy_response) X(get_connection_info) X(get_connection_values) \
    X(is_feature_supported) X(lookup_connection_value) X(queue_response) X(quiesce_daemon) \
    X(resume_connection) X(start_daemon) X(stop_daemon) X(suspend_connection)
/* clang-format on */

struct mhd {
#define X(name) __typeof__(&MHD_##name) name;
    MHD_FUNCTIONS(X)
#undef X
};
extern struct mhd mhd; /* once mhd_load has returned true */

/* Any thread, as often as wanted. Errors: those of late_load; the same each time. */
MUST_CHECK bool mhd_load(struct error *err);

#endif
