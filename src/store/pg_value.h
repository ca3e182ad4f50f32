/* pg_value: values in the form in which PostgreSQL sends and takes them in binary.
 *
 * All of it is big endian. A time is microseconds since 2000, the largest and the smallest stand
 * for infinity and minus infinity. A number of any size is digits to the base 10,000. Nothing here
 * knows of a connection: bytes in, values out, and the other way. */
#ifndef BF_STORE_PG_VALUE_H
#define BF_STORE_PG_VALUE_H

#include "base/buf.h"
#include "base/time.h"

/* Numbers of the types that the schema has (pg_type.dat), and of their arrays. */
#define PG_TYPE_MAP(X)                                                                             \
    X(BOOL, 16, 1000)                                                                              \
    X(BYTEA, 17, 1001)                                                                             \
    X(INT8, 20, 1016)                                                                              \
    X(INT2, 21, 1005)                                                                              \
    X(INT4, 23, 1007)                                                                              \
    X(TEXT, 25, 1009)                                                                              \
    X(JSON, 114, 199)                                                                              \
    X(FLOAT8, 701, 1022)                                                                           \
    X(TIMESTAMPTZ, 1184, 1185)                                                                     \
    X(NUMERIC, 1700, 1231)
typedef enum pg_type {
    PG_OTHER, /* none of these */
#define X(name, oid, array) PG_##name = oid,
    PG_TYPE_MAP(X)
#undef X
} pg_type;

pg_type pg_type_from_oid(uint32_t oid);       /* PG_OTHER where it is none of them */
pg_type pg_type_from_array_oid(uint32_t oid); /* of the elements; PG_OTHER: no such array */

#define PG_VALUE_BYTES 24 /* enough for each value that is no text */
#define PG_TEXT_BYTES 48  /* for each that is shown as text */

/* A value into the block, its length as the result; -1: the type has no such value. */
int pg_put_i64(pg_type type, int64_t v, char block[PG_VALUE_BYTES]); /* number, BOOL, or a time */
int pg_put_e8(pg_type type, int64_t v, char block[PG_VALUE_BYTES]);  /* NUMERIC: v x 1e-8 */
int pg_put_time(pg_type type, usec v, char block[PG_VALUE_BYTES]);   /* TIMESTAMPTZ, or INT8: us */
int pg_put_bool(pg_type type, bool v, char block[PG_VALUE_BYTES]);   /* BOOL, or a number: 1, 0 */

/* A value out of what came. False: it is no such value, or does not fit.
 * Whole numbers, 0 and 1 for BOOL, microseconds for a time; a NUMERIC with decimals is none. */
MUST_CHECK bool pg_get_i64(pg_type type, str bytes, int64_t *ret);
/* NUMERIC in units of 1e-8, exactly; a whole number is one as well. */
MUST_CHECK bool pg_get_e8(pg_type type, str bytes, int64_t *ret);
MUST_CHECK bool pg_get_time(pg_type type, str bytes, usec *ret);
MUST_CHECK bool pg_get_bool(pg_type type, str bytes, bool *ret);
/* As people write it, in the block; texts and bytes are what came, borrowed. */
MUST_CHECK bool pg_get_text(pg_type type, str bytes, char block[PG_TEXT_BYTES], str *ret);

/* --- arrays --------------------------------------------------------------------------------- */
/* One dimension; elements are put one by one behind a head, which is written at the end. `b` is
 * empty, with room for it. */
void pg_array_begin(struct buf *b);
void pg_array_put(struct buf *b, str bytes);
void pg_array_put_null(struct buf *b);
void pg_array_end(struct buf *b, pg_type type, int64_t count, bool any_null);

#endif
