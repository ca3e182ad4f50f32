/* shown: columns as JSON, for what the store shows to people and programs.
 *
 * A list of columns is written once, with how each is shown; the SELECT and the writer follow it.
 * Each SELECT begins with a 0 that nobody reads, so that every column has its comma. */
#ifndef BF_STORE_SHOWN_H
#define BF_STORE_SHOWN_H

#include "store/store_int.h"

typedef enum shown {
    SHOWN_ID,     /* integer, as a string */
    SHOWN_INT,    /* integer, as a number */
    SHOWN_NUMBER, /* number as the database writes it */
    SHOWN_SHARE,  /* basis points, as a share of one */
    SHOWN_TEXT,
    SHOWN_NAME, /* text; an empty one is null */
    SHOWN_AMOUNT,
    SHOWN_TIME,
    SHOWN_BOOL,
    SHOWN_JSON, /* stored as JSON by us */
    SHOWN_CUES, /* bits of src/flow/reading.h, as an array of their names */
} shown;

struct field {
    const char *key; /* ",\"name\":" */
    int key_bytes;
    shown as;
};
#define SHOWN_FIELD(name, how)                                                                     \
    { .key = ",\"" #name "\":", .key_bytes = (int)sizeof(",\"" #name "\":") - 1, .as = SHOWN_##how }

/* The row's columns as members, without braces around them. Call first on a row: it passes over the
 * SELECT's 0. */
void shown_put_members(struct buf *out, struct query *q, const struct field *fields, int count);
/* The same as an object. */
void shown_put_row(struct buf *out, struct query *q, const struct field *fields, int count);
/* Basis points as a share of one: -0.0150. */
void shown_put_share(struct buf *out, int64_t bp);
/* A time as a JSON string, null for USEC_NEVER. */
void shown_put_time(struct buf *out, usec t);

#endif
