/* pg_value: see the header.
 *
 * In: what a statement binds, and what a server sent. Out: bytes, and values. Invariants: an amount
 * goes and comes without a digit changed, or not at all; what a server sends is never trusted to
 * have the length that it should. Failure: -1 or false, with one reason to fail each. */
#include "store/pg_value.h"

#include <stdio.h>

#include "base/money.h"

#define EPOCH INT64_C(946684800000000)          /* 2000-01-01, in us since 1970 */
#define TIME_LEAST INT64_C(-211813488000000000) /* 4713 BC, in us since 2000 */

#define NUMERIC_BASE 10000
#define NUMERIC_NEGATIVE 0x4000
#define NUMERIC_HEAD 8
#define E8_GROUPS 2 /* of four decimals each */

pg_type pg_type_from_oid(uint32_t oid) {
#define X(name, number, array)                                                                     \
    if (oid == (number)) return PG_##name;
    PG_TYPE_MAP(X)
#undef X
    return oid == 1043 || oid == 19 ? PG_TEXT : PG_OTHER; /* varchar, and names of the catalog */
}

pg_type pg_type_from_array_oid(uint32_t oid) {
#define X(name, number, array)                                                                     \
    if (oid == (array)) return PG_##name;
    PG_TYPE_MAP(X)
#undef X
    return PG_OTHER;
}

/* -- big endian ------------------------------------------------------------------------------ */

static void put_be(char *p, int bytes, uint64_t v) {
    for (int i = bytes - 1; i >= 0; i--) {
        p[i] = (char)(v & 0xFF);
        v >>= 8;
    }
}

static uint64_t get_be(const char *p, int bytes) {
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++) v = v << 8 | (unsigned char)p[i];
    return v;
}

static int put_whole(char *block, int bytes, int64_t v) {
    put_be(block, bytes, (uint64_t)v);
    return bytes;
}

/* -- NUMERIC --------------------------------------------------------------------------------- */

/* v / 10000^groups: `groups` of its digits to the base 10,000 stand behind the point. */
static int put_numeric(char *block, int64_t v, int groups) {
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    int digits[5], count = 0, low = 0;
    while (rest > 0) {
        digits[count++] = (int)(rest % NUMERIC_BASE);
        rest /= NUMERIC_BASE;
    }
    while (low < count && digits[low] == 0) low++; /* zeros at the end are left out */
    const int sent = count - low;
    put_be(block, 2, (uint64_t)sent);
    put_be(block + 2, 2, sent == 0 ? 0 : (uint64_t)(int64_t)(count - 1 - groups));
    put_be(block + 4, 2, v < 0 ? NUMERIC_NEGATIVE : 0);
    put_be(block + 6, 2, (uint64_t)(groups * 4));
    for (int i = 0; i < sent; i++)
        put_be(block + NUMERIC_HEAD + 2 * i, 2, (uint64_t)digits[count - 1 - i]);
    return NUMERIC_HEAD + 2 * sent;
}

/* The number x 10000^groups, if that is whole and fits. */
static bool get_numeric(str bytes, int groups, int64_t *ret) {
    int64_t v = 0;
    if (bytes.n < NUMERIC_HEAD) return false;
    const int count = (int)get_be(bytes.p, 2), weight = (int16_t)get_be(bytes.p + 2, 2);
    const uint64_t sign = get_be(bytes.p + 4, 2);
    if (sign != 0 && sign != NUMERIC_NEGATIVE) return false; /* not a number, infinity */
    if (bytes.n != NUMERIC_HEAD + 2 * count) return false;
    for (int i = 0; i < count; i++) {
        const int64_t digit = (int64_t)get_be(bytes.p + NUMERIC_HEAD + 2 * i, 2);
        if (digit >= NUMERIC_BASE) return false;
        if (weight - i < -groups) {
            if (digit != 0) return false; /* smaller than the unit */
            continue;
        }
        /* downwards, so that the least number of all has a place */
        if (__builtin_mul_overflow(v, NUMERIC_BASE, &v) || __builtin_sub_overflow(v, digit, &v))
            return false;
    }
    for (int i = count; weight - i >= -groups && v != 0; i++) /* zeros that were left out */
        if (__builtin_mul_overflow(v, NUMERIC_BASE, &v)) return false;
    return sign != 0 ? (*ret = v, true) : !__builtin_sub_overflow((int64_t)0, v, ret);
}

/* -- one value ------------------------------------------------------------------------------- */

int pg_put_i64(pg_type type, int64_t v, char block[PG_VALUE_BYTES]) {
    switch (type) {
    case PG_INT8:
        return put_whole(block, 8, v);
    case PG_INT4:
        return v >= INT32_MIN && v <= INT32_MAX ? put_whole(block, 4, v) : -1;
    case PG_INT2:
        return v >= INT16_MIN && v <= INT16_MAX ? put_whole(block, 2, v) : -1;
    case PG_NUMERIC:
        return put_numeric(block, v, 0);
    case PG_BOOL:
        return v == 0 || v == 1 ? put_whole(block, 1, v) : -1;
    case PG_TIMESTAMPTZ:
        return pg_put_time(type, v, block);
    case PG_BYTEA:
    case PG_TEXT:
    case PG_JSON:
    case PG_FLOAT8:
    case PG_OTHER:
        return -1;
    }
    WRONG("a type of no kind");
}

int pg_put_e8(pg_type type, int64_t v, char block[PG_VALUE_BYTES]) {
    return type == PG_NUMERIC ? put_numeric(block, v, E8_GROUPS) : -1;
}

