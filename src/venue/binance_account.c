/* binance_account: signed questions that are no tasks: what doctor asks, and what tries whether the
 * venue answers again. Pure; any thread. */
#include "venue/binance_int.h"

void binance_signed_get(const struct binance *b, usec now, str path, str params,
                        struct binance_query *q, struct http_request *ret) {
    struct buf text;
    q->method = HTTP_GET;
    q->timeout = 5 * USEC_PER_S;
    IGNORE(!str_copyz(path, q->path, sizeof q->path), "ours, short");
    buf_init_fixed(&text, q->query, sizeof q->query);
    buf_put(&text, params);
    binance_form_sign(b, &text, now, 5 * USEC_PER_S);
    *ret = (struct http_request){.method = HTTP_GET,
                                 .path = str_from_z(q->path),
                                 .query = buf_str(&text),
                                 .key = secret_str(&b->key),
                                 .timeout = q->timeout};
}
