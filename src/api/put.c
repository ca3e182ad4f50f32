/* put: see the header. Nothing but text goes out; a buffer that is full is its owner's to see. */
#include "api/put.h"

#include "base/money.h"

void api_put_time(struct buf *b, const char *name, usec at) {
    char text[TIME_TEXT_BYTES];
    if (at <= 0 || at == USEC_NEVER)
        buf_printf(b, ",\"%s\":null", name);
    else
        buf_printf(b, ",\"%s\":\"" STR_FMT "\"", name, STR_ARG(time_format_rfc3339(at, text)));
}

void api_put_text(struct buf *b, const char *name, str text) {
    buf_printf(b, ",\"%s\":", name);
    buf_put_json_str(b, text);
}

void api_put_text_or_null(struct buf *b, const char *name, const char *text) {
    if (text == NULL || text[0] == '\0')
        buf_printf(b, ",\"%s\":null", name);
    else
        api_put_text(b, name, str_from_z(text));
}

void api_put_share(struct buf *b, const char *name, int64_t bp) {
    const int64_t size = bp < 0 ? -bp : bp;
    buf_printf(b, ",\"%s\":%s%lld.%04lld", name, bp < 0 ? "-" : "", (long long)(size / BP_ONE),
               (long long)(size % BP_ONE));
}