int pg_put_time(pg_type type, usec v, char block[PG_VALUE_BYTES]) {
    if (type == PG_INT8) return put_whole(block, 8, v);
    if (type != PG_TIMESTAMPTZ) return -1;
    if (v == USEC_NEVER || v == INT64_MIN) return put_whole(block, 8, v);
    int64_t since;
    if (__builtin_sub_overflow(v, EPOCH, &since) || since < TIME_LEAST) return -1;
    return put_whole(block, 8, since);
}

int pg_put_bool(pg_type type, bool v, char block[PG_VALUE_BYTES]) {
    return pg_put_i64(type, v, block);
}

bool pg_get_i64(pg_type type, str bytes, int64_t *ret) {
    switch (type) {
    case PG_INT8:
        if (bytes.n != 8) return false;
        *ret = (int64_t)get_be(bytes.p, 8);
        return true;
    case PG_INT4:
        if (bytes.n != 4) return false;
        *ret = (int32_t)get_be(bytes.p, 4);
        return true;
    case PG_INT2:
        if (bytes.n != 2) return false;
        *ret = (int16_t)get_be(bytes.p, 2);
        return true;
    case PG_BOOL:
        if (bytes.n != 1) return false;
        *ret = bytes.p[0] != 0;
        return true;
    case PG_NUMERIC:
        return get_numeric(bytes, 0, ret);
    case PG_TIMESTAMPTZ:
        return pg_get_time(type, bytes, ret);
    case PG_BYTEA:
    case PG_TEXT:
    case PG_JSON:
    case PG_FLOAT8:
    case PG_OTHER:
        return false;
    }
    WRONG("a type of no kind");
}

bool pg_get_e8(pg_type type, str bytes, int64_t *ret) {
    int64_t whole;
    if (type == PG_NUMERIC) return get_numeric(bytes, E8_GROUPS, ret);
    if (type != PG_INT8 && type != PG_INT4 && type != PG_INT2) return false;
    return pg_get_i64(type, bytes, &whole) && !__builtin_mul_overflow(whole, E8, ret);
}

bool pg_get_time(pg_type type, str bytes, usec *ret) {
    if (type != PG_TIMESTAMPTZ) return type != PG_BOOL && pg_get_i64(type, bytes, ret);
    if (bytes.n != 8) return false;
    const int64_t since = (int64_t)get_be(bytes.p, 8);
    const bool endless = since == INT64_MAX || since == INT64_MIN;
    *ret = endless || since > USEC_NEVER - EPOCH ? since : since + EPOCH;
    if (!endless && since > USEC_NEVER - EPOCH) *ret = USEC_NEVER;
    return true;
}

bool pg_get_bool(pg_type type, str bytes, bool *ret) {
    int64_t v;
    if (!pg_get_i64(type, bytes, &v)) return false;
    *ret = v != 0;
    return true;
}

/* A score of a model as it stands there, in as many digits as SQLite shows. */
static bool show_float(str bytes, char block[PG_TEXT_BYTES], str *ret) {
    if (bytes.n != 8) return false;
    const uint64_t bits = get_be(bytes.p, 8);
    double v; /* tidy: a sentiment score, which is no amount */
    memcpy(&v, &bits, sizeof v);
    const int n = snprintf(block, PG_TEXT_BYTES, "%.15g", v);
    str text = str_from_bytes(block, n);
    if (str_find_byte(text, 'n') >= 0) return false; /* nan, inf: not of ours */
    const bool whole = str_find_byte(text, '.') < 0 && str_find_byte(text, 'e') < 0;
    if (whole) memcpy(block + n, ".0", 3);
    *ret = whole ? str_from_bytes(block, n + 2) : text;
    return true;
}

bool pg_get_text(pg_type type, str bytes, char block[PG_TEXT_BYTES], str *ret) {
    int64_t v;
    switch (type) {
    case PG_TEXT:
    case PG_JSON:
    case PG_BYTEA:
        *ret = bytes;
        return true;
    case PG_INT8:
    case PG_INT4:
    case PG_INT2:
        if (!pg_get_i64(type, bytes, &v)) return false;
        *ret = str_from_bytes(block, snprintf(block, PG_TEXT_BYTES, "%lld", (long long)v));
        return true;
    case PG_NUMERIC:
        if (!pg_get_e8(type, bytes, &v)) return false;
        *ret = amount_format_e8(v, block);
        return true;
    case PG_FLOAT8:
        return show_float(bytes, block, ret);
    case PG_BOOL:
    case PG_TIMESTAMPTZ:
    case PG_OTHER:
        return false;
    }
    WRONG("a type of no kind");
}

/* -- arrays ---------------------------------------------------------------------------------- */

#define ARRAY_HEAD 20 /* dimensions, NULLs?, type, count, first index */

static uint32_t oid_of(pg_type type) { return (uint32_t)type; }

void pg_array_begin(struct buf *b) {
    static const char zeros[ARRAY_HEAD];
    PRE(b->len == 0);
    buf_put(b, str_from_bytes(zeros, ARRAY_HEAD));
}

void pg_array_put(struct buf *b, str bytes) {
    char n[4];
    put_be(n, 4, (uint64_t)bytes.n);
    buf_put(b, str_from_bytes(n, 4));
    buf_put(b, bytes);
}

void pg_array_put_null(struct buf *b) { buf_put(b, STR("\377\377\377\377")); }

void pg_array_end(struct buf *b, pg_type type, int64_t count, bool any_null) {
    PRE(b->len >= ARRAY_HEAD && count > 0);
    put_be(b->p, 4, 1);
    put_be(b->p + 4, 4, any_null);
    put_be(b->p + 8, 4, oid_of(type));
    put_be(b->p + 12, 4, (uint64_t)count);
    put_be(b->p + 16, 4, 1);
}
