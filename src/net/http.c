/* http: the wrappers around a client's table, and the names of methods. The words are in the
 * header. Any thread that owns the handle. */
#include "net/http.h"

const char *http_method_name(http_method m) {
    switch (m) {
    case HTTP_GET:
        return "GET";
    case HTTP_POST:
        return "POST";
    case HTTP_PUT:
        return "PUT";
    case HTTP_DELETE:
        return "DELETE";
    }
    WRONG("method out of its list");
}

void http_answer_clear(struct http_answer *a) {
    *a = (struct http_answer){.retry_after_s = -1,
                              .used_weight_1m = -1,
                              .orders_10s = -1,
                              .orders_1d = -1,
                              .rate_limit = -1,
                              .rate_remaining = -1,
                              .rate_reset = -1};
}

void http_call(struct http *h, const struct http_request *rq, struct http_answer *ret) {
    PRE(rq->timeout > 0);
    http_answer_clear(ret);
    h->ops->call(h, rq, ret);
}

void http_stream(struct http *h, const struct http_request *rq, const struct http_reader *to,
                 struct http_answer *ret) {
    PRE(rq->timeout > 0 && h->ops->stream != NULL);
    http_answer_clear(ret);
    h->ops->stream(h, rq, to, ret);
}

void http_close(struct http *h) {
    if (h != NULL && h->ops->close != NULL) h->ops->close(h);
}
