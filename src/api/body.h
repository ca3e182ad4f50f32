/* body: the members of a small JSON object, strictly. */
#ifndef BF_API_BODY_H
#define BF_API_BODY_H

#include "api/request.h"

typedef enum body_kind {
    BODY_TEXT, /* min to max bytes, no control characters, no blanks around it */
    BODY_ID,   /* "17": 1 to 2^63 - 1 as text, as all ids */
    BODY_TIME, /* "2026-11-29T22:00:00Z" */
    BODY_BOOL  /* true, false */
} body_kind;

/* A member that there may be; the first that is not as it says is named. */
struct body_member {
    const char *name;
    body_kind kind;
    bool required;
    ptrdiff_t min, max; /* TEXT: bytes */
    str *text;          /* TEXT; left alone where the member is not there, as below */
    int64_t *id;        /* ID */
    usec *time;         /* TIME */
    bool *flag;         /* BOOL */
    bool seen;          /* set when it was there */
};

/* Nothing but white space is as good as {}. Errors: ERR_PARSE no JSON object, or ERR_CONFIG, and
 * *ret_field names the member ("" for none): unknown, twice, missing, of another type or range.
 * What is read is in `a` or in the body. */
MUST_CHECK bool body_parse(struct arena *a, str body, struct body_member *members, int count,
                           const char **ret_field, struct error *err);
/* The same; where it fails the answer is there. */
MUST_CHECK bool body_read(const struct api_request *rq, struct body_member *members, int count,
                          struct api_answer *ret);

#endif
